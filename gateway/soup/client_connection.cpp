#include "gateway/soup/client_connection.h"

#include <array>

namespace portcullis::gateway::soup {

ClientEvent ClientConnection::next_event() noexcept {
  ClientEvent event;
  // Each turn takes a packet out of the input, so the loop is bounded by its size.
  while (true) {
    const std::optional<Frame> frame = link_.next_frame();
    if (!frame) {
      event.error = link_.take_error();
      if (event.error != LinkError::None) event.type = ClientEvent::Type::Error;
      return event;
    }

    switch (frame->type) {
      case PacketType::SequencedData:
        if (!is_active()) break;
        event.type = ClientEvent::Type::SequencedData;
        event.payload = frame->payload;
        event.sequence = next_sequence_++;
        return event;
      case PacketType::ServerHeartbeat:
        if (!frame->payload.empty()) link_.fail(LinkError::BadPacketLength);
        continue;
      case PacketType::Debug:
        event.type = ClientEvent::Type::Debug;
        event.payload = frame->payload;
        return event;
      case PacketType::LoginAccepted: {
        if (link_.state() != LinkState::LoginPending) break;
        const auto accepted = decode_login_accepted(frame->payload);
        if (!accepted) {
          link_.fail(LinkError::MalformedLogin);
          continue;
        }
        link_.set_state(LinkState::Active);
        next_sequence_ = accepted->sequence;
        event.type = ClientEvent::Type::LoginAccepted;
        event.session = accepted->session;
        event.sequence = accepted->sequence;
        return event;
      }
      case PacketType::LoginRejected:
        if (link_.state() != LinkState::LoginPending) break;
        if (frame->payload.size() != kLoginRejectedSize) {
          link_.fail(LinkError::BadPacketLength);
          continue;
        }
        link_.set_state(LinkState::Closed);
        event.type = ClientEvent::Type::LoginRejected;
        event.reject_reason = LoginRejectReason{std::to_integer<char>(frame->payload[0])};
        return event;
      case PacketType::EndOfSession:
        if (!is_active()) break;
        if (!frame->payload.empty()) {
          link_.fail(LinkError::BadPacketLength);
          continue;
        }
        link_.set_state(LinkState::Closed);
        event.type = ClientEvent::Type::EndOfSession;
        return event;
      case PacketType::LoginRequest:
      case PacketType::UnsequencedData:
      case PacketType::ClientHeartbeat:
      case PacketType::Logout:
        break;
    }
    link_.fail(LinkError::UnexpectedPacket);
  }
}

bool ClientConnection::login(const LoginRequest& request) noexcept {
  if (link_.state() != LinkState::Connected) return false;
  std::array<std::byte, kLoginRequestSize> payload;
  if (!encode(request, payload) || !link_.send(PacketType::LoginRequest, payload)) return false;
  link_.set_state(LinkState::LoginPending);
  return true;
}

bool ClientConnection::send_unsequenced(std::span<const std::byte> payload) noexcept {
  return is_active() && link_.send(PacketType::UnsequencedData, payload);
}

bool ClientConnection::send_debug(std::string_view text) noexcept {
  return is_active() && link_.send(PacketType::Debug, std::as_bytes(std::span(text)));
}

bool ClientConnection::logout() noexcept {
  if (!is_active() || !link_.send(PacketType::Logout, {})) return false;
  link_.set_state(LinkState::Closed);
  return true;
}

}  // namespace portcullis::gateway::soup
