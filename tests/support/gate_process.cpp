#include "tests/support/gate_process.h"
#include "tests/support/paths.h"

#include <gtest/gtest.h>

#include <fstream>
#include <utility>

namespace portcullis::test {

namespace {

constexpr auto kSet = Change::Kind::Set;

// Prices that stay good for the whole of any test, so that none depends on when the feed speaks.
constexpr std::string_view kMarks =
    "time_ns,symbol,price\n"
    "0,BTC-PERP,64000\n"
    "0,ETH-PERP,3400\n"
    "0,AMZN,220\n"
    "0,EUR/USD,1.085\n"
    "0,BTC,64000\n"
    "0,ETH,3400\n"
    "0,USDC,1\n";

constexpr std::string_view kState = R"({
  "as_of": "2026-01-05T00:00:00Z", "by": "operations",
  "balances": [
    { "account": "alpha-1", "asset": "USDC", "amount": "4000000" },
    { "account": "alpha-hedge", "asset": "USDC", "amount": "4000000" },
    { "account": "bravo-1", "asset": "USDC", "amount": "500000" },
    { "account": "bravo-house", "asset": "USDC", "amount": "4000000" }
  ],
  "positions": [
    { "account": "alpha-hedge", "instrument": "BTC-PERP", "quantity": "-5", "entry_price": "64000" },
    { "account": "bravo-house", "instrument": "BTC-PERP", "quantity": "5", "entry_price": "64000" },
    { "account": "bravo-1", "instrument": "BTC-PERP", "quantity": "1", "entry_price": "64000" }
  ]
})";

void write_file(const std::filesystem::path& path, std::string_view text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.close();
  EXPECT_TRUE(out) << path;
}

config::Json read_json(const std::filesystem::path& path) {
  const config::JsonResult result = config::parse_json(read_file(path));
  EXPECT_EQ(result.error, "") << path;
  return result.json;
}

config::Json member(const std::filesystem::path& file, std::string_view path) {
  config::Json document = read_json(file);
  const config::Json* found = find(document, path);
  EXPECT_NE(found, nullptr) << path << " in " << config::to_text(document);
  return found == nullptr ? config::Json{} : *found;
}

std::vector<std::string> operator+(std::vector<std::string> left,
                                   const std::vector<std::string>& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

std::vector<std::string> venue_arguments(const TestDeployment& deployment) {
  const bool in_memory = deployment.link() == VenueLink::SharedMemory;
  std::vector<std::string> arguments = {
      test::binary(),   "venue",
      "--port",         in_memory ? "0" : std::to_string(deployment.venue_port()),
      "--journal",      (deployment.folder() / "venue").string(),
      "--user",         "GATE01",
      "--password-env", "PORTCULLIS_VENUE_PASSWORD",
      "--stats",        (deployment.folder() / "venue.json").string()};
  if (in_memory) {
    arguments = arguments + std::vector<std::string>{"--shared-memory", deployment.venue_socket()};
  }
  return arguments;
}

std::vector<Change> link_changes(const TestDeployment& deployment) {
  if (deployment.link() == VenueLink::Tcp) {
    return {{kSet, "process.json", "venue.port", std::to_string(deployment.venue_port())}};
  }
  return {{Change::Kind::Remove, "process.json", "venue.address", ""},
          {Change::Kind::Remove, "process.json", "venue.port", ""},
          {Change::Kind::Add, "process.json", "venue.shared_memory",
           R"({"path": ")" + deployment.venue_socket().string() +
               R"(", "ring_bytes": 4096})"}};  // the smallest: full all the time
}

}  // namespace

// --- the folder

std::string_view name_of(VenueLink link) { return link == VenueLink::Tcp ? "Tcp" : "SharedMemory"; }

TestDeployment::TestDeployment(const std::vector<Change>& changes, Texts base, VenueLink link)
    : link_(link), texts_(std::move(base)) {
  texts_.erase("demo-state.json");
  std::vector<Change> all = {
      {kSet, "process.json", "gateway.port", "0"},
      {kSet, "process.json", "venue.reconnect_ms_min", "5"},
      {kSet, "process.json", "venue.reconnect_ms_max", "50"},
      // Beside the journal: a ring that a killed gate leaves behind goes with the folder.
      {kSet, "process.json", "journal.ring_directory", "null"},
      {kSet, "process.json", "journal.ring_bytes", "4194304"},
      {kSet, "process.json", "journal.segment_bytes", "8388608"},
      // Small, so that a start takes no longer than it must.
      {kSet, "process.json", "capacities.orders", "16384"},
      {kSet, "process.json", "capacities.trades", "65536"},
      {kSet, "process.json", "gateway.connections_max", "8"},
      {kSet, "process.json", "gateway.slow_consumer_bytes", "262144"},
  };
  for (const char* name : {"BTC-PERP", "ETH-PERP", "AMZN", "EUR/USD"}) {
    const std::string path = std::string("instruments.") + name + ".max_age_ms";
    all.push_back({kSet, "feeds.json", path, "1000000000"});
  }
  for (const char* name : {"USDC", "BTC", "ETH"}) {
    const std::string path = std::string("assets.") + name + ".max_age_ms";
    all.push_back({kSet, "feeds.json", path, "1000000000"});
  }
  for (const char* name : {"ALPHA1", "ALPHA2", "CHARL2"}) {
    const std::string path = std::string("sessions.") + name + ".cancel_on_disconnect";
    all.push_back({kSet, "sessions.json", path, "false"});
  }
  for (Change& change : link_changes(*this)) all.push_back(std::move(change));
  all.insert(all.end(), changes.begin(), changes.end());
  for (const Change& change : all) apply(texts_, change);
  std::filesystem::create_directory(config());
  write();
}

void TestDeployment::change(const Change& change) {
  apply(texts_, change);
  write();
}

void TestDeployment::write() const {
  for (const auto& [name, text] : texts_) write_file(config() / name, text);
  write_file(config() / "marks.csv", kMarks);
  write_file(state(), kState);
}

void TestDeployment::set_passwords(std::string_view client, std::string_view venue) {
  client_password_ = client;
  venue_password_ = venue;
}

Environment TestDeployment::environment() const {
  return {{"PORTCULLIS_DEMO_PASSWORD", client_password_},
          {"PORTCULLIS_VENUE_PASSWORD", venue_password_},
          {"PORTCULLIS_TEST_SECRET", "for-tests-only"}};  // of JSON clients, where there are any
}

std::int64_t TestDeployment::gate_stat(std::string_view path) const {
  return member(folder() / "gate.json", path).integer;
}
std::string TestDeployment::gate_text(std::string_view path) const {
  return config::to_text(member(folder() / "gate.json", path));
}
std::int64_t TestDeployment::venue_stat(std::string_view path) const {
  return member(folder() / "venue.json", path).integer;
}

// --- the processes

std::vector<Change> priced_by_publisher(std::uint16_t port) {
  return {{Change::Kind::Add, "feeds.json", "sources",
           R"({"own": {"venue": "own", "dialect": "lines", "ahead_max_ms": 2000,
               "listen": {"address": "127.0.0.1", "port": )" +
               std::to_string(port) + "}}}"},
          {Change::Kind::Set, "feeds.json", "instruments.AMZN",
           R"({"max_age_ms": 1000, "reference": {"rule": "median", "sources": [{"source": "own",
               "symbol": "AMZN", "field": "price", "role": "voter"}], "min_sources": 1,
               "max_age_ms": 1000, "divergence_max": "0", "price_min": "1",
               "jump": {"max": "0.1", "confirm_updates": 1, "confirm_another": false}}})"}};
}

std::vector<std::string> gate_arguments(const TestDeployment& deployment) {
  std::vector<std::string> arguments = {
      test::binary(), "run",
      "--config",     deployment.config().string(),
      "--stats",      (deployment.folder() / "gate.json").string()};
  if (!std::filesystem::exists(deployment.journal())) {
    arguments = arguments + std::vector<std::string>{"--load", deployment.state().string()};
  }
  return arguments;
}

GateProcess::GateProcess(const TestDeployment& deployment,
                         const std::vector<std::string>& more_arguments)
    : process_(gate_arguments(deployment) + more_arguments, deployment.environment(),
               deployment.errors()),
      port_(port_of(process_.read_line())) {}

VenueProcess::VenueProcess(const TestDeployment& deployment,
                           const std::vector<std::string>& more_arguments)
    : process_(venue_arguments(deployment) + more_arguments, deployment.environment(),
               deployment.errors()),
      started_([&] {
        const std::uint16_t port = port_of(process_.read_line());
        return deployment.link() == VenueLink::Tcp ? port == deployment.venue_port() : port != 0;
      }()) {
  EXPECT_TRUE(started_) << read_file(deployment.errors());
}

// --- what must agree

void expect_replay_agrees(const TestDeployment& deployment) {
  const Outcome outcome =
      run_to_end({test::binary(), "replay", "--json", "--journal", deployment.journal().string()});
  EXPECT_EQ(outcome.code, 0) << outcome.errors << outcome.out;
  config::Json report = config::parse_json(outcome.out).json;
  ASSERT_NE(find(report, "differences"), nullptr) << outcome.errors << outcome.out;
  EXPECT_EQ(find(report, "differences")->integer, 0);
  EXPECT_TRUE(find(report, "verified")->boolean);
  EXPECT_GT(find(report, "records")->integer, 0);
  EXPECT_EQ(config::to_text(*find(report, "state_hash")), deployment.gate_text("state_hash"));
}

void expect_counts_agree(const TestDeployment& deployment) {
  for (const auto& [gates, venues] : std::vector<std::pair<std::string, std::string>>{
           {"venue.accepted", "accepted"},
           {"venue.replaced", "replaced"},
           {"venue.executed", "executed"},
           {"venue.canceled", "canceled"},
           {"venue.self_match_prevented", "aiq_canceled"},
           {"venue.rejected", "rejected"},
           {"venue.broken", "broken"},
           {"live_orders", "open"}}) {
    EXPECT_EQ(deployment.gate_stat(gates), deployment.venue_stat(venues)) << gates;
  }
  EXPECT_EQ(deployment.gate_stat("messages.in"), deployment.gate_stat("messages.forwarded") +
                                                     deployment.gate_stat("messages.rejected") +
                                                     deployment.gate_stat("messages.ignored") +
                                                     deployment.gate_stat("messages.malformed") +
                                                     deployment.gate_stat("messages.answered"));
  for (const char* never :
       {"venue.adopted", "venue.unattributed", "venue.malformed", "venue.off_grid"}) {
    EXPECT_EQ(deployment.gate_stat(never), 0) << never;
  }
  EXPECT_EQ(deployment.gate_text("anomalies"), "{}");
  EXPECT_EQ(deployment.gate_text("verified"), "true");
}

}  // namespace portcullis::test
