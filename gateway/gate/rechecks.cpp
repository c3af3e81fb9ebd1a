// Margin states are looked at again (METHOD 3.15, ORDERLIFE 4): of the accounts that the engine names, and of
// all in turn. Each look is a record, so that a replay sees the same.
#include <algorithm>

#include "gateway/gate/gate.h"
#include "gateway/gate/outbound.h"
#include "risk/types.h"

namespace portcullis::gateway::gate {

namespace {

using risk::kDayNs;
constexpr std::int64_t kRecheckMinNs = 250'000;  // between two slices, where a minute is enough
constexpr std::int64_t kDueNs = 500'000;         // between two slices of accounts that are due

}  // namespace

bool Gate::recheck(std::int64_t now_ns) {
  const auto accounts = static_cast<std::uint32_t>(deployment_.parameters.accounts.size());
  if (!loaded_ || accounts == 0 || now_ns < next_recheck_ns_ ||
      journal_->room() != journal::Room::All) {
    return false;
  }
  const std::uint32_t count = std::min(kRecheckSlice, accounts - recheck_next_);
  bool starts_day = recheck_starts_day_;
  if (recheck_next_ == 0) starts_day = now_ns / kDayNs > day_ && engine_.assets_are_priced();
  const RecheckRecord record{.time = {now_ns},
                             .from = recheck_next_,
                             .count = count,
                             .starts_day = static_cast<std::uint8_t>(starts_day ? 1 : 0)};
  take(RecordType::Recheck, record.time, record);
  // A second for all of them, or a minute where that would be too much work.
  const std::int64_t slices = (accounts + kRecheckSlice - 1) / kRecheckSlice;
  next_recheck_ns_ = now_ns + std::max(risk::kSecondNs / slices,
                                       std::min(kRecheckMinNs, 60 * risk::kSecondNs / slices));
  return true;
}

bool Gate::recheck_due(std::int64_t now_ns) {
  if (!loaded_ || now_ns < next_due_ns_ || journal_->room() != journal::Room::All) return false;
  DueRecord record{.time = {now_ns}, .accounts = {}};
  while (record.count < record.accounts.size()) {
    const risk::AccountIndex account = engine_.take_due();
    if (!account.exists()) break;
    record.accounts[record.count++] = account;
  }
  if (record.count == 0) return false;
  take(RecordType::Due, record.time, record);
  next_due_ns_ = now_ns + kDueNs;
  return true;
}

// --- effects

void Gate::effect(const RecheckRecord& record) noexcept {
  const auto accounts = static_cast<std::uint32_t>(deployment_.parameters.accounts.size());
  if (record.from >= accounts || record.count > accounts - record.from) return;
  recheck_starts_day_ = record.starts_day != 0;
  if (recheck_starts_day_) day_ = record.time.ns / kDayNs;
  for (std::uint32_t a = record.from; a < record.from + record.count; ++a) {
    if (recheck_starts_day_) engine_.apply(risk::DayStart{record.time, {a}, {}});
    look_at({a}, record.time);
  }
  recheck_next_ = (record.from + record.count) % accounts;
}

void Gate::effect(const DueRecord& record) noexcept {
  const auto accounts = static_cast<std::uint32_t>(deployment_.parameters.accounts.size());
  for (std::uint32_t a = 0; a < record.count && a < record.accounts.size(); ++a)
    if (record.accounts[a].value < accounts) look_at(record.accounts[a], record.time);
}

void Gate::look_at(risk::AccountIndex account, risk::Timestamp time) noexcept {
  const risk::Engine::StateChange change = engine_.apply(risk::Recheck{time, account, {}});
  if (change.before != change.after) ++counters_.state_changes;
  if (change.day_closed) ++counters_.days_closed;
}

}  // namespace portcullis::gateway::gate
