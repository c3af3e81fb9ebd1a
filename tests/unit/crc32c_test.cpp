#include "gateway/journal/crc32c.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>
#include <string_view>
#include <vector>

#include "tests/support/journal_support.h"

namespace portcullis::gateway::journal::crc32c_test {
namespace {

using Function = std::uint32_t (*)(std::span<const std::byte>) noexcept;

std::vector<Function> implementations() {
  std::vector<Function> all{crc32c, crc32c_by_table};
  if (crc32c_instruction_available()) all.push_back(crc32c_by_instruction);
  return all;
}

std::span<const std::byte> text(std::string_view value) {
  return std::as_bytes(std::span(value.data(), value.size()));
}

// RFC 3720, appendix B.4, and the check value of the CRC catalogue.
TEST(Crc32c, GivesThePublishedValues) {
  const std::vector<std::byte> zeros(32);
  const std::vector<std::byte> ones(32, std::byte{0xFF});
  std::vector<std::uint8_t> up(32);
  std::iota(up.begin(), up.end(), std::uint8_t{0});
  const std::vector<std::uint8_t> down(up.rbegin(), up.rend());
  for (const Function function : implementations()) {
    EXPECT_EQ(function(zeros), 0x8A9136AAU);
    EXPECT_EQ(function(ones), 0x62A8AB43U);
    EXPECT_EQ(function(std::as_bytes(std::span(up))), 0x46DD794EU);
    EXPECT_EQ(function(std::as_bytes(std::span(down))), 0x113FDB5CU);
    EXPECT_EQ(function(text("123456789")), 0xE3069283U);
    EXPECT_EQ(function({}), 0U);
  }
}

std::uint32_t bit_by_bit(std::span<const std::byte> bytes) {
  std::uint32_t crc = ~0U;
  for (const std::byte byte : bytes) {
    crc ^= std::to_integer<std::uint32_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78U : 0U);
  }
  return ~crc;
}

TEST(Crc32c, AllImplementationsAgreeAtEveryLengthAndAlignment) {
  testing::Random random{testing::test_seed()};
  const auto bytes = testing::random_bytes(random, 400);
  for (std::size_t begin = 0; begin < 9; ++begin) {
    for (std::size_t length = 0; length + begin <= bytes.size(); ++length) {
      const auto part = std::span(bytes).subspan(begin, length);
      const std::uint32_t expected = bit_by_bit(part);
      for (const Function function : implementations()) ASSERT_EQ(function(part), expected);
    }
  }
}

}  // namespace
}  // namespace portcullis::gateway::journal::crc32c_test
