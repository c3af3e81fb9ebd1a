// Once started, a feed and its queue allocate nothing, on either thread: every operator new of this
// program is counted.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <new>

#include "feeds/dialects/decoder.h"
#include "feeds/recorded_feed.h"

namespace {
std::atomic<std::size_t> allocations{0};
}  // namespace

// Not inlined, or GCC would take the pair of malloc and free apart and warn of a mismatch.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new[](std::size_t size) { return operator new(size); }
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace portcullis::feeds {
namespace {

TEST(FeedNoAlloc, TheCounterCounts) {
  const std::size_t before = allocations;
  ::operator delete(::operator new(1));  // a new-expression could be left out by the compiler
  EXPECT_GT(allocations, before);
}

TEST(FeedNoAlloc, PlayingAndDrainingARecordingAllocatesNothing) {
  constexpr std::size_t kRows = 100'000;
  std::vector<RecordedPrice> rows;
  for (std::size_t i = 0; i < kRows; ++i) {
    rows.push_back({.time_ns = static_cast<std::int64_t>(i),
                    .price = static_cast<std::int64_t>(i + 1),
                    .index = static_cast<std::uint32_t>(i % 50)});
  }
  std::atomic<std::uint64_t> woken{0};
  FeedQueue queue(50, 0, 512, [&woken] { ++woken; });
  RecordedFeed feed(std::move(rows), {.speed_ppm = 0, .refresh_ns = 1'000, .conflation_ns = 0},
                    queue);
  feed.start();
  // The first price proves that the thread runs: what it allocated to start is behind it.
  std::array<PriceUpdate, 32> some;
  while (queue.drain(some) == 0) std::this_thread::yield();
  const std::size_t before = allocations;
  while (feed.played() < kRows) {
    if (queue.drain(some) == 0) std::this_thread::yield();
  }
  EXPECT_EQ(allocations, before);
  EXPECT_GT(woken, 0U);
  feed.stop();
}

// As long as nothing is wrong with the frames.
TEST(FeedNoAlloc, DecodingKnownSymbolsAllocatesNothing) {
  struct Stream {
    Dialect dialect;
    std::vector<std::string> frames;  // the first is of each symbol
  };
  const std::vector<Stream> streams = {
      {Dialect::Deribit,
       {R"({"method":"subscription","params":{"channel":"ticker.BTC-27SEP24-60000-C.raw","data":{"timestamp":1600000000000,"mark_price":0.05,"mark_iv":54.3,"greeks":{"delta":0.5},"stats":{"low":1}}}})",
        R"({"method":"subscription","params":{"channel":"ticker.BTC-27SEP24-60000-C.raw","data":{"timestamp":1600000000001,"mark_price":0.06}}})",
        R"({"method":"heartbeat","params":{"type":"test_request"}})"}},
      {Dialect::Binance,
       {R"([{"e":"markPriceUpdate","E":1600000000000,"s":"A-SYMBOL-THAT-IS-LONG","p":"1.5"},{"e":"markPriceUpdate","E":1600000000000,"s":"B","p":"1.5"}])",
        R"({"stream":"b@markPrice","data":{"e":"markPriceUpdate","E":1600000000001,"s":"B","p":"1.6"}})",
        R"({"stream":"b@depth","data":{"e":"depthUpdate","b":[["1","2"]]}})"}},
      {Dialect::Bybit,
       {R"({"topic":"tickers.A-SYMBOL-THAT-IS-LONG","type":"snapshot","cs":1,"ts":1600000000000,"data":{"markPrice":"1.5"}})",
        R"({"topic":"tickers.A-SYMBOL-THAT-IS-LONG","type":"delta","cs":2,"ts":1600000000001,"data":{"markPrice":"1.6"}})",
        R"({"topic":"tickers.A-SYMBOL-THAT-IS-LONG","type":"delta","cs":2,"ts":1600000000000,"data":{}})",
        R"({"op":"pong"})"}}};
  for (const Stream& stream : streams) {
    FeedDecoder decoder(stream.dialect);
    std::vector<std::string> frames = stream.frames;
    for (std::string& frame : frames) frame.append(kFeedFramePadding, '\0');
    const auto decode = [&](const std::string& frame) {
      decoder.decode({frame.data(), frame.size() - kFeedFramePadding}, 1'700'000'000'000'000'000);
    };
    for (const std::string& frame : frames) decode(frame);
    const std::uint64_t faults = decoder.counts().updates[UpdateOutcome::Fault];
    const std::size_t before = allocations;
    for (int round = 0; round < 10; ++round) {
      for (const std::string& frame : frames) decode(frame);
    }
    EXPECT_EQ(allocations, before) << kDialectNames[static_cast<std::size_t>(stream.dialect)];
    EXPECT_EQ(faults, 0U);
    EXPECT_GT(decoder.counts().updates[UpdateOutcome::Taken], 0U);
    EXPECT_EQ(decoder.counts()[FrameKind::Malformed], 0U);
  }
}

}  // namespace
}  // namespace portcullis::feeds
