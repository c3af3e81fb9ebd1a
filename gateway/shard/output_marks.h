// Which of a connection's queued bytes may leave in durability fsync: those whose records are
// durable, in order (ORDERLIFE 3).
//
// Bytes are queued after the record that causes them was published, so they may leave once all that
// was published by then is durable. What is queued between two looks shares a mark; where there are
// too many marks the newest takes over what is queued later, which holds bytes back longer and lets
// none out sooner.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace portcullis::gateway::shard {

// Allocates nothing. One thread.
class OutputMarks {
 public:
  // Another connection: nothing is queued and nothing was sent.
  void clear() noexcept { *this = OutputMarks(); }

  // How many of the `queued` bytes, oldest first, may leave. Records up to `published` may have
  // caused them; those up to `durable` are durable. Neither number ever goes back.
  [[nodiscard]] std::size_t may_leave(std::size_t queued, std::uint64_t published,
                                      std::uint64_t durable) noexcept {
    if (const std::uint64_t total = sent_ + queued; total > marked_) {
      if (count_ == marks_.size()) --count_;
      marked_ = total;
      marks_[(first_ + count_++) % marks_.size()] = {total, published};
    }
    while (count_ > 0 && marks_[first_].sequence <= durable) {
      free_ = marks_[first_].total;
      first_ = (first_ + 1) % marks_.size();
      --count_;
    }
    return static_cast<std::size_t>(free_ - sent_);
  }

  // REQUIRES: n <= may_leave().
  void sent(std::size_t n) noexcept { sent_ += n; }

 private:
  struct Mark {
    std::uint64_t total = 0;  // bytes queued since the connection began
    std::uint64_t sequence = 0;
  };

  std::uint64_t sent_ = 0;
  std::uint64_t free_ = 0;    // of all bytes queued: so many may leave, or have left
  std::uint64_t marked_ = 0;  // have a mark, or may leave
  std::array<Mark, 64> marks_{};
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

}  // namespace portcullis::gateway::shard
