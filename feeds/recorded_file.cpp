#include "feeds/recorded_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <system_error>

#include "config/decimal.h"
#include "config/json.h"

namespace portcullis::feeds {

namespace {

using config::DecimalError;
using config::Json;

constexpr std::string_view kHeader = "time_ns,symbol,price";

// The three fields of a line as they stand there.
struct Row {
  std::string time;
  std::string symbol;
  std::string price;
  bool json_price = false;  // a JSON number: may have an exponent
};

// Each of these returns what is wrong with the line, or nothing.
std::string split_csv(std::string_view line, Row& row) {
  std::array<std::string*, 3> fields{&row.time, &row.symbol, &row.price};
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::size_t comma = line.find(',');
    if ((comma == std::string_view::npos) != (i + 1 == fields.size())) {
      return "must have three fields";
    }
    *fields[i] = line.substr(0, comma);
    if (comma != std::string_view::npos) line.remove_prefix(comma + 1);
  }
  return "";
}

std::string split_json(std::string_view line, Row& row) {
  const config::JsonResult result = config::parse_json(line);
  if (!result.error.empty()) return result.error;
  const Json* const time = result.json.find("time_ns");
  const Json* const symbol = result.json.find("symbol");
  const Json* const price = result.json.find("price");
  if (time == nullptr || symbol == nullptr || price == nullptr) {
    return "must be an object with time_ns, symbol and price";
  }
  if (time->kind != Json::Kind::Integer) return "time_ns must be a whole number";
  if (symbol->kind != Json::Kind::Text) return "symbol must be text";
  row.time = std::to_string(time->integer);
  row.symbol = symbol->text;
  switch (price->kind) {
    case Json::Kind::Text:
    case Json::Kind::Number:
      row.price = price->text;
      break;
    case Json::Kind::Integer:
      row.price = std::to_string(price->integer);
      break;
    case Json::Kind::Null:
    case Json::Kind::Bool:
    case Json::Kind::Array:
    case Json::Kind::Object:
      return "price must be a number or decimal text";
  }
  row.json_price = price->kind == Json::Kind::Number;
  return "";
}

class Recording {
 public:
  Recording(std::string_view name, config::FeedFormat format, const FeedTargets& targets)
      : name_(name), format_(format), targets_(targets) {}

  RecordedFile parse(std::string_view text) {
    for (std::size_t line_number = 1; !text.empty(); ++line_number) {
      const std::size_t end = text.find('\n');
      std::string_view line = text.substr(0, end);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line_number == 1 && format_ == config::FeedFormat::Csv) {
        if (line == kHeader) continue;
        file_.problems.push_back(fmt::format("{}:1: must be the header {}", name_, kHeader));
        break;
      }
      if (!line.empty()) add_line(line, line_number);
    }
    if (file_.prices.empty()) {
      file_.problems.push_back(fmt::format("{}: holds no price of this deployment", name_));
    }
    // Streams of several symbols may be recorded a little out of step with each other.
    std::stable_sort(
        file_.prices.begin(), file_.prices.end(),
        [](const RecordedPrice& a, const RecordedPrice& b) { return a.time_ns < b.time_ns; });
    file_.counts.prices = file_.prices.size();
    return std::move(file_);
  }

 private:
  struct Last {
    std::int64_t time_ns = 0;
    std::string price;
  };

  void add_line(std::string_view line, std::size_t line_number) {
    ++file_.counts.lines;
    Row row;
    std::string problem =
        format_ == config::FeedFormat::Csv ? split_csv(line, row) : split_json(line, row);
    if (problem.empty()) problem = add_row(row);
    if (problem.empty()) return;
    ++file_.counts.malformed;
    if (file_.problems.size() < kProblemsMax) {
      file_.problems.push_back(fmt::format("{}:{}: {}", name_, line_number, problem));
    }
  }

  std::string add_row(const Row& row) {
    const config::Decimal time = config::parse_decimal(row.time, 0);
    if (!time.ok()) return fmt::format("the time {}", describe(time.error));
    if (time.value < 0) return "the time is negative";
    const auto targets = targets_.find(row.symbol);
    if (targets == targets_.end()) {
      // A price nobody uses must still be one: a shifted column is not to pass as a foreign symbol.
      const DecimalError error = parse_price(row, 0).error;
      if (error == DecimalError::Empty || error == DecimalError::NotANumber) {
        return fmt::format("the price {}", describe(error));
      }
      ++file_.counts.unknown_symbol;
      return "";
    }

    std::vector<RecordedPrice> prices;
    bool cut_off = false;
    for (const FeedTarget& target : targets->second) {
      const config::Decimal price = parse_price(row, target.decimals);
      if (price.error == DecimalError::OutOfRange) return ++file_.counts.absurd, "";
      if (!price.ok() && price.error != DecimalError::TooManyDigits) {
        return fmt::format("the price {}", describe(price.error));
      }
      if (price.value <= 0) return ++file_.counts.not_positive, "";
      if (price.value > target.price_max) return ++file_.counts.absurd, "";
      cut_off |= price.error == DecimalError::TooManyDigits;
      prices.push_back({time.value, price.value, target.index, target.kind});
    }

    const auto [last, is_first] = last_.try_emplace(row.symbol);
    if (!is_first) {
      if (time.value < last->second.time_ns) return ++file_.counts.out_of_order, "";
      if (time.value == last->second.time_ns && row.price == last->second.price) {
        return ++file_.counts.duplicate, "";
      }
    }
    last->second = {time.value, row.price};
    ++file_.counts.taken;
    file_.counts.cut_off += cut_off ? 1 : 0;
    file_.prices.insert(file_.prices.end(), prices.begin(), prices.end());
    return "";
  }

  static config::Decimal parse_price(const Row& row, int decimals) {
    return row.json_price ? config::parse_json_number(row.price, decimals)
                          : config::parse_decimal(row.price, decimals);
  }

  std::string_view name_;
  config::FeedFormat format_;
  const FeedTargets& targets_;
  std::map<std::string, Last, std::less<>> last_;  // by symbol
  RecordedFile file_;
};

}  // namespace

FeedTargets feed_targets(const config::Deployment& deployment) {
  FeedTargets targets;
  for (std::uint32_t i = 0; i < deployment.instruments.size(); ++i) {
    const config::InstrumentSettings& instrument = deployment.instruments[i];
    if (instrument.feed_symbol.empty()) continue;
    targets[instrument.feed_symbol].push_back(
        {PriceUpdate::Kind::Mark, i, instrument.mark_decimals, instrument.mark_max.raw});
  }
  for (std::uint32_t a = 0; a < deployment.assets.size(); ++a) {
    const config::AssetSettings& asset = deployment.assets[a];
    if (asset.feed_symbol.empty()) continue;
    targets[asset.feed_symbol].push_back(
        {PriceUpdate::Kind::Index, a, asset.index_decimals, asset.index_max});
  }
  return targets;
}

RecordedFile parse_recorded(std::string_view text, std::string_view name, config::FeedFormat format,
                            const FeedTargets& targets) {
  return Recording(name, format, targets).parse(text);
}

RecordedFile read_recorded_file(const std::filesystem::path& file, config::FeedFormat format,
                                const FeedTargets& targets) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  if (error || size > kRecordedBytesMax) {
    return {.problems = {fmt::format("{}: {}", file.string(),
                                     error ? error.message() : "is larger than 2 GiB")}};
  }
  std::string text(size, '\0');
  std::ifstream stream(file, std::ios::binary);
  if (!stream.read(text.data(), static_cast<std::streamsize>(size))) {
    return {.problems = {fmt::format("{}: cannot be read", file.string())}};
  }
  return parse_recorded(text, file.filename().string(), format, targets);
}

}  // namespace portcullis::feeds
