#include "config/state_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <limits>
#include <optional>
#include <set>
#include <sstream>

#include "config/decimal.h"
#include "config/head_room.h"
#include "config/iso_time.h"
#include "config/json_reader.h"
#include "config/load_facts.h"

namespace portcullis::config {

namespace {

std::optional<std::string> read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) return std::nullopt;
  return text.str();
}

// Remembers what has been there: the same twice in one file is taken for a mistake.
using Pairs = std::set<std::pair<std::uint32_t, std::uint32_t>>;

std::optional<risk::LoadBalance> read_balance(JsonReader& in, const Deployment& deployment,
                                              Pairs& seen) {
  const auto account = in.reference("account", deployment.names.accounts, "an account");
  const auto asset = in.reference("asset", deployment.names.assets, "an asset");
  if (!asset) return in.skip("amount"), std::nullopt;
  const auto units = in.decimal("amount", deployment.assets[asset->value].decimals, -kAny, kAny);
  if (!account || !units) return std::nullopt;
  if (!seen.emplace(account->value, asset->value).second) {
    in.problem("asset", "the account has a balance in it already");
  }
  if (!value_max(deployment, *asset, *units < 0 ? -*units : *units)) {
    in.problem("amount", "is worth more than 2^60 quanta at index_max");
  }
  risk::LoadBalance load;
  load.account = *account;
  load.asset = *asset;
  load.units = *units;
  return load;
}

std::optional<risk::LoadPosition> read_position(JsonReader& in, const Deployment& deployment,
                                                Pairs& seen) {
  const auto account = in.reference("account", deployment.names.accounts, "an account");
  const auto index = in.reference("instrument", deployment.names.instruments, "an instrument");
  if (!index) return in.ignore_rest(), std::nullopt;
  if (deployment.parameters.instruments[index->value].payoff == risk::Payoff::Spot) {
    in.problem("instrument", "is spot: what is bought is a balance, and there is no position");
    return in.ignore_rest(), std::nullopt;
  }
  const InstrumentSettings& instrument = deployment.instruments[index->value];
  const std::int64_t marks_per_tick =
      deployment.parameters.instruments[index->value].marks_per_tick;
  const auto quantity = in.decimal("quantity", instrument.quantity_decimals, -kAny, kAny);
  const auto price =
      in.decimal("entry_price", instrument.mark_decimals, marks_per_tick, instrument.mark_max.raw);
  if (!account || !quantity || !price) return std::nullopt;
  if (!seen.emplace(account->value, index->value).second) {
    in.problem("instrument", "the account has a position in it already");
  }
  if (*quantity % instrument.lot != 0) {
    in.problem("quantity", fmt::format("must be a whole number of lots of {}",
                                       to_decimal(instrument.lot, instrument.quantity_decimals)));
  }
  if (*price % marks_per_tick != 0) {
    in.problem("entry_price", fmt::format("must be a whole number of ticks of {}",
                                          to_decimal(marks_per_tick, instrument.mark_decimals)));
  }
  risk::LoadPosition load;
  load.account = *account;
  load.instrument = *index;
  load.lots = {*quantity / instrument.lot};
  load.entry = {*price / marks_per_tick};
  if (!value_max(deployment, *index, load.lots.raw < 0 ? -load.lots : load.lots)) {
    in.problem("quantity", "is worth more than 2^60 quanta at price_max");
  }
  return load;
}

struct Target {
  risk::ControlScope scope;
  std::uint32_t index;
};

// Exactly one of the scopes' keys.
std::optional<Target> read_target(JsonReader& in, const Deployment& deployment) {
  constexpr std::array<std::string_view, 4> kKeys{"node", "account", "session", "instrument"};
  int count = 0;
  for (const std::string_view key : kKeys) count += in.has(key) ? 1 : 0;
  if (count != 1) {
    for (const std::string_view key : kKeys) in.skip(key);
    if (in.readable()) in.problem("", "must have one of node, account, session and instrument");
    return std::nullopt;
  }
  const auto found = [](risk::ControlScope scope, const auto& index) -> std::optional<Target> {
    if (!index) return std::nullopt;
    return Target{scope, index->value};
  };
  const Names& names = deployment.names;
  using risk::ControlScope;
  if (in.has("node")) {
    return found(ControlScope::Node,
                 in.reference("node", names.nodes, "the venue, a member or a group"));
  }
  if (in.has("account")) {
    return found(ControlScope::Account, in.reference("account", names.accounts, "an account"));
  }
  if (in.has("session")) {
    return found(ControlScope::Session, in.reference("session", names.sessions, "a session"));
  }
  return found(ControlScope::Instrument,
               in.reference("instrument", names.instruments, "an instrument"));
}

std::optional<OperatorCommand> read_command(JsonReader& in, const Deployment& deployment) {
  enum class Action {
    Kill,
    Suspend,
    CloseOnly,
    Resume,
    CancelAll,
    LostOrdersDead,
    AcceptRecoveredState,
    Fact
  };
  const auto action =
      in.choice<Action>("action", {{"kill", Action::Kill},
                                   {"suspend", Action::Suspend},
                                   {"close_only", Action::CloseOnly},
                                   {"resume", Action::Resume},
                                   {"cancel_all", Action::CancelAll},
                                   {"lost_orders_dead", Action::LostOrdersDead},
                                   {"accept_recovered_state", Action::AcceptRecoveredState},
                                   {kFactNames[0], Action::Fact},
                                   {kFactNames[1], Action::Fact},
                                   {kFactNames[2], Action::Fact},
                                   {kFactNames[3], Action::Fact},
                                   {kFactNames[4], Action::Fact},
                                   {kFactNames[5], Action::Fact},
                                   {kFactNames[6], Action::Fact},
                                   {kFactNames[7], Action::Fact},
                                   {kFactNames[8], Action::Fact}});
  if (action == Action::LostOrdersDead) return LostOrdersDead{};  // a scope would be an unknown key
  if (action == Action::AcceptRecoveredState) return AcceptRecoveredState{};
  if (action == Action::Fact) {
    const auto fact = read_fact(in, deployment);
    return fact ? std::optional<OperatorCommand>(*fact) : std::nullopt;
  }
  const auto target = read_target(in, deployment);
  if (!action || !target) return std::nullopt;
  if (action == Action::CancelAll) return CancelAll{target->scope, target->index};
  risk::Control control;
  control.scope = target->scope;
  control.target = target->index;
  control.action = action == Action::Kill        ? risk::ControlAction::Kill
                   : action == Action::Suspend   ? risk::ControlAction::Suspend
                   : action == Action::CloseOnly ? risk::ControlAction::CloseOnly
                                                 : risk::ControlAction::Resume;
  return control;
}

template <class File, class Parse>
File load_file(const std::filesystem::path& path, const Deployment& deployment, Parse parse) {
  const std::string name = path.filename().string();
  const auto text = read_text(path);
  if (text) return parse(*text, name, deployment);
  File file;
  file.problems.push_back({name, "", "", "cannot be read"});
  return file;
}

}  // namespace

StateFile load_state_file(const std::filesystem::path& path, const Deployment& deployment) {
  return load_file<StateFile>(path, deployment, parse_state);
}

CommandsFile load_commands_file(const std::filesystem::path& path, const Deployment& deployment) {
  return load_file<CommandsFile>(path, deployment, parse_commands);
}

StateFile parse_state(std::string_view text, std::string_view file, const Deployment& deployment) {
  StateFile state;
  const JsonResult json = parse_json(text);
  if (record_parse_error(json, file, state.problems)) return state;
  JsonReader root(file, json.json, state.problems);
  const auto as_of = root.text("as_of", 1, 64);
  const auto time = as_of ? parse_iso_time(*as_of) : std::nullopt;
  if (as_of && !time) root.problem("as_of", "must be a UTC time such as \"2026-01-05T00:00:00Z\"");
  state.as_of = time.value_or(risk::Timestamp{});
  state.by = root.text("by", 1, 64).value_or("");
  Pairs balances;
  root.each_item("balances", [&](JsonReader& in) {
    if (const auto load = read_balance(in, deployment, balances)) state.balances.push_back(*load);
  });
  Pairs positions;
  root.each_item("positions", [&](JsonReader& in) {
    if (const auto load = read_position(in, deployment, positions)) {
      state.positions.push_back(*load);
    }
  });
  return state;
}

CommandsFile parse_commands(std::string_view text, std::string_view file,
                            const Deployment& deployment) {
  CommandsFile commands;
  const JsonResult json = parse_json(text);
  if (record_parse_error(json, file, commands.problems)) return commands;
  JsonReader root(file, json.json, commands.problems);
  commands.by = root.text("by", 1, 64).value_or("");
  std::uint64_t number = 0;  // of the last fact
  root.each_item("commands", [&](JsonReader& in) {
    const auto command = read_command(in, deployment);
    if (!command) return;
    if (const auto* fact = std::get_if<NumberedFact>(&*command)) {
      if (fact->number <= number) in.problem("number", "must be above that of the fact before it");
      number = std::max(number, fact->number);
    }
    commands.commands.push_back(*command);
  });
  return commands;
}

}  // namespace portcullis::config
