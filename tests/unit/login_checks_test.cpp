// What stands between a stranger and a session: limits on failed logins, the queue of password
// checks, and the timer of a session that is silent.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "gateway/security/dead_man.h"
#include "gateway/security/login_checker.h"
#include "gateway/security/login_limits.h"

namespace portcullis::gateway::security::login_checks_test {
namespace {

constexpr LoginLimitSettings kThreeInTen{.attempts_max = 3, .window_ns = 10, .lockout_ns = 100};

TEST(LoginFailures, TheLastOneAllowedLocks) {
  LoginFailures failures;
  EXPECT_FALSE(failures.failed(kThreeInTen, 1'000));
  EXPECT_FALSE(failures.failed(kThreeInTen, 1'009));
  EXPECT_FALSE(failures.is_locked(1'009));
  EXPECT_TRUE(failures.failed(kThreeInTen, 1'009));
  EXPECT_TRUE(failures.is_locked(1'009));
  EXPECT_TRUE(failures.is_locked(1'108));
  EXPECT_FALSE(failures.is_locked(1'109));
}

TEST(LoginFailures, OutsideTheWindowCountAnew) {
  LoginFailures failures;
  for (std::int64_t now = 1'000; now < 2'000; now += 10) {  // one in each window
    EXPECT_FALSE(failures.failed(kThreeInTen, now));
    EXPECT_FALSE(failures.failed(kThreeInTen, now + 9));
  }
  EXPECT_FALSE(failures.is_locked(2'000));
}

// What was under way when it was locked makes it no longer.
TEST(LoginFailures, DoNotCountWhileLocked) {
  LoginFailures failures;
  for (int i = 0; i < 3; ++i) (void)failures.failed(kThreeInTen, 1'000);
  for (std::int64_t now = 1'001; now < 1'100; ++now)
    EXPECT_FALSE(failures.failed(kThreeInTen, now));
  EXPECT_FALSE(failures.is_locked(1'100));
  EXPECT_FALSE(failures.failed(kThreeInTen, 1'100)) << "it begins anew";
  EXPECT_FALSE(failures.failed(kThreeInTen, 1'100));
  EXPECT_TRUE(failures.failed(kThreeInTen, 1'100));
}

TEST(LoginFailures, AGoodLoginForgets) {
  LoginFailures failures;
  (void)failures.failed(kThreeInTen, 1'000);
  (void)failures.failed(kThreeInTen, 1'000);
  failures.succeeded();
  EXPECT_FALSE(failures.failed(kThreeInTen, 1'000));
  EXPECT_FALSE(failures.failed(kThreeInTen, 1'000));
  EXPECT_TRUE(failures.failed(kThreeInTen, 1'000));
}

TEST(AddressFailures, AreEachItsOwn) {
  AddressFailures failures(kThreeInTen, 8);
  for (int i = 0; i < 3; ++i) (void)failures.failed(7, 1'000);
  (void)failures.failed(8, 1'000);
  EXPECT_TRUE(failures.is_locked(7, 1'001));
  EXPECT_FALSE(failures.is_locked(8, 1'001));
  EXPECT_FALSE(failures.is_locked(9, 1'001));
  EXPECT_FALSE(failures.is_locked(7, 1'100));
}

// A table that is full forgets whoever would be forgotten first: those who have failed once, not
// those who are locked.
TEST(AddressFailures, AFloodOfAddressesDoesNotFreeALockedOne) {
  AddressFailures failures(kThreeInTen, 4);
  for (const std::uint64_t address : {1U, 2U, 3U}) {
    for (int i = 0; i < 3; ++i) (void)failures.failed(address, 1'000);
  }
  for (std::uint64_t address = 100; address < 1'000; ++address) {
    (void)failures.failed(address, 1'001);
  }
  for (const std::uint64_t address : {1U, 2U, 3U}) EXPECT_TRUE(failures.is_locked(address, 1'099));
  EXPECT_FALSE(failures.is_locked(1, 1'100));
}

// --- the checker

constexpr risk::SessionIndex kOne{1};

bool verify(risk::SessionIndex session, std::string_view password) {
  return session == kOne && password == "sesame";
}

TEST(LoginChecker, AnswersWhatItIsAsked) {
  LoginChecker checker(verify, 4, {}, LoginChecker::Mode::Manual);
  EXPECT_FALSE(checker.take());
  EXPECT_FALSE(checker.check_one());
  EXPECT_TRUE(checker.ask({.place = 3, .generation = 9, .address = 5}, kOne, "sesame"));
  EXPECT_TRUE(checker.ask({.place = 4}, kOne, "sesame "));
  EXPECT_TRUE(checker.ask({.place = 5}, {}, "sesame"));
  EXPECT_FALSE(checker.take()) << "nobody has worked";
  std::map<std::uint32_t, LoginVerdict> verdicts;
  while (checker.check_one()) {
    const auto verdict = checker.take();
    ASSERT_TRUE(verdict);
    verdicts[verdict->id.place] = *verdict;
  }
  ASSERT_EQ(verdicts.size(), 3U);
  EXPECT_EQ(verdicts[3].id, (LoginId{.place = 3, .generation = 9, .address = 5}));
  EXPECT_EQ(verdicts[3].session, kOne);
  EXPECT_TRUE(verdicts[3].good);
  EXPECT_FALSE(verdicts[4].good);
  EXPECT_FALSE(verdicts[5].good);
  EXPECT_FALSE(verdicts[5].session.exists());
}

TEST(LoginChecker, NoMoreArePendingThanMayBe) {
  LoginChecker checker(verify, 3, {}, LoginChecker::Mode::Manual);
  for (int round = 0; round < 100; ++round) {
    for (std::uint32_t i = 0; i < 3; ++i) EXPECT_TRUE(checker.ask({.place = i}, kOne, "sesame"));
    EXPECT_FALSE(checker.ask({.place = 3}, kOne, "sesame"));
    EXPECT_TRUE(checker.check_one());
    EXPECT_FALSE(checker.ask({.place = 3}, kOne, "sesame")) << "its verdict has not been taken";
    EXPECT_TRUE(checker.take());
    EXPECT_TRUE(checker.ask({.place = 3}, kOne, "sesame"));
    while (checker.check_one()) {
    }
    while (checker.take()) {
    }
  }
}

TEST(LoginChecker, WorksOnAThreadOfItsOwnAndWakesWhoWaits) {
  std::atomic<int> woken{0};
  std::set<std::thread::id> threads;
  LoginChecker checker(
      [&](risk::SessionIndex session, std::string_view password) {
        threads.insert(std::this_thread::get_id());  // that thread alone
        return verify(session, password);
      },
      64,
      [&] {
        woken.fetch_add(1);
        woken.notify_all();
      });
  std::vector<bool> good(64);
  for (std::uint32_t i = 0; i < 64; ++i)
    ASSERT_TRUE(checker.ask({.place = i}, kOne, i % 3 == 0 ? "sesame" : "open"));
  int taken = 0;
  for (int seen = 0; taken < 64; seen = woken.load()) {
    while (const auto verdict = checker.take()) {
      good[verdict->id.place] = verdict->good;
      ++taken;
    }
    if (taken < 64) woken.wait(seen);
  }
  for (std::uint32_t i = 0; i < 64; ++i) EXPECT_EQ(good[i], i % 3 == 0) << i;
  EXPECT_EQ(threads.size(), 1U);
  EXPECT_FALSE(threads.contains(std::this_thread::get_id()));
}

TEST(LoginChecker, EndsWithWorkUndone) {
  std::atomic<bool> begun{false};
  {
    LoginChecker checker(
        [&](risk::SessionIndex, std::string_view) {
          begun.store(true);
          begun.notify_all();
          return true;
        },
        1'000, {});
    for (std::uint32_t i = 0; i < 1'000; ++i) EXPECT_TRUE(checker.ask({.place = i}, kOne, "x"));
    begun.wait(false);
  }
  SUCCEED();
}

// --- the dead man

TEST(DeadMan, IsDueOnceAfterASilence) {
  DeadMan man(50, 1'000);
  EXPECT_FALSE(man.is_due(1'049));
  EXPECT_TRUE(man.is_due(1'050));
  EXPECT_TRUE(man.is_due(1'060)) << "until something is done about it";
  man.done();
  EXPECT_FALSE(man.is_due(100'000));
  man.heard(100'000);
  EXPECT_FALSE(man.is_due(100'049));
  EXPECT_TRUE(man.is_due(100'050));
  DeadMan never(0, 0);
  EXPECT_FALSE(never.is_due(1'000'000'000'000));
}

}  // namespace
}  // namespace portcullis::gateway::security::login_checks_test
