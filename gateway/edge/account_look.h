// What an engine that follows the journal says of an account, for who stands outside the shard.
#pragma once

#include <cstdint>
#include <vector>

#include "gateway/json/encode.h"
#include "risk/engine.h"

namespace portcullis::gateway::edge {

struct AccountState {
  std::vector<json::Position> positions;  // that are not zero
  std::vector<json::Holding> holdings;
  risk::MarginReport margin;
};

class AccountLook {
 public:
  virtual ~AccountLook() = default;
  // All records up to here are in what look() says.
  virtual std::uint64_t sequence() = 0;
  // False: it cannot be said now.
  virtual bool look(risk::AccountIndex account, AccountState& state) = 0;
};

}  // namespace portcullis::gateway::edge
