// NaiveModel: margin states, the day's loss, the wind-down allowance (METHOD 3.6, 3.15).
#include <algorithm>

#include "tests/support/naive_math.h"
#include "tests/support/naive_model.h"

namespace portcullis::support {

using namespace portcullis::risk;

bool NaiveModel::Ratio::below(std::int64_t ppm) const {
  return times(value, kPpm) < times(required, ppm);
}

// The initial margin is that of positions and orders, the maintenance margin that of the positions
// alone, unless orders count too.
NaiveModel::Ratio NaiveModel::ratio(std::uint32_t account, MarginBasis basis) const {
  Book counted = book(account);
  if (basis == MarginBasis::Maintenance && !parameters_.maintenance_includes_orders) {
    counted.open.clear();
  }
  const Units paid = costs(counted);
  return {.value = equity(account, basis, paid), .required = requirement(counted, basis, paid)};
}

// The worst band that the account enters, or is in and does not leave.
MarginState NaiveModel::worst_state(std::uint32_t account) const {
  MarginState worst = MarginState::Normal;
  for (const BandParameters& band : parameters_.bands) {
    const bool inside = accounts_[account].state >= band.state;
    const Ratio now = ratio(account, band.basis);
    if (now.below(band.enter_ppm) || (inside && now.below(band.exit_ppm))) {
      worst = std::max(worst, band.state);
    }
  }
  return worst;
}

bool NaiveModel::is_restricted(std::uint32_t account) const {
  return accounts_[account].state >= MarginState::Restricted;
}

// P: what the account is worth, without haircuts, in Wide.
Int128 NaiveModel::plain_equity(std::uint32_t account) const {
  Int128 sum = options_value(account);
  for (std::uint32_t asset = 0; asset < parameters_.assets.size(); ++asset) {
    sum += times(asset_total(account, asset), unit(asset));
  }
  return sum;
}

bool NaiveModel::loss_crossed(std::uint32_t account) const {
  const Int128 loss = accounts_[account].day_start - plain_equity(account);
  const std::uint32_t profile = parameters_.accounts[account].profile;
  return ceil_div(loss, parameters_.wide_denominator) >
         parameters_.profiles[profile].daily_loss_max.raw;
}

// Where the day is closed nothing but exits comes through; where figures cannot be trusted the loss
// cannot either.
RejectReason NaiveModel::check_day(const Question& q, bool reducing) const {
  const bool closed = (accounts_[q.account].flags & kDayClosed) != 0;
  if (by_position(q)) return closed && !reducing ? RejectReason::DailyLoss : RejectReason::None;
  if (!closed && !loss_crossed(q.account)) return RejectReason::None;
  return exit_of(q) ? RejectReason::None : RejectReason::DailyLoss;
}

ModelStateChange NaiveModel::apply(const Recheck& recheck) {
  tick(recheck.time);
  const std::uint32_t index = recheck.account.value;
  ModelAccount& account = accounts_[index];
  ModelStateChange change{.before = account.state, .after = account.state};
  if (account_stale(index, clock_) || !figures_fit(index)) return change;

  const bool was_restricted = is_restricted(index);
  account.state = change.after = worst_state(index);
  if (was_restricted != is_restricted(index)) {
    account.allowance = account.spent = account.required = account.required_positions = 0;
  }
  if (!was_restricted && is_restricted(index) && parameters_.exit_allowance_ppm > 0) {
    const Int128 wide = parameters_.wide_denominator;
    const Int128 fiftieth = ceil_div(gross_of(index), times(50, wide));
    account.required = requirement(book(index));
    const Int128 larger = std::max(account.required, fiftieth);
    account.allowance = floor_div(times(larger, parameters_.exit_allowance_ppm), kPpm);
    Book positions = book(index);
    positions.open.clear();
    account.required_positions = requirement(positions, MarginBasis::Initial, no_costs());
  }
  if (loss_crossed(index)) {
    change.day_closed = (account.flags & kDayClosed) == 0;
    account.flags |= kDayClosed;
  }
  return change;
}

void NaiveModel::apply(const DayStart& start) {
  tick(start.time);
  ModelAccount& account = accounts_[start.account.value];
  account.day_start = plain_equity(start.account.value);
  account.flags = static_cast<std::uint8_t>(account.flags & ~kDayClosed);
}

void NaiveModel::apply(const LeverageCap& cap) {
  tick(cap.time);
  leverage_cap_ = cap.max_ppm;
}

}  // namespace portcullis::support
