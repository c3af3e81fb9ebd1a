// Other parameters while the gate runs: what they do to orders, and that the journal makes the same of
// them: on redo from any record, from a snapshot, behind the shard, and decided again.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gateway/parameters/parameter_desk.h"
#include "gateway/parameters/parameter_log.h"
#include "tests/support/gate_world.h"

namespace portcullis::test::gate_parameters_test {
namespace {

namespace gate = gateway::gate;
namespace parameters = gateway::parameters;
using risk::Disposition;
using risk::RejectReason;

const std::string kClip = "profiles.maker.instruments.AMZN.clip";
Change clip(const char* shares) {
  return {Change::Kind::Set, "limits.json", kClip, "\"" + std::string(shares) + "\""};
}
Change mult(const char* times) {
  return {Change::Kind::Set, "margin.json", "group_mult", "\"" + std::string(times) + "\""};
}

risk::SessionIndex maker(const GateWorld& world) { return world.session("ALPHA2"); }

TEST(GateParameters, AnOrderIsJudgedByWhatIsInForce) {
  GateWorld world;
  const std::uint32_t version = world.engine().parameters().version;
  risk::Decision decision = world.enter(maker(world), {.number = 1, .quantity = 100});
  EXPECT_EQ(decision.disposition, Disposition::Forward);
  EXPECT_EQ(decision.parameter_version, version);
  ASSERT_TRUE(world.reload({clip("50")}));
  decision = world.enter(maker(world), {.number = 2, .quantity = 100});
  EXPECT_EQ(decision.reason, RejectReason::ClipSize);
  EXPECT_EQ(decision.limit, 50);
  EXPECT_EQ(decision.parameter_version, version + 1);
  // The working order is as it was.
  EXPECT_EQ(world.engine().live_orders(), 1U);
  EXPECT_FALSE(world.reload({clip("50")})) << "it is in force already";
  ASSERT_TRUE(world.reload({}));
  decision = world.enter(maker(world), {.number = 3, .quantity = 100});
  EXPECT_EQ(decision.disposition, Disposition::Forward);
  EXPECT_EQ(decision.parameter_version, version + 2);
  EXPECT_EQ(world.counters().parameter_changes, 2U);
  EXPECT_EQ(world.check(), "");
}

TEST(GateParameters, TheRecordTellsWhoAskedForWhatAndWhen) {
  GateWorld world;
  world.now_ns += 5;
  ASSERT_TRUE(world.reload({mult("1.5")}));
  int seen = 0;
  world.for_each_record(0, [&](const gateway::journal::RecordView& view) {
    gate::ParametersRecord record;
    if (view.type != static_cast<std::uint16_t>(gate::RecordType::Parameters)) return;
    ++seen;
    ASSERT_TRUE(gateway::journal::read_command(view, record));
    EXPECT_EQ(record.time.ns, world.now_ns);
    EXPECT_EQ(record.version, record.replaces + 1);
    EXPECT_EQ(std::string(record.by.data()), "a test");
    EXPECT_EQ(record.cause, gate::ParametersCause::Reload);
    std::string text;
    EXPECT_EQ(parameters::read_parameters(world.directory(), record.hash, text), "");
    EXPECT_NE(text.find(R"("group_mult":"1.5")"), std::string::npos);
  });
  EXPECT_EQ(seen, 1);
}

// Killed behind any record, the state comes back as it was there.
TEST(GateParameters, TheStateComesBackFromEveryRecord) {
  for (const bool followed : {false, true}) {
    GateWorld world;
    if (followed) world.follow(3);
    std::uint32_t number = 0;
    for (const Change& change : {clip("50"), mult("2"), clip("700"), mult("1.2")}) {
      world.enter(maker(world), {.number = ++number, .quantity = 40});
      ASSERT_TRUE(world.reload({change}));
      world.enter(maker(world), {.number = ++number, .quantity = 60});
      world.deliver();
      world.kill();
      ASSERT_TRUE(world.connect());
      EXPECT_EQ(world.check(), "");
    }
    EXPECT_EQ(world.counters().parameter_changes, 4U);
    const std::uint64_t last = world.journal().published_sequence();
    if (followed) continue;
    for (std::uint64_t through = last; through > last - 30; through -= 7) {
      world.kill(through);
      ASSERT_TRUE(world.connect());
      EXPECT_EQ(world.check(), "") << through;
    }
  }
}

TEST(GateParameters, AnEngineThatIsBuiltOfThemAndLoadsTheStateIsTheSame) {
  GateWorld world;
  world.enter(maker(world), {.number = 1, .quantity = 100});
  ASSERT_TRUE(world.reload({mult("2"), clip("80")}));
  world.enter(maker(world), {.number = 2, .quantity = 70});
  std::vector<std::byte> saved(world.engine().saved_bytes());
  world.engine().save(saved);
  risk::Engine built(world.engine().parameters());
  ASSERT_EQ(built.load(saved), nullptr);
  EXPECT_EQ(built.state_hash(), world.engine().state_hash());
  EXPECT_STREQ(built.verify(), nullptr);
  for (std::uint32_t a = 0; a < world.deployment().accounts.size(); ++a) {
    const risk::MarginReport ours = world.engine().margin({a}, {world.now_ns});
    const risk::MarginReport theirs = built.margin({a}, {world.now_ns});
    EXPECT_EQ(ours.available, theirs.available);
    EXPECT_EQ(ours.requirement, theirs.requirement);
    EXPECT_EQ(ours.maintenance_requirement, theirs.maintenance_requirement);
  }
}

// Without its file, or with another content, a record leads to no state.
TEST(GateParameters, ARecordWhoseTextIsNotThereStopsARedo) {
  GateWorld world;
  ASSERT_TRUE(world.reload({clip("50")}));
  const auto redo = [&] {
    gate::Gate again(world.deployment(), nullptr, {}, parameters::parameters_in(world.directory()));
    bool is_done = true;
    world.for_each_record(0, [&](const gateway::journal::RecordView& record) {
      is_done = is_done && again.redo(record);
    });
    return is_done ? "" : again.source_problem();
  };
  EXPECT_EQ(redo(), "");
  const auto file = *std::filesystem::directory_iterator(world.directory() / "parameters");
  const std::string text = read_file(file.path());
  std::ofstream(file.path(), std::ios::binary) << text << ' ';
  EXPECT_NE(redo().find("damaged"), std::string::npos) << redo();
  std::filesystem::remove(file.path());
  EXPECT_NE(redo().find("opening the parameters"), std::string::npos) << redo();
  std::ofstream(file.path(), std::ios::binary) << text;
  EXPECT_EQ(redo(), "");
}

TEST(GateParameters, TheDeskRefusesWhatCannotChange) {
  GateWorld world;
  parameters::ParameterDesk desk(world.deployment(), world.gate().parameters(), world.directory());
  const auto prepared = desk.prepare_reload(
      small_deployment(
          {{Change::Kind::Set, "instruments.json", "instruments.AMZN.tick", "\"0.02\""}}),
      "a test");
  EXPECT_FALSE(prepared.parameters);
  ASSERT_EQ(prepared.problems.size(), 1U);
  EXPECT_EQ(prepared.problems[0].path, "instruments.AMZN.tick");
  EXPECT_FALSE(std::filesystem::exists(world.directory() / "parameters"));
}

// Regimes up and down, as changes of parameters.
TEST(GateParameters, AChoiceOfRegimesIsAChangeOfParameters) {
  GateWorld world({{Change::Kind::Add, "margin.json", "regimes", R"({
    "AMZN": {"mark": "AMZN", "period_ms": 60000, "half_life_ms": 3600000, "warm_up": 5,
      "up_after_ms": 0, "down_after_ms": 60000, "gap_max_ms": 600000, "step_max": "2",
      "levels": [
        {"name": "calm", "enter": "0", "leave": "0", "shock": "1"},
        {"name": "wild", "enter": "0.6", "leave": "0.5", "shock": "1.2"}]}})"}});
  const risk::AccountIndex account = world.account("alpha-hedge");
  world.enter(maker(world), {.number = 1, .quantity = 1'000});
  const auto required = [&] {
    return world.engine().margin(account, {world.now_ns}).requirement.raw;
  };
  const std::int64_t wild = required();
  EXPECT_GT(wild, 0);
  const auto choose = [&](std::uint8_t level) {
    parameters::ParameterDesk desk(world.deployment(), world.gate().parameters(),
                                   world.directory());
    config::RegimeChoice regimes = config::last_regimes();
    regimes[0] = level;
    auto prepared = desk.prepare_regimes(regimes, "regimes");
    for (const config::Problem& problem : prepared.problems) ADD_FAILURE() << to_text(problem);
    return prepared.parameters && world.gate().on_parameters(*prepared.parameters, world.now_ns);
  };
  EXPECT_FALSE(choose(1)) << "it is in force from the start";
  ASSERT_TRUE(choose(0));
  EXPECT_LT(required(), wild);
  EXPECT_EQ(world.gate().parameters().regimes[0], 0);
  ASSERT_TRUE(choose(1));
  EXPECT_EQ(required(), wild);
  EXPECT_EQ(world.check(), "");
}

}  // namespace
}  // namespace portcullis::test::gate_parameters_test
