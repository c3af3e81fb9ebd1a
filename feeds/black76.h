// Black's model of 1976: a European option on a forward, under the name of the field, Black-76.
//
//   call = D * (F * N(d1) - K * N(d2))      d1 = ln(F / K) / s + s / 2
//   put  = D * (K * N(-d2) - F * N(-d1))    d2 = ln(F / K) / s - s / 2,    s = volatility * sqrt(T)
//
// Double arithmetic: the only floating point in the product. What it gives may differ in its last
// bits between machines, so nothing that decides calls it; it reaches the engine as the integers of
// a published table (feeds/table_builder.h).
#pragma once

#include <cstdint>

#include "risk/types.h"

namespace portcullis::feeds {

enum class OptionKind : std::uint8_t { Call, Put };

// REQUIRES of each that it is finite and >= 0, of the strike and the discount that they are > 0.
struct Black76Inputs {
  OptionKind kind = OptionKind::Call;
  double forward = 0;
  double strike = 0;
  double years = 0;       // to expiry
  double volatility = 0;  // a year's: 0.6 is 60 %
  double discount = 1;    // of a payment at expiry
};

struct Black76 {
  double price = 0;  // in the currency of the strike
  double delta = 0;  // what the price gains when the forward rises by one
};

// At zero time, volatility or forward it is the limit: the discounted intrinsic value, with half a
// delta exactly at the money. Call less put is D * (F - K) up to the last bits of the result, and
// neither is ever below its intrinsic value.
[[nodiscard]] Black76 black76(const Black76Inputs& inputs);

// Options count a year as 365 days (Actual/365 Fixed).
inline constexpr double kDaysPerYear = 365;
// Until expiry; 0 from then on.
[[nodiscard]] double years_between(risk::Timestamp now, risk::Timestamp expiry);

}  // namespace portcullis::feeds
