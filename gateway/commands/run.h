// `portcullis run`: the gate.
#pragma once

namespace CLI {
class App;
}

namespace portcullis::gateway {

// Adds the subcommand. It runs in CLI11's callback: an exit code other than 0 leaves as
// CLI::RuntimeError.
void add_run_command(CLI::App& app);

}  // namespace portcullis::gateway
