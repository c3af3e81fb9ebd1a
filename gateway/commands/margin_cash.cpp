#include "gateway/commands/margin_cash.h"

namespace portcullis::gateway {

namespace {

using risk::Int128;

risk::AssetIndex paid_by(const risk::InstrumentParameters& spot, risk::Side side) {
  return side == risk::Side::Buy ? spot.settlement : spot.base;
}

// What an order may take of an asset, in units.
Int128 taken(const risk::Parameters& parameters, const PortfolioOrder& order,
             risk::AssetIndex asset) {
  const risk::InstrumentParameters& spot = parameters.instruments[order.instrument.value];
  if (spot.payoff != risk::Payoff::Spot || paid_by(spot, order.side) != asset) return 0;
  const Int128 lots = order.quantity.raw;
  if (order.side == risk::Side::Sell) return lots * spot.base_per_lot;
  const Int128 paid = Int128{order.price.raw} * spot.marks_per_tick * spot.units_per_lot_mark;
  return lots * (paid + risk::ceil_div(paid * spot.fee_ppm, risk::kPpm));
}

}  // namespace

std::optional<CashTrial> try_cash(const risk::Parameters& parameters, const Portfolio& portfolio,
                                  const risk::Breakdown& breakdown, const PortfolioOrder& order) {
  if (!parameters.accounts[portfolio.account.value].cash_only) return std::nullopt;
  const risk::InstrumentParameters& spot = parameters.instruments[order.instrument.value];
  if (spot.payoff != risk::Payoff::Spot) return CashTrial{};
  const risk::AssetIndex asset = paid_by(spot, order.side);
  Int128 missing = taken(parameters, order, asset) - breakdown.assets[asset.value].amount.raw;
  for (const PortfolioOrder& open : portfolio.orders) missing += taken(parameters, open, asset);
  if (missing <= 0) return CashTrial{.passes = true};
  const Int128 unit =
      Int128{portfolio.assets[asset.value].index} * parameters.assets[asset.value].wide_per_index;
  return CashTrial{.missing = risk::ceil_div(missing * unit, parameters.wide_denominator)};
}

}  // namespace portcullis::gateway
