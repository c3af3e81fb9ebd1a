// A recorded journal judged again under a candidate configuration, by the very same gate and engine,
// decision by decision.
//
// A replay cannot know what traders would have done next. There are two conventions, and neither is
// what would have happened:
//
//   Follow::Recorded   The candidate's state follows what really happened: each order is decided by
//                      the candidate, compared, and then booked, or not, as it was recorded, with the
//                      fills it had. Each difference stands for itself, none has consequences.
//   Follow::Candidate  The state follows the candidate's decisions.
//     refused newly    The order, its fills and its replacements never were. A replace that is
//                      refused leaves its original working at its old terms, and what the venue said of
//                      the replacement is left out; where its client cancels or replaces the
//                      replacement it is the original that is meant; and when the replacement ended
//                      in the recording, what is left of the original is cancelled.
//     allowed newly    NewlyAllowed::Unfilled: the venue takes the order and cancels it at once; of a
//                      replace it wants nothing, and the original works on.
//                      NewlyAllowed::Filled: the order fills in full at once, at the price it was
//                      forwarded at; a replace takes effect and then does. What the recording says
//                      of the order it has replaced is left out.
//
// Prices, loads, what the venue's books and operators say, links and looks at margin states come as they
// were recorded, under both.
// Other parameters that were put in force meanwhile do not: the candidate's are in force all the time.
// The venue's fills of market orders do, whatever collar the candidate has them forwarded at.
//
// One thread. Errors of the journal or of a candidate that cannot be judged by it leave as
// std::runtime_error.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "config/deployment.h"
#include "gateway/gate/gate.h"
#include "gateway/tune/number_map.h"

namespace portcullis::gateway::tune {

enum class Follow : std::uint8_t { Recorded, Candidate };
enum class NewlyAllowed : std::uint8_t { Unfilled, Filled };
struct Convention {
  Follow follow = Follow::Recorded;
  NewlyAllowed newly_allowed = NewlyAllowed::Unfilled;
};

enum class Message : std::uint8_t { Enter, Replace, Cancel };

// What the candidate makes of a message, beside what was recorded.
enum class Change : std::uint8_t {
  None,
  Refused,  // newly
  Allowed,  // newly
  Reason,   // refused both times, for another reason or at another level of the tree
  Price,    // a market order is forwarded at another price
  Follows,  // its order is not there under one of the two: a consequence of another difference
};
inline constexpr std::size_t kChangeCount = 6;

struct Judged {
  std::uint64_t sequence = 0;  // of the record
  risk::Timestamp time;
  Message message = Message::Enter;
  Change change = Change::None;
  risk::AccountIndex account;        // none: not known
  risk::InstrumentIndex instrument;  // none: not known
  risk::SessionIndex session;
  std::uint32_t client_ref = 0;
  risk::Side side = risk::Side::Buy;
  risk::Lots quantity;  // of a replace or a cancel the total
  risk::Lots open;      // what of it may still execute; of a cancel nothing
  risk::Price price;
  risk::Decision then;  // as recorded
  risk::Decision now;   // the candidate's
  // Of a refusal by gross notional: that in the one instrument, not in all together.
  bool by_instrument_gross = false;
};

class Rejudge {
 public:
  // The candidate's instruments, accounts, sessions and assets are numbered as the recording's
  // (commands/tune_configuration.h), and it may have more of them. `tables` as of gate::Gate.
  // Both deployments must outlive this.
  Rejudge(const config::Deployment& recorded, const config::Deployment& candidate,
          gate::TableSource tables, Convention convention);

  // The state that the first records have made, where they are gone. Once, before take().
  void begin_with(const gate::Gate& recorded);

  // The records of the journal, one after another.
  std::optional<Judged> take(const journal::RecordView& record);

  // The candidate's.
  [[nodiscard]] risk::Engine& engine() noexcept { return gate_.engine(); }
  [[nodiscard]] gate::Gate& gate() noexcept { return gate_; }

 private:
  template <class Record>
  Judged judge(const journal::RecordView& view, const Record& record, Message message);
  template <class Order>
  Judged decide(const journal::RecordView& view, const Order& order, const risk::Decision& then);
  // One message under each convention.
  template <class Record>
  Judged follow_recording(const journal::RecordView& view, Record record);
  template <class Record>
  Judged follow_candidate(const journal::RecordView& view, Record record);
  template <class Order>
  void means_original(Order& order) const;
  template <class Order>
  void remember(const Order& order, const Judged& judged, std::uint32_t free_number);
  void venue_takes(const Judged& judged);
  void fill(std::uint32_t number, risk::Price price, risk::Timestamp time);

  void take_venue_message(const journal::RecordView& view);
  [[nodiscard]] bool translate(std::uint32_t& number);
  template <class Message>
  [[nodiscard]] bool translate_message(Message& message);
  void end_with_recorded(std::uint32_t own, risk::Timestamp time);

  void take_other(const journal::RecordView& view);
  void take_sweep(const journal::RecordView& view);
  void take_table(const journal::RecordView& view);
  void check_room(const journal::RecordView& view);
  void redo(const journal::RecordView& view);
  template <class Record>
  void redo_as(const journal::RecordView& view, const Record& record);
  void redo_recorded(const journal::RecordView& view);
  void run_sweeps(const journal::RecordView& view);
  [[nodiscard]] std::uint32_t node_of(std::uint32_t recorded) const;
  [[nodiscard]] bool is_same_refusal(const risk::Decision& then, const risk::Decision& now) const;
  [[nodiscard]] bool is_by_instrument_gross(const Judged& judged);
  [[nodiscard]] bool runs_own_sweeps() const { return !has_same_tree_ || has_parted_; }

  const config::Deployment& recorded_;
  const config::Deployment& candidate_;
  const Convention convention_;
  gate::Gate gate_;
  std::unique_ptr<gate::Gate> as_recorded_;  // Follow::Candidate: what really happened
  std::vector<risk::NodeIndex> nodes_;       // the candidate's, by the recording's
  bool has_same_tree_ = true;
  // Follow::Candidate: some decision was another one, and from there on numbers are others.
  bool has_parted_ = false;
  NumberMap numbers_;
  // Which of its orders a client means by a replacement that was refused.
  std::unordered_map<std::uint64_t, std::uint32_t> meant_;
  std::uint64_t next_match_ = 0;
};

}  // namespace portcullis::gateway::tune
