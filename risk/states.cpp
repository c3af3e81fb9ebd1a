// What an account may do by its margin: states with entry and exit, the day's loss, and the
// allowance to wind down (METHOD 3.6 and 3.15). A state changes by Recheck and by nothing else.
#include <algorithm>

#include "risk/engine.h"
#include "risk/refusal.h"

namespace portcullis::risk {

Timestamp Engine::expires(AccountIndex index) const noexcept {
  const Account& account = accounts_[index.value];
  Timestamp first = account.expires;
  for (std::uint32_t at = account.first_slot; at != kNil; at = slots_[at].next) {
    first = std::min(first, slots_[at].expires);
  }
  return first;
}

// The worst state whose band the account is in. A ratio is compared by its products, so that where
// nothing is required the sign of the equity decides.
Engine::Ratio Engine::ratio_of(AccountIndex index, MarginBasis basis) const noexcept {
  if (basis == MarginBasis::Initial)
    return {accounts_[index.value].capital.raw, requirement(index)};
  const bool orders = parameters_.maintenance_includes_orders;
  return {rounded_capital(capital_exact(index, orders ? Costs{} : Costs::none(), true)),
          recompute(index, nullptr, orders, {true, SetAction::Enforce}, nullptr)};
}

MarginState Engine::state_of(AccountIndex index) const noexcept {
  const Account& account = accounts_[index.value];
  const Ratio initial = ratio_of(index, MarginBasis::Initial);
  const Ratio maintenance = ratio_of(index, MarginBasis::Maintenance);
  MarginState state = MarginState::Normal;
  for (const BandParameters& band : parameters_.bands) {
    const Ratio& ratio = band.basis == MarginBasis::Initial ? initial : maintenance;
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

Engine::StateChange Engine::apply(const Recheck& recheck) noexcept {
  advance(recheck.time);
  refresh(recheck.account);
  Account& account = accounts_[recheck.account.value];
  StateChange change{account.state, account.state, false};
  if (!account.in_range || is_stale(recheck.account, last_time_)) return change;
  hash_.touch(EntityKind::Account, recheck.account.value);
  change.after = account.state = state_of(recheck.account);
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
  return change;
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
