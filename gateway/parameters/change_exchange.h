// Changes of limits as people ask for them, and what became of each: the way between the thread that speaks
// to people and the one that makes parameters. Neither waits for the other.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "config/overrides.h"
#include "config/problem.h"
#include "config/raise.h"
#include "gateway/gate/changes.h"

namespace portcullis::gateway::parameters {

struct ChangeRequest {
  enum class Type : std::uint8_t { Reload, Override, Approve, Refuse, Withdraw };
  std::uint64_t request = 0;
  Type type = Type::Reload;
  std::string by;
  config::Role role = config::Role::Risk;
  gate::OperatorSource source = gate::OperatorSource::ControlPlane;
  std::string reason;                         // at most 64 characters
  std::uint32_t change = 0;                   // of Approve, Refuse, Withdraw
  risk::Timestamp effective_at;               // 0: at once
  risk::Timestamp expires_at;                 // of Override: one of the two is there
  std::int64_t for_ns = 0;                    // from when it comes into force
  std::vector<config::LimitOverride> limits;  // of Override
};

// How a change stands, for people.
enum class ChangeStanding : std::uint8_t {
  Unknown,
  AwaitsApproval,
  AwaitsTime,
  InForce,    // an override
  Done,       // a reload that came into force
  Unchanged,  // it would have changed nothing
  Refused,    // by an approver
  Withdrawn,
  Lapsed,
  Expired,
};
[[nodiscard]] std::string_view name_of(ChangeStanding standing);

struct ChangeAnswer {
  std::uint64_t request = 0;
  std::vector<config::Problem> problems;  // it was refused whole, and these are all
  bool is_conflict = false;               // what was asked for is sound, but not as things stand
  std::uint32_t change = 0;               // 0: none was made
  ChangeStanding standing = ChangeStanding::Unknown;
  std::uint32_t version = 0;   // of the parameters in force
  std::uint64_t sequence = 0;  // of the last record; 0: there is none
  std::vector<config::Difference> differences;
};

// What is told of a change. Of one that is open the differences are those from what is in force now.
struct ChangeLook {
  gate::OpenChange change;
  ChangeStanding standing = ChangeStanding::Unknown;
  std::vector<config::LimitOverride> limits;  // of an override
  std::vector<config::Difference> differences;
  std::int64_t ended_at_ns = 0;  // 0: it is open
  std::string ended_by;
  std::string ended_reason;
};
struct ChangesView {
  bool four_eyes = false;
  std::uint32_t version = 0;
  std::vector<std::string> profiles;  // the names of those in force, by index
  std::vector<ChangeLook> open;       // oldest first
  std::deque<ChangeLook> ended;       // since the process began; newest first
};

class ChangeExchange {
 public:
  static constexpr std::size_t kRequestsMax = 64;

  // --- who speaks to people
  // False: there is no room.
  [[nodiscard]] bool ask(ChangeRequest request);
  [[nodiscard]] std::vector<ChangeAnswer> take_answers();
  // Never null.
  [[nodiscard]] std::shared_ptr<const ChangesView> view() const;

  // --- who makes parameters
  // Called by ask(); it must not block.
  void set_wake(std::function<void()> wake);
  [[nodiscard]] std::vector<ChangeRequest> take_requests();
  void answer(ChangeAnswer answer);
  void show(std::shared_ptr<const ChangesView> view);

 private:
  mutable std::mutex mutex_;
  std::function<void()> wake_;
  std::vector<ChangeRequest> requests_;
  std::vector<ChangeAnswer> answers_;
  std::shared_ptr<const ChangesView> view_ = std::make_shared<const ChangesView>();
};

}  // namespace portcullis::gateway::parameters
