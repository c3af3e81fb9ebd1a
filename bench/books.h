// Books of options and futures: some risk groups, each with futures, one on each of its factors, and
// with options on its first factor that stand in its published table. One scenario set, of each
// group. For what depends on how much a group holds, and for many accounts in memory.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "bench/desk.h"

namespace portcullis::bench {

struct BookShape {
  std::uint32_t groups = 1;
  std::uint32_t factors = 1;  // of each group, with a future on each
  std::uint32_t options = 0;  // of each group
  std::uint32_t scenarios = 64;
  std::uint32_t accounts = 1;
  // What each account holds of each group: its first futures and its first options.
  std::uint32_t futures_held = 1;
  std::uint32_t options_held = 0;
  std::int64_t table_move_max_ppm = 0;  // above 0: the columns are there for each lag state
  bool operator==(const BookShape&) const = default;
};

inline constexpr std::uint32_t kBookAccountsPerSession = 10'000;
inline constexpr std::int64_t kPremium = kMark / 20;
inline constexpr std::int32_t kVectorCap = 100'000;
// The largest integer of an option's row is what a future moves by the largest shock.
inline constexpr std::int64_t kVectorUnit = kLotDollars * kMicro * kShockPpm / kVectorCap;  // fines

inline Parameters parameters_of(const BookShape& shape) {
  Parameters p;
  p.version = 1;
  p.wide_denominator = 100;
  p.assets = {dollars()};
  p.factor_count = shape.groups * shape.factors;
  Random random;
  for (std::uint32_t g = 0; g < shape.groups; ++g) {
    GroupParameters group;
    group.first_factor = g * shape.factors;
    group.factor_count = shape.factors;
    group.column_count = shape.scenarios;
    for (std::uint32_t s = 0; s < shape.factors * shape.scenarios; ++s)
      group.shock_ppm.push_back(random.around(kShockPpm));
    group.row_count = shape.options;
    group.table_age_max_ns = kHour;
    group.table_move_max_ppm = shape.table_move_max_ppm;
    p.groups.push_back(std::move(group));
    for (std::uint32_t f = 0; f < shape.factors; ++f)
      p.instruments.push_back(future_on({g * shape.factors + f}));
  }
  for (std::uint32_t g = 0; g < shape.groups; ++g) {
    for (std::uint32_t o = 0; o < shape.options; ++o) {
      InstrumentParameters option = future_on({g * shape.factors});
      option.risk = RiskSource::Table;
      option.upfront = true;
      option.reference = {g * shape.factors};
      option.row = o;
      option.vector_unit = kVectorUnit;
      option.vector_cap = kVectorCap;
      p.instruments.push_back(option);
    }
  }
  SetParameters set;
  set.first_column.assign(shape.groups, 0);
  set.column_count.assign(shape.groups, shape.scenarios);
  p.sets = {set};
  p.per_group.initial_mult_ppm = 1'200'000;
  p.bands = {{MarginState::Restricted, MarginBasis::Initial, kPpm, kPpm}};
  p.profiles = {wide_limits(p.instruments.size())};
  add_accounts(p, shape.accounts, kBookAccountsPerSession, 0);
  const std::uint32_t held = shape.groups * (shape.futures_held + shape.options_held);
  p.capacities = {.orders = 1'024,
                  .positions = shape.accounts * held + 1'024,
                  .group_slots = shape.accounts * shape.groups,
                  .trades = 1'024};
  return p;
}

class Book : public Desk {
 public:
  explicit Book(const BookShape& shape)
      : Desk(parameters_of(shape), kBookAccountsPerSession), shape_(shape), tables_(shape.groups) {
    index({0}, 1);
    for (std::uint32_t g = 0; g < shape.groups; ++g) {
      for (std::uint32_t f = 0; f < shape.factors; ++f) mark(future(g, f), kMark);
      for (std::uint32_t o = 0; o < shape.options; ++o) mark(option(g, o), kPremium);
      if (shape.options == 0) continue;
      for (RiskTable& table : tables_[g]) {
        table.parameter_version = engine.parameters().version;
        table.group = {g};
        table.measures.resize(shape.options);
        const std::uint32_t columns = engine.parameters().groups[g].raw_columns();
        for (std::uint32_t at = 0; at < shape.options * columns; ++at)
          table.gains.push_back(random_.around(kVectorCap));
      }
      for (std::size_t t = 0; t < 2; ++t) {
        tables_[g][t].facts =
            facts_of(tables_[g][t], row_scales(engine.parameters(), {g}), &tables_[g][1 - t]);
      }
      publish(g);
    }
    for (std::uint32_t a = 0; a < shape.accounts; ++a) {
      pay({a}, 1'000'000'000 * kMicro);
      for (std::uint32_t g = 0; g < shape.groups; ++g) {
        for (std::uint32_t f = 0; f < shape.futures_held; ++f) hold({a}, future(g, f), lots(f));
        for (std::uint32_t o = 0; o < shape.options_held; ++o) hold({a}, option(g, o), lots(o));
      }
      engine.refresh({a});
    }
  }

  [[nodiscard]] InstrumentIndex future(std::uint32_t group, std::uint32_t factor) const {
    return {group * shape_.factors + factor};
  }
  [[nodiscard]] InstrumentIndex option(std::uint32_t group, std::uint32_t row) const {
    return {shape_.groups * shape_.factors + group * shape_.options + row};
  }
  // The next table of the group, of two that take turns; in force by engine.apply().
  const RiskTable& next_table(std::uint32_t group) {
    std::array<RiskTable, 2>& tables = tables_[group];
    const std::size_t next = tables[0].id < tables[1].id ? 0 : 1;
    RiskTable& table = tables[next];
    table.id = ++last_table_;
    table.facts.since = tables[1 - next].id;
    table.as_of = time();
    return table;
  }
  bool publish(const RiskTable& table) {
    return engine.apply(TableUpdate{.time = time(), .id = table.id, .group = table.group}, table);
  }
  void publish(std::uint32_t group) {
    const bool is_in_force = publish(next_table(group));
    PORTCULLIS_ASSERT(is_in_force);
  }
  // Every future's mark moves.
  void tick_futures() {
    is_up_ = !is_up_;
    for (std::uint32_t f = 0; f < shape_.groups * shape_.factors; ++f)
      mark({f}, kMark + (is_up_ ? 1 : 0));
  }
  // Leaves the account a fifth more than is required of it, and its margin state is watched.
  void watch(AccountIndex account) {
    const MarginReport now = engine.margin(account, time());
    pay(account, now.requirement.raw / 5 - now.available.raw);
    engine.apply(Recheck{.time = time(), .account = account});
  }
  [[nodiscard]] const BookShape& shape() const { return shape_; }

 private:
  static Lots lots(std::uint32_t place) { return {place % 2 == 0 ? 10 : -10}; }

  BookShape shape_;
  Random random_;
  // A table stays where it is until the next one of its group is in force.
  std::vector<std::array<RiskTable, 2>> tables_;
  std::uint64_t last_table_ = 0;
  bool is_up_ = false;
};

}  // namespace portcullis::bench
