// What of a configuration may change while the gate runs, and what only where it starts (ORDERLIFE 7).
#pragma once

#include <vector>

#include "config/deployment.h"
#include "config/problem.h"

namespace portcullis::config {

// Everything that `next` would change of what is running, and cannot: nothing, and it may be put in force.
// Both are sound. Passwords and other credentials are in neither: they are read at start alone.
[[nodiscard]] std::vector<Problem> problems_of_reload(const Deployment& running,
                                                      const Deployment& next);

}  // namespace portcullis::config
