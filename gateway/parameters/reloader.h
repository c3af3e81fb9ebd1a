// The thread that puts other parameters in force while the gate runs: it loads the configuration again
// when it is asked to, hands what came of it to the shard, and tells what became of it.
#pragma once

#include <semaphore.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "config/deployment.h"
#include "gateway/parameters/parameter_desk.h"
#include "gateway/parameters/parameter_queue.h"

namespace portcullis::gateway::parameters {

struct ReloaderOptions {
  std::filesystem::path folder;   // of the configuration
  std::filesystem::path journal;  // where its answers are left: reload.json
  // Told on its thread what an operator should know, a line each.
  std::function<void(const std::string&)> tell{};
  // Told on its thread what is in force from now on.
  std::function<void(const config::Deployment&)> in_force{};
};

class Reloader {
 public:
  // `desk` is its own from start() to stop(); both must outlive it.
  Reloader(ParameterDesk& desk, ParameterQueue& queue, ReloaderOptions options);
  ~Reloader();
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  void start();
  void stop();

  // From any thread or a signal handler. Requests that come while one is worked on are one.
  void ask_reload(std::uint32_t uid) noexcept;
  // From any thread: the newest choice is put in force.
  void ask_regimes(const config::RegimeChoice& regimes);

 private:
  void run();
  void reload();
  void choose(const config::RegimeChoice& regimes);
  // Whether it is in force.
  bool publish(Prepared& prepared);
  void answer(const Prepared& prepared, bool is_in_force);

  ParameterDesk& desk_;
  ParameterQueue& queue_;
  const ReloaderOptions options_;
  sem_t asked_{};
  std::atomic<bool> reload_asked_{false};
  std::atomic<std::uint32_t> asked_by_{0};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::optional<config::RegimeChoice> regimes_asked_;  // by mutex_
  std::thread thread_;
};

// What a reload came to, as it is left in the journal's folder for `portcullis reload`.
inline constexpr const char* kAnswerFile = "reload.json";
// The process that has the journal, as text, while it runs.
inline constexpr const char* kPidFile = "pid";

}  // namespace portcullis::gateway::parameters
