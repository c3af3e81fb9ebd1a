#pragma once
// Drives the simulated venue's engine by OUCH bytes and shows what it says as short lines:
//   S                        start of day
//   A 1 L 100@5000           Accepted: number, state, quantity @ price
//   U 1>2 L 60@5000          Replaced: original > new, state, what is left @ price
//   E 1 40@5000 R #7         Executed: number, quantity @ price, liquidity, match number
//   C 1 -60 I                Canceled: number, decrement, reason
//   D 1 -60 Q (40@5000 A O)  AIQ Canceled: decrement, reason (prevented @ price, liquidity, strategy)
//   B 1 #7 E                 Broken Trade: number, match number, reason
//   J 1 13                   Rejected: number, reason in hexadecimal
//   X 1, G 1, K 1            Mass Cancel, Disable and Enable responses
//   Q 2                      Query Response: next number
// A line of another session than the first is preceded by that session's index and a colon.

#include <array>
#include <cstdint>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "gateway/ouch/messages.h"
#include "gateway/venue_sim/matching_engine.h"

namespace portcullis::gateway::venue_sim {

template <std::size_t N>
ouch::Text<N> padded(std::string_view text) {
  ouch::Text<N> field;
  field.fill(' ');
  text.copy(field.data(), N);
  return field;
}

inline constexpr std::uint64_t kTestPrice = 5000;

// An order as a test thinks of it; empty text and 0 leave a tag out.
struct TestOrder {
  std::uint32_t number = 0;
  char side = 'B';
  std::uint32_t quantity = 100;
  std::uint64_t price = kTestPrice;
  char tif = '0';
  std::string_view symbol = "XYZ";
  std::string_view firm = "FIRM";
  std::uint32_t min_qty = 0;
  bool post_only = false;
  char aiq_strategy = 0;
  std::string_view aiq_group = "";
  char display = 'Y';
  char cross_type = 'N';
};

inline ouch::Appendage tags_of(const TestOrder& o) {
  ouch::Appendage tags;
  const auto set = [&](bool present, ouch::Tag tag, auto& member, auto value) {
    if (!present) return;
    tags.mark(tag);
    member = value;
  };
  set(!o.firm.empty(), ouch::Tag::Firm, tags.firm, padded<4>(o.firm));
  set(o.min_qty != 0, ouch::Tag::MinQty, tags.min_qty, o.min_qty);
  set(o.post_only, ouch::Tag::PostOnly, tags.post_only, ouch::kPostOnly);
  set(o.aiq_strategy != 0, ouch::Tag::AiqStrategy, tags.aiq_strategy, o.aiq_strategy);
  set(!o.aiq_group.empty(), ouch::Tag::AiqGroupId, tags.aiq_group_id, padded<2>(o.aiq_group));
  return tags;
}

inline ouch::ClOrdId cl_ord_id_of(std::uint32_t number) {
  return padded<14>(std::string("C").append(std::to_string(number)));
}

inline ouch::EnterOrder enter_message(const TestOrder& o) {
  return {.user_ref_num = o.number,
          .side = ouch::Side{o.side},
          .quantity = o.quantity,
          .symbol = padded<8>(o.symbol),
          .price = o.price,
          .time_in_force = ouch::TimeInForce{o.tif},
          .display = o.display,
          .capacity = 'P',
          .inter_market_sweep_eligibility = 'N',
          .cross_type = o.cross_type,
          .cl_ord_id = cl_ord_id_of(o.number),
          .appendage = tags_of(o)};
}

// A replace has no firm unless the test wants one.
inline ouch::ReplaceOrder replace_message(std::uint32_t original, TestOrder o) {
  if (o.firm == "FIRM") o.firm = "";
  return {.orig_user_ref_num = original,
          .user_ref_num = o.number,
          .quantity = o.quantity,
          .price = o.price,
          .time_in_force = ouch::TimeInForce{o.tif},
          .display = o.display,
          .inter_market_sweep_eligibility = 'N',
          .cl_ord_id = cl_ord_id_of(o.number),
          .appendage = tags_of(o)};
}

inline std::vector<std::byte> bytes_of(const ouch::InboundMessage& message) {
  std::array<std::byte, ouch::kMaxMessageSize> buffer;
  const std::size_t size = encode(message, buffer);
  return {buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size)};
}

inline std::string line_of(const ouch::OutboundMessage& message) {
  std::ostringstream line;
  std::visit(
      [&](const auto& m) {
        using M = std::remove_cvref_t<decltype(m)>;
        line << M::kType;
        if constexpr (requires { m.orig_user_ref_num; }) {
          line << ' ' << m.orig_user_ref_num << '>' << m.user_ref_num;
        } else if constexpr (requires { m.next_user_ref_num; }) {
          line << ' ' << m.next_user_ref_num;
        } else if constexpr (requires { m.user_ref_num; }) {
          line << ' ' << m.user_ref_num;
        }
        if constexpr (requires { m.order_state; }) {
          line << ' ' << static_cast<char>(m.order_state) << ' ' << m.quantity << '@' << m.price;
        }
        if constexpr (std::is_same_v<M, ouch::Executed>) {
          line << ' ' << m.quantity << '@' << m.price << ' ' << m.liquidity_flag << " #"
               << m.match_number;
        }
        if constexpr (requires { m.decrement; }) {
          line << " -" << m.decrement << ' ' << static_cast<char>(m.reason);
        }
        if constexpr (std::is_same_v<M, ouch::AiqCanceled>) {
          line << " (" << m.quantity_prevented << '@' << m.execution_price << ' '
               << m.liquidity_flag << ' ' << m.aiq_strategy << ')';
        }
        if constexpr (std::is_same_v<M, ouch::BrokenTrade>) {
          line << " #" << m.match_number << ' ' << m.reason;
        }
        if constexpr (std::is_same_v<M, ouch::Rejected>) {
          line << ' ' << std::hex << static_cast<unsigned>(m.reason);
        }
      },
      message);
  return line.str();
}

using Lines = std::vector<std::string>;

// An engine with one open session and a clock that stands at one second after midnight.
class VenueDriver {
 public:
  explicit VenueDriver(const EngineSettings& settings = {}) {
    engine.configure(settings);
    engine.open_session(now_ns, out);
    out.clear();
  }

  // What the message causes; false from apply shows as "not a message".
  Lines send(const ouch::InboundMessage& message, SessionIndex session = 0) {
    out.clear();
    if (!engine.apply(session, now_ns, bytes_of(message), out)) return {"not a message"};
    Lines lines;
    messages.clear();
    for (const Outbox::Message& m : out.messages) {
      ouch::OutboundMessage& decoded = messages.emplace_back();
      const ouch::DecodeError error = decode(out.payload(m), decoded);
      std::string line = error == ouch::DecodeError::None ? line_of(decoded) : "undecodable";
      if (m.session != 0) line.insert(0, std::to_string(m.session).append(": "));
      lines.push_back(line);
    }
    return lines;
  }
  Lines enter(const TestOrder& order, SessionIndex session = 0) {
    return send(enter_message(order), session);
  }
  Lines replace(std::uint32_t original, const TestOrder& order, SessionIndex session = 0) {
    return send(replace_message(original, order), session);
  }
  Lines cancel(std::uint32_t number, std::uint32_t quantity = 0, SessionIndex session = 0) {
    return send(ouch::CancelOrder{.user_ref_num = number, .quantity = quantity, .appendage = {}},
                session);
  }
  Lines mass_cancel(std::uint32_t number, std::string_view firm, std::string_view symbol) {
    return send(ouch::MassCancel{.user_ref_num = number,
                                 .firm = padded<4>(firm),
                                 .symbol = padded<8>(symbol),
                                 .appendage = {}});
  }
  Lines disable(std::uint32_t number, std::string_view firm) {
    return send(
        ouch::DisableOrderEntry{.user_ref_num = number, .firm = padded<4>(firm), .appendage = {}});
  }
  Lines enable(std::uint32_t number, std::string_view firm) {
    return send(
        ouch::EnableOrderEntry{.user_ref_num = number, .firm = padded<4>(firm), .appendage = {}});
  }
  Lines query() { return send(ouch::AccountQuery{.appendage = {}}); }

  MatchingEngine engine;
  Outbox out;
  std::vector<ouch::OutboundMessage> messages;  // of the last send, in full
  std::uint64_t now_ns = 1'000'000'000;
};

}  // namespace portcullis::gateway::venue_sim
