#include "tests/support/random_gate.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "gateway/parameters/change_desk.h"
#include "tests/support/gate_world.h"
#include "tests/support/random_orders.h"
#include "tests/support/random_world.h"
#include "tests/support/venue_words.h"
#include "tests/support/world_digest.h"

namespace portcullis::test {

namespace gate = gateway::gate;
namespace ouch = gateway::ouch;
namespace venue_sim = gateway::venue_sim;
using support::Rng;

namespace {

class RandomGate {
 public:
  RandomGate(GateAudit::Venue venue, std::uint64_t seed, GateAudit::Counts& counts,
             const RandomGateOptions& options)
      : sound_(venue == GateAudit::Venue::Sound),
        with_reloads_(options.reloads),
        with_facts_(options.facts),
        rng_(seed),
        looks_(~seed),
        // Small enough, now and then, that there is no room for another order.
        world_(sound_ && rng_.percent(25) ? std::vector<Change>{{Change::Kind::Set, "process.json",
                                                                 "capacities.orders", "20"}}
                                          : std::vector<Change>{}),
        counts_(counts),
        audit_(prepared(world_), venue, counts),
        taken_(world_.venue_stream().size()),
        orders_(rng_, world_, audit_) {
    if (options.followed) world_.follow(100);
  }

  void run(std::int64_t steps, const RandomGateOptions& options);
  void add_to(WorldDigest& digest) {
    digest.add(world_.journal().published_sequence(), world_.gate().state_hash());
  }

 private:
  // The venue is chosen before anything else.
  GateWorld& prepared(GateWorld& world);
  std::uint32_t below(std::size_t n) {
    return static_cast<std::uint32_t>(rng_.between(0, static_cast<std::int64_t>(n) - 1));
  }

  // Each is done to the world, and what came of it is judged.
  void send(risk::SessionIndex session, std::span<const std::byte> payload);
  void set_mark(risk::InstrumentIndex instrument, risk::Mark mark);
  void operate(const risk::Control& control);
  void sweep(gate::SweepScope scope, std::uint32_t target);
  void look_again();
  void replace_venue(std::string_view session);
  void look();

  void step();
  bool is_well() const { return audit_.problems().empty() && !testing::Test::HasFailure(); }
  void client_sends();
  void price_moves();
  void price_state();
  void contract_says();
  void operator_tells();
  void other_trades();
  void operator_acts();
  void reload();
  void change_limits();
  void hold_or_carry();
  void venue_says();
  ouch::OutboundMessage venue_message();
  void recover();
  void end();

  const bool sound_;
  const bool with_reloads_;
  const bool with_facts_;
  Rng rng_;
  Rng looks_;  // when margin states are looked at, beside the story
  GateWorld world_;
  GateAudit::Counts& counts_;
  GateAudit audit_;
  std::size_t taken_;  // of the venue's stream, and told to the audit as taken
  int starts_ = 1;
  std::int64_t reloads_ = 1;
  RandomOrders orders_;
  std::uint32_t other_number_ = 1;
  std::vector<risk::Control> controls_;
  std::vector<risk::SetPriceState> unsafe_;
  std::uint64_t told_ = 0;    // the operator's last number
  std::size_t answered_ = 0;  // of what the scripted venue has read
  std::uint64_t match_ = 1;
  int venues_ = 1;
};

GateWorld& RandomGate::prepared(GateWorld& world) {
  if (!sound_) return world;
  world.use_engine({.faults = {.reject_every = 29,
                               .dead_every = 37,
                               .ignore_replace_every = 13,
                               .cancel_out_every = 41,
                               .bust_per_million = 30'000,
                               .seed = rng_.next()}});
  return world;
}

// --- what is done, and what came of it

void RandomGate::send(risk::SessionIndex session, std::span<const std::byte> payload) {
  const gate::Counters before = world_.counters();
  const int starts = world_.starts();
  const std::string_view allowed = audit_.expect(session, payload);
  world_.send_bytes(session, payload);

  // One message, one count. What leaves no record does not survive a restart.
  const gate::Counters& after = world_.counters();
  const bool restarted = world_.starts() != starts;
  const std::string outcome =
      std::string(after.forwarded - before.forwarded, 'f') +
      std::string(after.rejected - before.rejected, 'r') +
      std::string(after.answered - before.answered, 'a') +
      (restarted ? ""
                 : std::string(after.ignored - before.ignored, 'i') +
                       std::string(after.malformed - before.malformed, 'm'));
  if (outcome.size() != 1 ? !restarted || !outcome.empty()
                          : allowed.find(outcome) == std::string_view::npos)
    audit_.problem("a message had the outcome " + outcome + ", not one of " + std::string(allowed));
  audit_.sent(session, payload, outcome, world_.gate().last_decision());
  look();
}

void RandomGate::set_mark(risk::InstrumentIndex instrument, risk::Mark mark) {
  audit_.marked(instrument, mark, world_.now_ns);
  world_.mark(instrument, mark);
  look();
}

void RandomGate::operate(const risk::Control& control) {
  audit_.controlled(control);
  world_.control(control);
  look();
}

void RandomGate::sweep(gate::SweepScope scope, std::uint32_t target) {
  audit_.swept(scope, target);
  world_.sweep(scope, target);
  look();
}

void RandomGate::look_again() {
  if (world_.look_again()) ++counts_.looked;
  look();
}

void RandomGate::replace_venue(std::string_view session) {
  world_.cut.reset();  // the gate is to hear of it now
  world_.hold_to_venue = world_.hold_from_venue = world_.hold_steps = false;
  world_.replace_venue(session);
  audit_.venue_is_another();
  taken_ = 0;
  world_.connect();
  look();
  audit_.orders_are_dead();
  world_.orders_are_dead();
  world_.connect();
  look();
}

void RandomGate::look() {
  if (world_.starts() != starts_) {
    starts_ = world_.starts();
    audit_.judge_restart(world_.streams());
  }
  audit_.look_at_what_is_said();
  const std::vector<Bytes>& stream = world_.venue_stream();
  // A lost session's numbering says nothing about the new one's.
  const std::size_t through =
      world_.gate().link() == gate::LinkState::Lost ? 0 : world_.gate().venue_next_sequence() - 1;
  for (; taken_ < std::min(through, stream.size()); ++taken_) audit_.taken(stream[taken_]);
  audit_.look_at_what_is_read();
  for (std::uint32_t s = 0; s < world_.deployment().sessions.size(); ++s) {
    for (const Bytes& payload : world_.owed_bytes({s})) audit_.owed({s}, payload);
  }
  audit_.judge_answers();
  audit_.judge_books();
}

// --- clients

void RandomGate::client_sends() {
  const risk::SessionIndex session{below(world_.deployment().sessions.size())};
  Bytes payload = venue_sim::bytes_of(orders_.of_client(session));
  if (rng_.percent(1)) payload.resize(below(payload.size() + 1));
  send(session, payload);
}

// --- everybody else

// A price is unsafe for a while; most are safe, so that there is always something to trade.
void RandomGate::price_state() {
  using risk::PriceKind;
  risk::SetPriceState change;
  if (unsafe_.empty() || rng_.percent(10)) {
    change.kind = rng_.percent(80) ? PriceKind::Mark : PriceKind::Index;
    change.target = below(change.kind == PriceKind::Mark ? world_.deployment().instruments.size()
                                                         : world_.deployment().assets.size());
    change.state = risk::PriceState::Unsafe;
    unsafe_.push_back(change);
  } else {
    const std::uint32_t u = below(unsafe_.size());
    change = unsafe_[u];
    change.state = risk::PriceState::Safe;
    unsafe_.erase(unsafe_.begin() + u);
  }
  world_.price_state(change.kind, change.target, change.state);
  // Killed before it had recorded that, the gate knows nothing of it.
  change.state = change.kind == PriceKind::Mark ? world_.engine().mark_state({change.target})
                                                : world_.engine().index_state({change.target});
  audit_.priced(change);
  look();
}

// Of its positions each pays what a lot pays, in whole units, so that nothing is ever rounded.
void RandomGate::contract_says() {
  const risk::InstrumentIndex instrument{below(world_.deployment().instruments.size())};
  if (rng_.percent(20)) {
    world_.open_interest(instrument, {rng_.between(0, 10'000)});
    return look();
  }
  const auto& parameters = world_.deployment().parameters.instruments[instrument.value];
  const std::int64_t most =
      world_.engine().mark(instrument).raw * parameters.units_per_lot_mark / 1'000;
  const risk::FundingUpdate update{.time = {},
                                   .paid = rng_.between(-most, most) * risk::kFundingScale,
                                   .predicted = rng_.between(-most, most) * risk::kFundingScale,
                                   .instrument = instrument};
  const std::uint64_t before = world_.counters().fundings;
  world_.funding(instrument, update.paid, update.predicted);
  // Killed before it had recorded that, the gate knows nothing of it.
  if (world_.counters().fundings != before) audit_.funded(update);
  look();
}

// What is taken out is paid in by another number some day, so that everybody can go on trading.
void RandomGate::operator_tells() {
  const config::Deployment& d = world_.deployment();
  const auto account = [&] { return risk::AccountIndex{below(d.accounts.size())}; };
  const auto asset = [&] { return risk::AssetIndex{below(d.assets.size())}; };
  const auto units = [&] { return rng_.between(1, 1'000'000'000); };
  config::Fact fact;
  switch (below(7)) {
    case 0: {
      risk::Transfer transfer{.time = {}, .units = units(), .from = {}, .to = {}, .asset = asset()};
      if (rng_.percent(60)) transfer.from = account();
      if (!transfer.from.exists() || rng_.percent(50)) transfer.to = account();
      fact = transfer;
      break;
    }
    case 1:
      fact = risk::Borrow{{}, rng_.percent(50) ? units() : -units(), account(), asset()};
      break;
    case 2:
      fact = risk::Interest{{}, units(), account(), asset()};
      break;
    case 3:
      fact = risk::Conversion{.time = {},
                              .given = units(),
                              .got = units(),
                              .account = account(),
                              .from = asset(),
                              .to = asset()};
      break;
    case 4: {
      const risk::InstrumentIndex instrument{below(d.instruments.size())};
      const auto& parameters = d.parameters.instruments[instrument.value];
      const risk::AccountIndex from = account();
      fact = risk::PositionTransfer{
          .time = {},
          .lots = {rng_.between(-20, 20)},
          .price = {world_.engine().mark(instrument).raw / parameters.marks_per_tick},
          .from = from,
          .to = account(),
          .instrument = instrument};
      break;
    }
    case 5:
      fact = risk::Realise{.time = {}, .account = account()};
      break;
    default:
      fact = risk::LeverageCap{{}, (rng_.percent(50) ? 1'000 : rng_.between(5, 100)) * risk::kPpm};
  }
  // Some are told again.
  const bool is_repeated = told_ != 0 && rng_.percent(10);
  if (!is_repeated) ++told_;
  const std::uint64_t before = world_.counters().facts;
  const std::uint64_t last = world_.gate().fact_number();
  (void)world_.tell(is_repeated ? below(told_) + 1 : told_, fact);
  if (is_repeated && world_.gate().fact_number() != last && last == told_)
    audit_.problem("a fact was taken twice");
  if (world_.counters().facts != before) audit_.told(fact);
  look();
}

void RandomGate::price_moves() {
  if (rng_.percent(15)) return contract_says();
  if (with_facts_ && rng_.percent(10)) return operator_tells();
  if (rng_.percent(unsafe_.empty() ? 4 : 40)) return price_state();
  const risk::InstrumentIndex instrument{below(world_.deployment().instruments.size())};
  const auto& parameters = world_.deployment().parameters.instruments[instrument.value];
  const std::int64_t mark = world_.engine().mark(instrument).raw;
  const std::int64_t most = mark / (rng_.percent(10) ? 50 : 500);
  const std::int64_t move = rng_.between(-most, most);
  set_mark(instrument, {std::max(mark + move, 100 * parameters.marks_per_tick)});
}

// At the simulated venue.
void RandomGate::other_trades() {
  if (rng_.percent(15)) return world_.other_cancels(below(other_number_) + 1);
  world_.other_enters(orders_.other(other_number_++));
}

// What was done is undone again after a while, so that there is always something to trade.
void RandomGate::operator_acts() {
  using risk::ControlAction;
  using risk::ControlScope;
  if (!controls_.empty() && rng_.percent(70)) {
    const std::uint32_t c = below(controls_.size());
    risk::Control resume = controls_[c];
    resume.action = ControlAction::Resume;
    controls_.erase(controls_.begin() + c);
    return operate(resume);
  }
  const config::Deployment& d = world_.deployment();
  risk::Control control;
  control.scope = static_cast<ControlScope>(below(4));
  control.target = below(control.scope == ControlScope::Node      ? d.parameters.nodes.size()
                         : control.scope == ControlScope::Account ? d.accounts.size()
                         : control.scope == ControlScope::Session ? d.sessions.size()
                                                                  : d.instruments.size());
  if (rng_.percent(30)) return sweep(gate::sweep_scope_of(control.scope), control.target);
  control.action = static_cast<ControlAction>(below(3));  // kill, suspend, close only
  controls_.push_back(control);
  operate(control);
}

// Limits, shocks, multipliers and fees change between two messages.
void RandomGate::reload() {
  const auto set = [](std::string file, std::string path, std::int64_t percent, const char* unit) {
    const std::string value =
        percent % 100 == 0 ? std::to_string(percent / 100) : "0." + std::to_string(percent);
    return Change{Change::Kind::Set, std::move(file), std::move(path), unit + value + unit};
  };
  std::vector<Change> changes{set("limits.json", "version", 100 * ++reloads_, "")};
  for (const char* profile : {"maker", "client"}) {
    const std::string path = std::string("profiles.") + profile + ".instruments.AMZN.";
    if (looks_.percent(50))
      changes.push_back(
          set("limits.json", path + "clip", 100 * looks_.pick({1, 100, 300, 1'000}), "\""));
    if (looks_.percent(50))
      changes.push_back(
          set("limits.json", path + "long_max", 100 * looks_.pick({0, 500, 4'000}), "\""));
  }
  if (looks_.percent(50))
    changes.push_back(set("margin.json", "group_mult", 100 * looks_.pick({1, 2, 4}), "\""));
  if (looks_.percent(50))
    changes.push_back(
        set("margin.json", "sets.range.groups.equity.grid.range", looks_.pick({12, 15, 18}), "\""));
  if (looks_.percent(30))
    changes.push_back(set("margin.json", "groups.equity.kappa", looks_.pick({0, 25, 100}), "\""));
  if (looks_.percent(30))
    changes.push_back(set("instruments.json", "instruments.AMZN.taker_fee_ppm",
                          100 * looks_.pick({0, 30, 3'000}), ""));
  if (world_.reload(changes)) ++counts_.reloads;
  look();
}

// Overrides are proposed, approved, refused, withdrawn by whoever, come into force and expire.
void RandomGate::change_limits() {
  namespace parameters = gateway::parameters;
  using Type = parameters::ChangeRequest::Type;
  parameters::ParameterDesk layers(world_.deployment(), world_.gate().parameters(),
                                   world_.directory());
  parameters::ChangeDesk desk(
      layers, world_.gate().changes(),
      parameters::ChangeSettings{.four_eyes = looks_.percent(70),
                                 .override_max_ns = 86'400 * risk::kSecondNs,
                                 .journal = world_.directory(),
                                 .load = {}},
      [this](gate::PublishedParameters& step) { return std::optional(world_.take(step)); }, {});
  desk.work(world_.now_ns);
  parameters::ChangeRequest request;
  request.by = looks_.pick({0, 1}) == 0 ? "ann" : "bob";
  if (looks_.percent(50)) {
    request.type = Type::Override;
    request.for_ns = looks_.between(1, 20) * risk::kSecondNs;
    if (looks_.percent(30))
      request.effective_at = {world_.now_ns + looks_.between(1, 5) * risk::kSecondNs};
    const bool is_clip = looks_.percent(50);
    request.limits = {{true, looks_.percent(50) ? "alpha-hedge" : "bravo-1", "AMZN",
                       is_clip ? "clip" : "long_max",
                       std::to_string(is_clip ? looks_.pick({1, 100, 300, 9'000})
                                              : looks_.pick({0, 500, 2'000, 4'000}))}};
  } else {
    request.type = looks_.percent(60)   ? Type::Approve
                   : looks_.percent(50) ? Type::Refuse
                                        : Type::Withdraw;
    const auto open = world_.gate().changes().open();
    request.change = open.empty() ? 1
                                  : open[static_cast<std::size_t>(looks_.between(
                                             0, static_cast<std::int64_t>(open.size()) - 1))]
                                        .id;
  }
  const parameters::ChangeAnswer answer = desk.take(request, world_.now_ns);
  if (answer.problems.empty()) ++counts_.changes;
  look();
}

void RandomGate::hold_or_carry() {
  world_.hold_to_venue = rng_.percent(20);
  world_.hold_from_venue = rng_.percent(20);
  world_.hold_steps = rng_.percent(20);
  world_.deliver();
  look();
}

void RandomGate::step() {
  if (world_.gate().link() != gate::LinkState::Up && rng_.percent(20)) return recover();
  if (looks_.percent(10)) look_again();
  if (looks_.percent(1) && with_reloads_) reload();
  if (looks_.percent(1) && with_reloads_) change_limits();
  const std::int64_t what = rng_.between(1, 1000);
  if (what <= 620) return client_sends();
  if (what <= 770) {
    sound_ ? other_trades() : venue_says();
  } else if (what <= 840) {
    return price_moves();
  } else if (what <= 870) {
    world_.now_ns += rng_.percent(20) ? rng_.between(0, 2'000'000'000) : rng_.between(0, 2'000'000);
    if (rng_.percent(50)) {
      for (std::uint32_t i = 0; i < world_.deployment().instruments.size(); ++i)
        set_mark({i}, world_.engine().mark({i}));
    }
  } else if (what <= 930) {
    return hold_or_carry();
  } else if (what <= 945) {
    return operator_acts();
  } else if (what <= 965) {
    world_.cut = GateWorld::Cut{.record = world_.journal().published_sequence() + 1 + below(12),
                                .kill = rng_.percent(50),
                                .venue_reads = rng_.percent(50)};
  } else if (what <= 985) {
    world_.disconnect();
  } else if (what <= 996) {
    const risk::SessionIndex session{below(world_.deployment().sessions.size())};
    const bool up = !world_.gate().is_session_up(session);
    world_.session_is(session, up);
    if (!up) return sweep(gate::SweepScope::Session, session.value);
  } else if (what <= 998) {
    world_.kill();
    world_.connect();
  } else if (!sound_ && rng_.percent(50)) {
    answered_ = audit_.read().size();
    return replace_venue("VENUE" + std::to_string(10'000 + ++venues_));
  }
  look();
}

// --- a hostile venue

void RandomGate::venue_says() {
  // Somebody has looked at the accounts whose books disagree.
  for (std::uint32_t a = 0; a < world_.deployment().accounts.size(); ++a) {
    risk::Control resume;
    resume.target = a;
    resume.scope = risk::ControlScope::Account;
    resume.action = risk::ControlAction::Resume;
    if (rng_.percent(10)) operate(resume);
  }
  for (std::int64_t n = rng_.between(1, 5); n > 0 && is_well(); --n) {
    Bytes payload(ouch::kMaxMessageSize);
    payload.resize(ouch::encode(venue_message(), payload));
    if (rng_.percent(1)) payload.resize(below(payload.size()));
    if (rng_.percent(1) && !payload.empty()) payload[0] = static_cast<std::byte>(below(256));
    world_.say_bytes(std::move(payload));
    look();
  }
}

// Mostly an answer to what it has read last; else about any number, or one that nobody has sent.
ouch::OutboundMessage RandomGate::venue_message() {
  const auto& read = audit_.read();
  const bool next = answered_ < read.size() && rng_.percent(70);
  std::uint32_t number = 1 + below(10);
  Terms terms;
  std::uint32_t original = 0;
  if (!read.empty()) {
    const auto& message =
        next ? read[answered_++]
             : read[read.size() - 1 - below(std::min<std::size_t>(read.size(), 30))];
    if (const auto* enter = std::get_if<ouch::EnterOrder>(&message)) {
      number = enter->user_ref_num;
      terms.quantity = enter->quantity;
      terms.price = enter->price;
    } else {
      const auto& replace = std::get<ouch::ReplaceOrder>(message);
      number = replace.user_ref_num;
      original = replace.orig_user_ref_num;
      terms.quantity = replace.quantity;
      terms.price = replace.price;
    }
  }
  // Mostly whole lots of every instrument.
  std::uint32_t some = 1'000 * (1 + below(2));
  if (rng_.percent(5)) some += below(999);
  if (rng_.percent(next ? 5 : 30)) terms.quantity = below(3) * 1'000;
  if (rng_.percent(next ? 5 : 30)) terms.price += below(3'000);
  if (rng_.percent(4)) terms.state = 'D';
  if (!next && rng_.percent(5)) {
    number = world_.engine().next_number() + below(3);
    terms.quantity = some;
    terms.symbol = "EURUSD";
    if (rng_.percent(50)) terms.firm = "BRV1";
  }
  switch (next && rng_.percent(85) ? 0 : 1 + below(12)) {
    case 0:
    case 1:
    case 2:
      if (original != 0 && rng_.percent(90)) return replaced(original, number, terms);
      return accepted(number, terms);
    case 3:
      return replaced(original != 0 ? original : below(number + 2), number, terms);
    case 4:
    case 5:
    case 6:
      if (rng_.percent(50)) terms.quantity = some;
      return executed(number, terms.quantity, terms.price,
                      rng_.percent(90) ? match_++ : below(match_));
    case 7:
    case 8:
      return canceled(number, rng_.percent(40) ? some : terms.quantity);
    case 9:
      return aiq_canceled(number, some);
    case 10:
      return rejected(number);
    case 11:
      return broken(number, below(match_) + 1);
    default:
      switch (below(6)) {
        case 0:
          return cancel_pending(number);
        case 1:
          return cancel_reject(number);
        case 2:
          return restated(number);
        case 3:
          return priority_update(number);
        case 4:
          return ouch::SystemEvent{.timestamp = 0,
                                   .event_code = rng_.percent(30) ? ouch::EventCode::EndOfDay
                                                                  : ouch::EventCode::StartOfDay};
        default:
          return query_response(number);
      }
  }
}

// --- the whole

// Both links carry everything, and what is not answered is answered.
void RandomGate::recover() {
  world_.hold_to_venue = world_.hold_from_venue = world_.hold_steps = false;
  world_.deliver();
  if (!world_.is_connected()) world_.connect();
  look();
}

void RandomGate::end() {
  world_.cut.reset();
  recover();
  sweep(gate::SweepScope::Node, 0);
  if (sound_) {
    audit_.compare_book();
  } else {
    replace_venue("VENUEXLAST");
  }
  look();
  audit_.finish();
}

void RandomGate::run(std::int64_t steps, const RandomGateOptions& options) {
  const std::function<void()> look = options.watch ? options.watch(world_) : [] {};
  std::int64_t s = 0;
  for (; s < steps && is_well(); ++s) {
    step();
    look();
    if (sound_ && world_.is_drained() && rng_.percent(5)) audit_.compare_book();
    if (rng_.between(1, steps) <= 3) {
      EXPECT_EQ(world_.check(), "");
    }
  }
  if (is_well()) {
    EXPECT_EQ(world_.check(), "");
    end();
    look();
  }
  for (const std::string& problem : audit_.problems())
    ADD_FAILURE() << "step " << s << ": " << problem;
}

}  // namespace

void run_random_gates(GateAudit::Venue venue, std::uint64_t seed, std::int64_t worlds,
                      std::int64_t steps, const RandomGateOptions& options) {
  GateAudit::Counts counts;
  WorldDigest digest;
  for (std::int64_t w = 0; w < worlds && !testing::Test::HasFailure(); ++w, ++seed) {
    SCOPED_TRACE("PORTCULLIS_SEED=" + std::to_string(seed));
    RandomGate gate(venue, seed, counts, options);
    gate.run(steps, options);
    gate.add_to(digest);
  }
  digest.print();
  // In a few steps chance may leave anything out.
  if (testing::Test::HasFailure() || worlds * steps < 5'000) return;
  const auto some = static_cast<std::uint64_t>(worlds * steps / 100);
  EXPECT_GT(counts.forwarded, 5 * some);
  EXPECT_GT(counts.rejected, 5 * some);
  EXPECT_GT(counts.ignored, 5 * some);
  EXPECT_GT(counts.executed, 5 * some);
  EXPECT_GT(counts.cancels, 5 * some);
  EXPECT_GT(counts.reservations, 5 * some);
  EXPECT_GT(counts.links, 2 * some);
  EXPECT_GT(counts.malformed, some / 5);
  EXPECT_GT(counts.restarts, some / 5);
  EXPECT_GT(counts.broken, some / 100);
  EXPECT_GT(counts.looked, some);
  if (options.reloads) {
    EXPECT_GT(counts.reloads, some / 5);
    EXPECT_GT(counts.changes, some / 10);
  }
  EXPECT_GT(counts.funded, some / 5);
  if (options.facts) {
    EXPECT_GT(counts.facts, some / 20);
  }
  EXPECT_LT(2 * counts.muddled, counts.forwarded);
  if (venue == GateAudit::Venue::Sound) {
    EXPECT_GT(counts.drained, 10 * some);
    EXPECT_GT(counts.voided, some / 5);
  }
}

}  // namespace portcullis::test
