// A recorded session of Deribit, from its frames into margin numbers, on the clock of its day: the
// engine's figures are the naive model's at every look, and what the table says of an option is what
// its last ticker and the textbook say.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "feeds/market.h"
#include "feeds/recorded_sources.h"
#include "risk/engine.h"
#include "tests/support/json_frames.h"
#include "tests/support/naive_model.h"
#include "tests/support/option_market.h"

namespace portcullis::test::recorded_margin_test {
namespace {

constexpr std::int64_t kMs = 1'000'000;

double normal(double x) { return std::erfc(-x / std::sqrt(2.0)) / 2; }

// Of a put, forward and undiscounted.
double black_put(double forward, double strike, double volatility, double years) {
  const double spread = volatility * std::sqrt(years);
  const double d1 = (std::log(forward / strike) + spread * spread / 2) / spread;
  return strike * normal(spread - d1) - forward * normal(-d1);
}

class RecordedDay : public testing::Test {
 protected:
  void begin(const std::filesystem::path& session) {
    deployment_.feed.sources[0].file = session;
    sources_.emplace(deployment_, feeds::RecordedSourcesSettings{});
    market_.emplace(deployment_, prices_, tables_,
                    std::vector<std::uint64_t>(deployment_.groups.size()), [](std::string_view) {});
    market_->begin(kRecordedNs);
    sources_->begin(kRecordedNs);
    for (const config::AssetSettings& asset : deployment_.assets) EXPECT_EQ(asset.fixed_index, 0);
    tell_others();
    both([&](auto& engine) {
      engine.apply(risk::LoadBalance{.time = {now_ns_},
                                     .units = 4'000'000'000'000,
                                     .account = account("alpha-1"),
                                     .asset = deployment_.names.assets.find("USDC")});
      engine.apply(risk::LoadBalance{.time = {now_ns_},
                                     .units = 2'000'000'000,
                                     .account = account("alpha-hedge"),
                                     .asset = deployment_.names.assets.find("BTC")});
      for (const auto& [name, lots] : std::map<std::string, std::int64_t>{
               {"BTC-24SEP21-34000-P", -10}, {"BTC-31DEC21-300000-C", -40}, {"BTC-PERP", 800}}) {
        for (const char* of : {"alpha-1", "alpha-hedge"}) {
          engine.apply(risk::LoadPosition{.time = {now_ns_},
                                          .lots = {lots},
                                          .entry = {name == "BTC-PERP" ? 64'000 : 1'000},
                                          .account = account(of),
                                          .instrument = deployment_.names.instruments.find(name)});
        }
      }
    });
  }

  [[nodiscard]] risk::AccountIndex account(std::string_view name) const {
    return deployment_.names.accounts.find(std::string(name));
  }
  template <class Do>
  void both(Do apply) {
    apply(engine_);
    apply(model_);
  }

  // What the recording does not price.
  void tell_others() {
    both([&](auto& engine) {
      const auto mark = [&](const char* name, std::int64_t price) {
        engine.apply(risk::MarkUpdate{.time = {now_ns_},
                                      .as_of = {now_ns_},
                                      .mark = {price},
                                      .instrument = deployment_.names.instruments.find(name)});
      };
      mark("ETH-PERP", 200'000);
      mark("AMZN", 36'000'000);
      mark("EUR/USD", 117'700);
      for (const auto& [name, index] :
           std::map<std::string, std::int64_t>{{"USDC", 1'000'000}, {"ETH", 200'000}}) {
        engine.apply(risk::IndexUpdate{.time = {now_ns_},
                                       .as_of = {now_ns_},
                                       .index = index,
                                       .asset = deployment_.names.assets.find(name)});
      }
    });
  }

  // As the shard does.
  void pass() {
    now_ns_ += 100 * kMs;
    EXPECT_TRUE(sources_->play_until(now_ns_, *market_, 1'000'000));
    market_->step(now_ns_);
    std::array<feeds::PriceUpdate, 32> some;
    while (const std::size_t count = prices_.drain(some)) {
      for (std::size_t i = 0; i < count; ++i) take(some[i]);
    }
    while (auto table = market_->build(now_ns_)) {
      const bool in_force = engine_.apply(
          risk::TableUpdate{.time = {now_ns_}, .id = table->version, .group = table->group},
          *table->table);
      EXPECT_TRUE(in_force);
      EXPECT_TRUE(model_.publish(*table->table, {now_ns_}));
      tables_in_force_.push_back(table->table);
      market_->publish(*table);
      ASSERT_NE(tables_.next(), nullptr);
      tables_.answer_next(in_force);
    }
    tell_others();
  }
  void take(const feeds::PriceUpdate& update) {
    const bool is_mark = update.kind == feeds::PriceUpdate::Kind::Mark;
    both([&](auto& engine) {
      if (is_mark && update.price != 0) {
        engine.apply(risk::MarkUpdate{.time = {now_ns_},
                                      .as_of = {update.as_of_ns},
                                      .mark = {update.price},
                                      .instrument = {update.index}});
      } else if (update.price != 0) {
        engine.apply(risk::IndexUpdate{.time = {now_ns_},
                                       .as_of = {update.as_of_ns},
                                       .index = update.price,
                                       .asset = {update.index}});
      }
      if (update.state == feeds::PriceUpdate::State::Unchanged) return;
      engine.apply(risk::SetPriceState{
          .time = {now_ns_},
          .target = update.index,
          .kind = is_mark ? risk::PriceKind::Mark : risk::PriceKind::Index,
          .state = update.state == feeds::PriceUpdate::State::Safe ? risk::PriceState::Safe
                                                                   : risk::PriceState::Unsafe});
    });
  }

  void expect_same_margin(std::string_view name) {
    const risk::MarginReport ours = engine_.margin(account(name), {now_ns_});
    const support::ModelMargin theirs = model_.margin(account(name).value, now_ns_);
    EXPECT_EQ(ours.stale, theirs.stale) << name;
    EXPECT_EQ(ours.requirement.raw, static_cast<std::int64_t>(theirs.requirement)) << name;
    EXPECT_EQ(ours.available.raw, static_cast<std::int64_t>(theirs.available)) << name;
  }

  config::Deployment deployment_ = option_deployment();
  risk::Engine engine_{deployment_.parameters};
  support::NaiveModel model_{deployment_.parameters};
  feeds::FeedQueue prices_{static_cast<std::uint32_t>(deployment_.instruments.size()),
                           static_cast<std::uint32_t>(deployment_.assets.size()), 4096, [] {}};
  feeds::TableQueue tables_{deployment_.groups.size(), [] {}};
  std::optional<feeds::RecordedSources> sources_;
  std::optional<feeds::Market> market_;
  std::vector<std::shared_ptr<const risk::RiskTable>> tables_in_force_;  // alive
  std::int64_t now_ns_ = kRecordedNs;
};

TEST_F(RecordedDay, ItsMarginIsTheNaiveModelsAndItsTableTheTextbooks) {
  if (data_folder() == nullptr) GTEST_SKIP() << "PORTCULLIS_DATA is not set";
  begin(std::filesystem::path(data_folder()) / "feeds" / "DERIBIT.ws.1.0");
  int compared = 0;
  std::int64_t least = 0;
  std::int64_t most = 0;
  while (sources_->next_due_ns()) {
    pass();
    if (tables_in_force_.empty()) continue;
    expect_same_margin("alpha-1");
    expect_same_margin("alpha-hedge");
    const std::int64_t requirement = engine_.margin(account("alpha-1"), {now_ns_}).requirement.raw;
    least = compared == 0 ? requirement : std::min(least, requirement);
    most = std::max(most, requirement);
    ++compared;
  }
  EXPECT_GT(compared, 250);
  EXPECT_GE(tables_in_force_.size(), 5u);
  EXPECT_LT(least, most) << "it moves with the market";

  // Of the last table, a lot of a tenth of the put in the column where BTC falls by 16 % and volatility
  // rises, from that option's last ticker before: forward 32374.64, volatility 76.57 %.
  const risk::GroupIndex group{0};
  const auto& columns = deployment_.groups[group.value].columns;
  const auto column = std::find_if(columns.begin(), columns.end(), [](const auto& one) {
    return one.moves_ppm[0] == -160'000 && one.volatility == 1;
  });
  ASSERT_NE(column, columns.end());
  const risk::RiskTable& table = *tables_in_force_.back();
  const auto put = deployment_.names.instruments.find("BTC-24SEP21-34000-P");
  const risk::InstrumentParameters& parameters = deployment_.parameters.instruments[put.value];
  const double quantum = std::pow(10, -deployment_.risk_decimals);
  const double gain =
      static_cast<double>(
          table.gains[parameters.row * deployment_.parameters.groups[group.value].raw_columns() +
                      static_cast<std::size_t>(column - columns.begin())]) *
      static_cast<double>(parameters.vector_unit) * 1e-6 * quantum;
  const double years =
      static_cast<double>(deployment_.instruments[put.value].expiry.ns - table.as_of.ns) / 1e9 /
      (365.0 * 86'400);
  const double days = years * 365;
  const double forward = 32'374.64;
  const double index = 32'208.37;
  const double volatility = 0.7657;
  const double shifted = volatility * (1 + 0.5 * std::pow(30 / days, 0.13));
  const double before = 0.1 * black_put(forward, 34'000, volatility, years) / forward * index;
  const double after =
      0.1 * black_put(forward * 0.84, 34'000, shifted, years) / (forward * 0.84) * index * 0.84;
  // The coin that the value is paid in falls too: that part is its collateral's.
  const double expected = after - before * 0.84;
  EXPECT_NEAR(gain, expected, 0.01 * expected);
  EXPECT_GT(expected, 300);
}

}  // namespace
}  // namespace portcullis::test::recorded_margin_test
