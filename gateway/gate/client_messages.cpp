// OUCH in: from a client's bytes to a command, and from an accepted order to the venue's message
// (ORDERLIFE 1).
#include <algorithm>

#include "gateway/gate/gate.h"
#include "gateway/gate/outbound.h"

namespace portcullis::gateway::gate {

using risk::Disposition;
using risk::RejectReason;
using risk::Timestamp;

namespace {

// Appendages that are carried; every other one is refused by name (pegs and discretion trade at
// prices nobody checked, UserRefIdx opens a second number space). PriceType only as L.
constexpr std::uint32_t kCarried =
    ouch::tag_bit(ouch::Tag::MinQty) | ouch::tag_bit(ouch::Tag::CustomerType) |
    ouch::tag_bit(ouch::Tag::MaxFloor) | ouch::tag_bit(ouch::Tag::PostOnly) |
    ouch::tag_bit(ouch::Tag::RandomReserves) | ouch::tag_bit(ouch::Tag::HandleInst) |
    ouch::tag_bit(ouch::Tag::BboWeightIndicator) | ouch::tag_bit(ouch::Tag::GroupId) |
    ouch::tag_bit(ouch::Tag::SharesLocated) | ouch::tag_bit(ouch::Tag::LocateBroker) |
    ouch::tag_bit(ouch::Tag::AiqStrategy) | ouch::tag_bit(ouch::Tag::AiqGroupId);
constexpr std::uint32_t kAllowed =
    kCarried | ouch::tag_bit(ouch::Tag::Firm) | ouch::tag_bit(ouch::Tag::PriceType);

bool is_supported(const ouch::Appendage& appendage) {
  if (appendage.has_unknown_tag || (appendage.present & ~kAllowed) != 0) return false;
  if (appendage.has(ouch::Tag::PriceType) && appendage.price_type != ouch::kPriceTypeLimit)
    return false;
  return true;
}

bool is_market(std::uint64_t price) {
  return price == ouch::kMarketPrice || price == ouch::kMarketPriceAlt;
}

risk::ClientText text_of(const ouch::ClOrdId& id) { return id; }

// Of several faults the first in the list is named.
void fault(RejectReason& slot, RejectReason reason) {
  if (slot == RejectReason::None || reason < slot) slot = reason;
}

// What enter and replace have in common: price, life, display, sweep eligibility, appendage.
template <class Wire, class Command>
void translate(const Wire& wire, const config::Alias* alias, Command& command) {
  command.client_text = text_of(wire.cl_ord_id);
  if (!ouch::is_printable_ascii(wire.cl_ord_id)) fault(command.form, RejectReason::MalformedField);
  if (wire.display != ouch::kDisplayVisible && wire.display != ouch::kDisplayHidden &&
      wire.display != ouch::kDisplayAttributable) {
    fault(command.form, RejectReason::InvalidDisplay);
  }
  if (wire.inter_market_sweep_eligibility != ouch::kIsoNotEligible ||
      !is_supported(wire.appendage)) {
    fault(command.unsupported, RejectReason::UnsupportedFlag);
  }
  switch (wire.time_in_force) {
    case ouch::TimeInForce::Day:
      command.time_in_force = risk::TimeInForce::Day;
      break;
    case ouch::TimeInForce::ImmediateOrCancel:
      command.time_in_force = risk::TimeInForce::ImmediateOrCancel;
      break;
    case ouch::TimeInForce::GoodTillExtended:
    case ouch::TimeInForce::GoodTillTime:
    case ouch::TimeInForce::AfterHours:
    default:
      fault(command.unsupported, RejectReason::UnsupportedTimeInForce);
      break;
  }
  if (wire.appendage.has(ouch::Tag::PostOnly) && wire.appendage.post_only == ouch::kPostOnly) {
    command.flags |= risk::kPostOnly;
  }
  if (is_market(wire.price)) {
    command.ord_type = risk::OrdType::Market;
  } else if (wire.price > ouch::kPriceMax || wire.price == 0) {
    fault(command.form, RejectReason::InvalidPrice);
  } else if (alias != nullptr) {
    const auto price = static_cast<std::int64_t>(wire.price);
    if (price % alias->price_per_tick != 0) command.flags |= risk::kOffTick;
    command.price = {price / alias->price_per_tick};
    if (command.price > alias->price_max) fault(command.form, RejectReason::InvalidPrice);
  }
}

// Lots of a wire quantity; off the grid or out of what both links can carry is flagged.
template <class Command>
risk::Lots lots(std::uint32_t quantity, const config::Alias* alias, Command& command) {
  if (quantity < 1 || quantity > ouch::kQuantityMax) command.flags |= risk::kOffLot;
  if (alias == nullptr) return {quantity};
  const risk::Lots whole{quantity / alias->quantity_per_lot};
  if (quantity % alias->quantity_per_lot != 0 || whole > alias->quantity_max)
    command.flags |= risk::kOffLot;
  return whole;
}

std::uint32_t wire_quantity(risk::Lots lots, const config::Alias& alias) {
  return static_cast<std::uint32_t>(lots.raw * alias.quantity_per_lot);
}
std::uint64_t wire_price(risk::Price price, const config::Alias& alias) {
  return static_cast<std::uint64_t>(price.raw * alias.price_per_tick);
}
ouch::TimeInForce wire_life(risk::TimeInForce life, risk::OrdType type) {
  const bool immediate = type == risk::OrdType::Market ||
                         life == risk::TimeInForce::ImmediateOrCancel ||
                         life == risk::TimeInForce::FillOrKill;
  return immediate ? ouch::TimeInForce::ImmediateOrCancel : ouch::TimeInForce::Day;
}

// A quantity in a tag, rounded up to whole lots, in the venue's units.
std::uint32_t rescaled(std::uint32_t quantity, const config::Alias& from, const config::Alias& to) {
  const std::int64_t whole = (quantity + from.quantity_per_lot - 1) / from.quantity_per_lot;
  return static_cast<std::uint32_t>(
      std::min<std::int64_t>(whole * to.quantity_per_lot, ouch::kQuantityMax));
}

// What the venue sees of a client's appendage: the carried tags, and always our Firm.
ouch::Appendage outbound_appendage(const ouch::Appendage& client, const config::WireFirm& firm,
                                   const config::Alias& from, const config::Alias& to) {
  ouch::Appendage appendage = client;
  appendage.present &= kCarried;
  appendage.min_qty = rescaled(client.min_qty, from, to);
  appendage.max_floor = rescaled(client.max_floor, from, to);
  appendage.random_reserves = rescaled(client.random_reserves, from, to);
  appendage.firm = firm;
  appendage.mark(ouch::Tag::Firm);
  return appendage;
}

}  // namespace

ClientResult Gate::malformed() noexcept {
  ++counters_.in;
  ++counters_.malformed;
  return {.malformed = true};
}

ClientResult Gate::ignore() noexcept {
  ++counters_.in;
  ++counters_.ignored;
  return {};
}

ClientResult Gate::on_client_message(risk::SessionIndex session, std::span<const std::byte> payload,
                                     bool overloaded, std::int64_t now_ns) {
  if (payload.empty()) return malformed();
  const Timestamp now{now_ns};
  switch (static_cast<char>(payload[0])) {
    case ouch::EnterOrder::kType: {
      ouch::EnterOrder wire;
      return ouch::decode(payload, wire) == ouch::DecodeError::None
                 ? enter(session, wire, overloaded, now)
                 : malformed();
    }
    case ouch::ReplaceOrder::kType: {
      ouch::ReplaceOrder wire;
      return ouch::decode(payload, wire) == ouch::DecodeError::None
                 ? replace(session, wire, overloaded, now)
                 : malformed();
    }
    case ouch::CancelOrder::kType: {
      ouch::CancelOrder wire;
      return ouch::decode(payload, wire) == ouch::DecodeError::None ? cancel(session, wire, now)
                                                                    : malformed();
    }
    case ouch::MassCancel::kType: {
      ouch::MassCancel wire;
      if (ouch::decode(payload, wire) != ouch::DecodeError::None) return malformed();
      return firm_control(wire.appendage, {.time = now,
                                           .session = session.value,
                                           .client_ref = wire.user_ref_num,
                                           .symbol = wire.symbol,
                                           .firm = wire.firm,
                                           .type = ouch::MassCancel::kType});
    }
    case ouch::DisableOrderEntry::kType: {
      ouch::DisableOrderEntry wire;
      if (ouch::decode(payload, wire) != ouch::DecodeError::None) return malformed();
      return firm_control(wire.appendage, {.time = now,
                                           .session = session.value,
                                           .client_ref = wire.user_ref_num,
                                           .firm = wire.firm,
                                           .type = ouch::DisableOrderEntry::kType});
    }
    case ouch::EnableOrderEntry::kType: {
      ouch::EnableOrderEntry wire;
      if (ouch::decode(payload, wire) != ouch::DecodeError::None) return malformed();
      return firm_control(wire.appendage, {.time = now,
                                           .session = session.value,
                                           .client_ref = wire.user_ref_num,
                                           .firm = wire.firm,
                                           .type = ouch::EnableOrderEntry::kType});
    }
    case ouch::AccountQuery::kType: {
      ouch::AccountQuery wire;
      if (ouch::decode(payload, wire) != ouch::DecodeError::None) return malformed();
      return firm_control(
          wire.appendage,
          {.time = now, .session = session.value, .type = ouch::AccountQuery::kType});
    }
    default:
      return malformed();  // M and every unknown type
  }
}

void Gate::fetch(risk::SessionIndex session, std::span<const std::byte> payload) const noexcept {
  ouch::EnterOrder wire;
  if (payload.empty() || static_cast<char>(payload[0]) != ouch::EnterOrder::kType ||
      ouch::decode(payload, wire) != ouch::DecodeError::None) {
    return;
  }
  const config::Alias* alias = aliases_.find(session, wire.symbol);
  if (alias != nullptr) engine_.fetch(account_of(session, wire), alias->instrument);
}

risk::AccountIndex Gate::account_of(risk::SessionIndex session,
                                    const ouch::EnterOrder& wire) const noexcept {
  return wire.appendage.has(ouch::Tag::Firm) ? aliases_.account(wire.appendage.firm)
                                             : deployment_.sessions[session.value].default_account;
}

ClientResult Gate::enter(risk::SessionIndex session, const ouch::EnterOrder& wire, bool overloaded,
                         Timestamp now) {
  if (wire.user_ref_num <= engine_.watermark(session)) return ignore();
  const config::Alias* alias = aliases_.find(session, wire.symbol);
  EnterRecord record;
  risk::NewOrder& order = record.order;
  order.time = now;
  order.session = session;
  order.client_ref = wire.user_ref_num;
  if (overloaded) order.flags |= risk::kOverloaded;
  if (alias != nullptr) order.instrument = alias->instrument;
  order.account = account_of(session, wire);
  translate(wire, alias, order);
  switch (wire.side) {
    case ouch::Side::Buy:
      order.side = risk::Side::Buy;
      break;
    case ouch::Side::Sell:
      order.side = risk::Side::Sell;
      break;
    case ouch::Side::SellShort:
      order.side = risk::Side::SellShort;
      break;
    case ouch::Side::SellShortExempt:
      order.side = risk::Side::SellShortExempt;
      break;
    default:
      fault(order.form, RejectReason::InvalidSide);
      break;
  }
  if (wire.cross_type != ouch::kCrossTypeContinuous)
    fault(order.unsupported, RejectReason::UnsupportedFlag);
  order.quantity = lots(wire.quantity, alias, order);
  if (wire.appendage.has(ouch::Tag::MinQty) && alias != nullptr) {
    // Rounded up: the venue must not execute less than was asked for.
    order.min_quantity = {(wire.appendage.min_qty + alias->quantity_per_lot - 1) /
                          alias->quantity_per_lot};
  }

  return take_enter(RecordType::Enter, record, wire);
}

template <class Record>
ClientResult Gate::take_enter(RecordType type, Record& record, const ouch::EnterOrder& wire) {
  record.decision = engine_.decide(record.order);
  entered_ = &wire;
  take(type, record.order.time, record);
  entered_ = nullptr;
  catch_up_later(record.order.account);
  return {.disconnect = record.decision.disconnect != 0,
          .rejected = record.decision.disposition == Disposition::Reject};
}

void Gate::catch_up_later(risk::AccountIndex account) noexcept {
  if (behind_count_ < behind_.size()) behind_[behind_count_++] = account;
}

void Gate::catch_up() noexcept {
  for (std::size_t b = 0; b < behind_count_; ++b) engine_.refresh(behind_[b]);
  behind_count_ = 0;
}

void Gate::stage_order(const risk::NewOrder& order, const risk::Decision& decision) noexcept {
  const config::Alias& alias = aliases_.venue(order.instrument);
  ouch::EnterOrder message = *entered_;
  message.user_ref_num = decision.number;
  message.symbol = alias.symbol;
  message.quantity = wire_quantity(order.quantity, alias);
  // A market order's collar may lie beyond the highest price on the wire, which means "market".
  message.price = wire_price(std::min(decision.price, alias.price_max), alias);
  message.time_in_force = wire_life(order.time_in_force, order.ord_type);
  message.cl_ord_id = OwnClOrdId::encode(order.session, order.client_ref);
  message.appendage =
      outbound_appendage(entered_->appendage, deployment_.accounts[order.account.value].firm,
                         aliases_.of(order.session, order.instrument), alias);
  stage(message);
}

ClientResult Gate::replace(risk::SessionIndex session, const ouch::ReplaceOrder& wire,
                           bool overloaded, Timestamp now) {
  if (wire.user_ref_num <= engine_.watermark(session)) return ignore();
  const risk::NumberRecord* original = engine_.find_client(session, wire.orig_user_ref_num);
  const config::Alias* alias =
      original == nullptr ? nullptr : &aliases_.of(session, original->instrument);
  ReplaceRecord record;
  risk::ReplaceOrder& order = record.order;
  order.time = now;
  order.session = session;
  order.original_ref = wire.orig_user_ref_num;
  order.client_ref = wire.user_ref_num;
  if (overloaded) order.flags |= risk::kOverloaded;
  translate(wire, alias, order);
  order.total = lots(wire.quantity, alias, order);
  // A minimum quantity belongs to immediate orders, which a replace never makes.
  if (wire.appendage.min_qty > 0) fault(order.unsupported, RejectReason::InvalidMinQty);

  // It stays with the account of its original.
  if (wire.appendage.has(ouch::Tag::Firm) &&
      aliases_.account(wire.appendage.firm) != engine_.account_of(order)) {
    fault(order.unsupported, RejectReason::UnsupportedFlag);
  }
  return take_replace(record, wire);
}

ClientResult Gate::take_replace(ReplaceRecord& record, const ouch::ReplaceOrder& wire) {
  const risk::AccountIndex account = engine_.account_of(record.order);
  record.decision = engine_.decide(record.order);
  replaced_ = &wire;
  take(RecordType::Replace, record.order.time, record);
  replaced_ = nullptr;
  catch_up_later(account);
  return {.disconnect = record.decision.disconnect != 0,
          .rejected = record.decision.disposition == Disposition::Reject};
}

void Gate::stage_order(const risk::ReplaceOrder& replace, const risk::Decision& decision) noexcept {
  const risk::NumberRecord* number = engine_.find_number(decision.number);
  const risk::Order& order = engine_.order(decision.order);
  const config::Alias& alias = aliases_.venue(order.instrument);
  ouch::ReplaceOrder message = *replaced_;
  for (std::uint8_t p = 0; p < order.pending_count; ++p) {
    if (order.pending[p].number == number->number)
      message.orig_user_ref_num = order.pending[p].original;
  }
  message.user_ref_num = number->number;
  message.quantity = wire_quantity(replace.total, alias);
  message.price = wire_price(decision.price, alias);
  message.time_in_force = wire_life(replace.time_in_force, replace.ord_type);
  message.cl_ord_id = OwnClOrdId::encode(replace.session, replace.client_ref);
  message.appendage =
      outbound_appendage(replaced_->appendage, deployment_.accounts[order.account.value].firm,
                         aliases_.of(replace.session, order.instrument), alias);
  stage(message);
}

// A total that is no whole lot is rounded down: what stays is never more than was asked for.
ClientResult Gate::cancel(risk::SessionIndex session, const ouch::CancelOrder& wire,
                          Timestamp now) {
  // Of another number space: no order of it is live here.
  if (wire.appendage.has(ouch::Tag::UserRefIdx) && wire.appendage.user_ref_idx != 0)
    return ignore();
  CancelRecord record;
  record.order.time = now;
  record.order.session = session;
  record.order.client_ref = wire.user_ref_num;
  if (const risk::NumberRecord* original = engine_.find_client(session, wire.user_ref_num)) {
    record.order.total = {wire.quantity /
                          aliases_.of(session, original->instrument).quantity_per_lot};
  }
  return take_cancel(record);
}

ClientResult Gate::take_cancel(CancelRecord& record) {
  record.decision = engine_.decide(record.order);
  take(RecordType::Cancel, record.order.time, record);
  return {.disconnect = record.decision.disconnect != 0};
}

// --- orders in the engine's terms

namespace {

ouch::Side wire_side(risk::Side side) {
  switch (side) {
    case risk::Side::Buy:
      return ouch::Side::Buy;
    case risk::Side::Sell:
      return ouch::Side::Sell;
    case risk::Side::SellShort:
      return ouch::Side::SellShort;
    case risk::Side::SellShortExempt:
      return ouch::Side::SellShortExempt;
  }
  return ouch::Side::Buy;
}

// What the venue's link cannot carry is refused.
template <class Command>
void limit_to_link(risk::Lots quantity, const config::Alias& venue, Command& command) {
  if (quantity > venue.quantity_max) command.flags |= risk::kOffLot;
  if (command.price > venue.price_max) fault(command.form, RejectReason::InvalidPrice);
}

void add_post_only(std::uint16_t flags, ouch::Appendage& appendage) {
  if ((flags & risk::kPostOnly) == 0) return;
  appendage.post_only = ouch::kPostOnly;
  appendage.mark(ouch::Tag::PostOnly);
}

}  // namespace

void Gate::complete(risk::NewOrder& order, bool overloaded, std::int64_t now_ns) const noexcept {
  order.time = {now_ns};
  if (overloaded) order.flags |= risk::kOverloaded;
  if (order.instrument.exists())
    limit_to_link(order.quantity, aliases_.venue(order.instrument), order);
}

risk::Decision Gate::what_if(risk::NewOrder order, bool overloaded, std::int64_t now_ns) {
  order.client_ref = engine_.watermark(order.session) + 1;
  complete(order, overloaded, now_ns);
  return engine_.decide(order);
}

ClientResult Gate::on_order(risk::NewOrder order, const OrderName& name, bool overloaded,
                            std::int64_t now_ns) {
  if (order.client_ref <= engine_.watermark(order.session)) return ignore();
  complete(order, overloaded, now_ns);
  // What the venue's message has beside the order's terms, which stage_order writes.
  ouch::EnterOrder wire;
  wire.side = wire_side(order.side);
  wire.display = ouch::kDisplayVisible;
  wire.capacity = ouch::kCapacityAgency;
  wire.inter_market_sweep_eligibility = ouch::kIsoNotEligible;
  wire.cross_type = ouch::kCrossTypeContinuous;
  add_post_only(order.flags, wire.appendage);
  const risk::Lots least =
      order.time_in_force == risk::TimeInForce::FillOrKill ? order.quantity : order.min_quantity;
  if (least.raw > 0) {
    wire.appendage.min_qty = static_cast<std::uint32_t>(least.raw);
    wire.appendage.mark(ouch::Tag::MinQty);
  }
  EnterNamedRecord record{.order = order, .decision = {}, .name = name};
  return take_enter(RecordType::EnterNamed, record, wire);
}

ClientResult Gate::on_order(risk::ReplaceOrder order, bool overloaded, std::int64_t now_ns) {
  if (order.client_ref <= engine_.watermark(order.session)) return ignore();
  order.time = {now_ns};
  if (overloaded) order.flags |= risk::kOverloaded;
  if (const risk::NumberRecord* original = engine_.find_client(order.session, order.original_ref))
    limit_to_link(order.total, aliases_.venue(original->instrument), order);
  ouch::ReplaceOrder wire;
  wire.display = ouch::kDisplayVisible;
  wire.inter_market_sweep_eligibility = ouch::kIsoNotEligible;
  add_post_only(order.flags, wire.appendage);
  ReplaceRecord record{.order = order, .decision = {}};
  return take_replace(record, wire);
}

ClientResult Gate::on_order(risk::CancelOrder order, std::int64_t now_ns) {
  order.time = {now_ns};
  CancelRecord record{.order = order, .decision = {}};
  return take_cancel(record);
}

// Firm and symbol are resolved here, once, so that the record says what was meant. Blank means all.
// A tag would narrow what is asked for, and is refused rather than overlooked.
ClientResult Gate::firm_control(const ouch::Appendage& appendage, FirmControlRecord record) {
  const risk::SessionIndex session{record.session};
  const bool query = record.type == ouch::AccountQuery::kType;
  if (!query && record.client_ref <= engine_.watermark(session)) return ignore();
  const auto blank = [](const auto& text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c == ' ' || c == '\0'; });
  };
  record.known = query || (appendage.present == 0 && !appendage.has_unknown_tag) ? 1 : 0;
  if (!blank(record.firm)) {
    const risk::AccountIndex account = aliases_.account(record.firm);
    record.account = account.value;
    if (!may_use(session, account)) record.known = 0;
  }
  const std::uint8_t action =
      record.type == ouch::MassCancel::kType ? risk::kMayMassCancel : risk::kMayDisable;
  if (!query && (engine_.parameters().sessions[session.value].actions & action) == 0)
    record.known = 0;
  if (!blank(record.symbol)) {
    const config::Alias* alias = aliases_.find(session, record.symbol);
    if (alias == nullptr) {
      record.known = 0;
    } else {
      record.instrument = alias->instrument.value;
    }
  }
  if (!engine_.has_exit_token(session, record.time)) record.over_rate = 1;
  take(RecordType::FirmControl, record.time, record);
  return {.disconnect = record.over_rate != 0};
}

}  // namespace portcullis::gateway::gate
