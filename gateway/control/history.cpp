#include "gateway/control/history.h"

#include <utility>

#include "gateway/gate/record_fields.h"
#include "gateway/gate/record_names.h"

namespace portcullis::gateway::control {

namespace {

// By ChangeStep.
constexpr std::array<std::string_view, 5> kChangeEvents{
    "change_proposed", "change_approved", "change_refused", "change_withdrawn", "change_lapsed"};

template <class Command>
Reject reject_of(const journal::RecordView& record, std::string_view type, const Command& order,
                 const risk::Decision& decision) {
  return {.sequence = record.sequence,
          .time_ns = record.time_ns,
          .type = type,
          .session = order.session,
          .account = {},
          .instrument = {},
          .client_ref = order.client_ref,
          .price = {},
          .quantity = {},
          .decision = decision};
}

Reject reject_of(const journal::RecordView& record, const risk::NewOrder& order,
                 const risk::Decision& decision) {
  Reject reject = reject_of<risk::NewOrder>(record, "enter", order, decision);
  reject.account = order.account;
  reject.instrument = order.instrument;
  reject.side = order.side;
  reject.price = order.price;
  reject.quantity = order.quantity;
  return reject;
}

bool is_refused(const risk::Decision& decision) {
  return decision.disposition == risk::Disposition::Reject;
}

}  // namespace

void write_reject(json::Writer& out, const Values& values, const Reject& reject) {
  const RecordValues& records = values.records();
  out.begin_object()
      .number("sequence", static_cast<std::int64_t>(reject.sequence))
      .number("time_ns", reject.time_ns)
      .text("type", reject.type)
      .number("client_ref", reject.client_ref);
  out.text_or_null("session", records.name(reject.session));
  out.text_or_null("account", records.name(reject.account));
  out.text_or_null("instrument", records.name(reject.instrument));
  if (reject.instrument.exists()) {
    out.text("side", gate::name_of(reject.side));
    values.lots(out, "quantity", reject.instrument, reject.quantity);
    values.price(out, "order_price", reject.instrument, reject.price);
  } else {
    out.null("side").null("quantity").null("order_price");
  }
  out.key("decision");
  values.decision(out, reject.instrument, reject.decision);
  out.end_object();
}

template <class Write>
void History::tell(EventKind kind, std::string_view what, const journal::RecordView& record,
                   Write&& write) {
  if (!wants_events_) return;
  json::Buffer buffer;
  json::Writer out(buffer);
  out.begin_object()
      .text("event", name_of(kind))
      .text("what", what)
      .number("sequence", static_cast<std::int64_t>(record.sequence))
      .number("time_ns", record.time_ns);
  write(out);
  out.end_object();
  on_event_(kind, fmt::to_string(buffer));
}

void History::write_operator(json::Writer& out) {
  const gate::OperatorRecord& who = giver_.who;
  out.text("by", trimmed(who.by))
      .text("role", gate::name_of(who.role))
      .text("reason", trimmed(who.reason));
}

void History::add(Reject reject, const journal::RecordView& record) {
  tell(EventKind::Reject, "reject", record, [&](json::Writer& out) {
    out.key("reject");
    write_reject(out, values_, reject);
  });
  rejects_.push_back(std::move(reject));
  if (rejects_.size() > rejects_max_) rejects_.pop_front();
}

void History::take(const journal::RecordView& record, bool wants_events) {
  using gate::RecordType;
  wants_events_ = wants_events;
  const bool is_given = giver_.take(record);
  const auto given = [&](json::Writer& out) {
    if (is_given) write_operator(out);
  };
  const auto read = [&]<class Record>(Record taken, auto&& f) {
    if (gate::read_record(record, taken)) f(std::as_const(taken));
  };
  const auto told = [&](EventKind kind, std::string_view what) { tell(kind, what, record, given); };
  switch (static_cast<RecordType>(record.type)) {
    case RecordType::Enter:
      return read(gate::EnterRecord{}, [&](const gate::EnterRecord& r) {
        if (is_refused(r.decision)) add(reject_of(record, r.order, r.decision), record);
      });
    case RecordType::EnterNamed:
      return read(gate::EnterNamedRecord{}, [&](const gate::EnterNamedRecord& r) {
        if (is_refused(r.decision)) add(reject_of(record, r.order, r.decision), record);
      });
    case RecordType::Replace:
      return read(gate::ReplaceRecord{}, [&](const gate::ReplaceRecord& r) {
        if (is_refused(r.decision)) add(reject_of(record, "replace", r.order, r.decision), record);
      });
    case RecordType::Cancel:
      return read(gate::CancelRecord{}, [&](const gate::CancelRecord& r) {
        if (is_refused(r.decision)) add(reject_of(record, "cancel", r.order, r.decision), record);
      });
    case RecordType::Control:
      return read(risk::Control{}, [&](const risk::Control& control) {
        tell(EventKind::Control, gate::name_of(control.action), record, [&](json::Writer& out) {
          values_.target(out, gate::name_of(control.scope), control.target);
          given(out);
          if (control.by.exists()) out.text("session", values_.records().name(control.by));
        });
      });
    case RecordType::Sweep:
      return read(gate::SweepRecord{}, [&](const gate::SweepRecord& sweep) {
        tell(EventKind::Control, "cancel_all", record, [&](json::Writer& out) {
          values_.target(out, gate::name_of(sweep.scope), sweep.target);
          given(out);
        });
      });
    case RecordType::VenueLink:
      return read(gate::VenueLinkRecord{}, [&](const gate::VenueLinkRecord& link) {
        told(EventKind::Link, gate::name_of(link.change));
      });
    case RecordType::Session:
      return read(gate::SessionRecord{}, [&](const gate::SessionRecord& session) {
        tell(EventKind::Session, session.up != 0 ? "up" : "down", record, [&](json::Writer& out) {
          out.text("session", values_.records().name(risk::SessionIndex{session.session}));
        });
      });
    case RecordType::Condition:
      return read(risk::SetCondition{}, [&](const risk::SetCondition& condition) {
        tell(EventKind::State, gate::name_of(condition.condition), record, [&](json::Writer& out) {
          out.boolean("on", condition.on);
          given(out);
        });
      });
    case RecordType::Overload:
      return read(gate::OverloadRecord{}, [&](const gate::OverloadRecord& overload) {
        tell(EventKind::State, "overload", record,
             [&](json::Writer& out) { out.boolean("on", overload.on != 0); });
      });
    case RecordType::AcceptState:
      return told(EventKind::State, "state_accepted");
    case RecordType::StreamSession:
      return told(EventKind::State, "stream_began_anew");
    case RecordType::PriceState:
      return read(risk::SetPriceState{}, [&](const risk::SetPriceState& price) {
        tell(EventKind::Price, gate::name_of(price.state), record, [&](json::Writer& out) {
          values_.target(out, gate::name_of(price.kind), price.target);
        });
      });
    case RecordType::Parameters:
      return read(gate::ParametersRecord{}, [&](const gate::ParametersRecord& parameters) {
        tell(EventKind::State, "parameters", record, [&](json::Writer& out) {
          out.number("version", parameters.version);
          out.text("cause", gate::name_of(parameters.cause));
          if (parameters.change != 0) out.number("change", parameters.change);
        });
      });
    case RecordType::Change:
      return read(gate::ChangeRecord{}, [&](const gate::ChangeRecord& change) {
        tell(EventKind::Control, kChangeEvents[static_cast<std::size_t>(change.step)], record,
             [&](json::Writer& out) {
               out.number("change", change.id)
                   .text("by", trimmed(change.by))
                   .text("role", gate::name_of(change.role))
                   .text("reason", trimmed(change.reason));
             });
      });
    case RecordType::Transfer:
      return told(EventKind::Control, "transfer");
    case RecordType::Borrow:
      return told(EventKind::Control, "borrow");
    case RecordType::Interest:
      return told(EventKind::Control, "interest");
    case RecordType::Conversion:
      return told(EventKind::Control, "conversion");
    case RecordType::PositionTransfer:
      return told(EventKind::Control, "position_transfer");
    case RecordType::Realise:
      return told(EventKind::Control, "realise");
    case RecordType::Expire:
      return told(EventKind::Control, "expire");
    case RecordType::Split:
      return told(EventKind::Control, "split");
    case RecordType::LeverageCap:
      return told(EventKind::Control, "leverage_cap");
    case RecordType::Funding:
    case RecordType::OpenInterest:
    case RecordType::Start:
    case RecordType::FirmControl:
    case RecordType::VenueMessage:
    case RecordType::Mark:
    case RecordType::Index:
    case RecordType::LoadBalance:
    case RecordType::LoadPosition:
    case RecordType::SweepSlice:
    case RecordType::Fence:
    case RecordType::Resolve:
    case RecordType::Loaded:
    case RecordType::Recheck:
    case RecordType::Due:
    case RecordType::Marker:
    case RecordType::PublishTable:
    case RecordType::Operator:     // told with the command that he gives
    case RecordType::Acknowledge:  // the warning's own event tells it
      return;
  }
}

}  // namespace portcullis::gateway::control
