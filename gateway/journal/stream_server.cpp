#include "gateway/journal/stream_server.h"

#include <sys/resource.h>

#include <exception>
#include <utility>

#include "feeds/thread_cores.h"

namespace portcullis::gateway::journal {

namespace {

constexpr int kNice = 10;  // of its thread: whoever trades goes first

}  // namespace

StreamServer::StreamServer(std::filesystem::path directory, std::uint32_t places,
                           std::function<void()> wake, Mode mode)
    : directory_(std::move(directory)), wake_(std::move(wake)), places_(places) {
  if (mode == Mode::Manual) return;
  thread_ = std::thread([this] { work(); });
}

StreamServer::~StreamServer() {
  stop_.store(true);
  waiting_.release();
  if (thread_.joinable()) thread_.join();
}

// --- the owner

bool StreamServer::ask(std::uint32_t place, std::uint16_t stream, std::uint64_t from,
                       std::uint64_t through) noexcept {
  Place& at = places_[place];
  const State state = at.state.load(std::memory_order_acquire);
  if (state != State::Free && state != State::Ready) return false;
  at.stream = stream;
  at.from = from;
  at.through = through;
  at.state.store(State::Asked, std::memory_order_release);
  waiting_.release();
  return true;
}

void StreamServer::cancel(std::uint32_t place) noexcept {
  std::atomic<State>& state = places_[place].state;
  State is = state.load(std::memory_order_acquire);
  // The reader may make Asked into Ready meanwhile, and nothing else.
  while (is == State::Asked || is == State::Ready) {
    if (!state.compare_exchange_weak(is, State::Cancelled, std::memory_order_acq_rel)) continue;
    waiting_.release();
    return;
  }
}

// --- the reader

void StreamServer::read(Place& place) {
  place.block = {};
  try {
    if (!place.reader || place.reads != place.stream) {
      place.reader = std::make_unique<StreamReader>(directory_, place.stream);
      place.reads = place.stream;
    }
    place.block.status = place.reader->read(place.from, place.through);
    place.block.messages = place.reader->messages();
    if (place.block.status == ReadStatus::Damaged) place.block.error = place.reader->error();
    // A slow client must not keep the space of segments that are removed.
    place.reader->close();
  } catch (const std::exception& error) {
    place.block = {.status = ReadStatus::Damaged, .messages = {}, .error = error.what()};
  }
}

bool StreamServer::step() {
  for (std::size_t looked = 0; looked < places_.size(); ++looked) {
    Place& place = places_[next_];
    next_ = next_ + 1 < places_.size() ? next_ + 1 : 0;
    State is = place.state.load(std::memory_order_acquire);
    if (is == State::Asked) {
      read(place);
      if (place.state.compare_exchange_strong(is, State::Ready, std::memory_order_acq_rel)) {
        blocks_read_.fetch_add(1, std::memory_order_release);
        if (wake_) wake_();
        return true;
      }
    }
    if (is == State::Cancelled) {
      place.reader.reset();
      place.block = {};
      place.state.store(State::Free, std::memory_order_release);
      return true;
    }
  }
  return false;
}

// Each thing that a place wants has released it once.
void StreamServer::work() {
  feeds::begin_thread(config::Thread::Streams);
  ::setpriority(PRIO_PROCESS, 0, kNice);  // of the calling thread alone, on Linux
  while (true) {
    waiting_.acquire();
    if (stop_.load()) return;
    step();
  }
}

}  // namespace portcullis::gateway::journal
