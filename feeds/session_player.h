// Plays a recorded session through its dialect, under a clock that the caller moves. For as fast as
// possible the clock is moved to the end at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>

#include "feeds/dialects/decoder.h"
#include "feeds/session_file.h"

namespace portcullis::feeds {

// One thread.
class SessionPlayer {
 public:
  // For each frame received: what it was, and its row. The frame is good until the call returns.
  using Sink = std::function<void(const SessionRow& row, const FeedFrame& frame)>;

  // Both must outlive it. The decoder may have played before: sessions can follow each other.
  SessionPlayer(const RecordedSession& session, FeedDecoder& decoder);

  // Plays the rows that are due: recorded at or before now. Frames arrive when they were recorded.
  // Rows are due in the order of the file, and none before the one above it; how late the clock
  // looks makes no difference. Returns how many rows were played.
  std::size_t play_until(std::int64_t now_ns, const Sink& sink);
  std::size_t play_all(const Sink& sink) {
    return play_until(std::numeric_limits<std::int64_t>::max(), sink);
  }

  // When the next row is due; none at the end.
  [[nodiscard]] std::optional<std::int64_t> next_due_ns() const;

 private:
  const RecordedSession& session_;
  FeedDecoder& decoder_;
  std::size_t next_ = 0;
  std::int64_t latest_ns_ = 0;  // of the rows played
};

}  // namespace portcullis::feeds
