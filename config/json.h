// JSON text as a plain tree, parsed by simdjson. Members keep their order and their duplicates:
// what to make of them is the reader's business (json_reader.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace portcullis::config {

struct JsonMember;

struct Json {
  enum class Kind : std::uint8_t { Null, Bool, Integer, Number, Text, Array, Object };
  Kind kind = Kind::Null;
  bool boolean = false;
  std::int64_t integer = 0;         // Kind::Integer: a number without fraction and exponent
  std::string text;                 // Kind::Text; of Kind::Number, which nothing accepts, its text
  std::vector<Json> items;          // Kind::Array
  std::vector<JsonMember> members;  // Kind::Object

  [[nodiscard]] const Json* find(std::string_view name) const;
};

struct JsonMember {
  std::string name;
  Json value;
};

struct JsonResult {
  Json json;
  std::string error;     // empty: json is the whole document
  std::size_t line = 0;  // of the error, from 1; 0: not known
};

// RFC 8259, UTF-8 without exception; nesting up to 64 levels.
[[nodiscard]] JsonResult parse_json(std::string_view text);

// The text without white space, one for each tree.
[[nodiscard]] std::string to_text(const Json& json);
// `text` in quotes, escaped.
[[nodiscard]] std::string quote(std::string_view text);

}  // namespace portcullis::config
