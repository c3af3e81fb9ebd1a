#include "gateway/venue_sim/matching_engine.h"

#include <algorithm>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>
#include <variant>

namespace portcullis::gateway::venue_sim {

namespace {

using ouch::RejectCode;
using ouch::Tag;

// Tags that this venue takes. It acts on Firm, MinQty, PostOnly and the AIQ ones and echoes the
// rest; pegs, discretion, routes and second number spaces are refused.
constexpr std::uint32_t kTagsTaken =
    tag_bit(Tag::Firm) | tag_bit(Tag::MinQty) | tag_bit(Tag::CustomerType) |
    tag_bit(Tag::MaxFloor) | tag_bit(Tag::PriceType) | tag_bit(Tag::PostOnly) |
    tag_bit(Tag::RandomReserves) | tag_bit(Tag::HandleInst) | tag_bit(Tag::BboWeightIndicator) |
    tag_bit(Tag::GroupId) | tag_bit(Tag::SharesLocated) | tag_bit(Tag::LocateBroker) |
    tag_bit(Tag::AiqStrategy) | tag_bit(Tag::AiqGroupId);

constexpr std::string_view kAiqStrategies = "*NOWDYowdy";
constexpr ouch::Firm kBlankFirm{' ', ' ', ' ', ' '};
constexpr ouch::Symbol kBlankSymbol{' ', ' ', ' ', ' ', ' ', ' ', ' ', ' '};
constexpr ouch::ClOrdId kBlankClOrdId{' ', ' ', ' ', ' ', ' ', ' ', ' ',
                                      ' ', ' ', ' ', ' ', ' ', ' ', ' '};

bool is_buy(ouch::Side side) { return side == ouch::Side::Buy; }

const ouch::Firm& firm_of(const ouch::Appendage& tags) {
  return tags.has(Tag::Firm) ? tags.firm : kBlankFirm;
}

// What an enter and a replace have in common. Other stands for everything without a code.
std::optional<RejectCode> check_details(std::uint32_t quantity, std::uint64_t price,
                                        ouch::TimeInForce time_in_force, char display,
                                        const ouch::Appendage& tags) {
  const bool ioc = time_in_force == ouch::TimeInForce::ImmediateOrCancel;
  if (quantity == 0 || quantity > ouch::kQuantityMax) return RejectCode::InvalidQuantity;
  if (price == 0 || price > ouch::kPriceMax) return RejectCode::InvalidPrice;
  if (time_in_force != ouch::TimeInForce::Day && !ioc) return RejectCode::Other;
  if (display != ouch::kDisplayVisible && display != ouch::kDisplayHidden &&
      display != ouch::kDisplayAttributable) {
    return RejectCode::InvalidDisplay;
  }
  if (tags.has_unknown_tag || (tags.present & ~kTagsTaken) != 0) return RejectCode::Other;
  if (tags.has(Tag::PriceType) && tags.price_type != ouch::kPriceTypeLimit) {
    return RejectCode::InvalidPegType;
  }
  if (tags.min_qty > 0 && (!ioc || tags.min_qty > quantity)) return RejectCode::InvalidMinQty;
  if (tags.has(Tag::AiqStrategy) &&
      kAiqStrategies.find(tags.aiq_strategy) == std::string_view::npos) {
    return RejectCode::InvalidAiq;
  }
  return std::nullopt;
}

// '*' is the venue's default.
char aiq_strategy_of(const ouch::Appendage& tags) {
  return tags.has(Tag::AiqStrategy) ? tags.aiq_strategy : '*';
}

bool aiq_is_on(const ouch::Appendage& tags) {
  return (tags.has(Tag::AiqStrategy) || tags.has(Tag::AiqGroupId)) && aiq_strategy_of(tags) != 'N';
}

// Mixes the bits of a number (splitmix64): which trades are busted is a function of seed and match
// number.
std::uint64_t mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15U;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31);
}

template <std::size_t N>
std::string_view text(const ouch::Text<N>& field) {
  return {field.data(), N};
}

}  // namespace

void MatchingEngine::configure(const EngineSettings& settings) { settings_ = settings; }

SessionIndex MatchingEngine::open_session(std::uint64_t now_ns, Outbox& out) {
  out_ = &out;
  timestamp_ = now_ns - settings_.day_start_ns;
  const auto index = static_cast<SessionIndex>(sessions_.size());
  sessions_.emplace_back();
  send(index, ouch::SystemEvent{.event_code = ouch::EventCode::StartOfDay});
  return index;
}

bool MatchingEngine::apply(SessionIndex session, std::uint64_t now_ns,
                           std::span<const std::byte> payload, Outbox& out) {
  ouch::InboundMessage message;
  if (decode(payload, message) != ouch::DecodeError::None) return false;
  out_ = &out;
  timestamp_ = now_ns - settings_.day_start_ns;
  ++counts_.messages;
  std::visit([&](const auto& m) { on(session, m); }, message);
  send_busts();
  return true;
}

Counts MatchingEngine::counts() const {
  Counts counts = counts_;
  for (const Session& session : sessions_) counts.open += session.orders.size();
  return counts;
}

// --- Inputs

void MatchingEngine::on(SessionIndex index, const ouch::EnterOrder& m) {
  Session& session = sessions_[index];
  if (!consume_number(session, m.user_ref_num)) return;

  std::optional<RejectCode> refused;
  if (session.disabled_firms.contains(firm_of(m.appendage))) {
    refused = RejectCode::FirmNotAuthorized;
  } else if (!symbol_is_valid(m.symbol)) {
    refused = RejectCode::InvalidSymbol;
  } else if (!is_buy(m.side) && m.side != ouch::Side::Sell && m.side != ouch::Side::SellShort &&
             m.side != ouch::Side::SellShortExempt) {
    refused = RejectCode::InvalidSide;
  } else if (m.cross_type != ouch::kCrossTypeContinuous) {
    refused = RejectCode::InvalidCrossOrder;
  } else {
    refused = check_details(m.quantity, m.price, m.time_in_force, m.display, m.appendage);
  }
  if (!refused && strikes(settings_.faults.reject_every, reject_turns_)) {
    refused = RejectCode::ProcessingError;
  }
  if (refused) return reject(index, m.user_ref_num, *refused, m.cl_ord_id);

  Order& order = session.orders[m.user_ref_num];
  order.is_buy = is_buy(m.side);
  order.price = m.price;
  order.leaves = m.quantity;
  order.session = index;
  order.number = m.user_ref_num;
  order.reference = ++last_reference_;
  order.book = &books_[m.symbol];
  order.symbol = m.symbol;
  order.side = m.side;
  order.time_in_force = m.time_in_force;
  order.display = m.display;
  order.capacity = m.capacity;
  order.inter_market_sweep_eligibility = m.inter_market_sweep_eligibility;
  order.cross_type = m.cross_type;
  order.cl_ord_id = m.cl_ord_id;
  order.tags = m.appendage;

  const bool dead = strikes(settings_.faults.dead_every, dead_turns_);
  ++counts_.accepted;
  send(index, ouch::Accepted{.user_ref_num = m.user_ref_num,
                             .side = m.side,
                             .quantity = m.quantity,
                             .symbol = m.symbol,
                             .price = m.price,
                             .time_in_force = m.time_in_force,
                             .display = m.display,
                             .order_reference_number = order.reference,
                             .capacity = m.capacity,
                             .inter_market_sweep_eligibility = m.inter_market_sweep_eligibility,
                             .cross_type = m.cross_type,
                             .order_state = dead ? ouch::OrderState::Dead : ouch::OrderState::Live,
                             .cl_ord_id = m.cl_ord_id,
                             .appendage = m.appendage});
  dead ? end(order) : place(order);
}

// The four outcomes of ORDERLIFE 1, in its order but for the third, which is asked last.
void MatchingEngine::on(SessionIndex index, const ouch::ReplaceOrder& m) {
  Session& session = sessions_[index];
  const auto original = session.orders.find(m.orig_user_ref_num);
  if (original == session.orders.end() || m.user_ref_num <= session.last_number ||
      strikes(settings_.faults.ignore_replace_every, ignore_turns_)) {
    ++counts_.ignored;
    return;
  }

  Order& order = original->second;
  ouch::Appendage tags = m.appendage;
  tags.remove(Tag::Firm);  // an order stays with its firm
  const auto inherit = [&](Tag tag, auto member) {
    if (tags.has(tag) || !order.tags.has(tag)) return;
    tags.mark(tag);
    tags.*member = order.tags.*member;
  };
  inherit(Tag::Firm, &ouch::Appendage::firm);
  inherit(Tag::MinQty, &ouch::Appendage::min_qty);
  inherit(Tag::PostOnly, &ouch::Appendage::post_only);
  inherit(Tag::AiqStrategy, &ouch::Appendage::aiq_strategy);
  inherit(Tag::AiqGroupId, &ouch::Appendage::aiq_group_id);
  if (m.quantity <= order.done ||
      check_details(m.quantity, m.price, m.time_in_force, m.display, tags)) {
    cancel(order, order.leaves, ouch::CancelReason::UserRequested);
    return;
  }

  session.last_number = m.user_ref_num;
  if (session.disabled_firms.contains(firm_of(order.tags))) {
    return reject(index, m.user_ref_num, RejectCode::FirmNotAuthorized, m.cl_ord_id);
  }
  if (strikes(settings_.faults.reject_every, reject_turns_)) {
    return reject(index, m.user_ref_num, RejectCode::ReplaceNotAllowed, m.cl_ord_id);
  }

  order.book->remove(order);
  auto node = session.orders.extract(original);  // the order keeps its address
  node.key() = m.user_ref_num;
  session.orders.insert(std::move(node));
  order.price = m.price;
  order.leaves = m.quantity - order.done;
  order.number = m.user_ref_num;
  order.reference = ++last_reference_;
  order.time_in_force = m.time_in_force;
  order.display = m.display;
  order.inter_market_sweep_eligibility = m.inter_market_sweep_eligibility;
  order.cl_ord_id = m.cl_ord_id;
  order.tags = tags;

  const bool dead = strikes(settings_.faults.dead_every, dead_turns_);
  ++counts_.replaced;
  send(index, ouch::Replaced{.orig_user_ref_num = m.orig_user_ref_num,
                             .user_ref_num = m.user_ref_num,
                             .side = order.side,
                             .quantity = order.leaves,
                             .symbol = order.symbol,
                             .price = order.price,
                             .time_in_force = order.time_in_force,
                             .display = order.display,
                             .order_reference_number = order.reference,
                             .capacity = order.capacity,
                             .inter_market_sweep_eligibility = order.inter_market_sweep_eligibility,
                             .cross_type = order.cross_type,
                             .order_state = dead ? ouch::OrderState::Dead : ouch::OrderState::Live,
                             .cl_ord_id = m.cl_ord_id,
                             .appendage = m.appendage});
  dead ? end(order) : place(order);
}

void MatchingEngine::on(SessionIndex index, const ouch::CancelOrder& m) {
  Session& session = sessions_[index];
  const auto found = session.orders.find(m.user_ref_num);
  if (found == session.orders.end() || m.quantity >= found->second.done + found->second.leaves) {
    ++counts_.ignored;
    return;
  }
  Order& order = found->second;
  const std::uint32_t keep = m.quantity > order.done ? m.quantity - order.done : 0;
  cancel(order, order.leaves - keep, ouch::CancelReason::UserRequested);
}

// The response comes first, then the orders in the order in which they were entered.
void MatchingEngine::on(SessionIndex index, const ouch::MassCancel& m) {
  Session& session = sessions_[index];
  if (!consume_number(session, m.user_ref_num)) return;
  if (m.appendage.present != 0 || m.appendage.has_unknown_tag) {
    return reject(index, m.user_ref_num, RejectCode::Other, kBlankClOrdId);
  }
  send(index,
       ouch::MassCancelResponse{
           .user_ref_num = m.user_ref_num, .firm = m.firm, .symbol = m.symbol, .appendage = {}});
  std::vector<Order*> chosen;
  for (auto& [number, order] : session.orders) {
    if (firm_of(order.tags) != m.firm) continue;
    if (m.symbol == kBlankSymbol || order.symbol == m.symbol) chosen.push_back(&order);
  }
  std::sort(chosen.begin(), chosen.end(),
            [](const Order* a, const Order* b) { return a->reference < b->reference; });
  for (Order* order : chosen) {
    cancel(*order, order->leaves, ouch::CancelReason::UserRequested);
  }
}

void MatchingEngine::on(SessionIndex index, const ouch::DisableOrderEntry& m) {
  Session& session = sessions_[index];
  if (!consume_number(session, m.user_ref_num)) return;
  session.disabled_firms.insert(m.firm);
  send(index,
       ouch::DisableResponse{.user_ref_num = m.user_ref_num, .firm = m.firm, .appendage = {}});
}

void MatchingEngine::on(SessionIndex index, const ouch::EnableOrderEntry& m) {
  Session& session = sessions_[index];
  if (!consume_number(session, m.user_ref_num)) return;
  session.disabled_firms.erase(m.firm);
  send(index,
       ouch::EnableResponse{.user_ref_num = m.user_ref_num, .firm = m.firm, .appendage = {}});
}

void MatchingEngine::on(SessionIndex index, const ouch::AccountQuery&) {
  send(index,
       ouch::QueryResponse{.next_user_ref_num = sessions_[index].last_number + 1, .appendage = {}});
}

void MatchingEngine::on(SessionIndex, const ouch::ModifyOrder&) { ++counts_.ignored; }

// --- Matching

void MatchingEngine::place(Order& order) {
  const BookOrder* opposite = order.book->best(!order.is_buy);
  if (order.tags.post_only == ouch::kPostOnly && opposite != nullptr && crosses(order, *opposite)) {
    cancel(order, order.leaves, ouch::CancelReason::PostOnlyContraSide);
    return;
  }
  if (min_qty_is_there(order)) match(order);
  if (order.leaves == 0) {
    end(order);
  } else if (order.time_in_force == ouch::TimeInForce::ImmediateOrCancel) {
    cancel(order, order.leaves, ouch::CancelReason::ImmediateOrCancel);
  } else {
    order.book->add(order);
    if (strikes(settings_.faults.cancel_out_every, cancel_out_turns_)) {
      cancel(order, order.leaves, ouch::CancelReason::System);
    }
  }
}

MatchingEngine::Prevention MatchingEngine::prevention(const Order& incoming, const Order& resting) {
  if (incoming.session != resting.session || !aiq_is_on(incoming.tags) ||
      !aiq_is_on(resting.tags) || incoming.tags.aiq_group_id != resting.tags.aiq_group_id) {
    return Prevention::None;
  }
  const char strategy = aiq_strategy_of(incoming.tags);
  const bool any_firm = strategy >= 'a' && strategy <= 'z';
  if (!any_firm && firm_of(incoming.tags) != firm_of(resting.tags)) return Prevention::None;
  switch (strategy) {
    case 'O':
    case 'o':
      return Prevention::CancelResting;
    case 'D':
    case 'd':
    case 'Y':
    case 'y':
      return Prevention::DecrementBoth;
    default:
      return Prevention::CancelIncoming;
  }
}

// Counts only what is sure to trade: nothing behind an order that self-match prevention would let
// stop or shrink this one.
bool MatchingEngine::min_qty_is_there(const Order& order) const {
  std::uint32_t missing = order.tags.min_qty;
  const BookOrder* next = order.book->best(!order.is_buy);
  while (missing > 0 && next != nullptr && crosses(order, *next)) {
    const auto& resting = static_cast<const Order&>(*next);
    switch (prevention(order, resting)) {
      case Prevention::None:
        missing -= std::min(missing, resting.leaves);
        break;
      case Prevention::CancelResting:
        break;
      case Prevention::CancelIncoming:
      case Prevention::DecrementBoth:
        return false;
    }
    next = order.book->after(*next);
  }
  return missing == 0;
}

void MatchingEngine::match(Order& order) {
  while (order.leaves > 0) {
    BookOrder* best = order.book->best(!order.is_buy);
    if (best == nullptr || !crosses(order, *best)) return;
    auto& resting = static_cast<Order&>(*best);
    if (prevention(order, resting) == Prevention::None) {
      trade(order, resting);
    } else {
      prevent_self_match(order, resting);
    }
  }
}

void MatchingEngine::trade(Order& order, Order& resting) {
  const std::uint32_t quantity = std::min(order.leaves, resting.leaves);
  const std::uint64_t match_number = ++last_match_number_;
  ++counts_.trades;
  counts_.volume += quantity;
  const bool bust =
      mix(settings_.faults.seed ^ match_number) % 1'000'000 < settings_.faults.bust_per_million;
  const auto execute = [&](Order& side, char liquidity) {
    side.leaves -= quantity;
    side.done += quantity;
    ++counts_.executed;
    send(side.session, ouch::Executed{.user_ref_num = side.number,
                                      .quantity = quantity,
                                      .price = resting.price,
                                      .liquidity_flag = liquidity,
                                      .match_number = match_number,
                                      .appendage = {}});
    if (bust) busts_.push_back({side.session, side.number, match_number, side.cl_ord_id});
  };
  execute(order, ouch::kLiquidityRemoved);
  execute(resting, ouch::kLiquidityAdded);
  if (resting.leaves == 0) end(resting);
}

void MatchingEngine::prevent_self_match(Order& order, Order& resting) {
  const std::uint32_t quantity = std::min(order.leaves, resting.leaves);
  const std::uint64_t price = resting.price;
  const char strategy = aiq_strategy_of(order.tags);
  const auto take_off = [&](Order& side, std::uint32_t decrement, char liquidity) {
    side.leaves -= decrement;
    side.done += decrement;
    ++counts_.aiq_canceled;
    send(side.session, ouch::AiqCanceled{.user_ref_num = side.number,
                                         .decrement = decrement,
                                         .reason = ouch::CancelReason::SelfMatchPrevention,
                                         .quantity_prevented = quantity,
                                         .execution_price = price,
                                         .liquidity_flag = liquidity,
                                         .aiq_strategy = strategy,
                                         .appendage = {}});
  };
  switch (prevention(order, resting)) {
    case Prevention::None:
      break;
    case Prevention::CancelResting:
      take_off(resting, resting.leaves, ouch::kLiquidityAdded);
      break;
    case Prevention::CancelIncoming:
      take_off(order, order.leaves, ouch::kLiquidityRemoved);
      break;
    case Prevention::DecrementBoth:
      take_off(order, quantity, ouch::kLiquidityRemoved);
      take_off(resting, quantity, ouch::kLiquidityAdded);
      break;
  }
  if (resting.leaves == 0) end(resting);
}

// --- Helpers

// Numbers strictly increase; a repeated or lower one is a resend and is ignored.
bool MatchingEngine::consume_number(Session& session, std::uint32_t number) {
  if (number <= session.last_number) {
    ++counts_.ignored;
    return false;
  }
  session.last_number = number;
  return true;
}

bool MatchingEngine::symbol_is_valid(const ouch::Symbol& symbol) const {
  if (!settings_.symbols.empty()) {
    return std::find(settings_.symbols.begin(), settings_.symbols.end(), symbol) !=
           settings_.symbols.end();
  }
  return symbol != kBlankSymbol && ouch::is_printable_ascii(symbol);
}

void MatchingEngine::cancel(Order& order, std::uint32_t decrement, ouch::CancelReason reason) {
  order.leaves -= decrement;
  ++counts_.canceled;
  send(
      order.session,
      ouch::Canceled{
          .user_ref_num = order.number, .decrement = decrement, .reason = reason, .appendage = {}});
  if (order.leaves == 0) end(order);
}

void MatchingEngine::end(Order& order) {
  if (order.level != nullptr) order.book->remove(order);
  sessions_[order.session].orders.erase(order.number);
}

void MatchingEngine::reject(SessionIndex session, std::uint32_t number, RejectCode reason,
                            const ouch::ClOrdId& cl_ord_id) {
  ++counts_.rejected;
  send(session,
       ouch::Rejected{
           .user_ref_num = number, .reason = reason, .cl_ord_id = cl_ord_id, .appendage = {}});
}

void MatchingEngine::send_busts() {
  for (const Bust& bust : busts_) {
    ++counts_.broken;
    send(bust.session, ouch::BrokenTrade{.user_ref_num = bust.number,
                                         .match_number = bust.match_number,
                                         .reason = ouch::kBrokenTradeErroneous,
                                         .cl_ord_id = bust.cl_ord_id,
                                         .appendage = {}});
  }
  busts_.clear();
}

template <class Message>
void MatchingEngine::send(SessionIndex session, Message message) {
  message.timestamp = timestamp_;
  std::vector<std::byte>& bytes = out_->bytes;
  const std::size_t offset = bytes.size();
  bytes.resize(offset + ouch::kMaxMessageSize);
  const std::size_t size = encode(message, std::span(bytes).subspan(offset));
  bytes.resize(offset + size);
  out_->messages.push_back({session, offset, size});
}

bool MatchingEngine::strikes(std::uint32_t every, std::uint64_t& turns) const {
  ++turns;
  return every != 0 && (turns + settings_.faults.seed) % every == 0;
}

std::string MatchingEngine::describe() const {
  std::ostringstream out;
  out << "references " << last_reference_ << ", matches " << last_match_number_ << ", turns "
      << reject_turns_ << ' ' << dead_turns_ << ' ' << ignore_turns_ << ' ' << cancel_out_turns_
      << '\n';
  for (std::size_t i = 0; i < sessions_.size(); ++i) {
    out << "session " << i << ": last number " << sessions_[i].last_number;
    for (const ouch::Firm& firm : sessions_[i].disabled_firms) out << ", disabled " << text(firm);
    out << '\n';
  }
  for (const auto& [symbol, book] : books_) {
    for (const bool buy : {true, false}) {
      for (const BookOrder* o = book.best(buy); o != nullptr; o = book.after(*o)) {
        const auto& order = static_cast<const Order&>(*o);
        out << text(symbol) << ' ' << static_cast<char>(order.side) << ' ' << order.price << " x "
            << order.leaves << ", done " << order.done << ", session " << order.session
            << ", number " << order.number << ", reference " << order.reference << ", "
            << text(order.cl_ord_id) << ", firm " << text(firm_of(order.tags)) << '\n';
      }
    }
  }
  return out.str();
}

}  // namespace portcullis::gateway::venue_sim
