#include "gateway/parameters/reloader.h"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <utility>

#include "config/json.h"
#include "config/load.h"
#include "feeds/epoch_clock.h"

namespace portcullis::gateway::parameters {

namespace {

constexpr std::chrono::milliseconds kLook{1};  // between two looks for the shard's answer

}  // namespace

Reloader::Reloader(ParameterDesk& desk, ParameterQueue& queue, ReloaderOptions options)
    : desk_(desk), queue_(queue), options_(std::move(options)) {
  ::sem_init(&asked_, 0, 0);
}

Reloader::~Reloader() {
  stop();
  ::sem_destroy(&asked_);
}

void Reloader::start() {
  thread_ = std::thread([this] { run(); });
}

void Reloader::stop() {
  if (!thread_.joinable()) return;
  stopping_.store(true);
  ::sem_post(&asked_);
  thread_.join();
}

void Reloader::ask_reload(std::uint32_t uid) noexcept {
  asked_by_.store(uid);
  reload_asked_.store(true);
  ::sem_post(&asked_);
}

void Reloader::ask_regimes(const config::RegimeChoice& regimes) {
  {
    const std::lock_guard lock(mutex_);
    regimes_asked_ = regimes;
  }
  ::sem_post(&asked_);
}

void Reloader::run() {
  while (!stopping_.load()) {
    while (::sem_wait(&asked_) != 0 && errno == EINTR) {
    }
    if (stopping_.load()) return;
    if (reload_asked_.exchange(false)) reload();
    std::optional<config::RegimeChoice> regimes;
    {
      const std::lock_guard lock(mutex_);
      regimes.swap(regimes_asked_);
    }
    if (regimes) choose(*regimes);
  }
}

void Reloader::reload() {
  Prepared prepared;
  config::LoadResult next = config::load(options_.folder);
  if (next.ok()) {
    prepared = desk_.prepare_reload(next.deployment, fmt::format("uid {}", asked_by_.load()));
  } else {
    prepared.problems = std::move(next.problems);
  }
  const bool is_in_force = publish(prepared);
  answer(prepared, is_in_force);
}

void Reloader::choose(const config::RegimeChoice& regimes) {
  Prepared prepared = desk_.prepare_regimes(regimes, "regimes");
  (void)publish(prepared);
  for (const config::Problem& problem : prepared.problems)
    if (options_.tell) options_.tell("regimes: " + config::to_text(problem));
}

// The shard answers when its journal has room for the record.
bool Reloader::publish(Prepared& prepared) {
  if (!prepared.parameters) return false;
  const std::uint32_t version = prepared.parameters->record.version;
  queue_.publish(std::move(*prepared.parameters));
  std::optional<bool> answered;
  while (!(answered = queue_.answer()) && !stopping_.load()) std::this_thread::sleep_for(kLook);
  desk_.settle(answered.value_or(false));
  if (!answered.value_or(false)) {
    prepared.problems.push_back({"", "", "",
                                 answered ? "the gate has other parameters than were to be replaced"
                                          : "the gate has been stopped"});
    return false;
  }
  if (options_.tell) options_.tell(fmt::format("parameters of version {} are in force", version));
  if (options_.in_force) options_.in_force(desk_.in_force());
  return true;
}

void Reloader::answer(const Prepared& prepared, bool is_in_force) {
  std::string problems;
  for (const config::Problem& problem : prepared.problems) {
    const std::string text = config::to_text(problem);
    problems += (problems.empty() ? "" : ", ") + config::quote(text);
    if (options_.tell) options_.tell("reload refused: " + text);
  }
  if (prepared.problems.empty() && !is_in_force && options_.tell)
    options_.tell("reload: the configuration is in force already");
  const std::filesystem::path path = options_.journal / kAnswerFile;
  std::filesystem::path part = path;
  part += ".part";
  std::ofstream out(part, std::ios::binary);
  out << fmt::format("{{\"time_ns\": {}, \"version\": {}, \"changed\": {}, \"problems\": [{}]}}\n",
                     feeds::epoch_ns(), desk_.in_force().parameters.version, is_in_force, problems);
  out.close();
  std::error_code error;
  if (out) std::filesystem::rename(part, path, error);
  if ((!out || error) && options_.tell)
    options_.tell(fmt::format("{}: cannot be written", path.string()));
}

}  // namespace portcullis::gateway::parameters
