// What holds for every payload that decodes, for both directions of OUCH.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <type_traits>
#include <variant>
#include <vector>

#include "gateway/ouch/messages.h"

namespace portcullis::gateway::ouch {

inline void require(bool condition) {
  if (!condition) std::abort();
}

// Decoded and encoded again, a payload gives the same bytes, but for what the codec says that it
// does not keep: unknown tags, the order of the tags, and an appendage length that need not be
// there.
template <class M>
void check_round_trip(std::span<const std::byte> payload, const M& message) {
  std::array<std::byte, kMaxMessageSize> buffer;
  const auto written = std::span(buffer).first(encode(message, buffer));

  M again;
  require(decode(written, again) == DecodeError::None);
  if constexpr (M::kAppendage == AppendageRule::Never) {
    require(again == message);
    require(std::ranges::equal(written, payload));
  } else {
    M kept = message;
    kept.appendage.has_unknown_tag = false;
    kept.appendage.first_unknown_tag = 0;
    require(again == kept);

    kept.appendage = {};
    std::array<std::byte, kMaxMessageSize> bare;
    std::size_t fixed_size = encode(kept, bare);
    if (M::kAppendage != AppendageRule::Optional) fixed_size -= 2;
    require(std::ranges::equal(written.first(fixed_size), payload.first(fixed_size)));

    if (message.appendage.has_unknown_tag) {
      require(written.size() < payload.size());
      return;
    }
    if (message.appendage.present == 0) return;
    require(written.size() == payload.size());
    std::vector<std::byte> left(written.begin(), written.end());
    std::vector<std::byte> right(payload.begin(), payload.end());
    std::ranges::sort(left);
    std::ranges::sort(right);
    require(left == right);
  }
}

template <class Variant>
int fuzz_decode(const std::uint8_t* data, std::size_t size) {
  const auto payload = std::as_bytes(std::span(data, size));
  Variant any;
  const DecodeError error = decode(payload, any);
  if (error != DecodeError::None) return 0;
  std::visit(
      [&]<class M>(const M& message) {
        M direct;
        require(decode(payload, direct) == DecodeError::None);
        require(direct == message);
        check_round_trip(payload, message);
      },
      any);
  return 0;
}

}  // namespace portcullis::gateway::ouch
