// Where the tests find the source tree and the program.
#pragma once

#include <string>

namespace portcullis::test {

[[nodiscard]] std::string source_dir();
[[nodiscard]] std::string binary();  // portcullis

}  // namespace portcullis::test
