// Those at the other ends of a shard's connections, in memory: a client of the gate, and the
// simulated venue with a stream and a book that survive its process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/ouch/messages.h"
#include "gateway/soup/client_connection.h"
#include "gateway/soup/server_connection.h"
#include "gateway/venue_sim/matching_engine.h"
#include "tests/support/memory_transport.h"
#include "tests/support/venue_driver.h"

namespace portcullis::test {

using Bytes = std::vector<std::byte>;

// One connection of a client, and the stream it has received over all of them.
class SoupClient {
 public:
  SoupClient();

  // On a connection that has been made. Anything may be wrong with the login.
  void begin(std::shared_ptr<Wire> wire, const gateway::soup::LoginRequest& login,
             std::int64_t now_ns);
  // False: there is no room, or no login yet.
  bool send(std::span<const std::byte> payload);
  void send_raw(std::span<const std::byte> bytes);  // on the wire, behind what is queued there
  void logout() { (void)soup_.logout(); }
  // Puts what it has to say on the wire, and heartbeats; `limit` bytes of it.
  void write(std::int64_t now_ns, std::size_t limit = SIZE_MAX);
  // Takes what has arrived, up to `limit` bytes. An empty text, or what is wrong with it.
  std::string read(std::int64_t now_ns, std::size_t limit = SIZE_MAX);
  // Its end goes; of what is under way `kept` bytes arrive.
  void close(std::size_t kept = SIZE_MAX);

  // What it has received was of a session that is gone.
  void forget() { stream_.clear(); }

  [[nodiscard]] bool is_connected() const { return wire_ != nullptr; }
  [[nodiscard]] bool is_logged_in() const { return wire_ != nullptr && soup_.is_active(); }
  [[nodiscard]] bool has_output() const { return wire_ != nullptr && !soup_.output().empty(); }
  [[nodiscard]] Wire& wire() { return *wire_; }
  [[nodiscard]] const std::vector<Bytes>& stream() const { return stream_; }
  [[nodiscard]] std::uint64_t next() const { return stream_.size() + 1; }

  std::vector<std::string> debugs;
  char reject_reason = 0;  // of the last login
  int logins = 0;          // accepted

 private:
  std::shared_ptr<Wire> wire_;
  gateway::soup::ClientConnection soup_;
  std::vector<Bytes> stream_;  // message s at s - 1
};

class SoupVenue {
 public:
  explicit SoupVenue(const gateway::venue_sim::EngineSettings& settings, std::int64_t now_ns);

  // Somebody connects. Null: nobody listens.
  std::shared_ptr<Wire> accept(std::int64_t now_ns);
  // Reads what has arrived and takes up to so many messages of it.
  void take(std::int64_t now_ns, std::size_t messages_max = SIZE_MAX);
  // Puts on the wires what the stream has.
  void write(std::int64_t now_ns);
  // The process ends and begins again. Of what it had sent `kept` bytes arrive.
  void restart(std::size_t kept);
  // Likewise, and it comes back without memory: no book, no stream, another session.
  void forget(std::string_view session, std::size_t kept, std::int64_t now_ns);

  void other_enters(const gateway::venue_sim::TestOrder& order, std::int64_t now_ns);
  void other_cancels(std::uint32_t number, std::int64_t now_ns);

  [[nodiscard]] const std::vector<Bytes>& stream() const { return stream_; }
  [[nodiscard]] const std::string& session() const { return session_; }
  [[nodiscard]] const gateway::venue_sim::MatchingEngine& engine() const { return *engine_; }
  [[nodiscard]] std::vector<std::shared_ptr<Wire>> wires() const;
  // Nothing is left to read or to say, but what is on the wires.
  [[nodiscard]] bool is_idle() const;

  std::vector<gateway::ouch::InboundMessage> read;  // for whoever takes them out
  std::string problem;                              // what the gate did wrong
  bool is_listening = true;
  bool refuses_logins = false;  // its session is not available, though it has it

 private:
  struct Link {
    std::shared_ptr<Wire> wire;
    std::unique_ptr<gateway::soup::ServerConnection> soup;
    std::uint64_t next = 0;  // of the stream to say; 0: not logged in
    bool is_dry = false;     // all that was read has been taken
  };
  bool take_from(Link& link, std::int64_t now_ns, std::size_t& messages_left);
  void apply(gateway::venue_sim::SessionIndex session, std::span<const std::byte> payload,
             std::int64_t now_ns);
  void begin_engine(const gateway::venue_sim::EngineSettings& settings, std::int64_t now_ns);

  std::unique_ptr<gateway::venue_sim::MatchingEngine> engine_;
  std::string session_ = "VENUE00001";
  std::vector<Bytes> stream_;
  std::vector<Link> links_;  // the newest last; an older one until a new login
};

}  // namespace portcullis::test
