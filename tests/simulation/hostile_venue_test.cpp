// A venue that breaks its word in each of the ways that ORDERLIFE 8 lists, one test each. After
// each step: the counters conserve messages, no order of a client is lost or ends twice, the
// account has reserved at least what the venue may still execute, and a replay decides everything
// again the same way.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <sstream>

#include "tests/support/gate_world.h"
#include "tests/support/venue_words.h"

namespace portcullis::test::hostile_venue_test {
namespace {

namespace gate = gateway::gate;
namespace ouch = gateway::ouch;
using risk::Anomaly;
using risk::RejectReason;

// What a client can know of its orders: what it sent, and what it was told.
class ClientBook {
 public:
  void enter(std::uint32_t number, std::int64_t quantity) {
    orders_[number] = {.leaves = quantity, .open = true};
  }
  void replace(std::uint32_t original, std::uint32_t number, std::int64_t total) {
    replaces_[number] = {.original = original, .total = total};
  }

  void take(const ouch::OutboundMessage& message) {
    std::visit(
        [&](const auto& m) {
          using M = std::remove_cvref_t<decltype(m)>;
          if constexpr (std::is_same_v<M, ouch::Accepted>) {
            orders_[m.user_ref_num].open = true;  // one that it did not send, too
            set(m.user_ref_num, m.quantity - orders_[m.user_ref_num].done);
            if (m.order_state == ouch::OrderState::Dead) end(m.user_ref_num);
          } else if constexpr (std::is_same_v<M, ouch::Replaced>) {
            become(m.orig_user_ref_num, m.user_ref_num);
            set(m.user_ref_num, m.quantity);
            if (m.order_state == ouch::OrderState::Dead) end(m.user_ref_num);
          } else if constexpr (std::is_same_v<M, ouch::Executed>) {
            take_off(m.user_ref_num, m.quantity, true);
          } else if constexpr (requires { m.decrement; }) {
            take_off(m.user_ref_num, m.decrement, false);
          } else if constexpr (std::is_same_v<M, ouch::Rejected>) {
            if (replaces_.erase(m.user_ref_num) == 0) end(m.user_ref_num);
          }
        },
        message);
  }

  [[nodiscard]] std::set<std::uint32_t> open() const {
    std::set<std::uint32_t> numbers;
    for (const auto& [number, order] : orders_) {
      if (order.open) numbers.insert(number);
    }
    return numbers;
  }

 private:
  struct Order {
    std::int64_t leaves = 0;
    std::int64_t done = 0;
    bool open = false;
  };
  struct Replace {
    std::uint32_t original = 0;
    std::int64_t total = 0;
  };

  void set(std::uint32_t number, std::int64_t leaves) {
    orders_[number].leaves = leaves;
    if (leaves <= 0) end(number);
  }
  void become(std::uint32_t original, std::uint32_t number) {
    orders_[original].open = false;
    orders_[number] = {.done = orders_[original].done, .open = true};
    replaces_.erase(number);
  }
  void take_off(std::uint32_t number, std::int64_t quantity, bool traded) {
    // Said of a replace: then it has happened.
    if (const auto at = replaces_.find(number);
        at != replaces_.end() && orders_[at->second.original].open) {
      const Replace replace = at->second;
      become(replace.original, number);
      orders_[number].leaves = replace.total - orders_[number].done;
    }
    Order& order = orders_[number];
    order.done += quantity;
    if (!order.open && traded) return;  // a trade is told of, whatever it is of
    EXPECT_TRUE(order.open) << number << " has ended before";
    set(number, order.leaves - quantity);
  }
  void end(std::uint32_t number) {
    EXPECT_TRUE(orders_[number].open) << number << " has ended before";
    orders_[number].open = false;
  }

  std::map<std::uint32_t, Order> orders_;
  std::map<std::uint32_t, Replace> replaces_;
};

struct HostileVenue : testing::Test, GateWorld {
  explicit HostileVenue(const std::vector<Change>& changes = {}) : GateWorld(changes) {
    at_venue();
  }

  void enter(std::uint32_t number, std::uint32_t quantity = 100) {
    ASSERT_EQ(GateWorld::enter(bravo, {.number = number, .quantity = quantity}).reason,
              RejectReason::None);
    book.enter(number, quantity);
  }
  RejectReason refused(std::uint32_t number) {
    book.enter(number, 100);
    return GateWorld::enter(bravo, {.number = number}).reason;
  }
  void replace(std::uint32_t original, std::uint32_t number, std::uint32_t total) {
    ASSERT_EQ(GateWorld::replace(bravo, original, {.number = number, .quantity = total}).reason,
              RejectReason::None);
    book.replace(original, number, total);
  }
  // The client's order, live at the venue.
  void enter_and_accept(std::uint32_t number, std::uint32_t ours) {
    enter(number);
    say(accepted(ours));
  }
  [[nodiscard]] Lines told() {
    Lines lines;
    for (const ouch::OutboundMessage& message : owed_messages(bravo)) {
      book.take(message);
      lines.push_back(line_of(message));
    }
    return lines;
  }
  [[nodiscard]] std::int64_t reserved() {
    std::int64_t lots = 0;
    for_each_order([&](const risk::Order& order) {
      if (order.account == account("bravo-1")) lots += order.reserved.raw;
    });
    return lots;
  }
  [[nodiscard]] std::int64_t position() { return GateWorld::position("bravo-1", "AMZN"); }
  [[nodiscard]] bool is_close_only() { return GateWorld::is_close_only("bravo-1"); }

  // With so many lots of the account's that the venue may still execute.
  void expect_sound(std::int64_t at_the_venue) {
    (void)told();
    const gate::Counters& c = counters();
    EXPECT_EQ(c.in, c.forwarded + c.rejected + c.ignored + c.malformed + c.answered);
    EXPECT_GE(reserved(), at_the_venue);
    std::set<std::uint32_t> live;
    for_each_order([&](const risk::Order& order) {
      if (order.session == bravo) live.insert(engine().find_number(order.head)->client_ref);
    });
    EXPECT_EQ(book.open(), live);  // nothing is lost, nothing ends twice
    EXPECT_EQ(check(), "");
  }

  template <class F>
  void for_each_order(F&& f) {
    const std::uint32_t end = deployment().parameters.capacities.orders;
    for (risk::OrderIndex at = engine().next_order(0, end); at.exists();
         at = engine().next_order(at.value + 1, end)) {
      f(engine().order(at));
    }
  }

  risk::SessionIndex bravo = session("BRAVO1");
  ClientBook book;
};

TEST_F(HostileVenue, ExecutesMoreThanWasLeft) {
  enter_and_accept(1, 1);
  enter_and_accept(2, 2);
  say(executed(1, 60, kAmznPrice, 1));
  say(executed(1, 90, kAmznPrice, 2));
  EXPECT_EQ(position(), 150);
  EXPECT_EQ(anomalies(Anomaly::Overfill), 1U);
  EXPECT_TRUE(is_close_only());
  expect_sound(100);
  // What closes may still be sent.
  EXPECT_EQ(GateWorld::enter(bravo, {.number = 3, .side = 'S', .quantity = 150}).reason,
            RejectReason::None);
  EXPECT_EQ(told(), Lines{});
}

TEST_F(HostileVenue, ExecutesBeyondTheLimit) {
  enter_and_accept(1, 1);
  say(executed(1, 40, kAmznPrice + 5'000, 1));
  EXPECT_EQ(told(), (Lines{"A 1 L 100@2200000", "E 1 40@2205000 A #1"}));
  EXPECT_EQ(position(), 40);
  EXPECT_EQ(anomalies(Anomaly::WorsePrice), 1U);
  EXPECT_FALSE(is_close_only());  // both have the same trade
  expect_sound(60);
}

TEST_F(HostileVenue, AcceptsAtAnotherPriceAndQuantity) {
  enter(1);
  say(accepted(1, {.quantity = 140, .price = kAmznPrice + 300}));
  EXPECT_EQ(told(), (Lines{"A 1 L 140@2200300"}));
  EXPECT_EQ(order(bravo, 1)->worst.raw, 22'003);
  expect_sound(140);
  enter(2);
  say(accepted(2, {.quantity = 30}));
  EXPECT_EQ(reserved(), 170);
  say(executed(1, 140, kAmznPrice + 300, 1));
  say(executed(2, 30, kAmznPrice, 2));
  EXPECT_EQ(anomalies(Anomaly::AcceptedDifferently), 2U);
  EXPECT_EQ(position(), 170);
  EXPECT_FALSE(is_close_only());
  expect_sound(0);
}

TEST_F(HostileVenue, AcceptsAnOrderDead) {
  enter(1);
  say(accepted(1, {.state = 'D'}));
  EXPECT_EQ(told(), (Lines{"A 1 D 100@2200000"}));
  expect_sound(0);
  enter_and_accept(2, 2);
  replace(2, 3, 300);
  say(replaced(2, 3, {.quantity = 300, .state = 'D'}));
  EXPECT_EQ(engine().live_orders(), 0U);
  expect_sound(0);
}

// It ignores a replace; the next higher number proves that it did.
TEST_F(HostileVenue, IgnoresAReplaceInSilence) {
  enter_and_accept(1, 1);
  replace(1, 2, 400);
  expect_sound(400);
  enter_and_accept(3, 3);
  EXPECT_EQ(reserved(), 200);
  EXPECT_EQ(counters().voided, 1U);
  expect_sound(200);
}

// It carries one out and does not say so: what executes is the replacement.
TEST_F(HostileVenue, ReplacesInSilence) {
  enter_and_accept(1, 1);
  say(executed(1, 30, kAmznPrice, 1));
  replace(1, 2, 400);
  expect_sound(370);
  say(executed(2, 100, kAmznPrice, 2));
  EXPECT_EQ(position(), 130);
  EXPECT_EQ(anomalies(Anomaly::AcceptedDifferently), 1U);
  expect_sound(270);
  say(executed(2, 270, kAmznPrice, 3));
  expect_sound(0);
}

// Outcome 2 of a replace: its original is cancelled, and its number is free again.
TEST_F(HostileVenue, CancelsTheOriginalOfAReplace) {
  enter_and_accept(1, 1);
  say(executed(1, 30, kAmznPrice, 1));
  replace(1, 2, 400);
  say(canceled(1, 70));
  EXPECT_EQ(told(), (Lines{"A 1 L 100@2200000", "E 1 30@2200000 A #1", "C 1 -70 U"}));
  expect_sound(0);
  enter_and_accept(3, 3);
  say(executed(2, 10, kAmznPrice, 2));  // and yet
  EXPECT_EQ(position(), 40);
  EXPECT_EQ(anomalies(Anomaly::LateEvent), 1U);
  EXPECT_TRUE(is_close_only());
  expect_sound(100);
}

TEST_F(HostileVenue, CancelsOutOfTheBlueAndMoreThanIsLeft) {
  enter_and_accept(1, 1);
  enter_and_accept(2, 2);
  say(canceled(1, 40));
  expect_sound(160);
  say(canceled(1, 60));
  EXPECT_FALSE(is_close_only());
  expect_sound(100);
  say(canceled(2, 101));
  EXPECT_EQ(anomalies(Anomaly::Overfill), 1U);
  EXPECT_TRUE(is_close_only());
  expect_sound(0);
}

TEST_F(HostileVenue, SpeaksOfNumbersThatAreNotOurs) {
  enter_and_accept(1, 1);
  // An order is adopted: by Firm and ClOrdID, by Firm alone, or for the suspense account.
  const std::string ours = own_cl_ord_id(bravo, 7);
  say(accepted(5, {.firm = "BRV1", .cl_ord_id = ours}));
  EXPECT_EQ(told(), (Lines{"A 1 L 100@2200000", "A 7 L 100@2200000"}));
  say(accepted(6, {.quantity = 50, .firm = "BRV1", .cl_ord_id = "somebody"}));
  EXPECT_EQ(reserved(), 250);
  say(accepted(7, {.quantity = 20}));
  say(executed(7, 5, kAmznPrice, 1));
  EXPECT_EQ(GateWorld::position("suspense", "AMZN"), 5);
  EXPECT_EQ(counters().adopted, 3U);
  EXPECT_EQ(counters().unattributed, 0U);
  // For the rest there is nobody.
  say(accepted(8, {.symbol = "NOTHING", .firm = "BRV1"}));
  say(executed(9, 5, kAmznPrice, 2));
  say(canceled(10, 5));
  say(rejected(11));
  EXPECT_EQ(counters().unattributed, 4U);
  EXPECT_EQ(anomalies(Anomaly::UnknownNumber), 3U);
  EXPECT_EQ(told(), Lines{});
  expect_sound(250);
  at_venue();
  enter(8);
  EXPECT_EQ(at_venue(), (Lines{"O 12 B 100 AMZN@2200000"}));  // behind all of them
}

TEST_F(HostileVenue, SaysAMessageTwiceAndLeavesOneOut) {
  enter_and_accept(1, 1);
  say(executed(1, 40, kAmznPrice, 1));
  const std::uint64_t next = gate().venue_next_sequence();
  // Below the expected number: dropped.
  const Bytes execution = venue_stream().back();
  EXPECT_TRUE(gate().on_venue_message(next - 1, execution, now_ns));
  EXPECT_EQ(position(), 40);
  expect_sound(60);
  // Above it: nothing is taken, and the link is dropped.
  EXPECT_FALSE(gate().on_venue_message(next + 1, execution, now_ns));
  disconnect();
  EXPECT_EQ(position(), 40);
  EXPECT_EQ(gate().venue_next_sequence(), next);
  EXPECT_EQ(refused(2), RejectReason::VenueDown);
  expect_sound(60);
  // The new login asks for what was left out.
  say(executed(1, 25, kAmznPrice, 2));
  connect();
  EXPECT_EQ(position(), 65);
  EXPECT_EQ(anomalies(Anomaly::Duplicate), 0U);
  expect_sound(35);
}

TEST_F(HostileVenue, BreaksTrades) {
  enter_and_accept(1, 1);
  say(executed(1, 40, kAmznPrice, 1));
  say(executed(1, 60, kAmznPrice + 100, 2));
  EXPECT_EQ(position(), 100);
  (void)told();
  say(broken(1, 1));
  EXPECT_EQ(position(), 60);
  EXPECT_EQ(told(), (Lines{"B 1 #1 E"}));
  EXPECT_FALSE(is_close_only());
  expect_sound(0);
  say(broken(1, 1));  // it is not there any more
  EXPECT_EQ(position(), 60);
  EXPECT_EQ(anomalies(Anomaly::UnknownTrade), 1U);
  EXPECT_TRUE(is_close_only());
  expect_sound(0);
}

// Position and cash come back to where they were: a bust at another price would not.
TEST_F(HostileVenue, ABustTakesBackPositionAndCash) {
  enter_and_accept(1, 1);
  const auto equity = [&] { return engine().margin(account("bravo-1"), {now_ns}).equity.raw; };
  say(canceled(1, 50));
  const std::int64_t before = equity();
  say(executed(1, 20, kAmznPrice - 7'000, 1));
  EXPECT_NE(equity(), before);
  say(broken(1, 1));
  EXPECT_EQ(equity(), before);
  EXPECT_EQ(position(), 0);
  expect_sound(30);
}

TEST_F(HostileVenue, BreaksATradeThatNeverWas) {
  enter_and_accept(1, 1);
  say(broken(77, 9));
  EXPECT_FALSE(is_close_only());
  say(broken(1, 9));
  EXPECT_EQ(position(), 0);
  EXPECT_EQ(anomalies(Anomaly::UnknownTrade), 2U);
  EXPECT_TRUE(is_close_only());
  expect_sound(100);
}

// Bytes of the old connection that it never reads: the fence proves it, and the client is told
// once.
TEST_F(HostileVenue, NeverReadsTheOldConnection) {
  enter_and_accept(1, 1);
  hold_to_venue = true;
  enter(2);
  (void)told();
  disconnect();
  hold_to_venue = false;
  expect_sound(100);
  EXPECT_EQ(reserved(), 200);  // until it is proved
  connect();
  EXPECT_EQ(told(), (Lines{"J 2 a"}));
  EXPECT_EQ(at_venue(), (Lines{"O 1 B 100 AMZN@2200000", "Q", "C 3 PCLS NOSYMBOL"}));
  expect_sound(100);
  enter_and_accept(3, 4);
  expect_sound(200);
}

// It reads them after the new login, before the fence or behind it.
TEST_F(HostileVenue, ReadsTheOldConnectionAfterTheNewLogin) {
  script_answers = false;
  enter(1);
  enter(2);
  disconnect();
  connect();
  say(query_response(1));
  EXPECT_EQ(told(), Lines{});
  EXPECT_EQ(at_venue(),
            (Lines{"O 1 B 100 AMZN@2200000", "O 2 B 100 AMZN@2200000", "Q", "C 3 PCLS NOSYMBOL"}));
  expect_sound(200);
  say(accepted(1));  // from the old bytes, late
  say(ouch::MassCancelResponse{.user_ref_num = 3, .appendage = {}});
  EXPECT_EQ(told(), (Lines{"A 1 L 100@2200000", "J 2 a"}));
  EXPECT_FALSE(is_close_only());
  expect_sound(100);
  say(accepted(2));  // against its word
  EXPECT_TRUE(is_close_only());
  EXPECT_EQ(told(), Lines{});
  EXPECT_EQ(anomalies(Anomaly::LateEvent), 1U);
}

// Another venue in its place, with neither our orders nor our session: nothing is released until
// somebody says that everything there is dead.
void make_five_orders(HostileVenue& w) {
  w.enter_and_accept(1, 1);
  w.enter_and_accept(2, 2);
  w.say(executed(2, 40, kAmznPrice, 1));
  w.enter_and_accept(3, 3);
  w.replace(3, 4, 250);
  w.hold_to_venue = true;
  w.enter(5);
  w.disconnect();
  w.hold_to_venue = false;
  (void)w.told();
}
constexpr std::int64_t kFiveOrders = 100 + 60 + 250 + 100;

void expect_a_new_beginning(HostileVenue& w, std::uint32_t client_ref) {
  EXPECT_EQ(w.told(), (Lines{"C 1 -100 Z", "C 2 -60 Z", "C 3 -100 Z", "J 5 a"}));
  EXPECT_EQ(w.engine().live_orders(), 0U);
  EXPECT_EQ(w.position(), 40);
  w.expect_sound(0);
  EXPECT_TRUE(w.connect());
  EXPECT_EQ(w.gate().link(), gate::LinkState::Up);
  EXPECT_EQ(w.gate().venue_session(), "VENUE00002");
  w.at_venue();
  w.enter(client_ref);
  EXPECT_EQ(w.at_venue(), (Lines{"O 6 B 100 AMZN@2200000"}));  // no number is used twice
  w.say(accepted(6));
  w.expect_sound(100);
}

TEST_F(HostileVenue, RestartsWithoutMemoryAndSomebodyIsAsked) {
  make_five_orders(*this);
  replace_venue("VENUE00002");
  EXPECT_FALSE(connect());
  EXPECT_EQ(gate().link(), gate::LinkState::Lost);
  EXPECT_EQ(told(), Lines{});
  EXPECT_EQ(reserved(), kFiveOrders);
  EXPECT_EQ(refused(9), RejectReason::VenueDown);
  (void)told();
  EXPECT_FALSE(connect());  // asking again changes nothing
  EXPECT_EQ(reserved(), kFiveOrders);
  EXPECT_EQ(check(), "");
  kill();  // nor does another process
  EXPECT_EQ(gate().link(), gate::LinkState::Lost);
  EXPECT_EQ(reserved(), kFiveOrders);
  gate().lost_orders_are_dead(now_ns);
  deliver();
  expect_a_new_beginning(*this, 10);
}

struct HostileVenueDead : HostileVenue {
  HostileVenueDead()
      : HostileVenue(
            {{Change::Kind::Set, "process.json", "venue.lost_session", "\"orders_dead\""}}) {}
};

TEST_F(HostileVenueDead, RestartsWithoutMemoryAndItsOrdersAreDeadBySetting) {
  make_five_orders(*this);
  replace_venue("VENUE00002");
  EXPECT_FALSE(connect());
  deliver();
  expect_a_new_beginning(*this, 6);
}

// --- bytes that are no message

std::vector<ouch::OutboundMessage> one_of_each() {
  return {
      ouch::SystemEvent{.event_code = ouch::EventCode::EndOfDay},
      accepted(1),
      replaced(1, 2),
      canceled(1, 40),
      aiq_canceled(1, 40),
      executed(1, 40, kAmznPrice, 1),
      broken(1, 1),
      rejected(1),
      cancel_pending(1),
      cancel_reject(1),
      priority_update(1),
      ouch::Modified{.user_ref_num = 1, .side = ouch::Side::Buy, .quantity = 1, .appendage = {}},
      restated(1),
      query_response(9),
      ouch::MassCancelResponse{.user_ref_num = 9, .appendage = {}},
      ouch::DisableResponse{.user_ref_num = 9, .appendage = {}},
      ouch::EnableResponse{.user_ref_num = 9, .appendage = {}}};
}

TEST_F(HostileVenue, SaysWhatIsNoMessageOfAnyType) {
  enter(1);
  const std::uint64_t state = engine().state_hash();
  std::uint64_t malformed = 0;
  const auto say_malformed = [&](Bytes payload, std::string_view what) {
    say_bytes(std::move(payload));
    EXPECT_EQ(counters().malformed_by_venue, ++malformed) << what;
    EXPECT_EQ(engine().state_hash(), state) << what;
  };
  std::set<char> types;
  for (const ouch::OutboundMessage& message : one_of_each()) {
    std::array<std::byte, ouch::kMaxMessageSize> buffer;
    const std::size_t size = ouch::encode(message, buffer);
    const auto at = buffer.begin();
    types.insert(static_cast<char>(buffer[0]));
    const std::string what = line_of(message);
    say_malformed({at, at + 1}, what + ", only its type");
    say_malformed({at, at + 3}, what + ", cut off in the middle of a field");
    Bytes longer(at, at + static_cast<std::ptrdiff_t>(size));
    longer.push_back(std::byte{0});
    say_malformed(longer, what + ", a byte too long");
  }
  EXPECT_EQ(types.size(), std::variant_size_v<ouch::OutboundMessage>);
  say_malformed({}, "nothing");
  for (int type = 0; type < 256; ++type) {
    if (types.contains(static_cast<char>(type))) continue;
    say_malformed(Bytes(48, static_cast<std::byte>(type)), "type " + std::to_string(type));
  }
  EXPECT_EQ(told(), Lines{});
  expect_sound(100);
  // And the next that is one is taken.
  say(accepted(1));
  EXPECT_EQ(told(), (Lines{"A 1 L 100@2200000"}));
}

// An appendage that says it is longer than the message, or has a tag of the wrong length.
TEST_F(HostileVenue, SaysAnAppendageThatIsNone) {
  enter(1);
  const std::uint64_t state = engine().state_hash();
  std::array<std::byte, ouch::kMaxMessageSize> buffer;
  const std::size_t size = ouch::encode(ouch::OutboundMessage(accepted(1)), buffer);
  const auto say_with = [&](std::string_view appendage) {
    Bytes payload(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size - 2));
    for (const char byte : appendage) payload.push_back(static_cast<std::byte>(byte));
    say_bytes(payload);
  };
  say_with({"\0\3", 2});
  say_with({"\0\4\3\2BR", 6});  // a Firm has four letters
  EXPECT_EQ(counters().malformed_by_venue, 2U);
  EXPECT_EQ(engine().state_hash(), state);
  expect_sound(100);
}

}  // namespace
}  // namespace portcullis::test::hostile_venue_test
