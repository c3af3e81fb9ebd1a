// The client's own books: every message that comes is counted once, belongs to an order or is
// noticed as one that does not fit.
#include "gateway/client/ledger.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/support/wire_bytes.h"

namespace portcullis::gateway::client::client_ledger_test {
namespace {

constexpr std::int64_t kDueNs = 1'000;
constexpr std::int64_t kNowNs = 1'700;
constexpr std::uint32_t kNumbers = 10;

struct Books {
  Ledger ledger{kNumbers};
  Histogram times;
  std::uint64_t messages = 0;

  void send(Kind kind, std::uint32_t number) {
    ledger.sent({.number = number, .kind = kind}, kDueNs);
  }
  void take(std::span<const std::byte> payload) {
    ++messages;
    ledger.received(payload, kNowNs, times);
  }
  template <class M>
  void receive(const M& message) {
    test::Bytes payload(ouch::kMaxMessageSize);
    payload.resize(ouch::encode(message, payload));
    take(payload);
  }

  void accepted(std::uint32_t number, std::uint32_t quantity,
                ouch::OrderState state = ouch::OrderState::Live) {
    receive(ouch::Accepted{
        .user_ref_num = number, .quantity = quantity, .order_state = state, .appendage = {}});
  }
  void replaced(std::uint32_t original, std::uint32_t number, std::uint32_t leaves,
                ouch::OrderState state = ouch::OrderState::Live) {
    receive(ouch::Replaced{.orig_user_ref_num = original,
                           .user_ref_num = number,
                           .quantity = leaves,
                           .order_state = state,
                           .appendage = {}});
  }
  void executed(std::uint32_t number, std::uint32_t quantity) {
    receive(ouch::Executed{.user_ref_num = number, .quantity = quantity, .appendage = {}});
  }
  void canceled(std::uint32_t number, std::uint32_t decrement) {
    receive(ouch::Canceled{.user_ref_num = number, .decrement = decrement, .appendage = {}});
  }
  void rejected(std::uint32_t number, ouch::RejectCode reason = ouch::RejectCode::Halted) {
    receive(ouch::Rejected{.user_ref_num = number, .reason = reason, .appendage = {}});
  }

  // An open order of 100.
  void open(std::uint32_t number) {
    send(Kind::Enter, number);
    accepted(number, 100);
  }

  [[nodiscard]] const LedgerCounts& counts() const { return ledger.counts(); }
  [[nodiscard]] std::uint64_t unexpected() const { return counts().unexpected; }
};

std::uint64_t received(const LedgerCounts& c) {
  return c.accepted + c.rejected + c.cancel_rejected + c.replaced + c.executed + c.canceled +
         c.self_match_prevented + c.broken + c.mass_cancel_responses + c.disable_responses +
         c.enable_responses + c.query_responses + c.other + c.undecodable;
}

TEST(ClientLedger, AnOrderIsOpenFromItsAnswerUntilItIsFilled) {
  Books books;
  books.send(Kind::Enter, 1);
  EXPECT_EQ(books.ledger.unanswered_enters(), 1);
  EXPECT_EQ(books.ledger.open(), 0);
  books.accepted(1, 100);
  EXPECT_EQ(books.ledger.unanswered_enters(), 0);
  EXPECT_EQ(books.ledger.open(), 1);
  books.executed(1, 60);
  EXPECT_EQ(books.ledger.open(), 1);
  books.executed(1, 40);
  EXPECT_EQ(books.ledger.open(), 0);
  EXPECT_EQ(books.counts().filled, 1);
  EXPECT_EQ(books.counts().executed_quantity, 100);
  EXPECT_EQ(books.counts().ended_canceled, 0);
  EXPECT_EQ(books.unexpected(), 0);
}

TEST(ClientLedger, TheTimeToTheFirstAnswerCountsFromWhenTheOrderWasDue) {
  Books books;
  books.open(1);
  books.send(Kind::Enter, 2);
  books.rejected(2);
  books.send(Kind::Replace, 3);
  books.replaced(1, 3, 100);
  EXPECT_EQ(books.times.count(), 3);
  EXPECT_EQ(books.times.max(), static_cast<std::uint64_t>(kNowNs - kDueNs));
  books.executed(3, 100);
  EXPECT_EQ(books.times.count(), 3) << "only the first answer";
}

TEST(ClientLedger, CancelsTakeOffWhatTheySay) {
  Books books;
  books.open(1);
  books.canceled(1, 30);
  EXPECT_EQ(books.ledger.open(), 1);
  books.executed(1, 50);
  books.canceled(1, 20);
  EXPECT_EQ(books.ledger.open(), 0);
  EXPECT_EQ(books.counts().ended_canceled, 1);
  EXPECT_EQ(books.counts().filled, 0) << "it was cancelled in the end";
  books.open(2);
  books.receive(ouch::AiqCanceled{.user_ref_num = 2, .decrement = 100, .appendage = {}});
  EXPECT_EQ(books.ledger.open(), 0);
  EXPECT_EQ(books.counts().ended_canceled, 2);
  EXPECT_EQ(books.unexpected(), 0);
}

TEST(ClientLedger, AnOrderAcceptedDeadWasNeverOpen) {
  Books books;
  books.send(Kind::Enter, 1);
  books.accepted(1, 100, ouch::OrderState::Dead);
  EXPECT_EQ(books.ledger.open(), 0);
  EXPECT_EQ(books.ledger.unanswered_enters(), 0);
  EXPECT_EQ(books.counts().accepted_dead, 1);
  EXPECT_EQ(books.counts().ended_canceled, 1);
  books.executed(1, 1);
  EXPECT_EQ(books.unexpected(), 1);
}

TEST(ClientLedger, AReplaceEndsTheOldNumberAndOpensTheNew) {
  Books books;
  books.open(1);
  books.send(Kind::Replace, 2);
  EXPECT_EQ(books.ledger.unanswered_replaces(), 1);
  books.executed(1, 40);  // in the race window
  books.replaced(1, 2, 20);
  EXPECT_EQ(books.ledger.unanswered_replaces(), 0);
  EXPECT_EQ(books.ledger.open(), 1);
  books.executed(2, 20);
  EXPECT_EQ(books.ledger.open(), 0);
  EXPECT_EQ(books.counts().filled, 1);
  EXPECT_EQ(books.unexpected(), 0);
  books.executed(1, 1);
  EXPECT_EQ(books.unexpected(), 1) << "the old number has ended";
}

TEST(ClientLedger, AReplaceThatIsRejectedOrIgnoredLeavesTheOrderOpen) {
  Books books;
  books.open(1);
  books.send(Kind::Replace, 2);
  books.rejected(2);
  books.send(Kind::Replace, 3);
  EXPECT_EQ(books.ledger.open(), 1);
  EXPECT_EQ(books.ledger.unanswered_replaces(), 1);
  books.executed(1, 100);
  EXPECT_EQ(books.counts().filled, 1);
  EXPECT_EQ(books.unexpected(), 0);
}

TEST(ClientLedger, AReplaceThatIsDeadEndsBoth) {
  Books books;
  books.open(1);
  books.send(Kind::Replace, 2);
  books.replaced(1, 2, 100, ouch::OrderState::Dead);
  EXPECT_EQ(books.ledger.open(), 0);
  EXPECT_EQ(books.counts().ended_canceled, 1);
  EXPECT_EQ(books.unexpected(), 0);
}

TEST(ClientLedger, RejectsAreCountedByTheirCode) {
  Books books;
  for (std::uint32_t number = 1; number <= 3; ++number) books.send(Kind::Enter, number);
  books.rejected(1, ouch::RejectCode::InvalidPrice);
  books.rejected(2, ouch::RejectCode::Halted);
  books.rejected(3, ouch::RejectCode::InvalidPrice);
  const std::map<std::uint32_t, std::uint64_t> expected{{0x07, 1}, {0x1D, 2}};
  EXPECT_EQ(books.counts().rejects, expected);
  EXPECT_EQ(books.ledger.unanswered_enters(), 0);
}

TEST(ClientLedger, WhatIsSentAgainHasOneAnswerAndIsDueWhenItWas) {
  Books books;
  books.send(Kind::Enter, 1);
  books.ledger.sent_again({.number = 1, .kind = Kind::Enter});
  EXPECT_EQ(books.ledger.unanswered_enters(), 1);
  books.accepted(1, 100);
  EXPECT_EQ(books.ledger.unanswered_enters(), 0);
  EXPECT_EQ(books.times.max(), static_cast<std::uint64_t>(kNowNs - kDueNs));
  books.send(Kind::Replace, 2);
  books.ledger.sent_again({.number = 2, .kind = Kind::Replace});
  books.replaced(1, 2, 60);
  EXPECT_EQ(books.ledger.unanswered_replaces(), 0);
  EXPECT_EQ(books.ledger.open(), 1);
  EXPECT_EQ(books.unexpected(), 0);
  books.accepted(1, 100);
  EXPECT_EQ(books.unexpected(), 1) << "taken twice";
}

TEST(ClientLedger, EachControlHasOneAnswer) {
  Books books;
  books.send(Kind::MassCancel, 1);
  books.send(Kind::Disable, 2);
  books.send(Kind::Enable, 3);
  EXPECT_EQ(books.ledger.unanswered_controls(), 3);
  books.receive(ouch::MassCancelResponse{.user_ref_num = 1, .appendage = {}});
  books.receive(ouch::DisableResponse{.user_ref_num = 2, .appendage = {}});
  EXPECT_EQ(books.ledger.unanswered_controls(), 1);
  books.rejected(3);  // beyond its rate
  EXPECT_EQ(books.ledger.unanswered_controls(), 0);
  EXPECT_EQ(books.ledger.unanswered_enters(), 0);
  EXPECT_EQ(books.times.count(), 0) << "times are those of orders";
  EXPECT_EQ(books.unexpected(), 0);
  books.receive(ouch::MassCancelResponse{.user_ref_num = 1, .appendage = {}});
  books.receive(ouch::EnableResponse{.user_ref_num = 3, .appendage = {}});
  books.open(4);
  books.receive(ouch::DisableResponse{.user_ref_num = 4, .appendage = {}});
  EXPECT_EQ(books.unexpected(), 3);
}

TEST(ClientLedger, NoticesWhatComesTwice) {
  Books books;
  books.open(1);
  books.accepted(1, 100);
  EXPECT_EQ(books.unexpected(), 1) << "accepted";
  EXPECT_EQ(books.ledger.open(), 1);
  books.send(Kind::Enter, 2);
  books.rejected(2);
  books.rejected(2);
  EXPECT_EQ(books.unexpected(), 2) << "rejected";
  books.send(Kind::Replace, 3);
  books.replaced(1, 3, 100);
  books.replaced(1, 3, 100);
  EXPECT_EQ(books.unexpected(), 4) << "replaced: neither of its numbers";
  EXPECT_EQ(books.ledger.open(), 1);
  books.canceled(3, 100);
  books.canceled(3, 100);
  EXPECT_EQ(books.unexpected(), 5) << "cancelled";
  books.executed(3, 100);
  EXPECT_EQ(books.unexpected(), 6) << "executed after the end";
  EXPECT_EQ(books.ledger.open(), 0);
  EXPECT_EQ(books.counts().filled, 0);
}

TEST(ClientLedger, NoticesMoreThanThereWas) {
  Books books;
  books.open(1);
  books.executed(1, 101);
  EXPECT_EQ(books.unexpected(), 1);
  EXPECT_EQ(books.ledger.open(), 0);
  books.open(2);
  books.canceled(2, 101);
  EXPECT_EQ(books.unexpected(), 2);
}

TEST(ClientLedger, NoticesNumbersThatWereNotSent) {
  Books books;
  books.accepted(1, 100);             // planned, not sent
  books.accepted(kNumbers + 1, 100);  // not even planned
  books.accepted(0xFFFFFFFF, 100);
  books.executed(2, 1);
  books.replaced(3, 4, 1);
  books.rejected(5);
  EXPECT_EQ(books.unexpected(), 7);
  EXPECT_EQ(books.ledger.open(), 0);
  EXPECT_EQ(books.times.count(), 0);
}

TEST(ClientLedger, NoticesAnAnswerOfTheWrongKind) {
  Books books;
  books.send(Kind::Replace, 1);
  books.accepted(1, 100);
  EXPECT_EQ(books.unexpected(), 1);
  books.send(Kind::Enter, 2);
  books.open(3);
  books.replaced(3, 2, 100);
  EXPECT_EQ(books.unexpected(), 2);
}

TEST(ClientLedger, OrdersOfARunBeforeAreCountedAndNotHeldAgainstThisOne) {
  Books books;
  books.ledger.set_base(1'000);
  books.executed(1'000, 5);
  books.canceled(7, 5);
  EXPECT_EQ(books.unexpected(), 0);
  EXPECT_EQ(books.counts().executed, 1);
  EXPECT_EQ(books.counts().canceled, 1);
  books.send(Kind::Enter, 1);
  books.accepted(1'001, 100);
  EXPECT_EQ(books.ledger.open(), 1);
  books.accepted(1'011, 100);
  EXPECT_EQ(books.unexpected(), 1) << "beyond the numbers of this run";
}

TEST(ClientLedger, EachMessageIsCountedOnce) {
  Books books;
  for (const std::uint32_t number : {1U, 3U, 4U}) books.open(number);
  books.send(Kind::Replace, 2);
  books.replaced(1, 2, 100);
  books.executed(3, 100);
  books.canceled(4, 100);
  books.receive(ouch::AiqCanceled{.user_ref_num = 2, .decrement = 100, .appendage = {}});
  books.send(Kind::Enter, 5);
  books.rejected(5);
  books.receive(ouch::BrokenTrade{.user_ref_num = 3, .appendage = {}});
  books.send(Kind::MassCancel, 6);
  books.send(Kind::Disable, 7);
  books.send(Kind::Enable, 8);
  books.receive(ouch::MassCancelResponse{.user_ref_num = 6, .appendage = {}});
  books.receive(ouch::DisableResponse{.user_ref_num = 7, .appendage = {}});
  books.receive(ouch::EnableResponse{.user_ref_num = 8, .appendage = {}});
  books.receive(ouch::QueryResponse{.next_user_ref_num = 9, .appendage = {}});
  books.receive(ouch::SystemEvent{.event_code = ouch::EventCode::StartOfDay});
  books.receive(ouch::CancelPending{.user_ref_num = 4, .appendage = {}});
  books.receive(ouch::CancelReject{.user_ref_num = 4, .appendage = {}});
  books.receive(ouch::Restated{.user_ref_num = 4, .appendage = {}});
  for (const char* bytes : {"", "'A'", "'?' 00", "'Q' 00", "'S' 00000000000000000053 00"}) {
    books.take(test::bytes(bytes));
  }
  const LedgerCounts& counts = books.counts();
  EXPECT_EQ(received(counts), books.messages);
  EXPECT_EQ(counts.accepted, 3);
  for (auto one :
       {&LedgerCounts::replaced, &LedgerCounts::executed, &LedgerCounts::canceled,
        &LedgerCounts::self_match_prevented, &LedgerCounts::rejected, &LedgerCounts::broken,
        &LedgerCounts::mass_cancel_responses, &LedgerCounts::disable_responses,
        &LedgerCounts::enable_responses, &LedgerCounts::query_responses}) {
    EXPECT_EQ(counts.*one, 1);
  }
  EXPECT_EQ(counts.cancel_rejected, 1);
  EXPECT_EQ(counts.other, 3);
  EXPECT_EQ(counts.undecodable, 5);
  EXPECT_EQ(counts.unexpected, 0);
  EXPECT_EQ(books.ledger.next_number(), 9);
}

TEST(ClientLedger, WhatWasSentIsCountedByKind) {
  Books books;
  for (std::uint8_t k = 0; k < kKindCount; ++k) {
    for (int times = 0; times <= k; ++times) books.ledger.sent({.number = 1, .kind = Kind{k}}, 0);
  }
  for (std::size_t k = 0; k < kKindCount; ++k) EXPECT_EQ(books.counts().sent[k], k + 1);
  const auto cancel = static_cast<std::size_t>(Kind::Cancel);
  books.ledger.sent_again({.number = 1, .kind = Kind::Cancel});
  EXPECT_EQ(books.counts().sent[cancel], cancel + 1);
  EXPECT_EQ(books.counts().again[cancel], 1);
  books.ledger.not_sent();
  books.ledger.received_debug();
  EXPECT_EQ(books.counts().unsent, 1);
  EXPECT_EQ(books.counts().debug, 1);
}

TEST(ClientLedger, SumsAddEveryCount) {
  LedgerCounts one{.sent = {1, 2, 3, 4, 5, 6, 7, 8, 9},
                   .again = {31, 32, 33, 34, 35, 36, 37, 38, 39},
                   .unsent = 10,
                   .accepted = 11,
                   .accepted_dead = 12,
                   .rejected = 13,
                   .cancel_rejected = 40,
                   .replaced = 14,
                   .executed = 15,
                   .canceled = 16,
                   .self_match_prevented = 17,
                   .broken = 18,
                   .mass_cancel_responses = 19,
                   .disable_responses = 20,
                   .enable_responses = 21,
                   .query_responses = 22,
                   .debug = 23,
                   .other = 24,
                   .undecodable = 25,
                   .unexpected = 26,
                   .filled = 27,
                   .ended_canceled = 28,
                   .executed_quantity = 29,
                   .rejects = {{7, 30}, {8, 31}}};
  one.replies = 60;
  one.taken = 61;
  one.looked_up = 62;
  one.overtaken = 63;
  for (std::size_t k = 0; k < kKindCount; ++k) one.not_taken[k] = k + 51;
  LedgerCounts sum{.rejects = {{8, 1}}};
  sum.add(one);
  sum.add(one);
  EXPECT_EQ(sum.replies, 120);
  EXPECT_EQ(sum.taken, 122);
  EXPECT_EQ(sum.looked_up, 124);
  EXPECT_EQ(sum.overtaken, 126);
  for (std::size_t k = 0; k < kKindCount; ++k) EXPECT_EQ(sum.not_taken[k], 2 * (k + 51));
  for (std::size_t k = 0; k < kKindCount; ++k) {
    EXPECT_EQ(sum.sent[k], 2 * (k + 1));
    EXPECT_EQ(sum.again[k], 2 * (k + 31));
  }
  EXPECT_EQ(sum.cancel_rejected, 80);
  std::uint64_t expected = 10;
  for (auto member : {&LedgerCounts::unsent,
                      &LedgerCounts::accepted,
                      &LedgerCounts::accepted_dead,
                      &LedgerCounts::rejected,
                      &LedgerCounts::replaced,
                      &LedgerCounts::executed,
                      &LedgerCounts::canceled,
                      &LedgerCounts::self_match_prevented,
                      &LedgerCounts::broken,
                      &LedgerCounts::mass_cancel_responses,
                      &LedgerCounts::disable_responses,
                      &LedgerCounts::enable_responses,
                      &LedgerCounts::query_responses,
                      &LedgerCounts::debug,
                      &LedgerCounts::other,
                      &LedgerCounts::undecodable,
                      &LedgerCounts::unexpected,
                      &LedgerCounts::filled,
                      &LedgerCounts::ended_canceled,
                      &LedgerCounts::executed_quantity}) {
    EXPECT_EQ(sum.*member, 2 * expected) << expected;
    ++expected;
  }
  const std::map<std::uint32_t, std::uint64_t> rejects{{7, 60}, {8, 63}};
  EXPECT_EQ(sum.rejects, rejects);
}

}  // namespace
}  // namespace portcullis::gateway::client::client_ledger_test
