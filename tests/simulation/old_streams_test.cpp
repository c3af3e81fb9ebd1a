// Clients that are behind: what the ring does not have any more is read off the shard, and the shard
// takes over where the stream has caught up. ShardAudit looks at each byte that leaves: nothing is
// lost, nothing comes twice or in another order, nobody gets what is another's.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/support/gate_world.h"
#include "tests/support/random_world.h"
#include "tests/support/shard_audit.h"
#include "tests/support/shard_world.h"

namespace portcullis::test::old_streams_test {
namespace {

namespace ouch = gateway::ouch;
namespace venue_sim = gateway::venue_sim;
using support::Rng;
using support::test_seed;

constexpr std::int64_t kMs = 1'000'000;
constexpr std::uint64_t kBlock = gateway::journal::StreamReader::kChunkMessages;
constexpr int kRecent = 64;  // messages of a stream that ShardWorld's ring serves

class OldStreams : public ::testing::Test {
 protected:
  void begin(const std::vector<Change>& changes = {}, std::uint64_t segment_bytes = 1 << 20,
             std::uint64_t disk_budget_bytes = 0) {
    world_ = std::make_unique<ShardWorld>(changes);
    world_->segment_bytes = segment_bytes;
    world_->disk_budget_bytes = disk_budget_bytes;
    audit_ = std::make_unique<ShardAudit>(*world_, counts_);
    ASSERT_TRUE(world_->start());
    world_->price_everything();
    pass();
  }
  void TearDown() override {
    audit_->look();
    for (const std::string& problem : audit_->problems()) ADD_FAILURE() << problem;
  }
  void pass() {
    world_->transport().clock_ns += kMs / 10;
    ASSERT_TRUE(world_->pass());
    world_->carry();
    (void)world_->journal().flush();
    audit_->look();
  }
  void carry(SoupClient& client, std::size_t from_gate = SIZE_MAX / 2) {
    if (!client.is_connected()) return;
    client.write(world_->now_ns());
    client.wire().to_gate.arrive_all();
    client.wire().from_gate.arrive(from_gate);
    EXPECT_EQ(client.read(world_->now_ns()), "");
  }
  void begin_login(SoupClient& client, const char* user, std::uint64_t sequence) {
    client.begin(
        world_->connect(),
        {.username = user, .password = kShardPassword, .session = "", .sequence = sequence},
        world_->now_ns());
    client.write(world_->now_ns());
    client.wire().to_gate.arrive_all();
  }
  // Passes until the client has what there is, or its connection has ended.
  void catch_up(SoupClient& client, const char* user, std::size_t bytes = SIZE_MAX / 2) {
    const risk::SessionIndex session = world_->session(user);
    for (int turn = 0; turn < 20'000; ++turn) {
      pass();
      carry(client, bytes);
      if (!client.is_connected()) return;
      if (client.is_logged_in() && client.next() == audit_->stream(session).size() + 1) return;
    }
    ADD_FAILURE() << user << " does not catch up";
  }
  void expect_whole(const SoupClient& client, const char* user) {
    EXPECT_EQ(client.stream(), audit_->stream(world_->session(user))) << user;
  }
  void query(SoupClient& client, int times) {
    const Bytes message = venue_sim::bytes_of(ouch::AccountQuery{.appendage = {}});
    for (int n = 0; n < times; ++n) {
      EXPECT_TRUE(client.send(message));
      if (n % 30 == 29) {
        carry(client);
        pass();
      }
    }
  }
  // A stream of so many messages, by a client that was there and has left.
  void fill(const char* user, int messages) {
    SoupClient client;
    begin_login(client, user, 1);
    catch_up(client, user);
    query(client, messages);
    catch_up(client, user);
    expect_whole(client, user);
    client.close();
    pass();
  }
  [[nodiscard]] std::uint64_t blocks() { return world_->streams().blocks_read(); }

  GateAudit::Counts counts_;
  std::unique_ptr<ShardWorld> world_;
  std::unique_ptr<ShardAudit> audit_;
};

TEST_F(OldStreams, NothingIsReadForAClientThatKeepsUp) {
  begin();
  fill("ALPHA2", 2'000);
  EXPECT_EQ(blocks(), 0U);
}

TEST_F(OldStreams, TheShardTakesOverWhereTheStreamHasCaughtUp) {
  begin();
  fill("ALPHA2", 3 * static_cast<int>(kBlock));
  // From each message around the ends of blocks and of what the ring has, with messages that are
  // owed meanwhile, and blocks that come late.
  const std::uint64_t size = audit_->stream(world_->session("ALPHA2")).size();
  for (std::uint64_t from : {std::uint64_t{1}, std::uint64_t{2}, size - 2 * kBlock, size - kBlock,
                             size - kRecent - 2, size - kRecent - 1, size - kRecent,
                             size - kRecent + 1, size - kRecent + 2, size, size + 1}) {
    for (int late = 0; late < 3; ++late) {
      SoupClient first;
      begin_login(first, "ALPHA2", 1);
      catch_up(first, "ALPHA2");
      expect_whole(first, "ALPHA2");
      begin_login(first, "ALPHA2", from);
      world_->blocks_per_pass = 0;
      for (int pass_number = 0; pass_number < late; ++pass_number) {
        pass();
        carry(first);
        if (first.is_logged_in()) query(first, 40);
      }
      world_->blocks_per_pass = 1;
      catch_up(first, "ALPHA2");
      expect_whole(first, "ALPHA2");
    }
  }
  EXPECT_GT(blocks(), 20U);
}

TEST_F(OldStreams, ManyClientsBehindWhileOthersTrade) {
  const std::uint64_t seed = test_seed(9);
  Rng rng(seed);
  begin();
  const std::vector<const char*> users{"ALPHA1", "ALPHA2", "BRAVO1", "BRAVO2"};
  for (const char* user : users) fill(user, 600 + static_cast<int>(rng.between(0, 600)));
  std::vector<SoupClient> clients(users.size());
  for (int step = 0; step < 3'000; ++step) {
    const auto at = static_cast<std::size_t>(rng.between(0, 3));
    SoupClient& client = clients[at];
    world_->blocks_per_pass = static_cast<int>(rng.between(0, 2));
    if (!client.is_connected() || rng.percent(2)) {
      client.close(rng.percent(50) ? 0 : SIZE_MAX);
      client.forget();
      begin_login(client, users[at], 1);
    } else if (rng.percent(30) && client.is_logged_in()) {
      query(client, static_cast<int>(rng.between(1, 20)));
    }
    pass();
    for (SoupClient& any : clients)
      if (rng.percent(50)) carry(any, static_cast<std::size_t>(rng.between(1, 4'000)));
  }
  world_->blocks_per_pass = 100;
  for (std::size_t at = 0; at < users.size(); ++at) {
    if (!clients[at].is_connected()) begin_login(clients[at], users[at], clients[at].next());
    catch_up(clients[at], users[at]);
    expect_whole(clients[at], users[at]);
  }
  EXPECT_GT(blocks(), 100U) << "PORTCULLIS_SEED=" << seed;
}

TEST_F(OldStreams, AConnectionThatGoesTakesItsWorkWithIt) {
  begin();
  fill("ALPHA2", 500);
  fill("BRAVO2", 700);
  for (int known = 0; known < 3; ++known) {
    // Asked for, or read, or in the middle of being sent; then another session has the place.
    const std::uint64_t before = blocks();
    SoupClient gone;
    begin_login(gone, "ALPHA2", 1);
    world_->blocks_per_pass = 0;
    for (int n = 0; n < 3; ++n) pass();
    EXPECT_TRUE(known == 0 || world_->streams().step());
    if (known > 1) {
      pass();
      carry(gone);
    }
    gone.close();
    pass();
    pass();
    EXPECT_EQ(blocks(), before + (known > 0 ? 1 : 0));
    SoupClient next;
    begin_login(next, "BRAVO2", 1);
    for (int n = 0; n < 3; ++n) pass();
    carry(next);
    EXPECT_TRUE(next.stream().empty()) << "the reader does nothing";
    world_->blocks_per_pass = 1;
    catch_up(next, "BRAVO2");
    expect_whole(next, "BRAVO2");
    next.close();
    pass();
  }
  // The newest login wins: the older one's block is nobody's.
  SoupClient old;
  begin_login(old, "ALPHA2", 1);
  world_->blocks_per_pass = 0;
  for (int n = 0; n < 3; ++n) pass();
  SoupClient newest;
  begin_login(newest, "ALPHA2", 100);
  pass();
  world_->blocks_per_pass = 1;
  SoupClient whole;
  begin_login(whole, "ALPHA2", 1);
  catch_up(whole, "ALPHA2");
  expect_whole(whole, "ALPHA2");
}

// It is told what it can be told: its connection ends, and asked for again the messages are refused.
TEST_F(OldStreams, ASegmentThatIsRemovedUnderTheReaderEndsTheSession) {
  begin({}, 131'072, 4 * 131'072);
  fill("ALPHA2", 8'000);
  SoupClient client;
  begin_login(client, "ALPHA2", 1);
  world_->blocks_per_pass = 1;
  for (int n = 0; n < 4; ++n) {
    pass();
    carry(client);
  }
  ASSERT_TRUE(client.is_logged_in());
  const std::uint64_t got = client.next();
  ASSERT_GT(got, 100U);
  ASSERT_LT(got, 8'000U);
  gateway::journal::Journal& journal = world_->journal();
  journal.may_remove_below(journal.published_sequence());
  fill("BRAVO2", 2'000);  // its records begin a segment
  const auto stream = static_cast<std::uint16_t>(world_->session("ALPHA2").value);
  ASSERT_GT(journal.stream_first(stream), got + kBlock);
  catch_up(client, "ALPHA2");
  EXPECT_FALSE(client.is_connected());
  EXPECT_EQ(world_->shard().link_counters().streams_removed, 1U);
  EXPECT_EQ(world_->shard().link_counters().streams_unreadable, 0U);
  EXPECT_FALSE(world_->gate().is_session_up(world_->session("ALPHA2")));
  const std::vector<Bytes>& owed = audit_->stream(world_->session("ALPHA2"));
  ASSERT_LT(client.stream().size(), owed.size());
  EXPECT_TRUE(std::equal(client.stream().begin(), client.stream().end(), owed.begin()));
  begin_login(client, "ALPHA2", client.next());
  for (int n = 0; n < 3; ++n) {
    pass();
    carry(client);
  }
  EXPECT_EQ(client.reject_reason, 'S');
}

TEST_F(OldStreams, OneThatCannotBeReadEndsTheSession) {
  begin();
  fill("ALPHA2", 500);
  const auto stream = static_cast<std::uint16_t>(world_->session("ALPHA2").value);
  std::filesystem::rename(world_->journal_folder() / gateway::journal::index_name(stream),
                          world_->journal_folder() / "aside");
  SoupClient client;
  begin_login(client, "ALPHA2", 1);
  catch_up(client, "ALPHA2");
  EXPECT_FALSE(client.is_connected());
  EXPECT_EQ(world_->shard().link_counters().streams_unreadable, 1U);
  std::filesystem::rename(world_->journal_folder() / "aside",
                          world_->journal_folder() / gateway::journal::index_name(stream));
  begin_login(client, "ALPHA2", 1);
  catch_up(client, "ALPHA2");
  expect_whole(client, "ALPHA2");
}

TEST_F(OldStreams, ASlowClientHoldsUpItsBufferAndABlock) {
  begin({{Change::Kind::Set, "process.json", "gateway.slow_consumer_bytes", "65536"}});
  fill("ALPHA2", 12'000);
  SoupClient slow;
  begin_login(slow, "ALPHA2", 1);
  for (int n = 0; n < 200; ++n) pass();
  // What two buffers hold, at sixteen bytes a message, and one block more.
  const std::uint64_t most = (65'536 + 65'536) / 16 / kBlock + 2;
  const std::uint64_t read = blocks();
  EXPECT_LE(read, most);
  EXPECT_GT(read, most / 2);
  for (int n = 0; n < 200; ++n) pass();
  EXPECT_EQ(blocks(), read) << "nothing more until it reads";
  fill("BRAVO2", 200);  // who does not notice
  catch_up(slow, "ALPHA2", 5'000);
  expect_whole(slow, "ALPHA2");
}

// Its heartbeats do not count: it is let go as one that is silent is.
TEST_F(OldStreams, WhoSpeaksButReadsNothingOfItsReplayIsLetGo) {
  begin({{Change::Kind::Set, "process.json", "gateway.slow_consumer_bytes", "65536"}});
  fill("ALPHA2", 12'000);
  SoupClient deaf;
  begin_login(deaf, "ALPHA2", 1);
  for (int n = 0; n < 200; ++n) pass();
  const std::int64_t full_ns = world_->now_ns();
  const std::int64_t silence_ns = world_->deployment().gateway.times.silence_ns;
  const auto speaks_until = [&](std::int64_t ns) {
    while (world_->now_ns() < ns) {
      world_->transport().clock_ns += silence_ns / 20;
      deaf.write(world_->now_ns());
      deaf.wire().to_gate.arrive_all();
      pass();
    }
  };
  speaks_until(full_ns + silence_ns / 2);
  EXPECT_EQ(world_->shard().link_counters().slow_consumers, 0U);
  speaks_until(full_ns + 2 * silence_ns);
  EXPECT_EQ(world_->shard().link_counters().slow_consumers, 1U);
  EXPECT_FALSE(world_->gate().is_session_up(world_->session("ALPHA2")));
  // It may come again, and has all of it once it reads.
  begin_login(deaf, "ALPHA2", 1);
  catch_up(deaf, "ALPHA2");
  expect_whole(deaf, "ALPHA2");
}

}  // namespace
}  // namespace portcullis::test::old_streams_test
