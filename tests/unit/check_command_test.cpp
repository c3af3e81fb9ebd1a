#include "gateway/commands/check.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/command_line.h"
#include "tests/support/example_config.h"

namespace portcullis::gateway::check_command_test {
namespace {

test::Outcome run(const std::vector<std::string>& arguments) {
  return test::run_command(add_check_command, arguments);
}

// A copy of the example that a test may change.
class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("portcullis-check-" + name())) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directory(path_);
    for (const auto& [file, text] : test::read_example()) write(file, text);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  void write(const std::string& file, const std::string& text) const {
    std::ofstream(path_ / file, std::ios::binary) << text;
  }
  void change(const test::Change& change) const {
    test::Texts texts = test::read_example();
    test::apply(texts, change);
    write(change.file, texts[change.file]);
  }
  [[nodiscard]] std::string path(const std::string& file = "") const { return path_ / file; }

 private:
  static std::string name() {
    return testing::UnitTest::GetInstance()->current_test_info()->name();
  }
  std::filesystem::path path_;
};

TEST(CheckCommand, SummarisesAGoodFolder) {
  const std::string folder = test::example_folder();
  const test::Outcome outcome =
      run({"check", "--config", folder, "--load", folder + "/demo-state.json"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_TRUE(outcome.out.starts_with("ok: version 1, hash ")) << outcome.out;
  EXPECT_NE(outcome.out.find("4 instruments, 3 assets"), std::string::npos) << outcome.out;
}

TEST(CheckCommand, WarnsWhereNobodyMayResume) {
  const auto warned = [](const std::string& role) {
    const Folder folder;
    folder.change({test::Change::Kind::Add, "process.json", "control",
                   R"({"port":0,"tls":null,"connections_max":8,"requests_per_second_max":20,
                       "what_if_orders_max":4,"rejects_kept":100,"request_timeout_ms":5000,
                       "send_buffer_bytes":65536,"tokens":{"anna":{"role":"operator",
                       "token_sha256":")" +
                       std::string(64, '1') + R"("},"bert":{"role":")" + role +
                       R"(","token_sha256":")" + std::string(64, '2') + R"("}}})"});
    const test::Outcome outcome = run({"check", "--config", folder.path()});
    EXPECT_EQ(outcome.code, 0) << outcome.out;
    return outcome.out.find("warning: process.json: control.tokens: none is an approver's") !=
           std::string::npos;
  };
  EXPECT_TRUE(warned("risk"));
  EXPECT_FALSE(warned("approver"));
}

// Cores that no machine has are no problem here: they must be there where the gate starts.
TEST(CheckCommand, WarnsWhereAnotherThreadIsSetToTheCoreOfAShardThatSpins) {
  const auto warnings = [](const std::string& waiting, const std::string& cores) {
    const Folder folder;
    test::Texts texts = test::read_example();
    test::apply(texts, {test::Change::Kind::Set, "process.json", "gateway.waiting", waiting});
    test::apply(texts, {test::Change::Kind::Add, "process.json", "gateway.cores", cores});
    folder.write("process.json", texts["process.json"]);
    const test::Outcome outcome = run({"check", "--config", folder.path()});
    EXPECT_EQ(outcome.code, 0) << outcome.out;
    const std::size_t first = outcome.out.find("warning: ");
    return first == std::string::npos ? "" : outcome.out.substr(first);
  };
  const std::string shared = R"({"shard": 1023, "journal": 1022, "follower": [1021, 1023]})";
  EXPECT_EQ(warnings("\"spin\"", shared),
            "warning: process.json: gateway.cores.follower: 1023: is the shard's core too, which "
            "spins there (gateway.waiting): each keeps the other waiting\n");
  EXPECT_EQ(warnings("\"backoff\"", shared), "");
  EXPECT_EQ(warnings("\"spin\"", R"({"shard": 1023, "journal": 1022, "follower": 1022})"), "");
}

TEST(CheckCommand, NamesTheSourcesOfPrices) {
  const std::string none = run({"check", "--config", Folder().path()}).out;
  EXPECT_EQ(none.find("  source "), std::string::npos) << none;
  const auto sources = [](const test::Texts& texts) {
    const Folder folder;
    folder.write("feeds.json", texts.at("feeds.json"));
    const test::Outcome outcome = run({"check", "--config", folder.path()});
    EXPECT_EQ(outcome.code, 0) << outcome.out;
    return outcome.out.substr(outcome.out.find("  source "));
  };
  EXPECT_TRUE(sources(test::read_example_with_live_sources())
                  .starts_with("  source own: lines of the venue own, listens at 127.0.0.1:26410\n"
                               "  source binance: binance of the venue binance, "
                               "wss://fstream.binance.com/ws\n"
                               "  source bybit: bybit of the venue bybit, "
                               "wss://stream.bybit.com/v5/public/linear\n"
                               "  source deribit: deribit of the venue deribit, "
                               "wss://www.deribit.com:443/ws/api/v2\n"));
  EXPECT_NE(sources(test::read_example_with_references()).find("of the venue own, /"),
            std::string::npos);
}

TEST(CheckCommand, PrintsEveryProblemAndExitsWithOne) {
  const Folder folder;
  folder.change({test::Change::Kind::Set, "process.json", "gateway.port", "-1"});
  folder.change({test::Change::Kind::Set, "margin.json", "groups.fx.kappa", "\"2\""});
  const test::Outcome outcome = run({"check", "--config", folder.path()});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.out,
            "margin.json: groups.fx.kappa: \"2\": must be from 0 to 1\n"
            "process.json: gateway.port: -1: must be a whole number from 0 to 65535\n"
            "2 problems\n");
}

TEST(CheckCommand, ChecksTheFilesOfStateAndCommandsToo) {
  const Folder folder;
  folder.write("state.json", R"({"as_of": "2026-01-05T00:00:00Z", "by": "x", "balances": [],
                                 "positions": [{}]})");
  folder.write("commands.json", R"({"by": "x", "commands": [{"action": "kill", "node": "none"}]})");
  const test::Outcome outcome =
      run({"check", "--config", folder.path(), "--load", folder.path("state.json"), "--commands",
           folder.path("commands.json")});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(
      outcome.out,
      "state.json: positions[0].account: is missing\n"
      "state.json: positions[0].instrument: is missing\n"
      "commands.json: commands[0].node: \"none\": must be the name of the venue, a member or a "
      "group\n"
      "3 problems\n");
}

TEST(CheckCommand, SaysSoWhenThereIsNoSuchFolder) {
  const test::Outcome outcome = run({"check", "--config", "/does/not/exist"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.out.find("7 problems"), std::string::npos);
  EXPECT_NE(run({"check"}).code, 0);
}

}  // namespace
}  // namespace portcullis::gateway::check_command_test
