// Recorded sessions from anywhere: no crash, each row counted once and inside of the text, a decoder
// may be played all of them, and the same rows written anew are read as the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "feeds/dialects/decoder.h"
#include "feeds/session_player.h"

namespace {

using namespace portcullis::feeds;

void require(bool condition) {
  if (!condition) std::abort();
}

void check_rows(const RecordedSession& session) {
  std::size_t line = 0;
  for (const SessionRow& row : session.rows) {
    require(row.line > line && row.time_ns >= 0);
    line = row.line;
    require(row.frame.data() == nullptr ||
            (row.frame.data() >= session.text.data() &&
             row.frame.data() + row.frame.size() + kFeedFramePadding <=
                 session.text.data() + session.text.size()));
    require(row.url.empty() == (row.kind == SessionRowKind::Received));
  }
  const SessionCounts& counts = session.counts;
  require(counts.received + counts.sent + counts.connected + counts.http_replies ==
          session.rows.size());
  require(counts.back_in_time <= session.rows.size());
  require((counts.damaged > 0 || session.rows.empty()) == !session.problems.empty());
}

void play(const RecordedSession& session) {
  FeedDecoder decoder(Dialect::Bybit, {.frame_bytes_max = 4'096, .symbols_max = 4});
  SessionPlayer player(session, decoder);
  require(player.play_all([](const SessionRow&, const FeedFrame&) {}) == session.rows.size());
  std::uint64_t frames = 0;
  for (const std::uint64_t count : decoder.counts().frames) frames += count;
  require(frames == session.counts.received);
}

// A line may end in two characters, so that a frame may end in the first of them.
std::string written(const RecordedSession& session) {
  std::string text;
  for (const SessionRow& row : session.rows) {
    const std::string nanoseconds = std::to_string(row.time_ns % 1'000'000'000);
    const std::string time = std::to_string(row.time_ns / 1'000'000'000) + "." +
                             std::string(9 - nanoseconds.size(), '0') + nanoseconds;
    if (!row.url.empty()) text += std::string(row.url) + " ";
    switch (row.kind) {
      case SessionRowKind::Received:
        text += time + ": ";
        break;
      case SessionRowKind::Sent:
        text += "<- " + time + ": ";
        break;
      case SessionRowKind::Connected:
        text += "<-> " + time;
        break;
      case SessionRowKind::HttpReply:
        text += "-> " + time + ": ";
        break;
    }
    text += std::string(row.frame) + "\r\n";
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const RecordedSession session = parse_session(text, "fuzz");
  check_rows(session);
  play(session);
  const RecordedSession again = parse_session(written(session), "fuzz");
  require(again.counts.damaged == 0 && again.rows.size() == session.rows.size());
  for (std::size_t r = 0; r < session.rows.size(); ++r) {
    const SessionRow& one = session.rows[r];
    const SessionRow& other = again.rows[r];
    require(one.kind == other.kind && one.time_ns == other.time_ns && one.url == other.url &&
            one.frame == other.frame);
  }
  return 0;
}
