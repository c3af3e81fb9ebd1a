// Where the shard takes its prices from: whatever publishes them on a thread of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace portcullis::gateway::shard {

struct PriceUpdate {
  enum class Kind : std::uint32_t { Mark, Index };
  std::int64_t as_of_ns = 0;
  std::int64_t price = 0;   // in the instrument's mark units, or the asset's index units
  std::uint32_t index = 0;  // of the instrument or asset
  Kind kind = Kind::Mark;
};

class PriceSource {
 public:
  virtual ~PriceSource() = default;
  // Takes up to updates.size() of what was queued, oldest first. The shard's thread.
  virtual std::size_t take(std::span<PriceUpdate> updates) = 0;
};

}  // namespace portcullis::gateway::shard
