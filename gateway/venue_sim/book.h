#pragma once
// The limit order book of one symbol: price-time priority and nothing else. It knows neither OUCH
// nor sessions; who may trade with whom and what is reported is the matching engine's business.

#include <cstdint>
#include <map>

namespace portcullis::gateway::venue_sim {

struct PriceLevel;

// What the book keeps of a resting order. The engine's order derives from it and owns the memory;
// the order must not move while it rests.
struct BookOrder {
  bool is_buy = true;
  std::uint64_t price = 0;   // 4 implied decimals, as on the wire
  std::uint32_t leaves = 0;  // still open; the owner may change it while the order rests, down only
  PriceLevel* level = nullptr;  // null when the order does not rest
  BookOrder* previous = nullptr;
  BookOrder* next = nullptr;
};

// The orders at one price, oldest first.
struct PriceLevel {
  BookOrder* first = nullptr;
  BookOrder* last = nullptr;
};

class Book {
 public:
  // Puts the order behind all others at its price. REQUIRES: it does not rest in any book.
  void add(BookOrder& order);

  // Takes a resting order out.
  void remove(BookOrder& order);

  // The order that trades first on that side; null when the side is empty.
  BookOrder* best(bool buy_side) const;

  // The order that trades after this resting one on its side; null when there is none.
  BookOrder* after(const BookOrder& order) const;

 private:
  // The key sorts both sides best first: the price of a sell, the complement of a buy's.
  using Levels = std::map<std::uint64_t, PriceLevel>;

  static std::uint64_t key(const BookOrder& order) {
    return order.is_buy ? ~order.price : order.price;
  }
  Levels& side(bool buy) { return buy ? buys_ : sells_; }
  const Levels& side(bool buy) const { return buy ? buys_ : sells_; }

  Levels buys_;
  Levels sells_;
};

// True when an order with this limit may trade against the resting order.
inline bool crosses(const BookOrder& order, const BookOrder& resting) {
  return order.is_buy ? order.price >= resting.price : order.price <= resting.price;
}

}  // namespace portcullis::gateway::venue_sim
