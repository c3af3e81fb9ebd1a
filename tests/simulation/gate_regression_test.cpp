// One test for each bug that the gate has had, named after it.
#include <gtest/gtest.h>

#include "tests/support/gate_world.h"
#include "tests/support/venue_words.h"

namespace portcullis::test::gate_regression_test {
namespace {

namespace gate = gateway::gate;
namespace ouch = gateway::ouch;
namespace venue_sim = gateway::venue_sim;
using risk::RejectReason;

ouch::InboundMessage mass_cancel(std::uint32_t number, std::string_view firm = "",
                                 std::string_view symbol = "") {
  return ouch::MassCancel{.user_ref_num = number,
                          .firm = padded<4>(firm),
                          .symbol = padded<8>(symbol),
                          .appendage = {}};
}

ouch::InboundMessage amzn(TestOrder order) {
  order.symbol = "AMZN";
  order.price = kAmznPrice;
  order.firm = "";
  return venue_sim::enter_message(order);
}

// --- sweeps

// A client that cancels everything and quotes anew lost its new quotes too: the cancels go out in
// slices, and took whatever was live when they came by.
TEST(GateRegression, AMassCancelLeavesWhatIsEnteredAfterIt) {
  GateWorld w;
  const auto bravo = w.session("BRAVO1");
  w.enter(bravo, {.number = 1});
  w.say(accepted(1));
  w.at_venue();
  // Both are taken in one pass, before the first slice.
  for (const auto& message : {mass_cancel(2), amzn({.number = 3})}) {
    w.gate().on_client_message(bravo, venue_sim::bytes_of(message), false, w.now_ns);
  }
  w.deliver();
  EXPECT_EQ(w.at_venue(), (Lines{"O 2 B 100 AMZN@2200000", "X 1 0"}));
  EXPECT_EQ(w.order(bravo, 1)->cancel_to.raw, 0);
  EXPECT_LT(w.order(bravo, 3)->cancel_to.raw, 0);
  EXPECT_EQ(w.check(), "");
}

// With that, an order that is replaced between the mass cancel and its slice must not escape by its
// new number.
TEST(GateRegression, AnOrderDoesNotOutrunAMassCancelByBeingReplaced) {
  GateWorld w;
  const auto bravo = w.session("BRAVO1");
  w.enter(bravo, {.number = 1});
  w.say(accepted(1));
  w.at_venue();
  for (const ouch::InboundMessage& message :
       {mass_cancel(2), ouch::InboundMessage(venue_sim::replace_message(
                            1, {.number = 3, .quantity = 150, .price = kAmznPrice}))}) {
    w.gate().on_client_message(bravo, venue_sim::bytes_of(message), false, w.now_ns);
  }
  ouch::OutboundMessage answer = replaced(1, 2, {.quantity = 150});
  std::array<std::byte, ouch::kMaxMessageSize> buffer;
  const std::size_t size = ouch::encode(answer, buffer);
  EXPECT_TRUE(w.gate().on_venue_message(w.gate().venue_next_sequence(),
                                        std::span(buffer).first(size), w.now_ns));
  w.hold_from_venue = true;  // the world's venue has not said it
  w.deliver();
  EXPECT_EQ(w.at_venue(), (Lines{"U 1>2 150@2200000", "X 2 0"}));
  EXPECT_EQ(w.order(bravo, 3)->cancel_to.raw, 0);
  EXPECT_EQ(w.check(), "");
}

// Nor where the venue says nothing of the replace, and executes or cancels a part of the new
// number.
TEST(GateRegression, AnOrderDoesNotOutrunAMassCancelByBeingReplacedInSilence) {
  for (const ouch::OutboundMessage& answer : {ouch::OutboundMessage(executed(2, 10, kAmznPrice, 1)),
                                              ouch::OutboundMessage(canceled(2, 10))}) {
    GateWorld w;
    const auto bravo = w.session("BRAVO1");
    w.enter(bravo, {.number = 1});
    w.say(accepted(1));
    w.at_venue();
    for (const ouch::InboundMessage& message :
         {mass_cancel(2), ouch::InboundMessage(venue_sim::replace_message(
                              1, {.number = 3, .quantity = 150, .price = kAmznPrice}))}) {
      w.gate().on_client_message(bravo, venue_sim::bytes_of(message), false, w.now_ns);
    }
    std::array<std::byte, ouch::kMaxMessageSize> buffer;
    const std::size_t size = ouch::encode(answer, buffer);
    EXPECT_TRUE(w.gate().on_venue_message(w.gate().venue_next_sequence(),
                                          std::span(buffer).first(size), w.now_ns));
    w.hold_from_venue = true;  // the world's venue has not said it
    w.deliver();
    EXPECT_EQ(w.at_venue(), (Lines{"U 1>2 150@2200000", "X 2 0"}));
    EXPECT_EQ(w.order(bravo, 3)->cancel_to.raw, 0);
    EXPECT_EQ(w.check(), "");
  }
}

std::string bulk_firm(int account) {
  return std::string("B").append(std::to_string(100 + account));
}

// More mass cancels at once than there was room for turned the oldest into a cancel of everything
// of everybody.
TEST(GateRegression, ManyMassCancelsOfOneMemberCancelNobodyElsesOrders) {
  std::vector<Change> changes;
  std::ostringstream accounts;
  accounts << R"(["bravo-1")";
  for (int a = 0; a < 70; ++a) {
    std::ostringstream account;
    account << R"({"group": "bravo-clients", "firm": ")" << bulk_firm(a)
            << R"(", "profile": "client", "rate": {"per_second": 2000, "burst": 1000,
                   "exit_per_second": 4000, "exit_burst": 4000},
                   "executions": {"interval_ms": 1, "burst": 1000000}})";
    const std::string name = std::string("bulk-").append(bulk_firm(a));
    changes.push_back(
        {Change::Kind::Add, "limits.json", std::string("accounts.").append(name), account.str()});
    accounts << ", \"" << name << "\"";
  }
  accounts << "]";
  changes.push_back(
      {Change::Kind::Set, "sessions.json", "sessions.BRAVO1.accounts", accounts.str()});
  GateWorld w(changes);
  const auto alpha = w.session("ALPHA2");
  const auto bravo = w.session("BRAVO1");
  w.enter(alpha, {.number = 1});
  w.say(accepted(1));
  std::uint32_t number = 0;
  int sent = 0;
  for (int a = 0; a < 70; ++a) {
    for (const char* symbol : {"AMZN", "BTCPERP", "ETHPERP", "EURUSD"}) {
      if (!w.gate().has_room()) w.deliver();  // as the shard does
      const auto message = mass_cancel(++number, bulk_firm(a), symbol);
      w.gate().on_client_message(bravo, venue_sim::bytes_of(message), false, w.now_ns);
      ++sent;
    }
  }
  EXPECT_EQ(sent, 280);
  w.deliver();
  EXPECT_LT(w.order(alpha, 1)->cancel_to.raw, 0);
  EXPECT_EQ(w.counters().answered, 280U);
  EXPECT_EQ(w.check(), "");
}

// A sweep that is asked for again begins again. The first in the table went first, and whoever kept
// asking for it held up everybody else's, an operator's kill included.
TEST(GateRegression, AClientThatKeepsCancellingDoesNotHoldUpAKill) {
  GateWorld w;
  const auto alpha = w.session("ALPHA2");
  const auto bravo = w.session("BRAVO1");
  w.enter(alpha, {.number = 1});
  w.say(accepted(1));
  std::uint32_t number = 0;
  while (number < gate::kSweepSlice + 10) {  // more than one slice cancels
    w.enter(bravo, {.number = ++number, .quantity = 1});
  }
  ASSERT_EQ(w.engine().live_orders(), 1 + number);
  for (int turn = 0; turn < 10; ++turn) {
    const Bytes again = venue_sim::bytes_of(mass_cancel(++number));
    w.gate().on_client_message(bravo, again, false, w.now_ns);
    if (turn == 0) {
      w.gate().control({.time = {w.now_ns},
                        .target = w.account("alpha-hedge").value,
                        .by = {},
                        .scope = risk::ControlScope::Account,
                        .action = risk::ControlAction::Kill});
    }
    w.gate().run(w.now_ns);
  }
  EXPECT_EQ(w.order(alpha, 1)->cancel_to.raw, 0);
  w.deliver();
  EXPECT_EQ(w.check(), "");
}

// Mass cancels were free, each with a record, an answer and a slice for its sweep, while a cancel
// of one order takes from the session's second budget.
TEST(GateRegression, AMassCancelTakesFromTheSessionsSecondBudget) {
  GateWorld w({{Change::Kind::Set, "sessions.json", "sessions.BRAVO1.rate",
                R"({"per_second": 1, "burst": 1, "exit_per_second": 2, "exit_burst": 3})"}});
  const auto bravo = w.session("BRAVO1");
  for (std::uint32_t number = 1; number <= 3; ++number) {
    EXPECT_FALSE(w.send(bravo, mass_cancel(number)).disconnect);
  }
  EXPECT_TRUE(w.send(bravo, mass_cancel(4)).disconnect);
  EXPECT_EQ(w.owed(bravo), (Lines{"X 1", "X 2", "X 3", "J 4 29"}));
  EXPECT_EQ(w.counters().rejects[static_cast<std::size_t>(RejectReason::Rate)], 1U);
  w.pass_time(risk::kSecondNs);
  EXPECT_FALSE(w.send(bravo, mass_cancel(5)).disconnect);
  EXPECT_EQ(w.check(), "");
}

// What waits for room is nothing to do: a gate with a full journal or a venue that does not read
// ran round without a pause.
TEST(GateRegression, AGateThatWaitsForRoomIsNotBusy) {
  GateWorld w({{Change::Kind::Set, "sessions.json", "sessions.BRAVO1.rate",
                R"({"per_second": 1, "burst": 1, "exit_per_second": 1, "exit_burst": 1000000})"}});
  const auto bravo = w.session("BRAVO1");
  w.enter(bravo, {.number = 1});
  w.say(accepted(1));
  w.at_venue();
  // The last record for which there is room begins a sweep.
  const auto fill_to = [&](std::uint64_t used) {
    const Bytes query = venue_sim::bytes_of(ouch::AccountQuery{.appendage = {}});
    while (w.journal().occupancy_bytes() + 256 < used) {
      w.gate().on_client_message(bravo, query, false, w.now_ns);
    }
  };
  const std::uint64_t capacity = w.journal().capacity_bytes();
  fill_to(capacity * 3 / 4);
  EXPECT_TRUE(w.gate().run(w.now_ns)) << "the journal is degraded from here on";
  fill_to(capacity - capacity / 8);
  for (std::uint32_t number = 2; w.gate().has_room(); ++number) {
    w.gate().on_client_message(bravo, venue_sim::bytes_of(mass_cancel(number)), false, w.now_ns);
  }
  EXPECT_FALSE(w.gate().is_idle());
  EXPECT_FALSE(w.gate().run(w.now_ns));
  EXPECT_TRUE(w.journal().flush());
  EXPECT_TRUE(w.gate().run(w.now_ns));
  w.deliver();
  EXPECT_EQ(w.at_venue(), Lines{"X 1 0"});
  EXPECT_FALSE(w.gate().run(w.now_ns));
  EXPECT_EQ(w.check(), "");
}

// --- off the grid

std::vector<Change> ten_wire_units_a_lot() {
  return {
      {Change::Kind::Set, "instruments.json", "instruments.AMZN.venue.quantity_scale", "\"0.1\""}};
}

// A cancel of 15 units of 10 a lot released two lots, one half more than the venue took off.
TEST(GateRegression, ACancelOffTheLotGridReleasesNoMoreThanTheVenueTookOff) {
  GateWorld w(ten_wire_units_a_lot());
  const auto bravo = w.session("BRAVO1");
  w.enter(bravo, {.number = 1});
  w.say(accepted(1, {.quantity = 1000}));
  w.say(canceled(1, 15));
  EXPECT_EQ(w.order(bravo, 1)->cancelled.raw, 1);
  w.say(aiq_canceled(1, 19));
  EXPECT_EQ(w.order(bravo, 1)->cum.raw, 1);
  EXPECT_EQ(w.counters().off_grid, 3U);  // the decrements, and what was prevented
  EXPECT_EQ(w.check(), "");
}

// An execution of a part of a lot was booked as a whole one and trading went on: the position here
// is not the position there, so the account only closes until somebody has looked.
TEST(GateRegression, AnExecutionOffTheLotGridMakesItsAccountCloseOnly) {
  GateWorld w(ten_wire_units_a_lot());
  const auto bravo = w.session("BRAVO1");
  w.enter(bravo, {.number = 1});
  w.say(accepted(1, {.quantity = 1000}));
  EXPECT_FALSE(w.is_close_only("bravo-1"));
  w.say(executed(1, 15, kAmznPrice, 1));
  EXPECT_EQ(w.position("bravo-1", "AMZN"), 2);
  EXPECT_TRUE(w.is_close_only("bravo-1"));
  EXPECT_FALSE(w.is_close_only("bravo-2"));
  EXPECT_EQ(w.counters().off_grid, 1U);
  EXPECT_EQ(w.check(), "");
}

// Each field off the grid was counted once for the books and once more for the client's copy.
TEST(GateRegression, AFieldOffTheGridIsCountedOnce) {
  GateWorld w;
  const auto bravo = w.session("BRAVO1");
  w.enter(bravo, {.number = 1});
  w.say(accepted(1, {.price = kAmznPrice + 1}));
  EXPECT_EQ(w.counters().off_grid, 1U);
}

// --- adoption

TEST(GateRegression, AnAcceptedOfNumberZeroIsNoOrder) {
  GateWorld w;
  w.say(accepted(0, {.firm = "BRV1"}));
  EXPECT_EQ(w.engine().live_orders(), 0U);
  EXPECT_EQ(w.counters().unattributed, 1U);
  EXPECT_EQ(w.check(), "");
}

TEST(GateRegression, AnUnknownOrderThatIsDeadIsNotAdopted) {
  GateWorld w;
  w.say(accepted(7, {.state = 'D', .firm = "BRV1"}));
  EXPECT_EQ(w.engine().live_orders(), 0U);
  EXPECT_EQ(w.engine().next_number(), 8U);
  EXPECT_EQ(w.check(), "");
}

// The client's number of a live order was given to a second one; when the first ended, a cancel of
// that number read an order that was not there.
TEST(GateRegression, AnUnknownOrderDoesNotTakeTheClientNumberOfALiveOne) {
  GateWorld w;
  const auto bravo = w.session("BRAVO1");
  w.enter(bravo, {.number = 1});
  w.say(accepted(1));
  w.say(accepted(9, {.firm = "BRV1", .cl_ord_id = own_cl_ord_id(bravo, 1)}));
  EXPECT_EQ(w.counters().adopted, 1U);
  EXPECT_EQ(w.order(bravo, 1)->head, 1U);
  w.say(canceled(1, 100));
  EXPECT_EQ(w.order(bravo, 1), nullptr);
  EXPECT_EQ(w.cancel(bravo, 1).disposition, risk::Disposition::Ignore);
  EXPECT_EQ(w.engine().live_orders(), 1U);
  EXPECT_EQ(w.check(), "");
}

// Any text of letters and digits that reads as one of ours named a session, whoever's order it was.
TEST(GateRegression, AnUnknownOrderIsNobodysClientWhereTheSessionMayNotUseTheAccount) {
  GateWorld w;
  const auto alpha = w.session("ALPHA1");
  w.say(accepted(5, {.firm = "BRV1", .cl_ord_id = own_cl_ord_id(alpha, 40)}));
  EXPECT_EQ(w.counters().adopted, 1U);
  EXPECT_EQ(w.engine().watermark(alpha), 0U);
  EXPECT_EQ(w.owed(alpha), Lines{});
  EXPECT_EQ(w.check(), "");
}

TEST(GateRegression, TheClientTextOfAnAdoptedOrderIsBlank) {
  GateWorld w;
  const auto bravo = w.session("BRAVO1");
  w.say(accepted(5, {.firm = "BRV1", .cl_ord_id = own_cl_ord_id(bravo, 40)}));
  const auto messages = w.owed_messages(bravo);
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(std::get<ouch::Accepted>(messages[0]).cl_ord_id, padded<14>(""));
}

// A replacement that the journal does not know was dropped: its executions found nobody.
TEST(GateRegression, AReplacementThatTheJournalDoesNotKnowIsAdopted) {
  GateWorld w;
  const auto bravo = w.session("BRAVO1");
  w.enter(bravo, {.number = 1});
  w.say(accepted(1));
  w.say(executed(1, 20, kAmznPrice, 1));
  w.owed(bravo);
  w.say(replaced(1, 6, {.quantity = 230, .firm = "BRV1", .cl_ord_id = own_cl_ord_id(bravo, 4)}));
  EXPECT_EQ(w.owed(bravo), (Lines{"U 1>4 L 230@2200000"}));
  EXPECT_EQ(w.engine().live_orders(), 1U);
  ASSERT_NE(w.order(bravo, 4), nullptr);
  EXPECT_EQ(w.order(bravo, 4)->reserved.raw, 230);
  w.say(executed(6, 230, kAmznPrice, 2));
  EXPECT_EQ(w.position("bravo-1", "AMZN"), 250);
  EXPECT_EQ(w.engine().live_orders(), 0U);
  EXPECT_EQ(w.counters().adopted, 1U);
  EXPECT_EQ(w.check(), "");
}

// Whoever it belongs to: the client of the original was not told of anything, and waited for ever.
TEST(GateRegression, AnOrderThatIsReplacedByNobodysHasItsEnd) {
  GateWorld w;
  const auto bravo = w.session("BRAVO1");
  w.enter(bravo, {.number = 1});
  w.say(accepted(1));
  w.owed(bravo);
  w.say(replaced(1, 7, {.quantity = 60, .firm = "BRV1"}));
  EXPECT_EQ(w.owed(bravo), Lines{"C 1 -100 Z"});
  EXPECT_EQ(w.engine().live_orders(), 1U);
  EXPECT_EQ(w.check(), "");
}

// A number near the end of the space made our next one wrap to 0, which marks a free slot.
TEST(GateRegression, TheVenueCannotMakeOurNumbersWrap) {
  GateWorld w;
  const auto bravo = w.session("BRAVO1");
  for (const std::uint32_t number : {0xFFFF'FFFFU, 0xFFFF'FFFEU}) {
    w.say(query_response(number));
    w.say(accepted(number, {.firm = "BRV1"}));
    w.say(canceled(number, 10));
  }
  EXPECT_EQ(w.engine().next_number(), 1U);
  EXPECT_EQ(w.counters().malformed_by_venue, 6U);
  EXPECT_EQ(w.enter(bravo, {.number = 1}).reason, RejectReason::None);
  EXPECT_EQ(w.check(), "");
}

// --- proof

// The number in a message that is none proved that every number below it had been processed.
TEST(GateRegression, AMalformedMessageProvesNothing) {
  GateWorld w;
  const auto alpha = w.session("ALPHA2");
  constexpr std::uint32_t kOrders = 600;  // more than one record resolves
  for (std::uint32_t n = 1; n <= kOrders; ++n) {
    w.enter(alpha, {.number = n, .quantity = 1});
  }
  for (const char type : {'A', 'C', 'Z'}) {
    Bytes bytes(16, std::byte{0x7F});
    bytes[0] = static_cast<std::byte>(type);
    w.say_bytes(bytes);
  }
  EXPECT_EQ(w.counters().malformed_by_venue, 3U);
  EXPECT_EQ(w.counters().voided, 0U);
  EXPECT_EQ(w.engine().live_orders(), kOrders);
}

// An order that the venue had executed, though it never said Accepted, was declared never processed
// by the next higher number, and what was left of it no longer counted.
TEST(GateRegression, AnOrderThatTheVenueHasExecutedIsNotVoid) {
  for (const ouch::OutboundMessage& first :
       {ouch::OutboundMessage(executed(1, 40, kAmznPrice, 1)),
        ouch::OutboundMessage(canceled(1, 40)), ouch::OutboundMessage(aiq_canceled(1, 40)),
        ouch::OutboundMessage(cancel_pending(1)), ouch::OutboundMessage(replaced(1, 2))}) {
    GateWorld w;
    const auto bravo = w.session("BRAVO1");
    w.enter(bravo, {.number = 1});
    w.replace(bravo, 1, {.number = 2, .quantity = 100});
    w.enter(bravo, {.number = 3});
    w.say(first);
    w.say(accepted(3));
    EXPECT_EQ(w.engine().live_orders(), 2U) << line_of(first);
    EXPECT_EQ(w.counters().anomalies[static_cast<std::size_t>(risk::Anomaly::LateEvent)], 0U);
    EXPECT_EQ(w.check(), "");
  }
}

// The venue spoke of a number above ours, though not of an order: it ignores what comes below its
// highest, and our next orders were sent below it.
TEST(GateRegression, NumbersGoOnBehindWhateverTheVenueSpeaksOf) {
  for (const ouch::OutboundMessage& message :
       {ouch::OutboundMessage(executed(41, 40, kAmznPrice, 1)),
        ouch::OutboundMessage(canceled(41, 40)), ouch::OutboundMessage(aiq_canceled(41, 40)),
        ouch::OutboundMessage(rejected(41)), ouch::OutboundMessage(restated(41)),
        ouch::OutboundMessage(ouch::MassCancelResponse{.user_ref_num = 41, .appendage = {}})}) {
    GateWorld w;
    const auto bravo = w.session("BRAVO1");
    w.enter(bravo, {.number = 1});
    w.at_venue();
    w.say(message);
    EXPECT_EQ(w.owed(bravo), (Lines{"J 1 a"})) << line_of(message);
    w.enter(bravo, {.number = 2});
    EXPECT_EQ(w.at_venue(), (Lines{"O 42 B 100 AMZN@2200000"})) << line_of(message);
    EXPECT_EQ(w.check(), "");
  }
}

// An order with a cancel on its way turned out to have been replaced: what took its place stayed.
TEST(GateRegression, ACancelIsWantedOfTheReplacementThatIsAdoptedToo) {
  GateWorld w;
  const auto bravo = w.session("BRAVO1");
  w.enter(bravo, {.number = 1});
  w.say(accepted(1));
  w.cancel(bravo, 1, 30);
  w.at_venue();
  w.say(replaced(1, 6, {.quantity = 230, .firm = "BRV1", .cl_ord_id = own_cl_ord_id(bravo, 4)}));
  EXPECT_EQ(w.at_venue(), (Lines{"X 6 30"}));
  w.disconnect();
  w.connect();
  EXPECT_EQ(w.at_venue(), (Lines{"Q", "X 6 30"}));
  EXPECT_EQ(w.check(), "");
}

// What took the place of a replace that was not answered ended that replace, and left its original
// live here for ever.
TEST(GateRegression, AnAdoptedReplacementOfAPendingReplaceEndsTheWholeChain) {
  GateWorld w;
  const auto bravo = w.session("BRAVO1");
  w.enter(bravo, {.number = 1});
  w.say(accepted(1));
  w.replace(bravo, 1, {.number = 2, .quantity = 150});
  w.say(replaced(2, 6, {.quantity = 230, .firm = "BRV1", .cl_ord_id = own_cl_ord_id(bravo, 4)}));
  EXPECT_EQ(w.engine().live_orders(), 1U);
  EXPECT_EQ(w.order(bravo, 1), nullptr);
  EXPECT_EQ(w.order(bravo, 4)->reserved.raw, 230);
  EXPECT_FALSE(w.is_close_only("bravo-1"));
  EXPECT_EQ(w.check(), "");
}

// --- what the venue says of orders that have ended

TEST(GateRegression, AnOrderThatHasEndedIsNotCancelledOnceMoreForItsClient) {
  GateWorld w;
  const auto bravo = w.session("BRAVO1");
  w.enter(bravo, {.number = 1});
  w.say(accepted(1));
  w.say(canceled(1, 100));
  w.owed(bravo);
  w.say(canceled(1, 100));
  w.say(aiq_canceled(1, 100));
  EXPECT_EQ(w.owed(bravo), Lines{});
  EXPECT_EQ(w.anomalies(risk::Anomaly::LateEvent), 2U);
  EXPECT_FALSE(w.is_close_only("bravo-1"));  // both sides have it as dead
}

// The venue holds an order that has ended here: counted nowhere, so its account only closes.
TEST(GateRegression, AnOrderThatEndedHereAndLivesThereMakesItsAccountCloseOnly) {
  for (const bool replacement : {false, true}) {
    GateWorld w;
    const auto bravo = w.session("BRAVO1");
    w.enter(bravo, {.number = 1});
    w.say(accepted(1));
    w.replace(bravo, 1, {.number = 2});
    w.say(canceled(1, 100));
    replacement ? w.say(replaced(1, 2, {.state = 'D'})) : w.say(accepted(1, {.state = 'D'}));
    EXPECT_FALSE(w.is_close_only("bravo-1"));
    replacement ? w.say(replaced(1, 2)) : w.say(accepted(1));
    EXPECT_TRUE(w.is_close_only("bravo-1"));
    EXPECT_FALSE(w.is_close_only("bravo-2"));
    EXPECT_EQ(w.check(), "");
  }
}

// And so it does where the venue has replaced it, or speaks of it as an order in its book.
TEST(GateRegression, WhatIsToldOfAnEndedOrderInTheVenuesBookMakesItsAccountCloseOnly) {
  for (const ouch::OutboundMessage& message :
       {ouch::OutboundMessage(replaced(1, 2, {.firm = "BRV1"})), ouch::OutboundMessage(restated(1)),
        ouch::OutboundMessage(priority_update(1))}) {
    GateWorld w;
    const auto bravo = w.session("BRAVO1");
    w.enter(bravo, {.number = 1});
    w.say(accepted(1));
    w.say(canceled(1, 100));
    w.owed(bravo);
    for (const ouch::OutboundMessage& crossing :
         {ouch::OutboundMessage(cancel_pending(1)), ouch::OutboundMessage(cancel_reject(1)),
          ouch::OutboundMessage(replaced(1, 2, {.state = 'D', .firm = "BRV1"}))}) {
      w.say(crossing);
      EXPECT_FALSE(w.is_close_only("bravo-1")) << line_of(crossing);
    }
    w.say(message);
    EXPECT_TRUE(w.is_close_only("bravo-1")) << line_of(message);
    EXPECT_FALSE(w.is_close_only("bravo-2"));
    EXPECT_EQ(w.owed(bravo), Lines{}) << line_of(message);  // its client has had its end
    EXPECT_EQ(w.check(), "");
  }
}

// A priority update at a worse price, and a modification to more, or to the other side, were passed
// on, and trading went on.
TEST(GateRegression, MoreInTheVenuesBookThanIsCountedHereMakesTheAccountCloseOnly) {
  ouch::PriorityUpdate worse = priority_update(1);
  worse.price = kAmznPrice + 100;
  ouch::Modified modified{
      .user_ref_num = 1, .side = ouch::Side::Buy, .quantity = 100, .appendage = {}};
  ouch::Modified more = modified;
  more.quantity = 101;
  ouch::Modified other_side = modified;
  other_side.side = ouch::Side::Sell;
  for (const ouch::OutboundMessage& message :
       {ouch::OutboundMessage(worse), ouch::OutboundMessage(more),
        ouch::OutboundMessage(other_side)}) {
    GateWorld w;
    w.enter(w.session("BRAVO1"), {.number = 1});
    w.say(accepted(1));
    w.say(priority_update(1));
    w.say(modified);
    EXPECT_FALSE(w.is_close_only("bravo-1"));
    w.say(message);
    EXPECT_TRUE(w.is_close_only("bravo-1")) << line_of(message);
    EXPECT_EQ(w.anomalies(risk::Anomaly::AcceptedDifferently), 1U);
    EXPECT_EQ(w.check(), "");
  }
}

TEST(GateRegression, ASystemEventOfAnotherKindDoesNotLiftAHalt) {
  GateWorld w;
  const auto bravo = w.session("BRAVO1");
  w.say(ouch::SystemEvent{.event_code = ouch::EventCode::EndOfDay});
  w.say(ouch::SystemEvent{.event_code = ouch::EventCode{'Q'}});
  EXPECT_EQ(w.enter(bravo, {.number = 1}).reason, RejectReason::VenueHalted);
  EXPECT_EQ(w.counters().malformed_by_venue, 1U);
  w.say(ouch::SystemEvent{.event_code = ouch::EventCode::StartOfDay});
  EXPECT_EQ(w.enter(bravo, {.number = 2}).reason, RejectReason::None);
}

// A venue that has forgotten its stream but not its name was asked for it again and again; nobody
// was told that its orders are lost.
TEST(GateRegression, AVenueThatHasForgottenItsStreamHasLostItsSession) {
  GateWorld w;
  w.enter(w.session("BRAVO1"), {.number = 1});
  w.say(accepted(1));
  w.disconnect();
  EXPECT_FALSE(w.gate().on_venue_login("VENUE00001", 1, w.now_ns));
  EXPECT_EQ(w.gate().link(), gate::LinkState::Lost);
  EXPECT_EQ(w.engine().live_orders(), 1U);
}

// --- what goes out

// The venue refuses a minimum quantity on a Day order, and a replace that is invalid cancels its
// original there.
TEST(GateRegression, AReplaceWithAMinimumQuantityIsRefusedHere) {
  GateWorld w;
  const auto bravo = w.session("BRAVO1");
  w.enter(bravo, {.number = 1});
  w.say(accepted(1));
  w.at_venue();
  EXPECT_EQ(w.replace(bravo, 1, {.number = 2, .min_qty = 10}).reason, RejectReason::InvalidMinQty);
  EXPECT_EQ(w.at_venue(), Lines{});
  EXPECT_EQ(w.order(bravo, 1)->pending_count, 0);
}

// Any Firm in a replace was overlooked, one of another member too: the client believed that its
// order had moved to that account.
TEST(GateRegression, AReplaceThatNamesAnotherAccountIsRefused) {
  GateWorld w;
  const auto bravo = w.session("BRAVO1");
  w.enter(bravo, {.number = 1});
  w.say(accepted(1));
  w.at_venue();
  std::uint32_t number = 1;
  for (const std::string_view firm : {"BRV2", "ALP1", "NONE"}) {
    EXPECT_EQ(w.replace(bravo, 1, {.number = ++number, .firm = firm}).reason,
              RejectReason::UnsupportedFlag);
  }
  EXPECT_EQ(w.at_venue(), Lines{});
  EXPECT_EQ(w.replace(bravo, 1, {.number = ++number, .firm = "BRV1"}).reason, RejectReason::None);
}

// Quantities in tags went out, and came back, in the units of the other link.
TEST(GateRegression, QuantitiesInTagsAreScaledBothWays) {
  GateWorld w;
  const auto bravo = w.session("BRAVO2");  // ten of its units are one of the venue's
  ouch::EnterOrder order = venue_sim::enter_message({.number = 1,
                                                     .quantity = 500,
                                                     .price = 64'000ULL * 10'000 / 100,
                                                     .tif = '3',
                                                     .symbol = "XBTUSD",
                                                     .firm = "",
                                                     .min_qty = 120});
  order.appendage.mark(ouch::Tag::MaxFloor);
  order.appendage.max_floor = 200;
  order.appendage.mark(ouch::Tag::RandomReserves);
  order.appendage.random_reserves = 15;
  w.send(bravo, order);
  ASSERT_EQ(w.gate().last_decision().reason, RejectReason::None);
  const auto sent = w.messages_at_venue();
  const auto& there = std::get<ouch::EnterOrder>(sent.back());
  EXPECT_EQ(there.quantity, 50U);
  EXPECT_EQ(there.appendage.min_qty, 12U);
  EXPECT_EQ(there.appendage.max_floor, 20U);
  EXPECT_EQ(there.appendage.random_reserves, 2U);
  ouch::Accepted answer = accepted(1, {.quantity = 50, .price = there.price, .symbol = "BTCPERP"});
  answer.appendage = there.appendage;
  w.say(answer);
  ouch::Restated again = restated(1);
  again.appendage.mark(ouch::Tag::DisplayQuantity);
  again.appendage.display_quantity = 7;
  again.appendage.mark(ouch::Tag::DisplayPrice);
  again.appendage.display_price = there.price;
  w.say(again);
  const auto back = w.owed_messages(bravo);
  ASSERT_EQ(back.size(), 2U);
  EXPECT_EQ(std::get<ouch::Accepted>(back[0]).appendage.min_qty, 120U);
  EXPECT_EQ(std::get<ouch::Accepted>(back[0]).appendage.max_floor, 200U);
  EXPECT_EQ(std::get<ouch::Accepted>(back[0]).appendage.random_reserves, 20U);
  EXPECT_EQ(std::get<ouch::Restated>(back[1]).appendage.display_quantity, 70U);
  EXPECT_EQ(std::get<ouch::Restated>(back[1]).appendage.display_price, order.price);
}

// What the client's link can carry and the venue's cannot went out all the same: a sell far above
// the market at exactly the venue's code for a market order.
TEST(GateRegression, APriceOrAQuantityThatTheVenuesLinkCannotCarryIsRefused) {
  GateWorld w(
      {{Change::Kind::Set, "instruments.json", "instruments.AMZN.price_max", "\"1900\""},
       {Change::Kind::Set, "instruments.json", "instruments.AMZN.venue.price_scale", "\"0.01\""},
       {Change::Kind::Set, "instruments.json", "instruments.AMZN.venue.quantity_scale",
        "\"0.1\""}});
  const auto bravo = w.session("BRAVO1");
  const auto sell = [&](std::uint32_t number, std::uint32_t quantity, std::uint64_t price) {
    return w.enter(bravo, {.number = number, .side = 'S', .quantity = quantity, .price = price})
        .reason;
  };
  EXPECT_EQ(sell(1, 1, 19'999'900), RejectReason::None);  // 1,999.99
  EXPECT_EQ(sell(2, 1, 20'000'000), RejectReason::InvalidPrice);
  EXPECT_EQ(sell(3, 99'999, kAmznPrice), RejectReason::ClipSize);
  EXPECT_EQ(sell(4, 100'000, kAmznPrice), RejectReason::InvalidQuantity);
  EXPECT_EQ(
      w.replace(bravo, 1, {.number = 5, .side = 'S', .quantity = 1, .price = 20'000'000}).reason,
      RejectReason::InvalidPrice);
  EXPECT_EQ(w.replace(bravo, 1, {.number = 6, .side = 'S', .quantity = 100'000}).reason,
            RejectReason::InvalidQuantity);
}

// The last thing found wrong with an order's form was named, not the first in the list.
TEST(GateRegression, TheFirstOfSeveralFaultsOfFormIsNamed) {
  GateWorld w;
  const auto bravo = w.session("BRAVO1");
  ouch::EnterOrder order = venue_sim::enter_message({.number = 1, .price = 0, .symbol = "AMZN"});
  order.side = ouch::Side{'?'};
  order.display = '?';
  order.cl_ord_id[0] = '\x01';
  const auto reason = [&] {
    w.send(bravo, order);
    ++order.user_ref_num;
    return w.gate().last_decision().reason;
  };
  EXPECT_EQ(reason(), RejectReason::MalformedField);
  order.cl_ord_id[0] = 'C';
  EXPECT_EQ(reason(), RejectReason::InvalidSide);
  order.side = ouch::Side::Buy;
  EXPECT_EQ(reason(), RejectReason::InvalidDisplay);
  order.display = 'Y';
  EXPECT_EQ(reason(), RejectReason::InvalidPrice);
  order.price = kAmznPrice;
  order.appendage = {};
  order.time_in_force = ouch::TimeInForce::AfterHours;
  order.cross_type = 'O';
  EXPECT_EQ(reason(), RejectReason::UnsupportedTimeInForce);
  order.time_in_force = ouch::TimeInForce::Day;
  EXPECT_EQ(reason(), RejectReason::UnsupportedFlag);
}

// --- remembered cancels

// A partial cancel that the venue had answered was sent again after a reconnect, for the order that
// had replaced it since.
TEST(GateRegression, AnAnsweredPartialCancelIsNotSentAgain) {
  GateWorld w;
  const auto bravo = w.session("BRAVO1");
  w.enter(bravo, {.number = 1});
  w.say(accepted(1));
  w.cancel(bravo, 1, 50);
  w.replace(bravo, 1, {.number = 2, .quantity = 150});
  w.say(canceled(1, 50));
  w.say(replaced(1, 2, {.quantity = 150}));
  w.at_venue();
  w.disconnect();
  w.connect();
  EXPECT_EQ(w.at_venue(), Lines{"Q"});
  // One that has not been answered is, for the numbers that it meant.
  w.hold_to_venue = true;
  w.cancel(bravo, 2, 120);
  w.replace(bravo, 2, {.number = 3, .quantity = 200});
  w.disconnect();
  w.hold_to_venue = false;
  w.connect();
  EXPECT_EQ(w.at_venue(), (Lines{"Q", "C 4 PCLS NOSYMBOL", "X 2 120"}));
  EXPECT_EQ(w.check(), "");
}

// Numbers that were never processed, more of them than the journal has room for: what their clients
// are owed was written in one step, beyond the end of the ring, and the process stopped; and so did
// the next one, at the same message. Now the message waits until there is room.
TEST(GateRegression, MoreDeadNumbersThanTheJournalHasRoomForWaitForIt) {
  const auto set = [](const char* file, const char* path, const char* value) {
    return Change{Change::Kind::Set, file, path, value};
  };
  constexpr std::uint32_t kOrders = 24'000;
  GateWorld w({set("process.json", "capacities.orders", "32768"),
               set("process.json", "journal.ring_bytes", "1048576"),
               set("limits.json", "accounts.alpha-hedge.rate", "null"),
               set("limits.json", "profiles.maker.open_orders_max", "40000"),
               set("limits.json", "profiles.group.open_orders_max", "40000"),
               set("limits.json", "profiles.member.open_orders_max", "40000"),
               set("sessions.json", "sessions.ALPHA2.rate",
                   R"({"per_second": 1000000, "burst": 1000000, "exit_per_second": 1000000,
                       "exit_burst": 1000000})")});
  const auto alpha = w.session("ALPHA2");
  for (std::uint32_t n = 1; n <= kOrders; ++n) {
    ASSERT_EQ(w.enter(alpha, {.number = n, .quantity = 1}).reason, RejectReason::None) << n;
  }
  ASSERT_TRUE(w.journal().flush());
  w.hold_journal = true;
  w.say(query_response(kOrders + 1));
  EXPECT_TRUE(w.gate().has_message_waiting());
  EXPECT_GT(w.engine().live_orders(), 0U);
  EXPECT_FALSE(w.gate().run(w.now_ns)) << "there is nothing to do until it is written";
  for (int turns = 0; turns < 8 && w.gate().has_message_waiting(); ++turns) {
    ASSERT_TRUE(w.journal().flush());
    w.deliver();
  }
  EXPECT_TRUE(w.is_connected());
  EXPECT_EQ(w.engine().live_orders(), 0U);
  EXPECT_EQ(w.counters().voided, kOrders);
  w.hold_journal = false;
  EXPECT_EQ(w.owed(alpha).size(), kOrders);
  EXPECT_EQ(w.check(), "");
}

// A new journal at a venue whose stream holds the answers to queries of an earlier one: the first of
// them was taken for the answer to ours, the link was up before the stream had been read, and orders
// went out under numbers that the venue had used, and ignored; its word on the old ones was taken for
// its word on them.
TEST(GateRegression, TheAnswerToAnEarlierQueryIsNotTheAnswerToOurs) {
  GateWorld w;
  const auto bravo = w.session("BRAVO1");
  for (std::uint32_t n = 1; n <= 3; ++n) {
    w.enter(bravo, {.number = n});
    w.say(accepted(n, {.firm = "BRV1", .cl_ord_id = own_cl_ord_id(bravo, n)}));
  }
  std::uint64_t first_link = 0;
  w.for_each_record(0, [&](const gateway::journal::RecordView& record) {
    if (first_link == 0 && record.type == static_cast<std::uint16_t>(gate::RecordType::VenueLink))
      first_link = record.sequence;
  });
  w.disconnect();
  bool entered = false;
  bool running = false;
  w.on_call = [&] {  // a pass ends behind each message, and a client is there
    if (running) return;
    running = true;
    w.gate().run(w.now_ns);
    if (w.gate().link() == gate::LinkState::Up && !entered) {
      entered = true;
      const auto order = venue_sim::enter_message(
          {.number = 40, .quantity = 7, .price = kAmznPrice - 100, .symbol = "AMZN", .firm = ""});
      w.gate().on_client_message(bravo, venue_sim::bytes_of(order), false, w.now_ns);
    }
    running = false;
  };
  w.kill(first_link - 1);
  w.price();
  if (!w.is_connected()) w.connect();
  ASSERT_TRUE(entered);
  EXPECT_EQ(w.counters().adopted, 3U);
  ASSERT_NE(w.order(bravo, 40), nullptr);
  EXPECT_EQ(w.order(bravo, 40)->head, 4U);
  EXPECT_EQ(w.order(bravo, 40)->acknowledged, 0U);
}

}  // namespace
}  // namespace portcullis::test::gate_regression_test
