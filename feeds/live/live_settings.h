// The live sources of a deployment, as LiveFeeds wants them.
#pragma once

#include <vector>

#include "config/deployment.h"
#include "feeds/live/live_feeds.h"

namespace portcullis::feeds {

// Those with a stream or a port to listen at, in the order of the deployment. To be subscribed to is
// what its references, fundings and open interests name of a source, once, by the kind of update that says it; what an option's
// table is made of comes with its mark. What the configuration leaves open is as it is by default here.
[[nodiscard]] std::vector<LiveSourceSettings> live_sources(const config::Deployment& deployment);

}  // namespace portcullis::feeds
