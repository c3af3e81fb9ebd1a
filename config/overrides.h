// Overrides: single limits of the tree that have another value for a while (ORDERLIFE 7). They are a layer
// over a configuration: its canonical text with one more member, "overrides", in front of the files:
//
//   [{"change": N, "expires_at_ns": N, "limits": [LIMIT, ...]}, ...]
//
// the later before the earlier where both name the same limit. A LIMIT is
//
//   {"account" or "node": NAME, "instrument": NAME, "limit": KEY, "value": TEXT}
//
// instrument only where the limit is one of an instrument; the value as the profile's key is written. What
// is overridden has a profile of its own, as its profile but for these keys.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/json.h"
#include "config/problem.h"
#include "risk/types.h"

namespace portcullis::config {

// The keys of a profile that can be overridden, and how JSON writes their values.
struct OverridableLimit {
  std::string_view key;
  bool of_instrument = false;
  Json::Kind kind = Json::Kind::Text;
};
inline constexpr std::array<OverridableLimit, 14> kOverridableLimits{{
    {"gross_notional_max", false, Json::Kind::Text},
    {"open_orders_max", false, Json::Kind::Integer},
    {"leverage_max", false, Json::Kind::Text},
    {"daily_loss_max", false, Json::Kind::Text},
    {"clip", true, Json::Kind::Text},
    {"notional_max", true, Json::Kind::Text},
    {"collar", true, Json::Kind::Text},
    {"collar_underlying", true, Json::Kind::Text},
    {"collar_ticks", true, Json::Kind::Integer},
    {"long_max", true, Json::Kind::Text},
    {"short_max", true, Json::Kind::Text},
    {"gross_notional_max", true, Json::Kind::Text},
    {"open_interest_share", true, Json::Kind::Text},
    {"restricted", true, Json::Kind::Bool},
}};

struct LimitOverride {
  bool of_account = true;  // else of a node
  std::string target;
  std::string instrument;  // empty: a limit over all
  std::string limit;
  std::string value;
  friend bool operator==(const LimitOverride&, const LimitOverride&) = default;
};
struct OverrideSet {
  std::uint32_t change = 0;
  risk::Timestamp expires_at;
  std::vector<LimitOverride> limits;
};

// The list of limits in one form.
[[nodiscard]] std::string to_text(const std::vector<LimitOverride>& limits);
// The LIMITs in the list `key` of a request or of what to_text() has made (key "limits" of {"limits": ..}).
[[nodiscard]] std::vector<LimitOverride> read_limit_overrides(std::string_view file,
                                                              const Json& object,
                                                              std::string_view key,
                                                              std::vector<Problem>& problems);

// The layers of a canonical text, and the text of layers; without overrides it is the configuration's.
[[nodiscard]] std::string without_overrides(std::string_view canonical_text);
[[nodiscard]] std::vector<OverrideSet> overrides_of(std::string_view canonical_text);
[[nodiscard]] std::string with_overrides(const std::string& configuration_text,
                                         const std::vector<OverrideSet>& overrides);
inline constexpr std::string_view kOverridesMember = "overrides";

// The same in the tree of limits.json. `problems`: what there is not. Returns the names of the profiles
// that it adds, each with the place of what has it, "accounts.alpha-house".
std::vector<std::pair<std::string, std::string>> apply_overrides(
    Json& limits, const std::vector<OverrideSet>& overrides, std::vector<Problem>& problems);
[[nodiscard]] std::vector<OverrideSet> read_override_sets(const Json& list);

}  // namespace portcullis::config
