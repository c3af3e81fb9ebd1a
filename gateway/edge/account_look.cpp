#include "gateway/edge/account_look.h"

#include <chrono>
#include <thread>

#include "gateway/follower/follower.h"

namespace portcullis::gateway::edge {

void look_at(risk::Engine& engine, const config::Deployment& deployment, risk::AccountIndex account,
             std::int64_t now_ns, std::uint64_t sequence, AccountState& state) {
  state.positions.clear();
  state.holdings.clear();
  state.margin = engine.margin(account, {now_ns});
  std::vector<risk::Amount> gains(deployment.assets.size());
  for (std::uint32_t i = 0; i < deployment.instruments.size(); ++i) {
    const risk::InstrumentIndex instrument{i};
    const risk::Amount gain = engine.gain(account, instrument);
    gains[deployment.parameters.instruments[i].settlement.value].raw += gain.raw;
    const risk::Lots lots = engine.position(account, instrument);
    if (lots.raw == 0) continue;
    json::Position position;
    position.instrument = instrument;
    position.lots = lots;
    position.mark = engine.mark(instrument);
    position.unrealised = gain;
    position.sequence = sequence;
    state.positions.push_back(position);
  }
  for (std::uint32_t a = 0; a < deployment.assets.size(); ++a) {
    json::Holding holding;
    holding.asset = {a};
    holding.balance = engine.balance(account, {a});
    holding.borrowed = engine.borrowed(account, {a});
    holding.unrealised = gains[a];
    if (holding.balance.raw != 0 || holding.borrowed.raw != 0 || holding.unrealised.raw != 0)
      state.holdings.push_back(holding);
  }
}

std::uint64_t FollowerLook::sequence() { return follower_.sequence(); }

bool FollowerLook::look(risk::AccountIndex account, std::int64_t now_ns, AccountState& state) {
  return follower_.try_with([&](gate::Gate& gate) {
    look_at(gate.engine(), deployment_, account, now_ns, follower_.sequence(), state);
  });
}

void FollowerLook::pause() { std::this_thread::sleep_for(std::chrono::microseconds(100)); }

}  // namespace portcullis::gateway::edge
