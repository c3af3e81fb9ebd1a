#include "config/head_room.h"

#include "config/ratio.h"

namespace portcullis::config {

namespace {

std::optional<Ratio> whole(std::int64_t value) {
  if (value <= 0) return std::nullopt;
  return Ratio{value, 1};
}

// Of one unit of the asset.
std::optional<Ratio> unit_value_max(const Deployment& deployment, risk::AssetIndex asset) {
  return whole(deployment.assets[asset.value].index_max) *
         whole(deployment.parameters.assets[asset.value].wide_per_index) /
         whole(deployment.parameters.wide_denominator);
}

std::optional<std::int64_t> rounded_up(const std::optional<Ratio>& value) {
  if (!value) return std::nullopt;
  const risk::Int128 quanta = risk::ceil_div(value->numerator, value->denominator);
  if (quanta > risk::kValueMax) return std::nullopt;
  return static_cast<std::int64_t>(quanta);
}

}  // namespace

std::optional<std::int64_t> value_max(const Deployment& deployment,
                                      risk::InstrumentIndex instrument, risk::Lots lots) {
  if (lots.raw == 0) return 0;
  const risk::InstrumentParameters& parameters =
      deployment.parameters.instruments[instrument.value];
  return rounded_up(whole(lots.raw) * whole(parameters.units_per_lot_mark) *
                    whole(deployment.instruments[instrument.value].mark_max.raw) *
                    unit_value_max(deployment, parameters.settlement));
}

std::optional<std::int64_t> value_max(const Deployment& deployment, risk::AssetIndex asset,
                                      std::int64_t units) {
  if (units == 0) return 0;
  return rounded_up(whole(units) * unit_value_max(deployment, asset));
}

}  // namespace portcullis::config
