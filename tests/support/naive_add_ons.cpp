// NaiveModel: drivers and add-ons (METHOD 3.11; risk/parameters.h).
#include <algorithm>

#include "tests/support/naive_math.h"
#include "tests/support/naive_model.h"

namespace portcullis::support {

using namespace portcullis::risk;

// What one lot of an instrument adds to a driver, in Wide.
Int128 NaiveModel::measure(Measure measure, const DriverTerm& term) const {
  const std::uint32_t i = term.instrument.value;
  const InstrumentParameters& p = parameters_.instruments[i];
  const auto published = [&](TableMeasure which) -> Int128 {
    const RiskTable* table = table_of(i);
    if (p.risk != RiskSource::Table || table == nullptr) return 0;
    return times(table->measures[p.row][which], parameters_.wide_denominator);
  };
  switch (measure) {
    case Measure::Notional:
      return notional(i);
    case Measure::Delta:
      return p.risk == RiskSource::Table ? published(kDelta) : notional(i);
    case Measure::Premium:
      return premium(i);
    case Measure::Funding: {
      const Int128 parts = times(funding_predicted_[i], unit(p.settlement.value));
      return parts >= 0 ? ceil_div(parts, kFundingParts) : floor_div(parts, kFundingParts);
    }
    case Measure::Lot:
      return term.per_lot.raw;
    case Measure::Vega:
      return published(kVega);
    case Measure::InitialCharge:
      return published(kInitialCharge);
    case Measure::MaintenanceCharge:
      return published(kMaintenanceCharge);
  }
  return 0;
}

// Between which ends a driver may end, in Wide.
NaiveModel::Interval NaiveModel::driven(const Book& book, const DriverParameters& driver) const {
  Interval sum;
  const auto add = [&](Int128 end, Int128 other) {
    sum.low += std::min(end, other);
    sum.high += std::max(end, other);
  };
  for (const DriverTerm& term : driver.terms) {
    // By one instrument as much may fill as by all.
    const std::size_t group = group_of(term.instrument.value);
    const Interval ends =
        lots(book, term.instrument.value, protected_lots(book.account, group).value_or(0));
    const Int128 per_lot = measure(driver.measure, term);
    const Int128 longs = std::max<Int128>(0, ends.high);
    const Int128 shorts = std::max<Int128>(0, -ends.low);
    switch (driver.reach) {
      case Reach::Net:
        add(times(per_lot, ends.low), times(per_lot, ends.high));
        break;
      case Reach::LongNet:
        add(times(per_lot, std::max<Int128>(0, ends.low)), times(per_lot, longs));
        break;
      case Reach::ShortNet:
        add(times(per_lot, -shorts), times(per_lot, std::min<Int128>(0, ends.high)));
        break;
      case Reach::Gross:
        sum.high += times(magnitude(per_lot), std::max(longs, shorts));
        break;
      case Reach::Long:
        sum.high += times(magnitude(per_lot), longs);
        break;
      case Reach::Short:
        sum.high += times(magnitude(per_lot), shorts);
        break;
      case Reach::Payable:
        sum.high += std::max({Int128{0}, times(per_lot, ends.low), times(per_lot, ends.high)});
        break;
    }
  }
  return sum;
}

// The marginal tiers of an amount in Wide, in Wide times 1e6.
Int128 NaiveModel::tiers(const std::vector<MarginTier>& tiers, Int128 amount) const {
  Int128 sum = 0;
  Int128 below = 0;
  for (const MarginTier& tier : tiers) {
    const bool last = tier.upto.raw == kValueMax;
    const Int128 top =
        last ? amount : std::min(amount, times(tier.upto.raw, parameters_.wide_denominator));
    if (top > below) sum += times(top - below, tier.rate_ppm);
    below = std::max(below, top);
  }
  return sum;
}

// T: the charge for an amount, in fines, rounded up once. Open interest draws it up to the amount.
Int128 NaiveModel::tiers_charge(const AddOnParameters& add_on, MarginBasis basis,
                                Int128 amount) const {
  const bool initial = basis == MarginBasis::Initial;
  const Int128 charge = tiers(initial ? add_on.initial : add_on.maintenance, amount);
  const Int128 wide = parameters_.wide_denominator;
  if (!initial || !add_on.ramped_by.exists()) return ceil_div(charge, wide);
  const Int128 low = add_on.open_interest_low.raw;
  const Int128 range = add_on.open_interest_high.raw - low;
  const Int128 open = open_interest_[add_on.ramped_by.value];
  const Int128 way = std::clamp<Int128>(open - low, 0, range);
  const Int128 ppm = ceil_div(times(way, kPpm), range);
  const Int128 fines = ceil_div(charge, wide);
  const Int128 whole = ceil_div(times(amount, kPpm), wide);
  return fines + ceil_div(times(std::max<Int128>(0, whole - fines), ppm), kPpm);
}

// In fines: a rate of x that rises with x.
Int128 NaiveModel::ramp_charge(const GroupParameters& group, const AddOnParameters& add_on,
                               std::int64_t rate_ppm, const std::vector<Interval>& drivers) const {
  Interval net;
  Interval offset;
  for (std::size_t d = 0; d < drivers.size(); ++d) {
    Interval& sum = group.drivers[add_on.drivers[d]].reach == Reach::LongNet ? offset : net;
    sum.low += drivers[d].low;
    sum.high += drivers[d].high;
  }
  const Int128 below = -net.low - std::max<Int128>(0, offset.low);
  const Int128 above = net.high - std::max<Int128>(0, -offset.high);
  const Int128 x = std::max({Int128{0}, below, above});
  const Int128 wide = parameters_.wide_denominator;
  const Int128 excess = std::max<Int128>(0, x - times(add_on.threshold.raw, wide));
  if (excess == 0) return 0;
  const Int128 each = times(add_on.per_units, unit(add_on.per.value));
  Int128 rate = add_on.most_ppm;
  if (each > 0) rate = std::min(rate, ceil_of(excess, add_on.slope_ppm, each));
  return ceil_div(times(ceil_div(times(x, rate), wide), rate_ppm), kPpm);
}

// What one add-on comes to, in fines.
Int128 NaiveModel::charge(const Book& book, const GroupParameters& group,
                          const AddOnParameters& add_on, MarginBasis basis) const {
  const bool initial = basis == MarginBasis::Initial;
  const std::vector<MarginTier>& rates = initial ? add_on.initial : add_on.maintenance;
  if (rates.empty()) return 0;
  std::vector<Interval> drivers;
  for (const std::uint32_t driver : add_on.drivers) {
    drivers.push_back(driven(book, group.drivers[driver]));
  }
  switch (add_on.function) {
    case AddOnFunction::Tiers: {
      Int128 sum = 0;
      for (const Interval& ends : drivers) {
        const Int128 amount = std::max(magnitude(ends.low), magnitude(ends.high));
        sum += tiers_charge(add_on, basis, amount);
      }
      return sum;
    }
    case AddOnFunction::Hedged: {
      Int128 longs = 0;
      Int128 shorts = 0;
      for (const Interval& ends : drivers) {
        longs += std::max<Int128>(0, ends.high);
        shorts += std::max<Int128>(0, -ends.low);
      }
      return ceil_div(tiers(rates, std::min(longs, shorts)), parameters_.wide_denominator);
    }
    case AddOnFunction::Ramp:
      return ramp_charge(group, add_on, rates[0].rate_ppm, drivers);
  }
  return 0;
}

// The initial charge of `book`, at the end of a fill from the other: of what is not convex no less than
// makes the charge along the fill lie below the line between the two.
Int128 NaiveModel::charge_along(const Book& book, const Book& from, const GroupParameters& group,
                                const AddOnParameters& add_on) const {
  if (add_on.initial.empty()) return 0;
  const auto sums = [&](const Book& of, bool offsets) {
    Interval shorts_longs;
    for (const std::uint32_t driver : add_on.drivers) {
      if (offsets != (group.drivers[driver].reach == Reach::LongNet)) continue;
      const Interval ends = driven(of, group.drivers[driver]);
      const bool hedged = add_on.function == AddOnFunction::Hedged;
      shorts_longs.low += hedged ? std::max<Int128>(0, -ends.low) : ends.low;
      shorts_longs.high += hedged ? std::max<Int128>(0, ends.high) : ends.high;
    }
    return shorts_longs;
  };
  const Interval now = sums(from, false);
  const Interval then = sums(book, false);
  const Int128 wide = parameters_.wide_denominator;
  switch (add_on.function) {
    case AddOnFunction::Tiers:
      return charge(book, group, add_on, MarginBasis::Initial);
    case AddOnFunction::Hedged: {
      // The smaller of two sums: as now, and what either grows by.
      const Int128 grown =
          std::max<Int128>(0, then.low - now.low) + std::max<Int128>(0, then.high - now.high);
      return ceil_div(tiers(add_on.initial, std::min(now.low, now.high) + grown), wide);
    }
    case AddOnFunction::Ramp: {
      const Interval offset_now = sums(from, true);
      const Interval offset_then = sums(book, true);
      const auto larger = [](Int128 below, Int128 above) {
        return std::max({Int128{0}, below, above});
      };
      const Int128 x_now = larger(-now.low - std::max<Int128>(0, offset_now.low),
                                  now.high - std::max<Int128>(0, -offset_now.high));
      // An offset moves as its own end does, if there is one now.
      const Int128 x_then = larger(-then.low - (offset_now.low < 0 ? 0 : offset_then.low),
                                   then.high - (offset_now.high > 0 ? 0 : -offset_then.high));
      const Int128 x = std::max(x_now, x_then);
      const auto excess = [&](Int128 of) {
        return std::max<Int128>(0, of - times(add_on.threshold.raw, wide));
      };
      const Int128 each = times(add_on.per_units, unit(add_on.per.value));
      const auto is_at_most = [&](Int128 of) {
        return excess(of) > 0 &&
               (each == 0 || ceil_of(excess(of), add_on.slope_ppm, each) >= add_on.most_ppm);
      };
      if (excess(x) == 0) return 0;
      Int128 rate = add_on.most_ppm;
      // Where it grows beyond its cap from below, as if there were none: up to a thousand times x.
      if (each > 0) {
        const Int128 free_rate = ceil_of(excess(x), add_on.slope_ppm, each);
        const bool is_free = x_then > x_now && !is_at_most(x_now);
        rate = is_free ? std::min(free_rate, std::max<Int128>(rate, 1'000'000'000))
                       : std::min(rate, free_rate);
      }
      return ceil_div(times(ceil_div(times(x, rate), wide), add_on.initial[0].rate_ppm), kPpm);
    }
  }
  return 0;
}

NaiveModel::Charges NaiveModel::charges(const Book& book, MarginBasis basis,
                                        const Book* from) const {
  Charges sum;
  for (const GroupParameters& group : parameters_.groups) {
    sum.in_group.push_back(0);
    sum.floors.push_back(0);
    for (const AddOnParameters& add_on : group.add_ons) {
      const Int128 fines = from != nullptr ? charge_along(book, *from, group, add_on)
                                           : charge(book, group, add_on, basis);
      switch (add_on.place) {
        case AddOnPlace::Group:
          sum.in_group.back() += fines;
          break;
        case AddOnPlace::Floor:
          sum.floors.back() += fines;
          break;
        case AddOnPlace::Joint:
          sum.joint += fines;
          break;
        case AddOnPlace::Outside:
          sum.outside += fines;
          break;
      }
    }
  }
  return sum;
}

}  // namespace portcullis::support
