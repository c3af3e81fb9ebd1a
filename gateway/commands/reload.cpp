#include "gateway/commands/reload.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/file.h>
#include <CLI/CLI.hpp>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "config/json.h"
#include "config/load.h"
#include "gateway/commands/control.h"
#include "gateway/commands/stats.h"
#include "gateway/journal/files.h"
#include "gateway/parameters/reloader.h"

namespace portcullis::gateway {

namespace {

struct ReloadLine {
  std::string folder;
  int wait_s = 30;
};

// Its journal's lock is held by a gate that runs.
bool is_running(const std::filesystem::path& journal) {
  const journal::Fd fd = journal::open_file(journal, O_RDONLY | O_DIRECTORY);
  if (!fd) return false;
  return ::flock(fd.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

// What the gate has left for us; none where it has not in time.
std::string wait_for_answer(const std::filesystem::path& answer, int wait_s) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(wait_s);
  while (std::chrono::steady_clock::now() < until) {
    if (std::filesystem::exists(answer)) return read_text(answer);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  throw std::runtime_error("the gate has not answered in time: look at what it has written");
}

// The files are looked at here first, so that a mistake in them is told to who has made it.
bool reload(const ReloadLine& line) {
  const config::LoadResult next = config::load(line.folder);
  if (!next.ok()) {
    for (const config::Problem& problem : next.problems)
      std::cerr << config::to_text(problem) << '\n';
    return false;
  }
  const std::filesystem::path& journal = next.deployment.journal.directory;
  if (!is_running(journal))
    throw std::runtime_error(
        fmt::format("{}: no gate runs that has this journal", journal.string()));
  const std::filesystem::path answer = journal / parameters::kAnswerFile;
  std::filesystem::remove(answer);
  const pid_t gate = std::stoi(read_text(journal / parameters::kPidFile));
  if (::kill(gate, SIGHUP) != 0)
    throw std::runtime_error(
        fmt::format("asking process {}: {}", gate, journal::error_text(errno)));
  const config::JsonResult said = config::parse_json(wait_for_answer(answer, line.wait_s));
  const config::Json* const problems = said.json.find("problems");
  const config::Json* const version = said.json.find("version");
  const config::Json* const changed = said.json.find("changed");
  const config::Json* const proposed = said.json.find("proposed");
  if (problems == nullptr || version == nullptr || changed == nullptr)
    throw std::runtime_error(fmt::format("{}: is no answer", answer.string()));
  for (const config::Json& problem : problems->items) std::cerr << problem.text << '\n';
  if (!problems->items.empty()) return false;
  if (proposed != nullptr && proposed->integer != 0) {
    std::cout << fmt::format(
        "proposed: change {} raises limits and waits for another person's approval (portcullis "
        "changes); version {} stays in force\n",
        proposed->integer, version->integer);
    return true;
  }
  std::cout << fmt::format("{}: version {}\n", changed->boolean ? "in force" : "in force already",
                           version->integer);
  return true;
}

}  // namespace

void add_reload_command(CLI::App& app) {
  auto line = std::make_shared<ReloadLine>();
  CLI::App* command = app.add_subcommand(
      "reload",
      "have the running gate load its configuration again, whole or not at all: by a signal with "
      "--config, else over its control plane");
  command->add_option("--config", line->folder,
                      "the deployment folder that it runs with, on this machine; the gate's user "
                      "alone may ask so");
  const std::function<void()> over_the_plane = add_control_reload(*command);
  command->add_option("--wait", line->wait_s, "seconds to wait for its answer");
  command->callback([line, over_the_plane] {
    if (line->folder.empty()) return over_the_plane();
    bool is_done = false;
    try {
      is_done = reload(*line);
    } catch (const std::exception& error) {
      std::cerr << error.what() << '\n';
    }
    if (!is_done) throw CLI::RuntimeError(1);
  });
}

}  // namespace portcullis::gateway
