// What positions and balances can be worth at most, and gain or lose in scenarios, at the prices and
// indexes that are believed (price_max, index_max). The engine counts values in 64 bits and sums
// them, in quanta up to 2^60, and its scenario vectors in fines (1e-6 quanta) up to 2^61.
//
// An inverse lot is a fixed amount of the quoted currency: it is worth most where the mark is low
// and the index of the coin high. The two are prices of the same coin, so half of price_max at an
// index of index_max is as far apart as they are believed to be.
#pragma once

#include <cstdint>
#include <optional>

#include "config/deployment.h"
#include "risk/types.h"

namespace portcullis::config {

inline constexpr std::int64_t kFinesMax = std::int64_t{1} << 61;

// In quanta, rounded up; none when beyond risk::kValueMax. REQUIRES: lots >= 0, units >= 0, and the
// instrument (with its reference) and the asset were read without problems.
[[nodiscard]] std::optional<std::int64_t> value_max(const Deployment& deployment,
                                                    risk::InstrumentIndex instrument,
                                                    risk::Lots lots);
[[nodiscard]] std::optional<std::int64_t> value_max(const Deployment& deployment,
                                                    risk::AssetIndex asset, std::int64_t units);
// The same of what limits and add-ons count as the position's size: its reference's value.
[[nodiscard]] std::optional<std::int64_t> notional_max(const Deployment& deployment,
                                                       risk::InstrumentIndex instrument,
                                                       risk::Lots lots);

// In fines: what the position can gain or lose in a column; none when beyond kFinesMax.
// `shock_ppm` is the largest move of its factor, which a table's integers are not scaled with.
[[nodiscard]] std::optional<std::int64_t> gain_max(const Deployment& deployment,
                                                   risk::InstrumentIndex instrument,
                                                   risk::Lots lots, std::int64_t shock_ppm);

}  // namespace portcullis::config
