// `portcullis journal`: the records of a gate's journal, as text or as JSON lines.
#pragma once

namespace CLI {
class App;
}

namespace portcullis::gateway {

void add_journal_command(CLI::App& app);

}  // namespace portcullis::gateway
