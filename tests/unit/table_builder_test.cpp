// The published table of a group: its gains against the pricer, what must hold between its rows and
// columns, and what keeps it from being published.

#include "feeds/table_builder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace portcullis::feeds::table_builder_test {
namespace {

constexpr double kForward = 92'000;
constexpr double kIndex = 91'500;  // of the coin
constexpr double kFinesPerDollar = 1e12;
constexpr std::int64_t kCent = 10'000'000'000;  // in fines

ColumnMove move(std::int32_t ppm, VolatilityShift shift = VolatilityShift::None,
                std::int64_t numerator = 1, std::int64_t denominator = 1) {
  return {.move_ppm = {ppm},
          .volatility = shift,
          .weight_numerator = numerator,
          .weight_denominator = denominator};
}

// Deribit's, METHOD 1.1.
constexpr VolatilityShock kShock{.up_ppm = 500'000,
                                 .down_ppm = 250'000,
                                 .pivot_days = 30,
                                 .short_power_ppm = 300'000,
                                 .long_power_ppm = 130'000,
                                 .floor_up_ppm = 500'000,
                                 .days_min_ppm = 10'000};

// A tenth of a coin, a month to go, premium in dollars.
TableOption option(OptionKind kind, double strike, Premium premium = Premium::Cash) {
  const bool coin = premium == Premium::Coin;
  return {.kind = kind,
          .strike = strike,
          .multiplier = 0.1,
          .factor = 0,
          .settlement_factor = coin ? 0 : risk::kNone32,
          .premium = premium,
          .market = {.forward = kForward,
                     .volatility = 0.45,
                     .years = 30.5 / kDaysPerYear,
                     .discount = 1,
                     .settlement_index = coin ? kIndex : 1}};
}

TableRow row(std::variant<TableOption, RiskArray> source, std::int64_t vector_unit = kCent) {
  return {
      .name = "X", .vector_unit = vector_unit, .vector_cap = 1 << 28, .source = std::move(source)};
}

TableDescription description(std::vector<ColumnMove> columns, std::vector<TableRow> rows) {
  return {.id = 7,
          .parameter_version = 3,
          .group = {2},
          .as_of = {1'764'000'000'000'000'000},
          .risk_decimals = 6,
          .columns = std::move(columns),
          .volatility = kShock,
          .initial_rule = {},
          .maintenance_rule = {},
          .rows = std::move(rows)};
}

risk::RiskTable built(const TableDescription& from) {
  const BuiltTable result = build_table(from);
  for (const TableProblem& problem : result.problems) ADD_FAILURE() << to_text(problem, from);
  return result.table.value_or(risk::RiskTable{});
}

std::vector<TableProblem> problems(const TableDescription& from) {
  const BuiltTable result = build_table(from);
  EXPECT_EQ(result.table.has_value(), result.problems.empty());
  return result.problems;
}

std::vector<TableProblem> problems(const TableOption& of) {
  return problems(description({move(0), move(160'000)}, {row(of)}));
}

// What the option's price is, in the currency of the strike.
double price(const TableOption& of, double move, double volatility) {
  return black76({.kind = of.kind,
                  .forward = of.market.forward * (1 + move),
                  .strike = of.strike,
                  .years = of.market.years,
                  .volatility = volatility,
                  .discount = of.market.discount})
      .price;
}

constexpr auto kUp = VolatilityShift::Up;
constexpr auto kDown = VolatilityShift::Down;
constexpr auto kNoShift = VolatilityShift::None;

// The 27 cells of the standard table and the 8 of the extended one.
std::vector<ColumnMove> deribit_columns() {
  std::vector<ColumnMove> columns;
  for (int j = -4; j <= 4; ++j) {
    for (const VolatilityShift shift : {kDown, kNoShift, kUp}) {
      columns.push_back(move(j * 40'000, shift));
    }
  }
  for (const std::int32_t percent : {-66, -33, 50, 100, 200, 300, 400, 500}) {
    columns.push_back(move(percent * 10'000, kUp, 16, std::abs(percent)));
  }
  return columns;
}

// --- volatility

TEST(ShiftedVolatility, FollowsThePowerOfItsSideOfThePivot) {
  const auto at = [](VolatilityShift shift, double volatility, double days) {
    return shifted_volatility(kShock, shift, volatility, days / kDaysPerYear);
  };
  // Worked out elsewhere: 0.8 * (1 + 0.5 * (30 / 7.5)^0.30), 0.8 * (1 - 0.25 * 4^0.30),
  // 0.8 * (1 + 0.5 * (30 / 120)^0.13), 0.8 * (1 - 0.25 * 0.25^0.13).
  EXPECT_NEAR(at(kUp, 0.8, 7.5), 1.4062866266041593, 1e-12);
  EXPECT_NEAR(at(kDown, 0.8, 7.5), 0.4968566866979204, 1e-12);
  EXPECT_NEAR(at(kUp, 0.8, 120), 1.1340351677713478, 1e-12);
  EXPECT_NEAR(at(kDown, 0.8, 120), 0.6329824161143261, 1e-12);
  EXPECT_DOUBLE_EQ(at(kUp, 0.8, 30), 1.2);
  EXPECT_DOUBLE_EQ(at(kDown, 0.8, 30), 0.6);
  EXPECT_EQ(at(kNoShift, 0.8, 7.5), 0.8);
}

TEST(ShiftedVolatility, HasFloorsOnBothSides) {
  const auto at = [](VolatilityShift shift, double volatility, double days) {
    return shifted_volatility(kShock, shift, volatility, days / kDaysPerYear);
  };
  EXPECT_EQ(at(kUp, 0.3, 30), 0.5) << "0.45 without the floor";
  EXPECT_EQ(at(kUp, 0.0, 30), 0.5);
  // A hundredth of a day is the least: 0.25 * 3000^0.3 is 2.76.
  EXPECT_EQ(at(kDown, 0.8, 0.01), 0);
  EXPECT_EQ(at(kDown, 0.8, 0), 0);
  EXPECT_EQ(at(kUp, 0.8, 0), at(kUp, 0.8, 0.01));
  EXPECT_TRUE(std::isfinite(at(kUp, 0.8, 0)));
}

// --- gains

TEST(TableBuilder, CopiesWhatNamesTheTable) {
  const risk::RiskTable table = built(description({move(0)}, {row(option(OptionKind::Call, 9e4))}));
  EXPECT_EQ(table.id, 7);
  EXPECT_EQ(table.parameter_version, 3);
  EXPECT_EQ(table.group, risk::GroupIndex{2});
  EXPECT_EQ(table.as_of.ns, 1'764'000'000'000'000'000);
}

TEST(TableBuilder, GivesTheRepricedValueLessTheValueNow) {
  const auto rounded = [](double dollars) {
    return static_cast<std::int32_t>(std::round(dollars * kFinesPerDollar / kCent));
  };
  for (const OptionKind kind : {OptionKind::Call, OptionKind::Put}) {
    const TableOption cash = option(kind, 95'000);
    const TableOption coin = option(kind, 95'000, Premium::Coin);
    const std::vector<ColumnMove> columns = deribit_columns();
    const risk::RiskTable table = built(description(columns, {row(cash), row(coin)}));
    ASSERT_EQ(table.gains.size(), 2 * columns.size());
    for (std::size_t s = 0; s < columns.size(); ++s) {
      const double m = columns[s].move_ppm[0] / 1e6;
      const double weight = static_cast<double>(columns[s].weight_numerator) /
                            static_cast<double>(columns[s].weight_denominator);
      const double then = price(
          cash, m, shifted_volatility(kShock, columns[s].volatility, 0.45, 30.5 / kDaysPerYear));
      const double now = price(cash, 0, 0.45);
      EXPECT_NEAR(table.gains[s], rounded(0.1 * (then - now) * weight), 1) << s;
      // In coins, at the coin's price there and here.
      const double coins_then = 0.1 * then / (kForward * (1 + m));
      const double coins_now = 0.1 * now / kForward;
      const double dollars = coins_then * kIndex * (1 + m) - coins_now * kIndex;
      EXPECT_NEAR(table.gains[columns.size() + s], rounded(dollars * weight), 1) << s;
    }
  }
}

TEST(TableBuilder, RoundsToTheNearest) {
  // Expired and in the money: a lot is worth its tenth of what the forward is above the strike.
  TableOption of = option(OptionKind::Call, 50'000);
  of.market.years = 0;
  of.market.forward = 100'000;
  // 1 ppm is a cent a lot.
  const std::vector<ColumnMove> columns{move(4), move(5), move(6), move(-4), move(-5), move(-6)};
  const risk::RiskTable table = built(description(columns, {row(of, 10 * kCent)}));
  EXPECT_EQ(table.gains[0], 0);
  EXPECT_EQ(table.gains[2], 1);
  EXPECT_EQ(table.gains[3], 0);
  EXPECT_EQ(table.gains[5], -1);
  EXPECT_LE(std::abs(table.gains[1]), 1) << "five cents are nearest to both";
}

TEST(TableBuilder, NothingMovedIsNothingGained) {
  std::vector<TableRow> rows;
  for (const Premium premium : {Premium::Cash, Premium::Coin}) {
    for (const double strike : {1'000.0, 80'000.0, 92'000.0, 93'333.33, 500'000.0}) {
      for (const OptionKind kind : {OptionKind::Call, OptionKind::Put}) {
        rows.push_back(row(option(kind, strike, premium), 1));  // in single fines
        rows.back().vector_cap = 0;
      }
    }
  }
  const std::vector<ColumnMove> columns{move(0), move(0, kNoShift, 16, 66)};
  for (const std::int32_t gain : built(description(columns, rows)).gains) EXPECT_EQ(gain, 0);
}

TEST(TableBuilder, AStraddleGainsFarAwayAndALongOptionWithVolatility) {
  for (const Premium premium : {Premium::Cash, Premium::Coin}) {
    const std::vector<ColumnMove> columns = deribit_columns();
    const TableDescription from =
        description(columns, {row(option(OptionKind::Call, kForward, premium)),
                              row(option(OptionKind::Put, kForward, premium))});
    const risk::RiskTable table = built(from);
    for (std::size_t s = 0; s < columns.size(); ++s) {
      const std::int32_t straddle = table.gains[s] + table.gains[columns.size() + s];
      const bool still = columns[s].move_ppm[0] == 0;
      const bool far = std::abs(columns[s].move_ppm[0]) >= 160'000;
      if (far || columns[s].volatility == kUp) {
        EXPECT_GT(straddle, 0) << s;
      }
      if (still && columns[s].volatility == kDown) {
        EXPECT_LT(straddle, 0);
      }
    }
  }
}

TEST(TableBuilder, CallLessPutIsTheRowOfAFuture) {
  const std::vector<ColumnMove> columns = deribit_columns();
  for (const Premium premium : {Premium::Cash, Premium::Coin}) {
    for (const double strike : {60'000.0, 92'000.0, 140'000.0}) {
      const risk::RiskTable table =
          built(description(columns, {row(option(OptionKind::Call, strike, premium)),
                                      row(option(OptionKind::Put, strike, premium))}));
      // A tenth of a coin's future at the forward; a coin premium is worth its coins at the index.
      const double notional = 0.1 * (premium == Premium::Cash ? kForward : kIndex);
      for (std::size_t s = 0; s < columns.size(); ++s) {
        const double future = notional * columns[s].move_ppm[0] / 1e6 *
                              static_cast<double>(columns[s].weight_numerator) /
                              static_cast<double>(columns[s].weight_denominator);
        // Each of the two rows is half a cent off at most.
        EXPECT_NEAR(table.gains[s] - table.gains[columns.size() + s],
                    future * kFinesPerDollar / kCent, 1.001)
            << "strike " << strike << " column " << s;
      }
    }
  }
}

TEST(TableBuilder, DampedTailsScaleExactly) {
  const TableOption of = option(OptionKind::Put, 95'000);
  for (const auto& [numerator, denominator] : {std::pair{16, 66}, {16, 33}, {1, 3}, {4, 25}}) {
    // A gain at weight n/d in units of u is the full gain in units of u * d / n.
    const risk::RiskTable damped = built(
        description({move(-660'000, kUp, numerator, denominator)}, {row(of, kCent * numerator)}));
    const risk::RiskTable full =
        built(description({move(-660'000, kUp)}, {row(of, kCent * denominator)}));
    EXPECT_EQ(damped.gains, full.gains);
    EXPECT_GT(full.gains[0], 1'000);
  }
}

TEST(TableBuilder, ReadsTheMovesOfItsFactorAndOfTheSettlementAssets) {
  const std::vector<ColumnMove> columns{
      {.move_ppm = {100'000, 0}, .volatility = kNoShift},
      {.move_ppm = {0, -50'000}, .volatility = kNoShift},
      {.move_ppm = {100'000, -50'000}, .volatility = kNoShift},
  };
  // Worth 1,000 dollars of a stablecoin, expired, and 920 more after ten per cent.
  TableOption stable = option(OptionKind::Call, 82'000);
  stable.market.years = 0;
  stable.settlement_factor = 1;
  // Worth 10,000 / 92,000 of a tenth of a coin that does not move with the forward.
  TableOption other_coin = stable;
  other_coin.premium = Premium::Coin;
  other_coin.market.settlement_index = 46'000;
  const risk::RiskTable table = built(description(columns, {row(stable), row(other_coin)}));
  EXPECT_EQ(table.gains[0], 92'000);
  EXPECT_EQ(table.gains[1], -5'000);
  EXPECT_EQ(table.gains[2], 192'000 * 95 / 100 - 100'000);
  // 0.1 * 46,000 * 10,000 / 92,000 = 500 and 0.1 * 46,000 * 19,200 / 101,200 = 872.727..
  EXPECT_EQ(table.gains[3], 37'273);
  EXPECT_EQ(table.gains[4], -2'500);
  EXPECT_EQ(table.gains[5], 32'909);
}

// The balance moves with the coin, and what the option is worth now with it: the table has what the
// coins gained are worth there, and nothing where none is gained.
TEST(TableBuilder, WhatIsInABalanceThatMovesItselfMovesOnce) {
  const std::vector<ColumnMove> columns = deribit_columns();
  TableOption put = option(OptionKind::Put, 95'000, Premium::Coin);
  const risk::RiskTable alone = built(description(columns, {row(put)}));
  put.in_balance = true;
  const risk::RiskTable table = built(description(columns, {row(put)}));
  const double now = 0.1 * price(put, 0, 0.45) / kForward * kIndex;
  for (std::size_t s = 0; s < columns.size(); ++s) {
    const double weight = static_cast<double>(columns[s].weight_numerator) /
                          static_cast<double>(columns[s].weight_denominator);
    const double moved = now * columns[s].move_ppm[0] / 1e6 * weight;
    EXPECT_NEAR(alone.gains[s] - table.gains[s], moved * kFinesPerDollar / kCent, 1.001) << s;
  }
  // A dollar that moves is no other matter: an option worth 1,000 of it, and the dollar falls.
  TableOption stable = option(OptionKind::Call, 82'000);
  stable.market.years = 0;
  stable.settlement_factor = 1;
  stable.in_balance = true;
  const std::vector<ColumnMove> depeg{{.move_ppm = {0, -50'000}, .volatility = kNoShift},
                                      {.move_ppm = {100'000, -50'000}, .volatility = kNoShift}};
  const risk::RiskTable of_dollars = built(description(depeg, {row(stable)}));
  EXPECT_EQ(of_dollars.gains[0], 0);
  EXPECT_EQ(of_dollars.gains[1], 92'000 * 95 / 100);
}

TEST(TableBuilder, ACoinPutIsWorthTheStrikeWhereTheCoinIsWorthNothing) {
  const TableOption put = option(OptionKind::Put, 95'000, Premium::Coin);
  const risk::RiskTable table = built(description({move(-1'000'000)}, {row(put)}));
  const double dollars = 0.1 * kIndex / kForward * (95'000 - price(put, 0, 0.45));
  EXPECT_EQ(table.gains[0],
            static_cast<std::int32_t>(std::round(dollars * kFinesPerDollar / kCent)));
}

TEST(TableBuilder, IsTheSameTableEachTime) {
  const TableDescription from = description(
      deribit_columns(),
      {row(option(OptionKind::Call, 95'000)), row(option(OptionKind::Put, 70'000, Premium::Coin))});
  const risk::RiskTable once = built(from);
  const risk::RiskTable again = built(from);
  EXPECT_EQ(once.gains, again.gains);
  EXPECT_EQ(once.measures, again.measures);
}

// --- measures

TEST(TableBuilder, DeltaIsTheSlopeInTheFactorsPrice) {
  constexpr std::int32_t kStep = 100;  // ppm
  for (const Premium premium : {Premium::Cash, Premium::Coin}) {
    for (const std::uint32_t settlement_factor : {0U, 1U, risk::kNone32}) {
      for (const OptionKind kind : {OptionKind::Call, OptionKind::Put}) {
        TableOption of = option(kind, 95'000, premium);
        of.settlement_factor = settlement_factor;
        const risk::RiskTable table = built(description(
            {{.move_ppm = {kStep, 0}}, {.move_ppm = {-kStep, 0}}}, {row(of, 1'000'000)}));
        const std::int64_t gained = table.gains[0] - table.gains[1];
        const std::int64_t slope = gained * (1'000'000 / (2 * kStep));
        // Quanta of a lot's some 4,000 dollars; the gains behind the slope are whole quanta.
        EXPECT_NEAR(static_cast<double>(table.measures[0][risk::kDelta]),
                    static_cast<double>(slope), 10'000);
      }
    }
  }
}

TEST(TableBuilder, MeasuresAreThoseOfOneLongLotInQuanta) {
  // At the money, with s = 0.45 * sqrt(30.5 / 365): delta is a lot's 9,200 dollars * N(s / 2), vega
  // what 9,200 * (N(s / 2) - N(-s / 2)) is more at 0.46; in 60 digits, as for black76_test.
  const risk::RiskTable table =
      built(description({move(0)}, {row(option(OptionKind::Call, kForward))}));
  EXPECT_EQ(table.measures[0][risk::kDelta], 4'838'549'102);  // ...101.515 micro-dollars
  EXPECT_EQ(table.measures[0][risk::kVega], 10'586'739);      // .247
  EXPECT_EQ(table.measures[0][risk::kInitialCharge], 0);
  EXPECT_EQ(table.measures[0][risk::kMaintenanceCharge], 0);
}

// Method E4, a published short put: S 20250, K 18500, mark 290: maintenance 938, initial 2315.
TEST(TableBuilder, ChargesAShortLotByTheVenuesRule) {
  TableOption put = option(OptionKind::Put, 18'500);
  put.multiplier = 1;
  put.market.forward = 18'500 - 290;  // expired, so that the mark is what was published
  put.market.years = 0;
  put.market.underlying_index = 20'250;
  TableDescription from = description({move(0)}, {row(put)});
  from.initial_rule = {.less_otm_ppm = 150'000, .floor_ppm = 100'000, .premium_ppm = 1'000'000};
  from.maintenance_rule = {.floor_ppm = 30'000, .index_ppm = 2'000, .premium_ppm = 1'000'000};
  risk::RiskTable table = built(from);
  EXPECT_EQ(table.measures[0][risk::kInitialCharge], 2'315'000'000);
  EXPECT_EQ(table.measures[0][risk::kMaintenanceCharge], 938'000'000);

  // Near the money the share less what it is out of the money by is the larger: 0.15 * 20250 - 250.
  std::get<TableOption>(from.rows[0].source).strike = 20'000;
  std::get<TableOption>(from.rows[0].source).market.forward = 20'000 - 290;
  table = built(from);
  EXPECT_EQ(table.measures[0][risk::kInitialCharge], 3'077'500'000);

  // The initial charge is never below the other one.
  from.initial_rule.less_otm_ppm = from.initial_rule.floor_ppm = 0;
  table = built(from);
  EXPECT_EQ(table.measures[0][risk::kInitialCharge], 938'000'000);

  // With the premium in coins the underlying is worth the coin's index, whatever the strike's
  // currency is worth: a tenth of 20,250.
  put.premium = Premium::Coin;
  put.settlement_factor = 0;
  put.market.settlement_index = 20'250;
  TableDescription coins = description({move(0)}, {row(put)});
  coins.initial_rule = {.less_otm_ppm = 150'000, .floor_ppm = 100'000};
  table = built(coins);
  EXPECT_EQ(table.measures[0][risk::kInitialCharge], 2'025'000'000);
}

// --- arrays

// Method E12: the sixteen figures published for a long future and a long call on it.
const RiskArray kFuture{{0, 0, 3'330, 3'330, -3'330, -3'330, 6'670, 6'670, -6'670, -6'670, 10'000,
                         10'000, -10'000, -10'000, 7'000, -7'000},
                        {}};
const RiskArray kCall{{460, -610, 2'640, 1'730, -1'270, -2'340, 5'210, 4'540, -2'540, -3'430, 8'060,
                       7'640, -3'380, -3'990, 3'130, -1'500},
                      {1, 2, 3, 4}};

TEST(TableBuilder, ASpanArrayPassesThroughUnchanged) {
  // The weights are already in an array.
  std::vector<ColumnMove> columns(16, move(10'000, kUp, 35, 100));
  const std::int64_t dollar = 100 * kCent;
  const TableDescription from = description(
      columns, {row(kFuture, dollar), row(option(OptionKind::Call, 9e4)), row(kCall, dollar)});
  const risk::RiskTable table = built(from);
  const auto of = [&](std::size_t index) {
    return std::vector<std::int64_t>(
        table.gains.begin() + static_cast<std::ptrdiff_t>(16 * index),
        table.gains.begin() + static_cast<std::ptrdiff_t>(16 * (index + 1)));
  };
  EXPECT_EQ(of(0), kFuture.gains);
  EXPECT_EQ(of(2), kCall.gains);
  EXPECT_EQ(table.measures[2], (risk::TableMeasures{1, 2, 3, 4}));
  const auto worst = [](const std::vector<std::int64_t>& gains) {
    return -*std::min_element(gains.begin(), gains.end());
  };
  EXPECT_EQ(worst(of(0)), 10'000);
  EXPECT_EQ(worst(of(2)), 3'990);
  std::vector<std::int64_t> covered_write(16);
  for (std::size_t s = 0; s < 16; ++s) covered_write[s] = of(0)[s] - of(2)[s];
  EXPECT_EQ(worst(covered_write), 6'620);
}

TEST(TableBuilder, RefusesAnArrayThatDoesNotFit) {
  const std::vector<ColumnMove> columns(16, move(0));
  RiskArray shorter = kCall;
  shorter.gains.pop_back();
  EXPECT_EQ(problems(description(columns, {row(shorter)})),
            (std::vector<TableProblem>{{0, risk::kNone32, TableError::WrongLength}}));
  TableRow capped = row(kCall);
  capped.vector_cap = 8'060;
  EXPECT_TRUE(problems(description(columns, {capped})).empty());
  capped.vector_cap = 8'059;
  EXPECT_EQ(problems(description(columns, {capped})),
            (std::vector<TableProblem>{{0, 10, TableError::AboveCap}}));
  RiskArray huge = kCall;
  huge.gains[3] = std::int64_t{-1} << 40;
  EXPECT_EQ(problems(description(columns, {row(huge)})),
            (std::vector<TableProblem>{{0, 3, TableError::AboveCap}}));
  RiskArray measured = kCall;
  measured.measures[risk::kVega] = std::int64_t{1} << 61;
  EXPECT_EQ(problems(description(columns, {row(measured)})),
            (std::vector<TableProblem>{{0, risk::kNone32, TableError::MeasureOutOfRange}}));
}

// --- refusals

TEST(TableBuilder, RefusesAGainAboveTheCap) {
  // Expired: the gain is 92 cents for each 100 ppm, so 9,200 for one per cent.
  TableOption of = option(OptionKind::Call, 50'000);
  of.market.years = 0;
  for (const auto& [numerator, most] : {std::pair{1, 9'200}, {2, 18'400}}) {
    for (const std::int32_t ppm : {10'000, -10'000}) {
      TableDescription from = description({move(0), move(ppm, kNoShift, numerator, 1)}, {row(of)});
      from.rows[0].vector_cap = most;
      EXPECT_EQ(std::abs(built(from).gains[1]), most);
      from.rows[0].vector_cap = most - 1;
      EXPECT_EQ(problems(from), (std::vector<TableProblem>{{0, 1, TableError::AboveCap}}));
    }
  }
}

TEST(TableBuilder, NamesWhatIsMissingOfEachInstrument) {
  struct Case {
    TableError error;
    double* (*field)(TableOption&);
    bool zero_is_missing = true;
  };
  const std::vector<Case> cases{
      {TableError::NoStrike, [](TableOption& o) { return &o.strike; }},
      {TableError::NoMultiplier, [](TableOption& o) { return &o.multiplier; }},
      {TableError::NoForward, [](TableOption& o) { return &o.market.forward; }},
      {TableError::NoVolatility, [](TableOption& o) { return &o.market.volatility; }, false},
      {TableError::NoTimeToExpiry, [](TableOption& o) { return &o.market.years; }, false},
      {TableError::NoDiscount, [](TableOption& o) { return &o.market.discount; }},
      {TableError::NoSettlementIndex, [](TableOption& o) { return &o.market.settlement_index; }},
  };
  for (const Case& c : cases) {
    const double infinity = std::numeric_limits<double>::infinity();
    for (const double bad : {kMissing, infinity, -infinity, -1.0, 0.0}) {
      TableOption broken = option(OptionKind::Call, 95'000);
      *c.field(broken) = bad;
      if (bad == 0 && !c.zero_is_missing) {
        EXPECT_TRUE(problems(broken).empty());
      } else {
        EXPECT_EQ(problems(broken), (std::vector<TableProblem>{{0, risk::kNone32, c.error}}))
            << describe(c.error) << " " << bad;
      }
    }
  }
  EXPECT_EQ(problems(TableOption{}).size(), 1) << "nothing is there at first";
}

TEST(TableBuilder, NeedsTheUnderlyingsIndexForARuleAlone) {
  TableDescription from = description({move(0)}, {row(option(OptionKind::Put, 95'000))});
  EXPECT_TRUE(problems(from).empty());
  from.maintenance_rule.floor_ppm = 30'000;
  EXPECT_EQ(problems(from),
            (std::vector<TableProblem>{{0, risk::kNone32, TableError::NoUnderlyingIndex}}));
}

TEST(TableBuilder, RefusesMovesBelowZeroAndNumbersThatAreNone) {
  const TableOption call = option(OptionKind::Call, 95'000);
  EXPECT_TRUE(problems(description({move(-1'000'000)}, {row(call)})).empty());
  EXPECT_EQ(problems(description({move(0), move(-1'000'001)}, {row(call)})),
            (std::vector<TableProblem>{{0, 1, TableError::BelowZero}}));
  TableOption stable = call;
  stable.settlement_factor = 1;
  EXPECT_EQ(problems(description({{.move_ppm = {0, -1'000'001}}}, {row(stable)})),
            (std::vector<TableProblem>{{0, 0, TableError::BelowZero}}));

  // So many coins that the value leaves the doubles.
  TableOption huge = call;
  huge.multiplier = 1e305;
  EXPECT_EQ(problems(description({move(0)}, {row(huge)})),
            (std::vector<TableProblem>{{0, 0, TableError::NotFinite}}));
  // A put paid in a coin that keeps its price, on a forward that is worth nothing.
  TableOption put = option(OptionKind::Put, 95'000, Premium::Coin);
  put.settlement_factor = risk::kNone32;
  EXPECT_EQ(problems(description({move(-1'000'000)}, {row(put)})),
            (std::vector<TableProblem>{{0, 0, TableError::NotFinite}}));
  // No gain, but more delta than a measure holds.
  huge.multiplier = 1e9;
  EXPECT_EQ(problems(description({move(0)}, {row(huge)})),
            (std::vector<TableProblem>{{0, risk::kNone32, TableError::MeasureOutOfRange}}));
}

// --- lag states

// The columns of each state are those of a table built there: the forward moved, and with it the coin
// that an option is paid in.
TEST(TableBuilder, ALagStateHasWhatATableBuiltThereWouldHave) {
  const std::vector<ColumnMove> columns{move(0), move(-160'000, VolatilityShift::Up),
                                        move(40'000, VolatilityShift::Down, 1, 3)};
  TableOption static_coin = option(OptionKind::Put, 93'000, Premium::Coin);
  static_coin.settlement_factor = risk::kNone32;
  TableOption in_balance = option(OptionKind::Call, 90'000, Premium::Coin);
  in_balance.in_balance = true;
  const std::vector<TableOption> options{option(OptionKind::Call, 95'000),
                                         option(OptionKind::Put, 90'000, Premium::Coin),
                                         static_coin, in_balance};
  const auto built_at = [&](double moved, std::int64_t table_move_max_ppm) {
    std::vector<TableRow> rows;
    for (TableOption of : options) {
      of.market.forward *= 1 + moved;
      if (of.premium == Premium::Coin) of.market.settlement_index *= 1 + moved;
      rows.push_back(row(of));
    }
    TableDescription from = description(columns, rows);
    from.table_move_max_ppm = table_move_max_ppm;
    return built(from);
  };
  const risk::RiskTable lagging = built_at(0, 5'000);
  ASSERT_EQ(lagging.gains.size(), options.size() * columns.size() * 3);
  const double moves[] = {0, -0.005, 0.005};
  for (std::size_t state = 0; state < 3; ++state) {
    const risk::RiskTable there = built_at(moves[state], 0);
    for (std::size_t r = 0; r < options.size(); ++r) {
      for (std::size_t c = 0; c < columns.size(); ++c) {
        EXPECT_EQ(lagging.gains[(r * 3 + state) * columns.size() + c],
                  there.gains[r * columns.size() + c])
            << "state " << state << ", row " << r << ", column " << c;
      }
    }
    if (state == 0) {
      EXPECT_EQ(lagging.measures, there.measures);
    }
  }
}

TEST(TableBuilder, ArraysAreOfEachLagStateOrTheSameInAllAndAnchorsPassThrough) {
  TableDescription from = description(
      {move(0), move(1)}, {row(RiskArray{{1, -2}, {}}), row(RiskArray{{1, 2, 3, 4, 5, 6}, {}})});
  from.table_move_max_ppm = 1;
  from.anchors = {{{4}, {91'500}}, {{1}, {92'000}}};
  const risk::RiskTable table = built(from);
  EXPECT_EQ(table.gains, (std::vector<std::int32_t>{1, -2, 1, -2, 1, -2, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(table.anchors, from.anchors);
  from.rows[0].source = RiskArray{{1, 2, 3, 4}, {}};
  EXPECT_EQ(build_table(from).problems,
            (std::vector<TableProblem>{{.row = 0, .error = TableError::WrongLength}}));
}

TEST(TableBuilder, AProblemInALagStateSaysSo) {
  TableRow of = row(option(OptionKind::Call, 92'000));
  of.vector_cap = 0;
  TableDescription from = description({move(0), move(0)}, {of});
  from.table_move_max_ppm = 300'000;
  from.columns[1] = move(0, VolatilityShift::Up, 0);
  EXPECT_TRUE(build_table(from).problems.empty());  // nothing moves in any state
  from.columns[1] = move(500'000, VolatilityShift::None);
  from.rows[0].vector_cap =
      static_cast<std::int32_t>(46'000 / 10 / 0.01);  // half of 92'000, a tenth of a coin
  const BuiltTable failed = build_table(from);
  ASSERT_EQ(failed.problems.size(), 1u);
  EXPECT_EQ(to_text(failed.problems[0], from),
            "X, column 1, with the underlying moved up: the gain is larger than vector_cap");
}

TEST(TableBuilder, NamesTheFirstProblemOfEachRowAndPublishesNothing) {
  TableOption broken = option(OptionKind::Call, 95'000);
  broken.market.volatility = kMissing;
  TableDescription from =
      description({move(0), move(10'000), move(20'000)},
                  {row(option(OptionKind::Call, 95'000)), row(broken),
                   row(option(OptionKind::Put, 95'000)), row(option(OptionKind::Put, 95'000))});
  from.rows[1].name = "BTC-26DEC-95000-C";
  from.rows[3].name = "BTC-26DEC-95000-P";
  from.rows[3].vector_cap = 10;
  const BuiltTable result = build_table(from);
  EXPECT_FALSE(result.table.has_value());
  ASSERT_EQ(result.problems.size(), 2);
  EXPECT_EQ(to_text(result.problems[0], from), "BTC-26DEC-95000-C: there is no volatility");
  EXPECT_EQ(to_text(result.problems[1], from),
            "BTC-26DEC-95000-P, column 1: the gain is larger than vector_cap");
}

TEST(TableBuilder, EachErrorHasItsWords) {
  std::vector<std::string_view> texts;
  for (std::uint8_t error = 0; error <= static_cast<std::uint8_t>(TableError::WrongLength);
       ++error) {
    texts.push_back(describe(static_cast<TableError>(error)));
    EXPECT_FALSE(texts.back().empty());
  }
  std::sort(texts.begin(), texts.end());
  EXPECT_EQ(std::adjacent_find(texts.begin(), texts.end()), texts.end());
}

}  // namespace
}  // namespace portcullis::feeds::table_builder_test
