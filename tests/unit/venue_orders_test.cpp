// What the simulated venue does to orders that are there: the four outcomes of a replace, cancels
// and their totals, mass cancel, disable and enable, and the faults.

#include <gtest/gtest.h>

#include "tests/support/venue_driver.h"

namespace portcullis::gateway::venue_sim::venue_orders_test {
namespace {

// 500 entered under number 1, 100 of them executed against number 2.
VenueDriver with_partial_fill() {
  VenueDriver venue;
  venue.enter({.number = 1, .side = 'S', .quantity = 500});
  venue.enter({.number = 2, .side = 'B', .quantity = 100});
  return venue;
}

TEST(VenueReplace, CountsTheExecutedPartOfTheChain) {
  VenueDriver venue = with_partial_fill();
  EXPECT_EQ(venue.replace(1, {.number = 3, .quantity = 500, .price = 5100}),
            Lines{"U 1>3 L 400@5100"});
  EXPECT_EQ(venue.enter({.number = 4, .quantity = 400, .price = 5100}),
            (Lines{"A 4 L 400@5100", "E 4 400@5100 R #2", "E 3 400@5100 A #2"}));
  EXPECT_EQ(venue.engine.counts().open, 0U);
}

TEST(VenueReplace, CarriesTheChainsQuantityThroughSeveralReplaces) {
  VenueDriver venue = with_partial_fill();
  EXPECT_EQ(venue.replace(1, {.number = 3, .quantity = 300}), Lines{"U 1>3 L 200@5000"});
  venue.enter({.number = 4, .quantity = 50});
  EXPECT_EQ(venue.replace(3, {.number = 5, .quantity = 300}), Lines{"U 3>5 L 150@5000"});
  EXPECT_EQ(venue.cancel(5), Lines{"C 5 -150 U"});
}

TEST(VenueReplace, ForgetsEarlierPartialCancels) {
  VenueDriver venue = with_partial_fill();
  EXPECT_EQ(venue.cancel(1, 200), Lines{"C 1 -300 U"});
  EXPECT_EQ(venue.replace(1, {.number = 3, .quantity = 500}), Lines{"U 1>3 L 400@5000"});
}

TEST(VenueReplace, EchoesTheOrderAndItsNewDetails) {
  VenueDriver venue;
  venue.enter({.number = 1, .side = 'T', .symbol = "ABC"});
  venue.replace(1, {.number = 2, .quantity = 70, .price = 5001, .display = 'A'});
  const auto& replaced = std::get<ouch::Replaced>(venue.messages.at(0));
  EXPECT_EQ(replaced.side, ouch::Side::SellShort);
  EXPECT_EQ(replaced.symbol, padded<8>("ABC"));
  EXPECT_EQ(replaced.display, 'A');
  EXPECT_EQ(replaced.capacity, 'P');
  EXPECT_EQ(replaced.cross_type, 'N');
  EXPECT_EQ(replaced.cl_ord_id, padded<14>("C2"));
  EXPECT_EQ(replaced.order_reference_number, 2U);
}

TEST(VenueReplace, LosesItsPlaceInTime) {
  VenueDriver venue;
  venue.enter({.number = 1, .side = 'S', .quantity = 10});
  venue.enter({.number = 2, .side = 'S', .quantity = 10});
  venue.replace(1, {.number = 3, .quantity = 10});
  EXPECT_EQ(venue.enter({.number = 4, .quantity = 10}),
            (Lines{"A 4 L 10@5000", "E 4 10@5000 R #1", "E 2 10@5000 A #1"}));
}

TEST(VenueReplace, MayTradeAtOnceAndEndAsAnIoc) {
  VenueDriver venue;
  venue.enter({.number = 1, .side = 'S', .quantity = 30, .price = 5010});
  venue.enter({.number = 2, .side = 'B', .quantity = 100});
  EXPECT_EQ(venue.replace(2, {.number = 3, .quantity = 100, .price = 5010, .tif = '3'}),
            (Lines{"U 2>3 L 100@5010", "E 3 30@5010 R #1", "E 1 30@5010 A #1", "C 3 -70 I"}));
}

TEST(VenueReplace, IsIgnoredWhenTheOriginalIsNotLive) {
  VenueDriver venue = with_partial_fill();
  EXPECT_EQ(venue.replace(2, {.number = 3}), Lines{}) << "filled";
  EXPECT_EQ(venue.replace(9, {.number = 3}), Lines{}) << "never entered";
  EXPECT_EQ(venue.query(), Lines{"Q 3"}) << "the number is not consumed";
  venue.replace(1, {.number = 3, .quantity = 500});
  EXPECT_EQ(venue.replace(1, {.number = 4, .quantity = 500}), Lines{}) << "replaced already";
  EXPECT_EQ(venue.query(), Lines{"Q 4"});
}

TEST(VenueReplace, IsIgnoredWhenTheNewNumberWasUsed) {
  VenueDriver venue = with_partial_fill();
  EXPECT_EQ(venue.replace(1, {.number = 2, .quantity = 500}), Lines{});
  EXPECT_EQ(venue.replace(1, {.number = 1, .quantity = 500}), Lines{});
  EXPECT_EQ(venue.cancel(1), Lines{"C 1 -400 U"}) << "the original is untouched";
}

TEST(VenueReplace, CancelsTheOriginalWhenTheNewDetailsAreInvalid) {
  struct Row {
    const char* name;
    TestOrder order;
  };
  const std::vector<Row> rows{
      {"quantity 0", {.quantity = 0}},
      {"quantity above the most", {.quantity = 1'000'000}},
      {"total already executed", {.quantity = 100}},
      {"market price", {.quantity = 500, .price = ouch::kMarketPrice}},
      {"time in force", {.quantity = 500, .tif = 'E'}},
      {"display", {.quantity = 500, .display = '?'}},
      {"MinQty on a day order", {.quantity = 500, .min_qty = 5}},
      {"AIQ strategy", {.quantity = 500, .aiq_strategy = '7'}},
  };
  for (const Row& row : rows) {
    VenueDriver venue = with_partial_fill();
    TestOrder order = row.order;
    order.number = 3;
    EXPECT_EQ(venue.replace(1, order), Lines{"C 1 -400 U"}) << row.name;
    EXPECT_EQ(venue.query(), Lines{"Q 3"}) << "the number is not consumed";
    EXPECT_EQ(venue.engine.counts().open, 0U);
  }
}

TEST(VenueReplace, IsRejectedForADisabledFirmAndLeavesTheOriginal) {
  VenueDriver venue = with_partial_fill();
  venue.disable(3, "FIRM");
  EXPECT_EQ(venue.replace(1, {.number = 4, .quantity = 500}), Lines{"J 4 c"});
  EXPECT_EQ(venue.query(), Lines{"Q 5"}) << "the number is consumed";
  EXPECT_EQ(venue.cancel(1), Lines{"C 1 -400 U"});
}

TEST(VenueReplace, KeepsTheFirmAndTheTagsItDoesNotCarry) {
  VenueDriver venue;
  venue.enter({.number = 1, .price = 4000, .post_only = true, .aiq_group = "G1"});
  venue.enter({.number = 2, .side = 'S', .price = 5000});
  EXPECT_EQ(venue.replace(1, {.number = 3, .price = 5000}),
            (Lines{"U 1>3 L 100@5000", "C 3 -100 G"}))
      << "still post-only";
  venue.enter({.number = 4, .price = 4000, .aiq_group = "G1"});
  venue.replace(4, {.number = 5, .price = 4500, .firm = "ELSE"});
  EXPECT_EQ(venue.enter({.number = 6, .side = 'S', .price = 4500, .aiq_group = "G1"}),
            (Lines{"A 6 L 100@4500", "D 6 -100 Q (100@4500 R *)"}))
      << "still of its firm and group";
}

TEST(VenueCancel, MeansTheTotalThatMayExecute) {
  VenueDriver venue = with_partial_fill();
  EXPECT_EQ(venue.cancel(1, 500), Lines{}) << "the present total";
  EXPECT_EQ(venue.cancel(1, 600), Lines{}) << "above it";
  EXPECT_EQ(venue.cancel(1, 300), Lines{"C 1 -200 U"}) << "100 executed, 200 stay";
  EXPECT_EQ(venue.cancel(1, 300), Lines{}) << "nothing to take off";
  venue.enter({.number = 3, .quantity = 50});
  EXPECT_EQ(venue.cancel(1, 250), Lines{"C 1 -50 U"}) << "150 executed, 100 stay";
  EXPECT_EQ(venue.cancel(1, 150), Lines{"C 1 -100 U"}) << "all that is executed already";
  EXPECT_EQ(venue.cancel(1, 0), Lines{});
}

TEST(VenueCancel, BelowTheExecutedQuantityCancelsTheRest) {
  VenueDriver venue = with_partial_fill();
  EXPECT_EQ(venue.cancel(1, 40), Lines{"C 1 -400 U"});
}

TEST(VenueCancel, KeepsThePlaceInTimeOfAReducedOrder) {
  VenueDriver venue;
  venue.enter({.number = 1, .side = 'S', .quantity = 10});
  venue.enter({.number = 2, .side = 'S', .quantity = 10});
  venue.cancel(1, 4);
  EXPECT_EQ(venue.enter({.number = 3, .quantity = 5}),
            (Lines{"A 3 L 5@5000", "E 3 4@5000 R #1", "E 1 4@5000 A #1", "E 3 1@5000 R #2",
                   "E 2 1@5000 A #2"}));
}

TEST(VenueCancel, IgnoresNumbersThatAreNotLive) {
  VenueDriver venue = with_partial_fill();
  EXPECT_EQ(venue.cancel(2), Lines{}) << "filled";
  EXPECT_EQ(venue.cancel(77), Lines{}) << "unknown";
  venue.replace(1, {.number = 3, .quantity = 500});
  EXPECT_EQ(venue.cancel(1), Lines{}) << "replaced";
  EXPECT_EQ(venue.cancel(3), Lines{"C 3 -400 U"});
  EXPECT_EQ(venue.engine.counts().ignored, 3U);
}

TEST(VenueMassCancel, TakesAFirmsOrdersInOneSymbolInTheOrderOfEntry) {
  VenueDriver venue;
  venue.enter({.number = 1, .price = 10});
  venue.enter({.number = 2, .side = 'S', .price = 30});
  venue.enter({.number = 3, .price = 10, .firm = "ELSE"});
  venue.enter({.number = 4, .price = 10, .symbol = "ABC"});
  venue.replace(1, {.number = 5, .price = 11});
  EXPECT_EQ(venue.mass_cancel(6, "FIRM", "XYZ"), (Lines{"X 6", "C 2 -100 U", "C 5 -100 U"}));
  EXPECT_EQ(venue.mass_cancel(7, "FIRM", ""), (Lines{"X 7", "C 4 -100 U"}));
  EXPECT_EQ(venue.engine.counts().open, 1U);
}

TEST(VenueMassCancel, IsAFenceWhereNothingMatches) {
  VenueDriver venue;
  venue.enter({.number = 1});
  EXPECT_EQ(venue.mass_cancel(9, "FIRM", "~FENCE"), Lines{"X 9"});
  const auto& response = std::get<ouch::MassCancelResponse>(venue.messages.at(0));
  EXPECT_EQ(response.firm, padded<4>("FIRM"));
  EXPECT_EQ(response.symbol, padded<8>("~FENCE"));
  EXPECT_EQ(venue.mass_cancel(9, "FIRM", "XYZ"), Lines{}) << "a repeated number";
  EXPECT_EQ(venue.enter({.number = 5}), Lines{}) << "everything below is dead";
  EXPECT_EQ(venue.query(), Lines{"Q 10"});
}

TEST(VenueMassCancel, LeavesOtherSessionsAlone) {
  VenueDriver venue;
  venue.engine.open_session(venue.now_ns, venue.out);
  venue.enter({.number = 1}, 1);
  EXPECT_EQ(venue.mass_cancel(1, "FIRM", "XYZ"), Lines{"X 1"});
  EXPECT_EQ(venue.engine.counts().open, 1U);
}

TEST(VenueDisable, StopsTheFirmsNewOrdersUntilEnabled) {
  VenueDriver venue;
  venue.enter({.number = 1});
  EXPECT_EQ(venue.disable(2, "FIRM"), Lines{"G 2"});
  EXPECT_EQ(venue.enter({.number = 3}), Lines{"J 3 c"});
  EXPECT_EQ(venue.enter({.number = 4, .firm = "ELSE"}), Lines{"A 4 L 100@5000"});
  EXPECT_EQ(venue.cancel(1), Lines{"C 1 -100 U"}) << "its orders stay and can be canceled";
  EXPECT_EQ(venue.disable(2, "ELSE"), Lines{}) << "a repeated number";
  EXPECT_EQ(venue.enable(5, "FIRM"), Lines{"K 5"});
  EXPECT_EQ(venue.enter({.number = 6}), Lines{"A 6 L 100@5000"});
}

TEST(VenueQuery, TellsTheNextNumberOfTheSession) {
  VenueDriver venue;
  EXPECT_EQ(venue.query(), Lines{"Q 1"});
  venue.enter({.number = 41, .quantity = 0});
  EXPECT_EQ(venue.query(), Lines{"Q 42"}) << "a rejected order consumes its number too";
}

TEST(VenueModify, IsNotSupportedAndIgnored) {
  VenueDriver venue;
  venue.enter({.number = 1});
  EXPECT_EQ(venue.send(ouch::ModifyOrder{
                .user_ref_num = 1, .side = ouch::Side::Buy, .quantity = 5, .appendage = {}}),
            Lines{});
  EXPECT_EQ(venue.cancel(1), Lines{"C 1 -100 U"});
}

// --- Faults

TEST(VenueFaults, RejectEveryNthOfTheAcceptableOrdersAndReplaces) {
  VenueDriver venue({.faults = {.reject_every = 2}});
  EXPECT_EQ(venue.enter({.number = 1}), Lines{"A 1 L 100@5000"});
  EXPECT_EQ(venue.enter({.number = 2, .quantity = 0}), Lines{"J 2 13"}) << "not one of them";
  EXPECT_EQ(venue.replace(1, {.number = 3}), Lines{"J 3 15"}) << "the second";
  EXPECT_EQ(venue.replace(1, {.number = 4}), Lines{"U 1>4 L 100@5000"});
  EXPECT_EQ(venue.enter({.number = 5}), Lines{"J 5 a"}) << "the fourth";
}

TEST(VenueFaults, AcceptEveryNthDead) {
  VenueDriver venue({.faults = {.dead_every = 2}});
  venue.enter({.number = 1, .side = 'S'});
  EXPECT_EQ(venue.enter({.number = 2}), Lines{"A 2 D 100@5000"}) << "and does not trade";
  EXPECT_EQ(venue.cancel(2), Lines{});
  EXPECT_EQ(venue.enter({.number = 3, .price = 4000}), Lines{"A 3 L 100@4000"});
  EXPECT_EQ(venue.replace(3, {.number = 4, .price = 4001}), Lines{"U 3>4 D 100@4001"});
  EXPECT_EQ(venue.cancel(4), Lines{});
  EXPECT_EQ(venue.engine.counts().open, 1U);
}

TEST(VenueFaults, IgnoreEveryNthReplace) {
  VenueDriver venue({.faults = {.ignore_replace_every = 2}});
  venue.enter({.number = 1});
  EXPECT_EQ(venue.replace(1, {.number = 2}), Lines{"U 1>2 L 100@5000"});
  EXPECT_EQ(venue.replace(2, {.number = 3}), Lines{});
  EXPECT_EQ(venue.query(), Lines{"Q 3"});
  EXPECT_EQ(venue.cancel(2), Lines{"C 2 -100 U"});
}

TEST(VenueFaults, CancelOutEveryNthRestingOrder) {
  VenueDriver venue({.faults = {.cancel_out_every = 2}});
  EXPECT_EQ(venue.enter({.number = 1}), Lines{"A 1 L 100@5000"});
  EXPECT_EQ(venue.enter({.number = 2}), (Lines{"A 2 L 100@5000", "C 2 -100 Z"}));
}

TEST(VenueFaults, BustTradesRightAfterTheMessage) {
  VenueDriver venue({.faults = {.bust_per_million = 1'000'000}});
  venue.enter({.number = 1, .side = 'S'});
  EXPECT_EQ(venue.enter({.number = 2}), (Lines{"A 2 L 100@5000", "E 2 100@5000 R #1",
                                               "E 1 100@5000 A #1", "B 2 #1 E", "B 1 #1 E"}));
  EXPECT_EQ(std::get<ouch::BrokenTrade>(venue.messages.at(4)).cl_ord_id, padded<14>("C1"));
}

TEST(VenueFaults, BustAboutTheFractionAskedFor) {
  VenueDriver venue({.faults = {.bust_per_million = 100'000, .seed = 4}});
  std::uint32_t number = 0;
  for (int i = 0; i < 2000; ++i) {
    venue.enter({.number = ++number, .side = 'S', .quantity = 1});
    venue.enter({.number = ++number, .side = 'B', .quantity = 1});
  }
  EXPECT_GT(venue.engine.counts().broken, 2U * 140);
  EXPECT_LT(venue.engine.counts().broken, 2U * 260);
}

TEST(VenueFaults, AreShiftedByTheSeed) {
  VenueDriver venue({.faults = {.reject_every = 3, .seed = 2}});
  EXPECT_EQ(venue.enter({.number = 1}), Lines{"J 1 a"});
  EXPECT_EQ(venue.enter({.number = 2}), Lines{"A 2 L 100@5000"});
}

}  // namespace
}  // namespace portcullis::gateway::venue_sim::venue_orders_test
