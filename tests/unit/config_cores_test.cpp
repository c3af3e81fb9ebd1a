// process.json, "gateway": "cores".
#include <gtest/gtest.h>

#include <string>

#include "config/load.h"
#include "config/reload.h"
#include "tests/support/example_config.h"
#include "tests/support/problem_rows.h"

namespace portcullis::config::config_cores_test {
namespace {

using Cores = CoreSettings::Cores;

constexpr auto kAdd = test::Change::Kind::Add;
const std::string kFile = "process.json";

LoadResult load_with(const std::string& cores) {
  test::Texts texts = test::read_example();
  if (!cores.empty()) test::apply(texts, {kAdd, kFile, "gateway.cores", cores});
  return load_texts(texts, test::example_folder());
}

CoreSettings cores_of(const std::string& cores) {
  const LoadResult result = load_with(cores);
  EXPECT_EQ(test::problems_text(result), "");
  return result.deployment.gateway.cores;
}

TEST(ConfigCores, AreOneOrAListOrNone) {
  const CoreSettings some =
      cores_of(R"({"shard": 0, "journal": null, "follower": [3], "feeds": [1023, 4]})");
  EXPECT_EQ(some.of(Thread::Shard), Cores{0});
  EXPECT_EQ(some.of(Thread::Journal), Cores{});
  EXPECT_EQ(some.of(Thread::Follower), Cores{3});
  EXPECT_EQ(some.of(Thread::Feeds), (Cores{1023, 4}));
  EXPECT_EQ(some.of(Thread::Edge), Cores{});
  EXPECT_TRUE(some.any());
}

TEST(ConfigCores, OfEachThreadAreItsOwn) {
  for (std::size_t thread = 0; thread < kThreadNames.size(); ++thread) {
    const CoreSettings one = cores_of("{\"" + std::string(kThreadNames[thread]) + "\": 7}");
    for (std::size_t other = 0; other < kThreadNames.size(); ++other)
      EXPECT_EQ(one.cores[other], other == thread ? Cores{7} : Cores{}) << kThreadNames[other];
  }
}

TEST(ConfigCores, MayBeLeftOut) {
  for (const char* cores : {"", "null", "{}", R"({"shard": null})"})
    EXPECT_FALSE(cores_of(cores).any()) << cores;
}

TEST(ConfigCores, ThatAreWrongAreTold) {
  struct Wrong {
    std::string cores;
    std::string path;  // below gateway.cores
    std::string value;
    std::string what;
  };
  const std::string number = "must be a whole number from 0 to 1023";
  for (const Wrong& wrong : std::initializer_list<Wrong>{
           {"[]", "", "", "must be an object"},
           {"5", "", "", "must be an object"},
           {R"({"shard": 1024})", ".shard", "1024", number},
           {R"({"edge": -1})", ".edge", "-1", number},
           {R"({"feeds": "1"})", ".feeds", "\"1\"", number},
           {R"({"feeds": [1, 1024]})", ".feeds[1]", "1024", number},
           {R"({"feeds": ["1"]})", ".feeds[0]", "\"1\"", number},
           {R"({"feeds": []})", ".feeds", "", "must not be empty"},
           {R"({"feeds": [7, 1, 7]})", ".feeds", "", "names the core 7 twice"},
           {R"({"flusher": 1})", ".flusher", "1", "is no key that is known here"},
       }) {
    test::Row row;
    row.change = {kAdd, kFile, "gateway.cores", wrong.cores};
    row.path = "gateway.cores" + wrong.path;
    row.value = wrong.value;
    row.what = wrong.what;
    test::expect_problems(test::samples()[0], {row});
  }
}

// A journal is as good on another machine, whose cores have other numbers.
TEST(ConfigCores, AreNoPartOfWhatTheJournalKeeps) {
  const LoadResult without = load_with("");
  const LoadResult with = load_with(R"({"shard": 2})");
  const LoadResult other = load_with(R"({"shard": 5, "journal": [1]})");
  EXPECT_EQ(with.deployment.canonical_text, without.deployment.canonical_text);
  EXPECT_EQ(with.deployment.canonical_hash, other.deployment.canonical_hash);
  EXPECT_TRUE(problems_of_reload(with.deployment, other.deployment).empty());
}

}  // namespace
}  // namespace portcullis::config::config_cores_test
