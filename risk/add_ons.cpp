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

// The ends of a sum of drivers.
struct Ends {
  Int128 low = 0;
  Int128 high = 0;
  void add(const Exposure& exposure, bool with_orders) {
    low += with_orders ? exposure.low.raw : exposure.position.raw;
    high += with_orders ? exposure.high.raw : exposure.position.raw;
  }
  // What is on the same side of 0 wherever between the ends it is: nearest to 0.
  [[nodiscard]] Ends surely() const {
    return {std::max<Int128>(0, low), std::min<Int128>(0, high)};
  }
};

// The larger end of what is net, each end brought towards 0 by the end of an offset of opposite sign.
Int128 offset_by(const Ends& net, const Ends& offset) {
  return std::max({Int128{0}, net.high + offset.high, -net.low - offset.low});
}

// What drivers may become long, and what short.
struct Legs {
  Int128 longs = 0;
  Int128 shorts = 0;
  void add(const Exposure& exposure, bool with_orders) {
    Ends ends;
    ends.add(exposure, with_orders);
    longs += std::max<Int128>(0, ends.high);
    shorts += std::max<Int128>(0, -ends.low);
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
  const Exposure* const drivers = exposures + parameters_.groups[group.value].factor_count;
  const Int128 denominator = parameters_.wide_denominator;
  const auto driver = [&](std::uint32_t d) -> const Exposure& {
    return with_changes(drivers, changes, d);
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
      Legs legs;
      for (const std::uint32_t d : add_on.drivers) legs.add(driver(d), with_orders);
      return ceil_div(tiers_of(add_on, std::min(legs.longs, legs.shorts), maintenance),
                      denominator);
    }
    case AddOnFunction::Ramp: {
      Ends net;
      Ends offset;
      for (const std::uint32_t d : add_on.drivers)
        (is_offset(group, d) ? offset : net).add(driver(d), with_orders);
      const Int128 x = offset_by(net, offset.surely());
      const Int128 rate = std::min<Int128>(ramp_rate(add_on, x), add_on.most_ppm);
      return ramp_charge(add_on, x, rate, maintenance);
    }
  }
  return 0;
}

// The rate of an amount in ppm, as if nothing capped it, though not without end: up to a thousand times
// the amount, or the most if that is more.
Int128 Engine::ramp_rate(const AddOnParameters& add_on, Int128 amount) const noexcept {
  const Int128 over = amount - Int128{add_on.threshold.raw} * parameters_.wide_denominator;
  if (amount <= 0 || over <= 0) return 0;
  const Int128 unit = assets_[add_on.per.value].unit.raw * add_on.per_units;
  if (unit == 0) return add_on.most_ppm;  // while the asset is unpriced
  const Int128 end = std::max<Int128>(add_on.most_ppm, 1'000 * kPpm);
  // So many whole steps come to the end long before 128 bits.
  if (over / unit > kPpm * Int128{kPpm}) return end;
  return std::min(end, ceil_div(over * add_on.slope_ppm, unit));
}

// In fines.
Int128 Engine::ramp_charge(const AddOnParameters& add_on, Int128 amount, Int128 rate_ppm,
                           bool maintenance) const noexcept {
  const Int128 share = (maintenance ? add_on.maintenance : add_on.initial).front().rate_ppm;
  return ceil_div(ceil_div(amount * rate_ppm, parameters_.wide_denominator) * share, kPpm);
}

// What its drivers become by a change of the instrument's lots.
Engine::DriverChanges Engine::driver_changes(InstrumentIndex instrument, const CountedLots& before,
                                             const CountedLots& after,
                                             const Exposure* exposures) const noexcept {
  const std::uint32_t first = parameters_.groups[group_of(instrument).value].factor_count;
  DriverChanges drivers;
  for (const Use& use : uses(instrument)) {
    if (use.add_on == kNil) continue;
    DriverChange& driver = drivers.at[drivers.count++];
    driver = {use.exposure - first, exposures[use.exposure]};
    driver.exposure += exposure_of(use, instrument, after.in(use));
    driver.exposure -= exposure_of(use, instrument, before.in(use));
  }
  return drivers;
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
  const Exposure* const drivers = exposures + parameters_.groups[group.value].factor_count;
  if (add_on.function == AddOnFunction::Hedged) {
    Legs now;
    Legs then;
    for (const std::uint32_t d : add_on.drivers) {
      now.add(drivers[d], true);
      then.add(with_changes(drivers, changes, d), true);
    }
    const Int128 amount = std::min(now.longs, now.shorts) +
                          std::max<Int128>(0, then.longs - now.longs) +
                          std::max<Int128>(0, then.shorts - now.shorts);
    return ceil_div(tiers_of(add_on, amount, false), parameters_.wide_denominator);
  }
  Ends net_now, net_then, offset_now, offset_then;
  for (const std::uint32_t d : add_on.drivers) {
    (is_offset(group, d) ? offset_now : net_now).add(drivers[d], true);
    (is_offset(group, d) ? offset_then : net_then).add(with_changes(drivers, changes, d), true);
  }
  const Int128 now = offset_by(net_now, offset_now.surely());
  const Int128 then = offset_by(net_then, {offset_now.low >= 0 ? offset_then.low : 0,
                                           offset_now.high <= 0 ? offset_then.high : 0});
  const Int128 x = std::max(now, then);
  const Int128 rate = ramp_rate(add_on, x);
  const Int128 rate_now = ramp_rate(add_on, now);
  const bool is_capped = then <= now || (rate_now > 0 && rate_now >= add_on.most_ppm);
  return ramp_charge(add_on, x, is_capped ? std::min<Int128>(rate, add_on.most_ppm) : rate, false);
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
