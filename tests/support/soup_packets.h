// SoupBinTCP packets put together by hand, and a connection's two byte streams without a socket.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tests/support/wire_bytes.h"

namespace portcullis::test {

inline Bytes ascii(std::string_view text) {
  const auto data = std::as_bytes(std::span(text));
  return {data.begin(), data.end()};
}

inline std::string as_string(std::span<const std::byte> data) {
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}

inline Bytes packet(char type, const Bytes& payload = {}) {
  const std::size_t length = 1 + payload.size();
  return Bytes{static_cast<std::byte>(length >> 8), static_cast<std::byte>(length),
               static_cast<std::byte>(type)} +
         payload;
}

inline Bytes packet(char type, std::string_view payload) { return packet(type, ascii(payload)); }

// As the specification lays it out: 6 and 10 on the left, 10 and 20 on the right.
inline Bytes login_packet(std::string_view session = "", std::string_view sequence = "0") {
  const auto right = [](std::string_view text, std::size_t size) {
    return std::string(size - text.size(), ' ') + std::string(text);
  };
  return packet('L',
                "member"
                "secret    " +
                    right(session, 10) + right(sequence, 20));
}

inline Bytes accepted_packet(std::string_view session, std::string_view sequence) {
  return packet('A', std::string(10 - session.size(), ' ') + std::string(session) +
                         std::string(20 - sequence.size(), ' ') + std::string(sequence));
}

// Puts bytes into a connection as a read from its socket would.
template <class Connection>
void receive(Connection& connection, std::span<const std::byte> data, std::int64_t now_ns = 0) {
  const std::span<std::byte> input = connection.input();
  if (input.size() < data.size()) throw std::length_error("the input is full");
  std::ranges::copy(data, input.begin());
  connection.received(data.size(), now_ns);
}

// Takes everything that the connection wants to send.
template <class Connection>
Bytes take_output(Connection& connection) {
  const auto output = connection.output();
  Bytes taken(output.begin(), output.end());
  connection.sent(taken.size());
  return taken;
}

}  // namespace portcullis::test
