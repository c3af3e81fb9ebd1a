// Cash that comes, goes and is borrowed, and the life cycle of instruments (METHOD 3.14).
#include <algorithm>

#include "risk/engine.h"
#include "risk/order_change.h"
#include "risk/refusal.h"

namespace portcullis::risk {

namespace {

// Balances beyond this are refused: no product with a rate and a price could hold them.
constexpr Int128 kBalanceMax = Int128{1} << 90;

}  // namespace

// --- balances

bool Engine::add_balance(AccountIndex index, AssetIndex asset, Int128 units) noexcept {
  if (!has_room(index, asset)) return false;
  Holding& of = holding(index, asset);
  const Int128 after = of.balance.raw + units;
  if (after > kBalanceMax || after < -kBalanceMax) return false;
  of.balance.raw = after;
  Account& account = accounts_[index.value];
  hash_.touch(EntityKind::Account, index.value);
  touch(account);
  const AssetParameters& parameters = parameters_.assets[asset.value];
  if (parameters.mode != CollateralMode::Static)
    new_slot(index, {places_[parameters.factor.value].group});
  return true;
}

// What is paid in or out is neither a loss of the day nor a gain.
void Engine::count_transfer(AccountIndex account, AssetIndex asset, Int128 units) noexcept {
  accounts_[account.value].day_start.raw += units * assets_[asset.value].unit.raw;
}

// What an account has borrowed of an asset, in units: its loans, and what it has overdrawn.
Int128 Engine::borrowed_of(AccountIndex account, AssetIndex asset) const noexcept {
  const Holding& of = holding(account, asset);
  return of.borrowed.raw + std::max<Int128>(0, -of.balance.raw);
}

// Whether an account from which something was taken has enough left (leg 1), and what it has borrowed
// for it was there to borrow.
RejectReason Engine::check_withdrawal(AccountIndex index, AssetIndex asset, Timestamp now,
                                      Int128 borrowed_before, Decision& decision) noexcept {
  using enum RejectReason;
  refresh(index);
  const Account& account = accounts_[index.value];
  const Timestamp stale_after = std::min(accounts_[index.value].expires, index_expires(asset));
  if (stale_after == kUnsafe) return ReferencePriceUnsafe;
  if (now > stale_after)
    return refuse(StaleRiskTable, decision, stale_after.ns, now.ns, stale_after.ns);
  if (!account.in_range) return ArithmeticRange;
  const Int128 borrowed = borrowed_of(index, asset);
  Int128 pool = 0;
  for (std::uint32_t a = 0; a < accounts_.size(); ++a) pool += borrowed_of({a}, asset);
  const Amount most = parameters_.assets[asset.value].borrow_max;
  if (borrowed > borrowed_before && pool > most.raw) {
    const auto value = [&](Int128 units) {
      return ceil_div(units * assets_[asset.value].unit.raw, parameters_.wide_denominator);
    };
    const Int128 before = pool - borrowed + borrowed_before;
    const Int128 left = value(most.raw) - value(before);
    return refuse(BorrowLimit, decision, saturate(value(most.raw)),
                  saturate(std::max(left + 1, value(pool) - value(before))), saturate(left));
  }
  if (account.state >= risk::MarginState::Restricted) return refuse_state(index, decision);
  const Int128 gross = ceil_div(account.gross.raw * parameters_.transfer_notional_ppm,
                                Int128{kPpm} * parameters_.wide_denominator);
  const Int128 left = account.capital.raw - std::max(requirement(index), gross);
  if (left < 0) return refuse(Margin, decision, 0, saturate(-left), 0);
  return None;
}

Decision Engine::decide(const Transfer& transfer) noexcept {
  using enum RejectReason;
  Decision decision;
  decision.parameter_version = parameters_.version;
  const Timestamp now = std::max(last_time_, transfer.time);
  const std::uint32_t slots = slot_count_;
  const auto put = [&](AccountIndex account, std::int64_t units) {
    return !account.exists() || add_balance(account, transfer.asset, units);
  };
  if (transfer.units <= 0) {
    decision.reason = InvalidQuantity;
  } else if (transfer.from == transfer.to) {
    decision.reason = UnknownAccount;
  } else if (!put(transfer.from, -transfer.units)) {
    decision.reason = OrderCapacity;
  } else {
    if (transfer.from.exists()) {
      decision.node = transfer.from.value;
      const Holding& of = holding(transfer.from, transfer.asset);
      const Int128 before =
          of.borrowed.raw + std::max<Int128>(0, -(of.balance.raw + transfer.units));
      decision.reason = check_withdrawal(transfer.from, transfer.asset, now, before, decision);
    }
    if (decision.reason == None && transfer.to.exists()) {
      if (!put(transfer.to, transfer.units)) {
        decision.reason = OrderCapacity;
      } else {
        put(transfer.to, -transfer.units);
      }
    }
    put(transfer.from, transfer.units);
  }
  drop_slots(slots);
  decision.disposition = decision.reason == None ? Disposition::Forward : Disposition::Reject;
  return decision;
}

void Engine::apply(const Transfer& transfer, const Decision& decision) noexcept {
  advance(transfer.time);
  if (decision.disposition != Disposition::Forward) return;
  if (transfer.from.exists()) {
    add_balance(transfer.from, transfer.asset, -transfer.units);
    count_transfer(transfer.from, transfer.asset, -Int128{transfer.units});
  }
  if (transfer.to.exists()) {
    add_balance(transfer.to, transfer.asset, transfer.units);
    count_transfer(transfer.to, transfer.asset, transfer.units);
  }
}

// --- isolated accounts

Decision Engine::submit(const IsolatedOrder& command) noexcept {
  const NewOrder& order = command.order;
  const auto known = [&] {
    return order.account.exists() &&
           parameters_.accounts[order.account.value].isolated_from.exists();
  };
  if (command.units == 0 || !known()) return submit(order);
  if (order.client_ref <= sessions_[order.session.value].watermark) return ignored();
  const Transfer cash = transfer_of(command);
  const bool may_take = is_entitled(order.session, cash.from);
  const Decision of_cash = decide(cash);
  const bool has_cash = may_take && of_cash.disposition == Disposition::Forward;
  const std::uint32_t slots = slot_count_;
  if (has_cash) {
    add_balance(cash.from, cash.asset, -cash.units);
    add_balance(cash.to, cash.asset, cash.units);
  }
  Decision decision = decide(order);
  if (has_cash) {
    add_balance(cash.to, cash.asset, -cash.units);
    add_balance(cash.from, cash.asset, cash.units);
    drop_slots(slots);
  } else if (decision.disposition == Disposition::Forward ||
             decision.reason == RejectReason::Margin || decision.reason == RejectReason::Leverage) {
    // Without its cash it is refused for that.
    const std::uint8_t reducing = decision.reducing;
    decision = of_cash;
    decision.reducing = reducing;
    decision.disposition = Disposition::Reject;
    if (!may_take) decision.reason = RejectReason::NotEntitled;
  }
  apply(command, decision);
  return decision;
}

void Engine::apply(const IsolatedOrder& command, const Decision& decision) noexcept {
  if (decision.disposition == Disposition::Forward && command.units != 0 &&
      parameters_.accounts[command.order.account.value].isolated_from.exists()) {
    apply(transfer_of(command), decision);
  }
  apply(command.order, decision);
}

Transfer Engine::transfer_of(const IsolatedOrder& command) const noexcept {
  const AccountIndex to = command.order.account;
  const AccountParameters& account = parameters_.accounts[to.value];
  return {.time = command.order.time,
          .units = command.units,
          .from = account.isolated_from,
          .to = to,
          .asset = parameters_.instruments[account.isolated_in.value].settlement};
}

// What is left of an isolated position goes back when neither it nor an order is there any more; a
// loss stays.
void Engine::return_isolated(AccountIndex index) noexcept {
  const AccountParameters& account = parameters_.accounts[index.value];
  const AssetIndex asset = parameters_.instruments[account.isolated_in.value].settlement;
  const Int128 units = holding(index, asset).balance.raw;
  if (units <= 0 || !add_balance(account.isolated_from, asset, units)) return;
  add_balance(index, asset, -units);
  count_transfer(index, asset, -units);
  count_transfer(account.isolated_from, asset, units);
}

// --- loans

Decision Engine::decide(const Borrow& borrow) noexcept {
  using enum RejectReason;
  Decision decision;
  decision.parameter_version = parameters_.version;
  decision.node = borrow.account.value;
  const std::uint32_t slots = slot_count_;
  const Holding& of = holding(borrow.account, borrow.asset);
  if (borrow.units == 0 || of.borrowed.raw + borrow.units < 0) {
    decision.reason = InvalidQuantity;
  } else if (borrow.units > 0) {
    const Int128 before = borrowed_of(borrow.account, borrow.asset);
    if (!add_balance(borrow.account, borrow.asset, borrow.units)) {
      decision.reason = OrderCapacity;
    } else {
      Holding& changed = holding(borrow.account, borrow.asset);
      changed.borrowed.raw += borrow.units;
      decision.reason = check_withdrawal(borrow.account, borrow.asset,
                                         std::max(last_time_, borrow.time), before, decision);
      changed.borrowed.raw -= borrow.units;
      add_balance(borrow.account, borrow.asset, -Int128{borrow.units});
    }
  }
  drop_slots(slots);
  decision.disposition = decision.reason == None ? Disposition::Forward : Disposition::Reject;
  return decision;
}

void Engine::apply(const Borrow& borrow, const Decision& decision) noexcept {
  advance(borrow.time);
  if (decision.disposition != Disposition::Forward) return;
  add_balance(borrow.account, borrow.asset, borrow.units);
  holding(borrow.account, borrow.asset).borrowed.raw += borrow.units;
}

bool Engine::apply(const Interest& interest) noexcept {
  advance(interest.time);
  if (!add_balance(interest.account, interest.asset, 0)) return false;
  holding(interest.account, interest.asset).borrowed.raw += interest.units;
  return true;
}

bool Engine::apply(const Conversion& conversion) noexcept {
  advance(conversion.time);
  if (!add_balance(conversion.account, conversion.from, -Int128{conversion.given})) return false;
  if (add_balance(conversion.account, conversion.to, conversion.got)) return true;
  add_balance(conversion.account, conversion.from, conversion.given);
  return false;
}

// --- positions

bool Engine::apply(const PositionTransfer& transfer) noexcept {
  advance(transfer.time);
  if (transfer.from == transfer.to || is_spot(transfer.instrument)) return false;
  if (!has_room(room_needed(transfer.from, transfer.instrument) +
                room_needed(transfer.to, transfer.instrument))) {
    return false;
  }
  const bool buys = transfer.lots.raw >= 0;
  const Lots lots = buys ? transfer.lots : -transfer.lots;
  struct Leg {
    AccountIndex account;
    Side side;
  };
  for (const Leg leg : {Leg{transfer.to, buys ? Side::Buy : Side::Sell},
                        Leg{transfer.from, buys ? Side::Sell : Side::Buy}}) {
    const std::uint32_t at = new_line(leg.account, transfer.instrument);
    Line& line = lines_[at];
    lift(line);
    line.position.raw += sign_of(leg.side) * lots.raw;
    line.cash += traded(transfer.instrument, leg.side, lots, transfer.price);
    line.funding +=
        sign_of(leg.side) * Int128{lots.raw} * instruments_[transfer.instrument.value].funding_paid;
    place(line);
    free_line_if_empty(at);
  }
  return true;
}

// What closing at the mark would pay, funding included, moves into the balance; the position is
// carried at the mark from there.
void Engine::realise_line(Line& line) noexcept {
  const InstrumentState& instrument = instruments_[line.instrument.value];
  Line valued = line;
  value_line(valued);
  lift(line);
  holding(line.account, parameters_.instruments[line.instrument.value].settlement).balance +=
      valued.value;
  // The whole units of funding are paid with it; what is left of one stays owed.
  const Int128 paid =
      ceil_div(line.position.raw * instrument.funding_paid - line.funding, kFundingScale);
  line.funding += paid * kFundingScale;
  line.cash.raw -= valued.value.raw + paid;
  place(line);
  touch(accounts_[line.account.value]);
  hash_.touch(EntityKind::Account, line.account.value);
}

void Engine::realise(AccountIndex account) noexcept {
  for (std::uint32_t s = accounts_[account.value].first_slot; s != kNil; s = slots_[s].next) {
    for (std::uint32_t l = slots_[s].first_line; l != kNil; l = lines_[l].next)
      realise_line(lines_[l]);
  }
}

// --- the life cycle of instruments

// The venue ends them with the instrument; what it still says of them is late.
void Engine::end_orders_in(InstrumentIndex instrument) noexcept {
  for (std::uint32_t o = 0; o < orders_.size(); ++o) {
    if (orders_[o].head != 0 && orders_[o].instrument == instrument) end_order(o);
  }
}

void Engine::apply(const Expire& expire) noexcept {
  advance(expire.time);
  end_orders_in(expire.instrument);
  InstrumentState& instrument = instruments_[expire.instrument.value];
  instrument.mark = expire.price;
  instrument.as_of = last_time_;
  instrument.phase = InstrumentPhase::Expired;
  hash_.touch(EntityKind::Instrument, expire.instrument.value);
  price_instrument(expire.instrument);
  const InstrumentParameters& parameters = parameters_.instruments[expire.instrument.value];
  for (std::uint32_t l = 0; l < lines_.size(); ++l) {
    Line& line = lines_[l];
    if (!line.account.exists() || line.instrument != expire.instrument) continue;
    Line valued = line;
    value_line(valued);
    Amount paid = valued.value;
    if (parameters.upfront) {
      paid.raw += Int128{line.position.raw} * instrument.mark.raw * parameters.units_per_lot_mark;
    }
    lift(line);
    line.position = {};
    line.funding = 0;
    line.cash = paid;
    place(line);
    free_line_if_empty(l);
  }
}

bool Engine::apply(const Split& split) noexcept {
  advance(split.time);
  for (const Line& line : lines_) {
    if (!line.account.exists() || line.instrument != split.instrument) continue;
    const Int128 parts = Int128{line.position.raw} * split.numerator;
    bool fits = true;
    narrow(parts / split.denominator, fits);
    if (!fits || parts % split.denominator != 0) return false;
  }
  end_orders_in(split.instrument);
  InstrumentState& instrument = instruments_[split.instrument.value];
  const bool was_priced = instrument.mark.raw > 0;  // else nothing can be realised yet
  for (Line& line : lines_) {
    if (was_priced && line.account.exists() && line.instrument == split.instrument)
      realise_line(line);
  }
  // Valued anew at once: until the mark is the new one too, positions and mark do not fit.
  instrument.mark = split.mark;
  instrument.as_of = last_time_;
  hash_.touch(EntityKind::Instrument, split.instrument.value);
  price_instrument(split.instrument);
  for (Line& line : lines_) {
    if (!line.account.exists() || line.instrument != split.instrument) continue;
    // Carried at the mark, and what is owed of funding stays as it is.
    const std::int64_t before = line.position.raw;
    lift(line);
    line.position.raw =
        static_cast<std::int64_t>(Int128{before} * split.numerator / split.denominator);
    line.funding += (line.position.raw - before) * instrument.funding_paid;
    if (was_priced) {
      Line valued = line;
      value_line(valued);
      line.cash -= valued.value;
    }
    place(line);
  }
  return true;
}

}  // namespace portcullis::risk
