// The engine against the naive model: random worlds, random commands that keep to the edges, and
// after each command the same verdict and the same figures. Beside it two more engines: a twin that
// is fed the same commands but never looked at, and whose passes over columns are the plain ones (vectors.h),
// and one that is told the recorded decisions; all
// state hashes agree.
#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <memory>
#include <set>
#include <sstream>
#include <utility>

#include "risk/engine.h"
#include "tests/support/driver.h"
#include "tests/support/fixtures.h"
#include "tests/support/random_world.h"

namespace portcullis::support::engine_vs_model_test {
namespace {

using namespace portcullis::risk;

// What came of the commands.
struct Tally {
  std::int64_t commands = 0;
  std::int64_t accepted = 0;
  std::int64_t exits = 0;
  std::int64_t by_allowance = 0;
  std::int64_t isolated = 0;
  std::int64_t warned = 0;
  std::int64_t ignored = 0;
  std::int64_t cash_moved = 0;  // transfers and loans
  std::int64_t cash_refused = 0;
  std::int64_t state_changes = 0;
  std::int64_t days_closed = 0;
  std::int64_t splits = 0;
  std::int64_t splits_refused = 0;
  std::int64_t tables_refused = 0;
  std::int64_t changes = 0;         // of parameters
  std::int64_t unsafe_exits = 0;    // that passed while some price was unsafe
  std::int64_t beyond_anchors = 0;  // ticks that take a mark too far from its table's
  std::array<std::int64_t, kRejectReasonCount> reasons{};

  void operator+=(const Tally& other) {
    commands += other.commands;
    accepted += other.accepted;
    exits += other.exits;
    by_allowance += other.by_allowance;
    isolated += other.isolated;
    warned += other.warned;
    ignored += other.ignored;
    cash_moved += other.cash_moved;
    cash_refused += other.cash_refused;
    state_changes += other.state_changes;
    days_closed += other.days_closed;
    splits += other.splits;
    splits_refused += other.splits_refused;
    tables_refused += other.tables_refused;
    changes += other.changes;
    unsafe_exits += other.unsafe_exits;
    beyond_anchors += other.beyond_anchors;
    for (std::size_t r = 0; r < reasons.size(); ++r) reasons[r] += other.reasons[r];
  }
};

std::string text(Int128 value) {
  std::string digits;
  Int128 rest = value < 0 ? -value : value;
  do {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
    rest /= 10;
  } while (rest > 0);
  if (value < 0) digits.insert(digits.begin(), '-');
  return digits;
}

// All subjects of one run, fed the same commands.
class Bench {
 public:
  explicit Bench(const Parameters& parameters)
      : model_(parameters),
        in_force_(parameters.groups.size()),
        engine_(parameters),
        twin_(parameters),
        redo_(parameters) {}

  // What differs after the command; empty when all agree.
  std::string step(const Command& command) {
    difference_.str("");
    touched_.clear();
    std::visit([&](const auto& c) { run(c); }, command);
    if (const auto* tick = std::get_if<MarkUpdate>(&command)) {
      const auto anchor = model_.anchor_of(tick->instrument.value);
      tally.beyond_anchors += anchor && anchor->has_moved ? 1 : 0;
    }
    ++tally.commands;
    for (const std::uint32_t account : touched_) compare_account(account);
    if (tally.commands % 50 == 0) compare_all();
    same("state hash of the twin", engine_.state_hash(), twin_.state_hash());
    same("state hash after the recorded decision", engine_.state_hash(), redo_.state_hash());
    if (tally.commands % 500 == 0) verify();
    return difference_.str();
  }
  void verify() {
    const char* problem = engine_.verify();
    if (problem != nullptr) difference_ << "engine.verify: " << problem << "\n";
  }

  [[nodiscard]] const NaiveModel& model() const { return model_; }
  Tally tally;

 private:
  // With the plainest code for vectors, whatever the machine has.
  template <class F>
  static void plainly(F&& f) {
    const VectorCode* const used = std::exchange(vector_code, vector_codes().front());
    f();
    vector_code = used;
  }

  template <class A, class B>
  void same(const char* what, const A& engine, const B& model) {
    if (engine == static_cast<A>(model)) return;
    difference_ << what << ": engine " << text(static_cast<Int128>(engine)) << ", other "
                << text(static_cast<Int128>(model)) << "\n";
  }

  void compare_reasons(RejectReason engine, RejectReason model) {
    if (engine == model) return;
    difference_ << "reason: engine " << info(engine).name << ", model " << info(model).name << "\n";
  }

  // A refusal's arithmetic adds up, and the largest quantity that it names would have passed.
  template <class Command>
  void check_arithmetic(const Command&, const Decision& decision) {
    same("shortfall", decision.shortfall, decision.needed - decision.available);
    // Of what is no order, lots and orders are not counted.
    const ArithmeticUnit unit = info(decision.reason).unit;
    const bool of_order = requires(Command c) { c.client_ref; };
    const bool counted =
        unit != ArithmeticUnit::None &&
        (of_order || (unit != ArithmeticUnit::Lots && unit != ArithmeticUnit::Count));
    if ((decision.shortfall > 0) != counted) {
      difference_ << "shortfall of " << info(decision.reason).name << ": " << decision.shortfall
                  << "\n";
    }
  }
  void check_arithmetic(const ReplaceOrder& order, const Decision& decision) {
    check_arithmetic<ReplaceOrder>(order, decision);
    if (decision.largest_passing.raw == 0) return;
    ReplaceOrder smaller = order;
    smaller.total = decision.largest_passing;
    if (model_.decide(smaller).disposition != Disposition::Forward) {
      difference_ << "largest passing total: " << smaller.total.raw << " does not pass\n";
    }
  }
  void check_arithmetic(const NewOrder& order, const Decision& decision) {
    check_arithmetic<NewOrder>(order, decision);
    if (decision.largest_passing.raw == 0) return;
    NewOrder smaller = order;
    smaller.quantity = decision.largest_passing;
    smaller.min_quantity = std::min(order.min_quantity, smaller.quantity);
    if (model_.decide(smaller).disposition != Disposition::Forward) {
      difference_ << "largest passing: " << decision.largest_passing.raw << " does not pass\n";
    }
  }

  // What an unsafe price may do: refuse what does not reduce, and nothing else. An order that reduces
  // passes where it would at safe prices; one that does not passes only where it would, too.
  template <class Order>
  void check_unsafe(const Order& order, const Verdict& verdict) {
    if (model_.unsafe().empty() || verdict.disposition == Disposition::Ignore) return;
    NaiveModel safe = model_;
    for (const auto& [kind, target] : model_.unsafe())
      safe.apply(SetPriceState{{model_.clock()}, target, kind, PriceState::Safe, {}});
    const bool passes = verdict.disposition == Disposition::Forward;
    const bool would = safe.decide(order).disposition == Disposition::Forward;
    if (verdict.reducing && passes) ++tally.unsafe_exits;
    if (verdict.reducing ? would && !passes : passes && !would)
      difference_ << "unsafe prices: " << (passes ? "passes" : "is refused") << "\n";
  }

  template <class Order>
  void run_order(const Order& order) {
    const Verdict verdict = model_.decide(order);
    if constexpr (!std::is_same_v<Order, CancelOrder>) check_unsafe(order, verdict);
    touch(engine_.account_of(order));
    if constexpr (std::is_same_v<Order, NewOrder>) engine_.fetch(order.account, order.instrument);
    const Decision decision = engine_.submit(order);
    check_arithmetic(order, decision);
    model_.apply(order, verdict);
    plainly([&] { twin_.submit(order); });
    redo_.apply(order, decision);

    same("disposition", static_cast<int>(decision.disposition),
         static_cast<int>(verdict.disposition));
    compare_reasons(decision.reason, verdict.reason);
    if (verdict.disposition == Disposition::Forward) {
      same("number", decision.number, verdict.number);
      if constexpr (!std::is_same_v<Order, CancelOrder>) {
        same("price", decision.price.raw, verdict.price.raw);
        same("exit", decision.exit != 0, verdict.exit);
        same("reducing", decision.reducing != 0, verdict.reducing);
        same("warned", decision.warned != 0, verdict.warned);
        same("allowance", decision.allowance, verdict.allowance);
      }
      ++tally.accepted;
      if (verdict.exit) ++tally.exits;
      if (verdict.warned) ++tally.warned;
      if (verdict.allowance > 0) ++tally.by_allowance;
    } else if (verdict.disposition == Disposition::Ignore) {
      ++tally.ignored;
    } else {
      same("disconnect", decision.disconnect != 0, verdict.disconnect);
    }
    ++tally.reasons[static_cast<std::size_t>(decision.reason)];
  }
  void run(const NewOrder& order) { run_order(order); }
  void run(const ReplaceOrder& order) { run_order(order); }
  void run(const CancelOrder& order) { run_order(order); }

  void run(const VenueEvent& event) {
    const auto found = model_.numbers().find(event.number);
    if (found != model_.numbers().end()) touch({found->second.account});
    const ModelOutcome expected = model_.apply(event);
    const VenueOutcome outcome = engine_.apply(event);
    plainly([&] { twin_.apply(event); });
    redo_.apply(event);
    same("anomaly", static_cast<int>(outcome.anomaly), static_cast<int>(expected.anomaly));
    if (event.type == VenueEventType::Broken) return;  // speaks of a trade, not of an order
    same("known", outcome.known, expected.known);
    same("ended", outcome.ended, expected.ended);
    same("leaves", outcome.leaves.raw, expected.leaves);
  }
  void run(const RaiseNumber& raise) {
    model_.raise_next_number(raise.next);
    engine_.raise_next_number(raise.next);
    plainly([&] { twin_.raise_next_number(raise.next); });
    redo_.raise_next_number(raise.next);
  }
  void run(const Consume& c) {
    model_.consume(c.session, c.client_ref);
    engine_.consume(c.session, c.client_ref);
    plainly([&] { twin_.consume(c.session, c.client_ref); });
    redo_.consume(c.session, c.client_ref);
  }
  void run(const PublishTable& publish) {
    tables_.push_back(table_of(publish, model_.parameters()));
    const bool taken = model_.publish(tables_.back(), publish.time);
    if (!taken) ++tally.tables_refused;
    const TableUpdate update{publish.time, publish.id, publish.group, {}};
    for (Engine* engine : {&twin_, &redo_})
      same("table taken", engine->apply(update, tables_.back()), taken);
    // What they know of it is its own; the engine is told too what it is beside the last one.
    const GroupIndex group = publish.group;
    RiskTable& compared = tables_.emplace_back(tables_.back());
    if (group.value < in_force_.size()) {
      compared.facts =
          facts_of(compared, row_scales(model_.parameters(), group), in_force_[group.value]);
    }
    same("table taken", engine_.apply(update, compared), taken);
    if (taken) in_force_[group.value] = &compared;
  }
  void run(const ChangeParameters& change) {
    const bool taken = model_.apply(change);
    tally.changes += taken ? 1 : 0;
    const ParameterChange command{change.time, change.to->version, change.replaces};
    for (Engine* engine : {&engine_, &twin_, &redo_}) {
      NewRules rules(*change.to);
      same("parameters taken", engine->apply(command, rules), taken);
    }
    for (std::uint32_t a = 0; a < model_.accounts().size(); a += 2) touch({a});
  }
  // A transfer, a loan.
  template <class Cash>
  void run_cash(const Cash& cash) {
    const Verdict verdict = model_.decide(cash);
    const Decision decision = engine_.decide(cash);
    same("state hash after a decision", engine_.state_hash(), redo_.state_hash());
    check_arithmetic(cash, decision);
    model_.apply(cash, verdict);
    engine_.apply(cash, decision);
    plainly([&] { twin_.apply(cash, twin_.decide(cash)); });
    redo_.apply(cash, decision);
    same("disposition", static_cast<int>(decision.disposition),
         static_cast<int>(verdict.disposition));
    compare_reasons(decision.reason, verdict.reason);
    ++(decision.reason == RejectReason::None ? tally.cash_moved : tally.cash_refused);
    ++tally.reasons[static_cast<std::size_t>(decision.reason)];
  }
  void run(const IsolatedOrder& command) {
    const Verdict verdict = model_.decide(command);
    if (command.order.account.exists()) {
      touch(command.order.account);
      touch(model_.parameters().accounts[command.order.account.value].isolated_from);
    }
    const Decision decision = engine_.submit(command);
    model_.apply(command, verdict);
    plainly([&] { twin_.submit(command); });
    redo_.apply(command, decision);
    same("disposition", static_cast<int>(decision.disposition),
         static_cast<int>(verdict.disposition));
    compare_reasons(decision.reason, verdict.reason);
    if (verdict.disposition == Disposition::Forward) {
      same("number", decision.number, verdict.number);
      ++tally.isolated;
    }
    ++tally.reasons[static_cast<std::size_t>(decision.reason)];
  }
  void run(const Transfer& transfer) {
    touch(transfer.from);
    touch(transfer.to);
    run_cash(transfer);
  }
  void run(const Borrow& borrow) {
    touch(borrow.account);
    run_cash(borrow);
  }
  void run(const PositionTransfer& transfer) {
    touch(transfer.from);
    touch(transfer.to);
    run_fact(transfer);
  }
  void run(const Recheck& recheck) {
    touch(recheck.account);
    const Engine::StateChange change = engine_.apply(recheck);
    const ModelStateChange expected = model_.apply(recheck);
    plainly([&] { twin_.apply(recheck); });
    redo_.apply(recheck);
    same("state before", static_cast<int>(change.before), static_cast<int>(expected.before));
    same("state after", static_cast<int>(change.after), static_cast<int>(expected.after));
    same("day closed", change.day_closed, expected.day_closed);
    if (expected.before != expected.after) ++tally.state_changes;
    if (expected.day_closed) ++tally.days_closed;
  }
  template <class Fact>
  void run_fact(const Fact& fact) {
    if constexpr (std::is_same_v<bool, decltype(model_.apply(fact))>) {
      const bool taken = model_.apply(fact);
      same("taken", engine_.apply(fact), taken);
      if (std::is_same_v<Fact, Split>) ++(taken ? tally.splits : tally.splits_refused);
    } else {
      engine_.apply(fact);
      model_.apply(fact);
    }
    plainly([&] { twin_.apply(fact); });
    redo_.apply(fact);
  }
  template <class Other>
  void run(const Other& command) {
    if constexpr (requires { command.account; }) touch(command.account);
    run_fact(command);
    if constexpr (std::is_same_v<Other, FundingUpdate> || std::is_same_v<Other, Expire> ||
                  std::is_same_v<Other, Split>) {
      for (std::uint32_t a = 0; a < model_.accounts().size(); ++a) touch({a});
    }
  }

  void touch(AccountIndex account) {
    if (account.exists()) touched_.insert(account.value);
  }

  void compare_account(std::uint32_t account) {
    const MarginReport report = engine_.margin({account}, {model_.clock()});
    const ModelMargin expected = model_.margin(account, model_.clock());
    same("in range", report.in_range, expected.in_range);
    if (expected.in_range) compare_figures(account, report, expected);
    for (std::uint32_t i = 0; i < model_.parameters().instruments.size(); ++i) {
      same("position", engine_.position({account}, {i}).raw, model_.position(account, i));
    }
    for (std::uint32_t a = 0; a < model_.parameters().assets.size(); ++a) {
      same("balance", engine_.balance({account}, {a}).raw, model_.accounts()[account].balances[a]);
    }
    same("state", static_cast<int>(engine_.state({account})),
         static_cast<int>(model_.state({account})));
  }
  void compare_figures(std::uint32_t account, const MarginReport& report,
                       const ModelMargin& expected) {
    same("E", report.equity.raw, expected.equity);
    same("C", report.costs.raw, expected.costs);
    same("Req", report.requirement.raw, expected.requirement);
    same("R", report.available.raw, expected.available);
    same("stale", report.stale, expected.stale);
    same("maintenance equity", report.maintenance_equity.raw, expected.maintenance_equity);
    same("maintenance requirement", report.maintenance_requirement.raw,
         expected.maintenance_requirement);
    if (!model_.binds(account, report.set, report.group, report.scenario)) {
      difference_ << "binding: set " << report.set << " group " << report.group << " scenario "
                  << report.scenario << " do not make the requirement\n";
    }
  }

  void compare_all() {
    for (std::uint32_t a = 0; a < model_.accounts().size(); ++a) compare_account(a);
    for (std::uint32_t s = 0; s < model_.sessions().size(); ++s) {
      same("watermark", engine_.watermark({s}), model_.sessions()[s].watermark);
    }
    same("live orders", engine_.live_orders(), model_.orders().size());
    same("next number", engine_.next_number(), model_.next_number());
    for (const auto& [id, expected] : model_.orders()) {
      const NumberRecord* record = engine_.find_number(expected.head);
      if (record == nullptr || record->order == kNil) {
        difference_ << "order " << expected.head << " is not live\n";
        continue;
      }
      const Order& order = engine_.order({record->order});
      same("head", order.head, expected.head);
      same("total", order.total.raw, expected.total);
      same("cum", order.cum.raw, expected.cum);
      same("cancelled", order.cancelled.raw, expected.cancelled);
      same("pending", order.pending_count, expected.pending.size());
      same("cancel to", order.cancel_to.raw, expected.cancel_to);
      same("exit of the chain", order.exit != 0, expected.exit);
    }
  }

  NaiveModel model_;
  std::deque<RiskTable> tables_;            // the engines point to them
  std::vector<const RiskTable*> in_force_;  // by group: the engine's
  Engine engine_;
  Engine twin_;
  Engine redo_;
  std::ostringstream difference_;
  std::set<std::uint32_t> touched_;
};

// The first difference that contains `like`.
std::string first_difference(const Parameters& parameters, const std::vector<Command>& commands,
                             std::string_view like, std::size_t* at = nullptr) {
  const auto bench = std::make_unique<Bench>(parameters);
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const std::string difference = bench->step(commands[i]);
    if (difference.empty() || difference.find(like) == std::string::npos) continue;
    if (at != nullptr) *at = i;
    return difference;
  }
  return {};
}

// The shortest list of these commands that still shows the same difference, by leaving out one part
// after the other; where the numbers that an order took matter, they are only skipped.
std::string smallest_reproduction(const Parameters& parameters, std::vector<Command> commands,
                                  const std::string& difference) {
  // Figures change with what is left out, names do not.
  const std::size_t reason = difference.find("reason:");
  const bool named = reason != std::string::npos || difference.starts_with("anomaly");
  std::string like = difference.substr(reason == std::string::npos ? 0 : reason);
  like = like.substr(0, like.find(named ? '\n' : ':') + 1);
  const auto still = [&](std::vector<Command>& fewer) {
    std::size_t last = 0;
    if (first_difference(parameters, fewer, like, &last).empty()) return false;
    fewer.resize(last + 1);
    return true;
  };
  const auto leave_out = [&](std::size_t part) {
    for (std::size_t at = 0; at + part <= commands.size();) {
      std::vector<Command> fewer = commands;
      const auto first = fewer.begin() + static_cast<std::ptrdiff_t>(at);
      fewer.erase(first, first + static_cast<std::ptrdiff_t>(part));
      if (still(fewer)) {
        commands = fewer;
      } else {
        at += part;
      }
    }
  };
  for (std::size_t part = commands.size() / 2; part > 0; part /= 2) leave_out(part);
  NaiveModel model(parameters);
  for (std::size_t at = 0; at < commands.size(); ++at) {
    const std::uint64_t before = model.next_number();
    tell(model, commands[at]);
    if (model.next_number() == before) continue;
    std::vector<Command> fewer = commands;
    fewer[at] = RaiseNumber{static_cast<std::uint32_t>(model.next_number())};
    if (still(fewer)) commands = fewer;
  }
  leave_out(2);
  leave_out(1);
  std::string report = first_difference(parameters, commands, like);
  for (const Command& command : commands) report += "  " + describe(command) + "\n";
  return report;
}

void run_world(std::uint64_t seed, std::int64_t length, Tally& totals) {
  Rng rng(seed);
  WorldChoice choice;
  choice.tight_limits = rng.percent(80);
  choice.small_pools = rng.percent(15);
  const bool ends_exhausted = rng.percent(15);
  const bool ends_out_of_range = rng.percent(15);
  const Parameters parameters = random_parameters(rng, choice);
  ASSERT_EQ(first_problem(parameters), nullptr);

  const auto bench = std::make_unique<Bench>(parameters);
  CommandSource source(bench->model(), rng.next(), !choice.small_pools);
  if (rng.percent(50)) source.change_parameters(rng.pick({2, 15}));
  std::vector<Command> done = source.opening();
  std::string difference;
  for (const Command& command : done) difference += bench->step(command);
  for (std::int64_t i = 0; i < length && difference.empty(); ++i) {
    Command command = source.next();
    if (ends_exhausted && i == length - 60) command = RaiseNumber{0xFFFFFFFF - 1'000'003};
    if (ends_out_of_range && i >= length - 150 && i < length - 145) {
      command = LoadBalance{{bench->model().clock()}, kValueMax, {0}, {0}};
    }
    done.push_back(command);
    difference = bench->step(command);
  }
  ASSERT_EQ(difference, "") << "world " << seed << "\n"
                            << smallest_reproduction(parameters, done, difference);
  totals += bench->tally;
}

TEST(EngineVsModel, AgreesAfterEveryRandomCommandAndEveryReasonOccurs) {
  Rng seeds(test_seed(1));
  const std::int64_t worlds = test_scale(240);
  Tally totals;
  for (std::int64_t world = 0; world < worlds; ++world) {
    const std::uint64_t seed = seeds.next();
    ASSERT_NO_FATAL_FAILURE(run_world(seed, 2'500, totals)) << "world " << world;
  }
  const std::pair<const char*, std::int64_t> events[] = {
      {"accepted", totals.accepted},
      {"as exits", totals.exits},
      {"by allowance", totals.by_allowance},
      {"isolated with cash", totals.isolated},
      {"warned", totals.warned},
      {"ignored", totals.ignored},
      {"transfers and loans", totals.cash_moved},
      {"refused ones", totals.cash_refused},
      {"changes of state", totals.state_changes},
      {"days closed", totals.days_closed},
      {"splits", totals.splits},
      {"refused splits", totals.splits_refused},
      {"refused tables", totals.tables_refused},
      {"changes of parameters", totals.changes},
      {"exits at unsafe prices", totals.unsafe_exits},
      {"marks beyond their anchors", totals.beyond_anchors}};
  std::printf("%lld commands:\n", static_cast<long long>(totals.commands));
  for (const auto& [name, count] : events) {
    std::printf("  %-26s %lld\n", name, static_cast<long long>(count));
    if (worlds >= 240) {
      EXPECT_GT(count, 0) << name;
    }
  }
  std::printf("refused:\n");
  for (std::size_t r = 1; r < kRejectReasonCount; ++r) {
    std::printf("  %-26s %lld\n", kRejectReasons[r].name.data(),
                static_cast<long long>(totals.reasons[r]));
    const auto reason = static_cast<RejectReason>(r);
    if (reason == RejectReason::Concentration || worlds < 240) continue;  // reserved
    EXPECT_GT(totals.reasons[r], 0) << kRejectReasons[r].name;
  }
}

// Figures that leave their integers refuse what increases, and nothing wraps; what reduces still
// passes.
TEST(EngineVsModel, FiguresOutOfRangeRefuseIncreasesOnly) {
  Driver<Engine> w(small_parameters());
  w.index(kUsd, 1);
  w.index(kBtc, 100'000);
  w.mark(kBtcPerp, 100'000);
  w.position(0, kBtcPerp, 5, 100'000);
  w.balance(0, kUsd, kValueMax);
  EXPECT_TRUE(w.buy(0, kBtcPerp, 1, 100'000).accepted());
  w.balance(0, kUsd, kValueMax);
  EXPECT_EQ(w.margin(0).equity, kValueMax);
  EXPECT_EQ(w.buy(0, kBtcPerp, 1, 100'000).reason, RejectReason::ArithmeticRange);
  EXPECT_TRUE(w.sell(0, kBtcPerp, 5, 100'000).accepted());
  w.balance(0, kUsd, -kValueMax);
  EXPECT_TRUE(w.buy(0, kBtcPerp, 1, 100'000).accepted());
  EXPECT_EQ(w.subject.verify(), nullptr);
}

}  // namespace
}  // namespace portcullis::support::engine_vs_model_test
