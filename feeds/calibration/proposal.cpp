#include "feeds/calibration/proposal.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "feeds/calibration/dependence.h"
#include "risk/types.h"

namespace portcullis::feeds::calibration {

namespace {

using risk::kPpm;

constexpr std::array<Side, 2> kSides{Side::Down, Side::Up};
constexpr Day kShortDays = 31;  // a floor's period may begin so late and be called whole

std::vector<double> newest(const std::vector<double>& values, std::size_t count) {
  const std::size_t size = std::min(values.size(), count);
  return {values.end() - static_cast<std::ptrdiff_t>(size), values.end()};
}

std::vector<double> since(const Returns& returns, Day day) {
  const auto first = std::lower_bound(returns.days.begin(), returns.days.end(), day);
  return {returns.values.begin() + (first - returns.days.begin()), returns.values.end()};
}

std::int64_t es_ppm(const std::vector<double>& losses, std::int64_t tail_ppm) {
  return ceil_ppm(expected_shortfall(losses, tail_ppm));
}

// One series with its returns over so many days.
struct Sample {
  Returns returns{};
  std::vector<double> floor{};   // those of the floor's period
  std::vector<double> scaled{};  // to today's volatility
};

class Factor {
 public:
  Factor(const PriceSeries& series, const Calendar& calendar, const Settings& settings)
      : series_(series), calendar_(calendar), settings_(settings) {
    out_.name = series.name;
    out_.absent = series.absent;
    out_.first_price = series.days.front();
    out_.last_price = series.days.back();
    out_.prices = series.days.size();
    out_.returns = returns_of(series, calendar, 1);
  }

  [[nodiscard]] std::size_t returns() const { return out_.returns.values.size(); }

  FactorEvidence measure(const std::vector<std::size_t>& horizons,
                         const std::map<std::size_t, std::vector<double>>& common,
                         std::optional<std::int64_t> previous) {
    out_.volatility = volatility_of(out_.returns.values, settings_.lambda_ppm, settings_.warm_up);
    out_.volatility_ppm = ceil_ppm(out_.volatility.now);
    floor_day_ = years_before(out_.returns.days.back(), settings_.floor_years);
    find_extremes();
    for (const std::size_t days : horizons) add_figures(days, common.at(days));
    const Sample margin = sample_of(settings_.horizon);
    const auto in_floor =
        std::lower_bound(margin.returns.days.begin(), margin.returns.days.end(), floor_day_);
    out_.floor_from = *in_floor;
    out_.floor_returns = margin.floor.size();
    add_estimates(margin);
    propose(margin, previous);
    return std::move(out_);
  }

 private:
  [[nodiscard]] Sample sample_of(std::size_t days) const {
    Sample sample;
    sample.returns = returns_of(series_, calendar_, days);
    sample.floor = since(sample.returns, floor_day_);
    sample.scaled = scaled_returns(sample.returns.values, out_.volatility, settings_.warm_up);
    return sample;
  }

  void find_extremes() {
    const auto& values = out_.returns.values;
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    const auto at = [&](auto place) {
      return Extreme{out_.returns.days[static_cast<std::size_t>(place - values.begin())],
                     outward_ppm(*place)};
    };
    out_.worst_fall = at(low);
    out_.worst_rise = at(high);
  }

  void add_figures(std::size_t days, const std::vector<double>& common) {
    const Returns returns = returns_of(series_, calendar_, days);
    const std::array<std::pair<Window, std::vector<double>>, 4> windows{
        {{Window::Full, returns.values},
         {Window::Floor, since(returns, floor_day_)},
         {Window::Recent, newest(returns.values, settings_.recent)},
         {Window::Common, common}}};
    for (const auto& [window, values] : windows) {
      if (values.empty()) continue;
      for (const Side side : kSides) {
        const std::vector<double> losses = losses_of(values, side);
        for (const std::int64_t tail : kTails) {
          out_.figures.push_back({window, days, side, tail, losses.size(),
                                  ceil_ppm(value_at_risk(losses, tail)), es_ppm(losses, tail)});
        }
      }
    }
  }

  // The worst stress_days returns that follow each other, and where they begin.
  [[nodiscard]] std::pair<std::vector<double>, std::size_t> stress(
      const std::vector<double>& values, Side side) const {
    const std::size_t size = std::min(settings_.stress_days, values.size());
    std::vector<double> worst;
    std::size_t begin = 0;
    double worst_es = 0;
    for (std::size_t first = 0; first + size <= values.size(); ++first) {
      const auto from = values.begin() + static_cast<std::ptrdiff_t>(first);
      std::vector<double> losses =
          losses_of({from, from + static_cast<std::ptrdiff_t>(size)}, side);
      const double es = expected_shortfall(losses, settings_.floor_tail_ppm);
      if (!worst.empty() && es <= worst_es) continue;
      worst = std::move(losses);
      worst_es = es;
      begin = first;
    }
    return {std::move(worst), begin};
  }

  void add_estimates(const Sample& sample) {
    double worst_es = 0;
    for (const Side side : kSides) {
      const std::vector<double> unscaled = losses_of(sample.returns.values, side);
      const std::vector<double> scaled = losses_of(sample.scaled, side);
      const auto [stressed, begin] = stress(sample.returns.values, side);
      const double es = expected_shortfall(stressed, settings_.floor_tail_ppm);
      if (side == Side::Down || es > worst_es) {
        worst_es = es;
        out_.stress_from = sample.returns.days[begin];
        out_.stress_to = sample.returns.days[begin + stressed.size() - 1];
      }
      const std::int64_t floor = es_ppm(losses_of(sample.floor, side), settings_.floor_tail_ppm);
      for (const std::int64_t tail : kTails) {
        Estimate estimate{.side = side, .tail_ppm = tail};
        estimate.unscaled_ppm = es_ppm(unscaled, tail);
        estimate.scaled_ppm = es_ppm(scaled, tail);
        estimate.floored_ppm = std::max(estimate.scaled_ppm, floor);
        const double factor =
            1 + static_cast<double>(settings_.buffer_ppm) / static_cast<double>(kPpm);
        estimate.buffered_ppm = ceil_ppm(expected_shortfall(scaled, tail) * factor);
        estimate.stressed_ppm =
            ceil_ppm(mixed_shortfall(scaled, stressed, settings_.stress_weight_ppm, tail));
        out_.estimates.push_back(estimate);
      }
    }
  }

  struct Target {
    std::int64_t scaled = 0;
    std::int64_t floor = 0;
    [[nodiscard]] std::int64_t both() const { return std::max({scaled, floor, std::int64_t{1}}); }
  };
  [[nodiscard]] Target target_of(const Sample& sample, Side side) const {
    return {es_ppm(losses_of(sample.scaled, side), settings_.shock_tail_ppm),
            es_ppm(losses_of(sample.floor, side), settings_.floor_tail_ppm)};
  }

  void propose(const Sample& margin, std::optional<std::int64_t> previous) {
    const Target down = target_of(margin, Side::Down);
    const Target up = target_of(margin, Side::Up);
    out_.scaled_ppm = std::max(down.scaled, up.scaled);
    out_.floor_ppm = std::max(down.floor, up.floor);
    out_.target_ppm = std::max(down.both(), up.both());
    out_.previous_ppm = previous;
    out_.shock_ppm = out_.target_ppm;
    if (previous) {
      const auto times = [&](std::int64_t share) {
        return static_cast<std::int64_t>(risk::ceil_div(risk::Int128{*previous} * share, kPpm));
      };
      out_.shock_ppm = std::clamp(out_.target_ppm, times(kPpm - settings_.step_max_ppm),
                                  times(kPpm + settings_.step_max_ppm));
    }
    const double shock = static_cast<double>(out_.shock_ppm) / static_cast<double>(kPpm);
    for (const double value : margin.floor) {
      if (value < -shock) ++out_.falls_beyond;
      if (value > shock) ++out_.rises_beyond;
    }
    const Sample sale = sample_of(settings_.haircut_horizon);
    out_.fall_ppm = target_of(sale, Side::Down).both();
    out_.rise_ppm = target_of(sale, Side::Up).both();
    out_.residual_ppm = std::max<std::int64_t>(0, out_.fall_ppm - out_.shock_ppm);
    out_.debt_addon_ppm = std::max<std::int64_t>(0, out_.rise_ppm - out_.shock_ppm);
    out_.leverage_ppm = kPpm * kPpm / out_.shock_ppm;
  }

  const PriceSeries& series_;
  const Calendar& calendar_;
  const Settings& settings_;
  Day floor_day_ = 0;
  FactorEvidence out_{};
};

std::optional<std::int64_t> outward(const std::optional<double>& value) {
  return value ? std::optional(outward_ppm(*value)) : std::nullopt;
}

PairEvidence pair_of(std::size_t a, std::size_t b, const JointReturns& daily,
                     const JointReturns& margin, const Settings& settings) {
  PairEvidence pair{.a = a, .b = b};
  pair.correlation_ppm = outward(correlation(daily.values[a], daily.values[b]));
  const RollingCorrelation rolling =
      rolling_correlation(daily.values[a], daily.values[b], settings.correlation_days);
  if (!rolling.values.empty()) {
    const auto [low, high] = std::minmax_element(rolling.values.begin(), rolling.values.end());
    pair.lowest_ppm = floor_ppm(*low);
    pair.highest_ppm = ceil_ppm(*high);
    pair.latest_ppm = outward_ppm(rolling.values.back());
  }
  std::vector<double> spread(margin.days.size());
  for (std::size_t i = 0; i < spread.size(); ++i)
    spread[i] = margin.values[a][i] - margin.values[b][i];
  if (spread.empty()) return pair;
  for (const Side side : kSides) {
    const std::vector<double> losses = losses_of(spread, side);
    pair.spread_floor_tail_ppm =
        std::max(pair.spread_floor_tail_ppm, es_ppm(losses, settings.floor_tail_ppm));
    pair.spread_shock_tail_ppm =
        std::max(pair.spread_shock_tail_ppm, es_ppm(losses, settings.shock_tail_ppm));
  }
  return pair;
}

void add_book(std::size_t days, const JointReturns& joint, std::vector<BookFigure>& book) {
  const auto factors = static_cast<double>(joint.values.size());
  std::vector<double> returns(joint.days.size());
  for (std::size_t i = 0; i < returns.size(); ++i) {
    for (const std::vector<double>& of_factor : joint.values) returns[i] += of_factor[i];
    returns[i] /= factors;
  }
  if (returns.empty()) return;
  for (const Side side : kSides) {
    const std::vector<double> losses = losses_of(returns, side);
    for (const std::int64_t tail : kTails) {
      double parts = 0;
      for (const std::vector<double>& of_factor : joint.values)
        parts += expected_shortfall(losses_of(of_factor, side), tail);
      book.push_back({days, side, tail, ceil_ppm(value_at_risk(losses, tail)), es_ppm(losses, tail),
                      ceil_ppm(parts / factors)});
    }
  }
}

std::vector<HistoryRow> rows_of(const JointReturns& joint) {
  std::vector<HistoryRow> rows;
  for (std::size_t i = 0; i < joint.days.size(); ++i) {
    HistoryRow row{.day = joint.days[i]};
    for (const std::vector<double>& of_factor : joint.values)
      row.moves_ppm.push_back(outward_ppm(of_factor[i]));
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<HistoryRow> breaks_of(const std::vector<HistoryRow>& rows, std::size_t factors) {
  std::vector<HistoryRow> breaks;
  for (std::size_t f = 0; f < factors; ++f) {
    const auto [low, high] = std::minmax_element(
        rows.begin(), rows.end(),
        [f](const auto& a, const auto& b) { return a.moves_ppm[f] < b.moves_ppm[f]; });
    for (const HistoryRow& row : {*low, *high}) {
      const auto is_it = [&](const HistoryRow& one) { return one.day == row.day; };
      if (std::none_of(breaks.begin(), breaks.end(), is_it)) breaks.push_back(row);
    }
  }
  return breaks;
}

void find_short(const FactorEvidence& factor, const Settings& settings,
                std::vector<Finding>& found) {
  const Day wanted = years_before(factor.returns.days.back(), settings.floor_years);
  if (factor.floor_from - wanted <= kShortDays) return;
  const Day days = factor.returns.days.back() - factor.floor_from;
  found.push_back({Finding::Kind::Short, factor.name, factor.floor_from, factor.returns.days.back(),
                   days,
                   fmt::format("{}: the floor of {} years stands on {} to {}, {} returns",
                               factor.name, settings.floor_years, to_text(factor.floor_from),
                               to_text(factor.returns.days.back()), factor.floor_returns)});
}

}  // namespace

std::string_view name_of(Window window) {
  switch (window) {
    case Window::Full:
      return "full";
    case Window::Floor:
      return "floor";
    case Window::Recent:
      return "recent";
    case Window::Common:
      return "common";
  }
  return "";
}

Calibration calibrate(const std::vector<PriceSeries>& series, const Settings& settings,
                      const std::map<std::string, std::int64_t>& previous) {
  Calibration result;
  Evidence& out = result.evidence;
  out.settings = settings;
  out.calendar = calendar_of(series);
  out.findings = findings_of(series, settings.findings);

  std::vector<Factor> factors;
  for (const PriceSeries& one : series) {
    if (one.days.empty()) {
      result.problems.push_back(fmt::format("{}: has no price in the period", one.name));
      continue;
    }
    factors.emplace_back(one, out.calendar, settings);
    if (factors.back().returns() >= settings.returns_min) continue;
    result.problems.push_back(
        fmt::format("{}: has {} returns over the days that count, fewer than {}", one.name,
                    factors.back().returns(), settings.returns_min));
  }
  if (!result.problems.empty()) return result;

  std::vector<std::size_t> horizons{1, settings.horizon, settings.haircut_horizon};
  std::sort(horizons.begin(), horizons.end());
  horizons.erase(std::unique(horizons.begin(), horizons.end()), horizons.end());
  std::map<std::size_t, JointReturns> joint;
  for (const std::size_t days : horizons) joint[days] = joint_returns(series, out.calendar, days);
  const JointReturns& margin = joint[settings.horizon];
  if (margin.days.size() < settings.returns_min) {
    result.problems.push_back(
        fmt::format("all together have {} returns on common days, fewer than {}: leave out a "
                    "series that begins late or ends early",
                    margin.days.size(), settings.returns_min));
    return result;
  }

  for (std::size_t f = 0; f < factors.size(); ++f) {
    std::map<std::size_t, std::vector<double>> common;
    for (const std::size_t days : horizons) common[days] = joint[days].values[f];
    const auto before = previous.find(series[f].name);
    out.factors.push_back(factors[f].measure(
        horizons, common, before == previous.end() ? std::nullopt : std::optional(before->second)));
    out.factors.back().kept_off = out.calendar.kept_off[f];
    find_short(out.factors.back(), settings, out.findings);
  }
  for (std::size_t a = 0; a < series.size(); ++a) {
    for (std::size_t b = a + 1; b < series.size(); ++b)
      out.pairs.push_back(pair_of(a, b, joint[1], margin, settings));
  }
  for (const std::size_t days : horizons) add_book(days, joint[days], out.book);
  out.rows = rows_of(margin);
  out.breaks = breaks_of(out.rows, series.size());
  out.joint = std::move(joint[1]);
  return result;
}

}  // namespace portcullis::feeds::calibration
