// The cores of a gate's threads, as the system has them: on a machine with one core, too.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>

#include "config/cores.h"
#include "tests/support/gate_process.h"
#include "tests/support/json_world.h"
#include "tests/support/thread_affinity.h"

namespace portcullis::test::gate_cores_test {
namespace {

// A gate that has every thread.
std::vector<Change> every_thread() {
  std::vector<Change> changes = json_changes();
  changes.push_back({Change::Kind::Add, "process.json", "control",
                     R"({"port": 0, "tls": null, "connections_max": 8,
                         "requests_per_second_max": 20, "what_if_orders_max": 4,
                         "rejects_kept": 100, "request_timeout_ms": 5000,
                         "send_buffer_bytes": 65536, "tokens": {"desk": {"role": "risk",
                         "token_sha256": ")" +
                         std::string(64, '1') + R"("}}})"});
  changes.push_back({Change::Kind::Add, "process.json", "gateway.cores", "null"});
  return changes;
}

std::string text_of(const CoreNumbers& cores) {
  std::string text;
  for (const std::uint32_t core : cores) text += (text.empty() ? "[" : ", ") + std::to_string(core);
  return text + "]";
}

class GateCores : public testing::Test {
 protected:
  using Threads = std::map<std::string, CoreNumbers>;  // by name

  // Of a gate that is started with these in process.json.
  Threads cores_with(const std::string& settings) {
    deployment_.change({Change::Kind::Set, "process.json", "gateway.cores", settings});
    GateProcess gate(deployment_);
    EXPECT_NE(gate.port(), 0) << read_file(deployment_.errors());
    Threads found = once_all_have_begun(gate.pid());
    EXPECT_EQ(gate.terminate(), 0) << read_file(deployment_.errors());
    return found;
  }

  const CoreNumbers mine_ = own_cores();

 private:
  // A thread has its cores before it has its name.
  static Threads once_all_have_begun(pid_t pid) {
    const auto give_up = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < give_up) {
      Threads found = cores_of_threads(pid);
      found["shard"] = found["main"];
      const auto is_there = [&](std::string_view name) {
        return found.contains(std::string(name));
      };
      if (std::all_of(config::kThreadNames.begin(), config::kThreadNames.end(), is_there)) {
        return found;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ADD_FAILURE() << "not all threads have begun";
    return {};
  }

  TestDeployment deployment_{every_thread()};
};

// Each by its own key; and another start of the same journal may have others.
TEST_F(GateCores, AreThoseThatAreConfigured) {
  for (const std::uint32_t core : {mine_.front(), mine_.back()}) {
    std::string settings;
    for (const std::string_view name : config::kThreadNames) {
      settings += settings.empty() ? '{' : ',';
      settings += '"' + std::string(name) + "\": " + std::to_string(core);
    }
    Threads found = cores_with(settings + "}");
    for (const std::string_view name : config::kThreadNames)
      EXPECT_EQ(found[std::string(name)], CoreNumbers{core}) << name;
  }
}

TEST_F(GateCores, OfAThreadWithoutASettingAreAllThatTheProcessWasStartedOn) {
  const std::string shard = std::to_string(mine_.front());
  Threads found =
      cores_with("{\"shard\": " + shard + ", \"edge\": null, \"feeds\": " + text_of(mine_) + "}");
  for (const std::string_view name : config::kThreadNames) {
    const bool is_shard = name == "shard";
    EXPECT_EQ(found[std::string(name)], is_shard ? CoreNumbers{mine_.front()} : mine_) << name;
  }
}

TEST_F(GateCores, AreNotTouchedWithoutAnySetting) {
  for (const auto& [name, cores] : cores_with("null")) EXPECT_EQ(cores, mine_) << name;
}

// As with isolated cores, on which nothing is started.
TEST_F(GateCores, MayBeOthersThanThoseThatTheProcessWasStartedOn) {
  const CoreNumbers started_on{mine_.front()};
  const CoreNumbers own{mine_.back()};
  const RunsOn first(started_on);
  Threads found = cores_with("{\"shard\": " + text_of(own) + "}");
  for (const std::string_view name : config::kThreadNames)
    EXPECT_EQ(found[std::string(name)], name == "shard" ? own : started_on) << name;
}

}  // namespace
}  // namespace portcullis::test::gate_cores_test
