// The books of a session over JSON: the texts that its client gets are made into the events of the
// same ledger that a session over OUCH keeps. No socket, no clock.
//
// Every request has one reply, and what becomes of an order is pushed. What was said while there was
// no connection is asked for: the orders and executions that the queries list are taken like pushes,
// and each of them counts once, however often it is told. Of orders that is so because what they tell
// only ever grows: accepted, so much executed, replaced by this or that amend, ended.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/client/json_orders.h"
#include "gateway/client/ledger.h"
#include "gateway/client/plan.h"
#include "gateway/client/server_texts.h"

namespace portcullis::gateway::client {

class JsonLedger {
 public:
  // `session` speaks JSON, so that its messages count in whole lots and ticks. The orders' plan,
  // `ledger` and `times` outlive this.
  JsonLedger(const JsonOrders& orders, std::uint16_t session, std::uint32_t numbers, Ledger& ledger,
             Histogram& times);

  // --- requests, by the order in which they were first sent: 0, 1, ..., which is their reqId
  void sent(const Message& message, std::int64_t due_ns);
  void sent_again(std::size_t request);
  [[nodiscard]] const Message& message(std::size_t request) const {
    return *requests_[request].message;
  }
  [[nodiscard]] std::size_t unanswered() const { return unanswered_; }
  // Orders that the gate has taken, and the venue has not answered.
  [[nodiscard]] std::uint64_t unacknowledged() const { return unacknowledged_; }

  // --- what comes. Texts of another kind count as undecodable.
  void on_reply(const ServerText& text, std::int64_t now_ns);
  void on_push(const ServerText& text);

  // --- behind a lost connection
  void lost();
  // A page of open orders, of closed ones (newest first), of executions (newest first). True: what
  // follows was known before the connection was lost.
  bool on_orders(const ServerText& page);
  bool on_executions(const ServerText& page);
  // All of it is there. What is to be sent again, in its order: what has no answer, and of which the
  // orders do not show that it needs none.
  [[nodiscard]] std::vector<std::size_t> looked_up(std::int64_t now_ns);

  // --- at the end
  // What a query lists of this run's orders, apart from the books.
  struct Listed {
    std::uint64_t open = 0;
    std::uint64_t executions = 0;
    std::uint64_t executed_quantity = 0;
  };
  void add(const ServerText& page, Listed& listed) const;
  // Orders whose executions are not what they say that was executed count as unexpected.
  void close_books();

 private:
  struct Request {
    const Message* message = nullptr;
    bool answered = false;
    bool taken = false;  // which the answer said
    bool again = false;  // it was sent once more
  };
  struct Terms {
    std::int64_t lots = 0;
    std::int64_t ticks = 0;
    friend bool operator==(const Terms&, const Terms&) = default;
  };
  enum class State : std::uint8_t {
    None,
    Sent,
    Taken,     // by the gate
    Accepted,  // by the venue
    Refused,
    Ended,
  };
  struct Order {  // by the number of its enter
    State state = State::None;
    bool priced = false;  // its terms have the price
    bool repeated = false;
    Terms terms{};
    std::vector<Terms> former{};
    std::vector<std::size_t> amends{};  // requests whose terms it may come to have, in order
    std::int64_t executed = 0;          // by its executions
    std::int64_t said = 0;              // by itself
    std::int64_t prevented = 0;
    std::uint32_t ended_in = 0;  // connection
    std::uint32_t seen_in = 0;   // look-up
  };

  void set(Order& order, State state);
  void answer(std::size_t request, std::int64_t now_ns);
  [[nodiscard]] std::size_t request_of(const ServerText& reply) const;
  void refuse(const Message& message, const ServerText& reply, const Request& request);
  void taken(const Message& message);
  [[nodiscard]] Order* order_of(const Message& message);
  [[nodiscard]] Terms terms_of(const Message& amend, const Order& order) const;
  [[nodiscard]] std::int64_t lots(std::string_view category, std::string_view symbol,
                                  std::string_view text) const;
  [[nodiscard]] Terms terms_of(const OrderEntry& entry) const;
  void take(const OrderEntry& entry);
  void take_refusal(const OrderEntry& entry, std::uint32_t number, Order& order);
  void take_terms(const Terms& terms, bool nothing_else, Order& order);
  void take_end(const OrderEntry& entry, std::uint32_t number, Order& order);
  void take(const ExecutionEntry& entry);
  [[nodiscard]] bool needs_nothing(const Message& message);

  const JsonOrders& orders_;
  const std::uint16_t session_;
  Ledger& ledger_;
  Histogram& times_;
  std::vector<Request> requests_;
  std::vector<Order> by_number_;
  std::unordered_map<std::string, std::uint32_t> executions_;  // by id: in which connection
  std::size_t unanswered_ = 0;
  std::uint64_t unacknowledged_ = 0;
  bool looking_up_ = false;
  std::uint32_t connection_ = 1;  // that is there, or is being looked up for
};

}  // namespace portcullis::gateway::client
