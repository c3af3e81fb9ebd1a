// Snapshots of many accounts: the state to bytes, which is how long others wait for the follower, and
// back to an engine with its hash worked out anew, which is what a start-up waits for.
//
// Each account holds a future in each of two risk groups of 64 scenarios. There are no open orders.
// Counters: bytes, of the state, by account.
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "bench/books.h"
#include "bench/timing.h"

namespace portcullis::bench {
namespace {

BookShape shape_of(std::uint32_t accounts) {
  return {.groups = 2, .accounts = accounts, .futures_held = 1};
}

std::vector<std::byte> saved(const Engine& engine) {
  std::vector<std::byte> bytes(engine.saved_bytes());
  engine.save(bytes);
  return bytes;
}

void save_state(benchmark::State& state, const BookShape& shape) {
  const Book& book = kept<Book>(shape);
  for (auto _ : state) benchmark::DoNotOptimize(saved(book.engine).data());
  state.counters["bytes"] =
      static_cast<double>(book.engine.saved_bytes()) / static_cast<double>(shape.accounts);
}

void load_state(benchmark::State& state, const BookShape& shape) {
  Book& book = kept<Book>(shape);
  const std::vector<std::byte> bytes = saved(book.engine);
  for (auto _ : state) {
    const auto engine = std::make_unique<Engine>(book.engine.parameters());
    const auto began = std::chrono::steady_clock::now();
    expect(engine->load(bytes) == nullptr);
    expect(engine->state_hash() == book.engine.state_hash());
    state.SetIterationTime(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  }
}

[[maybe_unused]] const bool kAdded = [] {
  for (const std::uint32_t accounts : {1'000U, 100'000U}) {
    const std::string suffix = "/accounts:" + std::to_string(accounts);
    add("save_state" + suffix, save_state, shape_of(accounts))->Unit(benchmark::kMillisecond);
    add("load_state" + suffix, load_state, shape_of(accounts))
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
  }
  return true;
}();

}  // namespace
}  // namespace portcullis::bench
