// What the simulated venue does with new orders: acceptance, refusal, trading, IOC, MinQty,
// post-only and self-match prevention.

#include <gtest/gtest.h>

#include "tests/support/venue_driver.h"

namespace portcullis::gateway::venue_sim::venue_matching_test {
namespace {

TEST(VenueEnter, EchoesWhatItAccepts) {
  VenueDriver venue({.day_start_ns = 400});
  const TestOrder order{.number = 7, .side = 'T', .min_qty = 0, .aiq_group = "G1", .display = 'N'};
  EXPECT_EQ(venue.enter(order), Lines{"A 7 L 100@5000"});
  const ouch::EnterOrder sent = enter_message(order);
  const auto& accepted = std::get<ouch::Accepted>(venue.messages.at(0));
  EXPECT_EQ(accepted.timestamp, venue.now_ns - 400);
  EXPECT_EQ(accepted.side, sent.side);
  EXPECT_EQ(accepted.symbol, sent.symbol);
  EXPECT_EQ(accepted.time_in_force, sent.time_in_force);
  EXPECT_EQ(accepted.display, sent.display);
  EXPECT_EQ(accepted.capacity, sent.capacity);
  EXPECT_EQ(accepted.cross_type, sent.cross_type);
  EXPECT_EQ(accepted.cl_ord_id, sent.cl_ord_id);
  EXPECT_EQ(accepted.appendage, sent.appendage);
  EXPECT_EQ(accepted.order_reference_number, 1U);
}

TEST(VenueEnter, BeginsAStreamWithTheStartOfDay) {
  MatchingEngine engine;
  Outbox out;
  EXPECT_EQ(engine.open_session(5, out), 0U);
  EXPECT_EQ(engine.open_session(6, out), 1U);
  ASSERT_EQ(out.messages.size(), 2U);
  EXPECT_EQ(out.messages[1].session, 1U);
  ouch::SystemEvent event;
  ASSERT_EQ(decode(out.payload(out.messages[1]), event), ouch::DecodeError::None);
  EXPECT_EQ(event.timestamp, 6U);
  EXPECT_EQ(event.event_code, ouch::EventCode::StartOfDay);
}

TEST(VenueEnter, IgnoresRepeatedAndLowerNumbers) {
  VenueDriver venue;
  EXPECT_EQ(venue.enter({.number = 5}), Lines{"A 5 L 100@5000"});
  EXPECT_EQ(venue.enter({.number = 5}), Lines{});
  EXPECT_EQ(venue.enter({.number = 4}), Lines{});
  EXPECT_EQ(venue.enter({.number = 0}), Lines{});
  EXPECT_EQ(venue.query(), Lines{"Q 6"});
  EXPECT_EQ(venue.enter({.number = 9}), Lines{"A 9 L 100@5000"});
  EXPECT_EQ(venue.query(), Lines{"Q 10"});
  EXPECT_EQ(venue.engine.counts().ignored, 3U);
  EXPECT_EQ(venue.engine.counts().open, 2U);
}

TEST(VenueEnter, RefusesBytesThatAreNoMessageAndChangesNothing) {
  VenueDriver venue;
  const std::string before = venue.engine.describe();
  std::vector<std::byte> bytes = bytes_of(enter_message({.number = 1}));
  bytes.pop_back();
  venue.out.clear();
  EXPECT_FALSE(venue.engine.apply(0, venue.now_ns, bytes, venue.out));
  EXPECT_TRUE(venue.out.messages.empty());
  EXPECT_EQ(venue.engine.describe(), before);
  EXPECT_EQ(venue.engine.counts(), Counts{});
}

TEST(VenueEnter, RejectsEachInvalidDetailAndConsumesTheNumber) {
  struct Row {
    const char* name;
    TestOrder order;
    const char* reason;
  };
  const std::vector<Row> rows{
      {"unknown symbol", {.symbol = "ABC"}, " 17"},
      {"side", {.side = 'Q'}, " 9"},
      {"cross", {.cross_type = 'O'}, " 14"},
      {"quantity 0", {.quantity = 0}, " 13"},
      {"quantity above the most", {.quantity = 1'000'000}, " 13"},
      {"price 0", {.price = 0}, " 1d"},
      {"market price", {.price = ouch::kMarketPrice}, " 1d"},
      {"other market price", {.price = ouch::kMarketPriceAlt}, " 1d"},
      {"time in force", {.tif = '6'}, " f"},
      {"display", {.display = 'Z'}, " 3"},
      {"MinQty on a day order", {.min_qty = 1}, " d"},
      {"MinQty above the quantity", {.tif = '3', .min_qty = 101}, " d"},
      {"AIQ strategy", {.aiq_strategy = '7'}, " 40"},
  };
  VenueDriver venue({.symbols = {padded<8>("XYZ")}});
  std::uint32_t number = 0;
  for (const Row& row : rows) {
    TestOrder order = row.order;
    order.number = ++number;
    EXPECT_EQ(venue.enter(order),
              Lines{std::string("J ").append(std::to_string(number)).append(row.reason)})
        << row.name;
    EXPECT_EQ(venue.query(), Lines{std::string("Q ").append(std::to_string(number + 1))});
  }
  EXPECT_EQ(venue.engine.counts().open, 0U);
  EXPECT_EQ(venue.engine.counts().rejected, rows.size());
}

TEST(VenueEnter, RejectsTagsItDoesNotImplement) {
  VenueDriver venue;
  ouch::EnterOrder order = enter_message({.number = 1});
  order.appendage.mark(ouch::Tag::PegOffset);
  EXPECT_EQ(venue.send(order), Lines{"J 1 f"});
  order = enter_message({.number = 2});
  order.appendage.mark(ouch::Tag::PriceType);
  order.appendage.price_type = 'P';
  EXPECT_EQ(venue.send(order), Lines{"J 2 5"});
  order.appendage.price_type = 'L';
  order.user_ref_num = 3;
  EXPECT_EQ(venue.send(order), Lines{"A 3 L 100@5000"});
}

TEST(VenueEnter, TakesAnyPrintableSymbolWithoutAList) {
  VenueDriver venue;
  EXPECT_EQ(venue.enter({.number = 1, .symbol = "WHATEVER"}), Lines{"A 1 L 100@5000"});
  EXPECT_EQ(venue.enter({.number = 2, .symbol = ""}), Lines{"J 2 17"});
  EXPECT_EQ(venue.enter({.number = 3, .symbol = "A\x01"}), Lines{"J 3 17"});
}

TEST(VenueMatch, TradesAtTheRestingPriceAndReportsBothSides) {
  VenueDriver venue;
  venue.enter({.number = 1, .side = 'S', .quantity = 100, .price = 5000});
  EXPECT_EQ(venue.enter({.number = 2, .side = 'B', .quantity = 60, .price = 5100}),
            (Lines{"A 2 L 60@5100", "E 2 60@5000 R #1", "E 1 60@5000 A #1"}));
  EXPECT_EQ(venue.enter({.number = 3, .side = 'B', .quantity = 60, .price = 5000}),
            (Lines{"A 3 L 60@5000", "E 3 40@5000 R #2", "E 1 40@5000 A #2"}));
  const Counts counts = venue.engine.counts();
  EXPECT_EQ(counts.trades, 2U);
  EXPECT_EQ(counts.executed, 4U);
  EXPECT_EQ(counts.volume, 100U);
  EXPECT_EQ(counts.open, 1U) << "20 of order 3 rest";
}

TEST(VenueMatch, GoesByPriceThenTimeOverSeveralLevels) {
  VenueDriver venue;
  venue.enter({.number = 1, .side = 'B', .quantity = 10, .price = 100});
  venue.enter({.number = 2, .side = 'B', .quantity = 10, .price = 102});
  venue.enter({.number = 3, .side = 'B', .quantity = 10, .price = 101});
  venue.enter({.number = 4, .side = 'B', .quantity = 10, .price = 102});
  EXPECT_EQ(venue.enter({.number = 5, .side = 'S', .quantity = 35, .price = 101}),
            (Lines{"A 5 L 35@101", "E 5 10@102 R #1", "E 2 10@102 A #1", "E 5 10@102 R #2",
                   "E 4 10@102 A #2", "E 5 10@101 R #3", "E 3 10@101 A #3"}));
  EXPECT_EQ(venue.engine.counts().open, 2U) << "order 1, and 5 of order 5";
}

TEST(VenueMatch, KeepsSymbolsApart) {
  VenueDriver venue;
  venue.enter({.number = 1, .side = 'S', .symbol = "AAA"});
  EXPECT_EQ(venue.enter({.number = 2, .side = 'B', .symbol = "BBB"}), Lines{"A 2 L 100@5000"});
}

TEST(VenueMatch, TradesBetweenSessionsWithTheirOwnNumbers) {
  VenueDriver venue;
  venue.engine.open_session(venue.now_ns, venue.out);
  venue.enter({.number = 1, .side = 'S'}, 1);
  EXPECT_EQ(venue.enter({.number = 1, .side = 'B'}, 0),
            (Lines{"A 1 L 100@5000", "E 1 100@5000 R #1", "1: E 1 100@5000 A #1"}));
}

TEST(VenueIoc, CancelsWhatItCannotTrade) {
  VenueDriver venue;
  EXPECT_EQ(venue.enter({.number = 1, .tif = '3'}), (Lines{"A 1 L 100@5000", "C 1 -100 I"}));
  venue.enter({.number = 2, .side = 'S', .quantity = 30});
  EXPECT_EQ(venue.enter({.number = 3, .tif = '3'}),
            (Lines{"A 3 L 100@5000", "E 3 30@5000 R #1", "E 2 30@5000 A #1", "C 3 -70 I"}));
  EXPECT_EQ(venue.engine.counts().open, 0U);
}

TEST(VenueIoc, WithMinQtyTradesAtLeastThatOverSeveralOrdersOrNothing) {
  VenueDriver venue;
  venue.enter({.number = 1, .side = 'S', .quantity = 30, .price = 5000});
  venue.enter({.number = 2, .side = 'S', .quantity = 30, .price = 5001});
  venue.enter({.number = 3, .side = 'S', .quantity = 30, .price = 5002});
  EXPECT_EQ(venue.enter({.number = 4, .price = 5001, .tif = '3', .min_qty = 61}),
            (Lines{"A 4 L 100@5001", "C 4 -100 I"}));
  EXPECT_EQ(venue.enter({.number = 5, .price = 5001, .tif = '3', .min_qty = 60}),
            (Lines{"A 5 L 100@5001", "E 5 30@5000 R #1", "E 1 30@5000 A #1", "E 5 30@5001 R #2",
                   "E 2 30@5001 A #2", "C 5 -40 I"}));
}

TEST(VenuePostOnly, CancelsAnOrderThatWouldTake) {
  VenueDriver venue;
  venue.enter({.number = 1, .side = 'S', .price = 5000});
  EXPECT_EQ(venue.enter({.number = 2, .price = 5000, .post_only = true}),
            (Lines{"A 2 L 100@5000", "C 2 -100 G"}));
  EXPECT_EQ(venue.enter({.number = 3, .price = 4999, .post_only = true}), Lines{"A 3 L 100@4999"});
  EXPECT_EQ(venue.engine.counts().open, 2U);
}

// A resting sell of 50 in group G1, then an incoming buy of 80 in it.
Lines meets_itself(VenueDriver& venue, char strategy, std::uint32_t quantity = 80) {
  venue.enter({.number = 1, .side = 'S', .quantity = 50, .aiq_group = "G1"});
  return venue.enter({.number = 2,
                      .side = 'B',
                      .quantity = quantity,
                      .price = 5010,
                      .aiq_strategy = strategy,
                      .aiq_group = "G1"});
}

TEST(VenueSelfMatch, CancelsTheRestingOrderByStrategyO) {
  VenueDriver venue;
  EXPECT_EQ(meets_itself(venue, 'O'), (Lines{"A 2 L 80@5010", "D 1 -50 Q (50@5000 A O)"}));
  EXPECT_EQ(venue.cancel(1), Lines{});
  EXPECT_EQ(venue.cancel(2), Lines{"C 2 -80 U"});
}

TEST(VenueSelfMatch, CancelsTheIncomingOrderByStrategyWAndByDefault) {
  for (const char strategy : {'W', '*', '\0'}) {
    VenueDriver venue;
    const char shown = strategy == 'W' ? 'W' : '*';
    EXPECT_EQ(meets_itself(venue, strategy),
              (Lines{"A 2 L 80@5010", std::string("D 2 -80 Q (50@5000 R ") + shown + ")"}));
    EXPECT_EQ(venue.cancel(2), Lines{});
    EXPECT_EQ(venue.cancel(1), Lines{"C 1 -50 U"});
  }
}

TEST(VenueSelfMatch, DecrementsBothByStrategyD) {
  VenueDriver venue;
  EXPECT_EQ(meets_itself(venue, 'D'),
            (Lines{"A 2 L 80@5010", "D 2 -50 Q (50@5000 R D)", "D 1 -50 Q (50@5000 A D)"}));
  EXPECT_EQ(venue.cancel(1), Lines{});
  EXPECT_EQ(venue.cancel(2), Lines{"C 2 -30 U"}) << "30 of it came to rest";
  VenueDriver smaller;
  EXPECT_EQ(meets_itself(smaller, 'D', 20),
            (Lines{"A 2 L 20@5010", "D 2 -20 Q (20@5000 R D)", "D 1 -20 Q (20@5000 A D)"}));
  EXPECT_EQ(smaller.cancel(2), Lines{});
  EXPECT_EQ(smaller.cancel(1), Lines{"C 1 -30 U"});
}

TEST(VenueSelfMatch, CountsWhatItPreventedAsDoneOfTheChain) {
  VenueDriver venue;
  meets_itself(venue, 'D', 20);
  EXPECT_EQ(venue.cancel(1, 40), Lines{"C 1 -10 U"}) << "20 prevented and 20 to stay";
  EXPECT_EQ(venue.replace(1, {.number = 3, .quantity = 100, .price = 5050}),
            Lines{"U 1>3 L 80@5050"});
}

TEST(VenueSelfMatch, TradesWithStrangersInFrontAndBehind) {
  VenueDriver venue;
  venue.enter({.number = 1, .side = 'S', .quantity = 10});
  venue.enter({.number = 2, .side = 'S', .quantity = 10, .aiq_group = "G1"});
  venue.enter({.number = 3, .side = 'S', .quantity = 10, .aiq_group = "G2"});
  EXPECT_EQ(venue.enter({.number = 4, .quantity = 20, .aiq_strategy = 'O', .aiq_group = "G1"}),
            (Lines{"A 4 L 20@5000", "E 4 10@5000 R #1", "E 1 10@5000 A #1",
                   "D 2 -10 Q (10@5000 A O)", "E 4 10@5000 R #2", "E 3 10@5000 A #2"}));
}

TEST(VenueSelfMatch, LeavesOrdersAloneThatAreNotOfOneGroupAndScope) {
  struct Row {
    const char* name;
    TestOrder incoming;
    bool prevented;
  };
  const std::vector<Row> rows{
      {"the same", {.aiq_strategy = 'O', .aiq_group = "G1"}, true},
      {"no tags", {}, false},
      {"another group", {.aiq_strategy = 'O', .aiq_group = "G2"}, false},
      {"no group", {.aiq_strategy = 'O'}, false},
      {"switched off", {.aiq_strategy = 'N', .aiq_group = "G1"}, false},
      {"another firm", {.firm = "ELSE", .aiq_strategy = 'O', .aiq_group = "G1"}, false},
      {"any firm", {.firm = "ELSE", .aiq_strategy = 'o', .aiq_group = "G1"}, true},
  };
  for (const Row& row : rows) {
    VenueDriver venue;
    venue.enter({.number = 1, .side = 'S', .aiq_group = "G1"});
    TestOrder incoming = row.incoming;
    incoming.number = 2;
    venue.enter(incoming);
    EXPECT_EQ(venue.engine.counts().trades, row.prevented ? 0U : 1U) << row.name;
    EXPECT_EQ(venue.engine.counts().aiq_canceled, row.prevented ? 1U : 0U) << row.name;
  }
}

TEST(VenueSelfMatch, DoesNotReachAcrossSessions) {
  VenueDriver venue;
  venue.engine.open_session(venue.now_ns, venue.out);
  venue.enter({.number = 1, .side = 'S', .aiq_strategy = 'o', .aiq_group = "G1"}, 1);
  venue.enter({.number = 1, .aiq_strategy = 'o', .aiq_group = "G1"}, 0);
  EXPECT_EQ(venue.engine.counts().trades, 1U);
}

TEST(VenueSelfMatch, DoesNotCountOwnOrdersTowardsMinQty) {
  for (const char strategy : {'O', 'W', 'D'}) {
    VenueDriver venue;
    venue.enter({.number = 1, .side = 'S', .quantity = 10});
    venue.enter({.number = 2, .side = 'S', .quantity = 10, .aiq_group = "G1"});
    venue.enter({.number = 3, .side = 'S', .quantity = 10});
    const Lines lines = venue.enter({.number = 4,
                                     .quantity = 20,
                                     .tif = '3',
                                     .min_qty = 20,
                                     .aiq_strategy = strategy,
                                     .aiq_group = "G1"});
    if (strategy == 'O') {
      EXPECT_EQ(lines.back(), "E 3 10@5000 A #2");
    } else {
      EXPECT_EQ(lines, (Lines{"A 4 L 20@5000", "C 4 -20 I"})) << strategy;
    }
  }
}

}  // namespace
}  // namespace portcullis::gateway::venue_sim::venue_matching_test
