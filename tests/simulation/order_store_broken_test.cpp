// Broken trades of orders that are kept, and of those that are not any more while their executions are.
#include <gtest/gtest.h>

#include <memory>

#include "gateway/json/order_store.h"
#include "tests/support/gate_world.h"
#include "tests/support/venue_words.h"

namespace portcullis::test::order_store_broken_test {
namespace {

namespace journal = gateway::journal;
using gateway::json::Change;
using gateway::json::Execution;
using gateway::json::OrderStore;

class BrokenTrades : public testing::Test {
 protected:
  BrokenTrades() { begin(); }
  void begin() {
    store = std::make_unique<OrderStore>(
        w.deployment(),
        gateway::json::OrderStoreLimits{
            .closed_per_account = 1, .executions_per_account = 3, .with_changes = true});
  }
  void feed() {
    store->clear_changes();
    w.for_each_record(store->sequence(),
                      [&](const journal::RecordView& view) { store->take(view); });
  }
  // An order of this account that is executed whole; the number is the client's, and the venue's.
  void trade(std::uint32_t number, std::string_view firm) {
    w.enter(w.session("ALPHA1"), {.number = number, .quantity = 10, .firm = firm});
    w.say(accepted(number, {.quantity = 10, .firm = firm}));
    w.say(executed(number, 10, kAmznPrice, number));
    w.deliver();
    feed();
  }
  // The kept executions of an account, newest first: numbers, and '!' where they were taken back.
  std::string executions(std::string_view account) {
    std::string text;
    store->each_execution(w.account(account), [&](const Execution& e) {
      text += std::to_string(e.client_ref) + (e.broken ? "! " : " ");
      return true;
    });
    return text;
  }
  std::uint64_t break_trade(std::uint32_t number) {
    const std::uint64_t before = store->unattributed();
    w.say(broken(number, number));
    w.deliver();
    feed();
    return store->unattributed() - before;
  }

  GateWorld w;
  std::unique_ptr<OrderStore> store;
};

TEST_F(BrokenTrades, AreFoundWhileTheirExecutionIsKept) {
  for (std::uint32_t n = 1; n <= 4; ++n) trade(n, "ALP1");
  trade(5, "ALP2");
  ASSERT_EQ(executions("alpha-1"), "4 3 2 ");
  EXPECT_EQ(store->find(w.session("ALPHA1"), 2), nullptr) << "its order is not kept";
  // A store that was loaded knows them too.
  std::vector<std::byte> saved;
  store->save(saved);
  begin();
  ASSERT_EQ(store->load(saved), "");
  EXPECT_EQ(break_trade(2), 0u);
  EXPECT_EQ(executions("alpha-1"), "4 3 2! ");
  ASSERT_EQ(store->changes().size(), 1u);
  EXPECT_EQ(store->changes()[0].kind, Change::Kind::Broken);
  EXPECT_EQ(store->changes()[0].execution.client_ref, 2u);
  EXPECT_EQ(break_trade(5), 0u);
  EXPECT_EQ(executions("alpha-2"), "5! ");
  EXPECT_EQ(break_trade(1), 1u) << "its execution is not kept any more";
  EXPECT_EQ(executions("alpha-1"), "4 3 2! ");
  trade(6, "ALP1");
  EXPECT_EQ(break_trade(4), 0u);
  EXPECT_EQ(executions("alpha-1"), "6 4! 3 ");
}

}  // namespace
}  // namespace portcullis::test::order_store_broken_test
