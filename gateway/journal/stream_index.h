// Where each message of each client stream lies: one index file a stream, written by the flusher
// and made anew by recovery, and the reader that serves a client which is behind.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "gateway/journal/files.h"
#include "gateway/journal/format.h"

namespace portcullis::gateway::journal {

// The writing side. One thread at a time (recovery, then the flusher), but first() and flushed()
// from any.
class StreamIndex {
 public:
  StreamIndex(std::filesystem::path directory, std::uint32_t stream_count, const FileOps& ops);

  // Removes all index files. Recovery then adds every message again: the segments are the truth,
  // and an index that is missing, too short or too long needs no case of its own.
  void clear();
  // Keeps what the files say of the messages before stream_next[stream], all of which the records
  // up to start_sequence hold, and forgets the rest. False: some file is missing, too short, or
  // ends with something else; clear() must follow. Throws JournalError: there are messages of a
  // stream at or beyond stream_count, or a file cannot be cut.
  [[nodiscard]] bool keep(std::uint64_t start_sequence, std::span<const std::uint64_t> stream_next);
  // The next message added is this one; those before it are gone. REQUIRES: none was added.
  void begin_at(std::uint16_t stream, std::uint64_t stream_sequence) noexcept;

  std::uint32_t stream_count() const noexcept {
    return static_cast<std::uint32_t>(streams_.size());
  }
  // The first message that has not been removed; flushed() + 1 when all have been.
  std::uint64_t first(std::uint16_t stream) const noexcept {
    return streams_[stream].first.load(std::memory_order_acquire);
  }
  // The segments before this one are gone, or are going to be: moves first() behind their messages
  // and gives the space of their entries back to the disk. False and errno when an index cannot be
  // read; then its first() is where it was. REQUIRES: nothing is pending.
  bool begin_with_segment(std::uint32_t number) noexcept;
  // The last stream sequence whose entry is in the file.
  std::uint64_t flushed(std::uint16_t stream) const noexcept {
    return streams_[stream].flushed.load(std::memory_order_acquire);
  }
  // The last one added, pending ones included.
  std::uint64_t last(std::uint16_t stream) const noexcept {
    return flushed(stream) + streams_[stream].pending.size();
  }

  // Remembers an entry for the message last(stream) + 1.
  void add(std::uint16_t stream, const IndexEntry& entry);
  // Writes the remembered entries and moves flushed(). False and errno on failure, when
  // drop_pending and the same again is safe.
  [[nodiscard]] bool write_pending() noexcept;
  void drop_pending() noexcept;
  std::size_t pending_count() const noexcept { return pending_count_; }

 private:
  struct Stream {
    Fd fd;
    std::vector<IndexEntry> pending;
    std::atomic<std::uint64_t> flushed{0};
    std::atomic<std::uint64_t> first{1};
  };

  bool open(std::uint16_t number) noexcept;
  bool ends_with(std::uint16_t number, std::uint64_t last, std::uint64_t start_sequence) noexcept;

  std::filesystem::path directory_;
  const FileOps& ops_;
  std::vector<Stream> streams_;
  std::vector<std::uint16_t> touched_;  // streams with pending entries
  std::size_t pending_count_ = 0;
};

struct StreamMessage {
  std::uint64_t stream_sequence = 0;
  std::span<const std::byte> payload;
};

enum class ReadStatus : std::uint8_t {
  Record,
  End,
  Damaged,
  Removed,  // StreamReader: its segment has been removed (retention)
};

// Reads the messages of one stream with pread, for a client that is behind. Each object belongs to
// one thread; any number of them may read while the journal is written.
class StreamReader {
 public:
  static constexpr std::size_t kChunkBytes = 131'072;
  static constexpr std::size_t kChunkMessages = 256;

  StreamReader(std::filesystem::path directory, std::uint16_t stream);

  // Reads the messages from, from + 1, ... up to `through`, which is at most what
  // Journal::stream_flushed says, as many as fit one chunk (at least one). They lie in this
  // object's buffer until the next call. Record: messages() is not empty. End: from > through.
  // Damaged: error() names file, offset and what. Removed: `from` is below Journal::stream_first.
  [[nodiscard]] ReadStatus read(std::uint64_t from, std::uint64_t through);
  std::span<const StreamMessage> messages() const noexcept { return messages_; }
  const std::string& error() const noexcept { return error_; }
  // Closes its files, which would else keep the space of a removed segment; the messages stay.
  void close() noexcept;

 private:
  ReadStatus damaged(const std::filesystem::path& path, std::uint64_t offset,
                     const std::string& what);
  bool read_message(const IndexEntry& entry, std::uint64_t stream_sequence, std::size_t& used);
  bool open_segment(std::uint32_t number);

  std::filesystem::path directory_;
  std::uint16_t stream_;
  Fd index_;
  Fd segment_;
  std::uint32_t segment_number_ = 0;
  std::vector<std::byte> buffer_;
  std::vector<IndexEntry> entries_;
  std::vector<StreamMessage> messages_;
  bool removed_ = false;
  std::string error_;
};

}  // namespace portcullis::gateway::journal
