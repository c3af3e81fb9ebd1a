// A run's outcome as JSON: each figure at its place, each session, and their sums.
#include "gateway/client/stats.h"

#include <gtest/gtest.h>

#include "config/json.h"
#include "tests/support/example_config.h"

namespace portcullis::gateway::client::client_stats_test {
namespace {

struct Outcome {
  Plan plan;
  RunResult result;
  config::Json json;

  void read() {
    config::JsonResult parsed = config::parse_json(stats_json(plan, result));
    EXPECT_EQ(parsed.error, "");
    json = std::move(parsed.json);
  }
  // -1 when there is none.
  std::int64_t integer(std::string_view path) {
    const config::Json* const found = test::find(json, path);
    return found != nullptr && found->kind == config::Json::Kind::Integer ? found->integer : -1;
  }
  std::string text(std::string_view path) {
    const config::Json* const found = test::find(json, path);
    return found == nullptr ? "nothing" : found->text;
  }
};

SessionResult session(std::string user, std::uint64_t factor) {
  SessionResult result{.user = std::move(user), .problem = {}, .counts = {}};
  for (std::size_t k = 0; k < kKindCount; ++k) {
    result.counts.sent[k] = factor * (k + 1);
    result.counts.again[k] = factor * (k + 37);
  }
  std::uint64_t value = 10;
  for (auto member : {&LedgerCounts::unsent,
                      &LedgerCounts::accepted,
                      &LedgerCounts::accepted_dead,
                      &LedgerCounts::rejected,
                      &LedgerCounts::replaced,
                      &LedgerCounts::executed,
                      &LedgerCounts::canceled,
                      &LedgerCounts::self_match_prevented,
                      &LedgerCounts::broken,
                      &LedgerCounts::mass_cancel_responses,
                      &LedgerCounts::disable_responses,
                      &LedgerCounts::enable_responses,
                      &LedgerCounts::query_responses,
                      &LedgerCounts::debug,
                      &LedgerCounts::other,
                      &LedgerCounts::undecodable,
                      &LedgerCounts::unexpected,
                      &LedgerCounts::filled,
                      &LedgerCounts::ended_canceled,
                      &LedgerCounts::executed_quantity}) {
    result.counts.*member = factor * value++;
  }
  result.counts.rejects = {{0x1D, factor * 30}};
  result.open = factor * 31;
  result.unanswered_enters = factor * 32;
  result.unanswered_replaces = factor * 33;
  result.unanswered_controls = factor * 34;
  result.counts.cancel_rejected = factor * 35;
  result.connections_lost = factor * 36;
  result.next_number = static_cast<std::uint32_t>(factor * 46);
  return result;
}

TEST(ClientStats, HasEveryCountOfASessionUnderItsNameAndTheSums) {
  Outcome outcome;
  outcome.result.sessions = {session("ALPHA1", 1), session("BRAVO1", 100)};
  outcome.result.sessions[1].counts.rejects[0x07] = 5;
  outcome.read();
  std::vector<std::string> names;
  for (std::size_t k = 0; k < kKindCount; ++k) {
    names.push_back("sent." + std::string(name(Kind{static_cast<std::uint8_t>(k)})));
  }
  names.emplace_back("sent.unsent");
  for (const char* received :
       {"accepted", "accepted_dead", "rejected", "replaced", "executed", "canceled",
        "self_match_prevented", "broken", "mass_cancel_responses", "disable_responses",
        "enable_responses", "query_responses", "debug", "other", "undecodable", "unexpected"}) {
    names.push_back(std::string("received.") + received);
  }
  for (const char* orders : {"filled", "canceled", "executed_quantity"}) {
    names.push_back(std::string("orders.") + orders);
  }
  names.emplace_back("rejects.1d");
  for (const char* orders :
       {"open", "unanswered_enters", "unanswered_replaces", "unanswered_controls"}) {
    names.push_back(std::string("orders.") + orders);
  }
  names.emplace_back("received.cancel_rejected");
  names.emplace_back("connections_lost");
  for (std::size_t k = 0; k < kKindCount; ++k) {
    names.push_back("again." + std::string(name(Kind{static_cast<std::uint8_t>(k)})));
  }
  ASSERT_EQ(names.size(), 45);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto value = static_cast<std::int64_t>(i) + 1;
    EXPECT_EQ(outcome.integer("sessions.ALPHA1." + names[i]), value) << names[i];
    EXPECT_EQ(outcome.integer("sessions.BRAVO1." + names[i]), 100 * value) << names[i];
    EXPECT_EQ(outcome.integer("total." + names[i]), 101 * value) << names[i];
  }
  EXPECT_EQ(outcome.integer("sessions.ALPHA1.sent.total"), 45);
  EXPECT_EQ(outcome.integer("total.sent.total"), 45 * 101);
  EXPECT_EQ(outcome.integer("total.rejects.07"), 5);
  EXPECT_EQ(outcome.integer("sessions.ALPHA1.next_number"), 46);
  EXPECT_EQ(outcome.integer("sessions.BRAVO1.again.total"), 41 * 9 * 100);
}

TEST(ClientStats, OfSessionsOverJsonHasTheirAnswersAndWhatTheQueriesList) {
  Outcome outcome;
  outcome.result.sessions = {session("ALPHJ1", 1), session("BRAVJ1", 100)};
  for (std::uint64_t factor = 1; SessionResult & result : outcome.result.sessions) {
    result.counts.replies = factor * 3;
    result.counts.taken = factor * 4;
    result.counts.looked_up = factor * 5;
    result.counts.overtaken = factor * 19;
    for (std::size_t k = 0; k < kKindCount; ++k) result.counts.not_taken[k] = factor * (k + 6);
    result.counts.rejects = {{110'007, factor * 15}};
    result.listed = {
        .open = factor * 16, .executions = factor * 17, .executed_quantity = factor * 18};
    factor *= 100;
  }
  outcome.read();
  const std::pair<const char*, std::int64_t> expected[] = {{"json.answers.replies", 3},
                                                           {"json.answers.taken", 4},
                                                           {"json.answers.looked_up", 5},
                                                           {"json.answers.overtaken", 19},
                                                           {"json.not_taken.enter", 6},
                                                           {"json.not_taken.malformed", 14},
                                                           {"json.not_taken.total", 90},
                                                           {"rejects.110007", 15},
                                                           {"json.listed.open", 16},
                                                           {"json.listed.executions", 17},
                                                           {"json.listed.executed_quantity", 18}};
  for (const auto& [name, value] : expected) {
    EXPECT_EQ(outcome.integer(std::string("sessions.ALPHJ1.") + name), value) << name;
    EXPECT_EQ(outcome.integer(std::string("sessions.BRAVJ1.") + name), 100 * value) << name;
    EXPECT_EQ(outcome.integer(std::string("total.") + name), 101 * value) << name;
  }
}

TEST(ClientStats, OfSessionsOverOuchHasNothingOfJson) {
  Outcome outcome;
  outcome.result.sessions = {session("ALPHA1", 1)};
  outcome.read();
  EXPECT_EQ(test::find(outcome.json, "total.json"), nullptr);
}

TEST(ClientStats, QuotesWhatOthersHaveWritten) {
  Outcome outcome;
  outcome.result.problem = "it said \"no\"\n";
  outcome.plan.description = "a\\b";
  outcome.result.sessions = {session("ALPHA1", 1)};
  outcome.result.sessions[0].problem = "\ttab";
  outcome.read();
  EXPECT_EQ(outcome.text("problem"), "it said \"no\"\n");
  EXPECT_EQ(outcome.text("plan"), "a\\b");
  EXPECT_EQ(outcome.text("sessions.ALPHA1.problem"), "\ttab");
}

TEST(ClientStats, HasThePlansTalliesAndTheTimes) {
  Outcome outcome;
  outcome.plan.tallies = {{"rows", 7}, {"entered", 4}};
  outcome.result.late_ns = 11;
  outcome.result.duration_ns = 12;
  for (int i = 1; i <= 100; ++i) outcome.result.times.answers.record(i);
  outcome.result.times.delays.record(5);
  outcome.read();
  EXPECT_EQ(outcome.integer("plan_counts.rows"), 7);
  EXPECT_EQ(outcome.integer("plan_counts.entered"), 4);
  EXPECT_EQ(outcome.integer("late_ns"), 11);
  EXPECT_EQ(outcome.integer("duration_ns"), 12);
  EXPECT_EQ(outcome.integer("answer_ns.count"), 100);
  EXPECT_EQ(outcome.integer("answer_ns.p50"), 50);
  EXPECT_EQ(outcome.integer("answer_ns.p90"), 90);
  EXPECT_EQ(outcome.integer("answer_ns.p99"), 99);
  EXPECT_EQ(outcome.integer("answer_ns.max"), 100);
  EXPECT_EQ(outcome.integer("send_delay_ns.count"), 1);
}

}  // namespace
}  // namespace portcullis::gateway::client::client_stats_test
