// What a session may do (ORDERLIFE 6): an action that it has not is refused for that, costs it a
// token, and costs nobody else one. The same on the engine and on the naive model.
#include <gtest/gtest.h>

#include <initializer_list>
#include <vector>

#include "tests/support/driver.h"
#include "tests/support/fixtures.h"

namespace portcullis::support::entitlement_test {
namespace {

using namespace portcullis::risk;
using enum RejectReason;

constexpr std::int64_t usd(std::int64_t dollars) { return dollars * 1'000'000; }

// Session 0 may do what is said, session 1 everything; both use both accounts.
template <class Subject>
struct World : Driver<Subject> {
  explicit World(std::uint8_t actions, const RateLimit& session = {1'000, 1'000, 1'000, 1'000},
                 const RateLimit& account = {1'000, 1'000, 1'000, 1'000})
      : Driver<Subject>(parameters(actions, session, account)) {
    this->index(kUsd, 1);
    this->mark(kBtcPerp, 100);
    this->balance(0, kUsd, usd(100'000));
  }

  static Parameters parameters(std::uint8_t actions, const RateLimit& session,
                               const RateLimit& account) {
    Parameters p = small_parameters();
    p.sessions[0].actions = actions;
    p.sessions[0].rate = session;
    p.accounts[0].rate = account;
    return p;
  }

  Answer enter_as(std::uint32_t session) {
    NewOrder o = this->order(0, kBtcPerp, Side::Buy, 1, 100);
    o.session = {session};
    return this->enter(o);
  }
};

template <class Subject>
class Entitlement : public ::testing::Test {};
using Subjects = ::testing::Types<NaiveModel, Engine>;
TYPED_TEST_SUITE(Entitlement, Subjects);

TYPED_TEST(Entitlement, EachActionIsItsOwn) {
  for (const std::uint8_t actions :
       {std::uint8_t{0}, std::uint8_t{kMayEnter}, std::uint8_t{kMayEnter | kMayReplace},
        std::uint8_t{kMayEnter | kMayCancel}, std::uint8_t{kMayReplace | kMayCancel},
        std::uint8_t{kMayMassCancel | kMayDisable}, kMayAll}) {
    SCOPED_TRACE(int{actions});
    World<TypeParam> w(actions);
    const auto reason = [&](SessionAction action) {
      return (actions & action) != 0 ? None : NotEntitled;
    };
    const Answer entered = w.enter_as(0);
    EXPECT_EQ(entered.reason, reason(kMayEnter));
    if (!entered.accepted()) continue;
    w.venue(VenueEventType::Accepted, entered.number, 1, 100);
    EXPECT_EQ(w.replace(entered.client_ref, 2, 100).reason, reason(kMayReplace));
    const Answer cancelled = w.cancel(entered.client_ref);
    EXPECT_EQ(cancelled.reason, reason(kMayCancel));
    EXPECT_EQ(cancelled.accepted(), (actions & kMayCancel) != 0);
    EXPECT_FALSE(cancelled.disconnect);
  }
}

TYPED_TEST(Entitlement, ACancelOfNothingIsIgnoredWhoeverSendsIt) {
  World<TypeParam> w(0);
  EXPECT_EQ(w.cancel(77).disposition, Disposition::Ignore);
}

// Its own tokens are spent, so that it cannot be refused for ever; the account's are not.
TYPED_TEST(Entitlement, ARefusedEnterSpendsTheSessionsTokensAlone) {
  World<TypeParam> w(kMayCancel, {1, 2, 1, 2}, {1, 3, 1, 3});
  for (int i = 0; i < 10; ++i) EXPECT_EQ(w.enter_as(0).reason, NotEntitled);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(w.enter_as(1).accepted()) << i;
  EXPECT_EQ(w.enter_as(1).reason, Rate);
}

TYPED_TEST(Entitlement, ARefusedCancelSpendsTheSessionsTokensAlone) {
  World<TypeParam> w(kMayEnter, {1'000, 1'000, 1, 2}, {1'000, 1'000, 1, 3});
  const Answer mine = w.enter_as(0);
  ASSERT_TRUE(mine.accepted());
  for (int i = 0; i < 10; ++i) {
    const Answer answer = w.cancel(mine.client_ref);
    EXPECT_EQ(answer.reason, NotEntitled);
    EXPECT_EQ(answer.disposition, Disposition::Reject);
  }
  std::vector<Answer> others;
  for (int i = 0; i < 4; ++i) others.push_back(w.enter_as(1));
  for (int i = 0; i < 4; ++i) {
    const CancelOrder c{{w.now}, {0}, {1}, others[static_cast<std::size_t>(i)].client_ref};
    EXPECT_EQ(answer_of(w.subject.submit(c)).reason, i < 3 ? None : Rate) << i;
  }
}

}  // namespace
}  // namespace portcullis::support::entitlement_test
