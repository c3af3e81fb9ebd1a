// The outcome of a run as one JSON object.
#pragma once

#include <string>

#include "gateway/client/load_client.h"
#include "gateway/client/plan.h"

namespace portcullis::gateway::client {

[[nodiscard]] std::string stats_json(const Plan& plan, const RunResult& result);

}  // namespace portcullis::gateway::client
