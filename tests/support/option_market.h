// The shipped example with options, at the time of its recording, and what its source says.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/decimal.h"
#include "config/load.h"
#include "feeds/dialects/market_update.h"
#include "tests/support/example_config.h"

namespace portcullis::test {

// 22 July 2021, 22:42:03 UTC.
inline constexpr std::int64_t kRecordedNs = 1'626'993'723'000'000'000;

inline config::Deployment option_deployment() {
  config::LoadResult loaded = config::load_texts(read_example_with_options(), example_folder());
  EXPECT_EQ(problems_text(loaded), "");
  return std::move(loaded.deployment);
}

// As the recording has them on that day.
struct OptionQuote {
  std::string_view symbol{};
  std::string_view mark{};
  std::string_view iv{};
  std::string_view forward{};
};
inline constexpr OptionQuote kOptionQuotes[] = {
    {"BTC-30JUL21-24000-P", "0.00221713", "1.1678", "32189.89"},
    {"BTC-24SEP21-8000-P", "0.00090284", "1.4278", "32374.66"},
    {"BTC-24SEP21-34000-P", "0.15655506", "0.7657", "32374.64"},
    {"BTC-31DEC21-34000-P", "0.23341173", "0.8002", "32749.6"},
    {"BTC-31DEC21-300000-C", "0.00525396", "1.3416", "32749.36"},
    {"BTC-25MAR22-30000-C", "0.30381477", "0.819", "33425.22"},
    {"BTC-24JUN22-15000-C", "0.60449219", "0.8727", "33978.93"},
};

inline config::ExactDecimal number(std::string_view text) {
  const config::ExactResult result = config::parse_exact(text, true);
  EXPECT_TRUE(result.ok()) << text;
  return result.number;
}

// Index 32208.13 and the quote, as of then.
inline feeds::MarketUpdate ticker(const OptionQuote& quote, std::int64_t time_ns,
                                  std::string_view index = "32208.13") {
  feeds::MarketUpdate update;
  update.symbol = quote.symbol;
  update.source_time_ns = time_ns;
  update.arrival_ns = time_ns;
  update[feeds::MarketField::Mark] = number(quote.mark);
  update[feeds::MarketField::Index] = number(index);
  update[feeds::MarketField::MarkIv] = number(quote.iv);
  update[feeds::MarketField::Underlying] = number(quote.forward);
  return update;
}

// A recorded session with a ticker of each option at each of these times, with these indexes.
struct RecordedLook {
  std::int64_t after_ms = 0;  // kRecordedNs
  std::string_view index{};
};
inline std::string recorded_session(const std::vector<RecordedLook>& looks) {
  std::string text = "wss://www.example.com/ws <-> 1626993723.0\n";
  for (const RecordedLook& look : looks) {
    const std::int64_t ms = kRecordedNs / 1'000'000 + look.after_ms;
    for (const OptionQuote& quote : kOptionQuotes) {
      text += fmt::format(
          R"({}.{:03}: {{"jsonrpc":"2.0","method":"subscription","params":{{"channel":"ticker.{}.raw","data":{{"timestamp":{},"instrument_name":"{}","mark_price":{},"mark_iv":{:.2f},"underlying_price":{},"index_price":{}}}}}}})"
          "\n",
          ms / 1'000, ms % 1'000, quote.symbol, ms, quote.symbol, quote.mark,
          std::stod(std::string(quote.iv)) * 100, quote.forward, look.index);
    }
  }
  return text;
}

}  // namespace portcullis::test
