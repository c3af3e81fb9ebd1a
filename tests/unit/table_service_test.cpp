// When a group's table is built anew, from what, and what keeps it from being built.

#include "feeds/table_service.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "feeds/smile.h"
#include "tests/support/option_chains.h"

namespace portcullis::feeds::table_service_test {
namespace {

using test::ChainsChoice;
using test::kCoinAsset;
using test::kHour;
using test::kMs;
using test::kSecond;
using test::later;
using test::option_chains;
using Kind = TableEvent::Kind;

constexpr double kPrice = 92'000;

// One group with two chains, of 12 options each; the second expires in an hour.
ChainsChoice choice() { return {.expiries_ns = {30 * test::kDay, kHour}}; }

class TableServiceTest : public testing::Test {
 protected:
  void begin(const ChainsChoice& of) {
    group_ = option_chains(of);
    service_ = std::make_unique<TableService>(std::vector{group_});
  }
  void SetUp() override { begin(choice()); }

  void prices(std::int64_t at_ns, double price = kPrice) {
    const risk::Timestamp now = later(at_ns);
    EXPECT_EQ(service_->set_mark(0, 0, {std::lround(price * 10)}, now, now), InputVerdict::Taken);
    EXPECT_EQ(service_->set_index(0, kCoinAsset, price, now, now), InputVerdict::Taken);
    for (std::uint32_t chain = 0; chain < group_.chains.size(); ++chain)
      service_->set_forward(0, chain, price + 100 * (chain + 1), now, now);
  }
  static double volatility_of(std::uint32_t row) { return 0.5 + 0.01 * (row / 2); }
  void volatilities(std::int64_t at_ns) {
    for (std::uint32_t row = 0; row < group_.rows.size(); ++row)
      service_->set_volatility(0, row, volatility_of(row), later(at_ns), later(at_ns));
  }
  void all(std::int64_t at_ns) {
    prices(at_ns);
    volatilities(at_ns);
  }
  std::optional<PublishedTable> step(std::int64_t at_ns) { return service_->step(later(at_ns)); }
  // Built, and in force at once.
  PublishedTable built(std::int64_t at_ns) {
    std::optional<PublishedTable> table = step(at_ns);
    EXPECT_TRUE(table) << at_ns;
    if (!table) return {};
    settle(table->version, true, at_ns);
    return *table;
  }
  void settle(std::uint64_t version, bool in_force, std::int64_t at_ns) {
    service_->settle({0}, version, in_force, later(at_ns));
  }
  std::optional<TableCause> cause(std::int64_t at_ns) const {
    return service_->cause(0, later(at_ns));
  }
  const TableGroupStatus& status() const { return service_->status(0); }
  std::uint64_t inputs(InputVerdict verdict) const {
    return status().inputs[static_cast<std::size_t>(verdict)];
  }
  std::vector<std::pair<Kind, std::string>> events() {
    std::vector<std::pair<Kind, std::string>> out;
    for (const TableEvent& event : service_->take_events()) out.push_back({event.kind, event.text});
    return out;
  }
  // The table that the builder makes of these markets.
  risk::RiskTable expected(std::uint64_t id, std::int64_t at_ns, std::int64_t as_of_ns,
                           const std::vector<double>& forwards,
                           const std::vector<double>& volatilities, double index = kPrice) const {
    TableDescription description = group_.description;
    description.id = id;
    description.as_of = later(as_of_ns);
    description.anchors = {{{0}, {std::lround(kPrice * 10)}}};
    for (std::uint32_t row = 0; row < group_.rows.size(); ++row) {
      auto& option = std::get<TableOption>(description.rows[row].source);
      const std::uint32_t chain = group_.rows[row].chain;
      option.market = {.forward = forwards[chain],
                       .volatility = volatilities[row],
                       .years = years_between(later(at_ns), group_.chains[chain].expiry),
                       .settlement_index = index};
    }
    BuiltTable table = build_table(description);
    EXPECT_TRUE(table.table);
    return table.table.value_or(risk::RiskTable{});
  }
  std::vector<double> own_volatilities() const {
    std::vector<double> out;
    for (std::uint32_t row = 0; row < group_.rows.size(); ++row) out.push_back(volatility_of(row));
    return out;
  }

  TableGroup group_;
  std::unique_ptr<TableService> service_;
};

TEST_F(TableServiceTest, BuildsFromTheLastGoodInputsAndNamesTheTableByItsBytes) {
  all(0);
  const std::optional<PublishedTable> table = step(50 * kMs);
  ASSERT_TRUE(table);
  EXPECT_EQ(table->group, risk::GroupIndex{0});
  EXPECT_EQ(table->version, 1);
  EXPECT_EQ(table->valid_from, later(50 * kMs));
  const risk::RiskTable same =
      expected(1, 50 * kMs, 0, {kPrice + 100, kPrice + 200}, own_volatilities());
  EXPECT_EQ(encode_table(*table->table), encode_table(same));
  EXPECT_EQ(table->hash, hash_of(encode_table(same)));
  EXPECT_EQ(status().sources, (TableSources{.own = 24}));
  EXPECT_EQ(status().built[static_cast<std::size_t>(TableCause::First)], 1);
  EXPECT_EQ(events(), (std::vector<std::pair<Kind, std::string>>{{Kind::Built, "table 1"}}));
}

// What the engine asks how far everything has moved since.
TEST_F(TableServiceTest, ComparesATableWithTheOneInForce) {
  const auto since = [&](std::int64_t at_ns, bool in_force) {
    all(at_ns);
    const std::optional<PublishedTable> table = step(at_ns);
    EXPECT_TRUE(table) << at_ns;
    if (!table) return std::uint64_t{0};
    EXPECT_TRUE(table->table->facts.is_sound);
    settle(table->version, in_force, at_ns);
    return table->table->facts.since;
  };
  EXPECT_EQ(since(0, true), 0);
  EXPECT_EQ(since(20 * kSecond, false), 1);
  EXPECT_EQ(since(40 * kSecond, true), 1);
  EXPECT_EQ(since(60 * kSecond, true), 3);
}

TEST_F(TableServiceTest, GoesOnFromTheLastVersionThatWasEverPublished) {
  group_.description.id = 41;
  service_ = std::make_unique<TableService>(std::vector{group_});
  EXPECT_EQ(status().version, 41);
  all(0);
  EXPECT_EQ(built(0).version, 42);
}

TEST_F(TableServiceTest, ATableIsAsOfTheOldestThingInIt) {
  all(0);
  prices(3 * kSecond);
  EXPECT_EQ(built(3 * kSecond).table->as_of, later(0)) << "its volatilities";
  volatilities(4 * kSecond);
  service_->set_index(0, kCoinAsset, kPrice, later(5 * kSecond), later(5 * kSecond));
  EXPECT_EQ(built(6 * kSecond).table->as_of, later(3 * kSecond)) << "the mark and the forwards";
  // Each alone.
  std::int64_t at = 10 * kSecond;
  for (const std::string_view old : {"mark", "index", "forward", "volatility"}) {
    all(at);
    const risk::Timestamp now = later(at + kSecond);
    if (old != "mark") service_->set_mark(0, 0, {920'000}, now, now);
    if (old != "index") service_->set_index(0, kCoinAsset, kPrice, now, now);
    service_->set_forward(0, 0, kPrice, now, now);
    if (old != "forward") service_->set_forward(0, 1, kPrice, now, now);
    for (std::uint32_t row = old == "volatility" ? 1 : 0; row < 24; ++row)
      service_->set_volatility(0, row, volatility_of(row), now, now);
    EXPECT_EQ(built(at + 2 * kSecond).table->as_of, later(at)) << old;
    at += 10 * kSecond;
  }
}

TEST_F(TableServiceTest, IsDueByAge) {
  all(0);
  built(0);
  EXPECT_EQ(cause(2 * kSecond - 1), std::nullopt);
  EXPECT_EQ(cause(2 * kSecond), TableCause::Age);
  EXPECT_FALSE(step(2 * kSecond - 1));
  EXPECT_EQ(built(2 * kSecond).version, 2);
  EXPECT_EQ(cause(4 * kSecond - 1), std::nullopt);
}

TEST_F(TableServiceTest, IsDueByAMoveOfAMarkOrAForwardFromWhatTheTableHas) {
  all(0);
  built(0);
  const auto mark = [&](std::int64_t tenths, std::int64_t at_ns) {
    service_->set_mark(0, 0, {tenths}, later(at_ns), later(at_ns));
  };
  mark(920'919, 200 * kMs);
  EXPECT_EQ(cause(200 * kMs), std::nullopt) << "919 is less than a thousandth of 920,000";
  mark(920'920, 201 * kMs);
  EXPECT_EQ(cause(201 * kMs), TableCause::PriceMove);
  mark(920'001, 202 * kMs);
  EXPECT_EQ(cause(202 * kMs), std::nullopt) << "it has come back";
  mark(919'080, 203 * kMs);
  EXPECT_EQ(cause(203 * kMs), TableCause::PriceMove);
  built(203 * kMs);
  EXPECT_EQ(cause(400 * kMs), std::nullopt);
  service_->set_forward(0, 1, 92'200 + 92.3, later(500 * kMs), later(500 * kMs));
  EXPECT_EQ(cause(500 * kMs), TableCause::PriceMove);
}

TEST_F(TableServiceTest, IsDueByAMoveOfAVolatility) {
  all(0);
  built(0);
  service_->set_volatility(0, 3, volatility_of(3) + 0.0099, later(200 * kMs), later(200 * kMs));
  EXPECT_EQ(cause(200 * kMs), std::nullopt);
  service_->set_volatility(0, 3, volatility_of(3) - 0.0101, later(300 * kMs), later(300 * kMs));
  EXPECT_EQ(cause(300 * kMs), TableCause::VolatilityMove);
  built(300 * kMs);
  EXPECT_EQ(cause(500 * kMs), std::nullopt);
}

TEST_F(TableServiceTest, OneIsInFlightAtATime) {
  all(0);
  ASSERT_TRUE(step(0));
  EXPECT_TRUE(status().in_flight);
  EXPECT_FALSE(step(3 * kSecond));
  settle(7, true, 3 * kSecond);
  service_->settle({9}, 1, true, later(3 * kSecond));
  EXPECT_TRUE(status().in_flight) << "it is another version, and another group";
  settle(1, true, 3 * kSecond);
  EXPECT_EQ(cause(3 * kSecond), TableCause::Age);
  EXPECT_EQ(status().refused, 0);
}

TEST_F(TableServiceTest, ATableThatTheEngineRefusedIsBuiltAgainAsTheNextVersion) {
  all(0);
  ASSERT_TRUE(step(0));
  settle(1, false, 10 * kMs);
  EXPECT_EQ(status().refused, 1);
  EXPECT_EQ(cause(50 * kMs), std::nullopt) << "within the pause";
  EXPECT_EQ(cause(100 * kMs), TableCause::Refused);
  EXPECT_EQ(built(100 * kMs).version, 2);
  EXPECT_EQ(cause(300 * kMs), std::nullopt);
  EXPECT_EQ(events(), (std::vector<std::pair<Kind, std::string>>{
                          {Kind::Built, "table 1"}, {Kind::Refused, "table 1 was refused"}}));
}

// Also where the old one was in flight when they came: that it was taken says nothing of the new ones.
TEST_F(TableServiceTest, ATableIsBuiltAnewWhenItsColumnsAreOthers) {
  all(0);
  std::vector<ColumnMove> columns = group_.description.columns;
  ASSERT_TRUE(step(0));
  service_->set_columns(0, 2, columns);
  settle(1, true, 10 * kMs);
  EXPECT_EQ(cause(100 * kMs), std::nullopt) << "they are the same";
  built(2 * kSecond);
  ASSERT_TRUE(step(4 * kSecond));
  for (ColumnMove& column : columns)
    for (std::int32_t& move : column.move_ppm) move += move / 10;
  service_->set_columns(0, 3, columns);
  settle(3, true, 4 * kSecond + 10 * kMs);
  EXPECT_EQ(cause(4 * kSecond + 100 * kMs), TableCause::Parameters);
  group_.description.columns = columns;
  group_.description.parameter_version = 3;
  const PublishedTable table = built(4 * kSecond + 100 * kMs);
  const risk::RiskTable same =
      expected(4, 4 * kSecond + 100 * kMs, 0, {kPrice + 100, kPrice + 200}, own_volatilities());
  EXPECT_EQ(encode_table(*table.table), encode_table(same));
  EXPECT_EQ(cause(4 * kSecond + 300 * kMs), std::nullopt);
}

TEST_F(TableServiceTest, MovesWithinThePauseWait) {
  all(0);
  built(0);
  prices(50 * kMs, kPrice * 1.002);
  EXPECT_FALSE(step(50 * kMs));
  EXPECT_FALSE(step(100 * kMs - 1));
  EXPECT_TRUE(step(100 * kMs));
}

TEST_F(TableServiceTest, WithoutAPriceOrAnyVolatilityThereIsNoTable) {
  EXPECT_FALSE(step(0));
  EXPECT_EQ(events(), (std::vector<std::pair<Kind, std::string>>{
                          {Kind::SmileMissing, "E0"},
                          {Kind::SmileMissing, "E1"},
                          {Kind::Failing, "PERP: there is no mark, and 24 more"}}));
  EXPECT_TRUE(status().failing);
  prices(kSecond);
  EXPECT_FALSE(step(kSecond));
  EXPECT_TRUE(events().empty()) << "nothing has changed: it fails as before";
  EXPECT_EQ(status().attempts_failed, 2);
  volatilities(2 * kSecond);
  EXPECT_TRUE(step(2 * kSecond));
  EXPECT_FALSE(status().failing);
  EXPECT_EQ(events(),
            (std::vector<std::pair<Kind, std::string>>{
                {Kind::SmileFound, "E0"}, {Kind::SmileFound, "E1"}, {Kind::Built, "table 1"}}));
}

TEST_F(TableServiceTest, AttemptsThatFailArePausedToo) {
  EXPECT_FALSE(step(0));
  EXPECT_FALSE(step(99 * kMs));
  EXPECT_EQ(status().attempts_failed, 1);
  EXPECT_FALSE(step(100 * kMs));
  EXPECT_EQ(status().attempts_failed, 2);
}

TEST_F(TableServiceTest, AValueIsKeptWithItsAgeUntilItIsTooOld) {
  all(0);
  built(0);
  events();
  EXPECT_TRUE(built(5 * kSecond).table) << "prices of five seconds are just good";
  // The mark alone goes on: the forwards are too old.
  service_->set_mark(0, 0, {920'000}, later(7 * kSecond), later(7 * kSecond));
  service_->set_index(0, kCoinAsset, kPrice, later(7 * kSecond), later(7 * kSecond));
  EXPECT_FALSE(step(7 * kSecond + 1));
  auto told = events();
  ASSERT_EQ(told.size(), 1);
  EXPECT_EQ(told[0].second, "E0-81190-C: there is no forward price, and 23 more");
  EXPECT_EQ(status().version, 2) << "the last one stays";
  // ... and back.
  prices(8 * kSecond);
  EXPECT_EQ(built(8 * kSecond).version, 3);
  // The mark alone stops.
  prices(9 * kSecond);
  for (const std::uint32_t chain : {0U, 1U})
    service_->set_forward(0, chain, kPrice, later(14 * kSecond), later(14 * kSecond));
  service_->set_index(0, kCoinAsset, kPrice, later(14 * kSecond), later(14 * kSecond));
  volatilities(14 * kSecond);
  events();
  EXPECT_FALSE(step(14 * kSecond + 1));
  told = events();
  ASSERT_EQ(told.size(), 1);
  EXPECT_EQ(told[0].second, "PERP: its mark is too old");
  // The index alone.
  service_->set_mark(0, 0, {920'000}, later(19 * kSecond), later(19 * kSecond));
  for (const std::uint32_t chain : {0U, 1U})
    service_->set_forward(0, chain, kPrice, later(19 * kSecond), later(19 * kSecond));
  EXPECT_TRUE(step(19 * kSecond));
  settle(4, true, 19 * kSecond);
  EXPECT_FALSE(step(21 * kSecond));
  told = events();
  ASSERT_EQ(told.size(), 2);
  EXPECT_EQ(told[1].second, "E0-81190-C: there is no index of the settlement asset, and 23 more");
}

TEST_F(TableServiceTest, AnOptionWithoutAVolatilityOfItsOwnHasThatOfTheSmile) {
  prices(0);
  std::vector<double> wanted = own_volatilities();
  std::vector<SmilePoint> points;
  // Of chain 0 row 4 never has one; that of row 7 grows old.
  for (std::uint32_t row = 0; row < 24; ++row) {
    if (row == 4) continue;
    service_->set_volatility(0, row, volatility_of(row), later(0), later(0));
  }
  built(0);
  EXPECT_EQ(status().sources, (TableSources{.own = 23, .smile = 1}));
  for (std::uint32_t row = 0; row < 24; ++row) {
    if (row == 4 || row == 7) continue;
    service_->set_volatility(0, row, volatility_of(row), later(9 * kSecond), later(9 * kSecond));
    if (row < 12) {
      points.push_back(
          {std::get<TableOption>(group_.description.rows[row].source).strike, volatility_of(row)});
    }
  }
  prices(11 * kSecond);
  const PublishedTable table = built(11 * kSecond);
  EXPECT_EQ(status().sources, (TableSources{.own = 22, .smile = 2}));
  const FittedSmile smile = fit_smile(kPrice + 100, points);
  ASSERT_TRUE(smile.smile);
  for (const std::uint32_t row : {4U, 7U}) {
    wanted[row] =
        smile.smile->volatility(std::get<TableOption>(group_.description.rows[row].source).strike);
  }
  EXPECT_EQ(
      encode_table(*table.table),
      encode_table(expected(2, 11 * kSecond, 9 * kSecond, {kPrice + 100, kPrice + 200}, wanted)));
  // What a volatility of its own moves is counted from the smile's.
  service_->set_volatility(0, 4, wanted[4] + 0.009, later(12 * kSecond), later(12 * kSecond));
  EXPECT_EQ(cause(12 * kSecond), std::nullopt);
  service_->set_volatility(0, 4, wanted[4] + 0.011, later(12 * kSecond), later(12 * kSecond));
  EXPECT_EQ(cause(12 * kSecond), TableCause::VolatilityMove);
}

TEST_F(TableServiceTest, AChainWithTooFewVolatilitiesGivesNoTable) {
  prices(0);
  // Four strikes of six, of both kinds.
  for (std::uint32_t row = 0; row < 24; ++row) {
    if (row >= 8 && row < 12) continue;
    service_->set_volatility(0, row, volatility_of(row), later(0), later(0));
  }
  EXPECT_FALSE(step(0));
  EXPECT_EQ(events(), (std::vector<std::pair<Kind, std::string>>{
                          {Kind::SmileMissing, "E0"},
                          {Kind::Failing, "E0-99165-C: there is no volatility, and 3 more"}}));
  EXPECT_EQ(status().smiles_refused, 1);
  // Zeros, negatives and what is no number do not help.
  for (std::uint32_t row = 8; row < 12; ++row) {
    for (const double none : {0.0, -0.6, std::nan(""), 1e9})
      service_->set_volatility(0, row, none, later(0), later(0));
  }
  EXPECT_FALSE(step(kSecond));
  EXPECT_EQ(inputs(InputVerdict::NotPositive), 12);
  EXPECT_EQ(inputs(InputVerdict::TooLarge), 4);
  // A fifth strike does.
  service_->set_volatility(0, 8, volatility_of(8), later(2 * kSecond), later(2 * kSecond));
  EXPECT_TRUE(step(2 * kSecond));
  EXPECT_EQ(status().sources, (TableSources{.own = 21, .smile = 3}));
}

TEST_F(TableServiceTest, RefusesWhatIsNoPriceAndKeepsTheLastGoodOne) {
  all(0);
  const risk::Timestamp now = later(kSecond);
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double none : {0.0, -1.0, std::nan(""), infinity}) {
    EXPECT_EQ(service_->set_forward(0, 0, none, now, now), InputVerdict::NotPositive);
    EXPECT_EQ(service_->set_index(0, kCoinAsset, none, now, now), InputVerdict::NotPositive);
  }
  EXPECT_EQ(service_->set_mark(0, 0, {0}, now, now), InputVerdict::NotPositive);
  EXPECT_EQ(service_->set_mark(0, 0, {-5}, now, now), InputVerdict::NotPositive);
  EXPECT_EQ(service_->set_index(0, kCoinAsset, 1.1e15, now, now), InputVerdict::TooLarge);
  EXPECT_EQ(service_->set_index(0, kCoinAsset, kPrice, later(-1), now), InputVerdict::Older);
  EXPECT_EQ(service_->set_forward(0, 0, kPrice, later(-1), now), InputVerdict::Older);
  EXPECT_EQ(service_->set_volatility(0, 0, 0.5, later(-1), now), InputVerdict::Older);
  EXPECT_EQ(service_->set_mark(0, 0, {5}, later(-1), now), InputVerdict::Older);
  EXPECT_EQ(service_->set_mark(0, 0, {920'000}, later(2 * kSecond + 1), now),
            InputVerdict::FromFuture);
  // A tenth from the mark is the most.
  EXPECT_EQ(service_->set_forward(0, 0, 101'200.1, now, now), InputVerdict::OffReference);
  EXPECT_EQ(service_->set_forward(0, 0, 82'799.9, now, now), InputVerdict::OffReference);
  const PublishedTable table = built(kSecond);
  EXPECT_EQ(
      encode_table(*table.table),
      encode_table(expected(1, kSecond, 0, {kPrice + 100, kPrice + 200}, own_volatilities())));
}

TEST_F(TableServiceTest, AForwardNeedsAMarkThatItCanBeNear) {
  EXPECT_EQ(service_->set_forward(0, 0, kPrice, later(0), later(0)), InputVerdict::NoReference);
  all(0);
  // The mark leaves, the forward does not follow.
  service_->set_mark(0, 0, {1'100'000}, later(kSecond), later(kSecond));
  EXPECT_FALSE(step(kSecond));
  const auto told = events();
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.back().second, "E0-81190-C: there is no forward price, and 23 more");
}

TEST_F(TableServiceTest, ATimeALittleAheadCountsAsNow) {
  all(0);
  const risk::Timestamp ahead = later(900 * kMs);
  for (std::uint32_t row = 0; row < 24; ++row)
    service_->set_volatility(0, row, volatility_of(row), ahead, later(0));
  service_->set_mark(0, 0, {920'000}, ahead, later(0));
  service_->set_index(0, kCoinAsset, kPrice, ahead, later(0));
  for (const std::uint32_t chain : {0U, 1U})
    service_->set_forward(0, chain, kPrice, ahead, later(0));
  EXPECT_EQ(built(0).table->as_of, later(0));
}

// Time runs down to zero: the second chain expires.
TEST_F(TableServiceTest, AnExpiredOptionIsWorthWhatItPaysAtItsLastForward) {
  all(0);
  prices(kHour - kSecond, kPrice);
  volatilities(kHour - kSecond);
  const PublishedTable before = built(kHour - kSecond);
  prices(kHour - 1, kPrice);
  EXPECT_EQ(cause(kHour - 1), std::nullopt);
  EXPECT_EQ(cause(kHour), TableCause::Expiry);
  // What comes from then on is none of it.
  EXPECT_EQ(service_->set_forward(0, 1, 95'000, later(kHour), later(kHour)),
            InputVerdict::AfterExpiry);
  EXPECT_EQ(service_->set_volatility(0, 13, 0.9, later(kHour - 1), later(kHour)),
            InputVerdict::AfterExpiry);
  const PublishedTable at = built(kHour);
  EXPECT_EQ(status().sources, (TableSources{.own = 12, .expired = 12}));
  EXPECT_EQ(cause(kHour + 200 * kMs), std::nullopt) << "once";
  std::vector<double> wanted = own_volatilities();
  for (std::size_t row = 12; row < 24; ++row) wanted[row] = 3.21;  // no matter
  EXPECT_EQ(encode_table(*at.table), encode_table(expected(2, kHour, kHour - kSecond,
                                                           {kPrice + 100, kPrice + 200}, wanted)));
  // Its forward does not age, nor does the table with it; it is no longer due for it.
  const std::int64_t end = kHour + 1000 * kSecond;
  all(end);
  const PublishedTable much_later = built(end);
  EXPECT_EQ(much_later.table->as_of, later(end));
  EXPECT_EQ(encode_table(*much_later.table),
            encode_table(expected(3, end, end, {kPrice + 100, kPrice + 200}, wanted)));
  EXPECT_EQ(cause(end + kSecond), std::nullopt);
}

TEST_F(TableServiceTest, AChainThatWasStaleWhenItExpiredHasNoPrice) {
  all(0);
  prices(kHour - 6 * kSecond);
  service_->set_mark(0, 0, {920'000}, later(kHour), later(kHour));
  service_->set_index(0, kCoinAsset, kPrice, later(kHour), later(kHour));
  service_->set_forward(0, 0, kPrice, later(kHour), later(kHour));
  volatilities(kHour);
  EXPECT_FALSE(step(kHour));
  const auto told = events();
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.back().second, "E1-81190-C: there is no forward price, and 11 more");
}

TEST_F(TableServiceTest, TakesWhatATickerSaysAndNoMore) {
  prices(0);
  volatilities(0);
  MarketUpdate update{.symbol = "X", .source_time_ns = later(kSecond).ns};
  update[MarketField::Underlying] = config::ExactDecimal{9'250'025, 2};
  service_->take(0, 3, update, later(kSecond));
  MarketUpdate other{.symbol = "Y", .source_time_ns = later(kSecond).ns};
  other[MarketField::MarkIv] = config::ExactDecimal{625, 3};
  service_->take(0, 20, other, later(kSecond));
  service_->take(0, 21, MarketUpdate{.source_time_ns = later(kSecond).ns}, later(kSecond));
  const PublishedTable table = built(kSecond);
  std::vector<double> wanted = own_volatilities();
  wanted[20] = 0.625;
  EXPECT_EQ(encode_table(*table.table),
            encode_table(expected(1, kSecond, 0, {92'500.25, kPrice + 200}, wanted)));
}

TEST_F(TableServiceTest, GroupsTakeTurns) {
  std::vector<TableGroup> groups;
  for (std::uint32_t g = 0; g < 3; ++g) {
    ChainsChoice of = choice();
    of.group = g;
    of.rebuild.pause_ns = 0;
    groups.push_back(option_chains(of));
  }
  TableService service(groups);
  std::vector<std::uint32_t> order;
  for (std::int64_t t = 0; t < 6; ++t) {
    const risk::Timestamp now = later(t * 2 * kSecond);
    for (std::uint32_t g = 0; g < 3; ++g) {
      if (g == 1 && t < 3) continue;  // fails, and keeps nobody waiting
      service.set_mark(g, 0, {920'000}, now, now);
      service.set_index(g, kCoinAsset, kPrice, now, now);
      for (const std::uint32_t chain : {0U, 1U}) service.set_forward(g, chain, kPrice, now, now);
      for (std::uint32_t row = 0; row < 24; ++row) service.set_volatility(g, row, 0.5, now, now);
    }
    // One each time, although all are due.
    const std::optional<PublishedTable> table = service.step(now);
    ASSERT_TRUE(table);
    order.push_back(table->group.value);
    service.settle(table->group, table->version, true, now);
  }
  EXPECT_EQ(order, (std::vector<std::uint32_t>{0, 2, 0, 1, 2, 0}));
}

TEST_F(TableServiceTest, NamesWhatIsWrongWithAConfiguration) {
  const auto problems = [](auto change) {
    TableGroup group = option_chains(choice());
    change(group);
    const std::vector<std::string> found = problems_of(group);
    if (found.empty()) return std::string("none");
    EXPECT_THROW(TableService({group}), std::invalid_argument);
    return found.front();
  };
  const auto of = [&](auto member, std::int64_t value) {
    return problems([&](TableGroup& group) { group.rebuild.*member = value; });
  };
  using R = RebuildSettings;
  EXPECT_EQ(problems([](TableGroup&) {}), "none");
  EXPECT_EQ(of(&R::age_ns, 0), "group 0: age must be above zero");
  EXPECT_EQ(of(&R::pause_ns, -1), "group 0: pause must be from zero to age");
  EXPECT_EQ(of(&R::pause_ns, 2 * kSecond + 1), "group 0: pause must be from zero to age");
  EXPECT_EQ(of(&R::price_move_ppm, 0), "group 0: price_move must be above zero");
  EXPECT_EQ(of(&R::price_move_ppm, 5'000), "group 0: price_move must be below table_move_max");
  EXPECT_EQ(of(&R::volatility_move_ppm, 0), "group 0: volatility_move must be above zero");
  EXPECT_EQ(of(&R::price_age_max_ns, 0), "group 0: price_age_max must be above zero");
  EXPECT_EQ(of(&R::volatility_age_max_ns, 0), "group 0: volatility_age_max must be above zero");
  EXPECT_EQ(of(&R::basis_max_ppm, 0), "group 0: basis_max must be above zero");
  const std::string too_old =
      "group 0: a table of the oldest prices would be older than table_age_max before it is due";
  EXPECT_EQ(of(&R::table_age_max_ns, 12 * kSecond), "none");
  EXPECT_EQ(of(&R::table_age_max_ns, 12 * kSecond - 1), too_old);
  EXPECT_EQ(of(&R::price_age_max_ns, std::numeric_limits<std::int64_t>::max()), too_old);
  EXPECT_EQ(of(&R::table_move_max_ppm, 6'000),
            "group 0: table_move_max is not that of the description");
  const auto row = [&](auto change) {
    return problems([&](TableGroup& group) {
      change(group.description.rows[1], std::get<TableOption>(group.description.rows[1].source),
             group.rows[1]);
    });
  };
  EXPECT_EQ(row([](auto& in, auto&, auto&) { in.vector_unit = 0; }),
            "group 0, E0-81190-P: vector_unit must be above zero");
  EXPECT_EQ(row([](auto&, auto& option, auto&) { option.strike = std::nan(""); }),
            "group 0, E0-81190-P: the strike must be above zero");
  EXPECT_EQ(row([](auto&, auto& option, auto&) { option.multiplier = 0; }),
            "group 0, E0-81190-P: the multiplier must be above zero");
  EXPECT_EQ(row([](auto&, auto& option, auto&) { option.factor = 1; }),
            "group 0, E0-81190-P: a column has no move of its factor");
  EXPECT_EQ(row([](auto&, auto& option, auto&) { option.settlement_factor = 1; }),
            "group 0, E0-81190-P: a column has no move of its settlement asset");
  EXPECT_EQ(row([](auto&, auto&, auto& market) { market.chain = 2; }),
            "group 0, E0-81190-P: there is no such chain");
  EXPECT_EQ(row([](auto&, auto&, auto& market) { market.settlement = 2; }),
            "group 0, E0-81190-P: there is no such settlement asset");
  EXPECT_EQ(row([](auto&, auto&, auto& market) { market.underlying = 2; }),
            "group 0, E0-81190-P: there is no such underlying asset");
  EXPECT_EQ(problems([](auto& group) { group.chains[0].anchor = 1; }),
            "group 0, E0: there is no such anchor");
  EXPECT_EQ(problems([](auto& group) { group.chains[1].expiry = {0}; }),
            "group 0, E1: the expiry must be above zero");
  EXPECT_EQ(problems([](auto& group) { group.anchors[0].mark_unit = 0; }),
            "group 0, PERP: mark_unit must be above zero");
  EXPECT_EQ(problems([](auto& group) { group.assets[0].fixed_index = 0.0; }),
            "group 0, USD: a fixed index must be above zero");
  EXPECT_EQ(problems([](auto& group) { group.rows.pop_back(); }),
            "group 0: rows must be as many as the description's");
  EXPECT_EQ(problems([](auto& group) { group.description.columns.clear(); }),
            "group 0: there are no columns");
  EXPECT_EQ(problems([](auto& group) { group.description.columns[3].weight_denominator = 0; }),
            "group 0: a column's weight must not be below zero");
  EXPECT_EQ(problems([](auto& group) { group.description.risk_decimals = 13; }),
            "group 0: risk_decimals must be from 0 to 12");
  EXPECT_EQ(problems([](auto& group) { group.description.volatility.days_min_ppm = 0; }),
            "group 0: pivot_days and days_min must be above zero");
  const TableGroup twice = option_chains(choice());
  EXPECT_THROW(TableService({twice, twice}), std::invalid_argument);
}

TEST_F(TableServiceTest, EventsAreBoundedAndCounted) {
  begin({.expiries_ns = {30 * test::kDay}});
  std::int64_t at = 0;
  for (std::size_t i = 0; i < kTableEventsMax; ++i) {
    at += 20 * kSecond;
    EXPECT_FALSE(step(at));  // nothing is fresh
    all(at);
    built(at + 100 * kMs);
  }
  EXPECT_EQ(service_->take_events().size(), kTableEventsMax);
  EXPECT_GT(service_->events_dropped(), kTableEventsMax);
  EXPECT_TRUE(service_->take_events().empty());
}

}  // namespace
}  // namespace portcullis::feeds::table_service_test
