#include "gateway/commands/calibration_inputs.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>

#include "config/json.h"
#include "risk/types.h"

namespace portcullis::gateway {

namespace {

namespace calibration = feeds::calibration;
using calibration::SeriesSource;

constexpr std::string_view kEnding = ".csv";
constexpr std::uintmax_t kBytesMax = std::uintmax_t{1} << 28;
constexpr std::size_t kSeriesMax = 64;

std::string sha256(const std::string& text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

std::optional<std::string> read_file(const std::filesystem::path& path) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error || size > kBytesMax) return std::nullopt;
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

// A factor's name in margin.json, and in the head line of a history beside it.
bool is_name(std::string_view name) {
  const auto fits = [](char c) { return c > ' ' && c <= '~' && c != ',' && c != '"'; };
  return !name.empty() && name.size() <= 32 && std::all_of(name.begin(), name.end(), fits);
}

std::string with_ending(std::string_view file) {
  return std::string(file) + (file.ends_with(kEnding) ? "" : std::string(kEnding));
}

// Of NAME=FILE[:COLUMN[/DIVISOR]]; none where it has another form.
std::optional<SeriesSource> source_of(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  SeriesSource source{.name = std::string(text.substr(0, equals))};
  std::string_view rest = text.substr(equals + 1);
  if (const std::size_t colon = rest.find(':'); colon != std::string_view::npos) {
    std::string_view column = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
    if (const std::size_t slash = column.find('/'); slash != std::string_view::npos) {
      source.divisor = column.substr(slash + 1);
      if (source.divisor.empty()) return std::nullopt;
      column = column.substr(0, slash);
    }
    source.column = column;
    if (source.column.empty()) return std::nullopt;
  }
  if (rest.empty() || rest.find('/') != std::string_view::npos) return std::nullopt;
  source.file = with_ending(rest);
  return source;
}

std::vector<SeriesSource> wanted_sources(const std::vector<std::string>& wanted,
                                         std::vector<config::Problem>& problems) {
  std::vector<SeriesSource> sources;
  for (const std::string& text : wanted) {
    if (auto source = source_of(text)) {
      sources.push_back(std::move(*source));
    } else {
      problems.push_back(
          {"--series", "", config::quote(text), "must be NAME=FILE[:COLUMN[/DIVISOR]]"});
    }
  }
  return sources;
}

std::vector<SeriesSource> sources_of(const std::filesystem::path& folder, PriceInputs& out) {
  std::vector<std::string> files;
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    std::string name = it->path().filename().string();
    if (name.ends_with(kEnding)) files.push_back(std::move(name));
  }
  if (error) {
    out.problems.push_back({folder.string(), "", "", "cannot be read: " + error.message()});
    return {};
  }
  std::sort(files.begin(), files.end());
  std::vector<SeriesSource> sources;
  for (const std::string& file : files) {
    const std::optional<std::string> text = read_file(folder / file);
    const std::size_t columns = text ? calibration::price_columns(*text).size() : 1;
    if (columns == 1) {
      sources.push_back({.name = file.substr(0, file.size() - kEnding.size()), .file = file});
    } else {
      out.left_out.push_back(
          columns == 0 ? fmt::format("{}: has no header that begins with Date", file)
                       : fmt::format("{}: has {} columns; --series NAME={}:COLUMN takes one", file,
                                     columns, file));
    }
  }
  if (sources.empty()) {
    out.problems.push_back({folder.string(), "", "", "has no .csv file with a date and a price"});
  }
  return sources;
}

}  // namespace

PriceInputs read_prices(const std::filesystem::path& folder, const std::vector<std::string>& wanted,
                        calibration::Day first, calibration::Day last) {
  PriceInputs out;
  out.sources = wanted.empty() ? sources_of(folder, out) : wanted_sources(wanted, out.problems);
  if (out.sources.size() > kSeriesMax) {
    out.problems.push_back({folder.string(), "", std::to_string(out.sources.size()),
                            fmt::format("more than {} histories", kSeriesMax)});
    return out;
  }
  std::set<std::string> names;
  for (const SeriesSource& source : out.sources) {
    if (!is_name(source.name)) {
      out.problems.push_back({source.file, "", config::quote(source.name),
                              "a name must have 1 to 32 printable ASCII characters without spaces, "
                              "commas and quotes: give it one with --series"});
      continue;
    }
    if (!names.insert(source.name).second) {
      out.problems.push_back(
          {source.file, "", config::quote(source.name), "another history has this name"});
      continue;
    }
    const std::optional<std::string> text = read_file(folder / source.file);
    if (!text) {
      out.problems.push_back({source.file, "", "", "cannot be read"});
      continue;
    }
    calibration::ParsedPrices parsed = calibration::parse_prices(*text, source);
    out.problems.insert(out.problems.end(), parsed.problems.begin(), parsed.problems.end());
    trim(parsed.series, first, last);
    out.series.push_back(std::move(parsed.series));
    out.sha256.push_back(sha256(*text));
  }
  return out;
}

PreviousShocks parse_previous(std::string_view text, const std::string& file, std::size_t horizon) {
  using Kind = config::Json::Kind;
  PreviousShocks out;
  const auto problem = [&](std::string path, std::string value, std::string what) {
    out.problems.push_back({file, std::move(path), std::move(value), std::move(what)});
  };
  const config::JsonResult parsed = config::parse_json(text);
  if (!parsed.error.empty()) {
    problem("", "", "is no JSON: " + parsed.error);
    return out;
  }
  const config::Json* const version = parsed.json.find("calibration");
  if (version == nullptr || version->kind != Kind::Integer || version->integer != 1) {
    problem("calibration", version == nullptr ? "" : to_text(*version),
            "must be 1: a file that calibrate has written");
    return out;
  }
  const config::Json* const settings = parsed.json.find("settings");
  const config::Json* const days = settings == nullptr ? nullptr : settings->find("horizon_days");
  if (days == nullptr || days->kind != Kind::Integer ||
      days->integer != static_cast<std::int64_t>(horizon)) {
    problem("settings.horizon_days", days == nullptr ? "" : to_text(*days),
            fmt::format("must be {}, the margin period of now", horizon));
  }
  const config::Json* const factors = parsed.json.find("factors");
  if (factors == nullptr || factors->kind != Kind::Object) {
    problem("factors", "", "is missing");
    return out;
  }
  for (const config::JsonMember& factor : factors->members) {
    const config::Json* const shock = factor.value.find("shock_ppm");
    if (shock == nullptr || shock->kind != Kind::Integer || shock->integer < 1 ||
        shock->integer > 100 * risk::kPpm) {
      problem("factors." + factor.name + ".shock_ppm", shock == nullptr ? "" : to_text(*shock),
              "must be a whole number of ppm from 1 to 100000000");
      continue;
    }
    out.shocks_ppm[factor.name] = shock->integer;
  }
  return out;
}

}  // namespace portcullis::gateway
