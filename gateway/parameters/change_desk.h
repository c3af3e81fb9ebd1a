// Where changes of limits are decided on (ORDERLIFE 7): what is proposed is checked whole and, where it is a
// raise and four eyes are asked for, waits for another person; what is approved waits for its time; an
// override ends when it expires. Each step is handed out to be taken by the gate, which has the last word
// (gate::ChangeTable), and this keeps the same table beside it.
//
// Plain code: time is an argument, and `publish` is whoever brings a step to the gate and waits. One thread
// at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"
#include "gateway/gate/changes.h"
#include "gateway/parameters/change_exchange.h"
#include "gateway/parameters/parameter_desk.h"
#include "gateway/parameters/parameter_queue.h"

namespace portcullis::gateway::parameters {

struct ChangeSettings {
  bool four_eyes = false;
  std::int64_t override_max_ns = 0;
  std::filesystem::path journal;
  std::function<config::LoadResult()> load;  // of the files as they are now
};

class ChangeDesk {
 public:
  // What the gate made of it; none: it is not asked any more.
  using Publish = std::function<std::optional<ParameterAnswer>(gate::PublishedParameters&)>;
  // Told what is in force from now on, and in a line each what an operator should know.
  struct Tell {
    std::function<void(const config::Deployment&)> in_force{};
    std::function<void(const std::string&)> text{};
  };

  // `table` as the gate has it now. `desk` is its own.
  ChangeDesk(ParameterDesk& desk, const gate::ChangeTable& table, ChangeSettings settings,
             Publish publish, Tell tell);
  void set_publish(Publish publish) { publish_ = std::move(publish); }

  [[nodiscard]] ChangeAnswer take(const ChangeRequest& request, std::int64_t now_ns);
  // The files have been changed, and somebody who has no token asks for them: `by` at a start or a signal. A
  // raise that another person must approve is proposed, once; all else is in force at once, and is no
  // change of the table.
  [[nodiscard]] ChangeAnswer take_configuration(const config::Deployment& next, std::string_view by,
                                                std::int64_t now_ns);
  // Another choice of regimes. The problems.
  [[nodiscard]] std::vector<config::Problem> take_regimes(const config::RegimeChoice& regimes);
  // All that time has brought about.
  void work(std::int64_t now_ns);
  // When there is more to do; int64's maximum: never.
  [[nodiscard]] std::int64_t next_due_ns(std::int64_t now_ns) const {
    return gate::next_due_ns(table_, now_ns);
  }
  [[nodiscard]] bool has_open() const { return !table_.open().empty(); }

  // As things stand, for people; another one after each step.
  [[nodiscard]] std::shared_ptr<const ChangesView> view();

 private:
  // What a change would put in force.
  struct Candidate {
    std::vector<config::Problem> problems;
    std::string configuration;
    std::vector<config::OverrideSet> overrides;
  };
  struct Outcome {
    bool is_taken = false;
    std::uint64_t sequence = 0;
  };

  [[nodiscard]] ChangeAnswer propose_reload(const ChangeRequest& request,
                                            const config::Deployment& next, std::int64_t now_ns);
  [[nodiscard]] ChangeAnswer propose_override(const ChangeRequest& request, std::int64_t now_ns);
  [[nodiscard]] ChangeAnswer propose(gate::ChangeRecord record, const std::string& content,
                                     const Candidate& candidate, std::int64_t now_ns);
  [[nodiscard]] ChangeAnswer decide(const ChangeRequest& request, std::int64_t now_ns);
  [[nodiscard]] Candidate candidate_of(const gate::OpenChange& change) const;
  [[nodiscard]] std::vector<config::LimitOverride> limits_of(const gate::OpenChange& change) const;
  [[nodiscard]] Prepared prepare(const gate::OpenChange& change, const Candidate& candidate);
  void begin(const gate::OpenChange& change);
  void end(const gate::OpenChange& change);
  void lapse(std::uint32_t id, std::string_view why);
  Outcome publish(gate::PublishedParameters parameters);
  void keep_ended(const gate::OpenChange& change, ChangeStanding standing, std::int64_t now_ns,
                  std::string_view by, std::string_view reason);
  [[nodiscard]] ChangeAnswer refused(std::vector<config::Problem> problems, bool is_conflict) const;
  [[nodiscard]] ChangeAnswer answer(ChangeStanding standing, std::uint32_t change,
                                    std::uint64_t sequence) const;
  [[nodiscard]] ChangeStanding standing_of(const gate::OpenChange& change) const;

  ParameterDesk& desk_;
  gate::ChangeTable table_;
  const ChangeSettings settings_;
  Publish publish_;
  const Tell tell_;
  std::deque<ChangeLook> ended_;
  // By change, as they were when it was proposed in this process.
  std::map<std::uint32_t, std::vector<config::Difference>> proposed_;
  std::shared_ptr<const ChangesView> view_;  // null: to be made anew
};

}  // namespace portcullis::gateway::parameters
