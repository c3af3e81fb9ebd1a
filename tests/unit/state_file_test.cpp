#include "config/state_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "config/load.h"
#include "tests/support/example_config.h"

namespace portcullis::config::state_file_test {
namespace {

const Deployment& deployment() {
  static const LoadResult result = load(test::example_folder());
  EXPECT_TRUE(result.ok());
  return result.deployment;
}

template <class File>
std::string problems_of(const File& file) {
  std::string text;
  for (const Problem& problem : file.problems) text += to_text(problem) + "\n";
  return text;
}

StateFile state(std::string_view text) { return parse_state(text, "s.json", deployment()); }
CommandsFile commands(std::string_view text) {
  return parse_commands(text, "c.json", deployment());
}

TEST(StateFile, ResolvesNamesAndCountsUnits) {
  const StateFile file = state(R"({"as_of": "2026-01-05T12:30:00Z", "by": "ops",
      "balances": [{"account": "alpha-2", "asset": "BTC", "amount": "-0.00000001"}],
      "positions": [{"account": "bravo-1", "instrument": "BTC-PERP", "quantity": "-2.5",
                     "entry_price": "64000.5"}]})");
  EXPECT_EQ(problems_of(file), "");
  EXPECT_EQ(file.by, "ops");
  EXPECT_EQ(file.as_of.ns, 1'767'616'200'000'000'000);
  ASSERT_EQ(file.balances.size(), 1u);
  EXPECT_EQ(file.balances[0].account, deployment().names.accounts.find("alpha-2"));
  EXPECT_EQ(file.balances[0].asset, deployment().names.assets.find("BTC"));
  EXPECT_EQ(file.balances[0].units, -1);
  ASSERT_EQ(file.positions.size(), 1u);
  EXPECT_EQ(file.positions[0].lots.raw, -2'500);
  EXPECT_EQ(file.positions[0].entry.raw, 128'001);
}

TEST(StateFile, TellsEveryProblem) {
  const StateFile file = state(R"({"as_of": "2026-02-30T12:30:00Z", "extra": 1,
      "balances": [{"account": "nobody", "asset": "BTC", "amount": "1"},
                   {"account": "alpha-1", "asset": "XRP", "amount": "1"},
                   {"account": "alpha-1", "asset": "BTC", "amount": "0.000000001"},
                   {"account": "alpha-1", "asset": "BTC", "amount": 1},
                   {"account": "alpha-1", "asset": "ETH", "amount": "1"},
                   {"account": "alpha-1", "asset": "ETH", "amount": "2"},
                   {"account": "alpha-1", "asset": "USDC", "amount": "1"},
                   {"account": "bravo-1", "asset": "BTC", "amount": "200000000"}],
      "positions": [{"account": "alpha-1", "instrument": "AMZN", "quantity": "0.5",
                     "entry_price": "220"},
                    {"account": "alpha-1", "instrument": "EUR/USD", "quantity": "500",
                     "entry_price": "1.1"},
                    {"account": "alpha-1", "instrument": "BTC-PERP", "quantity": "1",
                     "entry_price": "64000.1"},
                    {"account": "alpha-1", "instrument": "ETH-PERP", "quantity": "1",
                     "entry_price": "0"},
                    {"account": "alpha-1", "instrument": "DOGE", "quantity": "1"},
                    5]})");
  EXPECT_EQ(
      problems_of(file),
      "s.json: as_of: \"2026-02-30T12:30:00Z\": must be a UTC time such as "
      "\"2026-01-05T00:00:00Z\"\n"
      "s.json: by: is missing\n"
      "s.json: balances[0].account: \"nobody\": must be the name of an account\n"
      "s.json: balances[1].asset: \"XRP\": must be the name of an asset\n"
      "s.json: balances[2].amount: \"0.000000001\": has more than 8 digits behind the point\n"
      "s.json: balances[3].amount: 1: must be decimal text such as \"0.05\", not a number\n"
      "s.json: balances[5].asset: \"ETH\": the account has a balance in it already\n"
      "s.json: balances[7].amount: \"200000000\": is worth more than 2^60 quanta at "
      "index_max\n"
      "s.json: positions[0].quantity: \"0.5\": has more than 0 digits behind the point\n"
      "s.json: positions[1].quantity: \"500\": must be a whole number of lots of 1000\n"
      "s.json: positions[2].entry_price: \"64000.1\": must be a whole number of ticks of 0.5\n"
      "s.json: positions[3].entry_price: \"0\": must be from 0.05 to 100000\n"
      "s.json: positions[4].instrument: \"DOGE\": must be the name of an instrument\n"
      "s.json: positions[5]: 5: must be an object, not a number\n"
      "s.json: extra: 1: is no key that is known here\n");
}

TEST(StateFile, RefusesTimesThatAreNone) {
  for (const std::string_view time :
       {"", "2026-01-05", "2026-01-05T00:00:00", "2026-01-05 00:00:00Z", "2026-13-05T00:00:00Z",
        "2026-01-05T24:00:00Z", "2026-01-05T00:60:00Z", "1969-01-05T00:00:00Z",
        "20x6-01-05T00:00:00Z"}) {
    const std::string text = "{\"as_of\": \"" + std::string(time) +
                             "\", \"by\": \"ops\", \"balances\": [], \"positions\": []}";
    EXPECT_EQ(state(text).problems.size(), 1u) << time;
  }
}

TEST(StateFile, ReportsFilesThatAreNoJsonOrNotThere) {
  EXPECT_EQ(state("{").problems.size(), 1u);
  EXPECT_EQ(problems_of(load_state_file("/does/not/exist.json", deployment())),
            "exist.json: cannot be read\n");
  EXPECT_EQ(commands("[").problems.size(), 1u);
  EXPECT_EQ(problems_of(load_commands_file("/does/not/exist.json", deployment())),
            "exist.json: cannot be read\n");
}

TEST(CommandsFile, ResolvesActionsAndScopes) {
  const CommandsFile file = commands(R"({"by": "ops", "commands": [
      {"action": "kill", "node": "bravo"},
      {"action": "suspend", "account": "alpha-2"},
      {"action": "close_only", "session": "CHARL1"},
      {"action": "resume", "instrument": "AMZN"},
      {"action": "cancel_all", "node": "demo"},
      {"action": "lost_orders_dead"},
      {"action": "accept_recovered_state"}]})");
  EXPECT_EQ(problems_of(file), "");
  EXPECT_EQ(file.by, "ops");
  ASSERT_EQ(file.commands.size(), 7u);
  const Names& names = deployment().names;
  const auto expect = [&](std::size_t i, risk::ControlAction action, risk::ControlScope scope,
                          std::uint32_t target) {
    const auto& control = std::get<risk::Control>(file.commands[i]);
    EXPECT_EQ(control.action, action);
    EXPECT_EQ(control.scope, scope);
    EXPECT_EQ(control.target, target);
    EXPECT_FALSE(control.by.exists());
  };
  using risk::ControlAction;
  using risk::ControlScope;
  expect(0, ControlAction::Kill, ControlScope::Node, names.nodes.find("bravo").value);
  expect(1, ControlAction::Suspend, ControlScope::Account, names.accounts.find("alpha-2").value);
  expect(2, ControlAction::CloseOnly, ControlScope::Session, names.sessions.find("CHARL1").value);
  expect(3, ControlAction::Resume, ControlScope::Instrument, names.instruments.find("AMZN").value);
  EXPECT_EQ(std::get<CancelAll>(file.commands[4]), (CancelAll{ControlScope::Node, 0}));
  EXPECT_TRUE(std::holds_alternative<LostOrdersDead>(file.commands[5]));
  EXPECT_TRUE(std::holds_alternative<AcceptRecoveredState>(file.commands[6]));
}

TEST(CommandsFile, TellsEveryProblem) {
  EXPECT_EQ(
      problems_of(commands(R"({"by": "", "commands": [
      {"action": "explode", "node": "bravo"},
      {"action": "kill"},
      {"action": "kill", "node": "bravo", "account": "bravo-1"},
      {"action": "kill", "node": "bravo-1"},
      {"node": "bravo", "why": "x"},
      {"action": "lost_orders_dead", "node": "bravo"}]})")),
      "c.json: by: \"\": must be text of 1 to 64 printable ASCII characters\n"
      "c.json: commands[0].action: \"explode\": must be \"kill\" or \"suspend\" or "
      "\"close_only\" or \"resume\" or \"cancel_all\" or \"lost_orders_dead\" or "
      "\"accept_recovered_state\" or \"transfer\" or \"borrow\" or \"interest\" or \"convert\" or "
      "\"move_position\" or \"realise\" or \"expire\" or \"split\" or \"leverage_cap\"\n"
      "c.json: commands[1]: {\"action\":\"kill\"}: must have one of node, account, session and "
      "instrument\n"
      "c.json: commands[2]: {\"action\":\"kill\",\"node\":\"bravo\",\"account\":\"bravo-1\"}: must "
      "have one of node, account, session and instrument\n"
      "c.json: commands[3].node: \"bravo-1\": must be the name of the venue, a member or a group\n"
      "c.json: commands[4].action: is missing\n"
      "c.json: commands[4].why: \"x\": is no key that is known here\n"
      "c.json: commands[5].node: \"bravo\": is no key that is known here\n");
}

}  // namespace
}  // namespace portcullis::config::state_file_test
