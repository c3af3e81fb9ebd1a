#include "gateway/client/json_orders.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <string_view>
#include <system_error>
#include <utility>

#include "config/decimal.h"
#include "config/json.h"

namespace portcullis::gateway::client {

namespace {

constexpr int kReceiveWindowMs = 5'000;
// Of a price in OUCH.
constexpr int kWireDecimals = 4;

// value * up / down at so many decimals, exactly; empty: no finite decimal is it.
std::string decimal(std::uint64_t value, std::int64_t up, std::int64_t down, int decimals) {
  risk::Int128 number = risk::Int128{static_cast<std::int64_t>(value)} * up;
  while (number % down != 0) {
    if (++decimals > config::kDecimalScaleMax) return "";
    number *= 10;
  }
  return config::to_decimal(number / down, decimals);
}

std::string_view trimmed(const ouch::Symbol& text) {
  const std::string_view all(text.data(), text.size());
  return all.substr(0, all.find_last_not_of(' ') + 1);
}

std::string side_word(ouch::Side side) {
  switch (side) {
    case ouch::Side::Buy:
      return "Buy";
    case ouch::Side::Sell:
    case ouch::Side::SellShort:
    case ouch::Side::SellShortExempt:
      return "Sell";
  }
  return {static_cast<char>(side)};
}

// Empty: there is no word for it.
std::string_view life_word(const Message& message) {
  const bool is_ioc = message.time_in_force == ouch::TimeInForce::ImmediateOrCancel;
  switch (message.extra) {
    case Extra::None:
      if (message.time_in_force == ouch::TimeInForce::Day) return "GTC";
      return is_ioc ? "IOC" : "GTX";  // GTX is none of Bybit's words
    case Extra::PostOnly:
      return message.time_in_force == ouch::TimeInForce::Day ? "PostOnly" : "";
    case Extra::AllOrNone:
      return is_ioc ? "FOK" : "";
    case Extra::Pegged:
      break;
  }
  return "";
}

// One parameter after another.
void put(std::string& body, std::string_view key, std::string_view value) {
  if (!body.empty()) body += ',';
  body += fmt::format("\"{}\":{}", key, config::quote(value));
}

}  // namespace

JsonOrders::JsonOrders(const Plan& plan, const config::Deployment& deployment, std::string run)
    : plan_(plan), deployment_(deployment), symbols_(deployment), run_(std::move(run)) {
  for (const std::uint32_t numbers : plan.numbers) roots_.emplace_back(numbers + 1);
  for (const Message& message : plan.messages) {
    std::vector<const Message*>& roots = roots_[message.session];
    if (message.kind == Kind::Enter) roots[message.number] = &message;
    if (message.kind == Kind::Replace && message.original < roots.size())
      roots[message.number] = roots[message.original];
  }
}

const Message* JsonOrders::root(std::uint16_t session, std::uint32_t number) const {
  const std::vector<const Message*>& roots = roots_[session];
  return number < roots.size() ? roots[number] : nullptr;
}

std::string JsonOrders::name(std::uint16_t session, std::uint32_t number) const {
  return fmt::format("{}-{}-{}", run_, session, number);
}

std::string JsonOrders::link(std::uint16_t session, std::uint32_t number) const {
  const Message* const order = root(session, number);
  return order == nullptr ? "" : name(session, order->number);
}

std::uint32_t JsonOrders::root_of(std::uint16_t session, std::uint32_t number) const {
  const Message* const order = root(session, number);
  return order == nullptr ? 0 : order->number;
}

std::uint32_t JsonOrders::number_in(std::uint16_t session, std::string_view link) const {
  const std::size_t dash = link.rfind('-');
  if (dash == std::string_view::npos) return 0;
  const std::string_view digits = link.substr(dash + 1);
  std::uint32_t number = 0;
  const auto read = std::from_chars(digits.begin(), digits.end(), number);
  const bool is_ours = read.ec == std::errc() && number < roots_[session].size();
  return is_ours && link == name(session, number) ? number : 0;
}

const config::Alias* JsonOrders::alias(const Message& message) const {
  const std::vector<config::Alias>& aliases = deployment_.sessions[message.session].aliases;
  if (message.symbol == kNone16) {
    // What refers to an order has none of its own; where that order is not there, any will do.
    const bool is_order = message.kind == Kind::Enter || message.kind == Kind::Repeat;
    return is_order || aliases.empty() ? nullptr : &aliases.front();
  }
  const auto found = std::find_if(aliases.begin(), aliases.end(), [&](const config::Alias& a) {
    return std::ranges::equal(a.symbol, plan_.symbols[message.symbol]);
  });
  return found == aliases.end() ? nullptr : &*found;
}

// Category and symbol.
std::string JsonOrders::symbol(const Message& message) const {
  std::string body;
  const config::Alias* const known = alias(message);
  if (known != nullptr) {
    put(body, "category", json::name_of(symbols_.category(known->instrument)));
    put(body, "symbol", symbols_.name(known->instrument));
  } else {
    put(body, "category", "linear");
    put(body, "symbol",
        message.symbol == kNone16 ? std::string_view{} : trimmed(plan_.symbols[message.symbol]));
  }
  return body;
}

std::string JsonOrders::price(const Message& order, std::uint64_t wire) const {
  const config::Alias* const known = alias(order);
  if (known == nullptr) return decimal(wire, 1, 1, kWireDecimals);
  const std::uint32_t i = known->instrument.value;
  return decimal(wire, deployment_.parameters.instruments[i].marks_per_tick, known->price_per_tick,
                 deployment_.instruments[i].mark_decimals);
}

std::string JsonOrders::quantity(const Message& order, std::uint32_t wire) const {
  const config::Alias* const known = alias(order);
  if (known == nullptr) return decimal(wire, 1, 1, 0);
  const config::InstrumentSettings& settings = deployment_.instruments[known->instrument.value];
  return decimal(wire, settings.lot, known->quantity_per_lot, settings.quantity_decimals);
}

bool JsonOrders::is_of_the_key(const Message& message) const {
  if (message.firm == kNone16) return true;
  const risk::AccountIndex account = deployment_.sessions[message.session].default_account;
  return account.exists() &&
         std::ranges::equal(deployment_.accounts[account.value].firm, plan_.firms[message.firm]);
}

// Of each: what stands between the braces of args[0], behind its op; empty: it has no form.

std::string JsonOrders::create(const Message& message) const {
  const std::string_view life = life_word(message);
  const std::string qty = quantity(message, message.quantity);
  if (life.empty() || qty.empty() || message.display != ouch::kDisplayVisible) return "";
  const bool is_repeat = message.kind == Kind::Repeat;
  if (is_repeat && root(message.session, message.number) == nullptr) return "";
  const bool is_market =
      message.price == ouch::kMarketPrice || message.price == ouch::kMarketPriceAlt;
  std::string body = symbol(message);
  put(body, "side", side_word(message.side));
  put(body, "orderType", is_market ? "Market" : "Limit");
  put(body, "qty", qty);
  if (!is_market) {
    const std::string limit = price(message, message.price);
    if (limit.empty()) return "";
    put(body, "price", limit);
  }
  put(body, "timeInForce", life);
  put(body, "orderLinkId",
      is_repeat ? link(message.session, message.number) : name(message.session, message.number));
  return body;
}

std::string JsonOrders::amend(const Message& message) const {
  const std::uint32_t number = message.kind == Kind::Replace ? message.original : message.number;
  const Message* const order = root(message.session, number);
  const Message& terms = order == nullptr ? message : *order;
  const std::string qty = quantity(terms, message.quantity);
  std::string body = symbol(terms);
  put(body, "orderLinkId", name(message.session, order == nullptr ? number : order->number));
  put(body, "qty", qty);
  if (message.kind == Kind::Cancel) return qty.empty() ? "" : body;
  const std::string limit = price(terms, message.price);
  put(body, "price", limit);
  return qty.empty() || limit.empty() ? "" : body;
}

std::string JsonOrders::cancel(const Message& message) const {
  const Message* const order = root(message.session, message.number);
  std::string body = symbol(order == nullptr ? message : *order);
  put(body, "orderLinkId",
      name(message.session, order == nullptr ? message.number : order->number));
  return body;
}

std::string JsonOrders::malformed(const Message& message) const {
  std::string body = cancel(message);
  put(body, message.malformed == Malformed::Modify ? "triggerPrice" : "appendage", "1");
  return body;
}

std::string JsonOrders::request(const Message& message, std::uint64_t req_id,
                                std::int64_t now_ms) const {
  if (!is_of_the_key(message)) return "";
  std::string_view op;
  std::string body;
  switch (message.kind) {
    case Kind::Enter:
    case Kind::Repeat:
      op = "order.create";
      body = create(message);
      break;
    case Kind::Replace:
      op = "order.amend";
      body = amend(message);
      break;
    case Kind::Cancel:
      op = message.quantity == 0 ? "order.cancel" : "order.amend";
      body = message.quantity == 0 ? cancel(message) : amend(message);
      break;
    case Kind::Malformed:
      op = message.malformed == Malformed::UnknownType ? "order.modify" : "order.amend";
      body = malformed(message);
      break;
    case Kind::MassCancel:
    case Kind::Disable:
    case Kind::Enable:
    case Kind::Query:
      break;
  }
  if (body.empty()) return "";
  std::string text = fmt::format(
      R"({{"op":"{}","reqId":"{}","header":{{"X-BAPI-TIMESTAMP":"{}","X-BAPI-RECV-WINDOW":"{}"}},"args":[{{{}}}]}})",
      op, req_id, now_ms, kReceiveWindowMs, body);
  if (message.kind == Kind::Malformed && message.malformed == Malformed::CutOff)
    text.resize(text.size() / 2);
  return text;
}

void leave_out_formless(Plan& plan, const config::Deployment& deployment) {
  std::vector<Message> kept;
  {
    const JsonOrders orders(plan, deployment, "");
    for (const Message& message : plan.messages) {
      if (!orders.request(message, 0, 0).empty()) {
        kept.push_back(message);
        continue;
      }
      for (Tally& tally : plan.tallies) {
        if (tally.name == name(message.kind) && tally.count > 0) --tally.count;
      }
    }
  }
  const std::size_t left_out = plan.messages.size() - kept.size();
  if (left_out != 0)
    plan.description += fmt::format("; {} without a form in JSON left out", left_out);
  plan.messages = std::move(kept);
}

}  // namespace portcullis::gateway::client
