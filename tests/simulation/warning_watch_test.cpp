// Warnings of limits, with a clock that is set by hand: when they are raised, told, acknowledged, told
// again and over, and that a process that begins again has the same.
#include "gateway/follower/warning_watch.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "gateway/commands/margin_answer.h"
#include "gateway/journal/reader.h"
#include "tests/support/control_world.h"
#include "tests/support/json_world.h"
#include "tests/support/shard_fixture.h"
#include "tests/support/watched_gate.h"

namespace portcullis::test::warning_watch_test {
namespace {

namespace follower = gateway::follower;
namespace gate = gateway::gate;
namespace ouch = gateway::ouch;
using config::Limit;
using config::Role;
using follower::Alert;
using follower::NoticeKind;
using gateway::limits::LimitId;
using risk::NodeLevel;

constexpr std::int64_t kMs = 1'000'000;

std::vector<Change> changes() {
  return {{Change::Kind::Set, "limits.json", "profiles.maker.open_orders_max", "20"},
          {Change::Kind::Set, "limits.json", "profiles.maker.instruments.AMZN.long_max", "\"50\""},
          // Of what nobody does here: so that there are no others.
          {Change::Kind::Add, "limits.json", "warnings",
           R"({"limits":{"margin":[],"leverage":[],"daily_loss_max":[],"gross":[],)"
           R"("instrument_gross":[],"short_max":[]},"escalate_after_s":2})"}};
}

class WarningWatch : public ShardFixture {
 protected:
  WarningWatch() : ShardFixture({.follows = true}, changes()) {}
  void SetUp() override {
    ShardFixture::SetUp();
    desk_ = std::make_unique<ControlWorld>(world_);
    ASSERT_EQ(log_in(client_, 1), 0);
  }
  ControlWorld& desk() { return *desk_; }

  // Of ALPHA2's alpha-hedge.
  void enter(std::uint32_t count, std::uint32_t lots = 1) {
    for (std::uint32_t n = 0; n < count; ++n) {
      ASSERT_TRUE(client_.send(
          gateway::venue_sim::bytes_of(gateway::venue_sim::enter_message({.number = ++number_,
                                                                          .quantity = lots,
                                                                          .price = 2'190'000,
                                                                          .symbol = "AMZN",
                                                                          .firm = ""}))));
    }
    turns(client_, 5);
  }
  void cancel(std::uint32_t first, std::uint32_t count) {
    for (std::uint32_t n = first; n < first + count; ++n) {
      ASSERT_TRUE(client_.send(
          gateway::venue_sim::bytes_of(ouch::CancelOrder{.user_ref_num = n, .appendage = {}})));
    }
    turns(client_, 20);
  }
  [[nodiscard]] LimitId orders() const {
    return {Limit::OpenOrders, NodeLevel::Account,
            world_.deployment().names.accounts.find("alpha-hedge").value};
  }
  [[nodiscard]] LimitId longs() const {
    return {Limit::LongMax, NodeLevel::Account, orders().node,
            world_.deployment().names.instruments.find("AMZN").value};
  }
  [[nodiscard]] const Alert* alert(const LimitId& id) const {
    const auto found = world_.warnings()->alerts().find(id);
    return found == world_.warnings()->alerts().end() ? nullptr : &found->second;
  }
  [[nodiscard]] std::string name(const LimitId& id) const {
    const Alert* const found = alert(id);
    return found == nullptr ? "" : follower::to_text(found->id);
  }
  [[nodiscard]] std::int64_t level(const LimitId& id) const {
    const Alert* const found = alert(id);
    return found == nullptr ? 0 : found->level;
  }
  ControlWorld::Reply acknowledge(const std::string& id, Role role = Role::Risk) {
    return desk().post("/v1/acknowledge", R"({"alert":")" + id + R"(","reason":"their roll"})",
                       role);
  }
  // A look of the door, which is when it tells what there is.
  void look() {
    turns(client_, 150);
    desk().pass();
  }
  // What happened to an alert, since it was asked last.
  std::vector<std::string> heard(ControlWorld::Id listener) {
    std::vector<std::string> what;
    for (const std::string& text : desk().heard(listener)) {
      if (value_at(text, "event") != "warning") continue;
      what.push_back(value_at(text, "what") + ' ' + value_at(text, "alert.kind") + ' ' +
                     value_at(text, "alert.percent"));
    }
    return what;
  }
  void restart() {
    desk_.reset();
    world_.kill();
    client_.close();
    ASSERT_TRUE(world_.start());
    ASSERT_TRUE(world_.is_running()) << world_.problem;
    desk_ = std::make_unique<ControlWorld>(world_);
  }

  SoupClient client_;
  std::unique_ptr<ControlWorld> desk_;
  std::uint32_t number_ = 0;
};

TEST_F(WarningWatch, EachLevelIsToldOnceAndByTheOrderThatReachesIt) {
  const auto listener = desk().listen("kinds=warning");
  ASSERT_TRUE(listener.has_value());
  enter(11);
  EXPECT_EQ(level(orders()), 0);
  enter(1);  // of 20
  ASSERT_EQ(level(orders()), 60);
  EXPECT_EQ(alert(orders())->used, 12);
  EXPECT_EQ(alert(orders())->limit, 20);
  // The record that raised it is an order.
  gateway::journal::Reader reader(
      world_.journal_folder(), {.from_sequence = alert(orders())->id.record, .include_ring = true});
  gateway::journal::RecordView record;
  ASSERT_EQ(reader.next(record), gateway::journal::ReadStatus::Record);
  EXPECT_EQ(static_cast<gate::RecordType>(record.type), gate::RecordType::Enter);
  EXPECT_EQ(alert(orders())->since_ns, record.time_ns);
  enter(2);
  EXPECT_EQ(level(orders()), 60);
  enter(1);
  EXPECT_EQ(level(orders()), 75);
  enter(5);
  EXPECT_EQ(level(orders()), 100);
  look();
  EXPECT_EQ(heard(*listener),
            (std::vector<std::string>{"raised open_orders_max 60", "raised open_orders_max 75",
                                      "raised open_orders_max 90", "raised open_orders_max 100"}));
  look();
  EXPECT_EQ(heard(*listener), std::vector<std::string>());
  desk().leave(*listener);
}

TEST_F(WarningWatch, WhatFallsWithinTheHysteresisIsTheSameAlert) {
  enter(15);
  ASSERT_EQ(level(orders()), 75);
  const std::string first = name(orders());
  cancel(1, 1);  // 14 of 20: 70 %
  EXPECT_EQ(level(orders()), 75);
  enter(1);
  EXPECT_EQ(name(orders()), first);
  cancel(2, 2);  // 13
  EXPECT_EQ(level(orders()), 60);
  EXPECT_EQ(name(orders()), first) << "it has fallen, and is no other";
  enter(2);
  EXPECT_EQ(level(orders()), 75);
  EXPECT_NE(name(orders()), first) << "it was left, and reached again";
  cancel(4, 4);  // 11: 55 %
  EXPECT_EQ(level(orders()), 60);
  EXPECT_EQ(alert(orders())->peak_ppm, 750'000);
  cancel(8, 1);
  EXPECT_EQ(alert(orders()), nullptr);
  EXPECT_NE(world_.told_warnings.back().find("over: open_orders_max of account alpha-hedge"),
            std::string::npos)
      << world_.told_warnings.back();
}

TEST_F(WarningWatch, TwoLevelsAtOnceAreOneAlertOfTheHigher) {
  const auto listener = desk().listen("kinds=warning");
  ASSERT_TRUE(listener.has_value());
  enter(1, 46);  // of 50
  EXPECT_EQ(level(longs()), 90);
  look();
  EXPECT_EQ(heard(*listener), std::vector<std::string>{"raised long_max 90"});
  EXPECT_EQ(std::ranges::count_if(
                world_.told_warnings,
                [](const std::string& line) { return line.find("long_max") != line.npos; }),
            1);
  EXPECT_NE(world_.told_warnings.back().find(
                "long_max of account alpha-hedge in AMZN is at 90 %: 46 of 50"),
            std::string::npos)
      << world_.told_warnings.back();
  desk().leave(*listener);
}

TEST_F(WarningWatch, ItIsAcknowledgedOnceAndAHigherLevelIsAnother) {
  enter(12);
  const std::string first = name(orders());
  EXPECT_EQ(acknowledge("1-0").status, 409u) << "there is none";
  EXPECT_EQ(acknowledge(first, Role::Viewer).status, 403u);
  EXPECT_EQ(acknowledge(first, Role::Approver).status, 403u);
  EXPECT_EQ(value_at(desk().get("/v1/status").body, "alerts.unacknowledged"), "1");
  ASSERT_EQ(acknowledge(first).status, 200u);
  turns(client_, 5);
  const std::string list = desk().get("/v1/alerts").body;
  EXPECT_EQ(value_at(list, "alerts[0].alert"), first) << list;
  EXPECT_EQ(value_at(list, "alerts[0].kind"), "open_orders_max");
  EXPECT_EQ(value_at(list, "alerts[0].level"), "account");
  EXPECT_EQ(value_at(list, "alerts[0].node"), "alpha-hedge");
  EXPECT_EQ(value_at(list, "alerts[0].percent"), "60");
  EXPECT_EQ(value_at(list, "alerts[0].used"), "12");
  EXPECT_EQ(value_at(list, "alerts[0].limit"), "20");
  EXPECT_EQ(value_at(list, "alerts[0].utilisation"), "0.6");
  EXPECT_EQ(value_at(list, "alerts[0].acknowledged.by"), "risk");
  EXPECT_EQ(value_at(list, "alerts[0].acknowledged.reason"), "their roll");
  EXPECT_EQ(value_at(list, "active"), "1");
  EXPECT_EQ(value_at(list, "unacknowledged"), "0");
  EXPECT_EQ(value_at(desk().get("/v1/alerts?unacknowledged=true").body, "alerts[0].alert"), "");
  EXPECT_EQ(acknowledge(first).status, 409u);
  EXPECT_EQ(value_at(desk().get("/v1/status").body, "alerts.oldest_unacknowledged_ns"), "null");
  EXPECT_NE(
      desk().get("/metrics").body.find("portcullis_alerts{level=\"60\",acknowledged=\"true\"} 1"),
      std::string::npos);
  enter(3);
  EXPECT_EQ(level(orders()), 75);
  EXPECT_EQ(alert(orders())->acknowledged_ns, 0);
  EXPECT_EQ(acknowledge(first).status, 409u) << "it is over";
  EXPECT_EQ(acknowledge(name(orders()), Role::Operator).status, 200u);
}

TEST_F(WarningWatch, WhatNobodyAcknowledgesIsToldAgainOnce) {
  const auto listener = desk().listen("kinds=warning");
  ASSERT_TRUE(listener.has_value());
  enter(12);
  enter(1, 30);
  ASSERT_EQ(level(orders()), 60);
  ASSERT_EQ(level(longs()), 75);
  ASSERT_EQ(acknowledge(name(longs())).status, 200u);
  const std::int64_t since = alert(orders())->since_ns;
  while (world_.now_ns() - since < 1'700 * kMs) turns(client_, 10);
  EXPECT_FALSE(alert(orders())->escalated);
  look();
  (void)heard(*listener);
  EXPECT_EQ(world_.warnings()->noticed(NoticeKind::Escalated), 0u);
  // Nobody trades.
  while (world_.now_ns() - since < 2'600 * kMs) turns(client_, 10);
  EXPECT_TRUE(alert(orders())->escalated);
  EXPECT_FALSE(alert(longs())->escalated) << "it is acknowledged";
  look();
  EXPECT_EQ(heard(*listener), std::vector<std::string>{"escalated open_orders_max 60"});
  EXPECT_NE(world_.told_warnings.back().find("nobody has acknowledged it"), std::string::npos);
  EXPECT_NE(
      desk().get("/metrics").body.find("portcullis_alert_notices_total{what=\"escalated\"} 1"),
      std::string::npos);
  EXPECT_EQ(value_at(desk().get("/v1/alerts?unacknowledged=true").body, "alerts[0].escalated"),
            "true");
  for (int n = 0; n < 30; ++n) turns(client_, 100);
  EXPECT_EQ(world_.warnings()->noticed(NoticeKind::Escalated), 1u);
  desk().leave(*listener);
}

// From a snapshot and from the records alone: the same alerts, under the same names.
TEST_F(WarningWatch, AProcessThatBeginsAgainHasTheSameAlerts) {
  enter(15);
  ASSERT_EQ(acknowledge(name(orders())).status, 200u);
  enter(1, 31);
  turns(client_, 50);
  const std::string before = desk().get("/v1/alerts").body;
  const std::string counts = before.substr(before.find("\"active\""));
  EXPECT_EQ(value_at(before, "active"), "2") << before;
  ASSERT_TRUE(world_.write_snapshot());
  restart();
  EXPECT_NE(world_.from_snapshot(), 0u);
  std::string after = desk().get("/v1/alerts").body;
  EXPECT_EQ(after.substr(after.find("\"active\"")), counts);

  follower::WarningWatch again(world_.deployment(),
                               follower::warnings_of(world_.deployment(), world_.journal_folder()));
  gate::Gate redone(world_.deployment(), nullptr);
  gateway::journal::Reader reader(world_.journal_folder(), {.include_ring = true});
  gateway::journal::RecordView record;
  while (reader.next(record) == gateway::journal::ReadStatus::Record) {
    ASSERT_TRUE(redone.redo(record));
    again.take(record, redone);
  }
  ASSERT_EQ(again.alerts().size(), world_.warnings()->alerts().size());
  for (const auto& [of, alert] : world_.warnings()->alerts()) {
    EXPECT_EQ(again.alerts().at(of).id, alert.id);
    EXPECT_EQ(again.alerts().at(of).acknowledged_ns, alert.acknowledged_ns);
  }
  EXPECT_TRUE(again.notices().empty()) << "what came before was told by another process";
}

TEST_F(WarningWatch, ASnapshotWithoutItIsGoodAndBytesThatAreNoneOfItsAreNot) {
  const auto source = follower::warnings_of(world_.deployment(), world_.journal_folder());
  follower::WarningWatch watch(world_.deployment(), source);
  EXPECT_TRUE(watch.load({}));
  enter(15, 3);
  ASSERT_EQ(world_.warnings()->alerts().size(), 2u);
  std::vector<std::byte> bytes(world_.warnings()->saved_bytes());
  world_.warnings()->save(bytes);
  ASSERT_TRUE(watch.load(bytes));
  EXPECT_EQ(watch.alerts().size(), 2u);
  std::vector<std::byte> again(watch.saved_bytes());
  watch.save(again);
  EXPECT_EQ(again, bytes);
  for (std::size_t n = 1; n < bytes.size(); ++n)
    EXPECT_FALSE(watch.load(std::span(bytes).first(n))) << n;
  EXPECT_TRUE(watch.alerts().empty());
  bytes.back() = std::byte{0x7F};  // no state of margin
  EXPECT_FALSE(watch.load(bytes));
}

// --- margin, prices and reloads, on a gate without a shard

class WarningWatchOfMargin : public ::testing::Test {
 protected:
  // Everybody has had his turn.
  void look_at_all() {
    const auto accounts = w.deployment().parameters.accounts.size();
    for (std::size_t slice = 0; slice <= accounts / gate::kRecheckSlice; ++slice) {
      w.now_ns += risk::kSecondNs;
      EXPECT_TRUE(w.gate().recheck(w.now_ns));
      w.deliver();
    }
    watched.follow();
  }
  [[nodiscard]] std::int64_t level(Limit limit, std::string_view account) {
    const auto& alerts = watched.watch().alerts();
    const auto found = alerts.find({limit, NodeLevel::Account, w.account(account).value});
    return found == alerts.end() ? 0 : found->second.level;
  }

  GateWorld w;
  WatchedGate watched{w, follower::warnings_of(w.deployment(), w.directory())};
};

TEST_F(WarningWatchOfMargin, PricesRaiseWarningsOfMarginAndItsStateIsTold) {
  const risk::AccountIndex a = w.account("bravo-1");
  const risk::InstrumentIndex btc = w.instrument("BTC-PERP");
  const risk::Mark mark = w.engine().mark(btc);
  while (w.engine().margin(a, {w.now_ns}).available.raw >
         w.engine().margin(a, {w.now_ns}).equity.raw / 2) {
    ASSERT_TRUE(w.gate().load(risk::LoadPosition{{w.now_ns}, {1'000}, {mark.raw / 5}, a, btc}));
  }
  look_at_all();
  EXPECT_EQ(level(Limit::Margin, "bravo-1"), 0) << "a half is used, and a bit";
  risk::Mark low = mark;
  std::vector<std::int64_t> levels;
  while (w.engine().margin(a, {w.now_ns}).available.raw >= 0) {
    low.raw -= mark.raw / 200;
    ASSERT_GT(low.raw, 0);
    w.price();
    w.mark(btc, low);
    look_at_all();
    const std::int64_t level_now = level(Limit::Margin, "bravo-1");
    if (levels.empty() || levels.back() != level_now) levels.push_back(level_now);
  }
  EXPECT_EQ(levels.back(), 100);
  EXPECT_TRUE(std::ranges::is_sorted(levels));
  EXPECT_NE(std::ranges::find(levels, 75), levels.end());
  const auto& notices = watched.watch().notices();
  const auto changed = std::ranges::find_if(notices, [&](const follower::Notice& notice) {
    return notice.kind == NoticeKind::MarginState && notice.account == a;
  });
  ASSERT_NE(changed, notices.end());
  EXPECT_EQ(changed->before, risk::MarginState::Normal);
  EXPECT_GE(changed->after, risk::MarginState::Restricted);
  EXPECT_EQ(watched.watch().noticed(NoticeKind::MarginState), w.counters().state_changes);
  const std::string line = fmt::format("account bravo-1 is {} by its margin, it was normal",
                                       gateway::name_of(changed->after));
  EXPECT_NE(std::ranges::find(watched.told, line), watched.told.end());
  w.mark(btc, mark);
  look_at_all();
  EXPECT_EQ(level(Limit::Margin, "bravo-1"), 0);
}

// On stale prices what is known of an account's margin is old.
TEST_F(WarningWatchOfMargin, StalePricesChangeNothing) {
  const risk::AccountIndex a = w.account("bravo-1");
  const risk::InstrumentIndex btc = w.instrument("BTC-PERP");
  const risk::Mark mark = w.engine().mark(btc);
  look_at_all();
  while (w.engine().margin(a, {w.now_ns}).available.raw >
         w.engine().margin(a, {w.now_ns}).equity.raw / 10) {
    ASSERT_TRUE(w.gate().load(risk::LoadPosition{{w.now_ns}, {1'000}, {mark.raw / 5}, a, btc}));
  }
  w.price_state(risk::PriceKind::Mark, btc.value, risk::PriceState::Unsafe);
  look_at_all();
  EXPECT_EQ(level(Limit::Margin, "bravo-1"), 0);
  w.price_state(risk::PriceKind::Mark, btc.value, risk::PriceState::Safe);
  w.price();
  look_at_all();
  EXPECT_EQ(level(Limit::Margin, "bravo-1"), 90);
  w.price_state(risk::PriceKind::Mark, btc.value, risk::PriceState::Unsafe);
  w.mark(btc, {mark.raw * 2});
  look_at_all();
  EXPECT_EQ(level(Limit::Margin, "bravo-1"), 90);
}

TEST_F(WarningWatchOfMargin, AReloadChangesLevelsAndLimits) {
  const auto bravo = w.session("BRAVO1");
  for (std::uint32_t n = 1; n <= 4; ++n)
    ASSERT_EQ(w.enter(bravo, {.number = n}).disposition, risk::Disposition::Forward);
  w.deliver();
  look_at_all();
  EXPECT_EQ(level(Limit::OpenOrders, "bravo-1"), 0);
  const auto set_orders = [](const char* most) {
    return Change{Change::Kind::Set, "limits.json", "profiles.client.open_orders_max", most};
  };
  const auto version = [](const char* number) {
    return Change{Change::Kind::Set, "limits.json", "version", number};
  };
  ASSERT_TRUE(w.reload({version("2"), set_orders("5")}));
  look_at_all();
  EXPECT_EQ(level(Limit::OpenOrders, "bravo-1"), 75) << "another limit";
  ASSERT_TRUE(w.reload({version("3"),
                        set_orders("5"),
                        {Change::Kind::Add, "limits.json", "warnings",
                         R"({"levels_percent":[30,50],"limits":{"open_orders_max":[80]}})"}}));
  look_at_all();
  EXPECT_EQ(level(Limit::OpenOrders, "bravo-1"), 80) << "other levels";
  watched.begin_again_from_snapshot();
  look_at_all();
  EXPECT_EQ(level(Limit::OpenOrders, "bravo-1"), 80);
  EXPECT_EQ(watched.watch().settings().of(Limit::Gross), (std::vector<std::int64_t>{30, 50}));
  ASSERT_TRUE(w.reload(
      {version("4"),
       set_orders("5"),
       {Change::Kind::Add, "limits.json", "warnings", R"({"limits":{"open_orders_max":[]}})"}}));
  look_at_all();
  EXPECT_EQ(level(Limit::OpenOrders, "bravo-1"), 0) << "no levels";
}

}  // namespace
}  // namespace portcullis::test::warning_watch_test
