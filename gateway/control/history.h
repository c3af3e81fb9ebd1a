// What the journal's records tell operators: the newest refusals, and events as they happen.
//
// One thread.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "gateway/control/values.h"
#include "gateway/gate/command_giver.h"
#include "gateway/gate/records.h"
#include "gateway/journal/format.h"
#include "gateway/json/writer.h"

namespace portcullis::gateway::control {

enum class EventKind : std::uint8_t {
  Control,  // kill, suspend, close-only and resume, cancel-all and its end, an operator's decisions
  Reject,   // of an order, a replace or a cancel
  Session,  // a client comes or goes
  Link,     // the venue's
  State,    // conditions, overload, the state accepted, streams begun anew
  Price,    // a price is unsafe, or safe again
  Warning,  // a limit is used to a level, no longer, acknowledged, or told again
  Margin,   // an account's margin state is another one
};
inline constexpr std::array<std::string_view, 8> kEventKinds{
    "control", "reject", "session", "link", "state", "price", "warning", "margin"};
constexpr std::string_view name_of(EventKind kind) {
  return kEventKinds[static_cast<std::size_t>(kind)];
}

struct Reject {
  std::uint64_t sequence = 0;
  std::int64_t time_ns = 0;
  std::string_view type;  // enter, replace, cancel
  risk::SessionIndex session;
  risk::AccountIndex account;        // none: of a replace or a cancel
  risk::InstrumentIndex instrument;  // likewise
  std::uint32_t client_ref = 0;
  risk::Side side = risk::Side::Buy;
  risk::Price price;
  risk::Lots quantity;
  risk::Decision decision;
};
void write_reject(json::Writer& out, const Values& values, const Reject& reject);

class History {
 public:
  // `on_event` is told the text of each event, an object.
  using OnEvent = std::function<void(EventKind, const std::string& text)>;
  History(const Values& values, std::uint32_t rejects_max, OnEvent on_event)
      : values_(values), rejects_max_(rejects_max), on_event_(std::move(on_event)) {}

  // The next record. `wants_events`: somebody listens; else none is written.
  void take(const journal::RecordView& record, bool wants_events);

  // Oldest first.
  [[nodiscard]] const std::deque<Reject>& rejects() const { return rejects_; }

 private:
  template <class Write>
  void tell(EventKind kind, std::string_view what, const journal::RecordView& record,
            Write&& write);
  void add(Reject reject, const journal::RecordView& record);
  void write_operator(json::Writer& out);

  const Values& values_;
  const std::uint32_t rejects_max_;
  const OnEvent on_event_;
  std::deque<Reject> rejects_;
  bool wants_events_ = false;
  gate::CommandGiver giver_;
};

}  // namespace portcullis::gateway::control
