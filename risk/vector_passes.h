// The passes over columns (VectorCode in vectors.h): loops that a compiler can make wide instructions of.
// vectors.cpp compiles them for each kind of processor. Sums are modulo 2^64, like all of vectors' parts.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "risk/vectors.h"

namespace portcullis::risk::passes {

#define PORTCULLIS_PASS [[gnu::always_inline]] inline

PORTCULLIS_PASS void add_row(std::int64_t* out, const std::int64_t* in, const std::int32_t* row,
                             std::size_t columns, std::int64_t up, std::int64_t down,
                             std::int64_t constant) noexcept {
  const auto up_bits = static_cast<std::uint64_t>(up);
  const auto down_bits = static_cast<std::uint64_t>(down);
  for (std::size_t c = 0; c < columns; ++c) {
    const auto move = static_cast<std::uint64_t>(std::int64_t{row[c]});
    const std::uint64_t part = (row[c] >= 0 ? up_bits : down_bits) * move;
    out[c] = wrapped_sum(wrapped_sum(in[c], constant), static_cast<std::int64_t>(part));
  }
}

// f(haircut) with what GainHaircut is: for each of its kinds a loop of its own.
template <class F>
PORTCULLIS_PASS void with_haircut(const GainHaircut& of, F&& f) noexcept {
  constexpr std::uint64_t kLow = 0xFFFFFFFF;
  const std::int64_t cap = of.cap;
  const std::uint64_t kappa = of.kappa;
  if (of.full) {
    f([cap](std::int64_t x) { return std::min(x, cap); });
  } else if (kappa == 0) {
    f([](std::int64_t x) { return std::min(x, std::int64_t{0}); });
  } else {
    // The upper half of gain * kappa by halves: there is no wide instruction for it.
    const std::uint64_t kappa_low = kappa & kLow;
    const std::uint64_t kappa_high = kappa >> 32;
    f([=](std::int64_t x) {
      const auto gain = static_cast<std::uint64_t>(std::max<std::int64_t>(0, x));
      const std::uint64_t low = gain & kLow;
      const std::uint64_t high = gain >> 32;
      const std::uint64_t middle = high * kappa_low + (low * kappa_low >> 32);
      const std::uint64_t other = low * kappa_high + (middle & kLow);
      const std::uint64_t kept = high * kappa_high + (middle >> 32) + (other >> 32);
      return std::min(x, std::int64_t{0}) + std::min(static_cast<std::int64_t>(kept), cap);
    });
  }
}

PORTCULLIS_PASS void add_gains(std::int64_t* sums, const std::int64_t* vector, std::size_t columns,
                               const GainHaircut& haircut) noexcept {
  with_haircut(haircut, [=](auto kept) {
    for (std::size_t c = 0; c < columns; ++c) sums[c] = wrapped_sum(sums[c], kept(vector[c]));
  });
}

PORTCULLIS_PASS void take_gains(std::int64_t* sums, const std::int64_t* vector, std::size_t columns,
                                const GainHaircut& haircut) noexcept {
  with_haircut(haircut, [=](auto kept) {
    for (std::size_t c = 0; c < columns; ++c)
      sums[c] = wrapped_difference(sums[c], kept(vector[c]));
  });
}

PORTCULLIS_PASS void change_gains(std::int64_t* out, const std::int64_t* in,
                                  const std::int64_t* old, const std::int64_t* now,
                                  std::size_t columns, const GainHaircut& haircut) noexcept {
  with_haircut(haircut, [=](auto kept) {
    for (std::size_t c = 0; c < columns; ++c)
      out[c] = wrapped_sum(wrapped_difference(in[c], kept(old[c])), kept(now[c]));
  });
}

PORTCULLIS_PASS void fold(std::int64_t* low, const std::int64_t* raw,
                          std::size_t columns) noexcept {
  static_assert(kLagStates == 3);
  const std::int64_t* down = raw + columns;
  const std::int64_t* up = down + columns;
  for (std::size_t c = 0; c < columns; ++c) low[c] = std::min(std::min(raw[c], down[c]), up[c]);
}

PORTCULLIS_PASS std::int64_t least(const std::int64_t* vector, std::size_t columns) noexcept {
  std::int64_t result = 0;
  for (std::size_t c = 0; c < columns; ++c) result = std::min(result, vector[c]);
  return result;
}

// --- the tail of expected shortfall

// So many columns at once: as many as the processor compares, or the compiler takes them apart.
template <std::size_t kWide>
struct Block {
  typedef std::int64_t Columns [[gnu::vector_size(kWide * sizeof(std::int64_t))]];
  [[gnu::always_inline]] explicit Block(const std::int64_t* from) {
    __builtin_memcpy(&columns, from, sizeof(columns));
  }
  Columns columns;
};

// So many values are told apart by comparing each with each, which takes no branch; so few always are.
inline constexpr std::size_t kRankedMax = 128;
inline constexpr std::size_t kRankedAlways = 32;

// REQUIRES room behind the values for kWide more, which are overwritten.
template <std::size_t kWide>
PORTCULLIS_PASS VectorCode::Tail tail_of_few(std::int64_t* values, std::size_t count,
                                             std::size_t whole) noexcept {
  std::fill_n(values + count, kWide, std::numeric_limits<std::int64_t>::max());
  // The next one is the largest that has not more than `whole` below it.
  std::int64_t next = std::numeric_limits<std::int64_t>::min();
  for (std::size_t first = 0; first < count; first += kWide) {
    const auto block = Block<kWide>(values + first).columns;
    typename Block<kWide>::Columns below{};  // of each, times -1
    for (std::size_t j = 0; j < count; ++j) below += values[j] < block;
    for (std::size_t i = 0; i < kWide && first + i < count; ++i) {
      const bool may_be = -below[i] <= static_cast<std::int64_t>(whole);
      next = std::max(next, may_be ? block[i] : next);
    }
  }
  VectorCode::Tail tail{0, next};
  std::size_t before = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (values[i] >= next) continue;
    tail.sum += values[i];
    ++before;
  }
  tail.sum += Int128{next} * static_cast<std::int64_t>(whole - before);  // others like it
  return tail;
}

// What is in the tail is not above the (whole + 1)th of the least of as many parts and more, whatever the
// parts are: the columns above that are left out, and few remain.
template <std::size_t kWide>
PORTCULLIS_PASS VectorCode::Tail tail(const std::int64_t* vector, std::size_t columns,
                                      std::size_t whole) noexcept {
  std::int64_t left[kColumnsMax + kWide];
  std::size_t count = 0;
  const std::size_t parts = (2 * (whole + 1) + kWide - 1) / kWide * kWide;
  if (columns <= kRankedAlways || parts > kRankedMax || 2 * parts > columns) {
    std::copy_n(vector, columns, left);
    count = columns;
  } else {
    std::int64_t leasts[kRankedMax + kWide];
    for (std::size_t part = 0; part < parts; part += kWide) {
      auto least = Block<kWide>(vector + part).columns;
      for (std::size_t first = part + parts; first + kWide <= columns; first += parts) {
        const auto block = Block<kWide>(vector + first).columns;
        least = block < least ? block : least;
      }
      __builtin_memcpy(leasts + part, &least, sizeof(least));
    }
    const std::int64_t bound = tail_of_few<kWide>(leasts, parts, whole).next;
    for (std::size_t c = 0; c < columns; ++c) {
      left[count] = vector[c];
      count += vector[c] <= bound ? 1 : 0;
    }
  }
  if (count <= kRankedMax) return tail_of_few<kWide>(left, count, whole);
  std::nth_element(left, left + whole, left + count);
  VectorCode::Tail tail;
  for (std::size_t c = 0; c < whole; ++c) tail.sum += left[c];
  tail.next = left[whole];
  return tail;
}

#undef PORTCULLIS_PASS

}  // namespace portcullis::risk::passes
