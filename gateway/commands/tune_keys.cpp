#include "gateway/commands/tune_keys.h"

#include <fmt/format.h>

#include <stdexcept>

#include "config/decimal.h"
#include "gateway/commands/json_edit.h"

namespace portcullis::gateway {

using config::Json;

namespace {

void collect(Json& json, std::string_view path, std::vector<Json*>& found) {
  if (path.empty()) {
    found.push_back(&json);
    return;
  }
  for (config::JsonMember& member : json.members) {
    const std::string_view name = path.starts_with('*') ? "*" : std::string_view(member.name);
    if (!path.starts_with(name)) continue;
    const std::string_view rest = path.substr(name.size());
    if (rest.empty()) {
      found.push_back(&member.value);
    } else if (rest.front() == '.') {
      collect(member.value, rest.substr(1), found);
    }
  }
}

}  // namespace

std::vector<Json*> members_at(Json& json, std::string_view path) {
  std::vector<Json*> found;
  if (!path.empty()) collect(json, path, found);
  return found;
}

TuneKey parse_key(std::string_view text) {
  constexpr std::string_view kEnding = ".json:";
  const std::size_t at = text.find(kEnding);
  if (at == std::string_view::npos) return {.path = std::string(text)};
  return {std::string(text.substr(0, at + kEnding.size() - 1)),
          std::string(text.substr(at + kEnding.size()))};
}

void set_numbers(TuneTexts& texts, const TuneKey& key, const std::string& value) {
  const auto file = texts.find(key.file);
  if (file == texts.end())
    throw std::runtime_error(fmt::format("{}: there is no such file", key.file));
  Json document = config::parse_json(file->second).json;
  const std::vector<Json*> found = members_at(document, key.path);
  if (found.empty())
    throw std::runtime_error(fmt::format("{}: {}: is not there", key.file, key.path));
  for (Json* const json : found) {
    if (json->kind == Json::Kind::Text && config::is_json_number(json->text)) {
      json->text = value;
    } else if (json->kind == Json::Kind::Integer) {
      const config::Decimal whole = config::parse_decimal(value, 0);
      if (!whole.ok()) {
        throw std::runtime_error(fmt::format("{}: {}: must be a whole number, and {} is none",
                                             key.file, key.path, value));
      }
      json->integer = whole.value;
    } else {
      throw std::runtime_error(fmt::format("{}: {}: is no number", key.file, key.path));
    }
  }
  file->second = pretty(document);
}

}  // namespace portcullis::gateway
