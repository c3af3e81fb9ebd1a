// A recorded WebSocket session, read whole into memory before it is played: one row a line, in the
// form in which cryptofeed records,
//
//   1626993723.804855: {"jsonrpc":"2.0",..}          a frame that came
//   wss://host/path <- 1626993723.7145221: {..}      a frame that we sent
//   wss://host/path <-> 1626993723.424371            a connection was made
//   https://host/path?query -> 1626993723.13: {..}   the reply to an HTTP request
//   configuration: {..}                              of the recorder; counted, and no row
//
// with seconds since the epoch, exact to the nanosecond. A frame with line breaks in it goes on over
// the lines that follow, until its brackets are closed or a new row begins. What is neither is a
// damaged line: it is left out, counted, and named with its number. Frames are not looked into here:
// one that breaks off is a row, and the decoder's business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace portcullis::feeds {

enum class SessionRowKind : std::uint8_t { Received, Sent, Connected, HttpReply };

struct SessionRow {
  SessionRowKind kind = SessionRowKind::Received;
  std::int64_t time_ns = 0;  // epoch
  std::size_t line = 0;      // where it begins, from 1
  std::string_view url{};    // not of Received
  std::string_view frame{};  // not of Connected. Readable bytes follow it (kFeedFramePadding)
};

struct SessionCounts {
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
  std::uint64_t connected = 0;
  std::uint64_t http_replies = 0;
  std::uint64_t configuration = 0;
  std::uint64_t damaged = 0;       // lines
  std::uint64_t back_in_time = 0;  // rows whose time is before that of the row above
  friend bool operator==(const SessionCounts&, const SessionCounts&) = default;
};

// Movable; rows point into the text of their session.
struct RecordedSession {
  RecordedSession() = default;
  RecordedSession(RecordedSession&&) = default;
  RecordedSession& operator=(RecordedSession&&) = default;
  RecordedSession(const RecordedSession&) = delete;
  RecordedSession& operator=(const RecordedSession&) = delete;
  ~RecordedSession() = default;

  std::vector<char> text{};
  std::vector<SessionRow> rows{};  // in the order of the file
  SessionCounts counts{};
  // "DERIBIT.0:17: the time is not a number": the first kSessionProblemsMax damaged lines; or that
  // the file cannot be read, or holds no row.
  std::vector<std::string> problems{};
};
inline constexpr std::size_t kSessionProblemsMax = 20;
inline constexpr std::uintmax_t kSessionBytesMax = std::uintmax_t{1} << 31;
// A longer frame is damaged.
inline constexpr std::size_t kSessionFrameBytesMax = std::size_t{1} << 24;

[[nodiscard]] RecordedSession read_session_file(const std::filesystem::path& file);

// The same from text; `name` stands for the file in problems.
[[nodiscard]] RecordedSession parse_session(std::string_view text, std::string_view name);

}  // namespace portcullis::feeds
