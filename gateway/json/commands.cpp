#include "gateway/json/commands.h"

#include <algorithm>

#include "config/decimal.h"

namespace portcullis::gateway::json {

using risk::RejectReason;

namespace {

// A number as whole steps; what is no whole number of them is cut off towards zero.
struct Steps {
  std::int64_t whole = 0;
  bool on_grid = false;
  bool in_range = false;
};
Steps steps(const Number& number, int scale, std::int64_t step) {
  const config::Decimal decimal = number.quoted ? config::parse_decimal(number.text, scale)
                                                : config::parse_json_number(number.text, scale);
  return {.whole = decimal.value / step,
          .on_grid = decimal.ok() && decimal.value % step == 0,
          .in_range = decimal.ok() || decimal.error == config::DecimalError::TooManyDigits};
}

template <class Command>
void set_price(const Number& number, risk::InstrumentIndex instrument, const Symbols& symbols,
               Command& command) {
  const config::InstrumentSettings& settings = symbols.deployment().instruments[instrument.value];
  const std::int64_t marks_per_tick =
      symbols.deployment().parameters.instruments[instrument.value].marks_per_tick;
  const Steps price = steps(number, settings.mark_decimals, marks_per_tick);
  const std::int64_t most = settings.venue.price_max.raw;
  command.price = {std::clamp<std::int64_t>(price.whole, 0, most)};
  const bool positive = price.whole > 0 || (price.whole == 0 && !price.on_grid);
  if (!price.in_range || !positive || price.whole > most) {
    command.form = RejectReason::InvalidPrice;
  } else if (!price.on_grid) {
    command.flags |= risk::kOffTick;
  }
}

template <class Command>
risk::Lots lots(const Number& number, risk::InstrumentIndex instrument, const Symbols& symbols,
                Command& command) {
  const config::InstrumentSettings& settings = symbols.deployment().instruments[instrument.value];
  const Steps quantity = steps(number, settings.quantity_decimals, settings.lot);
  const std::int64_t most = settings.venue.quantity_max.raw;
  if (!quantity.in_range || !quantity.on_grid || quantity.whole <= 0 || quantity.whole > most)
    command.flags |= risk::kOffLot;
  return {std::clamp<std::int64_t>(quantity.whole, 0, most)};
}

}  // namespace

risk::NewOrder new_order(const OrderRequest& request, const Symbols& symbols) {
  return new_order(request, symbols.find(request.category, request.symbol), symbols);
}

risk::NewOrder new_order(const OrderRequest& request, risk::InstrumentIndex instrument,
                         const Symbols& symbols) {
  risk::NewOrder order;
  order.instrument = instrument;
  order.side = request.side;
  order.ord_type = request.ord_type;
  const bool market = request.ord_type == risk::OrdType::Market;
  switch (request.life) {
    case Life::NotGiven:
      order.time_in_force = market ? risk::TimeInForce::ImmediateOrCancel : risk::TimeInForce::Day;
      break;
    case Life::GoodTillCancel:
      order.time_in_force = risk::TimeInForce::Day;
      break;
    case Life::ImmediateOrCancel:
      order.time_in_force = risk::TimeInForce::ImmediateOrCancel;
      break;
    case Life::FillOrKill:
      order.time_in_force = risk::TimeInForce::FillOrKill;
      break;
    case Life::PostOnly:
      order.time_in_force = risk::TimeInForce::Day;
      order.flags |= risk::kPostOnly;
      break;
  }
  if (request.reduce_only) order.flags |= risk::kReduceOnly;
  if (!order.instrument.exists()) return order;  // the engine names that first
  if (!market) set_price(request.price, order.instrument, symbols, order);
  order.quantity = lots(request.quantity, order.instrument, symbols, order);
  return order;
}

risk::ReplaceOrder replace_order(const OrderRequest& request, const Terms& terms,
                                 const Symbols& symbols) {
  risk::ReplaceOrder order;
  order.price = terms.price;
  order.total = terms.quantity;
  if (terms.post_only) order.flags |= risk::kPostOnly;
  if (request.price.is_given()) set_price(request.price, terms.instrument, symbols, order);
  if (request.quantity.is_given())
    order.total = lots(request.quantity, terms.instrument, symbols, order);
  return order;
}

gate::OrderName order_name(std::string_view link) {
  gate::OrderName name{};
  std::copy_n(link.begin(), std::min(link.size(), kLinkMax), name.begin());
  return name;
}

std::string_view text_of(const gate::OrderName& name) {
  return {name.data(),
          static_cast<std::size_t>(std::find(name.begin(), name.end(), '\0') - name.begin())};
}

}  // namespace portcullis::gateway::json
