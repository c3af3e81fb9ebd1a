// Failed logins of a name: guessing is bounded, and does not keep out who has been there before.
#include "gateway/security/name_failures.h"

#include <gtest/gtest.h>

namespace portcullis::gateway::security::name_failures_test {
namespace {

constexpr LoginLimitSettings kThree{.attempts_max = 3, .window_ns = 1'000, .lockout_ns = 5'000};
constexpr std::uint64_t kOwner = 1;

TEST(NameFailures, LockTheNameForAddressesThatItDoesNotKnow) {
  NameFailures name;
  name.succeeded(kOwner);
  EXPECT_FALSE(name.failed(kThree, 10, 1));
  EXPECT_FALSE(name.failed(kThree, 11, 2));
  EXPECT_FALSE(name.is_locked(12, 2));
  EXPECT_TRUE(name.failed(kThree, 12, 3));
  for (const std::uint64_t address : {0U, 10U, 13U}) EXPECT_TRUE(name.is_locked(address, 4));
  EXPECT_FALSE(name.is_locked(kOwner, 4));
  EXPECT_FALSE(name.is_locked(13, 5'003));
}

// Whoever guesses from the owner's address is counted by that address.
TEST(NameFailures, OfAKnownAddressAreNotTheNames) {
  NameFailures name;
  name.succeeded(kOwner);
  for (int n = 0; n < 10; ++n) EXPECT_FALSE(name.failed(kThree, kOwner, n));
  EXPECT_FALSE(name.is_locked(10, 10));
}

// Otherwise an owner who comes and goes would give others three more guesses each time.
TEST(NameFailures, AreForgottenByALoginFromANewAddressOnly) {
  NameFailures name;
  name.succeeded(kOwner);
  EXPECT_FALSE(name.failed(kThree, 10, 1));
  EXPECT_FALSE(name.failed(kThree, 10, 2));
  name.succeeded(kOwner);
  EXPECT_TRUE(name.failed(kThree, 10, 3));
  name.succeeded(kOwner);
  EXPECT_TRUE(name.is_locked(10, 4)) << "the lock-out stays, too";
  NameFailures other;
  EXPECT_FALSE(other.failed(kThree, 10, 1));
  EXPECT_FALSE(other.failed(kThree, 10, 2));
  other.succeeded(10);
  EXPECT_FALSE(other.failed(kThree, 11, 3)) << "who has mistyped";
}

TEST(NameFailures, KnowTheLastAddresses) {
  NameFailures name;
  for (std::uint64_t address = 1; address <= NameFailures::kKnownMax; ++address)
    name.succeeded(address);
  name.succeeded(1);  // is the newest again
  name.succeeded(99);
  for (int n = 0; n < 3; ++n) name.failed(kThree, 50, 1);
  EXPECT_TRUE(name.is_locked(2, 2)) << "the oldest";
  for (const std::uint64_t address : {1U, 3U, 4U, 99U})
    EXPECT_FALSE(name.is_locked(address, 2)) << address;
}

// An address that is not known is nobody's.
TEST(NameFailures, WithoutAnAddressAreTheNames) {
  NameFailures name;
  name.succeeded(0);
  for (int n = 0; n < 3; ++n) name.failed(kThree, 0, 1);
  EXPECT_TRUE(name.is_locked(0, 2));
}

}  // namespace
}  // namespace portcullis::gateway::security::name_failures_test
