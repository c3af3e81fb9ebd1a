// Passwords are in the environment or in a file, never in the configuration.
#pragma once

#include <string>

#include "config/deployment.h"

namespace portcullis::config {

struct Password {
  std::string text;
  std::string problem;  // empty: text is the password; never contains it
};

// 1 to 10 printable ASCII characters, as a SoupBinTCP login carries them. Called when the process
// starts, so that a configuration can be checked without its secrets.
[[nodiscard]] Password read_password(const PasswordSource& source);

}  // namespace portcullis::config
