// The way out (METHOD 3.6): a single position can be closed wherever its own requirement pays for
// it, and a book that has no single exit is wound down within its allowance.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>
#include <vector>

#include "tests/support/story.h"

namespace portcullis::support::way_out_test {
namespace {

using namespace portcullis::risk;

// --- one position

// What a unit of the asset that is paid takes of E at most, in ppm.
Int128 outflow_ppm(const Parameters& p, AssetIndex asset) {
  const AssetParameters& paid = p.assets[asset.value];
  Int128 share = kPpm;
  for (const AssetParameters& other : p.assets) {
    if (other.share_ppm == kPpm || paid.share_ppm != kPpm) continue;
    share += ceil_div(other.share_ppm * kPpm, kPpm - other.share_ppm);
  }
  return ceil_div((kPpm + paid.debt_addon_ppm) * share, kPpm) + paid.borrow_initial_ppm;
}

// c of a closing order, in quanta, rounded up.
std::int64_t cost_of(const Story& story, const Intention& order) {
  const Parameters& p = story.parameters();
  const InstrumentParameters& i = p.instruments[order.instrument];
  const Int128 mark = story.mark(order.instrument);
  const Int128 price = Int128{order.price} * i.marks_per_tick;
  const Int128 outflow = outflow_ppm(p, i.settlement);
  Int128 units = 0;
  if (i.payoff == Payoff::Linear) {
    const Int128 fee = ceil_div(price * i.units_per_lot_mark * i.fee_ppm, kPpm);
    Int128 got = mark * i.units_per_lot_mark;
    if (i.upfront && order.side == Side::Buy) got = got * kPpm / outflow;
    units = order.lots *
            std::max<Int128>(0, sign_of(order.side) * (price * i.units_per_lot_mark - got) + fee);
  } else {
    const Int128 fee = ceil_div(Int128{i.units_per_lot_mark} * i.fee_ppm, price * kPpm);
    const Int128 beyond = sign_of(order.side) * (price - mark) * order.lots * i.units_per_lot_mark;
    units = std::max<Int128>(0, ceil_div(beyond, price * mark) + order.lots * fee) + 3 * order.lots;
  }
  return static_cast<std::int64_t>(
      ceil_div(units * outflow * story.unit(i.settlement), Int128{kPpm} * p.wide_denominator));
}

// Whether the requirement of the instrument's group is convex along a fill, so that a share of a
// position requires no less than its share: hedged amounts and ramps are bent, and free nothing on the
// way.
bool is_convex(const Parameters& p, std::uint32_t instrument) {
  const std::uint32_t factor = p.instruments[instrument].factor.value;
  for (const GroupParameters& group : p.groups) {
    if (factor < group.first_factor || factor >= group.first_factor + group.factor_count) continue;
    for (const AddOnParameters& add_on : group.add_ons) {
      if (add_on.function != AddOnFunction::Tiers && !add_on.initial.empty()) return false;
    }
  }
  return true;
}

// An account with one position, in or just above breach, can close any part of it at any price within
// the collar, as far as what the position itself requires pays for it. (At the worst price this is what
// the loader asks of a collar.)
TEST(WayOut, ASinglePositionCanBeClosedInEveryPart) {
  Rng rng(test_seed(108));
  struct Count {
    const char* kind;
    std::int64_t tried = 0;
    std::int64_t paid_for = 0;
  };
  std::array<Count, 6> counts{{{"linear"},
                               {"inverse"},
                               {"option"},
                               {"short of no long value"},
                               {"table"},
                               {"paid in collateral that moves"}}};
  for (std::int64_t trial = test_scale(9'000); trial > 0; --trial) {
    Parameters p = margin_world(rng);
    const std::uint32_t i = some_instrument(rng, p);
    // With money enough to see what an order requires a capped asset would count, and fall, by more.
    // Spot has no position.
    if (p.instruments[i].payoff == Payoff::Spot || !is_convex(p, i) || has_falling_caps(p))
      continue;
    const InstrumentParameters& instrument = p.instruments[i];
    if (instrument.payoff == Payoff::Spot) continue;  // there is no position
    const AssetParameters& settlement = p.assets[instrument.settlement.value];
    const std::int64_t collar = rng.pick({5'000, 20'000, 50'000});
    for (LimitProfile& profile : p.profiles) profile.instruments[i].collar_ppm = collar;
    std::int64_t held = rng.between(1, 20);
    if (!rng.percent(50) || !instrument.long_value) held = -held;

    Story bare(p);
    for (std::uint32_t a = 0; a < p.assets.size(); ++a) bare.index(a, rng.between(900, 1'100));
    for (std::uint32_t g = 0; g < p.groups.size(); ++g) {
      if (p.groups[g].row_count > 0) bare.publish(random_table(rng, p, {g}));
    }
    for (std::uint32_t other = 0; other < p.instruments.size(); ++other) {
      bare.mark(other, p.instruments[other].marks_per_tick * rng.between(100, 5'000));
    }
    Story story = bare.retell();  // with a position at the mark: worth nothing
    story.position(i, held, story.at_mark(i));
    const std::int64_t missing = rng.between(-100, 3'000) - story.available();
    for (Story* s : {&bare, &story}) s->balance(0, missing);
    const std::int64_t own = story.margin().requirement.raw - bare.margin().requirement.raw;

    Intention close{i, held > 0 ? Side::Sell : Side::Buy, rng.between(1, std::abs(held)), 0};
    if (rng.percent(30)) close.lots = std::abs(held);
    const std::int64_t tick = instrument.marks_per_tick * kPpm;
    const std::int64_t worst = story.mark(i) * (kPpm + sign_of(close.side) * collar);
    const std::int64_t at_collar =
        close.side == Side::Buy ? worst / tick : (worst + tick - 1) / tick;
    const std::int64_t inside = rng.percent(50) ? 0 : rng.between(0, 2 + at_collar * collar / kPpm);
    close.price = at_collar - sign_of(close.side) * inside;
    if (close.price <= 0) continue;

    // What it requires as an open order can be seen where there is money enough. (Expected shortfall
    // over so many columns that gains are among them may ask more for what is open.)
    if (p.assets[0].mode != CollateralMode::Static) continue;
    Story rich = story.retell();
    rich.balance(0, 1'000'000'000);
    const RejectReason refused = place(rich, close).reason;
    ASSERT_EQ(refused, RejectReason::None) << "trial " << trial << ": " << info(refused).name;
    const bool is_open_free = rich.margin().requirement.raw <= story.margin().requirement.raw;

    // The cost, which cannot rise any more where it is paid in what does.
    Int128 paid = cost_of(story, close);
    if (settlement.mode != CollateralMode::Static) {
      paid += ceil_div(paid * taken_of(p, settlement.factor).of_rise_ppm, kPpm);
    }
    const bool pays = Int128{own} * close.lots >= (paid + exit_rounding(p, {i})) * std::abs(held);
    const Decision d = place(story, close);
    for (Count& count : counts) {
      const std::string kind = count.kind;
      const bool is_linear = instrument.payoff == Payoff::Linear && !instrument.upfront;
      if ((kind == "linear" && !is_linear) ||
          (kind == "inverse" && instrument.payoff != Payoff::Inverse) ||
          (kind == "option" && !(instrument.upfront && instrument.long_value)) ||
          (kind == "short of no long value" && instrument.long_value) ||
          (kind == "table" && instrument.risk != RiskSource::Table) ||
          (kind == "paid in collateral that moves" && settlement.mode == CollateralMode::Static)) {
        continue;
      }
      ++count.tried;
      if (pays && is_open_free) ++count.paid_for;
    }
    if (pays && is_open_free) {
      ASSERT_EQ(d.disposition, Disposition::Forward)
          << "trial " << trial << ": " << close.lots << " of " << held << " at " << close.price
          << ", " << info(d.reason).name;
    }
  }
  for (const Count& count : counts) {
    std::printf("%s: %lld of %lld closes are paid for\n", count.kind,
                static_cast<long long>(count.paid_for), static_cast<long long>(count.tried));
    EXPECT_GE(count.paid_for, test_scale(50)) << count.kind;
  }
}

// --- the wind-down allowance

// The notional of one lot, in Wide.
Int128 notional(const Story& story, std::uint32_t instrument) {
  const Parameters& p = story.parameters();
  const InstrumentParameters& i = p.instruments[instrument];
  if (i.reference.exists())
    return floor_div(notional(story, i.reference.value) * i.reference_lots_ppm, kPpm);
  const Int128 mark = story.mark(instrument);
  const Int128 value = i.units_per_lot_mark * story.unit(i.settlement);
  return i.payoff == Payoff::Inverse ? floor_div(2 * value + mark, 2 * mark) : value * mark;
}

// The share of the requirement, or of two per cent of what the positions may come to at most.
Int128 allowance_of(Story& story, const std::vector<std::uint32_t>& open) {
  const Parameters& p = story.parameters();
  Int128 gross = 0;
  for (std::uint32_t i = 0; i < p.instruments.size(); ++i) {
    std::int64_t high = story.position(i);
    std::int64_t low = high;
    for (const std::uint32_t number : open) {
      const Order* order = story.find(number);
      if (order == nullptr || order->instrument.value != i) continue;
      (order->side == Side::Buy ? high : low) += sign_of(order->side) * story.leaves(number);
    }
    gross += notional(story, i) * std::max({std::int64_t{0}, high, -low});
  }
  const Int128 base = std::max<Int128>(story.margin().requirement.raw,
                                       ceil_div(gross, Int128{50} * p.wide_denominator));
  return base * p.exit_allowance_ppm / kPpm;
}

// Tells the account that it is restricted.
void restrict(Story& story) { story.tell(Recheck{Story::kNow, Story::kAccount, {}}); }

Parameters with_allowance(Rng& rng, std::initializer_list<std::int64_t> shares_ppm) {
  Parameters p = margin_world(rng);
  p.exit_allowance_ppm = rng.pick(shares_ppm);
  p.bands = {{MarginState::Restricted, MarginBasis::Initial, kPpm, 2 * kPpm}};
  return p;
}

// Everything priced and published, and nothing held.
Story priced(Rng& rng, const Parameters& p) {
  Story story(p);
  for (std::uint32_t a = 0; a < p.assets.size(); ++a) story.index(a, rng.between(900, 1'100));
  for (std::uint32_t g = 0; g < p.groups.size(); ++g) {
    if (p.groups[g].row_count > 0) story.publish(random_table(rng, p, {g}));
  }
  for (std::uint32_t i = 0; i < p.instruments.size(); ++i) story.mark(i, rng.between(500, 5'000));
  return story;
}

// Positions in the instruments of one factor, long ones against short ones of about the same notional.
bool open_hedged_book(Rng& rng, Story& story) {
  const Parameters& p = story.parameters();
  const FactorIndex factor = p.instruments[some_instrument(rng, p)].factor;
  std::vector<std::uint32_t> legs;
  for (std::uint32_t i = 0; i < p.instruments.size(); ++i) {
    if (p.instruments[i].factor == factor) legs.push_back(i);
  }
  if (legs.size() < 2) return false;
  Int128 open = 0;
  for (std::size_t leg = 0; leg < legs.size(); ++leg) {
    const Int128 lot = std::max<Int128>(1, notional(story, legs[leg]));
    std::int64_t lots = rng.between(5, 40);
    if (!rng.percent(50)) lots = -lots;
    if (leg + 1 == legs.size()) {
      lots = static_cast<std::int64_t>(
          std::clamp<Int128>(-floor_div(2 * open + lot, 2 * lot), -200, 200));
    }
    story.position(legs[leg], lots, story.at_mark(legs[leg]));
    open += lots * lot;
  }
  return true;
}

// While an account is restricted, what closes a position may worsen R. But whatever is open, fills in
// parts and is cancelled, also of what rested there before, when the closing orders are gone no more is
// missing than when it became restricted, but for the allowance. Nor of the positions alone, where
// closes come one after the other and nothing that rested there fills.
TEST(WayOut, NoWindDownLeavesLessThanTheAllowance) {
  Rng rng(test_seed(109));
  std::int64_t exits = 0;
  std::int64_t allowed = 0;
  std::int64_t refused = 0;
  std::int64_t lower = 0;
  for (std::int64_t trial = test_scale(2'000); trial > 0; --trial) {
    const Parameters p = with_allowance(rng, {0, 100'000, kPpm});
    const bool is_hedged = rng.percent(50);
    Story story = is_hedged ? priced(rng, p) : opening(rng, p);
    if (is_hedged && !open_hedged_book(rng, story)) continue;
    story.balance(0, 1'000'000);
    std::vector<std::uint32_t> others;
    std::set<std::uint32_t> instruments;
    for (int i = 0; i < 3; ++i) {
      const Intention order = some_order(rng, story);
      const Decision d = place(story, order);
      if (d.disposition != Disposition::Forward) continue;
      others.push_back(d.number);
      instruments.insert(order.instrument);
    }
    if (!breach(rng, story, 5'000)) continue;
    restrict(story);
    const auto alone = [&](const Story& told) {
      Story bare = told.retell();
      for (const std::uint32_t other : others) bare.cancel(other);
      return bare.available();
    };
    const Int128 allowance = allowance_of(story, others);
    const std::int64_t before = story.available();
    const std::int64_t alone_before = alone(story);
    const bool one_by_one = rng.percent(50);
    std::vector<std::uint32_t> closes;
    std::int64_t judged = 0;
    for (int step = 0; step < 24; ++step) {
      const std::int64_t dice = rng.between(1, 100);
      if (dice <= 50) {
        if (one_by_one && !closes.empty()) story.cancel(closes.back());
        const Intention close = some_close(rng, story);
        if (close.lots == 0) continue;
        const Decision d = place(story, close);
        if (d.disposition != Disposition::Forward) {
          ++refused;
          continue;
        }
        ASSERT_EQ(d.exit, 1);
        ASSERT_LE(d.allowance, allowance) << "trial " << trial;
        ++(d.allowance > 0 ? allowed : exits);
        closes.push_back(d.number);
        instruments.insert(close.instrument);
        ++judged;
        continue;
      }
      std::vector<std::uint32_t>& some = !one_by_one && dice <= 60 ? others : closes;
      if (some.empty()) continue;
      const std::uint32_t number = some[rng.next() % some.size()];
      const std::int64_t part = std::max<std::int64_t>(1, rng.between(0, story.leaves(number)));
      // What is left open may go, or all of one side fill.
      const Side filling = rng.pick({0, 1}) == 0 ? Side::Buy : Side::Sell;
      if (dice <= 90) story.fill(number, part);
      if (dice > 90) story.cancel(number, part);
      Story outcome = story.retell();
      for (const std::uint32_t close : closes) {
        const Order* order = outcome.find(close);
        if (order != nullptr && order->side == filling) outcome.fill(close, outcome.leaves(close));
        outcome.cancel(close);
      }
      const std::int64_t least =
          -static_cast<std::int64_t>(allowance) - (1 + judged) * exit_rounding(p, instruments);
      ASSERT_GE(outcome.available(), before + least) << "trial " << trial;
      if (outcome.available() < before) ++lower;
      if (one_by_one) {
        ASSERT_GE(alone(outcome), alone_before + least) << "trial " << trial << ", alone";
      }
    }
  }
  std::printf("%lld exits, %lld by the allowance, %lld refused, %lld times lower\n",
              static_cast<long long>(exits), static_cast<long long>(allowed),
              static_cast<long long>(refused), static_cast<long long>(lower));
  EXPECT_GE(exits, test_scale(1'000));
  EXPECT_GE(allowed, test_scale(100));
  EXPECT_GE(refused, test_scale(1'000));
  EXPECT_GE(lower, test_scale(100));
}

// A hedged book has no single exit: to close some of one leg worsens the worst case, and the other leg
// brings it back. By turns, in steps as large as pass, at the mark or a little beyond it, most such books
// come to flat, and on the way no more is missing than the allowance.
TEST(WayOut, HedgedBooksAreWoundDownToFlatWithinTheirAllowance) {
  Rng rng(test_seed(110));
  std::int64_t flat = 0;
  std::int64_t stuck = 0;
  std::int64_t steps = 0;
  std::int64_t lower = 0;
  for (std::int64_t trial = test_scale(1'000); trial > 0; --trial) {
    const Parameters p = with_allowance(rng, {500'000, kPpm});
    Story story = priced(rng, p);
    if (!open_hedged_book(rng, story) || !breach(rng, story, 100)) continue;
    restrict(story);
    const auto allowance = static_cast<std::int64_t>(allowance_of(story, {}));
    const std::int64_t before = story.available();
    std::set<std::uint32_t> instruments;
    std::int64_t judged = 0;
    bool moves = true;
    while (moves) {
      moves = false;
      for (std::uint32_t i = 0; i < p.instruments.size(); ++i) {
        const std::int64_t held = story.position(i);
        const Side side = held > 0 ? Side::Sell : Side::Buy;
        const std::int64_t beyond = rng.percent(80) ? 0 : rng.between(0, 2);
        const std::int64_t at =
            std::max<std::int64_t>(1, story.at_mark(i) + sign_of(side) * beyond);
        for (std::int64_t lots = std::abs(held); lots > 0; lots /= 2) {
          const Decision d = story.order(i, side, lots, at);
          if (d.disposition != Disposition::Forward) continue;
          instruments.insert(i);
          ++judged;
          ++steps;
          story.fill(d.number, rng.percent(80) ? lots : rng.between(1, lots));
          story.cancel(d.number);
          const std::int64_t left = story.available();
          ASSERT_GE(left, before - allowance - (1 + judged) * exit_rounding(p, instruments))
              << "trial " << trial;
          if (left < before) ++lower;
          moves = true;
          break;
        }
      }
    }
    bool is_flat = true;
    for (std::uint32_t i = 0; i < p.instruments.size(); ++i) {
      is_flat = is_flat && story.position(i) == 0;
    }
    ++(is_flat ? flat : stuck);
  }
  std::printf("%lld books flat and %lld not, in %lld steps, %lld of them lower\n",
              static_cast<long long>(flat), static_cast<long long>(stuck),
              static_cast<long long>(steps), static_cast<long long>(lower));
  EXPECT_GE(flat + stuck, test_scale(300));
  EXPECT_GE(flat, 2 * stuck);
  EXPECT_GE(lower, test_scale(300));
}

}  // namespace
}  // namespace portcullis::support::way_out_test
