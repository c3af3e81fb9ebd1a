#include "gateway/journal/stream_index.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace portcullis::gateway::journal {

StreamIndex::StreamIndex(std::filesystem::path directory, std::uint32_t stream_count,
                         const FileOps& ops)
    : directory_(std::move(directory)), ops_(ops), streams_(stream_count) {}

bool StreamIndex::open(std::uint16_t number) noexcept {
  Stream& stream = streams_[number];
  if (!stream.fd) stream.fd = open_file(directory_ / index_name(number), O_RDWR | O_CREAT, ops_);
  return static_cast<bool>(stream.fd);
}

void StreamIndex::clear() {
  for (Stream& stream : streams_) {
    stream.fd = Fd();
    stream.flushed = 0;
    stream.first = 1;
  }
  drop_pending();
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

// The file reaches to the entry of message `last`, whose record is not behind start_sequence, and
// goes on with none or one that is.
bool StreamIndex::ends_with(std::uint16_t number, std::uint64_t last,
                            std::uint64_t start_sequence) noexcept {
  if (!open(number)) return false;
  IndexEntry entry;
  const auto read = [&](std::uint64_t message) {
    return read_at(streams_[number].fd.get(), writable_bytes_of(entry),
                   (message - 1) * sizeof entry) == static_cast<ssize_t>(sizeof entry);
  };
  // One of a removed message reads as zeros.
  if (last > 0 && (!read(last) || entry.sequence > start_sequence)) return false;
  return !read(last + 1) || entry.sequence > start_sequence;
}

bool StreamIndex::keep(std::uint64_t start_sequence, std::span<const std::uint64_t> stream_next) {
  for (std::size_t s = stream_count(); s < stream_next.size(); ++s) {
    if (stream_next[s] == 1) continue;
    throw SnapshotMismatch("journal: the snapshot of record " + std::to_string(start_sequence) +
                           " has messages of stream " + std::to_string(s) + ", but there are " +
                           std::to_string(stream_count()) + " streams");
  }
  for (std::uint32_t s = 0; s < stream_count(); ++s) {
    const auto number = static_cast<std::uint16_t>(s);
    const std::uint64_t last = s < stream_next.size() ? stream_next[s] - 1 : 0;
    if (!ends_with(number, last, start_sequence)) return false;
  }
  for (std::uint32_t s = 0; s < stream_count(); ++s) {
    const auto number = static_cast<std::uint16_t>(s);
    const std::uint64_t last = s < stream_next.size() ? stream_next[s] - 1 : 0;
    streams_[s].flushed = last;
    const std::filesystem::path path = directory_ / index_name(number);
    if (!std::filesystem::exists(path)) continue;
    if (!open(number) ||
        ::ftruncate(streams_[s].fd.get(), static_cast<off_t>(last * sizeof(IndexEntry))) != 0) {
      throw_errno("cutting", path, errno);
    }
  }
  return true;
}

void StreamIndex::begin_at(std::uint16_t stream, std::uint64_t stream_sequence) noexcept {
  streams_[stream].flushed.store(stream_sequence - 1, std::memory_order_release);
}

bool StreamIndex::begin_with_segment(std::uint32_t number) noexcept {
  bool good = true;
  for (std::uint32_t s = 0; s < stream_count(); ++s) {
    Stream& stream = streams_[s];
    const std::uint64_t last = stream.flushed.load(std::memory_order_relaxed);
    const std::uint64_t before = stream.first.load(std::memory_order_relaxed);
    if (before > last) continue;
    // Entries are in the order of their segments, and those of removed messages are zeros.
    std::uint64_t low = before;
    std::uint64_t high = last + 1;
    bool readable = open(static_cast<std::uint16_t>(s));
    while (readable && low < high) {
      const std::uint64_t middle = low + (high - low) / 2;
      IndexEntry entry;
      readable = read_at(stream.fd.get(), writable_bytes_of(entry), (middle - 1) * sizeof entry) ==
                 static_cast<ssize_t>(sizeof entry);
      if (entry.segment >= number) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    good &= readable;
    if (!readable || low == before) continue;
    stream.first.store(low, std::memory_order_release);
    // From the beginning, so that a block goes when its last entry does. Where the file system has no
    // holes the zeros are missing, and nothing else.
    (void)::fallocate(stream.fd.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
                      static_cast<off_t>((low - 1) * sizeof(IndexEntry)));
  }
  return good;
}

void StreamIndex::add(std::uint16_t stream, const IndexEntry& entry) {
  if (streams_[stream].pending.empty()) touched_.push_back(stream);
  streams_[stream].pending.push_back(entry);
  ++pending_count_;
}

bool StreamIndex::write_pending() noexcept {
  for (const std::uint16_t number : touched_) {
    Stream& stream = streams_[number];
    const std::uint64_t before = stream.flushed.load(std::memory_order_relaxed);
    if (!open(number) || !write_at(ops_, stream.fd.get(), std::as_bytes(std::span(stream.pending)),
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
  removed_ = false;
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
  if (messages_.empty()) return removed_ ? ReadStatus::Removed : ReadStatus::Damaged;
  return ReadStatus::Record;
}

void StreamReader::close() noexcept {
  index_ = Fd();
  segment_ = Fd();
}

bool StreamReader::open_segment(std::uint32_t number) {
  const std::filesystem::path path = directory_ / segment_name(number);
  segment_ = open_file(path, O_RDONLY);
  segment_number_ = number;
  if (segment_) return true;
  const int error = errno;
  if (error == ENOENT) {
    const std::vector<std::uint32_t> numbers = list_segments(directory_);
    removed_ = !numbers.empty() && number < numbers.front();
  }
  damaged(path, 0, error_text(error));
  return false;
}

// Adds one message to the chunk. False: the chunk is full, or error_ says what is wrong.
bool StreamReader::read_message(const IndexEntry& entry, std::uint64_t stream_sequence,
                                std::size_t& used) {
  const auto path = [&] { return directory_ / segment_name(entry.segment); };
  if ((segment_number_ != entry.segment || !segment_) && !open_segment(entry.segment)) return false;
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
