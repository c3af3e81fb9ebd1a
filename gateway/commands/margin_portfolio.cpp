#include "gateway/commands/margin_portfolio.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "config/decimal.h"
#include "config/head_room.h"
#include "config/iso_time.h"
#include "config/json_reader.h"

namespace portcullis::gateway {

namespace {

using config::JsonReader;
using risk::Int128;

constexpr std::int64_t kFundingRateMax = 1'000'000'000;
constexpr int kMarketScale = 9;  // of forwards, volatilities and discounts
constexpr std::int64_t kMarketUnit = 1'000'000'000;
constexpr std::int64_t kVolatilityMax = 100 * kMarketUnit;
// Portfolios without a time are as of some time after the epoch: prices of time 0 are missing ones.
constexpr risk::Timestamp kSomeTime{1};

std::int64_t magnitude(std::int64_t value) { return value < 0 ? -value : value; }

// floor(a * b * c / d), or none where it does not fit.
std::optional<std::int64_t> floor_product(Int128 a, Int128 b, Int128 c, Int128 d) {
  Int128 product = 0;
  if (__builtin_mul_overflow(a, b, &product) || __builtin_mul_overflow(product, c, &product))
    return std::nullopt;
  const Int128 quotient = risk::floor_div(product, d);
  if (quotient > risk::kValueMax || quotient < -risk::kValueMax) return std::nullopt;
  return static_cast<std::int64_t>(quotient);
}

std::int64_t pow10(int exponent) {
  std::int64_t power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

class PortfolioReader {
 public:
  explicit PortfolioReader(const config::Deployment& deployment) : deployment_(deployment) {
    portfolio_.assets.resize(deployment.assets.size());
    portfolio_.instruments.resize(deployment.instruments.size());
  }

  Portfolio read(JsonReader& in) {
    portfolio_.name = in.text("name", 1, 64).value_or("");
    portfolio_.account = {0};
    if (in.has("account")) {
      portfolio_.account = in.reference("account", deployment_.names.accounts, "an account")
                               .value_or(portfolio_.account);
    }
    portfolio_.time = kSomeTime;
    if (in.has("time")) read_time(in);
    if (in.has("detail")) read_detail(in);
    if (in.has("assets")) {
      each_of(in.object("assets"), deployment_.names.assets, "an asset",
              [&](JsonReader& asset, risk::AssetIndex index) { read_asset(asset, index); });
    }
    if (in.has("instruments")) {
      each_of(in.object("instruments"), deployment_.names.instruments, "an instrument",
              [&](JsonReader& instrument, risk::InstrumentIndex index) {
                read_instrument(instrument, index);
              });
    }
    if (in.has("orders")) {
      in.each_item("orders", [&](JsonReader& order) { read_order(order, false); });
    }
    if (in.has("what_if")) {
      in.each_item("what_if", [&](JsonReader& order) { read_order(order, true); });
    }
    return std::move(portfolio_);
  }

 private:
  template <class Index, class Visit>
  void each_of(JsonReader by_name, const config::SymbolTable<Index>& table, std::string_view what,
               Visit visit) {
    for (const std::string& name : by_name.keys()) {
      const Index index = table.find(name);
      if (!index.exists()) {
        by_name.problem(name, fmt::format("the configuration has no such {}", what.substr(3)));
        continue;
      }
      JsonReader in = by_name.object(name);
      if (in.readable()) visit(in, index);
    }
  }

  void read_time(JsonReader& in) {
    const auto text = in.text("time", 1, 64);
    const auto time = text ? config::parse_iso_time(*text) : std::nullopt;
    if (text && !time) in.problem("time", "must be a UTC time such as \"2026-01-05T00:00:00Z\"");
    portfolio_.time = time.value_or(kSomeTime);
  }

  void read_detail(JsonReader& in) {
    const auto details = in.texts("detail", 1, 32);
    if (!details) return;
    for (const std::string& detail : *details) {
      if (detail != "vectors") in.problem("detail", "may only name \"vectors\"");
      portfolio_.wants_vectors = true;
    }
  }

  std::int64_t decimal_or(JsonReader& in, std::string_view key, int scale, std::int64_t min,
                          std::int64_t max, std::int64_t by_default) {
    if (!in.has(key)) return by_default;
    return in.decimal(key, scale, min, max).value_or(by_default);
  }

  // A quantity in whole lots.
  std::optional<risk::Lots> read_lots(JsonReader& in, std::string_view key,
                                      risk::InstrumentIndex index, std::int64_t min) {
    const config::InstrumentSettings& settings = deployment_.instruments[index.value];
    const auto quantity = in.decimal(key, settings.quantity_decimals, -config::kAny, config::kAny);
    if (!quantity) return std::nullopt;
    if (*quantity < min) {
      in.problem(key, min > 0 ? "must be above 0" : "must not be negative");
      return std::nullopt;
    }
    if (*quantity % settings.lot != 0) {
      in.problem(key, fmt::format("must be a whole number of lots of {}",
                                  config::to_decimal(settings.lot, settings.quantity_decimals)));
      return std::nullopt;
    }
    const risk::Lots lots{*quantity / settings.lot};
    if (config::value_max(deployment_, index, {magnitude(lots.raw)}) &&
        config::notional_max(deployment_, index, {magnitude(lots.raw)})) {
      return lots;
    }
    in.problem(key, "is worth more than 2^60 quanta at price_max");
    return std::nullopt;
  }

  // --- assets

  void read_asset(JsonReader& in, risk::AssetIndex index) {
    const config::AssetSettings& settings = deployment_.assets[index.value];
    PortfolioAsset& asset = portfolio_.assets[index.value];
    asset.index = decimal_or(in, "index", settings.index_decimals, 1, settings.index_max, 0);
    asset.balance = read_units(in, "balance", index, -config::kAny);
    asset.borrowed = read_units(in, "borrowed", index, 0);
    if (!in.has("index") && (asset.balance != 0 || asset.borrowed != 0))
      in.problem("index", "is missing");
  }

  std::int64_t read_units(JsonReader& in, std::string_view key, risk::AssetIndex asset,
                          std::int64_t min) {
    const std::int64_t units =
        decimal_or(in, key, deployment_.assets[asset.value].decimals, min, config::kAny, 0);
    if (config::value_max(deployment_, asset, magnitude(units))) return units;
    in.problem(key, "is worth more than 2^60 quanta at index_max");
    return 0;
  }

  // --- instruments

  void read_instrument(JsonReader& in, risk::InstrumentIndex index) {
    const risk::InstrumentParameters& parameters = deployment_.parameters.instruments[index.value];
    const config::InstrumentSettings& settings = deployment_.instruments[index.value];
    PortfolioInstrument& instrument = portfolio_.instruments[index.value];
    instrument.mark = {decimal_or(in, "mark", settings.mark_decimals, 1, settings.mark_max.raw, 0)};
    // Of spot there is no position.
    if (parameters.payoff == risk::Payoff::Spot) return;
    if (in.has("position"))
      instrument.position = read_lots(in, "position", index, -config::kAny).value_or(risk::Lots{});
    if (in.has("open_interest"))
      instrument.open_interest = read_lots(in, "open_interest", index, 0).value_or(risk::Lots{});
    instrument.funding_rate = decimal_or(in, "predicted_funding", kFundingRateScale,
                                         -kFundingRateMax, kFundingRateMax, 0);
    read_cash(in, index, instrument);
    if (parameters.risk == risk::RiskSource::Table) read_table_risk(in, index, instrument);
  }

  void read_cash(JsonReader& in, risk::InstrumentIndex index, PortfolioInstrument& instrument) {
    const risk::InstrumentParameters& parameters = deployment_.parameters.instruments[index.value];
    if (in.has("entry") && in.has("cash")) {
      in.problem("entry", "must not be there beside cash");
      in.skip("cash");
    } else if (in.has("entry")) {
      read_entry(in, index, instrument);
    } else if (in.has("cash")) {
      instrument.cash = read_units(in, "cash", parameters.settlement, -config::kAny);
    } else if (instrument.position.raw != 0) {
      in.problem("entry", "is missing: a position needs it, or cash");
    }
  }

  // A price of any fineness: what was paid for the position at it, rounded down.
  void read_entry(JsonReader& in, risk::InstrumentIndex index, PortfolioInstrument& instrument) {
    const risk::InstrumentParameters& parameters = deployment_.parameters.instruments[index.value];
    const auto text = in.text("entry", 1, config::kDecimalTextMax);
    if (!text) return;
    const std::size_t point = text->find('.');
    const std::size_t digits = point == std::string::npos ? 0 : text->size() - point - 1;
    const int scale = static_cast<int>(std::min<std::size_t>(digits, config::kDecimalScaleMax));
    const config::Decimal entry = config::parse_decimal(*text, scale);
    if (entry.error == config::DecimalError::TooManyDigits)
      return in.problem("entry", fmt::format("has more than {} digits behind the point", scale));
    if (!entry.ok()) return in.problem("entry", std::string(describe(entry.error)));
    if (entry.value <= 0) return in.problem("entry", "must be above 0");
    // An entry of `value` is value * finer / coarser mark units.
    const int mark_decimals = deployment_.instruments[index.value].mark_decimals;
    const Int128 finer = pow10(std::max(0, mark_decimals - scale));
    const Int128 coarser = pow10(std::max(0, scale - mark_decimals));
    const Int128 units = Int128{instrument.position.raw} * parameters.units_per_lot_mark;
    const auto cash = parameters.payoff == risk::Payoff::Inverse
                          ? floor_product(units, coarser, 1, Int128{entry.value} * finer)
                          : floor_product(-units, entry.value, finer, coarser);
    if (!cash) return in.problem("entry", "is too large, or too small, for the position");
    instrument.cash = *cash;
  }

  void read_table_risk(JsonReader& in, risk::InstrumentIndex index,
                       PortfolioInstrument& instrument) {
    const int decimals = deployment_.risk_decimals;
    const auto measure = [&](std::string_view key, risk::TableMeasure which) {
      instrument.measures[which] =
          decimal_or(in, key, decimals, -risk::kValueMax, risk::kValueMax, 0);
    };
    measure("initial_charge", risk::kInitialCharge);
    measure("maintenance_charge", risk::kMaintenanceCharge);
    if (in.has("vector") || !in.has("forward")) {
      measure("delta", risk::kDelta);
      measure("vega", risk::kVega);
      if (in.has("vector")) read_vector(in, index, instrument);
      return;
    }
    const config::InstrumentSettings& settings = deployment_.instruments[index.value];
    if (settings.kind != config::InstrumentKind::Option) {
      in.problem("forward", "is for options: what this one gains is its vector's to say");
      return in.ignore_rest();
    }
    const auto share = [&](std::string_view key, std::int64_t min, std::int64_t max) {
      return static_cast<double>(in.decimal(key, kMarketScale, min, max).value_or(1)) /
             static_cast<double>(kMarketUnit);
    };
    feeds::OptionMarket market;
    market.forward = share("forward", 1, config::kAny);
    market.volatility = share("volatility", 0, kVolatilityMax);
    if (in.has("discount")) market.discount = share("discount", 1, 2 * kMarketUnit);
    if (portfolio_.time == kSomeTime)
      in.problem("forward", "needs the portfolio's time, which says how long the option lives");
    market.years = feeds::years_between(portfolio_.time, settings.expiry);
    instrument.market = market;
  }

  void read_vector(JsonReader& in, risk::InstrumentIndex index, PortfolioInstrument& instrument) {
    const risk::InstrumentParameters& parameters = deployment_.parameters.instruments[index.value];
    const auto group = group_of(index);
    const std::int64_t most = parameters.vector_unit * parameters.vector_cap;
    instrument.vector =
        in.decimals("vector", deployment_.risk_decimals + config::kFinesScale, -most, most);
    const risk::GroupParameters& of = deployment_.parameters.groups[group.value];
    if (!instrument.vector || instrument.vector->size() == of.column_count ||
        instrument.vector->size() == of.raw_columns()) {
      return;
    }
    in.problem("vector",
               fmt::format("must have {} values, one for each column of the group {}{}",
                           of.column_count, deployment_.names.risk_groups.name(group),
                           of.lag_states() > 1 ? fmt::format(", or {}, for each of its lag states",
                                                             of.raw_columns())
                                               : ""));
  }

  [[nodiscard]] risk::GroupIndex group_of(risk::InstrumentIndex index) const {
    const std::uint32_t factor = deployment_.parameters.instruments[index.value].factor.value;
    const auto& groups = deployment_.parameters.groups;
    std::uint32_t g = 0;
    while (factor - groups[g].first_factor >= groups[g].factor_count) ++g;
    return {g};
  }

  // --- orders

  void read_order(JsonReader& in, bool is_what_if) {
    const auto index = in.reference("instrument", deployment_.names.instruments, "an instrument");
    if (!index) return in.ignore_rest();
    const risk::InstrumentParameters& parameters = deployment_.parameters.instruments[index->value];
    const config::InstrumentSettings& settings = deployment_.instruments[index->value];
    PortfolioOrder order;
    order.instrument = *index;
    order.side =
        in.choice<risk::Side>("side", {{"buy", risk::Side::Buy}, {"sell", risk::Side::Sell}})
            .value_or(risk::Side::Buy);
    order.quantity = read_lots(in, "quantity", *index, 1).value_or(risk::Lots{1});
    if (parameters.payoff == risk::Payoff::Spot) check_base(in, parameters, order.quantity);
    const auto price = in.decimal("price", settings.mark_decimals, parameters.marks_per_tick,
                                  settings.mark_max.raw);
    if (price && *price % parameters.marks_per_tick != 0) {
      in.problem("price", fmt::format("must be a whole number of ticks of {}",
                                      config::to_decimal(parameters.marks_per_tick,
                                                         settings.mark_decimals)));
    }
    order.price = {price.value_or(0) / parameters.marks_per_tick};
    const std::string_view flag = is_what_if ? "reduce_only" : "exit";
    if (in.has(flag))
      (is_what_if ? order.reduce_only : order.exit) = in.boolean(flag).value_or(false);
    if (order.exit && parameters.payoff == risk::Payoff::Spot)
      in.problem("exit", "must be false: no spot order is an exit");
    (is_what_if ? portfolio_.what_if : portfolio_.orders).push_back(order);
  }

  // What is bought or sold must fit, too.
  void check_base(JsonReader& in, const risk::InstrumentParameters& spot, risk::Lots lots) {
    const Int128 units = Int128{lots.raw} * spot.base_per_lot;
    if (units <= config::kAny &&
        config::value_max(deployment_, spot.base, static_cast<std::int64_t>(units)))
      return;
    in.problem("quantity", fmt::format("is more {} than fits 2^60 quanta at index_max",
                                       deployment_.names.assets.name(spot.base)));
  }

  const config::Deployment& deployment_;
  Portfolio portfolio_;
};

// What has a position, cash or an order needs its prices.
class PriceCheck {
 public:
  PriceCheck(const config::Deployment& deployment, const Portfolio& portfolio,
             std::string_view label, std::vector<config::Problem>& problems)
      : deployment_(deployment), portfolio_(portfolio), label_(label), problems_(problems) {}

  void run() {
    std::vector<bool> used(portfolio_.instruments.size());
    for (std::size_t i = 0; i < used.size(); ++i) {
      const PortfolioInstrument& instrument = portfolio_.instruments[i];
      used[i] = instrument.position.raw != 0 || instrument.cash != 0;
    }
    for (const std::vector<PortfolioOrder>* orders : {&portfolio_.orders, &portfolio_.what_if}) {
      for (const PortfolioOrder& order : *orders) used[order.instrument.value] = true;
    }
    for (std::uint32_t i = 0; i < used.size(); ++i) {
      if (used[i]) check({i});
    }
  }

 private:
  void check(risk::InstrumentIndex index) {
    const risk::InstrumentParameters& parameters = deployment_.parameters.instruments[index.value];
    check_price(index, "");
    if (parameters.payoff == risk::Payoff::Spot) check_index(parameters.base, index, "trades it");
    if (parameters.reference.exists()) {
      check_price(parameters.reference,
                  fmt::format(": {} refers to it", deployment_.names.instruments.name(index)));
    }
    const PortfolioInstrument& instrument = portfolio_.instruments[index.value];
    if (parameters.risk == risk::RiskSource::Table && !instrument.vector && !instrument.market) {
      missing("instruments", deployment_.names.instruments.name(index), "vector",
              deployment_.instruments[index.value].kind == config::InstrumentKind::Option
                  ? ", and so is the forward to price it from"
                  : "");
    }
  }

  void check_price(risk::InstrumentIndex index, std::string_view why) {
    if (portfolio_.instruments[index.value].mark.raw == 0)
      missing("instruments", deployment_.names.instruments.name(index), "mark", why);
    check_index(deployment_.parameters.instruments[index.value].settlement, index,
                "is settled in it");
  }

  void check_index(risk::AssetIndex asset, risk::InstrumentIndex index, std::string_view why) {
    if (portfolio_.assets[asset.value].index != 0) return;
    missing("assets", deployment_.names.assets.name(asset), "index",
            fmt::format(": {} {}", deployment_.names.instruments.name(index), why));
  }

  void missing(std::string_view list, std::string_view name, std::string_view key,
               std::string_view why) {
    std::string path = fmt::format("{}.{}.{}", list, name, key);
    for (const config::Problem& problem : problems_) {
      if (problem.file == label_ && problem.path == path) return;  // told already
    }
    problems_.push_back(
        {std::string(label_), std::move(path), "", fmt::format("is missing{}", why)});
  }

  const config::Deployment& deployment_;
  const Portfolio& portfolio_;
  std::string_view label_;
  std::vector<config::Problem>& problems_;
};

}  // namespace

std::optional<Portfolio> read_portfolio(const config::Json& json, std::string_view label,
                                        const config::Deployment& deployment,
                                        std::vector<config::Problem>& problems) {
  const std::size_t problems_before = problems.size();
  Portfolio portfolio;
  {
    JsonReader in(label, json, problems);
    if (in.readable()) portfolio = PortfolioReader(deployment).read(in);
  }
  if (problems.size() == problems_before) PriceCheck(deployment, portfolio, label, problems).run();
  if (problems.size() != problems_before) return std::nullopt;
  return portfolio;
}

}  // namespace portcullis::gateway
