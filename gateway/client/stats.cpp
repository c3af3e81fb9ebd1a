#include "gateway/client/stats.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "config/json.h"

namespace portcullis::gateway::client {

namespace {

using Pairs = std::vector<std::pair<std::string, std::uint64_t>>;

std::string object(const Pairs& pairs) {
  std::string text = "{";
  for (const auto& [name, value] : pairs) {
    text += fmt::format("{}{}: {}", text.size() == 1 ? "" : ", ", config::quote(name), value);
  }
  return text + "}";
}

std::string by_kind(const std::array<std::uint64_t, kKindCount>& counts, Pairs more = {}) {
  Pairs pairs;
  std::uint64_t total = 0;
  for (std::size_t k = 0; k < kKindCount; ++k) {
    pairs.emplace_back(name(Kind{static_cast<std::uint8_t>(k)}), counts[k]);
    total += counts[k];
  }
  pairs.emplace_back("total", total);
  pairs.insert(pairs.end(), more.begin(), more.end());
  return object(pairs);
}

std::string received(const LedgerCounts& counts) {
  return object({{"accepted", counts.accepted},
                 {"accepted_dead", counts.accepted_dead},
                 {"rejected", counts.rejected},
                 {"cancel_rejected", counts.cancel_rejected},
                 {"replaced", counts.replaced},
                 {"executed", counts.executed},
                 {"canceled", counts.canceled},
                 {"self_match_prevented", counts.self_match_prevented},
                 {"broken", counts.broken},
                 {"mass_cancel_responses", counts.mass_cancel_responses},
                 {"disable_responses", counts.disable_responses},
                 {"enable_responses", counts.enable_responses},
                 {"query_responses", counts.query_responses},
                 {"debug", counts.debug},
                 {"other", counts.other},
                 {"undecodable", counts.undecodable},
                 {"unexpected", counts.unexpected}});
}

// Codes of OUCH are below.
constexpr std::uint32_t kBybitCodes = 10'000;

std::string rejects(const LedgerCounts& counts) {
  Pairs pairs;
  for (const auto& [code, count] : counts.rejects) {
    pairs.emplace_back(code < kBybitCodes ? fmt::format("{:02x}", code) : std::to_string(code),
                       count);
  }
  return object(pairs);
}

std::string orders(const SessionResult& session) {
  return object({{"filled", session.counts.filled},
                 {"canceled", session.counts.ended_canceled},
                 {"open", session.open},
                 {"unanswered_enters", session.unanswered_enters},
                 {"unanswered_replaces", session.unanswered_replaces},
                 {"unanswered_controls", session.unanswered_controls},
                 {"executed_quantity", session.counts.executed_quantity}});
}

// Of a session over JSON alone.
std::string json_only(const SessionResult& session) {
  if (!session.listed) return "";
  const LedgerCounts& counts = session.counts;
  return fmt::format(R"(, "json": {{"answers": {}, "not_taken": {}, "listed": {}}})",
                     object({{"replies", counts.replies},
                             {"taken", counts.taken},
                             {"looked_up", counts.looked_up},
                             {"overtaken", counts.overtaken}}),
                     by_kind(counts.not_taken),
                     object({{"open", session.listed->open},
                             {"executions", session.listed->executions},
                             {"executed_quantity", session.listed->executed_quantity}}));
}

std::string body(const SessionResult& session) {
  return fmt::format(R"("sent": {}, "again": {}, "received": {}, "rejects": {}, "orders": {}, )"
                     R"("connections_lost": {}{})",
                     by_kind(session.counts.sent, {{"unsent", session.counts.unsent}}),
                     by_kind(session.counts.again), received(session.counts),
                     rejects(session.counts), orders(session), session.connections_lost,
                     json_only(session));
}

std::string times(const Histogram& histogram) {
  return object({{"count", histogram.count()},
                 {"p50", histogram.percentile(0.5)},
                 {"p90", histogram.percentile(0.9)},
                 {"p99", histogram.percentile(0.99)},
                 {"p99.9", histogram.percentile(0.999)},
                 {"max", histogram.max()}});
}

}  // namespace

std::string stats_json(const Plan& plan, const RunResult& result) {
  SessionResult total;
  std::string sessions;
  for (const SessionResult& session : result.sessions) {
    total.counts.add(session.counts);
    total.open += session.open;
    total.unanswered_enters += session.unanswered_enters;
    total.unanswered_replaces += session.unanswered_replaces;
    total.unanswered_controls += session.unanswered_controls;
    total.connections_lost += session.connections_lost;
    if (session.listed) {
      if (!total.listed) total.listed.emplace();
      total.listed->open += session.listed->open;
      total.listed->executions += session.listed->executions;
      total.listed->executed_quantity += session.listed->executed_quantity;
    }
    sessions += fmt::format("{}\n    {}: {{\"problem\": {}, \"next_number\": {}, {}}}",
                            sessions.empty() ? "" : ",", config::quote(session.user),
                            config::quote(session.problem), session.next_number, body(session));
  }
  Pairs tallies;
  for (const Tally& tally : plan.tallies) tallies.emplace_back(tally.name, tally.count);
  std::string text = "{\n";
  text += fmt::format("  \"problem\": {},\n", config::quote(result.problem));
  text += fmt::format("  \"plan\": {},\n", config::quote(plan.description));
  text += fmt::format("  \"plan_counts\": {},\n", object(tallies));
  text += fmt::format("  \"late_ns\": {},\n  \"duration_ns\": {},\n", result.late_ns,
                      result.duration_ns);
  text += fmt::format("  \"answer_ns\": {},\n", times(result.times.answers));
  text += fmt::format("  \"send_delay_ns\": {},\n", times(result.times.delays));
  text += fmt::format("  \"total\": {{{}}},\n", body(total));
  text += fmt::format("  \"sessions\": {{{}\n  }}\n}}\n", sessions);
  return text;
}

}  // namespace portcullis::gateway::client
