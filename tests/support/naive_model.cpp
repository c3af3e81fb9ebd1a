// NaiveModel: its state, the commands that change it, and the venue's word (ORDERLIFE 1 and 2).
#include "tests/support/naive_model.h"

#include <algorithm>
#include <set>

#include "tests/support/naive_math.h"

namespace portcullis::support {

using namespace portcullis::risk;

ModelBucket::ModelBucket(std::int64_t interval_ns, std::int64_t burst)
    : interval(interval_ns), most(Int128{burst} * interval_ns), credit(most) {}

ModelBucket ModelBucket::of_rate(std::int64_t per_second, std::int64_t burst) {
  return {static_cast<std::int64_t>(ceil_div(kSecondNs, per_second)), burst};
}

Int128 ModelBucket::credit_at(std::int64_t now) const { return std::min(most, credit + now - at); }

void ModelBucket::take(std::int64_t now) {
  credit = credit_at(now) - interval;
  at = now;
}

std::int64_t ModelOrder::head_leaves() const {
  return std::max<std::int64_t>(0, total - cum - cancelled);
}

std::int64_t ModelOrder::leaves_of(std::uint32_t number) const {
  if (number == head) return head_leaves();
  for (const ModelPending& p : pending) {
    if (p.number == number) return std::max<std::int64_t>(0, p.total - cum);
  }
  return 0;
}

NaiveModel::NaiveModel(const Parameters& parameters)
    : parameters_(parameters),
      node_flags_(parameters.nodes.size()),
      phases_(parameters.instruments.size(), InstrumentPhase::Trading),
      marks_(parameters.instruments.size()),
      indexes_(parameters.assets.size()),
      tables_(parameters.groups.size()),
      oldest_tables_(parameters.groups.size(), parameters.version),
      open_interest_(parameters.instruments.size()),
      funding_paid_(parameters.instruments.size()),
      funding_predicted_(parameters.instruments.size()) {
  const auto orders = [](const RateLimit& r) {
    return ModelBucket::of_rate(r.per_second, r.burst);
  };
  const auto exits = [](const RateLimit& r) {
    return ModelBucket::of_rate(r.exit_per_second, r.exit_burst);
  };
  for (const AccountParameters& account : parameters.accounts) {
    accounts_.push_back({.orders = orders(account.rate),
                         .exits = exits(account.rate),
                         .executions = {account.executions.interval_ns, account.executions.burst},
                         .balances = std::vector<Int128>(parameters.assets.size(), 0),
                         .borrowed = std::vector<Int128>(parameters.assets.size(), 0),
                         .lines = {}});
  }
  for (const SessionParameters& session : parameters.sessions) {
    sessions_.push_back({.orders = orders(session.rate), .exits = exits(session.rate)});
  }
}

std::int64_t NaiveModel::now_of(Timestamp time) const { return std::max(clock_, time.ns); }
void NaiveModel::tick(Timestamp time) { clock_ = now_of(time); }

void NaiveModel::consume(SessionIndex session, std::uint32_t client_ref) {
  std::uint32_t& watermark = sessions_[session.value].watermark;
  watermark = std::max(watermark, client_ref);
}

void NaiveModel::raise_next_number(std::uint32_t next) {
  next_number_ = std::max<std::uint64_t>(next_number_, next);
}

// Every order and replace above the watermark costs a token: of both order buckets, or of both exit
// buckets if it reduces; where the account is not known only the session pays.
void NaiveModel::take_order_token(std::uint32_t session, std::uint32_t account, bool reducing,
                                  std::int64_t now) {
  ModelSession& s = sessions_[session];
  if (account == kNil) {
    if (s.orders.has_token(now)) s.orders.take(now);
    return;
  }
  ModelAccount& a = accounts_[account];
  if (s.orders.has_token(now) && a.orders.has_token(now)) {
    s.orders.take(now);
    a.orders.take(now);
  } else if (reducing && s.exits.has_token(now) && a.exits.has_token(now)) {
    s.exits.take(now);
    a.exits.take(now);
  }
}

bool NaiveModel::allows(std::uint32_t session, SessionAction action) const {
  return (parameters_.sessions[session].actions & action) != 0;
}

// The live order behind a client's number, and our number of it; 0 when there is none.
std::uint64_t NaiveModel::find_live(std::uint32_t session, std::uint32_t client_ref,
                                    std::uint32_t& number) const {
  const auto found = client_numbers_.find({session, client_ref});
  if (found == client_numbers_.end()) return 0;
  number = found->second;
  return numbers_.at(number).order;
}

void NaiveModel::apply(const NewOrder& order, const Verdict& verdict) {
  const std::uint32_t session = order.session.value;
  if (order.client_ref <= sessions_[session].watermark) return;
  tick(order.time);
  consume(order.session, order.client_ref);
  // Another member's account is not theirs to spend from, whatever the order says.
  const std::vector<AccountIndex>& own = parameters_.sessions[session].accounts;
  const bool is_own =
      allows(session, kMayEnter) && std::find(own.begin(), own.end(), order.account) != own.end();
  take_order_token(session, is_own ? order.account.value : kNil, verdict.reducing, clock_);
  if (verdict.disposition != Disposition::Forward) return;
  ModelOrder chain;
  chain.account = order.account.value;
  chain.instrument = order.instrument.value;
  chain.session = session;
  chain.buy = order.side == Side::Buy;
  chain.flags = order.flags;
  chain.head = verdict.number;
  chain.price = verdict.price.raw;
  chain.total = order.quantity.raw;
  chain.exit = verdict.exit;
  const std::uint64_t id = next_order_++;
  orders_[id] = chain;
  numbers_[verdict.number] = {.order = id,
                              .account = chain.account,
                              .instrument = chain.instrument,
                              .session = session,
                              .client_ref = order.client_ref,
                              .buy = chain.buy};
  client_numbers_[{session, order.client_ref}] = verdict.number;
  next_number_ = verdict.number + std::uint64_t{1};
  return_isolated();  // it is open now
}

void NaiveModel::apply(const ReplaceOrder& order, const Verdict& verdict) {
  const std::uint32_t session = order.session.value;
  if (order.client_ref <= sessions_[session].watermark) return;
  tick(order.time);
  consume(order.session, order.client_ref);
  std::uint32_t original = 0;
  const std::uint64_t id = find_live(session, order.original_ref, original);
  const bool pays = id != 0 && allows(session, kMayReplace);
  const std::uint32_t account = pays ? orders_.at(id).account : kNil;
  take_order_token(session, account, verdict.reducing, clock_);
  if (verdict.disposition != Disposition::Forward) return;
  ModelOrder& chain = orders_.at(id);
  chain.pending.push_back({.number = verdict.number,
                           .original = original,
                           .total = order.total.raw,
                           .price = verdict.price.raw});
  chain.exit = verdict.exit;
  numbers_[verdict.number] = {.order = id,
                              .account = chain.account,
                              .instrument = chain.instrument,
                              .session = session,
                              .client_ref = order.client_ref,
                              .buy = chain.buy};
  client_numbers_[{session, order.client_ref}] = verdict.number;
  next_number_ = verdict.number + std::uint64_t{1};
}

void NaiveModel::apply(const CancelOrder& order, const Verdict& verdict) {
  tick(order.time);
  std::uint32_t number = 0;
  const std::uint64_t id = find_live(order.session.value, order.client_ref, number);
  ModelBucket& session = sessions_[order.session.value].exits;
  if (id == 0 || !allows(order.session.value, kMayCancel)) {  // of nothing: it costs the session
    if (session.has_token(clock_)) session.take(clock_);
    return;
  }
  ModelOrder& chain = orders_.at(id);
  ModelBucket& account = accounts_[chain.account].exits;
  if (session.has_token(clock_) && account.has_token(clock_)) {
    session.take(clock_);
    account.take(clock_);
  }
  if (verdict.disposition != Disposition::Forward) return;
  // Of two totals for one number the lower holds; a number that came after a partial cancel was not
  // meant by it.
  const bool overtaken = chain.cancel_to > 0 && number >= chain.cancel_below;
  if (chain.cancel_to < 0 || overtaken || order.total.raw < chain.cancel_to) {
    chain.cancel_to = order.total.raw;
  }
  chain.cancel_below = next_number_;
}

// What a partial cancel asked of each number that it meant is done.
bool NaiveModel::is_answered(const ModelOrder& chain) {
  std::map<std::uint32_t, std::int64_t> totals{{chain.head, chain.total - chain.cancelled}};
  for (const ModelPending& p : chain.pending) totals[p.number] = p.total;
  for (const auto& [number, total] : totals) {
    if (number < chain.cancel_below && total > chain.cancel_to) return false;
  }
  return true;
}

// Adds or (direction -1) takes back a trade: the position moves, the price and the fee are paid.
void NaiveModel::trade(std::uint32_t account, std::uint32_t instrument, bool buy, std::int64_t lots,
                       std::int64_t price, Int128 fee_per_lot, int direction) {
  if (is_spot(instrument)) {
    const InstrumentParameters& p = parameters_.instruments[instrument];
    const Int128 bought = (buy ? direction : -direction) * Int128{lots};
    accounts_[account].balances[p.base.value] += times(bought, p.base_per_lot);
    accounts_[account].balances[p.settlement.value] -=
        times(bought, price, p.marks_per_tick, p.units_per_lot_mark) +
        direction * times(lots, fee_per_lot);
    return;
  }
  ModelLine& line = accounts_[account].lines[instrument];
  const Int128 signed_lots = buy ? Int128{lots} : -Int128{lots};
  line.position += direction * signed_lots;
  line.cash += direction * paid_for(instrument, signed_lots, price);
  line.cash -= direction * times(lots, fee_per_lot);
  line.funding += direction * times(signed_lots, funding_paid_[instrument]);
}

// What an exit costs, as it trades, is spent of the allowance.
void NaiveModel::spend_allowance(const ModelOrder& chain, std::int64_t lots, std::int64_t price) {
  ModelAccount& account = accounts_[chain.account];
  if (account.allowance <= 0 || !chain.exit) return;
  const InstrumentParameters& p = parameters_.instruments[chain.instrument];
  Reservation traded{.instrument = chain.instrument, .buy = chain.buy, .exit = true};
  traded.lots = lots;
  traded.worst = traded.fee_price = price;
  Units paid = no_costs();
  if (p.long_value || chain.buy) {
    paid[p.settlement.value] = order_cost(traded);
  } else {
    const Int128 got = times(price, p.marks_per_tick, p.units_per_lot_mark);
    paid[p.settlement.value] =
        times(lots, std::max<Int128>(0, fee_per_lot(chain.instrument, price) - got));
  }
  account.spent += taken_at_most(paid);
}

void NaiveModel::end_number(std::uint32_t number) { numbers_.at(number).order = 0; }

// The terminal outcome: the head and all that was to follow it are gone.
void NaiveModel::end_order(std::uint64_t id) {
  const ModelOrder& chain = orders_.at(id);
  end_number(chain.head);
  for (const ModelPending& pending : chain.pending) end_number(pending.number);
  orders_.erase(id);
}

void NaiveModel::end_orders_in(std::uint32_t instrument) {
  std::vector<std::uint64_t> ids;
  for (const auto& [id, order] : orders_) {
    if (order.instrument == instrument) ids.push_back(id);
  }
  for (const std::uint64_t id : ids) end_order(id);
}

// One execution more that no person has looked at.
void NaiveModel::count_execution(std::uint32_t account) {
  ModelAccount& a = accounts_[account];
  if (a.executions.has_token(clock_)) {
    a.executions.take(clock_);
  } else {
    a.flags |= kThrottled;
  }
}

// A line without a position and without orders gives what it is worth to the balance.
void NaiveModel::drop_empty_lines() {
  std::set<std::pair<std::uint32_t, std::uint32_t>> working;
  for (const auto& [id, order] : orders_) working.insert({order.account, order.instrument});
  for (std::uint32_t a = 0; a < accounts_.size(); ++a) {
    std::erase_if(accounts_[a].lines, [&](const auto& entry) {
      const auto& [instrument, line] = entry;
      if (line.position != 0 || working.contains({a, instrument})) return false;
      const std::uint32_t asset = parameters_.instruments[instrument].settlement.value;
      accounts_[a].balances[asset] += line_value(instrument, line);
      return true;
    });
  }
  return_isolated();
}

// What is left of an isolated position goes back once it and its orders are gone; a loss stays.
void NaiveModel::return_isolated() {
  for (std::uint32_t a = 0; a < accounts_.size(); ++a) {
    const AccountParameters& p = parameters_.accounts[a];
    if (!p.isolated_from.exists()) continue;
    const std::uint32_t instrument = p.isolated_in.value;
    const bool is_open =
        position(a, instrument) != 0 ||
        std::any_of(orders_.begin(), orders_.end(), [&](const auto& entry) {
          return entry.second.account == a && entry.second.instrument == instrument;
        });
    if (is_open) isolated_open_.insert(a);
    if (is_open || isolated_open_.erase(a) == 0) continue;
    const std::uint32_t asset = parameters_.instruments[instrument].settlement.value;
    const Int128 left = accounts_[a].balances[asset];
    if (left <= 0 || !add_balance(p.isolated_from.value, asset, left)) continue;
    add_balance(a, asset, -left);
    count_transfer(a, asset, -left);
    count_transfer(p.isolated_from.value, asset, left);
  }
}

// A pending replace that will never become the head, and all that was to replace it.
void NaiveModel::drop_pending(std::uint64_t id, std::uint32_t number) {
  std::vector<ModelPending>& pending = orders_.at(id).pending;
  const auto at = std::find_if(pending.begin(), pending.end(),
                               [&](const ModelPending& p) { return p.number == number; });
  if (at == pending.end()) return;
  pending.erase(at);
  end_number(number);
  std::vector<std::uint32_t> followers;
  for (const ModelPending& p : pending) {
    if (p.original == number) followers.push_back(p.number);
  }
  for (const std::uint32_t follower : followers) drop_pending(id, follower);
}

// The old head has gone; of the pending ones only those that follow the new head can still come.
void NaiveModel::become_head(ModelOrder& chain, std::uint32_t number) {
  end_number(chain.head);
  chain.head = number;
  chain.cancelled = 0;
  chain.acknowledged = true;
  std::set<std::uint32_t> following{number};
  std::vector<ModelPending> kept;
  for (const ModelPending& p : chain.pending) {  // in the order of their numbers
    if (p.number == number) {
      chain.price = p.price;
      chain.total = p.total;
    } else if (following.contains(p.original)) {
      following.insert(p.number);
      kept.push_back(p);
    } else {
      end_number(p.number);
    }
  }
  chain.pending = kept;
}

ModelOutcome NaiveModel::apply(const VenueEvent& event) {
  tick(event.time);
  ModelOutcome out;
  const auto found = numbers_.find(event.number);
  if (found == numbers_.end()) {
    out.anomaly =
        event.type == VenueEventType::Broken ? Anomaly::UnknownTrade : Anomaly::UnknownNumber;
    return out;
  }
  out.known = true;
  const ModelNumber record = found->second;
  const std::uint64_t id = record.order;
  ModelOrder* chain = id == 0 ? nullptr : &orders_.at(id);
  const bool is_head = chain != nullptr && chain->head == event.number;
  // Beyond this the chain may not trade, whichever of its prices the venue used.
  const Int128 limit = chain == nullptr ? Int128{0} : reservation(*chain).worst;
  bool dead = false;

  switch (event.type) {
    case VenueEventType::Accepted:
      if (chain == nullptr) {
        out.anomaly = Anomaly::LateEvent;
        break;
      }
      if (!is_head || chain->acknowledged) {
        out.anomaly = Anomaly::Duplicate;
        if (!is_head || event.dead || chain->price != event.price.raw ||
            chain->total != event.quantity.raw) {
          accounts_[record.account].flags |= kDisputed;
        }
        break;
      }
      if (chain->price != event.price.raw || chain->total != event.quantity.raw) {
        out.anomaly = Anomaly::AcceptedDifferently;
      }
      chain->acknowledged = true;
      chain->price = event.price.raw;
      chain->total = event.quantity.raw;
      dead = event.dead;
      break;

    case VenueEventType::Replaced: {
      if (chain == nullptr || is_head) {
        out.anomaly = chain == nullptr ? Anomaly::LateEvent : Anomaly::Duplicate;
        if (chain != nullptr &&
            (!chain->acknowledged || event.dead || event.quantity.raw > chain->head_leaves() ||
             event.price.raw != chain->price)) {
          accounts_[record.account].flags |= kDisputed;
        }
        break;
      }
      for (const ModelPending& p : chain->pending) {
        if (p.number != event.number) continue;
        if (p.total != chain->cum + event.quantity.raw || p.price != event.price.raw ||
            event.other != chain->head) {
          out.anomaly = Anomaly::AcceptedDifferently;
        }
      }
      if (event.other != chain->head &&
          std::none_of(chain->pending.begin(), chain->pending.end(),
                       [&](const ModelPending& p) { return p.number == event.other; })) {
        accounts_[record.account].flags |= kDisputed;  // the head may live on
      }
      become_head(*chain, event.number);
      chain->price = event.price.raw;
      chain->total = chain->cum + event.quantity.raw;
      dead = event.dead;
      break;
    }

    case VenueEventType::Executed:
      if (std::any_of(trades_.begin(), trades_.end(), [&](const ModelTrade& t) {
            return t.match == event.match && t.number == event.number;
          })) {
        out.anomaly = Anomaly::Duplicate;
        accounts_[record.account].flags |= kDisputed;
        break;
      }
      if (chain != nullptr) spend_allowance(*chain, event.quantity.raw, event.price.raw);
      trade(record.account, record.instrument, record.buy, event.quantity.raw, event.price.raw,
            fee_per_lot(record.instrument, event.price.raw), 1);
      trades_.push_back({.match = event.match,
                         .number = event.number,
                         .account = record.account,
                         .instrument = record.instrument,
                         .buy = record.buy,
                         .quantity = event.quantity.raw,
                         .price = event.price.raw,
                         .fee_per_lot = fee_per_lot(record.instrument, event.price.raw)});
      if (chain == nullptr) {
        out.anomaly = Anomaly::LateEvent;
      } else {
        count_execution(record.account);
        if (!is_head) {
          become_head(*chain, event.number);
          out.anomaly = Anomaly::AcceptedDifferently;
        }
        if (event.quantity.raw > chain->head_leaves()) {
          out.anomaly = Anomaly::Overfill;
        } else if (record.buy ? event.price.raw > limit : event.price.raw < limit) {
          out.anomaly = Anomaly::WorsePrice;
        }
        chain->cum += event.quantity.raw;
      }
      // The books no longer agree: no increases until a person has looked.
      if (out.anomaly == Anomaly::LateEvent || out.anomaly == Anomaly::Overfill) {
        accounts_[record.account].flags |= kDisputed;
      }
      break;

    case VenueEventType::Canceled:
    case VenueEventType::AiqCanceled:
      if (chain == nullptr) {
        out.anomaly = Anomaly::LateEvent;
        break;
      }
      if (!is_head) {
        become_head(*chain, event.number);
        out.anomaly = Anomaly::AcceptedDifferently;
      }
      if (event.quantity.raw > chain->head_leaves()) {
        out.anomaly = Anomaly::Overfill;
        accounts_[record.account].flags |= kDisputed;
      }
      (event.type == VenueEventType::Canceled ? chain->cancelled : chain->cum) +=
          event.quantity.raw;
      break;

    case VenueEventType::Rejected:
    case VenueEventType::Void:
      if (chain == nullptr) {
        out.anomaly = Anomaly::LateEvent;
      } else if (is_head && chain->acknowledged) {
        out.anomaly = Anomaly::Duplicate;  // it was processed: counted until it really ends
        accounts_[record.account].flags |= kDisputed;
      } else if (is_head) {
        dead = true;
      } else {
        drop_pending(id, event.number);
      }
      break;

    case VenueEventType::Broken: {
      const auto broken = std::find_if(trades_.begin(), trades_.end(), [&](const ModelTrade& t) {
        return t.match == event.match && t.number == event.number;
      });
      if (broken == trades_.end()) {
        out.anomaly = Anomaly::UnknownTrade;
        accounts_[record.account].flags |= kDisputed;
        break;
      }
      trade(broken->account, broken->instrument, broken->buy, broken->quantity, broken->price,
            broken->fee_per_lot, -1);
      trades_.erase(broken);
      break;
    }
  }

  if (chain != nullptr && (dead || chain->head_leaves() == 0)) {
    end_order(id);
    out.ended = true;
  } else if (chain != nullptr) {
    out.leaves = chain->head_leaves();
    if (chain->cancel_to > 0 && is_answered(*chain)) chain->cancel_to = -1;
  }
  drop_empty_lines();
  return out;
}

bool NaiveModel::apply(const AdoptOrder& order) {
  tick(order.time);
  next_number_ = std::max(next_number_, order.number + std::uint64_t{1});
  if (!order.account.exists() || orders_.size() >= parameters_.capacities.orders ||
      positions_full(order.account.value, order.instrument.value)) {
    return false;
  }
  ModelOrder chain;
  chain.account = order.account.value;
  chain.instrument = order.instrument.value;
  chain.session = order.session.value;
  chain.buy = order.side == Side::Buy;
  chain.head = order.number;
  chain.price = order.price.raw;
  chain.total = order.quantity.raw;
  chain.acknowledged = true;
  const std::uint64_t id = next_order_++;
  orders_[id] = chain;
  numbers_[order.number] = {.order = id,
                            .account = chain.account,
                            .instrument = chain.instrument,
                            .session = chain.session,
                            .client_ref = order.client_ref,
                            .buy = chain.buy};
  if (order.session.exists()) {
    client_numbers_[{chain.session, order.client_ref}] = order.number;
    consume(order.session, order.client_ref);
  }
  return_isolated();
  return true;
}

void NaiveModel::apply(const MarkUpdate& update) {
  tick(update.time);
  marks_[update.instrument.value] = {.value = update.mark.raw,
                                     .as_of = std::min(update.as_of.ns, clock_)};
}

void NaiveModel::apply(const IndexUpdate& update) {
  tick(update.time);
  indexes_[update.asset.value] = {.value = update.index,
                                  .as_of = std::min(update.as_of.ns, clock_)};
}

void NaiveModel::apply(const SetPriceState& change) {
  tick(change.time);
  const Reference price{change.kind, change.target};
  unsafe_.erase(price);
  if (change.state == PriceState::Unsafe) unsafe_.insert(price);
}

bool NaiveModel::apply(const LoadBalance& load) {
  tick(load.time);
  if (!add_balance(load.account.value, load.asset.value, load.units)) return false;
  count_transfer(load.account.value, load.asset.value, load.units);
  return true;
}

// A line is held for every position and every order.
std::set<std::pair<std::uint32_t, std::uint32_t>> NaiveModel::lines_used() const {
  std::set<std::pair<std::uint32_t, std::uint32_t>> used;
  for (std::uint32_t a = 0; a < accounts_.size(); ++a) {
    for (const auto& [i, line] : accounts_[a].lines) {
      if (line.position != 0) used.insert({a, i});
    }
  }
  for (const auto& [id, order] : orders_) used.insert({order.account, order.instrument});
  return used;
}

bool NaiveModel::positions_full(std::uint32_t account, std::uint32_t instrument) const {
  const auto used = lines_used();
  return !used.contains({account, instrument}) && used.size() >= parameters_.capacities.positions;
}

bool NaiveModel::apply(const LoadPosition& load) {
  if (is_spot(load.instrument.value)) {
    tick(load.time);
    return false;
  }
  tick(load.time);
  if (positions_full(load.account.value, load.instrument.value)) return false;
  ModelLine& line = accounts_[load.account.value].lines[load.instrument.value];
  line.position += load.lots.raw;
  line.cash += paid_for(load.instrument.value, load.lots.raw, load.entry.raw);
  line.funding += times(load.lots.raw, funding_paid_[load.instrument.value]);
  if (parameters_.accounts[load.account.value].isolated_in == load.instrument)
    isolated_open_.insert(load.account.value);
  drop_empty_lines();
  return true;
}

void NaiveModel::apply(const Control& control) {
  tick(control.time);
  unsigned flag = 0;
  if (control.action == ControlAction::Kill) flag = kKilled;
  if (control.action == ControlAction::Suspend) flag = kSuspended;
  if (control.action == ControlAction::CloseOnly) flag = kCloseOnly;
  const bool resume = control.action == ControlAction::Resume;
  const auto set = [&](std::uint8_t& flags) {
    flags = resume ? std::uint8_t{0} : static_cast<std::uint8_t>(flags | flag);
  };
  switch (control.scope) {
    case ControlScope::Node:
      set(node_flags_[control.target]);
      break;
    case ControlScope::Account: {
      ModelAccount& account = accounts_[control.target];
      const auto session = control.by.value;
      if (!control.by.exists()) {
        set(account.flags);
        if (resume) account.suspended_by.clear();
        if (resume) account.executions.fill();
      } else if (resume) {
        account.suspended_by.erase(session);
      } else if (const auto& may_use = parameters_.sessions[session].accounts;
                 std::find(may_use.begin(), may_use.end(), AccountIndex{control.target}) !=
                 may_use.end()) {
        account.suspended_by.insert(session);
      }
      break;
    }
    case ControlScope::Session:
      set(sessions_[control.target].flags);
      break;
    case ControlScope::Instrument: {
      InstrumentPhase& phase = phases_[control.target];
      if (phase == InstrumentPhase::Expired) break;
      if (!resume && phase == InstrumentPhase::Halted) break;  // until it is lifted
      phase = resume                                       ? InstrumentPhase::Trading
              : control.action == ControlAction::CloseOnly ? InstrumentPhase::ReduceOnly
                                                           : InstrumentPhase::Halted;
      break;
    }
  }
}

void NaiveModel::apply(const SetCondition& condition) {
  tick(condition.time);
  if (condition.on) {
    conditions_.insert(condition.condition);
  } else {
    conditions_.erase(condition.condition);
  }
}

bool NaiveModel::publish(const RiskTable& table, Timestamp time) {
  tick(time);
  if (!table.group.exists() || table.group.value >= parameters_.groups.size() ||
      table.parameter_version < oldest_tables_[table.group.value] ||
      table.parameter_version > parameters_.version) {
    return false;
  }
  const GroupParameters& group = parameters_.groups[table.group.value];
  auto& last = tables_[table.group.value];
  if (last && table.id <= last->id) return false;
  const std::size_t columns = std::size_t{group.column_count} * lag_states(table.group.value);
  if (table.gains.size() != group.row_count * columns || table.measures.size() != group.row_count) {
    return false;
  }
  for (std::uint32_t i = 0; i < parameters_.instruments.size(); ++i) {
    const InstrumentParameters& p = parameters_.instruments[i];
    if (p.risk != RiskSource::Table || group_of(i) != table.group.value) continue;
    for (std::size_t column = 0; column < columns; ++column) {
      const Int128 gain = table.gains[p.row * columns + column];
      if (gain < -p.vector_cap || gain > p.vector_cap) return false;
    }
  }
  std::set<std::uint32_t> anchored;
  for (const Anchor& anchor : table.anchors) {
    const std::uint32_t i = anchor.instrument.value;
    if (i >= parameters_.instruments.size() || group_of(i) != table.group.value ||
        anchor.mark.raw <= 0 || !anchored.insert(i).second) {
      return false;
    }
  }
  last = table;
  last->as_of.ns = std::min(table.as_of.ns, clock_);
  return true;
}

Int128 NaiveModel::position(std::uint32_t account, std::uint32_t instrument) const {
  const auto& lines = accounts_[account].lines;
  const auto found = lines.find(instrument);
  return found == lines.end() ? 0 : found->second.position;
}

}  // namespace portcullis::support
