// The way out of every model under config/models, at its own collars: a single position in or just above
// breach can be closed, in whatever state the account is, and a hedged book is wound down to flat within
// its allowance.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/model_book.h"
#include "tests/support/shipped_models.h"

namespace portcullis::support::models_exits_test {
namespace {

using namespace portcullis::risk;

class ModelExits : public ::testing::TestWithParam<std::string> {};

void recheck(Story& story) { story.tell(Recheck{Story::kNow, Story::kAccount, {}}); }

// Brings R to `available`, or as near as the first asset's units and haircut let it.
void leave(Story& story, std::int64_t available) {
  for (int step = 0; step < 8; ++step) {
    const Int128 missing = available - story.available();
    story.balance(0, static_cast<std::int64_t>(floor_div(
                         missing * story.parameters().wide_denominator, story.unit({0}))));
  }
}

std::int64_t collar_of(const Parameters& p, std::uint32_t instrument) {
  std::int64_t collar = kPpm;
  for (const LimitProfile& profile : p.profiles)
    collar = std::min(collar, profile.instruments[instrument].collar_ppm);
  return collar;
}

// The worst tick inside the collar.
std::int64_t at_collar(const Story& story, std::uint32_t instrument, Side side) {
  const Parameters& p = story.parameters();
  const Int128 tick = Int128{p.instruments[instrument].marks_per_tick} * kPpm;
  const Int128 worst =
      Int128{story.mark(instrument)} * (kPpm + sign_of(side) * collar_of(p, instrument));
  return static_cast<std::int64_t>(side == Side::Buy ? floor_div(worst, tick)
                                                     : ceil_div(worst, tick));
}

NewOrder closing(std::uint32_t instrument, Side side, std::int64_t lots, std::uint32_t ref) {
  NewOrder order;
  order.time = Story::kNow;
  order.account = Story::kAccount;
  order.instrument = {instrument};
  order.session = {0};
  order.client_ref = ref;
  order.side = side;
  order.quantity = {lots};
  return order;
}

// Any part of it, at any price inside the collar or by a market order.
TEST_P(ModelExits, ASinglePositionCanBeClosedAtEveryPriceInsideTheCollar) {
  const config::Deployment& model = test::shipped_model(GetParam());
  const Parameters p = model_world(model);
  Rng rng(test_seed(402));
  std::vector<std::int64_t> closed(p.instruments.size());
  std::array<std::int64_t, 5> in_state{};
  std::int64_t breached = 0;
  for (std::int64_t trial = test_scale(2'000); trial > 0; --trial) {
    ModelBook book(rng, GetParam(), p);
    Story& story = book.story();
    const std::uint32_t i = some_instrument(rng, p);
    if (p.instruments[i].payoff == Payoff::Spot || !book.has_risk(i)) continue;
    // What a table pays for is that of its own prices.
    if (p.instruments[i].risk == RiskSource::Table || rng.percent(30)) {
      book.price_as_given();
    } else {
      book.move_prices();
    }
    const std::int64_t most = rng.percent(50) ? book.lots_max(i) : 8;
    const std::int64_t size = rng.between(1, most);
    const std::int64_t held = rng.percent(50) ? size : -size;
    story.position(i, held, story.at_mark(i));
    const std::int64_t required = story.margin().requirement.raw;
    leave(story, rng.percent(30) ? rng.between(0, 10) : -rng.between(1, required + required / 4));
    if (rng.percent(70)) recheck(story);
    if (story.available() < 0) ++breached;

    const Side side = held > 0 ? Side::Sell : Side::Buy;
    const std::int64_t lots = rng.percent(40) ? std::abs(held) : rng.between(1, std::abs(held));
    NewOrder order = closing(i, side, lots, 1);
    const std::int64_t worst = at_collar(story, i, side);
    const std::int64_t to_mark = std::abs(worst - story.at_mark(i));
    order.price = {worst - sign_of(side) * (rng.percent(50) ? 0 : rng.between(0, 2 * to_mark))};
    if (order.price.raw <= 0) continue;
    if (p.instruments[i].market_orders && rng.percent(30)) {
      order.ord_type = OrdType::Market;
      order.time_in_force = TimeInForce::ImmediateOrCancel;
      order.price = {};
    }
    ++in_state[static_cast<std::size_t>(story.engine().state(Story::kAccount))];
    const Decision d = story.tell(order);
    ASSERT_EQ(d.disposition, Disposition::Forward)
        << "trial " << trial << ": " << model.names.instruments.name({i}) << ", " << lots << " of "
        << held << " at " << order.price.raw << " with the mark at " << story.mark(i) << ": "
        << info(d.reason).name;
    ++closed[i];
  }
  for (std::uint32_t i = 0; i < p.instruments.size(); ++i) {
    std::printf("%s: %lld closes accepted\n", model.names.instruments.name({i}).c_str(),
                static_cast<long long>(closed[i]));
    if (!ModelBook(rng, GetParam(), p).has_risk(i)) continue;
    EXPECT_GE(closed[i], test_scale(100)) << model.names.instruments.name({i});
  }
  EXPECT_GE(breached, test_scale(500));
  const auto was_in = [&](MarginState state) { return in_state[static_cast<std::size_t>(state)]; };
  EXPECT_GE(was_in(MarginState::Normal), test_scale(100));
  EXPECT_GE(was_in(MarginState::Restricted) + was_in(MarginState::Liquidation), test_scale(100));
  EXPECT_GE(was_in(MarginState::Bankrupt), test_scale(100));
}

// The notional of a lot, in Wide.
Int128 notional(const Story& story, std::uint32_t instrument) {
  const InstrumentParameters& i = story.parameters().instruments[instrument];
  const Int128 value = i.units_per_lot_mark * story.unit(i.settlement);
  const Int128 mark = story.mark(instrument);
  return i.payoff == Payoff::Inverse ? value / mark : value * mark;
}

// Futures of one factor against each other, a little below 0, at the model's fees and allowance: by
// turns, in steps as large as pass, both legs come to flat, and no more is missing on the way than the
// allowance.
TEST_P(ModelExits, AHedgedBookIsWoundDownToFlatWithinATenth) {
  const config::Deployment& model = test::shipped_model(GetParam());
  const Parameters p = model_world(model);
  Rng rng(test_seed(403));
  std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs;
  const auto is_leg = [&](std::uint32_t i) {
    return model.instruments[i].kind != config::InstrumentKind::Option &&
           p.instruments[i].payoff != Payoff::Spot && ModelBook(rng, GetParam(), p).has_risk(i);
  };
  for (std::uint32_t i = 0; i < p.instruments.size(); ++i) {
    for (std::uint32_t j = 0; j < p.instruments.size(); ++j) {
      if (i != j && p.instruments[i].factor == p.instruments[j].factor && is_leg(i) && is_leg(j))
        pairs.emplace_back(i, j);
    }
  }
  if (pairs.empty()) GTEST_SKIP() << "one instrument a factor: nothing to hedge with";
  EXPECT_EQ(p.exit_allowance_ppm, 100'000) << "what METHOD 3.6 says of shipped examples";
  std::int64_t stuck_without = 0;
  std::int64_t lower = 0;
  for (std::int64_t trial = test_scale(40); trial > 0; --trial) {
    ModelBook book(rng, GetParam(), p);
    Story& story = book.story();
    book.price_as_given();
    const auto [bought, sold] = pairs[rng.next() % pairs.size()];
    const std::int64_t lots = rng.between(20, 4 * book.lots_max(bought));
    const auto other = static_cast<std::int64_t>(lots * notional(story, bought) /
                                                 std::max<Int128>(1, notional(story, sold)));
    if (other < 20) continue;
    story.position(bought, lots, story.at_mark(bought));
    story.position(sold, -other, story.at_mark(sold));
    leave(story, -rng.between(1, 1'000));
    ASSERT_LT(story.available(), 0);
    // Without the allowance neither leg can go.
    if (story.retell().order(bought, Side::Sell, lots, story.at_mark(bought)).disposition !=
        Disposition::Forward)
      ++stuck_without;
    recheck(story);
    ASSERT_GE(story.engine().state(Story::kAccount), MarginState::Restricted);
    const std::int64_t before = story.available();
    const Int128 gross = lots * notional(story, bought) + other * notional(story, sold);
    const auto allowance = static_cast<std::int64_t>(
        std::max<Int128>(story.margin().requirement.raw, gross / 50 / p.wide_denominator) *
        p.exit_allowance_ppm / kPpm);
    std::int64_t judged = 0;
    bool moves = true;
    while (moves) {
      moves = false;
      for (const std::uint32_t i : {bought, sold}) {
        const std::int64_t held = story.position(i);
        const Side side = held > 0 ? Side::Sell : Side::Buy;
        for (std::int64_t part = std::abs(held); part > 0; part /= 2) {
          const Decision d = story.order(i, side, part, story.at_mark(i));
          if (d.disposition != Disposition::Forward) continue;
          ++judged;
          story.fill(d.number, part);
          ASSERT_GE(story.available(), before - allowance - (1 + judged) * 4) << "trial " << trial;
          if (story.available() < before) ++lower;
          moves = true;
          break;
        }
      }
      ASSERT_LT(judged, 2'000);
    }
    EXPECT_EQ(story.position(bought), 0) << "trial " << trial << ", of " << lots;
    EXPECT_EQ(story.position(sold), 0) << "trial " << trial << ", of " << -other;
  }
  std::printf("%lld books stuck without the allowance, %lld steps lower\n",
              static_cast<long long>(stuck_without), static_cast<long long>(lower));
  EXPECT_GE(stuck_without, test_scale(20));
}

INSTANTIATE_TEST_SUITE_P(Shipped, ModelExits, ::testing::ValuesIn(test::shipped_models()),
                         [](const auto& model) { return model.param; });

}  // namespace
}  // namespace portcullis::support::models_exits_test
