// Small shared parameter sets for tests.
#pragma once

#include "risk/parameters.h"

namespace portcullis::support {

// Names of what small_parameters() holds.
inline constexpr risk::AssetIndex kUsd{0};
inline constexpr risk::AssetIndex kBtc{1};
inline constexpr risk::InstrumentIndex kBtcPerp{0};
inline constexpr risk::InstrumentIndex kEthPerp{1};
inline constexpr risk::InstrumentIndex kBtcDated{
    2};  // same factor as kBtcPerp, takes no market orders
inline constexpr risk::NodeIndex kVenue{0};
inline constexpr risk::NodeIndex kMember{1};
inline constexpr risk::NodeIndex kGroup{2};
inline constexpr std::int64_t kHour = 3600 * risk::kSecondNs;

// A world small enough to compute by hand. The quantum of the risk currency is the micro-dollar.
//   USD: unit 1 micro-dollar, index 1 (has to be told), no haircut, static.
//   BTC: unit 1e-8 BTC, index in whole dollars, haircut 5 %, static.
//   three perpetuals in USD: a lot is one coin, the tick and the mark unit are 1 dollar, no fee.
//   factor 0 (BTC) in risk group 0 and factor 1 (ETH) in risk group 1, both with the grid
//   -16 % .. +16 % in steps of 4 % (one per-group set).
//   venue > member > group > accounts 0 and 1, all limits far away, sessions 0 and 1 with every
//   right.
[[nodiscard]] risk::Parameters small_parameters();

// Limits far away from anything a test reaches, for `instruments` instruments.
[[nodiscard]] risk::LimitProfile wide_profile(std::size_t instruments);

// A per-group set over the columns [first, first + count) of every one of `groups` groups.
[[nodiscard]] risk::SetParameters per_group_set(std::size_t groups, std::uint32_t first,
                                                std::uint32_t count);

}  // namespace portcullis::support
