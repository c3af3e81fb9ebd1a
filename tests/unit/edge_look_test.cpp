// Positions and wallets, when the engine that follows the journal is at work, and when there are many.
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <future>

#include "gateway/follower/follower.h"
#include "tests/support/json_world.h"

namespace portcullis::test::edge_look_test {
namespace {

namespace edge = gateway::edge;
namespace follower = gateway::follower;

std::string code(const std::string& reply) { return value_at(reply, "retCode"); }

class EdgeLook : public testing::Test {
 protected:
  EdgeLook() { w.world.use_engine(); }

  std::string positions(const std::string& more = "", std::string_view session = "DROP1") {
    return w.get(session, "/v5/position/list", "category=linear" + more).body;
  }
  std::string wallets(const std::string& more = "", std::string_view session = "DROP1") {
    return w.get(session, "/v5/account/wallet-balance", "accountType=UNIFIED" + more).body;
  }
  // The entries of a page: their accounts, and symbols where there are any.
  static std::vector<std::string> entries(const std::string& body) {
    std::vector<std::string> all;
    for (int n = 0;; ++n) {
      const std::string at = "result.list[" + std::to_string(n) + "].";
      if (value_at(body, at + "account").empty()) return all;
      all.push_back(value_at(body, at + "account") + " " + value_at(body, at + "symbol"));
    }
  }
  static std::string cursor(const std::string& body) {
    return value_at(body, "result.nextPageCursor");
  }
  // An OUCH session of alpha trades 1 for one of its accounts.
  void trade(const std::string& firm) {
    w.world.other_enters(
        {.number = ++others_, .side = 'S', .quantity = 1, .price = 2'195'000, .symbol = "AMZN"});
    w.world.enter(w.world.session("ALPHA1"),
                  {.number = ++number_, .quantity = 1, .price = 2'195'000, .firm = firm});
    w.settle();
  }
  // Accounts of the wallets that were pushed.
  static std::string pushed(const std::vector<std::string>& messages) {
    std::string accounts;
    for (const std::string& message : messages) {
      if (value_at(message, "topic") == "wallet")
        accounts += value_at(message, "data[0].account") + " ";
    }
    return accounts;
  }

  JsonWorld w;
  std::uint32_t number_ = 0;
  std::uint32_t others_ = 0;
};

// --- when it is busy

TEST_F(EdgeLook, AQueryTriesAFewTimesAndSaysThatItIsBusy) {
  w.look.looks_left = 0;
  const std::string body = positions();
  EXPECT_EQ(code(body), "10016");
  EXPECT_EQ(value_at(body, "retMsg"), "busy: the accounts cannot be looked at now; try again");
  EXPECT_EQ(w.look.refused, 20u);
  EXPECT_EQ(w.look.pauses, 19u);
  // The next ones do not hold up everybody again, for a while.
  for (int n = 0; n < 10; ++n) EXPECT_EQ(code(n % 2 == 0 ? wallets() : positions()), "10016");
  EXPECT_EQ(w.look.refused, 30u);
  EXPECT_EQ(w.look.pauses, 19u);
  w.world.now_ns += 50'000'000;
  EXPECT_EQ(code(wallets()), "10016");
  EXPECT_EQ(w.look.pauses, 38u);
  w.look.looks_left = 1'000;
  EXPECT_EQ(code(wallets()), "0");
  EXPECT_EQ(code(positions()), "0");
}

TEST_F(EdgeLook, AQueryIsAnsweredWhenALookSucceedsInTime) {
  w.look.busy_for = 19;
  EXPECT_EQ(code(positions()), "0");
  EXPECT_EQ(w.look.pauses, 19u);
  w.look.busy_for = 19;
  EXPECT_EQ(code(wallets("&coin=USDC")), "0");
}

// What is there by then is told: who asks on makes progress, however busy it is.
TEST_F(EdgeLook, APageEndsWhereItBecomesBusy) {
  const std::vector<std::string> all = entries(wallets());
  ASSERT_EQ(all.size(), 2u);
  w.look.looks_left = 1;
  const std::string body = wallets();
  EXPECT_EQ(code(body), "0");
  EXPECT_EQ(entries(body), std::vector<std::string>{all[0]});
  EXPECT_EQ(code(wallets("&cursor=" + cursor(body))), "10016");
  w.look.looks_left = 1;
  const std::string rest = wallets("&cursor=" + cursor(body));
  EXPECT_EQ(entries(rest), std::vector<std::string>{all[1]});
  EXPECT_EQ(cursor(rest), "");
}

TEST_F(EdgeLook, PushesStopAtTheFirstRefusalAndAreNotLost) {
  const auto id = w.log_in("DROP1");
  (void)w.ask(id, R"({"op":"subscribe","args":["wallet","position"]})");
  w.look.looks_left = 0;
  trade("ALP1");
  trade("ALP2");
  (void)w.heard(id);
  w.look.refused = 0;
  w.door->on_time(w.world.now_ns);
  EXPECT_EQ(w.look.refused, 1u) << "not one for each account";
  EXPECT_EQ(w.look.pauses, 0u);
  EXPECT_TRUE(w.door->is_waiting());
  w.look.looks_left = 1;
  w.door->on_time(w.world.now_ns);
  EXPECT_EQ(pushed(w.heard(id)), "alpha-1 ");
  EXPECT_TRUE(w.door->is_waiting());
  // The one that was left has its turn, whatever happens to those before it.
  trade("ALP1");
  EXPECT_EQ(pushed(w.heard(id)), "");
  w.look.looks_left = 1;
  w.door->on_time(w.world.now_ns);
  EXPECT_EQ(pushed(w.heard(id)), "alpha-2 ");
  w.look.looks_left = 5;
  w.door->on_time(w.world.now_ns);
  EXPECT_EQ(pushed(w.heard(id)), "alpha-1 ");
  EXPECT_FALSE(w.door->is_waiting());
}

// --- a real follower

// Looks from another thread while its snapshot is copied, under its mutex.
class LooksMeanwhile final : public follower::Companion {
 public:
  [[nodiscard]] std::string_view name() const override { return "looks"; }
  void take(const gateway::journal::RecordView&, gateway::gate::Gate&) override {}
  [[nodiscard]] std::size_t saved_bytes() const override { return 1; }
  void save(std::span<std::byte>) const override {
    std::future<bool> looked = std::async(std::launch::async, look);
    waited = looked.wait_for(std::chrono::seconds(20)) != std::future_status::ready;
    late = std::move(looked);
  }
  [[nodiscard]] bool load(std::span<const std::byte>) override { return true; }

  std::function<bool()> look;
  mutable bool waited = false;
  mutable std::future<bool> late;
};

TEST(FollowerLook, IsRefusedAtOnceWhileASnapshotIsCopied) {
  GateWorld w;
  LooksMeanwhile meanwhile;
  follower::Follower beside(w.deployment(), w.journal(),
                            {.directory = w.directory(), .companions = {&meanwhile}}, nullptr, {});
  while (beside.step(64) > 0) continue;
  edge::FollowerLook look(w.deployment(), beside);
  edge::AccountState state;
  meanwhile.look = [&] {
    edge::AccountState other;
    return look.look({0}, w.now_ns, other);
  };
  EXPECT_TRUE(look.look({0}, w.now_ns, state));
  ASSERT_TRUE(beside.write_snapshot());
  EXPECT_FALSE(meanwhile.waited);
  EXPECT_FALSE(meanwhile.late.get());
  EXPECT_TRUE(look.look({0}, w.now_ns, state));
  edge::AccountState expected;
  edge::look_at(w.engine(), w.deployment(), {0}, w.now_ns, beside.sequence(), expected);
  EXPECT_EQ(state.positions.size(), expected.positions.size());
  EXPECT_EQ(state.holdings.size(), expected.holdings.size());
}

// --- when there are many

TEST_F(EdgeLook, PagesHaveEveryPositionAndWalletOnce) {
  trade("ALP1");
  trade("ALP2");
  const std::vector<std::string> all = entries(positions("&limit=200"));
  ASSERT_GE(all.size(), 3u) << "AMZN of both, and what was loaded";
  EXPECT_EQ(entries(positions()), all);
  EXPECT_EQ(cursor(positions()), "");
  for (std::size_t limit = 1; limit <= all.size() + 1; ++limit) {
    std::vector<std::string> found;
    std::string next;
    for (std::size_t page = 0; page < 2 * all.size() + 2; ++page) {
      w.look.looks_left = limit;  // a page is not bought with more
      const std::string body = positions("&limit=" + std::to_string(limit) + "&cursor=" + next);
      ASSERT_EQ(code(body), "0") << body;
      const std::vector<std::string> some = entries(body);
      EXPECT_LE(some.size(), limit);
      found.insert(found.end(), some.begin(), some.end());
      next = cursor(body);
      if (next.empty()) break;
    }
    EXPECT_EQ(next, "") << "it ends";
    EXPECT_EQ(found, all) << limit;
  }
  w.look.looks_left = UINT64_MAX;
  const std::vector<std::string> both = entries(wallets());
  EXPECT_EQ(both, (std::vector<std::string>{"alpha-1 ", "alpha-2 "}));
  const std::string first = wallets("&limit=1");
  EXPECT_EQ(entries(first), std::vector<std::string>{both[0]});
  const std::string second = wallets("&limit=1&cursor=" + cursor(first));
  EXPECT_EQ(entries(second), std::vector<std::string>{both[1]});
  EXPECT_EQ(cursor(second), "");
}

// An account without what is asked for costs a look as well.
TEST_F(EdgeLook, APageLooksAtNoMoreAccountsThanItsLimit) {
  w.look.looks_left = 1;
  const std::string body = positions("&limit=1&settleCoin=BTC");
  EXPECT_EQ(code(body), "0");
  EXPECT_TRUE(entries(body).empty());
  EXPECT_NE(cursor(body), "");
  EXPECT_EQ(w.look.refused, 0u);
  w.look.looks_left = 1;
  const std::string rest = positions("&limit=1&settleCoin=BTC&cursor=" + cursor(body));
  EXPECT_EQ(code(rest), "0");
  EXPECT_EQ(cursor(rest), "");
  EXPECT_EQ(w.look.refused, 0u);
}

TEST_F(EdgeLook, LimitsAndCursorsAreReadStrictly) {
  for (const char* more : {"&limit=0", "&limit=201", "&limit=x", "&limit=-1", "&cursor=x",
                           "&cursor=1", "&cursor=1-2", "&cursor=-1-0-0"}) {
    EXPECT_EQ(code(positions(more)), "10001") << more;
    EXPECT_EQ(code(wallets(more)), "10001") << more;
  }
  for (const char* more :
       {"&limit=200", "&cursor=4294967295-0-0", "&cursor=0-18446744073709551615-0", "&cursor="}) {
    EXPECT_EQ(code(positions(more)), "0") << more;
    EXPECT_EQ(code(wallets(more)), "0") << more;
  }
  EXPECT_TRUE(entries(wallets("&cursor=4294967295-0-0")).empty());
}

// --- whose they are (ORDERLIFE 6)

TEST_F(EdgeLook, AJsonSessionIsShownAllOfItsAccountAndNothingElse) {
  trade("ALP1");  // over OUCH
  trade("ALP2");
  const auto of = [&](std::string_view session, const char* path) {
    const std::string body = w.get(session, path, "category=linear").body;
    EXPECT_EQ(code(body), "0") << body;
    std::size_t count = 0;
    while (!value_at(body, "result.list[" + std::to_string(count) + "].orderId").empty()) ++count;
    return count;
  };
  for (const char* path : {"/v5/order/history", "/v5/execution/list"}) {
    EXPECT_EQ(of("JSON1", path), 1u) << "alpha-1's, " << path;
    EXPECT_EQ(of("JSON2", path), 0u) << "another member's, " << path;
    EXPECT_EQ(of("DROP1", path), 2u) << "both of its accounts', " << path;
  }
  // A session over OUCH hears of its own orders only.
  const auto id = w.log_in("JSON1");
  (void)w.world.owed(w.world.session("ALPHA1"));
  EXPECT_EQ(code(w.ask(id, w.order("create", w.amzn("Buy", 1, "219", "mine")))), "0");
  EXPECT_TRUE(w.world.owed(w.world.session("ALPHA1")).empty());
  EXPECT_FALSE(w.world.owed(w.world.session("JSON1")).empty());
}

}  // namespace
}  // namespace portcullis::test::edge_look_test
