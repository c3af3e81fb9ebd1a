#include "gateway/soup/server_connection.h"
#include "tests/fuzz/soup_properties.h"

using namespace portcullis::gateway::soup;

namespace {

void take(ServerConnection& server, std::vector<std::string>& events) {
  using Type = ServerEvent::Type;
  while (true) {
    const ServerEvent event = server.next_event();
    if (event.type == Type::None) return;
    events.push_back(std::to_string(static_cast<int>(event.type)) + std::string(name(event.error)) +
                     text_of(event.payload) + std::string(event.login.username) +
                     std::string(event.login.password) + std::string(event.login.session) +
                     std::to_string(event.login.sequence));
    if (event.type == Type::LoginRequest) {
      // The number decides, so that both answers are reached.
      if (event.login.sequence % 2 == 0) {
        require(server.accept_login("SESSION", event.login.sequence + 1));
      } else {
        require(server.reject_login(LoginRejectReason::NotAuthorized));
      }
    } else if (event.type == Type::UnsequencedData) {
      const std::size_t room = server.output_room();
      const bool sent = server.send_sequenced(event.payload);
      require(sent == (event.payload.size() + kHeaderSize <= room));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz_stream(
      data, size, [](const LinkSettings& settings) { return ServerConnection(settings, 0); }, take);
}
