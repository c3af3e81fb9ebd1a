// The figures of a gate in the text form of Prometheus. What the shard alone counts is as it last told
// it (ProcessFigures::shard); the rest is the follower's.
//
// One thread, that which may look at the gate. Floating point: nothing is decided by it.
#pragma once

#include <cstdint>
#include <string>

#include "gateway/control/views.h"

namespace portcullis::gateway::control {

struct ControlCounters;

inline constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

[[nodiscard]] std::string metrics_text(const Values& values, gate::Gate& gate,
                                       const ProcessFigures& process,
                                       const ControlCounters& control, std::int64_t now_ns);

}  // namespace portcullis::gateway::control
