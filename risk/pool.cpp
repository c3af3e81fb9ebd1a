#include "risk/pool.h"

#include <sys/mman.h>

#include <new>

namespace portcullis::risk {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

constexpr std::align_val_t alignment_of(std::size_t bytes) {
  return std::align_val_t{bytes >= kHugePage ? kHugePage : 64};
}

}  // namespace

void* allocate_pool(std::size_t bytes) {
  void* pool = ::operator new(bytes, alignment_of(bytes));
  if (bytes >= kHugePage) ::madvise(pool, bytes, MADV_HUGEPAGE);
  return pool;
}

void free_pool(void* pool, std::size_t bytes) noexcept {
  ::operator delete(pool, alignment_of(bytes));
}

}  // namespace portcullis::risk
