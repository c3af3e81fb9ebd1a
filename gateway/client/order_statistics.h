// How orders come in a real book, as numbers: arrivals, sizes, prices, lifetimes. Floating point is
// at home here: this makes input for the gate, and nothing that decides uses it.
//
// Fitted to one day of one stock, the LOBSTER sample of AMZN on 21 June 2012 (57,515 events of the
// best bid and ask from 9:30 to 16:00). "Entries" are its 27,845 visible new orders and its 6,594
// incoming marketable orders; the latter are seen only in what they execute: consecutive visible
// executions with the same time and side are one. client_order_statistics_test measures the file
// again, where there is one, and compares.
//
// What the file cannot tell: it shows the best level only, so orders are entered at or near the
// touch, and 9,768 of the 27,845 leave it without an end.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "gateway/client/random.h"

namespace portcullis::gateway::client {

// Seconds between entries, on average: 23,400 s / 34,439.
inline constexpr double kEntryGapS = 0.6795;

// Arrivals are bursts within bursts: a Hawkes process whose intensity jumps with each entry and
// decays on three time scales (1.3 s, 12 ms, 0.45 ms), by maximum likelihood over the 34,439
// entries (one scale is worse by 8,800 in log-likelihood, two by 1,900). Of the entries 77 % are
// caused by another one. Quantiles of the gaps, file against model: 25 % 0.33 and 0.45 ms, median
// 11 and 13 ms, 75 % 0.53 and 0.56 s, 99 % 8.9 and 8.3 s.
struct Excitation {
  double decay_per_s = 0;
  double offspring = 0;  // entries caused by each entry, on average
};
inline constexpr double kBaseRatePerS = 0.34371;
inline constexpr std::array<Excitation, 3> kExcitations{
    {{0.74365, 0.2167}, {81.069, 0.2070}, {2216.7, 0.3429}}};

// Of the entries: 6,594 / 34,439.
inline constexpr double kMarketableShare = 0.1915;

// Sizes: half of all new orders are for exactly 100 shares, a tenth for several hundreds and four
// in ten for less (10, and 16 to 20, stand out). Counts as measured; within a row all sizes are
// equally likely.
struct SizeRow {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  std::uint32_t count = 0;
};
inline constexpr std::array<SizeRow, 24> kRestingSizes{
    {{1, 2, 626},     {3, 5, 958},      {6, 9, 1476},     {10, 10, 1912},  {11, 15, 1029},
     {16, 20, 2803},  {21, 25, 824},    {26, 50, 553},    {51, 99, 454},   {100, 100, 14002},
     {101, 199, 110}, {200, 200, 1648}, {201, 299, 59},   {300, 300, 681}, {301, 399, 17},
     {400, 400, 393}, {401, 499, 5},    {500, 500, 85},   {501, 599, 6},   {600, 600, 95},
     {601, 999, 26},  {1000, 1999, 40}, {2000, 4999, 40}, {5000, 33570, 3}}};
inline constexpr std::array<SizeRow, 23> kMarketableSizes{
    {{1, 2, 346},     {3, 5, 258},      {6, 9, 303},     {10, 10, 89},   {11, 15, 171},
     {16, 20, 503},   {21, 25, 178},    {26, 50, 614},   {51, 99, 741},  {100, 100, 2199},
     {101, 199, 426}, {200, 200, 386},  {201, 299, 102}, {300, 300, 82}, {301, 399, 57},
     {400, 400, 36},  {401, 499, 32},   {500, 500, 19},  {501, 599, 4},  {600, 600, 12},
     {601, 999, 22},  {1000, 1999, 10}, {2000, 4999, 4}}};

// New orders by their distance from the best price of their own side: at it, ahead of it (inside
// the spread) or behind it. Ahead and behind, the distance in ticks follows a power law (maximum
// likelihood, 1 to 200 ticks); a tick of the file is 45 ppm of the price.
inline constexpr double kAtBestShare = 0.507;
inline constexpr double kAheadShare = 0.341;
inline constexpr double kAheadExponent = 1.95;
inline constexpr double kBehindExponent = 1.93;
inline constexpr int kStepMax = 200;
inline constexpr double kStepPpm = 45;
inline constexpr double kSpreadPpm = 540;  // the median, 12 ticks

// Lifetime of an order that its owner cancels: two log-normals, those that flicker and those that
// wait (expectation maximisation over 13,843 lifetimes; Kolmogorov distance 0.025).
struct Lifetimes {
  double share = 0;
  double median_s = 0;
  double sigma = 0;  // of the natural logarithm
};
inline constexpr std::array<Lifetimes, 2> kLifetimes{
    {{0.4587, 0.00338, 2.626}, {0.5413, 1.5234, 1.4006}}};

// Of the orders that are not executed: 13,843 of 23,611 are cancelled in sight. The others leave
// the best level, and what becomes of them is not in the file.
inline constexpr double kCanceledShare = 0.586;
// Of the cancels: followed within 0.1 ms by a new order of the same side and size, 2,712 of 18,234.
inline constexpr double kReplacedShare = 0.149;
// Of the cancels: of a part, 16 of 18,251.
inline constexpr double kPartialCancelShare = 0.0009;

// Of the price of the last execution, sampled every 1 to 60 s: ppm per square root of a second.
inline constexpr double kVolatilityPpm = 105;

// --- samplers

class Arrivals {
 public:
  // Seconds until the next entry (Ogata's thinning).
  double next_gap_s(Random& random) noexcept;

 private:
  [[nodiscard]] double rate_per_s() const noexcept;
  std::array<double, kExcitations.size()> excited_{};  // entries so far, decayed
};

std::uint32_t draw_size(Random& random, std::span<const SizeRow> rows) noexcept;

// Ticks behind the best price of its own side; negative: ahead of it.
int draw_step(Random& random) noexcept;

double draw_lifetime_s(Random& random) noexcept;

}  // namespace portcullis::gateway::client
