// How long it takes until what an operator stops has stopped: of each kill and cancel-all, the time
// from its acceptance until it is in force, until the last cancel has gone to the venue, and until
// the last of the orders that it found has ended.
//
// It reads the journal's records beside the follower's gate, so that nothing of it is on the order
// path, and it is in the snapshots: a process that is killed in the middle of a sweep does not begin
// to count anew. The times are those of the records, in nanoseconds since the epoch.
//
//   accepted   the control plane has taken the command, or the process that of its --commands file
//   in force   the command's record: the next order is refused
//   sent       the last cancel has gone. Where the venue's link goes down before all orders have
//              ended, they are cancelled again when it is up, and that is when the last one went;
//              where they are all cancelled before the link counts as up, by the end of the last
//   ended      the last of the orders has ended, whether by its cancel or otherwise
//
// Orders that are entered behind a cancel-all are none of its.
//
// One thread: the follower's, or whoever looks while the follower's gate stands still.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/deployment.h"
#include "gateway/follower/snapshot.h"
#include "gateway/gate/command_giver.h"
#include "gateway/gate/records.h"
#include "gateway/histogram.h"
#include "risk/commands.h"

namespace portcullis::gateway::follower {

struct SweepFigures {
  std::uint64_t sequence = 0;  // of the command's record
  std::uint64_t place = 0;     // the how manieth of those that have ended; 0: it has not
  std::int64_t accepted_ns = 0;
  std::int64_t in_force_ns = 0;
  std::int64_t sent_ns = 0;          // 0: not yet, or every order had ended before its cancel went
  std::int64_t ended_ns = 0;         // 0: not yet
  std::int64_t last_refused_ns = 0;  // 0: no order was refused because of it
  std::uint64_t refused = 0;         // orders and replaces, until somebody resumes
  std::array<char, 64> by{};         // as in the OperatorRecord
  std::uint32_t target = 0;
  std::uint32_t orders = 0;  // that it found
  risk::ControlScope scope = risk::ControlScope::Node;
  std::uint8_t is_kill = 0;  // else a cancel-all
  std::uint8_t stands = 0;   // a kill that nobody has taken back
  std::array<std::uint8_t, 5> padding{};
};
struct SweepLook {
  SweepFigures figures;
  std::uint32_t open = 0;  // of its orders
};
// From its acceptance, of those that ended in this process; `sent` without those that sent nothing.
struct SweepTimes {
  Histogram in_force;
  Histogram sent;
  Histogram ended;
};

class SweepWatch final : public Companion {
 public:
  static constexpr std::size_t kKept = 32;  // the newest; of an older one nothing is known any more

  // The deployment must outlive this.
  explicit SweepWatch(const config::Deployment& deployment) : deployment_(deployment) {}

  // From now on `tell` is called with a line for each that ends; what came before was told by another
  // process.
  void begin(std::function<void(const std::string&)> tell) { tell_ = std::move(tell); }

  // Newest first.
  [[nodiscard]] std::vector<SweepLook> look(gate::Gate& gate) const;
  [[nodiscard]] std::uint64_t ended() const { return ended_; }  // ever
  [[nodiscard]] const SweepTimes& times() const { return times_; }

  // --- Companion
  [[nodiscard]] std::string_view name() const override { return "sweeps"; }
  [[nodiscard]] bool is_needed() const override { return false; }
  void take(const journal::RecordView& record, gate::Gate& gate) override;
  [[nodiscard]] std::size_t saved_bytes() const override;
  void save(std::span<std::byte> out) const override;
  [[nodiscard]] bool load(std::span<const std::byte> saved) override;

 private:
  struct Sweep {
    SweepFigures figures;
    // The places of its orders in the pool, rising; with kGone where another order has had it since.
    std::vector<std::uint32_t> orders;
    // All before these have ended, or have a cancel on its way; looked at again after each record.
    std::size_t ended = 0;
    std::size_t wanted = 0;
  };

  void begin_sweep(const journal::RecordView& record, gate::Gate& gate, risk::ControlScope scope,
                   std::uint32_t target, bool is_kill);
  void count_refusal(const journal::RecordView& record, const risk::Decision& decision,
                     risk::InstrumentIndex instrument);
  void resumed(const risk::Control& control);
  void commanded(const journal::RecordView& record, gate::Gate& gate);
  void decided(const journal::RecordView& record);
  void forget(risk::OrderIndex place);
  void forget_adopted(const journal::RecordView& record, gate::Gate& gate);
  void link_changed(gate::Gate& gate);
  void move_on(Sweep& sweep, gate::Gate& gate, const journal::RecordView& record);
  void tell(const SweepFigures& figures);
  void count_again();
  [[nodiscard]] bool is_plausible(const SweepFigures& figures) const;

  const config::Deployment& deployment_;
  std::function<void(const std::string&)> tell_;  // none: not yet
  std::deque<Sweep> sweeps_;                      // oldest first
  std::size_t running_ = 0;                       // of them: with orders that have not ended
  std::size_t standing_ = 0;                      // kills that nobody has taken back
  std::uint64_t ended_ = 0;
  std::uint64_t adopted_ = 0;  // as the gate has counted them
  gate::CommandGiver giver_;
  SweepTimes times_;
};

}  // namespace portcullis::gateway::follower
