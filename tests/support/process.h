// Programs as processes of their own. Each is ended by its own number and dies with the test;
// whoever waits for longer than kPatience fails instead.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace portcullis::test {

// Only a failure takes so long: sanitizers and a busy machine fit into it many times.
inline constexpr std::chrono::seconds kPatience{60};

using Environment = std::map<std::string, std::string>;

// A port of 127.0.0.1 that nobody else is given while this lives: bound, so that nothing picks it,
// and not listening, so that a server may still take it and connections are refused until then.
class Port {
 public:
  Port();
  ~Port();
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;
  [[nodiscard]] std::uint16_t number() const { return number_; }

 private:
  int fd_ = -1;
  std::uint16_t number_ = 0;
};

// The test must have no other thread when it starts one.
class Process {
 public:
  // `arguments[0]` is the program; `errors` is where its stderr goes, appended.
  Process(const std::vector<std::string>& arguments, const Environment& environment,
          const std::filesystem::path& errors);
  ~Process() { kill_9(); }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // The next line of stdout without its end; empty when there is none.
  [[nodiscard]] std::string read_line();
  // All of stdout that is left, also of a process that has ended.
  [[nodiscard]] std::string read_rest();

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool is_running();
  void signal(int number) const;
  void kill_9();
  // Waits for its end by itself: the exit code, or 128 and the signal's number.
  int wait();
  // SIGTERM, and then the same.
  int terminate();

 private:
  [[nodiscard]] std::string read_to_end() const;

  pid_t pid_ = -1;
  std::string rest_;  // of stdout, once it has ended
  int out_ = -1;
  int code_ = -1;
};

struct Outcome {
  int code = -1;
  std::string out;
  std::string errors;
};
// Runs a program to its end.
[[nodiscard]] Outcome run_to_end(const std::vector<std::string>& arguments,
                                 const Environment& environment = {});

// From "listening on PORT"; 0: it says something else.
[[nodiscard]] std::uint16_t port_of(std::string_view line);

}  // namespace portcullis::test
