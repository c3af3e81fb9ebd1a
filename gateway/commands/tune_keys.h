// Members of a configuration's files by the paths that problems and reports name them with.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/json.h"
#include "gateway/commands/tune_configuration.h"

namespace portcullis::gateway {

// What a path names: "profiles.desk.instruments.AMZN.clip", where * stands for each name at its place.
// Names may have points themselves. Empty: nothing.
[[nodiscard]] std::vector<config::Json*> members_at(config::Json& json, std::string_view path);

// "limits.json" and the path; "FILE.json:PATH" names another file.
struct TuneKey {
  std::string file = "limits.json";
  std::string path;
};
[[nodiscard]] TuneKey parse_key(std::string_view text);

// Sets the numbers that the key names, each as text or as an integer, as it is there. Throws
// std::runtime_error where it names none, or something else.
void set_numbers(TuneTexts& texts, const TuneKey& key, const std::string& value);

}  // namespace portcullis::gateway
