// Recorded sessions: what is a row, what goes on, what is damaged.
#include "feeds/session_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "feeds/dialects/decoder.h"

namespace portcullis::feeds::session_file_test {
namespace {

// "received 5 [url] frame", line by line.
std::vector<std::string> shown(const RecordedSession& session) {
  constexpr std::array<std::string_view, 4> kKinds = {"received", "sent", "connected", "http"};
  std::vector<std::string> rows;
  for (const SessionRow& row : session.rows) {
    rows.push_back(std::string(kKinds[static_cast<std::size_t>(row.kind)]) + " " +
                   std::to_string(row.line) + " " + std::to_string(row.time_ns) + " " +
                   std::string(row.url) + "|" + std::string(row.frame));
  }
  return rows;
}
using Rows = std::vector<std::string>;

TEST(SessionFile, HasRowsOfEachKind) {
  const RecordedSession session = parse_session(
      "wss://venue/ws <-> 1626993723.424371\n"
      "wss://venue/ws <- 1626993723.7145221: {\"op\":\"subscribe\"}\n"
      "1626993723.804855: {\"a\":\": \"}\n"
      "\n"
      "https://venue/api?x=1&y=2 -> 1626993724.5: {\"result\":[]}\n"
      "configuration: {\"trades\":[]}\n"
      "1626993725: []\n",
      "s");
  EXPECT_EQ(shown(session),
            (Rows{"connected 1 1626993723424371000 wss://venue/ws|",
                  "sent 2 1626993723714522100 wss://venue/ws|{\"op\":\"subscribe\"}",
                  "received 3 1626993723804855000 |{\"a\":\": \"}",
                  "http 5 1626993724500000000 https://venue/api?x=1&y=2|{\"result\":[]}",
                  "received 7 1626993725000000000 |[]"}));
  EXPECT_EQ(session.counts,
            (SessionCounts{
                .received = 2, .sent = 1, .connected = 1, .http_replies = 1, .configuration = 1}));
  EXPECT_TRUE(session.problems.empty());
}

TEST(SessionFile, FrameGoesOnUntilItsBracketsAreClosed) {
  const RecordedSession session = parse_session(
      "1.5: {\"a\":[1,\n"
      "\n"
      "  2],\"b\":\"}\\\"}\"\n"
      "}\n"
      "2.5: {}\n"
      "rest\n"
      "3.5: {\"cut off\":\n"
      "4.5: {}\n",
      "s");
  EXPECT_EQ(shown(session),
            (Rows{"received 1 1500000000 |{\"a\":[1,\n\n  2],\"b\":\"}\\\"}\"\n}",
                  "received 5 2500000000 |{}",
                  "received 7 3500000000 |{\"cut off\":", "received 8 4500000000 |{}"}));
  EXPECT_EQ(session.problems, (Rows{"s:6: is no row of a session"}));
  EXPECT_EQ(session.counts.damaged, 1U);
}

TEST(SessionFile, LineEndsMayBeOfWindows) {
  const RecordedSession session = parse_session("1.5: {\"a\":\r\n1}\r\n2.5: {}\r\n", "s");
  EXPECT_EQ(shown(session),
            (Rows{"received 1 1500000000 |{\"a\":\r\n1}", "received 3 2500000000 |{}"}));
}

TEST(SessionFile, DamagedLinesAreNamed) {
  const RecordedSession session = parse_session(
      "rubbish\n"
      "1.2.3: {}\n"
      "wss://venue/ws <- now: {}\n"
      "wss://venue/ws <-> later\n"
      "wss://venue/ws\n"
      "wss://venue/ws => 1.5: {}\n"
      "wss://venue/ws <- -1.5: {}\n"
      "1.5\n"
      "1.5:{}\n"
      "-1.5: {}\n"
      "1.0123456789: {}\n"
      "99999999999: {}\n"
      ": {}\n"
      "2.5: {}\n",
      "s");
  EXPECT_EQ(session.problems,
            (Rows{"s:1: is no row of a session", "s:2: the time is not a number",
                  "s:3: the time is not a number", "s:4: the time is not a number",
                  "s:5: is no row of a session", "s:6: is no row of a session",
                  "s:7: the time is negative", "s:8: is no row of a session",
                  "s:9: is no row of a session", "s:10: is no row of a session",
                  "s:11: the time has too many digits behind the point",
                  "s:12: the time is out of range", "s:13: is no row of a session"}));
  EXPECT_EQ(session.counts.damaged, 13U);
  EXPECT_EQ(shown(session), (Rows{"received 14 2500000000 |{}"}));
}

TEST(SessionFile, DamagedLineEndsTheFrameAbove) {
  const RecordedSession session = parse_session("1.5: {\"a\":\n1.2.3: 4}\n5}\n2.5: {}\n", "s");
  EXPECT_EQ(shown(session), (Rows{"received 1 1500000000 |{\"a\":", "received 4 2500000000 |{}"}));
  EXPECT_EQ(session.counts.damaged, 2U);
}

TEST(SessionFile, NamesOnlyTheFirstProblems) {
  std::string text;
  for (int i = 0; i < 50; ++i) text += "rubbish\n";
  const RecordedSession session = parse_session(text + "1.5: {}\n", "s");
  EXPECT_EQ(session.problems.size(), kSessionProblemsMax);
  EXPECT_EQ(session.counts.damaged, 50U);
}

TEST(SessionFile, TimeThatGoesBackIsCounted) {
  const RecordedSession session = parse_session("2.5: {}\n1.5: {}\n1.5: {}\n3: {}", "s");
  EXPECT_EQ(session.rows.size(), 4U);
  EXPECT_EQ(session.counts.back_in_time, 1U);
}

TEST(SessionFile, VeryLongLinesAreRows) {
  const std::string frame = "{\"a\":\"" + std::string(3'000'000, 'x') + "\"}";
  const RecordedSession session = parse_session("1.5: " + frame + "\n2.5: {}", "s");
  ASSERT_EQ(session.rows.size(), 2U);
  EXPECT_EQ(session.rows[0].frame, frame);
}

TEST(SessionFile, FramesHaveABound) {
  const std::string half(kSessionFrameBytesMax / 2, ' ');
  const RecordedSession one = parse_session("1.5: " + half + half + " \n2.5: {}", "s");
  EXPECT_EQ(one.problems, (Rows{"s:1: the frame is too long"}));
  EXPECT_EQ(one.rows.size(), 1U);
  const RecordedSession two = parse_session("1.5: [" + half + "\n" + half + "\n]\n2.5: {}", "s");
  EXPECT_EQ(two.problems, (Rows{"s:2: is no row of a session", "s:3: is no row of a session"}));
  EXPECT_EQ(two.rows.size(), 2U);
}

TEST(SessionFile, WithoutARowIsAProblem) {
  EXPECT_EQ(parse_session("", "s").problems, (Rows{"s: holds no row of a session"}));
  EXPECT_EQ(parse_session("configuration: {}\n", "s").problems,
            (Rows{"s: holds no row of a session"}));
}

TEST(SessionFile, IsReadFromAFile) {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / "portcullis-session-file-test";
  std::ofstream(path, std::ios::binary) << "1.5: {}\nrubbish\n2.5: []";
  RecordedSession read = read_session_file(path);
  std::filesystem::remove(path);
  const RecordedSession session = std::move(read);  // rows still point into it
  EXPECT_EQ(shown(session), (Rows{"received 1 1500000000 |{}", "received 3 2500000000 |[]"}));
  EXPECT_EQ(session.problems, (Rows{"portcullis-session-file-test:2: is no row of a session"}));
  // Padding follows the last frame.
  const char* const end = session.text.data() + session.text.size();
  EXPECT_GE(end - (session.rows.back().frame.data() + session.rows.back().frame.size()),
            static_cast<std::ptrdiff_t>(kFeedFramePadding));
  const RecordedSession missing = read_session_file("/nowhere/at/all");
  ASSERT_EQ(missing.problems.size(), 1U);
  EXPECT_NE(missing.problems[0].find("/nowhere/at/all: "), std::string::npos);
}

}  // namespace
}  // namespace portcullis::feeds::session_file_test
