// From the text of a WebSocket frame to a request: the Bybit v5 trade envelope, read strictly.
//
//   {"op":"auth","args":[key, expires, signature]}
//   {"op":"ping"}, {"op":"subscribe","args":["order","execution.linear", ...]}
//   {"op":"order.create","reqId":"1","header":{"X-BAPI-TIMESTAMP":"..","X-BAPI-RECV-WINDOW":".."},
//    "args":[{"category":"linear","symbol":"BTCUSDT","side":"Buy", ...}]}
//   the batch forms with args:[{"category":"linear","request":[{..}, ..]}]
//
// Unknown and doubled keys, other types, text behind the value and parameters that would change what
// an order means, and are not supported, are faults that name the field. A parameter that says what
// is the case anyway (null, "", 0, false, or Bybit's own word for it) is as if it were not there.
// Prices and quantities stay text: what they mean depends on the instrument (commands.h).
//
// One thread. No exception, no floating point; nothing is allocated but for the text of a fault, and
// until the buffers have their size.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/json/words.h"
#include "risk/types.h"

namespace portcullis::gateway::json {

// Readable bytes that must follow a frame; their content does not matter.
inline constexpr std::size_t kFramePadding = simdjson::SIMDJSON_PADDING;
// Request ids are echoed and must not become a burden; orderLinkId is what Bybit allows.
inline constexpr std::size_t kReqIdMax = 128;
inline constexpr std::size_t kLinkMax = 36;

struct Fault {
  std::int32_t code = kOk;  // kOk: there is none
  std::string text;         // "args[0].qty is not a number"
  explicit operator bool() const { return code != kOk; }
};

// A number as it was written.
struct Number {
  std::string_view text;  // empty: not given
  bool quoted = false;    // as text, without an exponent; otherwise in JSON's own form
  [[nodiscard]] bool is_given() const { return !text.empty(); }
};

enum class Life : std::uint8_t {
  NotGiven,
  GoodTillCancel,
  ImmediateOrCancel,
  FillOrKill,
  PostOnly
};

// One order of a create, amend or cancel, batch or not. What the operation does not have is as it is
// here. A fault is of this order alone.
struct OrderRequest {
  Category category = Category::None;
  std::string_view symbol;
  std::string_view order_id;
  std::string_view link;  // orderLinkId
  risk::Side side = risk::Side::Buy;
  risk::OrdType ord_type = risk::OrdType::Limit;
  Life life = Life::NotGiven;
  bool reduce_only = false;
  bool in_base_coin = false;  // marketUnit says so: a quantity is one of it
  Number quantity;
  Number price;
  Fault fault{};
};

struct Subscription {
  Topic topic = Topic::Order;
  Category category = Category::None;  // None: all
  std::string_view text;               // as it was written
};

struct Request {
  Op op = Op::None;
  std::string_view op_text;  // as it was written, where it is short and printable
  std::string_view req_id;   // reqId or req_id; empty: none
  // Of the whole request; what follows is then incomplete. `malformed`: it was no JSON, or nested
  // more deeply than anything that means something here.
  Fault fault{};
  bool malformed = false;
  std::optional<std::int64_t> timestamp_ms;    // X-BAPI-TIMESTAMP
  std::optional<std::int64_t> recv_window_ms;  // X-BAPI-RECV-WINDOW
  // Auth
  std::string_view api_key;
  std::int64_t expires_ms = 0;
  std::string_view signature;
  // Subscribe and Unsubscribe
  std::vector<Subscription> topics;
  // The order operations: at least one
  std::vector<OrderRequest> orders;
};

struct DecoderLimits {
  std::size_t frame_bytes_max = 65'536;
  std::size_t batch_max = 20;
  std::size_t topics_max = 64;
};

class Decoder {
 public:
  explicit Decoder(const DecoderLimits& limits);

  // `frame` must be followed by kFramePadding readable bytes. The result and what it points to (into
  // the frame and into this) stay as they are until the next call, and while the frame does.
  const Request& decode(std::string_view frame);

 private:
  void refuse_malformed();
  void look_again(std::string_view frame);

  const DecoderLimits limits_;
  simdjson::ondemand::parser parser_;
  simdjson::ondemand::parser checker_;
  Request request_;
};

}  // namespace portcullis::gateway::json
