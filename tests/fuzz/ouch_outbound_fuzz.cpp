#include "tests/fuzz/ouch_properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portcullis::gateway::ouch;
  return fuzz_decode<OutboundMessage>(data, size);
}
