// `portcullis calibrate`: from price histories to proposed shocks, haircuts and leverage caps.
#pragma once

namespace CLI {
class App;
}

namespace portcullis::gateway {

// Nothing is written unless everything is right: every problem is told with its file, and the exit
// code is 1.
void add_calibrate_command(CLI::App& app);

}  // namespace portcullis::gateway
