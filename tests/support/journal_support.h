// What the journal's tests share: a folder of their own, records that can be made again from their
// number, and the comparison of a whole journal with them.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gateway/journal/journal.h"
#include "gateway/journal/reader.h"

namespace portcullis::gateway::journal::testing {

// Memory where the machine has it, for tests that open a journal a hundred times and have no use
// for a real fsync.
inline std::filesystem::path memory_folder() {
  const std::filesystem::path memory = "/dev/shm";
  return std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
}

// A folder that is removed with its owner.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(
      const std::filesystem::path& base = std::filesystem::temp_directory_path()) {
    std::string name = (base / "journal_test_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline std::uint64_t test_seed() {
  const char* text = std::getenv("PORTCULLIS_SEED");
  const std::uint64_t seed =
      text != nullptr ? std::strtoull(text, nullptr, 10) : std::random_device{}();
  std::printf("PORTCULLIS_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

inline constexpr std::uint32_t kStreams = 5;

// Small, so that rings wrap and segments roll all the time, and without a thread.
inline Options small_options(const std::filesystem::path& directory) {
  Options options;
  options.directory = directory;
  options.ring_bytes = 65'536;
  options.segment_bytes = 100'000;
  options.stream_count = kStreams;
  options.recent_messages = 64;
  options.manual_flush = true;
  return options;
}

using Bytes = std::vector<std::byte>;

struct TestRecord {
  std::uint16_t type = 0;
  std::int64_t time_ns = 0;
  Bytes command;
  std::vector<std::pair<std::uint16_t, Bytes>> outbounds;

  std::size_t bytes() const {
    std::size_t sum = command_part_bytes(command.size());
    for (const auto& [stream, payload] : outbounds) sum += outbound_part_bytes(payload.size());
    return sum;
  }
};

// SplitMix64: unlike the Mersenne twister it costs nothing to begin, and every record begins one.
struct Random {
  std::uint64_t state = 0;
  std::uint64_t operator()() {
    std::uint64_t z = (state += 0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
};

inline Bytes random_bytes(Random& random, std::size_t count) {
  Bytes bytes(count);
  for (auto& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

// The record with this sequence in the run with this seed: mostly small, now and then near the
// largest that a ring of 65,536 bytes takes (4,088).
inline TestRecord record_of(std::uint64_t seed, std::uint64_t sequence) {
  Random random{seed * 1'000'003 + sequence};
  TestRecord record;
  record.type = static_cast<std::uint16_t>(random());
  record.time_ns = static_cast<std::int64_t>(random());
  const bool large = random() % 50 == 0;
  record.command = random_bytes(random, random() % (large ? 2'000 : 150));
  const auto outbounds = random() % 4;
  for (std::uint64_t i = 0; i < outbounds; ++i) {
    const auto stream = static_cast<std::uint16_t>(random() % kStreams);
    record.outbounds.emplace_back(stream, random_bytes(random, random() % (large ? 600 : 100)));
  }
  return record;
}

inline std::uint64_t append(Journal& journal, const TestRecord& record) {
  journal.begin(record.type, record.time_ns, record.command);
  for (const auto& [stream, payload] : record.outbounds) {
    const std::uint64_t expected = journal.stream_next(stream);
    EXPECT_EQ(journal.add_outbound(stream, payload), expected);
  }
  return journal.publish();
}

// All messages of the first `last` records, by stream, in order.
inline std::map<std::uint16_t, std::vector<Bytes>> streams_of(std::uint64_t seed,
                                                              std::uint64_t last) {
  std::map<std::uint16_t, std::vector<Bytes>> streams;
  for (std::uint64_t sequence = 1; sequence <= last; ++sequence) {
    for (auto& [stream, payload] : record_of(seed, sequence).outbounds) {
      streams[stream].push_back(payload);
    }
  }
  return streams;
}

inline bool same(std::span<const std::byte> left, std::span<const std::byte> right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end());
}

// The record read is the one that was written; `next` counts the streams along.
inline void expect_record(const RecordView& view, const TestRecord& record, std::uint64_t sequence,
                          std::map<std::uint16_t, std::uint64_t>& next) {
  ASSERT_EQ(view.sequence, sequence);
  ASSERT_EQ(view.type, record.type);
  ASSERT_EQ(view.time_ns, record.time_ns);
  ASSERT_TRUE(same(view.command, record.command));
  ASSERT_EQ(view.outbound_count, record.outbounds.size());
  std::size_t i = 0;
  view.for_each_outbound([&](const OutboundView& outbound) {
    ASSERT_EQ(outbound.stream, record.outbounds[i].first);
    ASSERT_EQ(outbound.stream_sequence, ++next[outbound.stream]);
    ASSERT_TRUE(same(outbound.payload, record.outbounds[i].second));
    ++i;
  });
}

// The journal holds exactly the records 1 .. last of the run.
inline void expect_records(const std::filesystem::path& directory, std::uint64_t seed,
                           std::uint64_t last, bool include_ring) {
  Reader reader(directory, {.include_ring = include_ring});
  std::map<std::uint16_t, std::uint64_t> next;
  RecordView view;
  for (std::uint64_t sequence = 1; sequence <= last; ++sequence) {
    ASSERT_EQ(reader.next(view), ReadStatus::Record) << sequence << " " << reader.error();
    ASSERT_NO_FATAL_FAILURE(expect_record(view, record_of(seed, sequence), sequence, next));
  }
  ASSERT_EQ(reader.next(view), ReadStatus::End) << reader.error();
}

// The messages from .. through of a stream, read in chunks.
inline void expect_stream(const std::filesystem::path& directory, std::uint16_t stream,
                          const std::vector<Bytes>& messages, std::uint64_t from,
                          std::uint64_t through) {
  StreamReader reader(directory, stream);
  while (from <= through) {
    ASSERT_EQ(reader.read(from, through), ReadStatus::Record) << reader.error();
    for (const StreamMessage& message : reader.messages()) {
      ASSERT_EQ(message.stream_sequence, from);
      ASSERT_TRUE(same(message.payload, messages.at(from - 1)));
      ++from;
    }
  }
  ASSERT_EQ(from, through + 1);
  ASSERT_EQ(reader.read(from, through), ReadStatus::End);
}

// Every stream of a recovered journal has all its messages of the run, through the index.
inline void expect_streams(const Journal& journal, const std::filesystem::path& directory,
                           std::uint64_t seed, std::uint64_t last) {
  const auto streams = streams_of(seed, last);
  for (std::uint16_t stream = 0; stream < kStreams; ++stream) {
    const auto found = streams.find(stream);
    const std::vector<Bytes> none;
    const std::vector<Bytes>& messages = found == streams.end() ? none : found->second;
    ASSERT_EQ(journal.stream_flushed(stream), messages.size());
    ASSERT_EQ(journal.stream_next(stream), messages.size() + 1);
    ASSERT_NO_FATAL_FAILURE(expect_stream(directory, stream, messages, 1, messages.size()));
  }
}

}  // namespace portcullis::gateway::journal::testing
