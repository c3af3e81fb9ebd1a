#include "tests/support/json_world.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <utility>

namespace portcullis::test {

namespace edge = gateway::edge;
namespace json = gateway::json;

namespace {

std::string session_text(std::string_view member, std::string_view key, const std::string& more) {
  return R"({"protocol": "json", "member": ")" + std::string(member) + R"(", "api_key": ")" +
         std::string(key) + R"(", "secret_env": "PORTCULLIS_TEST_SECRET", )" + more +
         R"(, "instruments": ["BTC-PERP", "ETH-PERP", "AMZN", "EUR/USD"],
            "cancel_on_disconnect": false, "disconnect_grace_ms": 0, "dead_man_ms": 0,
            "rate": {"per_second": 20000, "burst": 5000, "exit_per_second": 40000,
                     "exit_burst": 20000}})";
}

}  // namespace

std::vector<Change> json_changes() {
  using enum Change::Kind;
  const std::string actions = R"("read_only": false, "actions": ["enter", "replace", "cancel"], )";
  return {
      {Add, "sessions.json", "sessions.JSON1",
       session_text("alpha", "key-JSON1", actions + R"("account": "alpha-1")")},
      {Add, "sessions.json", "sessions.JSON2",
       session_text("bravo", "key-JSON2", actions + R"("account": "bravo-1")")},
      {Add, "sessions.json", "sessions.DROP1",
       session_text("alpha", "key-DROP1",
                    R"("read_only": true, "accounts": ["alpha-1", "alpha-2"])")},
      {Add, "instruments.json", "instruments.AMZN.json_symbol", R"("AMZN")"},
      {Add, "instruments.json", "instruments.BTC-PERP.json_symbol", R"("BTCUSDT")"},
      {Add, "process.json", "edge",
       R"({"address": "127.0.0.1", "port": 0, "tls": null, "connections_max": 32,
           "connections_per_session_max": 4, "frame_bytes_max": 16384, "batch_max": 10,
           "requests_per_second_max": 1000, "queue_commands": 1024,
           "send_buffer_bytes": 1048576, "silence_timeout_ms": 30000, "login_timeout_ms": 5000,
           "order_history": 100, "execution_history": 100, "recv_window_ms_max": 60000})"},
  };
}

std::string api_secret(std::string_view session) { return "secret of " + std::string(session); }

std::vector<config::ApiSecret> api_secrets(const config::Deployment& deployment) {
  std::vector<config::ApiSecret> secrets;
  for (std::uint32_t s = 0; s < deployment.sessions.size(); ++s)
    secrets.emplace_back(api_secret(deployment.names.sessions.name({s})));
  return secrets;
}

std::string signed_text(std::string_view secret, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  std::size_t size = 0;
  EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, secret.data(), secret.size(),
            reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(),
            mac.size(), &size);
  std::string hex;
  for (std::size_t b = 0; b < size; ++b) {
    hex += "0123456789abcdef"[mac[b] >> 4];
    hex += "0123456789abcdef"[mac[b] & 15];
  }
  return hex;
}

std::string auth_request(std::string_view session, std::int64_t now_ms) {
  const std::string expires = std::to_string(now_ms + 5'000);
  return R"({"op":"auth","req_id":"login","args":["key-)" + std::string(session) + "\"," + expires +
         ",\"" + signed_text(api_secret(session), "GET/realtime" + expires) + "\"]}";
}

std::string value_at(const std::string& text, std::string_view path) {
  config::JsonResult parsed = config::parse_json(text);
  EXPECT_EQ(parsed.error, "") << text;
  const config::Json* value = find(parsed.json, path);
  if (value == nullptr) return "";
  return value->kind == config::Json::Kind::Text ? value->text : config::to_text(*value);
}

void take_command(GateWorld& world, const edge::EdgeCommand& command) {
  switch (command.type) {
    case edge::EdgeCommand::Type::Enter:
      world.gate().on_order(command.enter, command.name, false, world.now_ns);
      return;
    case edge::EdgeCommand::Type::Replace:
      world.gate().on_order(command.replace, false, world.now_ns);
      return;
    case edge::EdgeCommand::Type::Cancel:
      world.gate().on_order(command.cancel, world.now_ns);
      return;
    case edge::EdgeCommand::Type::SessionUp:
      world.session_is(command.session, true);
      return;
    case edge::EdgeCommand::Type::SessionDown:
      world.session_is(command.session, false);
      return;
    case edge::EdgeCommand::Type::Alive:
      return;
  }
}

bool EngineLook::look(risk::AccountIndex account, std::int64_t now_ns, edge::AccountState& state) {
  if (lag || looks_left == 0 || busy_for != 0) {
    ++refused;
    if (busy_for != 0) --busy_for;
    return false;
  }
  --looks_left;
  edge::look_at(world_.engine(), world_.deployment(), account, now_ns, sequence(), state);
  return true;
}

JsonWorld::JsonWorld(const edge::DoorLimits& limits, const std::vector<Change>& more,
                     std::uint32_t queue_capacity)
    : world([&] {
        std::vector<Change> changes = json_changes();
        changes.insert(changes.end(), more.begin(), more.end());
        return changes;
      }()),
      queue(queue_capacity, {}),
      store(world.deployment(),
            {.closed_per_account = 100, .executions_per_account = 100, .with_changes = true}),
      look(world),
      secrets(api_secrets(world.deployment())),
      door(std::make_unique<edge::JsonDoor>(world.deployment(), limits, secrets, store, queue,
                                            *this, look)) {
  feed_records();
}

JsonWorld::Id JsonWorld::connect(edge::Channel channel, edge::Address address) {
  const Id id{next_id_++};
  door->on_open(id, channel, address, world.now_ns);
  return id;
}

void JsonWorld::disconnect(Id id) { door->on_closed(id, world.now_ns); }

JsonWorld::Id JsonWorld::log_in(std::string_view session) {
  const Id id = connect();
  EXPECT_EQ(value_at(ask(id, auth_request(session, now_ms())), "retCode"), "0");
  return id;
}

void JsonWorld::say(Id id, const std::string& text) {
  std::string padded = text;
  padded.append(edge::kTextPadding, ' ');
  door->on_message(id, std::string_view(padded).substr(0, text.size()), world.now_ns);
}

std::string JsonWorld::ask(Id id, const std::string& text) {
  (void)heard(id);
  say(id, text);
  settle();
  const std::vector<std::string> all = heard(id);
  return all.empty() ? "{}" : all.front();
}

std::string JsonWorld::order(std::string_view op, const std::string& args,
                             std::string_view id) const {
  return R"({"op":"order.)" + std::string(op) + R"(","reqId":")" + std::string(id) +
         R"(","header":{"X-BAPI-TIMESTAMP":")" + std::to_string(now_ms()) +
         R"(","X-BAPI-RECV-WINDOW":"5000"},"args":[)" + args + "]}";
}

std::string JsonWorld::amzn(std::string_view side, int qty, std::string_view price,
                            std::string_view link) {
  std::string text = R"({"category":"linear","symbol":"AMZN","side":")" + std::string(side) +
                     R"(","orderType":"Limit","qty":")" + std::to_string(qty) + R"(","price":")" +
                     std::string(price) + "\"";
  if (!link.empty()) text += R"(,"orderLinkId":")" + std::string(link) + "\"";
  return text + "}";
}

void JsonWorld::take_queue() {
  std::array<edge::EdgeCommand, 32> commands;
  while (const std::size_t count = queue.drain(commands)) {
    for (std::size_t c = 0; c < count; ++c) {
      taken.push_back(commands[c]);
      take_command(world, commands[c]);
    }
  }
}

void JsonWorld::feed_records() {
  world.for_each_record(store.sequence(), [&](const gateway::journal::RecordView& record) {
    door->on_record(record, world.now_ns);
  });
}

void JsonWorld::settle() {
  take_queue();
  world.deliver();
  feed_records();
  door->on_time(world.now_ns);
}

std::vector<std::string> JsonWorld::heard(Id id) { return std::exchange(heard_[id], {}); }

int JsonWorld::close_code(Id id) const {
  const auto found = closed_.find(id);
  return found == closed_.end() ? 0 : found->second;
}

edge::HttpReply JsonWorld::get(std::string_view session, std::string_view path,
                               std::string_view query, edge::Address address) {
  const std::string key = "key-" + std::string(session);
  const std::string timestamp = std::to_string(now_ms());
  const std::string sign =
      signed_text(api_secret(session), timestamp + key + "5000" + std::string(query));
  return *door->on_request({.path = path,
                            .query = query,
                            .api_key = key,
                            .timestamp = timestamp,
                            .recv_window = "5000",
                            .sign = sign,
                            .address = address},
                           world.now_ns);
}

}  // namespace portcullis::test
