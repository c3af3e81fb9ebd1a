#include "gateway/json/symbols.h"

#include "config/decimal.h"

namespace portcullis::gateway::json {

risk::Int128 value_of(const config::Deployment& deployment, risk::InstrumentIndex instrument,
                      risk::Price price, risk::Lots lots) {
  const risk::InstrumentParameters& parameters =
      deployment.parameters.instruments[instrument.value];
  const risk::Int128 marks = risk::Int128{price.raw} * parameters.marks_per_tick;
  if (parameters.payoff != risk::Payoff::Inverse)
    return marks * parameters.units_per_lot_mark * lots.raw;
  return marks <= 0 ? 0 : risk::Int128{parameters.units_per_lot_mark} * lots.raw / marks;
}

Symbols::Symbols(const config::Deployment& deployment) : deployment_(deployment) {
  for (std::uint32_t i = 0; i < deployment.instruments.size(); ++i) {
    const std::string& symbol = deployment.instruments[i].json_symbol;
    if (symbol.empty()) continue;
    by_category_[static_cast<std::size_t>(category({i}))].emplace(symbol, risk::InstrumentIndex{i});
  }
}

risk::InstrumentIndex Symbols::find(Category category, std::string_view symbol) const {
  const auto& names = by_category_[static_cast<std::size_t>(category)];
  const auto found = names.find(symbol);
  return found == names.end() ? risk::InstrumentIndex{} : found->second;
}

std::string_view Symbols::name(risk::InstrumentIndex instrument) const {
  const std::string& symbol = deployment_.instruments[instrument.value].json_symbol;
  return symbol.empty() ? deployment_.names.instruments.name(instrument) : symbol;
}

Category Symbols::category(risk::InstrumentIndex instrument) const {
  return category_of(deployment_.instruments[instrument.value].kind);
}

std::string Symbols::mark(risk::InstrumentIndex instrument, risk::Mark mark) const {
  return config::to_decimal(mark.raw, deployment_.instruments[instrument.value].mark_decimals);
}

std::string Symbols::price(risk::InstrumentIndex instrument, risk::Price price) const {
  const std::int64_t marks_per_tick =
      deployment_.parameters.instruments[instrument.value].marks_per_tick;
  return config::to_decimal(risk::Int128{price.raw} * marks_per_tick,
                            deployment_.instruments[instrument.value].mark_decimals);
}

std::string Symbols::quantity(risk::InstrumentIndex instrument, risk::Int128 lots) const {
  const config::InstrumentSettings& settings = deployment_.instruments[instrument.value];
  return config::to_decimal(lots * settings.lot, settings.quantity_decimals);
}

}  // namespace portcullis::gateway::json
