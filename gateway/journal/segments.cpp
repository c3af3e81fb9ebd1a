#include "gateway/journal/segments.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "gateway/journal/crc32c.h"

namespace portcullis::gateway::journal {

SegmentWriter::SegmentWriter(std::filesystem::path directory, std::uint64_t segment_bytes,
                             const FileOps& ops)
    : directory_(std::move(directory)),
      spare_path_(directory_ / kSpareName),
      segment_bytes_(segment_bytes),
      ops_(ops),
      directory_fd_(open_file(directory_, O_RDONLY | O_DIRECTORY)) {
  if (!directory_fd_) throw_errno("opening the directory", directory_, errno);
}

void SegmentWriter::create(const JournalId& id) {
  id_ = id;
  number_ = 0;
  if (!roll(1)) throw_errno("creating the first segment in", directory_, errno);
  if (!has_spare()) throw_errno("preallocating", spare_path_, errno);
}

void SegmentWriter::resume(const JournalId& id, std::uint32_t number, std::uint64_t offset) {
  id_ = id;
  number_ = number;
  offset_ = offset;
  const std::filesystem::path path = directory_ / segment_name(number);
  fd_ = open_file(path, O_RDWR, ops_);
  if (!fd_) throw_errno("opening", path, errno);
  SegmentHeader header;
  const std::string wrong = read_segment_header(fd_.get(), number, id_, header);
  if (!wrong.empty()) throw JournalError("journal: " + path.string() + " offset 0: " + wrong);
  first_sequence_ = header.first_sequence;
  for (const std::uint32_t later : list_segments(directory_)) {
    if (later > number && ::unlink((directory_ / segment_name(later)).c_str()) != 0) {
      throw_errno("removing", directory_ / segment_name(later), errno);
    }
  }
  // Cut off behind the last good record, then long again: a torn record and its like become zeros.
  if (::ftruncate(fd_.get(), static_cast<off_t>(offset)) != 0) throw_errno("cutting", path, errno);
  if (offset < segment_bytes_) {
    const int error = ops_.allocate(fd_.get(), 0, static_cast<off_t>(segment_bytes_));
    if (error != 0) throw_errno("preallocating", path, error);
  }
  if (!make_spare()) throw_errno("preallocating", spare_path_, errno);
}

bool SegmentWriter::write(std::span<const std::byte> bytes) noexcept {
  return write_at(ops_, fd_.get(), bytes, offset_);
}

bool SegmentWriter::roll(std::uint64_t first_sequence) noexcept {
  if (!has_spare() && !make_spare()) return false;
  SegmentHeader header;
  header.number = number_ + 1;
  header.first_sequence = first_sequence;
  header.id = id_;
  header.crc32c = crc32c(bytes_of(header).first(offsetof(SegmentHeader, crc32c)));
  const std::filesystem::path path = directory_ / segment_name(header.number);
  if (!write_at(ops_, spare_.get(), bytes_of(header), 0) ||
      ops_.rename(spare_path_.c_str(), path.c_str()) != 0) {
    return false;
  }
  fd_ = std::exchange(spare_, Fd());
  number_ = header.number;
  first_sequence_ = first_sequence;
  offset_ = sizeof header;
  name_is_durable_ = false;
  make_spare();  // a failure shows in has_spare(), and the next roll tries again
  return true;
}

bool SegmentWriter::sync() noexcept {
  if (ops_.fdatasync(fd_.get()) != 0) return false;
  // The directory too, once: the segment's name must survive with its bytes.
  if (!name_is_durable_) name_is_durable_ = ops_.fdatasync(directory_fd_.get()) == 0;
  return name_is_durable_;
}

void SegmentWriter::note_durable(std::uint64_t sequence) noexcept {
  if (sequence == noted_sequence_ || sequence < first_sequence_) return;
  const auto count = static_cast<std::uint32_t>(sequence - first_sequence_ + 1);
  if (write_at(ops_, fd_.get(), bytes_of(count), offsetof(SegmentHeader, durable_count))) {
    noted_sequence_ = sequence;
  }
}

bool SegmentWriter::make_spare() noexcept {
  // A new file, never one with old bytes: what lies behind the last record has to be zeros.
  ::unlink(spare_path_.c_str());
  Fd fd = open_file(spare_path_, O_RDWR | O_CREAT | O_EXCL, ops_);
  if (!fd) return false;
  if (const int error = ops_.allocate(fd.get(), 0, static_cast<off_t>(segment_bytes_));
      error != 0) {
    ::unlink(spare_path_.c_str());
    errno = error;
    return false;
  }
  spare_ = std::move(fd);
  return true;
}

}  // namespace portcullis::gateway::journal
