// The first order: the smallest configuration, one account, one instrument.
#include <gtest/gtest.h>

#include "risk/engine.h"

namespace portcullis::risk::engine_smoke_test {
namespace {

Parameters one_of_each() {
  Parameters p;
  p.version = 7;
  p.wide_denominator = 1;
  p.assets = {{.wide_per_index = 1,
               .haircut = {{kUnlimited, kPpm}},
               .debt_addon_ppm = 0,
               .mode = CollateralMode::Static,
               .factor = {},
               .index_age_max_ns = kSecondNs}};
  p.factor_count = 1;
  p.instruments = {{.factor = {0},
                    .settlement = {0},
                    .marks_per_tick = 1,
                    .units_per_lot_mark = 1,
                    .fee_ppm = 0,
                    .mark_age_max_ns = kSecondNs,
                    .market_orders = true}};
  p.groups = {{.first_factor = 0,
               .factor_count = 1,
               .column_count = 3,
               .shock_ppm = {-160000, 0, 160000},
               .kappa_ppm = kPpm}};
  p.sets = {{.scope = SetScope::PerGroup,
             .first_column = {0},
             .column_count = {3},
             .joint_weight_ppm = kPpm}};
  LimitProfile wide;
  wide.instruments = {{.clip = {1000},
                       .notional_max = {1'000'000},
                       .collar_ppm = 100'000,
                       .long_max = {1000},
                       .short_max = {1000},
                       .gross_notional_max = {1'000'000},
                       .restricted = false}};
  wide.gross_notional_max = {1'000'000};
  wide.open_orders_max = 10;
  wide.leverage_max_ppm = 100 * kPpm;
  p.profiles = {wide};
  p.nodes = {{.level = NodeLevel::Venue, .parent = {}, .profile = 0}};
  const RateLimit rate{
      .per_second = 1000, .burst = 100, .exit_per_second = 2000, .exit_burst = 400};
  p.accounts = {{.parent = {0}, .profile = 0, .rate = rate}};
  p.sessions = {{.member = {0},
                 .accounts = {{0}},
                 .instruments = {true},
                 .actions = risk::kMayAll,
                 .rate = rate}};
  p.capacities = {.orders = 16, .positions = 4, .group_slots = 4, .trades = 16};
  return p;
}

TEST(EngineSmoke, MarginStopsTheOrderThatWouldCrossZero) {
  Engine engine(one_of_each());
  engine.apply(IndexUpdate{.time = {1}, .as_of = {1}, .index = 1, .asset = {0}});
  engine.apply(MarkUpdate{.time = {1}, .as_of = {1}, .mark = {100}, .instrument = {0}});
  engine.apply(LoadBalance{.time = {1}, .units = 160, .account = {0}, .asset = {0}});
  NewOrder order;
  order.time = {2};
  order.price = {100};
  order.quantity = {11};
  order.account = {0};
  order.instrument = {0};
  order.session = {0};
  order.client_ref = 1;
  const Decision refused = engine.submit(order);
  EXPECT_EQ(refused.reason, RejectReason::Margin);
  EXPECT_EQ(refused.needed, 176);
  EXPECT_EQ(refused.available, 160);
  EXPECT_EQ(refused.shortfall, 16);
  EXPECT_EQ(refused.largest_passing, Lots{10});
  EXPECT_EQ(refused.scenario, 0u);
  order.quantity = {10};
  order.client_ref = 2;
  EXPECT_EQ(engine.submit(order).reason, RejectReason::None);
  EXPECT_EQ(engine.margin({0}, {2}).available, Value{0});
  EXPECT_EQ(engine.verify(), nullptr);
  VenueEvent event;
  event.time = {3};
  event.quantity = {10};
  event.price = {100};
  event.number = 1;
  engine.apply(event);
  event.type = VenueEventType::Executed;
  event.quantity = {4};
  event.match = 9;
  engine.apply(event);
  EXPECT_EQ(engine.margin({0}, {2}).available, Value{0});
  EXPECT_EQ(engine.verify(), nullptr);
}

}  // namespace
}  // namespace portcullis::risk::engine_smoke_test
