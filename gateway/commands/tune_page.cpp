#include "gateway/commands/tune_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "gateway/commands/page.h"
#include "gateway/commands/record_values.h"
#include "gateway/commands/tune_plots.h"
#include "risk/reject_reason.h"

namespace portcullis::gateway {

using tune::Change;
using tune::Tally;

namespace {

constexpr std::size_t kShown = 24;          // limits in the plot and table of those used most
constexpr std::size_t kFindingsShown = 60;  // the JSON has all
constexpr std::size_t kDifferencesShown = 60;
constexpr std::size_t kSizesShown = 6;

std::string minute(std::int64_t ns) {
  std::string text = utc_text(ns).substr(0, 19);
  text[10] = ' ';
  return text + " UTC";
}

// Decimal text with its thousands apart; of a large number the whole part alone.
std::string grouped(const std::string& text) {
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::size_t first = text.starts_with('-') ? 1 : 0;
  std::string out;
  for (std::size_t at = 0; at < point; ++at) {
    if (at > first && (point - at) % 3 == 0) out += "\u202f";
    out += text[at];
  }
  return point - first > 4 ? out : out + text.substr(point);
}

std::string grouped_number(std::uint64_t value) { return grouped(std::to_string(value)); }

std::vector<std::string> tally_row(std::string name, const Tally& tally) {
  std::vector<std::string> row{std::move(name)};
  for (const std::uint64_t count : counts_of(tally)) row.push_back(grouped_number(count));
  return row;
}

Table tally_table(std::string first) {
  return {.header = {std::move(first), "messages", "refused, recorded", "refused, candidate",
                     "newly refused", "newly allowed", "other reason", "other price",
                     "consequences"}};
}

struct TunePage {
  const TuneReport& report;
  Page page{};

  [[nodiscard]] const tune::Comparison& comparison() const { return report.study->comparison(); }
  [[nodiscard]] const config::Deployment& deployment() const { return report.study->candidate(); }

  void add(Heading heading) { page.push_back(std::move(heading)); }
  void add(std::string text) { page.push_back(Paragraph{std::move(text)}); }
  void add_plot(const char* file, std::string caption, std::string svg) {
    if (!svg.empty()) page.push_back(Picture{file, std::move(caption), std::move(svg)});
  }

  void add_summary() {
    const tune::Recording& recording = *report.recording;
    const Tally& total = comparison().total;
    add(Heading{1, report.candidate.empty() ? "How the limits are used"
                                            : "What a candidate would have changed"});
    add(fmt::format("Recorded from {} to {}: {} messages of clients. {}",
                    minute(recording.first_ns), minute(recording.last_ns),
                    grouped_number(total.messages),
                    report.candidate.empty()
                        ? "Judged again by the limits that were in force."
                        : fmt::format("Judged again by the candidate {}.", report.candidate)));
    List list;
    list.items.push_back(fmt::format("Refused: {} as recorded, {} by the candidate.",
                                     grouped_number(total.refused_then),
                                     grouped_number(total.refused_now)));
    list.items.push_back(fmt::format(
        "{} newly refused, {} newly allowed, {} refused for another reason, {} market orders at "
        "another price.",
        grouped_number(total.of(Change::Refused)), grouped_number(total.of(Change::Allowed)),
        grouped_number(total.of(Change::Reason)), grouped_number(total.of(Change::Price))));
    std::size_t findings = 0;
    for (const KeyUse& key : report.keys) {
      if (!key.findings.empty()) ++findings;
    }
    list.items.push_back(findings == 0
                             ? std::string("No limit stands out.")
                             : fmt::format("{} limits are worth a look, below.", findings));
    page.push_back(std::move(list));
  }

  void add_convention() {
    add(Heading{2, "What this can and cannot say"});
    page.push_back(List{convention_texts(report.study->convention())});
  }

  void add_differences(const std::vector<TuneDifference>& differences) {
    if (differences.empty()) return;
    add(Heading{2, "What the candidate changes"});
    Table table{.header = {"file", "where", "recorded", "candidate"}, .is_text = true};
    for (std::size_t d = 0; d < std::min(differences.size(), kDifferencesShown); ++d) {
      const auto shown = [](const std::string& text) {
        return text.empty() ? "-" : text.size() > 80 ? text.substr(0, 77) + "..." : text;
      };
      table.rows.push_back({differences[d].file, differences[d].path, shown(differences[d].before),
                            shown(differences[d].after)});
    }
    page.push_back(std::move(table));
    if (differences.size() > kDifferencesShown)
      add(fmt::format("And {} more.", differences.size() - kDifferencesShown));
  }

  void add_decisions() {
    add(Heading{2, "Decisions"});
    Table all = tally_table("");
    all.rows.push_back(tally_row("all", comparison().total));
    for (const tune::Message message :
         {tune::Message::Enter, tune::Message::Replace, tune::Message::Cancel}) {
      all.rows.push_back(tally_row(std::string(name_of(message)),
                                   comparison().by_message[static_cast<std::size_t>(message)]));
    }
    page.push_back(std::move(all));
    add_plot("reasons.svg", "Messages refused, by reason", reasons_plot(comparison()));
    add_plot("days.svg", "Messages refused, by day", days_plot(comparison()));
    add_others();
    Table members = tally_table("member");
    for (const std::uint32_t n : members_of(deployment())) {
      if (comparison().by_node[n].messages > 0)
        members.rows.push_back(
            tally_row(deployment().names.nodes.name({n}), comparison().by_node[n]));
    }
    page.push_back(std::move(members));
    add_tallies<risk::AccountIndex>("account", comparison().by_account,
                                    deployment().names.accounts);
    add_tallies<risk::InstrumentIndex>("instrument", comparison().by_instrument,
                                       deployment().names.instruments);
  }

  template <class Index, class Names>
  void add_tallies(const char* what, const std::vector<Tally>& tallies, const Names& names) {
    Table table = tally_table(what);
    for (std::uint32_t i = 0; i < tallies.size(); ++i) {
      if (tallies[i].messages > 0)
        table.rows.push_back(tally_row(names.name(Index{i}), tallies[i]));
    }
    page.push_back(std::move(table));
  }

  void add_others() {
    if (comparison().other_reasons.empty()) return;
    add("Refused both times, for another reason or at another level of the tree:");
    Table table{.header = {"recorded", "candidate", "messages"}, .is_text = true};
    for (const auto& [reasons, count] : comparison().other_reasons) {
      table.rows.push_back({std::string(risk::info(reasons.first).name),
                            std::string(risk::info(reasons.second).name), grouped_number(count)});
    }
    page.push_back(std::move(table));
  }

  void add_examples() {
    if (comparison().examples.empty()) return;
    add(Heading{2, "Examples"});
    add("The first of each kind; portcullis journal --sequence shows a record whole.");
    Table table{.header = {"record", "time", "message", "change", "recorded", "candidate"},
                .is_text = true};
    for (const tune::Judged& judged : comparison().examples) {
      table.rows.push_back({std::to_string(judged.sequence),
                            utc_text(judged.time.ns).substr(11, 12),
                            message_text(deployment(), judged), words(name_of(judged.change)),
                            verdict_text(*report.recording->deployment, judged, judged.then),
                            verdict_text(deployment(), judged, judged.now)});
    }
    page.push_back(std::move(table));
  }

  static std::string words(std::string_view name) {
    std::string text(name);
    std::replace(text.begin(), text.end(), '_', ' ');
    return text;
  }

  void add_limits() {
    add(Heading{2, "How full the limits are"});
    std::vector<const KeyUse*> keys;
    for (const KeyUse& key : report.keys) {
      if (key.worst.limit != tune::Limit::Rate && key.peak_ppm > 0) keys.push_back(&key);
    }
    std::stable_sort(keys.begin(), keys.end(), [](const KeyUse* a, const KeyUse* b) {
      return a->p95_ppm != b->p95_ppm ? a->p95_ppm > b->p95_ppm : a->peak_ppm > b->peak_ppm;
    });
    if (keys.size() > kShown) keys.resize(kShown);
    const tune::Utilisation& utilisation = report.study->utilisation();
    add(fmt::format(
        "Standing limits are sampled every {} ms of recorded time, {} samples; limits of one order "
        "(clip, notional_max, collar) are measured by the orders that passed. Where a number holds "
        "for several accounts or nodes, the fullest counts. A near miss passes and leaves {} or "
        "more "
        "of the limit used. Margin is what open orders and requirement take of the equity.",
        utilisation.settings().step_ns / 1'000'000, grouped_number(utilisation.samples()),
        share_text(utilisation.settings().near_ppm)));
    add_plot("shares.svg", fmt::format("The {} fullest limits", keys.size()),
             shares_plot(keys, report.levels_ppm));
    Table table{.header = {"limit", "recorded", "candidate", "median", "95 %", "99 %", "peak",
                           "near misses", "refused"}};
    for (const std::int64_t level : report.levels_ppm)
      table.header.push_back("above " + share_text(level));
    for (const KeyUse* const key : keys) {
      std::vector<std::string> row{key->key,
                                   grouped(key->before),
                                   grouped(key->limit),
                                   share_text(key->p50_ppm),
                                   share_text(key->p95_ppm),
                                   share_text(key->p99_ppm),
                                   share_text(key->peak_ppm),
                                   grouped_number(key->near_misses),
                                   grouped_number(key->refused)};
      for (const std::int64_t share : key->time_above_ppm) row.push_back(share_text(share));
      table.rows.push_back(std::move(row));
    }
    page.push_back(std::move(table));
    add_plot("series.svg", "The fullest standing limits over the recording", series_plot(report));
  }

  void add_findings() {
    add(Heading{2, "Worth a look"});
    Table table{.header = {"limit", "candidate", "what", "largest use", "where", "refused"},
                .is_text = true};
    std::size_t left_out = 0;
    for (const KeyUse* const of : keys_with_findings(report)) {
      const KeyUse& key = *of;
      if (table.rows.size() == kFindingsShown) {
        ++left_out;
        continue;
      }
      std::string what;
      for (const Finding finding : key.findings)
        what += (what.empty() ? "" : ", ") + finding_words(key, finding);
      table.rows.push_back(
          {key.key, grouped(key.limit), what,
           key.worst.limit == tune::Limit::Rate
               ? "-"
               : fmt::format("{} ({})", grouped(used_text(deployment(), key.worst, key.worst_used)),
                             share_text(key.peak_ppm)),
           place_text(deployment(), key.worst), grouped_number(key.refused)});
    }
    if (table.rows.empty()) {
      add("No limit stands out.");
      return;
    }
    page.push_back(std::move(table));
    if (left_out > 0) add(fmt::format("And {} more, which the JSON has.", left_out));
  }

  [[nodiscard]] std::string finding_words(const KeyUse& key, Finding finding) const {
    switch (finding) {
      case Finding::NeverBinds:
        return "never binds";
      case Finding::FarAbove:
        return "far above any order";
      case Finding::AboveTraded:
        return fmt::format(
            "above everything traded ({})",
            grouped(used_text(deployment(), key.worst,
                              report.study->utilisation().orders()[key.worst.instrument].traded)));
      case Finding::RefusesMostDays:
        return fmt::format("refuses on {} of {} days", key.days_refused, key.days);
      case Finding::NearlyFull:
        return "nearly full for a twentieth of the time or more";
    }
    return "";
  }

  void add_sizes() {
    std::vector<std::pair<std::uint64_t, std::uint32_t>> busiest;
    const auto& orders = report.study->utilisation().orders();
    for (std::uint32_t i = 0; i < orders.size(); ++i) {
      if (orders[i].lots.count() > 0) busiest.emplace_back(orders[i].lots.count(), i);
    }
    if (busiest.empty()) return;
    std::stable_sort(busiest.begin(), busiest.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    add(Heading{2, "Order sizes"});
    Table table{.header = {"instrument", "orders passed", "median", "99 %", "largest", "traded"}};
    const RecordValues values(&deployment());
    for (const auto& [count, i] : busiest) {
      const auto lots = [&, index = i](std::int64_t size) {
        return grouped(*values.lots(risk::InstrumentIndex{index}, {size}));
      };
      table.rows.push_back({deployment().names.instruments.name({i}), grouped_number(count),
                            lots(orders[i].lots.percentile(500'000)),
                            lots(orders[i].lots.percentile(990'000)), lots(orders[i].lots.max()),
                            lots(orders[i].traded)});
    }
    page.push_back(std::move(table));
    for (std::size_t s = 0; s < std::min(busiest.size(), kSizesShown); ++s) {
      add_plot("sizes.svg",
               deployment().names.instruments.name({busiest[s].second}) +
                   ": the share of orders up to a size, and the clips of those who send them",
               sizes_plot(report, busiest[s].second));
    }
  }

  void add_sweep(const SweepResult& result) {
    add(Heading{2, "Sweep"});
    add("Gross notional is that of positions and open orders, at its peak: the largest of the "
        "accounts or "
        "nodes that the number is of, and that of all accounts together.");
    page.push_back(List{convention_texts(result.convention)});
    std::string names = result.axes[0].key;
    if (result.axes.size() == 2) names += ", " + result.axes[1].key;
    add_plot("sweep.svg", names, sweep_plot(result, deployment()));
    Table table;
    for (const SweepAxis& axis : result.axes) table.header.push_back(axis.key);
    table.header.insert(table.header.end(), kSweepColumns.begin(), kSweepColumns.end());
    const RecordValues values(&deployment());
    for (const SweepPoint& point : result.points) {
      std::vector<std::string> row;
      for (const std::string& value : point.values) row.push_back(grouped(value));
      if (point.problem.empty()) {
        row.push_back(grouped_number(point.total.refused_now));
        row.push_back(grouped_number(point.total.of(Change::Refused)));
        row.push_back(grouped_number(point.total.of(Change::Allowed)));
        row.push_back(grouped(*values.quanta(point.peak_of_key)));
        row.push_back(grouped(*values.quanta(point.peak_gross)));
        row.push_back(share_text(point.peak_margin_ppm));
      } else {
        row.push_back("no configuration");
        row.resize(table.header.size());
      }
      table.rows.push_back(std::move(row));
    }
    page.push_back(std::move(table));
  }

  void add_suggestion(const Suggestion& suggestion) {
    add(Heading{2, "Suggested limits"});
    add(suggestion_rule(suggestion.settings) +
        " Nothing is applied: the numbers are for a person to decide on.");
    Table table{
        .header = {"limit", "now", "suggested", "observed", "peak", "orders", "refused", "remark"}};
    for (const SuggestedLimit& limit : suggestion.limits) {
      if (!limit.changes()) continue;
      table.rows.push_back({limit.key, grouped(limit.before), grouped(limit.after),
                            grouped(limit.observed), grouped(limit.peak),
                            grouped_number(limit.orders), grouped_number(limit.refused),
                            limit.remark});
    }
    page.push_back(std::move(table));
    add(fmt::format(
        "As recorded they would have refused {} messages instead of {}: {} newly, and {} less.",
        grouped_number(suggestion.effect.refused_now),
        grouped_number(suggestion.effect.refused_then),
        grouped_number(suggestion.effect.of(Change::Refused)),
        grouped_number(suggestion.effect.of(Change::Allowed))));
  }
};

}  // namespace

std::string tune_page(const TuneReport& report, const std::vector<TuneDifference>& differences,
                      const SweepResult* sweep, const Suggestion* suggestion) {
  TunePage page{report};
  page.add_summary();
  page.add_differences(differences);
  page.add_decisions();
  if (sweep != nullptr) page.add_sweep(*sweep);
  page.add_limits();
  page.add_findings();
  if (suggestion != nullptr) page.add_suggestion(*suggestion);
  page.add_sizes();
  page.add_examples();
  page.add_convention();
  return to_html(page.page, report.candidate.empty() ? "How the limits are used"
                                                     : "What a candidate would have changed");
}

}  // namespace portcullis::gateway
