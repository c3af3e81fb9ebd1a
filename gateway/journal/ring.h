// The mapped ring file: where the shard publishes records and the flusher finds them. The file
// survives kill -9, so a record is safe from the moment it is published.
//
// The data are mapped twice, one copy behind the other, so that a record that wraps round the end
// of the file is still one run of bytes in memory.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "gateway/journal/files.h"
#include "gateway/journal/format.h"

namespace portcullis::gateway::journal {

inline constexpr std::uint64_t kRingBytesMin = 65'536;

class Ring {
 public:
  // Creates (or replaces) the file, allocates its blocks, maps it and touches every page through
  // both mappings, so that no later store can fault or find the disk full. Throws JournalError.
  // REQUIRES: ring_bytes is a power of two of at least kRingBytesMin.
  Ring(const std::filesystem::path& path, std::uint64_t ring_bytes, const JournalId& id,
       std::uint64_t flushed_sequence);
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  std::uint64_t capacity() const noexcept { return mask_ + 1; }
  // Up to capacity() bytes from here are one run.
  std::byte* at(std::uint64_t position) const noexcept { return data_ + (position & mask_); }

  // The length word of the record at a position; 0 = nothing published there.
  std::uint32_t load_length(std::uint64_t position) const noexcept {
    return std::atomic_ref(*length_word(position)).load(std::memory_order_acquire);
  }
  void store_length(std::uint64_t position, std::uint32_t length) noexcept {
    std::atomic_ref(*length_word(position)).store(length, std::memory_order_release);
  }

  // What the flusher has taken over: the producer may use the space below the position again.
  std::uint64_t flushed_position() const noexcept {
    return std::atomic_ref(header_->flushed_position).load(std::memory_order_acquire);
  }
  std::uint64_t flushed_sequence() const noexcept {
    return std::atomic_ref(header_->flushed_sequence).load(std::memory_order_acquire);
  }
  void set_flushed(std::uint64_t position, std::uint64_t sequence) noexcept {
    std::atomic_ref(header_->flushed_position).store(position, std::memory_order_release);
    std::atomic_ref(header_->flushed_sequence).store(sequence, std::memory_order_release);
  }

 private:
  std::uint32_t* length_word(std::uint64_t position) const noexcept {
    return reinterpret_cast<std::uint32_t*>(at(position));
  }

  std::byte* base_ = nullptr;
  RingHeader* header_ = nullptr;
  std::byte* data_ = nullptr;
  std::uint64_t mask_ = 0;
};

// Reads a ring file without mapping it, also while another process writes it. For recovery and
// Reader.
class RingReader {
 public:
  enum class Status : std::uint8_t {
    Record,
    Empty,     // nothing published at this position
    Recycled,  // the record has been flushed and its space given back: it is in the segments
    Damaged,   // published, but not a good record
  };

  // False when there is no ring behind the directory's link, or it is not of this journal. What is
  // wrong is in error(), empty when there is simply none.
  bool open(const std::filesystem::path& directory, const JournalId& id);
  // The link points to another file than the one that is open: the journal was opened again.
  bool replaced() const;

  std::uint64_t flushed_position() const noexcept;
  std::uint64_t flushed_sequence() const noexcept;
  // The record at a position. It lies in this reader's buffer until the next call.
  Status read(std::uint64_t position, RecordView& record);

  const std::string& error() const noexcept { return error_; }
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  bool read_data(std::uint64_t position, std::span<std::byte> bytes) const noexcept;
  Status recycled_or(std::uint64_t position, Status status) const noexcept;
  bool next_in_chunk(std::uint64_t position, RecordView& record) noexcept;
  bool read_chunk(std::uint64_t position) noexcept;
  Status read_alone(std::uint64_t position, RecordView& record);

  Fd fd_;
  std::filesystem::path link_;
  std::filesystem::path path_;
  std::uint64_t ring_bytes_ = 0;
  std::vector<std::byte> buffer_;
  // Read ahead: bytes of the ring from chunk_position_ on, of which none was given back by then.
  std::vector<std::byte> chunk_;
  std::uint64_t chunk_position_ = 0;
  std::size_t chunk_bytes_ = 0;
  std::size_t chunk_wanted_ = 0;
  std::uint64_t chunk_sequence_ = 0;  // of the last record taken from it
  std::string error_;
};

}  // namespace portcullis::gateway::journal
