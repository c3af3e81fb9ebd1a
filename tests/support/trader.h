// A client that sends random orders, loses its connection and goes on from its next number. What it
// is told is kept from the first message on and may not change.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/support/order_audit.h"
#include "tests/support/ouch_client.h"

namespace portcullis::test {

class Trader {
 public:
  // ALPHA2 or BRAVO2 of gate_process.h.
  Trader(std::string user, std::mt19937_64& random) : user_(std::move(user)), random_(random) {}

  // Logs in, from the first message (which compares all that it has been told before) or from the
  // next one, and asks for its next number.
  void connect(std::uint16_t gate_port, bool from_the_start);
  // Takes what is there until the gate closes the connection.
  void wait_for_end();
  [[nodiscard]] bool is_connected() const { return client_ && !client_->ended; }

  // Anything: mostly orders, of which some match; replaces and cancels of its live orders.
  void send_random();
  // An order that does not match and is not refused for its price.
  void send_resting();
  void cancel_everything();
  // Takes what has come, without waiting.
  void take();
  // Waits until every order it has sent has an outcome or is live. REQUIRES: the venue is there, or
  // comes.
  void settle();
  // Waits until it has no live order.
  void wait_until_flat();

  [[nodiscard]] const OrderAudit& audit() const { return audit_; }
  [[nodiscard]] const std::vector<Bytes>& stream() const { return stream_; }

 private:
  void absorb();
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(random_() % n); }
  [[nodiscard]] gateway::ouch::EnterOrder order(bool is_buy, std::uint32_t lots,
                                                std::int64_t ticks) const;

  const std::string user_;
  std::mt19937_64& random_;
  std::unique_ptr<OuchClient> client_;
  std::string session_;
  std::vector<Bytes> stream_;  // the session's, from its first message
  std::size_t absorbed_ = 0;   // of the client's stream
  std::uint32_t next_ = 1;     // number
  OrderAudit audit_;
};

}  // namespace portcullis::test
