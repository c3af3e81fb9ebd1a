#include "tests/support/journal_kill.h"

namespace portcullis::gateway::journal::testing::journal_kill_test {
namespace {

TEST(JournalKill, NothingPublishedIsLostIn20Kills) { kill_and_recover(20); }

}  // namespace
}  // namespace portcullis::gateway::journal::testing::journal_kill_test
