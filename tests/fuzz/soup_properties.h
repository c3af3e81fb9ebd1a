// What holds for every stream of bytes that reaches an end of a SoupBinTCP connection. The first
// byte of the input says how the rest is cut into pieces.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/soup/link.h"

namespace portcullis::gateway::soup {

inline void require(bool condition) {
  if (!condition) std::abort();
}

inline std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The output is whole packets whenever the owner may look.
inline void check_output(std::span<const std::byte> output) {
  while (!output.empty()) {
    Frame frame;
    require(decode_frame(output, kPayloadSizeMax, frame) == FrameStatus::Complete);
    output = output.subspan(kHeaderSize + frame.payload.size());
  }
}

// Feeds the stream in pieces of up to `piece` bytes, taking events after each; `take` appends what
// the events say to its second argument and answers logins.
template <class Connection, class Take>
std::vector<std::string> run(Connection& connection, std::span<const std::byte> stream,
                             std::size_t piece, Take take) {
  std::vector<std::string> events;
  while (!stream.empty()) {
    const std::span<std::byte> input = connection.input();
    const std::size_t n = std::min({piece, stream.size(), input.size()});
    require(n > 0);  // events were taken, so there is room for a packet
    std::copy_n(stream.begin(), n, input.begin());
    connection.received(n, 0);
    stream = stream.subspan(n);
    take(connection, events);
    check_output(connection.output());
  }
  // Silent from here on: it fails, once, unless it is closed already.
  const bool was_closed = connection.state() == LinkState::Closed;
  connection.on_time(3'600'000'000'000);
  const std::size_t before = events.size();
  take(connection, events);
  require(connection.state() == LinkState::Closed);
  require(events.size() == before + (was_closed ? 0 : 1));
  return events;
}

template <class Make, class Take>
int fuzz_stream(const std::uint8_t* data, std::size_t size, Make make, Take take) {
  if (size == 0) return 0;
  const auto stream = std::as_bytes(std::span(data + 1, size - 1));
  auto whole = make(LinkSettings{.input_size_max = 1027 + size, .output_size_max = 4096});
  const auto expected = run(whole, stream, stream.size(), take);
  auto cut = make(LinkSettings{.input_size_max = 1027, .output_size_max = 4096});
  require(run(cut, stream, 1 + data[0] % 64, take) == expected);
  return 0;
}

}  // namespace portcullis::gateway::soup
