#include "gateway/commands/control_client.h"

#include <fmt/format.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <stdexcept>
#include <type_traits>

namespace portcullis::gateway {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;

namespace {

constexpr auto kLimit = std::chrono::seconds(10);
constexpr std::size_t kReplyMax = 64 << 20;

// Connect, handshake where there is TLS, write, read; each step begins the next.
template <class Stream>
class Exchange {
 public:
  template <class... Args>
  explicit Exchange(asio::io_context& io, Args&... args) : io_(io), stream_(io, args...) {
    reply_.body_limit(kReplyMax);
  }

  ControlReply run(const ControlAddress& address, http::request<http::string_body> request) {
    request_ = std::move(request);
    tcp::resolver resolver(io_);
    error_code error;
    const auto endpoints = resolver.resolve(address.host, address.port, error);
    if (error) fail("no such address", error);
    if constexpr (kIsTls) {
      stream_.set_verify_callback(asio::ssl::host_name_verification(address.host));
      // The macro for it casts in a way that we do not.
      std::string host = address.host;
      SSL_ctrl(stream_.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
               host.data());
    }
    lowest().expires_after(kLimit);
    lowest().async_connect(endpoints, [this](error_code e, const tcp::endpoint&) {
      if (!is_wrong("cannot connect", e)) connected();
    });
    io_.run();
    if (!problem_.empty()) throw std::runtime_error(problem_);
    return {reply_.get().result_int(), std::move(reply_.get().body())};
  }

 private:
  static constexpr bool kIsTls = !std::is_same_v<Stream, beast::tcp_stream>;

  beast::tcp_stream& lowest() { return beast::get_lowest_layer(stream_); }

  [[noreturn]] static void fail(std::string_view what, error_code error) {
    throw std::runtime_error(fmt::format("the control plane: {}: {}", what, error.message()));
  }
  bool is_wrong(std::string_view what, error_code error) {
    if (error) problem_ = fmt::format("the control plane: {}: {}", what, error.message());
    return error.failed();
  }

  void connected() {
    if constexpr (kIsTls) {
      stream_.async_handshake(asio::ssl::stream_base::client, [this](error_code e) {
        if (!is_wrong("no TLS", e)) write();
      });
    } else {
      write();
    }
  }
  void write() {
    http::async_write(stream_, request_, [this](error_code e, std::size_t) {
      if (!is_wrong("cannot ask", e)) read();
    });
  }
  void read() {
    http::async_read(stream_, input_, reply_,
                     [this](error_code e, std::size_t) { (void)is_wrong("no reply", e); });
  }

  asio::io_context& io_;
  Stream stream_;
  http::request<http::string_body> request_;
  beast::flat_buffer input_;
  http::response_parser<http::string_body> reply_;
  std::string problem_;
};

}  // namespace

void set_address(ControlAddress& address, std::string_view text) {
  const std::size_t colon = text.rfind(':');
  std::string_view host = colon == text.npos ? std::string_view() : text.substr(0, colon);
  const std::string_view port = colon == text.npos ? text : text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const bool is_port =
      !port.empty() && port.size() <= 5 &&
      std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!is_port || (colon != text.npos && host.empty()))
    throw std::runtime_error(fmt::format("\"{}\": must be HOST:PORT or a port", text));
  if (!host.empty()) address.host = host;
  address.port = port;
}

ControlReply ask_control(const ControlAddress& address, std::string_view method,
                         const std::string& target, const std::string& body) {
  http::request<http::string_body> request;
  request.method_string({method.data(), method.size()});
  request.target(target);
  request.version(11);
  const bool is_v6 = address.host.find(':') != std::string::npos;
  request.set(http::field::host, fmt::format("{0}{2}{1}:{3}", is_v6 ? "[" : "", is_v6 ? "]" : "",
                                             address.host, address.port));
  request.set(http::field::connection, "close");
  if (!address.token.empty()) request.set(http::field::authorization, "Bearer " + address.token);
  if (method != "GET") {
    request.set(http::field::content_type, "application/json");
    request.body() = body;
  }
  request.prepare_payload();
  asio::io_context io(1);
  if (address.authority.empty())
    return Exchange<beast::tcp_stream>(io).run(address, std::move(request));
  asio::ssl::context context(asio::ssl::context::tls_client);
  context.set_verify_mode(asio::ssl::verify_peer);
  error_code error;
  context.load_verify_file(address.authority.string(), error);
  if (error) {
    throw std::runtime_error(
        fmt::format("{}: no certificate: {}", address.authority.string(), error.message()));
  }
  return Exchange<beast::ssl_stream<beast::tcp_stream>>(io, context)
      .run(address, std::move(request));
}

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (is_plain) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

}  // namespace portcullis::gateway
