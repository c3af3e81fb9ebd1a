#include "tests/support/journal_kill.h"

namespace portcullis::gateway::journal::testing {
namespace {

TEST(JournalKillSlow, NothingPublishedIsLostIn20Times100Kills) {
  for (int run = 0; run < 20; ++run) kill_and_recover(100);
}

}  // namespace
}  // namespace portcullis::gateway::journal::testing
