// The thread that puts other parameters in force while the gate runs: it loads the configuration again
// when it is asked to, does what people ask for over the control plane and what time brings about
// (ChangeDesk), hands what came of it to the shard, and tells what became of it.
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
#include "gateway/parameters/change_desk.h"
#include "gateway/parameters/parameter_queue.h"

namespace portcullis::gateway::parameters {

struct ReloaderOptions {
  std::filesystem::path folder;   // of the configuration
  std::filesystem::path journal;  // where its answers are left: reload.json
  // Told on its thread what an operator should know, a line each.
  std::function<void(const std::string&)> tell{};
};

class Reloader {
 public:
  // `desk` and the working side of `exchange` are its own from start() to stop(); all must outlive it.
  Reloader(ChangeDesk& desk, ParameterQueue& queue, ChangeExchange& exchange,
           ReloaderOptions options);
  ~Reloader();
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  void start();
  // What people have asked for and was not begun is refused.
  void stop();

  // From any thread or a signal handler. Requests that come while one is worked on are one.
  void ask_reload(std::uint32_t uid) noexcept;
  // From any thread: the newest choice is put in force.
  void ask_regimes(const config::RegimeChoice& regimes);

 private:
  void run();
  void wait();
  void work();
  void reload();
  // None: it has been stopped.
  std::optional<ParameterAnswer> publish(gate::PublishedParameters& parameters);
  void answer(const ChangeAnswer& answer);

  ChangeDesk& desk_;
  ParameterQueue& queue_;
  ChangeExchange& exchange_;
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
