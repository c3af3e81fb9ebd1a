#include "gateway/soup/byte_buffer.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>

#include "tests/support/seed.h"
#include "tests/support/wire_bytes.h"

namespace portcullis::gateway::soup::soup_byte_buffer_test {
namespace {

TEST(SoupByteBuffer, HoldsExactlyItsCapacity) {
  ByteBuffer buffer(4);
  EXPECT_EQ(buffer.capacity(), 4U);
  buffer.append(test::bytes("01020304"));
  EXPECT_EQ(buffer.room(), 0U);
  EXPECT_TRUE(buffer.free_space().empty());
  buffer.consume(1);
  EXPECT_EQ(buffer.free_space().size(), 1U);
}

TEST(SoupByteBuffer, ConsumedContentStaysReadableUntilTheNextWrite) {
  ByteBuffer buffer(4);
  buffer.append(test::bytes("01020304"));
  const auto content = buffer.content();
  buffer.consume(4);
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(test::hex(content), "01020304");
}

TEST(SoupByteBuffer, BehavesAsAQueueOfBytes) {
  std::mt19937_64 random(test::seed());
  for (std::size_t capacity = 0; capacity < 40; ++capacity) {
    ByteBuffer buffer(capacity);
    std::deque<std::byte> model;
    for (int step = 0; step < 2'000; ++step) {
      if (random() % 2 == 0) {
        const auto data = test::random_bytes(random, random() % (buffer.room() + 1));
        if (random() % 2 == 0) {
          buffer.append(data);
        } else {
          const auto space = buffer.free_space();
          ASSERT_EQ(space.size(), buffer.room());
          std::copy(data.begin(), data.end(), space.begin());
          buffer.commit(data.size());
        }
        model.insert(model.end(), data.begin(), data.end());
      } else {
        const std::size_t n = random() % (buffer.size() + 1);
        buffer.consume(n);
        model.erase(model.begin(), model.begin() + static_cast<std::ptrdiff_t>(n));
      }
      const auto content = buffer.content();
      ASSERT_EQ(test::Bytes(content.begin(), content.end()),
                test::Bytes(model.begin(), model.end()));
      ASSERT_EQ(buffer.room(), capacity - model.size());
    }
    buffer.clear();
    EXPECT_TRUE(buffer.empty());
  }
}

}  // namespace
}  // namespace portcullis::gateway::soup::soup_byte_buffer_test
