// What an engine lays out by the shape of its parameters, once: no change of parameters alters it.
#include "risk/engine.h"

namespace portcullis::risk {

// The accounts' protections, and of their groups the instruments that quotes may be in.
void Engine::lay_out_quotes() {
  const Parameters& p = parameters_;
  lot_loss_.resize(p.groups.size());
  for (const AccountParameters& account : p.accounts) {
    for (const MarketMakerProtection& of : account.protections) {
      const std::uint32_t columns = p.groups[of.group.value].raw_columns();
      protections_.push_back({of.group, std::vector<std::int64_t>(columns)});
      lot_loss_[of.group.value].most.resize(columns);
    }
  }
  for (std::uint32_t i = 0; i < p.instruments.size(); ++i) {
    LotLoss& loss = lot_loss_[group_of({i}).value];
    if (!loss.most.empty() && p.instruments[i].payoff != Payoff::Spot &&
        p.instruments[i].risk == RiskSource::Factor) {
      loss.futures.push_back({i});
    }
  }
}

// The prices that the accounts of each group stand on.
void Engine::lay_out_watch() {
  const Parameters& p = parameters_;
  std::vector<Watch::Stands> stands(p.groups.size());
  watched_.resize(p.instruments.size());
  watched_index_.resize(p.assets.size());
  std::uint32_t next = 0;
  for (std::uint32_t g = 0; g < p.groups.size(); ++g) {
    const std::uint32_t first = next;
    for (std::uint32_t i = 0; i < p.instruments.size(); ++i) {
      if (group_of({i}).value == g) watched_[i] = next++;
    }
    for (std::uint32_t a = 0; a < p.assets.size(); ++a) {
      if (stands_in({a}, {g})) watched_index_[a].push_back(next++);
    }
    stands[g] = {next - first, p.groups[g].row_count > 0};
  }
  watch_ = Watch(p.capacities.group_slots, stands);
}

}  // namespace portcullis::risk
