#include "gateway/journal/retention.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

namespace portcullis::gateway::journal {

Retention::Retention(std::filesystem::path directory, std::uint64_t budget_bytes,
                     const FileOps& ops, const SegmentWriter& segments, StreamIndex& index)
    : directory_(std::move(directory)),
      budget_bytes_(budget_bytes),
      ops_(ops),
      index_(index),
      directory_fd_(open_file(directory_, O_RDONLY | O_DIRECTORY)),
      bytes_(segments.segment_bytes()) {  // the preallocated one
  if (!directory_fd_) throw_errno("opening the directory", directory_, errno);
  JournalId id{};
  for (const std::uint32_t number : list_segments(directory_)) {
    const std::filesystem::path path = directory_ / segment_name(number);
    const Fd fd = open_file(path, O_RDONLY);
    if (!fd) throw_errno("opening", path, errno);
    SegmentHeader header;
    const std::string wrong = read_segment_header(fd.get(), number, id, header);
    if (!wrong.empty()) throw JournalError("journal: " + path.string() + " offset 0: " + wrong);
    begun(number, header.first_sequence, std::filesystem::file_size(path));
  }
}

void Retention::begun(std::uint32_t number, std::uint64_t first_sequence, std::uint64_t bytes) {
  segments_.push_back({number, first_sequence, bytes});
  bytes_ += bytes;
}

void Retention::may_remove_below(std::uint64_t sequence) noexcept {
  needed_from_.store(sequence, std::memory_order_release);
}

// The index first: a client that logs in then is not promised what is about to go. Then the name,
// which the disk must have forgotten before the next one goes, so that the machine can never come
// back with a hole among the segments.
bool Retention::remove_oldest() noexcept {
  const Segment& oldest = segments_.front();
  if (!index_.begin_with_segment(oldest.number + 1)) return false;
  if (ops_.unlink((directory_ / segment_name(oldest.number)).c_str()) != 0 && errno != ENOENT) {
    return false;
  }
  bytes_ -= oldest.bytes;
  segments_.pop_front();
  return ops_.fdatasync(directory_fd_.get()) == 0;
}

bool Retention::trim() noexcept {
  if (budget_bytes_ == 0) return true;
  const std::uint64_t needed_from = needed_from_.load(std::memory_order_acquire);
  while (bytes_ > budget_bytes_ && segments_.size() > 1 &&
         segments_[1].first_sequence <= needed_from) {
    if (!remove_oldest()) break;
  }
  return bytes_ < budget_bytes_ + budget_bytes_ / 10;
}

}  // namespace portcullis::gateway::journal
