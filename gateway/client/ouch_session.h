// A session over OUCH and SoupBinTCP: log in, ask for the numbers, send what the plan says.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "gateway/client/session.h"
#include "gateway/soup/client_connection.h"

namespace portcullis::gateway::client {

class OuchSession final : public Session {
 public:
  // As of Session.
  OuchSession(boost::asio::io_context& io, const Plan& plan, std::uint32_t numbers, Login login,
              Times& times, std::int64_t reconnect_limit_ns = 0);

  void send(const Message& message, std::int64_t due_ns) override;
  // Queues an account query as the last message.
  void send_barrier() override;
  void flush() override;
  void logout() override;
  // Everything is handed over and every query was answered: the gate has processed all that was
  // sent before the last one.
  [[nodiscard]] bool is_settled() const override {
    return state_ == State::Closed ||
           (state_ == State::Ready && next_ == log_.size() && asked_.empty());
  }

 private:
  struct Entry {
    const Message* message = nullptr;
    std::int64_t due_ns = 0;  // 0: a barrier
  };

  void open_connection() override;
  void drop_connection() override;
  void keep_up(std::int64_t now_ns) override;
  void log_in();
  void ask();
  void pump();
  void wait_readable();
  void on_readable();
  void take_events();
  void logged_in(const soup::ClientEvent& event);
  void take(const soup::ClientEvent& event);
  void answered_query(std::uint64_t sequence);
  void go_on();
  void wait_writable();
  void close_socket();

  boost::asio::ip::tcp::socket socket_;
  const std::string password_;
  soup::ClientConnection soup_;
  std::uint64_t connection_ = 0;  // which one; callbacks of an earlier one mean nothing
  bool waiting_writable_ = false;
  std::int64_t now_ns_ = 0;  // of the last read

  // What was sent or waits for it, in order. Before `known_` the gate has taken everything, before
  // `next_` everything was handed to this connection, before `handed_` to this or one before.
  std::vector<Entry> log_;
  std::size_t known_ = 0;
  std::size_t next_ = 0;
  // For each query without an answer, in order: what is known once it is answered.
  std::deque<std::size_t> asked_;
  bool has_asked_ = false;
  bool has_base_ = false;
  std::uint32_t next_number_ = 1;  // of the last answer

  // The gate's stream of messages to us.
  std::string stream_session_;
  std::uint64_t next_sequence_ = 0;  // 0: of the first login
  // Messages from here on were caused after the login, so that the answer to a query is one to ours.
  std::uint64_t fresh_sequence_ = 0;
  bool missing_ = false;  // messages before it have still to be asked for, with another login
};

}  // namespace portcullis::gateway::client
