// The limits of a profile by their names, as warnings and `portcullis tune` tell them.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace portcullis::config {

enum class Limit : std::uint8_t {
  Clip,
  NotionalMax,
  Collar,
  LongMax,
  ShortMax,
  InstrumentGross,
  Gross,
  OpenOrders,
  Leverage,
  Margin,
  DailyLoss,
  Rate,
};
inline constexpr std::array<std::string_view, 12> kLimitNames{
    "clip",  "notional_max",    "collar",   "long_max", "short_max",      "instrument_gross",
    "gross", "open_orders_max", "leverage", "margin",   "daily_loss_max", "rate"};
constexpr std::string_view name_of(Limit limit) {
  return kLimitNames[static_cast<std::size_t>(limit)];
}
constexpr bool is_of_one_order(Limit limit) { return limit <= Limit::Collar; }
// Of what is in use at any time, so that it can be looked at.
constexpr bool is_standing(Limit limit) { return !is_of_one_order(limit) && limit != Limit::Rate; }
constexpr bool has_instrument(Limit limit) { return limit <= Limit::InstrumentGross; }

}  // namespace portcullis::config
