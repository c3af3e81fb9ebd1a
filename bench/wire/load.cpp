// The load of the wire bench (run.py): a trader and a venue, on one thread that never sleeps, with what is
// measured between them. It says on its first line where its venue listens, is told on standard input where
// the trader connects, and prints what it has measured as one JSON object.
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "bench/wire/course.h"
#include "bench/wire/ends.h"
#include "bench/wire/line.h"

namespace portcullis::bench::wire {
namespace {

constexpr std::int64_t kTickNs = 50'000'000;       // between two looks at timers
constexpr std::int64_t kStuckNs = 30'000'000'000;  // without progress
constexpr std::int64_t kStartNs = 20'000'000;      // until the first order is due
constexpr std::chrono::milliseconds kBetweenTries{2};

struct Settings {
  CourseSettings course;
  World world;
  std::string trader = "ouch";
  std::string memory;  // the path of a socket; empty: TCP
  std::string user;
};

std::string environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
  if (value == nullptr) throw std::runtime_error(fmt::format("{} is not set", name));
  return value;
}

std::string json(const gateway::Histogram& times) {
  std::string text = fmt::format("{{\"count\": {}", times.count());
  for (const auto& [name, share] :
       {std::pair{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}})
    text += fmt::format(", \"{}\": {}", name, times.percentile(share));
  return text + fmt::format(", \"max\": {}}}", times.max());
}

class Load {
 public:
  explicit Load(const Settings& settings) : settings_(settings), course_(settings.course) {
    const bool is_fix = settings_.trader == "fix";
    std::unique_ptr<Door> door;
    if (settings_.memory.empty()) {
      auto listening = std::make_unique<TcpDoor>();
      std::cout << "venue " << listening->port() << std::endl;
      door = std::move(listening);
    } else {
      door = std::make_unique<MemoryDoor>(settings_.memory);
      std::cout << "venue 0" << std::endl;
    }
    venue_ = is_fix ? fix_venue(std::move(door), course_) : ouch_venue(std::move(door), course_);
  }

  // The venue is there already for who logs in before it is told where to connect.
  [[nodiscard]] std::uint16_t read_port() {
    pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    until("a port to connect to", [&input] { return ::poll(&input, 1, 0) > 0; });
    std::uint16_t port = 0;
    if (!(std::cin >> port)) throw std::runtime_error("no port to connect to");
    return port;
  }

  void connect(std::uint16_t port) {
    auto line = std::make_unique<TcpLine>(connect_to_loopback(port));
    if (settings_.trader == "ouch") {
      trader_ = ouch_trader(std::move(line), course_, settings_.world, settings_.user,
                            environment("PORTCULLIS_WIRE_PASSWORD"));
    } else if (settings_.trader == "json") {
      trader_ = json_trader(std::move(line), course_, settings_.world, settings_.user,
                            environment("PORTCULLIS_WIRE_SECRET"));
    } else {
      trader_ = fix_trader(std::move(line), course_, settings_.world);
    }
    until("the login", [this] { return trader_->is_logged_in(); });
    while (!course_.was_taken() || !course_.is_done_with_try()) {
      if (course_.tries_refused() > 0) std::this_thread::sleep_for(kBetweenTries);
      trader_->send_try(course_.next_try());
      until("an order", [this] { return course_.is_done_with_try(); });
    }
  }

  void run() {
    trader_->prepare();
    course_.begin(steady_ns() + kStartNs);
    until("all orders", [this] { return course_.is_over(); });
  }

  [[nodiscard]] std::string result() const {
    const auto recovery = course_.recovery_ns();
    return fmt::format(
        "{{\"orders\": {}, \"tries_refused\": {}, \"reached_per_second\": {:.1f}, \"lag\": {}, "
        "\"to_venue\": {}, \"to_answer\": {}, \"recovery_ns\": {}}}",
        course_.first() - 1 + course_.total(), course_.tries_refused(),
        course_.reached_per_second(), json(course_.lag()), json(course_.to_venue()),
        json(course_.to_answer()), recovery ? std::to_string(*recovery) : "null");
  }

 private:
  template <class Done>
  void until(const char* what, Done&& done) {
    std::uint64_t progress = 0;
    std::int64_t moved_ns = steady_ns();
    std::int64_t tick_ns = 0;
    while (!done()) {
      const std::int64_t now = steady_ns();
      if (trader_ != nullptr) trader_->send_until(course_.due_by(now));
      venue_->hear();
      if (trader_ != nullptr) trader_->hear();
      if (now < tick_ns) continue;
      tick_ns = now + kTickNs;
      venue_->on_time();
      if (course_.progress() != progress) moved_ns = now;
      progress = course_.progress();
      if (now - moved_ns > kStuckNs)
        throw std::runtime_error(fmt::format("waited for {} for too long", what));
    }
  }

  const Settings settings_;
  Course course_;
  std::unique_ptr<Venue> venue_;
  std::unique_ptr<Trader> trader_;
};

int load(int argc, char** argv) {
  Settings settings;
  CLI::App app("The load of the wire bench");
  app.add_option("--trader", settings.trader)->check(CLI::IsMember({"ouch", "json", "fix"}));
  app.add_option("--user", settings.user, "or API key");
  app.add_option("--memory", settings.memory, "the venue's end is shared memory, at this socket");
  app.add_option("--rate", settings.course.per_second, "orders a second; 0: as many as are done");
  app.add_option("--window", settings.course.window,
                 "orders under way at most, at rate 0 and in a flood");
  app.add_option("--orders", settings.course.orders)->required();
  app.add_option("--warm-up", settings.course.warm_up)->required();
  app.add_option("--flood", settings.course.flood, "behind them, as many as are done");
  app.add_option("--after", settings.course.after, "behind the flood, at the rate again");
  app.add_option("--accounts", settings.world.accounts)->required();
  app.add_option("--instruments", settings.world.instruments)->required();
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  try {
    Load load(settings);
    load.connect(load.read_port());
    load.run();
    std::cout << load.result() << std::endl;
  } catch (const std::exception& error) {
    std::cerr << "load: " << error.what() << '\n';
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace portcullis::bench::wire

int main(int argc, char** argv) { return portcullis::bench::wire::load(argc, argv); }
