// A cash account, whose orders pass where what they may take is there (METHOD 3.13).
#pragma once

#include <optional>

#include "gateway/commands/margin_portfolio.h"
#include "risk/breakdown.h"
#include "risk/parameters.h"

namespace portcullis::gateway {

struct CashTrial {
  bool passes = false;
  // Quanta, rounded up: what is missing of the asset that the order pays. 0 where it passes, and of an
  // order in anything but spot, which a cash account does not trade.
  risk::Int128 missing = 0;
};

// What becomes of an order beside the open ones, whatever else is checked; none where the account is
// no cash account. REQUIRES an index of the asset that a spot order pays.
[[nodiscard]] std::optional<CashTrial> try_cash(const risk::Parameters& parameters,
                                                const Portfolio& portfolio,
                                                const risk::Breakdown& breakdown,
                                                const PortfolioOrder& order);

}  // namespace portcullis::gateway
