// A fixed-capacity hash map from a 64-bit key to a 32-bit slot number: open addressing, linear
// probing, deletion by shifting back. It allocates once, never iterates, and behaves the same on
// every machine.
#pragma once

#include <cstdint>

#include "risk/pool.h"
#include "risk/types.h"

namespace portcullis::risk {

class IndexMap {
 public:
  static constexpr std::uint32_t kNotFound = 0xFFFFFFFF;

  // REQUIRES: never more than `capacity` keys at once.
  explicit IndexMap(std::uint32_t capacity) {
    std::uint64_t size = 16;
    while (size < std::uint64_t{capacity} * 2) size *= 2;
    entries_.resize(size);
    mask_ = size - 1;
  }

  [[nodiscard]] std::uint32_t find(std::uint64_t key) const noexcept {
    for (std::uint64_t at = home(key);; at = (at + 1) & mask_) {
      if (entries_[at].slot == kNotFound) return kNotFound;
      if (entries_[at].key == key) return entries_[at].slot;
    }
  }

  // Has the processor bring near what find(key) reads.
  void fetch(std::uint64_t key) const noexcept { __builtin_prefetch(&entries_[home(key)]); }

  // REQUIRES: the key is not in the map.
  void insert(std::uint64_t key, std::uint32_t slot) noexcept {
    PORTCULLIS_ASSERT(++size_ * 2 <= mask_ + 1);
    std::uint64_t at = home(key);
    while (entries_[at].slot != kNotFound) at = (at + 1) & mask_;
    entries_[at] = {key, slot};
  }

  void erase(std::uint64_t key) noexcept {
    std::uint64_t hole = home(key);
    for (;; hole = (hole + 1) & mask_) {
      if (entries_[hole].slot == kNotFound) return;
      if (entries_[hole].key == key) break;
    }
    --size_;
    for (std::uint64_t at = (hole + 1) & mask_; entries_[at].slot != kNotFound;
         at = (at + 1) & mask_) {
      // An entry may move into the hole when its home is not between the hole and itself.
      if (((at - home(entries_[at].key)) & mask_) >= ((at - hole) & mask_)) {
        entries_[hole] = entries_[at];
        hole = at;
      }
    }
    entries_[hole].slot = kNotFound;
  }

 private:
  struct Entry {
    std::uint64_t key = 0;
    std::uint32_t slot = kNotFound;
  };
  [[nodiscard]] std::uint64_t home(std::uint64_t key) const noexcept {
    key ^= key >> 32;
    key *= 0x9E3779B97F4A7C15ULL;
    return (key ^ (key >> 29)) & mask_;
  }

  Pool<Entry> entries_;
  std::uint64_t mask_ = 0;
  std::uint64_t size_ = 0;
};

}  // namespace portcullis::risk
