#include "feeds/funding.h"

#include <algorithm>
#include <limits>

#include "risk/state.h"

namespace portcullis::feeds {
namespace {

using risk::Int128;

constexpr int kRateScale = 15;
constexpr std::int64_t kRateOne = 1'000'000'000'000'000;

// None: beyond 64 bits.
std::optional<std::int64_t> rounded(Int128 a, Int128 b) {
  const Int128 quotient = risk::nearest_div(a, b);
  if (quotient > std::numeric_limits<std::int64_t>::max() ||
      quotient < std::numeric_limits<std::int64_t>::min()) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(quotient);
}

}  // namespace

Funding::Funding(const FundingTerms& terms, std::int64_t begin_ns)
    : terms_(terms), settled_ns_(begin_ns), accrued_ns_(begin_ns) {
  PORTCULLIS_ASSERT(terms.payoff == risk::Payoff::Linear || terms.payoff == risk::Payoff::Inverse);
  PORTCULLIS_ASSERT(terms.units_per_lot_mark > 0 && terms.interval_ns > 0 && terms.age_max_ns > 0 &&
                    terms.period_ns > 0);
  PORTCULLIS_ASSERT(terms.rate_max_ppm > 0 && terms.rate_max_ppm <= 1'000'000'000);
}

void Funding::take_mark(std::int64_t mark, std::int64_t as_of_ns) {
  if (mark <= 0 || (mark_.known && as_of_ns < mark_.as_of_ns)) {
    ++counters_.refused;
    return;
  }
  accrue(as_of_ns);  // at the mark until now
  mark_ = {mark, as_of_ns, true};
}

void Funding::take(const MarketUpdate& update) {
  const bool is_continuous = terms_.style == FundingStyle::Continuous;
  const auto& said =
      update[is_continuous ? MarketField::FundingRate : MarketField::PredictedFundingRate];
  if (!said || (!is_continuous && !update.next_funding_ns)) return;
  // What is finer than 1e-15 is cut off.
  const config::Decimal rate = config::at_scale(*said, kRateScale);
  const Int128 bound = Int128{terms_.rate_max_ppm} * (kRateOne / risk::kPpm);
  if (rate.error == config::DecimalError::OutOfRange || rate.value > bound || rate.value < -bound ||
      (rate_.known && update.source_time_ns < rate_.as_of_ns)) {
    ++counters_.refused;
    return;
  }
  if (is_continuous) {
    accrue(update.source_time_ns);  // at the rate until now
  } else {
    const std::int64_t next_ns = *update.next_funding_ns;
    if (next_ns <= update.source_time_ns || next_ns <= settled_ns_ || next_ns < next_ns_ ||
        next_ns - update.source_time_ns > terms_.interval_ns) {
      ++counters_.refused;
      return;
    }
    // The source is in the next interval: the last one has ended at what was known of it.
    if (next_ns_ != 0 && next_ns > next_ns_) settle();
    next_ns_ = next_ns;
  }
  rate_ = {rate.value, update.source_time_ns, true};
  ++counters_.rates;
}

std::optional<risk::FundingUpdate> Funding::step(std::int64_t now_ns, bool is_last) {
  if (terms_.style == FundingStyle::Continuous) {
    accrue(now_ns);
  } else if (next_ns_ != 0 && now_ns >= next_ns_) {
    settle();
  }
  if (!rate_.known || !mark_.known) return std::nullopt;
  const bool waits = !is_settlement_ && !(is_last && paid_ != 0);
  if (waits && told_ns_ != 0 && now_ns - told_ns_ < terms_.period_ns) return std::nullopt;
  const std::int64_t predicted = payment(terms_.interval_ns).value_or(predicted_told_);
  if (paid_ == 0 && predicted == predicted_told_) return std::nullopt;
  const risk::FundingUpdate update{
      .time = {now_ns}, .paid = paid_, .predicted = predicted, .instrument = terms_.instrument};
  told_ns_ = now_ns;
  predicted_told_ = predicted;
  paid_ = 0;
  is_settlement_ = false;
  return update;
}

std::optional<std::int64_t> Funding::next_settlement_ns() const {
  if (next_ns_ == 0) return std::nullopt;
  return next_ns_;
}

bool Funding::is_fresh(const Said& said, std::int64_t at_ns) const {
  return said.known && said.as_of_ns <= at_ns && at_ns - said.as_of_ns <= terms_.age_max_ns;
}

std::optional<std::int64_t> Funding::payment(std::int64_t part_ns) const {
  // rate * units * scale * part / (one * interval), times or over the mark. scale / one = 1 / 1e6.
  constexpr std::int64_t kOver = kRateOne / risk::kFundingScale;
  Int128 above = Int128{rate_.value} * terms_.units_per_lot_mark;
  Int128 below = Int128{kOver};
  bool overflows = false;
  if (part_ns != terms_.interval_ns) {
    overflows |= __builtin_mul_overflow(above, Int128{part_ns}, &above);
    overflows |= __builtin_mul_overflow(below, Int128{terms_.interval_ns}, &below);
  }
  Int128& side = terms_.payoff == risk::Payoff::Linear ? above : below;
  overflows |= __builtin_mul_overflow(side, Int128{mark_.value}, &side);
  if (overflows) return std::nullopt;
  return rounded(above, below);
}

// What was said behind the settlement's time is not of its interval: take() keeps it out, but for a
// mark, which is then the first one after it.
void Funding::settle() {
  const std::int64_t at_ns = next_ns_;
  settled_ns_ = at_ns;
  next_ns_ = 0;
  const bool mark_is_fresh =
      mark_.known &&
      std::max(at_ns, mark_.as_of_ns) - std::min(at_ns, mark_.as_of_ns) <= terms_.age_max_ns;
  const auto amount =
      is_fresh(rate_, at_ns) && mark_is_fresh ? payment(terms_.interval_ns) : std::nullopt;
  if (!amount) {
    ++counters_.missed;
    return;
  }
  pay(*amount);
  is_settlement_ = true;
  ++counters_.settlements;
}

void Funding::accrue(std::int64_t until_ns) {
  if (terms_.style != FundingStyle::Continuous) return;
  const std::int64_t from_ns = accrued_ns_;
  if (until_ns <= from_ns) return;
  accrued_ns_ = until_ns;
  if (from_ns == 0) return;
  // As far as both are good; both were said by then, because whoever says one comes here first.
  std::int64_t good_ns = from_ns;
  if (rate_.known && mark_.known) {
    const std::int64_t end_ns = std::min(rate_.as_of_ns, mark_.as_of_ns) + terms_.age_max_ns;
    good_ns = std::clamp(end_ns, from_ns, until_ns);
  }
  counters_.missed_ns += until_ns - good_ns;
  if (good_ns == from_ns) return;
  const auto amount = payment(good_ns - from_ns);
  if (!amount) {
    counters_.missed_ns += good_ns - from_ns;
    return;
  }
  pay(*amount);
}

void Funding::pay(std::int64_t amount) {
  if (__builtin_add_overflow(paid_, amount, &paid_)) {
    paid_ = 0;  // nothing that is not the whole
    ++counters_.missed;
  }
}

}  // namespace portcullis::feeds
