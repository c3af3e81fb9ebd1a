// Every message of a client against what can be wrong with it, or with the state of its order: the
// exact answer, what reaches the venue, whether its number is consumed, and the one counter that it
// belongs to (ORDERLIFE 1).
//
// The client has an order 5 that has ended, 6 of 100 AMZN that is live with 20 executed, and 7 that
// is sent and not acknowledged; ours are 1, 2 and 3. Each row is its number 20, in a world of its
// own.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <set>
#include <string>
#include <string_view>

#include "tests/support/gate_world.h"
#include "tests/support/venue_words.h"

namespace portcullis::test::client_message_table_test {
namespace {

namespace gate = gateway::gate;
namespace ouch = gateway::ouch;
namespace venue_sim = gateway::venue_sim;
using enum risk::RejectReason;
using risk::RejectReason;

// --- what becomes of a message

enum class Fate : std::uint8_t { Forwarded, Rejected, Ignored, Malformed, Answered };
using enum Fate;

struct Expected {
  Fate fate;
  RejectReason reason = None;
  std::string_view owed = "";  // to the client
  std::string_view sent = "";  // to the venue
  bool consumed = true;        // its number
};

enum class World : std::uint8_t {
  Usual,
  FourPending,  // 8 to 11, ours 4 to 7, replace 6 one after the other
  LinkDown,
  DayEnded,
};

void prepare(GateWorld& w, risk::SessionIndex session, World world) {
  w.enter(session, {.number = 5});
  w.enter(session, {.number = 6});
  w.say(accepted(1));
  w.say(accepted(2));
  w.say(canceled(1, 100));
  w.say(executed(2, 20, kAmznPrice, 1));
  w.enter(session, {.number = 7});
  if (world == World::FourPending) {
    for (std::uint32_t n = 8; n <= 11; ++n) {
      w.replace(session, n == 8 ? 6 : n - 1, {.number = n, .quantity = 100 + n});
    }
  }
  if (world == World::LinkDown) w.disconnect();
  if (world == World::DayEnded) {
    w.say(ouch::SystemEvent{.event_code = ouch::EventCode::EndOfDay});
  }
  w.owed(session);
  w.at_venue();
}

std::string joined(const Lines& lines) {
  std::string all;
  for (const std::string& line : lines) all += (all.empty() ? "" : "; ") + line;
  return all;
}

std::array<std::uint64_t, 5> fates(const gate::Counters& c) {
  return {c.forwarded, c.rejected, c.ignored, c.malformed, c.answered};
}

// Sends it, and looks at everything that may follow.
void expect(GateWorld& w, risk::SessionIndex session, const Bytes& payload, std::uint32_t number,
            const Expected& expected) {
  const gate::Counters before = w.counters();
  const std::uint32_t watermark = w.engine().watermark(session);
  const gate::ClientResult result = w.send_bytes(session, payload);
  EXPECT_EQ(joined(w.owed(session)), expected.owed);
  EXPECT_EQ(joined(w.at_venue()), expected.sent);
  EXPECT_EQ(w.engine().watermark(session), expected.consumed ? number : watermark);
  EXPECT_EQ(result.malformed, expected.fate == Malformed);

  const gate::Counters& after = w.counters();
  EXPECT_EQ(after.in, before.in + 1);
  for (std::size_t f = 0; f < 5; ++f) {
    EXPECT_EQ(fates(after)[f] - fates(before)[f], f == static_cast<std::size_t>(expected.fate))
        << "counter " << f;
  }
  for (std::size_t r = 1; r < risk::kRejectReasonCount; ++r) {
    EXPECT_EQ(after.rejects[r] - before.rejects[r],
              expected.fate == Rejected && r == static_cast<std::size_t>(expected.reason))
        << risk::kRejectReasons[r].name;
  }
  EXPECT_EQ(w.check(), "");
}

void run(std::string_view what, World world, const ouch::InboundMessage& message,
         const Expected& expected) {
  SCOPED_TRACE(what);
  GateWorld w;
  const auto bravo = w.session("BRAVO1");
  prepare(w, bravo, world);
  expect(w, bravo, venue_sim::bytes_of(message), 20, expected);
}

// --- O

ouch::EnterOrder an_order() {
  return venue_sim::enter_message(
      {.number = 20, .price = kAmznPrice, .symbol = "AMZN", .firm = ""});
}

template <std::size_t N>
void set_firm(ouch::Appendage& appendage, const char (&firm)[N]) {
  appendage.firm = padded<4>(firm);
  appendage.mark(ouch::Tag::Firm);
}
void set_min_qty(ouch::Appendage& appendage, std::uint32_t quantity) {
  appendage.min_qty = quantity;
  appendage.mark(ouch::Tag::MinQty);
}

constexpr Expected kOrderOut{Forwarded, None, "", "O 4 B 100 AMZN@2200000"};
constexpr Expected kOldNumber{Ignored, None, "", "", false};

struct EnterRow {
  std::string_view what;
  void (*edit)(ouch::EnterOrder&);
  Expected expected;
  World world = World::Usual;
};

const EnterRow kEnterRows[] = {
    {"as it is", [](auto&) {}, kOrderOut},
    {"sell",
     [](auto& o) { o.side = ouch::Side::Sell; },
     {Forwarded, None, "", "O 4 S 100 AMZN@2200000"}},
    {"short sell",
     [](auto& o) { o.side = ouch::Side::SellShort; },
     {Forwarded, None, "", "O 4 T 100 AMZN@2200000"}},
    {"short sell, exempt",
     [](auto& o) { o.side = ouch::Side::SellShortExempt; },
     {Forwarded, None, "", "O 4 E 100 AMZN@2200000"}},
    {"no such side", [](auto& o) { o.side = ouch::Side{'?'}; }, {Rejected, InvalidSide, "J 20 9"}},
    {"no quantity", [](auto& o) { o.quantity = 0; }, {Rejected, InvalidQuantity, "J 20 13"}},
    {"more than the wire has",
     [](auto& o) { o.quantity = 1'000'000; },
     {Rejected, InvalidQuantity, "J 20 13"}},
    {"more than one order may be",
     [](auto& o) { o.quantity = 999'999; },
     {Rejected, ClipSize, "J 20 31"}},
    {"no price", [](auto& o) { o.price = 0; }, {Rejected, InvalidPrice, "J 20 1d"}},
    {"between two ticks", [](auto& o) { o.price += 1; }, {Rejected, PriceTick, "J 20 1d"}},
    {"a price beyond all",
     [](auto& o) { o.price = 2'000'000'001; },
     {Rejected, InvalidPrice, "J 20 1d"}},
    {"the highest price",
     [](auto& o) { o.price = 1'999'999'999; },
     {Rejected, PriceTick, "J 20 1d"}},
    {"the highest tick",
     [](auto& o) { o.price = 1'999'999'900; },
     {Rejected, MaxNotional, "J 20 30"}},
    {"beyond the collar", [](auto& o) { o.price = 2'266'100; }, {Rejected, PriceCollar, "J 20 26"}},
    {"at the collar",
     [](auto& o) { o.price = 2'266'000; },
     {Forwarded, None, "", "O 4 B 100 AMZN@2266000"}},
    {"market, for the day",
     [](auto& o) { o.price = ouch::kMarketPrice; },
     {Rejected, UnsupportedTimeInForce, "J 20 f"}},
    {"market",
     [](auto& o) {
       o.price = ouch::kMarketPrice;
       o.time_in_force = ouch::TimeInForce::ImmediateOrCancel;
     },
     {Forwarded, None, "", "O 4 B 100 AMZN@2266000"}},
    {"market, by the other code, to sell",
     [](auto& o) {
       o.price = ouch::kMarketPriceAlt;
       o.side = ouch::Side::Sell;
       o.time_in_force = ouch::TimeInForce::ImmediateOrCancel;
     },
     {Forwarded, None, "", "O 4 S 100 AMZN@2134000"}},
    {"market, where there are none",
     [](auto& o) {
       o.price = ouch::kMarketPrice;
       o.symbol = padded<8>("EURUSD");
       o.time_in_force = ouch::TimeInForce::ImmediateOrCancel;
     },
     {Rejected, MarketOrderNotAllowed, "J 20 2c"}},
    {"no such symbol",
     [](auto& o) { o.symbol = padded<8>("NONE"); },
     {Rejected, UnknownInstrument, "J 20 17"}},
    {"hidden", [](auto& o) { o.display = ouch::kDisplayHidden; }, kOrderOut},
    {"attributable", [](auto& o) { o.display = ouch::kDisplayAttributable; }, kOrderOut},
    {"no such display", [](auto& o) { o.display = 'Z'; }, {Rejected, InvalidDisplay, "J 20 3"}},
    {"sweep",
     [](auto& o) { o.inter_market_sweep_eligibility = ouch::kIsoEligible; },
     {Rejected, UnsupportedFlag, "J 20 f"}},
    {"cross", [](auto& o) { o.cross_type = 'O'; }, {Rejected, UnsupportedFlag, "J 20 f"}},
    {"immediate", [](auto& o) { o.time_in_force = ouch::TimeInForce::ImmediateOrCancel; },
     kOrderOut},
    {"good till time",
     [](auto& o) { o.time_in_force = ouch::TimeInForce{'5'}; },
     {Rejected, UnsupportedTimeInForce, "J 20 f"}},
    {"after hours",
     [](auto& o) { o.time_in_force = ouch::TimeInForce{'6'}; },
     {Rejected, UnsupportedTimeInForce, "J 20 f"}},
    {"good till extended",
     [](auto& o) { o.time_in_force = ouch::TimeInForce{'E'}; },
     {Rejected, UnsupportedTimeInForce, "J 20 f"}},
    {"no such life",
     [](auto& o) { o.time_in_force = ouch::TimeInForce{'9'}; },
     {Rejected, UnsupportedTimeInForce, "J 20 f"}},
    {"text that cannot be printed",
     [](auto& o) { o.cl_ord_id[3] = '\n'; },
     {Rejected, MalformedField, "J 20 f"}},
    {"text of another order", [](auto& o) { o.cl_ord_id = venue_sim::cl_ord_id_of(6); }, kOrderOut},
    {"its own firm", [](auto& o) { set_firm(o.appendage, "BRV1"); }, kOrderOut},
    {"another firm of the session", [](auto& o) { set_firm(o.appendage, "BRV2"); }, kOrderOut},
    {"another member's firm",
     [](auto& o) { set_firm(o.appendage, "ALP1"); },
     {Rejected, NotEntitled, "J 20 c"}},
    {"another session's firm",
     [](auto& o) { set_firm(o.appendage, "BRVH"); },
     {Rejected, NotEntitled, "J 20 c"}},
    {"no such firm",
     [](auto& o) { set_firm(o.appendage, "NONE"); },
     {Rejected, UnknownAccount, "J 20 c"}},
    {"a minimum, immediate",
     [](auto& o) {
       set_min_qty(o.appendage, 60);
       o.time_in_force = ouch::TimeInForce::ImmediateOrCancel;
     },
     kOrderOut},
    {"a minimum, for the day",
     [](auto& o) { set_min_qty(o.appendage, 60); },
     {Rejected, InvalidMinQty, "J 20 d"}},
    {"a minimum above the quantity",
     [](auto& o) {
       set_min_qty(o.appendage, 101);
       o.time_in_force = ouch::TimeInForce::ImmediateOrCancel;
     },
     {Rejected, InvalidMinQty, "J 20 d"}},
    {"post only, immediate",
     [](auto& o) {
       o.appendage.post_only = ouch::kPostOnly;
       o.appendage.mark(ouch::Tag::PostOnly);
       o.time_in_force = ouch::TimeInForce::ImmediateOrCancel;
     },
     {Rejected, UnsupportedFlag, "J 20 f"}},
    {"a number below the watermark", [](auto& o) { o.user_ref_num = 6; }, kOldNumber},
    {"a number at the watermark", [](auto& o) { o.user_ref_num = 7; }, kOldNumber},
    {"number 0", [](auto& o) { o.user_ref_num = 0; }, kOldNumber},
    {"an old number, and everything else wrong",
     [](auto& o) {
       o.user_ref_num = 7;
       o.side = ouch::Side{'?'};
       o.symbol = padded<8>("NONE");
     },
     kOldNumber},
    {"while the link is down", [](auto&) {}, {Rejected, VenueDown, "J 20 2"}, World::LinkDown},
    {"when the venue's day has ended",
     [](auto&) {},
     {Rejected, VenueHalted, "J 20 2"},
     World::DayEnded},
};

TEST(ClientMessageTable, EnterOrder) {
  for (const EnterRow& row : kEnterRows) {
    ouch::EnterOrder order = an_order();
    row.edit(order);
    run(row.what, row.world, order, row.expected);
  }
}

// --- U

constexpr Expected kReplaceOut{Forwarded, None, "", "U 2>4 150@2200000"};

struct ReplaceRow {
  std::string_view what;
  void (*edit)(ouch::ReplaceOrder&);
  Expected expected;
  World world = World::Usual;
};

const ReplaceRow kReplaceRows[] = {
    {"as it is", [](auto&) {}, kReplaceOut},
    {"of one that is not acknowledged",
     [](auto& r) { r.orig_user_ref_num = 7; },
     {Forwarded, None, "", "U 3>4 150@2200000"}},
    {"of one that has ended", [](auto& r) { r.orig_user_ref_num = 5; }, {Ignored}},
    {"of one that never was", [](auto& r) { r.orig_user_ref_num = 99; }, {Ignored}},
    {"of itself", [](auto& r) { r.orig_user_ref_num = 20; }, {Ignored}},
    {"to what is executed",
     [](auto& r) { r.quantity = 20; },
     {Rejected, InvalidQuantity, "J 20 13"}},
    {"to less than is executed",
     [](auto& r) { r.quantity = 10; },
     {Rejected, InvalidQuantity, "J 20 13"}},
    {"to one more than is executed",
     [](auto& r) { r.quantity = 21; },
     {Forwarded, None, "", "U 2>4 21@2200000"}},
    {"no quantity", [](auto& r) { r.quantity = 0; }, {Rejected, InvalidQuantity, "J 20 13"}},
    {"more than the wire has",
     [](auto& r) { r.quantity = 1'000'000; },
     {Rejected, InvalidQuantity, "J 20 13"}},
    {"more than one order may be",
     [](auto& r) { r.quantity = 999'999; },
     {Rejected, ClipSize, "J 20 31"}},
    {"no price", [](auto& r) { r.price = 0; }, {Rejected, InvalidPrice, "J 20 1d"}},
    {"between two ticks", [](auto& r) { r.price += 99; }, {Rejected, PriceTick, "J 20 1d"}},
    {"beyond the collar", [](auto& r) { r.price = 2'266'100; }, {Rejected, PriceCollar, "J 20 26"}},
    {"market",
     [](auto& r) {
       r.price = ouch::kMarketPrice;
       r.time_in_force = ouch::TimeInForce::ImmediateOrCancel;
     },
     {Rejected, ReplaceNotAllowed, "J 20 15"}},
    {"immediate",
     [](auto& r) { r.time_in_force = ouch::TimeInForce::ImmediateOrCancel; },
     {Rejected, ReplaceNotAllowed, "J 20 15"}},
    {"after hours",
     [](auto& r) { r.time_in_force = ouch::TimeInForce::AfterHours; },
     {Rejected, UnsupportedTimeInForce, "J 20 f"}},
    {"hidden", [](auto& r) { r.display = ouch::kDisplayHidden; }, kReplaceOut},
    {"no such display", [](auto& r) { r.display = 'Z'; }, {Rejected, InvalidDisplay, "J 20 3"}},
    {"sweep",
     [](auto& r) { r.inter_market_sweep_eligibility = ouch::kIsoEligible; },
     {Rejected, UnsupportedFlag, "J 20 f"}},
    {"text that cannot be printed",
     [](auto& r) { r.cl_ord_id[0] = '\x7F'; },
     {Rejected, MalformedField, "J 20 f"}},
    {"a minimum",
     [](auto& r) { set_min_qty(r.appendage, 10); },
     {Rejected, InvalidMinQty, "J 20 d"}},
    {"its own firm", [](auto& r) { set_firm(r.appendage, "BRV1"); }, kReplaceOut},
    {"another firm of the session",
     [](auto& r) { set_firm(r.appendage, "BRV2"); },
     {Rejected, UnsupportedFlag, "J 20 f"}},
    {"another member's firm",
     [](auto& r) { set_firm(r.appendage, "ALP1"); },
     {Rejected, UnsupportedFlag, "J 20 f"}},
    {"a number at the watermark", [](auto& r) { r.user_ref_num = 7; }, kOldNumber},
    {"a number below the watermark", [](auto& r) { r.user_ref_num = 1; }, kOldNumber},
    {"of a pending one, of which there are four",
     [](auto& r) { r.orig_user_ref_num = 11; },
     {Rejected, PendingReplaces, "J 20 15"},
     World::FourPending},
    {"of the head, with four pending",
     [](auto&) {},
     {Rejected, PendingReplaces, "J 20 15"},
     World::FourPending},
    {"of another order than has four pending",
     [](auto& r) { r.orig_user_ref_num = 7; },
     {Forwarded, None, "", "U 3>8 150@2200000"},
     World::FourPending},
    {"while the link is down", [](auto&) {}, {Rejected, VenueDown, "J 20 2"}, World::LinkDown},
    {"of nothing, while the link is down",
     [](auto& r) { r.orig_user_ref_num = 5; },
     {Ignored},
     World::LinkDown},
    {"when the venue's day has ended",
     [](auto&) {},
     {Rejected, VenueHalted, "J 20 2"},
     World::DayEnded},
};

TEST(ClientMessageTable, ReplaceOrder) {
  for (const ReplaceRow& row : kReplaceRows) {
    ouch::ReplaceOrder replace = venue_sim::replace_message(
        6, {.number = 20, .quantity = 150, .price = kAmznPrice, .firm = ""});
    row.edit(replace);
    run(row.what, row.world, replace, row.expected);
  }
}

// --- X, which has no number of its own

struct CancelRow {
  std::string_view what;
  std::uint32_t number;
  std::uint32_t total;
  Fate fate;
  std::string_view sent;
  World world = World::Usual;
};

const CancelRow kCancelRows[] = {
    {"all of it", 6, 0, Forwarded, "X 2 0"},
    {"to 50", 6, 50, Forwarded, "X 2 50"},
    {"to what is executed", 6, 20, Forwarded, "X 2 20"},
    {"to one less than there is", 6, 99, Forwarded, "X 2 99"},
    {"to what there is", 6, 100, Ignored, ""},
    {"to more than there is", 6, 150, Ignored, ""},
    {"of one that is not acknowledged", 7, 0, Forwarded, "X 3 0"},
    {"of one that has ended", 5, 0, Ignored, ""},
    {"of one that never was", 99, 0, Ignored, ""},
    {"of number 0", 0, 0, Ignored, ""},
    {"with pending replaces", 6, 0, Forwarded, "X 2 0; X 4 0; X 5 0; X 6 0; X 7 0",
     World::FourPending},
    {"of a pending replace", 9, 0, Forwarded, "X 2 0; X 4 0; X 5 0; X 6 0; X 7 0",
     World::FourPending},
    {"while the link is down", 6, 0, Forwarded, "", World::LinkDown},
    {"of nothing, while the link is down", 5, 0, Ignored, "", World::LinkDown},
    {"when the venue's day has ended", 6, 0, Forwarded, "X 2 0", World::DayEnded},
};

TEST(ClientMessageTable, CancelOrder) {
  for (const CancelRow& row : kCancelRows) {
    run(row.what, row.world,
        ouch::CancelOrder{.user_ref_num = row.number, .quantity = row.total, .appendage = {}},
        {row.fate, None, "", row.sent, false});
  }
}

// A cancel that is remembered goes out before orders are taken again.
TEST(ClientMessageTable, ACancelIsRememberedWhileTheLinkIsDown) {
  GateWorld w;
  const auto bravo = w.session("BRAVO1");
  prepare(w, bravo, World::LinkDown);
  w.cancel(bravo, 6, 50);
  w.cancel(bravo, 7);
  EXPECT_EQ(w.at_venue(), Lines{});
  w.connect();
  EXPECT_EQ(w.at_venue(), (Lines{"Q", "X 2 50"}));  // 3 was never processed by then
  EXPECT_EQ(w.owed(bravo), (Lines{"J 7 a"}));
  EXPECT_EQ(w.check(), "");
}

// --- C, D, E and Q: answered here

struct ControlRow {
  std::string_view what;
  char type;
  std::uint32_t number;
  std::string_view firm;
  std::string_view symbol;  // of C
  bool tag;                 // with an appendage
  Expected expected;
  World world = World::Usual;
};

constexpr Expected kRefused{Rejected, NotEntitled, "J 20 c"};
constexpr Expected kAllGo{Answered, None, "X 20", "X 3 0; X 2 0"};  // 7 has the place of 5
constexpr Expected kNothingGoes{Answered, None, "X 20"};
constexpr Expected kSuspended{Answered, None, "G 20"};
constexpr Expected kResumed{Answered, None, "K 20"};

const ControlRow kControlRows[] = {
    {"cancel all of a firm", 'C', 20, "BRV1", "", false, kAllGo},
    {"cancel all", 'C', 20, "", "", false, kAllGo},
    {"cancel all of a firm and symbol", 'C', 20, "BRV1", "AMZN", false, kAllGo},
    {"cancel all of a symbol", 'C', 20, "", "AMZN", false, kAllGo},
    {"cancel all of another symbol", 'C', 20, "BRV1", "BTCPERP", false, kNothingGoes},
    {"cancel all of another firm of the session", 'C', 20, "BRV2", "", false, kNothingGoes},
    {"cancel all of another member's firm", 'C', 20, "ALP1", "", false, kRefused},
    {"cancel all of another session's firm", 'C', 20, "BRVH", "", false, kRefused},
    {"cancel all of no such firm", 'C', 20, "NONE", "", false, kRefused},
    {"cancel all of no such symbol", 'C', 20, "BRV1", "NONE", false, kRefused},
    {"cancel all, narrowed by a tag", 'C', 20, "BRV1", "", true, kRefused},
    {"cancel all, an old number", 'C', 7, "BRV1", "", false, kOldNumber},
    {"cancel all, with pending replaces",
     'C',
     20,
     "BRV1",
     "",
     false,
     {Answered, None, "X 20", "X 3 0; X 2 0; X 4 0; X 5 0; X 6 0; X 7 0"},
     World::FourPending},
    {"cancel all, while the link is down", 'C', 20, "BRV1", "", false, kNothingGoes,
     World::LinkDown},
    {"cancel all, when the day has ended", 'C', 20, "BRV1", "", false, kAllGo, World::DayEnded},
    {"suspend a firm", 'D', 20, "BRV1", "", false, kSuspended},
    {"suspend all", 'D', 20, "", "", false, kSuspended},
    {"suspend another member's firm", 'D', 20, "ALP1", "", false, kRefused},
    {"suspend no such firm", 'D', 20, "NONE", "", false, kRefused},
    {"suspend, narrowed by a tag", 'D', 20, "BRV1", "", true, kRefused},
    {"suspend, an old number", 'D', 6, "BRV1", "", false, kOldNumber},
    {"suspend, while the link is down", 'D', 20, "BRV1", "", false, kSuspended, World::LinkDown},
    {"resume a firm", 'E', 20, "BRV1", "", false, kResumed},
    {"resume all", 'E', 20, "", "", false, kResumed},
    {"resume another member's firm", 'E', 20, "ALP1", "", false, kRefused},
    {"resume no such firm", 'E', 20, "NONE", "", false, kRefused},
    {"resume, narrowed by a tag", 'E', 20, "BRV1", "", true, kRefused},
    {"resume, an old number", 'E', 1, "BRV1", "", false, kOldNumber},
    {"query", 'Q', 0, "", "", false, {Answered, None, "Q 8", "", false}},
    {"query, with a tag", 'Q', 0, "", "", true, {Answered, None, "Q 8", "", false}},
    {"query, while the link is down",
     'Q',
     0,
     "",
     "",
     false,
     {Answered, None, "Q 8", "", false},
     World::LinkDown},
};

ouch::InboundMessage message_of(const ControlRow& row) {
  ouch::Appendage appendage;
  if (row.tag) {
    appendage.customer_type = 'R';
    appendage.mark(ouch::Tag::CustomerType);
  }
  const ouch::Firm firm = padded<4>(row.firm);
  switch (row.type) {
    case 'C':
      return ouch::MassCancel{row.number, firm, padded<8>(row.symbol), appendage};
    case 'D':
      return ouch::DisableOrderEntry{row.number, firm, appendage};
    case 'E':
      return ouch::EnableOrderEntry{row.number, firm, appendage};
    default:
      return ouch::AccountQuery{appendage};
  }
}

TEST(ClientMessageTable, FirmControlsAndQuery) {
  for (const ControlRow& row : kControlRows) {
    run(row.what, row.world, message_of(row), row.expected);
  }
}

// --- what is no message

TEST(ClientMessageTable, WhatIsNoMessageIsCountedAndConsumesNothing) {
  GateWorld w;
  const auto bravo = w.session("BRAVO1");
  prepare(w, bravo, World::Usual);
  const auto malformed = [&](const Bytes& payload, std::string_view what) {
    SCOPED_TRACE(what);
    expect(w, bravo, payload, 0, {Malformed, None, "", "", false});
  };
  const ouch::InboundMessage messages[] = {
      an_order(),
      venue_sim::replace_message(6, {.number = 20, .price = kAmznPrice}),
      ouch::CancelOrder{.user_ref_num = 6, .quantity = 0, .appendage = {}},
      ouch::MassCancel{.user_ref_num = 20, .appendage = {}},
      ouch::DisableOrderEntry{.user_ref_num = 20, .appendage = {}},
      ouch::EnableOrderEntry{.user_ref_num = 20, .appendage = {}},
      ouch::AccountQuery{.appendage = {}},
      ouch::ModifyOrder{
          .user_ref_num = 6, .side = ouch::Side::Buy, .quantity = 50, .appendage = {}}};
  std::set<char> types;
  for (const ouch::InboundMessage& message : messages) {
    const Bytes whole = venue_sim::bytes_of(message);
    types.insert(static_cast<char>(whole[0]));
    const std::string what = line_of(message);
    if (whole.size() > 3) {
      malformed({whole.begin(), whole.begin() + 1}, what + ", its type only");
      malformed({whole.begin(), whole.begin() + 3}, what + ", cut off in the middle of a field");
    }
    Bytes longer = whole;
    longer.push_back(std::byte{0});
    malformed(longer, what + ", a byte too long");
    if (std::holds_alternative<ouch::ModifyOrder>(message)) malformed(whole, what);
  }
  EXPECT_EQ(types.size(), std::variant_size_v<ouch::InboundMessage>);
  malformed({}, "nothing");
  for (const char type : {'Z', 'o', 'A', 'J', '\0', ' ', '\xFF'}) {
    malformed(Bytes(40, static_cast<std::byte>(type)), std::string("type ") + type);
  }
}

// An order whose appendage ends before it should, in each way.
TEST(ClientMessageTable, ATruncatedAppendageIsNoMessage) {
  GateWorld w;
  const auto bravo = w.session("BRAVO1");
  prepare(w, bravo, World::Usual);
  ouch::EnterOrder order = an_order();
  set_firm(order.appendage, "BRV1");
  const Bytes whole = venue_sim::bytes_of(order);
  // The fields, and then the length of the appendage, the length of the tag, the tag, its value.
  constexpr std::ptrdiff_t kFields = 45;
  ASSERT_EQ(whole.size(), kFields + 2 + 1 + 1 + 4);
  for (auto end = kFields; end < std::ssize(whole); ++end) {
    SCOPED_TRACE(end);
    expect(w, bravo, {whole.begin(), whole.begin() + end}, 0, {Malformed, None, "", "", false});
  }
  for (const int length : {0, 1, 4, 6, 255}) {  // of tag and value: it is 5
    SCOPED_TRACE(length);
    Bytes other = whole;
    other[kFields + 2] = static_cast<std::byte>(length);
    expect(w, bravo, other, 0, {Malformed, None, "", "", false});
  }
  expect(w, bravo, whole, 20, kOrderOut);
}

// --- what goes out, field by field

ouch::EnterOrder sent_order(GateWorld& w) {
  const auto messages = w.messages_at_venue();
  EXPECT_FALSE(messages.empty());
  return messages.empty() ? ouch::EnterOrder{} : std::get<ouch::EnterOrder>(messages.back());
}

// In the client's names and units as it came in; in ours and the venue's as it goes out.
TEST(ClientMessageTable, AnOrderGoesOutUnderOurNumberTextAndFirm) {
  GateWorld w;
  const auto bravo = w.session("BRAVO1");
  ouch::EnterOrder order = an_order();
  order.capacity = 'A';
  order.display = ouch::kDisplayHidden;
  w.send(bravo, order);
  ouch::EnterOrder there = order;
  there.user_ref_num = 1;
  there.cl_ord_id = gate::OwnClOrdId::encode(bravo, 20);
  set_firm(there.appendage, "BRV1");
  EXPECT_EQ(sent_order(w), there);
  // And the answer comes back under the client's.
  ouch::Accepted answer = accepted(1);
  answer.cl_ord_id = there.cl_ord_id;
  w.say(answer);
  const auto back = w.owed_messages(bravo);
  ASSERT_EQ(back.size(), 1U);
  EXPECT_EQ(std::get<ouch::Accepted>(back[0]).cl_ord_id, order.cl_ord_id);
  EXPECT_EQ(std::get<ouch::Accepted>(back[0]).user_ref_num, 20U);
}

TEST(ClientMessageTable, AnOrderGoesOutInTheVenuesUnits) {
  GateWorld w;
  const auto bravo = w.session("BRAVO2");  // 100 dollars and a ten-thousandth of a coin
  ouch::EnterOrder order = venue_sim::enter_message(
      {.number = 20, .quantity = 500, .price = 6'400'000, .symbol = "XBTUSD", .firm = ""});
  w.send(bravo, order);
  ouch::EnterOrder there = order;
  there.user_ref_num = 1;
  there.symbol = padded<8>("BTCPERP");  // 10 dollars and a thousandth
  there.quantity = 50;
  there.price = 64'000'000;
  there.cl_ord_id = gate::OwnClOrdId::encode(bravo, 20);
  set_firm(there.appendage, "BRVH");
  EXPECT_EQ(sent_order(w), there);
  w.say(accepted(1, {.quantity = 50, .price = 64'000'000, .symbol = "BTCPERP"}));
  w.say(executed(1, 7, 63'999'000, 1));
  EXPECT_EQ(w.owed(bravo), (Lines{"A 20 L 500@6400000", "E 20 70@6399900 A #1"}));
  w.replace(bravo, 20, {.number = 21, .quantity = 900, .price = 6'399'950});
  w.cancel(bravo, 21, 305);
  EXPECT_EQ(w.at_venue(), (Lines{"U 1>2 90@63999500", "X 1 30", "X 2 30"}));
  // Half a lot, and a price between two ticks of half a dollar.
  EXPECT_EQ(w.enter(bravo, {.number = 22, .quantity = 505, .price = 6'400'000, .symbol = "XBTUSD"})
                .reason,
            InvalidQuantity);
  EXPECT_EQ(w.enter(bravo, {.number = 23, .quantity = 500, .price = 6'400'020, .symbol = "XBTUSD"})
                .reason,
            PriceTick);
  EXPECT_EQ(w.check(), "");
}

TEST(ClientMessageTable, AMarketOrderGoesOutAsAnImmediateLimitAtTheCollar) {
  GateWorld w;
  const auto bravo = w.session("BRAVO1");
  ouch::EnterOrder order = an_order();
  order.price = ouch::kMarketPrice;
  order.time_in_force = ouch::TimeInForce::ImmediateOrCancel;
  set_min_qty(order.appendage, 60);
  w.send(bravo, order);
  const ouch::EnterOrder there = sent_order(w);
  EXPECT_EQ(there.price, 2'266'000U);  // 3 % above the mark
  EXPECT_EQ(there.time_in_force, ouch::TimeInForce::ImmediateOrCancel);
  EXPECT_EQ(there.appendage.min_qty, 60U);
  EXPECT_EQ(w.order(bravo, 20)->worst.raw, 22'660);
}

TEST(ClientMessageTable, WithoutADefaultAccountAnOrderNamesItsFirm) {
  GateWorld w;
  const auto alpha = w.session("ALPHA1");
  EXPECT_EQ(w.enter(alpha, {.number = 1}).reason, UnknownAccount);
  EXPECT_EQ(w.enter(alpha, {.number = 2, .firm = "ALP2"}).reason, None);
  EXPECT_EQ(sent_order(w).appendage.firm, padded<4>("ALP2"));
}

// --- appendages: the allow-list

enum class TagFate : std::uint8_t { Carried, Rewritten, Dropped, Refused };

TagFate fate_of(ouch::Tag tag) {
  switch (tag) {
    case ouch::Tag::MinQty:
    case ouch::Tag::CustomerType:
    case ouch::Tag::MaxFloor:
    case ouch::Tag::PostOnly:
    case ouch::Tag::RandomReserves:
    case ouch::Tag::HandleInst:
    case ouch::Tag::BboWeightIndicator:
    case ouch::Tag::GroupId:
    case ouch::Tag::SharesLocated:
    case ouch::Tag::LocateBroker:
    case ouch::Tag::AiqStrategy:
    case ouch::Tag::AiqGroupId:
      return TagFate::Carried;
    case ouch::Tag::Firm:
      return TagFate::Rewritten;
    case ouch::Tag::PriceType:
      return TagFate::Dropped;  // as L, which says nothing
    case ouch::Tag::SecondaryOrdRefNum:
    case ouch::Tag::PegOffset:
    case ouch::Tag::DiscretionPrice:
    case ouch::Tag::DiscretionPriceType:
    case ouch::Tag::DiscretionPegOffset:
    case ouch::Tag::Route:
    case ouch::Tag::ExpireTime:
    case ouch::Tag::TradeNow:
    case ouch::Tag::DisplayQuantity:
    case ouch::Tag::DisplayPrice:
    case ouch::Tag::Side:
    case ouch::Tag::UserRefIdx:
      return TagFate::Refused;
  }
  return TagFate::Refused;
}

ouch::Appendage with_tag(ouch::Tag tag) {
  ouch::Appendage appendage;
  ouch::visit_tag(appendage, tag, [](auto& member) {
    if constexpr (requires { member.fill('A'); }) {
      member.fill('A');
    } else {
      member = 7;
    }
  });
  if (tag == ouch::Tag::Firm) appendage.firm = padded<4>("BRV1");
  if (tag == ouch::Tag::PostOnly) appendage.post_only = ouch::kPostOnly;
  if (tag == ouch::Tag::PriceType) appendage.price_type = ouch::kPriceTypeLimit;
  appendage.mark(tag);
  return appendage;
}

template <class Message>
void expect_tag_fate(Message message, ouch::Tag tag, TagFate fate, RejectReason refusal) {
  SCOPED_TRACE(testing::Message() << Message::kType << ", tag " << int{static_cast<uint8_t>(tag)});
  GateWorld w;
  const auto bravo = w.session("BRAVO1");
  prepare(w, bravo, World::Usual);
  message.appendage = with_tag(tag);
  w.send(bravo, message);
  const auto sent = w.messages_at_venue();
  EXPECT_EQ(w.gate().last_decision().reason, fate == TagFate::Refused ? refusal : None);
  ASSERT_EQ(sent.size(), fate == TagFate::Refused ? 0U : 1U);
  if (sent.empty()) return;
  ouch::Appendage there;
  if (fate == TagFate::Carried) there = message.appendage;
  set_firm(there, "BRV1");  // whatever else there is
  EXPECT_EQ(std::get<Message>(sent[0]).appendage, there);
}

TEST(ClientMessageTable, EachTagIsCarriedRewrittenOrRefused) {
  for (const ouch::Tag tag : ouch::kTags) {
    ouch::EnterOrder order = an_order();
    if (tag == ouch::Tag::MinQty) order.time_in_force = ouch::TimeInForce::ImmediateOrCancel;
    expect_tag_fate(order, tag, fate_of(tag), UnsupportedFlag);
    // A replace is never immediate, and has no minimum quantity.
    const bool minimum = tag == ouch::Tag::MinQty;
    expect_tag_fate(venue_sim::replace_message(
                        6, {.number = 20, .quantity = 150, .price = kAmznPrice, .firm = ""}),
                    tag, minimum ? TagFate::Refused : fate_of(tag),
                    minimum ? InvalidMinQty : UnsupportedFlag);
  }
}

TEST(ClientMessageTable, APriceTypeOtherThanLimitIsRefused) {
  for (const char type : {'P', 'R', 'M', 'Q', 'm', 'X', '\0'}) {
    ouch::EnterOrder order = an_order();
    order.appendage.price_type = type;
    order.appendage.mark(ouch::Tag::PriceType);
    run(std::string("price type ") + type, World::Usual, order,
        {Rejected, UnsupportedFlag, "J 20 f"});
  }
}

TEST(ClientMessageTable, AnUnknownTagIsRefusedByName) {
  for (const int tag : {0, 8, 19, 20, 21, 31, 99, 255}) {
    SCOPED_TRACE(tag);
    GateWorld w;
    const auto bravo = w.session("BRAVO1");
    prepare(w, bravo, World::Usual);
    Bytes payload = venue_sim::bytes_of(an_order());
    payload[payload.size() - 1] = std::byte{3};
    for (const int byte : {2, tag, 1}) payload.push_back(static_cast<std::byte>(byte));
    expect(w, bravo, payload, 20, {Rejected, UnsupportedFlag, "J 20 f"});
  }
}

// --- suspensions

TEST(ClientMessageTable, ASuspendedFirmTakesCancelsOnlyUntilItsSessionResumesIt) {
  GateWorld w;
  const auto bravo = w.session("BRAVO1");
  prepare(w, bravo, World::Usual);
  std::uint32_t number = 20;
  const auto reason = [&](std::string_view firm) {
    return w.enter(bravo, {.number = ++number, .quantity = 1, .firm = firm}).reason;
  };
  w.send(bravo, ouch::DisableOrderEntry{++number, padded<4>("BRV1"), {}});
  EXPECT_EQ(reason("BRV1"), Suspended);
  EXPECT_EQ(reason("BRV2"), None);
  EXPECT_EQ(w.replace(bravo, 6, {.number = ++number, .quantity = 50}).reason, Suspended);
  EXPECT_EQ(w.cancel(bravo, 6, 50).disposition, risk::Disposition::Forward);
  EXPECT_EQ(w.engine().live_orders(), 3U);  // what works stays
  w.send(bravo, ouch::EnableOrderEntry{++number, padded<4>("BRV2"), {}});
  EXPECT_EQ(reason("BRV1"), Suspended);
  w.send(bravo, ouch::EnableOrderEntry{++number, padded<4>("BRV1"), {}});
  EXPECT_EQ(reason("BRV1"), None);
  // All of the session's at once.
  w.send(bravo, ouch::DisableOrderEntry{++number, padded<4>(""), {}});
  EXPECT_EQ(reason("BRV1"), Suspended);
  EXPECT_EQ(reason("BRV2"), Suspended);
  w.send(bravo, ouch::EnableOrderEntry{++number, padded<4>(""), {}});
  EXPECT_EQ(reason("BRV1"), None);
  EXPECT_EQ(reason("BRV2"), None);
  EXPECT_EQ(w.check(), "");
}

// Two sessions of one member that both act for BRV1: each lifts only its own suspension, and
// neither lifts the operator's.
TEST(ClientMessageTable, EachOfTwoSessionsLiftsOnlyItsOwnSuspension) {
  GateWorld w({{Change::Kind::Set, "sessions.json", "sessions.BRAVO2.accounts",
                R"(["bravo-house", "bravo-1"])"}});
  const auto one = w.session("BRAVO1");
  const auto two = w.session("BRAVO2");
  std::uint32_t number = 0;
  const auto reason = [&](risk::SessionIndex session) {
    return w.enter(session, {.number = ++number, .quantity = 1, .firm = "BRV1"}).reason;
  };
  const auto suspend = [&](risk::SessionIndex session) {
    w.send(session, ouch::DisableOrderEntry{++number, padded<4>("BRV1"), {}});
  };
  const auto resume = [&](risk::SessionIndex session) {
    w.send(session, ouch::EnableOrderEntry{++number, padded<4>("BRV1"), {}});
  };
  suspend(one);
  EXPECT_EQ(reason(two), Suspended);  // it is the account that is suspended
  resume(two);
  EXPECT_EQ(reason(one), Suspended);
  suspend(two);
  resume(one);
  EXPECT_EQ(reason(one), Suspended);
  EXPECT_EQ(reason(two), Suspended);
  resume(two);
  EXPECT_EQ(reason(one), None);
  EXPECT_EQ(reason(two), None);
  w.gate().control({.time = {w.now_ns},
                    .target = w.account("bravo-1").value,
                    .by = {},
                    .scope = risk::ControlScope::Account,
                    .action = risk::ControlAction::Suspend});
  resume(one);
  EXPECT_EQ(reason(one), Suspended);
  w.kill();  // and both are there after a restart
  w.connect();
  EXPECT_EQ(reason(one), Suspended);
  EXPECT_EQ(w.check(), "");
}

// --- rates

// Beyond its two budgets a session is at fault: refused, and to be disconnected.
TEST(ClientMessageTable, OrdersAndCancelsBeyondTheirRatesAreRefused) {
  GateWorld w;
  const auto charlie = w.session("CHARL2");  // 100 orders and 400 cancels in one moment
  std::uint32_t number = 0;
  for (int n = 0; n < 100; ++n) {
    EXPECT_NE(w.enter(charlie, {.number = ++number, .quantity = 1, .price = 2'199'000}).reason,
              Rate);
  }
  w.owed(charlie);
  EXPECT_EQ(w.enter(charlie, {.number = ++number, .quantity = 1}).reason, OpenOrders);
  w.owed(charlie);
  for (int n = 0; n < 400; ++n) {
    EXPECT_EQ(w.cancel(charlie, 1).disposition, risk::Disposition::Forward);
  }
  EXPECT_EQ(w.owed(charlie), Lines{});
  const gate::ClientResult result =
      w.send(charlie, ouch::CancelOrder{.user_ref_num = 1, .quantity = 0, .appendage = {}});
  EXPECT_TRUE(result.disconnect);
  EXPECT_EQ(w.owed(charlie), (Lines{"I 1"}));
  EXPECT_EQ(w.gate().last_decision().reason, Rate);
  EXPECT_EQ(w.check(), "");
}

}  // namespace
}  // namespace portcullis::test::client_message_table_test
