// The book against a vector that is sorted by price and then by arrival.

#include "gateway/venue_sim/book.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <vector>

#include "tests/support/seed.h"

namespace portcullis::gateway::venue_sim::venue_book_test {
namespace {

struct NaiveOrder {
  BookOrder* order = nullptr;
  std::uint64_t arrival = 0;
};

std::vector<BookOrder*> sorted_side(std::vector<NaiveOrder> orders, bool buy) {
  std::erase_if(orders, [buy](const NaiveOrder& o) { return o.order->is_buy != buy; });
  std::sort(orders.begin(), orders.end(), [buy](const NaiveOrder& a, const NaiveOrder& b) {
    if (a.order->price != b.order->price) {
      return buy ? a.order->price > b.order->price : a.order->price < b.order->price;
    }
    return a.arrival < b.arrival;
  });
  std::vector<BookOrder*> result;
  for (const NaiveOrder& o : orders) result.push_back(o.order);
  return result;
}

std::vector<BookOrder*> walk(const Book& book, bool buy) {
  std::vector<BookOrder*> result;
  for (BookOrder* o = book.best(buy); o != nullptr; o = book.after(*o)) result.push_back(o);
  return result;
}

TEST(VenueBook, KeepsThePriorityOfASortedVector) {
  std::mt19937_64 random(test::seed());
  Book book;
  std::deque<BookOrder> memory;  // does not move its elements
  std::vector<NaiveOrder> naive;
  for (std::uint64_t step = 0; step < 20'000; ++step) {
    const bool add = naive.empty() || (naive.size() < 60 && random() % 2 == 0);
    if (add) {
      BookOrder& order = memory.emplace_back();
      order.is_buy = random() % 2 == 0;
      order.price = random() % 8 == 0 ? random() : 100 + random() % 10;
      order.leaves = 1;
      book.add(order);
      naive.push_back({&order, step});
    } else {
      const auto victim = naive.begin() + static_cast<std::ptrdiff_t>(random() % naive.size());
      book.remove(*victim->order);
      ASSERT_EQ(victim->order->level, nullptr);
      naive.erase(victim);
    }
    for (const bool buy : {true, false}) {
      ASSERT_EQ(walk(book, buy), sorted_side(naive, buy)) << "step " << step;
    }
  }
}

TEST(VenueBook, CrossesAtTheSamePriceAndBetter) {
  const BookOrder ask{.is_buy = false, .price = 100};
  const BookOrder bid{.is_buy = true, .price = 100};
  EXPECT_TRUE(crosses({.is_buy = true, .price = 100}, ask));
  EXPECT_TRUE(crosses({.is_buy = true, .price = 101}, ask));
  EXPECT_FALSE(crosses({.is_buy = true, .price = 99}, ask));
  EXPECT_TRUE(crosses({.is_buy = false, .price = 100}, bid));
  EXPECT_TRUE(crosses({.is_buy = false, .price = 99}, bid));
  EXPECT_FALSE(crosses({.is_buy = false, .price = 101}, bid));
}

}  // namespace
}  // namespace portcullis::gateway::venue_sim::venue_book_test
