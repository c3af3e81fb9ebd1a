// Decimal text of orders against exact rationals: whole lots and ticks, or a fault, never another
// number.
#include <gtest/gtest.h>

#include <random>

#include "config/decimal.h"
#include "gateway/json/commands.h"
#include "tests/support/json_deployment.h"
#include "tests/support/random_world.h"

namespace portcullis::gateway::json::json_decimal_property_test {
namespace {

using risk::Int128;
using support::test_scale;
using support::test_seed;

// digits * 10^exponent, made of what a number was written from, and not of its text.
struct Exact {
  Int128 digits = 0;
  int exponent = 0;
};
// The number in units of step * 10^-scale, where it is a whole number of them.
std::optional<Int128> whole_steps(Exact number, int scale, std::int64_t step) {
  int shift = number.exponent + scale;
  Int128 numerator = number.digits;
  for (; shift < 0; ++shift) {
    if (numerator % 10 != 0) return std::nullopt;
    numerator /= 10;
  }
  for (; shift > 0; --shift) numerator *= 10;
  return numerator % step == 0 ? std::optional<Int128>(numerator / step) : std::nullopt;
}

struct Written {
  Exact exact;
  std::string text;
  bool quoted = false;
};

class Writing {
 public:
  explicit Writing(std::uint64_t seed) : random_(seed) {}

  int below(int n) { return static_cast<int>(random_() % static_cast<std::uint64_t>(n)); }

  // Up to 12 digits around the size of orders, with a point, zeros and an exponent wherever they may
  // stand.
  Written number() {
    Written out;
    const int count = 1 + below(12);
    std::string digits;
    for (int i = 0; i < count; ++i) digits += static_cast<char>('0' + below(10));
    for (int i = below(4); i > 0 && !digits.empty(); --i) digits.back() = '0';
    const int fraction = below(std::min(count + 1, 7));
    for (const char c : digits) out.exact.digits = out.exact.digits * 10 + (c - '0');
    out.exact.exponent = -fraction;
    std::string whole = digits.substr(0, digits.size() - static_cast<std::size_t>(fraction));
    std::string rest = digits.substr(digits.size() - static_cast<std::size_t>(fraction));
    out.quoted = below(2) == 0;
    if (!out.quoted) {
      while (whole.size() > 1 && whole.front() == '0') whole.erase(0, 1);
    } else if (below(4) == 0) {
      whole.insert(0, "00");
    }
    if (whole.empty()) whole = "0";
    if (below(4) == 0) rest += "000";
    out.text = whole + (rest.empty() ? "" : "." + rest);
    if (below(10) == 0) {
      out.text.insert(0, "-");
      out.exact.digits = -out.exact.digits;
    }
    if (!out.quoted && below(3) == 0) {
      const int exponent = below(13) - 6;
      out.text += below(2) == 0 ? "e" : "E";
      if (exponent >= 0 && below(2) == 0) out.text += "+";
      out.text += std::to_string(exponent);
      out.exact.exponent += exponent;
    }
    return out;
  }

 private:
  std::mt19937_64 random_;
};

TEST(JsonDecimals, AreExactOrFaults) {
  const config::Deployment deployment = test::model_with_symbols();
  const Symbols symbols(deployment);
  Writing writing(test_seed(11));
  const std::int64_t rounds = test_scale(200'000);
  std::int64_t quantities = 0;
  std::int64_t prices = 0;
  for (std::int64_t round = 0; round < rounds; ++round) {
    const risk::InstrumentIndex instrument{
        static_cast<std::uint32_t>(writing.below(static_cast<int>(deployment.instruments.size())))};
    const config::InstrumentSettings& settings = deployment.instruments[instrument.value];
    const Written quantity = writing.number();
    const Written price = writing.number();
    OrderRequest request;
    request.category = symbols.category(instrument);
    request.symbol = symbols.name(instrument);
    request.quantity = {quantity.text, quantity.quoted};
    request.price = {price.text, price.quoted};
    const risk::NewOrder order = new_order(request, symbols);
    ASSERT_EQ(order.instrument, instrument);

    const auto lots = whole_steps(quantity.exact, settings.quantity_decimals, settings.lot);
    const bool lots_fit = lots && *lots > 0 && *lots <= settings.venue.quantity_max.raw;
    ASSERT_EQ((order.flags & risk::kOffLot) == 0, lots_fit) << quantity.text;
    if (lots_fit) {
      ASSERT_EQ(Int128{order.quantity.raw}, *lots) << quantity.text;
      ++quantities;
    }
    const auto ticks =
        whole_steps(price.exact, settings.mark_decimals,
                    deployment.parameters.instruments[instrument.value].marks_per_tick);
    const bool ticks_fit = ticks && *ticks > 0 && *ticks <= settings.venue.price_max.raw;
    const bool taken =
        (order.flags & risk::kOffTick) == 0 && order.form == risk::RejectReason::None;
    ASSERT_EQ(taken, ticks_fit) << price.text;
    if (ticks_fit) {
      ASSERT_EQ(Int128{order.price.raw}, *ticks) << price.text;
      ++prices;
      // And back.
      const std::string again = symbols.price(instrument, order.price);
      request.price = {again, true};
      ASSERT_EQ(new_order(request, symbols).price, order.price) << price.text;
    }
  }
  EXPECT_GT(quantities, rounds / 50);
  EXPECT_GT(prices, rounds / 50);
}

}  // namespace
}  // namespace portcullis::gateway::json::json_decimal_property_test
