#include "tests/support/command_line.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <sstream>

namespace portcullis::test {

Outcome run_command(void (*add)(CLI::App&), const std::vector<std::string>& arguments,
                    const std::string& input) {
  CLI::App app;
  add(app);
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream errors;
  std::streambuf* const in_before = std::cin.rdbuf(in.rdbuf());
  std::streambuf* const out_before = std::cout.rdbuf(out.rdbuf());
  std::streambuf* const errors_before = std::cerr.rdbuf(errors.rdbuf());
  Outcome outcome;
  outcome.code = 0;
  try {
    app.parse(reversed);
  } catch (const CLI::Error& error) {
    outcome.code = error.get_exit_code();
  }
  std::cin.rdbuf(in_before);
  std::cout.rdbuf(out_before);
  std::cerr.rdbuf(errors_before);
  outcome.out = out.str();
  outcome.errors = errors.str();
  return outcome;
}

}  // namespace portcullis::test
