// Price histories from anywhere: no crash, every problem has a text, and what is accepted is days that
// rise with prices above zero.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "feeds/calibration/findings.h"
#include "feeds/calibration/prices.h"
#include "feeds/calibration/returns.h"

namespace {

using namespace portcullis::feeds::calibration;

void require(bool condition) {
  if (!condition) std::abort();
}

void parse(std::string_view text, const SeriesSource& source) {
  const ParsedPrices parsed = parse_prices(text, source);
  for (const portcullis::config::Problem& problem : parsed.problems)
    require(!to_text(problem).empty());
  if (!parsed.problems.empty()) return;
  const PriceSeries& series = parsed.series;
  require(!series.days.empty() && series.days.size() == series.prices.size());
  for (std::size_t i = 0; i < series.days.size(); ++i) {
    require(i == 0 || series.days[i] > series.days[i - 1]);
    require(std::isfinite(series.prices[i]) && series.prices[i] > 0);
  }
  const Calendar calendar = calendar_of({series});
  require(calendar.days == series.days);
  for (const double value : returns_of(series, calendar, 1).values)
    require(std::isfinite(value) && value >= -1);
  for (const Finding& finding : findings_of({series}, {})) require(!finding.text.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  parse(text, {.name = "X", .file = "x.csv"});
  parse(text, {.name = "X", .file = "x.csv", .column = "USD", .divisor = "JPY"});
  return 0;
}
