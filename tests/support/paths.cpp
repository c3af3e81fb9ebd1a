#include "tests/support/paths.h"

namespace portcullis::test {

std::string source_dir() { return PORTCULLIS_SOURCE_DIR; }
std::string binary() { return PORTCULLIS_BINARY; }

}  // namespace portcullis::test
