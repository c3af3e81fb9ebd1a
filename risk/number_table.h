// Every number sent to the venue: which order it belongs to, and, for a while after the order has
// ended, whose it was. Found by our number and by the client's. Fixed capacity; the oldest ended
// ones go first.
#pragma once

#include <algorithm>
#include <cstdint>

#include "risk/index_map.h"
#include "risk/pool.h"
#include "risk/state.h"

namespace portcullis::risk {

class NumberTable {
 public:
  // `live`: numbers of live orders at once; `ended`: how many ended ones are remembered, at
  // least 1.
  NumberTable(std::uint32_t live, std::uint32_t ended)
      : records_(live + ended),
        free_(live + ended),
        ended_(ended),
        by_number_(live + ended),
        by_client_(live) {
    for (std::uint32_t slot = live + ended; slot-- > 0;) free_[free_count_++] = slot;
  }

  // REQUIRES: fewer than `live` live numbers; a live number is added once. A hostile venue may make
  // us adopt one that is remembered as ended: the new record replaces it.
  void add(const NumberRecord& record) noexcept {
    // What is not above a number that was forgotten may have been one of ours itself.
    std::uint8_t has_forgotten_trades = record.number <= forgotten_max_ ? 1 : 0;
    if (const std::uint32_t old = by_number_.find(record.number); old != IndexMap::kNotFound) {
      has_forgotten_trades = records_[old].has_forgotten_trades;
      forget(old);
    }
    PORTCULLIS_ASSERT(free_count_ > 0);
    const std::uint32_t slot = free_[--free_count_];
    records_[slot] = record;
    records_[slot].has_forgotten_trades = has_forgotten_trades;
    records_used_ = std::max(records_used_, slot + 1);
    by_number_.insert(record.number, slot);
    if (has_client(record)) by_client_.insert(client_key(record.session, record.client_ref), slot);
  }

  [[nodiscard]] const NumberRecord* find(std::uint32_t number) const noexcept {
    const std::uint32_t slot = by_number_.find(number);
    return slot == IndexMap::kNotFound ? nullptr : &records_[slot];
  }

  // The live number of a client's number.
  [[nodiscard]] const NumberRecord* find(SessionIndex session,
                                         std::uint32_t client_ref) const noexcept {
    const std::uint32_t slot = by_client_.find(client_key(session, client_ref));
    return slot == IndexMap::kNotFound ? nullptr : &records_[slot];
  }

  // The number's order has ended, or the number is no longer one of its chain.
  void retire(std::uint32_t number) noexcept {
    const std::uint32_t slot = by_number_.find(number);
    PORTCULLIS_ASSERT(slot != IndexMap::kNotFound && records_[slot].order != kNil);
    if (has_client(records_[slot])) {
      by_client_.erase(client_key(records_[slot].session, records_[slot].client_ref));
    }
    records_[slot].order = kNil;
    // The ring of ended records: the one whose place this takes is forgotten, unless it was adopted
    // anew.
    Ended& place = ended_[ended_next_];
    if (place.slot != kNil && records_[place.slot].number == place.number &&
        records_[place.slot].order == kNil) {
      forgotten_max_ = std::max(forgotten_max_, place.number);
      forget(place.slot);
    }
    place = {slot, number};
    ended_used_ = std::max(ended_used_, static_cast<std::uint32_t>(ended_next_) + 1);
    ended_next_ = (ended_next_ + 1) % ended_.size();
  }

  // An execution of the number is not remembered any more.
  void forget_trade_of(std::uint32_t number) noexcept {
    const std::uint32_t slot = by_number_.find(number);
    if (slot != IndexMap::kNotFound) records_[slot].has_forgotten_trades = 1;
  }

  // Saving it (saved_state.h, engine_parts.h).
  template <class Self, class Part>
  static void for_each_part(Self& self, Part& part);
  // What is not saved, after loading into a new table. False: the records are not those of a table.
  bool rebuild() noexcept;
  template <class F>
  void for_each(F&& f) const {
    for (const NumberRecord& record : records_)
      if (record.number != 0) f(record);
  }

 private:
  struct Ended {
    std::uint32_t slot = kNil;
    std::uint32_t number = 0;
  };
  static std::uint64_t client_key(SessionIndex session, std::uint32_t client_ref) {
    return std::uint64_t{session.value} << 32 | client_ref;
  }
  static bool has_client(const NumberRecord& record) {
    return record.order != kNil && record.session.exists() && record.client_ref != 0;
  }
  void forget(std::uint32_t slot) noexcept {
    if (has_client(records_[slot])) {
      by_client_.erase(client_key(records_[slot].session, records_[slot].client_ref));
    }
    by_number_.erase(records_[slot].number);
    records_[slot] = {};
    free_[free_count_++] = slot;
  }

  // How many of the first records, and of the places of ended ones, have ever been taken.
  std::uint32_t records_used_ = 0;
  std::uint32_t ended_used_ = 0;
  std::uint32_t forgotten_max_ = 0;  // the highest number that was forgotten
  Pool<NumberRecord> records_;
  Pool<std::uint32_t> free_;  // the first free_count_ are free slots
  std::size_t free_count_ = 0;
  Pool<Ended> ended_;
  std::size_t ended_next_ = 0;
  IndexMap by_number_;
  IndexMap by_client_;
};

}  // namespace portcullis::risk
