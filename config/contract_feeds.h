// Where it comes from what a contract's venue says beside prices: funding, open interest. Plain data;
// config/load_contracts.cpp has the keys.
#pragma once

#include <cstdint>
#include <string>

#include "config/price_references.h"
#include "config/ratio.h"
#include "risk/types.h"

namespace portcullis::config {

enum class FundingStyle : std::uint8_t {
  AtSettlement,  // the predicted rate is paid at once when its time comes (Binance, Bybit)
  Continuous,    // the rate of an interval is paid as time goes by (Deribit)
};

struct FundingSettings {
  risk::InstrumentIndex instrument;  // a perpetual contract
  SourceIndex source;
  std::string symbol;  // the source's own
  FundingStyle style = FundingStyle::AtSettlement;
  std::int64_t interval_ns = 0;   // from a settlement to the next, or of which the rate is
  std::int64_t age_max_ns = 0;    // a rate or a mark that is older pays nothing
  std::int64_t period_ns = 0;     // the engine is told no more often, but of settlements
  std::int64_t rate_max_ppm = 0;  // a higher rate, on either side of 0, is not believed
};

struct OpenInterestSettings {
  risk::InstrumentIndex instrument;
  SourceIndex source;
  std::string symbol;
  Ratio multiplier{1, 1};      // what the source says times this is a quantity of the instrument
  std::int64_t period_ns = 0;  // the engine is told no more often
};

}  // namespace portcullis::config
