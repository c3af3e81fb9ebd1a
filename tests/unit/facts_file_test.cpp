// Facts of the venue's books in an operator's file: what they say, and every problem with them.
#include <gtest/gtest.h>

#include <limits>

#include "config/load.h"
#include "config/state_file.h"
#include "tests/support/example_config.h"

namespace portcullis::config::facts_file_test {
namespace {

const Deployment& deployment() {
  static const LoadResult result = load(test::example_folder());
  return result.deployment;
}
CommandsFile file_of(const std::string& commands) {
  return parse_commands(R"({"by": "ops", "commands": [)" + commands + "]}", "c.json", deployment());
}
std::string problems_of(const std::string& commands) {
  std::string text;
  for (const Problem& problem : file_of(commands).problems) text += to_text(problem) + "\n";
  return text;
}
template <class Command>
Command one(const std::string& command) {
  const CommandsFile file = file_of(command);
  EXPECT_TRUE(file.problems.empty()) << problems_of(command);
  EXPECT_EQ(file.commands.size(), 1U);
  const auto& fact = std::get<NumberedFact>(file.commands.at(0));
  EXPECT_EQ(fact.number, 7U);
  return std::get<Command>(fact.fact);
}

TEST(FactsFile, IsReadInOurUnits) {
  const Names& names = deployment().names;
  const risk::AccountIndex alpha = names.accounts.find("alpha-1");
  const risk::AccountIndex bravo = names.accounts.find("bravo-1");
  const risk::AssetIndex usdc = names.assets.find("USDC");
  const risk::InstrumentIndex btc = names.instruments.find("BTC-PERP");

  const auto transfer = one<risk::Transfer>(
      R"({"action": "transfer", "number": 7, "asset": "USDC", "amount": "12.5", "from": "alpha-1",
          "to": "bravo-1"})");
  EXPECT_EQ(transfer.units, 12'500'000);
  EXPECT_EQ(transfer.from, alpha);
  EXPECT_EQ(transfer.to, bravo);
  EXPECT_EQ(transfer.asset, usdc);
  const auto paid_in = one<risk::Transfer>(
      R"({"action": "transfer", "number": 7, "asset": "USDC", "amount": "1", "to": "bravo-1"})");
  EXPECT_FALSE(paid_in.from.exists());

  const auto repaid = one<risk::Borrow>(
      R"({"action": "borrow", "number": 7, "account": "alpha-1", "asset": "USDC", "amount": "-2"})");
  EXPECT_EQ(repaid.units, -2'000'000);
  EXPECT_EQ(repaid.account, alpha);
  const auto interest = one<risk::Interest>(
      R"({"action": "interest", "number": 7, "account": "alpha-1", "asset": "BTC",
          "amount": "0.00000001"})");
  EXPECT_EQ(interest.units, 1);
  const auto conversion = one<risk::Conversion>(
      R"({"action": "convert", "number": 7, "account": "alpha-1", "from": "USDC", "given": "6",
          "to": "BTC", "got": "0.0001"})");
  EXPECT_EQ(conversion.given, 6'000'000);
  EXPECT_EQ(conversion.got, 10'000);
  EXPECT_EQ(conversion.from, usdc);
  const auto moved = one<risk::PositionTransfer>(
      R"({"action": "move_position", "number": 7, "instrument": "BTC-PERP", "from": "alpha-1",
          "to": "bravo-1", "quantity": "-0.5", "price": "64000.5"})");
  EXPECT_EQ(moved.lots.raw, -500);
  EXPECT_EQ(moved.price.raw * deployment().parameters.instruments[btc.value].marks_per_tick,
            640'005);
  EXPECT_EQ(moved.to, bravo);
  EXPECT_EQ(
      one<risk::Realise>(R"({"action": "realise", "number": 7, "account": "bravo-1"})").account,
      bravo);
  const auto expire = one<risk::Expire>(
      R"({"action": "expire", "number": 7, "instrument": "BTC-PERP", "price": "0"})");
  EXPECT_EQ(expire.price.raw, 0);
  EXPECT_EQ(expire.instrument, btc);
  const auto split = one<risk::Split>(
      R"({"action": "split", "number": 7, "instrument": "AMZN", "numerator": 3, "denominator": 2,
          "mark": "147"})");
  EXPECT_EQ(split.numerator, 3);
  EXPECT_EQ(split.denominator, 2);
  EXPECT_EQ(split.mark.raw, 1'470'000);
  EXPECT_EQ(
      one<risk::LeverageCap>(R"({"action": "leverage_cap", "number": 7, "max": "12.5"})").max_ppm,
      12'500'000);
  EXPECT_EQ(
      one<risk::LeverageCap>(R"({"action": "leverage_cap", "number": 7, "max": null})").max_ppm,
      std::numeric_limits<std::int64_t>::max());
}

TEST(FactsFile, TellsEveryProblem) {
  struct Wrong {
    const char* command;
    const char* problem;  // behind "c.json: commands[0]"
  };
  for (
      const Wrong& wrong : std::initializer_list<Wrong>{
          {R"({"action": "realise", "account": "bravo-1"})", ".number: is missing"},
          {R"({"action": "realise", "number": 0, "account": "bravo-1"})",
           ".number: 0: must be a whole number from 1"},
          {R"({"action": "realise", "number": 1, "account": "bravo"})",
           ".account: \"bravo\": must be the name of an account"},
          {R"({"action": "realise", "number": 1, "account": "bravo-1", "why": 1})",
           ".why: 1: is no key that is known here"},
          {R"({"action": "transfer", "number": 1, "asset": "USDC", "amount": "1"})",
           ": {\"action\":\"transfer\",\"number\":1,\"asset\":\"USDC\",\"amount\":\"1\"}: must "
           "have "
           "from or to"},
          {R"({"action": "transfer", "number": 1, "asset": "USDC", "amount": "0", "to": "alpha-1"})",
           ".amount: \"0\": must be"},
          {R"({"action": "transfer", "number": 1, "asset": "USDC", "amount": "-1",
                "to": "alpha-1"})",
           ".amount: \"-1\": must be"},
          {R"({"action": "transfer", "number": 1, "asset": "USDC", "amount": "0.0000001",
                "to": "alpha-1"})",
           ".amount: \"0.0000001\": "},
          {R"({"action": "transfer", "number": 1, "asset": "USDC", "amount": "1",
                "from": "alpha-1", "to": "alpha-1"})",
           ".to: \"alpha-1\": must not be the same as from"},
          {R"({"action": "borrow", "number": 1, "asset": "USDC", "amount": "0",
                "account": "alpha-1"})",
           ".amount: \"0\": must not be 0"},
          {R"({"action": "interest", "number": 1, "asset": "GOLD", "amount": "1",
                "account": "alpha-1"})",
           ".asset: \"GOLD\": must be the name of an asset"},
          {R"({"action": "convert", "number": 1, "account": "alpha-1", "from": "USDC", "given": "1",
                "to": "USDC", "got": "1"})",
           ".to: \"USDC\": must not be the same as from"},
          {R"({"action": "move_position", "number": 1, "instrument": "AMZN", "from": "alpha-1",
                "to": "bravo-1", "quantity": "0", "price": "220"})",
           ".quantity: \"0\": must be a whole number of lots"},
          {R"({"action": "move_position", "number": 1, "instrument": "AMZN", "from": "alpha-1",
                "to": "bravo-1", "quantity": "1", "price": "220.00001"})",
           ".price: \"220.00001\": "},
          {R"({"action": "split", "number": 1, "instrument": "AMZN", "numerator": 1000001,
                "denominator": 1, "mark": "1"})",
           ".numerator: 1000001: must be a whole number from 1 to 1000000"},
          {R"({"action": "split", "number": 1, "instrument": "AMZN", "numerator": 2,
                "denominator": 1, "mark": "0"})",
           ".mark: \"0\": must be"},
          {R"({"action": "expire", "number": 1, "instrument": "AMZN", "price": "-1"})",
           ".price: \"-1\": must be"},
          {R"({"action": "expire", "number": 1, "instrument": "AMZ", "price": "1"})",
           ".instrument: \"AMZ\": must be the name of an instrument"},
          {R"({"action": "leverage_cap", "number": 1, "max": "-1"})", ".max: \"-1\": must be"},
          {R"({"action": "leverage_cap", "number": 1})", ".max: is missing"},
      }) {
    const CommandsFile file = file_of(wrong.command);
    EXPECT_EQ(file.problems.size(), 1U) << wrong.command << "\n" << problems_of(wrong.command);
    EXPECT_EQ(problems_of(wrong.command).find(std::string("c.json: commands[0]") + wrong.problem),
              0U)
        << wrong.problem << "\n"
        << problems_of(wrong.command);
  }
}

TEST(FactsFile, NumbersRise) {
  EXPECT_EQ(problems_of(R"({"action": "realise", "number": 2, "account": "bravo-1"},
                           {"action": "kill", "node": "bravo"},
                           {"action": "realise", "number": 3, "account": "bravo-1"})"),
            "");
  EXPECT_EQ(problems_of(R"({"action": "realise", "number": 2, "account": "bravo-1"},
                           {"action": "realise", "number": 2, "account": "bravo-1"})"),
            "c.json: commands[1].number: 2: must be above that of the fact before it\n");
}

}  // namespace
}  // namespace portcullis::config::facts_file_test
