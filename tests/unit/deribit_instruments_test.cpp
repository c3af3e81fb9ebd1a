// Deribit's list of instruments.
#include "feeds/dialects/deribit_instruments.h"

#include <gtest/gtest.h>

#include "tests/support/feed_frames.h"

namespace portcullis::feeds::deribit_instruments_test {
namespace {

using test::replaced;

// 27 September 2024, 08:00 UTC.
const std::string kCall =
    R"({"tick_size":0.0005,"strike":60000.0,"settlement_period":"month","settlement_currency":"BTC",)"
    R"("quote_currency":"BTC","option_type":"call","kind":"option","is_active":true,)"
    R"("instrument_name":"BTC-27SEP24-60000-C","expiration_timestamp":1727424000000,)"
    R"("counter_currency":"USD","contract_size":1.0,"base_currency":"BTC"})";
const std::string kLinear =
    R"({"strike":0.625,"settlement_currency":"USDC","quote_currency":"USDC","option_type":"put",)"
    R"("kind":"option","is_active":false,"instrument_name":"XRP_USDC-5JUL24-0d625-P",)"
    R"("expiration_timestamp":1720166400000,"counter_currency":"USDC","contract_size":1000,)"
    R"("base_currency":"XRP"})";
const std::string kPerpetual =
    R"({"kind":"future","instrument_name":"BTC-PERPETUAL","settlement_period":"perpetual"})";

DeribitInstruments read(const std::string& items) {
  return read_deribit_instruments(R"({"jsonrpc":"2.0","result":[)" + items + "]}");
}

TEST(DeribitInstruments, DescribesOptions) {
  const DeribitInstruments list = read(kCall + "," + kPerpetual + "," + kLinear);
  EXPECT_TRUE(list.problems.empty());
  EXPECT_EQ(list.others, 1U);
  EXPECT_EQ(list.refused, 0U);
  ASSERT_EQ(list.options.size(), 2U);
  const OptionDescription& call = list.options[0];
  EXPECT_EQ(call.name, "BTC-27SEP24-60000-C");
  EXPECT_EQ(call.kind, OptionKind::Call);
  EXPECT_EQ(to_decimal(call.strike), "60000");
  EXPECT_EQ(call.expiry_ns, 1'727'424'000'000'000'000);
  EXPECT_EQ(call.base, "BTC");
  EXPECT_EQ(call.settlement, "BTC");
  EXPECT_TRUE(call.pays_in_coin());
  EXPECT_EQ(to_decimal(call.contract_size), "1");
  EXPECT_TRUE(call.is_active);
  const OptionDescription& put = list.options[1];
  EXPECT_EQ(put.kind, OptionKind::Put);
  EXPECT_EQ(to_decimal(put.strike), "0.625");
  EXPECT_EQ(put.base, "XRP");
  EXPECT_EQ(put.settlement, "USDC");
  EXPECT_FALSE(put.pays_in_coin());
  EXPECT_EQ(to_decimal(put.contract_size), "1000");
  EXPECT_FALSE(put.is_active);
}

TEST(DeribitInstruments, OlderListsSettleInWhatIsQuoted) {
  const DeribitInstruments list = read(replaced(kCall, R"("settlement_currency":"BTC",)", ""));
  EXPECT_EQ(list.options.at(0).settlement, "BTC");
}

TEST(DeribitInstruments, NameAndFieldsMustAgree) {
  struct Row {
    std::string_view what, with, problem;
  };
  for (const Row& row : std::vector<Row>{
           {"60000.0", "61000", "strike 61000 is not that of the name"},
           {R"("strike":60000.0)", R"("strike":null)", "strike is not a number"},
           {R"("strike":60000.0,)", "", "strike is missing"},
           {"60000.0", "-60000", "strike is not above zero"},
           {R"("call")", R"("put")", "option_type put is not that of the name"},
           {R"("call")", R"("straddle")", R"(option_type must be "call" or "put")"},
           {R"("base_currency":"BTC")", R"("base_currency":"ETH")",
            "base_currency ETH is not that of the name"},
           {"1727424000000", "1727337600000",
            "expiration_timestamp 1727337600000 is not that of the name"},
           {"1727424000000", "1727424000000.5", "expiration_timestamp is no time in milliseconds"},
           {"1727424000000", "99999999999999", "expiration_timestamp is no time in milliseconds"},
           {R"("quote_currency":"BTC")", R"("quote_currency":7)", "quote_currency must be text"},
           {R"("contract_size":1.0)", R"("contract_size":0)", "contract_size is not above zero"},
           {"60000-C\"", "60000-X\"", "the name is not that of an option"},
       }) {
    const DeribitInstruments list = read(replaced(kCall, row.what, row.with));
    EXPECT_EQ(list.options.size(), 0U);
    EXPECT_EQ(list.refused, 1U);
    ASSERT_EQ(list.problems.size(), 1U);
    EXPECT_EQ(list.problems[0].substr(list.problems[0].find(": ") + 2), row.problem);
  }
  const DeribitInstruments linear =
      read(replaced(kLinear, R"("counter_currency":"USDC")", R"("counter_currency":"USDT")"));
  EXPECT_EQ(linear.problems.at(0),
            R"("XRP_USDC-5JUL24-0d625-P": counter_currency USDT is not that of the name)");
}

TEST(DeribitInstruments, OneFaultIsOfOneOptionAlone) {
  const DeribitInstruments list = read(kCall + ",7," + replaced(kLinear, "0.625", "0.75") + "," +
                                       kCall + R"(,{"kind":"option"})");
  EXPECT_EQ(list.options.size(), 1U);
  EXPECT_EQ(list.refused, 4U);
  EXPECT_EQ(list.problems, (std::vector<std::string>{
                               "(no name): instrument_name is missing",
                               R"("XRP_USDC-5JUL24-0d625-P": strike 0.75 is not that of the name)",
                               R"("BTC-27SEP24-60000-C": is there twice)",
                               "(no name): instrument_name is missing"}));
}

TEST(DeribitInstruments, AnotherReplyIsNoList) {
  EXPECT_EQ(read_deribit_instruments(R"({"result":{}})").problems,
            (std::vector<std::string>{"result must be a list of instruments"}));
  EXPECT_EQ(read_deribit_instruments(R"({"error":{"code":1}})").problems.size(), 1U);
  EXPECT_EQ(read_deribit_instruments("[").problems.size(), 1U);
}

TEST(DeribitOptionName, HasAGrammar) {
  const auto name = parse_deribit_option_name("ETH_USDC-1JAN70-0d5-P");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->currency, "ETH");
  EXPECT_EQ(name->quote, "USDC");
  EXPECT_EQ(name->day, 36'525);  // 2070-01-01
  EXPECT_EQ(to_decimal(name->strike), "0.5");
  EXPECT_EQ(name->kind, OptionKind::Put);
  EXPECT_EQ(parse_deribit_option_name("BTC-29FEB24-1000-C")->day, 19'782);
  for (const std::string_view bad : {"",
                                     "BTC",
                                     "BTC-PERPETUAL",
                                     "BTC-27SEP24",
                                     "BTC-27SEP24-60000",
                                     "BTC-27SEP24-60000-c",
                                     "BTC-27SEP24-60000-CC",
                                     "BTC-27SEP24-60000-C-P",
                                     "btc-27SEP24-60000-C",
                                     "-27SEP24-60000-C",
                                     "BTC_-27SEP24-60000-C",
                                     "_USDC-27SEP24-60000-C",
                                     "BTC-29FEB23-60000-C",
                                     "BTC-32SEP24-60000-C",
                                     "BTC-0SEP24-60000-C",
                                     "BTC-SEP24-60000-C",
                                     "BTC-027SEP24-60000-C",
                                     "BTC-27SEPT24-60000-C",
                                     "BTC-27sep24-60000-C",
                                     "BTC-27SEP2024-60000-C",
                                     "BTC-27SEP2x-60000-C",
                                     "BTC-27SEP24--C",
                                     "BTC-27SEP24-0-C",
                                     "BTC-27SEP24-0d0-C",
                                     "BTC-27SEP24-6e4-C",
                                     "BTC-27SEP24-1d2d3-C",
                                     "BTC-27SEP24-d5-C",
                                     "BTC-27SEP24-5d-C",
                                     "BTC-27SEP24-060000-C",
                                     "BTC-27SEP24-60.5-C",
                                     "BTC-27SEP24-99999999999999999999-C",
                                     "BTC-27SEP24--60000-C"}) {
    EXPECT_FALSE(parse_deribit_option_name(bad)) << bad;
  }
}

}  // namespace
}  // namespace portcullis::feeds::deribit_instruments_test
