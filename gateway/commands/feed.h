// `portcullis feed --session FILE --dialect NAME [--json]`: plays a recorded session through its
// dialect, as fast as possible, and prints what came of it: the frames by kind, and by symbol the
// updates, the last values, and how old they are at the end of the recording. Damaged lines and the
// first faults of frames go to stderr. Exit code 1: there is no row to play.
#pragma once

namespace CLI {
class App;
}

namespace portcullis::gateway {

void add_feed_command(CLI::App& app);

}  // namespace portcullis::gateway
