// The venue's numbers of a recording, and those that another course of events has given to the same
// orders. Both rise together, and until the two courses part they are the same.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace portcullis::gateway::tune {

class NumberMap {
 public:
  enum class Kind : std::uint8_t {
    Same,     // the same order, or the same replace
    Absent,   // there is none
    Refused,  // a replace that was refused: `own` is the number of what it would have replaced
  };
  struct Entry {
    std::uint32_t recorded = 0;
    std::uint32_t own = 0;   // Absent: 0
    std::uint32_t next = 0;  // the first own number that was free when the recorded one was given
    Kind kind = Kind::Same;
  };

  // From here on numbers are others, and each is to be added.
  void part_at(std::uint32_t number) { same_below_ = number; }
  void add(const Entry& entry) { entries_.insert(entries_.begin() + at(entry.recorded), entry); }
  // Nothing: not known.
  [[nodiscard]] std::optional<Entry> find(std::uint32_t recorded) const {
    if (recorded < same_below_) return Entry{recorded, recorded, recorded, Kind::Same};
    const auto found = entries_.begin() + at(recorded);
    if (found == entries_.end() || found->recorded != recorded) return std::nullopt;
    return *found;
  }
  // For "every number below `recorded`": the first own number that is not; `end` where all are.
  [[nodiscard]] std::uint32_t below(std::uint32_t recorded, std::uint32_t end) const {
    if (recorded < same_below_) return recorded;
    const auto found = entries_.begin() + at(recorded);
    return found == entries_.end() ? end : found->next;
  }

 private:
  [[nodiscard]] std::ptrdiff_t at(std::uint32_t recorded) const {
    const auto is_before = [](const Entry& entry, std::uint32_t number) {
      return entry.recorded < number;
    };
    return std::lower_bound(entries_.begin(), entries_.end(), recorded, is_before) -
           entries_.begin();
  }

  std::uint32_t same_below_ = std::numeric_limits<std::uint32_t>::max();
  std::vector<Entry> entries_;  // by `recorded`
};

}  // namespace portcullis::gateway::tune
