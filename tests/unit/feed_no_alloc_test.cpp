// Once started, a feed and its queue allocate nothing, on either thread: every operator new of this
// program is counted.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <new>

#include "feeds/board/price_board.h"
#include "feeds/dialects/decoder.h"
#include "feeds/recorded_feed.h"
#include "tests/support/board_world.h"

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
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size);
}
[[gnu::noinline]] void* operator new[](std::size_t size, const std::nothrow_t& tag) noexcept {
  return operator new(size, tag);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace portcullis::feeds::feed_no_alloc_test {
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
        R"({"stream":"b@bookTicker","data":{"e":"bookTicker","E":1600000000001,"s":"A-SYMBOL-THAT-IS-LONG","b":"1.5","a":"1.6"}})",
        R"({"stream":"b@aggTrade","data":{"E":1600000000001,"s":"A-SYMBOL-THAT-IS-LONG","p":"1.5","a":1,"e":"aggTrade"}})",
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

// A storm on a thousand references of three venues each: with jumps, venues that contradict each
// other, fall silent and come back, and updates that are refused; every event is written out.
TEST(FeedNoAlloc, AThousandReferencesInAStormAllocateNothing) {
  constexpr std::uint32_t kReferences = 1'000;
  test::BoardWorld world;
  std::vector<config::SourceIndex> sources;
  for (const std::string name : {"deribit-with-a-long-name", "binance", "bybit"}) {
    sources.push_back(world.add_source(name, name, config::SourceDialect::Deribit));
  }
  std::vector<std::string> symbols;
  for (std::uint32_t i = 0; i < kReferences; ++i) {
    symbols.push_back("A-SYMBOL-THAT-IS-QUITE-LONG-" + std::to_string(i));
    std::vector<config::ReferenceSource> from;
    for (const config::SourceIndex source : sources) {
      from.push_back({.source = source,
                      .symbol = symbols.back(),
                      .field = config::SourceField::Mid,
                      .role = from.empty()       ? config::SourceRole::Primary
                              : from.size() == 1 ? config::SourceRole::Fallback
                                                 : config::SourceRole::Voter});
    }
    config::ReferenceSettings& rules = world.add_index(symbols.back(), std::move(from));
    rules.decimals = 2;
    rules.min_sources = 2;
    rules.max_age_ns = 100'000;
    rules.return_after_ns = 50'000;
    if (i % 2 == 0) continue;
    rules.rule = config::ReferenceRule::PrimaryWithFallback;
  }
  std::size_t events = 0;
  std::size_t prices = 0;
  std::size_t states = 0;
  PriceBoard board(world.deployment,
                   {.price = [&](const PriceUpdate&) { ++prices; },
                    .state = [&](const PriceStateChange&) { ++states; },
                    .event = [&](std::string_view text) { events += text.empty() ? 0U : 1U; }});
  MarketUpdate update;
  const auto storm = [&](std::int64_t first_ns, std::int64_t last_ns) {
    for (std::int64_t now = first_ns; now < last_ns; ++now) {
      // Pseudo-random, and the same every time.
      const std::uint64_t dice = static_cast<std::uint64_t>(now) * 6'364'136'223'846'793'005ULL;
      const std::size_t source = (dice >> 40) % 3;
      const bool is_far = (dice >> 44) % 50 == 0;
      update.symbol = symbols[(dice >> 33) % kReferences];
      update.source_time_ns = now - ((dice >> 50) % 20 == 0 ? 90'000 : 0);
      const auto price = static_cast<std::int64_t>((is_far ? 130'000 : 100'000) + (dice >> 52) % 9);
      update[MarketField::BestBid] = config::ExactDecimal{price, 2};
      update[MarketField::BestAsk] = config::ExactDecimal{price + 3, 2};
      if ((dice >> 45) % 40 == 0) update[MarketField::BestAsk] = config::ExactDecimal{1, 2};
      board.take(sources[source], update, now);
      if (now % 1'000 == 0) board.step(now);
    }
  };
  storm(1, 2);
  const std::size_t before = allocations;
  storm(2, 300'000);
  board.step(1'000'000);
  EXPECT_EQ(allocations, before);
  EXPECT_GT(prices, 50'000U);
  EXPECT_GT(states, 2'000U);
  EXPECT_GT(events, 2'000U);
  EXPECT_GT(board.counts(sources[0])[PriceOutcome::Crossed], 1'000U);
}

}  // namespace
}  // namespace portcullis::feeds::feed_no_alloc_test
