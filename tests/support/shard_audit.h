// The promises of a gate, judged from the outside of its shard: from the bytes that it read and
// wrote, the records of its journal, and what the venue has read and said.
//
// Every record is looked at when it is there, and before anything that it causes may have left:
// GateAudit judges what it means, and here is judged where it came from and where its bytes go. A
// message of a client is one record, in order, or one that the gate may ignore; a byte that leaves
// was in a record before, which was durable where that is promised; a stream is the journal's, whole,
// whatever connection it comes by; a login is refused for a reason only; cancels on disconnect come
// when they are due and not before; a second gate decides the same.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/gate/records.h"
#include "gateway/journal/reader.h"
#include "tests/support/gate_audit.h"
#include "tests/support/shard_world.h"

namespace portcullis::test {

class ShardAudit {
 public:
  // REQUIRES: the process of the world has not run yet. Takes the world's hooks.
  ShardAudit(ShardWorld& world, GateAudit::Counts& counts);

  // After each step of the world.
  void look();
  // REQUIRES: everything has been carried, and nothing moves any more.
  void look_at_rest();
  // REQUIRES: likewise, and every order was cancelled.
  void finish();
  void venue_is_another() { gate_.venue_is_another(); }

  [[nodiscard]] GateAudit& gate() { return gate_; }
  [[nodiscard]] const std::vector<std::string>& problems() const { return gate_.problems(); }
  // What the session is owed, whole.
  [[nodiscard]] const std::vector<Bytes>& stream(risk::SessionIndex session) const {
    return streams_[session.value];
  }
  // The Soup session that clients are in, and how many messages of the stream belong to earlier ones.
  [[nodiscard]] const std::string& stream_session() const { return stream_names_.back(); }
  [[nodiscard]] std::uint64_t base(risk::SessionIndex session) const {
    return bases_[session.value];
  }
  [[nodiscard]] bool is_up(risk::SessionIndex session) const { return up_[session.value]; }
  // Commands of the edge that should make a record and have made none.
  [[nodiscard]] bool has_commands() {
    pass_over_commands();
    return !commands_.empty();
  }
  [[nodiscard]] std::uint64_t records() const { return next_record_ - 1; }

  // Of what was judged, so that a test knows that something was.
  struct Seen {
    std::uint64_t records = 0, starts = 0, logins = 0, superseded = 0, refused = 0,
                  slow_consumers = 0, overloads = 0, passed_over = 0, cancels_on_disconnect = 0,
                  lost_venues = 0, degraded = 0, busy = 0, rests = 0, markers = 0, commands = 0,
                  commands_passed_over = 0, gone = 0, late_starts = 0, streams_begun = 0,
                  unsafe = 0, safe_again = 0, fundings = 0, cancel_alls = 0;
    Seen& operator+=(const Seen& more);
  };
  Seen seen;

 private:
  // A connection as the gate has read and written it.
  struct Connection {
    risk::SessionIndex session;      // of its login
    std::deque<Bytes> messages{};    // read by the gate, and not found in a record yet
    std::vector<std::byte> read{};   // of the next packet
    std::vector<std::byte> wrote{};  // likewise
    std::uint64_t next = 0;          // number of the next sequenced message; 0: no login accepted
    std::uint64_t asked = 0;         // from which message its login wants the stream
    bool is_known = false;           // its password is right
    bool is_broken = false;          // nothing behind this will be taken
    bool is_good = false;            // its login, whatever comes behind it
  };
  struct Session {
    std::vector<std::shared_ptr<Connection>> logins{};  // that may be taken, oldest first
    // What was found in a login that a newer one was waiting behind: cancels look alike, and it can
    // have been the newer one's.
    std::vector<Bytes> doubtful{};
    std::int64_t down_since_ns = 0;
    bool ends_with_process = false;  // it was up when the last one ended
    std::uint32_t wrong_logins = 0;  // of this process
  };
  void take(const gateway::journal::RecordView& view);
  template <class Record>
  void take_order(const Record& record, char type, std::uint32_t number, std::uint32_t original);
  void take_control(const gateway::gate::FirmControlRecord& record);
  void judge_order(risk::SessionIndex session, const Bytes& message, const risk::Decision& decision,
                   std::uint32_t only_reduces = 0);
  void take_command(const gateway::gate::EnterNamedRecord& record);
  void take_command(const gateway::gate::ReplaceRecord& record);
  void take_command(const gateway::gate::CancelRecord& record);
  void take_session(const gateway::gate::SessionRecord& record);
  [[nodiscard]] bool is_of_edge(risk::SessionIndex session) const;
  [[nodiscard]] Bytes as_ouch(const gateway::edge::EdgeCommand& command) const;
  bool next_command(risk::SessionIndex session, gateway::edge::EdgeCommand::Type type,
                    gateway::edge::EdgeCommand& command);
  void take_stream_session(const gateway::gate::StreamSessionRecord& record);
  // An operator's, or the gate's own.
  void take_sweep(const gateway::gate::SweepRecord& record, bool is_operators);
  void take_venue_link(const gateway::gate::VenueLinkRecord& record);
  void take_venue_message(const gateway::journal::RecordView& view);
  std::optional<Bytes> find_message(risk::SessionIndex session, char type, std::uint32_t number,
                                    std::uint32_t original);
  bool pass_over(risk::SessionIndex session, const Bytes& message);
  void catch_up();
  void on_read(const Wire& wire, std::span<const std::byte> bytes);
  void on_write(std::uint32_t connection, const Wire& wire, std::span<const std::byte> bytes);
  void left_to_client(Connection& connection, const gateway::soup::Frame& frame);
  void refused(const Connection& connection, const gateway::soup::Frame& frame);
  void pass_over_commands();
  void left_to_venue(const gateway::soup::Frame& frame);
  void ended();
  void started();

  ShardWorld& world_;
  const config::Deployment& deployment_;
  GateAudit gate_;
  std::unique_ptr<gateway::journal::Reader> reader_;
  std::uint64_t next_record_ = 1;
  std::map<std::uint64_t, std::shared_ptr<Connection>> connections_;  // by their wire
  std::vector<Session> sessions_;
  std::vector<bool> up_;
  std::deque<gateway::edge::EdgeCommand> commands_;  // in the queue, and not found in a record yet
  std::vector<std::vector<Bytes>> streams_;
  // Of the Soup sessions, the newest last; the first is there before its record is durable.
  std::vector<std::string> stream_names_{kFirstStreams};
  std::vector<std::uint64_t> bases_;
  std::vector<std::size_t> base_names_;  // by session: how many names there were with its base
  std::vector<std::vector<std::uint64_t>> records_of_;       // of each message of a stream
  std::map<std::uint32_t, std::uint64_t> number_records_;    // of each number of the venue's
  std::string venue_session_;                                // that the gate takes messages of
  std::map<std::string, std::vector<Bytes>> venue_streams_;  // of the venues that are gone
  std::uint64_t venue_next_ = 1;
  std::int64_t newest_ns_ = 0;  // of a record
  bool was_operator_ = false;   // the last record says who gives the command behind it
  std::uint64_t unchecked_ =
      0;  // logins of this process for which there was no room, when last seen
};

}  // namespace portcullis::test
