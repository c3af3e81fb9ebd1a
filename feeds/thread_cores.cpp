#include "feeds/thread_cores.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iostream>
#include <optional>
#include <string>
#include <system_error>

namespace portcullis::feeds {

namespace {

static_assert(config::CoreSettings::kCoreMax < CPU_SETSIZE);

using Placement = std::array<cpu_set_t, config::kThreadNames.size()>;  // by thread

std::optional<Placement> g_placement;

// Of the calling thread.
bool move_to(const cpu_set_t& cores) { return ::sched_setaffinity(0, sizeof cores, &cores) == 0; }

cpu_set_t current_cores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (::sched_getaffinity(0, sizeof cores, &cores) != 0)
    throw std::system_error(errno, std::generic_category(), "the cores of this process");
  return cores;
}

// The system takes of what it is asked for what the cpuset has.
cpu_set_t usable_cores(const cpu_set_t& started_on) {
  cpu_set_t all;
  std::memset(&all, 0xff, sizeof all);
  if (!move_to(all)) return started_on;
  const cpu_set_t usable = current_cores();
  if (!move_to(started_on))
    throw std::system_error(errno, std::generic_category(), "the cores of this process");
  return usable;
}

// "0-3,8", as the system writes it.
std::string text_of(const cpu_set_t& cores) {
  std::string text;
  for (std::size_t core = 0; core < CPU_SETSIZE; ++core) {
    if (!CPU_ISSET(core, &cores)) continue;
    const std::size_t first = core;
    while (core + 1 < CPU_SETSIZE && CPU_ISSET(core + 1, &cores)) ++core;
    text += fmt::format("{}{}", text.empty() ? "" : ",", first);
    if (core > first) text += fmt::format("-{}", core);
  }
  return text;
}

}  // namespace

std::vector<config::Problem> place_threads(const config::CoreSettings& settings) {
  if (!settings.any()) return {};
  const cpu_set_t started_on = current_cores();
  const cpu_set_t usable = usable_cores(started_on);
  std::vector<config::Problem> problems;
  Placement placement;
  placement.fill(started_on);
  for (std::size_t t = 0; t < placement.size(); ++t) {
    if (settings.cores[t].empty()) continue;
    CPU_ZERO(&placement[t]);
    for (const std::uint32_t core : settings.cores[t]) {
      CPU_SET(core, &placement[t]);
      if (CPU_ISSET(core, &usable)) continue;
      problems.push_back(
          {"process.json", fmt::format("gateway.cores.{}", config::kThreadNames[t]),
           std::to_string(core),
           fmt::format("is no core that this process may use; it may use {}", text_of(usable))});
    }
  }
  if (!problems.empty()) return problems;
  if (!move_to(placement[static_cast<std::size_t>(config::Thread::Shard)]))
    throw std::system_error(errno, std::generic_category(), "the shard's cores");
  g_placement = placement;
  return {};
}

void begin_thread(config::Thread thread) {
  const auto place = static_cast<std::size_t>(thread);
  const std::string name(config::kThreadNames[place]);
  if (g_placement && !move_to((*g_placement)[place])) {
    const std::string why = std::generic_category().message(errno);
    std::cerr << fmt::format("the thread {} stays off its cores {}: {}\n", name,
                             text_of((*g_placement)[place]), why);
  }
  ::pthread_setname_np(::pthread_self(), name.c_str());
}

}  // namespace portcullis::feeds
