// The table log of a running gate, between the thread that writes tables and the one that removes the
// files that nothing needs any more (TABLES.md): what was written stays until the record that names it
// has been seen, also where a file of the same content was there before.
//
// Any thread; a call may wait for the disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>

#include "feeds/table_log.h"

namespace portcullis::feeds {

class TableFolder {
 public:
  // `journal` is the journal's folder.
  explicit TableFolder(std::filesystem::path journal);

  // As write_table(). Where it succeeds the file is awaited, and stays, until recorded() was called once
  // for each write.
  [[nodiscard]] std::string write(const PublishedTable& published);
  // A record that names it was seen, of a table that was written here. Others are ignored.
  void recorded(const TableHash& hash);

  enum class Removal : std::uint8_t {
    Done,     // it is not there any more, or was not
    Awaited,  // it stays
    Failed,   // errno says why
  };
  [[nodiscard]] Removal remove(const TableHash& hash);

 private:
  const std::filesystem::path journal_;
  std::mutex mutex_;
  std::map<TableHash, std::uint32_t> awaited_;  // by how many records
};

}  // namespace portcullis::feeds
