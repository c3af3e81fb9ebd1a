// The generated orders: the same for a seed, sound, and with the statistics that they claim.
#include "gateway/client/order_flow.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <stdexcept>

#include "gateway/client/order_statistics.h"
#include "tests/support/client_plan.h"

namespace portcullis::gateway::client::client_order_flow_test {
namespace {

using test::example_market;
using test::tally;

constexpr FlowSettings kSettings{.seed = 1, .messages = 60'000, .rate_per_s = 4'000};

const Plan& flow() {
  static const Plan plan = generate_orders(example_market(), kSettings);
  return plan;
}

std::size_t count(Kind kind) {
  return static_cast<std::size_t>(
      std::count_if(flow().messages.begin(), flow().messages.end(),
                    [kind](const Message& message) { return message.kind == kind; }));
}

double ratio(std::size_t part, std::size_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

// Whose order it is; null: of a firm that the session may not name, or of no account.
const Trader* trader_of(const Message& message) {
  for (const Trader& trader : example_market().traders) {
    const bool is_meant =
        message.firm == kNone16 ? trader.is_default : flow().firms[message.firm] == trader.firm;
    if (trader.session == message.session && is_meant) return &trader;
  }
  return nullptr;
}

const Book* book_of(const Message& message) {
  const Trader* const trader = trader_of(message);
  if (trader == nullptr || message.symbol == kNone16) return nullptr;
  for (const Book& book : trader->books) {
    if (book.alias->symbol == flow().symbols[message.symbol]) return &book;
  }
  return nullptr;
}

bool is_marketable(const Message& message) {
  return message.time_in_force == ouch::TimeInForce::ImmediateOrCancel;
}

TEST(OrderFlow, IsTheSameForASeedAndAnotherForAnother) {
  const FlowSettings few{.seed = 7, .messages = 5'000, .rate_per_s = 1'000};
  const auto bytes = [](const Plan& plan) {
    test::Bytes all;
    for (const Message& message : plan.messages) {
      const test::Bytes payload = test::payload(plan, message);
      all.insert(all.end(), payload.begin(), payload.end());
    }
    return all;
  };
  const auto times = [](const Plan& plan) {
    std::vector<std::int64_t> all;
    for (const Message& message : plan.messages) all.push_back(message.due_ns);
    for (const Mark& mark : plan.marks) {
      all.insert(all.end(), {mark.time_ns, mark.price, mark.symbol});
    }
    return all;
  };
  const Plan one = generate_orders(example_market(), few);
  const Plan same = generate_orders(example_market(), few);
  EXPECT_EQ(bytes(one), bytes(same));
  EXPECT_EQ(times(one), times(same));
  FlowSettings another = few;
  another.seed = 8;
  const Plan other = generate_orders(example_market(), another);
  EXPECT_NE(bytes(one), bytes(other));
  EXPECT_NE(times(one), times(other));
}

TEST(OrderFlow, IsSoundAndHasTheMessagesAndTheRateAskedFor) {
  const Plan& plan = flow();
  test::expect_sound(plan);
  ASSERT_EQ(plan.messages.size(), kSettings.messages);
  EXPECT_EQ(plan.messages.front().due_ns / kLeadInNs, 1) << "after the lead-in";
  EXPECT_NEAR(static_cast<double>(plan.messages.back().due_ns - kLeadInNs) * 1e-9,
              static_cast<double>(kSettings.messages) / kSettings.rate_per_s, 0.001);
  std::uint64_t sum = 0;
  for (std::uint8_t k = 0; k < kKindCount; ++k) {
    EXPECT_EQ(tally(plan, name(Kind{k})), count(Kind{k})) << name(Kind{k});
    EXPECT_GT(count(Kind{k}), 0) << name(Kind{k});
    sum += count(Kind{k});
  }
  EXPECT_EQ(sum, kSettings.messages);
}

TEST(OrderFlow, AnyNumberOfMessagesWorks) {
  for (const std::uint64_t messages : {1U, 2U, 10U, 100U, 1'000U}) {
    const Plan plan =
        generate_orders(example_market(), {.seed = 3, .messages = messages, .rate_per_s = 100});
    test::expect_sound(plan);
    EXPECT_EQ(plan.messages.size(), messages);
  }
}

TEST(OrderFlow, SettingsThatCannotWorkAreRefused) {
  EXPECT_THROW((void)generate_orders(example_market(), {.messages = 0, .rate_per_s = 1}),
               std::invalid_argument);
  for (const double rate : {0.0, -1.0, std::nan("")}) {
    EXPECT_THROW((void)generate_orders(example_market(), {.messages = 1, .rate_per_s = rate}),
                 std::invalid_argument);
  }
}

// A cancel or a replace is of an order of its session that was entered and not yet ended by its
// owner, or of a number far beyond: then it is meant to be wrong.
TEST(OrderFlow, NothingIsCancelledOrReplacedThatWasNotEntered) {
  std::vector<std::set<std::uint32_t>> live(flow().numbers.size());
  std::size_t of_nothing = 0;
  std::size_t of_orders = 0;
  for (const Message& message : flow().messages) {
    std::set<std::uint32_t>& orders = live[message.session];
    if (message.kind == Kind::Enter) orders.insert(message.number);
    if (message.kind != Kind::Cancel && message.kind != Kind::Replace) continue;
    const std::uint32_t order = message.kind == Kind::Cancel ? message.number : message.original;
    if (order >= 1'000'000) {
      EXPECT_GT(order, flow().numbers[message.session]);
      ++of_nothing;
      continue;
    }
    ++of_orders;
    ASSERT_TRUE(orders.contains(order)) << test::line(flow(), message);
    if (message.kind == Kind::Replace) orders.insert(message.number);
    if (message.kind == Kind::Replace || message.quantity == 0) orders.erase(order);
  }
  EXPECT_GT(of_orders, 20'000);
  EXPECT_GT(of_nothing, 0);
  // Two of the kinds of wrong.
  EXPECT_NEAR(ratio(of_nothing, count(Kind::Enter)), kWrongShare * 2 / kWrongCount, 0.001);
}

TEST(OrderFlow, APartOfThatIsCancelledIsATotalBelowTheOrder) {
  std::map<std::pair<std::uint16_t, std::uint32_t>, std::uint32_t> quantities;
  std::size_t partial = 0;
  for (const Message& message : flow().messages) {
    if (message.kind == Kind::Enter || message.kind == Kind::Replace) {
      quantities[{message.session, message.number}] = message.quantity;
    }
    if (message.kind != Kind::Cancel || message.quantity == 0) continue;
    ++partial;
    EXPECT_LT(message.quantity, quantities.at({message.session, message.number}));
  }
  EXPECT_GT(partial, 0);
}

TEST(OrderFlow, EntriesAreMarketableAndWrongAsOftenAsSaid) {
  std::size_t marketable = 0;
  std::size_t unknown_symbol = 0;
  for (const Message& message : flow().messages) {
    if (message.kind != Kind::Enter) continue;
    if (is_marketable(message)) ++marketable;
    const bool known = std::any_of(
        example_market().traders.begin(), example_market().traders.end(),
        [&](const Trader& trader) {
          return std::any_of(trader.books.begin(), trader.books.end(), [&](const Book& book) {
            return book.alias->symbol == flow().symbols[message.symbol];
          });
        });
    if (!known) ++unknown_symbol;
  }
  const std::size_t entries = count(Kind::Enter);
  // A fourteenth of the wrong ones has another time in force.
  EXPECT_NEAR(ratio(marketable, entries), kMarketableShare, 0.007);
  EXPECT_EQ(tally(flow(), "enter_marketable"), marketable);
  EXPECT_NEAR(ratio(unknown_symbol, entries), kWrongShare / kWrongCount, 0.0007);
  EXPECT_NEAR(ratio(count(Kind::Repeat), entries), kWrongShare / kWrongCount, 0.0007);
}

TEST(OrderFlow, HalfOfTheRestingOrdersAreForAHundredShares) {
  std::size_t resting = 0;
  std::size_t hundred = 0;
  for (const Message& message : flow().messages) {
    const Book* const book = message.kind == Kind::Enter ? book_of(message) : nullptr;
    if (book == nullptr || is_marketable(message)) continue;
    // Every fourth account has larger ones.
    const auto t = static_cast<std::size_t>(trader_of(message) - example_market().traders.data());
    const double factor = t % 4 == 1 ? kEagerFactor : 1;
    const double lots =
        std::max(1.0, std::round(static_cast<double>(book->clip) / kClipsPerHundred * factor));
    ++resting;
    if (message.quantity == lots * static_cast<double>(book->alias->quantity_per_lot)) ++hundred;
  }
  ASSERT_GT(resting, 20'000);
  const double expected = 14'002.0 / 27'845;
  EXPECT_GT(ratio(hundred, resting), expected - 0.015);
  // Where a hundred shares are few lots, others are rounded to as many.
  EXPECT_LT(ratio(hundred, resting), expected + 0.05);
}

TEST(OrderFlow, EntriesOfAnInstrumentComeInBursts) {
  std::map<std::uint32_t, std::vector<std::int64_t>> times;
  for (const Message& message : flow().messages) {
    const Book* const book = message.kind == Kind::Enter ? book_of(message) : nullptr;
    if (book != nullptr) times[book->instrument.value].push_back(message.due_ns);
  }
  ASSERT_EQ(times.size(), 4);
  for (const auto& [instrument, at] : times) {
    std::vector<double> gaps;
    for (std::size_t i = 1; i < at.size(); ++i) {
      gaps.push_back(static_cast<double>(at[i] - at[i - 1]));
    }
    std::sort(gaps.begin(), gaps.end());
    const double mean =
        static_cast<double>(at.back() - at.front()) / static_cast<double>(gaps.size());
    // 0.02 of the real book's gaps; 0.69 where arrivals are independent of each other.
    EXPECT_LT(gaps[gaps.size() / 2] / mean, 0.05) << instrument;
    EXPECT_GT(gaps[gaps.size() * 3 / 4] / mean, 0.4) << instrument;
  }
}

TEST(OrderFlow, RestingOrdersStayOnTheirSideOfThePriceAndNearIt) {
  std::vector<double> price(flow().feed_symbols.size());
  std::size_t mark = 0;
  std::size_t resting = 0;
  std::size_t away = 0;
  for (const Message& message : flow().messages) {
    for (; mark < flow().marks.size() && flow().marks[mark].time_ns <= message.due_ns; ++mark) {
      price[flow().marks[mark].symbol] = static_cast<double>(flow().marks[mark].price);
    }
    const Book* const book = message.kind == Kind::Enter ? book_of(message) : nullptr;
    if (book == nullptr || is_marketable(message)) continue;
    const double ticks = static_cast<double>(message.price) /
                         static_cast<double>(book->alias->price_per_tick) * book->tick;
    const double sign = message.side == ouch::Side::Buy ? 1 : -1;
    const double behind_ppm = (1 - ticks / price[book->feed_symbol]) * sign * 1e6;
    ++resting;
    const double tick_ppm = book->tick / price[book->feed_symbol] * 1e6;
    const double most_ppm = kSpreadPpm / 2 + kStepPpm * kStepMax + 2 * tick_ppm;
    if (behind_ppm <= 0 || behind_ppm > most_ppm) ++away;
  }
  // Those that are wrong in their price: too far, or none.
  EXPECT_LT(ratio(away, resting), 0.005);
  EXPECT_GT(away, 0);
}

TEST(OrderFlow, CancelsFollowOrdersAsInTheBook) {
  std::size_t entered = 0;
  for (const Message& message : flow().messages) {
    if (message.kind == Kind::Enter && !is_marketable(message)) ++entered;
  }
  // Of the ends that are decided, one in seven is a replace.
  const double replaced = ratio(count(Kind::Replace), entered);
  const double chains = kReplacedShare / (1 - kReplacedShare);
  EXPECT_NEAR(replaced, kCanceledShare * chains, 0.02);
  EXPECT_GT(ratio(count(Kind::Cancel), entered), kCanceledShare);
  EXPECT_LT(ratio(count(Kind::Cancel), entered), 1);
}

TEST(OrderFlow, EachSessionSendsTwoMalformedMessagesAndThreeQueries) {
  std::map<std::uint16_t, std::vector<Malformed>> malformed;
  std::map<std::uint16_t, int> queries;
  std::set<Malformed> kinds;
  for (const Message& message : flow().messages) {
    if (message.kind == Kind::Query) ++queries[message.session];
    if (message.kind != Kind::Malformed) continue;
    malformed[message.session].push_back(message.malformed);
    kinds.insert(message.malformed);
  }
  EXPECT_EQ(malformed.size(), flow().numbers.size());
  EXPECT_EQ(queries.size(), flow().numbers.size());
  for (const auto& [session, list] : malformed) EXPECT_EQ(list.size(), 2) << session;
  for (const auto& [session, number] : queries) EXPECT_EQ(number, 3) << session;
  EXPECT_EQ(kinds.size(), kMalformedCount);
}

TEST(OrderFlow, WhoIsDisabledIsEnabledAgain) {
  std::vector<const Message*> sent;
  for (const Message& message : flow().messages) {
    if (message.kind == Kind::Disable || message.kind == Kind::Enable) sent.push_back(&message);
  }
  ASSERT_EQ(sent.size(), 2);
  EXPECT_EQ(sent[0]->kind, Kind::Disable);
  EXPECT_EQ(sent[1]->kind, Kind::Enable);
  EXPECT_EQ(sent[0]->firm, sent[1]->firm);
  EXPECT_EQ(sent[0]->session, sent[1]->session);
  EXPECT_EQ(count(Kind::MassCancel), 2);
}

TEST(OrderFlow, PricesMoveWithTheVolatilityOfTheBookAndAreToldBeforeTheyAreStale) {
  std::map<std::uint32_t, std::vector<const Mark*>> marks;
  for (const Mark& mark : flow().marks) marks[mark.symbol].push_back(&mark);
  ASSERT_EQ(marks.size(), flow().feed_symbols.size());
  const std::int64_t end_ns = flow().messages.back().due_ns;
  for (const auto& [symbol, told] : marks) {
    EXPECT_EQ(told.front()->time_ns, 0) << symbol;
    EXPECT_EQ(told.front()->price, example_market().opening[symbol]) << symbol;
    std::int64_t longest_ns = end_ns - told.back()->time_ns;
    for (std::size_t i = 1; i < told.size(); ++i) {
      longest_ns = std::max(longest_ns, told[i]->time_ns - told[i - 1]->time_ns);
    }
    EXPECT_LT(longest_ns, 2 * kMarkSilenceNs + kLeadInNs) << symbol;
  }
  // Seconds of the book that the run is long: as many as its entries need.
  const double book_s = kEntryGapS * static_cast<double>(count(Kind::Enter)) / 4;
  const auto& told = marks.at(test::feed_symbol(flow(), "BTC-PERP"));
  double squares = 0;
  for (std::size_t i = 1; i < told.size(); ++i) {
    squares += std::pow(
        std::log(static_cast<double>(told[i]->price) / static_cast<double>(told[i - 1]->price)), 2);
  }
  EXPECT_NEAR(std::sqrt(squares / book_s) * 1e6, kVolatilityPpm, 0.1 * kVolatilityPpm);
}

}  // namespace
}  // namespace portcullis::gateway::client::client_order_flow_test
