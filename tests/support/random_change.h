// Other parameters for a running engine: of each kind that may change, some with a chance of their own.
#pragma once

#include "risk/parameters.h"
#include "tests/support/random_world.h"

namespace portcullis::support {

// Sound ones of a later version, which an engine can take in place of `from`.
risk::Parameters changed_parameters(Rng& rng, const risk::Parameters& from);

}  // namespace portcullis::support
