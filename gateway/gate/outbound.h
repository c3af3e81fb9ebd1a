// What the files of the gate share: taking a record, and the messages it causes.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

#include "gateway/gate/gate.h"

namespace portcullis::gateway::gate {

// OUCH times count from 00:00 UTC of the day.
inline std::uint64_t since_midnight(risk::Timestamp time) {
  return static_cast<std::uint64_t>(time.ns % risk::kDayNs);
}

inline risk::ClientText blank_text() {
  risk::ClientText text;
  text.fill(' ');
  return text;
}

inline std::span<const std::byte> bytes_of(const VenueMessageRecord& record) {
  return std::as_bytes(std::span(&record, 1))
      .first(VenueMessageRecord::kHeaderSize + record.length);
}
template <class Record>
std::span<const std::byte> bytes_of(const Record& record) {
  return journal::command_bytes(record);
}

// The record is published before any byte that it causes leaves.
template <class Record>
void Gate::take(RecordType type, risk::Timestamp time, const Record& record) noexcept {
  journal_->begin(static_cast<std::uint16_t>(type), time.ns, bytes_of(record));
  effect(record);
  publish();
}

// A message for the venue, kept until the record is published.
template <ouch::Message M>
void Gate::stage(const M& message) noexcept {
  if (mode_ != Mode::Live) return;
  PORTCULLIS_ASSERT(staged_bytes_ + sizeof(std::uint16_t) + ouch::kMaxMessageSize <=
                    staged_.size());
  std::byte* at = staged_.data() + staged_bytes_;
  const auto length = static_cast<std::uint16_t>(
      ouch::encode(message, std::span(at + sizeof(std::uint16_t), ouch::kMaxMessageSize)));
  std::memcpy(at, &length, sizeof length);
  staged_bytes_ += sizeof length + length;
}

// A message owed to a client's stream, part of the record that causes it.
template <ouch::Message M>
void Gate::owe(risk::SessionIndex session, const M& message) noexcept {
  if (!session.exists()) return;
  std::array<std::byte, ouch::kMaxMessageSize> buffer;
  const std::size_t length = ouch::encode(message, buffer);
  owe_bytes(session, std::span(buffer).first(length));
}

}  // namespace portcullis::gateway::gate
