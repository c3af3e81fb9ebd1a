// Reference prices under a manual clock: every transition, every reason to refuse what a source says,
// and the case of a venue whose own book crashes.
#include "feeds/board/price_board.h"

#include <gtest/gtest.h>

#include "tests/support/board_world.h"

namespace portcullis::feeds::price_board_test {
namespace {

using config::ReferenceRule;
using config::SourceRole;
using test::BoardWorld;

// At `now_ns` a source says a price as of now, or nobody says anything and only time has passed;
// then this has been told since the line before.
struct Line {
  std::int64_t now_ns;
  std::string source;  // empty: only time
  std::int64_t price;
  std::string told;
};

void expect_told(BoardWorld& world, const std::vector<Line>& lines) {
  world.start();
  for (const Line& line : lines) {
    if (line.source.empty()) {
      world.board->step(line.now_ns);
    } else {
      world.say(line.source, line.price, line.now_ns, line.now_ns);
    }
    EXPECT_EQ(world.look(), line.told) << "at " << line.now_ns << " " << line.source;
  }
}

// Max age 100, divergence 1 %, jumps 10 % and two further updates.
BoardWorld of_three(std::uint32_t min_sources) {
  BoardWorld world;
  world.add_index("X", {world.line("A"), world.line("B"), world.line("C")}).min_sources =
      min_sources;
  return world;
}

TEST(PriceBoard, EveryStateByMedian) {
  BoardWorld world = of_three(2);
  expect_told(world, {
                         {0, "", 0, ""},
                         {1, "A", 1'000, "thin"},
                         {2, "B", 1'003, "1002@1 good"},  // the mean of two, half away from zero
                         {3, "C", 1'010, "1003@1"},
                         {10, "C", 1'500, "1002@1"},  // too far away: C does not count
                         {20, "B", 1'200, "diverged"},
                         {30, "B", 1'004, "good"},  // at the price that is known
                         {101, "", 0, ""},
                         {102, "", 0, "diverged"},    // A is too old; B and C do not agree
                         {131, "", 0, "thin stale"},  // C at 111, and B now
                         {140, "A", 1'001, "thin"},
                         {150, "C", 1'001, "1001@140 good"},
                     });
  EXPECT_EQ(world.board->status(0).price, 1'001);
  EXPECT_EQ(world.board->status(0).counts[PriceState::Diverged], 2U);
  EXPECT_EQ(world.board->status(0).counts[PriceState::Thin], 3U);
}

// What comes due comes at its own moment, however late somebody looks.
TEST(PriceBoard, ALateStepTellsAllThatHappenedBetween) {
  BoardWorld world = of_three(2);
  expect_told(world, {{1, "A", 1'000, "thin"}, {20, "B", 1'000, "1000@1 good"}});
  EXPECT_EQ(world.board->next_due_ns(), 102);
  world.board->step(500);
  EXPECT_EQ(world.look(), "thin stale");
  EXPECT_EQ(world.board->next_due_ns(), std::numeric_limits<std::int64_t>::max());
  // The last good price stays, with its age.
  EXPECT_EQ(world.board->status(0).price, 1'000);
  EXPECT_EQ(world.board->status(0).as_of_ns, 1);
}

TEST(PriceBoard, ToldStatesAreAllOfThem) {
  BoardWorld world = of_three(1);
  world.start();
  world.board->tell_states(0);
  EXPECT_EQ(world.look(), "missing");
  world.say("A", 1'000, 1, 1);
  world.look();
  world.board->tell_states(200);
  EXPECT_EQ(world.look(), "stale stale");
}

TEST(PriceBoard, AJumpIsConfirmedByFurtherUpdates) {
  BoardWorld world = of_three(1);
  expect_told(world, {
                         {1, "A", 1'000, "1000@1 good"},
                         {2, "A", 1'101, "jumped"},
                         {3, "A", 1'150, ""},
                         {4, "A", 1'120, "1120@4 good"},
                         // One that comes back was none.
                         {5, "A", 900, "jumped"},
                         {6, "A", 1'119, "1119@6 good"},
                         // Another move starts anew.
                         {7, "A", 2'000, "jumped"},
                         {8, "A", 2'001, ""},
                         {9, "A", 3'000, ""},
                         {10, "A", 3'001, ""},
                         {11, "A", 3'002, "3002@11 good"},
                     });
  EXPECT_EQ(world.board->status(0).counts.jumps, 4U);
  EXPECT_EQ(world.board->status(0).counts.jumps_confirmed, 2U);
}

TEST(PriceBoard, TheJumpLimitItselfIsNoJump) {
  BoardWorld world = of_three(1);
  expect_told(world, {{1, "A", 1'000, "1000@1 good"},
                      {2, "A", 1'100, "1100@2"},
                      {3, "A", 990, "990@3"},
                      {4, "A", 890, "jumped"}});
}

TEST(PriceBoard, AJumpIsConfirmedByAnotherVenue) {
  BoardWorld world = of_three(2);
  world.deployment.feed.references[0].jump_updates = 0;
  world.deployment.feed.references[0].jump_another = true;
  expect_told(world, {
                         {1, "A", 1'000, "thin"},
                         {2, "B", 1'000, "1000@1 good"},
                         {3, "A", 2'000, "diverged"},
                         {4, "B", 2'000, "jumped"},
                         {5, "B", 2'001, ""},  // again is not another
                         {6, "C", 2'002, "2001@3 good"},
                     });
}

// What happens while a jump waits ends it: it has to be confirmed from the beginning.
TEST(PriceBoard, AJumpThatWaitsEndsWithThePrice) {
  BoardWorld world = of_three(1);
  expect_told(world, {
                         {1, "A", 1'000, "1000@1 good"},
                         {2, "A", 2'000, "jumped"},
                         {3, "A", 2'000, ""},
                         {200, "", 0, "stale"},
                         {201, "A", 2'000, "jumped"},
                         {202, "A", 2'001, ""},
                         {203, "A", 2'000, "2000@203 good"},
                     });
}

BoardWorld in_order() {
  BoardWorld world;
  config::ReferenceSettings& rules = world.add_index(
      "X", {world.line("P", SourceRole::Primary), world.line("F", SourceRole::Fallback),
            world.line("G", SourceRole::Fallback), world.line("V")});
  rules.rule = ReferenceRule::PrimaryWithFallback;
  rules.min_sources = 2;
  rules.return_after_ns = 50;
  return world;
}

TEST(PriceBoard, FromThePrimaryToAFallbackAndBack) {
  BoardWorld world = in_order();
  expect_told(world, {
                         {1, "V", 1'000, ""},
                         {2, "P", 1'001, "1001@2 good"},
                         {3, "F", 1'003, ""},
                         {50, "V", 1'000, ""},
                         {60, "F", 1'004, ""},
                         {102, "", 0, ""},
                         {103, "", 0, "1004@60"},  // the primary is too old
                         {110, "P", 1'002, ""},    // good again, but not for long enough
                         {120, "V", 1'000, ""},
                         {125, "F", 1'005, "1005@125"},
                         {150, "P", 1'003, ""},
                         {159, "", 0, ""},
                         {160, "", 0, "1003@150"},  // 50 after 110
                         // Contradicted by the others, it is left at once ...
                         {170, "P", 650, "1005@125"},
                         // ... and has to be good for as long again.
                         {180, "P", 1'001, ""},
                         {190, "P", 650, ""},
                         {200, "P", 1'001, ""},
                         {210, "F", 1'004, "1004@210"},
                         {220, "V", 1'000, ""},
                         {249, "", 0, ""},
                         {250, "", 0, "1001@200"},
                     });
  EXPECT_EQ(world.board->status(0).counts.switches, 4U);
  EXPECT_EQ(world.board->status(0).source, 0U);
}

// If the fallback is gone before the primary was good for long enough, the primary is better than
// none: enough venues agree with it.
TEST(PriceBoard, ThePrimaryReturnsAtOnceWhereNothingElseCanBeUsed) {
  BoardWorld world = in_order();
  expect_told(world, {
                         {1, "F", 1'000, "thin"},
                         {2, "V", 1'000, "1000@1 good"},
                         {90, "P", 1'001, ""},
                         {91, "V", 1'001, ""},
                         {102, "", 0, "1001@90"},
                         {191, "", 0, "stale"},  // V is left, which gives no price
                     });
}

TEST(PriceBoard, StatesInOrder) {
  BoardWorld world = in_order();
  expect_told(world, {
                         {1, "V", 1'000, ""},
                         {10, "P", 2'000, "diverged"},
                         {20, "V", 2'000, "2000@10 good"},
                         {111, "", 0, "stale"},  // V is there, and gives no price
                         {115, "F", 2'001, "2001@115 good"},
                         {121, "", 0, "thin"},
                         {125, "V", 2'002, "good"},
                         {130, "F", 2'500, "diverged"},
                         {135, "V", 2'500, "jumped"},
                         {136, "F", 2'501, ""},
                         {137, "V", 2'500, ""},  // makes no price
                         {138, "F", 2'500, "2500@138 good"},
                     });
}

TEST(PriceBoard, TwoSourcesOfAVenueAreOneOpinion) {
  BoardWorld world;
  world.add_source("A1", "A");
  world.add_source("A2", "A");
  config::ReferenceSettings& rules =
      world.add_index("X", {world.line("A1", SourceRole::Primary),
                            world.line("A2", SourceRole::Fallback), world.line("B")});
  rules.rule = ReferenceRule::PrimaryWithFallback;
  rules.min_sources = 2;
  expect_told(world, {
                         {1, "A1", 1'000, "thin"},
                         {2, "A2", 1'000, ""},
                         {3, "B", 1'000, "1000@1 good"},
                         {4, "B", 500, "diverged"},
                     });
}

// --- what is refused

struct Refusal {
  std::int64_t price;
  std::int64_t time_ns;
  std::int64_t now_ns;
  PriceOutcome outcome;
};

TEST(PriceBoard, RefusesWhatCannotBeTrue) {
  BoardWorld world;
  world.add_source("A", "A", config::SourceDialect::Lines, 5);
  config::ReferenceSettings& rules = world.add_index("X", {world.line("A")});
  rules.price_min = 10;
  rules.price_max = 5'000;
  world.start();
  world.say("A", 1'000, 50, 60);
  EXPECT_EQ(world.look(), "1000@50 good");
  const config::SourceIndex a{0};
  for (const Refusal& row : std::initializer_list<Refusal>{
           {1'000, 50, 61, PriceOutcome::Duplicate},
           {1'001, 49, 61, PriceOutcome::OutOfOrder},
           {1'001, 67, 61, PriceOutcome::Future},
           {0, 60, 61, PriceOutcome::NotPositive},
           {-5, 60, 61, PriceOutcome::NotPositive},
           {9, 60, 61, PriceOutcome::Absurd},
           {5'001, 60, 61, PriceOutcome::Absurd},
           {std::numeric_limits<std::int64_t>::max(), 60, 61, PriceOutcome::Absurd},
           {std::numeric_limits<std::int64_t>::min(), 60, 61, PriceOutcome::NotPositive},
       }) {
    const std::uint64_t before = world.board->counts(a)[row.outcome];
    world.say("A", row.price, row.time_ns, row.now_ns);
    EXPECT_EQ(world.look(), "") << row.price << " as of " << row.time_ns;
    EXPECT_EQ(world.board->counts(a)[row.outcome], before + 1) << row.price;
  }
  // It said all that in less than the max age: people are told once, of the first.
  ASSERT_EQ(world.events.size(), 2U);
  EXPECT_EQ(world.events[1], "index of X: A X price is refused: out_of_order, price 1001, time 49");
  // A time that is ahead within the bound is now.
  world.say("A", 1'002, 66, 61);
  EXPECT_EQ(world.look(), "1002@61");
  world.say("A", 1'003, 65, 62);
  EXPECT_EQ(world.board->counts(a)[PriceOutcome::OutOfOrder], 2U);
  // Another price at the same time is news.
  world.say("A", 1'004, 66, 70);
  EXPECT_EQ(world.look(), "1004@66");
  // Nothing of what was refused has made it younger.
  world.say("A", 0, 160, 165);
  world.board->step(167);
  EXPECT_EQ(world.look(), "stale");
}

TEST(PriceBoard, LinesOfWhatNobodyAsksForAreCounted) {
  BoardWorld world = of_three(1);
  world.add_source("Z", "Z");
  world.start();
  world.say("Z", 1'000, 1, 1);
  EXPECT_EQ(world.board->counts({3}).unused, 1U);
  world.board->take(
      config::SourceIndex{0},
      PriceUpdate{.as_of_ns = 1, .price = 5, .index = 0, .kind = PriceUpdate::Kind::Mark}, 1);
  world.board->take(
      config::SourceIndex{0},
      PriceUpdate{.as_of_ns = 1, .price = 5, .index = 9, .kind = PriceUpdate::Kind::Index}, 1);
  EXPECT_EQ(world.board->counts({0}).unused, 2U);
  EXPECT_EQ(world.look(), "");
}

TEST(PriceBoard, TimeThatGoesBackStandsStill) {
  BoardWorld world = of_three(1);
  world.start();
  world.say("A", 1'000, 100, 100);
  world.board->step(50);
  world.say("A", 1'001, 101, 60);  // a future, now that it is 100
  EXPECT_EQ(world.look(), "1000@100 good");
  EXPECT_EQ(world.board->counts({0})[PriceOutcome::Future], 1U);
}

// --- fields of market updates

MarketUpdate update_of(std::int64_t time_ns,
                       std::initializer_list<std::pair<MarketField, std::string_view>> fields) {
  MarketUpdate update;
  update.symbol = "BTC";
  update.source_time_ns = time_ns;
  for (const auto& [field, text] : fields) update[field] = config::parse_exact(text, false).number;
  return update;
}

TEST(PriceBoard, ReadsTheFieldThatItIsToldTo) {
  using enum MarketField;
  struct Row {
    config::SourceField field;
    config::Ratio multiplier;
    MarketUpdate update;
    std::string told;
    PriceOutcome outcome = PriceOutcome::Taken;
  };
  const MarketUpdate all = update_of(
      1, {{Mark, "100.12"}, {Index, "101.5"}, {Last, "102"}, {BestBid, "99"}, {BestAsk, "100"}});
  constexpr config::Ratio kOne{1, 1};
  using config::SourceField;
  for (const Row& row : std::initializer_list<Row>{
           {SourceField::Mark, kOne, all, "1001@1 good"},  // a unit is a tenth: rounded
           {SourceField::Index, kOne, all, "1015@1 good"},
           {SourceField::Last, kOne, all, "1020@1 good"},
           {SourceField::Mid, kOne, all, "995@1 good"},
           {SourceField::Last, {1, 3}, all, "340@1 good"},
           {SourceField::Last, {1'000, 1}, all, "1020000@1 good"},
           {SourceField::Mark, kOne, update_of(1, {{Index, "5"}}), "", PriceOutcome::Absent},
           {SourceField::Mid, kOne, update_of(1, {{BestBid, "5"}}), "", PriceOutcome::Absent},
           {SourceField::Mid, kOne, update_of(1, {{BestBid, "5.1"}, {BestAsk, "5"}}), "",
            PriceOutcome::Crossed},
           {SourceField::Mid, kOne, update_of(1, {{BestBid, "5"}, {BestAsk, "5"}}), "50@1 good"},
           {SourceField::Mark, kOne, update_of(1, {{Mark, "0"}}), "", PriceOutcome::NotPositive},
           {SourceField::Mark, kOne, update_of(1, {{Mark, "9223372036854775807"}}), "",
            PriceOutcome::OutOfRange},
       }) {
    BoardWorld world;
    const config::SourceIndex source = world.add_source("S", "S", config::SourceDialect::Deribit);
    world
        .add_index("X", {{.source = source,
                          .symbol = "BTC",
                          .field = row.field,
                          .role = SourceRole::Voter,
                          .multiplier = row.multiplier}})
        .decimals = 1;
    world.start();
    world.board->take(source, row.update, 1);
    EXPECT_EQ(world.look(), row.told);
    EXPECT_EQ(world.board->counts(source)[row.outcome], 1U) << row.told;
    MarketUpdate other = row.update;
    other.symbol = "ETH";
    world.board->take(source, other, 2);
    EXPECT_EQ(world.board->counts(source).unused, 1U);
  }
}

// --- 10 October 2025: the venue's own book of a coin that is worth 1 crashes to 0.65

// A live line says which it is; that of an instrument's mark is told in the e2e tests.
TEST(PriceBoard, OfALiveLineTheIndexIsMeantForAnAsset) {
  BoardWorld world;
  world.add_index("X", {world.line("A")});
  world.start();
  const config::SourceIndex source = world.deployment.names.sources.find("A");
  MarketUpdate line{.symbol = "X", .source_time_ns = 5};
  line[MarketField::Mark] = config::ExactDecimal{900, 0};
  world.board->take(source, line, 5);
  EXPECT_EQ(world.look(), "");
  EXPECT_EQ(world.board->counts(source)[PriceOutcome::Absent], 1U);
  line[MarketField::Mark].reset();
  line[MarketField::Index] = config::ExactDecimal{1'000, 0};
  world.board->take(source, line, 6);
  EXPECT_EQ(world.look(), "1000@5 good");
}

TEST(PriceBoard, OneVenuesCrashIsNotFollowed) {
  for (const ReferenceRule rule : {ReferenceRule::Median, ReferenceRule::PrimaryWithFallback}) {
    const bool is_median = rule == ReferenceRule::Median;
    BoardWorld world;
    config::ReferenceSettings& rules = world.add_index(
        "USDE", {world.line("own", is_median ? SourceRole::Voter : SourceRole::Primary),
                 world.line("one", is_median ? SourceRole::Voter : SourceRole::Fallback),
                 world.line("two")});
    rules.rule = rule;
    rules.min_sources = 2;
    rules.return_after_ns = 50;
    world.start();
    std::int64_t now = 0;
    for (std::int64_t own = 1'000'000; own >= 650'000; own -= 5'000) {
      now += 10;
      world.say("one", 1'000'000 - now % 7, now, now);
      world.say("two", 1'000'000 + now % 5, now, now);
      world.say("own", own, now, now);
    }
    for (int i = 0; i < 100; ++i) {
      now += 10;
      world.say("own", 650'000 + now % 11, now, now);
      world.say("one", 1'000'000 - now % 7, now, now);
      world.say("two", 1'000'000 + now % 5, now, now);
    }
    const ReferenceStatus& status = world.board->status(0);
    EXPECT_EQ(status.state, PriceState::Good);
    EXPECT_EQ(status.venues_agreeing, 2U);
    EXPECT_EQ(status.counts[PriceState::Diverged], 0U);
    EXPECT_EQ(status.source, is_median ? kNoSource : 1U);
    for (const std::string& told : world.told) {
      if (told.find('@') == std::string::npos) continue;
      EXPECT_GE(std::stoll(told), 989'000) << told;
    }
    // Alone with one other, nobody is believed: the last good price stays.
    world.board->step(now + 95);
    world.say("own", 650'000, now + 95, now + 95);
    world.say("one", 1'000'000, now + 96, now + 96);
    world.look();
    world.board->step(now + 110);
    EXPECT_EQ(world.look(), "diverged");
    EXPECT_GE(world.board->status(0).price, 989'000);
  }
}

// What the configuration must not say by accident is what would have happened.
TEST(PriceBoard, OneVenueAloneIsFollowed) {
  BoardWorld world;
  world.add_index("USDE", {world.line("own")});
  world.start();
  std::int64_t now = 0;
  for (std::int64_t own = 1'000'000; own >= 650'000; own -= 5'000) {
    now += 10;
    world.say("own", own, now, now);
  }
  EXPECT_EQ(world.board->status(0).price, 650'000);
  EXPECT_EQ(world.board->status(0).state, PriceState::Good);
}

TEST(PriceBoard, EventsNameWhatHappened) {
  BoardWorld world = in_order();
  world.deployment.feed.references[0].decimals = 2;
  expect_told(world, {{1, "V", 100'000, ""},
                      {2, "P", 100'001, "100001@2 good"},
                      {3, "F", 100'000, ""},
                      {4, "P", 50'000, "100000@3"},
                      {5, "V", 200'000, "diverged"},
                      {6, "F", 200'001, "jumped"},
                      {7, "F", 200'002, ""},
                      {8, "F", 200'003, "200003@8 good"}});
  const std::vector<std::string> expected = {
      "index of X: uses P X price, and none before",
      "index of X: good, and missing before: of its venues 2 have a price, 2 agree, 2 must; price "
      "1000.01",
      "index of X: uses F X price, and P X price before",
      "index of X: diverged, and good before: of its venues 3 have a price, 1 agree, 2 must; price "
      "1000.00",
      "index of X: jumps from 1000.00 to 2000.01",
      "index of X: jumped, and diverged before: of its venues 3 have a price, 2 agree, 2 must; "
      "price 1000.00",
      "index of X: the jump from 1000.00 to 2000.03 is confirmed by updates",
      "index of X: good, and jumped before: of its venues 3 have a price, 2 agree, 2 must; price "
      "2000.03"};
  EXPECT_EQ(world.events, expected);
}

}  // namespace
}  // namespace portcullis::feeds::price_board_test
