// A gate whose disk budget is spent: the journal's first segments go, and everything goes on without
// them. The process is killed, begins with a snapshot, and its clients and queries hear the same.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>
#include <vector>

#include "gateway/journal/reader.h"
#include "gateway/journal/segments.h"
#include "tests/support/json_gate.h"
#include "tests/support/json_world.h"
#include "tests/support/paths.h"
#include "tests/support/seed.h"
#include "tests/support/trader.h"

namespace portcullis::test::gate_retention_test {
namespace {

namespace journal = gateway::journal;

constexpr std::uint64_t kSegmentBytes = 1 << 20;
constexpr std::uint64_t kBudget = 4 * kSegmentBytes;

Change of_journal(const char* key, std::uint64_t value) {
  return {Change::Kind::Set, "process.json", std::string("journal.") + key, std::to_string(value)};
}

class GateRetention : public JsonGate {
 protected:
  GateRetention()
      : JsonGate({of_journal("ring_bytes", 1 << 20), of_journal("segment_bytes", kSegmentBytes),
                  of_journal("disk_budget_bytes", kBudget), of_journal("snapshot_interval_ms", 50),
                  of_journal("marker_interval_ms", 20)}),
        random_(seed()),
        buyer_("ALPHA2", random_),
        seller_("BRAVO2", random_) {}

  void connect() {
    for (Trader* trader : {&buyer_, &seller_}) trader->connect(gate_->port(), false);
  }
  void kill() {
    JsonGate::kill();
    for (Trader* trader : {&buyer_, &seller_}) trader->wait_for_end();
  }
  void trade() {
    for (int m = 0; m < 100; ++m) {
      Trader& trader = random_() % 2 == 0 ? buyer_ : seller_;
      ASSERT_TRUE(trader.is_connected()) << read_file(deployment_.errors());
      trader.send_random();
      trader.take(100);
    }
  }
  // Orders flow until there are enough segments for the budget to have no room for those before this
  // one, which then go as soon as the follower, whom nobody waits for, has made its snapshot. Ends
  // with orders on their way.
  void trade_until_first_is(std::uint32_t segment) {
    const std::uint32_t last = segment + kBudget / kSegmentBytes;
    while (journal::list_segments(deployment_.journal()).back() < last) {
      ASSERT_NO_FATAL_FAILURE(trade());
    }
    const auto give_up = std::chrono::steady_clock::now() + kPatience;
    while (journal::list_segments(deployment_.journal()).front() < segment) {
      ASSERT_LT(std::chrono::steady_clock::now(), give_up) << "nothing is removed";
      for (Trader* trader : {&buyer_, &seller_}) trader->take(100);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    trade();
  }
  void settle() {
    buyer_.settle();
    seller_.settle();
  }
  [[nodiscard]] std::uint64_t bytes_of_segments() const {
    std::uint64_t bytes = 0;
    for (const auto& entry : std::filesystem::directory_iterator(deployment_.journal())) {
      if (entry.path().filename().string().starts_with("segment-")) bytes += entry.file_size();
    }
    return bytes;
  }
  // The number of the first message of a stream that is in the journal.
  [[nodiscard]] std::uint64_t first_kept(std::string_view session) const {
    const config::LoadResult loaded = config::load(deployment_.config());
    const std::uint32_t stream = loaded.deployment.names.sessions.find(session).value;
    journal::Reader reader(deployment_.journal(), {.from_sequence = 0, .include_ring = true});
    journal::RecordView record;
    std::uint64_t first = 0;
    while (first == 0 && reader.next(record) == journal::ReadStatus::Record) {
      record.for_each_outbound([&](const journal::OutboundView& outbound) {
        if (outbound.stream == stream && first == 0) first = outbound.stream_sequence;
      });
    }
    return first;
  }
  // Whoever asks for what is gone is refused, and from the first message on that is there a client
  // hears what it heard before.
  void expect_stream(const Trader& trader, std::string_view user) const {
    const std::uint64_t first = first_kept(user);
    ASSERT_GT(first, 1U);
    for (const std::uint64_t gone : {std::uint64_t{1}, first - 1}) {
      OuchClient client(gate_->port());
      EXPECT_FALSE(client.login(user, gone)) << gone;
      EXPECT_EQ(client.reject_reason, 'S') << gone;
    }
    OuchClient client(gate_->port());
    ASSERT_TRUE(client.login(user, first)) << client.reject_reason;
    EXPECT_EQ(client.first_sequence, first);
    const std::size_t count = trader.stream().size() + 1 - first;
    ASSERT_TRUE(client.wait_until([&] { return client.stream.size() >= count; }));
    EXPECT_TRUE(std::equal(client.stream.begin(), client.stream.begin() + static_cast<long>(count),
                           trader.stream().begin() + static_cast<long>(first) - 1));
  }
  // What looks at the journal begins with a snapshot, and says so.
  void expect_commands_read_it() const {
    const std::string gone = "the first records are gone: from the snapshot of record ";
    const std::filesystem::path file = deployment_.folder() / "closing.json";
    const Outcome state = portcullis("state", {"--allow-open-orders", "--out", file.string()});
    EXPECT_EQ(state.code, 0) << state.errors;
    EXPECT_NE(state.errors.find(gone), std::string::npos) << state.errors;
    EXPECT_NE(state.out.find(deployment_.gate_text("state_hash").substr(1, 16)), std::string::npos)
        << state.out;
    const Outcome reconciled = portcullis("reconcile", {"--against", file.string()});
    EXPECT_EQ(reconciled.code, 0) << reconciled.out << reconciled.errors;
    EXPECT_NE(reconciled.errors.find(gone), std::string::npos) << reconciled.errors;
    const Outcome records = portcullis("journal", {"--limit", "1"});
    EXPECT_EQ(records.code, 0) << records.errors;
    EXPECT_NE(records.out, "");
  }
  [[nodiscard]] Outcome portcullis(std::string_view command,
                                   const std::vector<std::string>& more) const {
    std::vector<std::string> arguments{test::binary(), std::string(command), "--journal",
                                       deployment_.journal().string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_to_end(arguments);
  }

  std::mt19937_64 random_;
  Trader buyer_;
  Trader seller_;
};

TEST_F(GateRetention, AKilledGateGoesOnWithoutItsFirstSegments) {
  ASSERT_NO_FATAL_FAILURE(start());
  EXPECT_EQ(value_at(ask(create("one")), "retCode"), "0");
  EXPECT_EQ(value_at(ask(create("two")), "retCode"), "0");
  wait_until_new("two");
  connect();
  for (const std::uint32_t segment : {3U, 6U}) {
    ASSERT_NO_FATAL_FAILURE(trade_until_first_is(segment));
    kill();
    ASSERT_NO_FATAL_FAILURE(start());
    // Both were entered in records that are gone.
    EXPECT_EQ(open_links(), (std::vector<std::string>{"two", "one"}));
    EXPECT_EQ(value_at(ask(create("one")), "retCode"), "110072");
    connect();
    settle();
    expect_stream(buyer_, "ALPHA2");
    expect_stream(seller_, "BRAVO2");
    // A second login of the session has ended their connections.
    connect();
  }
  EXPECT_LE(bytes_of_segments(), kBudget + kBudget / 10 + 2 * kSegmentBytes);
  for (Trader* trader : {&buyer_, &seller_}) {
    trader->cancel_everything();
    trader->wait_until_flat();
    EXPECT_TRUE(trader->audit().problems().empty()) << trader->audit().problems().front();
  }
  EXPECT_EQ(gate_->terminate(), 0) << read_file(deployment_.errors());
  EXPECT_EQ(venue_->terminate(), 0) << read_file(deployment_.errors());
  EXPECT_EQ(read_file(deployment_.errors()), "");
  EXPECT_EQ(deployment_.gate_stat("live_orders"), 2);
  EXPECT_EQ(deployment_.gate_stat("follower.differs_at"), 0);
  expect_counts_agree(deployment_);
  expect_replay_agrees(deployment_);
  expect_commands_read_it();
}

}  // namespace
}  // namespace portcullis::test::gate_retention_test
