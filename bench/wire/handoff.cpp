// The gate as it would be built without a second thought, for what that costs: a thread reads each
// connection and hands over what came, another thread decides, and one more for each connection writes what
// is handed to it (handoff_transport.h). Each hand-over is a mutex and a condition variable, and the engine
// is under a mutex of its own. What is handed over, decided and kept is the gate's: the same shard, gate,
// engine and journal, with flusher and follower.
//
// It takes of `portcullis run` what run.py gives it.
#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <csignal>
#include <iostream>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

#include "bench/wire/handoff_transport.h"
#include "config/load.h"
#include "config/state_file.h"
#include "feeds/epoch_clock.h"
#include "feeds/thread_cores.h"
#include "gateway/commands/journal_folder.h"
#include "gateway/commands/run_feeds.h"
#include "gateway/commands/stats.h"
#include "gateway/follower/follower.h"
#include "gateway/follower/resume.h"
#include "gateway/gate/gate.h"
#include "gateway/journal/journal.h"
#include "gateway/parameters/parameter_log.h"
#include "gateway/security/credentials.h"
#include "gateway/security/login_checker.h"
#include "gateway/shard/shard.h"

namespace portcullis::bench::wire {
namespace {

using namespace gateway;  // NOLINT(google-build-using-namespace): it is put together of all of it

constexpr std::chrono::milliseconds kSleepMax{10};  // timers are never later than this
constexpr std::chrono::milliseconds kStopSleep{1};

std::atomic<bool> g_stopping{false};
extern "C" void stop_handoff(int) { g_stopping.store(true); }

void begin(gate::Gate& gate, const config::StateFile& state) {
  gate.start("HANDOFF001", feeds::epoch_ns());
  for (risk::LoadBalance load : state.balances) {
    load.time = {feeds::epoch_ns()};
    if (!gate.load(load)) throw std::runtime_error("no room for a balance");
  }
  for (risk::LoadPosition load : state.positions) {
    load.time = {feeds::epoch_ns()};
    if (!gate.load(load)) throw std::runtime_error("no room for a position");
  }
  gate.loaded(feeds::epoch_ns());
}

void run(const std::string& folder, const std::string& state_file, const std::string& stats) {
  const config::LoadResult loaded = config::load(folder);
  if (!loaded.ok()) throw std::runtime_error(config::to_text(loaded.problems));
  const config::Deployment& deployment = loaded.deployment;
  if (const auto problems = feeds::place_threads(deployment.gateway.cores); !problems.empty())
    throw std::runtime_error(config::to_text(problems));
  const security::Credentials credentials = security::read_credentials(deployment);
  const config::StateFile state = config::load_state_file(state_file, deployment);
  if (!state.problems.empty()) throw std::runtime_error(config::to_text(state.problems));

  const std::filesystem::path directory = deployment.journal.directory;
  std::filesystem::create_directories(directory);
  RunFeeds feeds(deployment, {});
  journal::Journal journal(journal_options(deployment));
  gate::Gate gate(deployment, &journal, follower::tables_in(directory),
                  parameters::parameters_in(directory));
  HandoffTransport transport(deployment.gateway.connections_max, deployment.venue.port);
  const auto wake = [&transport] { transport.bell().ring(); };
  feeds.open(gate, wake);
  security::LoginChecker logins(
      [&credentials](risk::SessionIndex session, std::string_view password) {
        return credentials.verify(session, password);
      },
      deployment.gateway.unauthenticated_max, wake);
  journal::StreamServer streams(directory, deployment.gateway.connections_max, wake);
  shard::Shard shard(deployment, credentials.venue, logins, gate, journal, streams,
                     feeds.inputs(nullptr), transport);
  follower::Follower follower(deployment, journal, {.directory = directory}, nullptr, {});
  begin(gate, state);
  follower.start();
  std::cout << "listening on " << transport.port() << std::endl;
  feeds.start();

  std::mutex engine;  // nobody else is there to lock it, as there would be
  shard.begin();
  while (!g_stopping.load()) {
    bool worked = false;
    {
      const std::lock_guard lock(engine);
      worked = shard.pass();
    }
    if (!worked) transport.bell().wait(kSleepMax);
  }
  feeds.stop();
  shard.begin_stop();
  while (!shard.stop_pass()) std::this_thread::sleep_for(kStopSleep);
  follower.stop();
  write_text(stats, stats_json(deployment, gate, &shard, &follower, nullptr));
  if (!journal.close()) throw std::runtime_error("the journal could not be written to its end");
}

}  // namespace
}  // namespace portcullis::bench::wire

int main(int argc, char** argv) {
  std::string folder;
  std::string state;
  std::string stats;
  CLI::App app("The gate, its reading and writing on threads of their own");
  app.require_subcommand(1);
  CLI::App* const command = app.add_subcommand("run");
  command->add_option("--config", folder)->required();
  command->add_option("--load", state)->required();
  command->add_option("--stats", stats)->required();
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  struct sigaction action {};
  action.sa_handler = portcullis::bench::wire::stop_handoff;
  ::sigaction(SIGTERM, &action, nullptr);
  try {
    portcullis::bench::wire::run(folder, state, stats);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
