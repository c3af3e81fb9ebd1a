// What the two ends of a SoupBinTCP connection have in common: bounded buffers, framing and timers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "gateway/soup/byte_buffer.h"
#include "gateway/soup/frame.h"

namespace portcullis::gateway::soup {

struct LinkSettings {
  std::size_t input_size_max = 65'536;    // received and not yet taken
  std::size_t output_size_max = 262'144;  // sent by the owner and not yet by the socket
  // Longest payload taken from the peer; kHeaderSize more than this must fit in the input.
  std::size_t inbound_payload_size_max = 1024;
  std::int64_t heartbeat_ns = 1'000'000'000;     // send one after so long without sending
  std::int64_t silence_ns_max = 15'000'000'000;  // after the login
  std::int64_t login_ns_max = 30'000'000'000;    // from the connection to the login
};

enum class LinkError : std::uint8_t {
  None,
  EmptyPacket,       // a length of zero
  PacketTooLong,     // a payload above inbound_payload_size_max
  UnexpectedPacket,  // a type that the peer may not send, or not now
  BadPacketLength,   // a payload of the wrong length for its type
  MalformedLogin,
  LoginTimeout,
  PeerSilent,
};

[[nodiscard]] std::string_view name(LinkError error) noexcept;

enum class LinkState : std::uint8_t {
  Connected,     // no login yet
  LoginPending,  // asked for, not answered
  Active,
  Closed,  // by logout, end of session, rejection or error: nothing is read or queued any more
};

// No sockets, no clock, and no allocation after the constructor. One thread. The owner, an I/O
// layer:
//   - reads from the socket into input() and reports it to received(n, now);
//   - takes events one at a time until there is none (the connection classes);
//   - writes output() to the socket and reports it to sent(n);
//   - calls on_time(now) in each pass, at the latest at deadline_ns();
//   - closes the socket once is_done().
class Link {
 public:
  // Throws std::invalid_argument for a size that cannot work.
  Link(const LinkSettings& settings, PacketType heartbeat, std::int64_t now_ns);

  // As if just constructed: for the next connection on the same memory.
  void reset(std::int64_t now_ns) noexcept;

  [[nodiscard]] std::span<std::byte> input() noexcept { return input_.free_space(); }
  void received(std::size_t n, std::int64_t now_ns) noexcept;

  [[nodiscard]] std::span<const std::byte> output() const noexcept { return output_.content(); }
  void sent(std::size_t n) noexcept {
    output_.consume(n);
    sent_ns_ = now_ns_;
  }
  [[nodiscard]] std::size_t output_room() const noexcept { return output_.room(); }

  // Queues the heartbeat that is due, or finds the peer silent or late (the next event then tells).
  // A heartbeat is due only while the output is empty, so that a peer that does not read is not
  // sent one after the other.
  void on_time(std::int64_t now_ns) noexcept;
  // The owner does not read at the moment: what the peer has not been asked for it cannot say.
  void excuse_silence(std::int64_t now_ns) noexcept;
  // When on_time has something to do, if nothing happens before; the largest number if never.
  [[nodiscard]] std::int64_t deadline_ns() const noexcept;

  [[nodiscard]] LinkState state() const noexcept { return state_; }
  void set_state(LinkState state) noexcept { state_ = state; }
  // Closed, and all output is gone.
  [[nodiscard]] bool is_done() const noexcept {
    return state_ == LinkState::Closed && output_.empty();
  }

  // The next packet, or none: there is none yet, the link is closed, or it fails now. The payload
  // is valid until the next call of input(). A peer that on_time found late fails after its
  // packets.
  [[nodiscard]] std::optional<Frame> next_frame() noexcept;
  // What next_frame() would give, where it would; the packet stays.
  [[nodiscard]] std::optional<Frame> coming_frame() const noexcept;
  // Wipes the payloads of packets that were taken.
  void forget_taken() noexcept { input_.wipe_consumed(); }
  // Fails if on_time found the peer late; for where packets have to wait.
  void expire() noexcept;
  // Closes the link; take_error tells the reason once.
  void fail(LinkError error) noexcept;
  [[nodiscard]] LinkError take_error() noexcept;

  // Queues a packet, all of it or nothing: false when it does not fit, is too long for the
  // protocol, or the link is closed.
  [[nodiscard]] bool send(PacketType type, std::span<const std::byte> payload) noexcept;

 private:
  LinkSettings settings_;
  PacketType heartbeat_;
  ByteBuffer input_;
  ByteBuffer output_;
  LinkState state_ = LinkState::Connected;
  LinkError late_ = LinkError::None;   // found by on_time, not yet failed for
  LinkError error_ = LinkError::None;  // failed for, not yet taken
  std::int64_t now_ns_ = 0;            // the newest that we were told
  std::int64_t connected_ns_ = 0;
  std::int64_t received_ns_ = 0;
  std::int64_t sent_ns_ = 0;
};

}  // namespace portcullis::gateway::soup
