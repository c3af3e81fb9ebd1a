// A bounded first-in first-out byte buffer whose content is always one contiguous span.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>

namespace portcullis::gateway::soup {

// Holds at most `capacity` bytes. The memory is twice that, so that content moves to the front only
// after at least `capacity` bytes have gone through: each byte is moved at most once on average.
// Allocates in the constructor only. One thread.
class ByteBuffer {
 public:
  explicit ByteBuffer(std::size_t capacity)
      : capacity_(capacity), bytes_(std::make_unique<std::byte[]>(2 * capacity)) {}

  [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }
  [[nodiscard]] bool empty() const noexcept { return begin_ == end_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] std::size_t room() const noexcept { return capacity_ - size(); }

  // The content, oldest byte first. Valid until the next call of `free_space` or `append`, even
  // when it is consumed before.
  [[nodiscard]] std::span<const std::byte> content() const noexcept {
    return {bytes_.get() + begin_, size()};
  }

  // Drops the n oldest bytes. REQUIRES: n <= size().
  void consume(std::size_t n) noexcept { begin_ += n; }

  // All the room there is, for the caller to write into and then to `commit`.
  [[nodiscard]] std::span<std::byte> free_space() noexcept {
    if (begin_ > capacity_) {
      std::memmove(bytes_.get(), bytes_.get() + begin_, size());
      end_ = size();
      begin_ = 0;
    }
    return {bytes_.get() + end_, room()};
  }

  // REQUIRES: n <= room(), and the bytes were written to `free_space()`.
  void commit(std::size_t n) noexcept { end_ += n; }

  // REQUIRES: data.size() <= room().
  void append(std::span<const std::byte> data) noexcept {
    if (data.empty()) return;
    std::memcpy(free_space().data(), data.data(), data.size());
    commit(data.size());
  }

  void clear() noexcept { begin_ = end_ = 0; }

  // What was consumed and not yet written over is nowhere any more.
  void wipe_consumed() noexcept { ::explicit_bzero(bytes_.get(), begin_); }

 private:
  std::size_t capacity_;
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t begin_ = 0;  // <= capacity_ after each call of free_space
  std::size_t end_ = 0;
};

}  // namespace portcullis::gateway::soup
