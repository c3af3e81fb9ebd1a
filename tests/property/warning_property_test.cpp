// Warnings at random: a whole gate with everything that can happen to it, and behind each record of its
// journal the alerts against those of a model that knows no bookkeeping: it reads every limit anew, and
// decides by a rule of its own. The watch begins again from a snapshot now and then.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <tuple>

#include "gateway/gate/record_fields.h"
#include "tests/support/random_gate.h"
#include "tests/support/random_world.h"
#include "tests/support/watched_gate.h"

namespace portcullis::test::warning_property_test {
namespace {

namespace follower = gateway::follower;
namespace gate = gateway::gate;
namespace journal = gateway::journal;
using config::Limit;
using gateway::limits::LimitId;
using risk::Int128;
using risk::NodeLevel;
using support::Rng;
using support::test_scale;
using support::test_seed;

// By reload another set. Low, so that random orders come to them.
config::WarningSettings settings_of(const gate::ParametersInForce& in_force) {
  config::WarningSettings settings;
  const int which = in_force.version == 0 ? 0 : in_force.hash[0] % 3;
  if (which == 0) settings.levels.fill({2, 4, 7, 12, 30, 60, 90});
  if (which == 1) settings.levels.fill({3, 6, 40});
  if (which == 2) settings.levels[static_cast<std::size_t>(Limit::Margin)] = {};
  settings.hysteresis_percent = which == 2 ? 10 : 1;
  settings.escalate_after_ns = risk::kSecondNs * (1 + 5 * which);
  return settings;
}

// What a limit's alert should be.
struct Expected {
  std::int64_t level = 0;
  std::uint64_t record = 0;
  std::int64_t since_ns = 0;
  std::int64_t used = 0;
  std::int64_t limit = 0;
  std::int64_t peak_ppm = 0;
  std::int64_t acknowledged_ns = 0;
  bool escalated = false;
  friend bool operator==(const Expected&, const Expected&) = default;
};

class Model {
 public:
  explicit Model(const config::Deployment& deployment) : deployment_(deployment) {}

  void take(const journal::RecordView& record, gate::Gate& g) {
    record_ = &record;
    settings_ = settings_of(g.parameters());
    const auto with = [&]<class Record>(const Record& read) {
      if constexpr (std::is_same_v<Record, gate::EnterRecord> ||
                    std::is_same_v<Record, gate::EnterNamedRecord>) {
        if (read.decision.disposition == risk::Disposition::Forward)
          ordered(g.engine(), read.order.account, read.order.instrument);
      } else if constexpr (std::is_same_v<Record, gate::ReplaceRecord>) {
        if (read.decision.disposition == risk::Disposition::Forward) {
          const risk::Order& order = g.engine().order(read.decision.order);
          ordered(g.engine(), order.account, order.instrument);
        }
      } else if constexpr (std::is_same_v<Record, gate::RecheckRecord>) {
        for (std::uint32_t a = 0; a < read.count; ++a) look_at(g.engine(), {read.from + a});
      } else if constexpr (std::is_same_v<Record, gate::DueRecord>) {
        for (std::uint32_t a = 0; a < read.count; ++a) look_at(g.engine(), read.accounts[a]);
      } else if constexpr (std::is_same_v<Record, gate::AcknowledgeRecord>) {
        for (auto& [id, alert] : alerts) {
          if (alert.record == read.raised_by && places.at(id) == read.place &&
              alert.acknowledged_ns == 0)
            alert.acknowledged_ns = record.time_ns;
        }
      }
    };
    ASSERT_TRUE(gate::with_record(record, with));
    for (auto& [id, alert] : alerts) {
      if (alert.acknowledged_ns == 0 && settings_.escalate_after_ns != 0 &&
          record.time_ns - alert.since_ns >= settings_.escalate_after_ns)
        alert.escalated = true;
    }
  }
  // Where everybody has just been looked at: every limit that there is has the alert that it must have,
  // whatever became of it before.
  void expect_whole(risk::Engine& engine, const follower::WarningWatch::Alerts& told) {
    const auto expect = [&](const LimitId& id) {
      const std::int64_t percent = percent_of(use(engine, id));
      const config::WarningSettings::Levels& levels = settings_.of(id.limit);
      const auto found = told.find(id);
      const std::int64_t level = found == told.end() ? 0 : found->second.level;
      std::int64_t reached = 0;
      for (const std::int64_t each : levels) reached = percent >= each ? each : reached;
      EXPECT_GE(level, reached) << name_of(id.limit) << " of " << id.node << " at " << percent;
      if (level != 0) {
        EXPECT_GE(percent, level - settings_.hysteresis_percent) << name_of(id.limit);
      }
    };
    const auto expect_at = [&](NodeLevel level, std::uint32_t node) {
      for (const Limit limit : {Limit::OpenOrders, Limit::Gross}) expect({limit, level, node});
      for (std::uint32_t i = 0; i < deployment_.instruments.size(); ++i) {
        for (const Limit limit : {Limit::LongMax, Limit::ShortMax, Limit::InstrumentGross})
          expect({limit, level, node, i});
      }
    };
    const auto& nodes = engine.parameters().nodes;
    for (std::uint32_t n = 0; n < nodes.size(); ++n) expect_at(nodes[n].level, n);
    for (std::uint32_t a = 0; a < deployment_.accounts.size(); ++a) {
      expect_at(NodeLevel::Account, a);
      if (!knows_margin(engine, {a})) continue;
      for (const Limit limit : {Limit::Leverage, Limit::Margin, Limit::DailyLoss})
        expect({limit, NodeLevel::Account, a});
    }
  }

  std::map<LimitId, Expected> alerts;
  std::map<LimitId, std::uint32_t> places;  // as the watch has named them

 private:
  [[nodiscard]] static bool knows_margin(risk::Engine& engine, risk::AccountIndex account) {
    const risk::MarginReport margin = engine.margin(account, engine.last_time());
    return margin.in_range && !margin.stale;
  }
  [[nodiscard]] static std::vector<std::pair<NodeLevel, std::uint32_t>> above(
      const risk::Parameters& parameters, risk::AccountIndex account) {
    std::vector<std::pair<NodeLevel, std::uint32_t>> path{{NodeLevel::Account, account.value}};
    auto node = parameters.accounts[account.value].parent;
    while (node.exists()) {
      path.emplace_back(parameters.nodes[node.value].level, node.value);
      node = parameters.nodes[node.value].parent;
    }
    return path;
  }
  void ordered(risk::Engine& engine, risk::AccountIndex account, risk::InstrumentIndex instrument) {
    for (const auto& [level, node] : above(engine.parameters(), account)) {
      judge(engine, {Limit::LongMax, level, node, instrument.value});
      judge(engine, {Limit::ShortMax, level, node, instrument.value});
      judge(engine, {Limit::OpenOrders, level, node});
    }
  }
  void look_at(risk::Engine& engine, risk::AccountIndex account) {
    for (const auto& [level, node] : above(engine.parameters(), account)) {
      for (const Limit limit : {Limit::OpenOrders, Limit::Gross})
        judge(engine, {limit, level, node});
      for (std::uint32_t i = 0; i < deployment_.instruments.size(); ++i) {
        const risk::Usage own = engine.usage(account, risk::InstrumentIndex{i});
        const bool has = own.long_lots.raw + own.short_lots.raw + own.gross_lots.raw != 0;
        for (const Limit limit : {Limit::LongMax, Limit::ShortMax, Limit::InstrumentGross}) {
          const LimitId id{limit, level, node, i};
          if (has || alerts.contains(id)) judge(engine, id);
        }
      }
    }
    if (!knows_margin(engine, account)) return;
    for (const Limit limit : {Limit::Leverage, Limit::Margin, Limit::DailyLoss})
      judge(engine, {limit, NodeLevel::Account, account.value});
  }

  // The engine's own figures of views and checks, not those that the watch reads.
  [[nodiscard]] std::pair<std::int64_t, std::int64_t> use(risk::Engine& engine, const LimitId& id) {
    const risk::Parameters& p = engine.parameters();
    const bool is_account = id.level == NodeLevel::Account;
    const risk::LimitProfile& profile =
        p.profiles[is_account ? p.accounts[id.node].profile : p.nodes[id.node].profile];
    const risk::AccountIndex account{id.node};
    const risk::NodeIndex node{id.node};
    risk::Usage lots;
    if (has_instrument(id.limit)) {
      const risk::InstrumentIndex i{id.instrument};
      lots = is_account ? engine.usage(account, i) : engine.usage(node, i);
    }
    if (id.limit == Limit::LongMax)
      return {lots.long_lots.raw, profile.instruments[id.instrument].long_max.raw};
    if (id.limit == Limit::ShortMax)
      return {lots.short_lots.raw, profile.instruments[id.instrument].short_max.raw};
    if (id.limit == Limit::InstrumentGross) {
      return {engine.notional(risk::InstrumentIndex{id.instrument}, lots.gross_lots).raw,
              profile.instruments[id.instrument].gross_notional_max.raw};
    }
    if (id.limit == Limit::OpenOrders)
      return {is_account ? engine.open_orders(account) : engine.open_orders(node),
              profile.open_orders_max};
    if (id.limit == Limit::Gross) {
      if (is_account) engine.refresh(account);
      return {
          engine
              .quanta_up(is_account ? engine.gross_notional(account) : engine.gross_notional(node))
              .raw,
          profile.gross_notional_max.raw};
    }
    const risk::MarginReport margin = engine.margin(account, engine.last_time());
    if (id.limit == Limit::Margin)
      return {margin.equity.raw - margin.available.raw, margin.equity.raw};
    if (id.limit == Limit::Leverage)
      return {engine.leverage(account).used.raw, engine.leverage(account).most.raw};
    return {engine.loss_of_day(account).raw, profile.daily_loss_max.raw};
  }

  // In whole percent: a limit is at a level where the percent, rounded down, are as many.
  [[nodiscard]] static std::int64_t percent_of(std::pair<std::int64_t, std::int64_t> use) {
    const auto [used, limit] = use;
    if (used <= 0) return -1'000;
    if (limit <= 0) return 1'000'000;
    return static_cast<std::int64_t>(std::min<Int128>(Int128{used} * 100 / limit, 1'000'000));
  }
  void judge(risk::Engine& engine, const LimitId& id) {
    const auto [used, limit] = use(engine, id);
    const std::int64_t percent = percent_of({used, limit});
    const auto found = alerts.find(id);
    const std::int64_t before = found == alerts.end() ? 0 : found->second.level;
    std::int64_t reached = 0;
    std::int64_t kept = 0;
    for (const std::int64_t level : settings_.of(id.limit)) {
      if (percent >= level) reached = level;
      if (level <= before && percent >= level - settings_.hysteresis_percent) kept = level;
    }
    const std::int64_t level = std::max(reached, kept);
    if (level == 0) {
      if (found != alerts.end()) alerts.erase(found);
      return;
    }
    Expected& alert = alerts[id];
    if (level > before) alert = {.record = record_->sequence, .since_ns = record_->time_ns};
    alert.level = level;
    alert.used = used;
    alert.limit = limit;
    const std::int64_t share = limit <= 0 ? 1'000'000'000
                                          : static_cast<std::int64_t>(std::min<Int128>(
                                                Int128{used} * 1'000'000 / limit, 1'000'000'000));
    alert.peak_ppm = std::max(alert.peak_ppm, share);
  }

  const config::Deployment& deployment_;
  config::WarningSettings settings_;
  const journal::RecordView* record_ = nullptr;
};

struct Seen {
  std::map<follower::NoticeKind, std::uint64_t> notices;
  std::map<Limit, std::uint64_t> raised;
  std::uint64_t records = 0;
};

class Comparison {
 public:
  Comparison(GateWorld& world, Seen& seen)
      : world_(world),
        seen_(seen),
        rng_(world.journal().published_sequence() + 17),
        watched_(world, settings_of),
        model_(world.deployment()) {}

  void look() {
    if (rng_.percent(90) || testing::Test::HasFailure()) return;
    watched_.follow([&](const journal::RecordView& record) {
      model_.take(record, watched_.gate());
      compare(record);
      if (rng_.percent(1)) {
        count();
        watched_.begin_again_from_snapshot();
        compare(record);
      }
    });
    if (rng_.percent(20)) expect_whole();
    if (rng_.percent(20)) acknowledge();
    count();
  }

 private:
  void compare(const journal::RecordView& record) {
    if (testing::Test::HasFailure()) return;
    ++seen_.records;
    const auto& alerts = watched_.watch().alerts();
    EXPECT_EQ(alerts.size(), model_.alerts.size()) << "record " << record.sequence;
    std::set<follower::AlertId> names;
    model_.places.clear();
    for (const auto& [id, alert] : alerts) {
      const auto found = model_.alerts.find(id);
      ASSERT_NE(found, model_.alerts.end())
          << "record " << record.sequence << ": " << name_of(id.limit) << " of " << id.node;
      EXPECT_EQ((Expected{.level = alert.level,
                          .record = alert.id.record,
                          .since_ns = alert.since_ns,
                          .used = alert.used,
                          .limit = alert.limit,
                          .peak_ppm = alert.peak_ppm,
                          .acknowledged_ns = alert.acknowledged_ns,
                          .escalated = alert.escalated}),
                found->second)
          << "record " << record.sequence << ": " << name_of(id.limit) << " of " << id.node
          << " at " << alert.level << ", expected " << found->second.level;
      EXPECT_TRUE(names.insert(alert.id).second) << "two of one name";
      EXPECT_EQ(watched_.watch().find(alert.id), &alert);
      model_.places[id] = alert.id.place;
    }
  }
  // Of a copy, that is told that everybody is looked at now.
  void expect_whole() {
    if (testing::Test::HasFailure()) return;
    follower::WarningWatch copy(world_.deployment(), settings_of);
    std::vector<std::byte> saved(watched_.watch().saved_bytes());
    watched_.watch().save(saved);
    ASSERT_TRUE(copy.load(saved));
    const gate::RecheckRecord all{
        .time = {world_.now_ns},
        .from = 0,
        .count = static_cast<std::uint32_t>(world_.deployment().accounts.size())};
    journal::RecordView record;
    record.sequence = world_.journal().published_sequence() + 1;
    record.time_ns = world_.now_ns;
    record.type = static_cast<std::uint16_t>(gate::RecordType::Recheck);
    record.command = journal::command_bytes(all);
    copy.take(record, watched_.gate());
    model_.expect_whole(watched_.gate().engine(), copy.alerts());
  }
  // One that stands, one that is over, or none. Not where the world is to end at a record, which would
  // be one of these.
  void acknowledge() {
    if (world_.cut) return;
    const auto& alerts = watched_.watch().alerts();
    if (alerts.empty() || world_.journal().room() != journal::Room::All) return;
    auto at = alerts.begin();
    std::advance(at, rng_.between(0, static_cast<std::int64_t>(alerts.size()) - 1));
    gate::AcknowledgeRecord seen{
        .time = {world_.now_ns}, .raised_by = at->second.id.record, .place = at->second.id.place};
    if (rng_.percent(10)) ++seen.place;
    world_.gate().on_operator({.time = {world_.now_ns}});
    world_.gate().acknowledge(seen);
  }
  void count() {
    for (const follower::Notice& notice : watched_.watch().notices()) {
      if (notice.sequence <= counted_) continue;
      ++seen_.notices[notice.kind];
      if (notice.kind == follower::NoticeKind::Raised) ++seen_.raised[notice.alert.of.limit];
    }
    if (!watched_.watch().notices().empty()) counted_ = watched_.watch().notices().back().sequence;
  }

  GateWorld& world_;
  Seen& seen_;
  Rng rng_;
  WatchedGate watched_;
  Model model_;
  std::uint64_t counted_ = 0;
};

TEST(WarningProperty, AlertsAreThoseOfAModelThatReadsEveryLimitAnew) {
  Seen seen;
  for (const auto venue : {GateAudit::Venue::Sound, GateAudit::Venue::Hostile}) {
    run_random_gates(venue, test_seed(1), test_scale(4), 2'000, {.watch = [&](GateWorld& world) {
                       auto comparison = std::make_shared<Comparison>(world, seen);
                       return [comparison] { comparison->look(); };
                     }});
  }
  std::printf("%llu records compared", static_cast<unsigned long long>(seen.records));
  for (const auto& [kind, count] : seen.notices)
    std::printf(", %llu %s", static_cast<unsigned long long>(count),
                std::string(follower::name_of(kind)).c_str());
  std::printf("\n");
  if (testing::Test::HasFailure()) return;
  EXPECT_GT(seen.records, 5'000U);
  for (const auto kind :
       {follower::NoticeKind::Raised, follower::NoticeKind::Fell, follower::NoticeKind::Cleared,
        follower::NoticeKind::Acknowledged, follower::NoticeKind::Escalated})
    EXPECT_GT(seen.notices[kind], 20U) << follower::name_of(kind);
  for (const Limit limit : {Limit::LongMax, Limit::ShortMax, Limit::InstrumentGross, Limit::Gross,
                            Limit::OpenOrders, Limit::Leverage, Limit::Margin})
    EXPECT_GT(seen.raised[limit], 0U) << name_of(limit);
}

}  // namespace
}  // namespace portcullis::test::warning_property_test
