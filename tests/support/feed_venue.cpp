#include "tests/support/feed_venue.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>

namespace portcullis::test {

namespace {

constexpr int kSliceMs = 10;

std::string accept_of(std::string_view head) {
  constexpr std::string_view kName = "Sec-WebSocket-Key: ";
  const std::size_t at = head.find(kName);
  if (at == std::string_view::npos) return {};
  const std::size_t begin = at + kName.size();
  std::string key(head.substr(begin, head.find("\r\n", begin) - begin));
  key += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 section 1.3
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned size = 0;
  EVP_Digest(key.data(), key.size(), hash.data(), &size, EVP_sha1(), nullptr);
  std::array<unsigned char, 64> text{};
  EVP_EncodeBlock(text.data(), hash.data(), static_cast<int>(size));
  return reinterpret_cast<const char*>(text.data());
}

// The text in quotes, or the number, behind `name`.
std::string word_behind(std::string_view text, std::string_view name) {
  const std::size_t at = text.find(name);
  if (at == std::string_view::npos) return {};
  std::string_view rest = text.substr(at + name.size());
  if (rest.starts_with('"')) {
    rest.remove_prefix(1);
    return std::string(rest.substr(0, rest.find('"')));
  }
  return std::string(rest.substr(0, rest.find_first_of(",}")));
}

VenueRequest request_of(std::string text) {
  using Verb = VenueRequest::Verb;
  VenueRequest request;
  const auto has = [&](std::string_view word) { return text.find(word) != std::string::npos; };
  if (has("unsubscribe\"") || has("\"UNSUBSCRIBE\"")) {
    request.verb = Verb::Unsubscribe;
  } else if (has("subscribe\"") || has("\"SUBSCRIBE\"")) {
    request.verb = Verb::Subscribe;
  } else if (has("\"ping\"")) {
    request.verb = Verb::Ping;
  } else if (has("set_heartbeat")) {
    request.verb = Verb::Heartbeat;
  } else if (has("public/test")) {
    request.verb = Verb::Test;
  } else {
    request.verb = Verb::Other;
  }
  request.id = word_behind(text, "\"req_id\":");
  if (request.id.empty()) request.id = word_behind(text, "\"id\":");
  const std::size_t begin = text.find('[');
  const std::size_t end = text.find(']');
  for (std::size_t at = begin; at < end && begin != std::string::npos;) {
    const std::size_t open = text.find('"', at);
    if (open >= end) break;
    const std::size_t close = text.find('"', open + 1);
    request.topics.push_back(text.substr(open + 1, close - open - 1));
    at = close + 1;
  }
  request.text = std::move(text);
  return request;
}

}  // namespace

VenueConnection::VenueConnection(int fd, const std::atomic<bool>& stopping)
    : fd_(fd), stopping_(stopping) {
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::fcntl(fd_, F_SETFL, O_NONBLOCK);
}

VenueConnection::~VenueConnection() { close(); }

void VenueConnection::close() {
  if (ssl_ != nullptr) SSL_free(ssl_);
  if (context_ != nullptr) SSL_CTX_free(context_);
  ssl_ = nullptr;
  context_ = nullptr;
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void VenueConnection::reset() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

bool VenueConnection::shake_hands(const std::filesystem::path& certificate,
                                  const std::filesystem::path& key) {
  context_ = SSL_CTX_new(TLS_server_method());
  if (SSL_CTX_use_certificate_chain_file(context_, certificate.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context_, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    throw std::runtime_error("no certificate");
  }
  ssl_ = SSL_new(context_);
  SSL_set_fd(ssl_, fd_);
  for (int waited = 0; waited < kPatienceMs && !stopping_; waited += kSliceMs) {
    const int result = SSL_accept(ssl_);
    if (result == 1) return true;
    const int error = SSL_get_error(ssl_, result);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) return false;
    pollfd poll{.fd = fd_, .events = POLLIN, .revents = 0};
    ::poll(&poll, 1, kSliceMs);
  }
  return false;
}

bool VenueConnection::send(std::string_view bytes) {
  for (int waited = 0; !bytes.empty();) {
    if (fd_ < 0 || stopping_) return false;
    const long sent = ssl_ != nullptr
                          ? SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                          : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    const bool is_full = ssl_ != nullptr
                             ? SSL_get_error(ssl_, static_cast<int>(sent)) == SSL_ERROR_WANT_WRITE
                             : errno == EAGAIN || errno == EWOULDBLOCK;
    if (!is_full || waited >= kPatienceMs) return false;
    pollfd poll{.fd = fd_, .events = POLLOUT, .revents = 0};
    ::poll(&poll, 1, kSliceMs);
    waited += kSliceMs;
  }
  return true;
}

// Whether anything came.
bool VenueConnection::fill() {
  for (int waited = 0; waited < kPatienceMs && !stopping_ && fd_ >= 0; waited += kSliceMs) {
    std::array<char, 16'384> bytes;
    const long got = ssl_ != nullptr ? SSL_read(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                                     : ::recv(fd_, bytes.data(), bytes.size(), 0);
    if (got > 0) {
      input_.append(bytes.data(), static_cast<std::size_t>(got));
      return true;
    }
    const bool is_empty = ssl_ != nullptr
                              ? SSL_get_error(ssl_, static_cast<int>(got)) == SSL_ERROR_WANT_READ
                              : got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    if (!is_empty) return false;
    pollfd poll{.fd = fd_, .events = POLLIN, .revents = 0};
    ::poll(&poll, 1, kSliceMs);
  }
  return false;
}

bool VenueConnection::have(std::size_t count) {
  while (input_.size() < count) {
    if (!fill()) return false;
  }
  return true;
}

bool VenueConnection::upgrade() {
  std::size_t end = std::string::npos;
  while ((end = input_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return false;
  }
  head_ = input_.substr(0, end + 4);
  input_.erase(0, end + 4);
  return send(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: " +
      accept_of(head_) + "\r\n\r\n");
}

bool VenueConnection::read_message(Frame& frame) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(input_[at]); };
  if (!have(2)) return false;
  frame.opcode = byte(0) & 15;
  std::uint64_t length = byte(1) & 0x7F;
  std::size_t head = 2;
  if (length >= 126) {
    const std::size_t size = length == 126 ? 2 : 8;
    if (!have(head + size)) return false;
    length = 0;
    for (std::size_t b = 0; b < size; ++b) length = length << 8 | byte(head + b);
    head += size;
  }
  if (!have(head + 4 + length)) return false;
  frame.payload = input_.substr(head + 4, length);
  for (std::size_t i = 0; i < length; ++i) {
    frame.payload[i] =
        static_cast<char>(static_cast<unsigned char>(frame.payload[i]) ^ byte(head + i % 4));
  }
  input_.erase(0, head + 4 + length);
  return true;
}

VenueRequest VenueConnection::read_request() {
  Frame frame;
  while (read_message(frame)) {
    if (frame.opcode == 9) {
      ++pings;
      if (!deaf) send_frame({.opcode = 10, .payload = frame.payload});
    } else if (frame.opcode == 8) {
      if (frame.payload.size() >= 2) {
        close_code = static_cast<unsigned char>(frame.payload[0]) << 8 |
                     static_cast<unsigned char>(frame.payload[1]);
      }
      if (!deaf) send_frame({.opcode = 8, .payload = frame.payload});
      return {};
    } else if (frame.opcode == 1) {
      return request_of(frame.payload);
    }
  }
  return {};
}

void VenueConnection::answer(VenueWords words, const VenueRequest& request) {
  using Verb = VenueRequest::Verb;
  if (request.verb == Verb::Subscribe) {
    subscribed.insert(subscribed.end(), request.topics.begin(), request.topics.end());
  }
  std::string list;
  for (const std::string& topic : request.topics) {
    list += (list.empty() ? "\"" : ",\"") + topic + "\"";
  }
  switch (words) {
    case VenueWords::Deribit:
      send_text(R"({"jsonrpc":"2.0","id":)" + request.id + R"(,"result":)" +
                (request.verb == Verb::Heartbeat ? R"("ok")"
                 : request.verb == Verb::Test    ? R"({"version":"1.2.26"})"
                                                 : "[" + list + "]") +
                R"(,"usIn":1,"usOut":2,"usDiff":1,"testnet":false})");
      return;
    case VenueWords::Binance:
      send_text(R"({"result":null,"id":)" + request.id + "}");
      return;
    case VenueWords::Bybit:
      send_text(request.verb == Verb::Ping
                    ? R"({"success":true,"ret_msg":"pong","conn_id":"c","req_id":")" + request.id +
                          R"(","op":"ping"})"
                    : R"({"success":true,"ret_msg":"","conn_id":"c","req_id":")" + request.id +
                          R"(","op":")" +
                          (request.verb == Verb::Subscribe ? "subscribe" : "unsubscribe") +
                          R"("})");
      return;
  }
}

bool VenueConnection::serve_subscriptions(VenueWords words, std::size_t topics) {
  const std::size_t wanted = subscribed.size() + topics;
  while (subscribed.size() < wanted) {
    const VenueRequest request = read_request();
    if (request.verb == VenueRequest::Verb::None) return false;
    answer(words, request);
  }
  return true;
}

bool VenueConnection::play(const feeds::RecordedSession& session) {
  for (const feeds::SessionRow& row : session.rows) {
    if (row.kind == feeds::SessionRowKind::Received && !send_text(row.frame)) return false;
  }
  return true;
}

void VenueConnection::hold() {
  while (fill()) input_.clear();
}

void VenueConnection::hold(VenueWords words) {
  for (VenueRequest request = read_request(); request.verb != VenueRequest::Verb::None;
       request = read_request()) {
    answer(words, request);
  }
}

FeedVenue::FeedVenue(std::vector<Script> scripts) : scripts_(std::move(scripts)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::listen(listener_, 16) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("cannot listen");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

FeedVenue::~FeedVenue() {
  stopping_ = true;
  thread_.join();
  ::close(listener_);
}

void FeedVenue::run() {
  while (!stopping_) {
    pollfd poll{.fd = listener_, .events = POLLIN, .revents = 0};
    if (::poll(&poll, 1, kSliceMs) <= 0) continue;
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    VenueConnection connection(fd, stopping_);
    const auto n = static_cast<std::size_t>(connections_++);
    scripts_[std::min(n, scripts_.size() - 1)](connection);
  }
}

}  // namespace portcullis::test
