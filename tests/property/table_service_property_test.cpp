// The table service under random inputs, good and bad, against a model that keeps all that was ever
// said and works everything out from it anew: which group is due and why, what may be used and how old
// it is; and every cell of every table against its option priced on its own, by the textbook's formula
// in long double, rounded as the table says it is.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <variant>
#include <vector>

#include "feeds/smile.h"
#include "feeds/table_service.h"
#include "tests/support/option_chains.h"
#include "tests/support/random_world.h"
#include "tests/support/seed.h"

namespace portcullis::feeds::table_service_property_test {
namespace {

using support::test_scale;
using test::kDay;
using test::kHour;
using test::kMs;
using test::kSecond;
using Real = long double;

enum class What : std::uint8_t { Mark, Index, Forward, Volatility };

struct Said {
  What what = What::Mark;
  std::uint32_t index = 0;
  double value = 0;
  std::int64_t as_of = 0;
};

// What an option is valued at.
struct Market {
  Real forward = 0;
  Real volatility = 0;
  Real years = 0;
  Real settlement = 0;
  Real underlying = 0;
};

Real normal(Real x) { return std::erfc(-x / std::sqrt(2.0L)) / 2; }

Real price(OptionKind kind, Real f, Real k, Real years, Real volatility) {
  const Real sign = kind == OptionKind::Call ? 1 : -1;
  const Real s = volatility * std::sqrt(years);
  if (!(s > 0) || !(f > 0)) return std::max<Real>(sign * (f - k), 0);
  const Real d1 = std::log(f / k) / s + s / 2;
  return sign * (f * normal(sign * d1) - k * normal(sign * (d1 - s)));
}

Real part(std::int64_t ppm) { return static_cast<Real>(ppm) / 1'000'000; }

// The cells of one row and its measures, unrounded.
class Cells {
 public:
  Cells(const TableGroup& group, std::uint32_t row, const Market& market)
      : description_(group.description),
        option_(std::get<TableOption>(group.description.rows[row].source)),
        unit_(static_cast<Real>(group.description.rows[row].vector_unit)),
        coin_(option_.premium == Premium::Coin),
        market_(market) {}

  [[nodiscard]] Real gain(std::uint32_t state, const ColumnMove& column) const {
    const Real most = part(description_.table_move_max_ppm);
    const Real lag = state == 0 ? 0 : state == 1 ? -most : most;
    Market market = market_;
    market.forward *= 1 + lag;
    if (coin_) market.settlement *= 1 + lag;
    const Real move = part(column.move_ppm[0]);
    const Real gained =
        value(market, move, shifted(column.volatility)) - value(market, 0, market.volatility);
    return gained * quanta() * 1'000'000 * static_cast<Real>(column.weight_numerator) /
           static_cast<Real>(column.weight_denominator) / unit_;
  }
  [[nodiscard]] Real vega() const {
    return (value(market_, 0, market_.volatility + 0.01L) - now()) * quanta();
  }
  [[nodiscard]] Real delta() const {
    constexpr Real kStep = 1e-6L;
    return (value(market_, kStep, market_.volatility) -
            value(market_, -kStep, market_.volatility)) /
           (2 * kStep) * quanta();
  }
  [[nodiscard]] Real charge(const ShortRule& rule) const {
    const Real lot = static_cast<Real>(option_.multiplier) * market_.settlement;
    const Real unit = coin_ ? lot / market_.underlying : lot;
    const Real s = market_.underlying * unit;
    const Real sign = option_.kind == OptionKind::Call ? 1 : -1;
    const Real out =
        std::max<Real>(sign * (static_cast<Real>(option_.strike) - market_.underlying), 0) * unit;
    return (std::max(part(rule.less_otm_ppm) * s - out, part(rule.floor_ppm) * std::max(s, now())) +
            part(rule.index_ppm) * s + part(rule.premium_ppm) * now()) *
           quanta();
  }
  // What a last bit of a double is, of the figures that a gain is the difference of, in its units.
  [[nodiscard]] Real blur() const {
    return 1e-13L * 8 * static_cast<Real>(option_.multiplier) * market_.settlement *
           (1 + static_cast<Real>(option_.strike) / market_.forward) *
           (coin_ ? 1 : market_.forward) * quanta() * 1'000'000 / unit_;
  }

 private:
  [[nodiscard]] Real quanta() const {
    return std::pow(10.0L, static_cast<Real>(description_.risk_decimals));
  }
  [[nodiscard]] Real now() const { return value(market_, 0, market_.volatility); }
  // The coin moves with the forward; dollars do not.
  [[nodiscard]] Real value(const Market& market, Real move, Real volatility) const {
    const Real forward = market.forward * (1 + move);
    const Real strike = static_cast<Real>(option_.strike);
    const Real of_one = price(option_.kind, forward, strike, market.years, volatility);
    const Real paid = coin_ ? of_one / forward * (1 + move) : of_one;
    return static_cast<Real>(option_.multiplier) * market.settlement * paid;
  }
  [[nodiscard]] Real shifted(VolatilityShift shift) const {
    const VolatilityShock& shock = description_.volatility;
    const Real days = std::max(market_.years * 365, part(shock.days_min_ppm));
    const Real pivot = static_cast<Real>(shock.pivot_days);
    const Real term =
        std::pow(pivot / days, part(days < pivot ? shock.short_power_ppm : shock.long_power_ppm));
    if (shift == VolatilityShift::None) return market_.volatility;
    if (shift == VolatilityShift::Down)
      return std::max<Real>(market_.volatility * (1 - part(shock.down_ppm) * term), 0);
    return std::max(market_.volatility * (1 + part(shock.up_ppm) * term), part(shock.floor_up_ppm));
  }

  const TableDescription& description_;
  const TableOption& option_;
  Real unit_;
  bool coin_;
  Market market_;
};

struct Expected {
  std::vector<Market> markets;  // by row
  std::int64_t as_of = 0;
  std::vector<std::int64_t> anchors{};
  TableSources sources{};
};

class NaiveGroup {
 public:
  explicit NaiveGroup(const TableGroup& group) : group_(group), version_(group.description.id) {}

  InputVerdict say(const Said& said, std::int64_t now) {
    const InputVerdict verdict = judge(said, now);
    if (verdict == InputVerdict::Taken) history_.push_back(said);
    ++verdicts_[static_cast<std::size_t>(verdict)];
    return verdict;
  }

  [[nodiscard]] std::optional<TableCause> cause(std::int64_t now) const {
    const RebuildSettings& rebuild = group_.rebuild;
    if (in_flight_ || (attempted_ && now < *attempted_ + rebuild.pause_ns)) return std::nullopt;
    if (!built_) return TableCause::First;
    if (refused_) return TableCause::Refused;
    bool price = false;
    bool volatility = false;
    for (const What what : {What::Mark, What::Forward, What::Volatility}) {
      for (std::uint32_t i = 0; i < 64; ++i) {
        const Said* last = latest(what, i, built_history_);
        if (last == nullptr) continue;
        if (what == What::Volatility) {
          const auto used = static_cast<double>(used_->markets[i].volatility);
          volatility |= std::abs(last->value - used) * 1e6 >=
                        static_cast<double>(rebuild.volatility_move_ppm);
          continue;
        }
        const double used = what == What::Mark
                                ? static_cast<double>(used_->anchors[i])
                                : static_cast<double>(used_->markets[first_row_of(i)].forward);
        price |= std::abs(last->value - used) * 1e6 >=
                 static_cast<double>(rebuild.price_move_ppm) * used;
      }
    }
    if (price) return TableCause::PriceMove;
    if (volatility) return TableCause::VolatilityMove;
    for (const TableChain& chain : group_.chains)
      if (chain.expiry.ns > built_at_ && chain.expiry.ns <= now) return TableCause::Expiry;
    if (now >= built_at_ + rebuild.age_ns) return TableCause::Age;
    return std::nullopt;
  }

  // An attempt; what the table must have, if there must be one.
  std::optional<Expected> attempt(std::int64_t now) {
    attempted_ = now;
    std::optional<Expected> expected = expect(now);
    if (!expected) {
      ++failures_;
      return std::nullopt;
    }
    built_ = true;
    in_flight_ = true;
    refused_ = false;
    built_at_ = now;
    built_history_ = history_.size();
    used_ = expected;
    ++version_;
    return expected;
  }
  void settle(bool in_force) {
    in_flight_ = false;
    refused_ = !in_force;
  }

  [[nodiscard]] std::uint64_t version() const { return version_; }
  [[nodiscard]] bool in_flight() const { return in_flight_; }
  [[nodiscard]] std::uint64_t failures() const { return failures_; }
  [[nodiscard]] const auto& verdicts() const { return verdicts_; }

 private:
  [[nodiscard]] const Said* latest(What what, std::uint32_t index, std::size_t from = 0) const {
    for (std::size_t i = history_.size(); i-- > from;)
      if (history_[i].what == what && history_[i].index == index) return &history_[i];
    return nullptr;
  }
  [[nodiscard]] std::uint32_t first_row_of(std::uint32_t chain) const {
    for (std::uint32_t row = 0; row < group_.rows.size(); ++row)
      if (group_.rows[row].chain == chain) return row;
    return 0;
  }
  [[nodiscard]] bool is_near(double forward) const {
    const Said* mark = latest(What::Mark, 0);
    const double reference = mark->value * group_.anchors[0].mark_unit;
    return std::abs(forward - reference) * 1e6 <=
           static_cast<double>(group_.rebuild.basis_max_ppm) * reference;
  }

  [[nodiscard]] InputVerdict judge(const Said& said, std::int64_t now) const {
    if (!(said.value > 0) || std::isinf(said.value)) return InputVerdict::NotPositive;
    const bool volatility = said.what == What::Volatility;
    const double most = volatility                ? 20
                        : said.what == What::Mark ? 1e15 / group_.anchors[0].mark_unit
                                                  : 1e15;
    if (said.value > most) return InputVerdict::TooLarge;
    if (said.as_of > now + kSecond) return InputVerdict::FromFuture;
    const Said* last = latest(said.what, said.index);
    if (last != nullptr && said.as_of < last->as_of) return InputVerdict::Older;
    if (volatility) {
      const std::int64_t expiry = group_.chains[group_.rows[said.index].chain].expiry.ns;
      if (said.as_of >= expiry || now >= expiry) return InputVerdict::AfterExpiry;
    }
    if (said.what == What::Forward) {
      if (said.as_of >= group_.chains[said.index].expiry.ns) return InputVerdict::AfterExpiry;
      if (latest(What::Mark, 0) == nullptr) return InputVerdict::NoReference;
      if (!is_near(said.value)) return InputVerdict::OffReference;
    }
    return InputVerdict::Taken;
  }

  [[nodiscard]] std::optional<Expected> expect(std::int64_t now) const {
    const RebuildSettings& rebuild = group_.rebuild;
    Expected expected{.markets = std::vector<Market>(group_.rows.size()), .as_of = now};
    const auto fresh = [&](What what, std::uint32_t index) -> const Said* {
      const Said* last = latest(what, index);
      const std::int64_t most =
          what == What::Volatility ? rebuild.volatility_age_max_ns : rebuild.price_age_max_ns;
      return last != nullptr && now - last->as_of <= most ? last : nullptr;
    };
    const auto use = [&](const Said* said) {
      expected.as_of = std::min(expected.as_of, said->as_of);
      return said->value;
    };
    const Said* mark = fresh(What::Mark, 0);
    if (mark == nullptr) return std::nullopt;
    expected.anchors = {std::llround(use(mark))};
    for (std::uint32_t row = 0; row < group_.rows.size(); ++row) {
      const TableRowMarket& at = group_.rows[row];
      const TableChain& chain = group_.chains[at.chain];
      const bool expired = now >= chain.expiry.ns;
      Market& market = expected.markets[row];
      const Said* forward = latest(What::Forward, at.chain);
      if (forward == nullptr) return std::nullopt;
      if ((expired ? chain.expiry.ns : now) - forward->as_of > rebuild.price_age_max_ns)
        return std::nullopt;
      if (!expired && !is_near(forward->value)) return std::nullopt;
      market.forward = expired ? forward->value : use(forward);
      market.years =
          static_cast<Real>(std::max<std::int64_t>(chain.expiry.ns - now, 0)) / (365.0L * kDay);
      if (expired) {
        ++expected.sources.expired;
      } else if (const Said* own = fresh(What::Volatility, row)) {
        market.volatility = use(own);
        ++expected.sources.own;
      } else {
        std::vector<SmilePoint> points;
        for (std::uint32_t other = 0; other < group_.rows.size(); ++other) {
          if (group_.rows[other].chain != at.chain) continue;
          if (const Said* said = fresh(What::Volatility, other))
            points.push_back({strike(other), said->value});
        }
        const FittedSmile fitted = fit_smile(forward->value, points);
        if (!fitted.smile) return std::nullopt;
        market.volatility = fitted.smile->volatility(strike(row));
        ++expected.sources.smile;
      }
      market.settlement = 1;
      if (at.settlement == test::kCoinAsset) {
        const Said* index = fresh(What::Index, test::kCoinAsset);
        if (index == nullptr) return std::nullopt;
        market.settlement = use(index);
      }
      if (at.underlying == test::kCoinAsset) {
        const Said* index = fresh(What::Index, test::kCoinAsset);
        if (index == nullptr) return std::nullopt;
        market.underlying = use(index);
      }
    }
    return expected;
  }
  [[nodiscard]] double strike(std::uint32_t row) const {
    return std::get<TableOption>(group_.description.rows[row].source).strike;
  }

  const TableGroup& group_;
  std::vector<Said> history_;
  std::array<std::uint64_t, kInputVerdictCount> verdicts_{};
  std::uint64_t version_;
  std::uint64_t failures_ = 0;
  bool built_ = false;
  bool in_flight_ = false;
  bool refused_ = false;
  std::int64_t built_at_ = 0;
  std::size_t built_history_ = 0;
  std::optional<std::int64_t> attempted_;
  std::optional<Expected> used_;
};

// A service and its model, told the same.
class RandomTables {
 public:
  explicit RandomTables(std::uint64_t seed) : random_(seed) {
    const std::uint32_t count = below(3) + 1;
    for (std::uint32_t g = 0; g < count; ++g) groups_.push_back(option_chains(random_choice(g)));
    service_.emplace(groups_);
    for (const TableGroup& group : groups_) naive_.emplace_back(group);
    paths_.assign(count, 92'000);
  }

  void run(std::int64_t steps) {
    for (std::int64_t i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
      now_ += one_in(20) ? below(8) * kSecond : one_in(3) ? 0 : below(400) * kMs;
      for (std::uint32_t n = below(4); n > 0; --n) say();
      if (one_in(3)) say_all();
      if (one_in(2)) settle();
      step();
    }
    for (std::uint32_t g = 0; g < groups_.size(); ++g) {
      EXPECT_EQ(service_->status(g).inputs, naive_[g].verdicts());
      EXPECT_EQ(service_->status(g).attempts_failed, naive_[g].failures());
      for (std::size_t i = 0; i < kInputVerdictCount; ++i) verdicts[i] += naive_[g].verdicts()[i];
      failures += naive_[g].failures();
    }
  }

  std::map<TableCause, std::uint64_t> causes;
  std::array<std::uint64_t, kInputVerdictCount> verdicts{};
  TableSources sources;
  std::uint64_t failures = 0;
  std::uint64_t cells = 0;

 private:
  std::uint32_t below(std::uint32_t n) {
    return std::uniform_int_distribution<std::uint32_t>(0, n - 1)(random_);
  }
  bool one_in(std::uint32_t n) { return below(n) == 0; }
  double share() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  test::ChainsChoice random_choice(std::uint32_t g) {
    test::ChainsChoice choice{.group = g,
                              .strikes = below(5) + 4,
                              .premium = one_in(2) ? Premium::Coin : Premium::Cash,
                              .with_rule = one_in(2)};
    constexpr std::array<std::int64_t, 5> kExpiries{20 * kSecond, 100 * kSecond, kHour, 5 * kDay,
                                                    200 * kDay};
    for (std::uint32_t n = below(3) + 1; n > 0; --n)
      choice.expiries_ns.push_back(kExpiries[below(5)]);
    RebuildSettings& rebuild = choice.rebuild;
    rebuild.age_ns = (below(5) + 1) * kSecond;
    rebuild.pause_ns = one_in(3) ? 0 : below(1000) * kMs;
    rebuild.price_move_ppm = one_in(2) ? 300 : 2'000;
    rebuild.volatility_move_ppm = one_in(2) ? 5'000 : 50'000;
    rebuild.price_age_max_ns = (below(10) + 2) * kSecond;
    rebuild.volatility_age_max_ns = (below(10) + 2) * kSecond;
    rebuild.table_age_max_ns = 60 * kSecond;
    rebuild.table_move_max_ppm = one_in(2) ? 0 : 5'000;
    rebuild.basis_max_ppm = 20'000;
    return choice;
  }

  Said random_said(std::uint32_t g) {
    Said said{.what = static_cast<What>(below(4)), .as_of = now_};
    paths_[g] *= 1 + 0.0006 * (share() - 0.5);
    switch (said.what) {
      case What::Mark:
        said.value = std::round(paths_[g] * 10);
        break;
      case What::Index:
        said.index = test::kCoinAsset;
        said.value = paths_[g] * (1 + 0.001 * (share() - 0.5));
        break;
      case What::Forward:
        said.index = below(static_cast<std::uint32_t>(groups_[g].chains.size()));
        said.value = paths_[g] * (1.001 + 0.001 * said.index);
        break;
      case What::Volatility:
        said.index = below(static_cast<std::uint32_t>(groups_[g].rows.size()));
        said.value = 0.4 + 0.2 * share();
        break;
    }
    return said;
  }

  void spoil(Said& said) {
    switch (below(8)) {
      case 0:
        said.value = 0;
        break;
      case 1:
        said.value = -said.value;
        break;
      case 2:
        said.value = said.what == What::Mark ? 0 : std::nan("");
        break;
      case 3:
        said.value *= said.what == What::Mark ? 1e12 : 1e14;
        break;
      case 4:
        said.value *= said.what == What::Volatility ? 4 : 1.03;
        break;
      case 5:
        said.as_of += below(3000) * kMs;
        break;
      default:
        said.as_of -= below(6000) * kMs;
        break;
    }
  }

  void say() {
    const std::uint32_t g = below(static_cast<std::uint32_t>(groups_.size()));
    Said said = random_said(g);
    if (one_in(6)) spoil(said);
    tell(g, said);
  }
  // A group's whole market, mostly: some options have no volatility of their own.
  void say_all() {
    const std::uint32_t g = below(static_cast<std::uint32_t>(groups_.size()));
    tell(g, {What::Mark, 0, std::round(paths_[g] * 10), now_});
    tell(g, {What::Index, test::kCoinAsset, paths_[g], now_});
    for (std::uint32_t c = 0; c < groups_[g].chains.size(); ++c)
      tell(g, {What::Forward, c, paths_[g] * (1.001 + 0.001 * c), now_});
    const std::uint32_t gaps = below(6) + 1;
    for (std::uint32_t row = 0; row < groups_[g].rows.size(); ++row)
      if (!one_in(gaps * gaps)) tell(g, {What::Volatility, row, 0.4 + 0.01 * (row / 2), now_});
  }
  void tell(std::uint32_t g, const Said& said) {
    const risk::Timestamp now{now_};
    const risk::Timestamp as_of{said.as_of};
    InputVerdict verdict{};
    switch (said.what) {
      case What::Mark:
        verdict = service_->set_mark(g, said.index, {std::llround(said.value)}, as_of, now);
        break;
      case What::Index:
        verdict = service_->set_index(g, said.index, said.value, as_of, now);
        break;
      case What::Forward:
        verdict = service_->set_forward(g, said.index, said.value, as_of, now);
        break;
      case What::Volatility:
        verdict = service_->set_volatility(g, said.index, said.value, as_of, now);
        break;
    }
    ASSERT_EQ(verdict, naive_[g].say(said, now_));
  }

  void settle() {
    const std::uint32_t g = below(static_cast<std::uint32_t>(groups_.size()));
    const bool in_force = !one_in(8);
    // One that is not in flight any more is nothing.
    service_->settle({g}, naive_[g].version(), in_force, {now_});
    if (naive_[g].in_flight()) naive_[g].settle(in_force);
  }

  void step() {
    const auto count = static_cast<std::uint32_t>(groups_.size());
    for (;;) {
      // By the model: each in turn, until one gives a table.
      std::optional<Expected> expected;
      std::uint32_t which = 0;
      TableCause why{};
      for (std::uint32_t i = 0; i < count && !expected; ++i) {
        which = (turn_ + i) % count;
        const std::optional<TableCause> cause = naive_[which].cause(now_);
        ASSERT_EQ(service_->cause(which, {now_}), cause) << "group " << which;
        if (!cause) continue;
        why = *cause;
        expected = naive_[which].attempt(now_);
      }
      const std::optional<PublishedTable> table = service_->step({now_});
      ASSERT_EQ(table.has_value(), expected.has_value());
      if (!table) return;
      turn_ = (which + 1) % count;
      ++causes[why];
      check(which, *table, *expected);
    }
  }

  void check(std::uint32_t g, const PublishedTable& published, const Expected& expected) {
    const TableGroup& group = groups_[g];
    const risk::RiskTable& table = *published.table;
    ASSERT_EQ(published.group, group.description.group);
    ASSERT_EQ(published.version, naive_[g].version());
    ASSERT_EQ(published.valid_from.ns, now_);
    ASSERT_EQ(published.hash, hash_of(encode_table(table)));
    ASSERT_EQ(table.id, published.version);
    ASSERT_EQ(table.as_of.ns, expected.as_of);
    ASSERT_EQ(service_->status(g).sources, expected.sources);
    ASSERT_EQ(table.anchors.size(), 1);
    ASSERT_EQ(table.anchors[0].mark.raw, expected.anchors[0]);
    const std::size_t columns = group.description.columns.size();
    const std::uint32_t states = group.description.table_move_max_ppm > 0 ? 3 : 1;
    ASSERT_EQ(table.gains.size(), group.rows.size() * columns * states);
    for (std::uint32_t row = 0; row < group.rows.size(); ++row) {
      const Cells exact(group, row, expected.markets[row]);
      const Real blur = exact.blur();
      ASSERT_LT(blur, 0.01L);
      for (std::uint32_t state = 0; state < states; ++state) {
        for (std::size_t c = 0; c < columns; ++c) {
          const std::int32_t cell = table.gains[(row * states + state) * columns + c];
          const Real gain = exact.gain(state, group.description.columns[c]);
          // The nearest integer.
          ASSERT_LE(std::abs(static_cast<Real>(cell) - gain), 0.5L + blur)
              << "group " << g << " row " << row << " state " << state << " column " << c;
          ++cells;
        }
      }
      const risk::TableMeasures& measures = table.measures[row];
      ASSERT_LE(std::abs(static_cast<Real>(measures[risk::kVega]) - exact.vega()), 0.51L);
      if (expected.markets[row].years > 0) {
        ASSERT_NEAR(static_cast<double>(measures[risk::kDelta]), static_cast<double>(exact.delta()),
                    1 + std::abs(static_cast<double>(measures[risk::kDelta])) * 1e-3);
      }
      // Charges are never below the rule.
      const Real maintenance = exact.charge(group.description.maintenance_rule);
      const Real initial = std::max(exact.charge(group.description.initial_rule), maintenance);
      const bool rule = group.rows[row].underlying != risk::kNone32;
      for (const auto& [measure, charge] :
           {std::pair{risk::kInitialCharge, initial}, {risk::kMaintenanceCharge, maintenance}}) {
        const Real above = static_cast<Real>(measures[measure]) - (rule ? charge : 0);
        ASSERT_GE(above, -1e-6L);
        ASSERT_LT(above, 1 + 1e-6L);
      }
    }
    sources.own += expected.sources.own;
    sources.smile += expected.sources.smile;
    sources.expired += expected.sources.expired;
  }

  std::mt19937_64 random_;
  std::vector<TableGroup> groups_;
  std::optional<TableService> service_;
  std::vector<NaiveGroup> naive_;
  std::vector<double> paths_;
  std::int64_t now_ = test::kStart.ns;
  std::uint32_t turn_ = 0;
};

TEST(TableServiceProperty, DoesWhatTheModelDoesAndEveryCellIsItsOptionsGain) {
  const std::uint64_t seed = test::seed();
  std::map<TableCause, std::uint64_t> causes;
  std::array<std::uint64_t, kInputVerdictCount> verdicts{};
  TableSources sources;
  std::uint64_t failures = 0;
  std::uint64_t cells = 0;
  const std::int64_t rounds = test_scale(40);
  for (std::int64_t round = 0; round < rounds && !HasFailure(); ++round) {
    RandomTables tables(seed * 1'000 + static_cast<std::uint64_t>(round));
    tables.run(300);
    for (const auto& [cause, count] : tables.causes) causes[cause] += count;
    for (std::size_t i = 0; i < verdicts.size(); ++i) verdicts[i] += tables.verdicts[i];
    sources.own += tables.sources.own;
    sources.smile += tables.sources.smile;
    sources.expired += tables.sources.expired;
    failures += tables.failures;
    cells += tables.cells;
  }
  for (const auto& [cause, count] : causes)
    std::printf("%s: %llu\n", std::string(describe(cause)).c_str(),
                static_cast<unsigned long long>(count));
  std::printf("failures %llu, cells %llu, own %u, smile %u, expired %u; verdicts",
              static_cast<unsigned long long>(failures), static_cast<unsigned long long>(cells),
              sources.own, sources.smile, sources.expired);
  for (const std::uint64_t count : verdicts)
    std::printf(" %llu", static_cast<unsigned long long>(count));
  std::printf("\n");
  // Everything has happened, but that its columns became others.
  EXPECT_EQ(causes.size(), kTableCauseCount - 1);
  for (const std::uint64_t count : verdicts) EXPECT_GT(count, 0);
  EXPECT_GT(sources.smile, 0);
  EXPECT_GT(sources.expired, 0);
  EXPECT_GT(failures, 0);
  EXPECT_GT(cells, static_cast<std::uint64_t>(test_scale(100'000)));
}

}  // namespace
}  // namespace portcullis::feeds::table_service_property_test
