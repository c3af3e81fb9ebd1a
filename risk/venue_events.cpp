// The venue's word (ORDERLIFE 1 and 2). The venue is input: whatever it says is applied, and what
// does not fit is named in the outcome; assertions cover our own invariants only.
#include <algorithm>

#include "risk/engine.h"
#include "risk/order_change.h"

namespace portcullis::risk {

// A trade moves position and cash; direction -1 takes it back, with the fee that it was booked with: the
// higher of maker and taker, per lot, rounded up.
void Engine::trade(AccountIndex account, InstrumentIndex instrument, Side side, Lots lots,
                   Price price, std::int64_t fee_per_lot, int direction) noexcept {
  if (is_spot(instrument)) {
    trade_spot(account, instrument, side, lots, price, fee_per_lot, direction);
    return;
  }
  Line& line = lines_[new_line(account, instrument)];
  const Int128 fees = Int128{fee_per_lot} * lots.raw;
  lift(line);
  line.position.raw += lots.raw * direction * sign_of(side);
  line.cash.raw += direction * (traded(instrument, side, lots, price).raw - fees);
  line.funding +=
      direction * sign_of(side) * Int128{lots.raw} * instruments_[instrument.value].funding_paid;
  place(line);
}

// A spot trade moves the two balances; there is no position.
void Engine::trade_spot(AccountIndex account, InstrumentIndex instrument, Side side, Lots lots,
                        Price price, std::int64_t fee_per_lot, int direction) noexcept {
  const InstrumentParameters& spot = parameters_.instruments[instrument.value];
  const Int128 moved = Int128{lots.raw} * spot.base_per_lot;
  const Int128 paid = price_of_lot(instrument, price) * lots.raw;
  const Int128 fees = Int128{fee_per_lot} * lots.raw;
  const int sign = direction * sign_of(side);
  if (!add_balance(account, spot.base, sign * moved) ||
      !add_balance(account, spot.settlement, -sign * paid - direction * fees)) {
    dispute(account);  // no balance is so large
  }
}

// One more execution without a person having looked; too many stop what adds risk.
void Engine::count_execution(AccountIndex index) noexcept {
  Account& account = accounts_[index.value];
  const ExecutionThrottle& throttle = parameters_.accounts[index.value].executions;
  hash_.touch(EntityKind::Account, index.value);
  if (account.executions.has_token(throttle, last_time_)) {
    account.executions.take(throttle, last_time_);
  } else {
    account.flags |= kThrottled;
  }
}

VenueOutcome Engine::apply(const VenueEvent& event) noexcept {
  advance(event.time);
  VenueOutcome outcome;
  if (event.type == VenueEventType::Broken) {
    break_trade(event, outcome);
    return outcome;
  }
  const NumberRecord* record = numbers_.find(event.number);
  if (record == nullptr) {
    outcome.anomaly = Anomaly::UnknownNumber;
    return outcome;
  }
  outcome.record = *record;
  outcome.known = true;
  outcome.side = record->side;
  if (record->order == kNil && event.type != VenueEventType::Executed) {
    outcome.anomaly = Anomaly::LateEvent;
    return outcome;
  }
  outcome.order = {record->order};
  switch (event.type) {
    case VenueEventType::Accepted:
      accepted(event, outcome);
      break;
    case VenueEventType::Replaced:
      replaced(event, outcome);
      break;
    case VenueEventType::Executed:
      executed(event, outcome);
      break;
    case VenueEventType::Canceled:
    case VenueEventType::AiqCanceled:
      reduced(event, outcome);
      break;
    case VenueEventType::Rejected:
    case VenueEventType::Void:
      refused(event, outcome);
      break;
    case VenueEventType::Broken:
      break;
  }
  if (outcome.order.exists()) {
    const Order& order = orders_[outcome.order.value];
    outcome.leaves = std::max(Lots{0}, order.total - order.cum - order.cancelled);
  }
  return outcome;
}

void Engine::accepted(const VenueEvent& event, VenueOutcome& outcome) noexcept {
  Order& order = orders_[outcome.order.value];
  if (order.acknowledged != 0 || order.head != event.number) {
    outcome.anomaly = Anomaly::Duplicate;
    // The same again says nothing new; anything else, and a replace that was accepted as an order
    // of its own, is more or less than is counted here.
    if (order.head != event.number || event.dead || order.total != event.quantity ||
        order.price != event.price) {
      dispute(order.account);
    }
    return;
  }
  if (order.total != event.quantity || order.price != event.price)
    outcome.anomaly = Anomaly::AcceptedDifferently;
  change_order(outcome.order.value, [&](Order& o) {
    o.acknowledged = 1;
    o.total = event.quantity;
    o.price = event.price;
    if (event.dead) o.cancelled = o.total - o.cum;
  });
  end_if_done(outcome.order.value, outcome);
}

void Engine::replaced(const VenueEvent& event, VenueOutcome& outcome) noexcept {
  Order& order = orders_[outcome.order.value];
  const auto pending =
      std::find_if(order.pending.begin(), order.pending.begin() + order.pending_count,
                   [&](const PendingReplace& p) { return p.number == event.number; });
  if (pending == order.pending.begin() + order.pending_count) {
    outcome.anomaly = Anomaly::Duplicate;
    if (order.acknowledged == 0 || event.dead ||
        event.quantity > order.total - order.cum - order.cancelled || order.price != event.price) {
      dispute(order.account);
    }
    return;
  }
  if (const NumberRecord* original = numbers_.find(order.head)) outcome.other = *original;
  if (pending->total != order.cum + event.quantity || pending->price != event.price ||
      order.head != event.other) {
    outcome.anomaly = Anomaly::AcceptedDifferently;
  }
  // In the place of an order that is none of this chain: then what was the head may live on.
  const auto is_original = [&](const PendingReplace& p) { return p.number == event.other; };
  if (order.head != event.other &&
      std::none_of(order.pending.begin(), order.pending.begin() + order.pending_count,
                   is_original)) {
    dispute(order.account);
  }
  change_order(outcome.order.value, [&](Order& o) {
    make_head(o, *pending);
    o.total = o.cum + event.quantity;
    o.cancelled = event.dead ? event.quantity : Lots{0};
    o.price = event.price;
  });
  end_if_done(outcome.order.value, outcome);
}

// A pending replace has happened, on its own terms.
void Engine::make_head(Order& order, PendingReplace& pending) noexcept {
  numbers_.retire(order.head);
  order.head = pending.number;
  order.acknowledged = 1;
  order.total = pending.total;
  order.cancelled = {};
  order.price = pending.price;
  pending = order.pending[--order.pending_count];
  drop_orphans(order);
}

// The venue executes or cancels a number that was to replace the head: then it has, though nothing
// was said of it.
void Engine::replaced_silently(std::uint32_t index, std::uint32_t number,
                               VenueOutcome& outcome) noexcept {
  Order& order = orders_[index];
  for (std::uint8_t p = 0; p < order.pending_count; ++p) {
    if (order.pending[p].number != number) continue;
    if (const NumberRecord* original = numbers_.find(order.head)) outcome.other = *original;
    change_order(index, [&](Order& o) { make_head(o, o.pending[p]); });
    outcome.anomaly = Anomaly::AcceptedDifferently;
    return;
  }
}

// Pending replaces whose original is neither the head nor a pending number can no longer happen.
void Engine::drop_orphans(Order& order) noexcept {
  for (bool dropped = true; dropped;) {
    dropped = false;
    for (std::uint8_t p = 0; p < order.pending_count; ++p) {
      const std::uint32_t original = order.pending[p].original;
      const bool alive =
          original == order.head ||
          std::any_of(order.pending.begin(), order.pending.begin() + order.pending_count,
                      [&](const PendingReplace& other) { return other.number == original; });
      if (alive) continue;
      numbers_.retire(order.pending[p].number);
      order.pending[p] = order.pending[--order.pending_count];
      dropped = true;
      break;
    }
  }
}

// Whether what is found under an execution's key is that execution: keys can be alike.
bool Engine::is_trade(std::uint32_t at, const VenueEvent& event) const noexcept {
  return at != IndexMap::kNotFound && trades_[at].match == event.match &&
         trades_[at].number == event.number;
}

void Engine::forget_trade(std::uint32_t at) noexcept {
  numbers_.forget_trade_of(trades_[at].number);
  trade_of_.erase(trade_key(trades_[at].match, trades_[at].number));
  trades_[at] = {};
  hash_.touch(EntityKind::Trade, at);
}

// So that the venue can break it, and is not believed when it tells it again. The oldest one makes
// room.
void Engine::remember_trade(const VenueEvent& event, const NumberRecord& record,
                            std::int64_t fee_per_lot) noexcept {
  if (trades_[next_trade_].number != 0) forget_trade(next_trade_);
  hash_.touch(EntityKind::Trade, next_trade_);
  trades_[next_trade_] = {.match = event.match,
                          .number = event.number,
                          .account = record.account,
                          .instrument = record.instrument,
                          .session = record.session,
                          .client_ref = record.client_ref,
                          .client_text = record.client_text,
                          .side = record.side,
                          .quantity = event.quantity,
                          .price = event.price,
                          .fee_per_lot = fee_per_lot};
  trade_of_.insert(trade_key(event.match, event.number), next_trade_);
  trades_used_ = std::max(trades_used_, next_trade_ + 1);
  next_trade_ = (next_trade_ + 1) % static_cast<std::uint32_t>(trades_.size());
}

void Engine::executed(const VenueEvent& event, VenueOutcome& outcome) noexcept {
  const NumberRecord& record = outcome.record;
  // One that is remembered, or that may be one of those of its number that are forgotten: where the
  // venue begins anew it tells what it has told before (ORDERLIFE 2).
  const std::uint32_t known = trade_of_.find(trade_key(event.match, event.number));
  if (is_trade(known, event) || (event.from_the_start && record.has_forgotten_trades != 0)) {
    outcome.anomaly = Anomaly::Duplicate;
    dispute(record.account);
    return;
  }
  if (known != IndexMap::kNotFound) forget_trade(known);  // it would be found in its place
  const std::int64_t fee = fee_per_lot(record.instrument, event.price);
  remember_trade(event, record, fee);
  if (record.order == kNil) {
    outcome.anomaly = Anomaly::LateEvent;
    dispute(record.account);
    if (has_room(record.account, record.instrument)) {
      trade(record.account, record.instrument, record.side, event.quantity, event.price, fee, 1);
      free_line_if_empty(find_line(record.account, record.instrument));
    }
    return;
  }
  Order& order = orders_[record.order];
  const Price worst = order.worst;
  replaced_silently(record.order, event.number, outcome);
  if (event.quantity > std::max(Lots{0}, order.total - order.cum - order.cancelled)) {
    outcome.anomaly = Anomaly::Overfill;
    dispute(record.account);
  } else if (sign_of(order.side) * (event.price.raw - worst.raw) > 0) {
    outcome.anomaly = Anomaly::WorsePrice;
  }
  spend_allowance(order, event.quantity, event.price);
  trade(record.account, record.instrument, record.side, event.quantity, event.price, fee, 1);
  count_execution(record.account);
  change_order(record.order, [&](Order& o) { o.cum += event.quantity; });
  end_if_done(record.order, outcome);
}

// Canceled takes lots off the head; a self-match prevention cancel counts them as executed.
void Engine::reduced(const VenueEvent& event, VenueOutcome& outcome) noexcept {
  replaced_silently(outcome.order.value, event.number, outcome);
  const Order& order = orders_[outcome.order.value];
  if (event.quantity > std::max(Lots{0}, order.total - order.cum - order.cancelled)) {
    // The venue had more in its book than is counted here, and may have more still.
    outcome.anomaly = Anomaly::Overfill;
    dispute(order.account);
  }
  change_order(outcome.order.value, [&](Order& o) {
    (event.type == VenueEventType::Canceled ? o.cancelled : o.cum) += event.quantity;
  });
  end_if_done(outcome.order.value, outcome);
}

// Rejected, or proved never processed: a pending replace and its descendants are void; a head that
// was never accepted has ended.
void Engine::refused(const VenueEvent& event, VenueOutcome& outcome) noexcept {
  Order& order = orders_[outcome.order.value];
  if (order.head == event.number) {
    if (order.acknowledged != 0) {
      // It was processed: counted until it really ends.
      outcome.anomaly = Anomaly::Duplicate;
      dispute(order.account);
      return;
    }
    outcome.ended = true;
    outcome.order = {};
    const std::uint32_t index = outcome.record.order;
    end_order(index);
    return;
  }
  change_order(outcome.order.value, [&](Order& o) {
    for (std::uint8_t p = 0; p < o.pending_count; ++p) {
      if (o.pending[p].number != event.number) continue;
      o.pending[p] = o.pending[--o.pending_count];
      break;
    }
    numbers_.retire(event.number);
    drop_orphans(o);
  });
}

void Engine::break_trade(const VenueEvent& event, VenueOutcome& outcome) noexcept {
  const std::uint32_t at = trade_of_.find(trade_key(event.match, event.number));
  if (!is_trade(at, event)) {
    outcome.anomaly = Anomaly::UnknownTrade;
    if (const NumberRecord* record = numbers_.find(event.number)) {
      outcome.record = *record;
      outcome.known = true;
      dispute(record->account);
    }
    return;
  }
  const Trade broken = trades_[at];
  trades_[at] = {};
  hash_.touch(EntityKind::Trade, at);
  trade_of_.erase(trade_key(event.match, event.number));
  outcome.record = {.number = broken.number,
                    .account = broken.account,
                    .instrument = broken.instrument,
                    .session = broken.session,
                    .client_ref = broken.client_ref,
                    .client_text = broken.client_text,
                    .side = broken.side};
  outcome.known = true;
  outcome.side = broken.side;
  outcome.quantity = broken.quantity;
  if (has_room(broken.account, broken.instrument)) {
    trade(broken.account, broken.instrument, broken.side, broken.quantity, broken.price,
          broken.fee_per_lot, -1);
    free_line_if_empty(find_line(broken.account, broken.instrument));
  } else {
    outcome.anomaly = Anomaly::UnknownTrade;
    dispute(broken.account);
  }
}

// A head with nothing left has had its terminal outcome, and every pending replace is void with it.
void Engine::end_if_done(std::uint32_t index, VenueOutcome& outcome) noexcept {
  const Order& order = orders_[index];
  if (order.total > order.cum + order.cancelled) return;
  outcome.ended = true;
  outcome.order = {};
  end_order(index);
}

}  // namespace portcullis::risk
