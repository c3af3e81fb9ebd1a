// Whatever happens to a gate: judged again under the same configuration nothing is different, under
// both conventions, and what is there at the end is the same bit for bit. Under lower clips what is newly
// refused are the orders that passed and are larger, counted from the records.
#include <gtest/gtest.h>

#include "tests/support/random_gate.h"
#include "tests/support/random_world.h"
#include "tests/support/tuned.h"

namespace portcullis::test::tune_property_test {
namespace {

using support::test_scale;
using support::test_seed;

constexpr int kStepsBetween = 250;

constexpr std::int64_t kClip = 60;

std::vector<Change> lower_clips(const GateWorld& world) {
  std::vector<Change> changes;
  for (const std::string& profile : world.deployment().names.profiles.names())
    changes.push_back(limit_change("profiles." + profile + ".instruments.AMZN.clip",
                                   '"' + std::to_string(kClip) + '"'));
  return changes;
}

std::uint64_t larger_orders(const GateWorld& world) {
  std::uint64_t count = 0;
  world.for_each_record(0, [&](const gateway::journal::RecordView& view) {
    gateway::gate::EnterRecord enter;
    if (static_cast<gateway::gate::RecordType>(view.type) != gateway::gate::RecordType::Enter ||
        !gateway::journal::read_command(view, enter)) {
      return;
    }
    if (enter.decision.disposition == risk::Disposition::Forward &&
        enter.order.instrument == world.instrument("AMZN") && enter.order.quantity.raw > kClip) {
      ++count;
    }
  });
  return count;
}

// How many larger orders there were.
std::uint64_t judge_again(GateWorld& world) {
  for (const auto convention : {kAsRecorded, kUnfilled}) {
    Tuned tuned(world, {}, convention);
    EXPECT_EQ(tuned.total().differences(), 0U);
    EXPECT_EQ(tuned.of(gateway::tune::Change::Follows), 0U);
    EXPECT_EQ(tuned.engine().state_hash(), world.gate().engine().state_hash());
  }
  const std::uint64_t expected = larger_orders(world);
  Tuned recorded(world, lower_clips(world));
  const auto enters = static_cast<std::size_t>(gateway::tune::Message::Enter);
  EXPECT_EQ(recorded.comparison().by_message[enters].of(gateway::tune::Change::Refused), expected);
  // Whatever course events take then, the books stay sound.
  for (const auto convention : {kUnfilled, kFilled}) {
    Tuned tuned(world, lower_clips(world), convention);
    EXPECT_STREQ(tuned.engine().verify(), nullptr);
  }
  return expected;
}

std::function<void()> tune_now_and_then(GateWorld& world, std::uint64_t& larger) {
  return [&world, &larger, steps = 0]() mutable {
    if (++steps % kStepsBetween == 0) larger += judge_again(world);
  };
}

void run(GateAudit::Venue venue, std::uint64_t seed) {
  std::uint64_t larger = 0;
  run_random_gates(venue, seed, test_scale(3), 1'000,
                   // A candidate is in force all the time.
                   {.reloads = false,
                    .watch = [&](GateWorld& world) { return tune_now_and_then(world, larger); }});
  EXPECT_GT(larger, 0U);
}

TEST(TuneProperty, UnderASoundVenue) { run(GateAudit::Venue::Sound, test_seed(1)); }
TEST(TuneProperty, UnderAHostileVenue) { run(GateAudit::Venue::Hostile, test_seed(2)); }

}  // namespace
}  // namespace portcullis::test::tune_property_test
