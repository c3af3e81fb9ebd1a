// The arithmetic of a refusal as one line of text: stable prefix, then numbers.
#pragma once

#include <span>
#include <string_view>

#include "config/deployment.h"
#include "risk/commands.h"

namespace portcullis::gateway::shard {

// Writes into `buffer`, cut to its size, and returns what was written. Does not allocate.
std::string_view arithmetic_text(const config::Deployment& deployment,
                                 const risk::Decision& decision, std::span<char> buffer);

}  // namespace portcullis::gateway::shard
