#include "gateway/commands/reconcile.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <limits>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "config/json.h"
#include "gateway/commands/closing.h"
#include "gateway/commands/record_values.h"
#include "gateway/commands/stats.h"
#include "gateway/commands/their_books.h"
#include "gateway/journal/files.h"

namespace portcullis::gateway {

namespace {

using risk::Int128;

constexpr int kDifferent = 1;
constexpr int kBadInput = 2;

struct ReconcileLine {
  std::string folder;
  std::vector<std::string> against;
  std::string adjust;
  bool json = false;
};

enum class Status : std::uint8_t { Equal, Different, Missing, Unknown };
std::string_view name_of(Status status) {
  switch (status) {
    case Status::Equal:
      return "equal";
    case Status::Different:
      return "different";
    case Status::Missing:
      return "missing";
    case Status::Unknown:
      return "unknown";
  }
  return "";
}

// One account's position in an instrument, or balance of an asset.
struct Row {
  std::string account{};
  std::string thing{};
  std::string ours{};
  std::string theirs{};
  std::string difference{};  // theirs - ours; empty where it cannot be told
  Status status = Status::Equal;
};

// What others say, as far as we know the names.
struct Theirs {
  using Pair = std::pair<std::uint32_t, std::uint32_t>;  // account and instrument or asset
  struct Book {
    bool is_told = false;
    bool is_whole = false;  // what is not in it is nothing, rather than missing
    std::map<Pair, Int128> amounts;
    std::vector<TheirBook::Row> unknown;
  };
  Book positions;
  Book balances;
};

// --- reading

void take(const TheirBook& book, const std::string& file, const config::Deployment& deployment,
          Theirs& theirs) {
  const config::Names& names = deployment.names;
  const bool is_positions = book.kind == BookKind::Positions;
  Theirs::Book& into = is_positions ? theirs.positions : theirs.balances;
  if (into.is_told) {
    throw std::runtime_error(fmt::format("{}: another file has {} already", file,
                                         is_positions ? "positions" : "balances"));
  }
  into.is_told = true;
  for (const TheirBook::Row& row : book.rows) {
    const risk::AccountIndex account = names.accounts.find(row.account);
    const std::uint32_t thing =
        is_positions ? names.instruments.find(row.thing).value : names.assets.find(row.thing).value;
    if (account.exists() && thing != risk::kNone32) {
      into.amounts[{account.value, thing}] = row.amount;
    } else {
      into.unknown.push_back(row);
    }
  }
}

// A state file, valued at our marks like ours, whatever prices of entry it has.
void take(const config::StateFile& state, const Closing& closing, Theirs& theirs) {
  const Holdings holdings = holdings_of(*closing.deployment, state, closing.prices);
  theirs.positions.is_told = theirs.positions.is_whole = true;
  theirs.balances.is_told = theirs.balances.is_whole = true;
  for (std::uint32_t account = 0; account < holdings.amounts.size(); ++account) {
    for (std::uint32_t i = 0; i < holdings.positions[account].size(); ++i)
      theirs.positions.amounts[{account, i}] = holdings.positions[account][i].raw;
    for (std::uint32_t a = 0; a < holdings.amounts[account].size(); ++a)
      theirs.balances.amounts[{account, a}] = holdings.amounts[account][a];
  }
}

// Throws with every problem of every file.
Theirs read_theirs(const ReconcileLine& line, const Closing& closing) {
  Theirs theirs;
  std::string problems;
  for (const std::string& file : line.against) {
    const std::string text = read_text(file);
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string::npos || text[first] != '{') {
      const TheirBook book = parse_book(text, file, *closing.deployment);
      for (const std::string& problem : book.problems) problems += problem + '\n';
      if (book.problems.empty()) take(book, file, *closing.deployment, theirs);
      continue;
    }
    if (line.against.size() != 1)
      throw std::runtime_error(fmt::format("{}: a state file has everything: name no other", file));
    const config::StateFile state = config::parse_state(text, file, *closing.deployment);
    for (const config::Problem& problem : state.problems) problems += to_text(problem) + '\n';
    if (state.problems.empty()) take(state, closing, theirs);
  }
  if (problems.empty()) return theirs;
  problems.pop_back();
  throw std::runtime_error(problems);
}

// --- comparing

struct Comparison {
  std::vector<Row> positions;
  std::vector<Row> balances;
  std::size_t equal = 0;
  std::size_t different = 0;
  Holdings adjustment;  // theirs - ours, of what is known
};

template <class Names, class Ours, class Text, class Adjust>
std::vector<Row> compare(const config::SymbolTable<risk::AccountIndex>& accounts,
                         const Names& things, const Theirs::Book& book, Ours ours, Text text,
                         Adjust adjust) {
  std::vector<Row> rows;
  if (!book.is_told) return rows;
  for (std::uint32_t account = 0; account < accounts.size(); ++account) {
    for (std::uint32_t thing = 0; thing < things.size(); ++thing) {
      const Int128 here = ours(account, thing);
      const auto found = book.amounts.find({account, thing});
      const bool is_there = found != book.amounts.end();
      const Int128 there = is_there ? found->second : 0;
      if (here == 0 && there == 0) continue;
      Row row{.account = accounts.name({account}), .thing = things.name({thing})};
      row.ours = text(thing, here);
      row.theirs = is_there || book.is_whole ? text(thing, there) : "";
      row.difference = text(thing, there - here);
      row.status = here == there               ? Status::Equal
                   : is_there || book.is_whole ? Status::Different
                                               : Status::Missing;
      adjust(account, thing, there - here);
      rows.push_back(std::move(row));
    }
  }
  for (const TheirBook::Row& row : book.unknown) {
    rows.push_back({.account = row.account,
                    .thing = row.thing,
                    .theirs = row.text,
                    .difference = row.is_zero ? "0" : "",
                    .status = row.is_zero ? Status::Equal : Status::Unknown});
  }
  return rows;
}

Comparison compare(const Closing& closing, const Theirs& theirs) {
  const config::Deployment& deployment = *closing.deployment;
  const config::Names& names = deployment.names;
  const RecordValues values(&deployment);
  const Holdings ours = holdings_of(deployment, closing.gate->engine());
  Comparison result;
  result.adjustment.amounts.assign(names.accounts.size(), std::vector<Int128>(names.assets.size()));
  result.adjustment.positions.assign(names.accounts.size(),
                                     std::vector<risk::Lots>(names.instruments.size()));
  result.positions = compare(
      names.accounts, names.instruments, theirs.positions,
      [&](std::uint32_t account, std::uint32_t i) {
        return Int128{ours.positions[account][i].raw};
      },
      [&](std::uint32_t i, Int128 lots) {
        const config::InstrumentSettings& of = deployment.instruments[i];
        return config::to_decimal(lots * of.lot, of.quantity_decimals);
      },
      [&](std::uint32_t account, std::uint32_t i, Int128 lots) {
        // What does not fit is told where it is written.
        constexpr Int128 kMost = std::numeric_limits<std::int64_t>::max();
        result.adjustment.positions[account][i] = {
            static_cast<std::int64_t>(std::clamp(lots, -kMost, kMost))};
      });
  result.balances = compare(
      names.accounts, names.assets, theirs.balances,
      [&](std::uint32_t account, std::uint32_t a) { return ours.amounts[account][a]; },
      [&](std::uint32_t a, Int128 units) { return *values.units({a}, units); },
      [&](std::uint32_t account, std::uint32_t a, Int128 units) {
        result.adjustment.amounts[account][a] = units;
      });
  for (const std::vector<Row>* rows : {&result.positions, &result.balances}) {
    for (const Row& row : *rows) ++(row.status == Status::Equal ? result.equal : result.different);
  }
  return result;
}

// --- telling

std::string quoted_or_null(const std::string& text) {
  return text.empty() ? "null" : config::quote(text);
}

std::string rows_json(const std::vector<Row>& rows, std::string_view thing) {
  std::string text;
  for (const Row& row : rows) {
    text += fmt::format(
        "{}{{\"account\": {}, \"{}\": {}, \"ours\": {}, \"theirs\": {}, \"difference\": {}, "
        "\"status\": \"{}\"}}",
        text.empty() ? "" : ", ", config::quote(row.account), thing, config::quote(row.thing),
        quoted_or_null(row.ours), quoted_or_null(row.theirs), quoted_or_null(row.difference),
        name_of(row.status));
  }
  return text;
}

void print_json(const Comparison& result) {
  std::cout << fmt::format(
      "{{\"positions\": [{}], \"balances\": [{}], \"equal\": {}, \"different\": {}}}\n",
      rows_json(result.positions, "instrument"), rows_json(result.balances, "asset"), result.equal,
      result.different);
}

void print_text(const Comparison& result) {
  const auto print = [](const std::vector<Row>& rows, std::string_view thing) {
    if (rows.empty()) return;
    std::cout << fmt::format("{:<16} {:<16} {:>20} {:>20} {:>20}\n", "account", thing, "ours",
                             "theirs", "difference");
    for (const Row& row : rows) {
      std::cout << fmt::format("{:<16} {:<16} {:>20} {:>20} {:>20}  {}\n", row.account, row.thing,
                               row.ours.empty() ? "-" : row.ours,
                               row.theirs.empty() ? "-" : row.theirs,
                               row.difference.empty() ? "-" : row.difference, name_of(row.status));
    }
  };
  print(result.positions, "instrument");
  print(result.balances, "asset");
  std::cout << fmt::format("{} equal, {} different\n", result.equal, result.different);
}

// What would bring ours to theirs, in the form of a state file. Only a person applies it.
void write_adjustment(const ReconcileLine& line, const Closing& closing, const Theirs& theirs,
                      const Comparison& result) {
  config::StateFile state = entries_of(*closing.deployment, result.adjustment, closing.prices);
  // Where nobody has told us balances, none is changed.
  if (!theirs.balances.is_told) state.balances.clear();
  state.as_of = closing.time;
  state.by = "adjustment " + journal::hex(closing.id);
  write_text(line.adjust, state_text(*closing.deployment, state));
  for (const std::vector<Row>* rows : {&result.positions, &result.balances}) {
    for (const Row& row : *rows) {
      if (row.status == Status::Unknown)
        std::cerr << fmt::format("not in {}: {} {} {}\n", line.adjust, row.account, row.thing,
                                 row.theirs);
    }
  }
}

int run_reconcile(const ReconcileLine& line) {
  const Closing closing = read_closing(line.folder);
  const Theirs theirs = read_theirs(line, closing);
  const Comparison result = compare(closing, theirs);
  if (line.json) {
    print_json(result);
  } else {
    print_text(result);
  }
  if (!line.adjust.empty()) write_adjustment(line, closing, theirs, result);
  return result.different == 0 ? 0 : kDifferent;
}

}  // namespace

void add_reconcile_command(CLI::App& app) {
  auto line = std::make_shared<ReconcileLine>();
  CLI::App* command = app.add_subcommand(
      "reconcile", "what a journal comes to against a venue's or a clearing house's books");
  command->add_option("--journal", line->folder, "the journal's folder")->required();
  command
      ->add_option("--against", line->against,
                   "a state file, or CSV with one of the headers account,instrument,lots, "
                   "account,instrument,quantity and account,asset,amount; one of positions and one "
                   "of balances may be given. Names are ours, numbers exact decimals; an amount is "
                   "the balance with all gains at the journal's last marks")
      ->required();
  command->add_option("--adjust", line->adjust,
                      "write what would bring ours to theirs, as load entries for an operator to "
                      "decide on; nothing applies it");
  command->add_flag("--json", line->json, "one JSON object");
  command->footer("exit code 0: equal, 1: different, 2: something is wrong with what it was given");
  command->callback([line] {
    int code = kBadInput;
    try {
      code = run_reconcile(*line);
    } catch (const std::exception& error) {
      std::cerr << error.what() << '\n';
    }
    if (code != 0) throw CLI::RuntimeError(code);
  });
}

}  // namespace portcullis::gateway
