// A recorded session of a venue, through its dialect and the table service, into published tables;
// their measures against the greeks that the venue published beside each volatility.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "feeds/dialects/deribit_instruments.h"
#include "feeds/session_player.h"
#include "feeds/table_service.h"
#include "tests/support/json_frames.h"
#include "tests/support/option_chains.h"

namespace portcullis::feeds::table_recording_test {
namespace {

// As of one ticker.
struct Greeks {
  double forward = 0;
  double delta = 0;
  double vega = 0;
};

// Every option of `base` that the session has tickers of: one chain an expiry, premium in dollars, so
// that the measures are what the venue's greeks are.
struct Chains {
  TableGroup group;
  std::map<std::string, std::uint32_t, std::less<>> row_of;
};

Chains chains_of(const std::string& base, const std::map<std::string, OptionDescription>& options) {
  Chains chains;
  // The builder's other settings, and no chains yet.
  chains.group = test::option_chains({.premium = Premium::Cash});
  // Between tickers of the same option there may be minutes.
  RebuildSettings& rebuild = chains.group.rebuild;
  rebuild.price_age_max_ns = test::kHour;
  rebuild.volatility_age_max_ns = test::kHour;
  rebuild.table_age_max_ns = 2 * test::kHour;
  rebuild.pause_ns = 0;
  rebuild.basis_max_ppm = 200'000;
  for (const auto& [name, option] : options) {
    if (option.base != base) continue;
    std::uint32_t chain = 0;
    while (chain < chains.group.chains.size() &&
           chains.group.chains[chain].expiry.ns != option.expiry_ns) {
      ++chain;
    }
    if (chain == chains.group.chains.size()) {
      chains.group.chains.push_back({.name = name, .expiry = {option.expiry_ns}, .anchor = 0});
    }
    chains.row_of[name] = static_cast<std::uint32_t>(chains.group.rows.size());
    chains.group.description.rows.push_back(
        {.name = name,
         .vector_unit = 1'000'000'000,
         .vector_cap = 1 << 28,
         .source = TableOption{.kind = option.kind,
                               .strike = to_double(option.strike),
                               .multiplier = 1,
                               .market = {}}});
    chains.group.rows.push_back({.chain = chain, .settlement = test::kUsdAsset});
  }
  return chains;
}

TEST(TableRecording, MeasuresAreTheVenuesGreeks) {
  if (test::data_folder() == nullptr) GTEST_SKIP() << "PORTCULLIS_DATA is not set";
  const std::filesystem::path folder = std::filesystem::path(test::data_folder()) / "feeds";
  std::map<std::string, OptionDescription> listed;
  const RecordedSession lists = read_session_file(folder / "DERIBIT.0");
  for (const SessionRow& row : lists.rows) {
    for (const OptionDescription& option : read_deribit_instruments(row.frame).options)
      listed.emplace(option.name, option);
  }
  const RecordedSession session = read_session_file(folder / "DERIBIT.ws.1.0");
  std::map<std::string, OptionDescription> options;
  {
    FeedDecoder decoder(Dialect::Deribit);
    SessionPlayer(session, decoder).play_all([&](const SessionRow&, const FeedFrame& frame) {
      for (const MarketUpdate& update : frame.updates)
        options.emplace(update.symbol, listed.at(std::string(update.symbol)));
    });
  }
  std::size_t compared = 0;
  std::uint64_t tables = 0;
  for (const std::string base : {"BTC", "ETH"}) {
    const Chains chains = chains_of(base, options);
    ASSERT_GE(chains.group.rows.size(), 3U);
    TableService service({chains.group});
    std::map<std::uint32_t, Greeks> greeks;  // by row, the last ones
    FeedDecoder decoder(Dialect::Deribit);
    SessionPlayer(session, decoder).play_all([&](const SessionRow& row, const FeedFrame& frame) {
      const risk::Timestamp now{row.time_ns};
      for (const MarketUpdate& update : frame.updates) {
        const auto found = chains.row_of.find(update.symbol);
        if (found == chains.row_of.end()) continue;
        const risk::Timestamp as_of{update.source_time_ns};
        // The anchor is the venue's index here.
        const double index = to_double(*update[MarketField::Index]);
        service.set_mark(0, 0, {std::lround(index * 10)}, as_of, now);
        service.take(0, found->second, update, now);
        greeks[found->second] = {to_double(*update[MarketField::Underlying]),
                                 to_double(*update[MarketField::Delta]),
                                 to_double(*update[MarketField::Vega])};
      }
      while (const auto table = service.step(now)) {
        ++tables;
        service.settle(table->group, table->version, true, now);
        const double quanta = std::pow(10, chains.group.description.risk_decimals);
        for (const auto& [at, venue] : greeks) {
          const risk::TableMeasures& measures = table->table->measures[at];
          const double delta = static_cast<double>(measures[risk::kDelta]) / quanta / venue.forward;
          const double vega = static_cast<double>(measures[risk::kVega]) / quanta;
          // They are as of the option's ticker, the table of the last forward of its chain.
          // Ours is what a whole point of volatility makes, which is more than the slope far from the
          // money.
          EXPECT_NEAR(delta, venue.delta, 2e-4);
          EXPECT_NEAR(vega, venue.vega, 0.01 + 0.03 * venue.vega);
          ++compared;
        }
      }
    });
    const TableGroupStatus& status = service.status(0);
    EXPECT_EQ(status.sources.own, chains.group.rows.size());
    EXPECT_EQ(status.sources.smile + status.sources.expired, 0U);
    EXPECT_FALSE(status.failing);
    for (const InputVerdict bad : {InputVerdict::NotPositive, InputVerdict::TooLarge,
                                   InputVerdict::FromFuture, InputVerdict::OffReference})
      EXPECT_EQ(status.inputs[static_cast<std::size_t>(bad)], 0U);
  }
  std::printf("%llu tables, %zu rows compared\n", static_cast<unsigned long long>(tables),
              compared);
  EXPECT_GE(tables, 2U);
  EXPECT_GE(compared, 10U);
}

}  // namespace
}  // namespace portcullis::feeds::table_recording_test
