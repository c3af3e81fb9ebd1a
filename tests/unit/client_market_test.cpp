// What the load client makes of a deployment: who may trade what, in which units, from which price.
#include "gateway/client/market.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "tests/support/client_plan.h"
#include "tests/support/example_config.h"
#include "tests/support/journal_support.h"

namespace portcullis::gateway::client::client_market_test {
namespace {

using journal::testing::TemporaryFolder;
using test::example_market;
using test::instrument;

const Book& book(const Trader& trader, std::string_view name) {
  for (const Book& book : trader.books) {
    if (book.instrument == instrument(name)) return book;
  }
  throw std::runtime_error("no such book");
}

std::int64_t opening(std::string_view name) {
  const Market& market = example_market();
  for (std::size_t s = 0; s < market.feed_symbols.size(); ++s) {
    if (market.feed_symbols[s].name == name) return market.opening[s];
  }
  throw std::runtime_error("no such symbol");
}

std::string written(const TemporaryFolder& folder, const std::string& text) {
  const std::filesystem::path file = folder / "opening.csv";
  std::ofstream(file) << text;
  return file.string();
}

TEST(ClientMarket, EachAccountThatMayTradeIsThereOnceAtItsSession) {
  std::set<std::uint32_t> accounts;
  for (const Trader& trader : example_market().traders) {
    EXPECT_TRUE(accounts.insert(trader.account.value).second);
  }
  EXPECT_EQ(accounts.size(), 12) << "all but the suspense account, which no session may use";
  EXPECT_EQ(test::trader("bravo-3").session, test::session("BRAVO1"));
  EXPECT_FALSE(test::trader("bravo-3").is_default);
  EXPECT_TRUE(test::trader("bravo-1").is_default);
  EXPECT_FALSE(test::trader("alpha-1").is_default) << "ALPHA1 has none";
  EXPECT_EQ(test::trader("bravo-3").firm, test::text<4>("BRV3"));
  EXPECT_EQ(test::trader("bravo-3").orders_per_s, 200);
}

TEST(ClientMarket, AnAccountOfTwoSessionsIsAtTheFirst) {
  config::Deployment deployment = test::example_deployment();
  const risk::AccountIndex shared = test::trader("bravo-1").account;
  auto& accounts = deployment.parameters.sessions[test::session("BRAVO2")].accounts;
  accounts.insert(accounts.begin(), shared);
  const Market market = load_market(deployment, test::example_folder() / "opening.csv");
  ASSERT_EQ(market.traders.size(), 12);
  for (const Trader& trader : market.traders) {
    if (trader.account != shared) continue;
    EXPECT_EQ(trader.session, test::session("BRAVO1"));
  }
}

TEST(ClientMarket, BooksHaveTheLimitsAndTheUnitsOfTheirAccountAndSession) {
  const Book& small = book(test::trader("bravo-3"), "BTC-PERP");
  EXPECT_EQ(small.clip, 250);  // 0.25 in lots of 0.001
  EXPECT_EQ(small.collar_ppm, 20'000);
  EXPECT_EQ(small.tick, 5);  // 0.5 in tenths
  EXPECT_FALSE(small.restricted);
  EXPECT_EQ(small.alias->symbol, test::text<8>("BTCPERP"));
  EXPECT_TRUE(book(test::trader("bravo-3"), "EUR/USD").restricted);
  EXPECT_EQ(book(test::trader("bravo-house"), "BTC-PERP").alias->symbol, test::text<8>("XBTUSD"));
  // CHARL1 may not trade AMZN.
  EXPECT_EQ(test::trader("charlie-1").books.size(), 3);
  EXPECT_THROW((void)book(test::trader("charlie-1"), "AMZN"), std::runtime_error);
}

TEST(ClientMarket, OpensAtTheFirstPriceOfEachSymbolInTheFinestUnit) {
  EXPECT_EQ(opening("AMZN"), 2'224'000);
  EXPECT_EQ(opening("EUR/USD"), 108'512);
  const Market& market = example_market();
  EXPECT_EQ(market.feed_symbols.size(), 7);
  EXPECT_EQ(market.factors.size(), 7);
  const std::uint32_t perpetual = book(test::trader("alpha-1"), "BTC-PERP").feed_symbol;
  EXPECT_EQ(market.feed_symbols[perpetual].name, "BTC-PERP");
  const auto coin = std::find_if(market.feed_symbols.begin(), market.feed_symbols.end(),
                                 [](const FeedSymbol& symbol) { return symbol.name == "BTC"; });
  EXPECT_EQ(market.factors[perpetual],
            market.factors[static_cast<std::size_t>(coin - market.feed_symbols.begin())])
      << "they move together";
}

TEST(ClientMarket, AMissingPriceOrABrokenRecordingIsRefused) {
  const TemporaryFolder folder;
  const std::string whole = test::read_file(test::example_folder() / "opening.csv");
  EXPECT_NO_THROW((void)load_market(test::example_deployment(), written(folder, whole)));
  const std::size_t amzn = whole.find("0,AMZN");
  std::string without = whole;
  without.erase(amzn, whole.find('\n', amzn) + 1 - amzn);
  EXPECT_THROW((void)load_market(test::example_deployment(), written(folder, without)),
               std::runtime_error);
  EXPECT_THROW(
      (void)load_market(test::example_deployment(), written(folder, whole + "0,AMZN,nothing\n")),
      std::runtime_error);
  EXPECT_THROW((void)load_market(test::example_deployment(), folder / "nowhere.csv"),
               std::runtime_error);
}

TEST(ClientMarket, ADeploymentInWhichNobodyMayTradeIsRefused) {
  config::Deployment deployment = test::example_deployment();
  for (auto& session : deployment.parameters.sessions) session.accounts.clear();
  EXPECT_THROW((void)load_market(deployment, test::example_folder() / "opening.csv"),
               std::runtime_error);
}

TEST(ClientMarket, AnEmptyPlanHasItsSymbolsAndANumberCountForEachSession) {
  const Plan plan = begin_plan(example_market());
  EXPECT_EQ(plan.feed_symbols.size(), 7);
  EXPECT_EQ(plan.numbers, std::vector<std::uint32_t>(6, 0));
  EXPECT_TRUE(plan.messages.empty());
}

}  // namespace
}  // namespace portcullis::gateway::client::client_market_test
