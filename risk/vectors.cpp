#include "risk/vectors.h"

namespace portcullis::risk {

std::int64_t expected_shortfall(Vector vector, std::int64_t tail_numerator,
                                std::int64_t tail_denominator) noexcept {
  if (vector.empty()) return 0;
  // The tail holds mass / tail_denominator columns, at most all of them.
  const Int128 mass = Int128{tail_numerator} * static_cast<std::int64_t>(vector.size());
  const auto whole = static_cast<std::size_t>(mass / tail_denominator);
  std::int64_t sorted[kColumnsMax];
  std::copy(vector.begin(), vector.end(), sorted);
  if (whole < vector.size()) std::nth_element(sorted, sorted + whole, sorted + vector.size());
  Int128 losses = 0;  // times tail_denominator
  for (std::size_t c = 0; c < whole; ++c) losses -= sorted[c];
  losses *= tail_denominator;
  if (whole < vector.size())
    losses -= (mass - Int128{tail_denominator} * static_cast<std::int64_t>(whole)) * sorted[whole];
  if (losses <= 0) return 0;
  return static_cast<std::int64_t>(
      std::min<Int128>(ceil_div(losses, mass), std::numeric_limits<std::int64_t>::max()));
}

}  // namespace portcullis::risk
