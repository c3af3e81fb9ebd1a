#include "tests/support/example_config.h"
#include "tests/support/paths.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

namespace portcullis::test {

namespace {

// "a.b[2].c" -> steps "a", "b", "[2]", "c".
std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> steps;
  for (const char c : path) {
    if (c == '.' || c == '[' || steps.empty()) steps.emplace_back();
    if (c != '.') steps.back() += c;
  }
  return steps;
}

Texts read_folder(const std::filesystem::path& folder, const std::set<std::string>& endings) {
  Texts texts;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (!endings.contains(entry.path().extension().string())) continue;
    texts.emplace(entry.path().filename().string(), read_file(entry.path()));
  }
  return texts;
}

// What an example adds to the demo's: members are added or take the place of those there, null
// removes, lists grow.
void merge(config::Json& into, const config::Json& more) {
  for (const config::JsonMember& member : more.members) {
    const auto found =
        std::find_if(into.members.begin(), into.members.end(),
                     [&](const config::JsonMember& there) { return there.name == member.name; });
    if (found == into.members.end()) {
      into.members.push_back(member);
    } else if (member.value.kind == config::Json::Kind::Null) {
      into.members.erase(found);
    } else if (member.value.kind == config::Json::Kind::Object) {
      merge(found->value, member.value);
    } else if (member.value.kind == config::Json::Kind::Array) {
      found->value.items.insert(found->value.items.end(), member.value.items.begin(),
                                member.value.items.end());
    } else {
      found->value = member.value;
    }
  }
}

}  // namespace

std::filesystem::path example_folder() {
  return std::filesystem::path(test::source_dir()) / "config" / "examples" / "demo";
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

Texts read_example() { return read_folder(example_folder(), {".json"}); }

std::filesystem::path model_folder() {
  return std::filesystem::path(test::source_dir()) / "tests" / "data" / "model";
}

Texts read_model() { return read_folder(model_folder(), {".json", ".csv"}); }

Texts read_example_with_json_clients() {
  using enum Change::Kind;
  const std::string common =
      R"("protocol": "json", "member": "alpha", "instruments": ["BTC-PERP", "AMZN"],
         "cancel_on_disconnect": true, "disconnect_grace_ms": 2000, "dead_man_ms": 0,
         "rate": {"per_second": 20, "burst": 5, "exit_per_second": 40, "exit_burst": 20}, )";
  Texts texts = read_example();
  for (const Change& change : std::initializer_list<Change>{
           {Add, "instruments.json", "instruments.BTC-PERP.json_symbol", R"("BTCUSDT")"},
           {Add, "instruments.json", "instruments.AMZN.json_symbol", R"("AMZN")"},
           {Add, "sessions.json", "sessions.TRADE1",
            "{" + common +
                R"("api_key": "key-1", "secret_env": "SECRET_1", "read_only": false,
                   "account": "alpha-1", "actions": ["enter", "replace", "cancel"]})"},
           {Add, "sessions.json", "sessions.DROP1",
            "{" + common +
                R"("api_key": "key-2", "secret_env": "SECRET_2", "read_only": true,
                   "accounts": ["alpha-1", "alpha-2"]})"},
           {Add, "sessions.json", "sessions.ALPHA1.protocol", R"("ouch")"},
           {Add, "process.json", "edge",
            R"({"address": "127.0.0.1", "port": 0,
                "tls": {"certificate_file": "edge.crt", "private_key_file": "edge.key"},
                "connections_max": 64, "connections_per_session_max": 4,
                "frame_bytes_max": 65536, "batch_max": 20,
                "requests_per_second_max": 100, "queue_commands": 1024,
                "send_buffer_bytes": 1048576, "silence_timeout_ms": 30000,
                "login_timeout_ms": 5000, "order_history": 500, "execution_history": 500,
                "recv_window_ms_max": 10000})"},
           {Add, "process.json", "control",
            R"({"address": "127.0.0.1", "port": 0,
                "tls": {"certificate_file": "control.crt", "private_key_file": "control.key"},
                "four_eyes": true, "override_max_s": 3600,
                "connections_max": 8, "requests_per_second_max": 20, "what_if_orders_max": 4,
                "rejects_kept": 100, "request_timeout_ms": 5000, "send_buffer_bytes": 65536,
                "tokens": {
                  "desk": {"role": "risk", "token_sha256":
                    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
                  "board": {"role": "viewer", "token_sha256":
                    "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"}}})"},
       }) {
    apply(texts, change);
  }
  return texts;
}

Texts read_example_with_references() {
  Texts texts = read_example();
  texts["feeds.json"] = read_file(example_folder().parent_path() / "feeds" / "feeds.json");
  return texts;
}

Texts read_example_with_live_sources() {
  Texts texts = read_example();
  texts["feeds.json"] = read_file(example_folder().parent_path() / "live" / "feeds.json");
  return texts;
}

Texts read_example_with_options() {
  Texts texts = read_example();
  for (const auto& [name, text] :
       read_folder(example_folder().parent_path() / "options", {".json"})) {
    config::Json whole = config::parse_json(texts.at(name)).json;
    merge(whole, config::parse_json(text).json);
    texts[name] = config::to_text(whole);
  }
  return texts;
}

Texts read_example_with_fundings() {
  Texts texts = read_example_with_references();
  apply(texts, {Change::Kind::Set, "feeds.json", "instruments.ETH-PERP",
                R"({"max_age_ms": 10000,
                    "reference": {
                      "rule": "median",
                      "sources": [
                        {"source": "binance", "symbol": "ETHUSDT", "field": "mark", "role": "voter"},
                        {"source": "deribit", "symbol": "ETH-PERPETUAL", "field": "mark",
                         "role": "voter"}
                      ],
                      "min_sources": 2,
                      "max_age_ms": 8000,
                      "divergence_max": "0.01",
                      "price_min": "10",
                      "jump": {"max": "0.05", "confirm_updates": 3, "confirm_another": false}
                    },
                    "funding": {
                      "source": "deribit",
                      "symbol": "ETH-PERPETUAL",
                      "style": "continuous",
                      "interval_ms": 28800000,
                      "max_age_ms": 60000,
                      "period_ms": 60000,
                      "rate_max": "0.03"
                    }})"});
  return texts;
}

namespace {

// With a core for every thread: no machine must have them, for it is not started.
Texts read_example_with_shared_memory() {
  using enum Change::Kind;
  Texts texts = read_example();
  apply(texts, {Remove, "process.json", "venue.address", ""});
  apply(texts, {Remove, "process.json", "venue.port", ""});
  apply(texts, {Add, "process.json", "venue.shared_memory",
                R"({"path": "venue.sock", "ring_bytes": 1048576})"});
  apply(texts, {Add, "process.json", "gateway.cores",
                R"({"shard": 2, "journal": 3, "streams": 4, "logins": 4, "follower": 5, "edge": 6,
                    "control": 0, "parameters": 0, "feeds": [4, 1023]})"});
  return texts;
}

}  // namespace

const std::vector<Sample>& samples() {
  static const std::vector<Sample> all{
      {read_example(),
       {"assets.json", "feeds.json", "instruments.json", "limits.json", "margin.json",
        "process.json", "sessions.json"},
       [](const Texts& texts) { return config::load_texts(texts, example_folder()); }},
      {read_model(),
       {"assets.json", "instruments.json", "limits.json", "margin.json"},
       [](const Texts& texts) { return config::load_model_texts(texts); }},
      {read_example_with_json_clients(),
       {"instruments.json", "process.json", "sessions.json"},
       [](const Texts& texts) { return config::load_texts(texts, example_folder()); }},
      {read_example_with_shared_memory(),
       {"process.json"},
       [](const Texts& texts) { return config::load_texts(texts, example_folder()); }},
      {read_example_with_references(),
       {"feeds.json"},
       [](const Texts& texts) { return config::load_texts(texts, example_folder()); }},
      {read_example_with_live_sources(),
       {"feeds.json"},
       [](const Texts& texts) { return config::load_texts(texts, example_folder()); }},
  };
  return all;
}

config::Json* find(config::Json& document, std::string_view path) {
  config::Json* at = &document;
  for (const std::string& step : split(path)) {
    if (step.starts_with('[')) {
      const std::size_t index = std::stoul(step.substr(1));
      if (index >= at->items.size()) return nullptr;
      at = &at->items[index];
      continue;
    }
    config::Json* next = nullptr;
    for (config::JsonMember& member : at->members) {
      if (member.name == step) next = &member.value;
    }
    if (next == nullptr) return nullptr;
    at = next;
  }
  return at;
}

void apply(Texts& texts, const Change& change) {
  ASSERT_TRUE(texts.contains(change.file)) << change.file;
  config::Json document = config::parse_json(texts[change.file]).json;
  const std::size_t point = change.path.rfind('.');
  const std::string parent_path = point == std::string::npos ? "" : change.path.substr(0, point);
  const std::string name = change.path.substr(point == std::string::npos ? 0 : point + 1);
  config::Json* const target = find(document, change.path);
  config::Json* const parent = find(document, parent_path);
  config::Json value;
  if (change.kind != Change::Kind::Remove) {
    const config::JsonResult parsed = config::parse_json(change.value);
    ASSERT_EQ(parsed.error, "") << change.value;
    value = parsed.json;
  }
  if (change.kind == Change::Kind::Add) {
    ASSERT_NE(parent, nullptr) << change.path;
    parent->members.push_back({name, value});
  } else {
    ASSERT_NE(target, nullptr) << change.file << ": " << change.path;
    if (change.kind == Change::Kind::Set) *target = value;
    if (change.kind == Change::Kind::Remove) {
      std::erase_if(parent->members, [&](const auto& member) { return member.name == name; });
    }
  }
  texts[change.file] = config::to_text(document);
}

std::string problems_text(const config::LoadResult& result) {
  std::string text;
  for (const config::Problem& problem : result.problems) text += config::to_text(problem) + "\n";
  return text;
}

}  // namespace portcullis::test
