// Add-ons: what is charged on net and gross drivers beside the scenarios (METHOD 3.11). Each is
// worked out from exact sums and rounded up once, to a fine.
#include <algorithm>

#include "risk/engine.h"

namespace portcullis::risk {

namespace {

// The most that a ramp is continued to beyond its cap.
constexpr Int128 kRampFarPpm = 1'000'000'000;

// The larger end of what a driver may become, or is.
Int128 magnitude(const Exposure& exposure, bool with_orders) {
  if (with_orders) return std::max(exposure.high.raw, -exposure.low.raw);
  return std::max(exposure.position.raw, -exposure.position.raw);
}

// The ends of a sum of drivers.
struct Ends {
  Int128 low = 0;
  Int128 high = 0;
  void add(const Exposure& exposure, bool with_orders) {
    low += with_orders ? exposure.low.raw : exposure.position.raw;
    high += with_orders ? exposure.high.raw : exposure.position.raw;
  }
};

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
        Ends ends;
        ends.add(driver(d), with_orders);
        longs += std::max<Int128>(0, ends.high);
        shorts += std::max<Int128>(0, -ends.low);
      }
      return ceil_div(tiers_of(add_on, std::min(longs, shorts), maintenance), denominator);
    }
    case AddOnFunction::Ramp: {
      Ends net;
      Ends offset;
      for (const std::uint32_t d : add_on.drivers) {
        const bool offsets = parameters_.groups[group.value].drivers[d].reach == Reach::LongNet;
        (offsets ? offset : net).add(driver(d), with_orders);
      }
      // What surely offsets it: the end of the other that is nearest to nothing.
      const Int128 high = net.high - std::max<Int128>(0, -offset.high);
      const Int128 low = -net.low - std::max<Int128>(0, offset.low);
      return ramp_charge(add_on, std::max({Int128{0}, high, low}), false, maintenance);
    }
  }
  return 0;
}

// Whether the rate of an amount has reached its most.
bool Engine::is_ramped_out(const AddOnParameters& add_on, Int128 amount) const noexcept {
  const Int128 over = amount - Int128{add_on.threshold.raw} * parameters_.wide_denominator;
  const Int128 unit = assets_[add_on.per.value].unit.raw * add_on.per_units;
  if (over <= 0) return false;
  // While the asset is unpriced it is the most. So many whole steps reach it long before 128 bits.
  return unit == 0 || over / unit > kPpm * Int128{kPpm} ||
         ceil_div(over * add_on.slope_ppm, unit) >= add_on.most_ppm;
}

// In fines; uncapped: as if its rate went on to rise, to a thousand times the amount.
Int128 Engine::ramp_charge(const AddOnParameters& add_on, Int128 amount, bool uncapped,
                           bool maintenance) const noexcept {
  const Int128 denominator = parameters_.wide_denominator;
  const Int128 over = amount - Int128{add_on.threshold.raw} * denominator;
  if (amount <= 0 || over <= 0) return 0;
  Int128 rate = add_on.most_ppm;
  const Int128 unit = assets_[add_on.per.value].unit.raw * add_on.per_units;
  if (!is_ramped_out(add_on, amount)) {
    rate = ceil_div(over * add_on.slope_ppm, unit);
  } else if (uncapped && unit > 0) {
    const bool is_far = over / unit > kPpm * Int128{kPpm};
    rate = std::max(rate, is_far ? kRampFarPpm
                                 : std::min(kRampFarPpm, ceil_div(over * add_on.slope_ppm, unit)));
  }
  const Int128 share = (maintenance ? add_on.maintenance : add_on.initial).front().rate_ppm;
  return ceil_div(ceil_div(amount * rate, denominator) * share, kPpm);
}

// The initial charge at the end of an exit's fill, such that on the way to it the charge is never above
// the line from now: what is bent downwards frees nothing. (An exit moves each line on one side of 0,
// so that all drivers move evenly.)
Int128 Engine::charge_along(GroupIndex group, const AddOnParameters& add_on,
                            const Exposure* exposures,
                            std::span<const DriverChange> changes) const noexcept {
  if (add_on.initial.empty()) return 0;
  if (add_on.function == AddOnFunction::Tiers)
    return charge_of(group, add_on, exposures, changes, true, false);
  const std::uint32_t first = parameters_.groups[group.value].factor_count;
  const auto after = [&](std::uint32_t d) -> const Exposure& {
    for (const DriverChange& change : changes) {
      if (change.driver == d) return change.exposure;
    }
    return exposures[first + d];
  };
  if (add_on.function == AddOnFunction::Hedged) {
    Ends now;  // the sums of shorts and of longs
    Ends then;
    const auto count = [](Ends& ends, const Exposure& exposure) {
      ends.low += std::max<Int128>(0, -exposure.low.raw);
      ends.high += std::max<Int128>(0, exposure.high.raw);
    };
    for (const std::uint32_t d : add_on.drivers) {
      count(now, exposures[first + d]);
      count(then, after(d));
    }
    const Int128 amount = std::min(now.low, now.high) + std::max<Int128>(0, then.low - now.low) +
                          std::max<Int128>(0, then.high - now.high);
    return ceil_div(tiers_of(add_on, amount, false), parameters_.wide_denominator);
  }
  Ends net_now, net_then, offset_now, offset_then;
  for (const std::uint32_t d : add_on.drivers) {
    const bool offsets = parameters_.groups[group.value].drivers[d].reach == Reach::LongNet;
    (offsets ? offset_now : net_now).add(exposures[first + d], true);
    (offsets ? offset_then : net_then).add(after(d), true);
  }
  const Int128 high_now = net_now.high - std::max<Int128>(0, -offset_now.high);
  const Int128 low_now = -net_now.low - std::max<Int128>(0, offset_now.low);
  const Int128 high_then = net_then.high - (offset_now.high <= 0 ? -offset_then.high : 0);
  const Int128 low_then = -net_then.low - (offset_now.low >= 0 ? offset_then.low : 0);
  const Int128 now = std::max({Int128{0}, high_now, low_now});
  const Int128 then = std::max({Int128{0}, high_then, low_then});
  return ramp_charge(add_on, std::max(now, then), then > now && !is_ramped_out(add_on, now), false);
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
