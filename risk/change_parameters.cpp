// Other parameters between two orders (ORDERLIFE 7): what is kept of each account is of the old ones
// until the account is looked at, and then worked out from nothing. So a change costs the order path
// nothing but the first look at an account.
#include <algorithm>
#include <type_traits>
#include <utility>

#include "risk/engine.h"

namespace portcullis::risk {

// It moves pointers: no heap on the order path.
static_assert(std::is_nothrow_swappable_v<Rules>);

bool Engine::apply(const ParameterChange& change, NewRules& next) noexcept {
  advance(change.time);
  const Parameters& to = next.rules.parameters();
  if (change.replaces != parameters_.version || change.version != to.version ||
      change.version <= change.replaces) {
    return false;
  }
  move_suspensions(next);
  for (std::uint32_t g = 0; g < tables_.size(); ++g) {
    if (to.groups[g].shock_ppm == parameters_.groups[g].shock_ppm) continue;
    tables_since_[g] = change.version;
    table_as_of_[g] = kOutdated;
    hash_.touch(EntityKind::Table, g);
  }
  std::swap(static_cast<Rules&>(*this), next.rules);
  // Nobody's figures are of these versions.
  for (std::uint32_t g = 0; g < tables_.size(); ++g) {
    ++table_version_[g];
    ++group_version_[g];
  }
  ++price_version_;
  ++index_version_;
  ++rules_version_;
  due_next_ = 0;
  return true;
}

namespace {

// f(index) for each flag that is set. Nearly none is: blocks without one are passed over whole.
template <class F>
void each_set(const Pool<std::uint8_t>& flags, F&& f) {
  constexpr std::size_t kBlock = 64;
  for (std::size_t begin = 0; begin < flags.size(); begin += kBlock) {
    const std::size_t end = std::min(begin + kBlock, flags.size());
    unsigned any = 0;
    for (std::size_t i = begin; i < end; ++i) any |= flags[i];
    if (any == 0) continue;
    for (std::size_t i = begin; i < end; ++i)
      if (flags[i] != 0) f(static_cast<std::uint32_t>(i));
  }
}

}  // namespace

// Who may suspend whom is another matter now. What nobody could lift any more is the venue's.
void Engine::move_suspensions(NewRules& next) noexcept {
  std::uint32_t s = 0;
  each_set(suspended_, [&](std::uint32_t at) {
    while (at - first_entitlement_[s] >= parameters_.sessions[s].accounts.size()) ++s;
    const AccountIndex account = parameters_.sessions[s].accounts[at - first_entitlement_[s]];
    const std::uint32_t kept = next.rules.find_entitlement({s}, account);
    if (kept != kNil) {
      next.suspended[kept] = 1;
      return;
    }
    --accounts_[account.value].suspensions;
    accounts_[account.value].flags |= kSuspended;
    hash_.touch(EntityKind::Account, account.value);
  });
  std::swap(suspended_, next.suspended);
  hash_.exchange(EntityKind::Suspension, next.suspension_hashes);
  each_set(suspended_, [&](std::uint32_t at) { hash_.touch(EntityKind::Suspension, at); });
}

// --- an account

// Nothing is left of what is kept of the account's figures. They are worked out anew by refresh().
void Engine::forget(AccountIndex index) noexcept {
  Account& account = accounts_[index.value];
  for (std::uint32_t s = account.first_slot; s != kNil; s = slots_[s].next) {
    GroupSlot& slot = slots_[s];
    const GroupParameters& group = parameters_.groups[slot.group.value];
    slot.version = 0;
    slot.vector_version = ~std::uint64_t{0};
    slot.stale = true;
    slot.figures = {};
    slot.span = slot.table_span = slot.pending = 0;
    std::fill_n(low_.begin() + slot.first_column, group.column_count, 0);
    std::fill_n(raw_of(slot), group.raw_columns(), 0);
    std::fill_n(alone_.begin() + slot.first_alone, joint_set_count_, 0);
    std::fill_n(exposures_.begin() + slot.first_exposure, group.factor_count + group.drivers.size(),
                Exposure{});
    std::fill_n(collateral_.begin() + slot.first_factor, group.factor_count, Collateral{});
    std::fill_n(in_vector_.begin() + slot.first_factor, group.factor_count, FactorExposure{});
    if (slot.protection != kNil) forget_quotes(slot.protection);
    charges_[s] = {};
    for (std::uint32_t l = slot.first_line; l != kNil; l = lines_[l].next) {
      lines_[l].value = {};
      lines_[l].option_value = {};
      lines_[l].gross = lines_[l].unlevered = {};
      lines_[l].cost = {};
      lines_[l].in_vector = {};
      for (const BookSide side : {kBuys, kSells})
        lines_[l].fee_max[side] = kValueMax;  // no walk is spared
    }
  }
  for (std::uint32_t a = 0; a < assets_.size(); ++a) {
    Holding& of = holding(index, {a});
    of.line_value = of.line_cost = {};
    of.collateral = {};
  }
  std::fill_n(
      joint_.begin() + static_cast<std::ptrdiff_t>(std::size_t{index.value} * joint_columns_),
      joint_columns_, 0);
  std::fill_n(
      alone_sum_.begin() + static_cast<std::ptrdiff_t>(std::size_t{index.value} * joint_set_count_),
      joint_set_count_, 0);
  account.gross = account.unlevered = {};
  account.option_value = {};
  account.figures = {};
  account.span = 0;
  account.version = account.lines_version = 0;
  account.capital_stale = true;
}

std::int64_t Engine::worst_fee(const Order& order) const noexcept {
  std::int64_t worst = fee_per_lot(order.instrument, order.price);
  for (std::uint8_t p = 0; p < order.pending_count; ++p)
    worst = std::max(worst, fee_per_lot(order.instrument, order.pending[p].price));
  return worst;
}

// What its open orders would pay, and may bring and take.
void Engine::renew_fees(AccountIndex index) noexcept {
  for (std::uint32_t a = 0; a < assets_.size(); ++a) holding(index, {a}).flow = {};
  each_order(index, [&](OrderIndex of) {
    Order& order = orders_[of.value];
    order.fee_per_lot = worst_fee(order);
    if (is_spot(order.instrument)) add_flow(order, 1);
  });
}

// The first look at it under these parameters.
[[gnu::noinline]] void Engine::take_rules(AccountIndex index) noexcept {
  forget(index);
  renew_fees(index);
  accounts_[index.value].rules = rules_version_;
}

}  // namespace portcullis::risk
