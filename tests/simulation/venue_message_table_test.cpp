// Every state of an order against everything that the venue may say of it (ORDERLIFE 1, 2 and 8).
//
// The chain is one of 100 AMZN to buy at 220 for a client's number 11, under our number 1. Its
// replaces, where it has any: 12 (ours 2) to 150 at 220.1, 13 (3) of 12 to 120 at 220.2, and 14 (4)
// beside them of 11 to 130 at 219.9. The table says what follows from each message; a loop makes
// each cell in a world of its own. A cell that is missing, or there twice, is a failure.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>

#include "tests/support/gate_world.h"
#include "tests/support/order_audit.h"
#include "tests/support/venue_words.h"

namespace portcullis::test::venue_message_table_test {
namespace {

namespace ouch = gateway::ouch;
using risk::Anomaly;

constexpr std::uint64_t kWorse = kAmznPrice + 10'000;  // than any price of the chain

// --- states

enum State : unsigned {
  kSent = 1 << 0,            // and not acknowledged
  kLive = 1 << 1,            //
  kPartExecuted = 1 << 2,    // 40, match 7
  kPartCancelled = 1 << 3,   // 40
  kReplacing = 1 << 4,       // 12 pending
  kChain = 1 << 5,           // 12, 13 and 14 pending
  kCancelWanted = 1 << 6,    // an X is on its way
  kFilled = 1 << 7,          // by 40, match 7, and 60, match 6
  kCancelled = 1 << 8,       //
  kRejected = 1 << 9,        //
  kVoid = 1 << 10,           // proved never processed
  kAdopted = 1 << 11,        // the journal did not know it
  kUnknown = 1 << 12,        // nor does it now
  kPartReplacing = 1 << 13,  // 40 cancelled, then 12 pending
};
constexpr unsigned kStateCount = 14;
constexpr std::array<std::string_view, kStateCount> kStateNames{
    "sent",          "live",
    "part executed", "part cancelled",
    "replacing",     "chain",
    "cancel wanted", "filled",
    "cancelled",     "rejected",
    "void",          "adopted",
    "unknown",       "part cancelled, replacing"};

constexpr unsigned kWhole = kLive | kCancelWanted | kAdopted;  // acknowledged, and nothing else
constexpr unsigned kParts = kPartExecuted | kPartCancelled;
constexpr unsigned kOnePending = kReplacing | kPartReplacing;
constexpr unsigned kPending = kOnePending | kChain;
constexpr unsigned kHundredLeft = kSent | kWhole | kReplacing | kChain;
constexpr unsigned kSixtyLeft = kParts | kPartReplacing;
constexpr unsigned kAcknowledged = kWhole | kParts | kPending;
constexpr unsigned kInBook = kSent | kAcknowledged;
constexpr unsigned kEnded = kFilled | kCancelled | kRejected | kVoid;
constexpr unsigned kKnown = kInBook | kEnded;
constexpr unsigned kNowhere = kEnded | kUnknown;
constexpr unsigned kAll = kKnown | kUnknown;

// --- what the venue says; "left" is what the head has left, or 100

enum class Say : std::uint8_t {
  Accepted,          // as it was sent
  AcceptedDead,      //
  AcceptedPrice,     // at 220.1
  AcceptedQuantity,  // of 120
  AcceptedPending,   // 2, an order of its own
  Replaced,          // 1 by 2, 150 left
  ReplacedPending,   // 2 by 3, 120 left
  ReplacedDead,      // 1 by 2, which is dead
  ReplacedUnknown,   // 99 by 2
  ReplacedItself,    // 99 by 1
  Executed,          // 40
  ExecutedFull,      // what is left
  Overfill,          // 50 more
  ExecutedWorse,     // 40
  ExecutedPending,   // 40 of 2
  ExecutedAgain,     // 40, match 7
  Canceled,          // 40
  CanceledFull,      // what is left
  CanceledMore,      // 50 more
  CanceledPending,   // 40 of 2
  Prevented,         // AIQ Canceled, 40
  PreventedFull,     // what is left
  PreventedMore,     // 50 more
  Broken,            // match 7
  BrokenUnknown,     // match 8
  Rejected,          //
  RejectedPending,   // 2
  CancelPending,     //
  CancelReject,      //
  PriorityUpdate,    // at its price
  PriorityWorse,     // at a worse one
  Modified,          // to 40
  ModifiedMore,      // to 200
  ModifiedSide,      // to a sell
  Restated,          //
  QueryResponse,     // the next is the one behind the last sent
  QueryBehind,       // the next is 1
  QueryAhead,        // the next is 50
  MassCancelled,     // 5
  Disabled,          // 5
  Enabled,           // 5
  StartOfDay,        //
  EndOfDay,          //
  Count
};
constexpr unsigned kSayCount = static_cast<unsigned>(Say::Count);

// --- the table

struct Row {
  unsigned states;
  Say say;
  std::string_view owed;    // to the client
  std::string_view orders;  // then live: client's number of the head + pending reserved@worst
  std::int64_t position;    // its change
  Anomaly anomaly;
  bool close_only;
  std::string_view sent = "";  // to the venue in consequence
};
constexpr std::string_view kSame = "=";  // the orders that were there before
constexpr bool kAgreed = false;
constexpr bool kCloseOnly = true;

constexpr Row kTable[] = {
    // Accepted once; the same again says nothing new, and anything else that the books disagree.
    {kSent, Say::Accepted, "A 11 L 100@2200000", "11 100@2200000", 0, Anomaly::None, kAgreed},
    {kAcknowledged, Say::Accepted, "", kSame, 0, Anomaly::Duplicate, kAgreed},
    {kEnded, Say::Accepted, "", "", 0, Anomaly::LateEvent, kCloseOnly},
    {kUnknown, Say::Accepted, "A 11 L 100@2200000", "11 100@2200000", 0, Anomaly::None, kAgreed},

    {kSent, Say::AcceptedDead, "A 11 D 100@2200000", "", 0, Anomaly::None, kAgreed},
    {kAcknowledged, Say::AcceptedDead, "", kSame, 0, Anomaly::Duplicate, kCloseOnly},
    {kEnded, Say::AcceptedDead, "", "", 0, Anomaly::LateEvent, kAgreed},
    {kUnknown, Say::AcceptedDead, "A 11 D 100@2200000", "", 0, Anomaly::None, kAgreed},

    {kSent, Say::AcceptedPrice, "A 11 L 100@2201000", "11 100@2201000", 0,
     Anomaly::AcceptedDifferently, kAgreed},
    {kAcknowledged, Say::AcceptedPrice, "", kSame, 0, Anomaly::Duplicate, kCloseOnly},
    {kEnded, Say::AcceptedPrice, "", "", 0, Anomaly::LateEvent, kCloseOnly},
    {kUnknown, Say::AcceptedPrice, "A 11 L 100@2201000", "11 100@2201000", 0, Anomaly::None,
     kAgreed},

    {kSent, Say::AcceptedQuantity, "A 11 L 120@2200000", "11 120@2200000", 0,
     Anomaly::AcceptedDifferently, kAgreed},
    {kAcknowledged, Say::AcceptedQuantity, "", kSame, 0, Anomaly::Duplicate, kCloseOnly},
    {kEnded, Say::AcceptedQuantity, "", "", 0, Anomaly::LateEvent, kCloseOnly},
    {kUnknown, Say::AcceptedQuantity, "A 11 L 120@2200000", "11 120@2200000", 0, Anomaly::None,
     kAgreed},

    // A number that we do not know is adopted, and proves that what was sent before it and not
    // answered was never processed. A replace of ours that is an order there, beside its original.
    {kSent, Say::AcceptedPending, "J 11 a; A 12 L 150@2201000", "12 150@2201000", 0, Anomaly::None,
     kAgreed},
    {kWhole, Say::AcceptedPending, "A 12 L 150@2201000", "11 100@2200000; 12 150@2201000", 0,
     Anomaly::None, kAgreed},
    {kParts, Say::AcceptedPending, "A 12 L 150@2201000", "11 60@2200000; 12 150@2201000", 0,
     Anomaly::None, kAgreed},
    {kPending, Say::AcceptedPending, "", kSame, 0, Anomaly::Duplicate, kCloseOnly},
    {kNowhere, Say::AcceptedPending, "A 12 L 150@2201000", "12 150@2201000", 0, Anomaly::None,
     kAgreed},

    // The replacement is the head, those pending on it stay, its siblings are void. One that the
    // journal does not know is adopted in the place of its original, and a wanted cancel with it.
    {kSent | kLive | kAdopted | kParts | kOnePending, Say::Replaced, "U 11>12 L 150@2201000",
     "12 150@2201000", 0, Anomaly::None, kAgreed},
    {kCancelWanted, Say::Replaced, "U 11>12 L 150@2201000", "12 150@2201000", 0, Anomaly::None,
     kAgreed, "X 2 0"},
    {kChain, Say::Replaced, "U 11>12 L 150@2201000", "12+1 150@2202000", 0, Anomaly::None, kAgreed},
    {kEnded, Say::Replaced, "U 11>12 L 150@2201000", "12 150@2201000", 0, Anomaly::None,
     kCloseOnly},
    {kUnknown, Say::Replaced, "U 0>12 L 150@2201000", "12 150@2201000", 0, Anomaly::None, kAgreed},

    {kSent, Say::ReplacedPending, "J 11 a; U 0>13 L 120@2202000", "13 120@2202000", 0,
     Anomaly::None, kAgreed},
    {kWhole, Say::ReplacedPending, "U 0>13 L 120@2202000", "11 100@2200000; 13 120@2202000", 0,
     Anomaly::None, kAgreed},
    {kParts, Say::ReplacedPending, "U 0>13 L 120@2202000", "11 60@2200000; 13 120@2202000", 0,
     Anomaly::None, kAgreed},
    {kOnePending, Say::ReplacedPending, "U 12>13 L 120@2202000", "13 120@2202000", 0, Anomaly::None,
     kAgreed},
    {kChain, Say::ReplacedPending, "U 11>13 L 120@2202000", "13 120@2202000", 0,
     Anomaly::AcceptedDifferently, kAgreed},
    {kNowhere, Say::ReplacedPending, "U 0>13 L 120@2202000", "13 120@2202000", 0, Anomaly::None,
     kAgreed},

    {kKnown, Say::ReplacedDead, "U 11>12 D 150@2201000", "", 0, Anomaly::None, kAgreed},
    {kUnknown, Say::ReplacedDead, "U 0>12 D 150@2201000", "", 0, Anomaly::None, kAgreed},

    // Where 2 is to replace 1 and has replaced something else, 1 may live on.
    {kSent, Say::ReplacedUnknown, "J 11 a; U 0>12 L 150@2201000", "12 150@2201000", 0,
     Anomaly::None, kAgreed},
    {kWhole, Say::ReplacedUnknown, "U 0>12 L 150@2201000", "11 100@2200000; 12 150@2201000", 0,
     Anomaly::None, kAgreed},
    {kParts, Say::ReplacedUnknown, "U 0>12 L 150@2201000", "11 60@2200000; 12 150@2201000", 0,
     Anomaly::None, kAgreed},
    {kOnePending, Say::ReplacedUnknown, "U 11>12 L 150@2201000", "12 150@2201000", 0,
     Anomaly::AcceptedDifferently, kCloseOnly},
    {kChain, Say::ReplacedUnknown, "U 11>12 L 150@2201000", "12+1 150@2202000", 0,
     Anomaly::AcceptedDifferently, kCloseOnly},
    {kNowhere, Say::ReplacedUnknown, "U 0>12 L 150@2201000", "12 150@2201000", 0, Anomaly::None,
     kAgreed},

    // An order that is answered as a replace: whatever it took the place of is not counted here.
    {kSent, Say::ReplacedItself, "", kSame, 0, Anomaly::Duplicate, kCloseOnly},
    {kHundredLeft & ~kSent, Say::ReplacedItself, "", kSame, 0, Anomaly::Duplicate, kAgreed},
    {kSixtyLeft, Say::ReplacedItself, "", kSame, 0, Anomaly::Duplicate, kCloseOnly},
    {kEnded, Say::ReplacedItself, "", "", 0, Anomaly::LateEvent, kCloseOnly},
    {kUnknown, Say::ReplacedItself, "U 0>11 L 100@2200000", "11 100@2200000", 0, Anomaly::None,
     kAgreed},

    // A trade is a trade. It shrinks the head and every pending replace together.
    {kSent | kWhole, Say::Executed, "E 11 40@2200000 A #21", "11 60@2200000", 40, Anomaly::None,
     kAgreed},
    {kParts, Say::Executed, "E 11 40@2200000 A #21", "11 20@2200000", 40, Anomaly::None, kAgreed},
    {kOnePending, Say::Executed, "E 11 40@2200000 A #21", "11+1 110@2201000", 40, Anomaly::None,
     kAgreed},
    {kChain, Say::Executed, "E 11 40@2200000 A #21", "11+3 110@2202000", 40, Anomaly::None,
     kAgreed},
    {kEnded, Say::Executed, "E 11 40@2200000 A #21", "", 40, Anomaly::LateEvent, kCloseOnly},
    {kUnknown, Say::Executed, "", "", 0, Anomaly::UnknownNumber, kAgreed},

    {kHundredLeft, Say::ExecutedFull, "E 11 100@2200000 A #21", "", 100, Anomaly::None, kAgreed},
    {kSixtyLeft, Say::ExecutedFull, "E 11 60@2200000 A #21", "", 60, Anomaly::None, kAgreed},
    {kEnded, Say::ExecutedFull, "E 11 100@2200000 A #21", "", 100, Anomaly::LateEvent, kCloseOnly},
    {kUnknown, Say::ExecutedFull, "", "", 0, Anomaly::UnknownNumber, kAgreed},

    {kHundredLeft, Say::Overfill, "E 11 150@2200000 A #21", "", 150, Anomaly::Overfill, kCloseOnly},
    {kSixtyLeft, Say::Overfill, "E 11 110@2200000 A #21", "", 110, Anomaly::Overfill, kCloseOnly},
    {kEnded, Say::Overfill, "E 11 150@2200000 A #21", "", 150, Anomaly::LateEvent, kCloseOnly},
    {kUnknown, Say::Overfill, "", "", 0, Anomaly::UnknownNumber, kAgreed},

    {kSent | kWhole, Say::ExecutedWorse, "E 11 40@2210000 A #21", "11 60@2200000", 40,
     Anomaly::WorsePrice, kAgreed},
    {kParts, Say::ExecutedWorse, "E 11 40@2210000 A #21", "11 20@2200000", 40, Anomaly::WorsePrice,
     kAgreed},
    {kOnePending, Say::ExecutedWorse, "E 11 40@2210000 A #21", "11+1 110@2201000", 40,
     Anomaly::WorsePrice, kAgreed},
    {kChain, Say::ExecutedWorse, "E 11 40@2210000 A #21", "11+3 110@2202000", 40,
     Anomaly::WorsePrice, kAgreed},
    {kEnded, Say::ExecutedWorse, "E 11 40@2210000 A #21", "", 40, Anomaly::LateEvent, kCloseOnly},
    {kUnknown, Say::ExecutedWorse, "", "", 0, Anomaly::UnknownNumber, kAgreed},

    // What executes is the head, though nobody said that it had replaced the other.
    {kSent, Say::ExecutedPending, "J 11 a", "", 0, Anomaly::UnknownNumber, kAgreed},
    {kWhole | kParts, Say::ExecutedPending, "", kSame, 0, Anomaly::UnknownNumber, kAgreed},
    {kOnePending, Say::ExecutedPending, "E 12 40@2201000 A #21", "12 110@2201000", 40,
     Anomaly::AcceptedDifferently, kAgreed},
    {kChain, Say::ExecutedPending, "E 12 40@2201000 A #21", "12+1 110@2202000", 40,
     Anomaly::AcceptedDifferently, kAgreed},
    {kNowhere, Say::ExecutedPending, "", "", 0, Anomaly::UnknownNumber, kAgreed},

    // A match number is one trade of an order.
    {kSent | kWhole, Say::ExecutedAgain, "E 11 40@2200000 A #7", "11 60@2200000", 40, Anomaly::None,
     kAgreed},
    {kPartCancelled, Say::ExecutedAgain, "E 11 40@2200000 A #7", "11 20@2200000", 40, Anomaly::None,
     kAgreed},
    {kPartExecuted | kFilled, Say::ExecutedAgain, "", kSame, 0, Anomaly::Duplicate, kCloseOnly},
    {kOnePending, Say::ExecutedAgain, "E 11 40@2200000 A #7", "11+1 110@2201000", 40, Anomaly::None,
     kAgreed},
    {kChain, Say::ExecutedAgain, "E 11 40@2200000 A #7", "11+3 110@2202000", 40, Anomaly::None,
     kAgreed},
    {kEnded & ~kFilled, Say::ExecutedAgain, "E 11 40@2200000 A #7", "", 40, Anomaly::LateEvent,
     kCloseOnly},
    {kUnknown, Say::ExecutedAgain, "", "", 0, Anomaly::UnknownNumber, kAgreed},

    // What is taken off the head is not taken off a replace, whose total counts executions only.
    {kSent | kWhole, Say::Canceled, "C 11 -40 U", "11 60@2200000", 0, Anomaly::None, kAgreed},
    {kParts, Say::Canceled, "C 11 -40 U", "11 20@2200000", 0, Anomaly::None, kAgreed},
    {kPending, Say::Canceled, "C 11 -40 U", kSame, 0, Anomaly::None, kAgreed},
    {kEnded, Say::Canceled, "", "", 0, Anomaly::LateEvent, kAgreed},
    {kUnknown, Say::Canceled, "", "", 0, Anomaly::UnknownNumber, kAgreed},

    {kHundredLeft, Say::CanceledFull, "C 11 -100 U", "", 0, Anomaly::None, kAgreed},
    {kSixtyLeft, Say::CanceledFull, "C 11 -60 U", "", 0, Anomaly::None, kAgreed},
    {kEnded, Say::CanceledFull, "", "", 0, Anomaly::LateEvent, kAgreed},
    {kUnknown, Say::CanceledFull, "", "", 0, Anomaly::UnknownNumber, kAgreed},

    {kHundredLeft, Say::CanceledMore, "C 11 -150 U", "", 0, Anomaly::Overfill, kCloseOnly},
    {kSixtyLeft, Say::CanceledMore, "C 11 -110 U", "", 0, Anomaly::Overfill, kCloseOnly},
    {kEnded, Say::CanceledMore, "", "", 0, Anomaly::LateEvent, kAgreed},
    {kUnknown, Say::CanceledMore, "", "", 0, Anomaly::UnknownNumber, kAgreed},

    {kSent, Say::CanceledPending, "J 11 a", "", 0, Anomaly::UnknownNumber, kAgreed},
    {kWhole | kParts, Say::CanceledPending, "", kSame, 0, Anomaly::UnknownNumber, kAgreed},
    {kOnePending, Say::CanceledPending, "C 12 -40 U", "12 110@2201000", 0,
     Anomaly::AcceptedDifferently, kAgreed},
    {kChain, Say::CanceledPending, "C 12 -40 U", "12+1 120@2202000", 0,
     Anomaly::AcceptedDifferently, kAgreed},
    {kNowhere, Say::CanceledPending, "", "", 0, Anomaly::UnknownNumber, kAgreed},

    // What was prevented from trading with the member itself counts as executed, but is no trade.
    {kSent | kWhole, Say::Prevented, "D 11 -40 Q (40@2200000 A D)", "11 60@2200000", 0,
     Anomaly::None, kAgreed},
    {kParts, Say::Prevented, "D 11 -40 Q (40@2200000 A D)", "11 20@2200000", 0, Anomaly::None,
     kAgreed},
    {kOnePending, Say::Prevented, "D 11 -40 Q (40@2200000 A D)", "11+1 110@2201000", 0,
     Anomaly::None, kAgreed},
    {kChain, Say::Prevented, "D 11 -40 Q (40@2200000 A D)", "11+3 110@2202000", 0, Anomaly::None,
     kAgreed},
    {kEnded, Say::Prevented, "", "", 0, Anomaly::LateEvent, kAgreed},
    {kUnknown, Say::Prevented, "", "", 0, Anomaly::UnknownNumber, kAgreed},

    {kHundredLeft, Say::PreventedFull, "D 11 -100 Q (100@2200000 A D)", "", 0, Anomaly::None,
     kAgreed},
    {kSixtyLeft, Say::PreventedFull, "D 11 -60 Q (60@2200000 A D)", "", 0, Anomaly::None, kAgreed},
    {kEnded, Say::PreventedFull, "", "", 0, Anomaly::LateEvent, kAgreed},
    {kUnknown, Say::PreventedFull, "", "", 0, Anomaly::UnknownNumber, kAgreed},

    {kHundredLeft, Say::PreventedMore, "D 11 -150 Q (150@2200000 A D)", "", 0, Anomaly::Overfill,
     kCloseOnly},
    {kSixtyLeft, Say::PreventedMore, "D 11 -110 Q (110@2200000 A D)", "", 0, Anomaly::Overfill,
     kCloseOnly},
    {kEnded, Say::PreventedMore, "", "", 0, Anomaly::LateEvent, kAgreed},
    {kUnknown, Say::PreventedMore, "", "", 0, Anomaly::UnknownNumber, kAgreed},

    // A trade that is broken is taken back, and the order it was of is not.
    {kPartExecuted | kFilled, Say::Broken, "B 11 #7 E", kSame, -40, Anomaly::None, kAgreed},
    {kKnown & ~(kPartExecuted | kFilled), Say::Broken, "B 11 #7 E", kSame, 0, Anomaly::UnknownTrade,
     kCloseOnly},
    {kUnknown, Say::Broken, "", "", 0, Anomaly::UnknownTrade, kAgreed},
    {kKnown, Say::BrokenUnknown, "B 11 #8 E", kSame, 0, Anomaly::UnknownTrade, kCloseOnly},
    {kUnknown, Say::BrokenUnknown, "", "", 0, Anomaly::UnknownTrade, kAgreed},

    // What was accepted cannot be rejected: it counts until it ends.
    {kSent, Say::Rejected, "J 11 7", "", 0, Anomaly::None, kAgreed},
    {kAcknowledged, Say::Rejected, "", kSame, 0, Anomaly::Duplicate, kCloseOnly},
    {kEnded, Say::Rejected, "", "", 0, Anomaly::LateEvent, kAgreed},
    {kUnknown, Say::Rejected, "", "", 0, Anomaly::UnknownNumber, kAgreed},

    // A rejected replace takes its descendants with it, not its sibling.
    {kSent, Say::RejectedPending, "J 11 a", "", 0, Anomaly::UnknownNumber, kAgreed},
    {kWhole | kParts, Say::RejectedPending, "", kSame, 0, Anomaly::UnknownNumber, kAgreed},
    {kReplacing, Say::RejectedPending, "J 12 7", "11 100@2200000", 0, Anomaly::None, kAgreed},
    {kPartReplacing, Say::RejectedPending, "J 12 7", "11 60@2200000", 0, Anomaly::None, kAgreed},
    {kChain, Say::RejectedPending, "J 12 7", "11+1 130@2200000", 0, Anomaly::None, kAgreed},
    {kNowhere, Say::RejectedPending, "", "", 0, Anomaly::UnknownNumber, kAgreed},

    // A cancel that crosses with the end of its order is no news.
    {kInBook, Say::CancelPending, "P 11", kSame, 0, Anomaly::None, kAgreed},
    {kEnded, Say::CancelPending, "", "", 0, Anomaly::LateEvent, kAgreed},
    {kUnknown, Say::CancelPending, "", "", 0, Anomaly::UnknownNumber, kAgreed},
    {kInBook, Say::CancelReject, "I 11", kSame, 0, Anomaly::None, kAgreed},
    {kEnded, Say::CancelReject, "", "", 0, Anomaly::LateEvent, kAgreed},
    {kUnknown, Say::CancelReject, "", "", 0, Anomaly::UnknownNumber, kAgreed},

    // What is in the venue's book, and what it has there is not more than is counted here.
    {kInBook, Say::PriorityUpdate, "T 11", kSame, 0, Anomaly::None, kAgreed},
    {kEnded, Say::PriorityUpdate, "", "", 0, Anomaly::LateEvent, kCloseOnly},
    {kUnknown, Say::PriorityUpdate, "", "", 0, Anomaly::UnknownNumber, kAgreed},
    {kInBook, Say::PriorityWorse, "T 11", kSame, 0, Anomaly::AcceptedDifferently, kCloseOnly},
    {kEnded, Say::PriorityWorse, "", "", 0, Anomaly::LateEvent, kCloseOnly},
    {kUnknown, Say::PriorityWorse, "", "", 0, Anomaly::UnknownNumber, kAgreed},
    {kInBook, Say::Modified, "M 11", kSame, 0, Anomaly::None, kAgreed},
    {kEnded, Say::Modified, "", "", 0, Anomaly::LateEvent, kCloseOnly},
    {kUnknown, Say::Modified, "", "", 0, Anomaly::UnknownNumber, kAgreed},
    {kInBook, Say::ModifiedMore, "M 11", kSame, 0, Anomaly::AcceptedDifferently, kCloseOnly},
    {kEnded, Say::ModifiedMore, "", "", 0, Anomaly::LateEvent, kCloseOnly},
    {kUnknown, Say::ModifiedMore, "", "", 0, Anomaly::UnknownNumber, kAgreed},
    {kInBook, Say::ModifiedSide, "M 11", kSame, 0, Anomaly::AcceptedDifferently, kCloseOnly},
    {kEnded, Say::ModifiedSide, "", "", 0, Anomaly::LateEvent, kCloseOnly},
    {kUnknown, Say::ModifiedSide, "", "", 0, Anomaly::UnknownNumber, kAgreed},
    {kInBook, Say::Restated, "R 11", kSame, 0, Anomaly::None, kAgreed},
    {kEnded, Say::Restated, "", "", 0, Anomaly::LateEvent, kCloseOnly},
    {kUnknown, Say::Restated, "", "", 0, Anomaly::UnknownNumber, kAgreed},

    // Proof: what the venue has gone beyond and not answered was never processed. Of a replace
    // nobody is told.
    {kSent, Say::QueryResponse, "J 11 a", "", 0, Anomaly::None, kAgreed},
    {kReplacing | kChain, Say::QueryResponse, "", "11 100@2200000", 0, Anomaly::None, kAgreed},
    {kPartReplacing, Say::QueryResponse, "", "11 60@2200000", 0, Anomaly::None, kAgreed},
    {kAll & ~(kSent | kPending), Say::QueryResponse, "", kSame, 0, Anomaly::None, kAgreed},
    {kAll, Say::QueryBehind, "", kSame, 0, Anomaly::None, kAgreed},
    {kSent, Say::QueryAhead, "J 11 a", "", 0, Anomaly::None, kAgreed},
    {kReplacing | kChain, Say::QueryAhead, "", "11 100@2200000", 0, Anomaly::None, kAgreed},
    {kPartReplacing, Say::QueryAhead, "", "11 60@2200000", 0, Anomaly::None, kAgreed},
    {kAll & ~(kSent | kPending), Say::QueryAhead, "", kSame, 0, Anomaly::None, kAgreed},
    {kSent, Say::MassCancelled, "J 11 a", "", 0, Anomaly::None, kAgreed},
    {kReplacing | kChain, Say::MassCancelled, "", "11 100@2200000", 0, Anomaly::None, kAgreed},
    {kPartReplacing, Say::MassCancelled, "", "11 60@2200000", 0, Anomaly::None, kAgreed},
    {kAll & ~(kSent | kPending), Say::MassCancelled, "", kSame, 0, Anomaly::None, kAgreed},
    {kSent, Say::Disabled, "J 11 a", "", 0, Anomaly::None, kAgreed},
    {kReplacing | kChain, Say::Disabled, "", "11 100@2200000", 0, Anomaly::None, kAgreed},
    {kPartReplacing, Say::Disabled, "", "11 60@2200000", 0, Anomaly::None, kAgreed},
    {kAll & ~(kSent | kPending), Say::Disabled, "", kSame, 0, Anomaly::None, kAgreed},
    {kSent, Say::Enabled, "J 11 a", "", 0, Anomaly::None, kAgreed},
    {kReplacing | kChain, Say::Enabled, "", "11 100@2200000", 0, Anomaly::None, kAgreed},
    {kPartReplacing, Say::Enabled, "", "11 60@2200000", 0, Anomaly::None, kAgreed},
    {kAll & ~(kSent | kPending), Say::Enabled, "", kSame, 0, Anomaly::None, kAgreed},

    {kAll, Say::StartOfDay, "S", kSame, 0, Anomaly::None, kAgreed},
    {kAll, Say::EndOfDay, "S", kSame, 0, Anomaly::None, kAgreed},
};

// --- the worlds

struct Cell {
  State state;
  Say say;
  GateWorld w;
  risk::SessionIndex bravo = w.session("BRAVO1");

  explicit Cell(State s, Say m) : state(s), say(m) {}

  [[nodiscard]] std::uint32_t left() const { return (state & kSixtyLeft) != 0 ? 60 : 100; }
  [[nodiscard]] Terms terms(std::uint32_t client_ref, Terms t = {}) {
    t.firm = "BRV1";
    text = own_cl_ord_id(bravo, client_ref);
    t.cl_ord_id = text;
    return t;
  }
  std::string text;
};

void make_state(Cell& c) {
  GateWorld& w = c.w;
  if (c.state == kUnknown) return;
  if (c.state == kAdopted) return w.say(accepted(1, c.terms(11)));
  w.enter(c.bravo, {.number = 11});
  if (c.state == kSent) return;
  if (c.state == kRejected) return w.say(rejected(1));
  if (c.state == kVoid) return w.say(query_response(2));
  w.say(accepted(1, c.terms(11)));
  if (c.state == kPartExecuted || c.state == kFilled) w.say(executed(1, 40, kAmznPrice, 7));
  if (c.state == kFilled) w.say(executed(1, 60, kAmznPrice, 6));
  if ((c.state & (kPartCancelled | kPartReplacing)) != 0) w.say(canceled(1, 40));
  if (c.state == kCancelled) w.say(canceled(1, 100));
  if (c.state == kCancelWanted) w.cancel(c.bravo, 11);
  if ((c.state & kPending) != 0) {
    w.replace(c.bravo, 11, {.number = 12, .quantity = 150, .price = 2'201'000});
  }
  if (c.state == kChain) {
    w.replace(c.bravo, 12, {.number = 13, .quantity = 120, .price = 2'202'000});
    w.replace(c.bravo, 11, {.number = 14, .quantity = 130, .price = 2'199'000});
  }
}

ouch::OutboundMessage message_of(Cell& c) {
  const Terms second{.quantity = 150, .price = 2'201'000};
  const ouch::Modified modified{
      .user_ref_num = 1, .side = ouch::Side::Buy, .quantity = 40, .appendage = {}};
  switch (c.say) {
    case Say::Accepted:
      return accepted(1, c.terms(11));
    case Say::AcceptedDead:
      return accepted(1, c.terms(11, {.state = 'D'}));
    case Say::AcceptedPrice:
      return accepted(1, c.terms(11, {.price = 2'201'000}));
    case Say::AcceptedQuantity:
      return accepted(1, c.terms(11, {.quantity = 120}));
    case Say::AcceptedPending:
      return accepted(2, c.terms(12, second));
    case Say::Replaced:
      return replaced(1, 2, c.terms(12, second));
    case Say::ReplacedPending:
      return replaced(2, 3, c.terms(13, {.quantity = 120, .price = 2'202'000}));
    case Say::ReplacedDead:
      return replaced(1, 2, c.terms(12, {.quantity = 150, .price = 2'201'000, .state = 'D'}));
    case Say::ReplacedUnknown:
      return replaced(99, 2, c.terms(12, second));
    case Say::ReplacedItself:
      return replaced(99, 1, c.terms(11));
    case Say::Executed:
      return executed(1, 40, kAmznPrice, 21);
    case Say::ExecutedFull:
      return executed(1, c.left(), kAmznPrice, 21);
    case Say::Overfill:
      return executed(1, c.left() + 50, kAmznPrice, 21);
    case Say::ExecutedWorse:
      return executed(1, 40, kWorse, 21);
    case Say::ExecutedPending:
      return executed(2, 40, 2'201'000, 21);
    case Say::ExecutedAgain:
      return executed(1, 40, kAmznPrice, 7);
    case Say::Canceled:
      return canceled(1, 40);
    case Say::CanceledFull:
      return canceled(1, c.left());
    case Say::CanceledMore:
      return canceled(1, c.left() + 50);
    case Say::CanceledPending:
      return canceled(2, 40);
    case Say::Prevented:
      return aiq_canceled(1, 40);
    case Say::PreventedFull:
      return aiq_canceled(1, c.left());
    case Say::PreventedMore:
      return aiq_canceled(1, c.left() + 50);
    case Say::Broken:
      return broken(1, 7);
    case Say::BrokenUnknown:
      return broken(1, 8);
    case Say::Rejected:
      return rejected(1);
    case Say::RejectedPending:
      return rejected(2);
    case Say::CancelPending:
      return cancel_pending(1);
    case Say::CancelReject:
      return cancel_reject(1);
    case Say::PriorityUpdate:
      return priority_update(1);
    case Say::PriorityWorse: {
      ouch::PriorityUpdate update = priority_update(1);
      update.price = kWorse;
      return update;
    }
    case Say::Modified:
      return modified;
    case Say::ModifiedMore: {
      ouch::Modified more = modified;
      more.quantity = 200;
      return more;
    }
    case Say::ModifiedSide: {
      ouch::Modified other = modified;
      other.side = ouch::Side::SellShort;
      return other;
    }
    case Say::Restated:
      return restated(1);
    case Say::QueryResponse:
      return query_response(c.w.engine().next_number());
    case Say::QueryBehind:
      return query_response(1);
    case Say::QueryAhead:
      return query_response(50);
    case Say::MassCancelled:
      return ouch::MassCancelResponse{.user_ref_num = 5, .appendage = {}};
    case Say::Disabled:
      return ouch::DisableResponse{.user_ref_num = 5, .appendage = {}};
    case Say::Enabled:
      return ouch::EnableResponse{.user_ref_num = 5, .appendage = {}};
    case Say::StartOfDay:
      return ouch::SystemEvent{.event_code = ouch::EventCode::StartOfDay};
    case Say::EndOfDay:
      return ouch::SystemEvent{.event_code = ouch::EventCode::EndOfDay};
    case Say::Count:
      break;
  }
  ADD_FAILURE() << "no such message";
  return {};
}

// The next number after it: the venue ignores what is not above the highest that it speaks of.
std::uint32_t next_number(std::uint32_t next, const ouch::OutboundMessage& message) {
  std::visit(
      [&](const auto& m) {
        using M = std::remove_cvref_t<decltype(m)>;
        if constexpr (requires { m.next_user_ref_num; }) {
          next = std::max(next, m.next_user_ref_num);
        } else if constexpr (requires { m.user_ref_num; }) {
          if constexpr (!std::is_same_v<M, ouch::BrokenTrade>) {
            next = std::max(next, m.user_ref_num + 1);
          }
        }
      },
      message);
  return next;
}

// "12+1 150@2202000; ...", in the order of our numbers.
std::string orders_of(GateWorld& w) {
  std::map<std::uint32_t, std::string> by_head;
  const std::uint32_t end = w.deployment().parameters.capacities.orders;
  for (risk::OrderIndex at = w.engine().next_order(0, end); at.exists();
       at = w.engine().next_order(at.value + 1, end)) {
    const risk::Order& order = w.engine().order(at);
    std::ostringstream line;
    line << w.engine().find_number(order.head)->client_ref;
    if (order.pending_count != 0) line << '+' << int{order.pending_count};
    line << ' ' << order.reserved.raw << '@' << order.worst.raw * 100;
    by_head[order.head] = line.str();
  }
  std::string all;
  for (const auto& [head, line] : by_head) all += (all.empty() ? "" : "; ") + line;
  return all;
}

std::string joined(const Lines& lines) {
  std::string all;
  for (const std::string& line : lines) all += (all.empty() ? "" : "; ") + line;
  return all;
}

// That a client's order ends once. A trade, and a replacement that takes the place of what has
// ended here, are told of all the same.
void expect_one_end(const GateWorld& w, risk::SessionIndex session) {
  OrderAudit audit;
  audit.enter(11);
  audit.replace(11, 12);
  audit.replace(12, 13);
  audit.replace(11, 14);
  for (const Bytes& payload : w.stream(session)) audit.take(payload);
  for (const std::string& problem : audit.problems()) {
    if (problem[0] == 'E' || problem[0] == 'U') continue;
    EXPECT_EQ(problem.find("has ended"), std::string::npos) << problem;
    EXPECT_EQ(problem.find("answered already"), std::string::npos) << problem;
  }
}

void run(const Row& row, State state) {
  Cell c(state, row.say);
  GateWorld& w = c.w;
  make_state(c);
  w.owed(c.bravo);
  w.at_venue();
  const auto anomalies = w.counters().anomalies;
  const std::string orders = orders_of(w);
  const std::int64_t position = w.position("bravo-1", "AMZN");
  const std::uint32_t next = w.engine().next_number();
  ASSERT_FALSE(w.is_close_only("bravo-1"));

  const ouch::OutboundMessage message = message_of(c);
  w.say(message);
  EXPECT_EQ(joined(w.owed(c.bravo)), row.owed);
  EXPECT_EQ(joined(w.at_venue()), row.sent);
  EXPECT_EQ(orders_of(w), row.orders == kSame ? orders : std::string(row.orders));
  EXPECT_EQ(w.position("bravo-1", "AMZN") - position, row.position);
  EXPECT_EQ(w.is_close_only("bravo-1"), row.close_only);
  EXPECT_FALSE(w.is_close_only("bravo-2"));
  EXPECT_EQ(w.engine().next_number(), next_number(next, message));
  for (std::size_t a = 1; a < risk::kAnomalyCount; ++a) {
    EXPECT_EQ(w.counters().anomalies[a] - anomalies[a], a == std::size_t(row.anomaly)) << a;
  }

  // Whatever it was, everything can still end.
  for (const std::uint32_t number : {1U, 2U, 3U, 4U}) w.say(canceled(number, 1000));
  EXPECT_EQ(w.engine().live_orders(), 0U);
  EXPECT_EQ(w.position("bravo-1", "AMZN") - position, row.position);
  expect_one_end(w, c.bravo);
  EXPECT_EQ(w.check(), "");
}

TEST(VenueMessageTable, EveryCellIsThereOnce) {
  for (unsigned say = 0; say < kSayCount; ++say) {
    for (unsigned s = 0; s < kStateCount; ++s) {
      const auto rows = std::count_if(std::begin(kTable), std::end(kTable), [&](const Row& row) {
        return row.say == Say(say) && (row.states >> s & 1) != 0;
      });
      EXPECT_EQ(rows, 1) << "message " << say << " in state " << kStateNames[s];
    }
  }
}

TEST(VenueMessageTable, EveryCellDoesWhatItsRowSays) {
  for (const Row& row : kTable) {
    for (unsigned s = 0; s < kStateCount; ++s) {
      if ((row.states >> s & 1) == 0) continue;
      SCOPED_TRACE(testing::Message() << "row " << &row - kTable << ", message "
                                      << unsigned(row.say) << " in state " << kStateNames[s]);
      run(row, State(1U << s));
    }
  }
}

}  // namespace
}  // namespace portcullis::test::venue_message_table_test
