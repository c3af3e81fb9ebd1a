// `portcullis state`: what a journal comes to, as a file for `run --load` to begin the next day with.
#pragma once

namespace CLI {
class App;
}

namespace portcullis::gateway {

void add_state_command(CLI::App& app);

}  // namespace portcullis::gateway
