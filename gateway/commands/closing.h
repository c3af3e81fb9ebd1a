// The state at the end of a journal: what its records come to, and what the next day begins with.
//
// The engine keeps what a position cost and what its trades have gained in one exact sum, and a state
// file has a price of entry instead. So a position is carried at the last mark, in whole ticks, and
// what it has gained until there is in the balance: the settlement of a day. Where the mark is no whole
// tick the nearest one stands, and the balance has the rest. Loaded into an empty journal it is the same
// equity and the same requirement at any price, to the unit; prove() tells.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/deployment.h"
#include "config/state_file.h"
#include "gateway/gate/gate.h"
#include "gateway/journal/format.h"
#include "risk/commands.h"
#include "risk/engine.h"

namespace portcullis::gateway {

// What accounts have at some prices, by account and asset or instrument.
struct Holdings {
  std::vector<std::vector<risk::Int128>> amounts;  // units: balances with all gains at the marks
  std::vector<std::vector<risk::Lots>> positions;
};

// The last prices of a journal.
struct LastPrices {
  std::vector<risk::MarkUpdate> marks;     // by instrument; mark 0: never
  std::vector<risk::IndexUpdate> indexes;  // by asset; index 0: never
  // By account and instrument: at which a position was loaded, where the record of it is there.
  std::map<std::pair<std::uint32_t, std::uint32_t>, risk::Price> loaded;
  // By instrument, where the records of them are there: funding that is predicted, and open interest.
  std::map<std::uint32_t, std::int64_t> predicted;
  std::map<std::uint32_t, risk::Lots> open_interest;
};

struct Closing {
  std::unique_ptr<const config::Deployment> deployment;
  std::unique_ptr<gate::Gate> gate;
  journal::JournalId id{};
  std::uint64_t records = 0;
  risk::Timestamp time;  // of the last record
  LastPrices prices;
  std::vector<risk::Control> controls;  // of operators, in force
};

// Redoes the journal in `folder`; where its first records are gone, from the newest good snapshot on,
// which is said on stderr. Throws std::runtime_error: no journal, a damaged one, one of another
// configuration or version than what is beside it, one in which the state was not loaded whole, or
// one without its first records and a good snapshot of them.
[[nodiscard]] Closing read_closing(const std::filesystem::path& folder);

// What the engine has. Throws std::runtime_error where an account's figures do not fit their integers.
[[nodiscard]] Holdings holdings_of(const config::Deployment& deployment, risk::Engine& engine);
// What a state file comes to at these prices. Throws std::runtime_error where there is no room for it.
[[nodiscard]] Holdings holdings_of(const config::Deployment& deployment,
                                   const config::StateFile& state, const LastPrices& prices);

// The load entries that come to `holdings`: positions at the marks in whole ticks, and the balances
// beside them. Throws std::runtime_error where an amount does not fit 64 bits.
[[nodiscard]] config::StateFile entries_of(const config::Deployment& deployment,
                                           const Holdings& holdings, const LastPrices& prices);

// The text of a state file (run --load). Throws std::runtime_error where it could not be loaded: with
// everything that is wrong with it.
[[nodiscard]] std::string state_text(const config::Deployment& deployment,
                                     const config::StateFile& state);

// Loads the state into an engine of its own and compares the margin of every account: equity, and
// where no orders are open also what is required. Throws std::runtime_error at a difference.
void prove(Closing& closing, const config::StateFile& state);

}  // namespace portcullis::gateway
