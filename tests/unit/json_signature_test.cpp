// Signatures against values that were computed by another implementation of HMAC.
#include "gateway/json/signature.h"

#include <gtest/gtest.h>

#include <limits>

namespace portcullis::gateway::json::json_signature_test {
namespace {

// Python: hmac.new(key, text, hashlib.sha256).hexdigest(); the second and third are cases 2 and 6
// of RFC 4231.
TEST(JsonSignature, HmacOfKnownTexts) {
  EXPECT_EQ(hmac_sha256("secret", "GET/realtime1795328580707"),
            "5f51c10c9417d2ba08418b6b53f3b11e43057a482f412542d597eb4241116ace");
  EXPECT_EQ(hmac_sha256("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hmac_sha256(std::string(131, '\xAA'),
                        "Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(hmac_sha256(std::string(200, 'k'), "GET/realtime0"),
            "91f80e3922e7f8f388d12ed9f87b2ca2066b8359d77393e96065570e7ef472ef");
}

TEST(JsonSignature, OfAnAuth) {
  constexpr std::string_view kRight =
      "5f51c10c9417d2ba08418b6b53f3b11e43057a482f412542d597eb4241116ace";
  EXPECT_TRUE(is_auth_signature("secret", 1795328580707, kRight));
  EXPECT_FALSE(is_auth_signature("secret", 1795328580708, kRight));
  EXPECT_FALSE(is_auth_signature("secreT", 1795328580707, kRight));
  EXPECT_FALSE(is_auth_signature("secret", 1795328580707, ""));
  EXPECT_FALSE(is_auth_signature("secret", 1795328580707, kRight.substr(1)));
  EXPECT_FALSE(is_auth_signature("secret", 1795328580707, std::string(kRight) + "0"));
  for (std::size_t i = 0; i < kRight.size(); ++i) {
    std::string wrong(kRight);
    wrong[i] = wrong[i] == '0' ? '1' : '0';
    EXPECT_FALSE(is_auth_signature("secret", 1795328580707, wrong)) << i;
  }
}

TEST(JsonSignature, OfAQuery) {
  constexpr std::string_view kRight =
      "2e26bd3ed9996cde60ba0db79762b77293bd4264613caab8550c971b3b940452";
  EXPECT_TRUE(is_query_signature("secret", "1795328571062", "key-1", "5000",
                                 "category=linear&symbol=BTCUSDT", kRight));
  EXPECT_FALSE(is_query_signature("secret", "1795328571062", "key-1", "5000",
                                  "category=linear&symbol=BTCUSDC", kRight));
  EXPECT_FALSE(is_query_signature("secret", "1795328571062", "key-2", "5000",
                                  "category=linear&symbol=BTCUSDT", kRight));
  EXPECT_FALSE(is_query_signature("secret", "1795328571062", "key-1", "5001",
                                  "category=linear&symbol=BTCUSDT", kRight));
  EXPECT_TRUE(
      is_query_signature("secret", "1795328571062", "key-1", "5000", "",
                         "0a635a7fc45f2c5a62e52117f37588f30f81a24a81fec2b884fc6dd3459cb44e"));
}

TEST(JsonSignature, ReceiveWindow) {
  constexpr std::int64_t kNow = 1'795'328'571'062;
  EXPECT_TRUE(is_in_window(kNow, 5'000, kNow));
  EXPECT_TRUE(is_in_window(kNow - 5'000, 5'000, kNow));
  EXPECT_FALSE(is_in_window(kNow - 5'001, 5'000, kNow));
  EXPECT_TRUE(is_in_window(kNow + 999, 5'000, kNow));
  EXPECT_FALSE(is_in_window(kNow + 1'000, 5'000, kNow));
  EXPECT_TRUE(is_in_window(kNow, 0, kNow));
  EXPECT_FALSE(is_in_window(kNow, -1, kNow));
  EXPECT_FALSE(is_in_window(-1, 5'000, kNow));
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  EXPECT_FALSE(is_in_window(kMost, kMost, kNow));
  EXPECT_FALSE(is_in_window(std::numeric_limits<std::int64_t>::min(), kMost, kNow));
  EXPECT_TRUE(is_in_window(0, kMost, kNow));
}

}  // namespace
}  // namespace portcullis::gateway::json::json_signature_test
