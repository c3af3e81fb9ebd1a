// The seed of a property test: printed, and taken from the environment where it is given.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace portcullis::test {

inline std::uint64_t seed() {
  const char* text = std::getenv("PORTCULLIS_SEED");  // NOLINT(concurrency-mt-unsafe)
  const std::uint64_t value = text != nullptr ? std::strtoull(text, nullptr, 10) : 1;
  std::printf("seed %llu\n", static_cast<unsigned long long>(value));
  return value;
}

}  // namespace portcullis::test
