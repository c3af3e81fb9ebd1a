#include "gateway/journal/stream_index.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace portcullis::gateway::journal {

StreamIndex::StreamIndex(std::filesystem::path directory, std::uint32_t stream_count,
                         const FileOps& ops)
    : directory_(std::move(directory)), ops_(ops), streams_(stream_count) {}

void StreamIndex::clear() {
  std::vector<std::filesystem::path> old;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory_, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with("stream-") && name.ends_with(".index")) old.push_back(entry->path());
  }
  for (const auto& path : old) {
    if (!error) std::filesystem::remove(path, error);
  }
  if (error) throw_errno("clearing the stream indexes in", directory_, error.value());
}

void StreamIndex::add(std::uint16_t stream, const IndexEntry& entry) {
  if (streams_[stream].pending.empty()) touched_.push_back(stream);
  streams_[stream].pending.push_back(entry);
  ++pending_count_;
}

bool StreamIndex::write_pending() noexcept {
  for (const std::uint16_t number : touched_) {
    Stream& stream = streams_[number];
    if (!stream.fd) stream.fd = open_file(directory_ / index_name(number), O_WRONLY | O_CREAT);
    const std::uint64_t before = stream.flushed.load(std::memory_order_relaxed);
    if (!stream.fd || !write_at(ops_, stream.fd.get(), std::as_bytes(std::span(stream.pending)),
                                before * sizeof(IndexEntry))) {
      return false;
    }
  }
  // Only now: a failure above must leave every stream where it was.
  for (const std::uint16_t number : touched_) {
    Stream& stream = streams_[number];
    stream.flushed.store(stream.flushed.load(std::memory_order_relaxed) + stream.pending.size(),
                         std::memory_order_release);
  }
  drop_pending();
  return true;
}

void StreamIndex::drop_pending() noexcept {
  for (const std::uint16_t number : touched_) streams_[number].pending.clear();
  touched_.clear();
  pending_count_ = 0;
}

StreamReader::StreamReader(std::filesystem::path directory, std::uint16_t stream)
    : directory_(std::move(directory)), stream_(stream), buffer_(kChunkBytes) {
  entries_.reserve(kChunkMessages);
  messages_.reserve(kChunkMessages);
}

ReadStatus StreamReader::damaged(const std::filesystem::path& path, std::uint64_t offset,
                                 const std::string& what) {
  error_ = path.string() + " offset " + std::to_string(offset) + ": " + what;
  return ReadStatus::Damaged;
}

ReadStatus StreamReader::read(std::uint64_t from, std::uint64_t through) {
  messages_.clear();
  if (from > through) return ReadStatus::End;
  const auto path = [&] { return directory_ / index_name(stream_); };
  if (from == 0) return damaged(path(), 0, "stream sequences begin at 1");
  const std::uint64_t offset = (from - 1) * sizeof(IndexEntry);
  if (!index_) index_ = open_file(path(), O_RDONLY);
  if (!index_) return damaged(path(), 0, error_text(errno));
  entries_.resize(std::min<std::uint64_t>(through - from + 1, kChunkMessages));
  const ssize_t got = read_at(index_.get(), std::as_writable_bytes(std::span(entries_)), offset);
  if (got < 0) return damaged(path(), offset, error_text(errno));
  entries_.resize(static_cast<std::size_t>(got) / sizeof(IndexEntry));
  if (entries_.empty()) return damaged(path(), offset, "the index ends before this message");
  std::size_t used = 0;
  for (const IndexEntry& entry : entries_) {
    if (!read_message(entry, from + messages_.size(), used)) break;
  }
  if (messages_.empty()) return ReadStatus::Damaged;
  return ReadStatus::Record;
}

// Adds one message to the chunk. False: the chunk is full, or error_ says what is wrong.
bool StreamReader::read_message(const IndexEntry& entry, std::uint64_t stream_sequence,
                                std::size_t& used) {
  const auto path = [&] { return directory_ / segment_name(entry.segment); };
  if (segment_number_ != entry.segment || !segment_) {
    segment_ = open_file(path(), O_RDONLY);
    segment_number_ = entry.segment;
    if (!segment_) {
      damaged(path(), 0, error_text(errno));
      return false;
    }
  }
  // One read takes most messages whole; a longer one is read again now that its length is known.
  constexpr std::size_t kGuess = 512;
  std::span<std::byte> room = std::span(buffer_).subspan(used);
  if (room.size() < sizeof(OutboundHeader)) return false;
  OutboundHeader header;
  std::span<std::byte> bytes = room.first(std::min(room.size(), kGuess));
  ssize_t got = read_at(segment_.get(), bytes, entry.offset);
  if (got >= static_cast<ssize_t>(sizeof header)) {
    std::memcpy(&header, bytes.data(), sizeof header);
    const std::size_t whole = sizeof header + header.length;
    if (whole > room.size()) return false;  // never for the first: a chunk holds any message
    if (whole > bytes.size()) {
      bytes = room.first(whole);
      got = read_at(segment_.get(), bytes, entry.offset);
    }
  }
  if (got < static_cast<ssize_t>(sizeof header + header.length)) {
    damaged(path(), entry.offset, "the segment ends before the message the index points to");
    return false;
  }
  if (header.stream != stream_ || header.stream_sequence != stream_sequence) {
    damaged(path(), entry.offset, "the index points to something else");
    return false;
  }
  messages_.push_back({stream_sequence, bytes.subspan(sizeof header, header.length)});
  used += padded(sizeof header + header.length);
  return true;
}

}  // namespace portcullis::gateway::journal
