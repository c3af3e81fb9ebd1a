// The passes over columns, of each kind of processor that this machine is: against the arithmetic as it is
// written down, for every number of columns; and division by a number that stays against division.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <string>
#include <vector>

#include "risk/division.h"
#include "risk/vectors.h"
#include "tests/support/random_world.h"

namespace portcullis::support::vector_code_test {
namespace {

using namespace portcullis::risk;
using Columns = std::vector<std::int64_t>;

constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();

// Of all sizes, small ones and those at the ends more often than chance would have it.
std::int64_t number(Rng& rng) {
  const auto any = static_cast<std::int64_t>(rng.next());
  switch (rng.between(0, 5)) {
    case 0:
      return rng.pick({0, 1, -1, kLargest, -kLargest, -kLargest - 1});
    case 1:
      return rng.between(-3, 3);
    default:
      return any >> rng.between(0, 63);
  }
}
Columns numbers(Rng& rng, std::size_t count) {
  Columns result(count);
  for (std::int64_t& x : result) x = number(rng);
  return result;
}
std::int64_t wrapped(Int128 x) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(static_cast<Unsigned128>(x)));
}

std::int64_t kept(const GainHaircut& haircut, std::int64_t x) {
  if (x <= 0) return x;
  const Unsigned128 scaled = Unsigned128{static_cast<std::uint64_t>(x)} * haircut.kappa >> 64;
  return std::min(haircut.full ? x : static_cast<std::int64_t>(scaled), haircut.cap);
}

GainHaircut some_haircut(Rng& rng) {
  GainHaircut haircut;
  haircut.full = rng.percent(30);
  if (!haircut.full) haircut.kappa = rng.percent(30) ? 0 : rng.next();
  if (rng.percent(50)) haircut.cap = rng.percent(20) ? 0 : number(rng) & kLargest;
  return haircut;
}

VectorCode::Tail sorted_tail(Columns columns, std::size_t whole) {
  std::sort(columns.begin(), columns.end());
  VectorCode::Tail tail;
  for (std::size_t c = 0; c < whole; ++c) tail.sum += columns[c];
  tail.next = columns[whole];
  return tail;
}

class VectorCodes : public testing::TestWithParam<const VectorCode*> {};

TEST_P(VectorCodes, AreTheArithmetic) {
  const VectorCode& code = *GetParam();
  Rng rng(test_seed(7));
  for (std::int64_t trial = test_scale(30'000); trial > 0; --trial) {
    const auto columns = static_cast<std::size_t>(rng.percent(90) ? rng.between(1, 70)
                                                                  : rng.between(1, kColumnsMax));
    SCOPED_TRACE(testing::Message() << columns << " columns, trial " << trial);
    const Columns in = numbers(rng, columns);
    const Columns other = numbers(rng, columns);
    Columns out(columns);
    Columns expected(columns);

    std::vector<std::int32_t> row(columns);
    for (std::int32_t& x : row) x = static_cast<std::int32_t>(number(rng));
    const std::int64_t up = number(rng);
    const std::int64_t down = number(rng);
    const std::int64_t constant = number(rng);
    for (std::size_t c = 0; c < columns; ++c)
      expected[c] = wrapped(Int128{in[c]} + Int128{row[c] >= 0 ? up : down} * row[c] + constant);
    code.add_row(out.data(), in.data(), row.data(), columns, up, down, constant);
    ASSERT_EQ(out, expected);
    out = in;
    code.add_row(out.data(), out.data(), row.data(), columns, up, down, constant);
    ASSERT_EQ(out, expected);

    const GainHaircut haircut = some_haircut(rng);
    const auto gains = [&](const auto& f) {
      for (std::size_t c = 0; c < columns; ++c) expected[c] = wrapped(f(c));
    };
    gains([&](std::size_t c) { return Int128{in[c]} + kept(haircut, other[c]); });
    out = in;
    code.add_gains(out.data(), other.data(), columns, haircut);
    ASSERT_EQ(out, expected);
    code.take_gains(out.data(), other.data(), columns, haircut);
    ASSERT_EQ(out, in);
    const Columns now = numbers(rng, columns);
    gains([&](std::size_t c) {
      return Int128{in[c]} - kept(haircut, other[c]) + kept(haircut, now[c]);
    });
    code.change_gains(out.data(), in.data(), other.data(), now.data(), columns, haircut);
    ASSERT_EQ(out, expected);

    const Columns raw = numbers(rng, columns * kLagStates);
    for (std::size_t c = 0; c < columns; ++c)
      expected[c] = std::min({raw[c], raw[columns + c], raw[2 * columns + c]});
    code.fold(out.data(), raw.data(), columns);
    ASSERT_EQ(out, expected);
    Columns in_place = raw;
    code.fold(in_place.data(), in_place.data(), columns);
    in_place.resize(columns);
    ASSERT_EQ(in_place, expected);

    ASSERT_EQ(code.least(in.data(), columns),
              std::min<std::int64_t>(0, *std::min_element(in.begin(), in.end())));
  }
}

// Every size of a tail in every number of columns, with and without many that are equal.
TEST_P(VectorCodes, FindTheTail) {
  const VectorCode& code = *GetParam();
  Rng rng(test_seed(8));
  const auto check = [&](std::size_t columns, std::size_t whole) {
    Columns vector = numbers(rng, columns);
    if (rng.percent(30)) {
      const std::int64_t range = rng.between(0, 5);
      for (std::int64_t& x : vector) x = rng.between(-range, range);
    }
    if (rng.percent(20)) std::sort(vector.begin(), vector.end());
    if (rng.percent(20)) std::sort(vector.rbegin(), vector.rend());
    const VectorCode::Tail tail = code.tail(vector.data(), columns, whole);
    ASSERT_EQ(tail, sorted_tail(vector, whole)) << columns << " columns, " << whole << " whole";
  };
  for (std::size_t columns = 1; columns <= 140; ++columns)
    for (std::size_t whole = 0; whole < columns; ++whole) check(columns, whole);
  for (std::int64_t trial = test_scale(20'000); trial > 0; --trial) {
    const auto columns = static_cast<std::size_t>(rng.between(1, kColumnsMax));
    const auto most = static_cast<std::int64_t>(columns) - 1;
    check(columns, static_cast<std::size_t>(rng.between(0, rng.percent(80) ? most / 10 : most)));
  }
}

INSTANTIATE_TEST_SUITE_P(Each, VectorCodes, testing::ValuesIn(vector_codes()),
                         [](const auto& of) { return std::string(of.param->name); });

TEST(VectorCode, TheBestIsInUse) { EXPECT_EQ(vector_code, vector_codes().back()); }

TEST(Divisor, IsDivision) {
  Rng rng(test_seed(9));
  constexpr std::int64_t kMost = std::int64_t{1} << 62;
  for (std::int64_t trial = test_scale(2'000'000); trial > 0; --trial) {
    const int bits = static_cast<int>(rng.between(1, 62));
    std::int64_t by = (static_cast<std::int64_t>(rng.next() >> 2) >> (62 - bits)) + 1;
    if (rng.percent(20)) by = rng.pick({1, 2, 3, kPpm, kPpm * kPpm * kPpm, kMost, kMost - 1});
    const Divisor divisor(by);
    Int128 a = (Int128{static_cast<std::int64_t>(rng.next())} << 62) ^ Int128 { number(rng) };
    a >>= rng.between(0, 125);
    // Around the multiples is where an estimate is wrong.
    if (rng.percent(50)) a = a / by * by + rng.between(-2, 2);
    ASSERT_EQ(divisor.floor(a) == floor_div(a, by), true) << trial;
    ASSERT_EQ(divisor.ceil(a) == ceil_div(a, by), true) << trial;
  }
}

}  // namespace
}  // namespace portcullis::support::vector_code_test
