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
#include <variant>
#include <vector>

#include "tests/support/audited_world.h"
#include "tests/support/venue_driver.h"

namespace portcullis::test {

using Bytes = std::vector<std::byte>;

// The number that a message is about; 0: none.
template <class Message>
std::uint32_t number_of(const Message& any) {
  return std::visit(
      [](const auto& m) -> std::uint32_t {
        if constexpr (requires { m.user_ref_num; }) return m.user_ref_num;
        return 0;
      },
      any);
}

class GateAudit {
 public:
  enum class Venue { Sound, Hostile };
  // Of what was judged, so that a test knows that something was.
  struct Counts {
    std::uint64_t forwarded = 0, rejected = 0, ignored = 0, malformed = 0, executed = 0, broken = 0,
                  voided = 0, reservations = 0, drained = 0, cancels = 0, restarts = 0, links = 0,
                  muddled = 0, looked = 0, funded = 0, facts = 0, reloads = 0, changes = 0;
  };
  // REQUIRES: nothing has been traded in the world yet, and it is priced.
  GateAudit(AuditedWorld& world, Venue venue, Counts& counts);

  // --- What happens, in the order in which the gate takes it.

  // A client's message is about to be taken: what may become of it, one letter each: forwarded,
  // rejected, ignored, answered, malformed.
  [[nodiscard]] std::string_view expect(risk::SessionIndex session,
                                        std::span<const std::byte> payload);
  // It was taken, with this outcome; `decision` where it was forwarded.
  void sent(risk::SessionIndex session, std::span<const std::byte> payload,
            std::string_view outcome, const risk::Decision& decision);
  // That the order which is about to be taken may only reduce, which OUCH cannot say.
  // REQUIRES: after expect.
  void only_reduces(risk::SessionIndex session, std::uint32_t client_number);
  void marked(risk::InstrumentIndex instrument, risk::Mark mark, std::int64_t as_of_ns);
  void priced(const risk::SetPriceState& change);
  // Every position in the instrument has paid. REQUIRES whole units.
  void funded(const risk::FundingUpdate& funding);
  // An operator's facts that were carried out; not the end of an instrument, and no split.
  void told(const config::Fact& fact);
  void controlled(const risk::Control& control);
  // Cancels of everything that is meant.
  void swept(gateway::gate::SweepScope scope, std::uint32_t target,
             std::uint32_t instrument = risk::kNone32);
  // Everything below is resolved.
  void prove(std::uint32_t below);
  // A message of the venue was taken.
  void taken(std::span<const std::byte> payload);
  // The venue that was there is gone with all its orders, and its stream with it.
  void venue_is_another();
  // What was at a lost venue is dead.
  void orders_are_dead();
  // A message is owed to a client.
  void owed(risk::SessionIndex session, std::span<const std::byte> payload);

  // --- Judging.

  // What the venue has said since, before it is taken; and what it has read.
  void look_at_what_is_said();
  void look_at_what_is_read();
  // Every client is owed what he must be, and nothing is missing.
  void judge_answers();
  // Conservation, positions, reservations.
  void judge_books();
  // Another process owes each client what the last one did, and goes on from there.
  void judge_restart(const std::vector<std::vector<Bytes>>& streams);
  // REQUIRES: the links are drained and every order was cancelled. Moves cash into balances: the
  // last thing that is done to the world.
  void finish();

  void problem(const std::string& what) { problems_.push_back(what); }
  [[nodiscard]] std::uint32_t watermark(risk::SessionIndex session) const {
    return clients_[session.value].watermark;
  }
  [[nodiscard]] std::uint64_t voided() const { return counts_.voided; }
  // Orders that may only reduce, and that the gate cancelled as there was less to reduce.
  [[nodiscard]] std::uint64_t reducers_cut() const { return reducers_cut_; }
  // The simulated venue's book holds what its stream says. Slow.
  void compare_book();

  // The live order numbers of a session, as its client knows them.
  [[nodiscard]] std::vector<std::uint32_t> live(risk::SessionIndex session) const;
  // Orders and replaces, as the venue has read them.
  [[nodiscard]] const std::vector<gateway::ouch::InboundMessage>& read() const { return read_; }
  [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }

 private:
  static std::string text_of(std::uint32_t session, std::uint32_t number);
  risk::Int128& cash(risk::AccountIndex account, risk::AssetIndex asset) {
    return cash_[account.value * deployment_.assets.size() + asset.value];
  }
  using Key = std::pair<std::uint32_t, std::uint32_t>;  // session, client number
  struct Standing {
    bool blocked = false, close_only = false;
  };
  // A client's enter or replace, and how things stood when the gate took it.
  struct Asked {
    gateway::ouch::InboundMessage message;
    Standing standing;
    bool stale = false;   // the mark is old, or unsafe
    bool unsafe = false;  // the mark is, or the index that it is settled in
    std::int64_t position = 0;
    std::int64_t mark = 0;
    std::int64_t done = 0;  // of the chain
    bool reduces_only = false;
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
    bool reduces_only = false;
    bool may_go = false;   // it reduces only, and there was less to reduce
    bool is_lost = false;  // the venue is gone that had it, and its end not told yet
    bool muddled = false;  // the venue executed what could not be: its client cannot count it
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
    std::int64_t fee_ppm = 0;  // that was in force
  };
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
  void forwarded(risk::SessionIndex session, const gateway::ouch::InboundMessage& message,
                 const risk::Decision& decision);

  void at_venue(const gateway::ouch::InboundMessage& message);
  void judge_order(const gateway::ouch::InboundMessage& message, std::uint32_t number,
                   const gateway::ouch::ClOrdId& cl_ord_id);
  void judge_limits(const Asked& asked, const Chain& chain, std::int64_t lots, std::int64_t ticks);
  const char* tell(View& view, const gateway::ouch::OutboundMessage& any, std::uint32_t first,
                   std::int64_t per_lot) const;
  void said(const gateway::ouch::OutboundMessage& any);
  void take(const gateway::ouch::OutboundMessage& any);
  void keep_books(const gateway::ouch::OutboundMessage& any);
  void expect_at_client(const gateway::ouch::OutboundMessage& any, std::uint32_t number);
  void book(const Execution& execution, int direction);
  bool told_as_lost(std::uint32_t session, const gateway::ouch::OutboundMessage& any);
  void got(std::uint32_t session, const Bytes& payload);
  void look_at_reducers(const Whose& whose);
  void judge_reducers();
  void judge_positions();
  void judge_reservations();
  void judge_reservation(const Chain& chain, const risk::NumberRecord* record,
                         const std::string& name);

  AuditedWorld& world_;
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
  std::uint64_t reducers_cut_ = 0;
  bool first_on_link_ = false;  // the next number at the venue is the first since the login
  std::size_t said_ = 0;        // of the venue's stream

  // Operators and prices.
  std::vector<std::int64_t> marks_;
  std::vector<std::int64_t> marked_ns_;
  std::set<std::pair<risk::PriceKind, std::uint32_t>> unsafe_;
  std::map<std::pair<risk::ControlScope, std::uint32_t>, Standing> standings_;
  std::set<Key> suspensions_;  // session, account

  // The books.
  std::vector<std::int64_t> positions_;  // [account * instruments + instrument]
  std::vector<risk::Int128> cash_;       // [account * assets + asset], balances included
  std::map<std::pair<std::uint64_t, std::uint32_t>, Execution> trades_;
  std::map<std::uint32_t, Whose> adopted_;
};

}  // namespace portcullis::test
