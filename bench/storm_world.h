// A shard in a storm of prices: the shipped example with 1,000 more instruments in ten groups and a group
// with risk tables, its gate with a journal on disk, and orders at a fixed rate. The connections are in
// memory and on the shard's own thread, so that one core is the shard's and one the feed's: the client's
// bytes are there when an order's time has come, whether or not the shard has got round to it, and the
// venue answers what it reads at once.
//
// Where the machine has not two cores for that, the feed is on the shard's thread too (alone), and the
// clock stands still for whatever is not the shard: for peers and feed, and while others have the core.
#pragma once

#include <sys/resource.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "feeds/epoch_clock.h"
#include "feeds/feed_queue.h"
#include "feeds/table_queue.h"
#include "gateway/gate/gate.h"
#include "gateway/journal/journal.h"
#include "gateway/journal/stream_server.h"
#include "gateway/security/login_checker.h"
#include "gateway/shard/shard.h"
#include "gateway/soup/client_connection.h"
#include "gateway/soup/server_connection.h"
#include "gateway/venue_sim/matching_engine.h"
#include "tests/support/example_config.h"
#include "tests/support/journal_support.h"
#include "tests/support/venue_driver.h"

namespace portcullis::bench {

inline constexpr std::uint32_t kStormGroups = 10;
inline constexpr std::uint32_t kStormInstruments = 1'000;
inline constexpr std::uint32_t kFactorsPerStormGroup = 10;
inline constexpr std::uint32_t kTableRows = 100;
inline constexpr std::uint32_t kTableColumns = 64;
inline constexpr std::int64_t kStormMark = 2'200'000;  // 220 dollars
inline constexpr std::uint32_t kStormPositions = 50;   // of the account that trades
inline constexpr const char* kTableGroup = "tables";

[[nodiscard]] config::Deployment storm_deployment();

// An order at a planned time, and how long it took until its bytes had been handed to the venue's
// connection.
struct OrderTime {
  std::int64_t took_ns = 0;
  bool was_stopped = false;  // the thread was taken off its core since the order before
};

// Both ends of both connections.
class StormTransport final : public gateway::shard::Transport {
 public:
  StormTransport();

  // So many orders, one each `period_ns` from `first_ns` on.
  void plan(std::size_t orders, std::int64_t first_ns, std::int64_t period_ns);
  [[nodiscard]] bool is_done() const { return times_.size() == planned_; }
  [[nodiscard]] bool is_logged_in() const { return client_.is_active(); }
  [[nodiscard]] const std::vector<OrderTime>& times() const { return times_; }

  void be_alone() { is_alone_ = true; }
  // What is not the shard's.
  template <class Work>
  void outside(Work&& work) {
    if (!is_alone_) return work();
    is_outside_ = false;
    inside_ns_ = now_ns();
    const std::int64_t began = feeds::epoch_ns();
    is_outside_ = true;
    work();
    is_outside_ = false;
    last_ns_ = feeds::epoch_ns();
    left_out_ns_ += last_ns_ - began;
  }

  [[nodiscard]] std::int64_t now_ns() noexcept override;
  bool poll() override { return false; }
  Accepted accept() override;
  void stop_accepting() override {}
  bool connect_venue() override { return true; }
  Connect venue_outcome() override { return Connect::Connected; }
  void give_up_venue() override {}
  [[nodiscard]] bool readable(std::uint32_t connection) const override;
  std::ptrdiff_t read(std::uint32_t connection, std::span<std::byte> into) override;
  std::ptrdiff_t write(std::uint32_t connection, std::span<const std::byte> from) override;
  void close(std::uint32_t connection) override;

 private:
  static constexpr std::uint32_t kClient = kVenue + 1;

  void look_for_stop(std::int64_t now_ns);
  void send_due(std::int64_t now_ns);
  void take_client_output(std::span<const std::byte> from, std::int64_t now_ns);
  void take_venue_output(std::span<const std::byte> from, std::int64_t now_ns);
  void accept_gate(std::uint64_t sequence);
  void answer(std::span<const std::byte> payload, std::int64_t now_ns);

  gateway::soup::ClientConnection client_;
  gateway::soup::ServerConnection venue_;
  gateway::venue_sim::MatchingEngine engine_;
  gateway::venue_sim::Outbox opening_;  // what the venue's stream begins with
  gateway::venue_sim::Outbox outbox_;
  gateway::ouch::EnterOrder order_;
  std::vector<gateway::ouch::Symbol> symbols_;
  bool is_accepted_ = false;
  std::size_t planned_ = 0;
  std::size_t sent_ = 0;
  std::uint32_t last_number_ = 0;
  std::int64_t first_ns_ = 0;
  std::int64_t period_ns_ = 1;
  std::vector<OrderTime> times_;

  bool is_alone_ = false;
  bool is_outside_ = false;
  std::int64_t inside_ns_ = 0;    // the time there
  std::int64_t last_ns_ = 0;      // of the machine's clock
  std::int64_t left_out_ns_ = 0;  // of it
  long switches_ = 0;             // of the thread to another one
  bool was_stopped_ = false;      // since an order last left
};

class StormGate {
 public:
  explicit StormGate(const config::Deployment& deployment);
  ~StormGate() { journal_->close(); }

  void pass() { shard_->pass(); }
  [[nodiscard]] risk::Engine& engine() { return gate_->engine(); }
  [[nodiscard]] const gateway::gate::Counters& counters() const { return gate_->counters(); }

  StormTransport transport;
  feeds::FeedQueue prices;
  feeds::TableQueue tables;

 private:
  gateway::journal::testing::TemporaryFolder folder_;
  std::unique_ptr<gateway::journal::Journal> journal_;
  std::unique_ptr<gateway::gate::Gate> gate_;
  std::unique_ptr<gateway::security::LoginChecker> logins_;
  std::unique_ptr<gateway::journal::StreamServer> streams_;
  config::Secret venue_password_{"venue"};
  std::unique_ptr<gateway::shard::Shard> shard_;
};

}  // namespace portcullis::bench
