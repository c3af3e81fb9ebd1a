// Many accounts in memory: what one takes, and what a decision costs on accounts at random, fresh,
// each of which is in no cache of the processor by the time it is touched again.
//
// Each account holds options in two risk groups of 64 scenarios: lines:2, one in each of them;
// lines:8, four in each. There are no open orders but the one that is decided.
//
// Counters: resident_bytes, what the process has grown by when the engine was built, and pool_bytes,
// the engine's own pools without the parameters, both by account; with few accounts they are mostly
// what does not depend on them.
#include <malloc.h>
#include <unistd.h>

#include <cstdio>
#include <string>

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
  };
  for (const std::uint32_t accounts : {1'000U, 100'000U, 1'000'000U}) add_shape(accounts, 1);
  add_shape(100'000, 4);
  return true;
}();

}  // namespace
}  // namespace portcullis::bench
