// Arrays of the engine that grow with accounts, lines and orders. Whose turn it is, is random: with small
// pages not even the places of the pages are in the processor's caches, so a large pool asks for huge ones.
// Made at construction, never grown.
#pragma once

#include <cstddef>
#include <vector>

namespace portcullis::risk {

// On a cache line; a large one on a huge page, which the system is asked for and may refuse: then it is
// memory as any other. Throws std::bad_alloc.
[[nodiscard]] void* allocate_pool(std::size_t bytes);
void free_pool(void* pool, std::size_t bytes) noexcept;

template <class T>
struct PoolAllocator {
  using value_type = T;

  PoolAllocator() = default;
  template <class U>
  explicit PoolAllocator(const PoolAllocator<U>&) noexcept {}

  // REQUIRES: `count` values are less than half of all memory.
  [[nodiscard]] T* allocate(std::size_t count) {
    return static_cast<T*>(allocate_pool(count * sizeof(T)));
  }
  void deallocate(T* pool, std::size_t count) noexcept { free_pool(pool, count * sizeof(T)); }

  friend bool operator==(const PoolAllocator&, const PoolAllocator&) { return true; }
};

template <class T>
using Pool = std::vector<T, PoolAllocator<T>>;

}  // namespace portcullis::risk
