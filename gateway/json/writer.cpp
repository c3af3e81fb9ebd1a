#include "gateway/json/writer.h"

#include <iterator>

namespace portcullis::gateway::json {

void append_quoted(Buffer& out, std::string_view text) {
  out.push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

void Writer::comma() {
  if (follows_) out_.push_back(',');
  follows_ = true;
}

Writer& Writer::open(char bracket) {
  comma();
  out_.push_back(bracket);
  follows_ = false;
  return *this;
}

Writer& Writer::close(char bracket) {
  out_.push_back(bracket);
  follows_ = true;
  return *this;
}

Writer& Writer::key(std::string_view name) {
  comma();
  append_quoted(out_, name);
  out_.push_back(':');
  follows_ = false;
  return *this;
}

Writer& Writer::text(std::string_view value) {
  comma();
  append_quoted(out_, value);
  return *this;
}

Writer& Writer::number(std::int64_t value) {
  comma();
  fmt::format_to(std::back_inserter(out_), "{}", value);
  return *this;
}

Writer& Writer::text(std::int64_t value) {
  comma();
  fmt::format_to(std::back_inserter(out_), "\"{}\"", value);
  return *this;
}

Writer& Writer::boolean(bool value) {
  comma();
  out_.append(value ? std::string_view("true") : std::string_view("false"));
  return *this;
}

Writer& Writer::null() {
  comma();
  out_.append(std::string_view("null"));
  return *this;
}

}  // namespace portcullis::gateway::json
