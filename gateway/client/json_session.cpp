#include "gateway/client/json_session.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/json.h"
#include "feeds/epoch_clock.h"
#include "gateway/json/signature.h"
#include "risk/types.h"

namespace portcullis::gateway::client {

namespace {

using risk::kNsPerMs;
constexpr std::int64_t kLoginValidMs = 10'000;
// More that waits to leave is not added to.
constexpr std::size_t kOutputMax = 256 * 1024;

constexpr std::string_view kOpenOrders = "/v5/order/realtime";
constexpr std::string_view kClosedOrders = "/v5/order/history";
constexpr std::string_view kExecutions = "/v5/execution/list";
constexpr int kOrdersPerPage = 50;
constexpr int kExecutionsPerPage = 100;

std::int64_t epoch_ms() { return feeds::epoch_ns() / kNsPerMs; }

}  // namespace

JsonSession::JsonSession(boost::asio::io_context& io, const Plan& plan, const JsonOrders& orders,
                         std::uint16_t session, Login login, Times& times,
                         std::int64_t reconnect_limit_ns)
    : Session(plan, plan.numbers[session], std::move(login.user), times, reconnect_limit_ns),
      io_(io),
      orders_(orders),
      api_key_(std::move(login.api_key)),
      secret_(std::move(login.secret)),
      books_(orders, session, plan.numbers[session], ledger_, times.answers) {
  const json::Symbols& symbols = orders.symbols();
  for (const config::Alias& alias : symbols.deployment().sessions[session].aliases) {
    const std::string category(json::name_of(symbols.category(alias.instrument)));
    if (std::find(categories_.begin(), categories_.end(), category) == categories_.end())
      categories_.push_back(category);
  }
}

JsonSession::~JsonSession() { drop_connection(); }

// --- connections

void JsonSession::open_connection() {
  state_ = State::Connecting;
  trade_ready_ = private_ready_ = false;
  trade_ = open("/v5/trade", true);
  private_ = open("/v5/private", false);
}

std::shared_ptr<WebSocket> JsonSession::open(const std::string& path, bool is_trade) {
  auto socket = std::make_shared<WebSocket>(
      io_, WebSocket::Events{
               .opened = [this, is_trade] { log_in(is_trade ? *trade_ : *private_); },
               .text = [this, is_trade](std::string_view text) { on_text(text, is_trade); },
               .drained = [this] { flush(); },
               .lost = [this](const std::string& why) { lost(why); }});
  socket->connect(endpoint_, path);
  return socket;
}

void JsonSession::drop_connection() {
  if (state_ == State::Ready) books_.lost();
  if (trade_) trade_->drop();
  if (private_) private_->drop();
  if (queries_) queries_->drop();
  queries_.reset();
  listings_.clear();
  listing_all_ = false;
  again_.clear();
}

void JsonSession::logout() {
  if (state_ == State::Closed) return;
  if (trade_) trade_->close();
  if (private_) private_->close();
  trade_.reset();
  private_.reset();
  close("");
}

void JsonSession::log_in(WebSocket& socket) {
  state_ = State::LoggingIn;
  const std::int64_t expires_ms = epoch_ms() + kLoginValidMs;
  const std::string signature =
      json::hmac_sha256(secret_, fmt::format("GET/realtime{}", expires_ms));
  socket.send(fmt::format(R"({{"op":"auth","args":[{},{},"{}"]}})", config::quote(api_key_),
                          expires_ms, signature));
}

// A gate that cannot now, because it ends or has too much to do, is tried again.
void JsonSession::refused(std::string_view what, const ServerText& text) {
  const std::string why = fmt::format("{} refused: {} {}", what, text.code, text.message);
  if (text.code == json::kUnavailable || text.code == json::kTooMany) {
    lost(why);
  } else {
    close(why);
  }
}

void JsonSession::on_control_reply(const ServerText& text, bool is_trade) {
  if (text.code != json::kOk) return refused(text.op, text);
  if (text.op == "subscribe") {
    private_ready_ = true;
  } else if (is_trade) {
    trade_ready_ = true;
  } else {
    private_->send(R"({"op":"subscribe","args":["order","execution"]})");
  }
  if (trade_ready_ && private_ready_) logged_in();
}

void JsonSession::logged_in() {
  if (was_ready_) return look_up();
  was_ready_ = true;
  ready();
  flush();
}

// --- what happened meanwhile

// Pushes come already: what changes while the pages are read is told twice rather than never.
void JsonSession::look_up() {
  state_ = State::Asking;
  std::vector<Listing> listings;
  const auto add = [&](std::string_view path, std::string query,
                       std::function<bool(const ServerText&)> take) {
    listings.push_back({std::string(path), std::move(query), std::move(take)});
  };
  for (const std::string& category : categories_) {
    const auto query = [&](int limit) {
      return fmt::format("category={}&limit={}", category, limit);
    };
    add(kOpenOrders, query(kOrdersPerPage) + "&openOnly=0", [this](const ServerText& page) {
      (void)books_.on_orders(page);
      return false;
    });
    add(kClosedOrders, query(kOrdersPerPage),
        [this](const ServerText& page) { return books_.on_orders(page); });
    add(kExecutions, query(kExecutionsPerPage),
        [this](const ServerText& page) { return books_.on_executions(page); });
  }
  ask(std::move(listings), [this] { looked_up(); });
}

void JsonSession::looked_up() {
  const std::vector<std::size_t> again = books_.looked_up(steady_ns());
  again_.assign(again.begin(), again.end());
  last_received_ns_ = steady_ns();
  ready();
  flush();
}

void JsonSession::list_all() {
  if (state_ != State::Ready) return;
  listing_all_ = true;
  listed_ = {};
  std::vector<Listing> listings;
  const auto take = [this](const ServerText& page) {
    books_.add(page, listed_);
    return false;
  };
  for (const std::string& category : categories_) {
    listings.push_back({std::string(kOpenOrders),
                        fmt::format("category={}&limit={}&openOnly=0", category, kOrdersPerPage),
                        take});
    listings.push_back({std::string(kExecutions),
                        fmt::format("category={}&limit={}", category, kExecutionsPerPage), take});
  }
  ask(std::move(listings), [this] { listing_all_ = false; });
}

void JsonSession::ask(std::vector<Listing> listings, std::function<void()> then) {
  queries_ = std::make_shared<SignedQueries>(io_, endpoint_, api_key_, secret_);
  listings_.assign(listings.begin(), listings.end());
  cursor_.clear();
  then_ = std::move(then);
  ask_next();
}

void JsonSession::ask_next() {
  if (listings_.empty()) {
    queries_.reset();
    return then_();
  }
  const Listing& listing = listings_.front();
  const std::string query =
      cursor_.empty() ? listing.query : fmt::format("{}&cursor={}", listing.query, cursor_);
  queries_->get(
      listing.path, query, [this](std::string_view body) { on_page(body); },
      [this](const std::string& why) { lost(why); });
}

void JsonSession::on_page(std::string_view body) {
  const ServerText& page = reader_.read(body);
  if (page.code != json::kOk) {
    const std::string path = listings_.front().path;
    return refused(path, page);
  }
  cursor_ = page.cursor;
  const bool is_enough = listings_.front().take(page);
  if (is_enough || cursor_.empty()) {
    listings_.pop_front();
    cursor_.clear();
  }
  ask_next();
}

// --- out

void JsonSession::send(const Message& message, std::int64_t due_ns) {
  if (state_ == State::Closed) return ledger_.not_sent();
  log_.push_back({&message, due_ns});
}

void JsonSession::flush() {
  if (state_ == State::Ready) pump();
}

void JsonSession::pump() {
  const std::int64_t now_ns = steady_ns();
  while (trade_->waiting() < kOutputMax) {
    if (!again_.empty()) {
      const std::size_t request = again_.front();
      again_.pop_front();
      books_.sent_again(request);
      trade_->send(orders_.request(books_.message(request), request, epoch_ms()));
      continue;
    }
    if (handed_ == log_.size()) return;
    const auto [message, due_ns] = log_[handed_];
    books_.sent(*message, due_ns);
    trade_->send(orders_.request(*message, handed_, epoch_ms()));
    ++handed_;
    last_handed_ns_ = now_ns;
    times_.delays.record(now_ns - due_ns);
  }
}

// --- in

void JsonSession::on_text(std::string_view text, bool is_trade) {
  const ServerText& read = reader_.read(text);
  if (read.op == "auth" || read.op == "subscribe") return on_control_reply(read, is_trade);
  last_received_ns_ = steady_ns();
  if (is_trade) {
    books_.on_reply(read, last_received_ns_);
  } else {
    books_.on_push(read);
  }
}

bool JsonSession::is_settled() const {
  if (state_ == State::Closed) return true;
  return state_ == State::Ready && !listing_all_ && handed_ == log_.size() && again_.empty() &&
         books_.unanswered() == 0 && books_.unacknowledged() == 0;
}

}  // namespace portcullis::gateway::client
