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

namespace portcullis::test {
namespace {

using Kind = Change::Kind;

// A future of BTC whose risk is in a table.
std::vector<Change> with_future() {
  std::vector<Change> changes = {
      {Kind::Set, "margin.json", "groups.crypto",
       R"({"factors": ["BTC", "ETH"], "kappa": "0.5", "table_age_max_ms": 60000})"},
      {Kind::Add, "instruments.json", "instruments.BTC-DEC",
       R"({"kind": "future", "settlement": "USDC", "factor": "BTC", "multiplier": "1",
         "expiry": "2026-12-25T08:00:00Z", "risk": "table", "lot_value_max": "1000", "lot": "0.001",
         "tick": "0.5", "mark_decimals": 1, "price_max": "1000000", "maker_fee_ppm": 100,
         "taker_fee_ppm": 400, "market_orders": true,
         "venue": { "symbol": "BTCDEC", "price_scale": "10", "quantity_scale": "0.001" }})"},
      {Kind::Add, "feeds.json", "instruments.BTC-DEC",
       R"({ "symbol": "BTC-DEC", "max_age_ms": 10000 })"}};
  for (const char* profile : {"venue", "member", "group", "maker", "client", "small", "suspense"}) {
    changes.push_back(
        {Kind::Add, "limits.json", std::string("profiles.") + profile + ".instruments.BTC-DEC",
         R"({"clip": "1", "notional_max": "100000", "collar": "0.02", "long_max": "10",
                           "short_max": "10", "gross_notional_max": "800000", "restricted": false})"});
  }
  changes.push_back(
      {Kind::Add, "sessions.json", "alias_sets.venue.BTCDEC",
       R"({ "instrument": "BTC-DEC", "price_scale": "10", "quantity_scale": "0.001" })"});
  changes.push_back({Kind::Set, "sessions.json", "sessions.BRAVO1.instruments",
                     R"(["BTC-PERP", "ETH-PERP", "AMZN", "EUR/USD", "BTC-DEC"])"});
  return changes;
}

class RiskTables : public testing::Test {
 protected:
  RiskTables() : w_(with_future()) {
    future_ = w_.instrument("BTC-DEC");
    group_ = {0};
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
    auto table = std::make_shared<risk::RiskTable>();
    table->id = version;
    table->parameter_version = w_.deployment().parameters.version;
    table->group = group_;
    table->as_of = {w_.now_ns};
    table->gains.assign(w_.deployment().parameters.groups[0].raw_columns(), -loss);
    table->measures.resize(1);
    table->facts =
        risk::facts_of(*table, risk::row_scales(w_.deployment().parameters, group_), nullptr);
    feeds::PublishedTable published{.group = group_,
                                    .version = version,
                                    .hash = feeds::hash_of(feeds::encode_table(*table)),
                                    .valid_from = {w_.now_ns},
                                    .table = std::move(table)};
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
  risk::GroupIndex group_;
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
}  // namespace portcullis::test
