// The cost of an append on the order path, with the flusher running: a record of 192 bytes with one
// outbound (a 96-byte command and a 41-byte message).
//
// append_burst is the mean over bursts of back-to-back appends, as many as fit half the ring.
// append_paced is a shard's: one append every 4 us (250,000/s), each timed by itself, with
// percentiles in the counters. The same loop without the append (timer_alone) shows what the clock
// and the machine add. append_paced/fsync is the same with a journal that is made durable as it goes.
//
// durable is what durability fsync costs a batch of so many records: from the first append to the
// moment all of them may be acted on, with percentiles; one batch after the other, on the disk of the
// temporary folder. In durability process that moment is the append.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "gateway/journal/crc32c.h"
#include "gateway/journal/journal.h"
#include "gateway/journal/reader.h"

namespace portcullis::gateway::journal {
namespace {

struct Command {
  std::array<std::uint64_t, 12> words{};
};
constexpr std::size_t kPayloadBytes = 41;
constexpr std::size_t kRecordBytes =
    command_part_bytes(sizeof(Command)) + outbound_part_bytes(kPayloadBytes);
static_assert(kRecordBytes == 192);

// A journal on the disk of the temporary folder, its ring in memory, as a gate has it.
struct BenchJournal {
  explicit BenchJournal(Durability durability = Durability::Process) {
    std::string name = (std::filesystem::temp_directory_path() / "journal_bench_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    folder = name;
    Options options;
    options.directory = folder;
    if (std::filesystem::is_directory("/dev/shm")) options.ring_directory = "/dev/shm";
    options.stream_count = 4;
    options.durability = durability;
    journal.emplace(options);
  }
  ~BenchJournal() {
    journal->close();
    std::filesystem::remove_all(folder);
  }
  void append(Command& command) {
    command.words[0] = journal->published_sequence();
    journal->begin(7, 1, command_bytes(command));
    journal->add_outbound(1, std::as_bytes(std::span(command.words)).first(kPayloadBytes));
    benchmark::DoNotOptimize(journal->publish());
  }

  std::filesystem::path folder;
  std::optional<Journal> journal;
};

using Clock = std::chrono::steady_clock;

void append_burst(benchmark::State& state) {
  BenchJournal bench;
  Command command;
  constexpr int kBurst = 16'384;
  for (auto _ : state) {
    const Clock::time_point begin = Clock::now();
    for (int i = 0; i < kBurst; ++i) bench.append(command);
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - begin).count() / kBurst);
    while (bench.journal->occupancy_bytes() > 0) {
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  }
}
BENCHMARK(append_burst)->UseManualTime()->Iterations(100);

void report(benchmark::State& state, std::vector<std::int64_t>& times_ns) {
  std::sort(times_ns.begin(), times_ns.end());
  const auto at = [&](double share) {
    const auto index = static_cast<std::size_t>(share * static_cast<double>(times_ns.size() - 1));
    return static_cast<double>(times_ns[index]);
  };
  state.counters["p50_ns"] = at(0.5);
  state.counters["p99_ns"] = at(0.99);
  state.counters["p99.9_ns"] = at(0.999);
  state.counters["p99.99_ns"] = at(0.9999);
  state.counters["max_ns"] = at(1.0);
}

// Calls `work` on a fixed schedule and reports the percentiles of its duration.
template <class Work>
void paced(benchmark::State& state, Work&& work) {
  constexpr std::chrono::nanoseconds kPeriod{4'000};
  std::vector<std::int64_t> times_ns;
  times_ns.reserve(static_cast<std::size_t>(state.max_iterations));
  Clock::time_point due = Clock::now();
  for (auto _ : state) {
    due += kPeriod;
    while (Clock::now() < due) {
    }
    const Clock::time_point begin = Clock::now();
    work();
    const auto took = Clock::now() - begin;
    times_ns.push_back(took.count());
    state.SetIterationTime(std::chrono::duration<double>(took).count());
  }
  report(state, times_ns);
}

void append_paced(benchmark::State& state, Durability durability) {
  BenchJournal bench(durability);
  Command command;
  paced(state, [&] { bench.append(command); });
}
BENCHMARK_CAPTURE(append_paced, process, Durability::Process)->UseManualTime()->Iterations(250'000);
BENCHMARK_CAPTURE(append_paced, fsync, Durability::Fsync)->UseManualTime()->Iterations(250'000);

void durable(benchmark::State& state) {
  BenchJournal bench(Durability::Fsync);
  Command command;
  std::vector<std::int64_t> times_ns;
  times_ns.reserve(static_cast<std::size_t>(state.max_iterations));
  for (auto _ : state) {
    const Clock::time_point begin = Clock::now();
    for (std::int64_t i = 0; i < state.range(0); ++i) bench.append(command);
    while (bench.journal->synced_sequence() < bench.journal->published_sequence()) {
      std::this_thread::yield();
    }
    const auto took = Clock::now() - begin;
    times_ns.push_back(took.count());
    state.SetIterationTime(std::chrono::duration<double>(took).count());
  }
  report(state, times_ns);
}
BENCHMARK(durable)->ArgName("records")->Arg(1)->Arg(64)->Arg(1'024)->UseManualTime()->Iterations(
    500);

void timer_alone(benchmark::State& state) {
  paced(state, [] {});
}
BENCHMARK(timer_alone)->UseManualTime()->Iterations(250'000);

void crc32c_of_a_record(benchmark::State& state) {
  const std::array<std::byte, kRecordBytes - 8> bytes{};
  for (auto _ : state) {
    auto* data = bytes.data();
    benchmark::DoNotOptimize(data);
    benchmark::DoNotOptimize(crc32c(bytes));
  }
}
BENCHMARK(crc32c_of_a_record);

// Everything a replay does with a record but apply it.
void read_records(benchmark::State& state) {
  BenchJournal bench;
  Command command;
  constexpr std::uint64_t kRecords = 200'000;
  for (std::uint64_t i = 0; i < kRecords; ++i) bench.append(command);
  while (bench.journal->flushed_sequence() < kRecords) std::this_thread::yield();
  std::uint64_t count = 0;
  for (auto _ : state) {
    Reader reader(bench.folder);
    RecordView record;
    while (reader.next(record) == ReadStatus::Record) ++count;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(count));
}
BENCHMARK(read_records)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace portcullis::gateway::journal
