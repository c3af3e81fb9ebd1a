#include "config/load.h"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <sstream>

#include "config/load_steps.h"

namespace portcullis::config {

namespace {

struct Step {
  std::string_view file;
  void (*run)(Loading& loading, const Json& json);
};
// Each needs what those before it have read.
constexpr std::array kSteps{
    Step{kMarginFile, load_margin},           Step{kAssetsFile, load_assets},
    Step{kInstrumentsFile, load_instruments}, Step{kFeedsFile, load_feeds},
    Step{kLimitsFile, load_limits},           Step{kSessionsFile, load_sessions},
    Step{kProcessFile, load_process},
};

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001B3;
  }
  return hash;
}

// Reads the files' trees into `jsons`, by step; a problem for each that is none.
void parse(const std::map<std::string, std::string>& texts, std::array<Json, kSteps.size()>& jsons,
           std::vector<Problem>& problems) {
  for (std::size_t i = 0; i < kSteps.size(); ++i) {
    const std::string file(kSteps[i].file);
    const auto text = texts.find(file);
    if (text == texts.end()) {
      problems.push_back({file, "", "", "cannot be read"});
      continue;
    }
    JsonResult result = parse_json(text->second);
    record_parse_error(result, file, problems);
    jsons[i] = std::move(result.json);
  }
}

}  // namespace

LoadResult load_texts(const std::map<std::string, std::string>& texts,
                      const std::filesystem::path& folder) {
  LoadResult result;
  result.deployment.folder = folder;
  std::array<Json, kSteps.size()> jsons;
  parse(texts, jsons, result.problems);
  // A file that is not there at all would make everything that refers to it look wrong.
  if (!result.ok()) return result;
  Loading loading{result.deployment, result.problems, false, false, {}};
  std::string& canonical = result.deployment.canonical_text;
  for (std::size_t i = 0; i < kSteps.size(); ++i) {
    kSteps[i].run(loading, jsons[i]);
    canonical +=
        fmt::format("{}{}:{}", i == 0 ? "{" : ",", quote(kSteps[i].file), to_text(jsons[i]));
  }
  canonical += "}";
  result.deployment.canonical_hash = fnv1a(canonical);
  if (result.ok()) {
    // What the engine relies on, told by the engine: a difference from the checks above is our
    // mistake, and must not become its.
    const char* const problem = risk::first_problem(result.deployment.parameters);
    if (problem != nullptr) result.problems.push_back({"", "", "", problem});
  }
  return result;
}

LoadResult load(const std::filesystem::path& folder) {
  std::map<std::string, std::string> texts;
  for (const Step& step : kSteps) {
    std::ifstream in(folder / step.file, std::ios::binary);
    std::ostringstream text;
    if (in && text << in.rdbuf()) texts.emplace(step.file, text.str());
  }
  return load_texts(texts, folder);
}

LoadResult load_canonical(std::string_view text, const std::filesystem::path& folder) {
  std::map<std::string, std::string> texts;
  const JsonResult all = parse_json(text);
  for (const JsonMember& file : all.json.members) texts.emplace(file.name, to_text(file.value));
  return load_texts(texts, folder);
}

}  // namespace portcullis::config
