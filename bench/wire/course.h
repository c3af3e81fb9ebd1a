// What the load of the wire bench wants of a system: orders at times that are fixed before the first one,
// each to arrive at the venue once and in turn, to be answered and to be done; and how long that took.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "gateway/histogram.h"

namespace portcullis::bench::wire {

inline std::int64_t steady_ns() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct CourseSettings {
  double per_second = 0;      // 0: as fast as they are done, so many under way at most
  std::uint32_t window = 0;   // of those
  std::uint32_t orders = 0;   // measured
  std::uint32_t warm_up = 0;  // at the same rate before them, and not measured
  // Behind them so many as fast as they are done, and then so many at the rate again, to see how soon it is
  // as it was. REQUIRES a rate and a window, where there are any.
  std::uint32_t flood = 0;
  std::uint32_t after = 0;
};

// So many orders in a row are looked at together, and are as before when their median is below so many times
// that of the measured ones.
inline constexpr std::size_t kRecoveryOrders = 100;
inline constexpr std::int64_t kRecoveryTimes = 2;

// Orders have numbers from 1 on. One after the other is tried until the first one is taken: the system may
// still be connecting. From then on nothing may be refused, lost or repeated: what is throws
// std::runtime_error.
class Course {
 public:
  using Histogram = gateway::Histogram;

  explicit Course(const CourseSettings& settings) : settings_(settings) {}

  // --- until the first one is taken
  std::uint32_t next_try() { return ++tried_; }
  [[nodiscard]] bool is_done_with_try() const { return done_ == tried_; }
  [[nodiscard]] bool was_taken() const { return was_taken_; }
  [[nodiscard]] std::uint32_t tries_refused() const { return refused_; }

  // --- the run
  // Its first order is the one behind the last that was tried.
  [[nodiscard]] std::uint32_t first() const { return tried_ + 1; }
  void begin(std::int64_t start_ns) {
    first_ = first();
    measured_from_ = first_ + settings_.warm_up;
    start_ns_ = start_ns;
    is_running_ = true;
  }
  [[nodiscard]] std::uint32_t total() const { return calm() + settings_.flood + settings_.after; }
  [[nodiscard]] bool is_over() const {
    const std::uint32_t last = first_ + total() - 1;
    return arrived_ == last && answered_ == last && done_ == last;
  }
  // How many of the run's orders are to be sent by now.
  [[nodiscard]] std::uint32_t due_by(std::int64_t now_ns) const {
    if (!is_running_ || now_ns < start_ns_) return 0;
    const std::uint32_t in_window = done_ + 1 - first_ + settings_.window;
    if (settings_.per_second == 0) return std::min(total(), in_window);
    const std::uint32_t due = due_between(start_ns_, now_ns, calm());
    if (due < calm()) return due;
    const std::uint32_t flooded = calm() + settings_.flood;
    if (settings_.flood > 0 && flood_end_ns_ == 0) return std::clamp(in_window, calm(), flooded);
    return flooded + due_between(flood_end_ns_, now_ns, settings_.after);
  }

  // --- what became of an order
  // Its bytes were given to the system, some time after they were due.
  void sent(std::uint32_t index, std::int64_t now_ns) {
    if (is_measured(index + first_)) lag_.record(now_ns - due_ns(index));
    if (settings_.flood > 0 && index + 1 == calm() + settings_.flood) flood_end_ns_ = now_ns;
  }
  void arrived(std::uint32_t number, std::int64_t now_ns) {
    expect(number, arrived_, "arrived at the venue");
    if (!is_running_) return;
    if (number >= first_ + calm() + settings_.flood) after_.push_back(now_ns);
    if (!is_measured(number)) return;
    to_venue_.record(now_ns - due_ns(number - first_));
    if (number == measured_from_) measured_begin_ns_ = now_ns;
    measured_end_ns_ = now_ns;
  }
  void answered(std::uint32_t number, std::int64_t now_ns) {
    expect(number, answered_, "was answered");
    was_taken_ = true;
    if (is_running_ && is_measured(number)) to_answer_.record(now_ns - due_ns(number - first_));
  }
  void done(std::uint32_t number) { expect(number, done_, "was done"); }
  void refused(std::uint32_t number, std::string_view why) {
    if (is_running_ || number != tried_)
      throw std::runtime_error(fmt::format("order {} was refused: {}", number, why));
    ++refused_;
    arrived_ = answered_ = done_ = number;
  }

  // How far it is; grows for as long as anything happens.
  [[nodiscard]] std::uint64_t progress() const {
    return std::uint64_t{arrived_} + answered_ + done_;
  }
  // From the first measured one to the last; 0: there are not two.
  [[nodiscard]] double reached_per_second() const {
    if (measured_end_ns_ == measured_begin_ns_) return 0;
    return (settings_.orders - 1) * 1e9 /
           static_cast<double>(measured_end_ns_ - measured_begin_ns_);
  }
  // From the time an order was due: until its bytes were sent, until they were read at the venue, and until
  // the trader had read that it was accepted. Without a rate there is no such time, and it counts from the
  // beginning of the run.
  [[nodiscard]] const Histogram& lag() const { return lag_; }
  [[nodiscard]] const Histogram& to_venue() const { return to_venue_; }
  [[nodiscard]] const Histogram& to_answer() const { return to_answer_; }

  // From when the last order of the flood had been sent until orders in a row had come to the venue as fast as
  // before, all of them: it is never less than these take to be sent. None: they never did.
  [[nodiscard]] std::optional<std::int64_t> recovery_ns() const {
    const auto limit = kRecoveryTimes * static_cast<std::int64_t>(to_venue_.percentile(0.5));
    std::array<std::int64_t, kRecoveryOrders> window;
    for (std::size_t end = window.size(); end <= after_.size(); ++end) {
      for (std::size_t w = 0; w < window.size(); ++w) {
        const std::size_t index = end - window.size() + w;
        window[w] = after_[index] - flood_end_ns_ - in_ns(index);
      }
      const auto median = window.begin() + window.size() / 2;
      std::nth_element(window.begin(), median, window.end());
      if (*median < limit) return after_[end - 1] - flood_end_ns_;
    }
    return std::nullopt;
  }

 private:
  [[nodiscard]] std::uint32_t calm() const { return settings_.warm_up + settings_.orders; }
  [[nodiscard]] bool is_measured(std::uint32_t number) const {
    return number >= measured_from_ && number < measured_from_ + settings_.orders;
  }
  // At the rate, so long after the first one.
  [[nodiscard]] std::int64_t in_ns(std::size_t index) const {
    return static_cast<std::int64_t>(static_cast<double>(index) * 1e9 / settings_.per_second);
  }
  [[nodiscard]] std::uint32_t due_between(std::int64_t begin_ns, std::int64_t now_ns,
                                          std::uint32_t most) const {
    const double due = static_cast<double>(now_ns - begin_ns) * settings_.per_second / 1e9;
    return due >= most ? most : static_cast<std::uint32_t>(due) + 1;
  }
  [[nodiscard]] std::int64_t due_ns(std::uint32_t index) const {
    if (settings_.per_second == 0) return start_ns_;
    return start_ns_ + in_ns(index);
  }
  static void expect(std::uint32_t number, std::uint32_t& last, const char* what) {
    if (number != last + 1)
      throw std::runtime_error(fmt::format("order {} {} behind order {}", number, what, last));
    last = number;
  }

  const CourseSettings settings_;
  std::uint32_t tried_ = 0;
  std::uint32_t refused_ = 0;
  bool was_taken_ = false;
  bool is_running_ = false;
  std::uint32_t first_ = 0;
  std::uint32_t measured_from_ = 0;
  std::int64_t start_ns_ = 0;
  std::int64_t measured_begin_ns_ = 0;
  std::int64_t measured_end_ns_ = 0;
  std::int64_t flood_end_ns_ = 0;    // 0: not yet
  std::vector<std::int64_t> after_;  // when the orders behind the flood came to the venue
  // The last of which it is so.
  std::uint32_t arrived_ = 0;
  std::uint32_t answered_ = 0;
  std::uint32_t done_ = 0;
  Histogram lag_;
  Histogram to_venue_;
  Histogram to_answer_;
};

}  // namespace portcullis::bench::wire
