// A portfolio on the engine: loaded by its commands, taken apart by its breakdown, its what-if
// orders decided by its whole list of checks.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "config/deployment.h"
#include "config/problem.h"
#include "gateway/commands/margin_cash.h"
#include "gateway/commands/margin_portfolio.h"
#include "risk/breakdown.h"
#include "risk/commands.h"

namespace portcullis::gateway {

struct WhatIf {
  risk::MarginTrial trial;          // the margin alone
  std::optional<CashTrial> cash{};  // of a cash account: passes or not by this alone
  risk::Decision decision;          // every check
};

struct Evaluation {
  risk::Breakdown breakdown;
  risk::MarginState state = risk::MarginState::Normal;
  std::vector<WhatIf> what_if{};  // each alone beside the open orders
};

// None where there is a problem: an option that cannot be priced, a figure that fits no integer.
[[nodiscard]] std::optional<Evaluation> evaluate(const config::Deployment& deployment,
                                                 const Portfolio& portfolio, std::string_view label,
                                                 std::vector<config::Problem>& problems);

}  // namespace portcullis::gateway
