#include "gateway/commands/margin_evaluation.h"

#include <fmt/format.h>

#include <memory>
#include <variant>

#include "config/decimal.h"
#include "feeds/table_setup.h"
#include "risk/engine.h"

namespace portcullis::gateway {

namespace {

using risk::Int128;

constexpr risk::SessionIndex kSession{0};
// Nobody is too fast: what a portfolio asks is not sent.
constexpr risk::RateLimit kNoRate{1'000'000'000, 1'000'000, 1'000'000'000, 1'000'000};

std::int64_t away(Int128 numerator, Int128 denominator, bool& fits) {
  return risk::narrow(numerator < 0 ? risk::floor_div(numerator, denominator)
                                    : risk::ceil_div(numerator, denominator),
                      fits);
}

class Run {
 public:
  Run(const config::Deployment& deployment, const Portfolio& portfolio, std::string_view label,
      std::vector<config::Problem>& problems)
      : deployment_(deployment),
        portfolio_(portfolio),
        label_(label),
        problems_(problems),
        engine_(parameters()) {}

  std::optional<Evaluation> run() {
    const std::size_t problems_before = problems_.size();
    load_prices();
    load_tables();
    if (problems_.size() != problems_before) return std::nullopt;
    load_account();
    Evaluation evaluation{.breakdown = risk::Breakdown(engine_.parameters())};
    engine_.break_down(portfolio_.account, evaluation.breakdown);
    bool in_range = evaluation.breakdown.in_range;
    evaluation.state = engine_.state(portfolio_.account);
    for (std::size_t i = 0; in_range && i < portfolio_.what_if.size(); ++i) {
      const risk::NewOrder order = command(portfolio_.what_if[i]);
      evaluation.what_if.push_back(
          {engine_.try_margin(order),
           try_cash(engine_.parameters(), portfolio_, evaluation.breakdown, portfolio_.what_if[i]),
           engine_.decide(order)});
      in_range = evaluation.what_if.back().trial.in_range;
    }
    if (in_range) return evaluation;
    problems_.push_back({std::string(label_), "", "",
                         "is out of range: some figure does not fit the engine's integers"});
    return std::nullopt;
  }

 private:
  // Those of the model, with room for this account and a session that may do everything for it.
  [[nodiscard]] risk::Parameters parameters() const {
    risk::Parameters parameters = deployment_.parameters;
    risk::AccountParameters& account = parameters.accounts[portfolio_.account.value];
    account.rate = kNoRate;
    risk::SessionParameters session;
    session.member = account.parent;
    while (parameters.nodes[session.member.value].level != risk::NodeLevel::Member)
      session.member = parameters.nodes[session.member.value].parent;
    session.accounts = {portfolio_.account};
    session.instruments.assign(parameters.instruments.size(), true);
    session.actions = risk::kMayAll;
    session.rate = kNoRate;
    parameters.sessions = {session};
    parameters.capacities = {.orders = static_cast<std::uint32_t>(portfolio_.orders.size()) + 1,
                             .positions = static_cast<std::uint32_t>(parameters.instruments.size()),
                             .group_slots = static_cast<std::uint32_t>(parameters.groups.size()),
                             .trades = 1};
    return parameters;
  }

  void problem(std::uint32_t instrument, std::string_view key, std::string what) {
    problems_.push_back(
        {std::string(label_),
         fmt::format("instruments.{}.{}", deployment_.names.instruments.name({instrument}), key),
         "", std::move(what)});
  }

  // --- prices

  void load_prices() {
    const risk::Timestamp time = portfolio_.time;
    for (std::uint32_t a = 0; a < portfolio_.assets.size(); ++a) {
      if (portfolio_.assets[a].index == 0) continue;
      engine_.apply(risk::IndexUpdate{
          .time = time, .as_of = time, .index = portfolio_.assets[a].index, .asset = {a}});
    }
    for (std::uint32_t i = 0; i < portfolio_.instruments.size(); ++i) {
      const PortfolioInstrument& instrument = portfolio_.instruments[i];
      if (instrument.mark.raw != 0) {
        engine_.apply(risk::MarkUpdate{
            .time = time, .as_of = time, .mark = instrument.mark, .instrument = {i}});
      }
      engine_.apply(risk::OpenInterestUpdate{
          .time = time, .lots = instrument.open_interest, .instrument = {i}});
      if (instrument.funding_rate != 0 && instrument.mark.raw != 0) load_funding(i);
    }
  }

  // A rate of a lot's notional, in what a lot pays.
  void load_funding(std::uint32_t i) {
    const risk::InstrumentParameters& parameters = deployment_.parameters.instruments[i];
    const PortfolioInstrument& instrument = portfolio_.instruments[i];
    static_assert(risk::kFundingScale == 1'000'000'000 && kFundingRateScale == 9);
    const Int128 rate = Int128{parameters.units_per_lot_mark} * instrument.funding_rate;
    bool fits = true;
    const std::int64_t predicted = parameters.payoff == risk::Payoff::Inverse
                                       ? away(rate, instrument.mark.raw, fits)
                                       : risk::narrow(rate * instrument.mark.raw, fits);
    if (!fits) return problem(i, "predicted_funding", "a lot would pay more than fits 2^60");
    engine_.apply(
        risk::FundingUpdate{.time = portfolio_.time, .predicted = predicted, .instrument = {i}});
  }

  // --- risk tables

  void load_tables() {
    const auto& groups = deployment_.parameters.groups;
    for (std::uint32_t g = 0; g < groups.size(); ++g) {
      if (groups[g].row_count > 0) load_table({g});
    }
  }

  void load_table(risk::GroupIndex group) {
    feeds::TableDescription description = feeds::table_description(deployment_, group);
    description.id = 1;
    description.as_of = portfolio_.time;
    const std::vector<risk::InstrumentIndex> instruments =
        feeds::table_instruments(deployment_, group);
    for (std::size_t row = 0; row < instruments.size(); ++row)
      description.rows[row].source = source_of(group, instruments[row].value);
    description.anchors =
        anchors_on(deployment_.parameters.instruments[instruments[0].value].factor);
    feeds::BuiltTable built = feeds::build_table(description);
    for (const feeds::TableProblem& found : built.problems) {
      problem(instruments[found.row].value, "forward", feeds::to_text(found, description));
    }
    if (!built.table) return;
    tables_.push_back(std::make_unique<risk::RiskTable>(*std::move(built.table)));
    for (std::size_t row = 0; row < instruments.size(); ++row) {
      const PortfolioInstrument& instrument = portfolio_.instruments[instruments[row].value];
      for (const auto which : {risk::kInitialCharge, risk::kMaintenanceCharge})
        tables_.back()->measures[row][which] = instrument.measures[which];
    }
    const bool taken = engine_.apply(
        risk::TableUpdate{.time = portfolio_.time, .id = 1, .group = group}, *tables_.back());
    PORTCULLIS_ASSERT(taken);
  }

  // The marks that the options of a factor stand beside: of what has no row in the table.
  [[nodiscard]] std::vector<risk::Anchor> anchors_on(risk::FactorIndex factor) const {
    std::vector<risk::Anchor> anchors;
    for (std::uint32_t i = 0; i < portfolio_.instruments.size(); ++i) {
      const risk::InstrumentParameters& instrument = deployment_.parameters.instruments[i];
      const risk::Mark mark = portfolio_.instruments[i].mark;
      if (instrument.risk == risk::RiskSource::Factor && instrument.factor == factor &&
          mark.raw > 0) {
        anchors.push_back({{i}, mark});
      }
    }
    return anchors;
  }

  [[nodiscard]] std::variant<feeds::TableOption, feeds::RiskArray> source_of(
      risk::GroupIndex group, std::uint32_t i) const {
    const risk::InstrumentParameters& parameters = deployment_.parameters.instruments[i];
    const PortfolioInstrument& instrument = portfolio_.instruments[i];
    if (instrument.market) return option_of(group, i);
    // One that the account does not use may be without.
    feeds::RiskArray array;
    array.gains.resize(instrument.vector ? instrument.vector->size()
                                         : deployment_.parameters.groups[group.value].column_count);
    for (std::size_t c = 0; instrument.vector && c < array.gains.size(); ++c)
      array.gains[c] = static_cast<std::int64_t>(
          risk::nearest_div((*instrument.vector)[c], parameters.vector_unit));
    array.measures = instrument.measures;
    return array;
  }

  [[nodiscard]] feeds::TableOption option_of(risk::GroupIndex group, std::uint32_t i) const {
    const risk::AssetIndex settlement = deployment_.parameters.instruments[i].settlement;
    feeds::TableOption option = feeds::table_option(deployment_, group, {i});
    option.market = *portfolio_.instruments[i].market;
    option.market.settlement_index =
        feeds::scaled(portfolio_.assets[settlement.value].index,
                      deployment_.assets[settlement.value].index_decimals);
    return option;
  }

  // --- the account

  void load_account() {
    const risk::Timestamp time = portfolio_.time;
    const risk::AccountIndex account = portfolio_.account;
    bool fits = true;
    for (std::uint32_t a = 0; a < portfolio_.assets.size(); ++a) {
      const PortfolioAsset& asset = portfolio_.assets[a];
      fits = fits && engine_.apply(risk::LoadBalance{time, asset.balance, account, {a}});
      // A debt that is there, and no loan to decide on.
      if (asset.borrowed != 0)
        fits = fits && engine_.apply(risk::Interest{time, asset.borrowed, account, {a}});
    }
    for (std::uint32_t i = 0; i < portfolio_.instruments.size(); ++i) {
      const PortfolioInstrument& instrument = portfolio_.instruments[i];
      const risk::AssetIndex settlement = deployment_.parameters.instruments[i].settlement;
      // Entered for nothing, with what it has paid taken from the balance: the same sum, exactly.
      if (instrument.position.raw != 0)
        fits =
            fits && engine_.apply(risk::LoadPosition{time, instrument.position, {}, account, {i}});
      if (instrument.cash != 0)
        fits = fits && engine_.apply(risk::LoadBalance{time, instrument.cash, account, settlement});
    }
    PORTCULLIS_ASSERT(fits);  // there is room for everything, and each figure is below 2^64
    for (const PortfolioOrder& open : portfolio_.orders) enter(open);
    engine_.apply(risk::DayStart{.time = time, .account = account});
    engine_.apply(risk::Recheck{.time = time, .account = account});
  }

  // As a start-up applies a recorded decision: whatever the checks would say now.
  void enter(const PortfolioOrder& open) {
    const risk::NewOrder order = command(open);
    ++client_ref_;
    risk::Decision accepted;
    accepted.disposition = risk::Disposition::Forward;
    accepted.number = engine_.next_number();
    accepted.price = order.price;
    accepted.exit = open.exit ? 1 : 0;
    engine_.apply(order, accepted);
  }

  [[nodiscard]] risk::NewOrder command(const PortfolioOrder& asked) const {
    risk::NewOrder order;
    order.time = portfolio_.time;
    order.price = asked.price;
    order.quantity = asked.quantity;
    order.account = portfolio_.account;
    order.instrument = asked.instrument;
    order.session = kSession;
    order.client_ref = client_ref_;
    order.side = asked.side;
    if (asked.reduce_only) order.flags = risk::kReduceOnly;
    return order;
  }

  const config::Deployment& deployment_;
  const Portfolio& portfolio_;
  std::string_view label_;
  std::vector<config::Problem>& problems_;
  risk::Engine engine_;
  std::vector<std::unique_ptr<risk::RiskTable>> tables_;
  std::uint32_t client_ref_ = 1;  // of the next order
};

}  // namespace

std::optional<Evaluation> evaluate(const config::Deployment& deployment, const Portfolio& portfolio,
                                   std::string_view label, std::vector<config::Problem>& problems) {
  return Run(deployment, portfolio, label, problems).run();
}

}  // namespace portcullis::gateway
