// What random_parameters() has of the margin: factors, scenario sets, assets, instruments, add-ons.
#pragma once

#include "risk/parameters.h"
#include "tests/support/random_world.h"

namespace portcullis::support {

// Fills everything of the parameters that the margin is computed from.
void random_margin(Rng& rng, risk::Parameters& p);

}  // namespace portcullis::support
