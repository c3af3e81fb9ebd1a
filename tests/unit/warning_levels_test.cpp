// At which level of warning a limit is, over usages that are put in by hand, and what limits.json says
// of levels.
#include <gtest/gtest.h>

#include <random>

#include "config/load.h"
#include "config/warnings.h"
#include "gateway/follower/warning_watch.h"
#include "gateway/limits/standing_limits.h"
#include "tests/support/example_config.h"
#include "tests/support/seed.h"

namespace portcullis::config::warning_levels_test {
namespace {

using test::Change;
using enum Change::Kind;

constexpr std::int64_t kMost = 1'000'000'000'000'000'003;  // no whole number of it is a percent

// The levels behind each of the usages, of a limit.
std::vector<std::int64_t> levels(const WarningSettings& settings, std::int64_t most,
                                 const std::vector<std::int64_t>& used) {
  std::vector<std::int64_t> found;
  std::int64_t level = 0;
  for (const std::int64_t each : used) {
    level = level_after(settings, Limit::Gross, level, each, most);
    found.push_back(level);
  }
  return found;
}
using Series = std::vector<std::int64_t>;

TEST(WarningLevels, AreReachedAtTheLevelAndLeftBelowTheHysteresis) {
  const WarningSettings settings;
  EXPECT_EQ(levels(settings, 1'000, {599, 600, 599, 550, 549, 599, 600}),
            (Series{0, 60, 60, 60, 0, 0, 60}));
  EXPECT_EQ(levels(settings, 1'000, {749, 750, 700, 699, 749, 750}),
            (Series{60, 75, 75, 60, 60, 75}));
  EXPECT_EQ(levels(settings, 1'000, {1'000, 999, 950, 949, 850, 849, 0}),
            (Series{100, 100, 100, 90, 90, 75, 0}));
  EXPECT_EQ(levels(settings, 1'000, {5'000, 950, 949}), (Series{100, 100, 90}));
}

TEST(WarningLevels, AreExactWhereNoPercentIsAWholeNumber) {
  const WarningSettings settings;
  const std::int64_t below = kMost / 100 * 60 + 1;  // 60 % is this and 0.8
  EXPECT_EQ(levels(settings, kMost, {below, below + 1}), (Series{0, 60}));
  EXPECT_EQ(levels(settings, 7, {4, 5, 6, 7}), (Series{0, 60, 75, 100}));
}

TEST(WarningLevels, SeveralAtOnceAreTheHighest) {
  const WarningSettings settings;
  EXPECT_EQ(levels(settings, 100, {0, 80, 10, 99, 54}), (Series{0, 75, 0, 90, 0}));
}

TEST(WarningLevels, OfALimitOfNothingWhateverIsUsedIsAtTheHighest) {
  const WarningSettings settings;
  EXPECT_EQ(levels(settings, 0, {0, 1, 0}), (Series{0, 100, 0}));
  EXPECT_EQ(levels(settings, -5, {-1, 1, 0}), (Series{0, 100, 0}));
}

TEST(WarningLevels, WithoutHysteresisTheyAreLeftAtOnce) {
  WarningSettings settings;
  settings.hysteresis_percent = 0;
  EXPECT_EQ(levels(settings, 100, {60, 59, 60}), (Series{60, 0, 60}));
}

TEST(WarningLevels, WithoutLevelsThereIsNone) {
  WarningSettings settings;
  settings.levels.fill({});
  EXPECT_EQ(levels(settings, 100, {100, 1'000}), (Series{0, 0}));
}

// A level that is configured no longer is left for the next below that holds.
TEST(WarningLevels, OtherLevelsMeetAnAlertOfTheOldOnes) {
  WarningSettings settings;
  settings.levels.fill({50, 80});
  EXPECT_EQ(level_after(settings, Limit::Gross, 75, 76, 100), 50);
  EXPECT_EQ(level_after(settings, Limit::Gross, 100, 76, 100), 80);
  EXPECT_EQ(level_after(settings, Limit::Gross, 100, 74, 100), 50);
}

// Against a rule that knows of one level only: it is on from level on until below level - hysteresis.
// The highest that is on is the level, but that one which was left stays off until it is reached again.
TEST(WarningLevels, AreThoseOfAThermostatForEachLevel) {
  std::mt19937_64 random(test::seed());
  for (int series = 0; series < 300; ++series) {
    WarningSettings settings;
    const std::vector<std::int64_t> percents{20, 40, 55, 70, 90};
    settings.levels.fill(percents);
    settings.hysteresis_percent = static_cast<std::int64_t>(random() % 15);
    const auto most = static_cast<std::int64_t>(1 + random() % 300);
    std::vector<bool> on(percents.size());
    std::int64_t level = 0;
    std::int64_t used = 0;
    for (int n = 0; n < 300; ++n) {
      used += static_cast<std::int64_t>(random() % 41) - 20;
      used = std::clamp<std::int64_t>(used, 0, most + most / 4);
      level = level_after(settings, Limit::Margin, level, used, most);
      const long double percent = 100.0L * static_cast<long double>(used) / most;
      std::int64_t highest = 0;
      for (std::size_t l = 0; l < percents.size(); ++l) {
        const auto at = static_cast<long double>(percents[l]);
        if (percent >= at) on[l] = true;
        if (percent < at - static_cast<long double>(settings.hysteresis_percent)) on[l] = false;
        if (on[l]) highest = percents[l];
      }
      ASSERT_EQ(level, highest) << "used " << used << " of " << most;
    }
  }
}

// --- limits.json

LoadResult load_with(const std::string& warnings) {
  test::Texts texts = test::read_example();
  test::apply(texts, {Add, "limits.json", "warnings", warnings});
  return load_texts(texts, test::example_folder());
}

TEST(WarningLevels, AreWhatTheConfigurationSays) {
  const LoadResult without = load_texts(test::read_example(), test::example_folder());
  EXPECT_EQ(warnings_in(without.deployment.canonical_text), WarningSettings());
  EXPECT_EQ(warnings_in(""), WarningSettings());
  EXPECT_EQ(warnings_in(load_with("{}").deployment.canonical_text), WarningSettings());
  const LoadResult with = load_with(
      R"({"levels_percent":[50,110],"hysteresis_percent":2,"limits":{"margin":[70],"leverage":[]},)"
      R"("escalate_after_s":0})");
  ASSERT_TRUE(with.ok()) << test::problems_text(with);
  const WarningSettings settings = warnings_in(with.deployment.canonical_text);
  EXPECT_EQ(settings.of(Limit::Gross), (Series{50, 110}));
  EXPECT_EQ(settings.of(Limit::Margin), Series{70});
  EXPECT_EQ(settings.of(Limit::Leverage), Series{});
  EXPECT_EQ(settings.hysteresis_percent, 2);
  EXPECT_EQ(settings.escalate_after_ns, 0);
}

TEST(WarningLevels, WhatIsWrongInTheConfigurationIsTold) {
  for (const auto& [warnings, path] : {
           std::pair{R"({"levels_percent":[60,60]})", "warnings.levels_percent"},
           std::pair{R"({"levels_percent":[75,60]})", "warnings.levels_percent"},
           std::pair{R"({"levels_percent":[60,1001]})", "warnings.levels_percent[1]"},
           std::pair{R"({"levels_percent":["60"]})", "warnings.levels_percent[0]"},
           std::pair{R"({"levels_percent":[5,60]})", "warnings.levels_percent"},
           std::pair{R"({"levels_percent":60})", "warnings.levels_percent"},
           std::pair{R"({"hysteresis_percent":60})", "warnings.hysteresis_percent"},
           std::pair{R"({"hysteresis_percent":-1})", "warnings.hysteresis_percent"},
           std::pair{R"({"limits":{"margin":[80,70]}})", "warnings.limits.margin"},
           std::pair{R"({"limits":{"clip":[80]}})", "warnings.limits.clip"},
           std::pair{R"({"limits":{"rate":[80]}})", "warnings.limits.rate"},
           std::pair{R"({"limits":{"volume":[80]}})", "warnings.limits.volume"},
           std::pair{R"({"escalate_after_s":86401})", "warnings.escalate_after_s"},
           std::pair{R"({"colour":"red"})", "warnings.colour"},
           std::pair{"[]", "warnings"},
       }) {
    const LoadResult result = load_with(warnings);
    EXPECT_TRUE(std::ranges::any_of(result.problems,
                                    [&](const Problem& problem) {
                                      return problem.file == "limits.json" && problem.path == path;
                                    }))
        << warnings << ":\n"
        << test::problems_text(result);
  }
}

// --- names of alerts, and shares

TEST(WarningLevels, TheNameOfAnAlertIsReadAsItIsWritten) {
  namespace follower = gateway::follower;
  const follower::AlertId id{.record = 18'446'744'073'709'551'615ULL, .place = 4'294'967'295U};
  EXPECT_EQ(follower::parse_alert_id(follower::to_text(id)), id);
  EXPECT_EQ(follower::parse_alert_id("1234-0"), (follower::AlertId{.record = 1'234, .place = 0}));
  for (const char* wrong : {"", "-", "1", "1-", "-1", "1-2-3", "01-2", "1-02", "+1-2", "1--2",
                            " 1-2", "1-2 ", "18446744073709551616-0", "1-4294967296", "a-b"})
    EXPECT_EQ(follower::parse_alert_id(wrong), std::nullopt) << wrong;
}

TEST(WarningLevels, SharesAreRoundedDownAndOfNothingAreAtTheirMost) {
  using gateway::limits::share_ppm;
  EXPECT_EQ(share_ppm(2, 3), 666'666);
  EXPECT_EQ(share_ppm(-1, 3), 0);
  EXPECT_EQ(share_ppm(0, 0), 0);
  EXPECT_EQ(share_ppm(1, 0), gateway::limits::kShareMaxPpm);
  EXPECT_EQ(share_ppm(risk::kValueMax, 1), gateway::limits::kShareMaxPpm);
}

}  // namespace
}  // namespace portcullis::config::warning_levels_test
