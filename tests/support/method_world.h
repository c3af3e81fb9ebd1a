// A world in whole dollars for the examples of METHOD, on the engine or the naive model: with tables,
// add-ons and open interest.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <type_traits>
#include <utility>
#include <vector>

#include "tests/support/dollar_world.h"

namespace portcullis::support {

inline std::vector<risk::MarginTier> flat_rate(std::int64_t rate_ppm) {
  return {{risk::Value{risk::kValueMax}, rate_ppm}};
}

// Adds a driver over instruments of the group; a lot of each comes to `per_lot` for Measure::Lot.
inline std::uint32_t add_driver(risk::Parameters& p, std::uint32_t group, risk::Measure measure,
                                risk::Reach reach,
                                const std::vector<risk::InstrumentIndex>& instruments,
                                std::int64_t per_lot = 0) {
  risk::DriverParameters driver{measure, reach, {}};
  for (const risk::InstrumentIndex i : instruments) {
    driver.terms.push_back({i, risk::Wide{risk::Int128{per_lot} * p.wide_denominator}});
  }
  p.groups[group].drivers.push_back(driver);
  return static_cast<std::uint32_t>(p.groups[group].drivers.size() - 1);
}
inline risk::AddOnParameters& add_on(risk::Parameters& p, std::uint32_t group,
                                     const std::vector<std::uint32_t>& drivers,
                                     std::vector<risk::MarginTier> initial,
                                     std::vector<risk::MarginTier> maintenance = {}) {
  risk::AddOnParameters a;
  a.drivers = drivers;
  a.initial = std::move(initial);
  a.maintenance = std::move(maintenance);
  p.groups[group].add_ons.push_back(a);
  return p.groups[group].add_ons.back();
}

template <class Subject>
struct MethodWorld : Driver<Subject> {
  static constexpr bool kModel = std::is_same_v<Subject, NaiveModel>;

  // Every index is 1 and every mark `price` until they are told otherwise.
  explicit MethodWorld(const risk::Parameters& parameters, std::int64_t price = 100)
      : Driver<Subject>(parameters) {
    EXPECT_STREQ(risk::first_problem(parameters), nullptr);
    for (std::uint32_t a = 0; a < parameters.assets.size(); ++a) this->index({a}, 1);
    for (std::uint32_t i = 0; i < parameters.instruments.size(); ++i) this->mark({i}, price);
  }
  // The next table of a group.
  void publish(std::vector<std::int32_t> gains, std::vector<risk::TableMeasures> measures = {},
               risk::GroupIndex group = {0}) {
    risk::RiskTable table;
    table.group = group;
    table.gains = std::move(gains);
    table.measures = std::move(measures);
    table.measures.resize(this->subject.parameters().groups[group.value].row_count);
    ASSERT_TRUE(publish_table(std::move(table)));
  }
  // Whether it was taken.
  bool publish_table(risk::RiskTable table) {
    table.id = ++table_id;
    table.parameter_version = this->subject.parameters().version;
    table.as_of = {this->now};
    const risk::RiskTable* before = nullptr;
    for (const risk::RiskTable& other : tables)
      if (other.group == table.group) before = &other;
    const risk::Parameters& parameters = this->subject.parameters();
    table.facts = risk::facts_of(table, risk::row_scales(parameters, table.group), before);
    tables.push_back(std::move(table));
    if constexpr (kModel) {
      return this->subject.publish(tables.back(), {this->now});
    } else {
      const risk::TableUpdate update{{this->now}, table_id, tables.back().group, {}};
      return this->subject.apply(update, tables.back());
    }
  }
  void open_interest(risk::InstrumentIndex instrument, std::int64_t lots) {
    this->subject.apply(risk::OpenInterestUpdate{{this->now}, {lots}, instrument, {}});
  }
  // What the account owes of an asset grows; what it has does not.
  void owe(risk::AssetIndex asset, std::int64_t units) {
    this->subject.apply(risk::Interest{{this->now}, units, {0}, asset});
  }

  [[nodiscard]] std::int64_t equity() { return this->margin(0).equity; }
  [[nodiscard]] std::int64_t requirement() { return this->margin(0).requirement; }
  [[nodiscard]] std::int64_t available() { return this->margin(0).available; }
  [[nodiscard]] Maintenance maintenance() {
    if constexpr (kModel) {
      const ModelMargin m = this->subject.margin(0, this->now);
      return {static_cast<std::int64_t>(m.maintenance_equity),
              static_cast<std::int64_t>(m.maintenance_requirement)};
    } else {
      const risk::MarginReport m = this->subject.margin({0}, {this->now});
      return {m.maintenance_equity.raw, m.maintenance_requirement.raw};
    }
  }

  std::deque<risk::RiskTable> tables;  // the engine points to them
  std::uint64_t table_id = 0;
};

// One group with one risk for each factor: `shocks` are the factors' rows, of the same length.
inline risk::Parameters columns_world(const std::vector<std::vector<std::int32_t>>& shocks) {
  risk::Parameters p = dollar_parameters();
  in_dollars(p.assets[kBtc.value]);
  const risk::InstrumentParameters like = p.instruments[kBtcPerp.value];
  const auto factors = static_cast<std::uint32_t>(shocks.size());
  p.instruments.assign(factors, like);
  risk::GroupParameters group;
  group.factor_count = p.factor_count = factors;
  group.column_count = static_cast<std::uint32_t>(shocks[0].size());
  for (std::uint32_t f = 0; f < factors; ++f) {
    p.instruments[f].factor = risk::FactorIndex{f};
    group.shock_ppm.insert(group.shock_ppm.end(), shocks[f].begin(), shocks[f].end());
  }
  p.groups = {group};
  p.sets = {per_group_set(1, 0, group.column_count)};
  p.profiles = {wide_profile(factors)};
  for (risk::SessionParameters& s : p.sessions) s.instruments.assign(factors, true);
  return p;
}

}  // namespace portcullis::support
