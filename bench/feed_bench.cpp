// Market data: nanoseconds for one frame, from its bytes to the update, and for one update of a list.
#include <benchmark/benchmark.h>

#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "feeds/dialects/decoder.h"

namespace portcullis::feeds {
namespace {

// Of the size and with the members that the venues send. {}: the time in milliseconds.
constexpr std::string_view kDeribitOption =
    R"({{"jsonrpc":"2.0","method":"subscription","params":{{"channel":"ticker.BTC-27SEP24-60000-C.100ms","data":{{"underlying_price":61250.75,"underlying_index":"BTC-27SEP24","timestamp":{},"stats":{{"volume":12.5,"price_change":-3.25,"low":0.04,"high":0.061}},"state":"open","settlement_price":0.05,"open_interest":1320.5,"min_price":0.0001,"max_price":0.12,"mark_price":0.0521,"mark_iv":54.3,"last_price":0.0515,"interest_rate":0.0,"instrument_name":"BTC-27SEP24-60000-C","index_price":60890.12,"greeks":{{"vega":71.5,"theta":-44.25,"rho":32.125,"gamma":0.00003,"delta":0.55125}},"estimated_delivery_price":60890.12,"bid_iv":53.9,"best_bid_price":0.0515,"best_bid_amount":12.0,"best_ask_price":0.053,"best_ask_amount":8.5,"ask_iv":55.1}}}}}})";
constexpr std::string_view kBinance =
    R"({{"stream":"btcusdt@markPrice@1s","data":{{"e":"markPriceUpdate","E":{},"s":"BTCUSDT","p":"35012.40000000","i":"35010.15625000","P":"35011.87654321","r":"-0.00010250","T":1700006400000}}}})";
constexpr std::string_view kBinanceBook =
    R"({{"stream":"btcusdt@bookTicker","data":{{"e":"bookTicker","u":600859600576,"s":"BTCUSDT","b":"35012.10","B":"2.511","a":"35012.20","A":"0.297","T":1699999998998,"E":{}}}}})";
constexpr std::string_view kBybitSnapshot =
    R"({{"topic":"tickers.BTCUSDT","type":"snapshot","data":{{"symbol":"BTCUSDT","tickDirection":"PlusTick","price24hPcnt":"0.017103","lastPrice":"35012.50","prevPrice24h":"34423.80","highPrice24h":"35300.00","lowPrice24h":"34100.00","prevPrice1h":"34990.00","markPrice":"35011.30","indexPrice":"35009.75","openInterest":"51234.567","openInterestValue":"1793791105.19","turnover24h":"2352945.5","volume24h":"67890.1","nextFundingTime":"1700006400000","fundingRate":"-0.000212","bid1Price":"35012.40","bid1Size":"4.5","ask1Price":"35012.50","ask1Size":"9.3"}},"cs":1,"ts":{}}})";
constexpr std::string_view kBybitDelta =
    R"({{"topic":"tickers.BTCUSDT","type":"delta","data":{{"symbol":"BTCUSDT","markPrice":"35011.90","bid1Price":"35012.30","bid1Size":"1.5"}},"cs":2,"ts":{}}})";
// None of ours: to be passed over quickly.
constexpr std::string_view kBinanceDepth =
    R"({{"stream":"btcusdt@depth@100ms","data":{{"e":"depthUpdate","E":{},"T":1699999999000,"s":"BTCUSDT","U":600859599090,"u":600859600917,"pu":600859598061,"b":[["35010.10","0.813"],["35009.90","0"],["35009.10","2.25"]],"a":[["35012.50","1.7"],["35013.00","0.5"]]}}}})";

constexpr std::int64_t kStartMs = 1'699'999'999'000;
constexpr std::int64_t kArrivalNs = kStartMs * 1'000'000;

std::string padded(std::string text) {
  text.append(kFeedFramePadding, '\0');
  return text;
}
std::string_view frame_of(const std::string& bytes) {
  return {bytes.data(), bytes.size() - kFeedFramePadding};
}

// Two times in turn would be out of order: the digits of the last are counted up in place.
class Frames {
 public:
  explicit Frames(std::string_view form)
      : bytes_(padded(fmt::format(fmt::runtime(form), kStartMs))),
        time_at_(bytes_.find(std::to_string(kStartMs))) {}

  std::string_view next() {
    for (std::size_t i = time_at_ + 12; ++bytes_[i] > '9'; --i) bytes_[i] = '0';
    return frame_of(bytes_);
  }

 private:
  std::string bytes_;
  std::size_t time_at_;
};

void decode(benchmark::State& state, Dialect dialect, std::string_view form, FrameKind kind) {
  FeedDecoderLimits limits;
  limits.ahead_max_ns = std::int64_t{1} << 60;  // the time runs faster here
  FeedDecoder decoder(dialect, limits);
  const std::string snapshot = padded(fmt::format(fmt::runtime(kBybitSnapshot), kStartMs));
  if (dialect == Dialect::Bybit) decoder.decode(frame_of(snapshot), kArrivalNs);
  Frames frames(form);
  for (auto _ : state) {
    const FeedFrame& frame = decoder.decode(frames.next(), kArrivalNs);
    if (frame.kind != kind || frame.updates.size() != (kind == FrameKind::Updates ? 1 : 0))
      std::abort();
    benchmark::DoNotOptimize(frame.updates.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(frames.next().size()));
}
BENCHMARK_CAPTURE(decode, deribit_option, Dialect::Deribit, kDeribitOption, FrameKind::Updates);
BENCHMARK_CAPTURE(decode, binance_mark, Dialect::Binance, kBinance, FrameKind::Updates);
BENCHMARK_CAPTURE(decode, binance_book, Dialect::Binance, kBinanceBook, FrameKind::Updates);
BENCHMARK_CAPTURE(decode, bybit_snapshot, Dialect::Bybit, kBybitSnapshot, FrameKind::Updates);
BENCHMARK_CAPTURE(decode, bybit_delta, Dialect::Bybit, kBybitDelta, FrameKind::Updates);
BENCHMARK_CAPTURE(decode, binance_depth_passed_over, Dialect::Binance, kBinanceDepth,
                  FrameKind::Other);

// !markPrice@arr of 500 symbols; the time is of one update.
void BM_BinanceList(benchmark::State& state) {
  constexpr std::int64_t kSymbols = 500;
  // Of the same time and with other prices: each is news after the other.
  std::vector<std::string> lists;
  for (const char digit : {'1', '2'}) {
    std::string list = "[";
    for (std::int64_t i = 0; i < kSymbols; ++i) {
      list += fmt::format(
          R"({}{{"e":"markPriceUpdate","E":{},"s":"COIN{}USDT","p":"{}.{}0000000","i":"35010.15625000","P":"35011.87654321","r":"-0.00010250","T":1700006400000}})",
          i == 0 ? "" : ",", kStartMs, i, 100 + i, digit);
    }
    lists.push_back(padded(list + "]"));
  }
  FeedDecoder decoder(Dialect::Binance);
  for (auto _ : state) {
    for (const std::string& list : lists) {
      const FeedFrame& frame = decoder.decode(frame_of(list), kArrivalNs);
      if (frame.updates.size() != kSymbols) std::abort();
      benchmark::DoNotOptimize(frame.updates.data());
    }
  }
  state.SetItemsProcessed(state.iterations() * kSymbols * 2);
}
BENCHMARK(BM_BinanceList);

}  // namespace
}  // namespace portcullis::feeds
