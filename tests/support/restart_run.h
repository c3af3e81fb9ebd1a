// Gate, venue and two clients whose orders match, with kills in mid-stream; and at the end
// everything that must agree.
#pragma once

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/support/gate_process.h"
#include "tests/support/link_state.h"
#include "tests/support/trader.h"

namespace portcullis::test {

class RestartRun {
 public:
  RestartRun(std::uint64_t seed, VenueLink link, const std::vector<Change>& changes = {},
             std::vector<std::string> venue_arguments = {});

  // Whatever is missing of the two, and the clients' connections. The clients go on from the next
  // message or hear everything again; orders are taken at once or when the link is up.
  void start();
  // So many random messages of both clients, not waited for.
  void trade(std::uint32_t messages);
  // Both clients until all their orders have an outcome or are live. REQUIRES: gate and venue run.
  void settle();

  void kill_gate();
  void kill_venue();

  // Ends everything in good order, compares, starts it again, cancels all that is live and compares
  // again.
  void finish();

  std::mt19937_64 random;
  TestDeployment deployment;
  std::unique_ptr<VenueProcess> venue;
  std::unique_ptr<GateProcess> gate;
  Trader buyer;
  Trader seller;

 private:
  void stop_and_compare();

  const std::vector<std::string> venue_arguments_;
};

}  // namespace portcullis::test
