#include "tests/support/memory_transport.h"

#include <utility>

namespace portcullis::test {

std::size_t Line::write(std::span<const std::byte> from) {
  if (is_ended_) return 0;
  const std::size_t n = std::min(from.size(), capacity_ - bytes_.size());
  bytes_.insert(bytes_.end(), from.begin(), from.begin() + static_cast<std::ptrdiff_t>(n));
  return n;
}

void Line::end(std::size_t kept) {
  if (is_ended_) return;
  bytes_.resize(std::min(bytes_.size(), arrived_ + kept));
  is_ended_ = true;
}

std::ptrdiff_t Line::read(std::span<std::byte> into) {
  const std::size_t n = std::min(arrived_, into.size());
  if (n == 0) return is_ended_ && bytes_.empty() ? -1 : 0;
  const auto end = bytes_.begin() + static_cast<std::ptrdiff_t>(n);
  std::copy(bytes_.begin(), end, into.begin());
  bytes_.erase(bytes_.begin(), end);
  arrived_ -= n;
  return static_cast<std::ptrdiff_t>(n);
}

void MemoryTransport::kill(const std::function<std::size_t(const Wire&)>& kept) {
  for (std::shared_ptr<Wire>& wire : wires_) {
    if (wire == nullptr) continue;
    wire->is_open_here = false;
    wire->from_gate.end(kept(*wire));
    wire.reset();
  }
  for (const std::shared_ptr<Wire>& wire : backlog_) {
    wire->is_open_here = false;
    wire->from_gate.end(0);
  }
  backlog_.clear();
}

gateway::shard::Transport::Accepted MemoryTransport::accept() {
  if (backlog_.empty() || !is_accepting_ || is_dead()) return {};
  if (accept_fails) return {.outcome = Accept::Failed};
  const std::shared_ptr<Wire> wire = backlog_.front();
  backlog_.pop_front();
  for (std::uint32_t c = kVenue + 1; c < wires_.size(); ++c) {
    if (wires_[c] != nullptr) continue;
    wires_[c] = wire;
    return {.outcome = Accept::Connected, .connection = c, .address = wire->address};
  }
  wire->is_open_here = false;
  wire->from_gate.end(0);
  return {.outcome = Accept::Refused, .connection = 0, .address = 0};
}

bool MemoryTransport::connect_venue() {
  if (wires_[kVenue] != nullptr || is_dead()) return false;
  ++connects;
  return true;
}

gateway::shard::Transport::Connect MemoryTransport::venue_outcome() {
  if (std::exchange(is_given_up_, false)) return Connect::Failed;
  if (connect_is_pending || is_dead()) return Connect::Pending;
  wires_[kVenue] = reach_venue ? reach_venue() : nullptr;
  return wires_[kVenue] != nullptr ? Connect::Connected : Connect::Failed;
}

bool MemoryTransport::readable(std::uint32_t connection) const {
  return !is_dead() && wires_[connection]->to_gate.is_readable();
}

std::ptrdiff_t MemoryTransport::read(std::uint32_t connection, std::span<std::byte> into) {
  if (is_dead() || into.empty()) return 0;
  Wire& wire = *wires_[connection];
  const std::ptrdiff_t n = wire.to_gate.read(into);
  if (n > 0 && on_read) on_read(connection, wire, into.first(static_cast<std::size_t>(n)));
  return n;
}

// Bytes to somebody who is gone vanish, until the end is read.
std::ptrdiff_t MemoryTransport::write(std::uint32_t connection, std::span<const std::byte> from) {
  if (is_dead()) return static_cast<std::ptrdiff_t>(from.size());
  Wire& wire = *wires_[connection];
  const std::size_t n = wire.is_open_there ? wire.from_gate.write(from) : from.size();
  if (n > 0) {
    ++writes;
    if (on_write) on_write(connection, wire, from.first(n));
  }
  return static_cast<std::ptrdiff_t>(n);
}

void MemoryTransport::close(std::uint32_t connection) {
  if (is_dead()) return;
  Wire& wire = *wires_[connection];
  wire.is_open_here = false;
  wire.from_gate.end(wire.from_gate.under_way());
  wires_[connection].reset();
}

}  // namespace portcullis::test
