// The shipped example configuration, or another, whole or with one thing changed.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "config/json.h"
#include "config/load.h"

namespace portcullis::test {

using Texts = std::map<std::string, std::string>;

// config/examples/demo/*.json by name.
[[nodiscard]] Texts read_example();
// The same with a JSON client that trades, one that looks on, and everything they need.
[[nodiscard]] Texts read_example_with_json_clients();
// The same with the feeds.json of config/examples/feeds: prices that several sources make.
[[nodiscard]] Texts read_example_with_references();
// The same with that of config/examples/live: from streams and a port. A feeds.json with every key.
[[nodiscard]] Texts read_example_with_live_sources();
// The same with a second funding, of ETH-PERP: as time goes by.
[[nodiscard]] Texts read_example_with_fundings();
// The same with what config/examples/options adds to it: options of Deribit, priced by a recording.
[[nodiscard]] Texts read_example_with_options();
// tests/data/model by name: a margin model with every key.
[[nodiscard]] Texts read_model();
[[nodiscard]] std::filesystem::path model_folder();
[[nodiscard]] std::string read_file(const std::filesystem::path& path);
[[nodiscard]] std::filesystem::path example_folder();

// The value at a path as problems have it: "profiles.maker.clip", "haircut_tiers[1].upto"; the
// empty path is the document. Null when there is none. Names may not have points or brackets.
[[nodiscard]] config::Json* find(config::Json& document, std::string_view path);

// One change of one file.
struct Change {
  enum class Kind : std::uint8_t { Set, Remove, Add } kind = Kind::Set;
  std::string file;
  std::string path;   // Add: of the new member, whose parent exists
  std::string value;  // JSON text; Set and Add
};
// Fails the test when the change does not fit the text.
void apply(Texts& texts, const Change& change);

// All of them, for what holds of every configuration: the example, the model, and the example with
// JSON clients, with references and with live sources.
struct Sample {
  Texts texts;
  std::vector<std::string> files;  // of JSON, that are read
  config::LoadResult (*load)(const Texts& texts) = nullptr;
};
[[nodiscard]] const std::vector<Sample>& samples();

// The problems of the example so changed, one a line.
[[nodiscard]] std::string problems_text(const config::LoadResult& result);

}  // namespace portcullis::test
