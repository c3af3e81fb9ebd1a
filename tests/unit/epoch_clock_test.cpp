#include "feeds/epoch_clock.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace portcullis::feeds::epoch_clock_test {
namespace {

std::int64_t g_set_by_s = 0;  // how far somebody has set the machine's clock

constexpr std::int64_t kHourNs = 3'600'000'000'000;

}  // namespace
}  // namespace portcullis::feeds::epoch_clock_test

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kClockIsReplaced = false;  // a sanitizer replaces it itself
#else
constexpr bool kClockIsReplaced = true;
extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const long result = ::syscall(SYS_clock_gettime, clock, time);
  if (clock == CLOCK_REALTIME) time->tv_sec += portcullis::feeds::epoch_clock_test::g_set_by_s;
  return static_cast<int>(result);
}
#endif

namespace portcullis::feeds::epoch_clock_test {
namespace {

std::int64_t machine_ns() {
  return std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count();
}

TEST(EpochClock, TellsTheMachinesTime) {
  EXPECT_LT(std::abs(epoch_ns() - machine_ns()), kHourNs / 2);
}

// The shard's clock stood still until the machine's had caught up: no heartbeats, no time-outs, and
// a loop that did not sleep because it had only just become idle.
TEST(EpochClock, GoesOnWhenTheMachinesClockIsSet) {
  if (!kClockIsReplaced) GTEST_SKIP() << "the clock cannot be set here";
  for (const std::int64_t hours : {-2, 2}) {
    const std::int64_t before = epoch_ns();
    const std::int64_t machine_before = machine_ns();
    g_set_by_s = hours * 3600;
    EXPECT_GT(std::abs(machine_ns() - machine_before), kHourNs);
    EXPECT_GE(epoch_ns(), before);
    EXPECT_LT(epoch_ns(), before + kHourNs);
    g_set_by_s = 0;
  }
}

}  // namespace
}  // namespace portcullis::feeds::epoch_clock_test
