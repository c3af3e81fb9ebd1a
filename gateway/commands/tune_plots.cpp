#include "gateway/commands/tune_plots.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "config/iso_time.h"
#include "gateway/commands/record_values.h"
#include "gateway/commands/svg_plot.h"
#include "risk/reject_reason.h"
#include "risk/types.h"

namespace portcullis::gateway {

namespace {

using namespace svg;

constexpr double kRow = 26;
constexpr double kNames = 300;  // room for the names of limits
constexpr double kReasons = 200;
constexpr const char* kPale = "#b9cfe8";
using risk::kDayNs;

struct Pair {
  std::string name;
  std::uint64_t then = 0;
  std::uint64_t now = 0;
};

// Two bars a row, one below the other, with their numbers.
std::string pairs_plot(const std::vector<Pair>& pairs, const std::string& title) {
  std::uint64_t most = 1;
  for (const Pair& pair : pairs) most = std::max({most, pair.then, pair.now});
  const double height = 34 + kRow * static_cast<double>(pairs.size()) + 6;
  const double width = kWidth - kReasons - 70;
  std::string out = open(kWidth, height, title);
  out += box(kReasons, 8, 12, 10, kPale) + label(kReasons + 18, 17, "recorded");
  out += box(kReasons + 96, 8, 12, 10, kBlue) + label(kReasons + 114, 17, "candidate");
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const double y = 30 + kRow * static_cast<double>(i);
    const auto bar = [&](double at, std::uint64_t value, const char* colour) {
      const double length = width * static_cast<double>(value) / static_cast<double>(most);
      out += box(kReasons, at, length, 9, colour);
      out += label(kReasons + length + 5, at + 9, std::to_string(value), kText);
    };
    out += label(kReasons - 8, y + 14, pairs[i].name, kText, "end");
    bar(y, pairs[i].then, kPale);
    bar(y + 11, pairs[i].now, kBlue);
  }
  return out + "</svg>\n";
}

// What stands for a limit's name in a row: without what all have.
std::string short_key(std::string_view key) {
  if (key.starts_with("profiles.")) key.remove_prefix(9);
  constexpr std::string_view kInstruments = ".instruments.";
  const std::size_t last = key.rfind('.');
  std::string text;
  for (std::size_t at = 0; at < key.size(); ++at) {
    const bool is_instruments = key.substr(at).starts_with(kInstruments);
    text += is_instruments || at == last ? ' ' : key[at];
    if (is_instruments) at += kInstruments.size() - 1;
  }
  if (text.size() > 44) {
    text.resize(43);
    text += "…";
  }
  return text;
}

std::string percent_mark(double share) { return fmt::format("{:.0f} %", share * 100); }

// "10:05" within a day, "2026-01-05" beyond.
std::string time_text(std::int64_t ns, std::int64_t span_ns) {
  const std::string text = utc_text(ns);
  if (span_ns > 2 * kDayNs) return text.substr(0, 10);
  return span_ns > 600 * risk::kSecondNs ? text.substr(11, 5) : text.substr(11, 8);
}

}  // namespace

std::string reasons_plot(const tune::Comparison& comparison) {
  std::vector<Pair> pairs;
  for (std::size_t r = 0; r < risk::kRejectReasonCount; ++r) {
    if (comparison.refused_then[r] + comparison.refused_now[r] == 0) continue;
    pairs.push_back({std::string(risk::kRejectReasons[r].name), comparison.refused_then[r],
                     comparison.refused_now[r]});
  }
  if (pairs.empty()) return "";
  std::stable_sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) {
    return std::max(a.then, a.now) > std::max(b.then, b.now);
  });
  return pairs_plot(pairs, "Refusals by reason");
}

std::string days_plot(const tune::Comparison& comparison) {
  if (comparison.by_day.size() < 2) return "";
  std::vector<Pair> pairs;
  for (const auto& [day, tally] : comparison.by_day)
    pairs.push_back({utc_text(day * kDayNs).substr(0, 10), tally.refused_then, tally.refused_now});
  return pairs_plot(pairs, "Refusals by day");
}

std::string shares_plot(const std::vector<const KeyUse*>& keys,
                        const std::vector<std::int64_t>& levels_ppm) {
  if (keys.empty()) return "";
  // What is beyond the limit is cut off a little behind it.
  constexpr double kCut = 1.2;
  constexpr double kLabel = 40;
  const double width = kWidth - kNames - 20;
  const double height = 36 + 20 * static_cast<double>(keys.size()) + 24;
  const auto x = [&](std::int64_t ppm) {
    return kNames + width * std::min(static_cast<double>(ppm) / 1e6, kCut) / kCut;
  };
  std::string out = open(kWidth, height, "How much of each limit is used");
  out += box(kNames, 8, 12, 10, kBlue) + label(kNames + 17, 17, "median");
  out += box(kNames + 76, 8, 12, 10, kPale) + label(kNames + 93, 17, "95 % of the time");
  out += line(kNames + 204, 6, kNames + 204, 20, kAmber, " stroke-width=\"2\"") +
         label(kNames + 209, 17, "99 %");
  out += line(kNames + 254, 6, kNames + 254, 20, kRed, " stroke-width=\"2\"") +
         label(kNames + 259, 17, "peak");
  const double bottom = 30 + 20 * static_cast<double>(keys.size());
  std::vector<std::int64_t> levels(levels_ppm.rbegin(), levels_ppm.rend());
  std::sort(levels.rbegin(), levels.rend());
  double next = kWidth;
  for (const std::int64_t level : levels) {
    out += line(x(level), 28, x(level), bottom + 4, level == 1'000'000 ? kRed : kRule);
    if (next - x(level) < kLabel) continue;  // no room between the two
    next = x(level);
    out +=
        label(next, bottom + 18, percent_mark(static_cast<double>(level) / 1e6), kGrey, "middle");
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const double y = 30 + 20 * static_cast<double>(i);
    const KeyUse& key = *keys[i];
    out += label(kNames - 8, y + 13, short_key(key.key), kText, "end");
    out += box(kNames, y + 3, x(key.p95_ppm) - kNames, 12, kPale);
    out += box(kNames, y + 6, x(key.p50_ppm) - kNames, 6, kBlue);
    out += line(x(key.p99_ppm), y + 2, x(key.p99_ppm), y + 16, kAmber, " stroke-width=\"2\"");
    out += line(x(key.peak_ppm), y + 2, x(key.peak_ppm), y + 16, kRed, " stroke-width=\"2\"");
  }
  return out + "</svg>\n";
}

std::string series_plot(const TuneReport& report) {
  const tune::Utilisation& utilisation = report.study->utilisation();
  const auto& times = utilisation.sample_times();
  struct Curve {
    const tune::LimitId* id;
    const tune::LimitUse* use;
    std::int64_t p95;
  };
  std::vector<Curve> curves;
  for (const auto& [id, use] : utilisation.limits()) {
    if (use.series.empty() || use.peak_ppm == 0) continue;
    curves.push_back({&id, &use, use.shares.percentile(950'000, utilisation.samples())});
  }
  if (times.size() < 3 || curves.empty()) return "";
  std::stable_sort(curves.begin(), curves.end(), [](const Curve& a, const Curve& b) {
    return a.p95 != b.p95 ? a.p95 > b.p95 : a.use->peak_ppm > b.use->peak_ppm;
  });
  curves.resize(std::min(curves.size(), kColours.size()));
  double top = 1.05;
  for (const Curve& curve : curves)
    top = std::max(top, std::min(static_cast<double>(curve.use->peak_ppm) / 1e6, 1.5) * 1.05);
  const double first = static_cast<double>(times.front().ns);
  const double last = static_cast<double>(std::max(times.back().ns, times.front().ns + 1));
  const Frame frame{first, last, 0, top};
  const double names = 18 * static_cast<double>(curves.size());
  std::string out = open(kWidth, kHeight + names, "The fullest limits over the recording");
  out += y_axis(frame, percent_mark);
  const std::int64_t span = times.back().ns - times.front().ns;
  for (int i = 0; i <= 5; ++i) {
    const std::int64_t at = times.front().ns + span / 5 * i;
    const double x = frame.x(static_cast<double>(at));
    out += line(x, kHeight - kBottom, x, kHeight - kBottom + 4, kGrey);
    out += label(x, kHeight - kBottom + 17, time_text(at, span), kGrey, "middle");
  }
  out += level(frame, 1, "limit", kRed);
  for (std::size_t c = 0; c < curves.size(); ++c) {
    const tune::LimitUse& use = *curves[c].use;
    std::vector<std::pair<double, double>> points;
    for (std::size_t s = 0; s < use.series.size(); ++s) {
      points.emplace_back(frame.x(static_cast<double>(times[use.series_from + s].ns)),
                          frame.y(std::min(use.series[s] / 1000.0, top)));
    }
    out += path(points, kColours[c], 1.5);
    const tune::LimitId& id = *curves[c].id;
    const config::Deployment& deployment = report.study->candidate();
    std::string name = fmt::format("{} of {}", tune::name_of(id.limit), place_text(deployment, id));
    if (id.instrument != risk::kNone32)
      name += " in " + deployment.names.instruments.name({id.instrument});
    const double y = kHeight + 18 * static_cast<double>(c);
    out += line(kLeft, y - 4, kLeft + 22, y - 4, kColours[c], " stroke-width=\"2\"");
    out += label(kLeft + 28, y, name, kText);
  }
  return out + "</svg>\n";
}

std::string sizes_plot(const TuneReport& report, std::uint32_t instrument) {
  const tune::Utilisation& utilisation = report.study->utilisation();
  const config::Deployment& deployment = report.study->candidate();
  const tune::Distribution& lots = utilisation.orders()[instrument].lots;
  if (lots.count() == 0) return "";
  const RecordValues values(&deployment);
  // Clips of accounts, by size: whose they are.
  std::map<std::int64_t, std::string> clips;
  for (const auto& [id, use] : utilisation.limits()) {
    if (id.limit != tune::Limit::Clip || id.instrument != instrument ||
        id.level != risk::NodeLevel::Account) {
      continue;
    }
    const std::uint32_t profile = deployment.parameters.accounts[id.node].profile;
    clips[deployment.parameters.profiles[profile].instruments[instrument].clip.raw] =
        deployment.names.profiles.name({profile});
  }
  double most = static_cast<double>(std::max<std::int64_t>(lots.max(), 1));
  for (const auto& [clip, name] : clips) most = std::max(most, static_cast<double>(clip));
  const double least = static_cast<double>(std::max<std::uint64_t>(1, lots.counts().front().first));
  const Frame frame{std::log10(least) - 0.05, std::log10(most) + 0.15, 0, 1.05};
  std::string out =
      open(kWidth, kHeight + 10, deployment.names.instruments.name({instrument}) + ": order sizes");
  out += y_axis(frame, percent_mark);
  for (int power = static_cast<int>(std::ceil(frame.x_min)); power <= frame.x_max; ++power) {
    const double x = frame.x(power);
    const auto size = static_cast<std::int64_t>(std::pow(10.0, power));
    out += line(x, kTop, x, kHeight - kBottom, kRule);
    out += label(x, kHeight - kBottom + 17, *values.lots(risk::InstrumentIndex{instrument}, {size}),
                 kGrey, "middle");
  }
  out += label((kLeft + kWidth - kRight) / 2, kHeight + 2, "quantity of an order", kGrey, "middle");
  std::vector<std::pair<double, double>> points;
  std::uint64_t seen = 0;
  double before = frame.y(0);
  for (const auto& [size, count] : lots.counts()) {
    const double x =
        frame.x(std::log10(std::max(1.0, static_cast<double>(std::min<std::uint64_t>(
                                             size, static_cast<std::uint64_t>(lots.max()))))));
    points.emplace_back(x, before);
    seen += count;
    before = frame.y(static_cast<double>(seen) / static_cast<double>(lots.count()));
    points.emplace_back(x, before);
  }
  points.emplace_back(kWidth - kRight, before);
  out += path(points, kBlue, 1.5);
  // The names below the curve, which is high where clips are.
  double name_y = kHeight - kBottom + 6;
  for (const auto& [clip, name] : clips) {
    if (clip <= 0) continue;
    const double x = frame.x(std::log10(static_cast<double>(clip)));
    out += line(x, kTop, x, kHeight - kBottom, kRed, " stroke-dasharray=\"5 3\"");
    name_y -= 14;
    out += label(x - 4, name_y, fmt::format("clip of {}", name), kRed, "end");
  }
  return out + "</svg>\n";
}

namespace {

// A number as a person would say it: 12, 4.5 k, 1.2 M.
std::string brief(double value) {
  for (const auto& [unit, name] : {std::pair{1e9, " G"}, {1e6, " M"}, {1e3, " k"}}) {
    if (value >= unit) return fmt::format("{:.3g}{}", value / unit, name);
  }
  return fmt::format("{:.3g}", value);
}

std::string curve_plot(const SweepResult& result, const config::Deployment& deployment) {
  std::vector<std::pair<double, double>> refused;
  std::vector<std::pair<double, double>> exposure;
  double most_refused = 1;
  double most_exposure = 1;
  double low = 0;
  double high = 0;
  const double quantum = std::pow(10.0, -deployment.risk_decimals);
  for (const SweepPoint& point : result.points) {
    if (!point.problem.empty()) continue;
    const double value = std::stod(point.values[0]);
    if (refused.empty()) low = value;
    high = value;
    refused.emplace_back(value, static_cast<double>(point.total.refused_now));
    exposure.emplace_back(value, static_cast<double>(point.peak_of_key) * quantum);
    most_refused = std::max(most_refused, refused.back().second);
    most_exposure = std::max(most_exposure, exposure.back().second);
  }
  if (refused.size() < 2) return "";
  const Frame left{low, high, 0, most_refused * 1.08};
  const Frame right{low, high, 0, most_exposure * 1.08};
  std::string out = open(kWidth, kHeight + 36, "Sweep of " + result.axes[0].key);
  out += y_axis(left, brief);
  const double step = step_of(most_exposure * 1.08);
  for (double value = 0; value <= most_exposure * 1.08; value += step)
    out += label(kWidth - kRight + 6, right.y(value) + 4, brief(value), kRed);
  const double across = step_of(high - low);
  for (double value = std::ceil(low / across) * across; value <= high; value += across) {
    out += line(left.x(value), kHeight - kBottom, left.x(value), kHeight - kBottom + 4, kGrey);
    out += label(left.x(value), kHeight - kBottom + 17, brief(value), kGrey, "middle");
  }
  const auto draw = [&](const auto& points, const Frame& frame, const char* colour) {
    std::vector<std::pair<double, double>> pixels;
    for (const auto& [x, y] : points) {
      pixels.emplace_back(frame.x(x), frame.y(y));
      out += box(frame.x(x) - 2, frame.y(y) - 2, 4, 4, colour);
    }
    out += path(pixels, colour, 1.5);
  };
  draw(refused, left, kBlue);
  draw(exposure, right, kRed);
  out += box(kLeft, kHeight + 6, 12, 10, kBlue) +
         label(kLeft + 18, kHeight + 15, "messages refused, left");
  out += box(kLeft + 180, kHeight + 6, 12, 10, kRed) +
         label(kLeft + 198, kHeight + 15,
               "largest gross notional of those it is of, " + deployment.risk_currency + ", right");
  return out + "</svg>\n";
}

std::string field_plot(const SweepResult& result) {
  const std::vector<std::string>& down = result.axes[0].values;
  const std::vector<std::string>& across = result.axes[1].values;
  std::uint64_t least = ~std::uint64_t{0};
  std::uint64_t most = 0;
  for (const SweepPoint& point : result.points) {
    if (!point.problem.empty()) continue;
    least = std::min(least, point.total.refused_now);
    most = std::max(most, point.total.refused_now);
  }
  constexpr double kSide = 110;
  const double cell = std::clamp((kWidth - kSide) / static_cast<double>(across.size()), 8.0, 70.0);
  const double height = 20 * static_cast<double>(down.size()) + 64;
  std::string out = open(std::max(kWidth, kSide + cell * static_cast<double>(across.size())),
                         height, "Messages refused by two values");
  out += label(0, 14, "down: " + result.axes[0].key, kText);
  out += label(0, 30, "across: " + result.axes[1].key, kText);
  for (std::size_t r = 0; r < down.size(); ++r) {
    const double y = 54 + 20 * static_cast<double>(r);
    out += label(kSide - 6, y + 14, down[r], kGrey, "end");
    for (std::size_t c = 0; c < across.size(); ++c) {
      const SweepPoint& point = result.points[r * across.size() + c];
      const double x = kSide + cell * static_cast<double>(c);
      if (r == 0 && (c == 0 || cell >= 40))
        out += label(x + cell / 2, 48, across[c], kGrey, "middle");
      if (!point.problem.empty()) {
        out += box(x, y, cell, 20, "#d1d5db");
        continue;
      }
      const double share = most == least ? 0
                                         : static_cast<double>(point.total.refused_now - least) /
                                               static_cast<double>(most - least);
      const int faded = static_cast<int>(255 - share * 160);
      out += box(x, y, cell, 20, fmt::format("rgb(255,{},{})", faded, faded));
      if (cell >= 34)
        out +=
            label(x + cell / 2, y + 14, std::to_string(point.total.refused_now), kText, "middle");
    }
  }
  return out + "</svg>\n";
}

}  // namespace

std::string sweep_plot(const SweepResult& result, const config::Deployment& deployment) {
  return result.axes.size() == 1 ? curve_plot(result, deployment) : field_plot(result);
}

}  // namespace portcullis::gateway
