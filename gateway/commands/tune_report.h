// What `portcullis tune` has found, for its three outputs: text (tune_text.h), JSON (tune_json.h) and
// a page (tune_page.h).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/deployment.h"
#include "gateway/tune/study.h"

namespace portcullis::gateway {

// Why a limit is worth a look, what matters most first.
enum class Finding : std::uint8_t {
  RefusesMostDays,  // on more than half of the days, two at least, on which orders came to it
  NearlyFull,       // more than nine tenths of it are used in a twentieth of the time or more
  AboveTraded,      // a clip above all that was traded of the instrument
  FarAbove,         // of one order: the largest that passed is at most a tenth of it
  NeverBinds,       // it has refused nothing, and at most half of it was ever used
};
[[nodiscard]] std::string_view name_of(Finding finding);

// One limit as it is written down, over all places where it holds.
struct KeyUse {
  std::string key;      // "profiles.desk.instruments.AMZN.clip", or what else it is
  std::string before;   // the recording's number; empty: there is none
  std::string limit;    // the candidate's
  tune::LimitId worst;  // the place where most of it was used, and what
  std::int64_t worst_used = 0;
  std::int64_t worst_limit = 0;
  risk::Timestamp worst_at;
  std::size_t places = 0;
  // The largest of all places.
  std::int64_t peak_ppm = 0;
  std::int64_t p50_ppm = 0;
  std::int64_t p95_ppm = 0;
  std::int64_t p99_ppm = 0;
  std::vector<std::int64_t> time_above_ppm;  // by warning level, a share of the time, or of orders
  std::uint64_t days = 0;
  std::uint64_t days_refused = 0;
  // Of all places together.
  std::uint64_t passed = 0;
  std::uint64_t refused = 0;
  std::uint64_t near_misses = 0;
  std::vector<Finding> findings;
};

struct TuneReport {
  const tune::Recording* recording = nullptr;
  const tune::Study* study = nullptr;
  std::string candidate;                 // as it was named; empty: the recording's own
  std::vector<std::int64_t> levels_ppm;  // warning levels
  std::vector<KeyUse> keys;              // by key
};

[[nodiscard]] TuneReport make_tune_report(const tune::Recording& recording,
                                          const tune::Study& study, std::string candidate,
                                          std::vector<std::int64_t> levels_ppm);

// Those with findings, by the first of them.
[[nodiscard]] std::vector<const KeyUse*> keys_with_findings(const TuneReport& report);

// The number that a profile has for it, as it is written; empty: it is not one number there.
[[nodiscard]] std::string limit_text(const config::Deployment& deployment,
                                     const risk::LimitProfile& profile, tune::Limit limit,
                                     std::uint32_t instrument);
// "12.3 %", with as many places as tell something.
[[nodiscard]] std::string share_text(std::int64_t ppm);
// "reject clip_size at account alpha-1: limit 1000, needed 5000", "forward", "ignore"
[[nodiscard]] std::string verdict_text(const config::Deployment& deployment,
                                       const tune::Judged& judged, const risk::Decision& decision);
// "enter alpha-1 buy 100 AMZN @ 220"
[[nodiscard]] std::string message_text(const config::Deployment& deployment,
                                       const tune::Judged& judged);
// What the figures stand on, a sentence each.
[[nodiscard]] std::vector<std::string> convention_texts(const tune::Convention& convention);
[[nodiscard]] std::string_view name_of(tune::Change change);
[[nodiscard]] std::string_view name_of(tune::Message message);
// Messages, refused as recorded, refused by the candidate, newly refused, newly allowed, other reason,
// other price, consequences.
[[nodiscard]] std::array<std::uint64_t, 8> counts_of(const tune::Tally& tally);
// Members of the tree, by index.
[[nodiscard]] std::vector<std::uint32_t> members_of(const config::Deployment& deployment);

}  // namespace portcullis::gateway
