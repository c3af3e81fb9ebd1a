#include "gateway/commands/journal_time.h"

#include <fmt/format.h>

#include <string>

#include "config/decimal.h"
#include "config/iso_time.h"

namespace portcullis::gateway {

std::optional<std::int64_t> parse_time(std::string_view text, std::int64_t day_of_ns) {
  constexpr int kNanosecondScale = 9;
  const bool is_of_day = text.find('T') == std::string_view::npos;
  std::string whole(text);
  if (is_of_day) {
    const std::string day = config::to_iso_time({day_of_ns});
    whole = day.substr(0, day.find('T') + 1) + whole + 'Z';
  }
  std::int64_t fraction = 0;
  if (const std::size_t point = whole.find('.'); point != std::string::npos) {
    if (whole.back() != 'Z') return std::nullopt;
    const std::string digits =
        fmt::format("0{}", std::string_view(whole).substr(point, whole.size() - 1 - point));
    const config::Decimal parsed = config::parse_decimal(digits, kNanosecondScale);
    if (!parsed.ok()) return std::nullopt;
    fraction = parsed.value;
    whole.erase(point, whole.size() - 1 - point);
  }
  const auto seconds = config::parse_iso_time(whole);
  if (!seconds) return std::nullopt;
  return seconds->ns + fraction;
}

}  // namespace portcullis::gateway
