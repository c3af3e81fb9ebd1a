// The other end of a connection to the edge, byte by byte: HTTP as text, WebSocket frames as right
// or wrong as a test wants them, TLS where it is asked for. It knows nothing of the product's code.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace portcullis::test {

inline constexpr int kPatienceMs = 20'000;  // only a failure takes so long

// A self-signed certificate of "localhost" and its key, written where it says; it ends in so many
// seconds, or ended.
void make_certificate(const std::filesystem::path& certificate, const std::filesystem::path& key,
                      long ends_in_s = 86'400);

struct Frame {
  std::uint8_t opcode = 1;  // 0 continuation, 1 text, 2 binary, 8 close, 9 ping, 10 pong
  bool fin = true;
  std::uint8_t reserved = 0;  // the three bits
  bool masked = true;
  std::string payload{};
  // How the length is written, where a test wants it otherwise: 0 as it should be, 2 or 8 bytes.
  int length_bytes = 0;
};
[[nodiscard]] std::string bytes_of(const Frame& frame);

class RawPeer {
 public:
  enum class Tls : std::uint8_t { No, Yes };
  // Connects; with TLS, shakes hands. `receive_buffer` of the kernel, 0: its own choice. `from`: the
  // address it comes from, of 127.0.0.0/8; null: any.
  explicit RawPeer(std::uint16_t port, Tls tls = Tls::No, int receive_buffer = 0,
                   const char* from = nullptr);
  ~RawPeer();
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;

  [[nodiscard]] bool is_connected() const { return fd_ >= 0; }
  // False: the other side takes no more, or nothing for kPatienceMs.
  bool send(std::string_view bytes);
  // As much as is taken at once; returns how many bytes.
  std::size_t send_some(std::string_view bytes);
  void shut_down_sending();
  void close();

  // Everything until the connection ends. Nothing: it did not end.
  std::optional<std::string> read_to_end();
  // Until there is nothing for `ms`; what came.
  std::string read_for(int ms);
  // The head and body (Content-Length) of the next HTTP response. Empty: it did not come.
  std::string read_response();

  // --- WebSocket
  // The path's WebSocket. False: it was refused; response() says how.
  bool open(std::string_view path = "/v5/trade");
  [[nodiscard]] const std::string& response() const { return response_; }
  bool send_frame(const Frame& frame) { return send(bytes_of(frame)); }
  bool send_text(std::string_view text) { return send_frame({.payload = std::string(text)}); }
  // The next frame. Nothing: the connection ended, or nothing came.
  std::optional<Frame> read_frame(int ms = kPatienceMs);
  // The next text message; pings are answered. Empty: none came.
  std::string read_text(int ms = kPatienceMs);
  // Reads on until a close frame or the end. The close's code; 0: it ended without; -1: nothing.
  int read_close(int ms = kPatienceMs);

 private:
  bool fill(int ms);
  long read_into(char* to, std::size_t most);

  int fd_ = -1;
  SSL_CTX* context_ = nullptr;
  SSL* ssl_ = nullptr;
  std::string input_;
  bool ended_ = false;
  std::string response_;
};

}  // namespace portcullis::test
