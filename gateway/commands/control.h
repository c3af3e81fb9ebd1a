// `portcullis status|ready|limits|accounts|account|rejects|what-if|kill|suspend|close-only|resume|
// cancel-all|lost-orders-dead|accept-state` of a running gate, and `portcullis token`.
#pragma once

namespace CLI {
class App;
}

namespace portcullis::gateway {

void add_control_commands(CLI::App& app);
void add_token_command(CLI::App& app);

}  // namespace portcullis::gateway
