// The files of commands that a start-up may take: state (run --load) and an operator's orders (run
// --commands). Names are resolved against the deployment; every problem is recorded, as for the
// configuration itself, and a file with problems is not to be applied in part.
//
// State, balances and positions as of a time, by whose word. Each is added to what is there:
//   { "as_of": "2026-01-05T00:00:00Z", "by": "operations",
//     "balances": [ { "account": "alpha-1", "asset": "USDC", "amount": "1000000" } ],
//     "positions": [ { "account": "alpha-1", "instrument": "BTC-PERP", "quantity": "-2.5",
//                      "entry_price": "64000" } ] }
// Commands, in their order:
//   { "by": "operations",
//     "commands": [ { "action": "kill", "node": "bravo" } ] }
//   action: kill, suspend, close_only, resume or cancel_all; on one of node (the venue, a member or
//   a group), account, session or instrument. Or lost_orders_dead, without a scope: after the venue
//   has lost its session, that nothing of ours is left there. Or accept_recovered_state, without a
//   scope: orders are taken in the state as it is, though it was recovered with a difference.
//   Or a fact of the venue's books, with a number: numbers rise, and a fact whose number is not above
//   the last one's was carried out before, and is not again.
//     { "action": "transfer", "number": 7, "asset": "USDC", "amount": "1000", "from": "alpha-1",
//       "to": "bravo-1" }   from or to may be absent: cash is paid in, or out
//     borrow and interest   account, asset, amount; of a loan that is repaid it is negative
//     convert               account, from and to, assets, given and got, their amounts
//     move_position         instrument, from and to, accounts, quantity, added to `to`, and price
//     realise               account
//     expire                instrument, price; split   instrument, numerator, denominator, mark.
//                           The instrument must have no live orders
//     leverage_cap          max, or null for no cap
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/deployment.h"
#include "config/facts.h"
#include "config/problem.h"
#include "risk/commands.h"

namespace portcullis::config {

struct StateFile {
  risk::Timestamp as_of;
  std::string by;
  // The caller fills in the time, which is that of the command's ingress.
  std::vector<risk::LoadBalance> balances;
  std::vector<risk::LoadPosition> positions;
  std::vector<Problem> problems;
};
[[nodiscard]] StateFile load_state_file(const std::filesystem::path& path,
                                        const Deployment& deployment);
[[nodiscard]] StateFile parse_state(std::string_view text, std::string_view file,
                                    const Deployment& deployment);

struct CancelAll {
  risk::ControlScope scope = risk::ControlScope::Node;
  std::uint32_t target = 0;  // index in the scope
  friend bool operator==(const CancelAll&, const CancelAll&) = default;
};
// The operator's word on a venue session that the venue has lost: everything there is dead.
struct LostOrdersDead {
  friend bool operator==(const LostOrdersDead&, const LostOrdersDead&) = default;
};
// And on a state that was recovered with a difference: it is the one to go on from.
struct AcceptRecoveredState {
  friend bool operator==(const AcceptRecoveredState&, const AcceptRecoveredState&) = default;
};
using OperatorCommand =
    std::variant<risk::Control, CancelAll, LostOrdersDead, AcceptRecoveredState, NumberedFact>;

struct CommandsFile {
  std::string by;
  std::vector<OperatorCommand> commands;
  std::vector<Problem> problems;
};
[[nodiscard]] CommandsFile load_commands_file(const std::filesystem::path& path,
                                              const Deployment& deployment);
[[nodiscard]] CommandsFile parse_commands(std::string_view text, std::string_view file,
                                          const Deployment& deployment);

}  // namespace portcullis::config
