#include "gateway/client/signed_queries.h"

#include <fmt/format.h>

#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <utility>

#include "feeds/epoch_clock.h"
#include "gateway/json/signature.h"
#include "risk/types.h"

namespace portcullis::gateway::client {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

namespace {

constexpr auto kAnswerLimit = std::chrono::seconds(10);
constexpr std::size_t kBodyMax = 8 << 20;
const std::string kReceiveWindow = "5000";  // ms
using risk::kNsPerMs;

}  // namespace

SignedQueries::SignedQueries(asio::io_context& io, const asio::ip::tcp::endpoint& endpoint,
                             std::string api_key, std::string secret)
    : io_(io), endpoint_(endpoint), api_key_(std::move(api_key)), secret_(std::move(secret)) {}

void SignedQueries::get(const std::string& path, const std::string& query, Answered answered,
                        Lost lost) {
  answered_ = std::move(answered);
  lost_ = std::move(lost);
  const std::string time = fmt::format("{}", feeds::epoch_ns() / kNsPerMs);
  request_ = {http::verb::get, fmt::format("{}?{}", path, query), 11};
  request_.set(http::field::host,
               fmt::format("{}:{}", endpoint_.address().to_string(), endpoint_.port()));
  request_.set("X-BAPI-API-KEY", api_key_);
  request_.set("X-BAPI-TIMESTAMP", time);
  request_.set("X-BAPI-RECV-WINDOW", kReceiveWindow);
  request_.set("X-BAPI-SIGN", json::hmac_sha256(secret_, fmt::format("{}{}{}{}", time, api_key_,
                                                                     kReceiveWindow, query)));
  if (stream_) {
    write();
  } else {
    open();
  }
}

void SignedQueries::open() {
  used_ = false;
  input_.clear();
  stream_.emplace(io_);
  stream_->expires_after(kAnswerLimit);
  stream_->async_connect(endpoint_, [self = shared_from_this()](error_code error) {
    if (self->dropped_) return;
    if (error) return self->failed("cannot connect", error);
    self->write();
  });
}

void SignedQueries::write() {
  stream_->expires_after(kAnswerLimit);
  http::async_write(*stream_, request_, [self = shared_from_this()](error_code error, std::size_t) {
    if (self->dropped_) return;
    if (error) return self->failed("cannot ask", error);
    self->response_.emplace();
    self->response_->body_limit(kBodyMax);
    http::async_read(*self->stream_, self->input_, *self->response_,
                     [self](error_code no_answer, std::size_t) {
                       if (self->dropped_) return;
                       if (no_answer) return self->failed("no answer", no_answer);
                       self->used_ = true;
                       if (!self->response_->get().keep_alive()) self->stream_.reset();
                       const std::string body = std::move(self->response_->get().body());
                       const auto answered = std::move(self->answered_);
                       answered(body);
                     });
  });
}

// A connection that was kept may have been closed meanwhile.
void SignedQueries::failed(const std::string& what, error_code error) {
  if (std::exchange(used_, false)) return open();
  stream_.reset();
  const auto lost = std::move(lost_);
  lost(fmt::format("{}: {}", what, error.message()));
}

void SignedQueries::drop() {
  dropped_ = true;
  if (stream_) stream_->close();
}

}  // namespace portcullis::gateway::client
