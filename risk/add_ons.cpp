// Add-ons: what is charged on net and gross drivers beside the scenarios (METHOD 3.11). Each is
// worked out from exact sums and rounded up once, to a fine.
#include <algorithm>

#include "risk/engine.h"

namespace portcullis::risk {

namespace {

// The larger end of what a driver may become, or is.
Int128 magnitude(const Exposure& exposure, bool with_orders) {
  if (with_orders) return std::max(exposure.high.raw, -exposure.low.raw);
  return std::max(exposure.position.raw, -exposure.position.raw);
}

}  // namespace

// The marginal tiers of an amount in Wide, in Wide times 1e6.
Int128 Engine::tiers_of(const AddOnParameters& add_on, Int128 amount,
                        bool maintenance) const noexcept {
  Int128 sum = 0;
  Int128 counted = 0;
  for (const MarginTier& tier : maintenance ? add_on.maintenance : add_on.initial) {
    const Int128 upto =
        tier.upto.raw == kValueMax
            ? amount
            : std::min(amount, Int128{tier.upto.raw} * parameters_.wide_denominator);
    if (upto <= counted) break;
    sum += (upto - counted) * tier.rate_ppm;
    counted = upto;
  }
  return sum;
}

// One add-on's charge in fines, with some of its drivers as a change would make them. In fines: an
// amount in Wide times a rate in ppm is so many, times the denominator.
Int128 Engine::charge_of(GroupIndex group, const AddOnParameters& add_on, const Exposure* exposures,
                         std::span<const DriverChange> changes, bool with_orders,
                         bool maintenance) const noexcept {
  if ((maintenance ? add_on.maintenance : add_on.initial).empty()) return 0;
  const std::uint32_t first = parameters_.groups[group.value].factor_count;
  const Int128 denominator = parameters_.wide_denominator;
  const auto driver = [&](std::uint32_t d) -> const Exposure& {
    for (const DriverChange& change : changes) {
      if (change.driver == d) return change.exposure;
    }
    return exposures[first + d];
  };
  switch (add_on.function) {
    case AddOnFunction::Tiers: {
      Int128 ramp_ppm = 0;
      if (add_on.ramped_by.exists() && !maintenance) {
        const Int128 over =
            (instruments_[add_on.ramped_by.value].open_interest - add_on.open_interest_low).raw;
        const Int128 range = (add_on.open_interest_high - add_on.open_interest_low).raw;
        ramp_ppm = std::clamp<Int128>(ceil_div(over * kPpm, range), 0, kPpm);
      }
      Int128 sum = 0;
      for (const std::uint32_t d : add_on.drivers) {
        const Int128 amount = magnitude(driver(d), with_orders);
        const Int128 charge = ceil_div(tiers_of(add_on, amount, maintenance), denominator);
        const Int128 whole = ceil_div(amount * kPpm, denominator);
        sum += charge + ceil_div(std::max<Int128>(0, whole - charge) * ramp_ppm, kPpm);
      }
      return sum;
    }
    case AddOnFunction::Hedged: {
      Int128 longs = 0;
      Int128 shorts = 0;
      for (const std::uint32_t d : add_on.drivers) {
        const Exposure& e = driver(d);
        longs += std::max<Int128>(0, with_orders ? e.high.raw : e.position.raw);
        shorts += std::max<Int128>(0, with_orders ? -e.low.raw : -e.position.raw);
      }
      return ceil_div(tiers_of(add_on, std::min(longs, shorts), maintenance), denominator);
    }
    case AddOnFunction::Ramp: {
      Exposure net;
      Exposure offset;
      for (const std::uint32_t d : add_on.drivers) {
        const bool offsets = parameters_.groups[group.value].drivers[d].reach == Reach::LongNet;
        (offsets ? offset : net) += driver(d);
      }
      if (!with_orders) {
        net.low = net.high = net.position;
        offset.low = offset.high = offset.position;
      }
      // What surely offsets it: the end of the other that is nearest to nothing.
      Int128 high = net.high.raw;
      Int128 low = net.low.raw;
      if (high > 0) high = std::max<Int128>(0, high + std::min<Int128>(0, offset.high.raw));
      if (low < 0) low = std::min<Int128>(0, low + std::max<Int128>(0, offset.low.raw));
      const Int128 x = std::max(high, -low);
      const Int128 over = x - Int128{add_on.threshold.raw} * denominator;
      const Int128 unit = assets_[add_on.per.value].unit.raw * add_on.per_units;
      if (x <= 0 || over <= 0) return 0;
      // While the asset is unpriced, the most.
      Int128 rate = add_on.most_ppm;
      if (unit > 0) {
        const Int128 steps =
            over / unit;  // so many whole steps reach the most long before 128 bits
        if (steps <= kPpm * Int128{kPpm})
          rate = std::min(rate, ceil_div(over * add_on.slope_ppm, unit));
      }
      const Int128 share = (maintenance ? add_on.maintenance : add_on.initial).front().rate_ppm;
      return ceil_div(ceil_div(x * rate, denominator) * share, kPpm);
    }
  }
  return 0;
}

Engine::Charges Engine::charges_of(GroupIndex group, const Exposure* exposures, bool with_orders,
                                   bool maintenance) const noexcept {
  Charges charges;
  for (const AddOnParameters& add_on : parameters_.groups[group.value].add_ons) {
    charges[add_on.place] += charge_of(group, add_on, exposures, {}, with_orders, maintenance);
  }
  return charges;
}

}  // namespace portcullis::risk
