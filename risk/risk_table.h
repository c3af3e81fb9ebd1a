// The published risk table of one group: what a lot of each Table instrument gains in each column
// of the group's scenarios, as integers (METHOD 3.3), with the measures that add-ons are charged
// on. Built off the order path, from a file or by the option pricer in feeds/; immutable once the
// engine has it. The engine prices nothing.
#pragma once

#include <array>
#include <cstdint>
#include <span>
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

// The largest gain and the largest loss in a row, in its integers: 0 at least.
struct RowWorst {
  std::int32_t gain = 0;
  std::int32_t loss = 0;
  friend bool operator==(const RowWorst&, const RowWorst&) = default;
};

// What follows from a table's integers and from what its rows are (RowScale), and not from the market:
// facts_of() works it out where the table is made or loaded, so that to put it in force the engine looks
// at no column. It is in no file.
struct TableFacts {
  // No gain is above its row's cap, every anchor has a mark above 0 and is there once. False: nothing
  // else is here, and the engine does not take the table.
  bool is_sound = false;
  std::vector<RowWorst> worst{};  // by row
  // By raw column: what a lot of any row loses there at most, whichever way it goes, half a unit more for
  // rounding; in fines, cut off above kSpanMax.
  std::vector<std::int64_t> lot_loss{};
  // Against the table of the group before it: its id, 0: none; and by row how many fines a lot loses more
  // or less in any column, or is charged by any measure.
  std::uint64_t since = 0;
  std::vector<Int128> moved{};
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
  TableFacts facts{};  // REQUIRES facts_of() this table
};

struct Parameters;

// What the integers of a row are.
struct RowScale {
  std::int64_t vector_unit = 0;  // of the instrument that has the row; 0: none has it
  std::int32_t vector_cap = 0;
};
// Of each row of the group's tables; none where there is no such group.
[[nodiscard]] std::vector<RowScale> row_scales(const Parameters& parameters, GroupIndex group);

// O(rows * columns), and allocates: off the shard. `before`: the table that is in force, which this one is
// compared with; null, or of another shape: with none.
[[nodiscard]] TableFacts facts_of(const RiskTable& table, std::span<const RowScale> rows,
                                  const RiskTable* before);

}  // namespace portcullis::risk
