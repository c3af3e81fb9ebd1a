// `portcullis state`: what it writes for the next day, and which journals it refuses. That what it writes
// is the same margin whatever an account holds is tests/property/closing_test.cpp's.
#include "gateway/commands/state.h"

#include <gtest/gtest.h>

#include <fstream>

#include "config/state_file.h"
#include "tests/support/command_line.h"
#include "tests/support/gate_world.h"
#include "tests/support/venue_words.h"

namespace portcullis::test::state_command_test {
namespace {

namespace gate = gateway::gate;
namespace journal = gateway::journal;

using Arguments = std::vector<std::string>;

Outcome state(const std::filesystem::path& folder, const Arguments& more = {"--json"}) {
  Arguments arguments{"state", "--journal", folder.string()};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_command(gateway::add_state_command, arguments);
}

void expect_refused(const std::filesystem::path& folder, const std::string& why,
                    const Arguments& more = {"--json"}) {
  const Outcome outcome = state(folder, more);
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.out, "");
  EXPECT_NE(outcome.errors.find(why), std::string::npos) << outcome.errors;
}

std::string balance(const Outcome& outcome, std::string_view account, std::string_view asset) {
  config::Json file = config::parse_json(outcome.out).json;
  for (const config::Json& item : find(file, "balances")->items) {
    if (item.find("account")->text == account && item.find("asset")->text == asset)
      return item.find("amount")->text;
  }
  return "none";
}
std::string position(const Outcome& outcome, std::string_view account,
                     std::string_view instrument) {
  config::Json file = config::parse_json(outcome.out).json;
  for (const config::Json& item : find(file, "positions")->items) {
    if (item.find("account")->text == account && item.find("instrument")->text == instrument)
      return item.find("quantity")->text + " @ " + item.find("entry_price")->text;
  }
  return "none";
}

// The margins of an engine that begins with a state file, at the world's prices.
std::vector<risk::MarginReport> margins_of(GateWorld& w, const std::string& text) {
  const config::StateFile file = config::parse_state(text, "state.json", w.deployment());
  EXPECT_TRUE(file.problems.empty());
  risk::Engine engine(w.deployment().parameters);
  for (const risk::LoadBalance& load : file.balances) EXPECT_TRUE(engine.apply(load));
  for (const risk::LoadPosition& load : file.positions) EXPECT_TRUE(engine.apply(load));
  for (std::uint32_t i = 0; i < w.deployment().instruments.size(); ++i) {
    engine.apply(risk::MarkUpdate{
        .time = {w.now_ns}, .as_of = {w.now_ns}, .mark = w.engine().mark({i}), .instrument = {i}});
  }
  for (const auto& [asset, index] :
       {std::pair{0U, 1'000'000}, std::pair{1U, 6'400'000}, std::pair{2U, 320'000}}) {
    engine.apply(risk::IndexUpdate{
        .time = {w.now_ns}, .as_of = {w.now_ns}, .index = index, .asset = {asset}});
  }
  std::vector<risk::MarginReport> reports;
  for (std::uint32_t account = 0; account < w.deployment().accounts.size(); ++account)
    reports.push_back(engine.margin({account}, {w.now_ns}));
  return reports;
}

class StateCommand : public testing::Test {
 protected:
  // Fills as they come, at the limit: bravo-1 buys AMZN, sells some of it dearer; bravo-2 closes.
  void trade() {
    const auto bravo = w.session("BRAVO1");
    w.enter(bravo, {.number = 1, .quantity = 100});
    w.say(accepted(1));
    w.say(executed(1, 100, kAmznPrice, 1));
    w.enter(bravo, {.number = 2, .side = 'S', .quantity = 60, .price = 2'210'000});
    w.say(accepted(2, {.quantity = 60, .price = 2'210'000, .side = 'S'}));
    w.say(executed(2, 60, 2'210'000, 2));
    w.enter(bravo,
            {.number = 3, .side = 'S', .quantity = 1000, .price = 2'200'000, .firm = "BRV2"});
    w.say(accepted(3, {.quantity = 1000, .side = 'S'}));
    w.say(executed(3, 1000, kAmznPrice, 3));
  }

  GateWorld w;
};

TEST_F(StateCommand, CarriesPositionsAtTheMarkAndTheirGainsInTheBalance) {
  trade();
  w.mark(w.instrument("AMZN"), {2'218'137});  // 221.8137; a tick is 0.01
  const Outcome outcome = state(w.journal_folder());
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_EQ(outcome.errors, "");
  EXPECT_EQ(position(outcome, "bravo-1", "AMZN"), "40 @ 221.81");
  // 500,000 less 100 * 220, and 60 * 221 and 40 * 221.81 more, less the fee of 30 ppm on 35,260.
  EXPECT_EQ(balance(outcome, "bravo-1", "USDC"), "500131.3422");
  EXPECT_EQ(balance(outcome, "bravo-1", "BTC"), "1.5");
  EXPECT_EQ(position(outcome, "bravo-2", "AMZN"), "none");
  EXPECT_EQ(balance(outcome, "bravo-2", "USDC"), "298493.4");  // bought at 221.5
  // 2.5 * (64000 - 64000), and -20 * (64000 - 64500.5)
  EXPECT_EQ(position(outcome, "alpha-1", "BTC-PERP"), "2.5 @ 64000");
  EXPECT_EQ(balance(outcome, "alpha-1", "USDC"), "4000000");
  EXPECT_EQ(position(outcome, "alpha-hedge", "BTC-PERP"), "-20 @ 64000");
  EXPECT_EQ(balance(outcome, "alpha-hedge", "USDC"), "2010010");
}

TEST_F(StateCommand, IsTheSameMarginForEveryAccount) {
  trade();
  w.mark(w.instrument("AMZN"), {2'218'137});
  const std::string file = state(w.journal_folder()).out;
  for (int tick = 0; tick < 3; ++tick) {
    const std::vector<risk::MarginReport> loaded = margins_of(w, file);
    for (std::uint32_t account = 0; account < loaded.size(); ++account) {
      const risk::MarginReport ours = w.engine().margin({account}, {w.now_ns});
      const std::string& name = w.deployment().names.accounts.name({account});
      EXPECT_EQ(ours.equity, loaded[account].equity) << name;
      EXPECT_EQ(ours.requirement, loaded[account].requirement) << name;
      EXPECT_EQ(ours.available, loaded[account].available) << name;
      EXPECT_EQ(ours.maintenance_requirement, loaded[account].maintenance_requirement) << name;
    }
    w.mark(w.instrument("AMZN"), {2'000'001 + 777'777 * tick});
    w.mark(w.instrument("BTC-PERP"), {600'003});
  }
}

TEST_F(StateCommand, SaysWhenAndByWhoseWord) {
  w.now_ns += 1'500'000'000;
  w.price();
  const Outcome by_default = state(w.journal_folder());
  config::Json file = config::parse_json(by_default.out).json;
  EXPECT_EQ(find(file, "as_of")->text, "2026-01-05T10:00:01Z");
  EXPECT_EQ(find(file, "by")->text, "journal " + journal::hex(w.journal().id()));
  file = config::parse_json(state(w.journal_folder(), {"--json", "--by", "night desk"}).out).json;
  EXPECT_EQ(find(file, "by")->text, "night desk");
  expect_refused(w.journal_folder(), "by: ", {"--json", "--by", " space"});
}

TEST_F(StateCommand, WritesAFileAndPrintsASummary) {
  const std::filesystem::path out = w.journal_folder() / "closing.json";
  const Outcome outcome = state(w.journal_folder(), {"--out", out.string()});
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_EQ(read_file(out), state(w.journal_folder()).out);
  EXPECT_NE(outcome.out.find("\n0 open orders\n"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("alpha-hedge      BTC-PERP                          -20 @ 64000\n"),
            std::string::npos)
      << outcome.out;
  expect_refused(w.journal_folder(), "/nowhere/closing.json", {"--out", "/nowhere/closing.json"});
}

TEST_F(StateCommand, OpenOrdersAreAnErrorUnlessTheyAreAllowed) {
  const auto bravo = w.session("BRAVO1");
  w.enter(bravo, {.number = 1});
  w.say(accepted(1));
  w.enter(bravo, {.number = 2, .firm = "BRV2"});  // not answered by the venue: open all the same
  const std::filesystem::path out = w.journal_folder() / "closing.json";
  expect_refused(w.journal_folder(), "2 orders are open (1 of bravo-1, 1 of bravo-2)",
                 {"--out", out.string()});
  EXPECT_FALSE(std::filesystem::exists(out));
  const Outcome allowed = state(w.journal_folder(), {"--json", "--allow-open-orders"});
  EXPECT_EQ(allowed.code, 0);
  EXPECT_NE(allowed.errors.find("2 orders are open"), std::string::npos);
  EXPECT_EQ(balance(allowed, "bravo-1", "USDC"), "500000");
}

TEST_F(StateCommand, NamesWhatAStateFileHasNoPlaceFor) {
  const auto control = [&](risk::ControlScope scope, std::uint32_t target,
                           risk::ControlAction action) {
    w.control({.time = {}, .target = target, .by = {}, .scope = scope, .action = action});
  };
  control(risk::ControlScope::Account, w.account("bravo-3").value, risk::ControlAction::Kill);
  control(risk::ControlScope::Node, 1, risk::ControlAction::Suspend);
  control(risk::ControlScope::Session, w.session("CHARL1").value, risk::ControlAction::CloseOnly);
  control(risk::ControlScope::Session, w.session("CHARL1").value, risk::ControlAction::Resume);
  control(risk::ControlScope::Instrument, w.instrument("AMZN").value,
          risk::ControlAction::CloseOnly);
  // What alpha-hedge is short of rises until it has lost everything.
  w.mark(w.instrument("BTC-PERP"), {5'000'000});
  for (int i = 0; i < 10; ++i) {
    w.now_ns += risk::kSecondNs;
    w.price();
    w.mark(w.instrument("BTC-PERP"), {5'000'000});
    w.look_again();
  }
  const Outcome outcome = state(w.journal_folder());
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  for (const char* line :
       {"not in it: kill account bravo-3, ", "not in it: suspend node alpha, ",
        "not in it: close_only instrument AMZN, ", "not in it: alpha-hedge is bankrupt, "}) {
    EXPECT_NE(outcome.errors.find(line), std::string::npos) << line << outcome.errors;
  }
  EXPECT_EQ(outcome.errors.find("CHARL1"), std::string::npos) << outcome.errors;
}

// --- journals that are refused, or that hardly began

class JournalFolder : public testing::Test {
 protected:
  JournalFolder() : deployment_(small_deployment()) {}

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }
  void write_configuration() const {
    std::ofstream(folder() / "configuration.json") << deployment_.canonical_text;
  }
  // What run --load does, without prices; `whole`: to its end.
  void load(bool whole) {
    write_configuration();
    journal::Options options;
    options.directory = folder();
    options.ring_bytes = 1 << 20;
    options.segment_bytes = 1 << 20;
    options.stream_count = static_cast<std::uint32_t>(deployment_.sessions.size());
    options.manual_flush = true;
    journal::Journal journal(options);
    gate::Gate gate(deployment_, &journal);
    const config::StateFile file =
        config::parse_state(read_file(example_folder() / "demo-state.json"), "state", deployment_);
    gate.start("STREAM0001", 1);
    for (risk::LoadBalance load : file.balances) {
      load.time = {2};
      EXPECT_TRUE(gate.load(load));
    }
    if (whole) {
      for (risk::LoadPosition load : file.positions) {
        load.time = {3};
        EXPECT_TRUE(gate.load(load));
      }
      gate.loaded(4);
    }
    EXPECT_TRUE(journal.close());
  }

  const config::Deployment deployment_;
  journal::testing::TemporaryFolder folder_{journal::testing::memory_folder()};
};

// Before there is a price positions are carried at what they were loaded at.
TEST_F(JournalFolder, WithoutAPriceTheStateIsWhatWasLoaded) {
  load(true);
  const Outcome outcome = state(folder());
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  const config::StateFile ours = config::parse_state(outcome.out, "state", deployment_);
  const config::StateFile loaded =
      config::parse_state(read_file(example_folder() / "demo-state.json"), "state", deployment_);
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::int64_t> balances;
  for (const risk::LoadBalance& load : loaded.balances)
    balances[{load.account.value, load.asset.value}] += load.units;
  for (const risk::LoadBalance& load : ours.balances)
    balances[{load.account.value, load.asset.value}] -= load.units;
  for (const auto& [of, units] : balances) EXPECT_EQ(units, 0) << of.first;
  ASSERT_EQ(ours.positions.size(), loaded.positions.size());
  for (std::size_t i = 0; i < ours.positions.size(); ++i) {
    EXPECT_EQ(ours.positions[i].lots, loaded.positions[i].lots);
    EXPECT_EQ(ours.positions[i].entry, loaded.positions[i].entry);
  }
}

TEST_F(JournalFolder, OneThatWasKilledWhileItWasLoadedIsRefused) {
  load(false);
  expect_refused(folder(), "killed while the state was loaded");
}

TEST_F(JournalFolder, AnEmptyOneIsRefused) {
  expect_refused(folder(), "no segments in ");
  write_configuration();
  {
    journal::Options options;
    options.directory = folder();
    options.ring_bytes = 1 << 16;
    journal::Journal journal(options);
  }
  expect_refused(folder(), "the journal has no records");
}

TEST_F(JournalFolder, ADamagedOneIsRefused) {
  load(true);
  std::fstream file(folder() / "segment-0000000001",
                    std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(300);
  file.put('\x55');
  file.close();
  expect_refused(folder(), "segment-0000000001 offset ");
}

TEST_F(JournalFolder, OneOfAnotherConfigurationIsRefused) {
  load(true);
  std::ofstream(folder() / "configuration.json")
      << small_deployment({{Change::Kind::Set, "limits.json", "version", "99"}}).canonical_text;
  expect_refused(folder(), "configuration.json is not that of the journal");
  std::ofstream(folder() / "configuration.json") << "{}";
  expect_refused(folder(), "configuration.json: ");
  std::filesystem::remove(folder() / "configuration.json");
  expect_refused(folder(), "configuration.json: cannot be read");
}

TEST_F(JournalFolder, OneWithARecordOfAnotherVersionIsRefused) {
  load(true);
  {
    journal::Options options;
    options.directory = folder();
    options.ring_bytes = 1 << 20;
    options.segment_bytes = 1 << 20;
    options.stream_count = static_cast<std::uint32_t>(deployment_.sessions.size());
    journal::Journal journal(options);
    journal.begin(60, 5, {});
    journal.publish();
  }
  expect_refused(folder(), "is none of this version's");
}

}  // namespace
}  // namespace portcullis::test::state_command_test
