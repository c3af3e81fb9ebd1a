// Makes a group's published risk table (risk/risk_table.h; METHOD 3.3) from what its columns do,
// what its Table instruments are, and the market. Off the order path.
//
// A table is an input of the decision like a price: integers, rounded once here, frozen from then
// on, recorded and replayed as they are. The same description gives the same table on one machine;
// nothing relies on another machine giving the same last bit.
//
// Of a long lot in a column whose moves are m (of the option's factor) and c (of the settlement
// asset's), with F the forward, f its volatility shifted, X the settlement asset's index:
//
//   price = Black-76(F * (1 + m), f)                  premium in cash
//         = Black-76(F * (1 + m), f) / (F * (1 + m))  premium in coin
//   value = multiplier * price * X * (1 + c)          in the risk currency
//   gain  = (value - value now) * weight / vector_unit, rounded to the nearest, halves away from zero
//
// Where the option's value is part of the balance of its settlement asset (in_balance), the balance
// as a whole moves with c: value now is then taken at X * (1 + c), so that it moves once.
//
// Where tables may lag (METHOD 3.9) the columns are there for each lag state, one state after the other,
// with d = 0, -table_move_max, +table_move_max: as they would be built, value now included, at
// F * (1 + d), and where the option is paid in the underlying or in what moves with its factor, at
// X * (1 + d). Measures are those of the first state.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "feeds/black76.h"
#include "risk/risk_table.h"
#include "risk/types.h"

namespace portcullis::feeds {

// Of what comes from outside: neither infinite nor NaN.
[[nodiscard]] inline bool is_positive(double x) { return std::isfinite(x) && x > 0; }

enum class VolatilityShift : std::uint8_t { Down, None, Up };

// What one column of the group's scenarios does.
struct ColumnMove {
  std::vector<std::int32_t> move_ppm;  // by factor of the group, of its price, before the weight
  VolatilityShift volatility = VolatilityShift::None;
  std::int64_t weight_numerator = 1;    // REQUIRES >= 0
  std::int64_t weight_denominator = 1;  // REQUIRES > 0
};

// How volatility v of an option with so many days to expiry shifts (METHOD 1.1):
//   up    max(v * (1 + up * (pivot / days)^power), floor_up)
//   down  max(v * (1 - down * (pivot / days)^power), 0)
//   power = days < pivot ? short_power : long_power
struct VolatilityShock {
  std::int64_t up_ppm = 0;
  std::int64_t down_ppm = 0;
  std::int64_t pivot_days = 30;  // REQUIRES > 0
  std::int64_t short_power_ppm = 0;
  std::int64_t long_power_ppm = 0;
  std::int64_t floor_up_ppm = 0;  // 500'000: 50 %
  std::int64_t days_min_ppm = 0;  // of a day; days to expiry count as at least this; REQUIRES > 0
};
[[nodiscard]] double shifted_volatility(const VolatilityShock& shock, VolatilityShift shift,
                                        double volatility, double years);

// The margin of a short lot by a venue's rule, S the underlying's index, P the premium, both in the
// risk currency:
//   max(less_otm * S - what it is out of the money by, floor * max(S, P)) + index * S + premium * P
// Without a rule (all 0) the charge is 0. REQUIRES of each >= 0.
struct ShortRule {
  std::int64_t less_otm_ppm = 0;
  std::int64_t floor_ppm = 0;
  std::int64_t index_ppm = 0;
  std::int64_t premium_ppm = 0;
};

inline constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

struct OptionMarket {
  double forward = kMissing;           // in the currency of the strike
  double volatility = kMissing;        // 0.6 is 60 %
  double years = kMissing;             // to expiry: years_between()
  double discount = 1;                 // in the currency of the premium
  double settlement_index = kMissing;  // of the settlement asset, in the risk currency
  double underlying_index = kMissing;  // in the currency of the strike; only for a ShortRule
};

enum class Premium : std::uint8_t {
  Cash,  // in the currency of the strike
  Coin,  // in the underlying itself, at the forward
};

struct TableOption {
  OptionKind kind = OptionKind::Call;
  double strike = kMissing;
  double multiplier = kMissing;                     // quantity of the underlying in a lot
  std::uint32_t factor = 0;                         // local to the group
  std::uint32_t settlement_factor = risk::kNone32;  // local; none: the index does not move
  Premium premium = Premium::Cash;
  bool in_balance = false;  // futures style, in an asset that moves in scenarios itself
  OptionMarket market;
};

// A row that somebody else worked out, SPAN style: what a long lot gains, in vector_units, its
// columns' weights in it; published unchanged. (A SPAN file has losses: turn the sign when reading.)
struct RiskArray {
  // By column, of each lag state after the other; or by column alone: the same in all of them.
  std::vector<std::int64_t> gains;
  risk::TableMeasures measures{};
};

struct TableRow {
  std::string name;              // the instrument's, for problems
  std::int64_t vector_unit = 0;  // InstrumentParameters::vector_unit; REQUIRES > 0
  std::int32_t vector_cap = 0;   // InstrumentParameters::vector_cap
  std::variant<TableOption, RiskArray> source;
};

struct TableDescription {
  std::uint64_t id = 0;
  std::uint32_t parameter_version = 0;
  risk::GroupIndex group;
  risk::Timestamp as_of;
  int risk_decimals = 0;  // a quantum is 10^-risk_decimals of the risk currency; REQUIRES 0..12
  std::vector<ColumnMove> columns;
  std::int64_t table_move_max_ppm = 0;  // GroupParameters::table_move_max_ppm; REQUIRES 0..500'000
  std::vector<risk::Anchor> anchors{};  // the marks that it is built at; passed through
  VolatilityShock volatility;
  ShortRule initial_rule;  // the charge is at least that of the maintenance rule
  ShortRule maintenance_rule;
  std::vector<TableRow> rows;  // by row of the table
};

enum class TableError : std::uint8_t {
  NoStrike,
  NoMultiplier,
  NoForward,
  NoVolatility,
  NoTimeToExpiry,
  NoDiscount,
  NoSettlementIndex,
  NoUnderlyingIndex,
  BelowZero,          // a column takes a price below zero
  NotFinite,          // a figure is no finite number
  AboveCap,           // a gain is larger than vector_cap
  MeasureOutOfRange,  // a measure does not fit
  WrongLength,        // an array has not as many figures as there are columns
};
[[nodiscard]] std::string_view describe(TableError error);

struct TableProblem {
  std::uint32_t row = 0;
  std::uint32_t column = risk::kNone32;  // of all lag states; none: it is not of one column
  TableError error = TableError::NotFinite;
  friend bool operator==(const TableProblem&, const TableProblem&) = default;
};
// "BTC-26DEC-90000-C, column 3: the gain is larger than vector_cap"; in a lag state beside the first
// "column 3, with the underlying moved down".
[[nodiscard]] std::string to_text(const TableProblem& problem, const TableDescription& description);

struct BuiltTable {
  std::optional<risk::RiskTable> table;  // none where there is a problem: half a table is none
  std::vector<TableProblem> problems;    // the first of each row
};
// `before`: the group's table in force, which its facts compare it with; null: none.
[[nodiscard]] BuiltTable build_table(const TableDescription& description,
                                     const risk::RiskTable* before = nullptr);

}  // namespace portcullis::feeds
