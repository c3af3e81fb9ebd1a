#include "tests/support/story.h"

#include <algorithm>
#include <type_traits>

namespace portcullis::support {

using namespace portcullis::risk;

Story::Story(std::shared_ptr<const Parameters> parameters)
    : parameters_(std::move(parameters)),
      engine_(std::make_unique<Engine>(*parameters_)),
      tables_(parameters_->groups.size()),
      indexes_(parameters_->assets.size(), 0) {}

Story Story::retell() const {
  Story other(parameters_);
  for (const Told& told : log_) other.tell(told);
  other.tables_ = tables_;
  other.indexes_ = indexes_;
  other.client_ref_ = client_ref_;
  other.match_ = match_;
  return other;
}

Decision Story::tell(const Told& told) {
  log_.push_back(told);
  return std::visit(
      [&](const auto& command) -> Decision {
        using Kind = std::decay_t<decltype(command)>;
        if constexpr (std::is_same_v<Kind, Published>) {
          PORTCULLIS_ASSERT(engine_->apply(command.update, *command.table));
        } else if constexpr (requires { engine_->decide(command); }) {
          return engine_->submit(command);
        } else {
          engine_->apply(command);
        }
        return {};
      },
      told);
}

void Story::mark(std::uint32_t instrument, std::int64_t price) {
  tell(MarkUpdate{kNow, kNow, {std::max<std::int64_t>(1, price)}, {instrument}, {}});
}
void Story::index(std::uint32_t asset, std::int64_t value) {
  indexes_[asset] = value;
  tell(IndexUpdate{kNow, kNow, value, {asset}, {}});
}
void Story::balance(std::uint32_t asset, std::int64_t units) {
  tell(LoadBalance{kNow, units, kAccount, {asset}});
}
void Story::position(std::uint32_t instrument, std::int64_t lots, std::int64_t price) {
  tell(LoadPosition{kNow, {lots}, {price}, kAccount, {instrument}});
}

void Story::publish(const RiskTable& table) {
  auto kept = std::make_shared<RiskTable>(table);
  std::shared_ptr<const RiskTable>& last = tables_[table.group.value];
  kept->id = last == nullptr ? 1 : last->id + 1;
  kept->as_of = kNow;
  kept->facts = facts_of(*kept, row_scales(*parameters_, table.group), last.get());
  last = kept;
  tell(Published{{kNow, kept->id, kept->group, {}}, kept});
}

Decision Story::order(std::uint32_t instrument, Side side, std::int64_t lots, std::int64_t price,
                      std::uint16_t flags) {
  NewOrder o;
  o.time = kNow;
  o.account = kAccount;
  o.instrument = {instrument};
  o.session = {0};
  o.client_ref = ++client_ref_;
  o.side = side;
  o.quantity = {lots};
  o.price = {price};
  o.flags = flags;
  return tell(o);
}

Decision Story::replace(std::uint32_t original_ref, std::int64_t total, std::int64_t price) {
  ReplaceOrder r;
  r.time = kNow;
  r.session = {0};
  r.original_ref = original_ref;
  r.client_ref = ++client_ref_;
  r.total = {total};
  r.price = {price};
  return tell(r);
}

void Story::venue(VenueEventType type, std::uint32_t number, std::int64_t lots, std::int64_t price,
                  std::uint32_t other) {
  VenueEvent e;
  e.time = kNow;
  e.type = type;
  e.number = number;
  e.quantity = {lots};
  e.price = {price};
  e.other = other;
  e.match = ++match_;
  tell(e);
}

void Story::fill(std::uint32_t number, std::int64_t lots) {
  if (const Order* order = find(number)) fill(number, lots, order->price.raw);
}
void Story::fill(std::uint32_t number, std::int64_t lots, std::int64_t price) {
  if (find(number) != nullptr && lots > 0) venue(VenueEventType::Executed, number, lots, price);
}
void Story::cancel(std::uint32_t number) { cancel(number, leaves(number)); }
void Story::cancel(std::uint32_t number, std::int64_t lots) {
  if (find(number) != nullptr && lots > 0) venue(VenueEventType::Canceled, number, lots);
}

std::int64_t Story::at_mark(std::uint32_t instrument) const {
  const std::int64_t tick = parameters_->instruments[instrument].marks_per_tick;
  return std::max<std::int64_t>(1, engine_->mark({instrument}).raw / tick);
}

const Order* Story::find(std::uint32_t number) const {
  const NumberRecord* record = engine_->find_number(number);
  return record == nullptr || record->order == kNil ? nullptr : &engine_->order({record->order});
}

std::int64_t Story::leaves(std::uint32_t number) const {
  const Order* order = find(number);
  return order == nullptr ? 0 : (order->total - order->cum - order->cancelled).raw;
}

// --- random worlds

namespace {

// Some factors fall as far as first_problem() lets them, so that a scenario takes nearly all of a
// gain; and some assets are of units so small that a lot gains less than a quantum.
void go_to_extremes(Rng& rng, Parameters& p) {
  for (GroupParameters& group : p.groups) {
    if (rng.percent(70)) continue;
    const std::int64_t times = rng.between(2, 20);
    for (std::int32_t& shock : group.shock_ppm) {
      shock = static_cast<std::int32_t>(std::clamp<std::int64_t>(times * shock, -kPpm, 10 * kPpm));
    }
  }
  for (AssetParameters& asset : p.assets) {
    if (rng.percent(70)) continue;
    asset.wide_per_index = std::max<std::int64_t>(1, asset.wide_per_index / rng.pick({3, 10, 97}));
  }
}

const GroupParameters& group_of(const Parameters& p, FactorIndex factor) {
  std::size_t g = 0;
  while (factor.value >= p.groups[g].first_factor + p.groups[g].factor_count) ++g;
  return p.groups[g];
}

}  // namespace

Taken taken_of(const Parameters& p, FactorIndex factor) {
  const GroupParameters& group = group_of(p, factor);
  const std::size_t first = std::size_t{factor.value - group.first_factor} * group.column_count;
  Int128 times = 0;  // the most that a column's loss counts, ppm
  for (const SetScope scope : {SetScope::PerGroup, SetScope::Joint}) {
    const ScopeParameters& of = scope == SetScope::PerGroup ? p.per_group : p.joint;
    Int128 weight = of.combine == Combine::Max ? kPpm : 0;
    for (const SetParameters& set : p.sets) {
      if (of.combine == Combine::Sum && set.scope == scope) weight += set.weight_ppm;
    }
    times = std::max(times, ceil_div(of.initial_mult_ppm * weight, kPpm));
  }
  Taken taken;
  for (std::uint32_t column = 0; column < group.column_count; ++column) {
    const std::int64_t shock = group.shock_ppm[first + column];
    std::int64_t& most = shock < 0 ? taken.of_fall_ppm : taken.of_rise_ppm;
    most = std::max(most, static_cast<std::int64_t>(ceil_div(times * std::abs(shock), kPpm)));
  }
  return taken;
}

bool has_falling_caps(const Parameters& p) {
  return std::any_of(p.assets.begin(), p.assets.end(), [](const AssetParameters& asset) {
    return asset.share_ppm != kPpm && counts_falls(asset.mode);
  });
}

Parameters margin_world(Rng& rng, bool protections) {
  Parameters p;
  do {
    p = random_parameters(
        rng, {.tight_limits = false, .protections = protections, .special_accounts = false});
    if (rng.percent(40)) go_to_extremes(rng, p);
  } while (first_problem(p) != nullptr);
  const RateLimit rate{1'000'000'000, 1'000'000, 1'000'000'000, 1'000'000};
  p.accounts.resize(1);
  p.accounts[0].rate = rate;
  p.sessions.resize(1);
  p.sessions[0].accounts = {Story::kAccount};
  p.sessions[0].instruments.assign(p.instruments.size(), true);
  p.sessions[0].actions = kMayAll;
  p.sessions[0].rate = rate;
  for (InstrumentParameters& i : p.instruments) i.market_orders = true;
  for (LimitProfile& profile : p.profiles) {
    profile.leverage_max_ppm = 1'000'000 * kPpm;
    for (InstrumentLimits& limits : profile.instruments) limits.collar_ppm = 700'000;
  }
  p.capacities = {.orders = 32, .positions = 8, .group_slots = 8, .trades = 64};
  return p;
}

namespace {

void fund(Rng& rng, Story& story, std::uint32_t instrument) {
  // Of a lot, up to two per cent of what it moves by in settlement units, either way.
  const InstrumentParameters& i = story.parameters().instruments[instrument];
  const std::int64_t mark = story.mark(instrument);
  const std::int64_t units =
      i.payoff == Payoff::Inverse ? i.units_per_lot_mark / mark : i.units_per_lot_mark * mark;
  const std::int64_t most = units * (kFundingScale / 50);
  story.tell(FundingUpdate{
      Story::kNow, rng.between(-most, most), rng.between(-most, most), {instrument}, {}});
}

void show_interest(Rng& rng, Story& story, std::uint32_t instrument) {
  story.tell(OpenInterestUpdate{Story::kNow, {rng.between(0, 1'600)}, {instrument}, {}});
}

bool has_ramps(const Parameters& p, std::uint32_t instrument) {
  for (const GroupParameters& group : p.groups) {
    for (const AddOnParameters& add_on : group.add_ons) {
      if (add_on.ramped_by.value == instrument) return true;
    }
  }
  return false;
}

}  // namespace

Story opening(Rng& rng, const Parameters& p) {
  Story story(p);
  for (std::uint32_t a = 0; a < p.assets.size(); ++a) {
    story.index(a, rng.between(900, 1'100));
    story.balance(a, a == 0 ? rng.between(20'000, 400'000) : rng.between(-10'000, 60'000));
    if (rng.percent(25))
      story.tell(Interest{Story::kNow, rng.between(1, 20'000), Story::kAccount, {a}});
  }
  for (std::uint32_t g = 0; g < p.groups.size(); ++g) {
    if (p.groups[g].row_count > 0) story.publish(random_table(rng, p, {g}));
  }
  for (std::uint32_t i = 0; i < p.instruments.size(); ++i) {
    story.mark(i, rng.between(500, 5'000));
    if (has_ramps(p, i)) show_interest(rng, story, i);
    if (rng.percent(30)) fund(rng, story, i);
    if (rng.percent(60)) story.position(i, rng.between(-20, 20), story.at_mark(i));
  }
  return story;
}

std::uint32_t some_instrument(Rng& rng, const Parameters& p) {
  return static_cast<std::uint32_t>(
      rng.between(0, static_cast<std::int64_t>(p.instruments.size()) - 1));
}

void move_prices(Rng& rng, Story& story) {
  const Parameters& p = story.parameters();
  for (std::int64_t moves = rng.between(1, 6); moves > 0; --moves) {
    const std::int64_t dice = rng.between(1, 100);
    const std::uint32_t i = some_instrument(rng, p);
    if (dice <= 20) {
      const auto asset = rng.between(0, static_cast<std::int64_t>(p.assets.size()) - 1);
      story.index(static_cast<std::uint32_t>(asset), rng.between(600, 1'400));
    } else if (dice <= 30) {
      const auto g = rng.between(0, static_cast<std::int64_t>(p.groups.size()) - 1);
      const GroupIndex group{static_cast<std::uint32_t>(g)};
      if (p.groups[group.value].row_count > 0) story.publish(random_table(rng, p, group));
    } else if (dice <= 35) {
      fund(rng, story, i);
    } else if (dice <= 40) {
      show_interest(rng, story, i);
    } else {
      const std::int64_t mark = story.mark(i);
      const std::int64_t range = rng.percent(70) ? mark / 20 : mark / 2;
      story.mark(i, mark + rng.between(-range, range));
    }
  }
}

Intention some_order(Rng& rng, const Story& story) {
  const std::uint32_t i = some_instrument(rng, story.parameters());
  const std::int64_t at = story.at_mark(i);
  return {i, rng.percent(50) ? Side::Buy : Side::Sell, rng.between(1, 12),
          std::max<std::int64_t>(1, at + rng.between(-at / 10, at / 10))};
}

Intention some_close(Rng& rng, const Story& story) {
  Intention close;
  close.instrument = some_instrument(rng, story.parameters());
  const std::int64_t held = story.position(close.instrument);
  if (held == 0) return close;
  close.side = held > 0 ? Side::Sell : Side::Buy;
  close.lots = rng.between(1, std::abs(held));
  const std::int64_t at = story.at_mark(close.instrument);
  const std::int64_t beyond = rng.percent(30) ? 0 : rng.between(-at / 50, at / 12);
  close.price = std::max<std::int64_t>(1, at + sign_of(close.side) * beyond);
  return close;
}

Intention edge_close(Rng& rng, const Story& story) {
  Intention close = some_close(rng, story);
  if (close.lots == 0) return close;
  const auto passes = [&](std::int64_t price) {
    Story trial = story.retell();
    Intention at = close;
    at.price = price;
    return place(trial, at).disposition == Disposition::Forward;
  };
  const std::int64_t at = story.at_mark(close.instrument);
  std::int64_t passing = at;
  std::int64_t failing = std::max<std::int64_t>(0, at + sign_of(close.side) * (at * 2 / 3));
  if (!passes(passing)) return close;
  while (std::abs(failing - passing) > 1) {
    const std::int64_t middle = (passing + failing) / 2;
    (passes(middle) ? passing : failing) = middle;
  }
  close.price = passing;
  return close;
}

bool breach(Rng& rng, Story& story, std::int64_t most) {
  for (int step = 0; step < 20; ++step) {
    const std::int64_t available = story.available();
    if (available < 0) return true;
    const std::int64_t value = available + rng.between(1, most);
    // So many units of the first asset, and as many again while its haircut leaves too little.
    story.balance(0, -value);
  }
  return story.available() < 0;
}

// --- roundings

namespace {

std::set<std::uint32_t> falling_settlements(const Parameters& p,
                                            const std::set<std::uint32_t>& instruments) {
  std::set<std::uint32_t> factors;
  for (const std::uint32_t i : instruments) {
    const AssetParameters& settlement = p.assets[p.instruments[i].settlement.value];
    if (counts_falls(settlement.mode)) factors.insert(settlement.factor.value);
  }
  return factors;
}

}  // namespace

std::int64_t fill_rounding(const Parameters& p, const std::set<std::uint32_t>& instruments) {
  return static_cast<std::int64_t>(falling_settlements(p, instruments).size());
}

std::int64_t exit_rounding(const Parameters& p, const std::set<std::uint32_t>& instruments) {
  std::set<std::uint32_t> factors;
  for (const std::uint32_t i : instruments) {
    const InstrumentParameters& instrument = p.instruments[i];
    const AssetParameters& settlement = p.assets[instrument.settlement.value];
    if (instrument.risk == RiskSource::Factor) factors.insert(instrument.factor.value);
    // What is paid is not there to rise.
    if (settlement.mode != CollateralMode::Static) factors.insert(settlement.factor.value);
  }
  std::int64_t exposures_ppm = 0;
  for (const std::uint32_t factor : factors) {
    const Taken taken = taken_of(p, {factor});
    exposures_ppm += std::max(taken.of_fall_ppm, taken.of_rise_ppm);
  }
  const std::int64_t exposures = (exposures_ppm + kPpm - 1) / kPpm;
  return fill_rounding(p, instruments) + std::max<std::int64_t>(1, exposures) + 1;
}

}  // namespace portcullis::support
