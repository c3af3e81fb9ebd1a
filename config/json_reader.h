// Strict reading of JSON objects: every problem is recorded with its path and value, and reading
// goes on. Keys nobody asked for, keys that are not there, keys that are there twice and values of
// another type are all problems. What stands behind a key with "password" or "secret" in its name is
// in no problem.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "config/json.h"
#include "config/problem.h"
#include "config/ratio.h"
#include "config/symbol_table.h"

namespace portcullis::config {

// As a bound: every integer will do.
inline constexpr std::int64_t kAny = std::numeric_limits<std::int64_t>::max();

[[nodiscard]] bool is_printable(std::string_view text);  // ASCII, with spaces

enum class MayBeEmpty : std::uint8_t { No, Yes };

// One object while it is read. A getter gives the key's value, or none after recording why not; one
// of an object that is itself missing or of another type gives none and records nothing, so a fault
// is told once. When the reader goes, the keys that were not asked for are recorded as unknown.
class JsonReader {
 public:
  // The whole document. The arguments must outlive the reader.
  JsonReader(std::string_view file, const Json& json, std::vector<Problem>& problems);
  // One object of a document whose other keys somebody else reads: that of `key`, which may be
  // absent, and then nothing can be read from it.
  JsonReader(std::string_view file, const Json& json, std::string_view key,
             std::vector<Problem>& problems);
  JsonReader(const JsonReader&) = delete;
  JsonReader& operator=(const JsonReader&) = delete;
  ~JsonReader();

  // A number in JSON's own form, for what is counted.
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t min, std::int64_t max);
  // Decimal text ("0.05"), for what is money, quantity, price or share: the value times 10^scale.
  // min and max are in that unit too.
  std::optional<std::int64_t> decimal(std::string_view key, int scale, std::int64_t min,
                                      std::int64_t max);
  // Positive decimal text or a fraction of two ("1/32").
  std::optional<Ratio> ratio(std::string_view key);
  std::optional<bool> boolean(std::string_view key);
  // Printable ASCII without spaces at either end.
  std::optional<std::string> text(std::string_view key, std::size_t size_min, std::size_t size_max);
  // One of some words. The words in `later` are recorded as "not supported yet".
  template <class T>
  std::optional<T> choice(std::string_view key,
                          std::initializer_list<std::pair<std::string_view, T>> words,
                          std::initializer_list<std::string_view> later = {});
  // A list of such words, none twice and, unless it may be empty, one at least.
  template <class T>
  std::optional<std::vector<T>> choices(std::string_view key,
                                        std::initializer_list<std::pair<std::string_view, T>> words,
                                        MayBeEmpty may_be_empty = MayBeEmpty::No);
  // A list of what decimal() takes, one at least.
  std::optional<std::vector<std::int64_t>> decimals(std::string_view key, int scale,
                                                    std::int64_t min, std::int64_t max);
  // A list of what integer() takes.
  std::optional<std::vector<std::int64_t>> integers(std::string_view key, std::int64_t min,
                                                    std::int64_t max);
  // The name of something in the table, which is a table of `what` ("an account").
  template <class Index>
  std::optional<Index> reference(std::string_view key, const SymbolTable<Index>& table,
                                 std::string_view what);
  // A list of such names; a name twice is a problem.
  template <class Index>
  std::optional<std::vector<Index>> references(std::string_view key,
                                               const SymbolTable<Index>& table,
                                               std::string_view what);

  // A list of texts, each as text() takes them; a text twice is a problem.
  std::optional<std::vector<std::string>> texts(std::string_view key, std::size_t size_min,
                                                std::size_t size_max);

  // Records each of these keys that is there as "not supported yet".
  void not_yet(std::initializer_list<std::string_view> keys);

  // The keys not asked for cannot be judged, because of a fault that is recorded already.
  void ignore_rest() { used_.assign(used_.size(), 1); }
  // This key, if it is there, cannot be judged, likewise.
  void skip(std::string_view key) { find(key); }

  // True when the key is there and null: for keys that may be.
  bool null(std::string_view key);
  // True when the key is there: for keys that may be absent.
  bool has(std::string_view key) const;
  bool is_list(std::string_view key) const;
  bool is_object(std::string_view key) const;
  // True when it is this very text; then the key counts as asked for.
  bool is_text(std::string_view key, std::string_view text);

  JsonReader object(std::string_view key);
  // The readers of a list of objects, one after the other.
  template <class Visit>
  void each_item(std::string_view key, Visit&& visit);

  // All keys, in order and each once, for objects whose keys are names. With a table: also records
  // each of the table's names that is missing, and each key that is not in the table.
  std::vector<std::string> keys() const;
  template <class Index>
  std::vector<std::pair<std::string, Index>> keys_of(const SymbolTable<Index>& table,
                                                     std::string_view what);

  // False when the object is missing or of another type: nothing can be read from it.
  bool readable() const { return json_ != nullptr; }
  const std::string& path() const { return path_; }
  // Records a problem of the key's value (of the object itself when the key is empty).
  void problem(std::string_view key, std::string what);

 private:
  // `json` is null for an object that is missing or of another type.
  JsonReader(std::string_view file, const Json* json, std::string path,
             std::vector<Problem>& problems);
  // The key's value, if it is there and of this kind.
  const Json* get(std::string_view key, Json::Kind kind, std::string_view wanted);
  const Json* find(std::string_view key);
  std::optional<std::string_view> word(std::string_view key, std::string_view wanted);
  const std::vector<Json>* items(std::string_view key);
  JsonReader item(std::string_view key, std::size_t index);
  std::string item_path(std::string_view key, std::size_t index) const;
  std::string path_of(std::string_view key) const;
  void record(std::string path, const Json* json, std::string what);
  std::optional<std::int64_t> decimal_of(const std::string& path, const Json& json, int scale,
                                         std::int64_t min, std::int64_t max);

  std::string_view file_;
  const Json* json_;
  std::string path_;
  std::vector<Problem>& problems_;
  std::unordered_map<std::string_view, std::size_t> places_;  // of the members
  std::vector<std::uint8_t> used_;                            // by member
};

// True, after recording it, when the text was no JSON.
bool record_parse_error(const JsonResult& json, std::string_view file,
                        std::vector<Problem>& problems);

// "a number", "a list", ...: what a value is, for messages.
[[nodiscard]] std::string_view describe(Json::Kind kind);

template <class T>
std::optional<T> JsonReader::choice(std::string_view key,
                                    std::initializer_list<std::pair<std::string_view, T>> words,
                                    std::initializer_list<std::string_view> later) {
  std::string wanted;
  for (const auto& [name, value] : words) {
    wanted += (wanted.empty() ? "must be " : " or ") + quote(name);
  }
  const auto text = word(key, wanted);
  if (!text) return std::nullopt;
  for (const auto& [name, value] : words) {
    if (*text == name) return value;
  }
  for (const std::string_view name : later) {
    if (*text == name) return problem(key, "is not supported yet; " + wanted), std::nullopt;
  }
  problem(key, std::move(wanted));
  return std::nullopt;
}

template <class T>
std::optional<std::vector<T>> JsonReader::choices(
    std::string_view key, std::initializer_list<std::pair<std::string_view, T>> words,
    MayBeEmpty may_be_empty) {
  std::string wanted;
  for (const auto& [name, value] : words) {
    wanted += (wanted.empty() ? "must be " : " or ") + quote(name);
  }
  const std::vector<Json>* const list = items(key);
  if (list == nullptr) return std::nullopt;
  if (list->empty() && may_be_empty == MayBeEmpty::No) problem(key, "must not be empty");
  std::vector<T> found;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const Json& json = (*list)[i];
    const auto* const word = std::find_if(words.begin(), words.end(), [&](const auto& candidate) {
      return json.kind == Json::Kind::Text && json.text == candidate.first;
    });
    if (word == words.end()) {
      record(item_path(key, i), &json, wanted);
    } else if (std::find(found.begin(), found.end(), word->second) != found.end()) {
      record(item_path(key, i), &json, "is there twice");
    } else {
      found.push_back(word->second);
    }
  }
  return found;
}

template <class Index>
std::optional<Index> JsonReader::reference(std::string_view key, const SymbolTable<Index>& table,
                                           std::string_view what) {
  const std::string wanted = "must be the name of " + std::string(what);
  const auto name = word(key, wanted);
  if (!name) return std::nullopt;
  const Index index = table.find(*name);
  if (index.exists()) return index;
  problem(key, wanted);
  return std::nullopt;
}

template <class Index>
std::optional<std::vector<Index>> JsonReader::references(std::string_view key,
                                                         const SymbolTable<Index>& table,
                                                         std::string_view what) {
  const std::vector<Json>* const list = items(key);
  if (list == nullptr) return std::nullopt;
  std::vector<Index> indexes;
  std::vector<bool> seen(table.size());
  for (std::size_t i = 0; i < list->size(); ++i) {
    const Json& entry = (*list)[i];
    const Index index = entry.kind == Json::Kind::Text ? table.find(entry.text) : Index{};
    if (!index.exists()) {
      record(item_path(key, i), &entry, "must be the name of " + std::string(what));
    } else if (seen[index.value]) {
      record(item_path(key, i), &entry, "is there twice");
    } else {
      seen[index.value] = true;
      indexes.push_back(index);
    }
  }
  return indexes;
}

template <class Visit>
void JsonReader::each_item(std::string_view key, Visit&& visit) {
  const std::vector<Json>* const list = items(key);
  if (list == nullptr) return;
  for (std::size_t i = 0; i < list->size(); ++i) {
    JsonReader reader = item(key, i);
    visit(reader);
  }
}

template <class Index>
std::vector<std::pair<std::string, Index>> JsonReader::keys_of(const SymbolTable<Index>& table,
                                                               std::string_view what) {
  std::vector<std::pair<std::string, Index>> found;
  if (!readable()) return found;
  for (const std::string& name : table.names()) {
    if (!has(name)) record(path_of(name), nullptr, "is missing");
  }
  for (std::string& name : keys()) {
    const Index index = table.find(name);
    if (index.exists()) {
      found.emplace_back(std::move(name), index);
    } else {
      find(name);  // asked for: this says more than "unknown"
      problem(name, "there is no " + std::string(what) + " of this name");
    }
  }
  return found;
}

}  // namespace portcullis::config
