// What the gate's journal holds: one struct for each kind of input, with the decision where one was
// taken. They are written as bytes before anything they cause leaves the process (ORDERLIFE 3).
#pragma once

#include <array>
#include <cstdint>

#include "config/deployment.h"
#include "config/role.h"
#include "feeds/table_log.h"
#include "gateway/journal/format.h"
#include "risk/commands.h"

namespace portcullis::gateway::gate {

// Numbers are on disk: never reuse or renumber one.
enum class RecordType : std::uint16_t {
  Start = 1,  // the first record of a journal
  Enter = 2,
  Replace = 3,
  Cancel = 4,
  FirmControl = 5,  // a client's mass cancel, disable, enable, query
  VenueMessage = 6,
  VenueLink = 7,
  Session = 8,
  Mark = 9,
  Index = 10,
  LoadBalance = 11,
  LoadPosition = 12,
  Control = 13,
  Condition = 14,
  Sweep = 15,          // cancels of everything under a node begin
  SweepSlice = 16,     // the next of them
  Fence = 17,          // a number that carries no order
  Resolve = 18,        // numbers proved never to have been processed
  Loaded = 19,         // the state of an empty journal is there, whole
  Recheck = 20,        // the margin states of some accounts are looked at again, in turn
  Due = 21,            // the same of accounts whose state prices or trading can have changed
  EnterNamed = 22,     // an order that its client names by a text
  Marker = 23,         // the state as it is here
  StreamSession = 24,  // a client's messages from here on belong to another Soup session
  AcceptState = 25,    // an operator accepts a state that was recovered with a difference
  PriceState = 26,     // a reference price is unsafe from here on, or safe again
  PublishTable = 27,   // a group's next risk table
  Overload = 28,       // the shard has more to do than it can, from here on, or no longer
  Funding = 29,        // what a lot of a perpetual contract has paid, and will pay
  Parameters = 30,     // other limits, shocks, fees, ... are in force from here on
  OpenInterest = 31,
  // What an operator tells of the venue's books, each with a number of his (FactRecord).
  Transfer = 33,  // cash comes, goes, or changes accounts
  Borrow = 34,    // a loan is taken or repaid
  Interest = 35,
  Conversion = 36,        // of an asset into another
  PositionTransfer = 37,  // from one account to another
  Realise = 38,           // gains become balance
  Expire = 39,            // an instrument ends
  Split = 40,             // of an instrument
  LeverageCap = 41,
  Operator = 42,     // who gave the command that the next record is
  Change = 43,       // a change of limits is proposed, approved, refused, withdrawn, or lapses
  Acknowledge = 44,  // an operator has seen a warning
};

struct StartRecord {
  std::uint64_t configuration_hash = 0;
  std::array<char, 16> stream_session{};  // the Soup session name our clients see, ten characters
};

// Without it behind the load commands the process was killed among them.
struct LoadedRecord {
  risk::Timestamp time;
};

// The accounts [from, from + count): their margin states and day's losses (METHOD 3.15), and first,
// where a day begins, what its losses count from.
inline constexpr std::uint32_t kRecheckSlice = 4;
struct RecheckRecord {
  risk::Timestamp time;
  std::uint32_t from = 0;
  std::uint32_t count = 0;
  std::uint8_t starts_day = 0;
  std::array<std::uint8_t, 7> padding{};
};
// The first `count` of the accounts: their margin states and day's losses.
struct DueRecord {
  risk::Timestamp time;
  std::array<risk::AccountIndex, 4> accounts;
  std::uint32_t count = 0;
  std::uint32_t padding = 0;
};

struct EnterRecord {
  risk::NewOrder order;
  risk::Decision decision;
};
// A client's own name of an order, where the protocol has names longer than a ClientText: at most 36
// characters, then zeros.
using OrderName = std::array<char, 40>;
struct EnterNamedRecord {
  risk::NewOrder order;
  risk::Decision decision;
  OrderName name{};
};
struct ReplaceRecord {
  risk::ReplaceOrder order;
  risk::Decision decision;
};
struct CancelRecord {
  risk::CancelOrder order;
  risk::Decision decision;
};

// OUCH C, D, E and Q of a client, answered by the gate.
struct FirmControlRecord {
  risk::Timestamp time;
  std::uint32_t session = 0;
  std::uint32_t client_ref = 0;
  std::array<char, 8> symbol{};
  std::array<char, 4> firm{};
  std::uint32_t account = risk::kNone32;     // of the firm; none: every account of the session
  std::uint32_t instrument = risk::kNone32;  // of the symbol; none: every instrument
  char type = 0;                             // the OUCH message type
  std::uint8_t known = 0;      // firm and symbol mean something to this session, and it may do this
  std::uint8_t over_rate = 0;  // beyond the session's second budget
  std::uint8_t padding = 0;
};

// A sequenced message of the venue as it came; only `length` bytes of it are written.
struct VenueMessageRecord {
  static constexpr std::size_t kHeaderSize = 24;
  risk::Timestamp time;
  std::uint64_t sequence = 0;
  std::uint32_t length = 0;
  std::uint32_t padding = 0;
  std::array<std::byte, 512> payload{};
};

enum class LinkChange : std::uint8_t {
  Down,
  LoggedIn,  // recovering: messages are applied, orders are not taken
  Up,
  Lost,        // the venue has another session: its operator's decision is awaited
  OrdersDead,  // that decision: everything at the lost session is dead
};
struct VenueLinkRecord {
  risk::Timestamp time;
  std::array<char, 16> session{};  // LoggedIn: the venue's session name
  std::uint64_t sequence = 0;      // LoggedIn: the next sequence number to receive
  LinkChange change = LinkChange::Down;
  std::array<std::uint8_t, 7> padding{};
};

// A fact, under the operator's number of it: numbers rise, and one that is not above the last is not
// taken again.
template <class Command>
struct FactRecord {
  std::uint64_t number = 0;
  Command command;
};
// The same where the engine decides.
template <class Command>
struct DecidedRecord {
  std::uint64_t number = 0;
  Command command;
  risk::Decision decision;
};

struct SessionRecord {
  risk::Timestamp time;
  std::uint32_t session = 0;
  std::uint8_t up = 0;
  std::array<std::uint8_t, 3> padding{};
};

// Which orders a sweep cancels.
enum class SweepScope : std::uint8_t {
  Node,  // of all accounts under a node of the tree
  Account,
  Session,          // entered by a session
  SessionAccounts,  // of all accounts a session may use
  Instrument,
  Lost,    // all orders; not cancelled but ended, because the venue has lost them
  Excess,  // reduce-only ones of an account beyond its position; never in a record
};
// Of an operator's cancel-all.
constexpr SweepScope sweep_scope_of(risk::ControlScope scope) {
  switch (scope) {
    case risk::ControlScope::Node:
      return SweepScope::Node;
    case risk::ControlScope::Account:
      return SweepScope::Account;
    case risk::ControlScope::Session:
      return SweepScope::Session;
    case risk::ControlScope::Instrument:
      return SweepScope::Instrument;
  }
  return SweepScope::Node;
}
struct SweepRecord {
  risk::Timestamp time;
  std::uint32_t target = 0;
  std::uint32_t instrument = risk::kNone32;  // only of this instrument; none: all
  std::uint32_t below = 0;  // only numbers below this: what was there when the sweep began
  SweepScope scope = SweepScope::Node;
  std::array<std::uint8_t, 3> padding{};
};
// Orders are looked at from index `from` on; up to kSweepSlice of them are cancelled.
inline constexpr std::uint32_t kSweepSlice = 64;
struct SweepSliceRecord {
  risk::Timestamp time;
  std::uint32_t sweep = 0;
  std::uint32_t from = 0;
};

struct FenceRecord {
  risk::Timestamp time;
  std::uint32_t number = 0;
  std::uint32_t padding = 0;
};

// Every number of ours below this is resolved, at most kResolveMax of them by one record.
inline constexpr std::uint32_t kResolveMax = 512;
struct ResolveRecord {
  risk::Timestamp time;
  std::uint32_t below = 0;
  std::uint32_t padding = 0;
};

// What the records before it have made: whoever redoes them compares.
struct MarkerRecord {
  risk::Timestamp time;
  std::uint64_t engine_hash = 0;  // risk::Engine::state_hash()
  std::uint64_t gate_hash = 0;    // of the gate's own state
};

// The machine went down, and with it may have gone messages that the client was shown: its stream
// begins again under another name, so that nobody is given others under their numbers. One for each
// session, all with the same name.
struct StreamSessionRecord {
  risk::Timestamp time;
  std::array<char, 16> stream_session{};  // as in StartRecord
  std::uint64_t base = 0;  // the stream's message base + 1 is number 1 of the new Soup session
  std::uint32_t session = 0;
  std::uint32_t padding = 0;
};

// Differences at markers before it are accepted, with the state as it was recovered.
struct AcceptStateRecord {
  risk::Timestamp time;
};

// A group's next risk table, by the hash of its content, which is in the table log (feeds/TABLES.md).
struct PublishTableRecord {
  risk::Timestamp time;
  std::uint64_t id = 0;  // risk::RiskTable::id
  feeds::TableHash hash{};
  std::uint32_t group = 0;
  std::uint32_t padding = 0;
};

// Other parameters are in force, of a configuration whose canonical text is in the journal's folder as
// parameters/<its SHA-256>.json (gateway/parameters).
using ParameterHash = feeds::TableHash;
enum class ParametersCause : std::uint8_t {
  Reload,    // the configuration's files were loaded again
  Regime,    // a factor's volatility selects another regime
  Override,  // some limits have other values for a while
  Expiry,    // of such an override
};
struct ParametersRecord {
  risk::Timestamp time;
  std::uint32_t version = 0;   // in every decision from here on; rises from record to record
  std::uint32_t replaces = 0;  // the version in force until now
  ParameterHash hash{};
  config::RegimeChoice regimes{};
  std::array<char, 32> by{};  // who asked for it, then zeros
  ParametersCause cause = ParametersCause::Reload;
  std::array<std::uint8_t, 3> padding{};
  std::uint32_t change =
      0;  // ChangeRecord::id of what comes into force, or ends; 0: none was proposed
};

// Orders that add risk are refused while it is on; each decision says whether it was. It changes
// nothing itself.
struct OverloadRecord {
  risk::Timestamp time;
  std::uint8_t on = 0;
  std::array<std::uint8_t, 7> padding{};
};

static_assert(journal::is_journal_command<DecidedRecord<risk::Transfer>> &&
              journal::is_journal_command<DecidedRecord<risk::Borrow>>);
static_assert(journal::is_journal_command<FactRecord<risk::Interest>> &&
              journal::is_journal_command<FactRecord<risk::Conversion>> &&
              journal::is_journal_command<FactRecord<risk::PositionTransfer>>);
static_assert(journal::is_journal_command<FactRecord<risk::Realise>> &&
              journal::is_journal_command<FactRecord<risk::Expire>> &&
              journal::is_journal_command<FactRecord<risk::Split>> &&
              journal::is_journal_command<FactRecord<risk::LeverageCap>>);
static_assert(journal::is_journal_command<ParametersRecord>);
// Where an operator's command came from.
enum class OperatorSource : std::uint8_t {
  CommandsFile,  // `portcullis run --commands`
  ControlPlane,
  Configuration,  // the files, at a start or a signal
  Gate,           // by itself
};
// Both records are taken in one step: no other record comes between them, though a process that is
// killed there leaves this one without the command. It changes nothing itself.
struct OperatorRecord {
  risk::Timestamp time;
  std::array<char, 64> by{};      // the token's name, or the "by" of the file; then zeros
  std::array<char, 64> reason{};  // in the operator's words; then zeros
  config::Role role = config::Role::Operator;
  OperatorSource source = OperatorSource::CommandsFile;
  std::array<std::uint8_t, 6> padding{};
};

// A warning is named by the record that raised it and its place among those that this one raised
// (gateway/follower/warning_watch.h). It changes nothing in the gate.
struct AcknowledgeRecord {
  risk::Timestamp time;
  std::uint64_t raised_by = 0;
  std::uint32_t place = 0;
  std::uint32_t padding = 0;
};

static_assert(journal::is_journal_command<OperatorRecord> &&
              journal::is_journal_command<AcknowledgeRecord>);
enum class ChangeStep : std::uint8_t {
  Propose,
  Approve,
  Refuse,    // the approver's no
  Withdraw,  // its proposer's, or that of another who may propose
  Lapse,     // it cannot come into force any more, or an override cannot stay; `reason` says why
};
enum class ChangeKind : std::uint8_t {
  Reload,    // the whole configuration
  Override,  // single limits, for a while
};
// Of the parameters by which it comes into force.
constexpr ParametersCause cause_of(ChangeKind kind) {
  return kind == ChangeKind::Reload ? ParametersCause::Reload : ParametersCause::Override;
}
// A step in the life of a change (changes.h), with who took it. What follows from it for the parameters
// in force is another record, behind this one.
struct ChangeRecord {
  risk::Timestamp time;
  risk::Timestamp effective_at;  // this and the next three, of Propose alone; 0: at once
  risk::Timestamp expires_at;    // of an override
  ParameterHash
      hash{};  // of the configuration's canonical text, or the list of overridden limits, in the
               // parameter log
  std::array<char, 64> by{};      // as in OperatorRecord
  std::array<char, 64> reason{};  // in his words
  std::uint32_t id = 0;           // rises by one from change to change
  ChangeStep step = ChangeStep::Propose;
  ChangeKind kind = ChangeKind::Reload;  // this and the next, of Propose alone
  std::uint8_t needs_approval = 0;       // of another person than `by`
  config::Role role = config::Role::Risk;
  OperatorSource source = OperatorSource::ControlPlane;
  std::array<std::uint8_t, 7> padding{};
};
static_assert(journal::is_journal_command<ChangeRecord>);
static_assert(journal::is_journal_command<PublishTableRecord> &&
              journal::is_journal_command<OverloadRecord>);
static_assert(journal::is_journal_command<MarkerRecord> &&
              journal::is_journal_command<AcceptStateRecord>);
static_assert(journal::is_journal_command<StreamSessionRecord>);
static_assert(journal::is_journal_command<ResolveRecord> &&
              journal::is_journal_command<LoadedRecord>);
static_assert(journal::is_journal_command<RecheckRecord> && journal::is_journal_command<DueRecord>);
static_assert(journal::is_journal_command<StartRecord> && journal::is_journal_command<EnterRecord>);
static_assert(journal::is_journal_command<EnterNamedRecord>);
static_assert(journal::is_journal_command<ReplaceRecord> &&
              journal::is_journal_command<CancelRecord>);
static_assert(journal::is_journal_command<FirmControlRecord>);
static_assert(journal::is_journal_command<VenueMessageRecord>);
static_assert(journal::is_journal_command<VenueLinkRecord>);
static_assert(journal::is_journal_command<SessionRecord> &&
              journal::is_journal_command<SweepRecord>);
static_assert(journal::is_journal_command<SweepSliceRecord> &&
              journal::is_journal_command<FenceRecord>);

}  // namespace portcullis::gateway::gate
