#include "gateway/commands/run.h"

#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <iostream>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "config/load.h"
#include "config/reload.h"
#include "config/state_file.h"
#include "feeds/epoch_clock.h"
#include "feeds/thread_cores.h"
#include "gateway/audit/audit_log.h"
#include "gateway/commands/run_feeds.h"
#include "gateway/commands/stats.h"
#include "gateway/control/plane.h"
#include "gateway/edge/process.h"
#include "gateway/follower/follower.h"
#include "gateway/follower/resume.h"
#include "gateway/gate/gate.h"
#include "gateway/parameters/change_desk.h"
#include "gateway/parameters/parameter_desk.h"
#include "gateway/parameters/parameter_log.h"
#include "gateway/parameters/parameter_queue.h"
#include "gateway/parameters/regime_watch.h"
#include "gateway/parameters/reloader.h"
#include "gateway/security/credentials.h"
#include "gateway/shard/loop.h"

namespace portcullis::gateway {

namespace {

struct RunLine {
  std::string folder;
  std::string state;
  std::string commands;
  std::string stats;
  std::int64_t clock_ns = 0;     // 0: the machine's
  std::int64_t clock_at_ns = 0;  // by the machine's; 0: now
  FeedOptions feed;
};

// For the signal handlers alone.
std::atomic<shard::Loop*> g_running{nullptr};
std::atomic<parameters::Reloader*> g_reloader{nullptr};

extern "C" void handle_stop(int) {
  if (shard::Loop* running = g_running.load()) running->stop();
}

extern "C" void handle_reload(int, siginfo_t* info, void*) {
  if (parameters::Reloader* reloader = g_reloader.load()) reloader->ask_reload(info->si_uid);
}

[[noreturn]] void fail(const std::vector<config::Problem>& problems) {
  for (const config::Problem& problem : problems) std::cerr << config::to_text(problem) << '\n';
  throw CLI::RuntimeError(1);
}

config::LoadResult load_all(const std::string& folder) {
  config::LoadResult result = config::load(folder);
  if (!result.ok()) fail(result.problems);
  return result;
}

// The deployment as its journal began: parameters that have been changed since come from its records. A
// configuration that has become another one meanwhile, in what may change, is put in force at the start.
config::Deployment as_begun(const config::Deployment& deployment) {
  const std::filesystem::path path = deployment.journal.directory / "configuration.json";
  config::Deployment begun = deployment;
  if (!std::filesystem::exists(path)) return begun;
  config::LoadResult first = config::load_canonical(read_text(path), deployment.folder);
  if (!first.ok()) fail(first.problems);
  if (first.deployment.canonical_text == deployment.canonical_text) return begun;
  const std::vector<config::Problem> problems =
      config::problems_of_reload(first.deployment, deployment);
  if (!problems.empty()) {
    std::cerr << fmt::format(
        "{}: begun under another configuration, which is kept there as configuration.json\n",
        deployment.journal.directory.string());
    fail(problems);
  }
  begun.parameters = std::move(first.deployment.parameters);
  begun.groups = std::move(first.deployment.groups);
  begun.names = std::move(first.deployment.names);
  begun.canonical_text = std::move(first.deployment.canonical_text);
  begun.canonical_hash = first.deployment.canonical_hash;
  return begun;
}

// What time has brought about meanwhile, and what the files say now, where that is not what the journal
// ends with. A raise that another person must approve waits for him, and the gate begins without it.
void take_changed_configuration(const config::Deployment& deployment,
                                parameters::ChangeDesk& desk) {
  const parameters::ChangeAnswer answer =
      desk.take_configuration(deployment, "start", feeds::epoch_ns());
  if (!answer.problems.empty()) fail(answer.problems);
  if (answer.change != 0) {
    std::cerr << fmt::format(
        "the configuration raises limits: change {} waits for another person, and the parameters "
        "of version {} stay in force\n",
        answer.change, answer.version);
  }
}

// Whoever waits for records to be durable, told by the journal's own thread: the shard, and the door,
// which is behind the same mark.
class DurableBell {
 public:
  void set(shard::Loop* loop, shard::Doorbell* door) {
    const std::lock_guard lock(mutex_);
    loop_ = loop;
    door_ = door;
  }
  void ring() {
    const std::lock_guard lock(mutex_);
    if (loop_ != nullptr) loop_->wake();
    if (door_ != nullptr) door_->ring();
  }

 private:
  std::mutex mutex_;
  shard::Loop* loop_ = nullptr;
  shard::Doorbell* door_ = nullptr;
};

// From the newest snapshot that the journal has the record of: what lies before need not be read,
// and may be gone. Which snapshot the gate begins with is looked at later; an older one, or none, is
// as good where the records are there.
std::unique_ptr<journal::Journal> open_journal(const config::Deployment& deployment,
                                               DurableBell& durable) {
  journal::Options options = journal_options(deployment);
  if (options.durability == journal::Durability::Fsync)
    options.on_synced = [&durable] { durable.ring(); };
  for (follower::Position& start :
       follower::start_positions(deployment, deployment.journal.directory)) {
    options.start_sequence = start.sequence;
    options.stream_next = std::move(start.stream_next);
    try {
      return std::make_unique<journal::Journal>(options);
    } catch (const journal::SnapshotMismatch& mismatch) {
      std::cerr << mismatch.what() << '\n';
    }
  }
  options.start_sequence = 0;
  options.stream_next.clear();
  return std::make_unique<journal::Journal>(options);
}

// Ten characters that were never the name before: the Soup session name our clients see.
std::string new_stream_session(std::int64_t now_ns) {
  std::string name = "P";
  for (std::int64_t s = now_ns / 1'000'000; s > 0; s /= 36) {
    name.insert(name.begin() + 1, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[s % 36]);
  }
  name.resize(10, '0');
  return name;
}

config::StateFile read_state(const RunLine& line, const config::Deployment& deployment) {
  config::StateFile state;
  if (!line.state.empty()) state = config::load_state_file(line.state, deployment);
  if (!state.problems.empty()) fail(state.problems);
  return state;
}

config::CommandsFile read_commands(const RunLine& line, const config::Deployment& deployment) {
  config::CommandsFile commands;
  if (!line.commands.empty()) commands = config::load_commands_file(line.commands, deployment);
  if (!commands.problems.empty()) fail(commands.problems);
  return commands;
}

// The whole state or none: an engine of its own tries whether there is room for it.
void check_capacities(const config::StateFile& state, const config::Deployment& deployment) {
  risk::Engine engine(deployment.parameters);
  for (const risk::LoadBalance& load : state.balances) {
    if (!engine.apply(load))
      throw std::runtime_error("capacities.group_slots is too small for the state file");
  }
  for (const risk::LoadPosition& load : state.positions) {
    if (!engine.apply(load))
      throw std::runtime_error(
          "capacities.positions or group_slots is too small for the state file");
  }
}

// The flusher writes what was published; a state may be larger than the ring.
void wait_for_room(const journal::Journal& journal) {
  constexpr int kWaitMaxMs = 60'000;
  for (int waited = 0; journal.room() != journal::Room::All; ++waited) {
    if (waited == kWaitMaxMs)
      throw std::runtime_error("the journal cannot be written: the gate was not started");
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

// State enters by load commands: the first commands of an empty journal.
void begin_journal(const config::StateFile& state, const config::Deployment& deployment,
                   const journal::Journal& journal, gate::Gate& gate) {
  check_capacities(state, deployment);
  write_text(deployment.journal.directory / "configuration.json", deployment.canonical_text);
  gate.start(new_stream_session(feeds::epoch_ns()), feeds::epoch_ns());
  for (risk::LoadBalance load : state.balances) {
    wait_for_room(journal);
    load.time = {feeds::epoch_ns()};
    (void)gate.load(load);
  }
  for (risk::LoadPosition load : state.positions) {
    wait_for_room(journal);
    load.time = {feeds::epoch_ns()};
    (void)gate.load(load);
  }
  gate.loaded(feeds::epoch_ns());
}

// The machine went down and may have taken with it what clients were shown: their streams begin again
// under a new name. The loss is acknowledged behind the last of them, so that a start that was killed
// before does it again.
void begin_streams(const config::Deployment& deployment, journal::Journal& journal,
                   gate::Gate& gate) {
  // A clock that was set back with the machine gives no old name.
  const std::int64_t now_ns = std::max(feeds::epoch_ns(), gate.redone_until_ns());
  const std::string name = new_stream_session(now_ns);
  std::cerr << fmt::format(
      "{}: the machine stopped uncleanly and records behind {} may be lost: clients' streams begin "
      "again in session {}, and what the venue did meanwhile is taken from it\n",
      deployment.journal.directory.string(), journal.recovery().last_sequence, name);
  for (std::uint32_t s = 0; s < deployment.sessions.size(); ++s) {
    wait_for_room(journal);
    gate.begin_stream({s}, name, now_ns);
  }
  journal.acknowledge_loss();
}

// A start-up applies what was recorded, as it was decided, from the newest good snapshot on.
follower::Resumed resume_journal(const RunLine& line, const config::Deployment& deployment,
                                 journal::Journal& journal,
                                 std::span<follower::Companion* const> companions,
                                 audit::AuditLog& audit) {
  follower::Resumed resumed = follower::resume(deployment, &journal,
                                               {.directory = deployment.journal.directory,
                                                .last_sequence = journal.published_sequence(),
                                                .companions = companions,
                                                .audit = &audit,
                                                .remove_foreign = true});
  for (const std::string& told : resumed.told) std::cerr << told << '\n';
  if (!line.state.empty()) {
    throw std::runtime_error(
        "--load: the journal is not empty; state is loaded into an empty one only");
  }
  return resumed;
}

gate::OperatorRecord operator_of(const config::CommandsFile& file) {
  gate::OperatorRecord who{.time = {feeds::epoch_ns()}};
  file.by.copy(who.by.data(), who.by.size());
  return who;
}

void apply_commands(const config::CommandsFile& file, const journal::Journal& journal,
                    gate::Gate& gate) {
  for (const config::OperatorCommand& command : file.commands) {
    if (const auto* fact = std::get_if<config::NumberedFact>(&command)) {
      wait_for_room(journal);
      const gate::OperatorRecord who = operator_of(file);
      const gate::FactAnswer answer =
          gate.tell(*fact, std::max(feeds::epoch_ns(), gate.redone_until_ns()), &who);
      if (answer.outcome != gate::FactOutcome::Done)
        std::cerr << gate::problem_of(*fact, answer) << '\n';
      continue;
    }
    if (const auto* control = std::get_if<risk::Control>(&command)) {
      risk::Control now = *control;
      now.time = {feeds::epoch_ns()};
      gate.on_operator(operator_of(file));
      gate.control(now);
      continue;
    }
    if (std::holds_alternative<config::LostOrdersDead>(command)) {
      if (gate.link() != gate::LinkState::Lost) continue;
      gate.on_operator(operator_of(file));
      gate.lost_orders_are_dead(feeds::epoch_ns());
      continue;
    }
    if (std::holds_alternative<config::AcceptRecoveredState>(command)) {
      if (gate.state_unconfirmed() || gate.state_differs()) {
        gate.on_operator(operator_of(file));
        gate.accept_state(feeds::epoch_ns());
      } else {
        std::cerr << "accept_recovered_state: the state was recovered without a difference\n";
      }
      continue;
    }
    const auto& cancel = std::get<config::CancelAll>(command);
    gate.on_operator(operator_of(file));
    gate.sweep(gate::sweep_scope_of(cancel.scope), cancel.target, risk::kNone32, feeds::epoch_ns());
  }
}

// Connections must never take the files that the journal needs: a socket for each, a file for each
// session's stream, and some for the rest.
void need_files(const config::Deployment& deployment, std::uint32_t control_connections_max) {
  const rlim_t needed = rlim_t{deployment.gateway.connections_max} + deployment.sessions.size() +
                        64 + (deployment.edge ? deployment.edge->connections_max : 0) +
                        control_connections_max;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= needed) return;
  limit.rlim_cur = std::min(needed, limit.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= needed) return;
  throw std::runtime_error(
      fmt::format("connections_max and the sessions need {} open files, and the limit is {}: raise "
                  "it (ulimit -n), or lower connections_max",
                  needed, limit.rlim_max));
}

// What can be wrong is looked at before the journal is begun, so that a start that fails leaves
// nothing behind and may be tried again as it was.
void run_gate(const RunLine& line) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is a failed write
  if (line.clock_ns != 0) {
    const std::int64_t since_ns = line.clock_at_ns == 0 ? 0 : feeds::epoch_ns() - line.clock_at_ns;
    feeds::set_epoch_ns(line.clock_ns + since_ns);
  }
  const config::LoadResult result = load_all(line.folder);
  ::malloc_trim(0);  // of a million accounts the texts are gigabytes, in small pieces
  const config::Deployment& loaded = result.deployment;
  if (const auto problems = feeds::place_threads(loaded.gateway.cores); !problems.empty())
    fail(problems);
  const config::Deployment deployment = as_begun(loaded);
  need_files(deployment, result.control ? result.control->connections_max : 0);
  const security::Credentials credentials = security::read_credentials(deployment);
  const config::StateFile state = read_state(line, deployment);
  const config::CommandsFile commands = read_commands(line, deployment);
  RunFeeds feeds(deployment, line.feed);
  std::filesystem::create_directories(deployment.journal.directory);
  DurableBell durable;
  const std::unique_ptr<journal::Journal> opened = open_journal(deployment, durable);
  journal::Journal& journal = *opened;
  const bool is_new = journal.published_sequence() == 0;
  if (is_new && journal.recovery().possible_loss) {
    throw std::runtime_error(
        fmt::format("{}: the machine stopped uncleanly before the state was written; move the "
                    "folder away and load it again",
                    deployment.journal.directory.string()));
  }
  const auto tell = [](const std::string& what) { std::cerr << fmt::format("{}\n", what); };
  shard::Loop* waking = nullptr;
  std::unique_ptr<edge::Process> door;
  follower::SweepWatch sweeps(deployment);
  follower::WarningWatch warnings(deployment,
                                  follower::warnings_of(deployment, deployment.journal.directory));
  std::vector<follower::Companion*> companions{&sweeps, &warnings};
  if (deployment.edge) {
    door = std::make_unique<edge::Process>(deployment, [&waking] { waking->wake(); });
    companions.push_back(&door->orders());
  }
  parameters::RegimeWatch regimes(deployment, tell);
  if (!deployment.regimes.empty()) companions.push_back(&regimes);
  std::unique_ptr<control::Process> control;
  if (result.control) {
    control = std::make_unique<control::Process>(deployment, *result.control,
                                                 [&waking] { waking->wake(); });
  }
  audit::AuditLog audit(deployment, deployment.journal.directory, journal.published_sequence());
  follower::Resumed resumed;
  if (is_new) {
    resumed.gate = std::make_unique<gate::Gate>(
        deployment, &journal, follower::tables_in(deployment.journal.directory),
        parameters::parameters_in(deployment.journal.directory));
  } else {
    resumed = resume_journal(line, deployment, journal, companions, audit);
  }
  sweeps.begin(tell);
  warnings.begin(tell);
  gate::Gate& gate = *resumed.gate;
  feeds.open(gate, [&waking] { waking->wake(); });
  parameters::ParameterQueue changes([&waking] { waking->wake(); });
  parameters::ParameterDesk desk(deployment, gate.parameters(), deployment.journal.directory);
  feeds.set_parameters(desk.in_force());
  parameters::ChangeDesk change_desk(
      desk, gate.changes(),
      {.four_eyes = result.control && result.control->four_eyes,
       .override_max_ns = result.control ? result.control->override_max_ns : 0,
       .journal = deployment.journal.directory,
       .load = [&line] { return config::load(line.folder); }},
      // Until the shard runs, the gate is here.
      [&gate, &journal](gate::PublishedParameters& step) {
        wait_for_room(journal);
        const std::int64_t now_ns = std::max(feeds::epoch_ns(), gate.redone_until_ns());
        const bool is_taken = gate.on_parameters(step, now_ns);
        return std::optional(
            parameters::ParameterAnswer{is_taken, journal.published_sequence(), now_ns});
      },
      {.in_force = [&feeds](const config::Deployment& now) { feeds.set_parameters(now); },
       .text = tell});
  parameters::ChangeExchange exchange;
  parameters::Reloader reloader(
      change_desk, changes, exchange,
      {.folder = line.folder, .journal = deployment.journal.directory, .tell = tell});
  shard::Inputs inputs = feeds.inputs(door ? &door->queue() : nullptr);
  inputs.parameters = &changes;
  if (control) inputs.control = &control->queue();
  shard::Loop loop(deployment, credentials, gate, journal, inputs, door ? &door->bell() : nullptr);
  waking = &loop;
  durable.set(&loop, door ? &door->bell() : nullptr);
  // Before either is gone, also where the start fails below.
  const std::unique_ptr<DurableBell, void (*)(DurableBell*)> until_here(
      &durable, [](DurableBell* bell) { bell->set(nullptr, nullptr); });
  follower::Follower follower(
      deployment, journal,
      {.directory = deployment.journal.directory,
       .snapshot_interval = std::chrono::nanoseconds(deployment.journal.snapshot_interval_ns),
       .durable_only = journal.durability() == journal::Durability::Fsync,
       .companions = companions,
       .may_remove_below =
           [&journal](std::uint64_t sequence) { journal.may_remove_below(sequence); },
       .tables = &feeds.table_folder(),
       .audit = &audit,
       .tell = tell},
      is_new ? nullptr : &gate, resumed.position);
  gate.set_follower_differs(&follower.differs());
  if (is_new) begin_journal(state, deployment, journal, gate);
  if (!is_new && journal.recovery().possible_loss) begin_streams(deployment, journal, gate);
  if (gate.differs_at() != 0) gate.await_confirmation(feeds::epoch_ns());
  take_changed_configuration(loaded, change_desk);
  feeds.set_parameters(desk.in_force());
  regimes.begin(desk.in_force().regime_choice, {feeds::epoch_ns()},
                [&reloader](const config::RegimeChoice& due) { reloader.ask_regimes(due); });
  apply_commands(commands, journal, gate);
  if (door) door->open(credentials, gate, journal, follower);
  if (control) {
    control->open(
        journal, follower, sweeps, warnings, audit, door ? &door->queue() : nullptr,
        [&feeds] { return feeds.figures(); }, exchange);
  }
  // Nor does it look at the follower, or wake the shard, where the start fails below.
  const std::unique_ptr<control::Process, void (*)(control::Process*)> control_until_here(
      control.get(), [](control::Process* process) { process->plane().stop(); });
  follower.start();

  g_running.store(&loop);
  struct sigaction action {};
  action.sa_handler = handle_stop;
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGINT, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  reloader.start();
  g_reloader.store(&reloader);
  struct sigaction reload {};
  reload.sa_sigaction = handle_reload;
  reload.sa_flags = SA_SIGINFO | SA_RESTART;
  ::sigaction(SIGHUP, &reload, nullptr);
  write_text(deployment.journal.directory / parameters::kPidFile, fmt::format("{}\n", ::getpid()));
  std::cout << "listening on " << loop.port() << std::endl;
  if (door) {
    door->start();
    std::cout << "JSON clients on " << door->port() << std::endl;
  }
  if (control) {
    control->plane().start();
    std::cout << "control plane on " << control->plane().port() << std::endl;
  }
  feeds.start();
  loop.run();
  if (control) control->plane().begin_stop();
  if (door) door->begin_stop();
  g_reloader.store(nullptr);
  feeds.stop();  // what contracts have paid is there when the shard looks for the last time
  reloader.stop();
  loop.finish();
  g_running.store(nullptr);
  if (control) control->plane().stop();
  if (door) door->stop(journal.published_sequence());
  follower.stop();
  if (!line.stats.empty())
    write_text(line.stats, stats_json(deployment, gate, &loop.shard(), &follower,
                                      door ? &door->edge() : nullptr));
  if (!journal.close()) throw std::runtime_error("the journal could not be written to its end");
}

}  // namespace

void add_run_command(CLI::App& app) {
  auto line = std::make_shared<RunLine>();
  CLI::App* command = app.add_subcommand("run", "the gate");
  command->add_option("--config", line->folder, "the deployment folder")->required();
  command->add_option("--load", line->state, "balances and positions, for an empty journal");
  command->add_option("--commands", line->commands, "an operator's commands, carried out at start");
  command->add_option("--stats", line->stats, "where to write the figures when it stops");
  command->add_option(
      "--clock", line->clock_ns,
      "the time at which it begins, nanoseconds since the epoch: that of a recording "
      "whose options have expired since; 0: the machine's");
  command->add_option("--clock-at", line->clock_at_ns,
                      "the machine's time, likewise, at which it is --clock; 0: when it begins");
  add_feed_options(*command, line->feed);
  command->callback([line] {
    try {
      run_gate(*line);
    } catch (const CLI::Error&) {
      throw;
    } catch (const std::exception& error) {
      std::cerr << error.what() << '\n';
      throw CLI::RuntimeError(1);
    }
  });
}

}  // namespace portcullis::gateway
