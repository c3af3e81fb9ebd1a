// Decides when each group's risk table is built anew, and builds it (table_builder.h): from the last
// good marks, indexes, forwards and volatilities, by age and by move. Off the order path.
//
//   inputs   Each has a value and its source's time. What is no price or volatility, is older than what
//            is there, comes from the future, or is too far from what it must be near is refused and
//            counted; the last good value stays, with its age, until that is too old to be used.
//   option   Its own volatility while that is fresh; otherwise that of the smile of its chain
//            (smile.h), fitted to the fresh ones; where the chain has too few, none: and where one
//            option has none, or a price is missing, there is no table. Nothing is invented. The engine
//            refuses increases when the table that it has becomes too old.
//   expiry   Time runs down to zero. From then on an option is worth what it pays at the last forward
//            from before its expiry, which no longer ages, and volatility does not matter; until
//            the settlement takes the position away.
//   due      A group is due when it has no table; when a mark or a forward has moved by price_move from
//            what its table was built at, or a volatility by volatility_move; when a chain of it has
//            expired since; when its table was built `age` ago; when the engine has refused it. But
//            not while a table is in flight, nor within `pause` of the last attempt.
//
// A table is as of the oldest thing that is in it: so its age is that of what it rests on.
//
// One thread. Times are nanoseconds since the epoch and are given to it; it reads no clock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "feeds/dialects/market_update.h"
#include "feeds/table_builder.h"
#include "feeds/table_log.h"

namespace portcullis::feeds {

struct RebuildSettings {
  std::int64_t age_ns = 0;               // REQUIRES > 0
  std::int64_t pause_ns = 0;             // REQUIRES 0..age_ns
  std::int64_t price_move_ppm = 0;       // of the price; REQUIRES > 0
  std::int64_t volatility_move_ppm = 0;  // 10'000: a point; REQUIRES > 0
  // The engine's bounds (GroupParameters). REQUIRES that the oldest price or volatility that may be
  // used, and age_ns more, is no older than the first; and of the second that it is 0, or above
  // price_move_ppm.
  std::int64_t table_age_max_ns = 0;
  std::int64_t table_move_max_ppm = 0;
  std::int64_t price_age_max_ns = 0;       // REQUIRES > 0
  std::int64_t volatility_age_max_ns = 0;  // REQUIRES > 0
  // How far a forward may be from the mark that its chain is anchored on; REQUIRES > 0.
  std::int64_t basis_max_ppm = 0;
};

// A mark that the table is anchored on (risk::Anchor).
struct TableAnchor {
  std::string name{};
  risk::InstrumentIndex instrument{};
  double mark_unit = 0;  // in the currency of the strikes; REQUIRES > 0
};

struct TableAsset {
  std::string name{};
  std::optional<double> fixed_index{};  // where it has no price of its own: the risk currency is 1
};

// The options of one underlying that expire together.
struct TableChain {
  std::string name{};
  risk::Timestamp expiry{};
  std::uint32_t anchor = risk::kNone32;  // whose mark its forwards are near; none: no such bound
};

// Beside TableRow; of a RiskArray nothing is read.
struct TableRowMarket {
  std::uint32_t chain = 0;
  std::uint32_t settlement = 0;              // asset
  std::uint32_t underlying = risk::kNone32;  // asset; only for a ShortRule
};

// All indexes are into the vectors here.
struct TableGroup {
  std::string name{};
  // All of it but as_of, anchors and the options' markets. `id`: of the last table that was ever
  // published for the group, 0: none; the next one has the next.
  TableDescription description{};
  RebuildSettings rebuild{};
  std::vector<TableAnchor> anchors{};
  std::vector<TableAsset> assets{};
  std::vector<TableChain> chains{};
  std::vector<TableRowMarket> rows{};  // by row
};
// What of it is not as it must be, "BTC: age must be above zero"; empty: nothing.
[[nodiscard]] std::vector<std::string> problems_of(const TableGroup& group);

enum class InputVerdict : std::uint8_t {
  Taken,
  NotPositive,   // or no finite number
  TooLarge,      // a price above kInputPriceMax, a volatility above kVolatilityMax
  Older,         // than the one that is there
  FromFuture,    // more than kInputFutureMaxNs
  NoReference,   // a forward, and there is no mark yet that it could be near
  OffReference,  // a forward further than basis_max from it
  AfterExpiry,   // a forward as of then or later, a volatility of what has expired
};
inline constexpr std::size_t kInputVerdictCount = 8;
inline constexpr double kInputPriceMax = 1e15;
inline constexpr std::int64_t kInputFutureMaxNs = risk::kSecondNs;

enum class TableCause : std::uint8_t {
  First,
  Refused,
  PriceMove,
  VolatilityMove,
  Expiry,
  Age,
  Parameters,  // others are in force than it was built under
};
inline constexpr std::size_t kTableCauseCount = 7;
[[nodiscard]] std::string_view describe(TableCause cause);

// What an option's volatility was in the last table.
struct TableSources {
  std::uint32_t own = 0;
  std::uint32_t smile = 0;
  std::uint32_t expired = 0;
  friend bool operator==(const TableSources&, const TableSources&) = default;
};

struct TableGroupStatus {
  std::uint64_t version = 0;  // of the last table built here or before; 0: none
  bool in_flight = false;
  bool failing = false;        // the last attempt gave none
  risk::Timestamp built_at{};  // 0: none here
  risk::Timestamp as_of{};
  TableSources sources{};
  std::uint64_t attempts_failed = 0;
  std::uint64_t refused = 0;                               // by the engine
  std::array<std::uint64_t, kTableCauseCount> built{};     // by TableCause
  std::array<std::uint64_t, kInputVerdictCount> inputs{};  // by InputVerdict
  std::uint64_t smiles_refused = 0;
  std::uint64_t odd_points = 0;  // left out of smiles
};

// A change of state, for people.
struct TableEvent {
  enum class Kind : std::uint8_t {
    Built,         // after none, or after a failure
    Failing,       // an attempt gave no table; the text says why
    SmileMissing,  // a chain needs a smile and has too few points
    SmileFound,    // it has one again
    Refused,       // by the engine
  };
  risk::Timestamp time{};
  std::uint32_t group = 0;  // place among those given
  Kind kind = Kind::Built;
  std::string text{};
  friend bool operator==(const TableEvent&, const TableEvent&) = default;
};
inline constexpr std::size_t kTableEventsMax = 1'000;

class TableService {
 public:
  // Throws std::invalid_argument where problems_of() a group has any.
  explicit TableService(std::vector<TableGroup> groups);

  // `group`, and what is in it, by their places. REQUIRES that they exist; that the asset has no fixed
  // index; that the row is an option's.
  InputVerdict set_mark(std::uint32_t group, std::uint32_t anchor, risk::Mark mark,
                        risk::Timestamp as_of, risk::Timestamp now);
  InputVerdict set_index(std::uint32_t group, std::uint32_t asset, double index,
                         risk::Timestamp as_of, risk::Timestamp now);
  InputVerdict set_forward(std::uint32_t group, std::uint32_t chain, double forward,
                           risk::Timestamp as_of, risk::Timestamp now);
  InputVerdict set_volatility(std::uint32_t group, std::uint32_t row, double volatility,
                              risk::Timestamp as_of, risk::Timestamp now);
  // What a ticker of the row's option says: the forward of its chain and its volatility, as far as
  // they are in it, as of the source's time.
  void take(std::uint32_t group, std::uint32_t row, const MarketUpdate& update,
            risk::Timestamp now);

  // Tables of the group are built under these parameters and columns from now on: at once, where the
  // columns are others. REQUIRES as many columns, of as many factors, with the same volatilities and weights.
  void set_columns(std::uint32_t group, std::uint32_t parameter_version,
                   const std::vector<ColumnMove>& columns);

  // Builds the table of one group that is due, in turn, if there is one. Call it until it gives none.
  // The group is in flight from then on, until settle().
  [[nodiscard]] std::optional<PublishedTable> step(risk::Timestamp now);
  // What the engine made of it: in force, or refused. Another version than the one in flight is
  // ignored.
  void settle(risk::GroupIndex group, std::uint64_t version, bool in_force, risk::Timestamp now);

  // Why it is due now, if it is.
  [[nodiscard]] std::optional<TableCause> cause(std::uint32_t group, risk::Timestamp now) const;
  [[nodiscard]] const TableGroupStatus& status(std::uint32_t group) const {
    return groups_[group].status;
  }
  // Those since the last call, at most kTableEventsMax: later ones are dropped and counted.
  [[nodiscard]] std::vector<TableEvent> take_events();
  [[nodiscard]] std::uint64_t events_dropped() const { return events_dropped_; }

 private:
  struct Input {
    double value = kMissing;
    std::int64_t as_of_ns = 0;
    bool moved = false;  // from what the last table has
    [[nodiscard]] bool is_there() const { return value == value; }
    // Keeps `count`, of those that have moved.
    void take(double to, risk::Timestamp as_of, bool is_moved, std::uint32_t& count);
  };
  struct Group {
    TableGroup settings{};  // its description is filled in and built from
    TableGroupStatus status{};
    std::vector<Input> marks{};         // by anchor, in mark units
    std::vector<Input> indexes{};       // by asset
    std::vector<Input> forwards{};      // by chain
    std::vector<Input> volatilities{};  // by row
    // What the last table was built at.
    std::vector<double> built_marks{};
    std::vector<double> built_forwards{};
    std::vector<double> built_volatilities{};
    std::int64_t next_expiry_ns = 0;  // of its chains, after it was built
    std::uint32_t prices_moved = 0;
    std::uint32_t volatilities_moved = 0;
    // Of those built here: the engine's, and the one that it has not answered for.
    std::shared_ptr<const risk::RiskTable> in_force{};
    std::shared_ptr<const risk::RiskTable> in_flight{};
    bool refused = false;   // the last table, by the engine
    bool outdated = false;  // its columns are others now
    std::optional<std::int64_t> attempted_ns{};
    std::vector<bool> without_smile{};  // by chain: it needed one

    [[nodiscard]] bool has_table() const { return status.built_at.ns != 0; }
    [[nodiscard]] bool is_option(std::uint32_t row) const;
    [[nodiscard]] const TableChain& chain_of(std::uint32_t row) const;
    // The mark that its forwards are near. REQUIRES that it has an anchor.
    [[nodiscard]] std::optional<double> reference_of(const TableChain& chain) const;
    [[nodiscard]] bool is_near(double forward, double reference) const;
  };
  class Attempt;

  InputVerdict count(Group& group, InputVerdict verdict);
  void tell(std::uint32_t group, TableEvent::Kind kind, std::string text, risk::Timestamp now);
  std::optional<PublishedTable> build(std::uint32_t index, TableCause cause, risk::Timestamp now);

  std::vector<Group> groups_;
  std::uint32_t turn_ = 0;  // whose it is first
  std::vector<TableEvent> events_;
  std::uint64_t events_dropped_ = 0;
};

}  // namespace portcullis::feeds
