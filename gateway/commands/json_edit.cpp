#include "gateway/commands/json_edit.h"

#include <fmt/format.h>

#include <utility>

#include "config/decimal.h"

namespace portcullis::gateway {

using config::Json;

namespace {

constexpr std::size_t kLineMax = 100;

// On one line, with spaces.
std::string flat(const Json& json) {
  if (json.kind != Json::Kind::Object && json.kind != Json::Kind::Array) return to_text(json);
  const bool is_object = json.kind == Json::Kind::Object;
  std::string inside;
  for (const config::JsonMember& each : json.members) {
    inside += fmt::format("{}{}: {}", inside.empty() ? "" : ", ", config::quote(each.name),
                          flat(each.value));
  }
  for (const Json& item : json.items)
    inside += fmt::format("{}{}", inside.empty() ? "" : ", ", flat(item));
  if (is_object) return inside.empty() ? "{}" : "{ " + inside + " }";
  return "[" + inside + "]";
}

void write(const Json& json, std::size_t indent, std::size_t used, std::string& out) {
  const std::string line = flat(json);
  if (indent > 0 && indent + used + line.size() < kLineMax) {
    out += line;
    return;
  }
  if (json.kind != Json::Kind::Object && json.kind != Json::Kind::Array) {
    out += line;
    return;
  }
  const bool is_object = json.kind == Json::Kind::Object;
  const std::string inner(indent + 2, ' ');
  out += is_object ? "{" : "[";
  const char* separator = "\n";
  for (const config::JsonMember& each : json.members) {
    const std::string key = config::quote(each.name) + ": ";
    out.append(separator).append(inner).append(key);
    write(each.value, indent + 2, key.size(), out);
    separator = ",\n";
  }
  for (const Json& item : json.items) {
    out.append(separator).append(inner);
    write(item, indent + 2, 0, out);
    separator = ",\n";
  }
  out += '\n' + std::string(indent, ' ') + (is_object ? "}" : "]");
}

}  // namespace

Json json_text(std::string text) {
  Json json;
  json.kind = Json::Kind::Text;
  json.text = std::move(text);
  return json;
}

Json json_integer(std::int64_t value) {
  Json json;
  json.kind = Json::Kind::Integer;
  json.integer = value;
  return json;
}

Json json_share(std::int64_t ppm) { return json_text(config::to_decimal(ppm, 6)); }

Json json_object() {
  Json json;
  json.kind = Json::Kind::Object;
  return json;
}

Json* member(Json& json, std::string_view name) {
  for (config::JsonMember& each : json.members) {
    if (each.name == name) return &each.value;
  }
  return nullptr;
}

Json& set_member(Json& json, std::string_view name, Json value) {
  if (Json* const there = member(json, name)) {
    *there = std::move(value);
    return *there;
  }
  json.members.push_back({std::string(name), std::move(value)});
  return json.members.back().value;
}

std::string pretty(const Json& json) {
  std::string text;
  write(json, 0, 0, text);
  return text + '\n';
}

}  // namespace portcullis::gateway
