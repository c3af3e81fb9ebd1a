// Connections in memory, for a shard on one thread with a clock that is set by hand: bytes lie on
// their way until the test lets them arrive, split wherever it likes, and either end may be gone.
//
// The process behind it can be stopped at any moment (is_dead): it then runs on without an effect
// on anybody, as if it did not, until whoever stopped it takes it away.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "gateway/shard/transport.h"

namespace portcullis::test {

// Bytes one way, in order.
class Line {
 public:
  // Bytes that may be under way or not read yet: what two kernels hold.
  explicit Line(std::size_t capacity) : capacity_(capacity) {}

  std::size_t write(std::span<const std::byte> from);
  // No more is written, and of what is under way only the first `kept` bytes arrive.
  void end(std::size_t kept);
  // So many bytes more have arrived; the end has when all before it have.
  void arrive(std::size_t n) { arrived_ = std::min(bytes_.size(), arrived_ + n); }
  void arrive_all() { arrived_ = bytes_.size(); }

  [[nodiscard]] std::size_t under_way() const { return bytes_.size() - arrived_; }
  [[nodiscard]] bool is_empty() const { return bytes_.empty(); }
  [[nodiscard]] bool is_readable() const { return arrived_ > 0 || (is_ended_ && bytes_.empty()); }
  // 0: nothing has arrived. Negative: the end.
  std::ptrdiff_t read(std::span<std::byte> into);

 private:
  std::size_t capacity_;
  std::deque<std::byte> bytes_;
  std::size_t arrived_ = 0;
  bool is_ended_ = false;
};

// A connection of somebody with the gate.
struct Wire {
  explicit Wire(std::size_t capacity = 65'536) : to_gate(capacity), from_gate(capacity) {}
  const std::uint64_t id = next_id++;  // no other has it
  Line to_gate;
  Line from_gate;
  bool is_open_here = true;   // at the gate
  bool is_open_there = true;  // at the other end
  std::uint64_t address = 0;  // from where, as Transport::Accepted has it
  inline static std::uint64_t next_id = 0;
};

class MemoryTransport final : public gateway::shard::Transport {
 public:
  explicit MemoryTransport(std::uint32_t connections_max) : wires_(connections_max + 1) {}

  // --- for the test
  // Somebody connects.
  void connect(const std::shared_ptr<Wire>& wire) { backlog_.push_back(wire); }
  // Every connection has ended with the process; of what it had sent, this many bytes may arrive.
  void kill(const std::function<std::size_t(const Wire&)>& kept);

  // Those that the process has; some are null.
  [[nodiscard]] const std::vector<std::shared_ptr<Wire>>& wires() const { return wires_; }

  std::int64_t clock_ns = 0;
  std::int64_t read_takes_ns = 0;  // by how much each look at the clock moves it
  // A connection to the venue's port, or none: nobody listens.
  std::function<std::shared_ptr<Wire>()> reach_venue;
  bool connect_is_pending = false;
  int connects = 0;  // begun to the venue
  bool accept_fails = false;
  std::function<bool()> is_dead = [] { return false; };
  // After bytes have left, and after bytes were read.
  std::function<void(std::uint32_t, const Wire&, std::span<const std::byte>)> on_write;
  std::function<void(std::uint32_t, const Wire&, std::span<const std::byte>)> on_read;
  std::uint64_t writes = 0;  // of the process, while it lives

  // --- for the shard
  [[nodiscard]] std::int64_t now_ns() noexcept override { return clock_ns += read_takes_ns; }
  bool poll() override { return false; }
  Accepted accept() override;
  void stop_accepting() override { is_accepting_ = false; }
  bool connect_venue() override;
  Connect venue_outcome() override;
  void give_up_venue() override { is_given_up_ = true; }
  [[nodiscard]] bool readable(std::uint32_t connection) const override;
  std::ptrdiff_t read(std::uint32_t connection, std::span<std::byte> into) override;
  std::ptrdiff_t write(std::uint32_t connection, std::span<const std::byte> from) override;
  void close(std::uint32_t connection) override;

 private:
  std::vector<std::shared_ptr<Wire>> wires_;  // by connection
  std::deque<std::shared_ptr<Wire>> backlog_;
  bool is_accepting_ = true;
  bool is_given_up_ = false;
};

}  // namespace portcullis::test
