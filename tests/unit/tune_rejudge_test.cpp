// A journal judged again under a candidate: what is told to be different, under both conventions, and
// what becomes of the orders that are judged otherwise.
#include <gtest/gtest.h>

#include "tests/support/tuned.h"
#include "tests/support/venue_words.h"

namespace portcullis::test::tune_rejudge_test {
namespace {

using gateway::tune::Change;
using risk::RejectReason;

constexpr const char* kClip = "profiles.client.instruments.AMZN.clip";
constexpr const char* kLong = "profiles.client.instruments.AMZN.long_max";

std::uint64_t count(const gateway::tune::Comparison::Reasons& reasons, RejectReason reason) {
  return reasons[static_cast<std::size_t>(reason)];
}

// bravo-1 buys AMZN, where a client's clip is 1,000 and long_max 4,000.
class TuneRejudge : public testing::Test {
 protected:
  risk::Decision buy(std::uint32_t number, std::uint32_t quantity) {
    return w.enter(bravo, {.number = number, .quantity = quantity});
  }
  // And the venue takes it, under the gate's number.
  void buy_at_venue(std::uint32_t number, std::uint32_t quantity) {
    const risk::Decision decision = buy(number, quantity);
    ASSERT_EQ(decision.disposition, risk::Disposition::Forward);
    w.say(accepted(decision.number, {.quantity = quantity}));
  }
  [[nodiscard]] std::int64_t position(Tuned& tuned) {
    return tuned.engine().position(w.account("bravo-1"), w.instrument("AMZN")).raw;
  }

  GateWorld w;
  const risk::SessionIndex bravo = w.session("BRAVO1");
};

TEST_F(TuneRejudge, AnUnchangedCandidateChangesNothing) {
  buy_at_venue(1, 800);
  w.say(executed(1, 300, kAmznPrice, 1));
  buy(2, 100'000);
  w.replace(bravo, 1, {.number = 3, .quantity = 900});
  w.say(replaced(1, 2, {.quantity = 600}));
  w.cancel(bravo, 3);
  w.say(canceled(2, 600));
  w.control({.time = {},
             .target = w.account("bravo-2").value,
             .by = {},
             .scope = risk::ControlScope::Account,
             .action = risk::ControlAction::Kill});
  for (const auto convention : {kAsRecorded, kUnfilled, kFilled}) {
    Tuned tuned(w, {}, convention);
    EXPECT_EQ(tuned.total().messages, 4U);
    EXPECT_EQ(tuned.total().refused_then, 1U);
    EXPECT_EQ(tuned.total().refused_now, 1U);
    EXPECT_EQ(tuned.total().differences(), 0U);
    EXPECT_EQ(tuned.of(Change::Follows), 0U);
    EXPECT_EQ(tuned.engine().state_hash(), w.gate().engine().state_hash());
  }
}

TEST_F(TuneRejudge, TellsWhatIsNewlyRefusedAndByWhom) {
  buy_at_venue(1, 100);
  buy_at_venue(2, 600);
  buy(3, 5'000);  // refused by the account's clip, then as now
  const Tuned tuned(w, {limit_change(kClip, "\"500\"")});
  EXPECT_EQ(tuned.of(Change::Refused), 1U);
  EXPECT_EQ(tuned.total().differences(), 1U);
  EXPECT_EQ(count(tuned.comparison().newly_refused, RejectReason::ClipSize), 1U);
  const auto bravo_1 = w.account("bravo-1");
  EXPECT_EQ(tuned.comparison().by_account[bravo_1.value].of(Change::Refused), 1U);
  EXPECT_EQ(tuned.comparison().by_instrument[w.instrument("AMZN").value].of(Change::Refused), 1U);
  ASSERT_EQ(tuned.comparison().examples.size(), 1U);
  const gateway::tune::Judged& judged = tuned.comparison().examples.front();
  EXPECT_EQ(judged.quantity.raw, 600);
  EXPECT_EQ(gateway::message_text(tuned.deployment(), judged), "enter bravo-1 buy 600 AMZN @ 220");
  EXPECT_EQ(gateway::verdict_text(tuned.deployment(), judged, judged.now),
            "reject clip_size at account bravo-1: limit 500, needed 600, available 500");
  EXPECT_EQ(gateway::verdict_text(tuned.deployment(), judged, judged.then), "forward");
}

TEST_F(TuneRejudge, TellsWhatIsRefusedForAnotherReason) {
  buy(1, 5'000);
  const Tuned by_notional(w, {limit_change(kClip, "\"6000\"")});
  EXPECT_EQ(by_notional.of(Change::Reason), 1U);
  EXPECT_EQ(by_notional.comparison().other_reasons.at(
                {RejectReason::ClipSize, RejectReason::MaxNotional}),
            1U);
  // By the group's clip, not the account's.
  const Tuned by_group(w, {limit_change("profiles.group.instruments.AMZN.clip", "\"2000\""),
                           limit_change(kClip, "\"6000\"")});
  EXPECT_EQ(by_group.of(Change::Reason), 1U);
  const Tuned unchanged(w, {limit_change(kClip, "\"900\"")});
  EXPECT_EQ(unchanged.total().differences(), 0U);
}

TEST_F(TuneRejudge, UnderTheRecordingEachDecisionStandsForItself) {
  buy_at_venue(1, 800);
  buy_at_venue(2, 600);
  buy_at_venue(3, 150);
  w.say(executed(2, 600, kAmznPrice, 1));
  Tuned tuned(w, {limit_change(kLong, "\"1000\"")});
  EXPECT_EQ(tuned.of(Change::Refused), 2U);
  EXPECT_EQ(count(tuned.comparison().newly_refused, RejectReason::LongLimit), 2U);
  EXPECT_EQ(position(tuned), 600);
  EXPECT_EQ(tuned.engine().live_orders(), 2U);
}

TEST_F(TuneRejudge, UnderTheCandidateWhatItRefusesNeverWas) {
  buy_at_venue(1, 800);
  buy_at_venue(2, 600);
  buy_at_venue(3, 150);
  w.say(executed(2, 600, kAmznPrice, 1));
  w.say(executed(3, 50, kAmznPrice, 2));
  w.cancel(bravo, 2);  // too late then, of nothing now
  Tuned tuned(w, {limit_change(kLong, "\"1000\"")}, kUnfilled);
  EXPECT_EQ(tuned.of(Change::Refused), 1U);
  EXPECT_EQ(tuned.total().differences(), 1U);
  EXPECT_EQ(position(tuned), 50);
  EXPECT_EQ(tuned.engine().live_orders(), 2U);
  EXPECT_STREQ(tuned.engine().verify(), nullptr);
}

TEST_F(TuneRejudge, ACancelOfWhatNeverWasIsAConsequence) {
  buy_at_venue(1, 600);
  w.cancel(bravo, 1);
  w.say(canceled(1, 600));
  Tuned tuned(w, {limit_change(kClip, "\"500\"")}, kUnfilled);
  EXPECT_EQ(tuned.of(Change::Refused), 1U);
  EXPECT_EQ(tuned.of(Change::Follows), 1U);
  EXPECT_EQ(tuned.total().differences(), 1U);
  EXPECT_EQ(tuned.engine().live_orders(), 0U);
}

TEST_F(TuneRejudge, ARefusedReplaceLeavesItsOriginalUntilTheReplacementEnds) {
  buy_at_venue(1, 100);
  w.replace(bravo, 1, {.number = 2, .quantity = 900});
  w.say(replaced(1, 2, {.quantity = 900}));
  w.say(executed(2, 300, kAmznPrice, 1));
  {
    Tuned tuned(w, {limit_change(kClip, "\"500\"")}, kUnfilled);
    EXPECT_EQ(tuned.of(Change::Refused), 1U);
    EXPECT_EQ(position(tuned), 0);
    EXPECT_EQ(tuned.engine().usage(w.account("bravo-1"), w.instrument("AMZN")).long_lots.raw, 100);
  }
  w.cancel(bravo, 2);  // it is the original that is meant
  {
    Tuned tuned(w, {limit_change(kClip, "\"500\"")}, kUnfilled);
    EXPECT_EQ(tuned.of(Change::Follows), 0U);
    EXPECT_EQ(tuned.engine().live_orders(), 1U);
  }
  w.say(canceled(2, 600));
  Tuned tuned(w, {limit_change(kClip, "\"500\"")}, kUnfilled);
  EXPECT_EQ(tuned.engine().live_orders(), 0U);
  EXPECT_EQ(position(tuned), 0);
  EXPECT_STREQ(tuned.engine().verify(), nullptr);
}

TEST_F(TuneRejudge, ALaterReplaceOfARefusedOneIsOfTheOriginal) {
  buy_at_venue(1, 100);
  w.replace(bravo, 1, {.number = 2, .quantity = 900});
  w.say(replaced(1, 2, {.quantity = 900}));
  w.replace(bravo, 2, {.number = 3, .quantity = 200});
  w.say(replaced(2, 3, {.quantity = 200}));
  w.say(executed(3, 200, kAmznPrice, 1));
  Tuned tuned(w, {limit_change(kClip, "\"500\"")}, kUnfilled);
  EXPECT_EQ(tuned.of(Change::Refused), 1U);
  EXPECT_EQ(tuned.of(Change::Follows), 0U);
  EXPECT_EQ(position(tuned), 200);
  EXPECT_EQ(tuned.engine().live_orders(), 0U);
  EXPECT_STREQ(tuned.engine().verify(), nullptr);
}

TEST_F(TuneRejudge, WhatIsNewlyAllowedComesToNothingOrFills) {
  buy(1, 1'500);
  buy_at_venue(2, 100);  // numbers go on behind it
  w.say(executed(1, 40, kAmznPrice, 1));
  const std::vector<test::Change> wider{
      limit_change(kClip, "\"3000\""),
      limit_change("profiles.client.instruments.AMZN.notional_max", "\"700000\"")};
  Tuned recorded(w, wider);
  EXPECT_EQ(recorded.of(Change::Allowed), 1U);
  EXPECT_EQ(count(recorded.comparison().newly_allowed, RejectReason::ClipSize), 1U);
  EXPECT_EQ(position(recorded), 40);
  Tuned unfilled(w, wider, kUnfilled);
  EXPECT_EQ(unfilled.of(Change::Allowed), 1U);
  EXPECT_EQ(position(unfilled), 40);
  EXPECT_EQ(unfilled.engine().live_orders(), 1U);
  EXPECT_EQ(unfilled.engine().next_number(), w.gate().engine().next_number() + 1);
  Tuned filled(w, wider, kFilled);
  EXPECT_EQ(filled.of(Change::Allowed), 1U);
  EXPECT_EQ(position(filled), 1'540);
  EXPECT_EQ(filled.engine().live_orders(), 1U);
  EXPECT_STREQ(filled.engine().verify(), nullptr);
}

TEST_F(TuneRejudge, ANewlyAllowedReplaceComesToNothingOrFills) {
  buy_at_venue(1, 100);
  w.say(executed(1, 10, kAmznPrice, 1));
  w.replace(bravo, 1, {.number = 2, .quantity = 1'500});  // refused: its original works on
  w.say(executed(1, 20, kAmznPrice, 2));
  const std::vector<test::Change> wider{
      limit_change(kClip, "\"3000\""),
      limit_change("profiles.client.instruments.AMZN.notional_max", "\"700000\"")};
  Tuned unfilled(w, wider, kUnfilled);
  EXPECT_EQ(unfilled.of(Change::Allowed), 1U);
  EXPECT_EQ(position(unfilled), 30);
  EXPECT_EQ(unfilled.engine().usage(w.account("bravo-1"), w.instrument("AMZN")).long_lots.raw, 100);
  Tuned filled(w, wider, kFilled);
  EXPECT_EQ(position(filled), 1'500);
  EXPECT_EQ(filled.engine().live_orders(), 0U);
  EXPECT_STREQ(filled.engine().verify(), nullptr);
}

TEST_F(TuneRejudge, WhereTheFirstRecordsAreGoneItBeginsWithTheStateBehindThem) {
  buy_at_venue(1, 800);
  gateway::TuneTexts recorded = gateway::recorded_texts(w.deployment().canonical_text);
  const auto candidate_of = [&](const std::vector<test::Change>& changes) {
    gateway::TuneTexts texts = recorded;
    for (const test::Change& change : changes) test::apply(texts, change);
    return gateway::load_candidate(texts, recorded, w.deployment());
  };
  const gateway::TuneCandidate same = candidate_of({});
  const gateway::TuneCandidate lower = candidate_of({limit_change(kLong, "\"1000\"")});
  std::vector<std::unique_ptr<gateway::tune::Rejudge>> rejudges;
  for (const gateway::TuneCandidate* const of : {&same, &lower}) {
    rejudges.push_back(std::make_unique<gateway::tune::Rejudge>(
        w.deployment(), *of->deployment, gateway::gate::TableSource{}, kUnfilled));
    rejudges.back()->begin_with(w.gate());
  }
  const std::uint64_t behind = w.journal().published_sequence();
  buy_at_venue(2, 600);
  w.say(executed(1, 300, kAmznPrice, 1));
  w.say(executed(2, 600, kAmznPrice, 2));
  std::vector<std::uint64_t> refused;
  for (const auto& rejudge : rejudges) {
    refused.push_back(0);
    w.for_each_record(behind, [&](const gateway::journal::RecordView& record) {
      const auto judged = rejudge->take(record);
      if (judged && judged->change == Change::Refused) ++refused.back();
    });
  }
  EXPECT_EQ(refused, (std::vector<std::uint64_t>{0, 1}));
  EXPECT_EQ(rejudges[0]->engine().state_hash(), w.gate().engine().state_hash());
  const auto bravo_1 = w.account("bravo-1");
  EXPECT_EQ(rejudges[1]->engine().position(bravo_1, w.instrument("AMZN")).raw, 300);
}

TEST_F(TuneRejudge, AccountsAreMatchedByNameInWhateverOrder) {
  buy_at_venue(1, 800);
  buy(2, 5'000);
  gateway::TuneTexts recorded = gateway::recorded_texts(w.deployment().canonical_text);
  gateway::TuneTexts texts = recorded;
  config::Json limits = config::parse_json(texts.at("limits.json")).json;
  for (const char* const names : {"accounts", "groups", "members", "profiles"}) {
    auto& members = find(limits, names)->members;
    std::reverse(members.begin(), members.end());
  }
  config::Json another = find(limits, "accounts.bravo-1")[0];
  find(another, "firm")->text = "NEW1";
  auto& accounts = find(limits, "accounts")->members;
  accounts.insert(accounts.begin(), {"new", another});
  texts["limits.json"] = to_text(limits);
  const gateway::TuneCandidate candidate = gateway::load_candidate(texts, recorded, w.deployment());
  ASSERT_TRUE(candidate.problems.empty()) << config::to_text(candidate.problems.front());
  EXPECT_EQ(candidate.deployment->names.accounts.find("bravo-1"), w.account("bravo-1"));
  EXPECT_EQ(candidate.deployment->accounts.size(), w.deployment().accounts.size() + 1);
  const auto recording = gateway::tune::survey(
      w.journal_folder(), gateway::reader_options(w.journal_folder()), w.deployment());
  for (const auto convention : {kAsRecorded, kUnfilled}) {
    const gateway::tune::Study study(recording, *candidate.deployment,
                                     {.convention = convention, .utilisation = {}});
    EXPECT_EQ(study.comparison().total.messages, 2U);
    EXPECT_EQ(study.comparison().total.differences(), 0U);
  }
}

std::string problems_of(const GateWorld& w, const std::vector<test::Change>& changes) {
  const gateway::TuneTexts recorded = gateway::recorded_texts(w.deployment().canonical_text);
  gateway::TuneTexts texts = recorded;
  for (const test::Change& change : changes) apply(texts, change);
  std::string all;
  for (const config::Problem& problem :
       gateway::load_candidate(texts, recorded, w.deployment()).problems) {
    all += config::to_text(problem) + '\n';
  }
  return all;
}

TEST_F(TuneRejudge, ACandidateThatCannotBeJudgedByTheJournalIsRefused) {
  using Kind = test::Change::Kind;
  EXPECT_NE(problems_of(w, {{Kind::Remove, "limits.json", "accounts.charlie-3", ""}})
                .find("limits.json: accounts: \"charlie-3\": is not there: the journal has this "
                      "account"),
            std::string::npos);
  EXPECT_NE(problems_of(w, {{Kind::Set, "instruments.json", "instruments.AMZN.lot", "\"10\""}})
                .find("instruments.AMZN: has another lot than the recording"),
            std::string::npos);
  EXPECT_NE(problems_of(w, {limit_change(kClip, "\"many\"")}).find(kClip), std::string::npos);
}

}  // namespace
}  // namespace portcullis::test::tune_rejudge_test
