// Orders in the engine's terms beside the same ones over OUCH: the venue must be told the same, but
// for what only OUCH carries.
#include <gtest/gtest.h>

#include <atomic>

#include "tests/support/gate_world.h"

namespace portcullis::test::plain_orders_test {
namespace {

namespace gate = gateway::gate;
namespace ouch = gateway::ouch;
using namespace portcullis::risk;

gate::OrderName name_of(std::string_view text) {
  gate::OrderName name{};
  std::copy(text.begin(), text.end(), name.begin());
  return name;
}

// A buy of 100 AMZN at 220, in lots and ticks.
NewOrder order_of(const GateWorld& w, std::uint32_t number) {
  const InstrumentIndex amzn = w.instrument("AMZN");
  const config::Alias& alias = w.deployment().instruments[amzn.value].venue;
  NewOrder order;
  order.price = {2'200'000 / alias.price_per_tick};
  order.quantity = {100 / alias.quantity_per_lot};
  order.account = w.account("bravo-1");
  order.instrument = amzn;
  order.session = w.session("BRAVO1");
  order.client_ref = number;
  return order;
}

ouch::EnterOrder as_ouch(std::uint32_t number) {
  ouch::EnterOrder message = gateway::venue_sim::enter_message({.number = number});
  message.quantity = 100;
  message.symbol = padded<8>("AMZN");
  message.price = 2'200'000;
  message.capacity = ouch::kCapacityAgency;
  message.appendage = {};
  return message;
}

// What the venue is told, without the numbers that are ours.
std::vector<ouch::InboundMessage> told(GateWorld& w) {
  w.deliver();
  return w.messages_at_venue();
}

TEST(PlainOrders, TheVenueIsToldWhatOuchWouldHaveToldIt) {
  struct Case {
    const char* what;
    std::uint16_t flags;
    TimeInForce life;
    Lots min;
    void (*as_ouch)(ouch::EnterOrder&);
  };
  const std::vector<Case> cases = {
      {"day", 0, TimeInForce::Day, {0}, [](ouch::EnterOrder&) {}},
      {"post only",
       kPostOnly,
       TimeInForce::Day,
       {0},
       [](ouch::EnterOrder& m) {
         m.appendage.post_only = ouch::kPostOnly;
         m.appendage.mark(ouch::Tag::PostOnly);
       }},
      {"immediate or cancel",
       0,
       TimeInForce::ImmediateOrCancel,
       {0},
       [](ouch::EnterOrder& m) { m.time_in_force = ouch::TimeInForce::ImmediateOrCancel; }},
      {"with a minimum",
       0,
       TimeInForce::ImmediateOrCancel,
       {50},
       [](ouch::EnterOrder& m) {
         m.time_in_force = ouch::TimeInForce::ImmediateOrCancel;
         m.appendage.min_qty = 50;
         m.appendage.mark(ouch::Tag::MinQty);
       }},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    GateWorld plain;
    GateWorld wire;
    (void)told(plain);
    (void)told(wire);
    NewOrder order = order_of(plain, 1);
    order.flags = c.flags;
    order.time_in_force = c.life;
    order.min_quantity = c.min;
    plain.gate().on_order(order, name_of("my-order"), false, plain.now_ns);
    ouch::EnterOrder message = as_ouch(1);
    c.as_ouch(message);
    wire.send(wire.session("BRAVO1"), message);
    const auto at_plain = told(plain);
    ASSERT_EQ(at_plain.size(), 1u);
    EXPECT_EQ(at_plain, told(wire));
    EXPECT_EQ(plain.check(), "");
  }
}

TEST(PlainOrders, FillOrKillIsImmediateWithItsQuantityAsTheLeast) {
  GateWorld w;
  (void)told(w);
  NewOrder order = order_of(w, 1);
  order.time_in_force = TimeInForce::FillOrKill;
  w.gate().on_order(order, name_of("all"), false, w.now_ns);
  const auto at_venue = told(w);
  ASSERT_EQ(at_venue.size(), 1u);
  const auto& message = std::get<ouch::EnterOrder>(at_venue[0]);
  EXPECT_EQ(message.time_in_force, ouch::TimeInForce::ImmediateOrCancel);
  EXPECT_TRUE(message.appendage.has(ouch::Tag::MinQty));
  EXPECT_EQ(message.appendage.min_qty, message.quantity);
}

TEST(PlainOrders, AreReplacedAndCancelled) {
  GateWorld w;
  (void)told(w);
  const NewOrder order = order_of(w, 1);
  w.gate().on_order(order, name_of("a"), false, w.now_ns);
  w.deliver();
  ReplaceOrder replace;
  replace.price = {order.price.raw + 1};
  replace.total = {order.quantity.raw + 7};
  replace.session = order.session;
  replace.original_ref = 1;
  replace.client_ref = 2;
  w.gate().on_order(replace, false, w.now_ns);
  EXPECT_EQ(w.gate().last_decision().disposition, Disposition::Forward);
  CancelOrder cancel;
  cancel.session = order.session;
  cancel.client_ref = 2;
  w.gate().on_order(cancel, w.now_ns);
  EXPECT_EQ(w.gate().last_decision().disposition, Disposition::Forward);
  const auto at_venue = told(w);
  ASSERT_EQ(at_venue.size(), 4u) << "entered, replaced, and a cancel of both numbers";
  EXPECT_EQ(std::get<ouch::ReplaceOrder>(at_venue[1]).quantity,
            static_cast<std::uint32_t>(replace.total.raw) *
                w.deployment().instruments[order.instrument.value].venue.quantity_per_lot);
  EXPECT_EQ(w.check(), "");
}

TEST(PlainOrders, MoreThanTheVenuesLinkCarriesIsRefusedByName) {
  GateWorld w;
  (void)told(w);
  const config::Alias& venue = w.deployment().instruments[w.instrument("AMZN").value].venue;
  NewOrder order = order_of(w, 1);
  order.quantity = venue.quantity_max + Lots{1};
  w.gate().on_order(order, name_of("big"), false, w.now_ns);
  EXPECT_EQ(w.gate().last_decision().reason, RejectReason::InvalidQuantity);
  order = order_of(w, 2);
  order.price = {venue.price_max.raw + 1};
  w.gate().on_order(order, name_of("dear"), false, w.now_ns);
  EXPECT_EQ(w.gate().last_decision().reason, RejectReason::InvalidPrice);
  EXPECT_TRUE(told(w).empty());
}

TEST(PlainOrders, ANumberThatIsNotNewIsIgnored) {
  GateWorld w;
  (void)told(w);
  w.gate().on_order(order_of(w, 1), name_of("a"), false, w.now_ns);
  const std::uint64_t records = w.journal().published_sequence();
  w.gate().on_order(order_of(w, 1), name_of("a"), false, w.now_ns);
  EXPECT_EQ(w.journal().published_sequence(), records);
  EXPECT_EQ(w.counters().ignored, 1u);
}

// A state that was recovered with a difference: nobody knows what would be an exit, so that only
// cancels pass, until an operator has accepted it.
TEST(PlainOrders, AreRefusedInAStateThatIsNotConfirmedAndCancelsPass) {
  GateWorld w;
  (void)told(w);
  const NewOrder first = order_of(w, 1);
  w.gate().on_order(first, name_of("first"), false, w.now_ns);
  w.deliver();
  ASSERT_EQ(w.gate().last_decision().disposition, Disposition::Forward);
  w.gate().await_confirmation(w.now_ns);

  const auto expect_refused = [&](const gate::ClientResult& result, const char* what) {
    EXPECT_TRUE(result.rejected) << what;
    EXPECT_FALSE(result.disconnect || result.malformed) << what;
    EXPECT_EQ(w.gate().last_decision().disposition, Disposition::Reject) << what;
    EXPECT_EQ(w.gate().last_decision().reason, RejectReason::StateDiffers) << what;
  };
  NewOrder order = order_of(w, 2);
  expect_refused(w.gate().on_order(order, name_of("second"), false, w.now_ns), "an increase");
  order = order_of(w, 3);  // bravo-2 has 1,000 of them
  order.account = w.account("bravo-2");
  order.side = Side::Sell;
  order.flags = kReduceOnly;
  expect_refused(w.gate().on_order(order, name_of("third"), false, w.now_ns), "an exit");
  ReplaceOrder replace;
  replace.price = first.price;
  replace.total = {first.quantity.raw - 1};
  replace.session = first.session;
  replace.original_ref = 1;
  replace.client_ref = 4;
  expect_refused(w.gate().on_order(replace, false, w.now_ns), "a replace to less");
  EXPECT_EQ(told(w).size(), 1u) << "the first order alone";

  CancelOrder cancel;
  cancel.session = first.session;
  cancel.client_ref = 1;
  EXPECT_FALSE(w.gate().on_order(cancel, w.now_ns).rejected);
  EXPECT_EQ(w.gate().last_decision().disposition, Disposition::Forward);
  const auto at_venue = told(w);
  ASSERT_EQ(at_venue.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<ouch::CancelOrder>(at_venue[0]));

  w.gate().accept_state(w.now_ns);
  w.gate().on_order(order_of(w, 5), name_of("fifth"), false, w.now_ns);
  EXPECT_EQ(w.gate().last_decision().disposition, Disposition::Forward);
  EXPECT_EQ(told(w).size(), 1u);
  EXPECT_EQ(w.check(), "");
}

// Where only the follower's state is another one, it is known which orders reduce.
TEST(PlainOrders, ThatReducePassInAStateThatDiffersFromTheFollowers) {
  GateWorld w;
  (void)told(w);
  const std::atomic<bool> differs{true};
  w.gate().set_follower_differs(&differs);
  w.deliver();
  ASSERT_TRUE(w.gate().state_differs());
  w.gate().on_order(order_of(w, 1), name_of("more"), false, w.now_ns);
  EXPECT_EQ(w.gate().last_decision().reason, RejectReason::StateDiffers);
  NewOrder order = order_of(w, 2);
  order.account = w.account("bravo-2");
  order.side = Side::Sell;
  w.gate().on_order(order, name_of("less"), false, w.now_ns);
  EXPECT_EQ(w.gate().last_decision().reason, RejectReason::None);
  EXPECT_EQ(told(w).size(), 1u);
}

}  // namespace
}  // namespace portcullis::test::plain_orders_test
