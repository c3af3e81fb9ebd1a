// `portcullis client`: the load client on the command line.
#pragma once

namespace CLI {
class App;
}

namespace portcullis::gateway::client {

// Adds the subcommand. It runs in CLI11's callback: an exit code other than 0 leaves as
// CLI::RuntimeError. 1: a problem at start, or a run that is not complete.
void add_client_command(CLI::App& app);

}  // namespace portcullis::gateway::client
