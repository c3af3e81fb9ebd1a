// The control plane of a real gate: its verbs on the command line, over plain sockets and over TLS,
// kept by the journal over a kill, and peers that break HTTP or just do not go on.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <random>
#include <thread>

#include "config/json.h"
#include "feeds/epoch_clock.h"
#include "gateway/control/verbs.h"
#include "gateway/gate/record_fields.h"
#include "gateway/journal/reader.h"
#include "tests/support/control_world.h"
#include "tests/support/gate_process.h"
#include "tests/support/json_world.h"
#include "tests/support/link_state.h"
#include "tests/support/ouch_client.h"
#include "tests/support/paths.h"
#include "tests/support/raw_peer.h"
#include "tests/support/seed.h"

namespace portcullis::test::control_plane_test {
namespace {

using config::Role;

class ControlPlane : public ::testing::Test {
 protected:
  void start(const std::string& tls = "null", int request_timeout_ms = 10'000,
             std::vector<Change> changes = {}) {
    changes.push_back(
        {Change::Kind::Add, "process.json", "control",
         control_json(port_.number(), tls,
                      "\"request_timeout_ms\":" + std::to_string(request_timeout_ms) + ",")});
    deployment_ = std::make_unique<TestDeployment>(changes);
    start_again();
  }
  void start_again() {
    if (!venue_) venue_ = std::make_unique<VenueProcess>(*deployment_);
    gate_ = std::make_unique<GateProcess>(*deployment_);
    ASSERT_NE(gate_->port(), 0) << read_file(deployment_->errors());
    wait_for_link(gate_->port());
  }
  void stop() {
    EXPECT_EQ(gate_->terminate(), 0) << read_file(deployment_->errors());
    EXPECT_EQ(venue_->terminate(), 0);
    expect_replay_agrees(*deployment_);
  }

  Outcome say(Role role, std::vector<std::string> words) {
    return say_to_control(port_.number(), role, std::move(words));
  }
  std::string get(const std::string& target, Role role = Role::Viewer) const {
    RawPeer peer(port_.number());
    peer.send("GET " + target + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token_of(role) +
              "\r\nConnection: close\r\n\r\n");
    return peer.read_to_end().value_or("");
  }

  // What status says once the value there is as it should be, or after some patience.
  std::string status_when(const std::string& path,
                          const std::function<bool(const std::string&)>& is_so) {
    std::string status;
    for (int tries = 0; tries < 1'000; ++tries) {
      status = say(Role::Viewer, {"status", "--json"}).out;
      if (is_so(value_at(status, path))) return status;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    ADD_FAILURE() << path << " is not as it should be: " << status;
    return status;
  }
  // The status of the reply to a request over a plain socket, asked again while the gate is busy.
  unsigned ask(const std::string& method, const std::string& target,
               const std::string& authorization, const std::string& body) const {
    for (int tries = 0; tries < 1'000; ++tries) {
      RawPeer peer(port_.number());
      peer.send(method + ' ' + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" +
                (authorization.empty() ? "" : "Authorization: " + authorization + "\r\n") +
                (method == "GET" ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n") +
                "\r\n" + body);
      const std::string reply = peer.read_to_end().value_or("");
      const auto status = static_cast<unsigned>(
          std::strtoul(reply.size() > 12 ? reply.c_str() + 9 : "0", nullptr, 10));
      if (status != 503) return status;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return 503;
  }

  // Who gave each command of the journal, and which.
  std::vector<std::string> commands_in_journal() const {
    using gateway::gate::RecordType;
    std::vector<std::string> commands;
    gateway::journal::Reader reader(deployment_->journal(), {});
    gateway::journal::RecordView record;
    std::string by;
    while (reader.next(record) == gateway::journal::ReadStatus::Record) {
      gateway::gate::OperatorRecord who;
      risk::Control control;
      if (static_cast<RecordType>(record.type) == RecordType::Operator) {
        EXPECT_TRUE(gateway::journal::read_command(record, who));
        by = who.by.data();
      } else if (!by.empty()) {
        std::string what = "cancel_all";
        if (static_cast<RecordType>(record.type) == RecordType::Control) {
          EXPECT_TRUE(gateway::journal::read_command(record, control));
          what = gateway::gate::name_of(control.action);
        } else if (static_cast<RecordType>(record.type) == RecordType::Transfer) {
          what = "transfer";
        }
        commands.push_back(by + ": " + what);
        by.clear();
      }
    }
    return commands;
  }

  Port port_;
  std::unique_ptr<TestDeployment> deployment_;
  std::unique_ptr<VenueProcess> venue_;
  std::unique_ptr<GateProcess> gate_;
};

TEST_F(ControlPlane, TheVerbsWorkOnTheCommandLineAndOutliveTheGate) {
  start();
  const Outcome status = say(Role::Viewer, {"status"});
  EXPECT_EQ(status.code, 0) << status.errors;
  EXPECT_NE(status.out.find("ready                   yes"), std::string::npos) << status.out;
  EXPECT_NE(status.out.find("ALPHA2"), std::string::npos) << status.out;
  // Whoever asks without a token is told what the plane has seen at its last look.
  const auto ask_ready = [&] {
    return run_to_end({binary(), "ready", "--at", std::to_string(port_.number())});
  };
  Outcome ready = ask_ready();
  for (int n = 0; n < 600 && ready.code != 0; ++n) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    ready = ask_ready();
  }
  EXPECT_EQ(ready.out, "ready\n") << ready.errors;
  EXPECT_EQ(ready.code, 0);

  const Outcome json = say(Role::Viewer, {"account", "alpha-hedge", "--json"});
  EXPECT_EQ(value_at(json.out, "positions[0].instrument"), "BTC-PERP") << json.out;
  EXPECT_EQ(value_at(json.out, "positions[0].position"), "-5");
  const Outcome limits = say(Role::Viewer, {"limits", "--account", "alpha-hedge", "--used"});
  EXPECT_NE(limits.out.find("BTC-PERP short"), std::string::npos) << limits.out << limits.errors;
  EXPECT_NE(say(Role::Viewer, {"accounts"}).out.find("bravo-house"), std::string::npos);
  EXPECT_EQ(say(Role::Viewer, {"rejects"}).code, 0);
  EXPECT_NE(say(Role::Viewer, {"metrics"}).out.find("portcullis_ready 1"), std::string::npos);

  const Outcome forbidden = say(Role::Viewer, {"kill", "--node", "bravo"});
  EXPECT_EQ(forbidden.code, 1);
  EXPECT_NE(forbidden.errors.find("not_permitted"), std::string::npos) << forbidden.errors;
  const Outcome nobody = run_to_end({binary(), "status", "--at", std::to_string(port_.number())},
                                    {{"PORTCULLIS_TOKEN", "x"}});
  EXPECT_EQ(nobody.code, 1);
  EXPECT_NE(nobody.errors.find("no token"), std::string::npos);

  const std::filesystem::path orders = deployment_->folder() / "orders.json";
  std::ofstream(orders) << R"({"orders":[{"session":"ALPHA2","instrument":"AMZN","side":"buy",)"
                           R"("quantity":"1","price":"219"}]})";
  const Outcome what_if = say(Role::Risk, {"what-if", "--orders", orders.string()});
  EXPECT_NE(what_if.out.find("accept"), std::string::npos) << what_if.out << what_if.errors;

  const Outcome killed =
      say(Role::Risk, {"kill", "--account", "alpha-hedge", "--reason", "a drill"});
  EXPECT_EQ(killed.code, 0) << killed.errors;
  EXPECT_NE(killed.out.find("done by risk, record "), std::string::npos) << killed.out;
  EXPECT_NE(say(Role::Risk, {"what-if", "--orders", orders.string()}).out.find("killed"),
            std::string::npos);

  gate_->kill_9();
  gate_.reset();
  start_again();
  EXPECT_NE(say(Role::Viewer, {"status"}).out.find("alpha-hedge  killed"), std::string::npos)
      << say(Role::Viewer, {"status"}).out;
  EXPECT_EQ(say(Role::Approver, {"resume", "--account", "alpha-hedge"}).code, 0);
  EXPECT_NE(say(Role::Risk, {"what-if", "--orders", orders.string()}).out.find("accept"),
            std::string::npos);
  stop();
  const Outcome told =
      run_to_end({binary(), "journal", "--journal", deployment_->journal().string()});
  EXPECT_NE(told.out.find("a drill"), std::string::npos) << told.errors;
}

// Every verb for everybody, as it is meant; what is refused leaves nothing in the journal.
TEST_F(ControlPlane, TheMatrixOfCallersAndVerbsIsThis) {
  start("null", 10'000,
        {{Change::Kind::Set, "process.json", "gateway.login_attempts_max", "1000"}});
  const std::string callers[] = {
      "",                                    // no token
      "Bearer x",                            // no token either
      "Bearer pct_" + std::string(43, 'z'),  // nobody's, or no longer anybody's
      "Basic " + token_of(Role::Operator),   // of another scheme
      "Bearer " + token_of(Role::Viewer),
      "Bearer " + token_of(Role::Risk),
      "Bearer " + token_of(Role::Approver),
      "Bearer " + token_of(Role::Operator),
  };
  const std::string who = R"({"account":"bravo-2","reason":"a drill"})";
  const std::string why = R"({"reason":"as the venue says"})";
  const std::string alert = R"({"alert":"1-0"})";
  const std::string orders =
      R"({"orders":[{"session":"ALPHA2","instrument":"AMZN","side":"buy","quantity":"1",)"
      R"("price":"219"}]})";
  const std::string fact =
      R"({"action":"transfer","number":7,"asset":"USDC","amount":"5","to":"alpha-1"})";
  const std::string override =
      R"({"changes":[{"account":"bravo-2","instrument":"AMZN","limit":"clip","value":"5"}],)"
      R"("for_s":3600,"reason":"a drill"})";
  const std::string change = R"({"change":1,"reason":"a drill"})";
  struct Row {
    const char* method;
    const char* target;
    std::string body;
    std::array<unsigned, 8> status;  // by caller
  };
  // 409: there is nothing to decide, or the change is in force; 426: events are for WebSockets.
  const Row rows[] = {
      {"GET", "/v1/ready", "", {200, 200, 200, 200, 200, 200, 200, 200}},
      {"GET", "/v1/status", "", {401, 401, 401, 401, 200, 200, 200, 200}},
      {"GET", "/v1/limits", "", {401, 401, 401, 401, 200, 200, 200, 200}},
      {"GET", "/v1/accounts", "", {401, 401, 401, 401, 200, 200, 200, 200}},
      {"GET", "/v1/account?account=alpha-1", "", {401, 401, 401, 401, 200, 200, 200, 200}},
      {"GET", "/v1/rejects", "", {401, 401, 401, 401, 200, 200, 200, 200}},
      {"GET", "/v1/alerts", "", {401, 401, 401, 401, 200, 200, 200, 200}},
      {"GET", "/metrics", "", {401, 401, 401, 401, 200, 200, 200, 200}},
      {"GET", "/v1/openapi.json", "", {401, 401, 401, 401, 200, 200, 200, 200}},
      {"GET", "/v1/events", "", {401, 401, 401, 401, 426, 426, 426, 426}},
      {"GET", "/v1/changes", "", {401, 401, 401, 401, 200, 200, 200, 200}},
      {"POST", "/v1/what-if", orders, {401, 401, 401, 401, 403, 200, 200, 200}},
      {"POST", "/v1/kill", who, {401, 401, 401, 401, 403, 200, 403, 200}},
      {"POST", "/v1/suspend", who, {401, 401, 401, 401, 403, 200, 403, 200}},
      {"POST", "/v1/close-only", who, {401, 401, 401, 401, 403, 200, 403, 200}},
      {"POST", "/v1/resume", who, {401, 401, 401, 401, 403, 403, 200, 403}},
      {"POST", "/v1/cancel-all", who, {401, 401, 401, 401, 403, 200, 403, 200}},
      {"POST", "/v1/lost-orders-dead", why, {401, 401, 401, 401, 403, 403, 403, 409}},
      {"POST", "/v1/accept-state", why, {401, 401, 401, 401, 403, 403, 403, 409}},
      {"POST", "/v1/fact", fact, {401, 401, 401, 401, 403, 403, 403, 200}},
      {"POST", "/v1/acknowledge", alert, {401, 401, 401, 401, 403, 409, 403, 409}},
      {"POST", "/v1/reload", why, {401, 401, 401, 401, 403, 200, 403, 403}},
      {"POST", "/v1/override", override, {401, 401, 401, 401, 403, 200, 403, 403}},
      {"POST", "/v1/approve", change, {401, 401, 401, 401, 403, 403, 409, 403}},
      {"POST", "/v1/refuse", change, {401, 401, 401, 401, 403, 403, 409, 403}},
      {"POST", "/v1/withdraw", change, {401, 401, 401, 401, 403, 409, 403, 403}},
  };
  for (const Row& row : rows) {
    for (std::size_t caller = 0; caller < std::size(callers); ++caller)
      EXPECT_EQ(ask(row.method, row.target, callers[caller], row.body), row.status[caller])
          << row.target << " as \"" << callers[caller] << '"';
  }
  EXPECT_EQ(std::size(rows), gateway::control::kVerbs.size()) << "a verb without a row";
  stop();
  EXPECT_EQ(commands_in_journal(),
            (std::vector<std::string>{
                "risk: kill", "operator: kill", "risk: suspend", "operator: suspend",
                "risk: close_only", "operator: close_only", "approver: resume", "risk: cancel_all",
                "operator: cancel_all", "operator: transfer"}));
}

TEST_F(ControlPlane, FeedsAndQueuesAreInTheMetrics) {
  const Port prices;
  start("null", 10'000, priced_by_publisher(prices.number()));
  std::string metrics;
  const auto says = [&](const std::string& line) {
    metrics = say(Role::Viewer, {"metrics"}).out;
    return metrics.find("\nportcullis_" + line + "\n") != std::string::npos;
  };
  const auto comes_to_say = [&](const std::string& line) {
    for (int tries = 0; tries < 1'000; ++tries) {
      if (says(line)) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
  };
  EXPECT_TRUE(comes_to_say(R"(source_live{source="own"} 0)")) << metrics;
  EXPECT_TRUE(says(R"(queue_depth{queue="references"} 0)")) << metrics;
  RawPeer publisher(prices.number());
  publisher.send(fmt::format("source own\nmark AMZN 220 {}\n", feeds::epoch_ns()));
  EXPECT_TRUE(comes_to_say(R"(source_live{source="own"} 1)")) << metrics;
  EXPECT_TRUE(comes_to_say(R"(source_prices_total{source="own",outcome="taken"} 1)")) << metrics;
  stop();
}

// Orders of one member are killed while another's go on.
TEST_F(ControlPlane, AKillUnderLoadIsMeasured) {
  start();
  OuchClient alpha(gate_->port());
  ASSERT_TRUE(alpha.login("ALPHA2", 0));
  constexpr std::uint32_t kOrders = 100;
  for (std::uint32_t n = 1; n <= kOrders; ++n) alpha.send(buy(n, 1, -10 - std::int64_t{n}));
  const Lines answers = alpha.receive(kOrders);
  const auto live =
      std::ranges::count_if(answers, [](const std::string& a) { return a[0] == 'A'; });
  ASSERT_GT(live, 10);
  std::atomic<bool> over{false};
  std::atomic<std::uint32_t> others{0};  // orders of the other member that were taken
  std::thread load([&] {
    OuchClient bravo(gate_->port());
    EXPECT_TRUE(bravo.login("BRAVO2", 0));
    for (std::uint32_t n = 1; !over; ++n) {
      bravo.send(sell(n, 1, 20));
      const Lines answer = bravo.receive(1);
      if (answer.empty() || answer[0][0] != 'A') continue;
      ++others;
      bravo.send(cancel(n));  // so that no limit ends the load
      bravo.receive(1);
    }
  });
  const auto wait_for_others = [&](std::uint32_t more) {
    const std::uint32_t enough = others + more;
    for (int n = 0; n < 1'000 && others < enough; ++n)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_GE(others, enough);
  };
  wait_for_others(20);
  EXPECT_EQ(say(Role::Risk, {"kill", "--node", "alpha", "--reason", "a drill"}).code, 0);
  for (std::uint32_t n = 1; n <= 3; ++n) alpha.send(buy(kOrders + n, 1, -10));
  const std::string status = status_when("sweeps[0].ended_after_ns", [](const std::string& text) {
    return text != "null" && !text.empty();
  });
  wait_for_others(5);
  over = true;
  load.join();
  EXPECT_EQ(value_at(status, "sweeps[0].target"), "alpha");
  EXPECT_EQ(value_at(status, "sweeps[0].by"), "risk");
  EXPECT_EQ(value_at(status, "sweeps[0].orders"), std::to_string(live));
  EXPECT_EQ(value_at(status, "sweeps[0].open"), "0");
  const auto after = [&](const std::string& what) {
    return std::stoll("0" + value_at(status, "sweeps[0]." + what + "_after_ns"));
  };
  EXPECT_LE(after("in_force"), after("sent"));
  EXPECT_LE(after("sent"), after("ended"));
  EXPECT_NE(after("ended"), 0);
  EXPECT_EQ(value_at(status_when("sweeps[0].refused",
                                 [](const std::string& text) { return text == "3"; }),
                     "sweeps[0].refused"),
            "3");
  EXPECT_NE(say(Role::Viewer, {"status"}).out.find("kill   node   alpha"), std::string::npos)
      << say(Role::Viewer, {"status"}).out;
  wait_for_venue_stat(*deployment_, *venue_, "canceled", live + others);
  stop();
  EXPECT_NE(read_file(deployment_->errors()).find("kill of node alpha by risk"), std::string::npos);
}

TEST_F(ControlPlane, AKillWithoutAVenueIsPendingAndItsFiguresOutliveTheGate) {
  start();
  OuchClient alpha(gate_->port());
  ASSERT_TRUE(alpha.login("ALPHA2", 0));
  for (std::uint32_t n = 1; n <= 5; ++n) alpha.send(buy(n, 1, -10 - std::int64_t{n}));
  EXPECT_EQ(alpha.receive(5).size(), 5u);
  EXPECT_EQ(venue_->terminate(), 0);
  venue_.reset();
  (void)status_when("link", [](const std::string& text) { return text != "up"; });
  EXPECT_EQ(say(Role::Risk, {"kill", "--account", "alpha-hedge", "--reason", "a drill"}).code, 0);
  const std::string pending =
      status_when("sweeps[0].orders", [](const std::string& text) { return text == "5"; });
  EXPECT_EQ(value_at(pending, "sweeps[0].open"), "5") << pending;
  EXPECT_EQ(value_at(pending, "sweeps[0].sent_after_ns"), "null");
  EXPECT_EQ(value_at(pending, "sweeps[0].ended_after_ns"), "null");
  gate_->kill_9();
  gate_.reset();
  start_again();
  const std::string done = status_when("sweeps[0].ended_after_ns", [](const std::string& text) {
    return text != "null" && !text.empty();
  });
  EXPECT_EQ(value_at(done, "sweeps[0].accepted_ns"), value_at(pending, "sweeps[0].accepted_ns"));
  EXPECT_EQ(value_at(done, "sweeps[0].orders"), "5");
  EXPECT_EQ(value_at(done, "sweeps[0].open"), "0");
  EXPECT_NE(value_at(done, "sweeps[0].sent_after_ns"), "null");
  stop();
}

// Of ten orders that may be open.
TEST_F(ControlPlane, AWarningIsPushedAcknowledgedAndOutlivesTheGate) {
  start("null", 10'000,
        {{Change::Kind::Set, "limits.json", "profiles.maker.open_orders_max", "10"},
         {Change::Kind::Set, "sessions.json", "sessions.ALPHA2.cancel_on_disconnect", "false"}});
  RawPeer peer(port_.number());
  peer.send("GET /v1/events?kinds=warning HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " +
            token_of(Role::Viewer) +
            "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  ASSERT_TRUE(peer.read_response().starts_with("HTTP/1.1 101 "));
  EXPECT_EQ(value_at(peer.read_text(), "event"), "hello");
  // Of other limits there may be warnings too.
  const auto next = [&](const std::string& what) {
    std::string event;
    do {
      event = peer.read_text();
    } while (!event.empty() && (value_at(event, "alert.kind") != "open_orders_max" ||
                                value_at(event, "what") != what));
    return event;
  };
  OuchClient alpha(gate_->port());
  ASSERT_TRUE(alpha.login("ALPHA2", 0));
  std::uint32_t number = 0;
  const auto enter = [&](std::uint32_t count) {
    for (std::uint32_t n = 0; n < count; ++n) {
      ++number;
      alpha.send(buy(number, 1, -10 - std::int64_t{number}));
    }
    EXPECT_EQ(alpha.receive(count).size(), count);
  };
  std::string last;
  for (const auto& [orders, percent] :
       {std::pair{6u, "60"}, std::pair{2u, "75"}, std::pair{1u, "90"}, std::pair{1u, "100"}}) {
    enter(orders);
    const std::string event = next("raised");
    EXPECT_EQ(value_at(event, "event"), "warning") << event;
    EXPECT_EQ(value_at(event, "alert.percent"), percent);
    EXPECT_EQ(value_at(event, "alert.node"), "alpha-hedge");
    EXPECT_EQ(value_at(event, "alert.used"), std::to_string(number));
    EXPECT_EQ(value_at(event, "alert.limit"), "10");
    EXPECT_NE(value_at(event, "alert.alert"), last) << "each is another alert";
    last = value_at(event, "alert.alert");
  }
  const Outcome alerts = say(Role::Viewer, {"alerts"});
  EXPECT_NE(alerts.out.find(last), std::string::npos) << alerts.out << alerts.errors;
  EXPECT_EQ(say(Role::Viewer, {"acknowledge", last}).code, 1);
  const Outcome seen = say(Role::Risk, {"acknowledge", last, "--reason", "it is their roll"});
  EXPECT_EQ(seen.code, 0) << seen.errors;
  const std::string told = next("acknowledged");
  EXPECT_EQ(value_at(told, "alert.alert"), last);
  EXPECT_EQ(value_at(told, "alert.acknowledged.by"), "risk");
  EXPECT_EQ(say(Role::Risk, {"acknowledge", last}).code, 1) << "once";

  gate_->kill_9();
  gate_.reset();
  start_again();
  const std::string again = say(Role::Viewer, {"alerts", "--json"}).out;
  const config::Json json = config::parse_json(again).json;
  ASSERT_NE(json.find("alerts"), nullptr) << again;
  const auto& list = json.find("alerts")->items;
  const auto found = std::ranges::find_if(
      list, [&](const config::Json& one) { return one.find("alert")->text == last; });
  ASSERT_NE(found, list.end()) << again;
  EXPECT_EQ(found->find("percent")->integer, 100);
  EXPECT_EQ(found->find("acknowledged")->find("by")->text, "risk");
  EXPECT_EQ(found->find("acknowledged")->find("reason")->text, "it is their roll");
  EXPECT_NE(say(Role::Viewer, {"metrics"})
                .out.find("portcullis_alerts{level=\"100\",acknowledged=\"true\"} 1"),
            std::string::npos)
      << say(Role::Viewer, {"metrics"}).out;
  stop();
  const std::string log = read_file(deployment_->errors());
  EXPECT_NE(log.find("warning " + last +
                     ": open_orders_max of account alpha-hedge is at 100 %: "
                     "10 of 10"),
            std::string::npos)
      << log;
  EXPECT_NE(log.find("acknowledged by risk"), std::string::npos) << log;
  const Outcome audit =
      run_to_end({binary(), "audit", "--journal", deployment_->journal().string(), "--verify"});
  EXPECT_EQ(audit.code, 0) << audit.errors;
  EXPECT_NE(read_file(deployment_->journal() / "audit.log")
                .find(R"("verb":"acknowledge","scope":"alert","target":")" + last + '"'),
            std::string::npos);
}

TEST_F(ControlPlane, OverTlsTheCertificateIsLookedAt) {
  const gateway::journal::testing::TemporaryFolder folder;
  const std::string certificate = (folder.path() / "c.pem").string();
  const std::string key = (folder.path() / "k.pem").string();
  make_certificate(certificate, key);
  start(R"({"certificate_file":")" + certificate + R"(","private_key_file":")" + key + "\"}");
  const std::string at = "localhost:" + std::to_string(port_.number());
  const Environment token{{"PORTCULLIS_TOKEN", token_of(Role::Viewer)}};
  const Outcome good = run_to_end({binary(), "status", "--at", at, "--ca", certificate}, token);
  EXPECT_EQ(good.code, 0) << good.errors;
  const Outcome plain = run_to_end({binary(), "status", "--at", at}, token);
  EXPECT_EQ(plain.code, 1) << plain.out;
  const std::string other = (folder.path() / "other.pem").string();
  make_certificate(other, (folder.path() / "other-key.pem").string());
  const Outcome stranger = run_to_end({binary(), "status", "--at", at, "--ca", other}, token);
  EXPECT_EQ(stranger.code, 1) << stranger.out;
  EXPECT_NE(stranger.errors.find("no TLS"), std::string::npos) << stranger.errors;
  stop();
}

TEST_F(ControlPlane, BrokenHttpAndSlowPeersHoldUpNobody) {
  start("null", 1'000);
  std::mt19937_64 random(seed());
  const std::string good = "POST /v1/what-if HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " +
                           token_of(Role::Risk) +
                           "\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n"
                           "{\"orders\":[]}";
  for (int n = 0; n < 400; ++n) {
    std::string bytes = good;
    const std::size_t changes = 1 + random() % 8;
    for (std::size_t c = 0; c < changes; ++c) {
      const std::size_t at = random() % bytes.size();
      switch (random() % 3) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes.erase(at, 1 + random() % 16);
          break;
        default:
          bytes.insert(at, std::string(1 + random() % 16, static_cast<char>(random())));
      }
      if (bytes.empty()) bytes = good;
    }
    RawPeer peer(port_.number());
    peer.send(bytes);
    peer.shut_down_sending();
    const std::optional<std::string> said = peer.read_to_end();
    ASSERT_TRUE(said.has_value()) << "round " << n << ": the connection does not end";
    if (!said->empty()) {
      EXPECT_TRUE(said->starts_with("HTTP/1.1 4") || said->starts_with("HTTP/1.1 5")) << *said;
    }
  }
  EXPECT_TRUE(get("/v1/status").starts_with("HTTP/1.1 200 "));
  // Every place is held by somebody who has sent half a request, or reads no reply.
  std::vector<std::unique_ptr<RawPeer>> slow;
  for (int n = 0; n < 8; ++n) {
    slow.push_back(std::make_unique<RawPeer>(port_.number()));
    slow.back()->send(good.substr(0, 20 + static_cast<std::size_t>(n)));
  }
  for (const auto& peer : slow) EXPECT_TRUE(peer->read_to_end().has_value()) << "it is let go";
  EXPECT_EQ(say(Role::Risk, {"suspend", "--account", "bravo-2"}).code, 0);
  EXPECT_TRUE(gate_->is_running());
  stop();
}

TEST_F(ControlPlane, EventsArePushed) {
  start();
  RawPeer peer(port_.number());
  peer.send("GET /v1/events?kinds=control HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " +
            token_of(Role::Viewer) +
            "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  const std::string opened = peer.read_response();
  ASSERT_TRUE(opened.starts_with("HTTP/1.1 101 ")) << opened;
  EXPECT_EQ(value_at(peer.read_text(), "event"), "hello");
  EXPECT_EQ(say(Role::Risk, {"close-only", "--node", "bravo", "--reason", "news"}).code, 0);
  const std::string event = peer.read_text();
  EXPECT_EQ(value_at(event, "what"), "close_only") << event;
  EXPECT_EQ(value_at(event, "target"), "bravo");
  EXPECT_EQ(value_at(event, "by"), "risk");
  EXPECT_EQ(value_at(event, "reason"), "news");
  EXPECT_EQ(gate_->terminate(), 0);
  EXPECT_EQ(peer.read_close(), 1001);
  EXPECT_EQ(venue_->terminate(), 0);
}

}  // namespace
}  // namespace portcullis::test::control_plane_test
