#include "gateway/soup/client_connection.h"
#include "tests/fuzz/soup_properties.h"

using namespace portcullis::gateway::soup;

namespace {

void take(ClientConnection& client, std::vector<std::string>& events) {
  using Type = ClientEvent::Type;
  while (true) {
    const std::uint64_t next_sequence = client.next_sequence();
    const ClientEvent event = client.next_event();
    if (event.type == Type::None) return;
    events.push_back(std::to_string(static_cast<int>(event.type)) + std::string(name(event.error)) +
                     text_of(event.payload) + std::string(event.session) +
                     std::to_string(event.sequence) +
                     std::to_string(static_cast<int>(event.reject_reason)));
    if (event.type == Type::SequencedData) {
      require(event.sequence == next_sequence);
      require(client.next_sequence() == next_sequence + 1);
    } else if (event.type != Type::LoginAccepted) {
      require(client.next_sequence() == next_sequence);
    }
  }
}

ClientConnection make(const LinkSettings& settings) {
  ClientConnection client(settings, 0);
  require(
      client.login({.username = "member", .password = "secret", .session = "S1", .sequence = 1}));
  return client;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz_stream(data, size, make, take);
}
