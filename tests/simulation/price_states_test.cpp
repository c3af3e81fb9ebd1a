// A reference price that becomes unsafe while orders come in: in the gate, across restarts by replay
// and from a snapshot, and from the feed's queue through the shard.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "gateway/commands/journal.h"
#include "gateway/commands/stats.h"
#include "gateway/journal/reader.h"
#include "tests/support/command_line.h"
#include "tests/support/gate_world.h"
#include "tests/support/shard_audit.h"
#include "tests/support/shard_world.h"

namespace portcullis::test::price_states_test {
namespace {

namespace ouch = gateway::ouch;
namespace venue_sim = gateway::venue_sim;
using gateway::gate::RecordType;
using risk::PriceKind;
using risk::PriceState;
using risk::RejectReason;

bool is_there(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// --- the gate

// bravo-1 holds AMZN.
struct HeldWorld : GateWorld {
  HeldWorld() {
    EXPECT_TRUE(
        gate().load(risk::LoadPosition{{now_ns}, {10}, {2'200'000}, account("bravo-1"), amzn}));
    deliver();
    EXPECT_TRUE(engine().mark(amzn).raw > 0);
  }
  void state(PriceState to) { price_state(PriceKind::Mark, amzn.value, to); }
  RejectReason buy() { return enter(bravo, {.number = ++number, .quantity = 1}).reason; }
  RejectReason sell() {
    return enter(bravo, {.number = ++number, .side = 'S', .quantity = 1}).reason;
  }
  const risk::InstrumentIndex amzn = instrument("AMZN");
  const risk::SessionIndex bravo = session("BRAVO1");
  std::uint32_t number = 0;
};

TEST(PriceStatesOfTheGate, IncreasesAreRefusedAndExitsPass) {
  HeldWorld w;
  EXPECT_EQ(w.buy(), RejectReason::None);
  const std::uint32_t resting = w.number;
  w.deliver();
  w.state(PriceState::Unsafe);
  (void)w.owed(w.bravo);
  EXPECT_EQ(w.buy(), RejectReason::ReferencePriceUnsafe);
  const std::vector<ouch::OutboundMessage> owed = w.owed_messages(w.bravo);
  ASSERT_EQ(owed.size(), 1u);
  EXPECT_EQ(static_cast<int>(std::get<ouch::Rejected>(owed[0]).reason), 0x0A);
  EXPECT_EQ(w.sell(), RejectReason::None);
  EXPECT_EQ(w.cancel(w.bravo, resting).disposition, risk::Disposition::Forward);
  w.state(PriceState::Unsafe);  // nothing new: no record, no count
  EXPECT_EQ(w.counters().price_state_changes, 1u);
  w.state(PriceState::Safe);
  EXPECT_EQ(w.buy(), RejectReason::None);
  EXPECT_EQ(w.counters().price_state_changes, 2u);
  EXPECT_EQ(w.check(), "");
}

TEST(PriceStatesOfTheGate, AreKeptByAReplayAndByASnapshot) {
  HeldWorld w;
  w.follow(0);
  w.state(PriceState::Unsafe);
  w.price_state(PriceKind::Index, 0, PriceState::Unsafe);
  w.kill();  // which compares state and counters with what they were
  EXPECT_EQ(w.from_snapshot(), 0u);
  w.connect();
  EXPECT_EQ(w.engine().mark_state(w.amzn), PriceState::Unsafe);
  EXPECT_EQ(w.buy(), RejectReason::ReferencePriceUnsafe);

  ASSERT_TRUE(w.follower().write_snapshot());
  w.kill();
  EXPECT_GT(w.from_snapshot(), 0u);
  w.connect();
  EXPECT_EQ(w.engine().mark_state(w.amzn), PriceState::Unsafe);
  EXPECT_EQ(w.engine().index_state({0}), PriceState::Unsafe);
  EXPECT_EQ(w.buy(), RejectReason::ReferencePriceUnsafe);
  EXPECT_EQ(w.sell(), RejectReason::None);
  w.state(PriceState::Safe);
  EXPECT_EQ(w.buy(), RejectReason::ReferencePriceUnsafe) << "the index";
  w.price_state(PriceKind::Index, 0, PriceState::Safe);
  EXPECT_EQ(w.buy(), RejectReason::None);
  EXPECT_EQ(w.check(), "");
}

TEST(PriceStatesOfTheGate, AreToldInWordsAndCounted) {
  HeldWorld w;
  w.state(PriceState::Unsafe);
  w.price_state(PriceKind::Index, w.deployment().names.assets.find("BTC").value,
                PriceState::Unsafe);
  const std::string stats =
      gateway::stats_json(w.deployment(), w.gate(), nullptr, nullptr, nullptr);
  EXPECT_TRUE(
      is_there(stats, R"("price_states": {"changes": 2, "unsafe_marks": 1, "unsafe_indexes": 1})"))
      << stats;
  w.state(PriceState::Safe);
  const Outcome text =
      run_command(gateway::add_journal_command,
                  {"journal", "--journal", w.journal_folder(), "--type", "price_state"});
  EXPECT_EQ(text.code, 0) << text.errors;
  EXPECT_TRUE(is_there(text.out, "price_state mark of AMZN unsafe\n")) << text.out;
  EXPECT_TRUE(is_there(text.out, "price_state index of BTC unsafe\n")) << text.out;
  EXPECT_TRUE(is_there(text.out, "price_state mark of AMZN safe\n")) << text.out;
  const Outcome amzn =
      run_command(gateway::add_journal_command, {"journal", "--journal", w.journal_folder(),
                                                 "--type", "price_state", "--instrument", "AMZN"});
  EXPECT_EQ(std::count(amzn.out.begin(), amzn.out.end(), '\n'), 2) << amzn.out;
}

// --- the shard

class PriceStatesOfTheShard : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(world_.start());
    world_.price_everything();
    log_in(1);
  }
  void TearDown() override {
    audit_.look();
    for (const std::string& problem : audit_.problems()) ADD_FAILURE() << problem;
  }
  void rest() {
    for (int turn = 0; turn < 60; ++turn) {
      world_.transport().clock_ns += 100'000;
      if (client_.is_connected()) {
        client_.write(world_.now_ns());
        client_.wire().to_gate.arrive_all();
      }
      EXPECT_TRUE(world_.pass());
      audit_.look();
      world_.carry();
      (void)world_.journal().flush();
      world_.follow(SIZE_MAX);
      if (!client_.is_connected()) continue;
      client_.wire().from_gate.arrive_all();
      EXPECT_EQ(client_.read(world_.now_ns()), "");
    }
  }
  void log_in(std::uint64_t sequence) {
    client_.begin(
        world_.connect(),
        {.username = "ALPHA2", .password = kShardPassword, .session = "", .sequence = sequence},
        world_.now_ns());
    rest();
    ASSERT_TRUE(client_.is_logged_in());
  }
  void restart() {
    world_.kill();
    ASSERT_TRUE(world_.start());
    log_in(0);
  }
  void says(feeds::PriceUpdate::State state) {
    world_.offer({.index = world_.deployment().names.instruments.find("BTC-PERP").value,
                  .kind = feeds::PriceUpdate::Kind::Mark,
                  .state = state});
  }
  // Of alpha-hedge, which is short of BTC: buying is an exit.
  void send(char side) {
    EXPECT_TRUE(client_.send(venue_sim::bytes_of(venue_sim::enter_message({.number = ++number_,
                                                                           .side = side,
                                                                           .quantity = 1,
                                                                           .price = 64'000'000,
                                                                           .symbol = "BTCPERP",
                                                                           .firm = ""}))));
  }
  std::uint64_t refused() {
    return world_.gate()
        .counters()
        .rejects[static_cast<std::size_t>(RejectReason::ReferencePriceUnsafe)];
  }
  std::uint64_t forwarded() { return world_.gate().counters().forwarded; }

  GateAudit::Counts counts_;
  ShardWorld world_{{}, {}, {.follows = true}};
  ShardAudit audit_{world_, counts_};
  SoupClient client_;
  std::uint32_t number_ = 0;
};

TEST_F(PriceStatesOfTheShard, TheFeedSaysUnsafeInTheMiddleOfOrders) {
  send('S');
  rest();
  EXPECT_EQ(forwarded(), 1u);
  says(feeds::PriceUpdate::State::Unsafe);
  rest();
  send('S');
  rest();
  EXPECT_EQ(refused(), 1u);
  send('B');
  rest();
  EXPECT_EQ(forwarded(), 2u);
  says(feeds::PriceUpdate::State::Safe);
  rest();
  send('S');
  rest();
  EXPECT_EQ(forwarded(), 3u);
  EXPECT_EQ(refused(), 1u);
  EXPECT_EQ(audit_.seen.unsafe, 1u);
  EXPECT_EQ(audit_.seen.safe_again, 1u);
}

TEST_F(PriceStatesOfTheShard, AProcessThatBeginsAnewKnowsIt) {
  says(feeds::PriceUpdate::State::Unsafe);
  rest();
  restart();
  EXPECT_EQ(world_.from_snapshot(), 0u);
  send('S');
  rest();
  EXPECT_EQ(refused(), 1u);
  ASSERT_TRUE(world_.write_snapshot());
  restart();
  EXPECT_GT(world_.from_snapshot(), 0u);
  const std::uint64_t before = refused();
  send('S');
  rest();
  EXPECT_EQ(refused(), before + 1);
  send('B');
  rest();
  EXPECT_EQ(forwarded(), 1u);
}

// A price that comes with the word that it is safe is in force before the word is.
TEST_F(PriceStatesOfTheShard, ASafePriceIsTheNewOne) {
  says(feeds::PriceUpdate::State::Unsafe);
  rest();
  const risk::InstrumentIndex btc = world_.deployment().names.instruments.find("BTC-PERP");
  world_.offer({.price = 650'000,
                .index = btc.value,
                .kind = feeds::PriceUpdate::Kind::Mark,
                .state = feeds::PriceUpdate::State::Safe});
  const std::uint64_t last = world_.last_record();
  rest();
  std::vector<RecordType> records;
  gateway::journal::Reader reader(world_.journal_folder(), {.include_ring = true});
  gateway::journal::RecordView view;
  while (reader.next(view) == gateway::journal::ReadStatus::Record) {
    const auto type = static_cast<RecordType>(view.type);
    if (view.sequence > last && (type == RecordType::Mark || type == RecordType::PriceState))
      records.push_back(type);
  }
  EXPECT_EQ(records, (std::vector{RecordType::Mark, RecordType::PriceState}));
  EXPECT_EQ(world_.engine().mark(btc).raw, 650'000);
  EXPECT_EQ(world_.engine().mark_state(btc), PriceState::Safe);
}

}  // namespace
}  // namespace portcullis::test::price_states_test
