// What of a limit is in use, read from an engine: the one reading for warnings and for `portcullis tune`.
//
// What is used and the limit are in the limit's unit: lots, quanta of the risk currency, a number; for
// leverage, margin and a day's loss quanta against what there is at that moment.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "config/deployment.h"
#include "config/limit_kinds.h"
#include "risk/engine.h"

namespace portcullis::gateway::limits {

using config::Limit;

// One limit at one place: of an account, a session, or a node of the tree, in an instrument or in all.
struct LimitId {
  Limit limit = Limit::Clip;
  risk::NodeLevel level = risk::NodeLevel::Account;
  std::uint32_t node = 0;
  std::uint32_t instrument = risk::kNone32;
  friend auto operator<=>(const LimitId&, const LimitId&) = default;
};

struct Place {
  risk::NodeLevel level = risk::NodeLevel::Account;
  std::uint32_t node = 0;
  friend bool operator==(const Place&, const Place&) = default;
};
// The account and the nodes above it, upwards.
[[nodiscard]] std::vector<Place> path_of(const risk::Parameters& parameters,
                                         risk::AccountIndex account);
[[nodiscard]] const risk::LimitProfile& profile_at(const risk::Parameters& parameters,
                                                   risk::NodeLevel level, std::uint32_t node);

struct Reading {
  std::int64_t used = 0;
  std::int64_t limit = 0;
};
// Of a standing limit, as things are. Nothing: it cannot be said, prices are missing or a figure is out
// of range; or there is no such limit. `margin`: the account's, where it is known already.
[[nodiscard]] std::optional<Reading> read_limit(risk::Engine& engine, const LimitId& id,
                                                const risk::MarginReport* margin = nullptr);

// used / limit, rounded down, at most 1,000: of nothing there is nothing to use.
inline constexpr std::int64_t kShareMaxPpm = 1'000 * risk::kPpm;
[[nodiscard]] std::int64_t share_ppm(std::int64_t used, std::int64_t limit);

constexpr std::int64_t cut_off(risk::Int128 value) {
  constexpr risk::Int128 kLowest = std::numeric_limits<std::int64_t>::min();
  constexpr risk::Int128 kHighest = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(value < kLowest ? kLowest : value > kHighest ? kHighest : value);
}

// So much of the limit, and "account alpha-1", for people.
[[nodiscard]] std::string used_text(const config::Deployment& deployment, const LimitId& id,
                                    std::int64_t used);
[[nodiscard]] std::string place_text(const config::Deployment& deployment, const LimitId& id);

}  // namespace portcullis::gateway::limits
