// Signed queries of a JSON client, GET and one after the other, over one connection of HTTP that is
// opened anew where the gate has closed it. One thread, that of the io_context.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace portcullis::gateway::client {

class SignedQueries : public std::enable_shared_from_this<SignedQueries> {
 public:
  using Answered = std::function<void(std::string_view)>;  // with the body
  using Lost = std::function<void(const std::string&)>;    // why there is no answer

  SignedQueries(boost::asio::io_context& io, const boost::asio::ip::tcp::endpoint& endpoint,
                std::string api_key, std::string secret);

  // One of the two is called, later. `query` is what stands behind the '?'. REQUIRES: the answer to
  // the one before has come.
  void get(const std::string& path, const std::string& query, Answered answered, Lost lost);
  // Nothing is called any more.
  void drop();

 private:
  void open();
  void write();
  void failed(const std::string& what, boost::system::error_code error);

  boost::asio::io_context& io_;
  const boost::asio::ip::tcp::endpoint endpoint_;
  const std::string api_key_;
  const std::string secret_;
  std::optional<boost::beast::tcp_stream> stream_;
  bool used_ = false;  // this connection has answered before
  bool dropped_ = false;
  boost::beast::flat_buffer input_;
  boost::beast::http::request<boost::beast::http::empty_body> request_;
  std::optional<boost::beast::http::response_parser<boost::beast::http::string_body>> response_;
  Answered answered_;
  Lost lost_;
};

}  // namespace portcullis::gateway::client
