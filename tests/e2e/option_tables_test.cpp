// Options priced by a recorded session, from the source to decisions: the gate lives at the time of
// the recording, builds its risk tables, journals them by their hash, and has them again after a kill.

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "feeds/table_log.h"
#include "tests/support/gate_fixture.h"
#include "tests/support/option_market.h"
#include "tests/support/ouch_client.h"

namespace portcullis::test::option_tables_test {
namespace {

using namespace gateway;

// A lot of BTC-24SEP21-34000-P, whose mark is 0.15655506 BTC.
ouch::EnterOrder option_order(std::uint32_t number, ouch::Side side, std::uint64_t price) {
  ouch::EnterOrder order = buy(number, 1);
  order.side = side;
  order.symbol = {'B', '2', '4', 'S', '3', '4', 'K', 'P'};
  order.price = price;
  return order;
}

class OptionTables : public GateAndVenue {
 protected:
  OptionTables() {
    deployment_ = std::make_unique<TestDeployment>(
        std::vector<Change>{{Change::Kind::Set, "feeds.json", "recording.repeat", "false"}},
        read_example_with_options());
    venue_ = std::make_unique<VenueProcess>(*deployment_);
  }

  void record(const std::vector<RecordedLook>& looks, bool with_volatility) {
    std::string text = recorded_session(looks);
    constexpr std::string_view kField = "\"mark_iv\":";
    for (std::size_t at = 0; !with_volatility && (at = text.find(kField, at)) != text.npos;)
      text.replace(at, kField.size(), "\"other\":");
    std::ofstream(deployment_->config() / "deribit.session") << text;
  }
  // At that time of the recording.
  void start_gate(std::int64_t ms) {
    gate_ = std::make_unique<GateProcess>(
        *deployment_,
        std::vector<std::string>{"--clock", std::to_string(kRecordedNs + ms * 1'000'000)});
    ASSERT_NE(gate_->port(), 0) << read_file(deployment_->errors());
  }
  [[nodiscard]] std::size_t tables_in_log() const {
    return feeds::list_tables(deployment_->journal()).size();
  }
  // Sends orders of a lot until one is accepted, whose number it returns: the link has to come up, and
  // the prices.
  std::uint32_t sell(OuchClient& client, std::uint32_t number) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (std::chrono::steady_clock::now() < end) {
      client.send(option_order(number, ouch::Side::Sell, 2'000));
      const Lines lines = client.receive(1);
      if (lines.size() != 1 || lines[0].front() == 'A') return number;
      ++number;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    ADD_FAILURE() << read_file(deployment_->errors());
    return number;
  }
};

TEST_F(OptionTables, OrdersPassByThemAlsoByThoseOfBeforeAKill) {
  record({{100, "32208.13"}, {900, "32300"}, {1'700, "32208.13"}}, true);
  start_gate(0);
  std::uint32_t last = 0;
  {
    OuchClient client(gate_->port());
    ASSERT_TRUE(client.login("ALPHA2"));
    EXPECT_EQ(client.receive(1), Lines{"S"});
    last = sell(client, 1);
  }
  gate_->kill_9();

  // From here on the source has no volatilities: no table can be built.
  record({{100, "32208.13"}, {900, "32208.13"}}, false);
  const std::size_t before = tables_in_log();
  EXPECT_GE(before, 1u);
  start_gate(20'000);
  OuchClient client(gate_->port());
  ASSERT_TRUE(client.login("ALPHA2", 0));
  (void)sell(client, last + 1);
  EXPECT_GE(tables_in_log(), 1u);
  EXPECT_LE(tables_in_log(), before) << "one whose record had not come may be gone";
  stop();
  EXPECT_EQ(deployment_->gate_stat("tables.refused"), 0);
}

TEST_F(OptionTables, WithoutATableNobodySellsAnOption) {
  record({{100, "32208.13"}, {900, "32208.13"}}, false);
  start_gate(0);
  OuchClient client(gate_->port());
  ASSERT_TRUE(client.login("ALPHA2"));
  EXPECT_EQ(client.receive(1), Lines{"S"});
  // There is no price of its risk, whatever its mark.
  for (std::uint32_t number = 1; number <= 40; ++number) {
    client.send(option_order(number, ouch::Side::Sell, 2'000));
    EXPECT_EQ(client.receive(1).at(0).front(), 'J');
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_EQ(tables_in_log(), 0u);
  stop();
  EXPECT_GE(deployment_->gate_stat("rejects.no_reference_price"), 1);
}

}  // namespace
}  // namespace portcullis::test::option_tables_test
