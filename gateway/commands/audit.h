// `portcullis audit`: who changed what, from the log beside a gate's journal, and whether it is whole.
#pragma once

namespace CLI {
class App;
}

namespace portcullis::gateway {

void add_audit_command(CLI::App& app);

}  // namespace portcullis::gateway
