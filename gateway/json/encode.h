// Replies, pushes and query results in Bybit's words. Everything is appended to the caller's buffer,
// which may allocate. Prices, quantities and amounts are exact decimal text; fields whose value the
// gate does not know are "" or what they say there for "none".
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gateway/json/order_store.h"
#include "gateway/json/symbols.h"
#include "gateway/json/words.h"
#include "gateway/json/writer.h"
#include "risk/commands.h"
#include "risk/engine.h"

namespace portcullis::gateway::json {

// --- replies

// Whom a reply answers.
struct ReplyTo {
  std::string_view op;       // of the request, as it was written
  std::string_view req_id;   // empty: it had none
  std::string_view conn_id;  // of the connection
  std::int64_t now_ms = 0;
};

// What became of one order of a request.
struct OrderReply {
  std::int32_t code = kOk;
  std::string text{};           // retMsg where the code is not kOk and there is no decision
  std::string_view order_id{};  // of an order that is there
  std::string_view link{};
  Category category = Category::None;  // batch: as requested
  std::string_view symbol{};
  risk::InstrumentIndex instrument{};  // what the arithmetic's lots and ticks are of; may be none
  const risk::Decision* decision = nullptr;  // a refusal of the engine, or null
};
// The reply to a decision: kOk, or the reason's code.
[[nodiscard]] std::int32_t code_of(const risk::Decision& decision);
// "margin: needs 120.5, has 50 of 100 USD, account alpha-1".
[[nodiscard]] std::string describe(const risk::Decision& decision, risk::InstrumentIndex instrument,
                                   const Symbols& symbols);

// To auth, subscribe and unsubscribe, and to ping, in the words of the private and of the trade
// connection at once.
void encode_control_reply(Buffer& out, const ReplyTo& to, std::int32_t code, std::string_view text);
void encode_pong(Buffer& out, const ReplyTo& to);
// To order.create, order.amend and order.cancel. The arithmetic of a refusal is in retExtInfo.
void encode_order_reply(Buffer& out, const ReplyTo& to, const OrderReply& reply,
                        const Symbols& symbols);
// To the batch forms, in the order of the request.
void encode_batch_reply(Buffer& out, const ReplyTo& to, std::span<const OrderReply> replies,
                        const Symbols& symbols);
// To a request of any kind that is refused before it was looked at, in the words of both too.
void encode_refusal(Buffer& out, const ReplyTo& to, std::int32_t code, std::string_view text);

// --- what is told of orders, positions and money: one object each

void write_order(Writer& out, const Order& order, const Symbols& symbols);
void write_execution(Writer& out, const Execution& execution, const Symbols& symbols);

// A position as an engine has it.
struct Position {
  risk::InstrumentIndex instrument;
  risk::Lots lots;
  risk::Mark mark;  // 0: never priced
  risk::Amount
      unrealised;  // gain since it was entered, less fees, in units of the settlement asset
  risk::Timestamp updated{};   // 0: not known
  std::uint64_t sequence = 0;  // of the journal's last record it contains
};
void write_position(Writer& out, const Position& position, const Symbols& symbols);

struct Holding {
  risk::AssetIndex asset;
  risk::Amount balance;
  risk::Amount borrowed;
  risk::Amount unrealised;  // of the positions settled in it
};
struct Wallet {
  risk::MarginReport margin;
  std::span<const Holding> holdings;
};
void write_wallet(Writer& out, const Wallet& wallet, const Symbols& symbols);

// --- around them

// {"topic":..,"data":[ and what closes it. `id` tells pushes apart.
void begin_push(Writer& out, std::string_view topic, std::string_view id, std::int64_t now_ms);
void end_push(Writer& out);

// {"retCode":0,"result":{"list":[ and what closes it. A cursor is "" on the last page.
void begin_result(Writer& out);
void end_result(Writer& out, Category category, std::string_view next_page_cursor,
                std::int64_t now_ms);
void encode_query_fault(Buffer& out, std::int32_t code, std::string_view text, std::int64_t now_ms);

}  // namespace portcullis::gateway::json
