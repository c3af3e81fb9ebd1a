// `portcullis tune`: its text, its JSON and its page, sweeps and suggestions, and what is wrong with
// command lines.
#include "gateway/commands/tune.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "config/json.h"
#include "gateway/commands/tune_keys.h"
#include "gateway/commands/tune_sweep.h"
#include "tests/support/command_line.h"
#include "tests/support/tuned.h"
#include "tests/support/venue_words.h"

namespace portcullis::test::tune_command_test {
namespace {

using Arguments = std::vector<std::string>;
using config::Json;

constexpr const char* kClip = "profiles.client.instruments.AMZN.clip";

// bravo-1 has bought AMZN in 120 orders of 1 to 120, one after another, and every tenth was filled; a candidate lowers the
// clip to 100.
class TuneCommand : public testing::Test {
 protected:
  TuneCommand() {
    const auto bravo = w.session("BRAVO1");
    for (std::uint32_t n = 1; n <= 120; ++n) {
      if (n % 20 == 0) w.pass_time(risk::kSecondNs);
      const risk::Decision decision = w.enter(bravo, {.number = n, .quantity = n});
      if (decision.disposition != risk::Disposition::Forward) continue;
      w.say(accepted(decision.number, {.quantity = n}));
      if (n % 10 == 0) {
        w.say(executed(decision.number, n, kAmznPrice, n));
      } else {
        w.say(canceled(decision.number, n));
      }
    }
    Texts texts = gateway::recorded_texts(w.deployment().canonical_text);
    test::apply(texts, limit_change(kClip, "\"100\""));
    std::filesystem::create_directories(folder / "candidate");
    std::ofstream(folder / "candidate" / "limits.json") << texts.at("limits.json");
  }
  [[nodiscard]] Outcome tune(const Arguments& more = {}) {
    Arguments arguments{"tune", "--journal", w.journal_folder().string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_command(gateway::add_tune_command, arguments);
  }
  [[nodiscard]] Json tune_json(Arguments more = {}) {
    more.push_back("--json");
    const Outcome outcome = tune(more);
    EXPECT_EQ(outcome.code, 0) << outcome.errors;
    const config::JsonResult result = config::parse_json(outcome.out);
    EXPECT_EQ(result.error, "");
    return result.json;
  }
  [[nodiscard]] std::string candidate() const { return (folder / "candidate").string(); }
  static std::int64_t integer(Json& json, std::string_view path) {
    const Json* const found = find(json, path);
    EXPECT_NE(found, nullptr) << path;
    return found == nullptr ? -1 : found->integer;
  }

  GateWorld w;
  gateway::journal::testing::TemporaryFolder temporary;
  const std::filesystem::path folder = temporary.path();
};

TEST_F(TuneCommand, WithoutACandidateItLooksAtTheLimitsThatWereInForce) {
  Json json = tune_json();
  EXPECT_EQ(integer(json, "comparison.differences"), 0);
  EXPECT_EQ(integer(json, "comparison.total.messages"), 120);
  EXPECT_EQ(find(json, "candidate")->kind, Json::Kind::Null);
  const Outcome text = tune();
  EXPECT_EQ(text.code, 0) << text.errors;
  EXPECT_NE(text.out.find("the configuration of the recording itself"), std::string::npos);
  EXPECT_NE(text.out.find("limits that are used most"), std::string::npos);
}

TEST_F(TuneCommand, TellsWhatACandidateChangesByWhomAndWhy) {
  Json json = tune_json({"--candidate", candidate(), "--examples", "2"});
  EXPECT_EQ(integer(json, "comparison.differences"), 20);
  EXPECT_EQ(integer(json, "comparison.newly_refused.clip_size"), 20);
  EXPECT_EQ(integer(json, "comparison.by_member.bravo.newly_refused"), 20);
  EXPECT_EQ(integer(json, "comparison.by_account.bravo-1.newly_refused"), 20);
  EXPECT_EQ(integer(json, "comparison.by_instrument.AMZN.newly_refused"), 20);
  EXPECT_EQ(find(json, "comparison.examples")->items.size(), 2U);
  EXPECT_EQ(find(json, "follow")->text, "recorded");
  const Outcome text = tune({"--candidate", candidate()});
  EXPECT_NE(text.out.find("enter bravo-1 buy 101 AMZN @ 220: newly_refused\n    then forward\n    "
                          "now  reject clip_size at account bravo-1: limit 100, needed 101, "
                          "available 100"),
            std::string::npos)
      << text.out;
}

TEST_F(TuneCommand, WritesAPageThatNeedsNothingElse) {
  const Outcome outcome = tune({"--candidate", candidate(), "--out", (folder / "out").string(),
                                "--sweep", std::string(kClip) + "=50:150:50"});
  ASSERT_EQ(outcome.code, 0) << outcome.errors;
  const std::string page = read_file(folder / "out" / "tune.html");
  for (const char* const part :
       {"<h1>What a candidate would have changed</h1>", "How full the limits are", "Worth a look",
        "Order sizes", "Sweep", "<svg", "profiles.client.instruments.AMZN.clip", "newly refused"}) {
    EXPECT_NE(page.find(part), std::string::npos) << part;
  }
  for (const char* const foreign : {"<script", "src=", "href=", "nan", "inf\""})
    EXPECT_EQ(page.find(foreign), std::string::npos) << foreign;
  Json json = config::parse_json(read_file(folder / "out" / "tune.json")).json;
  EXPECT_EQ(integer(json, "comparison.differences"), 20);
  EXPECT_EQ(find(json, "sweep.points")->items.size(), 3U);
}

// The sweep's had a column more than its head.
TEST_F(TuneCommand, TheRowsOfAPagesTablesAreAsWideAsTheirHeads) {
  ASSERT_EQ(tune({"--candidate", candidate(), "--out", (folder / "out").string(), "--sweep",
                  std::string(kClip) + "=50:150:50"})
                .code,
            0);
  const std::string page = read_file(folder / "out" / "tune.html");
  const auto cells = [](std::string_view row) {
    std::size_t count = 0;
    for (const std::string_view cell : {"<th", "<td"}) {
      for (std::size_t at = row.find(cell); at != row.npos; at = row.find(cell, at + 1)) ++count;
    }
    return count;
  };
  std::size_t tables = 0;
  for (std::size_t at = page.find("<table"); at != page.npos; at = page.find("<table", at + 1)) {
    const std::string table = page.substr(at, page.find("</table>", at) - at);
    ++tables;
    std::size_t width = 0;
    for (std::size_t row = table.find("<tr>"); row != table.npos;) {
      const std::size_t next = table.find("<tr>", row + 1);
      const std::size_t wide = cells(std::string_view(table).substr(row, next - row));
      if (width == 0) width = wide;
      EXPECT_EQ(wide, width) << table;
      row = next;
    }
  }
  EXPECT_GT(tables, 3u);
}

TEST_F(TuneCommand, ASweepShowsRefusalsAndExposureAgainstTheValue) {
  Json json = tune_json({"--sweep", std::string(kClip) + "=40:120:40"});
  const Json& points = *find(json, "sweep.points");
  ASSERT_EQ(points.items.size(), 3U);
  std::vector<std::int64_t> refused;
  std::vector<double> exposure;
  for (const Json& point : points.items) {
    refused.push_back(point.find("refused")->integer);
    exposure.push_back(std::stod(point.find("peak_gross_notional")->text));
  }
  EXPECT_EQ(refused, (std::vector<std::int64_t>{80, 40, 0}));
  EXPECT_LT(exposure[0], exposure[1]);
  EXPECT_LT(exposure[1], exposure[2]);
  EXPECT_EQ(find(json, "sweep.follow")->text, "candidate");
}

TEST_F(TuneCommand, ASweepOfTwoKeysIsAField) {
  Json json = tune_json({"--sweep", std::string(kClip) + "=40:80:40", "--sweep",
                         "profiles.client.open_orders_max=0:1:1"});
  const Json& points = *find(json, "sweep.points");
  ASSERT_EQ(points.items.size(), 4U);
  EXPECT_EQ(points.items[0].find("refused")->integer, 120);
  EXPECT_EQ(points.items[1].find("refused")->integer, 80);
  EXPECT_EQ(points.items[2].find("refused")->integer, 120);
  EXPECT_EQ(points.items[3].find("refused")->integer, 40);
}

TEST_F(TuneCommand, ASweepPastWhatTheLoaderTakesSaysSo) {
  Json json = tune_json({"--sweep", "profiles.client.instruments.AMZN.collar=0.5:1.5:1"});
  const Json& points = *find(json, "sweep.points");
  ASSERT_EQ(points.items.size(), 2U);
  EXPECT_NE(points.items[1].find("problem"), nullptr);
}

TEST_F(TuneCommand, SuggestsLimitsWithTheirEvidenceAndAppliesNone) {
  const std::string suggested = (folder / "suggested").string();
  const std::string before = read_file(folder / "candidate" / "limits.json");
  Json json = tune_json({"--suggest", suggested, "--percentile", "1", "--headroom", "0.25"});
  const Json* clip = nullptr;
  for (const Json& limit : find(json, "suggestion.limits")->items) {
    if (limit.find("key")->text == kClip) clip = &limit;
  }
  ASSERT_NE(clip, nullptr);
  EXPECT_EQ(clip->find("now")->text, "1000");
  EXPECT_EQ(clip->find("observed")->text, "120");
  EXPECT_EQ(clip->find("suggested")->text, "150");  // and a quarter
  EXPECT_EQ(clip->find("orders")->integer, 120);
  EXPECT_EQ(integer(json, "suggestion.newly_refused"), 0);
  // It can be a candidate itself.
  Json judged = tune_json({"--candidate", suggested});
  EXPECT_EQ(integer(judged, "comparison.differences"), 0);
  Json file = config::parse_json(read_file(folder / "suggested" / "limits.json")).json;
  EXPECT_EQ(find(file, kClip)->text, "150");
  EXPECT_EQ(integer(file, "version"), 2);
  EXPECT_TRUE(std::filesystem::exists(folder / "suggested" / "evidence.json"));
  EXPECT_EQ(read_file(folder / "candidate" / "limits.json"), before);
  EXPECT_EQ(tune({"--suggest", suggested}).code, 1);  // not over another one
}

TEST_F(TuneCommand, ALimitThatRefusesIsNotLowered) {
  Json json = tune_json({"--candidate", candidate(), "--suggest", (folder / "s").string(),
                         "--percentile", "0.5", "--headroom", "0"});
  for (const Json& limit : find(json, "suggestion.limits")->items) {
    if (limit.find("key")->text != kClip) continue;
    EXPECT_EQ(limit.find("suggested")->text, "100");
    EXPECT_EQ(limit.find("refused")->integer, 20);
    EXPECT_EQ(limit.find("remark")->text, "not lowered: it refuses");
    return;
  }
  ADD_FAILURE() << "no clip";
}

TEST_F(TuneCommand, SaysWhatIsWrongWithItsCommandLine) {
  EXPECT_EQ(tune({"--candidate", (folder / "nothing").string()}).code, 1);
  EXPECT_EQ(tune({"--level", "1.5"}).code, 1);
  EXPECT_EQ(tune({"--sweep", "profiles.nobody.open_orders_max=1:2:1"}).code, 1);
  EXPECT_EQ(tune({"--sweep", "profiles.client=1:2:1"}).code, 1);
  EXPECT_EQ(tune({"--sweep", std::string(kClip) + "=2:1:1"}).code, 1);
  EXPECT_EQ(tune({"--sweep", std::string(kClip) + "=1:2"}).code, 1);
  EXPECT_NE(tune({"--follow", "nobody"}).code, 0);
}

TEST(TuneKeys, NamesMayHavePointsAndAStarIsEveryName) {
  Json json =
      config::parse_json(
          R"({"a": {"x.y": {"n": "1"}, "x": {"n": "2", "y": {"n": "3"}}}, "b": {"x": {"n": 4}}})")
          .json;
  const auto count = [&](const char* path) { return gateway::members_at(json, path).size(); };
  EXPECT_EQ(count("a.x.n"), 1U);
  EXPECT_EQ(count("a.x.y.n"), 2U);
  EXPECT_EQ(count("*.x.n"), 2U);
  EXPECT_EQ(count("a.*.n"), 2U);
  EXPECT_EQ(count("a.z.n"), 0U);
  EXPECT_EQ(count(""), 0U);
  const gateway::TuneKey key = gateway::parse_key("process.json:capacities.orders");
  EXPECT_EQ(key.file, "process.json");
  EXPECT_EQ(key.path, "capacities.orders");
  EXPECT_EQ(gateway::parse_key("profiles.a.clip").file, "limits.json");
}

TEST(TuneKeys, ASweepsValuesAreExact) {
  const gateway::SweepAxis axis = gateway::parse_sweep("profiles.a.collar=0.01:0.05:0.015");
  EXPECT_EQ(axis.key, "profiles.a.collar");
  EXPECT_EQ(axis.values, (std::vector<std::string>{"0.01", "0.025", "0.04"}));
  EXPECT_EQ(gateway::parse_sweep("limits.json:x=5:5:1").values, std::vector<std::string>{"5"});
  EXPECT_EQ(gateway::parse_sweep("limits.json:x=5:5:1").key, "limits.json:x");
  EXPECT_THROW((void)gateway::parse_sweep("x=0:1000:1"), std::runtime_error);
}

}  // namespace
}  // namespace portcullis::test::tune_command_test
