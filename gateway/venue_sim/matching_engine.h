#pragma once
// The simulated venue's matching engine: a deterministic state machine without I/O or clock. Input
// is one inbound OUCH message of one session with the time it came; output is the sequenced OUCH
// messages it caused, for any session. The same inputs give the same outputs, byte for byte, on any
// machine: a restart rebuilds the venue by applying the recorded inputs again.
//
// The rules are those of ORDERLIFE 1 (OUCH 5.0 rev 1.05). Where that leaves a choice, this venue:
//  - matches by price, then time; a trade is at the resting order's price. Display, reserve and the
//    like are echoed and change nothing.
//  - takes limit orders, Day and IOC, and MinQty on an IOC only (filled at once in one or several
//    trades, or not at all). Market price codes and a price of 0 are refused.
//  - a post-only order that would take is accepted and canceled at once.
//  - a replace loses its place in time. Its total must exceed what the chain has done (executed and
//    self-match-prevented), or its details are invalid. Tags it does not carry keep their values.
//  - self-match prevention concerns two orders of one session that both carry an AIQ strategy (tag
//    29) or group (tag 30) and whose groups are equal, no group being a group of its own. The
//    incoming order's strategy decides: O cancels the resting order, W the incoming one (also when
//    no strategy or '*' is given), D and Y take the smaller quantity off both. Upper case: the
//    firms must be equal too; lower case: any firm of the session. N takes an order out of it.
//  - disabling a firm stops its new orders and replaces; it cancels nothing.
//  - Modify and mass cancels narrowed by tags are not supported: ignored, and rejected.

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateway/ouch/messages.h"
#include "gateway/venue_sim/book.h"

namespace portcullis::gateway::venue_sim {

using SessionIndex = std::uint32_t;

// What the venue does wrong on purpose. "Every n-th" counts from the start of the journal, shifted
// by the seed; 0 is never.
struct Faults {
  std::uint32_t reject_every = 0;          // of the acceptable enters and replaces: Rejected
  std::uint32_t dead_every = 0;            // of the accepted and replaced orders: state D
  std::uint32_t ignore_replace_every = 0;  // of the replaces of live orders: no answer, no effect
  std::uint32_t cancel_out_every = 0;      // of the orders that come to rest: canceled at once
  std::uint32_t bust_per_million = 0;      // of the trades: broken right after the message
  std::uint64_t seed = 0;
  friend bool operator==(const Faults&, const Faults&) = default;
};

struct EngineSettings {
  std::uint64_t day_start_ns = 0;  // since the epoch; timestamps on the wire count from here
  Faults faults{};
  std::vector<ouch::Symbol> symbols{};  // empty: any printable symbol
  friend bool operator==(const EngineSettings&, const EngineSettings&) = default;
};

// The messages that one input caused, in their order within each session's stream.
struct Outbox {
  struct Message {
    SessionIndex session = 0;
    std::size_t offset = 0;
    std::size_t size = 0;
  };
  std::vector<std::byte> bytes;
  std::vector<Message> messages;

  void clear() {
    bytes.clear();
    messages.clear();
  }
  std::span<const std::byte> payload(const Message& message) const {
    return std::span(bytes).subspan(message.offset, message.size);
  }
};

// Since the start of the journal. Everything from `accepted` to `broken` counts outbound messages,
// so an execution counts once for each side.
struct Counts {
  std::uint64_t messages = 0;  // well-formed inputs
  std::uint64_t ignored = 0;   // of these: silently, by the rules or by a fault
  std::uint64_t accepted = 0;
  std::uint64_t replaced = 0;
  std::uint64_t rejected = 0;
  std::uint64_t executed = 0;
  std::uint64_t canceled = 0;
  std::uint64_t aiq_canceled = 0;
  std::uint64_t broken = 0;
  std::uint64_t trades = 0;
  std::uint64_t volume = 0;  // quantity traded, each trade once, broken ones included
  std::uint64_t open = 0;    // orders resting now
  friend bool operator==(const Counts&, const Counts&) = default;
};

class MatchingEngine {
 public:
  // From the next message on. Part of the input like any message: recorded and applied again.
  void configure(const EngineSettings& settings);
  const EngineSettings& settings() const { return settings_; }

  // Opens the next session: its number is how many there were. Its stream begins with the
  // start-of-day event.
  SessionIndex open_session(std::uint64_t now_ns, Outbox& out);
  std::size_t session_count() const { return sessions_.size(); }

  // Applies one inbound payload and appends what it causes to `out`. False, and nothing has
  // changed, when it is no OUCH message. REQUIRES: the session is open; now_ns >=
  // settings().day_start_ns.
  [[nodiscard]] bool apply(SessionIndex session, std::uint64_t now_ns,
                           std::span<const std::byte> payload, Outbox& out);

  Counts counts() const;

  // Every session's number and disabled firms and every book in priority order, as text: two
  // engines with the same description are in the same state but for the counts.
  std::string describe() const;

 private:
  struct Order : BookOrder {
    SessionIndex session = 0;
    std::uint32_t number = 0;     // UserRefNum at the head of the replace chain
    std::uint32_t done = 0;       // of the chain: executed and self-match-prevented
    std::uint64_t reference = 0;  // ascends with entry and replace
    Book* book = nullptr;
    ouch::Symbol symbol{};
    ouch::Side side{};
    ouch::TimeInForce time_in_force{};
    char display = 0;
    char capacity = 0;
    char inter_market_sweep_eligibility = 0;
    char cross_type = 0;
    ouch::ClOrdId cl_ord_id{};
    ouch::Appendage tags;  // in force: those of the enter, overridden by those of the replaces
  };

  struct Session {
    std::uint32_t last_number = 0;
    std::unordered_map<std::uint32_t, Order> orders;  // live ones, by number
    std::set<ouch::Firm> disabled_firms;
  };

  struct Bust {
    SessionIndex session = 0;
    std::uint32_t number = 0;
    std::uint64_t match_number = 0;
    ouch::ClOrdId cl_ord_id{};
  };

  // What self-match prevention does when an incoming order meets a resting one.
  enum class Prevention { None, CancelResting, CancelIncoming, DecrementBoth };
  static Prevention prevention(const Order& incoming, const Order& resting);

  void on(SessionIndex index, const ouch::EnterOrder& message);
  void on(SessionIndex index, const ouch::ReplaceOrder& message);
  void on(SessionIndex index, const ouch::CancelOrder& message);
  void on(SessionIndex index, const ouch::MassCancel& message);
  void on(SessionIndex index, const ouch::DisableOrderEntry& message);
  void on(SessionIndex index, const ouch::EnableOrderEntry& message);
  void on(SessionIndex index, const ouch::AccountQuery& message);
  void on(SessionIndex index, const ouch::ModifyOrder& message);

  bool consume_number(Session& session, std::uint32_t number);
  bool symbol_is_valid(const ouch::Symbol& symbol) const;

  // Trades what it can, then rests the order or ends it. The order may be gone afterwards.
  void place(Order& order);
  bool min_qty_is_there(const Order& order) const;
  void match(Order& order);
  void trade(Order& order, Order& resting);
  void prevent_self_match(Order& order, Order& resting);
  void cancel(Order& order, std::uint32_t decrement, ouch::CancelReason reason);
  void end(Order& order);

  void reject(SessionIndex session, std::uint32_t number, ouch::RejectCode reason,
              const ouch::ClOrdId& cl_ord_id);
  void send_busts();
  template <class Message>
  void send(SessionIndex session, Message message);
  bool strikes(std::uint32_t every, std::uint64_t& turns) const;

  EngineSettings settings_;
  std::vector<Session> sessions_;
  std::map<ouch::Symbol, Book> books_;
  Counts counts_;
  std::uint64_t last_reference_ = 0;
  std::uint64_t last_match_number_ = 0;

  // How often each fault's turn has come.
  std::uint64_t reject_turns_ = 0;
  std::uint64_t dead_turns_ = 0;
  std::uint64_t ignore_turns_ = 0;
  std::uint64_t cancel_out_turns_ = 0;

  // Of the message being applied.
  Outbox* out_ = nullptr;
  std::uint64_t timestamp_ = 0;
  std::vector<Bust> busts_;
};

}  // namespace portcullis::gateway::venue_sim
