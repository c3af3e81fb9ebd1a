#include "gateway/journal/ring.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <new>
#include <system_error>

namespace portcullis::gateway::journal {

namespace {

constexpr std::size_t kChunkBytesMin = 4'096;
constexpr std::size_t kChunkBytesMax = 65'536;

}  // namespace

Ring::Ring(const std::filesystem::path& path, std::uint64_t ring_bytes, const JournalId& id,
           std::uint64_t flushed_sequence)
    : mask_(ring_bytes - 1) {
  ::unlink(path.c_str());
  const Fd fd = open_file(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW);
  if (!fd) throw_errno("creating the ring", path, errno);
  const std::size_t first_bytes = kRingHeaderBytes + ring_bytes;
  if (const int error = ::posix_fallocate(fd.get(), 0, static_cast<off_t>(first_bytes));
      error != 0) {
    ::unlink(path.c_str());
    throw_errno("allocating the ring", path, error);
  }
  // Address space for both mappings first, then the mappings over it.
  const std::size_t whole_bytes = first_bytes + ring_bytes;
  void* space =
      ::mmap(nullptr, whole_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (space == MAP_FAILED) throw_errno("mapping the ring", path, errno);
  base_ = static_cast<std::byte*>(space);
  data_ = base_ + kRingHeaderBytes;
  constexpr int kProtection = PROT_READ | PROT_WRITE;
  if (::mmap(base_, first_bytes, kProtection, MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd.get(), 0) ==
          MAP_FAILED ||
      ::mmap(data_ + ring_bytes, ring_bytes, kProtection, MAP_SHARED | MAP_FIXED | MAP_POPULATE,
             fd.get(), kRingHeaderBytes) == MAP_FAILED) {
    const int error = errno;
    ::munmap(base_, whole_bytes);
    throw_errno("mapping the ring", path, error);
  }
  // MAP_POPULATE maps a shared file for reading only; a store maps it for writing.
  std::memset(data_, 0, ring_bytes);
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  for (std::size_t at = 0; at < ring_bytes; at += page) {
    *static_cast<volatile std::byte*>(data_ + ring_bytes + at) = std::byte{0};
  }
  header_ = new (base_) RingHeader;
  header_->ring_bytes = ring_bytes;
  header_->id = id;
  header_->flushed_sequence = flushed_sequence;
}

Ring::~Ring() {
  if (base_ != nullptr) ::munmap(base_, kRingHeaderBytes + 2 * capacity());
}

bool RingReader::open(const std::filesystem::path& directory, const JournalId& id) {
  error_.clear();
  link_ = directory / kRingLink;
  std::error_code failure;
  const std::filesystem::path target = std::filesystem::read_symlink(link_, failure);
  if (failure) return false;
  path_ = target.is_absolute() ? target : directory / target;
  fd_ = open_file(path_, O_RDONLY);
  if (!fd_) return false;
  RingHeader header;
  if (read_at(fd_.get(), writable_bytes_of(header), 0) != static_cast<ssize_t>(sizeof header) ||
      header.magic != RingHeader::kMagic) {
    error_ = path_.string() + ": not a journal ring";
  } else if (header.version != kFormatVersion) {
    error_ = path_.string() + ": " + other_version(header.version);
  } else if (header.ring_bytes < kRingBytesMin || !std::has_single_bit(header.ring_bytes)) {
    error_ = path_.string() + ": not a journal ring";
  } else if (header.id != id) {
    error_ = path_.string() + ": belongs to another journal, " + hex(header.id);
  }
  if (!error_.empty()) {
    fd_ = Fd();
    return false;
  }
  ring_bytes_ = header.ring_bytes;
  buffer_.resize(kRecordBytesMax);
  chunk_.resize(kChunkBytesMax);
  chunk_bytes_ = 0;
  return true;
}

bool RingReader::replaced() const {
  struct stat mine {};
  struct stat linked {};
  return !fd_ || ::fstat(fd_.get(), &mine) != 0 || ::stat(link_.c_str(), &linked) != 0 ||
         mine.st_ino != linked.st_ino || mine.st_dev != linked.st_dev;
}

std::uint64_t RingReader::flushed_position() const noexcept {
  std::uint64_t value = 0;
  const ssize_t got =
      read_at(fd_.get(), writable_bytes_of(value), offsetof(RingHeader, flushed_position));
  return got == static_cast<ssize_t>(sizeof value) ? value : 0;
}

std::uint64_t RingReader::flushed_sequence() const noexcept {
  std::uint64_t value = 0;
  const ssize_t got =
      read_at(fd_.get(), writable_bytes_of(value), offsetof(RingHeader, flushed_sequence));
  return got == static_cast<ssize_t>(sizeof value) ? value : 0;
}

bool RingReader::read_data(std::uint64_t position, std::span<std::byte> bytes) const noexcept {
  const std::uint64_t at = position & (ring_bytes_ - 1);
  const std::size_t first = std::min<std::uint64_t>(bytes.size(), ring_bytes_ - at);
  const auto whole = [&](std::span<std::byte> part, std::uint64_t offset) {
    return read_at(fd_.get(), part, kRingHeaderBytes + offset) == static_cast<ssize_t>(part.size());
  };
  return whole(bytes.first(first), at) && whole(bytes.subspan(first), 0);
}

// What was read at a position counts only if the space was not given back meanwhile.
RingReader::Status RingReader::recycled_or(std::uint64_t position, Status status) const noexcept {
  return flushed_position() > position ? Status::Recycled : status;
}

// A record that was read ahead whole. One that does not follow the last one is of a ring ago: it
// was read while the newer one was being written over it.
bool RingReader::next_in_chunk(std::uint64_t position, RecordView& record) noexcept {
  if (position < chunk_position_ || position >= chunk_position_ + chunk_bytes_) return false;
  const std::span<const std::byte> rest =
      std::span<const std::byte>(chunk_).first(chunk_bytes_).subspan(position - chunk_position_);
  RecordView found;
  if (parse_record(rest, found) != ParseError::None) return false;
  if (chunk_sequence_ != 0 && found.sequence != chunk_sequence_ + 1) return false;
  chunk_sequence_ = found.sequence;
  record = found;
  return true;
}

// Reads ahead from a position: little for a reader that is at the end, more for one that is behind.
bool RingReader::read_chunk(std::uint64_t position) noexcept {
  const bool was_behind = position >= chunk_position_ + chunk_bytes_ / 2;
  chunk_wanted_ = was_behind ? std::min(2 * chunk_wanted_, kChunkBytesMax) : kChunkBytesMin;
  chunk_bytes_ = std::min<std::uint64_t>(std::max(chunk_wanted_, kChunkBytesMin), ring_bytes_);
  chunk_position_ = position;
  chunk_sequence_ = 0;
  if (read_data(position, std::span(chunk_).first(chunk_bytes_)) &&
      flushed_position() <= position) {
    return true;
  }
  chunk_bytes_ = 0;
  return false;
}

RingReader::Status RingReader::read(std::uint64_t position, RecordView& record) {
  bool found = next_in_chunk(position, record);
  if (!found && read_chunk(position)) {
    std::uint32_t length = 0;
    std::memcpy(&length, chunk_.data(), sizeof length);
    if (length == 0) return Status::Empty;
    found = next_in_chunk(position, record);
  }
  if (!found) return read_alone(position, record);
  record.segment = 0;
  record.offset = position;
  return Status::Record;
}

// Of one that is longer than a chunk, that was just being written, or is damaged.
RingReader::Status RingReader::read_alone(std::uint64_t position, RecordView& record) {
  // The length by itself and first: once it is there, the rest of the record is.
  std::uint32_t length = 0;
  if (!read_data(position, writable_bytes_of(length))) return Status::Damaged;
  if (length == 0) return recycled_or(position, Status::Empty);
  if (length < kRecordBytesMin || length > std::min<std::uint64_t>(kRecordBytesMax, ring_bytes_)) {
    return recycled_or(position, Status::Damaged);
  }
  const std::span<std::byte> bytes = std::span(buffer_).first(length);
  if (!read_data(position, bytes) || parse_record(bytes, record) != ParseError::None) {
    return recycled_or(position, Status::Damaged);
  }
  record.segment = 0;
  record.offset = position;
  return recycled_or(position, Status::Record);
}

}  // namespace portcullis::gateway::journal
