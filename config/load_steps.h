// The steps of loading, in the order in which they need each other. Internal to config/.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/deployment.h"
#include "config/json_reader.h"
#include "config/ratio.h"
#include "config/warnings.h"

namespace portcullis::config {

inline constexpr std::string_view kProcessFile = "process.json";
inline constexpr std::string_view kAssetsFile = "assets.json";
inline constexpr std::string_view kMarginFile = "margin.json";
inline constexpr std::string_view kInstrumentsFile = "instruments.json";
inline constexpr std::string_view kFeedsFile = "feeds.json";
inline constexpr std::string_view kLimitsFile = "limits.json";
inline constexpr std::string_view kSessionsFile = "sessions.json";
// Files that margin.json names end so, and the seven above do not.
inline constexpr std::string_view kHistoryEnding = ".csv";

// Keys that tell where a secret is, or its hash: they are in no canonical text.
inline constexpr std::array<std::string_view, 3> kCredentialKeys{"password_env", "password_file",
                                                                 "password_hash"};
inline constexpr std::array<std::string_view, 2> kSigningKeys{"secret_env", "secret_file"};

using risk::kNsPerMs;
using risk::kNsPerUs;
inline constexpr std::int64_t kLeverageMax = 1'000 * risk::kPpm;
inline constexpr std::int64_t kAgeMsMax = 1'000'000'000;
// Of what does not age: long, and now plus it is still a time.
inline constexpr std::int64_t kNeverStaleNs = 4'000'000'000'000'000'000;
inline constexpr std::int64_t kUnitsMax = std::int64_t{1} << 60;
inline constexpr std::int64_t kLotsMax = 1'000'000'000'000;  // so that sums over all accounts fit

// A file of the folder by its name; none when it cannot be read.
using ReadFile = std::function<std::optional<std::string>(const std::string& name)>;

// What the steps leave each other. Fields of `out` that could not be read keep their defaults; the
// flags say which values a relation can rely on, so that one mistake is not told twice.
struct Loading {
  Deployment& out;
  std::vector<Problem>& problems;
  const ReadFile& read_file;
  bool canonical = false;  // the files' canonical text, which tells of no passwords
  RegimeChoice regimes = last_regimes();
  std::map<std::string, std::string> histories{};  // files that margin.json names, by name
  bool currency_ok = false;
  bool assets_ok = false;
  bool margin_ok = false;
  bool instruments_ok = false;
  bool add_ons_ok = false;
  bool sources_ok = false;
  struct Instrument {
    std::optional<Ratio> tick;
    std::optional<Ratio> lot;
    bool ok = false;
  };
  std::vector<Instrument> instruments{};
  std::vector<std::string> table_anchors{};  // by group, as margin.json names them; empty: none
  std::vector<std::string> regime_marks{};   // likewise, by place in Deployment::regimes

  [[nodiscard]] std::size_t problem_count() const { return problems.size(); }
};

// In the order of the calls. assets.json is read in two steps, since all values are in the risk
// currency, and margin.json too, since add-ons name instruments.
void load_currency(Loading& loading, const Json& json);
void load_margin(Loading& loading, const Json& json);
void load_assets(Loading& loading, const Json& json);
void load_instruments(Loading& loading, const Json& json);
void load_add_ons(Loading& loading, const Json& json);
void load_feeds(Loading& loading, const Json& json);
void load_limits(Loading& loading, const Json& json);
void load_sessions(Loading& loading, const Json& json);
void load_process(Loading& loading, const Json& json);

// --- parts of a file that have a source of their own

// margin.json: sets (load_sets.cpp). `groups` is told what the sets do to a group.
void read_sets(Loading& loading, JsonReader& root, JsonReader& groups);
// margin.json: regimes (load_regimes.cpp). What a factor's moves are multiplied by, ppm; the marks, when
// the instruments are known; and what the regimes in force leave of the profiles' leverage.
void read_regimes(Loading& loading, JsonReader& root);
[[nodiscard]] std::int64_t shock_ppm_of(const Loading& loading, risk::FactorIndex factor);
void find_regime_marks(Loading& loading);
void cap_leverage(Deployment& deployment);
// limits.json: profiles (load_profiles.cpp). By profile: what an account needs.
struct ProfileTraits {
  bool has_leverage = false;
  bool has_daily_loss = false;
  bool ok = false;
};
std::vector<ProfileTraits> read_profiles(Loading& loading, JsonReader profiles);
// A problem where an instrument's collar is wider than what closing surely pays for (METHOD 3.6).
void check_collar(const Loading& loading, JsonReader& in, risk::InstrumentIndex index,
                  const risk::InstrumentLimits& limits);
// The sums of an account's scenarios, of which this is the profile, must fit their integers.
void check_scenario_sums(Loading& loading, ProfileIndex profile);
// And what the account's protections let its quotes lose beside them.
void check_protections(Loading& loading, risk::AccountIndex account);

// limits.json: warnings (load_warnings.cpp).
WarningSettings read_warnings(JsonReader& in);

// feeds.json: sources (load_sources.cpp), and the reference of a price (load_references.cpp), of which `reference` says which it is. `age_max_ns`
// is the age at which the engine refuses it; 0: not known.
void load_sources(Loading& loading, JsonReader& root);
// Once all references are read: a stream that none of them needs.
void check_sources_in_use(const Loading& loading, JsonReader& root);
void read_reference(Loading& loading, JsonReader in, ReferenceSettings reference,
                    std::int64_t age_max_ns);

// A topic of a venue's stream, and a word of a line.
void check_live_symbol(JsonReader& reader, const SourceSettings& source, const std::string& symbol);
// By which what a source says is multiplied; 1 where the key is absent.
Ratio read_multiplier(JsonReader& reader, std::string_view key);
// What the sources say of the instrument beside its price (load_contracts.cpp).
void read_funding(Loading& loading, JsonReader in, risk::InstrumentIndex index);
void read_open_interest(Loading& loading, JsonReader in, risk::InstrumentIndex index);

// --- the scenarios' reach, as the table of the factor's group has it

// The group whose factor it is; none for no factor.
risk::GroupIndex group_of(const Loading& loading, risk::FactorIndex factor);
// How far a factor moves, in ppm. Zeros for no factor, and where margin.json could not be read.
struct Range {
  std::int64_t enforced_down_ppm = 0;  // the largest fall in the enforced sets
  std::int64_t down_ppm = 0;           // the largest fall in all sets
  std::int64_t up_ppm = 0;             // the largest rise in all sets
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
// password_env, password_file, or of a client password_hash: exactly one.
enum class PasswordOf : std::uint8_t { Venue, Client };
PasswordSource read_password_source(const Loading& loading, JsonReader& reader, PasswordOf whose);
// secret_env or secret_file: exactly one.
PasswordSource read_secret_source(const Loading& loading, JsonReader& reader);
// An IP address.
std::string read_address(JsonReader& reader);
std::filesystem::path read_path(const Loading& loading, JsonReader& reader, std::string_view key);
risk::RateLimit read_rate(JsonReader reader);
// price_scale and quantity_scale of an alias of this instrument; what the link can carry is that of
// this alias alone.
Alias read_alias(const Loading& loading, JsonReader& reader, std::string_view symbol,
                 risk::InstrumentIndex instrument);
// Milliseconds or microseconds to nanoseconds.
std::int64_t read_ns(JsonReader& reader, std::string_view key, std::int64_t ns_per_unit,
                     std::int64_t min, std::int64_t max);
// A share or multiple in ppm; `by_default` where the key is absent, and after a problem.
std::int64_t read_ppm_or(JsonReader& reader, std::string_view key, std::int64_t min,
                         std::int64_t max, std::int64_t by_default);
bool read_bool_or(JsonReader& reader, std::string_view key, bool by_default);
// A quantity, as lots of the instrument.
risk::Lots read_lots(JsonReader& reader, std::string_view key,
                     const InstrumentSettings& instrument);
// In the risk currency, 0 or more.
risk::Value read_value(const Loading& loading, JsonReader& reader, std::string_view key);

// A list of tiers: each from where the one before it ends to its `upto`, decimal text of that
// scale; the last one's is null, for no end. The visitor reads the other keys of a tier.
struct Tier {
  std::optional<std::int64_t> upto;  // none: no end
  bool follows = false;              // there is one before it
};
void read_tiers(JsonReader& reader, std::string_view key, int scale, std::int64_t max,
                const std::function<void(JsonReader& item, const Tier& tier)>& visit);

}  // namespace portcullis::config
