// `portcullis reconcile`: what a journal comes to, against the books of somebody else.
#pragma once

namespace CLI {
class App;
}

namespace portcullis::gateway {

void add_reconcile_command(CLI::App& app);

}  // namespace portcullis::gateway
