#include "gateway/client/json_ledger.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "config/decimal.h"
#include "gateway/json/words.h"

namespace portcullis::gateway::client {

namespace {

constexpr std::size_t kNoRequest = static_cast<std::size_t>(-1);
// What a refusal of the venue says of its code.
constexpr std::string_view kVenueCode = "venue code 0x";

constexpr std::array<std::string_view, 4> kOpenWords{"Created", "New", "PartiallyFilled",
                                                     "Untriggered"};
bool is_open(std::string_view status) {
  return std::find(kOpenWords.begin(), kOpenWords.end(), status) != kOpenWords.end();
}

json::Category category_of(std::string_view name) {
  const auto found = std::find(json::kCategoryNames.begin(), json::kCategoryNames.end(), name);
  return found == json::kCategoryNames.end()
             ? json::Category::None
             : static_cast<json::Category>(found - json::kCategoryNames.begin());
}

std::uint32_t venue_code(std::string_view reject_text) {
  std::uint32_t code = 0;
  if (reject_text.starts_with(kVenueCode)) {
    reject_text.remove_prefix(kVenueCode.size());
    std::from_chars(reject_text.begin(), reject_text.end(), code, 16);
  }
  return code;
}

}  // namespace

JsonLedger::JsonLedger(const JsonOrders& orders, std::uint16_t session, std::uint32_t numbers,
                       Ledger& ledger, Histogram& times)
    : orders_(orders), session_(session), ledger_(ledger), times_(times), by_number_(numbers + 1) {}

void JsonLedger::set(Order& order, State state) {
  if (order.state == State::Taken) --unacknowledged_;
  if (state == State::Taken) ++unacknowledged_;
  order.state = state;
}

// --- requests

// The order that a message is about; null: none of this session's.
JsonLedger::Order* JsonLedger::order_of(const Message& message) {
  const std::uint32_t named = message.kind == Kind::Replace ? message.original : message.number;
  const std::uint32_t root = orders_.root_of(session_, named);
  return root == 0 ? nullptr : &by_number_[root];
}

JsonLedger::Terms JsonLedger::terms_of(const Message& amend, const Order& order) const {
  const bool has_price = amend.kind == Kind::Replace;
  return {.lots = amend.quantity,
          .ticks = has_price ? static_cast<std::int64_t>(amend.price) : order.terms.ticks};
}

void JsonLedger::sent(const Message& message, std::int64_t due_ns) {
  ledger_.sent(message, due_ns);
  const std::size_t request = requests_.size();
  requests_.push_back({.message = &message});
  ++unanswered_;
  Order* const order = order_of(message);
  if (order == nullptr) return;
  if (message.kind == Kind::Enter) {
    set(*order, State::Sent);
    order->priced = message.price < ouch::kPriceMax;
    order->terms = {.lots = message.quantity, .ticks = static_cast<std::int64_t>(message.price)};
  } else if (message.kind == Kind::Repeat) {
    order->repeated = true;
  } else if (message.kind == Kind::Replace ||
             (message.kind == Kind::Cancel && message.quantity != 0)) {
    order->amends.push_back(request);
  }
}

void JsonLedger::sent_again(std::size_t request) {
  requests_[request].again = true;
  ledger_.sent_again(*requests_[request].message);
}

void JsonLedger::answer(std::size_t request, std::int64_t now_ns) {
  const Message& message = *requests_[request].message;
  requests_[request].answered = true;
  --unanswered_;
  if (message.kind == Kind::Enter || message.kind == Kind::Replace)
    ledger_.answered(message.number, now_ns, times_);
}

// Which request a reply is to. One that was cut off has no reqId that could be read.
std::size_t JsonLedger::request_of(const ServerText& reply) const {
  std::size_t request = kNoRequest;
  if (!reply.req_id.empty()) {
    const auto read = std::from_chars(reply.req_id.begin(), reply.req_id.end(), request);
    const bool is_number = read.ec == std::errc() && read.ptr == reply.req_id.end();
    return is_number && request < requests_.size() ? request : kNoRequest;
  }
  const auto cut_off = std::find_if(requests_.begin(), requests_.end(), [](const Request& r) {
    return !r.answered && r.message->kind == Kind::Malformed &&
           r.message->malformed == Malformed::CutOff;
  });
  return cut_off == requests_.end() ? kNoRequest
                                    : static_cast<std::size_t>(cut_off - requests_.begin());
}

void JsonLedger::on_reply(const ServerText& text, std::int64_t now_ns) {
  if (!text.is_json || text.code < 0) return ledger_.count(&LedgerCounts::undecodable);
  const std::size_t at = request_of(text);
  if (at == kNoRequest || requests_[at].answered) return ledger_.count(&LedgerCounts::unexpected);
  ledger_.count(&LedgerCounts::replies);
  answer(at, now_ns);
  const Message& message = *requests_[at].message;
  if (text.code == json::kOk) {
    ledger_.count(&LedgerCounts::taken);
    requests_[at].taken = true;
    return taken(message);
  }
  if (text.reason.empty()) {
    ledger_.not_taken(message.kind);
  } else {
    ledger_.reject(static_cast<std::uint32_t>(text.code));
  }
  // Of one that was sent again the first try may have arrived, and still come to replace.
  if (Order* const order = order_of(message); order != nullptr && !requests_[at].again)
    std::erase(order->amends, at);
  refuse(message, text, requests_[at]);
}

void JsonLedger::taken(const Message& message) {
  Order* const order = order_of(message);
  if (order == nullptr) return;
  if (message.kind == Kind::Enter && order->state == State::Sent) set(*order, State::Taken);
  if (message.kind == Kind::Repeat && order->state == State::Refused) {
    ledger_.revive(message.number);
    set(*order, State::Taken);
  }
}

// The name of an order that was sent again is taken because it has arrived the first time.
void JsonLedger::refuse(const Message& message, const ServerText& reply, const Request& request) {
  if (message.kind == Kind::Replace) return ledger_.refused(message.number);
  if (message.kind != Kind::Enter) return;
  Order& order = by_number_[message.number];
  if (order.state != State::Sent) {  // what was pushed is of its repeat, or of its first try
    if (!order.repeated && !request.again) ledger_.count(&LedgerCounts::unexpected);
    return;
  }
  if (request.again && reply.code == json::kDuplicateLink) return set(order, State::Taken);
  ledger_.refused(message.number);
  set(order, State::Refused);
}

// --- what is pushed, and listed

std::int64_t JsonLedger::lots(std::string_view category, std::string_view symbol,
                              std::string_view text) const {
  const json::Symbols& symbols = orders_.symbols();
  const risk::InstrumentIndex instrument = symbols.find(category_of(category), symbol);
  if (!instrument.exists()) return 0;
  const config::InstrumentSettings& settings = symbols.deployment().instruments[instrument.value];
  return config::parse_decimal(text, settings.quantity_decimals).value / settings.lot;
}

JsonLedger::Terms JsonLedger::terms_of(const OrderEntry& entry) const {
  const json::Symbols& symbols = orders_.symbols();
  const risk::InstrumentIndex instrument = symbols.find(category_of(entry.category), entry.symbol);
  if (!instrument.exists()) return {};
  const config::Deployment& deployment = symbols.deployment();
  return {.lots = lots(entry.category, entry.symbol, entry.quantity),
          .ticks = config::parse_decimal(entry.price,
                                         deployment.instruments[instrument.value].mark_decimals)
                       .value /
                   deployment.parameters.instruments[instrument.value].marks_per_tick};
}

void JsonLedger::on_push(const ServerText& text) {
  if (!text.is_json || text.topic.empty()) return ledger_.count(&LedgerCounts::undecodable);
  for (const OrderEntry& entry : text.orders) take(entry);
  for (const ExecutionEntry& entry : text.executions) take(entry);
}

void JsonLedger::take(const OrderEntry& entry) {
  const std::uint32_t number = orders_.number_in(session_, entry.link);
  if (number == 0) return;  // another's
  Order& order = by_number_[number];
  order.seen_in = connection_;
  if (order.state == State::Refused && order.repeated && entry.status != "Rejected") {
    ledger_.revive(number);
    set(order, State::Taken);
  }
  if (order.state == State::None) return ledger_.count(&LedgerCounts::unexpected);
  if (entry.status == "Rejected") return take_refusal(entry, number, order);
  if (order.state == State::Refused) return ledger_.count(&LedgerCounts::unexpected);
  if (entry.status == "Created") {
    if (order.state == State::Sent) set(order, State::Taken);
    return;
  }
  const bool is_news = order.state != State::Accepted && order.state != State::Ended;
  if (is_news) {
    ledger_.accepted(number);
    set(order, State::Accepted);
  }
  const std::int64_t executed = lots(entry.category, entry.symbol, entry.executed);
  const bool grows = executed > order.said;
  order.said = std::max(order.said, executed);
  if (order.state == State::Ended) return;
  const Terms terms = terms_of(entry);
  if (is_news && order.repeated) {  // it may be the repeat, with terms of its own
    order.terms = terms;
    order.priced = true;
  }
  if (!is_open(entry.status)) {
    take_terms(terms, false, order);
    return take_end(entry, number, order);
  }
  const std::int64_t leaves = lots(entry.category, entry.symbol, entry.leaves);
  const std::int64_t prevented = terms.lots - executed - leaves;
  if (prevented > order.prevented) ledger_.count(&LedgerCounts::self_match_prevented);
  take_terms(terms, !looking_up_ && !is_news && !grows && prevented <= order.prevented, order);
  order.prevented = std::max(order.prevented, prevented);
}

void JsonLedger::take_refusal(const OrderEntry& entry, std::uint32_t number, Order& order) {
  if (order.state == State::Accepted) return ledger_.count(&LedgerCounts::unexpected);
  if (order.state == State::Refused || order.state == State::Ended) return;
  ledger_.reject(venue_code(entry.reject_text));
  ledger_.refused(number);
  set(order, State::Refused);
  order.ended_in = connection_;
}

// Terms that it had before are old news. Where nothing at all has changed, an amend to the terms that
// it had has replaced it. Behind a lost connection amends may have been overtaken: the venue has taken
// them too, or they were lost on the way there.
void JsonLedger::take_terms(const Terms& terms, bool nothing_else, Order& order) {
  if (!order.priced) {
    order.priced = true;
    order.terms.ticks = terms.ticks;
  }
  const bool is_change = terms != order.terms;
  if (!is_change && !nothing_else) return;
  const auto amend = std::find_if(order.amends.begin(), order.amends.end(), [&](std::size_t a) {
    return terms_of(*requests_[a].message, order) == terms;
  });
  if (amend == order.amends.end()) {
    const bool is_old =
        std::find(order.former.begin(), order.former.end(), terms) != order.former.end();
    if (is_change && !is_old) ledger_.count(&LedgerCounts::unexpected);
    return;
  }
  if (!is_change && amend != order.amends.begin()) return;
  ledger_.count(&LedgerCounts::replaced);
  if (is_change) order.former.push_back(order.terms);
  for (auto overtaken = order.amends.begin(); overtaken != amend; ++overtaken) {
    order.former.push_back(terms_of(*requests_[*overtaken].message, order));
    if (requests_[*overtaken].taken) ledger_.count(&LedgerCounts::overtaken);
  }
  order.amends.erase(order.amends.begin(), amend + 1);
  order.terms = terms;
}

void JsonLedger::take_end(const OrderEntry& entry, std::uint32_t number, Order& order) {
  set(order, State::Ended);
  order.ended_in = connection_;
  if (entry.status == "Filled") return ledger_.ended(number, &LedgerCounts::filled);
  const bool prevented = entry.cancel_type == "CancelBySmp";
  ledger_.count(prevented ? &LedgerCounts::self_match_prevented : &LedgerCounts::canceled);
  ledger_.ended(number, &LedgerCounts::ended_canceled);
}

void JsonLedger::take(const ExecutionEntry& entry) {
  const std::uint32_t number = orders_.number_in(session_, entry.link);
  if (number == 0) return;
  const bool broken = entry.type == "BrokenTrade";
  // Taken back, it was told before, or is told of so only.
  if (broken && executions_.try_emplace(std::string(entry.id) + " broken", connection_).second)
    ledger_.count(&LedgerCounts::broken);
  if (!executions_.try_emplace(std::string(entry.id), connection_).second) return;
  if (by_number_[number].state == State::None) ledger_.count(&LedgerCounts::unexpected);
  const std::int64_t quantity = lots(entry.category, entry.symbol, entry.quantity);
  by_number_[number].executed += quantity;
  ledger_.count(&LedgerCounts::executed);
  ledger_.count(&LedgerCounts::executed_quantity, static_cast<std::uint64_t>(quantity));
}

// --- behind a lost connection

void JsonLedger::lost() {
  ++connection_;
  looking_up_ = true;
}

bool JsonLedger::on_orders(const ServerText& page) {
  bool known = false;
  for (const OrderEntry& entry : page.orders) {
    const std::uint32_t number = orders_.number_in(session_, entry.link);
    if (number == 0) continue;
    const std::uint32_t ended_in = by_number_[number].ended_in;
    known = known || (ended_in != 0 && ended_in < connection_);
    take(entry);
  }
  return known;
}

bool JsonLedger::on_executions(const ServerText& page) {
  bool known = false;
  for (const ExecutionEntry& entry : page.executions) {
    const auto before = executions_.find(std::string(entry.id));
    known = known || (before != executions_.end() && before->second < connection_);
    take(entry);
  }
  return known;
}

// What a request without an answer was about has happened, or cannot happen any more.
bool JsonLedger::needs_nothing(const Message& message) {
  const Order* const order = order_of(message);
  if (order == nullptr) return false;
  if (message.kind == Kind::Enter) return order->state != State::Sent;
  const bool has_ended = order->state == State::Ended;
  if (message.kind == Kind::Replace) return has_ended || order->terms == terms_of(message, *order);
  if (message.kind == Kind::Cancel)
    return has_ended || (message.quantity != 0 && order->terms.lots == message.quantity);
  return false;
}

std::vector<std::size_t> JsonLedger::looked_up(std::int64_t now_ns) {
  for (const Order& order : by_number_) {
    const bool is_there = order.state == State::Taken || order.state == State::Accepted;
    if (is_there && order.seen_in != connection_) ledger_.count(&LedgerCounts::unexpected);
    for (const std::size_t amend : order.amends) {
      if (requests_[amend].taken) ledger_.count(&LedgerCounts::overtaken);
    }
  }
  looking_up_ = false;
  std::vector<std::size_t> again;
  for (std::size_t at = 0; at < requests_.size(); ++at) {
    if (requests_[at].answered) continue;
    if (!needs_nothing(*requests_[at].message)) {
      again.push_back(at);
      continue;
    }
    answer(at, now_ns);
    ledger_.count(&LedgerCounts::looked_up);
  }
  return again;
}

// --- at the end

void JsonLedger::add(const ServerText& page, Listed& listed) const {
  for (const OrderEntry& entry : page.orders) {
    if (orders_.number_in(session_, entry.link) != 0 && is_open(entry.status)) ++listed.open;
  }
  for (const ExecutionEntry& entry : page.executions) {
    if (orders_.number_in(session_, entry.link) == 0) continue;
    ++listed.executions;
    listed.executed_quantity +=
        static_cast<std::uint64_t>(lots(entry.category, entry.symbol, entry.quantity));
  }
}

void JsonLedger::close_books() {
  for (const Order& order : by_number_) {
    if (order.executed != order.said) ledger_.count(&LedgerCounts::unexpected);
  }
}

}  // namespace portcullis::gateway::client
