// What an account may do by its margin: states with entry and exit, the day's loss, and the
// allowance to wind down (METHOD 3.6 and 3.15). A state changes by Recheck and by nothing else.
#include <algorithm>

#include "risk/engine.h"
#include "risk/refusal.h"

namespace portcullis::risk {

// The worst state whose band the account is in. A ratio is compared by its products, so that where
// nothing is required the sign of the equity decides.
Engine::Ratio Engine::ratio_of(AccountIndex index, MarginBasis basis) const noexcept {
  if (basis == MarginBasis::Initial)
    return {accounts_[index.value].capital.raw, requirement(index)};
  const bool orders = parameters_.maintenance_includes_orders;
  return {rounded_capital(capital_exact(index, orders ? Costs{} : Costs::none(), true)),
          recompute(index, nullptr, orders, {true, SetAction::Enforce}, nullptr)};
}

MarginState Engine::state_of(AccountIndex index, const Ratios& ratios) const noexcept {
  const Account& account = accounts_[index.value];
  MarginState state = MarginState::Normal;
  for (const BandParameters& band : parameters_.bands) {
    const Ratio& ratio = ratios[static_cast<std::size_t>(band.basis)];
    const bool stays = account.state >= band.state && ratio.is_below(band.exit_ppm);
    if (stays || ratio.is_below(band.enter_ppm)) state = std::max(state, band.state);
  }
  return state;
}

// The ratio at which the account leaves its state, and what it has now.
RejectReason Engine::refuse_state(AccountIndex index, Decision& decision) const noexcept {
  const Account& account = accounts_[index.value];
  for (const BandParameters& band : parameters_.bands) {
    if (band.state != account.state) continue;
    const Ratio ratio = ratio_of(index, band.basis);
    Int128 now = ratio.value < 0 ? -kPpm : 0;
    if (ratio.required > 0) now = floor_div(ratio.value * kPpm, ratio.required);
    // It may have recovered without having been rechecked.
    refuse(RejectReason::MarginState, decision, band.exit_ppm, band.exit_ppm,
           saturate(std::min<Int128>(now, band.exit_ppm - 1)));
  }
  return RejectReason::MarginState;
}

// In Wide.
Int128 Engine::day_loss(AccountIndex account) const noexcept {
  return accounts_[account.value].day_start.raw - accounts_[account.value].plain_equity.raw;
}

bool Engine::day_is_lost(AccountIndex account) const noexcept {
  const Value most =
      parameters_.profiles[parameters_.accounts[account.value].profile].daily_loss_max;
  return day_loss(account) > Int128{most.raw} * parameters_.wide_denominator;
}

Value Engine::loss_of_day(AccountIndex account) const noexcept {
  return quanta_up({day_loss(account)});
}

Engine::StateChange Engine::apply(const Recheck& recheck) noexcept {
  advance(recheck.time);
  refresh(recheck.account);
  Account& account = accounts_[recheck.account.value];
  StateChange change{account.state, account.state, false};
  if (!account.in_range || is_stale(recheck.account, last_time_)) {
    unwatch(recheck.account);
    return change;
  }
  const Ratios ratios{ratio_of(recheck.account, MarginBasis::Initial),
                      ratio_of(recheck.account, MarginBasis::Maintenance)};
  hash_.touch(EntityKind::Account, recheck.account.value);
  change.after = account.state = state_of(recheck.account, ratios);
  const bool was_restricted = change.before >= MarginState::Restricted;
  const bool is_restricted = change.after >= MarginState::Restricted;
  if (was_restricted != is_restricted) {
    account.allowance = account.spent = account.required = account.required_positions = {};
  }
  if (is_restricted && !was_restricted && parameters_.exit_allowance_ppm > 0) {
    const Int128 required = requirement(recheck.account);
    const Int128 positions = recompute(recheck.account, nullptr, false, {}, nullptr);
    const Int128 gross = ceil_div(account.gross.raw, Int128{50} * parameters_.wide_denominator);
    bool fits = true;
    account.allowance = {
        narrow(std::max(required, gross) * parameters_.exit_allowance_ppm / kPpm, fits)};
    account.required = {narrow(required, fits)};
    account.required_positions = {narrow(positions, fits)};
    if (!fits) account.allowance = {};
  }
  if (day_is_lost(recheck.account)) {
    change.day_closed = (account.flags & kDayClosed) == 0;
    account.flags |= kDayClosed;
  }
  watch(recheck.account, ratios);
  return change;
}

// --- the watch

// What of the account's margin stands on the group's prices, in Wide: every lot that it has or may
// come to have, and what it has and owes of the assets that move with the group, or with none.
Int128 Engine::stake_of(const GroupSlot& slot) const noexcept {
  Int128 stake = 0;
  for (std::uint32_t at = slot.first_line; at != kNil; at = lines_[at].next) {
    const Line& line = lines_[at];
    const InstrumentState& instrument = instruments_[line.instrument.value];
    const Lots lots =
        std::max(line.position, -line.position) + line.open[kBuys] + line.open[kSells];
    if (!is_spot(line.instrument))
      stake += lots.raw * std::max(instrument.notional.raw, instrument.premium.raw);
  }
  for (std::uint32_t a = 0; a < assets_.size(); ++a) {
    if (!stands_in({a}, slot.group)) continue;
    const Holding& of = holding(slot.account, {a});
    const Int128 units =
        std::max(held(of).raw, -held(of).raw) + of.borrowed.raw + of.flow.in.raw + of.flow.out.raw;
    stake += units * assets_[a].unit.raw;
  }
  return stake;
}

// By how many ppm the group's prices must move at least, before the account is at an edge where its
// state or its day becomes another one. Of value - edge * required the one moves with a value of the
// stake at most as equity reacts, the other as the requirement does to what equity reacts to.
Int128 Engine::distance(AccountIndex index, const Ratios& ratios, GroupIndex group,
                        Int128 stake) const noexcept {
  const Account& account = accounts_[index.value];
  const Int128 quanta = ceil_div(stake, parameters_.wide_denominator);
  const Int128 moves = ceil_div(quanta * equity_reaction_ppm_, kPpm);
  const Int128 day =
      Int128{parameters_.profiles[parameters_.accounts[index.value].profile].daily_loss_max.raw} *
          parameters_.wide_denominator -
      day_loss(index);
  Int128 distance =
      (account.flags & kDayClosed) != 0
          ? Watch::kBeyond
          : std::max<Int128>(0, day) / (quanta * parameters_.wide_denominator / kPpm + 1);
  for (const BandParameters& band : parameters_.bands) {
    const Ratio& ratio = ratios[static_cast<std::size_t>(band.basis)];
    const std::int64_t edge = account.state >= band.state ? band.exit_ppm : band.enter_ppm;
    const Int128 above = ratio.value * kPpm - ratio.required * edge;
    const Int128 reacts = kPpm + ceil_div(Int128{edge} * reaction_ppm_[group.value], kPpm);
    const Int128 most = ceil_div(moves * reacts, kPpm) + 1;
    distance = std::min(distance, (above < 0 ? -above : above) / most);
  }
  return distance;
}

void Engine::watch(AccountIndex index, const Ratios& ratios) noexcept {
  const std::uint32_t first = accounts_[index.value].first_slot;
  std::int64_t parts = 0;  // parts of it in groups, which may move together
  for (std::uint32_t s = first; s != kNil; s = slots_[s].next) ++parts;
  for (std::uint32_t s = first; s != kNil; s = slots_[s].next) {
    const Int128 stake = stake_of(slots_[s]);
    const Int128 far = stake == 0 ? Int128{Watch::kBeyond} * parts
                                  : distance(index, ratios, slots_[s].group, stake);
    watch_.put(s, slots_[s].group.value,
               static_cast<std::int64_t>(std::min<Int128>(far / parts, Watch::kBeyond)));
  }
}

void Engine::unwatch(AccountIndex index) noexcept {
  for (std::uint32_t s = accounts_[index.value].first_slot; s != kNil; s = slots_[s].next)
    watch_.drop(s);
}

AccountIndex Engine::take_due() noexcept {
  if (!watch_.is_empty()) {
    const AccountIndex account = slots_[watch_.take()].account;
    unwatch(account);
    return account;
  }
  if (touched_count_ == 0)
    return due_next_ < accounts_.size() ? AccountIndex{due_next_++} : AccountIndex{};
  const AccountIndex account = touched_[touched_first_];
  if (++touched_first_ == touched_.size()) touched_first_ = 0;
  --touched_count_;
  accounts_[account.value].touched = false;
  return account;
}

void Engine::apply(const DayStart& start) noexcept {
  advance(start.time);
  refresh(start.account);
  Account& account = accounts_[start.account.value];
  hash_.touch(EntityKind::Account, start.account.value);
  account.day_start = account.plain_equity;
  account.flags = static_cast<std::uint8_t>(account.flags & ~kDayClosed);
}

void Engine::apply(const LeverageCap& cap) noexcept {
  advance(cap.time);
  leverage_cap_ppm_ = cap.max_ppm;
}

}  // namespace portcullis::risk
