// What a candidate changes, counted: by reason, member, account, instrument and day.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "config/deployment.h"
#include "gateway/tune/rejudge.h"
#include "risk/reject_reason.h"

namespace portcullis::gateway::tune {

// Of messages: orders, replaces and cancels.
struct Tally {
  [[nodiscard]] std::uint64_t of(Change change) const {
    return changes[static_cast<std::size_t>(change)];
  }
  // Without consequences of others.
  [[nodiscard]] std::uint64_t differences() const {
    return of(Change::Refused) + of(Change::Allowed) + of(Change::Reason) + of(Change::Price);
  }

  std::uint64_t messages = 0;
  std::uint64_t refused_then = 0;
  std::uint64_t refused_now = 0;
  std::array<std::uint64_t, kChangeCount> changes{};
};

class Comparison {
 public:
  // The candidate's deployment. `examples_max` of each kind of change are kept.
  Comparison(const config::Deployment& candidate, std::size_t examples_max);

  void take(const Judged& judged);

  using Reasons = std::array<std::uint64_t, risk::kRejectReasonCount>;
  Tally total;
  std::array<Tally, 3> by_message;  // by Message
  std::vector<Tally> by_account;
  std::vector<Tally> by_instrument;
  std::vector<Tally> by_node;            // members and groups; the venue is what is in the total
  std::map<std::int64_t, Tally> by_day;  // days since the epoch, UTC
  Reasons refused_then{};
  Reasons refused_now{};
  Reasons newly_refused{};  // by the candidate's reason
  Reasons newly_allowed{};  // by the recorded reason
  std::map<std::pair<risk::RejectReason, risk::RejectReason>, std::uint64_t> other_reasons;
  // The first of each kind of change, in the order of the journal.
  std::vector<Judged> examples;

 private:
  void add(Tally& tally, const Judged& judged) const;

  const config::Deployment& candidate_;
  const std::size_t examples_max_;
  std::array<std::size_t, kChangeCount> kept_{};
};

}  // namespace portcullis::gateway::tune
