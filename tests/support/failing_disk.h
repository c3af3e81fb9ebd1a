// A disk that fails when it is told to. One for the process, as the calls that it stands for are.
#pragma once

#include <cstdint>

#include "gateway/journal/files.h"

namespace portcullis::test {

struct FailingDisk {
  bool writes_fail = false;  // half of the bytes are written
  bool syncs_fail = false;
  bool allocations_fail = false;  // it is full
  [[nodiscard]] bool is_well() const { return !writes_fail && !syncs_fail && !allocations_fail; }
};

inline FailingDisk g_disk;

extern const gateway::journal::FileOps kFailingDiskOps;

}  // namespace portcullis::test
