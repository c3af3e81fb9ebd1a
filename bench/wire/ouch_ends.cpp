#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <utility>

#include "bench/wire/ends.h"
#include "gateway/gate/aliases.h"
#include "gateway/ouch/messages.h"
#include "gateway/soup/client_connection.h"
#include "gateway/soup/server_connection.h"
#include "gateway/venue_sim/matching_engine.h"

namespace portcullis::bench::wire {

namespace ouch = gateway::ouch;
namespace soup = gateway::soup;
namespace venue_sim = gateway::venue_sim;

namespace {

constexpr soup::LinkSettings kLink{.input_size_max = 1 << 18,
                                   .output_size_max = 1 << 24,
                                   .silence_ns_max = 120'000'000'000,
                                   .login_ns_max = 120'000'000'000};
constexpr const char* kVenueSession = "VENUE00001";

template <std::size_t Size>
std::array<char, Size> padded(std::string_view text) {
  std::array<char, Size> out;
  out.fill(' ');
  std::copy_n(text.begin(), std::min(Size, text.size()), out.begin());
  return out;
}

// Forwarded as it is or under a name of the gate's, an order carries its number in the same way.
std::uint32_t number_in(const ouch::ClOrdId& id) {
  std::uint32_t session = 0;
  std::uint32_t number = 0;
  if (!gateway::gate::OwnClOrdId::decode(id, session, number))
    throw std::runtime_error("an order without its number");
  return number;
}

template <class Message>
Message decoded(std::span<const std::byte> payload) {
  Message message;
  if (ouch::decode(payload, message) != ouch::DecodeError::None)
    throw std::runtime_error("a message that cannot be read");
  return message;
}

class OuchTrader final : public Trader {
 public:
  OuchTrader(std::unique_ptr<Line> line, Course& course, const World& world,
             const std::string& user, const std::string& password)
      : Trader(std::move(line), course), world_(world), soup_(kLink, steady_ns()) {
    for (std::uint32_t a = 0; a < world.accounts; ++a)
      firms_.push_back(padded<4>(fmt::format("A{:03}", a)));
    for (std::uint32_t i = 0; i < world.instruments; ++i)
      symbols_.push_back(padded<8>(fmt::format("I{:03}", i)));
    if (!soup_.login({.username = user, .password = password, .session = "", .sequence = 1}))
      throw std::runtime_error("a user or password that is too long");
    send_all(soup_.output());
    soup_.sent(soup_.output().size());
  }

  [[nodiscard]] bool is_logged_in() const override { return soup_.is_active(); }

  void hear() override {
    using Type = soup::ClientEvent::Type;
    const std::ptrdiff_t n = line().read(soup_.input());
    if (n < 0) throw std::runtime_error("the trader's connection ended");
    if (n == 0) return;
    const std::int64_t now = steady_ns();
    soup_.received(static_cast<std::size_t>(n), now);
    for (soup::ClientEvent event = soup_.next_event(); event.type != Type::None;
         event = soup_.next_event()) {
      if (event.type == Type::LoginRejected) throw std::runtime_error("the login was refused");
      if (event.type == Type::SequencedData) take(event.payload, now);
    }
    if (soup_.state() == soup::LinkState::Closed) throw std::runtime_error("a wrong packet");
  }

 private:
  void put_order(std::uint32_t number, std::vector<std::byte>& out) override {
    const Terms terms = terms_of(number, world_);
    ouch::EnterOrder order{.user_ref_num = number,
                           .side = terms.is_buy ? ouch::Side::Buy : ouch::Side::Sell,
                           .quantity = 1,
                           .symbol = symbols_[terms.instrument],
                           .price = std::uint64_t{terms.price_cents} * 100,
                           .time_in_force = ouch::TimeInForce::ImmediateOrCancel,
                           .display = ouch::kDisplayVisible,
                           .capacity = ouch::kCapacityAgency,
                           .inter_market_sweep_eligibility = ouch::kIsoNotEligible,
                           .cross_type = ouch::kCrossTypeContinuous,
                           .cl_ord_id = gateway::gate::OwnClOrdId::encode({0}, number),
                           .appendage = {}};
    order.appendage.firm = firms_[terms.account];
    order.appendage.mark(ouch::Tag::Firm);
    std::array<std::byte, soup::kHeaderSize + ouch::kMaxMessageSize> bytes;
    const std::span all(bytes);
    const std::size_t size = ouch::encode(order, all.subspan(soup::kHeaderSize));
    soup::encode_header(soup::PacketType::UnsequencedData, size, all.first<soup::kHeaderSize>());
    out.insert(out.end(), bytes.begin(), bytes.begin() + soup::kHeaderSize + size);
  }

  void take(std::span<const std::byte> payload, std::int64_t now) {
    switch (static_cast<char>(payload.front())) {
      case ouch::Accepted::kType:
        return course().answered(decoded<ouch::Accepted>(payload).user_ref_num, now);
      case ouch::Canceled::kType:
        return course().done(decoded<ouch::Canceled>(payload).user_ref_num);
      case ouch::Rejected::kType: {
        const auto rejected = decoded<ouch::Rejected>(payload);
        return course().refused(rejected.user_ref_num,
                                fmt::format("code {}", static_cast<int>(rejected.reason)));
      }
      default:
        return;  // events of the day
    }
  }

  const World world_;
  soup::ClientConnection soup_;
  std::vector<ouch::Firm> firms_;
  std::vector<ouch::Symbol> symbols_;
};

class OuchVenue final : public Venue {
 public:
  OuchVenue(std::unique_ptr<Door> door, Course& course)
      : door_(std::move(door)), course_(course), soup_(kLink, steady_ns()) {
    engine_.configure({});
    engine_.open_session(0, opening_);
  }

  void hear() override {
    if (line_ == nullptr && !come_in()) return;
    const std::ptrdiff_t n = line_->read(soup_.input());
    if (n < 0) {
      line_ = nullptr;
      return;
    }
    if (n > 0) {
      now_ns_ = steady_ns();
      soup_.received(static_cast<std::size_t>(n), now_ns_);
      take_all();
    }
    const std::span<const std::byte> output = soup_.output();
    if (output.empty()) return;
    const std::ptrdiff_t sent = line_->write(output);
    if (sent > 0) soup_.sent(static_cast<std::size_t>(sent));
    if (sent < 0 || soup_.is_done()) line_ = nullptr;
  }

  void on_time() override {
    if (line_ != nullptr) soup_.on_time(steady_ns());
  }

 private:
  bool come_in() {
    line_ = door_->accept();
    if (line_ == nullptr) return false;
    soup_.reset(steady_ns());
    return true;
  }

  void take_all() {
    using Type = soup::ServerEvent::Type;
    for (soup::ServerEvent event = soup_.next_event(); event.type != Type::None;
         event = soup_.next_event()) {
      switch (event.type) {
        case Type::LoginRequest:
          log_in(event.login.sequence);
          break;
        case Type::UnsequencedData:
          take(event.payload);
          break;
        case Type::Error:
          throw std::runtime_error(fmt::format("the venue got {}", soup::name(event.error)));
        case Type::Debug:
        case Type::Logout:
        case Type::None:
          break;
      }
    }
  }

  // The gate asks first, from 0, how far the venue is, and then stays.
  void log_in(std::uint64_t sequence) {
    const std::uint64_t end = opening_.messages.size() + 1;
    const std::uint64_t from = sequence == 0 ? end : sequence;
    if (from > end || !soup_.accept_login(kVenueSession, from))
      throw std::runtime_error("a login at the venue for what is not there");
    for (std::uint64_t s = from; s < end; ++s) send(opening_.payload(opening_.messages[s - 1]));
  }

  void take(std::span<const std::byte> payload) {
    if (static_cast<char>(payload.front()) == ouch::EnterOrder::kType) {
      answer(decoded<ouch::EnterOrder>(payload));
      return;
    }
    // What the gate asks before the first order.
    outbox_.clear();
    if (!engine_.apply(0, 1, payload, outbox_))
      throw std::runtime_error("the venue got what is no message");
    for (const venue_sim::Outbox::Message& message : outbox_.messages)
      send(outbox_.payload(message));
  }

  void answer(const ouch::EnterOrder& order) {
    course_.arrived(number_in(order.cl_ord_id), now_ns_);
    const auto timestamp = static_cast<std::uint64_t>(now_ns_);
    std::array<std::byte, ouch::kMaxMessageSize> bytes;
    std::size_t size = ouch::encode(
        ouch::Accepted{.timestamp = timestamp,
                       .user_ref_num = order.user_ref_num,
                       .side = order.side,
                       .quantity = order.quantity,
                       .symbol = order.symbol,
                       .price = order.price,
                       .time_in_force = order.time_in_force,
                       .display = order.display,
                       .order_reference_number = ++reference_,
                       .capacity = order.capacity,
                       .inter_market_sweep_eligibility = order.inter_market_sweep_eligibility,
                       .cross_type = order.cross_type,
                       .order_state = ouch::OrderState::Live,
                       .cl_ord_id = order.cl_ord_id,
                       .appendage = order.appendage},
        bytes);
    send(std::span(bytes).first(size));
    size = ouch::encode(ouch::Canceled{.timestamp = timestamp,
                                       .user_ref_num = order.user_ref_num,
                                       .decrement = order.quantity,
                                       .reason = ouch::CancelReason::ImmediateOrCancel,
                                       .appendage = {}},
                        bytes);
    send(std::span(bytes).first(size));
  }

  void send(std::span<const std::byte> payload) {
    if (!soup_.send_sequenced(payload)) throw std::runtime_error("the venue has no room");
  }

  const std::unique_ptr<Door> door_;
  Course& course_;
  std::unique_ptr<Line> line_;  // null: nobody is connected
  soup::ServerConnection soup_;
  venue_sim::MatchingEngine engine_;
  venue_sim::Outbox opening_;  // what the venue's stream begins with
  venue_sim::Outbox outbox_;
  std::int64_t now_ns_ = 0;
  std::uint64_t reference_ = 0;
};

}  // namespace

std::unique_ptr<Trader> ouch_trader(std::unique_ptr<Line> line, Course& course, const World& world,
                                    const std::string& user, const std::string& password) {
  return std::make_unique<OuchTrader>(std::move(line), course, world, user, password);
}

std::unique_ptr<Venue> ouch_venue(std::unique_ptr<Door> door, Course& course) {
  return std::make_unique<OuchVenue>(std::move(door), course);
}

}  // namespace portcullis::bench::wire
