// Recorded prices from anywhere, as CSV and as JSON lines: no crash, each line counted once, and what
// is taken is in order and may be believed. The first byte chooses the format: J JSON lines.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "feeds/recorded_file.h"

namespace {

using namespace portcullis;
using namespace portcullis::feeds;

void require(bool condition) {
  if (!condition) std::abort();
}

constexpr std::int64_t kPriceMax = 1'000'000'000;

const FeedTargets& targets() {
  using Kind = PriceUpdate::Kind;
  static const FeedTargets targets = {
      {"BTC", {{Kind::Mark, 0, 1, kPriceMax}, {Kind::Index, 0, 2, kPriceMax}}},
      {"E/U", {{Kind::Mark, 1, 5, kPriceMax}}}};
  return targets;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const bool is_json = text.front() == 'J';
  const RecordedFile file =
      parse_recorded(is_json ? text.substr(1) : text, "fuzz",
                     is_json ? config::FeedFormat::JsonLines : config::FeedFormat::Csv, targets());
  const RecordedCounts& counts = file.counts;
  require(counts.taken + counts.malformed + counts.unknown_symbol + counts.out_of_order +
              counts.duplicate + counts.not_positive + counts.absurd ==
          counts.lines);
  require(counts.prices == file.prices.size() && counts.prices <= 2 * counts.taken);
  require(file.problems.size() <= kProblemsMax + 1);
  require((counts.malformed > 0 || file.prices.empty()) == !file.problems.empty());
  for (std::size_t p = 0; p < file.prices.size(); ++p) {
    const RecordedPrice& price = file.prices[p];
    require(price.price > 0 && price.price <= kPriceMax && price.index <= 1);
    require(p == 0 || file.prices[p - 1].time_ns <= price.time_ns);
  }
  return 0;
}
