#include "tests/support/order_audit.h"

#include <algorithm>
#include <type_traits>
#include <variant>

#include "gateway/ouch/messages.h"
#include "tests/support/venue_driver.h"

namespace portcullis::test {

using namespace gateway;

void OrderAudit::enter(std::uint32_t number) {
  numbers_[number] = {};
  unanswered_.insert(number);
}

void OrderAudit::replace(std::uint32_t original, std::uint32_t number) {
  numbers_[number] = {.original = original};
}

void OrderAudit::forget_from(std::uint32_t next_number) {
  for (auto it = numbers_.lower_bound(next_number); it != numbers_.end(); it = numbers_.erase(it)) {
    unanswered_.erase(it->first);
    if (it->second.state == State::Sent) continue;
    problems_.push_back("number " + std::to_string(it->first) +
                        " had an outcome and is to be sent again");
  }
}

void OrderAudit::take(std::span<const std::byte> payload) {
  ouch::OutboundMessage decoded;
  if (decode(payload, decoded) != ouch::DecodeError::None) return problem("undecodable", payload);
  const auto take_one = [&](const auto& m) {
    using M = std::remove_cvref_t<decltype(m)>;
    if constexpr (std::is_same_v<M, ouch::Accepted>) {
      ++counts_.accepted;
      const Number* number = find(m.user_ref_num, State::Sent, payload);
      if (number == nullptr) return;
      if (number->original != 0) problem("a replace was accepted as an order", payload);
      accept(m.user_ref_num, m.quantity, m.order_state == ouch::OrderState::Dead);
    } else if constexpr (std::is_same_v<M, ouch::Replaced>) {
      ++counts_.replaced;
      const Number* original = find(m.orig_user_ref_num, State::Live, payload);
      const Number* number = find(m.user_ref_num, State::Sent, payload);
      if (original == nullptr || number == nullptr) return;
      if (number->original == 0) problem("an order was answered as a replace", payload);
      end(m.orig_user_ref_num);
      accept(m.user_ref_num, m.quantity, m.order_state == ouch::OrderState::Dead);
    } else if constexpr (std::is_same_v<M, ouch::Rejected>) {
      ++counts_.rejected;
      if (find(m.user_ref_num, State::Sent, payload) != nullptr) end(m.user_ref_num);
    } else if constexpr (std::is_same_v<M, ouch::Executed>) {
      ++counts_.executed;
      reduce(m.user_ref_num, m.quantity, payload);
    } else if constexpr (std::is_same_v<M, ouch::Canceled> ||
                         std::is_same_v<M, ouch::AiqCanceled>) {
      ++counts_.canceled;
      reduce(m.user_ref_num, m.decrement, payload);
    }
  };
  std::visit(take_one, decoded);
}

OrderAudit::Number* OrderAudit::find(std::uint32_t number, State expected,
                                     std::span<const std::byte> payload) {
  const auto found = numbers_.find(number);
  if (found == numbers_.end()) {
    problem("a number that was never sent", payload);
    return nullptr;
  }
  if (found->second.state != expected) {
    problem(found->second.state == State::Ended  ? "an order that has ended"
            : found->second.state == State::Live ? "an order that was answered already"
                                                 : "an order that was not accepted",
            payload);
    return nullptr;
  }
  return &found->second;
}

void OrderAudit::accept(std::uint32_t number, std::uint32_t quantity, bool is_dead) {
  Number& order = numbers_.at(number);
  order.leaves = quantity;
  order.state = State::Live;
  unanswered_.erase(number);
  live_.insert(number);
  if (is_dead) end(number);
}

void OrderAudit::reduce(std::uint32_t number, std::uint32_t quantity,
                        std::span<const std::byte> payload) {
  Number* order = find(number, State::Live, payload);
  if (order == nullptr) return;
  if (quantity > order->leaves) problem("more than was left", payload);
  order->leaves -= std::min(order->leaves, quantity);
  if (order->leaves == 0) end(number);
}

void OrderAudit::end(std::uint32_t number) {
  numbers_.at(number).state = State::Ended;
  unanswered_.erase(number);
  live_.erase(number);
}

void OrderAudit::problem(std::string_view what, std::span<const std::byte> payload) {
  ouch::OutboundMessage message;
  const bool good = decode(payload, message) == ouch::DecodeError::None;
  problems_.push_back((good ? venue_sim::line_of(message) : "?") + ": " + std::string(what));
}

}  // namespace portcullis::test
