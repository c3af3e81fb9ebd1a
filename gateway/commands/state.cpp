#include "gateway/commands/state.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include "gateway/commands/closing.h"
#include "gateway/commands/margin_answer.h"
#include "gateway/commands/record_values.h"
#include "gateway/commands/stats.h"
#include "gateway/journal/files.h"

namespace portcullis::gateway {

namespace {

struct StateLine {
  std::string folder;
  std::string out;
  std::string by;
  bool json = false;
  bool allow_open_orders = false;
};

// "2 of alpha-1, 1 of bravo-2"
std::string open_orders(const Closing& closing) {
  risk::Engine& engine = closing.gate->engine();
  std::map<std::uint32_t, int> by_account;
  const std::uint32_t end = closing.deployment->parameters.capacities.orders;
  for (risk::OrderIndex order = engine.next_order(0, end); order.exists();
       order = engine.next_order(order.value + 1, end)) {
    ++by_account[engine.order(order).account.value];
  }
  std::string text;
  for (const auto& [account, count] : by_account) {
    text += fmt::format("{}{} of {}", text.empty() ? "" : ", ", count,
                        closing.deployment->names.accounts.name({account}));
  }
  return text;
}

// What a state file has no place for.
void print_what_is_left_out(const Closing& closing, const RecordValues& values) {
  for (const risk::Control& control : closing.controls) {
    const std::string_view scope = gate::name_of(control.scope);
    std::cerr << fmt::format("not in it: {} {} {}, which run --commands says again\n",
                             gate::name_of(control.action), scope,
                             values.name_in(scope, control.target));
  }
  for (std::uint32_t account = 0; account < closing.deployment->accounts.size(); ++account) {
    const risk::MarginState state = closing.gate->engine().state({account});
    if (state == risk::MarginState::Normal) continue;
    std::cerr << fmt::format("not in it: {} is {}, which is found again by its margin\n",
                             values.name(risk::AccountIndex{account}), gateway::name_of(state));
  }
}

std::string summary(const Closing& closing, const config::StateFile& state,
                    const RecordValues& values) {
  std::string text =
      fmt::format("journal {}, {} records until {}, state {:016x}\n{} open orders\n",
                  journal::hex(closing.id), closing.records, utc_text(closing.time.ns),
                  closing.gate->engine().state_hash(), closing.gate->engine().live_orders());
  for (const risk::LoadBalance& load : state.balances) {
    text += fmt::format("{:<16} {:<16} {:>20}\n", values.name(load.account),
                        values.name(load.asset), *values.units(load.asset, load.units));
  }
  for (const risk::LoadPosition& load : state.positions) {
    text += fmt::format("{:<16} {:<16} {:>20} @ {}\n", values.name(load.account),
                        values.name(load.instrument), *values.lots(load.instrument, load.lots),
                        *values.price(load.instrument, load.entry));
  }
  return text;
}

// False where orders are open that should not be.
bool run_state(const StateLine& line) {
  Closing closing = read_closing(line.folder);
  const config::Deployment& deployment = *closing.deployment;
  const RecordValues values(&deployment);
  if (const std::uint32_t open = closing.gate->engine().live_orders(); open != 0) {
    std::cerr << fmt::format("{} order{} open ({}): a state file has no place for {}\n", open,
                             open == 1 ? " is" : "s are", open_orders(closing),
                             open == 1 ? "it" : "them");
    if (!line.allow_open_orders) {
      std::cerr << "cancel them and let the venue confirm it, or say --allow-open-orders\n";
      return false;
    }
  }
  config::StateFile state =
      entries_of(deployment, holdings_of(deployment, closing.gate->engine()), closing.prices);
  state.as_of = closing.time;
  state.by = line.by.empty() ? "journal " + journal::hex(closing.id) : line.by;
  const std::string text = state_text(deployment, state);
  prove(closing, state);
  print_what_is_left_out(closing, values);
  if (!line.out.empty()) write_text(line.out, text);
  if (line.json) {
    std::cout << text;
  } else {
    std::cout << summary(closing, state, values);
  }
  return true;
}

}  // namespace

void add_state_command(CLI::App& app) {
  auto line = std::make_shared<StateLine>();
  CLI::App* command = app.add_subcommand(
      "state", "the state at the end of a journal, as a file that run --load takes");
  command->add_option("--journal", line->folder, "the journal's folder")->required();
  command->add_option("--out", line->out, "where to write the state file");
  command->add_flag("--json", line->json, "print the state file instead of a summary");
  command->add_option("--by", line->by, "by whose word it is; the journal's id by default");
  command->add_flag("--allow-open-orders", line->allow_open_orders,
                    "leave open orders out, which otherwise are an error");
  command->callback([line] {
    bool good = false;
    try {
      good = run_state(*line);
    } catch (const std::exception& error) {
      std::cerr << error.what() << '\n';
    }
    if (!good) throw CLI::RuntimeError(1);
  });
}

}  // namespace portcullis::gateway
