#include "gateway/commands/tune_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "config/iso_time.h"
#include "gateway/commands/record_values.h"
#include "risk/reject_reason.h"

namespace portcullis::gateway {

using tune::Tally;

namespace {

using Rows = std::vector<std::vector<std::string>>;

constexpr std::size_t kKeysMax = 20;      // of the limits used most
constexpr std::size_t kFindingsMax = 30;  // the JSON has all

std::string number(std::uint64_t value) { return std::to_string(value); }

std::vector<std::string> tally_cells(std::string name, const Tally& tally) {
  std::vector<std::string> cells{std::move(name)};
  for (const std::uint64_t count : counts_of(tally)) cells.push_back(number(count));
  return cells;
}

const std::vector<std::string> kTallyHeader{"",      "messages", "refused", "by the", "newly",
                                            "newly", "other",    "other",   "conse-"};
const std::vector<std::string> kTallyHeader2{"",        "",       "then",  "candidate", "refused",
                                             "allowed", "reason", "price", "quences"};

void add_tallies(Rows& rows, const tune::Comparison& comparison,
                 const config::Deployment& deployment) {
  rows.push_back(tally_cells("all", comparison.total));
  const auto add = [&](const std::string& name, const Tally& tally) {
    if (tally.messages > 0) rows.push_back(tally_cells("  " + name, tally));
  };
  rows.push_back({"by member"});
  for (const std::uint32_t n : members_of(deployment))
    add(deployment.names.nodes.name({n}), comparison.by_node[n]);
  rows.push_back({"by account"});
  for (std::uint32_t a = 0; a < comparison.by_account.size(); ++a)
    add(deployment.names.accounts.name({a}), comparison.by_account[a]);
  rows.push_back({"by instrument"});
  for (std::uint32_t i = 0; i < comparison.by_instrument.size(); ++i)
    add(deployment.names.instruments.name({i}), comparison.by_instrument[i]);
  if (comparison.by_day.size() < 2) return;
  rows.push_back({"by day"});
  for (const auto& [day, tally] : comparison.by_day)
    add(utc_text(day * 86'400 * risk::kSecondNs).substr(0, 10), tally);
}

void add_reasons(std::string& out, const char* title, const tune::Comparison::Reasons& reasons) {
  Rows rows;
  for (std::size_t r = 0; r < reasons.size(); ++r) {
    if (reasons[r] > 0)
      rows.push_back({"  " + std::string(risk::kRejectReasons[r].name), number(reasons[r])});
  }
  if (rows.empty()) return;
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return std::stoull(a[1]) > std::stoull(b[1]);
  });
  out += fmt::format("\n{}\n{}", title, columns_text(rows));
}

void add_keys(std::string& out, const TuneReport& report) {
  std::vector<const KeyUse*> keys;
  for (const KeyUse& key : report.keys) {
    if (key.worst.limit != tune::Limit::Rate) keys.push_back(&key);
  }
  std::stable_sort(keys.begin(), keys.end(), [](const KeyUse* a, const KeyUse* b) {
    return a->p95_ppm != b->p95_ppm ? a->p95_ppm > b->p95_ppm : a->peak_ppm > b->peak_ppm;
  });
  if (keys.size() > kKeysMax) keys.resize(kKeysMax);
  Rows rows{{"limits that are used most", "then", "candidate", "p50", "p95", "p99", "peak", "near",
             "refused"}};
  for (const std::int64_t level : report.levels_ppm)
    rows.front().push_back("> " + share_text(level));
  for (const KeyUse* const key : keys) {
    rows.push_back({"  " + key->key, key->before, key->limit, share_text(key->p50_ppm),
                    share_text(key->p95_ppm), share_text(key->p99_ppm), share_text(key->peak_ppm),
                    number(key->near_misses), number(key->refused)});
    for (const std::int64_t share : key->time_above_ppm) rows.back().push_back(share_text(share));
  }
  out += '\n' + columns_text(rows);
}

std::string finding_text(const KeyUse& key, Finding finding, const TuneReport& report) {
  const config::Deployment& deployment = report.study->candidate();
  const auto used = [&] { return used_text(deployment, key.worst, key.worst_used); };
  switch (finding) {
    case Finding::NeverBinds:
      return fmt::format("never binds: {} at most", share_text(key.peak_ppm));
    case Finding::FarAbove:
      return fmt::format("far above any order: {}, the largest takes {}", key.limit, used());
    case Finding::AboveTraded:
      return fmt::format(
          "above everything traded: {}, traded {}", key.limit,
          used_text(deployment, key.worst,
                    report.study->utilisation().orders()[key.worst.instrument].traded));
    case Finding::RefusesMostDays:
      return fmt::format("refuses on {} of {} days, {} times", key.days_refused, key.days,
                         key.refused);
    case Finding::NearlyFull:
      return fmt::format("nearly full: {} used for a twentieth of the time",
                         share_text(key.p95_ppm));
  }
  return "";
}

void add_findings(std::string& out, const TuneReport& report) {
  std::size_t count = 0;
  std::string lines;
  for (const KeyUse* const key : keys_with_findings(report)) {
    for (const Finding finding : key->findings) {
      if (count++ < kFindingsMax)
        lines += fmt::format("  {}: {}\n", key->key, finding_text(*key, finding, report));
    }
  }
  if (count == 0) return;
  out += fmt::format("\nworth a look\n{}", lines);
  if (count > kFindingsMax)
    out += fmt::format("  and {} more, which --json has\n", count - kFindingsMax);
}

void add_examples(std::string& out, const TuneReport& report) {
  const tune::Comparison& comparison = report.study->comparison();
  const config::Deployment& deployment = report.study->candidate();
  if (comparison.examples.empty()) return;
  out += "\nthe first of each kind\n";
  for (const tune::Judged& judged : comparison.examples) {
    out += fmt::format("  {} {} {}: {}\n    then {}\n    now  {}\n", judged.sequence,
                       utc_text(judged.time.ns), message_text(deployment, judged),
                       name_of(judged.change),
                       verdict_text(*report.recording->deployment, judged, judged.then),
                       verdict_text(deployment, judged, judged.now));
  }
}

}  // namespace

std::string columns_text(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    // A line of a first cell alone is a title.
    for (std::size_t c = row.size() == 1 ? 1 : 0; c < row.size(); ++c)
      widths[c] = std::max(widths[c], row[c].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      line += c == 0 ? fmt::format("{:<{}}", row[c], widths[c])
                     : fmt::format("  {:>{}}", row[c], widths[c]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

std::string tune_text(const TuneReport& report) {
  const tune::Recording& recording = *report.recording;
  const tune::Comparison& comparison = report.study->comparison();
  std::string out = fmt::format("{} records, {} to {}\n", recording.records,
                                utc_text(recording.first_ns), utc_text(recording.last_ns));
  out += fmt::format("candidate: {}\n", report.candidate.empty()
                                            ? "the configuration of the recording itself"
                                            : report.candidate);
  for (const std::string& text : convention_texts(report.study->convention())) out += text + '\n';
  Rows rows{kTallyHeader, kTallyHeader2};
  add_tallies(rows, comparison, report.study->candidate());
  out += '\n' + columns_text(rows);
  add_reasons(out, "newly refused, by the candidate's reason", comparison.newly_refused);
  add_reasons(out, "newly allowed, by the recorded reason", comparison.newly_allowed);
  if (!comparison.other_reasons.empty()) {
    out += "\nrefused for another reason, or at another level\n";
    Rows others;
    for (const auto& [reasons, count] : comparison.other_reasons) {
      others.push_back({fmt::format("  {} -> {}", risk::info(reasons.first).name,
                                    risk::info(reasons.second).name),
                        number(count)});
    }
    out += columns_text(others);
  }
  add_keys(out, report);
  add_findings(out, report);
  add_examples(out, report);
  return out;
}

}  // namespace portcullis::gateway
