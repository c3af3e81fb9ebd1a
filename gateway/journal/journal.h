// The journal: an append-only log of an owner's commands and of the messages they owe to client
// streams. It knows nothing of either but their bytes. Start reading here; format.h has the bytes.
//
// The owner's thread (the shard) builds a record in the mapped ring and publishes it: no system
// call, no allocation, no lock. From then on the record survives kill -9, so the owner may act on
// it and send its messages. The flusher thread copies published records to segment files and keeps
// an index of every stream; StreamReader serves clients that are behind, Reader reads everything in
// order.
//
// In durability fsync the flusher makes every batch durable at once, and all that was published
// meanwhile is the next batch (group commit). The owner lets its bytes leave once the record that
// causes them is at or below synced_sequence(). What this costs: an fdatasync of the disk before a
// byte leaves, and before that up to some 60 us until a resting flusher looks; it looks all the time
// for 20 us, yields for as long as the kernel lets it, then sleeps 50 us a time, which takes about
// a thirtieth of a core. The owner's thread pays nothing: it never wakes the flusher. After a failed
// fdatasync nothing more becomes durable or is written: Fault kFaultSync stays, room() is
// ReducingOnly and, as the ring fills, VenueOnly and None, and no byte may leave any more. Opening
// it again, on a disk that works, takes everything that was published from the ring.
//
// Opening after a kill reads the segments, then what only the ring has, and goes on without a gap.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <thread>
#include <vector>

#include "gateway/journal/files.h"
#include "gateway/journal/flusher.h"
#include "gateway/journal/format.h"
#include "gateway/journal/recovery.h"
#include "gateway/journal/retention.h"
#include "gateway/journal/ring.h"
#include "gateway/journal/segments.h"
#include "gateway/journal/stream_index.h"

namespace portcullis::gateway::journal {

enum class Durability : std::uint8_t {
  Process,  // a published record survives kill -9 of the process
  Fsync,  // a record at or below synced_sequence() survives the machine, and the owner waits for it
};

struct Options {
  // One journal each; created if missing. Best on a disk that keeps what it was told.
  std::filesystem::path directory;
  // Where the ring file lies: a tmpfs (/dev/shm), whose pages are never written back while the
  // shard stores into them. Empty: the directory itself.
  std::filesystem::path ring_directory;
  // A power of two, at least 65,536. What a stalled disk may hold up: at 100 MB/s the default is
  // half full, which refuses increases, after a third of a second.
  std::uint64_t ring_bytes = 67'108'864;
  // Size of a segment file; at least 65,536 and a record, below 4 GiB. Two are preallocated.
  std::uint64_t segment_bytes = 134'217'728;
  // Client streams are 0 .. stream_count - 1, at most 65,536. May grow from one opening to the
  // next.
  std::uint32_t stream_count = 0;
  // Of all segments, the current one and the preallocated one included: while they are more, whole
  // segments that hold only records below may_remove_below() are removed, oldest first. At least
  // four segments; 0: no limit, nothing is removed.
  std::uint64_t disk_budget_bytes = 0;
  // How many of its newest messages each stream can serve from the ring, see Journal::recent. A
  // power of two; eight bytes each.
  std::uint32_t recent_messages = 1'024;
  Durability durability = Durability::Process;
  // The owner has a snapshot of its state behind this record, 0: none, and by stream the numbers of
  // the next messages then (of streams beyond the end: 1). What lies before it need not be read.
  std::uint64_t start_sequence = 0;
  std::vector<std::uint64_t> stream_next{};
  // Called whenever synced_sequence() has moved, on the flusher's thread (in manual mode: the
  // owner's). May not call the journal's cold functions.
  std::function<void()> on_synced{};
  // Process: how long the flusher rests between two looks at the ring.
  std::chrono::microseconds flush_interval{500};
  // Process: how often it calls fdatasync; 0 = never but in close().
  std::chrono::milliseconds sync_interval{1'000};
  // No flusher thread: the owner calls flush(), so that a simulation is deterministic.
  bool manual_flush = false;
  // For tests that make the disk fail.
  const FileOps* file_ops = &kSystemFileOps;
};

// What may be appended, by how full the ring is and whether the disk works.
enum class Room : std::uint8_t {
  All,
  ReducingOnly,  // more than half full, or a fault: cancels, exits and venue events (degraded)
  VenueOnly,     // 7/8 full: client sockets are not read any more
  None,          // 15/16 full: nor is the venue's; the rest is for the owner's own few records
};

// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): the padding keeps threads apart
class Journal {
 public:
  // Creates the journal or recovers it. Throws JournalError: options, locked by another process,
  // damage, no space.
  explicit Journal(Options options);
  // Without close() this is what kill -9 leaves: what is published stays in the ring for the next
  // opening to find.
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // --- Appending: the owner's thread only. begin, any number of add_outbound, publish.

  // Begins the next record. REQUIRES: can_append of its whole size (command_part_bytes and an
  // outbound_part_bytes for each outbound), or room() != None; the process stops where that is
  // broken, rather than overwrite a record.
  void begin(std::uint16_t type, std::int64_t time_ns, std::span<const std::byte> command) noexcept;
  // Adds a message owed to a stream, at most 65,535 bytes; returns its number in the stream.
  // REQUIRES: stream < stream_count.
  std::uint64_t add_outbound(std::uint16_t stream, std::span<const std::byte> payload) noexcept;
  // Finishes the record; returns its sequence. From here on it survives the process.
  std::uint64_t publish() noexcept;

  // A record of this size fits now.
  [[nodiscard]] bool can_append(std::size_t record_bytes) const noexcept;
  // While it is not None, a record of up to record_bytes_max() fits. Ask before each message.
  [[nodiscard]] Room room() const noexcept;
  std::size_t record_bytes_max() const noexcept { return record_bytes_max_; }
  // More than half full, or a fault.
  bool degraded() const noexcept;
  // The number the next message of the stream will have.
  std::uint64_t stream_next(std::uint16_t stream) const noexcept { return stream_next_[stream]; }
  // A published message that is still in the ring, flushed or not, without copying it: the payload
  // is valid until the next begin(). False when it is too old: then it is, or soon will be, in the
  // segments (StreamReader).
  [[nodiscard]] bool recent(std::uint16_t stream, std::uint64_t stream_sequence,
                            std::span<const std::byte>& payload) const noexcept;

  // --- Watching: any thread.

  std::uint64_t published_sequence() const noexcept {
    return published_sequence_.load(std::memory_order_acquire);
  }
  // All records up to here are in the segments and their messages in the stream indexes.
  std::uint64_t flushed_sequence() const noexcept { return ring_.flushed_sequence(); }
  // All records up to here survive the machine. In durability fsync it is flushed_sequence().
  std::uint64_t synced_sequence() const noexcept { return flusher_.synced_sequence(); }
  // StreamReader may read the stream up to here.
  std::uint64_t stream_flushed(std::uint16_t stream) const noexcept {
    return index_.flushed(stream);
  }
  // The first message of the stream that can still be read (retention removes the oldest).
  std::uint64_t stream_first(std::uint16_t stream) const noexcept { return index_.first(stream); }
  std::uint32_t stream_count() const noexcept { return index_.stream_count(); }
  Durability durability() const noexcept { return options_.durability; }
  // Bits of Fault, and errno of the last failure.
  std::uint32_t faults() const noexcept { return flusher_.faults(); }
  int last_error() const noexcept { return flusher_.last_error(); }
  std::uint64_t capacity_bytes() const noexcept { return ring_.capacity(); }

  // Records below this are not needed any more by whoever would begin anew from a snapshot. It
  // never goes back.
  void may_remove_below(std::uint64_t sequence) noexcept { retention_.may_remove_below(sequence); }

  // --- Cold: the owner's thread.

  // Bytes in the ring that are not flushed.
  std::uint64_t occupancy_bytes() const noexcept { return head_ - ring_.flushed_position(); }
  const RecoveryReport& recovery() const noexcept { return recovered_.report; }
  const JournalId& id() const noexcept { return recovered_.id; }
  // The owner has dealt with recovery().possible_loss and it need not be reported again. Throws
  // JournalError.
  void acknowledge_loss();
  // Manual mode: writes all that is published to the segments; false when the disk would not.
  // REQUIRES: manual_flush.
  bool flush() noexcept;
  bool sync() noexcept;
  // Flushes and syncs everything, stops the flusher and marks the journal as closed in good order;
  // the ring file is removed. False when the disk would not: then everything is as after a kill. No
  // append may follow.
  bool close();

 private:
  void run_flusher() noexcept;
  void run_syncing_flusher() noexcept;
  void stop_flusher() noexcept;
  StateRecord state_record() const;
  void write_state_or_throw();
  std::filesystem::path ring_target(bool in_link) const;
  void switch_ring();
  void take_space() noexcept;

  Options options_;
  Fd lock_;
  SegmentWriter segments_;
  StreamIndex index_;
  Recovered recovered_;
  std::string ring_name_;
  Ring ring_;

  // The owner's.
  std::size_t record_bytes_max_;
  std::uint64_t head_ = 0;       // position of the next record
  std::uint64_t built_ = 0;      // bytes of the record being built; 0 = none is
  std::uint64_t space_end_ = 0;  // position up to which the ring was free when last looked
  std::uint64_t next_sequence_ = 1;
  std::uint16_t outbound_count_ = 0;
  bool closed_ = false;
  std::vector<std::uint64_t> stream_next_;
  std::vector<std::uint64_t> recent_;  // positions of outbounds: recent_messages for each stream

  // Written for each record and read by others: a cache line away from what the flusher writes.
  alignas(64) std::atomic<std::uint64_t> published_sequence_{0};

  // The flusher's.
  alignas(64) Retention retention_;
  Flusher flusher_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace portcullis::gateway::journal
