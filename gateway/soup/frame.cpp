#include "gateway/soup/frame.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace portcullis::gateway::soup {
namespace {

constexpr std::size_t kUsernameSize = 6;
constexpr std::size_t kPasswordSize = 10;
constexpr std::size_t kSessionSize = 10;
constexpr std::size_t kSequenceSize = 20;  // as many as the largest std::uint64_t has

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

std::string_view without_right_padding(std::string_view text) {
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

std::string_view without_padding(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return without_right_padding(text);
}

std::optional<std::uint64_t> decode_sequence(std::string_view field) {
  const std::string_view digits = without_padding(field);
  std::uint64_t value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

// The writers below fill a field of `size` bytes at `to` and return what follows it.
std::byte* put_left(std::byte* to, std::string_view text, std::size_t size) {
  std::memset(to, ' ', size);
  text.copy(reinterpret_cast<char*>(to), text.size());
  return to + size;
}

std::byte* put_right(std::byte* to, std::string_view text, std::size_t size) {
  std::memset(to, ' ', size);
  text.copy(reinterpret_cast<char*>(to) + (size - text.size()), text.size());
  return to + size;
}

std::byte* put_sequence(std::byte* to, std::uint64_t sequence) {
  char digits[kSequenceSize];
  const auto end = std::to_chars(digits, digits + kSequenceSize, sequence).ptr;
  return put_right(to, {digits, static_cast<std::size_t>(end - digits)}, kSequenceSize);
}

}  // namespace

FrameStatus decode_frame(std::span<const std::byte> bytes, std::size_t payload_size_max,
                         Frame& frame) noexcept {
  if (bytes.size() < 2) return FrameStatus::Incomplete;
  const std::size_t length =
      std::to_integer<std::size_t>(bytes[0]) << 8 | std::to_integer<std::size_t>(bytes[1]);
  if (length == 0) return FrameStatus::Empty;
  if (length - 1 > payload_size_max) return FrameStatus::TooLong;
  if (bytes.size() < 2 + length) return FrameStatus::Incomplete;
  frame.type = PacketType{std::to_integer<char>(bytes[2])};
  frame.payload = bytes.subspan(kHeaderSize, length - 1);
  return FrameStatus::Complete;
}

void encode_header(PacketType type, std::size_t payload_size,
                   std::span<std::byte, kHeaderSize> out) noexcept {
  const std::size_t length = 1 + payload_size;
  out[0] = static_cast<std::byte>(length >> 8);
  out[1] = static_cast<std::byte>(length);
  out[2] = static_cast<std::byte>(type);
}

std::optional<LoginRequest> decode_login_request(std::span<const std::byte> payload) noexcept {
  const std::string_view text = as_text(payload);
  if (text.size() != kLoginRequestSize || !is_printable(text)) return std::nullopt;
  const auto sequence = decode_sequence(text.substr(26));
  if (!sequence) return std::nullopt;
  return LoginRequest{.username = without_right_padding(text.substr(0, kUsernameSize)),
                      .password = without_right_padding(text.substr(6, kPasswordSize)),
                      .session = without_padding(text.substr(16, kSessionSize)),
                      .sequence = *sequence};
}

std::optional<LoginAccepted> decode_login_accepted(std::span<const std::byte> payload) noexcept {
  const std::string_view text = as_text(payload);
  if (text.size() != kLoginAcceptedSize || !is_printable(text)) return std::nullopt;
  const auto sequence = decode_sequence(text.substr(kSessionSize));
  if (!sequence || *sequence == 0) return std::nullopt;
  return LoginAccepted{.session = without_padding(text.substr(0, kSessionSize)),
                       .sequence = *sequence};
}

bool encode(const LoginRequest& login, std::span<std::byte, kLoginRequestSize> out) noexcept {
  if (login.username.size() > kUsernameSize || login.password.size() > kPasswordSize ||
      login.session.size() > kSessionSize) {
    return false;
  }
  std::byte* to = put_left(out.data(), login.username, kUsernameSize);
  to = put_left(to, login.password, kPasswordSize);
  to = put_right(to, login.session, kSessionSize);
  put_sequence(to, login.sequence);
  return true;
}

bool encode(const LoginAccepted& login, std::span<std::byte, kLoginAcceptedSize> out) noexcept {
  if (login.session.size() > kSessionSize) return false;
  std::byte* const to = put_right(out.data(), login.session, kSessionSize);
  put_sequence(to, login.sequence);
  return true;
}

}  // namespace portcullis::gateway::soup
