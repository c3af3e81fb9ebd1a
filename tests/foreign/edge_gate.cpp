// An edge with a gate and the simulated venue behind it (edge_world.h), as a program for clients that
// are not ours. It says "listening on PORT", and reads lines until there are no more:
//   other NUMBER B|S QUANTITY PRICE   somebody else's order in AMZN at the venue
//   stop                              the edge ends in good order
#include <gtest/gtest.h>

#include <iostream>
#include <sstream>

#include "tests/support/edge_world.h"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  portcullis::test::EdgeWorld world;
  std::cout << "listening on " << world.port() << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string what;
    words >> what;
    if (what == "stop") {
      world.stop_edge();
      std::cout << "stopped" << std::endl;
      continue;
    }
    portcullis::test::TestOrder order;
    order.symbol = "AMZN";
    words >> order.number >> order.side >> order.quantity >> order.price;
    world.with([&](portcullis::test::GateWorld& gate) { gate.other_enters(order); });
    std::cout << "entered" << std::endl;
  }
  std::string problem;
  world.with([&](portcullis::test::GateWorld& gate) { problem = gate.check(); });
  if (!problem.empty()) std::cerr << problem << '\n';
  return problem.empty() && world.failure().empty() ? 0 : 1;
}
