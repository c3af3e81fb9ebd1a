// `portcullis check`: validates a deployment folder and tells everything that is wrong with it.
#pragma once

namespace CLI {
class App;
}

namespace portcullis::gateway {

// Adds the subcommand. It runs in CLI11's callback, that is inside parse(): with problems it leaves
// as CLI::RuntimeError with exit code 1, which app.exit() returns.
void add_check_command(CLI::App& app);

}  // namespace portcullis::gateway
