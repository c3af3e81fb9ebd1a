// The columns of a scenario set, as margin.json gives them. Internal to config/.
#pragma once

#include <string>
#include <vector>

#include "config/load_steps.h"

namespace portcullis::config {

struct Column {
  std::string name;
  ColumnSettings settings;
  std::vector<std::int64_t> weights_ppm{};  // by risk group, where each has its own; or none
};
using Columns = std::vector<Column>;

// The factors that columns move: all of them, or those of one group.
struct FactorSpan {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

// The shock of a local factor: its move times the column's weight, rounded away from zero.
[[nodiscard]] std::int32_t shock_of(const ColumnSettings& column, std::uint32_t factor);

void set_weight(ColumnSettings& column, std::int64_t numerator, std::int64_t denominator);

// Each records what is wrong, and gives the columns that it could read. Columns of all groups may
// have a weight for each group.
Columns read_grid(const Loading& loading, JsonReader grid, FactorSpan factors);
Columns read_named_columns(const Loading& loading, JsonReader& by_name, FactorSpan factors,
                           bool of_all_groups);
Columns read_history(Loading& loading, JsonReader history, FactorSpan factors);

}  // namespace portcullis::config
