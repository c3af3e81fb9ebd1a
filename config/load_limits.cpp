// limits.json: the limits tree, venue > members > groups > accounts (ORDERLIFE 6), and who may hold
// positions.
//
//   version     of the whole set of files, named in every decision: raise it with every change
//   profiles    limits by name, which nodes and accounts refer to:
//     gross_notional_max  over all instruments, in the risk currency
//     open_orders_max
//     leverage_max        gross notional over equity, or null in a profile that no account has
//     instruments         every instrument, by name: clip (of one order), long_max and short_max,
//                         as quantities; notional_max (of one order) and gross_notional_max, in the
//                         risk currency; collar, how far beyond the mark a limit may be, a share of
//                         it; restricted
//   venue       name and profile of the root
//   members     by name: profile
//   groups      by name: member, profile
//   accounts    by name: group, profile, rate, and firm, 1 to 4 characters, unique: the account on
//               the wire
// A limit of 0 refuses everything; there is no way to have none.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "config/decimal.h"
#include "config/head_room.h"
#include "config/load_steps.h"

namespace portcullis::config {

namespace {

using risk::Int128;
using risk::kPpm;

constexpr std::int64_t kLotsMax = 1'000'000'000'000;  // so that sums over a million accounts fit

risk::Lots read_lots(JsonReader& in, std::string_view key, const InstrumentSettings& instrument) {
  if (instrument.lot == 0) {  // the instrument's fault, and told there
    in.skip(key);
    return {};
  }
  const std::int64_t max = static_cast<std::int64_t>(std::min(
      Int128{kLotsMax} * instrument.lot, Int128{std::numeric_limits<std::int64_t>::max()}));
  const auto quantity = in.decimal(key, instrument.quantity_decimals, 0, max);
  if (!quantity) return {};
  if (*quantity % instrument.lot != 0) {
    in.problem(key, fmt::format("must be a whole number of lots of {}",
                                to_decimal(instrument.lot, instrument.quantity_decimals)));
  }
  return {*quantity / instrument.lot};
}

risk::Value read_value(const Loading& loading, JsonReader& in, std::string_view key) {
  return {in.decimal(key, loading.out.risk_decimals, 0, risk::kValueMax).value_or(0)};
}

// A market order, a limit at the collar, must be able to pass as an exit (METHOD 3.6): closing
// frees the requirement of the adverse move, and must pay for the collar and the fee.
void check_collar(const Loading& loading, JsonReader& in, risk::InstrumentIndex index,
                  std::int64_t collar_ppm) {
  const risk::InstrumentParameters& instrument = loading.out.parameters.instruments[index.value];
  const Range range = range_of(loading, instrument.factor);
  const std::int64_t shock = std::min(range.down_ppm, range.up_ppm);
  const std::int64_t debt_addon =
      loading.out.parameters.assets[instrument.settlement.value].debt_addon_ppm;
  const Int128 cost = Int128{collar_ppm} * kPpm + Int128{instrument.fee_ppm} * (kPpm + collar_ppm);
  const Int128 freed = Int128{loading.out.parameters.group_mult_ppm} * shock;
  if (cost * (kPpm + debt_addon) < freed * kPpm) return;
  in.problem(
      "collar",
      fmt::format("is wider than the shock pays for: collar and fee ({}), times 1 + the debt "
                  "add-on of the settlement asset ({}), must be less than group_mult times the "
                  "smaller adverse move in the per-group sets ({})",
                  to_decimal(cost, 12), to_decimal(debt_addon, kPpmScale), to_decimal(freed, 12)));
}

risk::InstrumentLimits read_instrument_limits(const Loading& loading, JsonReader in,
                                              risk::InstrumentIndex index) {
  const InstrumentSettings& instrument = loading.out.instruments[index.value];
  in.not_yet({"open_interest_max", "leverage_max", "concentration"});
  risk::InstrumentLimits limits;
  limits.clip = read_lots(in, "clip", instrument);
  limits.notional_max = read_value(loading, in, "notional_max");
  const auto collar = in.decimal("collar", kPpmScale, 0, kPpm);
  limits.collar_ppm = collar.value_or(0);
  if (collar && loading.assets_ok && loading.margin_ok && loading.instruments[index.value].ok) {
    check_collar(loading, in, index, *collar);
  }
  limits.long_max = read_lots(in, "long_max", instrument);
  limits.short_max = read_lots(in, "short_max", instrument);
  limits.gross_notional_max = read_value(loading, in, "gross_notional_max");
  limits.restricted = in.boolean("restricted").value_or(false);
  return limits;
}

// The sums that the engine builds on positions within these limits, and on their moves in
// scenarios, must fit its integers.
void check_head_room(const Loading& loading, JsonReader& in, const risk::LimitProfile& profile) {
  Int128 sum = 0;
  Int128 largest = 0;
  risk::InstrumentIndex largest_in;
  std::vector<Int128> exposures(loading.out.parameters.factor_count);
  for (std::uint32_t i = 0; i < profile.instruments.size(); ++i) {
    if (!loading.instruments[i].ok || !loading.assets_ok) return;
    const risk::InstrumentLimits& limits = profile.instruments[i];
    const auto value = value_max(loading.out, risk::InstrumentIndex{i},
                                 std::max(limits.long_max, limits.short_max));
    const risk::FactorIndex factor = loading.out.parameters.instruments[i].factor;
    const Int128 exposure = value.value_or(risk::kValueMax + 1);
    const Int128 most = exposure * std::max(kPpm, range_of(loading, factor).any_up_ppm) / kPpm;
    exposures[factor.value] += exposure;
    sum += most;
    if (most > largest) largest = most, largest_in = {i};
  }
  if (sum > risk::kValueMax) {
    in.problem(
        "instruments",
        fmt::format("long_max and short_max allow positions worth {} quanta or more at price_max "
                    "and index_max, or move by as much in scenarios, most of it in {}, and 2^60 is "
                    "the most "
                    "that can be summed",
                    to_decimal(sum, 0), loading.out.names.instruments.name(largest_in)));
    return;
  }
  if (!loading.margin_ok) return;
  const std::int64_t exposure_max = risk::exposure_max(loading.out.parameters);
  for (std::uint32_t f = 0; f < exposures.size(); ++f) {
    if (exposures[f] <= exposure_max) continue;
    in.problem("instruments",
               fmt::format("long_max and short_max allow positions in {} worth {} quanta at "
                           "price_max and index_max, and {} is the most that can be moved by all "
                           "scenarios together",
                           loading.out.names.factors.name({f}), to_decimal(exposures[f], 0),
                           exposure_max));
  }
}

risk::LimitProfile read_profile(const Loading& loading, JsonReader& in) {
  in.not_yet({"daily_loss_max", "repeated_executions", "warnings"});
  risk::LimitProfile profile;
  profile.gross_notional_max = read_value(loading, in, "gross_notional_max");
  profile.open_orders_max = in.integer("open_orders_max", 0, 100'000'000).value_or(0);
  if (!in.null("leverage_max")) {
    profile.leverage_max_ppm = in.decimal("leverage_max", kPpmScale, 0, 1'000 * kPpm).value_or(0);
  }
  profile.instruments.resize(loading.out.instruments.size());
  JsonReader instruments = in.object("instruments");
  for (const auto& [name, index] :
       instruments.keys_of(loading.out.names.instruments, "instrument")) {
    profile.instruments[index.value] =
        read_instrument_limits(loading, instruments.object(name), index);
  }
  check_head_room(loading, in, profile);
  return profile;
}

// Node and account readers share this: what a node is called, and its limits.
struct Tree {
  Loading& loading;
  std::vector<bool> has_leverage;  // by profile

  std::uint32_t read_profile_name(JsonReader& in, bool of_account) {
    const auto profile = in.reference("profile", loading.out.names.profiles, "a profile");
    if (!profile) return 0;
    if (of_account && !has_leverage[profile->value]) {
      in.problem("profile", "must have a leverage_max, since an account has it");
    }
    return profile->value;
  }

  void add_node(JsonReader& in, std::string_view name, std::string_view key, risk::NodeLevel level,
                risk::NodeIndex parent) {
    risk::NodeParameters node;
    node.level = level;
    node.parent = parent;
    node.profile = read_profile_name(in, false);
    if (loading.out.names.nodes.add(name).exists()) {
      loading.out.parameters.nodes.push_back(node);
    } else {
      in.problem(key, "the venue, a member or another group has this name");
    }
  }

  // A node of that level which `key` names.
  risk::NodeIndex read_parent(JsonReader& in, std::string_view key, risk::NodeLevel level,
                              std::string_view what) {
    const auto node = in.reference(key, loading.out.names.nodes, what);
    if (!node) return {};
    if (loading.out.parameters.nodes[node->value].level == level) return *node;
    in.problem(key, fmt::format("must be the name of {}", what));
    return {};
  }

  void read_nodes(JsonReader& root) {
    {
      JsonReader venue = root.object("venue");
      const std::string name = venue.text("name", 1, 32).value_or("venue");
      add_node(venue, name, "name", risk::NodeLevel::Venue, {});
    }
    JsonReader members = root.object("members");
    for (const std::string& name : members.keys()) {
      check_name(members, name);
      JsonReader member = members.object(name);
      add_node(member, name, "", risk::NodeLevel::Member, {0});
    }
    JsonReader groups = root.object("groups");
    for (const std::string& name : groups.keys()) {
      check_name(groups, name);
      JsonReader group = groups.object(name);
      const auto member = read_parent(group, "member", risk::NodeLevel::Member, "a member");
      add_node(group, name, "", risk::NodeLevel::Group, member);
    }
  }

  void read_accounts(JsonReader accounts) {
    std::set<WireFirm> firms;
    for (const std::string& name : accounts.keys()) {
      check_name(accounts, name);
      loading.out.names.accounts.add(name);
      JsonReader in = accounts.object(name);
      in.not_yet({"mode", "exit_allowance"});
      risk::AccountParameters account;
      account.parent = read_parent(in, "group", risk::NodeLevel::Group, "a group");
      account.profile = read_profile_name(in, true);
      account.rate = read_rate(in.object("rate"));
      const auto firm = in.text("firm", 1, 4);
      const WireFirm wire = padded<4>(firm.value_or(""));
      if (firm && !firms.insert(wire).second) in.problem("firm", "another account has it");
      loading.out.accounts.push_back({wire});
      loading.out.parameters.accounts.push_back(account);
    }
    if (accounts.readable() && loading.out.accounts.empty())
      accounts.problem("", "must not be empty");
  }
};

}  // namespace

void load_limits(Loading& loading, const Json& json) {
  JsonReader root(kLimitsFile, json, loading.problems);
  constexpr std::int64_t kVersionMax = std::numeric_limits<std::uint32_t>::max();
  loading.out.parameters.version =
      static_cast<std::uint32_t>(root.integer("version", 1, kVersionMax).value_or(0));
  Tree tree{loading, {}};
  JsonReader profiles = root.object("profiles");
  for (const std::string& name : profiles.keys()) {
    check_name(profiles, name);
    loading.out.names.profiles.add(name);
    JsonReader profile = profiles.object(name);
    loading.out.parameters.profiles.push_back(read_profile(loading, profile));
    tree.has_leverage.push_back(!profile.null("leverage_max"));
  }
  tree.read_nodes(root);
  tree.read_accounts(root.object("accounts"));
}

}  // namespace portcullis::config
