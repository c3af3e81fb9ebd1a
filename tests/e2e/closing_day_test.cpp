// A day is closed and the next one begun with what it came to; and a journal is looked at while the gate
// writes it, after it was killed, and by somebody who stops reading.

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/gate_fixture.h"
#include "tests/support/link_state.h"
#include "tests/support/ouch_client.h"
#include "tests/support/paths.h"

namespace portcullis::test::closing_day_test {
namespace {

Outcome portcullis(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), test::binary());
  return run_to_end(arguments);
}

std::string from_balances(const std::string& state) {
  return state.substr(state.find("\"balances\""));
}

// Takes messages until one begins like this.
void await(OuchClient& client, std::string_view beginning) {
  for (;;) {
    const Lines lines = client.receive(1);
    ASSERT_EQ(lines.size(), 1U) << "nothing begins with " << beginning;
    if (lines[0].starts_with(beginning)) return;
  }
}

class ClosingDay : public GateAndVenue {
 protected:
  // On a folder of its own; with a state file instead of the one it comes with.
  void begin_day(const std::string& state = "") {
    gate_.reset();
    venue_.reset();
    deployment_ = std::make_unique<TestDeployment>();
    if (!state.empty()) std::ofstream(deployment_->state(), std::ios::binary) << state;
    venue_ = std::make_unique<VenueProcess>(*deployment_);
    gate_ = std::make_unique<GateProcess>(*deployment_);
    ASSERT_NE(gate_->port(), 0) << read_file(deployment_->errors());
    wait_for_link(gate_->port());
  }
  [[nodiscard]] std::string journal() const { return deployment_->journal().string(); }
};

TEST_F(ClosingDay, WhatADayComesToIsWhatTheNextBeginsWith) {
  ASSERT_NO_FATAL_FAILURE(begin_day());
  {
    OuchClient buyer(gate_->port());
    OuchClient seller(gate_->port());
    ASSERT_TRUE(buyer.login("ALPHA2"));
    ASSERT_TRUE(seller.login("BRAVO2"));
    buyer.send(buy(1, 20, 1));
    await(buyer, "A 1 ");
    seller.send(sell(1, 12));
    await(buyer, "E 1 ");
    await(seller, "E 1 ");
    // With an order open the day cannot be closed, on a journal that is being written.
    const Outcome early = portcullis({"state", "--journal", journal()});
    EXPECT_EQ(early.code, 1);
    EXPECT_NE(early.errors.find("1 order is open (1 of alpha-hedge)"), std::string::npos)
        << early.errors;
    buyer.send(cancel(1));
    await(buyer, "C 1 ");
  }
  stop();
  const std::string closing = (deployment_->folder() / "closing.json").string();
  const Outcome state =
      portcullis({"state", "--journal", journal(), "--out", closing, "--by", "desk"});
  EXPECT_EQ(state.code, 0) << state.errors;
  EXPECT_NE(state.out.find("BTC-PERP                       -4.988 @ 64000"), std::string::npos)
      << state.out;
  const Outcome same = portcullis({"reconcile", "--journal", journal(), "--against", closing});
  EXPECT_EQ(same.code, 0) << same.out << same.errors;

  const std::string text = read_file(closing);
  const auto yesterday = std::move(deployment_);
  ASSERT_NO_FATAL_FAILURE(begin_day(text));
  const Outcome morning = portcullis({"reconcile", "--journal", journal(), "--against", closing});
  EXPECT_EQ(morning.code, 0) << morning.out << morning.errors;
  std::ofstream(deployment_->folder() / "theirs.csv")
      << "account,instrument,quantity\nalpha-hedge,BTC-PERP,-4.988\nbravo-house,BTC-PERP,4.988\n"
         "bravo-1,BTC-PERP,1\n";
  const std::string theirs = (deployment_->folder() / "theirs.csv").string();
  EXPECT_EQ(portcullis({"reconcile", "--journal", journal(), "--against", theirs}).code, 0);
  stop();
  const Outcome again = portcullis({"state", "--journal", journal(), "--json"});
  EXPECT_EQ(again.code, 0) << again.errors;
  EXPECT_EQ(from_balances(again.out), from_balances(text));
}

TEST_F(ClosingDay, AJournalIsFollowedWhileItIsWrittenAndAfterAKill) {
  ASSERT_NO_FATAL_FAILURE(begin_day());
  Process follower({test::binary(), "journal", "--journal", journal(), "--follow", "--type",
                    "enter,cancel", "--session", "ALPHA2"},
                   {}, deployment_->errors());
  {
    OuchClient buyer(gate_->port());
    ASSERT_TRUE(buyer.login("ALPHA2"));
    buyer.send(buy(1, 20, -10));
    await(buyer, "A 1 ");
    EXPECT_NE(follower.read_line().find(" enter alpha-hedge ALPHA2:1 buy 0.02 BTC-PERP @ 63995 "),
              std::string::npos);
    buyer.send(cancel(1));
    EXPECT_NE(follower.read_line().find(" cancel ALPHA2:1 -> forward as 1"), std::string::npos);
  }
  const Outcome live = portcullis(
      {"journal", "--journal", journal(), "--type", "enter,cancel", "--session", "ALPHA2"});
  gate_->kill_9();
  const Outcome killed = portcullis(
      {"journal", "--journal", journal(), "--type", "enter,cancel", "--session", "ALPHA2"});
  EXPECT_EQ(live.code, 0) << live.errors;
  EXPECT_EQ(killed.code, 0) << killed.errors;
  EXPECT_EQ(killed.out, live.out);
  EXPECT_EQ(std::count(killed.out.begin(), killed.out.end(), '\n'), 2);
  EXPECT_TRUE(follower.is_running());
  EXPECT_EQ(follower.terminate(), 128 + SIGTERM);
}

TEST_F(ClosingDay, WhoStopsReadingEndsItQuietly) {
  ASSERT_NO_FATAL_FAILURE(begin_day());
  {
    OuchClient buyer(gate_->port());
    ASSERT_TRUE(buyer.login("ALPHA2"));
    for (std::uint32_t number = 1; number <= 200; ++number) buyer.send(buy(number, 1, -10));
    await(buyer, "A 200 ");
  }
  stop();
  for (const char* more : {"--json", "--follow", "--json --follow --type start"}) {
    const Outcome outcome = run_to_end(
        {"/bin/bash", "-c",
         std::string("set -o pipefail; \"$0\" journal --journal \"$1\" ") + more + " | head -n 1",
         test::binary(), journal()});
    EXPECT_EQ(outcome.code, 0) << more;
    EXPECT_EQ(outcome.errors, "") << more;
    EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 1) << more;
  }
}

}  // namespace
}  // namespace portcullis::test::closing_day_test
