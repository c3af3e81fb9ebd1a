// The threads of the gate's process, and the cores that each may be given (process.json, gateway.cores).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace portcullis::config {

enum class Thread : std::uint8_t {
  Shard,       // the main one: the order path
  Journal,     // the flusher
  Streams,     // reads what OUCH clients are behind by
  Logins,      // checks passwords
  Follower,    // the second engine and the snapshots
  Edge,        // JSON clients
  Control,     // the control plane
  Parameters,  // reloads, changes of limits and what time brings about
  Feeds,  // prices; of the recording, of the market that sources make and of live sources one each
};
// As process.json calls them and, but for the shard's, which keeps the program's name, the system.
inline constexpr std::array<std::string_view, 9> kThreadNames{
    "shard", "journal", "streams", "logins", "follower", "edge", "control", "parameters", "feeds"};

struct CoreSettings {
  static constexpr std::int64_t kCoreMax = 1'023;
  using Cores = std::vector<std::uint32_t>;  // each once, as the system numbers them

  [[nodiscard]] const Cores& of(Thread thread) const {
    return cores[static_cast<std::size_t>(thread)];
  }
  [[nodiscard]] bool any() const {
    return std::any_of(cores.begin(), cores.end(), [](const Cores& each) { return !each.empty(); });
  }

  std::array<Cores, kThreadNames.size()> cores;  // by thread; empty: where the process was started
};

}  // namespace portcullis::config
