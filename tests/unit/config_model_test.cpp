// tests/data/model, a margin model with every key: what it means, all by hand from the files.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

#include "config/load.h"
#include "config/state_file.h"
#include "tests/support/example_config.h"

namespace portcullis::config::config_model_test {
namespace {

using test::Change;
using test::Texts;

constexpr auto kRemove = Change::Kind::Remove;

const Deployment& model() {
  static const LoadResult result = load_model(test::model_folder());
  EXPECT_EQ(test::problems_text(result), "");
  return result.deployment;
}

const risk::InstrumentParameters& instrument(std::string_view name) {
  return model().parameters.instruments[model().names.instruments.find(name).value];
}
const InstrumentSettings& settings(std::string_view name) {
  return model().instruments[model().names.instruments.find(name).value];
}
const risk::AssetParameters& asset(std::string_view name) {
  return model().parameters.assets[model().names.assets.find(name).value];
}
risk::GroupIndex group(std::string_view name) { return model().names.risk_groups.find(name); }
const risk::GroupParameters& group_parameters(std::string_view name) {
  return model().parameters.groups[group(name).value];
}
const risk::SetParameters& scenario_set(std::string_view name) {
  for (std::size_t k = 0; k < model().names.sets.size(); ++k) {
    if (model().names.sets[k].name == name) return model().parameters.sets[k];
  }
  throw std::logic_error("no such set");
}

// The shocks of a local factor in a set.
std::vector<std::int32_t> shocks(std::string_view set, std::string_view group_name,
                                 std::uint32_t factor) {
  const risk::GroupParameters& g = group_parameters(group_name);
  const risk::SetParameters& s = scenario_set(set);
  const auto first = g.shock_ppm.begin() + std::ptrdiff_t{factor} * g.column_count +
                     s.first_column[group(group_name).value];
  return {first, first + s.column_count[group(group_name).value]};
}

TEST(ConfigModel, IsWhatTheEngineTakes) {
  EXPECT_EQ(risk::first_problem(model().parameters), nullptr);
  EXPECT_EQ(load_model_texts(test::read_model()).deployment.canonical_text, model().canonical_text);
  EXPECT_EQ(model().parameters.capacities.positions, 3u * 10);
  EXPECT_EQ(model().parameters.capacities.group_slots, 3u * 5);
}

TEST(ConfigModel, Assets) {
  const risk::AssetParameters& usdc = asset("USDC");
  EXPECT_EQ(usdc.mode, risk::CollateralMode::DownsideOnly);
  EXPECT_TRUE(usdc.tiers_by_value);
  ASSERT_EQ(usdc.haircut.size(), 2u);
  EXPECT_EQ(usdc.haircut[0].upto, risk::Amount{10'000'000'000});  // quanta
  EXPECT_EQ(usdc.haircut[0].rate_ppm, 1'000'000);
  EXPECT_EQ(usdc.haircut[1].upto, risk::kUnlimited);
  EXPECT_EQ(usdc.haircut[1].rate_ppm, 980'000);
  ASSERT_EQ(usdc.maintenance_haircut.size(), 1u);
  EXPECT_EQ(usdc.maintenance_haircut[0].rate_ppm, 1'000'000);
  EXPECT_EQ(usdc.share_ppm, 400'000);
  EXPECT_EQ(usdc.share_free.raw, 1'000'000'000);  // quanta of three decimals
  EXPECT_EQ(usdc.borrow_initial_ppm, 100'000);
  EXPECT_EQ(usdc.borrow_maintenance_ppm, 50'000);
  EXPECT_EQ(usdc.borrow_max, risk::Amount{20'000'000'000'000});

  const risk::AssetParameters& btc = asset("BTC");
  EXPECT_FALSE(btc.tiers_by_value);
  EXPECT_EQ(btc.haircut[0].upto, risk::Amount{500'000'000'000});  // of ten decimals
  EXPECT_EQ(btc.haircut[0].rate_ppm, 950'000);
  ASSERT_EQ(btc.maintenance_haircut.size(), 2u);  // the same
  EXPECT_EQ(btc.maintenance_haircut[1].rate_ppm, 800'000);
  EXPECT_EQ(btc.share_ppm, risk::kPpm);
  EXPECT_EQ(btc.borrow_max, risk::Amount{});

  // Its falls are in no scenario: it is cut in full.
  EXPECT_EQ(asset("ETH").mode, risk::CollateralMode::UpsideOnly);
  EXPECT_EQ(asset("ETH").haircut[0].rate_ppm, 500'000);
  // BTC has 10 + 2 decimals, the risk currency 3: 1e9 Wide in a quantum; USD has 4 and 0.
  EXPECT_EQ(model().parameters.wide_denominator, 1'000'000'000);
  EXPECT_EQ(asset("USD").wide_per_index, 100'000'000);
  EXPECT_EQ(btc.wide_per_index, 1);
}

TEST(ConfigModel, Instruments) {
  const risk::InstrumentParameters& inverse = instrument("BTC-PERP");
  EXPECT_EQ(inverse.payoff, risk::Payoff::Inverse);
  // 100 dollars a lot, marks of 0.1, ten decimals: a lot is 1e13 / mark units.
  EXPECT_EQ(inverse.units_per_lot_mark, 10'000'000'000'000);
  EXPECT_EQ(inverse.marks_per_tick, 5);
  EXPECT_EQ(inverse.open_interest_max.raw, std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(settings("BTC-PERP").expiry.ns, 0);
  EXPECT_EQ(instrument("BTC-MAR").payoff, risk::Payoff::Inverse);
  EXPECT_EQ(settings("BTC-MAR").expiry.ns, 1'774'598'400'000'000'000);  // 2026-03-27T08:00:00Z
  EXPECT_EQ(settings("BTC-MAR").kind, InstrumentKind::InverseFuture);

  EXPECT_EQ(instrument("ETH-PERP").payoff, risk::Payoff::Linear);
  EXPECT_EQ(instrument("ETH-PERP").open_interest_max.raw, 2'500'005);  // lots of 0.1
  EXPECT_EQ(instrument("SOL-MAR").risk, risk::RiskSource::Factor);
  EXPECT_EQ(instrument("SPY").fee_ppm, 30);

  const risk::InstrumentParameters& spot = instrument("BTC-USDC");
  EXPECT_EQ(spot.payoff, risk::Payoff::Spot);
  EXPECT_EQ(spot.base, model().names.assets.find("BTC"));
  EXPECT_EQ(spot.base_per_lot, 1'000'000);  // 0.0001 of ten decimals
  EXPECT_EQ(spot.units_per_lot_mark, 1);    // 0.0001 of four
}

TEST(ConfigModel, OptionsAndTableRisk) {
  const risk::InstrumentParameters& call = instrument("BTC-C");
  EXPECT_EQ(call.payoff, risk::Payoff::Linear);
  EXPECT_EQ(call.risk, risk::RiskSource::Table);
  EXPECT_EQ(call.row, 0u);
  EXPECT_TRUE(call.upfront);
  EXPECT_FALSE(call.long_value);
  EXPECT_EQ(call.reference, model().names.instruments.find("BTC-USDC"));
  EXPECT_EQ(call.reference_lots_ppm, 10'000);
  // 10,000 dollars are 1e13 fines of 1e-9: in units of 1e5 1e8, in units of 1e4 too many.
  EXPECT_EQ(call.vector_unit, 100'000);
  EXPECT_EQ(call.vector_cap, 100'000'000);
  EXPECT_EQ(settings("BTC-C").strike, 100'000'000'000'000);
  EXPECT_EQ(settings("BTC-C").option_type, OptionType::Call);

  const risk::InstrumentParameters& put = instrument("BTC-P");
  EXPECT_EQ(put.row, 1u);
  EXPECT_FALSE(put.upfront);
  EXPECT_TRUE(put.long_value);
  EXPECT_FALSE(put.reference.exists());
  EXPECT_EQ(put.vector_unit, 1'000);  // 2^28 of them exactly
  EXPECT_EQ(put.vector_cap, 1 << 28);
  EXPECT_EQ(settings("BTC-P").strike, 90'000'500'000'000);
  EXPECT_EQ(settings("BTC-P").option_type, OptionType::Put);

  const risk::InstrumentParameters& wheat = instrument("WHEAT-MAR");
  EXPECT_EQ(wheat.risk, risk::RiskSource::Table);
  EXPECT_EQ(wheat.row, 0u);
  EXPECT_EQ(wheat.vector_unit, 100'000);  // a tenth of it would be 2^28 and a bit
  EXPECT_EQ(wheat.vector_cap, 26'843'546);
  EXPECT_EQ(group_parameters("bitcoin").row_count, 2u);
  EXPECT_EQ(group_parameters("grain").row_count, 1u);
  EXPECT_EQ(group_parameters("alts").row_count, 0u);
  EXPECT_EQ(group_parameters("bitcoin").table_age_max_ns, 5'000'000'000);
  EXPECT_EQ(group_parameters("bitcoin").table_move_max_ppm, 5'000);
  EXPECT_EQ(group_parameters("grain").table_move_max_ppm, 0);  // no option: by default

  const std::uint32_t bitcoin = model().names.risk_groups.find("bitcoin").value;
  ASSERT_TRUE(model().groups[bitcoin].rebuild);
  const TableRebuildSettings& rebuild = *model().groups[bitcoin].rebuild;
  EXPECT_EQ(rebuild.anchor, model().names.instruments.find("BTC-MAR"));
  EXPECT_EQ(rebuild.age_ns, 1'000'000'000);
  EXPECT_EQ(rebuild.pause_ns, 100'000'000);
  EXPECT_EQ(rebuild.price_move_ppm, 1'000);
  EXPECT_EQ(rebuild.volatility_move_ppm, 10'000);
  EXPECT_EQ(rebuild.price_age_max_ns, 2'000'000'000);
  EXPECT_EQ(rebuild.volatility_age_max_ns, 4'000'000'000);
  EXPECT_EQ(rebuild.basis_max_ppm, 100'000);
  EXPECT_FALSE(model().groups[model().names.risk_groups.find("grain").value].rebuild);
}

TEST(ConfigModel, GroupsAndScopes) {
  const risk::Parameters& p = model().parameters;
  EXPECT_EQ(group_parameters("bitcoin").kappa_ppm, 600'000);
  EXPECT_EQ(group_parameters("bitcoin").gain_cap.raw, 20'000'000'000);
  EXPECT_EQ(group_parameters("alts").gain_cap.raw, risk::kValueMax);
  EXPECT_EQ(group_parameters("equity").gain_cap.raw, risk::kValueMax);
  const GroupSettings& bitcoin = model().groups[group("bitcoin").value];
  ASSERT_TRUE(bitcoin.volatility);
  EXPECT_EQ(bitcoin.volatility->up_ppm, 500'000);
  EXPECT_EQ(bitcoin.volatility->down_ppm, 250'000);
  EXPECT_EQ(bitcoin.volatility->short_power_ppm, 300'000);
  EXPECT_EQ(bitcoin.volatility->long_power_ppm, 130'000);
  EXPECT_EQ(bitcoin.volatility->pivot_days, 30);
  EXPECT_EQ(bitcoin.volatility->floor_up_ppm, 500'000);
  EXPECT_FALSE(model().groups[group("alts").value].volatility);

  EXPECT_EQ(p.per_group.combine, risk::Combine::Sum);
  EXPECT_EQ(p.joint.combine, risk::Combine::Max);
  EXPECT_EQ(p.per_group.initial_mult_ppm, 1'300'000);
  EXPECT_EQ(p.per_group.maintenance_mult_ppm, 1'000'000);
  EXPECT_EQ(p.joint.initial_mult_ppm, 1'000'000);
  EXPECT_EQ(p.joint.maintenance_mult_ppm, 800'000);
  EXPECT_TRUE(p.maintenance_includes_orders);
  EXPECT_TRUE(p.liquidation_lock);
  EXPECT_EQ(p.exit_allowance_ppm, 100'000);
  EXPECT_EQ(p.transfer_notional_ppm, 20'000);
  EXPECT_TRUE(p.leverage.plain_equity);
  EXPECT_TRUE(p.leverage.by_premium);
  EXPECT_TRUE(p.leverage.spot);
  ASSERT_EQ(p.bands.size(), 4u);
  EXPECT_EQ(p.bands[0].state, risk::MarginState::Warned);
  EXPECT_EQ(p.bands[0].enter_ppm, 1'200'000);
  EXPECT_EQ(p.bands[0].exit_ppm, 1'250'000);
  EXPECT_EQ(p.bands[2].basis, risk::MarginBasis::Maintenance);
}

TEST(ConfigModel, Sets) {
  ASSERT_EQ(model().parameters.sets.size(), 5u);
  const risk::SetParameters& range = scenario_set("range");
  EXPECT_EQ(range.scope, risk::SetScope::PerGroup);
  EXPECT_EQ(range.measure, risk::SetMeasure::Worst);
  EXPECT_EQ(range.action, risk::SetAction::Enforce);
  EXPECT_TRUE(range.initial);
  EXPECT_TRUE(range.maintenance);
  EXPECT_EQ(range.weight_ppm, 750'000);
  // bitcoin, alts, equity, grain, stable
  EXPECT_EQ(range.column_count, (std::vector<std::uint32_t>{9 * 3 + 4, 7 + 2, 0, 5, 0}));
  const risk::SetParameters& tail = scenario_set("tail");
  EXPECT_EQ(tail.measure, risk::SetMeasure::ExpectedShortfall);
  EXPECT_EQ(tail.tail_numerator, 1);
  EXPECT_EQ(tail.tail_denominator, 4);
  EXPECT_EQ(tail.action, risk::SetAction::Warn);
  EXPECT_TRUE(tail.initial);
  EXPECT_FALSE(tail.maintenance);
  EXPECT_EQ(tail.first_column, (std::vector<std::uint32_t>{31, 12, 6, 5, 0}));
  const risk::SetParameters& days = scenario_set("days");
  EXPECT_EQ(days.scope, risk::SetScope::Joint);
  EXPECT_EQ(days.action, risk::SetAction::Report);
  EXPECT_FALSE(days.initial);
  EXPECT_TRUE(days.maintenance);
  EXPECT_EQ(days.column_count, (std::vector<std::uint32_t>{4, 4, 4, 4, 4}));
  EXPECT_EQ(scenario_set("break").joint_weight_ppm, 800'000);
  EXPECT_EQ(scenario_set("apart").weight_ppm, risk::kPpm);
}

TEST(ConfigModel, ColumnsAndTheirShocks) {
  // Every point of the grid three times, then the moves beyond it, damped to its edge.
  std::vector<std::int32_t> expected;
  for (std::int32_t point = -4; point <= 4; ++point) {
    expected.insert(expected.end(), 3, point * 40'000);
  }
  expected.insert(expected.end(), {-160'000, -160'000, 160'000, 160'000});
  EXPECT_EQ(shocks("range", "bitcoin", 0), expected);
  const std::vector<ColumnSettings>& columns = model().groups[group("bitcoin").value].columns;
  EXPECT_EQ(columns.size(), group_parameters("bitcoin").column_count);
  EXPECT_EQ(columns[0].volatility, -1);
  EXPECT_EQ(columns[1].volatility, 0);
  EXPECT_EQ(columns[2].volatility, 1);
  EXPECT_EQ(columns[2].moves_ppm, (std::vector<std::int32_t>{-160'000}));
  EXPECT_EQ(columns[27].moves_ppm, (std::vector<std::int32_t>{-660'000}));
  EXPECT_EQ(columns[27].volatility, 1);
  EXPECT_EQ(columns[27].weight_numerator, 8);  // 0.16 / 0.66
  EXPECT_EQ(columns[27].weight_denominator, 33);
  const SetNames& names = model().names.sets[0];
  EXPECT_EQ(names.columns[0][0], "BTC -0.16, volatility down");
  EXPECT_EQ(names.columns[0][1], "BTC -0.16");
  EXPECT_EQ(names.columns[0][27], "BTC -0.66, volatility up, damped");
  EXPECT_EQ(names.columns[1][8], "ETH 0.7, SOL 0.7, damped");

  EXPECT_EQ(shocks("range", "alts", 0),
            (std::vector<std::int32_t>{-180'000, -120'000, -60'000, 0, 60'000, 120'000, 180'000,
                                       -150'000, 210'000}));
  EXPECT_EQ(shocks("range", "alts", 1),
            (std::vector<std::int32_t>{-240'000, -160'000, -80'000, 0, 80'000, 160'000, 240'000,
                                       -150'000, 210'000}));
  // 160001 * 0.35 = 56000.35, away from zero both ways.
  EXPECT_EQ(shocks("range", "grain", 0),
            (std::vector<std::int32_t>{0, 80'000, -80'000, 56'001, -56'001}));
  const ColumnSettings& extreme = model().groups[group("grain").value].columns[3];
  EXPECT_EQ(extreme.volatility, -1);
  EXPECT_EQ(extreme.weight_numerator, 7);
  EXPECT_EQ(extreme.weight_denominator, 20);

  // Joint columns are everywhere; -50000 * 0.5.
  EXPECT_EQ(shocks("break", "stable", 0), (std::vector<std::int32_t>{0, -25'000}));
  EXPECT_EQ(shocks("break", "bitcoin", 0), (std::vector<std::int32_t>{-371'695, 0}));
  EXPECT_EQ(model().groups[group("bitcoin").value].columns[31 + 8 + 1].volatility, 1);
  // A weight for each group: 0.5 of the stable one, 0.75 of bitcoin's, 1 of those not named.
  EXPECT_EQ(model().groups[group("bitcoin").value].columns[31 + 8 + 1].weight_numerator, 3);
  EXPECT_EQ(model().groups[group("bitcoin").value].columns[31 + 8 + 1].weight_denominator, 4);
  EXPECT_EQ(model().groups[group("grain").value].columns[5 + 1].weight_denominator, 1);
}

TEST(ConfigModel, Histories) {
  // The six newest days of SPY and EUR, in their order.
  EXPECT_EQ(shocks("apart", "equity", 0),
            (std::vector<std::int32_t>{-78'094, 51'745, -48'748, -95'677, 85'486, -109'424}));
  EXPECT_EQ(shocks("apart", "equity", 1),
            (std::vector<std::int32_t>{9'300, -8'100, -3'400, -6'100, -2'900, 5'200}));
  EXPECT_EQ(shocks("tail", "bitcoin", 0).front(), -10'312);
  // Factors that the file does not have do not move.
  EXPECT_EQ(shocks("days", "alts", 0),
            (std::vector<std::int32_t>{-11'870, -423'472, 89'111, -111'000}));
  EXPECT_EQ(shocks("days", "alts", 1), (std::vector<std::int32_t>{0, 0, 0, 0}));
  EXPECT_EQ(model().names.sets[1].columns[group("equity").value][0], "2020-03-09");
}

TEST(ConfigModel, AddOns) {
  const risk::GroupParameters& bitcoin = group_parameters("bitcoin");
  const AddOnNames& names = model().names.add_ons[group("bitcoin").value];
  EXPECT_EQ(names.add_ons, (std::vector<std::string>{"size", "roll", "delta", "short_options"}));
  EXPECT_EQ(names.drivers,
            (std::vector<std::string>{
                "size: BTC-PERP", "size: BTC-MAR", "size: BTC-C", "size: BTC-P", "roll: no expiry",
                "roll: 2025-12-26T08:00:00Z", "roll: 2026-03-27T08:00:00Z", "delta", "delta: short",
                "delta: offset", "short_options: 2025-12-26T08:00:00Z 90000.5 put",
                "short_options: 2026-03-27T08:00:00Z 100000 call"}));
  ASSERT_EQ(bitcoin.add_ons.size(), 4u);
  ASSERT_EQ(bitcoin.drivers.size(), names.drivers.size());
  const auto instruments_of = [&](std::size_t driver) {
    std::vector<std::string> found;
    for (const risk::DriverTerm& term : bitcoin.drivers[driver].terms) {
      found.push_back(model().names.instruments.name(term.instrument));
    }
    return found;
  };
  using Strings = std::vector<std::string>;

  const risk::AddOnParameters& size = bitcoin.add_ons[0];
  EXPECT_EQ(size.function, risk::AddOnFunction::Tiers);
  EXPECT_EQ(size.place, risk::AddOnPlace::Group);
  EXPECT_EQ(size.drivers, (std::vector<std::uint32_t>{0, 1, 2, 3}));
  ASSERT_EQ(size.initial.size(), 2u);
  EXPECT_EQ(size.initial[0].upto.raw, 1'000'000'000);
  EXPECT_EQ(size.initial[0].rate_ppm, 5'000);
  EXPECT_EQ(size.initial[1].upto.raw, risk::kValueMax);
  ASSERT_EQ(size.maintenance.size(), 1u);
  EXPECT_EQ(size.maintenance[0].rate_ppm, 4'000);
  EXPECT_EQ(size.ramped_by, model().names.instruments.find("ETH-PERP"));
  EXPECT_EQ(size.open_interest_low.raw, 10'000);
  EXPECT_EQ(size.open_interest_high.raw, 50'005);
  EXPECT_EQ(bitcoin.drivers[0].reach, risk::Reach::Gross);
  EXPECT_EQ(bitcoin.drivers[0].measure, risk::Measure::Notional);
  EXPECT_EQ(instruments_of(1), Strings{"BTC-MAR"});

  const risk::AddOnParameters& roll = bitcoin.add_ons[1];
  EXPECT_EQ(roll.function, risk::AddOnFunction::Hedged);
  EXPECT_EQ(roll.place, risk::AddOnPlace::Outside);
  EXPECT_EQ(roll.drivers, (std::vector<std::uint32_t>{4, 5, 6}));
  EXPECT_TRUE(roll.maintenance.empty());
  EXPECT_EQ(instruments_of(4), Strings{"BTC-PERP"});
  EXPECT_EQ(instruments_of(6), (Strings{"BTC-MAR", "BTC-C"}));
  EXPECT_EQ(bitcoin.drivers[6].measure, risk::Measure::Delta);

  const risk::AddOnParameters& delta = bitcoin.add_ons[2];
  EXPECT_EQ(delta.function, risk::AddOnFunction::Ramp);
  EXPECT_EQ(delta.place, risk::AddOnPlace::Joint);
  EXPECT_EQ(delta.drivers, (std::vector<std::uint32_t>{7, 8, 9}));
  EXPECT_EQ(delta.threshold.raw, 20'000'000'000);
  EXPECT_EQ(delta.per, model().names.assets.find("BTC"));
  EXPECT_EQ(delta.per_units, 10'000'000'000);
  EXPECT_EQ(delta.slope_ppm, 50);
  EXPECT_EQ(delta.most_ppm, 100'000);
  EXPECT_EQ(instruments_of(7), (Strings{"BTC-PERP", "BTC-MAR"}));
  EXPECT_EQ(bitcoin.drivers[7].reach, risk::Reach::ShortNet);
  EXPECT_EQ(instruments_of(8), (Strings{"BTC-C", "BTC-P"}));
  EXPECT_EQ(bitcoin.drivers[8].reach, risk::Reach::ShortNet);
  EXPECT_EQ(instruments_of(9), (Strings{"BTC-C", "BTC-P"}));
  EXPECT_EQ(bitcoin.drivers[9].reach, risk::Reach::LongNet);

  EXPECT_EQ(bitcoin.add_ons[3].place, risk::AddOnPlace::Floor);
  EXPECT_EQ(bitcoin.drivers[10].measure, risk::Measure::InitialCharge);

  const risk::GroupParameters& grain = group_parameters("grain");
  ASSERT_EQ(grain.add_ons.size(), 1u);
  // 37.5 dollars are 37,500 quanta.
  EXPECT_EQ(grain.drivers[0].terms[0].per_lot.raw, risk::Int128{37'500} * 1'000'000'000);
  // The other group's own drivers: ETH-PERP alone moves with ETH.
  ASSERT_EQ(group_parameters("alts").add_ons.size(), 1u);
  EXPECT_EQ(model().names.add_ons[group("alts").value].drivers, Strings{"size: ETH-PERP"});
  EXPECT_EQ(group_parameters("alts").add_ons[0].drivers, (std::vector<std::uint32_t>{0}));
}

TEST(ConfigModel, LimitsAndAccounts) {
  const risk::Parameters& p = model().parameters;
  const risk::LimitProfile& trader = p.profiles[model().names.profiles.find("trader").value];
  ASSERT_EQ(trader.leverage_brackets.size(), 3u);
  EXPECT_EQ(trader.leverage_brackets[1].upto.raw, 5'000'000'000);
  EXPECT_EQ(trader.leverage_brackets[1].max_ppm, 10'500'000);
  EXPECT_EQ(trader.leverage_brackets[2].upto.raw, risk::kValueMax);
  EXPECT_EQ(trader.daily_loss_max.raw, 250'000'000);
  const std::uint32_t eth = model().names.instruments.find("ETH-PERP").value;
  EXPECT_EQ(trader.instruments[eth].open_interest_share_ppm, 250'000);
  EXPECT_EQ(p.profiles[0].daily_loss_max.raw, risk::kValueMax);
  EXPECT_EQ(p.profiles[0].instruments[eth].open_interest_share_ppm, risk::kPpm);

  const risk::AccountParameters& maker = p.accounts[0];
  EXPECT_EQ(maker.executions.interval_ns, 10'000'000);
  EXPECT_EQ(maker.executions.burst, 200);
  ASSERT_EQ(maker.protections.size(), 1u);
  EXPECT_EQ(maker.protections[0].group, group("bitcoin"));
  EXPECT_EQ(maker.protections[0].lots.raw, 12);
  EXPECT_FALSE(maker.isolated_from.exists());
  EXPECT_FALSE(maker.cash_only);
  EXPECT_EQ(p.accounts[1].isolated_from, risk::AccountIndex{0});
  EXPECT_EQ(p.accounts[1].isolated_in, risk::InstrumentIndex{eth});
  EXPECT_TRUE(p.accounts[2].cash_only);
}

// With values that differ, so that none stands for another.
TEST(ConfigModel, EachLimitAndRateIsItsOwn) {
  Texts texts = test::read_model();
  const auto set = [&](const std::string& file, const std::string& path, const std::string& value) {
    test::apply(texts, {Change::Kind::Set, file, path, value});
  };
  const auto limit = [&](const std::string& key, const std::string& value) {
    set("limits.json", "profiles.trader." + key, value);
  };
  limit("gross_notional_max", R"("90000001")");
  limit("open_orders_max", "77");
  limit("leverage_max", R"("12.5")");
  limit("leverage_brackets", R"([{ "upto": null, "max": "12.5" }])");
  limit("instruments.ETH-PERP.clip", R"("90.1")");
  limit("instruments.ETH-PERP.notional_max", R"("4000000.001")");
  limit("instruments.ETH-PERP.collar", R"("0.012")");
  limit("instruments.ETH-PERP.long_max", R"("410.3")");
  limit("instruments.ETH-PERP.short_max", R"("420.4")");
  limit("instruments.ETH-PERP.gross_notional_max", R"("43000000")");
  limit("instruments.ETH-PERP.restricted", "true");
  set("limits.json", "accounts.maker.rate",
      R"({ "per_second": 101, "burst": 51, "exit_per_second": 203, "exit_burst": 207 })");
  set("instruments.json", "instruments.ETH-PERP.maker_fee_ppm", "450");
  set("instruments.json", "instruments.ETH-PERP.taker_fee_ppm", "-20");
  set("instruments.json", "instruments.SPY.taker_fee_ppm", "-30");
  set("assets.json", "assets.ETH.debt_addon", R"("0.07")");
  const LoadResult result = load_model_texts(texts);
  ASSERT_EQ(test::problems_text(result), "");
  const Deployment& d = result.deployment;
  const risk::Parameters& p = d.parameters;
  const risk::InstrumentIndex eth = d.names.instruments.find("ETH-PERP");  // lots of 0.1
  const risk::LimitProfile& trader = p.profiles[d.names.profiles.find("trader").value];
  EXPECT_EQ(trader.gross_notional_max.raw, 90'000'001'000);
  EXPECT_EQ(trader.open_orders_max, 77);
  EXPECT_EQ(trader.leverage_max_ppm, 12'500'000);
  const risk::InstrumentLimits& limits = trader.instruments[eth.value];
  EXPECT_EQ(limits.clip.raw, 901);
  EXPECT_EQ(limits.notional_max.raw, 4'000'000'001);
  EXPECT_EQ(limits.collar_ppm, 12'000);
  EXPECT_EQ(limits.collar_underlying_ppm, 0);
  EXPECT_EQ(limits.collar_ticks, 0);
  const risk::InstrumentLimits& call = trader.instruments[d.names.instruments.find("BTC-C").value];
  EXPECT_EQ(call.collar_underlying_ppm, 2'000);
  EXPECT_EQ(call.collar_ticks, 30);
  EXPECT_EQ(limits.long_max.raw, 4'103);
  EXPECT_EQ(limits.short_max.raw, 4'204);
  EXPECT_EQ(limits.gross_notional_max.raw, 43'000'000'000);
  EXPECT_TRUE(limits.restricted);
  EXPECT_FALSE(p.profiles[d.names.profiles.find("house").value].instruments[eth.value].restricted);
  const risk::RateLimit& rate = p.accounts[0].rate;
  EXPECT_EQ(rate.per_second, 101);
  EXPECT_EQ(rate.burst, 51);
  EXPECT_EQ(rate.exit_per_second, 203);
  EXPECT_EQ(rate.exit_burst, 207);
  // The larger fee counts, and a rebate never does.
  EXPECT_EQ(p.instruments[eth.value].fee_ppm, 450);
  EXPECT_EQ(p.instruments[d.names.instruments.find("SPY").value].fee_ppm, 0);
  EXPECT_TRUE(p.instruments[eth.value].market_orders);
  EXPECT_FALSE(p.instruments[d.names.instruments.find("BTC-C").value].market_orders);
  EXPECT_EQ(p.assets[d.names.assets.find("ETH").value].debt_addon_ppm, 70'000);
}

TEST(ConfigModel, WhatStandsForKeysThatAreNotThere) {
  Texts texts = test::read_model();
  const auto drop = [&](const std::string& path) {
    test::apply(texts, {kRemove, "margin.json", path, ""});
  };
  drop("bands");
  drop("maintenance_group_mult");
  drop("maintenance_joint_mult");
  drop("combine_joint");
  drop("maintenance_includes_orders");
  drop("liquidation_lock");
  drop("exit_allowance");
  drop("transfer_notional");
  drop("leverage_equity");
  drop("leverage_options");
  drop("leverage_spot");
  drop("add_ons");
  const LoadResult result = load_model_texts(texts);
  ASSERT_EQ(test::problems_text(result), "");
  const risk::Parameters& p = result.deployment.parameters;
  ASSERT_EQ(p.bands.size(), 3u);
  const auto is = [](const risk::BandParameters& band, risk::MarginState state,
                     risk::MarginBasis basis, std::int64_t at) {
    return band.state == state && band.basis == basis && band.enter_ppm == at &&
           band.exit_ppm == at;
  };
  using risk::MarginBasis;
  using risk::MarginState;
  EXPECT_TRUE(is(p.bands[0], MarginState::Restricted, MarginBasis::Initial, risk::kPpm));
  EXPECT_TRUE(is(p.bands[1], MarginState::Liquidation, MarginBasis::Maintenance, risk::kPpm));
  EXPECT_TRUE(is(p.bands[2], MarginState::Bankrupt, MarginBasis::Maintenance, 0));
  EXPECT_EQ(p.per_group.maintenance_mult_ppm, 1'300'000);
  EXPECT_EQ(p.joint.maintenance_mult_ppm, 1'000'000);
  EXPECT_EQ(p.joint.combine, risk::Combine::Max);
  EXPECT_FALSE(p.maintenance_includes_orders);
  EXPECT_FALSE(p.liquidation_lock);
  EXPECT_EQ(p.exit_allowance_ppm, 0);
  EXPECT_EQ(p.transfer_notional_ppm, 0);
  EXPECT_FALSE(p.leverage.plain_equity);
  EXPECT_FALSE(p.leverage.by_premium);
  EXPECT_FALSE(p.leverage.spot);
  for (const risk::GroupParameters& group : p.groups) EXPECT_TRUE(group.add_ons.empty());
}

// A deployment of the model's files, with the other three.
Texts whole_deployment() {
  Texts texts = test::read_model();
  const Json instruments = parse_json(texts["instruments.json"]).json;
  std::string feeds;
  std::string aliases;
  std::string names;
  for (const JsonMember& instrument : instruments.find("instruments")->members) {
    const std::string name = quote(instrument.name);
    const Json& venue = *instrument.value.find("venue");
    // The gate builds the table of the first group: of what sources say.
    const bool is_referred_to =
        instrument.name == "BTC-MAR" || instrument.name == "BTC-C" || instrument.name == "BTC-P";
    feeds += fmt::format(
        "{}{}:{}", feeds.empty() ? "" : ",", name,
        is_referred_to
            ? fmt::format(
                  R"({{"max_age_ms":1000,"reference":{{"rule":"median","sources":[{{"source":"d",
                       "symbol":{},"field":"mark","role":"voter"}}],"min_sources":1,
                       "max_age_ms":1000,"divergence_max":"0","price_min":"1","jump":{{"max":"1",
                       "confirm_updates":1,"confirm_another":false}}}}}})",
                  name)
            : R"({"no_feed":true})");
    aliases +=
        fmt::format("{}{}:{{\"instrument\":{},\"price_scale\":{},\"quantity_scale\":{}}}",
                    aliases.empty() ? "" : ",", quote(venue.find("symbol")->text), name,
                    to_text(*venue.find("price_scale")), to_text(*venue.find("quantity_scale")));
    names += fmt::format("{}{}", names.empty() ? "" : ",", name);
  }
  std::string assets;
  for (const std::string& name : model().names.assets.names()) {
    assets += fmt::format("{}{}:{{\"fixed\":\"1\"}}", assets.empty() ? "" : ",", quote(name));
  }
  texts["feeds.json"] = fmt::format(
      R"({{"recording":{{"file":"m","format":"csv","speed":"1","repeat":false}},"conflation_ms":1,
           "queue_slots":64,"instruments":{{{}}},"assets":{{{}}},"sources":{{"d":{{"venue":"d",
           "dialect":"deribit","file":"d","ahead_max_ms":0}}}}}})",
      feeds, assets);
  texts["sessions.json"] = fmt::format(
      R"({{"alias_sets":{{"all":{{{}}}}},"sessions":{{"S":{{"member":"alpha","password_env":"P",
           "accounts":["maker"],"default_account":"maker","alias_set":"all","instruments":[{}],
           "actions":["enter"],"cancel_on_disconnect":true,"disconnect_grace_ms":0,"dead_man_ms":0,
           "duplicate_login":"refuse","slow_consumer":"disconnect","reject_arithmetic_debug":false,
           "rate":{{"per_second":1,"burst":1,"exit_per_second":1,"exit_burst":1}}}}}}}})",
      aliases, names);
  Json process = parse_json(test::read_example()["process.json"]).json;
  *test::find(process, "venue.suspense_account") = Json{};
  texts["process.json"] = to_text(process);
  return texts;
}

// All that the language can say a gate takes.
TEST(ConfigModel, AGateStartsOnAllOfIt) {
  EXPECT_EQ(test::problems_text(load_texts(whole_deployment(), "folder")), "");
}

// The journal keeps one text: the history is in it.
TEST(ConfigModel, CanonicalTextKeepsTheHistories) {
  const LoadResult result = load_texts(whole_deployment(), "folder");
  const std::string unbuilt = test::problems_text(result);
  const LoadResult again = load_canonical(result.deployment.canonical_text, "elsewhere");
  EXPECT_EQ(test::problems_text(again), unbuilt);
  EXPECT_EQ(again.deployment.canonical_text, result.deployment.canonical_text);
  EXPECT_EQ(again.deployment.parameters.groups[2].shock_ppm,
            model().parameters.groups[2].shock_ppm);

  Texts other = whole_deployment();
  other["returns.csv"].back() = ' ';
  EXPECT_NE(test::problems_text(load_texts(other, "folder")), unbuilt);
  other = whole_deployment();
  other["returns.csv"] += "2020-03-17,1,1,1,1\n";
  EXPECT_NE(load_texts(other, "folder").deployment.canonical_hash,
            result.deployment.canonical_hash);
}

// What is bought spot is a balance.
TEST(ConfigModel, AStateFileHasNoPositionInSpot) {
  const StateFile state = parse_state(
      R"({"as_of": "2026-01-05T00:00:00Z", "by": "x", "balances": [],
          "positions": [{"account": "maker", "instrument": "BTC-USDC", "quantity": "1",
                         "entry_price": "100000"}]})",
      "s.json", model());
  ASSERT_EQ(state.problems.size(), 1u);
  EXPECT_EQ(to_text(state.problems[0]),
            "s.json: positions[0].instrument: \"BTC-USDC\": is spot: what is bought is a balance, "
            "and there is no position");
}

}  // namespace
}  // namespace portcullis::config::config_model_test
