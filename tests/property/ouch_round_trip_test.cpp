// Every message with random fields, built byte by byte from the specification's sizes and not from
// the codec: what is read and written again is the same, every truncation and every extra byte is
// refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>

#include "gateway/ouch/messages.h"
#include "tests/support/seed.h"
#include "tests/support/wire_bytes.h"

namespace portcullis::gateway::ouch::ouch_round_trip_test {
namespace {

using test::Bytes;
using test::hex;
using test::operator+;
using test::random_bytes;

// Type byte and fixed fields (OUCH 5.0 rev 1.05, sections 2 and 3).
const std::map<char, std::size_t> kInboundSizes{{'O', 45}, {'U', 38}, {'X', 9}, {'M', 10},
                                                {'C', 17}, {'D', 9},  {'E', 9}, {'Q', 1}};
const std::map<char, std::size_t> kOutboundSizes{
    {'S', 10}, {'A', 62}, {'U', 66}, {'C', 18}, {'D', 32}, {'E', 34},
    {'B', 36}, {'J', 29}, {'P', 13}, {'I', 13}, {'T', 30}, {'M', 18},
    {'R', 14}, {'Q', 13}, {'X', 25}, {'G', 17}, {'K', 17}};
const std::map<int, std::size_t> kTagSizes{
    {1, 8},  {2, 4},  {3, 4},  {4, 1},  {5, 4},  {6, 1},  {7, 4},  {9, 8},  {10, 1},
    {11, 4}, {12, 1}, {13, 4}, {14, 4}, {15, 4}, {16, 1}, {17, 1}, {18, 1}, {22, 4},
    {23, 8}, {24, 2}, {25, 1}, {26, 4}, {27, 1}, {28, 1}, {29, 1}, {30, 2}};

Bytes with_length(const Bytes& tags) {
  return Bytes{static_cast<std::byte>(tags.size() >> 8), static_cast<std::byte>(tags.size())} +
         tags;
}

Bytes random_tag(std::mt19937_64& random, int number) {
  const std::size_t size = kTagSizes.at(number);
  return Bytes{static_cast<std::byte>(size + 1), static_cast<std::byte>(number)} +
         random_bytes(random, size);
}

// A subset of the tags, ascending.
std::vector<Bytes> random_tags(std::mt19937_64& random) {
  std::vector<Bytes> tags;
  const auto one_in = 1 + random() % 8;
  for (const auto& [number, size] : kTagSizes) {
    if (random() % one_in == 0) tags.push_back(random_tag(random, number));
  }
  return tags;
}

Bytes joined(const std::vector<Bytes>& parts) {
  Bytes out;
  for (const Bytes& part : parts) out = out + part;
  return out;
}

template <class Variant>
Bytes encoded(const Variant& message) {
  std::array<std::byte, kMaxMessageSize> buffer{};
  const std::size_t size = encode(message, buffer);
  return {buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size)};
}

template <class Variant>
AppendageRule rule_of(const Variant& message) {
  return std::visit([]<class M>(const M&) { return M::kAppendage; }, message);
}

// No prefix of `payload` is a message, save the fixed part where the appendage may be absent; and
// no byte can follow it.
template <class Variant>
void expect_only_this_length(const Bytes& payload, std::size_t fixed, AppendageRule rule) {
  for (std::size_t size = 0; size < payload.size(); ++size) {
    Variant message;
    const auto error = decode(std::span(payload).first(size), message);
    if (size < fixed) {
      EXPECT_EQ(error, size == 0 ? DecodeError::Empty : DecodeError::BadLength)
          << hex(payload) << " cut at " << size;
    }
    const bool shorter_form = size == fixed && rule != AppendageRule::Required;
    EXPECT_EQ(error == DecodeError::None, shorter_form) << hex(payload) << " cut at " << size;
  }
  for (int extra = 0; extra < 256; ++extra) {
    Variant message;
    EXPECT_NE(decode(payload + Bytes{static_cast<std::byte>(extra)}, message), DecodeError::None)
        << hex(payload) << " and " << extra;
  }
}

template <class Variant>
void check_direction(const std::map<char, std::size_t>& sizes) {
  std::mt19937_64 random(test::seed());
  ASSERT_EQ(sizes.size(), std::variant_size_v<Variant>);
  for (const auto& [type, fixed_size] : sizes) {
    SCOPED_TRACE(type);
    for (int round = 0; round < 100; ++round) {
      const Bytes fixed = Bytes{std::byte(type)} + random_bytes(random, fixed_size - 1);
      const auto tags = random_tags(random);
      Variant message;
      (void)decode(fixed, message);  // for the rule alone
      const AppendageRule rule = rule_of(message);

      Bytes payload = fixed;
      const bool shortest = tags.empty() && rule == AppendageRule::Optional;
      if (rule != AppendageRule::Never && !shortest) payload = fixed + with_length(joined(tags));
      ASSERT_EQ(decode(payload, message), DecodeError::None) << hex(payload);
      EXPECT_EQ(hex(encoded(message)), hex(payload));
      if (round < 10) expect_only_this_length<Variant>(payload, fixed_size, rule);
      if (rule == AppendageRule::Never) continue;

      // The order of the tags on the wire does not matter.
      auto shuffled = tags;
      std::shuffle(shuffled.begin(), shuffled.end(), random);
      Variant other;
      ASSERT_EQ(decode(fixed + with_length(joined(shuffled)), other), DecodeError::None);
      EXPECT_EQ(other, message);

      if (!tags.empty()) {
        auto repeated = shuffled;
        repeated.push_back(tags[random() % tags.size()]);
        EXPECT_EQ(decode(fixed + with_length(joined(repeated)), other), DecodeError::DuplicateTag);
      }
    }
  }
}

TEST(OuchRoundTrip, InboundMessagesWithRandomFields) {
  check_direction<InboundMessage>(kInboundSizes);
}

TEST(OuchRoundTrip, OutboundMessagesWithRandomFields) {
  check_direction<OutboundMessage>(kOutboundSizes);
}

}  // namespace
}  // namespace portcullis::gateway::ouch::ouch_round_trip_test
