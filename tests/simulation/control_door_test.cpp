// The control plane in front of a whole gate: who may do what, what becomes of it in the gate and in
// the journal, and what is said.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "config/json.h"
#include "gateway/control/verbs.h"
#include "gateway/gate/record_fields.h"
#include "tests/support/control_world.h"
#include "tests/support/json_world.h"
#include "tests/support/shard_fixture.h"

namespace portcullis::test::control_door_test {
namespace {

namespace control = gateway::control;
namespace gate = gateway::gate;
using config::Role;
using Reply = ControlWorld::Reply;

constexpr Role kRoles[] = {Role::Viewer, Role::Risk, Role::Approver, Role::Operator};

class ControlDoorTest : public ShardFixture {
 protected:
  void SetUp() override {
    ShardFixture::SetUp();
    desk_ = std::make_unique<ControlWorld>(world_);
  }
  ControlWorld& desk() { return *desk_; }

  static std::string what_if_body(const std::string& orders) {
    return "{\"orders\":[" + orders + "]}";
  }
  static std::string order(const std::string& quantity, const std::string& price,
                           const std::string& more = "") {
    return R"({"session":"ALPHA2","instrument":"AMZN","side":"buy","quantity":")" + quantity +
           R"(","price":")" + price + "\"" + more + "}";
  }
  static std::string override_body(const std::string& clip, const std::string& more = "") {
    return R"({"changes":[{"account":"alpha-hedge","instrument":"AMZN","limit":"clip","value":")" +
           clip + R"("}],"for_s":60,"reason":"a drill")" + more + "}";
  }
  static std::string body_for(const control::VerbInfo& verb) {
    if (verb.method == "GET") return "";
    if (verb.verb == control::Verb::WhatIf) return what_if_body(order("1", "219"));
    if (verb.verb == control::Verb::LostOrdersDead || verb.verb == control::Verb::AcceptState)
      return R"({"reason":"as the venue says"})";
    if (verb.verb == control::Verb::Reload) return R"({"reason":"a drill"})";
    if (verb.verb == control::Verb::Override) return override_body("5");
    if (control::is_of_limits(verb.verb)) return R"({"change":1,"reason":"a drill"})";
    if (verb.verb == control::Verb::Fact) return fact(7);
    if (verb.verb == control::Verb::Acknowledge) return R"({"alert":"1-0"})";
    return R"({"account":"bravo-2","reason":"a drill"})";
  }
  // Cash that alpha-1 pays in.
  static std::string fact(int number, const std::string& amount = "1000") {
    return R"({"action":"transfer","number":)" + std::to_string(number) +
           R"(,"asset":"USDC","amount":")" + amount + R"(","to":"alpha-1","reason":"by wire"})";
  }
  static std::string target_for(const control::VerbInfo& verb) {
    return std::string(verb.path) + (verb.verb == control::Verb::Account ? "?account=alpha-1" : "");
  }

  struct Record {
    gate::RecordType type;
    std::vector<std::byte> command;
  };
  // Of the journal, behind `after`.
  std::vector<Record> records(std::uint64_t after) {
    std::vector<Record> found;
    gateway::journal::Reader reader(world_.journal_folder(),
                                    {.from_sequence = after + 1, .include_ring = true});
    gateway::journal::RecordView view;
    while (reader.next(view) == gateway::journal::ReadStatus::Record) {
      found.push_back(
          {static_cast<gate::RecordType>(view.type), {view.command.begin(), view.command.end()}});
    }
    return found;
  }
  std::uint8_t flags(risk::ControlScope scope, std::uint32_t target) {
    return world_.running_gate().engine().flags(scope, target);
  }
  risk::AccountIndex account(std::string_view name) {
    return world_.deployment().names.accounts.find(name);
  }

  std::unique_ptr<ControlWorld> desk_;
};

// --- who may do what

TEST_F(ControlDoorTest, TheMatrixOfRolesAndVerbsIsThis) {
  const std::map<std::string, std::set<Role>> may{
      {"status", {Role::Viewer, Role::Risk, Role::Approver, Role::Operator}},
      {"limits", {Role::Viewer, Role::Risk, Role::Approver, Role::Operator}},
      {"accounts", {Role::Viewer, Role::Risk, Role::Approver, Role::Operator}},
      {"account", {Role::Viewer, Role::Risk, Role::Approver, Role::Operator}},
      {"rejects", {Role::Viewer, Role::Risk, Role::Approver, Role::Operator}},
      {"alerts", {Role::Viewer, Role::Risk, Role::Approver, Role::Operator}},
      {"metrics", {Role::Viewer, Role::Risk, Role::Approver, Role::Operator}},
      {"openapi", {Role::Viewer, Role::Risk, Role::Approver, Role::Operator}},
      {"events", {Role::Viewer, Role::Risk, Role::Approver, Role::Operator}},
      {"changes", {Role::Viewer, Role::Risk, Role::Approver, Role::Operator}},
      {"what-if", {Role::Risk, Role::Approver, Role::Operator}},
      {"kill", {Role::Risk, Role::Operator}},
      {"suspend", {Role::Risk, Role::Operator}},
      {"close-only", {Role::Risk, Role::Operator}},
      {"resume", {Role::Approver}},
      {"cancel-all", {Role::Risk, Role::Operator}},
      {"lost-orders-dead", {Role::Operator}},
      {"accept-state", {Role::Operator}},
      {"reload", {Role::Risk}},
      {"override", {Role::Risk}},
      {"approve", {Role::Approver}},
      {"refuse", {Role::Approver}},
      {"withdraw", {Role::Risk}},
      {"fact", {Role::Operator}},
      {"acknowledge", {Role::Risk, Role::Operator}},
  };
  std::size_t cells = 0;
  for (const control::VerbInfo& verb : control::kVerbs) {
    if (verb.verb == control::Verb::Ready) continue;
    const auto row = may.find(std::string(verb.name));
    ASSERT_NE(row, may.end()) << verb.name;
    for (const Role role : kRoles) {
      const std::uint64_t before = world_.journal().published_sequence();
      const Reply reply = desk().ask({.authorization = ControlWorld::as(role),
                                      .method = std::string(verb.method),
                                      .target = target_for(verb),
                                      .body = body_for(verb)});
      const bool permitted = row->second.contains(role);
      EXPECT_EQ(reply.status == 403, !permitted)
          << verb.name << " as " << config::name_of(role) << ": " << reply.body;
      EXPECT_NE(reply.status, 401u);
      if (!permitted) {
        const auto written = records(before);
        EXPECT_EQ(std::count_if(written.begin(), written.end(),
                                [](const Record& r) {
                                  return r.type == gate::RecordType::Operator ||
                                         r.type == gate::RecordType::Change;
                                }),
                  0)
            << verb.name;
      }
      ++cells;
    }
    const Reply nobody = desk().ask(
        {.method = std::string(verb.method), .target = target_for(verb), .body = body_for(verb)});
    EXPECT_TRUE(nobody.status == 401 || nobody.status == 429) << verb.name;
    EXPECT_FALSE(nobody.keep_alive);
  }
  EXPECT_EQ(cells, may.size() * 4);
}

TEST_F(ControlDoorTest, WhoeverHasAGoodTokenIsHeardWhateverOthersOfTheAddressSay) {
  const std::uint32_t attempts = world_.deployment().gateway.login_attempts_max;
  const ControlWorld::Ask stranger{
      .authorization = "Bearer pct_" + std::string(43, 'z'), .target = "/v1/status", .address = 7};
  for (std::uint32_t n = 0; n < attempts; ++n) EXPECT_EQ(desk().ask(stranger).status, 401u);
  EXPECT_EQ(desk().ask(stranger).status, 429u) << "not even told that it is wrong";
  EXPECT_EQ(desk()
                .ask({.authorization = ControlWorld::as(Role::Viewer),
                      .target = "/v1/status",
                      .address = 7})
                .status,
            200u);
  ControlWorld::Ask elsewhere = stranger;
  elsewhere.address = 8;
  EXPECT_EQ(desk().ask(elsewhere).status, 401u);
  EXPECT_EQ(desk().door->counters().locked_out, 1u);
}

TEST_F(ControlDoorTest, ATokenMayAskSoOftenInASecondAndCommandsAreCountedApart) {
  config::ControlSettings few = control_settings();
  few.requests_per_second_max = 3;
  ControlWorld strict(world_, few);
  for (int n = 0; n < 3; ++n) EXPECT_EQ(strict.get("/v1/status", Role::Risk).status, 200u);
  const Reply fourth = strict.get("/v1/status", Role::Risk);
  EXPECT_EQ(fourth.status, 429u);
  EXPECT_NE(fourth.retry_after_s, 0u);
  EXPECT_EQ(strict.get("/v1/status", Role::Viewer).status, 200u) << "another token";
  EXPECT_EQ(strict.post("/v1/suspend", R"({"account":"bravo-2"})", Role::Risk).status, 200u);
  world_.transport().clock_ns += 1'000'000'000;
  strict.pass();
  EXPECT_EQ(strict.get("/v1/status", Role::Risk).status, 200u);
}

// --- what is no request

TEST_F(ControlDoorTest, WhatIsWrongIsToldAndDoesNothing) {
  struct Wrong {
    std::string method;
    std::string target;
    std::string body;
    unsigned status;
  };
  const std::string long_reason(65, 'x');
  const Wrong wrong[] = {
      {"GET", "/v1/nothing", "", 404},
      {"POST", "/v1/status", "", 405},
      {"GET", "/v1/kill", "", 405},
      {"GET", "/v1/events", "", 426},
      {"GET", "/v1/limits?node=nobody", "", 400},
      {"GET", "/v1/limits?account=alpha-1&node=alpha", "", 400},
      {"GET", "/v1/limits?colour=red", "", 400},
      {"GET", "/v1/limits?used_only=perhaps", "", 400},
      {"GET", "/v1/accounts?limit=0", "", 400},
      {"GET", "/v1/accounts?limit=201", "", 400},
      {"GET", "/v1/accounts?limit=1e2", "", 400},
      {"GET", "/v1/account", "", 400},
      {"GET", "/v1/account?account=%zz", "", 400},
      {"GET", "/v1/rejects?account=nobody", "", 400},
      {"POST", "/v1/kill", "", 400},
      {"POST", "/v1/kill", "null", 400},
      {"POST", "/v1/kill", "{}", 400},
      {"POST", "/v1/kill", R"({"node":"nobody"})", 400},
      {"POST", "/v1/kill", R"({"node":17})", 400},
      {"POST", "/v1/kill", R"({"account":"alpha-1","instrument":"AMZN"})", 400},
      {"POST", "/v1/kill", R"({"account":"alpha-1","account":"alpha-2"})", 400},
      {"POST", "/v1/kill", R"({"account":"alpha-1","force":true})", 400},
      {"POST", "/v1/kill", R"({"account":"alpha-1","reason":""})", 400},
      {"POST", "/v1/kill", R"({"account":"alpha-1","reason":")" + long_reason + "\"}", 400},
      {"POST", "/v1/kill", R"({"account":"alpha-1"} x)", 400},
      {"POST", "/v1/accept-state", "{}", 400},
      {"POST", "/v1/accept-state", R"({"reason":"r","account":"alpha-1"})", 400},
      {"GET", "/v1/changes?colour=red", "", 400},
      {"POST", "/v1/changes", "", 405},
      {"POST", "/v1/fact", "{}", 400},
      {"POST", "/v1/fact", R"({"action":"kill","number":1,"account":"alpha-1"})", 400},
      {"POST", "/v1/fact", R"({"action":"transfer","asset":"USDC","amount":"1","to":"alpha-1"})",
       400},
      {"POST", "/v1/fact", fact(0), 400},
      {"POST", "/v1/fact", fact(1, "0"), 400},
      {"POST", "/v1/fact", fact(1, "-1"), 400},
      {"POST", "/v1/fact", fact(1, "1e3"), 400},
      {"POST", "/v1/fact", R"({"action":"realise","number":1,"account":"nobody"})", 400},
      {"POST", "/v1/fact", R"({"action":"realise","number":1,"account":"alpha-1","by":"me"})", 400},
      {"POST", "/v1/fact", R"({"action":"expire","number":1,"instrument":"AMZN","price":"219"})",
       400},
      {"POST", "/v1/fact",
       R"({"action":"split","number":1,"instrument":"AMZN","numerator":2,"denominator":1,"mark":"1"})",
       400},
      {"GET", "/v1/alerts?limit=1001", "", 400},
      {"GET", "/v1/alerts?unacknowledged=1", "", 400},
      {"POST", "/v1/acknowledge", "{}", 400},
      {"POST", "/v1/acknowledge", R"({"alert":17})", 400},
      {"POST", "/v1/acknowledge", R"({"alert":"17"})", 400},
      {"POST", "/v1/acknowledge", R"({"alert":"17-"})", 400},
      {"POST", "/v1/acknowledge", R"({"alert":"017-0"})", 400},
      {"POST", "/v1/acknowledge", R"({"alert":"17-0x"})", 400},
      {"POST", "/v1/acknowledge", R"({"alert":"-1-0"})", 400},
      {"POST", "/v1/acknowledge", R"({"alert":"17-0","account":"alpha-1"})", 400},
      {"POST", "/v1/acknowledge", R"({"alert":"17-0","reason":"none is there"})", 409},
      {"POST", "/v1/what-if", "{}", 400},
      {"POST", "/v1/what-if", R"({"orders":[]})", 400},
      {"POST", "/v1/what-if", what_if_body("17"), 400},
      {"POST", "/v1/what-if", what_if_body("{}"), 400},
      {"POST", "/v1/what-if", what_if_body(order("1", "219", R"(,"colour":"red")")), 400},
      {"POST", "/v1/what-if", what_if_body(order("1", "219", R"(,"type":"market")")), 400},
      {"POST", "/v1/what-if", what_if_body(order("1", "219", R"(,"account":"nobody")")), 400},
      {"POST", "/v1/what-if",
       what_if_body(order("1", "219", R"(,"time_in_force":"ioc","post_only":true)")), 400},
  };
  const std::uint64_t before = world_.journal().published_sequence();
  for (const Wrong& one : wrong) {
    const Reply reply = desk().ask({.authorization = ControlWorld::as(Role::Operator),
                                    .method = one.method,
                                    .target = one.target,
                                    .body = one.body});
    EXPECT_EQ(reply.status, one.status)
        << one.method << ' ' << one.target << ' ' << one.body << " -> " << reply.body;
    EXPECT_NE(value_at(reply.body, "error"), "") << reply.body;
  }
  for (const Record& record : records(before)) EXPECT_NE(record.type, gate::RecordType::Operator);
  std::string nine;
  for (int n = 0; n < 9; ++n) nine += (n == 0 ? "" : ",") + order("1", "219");
  EXPECT_EQ(desk().post("/v1/what-if", what_if_body(nine)).status, 400u) << "eight is the most";
}

// --- changes of limits

TEST_F(ControlDoorTest, AChangeOfLimitsThatIsNoneIsRefused) {
  const char* const wrong[][2] = {
      {"/v1/reload", "{}"},
      {"/v1/reload", R"({"reason":"r","effective_at":"soon"})"},
      {"/v1/reload", R"({"reason":"r","change":1})"},
      {"/v1/override", R"({"changes":[],"for_s":60,"reason":"r"})"},
      {"/v1/override", R"({"for_s":60,"reason":"r"})"},
      {"/v1/override",
       R"({"changes":[{"account":"alpha-1","limit":"leverage_max","value":"2"}],"reason":"r"})"},
      {"/v1/override",
       R"({"changes":[{"account":"nobody","limit":"leverage_max","value":"2"}],"for_s":1,"reason":"r"})"},
      {"/v1/override",
       R"({"changes":[{"account":"alpha-1","instrument":"GOLD","limit":"clip","value":"2"}],"for_s":1,"reason":"r"})"},
      {"/v1/withdraw", R"({"change":0,"reason":"r"})"},
      {"/v1/withdraw", R"({"change":1})"},
  };
  const std::uint64_t before = world_.journal().published_sequence();
  for (const auto& [target, body] : wrong)
    EXPECT_EQ(desk().post(target, body, Role::Risk).status, 400u) << target << ' ' << body;
  EXPECT_EQ(desk()
                .post("/v1/override", override_body("5", R"(,"expires_at":"2026-01-05T11:00:00Z")"),
                      Role::Risk)
                .status,
            400u)
      << "both";
  // Sound, but not these limits, or not now.
  const Reply many = desk().post("/v1/override", override_body("many"), Role::Risk);
  EXPECT_EQ(many.status, 422u);
  EXPECT_NE(many.body.find("accounts.alpha-hedge.instruments.AMZN.clip"), std::string::npos)
      << many.body;
  EXPECT_EQ(desk().post("/v1/approve", R"({"change":7})", Role::Approver).status, 409u);
  for (const Record& record : records(before)) EXPECT_NE(record.type, gate::RecordType::Change);
}

TEST_F(ControlDoorTest, AnOverrideIsAnsweredAndShownUntilItEnds) {
  const Reply reply = desk().post("/v1/override", override_body("5"), Role::Risk);
  ASSERT_EQ(reply.status, 200u) << reply.body;
  EXPECT_EQ(value_at(reply.body, "standing"), "in_force");
  EXPECT_EQ(value_at(reply.body, "differences[0].to"), "5");
  EXPECT_EQ(value_at(reply.body, "differences[0].raise"), "false");
  const std::string limits = desk().get("/v1/limits?account=alpha-hedge").body;
  EXPECT_EQ(value_at(limits, "overrides[0].override.value"), "5") << limits;
  EXPECT_NE(value_at(limits, "profile"), "");
  EXPECT_EQ(value_at(desk().get("/v1/status").body, "overrides[0].change"), "1");
  EXPECT_EQ(value_at(desk().get("/v1/limits?account=alpha-1").body, "overrides"), "[]");
  EXPECT_EQ(value_at(desk().get("/v1/changes").body, "open[0].standing"), "in_force");
  world_.transport().clock_ns += 61 * risk::kSecondNs;
  desk().pass();
  desk().pass();
  EXPECT_EQ(value_at(desk().get("/v1/changes").body, "ended[0].standing"), "expired");
  EXPECT_EQ(value_at(desk().get("/v1/limits?account=alpha-hedge").body, "overrides"), "[]");
}

TEST_F(ControlDoorTest, UnderFourEyesTwoPeopleMakeARaise) {
  config::ControlSettings settings = control_settings();
  settings.four_eyes = true;
  ControlWorld strict(world_, settings);
  const Reply proposed = strict.post("/v1/override", override_body("6000"), Role::Risk);
  ASSERT_EQ(proposed.status, 200u) << proposed.body;
  EXPECT_EQ(value_at(proposed.body, "standing"), "awaits_approval");
  EXPECT_EQ(value_at(strict.get("/v1/status").body, "changes_open.awaiting_approval"), "1");
  EXPECT_EQ(value_at(strict.get("/v1/changes").body, "open[0].differences[0].raise"), "true");
  const Reply approved = strict.post("/v1/approve", R"({"change":1})", Role::Approver);
  ASSERT_EQ(approved.status, 200u) << approved.body;
  EXPECT_EQ(value_at(approved.body, "standing"), "in_force");
  EXPECT_EQ(value_at(strict.get("/v1/changes").body, "open[0].approver"), "approver");
  EXPECT_EQ(strict.post("/v1/kill", R"({"account":"bravo-2"})", Role::Risk).status, 200u)
      << "a kill needs nobody";
}

// --- commands

TEST_F(ControlDoorTest, ACommandStandsInTheJournalBehindWhoGaveIt) {
  const std::uint64_t before = world_.journal().published_sequence();
  const Reply reply =
      desk().post("/v1/kill", R"({"account":"bravo-2","reason":"runaway algo"})", Role::Risk);
  ASSERT_EQ(reply.status, 200u) << reply.body;
  EXPECT_EQ(value_at(reply.body, "done"), "true");
  EXPECT_EQ(value_at(reply.body, "by"), "risk");
  const auto written = records(before);
  const auto who = std::find_if(written.begin(), written.end(), [](const Record& r) {
    return r.type == gate::RecordType::Operator;
  });
  ASSERT_NE(who, written.end());
  gate::OperatorRecord by;
  ASSERT_EQ(who->command.size(), sizeof by);
  std::memcpy(&by, who->command.data(), sizeof by);
  EXPECT_STREQ(by.by.data(), "risk");
  EXPECT_STREQ(by.reason.data(), "runaway algo");
  EXPECT_EQ(by.role, Role::Risk);
  EXPECT_EQ(by.source, gate::OperatorSource::ControlPlane);
  ASSERT_NE(who + 1, written.end());
  EXPECT_EQ((who + 1)->type, gate::RecordType::Control);
  const auto place = static_cast<std::uint64_t>(who - written.begin());
  EXPECT_EQ(value_at(reply.body, "sequence"), std::to_string(before + place + 2));
  EXPECT_NE(flags(risk::ControlScope::Account, account("bravo-2").value) & risk::kKilled, 0);
}

TEST_F(ControlDoorTest, AFactIsCarriedOutOnceBehindWhoTellsIt) {
  const risk::AssetIndex usdc = world_.deployment().names.assets.find("USDC");
  const auto balance = [&] {
    return static_cast<std::int64_t>(
        world_.running_gate().engine().balance(account("alpha-1"), usdc).raw);
  };
  const std::int64_t before = balance();
  const std::uint64_t first = world_.journal().published_sequence();
  const Reply reply = desk().post("/v1/fact", fact(7));
  ASSERT_EQ(reply.status, 200u) << reply.body;
  EXPECT_EQ(balance() - before, 1'000'000'000);
  const auto written = records(first);
  const auto who = std::find_if(written.begin(), written.end(), [](const Record& r) {
    return r.type == gate::RecordType::Operator;
  });
  ASSERT_NE(who, written.end());
  ASSERT_NE(who + 1, written.end());
  EXPECT_EQ((who + 1)->type, gate::RecordType::Transfer);
  EXPECT_EQ(value_at(reply.body, "sequence"),
            std::to_string(first + static_cast<std::uint64_t>(who - written.begin()) + 2));

  // Neither is carried out, and neither has a record.
  const std::uint64_t second = world_.journal().published_sequence();
  for (const int number : {7, 6}) {
    const Reply again = desk().post("/v1/fact", fact(number));
    EXPECT_EQ(again.status, 409u) << again.body;
    EXPECT_EQ(value_at(again.body, "error"), "not_carried_out");
    EXPECT_NE(value_at(again.body, "message").find("was carried out before"), std::string::npos);
  }
  for (const Record& record : records(second)) {
    EXPECT_NE(record.type, gate::RecordType::Operator);
    EXPECT_NE(record.type, gate::RecordType::Transfer);
  }
  // More than there is: the engine refuses, and that is in the journal.
  const Reply refused = desk().post(
      "/v1/fact",
      R"({"action":"transfer","number":8,"asset":"USDC","amount":"900000000","from":"alpha-1"})");
  EXPECT_EQ(refused.status, 409u) << refused.body;
  EXPECT_NE(value_at(refused.body, "message").find("transfer number 8: refused: "),
            std::string::npos)
      << refused.body;
  EXPECT_EQ(balance() - before, 1'000'000'000);
  EXPECT_EQ(desk().post("/v1/fact", fact(8)).status, 409u) << "its number is spent";
}

TEST_F(ControlDoorTest, EachVerbActsAtEachScope) {
  const config::Names& names = world_.deployment().names;
  struct Place {
    std::string body;
    risk::ControlScope scope;
    std::uint32_t target;
  };
  const Place places[] = {
      {R"({"node":"alpha"})", risk::ControlScope::Node, names.nodes.find("alpha").value},
      {R"({"account":"alpha-1"})", risk::ControlScope::Account,
       names.accounts.find("alpha-1").value},
  };
  const std::pair<std::string, std::uint8_t> verbs[] = {{"/v1/kill", risk::kKilled},
                                                        {"/v1/suspend", risk::kSuspended},
                                                        {"/v1/close-only", risk::kCloseOnly}};
  for (const Place& place : places) {
    for (const auto& [path, flag] : verbs) {
      ASSERT_EQ(desk().post(path, place.body).status, 200u) << path << place.body;
      EXPECT_EQ(flags(place.scope, place.target), flag) << path << place.body;
      ASSERT_EQ(desk().post("/v1/resume", place.body, Role::Approver).status, 200u) << place.body;
      EXPECT_EQ(flags(place.scope, place.target), 0) << path << place.body;
    }
    EXPECT_EQ(desk().post("/v1/cancel-all", place.body).status, 200u);
    EXPECT_EQ(flags(place.scope, place.target), 0) << "nothing is refused";
  }
  const risk::InstrumentIndex amzn = names.instruments.find("AMZN");
  ASSERT_EQ(desk().post("/v1/suspend", R"({"instrument":"AMZN"})").status, 200u);
  EXPECT_EQ(world_.running_gate().engine().phase(amzn), risk::InstrumentPhase::Halted);
  ASSERT_EQ(desk().post("/v1/resume", R"({"instrument":"AMZN"})", Role::Approver).status, 200u);
  EXPECT_EQ(world_.running_gate().engine().phase(amzn), risk::InstrumentPhase::Trading);
}

TEST_F(ControlDoorTest, WhoKillsDoesNotResume) {
  const std::string place = R"({"account":"bravo-2"})";
  const std::uint32_t bravo = account("bravo-2").value;
  for (const Role stops : {Role::Risk, Role::Operator}) {
    ASSERT_EQ(desk().post("/v1/kill", place, stops).status, 200u);
    for (const Role other : {Role::Viewer, Role::Risk, Role::Operator}) {
      EXPECT_EQ(desk().post("/v1/resume", place, other).status, 403u) << config::name_of(other);
      EXPECT_EQ(flags(risk::ControlScope::Account, bravo), risk::kKilled);
    }
    EXPECT_EQ(desk().post("/v1/resume", place, Role::Approver).status, 200u);
    EXPECT_EQ(flags(risk::ControlScope::Account, bravo), 0);
  }
}

// Orders that are there already when the command comes wait for it.
TEST_F(ControlDoorTest, AKillIsTakenBeforeTheOrdersThatWait) {
  SoupClient client;
  ASSERT_EQ(log_in(client, 1), 0);
  const auto enter = [&](std::uint32_t number) {
    return client.send(gateway::venue_sim::bytes_of(gateway::venue_sim::enter_message(
        {.number = number, .quantity = 1, .price = 2'190'000, .symbol = "AMZN", .firm = ""})));
  };
  ASSERT_TRUE(enter(1));
  turns(client, 5);
  const std::uint64_t rejected = world_.running_gate().counters().rejected;
  ASSERT_TRUE(enter(2));
  client.write(world_.now_ns());
  client.wire().to_gate.arrive_all();
  EXPECT_FALSE(desk().say({.authorization = ControlWorld::as(Role::Risk),
                           .method = "POST",
                           .target = "/v1/kill",
                           .body = R"({"node":"alpha"})"}));
  desk().pass();
  ASSERT_TRUE(desk().late().has_value());
  const gate::Counters& counters = world_.running_gate().counters();
  EXPECT_EQ(counters.rejected, rejected + 1);
  EXPECT_EQ(counters.rejects[static_cast<std::size_t>(risk::RejectReason::Killed)], 1u);
  turns(client, 20);
}

TEST_F(ControlDoorTest, WhatThereIsNothingToDecideAboutIsNotDone) {
  const std::uint64_t before = world_.journal().published_sequence();
  for (const char* path : {"/v1/lost-orders-dead", "/v1/accept-state"}) {
    const Reply reply = desk().post(path, R"({"reason":"to be sure"})");
    EXPECT_EQ(reply.status, 409u) << path;
    EXPECT_EQ(value_at(reply.body, "error"), "nothing_to_decide");
  }
  for (const Record& record : records(before)) EXPECT_NE(record.type, gate::RecordType::Operator);
}

TEST_F(ControlDoorTest, AStateThatIsNotConfirmedIsAccepted) {
  ASSERT_TRUE(world_.operate([&](gate::Gate& g) { g.await_confirmation(world_.now_ns()); }));
  const std::string status = desk().get("/v1/status").body;
  EXPECT_EQ(value_at(status, "state"), "unconfirmed");
  EXPECT_EQ(value_at(status, "ready"), "false");
  EXPECT_EQ(value_at(status, "decisions[0]"), "accept-state");
  EXPECT_EQ(desk().post("/v1/accept-state", R"({"reason":"compared by hand"})").status, 200u);
  EXPECT_EQ(value_at(desk().get("/v1/status").body, "state"), "confirmed");
}

TEST_F(ControlDoorTest, WhereTheDiskIsWaitedForSoIsTheReply) {
  desk().waits_for_disk = true;
  desk().synced = world_.journal().published_sequence();
  EXPECT_FALSE(desk().say({.authorization = ControlWorld::as(Role::Risk),
                           .method = "POST",
                           .target = "/v1/suspend",
                           .body = R"({"account":"bravo-2"})"}));
  for (int n = 0; n < 3; ++n) desk().pass();
  EXPECT_FALSE(desk().late().has_value());
  EXPECT_NE(flags(risk::ControlScope::Account, account("bravo-2").value), 0) << "it is in force";
  desk().synced = world_.journal().published_sequence();
  desk().pass();
  const std::optional<Reply> reply = desk().late();
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->status, 200u);
}

TEST_F(ControlDoorTest, ACommandThatTheShardDoesNotTakeInTimeIsToldAsQueuedAndIsNotLost) {
  EXPECT_FALSE(desk().say({.authorization = ControlWorld::as(Role::Risk),
                           .method = "POST",
                           .target = "/v1/suspend",
                           .body = R"({"account":"bravo-2"})"}));
  desk().door->on_time(world_.now_ns());
  EXPECT_FALSE(desk().late().has_value());
  desk().door->on_time(world_.now_ns() + 2'000'000'000);
  const std::optional<Reply> reply = desk().late();
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->status, 202u);
  EXPECT_EQ(value_at(reply->body, "done"), "false");
  desk().pass();
  EXPECT_NE(flags(risk::ControlScope::Account, account("bravo-2").value), 0);
  EXPECT_FALSE(desk().late().has_value()) << "one reply a request";
}

TEST_F(ControlDoorTest, AFullQueueRefusesAndGoesOn) {
  const ControlWorld::Ask suspend{.authorization = ControlWorld::as(Role::Risk),
                                  .method = "POST",
                                  .target = "/v1/suspend",
                                  .body = R"({"account":"bravo-2"})"};
  for (std::size_t n = 0; n < control::ShardQueue::kCommandsMax; ++n)
    ASSERT_FALSE(desk().say(suspend).has_value());
  const std::optional<Reply> refused = desk().say(suspend);
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->status, 503u);
  EXPECT_EQ(desk().get("/v1/status").status, 200u);
  desk().pass();
  EXPECT_EQ(desk().ask(suspend).status, 200u);
}

// --- what-if

TEST_F(ControlDoorTest, AWhatIfSaysWhatTheOrderWouldGetWithItsArithmetic) {
  SoupClient client;
  ASSERT_EQ(log_in(client, 1), 0);  // meanwhile the venue's link comes up
  const Reply reply =
      desk().post("/v1/what-if", what_if_body(order("1", "219") + "," + order("100000", "219")),
                  Role::Approver);
  ASSERT_EQ(reply.status, 200u) << reply.body;
  EXPECT_EQ(value_at(reply.body, "decisions[0].decision.outcome"), "accept");
  EXPECT_EQ(value_at(reply.body, "decisions[0].decision.reason"), "null");
  EXPECT_EQ(value_at(reply.body, "decisions[0].account"), "alpha-hedge");
  EXPECT_EQ(value_at(reply.body, "decisions[1].decision.outcome"), "reject");
  EXPECT_EQ(value_at(reply.body, "decisions[1].decision.reason"), "clip_size");
  EXPECT_EQ(value_at(reply.body, "decisions[1].decision.unit"), "quantity");
  EXPECT_EQ(value_at(reply.body, "decisions[1].decision.needed"), "100000");
  EXPECT_EQ(world_.running_gate().engine().live_orders(), 0u);
}

TEST_F(ControlDoorTest, QuestionsWaitForOrdersAndThenAFewAPassAreAnswered) {
  std::string eight;
  for (int n = 0; n < 8; ++n) eight += (n == 0 ? "" : ",") + order("1", "219");
  EXPECT_FALSE(desk().say({.authorization = ControlWorld::as(Role::Risk),
                           .method = "POST",
                           .target = "/v1/what-if",
                           .body = what_if_body(eight)}));
  ASSERT_TRUE(world_.pass());
  desk().door->on_time(world_.now_ns());
  EXPECT_FALSE(desk().late().has_value()) << "eight are not answered in one pass";
  for (int n = 0; n < 3; ++n) desk().pass();
  const std::optional<Reply> reply = desk().late();
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->status, 200u);
}

TEST_F(ControlDoorTest, AFullQueueOfQuestionsRefusesAndGoesOn) {
  std::string eight;
  for (int n = 0; n < 8; ++n) eight += (n == 0 ? "" : ",") + order("1", "219");
  const ControlWorld::Ask ask{.authorization = ControlWorld::as(Role::Risk),
                              .method = "POST",
                              .target = "/v1/what-if",
                              .body = what_if_body(eight)};
  // A place is kept for the figures.
  constexpr std::size_t kAsked = control::ShardQueue::kQuestionsMax / 8 - 1;
  for (std::size_t n = 0; n < kAsked; ++n) ASSERT_FALSE(desk().say(ask).has_value());
  const std::optional<Reply> refused = desk().say(ask);
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->status, 503u);
  // A command is another queue's, and no question waits for ever.
  EXPECT_FALSE(desk().say({.authorization = ControlWorld::as(Role::Risk),
                           .method = "POST",
                           .target = "/v1/suspend",
                           .body = R"({"account":"bravo-2"})"}));
  desk().pass();
  EXPECT_NE(flags(risk::ControlScope::Account, account("bravo-2").value), 0);
  EXPECT_TRUE(desk().late().has_value());
  std::size_t answered = 0;
  for (int passes = 0; passes < 1'000 && answered < kAsked; ++passes) {
    desk().pass();
    while (desk().late().has_value()) ++answered;
  }
  EXPECT_EQ(answered, kAsked);
  EXPECT_EQ(desk().ask(ask).status, 200u);
}

TEST_F(ControlDoorTest, AWhatIfThatIsNotAnsweredInTimeIsRefused) {
  EXPECT_FALSE(desk().say({.authorization = ControlWorld::as(Role::Risk),
                           .method = "POST",
                           .target = "/v1/what-if",
                           .body = what_if_body(order("1", "219"))}));
  desk().door->on_time(world_.now_ns() + 1'000'000'000);
  const std::optional<Reply> reply = desk().late();
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->status, 503u);
  desk().pass();
  EXPECT_FALSE(desk().late().has_value());
}

// --- looking

TEST_F(ControlDoorTest, LimitsAddUpAndAreWhatThePositionsAndOrdersSay) {
  SoupClient client;
  ASSERT_EQ(log_in(client, 1), 0);
  ASSERT_TRUE(client.send(gateway::venue_sim::bytes_of(gateway::venue_sim::enter_message(
      {.number = 1, .quantity = 3, .price = 2'190'000, .symbol = "AMZN", .firm = ""}))));
  turns(client, 20);
  const config::Deployment& deployment = world_.deployment();
  risk::Engine& engine = world_.running_gate().engine();
  ASSERT_EQ(engine.live_orders(), 1u);
  const auto number = [](const config::Json& json) {
    return config::parse_decimal(json.text, 9).value;
  };
  int looked_at = 0;
  const auto look = [&](const std::string& query, const std::set<std::uint32_t>& accounts) {
    const Reply reply = desk().get("/v1/limits?" + query);
    ASSERT_EQ(reply.status, 200u) << reply.body;
    const config::Json json = config::parse_json(reply.body).json;
    for (const config::Json& one : json.find("instruments")->items) {
      const risk::InstrumentIndex instrument =
          deployment.names.instruments.find(one.find("instrument")->text);
      std::int64_t longs = 0;
      std::int64_t shorts = 0;
      for (const std::uint32_t a : accounts) {
        std::int64_t bought = engine.position({a}, instrument).raw;
        std::int64_t sold = -bought;
        const std::uint32_t end = deployment.parameters.capacities.orders;
        for (risk::OrderIndex at = engine.next_order(0, end); at.exists();
             at = engine.next_order(at.value + 1, end)) {
          const risk::Order& open = engine.order(at);
          if (open.account.value != a || open.instrument != instrument) continue;
          (open.side == risk::Side::Buy ? bought : sold) += open.total.raw - open.cum.raw;
        }
        longs += std::max<std::int64_t>(0, bought);
        shorts += std::max<std::int64_t>(0, sold);
      }
      const gateway::RecordValues values(&deployment);
      EXPECT_EQ(one.find("long")->find("used")->text, *values.lots(instrument, {longs}))
          << query << ' ' << one.find("instrument")->text;
      EXPECT_EQ(one.find("short")->find("used")->text, *values.lots(instrument, {shorts}));
      for (const char* limit : {"long", "short", "gross_notional"}) {
        const config::Json& figures = *one.find(limit);
        EXPECT_EQ(number(*figures.find("used")) + number(*figures.find("available")),
                  number(*figures.find("limit")))
            << limit;
      }
      ++looked_at;
    }
  };
  for (std::uint32_t n = 0; n < deployment.parameters.nodes.size(); ++n) {
    std::set<std::uint32_t> under;
    for (std::uint32_t a = 0; a < deployment.accounts.size(); ++a)
      if (engine.is_under({a}, risk::ControlScope::Node, n)) under.insert(a);
    look("node=" + deployment.names.nodes.name({n}), under);
  }
  for (std::uint32_t a = 0; a < deployment.accounts.size(); ++a)
    look("account=" + deployment.names.accounts.name({a}), {a});
  EXPECT_GT(looked_at, 20);
  const std::string own = desk().get("/v1/account?account=alpha-hedge").body;
  EXPECT_EQ(value_at(own, "orders[0].instrument"), "AMZN");
  EXPECT_EQ(value_at(own, "orders[0].quantity"), "3");
  EXPECT_EQ(value_at(own, "all_orders"), "true");
}

TEST_F(ControlDoorTest, AccountsComeInPages) {
  std::set<std::string> seen;
  std::string from;
  int pages = 0;
  do {
    const Reply reply = desk().get("/v1/accounts?limit=2" + (from.empty() ? "" : "&from=" + from));
    ASSERT_EQ(reply.status, 200u) << reply.body;
    const config::Json json = config::parse_json(reply.body).json;
    for (const config::Json& one : json.find("accounts")->items)
      EXPECT_TRUE(seen.insert(one.find("account")->text).second);
    from = json.find("next")->text;
    ++pages;
  } while (!from.empty() && pages < 100);
  EXPECT_EQ(seen.size(), world_.deployment().accounts.size());
}

TEST_F(ControlDoorTest, WhileTheFollowerIsAtWorkLooksAreRefusedAndCommandsAreNot) {
  desk().is_busy = true;
  for (const char* path :
       {"/v1/status", "/v1/limits", "/v1/accounts", "/v1/account?account=alpha-1"})
    EXPECT_EQ(desk().get(path).status, 503u) << path;
  EXPECT_EQ(desk().post("/v1/suspend", R"({"account":"bravo-2"})").status, 200u);
  EXPECT_EQ(desk().get("/v1/rejects").status, 200u);
}

TEST_F(ControlDoorTest, ReadyIsToldToAnybody) {
  world_.transport().clock_ns += 1'000'000'000;
  for (int n = 0; n < 20; ++n) {
    desk().pass();
    world_.carry();
    world_.transport().clock_ns += 10'000'000;
  }
  EXPECT_EQ(desk().ask({.target = "/v1/ready"}).status, 200u) << desk().get("/v1/status").body;
  ASSERT_TRUE(world_.operate([&](gate::Gate& g) { g.await_confirmation(world_.now_ns()); }));
  world_.transport().clock_ns += 1'000'000'000;
  desk().pass();
  EXPECT_EQ(desk().ask({.target = "/v1/ready"}).status, 503u);
  ASSERT_TRUE(world_.operate([&](gate::Gate& g) { g.accept_state(world_.now_ns()); }));
}

// --- rejects and events

TEST_F(ControlDoorTest, RejectsAreKeptNewestFirstAndNoMoreThanSoMany) {
  SoupClient client;
  ASSERT_EQ(log_in(client, 1), 0);
  for (std::uint32_t n = 1; n <= 20; ++n) {
    ASSERT_TRUE(client.send(gateway::venue_sim::bytes_of(gateway::venue_sim::enter_message(
        {.number = n, .quantity = 900'000, .price = 2'190'000, .symbol = "AMZN", .firm = ""}))));
  }
  turns(client, 20);
  desk().pass();
  const Reply reply = desk().get("/v1/rejects?limit=1000");
  const config::Json json = config::parse_json(reply.body).json;
  const auto& rejects = json.find("rejects")->items;
  ASSERT_EQ(rejects.size(), 16u);
  EXPECT_EQ(rejects.front().find("client_ref")->integer, 20);
  EXPECT_EQ(rejects.back().find("client_ref")->integer, 5);
  EXPECT_EQ(rejects.front().find("account")->text, "alpha-hedge");
  EXPECT_EQ(rejects.front().find("decision")->find("outcome")->text, "reject");
  EXPECT_EQ(value_at(desk().get("/v1/rejects?account=bravo-2").body, "rejects[0]"), "");
}

TEST_F(ControlDoorTest, ListenersHearWhatTheyAskedForAndWhoDidIt) {
  const auto all = desk().listen("");
  const auto rejects = desk().listen("kinds=reject");
  ASSERT_TRUE(all && rejects);
  EXPECT_FALSE(desk().listen("kinds=gossip").has_value());
  EXPECT_FALSE(desk().listen("colour=red").has_value());
  ASSERT_EQ(desk().heard(*all).size(), 1u) << "hello";
  ASSERT_EQ(desk().heard(*rejects).size(), 1u);
  EXPECT_EQ(desk().post("/v1/suspend", R"({"node":"alpha","reason":"a drill"})").status, 200u);
  desk().pass();
  const std::vector<std::string> heard = desk().heard(*all);
  const auto event = std::find_if(heard.begin(), heard.end(), [](const std::string& text) {
    return value_at(text, "event") == "control";
  });
  ASSERT_NE(event, heard.end());
  EXPECT_EQ(value_at(*event, "what"), "suspend");
  EXPECT_EQ(value_at(*event, "scope"), "node");
  EXPECT_EQ(value_at(*event, "target"), "alpha");
  EXPECT_EQ(value_at(*event, "by"), "operator");
  EXPECT_EQ(value_at(*event, "reason"), "a drill");
  EXPECT_TRUE(desk().heard(*rejects).empty());
  desk().door->on_message(*rejects, "hello", world_.now_ns());
  EXPECT_TRUE(desk().is_closed(*rejects));
  desk().leave(*rejects);
  desk().leave(*all);
}

}  // namespace
}  // namespace portcullis::test::control_door_test
