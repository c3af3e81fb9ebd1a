#include <algorithm>
#include <type_traits>

#include "tests/support/random_change.h"
#include "tests/support/random_world.h"

namespace portcullis::support {

using namespace portcullis::risk;

namespace {

constexpr std::int64_t kStart = 1'700'000'000 * kSecondNs;

template <class T>
auto at_random(Rng& rng, const T& container) {
  auto it = container.begin();
  std::advance(it, rng.between(0, static_cast<std::int64_t>(container.size()) - 1));
  return it;
}

std::int64_t narrow_for_test(Int128 value) {
  return static_cast<std::int64_t>(std::clamp<Int128>(value, -1'000'000'000, 1'000'000'000));
}

}  // namespace

CommandSource::CommandSource(const NaiveModel& model, std::uint64_t seed, bool hostile)
    : model_(model), p_(model.parameters()), rng_(seed), hostile_(hostile), time_(kStart) {
  std::set<InstrumentIndex> looked_at;
  for (std::uint32_t g = 0; g < p_.groups.size(); ++g) {
    if (p_.groups[g].row_count > 0) with_tables_.push_back({g});
    for (const AddOnParameters& add_on : p_.groups[g].add_ons) {
      if (add_on.ramped_by.exists()) looked_at.insert(add_on.ramped_by);
    }
  }
  for (std::uint32_t i = 0; i < p_.instruments.size(); ++i) {
    bool limited = p_.instruments[i].open_interest_max.raw < 1'000'000;
    for (const LimitProfile& profile : p_.profiles) {
      limited |= profile.instruments[i].open_interest_share_ppm < kPpm;
    }
    if (limited) looked_at.insert({i});
  }
  with_open_interest_.assign(looked_at.begin(), looked_at.end());
}

std::vector<Command> CommandSource::opening() {
  std::vector<Command> commands;
  for (std::uint32_t a = 0; a < p_.assets.size(); ++a) {
    commands.push_back(IndexUpdate{time(), {time_}, rng_.between(900, 1'100), {a}, {}});
  }
  for (std::uint32_t i = 0; i < p_.instruments.size(); ++i) {
    if (rng_.percent(10)) continue;  // priced later, or never
    commands.push_back(MarkUpdate{time(), {time_}, {rng_.between(500, 5'000)}, {i}, {}});
  }
  for (const GroupIndex group : with_tables_) {
    if (rng_.percent(95)) commands.push_back(publish_table(group));
  }
  for (const InstrumentIndex instrument : with_open_interest_) {
    if (rng_.percent(30)) continue;  // never told
    commands.push_back(OpenInterestUpdate{time(), {rng_.between(0, 1'600)}, instrument, {}});
  }
  for (std::uint32_t a = 0; a < p_.accounts.size(); ++a) {
    commands.push_back(LoadBalance{
        time(), rng_.between(50'000, rng_.pick({200'000, 500'000, 3'000'000})), {a}, {0}});
    commands.push_back(LoadBalance{time(), rng_.between(-20'000, 200'000), {a}, {1}});
  }
  return commands;
}

Timestamp CommandSource::time() {
  if (rng_.percent(90)) {
    time_ += rng_.between(0, 1'000'000);
  } else if (rng_.percent(80)) {
    time_ += rng_.between(0, 2 * kSecondNs);
  } else if (rng_.percent(10)) {
    time_ += rng_.between(0, 120 * kSecondNs);
  }
  // Ingress clocks are not perfect: now and then a command is a little behind the one before.
  return Timestamp{rng_.percent(5) ? time_ - rng_.between(0, kSecondNs) : time_};
}

Command CommandSource::next() {
  for (auto& [countdown, command] : undo_) --countdown;
  const auto due =
      std::find_if(undo_.begin(), undo_.end(), [](const auto& u) { return u.first <= 0; });
  if (due != undo_.end()) {
    Command command = due->second;
    undo_.erase(due);
    std::visit(
        [&](auto& c) {
          if constexpr (requires { c.time; }) c.time = time();
        },
        command);
    return command;
  }
  if (changes_permille_ > 0 && rng_.between(1, 1'000) <= changes_permille_) {
    return ChangeParameters{time(), p_.version,
                            std::make_shared<const Parameters>(changed_parameters(rng_, p_))};
  }
  for (std::uint32_t a = 0; a < p_.accounts.size(); ++a) {
    const std::uint8_t flags = model_.accounts()[a].flags;
    if ((flags & (kDisputed | kThrottled)) != 0 && rng_.percent((flags & kDisputed) != 0 ? 8 : 3)) {
      return Control{time(), a, {}, ControlScope::Account, ControlAction::Resume, {}};
    }
    if ((flags & kDayClosed) != 0 && rng_.percent(2)) return DayStart{time(), {a}, {}};
  }
  if (!with_tables_.empty() && rng_.percent(3)) {
    return publish_table(*at_random(rng_, with_tables_));
  }
  if (rng_.percent(15)) return book_command();
  const std::int64_t dice = rng_.between(1, 1'000);
  if (dice <= 430) return with_cash(new_order());
  if (dice <= 520) return replace();
  if (dice <= 570) return cancel();
  if (dice <= 800) return venue_event();
  if (dice <= 820 && hostile_) return hostile_event();
  if (dice <= 910) return mark();
  if (dice <= 930) return index();
  if (dice <= 970) return balance();
  if (dice <= 980) return load_position();
  if (dice <= 988) return control();
  if (dice <= 991) return condition();
  if (dice <= 992) return price_state();
  if (dice <= 996) return Realise{time(), {choose().account}, {}};
  if (dice <= 998 && hostile_) {
    const Choice c = choose();
    const auto number = static_cast<std::uint32_t>(model_.next_number()) + 3;
    AdoptOrder adopt;
    adopt.time = time();
    adopt.account = {c.account};
    adopt.instrument = {c.instrument};
    if (rng_.percent(70)) adopt.session = {c.session};
    adopt.client_ref = model_.sessions()[c.session].watermark + 1;
    adopt.number = number;
    adopt.side = rng_.percent(50) ? Side::Buy : Side::Sell;
    adopt.quantity = {rng_.between(1, 9)};
    adopt.price = {std::max<std::int64_t>(1, some_price(c, adopt.side == Side::Buy))};
    return adopt;
  }
  if (dice <= 999) {
    const std::uint32_t session = choose().session;
    return Consume{{session}, model_.sessions()[session].watermark + 2};
  }
  return new_order();
}

CommandSource::Choice CommandSource::choose() {
  const auto any = [&](std::size_t size) {
    return static_cast<std::uint32_t>(rng_.between(0, static_cast<std::int64_t>(size) - 1));
  };
  return {any(p_.accounts.size()), any(p_.instruments.size()), any(p_.sessions.size())};
}

// Mostly near the mark; at the collar to the tick; now and then anywhere.
std::int64_t CommandSource::some_price(const Choice& c, bool buy) {
  const std::int64_t tick = p_.instruments[c.instrument].marks_per_tick;
  const std::int64_t mark = std::max<std::int64_t>(model_.marks()[c.instrument].value, 1'000);
  const std::int64_t at = std::max<std::int64_t>(1, mark / tick);
  const std::int64_t dice = rng_.between(1, 100);
  if (dice <= 30) return at;
  if (dice <= 60) return std::max<std::int64_t>(1, at + rng_.between(-2, 2));
  if (dice <= 80) return std::max<std::int64_t>(1, at - (buy ? 1 : -1) * rng_.between(0, at / 8));
  if (dice <= 90) {
    const auto collar = model_.market_price(c.account, c.instrument, buy);
    return std::max<std::int64_t>(1, collar.value_or(at) + rng_.between(-1, 1));
  }
  if (dice <= 98) return std::max<std::int64_t>(1, at + rng_.between(-at / 5, at / 5));
  return rng_.pick({0, -1, 1, at * 3});
}

// Small, or one around a limit: what closes the position, what is left of a limit, the clip.
std::int64_t CommandSource::some_lots(const Choice& c, bool buy) {
  const InstrumentLimits& limits =
      p_.profiles[p_.accounts[c.account].profile].instruments[c.instrument];
  const std::int64_t held = narrow_for_test(model_.position(c.account, c.instrument));
  std::int64_t resting = 0;
  for (const auto& [id, order] : model_.orders()) {
    if (order.account == c.account && order.instrument == c.instrument && order.buy == buy) {
      resting += order.head_leaves();
    }
  }
  const std::int64_t around = rng_.between(-1, 1);
  switch (rng_.between(0, 11)) {
    case 0: {
      const std::int64_t left =
          (buy ? limits.long_max.raw - held : limits.short_max.raw + held) - resting + around;
      return left < 2 * limits.clip.raw ? left : rng_.between(1, 20);
    }
    case 1:
      if (rng_.percent(70)) return rng_.between(1, 8);
      return std::min<std::int64_t>(limits.clip.raw, 1'000) + around;
    case 2:
    case 3:
      return std::abs(held) - resting + around;
    case 4:
      return std::abs(held) + around;
    case 5:
      return rng_.between(1, std::max<std::int64_t>(1, std::abs(held)));
    default:
      return rng_.between(1, 8);
  }
}

std::uint32_t CommandSource::fresh_ref(std::uint32_t session) {
  const std::uint32_t watermark = model_.sessions()[session].watermark;
  if (rng_.percent(2)) return watermark - static_cast<std::uint32_t>(rng_.between(0, watermark));
  return watermark + static_cast<std::uint32_t>(rng_.percent(95) ? 1 : rng_.between(1, 9));
}

// The order of an isolated account, mostly with what it is opened with.
Command CommandSource::with_cash(const Command& command) {
  const auto* order = std::get_if<NewOrder>(&command);
  if (order == nullptr || !order->account.exists() || rng_.percent(30)) return command;
  const AccountParameters& account = p_.accounts[order->account.value];
  if (!account.isolated_from.exists()) return command;
  IsolatedOrder isolated{*order, 0};
  const std::uint32_t asset = p_.instruments[account.isolated_in.value].settlement.value;
  if (rng_.percent(90)) isolated.order.instrument = account.isolated_in;
  isolated.units =
      rng_.percent(30) ? some_units(account.isolated_from.value, asset) : rng_.between(0, 30'000);
  isolated.units = std::max<std::int64_t>(0, isolated.units);
  return isolated;
}

Command CommandSource::new_order() {
  const Choice c = choose();
  const std::int64_t held = narrow_for_test(model_.position(c.account, c.instrument));
  // Two in three close where there is something to close.
  bool buy = rng_.percent(50);
  if (held != 0 && rng_.percent(45)) buy = held < 0;
  NewOrder o;
  o.time = time();
  o.account = {c.account};
  o.instrument = {c.instrument};
  o.session = {c.session};
  o.client_ref = fresh_ref(c.session);
  o.side = buy ? Side::Buy : rng_.percent(90) ? Side::Sell : Side::SellShort;
  o.price = {some_price(c, buy)};
  o.quantity = {some_lots(c, buy)};
  if (o.quantity.raw <= 0 && rng_.percent(97)) o.quantity.raw = 1;
  if (rng_.percent(15)) o.time_in_force = static_cast<TimeInForce>(rng_.between(0, 3));
  if (rng_.percent(10)) {
    o.ord_type = OrdType::Market;
    if (rng_.percent(95)) o.time_in_force = TimeInForce::ImmediateOrCancel;
  }
  if (rng_.percent(o.time_in_force == TimeInForce::ImmediateOrCancel ? 8 : 1))
    o.min_quantity = {o.quantity.raw + rng_.between(-2, 1)};
  if (rng_.percent(1) && rng_.percent(30)) o.min_quantity = {-1};
  if (rng_.percent(8)) o.flags |= kReduceOnly;
  if (rng_.percent(5)) o.flags |= kPostOnly;
  if (rng_.percent(2)) o.flags |= kOverloaded;
  if (rng_.percent(1)) o.flags |= kOffLot;
  if (rng_.percent(1)) o.flags |= kOffTick;
  if (rng_.percent(1)) o.flags |= kDuplicate;
  if (rng_.percent(1)) {
    o.form = static_cast<RejectReason>(rng_.pick({1, 2, 3, 4}));
  }
  if (rng_.percent(1)) o.unsupported = static_cast<RejectReason>(rng_.pick({16, 17, 18}));
  if (rng_.percent(1)) o.account = AccountIndex{};
  if (rng_.percent(1)) o.instrument = InstrumentIndex{};
  if (o.ord_type == OrdType::Limit && o.account.exists() && o.instrument.exists() &&
      rng_.percent(4)) {
    // The largest quantity that passes now, or one more.
    std::int64_t passes = 0;
    std::int64_t fails = 200;
    NewOrder trial = o;
    trial.flags = 0;
    while (fails - passes > 1) {
      trial.quantity.raw = (passes + fails) / 2;
      const bool ok = model_.decide(trial).disposition == Disposition::Forward;
      (ok ? passes : fails) = trial.quantity.raw;
    }
    o.quantity.raw = std::max<std::int64_t>(1, rng_.percent(50) ? passes : fails);
  }
  return o;
}

const ModelOrder* CommandSource::some_order() {
  if (model_.orders().empty()) return nullptr;
  return &at_random(rng_, model_.orders())->second;
}

std::uint32_t CommandSource::client_ref_of(std::uint32_t number) const {
  return model_.numbers().at(number).client_ref;
}

Command CommandSource::replace() {
  const ModelOrder* order = some_order();
  for (const auto& [id, other] : model_.orders()) {  // now and then one that is in flight already
    if (!other.pending.empty() && rng_.percent(20)) order = &other;
  }
  if (order == nullptr || order->session == kNil) return new_order();
  ReplaceOrder r;
  r.time = time();
  r.session = {order->session};
  r.client_ref = fresh_ref(order->session);
  std::uint32_t original = order->head;
  if (!order->pending.empty() && rng_.percent(40))
    original = at_random(rng_, order->pending)->number;
  r.original_ref = client_ref_of(original);
  if (rng_.percent(3)) r.original_ref = static_cast<std::uint32_t>(rng_.between(0, r.client_ref));
  const Choice c{order->account, order->instrument, order->session};
  r.price = {rng_.percent(50) ? order->price : some_price(c, order->buy)};
  r.total = {order->total + rng_.between(-5, 5)};
  if (rng_.percent(20)) r.total = {order->cum + some_lots(c, order->buy)};
  if (rng_.percent(2)) r.time_in_force = static_cast<TimeInForce>(rng_.between(0, 3));
  if (rng_.percent(1)) r.ord_type = OrdType::Market;
  if (rng_.percent(3)) r.flags |= kReduceOnly;
  if (rng_.percent(2)) r.flags |= kOverloaded;
  if (rng_.percent(1))
    r.flags |= static_cast<std::uint16_t>(rng_.pick({kOffLot, kOffTick, kDuplicate}));
  if (rng_.percent(1)) r.form = RejectReason::MalformedField;
  if (rng_.percent(1)) r.unsupported = static_cast<RejectReason>(rng_.pick({17, 18, 22}));
  return r;
}

Command CommandSource::cancel() {
  const ModelOrder* order = some_order();
  CancelOrder c;
  c.time = time();
  c.session = {choose().session};
  c.client_ref = static_cast<std::uint32_t>(rng_.between(0, 50));
  if (order != nullptr && order->session != kNil && rng_.percent(95)) {
    c.session = {order->session};
    c.client_ref = client_ref_of(order->head);
    if (!order->pending.empty() && rng_.percent(30)) {
      c.client_ref = client_ref_of(order->pending.back().number);
    }
    if (rng_.percent(40)) c.total = {rng_.between(0, order->total + 1)};
  }
  return c;
}

Command CommandSource::event(VenueEventType type, std::uint32_t number, std::int64_t lots,
                             std::int64_t price, std::uint32_t other, bool dead) {
  VenueEvent e;
  e.time = time();
  e.type = type;
  e.number = number;
  e.quantity = {lots};
  e.price = {price};
  e.other = other;
  e.dead = dead;
  e.match = match_++;
  return e;
}

Command CommandSource::any_execution(std::uint32_t number) {
  const std::int64_t lots = rng_.between(1, 5);
  return event(VenueEventType::Executed, number, lots, rng_.between(100, 1'000));
}

// What a correct venue could say next of some live order.
Command CommandSource::venue_event() {
  const ModelOrder* order = some_order();
  if (order == nullptr) return mark();
  const std::int64_t leaves = order->head_leaves();
  const std::int64_t part = rng_.percent(40) ? leaves : rng_.between(1, leaves);
  if (!order->acknowledged && rng_.percent(60)) {
    if (rng_.percent(8)) return event(VenueEventType::Rejected, order->head, 0, 0);
    if (rng_.percent(3)) return event(VenueEventType::Void, order->head, 0, 0);
    return event(VenueEventType::Accepted, order->head, order->total, order->price, 0,
                 rng_.percent(3));
  }
  if (!order->pending.empty() && rng_.percent(40)) {
    const ModelPending& p = order->pending.front();
    if (rng_.percent(15)) return event(VenueEventType::Rejected, p.number, 0, 0);
    if (rng_.percent(10)) return event(VenueEventType::Void, p.number, 0, 0);
    if (p.original == order->head && p.total > order->cum) {
      return event(VenueEventType::Replaced, p.number, p.total - order->cum, p.price, order->head,
                   rng_.percent(3));
    }
    // Its original did not become the head, or it has nothing left: the venue cancels the chain.
    return event(VenueEventType::Canceled, order->head, leaves, 0);
  }
  if (rng_.percent(65)) {
    const std::int64_t better = rng_.percent(70) ? 0 : rng_.between(0, 3);
    const std::int64_t price =
        std::max<std::int64_t>(1, order->price + (order->buy ? -better : better));
    return event(VenueEventType::Executed, order->head, part, price);
  }
  if (rng_.percent(80)) return event(VenueEventType::Canceled, order->head, part, 0);
  return event(VenueEventType::AiqCanceled, order->head, part, 0);
}

// What no correct venue says.
Command CommandSource::hostile_event() {
  const ModelOrder* order = some_order();
  const std::int64_t dice = rng_.between(0, 12);
  if (dice == 0) {
    return event(VenueEventType::Executed, static_cast<std::uint32_t>(model_.next_number()) + 7, 3,
                 100);
  }
  if (dice == 1 && !model_.numbers().empty()) {  // late, or for anything at all
    const auto& [number, record] = *at_random(rng_, model_.numbers());
    return any_execution(number);
  }
  if (dice <= 4 && !model_.trades().empty()) {
    const ModelTrade& t = *at_random(rng_, model_.trades());
    Command broken = event(VenueEventType::Broken, t.number, 0, 0);
    std::get<VenueEvent>(broken).match = rng_.percent(95) ? t.match : t.match + 1'000'000;
    return broken;
  }
  if (dice == 10 && !model_.trades().empty()) {  // one match number again
    const ModelTrade& t = *at_random(rng_, model_.trades());
    Command again = any_execution(t.number);
    std::get<VenueEvent>(again).match = t.match;
    return again;
  }
  if (order == nullptr) return mark();
  const std::int64_t leaves = order->head_leaves();
  if (dice >= 11) {  // anything, of any number of a chain
    using enum VenueEventType;
    constexpr std::array kTypes{Accepted, Replaced,    Executed, Executed,
                                Canceled, AiqCanceled, Rejected, Void};
    std::vector<std::uint32_t> numbers{order->head, 0};  // 0: none of the chain
    for (const ModelPending& p : order->pending) numbers.push_back(p.number);
    const std::uint32_t other = *at_random(rng_, numbers);
    const std::uint32_t number = *at_random(rng_, numbers);
    const bool acknowledged = order->acknowledged || number != order->head;
    const VenueEventType type = *at_random(rng_, kTypes);
    if (type == Void && acknowledged) return mark();  // no word of the venue's, and never of these
    const std::int64_t lots = std::max<std::int64_t>(1, leaves + rng_.between(-3, 1));
    const std::int64_t price = std::max<std::int64_t>(1, order->price + rng_.between(-1, 1));
    return event(type, number, lots, price, other, rng_.percent(10));
  }
  switch (dice) {
    case 5:  // overfill
      return event(VenueEventType::Executed, order->head, leaves + rng_.between(1, 4),
                   order->price);
    case 6:  // worse price
      return event(VenueEventType::Executed, order->head, rng_.between(1, leaves),
                   std::max<std::int64_t>(1, order->price + (order->buy ? 5 : -5)));
    case 7:  // accepted differently
      if (!order->acknowledged) {
        const std::int64_t lots = std::max<std::int64_t>(0, order->total + rng_.between(-2, 3));
        const std::int64_t price = std::max<std::int64_t>(1, order->price + rng_.between(-2, 2));
        return event(VenueEventType::Accepted, order->head, lots, price);
      }
      return event(VenueEventType::Canceled, order->head, leaves + 1, 0);
    case 8:  // replaced with other details
      if (!order->pending.empty()) {
        const ModelPending& p = order->pending.back();
        const std::int64_t lots = rng_.between(0, 9);
        const std::int64_t price = std::max<std::int64_t>(1, p.price + rng_.between(-2, 2));
        return event(VenueEventType::Replaced, p.number, lots, price, order->head);
      }
      return event(VenueEventType::Executed, order->head, 0, order->price);
    default:
      return event(VenueEventType::Canceled, static_cast<std::uint32_t>(rng_.between(1, 50)), 1, 0);
  }
}

Command CommandSource::mark() {
  const std::uint32_t instrument = choose().instrument;
  const std::int64_t tick = p_.instruments[instrument].marks_per_tick;
  const std::int64_t old = std::max<std::int64_t>(model_.marks()[instrument].value, 1'000);
  std::int64_t mark = old + rng_.between(-old / 50, old / 50);
  const ModelOrder* order = some_order();
  if (rng_.percent(20)) {
    mark = old + rng_.between(-old / 4, old / 4);
  } else if (order != nullptr && order->instrument == instrument && rng_.percent(50)) {
    mark = order->price * tick + rng_.between(-2, 2);  // through a limit
  } else if (rng_.percent(20)) {
    mark = rng_.between(500, 5'000);
  }
  if (const auto anchor = model_.anchor_of(instrument); anchor && rng_.percent(40)) {
    // About as far as the table may lag.
    const std::int64_t most = anchor->move_max_ppm * anchor->mark / kPpm;
    mark = anchor->mark + rng_.pick({0, most, -most});
    mark += rng_.between(-1, 1);
  }
  const Timestamp now = time();
  const std::int64_t lag =
      rng_.percent(90) ? rng_.between(0, 1'000'000) : rng_.between(-1'000, 30 * kSecondNs);
  return MarkUpdate{
      now, {now.ns - lag}, {std::clamp<std::int64_t>(mark, 1, 20'000)}, {instrument}, {}};
}

Command CommandSource::index() {
  const auto asset =
      static_cast<std::uint32_t>(rng_.between(0, static_cast<std::int64_t>(p_.assets.size()) - 1));
  const Timestamp now = time();
  return IndexUpdate{
      now, {now.ns - rng_.between(0, kSecondNs)}, rng_.between(700, 1'300), {asset}, {}};
}

// Half of them bring an account to the edge of its margin.
Command CommandSource::balance() {
  const Choice c = choose();
  if (rng_.percent(60)) {
    const Int128 available = model_.margin(c.account, model_.clock()).available;
    const std::int64_t edge = rng_.percent(50) ? rng_.between(-2, 2) : rng_.between(-3'000, 30'000);
    return LoadBalance{time(), narrow_for_test(edge - available), {c.account}, {0}};
  }
  const auto asset =
      static_cast<std::uint32_t>(rng_.between(0, static_cast<std::int64_t>(p_.assets.size()) - 1));
  return LoadBalance{time(), rng_.between(-50'000, 100'000), {c.account}, {asset}};
}

Command CommandSource::load_position() {
  const Choice c = choose();
  const std::int64_t tick = p_.instruments[c.instrument].marks_per_tick;
  const std::int64_t mark = std::max<std::int64_t>(model_.marks()[c.instrument].value, 1'000);
  const std::int64_t held = narrow_for_test(model_.position(c.account, c.instrument));
  const std::int64_t lots = rng_.percent(50) ? -held : rng_.between(-15, 15);
  return LoadPosition{
      time(), {lots}, {std::max<std::int64_t>(1, mark / tick)}, {c.account}, {c.instrument}};
}

// Kill, suspend, close-only, halt: and their end some commands later.
Command CommandSource::control() {
  const Choice c = choose();
  Control control;
  control.time = time();
  control.action = static_cast<ControlAction>(rng_.between(0, 2));
  control.scope = static_cast<ControlScope>(rng_.between(0, 3));
  switch (control.scope) {
    case ControlScope::Node:
      control.target = static_cast<std::uint32_t>(
          rng_.between(0, static_cast<std::int64_t>(p_.nodes.size()) - 1));
      break;
    case ControlScope::Account:
      control.target = c.account;
      if (rng_.percent(40)) {
        control.by = {c.session};
        control.action = ControlAction::Suspend;
      }
      break;
    case ControlScope::Session:
      control.target = c.session;
      break;
    case ControlScope::Instrument:
      control.target = c.instrument;
      break;
  }
  Control resume = control;
  resume.action = ControlAction::Resume;
  undo_.emplace_back(control.action == ControlAction::CloseOnly ? 60 : 12, resume);
  return control;
}

Command CommandSource::condition() {
  SetCondition set;
  set.time = time();
  set.condition = static_cast<Condition>(rng_.between(0, 5));
  set.on = true;
  SetCondition off = set;
  off.on = false;
  undo_.emplace_back(rng_.between(5, 40), off);
  return set;
}

// A price becomes unsafe, and is safe again some commands later; now and then it only looks so.
Command CommandSource::price_state() {
  SetPriceState set;
  set.time = time();
  set.kind = rng_.percent(60) ? PriceKind::Mark : PriceKind::Index;
  set.target = set.kind == PriceKind::Mark ? choose().instrument : some_asset();
  if (rng_.percent(5)) return set;
  SetPriceState safe = set;
  set.state = PriceState::Unsafe;
  undo_.emplace_back(rng_.between(5, 60), safe);
  return set;
}

Command CommandSource::publish_table(GroupIndex group) {
  return PublishTable{time(), group, table_++, rng_.next(), some_anchors(group)};
}

// At the marks that the group's instruments have, or near them; now and then no sound ones.
std::vector<Anchor> CommandSource::some_anchors(GroupIndex group) {
  std::vector<Anchor> anchors;
  for (std::uint32_t i = 0; i < p_.instruments.size(); ++i) {
    const std::int64_t mark = model_.marks()[i].value;
    const GroupParameters& of = p_.groups[group.value];
    if (p_.instruments[i].factor.value - of.first_factor >= of.factor_count || mark == 0) continue;
    if (rng_.percent(40)) continue;
    anchors.push_back({{i}, {std::max<std::int64_t>(1, mark + rng_.pick({0, 0, mark / 50, -1}))}});
  }
  if (!rng_.percent(4)) return anchors;
  const std::uint32_t any = choose().instrument;
  anchors.push_back({{rng_.percent(70) ? any : 7'777}, {rng_.pick({0, 1'000})}});
  if (rng_.percent(50)) anchors.push_back(anchors.front());
  return anchors;
}

// What changes books and states beside orders and prices.
Command CommandSource::book_command() {
  const Choice c = choose();
  const std::int64_t dice = rng_.between(1, 1'000);
  if (dice <= 420) return Recheck{time(), {c.account}, {}};
  if (dice <= 600) return transfer();
  if (dice <= 680) return borrow();
  if (dice <= 710) {
    return Interest{time(), rng_.between(0, 2'000), {c.account}, {some_asset()}};
  }
  if (dice <= 760) return conversion();
  if (dice <= 820) return position_transfer();
  if (dice <= 890) {
    const std::int64_t most = rng_.pick({kFundingScale / 1'000, kFundingScale, 5 * kFundingScale});
    return FundingUpdate{
        time(), rng_.between(-most, most), rng_.between(-most, most), {c.instrument}, {}};
  }
  if (dice <= 920) return DayStart{time(), {c.account}, {}};
  if (dice <= 945) return LeverageCap{time(), rng_.pick({0, 1, 5, 20, 1'000, 1'000, 1'000}) * kPpm};
  if (dice <= 980) return open_interest();
  if (dice <= 999 || rng_.percent(40)) return split();
  return expire();
}

Command CommandSource::open_interest() {
  if (with_open_interest_.empty()) return mark();
  return OpenInterestUpdate{
      time(), {rng_.between(0, 1'600)}, *at_random(rng_, with_open_interest_), {}};
}

std::uint32_t CommandSource::some_asset() {
  if (rng_.percent(50)) return 0;
  return static_cast<std::uint32_t>(
      rng_.between(0, static_cast<std::int64_t>(p_.assets.size()) - 1));
}

// Mostly around what is there to be taken out.
std::int64_t CommandSource::some_units(std::uint32_t account, std::uint32_t asset) {
  const Int128 available = model_.margin(account, model_.clock()).available;
  const std::int64_t around = rng_.between(-2, 2);
  switch (rng_.between(0, 4)) {
    case 0:
    case 1:
      return narrow_for_test(available) + around;
    case 2:
      return narrow_for_test(model_.accounts()[account].balances[asset]) + around;
    case 3:
      return rng_.between(0, std::max<std::int64_t>(1, narrow_for_test(available)));
    default:
      return rng_.between(0, 50'000);
  }
}

Command CommandSource::transfer() {
  Transfer t;
  t.time = time();
  t.from = {choose().account};
  t.to = {choose().account};
  t.asset = {some_asset()};
  t.units = some_units(t.from.value, t.asset.value);
  if (t.units <= 0 && rng_.percent(90)) t.units = rng_.between(1, 5'000);
  if (t.from == t.to && rng_.percent(90)) t.to = {};
  if (rng_.percent(15)) t.from = {};
  return t;
}

Command CommandSource::borrow() {
  Borrow b;
  b.time = time();
  b.account = {choose().account};
  b.asset = {some_asset()};
  b.units = some_units(b.account.value, b.asset.value);
  const std::int64_t owed =
      narrow_for_test(model_.accounts()[b.account.value].borrowed[b.asset.value]);
  if (owed > 0 && rng_.percent(40)) b.units = rng_.pick({-owed, -owed - 1, -rng_.between(1, owed)});
  return b;
}

Command CommandSource::conversion() {
  const Choice c = choose();
  return Conversion{time(),      rng_.between(0, 30'000), rng_.between(0, 30'000),
                    {c.account}, {some_asset()},          {some_asset()},
                    {}};
}

Command CommandSource::position_transfer() {
  const Choice c = choose();
  PositionTransfer t;
  t.time = time();
  t.from = {c.account};
  t.to = {choose().account};
  t.instrument = {c.instrument};
  t.price = {std::max<std::int64_t>(1, some_price(c, true))};
  const std::int64_t held = narrow_for_test(model_.position(c.account, c.instrument));
  t.lots = {held != 0 && rng_.percent(60) ? held : rng_.between(-9, 9)};
  return t;
}

// To more lots, or to fewer, if every position divides; the mark moves with them, or nearly.
Command CommandSource::split() {
  Split s;
  s.time = time();
  s.instrument = {choose().instrument};
  s.numerator = rng_.between(1, 5);
  s.denominator = rng_.percent(60) ? 1 : rng_.between(1, 3);
  const std::int64_t mark = std::max<std::int64_t>(model_.marks()[s.instrument.value].value, 500);
  s.mark = {std::max<std::int64_t>(1, mark * s.denominator / s.numerator + rng_.between(-3, 3))};
  return s;
}

Command CommandSource::expire() {
  const std::uint32_t instrument = choose().instrument;
  const std::int64_t mark = std::max<std::int64_t>(model_.marks()[instrument].value, 500);
  // A coin is worth something.
  const bool inverse = p_.instruments[instrument].payoff == Payoff::Inverse;
  const std::int64_t least = inverse ? 1 : 0;
  return Expire{time(),
                {rng_.percent(10) ? least : mark + rng_.between(-mark / 10, mark / 10)},
                {instrument},
                {}};
}

RiskTable table_of(const PublishTable& publish, const Parameters& p) {
  Rng rng(publish.seed);
  RiskTable table = random_table(rng, p, publish.group);
  table.id = publish.id;
  table.anchors = publish.anchors;
  const std::int64_t lag =
      rng.percent(90) ? rng.between(0, 1'000'000) : rng.between(-1'000, 30 * kSecondNs);
  table.as_of = Timestamp{publish.time.ns - lag};
  if (rng.percent(4)) table.parameter_version += static_cast<std::uint32_t>(rng.pick({1, -1}));
  table.facts = facts_of(table, row_scales(p, table.group), nullptr);
  return table;
}

}  // namespace portcullis::support
