// The gate without sockets, clock or threads: what one shard knows and does, in the order of its
// inputs.
//
// Every input becomes a record (records.h). Live, a record is published in the journal before any
// byte it causes leaves: messages owed to clients lie in the record itself, messages to the venue
// are handed to the connection after it. A start-up takes the recorded decisions (redo), a replay
// decides again and compares decisions and messages byte for byte. Nothing here allocates after
// construction.
//
// One thread. Times are nanoseconds since the epoch and never go back.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "config/deployment.h"
#include "config/facts.h"
#include "feeds/table_log.h"
#include "gateway/gate/aliases.h"
#include "gateway/gate/changes.h"
#include "gateway/gate/parameters.h"
#include "gateway/gate/records.h"
#include "gateway/journal/journal.h"
#include "gateway/ouch/messages.h"
#include "gateway/soup/client_connection.h"
#include "risk/engine.h"

namespace portcullis::gateway::gate {

// Conservation (ORDERLIFE 1), in messages from clients:
// in = forwarded + rejected + ignored + malformed + answered.
struct Counters {
  std::uint64_t in = 0;
  std::uint64_t forwarded = 0;  // cancels remembered while the link is down count as forwarded
  std::uint64_t rejected = 0;
  std::uint64_t ignored = 0;
  std::uint64_t malformed = 0;
  std::uint64_t answered = 0;
  // Of these, what is in the journal, by what it is; ignored repeats and malformed ones are not.
  std::uint64_t enters = 0;
  std::uint64_t replaces = 0;
  std::uint64_t cancels = 0;
  std::uint64_t controls = 0;  // mass cancel, disable, enable
  std::uint64_t queries = 0;
  std::array<std::uint64_t, risk::kRejectReasonCount> rejects{};
  // Of the venue's messages.
  std::uint64_t accepted = 0;
  std::uint64_t replaced = 0;
  std::uint64_t executed = 0;
  std::uint64_t canceled = 0;
  std::uint64_t self_match_prevented = 0;
  std::uint64_t venue_rejected = 0;
  std::uint64_t broken = 0;
  std::uint64_t voided = 0;  // numbers proved never processed
  std::uint64_t adopted = 0;
  std::uint64_t unattributed = 0;  // that nobody here could be found for
  std::uint64_t malformed_by_venue = 0;
  std::uint64_t off_grid = 0;  // prices or quantities that are no whole ticks or lots
  std::array<std::uint64_t, risk::kAnomalyCount> anomalies{};
  // Of prices.
  std::uint64_t prices = 0;
  std::uint64_t price_state_changes = 0;  // to unsafe, and to safe again
  std::uint64_t tables = 0;               // put in force
  std::uint64_t tables_refused = 0;
  std::uint64_t fundings = 0;
  std::uint64_t open_interests = 0;
  std::uint64_t parameter_changes = 0;
  // Of accounts.
  std::uint64_t state_changes = 0;  // of margin states
  std::uint64_t days_closed = 0;    // by a day's loss
  // Of what an operator tells.
  std::uint64_t facts = 0;
  std::uint64_t facts_refused = 0;
};

enum class LinkState : std::uint8_t {
  Down,
  Recovering,  // logged in, not yet told where the venue stands
  Resending,   // remembered cancels go out
  Up,
  Lost,  // the venue has lost our session
};

// What the connection that a message came from has to do.
struct ClientResult {
  bool malformed = false;   // counted; the third closes the connection
  bool disconnect = false;  // the session is at fault
  bool rejected = false;    // last_decision() is a refusal with arithmetic
};

// What became of what an operator told.
enum class FactOutcome : std::uint8_t {
  Done,
  Refused,    // by the engine's decision, or there is no room for it, or a figure would not fit
  Repeated,   // its number is not above the last one's: nothing happened, and there is no record
  HasOrders,  // the instrument has live orders, which must be gone first; likewise
};
struct FactAnswer {
  FactOutcome outcome = FactOutcome::Done;
  risk::Decision decision;  // of a transfer or a loan
};
// "transfer number 7: refused: ..."; empty: it was done.
[[nodiscard]] std::string problem_of(const config::NumberedFact& fact, const FactAnswer& answer);

// The risk table of that content, for what records name: feeds::load_table of the journal's folder.
using TableSource = std::function<feeds::LoadedTable(const feeds::TableHash&)>;

class Gate {
 public:
  // The deployment must outlive the gate; its parameters are those that the journal began with.
  // `journal` may be null: a gate that only redoes or replays. The sources are asked where records are
  // redone, and by load(): never of what is live.
  Gate(const config::Deployment& deployment, journal::Journal* journal, TableSource tables = {},
       ParameterSource parameters = {});

  // --- from records
  // Applies a record as it was decided. False: not a record of ours, or one of a risk table or of
  // parameters that are not there (source_problem).
  [[nodiscard]] bool redo(const journal::RecordView& record);
  // Decides again and compares. Empty: the same decision and the same messages; else what differs.
  [[nodiscard]] std::string replay(const journal::RecordView& record);

  // --- live: each writes its record first
  // Before anything else on an empty journal.
  void start(std::string_view stream_session, std::int64_t now_ns);
  // The session's stream begins again under a name that was never used: its messages so far may not
  // be those that its client was shown (ORDERLIFE 3). Before anybody logs in, for each session.
  void begin_stream(risk::SessionIndex session, std::string_view stream_session,
                    std::int64_t now_ns);
  ClientResult on_client_message(risk::SessionIndex session, std::span<const std::byte> payload,
                                 bool overloaded, std::int64_t now_ns);
  // Has the processor bring near what an order in such a message will read, while another message is
  // taken. Changes nothing, whatever the bytes are.
  void fetch(risk::SessionIndex session, std::span<const std::byte> payload) const noexcept;
  // The same of sessions that do not speak OUCH: orders in the engine's terms, whose owner numbers
  // them (client_ref: the session's watermark + 1, and so on; one that is not above it is ignored).
  // Time and the overload flag are set here; more than the venue's link can carry is refused.
  ClientResult on_order(risk::NewOrder order, const OrderName& name, bool overloaded,
                        std::int64_t now_ns);
  ClientResult on_order(risk::ReplaceOrder order, bool overloaded, std::int64_t now_ns);
  ClientResult on_order(risk::CancelOrder order, std::int64_t now_ns);
  // What on_order() would decide of it now, under the next number of its session. Changes nothing
  // semantic and writes nothing.
  [[nodiscard]] risk::Decision what_if(risk::NewOrder order, bool overloaded, std::int64_t now_ns);
  void on_session(risk::SessionIndex session, bool up, std::int64_t now_ns);
  void on_mark(risk::MarkUpdate update);
  void on_index(risk::IndexUpdate update);
  // Nothing happens where the price is in that state.
  void on_price_state(risk::SetPriceState change);
  // Of a perpetual contract: what is paid counts once, whenever it comes.
  void on_funding(risk::FundingUpdate update);
  void on_open_interest(risk::OpenInterestUpdate update);
  // Puts a group's next risk table in force, which must be in the table log already. False: its group
  // cannot take it. `table.table` is then the one it has replaced, or itself: to be freed elsewhere.
  bool on_table(feeds::PublishedTable& table, std::int64_t now_ns);
  // Takes a step of a change, and puts other parameters in force, whose text must be in the parameter log
  // already. False, and nothing happens: the parameters do not replace those in force, or the table of
  // changes has something against one of the two. REQUIRES no risk::problems_of_change().
  bool on_parameters(PublishedParameters& parameters, std::int64_t now_ns);
  // False: no room for it.
  bool load(const risk::LoadBalance& load);
  bool load(const risk::LoadPosition& load);
  // The state is there, whole.
  void loaded(std::int64_t now_ns);
  // The shard is overloaded from here on, or no longer (ORDERLIFE 5). REQUIRES room in the journal.
  void on_overload(bool on, std::int64_t now_ns);
  // Who gives the command that follows at once.
  void on_operator(const OperatorRecord& who);
  // An operator has seen a warning: for those who follow the journal.
  void acknowledge(const AcknowledgeRecord& seen);
  void control(const risk::Control& control);
  void sweep(SweepScope scope, std::uint32_t target, std::uint32_t instrument, std::int64_t now_ns);
  // What an operator says of the venue's books (METHOD 3.14): carried out once by its number, also
  // across restarts. `who` has a record before the fact's, where the fact has one; null: nobody knows.
  // REQUIRES room in the journal, and indexes that exist.
  FactAnswer tell(const config::NumberedFact& fact, std::int64_t now_ns,
                  const OperatorRecord* who = nullptr);
  // The state was recovered with a difference: no order passes from now on, cancels do.
  void await_confirmation(std::int64_t now_ns);
  // The operator's word on such a state, and on one that differs from the follower's.
  void accept_state(std::int64_t now_ns);

  // Set by a follower of the journal whose state is another one than ours: increases are refused.
  void set_follower_differs(const std::atomic<bool>* differs) noexcept {
    follower_differs_ = differs;
  }

  // The number of the next message of the venue's stream, as it was before we logged in: an answer to
  // a query in front of it is an answer to an earlier one. To be asked for while the venue is not
  // known.
  void set_venue_head(std::uint64_t head) noexcept { venue_head_ = head; }
  // The link was up in this session of the venue: our numbers go on behind all that it has seen.
  [[nodiscard]] bool is_venue_known() const noexcept { return venue_known_; }
  // The venue connection, for what is to be sent; null while there is none.
  void set_venue(soup::ClientConnection* venue) noexcept { venue_ = venue; }
  // False: the venue's session is not ours or has forgotten what we have seen (state Lost), or its
  // stream has a gap; drop the link.
  bool on_venue_login(std::string_view session, std::uint64_t next_sequence, std::int64_t now_ns);
  // False: a gap in the stream; drop the link. A message below the expected number is dropped. One
  // that proves more than a pass may resolve waits here, and run() goes on with it: REQUIRES
  // !has_message_waiting().
  bool on_venue_message(std::uint64_t sequence, std::span<const std::byte> payload,
                        std::int64_t now_ns);
  [[nodiscard]] bool has_message_waiting() const noexcept { return has_message_waiting_; }
  void on_venue_down(std::int64_t now_ns);
  // The operator's word on a lost session (ORDERLIFE 2): everything there is dead, begin anew.
  void lost_orders_are_dead(std::int64_t now_ns);

  // Once a pass: the venue's message that waits, conditions that changed, the next slice of a sweep,
  // the steps of recovery, a marker where one is due. False: nothing could be done, because there is nothing to do or no room for it.
  bool run(std::int64_t now_ns);

  // After a pass whose orders have left, where no others wait: accounts that orders touched are brought up to date,
  // so that their next ones find it done. Changes nothing else.
  void catch_up() noexcept;

  // Once a pass: the next accounts whose margin state and day's loss are looked at again. Every
  // account has its turn once a second, or, where there are too many, once a minute. A day begins at
  // midnight UTC, the first one when every asset has a price. False: it is not time yet.
  bool recheck(std::int64_t now_ns);
  // The same of accounts whose state can have changed since (risk::Engine::take_due): within a
  // millisecond, unless there are many. False: there are none, or it is not time yet.
  bool recheck_due(std::int64_t now_ns);

  // A message of a client may be taken: the journal, the venue's buffer and the table of sweeps
  // have room for what it causes. REQUIRED before on_client_message.
  [[nodiscard]] bool has_room() const noexcept;
  [[nodiscard]] bool has_room_for_venue() const noexcept;

  // --- looking at it
  [[nodiscard]] risk::Engine& engine() noexcept { return engine_; }
  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }
  [[nodiscard]] const risk::Decision& last_decision() const noexcept { return last_decision_; }
  [[nodiscard]] LinkState link() const noexcept { return link_; }
  [[nodiscard]] bool is_loaded() const noexcept { return loaded_; }
  [[nodiscard]] bool is_idle() const noexcept {
    return sweep_count_ == 0 && link_ != LinkState::Resending;
  }
  [[nodiscard]] std::string_view stream_session() const noexcept {
    return {stream_session_.data(), 10};
  }
  // How many of the journal's messages for the session belong to earlier Soup sessions.
  [[nodiscard]] std::uint64_t stream_base(risk::SessionIndex session) const noexcept {
    return stream_base_[session.value];
  }
  [[nodiscard]] std::string_view venue_session() const noexcept;
  // Of the records it was made from: time goes on from there, whatever the clock says now.
  [[nodiscard]] std::int64_t redone_until_ns() const noexcept {
    return std::max(redone_until_ns_, engine_.last_time().ns);
  }
  [[nodiscard]] std::uint64_t venue_next_sequence() const noexcept { return venue_next_; }
  // The number of the last fact that was taken; 0: none yet.
  [[nodiscard]] std::uint64_t fact_number() const noexcept { return fact_number_; }
  [[nodiscard]] bool is_session_up(risk::SessionIndex session) const noexcept {
    return session_up_[session.value] != 0;
  }
  [[nodiscard]] bool has_sweep(SweepScope scope, std::uint32_t target) const noexcept;
  // The record of the next slice of a sweep, for who redoes other records than were written; nothing:
  // no sweep is left.
  [[nodiscard]] std::optional<SweepSliceRecord> next_slice(std::int64_t now_ns) const noexcept {
    if (sweep_count_ == 0) return std::nullopt;
    return SweepSliceRecord{.time = {now_ns}, .sweep = 0, .from = sweeps_[0].next};
  }
  // The first record redone or replayed, a marker, that found another state and has not been
  // accepted since; 0: none.
  [[nodiscard]] std::uint64_t differs_at() const noexcept { return differs_at_; }
  // What was wrong with a risk table, or with parameters, redone or loaded; empty: nothing.
  [[nodiscard]] const std::string& source_problem() const noexcept { return source_problem_; }
  [[nodiscard]] const ParametersInForce& parameters() const noexcept { return parameters_; }
  [[nodiscard]] const ChangeTable& changes() const noexcept { return changes_; }
  // The content of the tables in force, by group; zeros: none.
  [[nodiscard]] std::span<const feeds::TableHash> tables() const noexcept { return table_hashes_; }
  // RiskTable::id of the one in force, 0: none. REQUIRES: the group exists.
  [[nodiscard]] std::uint64_t table_version(risk::GroupIndex group) const noexcept {
    const auto& table = tables_[group.value];
    return table == nullptr ? 0 : table->id;
  }
  // In force: see await_confirmation and set_follower_differs.
  [[nodiscard]] bool state_differs() const noexcept { return state_differs_; }
  [[nodiscard]] bool state_unconfirmed() const noexcept { return state_unconfirmed_; }

  // --- saving it, as risk::Engine does: what records have made of it, and nothing of a process
  [[nodiscard]] std::uint64_t layout_hash() const noexcept;
  [[nodiscard]] std::size_t saved_bytes() const noexcept;
  // REQUIRES out.size() == saved_bytes().
  void save(std::span<std::byte> out) const noexcept;
  // What does not fit, or nullptr; after a problem the gate is of no use. REQUIRES a new gate of the
  // same deployment, and a source of the tables that were in force. That it is the state that was saved, state_hash() tells.
  [[nodiscard]] const char* load(std::span<const std::byte> saved) noexcept;
  // Of the engine's state and the gate's own, as markers compare them.
  [[nodiscard]] std::uint64_t state_hash() noexcept {
    return engine_.state_hash() * 0x9E3779B97F4A7C15ULL ^ own_hash();
  }

 private:
  enum class Mode : std::uint8_t { Live, Redo, Replay };
  struct Sweep {
    SweepRecord what;
    std::uint32_t next = 0;
  };
  // Beyond so many, messages of clients wait.
  static constexpr std::uint32_t kClientSweepsMax = 256;

  // gate.cpp: records and their effects
  template <class Record>
  void take(RecordType type, risk::Timestamp time, const Record& record) noexcept;
  void publish() noexcept;
  [[nodiscard]] bool apply_record(const journal::RecordView& view);
  void effect(const StartRecord& record) noexcept;
  void effect(const LoadedRecord& record) noexcept;
  void effect(const StreamSessionRecord& record) noexcept;
  void effect(const RecheckRecord& record) noexcept;
  void effect(const DueRecord& record) noexcept;
  void look_at(risk::AccountIndex account, risk::Timestamp time) noexcept;
  template <class Record>
  void order_effect(const Record& record) noexcept;
  void effect(const EnterRecord& record) noexcept;
  void effect(const EnterNamedRecord& record) noexcept;
  void effect(const ReplaceRecord& record) noexcept;
  void effect(const CancelRecord& record) noexcept;
  void effect(const FirmControlRecord& record) noexcept;
  void effect(const VenueLinkRecord& record) noexcept;
  void effect(const SessionRecord& record) noexcept;
  void effect(const SweepRecord& record) noexcept;
  void effect(const SweepSliceRecord& record) noexcept;
  void effect(const FenceRecord& record) noexcept;
  void effect(const ResolveRecord& record) noexcept;
  void effect(const risk::Control& record) noexcept;
  void effect(const risk::SetCondition& record) noexcept;
  void effect(const risk::SetPriceState& record) noexcept;
  void effect(const PublishTableRecord& record) noexcept;
  void effect(const risk::FundingUpdate& record) noexcept;
  void effect(const risk::OpenInterestUpdate& record) noexcept;
  template <class Command>
  void effect(const DecidedRecord<Command>& record) noexcept {
    engine_.apply(record.command, record.decision);
    count_fact(record.number, record.decision.disposition == risk::Disposition::Forward);
  }
  template <class Command>
  void effect(const FactRecord<Command>& record) noexcept {
    bool done = true;
    if constexpr (requires { bool{engine_.apply(record.command)}; }) {
      done = engine_.apply(record.command);
    } else {
      engine_.apply(record.command);
    }
    count_fact(record.number, done);
    if constexpr (std::is_same_v<Command, risk::PositionTransfer>) {
      // Orders that may only reduce go where there is less to reduce.
      const risk::PositionTransfer& moved = record.command;
      if (done) cancel_excess(moved.from, moved.instrument, moved.time);
      if (done) cancel_excess(moved.to, moved.instrument, moved.time);
    }
  }
  void count_fact(std::uint64_t number, bool done) noexcept {
    fact_number_ = number;
    ++(done ? counters_.facts : counters_.facts_refused);
  }
  void effect(const ParametersRecord& record) noexcept;
  void effect(const ChangeRecord& record) noexcept;
  template <class Command>
  void effect(const Command& command) noexcept {
    engine_.apply(command);
  }
  void count(const risk::Decision& decision) noexcept;
  void owe_reject(risk::SessionIndex session, std::uint32_t client_ref,
                  const risk::ClientText& text, std::uint16_t code, risk::Timestamp time) noexcept;
  template <ouch::Message M>
  void owe(risk::SessionIndex session, const M& message) noexcept;
  void owe_bytes(risk::SessionIndex session, std::span<const std::byte> payload) noexcept;
  void flush_staged() noexcept;
  template <ouch::Message M>
  void stage(const M& message) noexcept;
  void stage_cancels(risk::OrderIndex order) noexcept;
  void set_condition(risk::Condition condition, bool on, std::int64_t now_ns) noexcept;
  void begin_sweep(SweepRecord sweep) noexcept;
  [[nodiscard]] bool matches(const Sweep& sweep, const risk::Order& order) const noexcept;
  [[nodiscard]] bool may_use(risk::SessionIndex session, risk::AccountIndex account) const noexcept;
  void resend_cancels(std::int64_t now_ns) noexcept;
  void run_slice(std::int64_t now_ns) noexcept;
  void end_lost(risk::OrderIndex order, risk::Timestamp time) noexcept;
  [[nodiscard]] bool cancel_some_excess(risk::AccountIndex account,
                                        risk::InstrumentIndex instrument) noexcept;
  void cancel_excess(risk::AccountIndex account, risk::InstrumentIndex instrument,
                     risk::Timestamp time) noexcept;

  // facts.cpp
  template <class Command>
  FactAnswer take_fact(std::uint64_t number, const Command& command, const OperatorRecord* who);
  [[nodiscard]] bool has_orders(risk::InstrumentIndex instrument) const noexcept;

  // saved_gate.cpp
  template <class Self, class Part>
  static void for_each_part(Self& self, Part& part);
  [[nodiscard]] const char* check_loaded() const noexcept;
  [[nodiscard]] const char* load_tables() noexcept;
  [[nodiscard]] const char* load_parameters() noexcept;
  // Null: source_problem_ says why; so for the next. `before`: its group's table in force, or null.
  [[nodiscard]] std::unique_ptr<risk::NewRules> find_rules(const ParametersRecord& record) noexcept;
  [[nodiscard]] std::shared_ptr<const risk::RiskTable> find_table(
      const feeds::TableHash& hash, const risk::RiskTable* before) noexcept;
  [[nodiscard]] std::uint64_t own_hash() const noexcept;
  bool mark_state(std::int64_t now_ns);
  bool watch_follower(std::int64_t now_ns) noexcept;
  void effect(const MarkerRecord& record) noexcept;
  void effect(const AcceptStateRecord& record) noexcept;
  void effect(const OverloadRecord&) noexcept {}  // each decision behind it says so itself
  void effect(const OperatorRecord&) noexcept {}
  void effect(const AcknowledgeRecord&) noexcept {}

  // client_messages.cpp
  ClientResult enter(risk::SessionIndex session, const ouch::EnterOrder& wire, bool overloaded,
                     risk::Timestamp now);
  ClientResult replace(risk::SessionIndex session, const ouch::ReplaceOrder& wire, bool overloaded,
                       risk::Timestamp now);
  ClientResult cancel(risk::SessionIndex session, const ouch::CancelOrder& wire,
                      risk::Timestamp now);
  [[nodiscard]] risk::AccountIndex account_of(risk::SessionIndex session,
                                              const ouch::EnterOrder& wire) const noexcept;
  ClientResult firm_control(const ouch::Appendage& appendage, FirmControlRecord record);
  ClientResult ignore() noexcept;
  ClientResult malformed() noexcept;
  void complete(risk::NewOrder& order, bool overloaded, std::int64_t now_ns) const noexcept;
  template <class Record>
  ClientResult take_enter(RecordType type, Record& record, const ouch::EnterOrder& wire);
  ClientResult take_replace(ReplaceRecord& record, const ouch::ReplaceOrder& wire);
  ClientResult take_cancel(CancelRecord& record);
  void catch_up_later(risk::AccountIndex account) noexcept;
  void stage_order(const risk::NewOrder& order, const risk::Decision& decision) noexcept;
  void stage_order(const risk::ReplaceOrder& order, const risk::Decision& decision) noexcept;

  // venue_messages.cpp
  [[nodiscard]] bool is_resolved_ahead(std::span<const std::byte> payload,
                                       std::int64_t now_ns) noexcept;
  void take_waiting_message(std::int64_t now_ns) noexcept;
  void effect(const VenueMessageRecord& record) noexcept;
  template <ouch::Message M, class F>
  void on_message(std::span<const std::byte> payload, F&& f) noexcept;
  void on_accepted(const ouch::Accepted& message, risk::Timestamp time) noexcept;
  void on_replaced(const ouch::Replaced& message, risk::Timestamp time) noexcept;
  void on_executed(const ouch::Executed& message, risk::Timestamp time) noexcept;
  void on_canceled(const ouch::Canceled& message, risk::Timestamp time) noexcept;
  void on_self_match_prevented(const ouch::AiqCanceled& message, risk::Timestamp time) noexcept;
  void on_rejected(const ouch::Rejected& message, risk::Timestamp time) noexcept;
  void on_broken(const ouch::BrokenTrade& message, risk::Timestamp time) noexcept;
  void on_query_response(const ouch::QueryResponse& message, risk::Timestamp time) noexcept;
  void on_system_event(const ouch::SystemEvent& message, risk::Timestamp time) noexcept;
  struct Terms {
    risk::Lots quantity;
    risk::Price price;
  };
  template <ouch::Message M>
  void owe_terms(M answer, const risk::NumberRecord& record, const Terms& terms,
                 risk::Timestamp time) noexcept;
  template <ouch::Message M>
  void pass_on(M message, risk::Timestamp time) noexcept;
  void resolve(std::uint32_t number, risk::Timestamp time) noexcept;
  void resolve_below(std::uint32_t number, risk::Timestamp time) noexcept;
  void sweep_replaced(risk::OrderIndex order, std::uint32_t original) noexcept;
  template <ouch::Message M>
  bool adopt(const M& message, risk::AdoptOrder& order, risk::Timestamp time) noexcept;
  void tell_drop_copy(risk::AdoptOrder& order) const noexcept;
  void skip_numbers_to(std::uint32_t number) noexcept;
  void replaced_unknown(const ouch::Replaced& message, risk::Timestamp time) noexcept;
  risk::VenueOutcome apply(const risk::VenueEvent& event) noexcept;
  void books_disagree(risk::AccountIndex account, risk::Timestamp time) noexcept;
  bool is_first_word(const risk::VenueOutcome& outcome, ouch::OrderState state,
                     risk::Timestamp time) noexcept;
  [[nodiscard]] bool is_whole(risk::InstrumentIndex instrument, std::uint32_t wire) const noexcept;
  [[nodiscard]] risk::Lots lots_of(risk::InstrumentIndex instrument, std::uint32_t wire) noexcept;
  [[nodiscard]] risk::Lots lots_taken_off(risk::InstrumentIndex instrument,
                                          std::uint32_t wire) noexcept;
  [[nodiscard]] risk::Price price_of(risk::InstrumentIndex instrument, risk::Side side,
                                     std::uint64_t wire) noexcept;

  const config::Deployment& deployment_;
  const Aliases aliases_;
  std::vector<risk::SessionIndex> drop_copies_;  // by account: a session that only listens, or none
  journal::Journal* journal_;
  risk::Engine engine_;
  soup::ClientConnection* venue_ = nullptr;
  Mode mode_ = Mode::Live;
  Counters counters_;
  risk::Decision last_decision_;
  std::vector<std::uint8_t> session_up_;  // 0 or 1
  std::array<char, 16> stream_session_{};
  std::vector<std::uint64_t> stream_base_;  // by session

  // The risk tables in force, by group.
  TableSource table_source_;
  std::vector<feeds::TableHash> table_hashes_;
  std::vector<std::shared_ptr<const risk::RiskTable>> tables_;
  feeds::PublishedTable* published_ = nullptr;  // live: that of the record being taken
  ParameterSource parameter_source_;
  ParametersInForce parameters_;
  PublishedParameters* published_parameters_ = nullptr;  // likewise
  ChangeTable changes_;
  std::string source_problem_;

  bool loaded_ = false;
  std::int64_t redone_until_ns_ = 0;
  LinkState link_ = LinkState::Down;
  std::array<char, 16> venue_session_{};
  std::uint64_t venue_next_ = 1;      // sequence number expected from the venue
  std::uint32_t resolved_below_ = 1;  // every number of ours below this is resolved
  bool venue_known_ = false;
  bool query_answered_ = false;
  std::uint64_t answered_by_ = 0;  // the message that did
  std::uint64_t venue_head_ = 0;
  std::uint32_t resend_next_ = 0;
  bool has_message_waiting_ = false;
  VenueMessageRecord waiting_message_;  // its number is venue_next_

  // Room for kClientSweepsMax and one of each that an operator or a lost session can begin.
  std::vector<Sweep> sweeps_;
  std::uint32_t sweep_count_ = 0;
  std::uint32_t sweep_turn_ = 0;

  std::uint64_t fact_number_ = 0;  // the last one taken

  std::uint32_t recheck_next_ = 0;  // the account to begin with
  bool recheck_starts_day_ = false;
  std::int64_t day_ = 0;  // since the epoch: the last one that has begun
  std::int64_t next_recheck_ns_ = 0;
  std::int64_t next_due_ns_ = 0;

  // The client's message behind the record being taken: what only the venue needs of it.
  const ouch::EnterOrder* entered_ = nullptr;
  const ouch::ReplaceOrder* replaced_ = nullptr;
  // For catch_up(); of one that is not in it, the next order brings up to date what it needs.
  std::array<risk::AccountIndex, 64> behind_{};
  std::size_t behind_count_ = 0;
  // Messages for the venue, until the record that causes them is published: {u16 length, payload}.
  std::vector<std::byte> staged_;
  std::size_t staged_bytes_ = 0;
  // Replay: the messages the record says were owed, and the first difference.
  std::vector<journal::OutboundView> expected_;
  std::size_t expected_next_ = 0;
  const char* difference_ = nullptr;
  bool journal_degraded_ = false;
  bool venue_busy_ = false;
  bool state_differs_ = false;
  bool state_unconfirmed_ = false;

  std::uint64_t sequence_ = 0;    // of the record being redone or replayed
  std::uint64_t differs_at_ = 0;  // of the first marker that found another state
  const std::atomic<bool>* follower_differs_ = nullptr;
  std::int64_t next_marker_ns_ = 0;
  std::uint64_t settled_through_ = 0;  // the last record when the hash was settled last
};

}  // namespace portcullis::gateway::gate
