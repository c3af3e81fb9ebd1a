// `portcullis password`: from a password to the line that is stored of it.
#pragma once

namespace CLI {
class App;
}

namespace portcullis::gateway {

void add_password_command(CLI::App& app);

}  // namespace portcullis::gateway
