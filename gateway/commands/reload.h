// `portcullis reload`: has a running gate load its configuration again, and tells what came of it.
#pragma once

namespace CLI {
class App;
}

namespace portcullis::gateway {

// Adds the subcommand. It runs in CLI11's callback; where nothing was put in force that should have been
// it leaves as CLI::RuntimeError with exit code 1.
void add_reload_command(CLI::App& app);

}  // namespace portcullis::gateway
