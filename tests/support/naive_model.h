// The risk engine once more, as simply as possible, for tests: the rules of METHOD 3, ORDERLIFE 1
// and 6 and the contract in risk/engine.h, with 128-bit integers, no caches and no sums carried
// along: everything is worked out from the accounts, positions and live orders at each call. It
// shares with the engine the structs of its inputs and nothing else.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "risk/commands.h"
#include "risk/engine.h"
#include "risk/parameters.h"
#include "risk/types.h"

namespace portcullis::support {

using risk::Int128;

struct Verdict {
  risk::Disposition disposition = risk::Disposition::Reject;
  risk::RejectReason reason = risk::RejectReason::None;
  risk::Price price{};
  std::uint32_t number = 0;
  bool exit = false;
  bool reducing = false;
  bool disconnect = false;
};

struct ModelMargin {
  Int128 equity = 0;
  Int128 costs = 0;
  Int128 requirement = 0;
  Int128 available = 0;
  bool stale = false;
};

struct ModelOutcome {
  bool known = false;
  bool ended = false;
  std::int64_t leaves = 0;
  risk::Anomaly anomaly = risk::Anomaly::None;
};

// A token bucket as a credit of nanoseconds: it grows with time up to `burst` intervals, and a
// token costs one interval.
struct ModelBucket {
  std::int64_t per_second = 1;
  std::int64_t burst = 1;
  Int128 credit = 0;
  std::int64_t at = 0;

  ModelBucket(std::int64_t rate, std::int64_t size);
  [[nodiscard]] std::int64_t interval() const;
  [[nodiscard]] Int128 credit_at(std::int64_t now) const;
  [[nodiscard]] bool has_token(std::int64_t now) const { return credit_at(now) >= interval(); }
  void take(std::int64_t now);
};

struct ModelPending {
  std::uint32_t number = 0;
  std::uint32_t original = 0;
  std::int64_t total = 0;
  std::int64_t price = 0;
};

// An order chain (ORDERLIFE 1).
struct ModelOrder {
  std::uint32_t account = 0;
  std::uint32_t instrument = 0;
  std::uint32_t session = 0;
  bool buy = true;
  std::uint16_t flags = 0;
  std::uint32_t head = 0;
  std::int64_t price = 0;
  std::int64_t total = 0;
  std::int64_t cum = 0;
  std::int64_t cancelled = 0;
  bool acknowledged = false;
  std::int64_t cancel_to = -1;     // the total a cancel asked for; -1: none
  std::uint64_t cancel_below = 0;  // of the numbers there were then
  bool exit = false;
  std::vector<ModelPending> pending;

  [[nodiscard]] std::int64_t head_leaves() const;
  [[nodiscard]] std::int64_t leaves_of(std::uint32_t number) const;
};

// What one order reserves, or would.
struct Reservation {
  std::uint32_t instrument = 0;
  bool buy = true;
  Int128 lots = 0;
  Int128 worst = 0;      // ticks: the price furthest against the account
  Int128 fee_price = 0;  // ticks: the price with the highest fee
  bool exit = false;
};

struct ModelNumber {
  std::uint64_t order = 0;  // 0: ended
  std::uint32_t account = 0;
  std::uint32_t instrument = 0;
  std::uint32_t session = 0;
  std::uint32_t client_ref = 0;
  bool buy = true;
};

struct ModelTrade {
  std::uint64_t match = 0;
  std::uint32_t number = 0;
  std::uint32_t account = 0;
  std::uint32_t instrument = 0;
  bool buy = true;
  std::int64_t quantity = 0;
  std::int64_t price = 0;
};

struct ModelLine {
  Int128 position = 0;
  Int128 cash = 0;
};

struct ModelAccount {
  std::uint8_t flags = 0;
  std::set<std::uint32_t> suspended_by{};  // sessions
  ModelBucket orders;
  ModelBucket exits;
  std::vector<Int128> balances;              // by asset
  std::map<std::uint32_t, ModelLine> lines;  // by instrument
};

struct ModelSession {
  std::uint8_t flags = 0;
  std::uint32_t watermark = 0;
  ModelBucket orders;
  ModelBucket exits;
};

struct ModelPrice {
  std::int64_t value = 0;  // 0: never told
  std::int64_t as_of = 0;
};

class NaiveModel {
 public:
  explicit NaiveModel(const risk::Parameters& parameters);

  [[nodiscard]] Verdict decide(const risk::NewOrder& order) const;
  [[nodiscard]] Verdict decide(const risk::ReplaceOrder& order) const;
  [[nodiscard]] Verdict decide(const risk::CancelOrder& order) const;
  void apply(const risk::NewOrder& order, const Verdict& verdict);
  void apply(const risk::ReplaceOrder& order, const Verdict& verdict);
  void apply(const risk::CancelOrder& order, const Verdict& verdict);
  template <class Command>
  Verdict submit(const Command& command) {
    const Verdict verdict = decide(command);
    apply(command, verdict);
    return verdict;
  }

  ModelOutcome apply(const risk::VenueEvent& event);
  bool apply(const risk::AdoptOrder& order);
  void apply(const risk::MarkUpdate& update);
  void apply(const risk::IndexUpdate& update);
  void apply(const risk::LoadBalance& load);
  bool apply(const risk::LoadPosition& load);
  void apply(const risk::Control& control);
  void apply(const risk::SetCondition& condition);
  void realise(risk::AccountIndex account);
  void consume(risk::SessionIndex session, std::uint32_t client_ref);
  void raise_next_number(std::uint32_t next);

  [[nodiscard]] ModelMargin margin(std::uint32_t account, std::int64_t now) const;
  // Whether this scenario set, group and column make the requirement what it is.
  [[nodiscard]] bool binds(std::uint32_t account, std::uint32_t set, std::uint32_t group,
                           std::uint32_t column) const;
  [[nodiscard]] Int128 position(std::uint32_t account, std::uint32_t instrument) const;
  [[nodiscard]] const risk::Parameters& parameters() const { return parameters_; }
  [[nodiscard]] const std::map<std::uint64_t, ModelOrder>& orders() const { return orders_; }
  [[nodiscard]] const std::vector<ModelAccount>& accounts() const { return accounts_; }
  [[nodiscard]] const std::vector<ModelSession>& sessions() const { return sessions_; }
  [[nodiscard]] const std::map<std::uint32_t, ModelNumber>& numbers() const { return numbers_; }
  [[nodiscard]] const std::vector<ModelTrade>& trades() const { return trades_; }
  [[nodiscard]] const std::vector<ModelPrice>& marks() const { return marks_; }
  [[nodiscard]] std::uint64_t next_number() const { return next_number_; }
  [[nodiscard]] std::int64_t clock() const { return clock_; }
  // The collar price of a market order; none while there is no mark.
  [[nodiscard]] std::optional<std::int64_t> market_price(std::uint32_t account,
                                                         std::uint32_t instrument, bool buy) const;

 private:
  // The question of a new order or a replace in one form.
  struct Question {
    std::uint32_t session = 0;
    std::uint32_t account = risk::kNil;
    std::uint32_t instrument = risk::kNil;
    bool buy = true;
    risk::OrdType type = risk::OrdType::Limit;
    risk::TimeInForce life = risk::TimeInForce::Day;
    std::int64_t price = 0;
    std::int64_t lots = 0;  // of the new order, or the new leaves of a replace
    std::int64_t min_lots = 0;
    risk::RejectReason form = risk::RejectReason::None;
    risk::RejectReason unsupported = risk::RejectReason::None;
    std::uint16_t flags = 0;
    std::uint64_t replaced = 0;  // the order replaced; 0: a new one
    std::int64_t now = 0;
  };
  struct Usage {
    Int128 longs = 0;
    Int128 shorts = 0;
    Int128 gross = 0;
  };
  // An account's book as a list, with what an order under judgement would make of it.
  struct Book {
    std::uint32_t account = 0;
    std::map<std::uint32_t, Int128> positions;
    std::vector<Reservation> open;
  };
  // Of one factor: what counts where it rises and where it falls.
  struct Exposed {
    Int128 up = 0;
    Int128 down = 0;
  };
  // The requirement of the per-group sets and that of the joint sets.
  struct Scopes {
    Int128 by_group = 0;
    Int128 jointly = 0;
  };
  struct Tree {
    risk::NodeLevel level = risk::NodeLevel::Account;
    std::optional<std::uint32_t> node;  // none: the account itself
    const risk::LimitProfile* profile = nullptr;
  };

  // naive_model.cpp
  [[nodiscard]] std::int64_t now_of(risk::Timestamp time) const;
  void tick(risk::Timestamp time);
  void take_order_token(std::uint32_t session, std::uint32_t account, bool reducing,
                        std::int64_t now);
  [[nodiscard]] std::uint64_t find_live(std::uint32_t session, std::uint32_t client_ref,
                                        std::uint32_t& number) const;
  void trade(std::uint32_t account, std::uint32_t instrument, bool buy, std::int64_t lots,
             std::int64_t price, int direction);
  void end_number(std::uint32_t number);
  void end_order(std::uint64_t id);
  void drop_pending(std::uint64_t id, std::uint32_t number);
  [[nodiscard]] static bool is_answered(const ModelOrder& chain);
  void become_head(ModelOrder& chain, std::uint32_t number);
  [[nodiscard]] bool positions_full(std::uint32_t account, std::uint32_t instrument) const;

  // naive_judge.cpp
  [[nodiscard]] Verdict judge(const Question& q) const;
  [[nodiscard]] risk::RejectReason first_failure(const Question& q, Verdict& v) const;
  [[nodiscard]] risk::RejectReason check_states(const Question& q, bool reducing) const;
  [[nodiscard]] risk::RejectReason check_form(const Question& q) const;
  [[nodiscard]] risk::RejectReason check_size(const Question& q) const;
  [[nodiscard]] risk::RejectReason check_price(const Question& q, bool reducing) const;
  [[nodiscard]] risk::RejectReason check_capacity(const Question& q) const;
  [[nodiscard]] risk::RejectReason check_exposure(const Question& q) const;
  [[nodiscard]] std::vector<Tree> path(std::uint32_t account) const;
  [[nodiscard]] bool under(std::uint32_t account, const Tree& level) const;
  [[nodiscard]] std::uint8_t flags_of(std::uint32_t account, const Tree& level) const;
  [[nodiscard]] Reservation reservation_after(const Question& q) const;
  [[nodiscard]] bool is_reducing(const Question& q) const;
  [[nodiscard]] bool table_stale(const Question& q) const;
  [[nodiscard]] bool by_position(const Question& q) const;
  [[nodiscard]] bool is_exit(const Question& q) const;
  [[nodiscard]] Usage usage(std::uint32_t account, std::uint32_t instrument) const;
  [[nodiscard]] Usage usage_with(const Question& q) const;
  [[nodiscard]] Int128 gross_of(std::uint32_t account) const;
  [[nodiscard]] Int128 collar_of(const Question& q) const;

  // naive_margin.cpp
  [[nodiscard]] Reservation reservation(const ModelOrder& order) const;
  [[nodiscard]] Book book(std::uint32_t account, std::uint64_t without = 0) const;
  [[nodiscard]] bool fresh_mark(std::uint32_t instrument, std::int64_t now) const;
  [[nodiscard]] bool fresh_index(std::uint32_t asset, std::int64_t now) const;
  [[nodiscard]] bool priced(std::uint32_t instrument) const;
  [[nodiscard]] bool account_stale(std::uint32_t account, std::int64_t now) const;
  [[nodiscard]] Int128 unit(std::uint32_t asset) const;
  [[nodiscard]] Int128 lot_notional(std::uint32_t instrument, Int128 price_in_marks) const;
  [[nodiscard]] Int128 fee_per_lot(std::uint32_t instrument, Int128 price_in_ticks) const;
  [[nodiscard]] Int128 asset_total(std::uint32_t account, std::uint32_t asset) const;
  [[nodiscard]] Int128 haircut(std::uint32_t account, std::uint32_t asset) const;
  [[nodiscard]] Int128 equity(std::uint32_t account) const;
  [[nodiscard]] Int128 cost_units(const Reservation& r) const;
  [[nodiscard]] Int128 free_equity(std::uint32_t account,
                                   const std::vector<Reservation>& open) const;
  [[nodiscard]] Int128 costs(const std::vector<Reservation>& open) const;
  [[nodiscard]] std::vector<Exposed> exposures(const Book& book) const;
  [[nodiscard]] std::vector<std::vector<Int128>> worst_outcomes(const Book& book) const;
  [[nodiscard]] bool exposures_fit(const Book& book) const;
  [[nodiscard]] bool figures_fit(std::uint32_t account) const;
  [[nodiscard]] Int128 alone(const std::vector<std::vector<Int128>>& low, std::size_t set,
                             std::size_t group) const;
  [[nodiscard]] Int128 together(const std::vector<std::vector<Int128>>& low, std::size_t set,
                                std::uint32_t column) const;
  [[nodiscard]] Int128 joint(const std::vector<std::vector<Int128>>& low, std::size_t set) const;
  [[nodiscard]] Int128 group_requirement(const std::vector<std::vector<Int128>>& low,
                                         std::size_t group) const;
  [[nodiscard]] Scopes scopes(const std::vector<std::vector<Int128>>& low) const;
  [[nodiscard]] Int128 requirement(const Book& book) const;

  risk::Parameters parameters_;
  std::int64_t clock_ = 0;
  std::uint64_t next_number_ = 1;
  std::uint64_t next_order_ = 1;
  std::set<risk::Condition> conditions_;
  std::vector<ModelAccount> accounts_;
  std::vector<ModelSession> sessions_;
  std::vector<std::uint8_t> node_flags_;
  std::vector<bool> halted_;  // instruments
  std::vector<ModelPrice> marks_;
  std::vector<ModelPrice> indexes_;
  std::map<std::uint64_t, ModelOrder> orders_;  // live ones
  std::map<std::uint32_t, ModelNumber> numbers_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> client_numbers_;
  std::vector<ModelTrade> trades_;
};

}  // namespace portcullis::support
