// Warnings: how much of each standing limit is used, against the levels of the configuration
// (config/warnings.h), and changes of accounts' margin states.
//
// It reads the journal's records beside the follower's gate, so that nothing of it is on the order
// path, and what warnings there are, under which names, and who has acknowledged them is a function of
// the records: a process that begins again, from a snapshot or from the first record, has the same.
//
// When it looks:
//   behind each order or replace that passes   at what counts orders and lots, of the order's account
//                                              and of the nodes above it: that is how they grow
//   behind each Recheck and Due                at all limits of the accounts that they name, and of the
//                                              nodes above them in the instruments that these accounts
//                                              have something in. The gate writes one for who has traded or
//                                              whose state prices may have changed within a millisecond,
//                                              and for everybody once a second, or where there are too
//                                              many, once a minute
// So each record is a bounded work, and a price costs nothing. What depends on prices or margin and lasts
// shorter than that is not seen. Where prices are missing or stale, or a figure does not fit,
// an account's margin, leverage and loss of the day stay as they were.
//
// A limit has one alert at most, of the highest level that it has reached. Reaching a higher level is
// another alert, of a new name, which nobody has acknowledged; where two levels are passed at once there
// is one. Falling below a level by the hysteresis lowers the alert, under its name; below all of them it
// is over.
//
// Time is that of the records, of which the gate writes some each second, whether anybody trades or not.
// An alert that nobody has acknowledged for as long as the configuration says is told again, once.
//
// One thread: the follower's, or whoever looks while the follower's gate stands still.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "config/deployment.h"
#include "config/warnings.h"
#include "gateway/follower/snapshot.h"
#include "gateway/gate/command_giver.h"
#include "gateway/gate/parameters.h"
#include "gateway/gate/records.h"
#include "gateway/limits/standing_limits.h"

namespace portcullis::gateway::follower {

// Rises from alert to alert.
struct AlertId {
  std::uint64_t record = 0;  // that raised it
  std::uint32_t place = 0;   // among those that this one raised
  friend auto operator<=>(const AlertId&, const AlertId&) = default;
};
[[nodiscard]] std::string to_text(const AlertId& id);  // "1234-0"
[[nodiscard]] std::optional<AlertId> parse_alert_id(std::string_view text);

struct Alert {
  AlertId id;
  limits::LimitId of;
  std::int64_t level = 0;  // percent of the limit
  std::int64_t since_ns = 0;
  std::int64_t used = 0;  // when it was looked at last
  std::int64_t limit = 0;
  std::int64_t peak_ppm = 0;         // of limits::share_ppm, since it was raised
  std::int64_t acknowledged_ns = 0;  // 0: nobody has
  std::array<char, 64> by{};         // who has, as in the OperatorRecord
  std::array<char, 64> reason{};
  bool escalated = false;  // told again, since nobody had for so long
};

enum class NoticeKind : std::uint8_t {
  Raised,
  Fell,  // to a lower level
  Cleared,
  Acknowledged,
  Escalated,
  MarginState,
};
[[nodiscard]] std::string_view name_of(NoticeKind kind);

// Something that has happened to an alert, or to an account's margin.
struct Notice {
  NoticeKind kind = NoticeKind::Raised;
  std::uint64_t sequence = 0;  // of the record
  std::int64_t time_ns = 0;
  Alert alert{};  // of all but MarginState: as it was behind it
  risk::AccountIndex account{};
  risk::MarginState before = risk::MarginState::Normal;
  risk::MarginState after = risk::MarginState::Normal;
};

// The warnings of the parameters in force; nothing: they cannot be read.
using WarningSource =
    std::function<std::optional<config::WarningSettings>(const gate::ParametersInForce&)>;
// Of what the journal in that folder names. The deployment must outlive it.
[[nodiscard]] WarningSource warnings_of(const config::Deployment& deployment,
                                        const std::filesystem::path& journal);

class WarningWatch final : public Companion {
 public:
  static constexpr std::size_t kNoticesKept = 1'024;  // the newest

  // By place, so that those of an account are together.
  struct ByPlace {
    bool operator()(const limits::LimitId& a, const limits::LimitId& b) const {
      return std::tie(a.level, a.node, a.limit, a.instrument) <
             std::tie(b.level, b.node, b.limit, b.instrument);
    }
  };
  using Alerts = std::map<limits::LimitId, Alert, ByPlace>;

  // The deployment must outlive this.
  WarningWatch(const config::Deployment& deployment, WarningSource source);

  // From now on there are notices, and `tell` is called with a line for those that an operator should
  // know of; what came before was told by another process.
  void begin(std::function<void(const std::string&)> tell) { tell_ = std::move(tell); }

  [[nodiscard]] const Alerts& alerts() const { return alerts_; }
  // Null: there is none of this name now.
  [[nodiscard]] const Alert* find(const AlertId& id) const;
  // Oldest first, and how many there ever were: the last one's number.
  [[nodiscard]] const std::deque<Notice>& notices() const { return notices_; }
  [[nodiscard]] std::uint64_t noticed() const { return noticed_; }
  // Of this process, by kind.
  [[nodiscard]] std::uint64_t noticed(NoticeKind kind) const {
    return noticed_of_[static_cast<std::size_t>(kind)];
  }
  [[nodiscard]] const config::WarningSettings& settings() const { return settings_; }

  // --- Companion
  [[nodiscard]] std::string_view name() const override { return "warnings"; }
  [[nodiscard]] bool is_needed() const override { return false; }
  void take(const journal::RecordView& record, gate::Gate& gate) override;
  [[nodiscard]] std::size_t saved_bytes() const override;
  void save(std::span<std::byte> out) const override;
  [[nodiscard]] bool load(std::span<const std::byte> saved) override;

 private:
  void take_settings(const gate::Gate& gate);
  void take_order(const journal::RecordView& record, gate::Gate& gate);
  void take_look(const journal::RecordView& record, gate::Gate& gate);
  void take_acknowledgement(const journal::RecordView& record);
  void count_order(risk::AccountIndex account, risk::InstrumentIndex instrument, gate::Gate& gate);
  void look_at(risk::AccountIndex account, gate::Gate& gate);
  void find_limits(risk::AccountIndex account, const risk::Engine& engine);
  void consider(const limits::LimitId& id, const limits::Reading& reading);
  void raise(const limits::LimitId& id, std::int64_t level, const limits::Reading& reading);
  void escalate();
  void note(NoticeKind kind, const Alert& alert);
  void note(Notice notice);
  [[nodiscard]] std::string line_of(const Notice& notice) const;
  void add(const Alert& alert);
  void clear();
  [[nodiscard]] bool is_plausible(const Alert& alert) const;

  const config::Deployment& deployment_;
  const WarningSource source_;
  const std::vector<std::vector<limits::Place>> paths_;  // by account
  config::WarningSettings settings_;
  gate::ParameterHash in_force_{};  // whose settings these are; zeros: those of the beginning

  Alerts alerts_;
  std::map<AlertId, limits::LimitId> by_id_;
  std::set<AlertId> waiting_;              // not acknowledged, and not told again yet
  std::vector<risk::MarginState> states_;  // by account
  gate::CommandGiver giver_;

  // Of the record that is taken now.
  std::uint64_t sequence_ = 0;
  std::int64_t time_ns_ = 0;
  std::uint32_t raised_ = 0;
  std::vector<limits::LimitId> looked_at_;

  std::function<void(const std::string&)> tell_;  // none: not yet
  std::deque<Notice> notices_;
  std::uint64_t noticed_ = 0;
  std::array<std::uint64_t, 6> noticed_of_{};
};

}  // namespace portcullis::gateway::follower
