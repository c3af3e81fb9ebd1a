#include "tests/support/gate_audit.h"

#include <algorithm>
#include <cstdio>
#include <type_traits>
#include <variant>

#include "config/state_file.h"
#include "gateway/gate/aliases.h"

namespace portcullis::test {

namespace gate = gateway::gate;
namespace ouch = gateway::ouch;
using risk::Int128;

namespace {

template <class Array>
bool is_blank(const Array& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c == ' ' || c == '\0'; });
}

bool is_market(std::uint64_t price) {
  return price == ouch::kMarketPrice || price == ouch::kMarketPriceAlt;
}

std::string text_of(std::pair<std::uint32_t, std::uint32_t> client) {
  return "session " + std::to_string(client.first) + " number " + std::to_string(client.second);
}

// Two messages without their times and tags.
template <class M>
std::string without_time(M message) {
  message.timestamp = 0;
  std::string line = line_of(ouch::OutboundMessage(message));
  if constexpr (requires { message.symbol; }) line.append(message.symbol.data(), 8);
  if constexpr (requires { message.side; }) line += static_cast<char>(message.side);
  if constexpr (requires { message.cl_ord_id; }) line.append(message.cl_ord_id.data(), 14);
  return line;
}

}  // namespace

GateAudit::GateAudit(GateWorld& world, Venue venue)
    : world_(world),
      deployment_(world.deployment()),
      sound_(venue == Venue::Sound),
      clients_(deployment_.sessions.size()),
      connections_(world.connections()),
      starts_(world.starts()),
      marks_(deployment_.instruments.size()),
      marked_ns_(deployment_.instruments.size(), world.now_ns),
      nodes_(deployment_.parameters.nodes.size()),
      accounts_(deployment_.accounts.size()),
      sessions_(deployment_.sessions.size()),
      halted_(deployment_.instruments.size(), false),
      suspended_by_(deployment_.accounts.size()),
      positions_(deployment_.accounts.size() * deployment_.instruments.size()),
      cash_(deployment_.accounts.size() * deployment_.assets.size()) {
  for (std::uint32_t i = 0; i < marks_.size(); ++i) marks_[i] = world.engine().mark({i}).raw;
  const config::StateFile state = config::parse_state(
      read_file(example_folder() / "demo-state.json"), "demo-state.json", deployment_);
  const std::size_t assets = deployment_.assets.size();
  for (const risk::LoadBalance& load : state.balances) {
    cash_[load.account.value * assets + load.asset.value] += load.units;
  }
  for (const risk::LoadPosition& load : state.positions) {
    const auto& instrument = deployment_.parameters.instruments[load.instrument.value];
    positions_[load.account.value * marks_.size() + load.instrument.value] += load.lots.raw;
    cash_[load.account.value * assets + instrument.settlement.value] -=
        Int128{load.lots.raw} * load.entry.raw * instrument.marks_per_tick *
        instrument.units_per_lot_mark;
  }
  said_ = taken_ = world.venue_stream().size();
  (void)world.messages_at_venue();
  for (std::uint32_t s = 0; s < clients_.size(); ++s) clients_[s].got = world.owed_bytes({s});
  before_ = world.counters();
}

void GateAudit::problem(const std::string& what) { problems_.push_back(what); }

// --- names
// -------------------------------------------------------------------------------------------

risk::AccountIndex GateAudit::firm(const config::WireFirm& text) const {
  for (std::uint32_t a = 0; a < deployment_.accounts.size(); ++a) {
    if (deployment_.accounts[a].firm == text) return {a};
  }
  return {};
}

risk::AccountIndex GateAudit::account_of(risk::SessionIndex session,
                                         const ouch::Appendage& appendage) const {
  return appendage.has(ouch::Tag::Firm) ? firm(appendage.firm)
                                        : deployment_.sessions[session.value].default_account;
}

const config::Alias* GateAudit::alias(risk::SessionIndex session,
                                      const config::WireSymbol& symbol) const {
  for (const config::Alias& alias : deployment_.sessions[session.value].aliases) {
    if (alias.symbol == symbol) return &alias;
  }
  return nullptr;
}

const config::Alias& GateAudit::alias(risk::SessionIndex session,
                                      risk::InstrumentIndex instrument) const {
  for (const config::Alias& alias : deployment_.sessions[session.value].aliases) {
    if (alias.instrument == instrument) return alias;
  }
  return at_venue(instrument);
}

const config::Alias& GateAudit::at_venue(risk::InstrumentIndex instrument) const {
  return deployment_.instruments[instrument.value].venue;
}

bool GateAudit::may_use(risk::SessionIndex session, risk::AccountIndex account) const {
  const auto& accounts = deployment_.parameters.sessions[session.value].accounts;
  return std::find(accounts.begin(), accounts.end(), account) != accounts.end();
}

std::vector<GateAudit::Standing> GateAudit::path(risk::AccountIndex account) const {
  std::vector<Standing> path{accounts_[account.value]};
  for (risk::NodeIndex node = deployment_.parameters.accounts[account.value].parent; node.exists();
       node = deployment_.parameters.nodes[node.value].parent) {
    path.push_back(nodes_[node.value]);
  }
  return path;
}

// --- what is done to the gate
// ------------------------------------------------------------------------

void GateAudit::on_mark(risk::InstrumentIndex instrument, risk::Mark mark) {
  marks_[instrument.value] = mark.raw;
  marked_ns_[instrument.value] = world_.now_ns;
}

void GateAudit::on_control(const risk::Control& control) {
  using risk::ControlAction;
  using risk::ControlScope;
  if (control.scope == ControlScope::Instrument) {
    halted_[control.target] = control.action != ControlAction::Resume;
  } else {
    Standing& standing = control.scope == ControlScope::Node      ? nodes_[control.target]
                         : control.scope == ControlScope::Account ? accounts_[control.target]
                                                                  : sessions_[control.target];
    if (control.action == ControlAction::Kill) standing.killed = true;
    if (control.action == ControlAction::Suspend) standing.suspended = true;
    if (control.action == ControlAction::CloseOnly) standing.close_only = true;
    if (control.action == ControlAction::Resume) {
      standing = {};
      if (control.scope == ControlScope::Account) suspended_by_[control.target] = {};
    }
  }
  if (control.action != ControlAction::Kill) return;
  using gate::SweepScope;
  on_sweep(control.scope == ControlScope::Node      ? SweepScope::Node
           : control.scope == ControlScope::Account ? SweepScope::Account
           : control.scope == ControlScope::Session ? SweepScope::Session
                                                    : SweepScope::Instrument,
           control.target);
}

void GateAudit::on_sweep(gate::SweepScope scope, std::uint32_t target, std::uint32_t instrument) {
  using gate::SweepScope;
  for (const std::size_t c : open_) {
    Chain& chain = chains_[c];
    if (chain.ended_here || (instrument != risk::kNone32 && chain.instrument.value != instrument))
      continue;
    bool meant = false;
    switch (scope) {
      case SweepScope::Node:
        for (auto node = deployment_.parameters.accounts[chain.account.value].parent;
             node.exists(); node = deployment_.parameters.nodes[node.value].parent) {
          meant |= node.value == target;
        }
        break;
      case SweepScope::Account:
        meant = chain.account.value == target;
        break;
      case SweepScope::Session:
        meant = chain.session.value == target;
        break;
      case SweepScope::SessionAccounts:
        meant = may_use({target}, chain.account);
        break;
      case SweepScope::Instrument:
        meant = chain.instrument.value == target;
        break;
      case SweepScope::Lost:
        break;
    }
    if (meant) ask_cancel(chain, 0);
  }
}

void GateAudit::on_venue_replaced() {
  said_ = taken_ = 0;
  highest_read_ = 0;
}

void GateAudit::ask_cancel(Chain& chain, std::int64_t total) { chain.cancel_totals.insert(total); }

GateAudit::Asked GateAudit::asked_now(risk::SessionIndex session,
                                      const ouch::InboundMessage& message,
                                      risk::AccountIndex account, risk::InstrumentIndex instrument,
                                      std::int64_t done) const {
  Asked asked;
  asked.message = message;
  asked.done = done;
  const Standing& by_session = sessions_[session.value];
  asked.blocked = by_session.killed || by_session.suspended;
  asked.close_only = by_session.close_only;
  if (account.exists()) {
    asked.blocked |= suspended_by_[account.value].exists();
    for (const Standing& standing : path(account)) {
      asked.blocked |= standing.killed || standing.suspended;
      asked.close_only |= standing.close_only;
    }
  }
  if (instrument.exists()) {
    const std::uint32_t i = instrument.value;
    asked.blocked |= halted_[i];
    asked.mark = marks_[i];
    asked.stale =
        world_.now_ns > marked_ns_[i] + deployment_.parameters.instruments[i].mark_age_max_ns;
    if (account.exists()) asked.position = positions_[account.value * marks_.size() + i];
  }
  return asked;
}

void GateAudit::on_client(risk::SessionIndex session, std::span<const std::byte> payload) {
  sending_ = true;
  sender_ = session;
  before_ = world_.counters();
  starts_ = world_.starts();
  Client& client = clients_[session.value];
  if (ouch::decode(payload, sent_) != ouch::DecodeError::None ||
      std::holds_alternative<ouch::ModifyOrder>(sent_)) {
    expect_ = Expect::Malformed;
    return;
  }
  const auto chain_of = [&](std::uint32_t number) -> Chain* {
    const auto asked = asked_.find({session.value, number});
    if (asked == asked_.end() || asked->second.number == 0) return nullptr;
    return &chains_[numbers_.at(asked->second.number).chain];
  };
  // Whether the client's number is one that can still be cancelled or replaced.
  const auto standing_of = [&](std::uint32_t number) {
    const Chain* chain = chain_of(number);
    if (!sound_) return Expect::Either;
    if (chain == nullptr || chain->ended_here) return Expect::Gone;
    return asked_.at({session.value, number}).number == chain->head_here ? Expect::Live
                                                                         : Expect::Either;
  };
  if (const auto* cancel = std::get_if<ouch::CancelOrder>(&sent_)) {
    expect_ = standing_of(cancel->user_ref_num);
    if (expect_ == Expect::Live) {
      const Chain& chain = *chain_of(cancel->user_ref_num);
      const std::int64_t total =
          cancel->quantity / alias(session, chain.instrument).quantity_per_lot;
      if (total >= chain.total_here - chain.cancelled_here) expect_ = Expect::Either;
    }
    return;
  }
  if (std::holds_alternative<ouch::AccountQuery>(sent_)) {
    expect_ = Expect::Query;
    ++client.queries;
    return;
  }
  std::uint32_t number = 0;
  std::visit(
      [&](const auto& m) {
        if constexpr (requires { m.user_ref_num; }) number = m.user_ref_num;
      },
      sent_);
  if (number <= client.watermark) {
    expect_ = Expect::Ignored;
    return;
  }
  client.watermark = number;
  if (const auto* enter = std::get_if<ouch::EnterOrder>(&sent_)) {
    expect_ = Expect::Order;
    const config::Alias* name = alias(session, enter->symbol);
    asked_[{session.value, number}] =
        asked_now(session, sent_, account_of(session, enter->appendage),
                  name == nullptr ? risk::InstrumentIndex{} : name->instrument, 0);
    client.orders.enter(number);
    client.first_of[number] = number;
    client.told[number] = {.total = enter->quantity};
  } else if (const auto* replace = std::get_if<ouch::ReplaceOrder>(&sent_)) {
    expect_ = standing_of(replace->orig_user_ref_num);
    if (const Chain* chain = chain_of(replace->orig_user_ref_num)) {
      std::int64_t done = chain->done_here;
      if (!sound_) {  // what counts as done of what the venue says is the gate's to tell
        const risk::Order* order = world_.order(session, replace->orig_user_ref_num);
        if (order != nullptr) done = order->cum.raw;
      }
      asked_[{session.value, number}] =
          asked_now(session, sent_, chain->account, chain->instrument, done);
    }
    client.orders.replace(replace->orig_user_ref_num, number);
    client.first_of[number] = client.first_of[replace->orig_user_ref_num];
  } else {
    expect_ = Expect::Control;
    client.controls[number] = static_cast<char>(payload[0]);
    const auto carry_out = [&](const auto& m) {
      if (m.appendage.present != 0 || m.appendage.has_unknown_tag) return;
      const risk::AccountIndex one = is_blank(m.firm) ? risk::AccountIndex{} : firm(m.firm);
      if (!is_blank(m.firm) && (!one.exists() || !may_use(session, one))) return;
      using M = std::remove_cvref_t<decltype(m)>;
      if constexpr (std::is_same_v<M, ouch::MassCancel>) {
        const config::Alias* name = is_blank(m.symbol) ? nullptr : alias(session, m.symbol);
        if (!is_blank(m.symbol) && name == nullptr) return;
        on_sweep(one.exists() ? gate::SweepScope::Account : gate::SweepScope::SessionAccounts,
                 one.exists() ? one.value : session.value,
                 name == nullptr ? risk::kNone32 : name->instrument.value);
      } else {
        for (const risk::AccountIndex account :
             deployment_.parameters.sessions[session.value].accounts) {
          if (one.exists() && account != one) continue;
          risk::SessionIndex& by = suspended_by_[account.value];
          if constexpr (std::is_same_v<M, ouch::DisableOrderEntry>) {
            if (!by.exists()) by = session;
          } else {
            if (by == session) by = {};
          }
        }
      }
    };
    if (const auto* m = std::get_if<ouch::MassCancel>(&sent_)) carry_out(*m);
    if (const auto* m = std::get_if<ouch::DisableOrderEntry>(&sent_)) carry_out(*m);
    if (const auto* m = std::get_if<ouch::EnableOrderEntry>(&sent_)) carry_out(*m);
  }
}

// --- what came of it
// -------------------------------------------------------------------------------------

// One message of a client, one count.
void GateAudit::after_client() {
  sending_ = false;
  const gate::Counters& after = world_.counters();
  const std::uint64_t forwarded_now = after.forwarded - before_.forwarded;
  const std::uint64_t rejected_now = after.rejected - before_.rejected;
  const std::uint64_t answered_now = after.answered - before_.answered;
  const std::uint64_t recorded = forwarded_now + rejected_now + answered_now;
  if (world_.starts() == starts_) {
    const std::uint64_t ignored_now = after.ignored - before_.ignored;
    const std::uint64_t malformed_now = after.malformed - before_.malformed;
    if (after.in - before_.in != 1 || recorded + ignored_now + malformed_now != 1)
      problem("a client's message is not counted once");
    if ((expect_ == Expect::Malformed) != (malformed_now == 1))
      problem("malformed or not: otherwise than it was sent");
    if (expect_ == Expect::Ignored && ignored_now != 1) problem("a repeated number is not ignored");
    if (expect_ == Expect::Gone && ignored_now != 1 && rejected_now != 1)
      problem("asked of an order that is not live, and neither ignored nor rejected");
  }
  if (recorded > 1) problem("a client's message had more than one effect");
  if (expect_ == Expect::Query && answered_now != 1) problem("a query is not answered");
  if (expect_ == Expect::Control && answered_now + rejected_now != 1)
    problem("a firm's control is neither answered nor rejected");
  if ((expect_ == Expect::Order || expect_ == Expect::Live) && forwarded_now + rejected_now != 1)
    problem("neither forwarded nor rejected: " + line_of(sent_));
  if (rejected_now == 1) {
    std::visit(
        [&](const auto& m) {
          using M = std::remove_cvref_t<decltype(m)>;
          if constexpr (std::is_same_v<M, ouch::CancelOrder>) return;
          if constexpr (requires { m.user_ref_num; }) {
            clients_[sender_.value].rejects.insert(m.user_ref_num);
          }
        },
        sent_);
  }
  if (forwarded_now == 1) forwarded();
}

void GateAudit::forwarded() {
  const std::uint32_t number = world_.gate().last_decision().number;
  const auto key = [&](std::uint32_t client) { return Key{sender_.value, client}; };
  if (const auto* enter = std::get_if<ouch::EnterOrder>(&sent_)) {
    Asked& asked = asked_.at(key(enter->user_ref_num));
    asked.number = number;
    const config::Alias* name = alias(sender_, enter->symbol);
    const risk::AccountIndex account = account_of(sender_, enter->appendage);
    if (name == nullptr || !account.exists() || !may_use(sender_, account)) {
      problem("forwarded without account or instrument: " + line_of(sent_));
      return;
    }
    Chain chain;
    chain.session = sender_;
    chain.account = account;
    chain.instrument = name->instrument;
    chain.side = enter->side == ouch::Side::Buy ? risk::Side::Buy : risk::Side::Sell;
    chain.first = enter->user_ref_num;
    chain.head_here = number;
    chain.total_here = enter->quantity / name->quantity_per_lot;
    chain.numbers = {number};
    numbers_[number] = {.client = key(enter->user_ref_num),
                        .chain = chains_.size(),
                        .total = chain.total_here,
                        .price = world_.gate().last_decision().price.raw};
    open_.insert(chains_.size());
    chains_.push_back(std::move(chain));
  } else if (const auto* replace = std::get_if<ouch::ReplaceOrder>(&sent_)) {
    asked_.at(key(replace->user_ref_num)).number = number;
    const std::uint32_t original = asked_.at(key(replace->orig_user_ref_num)).number;
    const std::size_t c = numbers_.at(original).chain;
    const config::Alias& name = alias(sender_, chains_[c].instrument);
    chains_[c].numbers.push_back(number);
    numbers_[number] = {.client = key(replace->user_ref_num),
                        .chain = c,
                        .original = original,
                        .total = replace->quantity / name.quantity_per_lot,
                        .price = static_cast<std::int64_t>(replace->price) / name.price_per_tick};
  } else if (const auto* cancel = std::get_if<ouch::CancelOrder>(&sent_)) {
    const auto asked = asked_.find(key(cancel->user_ref_num));
    if (asked == asked_.end() || asked->second.number == 0) return;
    Chain& chain = chains_[numbers_.at(asked->second.number).chain];
    ask_cancel(chain, cancel->quantity / alias(sender_, chain.instrument).quantity_per_lot);
    return;
  } else {
    problem("forwarded: " + line_of(sent_));
    return;
  }
  if (!unresolved_.insert(number).second || number <= highest_read_)
    problem("number " + std::to_string(number) + " is used again");
  ++counts_.forwarded;
}

void GateAudit::look() {
  if (sending_) after_client();
  const gate::Counters& c = world_.counters();
  if (c.in != c.forwarded + c.rejected + c.ignored + c.malformed + c.answered)
    problem("in = forwarded + rejected + ignored + malformed + answered does not hold");

  // A process that has begun again owes each client what it had got, and goes on from there.
  if (world_.starts() != starts_) {
    starts_ = world_.starts();
    const std::vector<std::vector<Bytes>> streams = world_.streams();
    for (std::size_t s = 0; s < clients_.size(); ++s) {
      const std::vector<Bytes>& was = clients_[s].got;
      ++counts_.prefixes;
      if (streams[s].size() < was.size() || !std::equal(was.begin(), was.end(), streams[s].begin()))
        problem("what session " + std::to_string(s) + " had got is different after a restart");
    }
  }

  for (const ouch::InboundMessage& message : world_.messages_at_venue()) read(message);
  connections_ = world_.connections();
  const std::vector<Bytes>& stream = world_.venue_stream();
  const auto decoded = [&](std::size_t at, const auto& then) {
    ouch::OutboundMessage message;
    if (ouch::decode(stream[at], message) == ouch::DecodeError::None) then(message);
  };
  for (; said_ < stream.size(); ++said_)
    decoded(said_, [&](const ouch::OutboundMessage& message) { said(message); });
  // A lost session's numbering says nothing about the new one's.
  if (world_.gate().link() != gate::LinkState::Lost) {
    const std::size_t through = world_.gate().venue_next_sequence() - 1;
    for (; taken_ < std::min(through, stream.size()); ++taken_)
      decoded(taken_, [&](const ouch::OutboundMessage& message) { taken(message); });
  }

  for (std::uint32_t s = 0; s < clients_.size(); ++s) {
    for (Bytes& payload : world_.owed_bytes({s})) {
      got(s, payload);
      clients_[s].got.push_back(std::move(payload));
    }
    if (!clients_[s].orders.problems().empty() && sound_)
      problem("session " + std::to_string(s) + ": " + clients_[s].orders.problems().back());
    if (!clients_[s].expected.empty())
      problem("session " + std::to_string(s) + " was not told " +
              line_of(clients_[s].expected.front()));
    if (!clients_[s].rejects.empty() && sound_)
      problem("session " + std::to_string(s) + " was not told of a reject");
    if (!clients_[s].controls.empty() || clients_[s].queries != 0)
      problem("session " + std::to_string(s) + " has no answer");
  }
  judge_positions();
  judge_reservations();
}

bool GateAudit::is_drained() const {
  return world_.is_connected() && world_.gate().link() == gate::LinkState::Up &&
         world_.gate().is_idle() && !world_.hold_to_venue && !world_.hold_from_venue;
}

// --- at the venue
// ----------------------------------------------------------------------------------------

void GateAudit::read(const ouch::InboundMessage& message) {
  std::uint32_t number = 0;
  if (const auto* enter = std::get_if<ouch::EnterOrder>(&message)) {
    number = enter->user_ref_num;
  } else if (const auto* replace = std::get_if<ouch::ReplaceOrder>(&message)) {
    number = replace->user_ref_num;
  } else if (const auto* fence = std::get_if<ouch::MassCancel>(&message)) {
    number = fence->user_ref_num;
    if (fence->firm != deployment_.venue.firm || fence->symbol != deployment_.venue.fence_symbol)
      problem("a mass cancel that is no fence");
  } else if (const auto* cancel = std::get_if<ouch::CancelOrder>(&message)) {
    return read_cancel(*cancel);
  } else if (!std::holds_alternative<ouch::AccountQuery>(message)) {
    return problem("at the venue: " + line_of(message));
  }
  if (number == 0) return;
  if (number <= highest_read_) problem("a number again at the venue: " + line_of(message));
  // What is missing was lost with a link.
  if (number > highest_read_ + 1 && connections_ == world_.connections() && sound_)
    problem("a number is missing before " + line_of(message));
  highest_read_ = std::max(highest_read_, number);
  if (const auto* enter = std::get_if<ouch::EnterOrder>(&message)) read_enter(*enter);
  if (const auto* replace = std::get_if<ouch::ReplaceOrder>(&message)) read_replace(*replace);
}

void GateAudit::read_enter(const ouch::EnterOrder& m) {
  const auto line = [&] { return line_of(ouch::InboundMessage(m)); };
  Key client;
  if (!gate::OwnClOrdId::decode(m.cl_ord_id, client.first, client.second))
    return problem("nobody's order: " + line());
  if (!read_clients_.insert(client).second) problem(text_of(client) + " twice at the venue");
  const auto found = asked_.find(client);
  const auto number = numbers_.find(m.user_ref_num);
  if (found == asked_.end() || number == numbers_.end() || number->second.client != client)
    return problem("an order that was not asked for: " + line());
  const Asked& asked = found->second;
  const Chain& chain = chains_[number->second.chain];
  const auto& order = std::get<ouch::EnterOrder>(asked.message);
  const config::Alias& theirs = alias(chain.session, chain.instrument);
  const config::Alias& ours = at_venue(chain.instrument);
  const std::int64_t lots = m.quantity / ours.quantity_per_lot;
  const auto ticks = static_cast<std::int64_t>(m.price) / ours.price_per_tick;
  const bool market = is_market(order.price);
  const bool immediate = market || order.time_in_force == ouch::TimeInForce::ImmediateOrCancel;
  if (m.symbol != ours.symbol || m.side != order.side || lots * ours.quantity_per_lot != m.quantity ||
      lots * theirs.quantity_per_lot != order.quantity ||
      (!market && ticks * theirs.price_per_tick != static_cast<std::int64_t>(order.price)) ||
      ticks * ours.price_per_tick != static_cast<std::int64_t>(m.price) ||
      m.time_in_force != (immediate ? ouch::TimeInForce::ImmediateOrCancel
                                    : ouch::TimeInForce::Day) ||
      !m.appendage.has(ouch::Tag::Firm) ||
      m.appendage.firm != deployment_.accounts[chain.account.value].firm) {
    problem("not what was asked for: " + line() + " for " + line_of(asked.message));
  }
  judge_limits(asked, chain, lots, ticks);
  at_venue_.push_back({.number = m.user_ref_num,
                       .quantity = m.quantity,
                       .price = m.price,
                       .side = static_cast<char>(m.side),
                       .symbol = m.symbol});
}

void GateAudit::read_replace(const ouch::ReplaceOrder& m) {
  const auto line = [&] { return line_of(ouch::InboundMessage(m)); };
  Key client;
  const auto number = numbers_.find(m.user_ref_num);
  if (!gate::OwnClOrdId::decode(m.cl_ord_id, client.first, client.second) ||
      number == numbers_.end() || number->second.client != client ||
      number->second.original != m.orig_user_ref_num) {
    return problem("a replace that was not asked for: " + line());
  }
  if (!read_clients_.insert(client).second) problem(text_of(client) + " twice at the venue");
  const Asked& asked = asked_.at(client);
  const Chain& chain = chains_[number->second.chain];
  const auto& order = std::get<ouch::ReplaceOrder>(asked.message);
  const config::Alias& theirs = alias(chain.session, chain.instrument);
  const config::Alias& ours = at_venue(chain.instrument);
  const std::int64_t total = m.quantity / ours.quantity_per_lot;
  const auto ticks = static_cast<std::int64_t>(m.price) / ours.price_per_tick;
  if (total * theirs.quantity_per_lot != order.quantity ||
      ticks * theirs.price_per_tick != static_cast<std::int64_t>(order.price) ||
      m.time_in_force != ouch::TimeInForce::Day) {
    problem("not what was asked for: " + line() + " for " + line_of(asked.message));
  }
  judge_limits(asked, chain, total - asked.done, ticks);
  at_venue_.push_back({.number = m.user_ref_num,
                       .original = m.orig_user_ref_num,
                       .quantity = m.quantity,
                       .price = m.price,
                       .side = chain.side == risk::Side::Buy ? 'B' : 'S',
                       .symbol = ours.symbol});
}

// Only what somebody asked for.
void GateAudit::read_cancel(const ouch::CancelOrder& m) {
  ++counts_.cancels;
  const auto number = numbers_.find(m.user_ref_num);
  if (number == numbers_.end()) {
    if (!adopted_.contains(m.user_ref_num))
      problem("a cancel of nothing of ours: " + line_of(ouch::InboundMessage(m)));
    return;
  }
  const Chain& chain = chains_[number->second.chain];
  if (!chain.cancel_totals.contains(m.quantity / at_venue(chain.instrument).quantity_per_lot))
    problem("a cancel that nobody asked for: " + line_of(ouch::InboundMessage(m)));
}

// Clip, notional and collar at every level, and nobody above says no (ORDERLIFE 6).
void GateAudit::judge_limits(const Asked& asked, const Chain& chain, std::int64_t lots,
                             std::int64_t ticks) {
  ++counts_.limits;
  const std::string who = line_of(asked.message) + " of " +
                          std::to_string(chain.session.value) + ": ";
  if (asked.blocked) problem(who + "forwarded where nothing may be");
  const int sign = risk::sign_of(chain.side);
  if (asked.close_only && sign * asked.position >= 0)
    problem(who + "forwarded where only exits may be, and is none");
  const risk::Parameters& p = deployment_.parameters;
  const std::uint32_t i = chain.instrument.value;
  if (!p.sessions[chain.session.value].instruments[i]) problem(who + "not entitled");
  const risk::InstrumentParameters& instrument = p.instruments[i];
  std::vector<std::uint32_t> profiles{p.accounts[chain.account.value].profile};
  for (risk::NodeIndex node = p.accounts[chain.account.value].parent; node.exists();
       node = p.nodes[node.value].parent) {
    profiles.push_back(p.nodes[node.value].profile);
  }
  for (const std::uint32_t profile : profiles) {
    const risk::InstrumentLimits& limits = p.profiles[profile].instruments[i];
    if (lots > limits.clip.raw) problem(who + "above the clip");
    const Int128 price = Int128{ticks} * instrument.marks_per_tick;
    if (!asked.stale &&
        sign * (price * risk::kPpm - Int128{asked.mark} * (risk::kPpm + sign * limits.collar_ppm)) >
            0) {
      problem(who + "beyond the collar");
    }
    // At the limit alone, so that no index is needed: one USDC is a dollar here, more or less.
    const Int128 notional = price * instrument.units_per_lot_mark * lots;
    if (notional * 95 > Int128{limits.notional_max.raw} * 100) problem(who + "above the notional");
  }
}

// --- the venue says, and the gate takes
// ------------------------------------------------------------------

void GateAudit::said(const ouch::OutboundMessage& any) {
  if (!sound_) return;
  const auto chain_of = [&](std::uint32_t number) -> Chain* {
    const auto found = numbers_.find(number);
    if (found == numbers_.end()) problem("the venue speaks of no order: " + line_of(any));
    return found == numbers_.end() ? nullptr : &chains_[found->second.chain];
  };
  const auto less = [&](std::uint32_t number, std::int64_t lots, bool done) {
    Chain* chain = chain_of(number);
    if (chain == nullptr) return;
    if (chain->live_there != number) problem("the venue: not live: " + line_of(any));
    chain->leaves_there -= lots;
    if (done) chain->done_there += lots;
    if (chain->leaves_there == 0) chain->live_there = 0;
  };
  if (const auto* m = std::get_if<ouch::Accepted>(&any)) {
    Chain* chain = chain_of(m->user_ref_num);
    if (chain == nullptr) return;
    if (chain->answered_there) problem("live twice at the venue: " + line_of(any));
    chain->answered_there = true;
    if (m->order_state == ouch::OrderState::Dead) return;
    chain->live_there = m->user_ref_num;
    chain->leaves_there = m->quantity / at_venue(chain->instrument).quantity_per_lot;
  } else if (const auto* m = std::get_if<ouch::Replaced>(&any)) {
    Chain* chain = chain_of(m->user_ref_num);
    if (chain == nullptr) return;
    const bool dead = m->order_state == ouch::OrderState::Dead;
    chain->live_there = dead ? 0 : m->user_ref_num;
    chain->leaves_there =
        dead ? 0 : m->quantity / at_venue(chain->instrument).quantity_per_lot;
  } else if (const auto* m = std::get_if<ouch::Executed>(&any)) {
    less(m->user_ref_num, m->quantity, true);
  } else if (const auto* m = std::get_if<ouch::AiqCanceled>(&any)) {
    less(m->user_ref_num, m->decrement, true);
  } else if (const auto* m = std::get_if<ouch::Canceled>(&any)) {
    less(m->user_ref_num, m->decrement, false);
  }
}

void GateAudit::void_number(std::uint32_t number) {
  ++counts_.voided;
  Chain& chain = chains_[numbers_.at(number).chain];
  if (numbers_.at(number).original != 0 || chain.ended_here) return;
  chain.ended_here = true;
  clients_[chain.session.value].rejects.insert(chain.first);
}

// Proof: the venue has processed a number, so that every lower one without an answer is dead.
void GateAudit::prove(std::uint32_t below, bool itself) {
  while (!unresolved_.empty() && *unresolved_.begin() < below) {
    const std::uint32_t number = *unresolved_.begin();
    unresolved_.erase(unresolved_.begin());
    if (sound_) void_number(number);
  }
  if (itself) unresolved_.erase(below);
}

void GateAudit::end_if_done(Chain& chain) {
  if (chain.total_here - chain.done_here - chain.cancelled_here <= 0) chain.ended_here = true;
}

void GateAudit::book(const Execution& execution, int direction) {
  const Whose& whose = execution.whose;
  const auto& instrument = deployment_.parameters.instruments[whose.instrument.value];
  const int sign = risk::sign_of(whose.side);
  positions_[whose.account.value * marks_.size() + whose.instrument.value] +=
      direction * sign * execution.lots;
  // The higher fee of maker and taker, for each lot, rounded up.
  const Int128 price = Int128{execution.price} * instrument.marks_per_tick;
  const Int128 paid = price * instrument.units_per_lot_mark;
  const Int128 fee = risk::ceil_div(paid * instrument.fee_ppm, risk::kPpm);
  cash_[whose.account.value * deployment_.assets.size() + instrument.settlement.value] -=
      direction * (sign * paid + fee) * execution.lots;
}

namespace {

// What the client is to be told, but for its time.
template <class M>
M in_clients_words(M message, std::uint32_t number, const ouch::ClOrdId& cl_ord_id,
                   const config::Alias& theirs, const config::Alias& ours) {
  message.user_ref_num = number;
  const auto quantity = [&](std::uint32_t& wire) {
    wire = static_cast<std::uint32_t>(wire / ours.quantity_per_lot * theirs.quantity_per_lot);
  };
  const auto price = [&](std::uint64_t& wire) {
    wire = wire / static_cast<std::uint64_t>(ours.price_per_tick) *
           static_cast<std::uint64_t>(theirs.price_per_tick);
  };
  if constexpr (requires { message.quantity; }) quantity(message.quantity);
  if constexpr (requires { message.decrement; }) quantity(message.decrement);
  if constexpr (requires { message.quantity_prevented; }) quantity(message.quantity_prevented);
  if constexpr (requires { message.price; }) price(message.price);
  if constexpr (requires { message.execution_price; }) price(message.execution_price);
  if constexpr (requires { message.symbol; }) message.symbol = theirs.symbol;
  if constexpr (requires { message.cl_ord_id; }) message.cl_ord_id = cl_ord_id;
  return message;
}

}  // namespace

void GateAudit::taken(const ouch::OutboundMessage& any) {
  const auto found = [&](std::uint32_t number) -> Chain* {
    const auto at = numbers_.find(number);
    return at == numbers_.end() ? nullptr : &chains_[at->second.chain];
  };
  const auto take = [&](const auto& m) {
    using M = std::remove_cvref_t<decltype(m)>;
    if constexpr (requires { m.next_user_ref_num; }) {
      prove(m.next_user_ref_num, false);
      return;
    }
    if constexpr (requires { m.user_ref_num; }) {
      const std::uint32_t number = m.user_ref_num;
      if (!std::is_same_v<M, ouch::BrokenTrade>) {
        if constexpr (requires { m.orig_user_ref_num; }) {
          prove(std::min(m.orig_user_ref_num, number), true);
        }
        prove(number, true);
      }
      Chain* chain = found(number);
      // The books are what the venue says, sound or not.
      Whose whose;
      if (chain != nullptr) {
        whose = {chain->account, chain->instrument, chain->side};
      } else if (const auto at = adopted_.find(number); at != adopted_.end()) {
        whose = at->second;
      }
      if constexpr (std::is_same_v<M, ouch::Executed>) {
        if (whose.account.exists()) {
          ++counts_.executed;
          const std::int64_t per_tick = at_venue(whose.instrument).price_per_tick;
          const auto wire = static_cast<std::int64_t>(m.price);
          const Execution execution{
              whose, m.quantity / at_venue(whose.instrument).quantity_per_lot,
              // Against the account where it is no whole tick.
              whose.side == risk::Side::Buy ? (wire + per_tick - 1) / per_tick : wire / per_tick};
          book(execution, 1);
          trades_[{m.match_number, number}] = execution;
        }
      } else if constexpr (std::is_same_v<M, ouch::BrokenTrade>) {
        const auto trade = trades_.find({m.match_number, number});
        if (trade != trades_.end()) {
          ++counts_.broken;
          book(trade->second, -1);
          trades_.erase(trade);
        }
      } else if constexpr (std::is_same_v<M, ouch::Accepted> ||
                           std::is_same_v<M, ouch::Replaced>) {
        if (std::is_same_v<M, ouch::Replaced>) ++counts_.replaced;
        if (!whose.account.exists() && number != 0 && m.quantity > 0 &&
            m.order_state != ouch::OrderState::Dead) {
          for (std::uint32_t i = 0; i < marks_.size(); ++i) {
            if (at_venue({i}).symbol != m.symbol) continue;
            risk::AccountIndex account;
            if (m.appendage.has(ouch::Tag::Firm)) account = firm(m.appendage.firm);
            if (!account.exists()) account = deployment_.venue.suspense_account;
            adopted_[number] = {
                account, {i}, m.side == ouch::Side::Buy ? risk::Side::Buy : risk::Side::Sell};
          }
        }
      }
      if (!sound_ || chain == nullptr) return;

      const std::int64_t per_lot = at_venue(chain->instrument).quantity_per_lot;
      if constexpr (std::is_same_v<M, ouch::Accepted>) {
        if (m.order_state == ouch::OrderState::Dead) chain->ended_here = true;
      } else if constexpr (std::is_same_v<M, ouch::Replaced>) {
        chain->head_here = number;
        chain->total_here = chain->done_here + m.quantity / per_lot;
        chain->cancelled_here = 0;
        if (m.order_state == ouch::OrderState::Dead) chain->ended_here = true;
      } else if constexpr (std::is_same_v<M, ouch::Executed>) {
        chain->done_here += m.quantity / per_lot;
        end_if_done(*chain);
      } else if constexpr (std::is_same_v<M, ouch::AiqCanceled>) {
        chain->done_here += m.decrement / per_lot;
        end_if_done(*chain);
      } else if constexpr (std::is_same_v<M, ouch::Canceled>) {
        chain->cancelled_here += m.decrement / per_lot;
        end_if_done(*chain);
      } else if constexpr (std::is_same_v<M, ouch::Rejected>) {
        if (numbers_.at(number).original == 0) chain->ended_here = true;
      }

      const Key client = numbers_.at(number).client;
      ouch::ClOrdId cl_ord_id{};
      std::visit(
          [&](const auto& asked) {
            if constexpr (requires { asked.cl_ord_id; }) cl_ord_id = asked.cl_ord_id;
          },
          asked_.at(client).message);
      M told = in_clients_words(m, client.second, cl_ord_id,
                                alias(chain->session, chain->instrument),
                                at_venue(chain->instrument));
      if constexpr (requires { told.orig_user_ref_num; }) {
        told.orig_user_ref_num = numbers_.at(m.orig_user_ref_num).client.second;
      }
      clients_[client.first].expected.emplace_back(told);
    }
  };
  std::visit(take, any);
}

// --- clients
// ---------------------------------------------------------------------------------------------

template <class M>
void GateAudit::compare_with_expected(std::uint32_t session, const M& message) {
  std::deque<ouch::OutboundMessage>& expected = clients_[session].expected;
  if (expected.empty() || !std::holds_alternative<M>(expected.front()) ||
      without_time(std::get<M>(expected.front())) != without_time(message)) {
    problem("session " + std::to_string(session) + " got " +
            line_of(ouch::OutboundMessage(message)) + " and not " +
            (expected.empty() ? std::string("nothing") : line_of(expected.front())));
  }
  if (!expected.empty()) expected.pop_front();
}

void GateAudit::got(std::uint32_t session, const Bytes& payload) {
  Client& client = clients_[session];
  ouch::OutboundMessage any;
  if (ouch::decode(payload, any) != ouch::DecodeError::None)
    return problem("session " + std::to_string(session) + " got what is no message");
  const auto answered = [&](std::uint32_t number, char type) {
    const auto control = client.controls.find(number);
    if (control == client.controls.end() || control->second != type)
      return problem("an answer to nothing: " + line_of(any));
    client.controls.erase(control);
  };
  if (const auto* m = std::get_if<ouch::QueryResponse>(&any)) {
    if (client.queries-- == 0) problem("a query was answered that was not sent");
    if (m->next_user_ref_num != client.watermark + 1 && sound_)
      problem("a query was answered with another number than the next");
    return;
  }
  if (const auto* m = std::get_if<ouch::MassCancelResponse>(&any))
    return answered(m->user_ref_num, 'C');
  if (const auto* m = std::get_if<ouch::DisableResponse>(&any))
    return answered(m->user_ref_num, 'D');
  if (const auto* m = std::get_if<ouch::EnableResponse>(&any))
    return answered(m->user_ref_num, 'E');
  if (const auto* m = std::get_if<ouch::Rejected>(&any)) {
    if (client.controls.erase(m->user_ref_num) == 1) {
      client.rejects.erase(m->user_ref_num);
      return;
    }
  }
  if (!sound_) return got_from_hostile(client, any);
  const auto take = [&](const auto& m) {
    using M = std::remove_cvref_t<decltype(m)>;
    if constexpr (std::is_same_v<M, ouch::Rejected>) {
      const bool ours = client.rejects.erase(m.user_ref_num) == 1;
      if (!ours) compare_with_expected(session, m);
      client.orders.take(payload);
    } else if constexpr (std::is_same_v<M, ouch::CancelReject> ||
                         std::is_same_v<M, ouch::SystemEvent>) {
      return;
    } else {
      compare_with_expected(session, m);
      client.orders.take(payload);
    }
  };
  std::visit(take, any);
}

// Whatever the venue says, one end for each order.
void GateAudit::got_from_hostile(Client& client, const ouch::OutboundMessage& any) {
  const auto take = [&](const auto& m) {
    using M = std::remove_cvref_t<decltype(m)>;
    if constexpr (requires { m.user_ref_num; }) {
      const auto first = client.first_of.find(m.user_ref_num);
      if (first == client.first_of.end() || first->second == 0) return;  // adopted
      Client::Told& told = client.told[first->second];
      const auto end = [&] { return told.dead || told.rejected || told.total <= told.done + told.cancelled; };
      if constexpr (std::is_same_v<M, ouch::Accepted> || std::is_same_v<M, ouch::Replaced>) {
        if (end()) return problem("answered after its end: " + line_of(any));
        told.accepted = true;
        if constexpr (std::is_same_v<M, ouch::Accepted>) {
          told.total = m.quantity;
        } else {
          told.total = told.done + m.quantity;
          told.cancelled = 0;
        }
        told.dead = m.order_state == ouch::OrderState::Dead;
      } else if constexpr (std::is_same_v<M, ouch::Executed>) {
        told.done += m.quantity;
      } else if constexpr (std::is_same_v<M, ouch::Canceled>) {
        if (end()) problem("canceled after its end: " + line_of(any));
        told.cancelled += m.decrement;
      } else if constexpr (std::is_same_v<M, ouch::AiqCanceled>) {
        if (end()) problem("canceled after its end: " + line_of(any));
        told.done += m.decrement;
      } else if constexpr (std::is_same_v<M, ouch::Rejected>) {
        client.rejects.erase(m.user_ref_num);
        if (first->second != m.user_ref_num) return;
        if (told.accepted || end()) problem("rejected after another outcome: " + line_of(any));
        told.rejected = true;
      }
    }
  };
  std::visit(take, any);
}

// --- books
// -----------------------------------------------------------------------------------------------

void GateAudit::judge_positions() {
  for (std::uint32_t a = 0; a < deployment_.accounts.size(); ++a) {
    for (std::uint32_t i = 0; i < marks_.size(); ++i) {
      const std::int64_t held = world_.engine().position({a}, {i}).raw;
      const std::int64_t said = positions_[a * marks_.size() + i];
      if (held == said) continue;
      problem("account " + std::to_string(a) + " instrument " + std::to_string(i) + ": position " +
              std::to_string(held) + ", executed " + std::to_string(said));
    }
  }
}

// What may still execute, and what has executed and is not booked yet.
void GateAudit::judge_reservations() {
  const bool drained = is_drained();
  if (drained && sound_) ++counts_.drained;
  std::uint32_t live = 0;
  for (auto at = open_.begin(); at != open_.end();) {
    const Chain& chain = chains_[*at];
    const risk::NumberRecord* record = nullptr;
    for (const std::uint32_t number : chain.numbers) {
      const risk::NumberRecord* found = world_.engine().find_number(number);
      if (found != nullptr && found->order != risk::kNil) record = found;
    }
    const std::string name = text_of({chain.session.value, chain.first}) + ": ";
    if (!sound_) {
      if (record == nullptr) {
        at = open_.erase(at);
        continue;
      }
      // Nobody has spoken of it yet.
      if (unresolved_.contains(chain.numbers.front())) {
        ++counts_.reservations;
        if (world_.engine().order({record->order}).reserved.raw <
            numbers_.at(chain.numbers.front()).total) {
          problem(name + "less is reserved than was sent");
        }
      }
      ++at;
      continue;
    }
    std::int64_t may_execute = chain.leaves_there;
    bool flying = false;
    std::vector<std::uint32_t> executing;
    if (chain.live_there != 0) executing.push_back(chain.live_there);
    for (const std::uint32_t number : chain.numbers) {
      if (number <= highest_read_ || !unresolved_.contains(number)) continue;
      flying = true;
      may_execute = std::max(may_execute, numbers_.at(number).total - chain.done_there);
      executing.push_back(number);
    }
    const std::int64_t needed = may_execute + chain.done_there - chain.done_here;
    if (chain.ended_here && chain.live_there == 0 && !flying) {
      if (record != nullptr) problem(name + "has ended and is still counted");
      at = open_.erase(at);
      continue;
    }
    ++at;
    if (!chain.ended_here) ++live;
    if (drained) {
      if (chain.ended_here) problem(name + "has ended here and lives there");
      if (chain.live_there == 0) problem(name + "has ended there and lives here");
      if (chain.done_here != chain.done_there) problem(name + "executed otherwise there");
      if (chain.cancel_totals.contains(0)) problem(name + "was to be canceled and lives");
    }
    if (needed <= 0) continue;
    ++counts_.reservations;
    if (record == nullptr) {
      problem(name + "may execute and is not counted");
      continue;
    }
    const risk::Order& order = world_.engine().order({record->order});
    if (order.account != chain.account || order.instrument != chain.instrument ||
        risk::sign_of(order.side) != risk::sign_of(chain.side)) {
      problem(name + "is counted as another order");
    }
    if (order.reserved.raw < needed) {
      problem(name + std::to_string(order.reserved.raw) + " lots reserved, " +
              std::to_string(needed) + " may execute");
    }
    for (const std::uint32_t number : executing) {
      if (risk::sign_of(chain.side) * (numbers_.at(number).price - order.worst.raw) > 0)
        problem(name + "may execute at a worse price than is reserved");
    }
  }
  if (sound_ && world_.engine().live_orders() != live)
    problem("live here " + std::to_string(world_.engine().live_orders()) + ", to be live " +
            std::to_string(live));
}

void GateAudit::compare_book() {
  std::map<std::uint32_t, std::int64_t> book;
  std::istringstream lines(world_.venue_engine().describe());
  for (std::string line; std::getline(lines, line);) {
    unsigned number = 0;
    long long leaves = 0;
    const std::size_t ours = line.find("session 0, number ");
    const std::size_t size = line.find(" x ");
    if (ours == std::string::npos || size == std::string::npos) continue;
    if (std::sscanf(line.c_str() + ours, "session 0, number %u", &number) == 1 &&
        std::sscanf(line.c_str() + size, " x %lld", &leaves) == 1) {
      book[number] = leaves;
    }
  }
  std::map<std::uint32_t, std::int64_t> told;
  for (const std::size_t c : open_) {
    const Chain& chain = chains_[c];
    if (chain.live_there != 0)
      told[chain.live_there] =
          chain.leaves_there * at_venue(chain.instrument).quantity_per_lot;
  }
  if (book != told) problem("the venue's book is not what it has said");
}

std::vector<std::uint32_t> GateAudit::live(risk::SessionIndex session) const {
  std::vector<std::uint32_t> live;
  for (const std::size_t c : open_) {
    const Chain& chain = chains_[c];
    if (chain.session != session || chain.ended_here) continue;
    live.push_back(numbers_.at(chain.head_here).client.second);
    if (chain.numbers.back() != chain.head_here)
      live.push_back(numbers_.at(chain.numbers.back()).client.second);
  }
  return live;
}

void GateAudit::finish() {
  look();
  if (world_.engine().live_orders() != 0) problem("orders are live that were cancelled");
  for (std::uint32_t s = 0; s < clients_.size(); ++s) {
    const Client& client = clients_[s];
    if (sound_) {
      if (client.orders.unanswered() != 0)
        problem(std::to_string(client.orders.unanswered()) + " orders of session " +
                std::to_string(s) + " had no outcome");
      if (!client.orders.live().empty())
        problem("orders of session " + std::to_string(s) + " had no end");
      continue;
    }
    for (const auto& [number, told] : client.told) {
      const bool executed = told.total <= told.done + told.cancelled || told.dead;
      if (told.rejected || executed) continue;
      problem(text_of({s, number}) + " had no end");
    }
  }
  const std::size_t assets = deployment_.assets.size();
  for (std::uint32_t a = 0; a < deployment_.accounts.size(); ++a) {
    world_.engine().realise({a});
    for (std::uint32_t i = 0; i < marks_.size(); ++i) {
      const auto& instrument = deployment_.parameters.instruments[i];
      cash_[a * assets + instrument.settlement.value] +=
          Int128{positions_[a * marks_.size() + i]} * marks_[i] * instrument.units_per_lot_mark;
    }
    for (std::uint32_t c = 0; c < assets; ++c) {
      if (world_.engine().balance({a}, {c}).raw != cash_[a * assets + c])
        problem("account " + std::to_string(a) + " asset " + std::to_string(c) +
                ": cash is not what was executed");
    }
  }
}

}  // namespace portcullis::test
