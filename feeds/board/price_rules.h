// What sources agree on, at one moment. No state: the board (price_board.h) has that.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "config/price_references.h"
#include "feeds/price_state.h"

namespace portcullis::feeds {

// What one source of a reference said last.
struct SourcePrice {
  std::int64_t price = 0;     // in the unit of the reference; 0: nothing yet
  std::int64_t as_of_ns = 0;  // epoch
  std::uint32_t venue = 0;    // numbered within the reference, below kReferenceSourcesMax
  bool gives = false;         // may make the price, and is not only asked whether it agrees
};

// Sources of a reference, a bit each.
using SourceSet = std::uint32_t;
static_assert(config::kReferenceSourcesMax <= 32);

struct Opinion {
  PriceState state = PriceState::Missing;  // never Jumped
  // With Good only:
  std::int64_t price = 0;
  std::int64_t as_of_ns = 0;  // nothing that the price is made of is older
  SourceSet makers = 0;       // what it is made of

  std::uint32_t venues_fresh = 0;
  std::uint32_t venues_agreeing = 0;
};

// |a - b| is at most that share of b. REQUIRES: prices are positive.
[[nodiscard]] bool is_within(std::int64_t a, std::int64_t b, std::int64_t ppm) noexcept;

// Those that have said something, and not too long ago.
[[nodiscard]] SourceSet fresh_sources(std::span<const SourcePrice> sources, std::int64_t max_age_ns,
                                      std::int64_t now_ns) noexcept;

[[nodiscard]] std::uint32_t venue_count(std::span<const SourcePrice> sources,
                                        SourceSet set) noexcept;

// Of an even number the mean of the two in the middle, rounded half away from zero. REQUIRES: a set
// that is not empty.
[[nodiscard]] std::int64_t median(std::span<const SourcePrice> sources, SourceSet set) noexcept;

// Of the fresh ones: those within the divergence of this price.
[[nodiscard]] SourceSet agreeing_sources(std::span<const SourcePrice> sources, SourceSet fresh,
                                         std::int64_t price, std::int64_t ppm) noexcept;

// The median of the fresh sources that agree with the median of all fresh ones.
[[nodiscard]] Opinion opinion_by_median(const config::ReferenceSettings& rules,
                                        std::span<const SourcePrice> sources,
                                        std::int64_t now_ns) noexcept;

// Those that give prices and with which enough venues agree, themselves among them; beside it what is
// to be said when there is none.
struct Usable {
  SourceSet sources = 0;
  Opinion none{};
};
[[nodiscard]] Usable usable_sources(const config::ReferenceSettings& rules,
                                    std::span<const SourcePrice> sources,
                                    std::int64_t now_ns) noexcept;

// The price of that one. REQUIRES: it is usable.
[[nodiscard]] Opinion opinion_of(const config::ReferenceSettings& rules,
                                 std::span<const SourcePrice> sources, std::uint32_t source,
                                 std::int64_t now_ns) noexcept;

}  // namespace portcullis::feeds
