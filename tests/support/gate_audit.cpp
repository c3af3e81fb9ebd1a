#include "tests/support/gate_audit.h"

#include <algorithm>
#include <cstdio>
#include <sstream>
#include <type_traits>
#include <variant>

#include "config/state_file.h"
#include "gateway/gate/aliases.h"
#include "tests/support/gate_world.h"

namespace portcullis::test {

namespace gate = gateway::gate;
namespace ouch = gateway::ouch;
using risk::ControlScope;
using risk::Int128;

namespace {

template <class Array>
bool is_blank(const Array& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c == ' ' || c == '\0'; });
}

bool is_market(std::uint64_t price) {
  return price == ouch::kMarketPrice || price == ouch::kMarketPriceAlt;
}

}  // namespace

GateAudit::GateAudit(AuditedWorld& world, Venue venue, Counts& counts)
    : world_(world),
      deployment_(world.deployment()),
      sound_(venue == Venue::Sound),
      counts_(counts),
      clients_(deployment_.sessions.size()),
      said_(world.venue_stream().size()),
      marked_ns_(deployment_.instruments.size(), world.time_ns()),
      positions_(deployment_.accounts.size() * deployment_.instruments.size()),
      cash_(deployment_.accounts.size() * deployment_.assets.size()) {
  for (std::uint32_t i = 0; i < marked_ns_.size(); ++i)
    marks_.push_back(world.engine().mark({i}).raw);
  const config::StateFile state = config::parse_state(
      read_file(example_folder() / "demo-state.json"), "demo-state.json", deployment_);
  for (const risk::LoadBalance& load : state.balances)
    cash_[load.account.value * deployment_.assets.size() + load.asset.value] += load.units;
  for (const risk::LoadPosition& load : state.positions) {
    const auto& instrument = deployment_.parameters.instruments[load.instrument.value];
    positions_[load.account.value * marks_.size() + load.instrument.value] += load.lots.raw;
    cash_[load.account.value * deployment_.assets.size() + instrument.settlement.value] -=
        Int128{load.lots.raw} * load.entry.raw * instrument.marks_per_tick *
        instrument.units_per_lot_mark;
  }
  (void)world.messages_at_venue();
}

// --- names

std::string GateAudit::text_of(std::uint32_t session, std::uint32_t number) {
  return "session " + std::to_string(session) + " number " + std::to_string(number);
}

GateAudit::Chain* GateAudit::chain_of(std::uint32_t number) {
  const auto found = numbers_.find(number);
  return found == numbers_.end() ? nullptr : &chains_[found->second.chain];
}

GateAudit::Chain* GateAudit::chain_of(risk::SessionIndex session, std::uint32_t client_number) {
  const auto asked = asked_.find({session.value, client_number});
  return asked == asked_.end() ? nullptr : chain_of(asked->second.number);
}

risk::AccountIndex GateAudit::account_of(const config::WireFirm& firm) const {
  for (std::uint32_t a = 0; a < deployment_.accounts.size(); ++a) {
    if (deployment_.accounts[a].firm == firm) return {a};
  }
  return {};
}

const config::Alias* GateAudit::alias(risk::SessionIndex session,
                                      const config::WireSymbol& symbol) const {
  const auto& aliases = deployment_.sessions[session.value].aliases;
  const auto found = std::find_if(aliases.begin(), aliases.end(),
                                  [&](const config::Alias& a) { return a.symbol == symbol; });
  return found == aliases.end() ? nullptr : &*found;
}

const config::Alias& GateAudit::alias(risk::SessionIndex session,
                                      risk::InstrumentIndex instrument) const {
  const auto& aliases = deployment_.sessions[session.value].aliases;
  return *std::find_if(aliases.begin(), aliases.end(),
                       [&](const config::Alias& a) { return a.instrument == instrument; });
}

const config::Alias& GateAudit::at_venue(risk::InstrumentIndex instrument) const {
  return deployment_.instruments[instrument.value].venue;
}

// For whom a client's order is, as far as that is known.
GateAudit::Whose GateAudit::whose(risk::SessionIndex session, const ouch::EnterOrder& order) const {
  const config::Alias* name = alias(session, order.symbol);
  return {order.appendage.has(ouch::Tag::Firm)
              ? account_of(order.appendage.firm)
              : deployment_.sessions[session.value].default_account,
          name == nullptr ? risk::InstrumentIndex{} : name->instrument,
          order.side == ouch::Side::Buy ? risk::Side::Buy : risk::Side::Sell};
}

bool GateAudit::may_use(risk::SessionIndex session, risk::AccountIndex account) const {
  const auto& accounts = deployment_.parameters.sessions[session.value].accounts;
  return std::find(accounts.begin(), accounts.end(), account) != accounts.end();
}

std::vector<risk::NodeIndex> GateAudit::above(risk::AccountIndex account) const {
  std::vector<risk::NodeIndex> nodes;
  for (risk::NodeIndex node = deployment_.parameters.accounts[account.value].parent; node.exists();
       node = deployment_.parameters.nodes[node.value].parent) {
    nodes.push_back(node);
  }
  return nodes;
}

// --- what is done to the gate

void GateAudit::marked(risk::InstrumentIndex instrument, risk::Mark mark, std::int64_t as_of_ns) {
  marks_[instrument.value] = mark.raw;
  marked_ns_[instrument.value] = as_of_ns;
}

void GateAudit::priced(const risk::SetPriceState& change) {
  if (change.state == risk::PriceState::Unsafe) {
    unsafe_.insert({change.kind, change.target});
  } else {
    unsafe_.erase({change.kind, change.target});
  }
}

void GateAudit::controlled(const risk::Control& control) {
  using risk::ControlAction;
  Standing& standing = standings_[{control.scope, control.target}];
  if (control.action == ControlAction::CloseOnly) {
    standing.close_only = true;
  } else {
    standing.blocked = true;
  }
  if (control.action == ControlAction::Resume) {
    standing = {};
    if (control.scope == ControlScope::Account)
      std::erase_if(suspensions_, [&](const Key& s) { return s.second == control.target; });
  }
  if (control.action == ControlAction::Kill) {
    swept(gateway::gate::sweep_scope_of(control.scope), control.target);
  }
}

void GateAudit::swept(gate::SweepScope scope, std::uint32_t target, std::uint32_t instrument) {
  using gate::SweepScope;
  for (const std::size_t c : open_) {
    Chain& chain = chains_[c];
    const Whose& whose = chain.whose;
    if (instrument != risk::kNone32 && whose.instrument.value != instrument) continue;
    const std::vector<risk::NodeIndex> nodes = above(whose.account);
    const bool meant = scope == SweepScope::Node         ? std::find(nodes.begin(), nodes.end(),
                                                                     risk::NodeIndex{target}) != nodes.end()
                       : scope == SweepScope::Account    ? whose.account.value == target
                       : scope == SweepScope::Session    ? chain.session.value == target
                       : scope == SweepScope::Instrument ? whose.instrument.value == target
                                                         : may_use({target}, whose.account);
    if (meant) chain.cancel_totals.insert(0);
  }
}

void GateAudit::venue_is_another() {
  said_ = 0;
  // Nothing of it can happen any more, but for what is still to be heard of.
  for (const std::size_t c : open_) {
    chains_[c].there = chains_[c].here;
    chains_[c].there.ended = true;
  }
}

void GateAudit::orders_are_dead() {
  unresolved_.clear();
  for (const std::size_t c : open_) chains_[c].is_lost = !chains_[c].here.ended;
}

std::string_view GateAudit::expect(risk::SessionIndex session, std::span<const std::byte> payload) {
  ouch::InboundMessage message;
  const bool malformed = ouch::decode(payload, message) != ouch::DecodeError::None ||
                         std::holds_alternative<ouch::ModifyOrder>(message);
  return malformed ? "m" : outcomes(session, message);
}

void GateAudit::sent(risk::SessionIndex session, std::span<const std::byte> payload,
                     std::string_view outcome, const risk::Decision& decision) {
  ouch::InboundMessage message;
  (void)ouch::decode(payload, message);
  if (outcome == "m") ++counts_.malformed;
  if (outcome == "i") ++counts_.ignored;
  if (outcome == "r") ++counts_.rejected;
  if (outcome == "f") forwarded(session, message, decision);
  if (outcome == "r" && !std::holds_alternative<ouch::CancelOrder>(message)) {
    clients_[session.value].controls.erase(number_of(message));
    clients_[session.value].rejects.insert(number_of(message));
  }
}

// What may become of a client's message: forwarded, rejected, answered, ignored, malformed.
std::string_view GateAudit::outcomes(risk::SessionIndex session,
                                     const ouch::InboundMessage& message) {
  Client& client = clients_[session.value];
  const auto of_chain = [&](const Chain* chain, std::uint32_t number) {
    if (!sound_) return "fri";
    if (chain == nullptr || chain->here.ended) return "ri";
    return asked_.at({session.value, number}).number == chain->here.head ? "fr" : "fri";
  };
  if (const auto* cancel = std::get_if<ouch::CancelOrder>(&message)) {
    const Chain* chain = chain_of(session, cancel->user_ref_num);
    const bool takes_off =
        chain == nullptr ||
        cancel->quantity / alias(session, chain->whose.instrument).quantity_per_lot <
            chain->here.total - chain->here.cancelled;
    return takes_off ? of_chain(chain, cancel->user_ref_num) : "fri";
  }
  if (std::holds_alternative<ouch::AccountQuery>(message)) {
    ++client.queries;
    return "a";
  }
  const std::uint32_t number = number_of(message);
  if (number <= client.watermark) return "i";
  client.watermark = number;
  if (const auto* enter = std::get_if<ouch::EnterOrder>(&message)) {
    ask(session, number, message, whose(session, *enter), 0);
    return "fr";
  }
  if (const auto* replace = std::get_if<ouch::ReplaceOrder>(&message)) {
    const std::uint32_t original = replace->orig_user_ref_num;
    const Chain* chain = chain_of(session, original);
    if (chain != nullptr) {
      // What counts as done of what a hostile venue says is the gate's to tell.
      const risk::Order* order = world_.order(session, original);
      ask(session, number, message, chain->whose,
          sound_ || order == nullptr ? chain->here.done : order->cum.raw);
    }
    return of_chain(chain, original);
  }
  carry_out(session, message);
  return "ra";
}

void GateAudit::ask(risk::SessionIndex session, std::uint32_t number,
                    const ouch::InboundMessage& message, const Whose& whose, std::int64_t done) {
  Asked asked{.message = message, .standing = {}, .done = done};
  const auto add = [&](ControlScope scope, std::uint32_t target) {
    const Standing& standing = standings_[{scope, target}];
    asked.standing.blocked |= standing.blocked;
    asked.standing.close_only |= standing.close_only;
  };
  add(ControlScope::Session, session.value);
  if (whose.account.exists()) {
    add(ControlScope::Account, whose.account.value);
    for (const risk::NodeIndex node : above(whose.account)) add(ControlScope::Node, node.value);
    for (const Key& suspension : suspensions_)
      asked.standing.blocked |= suspension.second == whose.account.value;
  }
  if (whose.instrument.exists()) {
    const std::uint32_t i = whose.instrument.value;
    add(ControlScope::Instrument, i);
    asked.mark = marks_[i];
    const risk::InstrumentParameters& instrument = deployment_.parameters.instruments[i];
    const bool unsafe_mark = unsafe_.contains({risk::PriceKind::Mark, i});
    asked.unsafe =
        unsafe_mark || unsafe_.contains({risk::PriceKind::Index, instrument.settlement.value});
    asked.stale = unsafe_mark || world_.time_ns() > marked_ns_[i] + instrument.mark_age_max_ns;
    if (whose.account.exists())
      asked.position = positions_[whose.account.value * marks_.size() + i];
  }
  asked_[{session.value, number}] = asked;
}

void GateAudit::only_reduces(risk::SessionIndex session, std::uint32_t client_number) {
  const auto asked = asked_.find({session.value, client_number});
  if (asked != asked_.end()) asked->second.reduces_only = true;
}

// The member's own kill switch.
void GateAudit::carry_out(risk::SessionIndex session, const ouch::InboundMessage& any) {
  const auto take = [&](const auto& m) {
    if constexpr (requires { m.firm; }) {
      using M = std::remove_cvref_t<decltype(m)>;
      clients_[session.value].controls[m.user_ref_num] = M::kType;
      if (m.appendage.present != 0 || m.appendage.has_unknown_tag) return;
      const risk::AccountIndex one = is_blank(m.firm) ? risk::AccountIndex{} : account_of(m.firm);
      if (!is_blank(m.firm) && (!one.exists() || !may_use(session, one))) return;
      if constexpr (std::is_same_v<M, ouch::MassCancel>) {
        const config::Alias* name = is_blank(m.symbol) ? nullptr : alias(session, m.symbol);
        if (!is_blank(m.symbol) && name == nullptr) return;
        swept(one.exists() ? gate::SweepScope::Account : gate::SweepScope::SessionAccounts,
              one.exists() ? one.value : session.value,
              name == nullptr ? risk::kNone32 : name->instrument.value);
      } else {
        for (const auto account : deployment_.parameters.sessions[session.value].accounts) {
          if (one.exists() && account != one) continue;
          if (std::is_same_v<M, ouch::DisableOrderEntry>) {
            suspensions_.insert({session.value, account.value});
          } else {
            suspensions_.erase({session.value, account.value});
          }
        }
      }
    }
  };
  std::visit(take, any);
}

void GateAudit::forwarded(risk::SessionIndex session, const ouch::InboundMessage& message,
                          const risk::Decision& decision) {
  const std::uint32_t client_number = number_of(message);
  if (const auto* cancel = std::get_if<ouch::CancelOrder>(&message)) {
    if (Chain* chain = chain_of(session, client_number)) {
      chain->cancel_totals.insert(cancel->quantity /
                                  alias(session, chain->whose.instrument).quantity_per_lot);
    }
    return;
  }
  Number number{.client = {session.value, client_number}, .price = decision.price.raw};
  if (const auto* enter = std::get_if<ouch::EnterOrder>(&message)) {
    const Whose whose = this->whose(session, *enter);
    if (!whose.instrument.exists() || !whose.account.exists() || !may_use(session, whose.account))
      return problem("forwarded without account or instrument: " + line_of(message));
    number.chain = chains_.size();
    number.total = enter->quantity / alias(session, whose.instrument).quantity_per_lot;
    const View view{.head = decision.number, .total = number.total};
    open_.insert(chains_.size());
    chains_.push_back({.whose = whose,
                       .session = session,
                       .first = client_number,
                       .there = view,
                       .here = view,
                       .told = {.head = client_number, .total = number.total},
                       .reduces_only = asked_.at(number.client).reduces_only});
  } else if (const auto* replace = std::get_if<ouch::ReplaceOrder>(&message)) {
    number.original = asked_.at({session.value, replace->orig_user_ref_num}).number;
    number.chain = numbers_.at(number.original).chain;
    const config::Alias& name = alias(session, chains_[number.chain].whose.instrument);
    number.total = replace->quantity / name.quantity_per_lot;
  } else {
    return problem("forwarded: " + line_of(message));
  }
  asked_.at(number.client).number = decision.number;
  numbers_[decision.number] = number;
  chains_[number.chain].numbers.push_back(decision.number);
  if (!unresolved_.insert(decision.number).second || decision.number <= highest_read_)
    problem("number " + std::to_string(decision.number) + " is used again");
  ++counts_.forwarded;
}

// --- what came of it

void GateAudit::look_at_what_is_said() {
  const std::vector<Bytes>& stream = world_.venue_stream();
  ouch::OutboundMessage message;
  for (; said_ < stream.size(); ++said_) {
    if (sound_ && ouch::decode(stream[said_], message) == ouch::DecodeError::None) said(message);
  }
}

void GateAudit::look_at_what_is_read() {
  for (const ouch::InboundMessage& sent : world_.messages_at_venue()) at_venue(sent);
}

void GateAudit::taken(std::span<const std::byte> payload) {
  ouch::OutboundMessage message;
  if (ouch::decode(payload, message) == ouch::DecodeError::None) take(message);
}

void GateAudit::owed(risk::SessionIndex session, std::span<const std::byte> payload) {
  got(session.value, {payload.begin(), payload.end()});
  clients_[session.value].got.emplace_back(payload.begin(), payload.end());
}

void GateAudit::judge_answers() {
  for (std::uint32_t s = 0; s < clients_.size(); ++s) {
    const Client& client = clients_[s];
    for (const auto& owed : client.expected)
      problem("session " + std::to_string(s) + " was not told " + line_of(owed));
    for (const std::uint32_t number : client.rejects)
      problem(text_of(s, number) + " was not rejected to the client");
    if (!client.controls.empty() || client.queries != 0)
      problem("session " + std::to_string(s) + " has no answer");
  }
}

void GateAudit::judge_books() {
  const gate::Counters& c = world_.gate().counters();
  if (c.in != c.forwarded + c.rejected + c.ignored + c.malformed + c.answered)
    problem("in = forwarded + rejected + ignored + malformed + answered does not hold");
  judge_positions();
  judge_reservations();
}

void GateAudit::judge_restart(const std::vector<std::vector<Bytes>>& streams) {
  ++counts_.restarts;
  for (std::size_t s = 0; s < clients_.size(); ++s) {
    const std::vector<Bytes>& was = clients_[s].got;
    if (streams[s].size() < was.size() || !std::equal(was.begin(), was.end(), streams[s].begin()))
      problem("what session " + std::to_string(s) + " had got is different after a restart");
  }
}

// --- at the venue

void GateAudit::at_venue(const ouch::InboundMessage& any) {
  if (std::holds_alternative<ouch::AccountQuery>(any)) {  // begins each link
    first_on_link_ = true;
    ++counts_.links;
    return;
  }
  const std::uint32_t number = number_of(any);
  if (const auto* cancel = std::get_if<ouch::CancelOrder>(&any)) {
    ++counts_.cancels;  // only what somebody asked for
    const Chain* chain = chain_of(number);
    const auto is_asked_for = [&] {
      if (chain == nullptr) return adopted_.contains(number);
      if (chain->cancel_totals.contains(cancel->quantity /
                                        at_venue(chain->whose.instrument).quantity_per_lot)) {
        return true;
      }
      if (!chain->may_go || cancel->quantity != 0) return false;
      ++reducers_cut_;
      return true;
    };
    if (!is_asked_for()) {
      problem("a cancel that nobody asked for: " + line_of(any));
    }
    return;
  }
  if (number <= highest_read_) problem("a number again at the venue: " + line_of(any));
  // What is missing was lost with a link.
  if (number > highest_read_ + 1 && !first_on_link_ && sound_)
    problem("a number is missing before " + line_of(any));
  first_on_link_ = false;
  highest_read_ = std::max(highest_read_, number);
  if (const auto* fence = std::get_if<ouch::MassCancel>(&any)) {
    if (fence->firm != deployment_.venue.firm || fence->symbol != deployment_.venue.fence_symbol)
      problem("a mass cancel that is no fence");
  } else if (const auto* enter = std::get_if<ouch::EnterOrder>(&any)) {
    judge_order(any, number, enter->cl_ord_id);
  } else if (const auto* replace = std::get_if<ouch::ReplaceOrder>(&any)) {
    judge_order(any, number, replace->cl_ord_id);
  } else {
    problem("at the venue: " + line_of(any));
  }
}

// What leaves is what was asked for, in the venue's units, and within the limits.
void GateAudit::judge_order(const ouch::InboundMessage& any, std::uint32_t number,
                            const ouch::ClOrdId& cl_ord_id) {
  read_.push_back(any);
  Key client;
  const auto found = numbers_.find(number);
  if (!gate::OwnClOrdId::decode(cl_ord_id, client.first, client.second) ||
      found == numbers_.end() || found->second.client != client) {
    return problem("nobody's order at the venue: " + line_of(any));
  }
  if (!read_clients_.insert(client).second)
    problem(text_of(client.first, client.second) + " twice at the venue");
  const Asked& asked = asked_.at(client);
  const Chain& chain = chains_[found->second.chain];
  const config::Alias& theirs = alias(chain.session, chain.whose.instrument);
  const config::Alias& ours = at_venue(chain.whose.instrument);
  std::int64_t lots = 0;
  std::int64_t ticks = 0;
  const auto is_same = [&](const auto& sent, const auto& order) {
    lots = sent.quantity / ours.quantity_per_lot;
    ticks = static_cast<std::int64_t>(sent.price) / ours.price_per_tick;
    const bool market = is_market(order.price);
    const std::int64_t least =
        (order.appendage.min_qty + theirs.quantity_per_lot - 1) / theirs.quantity_per_lot;
    const bool immediate = market || order.time_in_force == ouch::TimeInForce::ImmediateOrCancel;
    return lots * ours.quantity_per_lot == sent.quantity &&
           lots * theirs.quantity_per_lot == order.quantity &&
           ticks * ours.price_per_tick == static_cast<std::int64_t>(sent.price) &&
           (market || ticks * theirs.price_per_tick == static_cast<std::int64_t>(order.price)) &&
           sent.time_in_force ==
               (immediate ? ouch::TimeInForce::ImmediateOrCancel : ouch::TimeInForce::Day) &&
           sent.appendage.present == (order.appendage.present | ouch::tag_bit(ouch::Tag::Firm)) &&
           sent.appendage.min_qty == least * ours.quantity_per_lot &&
           sent.appendage.aiq_strategy == order.appendage.aiq_strategy &&
           sent.appendage.firm == deployment_.accounts[chain.whose.account.value].firm;
  };
  bool same = any.index() == asked.message.index();
  if (!same) return problem("another kind of message: " + line_of(any));
  if (const auto* enter = std::get_if<ouch::EnterOrder>(&any)) {
    const auto& order = std::get<ouch::EnterOrder>(asked.message);
    same = is_same(*enter, order) && enter->symbol == ours.symbol && enter->side == order.side;
  } else {
    const auto& replace = std::get<ouch::ReplaceOrder>(any);
    same = is_same(replace, std::get<ouch::ReplaceOrder>(asked.message)) &&
           replace.orig_user_ref_num == found->second.original;
  }
  if (!same) problem("not what was asked for: " + line_of(any) + " for " + line_of(asked.message));
  judge_limits(asked, chain, lots - asked.done, ticks);
}

// Clip, notional and collar at every level, and nobody above says no (ORDERLIFE 6).
void GateAudit::judge_limits(const Asked& asked, const Chain& chain, std::int64_t lots,
                             std::int64_t ticks) {
  const auto wrong = [&](const char* what) {
    problem(line_of(asked.message) + " of " + std::to_string(chain.session.value) + ": " + what);
  };
  const int sign = risk::sign_of(chain.whose.side);
  if (asked.standing.blocked) wrong("forwarded where nothing may be");
  // A replace may also take away from what is there.
  if (asked.standing.close_only && sign * asked.position >= 0 &&
      std::holds_alternative<ouch::EnterOrder>(asked.message)) {
    wrong("forwarded where only exits may be, and is none");
  }
  if (asked.unsafe && sign * asked.position >= 0) {
    wrong("forwarded at an unsafe price, and is no exit");
  }
  const risk::Parameters& p = deployment_.parameters;
  const std::uint32_t i = chain.whose.instrument.value;
  if (!p.sessions[chain.session.value].instruments[i]) wrong("not entitled");
  const risk::InstrumentParameters& instrument = p.instruments[i];
  std::vector<std::uint32_t> profiles{p.accounts[chain.whose.account.value].profile};
  for (const risk::NodeIndex node : above(chain.whose.account))
    profiles.push_back(p.nodes[node.value].profile);
  for (const std::uint32_t profile : profiles) {
    const risk::InstrumentLimits& limits = p.profiles[profile].instruments[i];
    const Int128 price = Int128{ticks} * instrument.marks_per_tick;
    if (lots > limits.clip.raw) wrong("above the clip");
    if (!asked.stale &&
        sign * (price * risk::kPpm - Int128{asked.mark} * (risk::kPpm + sign * limits.collar_ppm)) >
            0) {
      wrong("beyond the collar");
    }
    // At the limit alone: one USDC is a dollar here, of a millionth a unit.
    const Int128 dollars = price * instrument.units_per_lot_mark * lots;
    const Int128 units_per_quantum = 100;  // the risk currency has four decimals
    if (dollars > limits.notional_max.raw * units_per_quantum) wrong("above the notional");
  }
}

}  // namespace portcullis::test
