// The state hash, kept incrementally: a commutative sum of one hash for each entity (ORDERLIFE 4).
// A change only marks its entity; what is marked is hashed again when the sum is asked for, so a
// change costs the order path a compare and a store. Allocates once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "risk/pool.h"

namespace portcullis::risk {

enum class EntityKind : std::uint8_t {
  Order,
  Line,
  Account,
  Node,
  Session,
  Instrument,
  Asset,
  Trade,
  Suspension,
  Table
};
inline constexpr std::size_t kEntityKindCount = 10;

class StateHash {
 public:
  // What is kept of the entities of one kind.
  struct Entities {
    Pool<std::uint64_t> hash;
    Pool<std::uint8_t> is_changed;
    Pool<std::uint32_t> changed;
    std::size_t changed_count = 0;

    explicit Entities(std::size_t count = 0) : hash(count), is_changed(count), changed(count) {}
  };
  // How many entities of the kind there can be; `present`: they are there from the beginning.
  void size(EntityKind kind, std::size_t count, bool present) {
    kinds_[static_cast<std::size_t>(kind)] = Entities(count);
    for (std::uint32_t i = 0; present && i < count; ++i) touch(kind, i);
  }

  void touch(EntityKind kind, std::uint32_t index) noexcept {
    Entities& entities = kinds_[static_cast<std::size_t>(kind)];
    if (entities.is_changed[index] != 0) return;
    entities.is_changed[index] = 1;
    entities.changed[entities.changed_count++] = index;
  }

  // Has the processor bring near what touch() reads.
  void fetch(EntityKind kind, std::uint32_t index) const noexcept {
    __builtin_prefetch(&kinds_[static_cast<std::size_t>(kind)].is_changed[index], 1);
  }

  // The sum, with hash_of(kind, index) for every entity that was touched since the last call; an
  // entity that is no longer there hashes to 0.
  template <class HashOf>
  std::uint64_t sum(HashOf&& hash_of) noexcept {
    for (std::size_t k = 0; k < kinds_.size(); ++k) {
      Entities& entities = kinds_[k];
      for (std::size_t c = 0; c < entities.changed_count; ++c) {
        hash_again(entities, entities.changed[c],
                   [&](std::uint32_t index) { return hash_of(static_cast<EntityKind>(k), index); });
      }
      entities.changed_count = 0;
    }
    return sum_;
  }

  // Hashes at most `most` of the entities that were touched: sum() then has so much less to do. True:
  // it has nothing to do.
  template <class HashOf>
  bool settle(std::size_t most, HashOf&& hash_of) noexcept {
    for (std::size_t k = 0; k < kinds_.size(); ++k) {
      for (Entities& entities = kinds_[k]; entities.changed_count > 0; --most) {
        if (most == 0) return false;
        hash_again(entities, entities.changed[--entities.changed_count],
                   [&](std::uint32_t index) { return hash_of(static_cast<EntityKind>(k), index); });
      }
    }
    return true;
  }

  // There are other entities of the kind now, none of which has been touched; `entities` has the old ones.
  void exchange(EntityKind kind, Entities& entities) noexcept {
    Entities& old = kinds_[static_cast<std::size_t>(kind)];
    for (const std::uint64_t hash : old.hash) sum_ -= hash;
    std::swap(old, entities);
  }

  [[nodiscard]] std::size_t count(EntityKind kind) const noexcept {
    return kinds_[static_cast<std::size_t>(kind)].hash.size();
  }

 private:
  template <class HashOf>
  void hash_again(Entities& entities, std::uint32_t index, HashOf&& hash_of) noexcept {
    const std::uint64_t hash = hash_of(index);
    sum_ += hash - entities.hash[index];
    entities.hash[index] = hash;
    entities.is_changed[index] = 0;
  }

  std::array<Entities, kEntityKindCount> kinds_;
  std::uint64_t sum_ = 0;
};

}  // namespace portcullis::risk
