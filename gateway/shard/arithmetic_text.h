// The arithmetic of a refusal as one line of text: stable prefix, then numbers.
#pragma once

#include <span>
#include <string_view>

#include "config/deployment.h"
#include "risk/commands.h"

namespace portcullis::gateway::shard {

// "lots", "quanta": what the integers of a decision count; empty where there are none.
std::string_view unit_name(risk::ArithmeticUnit unit);
// Of the node, account or session whose limit binds; "-" where there is none.
std::string_view node_name(const config::Deployment& deployment, const risk::Decision& decision);

// Writes into `buffer`, cut to its size, and returns what was written. Does not allocate.
std::string_view arithmetic_text(const config::Deployment& deployment,
                                 const risk::Decision& decision, std::span<char> buffer);

}  // namespace portcullis::gateway::shard
