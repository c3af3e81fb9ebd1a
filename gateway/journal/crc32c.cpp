#include "gateway/journal/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace portcullis::gateway::journal {
namespace {

constexpr std::uint32_t kPolynomial = 0x82F63B78;

// Slicing by eight: row k is the effect of a byte that is followed by k zero bytes.
consteval auto make_tables() {
  std::array<std::array<std::uint32_t, 256>, 8> tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (std::size_t byte = 0; byte < 256; ++byte) {
    for (std::size_t row = 1; row < 8; ++row) {
      const std::uint32_t before = tables[row - 1][byte];
      tables[row][byte] = (before >> 8) ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}
constexpr auto kTables = make_tables();

}  // namespace

std::uint32_t crc32c_by_table(std::span<const std::byte> bytes) noexcept {
  std::uint32_t crc = ~0U;
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    word ^= crc;
    crc = 0;
    for (std::size_t i = 0; i < 8; ++i) crc ^= kTables[7 - i][(word >> (8 * i)) & 0xFF];
  }
  for (; left > 0; ++at, --left) {
    crc = (crc >> 8) ^ kTables[0][(crc ^ std::to_integer<std::uint32_t>(*at)) & 0xFF];
  }
  return ~crc;
}

#if defined(__x86_64__)

__attribute__((target("sse4.2"))) std::uint32_t crc32c_by_instruction(
    std::span<const std::byte> bytes) noexcept {
  std::uint64_t crc = ~0U;
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    crc = _mm_crc32_u64(crc, word);
  }
  auto tail = static_cast<std::uint32_t>(crc);
  for (; left > 0; ++at, --left) tail = _mm_crc32_u8(tail, std::to_integer<std::uint8_t>(*at));
  return ~tail;
}

bool crc32c_instruction_available() noexcept { return __builtin_cpu_supports("sse4.2") != 0; }

// The test is one load and a well-predicted branch; libgcc filled the word in before main.
std::uint32_t crc32c(std::span<const std::byte> bytes) noexcept {
  return crc32c_instruction_available() ? crc32c_by_instruction(bytes) : crc32c_by_table(bytes);
}

#else

std::uint32_t crc32c_by_instruction(std::span<const std::byte> bytes) noexcept {
  return crc32c_by_table(bytes);
}
bool crc32c_instruction_available() noexcept { return false; }
std::uint32_t crc32c(std::span<const std::byte> bytes) noexcept { return crc32c_by_table(bytes); }

#endif

}  // namespace portcullis::gateway::journal
