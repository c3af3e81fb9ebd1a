// The table of open changes: who may take which step, and what time brings about.
#include "gateway/gate/changes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string_view>

namespace portcullis::gateway::gate::change_table_test {
namespace {

ChangeRecord record(ChangeStep step, std::uint32_t id, std::string_view by,
                    std::int64_t time = 10) {
  ChangeRecord made;
  made.time = {time};
  made.step = step;
  made.id = id;
  std::copy(by.begin(), by.end(), made.by.begin());
  return made;
}
ChangeRecord reload(std::uint32_t id, bool needs_approval, std::int64_t effective_at = 0) {
  ChangeRecord made = record(ChangeStep::Propose, id, "ann");
  made.needs_approval = needs_approval ? 1 : 0;
  made.effective_at = {effective_at};
  return made;
}
ChangeRecord override_of(std::uint32_t id, std::int64_t effective_at, std::int64_t expires_at,
                         bool needs_approval = false) {
  ChangeRecord made = reload(id, needs_approval, effective_at);
  made.kind = ChangeKind::Override;
  made.expires_at = {expires_at};
  return made;
}
ParametersRecord parameters(std::uint32_t change, ParametersCause cause, std::int64_t time) {
  ParametersRecord made;
  made.time = {time};
  made.change = change;
  made.cause = cause;
  return made;
}

template <class Record>
void take(ChangeTable& table, const Record& step) {
  ASSERT_STREQ(table.problem_of(step), nullptr);
  table.apply(step);
  EXPECT_TRUE(table.is_sound());
}
template <class Record>
bool refuses(const ChangeTable& table, const Record& step) {
  return table.problem_of(step) != nullptr;
}

TEST(ChangeTable, ARaiseComesIntoForceOnlyWhenAnotherPersonHasApprovedIt) {
  ChangeTable table;
  take(table, reload(1, true));
  const auto begin = parameters(1, ParametersCause::Reload, 11);
  EXPECT_STREQ(table.problem_of(begin), "the change is not approved");
  EXPECT_STREQ(table.problem_of(record(ChangeStep::Approve, 1, "ann")),
               "who has proposed a change cannot approve it");
  take(table, record(ChangeStep::Approve, 1, "bob"));
  EXPECT_TRUE(refuses(table, record(ChangeStep::Approve, 1, "cat"))) << "approved already";
  EXPECT_TRUE(refuses(table, parameters(1, ParametersCause::Override, 11))) << "another kind";
  take(table, begin);
  EXPECT_EQ(table.find(1), nullptr);
  EXPECT_TRUE(refuses(table, begin));
  EXPECT_TRUE(refuses(table, record(ChangeStep::Approve, 1, "bob"))) << "it has ended";
}

TEST(ChangeTable, WhatIsRefusedWithdrawnOrLapsedNeverComes) {
  std::uint32_t id = 0;
  ChangeTable table;
  for (const ChangeStep step : {ChangeStep::Refuse, ChangeStep::Withdraw, ChangeStep::Lapse}) {
    take(table, reload(++id, true));
    take(table, record(step, id, "bob"));
    EXPECT_TRUE(table.open().empty());
    EXPECT_TRUE(refuses(table, record(ChangeStep::Approve, id, "bob")));
    EXPECT_TRUE(refuses(table, parameters(id, ParametersCause::Reload, 11)));
  }
  EXPECT_TRUE(refuses(table, record(ChangeStep::Refuse, 99, "bob"))) << "there never was one";
  EXPECT_TRUE(refuses(table, reload(id, false))) << "numbers rise";
  EXPECT_TRUE(refuses(table, reload(id + 2, false))) << "by one";
}

TEST(ChangeTable, AnOverrideIsInForceUntilItExpires) {
  ChangeTable table;
  EXPECT_TRUE(refuses(table, override_of(1, 0, 10))) << "it has expired";
  EXPECT_TRUE(refuses(table, override_of(1, 30, 30))) << "it never begins";
  take(table, override_of(1, 20, 30));
  EXPECT_TRUE(refuses(table, parameters(1, ParametersCause::Override, 19))) << "too early";
  EXPECT_TRUE(refuses(table, record(ChangeStep::Approve, 1, "bob"))) << "there is no need";
  EXPECT_TRUE(refuses(table, parameters(1, ParametersCause::Expiry, 31))) << "it never began";
  take(table, parameters(1, ParametersCause::Override, 20));
  EXPECT_TRUE(refuses(table, parameters(1, ParametersCause::Override, 21))) << "already";
  EXPECT_TRUE(refuses(table, record(ChangeStep::Withdraw, 1, "ann")));
  EXPECT_TRUE(refuses(table, record(ChangeStep::Refuse, 1, "bob")));
  EXPECT_TRUE(refuses(table, parameters(1, ParametersCause::Expiry, 29)));
  take(table, parameters(1, ParametersCause::Expiry, 30));
  EXPECT_TRUE(table.open().empty());
}

TEST(ChangeTable, AConfigurationThatComesIntoForceEndsAllOthersThatArePutForward) {
  ChangeTable table;
  take(table, reload(1, true));
  take(table, override_of(2, 0, 50));
  take(table, reload(3, false));
  take(table, reload(4, true, 40));
  take(table, parameters(3, ParametersCause::Reload, 11));
  ASSERT_EQ(table.open().size(), 1U);
  EXPECT_EQ(table.open()[0].id, 2U);
  take(table, reload(5, true));
  take(table, parameters(0, ParametersCause::Regime, 12));
  EXPECT_EQ(table.open().size(), 2U);
  take(table, parameters(0, ParametersCause::Reload, 13));  // that nobody proposed
  EXPECT_EQ(table.open().size(), 1U);
}

TEST(ChangeTable, HasRoomForSoMany) {
  ChangeTable table;
  for (std::uint32_t id = 1; id <= ChangeTable::kOpenMax; ++id) take(table, reload(id, true));
  const auto one_more = reload(ChangeTable::kOpenMax + 1, true);
  EXPECT_STREQ(table.problem_of(one_more), "too many changes are open");
  take(table, record(ChangeStep::Refuse, 7, "bob"));
  take(table, one_more);
  EXPECT_EQ(table.find(7), nullptr);
  EXPECT_EQ(table.open().front().id, 1U);
  EXPECT_EQ(table.open().back().id, one_more.id);
}

TEST(ChangeTable, TellsWhatIsDueInTheOrderOfTimes) {
  ChangeTable table;
  const auto due = [&](std::int64_t now) {
    const auto found = first_due(table, now);
    return found ? std::pair(found->id, found->step) : std::pair(0U, DueStep::Begin);
  };
  constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(next_due_ns(table, 0), kNever);
  take(table, override_of(1, 0, 50));
  take(table, override_of(2, 50, 90));
  take(table, reload(3, true, 40));
  take(table, override_of(4, 20, 45, true));
  EXPECT_EQ(due(10), std::pair(1U, DueStep::Begin));
  take(table, parameters(1, ParametersCause::Override, 10));
  EXPECT_EQ(due(44).first, 0U) << "what waits for approval is not due";
  EXPECT_EQ(next_due_ns(table, 44), 45);
  EXPECT_EQ(due(45), std::pair(4U, DueStep::Lapse)) << "nobody approved it in time";
  take(table, record(ChangeStep::Lapse, 4, "gate"));
  EXPECT_EQ(next_due_ns(table, 45), 50);
  EXPECT_EQ(due(50), std::pair(1U, DueStep::End)) << "ends before what begins at the same time";
  take(table, record(ChangeStep::Approve, 3, "bob"));
  EXPECT_EQ(due(60), std::pair(3U, DueStep::Begin)) << "it has been due for longest";
  take(table, parameters(3, ParametersCause::Reload, 60));
  take(table, parameters(1, ParametersCause::Expiry, 60));
  EXPECT_EQ(due(60), std::pair(2U, DueStep::Begin));
  EXPECT_EQ(due(95), std::pair(2U, DueStep::Lapse)) << "its time has passed while nobody looked";
  take(table, parameters(2, ParametersCause::Override, 60));
  EXPECT_EQ(next_due_ns(table, 60), 90);
  EXPECT_EQ(due(90), std::pair(2U, DueStep::End));
  take(table, parameters(2, ParametersCause::Expiry, 90));
  EXPECT_EQ(next_due_ns(table, 90), kNever);
}

}  // namespace
}  // namespace portcullis::gateway::gate::change_table_test
