// What the venue's word proves (ORDERLIFE 2), read off a message without its order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <variant>

#include "gateway/ouch/messages.h"

namespace portcullis::gateway::gate {

// Orders are refused when a million numbers are left, and reconnects take one each: a number beyond
// this is none of ours.
inline constexpr std::uint32_t kNumberMax = std::numeric_limits<std::uint32_t>::max() - 500'000;

// The message can be one about a number of ours.
template <ouch::Message M>
bool is_plausible(const M& message) {
  if constexpr (requires { message.next_user_ref_num; }) {
    return message.next_user_ref_num <= kNumberMax;
  } else if constexpr (requires { message.user_ref_num; }) {
    return message.user_ref_num <= kNumberMax;
  } else {
    return true;
  }
}

// Every number of ours below the result is shown to have been processed by this message.
inline std::uint32_t proved_by(const ouch::OutboundMessage& any) {
  return std::visit(
      [](const auto& message) -> std::uint32_t {
        using M = std::remove_cvref_t<decltype(message)>;
        if (!is_plausible(message) || std::is_same_v<M, ouch::BrokenTrade>) return 0;
        if constexpr (requires { message.next_user_ref_num; }) {
          return message.next_user_ref_num;
        } else if constexpr (requires { message.user_ref_num; }) {
          return message.user_ref_num;
        } else {
          return 0;
        }
      },
      any);
}
inline std::uint32_t proved_by(std::span<const std::byte> payload) {
  ouch::OutboundMessage any;
  return ouch::decode(payload, any) == ouch::DecodeError::None ? proved_by(any) : 0;
}

}  // namespace portcullis::gateway::gate
