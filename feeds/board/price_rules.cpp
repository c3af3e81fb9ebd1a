#include "feeds/board/price_rules.h"

#include <algorithm>
#include <bit>

#include "risk/types.h"

namespace portcullis::feeds {

namespace {

constexpr SourceSet bit(std::size_t source) { return SourceSet{1} << source; }

// Who cannot give a price: nobody of them has ever said one, or all are too old.
PriceState state_without(std::span<const SourcePrice> sources) {
  const bool any = std::any_of(sources.begin(), sources.end(), [](const SourcePrice& source) {
    return source.gives && source.price != 0;
  });
  return any ? PriceState::Stale : PriceState::Missing;
}

SourceSet giving_sources(std::span<const SourcePrice> sources) {
  SourceSet set = 0;
  for (std::size_t i = 0; i < sources.size(); ++i) set |= sources[i].gives ? bit(i) : 0;
  return set;
}

}  // namespace

bool is_within(std::int64_t a, std::int64_t b, std::int64_t ppm) noexcept {
  const risk::Int128 distance = a < b ? risk::Int128{b} - a : risk::Int128{a} - b;
  return distance * risk::kPpm <= risk::Int128{b} * ppm;
}

SourceSet fresh_sources(std::span<const SourcePrice> sources, std::int64_t max_age_ns,
                        std::int64_t now_ns) noexcept {
  SourceSet set = 0;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (sources[i].price != 0 && now_ns - sources[i].as_of_ns <= max_age_ns) set |= bit(i);
  }
  return set;
}

std::uint32_t venue_count(std::span<const SourcePrice> sources, SourceSet set) noexcept {
  std::uint32_t venues = 0;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if ((set & bit(i)) != 0) venues |= std::uint32_t{1} << sources[i].venue;
  }
  return static_cast<std::uint32_t>(std::popcount(venues));
}

std::int64_t median(std::span<const SourcePrice> sources, SourceSet set) noexcept {
  std::array<std::int64_t, config::kReferenceSourcesMax> prices{};
  std::size_t count = 0;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if ((set & bit(i)) != 0) prices[count++] = sources[i].price;
  }
  std::sort(prices.begin(), prices.begin() + static_cast<std::ptrdiff_t>(count));
  const std::int64_t upper = prices[count / 2];
  if (count % 2 == 1) return upper;
  const std::int64_t lower = prices[count / 2 - 1];
  return lower + (upper - lower + 1) / 2;  // both positive: half goes up
}

SourceSet agreeing_sources(std::span<const SourcePrice> sources, SourceSet fresh,
                           std::int64_t price, std::int64_t ppm) noexcept {
  SourceSet set = 0;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if ((fresh & bit(i)) != 0 && is_within(sources[i].price, price, ppm)) set |= bit(i);
  }
  return set;
}

Opinion opinion_by_median(const config::ReferenceSettings& rules,
                          std::span<const SourcePrice> sources, std::int64_t now_ns) noexcept {
  Opinion opinion;
  const SourceSet fresh = fresh_sources(sources, rules.max_age_ns, now_ns);
  if (fresh == 0) {
    opinion.state = state_without(sources);
    return opinion;
  }
  const SourceSet agreeing =
      agreeing_sources(sources, fresh, median(sources, fresh), rules.divergence_ppm);
  opinion.venues_fresh = venue_count(sources, fresh);
  opinion.venues_agreeing = venue_count(sources, agreeing);
  if (opinion.venues_agreeing < rules.min_sources) {
    opinion.state =
        opinion.venues_fresh < rules.min_sources ? PriceState::Thin : PriceState::Diverged;
    return opinion;
  }
  opinion.state = PriceState::Good;
  opinion.price = median(sources, agreeing);
  opinion.makers = agreeing;
  opinion.as_of_ns = now_ns;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if ((agreeing & bit(i)) != 0) {
      opinion.as_of_ns = std::min(opinion.as_of_ns, sources[i].as_of_ns);
    }
  }
  return opinion;
}

Usable usable_sources(const config::ReferenceSettings& rules, std::span<const SourcePrice> sources,
                      std::int64_t now_ns) noexcept {
  Usable usable;
  const SourceSet fresh = fresh_sources(sources, rules.max_age_ns, now_ns);
  usable.none.venues_fresh = venue_count(sources, fresh);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (!sources[i].gives || (fresh & bit(i)) == 0) continue;
    const std::uint32_t venues = venue_count(
        sources, agreeing_sources(sources, fresh, sources[i].price, rules.divergence_ppm));
    usable.none.venues_agreeing = std::max(usable.none.venues_agreeing, venues);
    if (venues >= rules.min_sources) usable.sources |= bit(i);
  }
  if ((fresh & giving_sources(sources)) == 0) {
    usable.none.state = state_without(sources);
  } else {
    usable.none.state =
        usable.none.venues_fresh < rules.min_sources ? PriceState::Thin : PriceState::Diverged;
  }
  return usable;
}

Opinion opinion_of(const config::ReferenceSettings& rules, std::span<const SourcePrice> sources,
                   std::uint32_t source, std::int64_t now_ns) noexcept {
  const SourceSet fresh = fresh_sources(sources, rules.max_age_ns, now_ns);
  const std::int64_t price = sources[source].price;
  return {.state = PriceState::Good,
          .price = price,
          .as_of_ns = sources[source].as_of_ns,
          .makers = bit(source),
          .venues_fresh = venue_count(sources, fresh),
          .venues_agreeing =
              venue_count(sources, agreeing_sources(sources, fresh, price, rules.divergence_ppm))};
}

}  // namespace portcullis::feeds
