// The figures of a gate as one JSON object, for scripts and for the demo.
#pragma once

#include <filesystem>
#include <string>

#include "config/deployment.h"
#include "gateway/edge/edge.h"
#include "gateway/follower/follower.h"
#include "gateway/gate/gate.h"
#include "gateway/shard/shard.h"

namespace portcullis::gateway {

// Counters, each session's highest number, live orders, positions, state hash, and whether
// incremental state equals a full recompute. `shard`, `follower` and `edge` may be null (a replay has
// none); they have stopped. Slow: it verifies every account.
std::string stats_json(const config::Deployment& deployment, gate::Gate& gate,
                       const shard::Shard* shard, const follower::Follower* follower,
                       const edge::Edge* edge);

// The whole file. Throws std::runtime_error.
std::string read_text(const std::filesystem::path& path);
// Replaces the file as a whole. Throws std::runtime_error.
void write_text(const std::filesystem::path& path, std::string_view text);

}  // namespace portcullis::gateway
