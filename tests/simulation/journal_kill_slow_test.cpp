#include "tests/support/journal_kill.h"

namespace portcullis::gateway::journal::testing::journal_kill_slow_test {
namespace {

TEST(JournalKillSlow, NothingPublishedIsLostIn5Times100Kills) {
  for (int run = 0; run < 5; ++run) kill_and_recover(100);
}

}  // namespace
}  // namespace portcullis::gateway::journal::testing::journal_kill_slow_test
