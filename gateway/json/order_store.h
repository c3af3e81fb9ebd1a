// What clients may ask of their orders: every client's, of all accounts, over OUCH and JSON alike. A
// pure function of the journal's records, which are given to it one after the other.
//
// Kept are all open orders (as many as the engine can hold), and by account the last so many closed
// ones and executions; nothing else grows. An order that the gate has refused never was one: it is
// told of (changes), and not kept.
//
// Orders are named by id ("<stream session>-<session and first client number in base 36>") and,
// where their client gave one, by orderLinkId, which is unique in an account among the open orders,
// the closed ones that are kept, and those that the edge has sent and not yet seen recorded.
//
// One thread. May allocate.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "config/deployment.h"
#include "gateway/gate/aliases.h"
#include "gateway/gate/records.h"
#include "gateway/journal/format.h"
#include "gateway/ouch/messages.h"
#include "risk/commands.h"
#include "risk/state.h"

namespace portcullis::gateway::json {

using OrderId = std::array<char, 24>;  // zero padded

[[nodiscard]] std::string_view text_of(const OrderId& id);

enum class Status : std::uint8_t {
  Created,  // taken by the gate, the venue has not answered
  New,
  PartiallyFilled,
  Filled,
  Cancelled,
  PartiallyFilledCanceled,
  Rejected,
};
[[nodiscard]] constexpr bool is_open(Status status) { return status <= Status::PartiallyFilled; }

// A replace that the venue has not answered.
struct Pending {
  std::uint32_t client_ref = 0;
  std::uint32_t original_ref = 0;
  std::uint32_t number = 0;  // at the venue
  risk::Lots quantity{};     // of the whole chain
  risk::Price price;
};

struct Order {
  std::uint64_t sequence = 0;  // of the record it began with; newer orders have higher ones
  OrderId id{};
  gate::OrderName link{};  // empty: none
  risk::AccountIndex account;
  risk::InstrumentIndex instrument;
  risk::SessionIndex session;
  std::uint32_t root = 0;                 // client numbers: the first,
  std::uint32_t head = 0;                 // the live one,
  std::array<std::uint32_t, 8> former{};  // and the newest of those that were, for late messages
  std::uint32_t number = 0;               // of the head at the venue; 0: not known
  std::array<Pending, risk::kPendingReplacesMax> pending{};
  std::uint8_t pending_count = 0;
  risk::Side side = risk::Side::Buy;
  risk::OrdType ord_type = risk::OrdType::Limit;
  risk::TimeInForce time_in_force = risk::TimeInForce::Day;
  bool reduce_only = false;
  bool post_only = false;
  bool acknowledged = false;  // by the venue
  Status status = Status::Created;
  risk::RejectReason reason = risk::RejectReason::None;  // of a refusal by the gate
  std::uint16_t venue_code = 0;                          // OUCH code of a refusal by the venue
  char cancel_reason = 0;                                // OUCH code of its last cancel, or 0
  risk::Price price;
  risk::Lots quantity;     // of the head, executed lots included
  risk::Lots counted;      // executed on it, and prevented by self-match prevention
  risk::Lots cancelled;    // taken off the head
  risk::Lots executed;     // all that was executed, after its end too
  risk::Int128 value = 0;  // of it, in units of the settlement asset (symbols.h)
  risk::Int128 fees = 0;   // that were counted for it, likewise
  risk::Timestamp created;
  risk::Timestamp updated;

  [[nodiscard]] risk::Lots leaves() const {
    return is_open(status) ? std::max(risk::Lots{0}, quantity - counted - cancelled)
                           : risk::Lots{0};
  }
  // The client number that a replace or cancel names.
  [[nodiscard]] std::uint32_t newest() const;
};

struct Execution {
  std::uint64_t sequence = 0;         // of its record
  std::uint64_t stream_sequence = 0;  // of its message in the session's stream
  std::uint64_t match = 0;
  OrderId order_id{};
  gate::OrderName link{};
  risk::AccountIndex account;
  risk::InstrumentIndex instrument;
  risk::SessionIndex session;
  std::uint32_t client_ref = 0;
  risk::Side side = risk::Side::Buy;
  risk::OrdType ord_type = risk::OrdType::Limit;
  char liquidity = 0;   // OUCH: A added, R removed
  bool broken = false;  // taken back by the venue
  risk::Price price;
  risk::Lots quantity;
  risk::Price order_price;
  risk::Lots order_quantity;
  risk::Lots leaves;
  risk::Timestamp time;
  std::array<char, 16> stream_session{};  // in which the number counts
};
// "<stream session and session>-<number in its stream>".
[[nodiscard]] std::string execution_id(const Execution& execution);

// Told once, in the order of the records, with what it was at that moment.
struct Change {
  enum class Kind : std::uint8_t {
    Order,
    Refused,    // by the gate: `order` was never there
    Execution,  // of `order`, whose own change follows
    Broken,     // `execution`, told before, is taken back
  };
  Kind kind = Kind::Order;
  Order order{};
  Execution execution{};
};

// What an amend or a cancel of an order is about.
struct Target {
  bool known = false;
  bool open = false;  // it works, or was sent to
  risk::AccountIndex account;
  risk::InstrumentIndex instrument;
  risk::SessionIndex session;
  std::uint32_t newest = 0;  // the client number to name
  risk::Lots quantity;       // the newest terms, sent ones included
  risk::Price price;
  bool post_only = false;
  OrderId id{};
  gate::OrderName link{};
};

struct OrderStoreLimits {
  std::uint32_t closed_per_account = 0;      // REQUIRES > 0
  std::uint32_t executions_per_account = 0;  // REQUIRES > 0
  bool with_changes = false;                 // changes() are wanted; whoever wants them asks often
};

class OrderStore {
 public:
  // The deployment must outlive this.
  OrderStore(const config::Deployment& deployment, const OrderStoreLimits& limits);
  OrderStore(const OrderStore&) = delete;
  OrderStore& operator=(const OrderStore&) = delete;

  // The next record; those that say nothing of orders are passed over.
  void take(const journal::RecordView& record);
  // Of the last one taken; 0: none.
  [[nodiscard]] std::uint64_t sequence() const { return sequence_; }

  // --- what the edge has sent, numbers ascending within a session. Forgotten when the record of it
  // arrives, whatever that says, or a record with a higher number of the session: the gate ignores
  // the lower ones then. Forgotten, its name is free unless it has become an order.
  void expect(const risk::NewOrder& order, const gate::OrderName& name);
  void expect(const risk::ReplaceOrder& replace);

  // --- looking
  // By the first client number of an order, and by any that it has or had of late. Null: not kept.
  [[nodiscard]] const Order* find(risk::SessionIndex session, std::uint32_t client_ref) const;
  [[nodiscard]] const Order* find_by_id(risk::AccountIndex account, std::string_view id) const;
  [[nodiscard]] const Order* find_by_link(risk::AccountIndex account, std::string_view link) const;
  // Sent ones count.
  [[nodiscard]] bool has_link(risk::AccountIndex account, std::string_view link) const;
  [[nodiscard]] Target target_by_id(risk::AccountIndex account, std::string_view id) const;
  [[nodiscard]] Target target_by_link(risk::AccountIndex account, std::string_view link) const;
  // The id that an order of this session and first client number has.
  [[nodiscard]] OrderId id_of(risk::SessionIndex session, std::uint32_t client_ref) const;
  // The highest client number that a record has shown of the session.
  [[nodiscard]] std::uint32_t highest_ref(risk::SessionIndex session) const {
    return highest_[session.value];
  }

  // Newest first, until the visitor says false. Nothing may change meanwhile.
  template <class Visit>
  void each_open(risk::AccountIndex account, Visit&& visit) const {
    each(accounts_[account.value].open, visit);
  }
  template <class Visit>
  void each_closed(risk::AccountIndex account, Visit&& visit) const {
    each(accounts_[account.value].closed, visit);
  }
  template <class Visit>
  void each_execution(risk::AccountIndex account, Visit&& visit) const {
    const std::deque<Execution>& kept = accounts_[account.value].executions;
    for (auto it = kept.rbegin(); it != kept.rend() && visit(*it); ++it) {
    }
  }
  [[nodiscard]] std::size_t open_count() const { return open_count_; }
  // Messages about orders that were not kept any more, or were not to be understood.
  [[nodiscard]] std::uint64_t unattributed() const { return unattributed_; }

  // Since they were cleared.
  [[nodiscard]] std::span<const Change> changes() const { return changes_; }
  void clear_changes() { changes_.clear(); }

  // --- snapshots: everything but what is expected and the changes. Equal stores give equal bytes.
  void save(std::vector<std::byte>& out) const;
  // Takes what save() wrote in the place of all there is. Not empty: why it cannot be; then the store
  // is as it was. Fewer closed orders and executions are kept where the limits have become lower.
  [[nodiscard]] std::string load(std::span<const std::byte> bytes);

 private:
  struct List {
    std::uint32_t first = risk::kNil;  // the newest
    std::uint32_t last = risk::kNil;
    std::uint32_t count = 0;
  };
  struct Slot {
    Order order;
    std::uint32_t next = risk::kNil;  // older; of free slots, the next free one
    std::uint32_t previous = risk::kNil;
  };
  struct OfAccount {
    List open;
    List closed;
    std::deque<Execution> executions;  // oldest first
  };
  struct LinkKey {
    std::uint32_t account = 0;
    gate::OrderName name{};
    friend bool operator==(const LinkKey&, const LinkKey&) = default;
  };
  struct LinkHash {
    std::size_t operator()(const LinkKey& key) const noexcept;
  };
  // A command on its way to the journal.
  struct Expected {
    std::uint64_t root = 0;  // key of the order's first number
    bool is_replace = false;
    Target terms;
  };

  template <class Visit>
  void each(const List& list, Visit&& visit) const {
    for (std::uint32_t s = list.first; s != risk::kNil && visit(slots_[s].order);
         s = slots_[s].next) {
    }
  }
  static std::uint64_t key(risk::SessionIndex session, std::uint32_t client_ref) {
    return std::uint64_t{session.value} << 32 | client_ref;
  }

  // order_store.cpp: records
  void take_enter(const risk::NewOrder& order, const risk::Decision& decision,
                  const gate::OrderName& name);
  void take_replace(const gate::ReplaceRecord& record);
  void take_venue(const journal::RecordView& view);
  void take_outbounds(const journal::RecordView& view);
  void resolve_below(std::uint32_t number);
  template <class Message>
  void adopt(risk::SessionIndex session, const Message& message);
  void on(risk::SessionIndex session, const ouch::Accepted& message);
  void on(risk::SessionIndex session, const ouch::Replaced& message);
  void on(risk::SessionIndex session, const ouch::Executed& message);
  template <class Message>
  void take_off(risk::SessionIndex session, const Message& message, risk::Lots Order::*taken);
  void on(risk::SessionIndex session, const ouch::Canceled& message);
  void on(risk::SessionIndex session, const ouch::AiqCanceled& message);
  void on(risk::SessionIndex session, const ouch::Rejected& message);
  void on(risk::SessionIndex session, const ouch::BrokenTrade& message);

  // order_store_orders.cpp: the orders, where they are, and what is expected
  void add(const Order& order);
  void add_execution(const Execution& execution);
  [[nodiscard]] std::uint32_t slot_of(risk::SessionIndex session, std::uint32_t client_ref) const;
  [[nodiscard]] std::uint32_t live_slot(risk::SessionIndex session, std::uint32_t client_ref);
  void settle(std::uint32_t slot);
  void close(std::uint32_t slot, Status status);
  void drop_oldest_closed(OfAccount& of);
  void push_front(List& list, std::uint32_t slot);
  void unlink(List& list, std::uint32_t slot);
  void name_all(std::uint32_t slot);
  void name(const Order& order, std::uint32_t client_ref, std::uint32_t slot);
  void unname(const Order& order, std::uint32_t client_ref, std::uint32_t slot);
  void retire(std::uint32_t slot, std::uint32_t client_ref);
  void make_head(std::uint32_t slot, std::uint8_t pending);
  void drop_pending(std::uint32_t slot, std::uint8_t pending);
  void drop_orphans(std::uint32_t slot);
  void drop_all_pending(std::uint32_t slot);
  void count_number(risk::SessionIndex session, std::uint32_t client_ref);
  void forget_expected(risk::SessionIndex session, std::uint32_t client_ref);
  [[nodiscard]] Target target(std::uint64_t root) const;
  void tell(Change::Kind kind, const Order& order, const Execution& execution = {});
  void clear();

  const config::Deployment& deployment_;
  const OrderStoreLimits limits_;
  const gate::Aliases aliases_;

  std::uint64_t sequence_ = 0;
  // Of the record being taken: its time, what its venue's message is about (0: none), and the number
  // of the message that is looked at in its stream.
  risk::Timestamp time_;
  std::uint32_t venue_number_ = 0;
  std::uint32_t venue_original_ = 0;
  std::uint64_t stream_sequence_ = 0;
  std::array<char, 16> stream_session_{};
  std::uint32_t resolved_below_ = 1;  // as the gate counts: venue numbers below it are settled
  std::uint32_t next_number_ = 1;
  std::vector<std::uint32_t> highest_;  // by session
  std::vector<OfAccount> accounts_;
  // How many executions are kept, by key of their client number and account: mostly one account's.
  std::map<std::pair<std::uint64_t, std::uint32_t>, std::uint32_t> traded_;
  std::vector<Slot> slots_;
  std::uint32_t free_slot_ = risk::kNil;
  std::size_t open_count_ = 0;
  std::unordered_map<std::uint64_t, std::uint32_t> by_number_;  // slot
  std::unordered_map<LinkKey, std::uint64_t, LinkHash> links_;  // key of the first number
  std::map<std::uint32_t, std::uint64_t> pending_;  // by venue number: key of its client number
  std::map<std::uint64_t, Expected> expected_;      // by key of the client number
  std::unordered_map<std::uint64_t, std::uint64_t> newest_expected_;  // replace, by root
  std::uint64_t unattributed_ = 0;
  std::vector<Change> changes_;
};

}  // namespace portcullis::gateway::json
