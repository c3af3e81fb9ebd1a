#include "gateway/commands/check.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <thread>

#include "config/control_settings.h"
#include "config/load.h"
#include "config/state_file.h"

namespace portcullis::gateway {

namespace {

using config::Problem;

struct CheckLine {
  std::string folder;
  std::string state;
  std::string commands;
};

std::string place_of(const config::VenueSettings& venue) {
  if (venue.shared_memory) return venue.shared_memory->path.string();
  return fmt::format("{}:{}", venue.address, venue.port);
}

void print_summary(const config::Deployment& deployment) {
  const risk::Parameters& parameters = deployment.parameters;
  std::cout << fmt::format(
      "ok: version {}, hash {:016x}\n"
      "  {} instruments, {} assets, {} factors in {} risk groups, {} scenario sets\n"
      "  {} nodes, {} accounts, {} sessions, {} limit profiles\n"
      "  clients at {}:{}, venue at {}\n",
      parameters.version, deployment.canonical_hash, parameters.instruments.size(),
      parameters.assets.size(), parameters.factor_count, parameters.groups.size(),
      parameters.sets.size(), parameters.nodes.size(), parameters.accounts.size(),
      parameters.sessions.size(), parameters.profiles.size(), deployment.gateway.address,
      deployment.gateway.port, place_of(deployment.venue));
}

std::string origin_of(const config::SourceSettings& source) {
  if (source.stream) return source.stream->url;
  if (!source.listen) return source.file.string();
  const config::ListenSettings& listen = *source.listen;
  const bool has_colons = listen.address.find(':') != std::string::npos;
  return fmt::format("listens at {}:{}", has_colons ? '[' + listen.address + ']' : listen.address,
                     listen.port);
}

void print_sources(const config::Deployment& deployment) {
  for (std::uint32_t i = 0; i < deployment.feed.sources.size(); ++i) {
    const config::SourceSettings& source = deployment.feed.sources[i];
    std::cout << fmt::format("  source {}: {} of the venue {}, {}\n",
                             deployment.names.sources.name({i}),
                             config::kSourceDialectNames[static_cast<std::size_t>(source.dialect)],
                             source.venue, origin_of(source));
  }
}

// Where the shard spins.
void print_shared_cores(const config::CoreSettings& settings) {
  const auto& shard = settings.of(config::Thread::Shard);
  for (std::size_t thread = 0; thread < config::kThreadNames.size(); ++thread) {
    if (thread == static_cast<std::size_t>(config::Thread::Shard)) continue;
    for (const std::uint32_t core : settings.cores[thread]) {
      if (std::ranges::find(shard, core) == shard.end()) continue;
      std::cout << fmt::format(
          "warning: process.json: gateway.cores.{}: {}: is the shard's core too, which spins there "
          "(gateway.waiting): each keeps the other waiting\n",
          config::kThreadNames[thread], core);
    }
  }
}

// What is allowed and rarely meant.
void print_warnings(const config::LoadResult& loaded) {
  const config::Deployment& deployment = loaded.deployment;
  const auto has = [&](config::Role role) {
    return std::ranges::find(loaded.control->tokens, role, &config::ControlToken::role) !=
           loaded.control->tokens.end();
  };
  if (loaded.control && !has(config::Role::Approver)) {
    std::cout << "warning: process.json: control.tokens: none is an approver's: what is killed, "
                 "suspended or set to close-only cannot be resumed while the gate runs\n";
  }
  if (deployment.gateway.waiting != config::Waiting::Spin) return;
  if (!deployment.gateway.cores.of(config::Thread::Shard).empty())
    return print_shared_cores(deployment.gateway.cores);
  // The shard beside the feed, the flusher and everything else that runs on the machine.
  constexpr unsigned kCoresForOthers = 3;
  const unsigned cores = std::thread::hardware_concurrency();
  if (cores <= kCoresForOthers) {
    std::cout << fmt::format(
        "warning: process.json: gateway.waiting: \"spin\": the shard would take one of only {} "
        "cores for "
        "itself; \"backoff\" is faster unless it is pinned to a core of its own\n",
        cores);
  }
}

void check(const CheckLine& line) {
  const config::LoadResult result = config::load(line.folder);
  std::vector<Problem> problems = result.problems;
  const auto add = [&](const std::vector<Problem>& more) {
    problems.insert(problems.end(), more.begin(), more.end());
  };
  // Names are resolved against the deployment, so it has to be right first.
  if (result.ok() && !line.state.empty()) {
    add(config::load_state_file(line.state, result.deployment).problems);
  }
  if (result.ok() && !line.commands.empty()) {
    add(config::load_commands_file(line.commands, result.deployment).problems);
  }
  if (problems.empty()) {
    print_summary(result.deployment);
    print_sources(result.deployment);
    print_warnings(result);
    return;
  }
  std::cout << to_text(problems);
  std::cout << problems.size() << (problems.size() == 1 ? " problem\n" : " problems\n");
  throw CLI::RuntimeError(1);
}

}  // namespace

void add_check_command(CLI::App& app) {
  auto line = std::make_shared<CheckLine>();
  CLI::App* command = app.add_subcommand(
      "check", "validate a configuration: every problem with file, path and value");
  command->add_option("--config", line->folder, "the deployment folder")->required();
  command->add_option("--load", line->state, "also a file of balances and positions");
  command->add_option("--commands", line->commands, "also a file of operator's commands");
  command->callback([line] { check(*line); });
}

}  // namespace portcullis::gateway
