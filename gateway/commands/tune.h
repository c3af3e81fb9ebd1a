// `portcullis tune`: what a candidate configuration would have made of a recorded journal, and how its
// limits are used.
#pragma once

namespace CLI {
class App;
}

namespace portcullis::gateway {

// Adds the subcommand. It runs in CLI11's callback: an error leaves as CLI::RuntimeError, differences
// are none.
void add_tune_command(CLI::App& app);

}  // namespace portcullis::gateway
