// For tests of a whole gate on one thread (ShardWorld): it runs, its prices are there, and ShardAudit
// looks at each turn; the test fails with what the audit has against it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/shard_audit.h"
#include "tests/support/shard_world.h"

namespace portcullis::test {

class ShardFixture : public ::testing::Test {
 protected:
  explicit ShardFixture(ShardKind kind = {}, const std::vector<Change>& changes = {})
      : world_(changes, {}, kind) {}

  void SetUp() override {
    ASSERT_TRUE(world_.start());
    world_.price_everything();
  }
  void TearDown() override {
    audit_.look();
    for (const std::string& problem : audit_.problems()) ADD_FAILURE() << problem;
  }
  // So many milliseconds, in which what the client says, what the venue says and what the client is
  // owed arrives.
  void turns(SoupClient& client, int ms) {
    for (; ms > 0; --ms) {
      world_.transport().clock_ns += 1'000'000;
      if (client.is_connected()) {
        client.write(world_.now_ns());
        client.wire().to_gate.arrive_all();
      }
      ASSERT_TRUE(world_.pass());
      world_.carry();
      (void)world_.journal().flush();
      if (world_.kind().follows) world_.follow(SIZE_MAX);
      if (client.is_connected()) {
        client.wire().from_gate.arrive_all();
        EXPECT_EQ(client.read(world_.now_ns()), "");
      }
      audit_.look();
    }
  }
  // As ALPHA2. 0: accepted, else why not.
  char log_in(SoupClient& client, std::uint64_t sequence, const std::string& stream_session = "") {
    client.begin(world_.connect(),
                 {.username = "ALPHA2",
                  .password = kShardPassword,
                  .session = stream_session,
                  .sequence = sequence},
                 world_.now_ns());
    turns(client, 20);
    return client.reject_reason;
  }
  void query(SoupClient& client, int times) {
    const gateway::ouch::AccountQuery query{.appendage = {}};
    for (; times > 0; --times) EXPECT_TRUE(client.send(gateway::venue_sim::bytes_of(query)));
    turns(client, 20);
  }

  GateAudit::Counts counts_;
  ShardWorld world_;
  ShardAudit audit_{world_, counts_};
};

}  // namespace portcullis::test
