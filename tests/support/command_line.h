// A subcommand of the program inside the test: what it prints, and its exit code.
#pragma once

#include <string>
#include <vector>

#include "tests/support/process.h"

namespace CLI {
class App;
}

namespace portcullis::test {

// `input` is what it reads from its standard input.
[[nodiscard]] Outcome run_command(void (*add)(CLI::App&), const std::vector<std::string>& arguments,
                                  const std::string& input = "");

}  // namespace portcullis::test
