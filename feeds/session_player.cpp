#include "feeds/session_player.h"

#include <algorithm>

namespace portcullis::feeds {

SessionPlayer::SessionPlayer(const RecordedSession& session, FeedDecoder& decoder)
    : session_(session), decoder_(decoder) {}

std::optional<std::int64_t> SessionPlayer::next_due_ns() const {
  if (next_ == session_.rows.size()) return std::nullopt;
  return std::max(session_.rows[next_].time_ns, latest_ns_);
}

std::size_t SessionPlayer::play_until(std::int64_t now_ns, const Sink& sink) {
  std::size_t played = 0;
  for (auto due = next_due_ns(); due && *due <= now_ns; due = next_due_ns(), ++played) {
    const SessionRow& row = session_.rows[next_++];
    latest_ns_ = *due;
    switch (row.kind) {
      case SessionRowKind::Received:
        sink(row, decoder_.decode(row.frame, *due));
        break;
      case SessionRowKind::Connected:
        decoder_.connected();
        break;
      case SessionRowKind::Sent:
      case SessionRowKind::HttpReply:
        break;
    }
  }
  return played;
}

}  // namespace portcullis::feeds
