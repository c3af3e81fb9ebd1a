// JSON text, written straight into a buffer.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string_view>

namespace portcullis::gateway::json {

using Buffer = fmt::memory_buffer;

// `text` in quotes, escaped. Bytes above 0x7F are taken to be UTF-8.
void append_quoted(Buffer& out, std::string_view text);

// Puts the commas where they belong; that objects and lists are closed is the caller's business.
class Writer {
 public:
  explicit Writer(Buffer& out) : out_(out) {}

  Writer& begin_object() { return open('{'); }
  Writer& end_object() { return close('}'); }
  Writer& begin_list() { return open('['); }
  Writer& end_list() { return close(']'); }
  Writer& key(std::string_view name);
  Writer& text(std::string_view value);
  // An integer as a number, and as text.
  Writer& number(std::int64_t value);
  Writer& text(std::int64_t value);
  Writer& boolean(bool value);
  Writer& null();

  // A member.
  Writer& text(std::string_view name, std::string_view value) { return key(name).text(value); }
  Writer& text(std::string_view name, std::int64_t value) { return key(name).text(value); }
  Writer& number(std::string_view name, std::int64_t value) { return key(name).number(value); }
  Writer& boolean(std::string_view name, bool value) { return key(name).boolean(value); }
  Writer& null(std::string_view name) { return key(name).null(); }
  // null: the text is empty, the number 0.
  Writer& text_or_null(std::string_view name, std::string_view value) {
    return value.empty() ? null(name) : text(name, value);
  }
  Writer& number_or_null(std::string_view name, std::int64_t value) {
    return value == 0 ? null(name) : number(name, value);
  }

 private:
  Writer& open(char bracket);
  Writer& close(char bracket);
  void comma();

  Buffer& out_;
  bool follows_ = false;  // a value stands before this place
};

}  // namespace portcullis::gateway::json
