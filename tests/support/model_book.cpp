#include "tests/support/model_book.h"

#include <algorithm>
#include <vector>

#include "tests/support/shipped_models.h"

namespace portcullis::support {

using namespace portcullis::risk;

namespace {

std::int64_t scaled(std::int64_t value, std::int64_t ppm, std::int64_t most) {
  return std::clamp<std::int64_t>(static_cast<std::int64_t>(Int128{value} * ppm / kPpm), 1, most);
}

std::int64_t pow10(int exponent) {
  std::int64_t power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

}  // namespace

Parameters model_world(const config::Deployment& model) {
  Parameters p = model.parameters;
  const RateLimit rate{1'000'000'000, 1'000'000, 1'000'000'000, 1'000'000};
  p.accounts.resize(1);
  p.accounts[0].rate = rate;
  p.accounts[0].executions = {};
  SessionParameters session;
  session.member = {1};
  session.accounts = {Story::kAccount};
  session.instruments.assign(p.instruments.size(), true);
  session.actions = risk::kMayAll;
  session.rate = rate;
  p.sessions = {session};
  for (LimitProfile& profile : p.profiles) {
    profile.leverage_max_ppm = 1'000'000 * kPpm;
    profile.leverage_brackets.clear();
  }
  p.capacities = {.orders = 16,
                  .positions = static_cast<std::uint32_t>(p.instruments.size()),
                  .group_slots = static_cast<std::uint32_t>(p.groups.size()),
                  .trades = 64};
  return p;
}

Parameters without_collars(Parameters p) {
  for (LimitProfile& profile : p.profiles) {
    for (InstrumentLimits& limits : profile.instruments) limits.collar_ppm = 700'000;
  }
  return p;
}

ModelBook::ModelBook(Rng& rng, const std::string& name)
    : ModelBook(rng, name, without_collars(model_world(test::shipped_model(name)))) {}

ModelBook::ModelBook(Rng& rng, const std::string& name, const Parameters& parameters)
    : rng_(rng),
      model_(test::shipped_model(name)),
      base_(test::shipped_portfolio(name)),
      story_(parameters) {}

bool ModelBook::has_risk(std::uint32_t instrument) const {
  return model_.parameters.instruments[instrument].risk == RiskSource::Factor ||
         base_.instruments[instrument].market || base_.instruments[instrument].vector;
}

void ModelBook::open() {
  move_prices();
  for (std::uint32_t a = 0; a < base_.assets.size(); ++a) {
    if (a != 0 && rng_.percent(40)) continue;
    fund(a, rng_.between(a == 0 ? 100'000 : -50'000, 5'000'000));
  }
  for (std::uint32_t i = 0; i < base_.instruments.size(); ++i) {
    if (rng_.percent(30)) continue;
    const std::int64_t most = lots_max(i);
    story_.position(i, rng_.between(-most, most), story_.at_mark(i));
  }
}

void ModelBook::fund(std::uint32_t asset, std::int64_t risk_currency) {
  const std::int64_t index = std::max<std::int64_t>(1, base_.assets[asset].index);
  const config::AssetSettings& settings = model_.assets[asset];
  const Int128 unit = Int128{pow10(settings.decimals)} * pow10(settings.index_decimals) / index;
  story_.balance(asset, static_cast<std::int64_t>(unit * risk_currency));
}

void ModelBook::move_prices() {
  std::vector<std::int64_t> factors;
  for (std::uint32_t f = 0; f < model_.parameters.factor_count; ++f)
    factors.push_back(rng_.percent(20) ? rng_.between(500'000, 1'800'000)
                                       : rng_.between(900'000, 1'100'000));
  gateway::Portfolio now = base_;
  for (std::uint32_t a = 0; a < now.assets.size(); ++a) {
    const FactorIndex factor = model_.parameters.assets[a].factor;
    const std::int64_t ppm =
        factor.exists() ? factors[factor.value] : rng_.between(980'000, 1'000'000);
    now.assets[a].index = scaled(base_.assets[a].index, ppm, model_.assets[a].index_max);
    story_.index(a, now.assets[a].index);
  }
  for (std::uint32_t i = 0; i < now.instruments.size(); ++i) {
    const std::int64_t factor = factors[model_.parameters.instruments[i].factor.value];
    gateway::PortfolioInstrument& instrument = now.instruments[i];
    const bool option = model_.instruments[i].kind == config::InstrumentKind::Option;
    const std::int64_t ppm =
        option ? rng_.between(300'000, 2'000'000) : factor + rng_.between(-10'000, 10'000);
    instrument.mark = {
        scaled(base_.instruments[i].mark.raw, ppm, model_.instruments[i].mark_max.raw)};
    story_.mark(i, instrument.mark.raw);
    if (!instrument.market) continue;
    instrument.market->forward *= static_cast<double>(factor) / 1e6;
    instrument.market->volatility *= static_cast<double>(rng_.between(500, 1'500)) / 1e3;
  }
  const bool at_random = rng_.percent(30);
  for (std::uint32_t g = 0; g < model_.parameters.groups.size(); ++g) {
    if (model_.parameters.groups[g].row_count == 0) continue;
    story_.publish(at_random ? random_table(rng_, story_.parameters(), {g})
                             : test::shipped_table(model_, now, {g}));
  }
}

void ModelBook::price_as_given() {
  for (std::uint32_t a = 0; a < base_.assets.size(); ++a) story_.index(a, base_.assets[a].index);
  for (std::uint32_t i = 0; i < base_.instruments.size(); ++i)
    story_.mark(i, base_.instruments[i].mark.raw);
  for (std::uint32_t g = 0; g < model_.parameters.groups.size(); ++g) {
    if (model_.parameters.groups[g].row_count > 0)
      story_.publish(test::shipped_table(model_, base_, {g}));
  }
}

std::int64_t ModelBook::lots_max(std::uint32_t instrument) const {
  const Parameters& p = story_.parameters();
  return p.profiles[p.accounts[0].profile].instruments[instrument].clip.raw / 4 + 1;
}

Decision ModelBook::order() {
  const std::uint32_t i = some_instrument(rng_, story_.parameters());
  const std::int64_t at = story_.at_mark(i);
  const std::int64_t most = lots_max(i);
  const Side side = rng_.percent(50) ? Side::Buy : Side::Sell;
  const std::int64_t lots = rng_.between(1, rng_.percent(70) ? most / 4 + 1 : most);
  const std::int64_t price = at + rng_.between(-at / 10 - 1, at / 10 + 1);
  return story_.order(i, side, lots, std::max<std::int64_t>(1, price));
}

}  // namespace portcullis::support
