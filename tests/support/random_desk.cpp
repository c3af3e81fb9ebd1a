#include "tests/support/random_desk.h"

#include <algorithm>
#include <string>

namespace portcullis::test {

namespace edge = gateway::edge;
namespace gate = gateway::gate;
namespace ouch = gateway::ouch;
namespace venue_sim = gateway::venue_sim;
using edge::EdgeCommand;

RandomDesk::RandomDesk(support::Rng& rng, ShardWorld& world, GateAudit& audit, RandomOrders& orders)
    : rng_(rng), world_(world), audit_(audit), orders_(orders) {
  const config::Deployment& d = world.deployment();
  for (std::uint32_t s = 0; s < d.sessions.size(); ++s) {
    if (d.sessions[s].protocol == config::Protocol::Json) desks_.push_back({.session = {s}});
  }
}

void RandomDesk::begin() {
  for (Desk& desk : desks_) {
    desk.is_up = false;
    desk.next = world_.running_gate().engine().watermark(desk.session) + 1;
    if (desk.next != audit_.watermark(desk.session) + 1)
      audit_.problem("the numbers of the edge do not go on from the last one");
  }
}

bool RandomDesk::is_up(risk::SessionIndex session) const {
  return std::any_of(desks_.begin(), desks_.end(),
                     [&](const Desk& desk) { return desk.session == session && desk.is_up; });
}

void RandomDesk::come(std::size_t d) {
  Desk& desk = desks_[d];
  if (desk.is_up) return;
  desk.is_up = true;
  (void)world_.push({.type = EdgeCommand::Type::SessionUp, .session = desk.session});
}

void RandomDesk::go(std::size_t d) {
  Desk& desk = desks_[d];
  if (!desk.is_up) return;
  desk.is_up = false;
  (void)world_.push({.type = EdgeCommand::Type::SessionDown, .session = desk.session});
}

void RandomDesk::close() {
  for (std::size_t d = 0; d < desks_.size(); ++d) go(d);
}

// An order of an OUCH client with these aliases, which are whole lots and ticks.
EdgeCommand RandomDesk::some_order(const Desk& desk) {
  const ouch::InboundMessage any = orders_.of_client(desk.session);
  EdgeCommand command{.type = EdgeCommand::Type::Alive, .session = desk.session};
  std::uint32_t number = desk.next;
  if (rng_.percent(4)) number = rng_.percent(50) ? desk.next / 2 : desk.next - 1;  // not new
  const std::string name = "order " + std::to_string(number);
  const auto terms = [&](const auto& wire, auto& order) {
    order.session = desk.session;
    order.client_ref = number;
    order.client_text = venue_sim::cl_ord_id_of(number);
    if (wire.price == ouch::kMarketPrice) {
      order.ord_type = risk::OrdType::Market;
    } else {
      order.price = {static_cast<std::int64_t>(wire.price)};
    }
    if (wire.time_in_force == ouch::TimeInForce::ImmediateOrCancel) {
      order.time_in_force =
          rng_.percent(20) ? risk::TimeInForce::FillOrKill : risk::TimeInForce::ImmediateOrCancel;
    }
    if (rng_.percent(5)) order.flags |= risk::kPostOnly;
    if (rng_.percent(10)) order.flags |= risk::kReduceOnly;
  };
  if (const auto* enter = std::get_if<ouch::EnterOrder>(&any)) {
    command.type = EdgeCommand::Type::Enter;
    risk::NewOrder& order = command.enter;
    terms(*enter, order);
    const config::Deployment& d = world_.deployment();
    const auto& aliases = d.sessions[desk.session.value].aliases;
    const auto alias = std::find_if(aliases.begin(), aliases.end(), [&](const config::Alias& a) {
      return a.symbol == enter->symbol;
    });
    order.instrument = alias == aliases.end() ? aliases[0].instrument : alias->instrument;
    order.account = rng_.percent(97) ? d.sessions[desk.session.value].default_account
                                     : risk::AccountIndex{static_cast<std::uint32_t>(rng_.between(
                                           0, static_cast<std::int64_t>(d.accounts.size()) - 1))};
    order.side = enter->side == ouch::Side::Buy ? risk::Side::Buy : risk::Side::Sell;
    order.quantity = {enter->quantity};
    if (rng_.percent(3)) order.flags |= risk::kDuplicate;
    std::copy(name.begin(), name.end(), command.name.begin());
  } else if (const auto* replace = std::get_if<ouch::ReplaceOrder>(&any)) {
    command.type = EdgeCommand::Type::Replace;
    risk::ReplaceOrder& order = command.replace;
    terms(*replace, order);
    order.original_ref = replace->orig_user_ref_num;
    order.total = {replace->quantity};
  } else if (const auto* cancel = std::get_if<ouch::CancelOrder>(&any)) {
    command.type = EdgeCommand::Type::Cancel;
    command.cancel.session = desk.session;
    command.cancel.client_ref = cancel->user_ref_num;
    command.cancel.total = {cancel->quantity};
  }
  return command;
}

// One that finds the queue full has no number.
void RandomDesk::ask(std::size_t d) {
  Desk& desk = desks_[d];
  const EdgeCommand command = some_order(desk);
  if (!world_.push(command)) {
    ++refused;
    return;
  }
  const bool takes_number =
      command.type == EdgeCommand::Type::Enter || command.type == EdgeCommand::Type::Replace;
  const std::uint32_t number = command.type == EdgeCommand::Type::Enter
                                   ? command.enter.client_ref
                                   : command.replace.client_ref;
  if (takes_number && number == desk.next) ++desk.next;
}

void RandomDesk::cancel(std::size_t d, std::uint32_t number) {
  const risk::SessionIndex session = desks_[d].session;
  EdgeCommand command{.type = EdgeCommand::Type::Cancel, .session = session};
  command.cancel.session = session;
  command.cancel.client_ref = number;
  if (!world_.push(command)) ++refused;
}

void RandomDesk::reduce(std::size_t d, risk::Side side, risk::InstrumentIndex instrument,
                        std::int64_t lots, std::int64_t ticks) {
  Desk& desk = desks_[d];
  EdgeCommand command{.type = EdgeCommand::Type::Enter, .session = desk.session};
  risk::NewOrder& order = command.enter;
  order.session = desk.session;
  order.client_ref = desk.next;
  order.client_text = venue_sim::cl_ord_id_of(desk.next);
  order.account = world_.deployment().sessions[desk.session.value].default_account;
  order.instrument = instrument;
  order.side = side;
  order.quantity = {lots};
  order.price = {ticks};
  order.flags = risk::kReduceOnly;
  if (world_.push(command)) ++desk.next;
}

void RandomDesk::act() {
  const auto d =
      static_cast<std::size_t>(rng_.between(0, static_cast<std::int64_t>(desks_.size()) - 1));
  if (!desks_[d].is_up) {
    if (rng_.percent(60)) come(d);
    return;
  }
  if (rng_.percent(6)) return go(d);
  for (std::int64_t n = rng_.percent(3) ? 100 : rng_.between(1, 6); n > 0; --n) ask(d);
}

}  // namespace portcullis::test
