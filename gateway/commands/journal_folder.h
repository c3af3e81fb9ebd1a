// What the commands that have a journal share: how it is opened, the folder's configuration, and how to read it.
#pragma once

#include <filesystem>
#include <memory>

#include "config/deployment.h"
#include "gateway/follower/resume.h"
#include "gateway/journal/journal.h"
#include "gateway/journal/reader.h"

namespace portcullis::gateway {

// Of the journal that a gate writes.
[[nodiscard]] journal::Options journal_options(const config::Deployment& deployment);

// The configuration that a journal was begun under, kept beside it. Null: it is not there, or
// nothing can be made of it, which is said on stderr.
[[nodiscard]] std::unique_ptr<const config::Deployment> find_deployment(
    const std::filesystem::path& folder);
// Throws std::runtime_error instead.
[[nodiscard]] std::unique_ptr<const config::Deployment> need_deployment(
    const std::filesystem::path& folder);

// For a journal that was closed, one whose process was killed, and one that is being written. After
// a stop of the machine the ring's word on what was flushed is worth nothing, as in recovery.
[[nodiscard]] journal::ReaderOptions reader_options(const std::filesystem::path& folder);

// A gate to which the records behind its position come next: a new one, or where the first record is
// gone one from a snapshot, which is said on stderr. Throws std::runtime_error where none is good.
[[nodiscard]] follower::Resumed begin_reading(const std::filesystem::path& folder,
                                              const config::Deployment& deployment,
                                              follower::From from);

}  // namespace portcullis::gateway
