// What the steps of loading have in common.
#include <algorithm>

#include "config/load_steps.h"

namespace portcullis::config {

void check_name(JsonReader& reader, std::string_view key) {
  const auto is_printable = [](char c) { return c >= ' ' && c <= '~'; };
  const bool fits = !key.empty() && key.size() <= 32 && key.front() != ' ' && key.back() != ' ';
  if (fits && std::all_of(key.begin(), key.end(), is_printable)) return;
  reader.problem(key,
                 "a name must have 1 to 32 printable ASCII characters and no spaces at its ends");
}

std::filesystem::path read_path(const Loading& loading, JsonReader& reader, std::string_view key) {
  const auto path = reader.text(key, 1, 4096);
  return path ? loading.out.folder / *path : std::filesystem::path();
}

PasswordSource read_password_source(const Loading& loading, JsonReader& reader) {
  PasswordSource source;
  if (reader.has("password_env") && reader.has("password_file")) {
    reader.problem("password_file", "must not be there beside password_env");
    reader.problem("password_env", "must not be there beside password_file");
  } else if (reader.has("password_file")) {
    source.file = read_path(loading, reader, "password_file");
  } else {
    source.environment = reader.text("password_env", 1, 255).value_or("");
  }
  return source;
}

risk::RateLimit read_rate(JsonReader reader) {
  constexpr std::int64_t kPerSecondMax = 1'000'000'000;
  constexpr std::int64_t kBurstMax = 1'000'000;
  risk::RateLimit rate;
  rate.per_second = reader.integer("per_second", 1, kPerSecondMax).value_or(0);
  rate.burst = reader.integer("burst", 1, kBurstMax).value_or(0);
  rate.exit_per_second = reader.integer("exit_per_second", 1, kPerSecondMax).value_or(0);
  rate.exit_burst = reader.integer("exit_burst", 1, kBurstMax).value_or(0);
  return rate;
}

std::int64_t read_ns(JsonReader& reader, std::string_view key, std::int64_t ns_per_unit,
                     std::int64_t min, std::int64_t max) {
  return reader.integer(key, min, max).value_or(0) * ns_per_unit;
}

Range range_of(const Loading& loading, risk::FactorIndex factor) {
  Range range;
  if (!loading.margin_ok || !factor.exists()) return range;
  const risk::Parameters& parameters = loading.out.parameters;
  for (std::size_t g = 0; g < parameters.groups.size(); ++g) {
    const risk::GroupParameters& group = parameters.groups[g];
    const std::uint32_t local = factor.value - group.first_factor;
    if (factor.value < group.first_factor || local >= group.factor_count) continue;
    for (const risk::SetParameters& set : parameters.sets) {
      for (std::uint32_t c = 0; c < set.column_count[g]; ++c) {
        const std::size_t at = std::size_t{local} * group.column_count + set.first_column[g] + c;
        const std::int64_t shock = group.shock_ppm[at];
        range.any_down_ppm = std::max(range.any_down_ppm, -shock);
        range.any_up_ppm = std::max(range.any_up_ppm, shock);
        if (set.scope != risk::SetScope::PerGroup) continue;
        range.down_ppm = std::max(range.down_ppm, -shock);
        range.up_ppm = std::max(range.up_ppm, shock);
      }
    }
  }
  return range;
}

}  // namespace portcullis::config
