#include "gateway/journal/journal.h"

#include <fcntl.h>
#include <immintrin.h>
#include <pthread.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <system_error>
#include <utility>

#include "feeds/thread_cores.h"

namespace portcullis::gateway::journal {
namespace {

constexpr std::uint64_t kNoPosition = std::numeric_limits<std::uint64_t>::max();
constexpr std::chrono::microseconds kRestAfterFailure{10'000};
// The length word behind the last record is kept 0, so a record needs this much more.
constexpr std::uint64_t kEndMarkBytes = 8;

// The caller broke a rule that the header states. Going on would overwrite records.
[[noreturn]] void broken_rule(const char* what) noexcept {
  std::fprintf(stderr, "journal: %s\n", what);
  std::abort();
}

Options checked(Options options) {
  const auto refuse = [](const std::string& what) { throw JournalError("journal: " + what); };
  if (options.directory.empty()) refuse("directory is not set");
  if (!std::has_single_bit(options.ring_bytes) || options.ring_bytes < kRingBytesMin) {
    refuse("ring_bytes must be a power of two of at least " + std::to_string(kRingBytesMin) +
           ", was " + std::to_string(options.ring_bytes));
  }
  if (options.segment_bytes < kRingBytesMin + sizeof(SegmentHeader) ||
      options.segment_bytes > std::numeric_limits<std::uint32_t>::max()) {
    refuse("segment_bytes must be at least " +
           std::to_string(kRingBytesMin + sizeof(SegmentHeader)) + " and below 4 GiB, was " +
           std::to_string(options.segment_bytes));
  }
  if (options.disk_budget_bytes != 0 && options.disk_budget_bytes / 4 < options.segment_bytes) {
    refuse("disk_budget_bytes must be 0 or at least four times segment_bytes, was " +
           std::to_string(options.disk_budget_bytes));
  }
  if (options.stream_count > 65'536) {
    refuse("stream_count must be at most 65536, was " + std::to_string(options.stream_count));
  }
  if (!std::has_single_bit(options.recent_messages)) {
    refuse("recent_messages must be a power of two, was " +
           std::to_string(options.recent_messages));
  }
  return options;
}

Fd lock_directory(const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) throw_errno("creating the directory", directory, error.value());
  Fd fd = open_file(directory, O_RDONLY | O_DIRECTORY);
  if (!fd) throw_errno("opening the directory", directory, errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) throw_errno("locking", directory, errno);
    throw JournalError("journal: " + directory.string() +
                       " is in use: another journal holds its lock");
  }
  return fd;
}

// The largest record: bounded by the buffers, and by the reserve that Room::None leaves.
std::size_t record_bytes_max_of(const Options& options) {
  return std::min<std::uint64_t>({kRecordBytesMax, options.ring_bytes / 16 - kEndMarkBytes,
                                  options.segment_bytes - sizeof(SegmentHeader)});
}

RecoverySettings recovery_settings(const Options& options) {
  return {.fsync = options.durability == Durability::Fsync,
          .start_sequence = options.start_sequence,
          .stream_next = options.stream_next};
}

FlusherSettings flusher_settings(const Options& options, const RecoveryReport& report) {
  const bool fsync = options.durability == Durability::Fsync;
  return {.sync_full_segments = !fsync && options.sync_interval.count() > 0,
          .sync_batches = fsync,
          .synced_sequence = fsync ? report.last_sequence : 0,
          .on_synced = options.on_synced};
}

void copy_padded(std::byte* to, std::span<const std::byte> bytes) noexcept {
  if (bytes.empty()) return;
  // Zeros first into the last word, then the bytes over them.
  std::memset(to + padded(bytes.size()) - 8, 0, 8);
  std::memcpy(to, bytes.data(), bytes.size());
}

}  // namespace

Journal::Journal(Options options)
    : options_(checked(std::move(options))),
      lock_(lock_directory(options_.directory)),
      segments_(options_.directory, options_.segment_bytes, *options_.file_ops),
      index_(options_.directory, options_.stream_count, *options_.file_ops),
      recovered_(recover(options_.directory, recovery_settings(options_), *options_.file_ops,
                         segments_, index_)),
      ring_(ring_target(false), options_.ring_bytes, recovered_.id,
            recovered_.report.last_sequence),
      record_bytes_max_(record_bytes_max_of(options_)),
      next_sequence_(recovered_.report.last_sequence + 1),
      recent_(std::size_t{options_.stream_count} * options_.recent_messages, kNoPosition),
      published_sequence_(recovered_.report.last_sequence),
      retention_(options_.directory, options_.disk_budget_bytes, *options_.file_ops, segments_,
                 index_),
      flusher_(ring_, segments_, index_, retention_,
               flusher_settings(options_, recovered_.report)) {
  stream_next_.reserve(options_.stream_count);
  for (std::uint32_t stream = 0; stream < options_.stream_count; ++stream) {
    stream_next_.push_back(index_.flushed(static_cast<std::uint16_t>(stream)) + 1);
  }
  switch_ring();
  write_state_or_throw();
  if (!recovered_.old_ring.empty()) ::unlink(recovered_.old_ring.c_str());
  if (options_.manual_flush) return;
  // Signals are for the threads that expect them; a write beyond a file size limit then fails with
  // EFBIG like any other.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] {
    feeds::begin_thread(config::Thread::Journal);
    run_flusher();
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Journal::~Journal() { stop_flusher(); }

// The file of the new ring. There are two names, taken in turn, because the old ring must stay
// until the link points to the new one.
std::filesystem::path Journal::ring_target(bool in_link) const {
  const bool beside = options_.ring_directory.empty();
  const std::string stem = beside ? "ring-" : "portcullis-" + hex(recovered_.id) + "-";
  std::string name = stem + "a.ring";
  if (recovered_.old_ring.filename() == name) name = stem + "b.ring";
  if (beside) return in_link ? std::filesystem::path(name) : options_.directory / name;
  return std::filesystem::absolute(options_.ring_directory) / name;
}

void Journal::switch_ring() {
  const std::filesystem::path link = options_.directory / kRingLink;
  const std::filesystem::path fresh = options_.directory / "ring.new";
  ::unlink(fresh.c_str());
  if (::symlink(ring_target(true).c_str(), fresh.c_str()) != 0 ||
      ::rename(fresh.c_str(), link.c_str()) != 0) {
    throw_errno("linking the ring", link, errno);
  }
}

StateRecord Journal::state_record() const {
  StateRecord state;
  if (recovered_.report.possible_loss) state.flags |= StateRecord::kPossibleLoss;
  if (options_.durability == Durability::Fsync) state.flags |= StateRecord::kFsync;
  state.id = recovered_.id;
  state.boot_id = boot_id();
  state.last_sequence = recovered_.report.last_sequence;
  return state;
}

void Journal::write_state_or_throw() {
  if (!write_state(options_.directory, state_record(), *options_.file_ops)) {
    throw_errno("writing", options_.directory / kStateName, errno);
  }
}

void Journal::acknowledge_loss() {
  recovered_.report.possible_loss = false;
  write_state_or_throw();
}

void Journal::run_flusher() noexcept {
  using Clock = std::chrono::steady_clock;
  if (options_.durability == Durability::Fsync) return run_syncing_flusher();
  Clock::time_point last_sync = Clock::now();
  while (!stop_.load(std::memory_order_acquire)) {
    const Flusher::Result result = flusher_.flush_once();
    if (options_.sync_interval.count() > 0 && Clock::now() - last_sync >= options_.sync_interval) {
      flusher_.sync();
      last_sync = Clock::now();
    }
    if (result == Flusher::Result::More) continue;
    std::this_thread::sleep_for(result == Flusher::Result::Failed
                                    ? std::max(options_.flush_interval, kRestAfterFailure)
                                    : options_.flush_interval);
  }
}

// While there is work it never rests: what was published during a sync is the next batch. Then it
// looks again and again for a moment, because the next record of a busy owner is near.
void Journal::run_syncing_flusher() noexcept {
  constexpr int kLooks = 400;
  constexpr int kYields = 40;
  constexpr std::chrono::microseconds kSleep{50};
  ::prctl(PR_SET_TIMERSLACK, 1UL);  // else a sleep is 50 us longer
  int idle = 0;
  while (!stop_.load(std::memory_order_acquire)) {
    const Flusher::Result result = flusher_.flush_once();
    if (result == Flusher::Result::Failed) {
      std::this_thread::sleep_for(kRestAfterFailure);
    } else if (result != Flusher::Result::Idle) {
      idle = 0;
    } else if (++idle < kLooks) {
      _mm_pause();
    } else if (idle < kLooks + kYields) {
      ::sched_yield();
    } else {
      std::this_thread::sleep_for(kSleep);
    }
  }
}

void Journal::stop_flusher() noexcept {
  if (!thread_.joinable()) return;
  stop_.store(true, std::memory_order_release);
  thread_.join();
}

bool Journal::flush() noexcept {
  if (thread_.joinable()) broken_rule("flush() while the flusher thread runs");
  for (;;) {
    const Flusher::Result result = flusher_.flush_once();
    if (result == Flusher::Result::Idle) return true;
    if (result == Flusher::Result::Failed) return false;
  }
}

bool Journal::sync() noexcept {
  if (thread_.joinable()) broken_rule("sync() while the flusher thread runs");
  return flusher_.sync();
}

bool Journal::close() {
  if (closed_) return true;
  stop_flusher();
  if (!flush() || !sync()) return false;
  StateRecord state = state_record();
  state.flags |= StateRecord::kClean;
  state.last_sequence = next_sequence_ - 1;
  if (!write_state(options_.directory, state, *options_.file_ops)) return false;
  closed_ = true;
  ::unlink(ring_target(false).c_str());
  ::unlink((options_.directory / kRingLink).c_str());
  return true;
}

// Makes sure that the record being built, now built_ bytes long, lies in free space.
void Journal::take_space() noexcept {
  const std::uint64_t end = head_ + built_ + kEndMarkBytes;
  if (end > space_end_) space_end_ = ring_.flushed_position() + ring_.capacity();
  if (end > space_end_ || built_ > record_bytes_max_) {
    broken_rule("a record was appended for which there is no room");
  }
}

void Journal::begin(std::uint16_t type, std::int64_t time_ns,
                    std::span<const std::byte> command) noexcept {
  if (built_ != 0 || closed_) broken_rule("begin() inside a record or after close()");
  built_ = command_part_bytes(command.size());
  take_space();
  outbound_count_ = 0;
  RecordHeader header;
  header.sequence = next_sequence_;
  header.type = type;
  header.command_length = static_cast<std::uint32_t>(command.size());
  header.time_ns = time_ns;
  // All but the length, which stays 0, and the checksum: they come last.
  constexpr std::size_t kFirst = offsetof(RecordHeader, sequence);
  std::byte* record = ring_.at(head_);
  std::memcpy(record + kFirst, &header.sequence, sizeof header - kFirst);
  copy_padded(record + sizeof header, command);
}

std::uint64_t Journal::add_outbound(std::uint16_t stream,
                                    std::span<const std::byte> payload) noexcept {
  if (built_ == 0 || stream >= stream_next_.size() || payload.size() > 65'535 ||
      outbound_count_ == std::numeric_limits<std::uint16_t>::max()) {
    broken_rule("add_outbound() outside a record, for an unknown stream or beyond a limit");
  }
  const std::uint64_t position = head_ + built_;
  built_ += outbound_part_bytes(payload.size());
  take_space();
  ++outbound_count_;
  OutboundHeader header;
  header.stream = stream;
  header.length = static_cast<std::uint16_t>(payload.size());
  header.stream_sequence = stream_next_[stream]++;
  std::byte* outbound = ring_.at(position);
  std::memcpy(outbound, &header, sizeof header);
  copy_padded(outbound + sizeof header, payload);
  const std::uint32_t mask = options_.recent_messages - 1;
  recent_[std::size_t{stream} * options_.recent_messages + (header.stream_sequence & mask)] =
      position;
  return header.stream_sequence;
}

std::uint64_t Journal::publish() noexcept {
  if (built_ == 0) broken_rule("publish() without begin()");
  const auto length = static_cast<std::uint32_t>(built_);
  std::byte* record = ring_.at(head_);
  std::memcpy(record + offsetof(RecordHeader, outbound_count), &outbound_count_,
              sizeof outbound_count_);
  const std::uint32_t crc = record_crc32c({record, length});
  std::memcpy(record + offsetof(RecordHeader, crc32c), &crc, sizeof crc);
  // Whoever sees this record finds an end behind it, and not what lay there a round ago.
  ring_.store_length(head_ + built_, 0);
  ring_.store_length(head_, length);
  head_ += built_;
  built_ = 0;
  // The next record's lines come from memory, a ring ago: asked for now, they are there by then.
  for (std::uint64_t ahead = 64; ahead <= 256; ahead += 64) {
    __builtin_prefetch(ring_.at(head_ + ahead), 1);
  }
  const std::uint64_t sequence = next_sequence_++;
  published_sequence_.store(sequence, std::memory_order_release);
  return sequence;
}

bool Journal::can_append(std::size_t record_bytes) const noexcept {
  return record_bytes <= record_bytes_max_ &&
         occupancy_bytes() + record_bytes + kEndMarkBytes <= ring_.capacity();
}

bool Journal::degraded() const noexcept {
  return occupancy_bytes() > ring_.capacity() / 2 || faults() != 0;
}

Room Journal::room() const noexcept {
  const std::uint64_t used = occupancy_bytes();
  const std::uint64_t capacity = ring_.capacity();
  if (used > capacity - capacity / 16) return Room::None;
  if (used > capacity - capacity / 8) return Room::VenueOnly;
  if (used > capacity / 2 || faults() != 0) return Room::ReducingOnly;
  return Room::All;
}

bool Journal::recent(std::uint16_t stream, std::uint64_t stream_sequence,
                     std::span<const std::byte>& payload) const noexcept {
  const std::uint64_t next = stream_next_[stream];
  if (stream_sequence >= next || next - stream_sequence > options_.recent_messages) return false;
  const std::uint32_t mask = options_.recent_messages - 1;
  const std::uint64_t position =
      recent_[std::size_t{stream} * options_.recent_messages + (stream_sequence & mask)];
  // Published, and not written over since by a later record or its end mark.
  if (position >= head_ || head_ + built_ + kEndMarkBytes > position + ring_.capacity()) {
    return false;
  }
  OutboundHeader header;
  std::memcpy(&header, ring_.at(position), sizeof header);
  payload = {ring_.at(position) + sizeof header, header.length};
  return true;
}

}  // namespace portcullis::gateway::journal
