// A client of the gate over a real socket: blocking, one thread. Whoever waits for longer than
// kPatience fails instead.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/ouch/messages.h"
#include "gateway/soup/client_connection.h"
#include "tests/support/gate_process.h"
#include "tests/support/venue_driver.h"
#include "tests/support/wire_bytes.h"

namespace portcullis::test {

using gateway::venue_sim::Lines;
using gateway::venue_sim::TestOrder;

// Orders of the two sessions of gate_process.h, in lots, at the mark unless said otherwise.
inline constexpr std::uint64_t kBuyersPrice = 64'000'000;  // 64,000 in BTCPERP
inline constexpr std::uint64_t kSellersPrice = 6'400'000;  // 64,000 in XBTUSD
inline constexpr std::uint64_t kBuyersTick = 500;
inline constexpr std::uint64_t kSellersTick = 50;
inline constexpr std::uint32_t kSellersLot = 10;

[[nodiscard]] gateway::ouch::EnterOrder buy(std::uint32_t number, std::uint32_t lots,
                                            std::int64_t ticks_from_mark = 0);
[[nodiscard]] gateway::ouch::EnterOrder sell(std::uint32_t number, std::uint32_t lots,
                                             std::int64_t ticks_from_mark = 0);
[[nodiscard]] gateway::ouch::CancelOrder cancel(std::uint32_t number, std::uint32_t quantity = 0);

// One message as a line (tests/support/venue_driver.h); "undecodable" when it is none.
[[nodiscard]] std::string line_of_payload(std::span<const std::byte> payload);

// A socket connected to 127.0.0.1, for bytes that are no session.
class RawSocket {
 public:
  explicit RawSocket(std::uint16_t port, int receive_buffer = 0);
  ~RawSocket();
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  [[nodiscard]] int fd() const { return fd_; }
  // All of it, unless the other side has closed or does not read any more.
  bool send(std::span<const std::byte> bytes) const;
  // What could be sent without waiting.
  [[nodiscard]] std::size_t send_some(std::span<const std::byte> bytes) const;
  // Waits for what comes and appends it; false when the other side has closed.
  bool read_more(Bytes& bytes) const;
  // What comes until the other side closes.
  Bytes read_to_end() const;

 private:
  int fd_ = -1;
};

class OuchClient {
 public:
  explicit OuchClient(std::uint16_t port);

  // True when it was accepted; else `reject_reason` says why, or is 0 when the connection ended.
  bool login(std::string_view user, std::uint64_t sequence = 1, std::string_view session = "",
             std::string_view password = kClientPassword);
  void send(const gateway::ouch::InboundMessage& message);
  void send_payload(std::span<const std::byte> payload);  // unsequenced data
  void send_bytes(std::span<const std::byte> bytes);      // on the socket, as they are
  void send_debug(std::string_view text);
  void logout();

  // Takes what has come, or waits for it so long. False when nothing came.
  bool step(int timeout_ms);
  // Takes what comes until this is true; false when the connection ends before.
  bool wait_until(const std::function<bool()>& condition);
  // The next n messages that this function has not returned yet.
  Lines receive(std::size_t n);
  // Everything until the gate has answered an account query, the answer included: all that it said
  // before is here then. Returns the next number; 0 when the connection ended. REQUIRES: the
  // answers to earlier queries of the session, where the login asked for them, are in `stream`.
  std::uint32_t query();
  void wait_for_end();

  // The number in the session's stream of the next message.
  [[nodiscard]] std::uint64_t next_sequence() const { return soup_.next_sequence(); }

  std::string session;               // by the login
  std::uint64_t first_sequence = 0;  // of stream[0], by the login
  std::vector<Bytes> stream;         // since the login
  std::vector<std::string> debugs;
  char reject_reason = 0;
  bool ended = false;                                               // by the other side
  bool is_silent = false;                                           // sends no heartbeats
  gateway::soup::LinkError error = gateway::soup::LinkError::None;  // in what the gate sent

 private:
  void flush();
  void take_events();

  RawSocket socket_;
  gateway::soup::ClientConnection soup_;
  std::size_t taken_ = 0;  // of `stream`, by receive
};

}  // namespace portcullis::test
