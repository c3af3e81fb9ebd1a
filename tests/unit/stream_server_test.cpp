// Old messages for somebody who does not wait for them: what was asked is what comes, each place for
// itself, and what is not wanted any more is given back.
#include "gateway/journal/stream_server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <iterator>
#include <map>
#include <thread>
#include <vector>

#include "tests/support/journal_support.h"
#include "tests/support/random_world.h"

namespace portcullis::gateway::journal::stream_server_test {
namespace {

using testing::append;
using testing::Bytes;
using testing::kStreams;
using testing::Random;
using testing::record_of;
using testing::small_options;
using testing::streams_of;
using testing::TemporaryFolder;
using Mode = StreamServer::Mode;

constexpr std::uint64_t kSeed = 11;
constexpr std::uint64_t kRecords = 4'000;

class StreamServerTest : public ::testing::Test {
 protected:
  void write(Journal& journal) {
    for (std::uint64_t i = 1; i <= kRecords; ++i) {
      append(journal, record_of(kSeed, i));
      if (journal.occupancy_bytes() > journal.capacity_bytes() / 4) {
        ASSERT_TRUE(journal.flush());
      }
    }
    ASSERT_TRUE(journal.flush());
  }
  // The block is the run's messages from this one on; the number of the next one.
  std::uint64_t expect_block(const StreamBlock& block, std::uint16_t stream, std::uint64_t from) {
    EXPECT_EQ(block.status, ReadStatus::Record) << block.error;
    for (const StreamMessage& message : block.messages) {
      EXPECT_EQ(message.stream_sequence, from);
      EXPECT_TRUE(testing::same(message.payload, streams_.at(stream).at(from - 1)));
      ++from;
    }
    return from;
  }
  std::uint64_t last(std::uint16_t stream) { return streams_.at(stream).size(); }

  TemporaryFolder folder_{testing::memory_folder()};
  std::map<std::uint16_t, std::vector<Bytes>> streams_ = streams_of(kSeed, kRecords);
};

TEST_F(StreamServerTest, EachPlaceInTurnGetsWhatItAskedFor) {
  Journal journal(small_options(folder_.path()));
  write(journal);
  StreamServer server(folder_.path(), 3, {}, Mode::Manual);
  EXPECT_FALSE(server.step());
  EXPECT_EQ(server.block(0), nullptr);
  ASSERT_TRUE(server.ask(0, 1, 5, last(1)));
  ASSERT_TRUE(server.ask(2, 4, 1, 3));
  EXPECT_FALSE(server.ask(0, 1, 5, last(1))) << "one at a time";
  EXPECT_EQ(server.block(0), nullptr) << "nothing is read by whoever asks";
  EXPECT_TRUE(server.step());
  EXPECT_TRUE(server.step());
  EXPECT_FALSE(server.step());
  EXPECT_EQ(server.blocks_read(), 2U);
  ASSERT_NE(server.block(0), nullptr);
  EXPECT_EQ(expect_block(*server.block(0), 1, 5), 5 + StreamReader::kChunkMessages);
  ASSERT_NE(server.block(2), nullptr);
  EXPECT_EQ(expect_block(*server.block(2), 4, 1), 4U) << "and no further";
  EXPECT_EQ(server.block(1), nullptr);
  // On, block by block, to the end; a place may go over to another stream.
  std::uint64_t next = 5 + StreamReader::kChunkMessages;
  while (next <= last(1)) {
    ASSERT_TRUE(server.ask(0, 1, next, last(1)));
    EXPECT_EQ(server.block(0), nullptr);
    ASSERT_TRUE(server.step());
    next = expect_block(*server.block(0), 1, next);
  }
  EXPECT_EQ(next, last(1) + 1);
  ASSERT_TRUE(server.ask(0, 3, 7, 8));
  ASSERT_TRUE(server.step());
  EXPECT_EQ(expect_block(*server.block(0), 3, 7), 9U);
}

TEST_F(StreamServerTest, WhoDoesNotWantItAnyMoreDoesNotGetItAndThePlaceIsFreeAgain) {
  Journal journal(small_options(folder_.path()));
  write(journal);
  StreamServer server(folder_.path(), 1, {}, Mode::Manual);
  server.cancel(0);
  EXPECT_FALSE(server.step()) << "there was nothing";
  ASSERT_TRUE(server.ask(0, 1, 1, 10));
  server.cancel(0);
  EXPECT_FALSE(server.ask(0, 2, 1, 10)) << "the reader still has it";
  EXPECT_EQ(server.block(0), nullptr);
  ASSERT_TRUE(server.step());
  EXPECT_EQ(server.blocks_read(), 0U) << "nobody would look at it";
  EXPECT_EQ(server.block(0), nullptr);
  ASSERT_TRUE(server.ask(0, 2, 1, 10));
  ASSERT_TRUE(server.step());
  EXPECT_EQ(expect_block(*server.block(0), 2, 1), 11U);
  server.cancel(0);
  EXPECT_EQ(server.block(0), nullptr);
  ASSERT_TRUE(server.step());
  EXPECT_FALSE(server.step());
  ASSERT_TRUE(server.ask(0, 3, 2, 2));
  ASSERT_TRUE(server.step());
  EXPECT_EQ(expect_block(*server.block(0), 3, 2), 3U);
}

std::ptrdiff_t open_files() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

TEST_F(StreamServerTest, ABlockThatWaitsHoldsNoFile) {
  Journal journal(small_options(folder_.path()));
  write(journal);
  StreamServer server(folder_.path(), 4, {}, Mode::Manual);
  const std::ptrdiff_t before = open_files();
  for (std::uint32_t place = 0; place < 4; ++place) ASSERT_TRUE(server.ask(place, 1, 1, last(1)));
  while (server.step()) continue;
  EXPECT_EQ(open_files(), before);
  for (std::uint32_t place = 0; place < 4; ++place) expect_block(*server.block(place), 1, 1);
}

TEST_F(StreamServerTest, WhatIsRemovedOrDamagedIsSaid) {
  Options options = small_options(folder_.path());
  options.disk_budget_bytes = 400'000;
  Journal journal(options);
  write(journal);
  StreamServer server(folder_.path(), 2, {}, Mode::Manual);
  ASSERT_TRUE(server.ask(0, 1, 1, last(1)));
  journal.may_remove_below(kRecords);
  ASSERT_TRUE(journal.flush());
  ASSERT_GT(journal.stream_first(1), 1U);
  ASSERT_TRUE(server.step());
  EXPECT_EQ(server.block(0)->status, ReadStatus::Removed);
  ASSERT_TRUE(server.ask(0, 1, journal.stream_first(1), last(1)));
  ASSERT_TRUE(server.step());
  expect_block(*server.block(0), 1, journal.stream_first(1));
  std::filesystem::remove(folder_ / index_name(2));
  ASSERT_TRUE(server.ask(1, 2, last(2), last(2)));
  ASSERT_TRUE(server.step());
  EXPECT_EQ(server.block(1)->status, ReadStatus::Damaged);
  EXPECT_NE(server.block(1)->error.find(index_name(2)), std::string::npos);
  // Nor does it fall over where there is no folder any more.
  StreamServer nowhere(folder_ / "none", 1, {}, Mode::Manual);
  ASSERT_TRUE(nowhere.ask(0, 1, 1, 1));
  ASSERT_TRUE(nowhere.step());
  EXPECT_EQ(nowhere.block(0)->status, ReadStatus::Damaged);
}

// With its thread, while the journal is written: owners that come and go at any moment, and each gets
// its stream whole.
TEST_F(StreamServerTest, ManyPlacesOnAThread) {
  const std::uint64_t seed = support::test_seed(5);
  Random random{seed};
  Options options = small_options(folder_.path());
  options.manual_flush = false;
  options.flush_interval = std::chrono::microseconds(100);
  Journal journal(options);
  std::atomic<std::uint64_t> woken{0};
  StreamServer server(folder_.path(), 6, [&woken] { ++woken; });
  struct Client {
    std::uint16_t stream = 0;
    std::uint64_t next = 1;
    bool asked = false;
  };
  std::vector<Client> clients(6);
  std::uint64_t written = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t whole = 0;
  const auto enough = static_cast<std::uint64_t>(support::test_scale(100));
  std::uint64_t rounds = 0;
  while (written < kRecords || whole < enough) {
    ASSERT_LT(++rounds, 50'000'000U) << "it does not come to an end";
    for (int n = 0; n < 20 && written < kRecords && journal.room() == Room::All; ++n)
      append(journal, record_of(kSeed, ++written));
    for (std::uint32_t place = 0; place < clients.size(); ++place) {
      Client& client = clients[place];
      if (client.asked && random() % 16 == 0) {
        server.cancel(place);
        client = {.stream = static_cast<std::uint16_t>(random() % kStreams)};
        ++cancelled;
        continue;
      }
      if (const StreamBlock* block = client.asked ? server.block(place) : nullptr) {
        client.next = expect_block(*block, client.stream, client.next);
        client.asked = false;
        if (written == kRecords && client.next == last(client.stream) + 1) {
          ++whole;
          server.cancel(place);
          client = {.stream = static_cast<std::uint16_t>(random() % kStreams)};
        }
      }
      if (!client.asked && client.next == 1) {
        EXPECT_EQ(server.block(place), nullptr) << "it is somebody else's";
      }
      const std::uint64_t flushed = journal.stream_flushed(client.stream);
      if (!client.asked && client.next <= flushed)
        client.asked = server.ask(place, client.stream, client.next, flushed);
    }
    ASSERT_FALSE(HasFailure()) << "PORTCULLIS_SEED=" << seed;
    std::this_thread::yield();
  }
  EXPECT_GT(cancelled, 10U);
  EXPECT_LE(woken.load(), server.blocks_read());
  EXPECT_GT(woken.load(), enough);
}

}  // namespace
}  // namespace portcullis::gateway::journal::stream_server_test
