// From price histories to proposed parameters, with the evidence for each. Pure: no file, no clock.
//
// Every figure is a whole number of ppm, rounded against the one who would like it small: losses,
// shocks, haircuts, add-ons and volatilities up, leverage caps down, rows of history away from zero
// (tail.h says what the double in them may change).
//
// The shock of a factor, over the margin period of `horizon` days of the calendar (returns.h):
//
//   scaled   ES at shock_tail of the returns scaled to today's volatility (volatility.h)
//   floor    ES at floor_tail of the unscaled returns of the last floor_years, so that a calm market
//            does not lower it (EMIR RTS 153/2013, Article 28 1 c)
//   target   = max(scaled, floor), of the worse side: a grid moves both ways alike
//   shock    = target, but from the previous recalibration's shock p at most step_max of it away:
//            from ceil(p * (1 - step_max)) to ceil(p * (1 + step_max))
//
// Beside them, as evidence and not in the target, the other two forms of that article: a buffer on
// the scaled ES (1 a), and stress_weight of the weight for the worst stress_days returns that follow
// each other, by their ES at floor_tail (1 b).
//
// Collateral is sold over haircut_horizon days. fall and rise are the target's formula at that
// horizon, of one side each; residual = max(0, fall - shock) is what a sale can lose beyond the
// scenarios, debt_addon = max(0, rise - shock) what buying back a debt can.
// leverage = floor(1 / shock): the notional that one unit of equity carries through the shock.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "feeds/calibration/findings.h"
#include "feeds/calibration/prices.h"
#include "feeds/calibration/returns.h"
#include "feeds/calibration/tail.h"
#include "feeds/calibration/volatility.h"

namespace portcullis::feeds::calibration {

struct Settings {
  std::size_t horizon = 1;          // days of the margin period
  std::size_t haircut_horizon = 5;  // days to sell collateral
  std::int64_t shock_tail_ppm = 10'000;
  std::int64_t floor_tail_ppm = 25'000;
  int floor_years = 10;
  std::int64_t lambda_ppm = 940'000;
  std::size_t warm_up = 30;
  std::int64_t buffer_ppm = 250'000;
  std::int64_t stress_weight_ppm = 250'000;
  std::size_t stress_days = 250;
  std::int64_t step_max_ppm = 100'000;
  std::size_t recent = 500;           // returns of the window Recent
  std::size_t correlation_days = 60;  // of a rolling correlation
  std::size_t returns_min = 250;      // fewer of any series are refused
  FindingSettings findings{};
};

inline constexpr std::array<std::int64_t, 4> kTails{50'000, 25'000, 10'000, 5'000};

enum class Window : std::uint8_t {
  Full,    // all returns of the series
  Floor,   // those of the last floor_years
  Recent,  // the newest `recent`
  Common,  // the joint rows
};
[[nodiscard]] std::string_view name_of(Window window);

struct Figure {
  Window window = Window::Full;
  std::size_t days = 1;  // of a return
  Side side = Side::Down;
  std::int64_t tail_ppm = 0;
  std::size_t returns = 0;
  std::int64_t var_ppm = 0;
  std::int64_t es_ppm = 0;
};

// Over the margin period, of all returns.
struct Estimate {
  Side side = Side::Down;
  std::int64_t tail_ppm = 0;
  std::int64_t unscaled_ppm = 0;
  std::int64_t scaled_ppm = 0;
  std::int64_t floored_ppm = 0;  // the larger of scaled and the side's floor
  std::int64_t buffered_ppm = 0;
  std::int64_t stressed_ppm = 0;
};

struct Extreme {
  Day day = 0;
  std::int64_t move_ppm = 0;
};

struct FactorEvidence {
  std::string name{};
  std::size_t absent = 0;
  std::size_t kept_off = 0;  // Calendar::kept_off
  Day first_price = 0;
  Day last_price = 0;
  std::size_t prices = 0;
  Extreme worst_fall{};  // a day's
  Extreme worst_rise{};
  std::int64_t volatility_ppm = 0;  // today's, of a day
  std::vector<Figure> figures{};
  std::vector<Estimate> estimates{};
  Day floor_from = 0;  // the first return in it
  std::size_t floor_returns = 0;
  Day stress_from = 0;  // of the worse side
  Day stress_to = 0;

  // Of the floor's returns, over the margin period: how many were worse than the shock.
  std::size_t falls_beyond = 0;
  std::size_t rises_beyond = 0;

  std::int64_t scaled_ppm = 0;
  std::int64_t floor_ppm = 0;
  std::int64_t target_ppm = 0;
  std::optional<std::int64_t> previous_ppm{};
  std::int64_t shock_ppm = 0;
  std::int64_t fall_ppm = 0;
  std::int64_t rise_ppm = 0;
  std::int64_t residual_ppm = 0;
  std::int64_t debt_addon_ppm = 0;
  std::int64_t leverage_ppm = 0;

  Returns returns{};  // daily, for plots
  Volatility volatility{};
};

// Of the joint rows. Correlations: lowest down, highest up, others away from zero; none where one of
// the two does not move.
struct PairEvidence {
  std::size_t a = 0;
  std::size_t b = 0;
  std::optional<std::int64_t> correlation_ppm{};
  std::optional<std::int64_t> lowest_ppm{};  // of the rolling ones
  std::optional<std::int64_t> highest_ppm{};
  std::optional<std::int64_t> latest_ppm{};
  // Long one and short as much of the other, over the margin period: the worse way round.
  std::int64_t spread_floor_tail_ppm = 0;
  std::int64_t spread_shock_tail_ppm = 0;
};

// The same notional long of every factor, as one position; and the mean of the factors' own figures.
struct BookFigure {
  std::size_t days = 1;
  Side side = Side::Down;
  std::int64_t tail_ppm = 0;
  std::int64_t var_ppm = 0;
  std::int64_t es_ppm = 0;
  std::int64_t parts_es_ppm = 0;
};

struct HistoryRow {
  Day day = 0;
  std::vector<std::int64_t> moves_ppm{};  // by factor
};

struct Evidence {
  Settings settings{};
  Calendar calendar{};
  std::vector<Finding> findings{};
  std::vector<FactorEvidence> factors{};
  std::vector<PairEvidence> pairs{};
  std::vector<BookFigure> book{};
  JointReturns joint{};            // daily
  std::vector<HistoryRow> rows{};  // joint, over the margin period, the oldest first
  // Of the rows those with the worst fall and the worst rise of each factor, none twice.
  std::vector<HistoryRow> breaks{};
};

struct Calibration {
  Evidence evidence{};                  // whole only without problems
  std::vector<std::string> problems{};  // "SOL: has 12 returns ..., fewer than 250"
};

// REQUIRES: 1 <= horizons, tails and lambda between 0 and 1 million, stress_days and warm_up from 1,
// returns_min > warm_up + the horizons and more than 1,000,000 over the shock's tail. `previous` is the
// shocks of the recalibration before, by factor.
[[nodiscard]] Calibration calibrate(const std::vector<PriceSeries>& series,
                                    const Settings& settings,
                                    const std::map<std::string, std::int64_t>& previous);

}  // namespace portcullis::feeds::calibration
