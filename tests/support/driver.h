// Drives a risk::Engine or a NaiveModel by short sentences, so that one test can be run on both. It
// hands out client numbers and keeps the time; every order is a Day limit order unless said
// otherwise.
#pragma once

#include <cstdint>
#include <map>

#include "risk/commands.h"
#include "risk/engine.h"
#include "tests/support/naive_model.h"

namespace portcullis::support {

// The part of a decision that engine and model share.
struct Answer {
  risk::Disposition disposition = risk::Disposition::Reject;
  risk::RejectReason reason = risk::RejectReason::None;
  std::int64_t price = 0;
  std::uint32_t number = 0;
  bool exit = false;
  bool disconnect = false;
  bool warned = false;
  std::int64_t allowance = 0;
  std::uint32_t client_ref = 0;  // the number to name the order by in replace() and cancel()
  [[nodiscard]] bool accepted() const { return disposition == risk::Disposition::Forward; }
};
inline Answer answer_of(const risk::Decision& d) {
  return {.disposition = d.disposition,
          .reason = d.reason,
          .price = d.price.raw,
          .number = d.number,
          .exit = d.exit != 0,
          .disconnect = d.disconnect != 0,
          .warned = d.warned != 0,
          .allowance = d.allowance};
}
inline Answer answer_of(const Verdict& v) {
  return {.disposition = v.disposition,
          .reason = v.reason,
          .price = v.price.raw,
          .number = v.number,
          .exit = v.exit,
          .disconnect = v.disconnect,
          .warned = v.warned,
          .allowance = static_cast<std::int64_t>(v.allowance)};
}

struct Figures {
  std::int64_t equity = 0;
  std::int64_t costs = 0;
  std::int64_t requirement = 0;
  std::int64_t available = 0;
  friend bool operator==(const Figures&, const Figures&) = default;
};
inline Figures figures_of(const risk::MarginReport& m) {
  return {m.equity.raw, m.costs.raw, m.requirement.raw, m.available.raw};
}
inline Figures figures_of(const ModelMargin& m) {
  return {static_cast<std::int64_t>(m.equity), static_cast<std::int64_t>(m.costs),
          static_cast<std::int64_t>(m.requirement), static_cast<std::int64_t>(m.available)};
}
inline Figures figures(risk::Engine& engine, std::uint32_t account, std::int64_t now) {
  return figures_of(engine.margin(risk::AccountIndex{account}, risk::Timestamp{now}));
}
inline Figures figures(const NaiveModel& model, std::uint32_t account, std::int64_t now) {
  return figures_of(model.margin(account, now));
}

template <class Subject>
class Driver {
 public:
  explicit Driver(const risk::Parameters& parameters) : subject(parameters) {}

  void balance(std::uint32_t account, risk::AssetIndex asset, std::int64_t units) {
    subject.apply(risk::LoadBalance{{now}, units, {account}, asset});
  }
  void position(std::uint32_t account, risk::InstrumentIndex instrument, std::int64_t lots,
                std::int64_t entry) {
    subject.apply(risk::LoadPosition{{now}, {lots}, {entry}, {account}, instrument});
  }
  // What is decided and then applied: a transfer, a loan.
  template <class Command>
  risk::RejectReason settle(const Command& command) {
    const auto decided = subject.decide(command);
    subject.apply(command, decided);
    return decided.reason;
  }
  void mark(risk::InstrumentIndex instrument, std::int64_t price) {
    subject.apply(risk::MarkUpdate{{now}, {now}, {price}, instrument, {}});
  }
  void index(risk::AssetIndex asset, std::int64_t price) {
    subject.apply(risk::IndexUpdate{{now}, {now}, price, asset, {}});
  }

  void state(risk::PriceKind kind, std::uint32_t target, risk::PriceState state) {
    subject.apply(risk::SetPriceState{{now}, target, kind, state, {}});
  }
  void state(risk::InstrumentIndex mark, risk::PriceState to) {
    state(risk::PriceKind::Mark, mark.value, to);
  }
  void state(risk::AssetIndex index, risk::PriceState to) {
    state(risk::PriceKind::Index, index.value, to);
  }

  // An order with everything usual filled in, to be changed and given to enter().
  [[nodiscard]] risk::NewOrder order(std::uint32_t account, risk::InstrumentIndex instrument,
                                     risk::Side side, std::int64_t lots, std::int64_t price) const {
    risk::NewOrder o;
    o.time = {now};
    o.account = {account};
    o.instrument = instrument;
    o.session = {0};
    o.side = side;
    o.quantity = {lots};
    o.price = {price};
    return o;
  }
  Answer enter(risk::NewOrder o) {
    o.client_ref = ++client_ref;
    Answer answer = answer_of(subject.submit(o));
    answer.client_ref = o.client_ref;
    return answer;
  }
  Answer buy(std::uint32_t account, risk::InstrumentIndex instrument, std::int64_t lots,
             std::int64_t price) {
    return enter(order(account, instrument, risk::Side::Buy, lots, price));
  }
  Answer sell(std::uint32_t account, risk::InstrumentIndex instrument, std::int64_t lots,
              std::int64_t price) {
    return enter(order(account, instrument, risk::Side::Sell, lots, price));
  }
  Answer market(std::uint32_t account, risk::InstrumentIndex instrument, risk::Side side,
                std::int64_t lots) {
    risk::NewOrder o = order(account, instrument, side, lots, 0);
    o.ord_type = risk::OrdType::Market;
    o.time_in_force = risk::TimeInForce::ImmediateOrCancel;
    return enter(o);
  }
  // A replace with everything usual filled in, to be changed and given to enter().
  [[nodiscard]] risk::ReplaceOrder replacement(std::uint32_t original_ref, std::int64_t total,
                                               std::int64_t price) const {
    risk::ReplaceOrder r;
    r.time = {now};
    r.total = {total};
    r.price = {price};
    r.session = {0};
    r.original_ref = original_ref;
    return r;
  }
  Answer enter(risk::ReplaceOrder r) {
    r.client_ref = ++client_ref;
    Answer answer = answer_of(subject.submit(r));
    answer.client_ref = r.client_ref;
    return answer;
  }
  Answer replace(std::uint32_t original_ref, std::int64_t total, std::int64_t price) {
    return enter(replacement(original_ref, total, price));
  }
  Answer cancel(std::uint32_t ref, std::int64_t total = 0) {
    return answer_of(subject.submit(risk::CancelOrder{{now}, {total}, {0}, ref}));
  }

  // The venue's word.
  auto venue(risk::VenueEventType type, std::uint32_t number, std::int64_t lots = 0,
             std::int64_t price = 0, std::uint32_t other = 0) {
    risk::VenueEvent e;
    e.time = {now};
    e.type = type;
    e.number = number;
    e.other = other;
    e.quantity = {lots};
    e.price = {price};
    e.match = ++match;
    return subject.apply(e);
  }
  void fill(std::uint32_t number, std::int64_t lots, std::int64_t price) {
    venue(risk::VenueEventType::Executed, number, lots, price);
  }

  [[nodiscard]] Figures margin(std::uint32_t account) { return figures(subject, account, now); }

  std::int64_t now = 1'700'000'000 * risk::kSecondNs;
  std::uint32_t client_ref = 0;
  std::uint64_t match = 0;
  Subject subject;
};

}  // namespace portcullis::support
