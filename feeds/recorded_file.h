// A recording of prices, read whole into memory before it is played.
//
// CSV: a header line "time_ns,symbol,price" and then lines of these three; or JSON lines, one
// object
// {"time_ns": .., "symbol": "..", "price": ".."} each. time_ns is a whole number of nanoseconds,
// from any origin (midnight, the epoch, the start of a run): what counts is the time between the
// rows. The price is decimal text (in JSON also a number); it is read exactly. Digits finer than
// the units of the instrument are cut off and counted.
//
// Nothing is invented: a row that cannot be believed is left out and counted, and its instrument
// keeps the price before it until that is stale.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/deployment.h"
#include "feeds/price_update.h"

namespace portcullis::feeds {

// What one symbol of a feed is the price of; a symbol may be that of several things.
struct FeedTarget {
  PriceUpdate::Kind kind = PriceUpdate::Kind::Mark;
  std::uint32_t index = 0;
  int decimals = 0;            // a unit is 10^-decimals
  std::int64_t price_max = 0;  // in units; more is not believed
};
using FeedTargets = std::map<std::string, std::vector<FeedTarget>, std::less<>>;

[[nodiscard]] FeedTargets feed_targets(const config::Deployment& deployment);

struct RecordedPrice {
  std::int64_t time_ns = 0;
  std::int64_t price = 0;
  std::uint32_t index = 0;
  PriceUpdate::Kind kind = PriceUpdate::Kind::Mark;
  friend bool operator==(const RecordedPrice&, const RecordedPrice&) = default;
};

// Lines, except `prices` and `cut_off`. Every line but the header and empty ones is counted under
// `taken` or under one of the reasons why it was left out.
struct RecordedCounts {
  std::uint64_t lines = 0;
  std::uint64_t taken = 0;
  std::uint64_t prices = 0;  // a line gives one for each target of its symbol
  std::uint64_t cut_off = 0;
  std::uint64_t malformed = 0;       // named in `problems`
  std::uint64_t unknown_symbol = 0;  // of no instrument and no asset here
  std::uint64_t out_of_order = 0;    // older than the row of the same symbol before it
  std::uint64_t duplicate = 0;       // the same as the row of the same symbol before it
  std::uint64_t not_positive = 0;    // zero (also by cutting off) or negative
  std::uint64_t absurd = 0;          // above price_max
  friend bool operator==(const RecordedCounts&, const RecordedCounts&) = default;
};

struct RecordedFile {
  std::vector<RecordedPrice> prices{};  // by time, and in the order of the file where that is equal
  RecordedCounts counts{};
  // "marks.csv:17: the price is not a number": the first kProblemsMax malformed lines; or that the
  // file cannot be read, or holds no price at all.
  std::vector<std::string> problems;
};
inline constexpr std::size_t kProblemsMax = 20;
inline constexpr std::uintmax_t kRecordedBytesMax = std::uintmax_t{1} << 31;

[[nodiscard]] RecordedFile read_recorded_file(const std::filesystem::path& file,
                                              config::FeedFormat format,
                                              const FeedTargets& targets);

// The same from text; `name` stands for the file in problems.
[[nodiscard]] RecordedFile parse_recorded(std::string_view text, std::string_view name,
                                          config::FeedFormat format, const FeedTargets& targets);

}  // namespace portcullis::feeds
