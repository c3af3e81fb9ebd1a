#include "gateway/audit/audit_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <span>
#include <utility>

#include "gateway/audit/audit_chain.h"

namespace portcullis::gateway::audit {

AuditLog::AuditLog(const config::Deployment& deployment, std::filesystem::path directory,
                   std::uint64_t last_sequence, const journal::FileOps& ops)
    : directory_(std::move(directory)),
      path_(directory_ / kAuditName),
      last_sequence_(last_sequence),
      ops_(ops),
      changes_(deployment, directory_) {}

void AuditLog::after(gate::Gate& gate, const journal::RecordView& record) {
  if (first_ == 0) {
    first_ = record.sequence;
    first_time_ns_ = record.time_ns;
  }
  changes_.after(gate, record);
  for (Change& change : changes_.take()) waiting_.push_back(std::move(change));
}

bool AuditLog::has_work() const {
  return !file_ || lost_ || !waiting_.empty() || (end_ == 0 && first_ != 0);
}

AuditHead AuditLog::head() const {
  const std::lock_guard lock(mutex_);
  return head_;
}

void AuditLog::set_head(AuditHead head) {
  const std::lock_guard lock(mutex_);
  head_ = std::move(head);
}

std::string AuditLog::failed(std::string_view what) const {
  const int error_number = errno;
  return fmt::format("changes wait for the audit log: {} {}: {}", what, path_.string(),
                     journal::error_text(error_number));
}

// --- the file

// Finds the last whole line, and cuts off what stands behind it: a process was killed while it wrote, and
// the journal has the record of it.
std::string AuditLog::read_end() {
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0) return failed("looking at");
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  if (journal::read_at(file_.get(), std::as_writable_bytes(std::span(text)), 0) !=
      static_cast<ssize_t>(text.size())) {
    return failed("reading");
  }
  const std::size_t last_end = text.rfind('\n');
  end_ = last_end == std::string::npos ? 0 : last_end + 1;
  if (end_ < text.size() && ::ftruncate(file_.get(), static_cast<off_t>(end_)) != 0)
    return failed("cutting off half a line of");
  if (end_ == 0) return {};
  text.resize(last_end);
  const auto count = static_cast<std::uint64_t>(std::ranges::count(text, '\n')) + 1;
  const std::string_view line = std::string_view(text).substr(text.rfind('\n') + 1);
  AuditLine parts;
  if (const std::string wrong = parse_line(line, parts); !wrong.empty()) {
    return fmt::format(
        "changes wait for the audit log: {}: line {}: {}; move the file away and start again, for "
        "a new "
        "log to begin",
        path_.string(), count, wrong);
  }
  written_ = parts.sequence;
  if (written_ > last_sequence_) {
    std::int64_t time_ns = 0;
    const std::string time = member_text(line, "time_ns");
    std::from_chars(time.data(), time.data() + time.size(), time_ns);
    lost_ = lost_change(last_sequence_, written_, time_ns);
    written_ = last_sequence_;
  }
  set_head({.lines = count, .hash = std::string(parts.hash)});
  return {};
}

std::string AuditLog::open() {
  file_ = journal::open_file(path_, O_RDWR | O_CREAT, ops_);
  if (!file_) return failed("opening");
  std::string problem = read_end();
  if (problem.empty() && end_ == 0) {
    const journal::Fd folder = journal::open_file(directory_, O_RDONLY | O_DIRECTORY);
    if (!folder || ops_.fdatasync(folder.get()) != 0) problem = failed("syncing the folder of");
  }
  if (!problem.empty()) file_ = journal::Fd();
  return problem;
}

std::string AuditLog::write() {
  if (!file_) {
    if (std::string problem = open(); !problem.empty()) return problem;
  }
  if (!has_work()) return {};
  AuditHead head = this->head();
  std::uint64_t sequence = written_;
  std::string text;
  const auto add = [&](const Change& change) {
    const std::string line = chained(change.content, head.lines == 0 ? kNoHash : head.hash);
    head = {.lines = head.lines + 1, .hash = std::string(hash_in(line))};
    text += line + '\n';
    sequence = change.sequence;
  };
  if (end_ == 0) add(begin_change(first_ - 1, first_time_ns_));
  if (lost_) add(*lost_);
  for (const Change& change : waiting_) {
    if (change.sequence > written_) add(change);
  }
  if (!journal::write_at(ops_, file_.get(), std::as_bytes(std::span(text)), end_))
    return failed("writing");
  if (ops_.fdatasync(file_.get()) != 0) return failed("syncing");
  end_ += text.size();
  written_ = sequence;
  lost_.reset();
  waiting_.clear();
  set_head(std::move(head));
  return {};
}

}  // namespace portcullis::gateway::audit
