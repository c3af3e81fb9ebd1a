// One reference price on its way from a feed's thread to the shard, or whether it is safe, or both.
#pragma once

#include <cstdint>
#include <type_traits>

namespace portcullis::feeds {

struct PriceUpdate {
  enum class Kind : std::uint8_t {
    Mark,   // of the instrument `index`, in its mark units
    Index,  // of the asset `index`, in its index units
  };
  enum class State : std::uint8_t {
    Unchanged,
    Safe,
    Unsafe,
  };
  std::int64_t as_of_ns = 0;  // epoch; when the source says that this was the price
  std::int64_t price = 0;     // > 0; 0: none is told, the last one stays
  std::uint32_t index = 0;
  Kind kind = Kind::Mark;
  State state = State::Unchanged;  // told with the price, which comes first
  friend bool operator==(const PriceUpdate&, const PriceUpdate&) = default;
};
static_assert(sizeof(PriceUpdate) == 24 && std::is_trivially_copyable_v<PriceUpdate>);

}  // namespace portcullis::feeds
