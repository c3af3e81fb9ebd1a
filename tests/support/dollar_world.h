// A world for margins computed by hand on the naive model: the quantum of the risk currency is the
// dollar.
#pragma once

#include <vector>

#include "risk/risk_table.h"
#include "tests/support/driver.h"
#include "tests/support/fixtures.h"

namespace portcullis::support {

// small_parameters() in whole dollars, without haircuts. A unit of USD is a dollar and a unit of BTC
// 1e-8 coins, with the index in dollars; a lot of a perpetual is one coin. Wide is 1e-8 dollars.
inline risk::Parameters dollar_parameters() {
  risk::Parameters p = small_parameters();
  p.wide_denominator = 100'000'000;
  p.assets[kUsd.value].wide_per_index = 100'000'000;
  p.assets[kBtc.value].wide_per_index = 1;
  for (risk::AssetParameters& a : p.assets) {
    a.haircut = {{risk::kUnlimited, risk::kPpm}};
    a.maintenance_haircut = a.haircut;
  }
  for (risk::InstrumentParameters& i : p.instruments) i.units_per_lot_mark = 1;
  return p;
}

// Makes BTC an asset of which a unit is worth a dollar at an index of 1.
inline void in_dollars(risk::AssetParameters& asset) { asset.wide_per_index = 100'000'000; }

// OKX's discount tiers of BETH: 0.95, 0.85, 0.5, 0.
inline std::vector<risk::HaircutTier> okx_beth_tiers() {
  return {{risk::Amount{2'000'000}, 950'000},
          {risk::Amount{4'000'000}, 850'000},
          {risk::Amount{8'000'000}, 500'000},
          {risk::kUnlimited, 0}};
}

// One more instrument, with limits and entitlements.
inline risk::InstrumentIndex add_instrument(risk::Parameters& p,
                                            const risk::InstrumentParameters& i) {
  p.instruments.push_back(i);
  for (risk::LimitProfile& profile : p.profiles) {
    profile.instruments.push_back(profile.instruments[0]);
  }
  for (risk::SessionParameters& session : p.sessions) session.instruments.push_back(true);
  return {static_cast<std::uint32_t>(p.instruments.size() - 1)};
}

// One more instrument of factor 0 in USD with a row in its group's table, whose integers are dollars.
inline risk::InstrumentIndex add_row(risk::Parameters& p) {
  risk::InstrumentParameters i = p.instruments[kBtcPerp.value];
  i.risk = risk::RiskSource::Table;
  i.row = p.groups[0].row_count++;
  i.vector_unit = risk::kPpm;
  i.vector_cap = 1'000'000;
  p.groups[0].table_age_max_ns = kHour;
  return add_instrument(p, i);
}

// Replaces the grids of all groups by these columns, in one set.
inline void set_columns(risk::Parameters& p, const std::vector<std::int32_t>& shocks) {
  const auto count = static_cast<std::uint32_t>(shocks.size());
  for (risk::GroupParameters& g : p.groups) {
    g.column_count = count;
    g.shock_ppm = shocks;
  }
  p.sets = {per_group_set(p.groups.size(), 0, count)};
}

// Dollars, whole ones.
struct Maintenance {
  std::int64_t equity = 0;
  std::int64_t requirement = 0;
  friend bool operator==(const Maintenance&, const Maintenance&) = default;
};

struct DollarWorld : Driver<NaiveModel> {
  explicit DollarWorld(const risk::Parameters& parameters, std::int64_t btc = 100'000)
      : Driver<NaiveModel>(parameters) {
    index(kUsd, 1);
    index(kBtc, btc);
    for (std::uint32_t i = 0; i < parameters.instruments.size(); ++i) mark({i}, btc);
  }
  risk::RiskTable table(std::vector<std::int32_t> gains,
                        std::vector<risk::TableMeasures> measures = {}) {
    risk::RiskTable t;
    t.id = ++table_id;
    t.parameter_version = subject.parameters().version;
    t.group = {0};
    t.as_of = {now};
    t.gains = std::move(gains);
    t.measures = std::move(measures);
    t.measures.resize(subject.parameters().groups[0].row_count);
    return t;
  }
  [[nodiscard]] std::int64_t equity(std::uint32_t account = 0) { return margin(account).equity; }
  [[nodiscard]] std::int64_t requirement(std::uint32_t account = 0) {
    return margin(account).requirement;
  }
  [[nodiscard]] Maintenance maintenance(std::uint32_t account = 0) const {
    const ModelMargin m = subject.margin(account, now);
    return {static_cast<std::int64_t>(m.maintenance_equity),
            static_cast<std::int64_t>(m.maintenance_requirement)};
  }
  [[nodiscard]] bool in_range(std::uint32_t account = 0) const {
    return subject.margin(account, now).in_range;
  }
  [[nodiscard]] bool stale(std::uint32_t account = 0) const {
    return subject.margin(account, now).stale;
  }
  std::uint64_t table_id = 0;
};

}  // namespace portcullis::support
