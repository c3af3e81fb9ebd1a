// The books of a client over JSON: what a server says goes in as text, written here as Bybit's
// documentation has it, and the counts come out.
#include "gateway/client/json_ledger.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/example_config.h"
#include "tests/support/json_world.h"
#include "tests/support/wire_bytes.h"

namespace portcullis::gateway::client::client_json_ledger_test {
namespace {

constexpr std::int64_t kDueNs = 1'000;
constexpr std::int64_t kNowNs = 1'700;
constexpr std::uint32_t kNumbers = 20;

const config::Deployment& deployment() {
  static const config::LoadResult loaded = [] {
    test::Texts texts = test::read_example();
    for (const test::Change& change : test::json_changes()) test::apply(texts, change);
    return config::load_texts(texts, test::example_folder());
  }();
  if (!loaded.ok()) throw std::runtime_error(test::problems_text(loaded));
  return loaded.deployment;
}

std::uint16_t json1() {
  return static_cast<std::uint16_t>(deployment().names.sessions.find("JSON1").value);
}

// 5 shares of AMZN at 220.00, number 1 unless it says otherwise.
Message enter(std::uint32_t number = 1) {
  return {.price = 22'000, .number = number, .quantity = 5, .symbol = 0, .kind = Kind::Enter};
}
Message repeat(std::uint32_t number = 1) {
  Message message = enter(number);
  message.kind = Kind::Repeat;
  return message;
}
Message amend(std::uint32_t original, std::uint32_t number, std::uint32_t quantity,
              std::uint64_t price = 22'000) {
  return {.price = price,
          .number = number,
          .original = original,
          .quantity = quantity,
          .kind = Kind::Replace};
}
Message cancel(std::uint32_t number, std::uint32_t total = 0) {
  return {.number = number, .quantity = total, .kind = Kind::Cancel};
}
Message malformed(Malformed how) {
  return {.number = 9, .kind = Kind::Malformed, .malformed = how};
}

struct Figures {
  const char* quantity = "5";
  const char* leaves = "5";
  const char* executed = "0";
  const char* price = "220";
  const char* more = "";  // members
};

struct Books {
  Plan plan;
  JsonOrders orders;
  Ledger ledger{kNumbers};
  Histogram times;
  JsonLedger books;
  TextReader reader;

  // The requests, which are all sent.
  explicit Books(std::vector<Message> messages)
      : plan(plan_of(std::move(messages))),
        orders(plan, deployment(), "r1"),
        books(orders, json1(), kNumbers, ledger, times) {
    for (const Message& message : plan.messages) books.sent(message, kDueNs);
  }
  static Plan plan_of(std::vector<Message> messages) {
    Plan plan;
    plan.symbols = {{'A', 'M', 'Z', 'N', ' ', ' ', ' ', ' '}};
    plan.numbers.assign(deployment().sessions.size(), 0);
    plan.numbers[json1()] = kNumbers;
    plan.messages = std::move(messages);
    for (Message& message : plan.messages) message.session = json1();
    return plan;
  }

  static std::string link(std::uint32_t number) { return fmt::format("r1-{}-{}", json1(), number); }

  void reply(int request, int code = 0, const char* reason = "") {
    const std::string arithmetic =
        *reason == '\0' ? "{}" : fmt::format(R"({{"reason":"{}"}})", reason);
    reply_text(fmt::format(
        R"({{"reqId":"{}","retCode":{},"retMsg":"m","op":"order.create","data":{{}},"retExtInfo":{},)"
        R"("connId":"c"}})",
        request, code, arithmetic));
  }
  void reply_text(const std::string& text) { books.on_reply(reader.read(text), kNowNs); }

  static std::string order(const std::string& name, const char* status, const Figures& f = {}) {
    return fmt::format(
        R"({{"category":"linear","symbol":"AMZN","orderId":"o-{0}","orderLinkId":"{0}",)"
        R"("orderStatus":"{1}","qty":"{2}","leavesQty":"{3}","cumExecQty":"{4}","price":"{5}"{6}}})",
        name, status, f.quantity, f.leaves, f.executed, f.price, f.more);
  }
  static std::string execution(const std::string& name, const char* id, const char* quantity,
                               const char* type = "Trade") {
    return fmt::format(
        R"({{"category":"linear","symbol":"AMZN","orderLinkId":"{}","execId":"{}","execType":"{}",)"
        R"("execQty":"{}","execPrice":"220"}})",
        name, id, type, quantity);
  }
  void push(const std::string& entries) {
    books.on_push(reader.read(
        fmt::format(R"({{"id":"1","topic":"order","creationTime":1,"data":[{}]}})", entries)));
  }
  void told(std::uint32_t number, const char* status, const Figures& figures = {}) {
    push(order(link(number), status, figures));
  }
  void executed(std::uint32_t number, const char* id, const char* quantity) {
    push(execution(link(number), id, quantity));
  }
  const ServerText& page(const std::string& entries, const char* cursor = "") {
    return reader.read(fmt::format(
        R"({{"retCode":0,"retMsg":"OK","result":{{"list":[{}],"nextPageCursor":"{}","category":"linear"}}}})",
        entries, cursor));
  }

  [[nodiscard]] const LedgerCounts& counts() const { return ledger.counts(); }
  // The order of number 1, taken and accepted.
  void open() {
    reply(0);
    told(1, "Created");
    told(1, "New");
  }
};

TEST(ClientJsonLedger, AnOrderIsAnsweredAcceptedAndFilled) {
  Books b({enter()});
  EXPECT_EQ(b.ledger.unanswered_enters(), 1);
  EXPECT_EQ(b.books.unanswered(), 1);
  b.reply(0);
  EXPECT_EQ(b.counts().replies, 1);
  EXPECT_EQ(b.counts().taken, 1);
  EXPECT_EQ(b.ledger.unanswered_enters(), 0);
  EXPECT_EQ(b.times.count(), 1);
  EXPECT_EQ(b.times.max(), kNowNs - kDueNs);
  EXPECT_EQ(b.books.unacknowledged(), 1) << "the venue has not answered";
  b.told(1, "Created");
  EXPECT_EQ(b.counts().accepted, 0);
  b.told(1, "New");
  EXPECT_EQ(b.counts().accepted, 1);
  EXPECT_EQ(b.ledger.open(), 1);
  EXPECT_EQ(b.books.unacknowledged(), 0);
  b.executed(1, "e1", "2");
  b.told(1, "PartiallyFilled", {.leaves = "3", .executed = "2"});
  EXPECT_EQ(b.ledger.open(), 1);
  b.executed(1, "e2", "3");
  b.told(1, "Filled", {.leaves = "0", .executed = "5"});
  b.books.close_books();
  EXPECT_EQ(b.counts().executed, 2);
  EXPECT_EQ(b.counts().executed_quantity, 5);
  EXPECT_EQ(b.counts().filled, 1);
  EXPECT_EQ(b.counts().ended_canceled, 0);
  EXPECT_EQ(b.ledger.open(), 0);
  EXPECT_EQ(b.counts().accepted, 1);
  EXPECT_EQ(b.counts().replaced, 0);
  EXPECT_EQ(b.counts().unexpected, 0);
}

TEST(ClientJsonLedger, PushesMayComeBeforeTheReply) {
  Books b({enter()});
  b.executed(1, "e1", "5");
  b.told(1, "Filled", {.leaves = "0", .executed = "5"});
  EXPECT_EQ(b.counts().filled, 1);
  EXPECT_EQ(b.ledger.unanswered_enters(), 1);
  b.reply(0);
  b.books.close_books();
  EXPECT_EQ(b.ledger.unanswered_enters(), 0);
  EXPECT_EQ(b.counts().unexpected, 0);
}

TEST(ClientJsonLedger, WhatDoesNotFitIsUnexpected) {
  Books b({enter()});
  b.reply(0);
  b.reply(0);
  EXPECT_EQ(b.counts().unexpected, 1) << "a second answer";
  EXPECT_EQ(b.counts().replies, 1);
  b.reply(7);
  EXPECT_EQ(b.counts().unexpected, 2) << "to nothing";
  b.told(2, "New");
  EXPECT_EQ(b.counts().unexpected, 3) << "an order that was not sent";
  b.executed(3, "e9", "1");
  EXPECT_EQ(b.counts().unexpected, 4) << "its execution";
  b.told(1, "New");
  b.told(1, "New", {.quantity = "7", .leaves = "7"});
  EXPECT_EQ(b.counts().unexpected, 5) << "terms that nobody wanted";
  b.told(1, "Rejected");
  EXPECT_EQ(b.counts().unexpected, 6) << "refused after it was accepted";
  b.reply_text("{");
  b.reply_text(R"({"reqId":"0"})");
  EXPECT_EQ(b.counts().undecodable, 2);
}

TEST(ClientJsonLedger, ExecutionsMustAddUpToWhatTheOrderSays) {
  Books b({enter(1), enter(2)});
  b.open();
  b.told(2, "New");
  b.executed(1, "e1", "2");
  b.told(1, "PartiallyFilled", {.leaves = "3", .executed = "2"});
  b.told(2, "PartiallyFilled", {.leaves = "4", .executed = "1"});
  b.books.close_books();
  EXPECT_EQ(b.counts().unexpected, 1) << "an execution of the second is missing";
}

TEST(ClientJsonLedger, OthersOnTheAccountDoNotCount) {
  Books b({enter()});
  b.push(Books::order("r1-0-1", "New"));
  b.push(Books::order("r2-" + std::to_string(json1()) + "-1", "New"));
  b.push(Books::order("", "New"));
  b.push(Books::order(Books::link(1) + "0000000000", "New"));
  b.push(Books::execution("theirs", "e1", "5"));
  EXPECT_EQ(b.counts().accepted, 0);
  EXPECT_EQ(b.counts().executed, 0);
  EXPECT_EQ(b.counts().unexpected, 0);
}

TEST(ClientJsonLedger, RefusalsAreOfTheGateOrOfItsDoor) {
  Books b({enter(1), enter(2), cancel(7), amend(1, 3, 6)});
  b.reply(0, 110'007, "margin");
  b.reply(1, 10'001);
  b.reply(2, 110'001);
  b.reply(3, 110'001);
  EXPECT_EQ(b.counts().replies, 4);
  EXPECT_EQ(b.counts().taken, 0);
  EXPECT_EQ(b.counts().rejected, 1);
  const std::map<std::uint32_t, std::uint64_t> rejects{{110'007, 1}};
  EXPECT_EQ(b.counts().rejects, rejects);
  EXPECT_EQ(b.counts().not_taken[static_cast<std::size_t>(Kind::Enter)], 1);
  EXPECT_EQ(b.counts().not_taken[static_cast<std::size_t>(Kind::Cancel)], 1);
  EXPECT_EQ(b.counts().not_taken[static_cast<std::size_t>(Kind::Replace)], 1);
  EXPECT_EQ(b.ledger.unanswered_enters() + b.ledger.unanswered_replaces(), 0);
  EXPECT_EQ(b.times.count(), 3);
  EXPECT_EQ(b.counts().unexpected, 0);
  b.told(1, "New");
  EXPECT_EQ(b.counts().unexpected, 1) << "it was refused";
}

TEST(ClientJsonLedger, TheVenueRefusesToo) {
  Books b({enter()});
  b.reply(0);
  b.told(1, "Rejected", {.more = R"(,"rejectText":"venue code 0x1d")"});
  EXPECT_EQ(b.counts().rejected, 1);
  EXPECT_EQ(b.counts().rejects.at(0x1d), 1);
  EXPECT_EQ(b.books.unacknowledged(), 0);
  EXPECT_EQ(b.ledger.open(), 0);
  b.told(1, "Rejected");
  EXPECT_EQ(b.counts().rejected, 1) << "once";
  EXPECT_EQ(b.counts().unexpected, 0);
}

TEST(ClientJsonLedger, AnAmendReplacesOnceAndExecutionsDoNot) {
  Books b({enter(), amend(1, 2, 8), amend(2, 3, 8, 22'100)});
  b.open();
  b.reply(1);
  b.told(1, "New", {.quantity = "8", .leaves = "8"});
  EXPECT_EQ(b.counts().replaced, 1);
  b.executed(1, "e1", "1");
  b.told(1, "PartiallyFilled", {.quantity = "8", .leaves = "7", .executed = "1"});
  EXPECT_EQ(b.counts().replaced, 1);
  b.told(1, "PartiallyFilled", {.quantity = "8", .leaves = "7", .executed = "1", .price = "221"});
  b.reply(2);
  EXPECT_EQ(b.counts().replaced, 2);
  b.told(1, "New", {.quantity = "5", .leaves = "5"});
  EXPECT_EQ(b.counts().replaced, 2) << "old news";
  EXPECT_EQ(b.counts().accepted, 1);
  EXPECT_EQ(b.ledger.open(), 1);
  EXPECT_EQ(b.counts().unexpected, 0);
}

TEST(ClientJsonLedger, AnAmendToTheSameTermsReplacesToo) {
  Books b({enter(), amend(1, 2, 5)});
  b.open();
  b.executed(1, "e1", "1");
  b.told(1, "PartiallyFilled", {.leaves = "4", .executed = "1"});
  EXPECT_EQ(b.counts().replaced, 0) << "the execution's";
  b.told(1, "PartiallyFilled", {.leaves = "4", .executed = "1"});
  EXPECT_EQ(b.counts().replaced, 1);
  b.told(1, "PartiallyFilled", {.leaves = "4", .executed = "1"});
  EXPECT_EQ(b.counts().replaced, 1);
}

TEST(ClientJsonLedger, ACancelToANewTotalIsAnAmend) {
  Books b({enter(), cancel(1, 3)});
  b.open();
  b.reply(1);
  b.told(1, "New", {.quantity = "3", .leaves = "3"});
  EXPECT_EQ(b.counts().replaced, 1);
  EXPECT_EQ(b.counts().unexpected, 0);
}

TEST(ClientJsonLedger, OrdersEndByCancelsAndBySelfMatchPrevention) {
  Books b({enter(1), enter(2), cancel(1)});
  b.open();
  b.reply(1);
  b.told(2, "New");
  b.reply(2);
  b.told(1, "Cancelled", {.leaves = "0", .more = R"(,"cancelType":"CancelByUser")"});
  EXPECT_EQ(b.counts().canceled, 1);
  b.told(2, "New", {.leaves = "3"});
  EXPECT_EQ(b.counts().self_match_prevented, 1) << "of a part";
  b.told(2, "New", {.leaves = "3"});
  EXPECT_EQ(b.counts().self_match_prevented, 1);
  b.told(2, "Cancelled", {.leaves = "0", .more = R"(,"cancelType":"CancelBySmp")"});
  EXPECT_EQ(b.counts().self_match_prevented, 2);
  EXPECT_EQ(b.counts().canceled, 1);
  EXPECT_EQ(b.counts().ended_canceled, 2);
  EXPECT_EQ(b.ledger.open(), 0);
  EXPECT_EQ(b.counts().unexpected, 0);
}

// The name of a refused order is free: its repeat is an order.
TEST(ClientJsonLedger, ARepeatOfARefusedOrderIsOne) {
  Books b({enter(), repeat()});
  b.reply(0, 110'003, "price_collar");
  b.reply(1);
  b.told(1, "New");
  EXPECT_EQ(b.counts().accepted, 1);
  EXPECT_EQ(b.counts().rejected, 1);
  EXPECT_EQ(b.ledger.open(), 1);
  EXPECT_EQ(b.counts().unexpected, 0);

  Books early({enter(), repeat()});
  early.told(1, "New");
  early.reply(0, 110'003, "price_collar");
  early.reply(1);
  EXPECT_EQ(early.counts().accepted, 1);
  EXPECT_EQ(early.counts().unexpected, 0);

  // A repeat has terms of its own.
  Books other({enter(), repeat()});
  other.reply(0, 110'003, "price_collar");
  other.reply(1);
  other.told(1, "New", {.quantity = "1", .leaves = "1"});
  EXPECT_EQ(other.counts().replaced, 0);
  EXPECT_EQ(other.counts().unexpected, 0);

  Books usual({enter(), repeat()});
  usual.open();
  usual.reply(1, 110'072, "duplicate_order");
  EXPECT_EQ(usual.ledger.open(), 1);
  EXPECT_EQ(usual.counts().rejected, 1);
  EXPECT_EQ(usual.counts().unexpected, 0);
}

TEST(ClientJsonLedger, WhatWasCutOffHasAReplyWithoutAnId) {
  Books b({malformed(Malformed::UnknownType), malformed(Malformed::CutOff)});
  b.reply_text(R"({"success":false,"ret_msg":"is no JSON","op":"","retCode":10001,"retMsg":"m"})");
  b.reply(0, 10'404);
  EXPECT_EQ(b.books.unanswered(), 0);
  EXPECT_EQ(b.counts().not_taken[static_cast<std::size_t>(Kind::Malformed)], 2);
  EXPECT_EQ(b.counts().unexpected, 0);
}

// --- behind a lost connection

TEST(ClientJsonLedger, WhatTheQueriesShowIsAnsweredAndTheRestIsSentAgain) {
  Books b({enter(1), enter(2), enter(3), amend(1, 4, 9), cancel(2), cancel(1)});
  b.open();
  b.books.lost();
  EXPECT_FALSE(b.books.on_orders(b.page(Books::order(Books::link(1), "New"))));
  EXPECT_FALSE(
      b.books.on_orders(b.page(Books::order(Books::link(2), "Cancelled", {.leaves = "0"}))));
  EXPECT_EQ(b.books.looked_up(kNowNs), (std::vector<std::size_t>{2, 3, 5}))
      << "nobody knows the third order, the first has its old terms and is open";
  EXPECT_EQ(b.counts().looked_up, 2) << "the second order, and its cancel";
  EXPECT_EQ(b.counts().accepted, 2);
  EXPECT_EQ(b.counts().canceled, 1);
  EXPECT_EQ(b.ledger.unanswered_enters(), 1);
  for (const std::size_t request : {2U, 3U, 5U}) b.books.sent_again(request);
  EXPECT_EQ(b.counts().again[static_cast<std::size_t>(Kind::Enter)], 1);
  EXPECT_EQ(b.counts().again[static_cast<std::size_t>(Kind::Replace)], 1);
  EXPECT_EQ(b.counts().again[static_cast<std::size_t>(Kind::Cancel)], 1);
  b.reply(2);
  b.reply(3);
  b.reply(5);
  EXPECT_EQ(b.books.unanswered(), 0);
  EXPECT_EQ(b.counts().replies + b.counts().looked_up, 6);
  EXPECT_EQ(b.counts().unexpected, 0);
}

TEST(ClientJsonLedger, ACreateThatHadArrivedIsThereThoughItsNameIsTaken) {
  Books b({enter()});
  b.books.lost();
  EXPECT_EQ(b.books.looked_up(kNowNs), std::vector<std::size_t>{0});
  b.books.sent_again(0);
  b.reply(0, 110'072, "duplicate_order");
  EXPECT_EQ(b.books.unacknowledged(), 1) << "it is on its way";
  b.told(1, "New");
  EXPECT_EQ(b.ledger.open(), 1);
  EXPECT_EQ(b.counts().unexpected, 0);
}

TEST(ClientJsonLedger, AnExecutionCountsOnceHoweverOftenItIsTold) {
  Books b({enter(1), enter(2)});
  b.open();
  b.reply(1);
  b.told(2, "New");
  b.executed(1, "e1", "1");
  b.told(1, "PartiallyFilled", {.leaves = "4", .executed = "1"});
  b.books.lost();
  // Newest first; one is pushed while the pages are read.
  b.executed(1, "e4", "1");
  const std::string one = Books::link(1);
  EXPECT_FALSE(b.books.on_executions(b.page(
      Books::execution(one, "e4", "1") + "," + Books::execution(Books::link(2), "e3", "5"), "c")));
  EXPECT_TRUE(b.books.on_executions(
      b.page(Books::execution(one, "e2", "2") + "," + Books::execution(one, "e1", "1"))))
      << "what follows is known";
  EXPECT_FALSE(b.books.on_orders(
      b.page(Books::order(one, "PartiallyFilled", {.leaves = "1", .executed = "4"}))));
  EXPECT_FALSE(b.books.on_orders(
      b.page(Books::order(Books::link(2), "Filled", {.leaves = "0", .executed = "5"}))));
  EXPECT_TRUE(b.books.looked_up(kNowNs).empty());
  b.books.close_books();
  EXPECT_EQ(b.counts().executed, 4);
  EXPECT_EQ(b.counts().executed_quantity, 9);
  EXPECT_EQ(b.counts().filled, 1);
  EXPECT_EQ(b.ledger.open(), 1);
  EXPECT_EQ(b.counts().unexpected, 0);
  b.books.lost();
  EXPECT_TRUE(b.books.on_orders(
      b.page(Books::order(Books::link(2), "Filled", {.leaves = "0", .executed = "5"}))))
      << "it had ended before";
}

TEST(ClientJsonLedger, AQueryThatShowsNoChangeIsNoReplace) {
  Books b({enter(), amend(1, 2, 5)});
  b.open();
  b.reply(1);
  b.books.lost();
  (void)b.books.on_orders(b.page(Books::order(Books::link(1), "New")));
  EXPECT_TRUE(b.books.looked_up(kNowNs).empty());
  EXPECT_EQ(b.counts().replaced, 0);
  EXPECT_EQ(b.counts().overtaken, 1);
}

// What the venue has done about them nobody says.
TEST(ClientJsonLedger, AmendsMayBeOvertaken) {
  Books b({enter(), amend(1, 2, 6), amend(2, 3, 7), amend(3, 4, 8)});
  b.open();
  b.reply(1);
  b.books.lost();
  (void)b.books.on_orders(
      b.page(Books::order(Books::link(1), "New", {.quantity = "8", .leaves = "8"})));
  EXPECT_EQ(b.books.looked_up(kNowNs), std::vector<std::size_t>{2}) << "may not have arrived";
  EXPECT_EQ(b.counts().replaced, 1);
  EXPECT_EQ(b.counts().overtaken, 1);
  EXPECT_EQ(b.counts().looked_up, 1);
  b.told(1, "New", {.quantity = "6", .leaves = "6"});
  EXPECT_EQ(b.counts().replaced, 1) << "old news, on another connection than the query's";
  EXPECT_EQ(b.counts().unexpected, 0);
}

TEST(ClientJsonLedger, AnAmendThatIsRefusedOnceItWasSentAgainMayHaveArrivedBefore) {
  Books b({enter(), amend(1, 2, 6)});
  b.open();
  b.books.lost();
  (void)b.books.on_orders(b.page(Books::order(Books::link(1), "New")));
  EXPECT_EQ(b.books.looked_up(kNowNs), std::vector<std::size_t>{1});
  b.books.sent_again(1);
  b.reply(1, 10'016, "venue_down");
  b.told(1, "New", {.quantity = "6", .leaves = "6"});
  EXPECT_EQ(b.counts().replaced, 1);
  EXPECT_EQ(b.counts().unexpected, 0);
}

TEST(ClientJsonLedger, AnOrderThatTheGateHasForgottenIsUnexpected) {
  Books b({enter()});
  b.open();
  b.books.lost();
  EXPECT_TRUE(b.books.looked_up(kNowNs).empty());
  EXPECT_EQ(b.counts().unexpected, 1);
}

TEST(ClientJsonLedger, ATradeThatIsTakenBackIsBroken) {
  Books b({enter()});
  b.open();
  b.executed(1, "e1", "5");
  b.told(1, "Filled", {.leaves = "0", .executed = "5"});
  for (int twice = 0; twice < 2; ++twice)
    b.push(Books::execution(Books::link(1), "e1", "5", "BrokenTrade"));
  EXPECT_EQ(b.counts().broken, 1);
  EXPECT_EQ(b.counts().executed, 1);
}

TEST(ClientJsonLedger, WhatIsListedAtTheEndIsCountedApart) {
  Books b({enter()});
  JsonLedger::Listed listed;
  b.books.add(b.page(Books::order(Books::link(1), "PartiallyFilled") + "," +
                     Books::order(Books::link(2), "Filled") + "," + Books::order("other", "New")),
              listed);
  b.books.add(b.page(Books::execution(Books::link(1), "e1", "2") + "," +
                     Books::execution("other", "e2", "3") + "," +
                     Books::execution(Books::link(3), "e3", "4")),
              listed);
  EXPECT_EQ(listed.open, 1);
  EXPECT_EQ(listed.executions, 2);
  EXPECT_EQ(listed.executed_quantity, 6);
  EXPECT_EQ(b.counts().executed, 0);
}

}  // namespace
}  // namespace portcullis::gateway::client::client_json_ledger_test
