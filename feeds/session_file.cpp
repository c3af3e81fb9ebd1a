#include "feeds/session_file.h"

#include <fmt/format.h>

#include <fstream>
#include <system_error>

#include "config/decimal.h"
#include "feeds/dialects/decoder.h"

namespace portcullis::feeds {

namespace {

constexpr std::string_view kConfiguration = "configuration: ";
constexpr int kNsDecimals = 9;

// Whether brackets are open at the end of the text, so that a line behind it may belong to it.
class Brackets {
 public:
  void read(std::string_view text) {
    for (const char c : text) {
      if (in_text_) {
        if (escaped_) {
          escaped_ = false;
        } else if (c == '\\') {
          escaped_ = true;
        } else if (c == '"') {
          in_text_ = false;
        }
      } else if (c == '"') {
        in_text_ = true;
      } else if (c == '{' || c == '[') {
        ++open_;
      } else if (c == '}' || c == ']') {
        --open_;
      }
    }
  }
  [[nodiscard]] bool are_open() const { return open_ > 0; }

 private:
  bool in_text_ = false;
  bool escaped_ = false;
  std::int64_t open_ = 0;
};

// A line as far as its frame.
struct Head {
  SessionRowKind kind = SessionRowKind::Received;
  std::string_view url{};
  std::string_view time{};
  std::string_view frame{};
  bool is_row = false;
};

bool is_time(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos;
}

// Cuts at the first of `mark`; false where there is none.
bool cut(std::string_view text, std::string_view mark, std::string_view& before,
         std::string_view& after) {
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) return false;
  before = text.substr(0, at);
  after = text.substr(at + mark.size());
  return true;
}

Head head_of(std::string_view line) {
  Head head;
  std::string_view rest = line;
  const bool has_url = line.starts_with("ws://") || line.starts_with("wss://") ||
                       line.starts_with("http://") || line.starts_with("https://");
  if (has_url) {
    // The first arrow: a URL has no spaces.
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) return head;
    head.url = line.substr(0, space);
    rest = line.substr(space + 1);
    if (rest.starts_with("<-> ")) {
      head.kind = SessionRowKind::Connected;
      head.time = rest.substr(4);
      head.is_row = true;
      return head;
    }
    const bool sent = rest.starts_with("<- ");
    if (!sent && !rest.starts_with("-> ")) return head;
    head.kind = sent ? SessionRowKind::Sent : SessionRowKind::HttpReply;
    rest.remove_prefix(3);
  }
  head.is_row = cut(rest, ": ", head.time, head.frame) && (has_url || is_time(head.time));
  return head;
}

class Reading {
 public:
  Reading(RecordedSession& session, std::string_view name) : session_(session), name_(name) {}

  void read(std::string_view text) {
    for (std::size_t line = 1; !text.empty(); ++line) {
      const std::size_t end = text.find('\n');
      std::string_view content = text.substr(0, end);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      if (content.ends_with('\r')) content.remove_suffix(1);
      if (content.starts_with(kConfiguration)) {
        ++session_.counts.configuration;
        may_go_on_ = false;
      } else if (const Head head = head_of(content); head.is_row) {
        add_row(head, line);
      } else if (!continues(content) && !content.empty()) {
        add_damaged(line, "is no row of a session");
      }
    }
    if (session_.rows.empty()) {
      session_.problems.push_back(fmt::format("{}: holds no row of a session", name_));
    }
  }

 private:
  void add_damaged(std::size_t line, std::string_view what) {
    ++session_.counts.damaged;
    may_go_on_ = false;
    if (session_.problems.size() < kSessionProblemsMax) {
      session_.problems.push_back(fmt::format("{}:{}: {}", name_, line, what));
    }
  }

  void add_row(const Head& head, std::size_t line) {
    const config::Decimal time = config::parse_decimal(head.time, kNsDecimals);
    if (!time.ok()) return add_damaged(line, fmt::format("the time {}", describe(time.error)));
    if (time.value < 0) return add_damaged(line, "the time is negative");
    if (head.frame.size() > kSessionFrameBytesMax)
      return add_damaged(line, "the frame is too long");
    SessionCounts& counts = session_.counts;
    switch (head.kind) {
      case SessionRowKind::Received:
        ++counts.received;
        break;
      case SessionRowKind::Sent:
        ++counts.sent;
        break;
      case SessionRowKind::Connected:
        ++counts.connected;
        break;
      case SessionRowKind::HttpReply:
        ++counts.http_replies;
        break;
    }
    if (!session_.rows.empty() && time.value < session_.rows.back().time_ns) ++counts.back_in_time;
    session_.rows.push_back({head.kind, time.value, line, head.url, head.frame});
    brackets_ = {};
    unread_ = head.frame;
    may_go_on_ = head.kind != SessionRowKind::Connected;
  }

  // The line belongs to the frame above, which is longer then.
  bool continues(std::string_view content) {
    if (!may_go_on_) return false;
    brackets_.read(unread_);
    unread_ = {};
    if (!brackets_.are_open()) return may_go_on_ = false;
    std::string_view& frame = session_.rows.back().frame;
    const auto size = static_cast<std::size_t>(content.data() + content.size() - frame.data());
    if (size > kSessionFrameBytesMax) return may_go_on_ = false;
    frame = {frame.data(), size};
    unread_ = content;
    return true;
  }

  RecordedSession& session_;
  std::string_view name_;
  // Of the last row: whether lines may follow it, and what was read of its brackets.
  bool may_go_on_ = false;
  Brackets brackets_{};
  std::string_view unread_{};
};

}  // namespace

RecordedSession parse_session(std::string_view text, std::string_view name) {
  RecordedSession session;
  session.text.reserve(text.size() + kFeedFramePadding);
  session.text.assign(text.begin(), text.end());
  session.text.resize(text.size() + kFeedFramePadding, '\0');
  Reading(session, name).read({session.text.data(), text.size()});
  return session;
}

RecordedSession read_session_file(const std::filesystem::path& file) {
  RecordedSession session;
  const auto failed = [&](std::string_view what) {
    session.problems.push_back(fmt::format("{}: {}", file.string(), what));
    return std::move(session);
  };
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  if (error) return failed(error.message());
  if (size > kSessionBytesMax) return failed("is larger than 2 GiB");
  session.text.resize(size + kFeedFramePadding, '\0');
  std::ifstream stream(file, std::ios::binary);
  if (!stream.read(session.text.data(), static_cast<std::streamsize>(size))) {
    return failed("cannot be read");
  }
  Reading(session, file.filename().string()).read({session.text.data(), size});
  return session;
}

}  // namespace portcullis::feeds
