// The two ends that the load speaks for: the trader who sends orders, and the venue that they come to.
// Neither ever waits; each is given its turn again and again on the one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "bench/wire/course.h"
#include "bench/wire/line.h"

namespace portcullis::bench::wire {

// Who trades what: the same accounts and instruments as world.py makes.
struct World {
  std::uint32_t accounts = 0;
  std::uint32_t instruments = 0;
};

// An order by its number: one lot of some instrument, of some account, 1 % away from the mark on the side
// that does not trade.
struct Terms {
  std::uint32_t account = 0;
  std::uint32_t instrument = 0;
  bool is_buy = false;
  std::uint32_t price_cents = 0;
};
Terms terms_of(std::uint32_t number, const World& world);

class Trader {
 public:
  virtual ~Trader() = default;

  [[nodiscard]] virtual bool is_logged_in() const = 0;
  // Reads what is there, and tells the course.
  virtual void hear() = 0;
  // Sends one order, which is not of the run.
  void send_try(std::uint32_t number);
  // The run's orders, made in advance.
  void prepare();
  // Sends the run's orders up to the one before `index`, in one piece; what is not taken is tried again with
  // the next call.
  void send_until(std::uint32_t index);

 protected:
  Trader(std::unique_ptr<Line> line, Course& course) : line_(std::move(line)), course_(course) {}

  // Adds an order's bytes as they are on the wire.
  virtual void put_order(std::uint32_t number, std::vector<std::byte>& out) = 0;
  // What is no order; before the first one, so that nothing comes between an order's bytes.
  void send_all(std::span<const std::byte> bytes);
  Line& line() { return *line_; }
  Course& course() { return course_; }

 private:
  const std::unique_ptr<Line> line_;
  Course& course_;
  std::vector<std::byte> bytes_;
  std::vector<std::size_t> ends_;  // of each order of the run
  std::size_t sent_bytes_ = 0;
  std::uint32_t sent_ = 0;
};

class Venue {
 public:
  virtual ~Venue() = default;
  // Reads what is there, tells the course, and answers: an order is accepted, and what is left of it
  // cancelled, as an immediate order's is that finds nobody.
  virtual void hear() = 0;
  // Heartbeats.
  virtual void on_time() = 0;
};

// SoupBinTCP with OUCH. `user` logs in with the password.
std::unique_ptr<Trader> ouch_trader(std::unique_ptr<Line> line, Course& course, const World& world,
                                    const std::string& user, const std::string& password);
std::unique_ptr<Venue> ouch_venue(std::unique_ptr<Door> door, Course& course);

// JSON over a WebSocket, all of it of the one account of its key.
std::unique_ptr<Trader> json_trader(std::unique_ptr<Line> line, Course& course, const World& world,
                                    const std::string& key, const std::string& secret);

// FIX 4.4.
std::unique_ptr<Trader> fix_trader(std::unique_ptr<Line> line, Course& course, const World& world);
std::unique_ptr<Venue> fix_venue(std::unique_ptr<Door> door, Course& course);

}  // namespace portcullis::bench::wire
