// What a perpetual contract pays, from a recorded source through the process to its journal: as time
// goes by, over a kill, and decided again by a replay.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gateway/gate/records.h"
#include "gateway/journal/reader.h"
#include "tests/support/gate_fixture.h"

namespace portcullis::test::perpetual_funding_test {
namespace {

using namespace gateway;

constexpr std::int64_t kIntervalNs = 28'800 * risk::kSecondNs;

// BTC-PERP priced by Deribit alone, which says that it costs 1 % in 8 hours.
class PerpetualFunding : public GateAndVenue {
 protected:
  PerpetualFunding() {
    deployment_ = std::make_unique<TestDeployment>(std::vector<Change>{
        {Change::Kind::Add, "feeds.json", "sources",
         R"({"deribit": {"venue": "deribit", "dialect": "deribit", "file": "deribit.session",
                         "ahead_max_ms": 2000}})"},
        {Change::Kind::Set, "feeds.json", "instruments.BTC-PERP",
         R"({"max_age_ms": 10000,
             "reference": {
               "rule": "median",
               "sources": [{"source": "deribit", "symbol": "BTC-PERPETUAL", "field": "mark",
                            "role": "voter"}],
               "min_sources": 1,
               "max_age_ms": 8000,
               "divergence_max": "0.01",
               "price_min": "100",
               "jump": {"max": "0.05", "confirm_updates": 3, "confirm_another": false}
             },
             "funding": {"source": "deribit", "symbol": "BTC-PERPETUAL", "style": "continuous",
                         "interval_ms": 28800000, "max_age_ms": 5000, "period_ms": 50,
                         "rate_max": "0.03"},
             "open_interest": {"source": "deribit", "symbol": "BTC-PERPETUAL",
                               "quantity_multiplier": "1/64000", "period_ms": 50}})"}});
    std::ofstream session(deployment_->config() / "deribit.session");
    session << "wss://www.example.com/ws <-> 1700000000.0\n";
    for (std::int64_t ms = 1'700'000'000'000; ms < 1'700'000'120'000; ms += 100) {
      session << fmt::format(
          R"({}.{:03}: {{"jsonrpc":"2.0","method":"subscription","params":{{"channel":"ticker.BTC-PERPETUAL.raw","data":{{"timestamp":{},"instrument_name":"BTC-PERPETUAL","mark_price":64000,"index_price":64000,"current_funding":0.01,"open_interest":{}}}}}}})"
          "\n",
          ms / 1'000, ms % 1'000, ms, 640'000'000);
    }
    session.close();
    venue_ = std::make_unique<VenueProcess>(*deployment_);
  }

  void start_gate() {
    gate_ = std::make_unique<GateProcess>(*deployment_);
    ASSERT_NE(gate_->port(), 0) << read_file(deployment_->errors());
  }
  [[nodiscard]] std::vector<risk::FundingUpdate> fundings() const {
    std::vector<risk::FundingUpdate> all;
    journal::Reader reader(deployment_->journal(), {.include_ring = true});
    journal::RecordView view;
    while (reader.next(view) == journal::ReadStatus::Record) {
      risk::FundingUpdate update;
      if (static_cast<gate::RecordType>(view.type) == gate::RecordType::Funding &&
          journal::read_command(view, update)) {
        all.push_back(update);
      }
    }
    return all;
  }
  // Until there are so many of them.
  void wait_for(std::size_t count) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (fundings().size() < count) {
      ASSERT_LT(std::chrono::steady_clock::now(), end) << read_file(deployment_->errors());
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
};

TEST_F(PerpetualFunding, IsPaidOnceForEachMomentAlsoOverAKill) {
  start_gate();
  wait_for(5);
  gate_->kill_9();
  const std::size_t before = fundings().size();
  start_gate();
  wait_for(before + 5);
  stop();  // which also decides everything again

  const std::vector<risk::FundingUpdate> all = fundings();
  risk::Int128 paid = 0;
  for (const risk::FundingUpdate& update : all) {
    EXPECT_GE(update.paid, 0);
    EXPECT_GT(update.predicted, 0);
    paid += update.paid;
  }
  EXPECT_GT(paid, 0);
  // No moment was paid for twice: all of it is not more than the time from the first word to the last
  // costs, give or take what a payment is rounded by, and the time from a word to its record.
  const std::int64_t elapsed = all.back().time.ns - all.front().time.ns + risk::kSecondNs;
  const risk::Int128 most = risk::Int128{all.back().predicted} * elapsed / kIntervalNs;
  EXPECT_LE(paid, most + static_cast<std::int64_t>(100 * all.size()));
  EXPECT_GE(deployment_->gate_stat("contracts.open_interests"), 1);
}

}  // namespace
}  // namespace portcullis::test::perpetual_funding_test
