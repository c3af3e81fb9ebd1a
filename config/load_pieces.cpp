// What the steps of loading have in common.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "config/decimal.h"
#include "config/ip_address.h"
#include "config/load_steps.h"

namespace portcullis::config {

void check_name(JsonReader& reader, std::string_view key) {
  const auto is_printable = [](char c) { return c >= ' ' && c <= '~'; };
  const bool fits = !key.empty() && key.size() <= 32 && key.front() != ' ' && key.back() != ' ';
  if (fits && std::all_of(key.begin(), key.end(), is_printable)) return;
  reader.problem(key,
                 "a name must have 1 to 32 printable ASCII characters and no spaces at its ends");
}

std::string read_address(JsonReader& reader) {
  std::string text = reader.text("address", 1, 64).value_or("");
  if (!text.empty() && !is_ip_address(text)) reader.problem("address", "must be an IP address");
  return text;
}

std::filesystem::path read_path(const Loading& loading, JsonReader& reader, std::string_view key) {
  const auto path = reader.text(key, 1, 4096);
  return path ? loading.out.folder / *path : std::filesystem::path();
}

PasswordSource read_secret_source(const Loading& loading, JsonReader& reader) {
  const auto [environment, file] = kSigningKeys;
  PasswordSource source;
  if (reader.has(environment) && reader.has(file)) {
    reader.problem(file, fmt::format("must not be there beside {}", environment));
    reader.problem(environment, fmt::format("must not be there beside {}", file));
  } else if (reader.has(file)) {
    source.file = read_path(loading, reader, file);
  } else if (reader.has(environment) || !loading.canonical) {
    source.environment = reader.text(environment, 1, 255).value_or("");
  }
  return source;
}

PasswordSource read_password_source(const Loading& loading, JsonReader& reader, PasswordOf whose) {
  PasswordSource source;
  std::vector<std::string_view> there;
  for (const std::string_view key : kCredentialKeys) {
    if (whose == PasswordOf::Venue && key == "password_hash") continue;
    if (reader.has(key)) there.push_back(key);
  }
  if (there.empty() && loading.canonical) return source;
  if (there.size() > 1) {
    for (std::size_t i = there.size(); i-- > 0;) {
      reader.problem(there[i], fmt::format("must not be there beside {}", there[i == 0 ? 1 : 0]));
    }
  } else if (there.empty() || there[0] == "password_env") {
    source.environment = reader.text("password_env", 1, 255).value_or("");
  } else if (there[0] == "password_file") {
    source.file = read_path(loading, reader, "password_file");
  } else if (const auto text = reader.text("password_hash", 1, 255)) {
    source.hash = parse_password_hash(*text);
    if (!source.hash) {
      reader.problem("password_hash", "must be a line that portcullis password has printed");
    }
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

std::int64_t read_ppm_or(JsonReader& reader, std::string_view key, std::int64_t min,
                         std::int64_t max, std::int64_t by_default) {
  if (!reader.has(key)) return by_default;
  return reader.decimal(key, kPpmScale, min, max).value_or(by_default);
}

bool read_bool_or(JsonReader& reader, std::string_view key, bool by_default) {
  if (!reader.has(key)) return by_default;
  return reader.boolean(key).value_or(by_default);
}

risk::Lots read_lots(JsonReader& reader, std::string_view key,
                     const InstrumentSettings& instrument) {
  if (instrument.lot == 0) {  // the instrument's fault, and told there
    reader.skip(key);
    return {};
  }
  const std::int64_t max =
      static_cast<std::int64_t>(std::min(risk::Int128{kLotsMax} * instrument.lot,
                                         risk::Int128{std::numeric_limits<std::int64_t>::max()}));
  const auto quantity = reader.decimal(key, instrument.quantity_decimals, 0, max);
  if (!quantity) return {};
  if (*quantity % instrument.lot != 0) {
    reader.problem(key, fmt::format("must be a whole number of lots of {}",
                                    to_decimal(instrument.lot, instrument.quantity_decimals)));
  }
  return {*quantity / instrument.lot};
}

risk::Value read_value(const Loading& loading, JsonReader& reader, std::string_view key) {
  if (!loading.currency_ok && reader.has(key)) {  // its fault, and told there
    reader.skip(key);
    return {};
  }
  return {reader.decimal(key, loading.out.risk_decimals, 0, risk::kValueMax).value_or(0)};
}

void read_tiers(JsonReader& reader, std::string_view key, int scale, std::int64_t max,
                const std::function<void(JsonReader& item, const Tier& tier)>& visit) {
  bool is_open = true;  // no tier without an end yet
  std::optional<std::int64_t> end;
  reader.each_item(key, [&](JsonReader& item) {
    if (!item.readable()) return;
    if (!is_open) item.problem("", "the tier before it has no end already");
    Tier tier;
    tier.follows = is_open && end.has_value();
    if (item.null("upto")) {
      is_open = false;
    } else {
      tier.upto = item.decimal("upto", scale, 1, max);
      if (tier.upto && tier.follows && *tier.upto <= *end) {
        item.problem("upto", "must be more than that of the tier before it");
      }
      if (!tier.upto) tier.upto = end.value_or(1);
      end = tier.upto;
    }
    visit(item, tier);
  });
  if (is_open && reader.is_list(key)) {
    reader.problem(key, "must end with a tier whose upto is null");
  }
}

risk::GroupIndex group_of(const Loading& loading, risk::FactorIndex factor) {
  const std::vector<risk::GroupParameters>& groups = loading.out.parameters.groups;
  for (std::uint32_t g = 0; g < groups.size(); ++g) {
    if (factor.value < groups[g].first_factor) continue;
    if (factor.value - groups[g].first_factor < groups[g].factor_count) return {g};
  }
  return {};
}

Range range_of(const Loading& loading, risk::FactorIndex factor) {
  Range range;
  const risk::GroupIndex index = group_of(loading, factor);
  if (!loading.margin_ok || !index.exists()) return range;
  const risk::GroupParameters& group = loading.out.parameters.groups[index.value];
  const std::size_t first = std::size_t{factor.value - group.first_factor} * group.column_count;
  for (const risk::SetParameters& set : loading.out.parameters.sets) {
    for (std::uint32_t c = 0; c < set.column_count[index.value]; ++c) {
      const std::int64_t shock = group.shock_ppm[first + set.first_column[index.value] + c];
      range.down_ppm = std::max(range.down_ppm, -shock);
      range.up_ppm = std::max(range.up_ppm, shock);
      if (set.action != risk::SetAction::Enforce) continue;
      range.enforced_down_ppm = std::max(range.enforced_down_ppm, -shock);
    }
  }
  return range;
}

}  // namespace portcullis::config
