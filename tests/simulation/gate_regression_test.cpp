#include <gtest/gtest.h>
#include "tests/support/gate_world.h"
namespace portcullis::test {
TEST(GateRegression, Smoke) {
  GateWorld w;
  const auto bravo = w.session("BRAVO1");
  for (auto& l : w.at_venue()) std::printf("%s\n", l.c_str());
  EXPECT_TRUE(w.is_connected());
  std::printf("link %d\n", int(w.gate().link()));
  auto d = w.enter(bravo, {.number = 1});
  std::printf("%d\n", int(d.reason));
  for (auto& l : w.at_venue()) std::printf("%s\n", l.c_str());
  w.kill();
  w.connect();
  for (auto& l : w.at_venue()) std::printf("%s\n", l.c_str());
  for (auto& l : w.owed(bravo)) std::printf("%s\n", l.c_str());
  EXPECT_EQ(w.check(), "");
  w.disconnect();
  w.use_engine();
  w.replace_venue("VENUE00002");
  EXPECT_FALSE(w.connect());
  w.gate().lost_orders_are_dead(w.now_ns);
  w.deliver();
  EXPECT_TRUE(w.connect());
  for (auto& l : w.at_venue()) std::printf("%s\n", l.c_str());
  w.enter(bravo, {.number = 2});
  for (auto& l : w.owed(bravo)) std::printf("%s\n", l.c_str());
  EXPECT_EQ(w.check(), "");
}
}
