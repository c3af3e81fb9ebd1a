// The decision: the checks in their one order (ORDERLIFE 6), first failure names the reason.
// Nothing is changed here but caches: an order that is refused leaves no trace but what apply() counts.
#include <algorithm>

#include "risk/engine.h"
#include "risk/refusal.h"

namespace portcullis::risk {

namespace {

constexpr std::uint32_t kNumbersReserve = 1'000'000;

void name_level(const Level& level, Decision& decision) {
  decision.level = level.level;
  decision.node = level.node;
}

}  // namespace

// --- candidates

Engine::Candidate Engine::candidate_of(const NewOrder& order) const noexcept {
  return {.account = order.account,
          .instrument = order.instrument,
          .session = order.session,
          .side = order.side,
          .ord_type = order.ord_type,
          .time_in_force = order.time_in_force,
          .form = order.form,
          .unsupported = order.unsupported,
          .flags = order.flags,
          .price = order.price,
          .quantity = order.quantity,
          .min_quantity = order.min_quantity,
          .replaced = nullptr,
          .line = find_line(order.account, order.instrument),
          .now = std::max(last_time_, order.time)};
}

Engine::Candidate Engine::candidate_of(const ReplaceOrder& order,
                                       const Order& chain) const noexcept {
  return {.account = chain.account,
          .instrument = chain.instrument,
          .session = order.session,
          .side = chain.side,
          .ord_type = order.ord_type,
          .time_in_force = order.time_in_force,
          .form = order.form,
          .unsupported = order.unsupported,
          .flags = static_cast<std::uint16_t>(order.flags | (chain.flags & kReduceOnly)),
          .price = order.price,
          .quantity = order.total - chain.cum,  // what was cancelled may come back
          .min_quantity = {},
          .replaced = &chain,
          .line = chain.line,
          .now = std::max(last_time_, order.time)};
}

// --- the list

RejectReason Engine::first_failure(const Candidate& asked, Decision& decision) noexcept {
  using enum RejectReason;
  if (asked.form != None) return asked.form;
  if (!asked.account.exists()) return UnknownAccount;
  if (!asked.instrument.exists()) return UnknownInstrument;
  refresh_lines(asked.account);

  // What the checks below need to know. A market order is judged, and forwarded, as a limit order
  // at the collar; nothing here refuses.
  const InstrumentParameters& parameters = parameters_.instruments[asked.instrument.value];
  const InstrumentState& instrument = instruments_[asked.instrument.value];
  Facts facts;
  facts.levels = levels_of(asked.account, asked.instrument, facts.path);
  facts.priced = instrument.premium.raw > 0 &&
                 (parameters.risk != RiskSource::Table || gains(asked.instrument) != nullptr);
  facts.mark_stale = asked.now > mark_expires(asked.instrument);
  facts.expires = std::min(accounts_[asked.account.value].expires, expires(asked.instrument));
  facts.stale = !facts.priced || facts.mark_stale || asked.now > facts.expires;
  Candidate candidate = asked;
  if (asked.ord_type == OrdType::Market) candidate.price = collar_price(asked, facts);
  decision.price = candidate.price;
  const Reservation reservation = reservation_with(candidate.replaced, candidate.quantity,
                                                   candidate.price, candidate.instrument);
  facts.reducing = is_reducing(candidate, reservation.lots);
  decision.reducing = facts.reducing ? 1 : 0;

  if (const RejectReason r = check_standing(candidate, reservation, facts, decision); r != None)
    return r;
  if (const RejectReason r = check_form(candidate, decision); r != None) return r;
  if (const RejectReason r = check_size(candidate, facts, decision); r != None) return r;
  if (const RejectReason r = check_price(candidate, facts, decision); r != None) return r;
  if ((candidate.flags & kReduceOnly) != 0 && !facts.reducing) {
    const std::int64_t most = closable(candidate).raw;
    return refuse(ReduceOnly, decision, most, reservation.lots.raw, most);
  }
  if (const RejectReason r = check_capacity(candidate, facts, decision); r != None) return r;
  facts.usage = usage_change(candidate, reservation.lots);
  if (const RejectReason r = check_exposure(candidate, facts, decision); r != None) return r;
  if (const RejectReason r = check_open_interest(candidate, facts, decision); r != None) return r;
  if (const RejectReason r = check_day(candidate, reservation, facts, decision); r != None)
    return r;
  // On stale or missing prices what reduces is judged by position alone (METHOD 3.6), and nothing
  // else comes this far.
  if (!facts.stale) {
    if (const RejectReason r = check_margin(candidate, reservation, facts, decision); r != None)
      return r;
  }
  if (!passes_rate(candidate, facts.reducing, decision)) return Rate;
  if ((accounts_[candidate.account.value].flags & kThrottled) != 0 && !facts.reducing) {
    name_level(facts.path[0], decision);
    return RepeatedExecution;
  }
  if ((candidate.flags & kOverloaded) != 0 && !facts.reducing) return Overload;
  return None;
}

// Where the account stands in the tree: itself, then upwards.
std::uint32_t Engine::levels_of(AccountIndex account, InstrumentIndex instrument,
                                std::array<Level, kLevelsMax>& path) const noexcept {
  std::uint32_t count = 0;
  const auto add = [&](NodeLevel level, std::uint8_t flags, std::uint32_t node,
                       std::uint32_t profile) {
    const LimitProfile& limits = parameters_.profiles[profile];
    path[count++] = {level, flags, node, &limits, &limits.instruments[instrument.value]};
  };
  const AccountParameters& of = parameters_.accounts[account.value];
  add(NodeLevel::Account, accounts_[account.value].flags, account.value, of.profile);
  for (NodeIndex node = of.parent; node.exists(); node = parameters_.nodes[node.value].parent) {
    const NodeParameters& parameters = parameters_.nodes[node.value];
    add(parameters.level, nodes_[node.value].flags, node.value, parameters.profile);
  }
  return count;
}

// Venue, link, journal; kill, suspend, close-only at any node; entitlement; instrument state.
RejectReason Engine::check_standing(const Candidate& candidate, const Reservation& reservation,
                                    const Facts& facts, Decision& decision) noexcept {
  using enum RejectReason;
  if (has_condition(Condition::VenueHalted)) return VenueHalted;
  if (has_condition(Condition::VenueDown)) return VenueDown;
  if (has_condition(Condition::VenueBusy) && !facts.reducing) return VenueBusy;
  if (has_condition(Condition::JournalDegraded) && !facts.reducing) return JournalDegraded;
  if (has_condition(Condition::StateUnconfirmed)) return StateDiffers;
  if (has_condition(Condition::StateDiffers) && !facts.reducing) return StateDiffers;

  const Session& session = sessions_[candidate.session.value];
  const Account& account = accounts_[candidate.account.value];
  const auto named = [&](RejectReason reason, NodeLevel level, std::uint32_t node) {
    decision.level = level;
    decision.node = node;
    return reason;
  };
  struct Verdict {
    std::uint8_t flags;
    RejectReason reason;
  };
  for (const Verdict verdict : {Verdict{kKilled, Killed}, Verdict{kSuspended, Suspended},
                                Verdict{kCloseOnly | kDisputed, CloseOnly}}) {
    if (verdict.reason == Suspended && account.suspensions > 0) {
      return named(Suspended, NodeLevel::Session, suspended_by(candidate.account).value);
    }
    std::uint32_t level = kLevelsMax;
    bool in_session = (session.flags & verdict.flags) != 0;
    for (std::uint32_t l = 0; l < facts.levels && level == kLevelsMax && !in_session; ++l) {
      if ((facts.path[l].flags & verdict.flags) != 0) level = l;
    }
    if (!in_session && level == kLevelsMax) continue;
    if (verdict.reason == CloseOnly) {
      const bool sound = candidate.quantity.raw > 0 && candidate.price.raw > 0;
      refresh(candidate.account);
      Decision ignored;
      if (sound && (facts.stale || !account.in_range ? facts.reducing
                                                     : may_exit(candidate, reservation, ignored))) {
        continue;
      }
    }
    return in_session ? named(verdict.reason, NodeLevel::Session, candidate.session.value)
                      : named(verdict.reason, facts.path[level].level, facts.path[level].node);
  }

  const InstrumentPhase phase = instruments_[candidate.instrument.value].phase;
  if (phase == InstrumentPhase::ReduceOnly && !facts.reducing)
    return named(CloseOnly, NodeLevel::Venue, 0);
  if (parameters_.liquidation_lock && account.state >= risk::MarginState::Liquidation)
    return named(LiquidationLock, NodeLevel::Account, candidate.account.value);
  const SessionAction action = candidate.replaced == nullptr ? kMayEnter : kMayReplace;
  if (!may(candidate.session, action) || !is_entitled(candidate.session, candidate.account) ||
      !parameters_.sessions[candidate.session.value].instruments[candidate.instrument.value]) {
    return named(NotEntitled, NodeLevel::Session, candidate.session.value);
  }
  const AccountParameters& of = parameters_.accounts[candidate.account.value];
  if ((of.isolated_in.exists() && of.isolated_in != candidate.instrument) ||
      (of.cash_only && !is_spot(candidate.instrument))) {
    return named(NotEntitled, NodeLevel::Account, candidate.account.value);
  }
  return phase >= InstrumentPhase::Halted ? InstrumentHalted : None;
}

// Type, life, flags; quantity and tick; the session layer's duplicate.
RejectReason Engine::check_form(const Candidate& candidate, Decision& decision) const noexcept {
  using enum RejectReason;
  const bool immediate = candidate.time_in_force == TimeInForce::ImmediateOrCancel ||
                         candidate.time_in_force == TimeInForce::FillOrKill;
  const bool market = candidate.ord_type == OrdType::Market;
  const bool post_only = (candidate.flags & kPostOnly) != 0;
  // The decoder has named the first of what it found; what is found here may come before it.
  const RejectReason found = candidate.unsupported;
  if (found != None && found != UnsupportedTimeInForce && found != UnsupportedFlag &&
      found != InvalidMinQty) {
    return found;
  }
  if (found == UnsupportedTimeInForce || (market && !immediate)) return UnsupportedTimeInForce;
  if (found == UnsupportedFlag || (post_only && immediate)) return UnsupportedFlag;
  if (market && !parameters_.instruments[candidate.instrument.value].market_orders)
    return MarketOrderNotAllowed;
  if (candidate.replaced != nullptr && (market || immediate)) return ReplaceNotAllowed;
  if (candidate.quantity.raw <= 0 || (candidate.flags & kOffLot) != 0) {
    return refuse(InvalidQuantity, decision, 1, 1,
                  candidate.quantity.raw > 0 ? 0 : candidate.quantity.raw);
  }
  const bool takes_min =
      candidate.min_quantity.raw > 0 && candidate.time_in_force == TimeInForce::ImmediateOrCancel;
  const Lots min_max = takes_min ? candidate.quantity : Lots{0};
  if (found == InvalidMinQty || candidate.min_quantity.raw < 0 ||
      candidate.min_quantity > min_max) {
    return refuse(InvalidMinQty, decision, min_max.raw,
                  std::max<std::int64_t>(1, candidate.min_quantity.raw), min_max.raw);
  }
  if (candidate.ord_type == OrdType::Limit &&
      (candidate.price.raw <= 0 || (candidate.flags & kOffTick) != 0)) {
    return PriceTick;
  }
  if ((candidate.flags & kDuplicate) != 0) return DuplicateOrder;
  return None;
}

// Clip and notional of this one order, at every level.
RejectReason Engine::check_size(const Candidate& candidate, const Facts& facts,
                                Decision& decision) const noexcept {
  using enum RejectReason;
  for (std::uint32_t l = 0; l < facts.levels; ++l) {
    const InstrumentLimits& limit = *facts.path[l].limits;
    if (candidate.quantity <= limit.clip) continue;
    name_level(facts.path[l], decision);
    return refuse(ClipSize, decision, limit.clip.raw, candidate.quantity.raw, limit.clip.raw);
  }
  const InstrumentParameters& parameters = parameters_.instruments[candidate.instrument.value];
  const Int128 at_limit =
      notional_at(candidate.instrument, Int128{candidate.price.raw} * parameters.marks_per_tick);
  const Int128 at_mark = instruments_[candidate.instrument.value].notional.raw;
  const Int128 notional = std::max(at_limit, at_mark) * candidate.quantity.raw;
  for (std::uint32_t l = 0; l < facts.levels; ++l) {
    const InstrumentLimits& limit = *facts.path[l].limits;
    if (notional <= Int128{limit.notional_max.raw} * parameters_.wide_denominator) continue;
    name_level(facts.path[l], decision);
    return refuse(MaxNotional, decision, limit.notional_max.raw,
                  saturate(ceil_div(notional, parameters_.wide_denominator)),
                  limit.notional_max.raw);
  }
  return None;
}

// Reference price there, safe and fresh, everything else the margin stands on too, collar, restricted
// list.
RejectReason Engine::check_price(const Candidate& candidate, const Facts& facts,
                                 Decision& decision) const noexcept {
  using enum RejectReason;
  const InstrumentState& instrument = instruments_[candidate.instrument.value];
  const InstrumentParameters& parameters = parameters_.instruments[candidate.instrument.value];
  if (!facts.priced && (!facts.reducing || candidate.ord_type == OrdType::Market))
    return NoReferencePrice;
  if (facts.stale && !facts.reducing) {
    if (facts.expires == kUnsafe) return ReferencePriceUnsafe;
    if (facts.mark_stale) {
      return refuse(StaleReferencePrice, decision, parameters.mark_age_max_ns,
                    candidate.now.ns - instrument.as_of.ns, parameters.mark_age_max_ns);
    }
    return refuse(StaleRiskTable, decision, facts.expires.ns, candidate.now.ns, facts.expires.ns);
  }
  // Beyond the mark, on the aggressive side; a collar is not below 0.
  const Int128 beyond =
      sign_of(candidate.side) *
      (Int128{candidate.price.raw} * parameters.marks_per_tick - instrument.mark.raw) * kPpm;
  if (beyond > 0 && candidate.ord_type == OrdType::Limit && instrument.mark.raw > 0 &&
      !facts.mark_stale) {
    for (std::uint32_t l = 0; l < facts.levels; ++l) {
      const InstrumentLimits& at = *facts.path[l].limits;
      if (beyond <= Int128{instrument.mark.raw} * at.collar_ppm) continue;
      const Int128 collar = collar_of(candidate.instrument, at);
      if (beyond <= collar) continue;
      name_level(facts.path[l], decision);
      const std::int64_t limit = collar_tick(candidate, collar);
      return candidate.side == Side::Buy
                 ? refuse(PriceCollar, decision, limit, candidate.price.raw, limit)
                 : refuse(PriceCollar, decision, limit, limit, candidate.price.raw);
    }
  }
  // A market order goes out at the collar: a buy below the first tick has no price to be sent at.
  if (candidate.ord_type == OrdType::Market && candidate.price.raw <= 0) {
    return refuse(PriceCollar, decision, candidate.price.raw, 1, candidate.price.raw);
  }
  for (std::uint32_t l = 0; l < facts.levels; ++l) {
    if (!facts.path[l].limits->restricted || facts.reducing) continue;
    name_level(facts.path[l], decision);
    return Restricted;
  }
  return None;
}

Int128 Engine::collar_of(InstrumentIndex index, const InstrumentLimits& limit) const noexcept {
  const InstrumentParameters& parameters = parameters_.instruments[index.value];
  const InstrumentState& instrument = instruments_[index.value];
  Int128 collar = Int128{instrument.mark.raw} * limit.collar_ppm;
  if (limit.collar_ticks != 0)
    collar = std::max(collar, Int128{limit.collar_ticks} * parameters.marks_per_tick * kPpm);
  if (limit.collar_underlying_ppm == 0) return collar;
  const Int128 mark =
      parameters.units_per_lot_mark * assets_[parameters.settlement.value].unit.raw;  // of a lot
  if (mark == 0) return collar;
  return std::max(collar, instrument.notional.raw * limit.collar_underlying_ppm / mark);
}

// The most aggressive tick inside a collar; no sale is beyond the first.
std::int64_t Engine::collar_tick(const Candidate& candidate, Int128 collar) const noexcept {
  const Int128 tick =
      Int128{parameters_.instruments[candidate.instrument.value].marks_per_tick} * kPpm;
  const Int128 mark = Int128{instruments_[candidate.instrument.value].mark.raw} * kPpm;
  return saturate(candidate.side == Side::Buy ? floor_div(mark + collar, tick)
                                              : std::max<Int128>(1, ceil_div(mark - collar, tick)));
}

// The price a market order is forwarded at: the strictest collar on the path. None without a mark.
Price Engine::collar_price(const Candidate& candidate, const Facts& facts) const noexcept {
  if (instruments_[candidate.instrument.value].mark.raw <= 0) return {};
  const auto collar_at = [&](const Level& level) {
    return collar_of(candidate.instrument, *level.limits);
  };
  Int128 collar = collar_at(facts.path[0]);
  for (std::uint32_t l = 1; l < facts.levels; ++l)
    collar = std::min(collar, collar_at(facts.path[l]));
  return {collar_tick(candidate, collar)};
}

// Slots, pending replaces, numbers left; the open-order count at every level.
RejectReason Engine::check_capacity(const Candidate& candidate, const Facts& facts,
                                    Decision& decision) const noexcept {
  using enum RejectReason;
  if (candidate.replaced == nullptr) {
    const Capacities& capacities = parameters_.capacities;
    if (free_order_ == kNil) return refuse(OrderCapacity, decision, capacities.orders, 1, 0);
    if (candidate.line == kNil && !has_room(candidate.account, candidate.instrument)) {
      return refuse(OrderCapacity, decision,
                    free_line_ == kNil ? capacities.positions : capacities.group_slots, 1, 0);
    }
  } else if (candidate.replaced->pending_count == kPendingReplacesMax) {
    return refuse(PendingReplaces, decision, kPendingReplacesMax, 1, 0);
  }
  const std::uint32_t numbers_left = std::numeric_limits<std::uint32_t>::max() - next_number_ + 1;
  if (numbers_left < kNumbersReserve)
    return refuse(SessionExhausted, decision, kNumbersReserve, kNumbersReserve, numbers_left);
  if (candidate.replaced != nullptr) return None;
  for (std::uint32_t l = 0; l < facts.levels; ++l) {
    const std::int64_t limit = facts.path[l].profile->open_orders_max;
    const std::int64_t open = facts.path[l].level == NodeLevel::Account
                                  ? accounts_[candidate.account.value].open_orders
                                  : nodes_[facts.path[l].node].open_orders;
    if (open < limit) continue;
    name_level(facts.path[l], decision);
    return refuse(OpenOrders, decision, limit, 1, limit - open);
  }
  return None;
}

// Exposure limits have two legs: refuse iff usage' > limit and usage' > usage.
RejectReason Engine::check_exposure(const Candidate& candidate, const Facts& facts,
                                    Decision& decision) const noexcept {
  using enum RejectReason;
  const Usage& before = facts.usage.before;
  const Usage& after = facts.usage.after;
  const Lots longs = after.long_lots - before.long_lots;
  const Lots shorts = after.short_lots - before.short_lots;
  const Int128 notional = instruments_[candidate.instrument.value].notional.raw;
  const Int128 gross = notional * (after.gross_lots - before.gross_lots).raw;
  const std::int64_t denominator = parameters_.wide_denominator;
  const auto passes = [&](Int128 used, std::int64_t most) {
    return used + gross <= Int128{most} * denominator;
  };
  const auto refuse_gross = [&](Int128 used, std::int64_t most) {
    const std::int64_t total = saturate(ceil_div(used + gross, denominator));
    const std::int64_t available = saturate(Int128{most} - ceil_div(used, denominator));
    return refuse(GrossNotional, decision, most, saturate(Int128{total} - most + available),
                  available);
  };
  const std::size_t row = std::size_t{candidate.instrument.value} * nodes_.size();
  for (std::uint32_t l = 0; l < facts.levels; ++l) {
    const Level& level = facts.path[l];
    const bool at_account = level.level == NodeLevel::Account;
    const Usage& used = at_account ? before : usage_[row + level.node];
    const InstrumentLimits& limit = *level.limits;
    name_level(level, decision);
    if (longs.raw > 0 && used.long_lots + longs > limit.long_max) {
      return refuse(LongLimit, decision, limit.long_max.raw, longs.raw,
                    (limit.long_max - used.long_lots).raw);
    }
    if (shorts.raw > 0 && used.short_lots + shorts > limit.short_max) {
      return refuse(ShortLimit, decision, limit.short_max.raw, shorts.raw,
                    (limit.short_max - used.short_lots).raw);
    }
    if (gross <= 0) continue;
    const Int128 here = notional * used.gross_lots.raw;
    if (!passes(here, limit.gross_notional_max.raw))
      return refuse_gross(here, limit.gross_notional_max.raw);
    const Int128 all =
        at_account ? accounts_[candidate.account.value].gross.raw : nodes_[level.node].gross.raw;
    if (!passes(all, level.profile->gross_notional_max.raw))
      return refuse_gross(all, level.profile->gross_notional_max.raw);
  }
  return None;
}

// The side that an order grows, as a share of the open interest; and what all positions together
// may come to. Where the open interest is not known, what is limited by it is refused.
RejectReason Engine::check_open_interest(const Candidate& candidate, const Facts& facts,
                                         Decision& decision) const noexcept {
  const UsageChange& usage = facts.usage;
  const Lots longs = usage.after.long_lots - usage.before.long_lots;
  const Lots shorts = usage.after.short_lots - usage.before.short_lots;
  const Lots grown = std::max(longs, shorts);
  if (grown.raw <= 0) return RejectReason::None;
  const std::int64_t open = instruments_[candidate.instrument.value].open_interest.raw;
  const std::size_t row = std::size_t{candidate.instrument.value} * nodes_.size();
  for (std::uint32_t l = 0; l < facts.levels; ++l) {
    const Level& level = facts.path[l];
    const InstrumentLimits& limit = *level.limits;
    if (limit.open_interest_share_ppm == kPpm) continue;
    const Usage& used = level.level == NodeLevel::Account ? usage.before : usage_[row + level.node];
    const std::int64_t before = longs >= shorts ? used.long_lots.raw : used.short_lots.raw;
    const std::int64_t most =
        saturate(floor_div(Int128{open} * limit.open_interest_share_ppm, kPpm));
    if (before + grown.raw <= most) continue;
    name_level(level, decision);
    return refuse(RejectReason::OpenInterest, decision, most, grown.raw, most - before);
  }
  const std::int64_t most =
      parameters_.instruments[candidate.instrument.value].open_interest_max.raw;
  if (Int128{open} + grown.raw <= most) return RejectReason::None;
  name_level(facts.path[facts.levels - 1], decision);
  return refuse(RejectReason::OpenInterest, decision, most, grown.raw, most - open);
}

// The day's loss; once crossed, exits only until the next day.
RejectReason Engine::check_day(const Candidate& candidate, const Reservation& reservation,
                               const Facts& facts, Decision& decision) noexcept {
  const Account& account = accounts_[candidate.account.value];
  const bool is_closed = (account.flags & kDayClosed) != 0;
  if (!is_closed && !day_is_lost(candidate.account)) return RejectReason::None;
  refresh(candidate.account);
  if ((facts.stale || !account.in_range) && (!is_closed || facts.reducing))
    return RejectReason::None;
  Decision ignored;
  if (!facts.stale && account.in_range && may_exit(candidate, reservation, ignored))
    return RejectReason::None;
  name_level(facts.path[0], decision);
  const std::int64_t most = facts.path[0].profile->daily_loss_max.raw;
  const Int128 loss = ceil_div(day_loss(candidate.account), parameters_.wide_denominator);
  return refuse(RejectReason::DailyLoss, decision, most, saturate(std::max(loss, Int128{most} + 1)),
                most);
}

// The highest leverage at this notional: the profile's, its bracket's, and the cap of the day.
std::int64_t Engine::leverage_max(AccountIndex account, Int128 gross) const noexcept {
  const LimitProfile& profile = parameters_.profiles[parameters_.accounts[account.value].profile];
  std::int64_t most = std::min(profile.leverage_max_ppm, leverage_cap_ppm_);
  for (const LeverageBracket& bracket : profile.leverage_brackets) {
    if (gross > Int128{bracket.upto.raw} * parameters_.wide_denominator) continue;
    return std::min(most, bracket.max_ppm);
  }
  return most;
}

Engine::LeverageUse Engine::leverage(AccountIndex index) const noexcept {
  const Int128 used = levered(accounts_[index.value]);
  const std::int64_t most = leverage_max(index, used);
  return {{saturate(ceil_div(used, parameters_.wide_denominator))},
          {saturate(floor_div(most * leverage_equity(index), kPpm))}};
}

// A cash account: what all open orders may take of the asset must be there (METHOD 3.13).
RejectReason Engine::check_cash(const Candidate& candidate, const Reservation& reservation,
                                Decision& decision) const noexcept {
  const InstrumentParameters& spot = parameters_.instruments[candidate.instrument.value];
  const AssetIndex asset = candidate.side == Side::Buy ? spot.settlement : spot.base;
  const Holding& of = holding(candidate.account, asset);
  Int128 needed = flow_of(reservation, candidate.side, candidate.instrument, asset).out.raw;
  if (const Order* chain = candidate.replaced; chain != nullptr) {
    needed -= flow_of(reserved_by(*chain), candidate.side, candidate.instrument, asset).out.raw;
  }
  const Int128 available = held(of).raw - of.flow.out.raw;
  if (needed <= 0 || needed <= available) return RejectReason::None;
  const auto value = [&](Int128 units) {
    return floor_div(units * assets_[asset.value].unit.raw, parameters_.wide_denominator);
  };
  const std::int64_t left = saturate(value(available));
  return refuse(RejectReason::Margin, decision, 0,
                saturate(std::max(value(needed), Int128{left} + 1)), left);
}

// Leverage, then margin: leg 1, or the exit.
RejectReason Engine::check_margin(const Candidate& candidate, const Reservation& reservation,
                                  const Facts& facts, Decision& decision) noexcept {
  using enum RejectReason;
  const Account& account = accounts_[candidate.account.value];
  decision.level = NodeLevel::Account;
  decision.node = candidate.account.value;
  if (parameters_.accounts[candidate.account.value].cash_only)
    return check_cash(candidate, reservation, decision);

  const UsageChange& usage = facts.usage;
  Int128 lot = instruments_[candidate.instrument.value].notional.raw;
  if (has_unlevered_) lot -= unlevered_lot(candidate.instrument);
  const Int128 gross_before = levered(account);
  const Int128 gross = gross_before + lot * (usage.after.gross_lots - usage.before.gross_lots).raw;
  const std::int64_t leverage = leverage_max(candidate.account, gross);
  const Int128 capital = leverage_equity(candidate.account);
  const std::int64_t denominator = parameters_.wide_denominator;
  // Where the product leaves 128 bits it is beyond any gross notional, or below.
  Int128 allowed = 0;
  const bool beyond = __builtin_mul_overflow(leverage * capital, Int128{denominator}, &allowed);
  const bool crossed = beyond ? capital < 0 : gross * kPpm > allowed;
  if (crossed && gross > gross_before) {
    const std::int64_t most = saturate(floor_div(leverage * capital, kPpm));
    return refuse(Leverage, decision, most, saturate(ceil_div(gross - gross_before, denominator)),
                  saturate(Int128{most} - ceil_div(gross_before, denominator)));
  }
  // Most orders are accepted here, without a look at vectors that prices or the account's own orders have
  // overtaken. Where they have, and nothing is sure, they are brought up to date, which may make it so.
  const AssetIndex settlement = parameters_.instruments[candidate.instrument.value].settlement;
  const Amount costs = costs_with(candidate, reservation);
  if (surely_passes(candidate, reservation, costs)) return None;
  if (account.version != price_version_) {
    refresh(candidate.account);
    if (surely_passes(candidate, reservation, costs)) return None;
  }
  // Figures that do not fit say nothing: as on stale prices, what reduces is judged by position.
  if (!account.in_range) return decision.reducing != 0 ? None : ArithmeticRange;
  Change change = open_change(candidate, reservation, MarginLeg::Margin);
  change.costs = costs;
  const Int128 needed_after = requirement_with(candidate.account, change);
  const Int128 after =
      rounded_capital(capital_with(candidate.account, settlement, change.costs)) - needed_after;
  const bool is_restricted = account.state >= risk::MarginState::Restricted;
  if (after >= 0 && !is_restricted) {
    if (has_warning_sets_) decision.warned = is_warned(candidate.account, change) ? 1 : 0;
    return None;
  }
  if (may_exit(candidate, reservation, decision)) return None;
  if (after >= 0) return refuse_state(candidate.account, decision);
  if (needed_after >= kBeyondRange) return ArithmeticRange;
  const Int128 before = account.capital.raw - requirement(candidate.account);
  MarginReport report;
  if (!candidate.verdict_only) recompute(candidate.account, &change, true, {}, &report);
  decision.set = report.set;
  decision.group = report.group;
  decision.scenario = report.scenario;
  return refuse(Margin, decision, 0, saturate(before - after), saturate(before));
}

// Whether R is below 0 with the sets that only warn, which every enforced one is part of.
bool Engine::is_warned(AccountIndex account, const Change& change) const noexcept {
  const AssetIndex settlement = parameters_.instruments[change.instrument.value].settlement;
  return rounded_capital(capital_with(account, settlement, change.costs)) <
         recompute(account, &change, true, {false, SetAction::Warn}, nullptr);
}

// The rate flag, named last because exits have their own budget.
bool Engine::passes_rate(const Candidate& candidate, bool reducing,
                         Decision& decision) const noexcept {
  const RateLimit& session_limit = parameters_.sessions[candidate.session.value].rate;
  const RateLimit& account_limit = parameters_.accounts[candidate.account.value].rate;
  const RateState& session = sessions_[candidate.session.value].rate;
  const RateState& account = accounts_[candidate.account.value].rate;
  const Timestamp now = candidate.now;
  if (session.has_order_token(session_limit, now) && account.has_order_token(account_limit, now))
    return true;
  if (!reducing) {
    refuse_rate(candidate.session, candidate.account, false, now, decision);
    return false;
  }
  if (session.has_exit_token(session_limit, now) && account.has_exit_token(account_limit, now))
    return true;
  refuse_rate(candidate.session, candidate.account, true, now, decision);
  decision.disconnect = 1;
  return false;
}

// Names the empty budget, the session's before the account's; the shortfall is the time until its
// next token.
void Engine::refuse_rate(SessionIndex session, AccountIndex account, bool exits, Timestamp now,
                         Decision& decision) const noexcept {
  const RateLimit& session_limit = parameters_.sessions[session.value].rate;
  const RateState& session_state = sessions_[session.value].rate;
  const bool by_session = exits ? !session_state.has_exit_token(session_limit, now)
                                : !session_state.has_order_token(session_limit, now);
  const RateLimit& limit = by_session ? session_limit : parameters_.accounts[account.value].rate;
  const RateState& state = by_session ? session_state : accounts_[account.value].rate;
  const Bucket& bucket = exits ? state.exits : state.orders;
  const std::int64_t ahead_max =
      exits ? (limit.exit_burst - 1) * Bucket::interval_ns(limit.exit_per_second)
            : (limit.burst - 1) * Bucket::interval_ns(limit.per_second);
  decision.level = by_session ? NodeLevel::Session : NodeLevel::Account;
  decision.node = by_session ? session.value : account.value;
  decision.reason =
      refuse(RejectReason::Rate, decision, ahead_max, bucket.full_at_ns - now.ns, ahead_max);
}

// --- verdicts

Decision Engine::judge(const Candidate& candidate) noexcept {
  Decision decision;
  decision.parameter_version = parameters_.version;
  decision.price = candidate.price;
  decision.reason = first_failure(candidate, decision);
  if (decision.reason == RejectReason::None) {
    decision.disposition = Disposition::Forward;
    decision.number = next_number_;
    decision.level = NodeLevel::Account;
    decision.node = candidate.account.value;
    return decision;
  }
  const ArithmeticUnit unit = info(decision.reason).unit;
  // No smaller quantity repairs a minimum that is too large.
  if ((unit == ArithmeticUnit::Lots || unit == ArithmeticUnit::Quanta) &&
      decision.reason != RejectReason::InvalidMinQty) {
    decision.largest_passing = largest_passing(candidate);
  }
  return decision;
}

// By bisection on the checks themselves; what it returns has passed them, or is 0.
Lots Engine::largest_passing(const Candidate& candidate) noexcept {
  Candidate trial = candidate;
  trial.verdict_only = true;
  Lots passing{0};
  Lots failing = candidate.quantity;
  for (int step = 0; step < 32 && failing.raw - passing.raw > 1; ++step) {
    trial.quantity.raw = passing.raw + (failing.raw - passing.raw) / 2;
    trial.min_quantity = std::min(candidate.min_quantity, trial.quantity);
    Decision ignored;
    (first_failure(trial, ignored) == RejectReason::None ? passing : failing) = trial.quantity;
  }
  return passing;
}

Decision Engine::ignored() const noexcept {
  Decision decision;
  decision.parameter_version = parameters_.version;
  decision.disposition = Disposition::Ignore;
  return decision;
}

Decision Engine::decide(const NewOrder& order) noexcept {
  if (order.client_ref <= sessions_[order.session.value].watermark) return ignored();
  Decision decision = judge(candidate_of(order));
  if (decision.disposition == Disposition::Forward) decision.order = {free_order_};
  return decision;
}

AccountIndex Engine::account_of(const ReplaceOrder& order) const noexcept {
  const NumberRecord* original = numbers_.find(order.session, order.original_ref);
  return original == nullptr ? AccountIndex{} : original->account;
}

AccountIndex Engine::account_of(const CancelOrder& order) const noexcept {
  const NumberRecord* original = numbers_.find(order.session, order.client_ref);
  return original == nullptr ? AccountIndex{} : original->account;
}

Decision Engine::decide(const ReplaceOrder& order) noexcept {
  const NumberRecord* original = numbers_.find(order.session, order.original_ref);
  if (order.client_ref <= sessions_[order.session.value].watermark || original == nullptr) {
    return ignored();
  }
  const Order& chain = orders_[original->order];
  Decision decision = judge(candidate_of(order, chain));
  // What a replace names is a total, executed lots included.
  if (decision.largest_passing.raw > 0) decision.largest_passing += chain.cum;
  decision.order = {original->order};
  return decision;
}

bool Engine::has_exit_token(SessionIndex session, Timestamp time) const noexcept {
  return sessions_[session.value].rate.has_exit_token(parameters_.sessions[session.value].rate,
                                                      std::max(last_time_, time));
}

// Cancels are never risk-checked: who may, cancels, and spends the exit budget.
Decision Engine::decide(const CancelOrder& order) const noexcept {
  Decision decision = ignored();
  const NumberRecord* record = numbers_.find(order.session, order.client_ref);
  if (record == nullptr) return decision;
  const Order& chain = orders_[record->order];
  const Timestamp now = std::max(last_time_, order.time);
  decision.order = {record->order};
  decision.number = record->number;
  if (!may(order.session, kMayCancel)) {
    decision.disposition = Disposition::Reject;
    decision.reason = RejectReason::NotEntitled;
    decision.level = NodeLevel::Session;
    decision.node = order.session.value;
    return decision;
  }
  if (!has_exit_token(order.session, now) ||
      !accounts_[chain.account.value].rate.has_exit_token(
          parameters_.accounts[chain.account.value].rate, now)) {
    decision.disposition = Disposition::Reject;
    refuse_rate(order.session, chain.account, true, now, decision);
    decision.disconnect = 1;
    return decision;
  }
  Lots total = record->number == chain.head ? chain.total - chain.cancelled : Lots{0};
  for (std::uint8_t p = 0; p < chain.pending_count; ++p) {
    if (chain.pending[p].number == record->number) total = chain.pending[p].total;
  }
  if (order.total < total) decision.disposition = Disposition::Forward;
  return decision;
}

}  // namespace portcullis::risk
