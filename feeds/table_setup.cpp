#include "feeds/table_setup.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "config/iso_time.h"

namespace portcullis::feeds {

namespace {

// An option counts as having a day to live at least when its volatility is moved.
constexpr std::int64_t kDaysMinPpm = risk::kPpm;

bool is_in(const risk::GroupParameters& group, risk::FactorIndex factor) {
  return factor.value - group.first_factor < group.factor_count;
}

VolatilityShock volatility_of(const config::GroupSettings& group) {
  VolatilityShock shock{.days_min_ppm = kDaysMinPpm};
  if (!group.volatility) return shock;
  shock.up_ppm = group.volatility->up_ppm;
  shock.down_ppm = group.volatility->down_ppm;
  shock.pivot_days = group.volatility->pivot_days;
  shock.short_power_ppm = group.volatility->short_power_ppm;
  shock.long_power_ppm = group.volatility->long_power_ppm;
  shock.floor_up_ppm = group.volatility->floor_up_ppm;
  return shock;
}

// The place of the chain that expires then; a new one where there is none.
std::uint32_t chain_of(TableGroup& group, risk::Timestamp expiry) {
  auto& chains = group.chains;
  const auto found = std::find_if(chains.begin(), chains.end(),
                                  [&](const TableChain& chain) { return chain.expiry == expiry; });
  const auto place = static_cast<std::uint32_t>(found - chains.begin());
  if (found == chains.end())
    chains.push_back({.name = config::to_iso_time(expiry), .expiry = expiry, .anchor = 0});
  return place;
}

class Setup {
 public:
  explicit Setup(const config::Deployment& deployment) : deployment_(deployment) {
    setup_.anchors.resize(deployment.instruments.size());
    setup_.rows.resize(deployment.instruments.size());
    setup_.indexes.resize(deployment.assets.size());
  }

  TableSetup run() {
    for (std::uint32_t g = 0; g < deployment_.groups.size(); ++g)
      if (const auto& rebuild = deployment_.groups[g].rebuild) add({g}, *rebuild);
    return std::move(setup_);
  }

 private:
  void add(risk::GroupIndex index, const config::TableRebuildSettings& rebuild) {
    const risk::GroupParameters& parameters = deployment_.parameters.groups[index.value];
    const auto place = static_cast<std::uint32_t>(setup_.groups.size());
    TableGroup group;
    group.name = deployment_.names.risk_groups.name(index);
    group.description = table_description(deployment_, index);
    group.rebuild = {.age_ns = rebuild.age_ns,
                     .pause_ns = rebuild.pause_ns,
                     .price_move_ppm = rebuild.price_move_ppm,
                     .volatility_move_ppm = rebuild.volatility_move_ppm,
                     .table_age_max_ns = parameters.table_age_max_ns,
                     .table_move_max_ppm = parameters.table_move_max_ppm,
                     .price_age_max_ns = rebuild.price_age_max_ns,
                     .volatility_age_max_ns = rebuild.volatility_age_max_ns,
                     .basis_max_ppm = rebuild.basis_max_ppm};
    const config::InstrumentSettings& anchor = deployment_.instruments[rebuild.anchor.value];
    group.anchors = {{.name = deployment_.names.instruments.name(rebuild.anchor),
                      .instrument = rebuild.anchor,
                      .mark_unit = scaled(1, anchor.mark_decimals)}};
    setup_.anchors[rebuild.anchor.value].push_back({place, 0});
    const std::vector<risk::InstrumentIndex> instruments = table_instruments(deployment_, index);
    for (std::uint32_t row = 0; row < instruments.size(); ++row) {
      const risk::InstrumentIndex i = instruments[row];
      group.description.rows[row].source = table_option(deployment_, index, i);
      const risk::AssetIndex settlement = deployment_.parameters.instruments[i.value].settlement;
      group.rows.push_back({.chain = chain_of(group, deployment_.instruments[i.value].expiry),
                            .settlement = asset_of(group, place, settlement)});
      setup_.rows[i.value].push_back({place, row});
    }
    setup_.groups.push_back(std::move(group));
  }

  // The place of the asset; a new one where it is not there yet.
  std::uint32_t asset_of(TableGroup& group, std::uint32_t group_place, risk::AssetIndex asset) {
    auto& places = setup_.indexes[asset.value];
    if (!places.empty() && places.back().group == group_place) return places.back().place;
    const config::AssetSettings& settings = deployment_.assets[asset.value];
    TableAsset& added = group.assets.emplace_back();
    added.name = deployment_.names.assets.name(asset);
    if (settings.fixed_index > 0)
      added.fixed_index = scaled(settings.fixed_index, settings.index_decimals);
    const auto place = static_cast<std::uint32_t>(group.assets.size() - 1);
    places.push_back({group_place, place});
    return place;
  }

  const config::Deployment& deployment_;
  TableSetup setup_;
};

}  // namespace

double scaled(std::int64_t value, int decimals) {
  return static_cast<double>(value) / std::pow(10.0, decimals);
}

std::vector<risk::InstrumentIndex> table_instruments(const config::Deployment& deployment,
                                                     risk::GroupIndex group) {
  const risk::GroupParameters& parameters = deployment.parameters.groups[group.value];
  std::vector<risk::InstrumentIndex> instruments(parameters.row_count);
  for (std::uint32_t i = 0; i < deployment.parameters.instruments.size(); ++i) {
    const risk::InstrumentParameters& instrument = deployment.parameters.instruments[i];
    if (instrument.risk == risk::RiskSource::Table && is_in(parameters, instrument.factor))
      instruments[instrument.row] = {i};
  }
  return instruments;
}

TableDescription table_description(const config::Deployment& deployment, risk::GroupIndex group) {
  const risk::GroupParameters& parameters = deployment.parameters.groups[group.value];
  TableDescription description;
  description.parameter_version = deployment.parameters.version;
  description.group = group;
  description.risk_decimals = deployment.risk_decimals;
  for (const config::ColumnSettings& column : deployment.groups[group.value].columns) {
    description.columns.push_back(
        {.move_ppm = column.moves_ppm,
         .volatility = static_cast<VolatilityShift>(column.volatility + 1),
         .weight_numerator = column.weight_numerator,
         .weight_denominator = column.weight_denominator});
  }
  description.table_move_max_ppm = parameters.table_move_max_ppm;
  description.volatility = volatility_of(deployment.groups[group.value]);
  for (const risk::InstrumentIndex i : table_instruments(deployment, group)) {
    const risk::InstrumentParameters& instrument = deployment.parameters.instruments[i.value];
    TableRow& row = description.rows.emplace_back();
    row.name = deployment.names.instruments.name(i);
    row.vector_unit = instrument.vector_unit;
    row.vector_cap = instrument.vector_cap;
  }
  return description;
}

TableOption table_option(const config::Deployment& deployment, risk::GroupIndex group,
                         risk::InstrumentIndex i) {
  const risk::InstrumentParameters& parameters = deployment.parameters.instruments[i.value];
  const risk::AssetParameters& asset = deployment.parameters.assets[parameters.settlement.value];
  const config::AssetSettings& settlement = deployment.assets[parameters.settlement.value];
  const config::InstrumentSettings& settings = deployment.instruments[i.value];
  const risk::GroupParameters& in = deployment.parameters.groups[group.value];
  TableOption option;
  option.kind =
      settings.option_type == config::OptionType::Call ? OptionKind::Call : OptionKind::Put;
  option.strike = scaled(settings.strike, config::kStrikeScale);
  option.multiplier =
      scaled(parameters.units_per_lot_mark, settlement.decimals - settings.mark_decimals);
  option.factor = parameters.factor.value - in.first_factor;
  if (asset.mode != risk::CollateralMode::Static && is_in(in, asset.factor))
    option.settlement_factor = asset.factor.value - in.first_factor;
  option.premium = asset.factor == parameters.factor ? Premium::Coin : Premium::Cash;
  option.in_balance = !parameters.upfront;
  return option;
}

TableSetup table_setup(const config::Deployment& deployment) { return Setup(deployment).run(); }

}  // namespace portcullis::feeds
