// Risk tables on their way through a gate: in force by a record that names their content, and the same
// again after a kill, from a snapshot, in a replay and in the follower.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "feeds/table_queue.h"
#include "gateway/follower/resume.h"
#include "tests/support/gate_world.h"
#include "tests/support/risk_tables.h"

namespace portcullis::test::risk_tables_test {
namespace {

class RiskTables : public testing::Test {
 protected:
  RiskTables() : w_(with_table_future()) {
    future_ = w_.instrument("BTC-DEC");
    EXPECT_EQ(w_.deployment().parameters.groups[0].row_count, 1U);
    price();
  }

  void price() {
    w_.price();
    w_.mark(future_, {640'000});
  }
  // Where a lot loses so many quanta in every column, in its table's units.
  [[nodiscard]] feeds::PublishedTable table(std::uint64_t version, std::int32_t loss,
                                            bool is_written = true) const {
    feeds::PublishedTable published = future_table(w_.deployment(), version, loss, {w_.now_ns});
    if (is_written) {
      EXPECT_EQ(feeds::open_table_log(w_.directory()), "");
      EXPECT_EQ(feeds::write_table(w_.directory(), published), "");
    }
    return published;
  }
  [[nodiscard]] bool publish(feeds::PublishedTable published) {
    const bool in_force = w_.gate().on_table(published, w_.now_ns);
    w_.price();  // whatever follows the journal follows it after a call
    price();
    return in_force;
  }
  // Buys a lot; what the gate says.
  risk::RejectReason buy() {
    const risk::Decision decision =
        w_.enter(w_.session("BRAVO1"),
                 {.number = ++number_, .quantity = 1, .price = 64'000'000, .symbol = "BTCDEC"});
    EXPECT_EQ(decision.disposition, decision.reason == risk::RejectReason::None
                                        ? risk::Disposition::Forward
                                        : risk::Disposition::Reject);
    return decision.reason;
  }
  [[nodiscard]] std::filesystem::path file(const feeds::PublishedTable& published) const {
    return w_.directory() / "tables" / feeds::to_text(published.hash);
  }

  GateWorld w_;
  std::uint32_t number_ = 0;
  risk::InstrumentIndex future_;
};

TEST_F(RiskTables, WithoutOneIncreasesAreRefusedAndWithOneTheyPass) {
  EXPECT_EQ(buy(), risk::RejectReason::NoReferencePrice);
  EXPECT_TRUE(publish(table(1, 5)));
  EXPECT_EQ(buy(), risk::RejectReason::None);
  EXPECT_EQ(w_.gate().counters().tables, 1U);
  EXPECT_EQ(w_.check(), "");
}

TEST_F(RiskTables, TheReplacedOneComesBackAndARefusedOneToo) {
  feeds::PublishedTable first = table(7, 5);
  const auto* const first_table = first.table.get();
  EXPECT_TRUE(w_.gate().on_table(first, w_.now_ns));
  EXPECT_EQ(first.table, nullptr) << "there was none before";
  feeds::PublishedTable old = table(6, 9);
  const auto* const old_table = old.table.get();
  EXPECT_FALSE(w_.gate().on_table(old, w_.now_ns)) << "an older version";
  EXPECT_EQ(old.table.get(), old_table);
  feeds::PublishedTable second = table(8, 6);
  EXPECT_TRUE(w_.gate().on_table(second, w_.now_ns));
  EXPECT_EQ(second.table.get(), first_table);
  EXPECT_EQ(w_.gate().counters().tables, 2U);
  EXPECT_EQ(w_.gate().counters().tables_refused, 1U);
  EXPECT_EQ(w_.gate().tables()[0], second.hash);
  EXPECT_EQ(w_.check(), "") << "a replay refuses the same";
}

TEST_F(RiskTables, AfterAKillTheStateIsTheSame) {
  ASSERT_TRUE(publish(table(1, 5)));
  ASSERT_EQ(buy(), risk::RejectReason::None);
  ASSERT_TRUE(publish(table(2, 6)));
  const std::uint64_t before = w_.gate().state_hash();
  w_.kill();
  w_.connect();
  price();
  EXPECT_EQ(w_.gate().counters().tables, 2U);
  EXPECT_NE(before, 0U);
  EXPECT_EQ(buy(), risk::RejectReason::None);
  EXPECT_EQ(w_.check(), "");
}

TEST_F(RiskTables, ASnapshotNamesThemAndTheFollowerHasItsOwn) {
  w_.follow(0);
  ASSERT_TRUE(publish(table(1, 5)));
  ASSERT_EQ(buy(), risk::RejectReason::None);
  ASSERT_EQ(w_.follower().figures().problem, "");
  ASSERT_TRUE(w_.follower().write_snapshot());
  w_.kill();
  EXPECT_NE(w_.from_snapshot(), 0U);
  EXPECT_TRUE(w_.told().empty()) << w_.told()[0];
  w_.connect();
  price();
  EXPECT_EQ(buy(), risk::RejectReason::None);
  EXPECT_EQ(w_.check(), "");
}

TEST_F(RiskTables, AMissingOneIsAClearErrorAndNoStateIsInvented) {
  const feeds::PublishedTable lost = table(1, 5);
  ASSERT_TRUE(publish(lost));
  w_.journal().flush();
  std::filesystem::remove(file(lost));
  try {
    (void)gateway::follower::resume(w_.deployment(), nullptr,
                                    {.directory = w_.directory(), .include_ring = true});
    FAIL();
  } catch (const std::runtime_error& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find(feeds::to_text(lost.hash)), std::string::npos) << text;
    EXPECT_NE(text.find("cannot be redone"), std::string::npos) << text;
  }
  EXPECT_NE(w_.replay().find(feeds::to_text(lost.hash)), std::string::npos);
}

TEST_F(RiskTables, ADamagedOneIsAClearErrorToo) {
  const feeds::PublishedTable damaged = table(1, 5);
  ASSERT_TRUE(publish(damaged));
  w_.journal().flush();
  {
    std::fstream bytes(file(damaged), std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(40);
    bytes.put('?');
  }
  EXPECT_THROW((void)gateway::follower::resume(w_.deployment(), nullptr,
                                               {.directory = w_.directory(), .include_ring = true}),
               std::runtime_error);
}

}  // namespace
}  // namespace portcullis::test::risk_tables_test
