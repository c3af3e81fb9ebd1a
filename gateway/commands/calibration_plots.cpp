#include "gateway/commands/calibration_plots.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "feeds/calibration/dependence.h"
#include "gateway/commands/svg_plot.h"

namespace portcullis::gateway {

namespace {

using namespace feeds::calibration;
using namespace svg;

std::string percent(double share) {
  const double value = share * 100;
  return std::abs(value) < 0.005 ? "0 %" : fmt::format("{:.3g} %", value);
}

// The first days of years, as many as have room.
std::string years_axis(const Frame& frame) {
  std::string svg;
  const int first = std::stoi(to_text(static_cast<Day>(frame.x_min)).substr(0, 4)) + 1;
  const int last = std::stoi(to_text(static_cast<Day>(frame.x_max)).substr(0, 4));
  const int every = std::max(1, (last - first) / 9 + 1);
  for (int year = first; year <= last; ++year) {
    if ((last - year) % every != 0) continue;
    const auto day = parse_day(fmt::format("{:04}-01-01", year));
    if (!day) continue;
    const double x = frame.x(*day);
    svg += line(x, kHeight - kBottom, x, kHeight - kBottom + 4, kGrey);
    svg += label(x, kHeight - kBottom + 17, std::to_string(year), kGrey, "middle");
  }
  return svg;
}

// A curve by days; where more than one falls on a pixel, its lowest and highest.
std::string curve(const Frame& frame, const std::vector<Day>& days,
                  const std::vector<double>& values, const char* colour) {
  std::string path;
  const auto add = [&](std::size_t i) {
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", frame.x(days[i]),
                        frame.y(values[i]));
  };
  for (std::size_t first = 0; first < days.size();) {
    std::size_t low = first;
    std::size_t high = first;
    std::size_t end = first;
    while (end < days.size() &&
           std::floor(frame.x(days[end])) <= std::floor(frame.x(days[first]))) {
      if (values[end] < values[low]) low = end;
      if (values[end] > values[high]) high = end;
      ++end;
    }
    add(std::min(low, high));
    if (low != high) add(std::max(low, high));
    first = end;
  }
  return fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1\"/>\n", path,
                     colour);
}

Frame days_frame(const std::vector<Day>& days, double y_min, double y_max) {
  return {static_cast<double>(days.front()),
          static_cast<double>(std::max(days.back(), days.front() + 1)), y_min, y_max};
}

}  // namespace

std::string returns_plot(const FactorEvidence& factor) {
  const std::vector<double>& values = factor.returns.values;
  const double shock = static_cast<double>(factor.shock_ppm) / 1e6;
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const Frame frame =
      days_frame(factor.returns.days, std::min(*low, -shock) * 1.08, std::max(*high, shock) * 1.08);
  std::string svg = open(kWidth, kHeight, factor.name + ": returns of a day");
  svg += y_axis(frame, percent) + years_axis(frame);
  svg += curve(frame, factor.returns.days, values, kBlue);
  svg += level(frame, shock, "shock up", kRed) + level(frame, -shock, "shock down", kRed);
  return svg + "</svg>\n";
}

std::string tail_plot(const FactorEvidence& factor) {
  const std::array<std::pair<Side, const char*>, 2> sides{
      {{Side::Down, kBlue}, {Side::Up, kGreen}}};
  const double n = static_cast<double>(factor.returns.values.size());
  const double shock = static_cast<double>(factor.shock_ppm) / 1e6;
  double most = shock;
  for (const auto& [side, colour] : sides)
    most = std::max(most, losses_of(factor.returns.values, side).front());
  const Frame frame{std::log10(0.1), std::log10(std::min(0.5 / n, 0.004)), 0, most * 1.08};
  std::string svg = open(kWidth, kHeight, factor.name + ": how often a day was worse");
  svg += y_axis(frame, percent);
  for (const double share : {0.1, 0.05, 0.025, 0.01, 0.005, 0.001, 0.0005}) {
    if (std::log10(share) < frame.x_max) continue;
    const double x = frame.x(std::log10(share));
    svg += line(x, kTop, x, kHeight - kBottom, kRule);
    svg += label(x, kHeight - kBottom + 17, fmt::format("{:g} %", share * 100), kGrey, "middle");
  }
  svg += label((kLeft + kWidth - kRight) / 2, kHeight - 3, "share of days as bad or worse", kGrey,
               "middle");
  std::array<double, 2> ends{};
  for (std::size_t s = 0; s < sides.size(); ++s) {
    const std::vector<double> losses = losses_of(factor.returns.values, sides[s].first);
    std::string path;
    for (std::size_t i = 0; i < losses.size(); ++i) {
      const double share = static_cast<double>(i + 1) / n;
      if (share > 0.1) break;
      path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", frame.x(std::log10(share)),
                          frame.y(losses[i]));
    }
    ends[s] = frame.y(losses.front());
    svg += fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\"/>\n", path,
                       sides[s].second);
  }
  // Names that would lie on each other are moved apart.
  if (std::abs(ends[0] - ends[1]) < 14) ends[ends[0] > ends[1] ? 0 : 1] += 14;
  svg += label(kWidth - kRight + 4, ends[0] + 4, "falls", kBlue);
  svg += label(kWidth - kRight + 4, ends[1] + 4, "rises", kGreen);
  svg += line(kLeft, frame.y(shock), kWidth - kRight, frame.y(shock), kRed,
              " stroke-dasharray=\"5 3\"");
  svg += label(kLeft + 4, frame.y(shock) - 4, "shock", kRed);
  return svg + "</svg>\n";
}

std::string volatility_plot(const FactorEvidence& factor) {
  std::vector<double> values = factor.volatility.before;
  const double most =
      std::max(*std::max_element(values.begin(), values.end()), factor.volatility.now);
  const Frame frame = days_frame(factor.returns.days, 0, most > 0 ? most * 1.08 : 0.01);
  std::string svg = open(kWidth, kHeight, factor.name + ": volatility of a day");
  svg += y_axis(frame, percent) + years_axis(frame);
  svg += curve(frame, factor.returns.days, values, kBlue);
  svg += level(frame, factor.volatility.now, "today", kRed);
  return svg + "</svg>\n";
}

std::string correlation_plot(const Evidence& evidence) {
  constexpr double kCell = 62;
  constexpr double kSide = 92;
  const auto count = static_cast<double>(evidence.factors.size());
  const double height = kCell / 2 * count + 30;
  std::string svg = open(kSide + kCell * count + 10, height, "Correlation of daily returns");
  const auto cell = [&](std::size_t row, std::size_t column, std::optional<std::int64_t> ppm) {
    const double value = ppm ? static_cast<double>(*ppm) / 1e6 : 0;
    const double x = kSide + kCell * static_cast<double>(column);
    const double y = 26 + kCell / 2 * static_cast<double>(row);
    // White at 0, red towards 1, blue towards -1.
    const int faded = static_cast<int>(255 - std::abs(value) * 150);
    svg += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"rgb({},{},{})\" "
        "stroke=\"#ffffff\"/>\n",
        x, y, kCell, kCell / 2, value < 0 ? faded : 255, faded, value < 0 ? 255 : faded);
    svg +=
        label(x + kCell / 2, y + 20, ppm ? fmt::format("{:.2f}", value) : "-", "#1f2937", "middle");
  };
  for (std::size_t i = 0; i < evidence.factors.size(); ++i) {
    const std::string name = evidence.factors[i].name.substr(0, 12);
    svg += label(kSide - 6, 46 + kCell / 2 * static_cast<double>(i), name, kGrey, "end");
    svg += label(kSide + kCell * (static_cast<double>(i) + 0.5), 18, name.substr(0, 9), kGrey,
                 "middle");
    cell(i, i, 1'000'000);
  }
  for (const PairEvidence& pair : evidence.pairs) {
    cell(pair.a, pair.b, pair.correlation_ppm);
    cell(pair.b, pair.a, pair.correlation_ppm);
  }
  return svg + "</svg>\n";
}

std::string rolling_correlation_plot(const Evidence& evidence) {
  std::vector<const PairEvidence*> pairs;
  for (const PairEvidence& pair : evidence.pairs) {
    if (pair.lowest_ppm) pairs.push_back(&pair);
  }
  if (pairs.empty()) return "";
  std::stable_sort(pairs.begin(), pairs.end(), [](const auto* a, const auto* b) {
    return *a->highest_ppm - *a->lowest_ppm > *b->highest_ppm - *b->lowest_ppm;
  });
  if (pairs.size() > kColours.size()) pairs.resize(kColours.size());
  const Frame frame = days_frame(evidence.joint.days, -1, 1);
  std::string svg = open(kWidth, kHeight, "Rolling correlation");
  svg += y_axis(frame, [](double value) { return fmt::format("{:.1f}", value + 0.0); });
  svg += years_axis(frame);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const RollingCorrelation rolling =
        rolling_correlation(evidence.joint.values[pairs[i]->a], evidence.joint.values[pairs[i]->b],
                            evidence.settings.correlation_days);
    std::vector<Day> days;
    for (const std::size_t row : rolling.rows) days.push_back(evidence.joint.days[row]);
    svg += curve(frame, days, rolling.values, kColours[i]);
    svg += label(kWidth - kRight + 4, kTop + 14 + 18 * static_cast<double>(i),
                 (evidence.factors[pairs[i]->a].name + " " + evidence.factors[pairs[i]->b].name)
                     .substr(0, 14),
                 kColours[i]);
  }
  return svg + "</svg>\n";
}

}  // namespace portcullis::gateway
