#include "tests/support/order_audit.h"

#include <algorithm>
#include <type_traits>
#include <variant>

#include "gateway/ouch/messages.h"
#include "tests/support/venue_driver.h"

namespace portcullis::test {

using namespace gateway;

void OrderAudit::enter(std::uint32_t number) { numbers_[number] = {}; }

void OrderAudit::replace(std::uint32_t original, std::uint32_t number) {
  numbers_[number] = {.original = original};
}

void OrderAudit::forget_from(std::uint32_t next_number) {
  for (auto it = numbers_.lower_bound(next_number); it != numbers_.end(); it = numbers_.erase(it)) {
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
      Number* number = find(m.user_ref_num, State::Sent, payload);
      if (number == nullptr) return;
      if (number->original != 0) problem("a replace was accepted as an order", payload);
      number->leaves = m.quantity;
      number->state = m.order_state == ouch::OrderState::Dead ? State::Ended : State::Live;
    } else if constexpr (std::is_same_v<M, ouch::Replaced>) {
      ++counts_.replaced;
      Number* original = find(m.orig_user_ref_num, State::Live, payload);
      Number* number = find(m.user_ref_num, State::Sent, payload);
      if (original == nullptr || number == nullptr) return;
      if (number->original == 0) problem("an order was answered as a replace", payload);
      original->state = State::Ended;
      number->leaves = m.quantity;
      number->state = m.order_state == ouch::OrderState::Dead ? State::Ended : State::Live;
    } else if constexpr (std::is_same_v<M, ouch::Rejected>) {
      ++counts_.rejected;
      if (Number* number = find(m.user_ref_num, State::Sent, payload)) number->state = State::Ended;
    } else if constexpr (std::is_same_v<M, ouch::Executed>) {
      ++counts_.executed;
      if (Number* number = find(m.user_ref_num, State::Live, payload)) {
        reduce(*number, m.quantity, payload);
      }
    } else if constexpr (std::is_same_v<M, ouch::Canceled> ||
                         std::is_same_v<M, ouch::AiqCanceled>) {
      ++counts_.canceled;
      if (Number* number = find(m.user_ref_num, State::Live, payload)) {
        reduce(*number, m.decrement, payload);
      }
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

void OrderAudit::reduce(Number& number, std::uint32_t quantity,
                        std::span<const std::byte> payload) {
  if (quantity > number.leaves) problem("more than was left", payload);
  number.leaves -= std::min(number.leaves, quantity);
  if (number.leaves == 0) number.state = State::Ended;
}

void OrderAudit::problem(std::string_view what, std::span<const std::byte> payload) {
  ouch::OutboundMessage message;
  const bool good = decode(payload, message) == ouch::DecodeError::None;
  problems_.push_back((good ? venue_sim::line_of(message) : "?") + ": " + std::string(what));
}

std::size_t OrderAudit::entered() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(numbers_, [](const auto& n) { return n.second.original == 0; }));
}

std::size_t OrderAudit::unanswered() const {
  return static_cast<std::size_t>(std::ranges::count_if(numbers_, [](const auto& n) {
    return n.second.original == 0 && n.second.state == State::Sent;
  }));
}

std::size_t OrderAudit::live() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(numbers_, [](const auto& n) { return n.second.state == State::Live; }));
}

std::vector<std::uint32_t> OrderAudit::live_numbers() const {
  std::vector<std::uint32_t> live;
  for (const auto& [number, what] : numbers_) {
    if (what.state == State::Live) live.push_back(number);
  }
  return live;
}

}  // namespace portcullis::test
