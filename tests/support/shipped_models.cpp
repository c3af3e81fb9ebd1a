#include "tests/support/shipped_models.h"
#include "tests/support/paths.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "config/load.h"
#include "feeds/table_builder.h"
#include "gateway/commands/margin_answer.h"
#include "gateway/commands/margin_evaluation.h"
#include "gateway/commands/margin_input.h"
#include "tests/support/example_config.h"

namespace portcullis::test {

namespace {

using Problems = std::vector<config::Problem>;

void expect_none(const Problems& problems) {
  for (const config::Problem& problem : problems) ADD_FAILURE() << to_text(problem);
}

std::optional<gateway::Portfolio> read(const config::Deployment& model, const std::string& text) {
  const gateway::PortfolioTexts texts = gateway::split_portfolios(text);
  EXPECT_EQ(texts.portfolios.size(), 1u) << text;
  if (texts.portfolios.size() != 1) return std::nullopt;
  const config::JsonResult json = config::parse_json(texts.portfolios[0].json);
  EXPECT_EQ(json.error, "");
  Problems problems;
  auto portfolio = gateway::read_portfolio(json.json, "portfolio", model, problems);
  expect_none(problems);
  return portfolio;
}

}  // namespace

std::vector<std::string> shipped_models() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(shipped_folder("")))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::filesystem::path shipped_folder(std::string_view model) {
  return std::filesystem::path(test::source_dir()) / "config" / "models" / model;
}

const config::Deployment& shipped_model(std::string_view model) {
  static std::map<std::string, config::LoadResult, std::less<>> loaded;
  auto found = loaded.find(model);
  if (found == loaded.end()) {
    found = loaded.emplace(model, config::load_model(shipped_folder(model))).first;
    EXPECT_EQ(problems_text(found->second), "") << model;
  }
  return found->second.deployment;
}

gateway::Portfolio shipped_portfolio(std::string_view model) {
  auto portfolio = read(shipped_model(model), read_file(shipped_folder(model) / "portfolio.json"));
  return portfolio ? *std::move(portfolio) : gateway::Portfolio{};
}

namespace {

double to_double(std::int64_t value, int decimals) {
  return static_cast<double>(value) / std::pow(10.0, decimals);
}

feeds::TableOption option_of(const config::Deployment& model, const gateway::Portfolio& portfolio,
                             const risk::GroupParameters& group, std::uint32_t i) {
  const risk::InstrumentParameters& instrument = model.parameters.instruments[i];
  const config::InstrumentSettings& settings = model.instruments[i];
  const risk::AssetParameters& asset = model.parameters.assets[instrument.settlement.value];
  const config::AssetSettings& settlement = model.assets[instrument.settlement.value];
  feeds::TableOption option;
  option.kind = settings.option_type == config::OptionType::Call ? feeds::OptionKind::Call
                                                                 : feeds::OptionKind::Put;
  option.strike = to_double(settings.strike, config::kStrikeScale);
  option.multiplier =
      to_double(instrument.units_per_lot_mark, settlement.decimals - settings.mark_decimals);
  option.factor = instrument.factor.value - group.first_factor;
  if (asset.mode != risk::CollateralMode::Static)
    option.settlement_factor = asset.factor.value - group.first_factor;
  option.premium = asset.factor == instrument.factor ? feeds::Premium::Coin : feeds::Premium::Cash;
  option.in_balance = !instrument.upfront;
  option.market = *portfolio.instruments[i].market;
  option.market.settlement_index =
      to_double(portfolio.assets[instrument.settlement.value].index, settlement.index_decimals);
  return option;
}

feeds::RiskArray array_of(const gateway::PortfolioInstrument& instrument, std::size_t columns,
                          std::int64_t vector_unit) {
  feeds::RiskArray array;
  array.gains.resize(columns);
  for (std::size_t c = 0; instrument.vector && c < columns; ++c)
    array.gains[c] = (*instrument.vector)[c] / vector_unit;
  array.measures = instrument.measures;
  return array;
}

}  // namespace

risk::RiskTable shipped_table(const config::Deployment& model, const gateway::Portfolio& portfolio,
                              risk::GroupIndex group_index) {
  const risk::GroupParameters& group = model.parameters.groups[group_index.value];
  const config::GroupSettings& settings = model.groups[group_index.value];
  feeds::TableDescription description;
  description.parameter_version = model.parameters.version;
  description.group = group_index;
  description.risk_decimals = model.risk_decimals;
  for (const config::ColumnSettings& column : settings.columns) {
    description.columns.push_back(
        {.move_ppm = column.moves_ppm,
         .volatility = static_cast<feeds::VolatilityShift>(column.volatility + 1),
         .weight_numerator = column.weight_numerator,
         .weight_denominator = column.weight_denominator});
  }
  description.table_move_max_ppm = group.table_move_max_ppm;
  description.volatility.days_min_ppm = risk::kPpm;
  if (settings.volatility) {
    description.volatility = {.up_ppm = settings.volatility->up_ppm,
                              .down_ppm = settings.volatility->down_ppm,
                              .pivot_days = settings.volatility->pivot_days,
                              .short_power_ppm = settings.volatility->short_power_ppm,
                              .long_power_ppm = settings.volatility->long_power_ppm,
                              .floor_up_ppm = settings.volatility->floor_up_ppm,
                              .days_min_ppm = risk::kPpm};
  }
  description.rows.resize(group.row_count);
  for (std::uint32_t i = 0; i < model.parameters.instruments.size(); ++i) {
    const risk::InstrumentParameters& instrument = model.parameters.instruments[i];
    if (instrument.risk != risk::RiskSource::Table) continue;
    if (instrument.factor.value - group.first_factor >= group.factor_count) continue;
    feeds::TableRow& row = description.rows[instrument.row];
    row.vector_unit = instrument.vector_unit;
    row.vector_cap = instrument.vector_cap;
    if (portfolio.instruments[i].market) {
      row.source = option_of(model, portfolio, group, i);
    } else {
      row.source =
          array_of(portfolio.instruments[i], settings.columns.size(), instrument.vector_unit);
    }
  }
  feeds::BuiltTable built = feeds::build_table(description);
  for (const feeds::TableProblem& problem : built.problems)
    ADD_FAILURE() << feeds::to_text(problem, description);
  return built.table ? *std::move(built.table) : risk::RiskTable{};
}

config::Json margin_answer(std::string_view model, const std::string& portfolio) {
  return margin_answer(shipped_model(model), portfolio);
}

config::Json margin_answer(const config::Deployment& deployment, const std::string& portfolio) {
  const auto asked = read(deployment, portfolio);
  if (!asked) return {};
  Problems problems;
  const auto evaluation = gateway::evaluate(deployment, *asked, "portfolio", problems);
  expect_none(problems);
  if (!evaluation) return {};
  return config::parse_json(gateway::answer_json(deployment, *asked, *evaluation)).json;
}

std::string text_at(const config::Json& answer, std::string_view path) {
  config::Json json = answer;
  const config::Json* const found = find(json, path);
  if (found == nullptr) return "nothing at " + std::string(path);
  if (found->kind == config::Json::Kind::Null) return "-";
  return found->kind == config::Json::Kind::Text ? found->text : config::to_text(*found);
}

}  // namespace portcullis::test
