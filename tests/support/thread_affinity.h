// On which cores threads may run, as the system says.
#pragma once

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/types.h>

#include <charconv>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace portcullis::test {

using CoreNumbers = std::vector<std::uint32_t>;  // ascending

// Of the calling thread.
[[nodiscard]] inline CoreNumbers own_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  EXPECT_EQ(::sched_getaffinity(0, sizeof set, &set), 0);
  CoreNumbers cores;
  for (std::uint32_t core = 0; core < CPU_SETSIZE; ++core)
    if (CPU_ISSET(core, &set)) cores.push_back(core);
  return cores;
}

// The calling thread, and processes that it starts, run on these while this lives.
class RunsOn {
 public:
  explicit RunsOn(const CoreNumbers& cores) : before_(own_cores()) { move_to(cores); }
  ~RunsOn() { move_to(before_); }
  RunsOn(const RunsOn&) = delete;
  RunsOn& operator=(const RunsOn&) = delete;

 private:
  static void move_to(const CoreNumbers& cores) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (const std::uint32_t core : cores) CPU_SET(core, &set);
    EXPECT_EQ(::sched_setaffinity(0, sizeof set, &set), 0);
  }
  const CoreNumbers before_;
};

// "0-2,8"
[[nodiscard]] inline CoreNumbers cores_in(std::string_view list) {
  CoreNumbers cores;
  const char* at = list.data();
  const char* const end = at + list.size();
  while (at < end) {
    std::uint32_t first = 0;
    at = std::from_chars(at, end, first).ptr;
    std::uint32_t last = first;
    if (at < end && *at == '-') at = std::from_chars(at + 1, end, last).ptr;
    for (std::uint32_t core = first; core <= last; ++core) cores.push_back(core);
    ++at;  // the comma
  }
  return cores;
}

// Of the threads that a process has now, by name; the main one is "main".
[[nodiscard]] inline std::map<std::string, CoreNumbers> cores_of_threads(pid_t pid) {
  constexpr std::string_view kName = "Name:\t";
  constexpr std::string_view kAllowed = "Cpus_allowed_list:\t";
  std::map<std::string, CoreNumbers> threads;
  const std::string process = std::to_string(pid);
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + process + "/task")) {
    std::ifstream status(task.path() / "status");  // none where it has just ended
    std::string name;
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with(kName)) name = line.substr(kName.size());
      if (!line.starts_with(kAllowed)) continue;
      if (task.path().filename() == process) name = "main";
      threads[name] = cores_in(std::string_view(line).substr(kAllowed.size()));
    }
  }
  return threads;
}

}  // namespace portcullis::test
