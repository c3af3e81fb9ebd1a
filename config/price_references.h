// Where market data comes from, and how a reference price is made of it: the mark of an instrument,
// the index of an asset. Plain data; config/load_sources.cpp and load_references.cpp have the keys.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/ratio.h"
#include "risk/types.h"

namespace portcullis::config {

using SourceIndex = risk::Index<struct SourceTag>;  // of a source of market data

enum class SourceDialect : std::uint8_t {
  Deribit,
  Binance,
  Bybit,
  Lines,  // "time_ns,symbol,price"
};

inline constexpr std::array<std::string_view, 4> kSourceDialectNames = {"deribit", "binance",
                                                                        "bybit", "lines"};

// A venue's own stream, over a WebSocket. What is not there is as feeds/live has it by default.
struct StreamSettings {
  std::string url;   // as it is written, and what it says:
  std::string host;  // a name or an IP address
  std::uint16_t port = 0;
  std::string path;
  bool is_encrypted = true;                // by TLS; without it only to the loopback
  std::filesystem::path authorities_file;  // PEM; empty: those whom the system trusts
  std::string interval;                    // how often the venue is to speak; empty: by default
  std::optional<std::int64_t> connect_ns;
  std::optional<std::int64_t> silence_ns;         // of the connection
  std::optional<std::int64_t> prices_silence_ns;  // of the venue, on one that lives
  std::optional<std::int64_t> reconnect_ns_min;   // the first wait
  std::optional<std::int64_t> reconnect_ns_max;   // the longest
};

// A port at which a venue publishes its own prices.
struct ListenSettings {
  std::string address;
  std::uint16_t port = 0;               // 0: any that is free
  std::vector<std::string> publishers;  // IP addresses; none: any, on a loopback address
  std::optional<std::int64_t> silence_ns;
};

struct SourceSettings {
  SourceDialect dialect = SourceDialect::Lines;
  std::string venue;  // whose prices they are: those of one venue are one opinion
  // Exactly one of the three.
  std::filesystem::path file;            // a recorded session; of Lines, of such lines
  std::optional<StreamSettings> stream;  // not of Lines
  std::optional<ListenSettings> listen;  // of Lines
  std::int64_t ahead_max_ns = 0;         // a time further ahead of ours is not believed
};

enum class SourceField : std::uint8_t {
  Mark,
  Index,
  Last,
  Mid,    // of the best bid and ask
  Price,  // of a line; of a live one, the mark or the index, whichever the reference is of
};
inline constexpr std::array<std::string_view, 5> kSourceFieldNames = {"mark", "index", "last",
                                                                      "mid", "price"};

enum class SourceRole : std::uint8_t {
  Primary,   // gives the price, as long as it can be used
  Fallback,  // gives it when those above it in the list cannot be used
  Voter,     // agrees or not; of the median all are
};

struct ReferenceSource {
  SourceIndex source;
  std::string symbol;  // the source's own
  SourceField field = SourceField::Mark;
  SourceRole role = SourceRole::Voter;
  Ratio multiplier{1, 1};  // what the source says times this is the price
};

enum class ReferenceRule : std::uint8_t { Median, PrimaryWithFallback };

inline constexpr std::size_t kReferenceSourcesMax = 16;
// Of a multiplier's numerator and denominator.
inline constexpr std::int64_t kMultiplierMax = 1'000'000'000;

struct ReferenceSettings {
  // Exactly one of the two.
  risk::InstrumentIndex instrument;  // the mark
  risk::AssetIndex asset;            // the index
  // In units of 10^-decimals, those of the mark or the index.
  int decimals = 0;
  std::int64_t price_min = 0;  // what is less, or more than price_max, is not believed
  std::int64_t price_max = 0;

  ReferenceRule rule = ReferenceRule::Median;
  std::vector<ReferenceSource> sources;  // 1 to kReferenceSourcesMax; in the order of the list
  std::uint32_t min_sources = 0;         // venues that must agree
  std::int64_t max_age_ns = 0;           // of what a source said
  std::int64_t divergence_ppm = 0;       // who agrees is not further away
  std::int64_t jump_ppm = 0;             // a larger move must be confirmed
  std::uint32_t jump_updates = 0;        // by so many further updates; 0: not by updates
  bool jump_another = false;             // by one venue more than min_sources
  std::int64_t return_after_ns = 0;      // PrimaryWithFallback: good for so long before it returns
};

// The first source that may give the price.
[[nodiscard]] inline const ReferenceSource& first_giver(const ReferenceSettings& reference) {
  for (const ReferenceSource& source : reference.sources) {
    if (reference.rule == ReferenceRule::Median || source.role != SourceRole::Voter) return source;
  }
  return reference.sources.front();
}

// Without this text, word for word, an asset's index is not made of one venue's prices alone.
inline constexpr std::string_view kOwnBookAlone =
    "I accept that collateral is priced from one venue's own book";

}  // namespace portcullis::config
