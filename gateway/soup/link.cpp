#include "gateway/soup/link.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <utility>

namespace portcullis::gateway::soup {

std::string_view name(LinkError error) noexcept {
  switch (error) {
    case LinkError::None:
      return "none";
    case LinkError::EmptyPacket:
      return "empty packet";
    case LinkError::PacketTooLong:
      return "packet too long";
    case LinkError::UnexpectedPacket:
      return "unexpected packet";
    case LinkError::BadPacketLength:
      return "bad packet length";
    case LinkError::MalformedLogin:
      return "malformed login";
    case LinkError::LoginTimeout:
      return "login timeout";
    case LinkError::PeerSilent:
      return "peer silent";
  }
  return "unknown";
}

Link::Link(const LinkSettings& settings, PacketType heartbeat, std::int64_t now_ns)
    : settings_(settings),
      heartbeat_(heartbeat),
      input_(settings.input_size_max),
      output_(settings.output_size_max) {
  if (settings.inbound_payload_size_max < kLoginRequestSize ||
      settings.inbound_payload_size_max > kPayloadSizeMax) {
    throw std::invalid_argument("inbound_payload_size_max must be 46 to 65534");
  }
  if (settings.input_size_max < kHeaderSize + settings.inbound_payload_size_max) {
    throw std::invalid_argument("input_size_max must hold one packet of inbound_payload_size_max");
  }
  if (settings.output_size_max < kHeaderSize + kLoginRequestSize) {
    throw std::invalid_argument("output_size_max must hold a login");
  }
  reset(now_ns);
}

void Link::reset(std::int64_t now_ns) noexcept {
  input_.clear();
  output_.clear();
  state_ = LinkState::Connected;
  late_ = LinkError::None;
  error_ = LinkError::None;
  now_ns_ = connected_ns_ = received_ns_ = sent_ns_ = now_ns;
}

void Link::received(std::size_t n, std::int64_t now_ns) noexcept {
  if (state_ == LinkState::Closed) return;
  input_.commit(n);
  now_ns_ = received_ns_ = now_ns;
}

void Link::excuse_silence(std::int64_t now_ns) noexcept {
  if (state_ == LinkState::Active) received_ns_ = now_ns;
}

void Link::on_time(std::int64_t now_ns) noexcept {
  now_ns_ = now_ns;
  if (state_ == LinkState::Closed) return;
  if (state_ != LinkState::Active) {
    if (now_ns - connected_ns_ >= settings_.login_ns_max) late_ = LinkError::LoginTimeout;
    return;
  }
  if (now_ns - received_ns_ >= settings_.silence_ns_max) late_ = LinkError::PeerSilent;
  if (output_.empty() && now_ns - sent_ns_ >= settings_.heartbeat_ns) {
    static_cast<void>(send(heartbeat_, {}));
  }
}

std::int64_t Link::deadline_ns() const noexcept {
  if (state_ == LinkState::Closed || late_ != LinkError::None) {
    return std::numeric_limits<std::int64_t>::max();
  }
  if (state_ != LinkState::Active) return connected_ns_ + settings_.login_ns_max;
  const std::int64_t silent_ns = received_ns_ + settings_.silence_ns_max;
  return output_.empty() ? std::min(silent_ns, sent_ns_ + settings_.heartbeat_ns) : silent_ns;
}

std::optional<Frame> Link::next_frame() noexcept {
  if (state_ == LinkState::Closed) return std::nullopt;
  Frame frame;
  switch (decode_frame(input_.content(), settings_.inbound_payload_size_max, frame)) {
    case FrameStatus::Complete:
      input_.consume(kHeaderSize + frame.payload.size());
      return frame;
    case FrameStatus::Incomplete:
      expire();
      return std::nullopt;
    case FrameStatus::Empty:
      fail(LinkError::EmptyPacket);
      return std::nullopt;
    case FrameStatus::TooLong:
      fail(LinkError::PacketTooLong);
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<Frame> Link::coming_frame() const noexcept {
  Frame frame;
  if (state_ == LinkState::Closed ||
      decode_frame(input_.content(), settings_.inbound_payload_size_max, frame) !=
          FrameStatus::Complete) {
    return std::nullopt;
  }
  return frame;
}

void Link::expire() noexcept {
  if (late_ != LinkError::None) fail(late_);
}

void Link::fail(LinkError error) noexcept {
  if (state_ == LinkState::Closed) return;
  state_ = LinkState::Closed;
  error_ = error;
}

LinkError Link::take_error() noexcept { return std::exchange(error_, LinkError::None); }

bool Link::send(PacketType type, std::span<const std::byte> payload) noexcept {
  if (state_ == LinkState::Closed || payload.size() > kPayloadSizeMax ||
      kHeaderSize + payload.size() > output_.room()) {
    return false;
  }
  const std::span<std::byte> to = output_.free_space();
  encode_header(type, payload.size(), to.first<kHeaderSize>());
  if (!payload.empty()) std::memcpy(to.data() + kHeaderSize, payload.data(), payload.size());
  output_.commit(kHeaderSize + payload.size());
  return true;
}

}  // namespace portcullis::gateway::soup
