#include "config/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <sstream>

#include "config/load_control.h"
#include "config/load_steps.h"
#include "config/overrides.h"

namespace portcullis::config {

namespace {

struct File {
  std::string_view name;
  bool of_model = false;
};
constexpr std::array kFiles{
    File{kMarginFile, true},   File{kAssetsFile, true}, File{kInstrumentsFile, true},
    File{kFeedsFile, false},   File{kLimitsFile, true}, File{kSessionsFile, false},
    File{kProcessFile, false},
};

struct Step {
  std::string_view file;
  void (*run)(Loading& loading, const Json& json);
};
// Each needs what those before it have read.
constexpr std::array kSteps{
    Step{kAssetsFile, load_currency}, Step{kMarginFile, load_margin},
    Step{kAssetsFile, load_assets},   Step{kInstrumentsFile, load_instruments},
    Step{kMarginFile, load_add_ons},  Step{kFeedsFile, load_feeds},
    Step{kLimitsFile, load_limits},   Step{kSessionsFile, load_sessions},
    Step{kProcessFile, load_process},
};

enum class Extent { Deployment, Canonical, Model };

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001B3;
  }
  return hash;
}

// The files' trees by name; a problem for each that is none.
std::map<std::string_view, Json> parse(const ReadFile& read_file, Extent extent,
                                       std::vector<Problem>& problems) {
  std::map<std::string_view, Json> jsons;
  for (const File& file : kFiles) {
    if (extent == Extent::Model && !file.of_model) continue;
    const std::string name(file.name);
    const auto text = read_file(name);
    if (!text) {
      problems.push_back({name, "", "", "cannot be read"});
      continue;
    }
    JsonResult result = parse_json(*text);
    record_parse_error(result, name, problems);
    jsons[file.name] = std::move(result.json);
  }
  return jsons;
}

void forget_credentials(Json& json) {
  const auto is_credential = [](const JsonMember& member) {
    const auto is_in = [&](const auto& keys) {
      return std::find(keys.begin(), keys.end(), member.name) != keys.end();
    };
    return is_in(kCredentialKeys) || is_in(kSigningKeys);
  };
  std::erase_if(json.members, is_credential);
  for (JsonMember& member : json.members) forget_credentials(member.value);
}

// Who may give commands, and on which cores the threads run, decides nothing, and changes while a journal
// goes on.
void forget_what_may_change(Json& process) {
  const auto forget = [](Json& json, std::string_view key) {
    std::erase_if(json.members, [&](const JsonMember& member) { return member.name == key; });
  };
  forget(process, "control");
  for (JsonMember& member : process.members)
    if (member.name == "gateway") forget(member.value, "cores");
}

// One text of all files, without what tells of passwords; those that are no JSON as JSON text.
std::string canonical_text(const std::map<std::string_view, Json>& jsons,
                           const std::map<std::string, std::string>& histories) {
  std::string text = "{";
  const auto add = [&](std::string_view name, const std::string& value) {
    text += fmt::format("{}{}:{}", text.size() == 1 ? "" : ",", quote(name), value);
  };
  for (const File& file : kFiles) {
    const auto found = jsons.find(file.name);
    if (found == jsons.end()) continue;
    Json json = found->second;
    if (file.name == kSessionsFile || file.name == kProcessFile) forget_credentials(json);
    if (file.name == kProcessFile) forget_what_may_change(json);
    add(file.name, to_text(json));
  }
  for (const auto& [name, history] : histories) add(name, quote(history));
  return text + "}";
}

// What a model leaves out: prices that do not age, and room for one position in each instrument.
void complete_model(Deployment& model) {
  risk::Parameters& parameters = model.parameters;
  for (risk::AssetParameters& asset : parameters.assets) asset.index_age_max_ns = kNeverStaleNs;
  for (risk::InstrumentParameters& instrument : parameters.instruments) {
    instrument.mark_age_max_ns = kNeverStaleNs;
  }
  const auto room = [](std::size_t count, std::size_t each, std::size_t max) {
    return static_cast<std::uint32_t>(std::clamp<std::size_t>(count * each, 1, max));
  };
  constexpr std::size_t kRoomMax = 1 << 20;
  risk::Capacities& capacities = parameters.capacities;
  capacities.orders = kRoomMax >> 4;
  capacities.trades = capacities.orders;
  capacities.positions = room(parameters.accounts.size(), parameters.instruments.size(), kRoomMax);
  capacities.group_slots = room(parameters.accounts.size(), parameters.groups.size(),
                                std::min<std::size_t>(kRoomMax, risk::group_slots_max(parameters)));
}

// What overrides are in force beside the files: only a canonical text has any.
std::vector<OverrideSet> overrides_in(const ReadFile& read_file, Extent extent) {
  if (extent != Extent::Canonical) return {};
  const auto text = read_file(std::string(kOverridesMember));
  return text ? read_override_sets(parse_json(*text).json) : std::vector<OverrideSet>();
}

// What is wrong with an override's profile is told of the account or node that has it.
void name_overridden(const std::vector<std::pair<std::string, std::string>>& profiles,
                     std::vector<Problem>& problems) {
  for (Problem& problem : problems) {
    for (const auto& [name, target] : profiles) {
      const std::string own = "profiles." + name;
      if (problem.file == kLimitsFile && problem.path.starts_with(own) &&
          (problem.path.size() == own.size() || problem.path[own.size()] == '.')) {
        problem.path.replace(0, own.size(), target);
      }
    }
  }
}

LoadResult load_once(const ReadFile& read_file, const std::filesystem::path& folder, Extent extent,
                     const RegimeChoice& regimes) {
  LoadResult result;
  Deployment& deployment = result.deployment;
  deployment.folder = folder;
  const std::map<std::string_view, Json> jsons = parse(read_file, extent, result.problems);
  // A file that is not there at all would make everything that refers to it look wrong.
  if (!result.ok()) return result;
  Loading loading{.out = deployment,
                  .problems = result.problems,
                  .read_file = read_file,
                  .canonical = extent == Extent::Canonical,
                  .regimes = regimes};
  const std::vector<OverrideSet> overrides = overrides_in(read_file, extent);
  std::map<std::string_view, Json> layered;  // files that overrides change
  std::vector<std::pair<std::string, std::string>> profiles;
  if (!overrides.empty()) {
    layered[kLimitsFile] = jsons.at(kLimitsFile);
    profiles = apply_overrides(layered[kLimitsFile], overrides, result.problems);
  }
  for (const Step& step : kSteps) {
    const auto over = layered.find(step.file);
    const auto json = jsons.find(step.file);
    if (over != layered.end()) {
      step.run(loading, over->second);
    } else if (json != jsons.end()) {
      step.run(loading, json->second);
    }
  }
  name_overridden(profiles, result.problems);
  if (const auto process = jsons.find(kProcessFile); process != jsons.end())
    result.control = load_control(loading, process->second);
  deployment.canonical_text = with_overrides(canonical_text(jsons, loading.histories), overrides);
  deployment.canonical_hash = fnv1a(deployment.canonical_text);
  if (!result.ok()) return result;
  if (extent == Extent::Model) {
    complete_model(deployment);
  }
  cap_leverage(deployment);
  // What the engine relies on, told by the engine: a difference from the checks above is our
  // mistake, and must not become its.
  const char* const problem = risk::first_problem(deployment.parameters);
  if (problem != nullptr) result.problems.push_back({"", "", "", problem});
  return result;
}

// As many levels as the factor that has most.
std::size_t level_count(const Deployment& deployment) {
  std::size_t most = 0;
  for (const FactorRegimes& of : deployment.regimes) most = std::max(most, of.levels.size());
  return most;
}

// Sound under whichever regimes: what is wrong under some of them is found now, not in the storm.
LoadResult load_files(const ReadFile& read_file, const std::filesystem::path& folder,
                      Extent extent) {
  LoadResult result = load_once(read_file, folder, extent, last_regimes());
  if (!result.ok()) return result;
  for (std::size_t level = 0; level + 1 < level_count(result.deployment); ++level) {
    RegimeChoice regimes{};
    regimes.fill(static_cast<std::uint8_t>(level));
    LoadResult other = load_once(read_file, folder, extent, regimes);
    for (Problem& problem : other.problems) {
      problem.what += fmt::format(" (in the regimes of level {})", level + 1);
      result.problems.push_back(std::move(problem));
    }
    if (!result.ok()) return result;
  }
  return result;
}

ReadFile files_in(const std::filesystem::path& folder) {
  return [folder](const std::string& name) -> std::optional<std::string> {
    std::ifstream in(folder / name, std::ios::binary);
    std::ostringstream text;
    if (!in || !(text << in.rdbuf())) return std::nullopt;
    return text.str();
  };
}

ReadFile files_in(const std::map<std::string, std::string>& texts) {
  return [&texts](const std::string& name) -> std::optional<std::string> {
    const auto text = texts.find(name);
    return text != texts.end() ? std::optional(text->second) : std::nullopt;
  };
}

}  // namespace

LoadResult load(const std::filesystem::path& folder) {
  return load_files(files_in(folder), folder, Extent::Deployment);
}

LoadResult load_model(const std::filesystem::path& folder) {
  return load_files(files_in(folder), folder, Extent::Model);
}

LoadResult load_texts(const std::map<std::string, std::string>& texts,
                      const std::filesystem::path& folder) {
  return load_files(files_in(texts), folder, Extent::Deployment);
}

LoadResult load_model_texts(const std::map<std::string, std::string>& texts) {
  return load_files(files_in(texts), "", Extent::Model);
}

namespace {

std::map<std::string, std::string> texts_of(std::string_view canonical_text) {
  std::map<std::string, std::string> texts;
  const JsonResult all = parse_json(canonical_text);
  for (const JsonMember& file : all.json.members) {
    const bool is_history =
        file.value.kind == Json::Kind::Text && file.name.ends_with(kHistoryEnding);
    texts.emplace(file.name, is_history ? file.value.text : to_text(file.value));
  }
  return texts;
}

}  // namespace

LoadResult load_canonical(std::string_view text, const std::filesystem::path& folder) {
  const std::map<std::string, std::string> texts = texts_of(text);
  return load_files(files_in(texts), folder, Extent::Canonical);
}

LoadResult with_regimes(std::string_view text, const std::filesystem::path& folder,
                        const RegimeChoice& regimes) {
  const std::map<std::string, std::string> texts = texts_of(text);
  return load_once(files_in(texts), folder, Extent::Canonical, regimes);
}

}  // namespace portcullis::config
