#include "gateway/parameters/reloader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <fstream>
#include <utility>

#include "config/json.h"
#include "config/load.h"
#include "feeds/epoch_clock.h"
#include "feeds/thread_cores.h"

namespace portcullis::gateway::parameters {

namespace {

constexpr std::chrono::milliseconds kLook{1};  // between two looks for the shard's answer
// The machine's clock, by which a semaphore is waited for, may be set meanwhile.
constexpr std::int64_t kWaitMaxNs = risk::kSecondNs;

}  // namespace

Reloader::Reloader(ChangeDesk& desk, ParameterQueue& queue, ChangeExchange& exchange,
                   ReloaderOptions options)
    : desk_(desk), queue_(queue), exchange_(exchange), options_(std::move(options)) {
  ::sem_init(&asked_, 0, 0);
  exchange_.set_wake([this] { ::sem_post(&asked_); });
}

Reloader::~Reloader() {
  stop();
  exchange_.set_wake({});
  ::sem_destroy(&asked_);
}

void Reloader::start() {
  desk_.set_publish([this](gate::PublishedParameters& parameters) { return publish(parameters); });
  exchange_.show(desk_.view());
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

void Reloader::wait() {
  if (!desk_.has_open()) {
    while (::sem_wait(&asked_) != 0 && errno == EINTR) {
    }
    return;
  }
  const std::int64_t now_ns = feeds::epoch_ns();
  const std::int64_t wait_ns = std::min(desk_.next_due_ns(now_ns) - now_ns, kWaitMaxNs);
  timespec until{};
  ::clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += (until.tv_nsec + wait_ns) / risk::kSecondNs;
  until.tv_nsec = (until.tv_nsec + wait_ns) % risk::kSecondNs;
  while (::sem_timedwait(&asked_, &until) != 0 && errno == EINTR) {
  }
}

void Reloader::run() {
  feeds::begin_thread(config::Thread::Parameters);
  while (!stopping_.load()) {
    wait();
    if (!stopping_.load()) work();
  }
  for (const ChangeRequest& request : exchange_.take_requests()) {
    ChangeAnswer refused;
    refused.request = request.request;
    refused.is_conflict = true;
    refused.problems = {{"", "", "", "the gate stops"}};
    exchange_.answer(std::move(refused));
  }
}

void Reloader::work() {
  if (reload_asked_.exchange(false)) reload();
  std::optional<config::RegimeChoice> regimes;
  {
    const std::lock_guard lock(mutex_);
    regimes.swap(regimes_asked_);
  }
  if (regimes) {
    for (const config::Problem& problem : desk_.take_regimes(*regimes))
      if (options_.tell) options_.tell("regimes: " + config::to_text(problem));
  }
  for (const ChangeRequest& request : exchange_.take_requests()) {
    ChangeAnswer answer = desk_.take(request, feeds::epoch_ns());
    exchange_.show(desk_.view());  // so that who has the answer sees it
    exchange_.answer(std::move(answer));
  }
  desk_.work(feeds::epoch_ns());
  exchange_.show(desk_.view());
}

void Reloader::reload() {
  config::LoadResult next = config::load(options_.folder);
  if (!next.ok()) {
    ChangeAnswer refused;
    refused.problems = std::move(next.problems);
    refused.version = desk_.view()->version;
    return answer(refused);
  }
  answer(desk_.take_configuration(next.deployment, fmt::format("uid {}", asked_by_.load()),
                                  feeds::epoch_ns()));
}

// The shard answers when its journal has room for the record.
std::optional<ParameterAnswer> Reloader::publish(gate::PublishedParameters& parameters) {
  if (stopping_.load()) return std::nullopt;
  queue_.publish(std::move(parameters));
  std::optional<ParameterAnswer> answered;
  while (!(answered = queue_.answer()) && !stopping_.load()) std::this_thread::sleep_for(kLook);
  return answered;
}

void Reloader::answer(const ChangeAnswer& answer) {
  const bool is_in_force = answer.standing == ChangeStanding::Done;
  const bool is_proposed = answer.change != 0 && !is_in_force;
  std::string problems;
  for (const config::Problem& problem : answer.problems) {
    const std::string text = config::to_text(problem);
    problems += (problems.empty() ? "" : ", ") + config::quote(text);
    if (options_.tell) options_.tell("reload refused: " + text);
  }
  if (options_.tell && is_proposed) {
    options_.tell(fmt::format("reload: a raise of limits: change {} waits for another person",
                              answer.change));
  } else if (options_.tell && answer.problems.empty() && !is_in_force) {
    options_.tell("reload: the configuration is in force already");
  }
  const std::filesystem::path path = options_.journal / kAnswerFile;
  std::filesystem::path part = path;
  part += ".part";
  std::ofstream out(part, std::ios::binary);
  out << fmt::format(
      "{{\"time_ns\": {}, \"version\": {}, \"changed\": {}, \"proposed\": {}, \"problems\": "
      "[{}]}}\n",
      feeds::epoch_ns(), answer.version, is_in_force, is_proposed ? answer.change : 0, problems);
  out.close();
  std::error_code error;
  if (out) std::filesystem::rename(part, path, error);
  if ((!out || error) && options_.tell)
    options_.tell(fmt::format("{}: cannot be written", path.string()));
}

}  // namespace portcullis::gateway::parameters
