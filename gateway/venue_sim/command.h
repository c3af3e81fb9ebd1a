#pragma once
// `portcullis venue`: the simulated matching engine on the command line.

namespace CLI {
class App;
}

namespace portcullis::gateway::venue_sim {

// Adds the subcommand. It runs in CLI11's callback, that is inside parse(): an exit code other than
// 0 leaves as CLI::RuntimeError, which app.exit() returns; errors at start-up are printed to stderr
// and are exit code 1.
void add_venue_command(CLI::App& app);

}  // namespace portcullis::gateway::venue_sim
