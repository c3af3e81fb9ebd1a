// What sources say of contracts, on its way to the shard: by the example of config/examples/feeds.
#include "feeds/contract_desk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "config/decimal.h"
#include "risk/state.h"
#include "tests/support/example_config.h"

namespace portcullis::feeds::contract_desk_test {
namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kSecond = 1'000 * kMs;
constexpr std::int64_t kHour = 3'600 * kSecond;
constexpr std::int64_t kStart = 1'767'600'000 * kSecond;

class ContractDesks : public testing::Test {
 protected:
  ContractDesks()
      : loaded(config::load_texts(test::read_example_with_fundings(), test::example_folder())),
        queue(loaded.deployment.instruments.size(), {}),
        desk(deployment, queue, kStart,
             [this](std::string_view text) { texts.emplace_back(text); }) {
    EXPECT_TRUE(loaded.ok()) << test::problems_text(loaded);
  }
  void says(const char* source, const char* symbol, MarketField field, const char* number,
            std::int64_t time_ns, std::int64_t next_ns = 0) {
    MarketUpdate update{.symbol = symbol, .source_time_ns = time_ns};
    update[field] = config::parse_exact(number, true).number;
    if (next_ns != 0) update.next_funding_ns = next_ns;
    desk.take(deployment.names.sources.find(source), update, now);
  }
  // What the shard gets of it.
  std::vector<ContractUpdate> step() {
    desk.step(now);
    std::vector<ContractUpdate> updates;
    while (const auto update = queue.take()) updates.push_back(*update);
    return updates;
  }
  ContractUpdate funding(risk::InstrumentIndex of, std::int64_t paid, std::int64_t predicted) {
    return {.instrument = of, .has_funding = true, .paid = paid, .predicted = predicted};
  }

  const config::LoadResult loaded;
  const config::Deployment& deployment = loaded.deployment;
  const risk::InstrumentIndex btc = deployment.names.instruments.find("BTC-PERP");
  const risk::InstrumentIndex eth = deployment.names.instruments.find("ETH-PERP");
  std::vector<std::string> texts;
  ContractQueue queue;
  ContractDesk desk;
  std::int64_t now = kStart;
};

TEST_F(ContractDesks, AsksForWhatTheConfigurationSays) {
  ASSERT_EQ(deployment.feed.fundings.size(), 2U);
  const FundingTerms terms = funding_terms(deployment, deployment.feed.fundings[0]);
  EXPECT_EQ(terms.instrument, btc);
  EXPECT_EQ(terms.payoff, risk::Payoff::Linear);
  EXPECT_EQ(terms.units_per_lot_mark,
            deployment.parameters.instruments[btc.value].units_per_lot_mark);
  EXPECT_EQ(terms.style, FundingStyle::AtSettlement);
  EXPECT_EQ(terms.interval_ns, 8 * kHour);
  EXPECT_EQ(terms.age_max_ns, 60 * kSecond);
  EXPECT_EQ(terms.period_ns, 10 * kSecond);
  EXPECT_EQ(terms.rate_max_ppm, 30'000);
  EXPECT_EQ(funding_terms(deployment, deployment.feed.fundings[1]).style, FundingStyle::Continuous);
}

// A lot of BTC-PERP is worth 60,000 * 0.001 USDC, which has six decimals: 1 bp is 6,000 units.
TEST_F(ContractDesks, ASettlementIsPaidOnceAndOnlyByItsSource) {
  const auto& parameters = deployment.parameters.instruments[btc.value];
  const std::int64_t lot = 600'000 * parameters.units_per_lot_mark;
  desk.take_mark(btc, 600'000, now);
  says("bybit", "BTCUSDT", MarketField::PredictedFundingRate, "0.0001", now, now + 5 * kSecond);
  says("binance", "ETHUSDT", MarketField::PredictedFundingRate, "0.0001", now, now + 5 * kSecond);
  EXPECT_TRUE(step().empty());
  EXPECT_EQ(desk.next_due_ns(), kStart + 10 * kSecond) << "the shortest period";
  says("binance", "BTCUSDT", MarketField::PredictedFundingRate, "0.0001", now, now + 5 * kSecond);
  const std::int64_t payment = lot / 10'000 * risk::kFundingScale;
  EXPECT_EQ(step(), std::vector{funding(btc, 0, payment)});
  EXPECT_EQ(desk.next_due_ns(), kStart + 5 * kSecond);
  now += 5 * kSecond;
  EXPECT_EQ(step(), std::vector{funding(btc, payment, payment)});
  now += 10 * kSecond;
  EXPECT_TRUE(step().empty());
  EXPECT_EQ(desk.funding_counters(0).settlements, 1U);
}

TEST_F(ContractDesks, WhatIsPaidAsTimeGoesByAddsUpWhileTheShardTakesNothing) {
  desk.take_mark(eth, 40'000, now);
  says("deribit", "ETH-PERPETUAL", MarketField::FundingRate, "0.0008", now);
  EXPECT_EQ(step().size(), 1U) << "the prediction";
  for (int minute = 0; minute < 5; ++minute) {
    for (int part = 0; part < 2; ++part) {
      now += 30 * kSecond;
      desk.take_mark(eth, 40'000, now);
      says("deribit", "ETH-PERPETUAL", MarketField::FundingRate, "0.0008", now);
    }
    desk.step(now);  // and the queue's place is full from the first on
    EXPECT_EQ(desk.next_due_ns(), now + (minute == 0 ? 10 * kSecond : kMs));
  }
  std::int64_t paid = 0;
  for (const ContractUpdate& update : step()) paid += update.paid;
  for (const ContractUpdate& update : step()) paid += update.paid;
  const std::int64_t lot = 40'000 * deployment.parameters.instruments[eth.value].units_per_lot_mark;
  // 0.0008 of 8 hours for 5 minutes; ten pieces, each rounded to 1e-9 units.
  const auto exact = static_cast<std::int64_t>(risk::Int128{lot} * risk::kFundingScale * 8 * 300 /
                                               (10'000 * risk::Int128{28'800}));
  EXPECT_LE(std::abs(paid - exact), 6);
  EXPECT_EQ(desk.funding_counters(1).missed_ns, 0);
}

// Nobody had been told what was not paid.
TEST_F(ContractDesks, ASettlementThatIsNotPaidIsTold) {
  says("binance", "BTCUSDT", MarketField::PredictedFundingRate, "0.0001", now, now + 5 * kSecond);
  now += 5 * kSecond;
  const std::string btc_is_not =
      "funding of BTC-PERP: 1 settlement(s) without a fresh rate and mark, not paid";
  EXPECT_TRUE(step().empty());
  EXPECT_EQ(std::ranges::count(texts, btc_is_not), 1) << "it had no mark";
  now += 5 * kSecond;
  EXPECT_TRUE(step().empty());
  EXPECT_EQ(std::ranges::count(texts, btc_is_not), 1) << "and it is told once";
}

TEST_F(ContractDesks, TimeThatIsNotPaidIsToldWhenItBeginsAndWhenItHasEnded) {
  const auto say = [&] {
    desk.take_mark(eth, 40'000, now);
    says("deribit", "ETH-PERPETUAL", MarketField::FundingRate, "0.0008", now);
  };
  say();
  EXPECT_EQ(step().size(), 1U);
  now += 10 * kSecond;
  step();
  EXPECT_TRUE(texts.empty());
  // Good for 60 s after their time.
  for (int i = 0; i < 3; ++i) {
    now += 30 * kSecond;
    step();
  }
  EXPECT_EQ(texts,
            std::vector<std::string>{"funding of ETH-PERP: no fresh rate and mark, not paid"});
  say();
  step();
  EXPECT_EQ(texts.size(), 1U) << "no time has gone by in which it was paid";
  now += kSecond;
  step();
  ASSERT_EQ(texts.size(), 2U);
  EXPECT_EQ(texts[1], "funding of ETH-PERP: paid again, 40000 ms were not");
  EXPECT_EQ(desk.funding_counters(1).missed_ns, 40 * kSecond);
}

TEST_F(ContractDesks, AtTheEndNothingPaidWaitsForItsPeriod) {
  desk.take_mark(eth, 40'000, now);
  says("deribit", "ETH-PERPETUAL", MarketField::FundingRate, "0.0008", now);
  EXPECT_EQ(step().size(), 1U);
  now += 15 * kSecond;
  EXPECT_TRUE(step().empty());
  desk.finish(now);
  const auto last = queue.take();
  ASSERT_TRUE(last);
  EXPECT_EQ(last->paid, (last->predicted * 2 / 1'920 + 1) / 2) << "15 s of 8 hours";
}

TEST_F(ContractDesks, APaymentOfAnEarlierProcessIsNotMadeAgain) {
  desk.take_mark(btc, 600'000, now);
  says("binance", "BTCUSDT", MarketField::PredictedFundingRate, "0.0001", now, now + 20 * kSecond);
  now += 20 * kSecond;
  ASSERT_EQ(step().size(), 1U);
  EXPECT_EQ(desk.funding_counters(0).settlements, 1U);
  // Another process begins a moment later, and the source's last word is older than that.
  ContractDesk again(deployment, queue, now + 5 * kMs, [](std::string_view) {});
  const auto tell = [&](const char* source, const char* symbol, MarketField field,
                        std::int64_t time_ns, std::int64_t next_ns) {
    MarketUpdate update{.symbol = symbol, .source_time_ns = time_ns};
    update[field] = config::parse_exact("0.0001", true).number;
    if (next_ns != 0) update.next_funding_ns = next_ns;
    again.take(deployment.names.sources.find(source), update, now + 6 * kMs);
  };
  again.take_mark(btc, 600'000, now);
  tell("binance", "BTCUSDT", MarketField::PredictedFundingRate, now - kSecond, now);
  // As time goes by: of the time before it began nothing.
  again.take_mark(eth, 40'000, now - 30 * kSecond);
  tell("deribit", "ETH-PERPETUAL", MarketField::FundingRate, now - 30 * kSecond, 0);
  again.step(now + 6 * kMs);
  EXPECT_EQ(again.funding_counters(0).refused, 1U);
  EXPECT_EQ(again.funding_counters(0).settlements, 0U);
  const auto told = queue.take();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->instrument, eth);
  const std::int64_t lot = 40'000 * deployment.parameters.instruments[eth.value].units_per_lot_mark;
  // A thousandth of a second.
  EXPECT_EQ(told->paid, static_cast<std::int64_t>((risk::Int128{lot} * risk::kFundingScale * 2 /
                                                       (10'000 * risk::Int128{28'800} * 1'000) +
                                                   1) /
                                                  2));
  EXPECT_FALSE(queue.take());
}

TEST_F(ContractDesks, OpenInterestIsToldInWholeLotsAndNotTooOften) {
  const config::InstrumentSettings& settings = deployment.instruments[btc.value];
  const auto lots = [&](std::int64_t thousandths) {
    risk::Int128 scale = 1;
    for (int d = 0; d < settings.quantity_decimals; ++d) scale *= 10;
    return risk::Lots{static_cast<std::int64_t>(thousandths * scale / 1'000 / settings.lot)};
  };
  const auto told = [&](std::int64_t thousandths) {
    return ContractUpdate{
        .instrument = btc, .has_open_interest = true, .open_interest = lots(thousandths)};
  };
  says("bybit", "BTCUSDT", MarketField::OpenInterest, "51234.5", now);
  EXPECT_EQ(step(), std::vector{told(51'234'500)});
  says("bybit", "BTCUSDT", MarketField::OpenInterest, "51234.5004", now + kSecond);
  says("bybit", "BTCUSDT", MarketField::OpenInterest, "60000", now + 2 * kSecond);
  says("bybit", "BTCUSDT", MarketField::OpenInterest, "70000", now + kSecond);  // late
  says("bybit", "BTCUSDT", MarketField::OpenInterest, "9223372036854775807", now + 2 * kSecond);
  EXPECT_TRUE(step().empty());
  now += 60 * kSecond;
  EXPECT_EQ(step(), std::vector{told(60'000'000)});
  now += 60 * kSecond;
  EXPECT_TRUE(step().empty()) << "nothing is new";
  EXPECT_EQ(desk.open_interest_counters(0).taken, 3U);
  EXPECT_EQ(desk.open_interest_counters(0).refused, 2U);
}

TEST_F(ContractDesks, ATimeAheadOfOursIsNotBelieved) {
  desk.take_mark(btc, 600'000, now);
  says("binance", "BTCUSDT", MarketField::PredictedFundingRate, "0.0001", now + 2'001 * kMs,
       now + kHour);
  EXPECT_EQ(desk.ahead(), 1U);
  EXPECT_TRUE(step().empty());
  says("binance", "BTCUSDT", MarketField::PredictedFundingRate, "0.0001", now + 2'000 * kMs,
       now + kHour);
  EXPECT_EQ(desk.funding_counters(0).rates, 1U);
}

}  // namespace
}  // namespace portcullis::feeds::contract_desk_test
