// Many accounts in memory: what one takes, and what a decision costs on accounts at random, fresh,
// each of which is in no cache of the processor by the time it is touched again.
//
// Each account holds options in two risk groups of 64 scenarios: lines:2, one in each of them;
// lines:8, four in each. There are no open orders but the one that is decided.
//
// Counters: resident_bytes, what the process has grown by when the engine was built, and pool_bytes,
// the engine's own pools without the parameters, both by account; with few accounts they are mostly
// what does not depend on them.
//
// burst_at_random is the time of an order among 32 that come one behind the other, as out of one read of
// a socket; with `fetched` the next one's account is asked for before each, as the gate does.
#include <malloc.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "bench/books.h"
#include "bench/engine_parts.h"
#include "bench/timing.h"

namespace portcullis::bench {
namespace {

double resident_bytes() {
  ::malloc_trim(0);
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  expect(file != nullptr);
  unsigned long long total = 0;
  unsigned long long resident = 0;
  const int read = std::fscanf(file, "%llu %llu", &total, &resident);
  std::fclose(file);
  expect(read == 2);
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

struct MeasuredBook {
  explicit MeasuredBook(const BookShape& shape) : before(resident_bytes()), book(shape) {
    grown = resident_bytes() - before;
  }
  [[nodiscard]] const BookShape& shape() const { return book.shape(); }

  double before;
  Book book;
  double grown = 0;
};

void submit_at_random(benchmark::State& state, const BookShape& shape) {
  MeasuredBook& measured = kept<MeasuredBook>(shape);
  Book& book = measured.book;
  Random random;
  AccountIndex account;
  each(
      state,
      [&] {
        account = {random.below(shape.accounts)};
        return book.order_for(account, book.option(random.below(2), 0), {1});
      },
      [&](const NewOrder& order) { return book.engine.submit(order); },
      [&](const Decision& decision) {
        book.forget(decision);
        book.engine.refresh(account);
      });
  const double accounts = shape.accounts;
  state.counters["resident_bytes"] = measured.grown / accounts;
  state.counters["pool_bytes"] = static_cast<double>(pool_bytes(book.engine)) / accounts;
}

void burst_at_random(benchmark::State& state, const BookShape& shape, bool fetched) {
  using Clock = std::chrono::steady_clock;
  constexpr std::size_t kOrders = 32;
  Book& book = kept<MeasuredBook>(shape).book;
  Random random;
  std::array<NewOrder, kOrders> orders;
  std::array<Decision, kOrders> decisions;
  std::vector<std::int64_t> times_ns;
  times_ns.reserve(static_cast<std::size_t>(state.max_iterations));
  for (auto _ : state) {
    for (NewOrder& order : orders)
      order = book.order_for({random.below(shape.accounts)}, book.option(random.below(2), 0), {1});
    const Clock::time_point begin = Clock::now();
    for (std::size_t o = 0; o < kOrders; ++o) {
      if (fetched && o + 1 < kOrders)
        book.engine.fetch(orders[o + 1].account, orders[o + 1].instrument);
      decisions[o] = book.engine.submit(orders[o]);
    }
    const std::int64_t took = (Clock::now() - begin).count() / std::int64_t{kOrders};
    for (std::size_t o = 0; o < kOrders; ++o) {
      book.forget(decisions[o]);
      book.engine.refresh(orders[o].account);
    }
    times_ns.push_back(took);
    state.SetIterationTime(static_cast<double>(took) * 1e-9);
  }
  report(state, times_ns);
}

[[maybe_unused]] const bool kAdded = [] {
  const auto add_shape = [](std::uint32_t accounts, std::uint32_t options) {
    const BookShape shape{.groups = 2,
                          .options = 4,
                          .accounts = accounts,
                          .futures_held = 0,
                          .options_held = options};
    add("submit_at_random/lines:" + std::to_string(2 * options) +
            "/accounts:" + std::to_string(accounts),
        submit_at_random, shape)
        ->UseManualTime();
    if (options > 1) return;
    for (const bool fetched : {false, true})
      add(std::string("burst_at_random") + (fetched ? "/fetched" : "") +
              "/lines:" + std::to_string(2 * options) + "/accounts:" + std::to_string(accounts),
          burst_at_random, shape, fetched)
          ->UseManualTime();
  };
  for (const std::uint32_t accounts : {1'000U, 100'000U, 1'000'000U}) add_shape(accounts, 1);
  add_shape(100'000, 4);
  return true;
}();

}  // namespace
}  // namespace portcullis::bench
