// What each record of the gate's journal is made of, field by field, in the order of its bytes: the
// one list that prints a record (gateway/commands), tells what it is about, and is compared with
// gateway/journal/FORMAT.md. A new type of record is a line in visit_type(), which does not compile
// without it, a for_each_field() of its struct, and a table in FORMAT.md, which a test asks for.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "gateway/gate/records.h"
#include "gateway/journal/format.h"
#include "risk/commands.h"

namespace portcullis::gateway::gate {

// What a field's number means, where its type does not say so.
enum class Meaning : std::uint8_t {
  ByType,   // a Price is ticks, a Lots lots, an AccountIndex an account, an enumerator has a name
  Plain,    // a number that counts or names something of its own
  Hash,     // shown in hexadecimal
  Time,     // nanoseconds since the epoch
  Flags,    // of an order
  Account,  // indexes that are plain integers; risk::kNone32: none
  Instrument,
  Session,
  Target,        // of what the record's scope, or its kind of price, says
  DecisionNode,  // of the decision's level
  Set,           // a scenario set
  Group,         // a risk group
  Number,        // of an order of ours at the venue; 0: none
  ClientRef,     // a client's number
  Arithmetic,    // in the unit of the decision's reason
  Quanta,        // of the risk currency
  AssetUnits,    // of the record's asset
  IndexUnits,    // of the index of the record's asset
  FundingUnits,  // of a lot: in 1e-9 units of the asset that the record's instrument is settled in
  OuchType,      // the type byte of an OUCH message of a client
  Text,          // padded with spaces, or with zeros behind a name's end
  Payload,       // an OUCH message of the venue
  Padding,       // always 0
};

template <class T, class Record>
concept FieldsOf = std::same_as<std::remove_const_t<T>, Record>;

// --- for_each_field(record, f): calls f(name, member, meaning) for each field.

template <FieldsOf<risk::NewOrder> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("price", r.price, Meaning::ByType);
  f("quantity", r.quantity, Meaning::ByType);
  f("min_quantity", r.min_quantity, Meaning::ByType);
  f("account", r.account, Meaning::ByType);
  f("instrument", r.instrument, Meaning::ByType);
  f("session", r.session, Meaning::ByType);
  f("client_ref", r.client_ref, Meaning::ClientRef);
  f("side", r.side, Meaning::ByType);
  f("ord_type", r.ord_type, Meaning::ByType);
  f("time_in_force", r.time_in_force, Meaning::ByType);
  f("form", r.form, Meaning::ByType);
  f("unsupported", r.unsupported, Meaning::ByType);
  f("unused", r.unused, Meaning::Padding);
  f("flags", r.flags, Meaning::Flags);
  f("client_text", r.client_text, Meaning::Text);
  f("padding", r.padding, Meaning::Padding);
}
template <FieldsOf<risk::ReplaceOrder> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("price", r.price, Meaning::ByType);
  f("total", r.total, Meaning::ByType);
  f("session", r.session, Meaning::ByType);
  f("original_ref", r.original_ref, Meaning::ClientRef);
  f("client_ref", r.client_ref, Meaning::ClientRef);
  f("time_in_force", r.time_in_force, Meaning::ByType);
  f("form", r.form, Meaning::ByType);
  f("unsupported", r.unsupported, Meaning::ByType);
  f("ord_type", r.ord_type, Meaning::ByType);
  f("flags", r.flags, Meaning::Flags);
  f("client_text", r.client_text, Meaning::Text);
}
template <FieldsOf<risk::CancelOrder> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("total", r.total, Meaning::ByType);
  f("session", r.session, Meaning::ByType);
  f("client_ref", r.client_ref, Meaning::ClientRef);
}
template <FieldsOf<risk::Decision> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("price", r.price, Meaning::ByType);
  f("limit", r.limit, Meaning::Arithmetic);
  f("needed", r.needed, Meaning::Arithmetic);
  f("available", r.available, Meaning::Arithmetic);
  f("shortfall", r.shortfall, Meaning::Arithmetic);
  f("allowance", r.allowance, Meaning::Quanta);
  f("largest_passing", r.largest_passing, Meaning::ByType);
  f("order", r.order, Meaning::ByType);
  f("number", r.number, Meaning::Number);
  f("node", r.node, Meaning::DecisionNode);
  f("set", r.set, Meaning::Set);
  f("group", r.group, Meaning::Group);
  f("scenario", r.scenario, Meaning::Plain);
  f("parameter_version", r.parameter_version, Meaning::Plain);
  f("reason", r.reason, Meaning::ByType);
  f("disposition", r.disposition, Meaning::ByType);
  f("level", r.level, Meaning::ByType);
  f("exit", r.exit, Meaning::Plain);
  f("reducing", r.reducing, Meaning::Plain);
  f("disconnect", r.disconnect, Meaning::Plain);
  f("warned", r.warned, Meaning::Plain);
  f("padding", r.padding, Meaning::Padding);
}

template <FieldsOf<StartRecord> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("configuration_hash", r.configuration_hash, Meaning::Hash);
  f("stream_session", r.stream_session, Meaning::Text);
}
template <class R, class F>
requires FieldsOf<R, EnterRecord> || FieldsOf<R, ReplaceRecord> || FieldsOf<R, CancelRecord>
constexpr void for_each_field(R& r, F&& f) {
  f("order", r.order, Meaning::ByType);
  f("decision", r.decision, Meaning::ByType);
}
template <FieldsOf<EnterNamedRecord> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("order", r.order, Meaning::ByType);
  f("decision", r.decision, Meaning::ByType);
  f("name", r.name, Meaning::Text);
}
template <FieldsOf<FirmControlRecord> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("session", r.session, Meaning::Session);
  f("client_ref", r.client_ref, Meaning::ClientRef);
  f("symbol", r.symbol, Meaning::Text);
  f("firm", r.firm, Meaning::Text);
  f("account", r.account, Meaning::Account);
  f("instrument", r.instrument, Meaning::Instrument);
  f("type", r.type, Meaning::OuchType);
  f("known", r.known, Meaning::Plain);
  f("over_rate", r.over_rate, Meaning::Plain);
  f("padding", r.padding, Meaning::Padding);
}
template <FieldsOf<VenueMessageRecord> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("sequence", r.sequence, Meaning::Plain);
  f("length", r.length, Meaning::Plain);
  f("padding", r.padding, Meaning::Padding);
  f("payload", r.payload, Meaning::Payload);
}
template <FieldsOf<VenueLinkRecord> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("session", r.session, Meaning::Text);
  f("sequence", r.sequence, Meaning::Plain);
  f("change", r.change, Meaning::ByType);
  f("padding", r.padding, Meaning::Padding);
}
template <FieldsOf<SessionRecord> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("session", r.session, Meaning::Session);
  f("up", r.up, Meaning::Plain);
  f("padding", r.padding, Meaning::Padding);
}
template <FieldsOf<risk::MarkUpdate> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("as_of", r.as_of, Meaning::ByType);
  f("mark", r.mark, Meaning::ByType);
  f("instrument", r.instrument, Meaning::ByType);
  f("padding", r.padding, Meaning::Padding);
}
template <FieldsOf<risk::IndexUpdate> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("as_of", r.as_of, Meaning::ByType);
  f("index", r.index, Meaning::IndexUnits);
  f("asset", r.asset, Meaning::ByType);
  f("padding", r.padding, Meaning::Padding);
}
template <FieldsOf<risk::SetPriceState> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("target", r.target, Meaning::Target);
  f("kind", r.kind, Meaning::ByType);
  f("state", r.state, Meaning::ByType);
  f("padding", r.padding, Meaning::Padding);
}
template <FieldsOf<risk::FundingUpdate> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("paid", r.paid, Meaning::FundingUnits);
  f("predicted", r.predicted, Meaning::FundingUnits);
  f("instrument", r.instrument, Meaning::ByType);
  f("padding", r.padding, Meaning::Padding);
}
template <FieldsOf<risk::OpenInterestUpdate> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("lots", r.lots, Meaning::ByType);
  f("instrument", r.instrument, Meaning::ByType);
  f("padding", r.padding, Meaning::Padding);
}
template <FieldsOf<risk::Transfer> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("units", r.units, Meaning::AssetUnits);
  f("from", r.from, Meaning::ByType);
  f("to", r.to, Meaning::ByType);
  f("asset", r.asset, Meaning::ByType);
  f("padding", r.padding, Meaning::Padding);
}
template <class R, class F>
requires FieldsOf<R, risk::Borrow> || FieldsOf<R, risk::Interest>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("units", r.units, Meaning::AssetUnits);
  f("account", r.account, Meaning::ByType);
  f("asset", r.asset, Meaning::ByType);
}
// Two assets: in decimals neither figure would say of which.
template <FieldsOf<risk::Conversion> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("given", r.given, Meaning::Plain);
  f("got", r.got, Meaning::Plain);
  f("account", r.account, Meaning::ByType);
  f("from", r.from, Meaning::ByType);
  f("to", r.to, Meaning::ByType);
  f("padding", r.padding, Meaning::Padding);
}
template <FieldsOf<risk::PositionTransfer> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("lots", r.lots, Meaning::ByType);
  f("price", r.price, Meaning::ByType);
  f("from", r.from, Meaning::ByType);
  f("to", r.to, Meaning::ByType);
  f("instrument", r.instrument, Meaning::ByType);
  f("padding", r.padding, Meaning::Padding);
}
template <FieldsOf<risk::Realise> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("account", r.account, Meaning::ByType);
  f("padding", r.padding, Meaning::Padding);
}
template <FieldsOf<risk::Expire> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("price", r.price, Meaning::ByType);
  f("instrument", r.instrument, Meaning::ByType);
  f("padding", r.padding, Meaning::Padding);
}
template <FieldsOf<risk::Split> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("mark", r.mark, Meaning::ByType);
  f("numerator", r.numerator, Meaning::Plain);
  f("denominator", r.denominator, Meaning::Plain);
  f("instrument", r.instrument, Meaning::ByType);
  f("padding", r.padding, Meaning::Padding);
}
template <FieldsOf<risk::LeverageCap> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("max_ppm", r.max_ppm, Meaning::Plain);
}
// The number, and the command's own fields behind it.
template <class T>
struct FactOf : std::false_type {};
template <class Command>
struct FactOf<FactRecord<Command>> : std::true_type {};
template <class Command>
struct FactOf<DecidedRecord<Command>> : std::true_type {};
template <class R, class F>
requires(FactOf<std::remove_const_t<R>>::value) constexpr void for_each_field(R& r, F&& f) {
  f("number", r.number, Meaning::Plain);
  for_each_field(r.command, f);
  if constexpr (requires { r.decision; }) f("decision", r.decision, Meaning::ByType);
}
template <FieldsOf<risk::LoadBalance> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("units", r.units, Meaning::AssetUnits);
  f("account", r.account, Meaning::ByType);
  f("asset", r.asset, Meaning::ByType);
}
template <FieldsOf<risk::LoadPosition> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("lots", r.lots, Meaning::ByType);
  f("entry", r.entry, Meaning::ByType);
  f("account", r.account, Meaning::ByType);
  f("instrument", r.instrument, Meaning::ByType);
}
template <FieldsOf<risk::Control> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("target", r.target, Meaning::Target);
  f("by", r.by, Meaning::ByType);
  f("scope", r.scope, Meaning::ByType);
  f("action", r.action, Meaning::ByType);
  f("padding", r.padding, Meaning::Padding);
}
template <FieldsOf<risk::SetCondition> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("condition", r.condition, Meaning::ByType);
  f("on", r.on, Meaning::Plain);
  f("padding", r.padding, Meaning::Padding);
}
template <FieldsOf<SweepRecord> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("target", r.target, Meaning::Target);
  f("instrument", r.instrument, Meaning::Instrument);
  f("below", r.below, Meaning::Plain);
  f("scope", r.scope, Meaning::ByType);
  f("padding", r.padding, Meaning::Padding);
}
template <FieldsOf<SweepSliceRecord> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("sweep", r.sweep, Meaning::Plain);
  f("from", r.from, Meaning::Plain);
}
template <FieldsOf<FenceRecord> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("number", r.number, Meaning::Number);
  f("padding", r.padding, Meaning::Padding);
}
template <FieldsOf<ResolveRecord> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("below", r.below, Meaning::Plain);
  f("padding", r.padding, Meaning::Padding);
}
template <FieldsOf<LoadedRecord> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
}
template <FieldsOf<RecheckRecord> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("from", r.from, Meaning::Plain);
  f("count", r.count, Meaning::Plain);
  f("starts_day", r.starts_day, Meaning::Plain);
  f("padding", r.padding, Meaning::Padding);
}
template <FieldsOf<DueRecord> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("accounts", r.accounts, Meaning::ByType);
  f("count", r.count, Meaning::Plain);
  f("padding", r.padding, Meaning::Padding);
}
template <FieldsOf<MarkerRecord> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("engine_hash", r.engine_hash, Meaning::Hash);
  f("gate_hash", r.gate_hash, Meaning::Hash);
}
template <FieldsOf<StreamSessionRecord> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("stream_session", r.stream_session, Meaning::Text);
  f("base", r.base, Meaning::Plain);
  f("session", r.session, Meaning::Session);
  f("padding", r.padding, Meaning::Padding);
}
template <FieldsOf<PublishTableRecord> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("id", r.id, Meaning::Plain);
  f("hash", r.hash, Meaning::Hash);
  f("group", r.group, Meaning::Group);
  f("padding", r.padding, Meaning::Padding);
}
template <FieldsOf<ParametersRecord> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("version", r.version, Meaning::Plain);
  f("replaces", r.replaces, Meaning::Plain);
  f("hash", r.hash, Meaning::Hash);
  f("regimes", r.regimes, Meaning::Hash);
  f("by", r.by, Meaning::Text);
  f("cause", r.cause, Meaning::ByType);
  f("padding", r.padding, Meaning::Padding);
  f("change", r.change, Meaning::Plain);
}
template <FieldsOf<AcceptStateRecord> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
}
template <FieldsOf<OverloadRecord> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("on", r.on, Meaning::Plain);
  f("padding", r.padding, Meaning::Padding);
}

template <FieldsOf<OperatorRecord> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("by", r.by, Meaning::Text);
  f("reason", r.reason, Meaning::Text);
  f("role", r.role, Meaning::ByType);
  f("source", r.source, Meaning::ByType);
  f("padding", r.padding, Meaning::Padding);
}
template <FieldsOf<AcknowledgeRecord> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("raised_by", r.raised_by, Meaning::Plain);
  f("place", r.place, Meaning::Plain);
  f("padding", r.padding, Meaning::Padding);
}

template <FieldsOf<ChangeRecord> R, class F>
constexpr void for_each_field(R& r, F&& f) {
  f("time", r.time, Meaning::ByType);
  f("effective_at", r.effective_at, Meaning::ByType);
  f("expires_at", r.expires_at, Meaning::ByType);
  f("hash", r.hash, Meaning::Hash);
  f("by", r.by, Meaning::Text);
  f("reason", r.reason, Meaning::Text);
  f("id", r.id, Meaning::Plain);
  f("step", r.step, Meaning::ByType);
  f("kind", r.kind, Meaning::ByType);
  f("needs_approval", r.needs_approval, Meaning::Plain);
  f("role", r.role, Meaning::ByType);
  f("source", r.source, Meaning::ByType);
  f("padding", r.padding, Meaning::Padding);
}

// --- the types

template <class Record>
struct Body {
  using Type = Record;
};

// f(name, Body<Struct>) of a record type; f("", Body<void>) where this version has none of the
// number. The name is that of the command line and of JSON.
template <class F>
constexpr decltype(auto) visit_type(RecordType type, F&& f) {
  switch (type) {
    case RecordType::Start:
      return f("start", Body<StartRecord>{});
    case RecordType::Enter:
      return f("enter", Body<EnterRecord>{});
    case RecordType::Replace:
      return f("replace", Body<ReplaceRecord>{});
    case RecordType::Cancel:
      return f("cancel", Body<CancelRecord>{});
    case RecordType::FirmControl:
      return f("firm_control", Body<FirmControlRecord>{});
    case RecordType::VenueMessage:
      return f("venue_message", Body<VenueMessageRecord>{});
    case RecordType::VenueLink:
      return f("venue_link", Body<VenueLinkRecord>{});
    case RecordType::Session:
      return f("session", Body<SessionRecord>{});
    case RecordType::Mark:
      return f("mark", Body<risk::MarkUpdate>{});
    case RecordType::Index:
      return f("index", Body<risk::IndexUpdate>{});
    case RecordType::LoadBalance:
      return f("load_balance", Body<risk::LoadBalance>{});
    case RecordType::LoadPosition:
      return f("load_position", Body<risk::LoadPosition>{});
    case RecordType::Control:
      return f("control", Body<risk::Control>{});
    case RecordType::Condition:
      return f("condition", Body<risk::SetCondition>{});
    case RecordType::Sweep:
      return f("sweep", Body<SweepRecord>{});
    case RecordType::SweepSlice:
      return f("sweep_slice", Body<SweepSliceRecord>{});
    case RecordType::Fence:
      return f("fence", Body<FenceRecord>{});
    case RecordType::Resolve:
      return f("resolve", Body<ResolveRecord>{});
    case RecordType::Loaded:
      return f("loaded", Body<LoadedRecord>{});
    case RecordType::Recheck:
      return f("recheck", Body<RecheckRecord>{});
    case RecordType::Due:
      return f("due", Body<DueRecord>{});
    case RecordType::EnterNamed:
      return f("enter_named", Body<EnterNamedRecord>{});
    case RecordType::Marker:
      return f("marker", Body<MarkerRecord>{});
    case RecordType::StreamSession:
      return f("stream_session", Body<StreamSessionRecord>{});
    case RecordType::AcceptState:
      return f("accept_state", Body<AcceptStateRecord>{});
    case RecordType::PriceState:
      return f("price_state", Body<risk::SetPriceState>{});
    case RecordType::PublishTable:
      return f("publish_table", Body<PublishTableRecord>{});
    case RecordType::Overload:
      return f("overload", Body<OverloadRecord>{});
    case RecordType::Funding:
      return f("funding", Body<risk::FundingUpdate>{});
    case RecordType::OpenInterest:
      return f("open_interest", Body<risk::OpenInterestUpdate>{});
    case RecordType::Transfer:
      return f("transfer", Body<DecidedRecord<risk::Transfer>>{});
    case RecordType::Borrow:
      return f("borrow", Body<DecidedRecord<risk::Borrow>>{});
    case RecordType::Interest:
      return f("interest", Body<FactRecord<risk::Interest>>{});
    case RecordType::Conversion:
      return f("conversion", Body<FactRecord<risk::Conversion>>{});
    case RecordType::PositionTransfer:
      return f("position_transfer", Body<FactRecord<risk::PositionTransfer>>{});
    case RecordType::Realise:
      return f("realise", Body<FactRecord<risk::Realise>>{});
    case RecordType::Expire:
      return f("expire", Body<FactRecord<risk::Expire>>{});
    case RecordType::Split:
      return f("split", Body<FactRecord<risk::Split>>{});
    case RecordType::LeverageCap:
      return f("leverage_cap", Body<FactRecord<risk::LeverageCap>>{});
    case RecordType::Parameters:
      return f("parameters", Body<ParametersRecord>{});
    case RecordType::Operator:
      return f("operator", Body<OperatorRecord>{});
    case RecordType::Acknowledge:
      return f("acknowledge", Body<AcknowledgeRecord>{});
    case RecordType::Change:
      return f("change", Body<ChangeRecord>{});
  }
  return f("", Body<void>{});
}

constexpr std::string_view name_of(RecordType type) {
  return visit_type(type, [](std::string_view name, auto) { return name; });
}
// Numbers are below this.
inline constexpr std::uint16_t kRecordTypesEnd = 64;

template <class Record>
[[nodiscard]] bool read_record(const journal::RecordView& view, Record& record) {
  return journal::read_command(view, record);
}
inline bool read_record(const journal::RecordView& view, VenueMessageRecord& record) {
  if (view.command.size() < VenueMessageRecord::kHeaderSize || view.command.size() > sizeof record)
    return false;
  std::memcpy(&record, view.command.data(), view.command.size());
  return record.length == view.command.size() - VenueMessageRecord::kHeaderSize;
}

// Calls f(record) with the struct of the view's type. False: no type of this version, or no command
// of its size.
template <class F>
[[nodiscard]] bool with_record(const journal::RecordView& view, F&& f) {
  return visit_type(static_cast<RecordType>(view.type),
                    [&]<class Record>(std::string_view, Body<Record>) {
                      if constexpr (std::is_void_v<Record>) {
                        return false;
                      } else {
                        Record record;
                        if (!read_record(view, record)) return false;
                        f(static_cast<const Record&>(record));
                        return true;
                      }
                    });
}

}  // namespace portcullis::gateway::gate
