// process.json, "control".
#include <gtest/gtest.h>

#include <algorithm>

#include "config/load.h"
#include "tests/support/example_config.h"

namespace portcullis::config::config_control_test {
namespace {

using test::Change;
using enum Change::Kind;

constexpr const char* kFile = "process.json";

class ConfigControl : public testing::Test {
 protected:
  LoadResult load(const std::vector<Change>& changes) const {
    test::Texts texts = test::read_example();
    const std::string fragment =
        test::read_file(test::example_folder().parent_path() / "control" / "process.json");
    const Json control = parse_json(fragment).json;
    test::apply(texts, {Add, kFile, "control", to_text(*control.find("control"))});
    for (const Change& change : changes) test::apply(texts, change);
    return load_texts(texts, test::example_folder());
  }
  static std::string problem(const LoadResult& result) {
    return result.problems.empty() ? "" : to_text(result.problems.front());
  }
};

TEST_F(ConfigControl, TheShippedExampleIsGoodAndHasEveryRole) {
  const LoadResult result = load({});
  ASSERT_TRUE(result.ok()) << problem(result);
  ASSERT_TRUE(result.control.has_value());
  EXPECT_EQ(result.control->address, "127.0.0.1");
  std::vector<Role> roles;
  for (const ControlToken& token : result.control->tokens) roles.push_back(token.role);
  EXPECT_EQ(roles, (std::vector{Role::Viewer, Role::Risk, Role::Approver, Role::Operator}));
}

TEST_F(ConfigControl, OnePersonIsEnoughUnlessItSaysOtherwiseAndOverridesStayADay) {
  const LoadResult plain = load(
      {{Remove, kFile, "control.four_eyes", ""}, {Remove, kFile, "control.override_max_s", ""}});
  ASSERT_TRUE(plain.ok()) << problem(plain);
  EXPECT_FALSE(plain.control->four_eyes);
  EXPECT_EQ(plain.control->override_max_ns, 86'400 * risk::kSecondNs);
  const LoadResult set = load(
      {{Set, kFile, "control.four_eyes", "true"}, {Set, kFile, "control.override_max_s", "60"}});
  ASSERT_TRUE(set.ok()) << problem(set);
  EXPECT_TRUE(set.control->four_eyes);
  EXPECT_EQ(set.control->override_max_ns, 60 * risk::kSecondNs);
  EXPECT_FALSE(load({{Set, kFile, "control.override_max_s", "0"}}).ok());
  EXPECT_FALSE(load({{Set, kFile, "control.four_eyes", "2"}}).ok());
}

TEST_F(ConfigControl, WithoutItThereIsNone) {
  EXPECT_FALSE(load_texts(test::read_example(), test::example_folder()).control.has_value());
  const LoadResult result = load({{Set, kFile, "control", "null"}});
  EXPECT_TRUE(result.ok()) << problem(result);
  EXPECT_FALSE(result.control.has_value());
}

// Tokens come and go while a journal goes on.
TEST_F(ConfigControl, ItIsNoPartOfWhatTheJournalKeeps) {
  const LoadResult without = load_texts(test::read_example(), test::example_folder());
  EXPECT_EQ(load({}).deployment.canonical_text, without.deployment.canonical_text);
}

TEST_F(ConfigControl, ListensOnLoopbackUnlessThereIsTls) {
  const LoadResult left_out = load({{Remove, kFile, "control.address", ""}});
  ASSERT_TRUE(left_out.ok()) << problem(left_out);
  EXPECT_EQ(left_out.control->address, "127.0.0.1");
  for (const char* address : {"\"127.9.9.9\"", "\"::1\""})
    EXPECT_TRUE(load({{Set, kFile, "control.address", address}}).ok()) << address;
  for (const char* address : {"\"0.0.0.0\"", "\"10.0.0.1\"", "\"::\"", "\"2001:db8::1\""}) {
    const LoadResult plain = load({{Set, kFile, "control.address", address}});
    EXPECT_NE(problem(plain).find("loopback"), std::string::npos) << address;
    const LoadResult tls = load(
        {{Set, kFile, "control.address", address},
         {Set, kFile, "control.tls", R"({"certificate_file": "c", "private_key_file": "k"})"}});
    EXPECT_TRUE(tls.ok()) << address << ": " << problem(tls);
  }
}

TEST_F(ConfigControl, AHashIsThatOfOneTokenOnly) {
  const std::string path = "control.tokens.dashboard.token_sha256";
  for (const char* wrong : {"\"\"", "\"12\"", "17"})
    EXPECT_FALSE(load({{Set, kFile, path, wrong}}).ok()) << wrong;
  const std::string upper = '"' + std::string(64, 'A') + '"';
  EXPECT_NE(problem(load({{Set, kFile, path, upper}})).find("hexadecimal"), std::string::npos);
  const std::string taken = '"' + std::string(63, '0') + "2\"";
  EXPECT_NE(problem(load({{Set, kFile, path, taken}})).find("that of"), std::string::npos);
  EXPECT_FALSE(load({{Set, kFile, "control.tokens", "{}"}}).ok()) << "nobody could ask anything";
  const std::string long_name = "control.tokens." + std::string(33, 'n');
  EXPECT_FALSE(load({{Add, kFile, long_name,
                      R"({"role":"risk","token_sha256":")" + std::string(64, '9') + "\"}"}})
                   .ok());
}

}  // namespace
}  // namespace portcullis::config::config_control_test
