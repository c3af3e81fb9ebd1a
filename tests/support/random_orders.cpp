#include "tests/support/random_orders.h"

#include <algorithm>

namespace portcullis::test {

namespace ouch = gateway::ouch;
namespace venue_sim = gateway::venue_sim;
using venue_sim::padded;

std::uint64_t RandomOrders::some_price(risk::InstrumentIndex instrument,
                                       const config::Alias& alias) {
  const auto& parameters = world_.deployment().parameters.instruments[instrument.value];
  const std::int64_t mark = world_.engine().mark(instrument).raw / parameters.marks_per_tick;
  // A few prices, so that orders meet; now and then far away.
  const std::int64_t away = rng_.percent(5) ? rng_.between(-80, 80) : rng_.between(-4, 4);
  return static_cast<std::uint64_t>((mark + mark * away / 1000) * alias.price_per_tick);
}

std::uint32_t RandomOrders::some_quantity(const config::Alias& alias) {
  if (rng_.percent(2)) return below(1'200'000);
  const std::int64_t lots = rng_.percent(4)    ? rng_.between(1, 20'000)
                            : rng_.percent(50) ? 100
                                               : rng_.between(1, 200);
  return static_cast<std::uint32_t>(
      std::min<std::int64_t>(lots * alias.quantity_per_lot, 1'000'000));
}

ouch::Firm RandomOrders::some_firm(risk::SessionIndex session) {
  const config::Deployment& d = world_.deployment();
  if (rng_.percent(3)) return d.accounts[below(d.accounts.size())].firm;
  if (rng_.percent(1)) return padded<4>("XXXX");
  return d.accounts[one_of(d.parameters.sessions[session.value].accounts).value].firm;
}

ouch::EnterOrder RandomOrders::enter_order(risk::SessionIndex session) {
  const config::Alias alias = one_of(world_.deployment().sessions[session.value].aliases);
  ouch::EnterOrder order = venue_sim::enter_message({.number = 1,
                                                     .side = "BBBSSSTE"[below(8)],
                                                     .quantity = some_quantity(alias),
                                                     .price = some_price(alias.instrument, alias),
                                                     .tif = rng_.percent(20) ? '3' : '0',
                                                     .firm = ""});
  order.symbol = rng_.percent(1) ? padded<8>("NONE") : alias.symbol;
  if (rng_.percent(3)) order.price = below(3) == 0 ? 0 : ouch::kMarketPrice;
  if (order.price == ouch::kMarketPrice) order.time_in_force = ouch::TimeInForce::ImmediateOrCancel;
  if (rng_.percent(1)) order.time_in_force = ouch::TimeInForce::AfterHours;
  if (rng_.percent(1)) order.cross_type = 'O';
  if (rng_.percent(90)) {
    order.appendage.firm = some_firm(session);
    order.appendage.mark(ouch::Tag::Firm);
  }
  if (rng_.percent(5)) {
    order.appendage.post_only = ouch::kPostOnly;
    order.appendage.mark(ouch::Tag::PostOnly);
  }
  if (order.time_in_force == ouch::TimeInForce::ImmediateOrCancel && rng_.percent(20)) {
    order.appendage.min_qty = order.quantity / 2;
    order.appendage.mark(ouch::Tag::MinQty);
  }
  if (rng_.percent(40)) {
    order.appendage.aiq_strategy = "*NOWDod"[below(7)];
    order.appendage.mark(ouch::Tag::AiqStrategy);
  }
  return order;
}

// Mostly one that lives.
std::uint32_t RandomOrders::some_number(risk::SessionIndex session) {
  const std::vector<std::uint32_t> live = audit_.live(session);
  if (live.empty() || rng_.percent(10)) return below(next_[session.value] + 1);
  return one_of(live);
}

ouch::InboundMessage RandomOrders::of_client(risk::SessionIndex session) {
  std::uint32_t& next = next_[session.value];
  const std::uint32_t number = rng_.percent(3) ? below(next) : (next += 1 + below(8) / 7) - 1;
  const std::int64_t what = rng_.between(1, 1000);
  if (what <= 540) {
    ouch::EnterOrder order = enter_order(session);
    order.user_ref_num = number;
    order.cl_ord_id = venue_sim::cl_ord_id_of(number);
    return order;
  }
  const std::uint32_t original = some_number(session);
  const risk::Order* live = world_.order(session, original);
  const auto& aliases = world_.deployment().sessions[session.value].aliases;
  config::Alias alias = one_of(aliases);
  for (const config::Alias& a : aliases) {
    if (live != nullptr && a.instrument == live->instrument) alias = a;
  }
  if (what <= 760) {
    return venue_sim::replace_message(original, {.number = number,
                                                 .quantity = some_quantity(alias),
                                                 .price = some_price(alias.instrument, alias),
                                                 .tif = rng_.percent(2) ? '3' : '0'});
  }
  if (what <= 950) {
    return ouch::CancelOrder{.user_ref_num = original,
                             .quantity = rng_.percent(30) ? some_quantity(alias) : 0,
                             .appendage = {}};
  }
  if (what <= 965) return ouch::AccountQuery{.appendage = {}};
  const ouch::Firm firm = rng_.percent(40) ? padded<4>("") : some_firm(session);
  if (what <= 978) {
    return ouch::MassCancel{.user_ref_num = number,
                            .firm = firm,
                            .symbol = rng_.percent(50) ? padded<8>("") : alias.symbol,
                            .appendage = {}};
  }
  if (what <= 983) {
    return ouch::DisableOrderEntry{.user_ref_num = number, .firm = firm, .appendage = {}};
  }
  return ouch::EnableOrderEntry{
      .user_ref_num = number, .firm = rng_.percent(70) ? padded<4>("") : firm, .appendage = {}};
}

// Of somebody else, at the venue.
venue_sim::TestOrder RandomOrders::other(std::uint32_t number) {
  const risk::InstrumentIndex instrument{below(world_.deployment().instruments.size())};
  const config::Alias& alias = world_.deployment().instruments[instrument.value].venue;
  symbol_.assign(alias.symbol.begin(), alias.symbol.end());
  return {.number = number,
          .side = rng_.percent(50) ? 'B' : 'S',
          .quantity = static_cast<std::uint32_t>(rng_.between(1, 150) * alias.quantity_per_lot),
          .price = some_price(instrument, alias),
          .tif = rng_.percent(30) ? '3' : '0',
          .symbol = symbol_};
}

}  // namespace portcullis::test
