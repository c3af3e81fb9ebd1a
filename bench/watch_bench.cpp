// What it costs to know whose margin state a price can have changed (risk/watch.h), with accounts whose
// margin is evenly spread from nothing to all of what they hold. The one mark they stand on wanders by
// 20 to 100 ppm a tick.
//
//   mark/    the mark is applied, and whom it concerns is known. due_per_mark: so many accounts are named
//            on average, each of which is then looked at, which is not in this time
//   look/    such a look: a Recheck of an account at random, with its new place in the watch
#include <string>

#include "bench/desk.h"
#include "bench/timing.h"

namespace portcullis::bench {
namespace {

constexpr InstrumentIndex kFuture{0};
constexpr Lots kHeld{10};
constexpr std::uint32_t kAccountsPerSession = 10'000;

Parameters watched_parameters(std::uint32_t accounts) {
  Parameters p;
  p.version = 1;
  p.wide_denominator = 100;
  p.assets = {dollars()};
  p.factor_count = 1;
  GroupParameters group;
  group.factor_count = 1;
  group.column_count = 2;
  group.shock_ppm = {-kShockPpm, kShockPpm};
  p.groups = {group};
  p.instruments = {future_on({0})};
  SetParameters set;
  set.first_column = {0};
  set.column_count = {2};
  p.sets = {set};
  p.per_group.maintenance_mult_ppm = 500'000;
  p.bands = {{MarginState::Restricted, MarginBasis::Initial, kPpm, kPpm},
             {MarginState::Liquidation, MarginBasis::Maintenance, kPpm, kPpm}};
  p.profiles = {wide_limits(1)};
  add_accounts(p, accounts, kAccountsPerSession, 0);
  p.capacities = {
      .orders = 16, .positions = accounts + 16, .group_slots = accounts + 16, .trades = 16};
  return p;
}

class Crowd : public Desk {
 public:
  explicit Crowd(std::uint32_t accounts)
      : Desk(watched_parameters(accounts), kAccountsPerSession), accounts_(accounts) {
    index({0}, 1);
    mark(kFuture, kMark);
    for (std::uint32_t a = 0; a < accounts; ++a) {
      hold({a}, kFuture, a % 2 == 0 ? kHeld : -kHeld);
      const std::int64_t margin = std::int64_t{random.below(kMicro)} * kHeld.raw * kLotDollars;
      pay({a}, margin - engine.margin({a}, time()).available.raw);
    }
    look_at_due();
  }
  std::int64_t look_at_due() {
    std::int64_t looks = 0;
    for (;; ++looks) {
      const AccountIndex account = engine.take_due();
      if (!account.exists()) return looks;
      engine.apply(Recheck{.time = time(), .account = account});
    }
  }
  // Where the mark goes next.
  MarkUpdate wander() {
    const std::int64_t step = 1 + random.below(5);
    const bool up = at_ < kMark * 9 / 10 || (at_ < kMark * 11 / 10 && random.below(2) == 0);
    at_ += up ? step : -step;
    return {.time = time(), .as_of = time(), .mark = {at_}, .instrument = kFuture};
  }
  [[nodiscard]] std::uint32_t shape() const { return accounts_; }

  Random random;

 private:
  std::uint32_t accounts_;
  std::int64_t at_ = kMark;
};

void mark(benchmark::State& state, std::uint32_t accounts) {
  Crowd& crowd = kept<Crowd>(accounts);
  std::int64_t due = 0;
  std::int64_t marks = 0;
  each(
      state, [&] { return crowd.wander(); },
      [&](const MarkUpdate& update) {
        crowd.engine.apply(update);
        return 0;
      },
      [&](int) {
        due += crowd.look_at_due();
        ++marks;
      });
  state.counters["due_per_mark"] = static_cast<double>(due) / static_cast<double>(marks);
}

void look(benchmark::State& state, std::uint32_t accounts) {
  Crowd& crowd = kept<Crowd>(accounts);
  each(
      state,
      [&] {
        crowd.engine.apply(crowd.wander());
        return Recheck{.time = crowd.time(), .account = {crowd.random.below(accounts)}};
      },
      [&](const Recheck& recheck) { return crowd.engine.apply(recheck); },
      [&](const Engine::StateChange&) { crowd.look_at_due(); });
}

[[maybe_unused]] const bool kAdded = [] {
  for (const std::uint32_t accounts : {1'000U, 100'000U, 1'000'000U}) {
    const std::string suffix = "accounts:" + std::to_string(accounts);
    // With many accounts most of the time goes into the looks that a mark causes.
    add("mark/" + suffix, mark, accounts)->UseManualTime()->Iterations(100'000'000 / accounts);
    add("look/" + suffix, look, accounts)->UseManualTime()->Iterations(100'000'000 / accounts);
  }
  return true;
}();

}  // namespace
}  // namespace portcullis::bench
