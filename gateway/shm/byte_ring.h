// A ring of bytes in shared memory, one writer and one reader, each in a process of its own, neither of
// which believes the other (LINK.md has the layout). Nothing allocates or locks; a system call is
// made only to wake who sleeps.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace portcullis::gateway::shm {

// In the memory itself.
struct RingBlock {
  alignas(64) std::atomic<std::uint64_t> written{0};
  alignas(64) std::atomic<std::uint64_t> read{0};
  alignas(64) std::atomic<std::uint32_t> reader_sleeps{0};
  alignas(64) std::atomic<std::uint32_t> writer_waits{0};
};
static_assert(sizeof(RingBlock) == 256 && std::atomic<std::uint64_t>::is_always_lock_free &&
              std::atomic<std::uint32_t>::is_always_lock_free);

inline constexpr std::uint32_t kRingBytesMin = 4'096;
inline constexpr std::uint32_t kRingBytesMax = 1u << 30;
constexpr bool is_ring_size(std::uint64_t bytes) {
  return bytes >= kRingBytesMin && bytes <= kRingBytesMax && (bytes & (bytes - 1)) == 0;
}

// Whether the one who waits has to be woken, whose flag it is: after what it waits for was made visible.
inline bool takes_wake(std::atomic<std::uint32_t>& flag) noexcept {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (flag.load(std::memory_order_relaxed) == 0) return false;
  flag.store(0, std::memory_order_relaxed);
  return true;
}

class RingWriter {
 public:
  RingWriter() = default;
  // `bytes` is the ring, of a good size.
  RingWriter(RingBlock& block, std::span<std::byte> bytes) : block_(&block), bytes_(bytes) {}

  // How many of `from` fitted in, from its front; negative: the other side's count cannot be.
  std::ptrdiff_t write(std::span<const std::byte> from) noexcept {
    const std::uint64_t read = block_->read.load(std::memory_order_acquire);
    if (read < read_ || read > written_) return -1;
    read_ = read;
    const std::size_t count =
        std::min<std::size_t>(from.size(), bytes_.size() - (written_ - read_));
    if (count == 0) return 0;
    const std::size_t at = written_ & (bytes_.size() - 1);
    const std::size_t first = std::min(count, bytes_.size() - at);
    std::memcpy(bytes_.data() + at, from.data(), first);
    std::memcpy(bytes_.data(), from.data() + first, count - first);
    written_ += count;
    block_->written.store(written_, std::memory_order_release);
    return static_cast<std::ptrdiff_t>(count);
  }
  // After a write: whether the reader has to be woken.
  [[nodiscard]] bool must_wake() noexcept { return takes_wake(block_->reader_sleeps); }
  // Before waiting for room; then look once more.
  void will_wait() noexcept {
    block_->writer_waits.store(1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
  void waits_no_more() noexcept { block_->writer_waits.store(0, std::memory_order_relaxed); }
  // Or the count of the other side cannot be, which write() tells.
  [[nodiscard]] bool has_room() const noexcept {
    return written_ - block_->read.load(std::memory_order_acquire) != bytes_.size();
  }

 private:
  RingBlock* block_ = nullptr;
  std::span<std::byte> bytes_;
  // As they are known here: what is in the memory is the other side's to spoil.
  std::uint64_t written_ = 0;
  std::uint64_t read_ = 0;
};

class RingReader {
 public:
  RingReader() = default;
  RingReader(RingBlock& block, std::span<const std::byte> bytes) : block_(&block), bytes_(bytes) {}

  // How much was read into `into`; 0: nothing is there; negative: the other side's count cannot be.
  std::ptrdiff_t read(std::span<std::byte> into) noexcept {
    const std::uint64_t written = block_->written.load(std::memory_order_acquire);
    if (written < written_ || written - read_ > bytes_.size()) return -1;
    written_ = written;
    const std::size_t count = std::min<std::size_t>(into.size(), written_ - read_);
    if (count == 0) return 0;
    const std::size_t at = read_ & (bytes_.size() - 1);
    const std::size_t first = std::min(count, bytes_.size() - at);
    std::memcpy(into.data(), bytes_.data() + at, first);
    std::memcpy(into.data() + first, bytes_.data(), count - first);
    read_ += count;
    block_->read.store(read_, std::memory_order_release);
    return static_cast<std::ptrdiff_t>(count);
  }
  // After a read: whether the writer has to be woken.
  [[nodiscard]] bool must_wake() noexcept { return takes_wake(block_->writer_waits); }
  // Before waiting for bytes; then look once more.
  void will_sleep() noexcept {
    block_->reader_sleeps.store(1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
  void sleeps_no_more() noexcept { block_->reader_sleeps.store(0, std::memory_order_relaxed); }
  // Or the count of the other side cannot be, which read() tells.
  [[nodiscard]] bool has_bytes() const noexcept {
    return block_->written.load(std::memory_order_acquire) != read_;
  }

 private:
  RingBlock* block_ = nullptr;
  std::span<const std::byte> bytes_;
  std::uint64_t written_ = 0;
  std::uint64_t read_ = 0;
};

}  // namespace portcullis::gateway::shm
