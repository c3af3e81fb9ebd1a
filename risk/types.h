// The engine's vocabulary of numbers. Each quantity is a struct of one integer, so that lots,
// ticks, marks, amounts of an asset and values in the risk currency cannot be mixed by accident;
// only the operations that mean something exist. Nothing here rounds.
#pragma once

#include <compare>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace portcullis::risk {

__extension__ using Int128 = __int128;

// Order prices: whole ticks of the instrument.
struct Price {
  std::int64_t raw = 0;
  friend constexpr auto operator<=>(Price, Price) = default;
};

// Mark prices: whole mark units of the instrument; a tick is a whole number of mark units.
struct Mark {
  std::int64_t raw = 0;
  friend constexpr auto operator<=>(Mark, Mark) = default;
};

// Order quantities and positions: whole lots of the instrument; positions are signed, long
// positive.
struct Lots {
  std::int64_t raw = 0;
  friend constexpr auto operator<=>(Lots, Lots) = default;
  friend constexpr Lots operator+(Lots a, Lots b) { return {a.raw + b.raw}; }
  friend constexpr Lots operator-(Lots a, Lots b) { return {a.raw - b.raw}; }
  constexpr Lots operator-() const { return {-raw}; }
  constexpr Lots& operator+=(Lots b) { return raw += b.raw, *this; }
  constexpr Lots& operator-=(Lots b) { return raw -= b.raw, *this; }
};

// A sum of money in whole units of one asset (for example satoshi). 128 bits: sums of products of
// lots and prices stay exact whatever the venue reports.
struct Amount {
  Int128 raw = 0;
  friend constexpr auto operator<=>(Amount, Amount) = default;
  friend constexpr Amount operator+(Amount a, Amount b) { return {a.raw + b.raw}; }
  friend constexpr Amount operator-(Amount a, Amount b) { return {a.raw - b.raw}; }
  constexpr Amount& operator+=(Amount b) { return raw += b.raw, *this; }
  constexpr Amount& operator-=(Amount b) { return raw -= b.raw, *this; }
};

// A value in whole quanta of the risk currency (for example micro-dollars).
struct Value {
  std::int64_t raw = 0;
  friend constexpr auto operator<=>(Value, Value) = default;
  friend constexpr Value operator+(Value a, Value b) { return {a.raw + b.raw}; }
  friend constexpr Value operator-(Value a, Value b) { return {a.raw - b.raw}; }
};

// A value in the risk currency before rounding: quanta times Parameters::wide_denominator.
struct Wide {
  Int128 raw = 0;
  friend constexpr auto operator<=>(Wide, Wide) = default;
  friend constexpr Wide operator+(Wide a, Wide b) { return {a.raw + b.raw}; }
  friend constexpr Wide operator-(Wide a, Wide b) { return {a.raw - b.raw}; }
  constexpr Wide& operator+=(Wide b) { return raw += b.raw, *this; }
  constexpr Wide& operator-=(Wide b) { return raw -= b.raw, *this; }
};

// Nanoseconds since the Unix epoch, taken by the caller at ingress; risk/ never reads a clock.
struct Timestamp {
  std::int64_t ns = 0;
  friend constexpr auto operator<=>(Timestamp, Timestamp) = default;
};

// Dense indexes handed out at load; they index arrays directly. kNone32 marks "no such thing".
inline constexpr std::uint32_t kNone32 = std::numeric_limits<std::uint32_t>::max();
template <class Tag>
struct Index {
  std::uint32_t value = kNone32;
  [[nodiscard]] constexpr bool exists() const { return value != kNone32; }
  friend constexpr auto operator<=>(Index, Index) = default;
};
using AccountIndex = Index<struct AccountTag>;
using InstrumentIndex = Index<struct InstrumentTag>;
using AssetIndex = Index<struct AssetTag>;
using FactorIndex = Index<struct FactorTag>;
using GroupIndex = Index<struct GroupTag>;  // a risk group
using NodeIndex = Index<struct NodeTag>;    // a node of the limits tree above the accounts
using SessionIndex = Index<struct SessionTag>;
using OrderIndex = Index<struct OrderTag>;

enum class Side : std::uint8_t { Buy, Sell, SellShort, SellShortExempt };
constexpr int sign_of(Side side) { return side == Side::Buy ? 1 : -1; }

enum class OrdType : std::uint8_t { Limit, Market };
enum class TimeInForce : std::uint8_t { Day, GoodTillCancel, ImmediateOrCancel, FillOrKill };

inline constexpr std::int64_t kPpm = 1'000'000;
inline constexpr std::int64_t kNsPerUs = 1'000;
inline constexpr std::int64_t kNsPerMs = 1'000'000;
inline constexpr std::int64_t kSecondNs = 1'000'000'000;
inline constexpr std::int64_t kDayNs = 86'400 * kSecondNs;
inline constexpr std::int64_t kDayMs = kDayNs / kNsPerMs;

// floor and ceil of a / b for b > 0, right for negative a too.
constexpr Int128 floor_div(Int128 a, Int128 b) {
  const Int128 quotient = a / b;
  return quotient * b > a ? quotient - 1 : quotient;
}
constexpr Int128 ceil_div(Int128 a, Int128 b) {
  const Int128 quotient = a / b;
  return quotient * b < a ? quotient + 1 : quotient;
}
// To the nearest, halves away from zero, for b > 0.
constexpr Int128 nearest_div(Int128 a, Int128 b) {
  const Int128 quotient = a / b;
  const Int128 rest = a % b;
  const Int128 distance = rest < 0 ? -rest : rest;
  if (distance < b - distance) return quotient;
  return a < 0 ? quotient - 1 : quotient + 1;
}

// Values beyond this leave no head-room for the sums built on them.
inline constexpr std::int64_t kValueMax = std::int64_t{1} << 60;

// Narrows to 64 bits; out of range gives the nearest representable value and clears `in_range`,
// which flags the account: its increases are refused until the numbers fit again. Never wraps.
constexpr std::int64_t narrow(Int128 wide, bool& in_range) {
  if (wide > kValueMax) return in_range = false, kValueMax;
  if (wide < -kValueMax) return in_range = false, -kValueMax;
  return static_cast<std::int64_t>(wide);
}

// A broken program invariant: a gate that lost its invariants must stop. For programmer errors
// only, never for input; on in every build.
[[noreturn]] inline void assertion_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: invariant broken: %s\n", file, line, expression);
  std::abort();
}
#define PORTCULLIS_ASSERT(expression) \
  ((expression) ? void(0) : ::portcullis::risk::assertion_failed(#expression, __FILE__, __LINE__))

}  // namespace portcullis::risk
