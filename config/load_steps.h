// The steps of loading, one for each file, in the order in which they need each other. Internal to
// config/.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "config/deployment.h"
#include "config/json_reader.h"
#include "config/ratio.h"

namespace portcullis::config {

inline constexpr std::string_view kProcessFile = "process.json";
inline constexpr std::string_view kAssetsFile = "assets.json";
inline constexpr std::string_view kMarginFile = "margin.json";
inline constexpr std::string_view kInstrumentsFile = "instruments.json";
inline constexpr std::string_view kFeedsFile = "feeds.json";
inline constexpr std::string_view kLimitsFile = "limits.json";
inline constexpr std::string_view kSessionsFile = "sessions.json";

inline constexpr std::int64_t kNsPerUs = 1'000;
inline constexpr std::int64_t kNsPerMs = 1'000'000;
inline constexpr int kPpmScale = 6;  // a share as decimal text -> ppm

// What the steps leave each other. Fields of `out` that could not be read keep their defaults; the
// flags say which values a relation can rely on, so that one mistake is not told twice.
struct Loading {
  Deployment& out;
  std::vector<Problem>& problems;
  bool assets_ok = false;
  bool margin_ok = false;
  struct Instrument {
    std::optional<Ratio> tick;
    std::optional<Ratio> lot;
    bool ok = false;
  };
  std::vector<Instrument> instruments;

  [[nodiscard]] std::size_t problem_count() const { return problems.size(); }
};

// By file, in the order of the calls.
void load_margin(Loading& loading, const Json& json);
void load_assets(Loading& loading, const Json& json);
void load_instruments(Loading& loading, const Json& json);
void load_feeds(Loading& loading, const Json& json);
void load_limits(Loading& loading, const Json& json);
void load_sessions(Loading& loading, const Json& json);
void load_process(Loading& loading, const Json& json);
// Relations between files.
void check_relations(Loading& loading);

// How far a factor moves in the enforced sets, in ppm. Zeros for no factor, and where margin.json
// could not be read.
struct Range {
  std::int64_t down_ppm = 0;      // the largest fall in the per-group sets
  std::int64_t up_ppm = 0;        // the largest rise in them
  std::int64_t any_down_ppm = 0;  // the largest fall in all sets
  std::int64_t any_up_ppm = 0;    // the largest rise in all sets
};
Range range_of(const Loading& loading, risk::FactorIndex factor);

// --- pieces that several files have

// Records a problem unless the key can be a name: 1 to 32 printable ASCII characters, no spaces at
// the ends.
void check_name(JsonReader& reader, std::string_view key);
// Printable ASCII padded with spaces.
template <std::size_t kSize>
std::array<char, kSize> padded(std::string_view text) {
  std::array<char, kSize> wire{};
  wire.fill(' ');
  text.copy(wire.data(), kSize);
  return wire;
}
// password_env or password_file: exactly one.
PasswordSource read_password_source(const Loading& loading, JsonReader& reader);
std::filesystem::path read_path(const Loading& loading, JsonReader& reader, std::string_view key);
risk::RateLimit read_rate(JsonReader reader);
// price_scale and quantity_scale of an alias of this instrument; what the link can carry is that of
// this alias alone.
Alias read_alias(const Loading& loading, JsonReader& reader, std::string_view symbol,
                 risk::InstrumentIndex instrument);
// Milliseconds or microseconds to nanoseconds.
std::int64_t read_ns(JsonReader& reader, std::string_view key, std::int64_t ns_per_unit,
                     std::int64_t min, std::int64_t max);

}  // namespace portcullis::config
