// What is told of kills and cancel-alls, with a clock that is set by hand: the figures are compared
// with what is made of the journal's records by counting messages, without any engine.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "gateway/gate/record_fields.h"
#include "tests/support/control_world.h"
#include "tests/support/json_world.h"
#include "tests/support/shard_fixture.h"

namespace portcullis::test::sweep_watch_test {
namespace {

namespace follower = gateway::follower;
namespace gate = gateway::gate;
namespace journal = gateway::journal;
namespace ouch = gateway::ouch;
using config::Role;

constexpr std::int64_t kMs = 1'000'000;

// Of the last command, made of the records alone. REQUIRES: it means every order there is, and each is
// one that one message ends.
struct Counted {
  std::int64_t accepted_ns = 0;
  std::int64_t in_force_ns = 0;
  std::int64_t sent_ns = 0;
  std::int64_t ended_ns = 0;
  std::size_t orders = 0;
  std::size_t open = 0;
  std::uint64_t refused = 0;
  std::int64_t last_refused_ns = 0;
};

class SweepWatch : public ShardFixture {
 protected:
  SweepWatch() : ShardFixture({.follows = true}) {}
  void SetUp() override {
    ShardFixture::SetUp();
    desk_ = std::make_unique<ControlWorld>(world_);
  }
  ControlWorld& desk() { return *desk_; }

  // Of ALPHA2, for one lot each, a few a millisecond.
  void enter(std::uint32_t first, std::uint32_t count) {
    for (std::uint32_t n = 0; n < count; ++n) {
      ASSERT_TRUE(client_.send(
          gateway::venue_sim::bytes_of(gateway::venue_sim::enter_message({.number = first + n,
                                                                          .quantity = 1,
                                                                          .price = 2'190'000,
                                                                          .symbol = "AMZN",
                                                                          .firm = ""}))));
      if (n % 8 == 7) turns(client_, 1);
    }
    turns(client_, 20);
  }
  void begin(std::uint32_t orders) {
    ASSERT_EQ(log_in(client_, 1), 0);
    enter(1, orders);
    ASSERT_EQ(world_.running_gate().engine().live_orders(), orders);
  }
  // A pass that takes the command, so long after it was asked for.
  void command(const std::string& path, const std::string& body, std::int64_t waits_ns) {
    ASSERT_FALSE(desk().say({.authorization = ControlWorld::as(Role::Risk),
                             .method = "POST",
                             .target = path,
                             .body = body}));
    world_.transport().clock_ns += waits_ns;
    desk().pass();
    ASSERT_EQ(desk().late().value_or(ControlWorld::Reply{.status = 0, .body = ""}).status, 200u);
  }
  [[nodiscard]] follower::SweepLook newest() {
    world_.follow(SIZE_MAX);
    const auto sweeps = world_.sweeps()->look(world_.running_gate());
    return sweeps.empty() ? follower::SweepLook{} : sweeps.front();
  }

  [[nodiscard]] Counted count() const {
    Counted counted;
    std::set<std::uint32_t> live;
    std::set<std::uint32_t> meant;
    std::size_t slices = 0;
    bool is_up = false;
    std::int64_t operator_ns = 0;
    bool is_given = false;
    journal::Reader reader(world_.journal_folder(), {.include_ring = true});
    journal::RecordView view;
    while (reader.next(view) == journal::ReadStatus::Record) {
      const auto type = static_cast<gate::RecordType>(view.type);
      const bool was_given = std::exchange(is_given, false);
      if (gate::OperatorRecord who; type == gate::RecordType::Operator) {
        EXPECT_TRUE(gate::read_record(view, who));
        operator_ns = who.time.ns;
        is_given = true;
      } else if (was_given) {
        counted = {.accepted_ns = operator_ns,
                   .in_force_ns = view.time_ns,
                   .orders = live.size(),
                   .open = live.size()};
        meant = live;
        slices = 0;
      } else if (gate::EnterRecord enter; type == gate::RecordType::Enter) {
        EXPECT_TRUE(gate::read_record(view, enter));
        if (enter.decision.disposition == risk::Disposition::Forward) {
          live.insert(enter.decision.number);
        } else if (enter.decision.reason == risk::RejectReason::Killed) {
          ++counted.refused;
          counted.last_refused_ns = view.time_ns;
        }
      } else if (gate::VenueLinkRecord link; type == gate::RecordType::VenueLink) {
        EXPECT_TRUE(gate::read_record(view, link));
        is_up = link.change == gate::LinkChange::Up;
        if (!meant.empty()) {
          const bool all_asked_for = slices * gate::kSweepSlice >= counted.orders;
          counted.sent_ns = is_up && all_asked_for ? view.time_ns : 0;
        }
      } else if (type == gate::RecordType::SweepSlice) {
        ++slices;
        const bool is_last = slices == (counted.orders + gate::kSweepSlice - 1) / gate::kSweepSlice;
        if (is_last && is_up && !meant.empty()) counted.sent_ns = view.time_ns;
      } else if (gate::VenueMessageRecord message; type == gate::RecordType::VenueMessage) {
        EXPECT_TRUE(gate::read_record(view, message));
        const auto payload = std::span(message.payload).first(message.length);
        ouch::Canceled canceled;
        ouch::Executed executed;
        std::uint32_t ended = 0;
        if (ouch::decode(payload, canceled) == ouch::DecodeError::None)
          ended = canceled.user_ref_num;
        if (ouch::decode(payload, executed) == ouch::DecodeError::None)
          ended = executed.user_ref_num;
        live.erase(ended);
        if (meant.erase(ended) == 1 && meant.empty()) counted.ended_ns = view.time_ns;
        counted.open = meant.size();
      }
    }
    return counted;
  }
  void expect_as_counted() {
    const Counted counted = count();
    const follower::SweepLook told = newest();
    EXPECT_EQ(told.figures.accepted_ns, counted.accepted_ns);
    EXPECT_EQ(told.figures.in_force_ns, counted.in_force_ns);
    EXPECT_EQ(told.figures.sent_ns, counted.sent_ns);
    EXPECT_EQ(told.figures.ended_ns, counted.ended_ns);
    EXPECT_EQ(told.figures.orders, counted.orders);
    EXPECT_EQ(told.open, counted.open);
    EXPECT_EQ(told.figures.refused, counted.refused);
    EXPECT_EQ(told.figures.last_refused_ns, counted.last_refused_ns);
  }

  SoupClient client_;
  std::unique_ptr<ControlWorld> desk_;
};

const std::string kAlphaHedge = R"({"account":"alpha-hedge","reason":"a drill"})";

TEST_F(SweepWatch, AKillIsMeasuredFromItsAcceptanceToTheEndOfItsLastOrder) {
  begin(130);
  const std::int64_t asked_ns = world_.now_ns();
  command("/v1/kill", kAlphaHedge, 3 * kMs);
  EXPECT_EQ(newest().figures.orders, 130u);
  EXPECT_EQ(newest().figures.accepted_ns, asked_ns);
  EXPECT_EQ(newest().figures.in_force_ns, asked_ns + 3 * kMs);
  EXPECT_EQ(newest().figures.ended_ns, 0);
  expect_as_counted();
  // The first of them is filled before its cancel is there.
  world_.venue.other_enters(
      {.number = 1, .side = 'S', .quantity = 1, .price = 2'190'000, .symbol = "AMZN"},
      world_.now_ns());
  for (int n = 0; n < 12; ++n) {
    turns(client_, 1);
    expect_as_counted();
  }
  turns(client_, 20);
  expect_as_counted();
  const follower::SweepFigures& done = newest().figures;
  EXPECT_GT(done.sent_ns, done.in_force_ns) << "three slices";
  EXPECT_GT(done.ended_ns, done.sent_ns);
  EXPECT_EQ(newest().open, 0u);
  EXPECT_EQ(world_.running_gate().counters().executed, 1u);
  // Refusals are counted until somebody resumes.
  enter(131, 3);
  expect_as_counted();
  EXPECT_EQ(newest().figures.refused, 3u);
  EXPECT_EQ(desk().post("/v1/resume", kAlphaHedge, Role::Approver).status, 200u);
  world_.follow(SIZE_MAX);
  EXPECT_EQ(newest().figures.stands, 0);
}

TEST_F(SweepWatch, StatusMetricsEventAndLogTellIt) {
  begin(5);
  const auto listener = desk().listen("kinds=control");
  ASSERT_TRUE(listener.has_value());
  command("/v1/kill", kAlphaHedge, 2 * kMs);
  world_.follow(SIZE_MAX);
  std::string status = desk().get("/v1/status").body;
  EXPECT_EQ(value_at(status, "sweeps[0].what"), "kill") << status;
  EXPECT_EQ(value_at(status, "sweeps[0].scope"), "account");
  EXPECT_EQ(value_at(status, "sweeps[0].target"), "alpha-hedge");
  EXPECT_EQ(value_at(status, "sweeps[0].by"), "risk");
  EXPECT_EQ(value_at(status, "sweeps[0].orders"), "5");
  EXPECT_EQ(value_at(status, "sweeps[0].open"), "5");
  EXPECT_EQ(value_at(status, "sweeps[0].in_force_after_ns"), std::to_string(2 * kMs));
  EXPECT_EQ(value_at(status, "sweeps[0].ended_after_ns"), "null");
  EXPECT_NE(desk().get("/metrics").body.find("portcullis_sweep_open_orders 5"), std::string::npos);
  turns(client_, 20);
  world_.transport().clock_ns += 200 * kMs;
  desk().pass();
  world_.follow(SIZE_MAX);
  status = desk().get("/v1/status").body;
  const follower::SweepFigures done = newest().figures;
  EXPECT_EQ(value_at(status, "sweeps[0].open"), "0");
  EXPECT_EQ(value_at(status, "sweeps[0].sent_after_ns"),
            std::to_string(done.sent_ns - done.accepted_ns));
  EXPECT_EQ(value_at(status, "sweeps[0].ended_after_ns"),
            std::to_string(done.ended_ns - done.accepted_ns));
  const std::string metrics = desk().get("/metrics").body;
  EXPECT_NE(metrics.find("portcullis_sweep_open_orders 0"), std::string::npos);
  const std::vector<std::string> heard = desk().heard(*listener);
  const auto is_end = [](const std::string& text) {
    return value_at(text, "what") == "sweep_ended";
  };
  ASSERT_EQ(std::ranges::count_if(heard, is_end), 1) << "once";
  const std::string& event = *std::ranges::find_if(heard, is_end);
  EXPECT_EQ(value_at(event, "event"), "control");
  EXPECT_EQ(value_at(event, "sweep.target"), "alpha-hedge");
  EXPECT_EQ(value_at(event, "sweep.orders"), "5");
  EXPECT_EQ(value_at(event, "time_ns"), std::to_string(done.ended_ns));
  EXPECT_EQ(world_.told_sweeps.size(), 1u);
  EXPECT_NE(world_.told_sweeps[0].find("kill of account alpha-hedge by risk"), std::string::npos);
  EXPECT_NE(world_.told_sweeps[0].find("in force after 2.000 ms, 5 orders"), std::string::npos)
      << world_.told_sweeps[0];
  desk().leave(*listener);
}

TEST_F(SweepWatch, WhatIsEnteredBehindACancelAllIsNoneOfItsAndMayHaveThePlaceOfWhatHasEnded) {
  begin(10);
  command("/v1/cancel-all", kAlphaHedge, 0);
  // One after the other, so that places of orders that have ended are taken again at once.
  for (std::uint32_t n = 0; n < 20; ++n) {
    ASSERT_TRUE(client_.send(gateway::venue_sim::bytes_of(gateway::venue_sim::enter_message(
        {.number = 11 + n, .quantity = 1, .price = 2'190'000, .symbol = "AMZN", .firm = ""}))));
    turns(client_, 1);
    expect_as_counted();
  }
  EXPECT_EQ(newest().figures.orders, 10u);
  EXPECT_EQ(newest().open, 0u);
  EXPECT_NE(newest().figures.ended_ns, 0);
  EXPECT_EQ(newest().figures.is_kill, 0);
  EXPECT_EQ(world_.running_gate().engine().live_orders(), 20u);
}

TEST_F(SweepWatch, AKillOfNothingHasEndedAtOnce) {
  ASSERT_EQ(log_in(client_, 1), 0);
  command("/v1/kill", kAlphaHedge, kMs);
  EXPECT_EQ(newest().figures.orders, 0u);
  EXPECT_EQ(newest().figures.ended_ns, newest().figures.in_force_ns);
  EXPECT_EQ(newest().figures.sent_ns, 0);
}

TEST_F(SweepWatch, WhereTheLinkIsDownCancelsAndTheirEndArePendingAndTheKillIsInForce) {
  begin(70);
  world_.venue.is_listening = false;
  world_.venue.restart(SIZE_MAX);
  turns(client_, 50);
  ASSERT_NE(world_.running_gate().link(), gate::LinkState::Up);
  command("/v1/kill", kAlphaHedge, kMs);
  turns(client_, 500);
  expect_as_counted();
  EXPECT_EQ(newest().figures.in_force_ns - newest().figures.accepted_ns, kMs);
  EXPECT_EQ(newest().figures.sent_ns, 0);
  EXPECT_EQ(newest().figures.ended_ns, 0);
  EXPECT_EQ(newest().open, 70u);
  const std::string status = desk().get("/v1/status").body;
  EXPECT_EQ(value_at(status, "sweeps[0].open"), "70") << status;
  EXPECT_EQ(value_at(status, "sweeps[0].sent_after_ns"), "null");
  world_.venue.is_listening = true;
  turns(client_, 3'000);
  expect_as_counted();
  EXPECT_GT(newest().figures.sent_ns, newest().figures.in_force_ns + 500 * kMs);
  EXPECT_GE(newest().figures.ended_ns, newest().figures.sent_ns);
  EXPECT_EQ(newest().open, 0u);
}

// The snapshot is of the middle of the sweep: after the restart the count goes on.
TEST_F(SweepWatch, AProcessThatIsKilledDoesNotBeginToCountAnew) {
  begin(130);
  command("/v1/kill", kAlphaHedge, 2 * kMs);
  const follower::SweepFigures before = newest().figures;
  ASSERT_EQ(before.ended_ns, 0);
  ASSERT_TRUE(world_.write_snapshot());
  turns(client_, 1);
  const std::uint64_t snapshot = world_.follower().figures().last_snapshot;
  ASSERT_NE(newest().open, 0u);
  desk_.reset();
  world_.kill();
  client_.close();
  ASSERT_TRUE(world_.start());
  ASSERT_TRUE(world_.is_running()) << world_.problem;
  EXPECT_EQ(world_.from_snapshot(), snapshot);
  desk_ = std::make_unique<ControlWorld>(world_);
  EXPECT_NE(newest().open, 0u);
  turns(client_, 3'000);
  expect_as_counted();
  const follower::SweepFigures after = newest().figures;
  EXPECT_EQ(after.sequence, before.sequence);
  EXPECT_EQ(after.accepted_ns, before.accepted_ns);
  EXPECT_EQ(after.orders, 130u);
  EXPECT_NE(after.ended_ns, 0);
  EXPECT_EQ(newest().open, 0u);
  EXPECT_EQ(after.by, before.by);
}

TEST_F(SweepWatch, ASnapshotWithoutItIsGoodAndBytesThatAreNoneOfItsAreNot) {
  follower::SweepWatch watch(world_.deployment());
  EXPECT_TRUE(watch.load({}));
  std::vector<std::byte> bytes(watch.saved_bytes());
  watch.save(bytes);
  EXPECT_TRUE(watch.load(bytes));
  begin(5);
  command("/v1/kill", kAlphaHedge, 0);
  world_.follow(SIZE_MAX);
  bytes.resize(world_.sweeps()->saved_bytes());
  world_.sweeps()->save(bytes);
  ASSERT_TRUE(watch.load(bytes));
  EXPECT_EQ(watch.look(world_.running_gate()).front().open, newest().open);
  for (std::size_t n = 1; n < bytes.size(); ++n)
    EXPECT_FALSE(watch.load(std::span(bytes).first(n))) << n;
  bytes.back() = std::byte{0x7F};  // the place of an order beyond the pool
  EXPECT_FALSE(watch.load(bytes));
}

}  // namespace
}  // namespace portcullis::test::sweep_watch_test
