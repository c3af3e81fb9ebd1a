// What the control plane can be asked (gateway/control/verbs.h) as commands of the program, and
// `portcullis token`.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace portcullis::gateway {

void add_control_commands(CLI::App& app);
// The options of a reload that is asked for over the control plane, and what does so once they are read.
[[nodiscard]] std::function<void()> add_control_reload(CLI::App& command);
void add_token_command(CLI::App& app);

}  // namespace portcullis::gateway
