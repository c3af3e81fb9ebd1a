// SoupBinTCP 3.00 on the wire: packets of a two-byte big-endian length (of what follows), a type
// byte and a payload; and the three payloads that have fields. Source: SoupBinTCP 3.00, 22 February
// 2017.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace portcullis::gateway::soup {

enum class PacketType : char {
  Debug = '+',  // both ways
  // From the server.
  LoginAccepted = 'A',
  LoginRejected = 'J',
  SequencedData = 'S',
  ServerHeartbeat = 'H',
  EndOfSession = 'Z',
  // From the client.
  LoginRequest = 'L',
  UnsequencedData = 'U',
  ClientHeartbeat = 'R',
  Logout = 'O',
};

enum class LoginRejectReason : char { NotAuthorized = 'A', SessionNotAvailable = 'S' };

inline constexpr std::size_t kHeaderSize = 3;  // length and type
inline constexpr std::size_t kPayloadSizeMax = 0xFFFF - 1;

struct Frame {
  PacketType type{};
  std::span<const std::byte> payload;
};

enum class FrameStatus : std::uint8_t {
  Complete,
  Incomplete,  // more bytes are needed
  Empty,       // a length of zero: there is not even a type
  TooLong,     // the payload is longer than the limit; known as soon as the length is there
};

// Looks at the first packet of `bytes`, which takes up kHeaderSize + frame.payload.size() bytes of
// it when the status is Complete.
[[nodiscard]] FrameStatus decode_frame(std::span<const std::byte> bytes,
                                       std::size_t payload_size_max, Frame& frame) noexcept;

// Writes the length and the type of a packet. REQUIRES: payload_size <= kPayloadSizeMax.
void encode_header(PacketType type, std::size_t payload_size,
                   std::span<std::byte, kHeaderSize> out) noexcept;

// --- Payloads

// The texts are without their padding. When decoded they point into the payload.
struct LoginRequest {
  std::string_view username;   // 6, left-justified. The specification takes it, and the password,
  std::string_view password;   // 10, left-justified, in any case of letters: the owner's choice
  std::string_view session;    // 10, right-justified; empty: the current one
  std::uint64_t sequence = 0;  // 20 digits, right-justified: the next one wanted; 0: only new ones
};

struct LoginAccepted {
  std::string_view session;    // 10, right-justified
  std::uint64_t sequence = 0;  // 20 digits, right-justified: of the next sequenced packet, from 1
};

inline constexpr std::size_t kLoginRequestSize = 6 + 10 + 10 + 20;
inline constexpr std::size_t kLoginAcceptedSize = 10 + 20;
inline constexpr std::size_t kLoginRejectedSize = 1;

// None where the payload has another length, a byte that is not printable ASCII, or a sequence
// number that is not a number (or, in an acceptance, is 0). Justification: username and password
// are cut on the right only; session and number on both sides, since clients differ there.
[[nodiscard]] std::optional<LoginRequest> decode_login_request(
    std::span<const std::byte> payload) noexcept;
[[nodiscard]] std::optional<LoginAccepted> decode_login_accepted(
    std::span<const std::byte> payload) noexcept;

// Written as the specification justifies them, padded with spaces. False, and nothing is written,
// when a text is too long for its field.
[[nodiscard]] bool encode(const LoginRequest& login,
                          std::span<std::byte, kLoginRequestSize> out) noexcept;
[[nodiscard]] bool encode(const LoginAccepted& login,
                          std::span<std::byte, kLoginAcceptedSize> out) noexcept;

}  // namespace portcullis::gateway::soup
