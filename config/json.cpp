#include "config/json.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

namespace portcullis::config {

namespace {

constexpr std::size_t kDepthMax = 64;

// The value of an element whose type has been looked at.
template <class T>
T get(simdjson::dom::element element) {
  return element.get<T>().value();
}

Json convert(simdjson::dom::element element) {
  using simdjson::dom::element_type;
  Json json;
  switch (element.type()) {
    case element_type::NULL_VALUE:
      break;
    case element_type::BOOL:
      json.kind = Json::Kind::Bool;
      json.boolean = get<bool>(element);
      break;
    case element_type::INT64:
      json.kind = Json::Kind::Integer;
      json.integer = get<std::int64_t>(element);
      break;
    case element_type::UINT64:  // beyond 63 bits
    case element_type::DOUBLE:
      json.kind = Json::Kind::Number;
      json.text = simdjson::minify(element);
      break;
    case element_type::STRING:
      json.kind = Json::Kind::Text;
      json.text = get<std::string_view>(element);
      break;
    case element_type::ARRAY:
      json.kind = Json::Kind::Array;
      for (const auto item : get<simdjson::dom::array>(element))
        json.items.push_back(convert(item));
      break;
    case element_type::OBJECT:
      json.kind = Json::Kind::Object;
      for (const auto member : get<simdjson::dom::object>(element)) {
        json.members.push_back({std::string(member.key), convert(member.value)});
      }
      break;
  }
  return json;
}

// Visits everything, so that the on-demand parser comes to the place it cannot read.
simdjson::error_code visit(simdjson::ondemand::value value, std::size_t depth = 1) {
  if (depth > kDepthMax) return simdjson::DEPTH_ERROR;
  using simdjson::ondemand::json_type;
  json_type type{};
  if (const auto error = value.type().get(type)) return error;
  switch (type) {
    case json_type::array: {
      simdjson::ondemand::array array;
      if (const auto error = value.get_array().get(array)) return error;
      for (auto item : array) {
        simdjson::ondemand::value next;
        if (const auto error = item.get(next)) return error;
        if (const auto error = visit(next, depth + 1)) return error;
      }
      return simdjson::SUCCESS;
    }
    case json_type::object: {
      simdjson::ondemand::object object;
      if (const auto error = value.get_object().get(object)) return error;
      for (auto member : object) {
        simdjson::ondemand::field field;
        if (const auto error = std::move(member).get(field)) return error;
        if (const auto error = visit(field.value(), depth + 1)) return error;
      }
      return simdjson::SUCCESS;
    }
    case json_type::number:
      return value.get_number().error();
    case json_type::string:
      return value.get_string().error();
    case json_type::boolean:
      return value.get_bool().error();
    case json_type::null:
      return value.is_null().error();
  }
  return simdjson::SUCCESS;
}

// The line of the first thing the on-demand parser trips over: the DOM parser does not tell. 0 when
// it does not trip.
std::size_t find_error_line(const simdjson::padded_string& text) {
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  if (parser.iterate(text).get(document) != simdjson::SUCCESS) return 0;
  simdjson::ondemand::value root;
  if (document.get_value().get(root) != simdjson::SUCCESS) return 0;
  const auto error = visit(root);
  const char* place = nullptr;  // of the error, or of what is behind the root value
  if (document.current_location().get(place) != simdjson::SUCCESS) {
    if (error == simdjson::SUCCESS) return 0;
    place = text.data() + text.size();
  }
  return 1 + static_cast<std::size_t>(std::count(text.data(), place, '\n'));
}

void append(const Json& json, std::string& out) {
  switch (json.kind) {
    case Json::Kind::Null:
      out += "null";
      break;
    case Json::Kind::Bool:
      out += json.boolean ? "true" : "false";
      break;
    case Json::Kind::Integer:
      out += std::to_string(json.integer);
      break;
    case Json::Kind::Number:
      out += json.text;
      break;
    case Json::Kind::Text:
      out += quote(json.text);
      break;
    case Json::Kind::Array:
      out += '[';
      for (const Json& item : json.items) {
        if (&item != json.items.data()) out += ',';
        append(item, out);
      }
      out += ']';
      break;
    case Json::Kind::Object:
      out += '{';
      for (const JsonMember& member : json.members) {
        if (&member != json.members.data()) out += ',';
        out += quote(member.name) + ':';
        append(member.value, out);
      }
      out += '}';
      break;
  }
}

}  // namespace

const Json* Json::find(std::string_view name) const {
  for (const JsonMember& member : members) {
    if (member.name == name) return &member.value;
  }
  return nullptr;
}

JsonResult parse_json(std::string_view text) {
  const simdjson::padded_string padded(text);
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  auto error = parser.allocate(std::max<std::size_t>(text.size(), 64), kDepthMax);
  if (error == simdjson::SUCCESS) error = parser.parse(padded).get(root);
  if (error == simdjson::SUCCESS) return {convert(root), "", 0};
  return {{}, simdjson::error_message(error), find_error_line(padded)};
}

std::string to_text(const Json& json) {
  std::string out;
  append(json, out);
  return out;
}

std::string quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace portcullis::config
