// A gate without a process: the shipped example with small pools, a journal in memory that is
// flushed by hand (failing_disk.h; in durability fsync after each call of the gate), a clock that stands still, and a venue at the other end of a SoupBinTCP
// connection whose bytes are carried by this class. What Shard does with sockets is done here with
// nothing.
//
// The venue is a script (say) or the simulated matching engine (use_engine). Bytes that were not
// carried when the link is lost, or the gate is killed, are gone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/deployment.h"
#include "gateway/audit/audit_log.h"
#include "gateway/follower/follower.h"
#include "gateway/gate/gate.h"
#include "gateway/journal/journal.h"
#include "gateway/ouch/messages.h"
#include "gateway/parameters/parameter_queue.h"
#include "gateway/soup/client_connection.h"
#include "gateway/soup/server_connection.h"
#include "gateway/venue_sim/matching_engine.h"
#include "tests/support/audited_world.h"
#include "tests/support/example_config.h"
#include "tests/support/journal_support.h"
#include "tests/support/venue_driver.h"

namespace portcullis::test {

using Bytes = std::vector<std::byte>;
using Lines = std::vector<std::string>;
using gateway::venue_sim::line_of;
using gateway::venue_sim::padded;
using gateway::venue_sim::TestOrder;

// The example with `changes`, and pools small enough that a gate is made in a moment.
[[nodiscard]] config::Deployment small_deployment(const std::vector<Change>& changes = {});

// Messages of a client as short lines, like line_of for those of the venue:
//   O 5 B 100 AMZN@2200000, U 5>6 150@2210000, X 5 0, C 7 PCLS NOSYMBOL, D 8 BRV1, E 9 BRV1, Q
// Text is without its padding.
[[nodiscard]] std::string line_of(const gateway::ouch::InboundMessage& message);

class GateWorld : public AuditedWorld {
 public:
  // Balances, positions and prices are there, and the link is up, with a venue that is a script.
  explicit GateWorld(const std::vector<Change>& changes = {});
  GateWorld(const GateWorld&) = delete;
  GateWorld& operator=(const GateWorld&) = delete;

  // --- names
  [[nodiscard]] risk::SessionIndex session(std::string_view name) const;
  [[nodiscard]] risk::AccountIndex account(std::string_view name) const;
  [[nodiscard]] risk::InstrumentIndex instrument(std::string_view name) const;

  // --- time and prices
  // Marks and indexes as of now: BTC 64,000, ETH 3,200, AMZN 220, EUR/USD 1.085, USDC 1.
  void price();
  // The clock moves, and everything is priced anew.
  void pass_time(std::int64_t ns);
  // One price, as of now.
  void mark(risk::InstrumentIndex instrument, risk::Mark mark);
  void index(risk::AssetIndex asset, std::int64_t index);
  void price_state(risk::PriceKind kind, std::uint32_t target, risk::PriceState state);
  void funding(risk::InstrumentIndex instrument, std::int64_t paid, std::int64_t predicted);
  void open_interest(risk::InstrumentIndex instrument, risk::Lots lots);
  // What is due of margin states, and who has his turn. Whether there was any.
  bool look_again();

  // --- operators, and what the shard tells the gate
  // The configuration so changed is loaded again, and in force from now on. False: it was already.
  bool reload(const std::vector<Change>& changes);
  // A step of a change, or other parameters, as who makes them brings them to the gate.
  gateway::parameters::ParameterAnswer take(gateway::gate::PublishedParameters& step);
  void control(risk::Control control);
  void sweep(gateway::gate::SweepScope scope, std::uint32_t target,
             std::uint32_t instrument = risk::kNone32);
  gateway::gate::FactAnswer tell(std::uint64_t number, const config::Fact& fact,
                                 const gateway::gate::OperatorRecord* who = nullptr);
  void session_is(risk::SessionIndex session, bool up);
  // What is at a lost venue is dead.
  void orders_are_dead();

  // --- clients
  gateway::gate::ClientResult send(risk::SessionIndex session,
                                   const gateway::ouch::InboundMessage& message);
  gateway::gate::ClientResult send_bytes(risk::SessionIndex session,
                                         std::span<const std::byte> payload);
  // A limit order in AMZN, wherever `order` says nothing else, and what the gate decided.
  risk::Decision enter(risk::SessionIndex session, TestOrder order);
  risk::Decision replace(risk::SessionIndex session, std::uint32_t original, TestOrder order);
  risk::Decision cancel(risk::SessionIndex session, std::uint32_t number, std::uint32_t total = 0);
  // What the session is owed since it was asked last.
  Lines owed(risk::SessionIndex session);
  std::vector<gateway::ouch::OutboundMessage> owed_messages(risk::SessionIndex session);
  std::vector<Bytes> owed_bytes(risk::SessionIndex session);
  // The session's whole stream, from the journal's files and ring; and those of all sessions.
  [[nodiscard]] std::vector<Bytes> stream(risk::SessionIndex session) const;
  [[nodiscard]] std::vector<std::vector<Bytes>> streams() const;

  // The records behind record `after`, from the journal's files and ring.
  void for_each_record(std::uint64_t after,
                       const std::function<void(const gateway::journal::RecordView&)>& f) const;

  // --- the venue
  // Logs in, resumes, and lets everything settle. False: the gate would not have it.
  bool connect();
  // The link is lost, with the bytes that were not carried.
  void disconnect();
  [[nodiscard]] bool is_connected() const { return connected_; }
  // How often the link was made, and the process begun.
  [[nodiscard]] int connections() const { return connections_; }
  [[nodiscard]] int starts() const { return starts_; }
  // The next sequenced messages of a scripted venue.
  void say(const gateway::ouch::OutboundMessage& message);
  void say_bytes(Bytes payload);
  // What the venue was told since it was asked last.
  Lines at_venue();
  std::vector<gateway::ouch::InboundMessage> messages_at_venue() override;
  // From now on the venue is the simulated one, in this state. Its session begins anew.
  void use_engine(const gateway::venue_sim::EngineSettings& settings = {});
  [[nodiscard]] const gateway::venue_sim::MatchingEngine& venue_engine() const override {
    return *engine_;
  }
  // An order of somebody else at the simulated venue.
  void other_enters(const TestOrder& order);
  void other_cancels(std::uint32_t number);
  // Another venue in the place of the old one: no book, no stream, another session.
  void replace_venue(std::string_view session);
  [[nodiscard]] const std::vector<Bytes>& venue_stream() const override { return venue_stream_; }
  // Carries bytes both ways and runs the gate until nothing moves.
  void deliver();

  // --- kill and replay
  // The process ends without flushing anything, and another one begins with what is in the journal,
  // or with its first `through` records. From the whole of it the state comes back as it was.
  void kill(std::optional<std::uint64_t> through = std::nullopt);
  // From now on a follower takes what is in the journal after each call of the gate, writes a snapshot
  // after so many of them, 0: none by itself, and a process begins with the newest.
  void follow(int calls_per_snapshot);
  [[nodiscard]] gateway::follower::Follower& follower() { return *follower_; }
  // What an operator was told by the last start-up, and the record its snapshot ended with, 0: none.
  [[nodiscard]] const std::vector<std::string>& told() const { return told_; }
  [[nodiscard]] std::uint64_t from_snapshot() const { return from_snapshot_; }
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
  // A start-up finds a difference, or the follower does, and it is meant to.
  bool recovers_difference = false;
  bool follows_difference = false;

  // Decides every record again, in a gate of its own. What is different, one a line; empty is good.
  [[nodiscard]] std::string replay();
  // Replay, and the recompute of every cache. Empty is good.
  [[nodiscard]] std::string check();

  // Once record `record` is published: the link is lost, or the process is killed, and then comes
  // back. Either before the venue has read what was sent, or after it has.
  struct Cut {
    std::uint64_t record = 0;
    bool kill = false;
    bool venue_reads = false;
  };
  std::optional<Cut> cut;
  // Told after each call of the gate.
  std::function<void()> on_call;

  // --- looking at it
  [[nodiscard]] gateway::gate::Gate& gate() override { return *gate_; }
  [[nodiscard]] gateway::journal::Journal& journal() { return *journal_; }
  [[nodiscard]] const std::filesystem::path& journal_directory() const { return directory_; }
  [[nodiscard]] const config::Deployment& deployment() const override { return deployment_; }
  [[nodiscard]] std::int64_t time_ns() const override { return now_ns; }
  [[nodiscard]] bool is_drained() const override;
  // Where the journal lies, with the configuration beside it.
  [[nodiscard]] const std::filesystem::path& journal_folder() const;
  [[nodiscard]] const gateway::gate::Counters& counters() const { return gate_->counters(); }
  [[nodiscard]] std::uint64_t anomalies(risk::Anomaly anomaly) const {
    return counters().anomalies[static_cast<std::size_t>(anomaly)];
  }
  [[nodiscard]] std::int64_t position(std::string_view account, std::string_view instrument);
  // Whether an order that increases the account's position would be refused as CloseOnly.
  [[nodiscard]] bool is_close_only(std::string_view account);

  std::int64_t now_ns = 1'767'607'200 * risk::kSecondNs;  // 2026-01-05 10:00:00 UTC
  bool hold_to_venue = false;                             // bytes to the venue stay on this side
  bool hold_from_venue = false;                           // and the other way round
  bool hold_steps = false;    // the gate's own steps wait: slices of sweeps, recovery
  bool hold_journal = false;  // the journal is not flushed
  // A scripted venue answers what is no order: Q with the number behind the highest it was told, C
  // with its response.
  bool script_answers = true;

 private:
  void open_journal();
  void redo();
  void begin_following(const gateway::gate::Gate* gate, gateway::follower::Position position);
  void start_up();
  void after_call();
  void load_state();
  bool venue_takes();
  bool gate_takes();
  void take_venue_event(const gateway::soup::ClientEvent& event);
  void venue_receives(std::span<const std::byte> payload);
  void venue_applies(gateway::venue_sim::SessionIndex session, std::span<const std::byte> payload);
  void append_to_stream(Bytes payload);

  const std::vector<Change> changes_;
  const config::Deployment deployment_;
  gateway::journal::testing::TemporaryFolder folder_;
  int journals_ = 0;
  std::filesystem::path directory_;
  std::unique_ptr<gateway::journal::Journal> journal_;
  std::unique_ptr<gateway::gate::Gate> gate_;
  std::vector<std::uint64_t> next_owed_;
  bool follows_ = false;
  int calls_per_snapshot_ = 0;
  int calls_ = 0;
  std::unique_ptr<gateway::audit::AuditLog> audit_;
  std::unique_ptr<gateway::follower::Follower> follower_;  // ends before the journal
  std::vector<std::string> told_;
  std::uint64_t from_snapshot_ = 0;

  gateway::soup::ClientConnection link_;
  gateway::soup::ServerConnection server_;
  bool connected_ = false;
  bool cutting_ = false;
  int connections_ = 0;
  int starts_ = 1;
  std::string venue_session_ = "VENUE00001";
  std::vector<Bytes> venue_stream_;  // message s at s - 1
  std::uint32_t venue_number_ = 0;   // the highest that a scripted venue was told
  std::vector<gateway::ouch::InboundMessage> received_;
  std::size_t received_taken_ = 0;
  std::unique_ptr<gateway::venue_sim::MatchingEngine> engine_;
};

}  // namespace portcullis::test
