// From the configuration to what builds risk tables: all of it that is not the market.
#pragma once

#include <cstdint>
#include <vector>

#include "config/deployment.h"
#include "feeds/table_service.h"

namespace portcullis::feeds {

// value * 10^-decimals: from the configuration's integers to what the pricer works with.
[[nodiscard]] double scaled(std::int64_t value, int decimals);

// Columns, shocks, scale, and a row for each instrument with table risk: its name, unit and cap, no
// source yet. No id, time and anchors.
[[nodiscard]] TableDescription table_description(const config::Deployment& deployment,
                                                 risk::GroupIndex group);
// The instruments of its rows.
[[nodiscard]] std::vector<risk::InstrumentIndex> table_instruments(
    const config::Deployment& deployment, risk::GroupIndex group);
// What an option is, without its market.
[[nodiscard]] TableOption table_option(const config::Deployment& deployment, risk::GroupIndex group,
                                       risk::InstrumentIndex instrument);

// The place of something in the service's groups.
struct TablePlace {
  std::uint32_t group = 0;
  std::uint32_t place = 0;
  friend bool operator==(const TablePlace&, const TablePlace&) = default;
};

// The groups that the gate builds tables of (config::GroupSettings::rebuild), and where prices go. Who
// starts the service sets each description's id to that of the last table that the journal has.
struct TableSetup {
  std::vector<TableGroup> groups{};
  std::vector<std::vector<TablePlace>> anchors{};  // by instrument: whose marks
  std::vector<std::vector<TablePlace>> indexes{};  // by asset: whose indexes, in the risk currency
  std::vector<std::vector<TablePlace>> rows{};     // by instrument: whose tickers
};
[[nodiscard]] TableSetup table_setup(const config::Deployment& deployment);

}  // namespace portcullis::feeds
