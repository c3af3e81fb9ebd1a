// The example, and a margin model with every key, with a few random changes of their trees: whatever
// the loader accepts, the engine takes, and what it refuses it can name.
#include <gtest/gtest.h>

#include <random>

#include "config/load.h"
#include "tests/support/example_config.h"
#include "tests/support/seed.h"

namespace portcullis::config::config_property_test {
namespace {

// Every value in the document, inner ones too.
void collect(Json& json, std::vector<Json*>& values) {
  values.push_back(&json);
  for (Json& item : json.items) collect(item, values);
  for (JsonMember& member : json.members) collect(member.value, values);
}

class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t n) { return random_() % n; }

  void mutate(Json& document) {
    std::vector<Json*> values;
    collect(document, values);
    Json& value = *values[below(values.size())];
    switch (below(6)) {
      case 0:
        value = interesting();
        break;
      case 1: {
        const Json other = *values[below(values.size())];  // copied: it may be around this one
        value = other;
        break;
      }
      case 2:
        if (!value.members.empty()) value.members.erase(at(value.members));
        break;
      case 3:
        if (!value.members.empty()) value.members.push_back(*at(value.members));
        break;
      case 4:
        if (!value.members.empty()) std::swap(*at(value.members), *at(value.members));
        break;
      default:
        if (value.kind == Json::Kind::Integer) value.integer += static_cast<int>(below(3)) - 1;
        if (value.kind == Json::Kind::Text && !value.text.empty()) {
          value.text[below(value.text.size())] = "0159.-A "[below(8)];
        }
    }
  }

 private:
  std::vector<JsonMember>::iterator at(std::vector<JsonMember>& list) {
    return list.begin() + static_cast<std::ptrdiff_t>(below(list.size()));
  }
  Json interesting() {
    constexpr std::string_view kValues[] = {"null",
                                            "true",
                                            "0",
                                            "1",
                                            "-1",
                                            "9223372036854775807",
                                            "1e400",
                                            "\"\"",
                                            "\"0\"",
                                            "\"1\"",
                                            "\"-1\"",
                                            "\"0.000001\"",
                                            "\"1152921504606.846976\"",
                                            "[]",
                                            "{}",
                                            "\"1000000000\"",
                                            "\"0.5\"",
                                            "\"\\u0000\"",
                                            "\"BTC\"",
                                            "\"1/3\"",
                                            "\"table\"",
                                            "\"option\"",
                                            "\"both\"",
                                            "\"es\"",
                                            "\"sum\"",
                                            "\"BTC-PERP\"",
                                            "200000000"};
    return parse_json(kValues[below(std::size(kValues))]).json;
  }
  std::mt19937_64 random_;
};

TEST(ConfigProperty, WhatTheLoaderAcceptsTheEngineTakes) {
  Mutator mutator(test::seed());
  for (const test::Sample& sample : test::samples()) {
    int accepted = 0;
    int refused = 0;
    for (int i = 0; i < 3'000; ++i) {
      test::Texts texts = sample.texts;
      for (std::size_t changes = 1 + mutator.below(3); changes > 0; --changes) {
        std::string& text = texts[sample.files[mutator.below(sample.files.size())]];
        Json json = parse_json(text).json;
        mutator.mutate(json);
        text = to_text(json);
      }
      const LoadResult result = sample.load(texts);
      for (const Problem& problem : result.problems) {
        // Without a file it would be the engine's word, about what we should have seen.
        ASSERT_FALSE(problem.file.empty()) << to_text(problem) << "\n"
                                           << result.deployment.canonical_text;
        ASSERT_FALSE(problem.what.empty());
      }
      (result.ok() ? accepted : refused) += 1;
      if (!result.ok()) continue;
      // Again from what the journal would keep.
      test::Texts kept = texts;
      const Json canonical = parse_json(result.deployment.canonical_text).json;
      for (const JsonMember& file : canonical.members) {
        if (file.value.kind != Json::Kind::Text) kept[file.name] = to_text(file.value);
      }
      ASSERT_EQ(sample.load(kept).deployment.canonical_hash, result.deployment.canonical_hash);
    }
    EXPECT_GT(accepted, 100);
    EXPECT_GT(refused, 1'000);
  }
}

}  // namespace
}  // namespace portcullis::config::config_property_test
