// The risk engine once more, as simply as possible, for tests: the rules of METHOD 3, ORDERLIFE 1
// and 6 and the contract in risk/engine.h, with 128-bit integers, no caches and no sums carried
// along: everything is worked out from the accounts, positions and live orders at each call. It
// shares with the engine the structs of its inputs and nothing else.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "risk/commands.h"
#include "risk/engine.h"
#include "risk/parameters.h"
#include "risk/risk_table.h"
#include "risk/types.h"

namespace portcullis::support {

using risk::Int128;

// Of one factor, over all columns of its group.
std::int64_t largest_rise(const risk::GroupParameters& group, std::uint32_t local_factor);

struct Verdict {
  risk::Disposition disposition = risk::Disposition::Reject;
  risk::RejectReason reason = risk::RejectReason::None;
  risk::Price price{};
  std::uint32_t number = 0;
  bool exit = false;
  bool reducing = false;
  bool disconnect = false;
  bool warned = false;
  Int128 allowance = 0;  // what of the wind-down allowance is used at the worst
};

struct ModelMargin {
  Int128 equity = 0;
  Int128 costs = 0;
  Int128 requirement = 0;
  Int128 available = 0;
  Int128 maintenance_equity = 0;
  Int128 maintenance_requirement = 0;
  bool stale = false;
  bool in_range = true;  // false: some figure does not fit; requirements are left out
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
  Int128 interval = 1;
  Int128 most = 1;
  Int128 credit = 0;
  std::int64_t at = 0;

  ModelBucket(std::int64_t interval_ns, std::int64_t burst);
  static ModelBucket of_rate(std::int64_t per_second, std::int64_t burst);
  [[nodiscard]] Int128 credit_at(std::int64_t now) const;
  [[nodiscard]] bool has_token(std::int64_t now) const { return credit_at(now) >= interval; }
  void take(std::int64_t now);
  void change(const ModelBucket& to, std::int64_t now);
  void fill() { credit = most; }
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
  Int128 fee_price = 0;  // ticks: the price with the highest fee among them
  Int128 highest = 0;    // ticks: the highest price among them
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
  Int128 fee_per_lot = 0;
};

// Other parameters in the place of those of a version.
struct ChangeParameters {
  risk::Timestamp time;
  std::uint32_t replaces = 0;
  std::shared_ptr<const risk::Parameters> to{};
};

struct ModelLine {
  Int128 position = 0;
  Int128 cash = 0;
  Int128 funding = 0;  // of each lot what funding had been paid when it was traded
};

struct ModelAccount {
  std::uint8_t flags = 0;
  std::set<std::uint32_t> suspended_by{};  // sessions
  ModelBucket orders;
  ModelBucket exits;
  ModelBucket executions;
  risk::MarginState state = risk::MarginState::Normal;
  Int128 allowance = 0;  // for winding down, quanta
  Int128 spent = 0;      // by exits that executed since
  Int128 required = 0;   // as it became restricted
  Int128 required_positions = 0;
  Int128 day_start = 0;                      // Wide
  std::vector<Int128> balances;              // by asset
  std::vector<Int128> borrowed;              // by asset
  std::map<std::uint32_t, ModelLine> lines;  // by instrument
};

struct ModelSession {
  std::uint8_t flags = 0;
  std::uint32_t watermark = 0;
  ModelBucket orders;
  ModelBucket exits;
};

struct ModelStateChange {
  risk::MarginState before = risk::MarginState::Normal;
  risk::MarginState after = risk::MarginState::Normal;
  bool day_closed = false;  // by this
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
  [[nodiscard]] Verdict decide(const risk::Transfer& transfer) const;
  [[nodiscard]] Verdict decide(const risk::Borrow& borrow) const;
  void apply(const risk::Transfer& transfer, const Verdict& verdict);
  void apply(const risk::Borrow& borrow, const Verdict& verdict);
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
  void apply(const risk::SetPriceState& change);
  void apply(const risk::OpenInterestUpdate& update);
  void apply(const risk::FundingUpdate& update);
  void apply(const risk::LeverageCap& cap);
  bool apply(const risk::LoadBalance& load);
  bool apply(const risk::LoadPosition& load);
  bool apply(const risk::Interest& interest);
  bool apply(const risk::Conversion& conversion);
  bool apply(const risk::PositionTransfer& transfer);
  [[nodiscard]] Verdict decide(const risk::IsolatedOrder& order) const;
  void apply(const risk::IsolatedOrder& order, const Verdict& verdict);
  void apply(const risk::Realise& command);
  void apply(const risk::Expire& expire);
  bool apply(const risk::Split& split);
  ModelStateChange apply(const risk::Recheck& recheck);
  void apply(const risk::DayStart& start);
  void apply(const risk::Control& control);
  void apply(const risk::SetCondition& condition);
  // naive_change.cpp. False, and nothing happens, where they do not follow what is in force.
  bool apply(const ChangeParameters& change);
  // False, and nothing changes, for a table that is not valid or not newer than the last.
  bool publish(const risk::RiskTable& table, risk::Timestamp time = {});
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
  // The prices that are unsafe.
  using Reference = std::pair<risk::PriceKind, std::uint32_t>;
  [[nodiscard]] const std::set<Reference>& unsafe() const { return unsafe_; }
  // Where the last table of its group has a mark of the instrument that it may not move far from.
  struct Anchored {
    std::int64_t mark = 0;
    std::int64_t move_max_ppm = 0;
    bool has_moved = false;  // further than that
  };
  [[nodiscard]] std::optional<Anchored> anchor_of(std::uint32_t instrument) const;
  [[nodiscard]] std::uint64_t next_number() const { return next_number_; }
  [[nodiscard]] std::int64_t clock() const { return clock_; }
  [[nodiscard]] risk::MarginState state(risk::AccountIndex account) const {
    return accounts_[account.value].state;
  }
  [[nodiscard]] risk::InstrumentPhase phase(std::uint32_t instrument) const {
    return phases_[instrument];
  }
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
  using Units = std::vector<Int128>;  // by asset
  struct Interval {
    Int128 low = 0;
    Int128 high = 0;
  };
  // Of one factor: what counts where it rises and where it falls.
  struct Exposed {
    Int128 up = 0;
    Int128 down = 0;
  };
  using Vectors = std::vector<std::vector<Int128>>;  // by group and column, in fines
  // What the add-ons come to, in fines.
  struct Charges {
    std::vector<Int128> in_group;  // by group
    std::vector<Int128> floors;    // by group
    Int128 joint = 0;
    Int128 outside = 0;
  };
  // The requirement in parts of 1e-18 quanta: of the per-group sets and of the joint sets, of which
  // the larger counts, and what stands beside them.
  struct Scopes {
    Int128 by_group = 0;
    Int128 jointly = 0;
    Int128 outside = 0;
  };
  // What leg 2 of METHOD 3.6 and the wind-down allowance look at.
  struct ExitFigures {
    bool fits = true;  // with the order open
    Int128 now = 0;
    Int128 open = 0;
    Int128 filled = 0;
    Int128 positions = 0;
    Int128 positions_filled = 0;
    Int128 cost = 0;        // of the order
    Int128 open_exits = 0;  // costs of the other exits
  };
  // What a margin state goes by: so much of what is required.
  struct Ratio {
    Int128 value = 0;
    Int128 required = 0;
    [[nodiscard]] bool below(std::int64_t ppm) const;
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
  [[nodiscard]] bool allows(std::uint32_t session, risk::SessionAction action) const;
  [[nodiscard]] std::uint64_t find_live(std::uint32_t session, std::uint32_t client_ref,
                                        std::uint32_t& number) const;
  void trade(std::uint32_t account, std::uint32_t instrument, bool buy, std::int64_t lots,
             std::int64_t price, Int128 fee_per_lot, int direction);
  void end_number(std::uint32_t number);
  void end_order(std::uint64_t id);
  void end_orders_in(std::uint32_t instrument);
  void count_execution(std::uint32_t account);
  void spend_allowance(const ModelOrder& chain, std::int64_t lots, std::int64_t price);
  void drop_empty_lines();
  void return_isolated();
  void drop_pending(std::uint64_t id, std::uint32_t number);
  [[nodiscard]] static bool is_answered(const ModelOrder& chain);
  void become_head(ModelOrder& chain, std::uint32_t number);
  [[nodiscard]] std::set<std::pair<std::uint32_t, std::uint32_t>> lines_used() const;
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
  [[nodiscard]] risk::RejectReason check_open_interest(const Question& q) const;
  [[nodiscard]] risk::RejectReason check_day(const Question& q, bool reducing) const;
  [[nodiscard]] risk::RejectReason check_margin(const Question& q, Verdict& v) const;
  [[nodiscard]] risk::RejectReason check_cash(const Question& q) const;
  [[nodiscard]] std::int64_t leverage_max(std::uint32_t account, Int128 gross) const;
  [[nodiscard]] Int128 levered_lot(std::uint32_t instrument) const;
  [[nodiscard]] Int128 levered(std::uint32_t account) const;
  [[nodiscard]] Int128 leverage_equity(std::uint32_t account) const;
  [[nodiscard]] std::vector<Tree> path(std::uint32_t account) const;
  [[nodiscard]] bool under(std::uint32_t account, const Tree& level) const;
  [[nodiscard]] std::uint8_t flags_of(std::uint32_t account, const Tree& level) const;
  [[nodiscard]] Reservation reservation_after(const Question& q) const;
  [[nodiscard]] bool is_reducing(const Question& q) const;
  [[nodiscard]] bool table_stale(const Question& q) const;
  [[nodiscard]] bool by_position(const Question& q) const;
  [[nodiscard]] bool raises_usage(const Question& q) const;
  [[nodiscard]] ExitFigures exit_figures(const Question& q) const;
  [[nodiscard]] bool exits_paid_in_rises(const Units& costs) const;
  [[nodiscard]] std::optional<Int128> exit_of(const Question& q) const;
  [[nodiscard]] Usage usage(std::uint32_t account, std::uint32_t instrument) const;
  [[nodiscard]] Usage usage_with(const Question& q) const;
  [[nodiscard]] Int128 gross_of(std::uint32_t account) const;
  [[nodiscard]] Int128 collar_of(const Question& q) const;

  // naive_states.cpp: margin states, the day's loss, the wind-down allowance
  [[nodiscard]] Ratio ratio(std::uint32_t account, risk::MarginBasis basis) const;
  [[nodiscard]] risk::MarginState worst_state(std::uint32_t account) const;
  [[nodiscard]] bool is_restricted(std::uint32_t account) const;
  [[nodiscard]] Int128 plain_equity(std::uint32_t account) const;
  [[nodiscard]] bool loss_crossed(std::uint32_t account) const;

  // naive_cash.cpp: transfers, loans, funding, and the life of instruments
  bool add_balance(std::uint32_t account, std::uint32_t asset, Int128 units);
  bool add_borrowed(std::uint32_t account, std::uint32_t asset, Int128 units);
  void count_transfer(std::uint32_t account, std::uint32_t asset, Int128 units);
  [[nodiscard]] Int128 owed(std::uint32_t account, std::uint32_t asset) const;
  [[nodiscard]] risk::RejectReason check_withdrawal(const NaiveModel& before, std::uint32_t account,
                                                    std::uint32_t asset, std::int64_t now) const;
  void realise_line(std::uint32_t account, std::uint32_t instrument);

  // naive_prices.cpp: what orders reserve, what things are worth, and which prices are old
  [[nodiscard]] Int128 dearer(std::uint32_t instrument, Int128 price, Int128 other) const;
  [[nodiscard]] Reservation reservation(const ModelOrder& order) const;
  [[nodiscard]] Book book(std::uint32_t account, std::uint64_t without = 0) const;
  [[nodiscard]] bool fresh_mark(std::uint32_t instrument, std::int64_t now) const;
  [[nodiscard]] bool fresh_index(std::uint32_t asset, std::int64_t now) const;
  [[nodiscard]] bool fresh_beside_mark(std::uint32_t instrument, std::int64_t now) const;
  [[nodiscard]] bool priced(std::uint32_t instrument) const;
  [[nodiscard]] bool account_stale(std::uint32_t account, std::int64_t now) const;
  [[nodiscard]] bool unsafe_mark(std::uint32_t instrument) const;
  [[nodiscard]] bool unsafe_index(std::uint32_t asset) const;
  [[nodiscard]] bool unsafe_line(std::uint32_t instrument) const;
  [[nodiscard]] bool unsafe_account(std::uint32_t account) const;
  [[nodiscard]] std::set<std::uint32_t> instruments_of(std::uint32_t account) const;
  [[nodiscard]] const risk::RiskTable* table_of(std::uint32_t instrument) const;
  [[nodiscard]] bool has_moved(const risk::Anchor& anchor) const;
  [[nodiscard]] bool out_of_bounds(const risk::RiskTable& table) const;
  [[nodiscard]] std::size_t group_of(std::uint32_t instrument) const;
  [[nodiscard]] Int128 unit(std::uint32_t asset) const;
  [[nodiscard]] Int128 notional_at(std::uint32_t instrument, Int128 price_in_marks) const;
  [[nodiscard]] Int128 notional(std::uint32_t instrument) const;
  [[nodiscard]] Int128 value_at(std::uint32_t instrument, Int128 price_in_marks) const;
  [[nodiscard]] Int128 premium(std::uint32_t instrument) const;
  [[nodiscard]] Int128 fee_per_lot(std::uint32_t instrument, Int128 price_in_ticks) const;
  [[nodiscard]] Int128 paid_for(std::uint32_t instrument, Int128 lots, Int128 price_in_ticks) const;

  // naive_equity.cpp: E and C
  [[nodiscard]] Int128 line_value(std::uint32_t instrument, const ModelLine& line) const;
  [[nodiscard]] Int128 most_units(std::uint32_t asset) const;
  [[nodiscard]] Int128 asset_sum(std::uint32_t account, std::uint32_t asset) const;
  [[nodiscard]] Int128 asset_total(std::uint32_t account, std::uint32_t asset) const;
  [[nodiscard]] const std::vector<risk::HaircutTier>& curve(std::uint32_t asset,
                                                            risk::MarginBasis basis) const;
  [[nodiscard]] Int128 haircut(std::uint32_t asset, risk::MarginBasis basis, Int128 units) const;
  [[nodiscard]] Int128 uncapped_value(std::uint32_t account, risk::MarginBasis basis,
                                      const Units& costs) const;
  [[nodiscard]] Int128 counted(std::uint32_t asset, Int128 value, Int128 uncapped) const;
  [[nodiscard]] Int128 options_value(std::uint32_t account) const;
  [[nodiscard]] Int128 equity(std::uint32_t account, risk::MarginBasis basis,
                              const Units& costs) const;
  [[nodiscard]] Units no_costs() const { return Units(parameters_.assets.size(), 0); }
  [[nodiscard]] Int128 outflow_ppm(std::uint32_t asset) const;
  [[nodiscard]] Int128 got(std::uint32_t instrument) const;
  [[nodiscard]] Int128 order_cost(const Reservation& r) const;
  [[nodiscard]] Int128 spot_cost(const Reservation& r) const;
  // What a spot order may bring of an asset (high) and take (low, not above 0).
  [[nodiscard]] Interval flow(const Reservation& r, std::uint32_t asset) const;
  [[nodiscard]] Interval flows(const Book& book, std::uint32_t asset) const;
  [[nodiscard]] bool is_spot(std::uint32_t instrument) const;
  [[nodiscard]] Units costs(const Book& book, bool exits_only = false) const;
  [[nodiscard]] Int128 taken_at_most(const Units& costs) const;
  [[nodiscard]] bool totals_fit(std::uint32_t account) const;

  // naive_vectors.cpp: exposures and scenario outcomes. `paid` is what is paid out of the balances
  // before their rises count.
  [[nodiscard]] std::optional<Int128> protected_lots(std::uint32_t account,
                                                     std::size_t group) const;
  [[nodiscard]] Int128 quoted_lots(const Book& book, std::size_t group) const;
  [[nodiscard]] std::uint32_t lag_states(std::size_t group) const;
  [[nodiscard]] Int128 gain_of(std::uint32_t instrument, std::uint32_t state,
                               std::uint32_t column) const;
  [[nodiscard]] Int128 worst_lot(std::size_t group, std::uint32_t state,
                                 std::uint32_t column) const;
  [[nodiscard]] Int128 worst_outcome(const Book& book, const std::vector<Exposed>& exposed,
                                     std::size_t g, std::uint32_t state,
                                     std::uint32_t column) const;
  [[nodiscard]] Interval lots(const Book& book, std::uint32_t instrument,
                              Int128 quotes_most = 0) const;
  [[nodiscard]] Int128 risen_rate(std::uint32_t asset, risk::MarginBasis basis, Int128 total) const;
  [[nodiscard]] Exposed collateral(const Book& book, risk::MarginBasis basis, std::uint32_t factor,
                                   const Units& paid) const;
  [[nodiscard]] std::vector<Exposed> exposures(const Book& book, risk::MarginBasis basis,
                                               const Units& paid) const;
  [[nodiscard]] Int128 reserve(const Book& book, std::size_t group) const;
  [[nodiscard]] Vectors worst_outcomes(const Book& book, risk::MarginBasis basis,
                                       const Units& paid) const;
  [[nodiscard]] bool exposures_fit(const Book& book, const Units& paid) const;
  [[nodiscard]] bool figures_fit(std::uint32_t account) const;

  // naive_add_ons.cpp
  [[nodiscard]] Int128 measure(risk::Measure measure, const risk::DriverTerm& term) const;
  [[nodiscard]] Interval driven(const Book& book, const risk::DriverParameters& driver) const;
  [[nodiscard]] Int128 tiers(const std::vector<risk::MarginTier>& tiers, Int128 amount) const;
  [[nodiscard]] Int128 tiers_charge(const risk::AddOnParameters& add_on, risk::MarginBasis basis,
                                    Int128 amount) const;
  [[nodiscard]] Int128 ramp_charge(const risk::GroupParameters& group,
                                   const risk::AddOnParameters& add_on, std::int64_t rate_ppm,
                                   const std::vector<Interval>& drivers) const;
  [[nodiscard]] Int128 charge(const Book& book, const risk::GroupParameters& group,
                              const risk::AddOnParameters& add_on, risk::MarginBasis basis) const;
  [[nodiscard]] Int128 charge_along(const Book& book, const Book& from,
                                    const risk::GroupParameters& group,
                                    const risk::AddOnParameters& add_on) const;
  // `from`: the book is the end of an exit's fill that begins there.
  [[nodiscard]] Charges charges(const Book& book, risk::MarginBasis basis,
                                const Book* from = nullptr) const;

  // naive_requirement.cpp
  [[nodiscard]] static bool counts(const risk::SetParameters& set, risk::SetScope scope,
                                   risk::MarginBasis basis, bool with_warnings);
  [[nodiscard]] std::vector<Int128> outcomes(const Vectors& low, std::size_t set,
                                             std::size_t group) const;
  [[nodiscard]] std::vector<Int128> outcomes_together(const Vectors& low, std::size_t set) const;
  [[nodiscard]] Int128 alone(const Vectors& low, std::size_t set, std::size_t group) const;
  [[nodiscard]] Int128 joint(const Vectors& low, std::size_t set) const;
  [[nodiscard]] Int128 group_sets(const Vectors& low, std::size_t group, risk::MarginBasis basis,
                                  bool with_warnings) const;
  [[nodiscard]] Int128 group_requirement(const Vectors& low, const Charges& charges,
                                         std::size_t group, risk::MarginBasis basis,
                                         bool with_warnings) const;
  [[nodiscard]] Scopes scopes(const Vectors& low, const Charges& charges, risk::MarginBasis basis,
                              bool with_warnings) const;
  [[nodiscard]] Int128 requirement(const Book& book, risk::MarginBasis basis, const Units& paid,
                                   bool with_warnings = false, const Book* from = nullptr) const;
  [[nodiscard]] Int128 requirement(const Book& book) const;

  risk::Parameters parameters_;
  std::set<std::uint32_t> isolated_open_;  // isolated accounts with a position or an order
  std::int64_t clock_ = 0;
  std::uint64_t next_number_ = 1;
  std::uint64_t next_order_ = 1;
  std::set<risk::Condition> conditions_;
  std::vector<ModelAccount> accounts_;
  std::vector<ModelSession> sessions_;
  std::vector<std::uint8_t> node_flags_;
  std::vector<risk::InstrumentPhase> phases_;  // by instrument
  std::vector<ModelPrice> marks_;
  std::vector<ModelPrice> indexes_;
  std::set<Reference> unsafe_;
  std::vector<std::optional<risk::RiskTable>> tables_;  // by group
  std::vector<std::uint32_t> oldest_tables_;  // by group: the first version of parameters that fits
  std::vector<std::int64_t> open_interest_;   // by instrument
  std::vector<Int128> funding_paid_;          // by instrument: by a long lot so far
  std::vector<std::int64_t> funding_predicted_;  // by instrument: by a long lot
  std::optional<std::int64_t> leverage_cap_;     // ppm
  std::map<std::uint64_t, ModelOrder> orders_;   // live ones
  std::map<std::uint32_t, ModelNumber> numbers_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> client_numbers_;
  std::vector<ModelTrade> trades_;
};

}  // namespace portcullis::support
