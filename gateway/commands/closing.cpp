#include "gateway/commands/closing.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "config/decimal.h"
#include "config/iso_time.h"
#include "config/json.h"
#include "gateway/commands/journal_folder.h"
#include "gateway/journal/reader.h"

namespace portcullis::gateway {

namespace {

using risk::Int128;

constexpr std::int64_t kInt64Max = std::numeric_limits<std::int64_t>::max();

// As the engine has them. What was loaded is not among them.
void take_prices(const config::Deployment& deployment, Closing& closing) {
  const risk::Engine& engine = closing.gate->engine();
  for (std::uint32_t i = 0; i < deployment.instruments.size(); ++i) {
    closing.prices.marks.push_back(
        {.time = closing.time, .as_of = closing.time, .mark = engine.mark({i}), .instrument = {i}});
  }
  for (std::uint32_t a = 0; a < deployment.assets.size(); ++a) {
    closing.prices.indexes.push_back(
        {.time = closing.time, .as_of = closing.time, .index = engine.index({a}), .asset = {a}});
  }
}

// What operators have said and not taken back.
void take_controls(const config::Deployment& deployment, Closing& closing) {
  using enum risk::ControlAction;
  const risk::Engine& engine = closing.gate->engine();
  const auto add = [&](risk::ControlScope scope, std::uint32_t target, risk::ControlAction action) {
    closing.controls.push_back(
        {.time = {}, .target = target, .by = {}, .scope = scope, .action = action});
  };
  for (const auto& [scope, count] :
       {std::pair{risk::ControlScope::Node, deployment.names.nodes.size()},
        {risk::ControlScope::Account, deployment.accounts.size()},
        {risk::ControlScope::Session, deployment.sessions.size()}}) {
    for (std::uint32_t target = 0; target < count; ++target) {
      const std::uint8_t flags = engine.flags(scope, target);
      if ((flags & risk::kKilled) != 0) add(scope, target, Kill);
      if ((flags & risk::kSuspended) != 0) add(scope, target, Suspend);
      if ((flags & risk::kCloseOnly) != 0) add(scope, target, CloseOnly);
    }
  }
  for (std::uint32_t i = 0; i < deployment.instruments.size(); ++i) {
    const risk::InstrumentPhase phase = engine.phase({i});
    if (phase == risk::InstrumentPhase::Halted) add(risk::ControlScope::Instrument, i, Suspend);
    if (phase == risk::InstrumentPhase::ReduceOnly)
      add(risk::ControlScope::Instrument, i, CloseOnly);
  }
}

// The prices that positions were loaded at: until there is a mark, only the records know.
void take_loaded(Closing& closing, const journal::RecordView& view) {
  risk::LoadPosition load;
  if (static_cast<gate::RecordType>(view.type) == gate::RecordType::LoadPosition &&
      journal::read_command(view, load)) {
    closing.prices.loaded[{load.account.value, load.instrument.value}] = load.entry;
  }
}

// What margin may rest on beside prices, and only the records know.
void take_contracts(Closing& closing, const journal::RecordView& view) {
  const auto type = static_cast<gate::RecordType>(view.type);
  risk::FundingUpdate funding;
  if (type == gate::RecordType::Funding && journal::read_command(view, funding))
    closing.prices.predicted[funding.instrument.value] = funding.predicted;
  risk::OpenInterestUpdate interest;
  if (type == gate::RecordType::OpenInterest && journal::read_command(view, interest))
    closing.prices.open_interest[interest.instrument.value] = interest.lots;
}

void check_configuration(const journal::RecordView& view, const config::Deployment& deployment,
                         const std::filesystem::path& folder) {
  gate::StartRecord start;
  if (view.sequence != 1) return;
  if (static_cast<gate::RecordType>(view.type) == gate::RecordType::Start &&
      journal::read_command(view, start) && start.configuration_hash == deployment.canonical_hash) {
    return;
  }
  throw std::runtime_error(
      fmt::format("{}: configuration.json is not that of the journal", folder.string()));
}

void tell(risk::Engine& engine, const LastPrices& prices) {
  for (const risk::MarkUpdate& update : prices.marks) {
    if (update.mark.raw > 0) engine.apply(update);
  }
  for (const risk::IndexUpdate& update : prices.indexes) {
    if (update.index > 0) engine.apply(update);
  }
  for (const auto& [instrument, predicted] : prices.predicted)
    engine.apply(
        risk::FundingUpdate{.time = {}, .predicted = predicted, .instrument = {instrument}});
  for (const auto& [instrument, lots] : prices.open_interest)
    engine.apply(risk::OpenInterestUpdate{.time = {}, .lots = lots, .instrument = {instrument}});
}

std::unique_ptr<risk::Engine> engine_of(const config::Deployment& deployment,
                                        const config::StateFile& state, const LastPrices& prices) {
  auto engine = std::make_unique<risk::Engine>(deployment.parameters);
  for (const risk::LoadBalance& load : state.balances) {
    if (!engine->apply(load))
      throw std::runtime_error("capacities.group_slots is too small for the state");
  }
  for (const risk::LoadPosition& load : state.positions) {
    if (!engine->apply(load))
      throw std::runtime_error("capacities.positions or group_slots is too small for the state");
  }
  tell(*engine, prices);
  return engine;
}

// The price that a position is carried at: the mark in whole ticks, or before there is one what it was
// loaded at, or a tick.
risk::Price carried_at(const config::Deployment& deployment, const LastPrices& prices,
                       std::uint32_t account, std::uint32_t instrument) {
  const std::int64_t tick = deployment.parameters.instruments[instrument].marks_per_tick;
  const std::int64_t mark = prices.marks[instrument].mark.raw;
  if (mark == 0) {
    const auto loaded = prices.loaded.find({account, instrument});
    return loaded == prices.loaded.end() ? risk::Price{1} : loaded->second;
  }
  const std::int64_t most = deployment.instruments[instrument].mark_max.raw / tick;
  const std::int64_t nearest = mark / tick + (mark % tick * 2 >= tick ? 1 : 0);
  return {std::clamp<std::int64_t>(nearest, 1, most)};
}

bool has_any(const config::Deployment& deployment, const risk::Engine& engine,
             risk::AccountIndex account) {
  for (std::uint32_t a = 0; a < deployment.assets.size(); ++a) {
    if (engine.balance(account, {a}).raw != 0) return true;
  }
  for (std::uint32_t i = 0; i < deployment.instruments.size(); ++i) {
    if (engine.position(account, {i}).raw != 0) return true;
  }
  return false;
}

}  // namespace

Closing read_closing(const std::filesystem::path& folder) {
  Closing closing;
  // First: it says where there is no journal.
  closing.id = journal::Reader(folder, {.from_sequence = 0}).id();
  closing.deployment = need_deployment(folder);
  follower::Resumed begun = begin_reading(folder, *closing.deployment, follower::From::First);
  closing.gate = std::move(begun.gate);
  closing.records = begun.position.sequence;
  closing.time = {begun.position.time_ns};
  journal::ReaderOptions options = reader_options(folder);
  options.from_sequence = closing.records + 1;
  journal::Reader reader(folder, options);
  journal::RecordView record;
  journal::ReadStatus status{};
  while ((status = reader.next(record)) == journal::ReadStatus::Record) {
    check_configuration(record, *closing.deployment, folder);
    if (!closing.gate->redo(record)) {
      throw std::runtime_error(follower::why_not_redone(*closing.gate, record));
    }
    take_loaded(closing, record);
    take_contracts(closing, record);
    closing.records = record.sequence;
    closing.time = {std::max(closing.time.ns, record.time_ns)};
  }
  if (status == journal::ReadStatus::Damaged) throw std::runtime_error(reader.error());
  if (closing.records == 0)
    throw std::runtime_error(fmt::format("{}: the journal has no records", folder.string()));
  if (!closing.gate->is_loaded()) {
    throw std::runtime_error(
        fmt::format("{}: the process was killed while the state was loaded", folder.string()));
  }
  take_prices(*closing.deployment, closing);
  take_controls(*closing.deployment, closing);
  return closing;
}

Holdings holdings_of(const config::Deployment& deployment, risk::Engine& engine) {
  Holdings holdings;
  const std::size_t assets = deployment.assets.size();
  const std::size_t instruments = deployment.instruments.size();
  holdings.amounts.assign(deployment.accounts.size(), std::vector<Int128>(assets));
  holdings.positions.assign(deployment.accounts.size(), std::vector<risk::Lots>(instruments));
  for (std::uint32_t account = 0; account < deployment.accounts.size(); ++account) {
    if (!has_any(deployment, engine, {account})) continue;
    risk::Breakdown breakdown(deployment.parameters);
    engine.break_down({account}, breakdown);
    if (!breakdown.in_range) {
      throw std::runtime_error(fmt::format("account {}: its figures do not fit their integers",
                                           deployment.names.accounts.name({account})));
    }
    for (std::size_t a = 0; a < assets; ++a)
      holdings.amounts[account][a] = breakdown.assets[a].amount.raw;
    for (std::uint32_t i = 0; i < instruments; ++i)
      holdings.positions[account][i] = engine.position({account}, {i});
  }
  return holdings;
}

Holdings holdings_of(const config::Deployment& deployment, const config::StateFile& state,
                     const LastPrices& prices) {
  return holdings_of(deployment, *engine_of(deployment, state, prices));
}

config::StateFile entries_of(const config::Deployment& deployment, const Holdings& holdings,
                             const LastPrices& prices) {
  config::StateFile state;
  for (std::uint32_t account = 0; account < holdings.positions.size(); ++account) {
    for (std::uint32_t i = 0; i < deployment.instruments.size(); ++i) {
      const risk::Lots lots = holdings.positions[account][i];
      if (lots.raw == 0) continue;
      state.positions.push_back({.time = {},
                                 .lots = lots,
                                 .entry = carried_at(deployment, prices, account, i),
                                 .account = {account},
                                 .instrument = {i}});
    }
  }
  // What these positions alone come to at the marks is no part of the balances.
  const Holdings carried = holdings_of(deployment, state, prices);
  for (std::uint32_t account = 0; account < holdings.amounts.size(); ++account) {
    for (std::uint32_t a = 0; a < deployment.assets.size(); ++a) {
      const Int128 units = holdings.amounts[account][a] - carried.amounts[account][a];
      if (units == 0) continue;
      if (units > kInt64Max || units < -kInt64Max) {
        throw std::runtime_error(fmt::format(
            "account {}: its balance of {} does not fit a state file",
            deployment.names.accounts.name({account}), deployment.names.assets.name({a})));
      }
      state.balances.push_back({.time = {},
                                .units = static_cast<std::int64_t>(units),
                                .account = {account},
                                .asset = {a}});
    }
  }
  return state;
}

std::string state_text(const config::Deployment& deployment, const config::StateFile& state) {
  using config::quote;
  const config::Names& names = deployment.names;
  std::string text = fmt::format("{{\n  \"as_of\": {},\n  \"by\": {},\n  \"balances\": [",
                                 quote(config::to_iso_time(state.as_of)), quote(state.by));
  bool first = true;
  for (const risk::LoadBalance& load : state.balances) {
    text += fmt::format(
        "{}\n    {{ \"account\": {}, \"asset\": {}, \"amount\": \"{}\" }}", first ? "" : ",",
        quote(names.accounts.name(load.account)), quote(names.assets.name(load.asset)),
        config::to_decimal(load.units, deployment.assets[load.asset.value].decimals));
    first = false;
  }
  text += first ? "],\n  \"positions\": [" : "\n  ],\n  \"positions\": [";
  first = true;
  for (const risk::LoadPosition& load : state.positions) {
    const config::InstrumentSettings& instrument = deployment.instruments[load.instrument.value];
    const std::int64_t tick =
        deployment.parameters.instruments[load.instrument.value].marks_per_tick;
    text += fmt::format(
        "{}\n    {{ \"account\": {}, \"instrument\": {}, \"quantity\": \"{}\", \"entry_price\": "
        "\"{}\" }}",
        first ? "" : ",", quote(names.accounts.name(load.account)),
        quote(names.instruments.name(load.instrument)),
        config::to_decimal(Int128{load.lots.raw} * instrument.lot, instrument.quantity_decimals),
        config::to_decimal(Int128{load.entry.raw} * tick, instrument.mark_decimals));
    first = false;
  }
  text += first ? "]\n}\n" : "\n  ]\n}\n";
  const config::StateFile read = config::parse_state(text, "state", deployment);
  if (read.problems.empty()) return text;
  std::string problems = "the state cannot be loaded as a file:";
  for (const config::Problem& problem : read.problems) problems += '\n' + config::to_text(problem);
  throw std::runtime_error(problems);
}

void prove(Closing& closing, const config::StateFile& state) {
  const config::Deployment& deployment = *closing.deployment;
  risk::Engine& ours = closing.gate->engine();
  const auto loaded = engine_of(deployment, state, closing.prices);
  std::vector<bool> has_orders(deployment.accounts.size());
  const std::uint32_t orders_end = deployment.parameters.capacities.orders;
  for (risk::OrderIndex order = ours.next_order(0, orders_end); order.exists();
       order = ours.next_order(order.value + 1, orders_end)) {
    has_orders[ours.order(order).account.value] = true;
  }
  for (std::uint32_t account = 0; account < deployment.accounts.size(); ++account) {
    const risk::MarginReport before = ours.margin({account}, closing.time);
    const risk::MarginReport after = loaded->margin({account}, closing.time);
    const bool is_same =
        before.equity == after.equity && before.in_range && after.in_range &&
        (has_orders[account] ||
         (before.requirement == after.requirement && before.available == after.available &&
          before.maintenance_equity == after.maintenance_equity &&
          before.maintenance_requirement == after.maintenance_requirement));
    if (is_same) continue;
    throw std::runtime_error(fmt::format(
        "account {}: loaded from a state file its margin would be another: equity {} instead of "
        "{}, requirement {} instead of {}",
        deployment.names.accounts.name({account}),
        config::to_decimal(after.equity.raw, deployment.risk_decimals),
        config::to_decimal(before.equity.raw, deployment.risk_decimals),
        config::to_decimal(after.requirement.raw, deployment.risk_decimals),
        config::to_decimal(before.requirement.raw, deployment.risk_decimals)));
  }
}

}  // namespace portcullis::gateway
