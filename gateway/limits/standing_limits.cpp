#include "gateway/limits/standing_limits.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/decimal.h"
#include "gateway/commands/record_values.h"
#include "risk/types.h"

namespace portcullis::gateway::limits {

using risk::NodeLevel;

std::vector<Place> path_of(const risk::Parameters& parameters, risk::AccountIndex account) {
  std::vector<Place> path{{NodeLevel::Account, account.value}};
  for (risk::NodeIndex node = parameters.accounts[account.value].parent; node.exists();
       node = parameters.nodes[node.value].parent) {
    path.push_back({parameters.nodes[node.value].level, node.value});
  }
  return path;
}

const risk::LimitProfile& profile_at(const risk::Parameters& parameters, NodeLevel level,
                                     std::uint32_t node) {
  return parameters.profiles[level == NodeLevel::Account ? parameters.accounts[node].profile
                                                         : parameters.nodes[node].profile];
}

std::optional<Reading> read_limit(risk::Engine& engine, const LimitId& id,
                                  const risk::MarginReport* known) {
  const risk::Parameters& parameters = engine.parameters();
  const risk::LimitProfile& profile = profile_at(parameters, id.level, id.node);
  const std::int64_t denominator = parameters.wide_denominator;
  const bool at_account = id.level == NodeLevel::Account;
  const risk::AccountIndex account{id.node};
  if (has_instrument(id.limit)) {
    const risk::InstrumentIndex instrument{id.instrument};
    const risk::InstrumentLimits& limits = profile.instruments[id.instrument];
    const risk::Usage usage = at_account ? engine.usage(account, instrument)
                                         : engine.usage(risk::NodeIndex{id.node}, instrument);
    if (id.limit == Limit::LongMax) return Reading{usage.long_lots.raw, limits.long_max.raw};
    if (id.limit == Limit::ShortMax) return Reading{usage.short_lots.raw, limits.short_max.raw};
    return Reading{cut_off(risk::ceil_div(engine.notional(instrument).raw * usage.gross_lots.raw,
                                          denominator)),
                   limits.gross_notional_max.raw};
  }
  if (id.limit == Limit::OpenOrders) {
    return Reading{
        at_account ? engine.open_orders(account) : engine.open_orders(risk::NodeIndex{id.node}),
        profile.open_orders_max};
  }
  if (at_account) engine.refresh(account);
  if (id.limit == Limit::Gross) {
    const risk::Wide gross = at_account ? engine.gross_notional(account)
                                        : engine.gross_notional(risk::NodeIndex{id.node});
    return Reading{cut_off(risk::ceil_div(gross.raw, denominator)), profile.gross_notional_max.raw};
  }
  const risk::MarginReport margin =
      known != nullptr ? *known : engine.margin(account, engine.last_time());
  if (!margin.in_range) return std::nullopt;
  if (id.limit == Limit::Margin) {
    return Reading{cut_off(risk::Int128{margin.requirement.raw} + margin.costs.raw),
                   margin.equity.raw};
  }
  if (id.limit == Limit::Leverage) {
    const risk::Engine::LeverageUse leverage = engine.leverage(account);
    return Reading{leverage.used.raw, leverage.most.raw};
  }
  if (profile.daily_loss_max.raw == risk::kValueMax) return std::nullopt;
  return Reading{std::max<std::int64_t>(0, engine.loss_of_day(account).raw),
                 profile.daily_loss_max.raw};
}

std::int64_t share_ppm(std::int64_t used, std::int64_t limit) {
  if (used <= 0) return 0;
  if (limit <= 0) return kShareMaxPpm;
  return cut_off(std::min<risk::Int128>(risk::Int128{used} * risk::kPpm / limit, kShareMaxPpm));
}

std::string used_text(const config::Deployment& deployment, const LimitId& id, std::int64_t used) {
  const RecordValues values(&deployment);
  switch (id.limit) {
    case Limit::Clip:
    case Limit::LongMax:
    case Limit::ShortMax:
      return *values.lots({id.instrument}, {used});
    case Limit::Collar:
      return config::to_decimal(used, config::kPpmScale);
    case Limit::OpenOrders:
      return std::to_string(used);
    case Limit::NotionalMax:
    case Limit::InstrumentGross:
    case Limit::Gross:
    case Limit::Leverage:
    case Limit::Margin:
    case Limit::DailyLoss:
      return *values.quanta(used);
    case Limit::Rate:
      break;
  }
  return "";
}

std::string place_text(const config::Deployment& deployment, const LimitId& id) {
  return fmt::format("{} {}", risk::name_of(id.level),
                     RecordValues(&deployment).name_at(id.level, id.node));
}

}  // namespace portcullis::gateway::limits
