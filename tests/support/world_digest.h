// What came of a random run, in one line to compare between builds: the same seed makes the same
// worlds in each of them.
#pragma once

#include <cinttypes>
#include <cstdint>
#include <cstdio>

namespace portcullis::test {

class WorldDigest {
 public:
  // A world at its end, with the records of its journal.
  void add(std::uint64_t records, std::uint64_t state_hash) {
    records_ += records;
    for (const std::uint64_t value : {records, state_hash})
      digest_ = (digest_ ^ value) * 0x100000001B3ULL;
  }
  void print() const {
    std::printf("digest %016" PRIx64 " of %" PRIu64 " records\n", digest_, records_);
  }

 private:
  std::uint64_t records_ = 0;
  std::uint64_t digest_ = 0xCBF29CE484222325ULL;
};

}  // namespace portcullis::test
