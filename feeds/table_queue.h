// The way of risk tables from the thread that builds them to the shard, and back: the shard neither
// waits nor frees memory. There is one place for each group, because a group has one table in
// flight at most (table_service.h).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "feeds/table_log.h"

namespace portcullis::feeds {

// What became of a table.
struct TableAnswer {
  risk::GroupIndex group{};
  std::uint64_t version = 0;
  bool in_force = false;
};

class TableQueue {
 public:
  // `wake` is called on the publisher's thread after each table; it must not block. Allocates here
  // and never again.
  TableQueue(std::size_t group_count, std::function<void()> wake);

  // --- the publisher's thread

  // REQUIRES: the group exists and has no table here that has not been answered for.
  void publish(PublishedTable table);
  // Of one table, in no order; none: there is no answer yet. The table that is no longer in force is
  // freed.
  std::optional<TableAnswer> answer();

  // --- the shard's

  // A table that waits, until answer_next(); null: there is none.
  [[nodiscard]] PublishedTable* next() noexcept;
  // Its group can have the next one. What is left in it then is freed by the publisher.
  void answer_next(bool in_force) noexcept;

 private:
  enum class State : std::uint8_t { Empty, Published, Answered };
  struct Place {
    std::atomic<State> state{State::Empty};
    PublishedTable table{};
    std::uint64_t version = 0;
    bool in_force = false;
  };

  const std::size_t group_count_;
  const std::unique_ptr<Place[]> places_;  // by group
  const std::function<void()> wake_;
  std::size_t answer_turn_ = 0;  // the publisher's: whose answer it looks for first
  alignas(64) std::atomic<std::uint32_t> published_{0};  // places in that state
  std::size_t next_ = 0;                                 // the shard's
};

}  // namespace portcullis::feeds
