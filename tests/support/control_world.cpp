#include "tests/support/control_world.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <utility>

#include "gateway/control/tokens.h"
#include "tests/support/paths.h"

namespace portcullis::test {

namespace control = gateway::control;
namespace edge = gateway::edge;

std::string token_of(config::Role role) {
  return "pct_" + std::string(43, static_cast<char>('a' + static_cast<int>(role)));
}

config::ControlSettings control_settings() {
  config::ControlSettings settings;
  settings.address = "127.0.0.1";
  settings.connections_max = 8;
  settings.requests_per_second_max = 1'000;
  settings.what_if_orders_max = 8;
  settings.rejects_kept = 16;
  settings.request_ns = 5'000'000'000;
  settings.send_buffer_bytes = 1 << 20;
  settings.override_max_ns = 86'400 * risk::kSecondNs;
  for (const auto role :
       {config::Role::Viewer, config::Role::Risk, config::Role::Approver, config::Role::Operator}) {
    settings.tokens.push_back({.name = std::string(config::name_of(role)),
                               .role = role,
                               .hash = control::hash_of(token_of(role))});
  }
  return settings;
}

std::string control_json(std::uint16_t port, const std::string& tls, const std::string& more) {
  std::string tokens;
  for (const config::ControlToken& token : control_settings().tokens) {
    tokens += std::string(tokens.empty() ? "" : ",") + '"' + token.name + R"(":{"role":")" +
              token.name + R"(","token_sha256":")" + control::to_text(token.hash) + "\"}";
  }
  return R"({"port":)" + std::to_string(port) + R"(,"tls":)" + tls +
         R"(,"connections_max":8,"requests_per_second_max":1000,"what_if_orders_max":8,)"
         R"("rejects_kept":100,"send_buffer_bytes":65536,)" +
         more + R"("tokens":{)" + tokens + "}}";
}

Outcome say_to_control(std::uint16_t port, config::Role role, std::vector<std::string> words) {
  words.insert(words.begin(), binary());
  words.insert(words.end(), {"--at", std::to_string(port)});
  Outcome outcome;
  for (int tries = 0; tries < 1'000; ++tries) {
    outcome = run_to_end(words, {{"PORTCULLIS_TOKEN", token_of(role)}});
    const std::string said = outcome.out + outcome.errors;
    if (said.find("the gate is busy: ask again") == std::string::npos) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return outcome;
}

ControlWorld::ControlWorld(ShardWorld& of, const config::ControlSettings& with)
    : world(of),
      settings(with),
      reader_(of.journal_folder(), {.include_ring = true}),
      layers_(of.deployment(), of.running_gate().parameters(), of.journal_folder()),
      change_desk_(layers_, of.running_gate().changes(),
                   {.four_eyes = with.four_eyes,
                    .override_max_ns = with.override_max_ns,
                    .journal = of.journal_folder(),
                    .load = [this] { return next; }},
                   [this](gateway::gate::PublishedParameters& step) {
                     gateway::parameters::ParameterAnswer answer;
                     EXPECT_TRUE(world.operate([&](gateway::gate::Gate& gate) {
                       answer.time_ns = world.now_ns();
                       answer.is_taken = gate.on_parameters(step, answer.time_ns);
                     }));
                     answer.sequence = world.journal().published_sequence();
                     return std::optional(answer);
                   },
                   {}) {
  next.deployment = world.deployment();
  control::ControlNeeds needs{
      .deployment = world.deployment(),
      .settings = settings,
      .queue = world.control(),
      .look =
          [this](const auto& f) {
            if (is_busy) return false;
            f(world.running_gate());
            return true;
          },
      .follower_sequence = [this] { return world.journal().published_sequence(); },
      .audit = [] { return gateway::audit::AuditHead{.lines = 3, .hash = std::string(64, 'a')}; },
      .journal =
          [this] {
            return control::JournalFigures{.published = world.journal().published_sequence(),
                                           .flushed = world.journal().flushed_sequence(),
                                           .synced = synced,
                                           .faults = world.journal().faults(),
                                           .ring_bytes = world.journal().capacity_bytes(),
                                           .waits_for_disk = waits_for_disk};
          },
      .pause = [] {},
      .sweeps = world.sweeps(),
      .warnings = world.warnings(),
      .changes = &changes};
  door = std::make_unique<control::ControlDoor>(needs, *this);
}

void ControlWorld::answer_changes() {
  change_desk_.work(world.now_ns());
  for (const auto& request : changes.take_requests())
    changes.answer(change_desk_.take(request, world.now_ns()));
  changes.show(change_desk_.view());
}

void ControlWorld::feed_records() {
  gateway::journal::RecordView record;
  while (reader_.next(record) == gateway::journal::ReadStatus::Record)
    door->on_record(record, world.now_ns());
}

void ControlWorld::pass() {
  EXPECT_TRUE(world.pass());
  answer_changes();
  feed_records();
  door->on_time(world.now_ns());
}

std::optional<ControlWorld::Reply> ControlWorld::late() { return std::exchange(late_, {}); }

std::optional<ControlWorld::Reply> ControlWorld::say(const Ask& ask) {
  const std::size_t mark = ask.target.find('?');
  const bool has_query = mark != std::string::npos;
  return door->on_request(
      {.id = Id{next_id_++},
       .method = ask.method,
       .path = std::string_view(ask.target).substr(0, mark),
       .query = has_query ? std::string_view(ask.target).substr(mark + 1) : std::string_view(),
       .body = ask.body,
       .authorization = ask.authorization,
       .address = ask.address},
      world.now_ns());
}

ControlWorld::Reply ControlWorld::ask(const Ask& ask) {
  late_.reset();
  if (auto reply = say(ask)) return *std::move(reply);
  for (int passes = 0; passes < 100 && !late_; ++passes) pass();
  EXPECT_TRUE(late_.has_value()) << ask.target << ": no reply";
  return late_.value_or(Reply{.status = 0, .body = ""});
}

ControlWorld::Reply ControlWorld::get(const std::string& target, config::Role role) {
  return ask({.authorization = as(role), .target = target});
}

ControlWorld::Reply ControlWorld::post(const std::string& target, const std::string& body,
                                       config::Role role) {
  return ask({.authorization = as(role), .method = "POST", .target = target, .body = body});
}

std::optional<ControlWorld::Id> ControlWorld::listen(const std::string& query, config::Role role) {
  const Id id{next_id_++};
  const std::string authorization = as(role);
  const edge::Upgrade upgrade = door->on_upgrade(
      {.id = id, .path = "/v1/events", .query = query, .authorization = authorization},
      world.now_ns());
  if (!upgrade.channel) return std::nullopt;
  door->on_open(id, *upgrade.channel, 1, world.now_ns());
  return id;
}

std::vector<std::string> ControlWorld::heard(Id id) { return std::exchange(heard_[id], {}); }

}  // namespace portcullis::test
