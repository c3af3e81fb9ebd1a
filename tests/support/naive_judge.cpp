// NaiveModel: the checks of an order, in the order of ORDERLIFE 6; the first that fails names the
// reason.
#include <algorithm>

#include "tests/support/naive_math.h"
#include "tests/support/naive_model.h"

namespace portcullis::support {

using namespace portcullis::risk;

Verdict NaiveModel::decide(const NewOrder& order) const {
  if (order.client_ref <= sessions_[order.session.value].watermark) {
    return {.disposition = Disposition::Ignore};
  }
  Question q;
  q.session = order.session.value;
  q.account = order.account.value;
  q.instrument = order.instrument.value;
  q.buy = order.side == Side::Buy;
  q.type = order.ord_type;
  q.life = order.time_in_force;
  q.price = order.price.raw;
  q.lots = order.quantity.raw;
  q.min_lots = order.min_quantity.raw;
  q.form = order.form;
  q.unsupported = order.unsupported;
  q.flags = order.flags;
  q.now = now_of(order.time);
  return judge(q);
}

Verdict NaiveModel::decide(const ReplaceOrder& order) const {
  std::uint32_t original = 0;
  const std::uint64_t id = find_live(order.session.value, order.original_ref, original);
  if (order.client_ref <= sessions_[order.session.value].watermark || id == 0) {
    return {.disposition = Disposition::Ignore};
  }
  const ModelOrder& chain = orders_.at(id);
  Question q;
  q.session = order.session.value;
  q.account = chain.account;
  q.instrument = chain.instrument;
  q.buy = chain.buy;
  q.type = order.ord_type;
  q.life = order.time_in_force;
  q.price = order.price.raw;
  // Executed lots are in the total, cancelled ones are not: what is left is the rest of it.
  q.lots = std::max<std::int64_t>(0, order.total.raw - chain.cum);
  q.form = order.form;
  q.unsupported = order.unsupported;
  q.flags = static_cast<std::uint16_t>(order.flags | (chain.flags & kReduceOnly));
  q.replaced = id;
  q.now = now_of(order.time);
  return judge(q);
}

Verdict NaiveModel::decide(const CancelOrder& order) const {
  const std::int64_t now = now_of(order.time);
  std::uint32_t number = 0;
  const std::uint64_t id = find_live(order.session.value, order.client_ref, number);
  if (id == 0) return {.disposition = Disposition::Ignore};
  const ModelOrder& chain = orders_.at(id);
  if (!allows(order.session.value, kMayCancel)) return {.reason = RejectReason::NotEntitled};
  if (!sessions_[order.session.value].exits.has_token(now) ||
      !accounts_[chain.account].exits.has_token(now)) {
    return {.reason = RejectReason::Rate, .disconnect = true};
  }
  // The total that the number has now, or will have.
  std::int64_t total = chain.total - chain.cancelled;
  for (const ModelPending& p : chain.pending) {
    if (p.number == number) total = p.total;
  }
  if (order.total.raw >= total) return {.disposition = Disposition::Ignore};
  return {.disposition = Disposition::Forward, .number = number};
}

Verdict NaiveModel::judge(const Question& q) const {
  Verdict v;
  v.reducing =
      q.form == RejectReason::None && q.account != kNil && q.instrument != kNil && is_reducing(q);
  v.reason = first_failure(q, v);
  if (v.reason != RejectReason::None) {
    v.exit = false;
    return v;
  }
  v.disposition = Disposition::Forward;
  v.number = static_cast<std::uint32_t>(next_number_);
  v.price = Price{q.price};
  if (q.type == OrdType::Market) v.price = Price{*market_price(q.account, q.instrument, q.buy)};
  return v;
}

RejectReason NaiveModel::first_failure(const Question& q, Verdict& v) const {
  if (q.form != RejectReason::None) return q.form;
  if (q.account == kNil) return RejectReason::UnknownAccount;
  if (q.instrument == kNil) return RejectReason::UnknownInstrument;

  RejectReason reason = check_states(q, v.reducing);
  if (reason != RejectReason::None) return reason;
  reason = check_form(q);
  if (reason != RejectReason::None) return reason;
  if ((q.flags & kDuplicate) != 0) return RejectReason::DuplicateOrder;
  reason = check_size(q);
  if (reason != RejectReason::None) return reason;
  reason = check_price(q, v.reducing);
  if (reason != RejectReason::None) return reason;
  if ((q.flags & kReduceOnly) != 0 && !v.reducing) return RejectReason::ReduceOnly;
  reason = check_capacity(q);
  if (reason != RejectReason::None) return reason;
  reason = check_exposure(q);
  if (reason != RejectReason::None) return reason;

  reason = check_open_interest(q);
  if (reason != RejectReason::None) return reason;
  reason = check_day(q, v.reducing);
  if (reason != RejectReason::None) return reason;
  reason = check_margin(q, v);
  if (reason != RejectReason::None) return reason;

  const ModelSession& session = sessions_[q.session];
  const ModelAccount& account = accounts_[q.account];
  const bool order_tokens = session.orders.has_token(q.now) && account.orders.has_token(q.now);
  const bool exit_tokens = session.exits.has_token(q.now) && account.exits.has_token(q.now);
  if (!order_tokens && !(v.reducing && exit_tokens)) {
    v.disconnect = v.reducing;
    return RejectReason::Rate;
  }
  if ((account.flags & kThrottled) != 0 && !v.reducing) return RejectReason::RepeatedExecution;
  if ((q.flags & kOverloaded) != 0 && !v.reducing) return RejectReason::Overload;
  return RejectReason::None;
}

// A cash account pays with what it has: all its open orders of the asset together.
RejectReason NaiveModel::check_cash(const Question& q) const {
  const InstrumentParameters& p = parameters_.instruments[q.instrument];
  const std::uint32_t asset = q.buy ? p.settlement.value : p.base.value;
  const Book others = book(q.account, q.replaced);
  Book after = others;
  after.open.push_back(reservation_after(q));
  const Int128 taken = -flows(after, asset).low;
  const bool grows = taken > -flows(book(q.account), asset).low;
  return grows && taken > asset_sum(q.account, asset) ? RejectReason::Margin : RejectReason::None;
}

// Leverage and margin. Where the figures cannot be trusted, nothing but what reduces comes through,
// by position alone.
RejectReason NaiveModel::check_margin(const Question& q, Verdict& v) const {
  if (parameters_.accounts[q.account].cash_only)
    return check_cash(q);  // prices are fresh, or it has been refused: it never reduces
  const bool stale = !fresh_mark(q.instrument, q.now) || table_stale(q);
  if (!stale) {
    const Int128 gross = levered(q.account);
    const Int128 gross_after =
        gross + times(usage_with(q).gross - usage(q.account, q.instrument).gross,
                      levered_lot(q.instrument));
    // Beyond its integer it counts as the largest that fits.
    const Int128 capital = std::clamp<Int128>(leverage_equity(q.account), -kValueMax, kValueMax);
    const Int128 most =
        times(leverage_max(q.account, gross_after), capital, parameters_.wide_denominator);
    if (times(gross_after, kPpm) > most && gross_after > gross) return RejectReason::Leverage;
  }
  if (!stale && !figures_fit(q.account) && !v.reducing) return RejectReason::ArithmeticRange;
  if (by_position(q)) return RejectReason::None;

  Book after = book(q.account, q.replaced);
  after.open.push_back(reservation_after(q));
  const Units paid = costs(after);
  const Int128 capital = equity(q.account, MarginBasis::Initial, paid);
  const bool fits = exposures_fit(after, paid);
  const bool covered = fits && capital >= requirement(after);
  if (covered && !is_restricted(q.account)) {
    v.warned = capital < requirement(after, MarginBasis::Initial, paid, true);
    return RejectReason::None;
  }
  if (const std::optional<Int128> worse = exit_of(q)) {
    v.exit = true;
    v.allowance = *worse;
    return RejectReason::None;
  }
  if (!fits) return RejectReason::ArithmeticRange;
  return covered ? RejectReason::MarginState : RejectReason::Margin;
}

// What leverage counts of a lot.
Int128 NaiveModel::levered_lot(std::uint32_t instrument) const {
  if (is_spot(instrument)) return parameters_.leverage.spot ? notional(instrument) : Int128{0};
  const bool refers = parameters_.instruments[instrument].reference.exists();
  return refers && parameters_.leverage.by_premium ? premium(instrument) : notional(instrument);
}

Int128 NaiveModel::levered(std::uint32_t account) const {
  Int128 sum = 0;
  for (std::uint32_t i = 0; i < parameters_.instruments.size(); ++i)
    sum += times(usage(account, i).gross, levered_lot(i));
  return sum;
}

Int128 NaiveModel::leverage_equity(std::uint32_t account) const {
  const Units paid = costs(book(account));
  if (!parameters_.leverage.plain_equity) return equity(account, MarginBasis::Initial, paid);
  Int128 sum = plain_equity(account);
  for (std::uint32_t a = 0; a < parameters_.assets.size(); ++a) sum -= times(paid[a], unit(a));
  return floor_div(sum, parameters_.wide_denominator);
}

// The leverage that the account is allowed at a gross notional, in Wide: its limit, or less by its
// bracket, or less by what holds for all accounts.
std::int64_t NaiveModel::leverage_max(std::uint32_t account, Int128 gross) const {
  const LimitProfile& profile = parameters_.profiles[parameters_.accounts[account].profile];
  const std::int64_t most =
      std::min(profile.leverage_max_ppm, leverage_cap_.value_or(profile.leverage_max_ppm));
  for (const LeverageBracket& bracket : profile.leverage_brackets) {
    if (bracket.upto.raw < kValueMax &&
        gross > times(bracket.upto.raw, parameters_.wide_denominator)) {
      continue;
    }
    return std::min(most, bracket.max_ppm);
  }
  return most;
}

// The account's own limits, then those of its group, its member and the venue.
std::vector<NaiveModel::Tree> NaiveModel::path(std::uint32_t account) const {
  const AccountParameters& a = parameters_.accounts[account];
  std::vector<Tree> path;
  path.push_back({NodeLevel::Account, std::nullopt, &parameters_.profiles[a.profile]});
  for (NodeIndex node = a.parent; node.exists(); node = parameters_.nodes[node.value].parent) {
    const NodeParameters& n = parameters_.nodes[node.value];
    path.push_back({n.level, node.value, &parameters_.profiles[n.profile]});
  }
  return path;
}

// Whether the limit or flag at `level` (of some account's path) covers the account.
bool NaiveModel::under(std::uint32_t account, const Tree& level) const {
  if (!level.node) return false;
  for (const Tree& at : path(account)) {
    if (at.node == level.node) return true;
  }
  return false;
}

std::uint8_t NaiveModel::flags_of(std::uint32_t account, const Tree& level) const {
  if (level.node) return node_flags_[*level.node];
  const ModelAccount& a = accounts_[account];
  return static_cast<std::uint8_t>(a.flags | (!a.suspended_by.empty() ? kSuspended : 0));
}

// Venue, link and journal; kill, suspend, close-only; entitlement; halt.
RejectReason NaiveModel::check_states(const Question& q, bool reducing) const {
  if (conditions_.contains(Condition::VenueHalted)) return RejectReason::VenueHalted;
  if (conditions_.contains(Condition::VenueDown)) return RejectReason::VenueDown;
  if (conditions_.contains(Condition::VenueBusy) && !reducing) return RejectReason::VenueBusy;
  if (conditions_.contains(Condition::JournalDegraded) && !reducing) {
    return RejectReason::JournalDegraded;
  }
  if (conditions_.contains(Condition::StateUnconfirmed) ||
      (conditions_.contains(Condition::StateDiffers) && !reducing)) {
    return RejectReason::StateDiffers;
  }

  std::uint8_t flags = sessions_[q.session].flags;
  for (const Tree& level : path(q.account)) flags |= flags_of(q.account, level);
  if ((flags & kKilled) != 0) return RejectReason::Killed;
  if ((flags & kSuspended) != 0) return RejectReason::Suspended;
  if ((flags & (kCloseOnly | kDisputed)) != 0 && !exit_of(q)) return RejectReason::CloseOnly;
  const InstrumentPhase phase = phases_[q.instrument];
  if (phase == InstrumentPhase::ReduceOnly && !reducing) return RejectReason::CloseOnly;
  if (parameters_.liquidation_lock && accounts_[q.account].state >= MarginState::Liquidation) {
    return RejectReason::LiquidationLock;
  }

  const SessionParameters& session = parameters_.sessions[q.session];
  const bool may_use = std::any_of(session.accounts.begin(), session.accounts.end(),
                                   [&](AccountIndex a) { return a.value == q.account; });
  if (!may_use || !session.instruments[q.instrument]) return RejectReason::NotEntitled;
  if (!allows(q.session, q.replaced == 0 ? kMayEnter : kMayReplace))
    return RejectReason::NotEntitled;
  const AccountParameters& account = parameters_.accounts[q.account];
  if (account.isolated_in.exists() && account.isolated_in.value != q.instrument)
    return RejectReason::NotEntitled;
  if (account.cash_only && !is_spot(q.instrument)) return RejectReason::NotEntitled;
  if (phase == InstrumentPhase::Halted || phase == InstrumentPhase::Expired) {
    return RejectReason::InstrumentHalted;
  }
  return RejectReason::None;
}

// Type, life and flags; quantity and tick.
RejectReason NaiveModel::check_form(const Question& q) const {
  const bool market = q.type == OrdType::Market;
  const bool at_once =
      q.life == TimeInForce::ImmediateOrCancel || q.life == TimeInForce::FillOrKill;
  std::set<RejectReason> wrong = {q.unsupported};
  if (market && !at_once) wrong.insert(RejectReason::UnsupportedTimeInForce);
  if ((q.flags & kPostOnly) != 0 && at_once) wrong.insert(RejectReason::UnsupportedFlag);
  if (market && !parameters_.instruments[q.instrument].market_orders) {
    wrong.insert(RejectReason::MarketOrderNotAllowed);
  }
  if (q.replaced != 0 && (market || at_once)) wrong.insert(RejectReason::ReplaceNotAllowed);
  const bool bad_min = wrong.erase(RejectReason::InvalidMinQty) != 0;  // named in its place
  wrong.erase(RejectReason::None);
  if (!wrong.empty()) return *wrong.begin();

  if (q.lots <= 0 || (q.flags & kOffLot) != 0) return RejectReason::InvalidQuantity;
  if (bad_min || q.min_lots < 0 || q.min_lots > q.lots ||
      (q.min_lots != 0 && q.life != TimeInForce::ImmediateOrCancel)) {
    return RejectReason::InvalidMinQty;
  }
  if (!market && (q.price <= 0 || (q.flags & kOffTick) != 0)) return RejectReason::PriceTick;
  return RejectReason::None;
}

RejectReason NaiveModel::check_size(const Question& q) const {
  const std::vector<Tree> levels = path(q.account);
  for (const Tree& level : levels) {
    if (q.lots > level.profile->instruments[q.instrument].clip.raw) return RejectReason::ClipSize;
  }
  Int128 price = q.price;
  if (q.type == OrdType::Market) {
    price = market_price(q.account, q.instrument, q.buy).value_or(0);
  }
  // At the worse of limit and mark.
  const Int128 at_limit =
      notional_at(q.instrument, price * parameters_.instruments[q.instrument].marks_per_tick);
  const Int128 value = times(q.lots, std::max(at_limit, notional(q.instrument)));
  for (const Tree& level : levels) {
    if (value > Int128{level.profile->instruments[q.instrument].notional_max.raw} *
                    parameters_.wide_denominator) {
      return RejectReason::MaxNotional;
    }
  }
  return RejectReason::None;
}

// The strictest collar on the path, in 1e-6 mark units.
Int128 NaiveModel::collar_of(const Question& q) const {
  const InstrumentParameters& p = parameters_.instruments[q.instrument];
  const Int128 value = times(p.units_per_lot_mark, unit(p.settlement.value));
  std::optional<Int128> strictest;
  for (const Tree& level : path(q.account)) {
    const InstrumentLimits& limits = level.profile->instruments[q.instrument];
    const Int128 of_mark = times(marks_[q.instrument].value, limits.collar_ppm);
    const Int128 of_ticks = times(limits.collar_ticks, p.marks_per_tick, kPpm);
    Int128 of_underlying = 0;
    if (p.reference.exists() && value > 0)
      of_underlying = floor_of(notional(q.instrument), limits.collar_underlying_ppm, value);
    const Int128 collar = std::max({of_mark, of_ticks, of_underlying});
    strictest = strictest ? std::min(*strictest, collar) : collar;
  }
  return *strictest;
}

std::optional<std::int64_t> NaiveModel::market_price(std::uint32_t account,
                                                     std::uint32_t instrument, bool buy) const {
  const Int128 mark = marks_[instrument].value;
  if (mark == 0) return std::nullopt;
  Question q;
  q.account = account;
  q.instrument = instrument;
  const Int128 collar = collar_of(q);
  const Int128 scale = Int128{kPpm} * parameters_.instruments[instrument].marks_per_tick;
  if (buy) return static_cast<std::int64_t>(floor_div(mark * kPpm + collar, scale));
  // A sale goes out at the first tick where its collar reaches below.
  return static_cast<std::int64_t>(std::max<Int128>(1, ceil_div(mark * kPpm - collar, scale)));
}

RejectReason NaiveModel::check_price(const Question& q, bool reducing) const {
  const bool market = q.type == OrdType::Market;
  if (!priced(q.instrument) && (market || !reducing)) return RejectReason::NoReferencePrice;
  if (!reducing && (unsafe_line(q.instrument) || unsafe_account(q.account)))
    return RejectReason::ReferencePriceUnsafe;
  const bool fresh = fresh_mark(q.instrument, q.now);
  if (!fresh && !reducing) return RejectReason::StaleReferencePrice;
  if (table_stale(q) && !reducing) return RejectReason::StaleRiskTable;
  // A market order is sent at the collar; a limit order that reduces has none while the mark is
  // stale or unsafe.
  if (!market && !(reducing && !fresh)) {
    const Int128 mark = marks_[q.instrument].value;
    const Int128 price =
        Int128{q.price} * parameters_.instruments[q.instrument].marks_per_tick * kPpm;
    const Int128 collar = collar_of(q);
    if (q.buy ? price > mark * kPpm + collar : price < mark * kPpm - collar) {
      return RejectReason::PriceCollar;
    }
  }
  if (market && *market_price(q.account, q.instrument, q.buy) <= 0)
    return RejectReason::PriceCollar;
  for (const Tree& level : path(q.account)) {
    if (level.profile->instruments[q.instrument].restricted && !reducing) {
      return RejectReason::Restricted;
    }
  }
  return RejectReason::None;
}

RejectReason NaiveModel::check_capacity(const Question& q) const {
  if (q.replaced == 0 && (orders_.size() >= parameters_.capacities.orders ||
                          positions_full(q.account, q.instrument))) {
    return RejectReason::OrderCapacity;
  }
  if (q.replaced != 0 && orders_.at(q.replaced).pending.size() >= kPendingReplacesMax) {
    return RejectReason::PendingReplaces;
  }
  if ((std::uint64_t{1} << 32) - next_number_ < 1'000'000) return RejectReason::SessionExhausted;
  if (q.replaced != 0) return RejectReason::None;
  for (const Tree& level : path(q.account)) {
    const auto open = std::count_if(orders_.begin(), orders_.end(), [&](const auto& entry) {
      const std::uint32_t owner = entry.second.account;
      return level.node ? under(owner, level) : owner == q.account;
    });
    if (open + 1 > level.profile->open_orders_max) return RejectReason::OpenOrders;
  }
  return RejectReason::None;
}

// What the order, or the whole chain after the replace, will reserve.
Reservation NaiveModel::reservation_after(const Question& q) const {
  Reservation r;
  r.instrument = q.instrument;
  r.buy = q.buy;
  r.lots = q.lots;
  r.worst = q.price;
  if (q.type == OrdType::Market) {
    r.worst = market_price(q.account, q.instrument, q.buy).value_or(0);
  }
  r.fee_price = r.highest = r.worst;
  if (q.replaced != 0) {
    const Reservation old = reservation(orders_.at(q.replaced));
    r.lots = std::max(r.lots, old.lots);
    r.worst = q.buy ? std::max(r.worst, old.worst) : std::min(r.worst, old.worst);
    r.fee_price = dearer(q.instrument, r.fee_price, old.fee_price);
    r.highest = std::max(r.highest, old.highest);
  }
  return r;
}

// The cheap test: it lowers the position against everything resting that lowers it, without a flip.
bool NaiveModel::is_reducing(const Question& q) const {
  const Int128 held = position(q.account, q.instrument);
  Int128 resting = 0;
  for (const Reservation& r : book(q.account, q.replaced).open) {
    if (r.instrument == q.instrument && r.buy == q.buy) resting += r.lots;
  }
  const Int128 lots = reservation_after(q).lots;
  if (lots <= 0) return false;
  const Int128 closing = resting + lots;
  return q.buy ? held < 0 && closing <= -held : held > 0 && closing <= held;
}

// Some price that the margin stands on, with the order in it, is stale, missing or unsafe.
bool NaiveModel::table_stale(const Question& q) const {
  return !fresh_beside_mark(q.instrument, q.now) || account_stale(q.account, q.now);
}

// Stale, missing or unsafe prices, or figures that do not fit: an exit is judged by position alone.
bool NaiveModel::by_position(const Question& q) const {
  return !fresh_mark(q.instrument, q.now) || table_stale(q) || !figures_fit(q.account);
}

bool NaiveModel::raises_usage(const Question& q) const {
  const Usage before = usage(q.account, q.instrument);
  const Usage after = usage_with(q);
  return after.longs > before.longs || after.shorts > before.shorts || after.gross > before.gross;
}

NaiveModel::ExitFigures NaiveModel::exit_figures(const Question& q) const {
  Reservation r = reservation_after(q);
  r.exit = true;
  const Book now = book(q.account);
  const Book others = book(q.account, q.replaced);
  Book open = others;
  open.open.push_back(r);
  Book filled = others;
  filled.positions[q.instrument] += r.buy ? r.lots : -r.lots;
  Book positions = now;
  positions.open.clear();
  Book positions_filled = filled;
  positions_filled.open.clear();

  // What the order costs, with what it makes the line's other orders cost.
  const Units all = costs(now);
  const Units open_costs = costs(open);
  Units own = open_costs;
  const Units others_costs = costs(others);
  for (std::size_t asset = 0; asset < own.size(); ++asset) own[asset] -= others_costs[asset];
  // Nothing is paid for exits where the order is open, nor before.
  Units before = all;
  const Units all_exits = costs(now, true);
  for (std::size_t asset = 0; asset < before.size(); ++asset) before[asset] -= all_exits[asset];
  const auto needs = [&](const Book& book, const Units& paid, const Book* from = nullptr) {
    return requirement(book, MarginBasis::Initial, paid, false, from);
  };
  ExitFigures f;
  f.fits = exposures_fit(open, all);
  if (!f.fits) return f;
  // It makes a difference only where what they are paid in counts as it rises.
  const bool apart = exits_paid_in_rises(all_exits);
  f.now = needs(now, apart ? before : all);
  f.open = needs(open, apart ? before : all);
  f.filled = needs(filled, open_costs, &now);
  f.positions = needs(positions, no_costs());
  f.positions_filled = needs(positions_filled, own, &positions);
  f.cost = taken_at_most(own);
  f.open_exits = taken_at_most(costs(others, true));
  return f;
}

bool NaiveModel::exits_paid_in_rises(const Units& costs) const {
  for (std::uint32_t asset = 0; asset < costs.size(); ++asset) {
    const AssetParameters& p = parameters_.assets[asset];
    if (costs[asset] == 0 || p.mode == CollateralMode::Static) continue;
    for (const GroupParameters& group : parameters_.groups) {
      const std::uint32_t local = p.factor.value - group.first_factor;
      if (p.factor.value < group.first_factor || local >= group.factor_count) continue;
      if (largest_rise(group, local) > 0) return true;
    }
  }
  return false;
}

// METHOD 3.6: how an order comes through where nothing but exits does. By leg 2, if no exposure
// usage of the account rises; else, if it reduces, by the wind-down allowance: nothing it may come to
// is worse by more than that than things were when the account became restricted. By position alone
// where the figures cannot be trusted. What it takes of the allowance, or nothing when it is no exit.
std::optional<Int128> NaiveModel::exit_of(const Question& q) const {
  const Int128 price = q.type == OrdType::Market
                           ? Int128{market_price(q.account, q.instrument, q.buy).value_or(0)}
                           : Int128{q.price};
  // Nothing to judge: it is refused in any case.
  if (q.lots <= 0 || price <= 0 || is_spot(q.instrument)) return std::nullopt;
  const std::optional<Int128> passes = 0;
  if (by_position(q)) return is_reducing(q) ? passes : std::nullopt;

  const ExitFigures f = exit_figures(q);
  if (!f.fits) return std::nullopt;
  const Int128 filled = f.filled + f.cost + f.open_exits;
  const Int128 positions_filled = f.positions_filled + f.cost;
  if (!raises_usage(q) && f.open <= f.now &&  // E1
      filled <= f.now &&                      // E2
      positions_filled <= f.positions) {      // E3
    return passes;
  }
  const ModelAccount& account = accounts_[q.account];
  if (account.allowance <= 0 || !is_reducing(q)) return std::nullopt;
  const Int128 left = account.allowance - account.spent;
  for (const Int128 outcome : {f.open, filled}) {
    if (outcome > account.required + left) return std::nullopt;
  }
  if (positions_filled > account.required_positions + left) return std::nullopt;
  return std::max({Int128{0}, f.open - account.required + account.spent,
                   filled - account.required + account.spent,
                   positions_filled - account.required_positions + account.spent});
}

NaiveModel::Usage NaiveModel::usage(std::uint32_t account, std::uint32_t instrument) const {
  Int128 buys = 0;
  Int128 sells = 0;
  for (const Reservation& r : book(account).open) {
    if (r.instrument == instrument) (r.buy ? buys : sells) += r.lots;
  }
  const Int128 held = position(account, instrument);
  return {.longs = std::max<Int128>(0, held + buys),
          .shorts = std::max<Int128>(0, sells - held),
          .gross = std::max(held + buys, sells - held)};
}

NaiveModel::Usage NaiveModel::usage_with(const Question& q) const {
  Int128 buys = 0;
  Int128 sells = 0;
  std::vector<Reservation> open = book(q.account, q.replaced).open;
  open.push_back(reservation_after(q));
  for (const Reservation& r : open) {
    if (r.instrument == q.instrument) (r.buy ? buys : sells) += r.lots;
  }
  const Int128 held = position(q.account, q.instrument);
  return {.longs = std::max<Int128>(0, held + buys),
          .shorts = std::max<Int128>(0, sells - held),
          .gross = std::max(held + buys, sells - held)};
}

// Gross notional over all instruments at the marks, in Wide.
Int128 NaiveModel::gross_of(std::uint32_t account) const {
  Int128 sum = 0;
  for (std::uint32_t i = 0; i < parameters_.instruments.size(); ++i) {
    sum += times(usage(account, i).gross, notional(i));
  }
  return sum;
}

// Every level of the tree: the sums of its accounts, not netted, before and after the order.
RejectReason NaiveModel::check_exposure(const Question& q) const {
  const Usage own = usage(q.account, q.instrument);
  const Usage own_after = usage_with(q);
  const Int128 lot = notional(q.instrument);
  for (const Tree& level : path(q.account)) {
    const InstrumentLimits& limits = level.profile->instruments[q.instrument];
    Usage before;
    Int128 gross_before = 0;
    for (std::uint32_t a = 0; a < accounts_.size(); ++a) {
      if (level.node ? !under(a, level) : a != q.account) continue;
      const Usage part = usage(a, q.instrument);
      before.longs += part.longs;
      before.shorts += part.shorts;
      before.gross += part.gross;
      gross_before += gross_of(a);
    }
    const auto crosses = [](Int128 limit, Int128 used, Int128 used_before) {
      return used > limit && used > used_before;
    };
    const Int128 wide = parameters_.wide_denominator;
    if (crosses(limits.long_max.raw, before.longs + own_after.longs - own.longs, before.longs)) {
      return RejectReason::LongLimit;
    }
    if (crosses(limits.short_max.raw, before.shorts + own_after.shorts - own.shorts,
                before.shorts)) {
      return RejectReason::ShortLimit;
    }
    if (crosses(limits.gross_notional_max.raw * wide,
                (before.gross + own_after.gross - own.gross) * lot, before.gross * lot)) {
      return RejectReason::GrossNotional;
    }
    if (crosses(level.profile->gross_notional_max.raw * wide,
                gross_before + (own_after.gross - own.gross) * lot, gross_before)) {
      return RejectReason::GrossNotional;
    }
  }
  return RejectReason::None;
}

// What the order adds to the larger side, against that side's share of the open interest at each
// level, and then against the most there may be of it.
RejectReason NaiveModel::check_open_interest(const Question& q) const {
  const Usage own = usage(q.account, q.instrument);
  const Usage after = usage_with(q);
  const Int128 longer = after.longs - own.longs;
  const Int128 shorter = after.shorts - own.shorts;
  const Int128 grown = std::max(longer, shorter);
  if (grown <= 0) return RejectReason::None;
  const Int128 open = open_interest_[q.instrument];
  for (const Tree& level : path(q.account)) {
    const std::int64_t share = level.profile->instruments[q.instrument].open_interest_share_ppm;
    if (share == kPpm) continue;
    Int128 used = 0;
    for (std::uint32_t a = 0; a < accounts_.size(); ++a) {
      if (level.node ? !under(a, level) : a != q.account) continue;
      const Usage part = usage(a, q.instrument);
      used += longer >= shorter ? part.longs : part.shorts;
    }
    if (used + grown > floor_div(times(open, share), kPpm)) return RejectReason::OpenInterest;
  }
  const Int128 most = parameters_.instruments[q.instrument].open_interest_max.raw;
  return open + grown > most ? RejectReason::OpenInterest : RejectReason::None;
}

}  // namespace portcullis::support
