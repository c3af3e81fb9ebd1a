// The server end of one SoupBinTCP connection: the gate to its clients, and the simulated venue.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "gateway/soup/link.h"

namespace portcullis::gateway::soup {

struct ServerEvent {
  enum class Type : std::uint8_t {
    None,          // nothing more for now
    LoginRequest,  // `login`; answer with accept_login or reject_login, nothing else comes before
    UnsequencedData,  // `payload`
    Debug,            // `payload`
    Logout,           // close the connection once it is done
    Error,            // `error`; likewise
  };
  Type type = Type::None;
  LinkError error = LinkError::None;
  std::span<const std::byte> payload;
  LoginRequest login;
};

// Use as described at Link. Texts and payloads of events point into the input buffer and are valid
// until the next call of input().
class ServerConnection {
 public:
  // Allocates, and throws std::invalid_argument for settings that cannot work.
  ServerConnection(const LinkSettings& settings, std::int64_t now_ns)
      : link_(settings, PacketType::ServerHeartbeat, now_ns) {}

  void reset(std::int64_t now_ns) noexcept { link_.reset(now_ns); }

  [[nodiscard]] std::span<std::byte> input() noexcept { return link_.input(); }
  void received(std::size_t n, std::int64_t now_ns) noexcept { link_.received(n, now_ns); }
  [[nodiscard]] ServerEvent next_event() noexcept;
  // The payload of what comes behind the event, where all of it is there and it is unsequenced data.
  [[nodiscard]] std::span<const std::byte> coming_data() const noexcept;

  [[nodiscard]] std::span<const std::byte> output() const noexcept { return link_.output(); }
  void sent(std::size_t n) noexcept { link_.sent(n); }
  [[nodiscard]] std::size_t output_room() const noexcept { return link_.output_room(); }

  void on_time(std::int64_t now_ns) noexcept { link_.on_time(now_ns); }
  void excuse_silence(std::int64_t now_ns) noexcept { link_.excuse_silence(now_ns); }
  [[nodiscard]] std::int64_t deadline_ns() const noexcept { return link_.deadline_ns(); }

  [[nodiscard]] LinkState state() const noexcept { return link_.state(); }
  [[nodiscard]] bool is_active() const noexcept { return link_.state() == LinkState::Active; }
  [[nodiscard]] bool is_done() const noexcept { return link_.is_done(); }

  // Answers to the LoginRequest event; false, and nothing changes, when none is pending or the
  // session has more than ten characters. next_sequence is that of the first send_sequenced that
  // follows.
  [[nodiscard]] bool accept_login(std::string_view session, std::uint64_t next_sequence) noexcept;
  [[nodiscard]] bool reject_login(LoginRejectReason reason) noexcept;
  // The password is wiped out of the input, and with it the texts of the LoginRequest event.
  void forget_login() noexcept { link_.forget_taken(); }

  // These queue a packet: false, and nothing is queued, when there is no room (a slow consumer:
  // what to do is the owner's decision) or the connection is not active.
  [[nodiscard]] bool send_sequenced(std::span<const std::byte> payload) noexcept;
  [[nodiscard]] bool send_debug(std::string_view text) noexcept;
  // After the end of session nothing else is read or queued.
  [[nodiscard]] bool send_end_of_session() noexcept;

 private:
  Link link_;
};

}  // namespace portcullis::gateway::soup
