// Old messages of client streams, read from the journal's files for an owner that must not wait for
// them: it asks for what comes next in a stream and finds a block of messages there some time later.
// A thread of its own reads, or in manual mode step() does, for tests on one thread.
//
// Each client that may be behind has a place, and a place has one block: a client that is slow holds
// up that much memory and nobody else.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <semaphore>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "gateway/journal/stream_index.h"

namespace portcullis::gateway::journal {

struct StreamBlock {
  ReadStatus status = ReadStatus::End;      // Record, Damaged or Removed
  std::span<const StreamMessage> messages;  // where it is Record: the first one asked for and on
  std::string error;                        // where it is Damaged
};

class StreamServer {
 public:
  enum class Mode : std::uint8_t { Thread, Manual };
  // `wake` is called by the reading thread when there is a block.
  StreamServer(std::filesystem::path directory, std::uint32_t places, std::function<void()> wake,
               Mode mode = Mode::Thread);
  // Waits for the block that is being read.
  ~StreamServer();
  StreamServer(const StreamServer&) = delete;
  StreamServer& operator=(const StreamServer&) = delete;

  // --- The owner: one thread. Nothing here allocates or waits.

  // Wants the messages from `from` to at most `through`, as many as a block holds; the block that the
  // place has is given back. False: it still works on what was asked before, so later again.
  // REQUIRES: 1 <= from <= through <= Journal::stream_flushed(stream), and nothing is on its way.
  [[nodiscard]] bool ask(std::uint32_t place, std::uint16_t stream, std::uint64_t from,
                         std::uint64_t through) noexcept;
  // What was asked for; null: it is not there yet, or nothing was. Valid until the next ask or cancel.
  [[nodiscard]] const StreamBlock* block(std::uint32_t place) const noexcept {
    const Place& at = places_[place];
    return at.state.load(std::memory_order_acquire) == State::Ready ? &at.block : nullptr;
  }
  // Nothing more is wanted: the place's memory and files are given back.
  void cancel(std::uint32_t place) noexcept;
  // Counts the blocks that were read: another number than before, and there is one more.
  [[nodiscard]] std::uint64_t blocks_read() const noexcept {
    return blocks_read_.load(std::memory_order_acquire);
  }

  // Manual mode: does what the next place wants. False: none wants anything.
  bool step();

 private:
  enum class State : std::uint8_t {
    Free,
    Asked,     // the reader's turn
    Ready,     // the owner's
    Cancelled  // the reader's: it gives back what the place has
  };
  // A cache line each: the two threads work on different ones.
  struct alignas(64) Place {
    std::atomic<State> state{State::Free};
    std::uint16_t stream = 0;  // as asked
    std::uint64_t from = 0;
    std::uint64_t through = 0;
    std::unique_ptr<StreamReader> reader;  // the reading thread's
    std::uint16_t reads = 0;               // the stream it is of
    StreamBlock block;
  };

  void work();
  void read(Place& place);

  const std::filesystem::path directory_;
  const std::function<void()> wake_;
  std::vector<Place> places_;
  std::size_t next_ = 0;  // the place to look at first: each in turn
  std::atomic<std::uint64_t> blocks_read_{0};
  std::counting_semaphore<> waiting_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace portcullis::gateway::journal
