#include "gateway/soup/server_connection.h"

#include <array>

namespace portcullis::gateway::soup {

std::span<const std::byte> ServerConnection::coming_data() const noexcept {
  const std::optional<Frame> frame = link_.coming_frame();
  if (!frame || frame->type != PacketType::UnsequencedData) return {};
  return frame->payload;
}

ServerEvent ServerConnection::next_event() noexcept {
  ServerEvent event;
  if (link_.state() == LinkState::LoginPending) link_.expire();
  // Each turn takes a packet out of the input, so the loop is bounded by its size.
  while (link_.state() != LinkState::LoginPending) {
    const std::optional<Frame> frame = link_.next_frame();
    if (!frame) break;

    if (link_.state() == LinkState::Connected) {
      if (frame->type != PacketType::LoginRequest) {
        link_.fail(LinkError::UnexpectedPacket);
        break;
      }
      const auto login = decode_login_request(frame->payload);
      if (!login) {
        link_.fail(LinkError::MalformedLogin);
        break;
      }
      link_.set_state(LinkState::LoginPending);
      event.type = ServerEvent::Type::LoginRequest;
      event.login = *login;
      return event;
    }

    switch (frame->type) {
      case PacketType::UnsequencedData:
        event.type = ServerEvent::Type::UnsequencedData;
        event.payload = frame->payload;
        return event;
      case PacketType::Debug:
        event.type = ServerEvent::Type::Debug;
        event.payload = frame->payload;
        return event;
      case PacketType::ClientHeartbeat:
        if (!frame->payload.empty()) link_.fail(LinkError::BadPacketLength);
        continue;
      case PacketType::Logout:
        if (!frame->payload.empty()) {
          link_.fail(LinkError::BadPacketLength);
          continue;
        }
        link_.set_state(LinkState::Closed);
        event.type = ServerEvent::Type::Logout;
        return event;
      case PacketType::LoginRequest:
      case PacketType::LoginAccepted:
      case PacketType::LoginRejected:
      case PacketType::SequencedData:
      case PacketType::ServerHeartbeat:
      case PacketType::EndOfSession:
        break;
    }
    link_.fail(LinkError::UnexpectedPacket);
  }
  event.error = link_.take_error();
  if (event.error != LinkError::None) event.type = ServerEvent::Type::Error;
  return event;
}

bool ServerConnection::accept_login(std::string_view session,
                                    std::uint64_t next_sequence) noexcept {
  if (link_.state() != LinkState::LoginPending) return false;
  std::array<std::byte, kLoginAcceptedSize> payload;
  if (!encode(LoginAccepted{.session = session, .sequence = next_sequence}, payload) ||
      !link_.send(PacketType::LoginAccepted, payload)) {
    return false;
  }
  link_.set_state(LinkState::Active);
  return true;
}

bool ServerConnection::reject_login(LoginRejectReason reason) noexcept {
  if (link_.state() != LinkState::LoginPending) return false;
  const std::array payload{static_cast<std::byte>(reason)};
  if (!link_.send(PacketType::LoginRejected, payload)) return false;
  link_.set_state(LinkState::Closed);
  return true;
}

bool ServerConnection::send_sequenced(std::span<const std::byte> payload) noexcept {
  return is_active() && link_.send(PacketType::SequencedData, payload);
}

bool ServerConnection::send_debug(std::string_view text) noexcept {
  return is_active() && link_.send(PacketType::Debug, std::as_bytes(std::span(text)));
}

bool ServerConnection::send_end_of_session() noexcept {
  if (!is_active() || !link_.send(PacketType::EndOfSession, {})) return false;
  link_.set_state(LinkState::Closed);
  return true;
}

}  // namespace portcullis::gateway::soup
