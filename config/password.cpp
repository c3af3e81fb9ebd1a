#include "config/password.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace portcullis::config {

Password read_password(const PasswordSource& source) {
  Password password;
  std::string where;
  if (!source.environment.empty()) {
    where = "the environment variable " + source.environment;
    // Start-up, before there are threads that change the environment.
    const char* const value =
        std::getenv(source.environment.c_str());  // NOLINT(concurrency-mt-unsafe)
    if (value == nullptr) return {"", where + " is not set"};
    password.text = value;
  } else {
    where = "the file " + source.file.string();
    std::ifstream in(source.file);
    if (!in) return {"", where + " cannot be read"};
    std::getline(in, password.text);
    if (password.text.ends_with('\r')) password.text.pop_back();
  }
  const auto is_printable = [](char c) { return c > ' ' && c <= '~'; };
  if (password.text.empty() || password.text.size() > 10 ||
      !std::all_of(password.text.begin(), password.text.end(), is_printable)) {
    return {"", where + " must hold 1 to 10 printable ASCII characters without spaces"};
  }
  return password;
}

}  // namespace portcullis::config
