// What positions and balances can be worth at most, at the prices and indexes that are believed
// (price_max, index_max). The engine counts values in 64 bits and sums them: 2^60 quanta is the
// most that it takes.
#pragma once

#include <cstdint>
#include <optional>

#include "config/deployment.h"
#include "risk/types.h"

namespace portcullis::config {

// In quanta, rounded up; none when beyond risk::kValueMax. REQUIRES: lots >= 0, units >= 0, and the
// instrument and the asset were read without problems.
[[nodiscard]] std::optional<std::int64_t> value_max(const Deployment& deployment,
                                                    risk::InstrumentIndex instrument,
                                                    risk::Lots lots);
[[nodiscard]] std::optional<std::int64_t> value_max(const Deployment& deployment,
                                                    risk::AssetIndex asset, std::int64_t units);

}  // namespace portcullis::config
