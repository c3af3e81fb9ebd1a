// `portcullis replay`: the same inputs, the same decisions, the same messages, the same hash.
#pragma once

namespace CLI {
class App;
}

namespace portcullis::gateway {

// Adds the subcommand. It runs in CLI11's callback: a difference leaves as CLI::RuntimeError.
void add_replay_command(CLI::App& app);

}  // namespace portcullis::gateway
