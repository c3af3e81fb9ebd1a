#include "tests/support/raw_peer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <utility>

namespace portcullis::test {

namespace {

using Clock = std::chrono::steady_clock;

bool wait_for(int fd, short events, int ms) {
  pollfd poll{.fd = fd, .events = events, .revents = 0};
  return ::poll(&poll, 1, ms) > 0;
}

int ms_until(Clock::time_point end) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
  return std::max(0, static_cast<int>(left.count()));
}

}  // namespace

void make_certificate(const std::filesystem::path& certificate, const std::filesystem::path& key,
                      long ends_in_s) {
  EVP_PKEY* pair = EVP_EC_gen("P-256");
  X509* x509 = X509_new();
  ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
  X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x509), ends_in_s);
  X509_set_pubkey(x509, pair);
  X509_NAME* name = X509_get_subject_name(x509);
  const std::array<unsigned char, 9> host{'l', 'o', 'c', 'a', 'l', 'h', 'o', 's', 't'};
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, host.data(), host.size(), -1, 0);
  X509_set_issuer_name(x509, name);
  X509_sign(x509, pair, EVP_sha256());
  std::FILE* file = std::fopen(certificate.c_str(), "w");
  if (file == nullptr) throw std::runtime_error("no file for a certificate");
  PEM_write_X509(file, x509);
  std::fclose(file);
  file = std::fopen(key.c_str(), "w");
  if (file == nullptr) throw std::runtime_error("no file for a key");
  std::filesystem::permissions(key, std::filesystem::perms(0600));
  PEM_write_PrivateKey(file, pair, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  X509_free(x509);
  EVP_PKEY_free(pair);
}

std::string bytes_of(const Frame& frame) {
  std::string bytes;
  const auto put = [&](std::uint64_t value, int count) {
    for (int b = count; b-- > 0;) bytes += static_cast<char>(value >> (8 * b) & 0xFF);
  };
  put((frame.fin ? 0x80U : 0U) | static_cast<unsigned>(frame.reserved) << 4 | frame.opcode, 1);
  const unsigned mask = frame.masked ? 0x80 : 0;
  const std::size_t length = frame.payload.size();
  if (frame.length_bytes == 8 || length > 0xFFFF) {
    put(mask | 127, 1);
    put(length, 8);
  } else if (frame.length_bytes == 2 || length > 125) {
    put(mask | 126, 1);
    put(length, 2);
  } else {
    put(mask | length, 1);
  }
  if (!frame.masked) return bytes + frame.payload;
  constexpr std::array<unsigned char, 4> kKey{0x37, 0xFA, 0x21, 0x3D};
  for (const unsigned char k : kKey) bytes += static_cast<char>(k);
  for (std::size_t i = 0; i < length; ++i)
    bytes += static_cast<char>(static_cast<unsigned char>(frame.payload[i]) ^ kKey[i % 4]);
  return bytes;
}

RawPeer::RawPeer(std::uint16_t port, Tls tls, int receive_buffer, const char* from) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_buffer != 0)
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (from != nullptr &&
      (::inet_pton(AF_INET, from, &address.sin_addr) != 1 ||
       ::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)) {
    close();
    return;
  }
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close();
    return;
  }
  if (tls == Tls::Yes) {
    context_ = SSL_CTX_new(TLS_client_method());
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, fd_);
    if (SSL_connect(ssl_) != 1) {
      close();
      return;
    }
  }
  ::fcntl(fd_, F_SETFL, O_NONBLOCK);
}

RawPeer::~RawPeer() { close(); }

void RawPeer::close() {
  if (ssl_ != nullptr) SSL_free(ssl_);
  if (context_ != nullptr) SSL_CTX_free(context_);
  ssl_ = nullptr;
  context_ = nullptr;
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void RawPeer::shut_down_sending() { ::shutdown(fd_, SHUT_WR); }

std::size_t RawPeer::send_some(std::string_view bytes) {
  if (fd_ < 0) return 0;
  const long sent = ssl_ != nullptr
                        ? SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                        : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent > 0 ? static_cast<std::size_t>(sent) : 0;
}

bool RawPeer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t sent = send_some(bytes);
    bytes.remove_prefix(sent);
    if (sent == 0) {
      if (!wait_for(fd_, POLLOUT, kPatienceMs)) return false;
      int error = 0;
      socklen_t size = sizeof error;
      ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
      if (error != 0) return false;
      pollfd poll{.fd = fd_, .events = POLLOUT, .revents = 0};
      if (::poll(&poll, 1, 0) > 0 && (poll.revents & (POLLERR | POLLHUP)) != 0) return false;
    }
  }
  return true;
}

long RawPeer::read_into(char* to, std::size_t most) {
  if (ssl_ == nullptr) return ::recv(fd_, to, most, MSG_DONTWAIT);
  const int got = SSL_read(ssl_, to, static_cast<int>(most));
  if (got > 0) return got;
  return SSL_get_error(ssl_, got) == SSL_ERROR_WANT_READ ? -1 : 0;
}

// Whether anything came within `ms`; the end counts.
bool RawPeer::fill(int ms) {
  if (fd_ < 0 || ended_) return false;
  const auto end = Clock::now() + std::chrono::milliseconds(ms);
  for (;;) {
    std::array<char, 65'536> bytes;
    errno = 0;
    const long got = read_into(bytes.data(), bytes.size());
    if (got > 0) {
      input_.append(bytes.data(), static_cast<std::size_t>(got));
      return true;
    }
    if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && ssl_ == nullptr)) {
      ended_ = true;
      return true;
    }
    if (!wait_for(fd_, POLLIN, ms_until(end))) return false;
  }
}

std::optional<std::string> RawPeer::read_to_end() {
  while (!ended_) {
    if (!fill(kPatienceMs)) return std::nullopt;
  }
  return std::move(input_);
}

std::string RawPeer::read_for(int ms) {
  while (!ended_ && fill(ms)) {
  }
  return std::exchange(input_, {});
}

std::string RawPeer::read_response() {
  std::size_t head = std::string::npos;
  while ((head = input_.find("\r\n\r\n")) == std::string::npos) {
    if (ended_ || !fill(kPatienceMs)) return {};
  }
  head += 4;
  std::size_t body = 0;
  const std::size_t at = input_.find("Content-Length: ");
  if (at < head) body = std::stoul(input_.substr(at + 16));
  while (input_.size() < head + body) {
    if (ended_ || !fill(kPatienceMs)) return {};
  }
  const std::string response = input_.substr(0, head + body);
  input_.erase(0, head + body);
  return response;
}

bool RawPeer::open(std::string_view path) {
  send("GET " + std::string(path) +
       " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
  response_ = read_response();
  // The accept of that key, from RFC 6455 section 1.3.
  return response_.starts_with("HTTP/1.1 101 ") &&
         response_.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") != std::string::npos;
}

std::optional<Frame> RawPeer::read_frame(int ms) {
  const auto end = Clock::now() + std::chrono::milliseconds(ms);
  const auto have = [&](std::size_t count) {
    while (input_.size() < count) {
      if (ended_ || !fill(ms_until(end))) return false;
    }
    return true;
  };
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(input_[at]); };
  if (!have(2)) return std::nullopt;
  Frame frame;
  frame.fin = (byte(0) & 0x80) != 0;
  frame.reserved = byte(0) >> 4 & 7;
  frame.opcode = byte(0) & 15;
  frame.masked = (byte(1) & 0x80) != 0;
  std::uint64_t length = byte(1) & 0x7F;
  std::size_t head = 2;
  if (length >= 126) {
    const std::size_t bytes = length == 126 ? 2 : 8;
    if (!have(head + bytes)) return std::nullopt;
    length = 0;
    for (std::size_t b = 0; b < bytes; ++b) length = length << 8 | byte(head + b);
    head += bytes;
  }
  if (!have(head + length)) return std::nullopt;
  frame.payload = input_.substr(head, length);
  input_.erase(0, head + length);
  return frame;
}

std::string RawPeer::read_text(int ms) {
  std::string text;
  while (const std::optional<Frame> frame = read_frame(ms)) {
    if (frame->opcode == 9) {
      send_frame({.opcode = 10, .payload = frame->payload});
    } else if (frame->opcode <= 1) {
      text += frame->payload;
      if (frame->fin) return text;
    } else if (frame->opcode == 8) {
      return {};
    }
  }
  return {};
}

int RawPeer::read_close(int ms) {
  while (const std::optional<Frame> frame = read_frame(ms)) {
    if (frame->opcode != 8) continue;
    if (frame->payload.size() < 2) return 1005;
    return static_cast<unsigned char>(frame->payload[0]) << 8 |
           static_cast<unsigned char>(frame->payload[1]);
  }
  return ended_ ? 0 : -1;
}

}  // namespace portcullis::test
