#include "gateway/commands/margin_answer.h"

#include "config/decimal.h"

namespace portcullis::gateway {

namespace {

constexpr int kSecondsScale = 9;

}  // namespace

std::string AnswerTexts::value(risk::Int128 quanta) const {
  return config::to_decimal(quanta, deployment.risk_decimals);
}

std::string AnswerTexts::fines(risk::Int128 fines) const {
  return config::to_decimal(fines, deployment.risk_decimals + config::kFinesScale);
}

std::string AnswerTexts::units(risk::AssetIndex asset, risk::Int128 units) const {
  return config::to_decimal(units, deployment.assets[asset.value].decimals);
}

std::string AnswerTexts::quantity(risk::InstrumentIndex instrument, risk::Lots lots) const {
  const config::InstrumentSettings& settings = deployment.instruments[instrument.value];
  return config::to_decimal(risk::Int128{lots.raw} * settings.lot, settings.quantity_decimals);
}

std::string AnswerTexts::price(risk::InstrumentIndex instrument, risk::Price price) const {
  const std::int64_t marks_per_tick =
      deployment.parameters.instruments[instrument.value].marks_per_tick;
  return config::to_decimal(risk::Int128{price.raw} * marks_per_tick,
                            deployment.instruments[instrument.value].mark_decimals);
}

std::string AnswerTexts::share(risk::Int128 ppm) {
  return config::to_decimal(ppm, config::kPpmScale);
}

std::string AnswerTexts::figure(risk::InstrumentIndex instrument, risk::ArithmeticUnit unit,
                                std::int64_t figure) const {
  switch (unit) {
    case risk::ArithmeticUnit::None:
    case risk::ArithmeticUnit::Count:
      return config::to_decimal(figure, 0);
    case risk::ArithmeticUnit::Lots:
      return quantity(instrument, {figure});
    case risk::ArithmeticUnit::Ticks:
      return price(instrument, {figure});
    case risk::ArithmeticUnit::Quanta:
      return value(figure);
    case risk::ArithmeticUnit::Nanoseconds:
      return config::to_decimal(figure, kSecondsScale);
    case risk::ArithmeticUnit::Ppm:
      return share(figure);
  }
  return "";
}

std::string AnswerTexts::place(const Portfolio& portfolio, const risk::Decision& decision) const {
  switch (decision.level) {
    case risk::NodeLevel::Account:
      return deployment.names.accounts.name(portfolio.account);
    case risk::NodeLevel::Session:
      return "";  // the command's own
    case risk::NodeLevel::Venue:
    case risk::NodeLevel::Member:
    case risk::NodeLevel::Group:
      break;
  }
  return deployment.names.nodes.name({decision.node});
}

const std::string& AnswerTexts::scenario(std::uint32_t set, std::uint32_t group,
                                         std::uint32_t column) const {
  const bool is_joint = deployment.parameters.sets[set].scope == risk::SetScope::Joint;
  return deployment.names.sets[set].columns[is_joint ? 0 : group][column];
}

std::string AnswerTexts::ratio(const risk::BasisBreakdown& basis) {
  if (basis.requirement.raw <= 0) return "";
  return share(
      risk::floor_div(risk::Int128{basis.less_costs.raw} * risk::kPpm, basis.requirement.raw));
}

std::string AnswerTexts::leverage(const risk::Breakdown& breakdown) {
  const std::int64_t equity = breakdown.leverage_equity.raw;
  if (equity <= 0) return "";
  return share(risk::ceil_div(risk::Int128{breakdown.levered_notional.raw} * risk::kPpm, equity));
}

std::string_view name_of(risk::MarginState state) {
  switch (state) {
    case risk::MarginState::Normal:
      return "normal";
    case risk::MarginState::Warned:
      return "warned";
    case risk::MarginState::Restricted:
      return "restricted";
    case risk::MarginState::Liquidation:
      return "liquidation";
    case risk::MarginState::Bankrupt:
      return "bankrupt";
  }
  return "";
}

std::string_view leg_of(const WhatIf& what_if) {
  if (what_if.cash) return what_if.cash->passes ? "cash" : "";
  switch (what_if.trial.leg) {
    case risk::MarginLeg::None:
      return "";
    case risk::MarginLeg::Margin:
      return "margin";
    case risk::MarginLeg::Exit:
      return "exit";
  }
  return "";
}

risk::Int128 shortfall_of(const WhatIf& what_if) {
  if (what_if.cash) return what_if.cash->missing;
  return what_if.trial.leg == risk::MarginLeg::None ? -what_if.trial.after.raw : 0;
}

std::string_view name_of(risk::ArithmeticUnit unit) {
  switch (unit) {
    case risk::ArithmeticUnit::None:
      return "";
    case risk::ArithmeticUnit::Lots:
      return "quantity";
    case risk::ArithmeticUnit::Ticks:
      return "price";
    case risk::ArithmeticUnit::Quanta:
      return "value";
    case risk::ArithmeticUnit::Count:
      return "count";
    case risk::ArithmeticUnit::Nanoseconds:
      return "seconds";
    case risk::ArithmeticUnit::Ppm:
      return "ratio";
  }
  return "";
}

}  // namespace portcullis::gateway
