// What `portcullis margin` says of one portfolio: one line of JSON (tests/oracle/FORMAT.md), or tables
// for people.
#pragma once

#include <cstdint>
#include <string>

#include "config/deployment.h"
#include "gateway/commands/margin_evaluation.h"
#include "gateway/commands/margin_portfolio.h"
#include "risk/reject_reason.h"

namespace portcullis::gateway {

// Without the line's end.
[[nodiscard]] std::string answer_json(const config::Deployment& deployment,
                                      const Portfolio& portfolio, const Evaluation& evaluation);
[[nodiscard]] std::string answer_text(const config::Deployment& deployment,
                                      const Portfolio& portfolio, const Evaluation& evaluation);

// --- what both say

struct AnswerTexts {
  const config::Deployment& deployment;

  // In the risk currency, from quanta or fines.
  [[nodiscard]] std::string value(risk::Int128 quanta) const;
  [[nodiscard]] std::string fines(risk::Int128 fines) const;
  [[nodiscard]] std::string units(risk::AssetIndex asset, risk::Int128 units) const;
  [[nodiscard]] std::string quantity(risk::InstrumentIndex instrument, risk::Lots lots) const;
  [[nodiscard]] std::string price(risk::InstrumentIndex instrument, risk::Price price) const;
  [[nodiscard]] static std::string share(risk::Int128 ppm);

  // Of a decision's arithmetic, in the unit of its reason.
  [[nodiscard]] std::string figure(risk::InstrumentIndex instrument, risk::ArithmeticUnit unit,
                                   std::int64_t figure) const;
  // The account, session or node by which it was refused.
  [[nodiscard]] std::string place(const Portfolio& portfolio, const risk::Decision& decision) const;
  [[nodiscard]] const std::string& scenario(std::uint32_t set, std::uint32_t group,
                                            std::uint32_t column) const;

  // Equity less costs to the requirement, rounded down; empty where nothing is required.
  [[nodiscard]] static std::string ratio(const risk::BasisBreakdown& basis);
  // Gross notional to equity less costs, rounded up; empty where there is none left.
  [[nodiscard]] static std::string leverage(const risk::Breakdown& breakdown);
};

[[nodiscard]] std::string_view name_of(risk::MarginState state);
// By what a what-if order passes, or "", and what is missing then, in quanta.
[[nodiscard]] std::string_view leg_of(const WhatIf& what_if);
[[nodiscard]] risk::Int128 shortfall_of(const WhatIf& what_if);
[[nodiscard]] std::string_view name_of(risk::ArithmeticUnit unit);
// Whether the engine looks for the largest quantity that passes: another unit is no matter of size.
[[nodiscard]] constexpr bool has_largest_passing(risk::ArithmeticUnit unit) {
  return unit == risk::ArithmeticUnit::Lots || unit == risk::ArithmeticUnit::Quanta;
}

}  // namespace portcullis::gateway
