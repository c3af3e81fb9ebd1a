// `portcullis margin` as a program: files and standard input, answers and errors, exit codes.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "config/json.h"
#include "tests/support/example_config.h"
#include "tests/support/paths.h"
#include "tests/support/process.h"
#include "tests/support/shipped_models.h"

namespace portcullis::test::margin_test {
namespace {

Outcome margin(const std::string& input, const std::string& options) {
  return run_to_end({"/bin/sh", "-c",
                     fmt::format("printf '%s' '{}' | {} margin --config {}/tests/data/small {}",
                                 input, test::binary(), test::source_dir(), options)});
}

const std::string kOne =
    R"({"name":"one","assets":{"USD":{"index":1,"balance":100}},)"
    R"("instruments":{"BTC-PERP":{"mark":100,"position":1,"entry":100}},)"
    R"("what_if":[{"instrument":"BTC-PERP","side":"buy","quantity":"3","price":"100"}]})";

TEST(MarginProgram, AnswersWhatItReadsFromItsStandardInput) {
  const Outcome outcome = margin(kOne, "--portfolio - --json");
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_EQ(outcome.errors, "");
  EXPECT_NE(outcome.out.find(R"("requirement":"30","available":"70")"), std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.out.find(R"("reason":"margin","level":"account","of":"alpha","unit":"value",)"
                             R"("limit":"0","needed":"90","available":"70","shortfall":"20",)"
                             R"("largest_passing":"2")"),
            std::string::npos)
      << outcome.out;
}

TEST(MarginProgram, TellsWhatIsWrongAndAnswersTheRest) {
  const Outcome outcome = margin("{\"name\":\"none\",\"accounts\":1}\n" + kOne, "--portfolio -");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.errors, "line 1, none: accounts: \"1\": is no key that is known here\n");
  EXPECT_EQ(outcome.out.find("one: account alpha, normal\n"), 0u) << outcome.out;
}

TEST(MarginProgram, AnswersForEachShippedModel) {
  ASSERT_FALSE(shipped_models().empty());
  for (const std::string& model : shipped_models()) {
    const std::string folder = shipped_folder(model).string();
    const std::string file = folder + "/portfolio.json";
    const Outcome outcome =
        run_to_end({test::binary(), "margin", "--config", folder, "--portfolio", file, "--json"});
    EXPECT_EQ(outcome.code, 0) << model << outcome.errors;
    EXPECT_EQ(outcome.errors, "") << model;
    EXPECT_EQ(outcome.out, config::to_text(margin_answer(model, read_file(file))) + "\n") << model;
    EXPECT_EQ(outcome.out.find(R"("requirement":"0","available")"), std::string::npos) << model;
  }
}

TEST(MarginProgram, NeedsItsOptions) {
  EXPECT_NE(margin("", "").code, 0);
  EXPECT_EQ(margin("", "--portfolio /does/not/exist").code, 1);
}

}  // namespace
}  // namespace portcullis::test::margin_test
