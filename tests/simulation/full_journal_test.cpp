// Risk tables, other parameters and all else that comes to a gate whose journal is half full, nearly full or
// full (ORDERLIFE 3): what is taken is answered and recorded, what is not taken waits, and who begins anew has
// in force what the journal says and nothing else.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gateway/parameters/parameter_desk.h"
#include "tests/support/risk_tables.h"
#include "tests/support/seed.h"
#include "tests/support/shard_fixture.h"

namespace portcullis::test::full_journal_test {
namespace {

namespace gate = gateway::gate;
namespace ouch = gateway::ouch;
namespace parameters = gateway::parameters;
using gateway::control::Command;
using gateway::journal::Room;
using risk::RejectReason;

class FullJournal : public ShardFixture {
 protected:
  FullJournal() : ShardFixture({}, with_table_future()) {}

  void SetUp() override {
    ShardFixture::SetUp();
    ASSERT_EQ(feeds::open_table_log(world_.journal_folder()), "");
    begin_process();
  }
  void TearDown() override {
    ShardFixture::TearDown();
    EXPECT_EQ(world_.problem, "");
  }

  void begin_process() {
    in_force_at_start_ = world_.gate().parameters();
    desk_ = desk_of(in_force_at_start_);
    ASSERT_EQ(log_in(client_, client_.next()), 0);
  }
  // Who begins it compares the state with that of a gate that has decided every record anew.
  void restart() {
    world_.kill();
    client_.close();
    ASSERT_TRUE(world_.start());
    ASSERT_EQ(world_.problem, "");
    begin_process();
  }

  // --- the journal
  [[nodiscard]] Room room() { return world_.journal().room(); }
  // Until there is no more than this; REQUIRES: there was more.
  void fill_to(Room wanted) {
    while (room() < std::min(wanted, Room::VenueOnly)) {
      world_.price_everything();
      pass();
    }
    while (room() < wanted) {
      ask_to_suspend("bravo-2");
      pass();
      EXPECT_TRUE(is_command_done());
    }
  }
  // Nothing is flushed.
  void pass() {
    world_.transport().clock_ns += 100'000;
    client_.write(world_.now_ns());
    client_.wire().to_gate.arrive_all();
    ASSERT_TRUE(world_.pass());
    world_.carry();
    client_.wire().from_gate.arrive_all();
    EXPECT_EQ(client_.read(world_.now_ns()), "");
    audit_.look();
  }
  void pass(int times) {
    for (; times > 0; --times) pass();
  }
  [[nodiscard]] int records(gate::RecordType type) {
    int count = 0;
    gateway::journal::Reader reader(world_.journal_folder(), {.include_ring = true});
    gateway::journal::RecordView view;
    while (reader.next(view) == gateway::journal::ReadStatus::Record)
      count += view.type == static_cast<std::uint16_t>(type) ? 1 : 0;
    return count;
  }

  // --- tables and parameters
  void publish_table(std::uint64_t version) {
    feeds::PublishedTable table = future_table(world_.deployment(), version, 5, {world_.now_ns()});
    ASSERT_EQ(feeds::write_table(world_.journal_folder(), table), "");
    world_.tables().publish(std::move(table));
  }
  [[nodiscard]] std::uint64_t table_version() { return world_.gate().table_version({0}); }
  [[nodiscard]] std::unique_ptr<parameters::ParameterDesk> desk_of(
      const gate::ParametersInForce& in_force) {
    return std::make_unique<parameters::ParameterDesk>(world_.deployment(), in_force,
                                                       world_.journal_folder());
  }
  // The clip of a share is so many from now on.
  void publish_clip(parameters::ParameterDesk& desk, int shares) {
    parameters::Prepared prepared = desk.prepare_reload(
        world_.changed({{Change::Kind::Set, "limits.json", "profiles.maker.instruments.AMZN.clip",
                         "\"" + std::to_string(shares) + "\""}}),
        "a test");
    ASSERT_TRUE(prepared.problems.empty());
    ASSERT_TRUE(prepared.parameters.has_value());
    world_.parameters().publish(std::move(*prepared.parameters));
  }
  [[nodiscard]] std::uint32_t version() { return world_.gate().engine().parameters().version; }

  // Of whoever made a table and parameters: both were taken, or neither was.
  void expect_answers(bool are_taken) {
    const auto table = world_.tables().answer();
    ASSERT_TRUE(table.has_value());
    EXPECT_EQ(table->in_force, are_taken);
    const auto answer = world_.parameters().answer();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->is_taken, are_taken);
  }
  void expect_no_answer() {
    EXPECT_FALSE(world_.tables().answer().has_value());
    EXPECT_FALSE(world_.parameters().answer().has_value());
  }
  void expect_in_force(std::uint64_t table, std::uint32_t of_parameters) {
    EXPECT_EQ(table_version(), table);
    EXPECT_EQ(version(), of_parameters);
  }

  // --- an operator
  bool ask_to_suspend(const char* account) {
    Command command;
    command.type = Command::Type::Control;
    command.control.scope = risk::ControlScope::Account;
    command.control.target = world_.deployment().names.accounts.find(account).value;
    command.control.action = risk::ControlAction::Suspend;
    return world_.control().commands.ask(command);
  }
  bool is_command_done() {
    const Command* const answered = world_.control().commands.answered();
    if (answered == nullptr) return false;
    const bool done = answered->done;
    world_.control().commands.take();
    return done;
  }

  // --- a client: alpha-hedge, which is short of BTC: buying is an exit
  void enter(std::uint32_t number, char side) {
    EXPECT_TRUE(client_.send(gateway::venue_sim::bytes_of(
        gateway::venue_sim::enter_message({.number = number,
                                           .side = side,
                                           .quantity = 1,
                                           .price = side == 'B' ? 63'900'000U : 64'100'000U,
                                           .symbol = "BTCPERP",
                                           .firm = ""}))));
  }
  void cancel(std::uint32_t number) {
    EXPECT_TRUE(client_.send(
        gateway::venue_sim::bytes_of(ouch::CancelOrder{.user_ref_num = number, .appendage = {}})));
  }
  [[nodiscard]] const gate::Counters& counted() { return world_.gate().counters(); }
  [[nodiscard]] std::uint64_t degraded() {
    return counted().rejects[static_cast<std::size_t>(RejectReason::JournalDegraded)];
  }

  SoupClient client_;
  gate::ParametersInForce in_force_at_start_;
  std::unique_ptr<parameters::ParameterDesk> desk_;
};

TEST_F(FullJournal, HalfFullItTakesTablesAndParametersAndRefusesOrdersThatAddRisk) {
  enter(1, 'B');
  turns(client_, 5);
  const std::uint32_t before = version();
  fill_to(Room::ReducingOnly);
  pass();
  publish_table(1);
  publish_clip(*desk_, 50);
  enter(2, 'S');
  enter(3, 'B');
  cancel(1);
  pass(2);
  expect_answers(true);
  EXPECT_EQ(room(), Room::ReducingOnly);
  expect_in_force(1U, before + 1);
  EXPECT_EQ(degraded(), 1U) << "the order that adds to the position, by name";
  EXPECT_EQ(counted().forwarded, 3U) << "the exits, and the cancel";
  EXPECT_EQ(counted().canceled, 1U);
  restart();
  expect_in_force(1U, before + 1);
}

TEST_F(FullJournal, NearlyFullItTakesNeitherAndBothWhenThereIsRoomAgain) {
  enter(1, 'B');
  turns(client_, 5);
  const std::uint32_t before = version();
  fill_to(Room::VenueOnly);
  const gate::Counters counters = counted();
  const std::uint64_t last = world_.journal().published_sequence();
  publish_table(1);
  publish_clip(*desk_, 50);
  world_.offer({.instrument = world_.deployment().names.instruments.find("BTC-PERP"),
                .has_funding = true,
                .paid = 1'000'000});
  enter(2, 'B');
  cancel(1);
  pass(5);
  EXPECT_EQ(world_.journal().published_sequence(), last);
  expect_no_answer();
  expect_in_force(0U, before);

  // The rest is an operator's, up to the very last.
  fill_to(Room::None);
  ASSERT_TRUE(ask_to_suspend("bravo-3"));
  pass(5);
  EXPECT_FALSE(is_command_done());
  expect_no_answer();

  turns(client_, 10);
  EXPECT_TRUE(is_command_done());
  expect_answers(true);
  EXPECT_EQ(counted().fundings, counters.fundings + 1);
  EXPECT_EQ(counted().canceled, counters.canceled + 1);
  EXPECT_EQ(counted().accepted, counters.accepted + 1) << "the exit that waited";
  EXPECT_EQ(records(gate::RecordType::PublishTable), 1);
  EXPECT_EQ(records(gate::RecordType::Parameters), 1);
  restart();
  expect_in_force(1U, before + 1);
}

// Nobody was told that it is in force, and it is not: whoever made it makes it again for the next process.
TEST_F(FullJournal, WhatWaitsWhenTheProcessEndsIsNotInForceInTheNextOneAndCanBeMadeAgain) {
  enter(1, 'B');
  turns(client_, 5);
  const std::uint32_t before = version();
  fill_to(Room::VenueOnly);
  publish_table(1);
  publish_clip(*desk_, 50);
  cancel(1);
  pass(3);
  restart();
  expect_in_force(0U, before);
  EXPECT_EQ(world_.gate().engine().live_orders(), 1U) << "the cancel was never read";
  publish_table(1);
  publish_clip(*desk_, 50);
  cancel(1);
  turns(client_, 5);
  expect_answers(true);
  EXPECT_EQ(version(), before + 1);
  EXPECT_EQ(records(gate::RecordType::PublishTable), 1);
  EXPECT_EQ(records(gate::RecordType::Parameters), 1);
  EXPECT_EQ(world_.gate().engine().live_orders(), 0U);
  restart();
  expect_in_force(1U, before + 1);
}

// Behind a wait as ever: a table that is older than the one in force, and parameters made to replace others.
TEST_F(FullJournal, WhatCannotBeTakenIsAnsweredSo) {
  const auto late = desk_of(in_force_at_start_);
  publish_table(7);
  publish_clip(*desk_, 50);
  turns(client_, 5);
  expect_answers(true);
  const std::uint32_t in_force = version();
  fill_to(Room::VenueOnly);
  publish_table(6);
  publish_clip(*late, 60);
  pass(3);
  expect_no_answer();
  turns(client_, 5);
  expect_answers(false);
  EXPECT_EQ(counted().tables_refused, 1U);
  expect_in_force(7U, in_force);
  EXPECT_EQ(records(gate::RecordType::Parameters), 1) << "what was refused is no record";
  restart();
  expect_in_force(7U, in_force);
}

// The naive answer: what was answered last is in force, whatever else came, waited or was killed with the process.
TEST_F(FullJournal, WhatWasAnsweredIsInForceAndNothingElse) {
  std::mt19937_64 random(seed());
  const auto below = [&random](std::uint32_t n) {
    return static_cast<std::uint32_t>(random() % n);
  };
  std::uint64_t table_in_force = 0;
  std::uint64_t table_waits = 0;  // its version; 0: none
  std::uint32_t in_force = version();
  bool parameters_wait = false;
  bool are_late = false;
  std::uint32_t at_start = in_force;
  std::uint32_t number = 0;
  int shares = 100;
  std::uint64_t taken = 0, refused = 0, waited = 0, restarts = 0;
  for (int step = 0; step < 400 && !HasFailure(); ++step) {
    switch (below(12)) {
      case 0:
      case 1:
        fill_to(below(4) == 0 ? Room::None : Room::VenueOnly);
        break;
      case 2:
        ASSERT_TRUE(world_.journal().flush());
        break;
      case 3:
      case 4:
        if (table_waits != 0) break;
        table_waits = below(4) == 0 && table_in_force > 1 ? table_in_force - 1 : table_in_force + 1;
        publish_table(table_waits);
        break;
      case 5:
      case 6: {
        if (parameters_wait) break;
        are_late = below(3) == 0 && in_force != at_start;
        const auto late = are_late ? desk_of(in_force_at_start_) : nullptr;
        publish_clip(are_late ? *late : *desk_, ++shares);
        parameters_wait = true;
        break;
      }
      case 7:
        enter(++number, 'S');
        break;
      case 8:
        enter(++number, 'B');
        break;
      case 9:
        if (number > 0) cancel(1 + below(number));
        break;
      case 10:
        world_.price_everything();
        break;
      default:
        if (below(4) != 0) break;
        restart();
        ++restarts;
        table_waits = 0;
        parameters_wait = are_late = false;
        at_start = in_force;
    }
    const bool is_full = room() >= Room::VenueOnly;
    pass();
    if (is_full && (table_waits != 0 || parameters_wait)) ++waited;
    if (const auto table = world_.tables().answer()) {
      EXPECT_FALSE(is_full) << "a table was taken";
      EXPECT_EQ(table->version, table_waits);
      EXPECT_EQ(table->in_force, table_waits > table_in_force);
      if (table->in_force) table_in_force = table_waits;
      ++(table->in_force ? taken : refused);
      table_waits = 0;
    }
    if (const auto answer = world_.parameters().answer()) {
      EXPECT_FALSE(is_full) << "parameters were taken";
      EXPECT_EQ(answer->is_taken, !are_late);
      if (answer->is_taken) ++in_force;
      if (!are_late) desk_->settle(answer->is_taken);
      ++(answer->is_taken ? taken : refused);
      parameters_wait = false;
    }
    EXPECT_EQ(table_version(), table_in_force);
    EXPECT_EQ(version(), in_force);
  }
  EXPECT_GT(taken, 20U);
  EXPECT_GT(refused, 2U);
  EXPECT_GT(waited, 20U);
  EXPECT_GT(restarts, 2U);
  turns(client_, 10);
  EXPECT_EQ(static_cast<std::uint64_t>(records(gate::RecordType::PublishTable)),
            counted().tables + counted().tables_refused);
  EXPECT_EQ(static_cast<std::uint64_t>(records(gate::RecordType::Parameters)),
            counted().parameter_changes);
}

}  // namespace
}  // namespace portcullis::test::full_journal_test
