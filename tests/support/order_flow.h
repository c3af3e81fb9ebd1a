// Two ends for a gate under test: traders whose orders meet each other, and a venue where they do.
// Bytes in, bytes out; whoever owns them carries the bytes, in memory or over sockets.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "gateway/ouch/messages.h"
#include "gateway/soup/client_connection.h"
#include "gateway/soup/server_connection.h"
#include "gateway/venue_sim/matching_engine.h"
#include "tests/support/wire_bytes.h"

namespace portcullis::test {

namespace gw = portcullis::gateway;

inline constexpr gw::soup::LinkSettings kFlowSettings{.input_size_max = 4 * 1024 * 1024,
                                                      .output_size_max = 4 * 1024 * 1024};

// A trader with one account in one instrument. Its messages go round in cycles of five: an order
// away from the market, an order at the market, a replace of the first, and cancels of both of some
// cycles ago (of which there may be nothing left). Now and then the first order is too large, and
// there is a mass cancel.
class FlowTrader {
 public:
  // `first_buys`: whether its orders at the market begin with a buy.
  FlowTrader(std::string_view symbol, std::uint64_t price, std::uint64_t price_step,
             bool first_buys, std::uint32_t size, std::uint32_t too_large)
      : soup(kFlowSettings, 0),
        symbol_(text<8>(symbol)),
        price_(price),
        step_(price_step),
        first_buys_(first_buys),
        size_(size),
        too_large_(too_large) {}

  // Queues the next message for the gate.
  void send() {
    const std::uint64_t cycle = sent / 5;
    const bool buys = (cycle % 2 == 0) == first_buys_;
    const std::uint64_t away = 20 * step_;
    switch (sent % 5) {
      case 0:
        resting_[cycle % kMemory] = enter(buys, cycle % 40 == 39 ? too_large_ : size_,
                                          buys ? price_ - away : price_ + away);
        break;
      case 1:
        crossing_[cycle % kMemory] =
            enter(buys, size_ + static_cast<std::uint32_t>(cycle % 3), price_);
        break;
      case 2:
        resting_[cycle % kMemory] = replace(resting_[cycle % kMemory], size_ + 2,
                                            buys ? price_ - away / 2 : price_ + away / 2);
        break;
      case 3:
        if (cycle % 500 == 499) {
          queue(gw::ouch::MassCancel{.user_ref_num = ++number_,
                                     .firm = text<4>(""),
                                     .symbol = text<8>(""),
                                     .appendage = {}});
        } else {
          cancel(crossing_[(cycle + 1) % kMemory]);
        }
        break;
      case 4:
        cancel(resting_[(cycle + 1) % kMemory]);
        break;
    }
    ++sent;
  }

  // Asks for an answer (of type Q) to everything sent so far.
  void ping() {
    queue(gw::ouch::AccountQuery{.appendage = {}});
    ++pings;
  }
  [[nodiscard]] bool is_answered() const { return by_type['Q'] == pings; }

  // Takes what the gate has sent.
  void take() {
    using Type = gw::soup::ClientEvent::Type;
    for (;;) {
      const gw::soup::ClientEvent event = soup.next_event();
      if (event.type == Type::None) return;
      if (event.type == Type::SequencedData) {
        ++answers;
        ++by_type[static_cast<unsigned char>(event.payload[0])];
      }
      logged_in = logged_in || event.type == Type::LoginAccepted;
      failed = failed || event.type == Type::Error || event.type == Type::LoginRejected;
    }
  }

  gw::soup::ClientConnection soup;
  std::uint64_t sent = 0;  // without pings
  std::uint64_t pings = 0;
  std::uint64_t answers = 0;
  std::array<std::uint64_t, 256> by_type{};  // sequenced messages by their first byte
  bool logged_in = false;
  bool failed = false;

 private:
  static constexpr std::size_t kMemory = 8;  // cycles

  template <class Message>
  void queue(const Message& message) {
    std::array<std::byte, gw::ouch::kMaxMessageSize> payload;
    failed = !soup.send_unsequenced(std::span(payload).first(gw::ouch::encode(message, payload))) ||
             failed;
  }
  std::uint32_t enter(bool buys, std::uint32_t quantity, std::uint64_t price) {
    queue(gw::ouch::EnterOrder{.user_ref_num = ++number_,
                               .side = buys ? gw::ouch::Side::Buy : gw::ouch::Side::Sell,
                               .quantity = quantity,
                               .symbol = symbol_,
                               .price = price,
                               .time_in_force = gw::ouch::TimeInForce::Day,
                               .display = gw::ouch::kDisplayVisible,
                               .capacity = gw::ouch::kCapacityAgency,
                               .inter_market_sweep_eligibility = gw::ouch::kIsoNotEligible,
                               .cross_type = gw::ouch::kCrossTypeContinuous,
                               .cl_ord_id = text<14>("ORDER"),
                               .appendage = {}});
    return number_;
  }
  std::uint32_t replace(std::uint32_t original, std::uint32_t total, std::uint64_t price) {
    queue(gw::ouch::ReplaceOrder{.orig_user_ref_num = original,
                                 .user_ref_num = ++number_,
                                 .quantity = total,
                                 .price = price,
                                 .time_in_force = gw::ouch::TimeInForce::Day,
                                 .display = gw::ouch::kDisplayVisible,
                                 .inter_market_sweep_eligibility = gw::ouch::kIsoNotEligible,
                                 .cl_ord_id = text<14>("REPLACE"),
                                 .appendage = {}});
    return number_;
  }
  void cancel(std::uint32_t number) {
    queue(gw::ouch::CancelOrder{.user_ref_num = number, .quantity = 0, .appendage = {}});
  }

  gw::ouch::Symbol symbol_;
  std::uint64_t price_;
  std::uint64_t step_;
  bool first_buys_;
  std::uint32_t size_;
  std::uint32_t too_large_;
  std::uint32_t number_ = 0;
  std::array<std::uint32_t, kMemory> resting_{};
  std::array<std::uint32_t, kMemory> crossing_{};
};

// The simulated venue's matching engine behind one SoupBinTCP session.
class FlowVenue {
 public:
  explicit FlowVenue(std::string_view symbol) : soup(kFlowSettings, 0) {
    engine.configure({.symbols = {text<8>(symbol)}});
  }

  // Takes what the gate has sent, and queues the answers.
  void take(std::uint64_t now_ns) {
    using Type = gw::soup::ServerEvent::Type;
    for (;;) {
      const gw::soup::ServerEvent event = soup.next_event();
      if (event.type == Type::None) return;
      out_.clear();
      if (event.type == Type::LoginRequest) {
        failed = !soup.accept_login("VENUE", 1) || failed;
        engine.open_session(now_ns, out_);
      } else if (event.type == Type::UnsequencedData) {
        failed = !engine.apply(0, now_ns, event.payload, out_) || failed;
      } else {
        failed = true;
      }
      for (const auto& message : out_.messages) {
        failed = !soup.send_sequenced(out_.payload(message)) || failed;
        ++answers;
      }
    }
  }

  gw::soup::ServerConnection soup;
  gw::venue_sim::MatchingEngine engine;
  std::uint64_t answers = 0;
  bool failed = false;

 private:
  gw::venue_sim::Outbox out_;
};

// Moves what one end has to send to the other; false when there was nothing.
template <class From, class To>
bool carry(From& from, To& to, std::int64_t now_ns) {
  const auto output = from.output();
  const auto input = to.input();
  const std::size_t n = std::min(output.size(), input.size());
  if (n == 0) return false;
  std::copy_n(output.begin(), n, input.begin());
  to.received(n, now_ns);
  from.sent(n);
  return true;
}

}  // namespace portcullis::test
