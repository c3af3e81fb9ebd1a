#include "feeds/table_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "risk/parameters.h"

namespace portcullis::feeds {

namespace {

// "What it gains when its volatility rises by one point".
constexpr double kVegaPoint = 0.01;

double share(std::int64_t ppm) {
  return static_cast<double>(ppm) / static_cast<double>(risk::kPpm);
}

bool is_not_negative(double x) { return std::isfinite(x) && x >= 0; }

std::optional<TableError> missing(const TableOption& option, bool with_rule) {
  const OptionMarket& market = option.market;
  if (!is_positive(option.strike)) return TableError::NoStrike;
  if (!is_positive(option.multiplier)) return TableError::NoMultiplier;
  if (!is_positive(market.forward)) return TableError::NoForward;
  if (!is_not_negative(market.volatility)) return TableError::NoVolatility;
  if (!is_not_negative(market.years)) return TableError::NoTimeToExpiry;
  if (!is_positive(market.discount)) return TableError::NoDiscount;
  if (!is_positive(market.settlement_index)) return TableError::NoSettlementIndex;
  if (with_rule && !is_positive(market.underlying_index)) return TableError::NoUnderlyingIndex;
  return std::nullopt;
}

// One option, valued in the risk currency a lot.
class OptionValuer {
 public:
  explicit OptionValuer(const TableOption& option)
      : option_(option),
        coin_(option.premium == Premium::Coin),
        same_factor_(option.settlement_factor == option.factor),
        lot_(option.multiplier * option.market.settlement_index) {}

  // At the factor's move, the settlement asset's, both as shares, and a volatility.
  [[nodiscard]] double value(double move, double settlement_move, double volatility) const {
    const double price = priced(move, volatility).price;
    if (!coin_) return lot_ * price * (1 + settlement_move);
    // Where the coin moves with the forward the two moves cancel, down to a price of nothing.
    const double coin = lot_ * price / option_.market.forward;
    return same_factor_ ? coin : coin * (1 + settlement_move) / (1 + move);
  }

  // The slope of value() in the factor's move, where nothing has moved.
  [[nodiscard]] double delta() const {
    const double forward = option_.market.forward;
    const Black76 now = priced(0, option_.market.volatility);
    const double price_slope = now.delta * forward;
    if (!coin_) return lot_ * (price_slope + (same_factor_ ? now.price : 0));
    return lot_ * (price_slope - (same_factor_ ? 0 : now.price)) / forward;
  }

  // `value_now` is value() with nothing moved.
  [[nodiscard]] double charge(const ShortRule& rule, double value_now) const {
    const double underlying = option_.market.underlying_index;
    const double unit = coin_ ? lot_ / underlying : lot_;
    const double out_of_the_money =
        std::max(option_.kind == OptionKind::Call ? option_.strike - underlying
                                                  : underlying - option_.strike,
                 0.0);
    const double index = underlying * unit;
    return std::max(share(rule.less_otm_ppm) * index - out_of_the_money * unit,
                    share(rule.floor_ppm) * std::max(index, value_now)) +
           share(rule.index_ppm) * index + share(rule.premium_ppm) * value_now;
  }

 private:
  [[nodiscard]] Black76 priced(double move, double volatility) const {
    return black76({.kind = option_.kind,
                    .forward = option_.market.forward * (1 + move),
                    .strike = option_.strike,
                    .years = option_.market.years,
                    .volatility = volatility,
                    .discount = option_.market.discount});
  }

  const TableOption& option_;
  bool coin_;
  bool same_factor_;
  double lot_;
};

bool has_rule(const ShortRule& rule) {
  return rule.less_otm_ppm != 0 || rule.floor_ppm != 0 || rule.index_ppm != 0 ||
         rule.premium_ppm != 0;
}

class TableBuilder {
 public:
  explicit TableBuilder(const TableDescription& description)
      : description_(description),
        quanta_(std::pow(10.0, description.risk_decimals)),
        with_rule_(has_rule(description.initial_rule) || has_rule(description.maintenance_rule)) {
    PORTCULLIS_ASSERT(description.risk_decimals >= 0 && description.risk_decimals <= 12);
    PORTCULLIS_ASSERT(description.table_move_max_ppm >= 0 &&
                      description.table_move_max_ppm <= risk::kPpm / 2);
    const double most = share(description.table_move_max_ppm);
    lags_ = most > 0 ? std::vector<double>{0, -most, most} : std::vector<double>{0};
    for (const ColumnMove& column : description.columns) {
      PORTCULLIS_ASSERT(column.weight_numerator >= 0 && column.weight_denominator > 0);
    }
  }

  BuiltTable build() {
    table_.id = description_.id;
    table_.parameter_version = description_.parameter_version;
    table_.group = description_.group;
    table_.as_of = description_.as_of;
    table_.anchors = description_.anchors;
    table_.gains.assign(description_.rows.size() * raw_columns(), 0);
    table_.measures.assign(description_.rows.size(), {});
    BuiltTable built;
    for (std::uint32_t row = 0; row < description_.rows.size(); ++row) {
      if (const std::optional<TableProblem> problem = build_row(row)) {
        built.problems.push_back(*problem);
      }
    }
    if (built.problems.empty()) built.table = std::move(table_);
    return built;
  }

 private:
  std::optional<TableProblem> build_row(std::uint32_t row) {
    PORTCULLIS_ASSERT(description_.rows[row].vector_unit > 0);
    const auto& source = description_.rows[row].source;
    if (const auto* array = std::get_if<RiskArray>(&source)) return take_array(row, *array);
    return build_option(row, std::get<TableOption>(source));
  }

  std::optional<TableProblem> take_array(std::uint32_t row, const RiskArray& array) {
    const std::size_t given = array.gains.size();
    if (given != raw_columns() && given != description_.columns.size()) {
      return TableProblem{.row = row, .error = TableError::WrongLength};
    }
    for (std::uint32_t raw = 0; raw < raw_columns(); ++raw) {
      const std::int64_t gain = array.gains[raw % given];
      const std::int64_t cap = description_.rows[row].vector_cap;
      if (gain > cap || gain < -cap) return TableProblem{row, raw, TableError::AboveCap};
      gain_at(row, raw) = static_cast<std::int32_t>(gain);
    }
    for (const std::int64_t measure : array.measures) {
      if (measure > risk::kValueMax || measure < -risk::kValueMax) {
        return TableProblem{.row = row, .error = TableError::MeasureOutOfRange};
      }
    }
    table_.measures[row] = array.measures;
    return std::nullopt;
  }

  std::optional<TableProblem> build_option(std::uint32_t row, const TableOption& option) {
    if (const std::optional<TableError> error = missing(option, with_rule_)) {
      return TableProblem{.row = row, .error = *error};
    }
    for (std::uint32_t lag = 0; lag < lags_.size(); ++lag) {
      if (const auto problem = build_state(row, lag, moved(option, lags_[lag]))) return problem;
    }
    return store_measures(row, option);
  }

  // As it stands when the underlying has moved.
  static TableOption moved(TableOption option, double move) {
    option.market.forward *= 1 + move;
    if (option.premium == Premium::Coin || option.settlement_factor == option.factor)
      option.market.settlement_index *= 1 + move;
    return option;
  }

  // The columns of one lag state.
  std::optional<TableProblem> build_state(std::uint32_t row, std::uint32_t lag,
                                          const TableOption& option) {
    const OptionValuer valuer(option);
    const OptionMarket& market = option.market;
    std::array<double, 3> volatilities{};  // by shift
    for (const VolatilityShift shift :
         {VolatilityShift::Down, VolatilityShift::None, VolatilityShift::Up}) {
      volatilities[static_cast<std::size_t>(shift)] =
          shifted_volatility(description_.volatility, shift, market.volatility, market.years);
    }
    const double value_now = valuer.value(0, 0, market.volatility);
    const auto columns = static_cast<std::uint32_t>(description_.columns.size());
    for (std::uint32_t column = 0; column < columns; ++column) {
      const ColumnMove& moves = description_.columns[column];
      const std::uint32_t raw = lag * columns + column;
      const double move = move_of(moves, option.factor);
      const double settlement_move =
          option.settlement_factor == risk::kNone32 ? 0 : move_of(moves, option.settlement_factor);
      if (move < -1 || settlement_move < -1) return TableProblem{row, raw, TableError::BelowZero};
      const double volatility = volatilities[static_cast<std::size_t>(moves.volatility)];
      const double kept = option.in_balance ? value_now * (1 + settlement_move) : value_now;
      const double gain = valuer.value(move, settlement_move, volatility) - kept;
      if (const auto error = store_gain(row, raw, gain)) return TableProblem{row, raw, *error};
    }
    return std::nullopt;
  }

  static double move_of(const ColumnMove& column, std::uint32_t factor) {
    PORTCULLIS_ASSERT(factor < column.move_ppm.size());
    return share(column.move_ppm[factor]);
  }

  // Of a gain in the risk currency, before the weight.
  std::optional<TableError> store_gain(std::uint32_t row, std::uint32_t raw, double gain) {
    const ColumnMove& moves = description_.columns[raw % description_.columns.size()];
    const TableRow& in = description_.rows[row];
    const double fines = gain * quanta_ * static_cast<double>(risk::kPpm);
    const double units = std::round(
        fines * static_cast<double>(moves.weight_numerator) /
        (static_cast<double>(moves.weight_denominator) * static_cast<double>(in.vector_unit)));
    if (!std::isfinite(units)) return TableError::NotFinite;
    if (std::abs(units) > in.vector_cap) return TableError::AboveCap;
    gain_at(row, raw) = static_cast<std::int32_t>(units);
    return std::nullopt;
  }

  std::optional<TableProblem> store_measures(std::uint32_t row, const TableOption& option) {
    const OptionValuer valuer(option);
    const double volatility = option.market.volatility;
    const double value_now = valuer.value(0, 0, volatility);
    std::array<double, risk::kTableMeasures> measures{};
    measures[risk::kDelta] = std::round(valuer.delta() * quanta_);
    measures[risk::kVega] =
        std::round((valuer.value(0, 0, volatility + kVegaPoint) - value_now) * quanta_);
    if (with_rule_) {
      const double maintenance = valuer.charge(description_.maintenance_rule, value_now);
      const double initial =
          std::max(valuer.charge(description_.initial_rule, value_now), maintenance);
      measures[risk::kInitialCharge] = std::ceil(initial * quanta_);
      measures[risk::kMaintenanceCharge] = std::ceil(maintenance * quanta_);
    }
    for (std::size_t i = 0; i < measures.size(); ++i) {
      if (!std::isfinite(measures[i])) {
        return TableProblem{.row = row, .error = TableError::NotFinite};
      }
      if (std::abs(measures[i]) > static_cast<double>(risk::kValueMax)) {
        return TableProblem{.row = row, .error = TableError::MeasureOutOfRange};
      }
      table_.measures[row][i] = static_cast<std::int64_t>(measures[i]);
    }
    return std::nullopt;
  }

  [[nodiscard]] std::size_t raw_columns() const {
    return description_.columns.size() * lags_.size();
  }
  std::int32_t& gain_at(std::uint32_t row, std::uint32_t raw) {
    return table_.gains[row * raw_columns() + raw];
  }

  const TableDescription& description_;
  double quanta_;  // in one unit of the risk currency
  bool with_rule_;
  std::vector<double> lags_;  // by lag state: how far the underlying is moved
  risk::RiskTable table_;
};

}  // namespace

double shifted_volatility(const VolatilityShock& shock, VolatilityShift shift, double volatility,
                          double years) {
  PORTCULLIS_ASSERT(shock.pivot_days > 0 && shock.days_min_ppm > 0);
  const double days = std::max(years * kDaysPerYear, share(shock.days_min_ppm));
  const auto pivot = static_cast<double>(shock.pivot_days);
  const double power = share(days < pivot ? shock.short_power_ppm : shock.long_power_ppm);
  const double term = std::pow(pivot / days, power);
  switch (shift) {
    case VolatilityShift::Down:
      return std::max(volatility * (1 - share(shock.down_ppm) * term), 0.0);
    case VolatilityShift::None:
      return volatility;
    case VolatilityShift::Up:
      return std::max(volatility * (1 + share(shock.up_ppm) * term), share(shock.floor_up_ppm));
  }
  return volatility;
}

std::string_view describe(TableError error) {
  switch (error) {
    case TableError::NoStrike:
      return "the strike is not above zero";
    case TableError::NoMultiplier:
      return "the quantity in a lot is not above zero";
    case TableError::NoForward:
      return "there is no forward price";
    case TableError::NoVolatility:
      return "there is no volatility";
    case TableError::NoTimeToExpiry:
      return "there is no time to expiry";
    case TableError::NoDiscount:
      return "there is no discount factor";
    case TableError::NoSettlementIndex:
      return "there is no index of the settlement asset";
    case TableError::NoUnderlyingIndex:
      return "there is no index of the underlying";
    case TableError::BelowZero:
      return "a move takes the price below zero";
    case TableError::NotFinite:
      return "a figure is no finite number";
    case TableError::AboveCap:
      return "the gain is larger than vector_cap";
    case TableError::MeasureOutOfRange:
      return "a measure is out of range";
    case TableError::WrongLength:
      return "the array has not one figure for each column";
  }
  return "";
}

std::string to_text(const TableProblem& problem, const TableDescription& description) {
  const std::string& name = description.rows[problem.row].name;
  if (problem.column == risk::kNone32) return fmt::format("{}: {}", name, describe(problem.error));
  const std::size_t columns = description.columns.size();
  constexpr std::array<std::string_view, risk::kLagStates> kStates{
      "", ", with the underlying moved down", ", with the underlying moved up"};
  return fmt::format("{}, column {}{}: {}", name, problem.column % columns,
                     kStates[problem.column / columns], describe(problem.error));
}

BuiltTable build_table(const TableDescription& description, const risk::RiskTable* before) {
  BuiltTable built = TableBuilder(description).build();
  if (!built.table) return built;
  std::vector<risk::RowScale> rows;
  for (const TableRow& row : description.rows) rows.push_back({row.vector_unit, row.vector_cap});
  built.table->facts = risk::facts_of(*built.table, rows, before);
  return built;
}

}  // namespace portcullis::feeds
