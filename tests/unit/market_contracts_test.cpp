// The market with a contract desk: what sources say of a contract, and the mark that several of them
// make, become what the shard is told of it.
#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "config/decimal.h"
#include "feeds/market.h"
#include "tests/support/example_config.h"

namespace portcullis::feeds::market_contracts_test {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kStart = 1'767'600'000 * kSecond;

class MarketContracts : public testing::Test {
 protected:
  MarketContracts() {
    EXPECT_TRUE(loaded_.ok()) << test::problems_text(loaded_);
    market_.set_contracts(&desk_);
    market_.begin(now_);
  }
  void says(const char* source, const char* symbol, const char* mark, const char* rate) {
    MarketUpdate update{.symbol = symbol, .source_time_ns = now_};
    update[MarketField::Mark] = config::parse_exact(mark, true).number;
    if (rate != nullptr) update[MarketField::FundingRate] = config::parse_exact(rate, true).number;
    market_.take(deployment_.names.sources.find(source), update, now_);
  }
  void both_say() {
    says("binance", "ETHUSDT", "3200", nullptr);
    says("deribit", "ETH-PERPETUAL", "3200", "0.0008");
  }

  const config::LoadResult loaded_ =
      config::load_texts(test::read_example_with_fundings(), test::example_folder());
  const config::Deployment& deployment_ = loaded_.deployment;
  const risk::InstrumentIndex eth_ = deployment_.names.instruments.find("ETH-PERP");
  FeedQueue prices_{static_cast<std::uint32_t>(deployment_.instruments.size()),
                    static_cast<std::uint32_t>(deployment_.assets.size()),
                    deployment_.feed.queue_slots,
                    {}};
  TableQueue tables_{deployment_.groups.size(), [] {}};
  ContractQueue queue_{deployment_.instruments.size(), {}};
  ContractDesk desk_{deployment_, queue_, kStart, [](std::string_view) {}};
  std::vector<std::uint64_t> versions_ = std::vector<std::uint64_t>(deployment_.groups.size());
  Market market_{deployment_, prices_, tables_, versions_, [](std::string_view) {}};
  std::int64_t now_ = kStart;
};

TEST_F(MarketContracts, PaysAtTheMarkOfTheReference) {
  says("deribit", "ETH-PERPETUAL", "3200", "0.0008");
  market_.step(now_);
  EXPECT_FALSE(queue_.take()) << "one source makes no mark";
  both_say();
  market_.step(now_);
  const auto first = queue_.take();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->instrument, eth_);
  EXPECT_EQ(first->paid, 0);
  // A lot is 0.01 of 3,200: 32 dollars of a millionth a unit, and 0.0008 of it in 8 hours.
  EXPECT_EQ(first->predicted, 25'600'000'000'000);
  for (int n = 0; n < 12; ++n) {
    now_ += 5 * kSecond;
    both_say();
    market_.step(now_);
  }
  const auto paid = queue_.take();
  ASSERT_TRUE(paid);
  // A minute of 480.
  EXPECT_NEAR(static_cast<double>(paid->paid), 25'600'000'000'000.0 / 480, 24);
  EXPECT_LE(market_.next_due_ns(), now_ + 10 * kSecond);
}

}  // namespace
}  // namespace portcullis::feeds::market_contracts_test
