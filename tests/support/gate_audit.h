// What a gate may and may not do, judged from the bytes that its clients sent and got and that the
// venue got and said. Written from ORDERLIFE 1, 2 and 6; the gate is asked only for what it counts
// and reserves, and for the number of an order that it says it has forwarded.
//
// With a sound venue (it keeps the rules of OUCH) every message of the venue must reach the client
// whom it is about, once, in order and in the client's units, and nothing else may. A hostile venue
// says what it likes: then each order still has one end, and the books are what the venue said.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/gate_world.h"

namespace portcullis::test {

class GateAudit {
 public:
  enum class Venue { Sound, Hostile };
  // Of what was judged, so that a test knows that something was.
  struct Counts {
    std::uint64_t forwarded = 0, rejected = 0, ignored = 0, malformed = 0, executed = 0, broken = 0,
                  voided = 0, reservations = 0, drained = 0, cancels = 0, restarts = 0, links = 0,
                  muddled = 0, looked = 0;
  };
  // REQUIRES: nothing has been traded in the world yet, and it is priced.
  GateAudit(GateWorld& world, Venue venue, Counts& counts);

  // Each is done to the world, and what came of it is judged.
  void send(risk::SessionIndex session, std::span<const std::byte> payload);
  void mark(risk::InstrumentIndex instrument, risk::Mark mark);
  void control(const risk::Control& control);
  void sweep(gateway::gate::SweepScope scope, std::uint32_t target);
  // At margin states.
  void look_again();
  // The venue that was there is gone with all its orders, and its stream with it.
  void replace_venue(std::string_view session);
  // After whatever else was done to the world.
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
  // Orders and replaces, as the venue has read them.
  [[nodiscard]] const std::vector<gateway::ouch::InboundMessage>& read() const { return read_; }
  [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }

 private:
  static std::string text_of(std::uint32_t session, std::uint32_t number);
  using Key = std::pair<std::uint32_t, std::uint32_t>;  // session, client number
  struct Standing {
    bool blocked = false, close_only = false;
  };
  // A client's enter or replace, and how things stood when the gate took it.
  struct Asked {
    gateway::ouch::InboundMessage message;
    Standing standing;
    bool stale = false;
    std::int64_t position = 0;
    std::int64_t mark = 0;
    std::int64_t done = 0;     // of the chain
    std::uint32_t number = 0;  // under which it was forwarded
  };
  struct Number {
    Key client;
    std::size_t chain = 0;
    std::uint32_t original = 0;  // of a replace
    std::int64_t total = 0;      // lots
    std::int64_t price = 0;      // ticks
  };
  // An order as it looks to somebody who has heard so much of it.
  struct View {
    std::uint32_t head = 0;
    std::int64_t total = 0, done = 0, cancelled = 0;
    bool accepted = false, ended = false;
    [[nodiscard]] bool is_live() const { return accepted && !ended; }
    [[nodiscard]] std::int64_t leaves() const {
      return is_live() ? std::max<std::int64_t>(0, total - done - cancelled) : 0;
    }
  };
  struct Whose {
    risk::AccountIndex account;
    risk::InstrumentIndex instrument;
    risk::Side side = risk::Side::Buy;
  };
  // An order and its replaces.
  struct Chain {
    Whose whose;
    risk::SessionIndex session;
    std::uint32_t first = 0;  // client number
    View there;               // what the venue has said
    View here;                // what the gate has taken of that
    View told;                // what the client has got, of a hostile venue
    bool muddled = false;     // the venue executed what could not be: its client cannot count it
    std::vector<std::uint32_t> numbers{};
    std::set<std::int64_t> cancel_totals{};  // that were asked for, in lots
  };
  struct Client {
    std::uint32_t watermark = 0;
    std::uint32_t queries = 0;                            // without an answer
    std::map<std::uint32_t, char> controls;               // C, D, E without an answer
    std::set<std::uint32_t> rejects;                      // that the gate owes
    std::deque<gateway::ouch::OutboundMessage> expected;  // of the venue
    std::vector<Bytes> got;
  };
  struct Execution {
    Whose whose;
    std::int64_t lots = 0;
    std::int64_t price = 0;
  };
  void problem(const std::string& what) { problems_.push_back(what); }
  [[nodiscard]] Chain* chain_of(std::uint32_t number);
  [[nodiscard]] Chain* chain_of(risk::SessionIndex session, std::uint32_t client_number);
  [[nodiscard]] risk::AccountIndex account_of(const config::WireFirm& firm) const;
  [[nodiscard]] const config::Alias* alias(risk::SessionIndex session,
                                           const config::WireSymbol& symbol) const;
  [[nodiscard]] const config::Alias& alias(risk::SessionIndex session,
                                           risk::InstrumentIndex instrument) const;
  [[nodiscard]] const config::Alias& at_venue(risk::InstrumentIndex instrument) const;
  [[nodiscard]] Whose whose(risk::SessionIndex session,
                            const gateway::ouch::EnterOrder& order) const;
  [[nodiscard]] bool may_use(risk::SessionIndex session, risk::AccountIndex account) const;
  [[nodiscard]] std::vector<risk::NodeIndex> above(risk::AccountIndex account) const;

  std::string_view outcomes(risk::SessionIndex session,
                            const gateway::ouch::InboundMessage& message);
  void ask(risk::SessionIndex session, std::uint32_t number,
           const gateway::ouch::InboundMessage& message, const Whose& whose, std::int64_t done);
  void carry_out(risk::SessionIndex session, const gateway::ouch::InboundMessage& message);
  void ask_cancels(gateway::gate::SweepScope scope, std::uint32_t target, std::uint32_t instrument);
  void forwarded(risk::SessionIndex session, const gateway::ouch::InboundMessage& message);

  void at_venue(const gateway::ouch::InboundMessage& message);
  void judge_order(const gateway::ouch::InboundMessage& message, std::uint32_t number,
                   const gateway::ouch::ClOrdId& cl_ord_id);
  void judge_limits(const Asked& asked, const Chain& chain, std::int64_t lots, std::int64_t ticks);
  const char* tell(View& view, const gateway::ouch::OutboundMessage& any, std::uint32_t first,
                   std::int64_t per_lot) const;
  void said(const gateway::ouch::OutboundMessage& any);
  void taken(const gateway::ouch::OutboundMessage& any);
  void keep_books(const gateway::ouch::OutboundMessage& any);
  void expect_at_client(const gateway::ouch::OutboundMessage& any, std::uint32_t number);
  void prove(std::uint32_t below);
  void book(const Execution& execution, int direction);
  void got(std::uint32_t session, const Bytes& payload);
  void judge_positions();
  void judge_reservations();
  void judge_reservation(const Chain& chain, const risk::NumberRecord* record,
                         const std::string& name);

  GateWorld& world_;
  const config::Deployment& deployment_;
  const bool sound_;
  std::vector<std::string> problems_;
  Counts& counts_;

  std::vector<Client> clients_;
  std::map<Key, Asked> asked_;
  std::map<std::uint32_t, Number> numbers_;  // orders and replaces, forwarded
  std::vector<Chain> chains_;
  std::set<std::size_t> open_;          // chains that have not ended on both sides
  std::set<std::uint32_t> unresolved_;  // numbers forwarded and not answered
  std::set<Key> read_clients_;          // whose orders the venue has read
  std::vector<gateway::ouch::InboundMessage> read_;
  std::uint32_t highest_read_ = 0;
  bool first_on_link_ = false;  // the next number at the venue is the first since the login
  std::size_t said_ = 0;        // of the venue's stream
  std::size_t taken_ = 0;
  int starts_ = 0;

  // Operators and prices.
  std::vector<std::int64_t> marks_;
  std::vector<std::int64_t> marked_ns_;
  std::map<std::pair<risk::ControlScope, std::uint32_t>, Standing> standings_;
  std::set<Key> suspensions_;  // session, account

  // The books.
  std::vector<std::int64_t> positions_;  // [account * instruments + instrument]
  std::vector<risk::Int128> cash_;       // [account * assets + asset], balances included
  std::map<std::pair<std::uint64_t, std::uint32_t>, Execution> trades_;
  std::map<std::uint32_t, Whose> adopted_;
};

}  // namespace portcullis::test
