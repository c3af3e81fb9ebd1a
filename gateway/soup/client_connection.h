// The client end of one SoupBinTCP connection: the gate to its venue, and the load client.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "gateway/soup/link.h"

namespace portcullis::gateway::soup {

struct ClientEvent {
  enum class Type : std::uint8_t {
    None,           // nothing more for now
    LoginAccepted,  // `session`, and `sequence` of the next sequenced packet
    LoginRejected,  // `reject_reason`; close the connection
    SequencedData,  // `payload` and its `sequence`, counted from the one of LoginAccepted
    Debug,          // `payload`
    EndOfSession,   // close the connection
    Error,          // `error`; likewise
  };
  Type type = Type::None;
  LinkError error = LinkError::None;
  LoginRejectReason reject_reason{};  // as the server says, known or not
  std::span<const std::byte> payload;
  std::string_view session;
  std::uint64_t sequence = 0;
};

// Use as described at Link. Texts and payloads of events point into the input buffer and are valid
// until the next call of input().
class ClientConnection {
 public:
  // Allocates, and throws std::invalid_argument for settings that cannot work.
  ClientConnection(const LinkSettings& settings, std::int64_t now_ns)
      : link_(settings, PacketType::ClientHeartbeat, now_ns) {}

  void reset(std::int64_t now_ns) noexcept {
    link_.reset(now_ns);
    next_sequence_ = 0;
  }

  [[nodiscard]] std::span<std::byte> input() noexcept { return link_.input(); }
  void received(std::size_t n, std::int64_t now_ns) noexcept { link_.received(n, now_ns); }
  [[nodiscard]] ClientEvent next_event() noexcept;

  [[nodiscard]] std::span<const std::byte> output() const noexcept { return link_.output(); }
  void sent(std::size_t n) noexcept { link_.sent(n); }
  [[nodiscard]] std::size_t output_room() const noexcept { return link_.output_room(); }

  void on_time(std::int64_t now_ns) noexcept { link_.on_time(now_ns); }
  void excuse_silence(std::int64_t now_ns) noexcept { link_.excuse_silence(now_ns); }
  [[nodiscard]] std::int64_t deadline_ns() const noexcept { return link_.deadline_ns(); }

  [[nodiscard]] LinkState state() const noexcept { return link_.state(); }
  [[nodiscard]] bool is_active() const noexcept { return link_.state() == LinkState::Active; }
  [[nodiscard]] bool is_done() const noexcept { return link_.is_done(); }

  // Queues the login, once a connection and before anything else; false, and nothing changes, when
  // a text is too long for its field or a login was sent before.
  [[nodiscard]] bool login(const LoginRequest& request) noexcept;

  // The number that the next sequenced packet has; 0 before the login is accepted.
  [[nodiscard]] std::uint64_t next_sequence() const noexcept { return next_sequence_; }

  // These queue a packet: false, and nothing is queued, when there is no room or the connection is
  // not active.
  [[nodiscard]] bool send_unsequenced(std::span<const std::byte> payload) noexcept;
  [[nodiscard]] bool send_debug(std::string_view text) noexcept;
  // After the logout nothing else is read or queued.
  [[nodiscard]] bool logout() noexcept;

 private:
  Link link_;
  std::uint64_t next_sequence_ = 0;
};

}  // namespace portcullis::gateway::soup
