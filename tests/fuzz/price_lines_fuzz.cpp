// Lines of prices from anywhere, cut into pieces anywhere: no crash, each line counted once, nothing
// taken that cannot be, and the same whatever the pieces.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "feeds/live/price_lines.h"

namespace {

using namespace portcullis::feeds;

constexpr std::int64_t kNowNs = 1'700'000'000'000'000'000;
const PriceLineSettings kSettings{.name = "own", .line_bytes_max = 64, .symbols_max = 3};

void require(bool condition) {
  if (!condition) std::abort();
}

struct Result {
  std::string answers{};
  std::vector<MarketUpdate> updates{};
  bool goes_on = true;
};

Result take(PriceLines& lines, std::string_view text, std::size_t piece) {
  Result result;
  lines.connected();
  while (!text.empty() && result.goes_on) {
    result.goes_on = lines.take(
        text.substr(0, piece), kNowNs,
        [&](const MarketUpdate& update) { result.updates.push_back(update); }, result.answers);
    text.remove_prefix(std::min(piece, text.size()));
  }
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  PriceLines whole(kSettings);
  const Result result = take(whole, text, size);
  for (const MarketUpdate& update : result.updates) {
    require(!update.symbol.empty() && update.symbol.size() <= 64);
    require(update.source_time_ns >= 0 && update.source_time_ns <= kNowNs + kSettings.ahead_max_ns);
    const bool has_mark = update[MarketField::Mark].has_value();
    const auto& price = update[has_mark ? MarketField::Mark : MarketField::Index];
    require(has_mark != update[MarketField::Index].has_value());
    require(price->digits > 0);
  }
  const SourceCounters& counters = whole.counters();
  require(counters.updates == result.updates.size());
  require(counters.updates == whole.outcomes()[UpdateOutcome::Taken]);
  require(counters.updates + counters.errors <= counters.messages);
  require(counters.malformed <= counters.errors);
  require(result.updates.empty() || whole.has_name());

  const std::size_t piece = size == 0 ? 1 : 1 + data[size - 1] % 7;
  PriceLines parts(kSettings);
  const Result same = take(parts, text, piece);
  require(same.answers == result.answers && same.goes_on == result.goes_on);
  require(same.updates.size() == result.updates.size());
  require(parts.outcomes().outcomes == whole.outcomes().outcomes);
  return 0;
}
