#include "gateway/commands/calibration_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "config/decimal.h"
#include "gateway/commands/calibration_plots.h"
#include "gateway/commands/page.h"

namespace portcullis::gateway {

namespace {

using namespace feeds::calibration;

using risk::kPpm;
constexpr std::int64_t kHundredth = 100;  // ppm of 0.01 %

// "15.72 %": two places, rounded away from zero.
std::string percent(std::int64_t ppm) {
  const std::int64_t size = (std::abs(ppm) + kHundredth - 1) / kHundredth;
  return fmt::format("{}{}.{:02} %", ppm < 0 ? "-" : "", size / 100, size % 100);
}

// "25 %": of settings, exact.
std::string whole_percent(std::int64_t ppm) { return config::to_decimal(ppm, 4) + " %"; }

// "6.32": two places, rounded down.
std::string times(std::int64_t ppm) {
  const std::int64_t hundredths = ppm / (kPpm / 100);
  return fmt::format("{}.{:02}", hundredths / 100, hundredths % 100);
}

std::string correlation_text(const std::optional<std::int64_t>& ppm) {
  if (!ppm) return "-";
  const std::string text =
      fmt::format("{:.2f}", static_cast<double>(*ppm) / static_cast<double>(kPpm));
  return text == "-0.00" ? "0.00" : text;
}

// "97.5 %", never broken between the two.
std::string confidence(std::int64_t tail_ppm) {
  return fmt::format("{:g}\u00a0%", static_cast<double>(kPpm - tail_ppm) / 10'000);
}

std::string days_text(std::size_t days) {
  return days == 1 ? "1 day" : fmt::format("{} days", days);
}

// A file name's part: letters, digits and dashes.
std::string file_part(std::string_view name) {
  std::string part;
  for (const char c : name) {
    const bool is_plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    part += is_plain ? c : '-';
  }
  return part;
}

const char* what_decides(const FactorEvidence& factor) {
  if (factor.shock_ppm > factor.target_ppm) return "step limit, falling";
  if (factor.shock_ppm < factor.target_ppm) return "step limit, rising";
  return factor.scaled_ppm > factor.floor_ppm ? "scaled" : "floor";
}

struct Report {
  const Evidence& evidence;
  const PriceInputs& inputs;
  const std::vector<CandidateChange>& changes;
  Page page{};

  [[nodiscard]] const Settings& settings() const { return evidence.settings; }
  [[nodiscard]] std::string shock_name() const {
    return "ES " + confidence(settings().shock_tail_ppm);
  }
  [[nodiscard]] std::string floor_name() const {
    return "ES " + confidence(settings().floor_tail_ppm);
  }

  void add_summary() {
    const auto limited =
        std::count_if(evidence.factors.begin(), evidence.factors.end(),
                      [](const auto& factor) { return factor.shock_ppm != factor.target_ppm; });
    page.push_back(Heading{1, "Calibration of " + to_text(evidence.calendar.days.back())});
    page.push_back(Paragraph{fmt::format(
        "{} factors, {} days of prices that count, {} to {}. Joint rows: {}, {} to {}. Margin "
        "period "
        "{}. {} to look at before these figures are believed{}.",
        evidence.factors.size(), evidence.calendar.days.size(),
        to_text(evidence.calendar.days.front()), to_text(evidence.calendar.days.back()),
        evidence.joint.days.size(), to_text(evidence.joint.days.front()),
        to_text(evidence.joint.days.back()), days_text(settings().horizon),
        evidence.findings.empty() ? "Nothing"
                                  : fmt::format("{} findings", evidence.findings.size()),
        limited == 0 ? "" : fmt::format("; {} shocks are held back by the step limit", limited))});
  }

  void add_proposal() {
    page.push_back(Heading{2, "What is proposed"});
    Table table{.header = {"factor", "shock", "decided by", "scaled " + shock_name(),
                           fmt::format("floor: {}-year {}", settings().floor_years, floor_name()),
                           "shock before", "residual haircut", "debt add-on", "leverage cap"}};
    for (const FactorEvidence& factor : evidence.factors) {
      table.rows.push_back({factor.name, percent(factor.shock_ppm), what_decides(factor),
                            percent(factor.scaled_ppm), percent(factor.floor_ppm),
                            factor.previous_ppm ? percent(*factor.previous_ppm) : "none",
                            percent(factor.residual_ppm), percent(factor.debt_addon_ppm),
                            times(factor.leverage_ppm)});
    }
    page.push_back(std::move(table));
    page.push_back(
        Paragraph{"Percentages are of the price, rounded up to 0.01 %, leverage caps down; the "
                  "exact ones, in "
                  "ppm, are in the file. A shock is how far a price moves, up or down, in the "
                  "widest scenario."});
  }

  void add_findings() {
    page.push_back(Heading{2, "What to look at first"});
    if (evidence.findings.empty() && inputs.left_out.empty()) {
      page.push_back(Paragraph{"Nothing in the histories stands out."});
      return;
    }
    page.push_back(Paragraph{
        "All of this is in the figures as it is: nothing was cut, corrected or filled in."});
    List list;
    for (const Finding& finding : evidence.findings) list.items.push_back(finding.text);
    for (const std::string& file : inputs.left_out) list.items.push_back("Not read: " + file);
    page.push_back(std::move(list));
  }

  void add_definitions() {
    page.push_back(Heading{2, "How it is made"});
    page.push_back(List{
        {std::string("Returns: price over the price before, less one, on days on which every "
                     "history that has begun and not ended has a price. What lies between two "
                     "such days, a weekend or a gap, is in one return."),
         std::string("Expected shortfall (ES): the mean of the worst share of all returns, the "
                     "last of them by its fraction. Value at risk (VaR): the first return that is "
                     "not worse; no interpolation."),
         fmt::format(
             "Scaled: each return times today's volatility over that before it; volatility by "
             "exponential weights, {} a day, started on {} returns.",
             times(settings().lambda_ppm), settings().warm_up),
         fmt::format(
             "Target: the larger of scaled {} and the {}-year {} unscaled, of falls or rises, "
             "whichever is worse. From the shock before, at most {} either way.",
             shock_name(), settings().floor_years, floor_name(),
             whole_percent(settings().step_max_ppm)),
         fmt::format(
             "Residual haircut: what selling within {} may lose beyond the shock. Debt add-on: "
             "what buying back within that may cost beyond it. Leverage cap: one over the "
             "shock.",
             days_text(settings().haircut_horizon))}});
  }

  void add_procyclicality() {
    page.push_back(Heading{2, "Calm and stress"});
    page.push_back(Paragraph{fmt::format(
        "{} over {}, of the worse side: without scaling, scaled to today's volatility, and the "
        "three "
        "ways to keep a calm market from lowering margins too far. Stress weight: the worst {} "
        "returns in a row have {} of the weight.",
        shock_name(), days_text(settings().horizon), settings().stress_days,
        whole_percent(settings().stress_weight_ppm))});
    Table table{.header = {"factor", "volatility today", "unscaled", "scaled", "with the floor",
                           "with a buffer of " + whole_percent(settings().buffer_ppm),
                           "with stress weight"}};
    Table worst{.header = {"factor", "worst fall of a day", "worst rise of a day",
                           fmt::format("worst {} returns in a row", settings().stress_days),
                           fmt::format("beyond the shock in {} years", settings().floor_years)}};
    for (const FactorEvidence& factor : evidence.factors) {
      Estimate worse;
      for (const Estimate& of : factor.estimates) {
        if (of.tail_ppm != settings().shock_tail_ppm) continue;
        worse.unscaled_ppm = std::max(worse.unscaled_ppm, of.unscaled_ppm);
        worse.scaled_ppm = std::max(worse.scaled_ppm, of.scaled_ppm);
        worse.floored_ppm = std::max(worse.floored_ppm, of.floored_ppm);
        worse.buffered_ppm = std::max(worse.buffered_ppm, of.buffered_ppm);
        worse.stressed_ppm = std::max(worse.stressed_ppm, of.stressed_ppm);
      }
      const auto extreme = [](const Extreme& of) {
        return fmt::format("{} on {}", percent(of.move_ppm), to_text(of.day));
      };
      table.rows.push_back({factor.name, percent(factor.volatility_ppm),
                            percent(worse.unscaled_ppm), percent(worse.scaled_ppm),
                            percent(worse.floored_ppm), percent(worse.buffered_ppm),
                            percent(worse.stressed_ppm)});
      worst.rows.push_back({factor.name, extreme(factor.worst_fall), extreme(factor.worst_rise),
                            to_text(factor.stress_from) + " to " + to_text(factor.stress_to),
                            fmt::format("{} falls, {} rises of {}", factor.falls_beyond,
                                        factor.rises_beyond, factor.floor_returns)});
    }
    page.push_back(std::move(table));
    page.push_back(std::move(worst));
  }

  // --- by factor

  [[nodiscard]] std::string window_text(Window window) const {
    switch (window) {
      case Window::Full:
        return "all";
      case Window::Floor:
        return fmt::format("last {} years", settings().floor_years);
      case Window::Recent:
        return fmt::format("last {}", settings().recent);
      case Window::Common:
        return "joint rows";
    }
    return "";
  }

  void add_figures(const FactorEvidence& factor) {
    Table table{.header = {"returns", "number", "over", "loss of a"}};
    for (const std::int64_t tail : kTails) table.header.push_back("VaR " + confidence(tail));
    for (const std::int64_t tail : kTails) table.header.push_back("ES " + confidence(tail));
    for (std::size_t i = 0; i < factor.figures.size(); i += kTails.size()) {
      const Figure& first = factor.figures[i];
      std::vector<std::string> row{window_text(first.window), std::to_string(first.returns),
                                   days_text(first.days),
                                   first.side == Side::Down ? "long" : "short"};
      for (std::size_t t = 0; t < kTails.size(); ++t)
        row.push_back(percent(factor.figures[i + t].var_ppm));
      for (std::size_t t = 0; t < kTails.size(); ++t)
        row.push_back(percent(factor.figures[i + t].es_ppm));
      table.rows.push_back(std::move(row));
    }
    page.push_back(std::move(table));
  }

  void add_factor(const FactorEvidence& factor) {
    const std::string part = file_part(factor.name);
    page.push_back(Heading{3, factor.name});
    page.push_back(Picture{part + "-returns.svg",
                           factor.name + ": daily returns, and the proposed shock both ways",
                           returns_plot(factor)});
    page.push_back(Picture{part + "-tail.svg",
                           factor.name +
                               ": the worst falls and rises of a day, by how often one was "
                               "as bad, and the proposed shock",
                           tail_plot(factor)});
    page.push_back(Picture{part + "-volatility.svg",
                           factor.name + ": volatility of a day as known before it",
                           volatility_plot(factor)});
    add_figures(factor);
  }

  // --- together

  void add_joint() {
    page.push_back(Heading{2, "Together"});
    if (evidence.factors.size() < 2) {
      page.push_back(Paragraph{"One factor alone."});
      return;
    }
    page.push_back(Picture{
        "correlation.svg",
        fmt::format("Correlation of daily returns on {} common days", evidence.joint.days.size()),
        correlation_plot(evidence)});
    if (const std::string svg = rolling_correlation_plot(evidence); !svg.empty()) {
      page.push_back(Picture{"rolling-correlation.svg",
                             fmt::format("Correlation over {} days, of the pairs in which it moved "
                                         "most",
                                         settings().correlation_days),
                             svg});
    }
    page.push_back(Paragraph{fmt::format(
        "Correlations do not hold: lowest and highest are over {} days each. Spread: what a long "
        "position in one against as much of the other can lose over {}, the worse way round.",
        settings().correlation_days, days_text(settings().horizon))});
    Table pairs{.header = {"pair", "correlation", "lowest", "highest", "latest",
                           "spread " + floor_name(), "spread " + shock_name()}};
    for (const PairEvidence& pair : evidence.pairs) {
      pairs.rows.push_back({evidence.factors[pair.a].name + ", " + evidence.factors[pair.b].name,
                            correlation_text(pair.correlation_ppm),
                            correlation_text(pair.lowest_ppm), correlation_text(pair.highest_ppm),
                            correlation_text(pair.latest_ppm), percent(pair.spread_floor_tail_ppm),
                            percent(pair.spread_shock_tail_ppm)});
    }
    page.push_back(std::move(pairs));
    page.push_back(
        Paragraph{"The same notional of every factor as one position, beside the mean of the "
                  "factors alone:"});
    Table book{.header = {"over", "loss of a", "level", "VaR", "ES", "ES of the parts"}};
    for (const BookFigure& of : evidence.book) {
      book.rows.push_back({days_text(of.days), of.side == Side::Down ? "long" : "short",
                           confidence(of.tail_ppm), percent(of.var_ppm), percent(of.es_ppm),
                           percent(of.parts_es_ppm)});
    }
    page.push_back(std::move(book));
    add_breaks();
  }

  void add_breaks() {
    page.push_back(Paragraph{
        fmt::format("The days of each factor's worst fall and rise, and what the others did, over "
                    "{}. As columns "
                    "of a set they say what one day can do to a book that relies on correlations.",
                    days_text(settings().horizon))});
    Table table{.header = {"date"}};
    for (const FactorEvidence& factor : evidence.factors) table.header.push_back(factor.name);
    for (const HistoryRow& row : evidence.breaks) {
      std::vector<std::string> cells{to_text(row.day)};
      for (const std::int64_t move : row.moves_ppm) cells.push_back(percent(move));
      table.rows.push_back(std::move(cells));
    }
    page.push_back(std::move(table));
  }

  void add_changes() {
    if (changes.empty()) return;
    page.push_back(Heading{2, "What the candidate changes"});
    Table table{.header = {"file", "where", "before", "proposed"}, .is_text = true};
    for (const CandidateChange& change : changes)
      table.rows.push_back(
          {change.file, change.path, change.before.empty() ? "-" : change.before, change.after});
    page.push_back(std::move(table));
  }

  void add_inputs() {
    page.push_back(Heading{2, "Histories"});
    Table table{.header = {"factor", "file", "first", "last", "prices", "lines without one",
                           "days it alone keeps from counting", "SHA-256 of the file"}};
    for (std::size_t f = 0; f < evidence.factors.size(); ++f) {
      const FactorEvidence& factor = evidence.factors[f];
      const SeriesSource& source = inputs.sources[f];
      std::string file = source.file;
      if (!source.column.empty()) file += ": " + source.column;
      if (!source.divisor.empty()) file += " / " + source.divisor;
      table.rows.push_back({factor.name, file, to_text(factor.first_price),
                            to_text(factor.last_price), std::to_string(factor.prices),
                            std::to_string(factor.absent), std::to_string(factor.kept_off),
                            inputs.sha256[f].substr(0, 16) + "..."});
    }
    page.push_back(std::move(table));
  }
};

// Two factors whose plots would have one name get a number behind it.
void make_files_unique(Page& page) {
  std::set<std::string> files;
  for (auto& block : page) {
    auto* const picture = std::get_if<Picture>(&block);
    if (picture == nullptr) continue;
    const std::string stem = picture->file.substr(0, picture->file.size() - 4);
    for (int number = 2; !files.insert(picture->file).second; ++number)
      picture->file = fmt::format("{}-{}.svg", stem, number);
  }
}

}  // namespace

std::map<std::string, std::string> calibration_report(const Evidence& evidence,
                                                      const PriceInputs& inputs,
                                                      const std::vector<CandidateChange>& changes) {
  Report report{.evidence = evidence, .inputs = inputs, .changes = changes};
  report.add_summary();
  report.add_proposal();
  report.add_findings();
  report.add_definitions();
  report.add_procyclicality();
  report.add_joint();
  report.add_changes();
  report.page.push_back(Heading{2, "Factor by factor"});
  for (const FactorEvidence& factor : evidence.factors) report.add_factor(factor);
  report.add_inputs();
  make_files_unique(report.page);
  std::map<std::string, std::string> files;
  for (const auto& block : report.page) {
    if (const auto* const picture = std::get_if<Picture>(&block))
      files[picture->file] = picture->svg;
  }
  files["calibration.md"] = to_markdown(report.page);
  files["calibration.html"] =
      to_html(report.page, "Calibration of " + to_text(evidence.calendar.days.back()));
  return files;
}

}  // namespace portcullis::gateway
