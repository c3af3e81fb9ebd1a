// From the bodies of requests to what the shard is asked. Strict: unknown and doubled keys, and names
// of nothing, are problems.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "config/deployment.h"
#include "config/problem.h"
#include "gateway/control/shard_queue.h"
#include "gateway/control/verbs.h"
#include "gateway/json/symbols.h"
#include "gateway/parameters/change_exchange.h"
#include "risk/commands.h"

namespace portcullis::gateway::control {

// Of kill, suspend, close-only, resume and cancel-all:
//   {"node": NAME, "reason": TEXT}, or account, session or instrument instead of node
// reason, at most 64 printable characters, may be left out. Of lost-orders-dead and accept-state:
//   {"reason": TEXT}
// which may not. Of acknowledge, with a reason or without:
//   {"alert": ID, "reason": TEXT}
// Of fact, an object of a commands file (config/state_file.h) that tells a fact, with a reason or without,
// but not expire and split: those look at every order and account, which would hold the shard, and are
// for a start. `who` is left to the caller, but for the reason.
[[nodiscard]] std::optional<Command> read_command(Verb verb, std::string_view body,
                                                  const config::Deployment& deployment,
                                                  std::vector<config::Problem>& problems);

// Changes of limits. Of reload, override, approve, and of refuse and withdraw:
//   {"reason": TEXT, "effective_at": TIME}
//   {"changes": [LIMIT, ...], "for_s": N or "expires_at": TIME, "effective_at": TIME, "reason": TEXT}
//   {"change": N, "reason": TEXT}
// with LIMIT as in config/overrides.h, TIME a UTC text of whole seconds, effective_at, and the reason of an
// approval, left out or not. Who asks is left to the caller.
[[nodiscard]] std::optional<parameters::ChangeRequest> read_change(
    Verb verb, std::string_view body, const config::Deployment& deployment,
    std::vector<config::Problem>& problems);

// Of what-if, at most `orders_max` of them, each by itself:
//   {"orders": [{"session": NAME, "account": NAME, "instrument": NAME, "side": "buy" or "sell",
//                "type": "limit" or "market", "price": "..", "quantity": "..",
//                "time_in_force": "day", "gtc", "ioc" or "fok", "post_only": false,
//                "reduce_only": false}]}
// With defaults: account, the session's; type, limit; time_in_force, as a client's; the flags. A market
// order has no price. A price off the grid, or a quantity that is no number of lots, is no problem
// here but what the decision names.
[[nodiscard]] std::vector<risk::NewOrder> read_what_if(std::string_view body,
                                                       std::uint32_t orders_max,
                                                       const json::Symbols& symbols,
                                                       std::vector<config::Problem>& problems);

}  // namespace portcullis::gateway::control
