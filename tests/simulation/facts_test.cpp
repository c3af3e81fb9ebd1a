// What an operator tells of the venue's books: carried out once by its number, across restarts, and
// refused where it must be.
#include <gtest/gtest.h>

#include <string>

#include "gateway/commands/journal.h"
#include "tests/support/command_line.h"
#include "tests/support/gate_world.h"
#include "tests/support/venue_words.h"

namespace portcullis::test::facts_test {
namespace {

using gateway::gate::FactAnswer;
using gateway::gate::FactOutcome;
using risk::RejectReason;

constexpr std::int64_t kDollar = 1'000'000;  // USDC has six decimals

bool is_there(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

struct BooksWorld : GateWorld {
  risk::Int128 cash(risk::AccountIndex account) { return engine().balance(account, usdc).raw; }
  risk::Lots held(risk::AccountIndex account) { return engine().position(account, btc); }
  FactOutcome outcome(const config::Fact& fact) { return tell(++number, fact).outcome; }
  risk::Transfer paid_in(std::int64_t dollars) {
    return {.time = {}, .units = dollars * kDollar, .from = {}, .to = bravo, .asset = usdc};
  }
  const risk::AssetIndex usdc = deployment().names.assets.find("USDC");
  const risk::AssetIndex coin = deployment().names.assets.find("BTC");
  const risk::InstrumentIndex btc = instrument("BTC-PERP");
  const risk::InstrumentIndex amzn = instrument("AMZN");
  const risk::AccountIndex alpha = account("alpha-1");
  const risk::AccountIndex bravo = account("bravo-1");
  std::uint64_t number = 0;
};

TEST(Facts, CashIsPaidInOnceWhateverIsKilled) {
  BooksWorld w;
  w.follow(0);
  const risk::Int128 before = w.cash(w.bravo);
  EXPECT_EQ(w.outcome(w.paid_in(1'000)), FactOutcome::Done);
  EXPECT_EQ(w.tell(1, w.paid_in(1'000)).outcome, FactOutcome::Repeated);
  EXPECT_EQ(w.cash(w.bravo), before + 1'000 * kDollar);
  w.kill();  // which compares state and counters with what they were
  w.connect();
  EXPECT_EQ(w.gate().fact_number(), 1u);
  EXPECT_EQ(w.tell(1, w.paid_in(1'000)).outcome, FactOutcome::Repeated);
  ASSERT_TRUE(w.follower().write_snapshot());
  w.kill();
  EXPECT_GT(w.from_snapshot(), 0u);
  w.connect();
  EXPECT_EQ(w.tell(1, w.paid_in(1'000)).outcome, FactOutcome::Repeated);
  EXPECT_EQ(w.cash(w.bravo), before + 1'000 * kDollar);
  EXPECT_EQ(w.tell(5, w.paid_in(1)).outcome, FactOutcome::Done) << "numbers may be left out";
  EXPECT_EQ(w.tell(4, w.paid_in(1)).outcome, FactOutcome::Repeated);
  EXPECT_EQ(w.counters().facts, 2u);
  EXPECT_EQ(w.check(), "");
}

TEST(Facts, WhatTheMarginDoesNotLeaveIsRefusedAndItsNumberSpent) {
  BooksWorld w;
  const risk::Int128 before = w.cash(w.alpha);
  const risk::Transfer all{
      .time = {}, .units = 5'900'000 * kDollar, .from = w.alpha, .to = w.bravo, .asset = w.usdc};
  const FactAnswer answer = w.tell(1, all);
  EXPECT_EQ(answer.outcome, FactOutcome::Refused);
  EXPECT_NE(answer.decision.reason, RejectReason::None);
  EXPECT_GT(answer.decision.shortfall, 0);
  EXPECT_EQ(w.cash(w.alpha), before);
  EXPECT_EQ(w.gate().fact_number(), 1u);
  risk::Transfer some = all;
  some.units = 10 * kDollar;
  const risk::Int128 other = w.cash(w.bravo);
  EXPECT_EQ(w.tell(1, some).outcome, FactOutcome::Repeated);
  EXPECT_EQ(w.tell(2, some).outcome, FactOutcome::Done);
  EXPECT_EQ(w.cash(w.alpha), before - 10 * kDollar);
  EXPECT_EQ(w.cash(w.bravo), other + 10 * kDollar);
  w.kill();
  EXPECT_EQ(w.counters().facts, 1u);
  EXPECT_EQ(w.counters().facts_refused, 1u);
}

TEST(Facts, LoansInterestAndConversions) {
  BooksWorld w;
  const risk::Int128 before = w.cash(w.alpha);
  EXPECT_EQ(w.outcome(risk::Borrow{{}, -5, w.alpha, w.usdc}), FactOutcome::Refused)
      << "it owes nothing";
  EXPECT_EQ(w.outcome(risk::Interest{{}, 5, w.alpha, w.usdc}), FactOutcome::Done);
  EXPECT_EQ(w.outcome(risk::Borrow{{}, -5, w.alpha, w.usdc}), FactOutcome::Done);
  EXPECT_EQ(w.cash(w.alpha), before - 5);
  const risk::Int128 coins = w.engine().balance(w.alpha, w.coin).raw;
  EXPECT_EQ(
      w.outcome(risk::Conversion{
          .time = {}, .given = 7, .got = 11, .account = w.alpha, .from = w.coin, .to = w.usdc}),
      FactOutcome::Done);
  EXPECT_EQ(w.engine().balance(w.alpha, w.coin).raw, coins - 7);
  EXPECT_EQ(w.cash(w.alpha), before - 5 + 11);
  w.kill();
  EXPECT_EQ(w.cash(w.alpha), before - 5 + 11);
  EXPECT_EQ(w.check(), "");
}

TEST(Facts, PositionsMoveAndGainsBecomeBalance) {
  BooksWorld w;
  const risk::Lots held = w.held(w.alpha);
  ASSERT_EQ(held.raw, 2'500);
  risk::PositionTransfer moved{.time = {},
                               .lots = {1'000},
                               .price = {128'000},
                               .from = w.alpha,
                               .to = w.bravo,
                               .instrument = w.btc};
  EXPECT_EQ(w.outcome(moved), FactOutcome::Done);
  EXPECT_EQ(w.held(w.alpha).raw, 1'500);
  EXPECT_EQ(w.held(w.bravo).raw, 1'000);
  moved.to = w.alpha;
  EXPECT_EQ(w.outcome(moved), FactOutcome::Refused) << "to itself";
  const risk::Int128 before = w.cash(w.alpha);
  w.mark(w.btc, {650'000});
  EXPECT_EQ(w.cash(w.alpha), before);
  EXPECT_EQ(w.outcome(risk::Realise{{}, w.alpha, {}}), FactOutcome::Done);
  EXPECT_NE(w.cash(w.alpha), before);
  w.kill();
  EXPECT_EQ(w.held(w.bravo).raw, 1'000);
  EXPECT_EQ(w.check(), "");
}

TEST(Facts, AnInstrumentEndsOnlyWithoutOrders) {
  BooksWorld w;
  const risk::SessionIndex session = w.session("BRAVO1");
  const risk::Decision entered = w.enter(session, {.number = 1, .quantity = 1});
  ASSERT_EQ(entered.reason, RejectReason::None);
  w.say(accepted(entered.number, {.quantity = 1, .firm = "BRV1"}));
  w.deliver();
  const std::uint64_t records = w.journal().published_sequence();
  const risk::Expire expire{.time = {}, .price = {2'200'000}, .instrument = w.amzn};
  const risk::Split split{
      .time = {}, .mark = {1'100'000}, .numerator = 2, .denominator = 1, .instrument = w.amzn};
  EXPECT_EQ(w.tell(1, expire).outcome, FactOutcome::HasOrders);
  EXPECT_EQ(w.tell(1, split).outcome, FactOutcome::HasOrders);
  EXPECT_EQ(w.gate().fact_number(), 0u);
  EXPECT_EQ(w.journal().published_sequence(), records) << "nothing is recorded";
  ASSERT_EQ(w.cancel(session, 1).disposition, risk::Disposition::Forward);
  w.say(canceled(entered.number, 1));
  w.deliver();
  const risk::AccountIndex holder = w.account("bravo-2");
  const std::int64_t held = w.engine().position(holder, w.amzn).raw;
  EXPECT_EQ(w.tell(1, split).outcome, FactOutcome::Done);
  EXPECT_EQ(w.engine().position(holder, w.amzn).raw, 2 * held);
  EXPECT_EQ(w.tell(2, expire).outcome, FactOutcome::Done);
  EXPECT_EQ(w.engine().position(holder, w.amzn).raw, 0);
  EXPECT_EQ(w.enter(session, {.number = 2, .quantity = 1}).disposition, risk::Disposition::Reject);
  w.kill();
  EXPECT_EQ(w.engine().phase(w.amzn), risk::InstrumentPhase::Expired);
  EXPECT_EQ(w.check(), "");
}

TEST(Facts, AreToldInWords) {
  BooksWorld w;
  (void)w.outcome(w.paid_in(1'000));
  (void)w.outcome(risk::Conversion{.time = {},
                                   .given = 7 * kDollar,
                                   .got = 11,
                                   .account = w.alpha,
                                   .from = w.usdc,
                                   .to = w.coin});
  (void)w.outcome(risk::LeverageCap{{}, 20 * risk::kPpm});
  const auto told = [&](const char* type) {
    const Outcome outcome = run_command(
        gateway::add_journal_command, {"journal", "--journal", w.journal_folder(), "--type", type});
    EXPECT_EQ(outcome.code, 0) << outcome.errors;
    return outcome.out;
  };
  EXPECT_TRUE(is_there(told("transfer"),
                       "transfer number 1 units 1000 from none to bravo-1 asset USDC -> forward"))
      << told("transfer");
  EXPECT_TRUE(
      is_there(told("conversion"), "conversion number 2 alpha-1 gives 7 USDC for 0.00000011 BTC\n"))
      << told("conversion");
  EXPECT_TRUE(is_there(told("leverage_cap"), "leverage_cap number 3 max_ppm 20000000\n"))
      << told("leverage_cap");
}

}  // namespace
}  // namespace portcullis::test::facts_test
