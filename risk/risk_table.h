// The published risk table of one group: what a lot of each Table instrument gains in each column
// of the group's scenarios, as integers (METHOD 3.3), with the measures that add-ons are charged
// on. Built off the order path, from a file or by the option pricer in feeds/; immutable once the
// engine has it. The engine prices nothing.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "risk/types.h"

namespace portcullis::risk {

enum TableMeasure : std::uint8_t { kDelta, kVega, kInitialCharge, kMaintenanceCharge };
inline constexpr std::size_t kTableMeasures = 4;

// Of one long lot, in quanta of the risk currency:
//   kDelta              what it gains when the factor's price doubles at its present slope
//   kVega               what it gains when its volatility rises by one point (0.01)
//   kInitialCharge, kMaintenanceCharge  the margin of a short lot by a rule of the venue
using TableMeasures = std::array<std::int64_t, kTableMeasures>;

// The mark that an instrument had when the table was built.
struct Anchor {
  InstrumentIndex instrument;
  Mark mark;
  friend bool operator==(const Anchor&, const Anchor&) = default;
};

struct RiskTable {
  std::uint64_t id = 0;  // of this version of the table; rises from version to version
  // That of the engine's parameters, or an earlier one since which the group's shocks are the same.
  std::uint32_t parameter_version = 0;
  GroupIndex group;
  Timestamp as_of;
  // gains[row * GroupParameters::raw_columns() + lag state * column_count + column], rounded to the
  // nearest InstrumentParameters::vector_unit; the column's weight is in them. What a lot gains in a
  // lag state is counted from what it is worth in that state. REQUIRES |gain| <= vector_cap.
  std::vector<std::int32_t> gains;
  std::vector<TableMeasures> measures;  // [row]
  // Where one of their marks has moved from here by more than GroupParameters::table_move_max_ppm of
  // it, the table is out of bounds, and as stale as one too old. None: it holds for its whole age.
  // REQUIRES of each that it is of the group, is there once, and has a mark above 0.
  std::vector<Anchor> anchors{};
};

}  // namespace portcullis::risk
