#include "gateway/client/command.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "config/load.h"
#include "config/password.h"
#include "feeds/epoch_clock.h"
#include "gateway/client/json_orders.h"
#include "gateway/client/load_client.h"
#include "gateway/client/lobster.h"
#include "gateway/client/market.h"
#include "gateway/client/order_flow.h"
#include "gateway/client/stats.h"
#include "gateway/commands/stats.h"

namespace portcullis::gateway::client {

namespace {

struct CommandLine {
  std::string folder;
  std::string password_env;
  bool json = false;
  std::string secret_env;
  std::string secret_file;
  std::string host;
  std::uint16_t port = 0;
  std::string opening;
  std::string orders;
  std::string instrument;
  double speed = 600;
  FlowSettings flow{.seed = 1, .messages = 0, .rate_per_s = 2'500};
  std::string write_marks;
  std::int64_t start_at_ns = 0;
  double drain_limit_s = 20;
  double reconnect_s = 0;
  std::string stats;
  bool hold = false;
};

std::atomic<LoadClient*> g_running{nullptr};  // for the signal handler alone

extern "C" void handle_client_stop(int) {
  if (LoadClient* running = g_running.load()) running->stop();
}

// The instrument that is named, or the first equity.
risk::InstrumentIndex find_instrument(const CommandLine& line,
                                      const config::Deployment& deployment) {
  if (!line.instrument.empty()) {
    const risk::InstrumentIndex named = deployment.names.instruments.find(line.instrument);
    if (!named.exists()) {
      throw std::runtime_error(fmt::format("there is no instrument {}", line.instrument));
    }
    return named;
  }
  for (std::uint32_t i = 0; i < deployment.instruments.size(); ++i) {
    if (deployment.instruments[i].kind == config::InstrumentKind::Equity) return {i};
  }
  throw std::runtime_error("there is no equity: name the instrument to replay on");
}

Plan make_plan(const CommandLine& line, const config::Deployment& deployment) {
  const Market market = load_market(deployment,
                                    line.opening.empty() ? deployment.folder / "opening.csv"
                                                         : std::filesystem::path(line.opening),
                                    line.json ? config::Protocol::Json : config::Protocol::Ouch);
  Plan plan =
      line.orders.empty()
          ? generate_orders(market, line.flow)
          : replay_lobster(market, line.orders,
                           {.instrument = find_instrument(line, deployment), .speed = line.speed});
  if (line.json) leave_out_formless(plan, deployment);
  return plan;
}

// Of nobody else on the same accounts, before or at the same time.
std::string run_name() { return fmt::format("{:x}", feeds::epoch_ns() / 1'000); }

Login json_login(const CommandLine& line, const config::SessionSettings& session,
                 const std::string& name) {
  config::PasswordSource source = session.api_key.secret;
  if (!line.secret_env.empty()) source = {line.secret_env, {}, {}};
  if (!line.secret_file.empty()) source = {{}, line.secret_file, {}};
  const config::SigningSecret signing = config::read_signing_secret(source);
  if (!signing.problem.empty()) throw std::runtime_error(signing.problem);
  return {
      .user = name, .api_key = session.api_key.key, .secret = std::string(signing.secret.view())};
}

// A client has its password in plain text: where the deployment only knows the hash, the command
// line says where it is.
std::vector<Login> logins(const CommandLine& line, const config::Deployment& deployment) {
  std::vector<Login> all;
  for (std::uint32_t s = 0; s < deployment.sessions.size(); ++s) {
    const config::SessionSettings& session = deployment.sessions[s];
    const std::string name = deployment.names.sessions.name({s});
    const bool is_json = session.protocol == config::Protocol::Json;
    if (is_json != line.json || session.read_only) {
      all.push_back({.user = ""});
      continue;
    }
    if (is_json) {
      all.push_back(json_login(line, session, name));
      continue;
    }
    config::PasswordSource source = session.password;
    if (!line.password_env.empty()) source = {line.password_env, {}, {}};
    if (source.environment.empty()) {
      throw std::runtime_error(
          fmt::format("session {}: its password is stored hashed; --password-env must name the "
                      "variable that holds it",
                      name));
    }
    const config::Password password = config::read_password(source);
    if (!password.problem.empty()) throw std::runtime_error(password.problem);
    all.push_back({.user = name, .password = std::string(password.secret.view())});
  }
  return all;
}

// Where the gate listens.
struct Place {
  std::string host;
  std::uint16_t port = 0;
};

Place place(const CommandLine& line, const config::Deployment& deployment) {
  Place at{.host = deployment.gateway.address, .port = deployment.gateway.port};
  if (line.json) {
    if (!deployment.edge) throw std::runtime_error("process.json: there is no edge for JSON");
    if (deployment.edge->tls)
      throw std::runtime_error("process.json: edge.tls: the client does not speak TLS");
    at = {.host = deployment.edge->address, .port = deployment.edge->port};
  }
  if (!line.host.empty()) at.host = line.host;
  if (line.port != 0) at.port = line.port;
  return at;
}

int run(const CommandLine& line) {
  const config::LoadResult loaded = config::load(line.folder);
  for (const config::Problem& problem : loaded.problems) {
    std::cerr << config::to_text(problem) << '\n';
  }
  if (!loaded.ok()) return 1;
  const config::Deployment& deployment = loaded.deployment;
  const Plan plan = make_plan(line, deployment);
  if (!line.write_marks.empty()) {
    write_marks(plan, line.write_marks);
    return 0;
  }
  std::cerr << plan.description << '\n';
  for (const std::string& problem : plan.problems) std::cerr << problem << '\n';

  const Place at = place(line, deployment);
  std::optional<JsonOrders> json;
  if (line.json) json.emplace(plan, deployment, run_name());
  LoadClient client(plan, {.host = at.host,
                           .port = at.port,
                           .logins = logins(line, deployment),
                           .json = json ? &*json : nullptr,
                           .start_at_ns = line.start_at_ns,
                           .drain_limit_ns = static_cast<std::int64_t>(line.drain_limit_s * 1e9),
                           .reconnect_limit_ns = static_cast<std::int64_t>(line.reconnect_s * 1e9),
                           .progress = true});
  g_running.store(&client);
  struct sigaction action {};
  action.sa_handler = handle_client_stop;
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGINT, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  const RunResult result = client.run();
  const std::string stats = stats_json(plan, result);
  if (line.stats.empty()) {
    std::cout << stats << std::flush;
  } else {
    write_text(line.stats, stats);
  }
  if (!result.problem.empty()) std::cerr << result.problem << '\n';
  if (line.hold && result.problem.empty()) {
    client.hold();
  } else if (line.json) {
    client.log_out();
  }
  g_running.store(nullptr);
  return result.problem.empty() ? 0 : 1;
}

}  // namespace

void add_client_command(CLI::App& app) {
  auto line = std::make_shared<CommandLine>();
  CLI::App* client = app.add_subcommand("client", "a load client over OUCH or JSON, open loop");
  client->add_option("--config", line->folder, "the deployment folder")->required();
  CLI::Option* password_env = client->add_option(
      "--password-env", line->password_env,
      "the variable that holds the password of every session; default: as configured");
  CLI::Option* json =
      client->add_flag("--json", line->json,
                       "over JSON, by the sessions whose protocol that is; default: over OUCH");
  password_env->excludes(json);
  CLI::Option* secret_env =
      client
          ->add_option(
              "--secret-env", line->secret_env,
              "the variable that holds what every session signs with; default: as configured")
          ->needs(json);
  client
      ->add_option("--secret-file", line->secret_file, "the file that holds it, its owner's alone")
      ->needs(json)
      ->excludes(secret_env);
  client->add_option("--host", line->host, "the gate's IP address; default: as configured");
  client->add_option("--port", line->port, "the gate's port; default: as configured");
  client->add_option("--opening", line->opening,
                     "recording whose first prices the run opens at; default: opening.csv in the "
                     "deployment folder");
  CLI::Option* orders =
      client->add_option("--orders", line->orders, "replay this LOBSTER message file");
  client
      ->add_option("--instrument", line->instrument,
                   "the instrument to replay on; default: the first equity")
      ->needs(orders);
  client->add_option("--speed", line->speed, "how many times faster the file is replayed")
      ->capture_default_str()
      ->needs(orders);
  CLI::Option* generate =
      client->add_option("--generate", line->flow.messages, "generate so many messages")
          ->excludes(orders);
  client->add_option("--seed", line->flow.seed, "of the generated orders")
      ->capture_default_str()
      ->needs(generate);
  client->add_option("--rate", line->flow.rate_per_s, "generated messages a second, on average")
      ->capture_default_str()
      ->needs(generate);
  client->add_option("--write-marks", line->write_marks,
                     "write the prices that belong to the orders, for the gate's feed at speed 1, "
                     "and end");
  client->add_option("--start-at", line->start_at_ns,
                     "when to begin, nanoseconds since the epoch, as the gate's feed; 0: at once");
  client->add_option("--drain-limit", line->drain_limit_s, "seconds to wait for the last answers")
      ->capture_default_str();
  client
      ->add_option("--reconnect", line->reconnect_s,
                   "go on after a lost connection: for so many seconds each session tries to get "
                   "another one; 0: it does not")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  client->add_option("--stats", line->stats, "file for the outcome as JSON; default: stdout");
  client->add_flag("--hold", line->hold,
                   "stay logged in afterwards, until the gate ends or SIGTERM");
  client->callback([line, orders, generate] {
    int code = 1;
    try {
      if (orders->count() + generate->count() == 0) {
        throw std::runtime_error("either --generate or --orders is needed");
      }
      code = run(*line);
    } catch (const std::exception& error) {
      std::cerr << error.what() << '\n';
    }
    if (code != 0) throw CLI::RuntimeError(code);
  });
}

}  // namespace portcullis::gateway::client
