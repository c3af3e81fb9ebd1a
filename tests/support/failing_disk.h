// A disk that fails when it is told to, and a machine that can lose its power: what was written and
// not synced is then there or not, page by page. One for the process, as the calls that it stands
// for are.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gateway/journal/files.h"

namespace portcullis::test {

struct FailingDisk {
  bool writes_fail = false;  // half of the bytes are written
  bool syncs_fail = false;
  bool allocations_fail = false;  // it is full
  // The power goes in the middle of the next sync: whoever waits for it never hears of it.
  bool power_goes_in_sync = false;
  bool is_dark = false;  // it has gone
  [[nodiscard]] bool is_well() const {
    return !writes_fail && !syncs_fail && !allocations_fail && !is_dark;
  }
};

inline FailingDisk g_disk;

// What of the files has been written since it was made durable. The files themselves have all of it.
class UnsyncedWrites {
 public:
  // Nothing is unsynced any more; whether writes are remembered from now on.
  void begin(bool is_on);
  // Each page of each file becomes what it was after one of its writes since the last sync, or what
  // it was then. Segments whose names were not synced may be gone. `below(n)`: one of 0 .. n - 1.
  // REQUIRES: nobody has a file of the directory open.
  void lose_power(const std::filesystem::path& directory,
                  const std::function<std::uint32_t(std::size_t)>& below);

  // By the calls below.
  void wrote(int fd, std::size_t count, off_t offset);  // is about to
  void synced(int fd);

 private:
  struct Write {
    off_t offset;
    std::vector<std::byte> before;
  };
  static constexpr off_t kPage = 4'096;
  bool is_on_ = false;
  std::map<ino_t, std::vector<Write>> writes_;
  std::set<std::pair<ino_t, std::string>> names_;  // in a directory that was synced
};

inline UnsyncedWrites g_unsynced;

extern const gateway::journal::FileOps kFailingDiskOps;

}  // namespace portcullis::test
