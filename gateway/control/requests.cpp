#include "gateway/control/requests.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "config/decimal.h"
#include "config/iso_time.h"
#include "config/json_reader.h"
#include "config/load_facts.h"
#include "gateway/follower/warning_watch.h"
#include "gateway/json/commands.h"

namespace portcullis::gateway::control {

namespace {

using config::JsonReader;

constexpr std::string_view kBody = "body";

template <class Index>
bool set_target(risk::Control& control, risk::ControlScope scope,
                const std::optional<Index>& index) {
  if (!index) return false;
  control.scope = scope;
  control.target = index->value;
  return true;
}

// Exactly one of four keys.
bool read_target(JsonReader& in, const config::Names& names, risk::Control& control) {
  constexpr std::string_view kKeys[] = {"node", "account", "session", "instrument"};
  const auto there = std::count_if(std::begin(kKeys), std::end(kKeys),
                                   [&](std::string_view key) { return in.has(key); });
  if (there != 1) {
    for (const std::string_view key : kKeys) in.skip(key);
    if (in.readable()) in.problem("", "must have one of node, account, session and instrument");
    return false;
  }
  using risk::ControlScope;
  if (in.has("node")) {
    return set_target(control, ControlScope::Node,
                      in.reference("node", names.nodes, "the venue, a member or a group"));
  }
  if (in.has("account")) {
    return set_target(control, ControlScope::Account,
                      in.reference("account", names.accounts, "an account"));
  }
  if (in.has("session")) {
    return set_target(control, ControlScope::Session,
                      in.reference("session", names.sessions, "a session"));
  }
  return set_target(control, ControlScope::Instrument,
                    in.reference("instrument", names.instruments, "an instrument"));
}

risk::ControlAction action_of(Verb verb) {
  if (verb == Verb::Suspend) return risk::ControlAction::Suspend;
  if (verb == Verb::CloseOnly) return risk::ControlAction::CloseOnly;
  if (verb == Verb::Resume) return risk::ControlAction::Resume;
  return risk::ControlAction::Kill;
}

Command::Type type_of(Verb verb) {
  if (verb == Verb::CancelAll) return Command::Type::CancelAll;
  if (verb == Verb::LostOrdersDead) return Command::Type::LostOrdersDead;
  if (verb == Verb::AcceptState) return Command::Type::AcceptState;
  if (verb == Verb::Fact) return Command::Type::Fact;
  if (verb == Verb::Acknowledge) return Command::Type::Acknowledge;
  return Command::Type::Control;
}

// Not those two that end the orders and positions of all accounts.
void read_fact(JsonReader& in, const config::Deployment& deployment, Command& command) {
  const auto& names = config::kFactNames;
  const std::string action = in.text("action", 1, 32).value_or("");
  const bool is_fact = std::ranges::find(names, action) != names.end();
  if (!is_fact || action == "expire" || action == "split") {
    in.ignore_rest();
    if (!in.readable()) return;
    in.problem("action", is_fact ? "is told at a start, with --commands: it looks at all orders"
                                 : "must be the name of a fact");
    return;
  }
  if (const auto fact = config::read_fact(in, deployment)) command.fact = *fact;
}

void read_alert(JsonReader& in, gate::AcknowledgeRecord& acknowledge) {
  const auto text = in.text("alert", 1, 32);
  if (!text) return;
  const auto id = follower::parse_alert_id(*text);
  if (!id) return in.problem("alert", "must be the name of an alert");
  acknowledge.raised_by = id->record;
  acknowledge.place = id->place;
}

struct OrderTexts {
  std::string quantity;
  std::string price;
};

void read_terms(JsonReader& in, OrderTexts& texts, json::OrderRequest& wanted) {
  using json::Life;
  if (const auto side =
          in.choice<risk::Side>("side", {{"buy", risk::Side::Buy}, {"sell", risk::Side::Sell}})) {
    wanted.side = *side;
  }
  if (in.has("type")) {
    wanted.ord_type = in.choice<risk::OrdType>("type", {{"limit", risk::OrdType::Limit},
                                                        {"market", risk::OrdType::Market}})
                          .value_or(risk::OrdType::Limit);
  }
  if (in.has("time_in_force")) {
    wanted.life = in.choice<Life>("time_in_force", {{"day", Life::GoodTillCancel},
                                                    {"gtc", Life::GoodTillCancel},
                                                    {"ioc", Life::ImmediateOrCancel},
                                                    {"fok", Life::FillOrKill}})
                      .value_or(Life::NotGiven);
  }
  if (in.has("post_only") && in.boolean("post_only").value_or(false)) {
    const bool rests = wanted.life == Life::NotGiven || wanted.life == Life::GoodTillCancel;
    if (!rests) in.problem("post_only", "must not be true of an order that does not rest");
    wanted.life = Life::PostOnly;
  }
  if (in.has("reduce_only")) wanted.reduce_only = in.boolean("reduce_only").value_or(false);
  texts.quantity = in.text("quantity", 1, config::kDecimalTextMax).value_or("");
  wanted.quantity = {texts.quantity, true};
  const bool is_market = wanted.ord_type == risk::OrdType::Market;
  if (!is_market) {
    texts.price = in.text("price", 1, config::kDecimalTextMax).value_or("");
    wanted.price = {texts.price, true};
  } else if (in.has("price")) {
    in.problem("price", "must not be there: a market order has none");
  }
}

std::optional<risk::NewOrder> read_order(JsonReader& in, const json::Symbols& symbols) {
  const config::Deployment& deployment = symbols.deployment();
  const auto session = in.reference("session", deployment.names.sessions, "a session");
  const auto instrument = in.reference("instrument", deployment.names.instruments, "an instrument");
  risk::AccountIndex account;
  if (in.has("account")) {
    account = in.reference("account", deployment.names.accounts, "an account").value_or(account);
  } else if (session) {
    account = deployment.sessions[session->value].default_account;
    if (!account.exists()) in.problem("account", "must be there: the session has no default");
  }
  OrderTexts texts;
  json::OrderRequest wanted;
  read_terms(in, texts, wanted);
  if (!session || !instrument || !account.exists()) return std::nullopt;
  risk::NewOrder order = json::new_order(wanted, *instrument, symbols);
  order.session = *session;
  // As of a client who names an account that is not his.
  const auto& own = deployment.parameters.sessions[session->value].accounts;
  if (std::binary_search(own.begin(), own.end(), account)) order.account = account;
  return order;
}

}  // namespace

std::optional<Command> read_command(Verb verb, std::string_view body,
                                    const config::Deployment& deployment,
                                    std::vector<config::Problem>& problems) {
  const config::JsonResult json = config::parse_json(body);
  if (config::record_parse_error(json, kBody, problems)) return std::nullopt;
  Command command;
  command.type = type_of(verb);
  {
    JsonReader in(kBody, json.json, problems);
    const bool is_decision = verb == Verb::LostOrdersDead || verb == Verb::AcceptState;
    if (verb == Verb::Fact) {
      read_fact(in, deployment, command);
    } else if (verb == Verb::Acknowledge) {
      read_alert(in, command.acknowledge);
    } else if (!is_decision) {
      command.control.action = action_of(verb);
      (void)read_target(in, deployment.names, command.control);
    }
    if (is_decision || in.has("reason")) {
      const std::string reason = in.text("reason", 1, command.who.reason.size()).value_or("");
      reason.copy(command.who.reason.data(), command.who.reason.size());
    }
  }
  if (!problems.empty()) return std::nullopt;
  return command;
}

namespace {

risk::Timestamp read_time(JsonReader& in, std::string_view key) {
  const auto text = in.text(key, 1, 32);
  if (!text) return {};
  const auto time = config::parse_iso_time(*text);
  if (!time) in.problem(key, "must be a time as 2026-01-05T00:00:00Z");
  return time.value_or(risk::Timestamp{});
}

void read_override(JsonReader& in, const config::Json& body, const config::Names& names,
                   parameters::ChangeRequest& request, std::vector<config::Problem>& problems) {
  constexpr std::int64_t kForMax = 366 * 86'400;  // seconds
  in.skip("changes");
  request.limits = config::read_limit_overrides(kBody, body, "changes", problems);
  if (in.has("for_s") == in.has("expires_at")) {
    in.skip("for_s");
    in.skip("expires_at");
    in.problem("", "must have one of for_s and expires_at");
  } else if (in.has("for_s")) {
    request.for_ns = in.integer("for_s", 1, kForMax).value_or(0) * risk::kSecondNs;
  } else {
    request.expires_at = read_time(in, "expires_at");
  }
  for (std::size_t n = 0; n < request.limits.size(); ++n) {
    const config::LimitOverride& limit = request.limits[n];
    const auto refuse = [&](std::string_view key, std::string_view what) {
      problems.push_back({std::string(kBody), fmt::format("changes[{}].{}", n, key), "",
                          fmt::format("must be the name of {}", what)});
    };
    if (limit.target.empty()) continue;  // told already
    if (limit.of_account && !names.accounts.find(limit.target).exists())
      refuse("account", "an account");
    if (!limit.of_account && !names.nodes.find(limit.target).exists())
      refuse("node", "the venue, a member or a group");
    if (!limit.instrument.empty() && !names.instruments.find(limit.instrument).exists())
      refuse("instrument", "an instrument");
  }
}

}  // namespace

std::optional<parameters::ChangeRequest> read_change(Verb verb, std::string_view body,
                                                     const config::Deployment& deployment,
                                                     std::vector<config::Problem>& problems) {
  using Type = parameters::ChangeRequest::Type;
  const config::JsonResult json = config::parse_json(body);
  if (config::record_parse_error(json, kBody, problems)) return std::nullopt;
  parameters::ChangeRequest request;
  {
    JsonReader in(kBody, json.json, problems);
    const bool is_proposal = verb == Verb::Reload || verb == Verb::Override;
    if (verb == Verb::Override) {
      request.type = Type::Override;
      read_override(in, json.json, deployment.names, request, problems);
    }
    if (is_proposal && in.has("effective_at")) request.effective_at = read_time(in, "effective_at");
    if (!is_proposal) {
      request.type = verb == Verb::Approve  ? Type::Approve
                     : verb == Verb::Refuse ? Type::Refuse
                                            : Type::Withdraw;
      constexpr std::int64_t kChangeMax = std::numeric_limits<std::uint32_t>::max();
      request.change = static_cast<std::uint32_t>(in.integer("change", 1, kChangeMax).value_or(0));
    }
    if (verb != Verb::Approve || in.has("reason"))
      request.reason = in.text("reason", 1, gate::OperatorRecord().reason.size()).value_or("");
  }
  if (!problems.empty()) return std::nullopt;
  return request;
}

std::vector<risk::NewOrder> read_what_if(std::string_view body, std::uint32_t orders_max,
                                         const json::Symbols& symbols,
                                         std::vector<config::Problem>& problems) {
  const config::JsonResult json = config::parse_json(body);
  if (config::record_parse_error(json, kBody, problems)) return {};
  std::vector<risk::NewOrder> orders;
  {
    JsonReader in(kBody, json.json, problems);
    std::uint32_t count = 0;
    in.each_item("orders", [&](JsonReader& order) {
      if (++count > orders_max) return order.ignore_rest();
      if (const auto read = read_order(order, symbols)) orders.push_back(*read);
    });
    if (count > orders_max) in.problem("orders", fmt::format("must be at most {}", orders_max));
    if (count == 0 && in.is_list("orders")) in.problem("orders", "must not be empty");
  }
  if (!problems.empty()) return {};
  return orders;
}

}  // namespace portcullis::gateway::control
