// Tokens, their hashes, and who they are.
#include <gtest/gtest.h>

#include <set>

#include "gateway/control/tokens.h"

namespace portcullis::gateway::control::control_token_test {
namespace {

TEST(ControlToken, ItsHashIsItsSha256) {
  // FIPS 180-2, appendix B.1.
  EXPECT_EQ(to_text(hash_of("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(ControlToken, NewOnesAreTokensAndDifferent) {
  std::set<std::string> seen;
  for (int n = 0; n < 100; ++n) {
    const std::string token = new_token();
    EXPECT_TRUE(is_token(token)) << token;
    EXPECT_TRUE(seen.insert(token).second);
  }
}

TEST(ControlToken, OnlyABearerTokenIsLookedAt) {
  const std::string token = "pct_" + std::string(43, 'x');
  EXPECT_EQ(bearer("Bearer " + token), token);
  EXPECT_EQ(bearer("bearer " + token), token) << "schemes have no case (RFC 9110, 11.1)";
  for (const std::string& wrong :
       {std::string(), token, "Basic " + token, std::string("Bearer"), std::string("Bearer "),
        "Bearer  " + token, "Bearer " + token + " ", "Bearer " + token + "x",
        "Bearer pct_" + std::string(42, 'x'), "Bearer pct_" + std::string(42, 'x') + "=",
        "Bearer " + std::string(47, 'x')}) {
    EXPECT_EQ(bearer(wrong), "") << wrong;
  }
}

TEST(ControlToken, IsWhoseHashItHas) {
  const std::string mine = new_token();
  const std::string yours = new_token();
  const std::vector<config::ControlToken> tokens{
      {.name = "mine", .role = config::Role::Risk, .hash = hash_of(mine)},
      {.name = "yours", .role = config::Role::Viewer, .hash = hash_of(yours)}};
  ASSERT_NE(find_token(tokens, mine), nullptr);
  EXPECT_EQ(find_token(tokens, mine)->name, "mine");
  ASSERT_NE(find_token(tokens, yours), nullptr);
  EXPECT_EQ(find_token(tokens, yours)->name, "yours");
  EXPECT_EQ(find_token(tokens, new_token()), nullptr);
  EXPECT_EQ(find_token({}, mine), nullptr);
}

}  // namespace
}  // namespace portcullis::gateway::control::control_token_test
