// From tests/data/model to what the table service builds: by hand from the files.

#include "feeds/table_setup.h"

#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "config/iso_time.h"
#include "config/load.h"
#include "tests/support/example_config.h"

namespace portcullis::feeds::table_setup_test {
namespace {

config::Deployment model() {
  config::LoadResult result = config::load_model(test::model_folder());
  EXPECT_EQ(test::problems_text(result), "");
  // A model has no feeds.json, which would say that a dollar is one.
  config::Deployment deployment = std::move(result.deployment);
  config::AssetSettings& dollar = deployment.assets[deployment.names.assets.find("USD").value];
  dollar.index_decimals = 2;
  dollar.fixed_index = 100;
  return deployment;
}

TEST(TableSetup, IsTheGroupThatSaysHowItIsBuilt) {
  const config::Deployment deployment = model();
  const TableSetup setup = table_setup(deployment);
  ASSERT_EQ(setup.groups.size(), 1);
  const TableGroup& group = setup.groups[0];
  EXPECT_TRUE(problems_of(group).empty()) << problems_of(group).front();
  EXPECT_EQ(group.name, "bitcoin");
  EXPECT_EQ(group.description.group, deployment.names.risk_groups.find("bitcoin"));
  EXPECT_EQ(group.description.id, 0);
  EXPECT_EQ(group.description.table_move_max_ppm, 5'000);
  EXPECT_EQ(group.description.volatility.up_ppm, 500'000);
  EXPECT_EQ(group.description.volatility.floor_up_ppm, 500'000);
  EXPECT_EQ(group.description.columns.size(),
            deployment.parameters.groups[group.description.group.value].column_count);
  EXPECT_EQ(group.rebuild.age_ns, 1'000'000'000);
  EXPECT_EQ(group.rebuild.pause_ns, 100'000'000);
  EXPECT_EQ(group.rebuild.table_age_max_ns, 5'000'000'000);
  EXPECT_EQ(group.rebuild.table_move_max_ppm, 5'000);
  EXPECT_EQ(group.rebuild.volatility_age_max_ns, 4'000'000'000);
  EXPECT_EQ(group.rebuild.basis_max_ppm, 100'000);

  const risk::InstrumentIndex anchor = deployment.names.instruments.find("BTC-MAR");
  ASSERT_EQ(group.anchors.size(), 1);
  EXPECT_EQ(group.anchors[0].instrument, anchor);
  EXPECT_EQ(group.anchors[0].mark_unit, 0.1);
  EXPECT_EQ(setup.anchors[anchor.value], std::vector{TablePlace{}});

  const auto row_of = [&](const char* name) {
    const auto& places = setup.rows[deployment.names.instruments.find(name).value];
    EXPECT_EQ(places.size(), 1) << name;
    return places.at(0).place;
  };
  const auto option = [&](const char* name) {
    return std::get<TableOption>(group.description.rows[row_of(name)].source);
  };
  const TableOption call = option("BTC-C");
  EXPECT_EQ(group.description.rows[row_of("BTC-C")].name, "BTC-C");
  EXPECT_EQ(call.kind, OptionKind::Call);
  EXPECT_EQ(call.strike, 100'000);
  EXPECT_DOUBLE_EQ(call.multiplier, 0.01);
  EXPECT_EQ(call.factor, 0);
  EXPECT_EQ(call.settlement_factor, risk::kNone32);
  EXPECT_EQ(call.premium, Premium::Cash);
  EXPECT_FALSE(call.in_balance);
  const TableOption put = option("BTC-P");
  EXPECT_EQ(put.kind, OptionKind::Put);
  EXPECT_EQ(put.strike, 90'000.5);
  EXPECT_TRUE(put.in_balance);

  // Two expiries, two assets: dollars are one, and USDC has an index.
  ASSERT_EQ(group.chains.size(), 2);
  const auto chain = [&](const char* name) { return group.chains[group.rows[row_of(name)].chain]; };
  EXPECT_EQ(config::to_iso_time(chain("BTC-C").expiry), "2026-03-27T08:00:00Z");
  EXPECT_EQ(chain("BTC-P").name, "2025-12-26T08:00:00Z");
  EXPECT_EQ(chain("BTC-P").anchor, 0);
  ASSERT_EQ(group.assets.size(), 2);
  const std::uint32_t dollar = group.rows[row_of("BTC-C")].settlement;
  EXPECT_EQ(group.assets[dollar].name, "USD");
  EXPECT_EQ(group.assets[dollar].fixed_index, 1.0);
  const std::uint32_t coin = group.rows[row_of("BTC-P")].settlement;
  EXPECT_EQ(group.assets[coin].fixed_index, std::nullopt);
  const risk::AssetIndex usdc = deployment.names.assets.find("USDC");
  EXPECT_EQ(setup.indexes[usdc.value], std::vector{(TablePlace{0, coin})});
  for (const char* other : {"BTC", "ETH"})
    EXPECT_TRUE(setup.indexes[deployment.names.assets.find(other).value].empty()) << other;
}

// What is built is what the engine of that configuration takes.
TEST(TableSetup, ATableOfItHasTheEnginesShape) {
  config::Deployment deployment = model();
  // The file's cap is too small for its columns.
  deployment.parameters.instruments[deployment.names.instruments.find("BTC-P").value].vector_unit *=
      100;
  const TableSetup setup = table_setup(deployment);
  TableService service(setup.groups);
  const risk::Timestamp now = *config::parse_iso_time("2025-11-26T08:00:00Z");
  const std::uint32_t coin = setup.indexes[deployment.names.assets.find("USDC").value].at(0).place;
  service.set_mark(0, 0, {920'000}, now, now);
  service.set_index(0, coin, 0.999, now, now);
  for (const std::uint32_t place : {0U, 1U}) {
    service.set_forward(0, place, 92'500, now, now);
    service.set_volatility(0, place, 0.5, now, now);
  }
  const std::optional<PublishedTable> table = service.step(now);
  ASSERT_TRUE(table) << service.take_events().back().text;
  const risk::GroupParameters& group = deployment.parameters.groups[table->group.value];
  EXPECT_EQ(table->table->gains.size(), std::size_t{group.row_count} * group.raw_columns());
  EXPECT_EQ(table->table->measures.size(), group.row_count);
  EXPECT_EQ(table->table->parameter_version, deployment.parameters.version);
}

}  // namespace
}  // namespace portcullis::feeds::table_setup_test
