// Overrides as a layer over a configuration's canonical text.
#include "config/overrides.h"

#include <gtest/gtest.h>

#include "config/load.h"
#include "tests/support/example_config.h"

namespace portcullis::config::config_overrides_test {
namespace {

std::string base() {
  const LoadResult result = load_texts(test::read_example(), test::example_folder());
  EXPECT_TRUE(result.ok()) << test::problems_text(result);
  return result.deployment.canonical_text;
}

OverrideSet set_of(std::uint32_t change, std::vector<LimitOverride> limits) {
  return {.change = change, .expires_at = {1'000 + change}, .limits = std::move(limits)};
}

TEST(ConfigOverrides, LayersComeApartAsTheyWerePutTogether) {
  const std::string text = base();
  EXPECT_EQ(without_overrides(text), text);
  EXPECT_TRUE(overrides_of(text).empty());
  const std::vector<OverrideSet> sets{set_of(3, {{true, "alpha-1", "AMZN", "clip", "3"},
                                                 {false, "alpha", "", "open_orders_max", "9"}}),
                                      set_of(8, {{true, "bravo-1", "", "leverage_max", "2"}})};
  const std::string over = with_overrides(text, sets);
  EXPECT_EQ(without_overrides(over), text);
  const auto again = overrides_of(over);
  ASSERT_EQ(again.size(), sets.size());
  for (std::size_t s = 0; s < sets.size(); ++s) {
    EXPECT_EQ(again[s].change, sets[s].change);
    EXPECT_EQ(again[s].expires_at, sets[s].expires_at);
    EXPECT_EQ(again[s].limits, sets[s].limits);
  }
  EXPECT_EQ(with_overrides(text, {}), text);
  // The loader keeps the layers as they are.
  const LoadResult loaded = load_canonical(over, "");
  ASSERT_TRUE(loaded.ok()) << test::problems_text(loaded);
  EXPECT_EQ(loaded.deployment.canonical_text, over);
}

TEST(ConfigOverrides, GiveOneAccountALimitAndNobodyElse) {
  const std::string text = base();
  const LoadResult before = load_canonical(text, "");
  const LoadResult after = load_canonical(
      with_overrides(text, {set_of(1, {{true, "alpha-1", "AMZN", "clip", "3"}}),
                            set_of(2, {{true, "alpha-1", "AMZN", "clip", "4"},
                                       {true, "alpha-1", "AMZN", "restricted", "true"},
                                       {false, "alpha", "", "open_orders_max", "7"}})}),
      "");
  ASSERT_TRUE(after.ok()) << test::problems_text(after);
  const risk::Parameters& was = before.deployment.parameters;
  const risk::Parameters& is = after.deployment.parameters;
  const Names& names = after.deployment.names;
  const auto amzn = names.instruments.find("AMZN").value;
  for (std::uint32_t a = 0; a < is.accounts.size(); ++a) {
    const auto& old_limits = was.profiles[was.accounts[a].profile].instruments[amzn];
    const auto& new_limits = is.profiles[is.accounts[a].profile].instruments[amzn];
    const bool is_meant = names.accounts.name({a}) == "alpha-1";
    EXPECT_EQ(new_limits.clip.raw, is_meant ? 4 : old_limits.clip.raw) << a;
    EXPECT_EQ(new_limits.restricted, is_meant || old_limits.restricted) << a;
    EXPECT_EQ(new_limits.long_max, old_limits.long_max);
  }
  for (std::uint32_t n = 0; n < is.nodes.size(); ++n) {
    const bool is_meant = names.nodes.name({n}) == "alpha";
    EXPECT_EQ(is.profiles[is.nodes[n].profile].open_orders_max,
              is_meant ? 7 : was.profiles[was.nodes[n].profile].open_orders_max);
  }
  // Those who were there are where they were.
  for (std::uint32_t p = 0; p < was.profiles.size(); ++p)
    EXPECT_EQ(names.profiles.name({p}), before.deployment.names.profiles.name({p}));
}

TEST(ConfigOverrides, EachLimitThatCanBeOverriddenIsOneOfAProfile) {
  const std::string text = base();
  for (const OverridableLimit& limit : kOverridableLimits) {
    if (limit.key == "collar_underlying") continue;  // of options
    const std::string value = limit.kind == Json::Kind::Bool ? "true"
                              : limit.key == "collar_ticks"  ? "0"
                                                             : "1";
    const LoadResult loaded = load_canonical(
        with_overrides(text, {set_of(1, {{true, "alpha-1", limit.of_instrument ? "AMZN" : "",
                                          std::string(limit.key), value}})}),
        "");
    // A wide collar is refused by its own check, and so by its name.
    for (const Problem& problem : loaded.problems)
      EXPECT_EQ(problem.path, "accounts.alpha-1.instruments.AMZN.collar") << to_text(problem);
  }
}

TEST(ConfigOverrides, WhatIsWrongIsToldOfWhoHasIt) {
  const std::string text = base();
  const auto problem = [&](LimitOverride limit) {
    const LoadResult loaded = load_canonical(with_overrides(text, {set_of(1, {limit})}), "");
    return loaded.ok() ? "" : to_text(loaded.problems.front());
  };
  EXPECT_NE(problem({true, "alpha-1", "AMZN", "clip", "many"})
                .find("limits.json: accounts.alpha-1.instruments.AMZN.clip: \"many\""),
            std::string::npos);
  EXPECT_NE(
      problem({false, "alpha", "", "open_orders_max", "-1"}).find("members.alpha.open_orders"),
      std::string::npos)
      << problem({false, "alpha", "", "open_orders_max", "-1"});
  EXPECT_NE(problem({true, "nobody", "AMZN", "clip", "1"}).find("no such account"),
            std::string::npos);
  EXPECT_NE(problem({true, "alpha-1", "GOLD", "clip", "1"}).find("no such instrument"),
            std::string::npos);
}

TEST(ConfigOverrides, ARequestIsReadStrictly) {
  const auto problems_of = [](const std::string& list) {
    std::vector<Problem> problems;
    (void)read_limit_overrides("body", parse_json("{\"changes\":" + list + "}").json, "changes",
                               problems);
    return problems.size();
  };
  EXPECT_EQ(problems_of(R"([{"account":"a","limit":"leverage_max","value":"2"}])"), 0U);
  EXPECT_EQ(problems_of(R"([{"node":"a","instrument":"i","limit":"clip","value":"2"}])"), 0U);
  for (const char* wrong :
       {"[]", "17", R"([{}])", R"([{"account":"a","node":"b","limit":"leverage_max","value":"2"}])",
        R"([{"account":"a","limit":"clip","value":"2"}])",
        R"([{"account":"a","instrument":"i","limit":"leverage_max","value":"2"}])",
        R"([{"account":"a","limit":"leverage_max","value":2}])",
        R"([{"account":"a","limit":"leverage_max","value":"2","colour":"red"}])"}) {
    EXPECT_NE(problems_of(wrong), 0U) << wrong;
  }
}

}  // namespace
}  // namespace portcullis::config::config_overrides_test
