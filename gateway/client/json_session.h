// A session over JSON: it logs in on /v5/trade, where it sends its orders, and on /v5/private, where
// it hears of them. Behind a lost connection it asks what happened meanwhile: there is no stream with
// numbers.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/client/json_ledger.h"
#include "gateway/client/json_orders.h"
#include "gateway/client/server_texts.h"
#include "gateway/client/session.h"
#include "gateway/client/signed_queries.h"
#include "gateway/client/web_socket.h"

namespace portcullis::gateway::client {

class JsonSession final : public Session {
 public:
  // As of Session; `session` is that of the plan and of the deployment of `orders`, and speaks JSON.
  JsonSession(boost::asio::io_context& io, const Plan& plan, const JsonOrders& orders,
              std::uint16_t session, Login login, Times& times,
              std::int64_t reconnect_limit_ns = 0);
  ~JsonSession() override;

  void send(const Message& message, std::int64_t due_ns) override;
  void send_barrier() override {}
  void flush() override;
  void logout() override;
  // Everything is handed over and answered, and what the gate has taken the venue has answered too.
  [[nodiscard]] bool is_settled() const override;

  // At the end: what the queries list of this run, told by listed(). While it goes on the session is
  // not settled; with the connection it is lost.
  void list_all();
  [[nodiscard]] const JsonLedger::Listed& listed() const { return listed_; }
  // As of JsonLedger.
  void close_books() { books_.close_books(); }

 private:
  struct Entry {
    const Message* message = nullptr;
    std::int64_t due_ns = 0;
  };
  // A list that a query gives page by page. `take` says whether the rest of it is not wanted.
  struct Listing {
    std::string path;
    std::string query;
    std::function<bool(const ServerText&)> take;
  };

  void open_connection() override;
  void drop_connection() override;
  void keep_up(std::int64_t) override {}

  [[nodiscard]] std::shared_ptr<WebSocket> open(const std::string& path, bool is_trade);
  void log_in(WebSocket& socket);
  void on_text(std::string_view text, bool is_trade);
  void on_control_reply(const ServerText& text, bool is_trade);
  void refused(std::string_view what, const ServerText& text);
  void logged_in();
  void look_up();
  void looked_up();
  void ask(std::vector<Listing> listings, std::function<void()> then);
  void ask_next();
  void on_page(std::string_view body);
  void pump();

  boost::asio::io_context& io_;
  const JsonOrders& orders_;
  const std::string api_key_;
  const std::string secret_;
  std::vector<std::string> categories_;  // of its instruments
  JsonLedger books_;
  TextReader reader_;

  std::shared_ptr<WebSocket> trade_;
  std::shared_ptr<WebSocket> private_;
  bool trade_ready_ = false;
  bool private_ready_ = false;
  bool was_ready_ = false;  // at some time

  // What was sent or waits for it, in order, up to handed_ handed over; before that go those that are
  // sent again, by request.
  std::vector<Entry> log_;
  std::deque<std::size_t> again_;

  std::shared_ptr<SignedQueries> queries_;
  std::deque<Listing> listings_;
  std::string cursor_;
  std::function<void()> then_;
  bool listing_all_ = false;
  JsonLedger::Listed listed_;
};

}  // namespace portcullis::gateway::client
