#include "tests/support/open_journal.h"

#include <utility>

#include "gateway/follower/resume.h"
#include "tests/support/failing_disk.h"

namespace portcullis::test {

namespace follower = gateway::follower;
namespace journal = gateway::journal;

std::unique_ptr<journal::Journal> open_small_journal(const config::Deployment& deployment,
                                                     journal::Options options) {
  options.ring_bytes = 262'144;
  options.stream_count = static_cast<std::uint32_t>(deployment.sessions.size());
  options.recent_messages = 64;
  options.manual_flush = true;
  options.file_ops = &kFailingDiskOps;
  for (follower::Position& at : follower::start_positions(deployment, options.directory)) {
    options.start_sequence = at.sequence;
    options.stream_next = std::move(at.stream_next);
    try {
      return std::make_unique<journal::Journal>(options);
    } catch (const journal::SnapshotMismatch&) {
      continue;
    }
  }
  options.start_sequence = 0;
  options.stream_next.clear();
  return std::make_unique<journal::Journal>(options);
}

}  // namespace portcullis::test
