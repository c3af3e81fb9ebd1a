// Frames as a decoder wants them, and the example with JSON clients.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <string_view>

#include "gateway/json/decode.h"

namespace portcullis::test {

// Decodes one frame after the other; a result lives until the next.
class FrameDecoder {
 public:
  explicit FrameDecoder(const gateway::json::DecoderLimits& limits = {}) : decoder_(limits) {}

  const gateway::json::Request& operator()(std::string_view frame) {
    bytes_.assign(frame);
    bytes_.append(gateway::json::kFramePadding, '"');
    return decoder_.decode({bytes_.data(), frame.size()});
  }

 private:
  gateway::json::Decoder decoder_;
  std::string bytes_;
};

// Where the shared test data are, or null.
inline const char* data_folder() {
  return std::getenv("PORTCULLIS_DATA");  // NOLINT(concurrency-mt-unsafe)
}

// Visits the files of nst/JSONTestSuite: name and content.
inline void each_file_of_the_suite(
    const std::function<void(const std::string& name, const std::string& text)>& visit) {
  for (const auto& entry : std::filesystem::directory_iterator(
           std::filesystem::path(data_folder()) / "json" / "suite")) {
    std::ifstream in(entry.path(), std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    visit(entry.path().filename().string(), text.str());
  }
}

}  // namespace portcullis::test
