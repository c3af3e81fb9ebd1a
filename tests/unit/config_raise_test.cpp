// Which change of a configuration is a raise of limits: every rule, both ways.
#include "config/raise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "config/json.h"
#include "config/load.h"
#include "config/overrides.h"
#include "tests/support/example_config.h"

namespace portcullis::config::config_raise_test {
namespace {

using test::Change;
using enum Change::Kind;

// The tree of a configuration with nothing but this value in it; empty: without it.
std::string text_with(std::string_view pattern, const std::string& value) {
  std::string before;
  std::string after;
  if (pattern.starts_with("PROFILE/")) {
    pattern.remove_prefix(8);
    before = R"({"limits.json":{"venue":{"name":"v","profile":"p"},"profiles":{"p":{)";
    after = "}}}}";
  } else {
    before = "{";
    after = "}";
  }
  while (pattern.find('/') != pattern.npos) {
    std::string name(pattern.substr(0, pattern.find('/')));
    pattern.remove_prefix(name.size() + 1);
    before += quote(name == "*" ? "x" : name) + ":{";
    after += '}';
  }
  const std::string last = pattern == "*" ? "x" : std::string(pattern);
  return before + (value.empty() ? "" : quote(last) + ":" + value) + after;
}

std::vector<Difference> change(const RaiseRule& rule, const std::string& from,
                               const std::string& to) {
  return differences(text_with(rule.pattern, from), text_with(rule.pattern, to));
}

bool raises(const RaiseRule& rule, const std::string& from, const std::string& to) {
  const std::vector<Difference> found = change(rule, from, to);
  EXPECT_EQ(found.size(), 1U) << rule.pattern << ": " << from << " to " << to;
  return has_raise(found);
}

TEST(ConfigRaise, EveryRuleTellsARaiseFromACut) {
  std::set<std::string_view> seen;
  for (const RaiseRule& rule : raise_rules()) {
    EXPECT_TRUE(seen.insert(rule.pattern).second) << rule.pattern << " is there twice";
    std::string low = "\"0.9\"";
    std::string high = "\"12.05\"";
    bool to_high = true;
    bool to_low = false;
    switch (rule.raises) {
      case Raises::More:
        break;
      case Raises::Less:
        to_high = false;
        to_low = true;
        break;
      case Raises::True:
        low = "false";
        high = "true";
        break;
      case Raises::False:
        low = "true";
        high = "false";
        break;
      case Raises::Names:
        low = R"(["a"])";
        high = R"(["a","b"])";
        break;
      case Raises::Never:
        to_high = false;
        break;
    }
    EXPECT_EQ(raises(rule, low, high), to_high) << rule.pattern;
    EXPECT_EQ(raises(rule, high, low), to_low) << rule.pattern;
    EXPECT_TRUE(change(rule, high, high).empty()) << rule.pattern;
    if (rule.raises == Raises::Never) continue;
    // What does not fit the rule cannot be told to be a cut.
    EXPECT_TRUE(raises(rule, low, R"("many")")) << rule.pattern;
    if (rule.raises == Raises::More || rule.raises == Raises::Less) {
      EXPECT_FALSE(raises(rule, "\"0.50\"", "\"0.5\"")) << rule.pattern << ": the same number";
      EXPECT_EQ(raises(rule, "9", "10"), rule.raises == Raises::More) << rule.pattern;
    }
  }
}

TEST(ConfigRaise, WhatIsNotThereIsWhatStandsForIt) {
  for (const RaiseRule& rule : raise_rules()) {
    if (rule.raises == Raises::Never) continue;
    const std::string value = rule.absent == Absent::False ? "true" : "\"0.5\"";
    const bool comes = raises(rule, "", value);
    const bool goes = raises(rule, value, "");
    const bool is_null = raises(rule, value, "null");
    EXPECT_EQ(goes, is_null) << rule.pattern;
    const bool more = rule.raises == Raises::More;
    switch (rule.absent) {
      case Absent::Unknown:
        EXPECT_TRUE(comes && goes) << rule.pattern;
        break;
      case Absent::NoLimit:
      case Absent::One:
        EXPECT_EQ(comes, !more) << rule.pattern;
        EXPECT_EQ(goes, more) << rule.pattern;
        break;
      case Absent::Zero:
        EXPECT_EQ(comes, more) << rule.pattern;
        EXPECT_EQ(goes, !more) << rule.pattern;
        break;
      case Absent::False:
        EXPECT_EQ(comes, rule.raises == Raises::True) << rule.pattern;
        EXPECT_EQ(goes, rule.raises == Raises::False) << rule.pattern;
        break;
    }
  }
}

TEST(ConfigRaise, WhatNoRuleKnowsIsARaise) {
  const auto found = differences(R"({"margin.json":{"leverage_equity":"plain"}})",
                                 R"({"margin.json":{"leverage_equity":"haircut"}})");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(found[0].is_raise);
  EXPECT_TRUE(has_raise(differences(R"({"a.csv":"1,2"})", R"({"a.csv":"1,3"})")));
}

// --- the shipped example

std::string example(const std::vector<Change>& changes) {
  test::Texts texts = test::read_example();
  for (const Change& change : changes) test::apply(texts, change);
  const LoadResult result = load_texts(texts, test::example_folder());
  EXPECT_TRUE(result.ok()) << test::problems_text(result);
  return result.deployment.canonical_text;
}

TEST(ConfigRaise, AProfileIsToldOnceAndAnotherProfileByItsLimits) {
  const std::string before = example({});
  const std::string clip = "profiles.maker.instruments.AMZN.clip";
  auto found = differences(before, example({{Set, "limits.json", clip, "\"1\""}}));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].file, "limits.json");
  EXPECT_EQ(found[0].path, clip);
  EXPECT_EQ(found[0].to, "\"1\"");
  EXPECT_FALSE(found[0].is_raise);
  // An account gets a profile that another one has: its own limits change, and nobody else's.
  found =
      differences(before, example({{Set, "limits.json", "accounts.bravo-1.profile", "\"maker\""}}));
  ASSERT_FALSE(found.empty());
  for (const Difference& difference : found)
    EXPECT_TRUE(difference.path.starts_with("accounts.bravo-1.")) << difference.path;
  EXPECT_TRUE(has_raise(found));
  const auto back =
      differences(example({{Set, "limits.json", "accounts.bravo-1.profile", "\"maker\""}}), before);
  EXPECT_EQ(back.size(), found.size());
}

TEST(ConfigRaise, AnOverrideIsToldOfWhoHasIt) {
  const std::string before = example({});
  const LimitOverride limit{true, "alpha-hedge", "AMZN", "clip", "3"};
  const std::string over =
      with_overrides(before, {{.change = 1, .expires_at = {5}, .limits = {limit}}});
  const auto begins = differences(before, over);
  ASSERT_EQ(begins.size(), 1U);
  EXPECT_EQ(begins[0].path, "accounts.alpha-hedge.instruments.AMZN.clip");
  EXPECT_EQ(begins[0].to, "\"3\"");
  EXPECT_FALSE(begins[0].is_raise);
  const auto ends = differences(over, before);
  ASSERT_EQ(ends.size(), 1U);
  EXPECT_EQ(ends[0].to, begins[0].from);
  EXPECT_TRUE(ends[0].is_raise);
  EXPECT_TRUE(differences(over, over).empty());
  // Only when it ends has changed.
  const std::string longer =
      with_overrides(before, {{.change = 1, .expires_at = {9}, .limits = {limit}}});
  EXPECT_TRUE(differences(over, longer).empty());
}

}  // namespace
}  // namespace portcullis::config::config_raise_test
