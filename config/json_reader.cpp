#include "config/json_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/decimal.h"

namespace portcullis::config {

namespace {

constexpr const char* kNoObject = "must be an object";
constexpr const char* kNoDecimal = "must be decimal text such as \"0.05\"";
constexpr std::size_t kShownValueMax = 120;  // of a problem: a value may be a whole list

bool is_secret(std::string_view key) {
  return key.find("password") != std::string_view::npos ||
         key.find("secret") != std::string_view::npos;
}

void hide_secrets(Json& json) {
  for (JsonMember& member : json.members) {
    if (is_secret(member.name)) {
      member.value = {};
      member.value.kind = Json::Kind::Text;
      member.value.text = "...";
    } else {
      hide_secrets(member.value);
    }
  }
  for (Json& item : json.items) hide_secrets(item);
}

// The end of a long value tells less than its beginning. Cut between characters.
std::string shown(Json json) {
  hide_secrets(json);
  std::string text = to_text(json);
  if (text.size() <= kShownValueMax) return text;
  std::size_t end = kShownValueMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text + "...";
}

// What is wrong with a text that is to be printable ASCII of some length; empty: nothing.
std::string check_text(std::string_view text, std::size_t size_min, std::size_t size_max) {
  if (text.size() < size_min || text.size() > size_max || !is_printable(text)) {
    return fmt::format("must be text of {} to {} printable ASCII characters", size_min, size_max);
  }
  if (text.starts_with(' ') || text.ends_with(' ')) return "has spaces at its ends";
  return "";
}

}  // namespace

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

std::string to_text(const Problem& problem) {
  std::string text = problem.file;
  if (!problem.path.empty()) text += ": " + problem.path;
  if (!problem.value.empty()) text += ": " + problem.value;
  return text + ": " + problem.what;
}

std::string to_text(const std::vector<Problem>& problems) {
  std::string text;
  for (const Problem& problem : problems) text += to_text(problem) + '\n';
  return text;
}

bool record_parse_error(const JsonResult& json, std::string_view file,
                        std::vector<Problem>& problems) {
  if (json.error.empty()) return false;
  const std::string line = json.line != 0 ? fmt::format("line {}: ", json.line) : "";
  problems.push_back({std::string(file), "", "", line + "is no JSON: " + json.error});
  return true;
}

std::string_view describe(Json::Kind kind) {
  switch (kind) {
    case Json::Kind::Null:
      return "null";
    case Json::Kind::Bool:
      return "true or false";
    case Json::Kind::Integer:
    case Json::Kind::Number:
      return "a number";
    case Json::Kind::Text:
      return "text";
    case Json::Kind::Array:
      return "a list";
    case Json::Kind::Object:
      return "an object";
  }
  return "";
}

JsonReader::JsonReader(std::string_view file, const Json& json, std::vector<Problem>& problems)
    : JsonReader(file, json.kind == Json::Kind::Object ? &json : nullptr, "", problems) {
  if (json_ == nullptr) record("", &json, kNoObject);
  skip("$schema");  // a document may name its schema, for editors
}

JsonReader::JsonReader(std::string_view file, const Json& json, std::string_view key,
                       std::vector<Problem>& problems)
    : JsonReader(file,
                 json.find(key) != nullptr && json.find(key)->kind == Json::Kind::Object
                     ? json.find(key)
                     : nullptr,
                 std::string(key), problems) {
  if (json_ == nullptr && json.find(key) != nullptr) record(path_, json.find(key), kNoObject);
}

JsonReader::JsonReader(std::string_view file, const Json* json, std::string path,
                       std::vector<Problem>& problems)
    : file_(file), json_(json), path_(std::move(path)), problems_(problems) {
  if (json_ == nullptr) return;
  for (std::size_t i = 0; i < json_->members.size(); ++i) {
    const JsonMember& member = json_->members[i];
    const bool is_first = places_.emplace(member.name, i).second;
    used_.push_back(is_first ? 0 : 1);
    if (!is_first) record(path_of(member.name), &member.value, "is there twice");
  }
}

JsonReader::~JsonReader() {
  for (std::size_t i = 0; i < used_.size(); ++i) {
    if (used_[i] != 0) continue;
    const JsonMember& member = json_->members[i];
    record(path_of(member.name), &member.value, "is no key that is known here");
  }
}

std::string JsonReader::path_of(std::string_view key) const {
  const std::string step = is_printable(key) ? std::string(key) : quote(key);
  return path_.empty() || key.empty() ? path_ + step : path_ + "." + step;
}

void JsonReader::record(std::string path, const Json* json, std::string what) {
  const bool hidden = json == nullptr || is_secret(path.substr(path.rfind('.') + 1));
  problems_.push_back(
      {std::string(file_), std::move(path), hidden ? "" : shown(*json), std::move(what)});
}

void JsonReader::problem(std::string_view key, std::string what) {
  const Json* json = json_;
  if (!key.empty() && json_ != nullptr) json = has(key) ? find(key) : nullptr;
  record(path_of(key), json, std::move(what));
}

bool JsonReader::has(std::string_view key) const { return places_.contains(key); }

bool JsonReader::is_list(std::string_view key) const {
  const auto place = places_.find(key);
  return place != places_.end() && json_->members[place->second].value.kind == Json::Kind::Array;
}

bool JsonReader::is_object(std::string_view key) const {
  const auto place = places_.find(key);
  return place != places_.end() && json_->members[place->second].value.kind == Json::Kind::Object;
}

bool JsonReader::is_text(std::string_view key, std::string_view text) {
  if (!has(key)) return false;
  const Json* const json = find(key);
  return json->kind == Json::Kind::Text && json->text == text;
}

const Json* JsonReader::find(std::string_view key) {
  const auto place = places_.find(key);
  if (place == places_.end()) return nullptr;
  used_[place->second] = 1;
  return &json_->members[place->second].value;
}

const Json* JsonReader::get(std::string_view key, Json::Kind kind, std::string_view wanted) {
  if (json_ == nullptr) return nullptr;
  const Json* const json = find(key);
  if (json == nullptr) {
    record(path_of(key), nullptr, "is missing");
    return nullptr;
  }
  if (json->kind == kind) return json;
  record(path_of(key), json, fmt::format("{}, not {}", wanted, describe(json->kind)));
  return nullptr;
}

std::optional<std::string_view> JsonReader::word(std::string_view key, std::string_view wanted) {
  const Json* const json = get(key, Json::Kind::Text, wanted);
  if (json == nullptr) return std::nullopt;
  return json->text;
}

std::optional<std::int64_t> JsonReader::integer(std::string_view key, std::int64_t min,
                                                std::int64_t max) {
  const std::string wanted = fmt::format("must be a whole number from {} to {}", min, max);
  const Json* const json = get(key, Json::Kind::Integer, wanted);
  if (json == nullptr) return std::nullopt;
  if (json->integer >= min && json->integer <= max) return json->integer;
  problem(key, wanted);
  return std::nullopt;
}

std::optional<std::vector<std::int64_t>> JsonReader::integers(std::string_view key,
                                                              std::int64_t min, std::int64_t max) {
  const std::vector<Json>* const list = items(key);
  if (list == nullptr) return std::nullopt;
  std::vector<std::int64_t> values;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const Json& json = (*list)[i];
    if (json.kind == Json::Kind::Integer && json.integer >= min && json.integer <= max) {
      values.push_back(json.integer);
    } else {
      record(item_path(key, i), &json,
             fmt::format("must be a whole number from {} to {}", min, max));
    }
  }
  return values;
}

std::optional<std::int64_t> JsonReader::decimal(std::string_view key, int scale, std::int64_t min,
                                                std::int64_t max) {
  const Json* const json = get(key, Json::Kind::Text, kNoDecimal);
  return json != nullptr ? decimal_of(path_of(key), *json, scale, min, max) : std::nullopt;
}

std::optional<std::vector<std::int64_t>> JsonReader::decimals(std::string_view key, int scale,
                                                              std::int64_t min, std::int64_t max) {
  const std::vector<Json>* const list = items(key);
  if (list == nullptr) return std::nullopt;
  if (list->empty()) problem(key, "must not be empty");
  std::vector<std::int64_t> values;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const Json& json = (*list)[i];
    if (json.kind != Json::Kind::Text) {
      record(item_path(key, i), &json, kNoDecimal);
    } else if (const auto value = decimal_of(item_path(key, i), json, scale, min, max)) {
      values.push_back(*value);
    }
  }
  return values;
}

std::optional<std::int64_t> JsonReader::decimal_of(const std::string& path, const Json& json,
                                                   int scale, std::int64_t min, std::int64_t max) {
  const Decimal decimal = parse_decimal(json.text, scale);
  if (decimal.error == DecimalError::TooManyDigits) {
    record(path, &json, fmt::format("has more than {} digits behind the point", scale));
  } else if (!decimal.ok()) {
    record(path, &json, std::string(describe(decimal.error)));
  } else if (decimal.value < min || decimal.value > max) {
    record(path, &json,
           fmt::format("must be from {} to {}", to_decimal(min, scale), to_decimal(max, scale)));
  } else {
    return decimal.value;
  }
  return std::nullopt;
}

std::optional<Ratio> JsonReader::ratio(std::string_view key) {
  constexpr std::string_view kWanted =
      "must be positive decimal text such as \"0.001\", or a fraction such as \"1/32\"";
  const auto text = word(key, kWanted);
  if (!text) return std::nullopt;
  const std::optional<Ratio> ratio = parse_ratio(*text);
  if (!ratio) problem(key, std::string(kWanted));
  return ratio;
}

std::optional<bool> JsonReader::boolean(std::string_view key) {
  const Json* const json = get(key, Json::Kind::Bool, "must be true or false");
  if (json == nullptr) return std::nullopt;
  return json->boolean;
}

std::optional<std::string> JsonReader::text(std::string_view key, std::size_t size_min,
                                            std::size_t size_max) {
  const auto text = word(key, "must be text");
  if (!text) return std::nullopt;
  std::string wrong = check_text(*text, size_min, size_max);
  if (wrong.empty()) return std::string(*text);
  problem(key, std::move(wrong));
  return std::nullopt;
}

std::optional<std::vector<std::string>> JsonReader::texts(std::string_view key,
                                                          std::size_t size_min,
                                                          std::size_t size_max) {
  const std::vector<Json>* const list = items(key);
  if (list == nullptr) return std::nullopt;
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const Json& json = (*list)[i];
    std::string wrong = "must be text";
    if (json.kind == Json::Kind::Text) wrong = check_text(json.text, size_min, size_max);
    if (std::find(texts.begin(), texts.end(), json.text) != texts.end()) wrong = "is there twice";
    if (wrong.empty()) {
      texts.push_back(json.text);
    } else {
      record(item_path(key, i), &json, std::move(wrong));
    }
  }
  return texts;
}

void JsonReader::not_yet(std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (has(key)) problem(key, "is not supported yet");
  }
}

bool JsonReader::null(std::string_view key) {
  if (!has(key)) return false;
  return find(key)->kind == Json::Kind::Null;
}

JsonReader JsonReader::object(std::string_view key) {
  const Json* const json = get(key, Json::Kind::Object, kNoObject);
  return {file_, json, path_of(key), problems_};
}

const std::vector<Json>* JsonReader::items(std::string_view key) {
  const Json* const json = get(key, Json::Kind::Array, "must be a list");
  return json != nullptr ? &json->items : nullptr;
}

JsonReader JsonReader::item(std::string_view key, std::size_t index) {
  const Json& json = find(key)->items[index];
  std::string path = item_path(key, index);
  if (json.kind == Json::Kind::Object) return {file_, &json, std::move(path), problems_};
  record(path, &json, fmt::format("must be an object, not {}", describe(json.kind)));
  return {file_, nullptr, std::move(path), problems_};
}

std::string JsonReader::item_path(std::string_view key, std::size_t index) const {
  return fmt::format("{}[{}]", path_of(key), index);
}

std::vector<std::string> JsonReader::keys() const {
  std::vector<std::string> names;
  for (std::size_t i = 0; json_ != nullptr && i < json_->members.size(); ++i) {
    const std::string& name = json_->members[i].name;
    if (places_.at(name) == i) names.push_back(name);
  }
  return names;
}

}  // namespace portcullis::config
