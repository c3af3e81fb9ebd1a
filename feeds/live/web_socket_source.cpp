#include "feeds/live/web_socket_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <limits>

#include "feeds/epoch_clock.h"
#include "feeds/live/venue_words.h"

namespace portcullis::feeds {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kTextMax = 256;

bool is_text_of_a_target(std::string_view text) {
  return text.size() <= kTextMax &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

// By its name; what the name stands for is looked at before a connection.
bool may_be_loopback(const std::string& host) {
  boost::system::error_code error;
  const asio::ip::address address = asio::ip::make_address(host, error);
  return error ? host == "localhost" : address.is_loopback();
}

std::string target_of(const WebSocketSourceSettings& settings, const Conversation& conversation) {
  if (!settings.conversation.topics_in_path) return settings.path;
  const std::vector<std::string_view> topics = conversation.topics();
  return settings.path + '?' + streams_query(topics);
}

}  // namespace

std::string problem_of(const WebSocketSourceSettings& settings) {
  if (settings.host.empty() || !is_text_of_a_target(settings.host)) {
    return fmt::format("host: {} is none", settings.host);
  }
  if (settings.port == 0) return "port: is missing";
  if (!settings.path.starts_with('/') || !is_text_of_a_target(settings.path)) {
    return fmt::format("path: {} is none", settings.path);
  }
  if (!settings.tls && !may_be_loopback(settings.host)) {
    return fmt::format("tls: {} is not the loopback, and cannot be without", settings.host);
  }
  return problem_of(settings.conversation);
}

WebSocketSource::WebSocketSource(asio::io_context& io, std::uint32_t index,
                                 const WebSocketSourceSettings& settings, const SourceSink& sink,
                                 std::uint64_t seed)
    : io_(io),
      index_(index),
      settings_(settings),
      sink_(sink),
      conversation_(
          settings.conversation, *this,
          {.on_update = [this](const MarketUpdate& update) { sink_.on_update(index_, update); },
           .on_event =
               [this](SourceState state, bool is_problem, std::string_view text) {
                 sink_.on_event({.source = index_,
                                 .state = state,
                                 .time_ns = epoch_ns(),
                                 .is_problem = is_problem,
                                 .text = text});
               }},
          seed),
      timer_(io),
      timer_at_ns_(kNever) {
  if (settings.tls) tls_.emplace(make_client_tls(settings.tls->authorities));
}

void WebSocketSource::start() {
  conversation_.start(epoch_ns());
  settle();
}

void WebSocketSource::stop() {
  conversation_.stop(epoch_ns());
  timer_.cancel();
  timer_at_ns_ = kNever;
  settle();
}

// --- the conversation's connection

void WebSocketSource::open() {
  // An event of a connection that was replaced cannot come: it was closed.
  socket_ = make_web_socket(io_,
                            {.host = settings_.host,
                             .port = settings_.port,
                             .target = target_of(settings_, conversation_),
                             .message_bytes_max = settings_.conversation.limits.frame_bytes_max},
                            tls_ ? &*tls_ : nullptr,
                            {.on_open =
                                 [this] {
                                   conversation_.on_open(epoch_ns());
                                   settle();
                                 },
                             .on_message =
                                 [this](std::string_view text) {
                                   conversation_.on_message(text, epoch_ns());
                                   settle();
                                 },
                             .on_control =
                                 [this] {
                                   conversation_.on_control(epoch_ns());
                                   settle();
                                 },
                             .on_closed =
                                 [this](std::string_view why) {
                                   conversation_.on_closed(why, epoch_ns());
                                   settle();
                                 }});
  socket_->connect();
}

void WebSocketSource::send(std::string text) { socket_->send(std::move(text)); }
void WebSocketSource::ping() { socket_->ping(); }
void WebSocketSource::close() { socket_->close(); }
std::string_view WebSocketSource::stage() const { return socket_->stage(); }

// A timer that is early does no harm: it finds nothing due, and waits on. So it is not set anew for
// each message, which only puts things off.
void WebSocketSource::settle() {
  status_.publish(conversation_.state(), conversation_.counters(),
                  conversation_.decoder().counts().updates, conversation_.last_error());
  const std::int64_t due_ns = conversation_.next_due_ns();
  if (due_ns >= timer_at_ns_) return;
  timer_at_ns_ = due_ns;
  timer_.expires_after(std::chrono::nanoseconds(std::max<std::int64_t>(0, due_ns - epoch_ns())));
  timer_.async_wait([this](boost::system::error_code error) {
    if (error) return;  // set anew, or stopped
    timer_at_ns_ = kNever;
    conversation_.step(epoch_ns());
    settle();
  });
}

}  // namespace portcullis::feeds
