// One portfolio of `portcullis margin`, as tests/oracle/FORMAT.md describes it: the prices, balances,
// positions and orders of one account, as integers of the configuration.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/deployment.h"
#include "config/json.h"
#include "config/problem.h"
#include "feeds/table_builder.h"
#include "risk/risk_table.h"
#include "risk/types.h"

namespace portcullis::gateway {

struct PortfolioAsset {
  std::int64_t index = 0;  // index units; 0: not priced
  std::int64_t balance = 0;
  std::int64_t borrowed = 0;
};

struct PortfolioInstrument {
  risk::Mark mark;  // 0: not priced
  risk::Lots position;
  std::int64_t cash = 0;          // units of the settlement asset
  std::int64_t funding_rate = 0;  // 10^-kFundingRateScale of the notional
  risk::Lots open_interest;
  // Table risk: what a lot gains by column, in fines, or what it is priced from, or neither.
  std::optional<std::vector<std::int64_t>> vector;
  std::optional<feeds::OptionMarket> market;  // the settlement asset's index is not filled in
  risk::TableMeasures measures{};
};
inline constexpr int kFundingRateScale = 9;

struct PortfolioOrder {
  risk::InstrumentIndex instrument;
  risk::Side side = risk::Side::Buy;
  risk::Lots quantity;
  risk::Price price;
  bool exit = false;         // of open orders
  bool reduce_only = false;  // of what-if orders
};

struct Portfolio {
  std::string name;
  risk::AccountIndex account;
  risk::Timestamp time;
  bool wants_vectors = false;
  std::vector<PortfolioAsset> assets;            // by asset
  std::vector<PortfolioInstrument> instruments;  // by instrument
  std::vector<PortfolioOrder> orders;
  std::vector<PortfolioOrder> what_if;
};

// None where there is a problem: then all of them are recorded, with `label` for a file's name.
[[nodiscard]] std::optional<Portfolio> read_portfolio(const config::Json& json,
                                                      std::string_view label,
                                                      const config::Deployment& deployment,
                                                      std::vector<config::Problem>& problems);

}  // namespace portcullis::gateway
