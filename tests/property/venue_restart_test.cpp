// The venue's engine with its journal: killed at any point it opens again with the same book,
// numbers and streams.

#include <gtest/gtest.h>

#include "gateway/venue_sim/durable_engine.h"
#include "tests/support/journal_support.h"
#include "tests/support/seed.h"
#include "tests/support/venue_commands.h"

namespace portcullis::gateway::venue_sim::venue_restart_test {
namespace {

using journal::testing::TemporaryFolder;

constexpr std::uint64_t kStartNs = 1'700'000'000'000'000'000;

DurableEngineOptions options_in(const TemporaryFolder& directory) {
  DurableEngineOptions options;
  options.journal.directory = directory.path();
  options.journal.ring_bytes = 4'194'304;
  options.journal.segment_bytes = 1'048'576;
  options.journal.recent_messages = 65'536;
  options.journal.manual_flush = true;
  options.session_count = 2;
  return options;
}

using Stream = std::vector<std::vector<std::byte>>;

// All that the stream has said; from the ring as far as that goes, else from the segments.
Stream stream_of(const DurableEngine& engine, const TemporaryFolder& directory,
                 std::uint16_t stream) {
  Stream said;
  journal::StreamReader reader(directory.path(), stream);
  const journal::Journal& journal = engine.journal();
  while (said.size() + 1 < journal.stream_next(stream)) {
    const std::uint64_t next = said.size() + 1;
    std::span<const std::byte> payload;
    if (journal.recent(stream, next, payload)) {
      said.emplace_back(payload.begin(), payload.end());
      continue;
    }
    if (reader.read(next, journal.stream_flushed(stream)) != journal::ReadStatus::Record) {
      ADD_FAILURE() << "message " << next << ": " << reader.error();
      return said;
    }
    for (const journal::StreamMessage& message : reader.messages()) {
      said.emplace_back(message.payload.begin(), message.payload.end());
    }
  }
  return said;
}

TEST(VenueRestart, FindsTheSameBookAndStreamsHoweverLittleWasFlushed) {
  const std::uint64_t used_seed = test::seed();
  std::mt19937_64 random(used_seed);
  Commands commands(used_seed);
  const TemporaryFolder directory;
  const DurableEngineOptions options = options_in(directory);
  VenueDriver never_killed;  // the same inputs, with one session more and the right day
  auto engine = std::make_unique<DurableEngine>(options, kStartNs);
  never_killed.engine.configure(engine->engine().settings());
  never_killed.engine.open_session(kStartNs, never_killed.out);

  const std::string name = engine->session_name(0);
  std::uint64_t now = kStartNs;
  for (int life = 0; life < 12; ++life) {
    const std::uint64_t steps = random() % 1500;
    for (std::uint64_t step = 0; step < steps; ++step) {
      const ouch::InboundMessage message = message_of(commands.next());
      now += random() % 1000;
      never_killed.now_ns = now;
      const auto session = static_cast<SessionIndex>(random() % 2);
      never_killed.send(message, session);
      ASSERT_TRUE(engine->apply(session, now, bytes_of(message)));
      if (random() % 500 == 0) engine->journal().flush();
    }
    const Stream first = stream_of(*engine, directory, 0);
    const Stream second = stream_of(*engine, directory, 1);
    engine.reset();
    engine = std::make_unique<DurableEngine>(options, now);
    ASSERT_EQ(engine->session_name(0), name);
    ASSERT_EQ(engine->engine().describe(), never_killed.engine.describe()) << "life " << life;
    ASSERT_EQ(engine->engine().counts(), never_killed.engine.counts());
    ASSERT_EQ(stream_of(*engine, directory, 0), first);
    ASSERT_EQ(stream_of(*engine, directory, 1), second);
  }
}

TEST(VenueRestart, NamesSessionsApartAndOtherJournalsOtherwise) {
  const TemporaryFolder first;
  const TemporaryFolder second;
  const DurableEngine one(options_in(first), kStartNs);
  const DurableEngine other(options_in(second), kStartNs + 1'000'000);
  EXPECT_EQ(one.session_name(0).size(), 10U);
  EXPECT_NE(one.session_name(0), one.session_name(1));
  EXPECT_NE(one.session_name(0), other.session_name(0));
}

TEST(VenueRestart, TakesTimeThatGoesBackAsTheNewestSoFar) {
  const TemporaryFolder directory;
  {
    DurableEngine engine(options_in(directory), kStartNs);
    ASSERT_TRUE(engine.apply(0, kStartNs + 500, bytes_of(enter_message({.number = 1}))));
  }
  DurableEngine engine(options_in(directory), kStartNs - 1'000'000);
  ASSERT_TRUE(engine.apply(0, 7, bytes_of(enter_message({.number = 2}))));
  ouch::Accepted accepted;
  const Stream said = stream_of(engine, directory, 0);
  ASSERT_EQ(decode(said.back(), accepted), ouch::DecodeError::None);
  EXPECT_EQ(accepted.user_ref_num, 2U);
  EXPECT_EQ(accepted.timestamp, (kStartNs + 500) % 86'400'000'000'000);
}

TEST(VenueRestart, MayHaveOtherFaultsSymbolsAndMoreSessions) {
  const TemporaryFolder directory;
  DurableEngineOptions options = options_in(directory);
  options.faults.reject_every = 1;
  {
    DurableEngine engine(options, kStartNs);
    ASSERT_TRUE(engine.apply(0, kStartNs, bytes_of(enter_message({.number = 1}))));
    EXPECT_EQ(engine.engine().counts().rejected, 1U);
  }
  options.faults = {};
  options.symbols = {padded<8>("XYZ")};
  options.session_count = 3;
  {
    DurableEngine engine(options, kStartNs);
    ASSERT_TRUE(engine.apply(0, kStartNs, bytes_of(enter_message({.number = 2}))));
    ASSERT_TRUE(engine.apply(2, kStartNs, bytes_of(enter_message({.number = 1, .symbol = "ABC"}))));
    EXPECT_EQ(engine.engine().counts().accepted, 1U);
    EXPECT_EQ(engine.engine().counts().rejected, 2U);
  }
  const DurableEngine engine(options, kStartNs);
  EXPECT_EQ(engine.engine().counts().accepted, 1U);
  EXPECT_EQ(engine.engine().session_count(), 3U);
}

TEST(VenueRestart, RefusesFewerSessionsThanThereAre) {
  const TemporaryFolder directory;
  DurableEngineOptions options = options_in(directory);
  { const DurableEngine engine(options, kStartNs); }
  options.session_count = 1;
  EXPECT_THROW(DurableEngine(options, kStartNs), std::runtime_error);
  options.session_count = 2;
  EXPECT_NO_THROW(DurableEngine(options, kStartNs));
}

TEST(VenueRestart, ApplyOfBytesThatAreNoMessageLeavesNoRecord) {
  const TemporaryFolder directory;
  DurableEngine engine(options_in(directory), kStartNs);
  const std::uint64_t before = engine.journal().published_sequence();
  EXPECT_FALSE(engine.apply(0, kStartNs, std::vector<std::byte>(3)));
  EXPECT_EQ(engine.journal().published_sequence(), before);
}

// --- One input with more messages than a record holds

// 200 orders rest and one takes them all: 401 messages, with a ring whose records are 4 kB.
DurableEngineOptions small_records_in(const TemporaryFolder& directory) {
  DurableEngineOptions options = options_in(directory);
  options.journal.ring_bytes = 65'536;
  options.session_count = 1;
  return options;
}

void sweep_the_book(DurableEngine& engine) {
  for (std::uint32_t number = 1; number <= 200; ++number) {
    ASSERT_TRUE(engine.apply(
        0, kStartNs, bytes_of(enter_message({.number = number, .side = 'S', .quantity = 1}))));
  }
  ASSERT_TRUE(engine.journal().flush());
  ASSERT_TRUE(engine.apply(0, kStartNs, bytes_of(enter_message({.number = 201, .quantity = 200}))));
}

// Copies a journal's records but the last few, and changes a byte of the last message if asked to.
void copy_journal(const TemporaryFolder& from, const TemporaryFolder& to,
                  std::uint64_t records_left_out, bool change_the_last_message) {
  journal::ReaderOptions everything;
  everything.include_ring = true;
  journal::Reader counter(from.path(), everything);
  journal::RecordView record;
  std::uint64_t records = 0;
  while (counter.next(record) == journal::ReadStatus::Record) ++records;
  records -= records_left_out;

  journal::Journal copy({.directory = to.path(),
                         .ring_directory = {},
                         .ring_bytes = 4'194'304,
                         .stream_count = 1,
                         .manual_flush = true});
  journal::Reader reader(from.path(), everything);
  for (std::uint64_t i = 1; i <= records; ++i) {
    ASSERT_EQ(reader.next(record), journal::ReadStatus::Record);
    copy.begin(record.type, record.time_ns, record.command);
    std::uint16_t left = record.outbound_count;
    record.for_each_outbound([&](const journal::OutboundView& outbound) {
      std::vector<std::byte> payload(outbound.payload.begin(), outbound.payload.end());
      if (--left == 0 && i == records && change_the_last_message) payload.back() ^= std::byte{1};
      copy.add_outbound(outbound.stream, payload);
    });
    copy.publish();
  }
}

TEST(VenueRestart, JournalsAnInputWithMoreMessagesThanARecordHolds) {
  const TemporaryFolder directory;
  Stream said;
  {
    DurableEngine engine(small_records_in(directory), kStartNs);
    sweep_the_book(engine);
    said = stream_of(engine, directory, 0);
    EXPECT_EQ(said.size(), 1U + 200 + 1 + 400);
    EXPECT_GT(engine.journal().published_sequence(), 2U + 201) << "one record is not enough";
  }
  const DurableEngine engine(small_records_in(directory), kStartNs);
  EXPECT_EQ(stream_of(engine, directory, 0), said);
  EXPECT_EQ(engine.engine().counts().open, 0U);
}

TEST(VenueRestart, SaysTheRestOfAnInputItWasKilledIn) {
  const TemporaryFolder whole;
  Stream said;
  {
    DurableEngine engine(small_records_in(whole), kStartNs);
    sweep_the_book(engine);
    said = stream_of(engine, whole, 0);
  }
  for (const std::uint64_t lost : {1U, 2U, 4U}) {
    const TemporaryFolder cut;
    copy_journal(whole, cut, lost, false);
    std::uint64_t after_recovery = 0;
    {
      DurableEngine engine(small_records_in(cut), kStartNs);
      after_recovery = engine.journal().published_sequence();
      EXPECT_EQ(stream_of(engine, cut, 0), said) << lost << " records lost";
      ASSERT_TRUE(engine.apply(0, kStartNs, bytes_of(ouch::AccountQuery{.appendage = {}})));
    }
    const DurableEngine again(small_records_in(cut), kStartNs);
    EXPECT_EQ(again.journal().published_sequence(), after_recovery + 1);
  }
}

TEST(VenueRestart, RefusesAJournalThatTellsAnotherStory) {
  const TemporaryFolder whole;
  {
    DurableEngine engine(small_records_in(whole), kStartNs);
    sweep_the_book(engine);
  }
  const TemporaryFolder changed;
  copy_journal(whole, changed, 0, true);
  try {
    const DurableEngine engine(small_records_in(changed), kStartNs);
    FAIL() << "it was opened";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("differs"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace portcullis::gateway::venue_sim::venue_restart_test
