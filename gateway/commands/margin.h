// `portcullis margin`: what portfolios require and why, and what-if orders judged, by the code of
// the order path.
#pragma once

namespace CLI {
class App;
}

namespace portcullis::gateway {

// Adds the subcommand. It runs in CLI11's callback: with a problem in the configuration or in any
// portfolio it leaves as CLI::RuntimeError, after the answers to the others.
void add_margin_command(CLI::App& app);

}  // namespace portcullis::gateway
