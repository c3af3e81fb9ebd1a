// What a shard does when there is too much, on one thread with a clock that is set by hand: overload
// (ORDERLIFE 5), budgets, fairness, a venue that does not read, clients that are at fault.
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "gateway/shard/transport.h"
#include "tests/support/gate_world.h"
#include "tests/support/shard_audit.h"
#include "tests/support/shard_world.h"

namespace portcullis::test::shard_overload_test {
namespace {

namespace gate = gateway::gate;
namespace ouch = gateway::ouch;
namespace venue_sim = gateway::venue_sim;
using risk::RejectReason;

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kUs = 1'000;
constexpr std::uint32_t kBudget = 32;  // messages of a session in a pass

class ShardOverload : public ::testing::Test {
 protected:
  void begin(const std::vector<Change>& changes = {}, ShardKind kind = {}) {
    world_ = std::make_unique<ShardWorld>(changes, venue_sim::EngineSettings{}, kind);
    audit_ = std::make_unique<ShardAudit>(*world_, counts_);
    ASSERT_TRUE(world_->start());
    world_->price_everything();
    rest();
    ASSERT_EQ(world_->gate().link(), gate::LinkState::Up);
  }
  void TearDown() override {
    if (audit_ == nullptr) return;
    audit_->look();
    for (const std::string& problem : audit_->problems()) ADD_FAILURE() << problem;
  }

  SoupClient& log_in(const char* user, std::uint64_t sequence = 1) {
    clients_.push_back(std::make_unique<SoupClient>());
    clients_.back()->begin(
        world_->connect(),
        {.username = user, .password = kShardPassword, .session = "", .sequence = sequence},
        world_->now_ns());
    rest();
    EXPECT_TRUE(clients_.back()->is_logged_in()) << user;
    return *clients_.back();
  }
  // What clients have said is at the gate; nothing is decided yet.
  void deliver() {
    for (const auto& client : clients_) {
      if (!client->is_connected()) continue;
      client->write(world_->now_ns());
      client->wire().to_gate.arrive_all();
    }
  }
  void pass() {
    EXPECT_TRUE(world_->pass());
    audit_->look();
  }
  // Everything comes to an end, in steps of so much time.
  void rest(std::int64_t step_ns = 100 * kUs, int turns = 60) {
    for (int turn = 0; turn < turns; ++turn) {
      world_->transport().clock_ns += step_ns;
      deliver();
      for (const auto& wire : world_->transport().wires()) {
        if (wire != nullptr) wire->to_gate.arrive_all();
      }
      pass();
      world_->carry();
      (void)world_->journal().flush();
      for (const auto& client : clients_) {
        if (!client->is_connected()) continue;
        client->wire().from_gate.arrive_all();
        EXPECT_EQ(client->read(world_->now_ns()), "");
      }
    }
  }

  static void send(SoupClient& client, const ouch::InboundMessage& message) {
    EXPECT_TRUE(client.send(venue_sim::bytes_of(message)));
  }
  static void query(SoupClient& client, std::uint32_t times) {
    for (std::uint32_t n = 0; n < times; ++n) send(client, ouch::AccountQuery{.appendage = {}});
  }
  // Of alpha-hedge, which is short of BTC: buying is an exit.
  static ouch::EnterOrder btc(std::uint32_t number, char side, std::uint64_t price = 64'000'000) {
    return venue_sim::enter_message({.number = number,
                                     .side = side,
                                     .quantity = 1,
                                     .price = price,
                                     .symbol = "BTCPERP",
                                     .firm = ""});
  }
  [[nodiscard]] std::uint64_t rejects(RejectReason reason) {
    return world_->gate().counters().rejects[static_cast<std::size_t>(reason)];
  }
  // What the journal says of it.
  [[nodiscard]] std::vector<std::string> overload_story() {
    EXPECT_TRUE(world_->journal().flush());
    std::vector<std::string> story;
    gateway::journal::Reader reader(world_->journal_folder());
    gateway::journal::RecordView record;
    while (reader.next(record) == gateway::journal::ReadStatus::Record) {
      gate::OverloadRecord moment;
      gate::EnterRecord order;
      if (record.type == static_cast<std::uint16_t>(gate::RecordType::Overload) &&
          gateway::journal::read_command(record, moment)) {
        story.emplace_back(moment.on != 0 ? "on" : "off");
      }
      if (record.type == static_cast<std::uint16_t>(gate::RecordType::Enter) &&
          gateway::journal::read_command(record, order) &&
          order.decision.reason == RejectReason::Overload) {
        story.emplace_back("refused");
      }
    }
    return story;
  }
  [[nodiscard]] std::uint64_t overloads() { return world_->shard().link_counters().overloads; }
  // From now on a client's message takes so long.
  void take_ns(std::int64_t ns) { world_->transport().read_takes_ns = ns; }

  GateAudit::Counts counts_;
  std::unique_ptr<ShardWorld> world_;
  std::unique_ptr<ShardAudit> audit_;
  std::vector<std::unique_ptr<SoupClient>> clients_;
};

// So that a session is given what it is owed before more pushes that out of the ring, and clients have their
// turn between.
TEST_F(ShardOverload, VenueIsGivenABudgetOfMessagesInAPass) {
  constexpr std::uint32_t kOrders = 550;
  constexpr std::uint64_t kVenueBudget = 512;
  begin();
  SoupClient& client = log_in("ALPHA2");
  for (std::uint32_t n = 1; n <= kOrders; ++n) send(client, btc(n, 'B'));
  deliver();
  for (std::uint32_t taken = 0; taken < kOrders; taken += kBudget) pass();
  ASSERT_EQ(world_->gate().counters().forwarded, kOrders);
  world_->carry();
  for (const auto& wire : world_->transport().wires()) {
    if (wire != nullptr) wire->to_gate.arrive_all();
  }
  pass();
  EXPECT_EQ(world_->gate().counters().accepted, kVenueBudget);
  pass();
  EXPECT_EQ(world_->gate().counters().accepted, kOrders);
}

TEST_F(ShardOverload, TwoLongPassesWithAFullBudgetRefuseWhatAddsRiskUntilItIsCalm) {
  begin();
  SoupClient& alpha = log_in("ALPHA2");
  send(alpha, btc(1, 'S'));
  rest();
  ASSERT_EQ(world_->gate().counters().accepted, 1U);

  take_ns(20 * kUs);  // 32 of them are 640 us, beyond 500
  query(alpha, 2 * kBudget);
  send(alpha, btc(2, 'S'));
  send(alpha, btc(3, 'B', 63'900'000));
  send(alpha, ouch::CancelOrder{.user_ref_num = 1, .appendage = {}});
  deliver();
  pass();
  EXPECT_EQ(overloads(), 0U) << "once is not enough";
  pass();
  EXPECT_EQ(overloads(), 1U);
  pass();
  EXPECT_EQ(rejects(RejectReason::Overload), 1U) << "with a reason of its own";
  take_ns(0);
  rest(100 * kUs, 5);
  EXPECT_EQ(world_->gate().counters().accepted, 2U) << "an exit passes";
  EXPECT_EQ(world_->gate().counters().canceled, 1U) << "and a cancel";

  // Not over yet after half of the 10 ms, and then it is.
  world_->transport().clock_ns += 4 * kMs;
  pass();
  send(alpha, btc(4, 'S'));
  rest(10 * kUs, 3);
  EXPECT_EQ(rejects(RejectReason::Overload), 2U);
  world_->transport().clock_ns += 11 * kMs;
  pass();
  send(alpha, btc(5, 'S'));
  rest(10 * kUs, 5);
  EXPECT_EQ(rejects(RejectReason::Overload), 2U);
  EXPECT_EQ(world_->gate().counters().accepted, 3U);
  // Both moments are in the journal, and all that was refused for it is between them.
  EXPECT_EQ(overload_story(), (std::vector<std::string>{"on", "refused", "refused", "off"}));
}

TEST_F(ShardOverload, LongPassesThatAreNotRunningAndFullOnesThatAreShortAreNone) {
  begin();
  SoupClient& alpha = log_in("ALPHA2");
  take_ns(20 * kUs);
  query(alpha, kBudget);
  deliver();
  pass();
  pass();  // short, and so the next one is the first again
  query(alpha, kBudget);
  deliver();
  pass();
  pass();
  EXPECT_EQ(overloads(), 0U);
  take_ns(1 * kUs);
  query(alpha, 10 * kBudget);
  deliver();
  for (int n = 0; n < 10; ++n) pass();
  EXPECT_EQ(overloads(), 0U);
  // Long, with a budget that nobody has used up.
  take_ns(100 * kUs);
  for (int n = 0; n < 4; ++n) {
    query(alpha, 10);
    deliver();
    pass();
  }
  EXPECT_EQ(overloads(), 0U);
}

TEST_F(ShardOverload, AFloodOfOneClientDelaysAnotherByNoMoreThanAPass) {
  begin();
  SoupClient& flood = log_in("ALPHA1");
  SoupClient& alpha = log_in("ALPHA2");
  SoupClient& late = log_in("BRAVO2");
  query(flood, 1'000);
  send(alpha, btc(1, 'B', 63'900'000));
  deliver();
  const std::uint64_t answered = world_->gate().counters().answered;
  pass();
  EXPECT_EQ(world_->gate().counters().forwarded, 1U) << "in the very pass";
  EXPECT_EQ(world_->gate().counters().answered, answered + kBudget);
  query(late, 1);
  deliver();
  pass();
  EXPECT_EQ(world_->gate().counters().answered, answered + 2 * kBudget + 1);
  rest();
  EXPECT_EQ(world_->gate().counters().answered, answered + 1'001) << "nothing of it is lost";
}

TEST_F(ShardOverload, AVenueThatDoesNotReadIsBusyForWhatAddsRisk) {
  begin({{Change::Kind::Set, "process.json", "venue.send_buffer_bytes", "131072"},
         {Change::Kind::Set, "process.json", "capacities.orders", "8192"}});
  SoupClient& alpha = log_in("ALPHA2");
  // Buys that rest: exits, each of them, as long as there is a position.
  std::uint32_t number = 1;
  while (rejects(RejectReason::VenueBusy) == 0 && number < 4'000) {
    for (int n = 0; n < 20; ++n, ++number) {
      send(alpha,
           btc(number, number % 2 == 0 ? 'S' : 'B', number % 2 == 0 ? 64'500'000 : 63'500'000));
    }
    deliver();
    pass();
    world_->transport().clock_ns += kMs;
    (void)world_->journal().flush();
    for (const auto& client : clients_) {
      client->wire().from_gate.arrive_all();
      EXPECT_EQ(client->read(world_->now_ns()), "");
    }
  }
  EXPECT_GT(rejects(RejectReason::VenueBusy), 0U);
  EXPECT_EQ(audit_->seen.busy, 1U) << "journaled";
  const std::uint64_t forwarded = world_->gate().counters().forwarded;
  send(alpha, ouch::CancelOrder{.user_ref_num = 1, .appendage = {}});
  deliver();
  pass();
  EXPECT_EQ(world_->gate().counters().forwarded, forwarded + 1) << "a cancel passes";
  rest(kMs, 400);
  const std::uint64_t refused = rejects(RejectReason::VenueBusy);
  send(alpha, btc(number, 'S', 64'500'000));
  rest();
  EXPECT_EQ(rejects(RejectReason::VenueBusy), refused) << "it reads again";
}

// The last of the ring is for the venue's word and an operator's: clients, the edge and every feed wait in
// their own queues, and nothing of it is lost.
TEST_F(ShardOverload, WhileTheJournalIsNearlyFullEveryQueueWaitsAndIsTakenAfterwards) {
  begin({}, {.has_edge = true});
  SoupClient& alpha = log_in("ALPHA2");
  send(alpha, btc(1, 'B', 63'900'000));
  rest();
  const std::uint64_t first = world_->gate().counters().in;
  std::uint64_t queries = 0;
  for (; world_->gate().has_room(); queries += kBudget) {
    query(alpha, kBudget);
    deliver();
    pass();
  }
  const gate::Counters before = world_->gate().counters();
  const std::uint64_t records = world_->journal().published_sequence();
  send(alpha, ouch::CancelOrder{.user_ref_num = 1, .appendage = {}});
  deliver();
  const risk::InstrumentIndex amzn = world_->deployment().names.instruments.find("AMZN");
  world_->offer({.as_of_ns = world_->now_ns(),
                 .price = 2'200'000,
                 .index = amzn.value,
                 .kind = feeds::PriceUpdate::Kind::Mark});
  world_->offer({.instrument = world_->deployment().names.instruments.find("BTC-PERP"),
                 .has_open_interest = true,
                 .open_interest = {1'000}});
  gateway::edge::EdgeCommand of_edge;
  of_edge.type = gateway::edge::EdgeCommand::Type::Cancel;
  of_edge.session = world_->session("JSON1");
  of_edge.cancel.session = of_edge.session;
  of_edge.cancel.client_ref = 7;  // there is none
  ASSERT_TRUE(of_edge.session.exists());
  ASSERT_TRUE(world_->push(of_edge));
  for (int n = 0; n < 5; ++n) pass();
  EXPECT_EQ(world_->journal().published_sequence(), records) << "something was taken";
  EXPECT_EQ(world_->gate().counters().in, before.in);
  EXPECT_EQ(world_->gate().counters().prices, before.prices);
  EXPECT_EQ(world_->gate().counters().open_interests, before.open_interests);

  // An operator's word has its place there.
  gateway::control::Command command;
  command.type = gateway::control::Command::Type::Control;
  command.control.scope = risk::ControlScope::Account;
  command.control.target = world_->deployment().names.accounts.find("bravo-2").value;
  command.control.action = risk::ControlAction::Suspend;
  ASSERT_TRUE(world_->control().commands.ask(command));
  pass();
  ASSERT_NE(world_->control().commands.answered(), nullptr);
  EXPECT_TRUE(world_->control().commands.answered()->done);
  world_->control().commands.take();

  rest();
  EXPECT_EQ(world_->gate().counters().canceled, before.canceled + 1);
  EXPECT_EQ(world_->gate().counters().in, first + queries + 2) << "the cancels are two of them";
  EXPECT_EQ(world_->gate().counters().prices, before.prices + 1);
  EXPECT_EQ(world_->gate().counters().open_interests, before.open_interests + 1);
}

TEST_F(ShardOverload, TheThirdMalformedMessageEndsTheConnection) {
  begin();
  SoupClient& alpha = log_in("ALPHA2");
  const Bytes nonsense(5, std::byte{'O'});
  EXPECT_TRUE(alpha.send(nonsense));
  EXPECT_TRUE(alpha.send(nonsense));
  rest();
  EXPECT_TRUE(alpha.is_connected());
  EXPECT_EQ(alpha.debugs.size(), 2U);
  send(alpha, btc(1, 'B', 63'900'000));
  EXPECT_TRUE(alpha.send(nonsense));
  send(alpha, btc(2, 'B', 63'900'000));
  rest();
  EXPECT_FALSE(alpha.is_connected());
  EXPECT_EQ(world_->shard().link_counters().malformed_disconnects, 1U);
  EXPECT_EQ(world_->gate().counters().malformed, 3U);
  EXPECT_EQ(world_->gate().counters().forwarded, 1U) << "nothing behind the third is taken";
}

TEST_F(ShardOverload, WhoSpendsTheExitBudgetTooIsDisconnectedUnderItsRule) {
  begin();
  rest(20 * kMs, 120);  // the graces of whoever was connected before the start end
  const std::uint64_t before = audit_->seen.cancels_on_disconnect;
  SoupClient& charlie = log_in("CHARL2");  // 400 exits and cancels at once; cancel on disconnect
  send(charlie, venue_sim::enter_message({.number = 1,
                                          .side = 'B',
                                          .quantity = 1,
                                          .price = 2'190'000,
                                          .symbol = "AMZN",
                                          .firm = ""}));
  rest();
  ASSERT_EQ(world_->gate().counters().accepted, 1U);
  for (int n = 0; n < 500; ++n)
    send(charlie, ouch::CancelOrder{.user_ref_num = 1, .quantity = 1, .appendage = {}});
  deliver();
  for (int n = 0; n < 20; ++n) pass();
  EXPECT_EQ(world_->shard().link_counters().fault_disconnects, 1U);
  EXPECT_EQ(world_->gate().engine().live_orders(), 1U);
  rest(20 * kMs, 90);
  EXPECT_EQ(audit_->seen.cancels_on_disconnect, before) << "a grace of 2 s";
  rest(20 * kMs, 30);
  EXPECT_EQ(audit_->seen.cancels_on_disconnect, before + 1);
  EXPECT_EQ(world_->gate().engine().live_orders(), 0U);
}

TEST_F(ShardOverload, ASilentPeerIsLetGoAndOneThatSendsHeartbeatsIsNot) {
  begin();
  const SoupClient& alpha = log_in("ALPHA2");
  rest(100 * kMs, 300);  // 30 s
  EXPECT_TRUE(alpha.is_connected()) << "both sides send heartbeats";
  for (int n = 0; n < 149; ++n) {
    world_->transport().clock_ns += 100 * kMs;
    world_->carry();
    pass();
  }
  EXPECT_TRUE(audit_->is_up(world_->session("ALPHA2")));
  for (int n = 0; n < 20; ++n) {
    world_->transport().clock_ns += 100 * kMs;
    world_->carry();
    pass();
  }
  EXPECT_FALSE(audit_->is_up(world_->session("ALPHA2"))) << "after 15 s";
}

// --- mended

// A restart behind the journal's time would have taken every price for stale until the clock had
// caught up, and no bucket would have been filled.
TEST_F(ShardOverload, TimeGoesOnFromTheNewestRecordWhenTheClockWasSetBackBeforeARestart) {
  begin();
  send(log_in("ALPHA2"), btc(1, 'S', 64'100'000));
  rest();
  ASSERT_EQ(world_->gate().counters().accepted, 1U);
  const std::int64_t before = world_->shard().now_ns();
  world_->kill();
  clients_.clear();
  world_->transport().clock_ns -= 3'600'000 * kMs;
  ASSERT_TRUE(world_->start());
  world_->price_everything();
  rest();
  EXPECT_GE(world_->shard().now_ns(), before);
  send(log_in("ALPHA2"), btc(2, 'S', 64'100'000));
  rest();
  EXPECT_EQ(world_->gate().counters().accepted, 2U) << "the prices are fresh";
}

// Its connection was written to after it had been closed.
TEST_F(ShardOverload, AClientWhoseStreamCannotBeReadIsLetGo) {
  begin();
  SoupClient& alpha = log_in("ALPHA2");
  query(alpha, 200);  // more than are served from the ring
  rest();
  alpha.close();
  rest();
  std::filesystem::remove(
      world_->journal_folder() /
      gateway::journal::index_name(static_cast<std::uint16_t>(world_->session("ALPHA2").value)));
  SoupClient again;
  again.begin(world_->connect(),
              {.username = "ALPHA2", .password = kShardPassword, .session = "", .sequence = 1},
              world_->now_ns());
  again.write(world_->now_ns());
  again.wire().to_gate.arrive_all();
  for (int n = 0; n < 5; ++n) pass();
  EXPECT_FALSE(again.wire().is_open_here);
  EXPECT_FALSE(audit_->is_up(world_->session("ALPHA2")));
}

// A venue that still had the old connection refused the new one for a while; that was taken for the
// loss of the session, and by this setting what lived there was dead here.
TEST_F(ShardOverload, AVenueThatRefusesALoginForAWhileHasNotLostTheSession) {
  begin({{Change::Kind::Set, "process.json", "venue.lost_session", "\"orders_dead\""}});
  SoupClient& alpha = log_in("ALPHA2");
  send(alpha, btc(1, 'S'));
  rest();
  ASSERT_EQ(world_->gate().counters().accepted, 1U);
  world_->venue.refuses_logins = true;
  world_->venue.restart(0);
  rest(20 * kMs);
  EXPECT_NE(world_->gate().link(), gate::LinkState::Lost);
  EXPECT_EQ(world_->gate().engine().live_orders(), 1U);
  world_->venue.refuses_logins = false;
  rest(100 * kMs);
  EXPECT_EQ(world_->gate().link(), gate::LinkState::Up);
  EXPECT_EQ(world_->gate().engine().live_orders(), 1U);
}

// The venue's host was gone, and the first attempt waited for minutes, though it was back at once.
TEST_F(ShardOverload, AConnectThatIsNotAnsweredIsGivenUp) {
  begin({{Change::Kind::Set, "process.json", "venue.login_timeout_ms", "1000"},
         {Change::Kind::Set, "process.json", "venue.reconnect_ms_max", "100"}});
  const int before = world_->transport().connects;
  world_->transport().connect_is_pending = true;
  world_->venue.restart(0);
  rest(100 * kMs, 55);
  EXPECT_NE(world_->gate().link(), gate::LinkState::Up);
  EXPECT_GE(world_->transport().connects, before + 4);
  world_->transport().connect_is_pending = false;
  rest(20 * kMs);
  EXPECT_EQ(world_->gate().link(), gate::LinkState::Up);
}

}  // namespace
}  // namespace portcullis::test::shard_overload_test
