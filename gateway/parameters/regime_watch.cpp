#include "gateway/parameters/regime_watch.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "gateway/gate/records.h"

namespace portcullis::gateway::parameters {

namespace {

// A section of a snapshot must hold something.
constexpr std::uint64_t kNothing = 0x53454D49474552;  // "REGIMES"

}  // namespace

RegimeWatch::RegimeWatch(const config::Deployment& deployment,
                         std::function<void(const std::string&)> tell)
    : tell_(std::move(tell)),
      desk_(deployment, risk::Timestamp{}),
      is_unsafe_(deployment.instruments.size()) {}

void RegimeWatch::begin(const config::RegimeChoice& in_force, risk::Timestamp now,
                        std::function<void(const config::RegimeChoice&)> ask) {
  const std::lock_guard lock(mutex_);
  desk_.begin(in_force, now);
  ask_ = std::move(ask);
}

void RegimeWatch::take(const journal::RecordView& record, gate::Gate&) {
  const std::lock_guard lock(mutex_);
  if (record.type == static_cast<std::uint16_t>(gate::RecordType::PriceState)) {
    risk::SetPriceState change;
    if (journal::read_command(record, change) && change.kind == risk::PriceKind::Mark &&
        change.target < is_unsafe_.size()) {
      is_unsafe_[change.target] = change.state == risk::PriceState::Unsafe;
    }
  }
  if (record.type == static_cast<std::uint16_t>(gate::RecordType::Mark)) {
    risk::MarkUpdate update;
    if (journal::read_command(record, update) && update.instrument.value < is_unsafe_.size() &&
        !is_unsafe_[update.instrument.value]) {
      desk_.take_mark(update.instrument, update.mark, update.as_of);
    }
  }
  if (!ask_) return;
  const auto due = desk_.step({record.time_ns});
  for (const std::string& told : desk_.take_told()) tell_("regime of " + told);
  if (due) ask_(*due);
}

std::size_t RegimeWatch::saved_bytes() const { return sizeof kNothing; }

void RegimeWatch::save(std::span<std::byte> out) const {
  std::memcpy(out.data(), &kNothing, sizeof kNothing);
}

bool RegimeWatch::load(std::span<const std::byte> saved) {
  const std::lock_guard lock(mutex_);
  std::fill(is_unsafe_.begin(), is_unsafe_.end(), false);
  return saved.empty() || (saved.size() == sizeof kNothing &&
                           std::memcmp(saved.data(), &kNothing, sizeof kNothing) == 0);
}

}  // namespace portcullis::gateway::parameters
