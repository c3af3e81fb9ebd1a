// Options on one underlying, or on one in each of two groups, whose tables the builder makes: the
// requirement of a book by a table that lags, and by one that does not. In whole dollars; the option's
// integers are cents.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "feeds/table_builder.h"
#include "risk/engine.h"
#include "tests/support/dollar_world.h"

namespace portcullis::support {

// What an account holds: lots of options by their number, and of each group's perpetual.
struct OptionBook {
  struct Line {
    std::uint32_t option = 0;
    std::int64_t lots = 0;
  };
  std::vector<Line> lines{};
  std::vector<std::int64_t> perpetuals{};  // by group
};

struct OptionWorldChoice {
  double years = 0;
  double volatility = 0;          // at the money
  double skew = 0;                // more of it for a strike that much further down, as a share
  std::vector<double> strikes{};  // as shares of the forward; a call and a put at each
  std::uint32_t groups = 1;       // that have options
  feeds::Premium premium = feeds::Premium::Cash;
  risk::SetScope scope = risk::SetScope::PerGroup;
  risk::SetMeasure measure = risk::SetMeasure::Worst;
};

// How far the forward of each group has moved, as a share.
using ForwardMoves = std::array<double, 2>;

class OptionWorld {
 public:
  static constexpr std::int64_t kForward = 100'000;
  static constexpr std::int32_t kStepPpm = 40'000;  // four to each side, in three volatilities

  explicit OptionWorld(OptionWorldChoice choice) : choice_(std::move(choice)) {}

  // Options in all groups: of each strike a call and a put, strike after strike, group after group.
  [[nodiscard]] std::uint32_t options() const { return choice_.groups * in_group(); }

  // By tables built at the forward that may lag by so much, where the marks have moved.
  [[nodiscard]] std::int64_t required(const OptionBook& book, std::int64_t move_max_ppm,
                                      const ForwardMoves& moves) const {
    return required(book, move_max_ppm, moves, {});
  }
  // By tables built where the marks are, without lag.
  [[nodiscard]] std::int64_t required_by_fresh_tables(const OptionBook& book,
                                                      const ForwardMoves& moves) const {
    return required(book, 0, moves, moves);
  }
  // What the options of the book gain in a column, in dollars; without rounding.
  [[nodiscard]] double gain(const OptionBook& book, int step, feeds::VolatilityShift shift) const {
    double sum = 0;
    for (const OptionBook::Line& line : book.lines) {
      feeds::Black76Inputs inputs = inputs_of(line.option);
      const double now = feeds::black76(inputs).price;
      inputs.volatility = shifted(inputs.volatility, shift);
      inputs.forward *= 1 + step * kStepPpm / 1e6;
      sum += static_cast<double>(line.lots) * (feeds::black76(inputs).price - now);
    }
    return sum;
  }
  [[nodiscard]] feeds::Black76Inputs inputs_of(std::uint32_t option) const {
    const double strike = choice_.strikes[option % in_group() / 2];
    return {.kind = option % 2 == 0 ? feeds::OptionKind::Call : feeds::OptionKind::Put,
            .forward = kForward,
            .strike = strike * kForward,
            .years = choice_.years,
            .volatility = choice_.volatility * (1 + choice_.skew * (1 - strike))};
  }
  [[nodiscard]] double shifted(double volatility, feeds::VolatilityShift shift) const {
    return feeds::shifted_volatility(kShock, shift, volatility, choice_.years);
  }
  [[nodiscard]] const OptionWorldChoice& choice() const { return choice_; }

 private:
  static constexpr feeds::VolatilityShock kShock{.up_ppm = 500'000,
                                                 .down_ppm = 250'000,
                                                 .pivot_days = 30,
                                                 .short_power_ppm = 300'000,
                                                 .long_power_ppm = 130'000,
                                                 .floor_up_ppm = 500'000,
                                                 .days_min_ppm = risk::kPpm};
  static constexpr std::int64_t kCent = 10'000;  // in fines

  [[nodiscard]] std::uint32_t in_group() const {
    return static_cast<std::uint32_t>(2 * choice_.strikes.size());
  }
  static std::vector<feeds::ColumnMove> columns() {
    std::vector<feeds::ColumnMove> columns;
    for (std::int32_t step = -4; step <= 4; ++step) {
      for (const auto shift :
           {feeds::VolatilityShift::Down, feeds::VolatilityShift::None, feeds::VolatilityShift::Up})
        columns.push_back({.move_ppm = {step * kStepPpm}, .volatility = shift});
    }
    return columns;
  }

  [[nodiscard]] risk::Parameters parameters(std::int64_t move_max_ppm) const {
    risk::Parameters p = dollar_parameters();
    std::vector<std::int32_t> shocks;
    for (const feeds::ColumnMove& column : columns()) shocks.push_back(column.move_ppm[0]);
    set_columns(p, shocks);
    p.sets[0].scope = choice_.scope;
    p.sets[0].measure = choice_.measure;
    p.sets[0].tail_denominator = choice_.measure == risk::SetMeasure::Worst ? 1 : 9;
    if (coin()) {
      p.assets[kBtc.value].mode = risk::CollateralMode::Both;
      p.assets[kBtc.value].factor = risk::FactorIndex{0};
    }
    for (std::uint32_t g = 0; g < choice_.groups; ++g) {
      p.groups[g].kappa_ppm = risk::kPpm / 2;
      p.groups[g].table_move_max_ppm = move_max_ppm;
      p.groups[g].table_age_max_ns = kHour;
      p.groups[g].row_count = in_group();
      for (std::uint32_t row = 0; row < in_group(); ++row) {
        risk::InstrumentParameters option = p.instruments[g == 0 ? kBtcPerp.value : kEthPerp.value];
        option.risk = risk::RiskSource::Table;
        option.row = row;
        option.vector_unit = kCent;
        option.vector_cap = 1 << 28;
        if (coin()) option.settlement = kBtc;
        add_instrument(p, option);
      }
    }
    return p;
  }

  // A coin's option is in a world with one group.
  [[nodiscard]] bool coin() const { return choice_.premium == feeds::Premium::Coin; }

  [[nodiscard]] risk::RiskTable table(const risk::Parameters& p, risk::GroupIndex group,
                                      double built_at) const {
    feeds::TableDescription description;
    description.id = 1;
    description.parameter_version = p.version;
    description.group = group;
    description.as_of = {kNow};
    description.columns = columns();
    description.table_move_max_ppm = p.groups[group.value].table_move_max_ppm;
    description.anchors = {{group.value == 0 ? kBtcPerp : kEthPerp, {kForward}}};
    description.volatility = kShock;
    for (std::uint32_t row = 0; row < in_group(); ++row) {
      const feeds::Black76Inputs inputs = inputs_of(row);
      feeds::TableOption option;
      option.kind = inputs.kind;
      option.strike = inputs.strike;
      option.multiplier = 1;
      option.premium = choice_.premium;
      option.in_balance = coin();
      if (coin()) option.settlement_factor = 0;
      option.market.forward = kForward * (1 + built_at);
      option.market.volatility = inputs.volatility;
      option.market.years = inputs.years;
      option.market.settlement_index = coin() ? kForward * (1 + built_at) : 1;
      description.rows.push_back(
          {.name = "", .vector_unit = kCent, .vector_cap = 1 << 28, .source = option});
    }
    feeds::BuiltTable built = feeds::build_table(description);
    for (const feeds::TableProblem& problem : built.problems)
      ADD_FAILURE() << feeds::to_text(problem, description);
    return *std::move(built.table);
  }

  [[nodiscard]] std::int64_t required(const OptionBook& book, std::int64_t move_max_ppm,
                                      const ForwardMoves& moves,
                                      const ForwardMoves& built_at) const {
    const risk::Parameters p = parameters(move_max_ppm);
    EXPECT_STREQ(risk::first_problem(p), nullptr);
    std::vector<risk::RiskTable> tables;
    risk::Engine engine(p);
    const auto mark = [&](std::uint32_t group) {
      return static_cast<std::int64_t>(kForward * (1 + moves[group]) + 0.5);
    };
    const auto group_of = [&](std::uint32_t instrument) {
      return p.instruments[instrument].factor.value;
    };
    engine.apply(risk::IndexUpdate{{kNow}, {kNow}, 1, kUsd, {}});
    engine.apply(risk::IndexUpdate{{kNow}, {kNow}, mark(0), kBtc, {}});
    for (std::uint32_t i = 0; i < p.instruments.size(); ++i)
      engine.apply(risk::MarkUpdate{{kNow}, {kNow}, {mark(group_of(i))}, {i}, {}});
    for (std::uint32_t g = 0; g < choice_.groups; ++g) tables.push_back(table(p, {g}, built_at[g]));
    for (const risk::RiskTable& one : tables)
      EXPECT_TRUE(engine.apply(risk::TableUpdate{{kNow}, one.id, one.group, {}}, one));
    const auto hold = [&](std::uint32_t instrument, std::int64_t lots) {
      engine.apply(
          risk::LoadPosition{{kNow}, {lots}, {mark(group_of(instrument))}, {0}, {instrument}});
    };
    for (std::uint32_t g = 0; g < book.perpetuals.size(); ++g)
      hold(g == 0 ? kBtcPerp.value : kEthPerp.value, book.perpetuals[g]);
    for (const OptionBook::Line& line : book.lines) hold(kFirstOption + line.option, line.lots);
    const risk::MarginReport report = engine.margin({0}, {kNow});
    EXPECT_TRUE(report.in_range);
    EXPECT_FALSE(report.stale);
    return report.requirement.raw;
  }

  static constexpr std::uint32_t kFirstOption = 3;
  static constexpr std::int64_t kNow = 1'700'000'000 * risk::kSecondNs;

  OptionWorldChoice choice_;
};

}  // namespace portcullis::support
