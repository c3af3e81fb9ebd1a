// limits.json: the limits tree, venue > members > groups > accounts (ORDERLIFE 6), and who may hold
// positions.
//
//   version     of the whole set of files, named in every decision: raise it with every change
//   profiles    limits by name, which nodes and accounts refer to (load_profiles.cpp)
//   venue       name and profile of the root
//   members     by name: profile
//   groups      by name: member, profile
//   accounts    by name:
//     group, profile
//     rate          of its orders, whichever sessions they come from: two token buckets as those of a
//                   session (ORDERLIFE 6), or null: only its sessions are limited
//     firm          1 to 4 characters, unique: the account on the wire
//     executions    interval_ms and burst: when so many executions have come faster than one each
//                   interval without a person having looked, orders that add risk are refused
//     isolated_from, isolated_in   both or none, the default: the account is one position's, in that
//                   instrument, and its cash comes from that account
//     cash_only     whether what an order pays out must be there; false by default
//     protections   the venue's market-maker protections of its orders: group, a risk group with
//                   table risk, and lots, the most that executes in it before the venue cancels the
//                   rest, the largest overshoot included; none by default
//   warnings    at how much of a limit operators are warned, by default at 60, 75, 90 and 100 %
//               (load_warnings.cpp)
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "config/load_steps.h"

namespace portcullis::config {

namespace {

// None is limited by its account: faster than any clock tells orders apart.
constexpr risk::RateLimit kNoRate{1'000'000'000, 1'000'000, 1'000'000'000, 1'000'000};
constexpr std::int64_t kIntervalMsMax = 86'400'000;
constexpr std::int64_t kExecutionsMax = 1'000'000'000;

risk::ExecutionThrottle read_executions(JsonReader in) {
  risk::ExecutionThrottle executions;
  executions.interval_ns = read_ns(in, "interval_ms", kNsPerMs, 1, kIntervalMsMax);
  executions.burst = in.integer("burst", 1, kExecutionsMax).value_or(0);
  return executions;
}

// The nodes and accounts, each with its limits.
struct Tree {
  Loading& loading;
  std::vector<ProfileTraits> profiles;

  std::optional<ProfileIndex> read_profile_name(JsonReader& in) {
    return in.reference("profile", loading.out.names.profiles, "a profile");
  }

  void add_node(JsonReader& in, std::string_view name, std::string_view key, risk::NodeLevel level,
                risk::NodeIndex parent) {
    risk::NodeParameters node;
    node.level = level;
    node.parent = parent;
    node.profile = read_profile_name(in).value_or(ProfileIndex{0}).value;
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

  // --- accounts

  void read_accounts(JsonReader accounts) {
    for (const std::string& name : accounts.keys()) {
      check_name(accounts, name);
      loading.out.names.accounts.add(name);
    }
    std::set<WireFirm> firms;
    for (const std::string& name : accounts.keys()) {
      JsonReader in = accounts.object(name);
      risk::AccountParameters account = read_account(in, name);
      const auto firm = in.text("firm", 1, 4);
      const WireFirm wire = padded<4>(firm.value_or(""));
      if (firm && !firms.insert(wire).second) in.problem("firm", "another account has it");
      loading.out.accounts.push_back({wire});
      loading.out.parameters.accounts.push_back(std::move(account));
    }
    if (accounts.readable() && loading.out.accounts.empty())
      accounts.problem("", "must not be empty");
    check_isolation();
  }

  risk::AccountParameters read_account(JsonReader& in, const std::string& name) {
    risk::AccountParameters account;
    account.parent = read_parent(in, "group", risk::NodeLevel::Group, "a group");
    const auto profile = read_profile_name(in);
    account.profile = profile.value_or(ProfileIndex{0}).value;
    if (profile) check_profile(in, profiles[profile->value]);
    account.rate = in.null("rate") ? kNoRate : read_rate(in.object("rate"));
    account.executions = read_executions(in.object("executions"));
    if (in.has("isolated_from") || in.has("isolated_in")) read_isolation(in, name, account);
    account.cash_only = read_bool_or(in, "cash_only", false);
    if (in.has("protections")) account.protections = read_protections(in);
    return account;
  }

  void check_profile(JsonReader& in, const ProfileTraits& traits) {
    if (!traits.has_leverage) {
      in.problem("profile", "must have a leverage_max, since an account has it");
    }
    if (!traits.has_daily_loss) {
      in.problem("profile", "must have a daily_loss_max, since an account has it");
    }
  }

  void read_isolation(JsonReader& in, const std::string& name, risk::AccountParameters& account) {
    const Names& names = loading.out.names;
    account.isolated_from =
        in.reference("isolated_from", names.accounts, "an account").value_or(risk::AccountIndex{});
    account.isolated_in = in.reference("isolated_in", names.instruments, "an instrument")
                              .value_or(risk::InstrumentIndex{});
    if (account.isolated_from.exists() && account.isolated_from == names.accounts.find(name)) {
      in.problem("isolated_from", "must be another account");
      account.isolated_from = {};
    }
  }

  std::vector<risk::MarketMakerProtection> read_protections(JsonReader& in) {
    std::vector<risk::MarketMakerProtection> protections;
    in.each_item("protections", [&](JsonReader& item) {
      const auto group = item.reference("group", loading.out.names.risk_groups, "a risk group");
      const auto lots = item.integer("lots", 0, kLotsMax);
      if (!group) return;
      const auto is_same = [&](const auto& other) { return other.group == *group; };
      if (std::any_of(protections.begin(), protections.end(), is_same)) {
        item.problem("group", "has a protection already");
      } else if (loading.instruments_ok &&
                 loading.out.parameters.groups[group->value].row_count == 0) {
        item.problem("group", "has no instrument with table risk");
      }
      protections.push_back({*group, {lots.value_or(0)}});
    });
    return protections;
  }

  // Cash comes from an account that has its own.
  void check_isolation() {
    const auto& accounts = loading.out.parameters.accounts;
    const SymbolTable<risk::AccountIndex>& names = loading.out.names.accounts;
    for (std::uint32_t a = 0; a < accounts.size(); ++a) {
      const risk::AccountIndex from = accounts[a].isolated_from;
      if (!from.exists() || !accounts[from.value].isolated_from.exists()) continue;
      loading.problems.push_back({std::string(kLimitsFile),
                                  fmt::format("accounts.{}.isolated_from", names.names()[a]),
                                  quote(names.name(from)), "must not be isolated itself"});
    }
  }
};

}  // namespace

void load_limits(Loading& loading, const Json& json) {
  JsonReader root(kLimitsFile, json, loading.problems);
  constexpr std::int64_t kVersionMax = std::numeric_limits<std::uint32_t>::max();
  loading.out.parameters.version =
      static_cast<std::uint32_t>(root.integer("version", 1, kVersionMax).value_or(0));
  Tree tree{loading, read_profiles(loading, root.object("profiles"))};
  tree.read_nodes(root);
  tree.read_accounts(root.object("accounts"));
  if (root.has("warnings")) {
    JsonReader warnings = root.object("warnings");
    (void)read_warnings(warnings);  // whoever warns reads them of the canonical text
  }
  std::vector<bool> has_account(tree.profiles.size());
  for (const risk::AccountParameters& account : loading.out.parameters.accounts) {
    if (account.profile < has_account.size()) has_account[account.profile] = true;
  }
  for (std::uint32_t p = 0; p < has_account.size(); ++p) {
    if (has_account[p] && tree.profiles[p].ok) check_scenario_sums(loading, {p});
  }
  for (std::uint32_t a = 0; a < loading.out.parameters.accounts.size(); ++a) {
    const std::uint32_t p = loading.out.parameters.accounts[a].profile;
    if (p < tree.profiles.size() && tree.profiles[p].ok) check_protections(loading, {a});
  }
}

}  // namespace portcullis::config
