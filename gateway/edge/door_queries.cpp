// Queries over HTTP. Their results are written into the door's buffer.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "gateway/edge/json_door.h"
#include "gateway/json/commands.h"
#include "gateway/json/signature.h"
#include "risk/types.h"

namespace portcullis::gateway::edge {

using json::Category;

namespace {

using risk::kNsPerMs;
using risk::kSecondNs;

constexpr std::uint32_t kTriesMax = 20;  // looks of a query that are refused, a moment apart
constexpr std::int64_t kImpatientNs = 50 * kNsPerMs;

constexpr std::string_view kTime = "/v5/market/time";
constexpr std::string_view kOrders = "/v5/order/realtime";
constexpr std::string_view kHistory = "/v5/order/history";
constexpr std::string_view kExecutions = "/v5/execution/list";
constexpr std::string_view kPositions = "/v5/position/list";
constexpr std::string_view kWallet = "/v5/account/wallet-balance";
constexpr std::array kPaths{kTime, kOrders, kHistory, kExecutions, kPositions, kWallet};

// A whole number without a sign; nothing: it is none.
template <class Integer>
std::optional<Integer> integer(std::string_view text) {
  Integer value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

json::Fault bad(std::string text) { return {.code = json::kBadRequest, .text = std::move(text)}; }
json::Fault busy() {
  return {.code = json::kUnavailable,
          .text = "busy: the accounts cannot be looked at now; try again"};
}

// Where a page ended: behind which entry of which account the next one begins; of positions and
// wallets, with which.
struct Cursor {
  std::uint32_t account = 0;
  std::uint64_t sequence = 0;
  std::uint64_t second = 0;
  friend bool operator==(const Cursor&, const Cursor&) = default;
};
std::string text_of(const Cursor& cursor) {
  return fmt::format("{}-{}-{}", cursor.account, cursor.sequence, cursor.second);
}
std::optional<Cursor> cursor_of(std::string_view text) {
  const std::size_t first = text.find('-');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = text.find('-', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto account = integer<std::uint32_t>(text.substr(0, first));
  const auto sequence = integer<std::uint64_t>(text.substr(first + 1, second - first - 1));
  const auto rest = integer<std::uint64_t>(text.substr(second + 1));
  if (!account || !sequence || !rest) return std::nullopt;
  return Cursor{*account, *sequence, *rest};
}

Cursor key_of(const json::Order& order) { return {order.account.value, order.sequence, 0}; }
Cursor key_of(const json::Execution& execution) {
  return {execution.account.value, execution.sequence, execution.stream_sequence};
}

}  // namespace

struct JsonDoor::Asked {
  Category category = Category::None;
  risk::InstrumentIndex instrument;  // none: all
  std::string_view settle_coin;      // empty: all
  std::string_view order_id;
  std::string_view link;
  risk::Timestamp from;  // nanoseconds; 0: all
  risk::Timestamp to;    // 0: all
  std::uint32_t limit = 0;
  std::optional<Cursor> cursor;
};

json::Fault JsonDoor::read(const Query& query, std::uint32_t limit_default, std::uint32_t limit_max,
                           Asked& asked) const {
  const std::string_view category = query.get("category");
  for (std::size_t c = 1; c < json::kCategoryNames.size(); ++c) {
    if (category == json::kCategoryNames[c]) asked.category = static_cast<Category>(c);
  }
  if (asked.category == Category::None)
    return bad("category must be spot, linear, inverse or option");
  if (const std::string_view symbol = query.get("symbol"); !symbol.empty()) {
    asked.instrument = symbols_.find(asked.category, symbol);
    if (!asked.instrument.exists()) return bad("symbol is not known in this category");
  }
  asked.settle_coin = query.get("settleCoin");
  asked.order_id = query.get("orderId");
  asked.link = query.get("orderLinkId");
  for (const std::string_view other : {"baseCoin", "orderFilter", "execType"}) {
    if (!query.get(other).empty()) return bad(fmt::format("{} is not supported", other));
  }
  for (const auto& [name, time] : {std::pair{"startTime", &asked.from}, {"endTime", &asked.to}}) {
    const std::string_view text = query.get(name);
    if (text.empty()) continue;
    const auto ms = integer<std::int64_t>(text);
    if (!ms || *ms > std::numeric_limits<std::int64_t>::max() / kNsPerMs)
      return bad(fmt::format("{} must be a time in milliseconds", name));
    *time = {*ms * kNsPerMs};
  }
  return read_page(query, limit_default, limit_max, asked);
}

json::Fault JsonDoor::read_page(const Query& query, std::uint32_t limit_default,
                                std::uint32_t limit_max, Asked& asked) {
  const std::string_view limit = query.get("limit");
  asked.limit = limit.empty() ? limit_default : integer<std::uint32_t>(limit).value_or(0);
  if (asked.limit == 0 || asked.limit > limit_max)
    return bad(fmt::format("limit must be 1 to {}", limit_max));
  if (const std::string_view cursor = query.get("cursor"); !cursor.empty()) {
    asked.cursor = cursor_of(cursor);
    if (!asked.cursor) return bad("cursor is none of ours");
  }
  return {};
}

bool JsonDoor::matches(const Asked& asked, risk::InstrumentIndex instrument) const {
  if (symbols_.category(instrument) != asked.category) return false;
  if (asked.instrument.exists() && asked.instrument != instrument) return false;
  return asked.settle_coin.empty() ||
         deployment_.names.assets.name(
             deployment_.parameters.instruments[instrument.value].settlement) == asked.settle_coin;
}

// Entries of the session's accounts, one account after the other. each(account, visit) visits those
// of an account until the visitor says false; write(out, entry) writes those that are wanted and says
// whether it has.
template <class Each, class Write>
void JsonDoor::page(const Session& session, const Asked& asked, std::int64_t now_ms, Each&& each,
                    Write&& write) {
  json::Writer out(buffer_);
  json::begin_result(out);
  std::uint32_t written = 0;
  Cursor last;
  bool more = false;
  for (const risk::AccountIndex account : session.accounts) {
    if (more) break;
    if (asked.cursor && account.value < asked.cursor->account) continue;
    bool passed = !asked.cursor || account.value != asked.cursor->account;
    each(account, [&](const auto& entry, bool is_sorted) {
      const Cursor key = key_of(entry);
      if (!passed) {
        passed = key == *asked.cursor;
        if (passed || !is_sorted || key.sequence > asked.cursor->sequence) return true;
        passed = true;  // that entry is not there any more
      }
      if (written == asked.limit) {
        more = more || write(nullptr, entry);
        return !more;
      }
      if (!write(&out, entry)) return true;
      add_account(session, account, buffer_);
      last = key;
      ++written;
      return true;
    });
  }
  json::end_result(out, asked.category, more ? text_of(last) : std::string(), now_ms);
}

json::Fault JsonDoor::list_orders(const Session& session, const Query& query, bool history,
                                  std::int64_t now_ms) {
  Asked asked;
  if (json::Fault fault = read(query, 20, 50, asked)) return fault;
  const std::string_view open_only = query.get("openOnly");
  if (!open_only.empty() && open_only != "0" && open_only != "1")
    return bad("openOnly must be 0 or 1");
  // An order that is named is found in any state.
  const bool named = !asked.order_id.empty() || !asked.link.empty();
  const bool open = !history && (named || open_only != "1");
  const bool closed = history || named || open_only == "1";
  page(
      session, asked, now_ms,
      [&](risk::AccountIndex account, auto&& visit) {
        bool on = true;
        const auto of = [&](bool is_sorted) {
          return [&, is_sorted](const json::Order& order) {
            on = visit(order, is_sorted);
            return on;
          };
        };
        if (open) store_.each_open(account, of(true));
        if (closed && on) store_.each_closed(account, of(false));
      },
      [&](json::Writer* out, const json::Order& order) {
        if (!matches(asked, order.instrument)) return false;
        if (!asked.order_id.empty() && json::text_of(order.id) != asked.order_id) return false;
        if (!asked.link.empty() && json::text_of(order.link) != asked.link) return false;
        if (order.created < asked.from || (asked.to.ns != 0 && order.created > asked.to))
          return false;
        if (out != nullptr) json::write_order(*out, order, symbols_);
        return true;
      });
  return {};
}

json::Fault JsonDoor::list_executions(const Session& session, const Query& query,
                                      std::int64_t now_ms) {
  Asked asked;
  if (json::Fault fault = read(query, 50, 100, asked)) return fault;
  page(
      session, asked, now_ms,
      [&](risk::AccountIndex account, auto&& visit) {
        store_.each_execution(
            account, [&](const json::Execution& execution) { return visit(execution, true); });
      },
      [&](json::Writer* out, const json::Execution& execution) {
        if (!matches(asked, execution.instrument)) return false;
        if (!asked.order_id.empty() && json::text_of(execution.order_id) != asked.order_id)
          return false;
        if (!asked.link.empty() && json::text_of(execution.link) != asked.link) return false;
        if (execution.time < asked.from || (asked.to.ns != 0 && execution.time > asked.to))
          return false;
        if (out != nullptr) json::write_execution(*out, execution, symbols_);
        return true;
      });
  return {};
}

// --- positions and money, from the engine that follows the journal

std::uint32_t JsonDoor::tries_at(std::int64_t now_ms) const {
  return now_ms * kNsPerMs < patient_at_ns_ ? 1 : kTriesMax;
}

// `tries` are those of the whole query: it waits for a few moments where that engine is at work, and
// for some time the queries after one that has waited in vain do not. The edge's thread is everybody's.
bool JsonDoor::look(risk::AccountIndex account, std::int64_t now_ns, std::uint32_t& tries,
                    AccountState& state) {
  while (!look_.look(account, now_ns, state)) {
    if (--tries == 0) {
      patient_at_ns_ = now_ns + kImpatientNs;
      tries = 1;  // for the accounts behind this one
      return false;
    }
    look_.pause();
  }
  return true;
}

// A page looks at `limit` accounts at most, so that it may be short, or empty, and not the last. It is
// also short where the engine is at work by now.
json::Fault JsonDoor::list_positions(const Session& session, const Query& query,
                                     std::int64_t now_ms) {
  Asked asked;
  if (json::Fault fault = read(query, 20, 200, asked)) return fault;
  json::Writer out(buffer_);
  json::begin_result(out);
  const Cursor from = asked.cursor.value_or(Cursor{});  // account, and instrument in it
  Cursor next = from;
  std::uint32_t tries = tries_at(now_ms);
  std::uint32_t looks = 0;
  std::uint32_t written = 0;
  bool more = false;
  for (const risk::AccountIndex account : session.accounts) {
    if (account.value < from.account) continue;
    AccountState state;
    more = looks++ == asked.limit || !look(account, now_ms * kNsPerMs, tries, state);
    bool found = false;
    for (const json::Position& position : state.positions) {
      if (!matches(asked, position.instrument)) continue;
      found = true;
      if (account.value == from.account && position.instrument.value < from.sequence) continue;
      more = written == asked.limit;
      if (more) break;
      json::write_position(out, position, symbols_);
      add_account(session, account, buffer_);
      ++written;
      next = {account.value, std::uint64_t{position.instrument.value} + 1, 0};
    }
    if (more) break;
    if (!found && asked.instrument.exists() && !session.read_only) {
      json::Position flat;
      flat.instrument = asked.instrument;
      flat.sequence = look_.sequence();
      json::write_position(out, flat, symbols_);
    }
    next = {account.value + 1, 0, 0};
  }
  if (more && next == from) return busy();
  json::end_result(out, asked.category, more ? text_of(next) : std::string(), now_ms);
  return {};
}

json::Fault JsonDoor::list_wallets(const Session& session, const Query& query,
                                   std::int64_t now_ms) {
  if (query.get("accountType") != "UNIFIED") return bad("accountType must be UNIFIED");
  Asked asked;
  if (json::Fault fault = read_page(query, 20, 200, asked)) return fault;
  const std::string coins = fmt::format(",{},", query.get("coin"));
  json::Writer out(buffer_);
  json::begin_result(out);
  const Cursor from = asked.cursor.value_or(Cursor{});  // account
  Cursor next = from;
  std::uint32_t tries = tries_at(now_ms);
  std::uint32_t looks = 0;
  bool more = false;
  for (const risk::AccountIndex account : session.accounts) {
    if (account.value < from.account) continue;
    AccountState state;
    more = looks++ == asked.limit || !look(account, now_ms * kNsPerMs, tries, state);
    if (more) break;
    if (coins != ",,") {
      std::erase_if(state.holdings, [&](const json::Holding& holding) {
        return coins.find(fmt::format(",{},", deployment_.names.assets.name(holding.asset))) ==
               std::string::npos;
      });
    }
    json::write_wallet(out, {.margin = state.margin, .holdings = state.holdings}, symbols_);
    add_account(session, account, buffer_);
    next = {account.value + 1, 0, 0};
  }
  if (more && next == from) return busy();
  json::end_result(out, Category::None, more ? text_of(next) : std::string(), now_ms);
  return {};
}

void JsonDoor::write_time(std::int64_t now_ns) {
  fmt::format_to(fmt::appender(buffer_),
                 R"({{"retCode":0,"retMsg":"OK","result":{{"timeSecond":"{}","timeNano":"{}"}},)"
                 R"("retExtInfo":{{}},"time":{}}})",
                 now_ns / kSecondNs, now_ns, now_ns / kNsPerMs);
}

std::optional<HttpReply> JsonDoor::on_request(const HttpRequest& request, std::int64_t now_ns) {
  const std::int64_t now_ms = now_ns / kNsPerMs;
  ++counters_.queries;
  buffer_.clear();
  // Who has not shown who he is must connect again each time: nobody else holds a place for ever.
  bool is_known = false;
  const auto result = [&](unsigned status = 200) {
    return HttpReply{.status = status, .body = fmt::to_string(buffer_), .keep_alive = is_known};
  };
  const auto refuse = [&](std::int32_t code, std::string_view text, unsigned status = 200) {
    buffer_.clear();
    json::encode_query_fault(buffer_, code, text, now_ms);
    return result(status);
  };
  const auto wrong = [&](std::int32_t code, std::string_view text) {
    count_wrong_signature(request.address, now_ns);
    return refuse(code, text);
  };
  if (std::find(kPaths.begin(), kPaths.end(), request.path) == kPaths.end())
    return refuse(json::kUnknownOp, "no such path", 404);
  if (request.method != "GET") return refuse(json::kUnknownOp, "only GET", 405);
  if (request.path == kTime) {
    write_time(now_ns);
    return result();
  }
  if (is_locked_out(request.address, now_ns)) return refuse(json::kLockedOut, kAddressIsLockedOut);
  const auto key = by_key_.find(request.api_key);
  if (key == by_key_.end()) return wrong(json::kBadApiKey, "this API key is not known");
  Session& session = session_of(key->second);
  if (!json::is_query_signature(secrets_[key->second.value].view(), request.timestamp,
                                request.api_key, request.recv_window, request.query, request.sign))
    return wrong(json::kBadSignature, "wrong signature");
  is_known = true;
  const auto timestamp = integer<std::int64_t>(request.timestamp);
  const auto window = request.recv_window.empty() ? std::optional(limits_.recv_window_ms)
                                                  : integer<std::int64_t>(request.recv_window);
  if (!timestamp || !window ||
      !json::is_in_window(*timestamp, std::min(*window, limits_.recv_window_ms_max), now_ms))
    return refuse(json::kBadTime, "the timestamp is outside the receive window");
  if (!take_token(session.queries, now_ns)) {
    ++counters_.over_rate;
    return refuse(json::kTooMany,
                  fmt::format("more than {} queries in a second", limits_.requests_per_second_max));
  }
  heard_of(key->second, now_ns);
  Query query;
  if (!query.parse(request.query)) return refuse(json::kBadRequest, query.problem());
  json::Fault fault;
  if (request.path == kOrders) fault = list_orders(session, query, false, now_ms);
  if (request.path == kHistory) fault = list_orders(session, query, true, now_ms);
  if (request.path == kExecutions) fault = list_executions(session, query, now_ms);
  if (request.path == kPositions) fault = list_positions(session, query, now_ms);
  if (request.path == kWallet) fault = list_wallets(session, query, now_ms);
  return fault ? refuse(fault.code, fault.text) : result();
}

}  // namespace portcullis::gateway::edge
