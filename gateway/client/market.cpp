#include "gateway/client/market.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "feeds/recorded_file.h"

namespace portcullis::gateway::client {

namespace {

using feeds::PriceUpdate;

// Empty: it has no price.
std::string symbol_of(const config::Deployment& deployment, risk::InstrumentIndex instrument) {
  const bool has_reference =
      std::any_of(deployment.feed.references.begin(), deployment.feed.references.end(),
                  [&](const auto& reference) { return reference.instrument == instrument; });
  return has_reference ? deployment.names.instruments.name(instrument)
                       : deployment.instruments[instrument.value].feed_symbol;
}

feeds::FeedTargets reference_targets(const config::Deployment& deployment) {
  feeds::FeedTargets targets;
  for (const config::ReferenceSettings& reference : deployment.feed.references) {
    if (!reference.instrument.exists()) continue;
    targets[symbol_of(deployment, reference.instrument)] = {{.kind = PriceUpdate::Kind::Mark,
                                                             .index = reference.instrument.value,
                                                             .decimals = reference.decimals,
                                                             .price_max = reference.price_max}};
  }
  return targets;
}

// A symbol that prices several things counts in the finest of their units, and moves with the first
// of them that has a factor.
void add_feed_symbols(Market& market, const feeds::FeedTargets& targets,
                      const feeds::RecordedFile& recording, bool is_others) {
  const risk::Parameters& parameters = market.deployment->parameters;
  for (const auto& [name, prices] : targets) {
    const auto finest =
        std::max_element(prices.begin(), prices.end(),
                         [](const auto& a, const auto& b) { return a.decimals < b.decimals; });
    const auto opening =
        std::find_if(recording.prices.begin(), recording.prices.end(), [&](const auto& price) {
          return price.index == finest->index && price.kind == finest->kind;
        });
    if (opening == recording.prices.end()) {
      throw std::runtime_error(fmt::format("there is no opening price for {}", name));
    }
    risk::FactorIndex factor;
    for (const feeds::FeedTarget& target : prices) {
      if (factor.exists()) break;
      factor = target.kind == PriceUpdate::Kind::Mark ? parameters.instruments[target.index].factor
                                                      : parameters.assets[target.index].factor;
    }
    market.feed_symbols.push_back({name, finest->decimals, is_others});
    market.opening.push_back(opening->price);
    market.factors.push_back(factor);
  }
}

std::uint32_t find_feed_symbol(const Market& market, const std::string& name) {
  const auto found = std::find_if(market.feed_symbols.begin(), market.feed_symbols.end(),
                                  [&](const FeedSymbol& symbol) { return symbol.name == name; });
  return static_cast<std::uint32_t>(found - market.feed_symbols.begin());
}

std::vector<Book> books_of(const Market& market, std::uint32_t session,
                           risk::AccountIndex account) {
  const config::Deployment& deployment = *market.deployment;
  const risk::Parameters& parameters = deployment.parameters;
  const risk::LimitProfile& profile =
      parameters.profiles[parameters.accounts[account.value].profile];
  std::vector<Book> books;
  for (const config::Alias& alias : deployment.sessions[session].aliases) {
    const std::uint32_t i = alias.instrument.value;
    const config::InstrumentSettings& instrument = deployment.instruments[i];
    const risk::InstrumentLimits& limits = profile.instruments[i];
    const std::string name = symbol_of(deployment, alias.instrument);
    if (!parameters.sessions[session].instruments[i] || name.empty() || limits.clip.raw <= 0 ||
        (market.protocol == config::Protocol::Json && instrument.json_symbol.empty())) {
      continue;
    }
    const std::uint32_t symbol = find_feed_symbol(market, name);
    double tick = static_cast<double>(parameters.instruments[i].marks_per_tick);
    for (int d = instrument.mark_decimals; d < market.feed_symbols[symbol].decimals; ++d)
      tick *= 10;
    books.push_back({.instrument = alias.instrument,
                     .alias = &alias,
                     .feed_symbol = symbol,
                     .tick = tick,
                     .clip = limits.clip.raw,
                     .collar_ppm = limits.collar_ppm,
                     .restricted = limits.restricted});
  }
  return books;
}

}  // namespace

Market load_market(const config::Deployment& deployment, const std::filesystem::path& opening,
                   config::Protocol protocol) {
  Market market{.deployment = &deployment, .protocol = protocol};
  for (const bool is_others : {false, true}) {
    const feeds::FeedTargets targets =
        is_others ? reference_targets(deployment) : feeds::feed_targets(deployment);
    if (targets.empty()) continue;
    const feeds::RecordedFile recording =
        feeds::read_recorded_file(opening, config::FeedFormat::Csv, targets);
    if (!recording.problems.empty()) throw std::runtime_error(recording.problems.front());
    add_feed_symbols(market, targets, recording, is_others);
  }

  const risk::Parameters& parameters = deployment.parameters;
  std::vector<bool> taken(deployment.accounts.size());
  for (std::uint32_t s = 0; s < deployment.sessions.size(); ++s) {
    if (!takes_part(market, s)) continue;
    for (const risk::AccountIndex account : parameters.sessions[s].accounts) {
      Trader trader{.session = static_cast<std::uint16_t>(s),
                    .account = account,
                    .firm = deployment.accounts[account.value].firm,
                    .is_default = deployment.sessions[s].default_account == account,
                    .orders_per_s = parameters.accounts[account.value].rate.per_second,
                    .books = books_of(market, s, account)};
      if (taken[account.value] || trader.books.empty()) continue;
      taken[account.value] = true;
      market.traders.push_back(std::move(trader));
    }
  }
  if (market.traders.empty()) throw std::runtime_error("no session may trade anything");
  return market;
}

bool takes_part(const Market& market, std::size_t session) {
  const config::SessionSettings& settings = market.deployment->sessions[session];
  return settings.protocol == market.protocol && !settings.read_only;
}

Plan begin_plan(const Market& market) {
  Plan plan;
  plan.feed_symbols = market.feed_symbols;
  plan.numbers.resize(market.deployment->sessions.size());
  return plan;
}

}  // namespace portcullis::gateway::client
