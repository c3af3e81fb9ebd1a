// The changes of limits that are open: proposed, approved, or overrides in force until they expire. A part
// of the gate's state, made of its records alone, so that a replay proves that nothing which needs a
// second person's approval came into force without it (ORDERLIFE 7). What prepares the next step asks a
// copy of the same table.
//
// Plain data; every member is in the bytes of a saved state.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "gateway/gate/records.h"

namespace portcullis::gateway::gate {

enum class ChangeState : std::uint8_t { Proposed, Approved, InForce };

// An override stays until it expires; all else is gone when it is in force, refused or withdrawn.
struct OpenChange {
  risk::Timestamp proposed_at;
  risk::Timestamp effective_at;  // 0: at once
  risk::Timestamp expires_at;    // of an override
  ParameterHash hash{};          // of what was proposed, in the parameter log
  std::array<char, 64> by{};
  std::array<char, 64> reason{};
  std::array<char, 64> approver{};
  std::uint32_t id = 0;
  ChangeKind kind = ChangeKind::Reload;
  ChangeState state = ChangeState::Proposed;
  std::uint8_t needs_approval = 0;
  config::Role role = config::Role::Risk;

  [[nodiscard]] bool may_begin() const {
    return state == ChangeState::Approved ||
           (state == ChangeState::Proposed && needs_approval == 0);
  }
};

class ChangeTable {
 public:
  static constexpr std::size_t kOpenMax = 64;

  // Null, or why the table cannot take it: then it must not be applied.
  [[nodiscard]] const char* problem_of(const ChangeRecord& record) const noexcept;
  void apply(const ChangeRecord& record) noexcept;
  // The same of parameters. A configuration that comes into force ends all others that are proposed.
  [[nodiscard]] const char* problem_of(const ParametersRecord& record) const noexcept;
  void apply(const ParametersRecord& record) noexcept;

  // Oldest first.
  [[nodiscard]] std::span<const OpenChange> open() const noexcept { return {open_.data(), count_}; }
  // Null: there is none, or it has ended.
  [[nodiscard]] const OpenChange* find(std::uint32_t id) const noexcept;
  // Of the next one that is proposed.
  [[nodiscard]] std::uint32_t next_id() const noexcept { return last_id_ + 1; }
  // Of a table that was read from somewhere: whether its numbers can be believed.
  [[nodiscard]] bool is_sound() const noexcept;

 private:
  OpenChange* place_of(std::uint32_t id) noexcept;
  void remove(std::uint32_t id) noexcept;

  std::array<OpenChange, kOpenMax> open_{};
  std::uint32_t count_ = 0;
  std::uint32_t last_id_ = 0;
};
static_assert(std::is_trivially_copyable_v<ChangeTable> &&
              std::has_unique_object_representations_v<ChangeTable>);

// What time brings about.
enum class DueStep : std::uint8_t {
  Begin,  // comes into force
  End,    // an override in force has expired
  Lapse,  // an override has expired without having been in force
};
struct DueChange {
  std::uint32_t id = 0;
  DueStep step = DueStep::Begin;
  std::int64_t at_ns = 0;  // since when
};
// The one to be done first at `now_ns`, by the times since when they are due, ends before beginnings; then
// by id. None: there is nothing to do before next_due_ns().
[[nodiscard]] std::optional<DueChange> first_due(const ChangeTable& table, std::int64_t now_ns);
// When the next becomes due, later than `now_ns`; int64's maximum: never, unless something is said.
[[nodiscard]] std::int64_t next_due_ns(const ChangeTable& table, std::int64_t now_ns);

}  // namespace portcullis::gateway::gate
