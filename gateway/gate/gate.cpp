#include "gateway/gate/gate.h"

#include <algorithm>
#include <cstring>

#include "gateway/gate/outbound.h"
#include "gateway/gate/record_fields.h"

namespace portcullis::gateway::gate {

using risk::Disposition;
using risk::RejectReason;
using risk::Timestamp;

namespace {

// How much of the order pool one slice of a sweep looks at, beside the orders it cancels.
constexpr std::uint32_t kScanMax = 65'536;
// And how much of it one pass looks at for cancels that are remembered.
constexpr std::uint32_t kResendScan = 8'192;
// Room in the venue's buffer before a client's message is taken: a chain's cancels, a slice of a
// sweep.
constexpr std::size_t kVenueRoom = 32'768;

}  // namespace

Gate::Gate(const config::Deployment& deployment, journal::Journal* journal, TableSource tables,
           ParameterSource parameters)
    : deployment_(deployment),
      aliases_(deployment),
      journal_(journal),
      engine_(deployment.parameters),
      session_up_(deployment.sessions.size()),
      stream_base_(deployment.sessions.size()),
      table_source_(std::move(tables)),
      table_hashes_(deployment.parameters.groups.size()),
      tables_(deployment.parameters.groups.size()),
      parameter_source_(std::move(parameters)),
      sweeps_(kClientSweepsMax + 1 + deployment.parameters.nodes.size() +
              deployment.parameters.accounts.size() + deployment.sessions.size() +
              deployment.instruments.size()),
      staged_(65'536) {
  expected_.reserve(4096);
  drop_copies_.resize(deployment.accounts.size());
  for (auto s = static_cast<std::uint32_t>(deployment.sessions.size()); s-- > 0;) {
    if (!deployment.sessions[s].read_only) continue;
    for (const risk::AccountIndex account : deployment.parameters.sessions[s].accounts)
      drop_copies_[account.value] = {s};
  }
}

// --- taking a record

// From here on the record survives this process; now what it says may leave.
void Gate::publish() noexcept {
  journal_->publish();
  flush_staged();
}

void Gate::flush_staged() noexcept {
  std::size_t at = 0;
  while (at < staged_bytes_) {
    std::uint16_t length = 0;
    std::memcpy(&length, staged_.data() + at, sizeof length);
    // A link that cannot take it is about to be dropped: what was not sent is then resolved by
    // proof, and cancels are sent again.
    if (venue_ != nullptr) {
      (void)venue_->send_unsequenced({staged_.data() + at + sizeof length, length});
    }
    at += sizeof length + length;
  }
  staged_bytes_ = 0;
}

void Gate::owe_bytes(risk::SessionIndex session, std::span<const std::byte> payload) noexcept {
  const auto stream = static_cast<std::uint16_t>(session.value);
  switch (mode_) {
    case Mode::Live:
      journal_->add_outbound(stream, payload);
      return;
    case Mode::Redo:
      return;
    case Mode::Replay:
      if (expected_next_ == expected_.size()) {
        difference_ = "a message to a client that was not recorded";
        return;
      }
      const journal::OutboundView& recorded = expected_[expected_next_++];
      if (recorded.stream != stream || !std::ranges::equal(recorded.payload, payload)) {
        difference_ = "another message to a client than was recorded";
      }
      return;
  }
}

// --- redo and replay

namespace {

// Whether the engine decides now as it did then.
template <class Record>
constexpr bool kHasDecision = requires(const Record& record) {
  record.decision;
};

template <class Record>
risk::Decision decide_again(risk::Engine& engine, const Record& record) {
  if constexpr (requires { record.order; }) {
    engine.refresh(engine.account_of(record.order));
    return engine.decide(record.order);
  } else {
    return engine.decide(record.command);
  }
}

}  // namespace

bool Gate::apply_record(const journal::RecordView& view) {
  const auto apply = [&](const auto& record) {
    if constexpr (kHasDecision<std::remove_cvref_t<decltype(record)>>) {
      if (mode_ == Mode::Replay) {
        const risk::Decision decision = decide_again(engine_, record);
        if (std::memcmp(&decision, &record.decision, sizeof decision) != 0)
          difference_ = "another decision";
      }
    }
    effect(record);
  };
  return with_record(view, apply);
}

bool Gate::redo(const journal::RecordView& record) {
  mode_ = Mode::Redo;
  redone_until_ns_ = std::max(redone_until_ns_, record.time_ns);
  sequence_ = record.sequence;
  const bool known = apply_record(record);
  mode_ = Mode::Live;
  return known && source_problem_.empty();
}

std::string Gate::replay(const journal::RecordView& record) {
  mode_ = Mode::Replay;
  sequence_ = record.sequence;
  expected_.clear();
  expected_next_ = 0;
  difference_ = nullptr;
  record.for_each_outbound(
      [this](const journal::OutboundView& outbound) { expected_.push_back(outbound); });
  const bool known = apply_record(record);
  mode_ = Mode::Live;
  if (!known) return "not a record of this version";
  if (!source_problem_.empty()) return source_problem_;
  if (difference_ == nullptr && expected_next_ != expected_.size()) {
    difference_ = "a recorded message to a client that is not owed";
  }
  return difference_ == nullptr ? std::string() : std::string(difference_);
}

// --- effects

void Gate::effect(const StartRecord& record) noexcept {
  stream_session_ = record.stream_session;
  engine_.apply(
      risk::SetCondition{.time = {}, .condition = risk::Condition::VenueDown, .on = true});
}

void Gate::effect(const LoadedRecord&) noexcept { loaded_ = true; }

void Gate::effect(const StreamSessionRecord& record) noexcept {
  stream_session_ = record.stream_session;
  stream_base_[record.session] = record.base;
}

void Gate::count(const risk::Decision& decision) noexcept {
  ++counters_.in;
  switch (decision.disposition) {
    case Disposition::Forward:
      ++counters_.forwarded;
      break;
    case Disposition::Ignore:
      ++counters_.ignored;
      break;
    case Disposition::Reject:
      ++counters_.rejected;
      ++counters_.rejects[static_cast<std::size_t>(decision.reason)];
      break;
  }
  last_decision_ = decision;
}

void Gate::owe_reject(risk::SessionIndex session, std::uint32_t client_ref,
                      const risk::ClientText& text, std::uint16_t code, Timestamp time) noexcept {
  owe(session, ouch::Rejected{.timestamp = since_midnight(time),
                              .user_ref_num = client_ref,
                              .reason = static_cast<ouch::RejectCode>(code),
                              .cl_ord_id = text,
                              .appendage = {}});
}

template <class Record>
void Gate::order_effect(const Record& record) noexcept {
  engine_.apply(record.order, record.decision);
  count(record.decision);
  if (record.decision.disposition == Disposition::Reject) {
    owe_reject(record.order.session, record.order.client_ref, record.order.client_text,
               risk::info(record.decision.reason).ouch, record.order.time);
  } else if (record.decision.disposition == Disposition::Forward && mode_ == Mode::Live) {
    stage_order(record.order, record.decision);
  }
}

void Gate::effect(const EnterRecord& record) noexcept {
  ++counters_.enters;
  order_effect(record);
}
void Gate::effect(const EnterNamedRecord& record) noexcept {
  ++counters_.enters;
  order_effect(record);
}
void Gate::effect(const ReplaceRecord& record) noexcept {
  ++counters_.replaces;
  order_effect(record);
}

void Gate::effect(const CancelRecord& record) noexcept {
  ++counters_.cancels;
  engine_.apply(record.order, record.decision);
  count(record.decision);
  if (record.decision.disposition == Disposition::Reject) {
    owe(record.order.session, ouch::CancelReject{.timestamp = since_midnight(record.order.time),
                                                 .user_ref_num = record.order.client_ref,
                                                 .appendage = {}});
  } else if (record.decision.disposition == Disposition::Forward) {
    stage_cancels(record.decision.order);
  }
}

// The member's own kill switch, carried out and answered here (ORDERLIFE 1).
void Gate::effect(const FirmControlRecord& record) noexcept {
  const risk::SessionIndex session{record.session};
  ++counters_.in;
  const std::uint64_t timestamp = since_midnight(record.time);
  if (record.over_rate == 0) engine_.take_exit_token(session, record.time);
  if (record.type == ouch::AccountQuery::kType) {
    if (record.over_rate != 0) {  // there is no answer that refuses it
      ++counters_.rejected;
      ++counters_.rejects[static_cast<std::size_t>(RejectReason::Rate)];
      return;
    }
    ++counters_.answered;
    ++counters_.queries;
    owe(session, ouch::QueryResponse{.timestamp = timestamp,
                                     .next_user_ref_num = engine_.watermark(session) + 1,
                                     .appendage = {}});
    return;
  }
  ++counters_.controls;
  engine_.consume(session, record.client_ref);
  if (record.known == 0 || record.over_rate != 0) {
    const RejectReason reason =
        record.over_rate != 0 ? RejectReason::Rate : RejectReason::NotEntitled;
    ++counters_.rejected;
    ++counters_.rejects[static_cast<std::size_t>(reason)];
    owe_reject(session, record.client_ref, blank_text(), risk::info(reason).ouch, record.time);
    return;
  }
  ++counters_.answered;
  if (record.type == ouch::MassCancel::kType) {
    owe(session, ouch::MassCancelResponse{.timestamp = timestamp,
                                          .user_ref_num = record.client_ref,
                                          .firm = record.firm,
                                          .symbol = record.symbol,
                                          .appendage = {}});
    const bool one = record.account != risk::kNone32;
    begin_sweep({.time = record.time,
                 .target = one ? record.account : record.session,
                 .instrument = record.instrument,
                 .scope = one ? SweepScope::Account : SweepScope::SessionAccounts});
    return;
  }
  const bool disable = record.type == ouch::DisableOrderEntry::kType;
  for (const risk::AccountIndex account : engine_.parameters().sessions[record.session].accounts) {
    if (record.account != risk::kNone32 && account.value != record.account) continue;
    engine_.apply(risk::Control{
        .time = record.time,
        .target = account.value,
        .by = session,
        .scope = risk::ControlScope::Account,
        .action = disable ? risk::ControlAction::Suspend : risk::ControlAction::Resume});
  }
  if (disable) {
    owe(session, ouch::DisableResponse{.timestamp = timestamp,
                                       .user_ref_num = record.client_ref,
                                       .firm = record.firm,
                                       .appendage = {}});
  } else {
    owe(session, ouch::EnableResponse{.timestamp = timestamp,
                                      .user_ref_num = record.client_ref,
                                      .firm = record.firm,
                                      .appendage = {}});
  }
}

void Gate::effect(const SessionRecord& record) noexcept {
  session_up_[record.session] = record.up != 0 ? 1 : 0;
}

void Gate::effect(const risk::Control& control) noexcept {
  engine_.apply(control);
  if (control.action != risk::ControlAction::Kill) return;
  SweepRecord sweep{.time = control.time, .target = control.target};
  switch (control.scope) {
    case risk::ControlScope::Node:
      sweep.scope = SweepScope::Node;
      break;
    case risk::ControlScope::Account:
      sweep.scope = SweepScope::Account;
      break;
    case risk::ControlScope::Session:
      sweep.scope = SweepScope::Session;
      break;
    case risk::ControlScope::Instrument:
      sweep.scope = SweepScope::Instrument;
      break;
  }
  begin_sweep(sweep);
}

// --- sweeps: cancels of everything under a node, in slices

bool Gate::matches(const Sweep& sweep, const risk::Order& order) const noexcept {
  const SweepRecord& what = sweep.what;
  if (what.instrument != risk::kNone32 && order.instrument.value != what.instrument) return false;
  switch (what.scope) {
    case SweepScope::Node:
      return engine_.is_under(order.account, risk::ControlScope::Node, what.target);
    case SweepScope::Account:
      return order.account.value == what.target;
    case SweepScope::Session:
      return order.session.value == what.target;
    case SweepScope::Instrument:
      return order.instrument.value == what.target;
    case SweepScope::Lost:
      return true;
    case SweepScope::SessionAccounts:
      return may_use({what.target}, order.account);
    case SweepScope::Excess:
      return false;  // asked of the engine
  }
  return false;
}

bool Gate::may_use(risk::SessionIndex session, risk::AccountIndex account) const noexcept {
  const auto& accounts = engine_.parameters().sessions[session.value].accounts;
  return std::binary_search(accounts.begin(), accounts.end(), account);
}

// Of what is there now: an order that is entered behind a mass cancel is not meant by it.
void Gate::begin_sweep(SweepRecord sweep) noexcept {
  sweep.below = engine_.next_number();
  effect(sweep);
}

void Gate::effect(const SweepRecord& record) noexcept {
  // A sweep of the same orders that has not ended begins again; that is why they cannot pile up.
  for (std::uint32_t s = 0; s < sweep_count_; ++s) {
    const SweepRecord& what = sweeps_[s].what;
    if (what.scope == record.scope && what.target == record.target &&
        what.instrument == record.instrument) {
      sweeps_[s] = {record, 0};
      return;
    }
  }
  PORTCULLIS_ASSERT(sweep_count_ < sweeps_.size());
  sweeps_[sweep_count_++] = {record, 0};
}

// A replaced order has a number that a sweep does not ask for; one that the sweep has still to
// reach goes now.
void Gate::sweep_replaced(risk::OrderIndex index, std::uint32_t original) noexcept {
  for (std::uint32_t s = 0; s < sweep_count_; ++s) {
    const Sweep& sweep = sweeps_[s];
    if (index.value < sweep.next || original >= sweep.what.below ||
        engine_.order(index).head < sweep.what.below || !matches(sweep, engine_.order(index))) {
      continue;
    }
    engine_.want_cancel(index, {0});
    stage_cancels(index);
    return;
  }
}

void Gate::effect(const SweepSliceRecord& record) noexcept {
  Sweep& sweep = sweeps_[record.sweep];
  if (sweep.what.scope == SweepScope::Excess) {
    if (!cancel_some_excess({sweep.what.target}, {sweep.what.instrument}))
      sweeps_[record.sweep] = sweeps_[--sweep_count_];
    return;
  }
  std::uint32_t found = 0;
  std::uint32_t at = record.from;
  while (found < kSweepSlice) {
    const risk::OrderIndex order = engine_.next_order(at, at + kScanMax);
    if (!order.exists()) {
      at += kScanMax;
      break;
    }
    at = order.value + 1;
    if (engine_.order(order).head >= sweep.what.below || !matches(sweep, engine_.order(order)))
      continue;
    ++found;
    if (sweep.what.scope == SweepScope::Lost) {
      end_lost(order, record.time);
    } else {
      engine_.want_cancel(order, {0});
      stage_cancels(order);
    }
  }
  sweep.next = at;
  if (at >= deployment_.parameters.capacities.orders)
    sweeps_[record.sweep] = sweeps_[--sweep_count_];
}

// Each sweep in turn: one that is begun again and again does not hold up the others.
void Gate::run_slice(std::int64_t now_ns) noexcept {
  if (++sweep_turn_ >= sweep_count_) sweep_turn_ = 0;
  const SweepSliceRecord record{
      .time = {now_ns}, .sweep = sweep_turn_, .from = sweeps_[sweep_turn_].next};
  take(RecordType::SweepSlice, record.time, record);
}

void Gate::stage_cancels(risk::OrderIndex index) noexcept {
  if (mode_ != Mode::Live || (link_ != LinkState::Up && link_ != LinkState::Resending)) return;
  const risk::Order& order = engine_.order(index);
  ouch::CancelOrder cancel;
  cancel.quantity = static_cast<std::uint32_t>(order.cancel_to.raw *
                                               aliases_.venue(order.instrument).quantity_per_lot);
  // The venue ignores those that do not fit.
  const auto stage_one = [&](std::uint32_t number) {
    if (number >= order.cancel_below) return;
    cancel.user_ref_num = number;
    stage(cancel);
  };
  stage_one(order.head);
  for (std::uint8_t p = 0; p < order.pending_count; ++p) stage_one(order.pending[p].number);
}

// Reduce-only orders that a fill has left larger than the position go, newest first: kSweepSlice of
// them at most, each found without a walk. True: there may be more.
bool Gate::cancel_some_excess(risk::AccountIndex account,
                              risk::InstrumentIndex instrument) noexcept {
  for (std::uint32_t cancelled = 0; cancelled < kSweepSlice; ++cancelled) {
    const risk::OrderIndex order = engine_.excess_reduce_only(account, instrument);
    if (!order.exists()) return false;
    engine_.want_cancel(order, {0});
    stage_cancels(order);
  }
  return engine_.excess_reduce_only(account, instrument).exists();
}

// As many with the fill, the others in the slices of a sweep. Where there is no room for one, the
// next fill goes on.
void Gate::cancel_excess(risk::AccountIndex account, risk::InstrumentIndex instrument,
                         Timestamp time) noexcept {
  if (!cancel_some_excess(account, instrument) || sweep_count_ >= kClientSweepsMax) return;
  begin_sweep({.time = time,
               .target = account.value,
               .instrument = instrument.value,
               .scope = SweepScope::Excess});
}

// --- the venue link

void Gate::effect(const VenueLinkRecord& record) noexcept {
  engine_.apply(risk::SetCondition{.time = record.time,
                                   .condition = risk::Condition::VenueDown,
                                   .on = record.change != LinkChange::Up});
  switch (record.change) {
    case LinkChange::Down:
      if (link_ != LinkState::Lost) link_ = LinkState::Down;
      return;
    case LinkChange::LoggedIn:
      link_ = LinkState::Recovering;
      venue_session_ = record.session;
      query_answered_ = false;
      return;
    case LinkChange::Up:
      link_ = LinkState::Up;
      venue_known_ = true;
      return;
    case LinkChange::Lost:
      link_ = LinkState::Lost;
      return;
    case LinkChange::OrdersDead:
      link_ = LinkState::Down;
      venue_known_ = false;
      venue_session_ = {};
      venue_next_ = 1;
      resolved_below_ = engine_.next_number();
      begin_sweep({.time = record.time, .target = 0, .scope = SweepScope::Lost});
      return;
  }
}

void Gate::effect(const FenceRecord& record) noexcept {
  const std::uint32_t number = engine_.take_number();
  PORTCULLIS_ASSERT(number == record.number);
  stage(ouch::MassCancel{.user_ref_num = number,
                         .firm = deployment_.venue.firm,
                         .symbol = deployment_.venue.fence_symbol,
                         .appendage = {}});
}

bool Gate::on_venue_login(std::string_view session, std::uint64_t next_sequence,
                          std::int64_t now_ns) {
  VenueLinkRecord record{
      .time = {now_ns}, .sequence = next_sequence, .change = LinkChange::LoggedIn};
  std::copy_n(session.begin(), std::min(session.size(), record.session.size()),
              record.session.begin());
  // The same name with less than we have seen is no better than another name: our orders may be
  // gone.
  if (!venue_session().empty() && (venue_session() != session || next_sequence < venue_next_)) {
    record.change = LinkChange::Lost;
    take(RecordType::VenueLink, record.time, record);
    if (deployment_.venue.lost_session == config::LostSession::OrdersDead)
      lost_orders_are_dead(now_ns);
    return false;
  }
  if (next_sequence != venue_next_) return false;  // it would leave out what we have not seen
  take(RecordType::VenueLink, record.time, record);
  stage(ouch::AccountQuery{});
  flush_staged();
  return true;
}

void Gate::on_venue_down(std::int64_t now_ns) {
  venue_ = nullptr;
  has_message_waiting_ = false;
  if (link_ == LinkState::Down || link_ == LinkState::Lost) return;
  const VenueLinkRecord record{.time = {now_ns}, .change = LinkChange::Down};
  take(RecordType::VenueLink, record.time, record);
}

void Gate::lost_orders_are_dead(std::int64_t now_ns) {
  if (link_ != LinkState::Lost) return;
  const VenueLinkRecord record{.time = {now_ns}, .change = LinkChange::OrdersDead};
  take(RecordType::VenueLink, record.time, record);
}

std::string_view Gate::venue_session() const noexcept {
  return {venue_session_.data(),
          static_cast<std::size_t>(std::find(venue_session_.begin(), venue_session_.end(), '\0') -
                                   venue_session_.begin())};
}

// Everything that is remembered goes out before the link is up and orders are taken. A pass looks at
// kResendScan places of the pool and sends kSweepSlice orders' cancels at most; the next one goes on
// from there. Meanwhile no order is taken, and a cancel goes out at once.
void Gate::resend_cancels(std::int64_t now_ns) noexcept {
  const std::uint32_t capacity = deployment_.parameters.capacities.orders;
  const std::uint32_t end = std::min(capacity - resend_next_, kResendScan) + resend_next_;
  std::uint32_t sent = 0;
  while (sent < kSweepSlice) {
    const risk::OrderIndex order = engine_.next_order(resend_next_, end);
    if (!order.exists()) {
      resend_next_ = end;
      break;
    }
    resend_next_ = order.value + 1;
    if (engine_.order(order).cancel_to.raw < 0) continue;
    stage_cancels(order);
    ++sent;
  }
  flush_staged();
  if (resend_next_ < capacity) return;
  const VenueLinkRecord record{.time = {now_ns}, .change = LinkChange::Up};
  take(RecordType::VenueLink, record.time, record);
}

void Gate::effect(const risk::SetCondition& record) noexcept {
  engine_.apply(record);
  if (record.condition == risk::Condition::JournalDegraded) journal_degraded_ = record.on;
  if (record.condition == risk::Condition::VenueBusy) venue_busy_ = record.on;
  if (record.condition == risk::Condition::StateDiffers) state_differs_ = record.on;
  if (record.condition == risk::Condition::StateUnconfirmed) state_unconfirmed_ = record.on;
}

void Gate::effect(const risk::SetPriceState& record) noexcept {
  engine_.apply(record);
  ++counters_.price_state_changes;
}

void Gate::effect(const risk::FundingUpdate& record) noexcept {
  engine_.apply(record);
  ++counters_.fundings;
}

void Gate::effect(const risk::OpenInterestUpdate& record) noexcept {
  engine_.apply(record);
  ++counters_.open_interests;
}

void Gate::effect(const PublishTableRecord& record) noexcept {
  std::shared_ptr<const risk::RiskTable> table;
  if (published_ != nullptr) {
    table = std::move(published_->table);
  } else {
    table = find_table(record.hash,
                       record.group < tables_.size() ? tables_[record.group].get() : nullptr);
    if (table == nullptr) return;
  }
  const std::size_t group = record.group;
  const bool is_taken =
      group < tables_.size() && table->group.value == record.group &&
      engine_.apply(
          risk::TableUpdate{.time = record.time, .id = record.id, .group = {record.group}}, *table);
  ++(is_taken ? counters_.tables : counters_.tables_refused);
  if (is_taken) {
    table_hashes_[group] = record.hash;
    std::swap(tables_[group], table);
  }
  if (published_ != nullptr) published_->table = std::move(table);
}

// A record of the journal is of parameters that replaced those before it: a gate that cannot take them
// is in another state, and must not go on.
void Gate::effect(const ParametersRecord& record) noexcept {
  if (const char* const problem = changes_.problem_of(record)) {
    source_problem_ = problem;
    return;
  }
  std::unique_ptr<risk::NewRules> found;
  if (published_parameters_ == nullptr) {
    found = find_rules(record);
    if (found == nullptr) return;
  }
  const risk::ParameterChange change{
      .time = record.time, .version = record.version, .replaces = record.replaces};
  risk::NewRules& rules = published_parameters_ != nullptr ? *published_parameters_->rules : *found;
  if (!engine_.apply(change, rules)) {
    source_problem_ = "parameters that do not follow those in force";
    return;
  }
  parameters_ = {record.version, record.hash, record.regimes};
  changes_.apply(record);
  ++counters_.parameter_changes;
}

// Likewise: what the table cannot take was never written.
void Gate::effect(const ChangeRecord& record) noexcept {
  if (const char* const problem = changes_.problem_of(record)) {
    source_problem_ = problem;
    return;
  }
  changes_.apply(record);
}

// --- live inputs

namespace {

std::array<char, 16> padded_name(std::string_view stream_session) {
  std::array<char, 16> name;
  name.fill(' ');
  std::copy_n(stream_session.begin(), std::min<std::size_t>(stream_session.size(), 10),
              name.begin());
  return name;
}

}  // namespace

void Gate::start(std::string_view stream_session, std::int64_t now_ns) {
  const StartRecord record{.configuration_hash = deployment_.canonical_hash,
                           .stream_session = padded_name(stream_session)};
  take(RecordType::Start, {now_ns}, record);
}

void Gate::begin_stream(risk::SessionIndex session, std::string_view stream_session,
                        std::int64_t now_ns) {
  const auto stream = static_cast<std::uint16_t>(session.value);
  const StreamSessionRecord record{.time = {now_ns},
                                   .stream_session = padded_name(stream_session),
                                   .base = journal_->stream_next(stream) - 1,
                                   .session = session.value};
  take(RecordType::StreamSession, record.time, record);
}

void Gate::on_session(risk::SessionIndex session, bool up, std::int64_t now_ns) {
  const SessionRecord record{
      .time = {now_ns}, .session = session.value, .up = static_cast<std::uint8_t>(up)};
  take(RecordType::Session, record.time, record);
}

void Gate::on_mark(risk::MarkUpdate update) {
  ++counters_.prices;
  take(RecordType::Mark, update.time, update);
}

void Gate::on_index(risk::IndexUpdate update) {
  ++counters_.prices;
  take(RecordType::Index, update.time, update);
}

void Gate::on_price_state(risk::SetPriceState change) {
  const risk::PriceState now = change.kind == risk::PriceKind::Mark
                                   ? engine_.mark_state({change.target})
                                   : engine_.index_state({change.target});
  if (change.state != now) take(RecordType::PriceState, change.time, change);
}

void Gate::on_funding(risk::FundingUpdate update) {
  take(RecordType::Funding, update.time, update);
}

void Gate::on_open_interest(risk::OpenInterestUpdate update) {
  take(RecordType::OpenInterest, update.time, update);
}

bool Gate::on_table(feeds::PublishedTable& table, std::int64_t now_ns) {
  const std::uint64_t refused = counters_.tables_refused;
  published_ = &table;
  const PublishTableRecord record{
      .time = {now_ns}, .id = table.version, .hash = table.hash, .group = table.group.value};
  take(RecordType::PublishTable, record.time, record);
  published_ = nullptr;
  return counters_.tables_refused == refused;
}

bool Gate::on_parameters(PublishedParameters& parameters, std::int64_t now_ns) {
  ParametersRecord record = parameters.record;
  record.time = {now_ns};
  std::optional<ChangeRecord> change = parameters.change;
  ChangeTable changes = changes_;
  if (change) {
    change->time = {now_ns};
    if (changes.problem_of(*change) != nullptr) return false;
    changes.apply(*change);
  }
  if (parameters.rules != nullptr &&
      (record.replaces != engine_.parameters().version || record.version <= record.replaces ||
       parameters.rules->rules.parameters().version != record.version ||
       changes.problem_of(record) != nullptr)) {
    return false;
  }
  if (change) take(RecordType::Change, change->time, *change);
  if (parameters.rules == nullptr) return true;
  published_parameters_ = &parameters;
  take(RecordType::Parameters, record.time, record);
  published_parameters_ = nullptr;
  return true;
}

bool Gate::load(const risk::LoadBalance& load) {
  if (!engine_.has_room(load.account, load.asset)) return false;
  take(RecordType::LoadBalance, load.time, load);
  return true;
}

bool Gate::load(const risk::LoadPosition& load) {
  if (!engine_.has_room(load.account, load.instrument)) return false;
  take(RecordType::LoadPosition, load.time, load);
  return true;
}

void Gate::loaded(std::int64_t now_ns) {
  const LoadedRecord record{.time = {now_ns}};
  take(RecordType::Loaded, record.time, record);
}

void Gate::on_overload(bool on, std::int64_t now_ns) {
  const OverloadRecord record{.time = {now_ns}, .on = static_cast<std::uint8_t>(on)};
  take(RecordType::Overload, record.time, record);
}

// It was accepted a moment ago; the record's own time does not go back.
void Gate::on_operator(const OperatorRecord& who) {
  take(RecordType::Operator, {std::max(who.time.ns, redone_until_ns())}, who);
}

void Gate::acknowledge(const AcknowledgeRecord& seen) {
  take(RecordType::Acknowledge, seen.time, seen);
}

void Gate::control(const risk::Control& control) {
  take(RecordType::Control, control.time, control);
}

void Gate::sweep(SweepScope scope, std::uint32_t target, std::uint32_t instrument,
                 std::int64_t now_ns) {
  const SweepRecord record{.time = {now_ns},
                           .target = target,
                           .instrument = instrument,
                           .below = engine_.next_number(),
                           .scope = scope};
  take(RecordType::Sweep, record.time, record);
}

bool Gate::has_sweep(SweepScope scope, std::uint32_t target) const noexcept {
  return std::any_of(sweeps_.begin(), sweeps_.begin() + sweep_count_, [&](const Sweep& sweep) {
    return sweep.what.scope == scope && sweep.what.target == target;
  });
}

void Gate::set_condition(risk::Condition condition, bool on, std::int64_t now_ns) noexcept {
  const risk::SetCondition record{.time = {now_ns}, .condition = condition, .on = on};
  take(RecordType::Condition, record.time, record);
}

bool Gate::has_room_for_venue() const noexcept {
  return venue_ == nullptr || venue_->output_room() >= kVenueRoom;
}

bool Gate::has_room() const noexcept {
  return journal_->room() <= journal::Room::ReducingOnly && has_room_for_venue() &&
         sweep_count_ < kClientSweepsMax;
}

bool Gate::run(std::int64_t now_ns) {
  if (journal_->room() == journal::Room::None) return false;
  bool worked = has_message_waiting_;
  if (has_message_waiting_) take_waiting_message(now_ns);
  if (journal_->degraded() != journal_degraded_) {
    journal_degraded_ = !journal_degraded_;
    set_condition(risk::Condition::JournalDegraded, journal_degraded_, now_ns);
    worked = true;
  }
  const bool busy =
      venue_ != nullptr &&
      venue_->output_room() < static_cast<std::size_t>(deployment_.venue.send_buffer_bytes) / 2;
  if (busy != venue_busy_) {
    venue_busy_ = busy;
    set_condition(risk::Condition::VenueBusy, busy, now_ns);
    worked = true;
  }
  if (sweep_count_ > 0 && journal_->room() <= journal::Room::ReducingOnly && has_room_for_venue()) {
    run_slice(now_ns);
    worked = true;
  }
  if (link_ == LinkState::Recovering && query_answered_ && answered_by_ >= venue_head_) {
    link_ = LinkState::Resending;
    resend_next_ = 0;
    if (engine_.next_number() > resolved_below_) {
      const FenceRecord record{.time = {now_ns}, .number = engine_.next_number()};
      take(RecordType::Fence, record.time, record);
    }
  }
  if (link_ == LinkState::Resending && has_room_for_venue()) {
    resend_cancels(now_ns);
    worked = true;
  }
  worked |= watch_follower(now_ns);
  worked |= mark_state(now_ns);
  return worked;
}

}  // namespace portcullis::gateway::gate
