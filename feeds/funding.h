// What a perpetual contract pays for being held: from what the market says of its rate to the
// engine's FundingUpdate commands (METHOD 3.14).
//
// A long lot pays rate * value, the value being the lot's at its mark in the settlement asset (linear:
// mark * units_per_lot_mark; inverse: units_per_lot_mark / mark); a short one receives it, and at a
// negative rate the other way round. Each payment is rounded once, to the nearest 1e-9 settlement
// unit, halves away from zero; from then on the engine's sums are exact.
//
// A payment needs a rate and a mark that are fresh at its time. Where one is missing nothing is paid
// and it is counted: what was missed is for the operator to settle, not for a guess.
#pragma once

#include <cstdint>
#include <optional>

#include "config/contract_feeds.h"
#include "feeds/dialects/market_update.h"
#include "risk/commands.h"
#include "risk/parameters.h"

namespace portcullis::feeds {

using config::FundingStyle;

struct FundingTerms {
  risk::InstrumentIndex instrument{};
  risk::Payoff payoff = risk::Payoff::Linear;  // REQUIRES Linear or Inverse
  std::int64_t units_per_lot_mark = 0;         // as InstrumentParameters has it; REQUIRES > 0
  FundingStyle style = FundingStyle::AtSettlement;
  // Continuous: what the rate is of, and how far ahead the payment is predicted. AtSettlement: no
  // settlement is further away.
  std::int64_t interval_ns = 0;  // REQUIRES > 0
  // A rate or a mark is good for so long after its time.
  std::int64_t age_max_ns = 0;  // REQUIRES > 0
  // An update of the engine no more often than this, but for a settlement, which does not wait.
  std::int64_t period_ns = 0;  // REQUIRES > 0
  // A rate beyond this, in ppm of the interval, is refused as no rate.
  std::int64_t rate_max_ppm = 0;  // REQUIRES 1..1e9
};

struct FundingCounters {
  std::uint64_t rates = 0;        // taken
  std::uint64_t settlements = 0;  // paid, AtSettlement
  std::uint64_t refused = 0;      // rates out of bounds, late ones, marks that are not above 0
  // Settlements that found no fresh rate or mark, or a payment beyond 64 bits.
  std::uint64_t missed = 0;
  std::int64_t missed_ns = 0;  // of time without them, Continuous
};

// Of one instrument. One thread; times are the epoch's and given by the caller.
class Funding {
 public:
  // What was due until `begin_ns` is somebody else's: a process that begins pays nothing of what the
  // one before it may have paid.
  explicit Funding(const FundingTerms& terms, std::int64_t begin_ns = 0);

  // The mark as it is published to the engine. Times do not go back: an earlier one is refused.
  void take_mark(std::int64_t mark, std::int64_t as_of_ns);
  // What a source says of the rate: PredictedFundingRate and next_funding_ns, or, Continuous,
  // FundingRate. An update without them says nothing.
  void take(const MarketUpdate& update);
  // Pays what is due at `now_ns`, which never goes back. None: nothing to tell. The last time, what
  // is paid does not wait for its period.
  [[nodiscard]] std::optional<risk::FundingUpdate> step(std::int64_t now_ns, bool is_last = false);

  [[nodiscard]] const FundingCounters& counters() const { return counters_; }
  // When the next settlement is due, AtSettlement; none before it is known.
  [[nodiscard]] std::optional<std::int64_t> next_settlement_ns() const;

 private:
  // Of a value that was last said at a time.
  struct Said {
    std::int64_t value = 0;
    std::int64_t as_of_ns = 0;
    bool known = false;
  };
  // Whether it was said by then, and not too long before.
  [[nodiscard]] bool is_fresh(const Said& said, std::int64_t at_ns) const;
  // What a long lot pays at the rate over a part of the interval; none: it does not fit.
  [[nodiscard]] std::optional<std::int64_t> payment(std::int64_t part_ns) const;
  void settle();
  void accrue(std::int64_t until_ns);
  void pay(std::int64_t amount);

  FundingTerms terms_;
  FundingCounters counters_{};
  Said mark_{};
  Said rate_{};                  // in 1e-15
  std::int64_t next_ns_ = 0;     // settlement; 0: not known
  std::int64_t settled_ns_ = 0;  // the last one's time, paid or missed
  std::int64_t accrued_ns_ = 0;  // until when it is accrued; 0: not begun
  std::int64_t told_ns_ = 0;
  std::int64_t paid_ = 0;  // and not told yet
  std::int64_t predicted_told_ = 0;
  bool is_settlement_ = false;  // in paid_
};

}  // namespace portcullis::feeds
