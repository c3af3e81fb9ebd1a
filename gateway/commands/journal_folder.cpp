#include "gateway/commands/journal_folder.h"

#include <fmt/format.h>

#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string>

#include "config/load.h"
#include "gateway/commands/stats.h"
#include "gateway/journal/files.h"

namespace portcullis::gateway {

journal::Options journal_options(const config::Deployment& deployment) {
  journal::Options options;
  options.directory = deployment.journal.directory;
  options.ring_directory = deployment.journal.ring_directory;
  options.ring_bytes = static_cast<std::uint64_t>(deployment.journal.ring_bytes);
  options.segment_bytes = static_cast<std::uint64_t>(deployment.journal.segment_bytes);
  options.disk_budget_bytes = static_cast<std::uint64_t>(deployment.journal.disk_budget_bytes);
  options.sync_interval = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::nanoseconds(deployment.journal.sync_interval_ns));
  if (deployment.journal.durability == config::Durability::Fsync) {
    options.durability = journal::Durability::Fsync;
  }
  options.stream_count = static_cast<std::uint32_t>(deployment.sessions.size());
  return options;
}

namespace {

constexpr const char* kConfiguration = "configuration.json";

std::unique_ptr<const config::Deployment> load_deployment(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / kConfiguration;
  config::LoadResult result = config::load_canonical(read_text(path), folder);
  if (!result.ok()) {
    throw std::runtime_error(
        fmt::format("{}: {}", path.string(), config::to_text(result.problems.front())));
  }
  return std::make_unique<const config::Deployment>(std::move(result.deployment));
}

}  // namespace

std::unique_ptr<const config::Deployment> find_deployment(const std::filesystem::path& folder) {
  if (!std::filesystem::exists(folder / kConfiguration)) return nullptr;
  try {
    return load_deployment(folder);
  } catch (const std::runtime_error& error) {
    std::cerr << error.what() << "\nindexes are shown instead of names\n";
    return nullptr;
  }
}

std::unique_ptr<const config::Deployment> need_deployment(const std::filesystem::path& folder) {
  return load_deployment(folder);
}

journal::ReaderOptions reader_options(const std::filesystem::path& folder) {
  journal::ReaderOptions options{.include_ring = true};
  const auto state = journal::read_state(folder);
  const bool is_closed = state && (state->flags & journal::StateRecord::kClean) != 0;
  if (state && !is_closed && state->boot_id != journal::boot_id()) options.flushed_floor = 0;
  return options;
}

follower::Resumed begin_reading(const std::filesystem::path& folder,
                                const config::Deployment& deployment, follower::From from) {
  follower::Resumed begun = follower::begin(
      deployment, nullptr, {.directory = folder, .include_ring = true, .from = from});
  for (const std::string& told : begun.told) std::cerr << told << '\n';
  if (begun.snapshot != 0) {
    std::cerr << fmt::format("the first records are gone: from the snapshot of record {} on\n",
                             begun.snapshot);
  }
  return begun;
}

}  // namespace portcullis::gateway
