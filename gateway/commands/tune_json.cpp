#include "gateway/commands/tune_json.h"

#include <fmt/format.h>

#include "config/json.h"
#include "gateway/commands/record_values.h"
#include "risk/reject_reason.h"

namespace portcullis::gateway {

using config::quote;
using tune::Change;
using tune::Tally;

namespace {

// Members or items, with commas between.
class Joined {
 public:
  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    text_ += text_.empty() ? "" : ", ";
    text_ += fmt::format(format, std::forward<Args>(args)...);
  }
  [[nodiscard]] std::string object() const { return "{" + text_ + "}"; }
  [[nodiscard]] std::string array() const { return "[" + text_ + "]"; }

 private:
  std::string text_;
};

std::string tally_json(const Tally& tally) {
  return fmt::format(
      R"({{"messages": {}, "refused_then": {}, "refused_now": {}, "newly_refused": {}, )"
      R"("newly_allowed": {}, "other_reason": {}, "other_price": {}, "consequences": {}}})",
      tally.messages, tally.refused_then, tally.refused_now, tally.of(Change::Refused),
      tally.of(Change::Allowed), tally.of(Change::Reason), tally.of(Change::Price),
      tally.of(Change::Follows));
}

template <class Index, class Names>
std::string tallies_json(const std::vector<Tally>& tallies, const Names& names) {
  Joined all;
  for (std::uint32_t i = 0; i < tallies.size(); ++i) {
    if (tallies[i].messages > 0)
      all.add("{}: {}", quote(names.name(Index{i})), tally_json(tallies[i]));
  }
  return all.object();
}

std::string reasons_json(const tune::Comparison::Reasons& reasons) {
  Joined all;
  for (std::size_t r = 0; r < reasons.size(); ++r) {
    if (reasons[r] > 0) all.add("\"{}\": {}", risk::kRejectReasons[r].name, reasons[r]);
  }
  return all.object();
}

std::string comparison_json(const TuneReport& report) {
  const tune::Comparison& comparison = report.study->comparison();
  const config::Deployment& deployment = report.study->candidate();
  Joined json;
  json.add("\"differences\": {}", comparison.total.differences());
  json.add("\"total\": {}", tally_json(comparison.total));
  Joined kinds;
  for (const tune::Message message :
       {tune::Message::Enter, tune::Message::Replace, tune::Message::Cancel}) {
    kinds.add("\"{}\": {}", name_of(message),
              tally_json(comparison.by_message[static_cast<std::size_t>(message)]));
  }
  json.add("\"by_message\": {}", kinds.object());
  Joined members;
  for (const std::uint32_t n : members_of(deployment)) {
    if (comparison.by_node[n].messages > 0)
      members.add("{}: {}", quote(deployment.names.nodes.name({n})),
                  tally_json(comparison.by_node[n]));
  }
  json.add("\"by_member\": {}", members.object());
  json.add("\"by_account\": {}",
           tallies_json<risk::AccountIndex>(comparison.by_account, deployment.names.accounts));
  json.add("\"by_instrument\": {}", tallies_json<risk::InstrumentIndex>(
                                        comparison.by_instrument, deployment.names.instruments));
  Joined days;
  for (const auto& [day, tally] : comparison.by_day) {
    days.add("\"{}\": {}", utc_text(day * 86'400 * risk::kSecondNs).substr(0, 10),
             tally_json(tally));
  }
  json.add("\"by_day\": {}", days.object());
  json.add("\"refused_then\": {}", reasons_json(comparison.refused_then));
  json.add("\"refused_now\": {}", reasons_json(comparison.refused_now));
  json.add("\"newly_refused\": {}", reasons_json(comparison.newly_refused));
  json.add("\"newly_allowed\": {}", reasons_json(comparison.newly_allowed));
  Joined others;
  for (const auto& [reasons, count] : comparison.other_reasons) {
    others.add(R"({{"then": "{}", "now": "{}", "count": {}}})", risk::info(reasons.first).name,
               risk::info(reasons.second).name, count);
  }
  json.add("\"other_reasons\": {}", others.array());
  Joined examples;
  for (const tune::Judged& judged : comparison.examples) {
    examples.add(
        R"({{"record": {}, "time": "{}", "change": "{}", "message": {}, "then": {}, "now": {}}})",
        judged.sequence, utc_text(judged.time.ns), name_of(judged.change),
        quote(message_text(deployment, judged)),
        quote(verdict_text(*report.recording->deployment, judged, judged.then)),
        quote(verdict_text(deployment, judged, judged.now)));
  }
  json.add("\"examples\": {}", examples.array());
  return json.object();
}

std::string key_json(const KeyUse& key, const TuneReport& report) {
  const config::Deployment& deployment = report.study->candidate();
  Joined json;
  json.add("\"key\": {}", quote(key.key));
  json.add("\"limit\": \"{}\"", tune::name_of(key.worst.limit));
  json.add("\"then\": {}", key.before.empty() ? "null" : quote(key.before));
  json.add("\"candidate\": {}", key.limit.empty() ? "null" : quote(key.limit));
  json.add("\"places\": {}", key.places);
  json.add("\"passed\": {}, \"refused\": {}, \"near_misses\": {}", key.passed, key.refused,
           key.near_misses);
  json.add("\"days\": {}, \"days_refused\": {}", key.days, key.days_refused);
  if (key.worst.limit != tune::Limit::Rate) {
    json.add(R"("p50_ppm": {}, "p95_ppm": {}, "p99_ppm": {}, "peak_ppm": {})", key.p50_ppm,
             key.p95_ppm, key.p99_ppm, key.peak_ppm);
    json.add(R"("peak": {{"used": "{}", "of": "{}", "at": {}, "time": "{}"}})",
             used_text(deployment, key.worst, key.worst_used),
             used_text(deployment, key.worst, key.worst_limit),
             quote(place_text(deployment, key.worst)), utc_text(key.worst_at.ns));
    Joined above;
    for (std::size_t l = 0; l < report.levels_ppm.size(); ++l) {
      above.add(R"({{"level_ppm": {}, "share_of_time_ppm": {}}})", report.levels_ppm[l],
                key.time_above_ppm[l]);
    }
    json.add("\"above\": {}", above.array());
  }
  Joined findings;
  for (const Finding finding : key.findings) findings.add("\"{}\"", name_of(finding));
  json.add("\"findings\": {}", findings.array());
  return json.object();
}

std::string places_json(const TuneReport& report) {
  const config::Deployment& deployment = report.study->candidate();
  const tune::Utilisation& utilisation = report.study->utilisation();
  Joined places;
  for (const auto& [id, use] : utilisation.limits()) {
    Joined json;
    json.add("\"limit\": \"{}\", \"at\": {}", tune::name_of(id.limit),
             quote(place_text(deployment, id)));
    if (id.instrument != risk::kNone32)
      json.add("\"instrument\": {}", quote(deployment.names.instruments.name({id.instrument})));
    json.add("\"passed\": {}, \"refused\": {}, \"near_misses\": {}", use.passed, use.refused,
             use.near_misses);
    if (id.limit != tune::Limit::Rate) {
      const std::uint64_t population = utilisation.population(id, use);
      const auto share = [&](std::int64_t ppm) {
        return std::min(use.shares.percentile(ppm, population), use.peak_ppm);
      };
      json.add(R"("p50_ppm": {}, "p95_ppm": {}, "p99_ppm": {}, "peak_ppm": {}, "peak": "{}")",
               share(500'000), share(950'000), share(990'000), use.peak_ppm,
               used_text(deployment, id, use.peak));
    }
    places.add("{}", json.object());
  }
  return places.array();
}

std::string orders_json(const TuneReport& report) {
  const config::Deployment& deployment = report.study->candidate();
  const RecordValues values(&deployment);
  Joined all;
  for (std::uint32_t i = 0; i < deployment.instruments.size(); ++i) {
    const tune::InstrumentOrders& orders = report.study->utilisation().orders()[i];
    if (orders.lots.count() == 0) continue;
    const auto quantity = [&](std::int64_t lots) {
      return *values.lots(risk::InstrumentIndex{i}, {lots});
    };
    all.add(R"({}: {{"passed": {}, "p50": "{}", "p99": "{}", "largest": "{}", "traded": "{}"}})",
            quote(deployment.names.instruments.name({i})), orders.lots.count(),
            quantity(orders.lots.percentile(500'000)), quantity(orders.lots.percentile(990'000)),
            quantity(orders.lots.max()), quantity(orders.traded));
  }
  return all.object();
}

}  // namespace

std::string tune_json(const TuneReport& report) {
  const tune::Recording& recording = *report.recording;
  const tune::Convention& convention = report.study->convention();
  Joined json;
  json.add("\"journal\": {}", quote(recording.folder.string()));
  json.add("\"records\": {}, \"from\": \"{}\", \"to\": \"{}\"", recording.records,
           utc_text(recording.first_ns), utc_text(recording.last_ns));
  json.add("\"candidate\": {}", report.candidate.empty() ? "null" : quote(report.candidate));
  json.add("\"follow\": \"{}\"",
           convention.follow == tune::Follow::Recorded ? "recorded" : "candidate");
  if (convention.follow == tune::Follow::Candidate) {
    json.add("\"newly_allowed\": \"{}\"",
             convention.newly_allowed == tune::NewlyAllowed::Filled ? "filled" : "unfilled");
  }
  json.add("\"comparison\": {}", comparison_json(report));
  json.add("\"samples\": {}, \"step_ns\": {}, \"near_ppm\": {}",
           report.study->utilisation().samples(), report.study->utilisation().settings().step_ns,
           report.study->utilisation().settings().near_ppm);
  json.add("\"orders\": {}", orders_json(report));
  Joined keys;
  for (const KeyUse& key : report.keys) keys.add("{}", key_json(key, report));
  json.add("\"limits\": {}", keys.array());
  json.add("\"places\": {}", places_json(report));
  return json.object() + "\n";
}

}  // namespace portcullis::gateway
