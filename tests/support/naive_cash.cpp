// NaiveModel: cash that moves, loans, funding, and what becomes of positions when their instrument
// changes (METHOD 3.14).
#include <algorithm>

#include "tests/support/naive_math.h"
#include "tests/support/naive_model.h"

namespace portcullis::support {

using namespace portcullis::risk;

namespace {

constexpr Int128 kUnitsMax = Int128{1} << 90;

bool add_within_range(Int128& held, Int128 units) {
  if (magnitude(held + units) > kUnitsMax) return false;
  held += units;
  return true;
}

Verdict refused(RejectReason reason) { return {.reason = reason}; }
Verdict judged(RejectReason reason) {
  if (reason != RejectReason::None) return refused(reason);
  return {.disposition = Disposition::Forward};
}

}  // namespace

// False, and nothing happens, where it would be more than can be held.
bool NaiveModel::add_balance(std::uint32_t account, std::uint32_t asset, Int128 units) {
  return add_within_range(accounts_[account].balances[asset], units);
}
bool NaiveModel::add_borrowed(std::uint32_t account, std::uint32_t asset, Int128 units) {
  return add_within_range(accounts_[account].borrowed[asset], units);
}

// What comes in or goes out is no gain or loss of the day.
void NaiveModel::count_transfer(std::uint32_t account, std::uint32_t asset, Int128 units) {
  accounts_[account].day_start += times(units, unit(asset));
}

// A loan, and what has been drawn below nothing.
Int128 NaiveModel::owed(std::uint32_t account, std::uint32_t asset) const {
  const ModelAccount& a = accounts_[account];
  return a.borrowed[asset] + std::max<Int128>(0, -a.balances[asset]);
}

// The margin leg of what has gone, here, from an account as it was before.
RejectReason NaiveModel::check_withdrawal(const NaiveModel& before, std::uint32_t account,
                                          std::uint32_t asset, std::int64_t now) const {
  if (unsafe_account(account) || unsafe_index(asset)) return RejectReason::ReferencePriceUnsafe;
  if (account_stale(account, now) || !fresh_index(asset, now)) return RejectReason::StaleRiskTable;
  if (!figures_fit(account)) return RejectReason::ArithmeticRange;
  if (owed(account, asset) > before.owed(account, asset)) {
    Int128 pool = 0;
    for (std::uint32_t a = 0; a < accounts_.size(); ++a) pool += owed(a, asset);
    if (pool > parameters_.assets[asset].borrow_max.raw) return RejectReason::BorrowLimit;
  }
  if (is_restricted(account)) return RejectReason::MarginState;
  const Book all = book(account);
  const Int128 share = times(gross_of(account), parameters_.transfer_notional_ppm);
  const Int128 least =
      std::max(requirement(all), ceil_div(share, times(kPpm, parameters_.wide_denominator)));
  const Int128 capital = equity(account, MarginBasis::Initial, costs(all));
  return capital < least ? RejectReason::Margin : RejectReason::None;
}

Verdict NaiveModel::decide(const Transfer& transfer) const {
  if (transfer.units <= 0) return refused(RejectReason::InvalidQuantity);
  if (transfer.from == transfer.to) return refused(RejectReason::UnknownAccount);
  const std::uint32_t asset = transfer.asset.value;
  NaiveModel after = *this;
  if (transfer.to.exists()) {
    if (!after.add_balance(transfer.to.value, asset, transfer.units)) {
      return refused(RejectReason::OrderCapacity);
    }
    after = *this;  // what leaves an account is judged before it is anywhere else
  }
  if (!transfer.from.exists()) return judged(RejectReason::None);
  if (!after.add_balance(transfer.from.value, asset, -transfer.units)) {
    return refused(RejectReason::OrderCapacity);
  }
  return judged(after.check_withdrawal(*this, transfer.from.value, asset, now_of(transfer.time)));
}

void NaiveModel::apply(const Transfer& transfer, const Verdict& verdict) {
  tick(transfer.time);
  if (verdict.disposition != Disposition::Forward) return;
  const auto move = [&](AccountIndex account, Int128 units) {
    if (!account.exists()) return;
    add_balance(account.value, transfer.asset.value, units);
    count_transfer(account.value, transfer.asset.value, units);
  };
  move(transfer.from, -transfer.units);
  move(transfer.to, transfer.units);
}

// The order with the cash that it is opened with, or nothing of both.
Verdict NaiveModel::decide(const IsolatedOrder& command) const {
  const NewOrder& order = command.order;
  if (command.units == 0 || !order.account.exists()) return decide(order);
  const AccountParameters& account = parameters_.accounts[order.account.value];
  if (!account.isolated_from.exists()) return decide(order);
  Transfer cash;
  cash.time = order.time;
  cash.units = command.units;
  cash.from = account.isolated_from;
  cash.to = order.account;
  cash.asset = parameters_.instruments[account.isolated_in.value].settlement;
  const std::vector<AccountIndex>& may = parameters_.sessions[order.session.value].accounts;
  const bool may_take = std::find(may.begin(), may.end(), cash.from) != may.end();
  const Verdict of_cash = decide(cash);
  NaiveModel with_cash = *this;
  const bool has_cash = may_take && of_cash.disposition == Disposition::Forward;
  if (has_cash) {
    with_cash.add_balance(cash.from.value, cash.asset.value, -cash.units);
    with_cash.add_balance(cash.to.value, cash.asset.value, cash.units);
  }
  Verdict verdict = with_cash.decide(order);
  if (has_cash || verdict.disposition == Disposition::Ignore) return verdict;
  if (verdict.disposition == Disposition::Forward || verdict.reason == RejectReason::Margin ||
      verdict.reason == RejectReason::Leverage) {
    verdict.disposition = Disposition::Reject;
    verdict.reason = may_take ? of_cash.reason : RejectReason::NotEntitled;
  }
  return verdict;
}

void NaiveModel::apply(const IsolatedOrder& command, const Verdict& verdict) {
  const NewOrder& order = command.order;
  if (verdict.disposition == Disposition::Forward && command.units != 0) {
    const AccountParameters& account = parameters_.accounts[order.account.value];
    if (account.isolated_from.exists()) {
      const std::uint32_t asset =
          parameters_.instruments[account.isolated_in.value].settlement.value;
      tick(order.time);
      add_balance(account.isolated_from.value, asset, -command.units);
      add_balance(order.account.value, asset, command.units);
      count_transfer(account.isolated_from.value, asset, -command.units);
      count_transfer(order.account.value, asset, command.units);
    }
  }
  apply(order, verdict);
}

Verdict NaiveModel::decide(const Borrow& borrow) const {
  const std::uint32_t account = borrow.account.value;
  const std::uint32_t asset = borrow.asset.value;
  if (borrow.units == 0 || accounts_[account].borrowed[asset] + borrow.units < 0) {
    return refused(RejectReason::InvalidQuantity);
  }
  NaiveModel after = *this;
  if (!after.add_balance(account, asset, borrow.units) ||
      !after.add_borrowed(account, asset, borrow.units)) {
    return refused(RejectReason::OrderCapacity);
  }
  if (borrow.units < 0) return judged(RejectReason::None);
  return judged(after.check_withdrawal(*this, account, asset, now_of(borrow.time)));
}

void NaiveModel::apply(const Borrow& borrow, const Verdict& verdict) {
  tick(borrow.time);
  if (verdict.disposition != Disposition::Forward) return;
  add_balance(borrow.account.value, borrow.asset.value, borrow.units);
  add_borrowed(borrow.account.value, borrow.asset.value, borrow.units);
}

bool NaiveModel::apply(const Interest& interest) {
  tick(interest.time);
  return add_borrowed(interest.account.value, interest.asset.value, interest.units);
}

bool NaiveModel::apply(const Conversion& conversion) {
  tick(conversion.time);
  const std::uint32_t account = conversion.account.value;
  NaiveModel after = *this;
  if (!after.add_balance(account, conversion.from.value, -conversion.given) ||
      !after.add_balance(account, conversion.to.value, conversion.got)) {
    return false;
  }
  accounts_ = after.accounts_;
  return true;
}

// Both sides trade at the price, without fees. Each needs a line beside those there are before.
bool NaiveModel::apply(const PositionTransfer& transfer) {
  if (is_spot(transfer.instrument.value)) {
    tick(transfer.time);
    return false;
  }
  tick(transfer.time);
  const std::uint32_t i = transfer.instrument.value;
  auto used = lines_used();
  used.insert({transfer.from.value, i});
  used.insert({transfer.to.value, i});
  if (transfer.from == transfer.to || used.size() > parameters_.capacities.positions) return false;
  const auto trade = [&](AccountIndex account, Int128 lots) {
    ModelLine& line = accounts_[account.value].lines[i];
    line.position += lots;
    line.cash += paid_for(i, lots, transfer.price.raw);
    line.funding += times(lots, funding_paid_[i]);
  };
  trade(transfer.from, -transfer.lots.raw);
  trade(transfer.to, transfer.lots.raw);
  for (const AccountIndex account : {transfer.from, transfer.to}) {
    if (parameters_.accounts[account.value].isolated_in == transfer.instrument)
      isolated_open_.insert(account.value);
  }
  drop_empty_lines();
  return true;
}

void NaiveModel::apply(const OpenInterestUpdate& update) {
  tick(update.time);
  open_interest_[update.instrument.value] = update.lots.raw;
}

void NaiveModel::apply(const FundingUpdate& update) {
  tick(update.time);
  funding_paid_[update.instrument.value] += update.paid;
  funding_predicted_[update.instrument.value] = update.predicted;
}

// What a line is worth now becomes balance; the line begins again at nothing. A part of a unit of
// funding stays with it.
void NaiveModel::realise_line(std::uint32_t account, std::uint32_t instrument) {
  ModelLine& line = accounts_[account].lines.at(instrument);
  const Int128 value = line_value(instrument, line);
  accounts_[account].balances[parameters_.instruments[instrument].settlement.value] += value;
  line.cash -= value;
}

void NaiveModel::realise(AccountIndex account) {
  for (const auto& [instrument, line] : accounts_[account.value].lines) {
    realise_line(account.value, instrument);
  }
}

void NaiveModel::apply(const Realise& command) {
  tick(command.time);
  realise(command.account);
}

void NaiveModel::apply(const Expire& expire) {
  tick(expire.time);
  const std::uint32_t i = expire.instrument.value;
  const InstrumentParameters& p = parameters_.instruments[i];
  end_orders_in(i);
  marks_[i] = {.value = expire.price.raw, .as_of = clock_};
  phases_[i] = InstrumentPhase::Expired;
  for (std::uint32_t a = 0; a < accounts_.size(); ++a) {
    const auto found = accounts_[a].lines.find(i);
    if (found == accounts_[a].lines.end()) continue;
    const ModelLine& line = found->second;
    Int128 paid = line_value(i, line);
    if (p.upfront) paid += times(line.position, expire.price.raw, p.units_per_lot_mark);
    accounts_[a].balances[p.settlement.value] += paid;
    accounts_[a].lines.erase(found);
  }
  return_isolated();
}

bool NaiveModel::apply(const Split& split) {
  tick(split.time);
  const std::uint32_t i = split.instrument.value;
  for (const ModelAccount& account : accounts_) {
    const auto found = account.lines.find(i);
    if (found == account.lines.end()) continue;
    const Int128 parts = times(found->second.position, split.numerator);
    if (parts % split.denominator != 0) return false;
    if (magnitude(parts / split.denominator) > kValueMax) return false;
  }
  end_orders_in(i);
  drop_empty_lines();
  const bool was_priced = marks_[i].value > 0;  // else nothing can be realised yet
  for (std::uint32_t a = 0; a < accounts_.size(); ++a) {
    if (!accounts_[a].lines.contains(i)) continue;
    if (was_priced) realise_line(a, i);
    ModelLine& line = accounts_[a].lines.at(i);
    // A long lot pays the same as before from now on, and each line what it did not pay in full.
    const Int128 lost = times(line.position, funding_paid_[i]) - line.funding;
    line.position = times(line.position, split.numerator) / split.denominator;
    line.funding = times(line.position, funding_paid_[i]) - lost;
  }
  marks_[i] = {.value = split.mark.raw, .as_of = clock_};
  for (ModelAccount& account : accounts_) {
    const auto found = account.lines.find(i);
    if (!was_priced || found == account.lines.end()) continue;
    found->second.cash -= line_value(i, found->second);
  }
  return true;
}

}  // namespace portcullis::support
