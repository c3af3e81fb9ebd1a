// What a client needs to know of a deployment to trade on it: its feed symbols with the prices they
// open at, and who may trade what under which name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "config/deployment.h"
#include "gateway/client/plan.h"

namespace portcullis::gateway::client {

// One instrument as one session trades it.
struct Book {
  risk::InstrumentIndex instrument;
  const config::Alias* alias = nullptr;  // in the deployment, which must outlive it
  std::uint32_t feed_symbol = 0;         // in Market::feed_symbols
  double tick = 0;                       // in units of the feed symbol's price
  std::int64_t clip = 0;                 // lots, the account's own limit; > 0
  std::int64_t collar_ppm = 0;
  bool restricted = false;
};

// An account at one of the sessions that may use it. An account that may trade nothing (or has no
// clip anywhere) is not among them.
struct Trader {
  std::uint16_t session = 0;
  risk::AccountIndex account;
  ouch::Firm firm{};
  bool is_default = false;  // of its session: no Firm is needed
  std::int64_t orders_per_s = 0;
  std::vector<Book> books;
};

struct Market {
  const config::Deployment* deployment = nullptr;
  config::Protocol protocol = config::Protocol::Ouch;  // of the sessions that trade
  std::vector<FeedSymbol> feed_symbols{};
  std::vector<std::int64_t> opening{};       // by feed symbol, in its units
  std::vector<risk::FactorIndex> factors{};  // by feed symbol: what its price moves with, or none
  std::vector<Trader> traders{};             // each account once, by session
};

// `opening` is a recording (CSV) whose first price of each symbol is what it opens at. Throws
// std::runtime_error when one is missing or nobody can trade anything over this protocol.
[[nodiscard]] Market load_market(const config::Deployment& deployment,
                                 const std::filesystem::path& opening,
                                 config::Protocol protocol = config::Protocol::Ouch);

// The session trades in this market.
[[nodiscard]] bool takes_part(const Market& market, std::size_t session);

// An empty plan with the market's feed symbols.
[[nodiscard]] Plan begin_plan(const Market& market);

}  // namespace portcullis::gateway::client
