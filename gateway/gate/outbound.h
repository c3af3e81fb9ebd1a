// Small parts of the messages we write.
#pragma once

#include <cstdint>

#include "gateway/gate/gate.h"

namespace portcullis::gateway::gate {

// OUCH times count from 00:00 UTC of the day.
inline std::uint64_t since_midnight(risk::Timestamp time) {
  constexpr std::int64_t kDayNs = 86'400 * risk::kSecondNs;
  return static_cast<std::uint64_t>(time.ns % kDayNs);
}

inline risk::ClientText blank_text() {
  risk::ClientText text;
  text.fill(' ');
  return text;
}

template <ouch::Message M>
void Gate::owe(risk::SessionIndex session, const M& message) noexcept {
  if (!session.exists()) return;
  std::array<std::byte, ouch::kMaxMessageSize> buffer;
  const std::size_t length = ouch::encode(message, buffer);
  owe_bytes(session, std::span(buffer).first(length));
}

}  // namespace portcullis::gateway::gate
