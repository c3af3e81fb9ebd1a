// A subcommand of the program inside the test: what it prints, and its exit code.
#pragma once

#include <CLI/CLI.hpp>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/process.h"

namespace portcullis::test {

inline Outcome run_command(void (*add)(CLI::App&), const std::vector<std::string>& arguments) {
  CLI::App app;
  add(app);
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  std::ostringstream out;
  std::ostringstream errors;
  std::streambuf* const out_before = std::cout.rdbuf(out.rdbuf());
  std::streambuf* const errors_before = std::cerr.rdbuf(errors.rdbuf());
  Outcome outcome;
  outcome.code = 0;
  try {
    app.parse(reversed);
  } catch (const CLI::Error& error) {
    outcome.code = error.get_exit_code();
  }
  std::cout.rdbuf(out_before);
  std::cerr.rdbuf(errors_before);
  outcome.out = out.str();
  outcome.errors = errors.str();
  return outcome;
}

}  // namespace portcullis::test
