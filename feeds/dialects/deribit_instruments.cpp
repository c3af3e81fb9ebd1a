#include "feeds/dialects/deribit_instruments.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <set>

#include "config/json.h"
#include "risk/types.h"

namespace portcullis::feeds {

namespace {

using config::ExactDecimal;
using config::Json;

constexpr std::array<std::string_view, 12> kMonths = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                      "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::int64_t kMsPerDay = 86'400'000;
using risk::kNsPerMs;
constexpr std::int64_t kExpiryMsMax = 9'000'000'000'000;  // of the year 2255

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_currency(std::string_view text) {
  return !text.empty() && text.size() <= 16 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || is_digit(c);
  });
}

// Of DMMMYY.
std::optional<std::int64_t> parse_day(std::string_view text) {
  if (text.size() < 6 || text.size() > 7) return std::nullopt;
  unsigned day = 0;
  for (; is_digit(text.front()) && text.size() > 5; text.remove_prefix(1)) {
    day = day * 10 + static_cast<unsigned>(text.front() - '0');
  }
  if (text.size() != 5 || !is_digit(text[3]) || !is_digit(text[4])) return std::nullopt;
  const auto* const month = std::find(kMonths.begin(), kMonths.end(), text.substr(0, 3));
  const std::chrono::year_month_day date(
      std::chrono::year(2000 + (text[3] - '0') * 10 + (text[4] - '0')),
      std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
      std::chrono::day(day));
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count();
}

std::optional<ExactDecimal> parse_strike(std::string_view text) {
  std::string decimal(text);
  if (decimal.find_first_not_of("0123456789d") != std::string::npos) return std::nullopt;
  std::replace(decimal.begin(), decimal.end(), 'd', '.');
  const config::ExactResult strike = config::parse_exact(decimal, true);
  if (!strike.ok() || strike.number.digits <= 0) return std::nullopt;
  return strike.number;
}

// One entry of the list, member by member. The first thing that is wrong counts.
class Entry {
 public:
  explicit Entry(const Json& json) : json_(json) {}

  [[nodiscard]] const std::string& problem() const { return problem_; }
  void fail(std::string what) {
    if (problem_.empty()) problem_ = std::move(what);
  }

  std::string text(std::string_view name, bool required) {
    const Json* const value = json_.find(name);
    if (value != nullptr && value->kind == Json::Kind::Text) return value->text;
    const bool is_absent = value == nullptr || value->kind == Json::Kind::Null;
    if (!is_absent) fail(fmt::format("{} must be text", name));
    if (required) fail(fmt::format("{} is missing", name));
    return {};
  }

  // Above zero.
  ExactDecimal number(std::string_view name) {
    const Json* const value = json_.find(name);
    config::ExactResult result;
    if (value == nullptr) {
      fail(fmt::format("{} is missing", name));
    } else if (value->kind == Json::Kind::Integer) {
      result.number.digits = value->integer;
    } else if (value->kind == Json::Kind::Number || value->kind == Json::Kind::Text) {
      result = config::parse_exact(value->text, value->kind == Json::Kind::Number);
    } else {
      result.error = config::DecimalError::NotANumber;
    }
    if (!result.ok()) fail(fmt::format("{} {}", name, describe(result.error)));
    if (result.number.digits <= 0) fail(fmt::format("{} is not above zero", name));
    return result.number;
  }

  bool yes(std::string_view name) {
    const Json* const value = json_.find(name);
    return value != nullptr && value->kind == Json::Kind::Bool && value->boolean;
  }

 private:
  const Json& json_;
  std::string problem_;
};

OptionDescription read_option(Entry& entry, const std::string& name) {
  OptionDescription option;
  option.name = name;
  const auto parsed = parse_deribit_option_name(name);
  if (!parsed) {
    entry.fail("the name is not that of an option");
    return option;
  }
  const std::string kind = entry.text("option_type", true);
  const ExactDecimal expiry = entry.number("expiration_timestamp");
  const std::string quote = entry.text("quote_currency", true);
  const std::string counter = entry.text("counter_currency", false);
  option.kind = kind == "call" ? OptionKind::Call : OptionKind::Put;
  option.strike = entry.number("strike");
  option.base = entry.text("base_currency", true);
  option.settlement = entry.text("settlement_currency", false);
  if (option.settlement.empty()) option.settlement = quote;
  option.contract_size = entry.number("contract_size");
  option.is_active = entry.yes("is_active");
  if (!entry.problem().empty()) return option;

  const auto differs = [&](std::string_view field, std::string_view value) {
    entry.fail(fmt::format("{} {} is not that of the name", field, value));
  };
  if (kind != "call" && kind != "put") entry.fail("option_type must be \"call\" or \"put\"");
  if (option.kind != parsed->kind) differs("option_type", kind);
  if (option.strike != parsed->strike) differs("strike", to_decimal(option.strike));
  if (option.base != parsed->currency) differs("base_currency", option.base);
  // The pair of a linear option is in its name; others are against USD.
  if (!parsed->quote.empty() && !counter.empty() && counter != parsed->quote) {
    differs("counter_currency", counter);
  }
  if (expiry.scale != 0 || expiry.digits > kExpiryMsMax) {
    entry.fail("expiration_timestamp is no time in milliseconds");
  } else {
    option.expiry_ns = expiry.digits * kNsPerMs;
    if (expiry.digits / kMsPerDay != parsed->day) {
      differs("expiration_timestamp", to_decimal(expiry));
    }
  }
  return option;
}

}  // namespace

std::optional<OptionName> parse_deribit_option_name(std::string_view name) {
  std::array<std::string_view, 4> parts{};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t dash = name.find('-');
    if ((dash == std::string_view::npos) != (i + 1 == parts.size())) return std::nullopt;
    parts[i] = name.substr(0, dash);
    name.remove_prefix(dash == std::string_view::npos ? name.size() : dash + 1);
  }
  OptionName option;
  const std::size_t underscore = parts[0].find('_');
  option.currency = parts[0].substr(0, underscore);
  if (underscore != std::string_view::npos) {
    option.quote = parts[0].substr(underscore + 1);
    if (!is_currency(option.quote)) return std::nullopt;
  }
  const auto day = parse_day(parts[1]);
  const auto strike = parse_strike(parts[2]);
  if (!is_currency(option.currency) || !day || !strike) return std::nullopt;
  if (parts[3] != "C" && parts[3] != "P") return std::nullopt;
  option.day = *day;
  option.strike = *strike;
  option.kind = parts[3] == "C" ? OptionKind::Call : OptionKind::Put;
  return option;
}

DeribitInstruments read_deribit_instruments(std::string_view reply) {
  DeribitInstruments out;
  const config::JsonResult parsed = config::parse_json(reply);
  if (!parsed.error.empty()) {
    out.problems.push_back(parsed.error);
    return out;
  }
  const Json* const result = parsed.json.find("result");
  if (result == nullptr || result->kind != Json::Kind::Array) {
    out.problems.push_back("result must be a list of instruments");
    return out;
  }
  std::set<std::string> names;
  for (const Json& item : result->items) {
    Entry entry(item);
    const std::string name = entry.text("instrument_name", true);
    const std::string kind = entry.text("kind", true);
    if (entry.problem().empty() && kind != "option") {
      ++out.others;
      continue;
    }
    OptionDescription option;
    if (entry.problem().empty()) option = read_option(entry, name);
    if (entry.problem().empty() && !names.insert(name).second) entry.fail("is there twice");
    if (entry.problem().empty()) {
      out.options.push_back(std::move(option));
      continue;
    }
    ++out.refused;
    if (out.problems.size() < kInstrumentProblemsMax) {
      out.problems.push_back(
          fmt::format("{}: {}", name.empty() ? "(no name)" : config::quote(name), entry.problem()));
    }
  }
  return out;
}

}  // namespace portcullis::feeds
