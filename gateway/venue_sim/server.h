#pragma once
// The simulated venue as a process: OUCH 5.0 over SoupBinTCP 3.00 on 127.0.0.1, one thread, in
// front of the durable engine.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

#include "gateway/venue_sim/durable_engine.h"

namespace portcullis::gateway::venue_sim {

// One SoupBinTCP session each: its own numbers, stream and orders.
struct VenueUser {
  std::string name;      // at most 6 characters
  std::string password;  // at most 10
};

// What the venue's link does wrong on purpose.
struct LinkFaults {
  // Each message leaves so much later than it could.
  std::chrono::milliseconds delay{0};
  // After every n-th input since the start of the journal the connection is dropped and what it
  // has sent in the meantime is lost; 0 is never.
  std::uint32_t drop_every = 0;
  // The answer is sent before the drop, without its last byte.
  bool drop_mid_frame = false;
};

struct VenueOptions {
  std::uint16_t port = 0;  // 0: any free one
  std::filesystem::path
      memory_socket{};  // a gate connects there over shared memory; empty: none does
  std::filesystem::path journal_directory;
  std::vector<VenueUser> users;
  std::vector<std::string> symbols{};  // at most 8 characters; empty: any
  Faults faults{};
  LinkFaults link_faults{};
  std::filesystem::path stats_file{};  // empty: none
  std::uint64_t ring_bytes = 8'388'608;
};

// Runs until SIGTERM or SIGINT and returns the exit code. Prints "listening on PORT" to `out` once
// clients can connect. Writes the statistics, one JSON object, to the stats file at the end and on
// SIGUSR1. Throws std::runtime_error when it cannot start, or when the journal's disk fails.
int run_venue(const VenueOptions& options, std::ostream& out);

}  // namespace portcullis::gateway::venue_sim
