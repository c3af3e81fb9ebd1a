#include "tests/support/soup_peers.h"

#include <algorithm>
#include <utility>

namespace portcullis::test {

namespace ouch = gateway::ouch;
namespace soup = gateway::soup;
namespace venue_sim = gateway::venue_sim;

namespace {

constexpr soup::LinkSettings kClientSettings{.input_size_max = 65'536, .output_size_max = 65'536};
constexpr soup::LinkSettings kVenueSettings{.input_size_max = 65'536, .output_size_max = 65'536};

// As much of `output` as the line and the limit take.
template <class Soup>
std::size_t put(Soup& from, Line& to, std::size_t limit) {
  const std::span<const std::byte> output = from.output();
  const std::size_t n = to.write(output.first(std::min(output.size(), limit)));
  if (n > 0) from.sent(n);
  return n;
}

}  // namespace

// --- a client

SoupClient::SoupClient() : soup_(kClientSettings, 0) {}

void SoupClient::begin(std::shared_ptr<Wire> wire, const soup::LoginRequest& login,
                       std::int64_t now_ns) {
  close();
  wire_ = std::move(wire);
  reject_reason = 0;
  soup_.reset(now_ns);
  (void)soup_.login(login);
}

bool SoupClient::send(std::span<const std::byte> payload) {
  return wire_ != nullptr && soup_.send_unsequenced(payload);
}

void SoupClient::send_raw(std::span<const std::byte> bytes) {
  if (wire_ == nullptr) return;
  put(soup_, wire_->to_gate, SIZE_MAX);
  (void)wire_->to_gate.write(bytes);
}

void SoupClient::write(std::int64_t now_ns, std::size_t limit) {
  if (wire_ == nullptr) return;
  soup_.on_time(now_ns);
  put(soup_, wire_->to_gate, limit);
}

std::string SoupClient::read(std::int64_t now_ns, std::size_t limit) {
  using Type = soup::ClientEvent::Type;
  while (wire_ != nullptr && limit > 0) {
    const std::span<std::byte> input = soup_.input();
    const std::ptrdiff_t n = wire_->from_gate.read(input.first(std::min(input.size(), limit)));
    if (n < 0) {
      close();
      return {};
    }
    if (n == 0) return {};
    limit -= static_cast<std::size_t>(n);
    soup_.received(static_cast<std::size_t>(n), now_ns);
    for (soup::ClientEvent event = soup_.next_event(); event.type != Type::None;
         event = soup_.next_event()) {
      switch (event.type) {
        case Type::LoginAccepted:
          ++logins;
          if (event.sequence == 0 || event.sequence > next()) return "a login leaves out messages";
          break;
        case Type::LoginRejected:
          reject_reason = static_cast<char>(event.reject_reason);
          close();
          return {};
        case Type::SequencedData: {
          Bytes payload(event.payload.begin(), event.payload.end());
          if (event.sequence > next()) return "a message is missing in a client's stream";
          if (event.sequence == next()) {
            stream_.push_back(std::move(payload));
          } else if (stream_[event.sequence - 1] != payload) {
            return "a message is another one when it comes again";
          }
          break;
        }
        case Type::Debug:
          debugs.emplace_back(reinterpret_cast<const char*>(event.payload.data()),
                              event.payload.size());
          break;
        case Type::EndOfSession:
        case Type::Error:
          // The silence of a gate that is gone is none of its faults.
          if (event.error != soup::LinkError::PeerSilent &&
              event.error != soup::LinkError::LoginTimeout) {
            return "the gate broke the session layer";
          }
          close(0);
          return {};
        case Type::None:
          break;
      }
    }
  }
  return {};
}

void SoupClient::close(std::size_t kept) {
  if (wire_ == nullptr) return;
  wire_->is_open_there = false;
  wire_->to_gate.end(std::min(kept, wire_->to_gate.under_way()));
  wire_.reset();
}

// --- the venue

SoupVenue::SoupVenue(const venue_sim::EngineSettings& settings, std::int64_t now_ns) {
  begin_engine(settings, now_ns);
}

void SoupVenue::begin_engine(const venue_sim::EngineSettings& settings, std::int64_t now_ns) {
  engine_ = std::make_unique<venue_sim::MatchingEngine>();
  engine_->configure(settings);
  venue_sim::Outbox ignored;
  engine_->open_session(static_cast<std::uint64_t>(now_ns), ignored);  // the gate's
  engine_->open_session(static_cast<std::uint64_t>(now_ns), ignored);  // everybody else's
}

std::shared_ptr<Wire> SoupVenue::accept(std::int64_t now_ns) {
  if (!is_listening) return nullptr;
  links_.push_back(
      {std::make_shared<Wire>(), std::make_unique<soup::ServerConnection>(kVenueSettings, now_ns)});
  return links_.back().wire;
}

std::vector<std::shared_ptr<Wire>> SoupVenue::wires() const {
  std::vector<std::shared_ptr<Wire>> wires;
  for (const Link& link : links_) wires.push_back(link.wire);
  return wires;
}

bool SoupVenue::is_idle() const {
  return std::all_of(links_.begin(), links_.end(), [this](const Link& link) {
    return link.is_dry && link.soup->output().empty() &&
           (link.next == 0 || link.next == stream_.size() + 1);
  });
}

void SoupVenue::apply(venue_sim::SessionIndex session, std::span<const std::byte> payload,
                      std::int64_t now_ns) {
  venue_sim::Outbox out;
  if (!engine_->apply(session, static_cast<std::uint64_t>(now_ns), payload, out)) {
    problem = "the gate sent the venue what is no message";
  }
  for (const venue_sim::Outbox::Message& message : out.messages) {
    const std::span<const std::byte> bytes = out.payload(message);
    if (message.session == 0) stream_.emplace_back(bytes.begin(), bytes.end());
  }
}

void SoupVenue::other_enters(const venue_sim::TestOrder& order, std::int64_t now_ns) {
  apply(1, venue_sim::bytes_of(venue_sim::enter_message(order)), now_ns);
}

void SoupVenue::other_cancels(std::uint32_t number, std::int64_t now_ns) {
  apply(1, venue_sim::bytes_of(ouch::CancelOrder{.user_ref_num = number, .appendage = {}}), now_ns);
}

void SoupVenue::take(std::int64_t now_ns, std::size_t messages_max) {
  for (std::size_t l = 0; l < links_.size();) {
    const bool keep = take_from(links_[l], now_ns, messages_max);
    if (links_.size() == 1 && keep) return;
    if (keep) {
      ++l;
      continue;
    }
    links_[l].wire->is_open_there = false;
    links_[l].wire->from_gate.end(0);
    links_[l].wire->to_gate.end(SIZE_MAX / 2);
    links_.erase(links_.begin() + static_cast<std::ptrdiff_t>(l));
  }
}

// False: the link is at its end.
bool SoupVenue::take_from(Link& link, std::int64_t now_ns, std::size_t& messages_left) {
  using Type = soup::ServerEvent::Type;
  for (;;) {
    link.is_dry = false;
    if (messages_left == 0) return true;
    const soup::ServerEvent event = link.soup->next_event();
    if (event.type == Type::None) {
      const std::span<std::byte> input = link.soup->input();
      const std::ptrdiff_t n = link.wire->from_gate.read(input);
      if (n < 0) return false;
      if (n == 0) {
        link.is_dry = true;
        return true;
      }
      link.soup->received(static_cast<std::size_t>(n), now_ns);
      continue;
    }
    --messages_left;
    if (event.type == Type::UnsequencedData) {
      ouch::InboundMessage message;
      if (ouch::decode(event.payload, message) == ouch::DecodeError::None) read.push_back(message);
      apply(0, event.payload, now_ns);
      continue;
    }
    if (event.type != Type::LoginRequest) {
      const bool is_late = event.error == soup::LinkError::PeerSilent ||
                           event.error == soup::LinkError::LoginTimeout;
      if (event.type != Type::Logout && !is_late) problem = "the gate broke the session layer";
      return false;
    }
    if (refuses_logins || (!event.login.session.empty() && event.login.session != session_) ||
        event.login.sequence > stream_.size() + 1) {
      (void)link.soup->reject_login(soup::LoginRejectReason::SessionNotAvailable);
      continue;
    }
    // What the old connection left unread goes with it.
    for (Link& old : links_) {
      if (&old == &link) continue;
      old.wire->is_open_there = false;
      old.wire->to_gate.end(0);
    }
    const auto mine = static_cast<std::size_t>(&link - links_.data());
    Link current = std::move(links_[mine]);
    links_.clear();
    current.next = event.login.sequence == 0 ? stream_.size() + 1 : event.login.sequence;
    (void)current.soup->accept_login(session_, current.next);
    links_.push_back(std::move(current));
    return true;
  }
}

void SoupVenue::write(std::int64_t now_ns) {
  for (Link& link : links_) {
    while (link.next != 0 && link.next <= stream_.size() &&
           link.soup->send_sequenced(stream_[link.next - 1])) {
      ++link.next;
    }
    link.soup->on_time(now_ns);
    put(*link.soup, link.wire->to_gate, SIZE_MAX);
  }
}

void SoupVenue::restart(std::size_t kept) {
  for (Link& link : links_) {
    link.wire->is_open_there = false;
    link.wire->to_gate.end(kept);
  }
  links_.clear();
}

void SoupVenue::forget(std::string_view session, std::size_t kept, std::int64_t now_ns) {
  restart(kept);
  session_ = session;
  stream_.clear();
  read.clear();
  begin_engine(venue_sim::EngineSettings(engine_->settings()), now_ns);
}

}  // namespace portcullis::test
