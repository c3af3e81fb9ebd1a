// The price board against a model that knows nothing but the list of all updates, and looks at every
// nanosecond anew: what each source said last at that moment, who of them agrees, and what follows.
#include "feeds/board/price_board.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>

#include "tests/support/board_world.h"
#include "tests/support/random_world.h"
#include "tests/support/seed.h"

namespace portcullis::feeds::price_board_property_test {
namespace {

using config::ReferenceRule;
using config::ReferenceSettings;
using config::SourceRole;

// What somebody said, and when.
struct Said {
  std::size_t source = 0;
  std::int64_t price = 0;
  std::int64_t time_ns = 0;
  std::int64_t now_ns = 0;
};

struct Seen {
  std::int64_t time_ns = 0;
  std::string what;
};

class Model {
 public:
  Model(const ReferenceSettings& rules, std::vector<std::string> venues, std::int64_t ahead_ns)
      : rules_(rules), venues_(std::move(venues)), ahead_ns_(ahead_ns) {}

  // Everything that is told until `end`, after all that was said by then.
  std::vector<Seen> run(const std::vector<Said>& all, std::int64_t end) {
    std::size_t next = 0;
    for (std::int64_t now = 0; now <= end; ++now) {
      look(now, std::nullopt);
      for (; next < all.size() && all[next].now_ns == now; ++next) {
        if (!believe(all[next])) continue;
        history_.push_back(all[next]);
        look(now, all[next].source);
      }
    }
    return seen_;
  }

 private:
  struct Last {
    std::int64_t price = 0;
    std::int64_t as_of_ns = 0;
  };

  std::optional<Said> last_of(std::size_t source) const {
    for (std::size_t i = history_.size(); i-- > 0;) {
      if (history_[i].source == source) return history_[i];
    }
    return std::nullopt;
  }

  bool believe(const Said& said) const {
    if (said.price < rules_.price_min || said.price > rules_.price_max || said.price <= 0)
      return false;
    if (said.time_ns - said.now_ns > ahead_ns_) return false;
    const auto last = last_of(said.source);
    if (!last) return true;
    return said.time_ns > last->time_ns ||
           (said.time_ns == last->time_ns && said.price != last->price);
  }

  // By source, those whose last word is not too old.
  std::map<std::size_t, Last> fresh(std::int64_t now) const {
    std::map<std::size_t, Last> found;
    for (std::size_t source = 0; source < venues_.size(); ++source) {
      const auto last = last_of(source);
      if (!last) continue;
      const std::int64_t as_of = std::min(last->time_ns, last->now_ns);
      if (as_of + rules_.max_age_ns >= now) found[source] = {last->price, as_of};
    }
    return found;
  }

  static bool near(std::int64_t a, std::int64_t b, std::int64_t ppm) {
    return static_cast<long double>(std::abs(a - b)) * 1e6L <= static_cast<long double>(b) * ppm;
  }

  std::set<std::string> venues_of(const std::map<std::size_t, Last>& sources) const {
    std::set<std::string> venues;
    for (const auto& [source, last] : sources) venues.insert(venues_[source]);
    return venues;
  }

  std::map<std::size_t, Last> near_to(const std::map<std::size_t, Last>& sources,
                                      std::int64_t price) const {
    std::map<std::size_t, Last> found;
    for (const auto& [source, last] : sources) {
      if (near(last.price, price, rules_.divergence_ppm)) found[source] = last;
    }
    return found;
  }

  static std::int64_t middle(const std::map<std::size_t, Last>& sources) {
    std::vector<std::int64_t> prices;
    for (const auto& [source, last] : sources) prices.push_back(last.price);
    std::sort(prices.begin(), prices.end());
    const std::size_t n = prices.size();
    return n % 2 == 1 ? prices[n / 2] : (prices[n / 2 - 1] + prices[n / 2] + 1) / 2;
  }

  bool gives(std::size_t source) const {
    return rules_.rule == ReferenceRule::Median || rules_.sources[source].role != SourceRole::Voter;
  }

  struct View {
    std::string state;
    std::int64_t price = 0;
    std::int64_t as_of_ns = 0;
    std::set<std::size_t> makers;
    std::size_t agreeing = 0;
  };

  std::string state_of_none(const std::map<std::size_t, Last>& all) const {
    bool any_fresh = false;
    bool any = false;
    for (std::size_t source = 0; source < venues_.size(); ++source) {
      any_fresh |= gives(source) && all.contains(source);
      any |= gives(source) && last_of(source).has_value();
    }
    if (!any_fresh) return any ? "stale" : "missing";
    return venues_of(all).size() < rules_.min_sources ? "thin" : "diverged";
  }

  View view(std::int64_t now) {
    const std::map<std::size_t, Last> all = fresh(now);
    std::map<std::size_t, Last> made_of;
    std::size_t agreeing = 0;
    if (rules_.rule == ReferenceRule::Median) {
      if (!all.empty()) made_of = near_to(all, middle(all));
      agreeing = venues_of(made_of).size();
      if (agreeing < rules_.min_sources) made_of.clear();
    } else {
      std::set<std::size_t> usable;
      for (const auto& [source, last] : all) {
        if (gives(source) && venues_of(near_to(all, last.price)).size() >= rules_.min_sources)
          usable.insert(source);
      }
      for (std::size_t source = 0; source < venues_.size(); ++source) {
        if (!usable.contains(source)) since_.erase(source);
        if (usable.contains(source)) since_.try_emplace(source, now);
      }
      if (!usable.empty()) {
        if (!in_use_ || !usable.contains(*in_use_)) {
          in_use_ = *usable.begin();
        } else {
          for (const std::size_t source : usable) {
            if (source < *in_use_ && now - since_[source] >= rules_.return_after_ns) {
              in_use_ = source;
              break;
            }
          }
        }
        made_of[*in_use_] = all.at(*in_use_);
        agreeing = venues_of(near_to(all, all.at(*in_use_).price)).size();
      }
    }
    if (made_of.empty()) return {.state = state_of_none(all), .makers = {}};
    View view{.state = "good", .price = middle(made_of), .makers = {}, .agreeing = agreeing};
    view.as_of_ns = now;
    for (const auto& [source, last] : made_of) {
      view.as_of_ns = std::min(view.as_of_ns, last.as_of_ns);
      view.makers.insert(source);
    }
    return view;
  }

  void look(std::int64_t now, std::optional<std::size_t> who) {
    View v = view(now);
    if (v.state == "good" && price_ && !near(v.price, *price_, rules_.jump_ppm)) {
      if (!jump_ || !near(v.price, *jump_, rules_.jump_ppm)) {
        jump_ = v.price;
        again_ = 0;
      } else if (who && v.makers.contains(*who)) {
        ++again_;
      }
      const bool confirmed = (rules_.jump_updates > 0 && again_ >= rules_.jump_updates) ||
                             (rules_.jump_another && v.agreeing > rules_.min_sources);
      if (confirmed) {
        jump_.reset();
      } else {
        v.state = "jumped";
      }
    } else {
      jump_.reset();
    }
    if (v.state == "good" && (v.price != price_ || v.as_of_ns != as_of_ns_)) {
      price_ = v.price;
      as_of_ns_ = v.as_of_ns;
      seen_.push_back({now, fmt::format("{}@{}", v.price, v.as_of_ns)});
    }
    if (v.state != state_) {
      state_ = v.state;
      seen_.push_back({now, v.state});
    }
  }

  const ReferenceSettings rules_;
  const std::vector<std::string> venues_;
  const std::int64_t ahead_ns_;
  std::vector<Said> history_;
  std::map<std::size_t, std::int64_t> since_;
  std::optional<std::size_t> in_use_;
  std::optional<std::int64_t> price_;
  std::int64_t as_of_ns_ = 0;
  std::optional<std::int64_t> jump_;
  std::uint32_t again_ = 0;
  std::string state_ = "missing";
  std::vector<Seen> seen_;
};

constexpr std::int64_t kEnd = 400;

struct Random {
  std::mt19937_64 engine;
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(engine() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool one_in(std::int64_t n) { return between(1, n) == 1; }
};

class BoardRun {
 public:
  explicit BoardRun(std::uint64_t seed) : random_{std::mt19937_64(seed)} {
    const auto count = static_cast<std::size_t>(random_.between(1, 5));
    const bool is_median = random_.one_in(2);
    ahead_ns_ = random_.between(0, 5);
    std::vector<config::ReferenceSource> sources;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string name(1, static_cast<char>('A' + i));
      venues_.push_back(is_median || random_.one_in(2) ? name : "same");
      world_.add_source(name, venues_[i], config::SourceDialect::Lines, ahead_ns_);
      const SourceRole role = is_median || (i > 0 && random_.one_in(3)) ? SourceRole::Voter
                              : i == 0                                  ? SourceRole::Primary
                                                                        : SourceRole::Fallback;
      sources.push_back(world_.line(name, role));
    }
    ReferenceSettings& rules = world_.add_index("X", std::move(sources));
    rules.rule = is_median ? ReferenceRule::Median : ReferenceRule::PrimaryWithFallback;
    const std::set<std::string> venues(venues_.begin(), venues_.end());
    rules.min_sources =
        static_cast<std::uint32_t>(random_.between(1, static_cast<std::int64_t>(venues.size())));
    rules.max_age_ns = random_.between(5, 60);
    rules.divergence_ppm = random_.between(0, 40'000);
    rules.jump_ppm = random_.between(1, 100'000);
    rules.jump_updates = static_cast<std::uint32_t>(random_.between(0, 4));
    rules.jump_another = random_.one_in(2);
    rules.return_after_ns = random_.between(0, 60);
    rules.price_min = 500;
    rules.price_max = 2'000;
  }

  std::vector<Said> updates() {
    std::vector<Said> all;
    std::int64_t true_price = 1'000;
    const std::int64_t pause = random_.between(1, 12);
    for (std::int64_t now = 0; now < kEnd; now += random_.between(0, pause)) {
      true_price += random_.between(-5, 5);
      if (random_.one_in(40)) true_price = random_.between(600, 1'900);
      Said said;
      said.source = static_cast<std::size_t>(
          random_.between(0, static_cast<std::int64_t>(venues_.size()) - 1));
      said.price = true_price + random_.between(-10, 10);
      if (random_.one_in(10)) said.price = random_.between(0, 2'500);
      said.now_ns = now;
      said.time_ns = now - random_.between(0, 3);
      if (random_.one_in(12)) said.time_ns = now + random_.between(-80, 10);
      all.push_back(said);
      if (random_.one_in(10)) all.push_back(said);
    }
    return all;
  }

  // Told by the board that is only asked when something is said, and now and then.
  std::vector<Seen> board(const std::vector<Said>& all) {
    world_.start();
    std::vector<Seen> seen;
    const auto look = [&](std::int64_t now) {
      for (const std::string& told : world_.told) seen.push_back({now, told});
      world_.told.clear();
    };
    std::int64_t last = 0;
    for (const Said& said : all) {
      if (random_.one_in(5)) world_.board->step(random_.between(last, said.now_ns));
      last = said.now_ns;
      const std::string name(1, static_cast<char>('A' + said.source));
      world_.say(name, said.price, said.time_ns, said.now_ns);
      look(said.now_ns);
    }
    world_.board->step(kEnd);
    look(kEnd);
    return seen;
  }

  std::vector<Seen> model(const std::vector<Said>& all) {
    return Model(world_.deployment.feed.references[0], venues_, ahead_ns_).run(all, kEnd);
  }

  [[nodiscard]] const ReferenceStatus& status() const { return world_.board->status(0); }

 private:
  Random random_;
  std::vector<std::string> venues_;
  std::int64_t ahead_ns_ = 0;
  test::BoardWorld world_;
};

std::vector<std::string> words(const std::vector<Seen>& seen) {
  std::vector<std::string> found;
  for (const Seen& one : seen) found.push_back(one.what);
  return found;
}

TEST(PriceBoardProperty, TellsWhatTheModelTells) {
  const std::uint64_t seed = test::seed();
  const std::int64_t rounds = support::test_scale(2'000);
  ReferenceCounts all;
  for (std::int64_t round = 0; round < rounds; ++round) {
    BoardRun run(seed * 1'000'003 + static_cast<std::uint64_t>(round));
    const std::vector<Said> updates = run.updates();
    const std::vector<Seen> expected = run.model(updates);
    const std::vector<Seen> got = run.board(updates);
    ASSERT_EQ(words(got), words(expected)) << "round " << round;
    // The board never tells before its time.
    for (std::size_t i = 0; i < got.size(); ++i) {
      ASSERT_GE(got[i].time_ns, expected[i].time_ns) << "round " << round;
    }
    const ReferenceCounts& counts = run.status().counts;
    for (std::size_t i = 0; i < counts.entered.size(); ++i) all.entered[i] += counts.entered[i];
    all.published += counts.published;
    all.switches += counts.switches;
    all.jumps += counts.jumps;
    all.jumps_confirmed += counts.jumps_confirmed;
  }
  // All that can happen did.
  const auto enough = static_cast<std::uint64_t>(rounds) / 4;
  for (const PriceState state : {PriceState::Good, PriceState::Thin, PriceState::Diverged,
                                 PriceState::Jumped, PriceState::Stale}) {
    EXPECT_GT(all[state], enough) << kPriceStateNames[static_cast<std::size_t>(state)];
  }
  EXPECT_GT(all.published, 10 * enough);
  EXPECT_GT(all.switches, enough);
  EXPECT_GT(all.jumps_confirmed, enough);
}

}  // namespace
}  // namespace portcullis::feeds::price_board_property_test
