// The engine's state as bytes: an engine that is loaded is the one that was saved, in every decision
// and every figure from then on; and bytes that are not a state lead nowhere else than to a refusal.
#include "risk/saved_state.h"

#include <gtest/gtest.h>

#include <cstring>
#include <deque>
#include <memory>
#include <vector>

#include "risk/engine.h"
#include "tests/support/engine_subject.h"
#include "tests/support/random_world.h"

namespace portcullis::support::saved_state_test {
namespace {

using namespace portcullis::risk;

using Saved = std::vector<std::byte>;

Saved save(const Engine& engine) {
  Saved saved(engine.saved_bytes());
  engine.save(saved);
  return saved;
}

// Nobody is due any more: what a loaded engine does not know of the one that was saved.
void look_at_everybody(Engine& engine) {
  while (engine.take_due().exists()) {
  }
}

struct Tally {
  std::int64_t saved = 0;
  std::int64_t live_orders = 0;
  std::int64_t with_tables = 0;
  std::int64_t bytes = 0;
};

void run_world(std::uint64_t seed, std::int64_t length, Tally& tally) {
  Rng rng(seed);
  WorldChoice choice;
  choice.tight_limits = rng.percent(70);
  choice.small_pools = rng.percent(30);
  const Parameters parameters = random_parameters(rng, choice);
  NaiveModel model(parameters);
  CommandSource source(model, rng.next(), !choice.small_pools);
  source.change_parameters(rng.pick({0, 3, 30}));
  std::deque<RiskTable> tables;
  Subject original(parameters);
  std::vector<std::unique_ptr<Subject>> loaded;

  const auto step = [&](const Command& command) {
    const RiskTable* table = nullptr;
    if (const auto* publish = std::get_if<PublishTable>(&command))
      table = &tables.emplace_back(table_of(*publish, model.parameters()));
    tell(model, command);
    const std::string answer = original.tell(command, table);
    for (const auto& other : loaded) {
      ASSERT_EQ(other->tell(command, table), answer) << describe(command);
      ASSERT_EQ(other->engine->state_hash(), original.engine->state_hash()) << describe(command);
    }
  };
  for (const Command& command : source.opening()) ASSERT_NO_FATAL_FAILURE(step(command));
  for (std::int64_t i = 0; i < length; ++i) {
    ASSERT_NO_FATAL_FAILURE(step(source.next())) << "command " << i;
    if (rng.percent(10)) {
      const auto account =
          static_cast<std::uint32_t>(rng.between(0, std::ssize(parameters.accounts) - 1));
      const std::string margin = original.margin(account, {model.clock()});
      for (const auto& other : loaded) ASSERT_EQ(other->margin(account, {model.clock()}), margin);
    }
    if (!rng.percent(1)) continue;
    const Saved saved = save(*original.engine);
    auto& copy = *loaded.emplace_back(std::make_unique<Subject>(model.parameters()));
    copy.in_force = original.in_force;
    ASSERT_EQ(copy.engine->load(saved, copy.in_force), nullptr);
    ASSERT_EQ(copy.engine->state_hash(), original.engine->state_hash());
    // One that is looked at from the beginning, and thrown away.
    Subject other(model.parameters());
    ASSERT_EQ(other.engine->load(saved, original.in_force), nullptr);
    ASSERT_STREQ(other.engine->verify(), nullptr);
    // Byte for byte the same, but for who is due.
    look_at_everybody(*original.engine);
    look_at_everybody(*copy.engine);
    ASSERT_EQ(save(*copy.engine), save(*original.engine));
    ++tally.saved;
    tally.live_orders += original.engine->live_orders();
    tally.bytes += std::ssize(saved);
    for (const RiskTable* table : original.in_force) tally.with_tables += table != nullptr ? 1 : 0;
    if (loaded.size() > 3) loaded.erase(loaded.begin());
  }
  for (const auto& other : loaded) ASSERT_STREQ(other->engine->verify(), nullptr);
}

TEST(SavedState, ALoadedEngineDecidesAsTheOneThatWasSaved) {
  Rng seeds(test_seed(7));
  Tally tally;
  const std::int64_t worlds = test_scale(100);
  for (std::int64_t world = 0; world < worlds; ++world) {
    const std::uint64_t seed = seeds.next();
    ASSERT_NO_FATAL_FAILURE(run_world(seed, 1'200, tally)) << "world " << seed;
  }
  std::printf("%lld states of %lld bytes, %lld live orders and %lld tables in them\n",
              static_cast<long long>(tally.saved),
              static_cast<long long>(tally.bytes / std::max<std::int64_t>(1, tally.saved)),
              static_cast<long long>(tally.live_orders), static_cast<long long>(tally.with_tables));
  EXPECT_GT(tally.saved, worlds * 2);
  EXPECT_GT(tally.live_orders, tally.saved);
  EXPECT_GT(tally.with_tables, 0);
}

// A world with something in it, saved.
struct World {
  explicit World(std::uint64_t seed) : rng(seed), parameters(random_parameters(rng)) {
    NaiveModel model(parameters);
    CommandSource source(model, rng.next());
    Subject subject(parameters);
    const auto step = [&](const Command& command) {
      if (std::holds_alternative<PublishTable>(command)) return;
      tell(model, command);
      subject.tell(command, nullptr);
    };
    for (const Command& command : source.opening()) step(command);
    for (int i = 0; i < 400; ++i) step(source.next());
    saved = save(*subject.engine);
    hash = subject.engine->state_hash();
  }
  Rng rng;
  const Parameters parameters;
  Saved saved;
  std::uint64_t hash = 0;
};

TEST(SavedState, BytesThatAreMissingOrTooManyAreRefused) {
  World world(test_seed(8));
  for (std::int64_t i = test_scale(100); i > 0; --i) {
    Saved wrong = world.saved;
    if (i == 1) {
      wrong.push_back({});
    } else {
      wrong.resize(static_cast<std::size_t>(world.rng.between(0, std::ssize(wrong) - 1)));
    }
    Engine engine(world.parameters);
    ASSERT_NE(engine.load(wrong), nullptr) << wrong.size() << " bytes";
  }
}

// What a flipped bit makes of it is refused, shows in the hash, or was in a cache.
TEST(SavedState, AFlippedBitLeadsOutsideNothing) {
  World world(test_seed(9));
  std::int64_t refused = 0;
  std::int64_t other = 0;
  const std::int64_t trials = test_scale(4'000);
  for (std::int64_t i = trials; i > 0; --i) {
    Saved wrong = world.saved;
    const auto at = static_cast<std::size_t>(world.rng.between(0, std::ssize(wrong) - 1));
    wrong[at] ^= std::byte{1} << world.rng.between(0, 7);
    Engine engine(world.parameters);
    if (engine.load(wrong) != nullptr) {
      ++refused;
    } else if (engine.state_hash() != world.hash) {
      ++other;
    }
  }
  std::printf("of %lld: %lld refused, %lld of another state\n", static_cast<long long>(trials),
              static_cast<long long>(refused), static_cast<long long>(other));
  EXPECT_GT(refused, trials / 100);
  EXPECT_GT(other, trials / 100);
}

TEST(SavedState, AStateOfOtherParametersIsRefused) {
  World world(test_seed(10));
  Parameters other = world.parameters;
  ++other.capacities.trades;
  Engine engine(other);
  EXPECT_NE(engine.load(world.saved), nullptr);
  other = world.parameters;
  ++other.capacities.orders;
  Engine another(other);
  EXPECT_NE(another.load(world.saved), nullptr);
}

}  // namespace
}  // namespace portcullis::support::saved_state_test
