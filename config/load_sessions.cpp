// sessions.json: who logs in, over OUCH or as a JSON client.
//
//   alias_sets  by name, then by symbol (1 to 8 printable ASCII characters, as on the wire):
//     instrument
//     price_scale     a wire price, with its four decimals, times this is a price
//     quantity_scale  a wire quantity of 1 is this much
//     A tick must be a whole number of wire prices and a lot a whole number of wire quantities.
//   sessions    by name, which is the SoupBinTCP user name of 1 to 6 letters and digits:
//     member; accounts it may use, all of that member; default_account, of orders without a Firm,
//     or null; alias_set; instruments it may trade; actions it may take, a list of enter, replace,
//     cancel, mass_cancel and disable (OUCH D and E); rate
//     password      one of password_hash (what `portcullis password` prints), password_file, whose
//                   first line is one, and password_env, the plain text. A file with either must be
//                   its owner's alone
//     cancel_on_disconnect, its orders, disconnect_grace_ms later
//     dead_man_ms   its orders are cancelled when nothing has been heard of it for so long,
//                   connected or not; 0: never. Heard are heartbeats of Soup, and of a json session
//                   its text messages, {"op":"ping"} too, and queries, not a WebSocket's pings and
//                   pongs (opcodes 9 and 10)
//     duplicate_login  newest_wins or refuse
//     slow_consumer    wait: its messages wait in the journal; disconnect: at once, when there are
//                   more unsent bytes than are kept
//     reject_arithmetic_debug, whether a debug packet with the arithmetic follows a reject
//     protocol        ouch, the default, or json. A json session has api_key, with which it says who it
//                     is, secret_env or secret_file, with which it signs, read_only, and instead of
//                     accounts an account, all of its orders are of; or, read_only, accounts. It has
//                     none of: password, default_account, alias_set, duplicate_login, slow_consumer,
//                     reject_arithmetic_debug; nor actions where it is read_only
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "config/load_steps.h"

namespace portcullis::config {

namespace {

struct AliasSet {
  std::vector<Alias> aliases;
  bool ok = false;  // read without problems: what is not in it is not there
};
using AliasSets = std::map<std::string, AliasSet, std::less<>>;

// The venue's link carries what this one takes.
void limit_to_venue(Alias& alias, const Alias& venue) {
  alias.price_max = std::min(alias.price_max, venue.price_max);
  alias.quantity_max = std::min(alias.quantity_max, venue.quantity_max);
}

AliasSet read_alias_set(const Loading& loading, JsonReader in) {
  const std::size_t problems_before = loading.problem_count();
  AliasSet set;
  std::vector<bool> seen(loading.out.instruments.size());
  for (const std::string& symbol : in.keys()) {
    check_name(in, symbol);
    if (symbol.size() > 8) in.problem(symbol, "a symbol must have 1 to 8 characters");
    JsonReader alias = in.object(symbol);
    const auto instrument =
        alias.reference("instrument", loading.out.names.instruments, "an instrument");
    if (!instrument) {
      alias.ignore_rest();
      continue;
    }
    if (seen[instrument->value]) alias.problem("instrument", "another symbol stands for it");
    seen[instrument->value] = true;
    set.aliases.push_back(read_alias(loading, alias, symbol, *instrument));
    limit_to_venue(set.aliases.back(), loading.out.instruments[instrument->value].venue);
  }
  set.ok = in.readable() && loading.problem_count() == problems_before;
  return set;
}

// The member above the account, or none where the tree is broken.
risk::NodeIndex member_of(const Loading& loading, risk::AccountIndex account) {
  const risk::NodeIndex group = loading.out.parameters.accounts[account.value].parent;
  return group.exists() ? loading.out.parameters.nodes[group.value].parent : risk::NodeIndex{};
}

struct SessionReader {
  Loading& loading;
  const AliasSets& alias_sets;
  JsonReader& in;
  SessionSettings settings{};
  risk::SessionParameters parameters{};
  bool accounts_read = false;
  bool instruments_read = false;

  void read() {
    in.not_yet({"self_match_prevention"});
    if (in.has("protocol")) {
      settings.protocol =
          in.choice<Protocol>("protocol", {{"ouch", Protocol::Ouch}, {"json", Protocol::Json}})
              .value_or(Protocol::Ouch);
    }
    settings.cancel_on_disconnect = in.boolean("cancel_on_disconnect").value_or(false);
    settings.disconnect_grace_ns = read_ns(in, "disconnect_grace_ms", kNsPerMs, 0, 3'600'000);
    settings.dead_man_ns = read_ns(in, "dead_man_ms", kNsPerMs, 0, 86'400'000);
    parameters.rate = read_rate(in.object("rate"));
    read_member();
    if (settings.protocol == Protocol::Json) return read_json();
    read_actions();
    settings.password = read_password_source(loading, in, PasswordOf::Client);
    settings.duplicate_login =
        in.choice<DuplicateLogin>("duplicate_login", {{"newest_wins", DuplicateLogin::NewestWins},
                                                      {"refuse", DuplicateLogin::Refuse}})
            .value_or(DuplicateLogin::NewestWins);
    settings.slow_consumer =
        in.choice<SlowConsumer>("slow_consumer", {{"wait", SlowConsumer::Wait},
                                                  {"disconnect", SlowConsumer::Disconnect}})
            .value_or(SlowConsumer::Wait);
    settings.reject_arithmetic_debug = in.boolean("reject_arithmetic_debug").value_or(false);
    read_accounts();
    read_default_account();
    read_instruments();
    read_alias_set_name();
  }

  void read_json() {
    settings.api_key.key = in.text("api_key", 1, 36).value_or("");
    settings.api_key.secret = read_secret_source(loading, in);
    settings.read_only = in.boolean("read_only").value_or(false);
    if (!settings.read_only) read_actions();
    if (settings.read_only) {
      read_accounts();
    } else if (const auto account =
                   in.reference("account", loading.out.names.accounts, "an account")) {
      parameters.accounts = {*account};
      settings.default_account = *account;
      check_member("account", *account);
    }
    read_instruments();
    add_plain_aliases();
  }

  // In whole lots and ticks, of everything it may trade.
  void add_plain_aliases() {
    for (std::uint32_t i = 0; i < parameters.instruments.size(); ++i) {
      if (!parameters.instruments[i]) continue;
      const Alias& venue = loading.out.instruments[i].venue;
      settings.aliases.push_back({.symbol = venue.symbol,
                                  .instrument = {i},
                                  .price_per_tick = 1,
                                  .quantity_per_lot = 1,
                                  .price_max = venue.price_max,
                                  .quantity_max = venue.quantity_max});
    }
  }

  void read_actions() {
    const auto actions = in.choices<risk::SessionAction>("actions",
                                                         {{"enter", risk::kMayEnter},
                                                          {"replace", risk::kMayReplace},
                                                          {"cancel", risk::kMayCancel},
                                                          {"mass_cancel", risk::kMayMassCancel},
                                                          {"disable", risk::kMayDisable}},
                                                         MayBeEmpty::Yes);
    if (!actions) return;
    for (const risk::SessionAction action : *actions) {
      parameters.actions = static_cast<std::uint8_t>(parameters.actions | action);
    }
  }

  void read_member() {
    const auto member = in.reference("member", loading.out.names.nodes, "a member");
    if (!member) return;
    if (loading.out.parameters.nodes[member->value].level == risk::NodeLevel::Member) {
      parameters.member = *member;
    } else {
      in.problem("member", "must be the name of a member");
    }
  }

  void read_accounts() {
    const auto accounts = in.references("accounts", loading.out.names.accounts, "an account");
    accounts_read = accounts.has_value();
    if (accounts) {
      parameters.accounts = *accounts;
      if (accounts->empty() && in.is_list("accounts")) in.problem("accounts", "must not be empty");
    }
    for (const risk::AccountIndex account : parameters.accounts) check_member("accounts", account);
    std::sort(parameters.accounts.begin(), parameters.accounts.end());
  }

  void check_member(std::string_view key, risk::AccountIndex account) {
    const risk::NodeIndex member = member_of(loading, account);
    if (!member.exists() || !parameters.member.exists() || member == parameters.member) return;
    in.problem(key, fmt::format("the account {} belongs to another member, {}",
                                loading.out.names.accounts.name(account),
                                loading.out.names.nodes.name(member)));
  }

  void read_default_account() {
    if (in.null("default_account")) return;
    const auto account =
        in.reference("default_account", loading.out.names.accounts, "an account, or null");
    if (!account) return;
    settings.default_account = *account;
    if (accounts_read &&
        !std::binary_search(parameters.accounts.begin(), parameters.accounts.end(), *account)) {
      in.problem("default_account", "must be one of the session's accounts");
    }
  }

  void read_instruments() {
    parameters.instruments.resize(loading.out.instruments.size());
    const auto instruments =
        in.references("instruments", loading.out.names.instruments, "an instrument");
    instruments_read = instruments.has_value();
    if (!instruments) return;
    for (const risk::InstrumentIndex index : *instruments)
      parameters.instruments[index.value] = true;
  }

  void read_alias_set_name() {
    const auto set_name = in.text("alias_set", 1, 32);
    if (!set_name) return;
    const auto set = alias_sets.find(*set_name);
    if (set == alias_sets.end()) {
      in.problem("alias_set", "must be the name of an alias set");
      return;
    }
    settings.aliases = set->second.aliases;
    if (!instruments_read || !set->second.ok) return;
    for (std::uint32_t i = 0; i < parameters.instruments.size(); ++i) {
      const risk::InstrumentIndex index{i};
      const auto stands_for = [index](const Alias& alias) { return alias.instrument == index; };
      if (!parameters.instruments[i] ||
          std::any_of(settings.aliases.begin(), settings.aliases.end(), stands_for)) {
        continue;
      }
      in.problem("alias_set", fmt::format("has no symbol for {}, which the session may trade",
                                          loading.out.names.instruments.name(index)));
    }
  }
};

// Letters and digits only: logins are compared byte by byte.
bool is_user_name(std::string_view name) {
  const auto is_alphanumeric = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  };
  return !name.empty() && name.size() <= 6 &&
         std::all_of(name.begin(), name.end(), is_alphanumeric);
}

}  // namespace

Alias read_alias(const Loading& loading, JsonReader& in, std::string_view symbol,
                 risk::InstrumentIndex instrument) {
  Alias alias;
  alias.symbol = padded<8>(symbol);
  alias.instrument = instrument;
  const auto price_scale = in.ratio("price_scale");
  const auto quantity_scale = in.ratio("quantity_scale");
  const Loading::Instrument& steps = loading.instruments[instrument.value];
  const auto fit = [&](std::string_view key, std::string_view step,
                       const std::optional<Ratio>& wire_units, std::int64_t max) {
    const auto whole = wire_units ? wire_units->whole() : std::nullopt;
    if (whole && *whole <= max) return *whole;
    in.problem(
        key, fmt::format("{} is {} wire units and must be a whole number of them, at most {}", step,
                         wire_units ? to_text(*wire_units) : "too many", max));
    return std::int64_t{0};
  };
  if (price_scale && steps.tick) {
    const auto units = steps.tick * Ratio{kWirePricePerUnit, 1} / price_scale;
    alias.price_per_tick = fit("price_scale", "a tick", units, kWirePriceMax);
  }
  if (quantity_scale && steps.lot) {
    alias.quantity_per_lot =
        fit("quantity_scale", "a lot", steps.lot / quantity_scale, kWireQuantityMax);
  }
  if (alias.price_per_tick > 0) {
    alias.price_max = {kWirePriceMax / alias.price_per_tick};
    const std::int64_t marks_per_tick =
        loading.out.parameters.instruments[instrument.value].marks_per_tick;
    const std::int64_t mark_max = loading.out.instruments[instrument.value].mark_max.raw;
    if (mark_max > risk::Int128{alias.price_max.raw} * marks_per_tick) {
      in.problem("price_scale",
                 fmt::format("the instrument's price_max does not fit the wire, which ends "
                             "at {} ticks",
                             alias.price_max.raw));
    }
  }
  if (alias.quantity_per_lot > 0) alias.quantity_max = {kWireQuantityMax / alias.quantity_per_lot};
  return alias;
}

void load_sessions(Loading& loading, const Json& json) {
  JsonReader root(kSessionsFile, json, loading.problems);
  AliasSets alias_sets;
  JsonReader sets = root.object("alias_sets");
  for (const std::string& name : sets.keys()) {
    check_name(sets, name);
    alias_sets.emplace(name, read_alias_set(loading, sets.object(name)));
  }
  JsonReader sessions = root.object("sessions");
  std::set<std::string> api_keys;
  for (const std::string& name : sessions.keys()) {
    if (!is_user_name(name))
      sessions.problem(name, "a user name must have 1 to 6 letters and digits");
    loading.out.names.sessions.add(name);
    JsonReader in = sessions.object(name);
    SessionReader reader{loading, alias_sets, in};
    reader.read();
    const std::string& api_key = reader.settings.api_key.key;
    if (!api_key.empty() && !api_keys.insert(api_key).second)
      in.problem("api_key", "is another session's");
    loading.out.sessions.push_back(std::move(reader.settings));
    loading.out.parameters.sessions.push_back(std::move(reader.parameters));
  }
  if (sessions.readable() && loading.out.sessions.empty())
    sessions.problem("", "must not be empty");
  if (loading.out.sessions.size() > kSessionsMax) {
    loading.problems.push_back({std::string(kSessionsFile), "sessions",
                                std::to_string(loading.out.sessions.size()),
                                fmt::format("must be at most {}", kSessionsMax)});
  }
}

}  // namespace portcullis::config
