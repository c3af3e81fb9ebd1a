#include "gateway/soup/frame.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "tests/support/soup_packets.h"

namespace portcullis::gateway::soup::soup_frame_test {
namespace {

using test::as_string;
using test::ascii;
using test::Bytes;
using test::bytes;
using test::hex;
using test::operator+;

TEST(SoupFrame, CutsARealPacketAtItsLength) {
  // The Canceled packet as captured, with a tap's time stamp behind it.
  const Bytes captured =
      bytes("0013 'S' 43 0000289b4d681317 00753a8d 00000028 55") + bytes("644e2c91 00000000 1234");
  Frame frame;
  ASSERT_EQ(decode_frame(captured, 100, frame), FrameStatus::Complete);
  EXPECT_EQ(frame.type, PacketType::SequencedData);
  EXPECT_EQ(hex(frame.payload), "430000289b4d68131700753a8d0000002855");
}

TEST(SoupFrame, IsIncompleteAtEveryCut) {
  const Bytes whole = test::packet('S', "payload");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Frame frame;
    EXPECT_EQ(decode_frame(std::span(whole).first(size), 100, frame), FrameStatus::Incomplete);
  }
}

TEST(SoupFrame, HasNoPayloadAtLengthOne) {
  Frame frame;
  ASSERT_EQ(decode_frame(bytes("0001 'H'"), 100, frame), FrameStatus::Complete);
  EXPECT_EQ(frame.type, PacketType::ServerHeartbeat);
  EXPECT_TRUE(frame.payload.empty());
}

TEST(SoupFrame, RefusesLengthZero) {
  Frame frame;
  EXPECT_EQ(decode_frame(bytes("0000"), 100, frame), FrameStatus::Empty);
}

TEST(SoupFrame, RefusesAPayloadAboveTheLimitAsSoonAsItsLengthIsThere) {
  Frame frame;
  EXPECT_EQ(decode_frame(bytes("0065"), 100, frame), FrameStatus::Incomplete);
  EXPECT_EQ(decode_frame(bytes("0066"), 100, frame), FrameStatus::TooLong);
  EXPECT_EQ(decode_frame(bytes("ffff"), kPayloadSizeMax, frame), FrameStatus::Incomplete);
}

TEST(SoupFrame, WritesTheHeader) {
  std::array<std::byte, kHeaderSize> header{};
  encode_header(PacketType::UnsequencedData, 53, header);
  EXPECT_EQ(hex(header), "003655");
  encode_header(PacketType::Debug, kPayloadSizeMax, header);
  EXPECT_EQ(hex(header), "ffff2b");
}

// --- Login request

std::string login_text(const LoginRequest& login) {
  std::array<std::byte, kLoginRequestSize> out{};
  EXPECT_TRUE(encode(login, out));
  return as_string(out);
}

TEST(SoupLogin, JustifiesTextsLeftAndSessionAndNumberRight) {
  EXPECT_EQ(login_text({.username = "LIME", .password = "pw", .session = "S1", .sequence = 42}),
            "LIME  "
            "pw        "
            "        S1"
            "                  42");
  EXPECT_EQ(login_text({}), std::string(45, ' ') + "0");
  EXPECT_EQ(login_text({.username = "member",
                        .password = "0123456789",
                        .session = "ABCDEFGHIJ",
                        .sequence = std::numeric_limits<std::uint64_t>::max()}),
            "member0123456789ABCDEFGHIJ18446744073709551615");
}

TEST(SoupLogin, ReadsWhatItWrites) {
  std::array<std::byte, kLoginRequestSize> out{};
  ASSERT_TRUE(
      encode({.username = "LIME", .password = "a b", .session = "S1", .sequence = 42}, out));
  const auto login = decode_login_request(out);
  ASSERT_TRUE(login);
  EXPECT_EQ(login->username, "LIME");
  EXPECT_EQ(login->password, "a b");
  EXPECT_EQ(login->session, "S1");
  EXPECT_EQ(login->sequence, 42U);
}

TEST(SoupLogin, ReadsABlankSessionAsEmpty) {
  const Bytes payload = ascii("LIME  pw                            0         ");
  const auto login = decode_login_request(payload);
  ASSERT_TRUE(login);
  EXPECT_EQ(login->session, "");
  EXPECT_EQ(login->sequence, 0U);
}

TEST(SoupLogin, ReadsSessionAndNumberJustifiedEitherWay) {
  for (const auto* text : {"LIME  pw                S1                   7",
                           "LIME  pw        S1        7                   ",
                           "LIME  pw            S1    00000000000000000007"}) {
    const Bytes payload = ascii(text);
    const auto login = decode_login_request(payload);
    ASSERT_TRUE(login) << text;
    EXPECT_EQ(login->session, "S1") << text;
    EXPECT_EQ(login->sequence, 7U) << text;
  }
}

TEST(SoupLogin, ALeadingSpaceBelongsToAUsernameOrPassword) {
  const Bytes payload = ascii(" LIM   pw                                    0");
  const auto login = decode_login_request(payload);
  ASSERT_TRUE(login);
  EXPECT_EQ(login->username, " LIM");
  EXPECT_EQ(login->password, " pw");
}

TEST(SoupLogin, RefusesWhatIsNoNumber) {
  const std::string start = "LIME  pw                  ";
  for (const auto* number : {"                    ", "                  -1", "                  +1",
                             "                 1 1", "                 0x1", "                 1.0",
                             "18446744073709551616", "99999999999999999999"}) {
    EXPECT_FALSE(decode_login_request(ascii(start + number))) << number;
  }
  EXPECT_TRUE(decode_login_request(ascii(start + "18446744073709551615")));
}

TEST(SoupLogin, RefusesEveryOtherLength) {
  const Bytes right = ascii("LIME  pw                                     0");
  ASSERT_TRUE(decode_login_request(right));
  for (std::size_t size = 0; size < right.size(); ++size) {
    EXPECT_FALSE(decode_login_request(std::span(right).first(size))) << size;
  }
  EXPECT_FALSE(decode_login_request(right + ascii(" ")));
}

TEST(SoupLogin, RefusesBytesThatAreNotPrintableAscii) {
  const Bytes right = ascii("LIME  pw                                     0");
  for (std::size_t at = 0; at < right.size(); ++at) {
    for (const int bad : {0, 10, 31, 127, 128, 255}) {
      Bytes wrong = right;
      wrong[at] = static_cast<std::byte>(bad);
      EXPECT_FALSE(decode_login_request(wrong)) << at << ' ' << bad;
    }
  }
}

TEST(SoupLogin, DoesNotWriteATextThatIsTooLong) {
  std::array<std::byte, kLoginRequestSize> out{};
  EXPECT_FALSE(encode({.username = "1234567", .password = "", .session = ""}, out));
  EXPECT_FALSE(encode({.username = "", .password = "12345678901", .session = ""}, out));
  EXPECT_FALSE(encode({.username = "", .password = "", .session = "12345678901"}, out));
  EXPECT_EQ(out, (std::array<std::byte, kLoginRequestSize>{}));
}

// --- Login accepted

TEST(SoupLogin, WritesAndReadsAnAcceptanceJustifiedRight) {
  std::array<std::byte, kLoginAcceptedSize> out{};
  ASSERT_TRUE(encode(LoginAccepted{.session = "S1", .sequence = 1}, out));
  EXPECT_EQ(as_string(out), "        S1                   1");
  const auto accepted = decode_login_accepted(out);
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->session, "S1");
  EXPECT_EQ(accepted->sequence, 1U);
  EXPECT_FALSE(encode(LoginAccepted{.session = "12345678901", .sequence = 1}, out));
}

TEST(SoupLogin, RefusesAnAcceptanceThatIsNone) {
  EXPECT_TRUE(decode_login_accepted(ascii("        S1                   1")));
  EXPECT_FALSE(decode_login_accepted(ascii("        S1                   0")));
  EXPECT_FALSE(decode_login_accepted(ascii("        S1                    ")));
  EXPECT_FALSE(decode_login_accepted(ascii("        S1                  1")));
  EXPECT_FALSE(decode_login_accepted(ascii("        S1                   1 ")));
}

}  // namespace
}  // namespace portcullis::gateway::soup::soup_frame_test
