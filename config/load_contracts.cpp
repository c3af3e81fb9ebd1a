// feeds.json: what the sources say of a contract beside its price, in its entry of instruments.
//
//   funding         of a perpetual contract with a reference, at whose mark it is paid; absent: it is
//                   not known here what it pays
//     source, symbol  a source of sources that is no source of lines, and the contract's name there
//     style           at_settlement: what was predicted is paid at once when its time comes (binance,
//                     bybit); continuous: paid as time goes by (deribit)
//     interval_ms     from one settlement to the next, at most; continuous: of which the rate is, and
//                     deribit's is of 8 hours
//     max_age_ms      a rate or a mark that is older pays nothing, and that is counted
//     period_ms       the engine is told no more often, but of a settlement, which does not wait
//     rate_max        the share of the value that an interval may cost; a rate beyond it, on either
//                     side of 0, is not believed
//   open_interest   of anything but spot; absent: it is not known here
//     source, symbol  as above
//     quantity_multiplier   by which what the source says is multiplied to be a quantity; 1 by default
//     period_ms       the engine is told no more often
#include <fmt/format.h>

#include "config/load_steps.h"
#include "risk/state.h"
#include "risk/types.h"

namespace portcullis::config {

namespace {

using risk::Int128;
using risk::kDayMs;
using risk::kPpm;

constexpr Int128 kPaymentMax = Int128{1} << 62;  // in 1e-9 units
constexpr std::int64_t kDeribitIntervalNs = 8 * 3'600 * risk::kSecondNs;

// None of lines: they have prices alone.
SourceIndex read_source_of(const Loading& loading, JsonReader& in) {
  const SourceIndex source =
      in.reference("source", loading.out.names.sources, "a source of feeds.json")
          .value_or(SourceIndex{});
  if (!source.exists() || !loading.sources_ok) return {};
  if (loading.out.feed.sources[source.value].dialect != SourceDialect::Lines) return source;
  in.problem("source", "must not be a source of lines, which have prices alone");
  return {};
}

std::string read_symbol(const Loading& loading, JsonReader& in, SourceIndex source) {
  const std::string symbol = in.text("symbol", 1, 64).value_or("");
  if (source.exists()) check_live_symbol(in, loading.out.feed.sources[source.value], symbol);
  return symbol;
}

bool is_perpetual(InstrumentKind kind) {
  return kind == InstrumentKind::Perpetual || kind == InstrumentKind::InversePerpetual;
}

// What a source of the dialect can tell.
void check_style(JsonReader& in, SourceDialect dialect, const FundingSettings& funding) {
  const bool is_deribit = dialect == SourceDialect::Deribit;
  if (is_deribit != (funding.style == FundingStyle::Continuous)) {
    in.problem("style", is_deribit ? "must be \"continuous\" for a source of deribit"
                                   : "must be \"at_settlement\" for this source");
  } else if (is_deribit && funding.interval_ns != kDeribitIntervalNs) {
    in.problem("interval_ms", fmt::format("must be {}: deribit's rates are of 8 hours",
                                          kDeribitIntervalNs / kNsPerMs));
  }
}

// The most that a lot can pay in an interval fits the engine's integers. An inverse lot is worth most
// where its mark is lowest, for which there is no bound: what does not fit is missed (feeds/funding.h).
void check_payment(const Loading& loading, JsonReader& in, const FundingSettings& funding) {
  const risk::InstrumentParameters& instrument =
      loading.out.parameters.instruments[funding.instrument.value];
  if (instrument.payoff != risk::Payoff::Linear) return;
  const Int128 units = Int128{instrument.units_per_lot_mark} *
                       loading.out.instruments[funding.instrument.value].mark_max.raw;
  if (units <= risk::kValueMax &&
      units * (risk::kFundingScale / kPpm) * funding.rate_max_ppm <= kPaymentMax) {
    return;
  }
  in.problem("rate_max", fmt::format("lets a lot pay more than {} units of its settlement asset",
                                     static_cast<std::int64_t>(kPaymentMax / risk::kFundingScale)));
}

}  // namespace

void read_funding(Loading& loading, JsonReader in, risk::InstrumentIndex index) {
  const std::size_t problems_before = loading.problem_count();
  FundingSettings funding;
  funding.instrument = index;
  funding.source = read_source_of(loading, in);
  funding.symbol = read_symbol(loading, in, funding.source);
  const auto style = in.choice<FundingStyle>(
      "style",
      {{"at_settlement", FundingStyle::AtSettlement}, {"continuous", FundingStyle::Continuous}});
  funding.style = style.value_or(FundingStyle::AtSettlement);
  funding.interval_ns = read_ns(in, "interval_ms", kNsPerMs, 1'000, 30 * kDayMs);
  funding.age_max_ns = read_ns(in, "max_age_ms", kNsPerMs, 1, kDayMs);
  funding.period_ns = read_ns(in, "period_ms", kNsPerMs, 1, kDayMs);
  funding.rate_max_ppm = in.decimal("rate_max", kPpmScale, 1, kPpm).value_or(0);
  if (in.readable() && !is_perpetual(loading.out.instruments[index.value].kind))
    in.problem("", "must not be there: only perpetual contracts pay funding");
  if (!funding.source.exists() || loading.problem_count() != problems_before) return;
  check_style(in, loading.out.feed.sources[funding.source.value].dialect, funding);
  if (loading.instruments[index.value].ok) check_payment(loading, in, funding);
  loading.out.feed.fundings.push_back(std::move(funding));
}

void read_open_interest(Loading& loading, JsonReader in, risk::InstrumentIndex index) {
  const std::size_t problems_before = loading.problem_count();
  OpenInterestSettings interest;
  interest.instrument = index;
  interest.source = read_source_of(loading, in);
  if (interest.source.exists() &&
      loading.out.feed.sources[interest.source.value].dialect == SourceDialect::Binance) {
    in.problem("source", "must not be a source of binance, whose stream does not tell it");
  }
  interest.symbol = read_symbol(loading, in, interest.source);
  interest.multiplier = read_multiplier(in, "quantity_multiplier");
  interest.period_ns = read_ns(in, "period_ms", kNsPerMs, 1, kDayMs);
  if (in.readable() && loading.out.instruments[index.value].kind == InstrumentKind::Spot)
    in.problem("", "must not be there: in spot nobody has a position");
  if (!interest.source.exists() || loading.problem_count() != problems_before) return;
  loading.out.feed.open_interests.push_back(std::move(interest));
}

}  // namespace portcullis::config
