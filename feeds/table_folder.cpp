#include "feeds/table_folder.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace portcullis::feeds {

TableFolder::TableFolder(std::filesystem::path journal) : journal_(std::move(journal)) {}

std::string TableFolder::write(const PublishedTable& published) {
  {
    const std::lock_guard lock(mutex_);
    ++awaited_[published.hash];
  }
  std::string problem = write_table(journal_, published);
  if (!problem.empty()) recorded(published.hash);
  return problem;
}

void TableFolder::recorded(const TableHash& hash) {
  const std::lock_guard lock(mutex_);
  const auto found = awaited_.find(hash);
  if (found != awaited_.end() && --found->second == 0) awaited_.erase(found);
}

TableFolder::Removal TableFolder::remove(const TableHash& hash) {
  const std::filesystem::path path = journal_ / "tables" / to_text(hash);
  const std::lock_guard lock(mutex_);
  if (awaited_.contains(hash)) return Removal::Awaited;
  return ::unlink(path.c_str()) == 0 || errno == ENOENT ? Removal::Done : Removal::Failed;
}

}  // namespace portcullis::feeds
