#include "gateway/venue_sim/book.h"

namespace portcullis::gateway::venue_sim {

void Book::add(BookOrder& order) {
  PriceLevel& level = side(order.is_buy)[key(order)];
  order.level = &level;
  order.previous = level.last;
  order.next = nullptr;
  (level.last != nullptr ? level.last->next : level.first) = &order;
  level.last = &order;
}

void Book::remove(BookOrder& order) {
  PriceLevel& level = *order.level;
  (order.previous != nullptr ? order.previous->next : level.first) = order.next;
  (order.next != nullptr ? order.next->previous : level.last) = order.previous;
  order.level = nullptr;
  order.previous = order.next = nullptr;
  if (level.first == nullptr) side(order.is_buy).erase(key(order));
}

BookOrder* Book::best(bool buy_side) const {
  const Levels& levels = side(buy_side);
  return levels.empty() ? nullptr : levels.begin()->second.first;
}

BookOrder* Book::after(const BookOrder& order) const {
  if (order.next != nullptr) return order.next;
  const Levels& levels = side(order.is_buy);
  const auto worse = levels.upper_bound(key(order));
  return worse == levels.end() ? nullptr : worse->second.first;
}

}  // namespace portcullis::gateway::venue_sim
