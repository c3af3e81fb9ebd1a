// The edge behind a durable journal, and behind one that is damaged: it says nothing of what is not
// durable, and where it cannot read on it closes its door and leaves the gate alone.
#include <fcntl.h>
#include <gtest/gtest.h>

#include "feeds/epoch_clock.h"
#include "gateway/journal/ring.h"
#include "tests/support/edge_world.h"
#include "tests/support/failing_disk.h"
#include "tests/support/raw_peer.h"

namespace portcullis::test::edge_journal_test {
namespace {

namespace journal = gateway::journal;

constexpr auto kSet = Change::Kind::Set;

std::int64_t now_ms() { return feeds::epoch_ns() / 1'000'000; }

class EdgeJournal : public testing::Test {
 protected:
  void open(const char* durability) {
    world_ = std::make_unique<EdgeWorld>(
        std::vector<Change>{{kSet, "process.json", "journal.durability", durability}});
    peer_ = std::make_unique<RawPeer>(world_->port());
    ASSERT_TRUE(peer_->open());
    peer_->send_text(auth_request("JSON1", now_ms()));
    ASSERT_EQ(value_at(peer_->read_text(), "retCode"), "0");
  }
  void create(const std::string& link) {
    peer_->send_text(R"({"op":"order.create","reqId":")" + link +
                     R"(","header":{"X-BAPI-TIMESTAMP":")" + std::to_string(now_ms()) +
                     R"("},"args":[)" + JsonWorld::amzn("Buy", 1, "219.5", link) + "]}");
  }
  // Until the gate has decided on so many orders of the session.
  void wait_until_decided(std::uint32_t count) {
    for (int wait = 0; wait < 2'000; ++wait) {
      std::uint32_t decided = 0;
      world_->with(
          [&](GateWorld& world) { decided = world.engine().watermark(world.session("JSON1")); });
      if (decided >= count) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    ADD_FAILURE() << "the gate has not heard of it";
  }
  // How many orders a query shows.
  [[nodiscard]] std::size_t open_orders() const {
    RawPeer peer(world_->port());
    const std::string time = std::to_string(now_ms());
    const std::string query = "category=linear";
    peer.send("GET /v5/order/realtime?" + query +
              " HTTP/1.1\r\nHost: gate\r\nX-BAPI-API-KEY: key-JSON1\r\nX-BAPI-TIMESTAMP: " + time +
              "\r\nX-BAPI-RECV-WINDOW: 5000\r\nX-BAPI-SIGN: " +
              signed_text(api_secret("JSON1"), time + "key-JSON1" + "5000" + query) + "\r\n\r\n");
    const std::string response = peer.read_response();
    const std::string body = response.substr(std::min(response.find('{'), response.size()));
    EXPECT_EQ(value_at(body, "retCode"), "0") << response;
    std::size_t count = 0;
    while (!value_at(body, "result.list[" + std::to_string(count) + "].orderId").empty()) ++count;
    return count;
  }
  // The edge is there, and has had time for what it must not do.
  void expect_silence() {
    for (int round = 0; round < 5; ++round) {
      ASSERT_TRUE(peer_->send_text(R"({"op":"ping"})"));
      EXPECT_EQ(value_at(peer_->read_text(), "op"), "pong");
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  std::unique_ptr<EdgeWorld> world_;
  std::unique_ptr<RawPeer> peer_;
};

TEST_F(EdgeJournal, NothingIsSaidOfAnOrderThatIsNotDurable) {
  open("\"fsync\"");
  create("a");
  EXPECT_EQ(value_at(peer_->read_text(), "reqId"), "a");
  EXPECT_EQ(open_orders(), 1U);
  world_->with([](GateWorld& world) { world.hold_journal = true; });
  create("b");
  wait_until_decided(2);
  expect_silence();
  EXPECT_EQ(open_orders(), 1U);
  // Durable: both are told, in order.
  create("c");
  wait_until_decided(3);
  world_->with([](GateWorld& world) { world.hold_journal = false; });
  for (const char* link : {"b", "c"}) {
    const std::string reply = peer_->read_text();
    EXPECT_EQ(value_at(reply, "reqId"), link) << reply;
    EXPECT_EQ(value_at(reply, "retCode"), "0") << reply;
  }
  EXPECT_EQ(open_orders(), 3U);
}

TEST_F(EdgeJournal, NothingIsSaidAfterASyncHasFailed) {
  open("\"fsync\"");
  create("a");
  EXPECT_EQ(value_at(peer_->read_text(), "reqId"), "a");
  world_->with([](GateWorld&) { g_disk.syncs_fail = true; });
  create("b");
  wait_until_decided(2);
  world_->with([](GateWorld& world) {
    EXPECT_NE(world.journal().faults(), 0U);
    g_disk.syncs_fail = false;
  });
  expect_silence();
  EXPECT_EQ(open_orders(), 1U) << "what was durable before";
  EXPECT_EQ(world_->failure(), "");
}

// A record that was not durable is not there for the edge, in whatever state it is; then it is.
TEST_F(EdgeJournal, ADamagedRecordClosesTheDoorAndLeavesTheGateAlone) {
  open("\"fsync\"");
  create("a");
  EXPECT_EQ(value_at(peer_->read_text(), "reqId"), "a");
  world_->with([](GateWorld& world) {
    world.hold_journal = true;
    journal::RingReader ring;
    ASSERT_TRUE(ring.open(world.journal_directory(), world.journal().id()));
    const std::uint64_t at = journal::kRingHeaderBytes +
                             (ring.flushed_position() & (world.journal().capacity_bytes() - 1));
    world.price();
    const journal::Fd fd = journal::open_file(ring.path(), O_RDWR);
    std::byte byte{};
    ASSERT_EQ(journal::read_at(fd.get(), {&byte, 1}, at + 40), 1);
    byte ^= std::byte{1};
    ASSERT_TRUE(journal::write_at(journal::kSystemFileOps, fd.get(), {&byte, 1}, at + 40));
  });
  expect_silence();
  world_->with([](GateWorld& world) { world.hold_journal = false; });
  EXPECT_EQ(peer_->read_close(), 1001);
  world_->stop_edge();
  // By the ring or, if it was copied there in time, by the segment.
  const std::string& failure = world_->failure();
  EXPECT_TRUE(failure.find("in the ring is damaged") != std::string::npos ||
              failure.find("crc32c does not match") != std::string::npos)
      << failure;
  world_->with([](GateWorld& world) {
    EXPECT_EQ(world.enter(world.session("ALPHA2"), {.number = 1}).disposition,
              risk::Disposition::Forward);
  });
}

}  // namespace
}  // namespace portcullis::test::edge_journal_test
