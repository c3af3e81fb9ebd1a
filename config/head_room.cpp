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

// Of one lot.
std::optional<Ratio> lot_value_max(const Deployment& deployment, risk::InstrumentIndex index) {
  const risk::InstrumentParameters& instrument = deployment.parameters.instruments[index.value];
  const auto mark_max = whole(deployment.instruments[index.value].mark_max.raw);
  const auto units =
      whole(instrument.units_per_lot_mark) * unit_value_max(deployment, instrument.settlement);
  if (instrument.payoff == risk::Payoff::Inverse) return units * whole(2) / mark_max;
  return units * mark_max;
}

std::optional<std::int64_t> rounded_up(const std::optional<Ratio>& value, std::int64_t max) {
  if (!value) return std::nullopt;
  const risk::Int128 quanta = risk::ceil_div(value->numerator, value->denominator);
  if (quanta > max) return std::nullopt;
  return static_cast<std::int64_t>(quanta);
}

}  // namespace

std::optional<std::int64_t> value_max(const Deployment& deployment,
                                      risk::InstrumentIndex instrument, risk::Lots lots) {
  if (lots.raw == 0) return 0;
  return rounded_up(whole(lots.raw) * lot_value_max(deployment, instrument), risk::kValueMax);
}

std::optional<std::int64_t> value_max(const Deployment& deployment, risk::AssetIndex asset,
                                      std::int64_t units) {
  if (units == 0) return 0;
  return rounded_up(whole(units) * unit_value_max(deployment, asset), risk::kValueMax);
}

std::optional<std::int64_t> notional_max(const Deployment& deployment,
                                         risk::InstrumentIndex instrument, risk::Lots lots) {
  const risk::InstrumentParameters& parameters =
      deployment.parameters.instruments[instrument.value];
  if (!parameters.reference.exists() || lots.raw == 0) {
    return value_max(deployment, instrument, lots);
  }
  const auto reference_lots =
      whole(lots.raw) * whole(parameters.reference_lots_ppm) / whole(risk::kPpm);
  return rounded_up(reference_lots * lot_value_max(deployment, parameters.reference),
                    risk::kValueMax);
}

std::optional<std::int64_t> gain_max(const Deployment& deployment, risk::InstrumentIndex instrument,
                                     risk::Lots lots, std::int64_t shock_ppm) {
  const risk::InstrumentParameters& parameters =
      deployment.parameters.instruments[instrument.value];
  std::optional<risk::Int128> fines;
  if (parameters.risk == risk::RiskSource::Table) {
    // At most 2^40 lots (kLotsMax), 2^61 and 2^28.
    const risk::Int128 most = risk::Int128{parameters.vector_unit} * parameters.vector_cap;
    if (most <= kFinesMax) fines = most * lots.raw;
  } else if (const auto value = notional_max(deployment, instrument, lots)) {
    fines = risk::Int128{*value} * shock_ppm;
  }
  if (!fines || *fines > kFinesMax) return std::nullopt;
  return static_cast<std::int64_t>(*fines);
}

}  // namespace portcullis::config
