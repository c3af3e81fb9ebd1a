#include "gateway/commands/calibrate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "config/load.h"
#include "feeds/calibration/day.h"
#include "gateway/commands/check.h"
#include "gateway/commands/json_edit.h"
#include "tests/support/command_line.h"
#include "tests/support/example_config.h"
#include "tests/support/paths.h"

namespace portcullis::gateway::calibrate_command_test {
namespace {

using config::Json;

// Prices that nobody paid: 600 days of one factor with another's moves in it.
std::string history(std::uint64_t seed, double size, int days = 600) {
  std::string text = "Date,Adj_Close\n";
  double price = 100;
  for (int day = 0; day < days; ++day) {
    text += feeds::calibration::to_text(18'000 + day) + "," + std::to_string(price) + "\n";
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    const auto draw = static_cast<double>(static_cast<std::int64_t>(seed >> 33U) % 2'001 - 1'000);
    price *= 1 + size * (draw + (day % 97 == 0 ? 2'500 : 0) * (draw < 0 ? -1 : 1)) / 1'000;
  }
  return text;
}

class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("portcullis-calibrate-" + name())) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_ / "prices");
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  void write(const std::string& file, const std::string& text) const {
    std::ofstream(path_ / file, std::ios::binary) << text;
  }
  // BTC, ETH and EUR.
  void write_prices() const {
    write("prices/BTC.csv", history(1, 0.03));
    write("prices/ETH.csv", history(2, 0.04));
    write("prices/EUR.csv", history(3, 0.005));
  }
  [[nodiscard]] std::string at(const std::string& file) const { return path_ / file; }
  [[nodiscard]] std::string read(const std::string& file) const {
    return test::read_file(path_ / file);
  }
  [[nodiscard]] bool has(const std::string& file) const {
    return std::filesystem::exists(path_ / file);
  }
  [[nodiscard]] test::Outcome calibrate(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{"calibrate", "--prices", at("prices"), "--out",
                                       at("out.json")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return test::run_command(add_calibrate_command, arguments);
  }
  [[nodiscard]] Json out() const {
    const config::JsonResult parsed = config::parse_json(read("out.json"));
    EXPECT_EQ(parsed.error, "");
    return parsed.json;
  }

 private:
  static std::string name() {
    return testing::UnitTest::GetInstance()->current_test_info()->name();
  }
  std::filesystem::path path_;
};

std::int64_t shock_of(const Json& out, const std::string& factor) {
  return out.find("factors")->find(factor)->find("shock_ppm")->integer;
}

TEST(CalibrateCommand, WritesEvidenceAndTheSameOneAgain) {
  const Folder folder;
  folder.write_prices();
  const test::Outcome outcome = folder.calibrate({"--report", folder.at("report")});
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_TRUE(outcome.out.starts_with("3 factors, 599 joint rows, 2019-04-15 to 2020-12-03\n"))
      << outcome.out;
  const Json out = folder.out();
  EXPECT_EQ(out.find("calibration")->integer, 1);
  EXPECT_EQ(out.find("factors")->members.size(), 3u);
  EXPECT_GT(shock_of(out, "BTC"), 20'000);
  EXPECT_GT(shock_of(out, "ETH"), shock_of(out, "EUR"));
  EXPECT_EQ(out.find("inputs")->items.at(0).find("sha256")->text.size(), 64u);
  const std::string before = folder.read("out.json");
  const std::string page = folder.read("report/calibration.html");
  EXPECT_EQ(folder.calibrate({"--report", folder.at("report")}).code, 0);
  EXPECT_EQ(folder.read("out.json"), before);
  EXPECT_EQ(folder.read("report/calibration.html"), page);
}

TEST(CalibrateCommand, TakesColumnsUnderOtherNamesAndAPeriod) {
  const Folder folder;
  folder.write_prices();
  std::string table = "Date,USD,JPY,\n";
  for (int day = 599; day >= 0; --day) {
    table += feeds::calibration::to_text(18'000 + day) + ",1." + std::to_string(day % 7) + "," +
             (day == 300 ? "N/A" : "15" + std::to_string(day % 5)) + ",\n";
  }
  folder.write("prices/ecb.csv", table);
  // A table of more is no history of one, and says so.
  const test::Outcome all = folder.calibrate();
  EXPECT_EQ(all.code, 0);
  EXPECT_NE(all.errors.find("not read: ecb.csv: has 3 columns; --series NAME=ecb.csv:COLUMN"),
            std::string::npos)
      << all.errors;
  const test::Outcome outcome =
      folder.calibrate({"--series", "DOLLAR=ecb:USD", "--series", "YEN=ecb.csv:USD/JPY", "--series",
                        "X=BTC", "--to", "2020-11-01", "--from", "2019-05-01"});
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  const Json out = folder.out();
  ASSERT_EQ(out.find("factors")->members.size(), 3u);
  EXPECT_EQ(out.find("factors")->members[1].name, "YEN");
  EXPECT_EQ(out.find("factors")->find("YEN")->find("without_price")->integer, 1);
  EXPECT_EQ(out.find("factors")->find("YEN")->find("days_kept_off")->integer, 1);
  EXPECT_EQ(out.find("factors")->find("X")->find("first")->text, "2019-05-01");
  EXPECT_EQ(out.find("factors")->find("X")->find("last")->text, "2020-11-01");
}

TEST(CalibrateCommand, TellsEveryProblemAndWritesNothing) {
  const Folder folder;
  folder.write_prices();
  folder.write("prices/BTC.csv", "Date,A\n2020-01-01,1\n2020-01-02,-5\n2020-01-02,1\n");
  folder.write("prices/a b.csv", "Date,A\n2020-01-01,1\n");
  const test::Outcome outcome = folder.calibrate({"--report", folder.at("report")});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.errors,
            "BTC.csv: line 3: \"-5\": must be above zero\n"
            "BTC.csv: line 4: \"2020-01-02\": is there twice\n"
            "a b.csv: \"a b\": a name must have 1 to 32 printable ASCII characters without spaces, "
            "commas and quotes: give it one with --series\n");
  EXPECT_EQ(outcome.out, "");
  EXPECT_FALSE(folder.has("out.json"));
  EXPECT_FALSE(folder.has("report"));
}

TEST(CalibrateCommand, TellsWhatIsWrongWithItsOptions) {
  const Folder folder;
  folder.write_prices();
  const auto errors = [&](const std::vector<std::string>& more) {
    const test::Outcome outcome = folder.calibrate(more);
    EXPECT_EQ(outcome.code, 1);
    EXPECT_FALSE(folder.has("out.json"));
    return outcome.errors;
  };
  EXPECT_EQ(errors({"--series", "BTC"}),
            "--series: \"BTC\": must be NAME=FILE[:COLUMN[/DIVISOR]]\n");
  EXPECT_EQ(errors({"--series", "BTC=../BTC"}),
            "--series: \"BTC=../BTC\": must be NAME=FILE[:COLUMN[/DIVISOR]]\n");
  EXPECT_EQ(errors({"--series", "A=BTC", "--series", "A=ETH"}),
            "ETH.csv: \"A\": another history has this name\n");
  EXPECT_EQ(errors({"--series", "A=none"}), "none.csv: cannot be read\n");
  EXPECT_EQ(errors({"--from", "2020-13-01"}), "--from: 2020-13-01: is no date as 2020-03-12\n");
  EXPECT_EQ(errors({"--step-max", "1"}), "--step-max: 1: must be more than 0 and less than 1\n");
  EXPECT_EQ(errors({"--from", "2020-12-01", "--series", "A=BTC"}),
            "A: has 2 returns over the days that count, fewer than 250\n");
  EXPECT_EQ(errors({"--previous", folder.at("none.json")}).empty(), false);
  folder.write("old", "");
  EXPECT_EQ(errors({"--base", test::example_folder(), "--candidate", folder.at("old")}),
            "--candidate: " + folder.at("old") + ": is there already and not an empty folder\n");
  EXPECT_NE(folder.calibrate({"--base", test::example_folder()}).code, 0);
  EXPECT_NE(folder.calibrate({"--horizon", "0"}).code, 0);
  std::filesystem::create_directory(folder.at("empty"));
  const test::Outcome empty = test::run_command(
      add_calibrate_command,
      {"calibrate", "--prices", folder.at("empty"), "--out", folder.at("out.json")});
  EXPECT_EQ(empty.errors, folder.at("empty") + ": has no .csv file with a date and a price\n");
}

TEST(CalibrateCommand, StepsFromTheFileItWroteBefore) {
  const Folder folder;
  folder.write_prices();
  ASSERT_EQ(folder.calibrate().code, 0);
  const Json first = folder.out();
  std::filesystem::rename(folder.at("out.json"), folder.at("before.json"));
  folder.write("prices/BTC.csv", history(1, 0.09));  // three times as wild
  ASSERT_EQ(folder.calibrate({"--previous", folder.at("before.json")}).code, 0);
  const std::int64_t before = shock_of(first, "BTC");
  EXPECT_EQ(shock_of(folder.out(), "BTC"), (before * 11 + 9) / 10);
  EXPECT_EQ(folder.out().find("factors")->find("BTC")->find("previous_ppm")->integer, before);
  EXPECT_EQ(shock_of(folder.out(), "EUR"), shock_of(first, "EUR"));
  ASSERT_EQ(folder.calibrate({"--previous", folder.at("before.json"), "--step-max", "0.5"}).code,
            0);
  EXPECT_EQ(shock_of(folder.out(), "BTC"), (before * 15 + 9) / 10);
  std::filesystem::remove(folder.at("out.json"));

  const auto errors = [&](const std::string& text, const std::vector<std::string>& more = {}) {
    folder.write("p.json", text);
    std::vector<std::string> arguments{"--previous", folder.at("p.json")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const test::Outcome outcome = folder.calibrate(arguments);
    EXPECT_EQ(outcome.code, 1);
    EXPECT_FALSE(folder.has("out.json"));
    return outcome.errors.substr(std::min(outcome.errors.size(), folder.at("p.json").size()));
  };
  EXPECT_EQ(errors("{}"), ": calibration: must be 1: a file that calibrate has written\n");
  EXPECT_EQ(errors("{\"calibration\": 1}"),
            ": settings.horizon_days: must be 1, the margin period of now\n" + folder.at("p.json") +
                ": factors: is missing\n");
  EXPECT_EQ(errors(R"({"calibration": 1, "settings": {"horizon_days": 1},
                       "factors": {"BTC": {"shock_ppm": 0}}})"),
            ": factors.BTC.shock_ppm: 0: must be a whole number of ppm from 1 to 100000000\n");
  EXPECT_TRUE(errors("{").starts_with(": is no JSON: "));
  EXPECT_EQ(errors(folder.read("before.json"), {"--horizon", "2"}),
            ": settings.horizon_days: 1: must be 2, the margin period of now\n");
}

// --- candidates

const std::vector<std::string> kKeep{"--keep", "AMZN", "--keep", "USDC"};

std::vector<std::string> candidate_options(const Folder& folder, const std::string& base) {
  return {"--base", base, "--candidate", folder.at("candidate")};
}

std::vector<std::string> operator+(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::int64_t ppm_at(Json& document, const std::string& path) {
  const Json* const value = test::find(document, path);
  if (value == nullptr) {
    ADD_FAILURE() << "there is no " << path;
    return -1;
  }
  return std::llround(std::stod(value->text) * 1e6);
}

TEST(CalibrateCommand, MakesACandidateThatLoads) {
  const Folder folder;
  folder.write_prices();
  const test::Outcome outcome =
      folder.calibrate(candidate_options(folder, test::example_folder()) + kKeep +
                       std::vector<std::string>{"--report", folder.at("report")});
  ASSERT_EQ(outcome.code, 0) << outcome.errors;
  const config::LoadResult loaded = config::load(folder.at("candidate"));
  ASSERT_TRUE(loaded.ok()) << test::problems_text(loaded);
  EXPECT_EQ(
      test::run_command(add_check_command, {"check", "--config", folder.at("candidate")}).code, 0);
  const config::LoadResult base = config::load(test::example_folder());
  EXPECT_EQ(loaded.deployment.parameters.version, base.deployment.parameters.version + 1);
  EXPECT_EQ(loaded.deployment.names.factors.names(), base.deployment.names.factors.names());

  const Json out = folder.out();
  Json margin = config::parse_json(folder.read("candidate/margin.json")).json;
  // The shock in four whole steps, and no more than that above it.
  const auto range = [&](const std::string& path) {
    return ppm_at(margin, "sets.range.groups." + path);
  };
  const auto expect_range = [](std::int64_t grid, std::int64_t shock, std::int64_t steps) {
    EXPECT_EQ(grid % steps, 0);
    EXPECT_GE(grid, shock);
    EXPECT_LT(grid, shock + steps);
  };
  expect_range(range("crypto.grid.range.BTC"), shock_of(out, "BTC"), 4);
  expect_range(range("crypto.grid.range.ETH"), shock_of(out, "ETH"), 4);
  expect_range(range("fx.grid.range"), shock_of(out, "EUR"), 2);
  EXPECT_EQ(range("equity.grid.range"), 150'000);  // kept
  EXPECT_NE(test::find(margin, "sets.extreme.columns.usdc_depeg"), nullptr);
  // Against each other by no more than the shocks, both ways.
  const std::int64_t apart =
      ppm_at(margin, "sets.calibrated_apart.groups.crypto.columns.BTC up, ETH down.BTC");
  EXPECT_GT(apart, 0);
  EXPECT_LE(apart, shock_of(out, "BTC"));
  EXPECT_EQ(ppm_at(margin, "sets.calibrated_apart.groups.crypto.columns.ETH up, BTC down.BTC"),
            -apart);
  EXPECT_EQ(test::find(margin, "sets.calibrated_breaks.action")->text, "warn");
  EXPECT_EQ(ppm_at(margin, "sets.calibrated_breaks.columns.all down.ETH"), -shock_of(out, "ETH"));
  EXPECT_EQ(ppm_at(margin, "sets.calibrated_breaks.columns.crypto down, rest up.BTC"),
            -shock_of(out, "BTC"));
  EXPECT_EQ(ppm_at(margin, "sets.calibrated_breaks.columns.crypto down, rest up.EUR"),
            shock_of(out, "EUR"));
  EXPECT_EQ(test::find(margin, "sets.calibrated_history.history.columns")->integer, 500);
  // 500 rows and the head, the newest last.
  const std::string rows = folder.read("candidate/calibrated.csv");
  EXPECT_EQ(std::count(rows.begin(), rows.end(), '\n'), 501);
  EXPECT_TRUE(rows.starts_with("date,BTC,ETH,EUR\n"));
  EXPECT_NE(rows.find("\n2020-12-03,"), std::string::npos);

  Json assets = config::parse_json(folder.read("candidate/assets.json")).json;
  const auto number = [&](const std::string& factor, const std::string& key) {
    return out.find("factors")->find(factor)->find(key)->integer;
  };
  EXPECT_EQ(ppm_at(assets, "assets.BTC.haircut_tiers[0].residual_haircut"),
            number("BTC", "residual_haircut_ppm"));
  // The second tier is still 0.15 above the first.
  EXPECT_EQ(ppm_at(assets, "assets.BTC.haircut_tiers[1].residual_haircut"),
            number("BTC", "residual_haircut_ppm") + 150'000);
  EXPECT_EQ(ppm_at(assets, "assets.BTC.debt_addon"), number("BTC", "debt_addon_ppm"));
  EXPECT_EQ(ppm_at(assets, "assets.USDC.haircut_tiers[0].haircut"), 50'000);  // kept

  // What has nothing to do with it is as it was.
  for (const char* file : {"process.json", "instruments.json", "feeds.json", "sessions.json"})
    EXPECT_EQ(folder.read(std::string("candidate/") + file),
              test::read_file(test::example_folder() / file));
  EXPECT_NE(folder.read("report/calibration.md").find("| margin.json | sets.range.groups.fx.grid"),
            std::string::npos);

  // A candidate is a base of the next one, which changes nothing but its version.
  std::filesystem::rename(folder.at("candidate"), folder.at("first"));
  ASSERT_EQ(folder.calibrate(candidate_options(folder, folder.at("first")) + kKeep).code, 0);
  for (const char* file : {"margin.json", "assets.json", "calibrated.csv"})
    EXPECT_EQ(folder.read(std::string("candidate/") + file),
              folder.read(std::string("first/") + file));
}

TEST(CalibrateCommand, LowersCollarsThatTheShockNoLongerPaysFor) {
  const Folder folder;
  folder.write_prices();
  ASSERT_EQ(folder.calibrate(candidate_options(folder, test::example_folder()) + kKeep).code, 0);
  Json limits = config::parse_json(folder.read("candidate/limits.json")).json;
  Json before = config::parse_json(test::read_file(test::example_folder() / "limits.json")).json;
  const std::string path = "profiles.venue.instruments.EUR/USD.collar";
  EXPECT_LT(ppm_at(limits, path), ppm_at(before, path));
  EXPECT_GT(ppm_at(limits, path), 0);
  const std::string other = "profiles.venue.instruments.AMZN.collar";
  EXPECT_EQ(ppm_at(limits, other), ppm_at(before, other));
}

TEST(CalibrateCommand, MakesACandidateOfAModelWithAHistory) {
  const Folder folder;
  std::uint64_t seed = 10;
  for (const char* name : {"BTC", "ETH", "SPY", "QQQ", "EEM", "IEF", "GLD", "DBC"}) {
    ++seed;
    folder.write("prices/" + std::string(name) + ".csv", history(seed, 0.02));
  }
  const std::string base = test::source_dir() + "/config/models/es_frtb";
  const test::Outcome outcome = folder.calibrate(candidate_options(folder, base));
  ASSERT_EQ(outcome.code, 0) << outcome.errors;
  const config::LoadResult loaded = config::load_model(folder.at("candidate"));
  ASSERT_TRUE(loaded.ok()) << test::problems_text(loaded);
  Json margin = config::parse_json(folder.read("candidate/margin.json")).json;
  EXPECT_EQ(test::find(margin, "sets.imcc.history.columns")->integer, 200);
  EXPECT_EQ(test::find(margin, "sets.calibrated_history"), nullptr);
  const std::string rows = folder.read("candidate/returns.csv");
  EXPECT_EQ(std::count(rows.begin(), rows.end(), '\n'), 201);
  EXPECT_TRUE(rows.starts_with("date,BTC,ETH,SPY,QQQ,EEM,IEF,GLD,DBC\n2020-05-18,"))
      << rows.substr(0, 60);
  EXPECT_GT(ppm_at(margin, "sets.calibrated_range.groups.rates.grid.range"), 0);
  EXPECT_FALSE(folder.has("candidate/README.md"));
  Json limits = config::parse_json(folder.read("candidate/limits.json")).json;
  EXPECT_LE(ppm_at(limits, "profiles.trader.leverage_max"), 50'000'000);
  EXPECT_EQ(test::find(limits, "profiles.house.leverage_max")->kind, Json::Kind::Null);

  std::filesystem::rename(folder.at("candidate"), folder.at("first"));
  ASSERT_EQ(folder.calibrate(candidate_options(folder, folder.at("first"))).code, 0);
  for (const char* file : {"margin.json", "assets.json", "returns.csv"})
    EXPECT_EQ(folder.read(std::string("candidate/") + file),
              folder.read(std::string("first/") + file));

  std::filesystem::remove_all(folder.at("candidate"));
  ASSERT_EQ(
      folder.calibrate(candidate_options(folder, base) + std::vector<std::string>{"--rows", "300"})
          .code,
      0);
  margin = config::parse_json(folder.read("candidate/margin.json")).json;
  EXPECT_EQ(test::find(margin, "sets.imcc.history.columns")->integer, 300);
}

// The README's command, on the recorded histories.
TEST(CalibrateCommand, TurnsTheRecordedHistoriesIntoAConfiguration) {
  const char* const data = std::getenv("PORTCULLIS_DATA");  // NOLINT(concurrency-mt-unsafe)
  if (data == nullptr) GTEST_SKIP() << "PORTCULLIS_DATA is not set";
  const Folder folder;
  const std::vector<std::string> series{"--series",    "BTC=BTC-USD", "--series",
                                        "ETH=ETH-USD", "--series",    "EUR=eurofxref-hist:USD"};
  const test::Outcome outcome = test::run_command(
      add_calibrate_command,
      std::vector<std::string>{"calibrate", "--prices", std::string(data) + "/history", "--out",
                               folder.at("out.json"), "--to", "2025-09-30", "--report",
                               folder.at("report")} +
          series + candidate_options(folder, test::example_folder()) + kKeep);
  ASSERT_EQ(outcome.code, 0) << outcome.errors;
  const test::Outcome checked =
      test::run_command(add_check_command, {"check", "--config", folder.at("candidate")});
  EXPECT_EQ(checked.code, 0) << checked.out;
  // What the README shows of it, line for line.
  const std::string readme = test::read_file(test::source_dir() + "/README.md");
  EXPECT_NE(readme.find(outcome.out), std::string::npos) << outcome.out;
  EXPECT_NE(readme.find(outcome.errors), std::string::npos) << outcome.errors;
  EXPECT_EQ(folder.read("report/EUR-returns.svg"),
            test::read_file(test::source_dir() + "/feeds/calibration/eur-usd.svg"));
}

TEST(CalibrateCommand, RefusesACandidateThatWouldBeGuessed) {
  const Folder folder;
  folder.write_prices();
  const auto errors = [&](const std::string& base, const std::vector<std::string>& more) {
    const test::Outcome outcome = folder.calibrate(candidate_options(folder, base) + more);
    EXPECT_EQ(outcome.code, 1);
    EXPECT_FALSE(folder.has("out.json"));
    EXPECT_FALSE(folder.has("candidate"));
    return outcome.errors;
  };
  const std::string demo = test::example_folder();
  EXPECT_EQ(errors(demo, {"--keep", "USDC", "--keep", "BTC", "--keep", "X"}),
            "--keep: \"BTC\": has a history\n"
            "margin.json: groups: \"AMZN\": has no price history: name one with --series, or keep "
            "its shocks with --keep\n"
            "--keep: \"X\": is no factor of margin.json\n");
  EXPECT_EQ(errors(demo, kKeep + std::vector<std::string>{"--set", "extreme"}),
            "--set: \"extreme\": is no set of margin.json with a grid\n");
  EXPECT_EQ(errors(folder.at("prices"), {}), folder.at("prices") + ": has no assets.json\n");
  // What the base itself has wrong.
  std::filesystem::copy(demo, folder.at("wrong"));
  test::Texts texts = test::read_example();
  test::apply(texts, {test::Change::Kind::Set, "margin.json", "groups.fx.kappa", "\"2\""});
  folder.write("wrong/margin.json", texts["margin.json"]);
  EXPECT_EQ(errors(folder.at("wrong"), kKeep),
            "margin.json: groups.fx.kappa: \"2\": must be from 0 to 1\n");
}

// --- the report

TEST(CalibrateCommand, ReportsOnOnePageThatNeedsNothingElse) {
  const Folder folder;
  folder.write_prices();
  std::string wild = history(5, 0.02);
  wild.replace(wild.find("2020-01-01,"), 11, "2020-01-01,9");  // a digit too many
  folder.write("prices/W<x>.csv", wild);
  const test::Outcome outcome = folder.calibrate({"--report", folder.at("report")});
  ASSERT_EQ(outcome.code, 0) << outcome.errors;
  const std::string page = folder.read("report/calibration.html");
  for (const char* outside : {"src=", "href=", "http:", "https:", "url(", "<script", "@import"}) {
    std::string text = page;
    const std::string allowed = "xmlns=\"http://www.w3.org/2000/svg\"";
    for (std::size_t at = text.find(allowed); at != std::string::npos; at = text.find(allowed))
      text.erase(at, allowed.size());
    EXPECT_EQ(text.find(outside), std::string::npos) << outside;
  }
  EXPECT_EQ(page.find("W<x>"), std::string::npos);
  EXPECT_NE(page.find("W&lt;x&gt;"), std::string::npos);
  EXPECT_NE(page.find("on 2020-01-01, from "), std::string::npos);  // the finding
  // Three plots a factor, the matrix and the rolling correlations, and none without a number in it.
  std::size_t plots = 0;
  for (std::size_t at = page.find("<svg"); at != std::string::npos; at = page.find("<svg", at + 1))
    ++plots;
  EXPECT_EQ(plots, 4u * 3 + 2);
  EXPECT_EQ(page.find("nan"), std::string::npos);
  EXPECT_EQ(page.find("inf\""), std::string::npos);
  const std::string markdown = folder.read("report/calibration.md");
  std::size_t pictures = 0;
  for (std::size_t at = markdown.find("](");; ++pictures) {
    if (at == std::string::npos) break;
    const std::string file = markdown.substr(at + 2, markdown.find(')', at) - at - 2);
    EXPECT_TRUE(folder.has("report/" + file)) << file;
    at = markdown.find("](", at + 1);
  }
  EXPECT_EQ(pictures, plots);
}

TEST(CalibrateCommand, ReportsOneFactorThatNeverMoved) {
  const Folder folder;
  folder.write("prices/FLAT.csv", history(1, 0));
  const test::Outcome outcome = folder.calibrate({"--report", folder.at("report")});
  ASSERT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_EQ(shock_of(folder.out(), "FLAT"), 1);
  EXPECT_NE(outcome.errors.find("600 prices alike"), std::string::npos);
  EXPECT_EQ(folder.read("report/calibration.html").find("nan"), std::string::npos);
}

}  // namespace
}  // namespace portcullis::gateway::calibrate_command_test
