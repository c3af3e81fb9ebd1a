// What an order of an account reads, asked for ahead of it.
#include <cstddef>

#include "risk/engine.h"

namespace portcullis::risk {

namespace {

constexpr std::size_t kCacheLine = 64;

// `count` values from the first one on, to be written.
template <class T>
void fetch_values(const T* first, std::size_t count) noexcept {
  const auto* const bytes = reinterpret_cast<const char*>(first);
  for (std::size_t at = 0; at < count * sizeof(T); at += kCacheLine) {
    __builtin_prefetch(bytes + at, 1);
  }
}

}  // namespace

void Engine::fetch(AccountIndex account, InstrumentIndex instrument) const noexcept {
  if (!account.exists() || !instrument.exists()) return;
  const GroupIndex group = group_of(instrument);
  const AssetIndex settlement = parameters_.instruments[instrument.value].settlement;
  fetch_values(&accounts_[account.value], 1);
  fetch_values(&parameters_.accounts[account.value], 1);
  fetch_values(&holdings_[account.value * assets_.size() + settlement.value], 1);
  hash_.fetch(EntityKind::Account, account.value);
  const std::uint32_t l = find_line(account, instrument);
  const std::uint32_t s = find_slot(account, group);
  if (l != kNil) {
    fetch_values(&lines_[l], 1);
    fetch_values(&reducers_[l], 1);
    hash_.fetch(EntityKind::Line, l);
  }
  if (s == kNil) return;
  const GroupParameters& of = parameters_.groups[group.value];
  fetch_values(&slots_[s], 1);
  fetch_values(&charges_[s], 1);
  fetch_values(&exposures_[std::size_t{s} * widths_.exposures],
               of.factor_count + of.drivers.size());
  fetch_values(&collateral_[std::size_t{s} * widths_.factors], of.factor_count);
  fetch_values(&in_vector_[std::size_t{s} * widths_.factors], of.factor_count);
  fetch_values(&low_[std::size_t{s} * widths_.columns], of.column_count);
}

}  // namespace portcullis::risk
