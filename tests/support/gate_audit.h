// What a gate may and may not do, judged from the bytes that its clients sent and got and that the
// venue got and said. Written from ORDERLIFE 1, 2 and 6; the gate is asked only what it counts:
// positions, cash, reservations, and the number of an order that it says it has forwarded.
//
// With a sound venue (it keeps the rules of OUCH) every message of the venue must reach the client
// whom it is about, once, in order and in the client's units, and nothing else may. A hostile venue
// says what it likes: then each order still has one end, and the books are what the venue said.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "tests/support/gate_world.h"
#include "tests/support/order_audit.h"

namespace portcullis::test {

class GateAudit {
 public:
  enum class Venue { Sound, Hostile };
  // REQUIRES: nothing has been traded in the world yet, and it is priced.
  GateAudit(GateWorld& world, Venue venue);

  // --- what is done to the gate: before it is done
  void on_client(risk::SessionIndex session, std::span<const std::byte> payload);
  void on_mark(risk::InstrumentIndex instrument, risk::Mark mark);
  void on_control(const risk::Control& control);
  void on_sweep(gateway::gate::SweepScope scope, std::uint32_t target,
                std::uint32_t instrument = risk::kNone32);
  // The venue that was there is gone, and its stream with it.
  void on_venue_replaced();

  // --- what came of it
  // After each of them: takes what clients and venue have got and said since, and judges.
  void look();
  // REQUIRES: the links are drained and every order was cancelled. Moves cash into balances: the
  // last thing that is done to the world.
  void finish();

  // Nothing is on its way, so that both sides must have the same.
  [[nodiscard]] bool is_drained() const;
  // The simulated venue's book holds what its stream says. Slow.
  void compare_book();

  // The live order numbers of a session, as its client knows them.
  [[nodiscard]] std::vector<std::uint32_t> live(risk::SessionIndex session) const;
  // Numbers that the venue has read orders under, and what they asked for.
  struct AtVenue {
    std::uint32_t number = 0;
    std::uint32_t original = 0;  // of a replace
    std::uint32_t quantity = 0;
    std::uint64_t price = 0;
    char side = 'B';
    config::WireSymbol symbol{};
  };
  [[nodiscard]] const std::vector<AtVenue>& at_venue() const { return at_venue_; }
  [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }
  // For a test that nothing happened in: how much of what it judged.
  struct Counts {
    std::uint64_t forwarded = 0, replaced = 0, executed = 0, broken = 0, voided = 0, limits = 0,
                  reservations = 0, drained = 0, cancels = 0, prefixes = 0;
  };
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  using Key = std::pair<std::uint32_t, std::uint32_t>;  // session, client number
  // What is above the account, with the operator's flags.
  struct Standing {
    bool killed = false, suspended = false, close_only = false;
  };
  // A client's enter or replace, and how things stood when the gate took it.
  struct Asked {
    gateway::ouch::InboundMessage message;
    bool blocked = false;  // killed, suspended or halted somewhere
    bool close_only = false;
    bool stale = false;
    std::int64_t position = 0;
    std::int64_t mark = 0;
    std::int64_t done = 0;  // of the chain, as the gate knew it
    std::uint32_t number = 0;  // under which it was forwarded
  };
  struct Number {
    Key client;
    std::size_t chain = 0;
    std::uint32_t original = 0;
    std::int64_t total = 0;  // lots
    std::int64_t price = 0;  // ticks
  };
  // An order and its replaces. "There": as the venue has said; "here": as far as the gate has taken
  // it.
  struct Chain {
    risk::SessionIndex session;
    risk::AccountIndex account;
    risk::InstrumentIndex instrument;
    risk::Side side = risk::Side::Buy;
    std::uint32_t first = 0;  // client number
    std::uint32_t live_there = 0;
    std::int64_t leaves_there = 0;
    std::int64_t done_there = 0;
    bool answered_there = false;
    std::uint32_t head_here = 0;
    std::int64_t total_here = 0;
    std::int64_t done_here = 0;
    std::int64_t cancelled_here = 0;
    bool ended_here = false;
    std::vector<std::uint32_t> numbers;
    std::set<std::int64_t> cancel_totals;  // that were asked for, in lots
  };
  struct Client {
    std::uint32_t watermark = 0;
    std::uint32_t queries = 0;
    std::map<std::uint32_t, char> controls;  // C, D, E without an answer
    std::set<std::uint32_t> rejects;         // that the gate owes
    std::deque<gateway::ouch::OutboundMessage> expected;  // of the venue
    std::vector<Bytes> got;
    OrderAudit orders;
    // With a hostile venue, by first number of the chain.
    struct Told {
      std::int64_t total = 0, done = 0, cancelled = 0;
      bool accepted = false, rejected = false, dead = false;
    };
    std::map<std::uint32_t, Told> told;
    std::map<std::uint32_t, std::uint32_t> first_of;  // number -> first of its chain
  };
  enum class Expect { Malformed, Ignored, Query, Control, Order, Live, Gone, Either };
  struct Whose {
    risk::AccountIndex account;
    risk::InstrumentIndex instrument;
    risk::Side side = risk::Side::Buy;
  };
  struct Execution {
    Whose whose;
    std::int64_t lots = 0;
    std::int64_t price = 0;
  };

  void problem(const std::string& what);
  void after_client();
  Asked asked_now(risk::SessionIndex session, const gateway::ouch::InboundMessage& message,
                  risk::AccountIndex account, risk::InstrumentIndex instrument,
                  std::int64_t done) const;
  [[nodiscard]] risk::AccountIndex account_of(risk::SessionIndex session,
                                              const gateway::ouch::Appendage& appendage) const;
  [[nodiscard]] risk::AccountIndex firm(const config::WireFirm& firm) const;
  [[nodiscard]] const config::Alias* alias(risk::SessionIndex session,
                                           const config::WireSymbol& symbol) const;
  [[nodiscard]] const config::Alias& alias(risk::SessionIndex session,
                                           risk::InstrumentIndex instrument) const;
  [[nodiscard]] const config::Alias& at_venue(risk::InstrumentIndex instrument) const;
  [[nodiscard]] bool may_use(risk::SessionIndex session, risk::AccountIndex account) const;
  [[nodiscard]] std::vector<Standing> path(risk::AccountIndex account) const;
  void ask_cancel(Chain& chain, std::int64_t total);
  void forwarded();

  void read(const gateway::ouch::InboundMessage& message);
  void read_enter(const gateway::ouch::EnterOrder& message);
  void read_replace(const gateway::ouch::ReplaceOrder& message);
  void read_cancel(const gateway::ouch::CancelOrder& message);
  void judge_limits(const Asked& asked, const Chain& chain, std::int64_t lots, std::int64_t ticks);
  void said(const gateway::ouch::OutboundMessage& message);
  void taken(const gateway::ouch::OutboundMessage& message);
  void prove(std::uint32_t below, bool itself);
  void void_number(std::uint32_t number);
  void end_if_done(Chain& chain);
  void book(const Execution& execution, int direction);
  void got(std::uint32_t session, const Bytes& payload);
  void got_from_hostile(Client& client, const gateway::ouch::OutboundMessage& message);
  template <class M>
  void compare_with_expected(std::uint32_t session, const M& message);
  void judge_reservations();
  void judge_positions();

  GateWorld& world_;
  const config::Deployment& deployment_;
  const bool sound_;
  std::vector<std::string> problems_;
  Counts counts_;

  std::vector<Client> clients_;
  std::map<Key, Asked> asked_;
  std::map<std::uint32_t, Number> numbers_;  // orders and replaces, forwarded
  std::vector<Chain> chains_;
  std::set<std::size_t> open_;             // chains that have not ended on both sides
  std::set<std::uint32_t> unresolved_;     // numbers forwarded and not answered
  std::set<Key> read_clients_;             // whose orders the venue has read
  std::vector<AtVenue> at_venue_;
  std::uint32_t highest_read_ = 0;
  std::size_t said_ = 0;   // of the venue's stream
  std::size_t taken_ = 0;
  int connections_ = 0;
  int starts_ = 0;

  // The message on its way into the gate.
  bool sending_ = false;
  risk::SessionIndex sender_;
  gateway::ouch::InboundMessage sent_;
  Expect expect_ = Expect::Either;
  gateway::gate::Counters before_;

  // Operators and prices.
  std::vector<std::int64_t> marks_;
  std::vector<std::int64_t> marked_ns_;
  std::vector<Standing> nodes_, accounts_, sessions_;
  std::vector<bool> halted_;
  std::vector<risk::SessionIndex> suspended_by_;

  // The books.
  std::vector<std::int64_t> positions_;  // [account * instruments + instrument]
  std::vector<risk::Int128> cash_;       // [account * assets + asset], balances included
  std::map<std::pair<std::uint64_t, std::uint32_t>, Execution> trades_;
  std::map<std::uint32_t, Whose> adopted_;
};

}  // namespace portcullis::test
