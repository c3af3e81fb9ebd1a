#include "gateway/venue_sim/command.h"

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "config/load.h"
#include "config/password.h"
#include "gateway/venue_sim/server.h"

namespace portcullis::gateway::venue_sim {

namespace {

struct CommandLine {
  VenueOptions venue;
  std::string user;
  config::PasswordSource password;  // in plain text
  std::string folder;
  std::optional<std::uint16_t> port;
  std::uint32_t delay_ms = 0;
};

// The venue that a deployment's gate connects to: its port, its user, the symbols of its
// instruments.
void take_deployment(CommandLine& line) {
  const config::LoadResult result = config::load(line.folder);
  if (!result.ok()) {
    std::string problems;
    for (const config::Problem& problem : result.problems)
      problems += config::to_text(problem) + '\n';
    problems.pop_back();
    throw std::runtime_error(problems);
  }
  const config::VenueSettings& venue = result.deployment.venue;
  line.venue.port = venue.port;
  if (venue.shared_memory) line.venue.memory_socket = venue.shared_memory->path;
  line.user = venue.user;
  line.password = venue.password;
  for (const config::InstrumentSettings& instrument : result.deployment.instruments) {
    const std::string_view symbol(instrument.venue.symbol.data(), instrument.venue.symbol.size());
    line.venue.symbols.emplace_back(symbol.substr(0, symbol.find_last_not_of(' ') + 1));
  }
}

// Never an argument: everybody on the machine can read those.
std::string password_of(const config::PasswordSource& source) {
  const config::Password password = config::read_password(source);
  if (!password.problem.empty()) throw std::runtime_error("venue password: " + password.problem);
  config::forget_environment(source);
  return std::string(password.secret.view());
}

void run(CommandLine& line) {
  line.venue.link_faults.delay = std::chrono::milliseconds(line.delay_ms);
  int code = 1;
  try {
    if (line.folder.empty() &&
        (line.user.empty() || line.password.environment.empty() == line.password.file.empty())) {
      throw std::runtime_error(
          "--config, or --user and one of --password-env and --password-file, must be there");
    }
    if (!line.folder.empty()) take_deployment(line);
    if (line.port) line.venue.port = *line.port;
    line.venue.users = {VenueUser{line.user, password_of(line.password)}};
    code = run_venue(line.venue, std::cout);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
  }
  if (code != 0) throw CLI::RuntimeError(code);
}

}  // namespace

void add_venue_command(CLI::App& app) {
  auto line = std::make_shared<CommandLine>();
  CLI::App* venue = app.add_subcommand("venue", "the simulated matching engine, OUCH 5.0");
  VenueOptions& o = line->venue;
  venue->add_option("--port", line->port, "on 127.0.0.1; 0 picks a free one, which is printed");
  venue->add_option("--shared-memory", o.memory_socket,
                    "also a socket at which gates of this machine connect (gateway/shm/LINK.md)");
  venue->add_option("--journal", o.journal_directory, "directory of the journal")->required();
  CLI::Option* folder = venue->add_option(
      "--config", line->folder, "a deployment folder: the venue that its gate connects to");
  venue->add_option("--user", line->user, "SoupBinTCP user name")->excludes(folder);
  venue
      ->add_option("--password-env", line->password.environment,
                   "the variable that holds the SoupBinTCP password")
      ->excludes(folder);
  venue
      ->add_option("--password-file", line->password.file,
                   "or the file whose first line it is, which only its owner may read")
      ->excludes(folder);
  CLI::Option* symbols =
      venue->add_option("--symbols", o.symbols, "the symbols that can be traded; default: any")
          ->delimiter(',');
  symbols->excludes(folder);
  venue->add_option("--stats", o.stats_file,
                    "file for the counts as JSON, written at the end and on SIGUSR1");

  const auto fault = [&](const char* flag, auto& value, const char* what) {
    venue->add_option(flag, value, what)->group("Faults");
  };
  fault("--delay-ms", line->delay_ms, "send each message so much later");
  fault("--reject-every", o.faults.reject_every, "reject every n-th acceptable order or replace");
  fault("--dead-every", o.faults.dead_every, "accept every n-th order or replace in state D");
  fault("--ignore-replace-every", o.faults.ignore_replace_every, "ignore every n-th replace");
  fault("--cancel-out-every", o.faults.cancel_out_every,
        "cancel every n-th order that comes to rest");
  fault("--bust-per-million", o.faults.bust_per_million, "break so many of a million trades");
  fault("--drop-every", o.link_faults.drop_every, "drop the link after every n-th message");
  venue
      ->add_flag("--drop-mid-frame", o.link_faults.drop_mid_frame,
                 "drop it within the last packet of the answer instead of before the answer")
      ->group("Faults");
  fault("--seed", o.faults.seed, "shifts the counting of the faults and chooses the busts");

  venue->callback([line] { run(*line); });
}

}  // namespace portcullis::gateway::venue_sim
