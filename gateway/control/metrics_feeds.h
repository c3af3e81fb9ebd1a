// What feeds count, as metrics: what sources say and what becomes of it, the prices that are made of
// it, risk tables, funding and open interest.
#pragma once

#include <cstdint>

#include "feeds/feed_figures.h"
#include "gateway/control/metric_families.h"

namespace portcullis::gateway::control {

void write_feeds(MetricFamilies& out, const feeds::FeedFigures& feeds, std::int64_t now_ns);

}  // namespace portcullis::gateway::control
