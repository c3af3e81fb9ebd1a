// A venue publishes its own prices to a running gate, and orders are judged by them.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

#include "feeds/epoch_clock.h"
#include "tests/support/gate_fixture.h"
#include "tests/support/ouch_client.h"
#include "tests/support/raw_peer.h"

namespace portcullis::test::live_prices_test {
namespace {

using namespace gateway;

// A share of AMZN.
ouch::EnterOrder share(std::uint32_t number, ouch::Side side) {
  ouch::EnterOrder order = buy(number, 1);
  order.side = side;
  order.symbol = {'A', 'M', 'Z', 'N', ' ', ' ', ' ', ' '};
  order.price = 2'200'000;
  return order;
}

class LivePrices : public GateAndVenue {
 protected:
  LivePrices() {
    deployment_ = std::make_unique<TestDeployment>(priced_by_publisher(prices_.number()));
    venue_ = std::make_unique<VenueProcess>(*deployment_);
    gate_ = std::make_unique<GateProcess>(*deployment_);
    EXPECT_NE(gate_->port(), 0) << read_file(deployment_->errors());
  }

  // Orders, one after the other, until one has that answer; before each of them `before`.
  template <class Before>
  bool comes_to(OuchClient& client, char answer, Before before) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (std::chrono::steady_clock::now() < end) {
      before();
      ++number_;
      client.send(share(number_, number_ % 2 == 0 ? ouch::Side::Sell : ouch::Side::Buy));
      const Lines lines = client.receive(1);
      if (lines.size() != 1) return false;
      if (lines[0].front() == answer) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return false;
  }

  const Port prices_;
  std::uint32_t number_ = 0;
};

TEST_F(LivePrices, OrdersPassWhileThePublisherSpeaks) {
  OuchClient client(gate_->port());
  ASSERT_TRUE(client.login("ALPHA2"));
  EXPECT_EQ(client.receive(1), Lines{"S"});
  EXPECT_TRUE(comes_to(client, 'J', [] {}));

  RawPeer publisher(prices_.number());
  publisher.send("source own\n");
  EXPECT_EQ(publisher.read_for(500), "ok own\n");
  const auto publish = [&] {
    publisher.send(fmt::format("mark AMZN 220 {}\n", feeds::epoch_ns()));
  };
  EXPECT_TRUE(comes_to(client, 'A', publish));
  // It falls silent.
  EXPECT_TRUE(comes_to(client, 'J', [] {}));
  EXPECT_TRUE(comes_to(client, 'A', publish));
  // All that was accepted is told before the end.
  EXPECT_NE(client.query(), 0u);
  EXPECT_EQ(gate_->terminate(), 0) << read_file(deployment_->errors());
  EXPECT_EQ(venue_->terminate(), 0);
  expect_replay_agrees(*deployment_);
  EXPECT_GE(deployment_->gate_stat("rejects.reference_price_unsafe") +
                deployment_->gate_stat("rejects.no_reference_price"),
            2);
}

}  // namespace
}  // namespace portcullis::test::live_prices_test
