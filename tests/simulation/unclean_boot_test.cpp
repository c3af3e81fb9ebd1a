// The machine goes down in durability process, and what clients were shown may have gone with it
// (ORDERLIFE 3): their streams begin again under another name, nobody is given other messages under
// the numbers of the old one, and what the venue did meanwhile is taken from it.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/follower/snapshot.h"
#include "gateway/json/order_store.h"
#include "tests/support/gate_world.h"
#include "tests/support/shard_fixture.h"

namespace portcullis::test::unclean_boot_test {
namespace {

namespace gate = gateway::gate;

constexpr std::int64_t kMs = 1'000'000;

// --- what a client sees

class UncleanBoot : public ShardFixture {
 protected:
  // The process ends, perhaps with the machine, and begins again.
  void restart(bool machine) {
    world_.kill();
    if (machine) world_.restart_machine();
    ASSERT_TRUE(world_.start());
    audit_.look();
  }
  [[nodiscard]] std::string name() { return std::string(world_.gate().stream_session()); }
};

TEST_F(UncleanBoot, TheOldNameIsGoneWhateverTheNumberAndTheNewStreamBeginsAtOne) {
  SoupClient before;
  const std::string old = name();
  ASSERT_EQ(log_in(before, 1, ""), 0);
  query(before, 5);
  ASSERT_EQ(before.stream().size(), 5U);
  restart(true);
  ASSERT_NE(name(), old);
  for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{5},
                                     std::uint64_t{6}, ~std::uint64_t{0}}) {
    SoupClient client;
    EXPECT_EQ(log_in(client, number, old), 'S') << number;
  }
  SoupClient after;
  ASSERT_EQ(log_in(after, 1, name()), 0);
  EXPECT_TRUE(after.stream().empty());
  query(after, 2);
  EXPECT_EQ(after.stream().size(), 2U);
  // By the new name or by none: from any of its messages on, or only what comes.
  for (const std::string& session : {name(), std::string()}) {
    SoupClient again;
    ASSERT_EQ(log_in(again, 1, session), 0);
    EXPECT_EQ(again.stream(), after.stream());
    for (const std::uint64_t number : {std::uint64_t{4}, std::uint64_t{8}, ~std::uint64_t{0}}) {
      SoupClient client;
      EXPECT_EQ(log_in(client, number, session), 'S') << number;
    }
  }
}

TEST_F(UncleanBoot, AgainAndAgainEachTimeUnderANewName) {
  std::vector<std::string> names{name()};
  std::uint64_t base = 0;
  for (int boot = 0; boot < 4; ++boot) {
    SoupClient client;
    const auto messages = static_cast<std::uint64_t>(boot);  // none at all in the first
    ASSERT_EQ(log_in(client, 1, ""), 0);
    query(client, boot);
    EXPECT_EQ(client.stream().size(), messages);
    base += messages;
    restart(true);
    EXPECT_EQ(std::ranges::count(names, name()), 0) << name();
    names.push_back(name());
    EXPECT_EQ(world_.gate().stream_base(world_.session("ALPHA2")), base);
    for (std::size_t old = 0; old + 1 < names.size(); ++old) {
      SoupClient late;
      EXPECT_EQ(log_in(late, 1, names[old]), 'S');
    }
  }
  EXPECT_EQ(audit_.seen.streams_begun, 4 * world_.deployment().sessions.size());
}

TEST_F(UncleanBoot, AKillOfTheProcessAloneChangesNothing) {
  SoupClient client;
  ASSERT_EQ(log_in(client, 1, ""), 0);
  query(client, 3);
  restart(true);
  client.forget();
  const std::string second = name();
  ASSERT_EQ(log_in(client, 1, second), 0);
  query(client, 3);
  restart(false);
  EXPECT_EQ(name(), second);
  ASSERT_EQ(log_in(client, 4, second), 0) << "it goes on where it was";
  query(client, 1);
  EXPECT_EQ(client.stream().size(), 4U);
}

TEST_F(UncleanBoot, AGoodEndBeforeTheMachineWentDownLosesNothing) {
  const std::string old = name();
  ASSERT_TRUE(world_.stop());
  world_.restart_machine();
  ASSERT_TRUE(world_.start());
  EXPECT_EQ(name(), old);
}

// --- what the gate knows

// Trades on a simulated venue; `lost` records of it then go with the machine.
struct Loss : GateWorld {
  Loss() {
    use_engine();
    follow(0);
    connect();
    trade(1, 30);
  }
  void trade(std::uint32_t first, std::uint32_t count) {
    for (std::uint32_t n = first; n < first + count; ++n) {
      const bool buys = n % 2 == 0;
      const std::uint64_t price = buys ? 2'199'000 : 2'201'000;
      other_enters({.number = 1'000 + n,
                    .side = buys ? 'S' : 'B',
                    .quantity = buys ? 2U : 1U,
                    .price = price,
                    .symbol = "AMZN"});
      enter(alpha, {.number = n, .side = buys ? 'B' : 'S', .quantity = 3, .price = price});
      if (n % 5 == 0) cancel(alpha, n - 1);
      pass_time(10 * kMs);
      deliver();
    }
  }
  // As `portcullis run` does after an unclean boot.
  void lose_behind(std::uint64_t record, const std::string& name) {
    disconnect();
    kill(record);
    for (std::uint32_t s = 0; s < deployment().sessions.size(); ++s)
      gate().begin_stream({s}, name, now_ns);
  }
  const risk::SessionIndex alpha = session("ALPHA2");
};

TEST(UncleanBootLoss, WhatTheVenueDidMeanwhileIsTakenFromItAndToldUnderTheNewName) {
  Loss w;
  const std::uint64_t records = w.journal().published_sequence();
  const std::int64_t position = w.position("alpha-hedge", "AMZN");
  const std::size_t live = w.gate().engine().live_orders();
  const std::vector<Bytes> shown = w.stream(w.alpha);
  ASSERT_NE(position, 0);
  ASSERT_GT(live, 0U);
  w.lose_behind(records / 2, "SECOND");
  const std::uint64_t base = w.gate().stream_base(w.alpha);
  EXPECT_EQ(base, w.stream(w.alpha).size()) << "what is left of the old stream";
  EXPECT_LT(base, shown.size());
  EXPECT_EQ(w.gate().stream_session(), "SECOND    ");
  ASSERT_TRUE(w.connect());
  w.deliver();
  EXPECT_GT(w.counters().adopted, 0U);
  EXPECT_EQ(w.position("alpha-hedge", "AMZN"), position);
  EXPECT_EQ(w.gate().engine().live_orders(), live);
  EXPECT_GT(w.stream(w.alpha).size(), base) << "the client is told again";
  EXPECT_EQ(w.check(), "");
  // Orders are taken, under numbers that the venue has not seen.
  EXPECT_EQ(w.enter(w.alpha, {.number = 500, .side = 'B', .quantity = 1}).disposition,
            risk::Disposition::Forward);
  w.deliver();
  EXPECT_EQ(w.counters().unattributed, 0U);
  EXPECT_EQ(w.check(), "");
}

// What JSON clients know of executions: the id of each, and the venue's match.
std::map<std::string, std::uint64_t> matches_of(const Loss& w) {
  gateway::json::OrderStore store(w.deployment(),
                                  {.closed_per_account = 1'000, .executions_per_account = 1'000});
  w.for_each_record(0, [&](const gateway::journal::RecordView& record) { store.take(record); });
  std::map<std::string, std::uint64_t> matches;
  store.each_execution(w.account("alpha-hedge"), [&](const gateway::json::Execution& execution) {
    EXPECT_TRUE(matches.emplace(execution_id(execution), execution.match).second);
    return true;
  });
  return matches;
}

TEST(UncleanBootLoss, AnExecutionHasNoIdThatAnotherWasShownUnder) {
  Loss w;
  const std::map<std::string, std::uint64_t> shown = matches_of(w);
  w.lose_behind(w.journal().published_sequence() / 2, "SECOND");
  ASSERT_TRUE(w.connect());
  w.deliver();
  w.trade(100, 20);
  std::uint64_t common = 0;
  std::uint64_t others = 0;
  for (const auto& [id, match] : matches_of(w)) {
    const auto before = shown.find(id);
    ++(before == shown.end() ? others : common);
    if (before != shown.end()) {
      EXPECT_EQ(before->second, match) << id;
    }
  }
  EXPECT_GT(common, 5U);
  EXPECT_GT(others, 20U);
}

TEST(UncleanBootLoss, TheNewStreamIsInTheStateOfRecordsSnapshotsAndFollower) {
  Loss w;
  w.lose_behind(w.journal().published_sequence() - 7, "SECOND");
  ASSERT_TRUE(w.connect());
  w.trade(100, 5);
  w.lose_behind(w.journal().published_sequence() - 7, "THIRD");
  ASSERT_TRUE(w.connect());
  w.trade(200, 5);
  const std::uint64_t base = w.gate().stream_base(w.alpha);
  const std::uint64_t hash = w.gate().state_hash();
  ASSERT_GT(base, 0U);
  EXPECT_EQ(w.follower().with([](gate::Gate& g) { return g.state_hash(); }), hash);
  const auto expect_same = [&](const char* from) {
    EXPECT_EQ(w.gate().stream_base(w.alpha), base) << from;
    EXPECT_EQ(w.gate().stream_session(), "THIRD     ") << from;
  };
  w.kill();
  EXPECT_EQ(w.from_snapshot(), 0U);
  expect_same("from the first record");
  ASSERT_TRUE(w.connect());
  ASSERT_TRUE(w.follower().write_snapshot());
  w.kill();
  EXPECT_GT(w.from_snapshot(), 0U);
  expect_same("from a snapshot");
  EXPECT_EQ(w.check(), "");
}

// A marker tells a state with another base, or with another name, from this one.
TEST(UncleanBootLoss, TheStateHashIsOfNameAndBase) {
  const config::Deployment deployment = small_deployment();
  const auto hash = [&](std::string_view name, std::uint64_t base, std::uint32_t session) {
    gate::StreamSessionRecord record;
    record.base = base;
    record.session = session;
    std::ranges::copy(name, record.stream_session.begin());
    gate::Gate gate(deployment, nullptr);
    gateway::journal::RecordView view;
    view.type = static_cast<std::uint16_t>(gate::RecordType::StreamSession);
    view.command = gateway::journal::command_bytes(record);
    EXPECT_TRUE(gate.redo(view));
    return gate.state_hash();
  };
  EXPECT_EQ(hash("SECOND", 1, 0), hash("SECOND", 1, 0));
  EXPECT_NE(hash("SECOND", 1, 0), hash("THIRD", 1, 0));
  EXPECT_NE(hash("SECOND", 1, 0), hash("SECOND", 2, 0));
  EXPECT_NE(hash("SECOND", 1, 0), hash("SECOND", 1, 1));
}

}  // namespace
}  // namespace portcullis::test::unclean_boot_test
