// What a scripted venue may say, in short: each function makes one OUCH message of it. Where
// nothing is said the order is one of 100 AMZN at 220.
#pragma once

#include <cstdint>
#include <string_view>

#include "gateway/gate/aliases.h"
#include "gateway/ouch/messages.h"
#include "tests/support/venue_driver.h"

namespace portcullis::test {

inline constexpr std::uint64_t kAmznPrice = 2'200'000;

// The fields that Accepted and Replaced share. Text that is empty is left out, or blank.
struct Terms {
  std::uint32_t quantity = 100;
  std::uint64_t price = kAmznPrice;
  char side = 'B';
  char state = 'L';
  std::string_view symbol = "AMZN";
  std::string_view firm = "";
  std::string_view cl_ord_id = "";
};

template <class Message>
Message with_terms(Message message, const Terms& terms) {
  message.side = gateway::ouch::Side{terms.side};
  message.quantity = terms.quantity;
  message.symbol = gateway::venue_sim::padded<8>(terms.symbol);
  message.price = terms.price;
  message.time_in_force = gateway::ouch::TimeInForce::Day;
  message.display = 'Y';
  message.capacity = 'P';
  message.inter_market_sweep_eligibility = 'N';
  message.cross_type = 'N';
  message.order_state = gateway::ouch::OrderState{terms.state};
  message.cl_ord_id = gateway::venue_sim::padded<14>(terms.cl_ord_id);
  if (!terms.firm.empty()) {
    message.appendage.firm = gateway::venue_sim::padded<4>(terms.firm);
    message.appendage.mark(gateway::ouch::Tag::Firm);
  }
  return message;
}

inline gateway::ouch::Accepted accepted(std::uint32_t number, const Terms& terms = {}) {
  gateway::ouch::Accepted message;
  message.user_ref_num = number;
  return with_terms(message, terms);
}
inline gateway::ouch::Replaced replaced(std::uint32_t original, std::uint32_t number,
                                        const Terms& terms = {}) {
  gateway::ouch::Replaced message;
  message.orig_user_ref_num = original;
  message.user_ref_num = number;
  return with_terms(message, terms);
}
inline gateway::ouch::Executed executed(std::uint32_t number, std::uint32_t quantity,
                                        std::uint64_t price, std::uint64_t match) {
  return {.user_ref_num = number,
          .quantity = quantity,
          .price = price,
          .liquidity_flag = 'A',
          .match_number = match,
          .appendage = {}};
}
inline gateway::ouch::Canceled canceled(std::uint32_t number, std::uint32_t decrement) {
  return {.user_ref_num = number,
          .decrement = decrement,
          .reason = gateway::ouch::CancelReason::UserRequested,
          .appendage = {}};
}
inline gateway::ouch::AiqCanceled aiq_canceled(std::uint32_t number, std::uint32_t decrement) {
  return {.user_ref_num = number,
          .decrement = decrement,
          .reason = gateway::ouch::CancelReason::SelfMatchPrevention,
          .quantity_prevented = decrement,
          .execution_price = kAmznPrice,
          .liquidity_flag = 'A',
          .aiq_strategy = 'D',
          .appendage = {}};
}
inline gateway::ouch::Rejected rejected(std::uint32_t number) {
  return {.user_ref_num = number,
          .reason = gateway::ouch::RejectCode::Halted,
          .cl_ord_id = gateway::venue_sim::padded<14>(""),
          .appendage = {}};
}
inline gateway::ouch::BrokenTrade broken(std::uint32_t number, std::uint64_t match) {
  return {.user_ref_num = number,
          .match_number = match,
          .reason = 'E',
          .cl_ord_id = gateway::venue_sim::padded<14>(""),
          .appendage = {}};
}
inline gateway::ouch::Restated restated(std::uint32_t number) {
  return {.user_ref_num = number, .reason = 'R', .appendage = {}};
}
inline gateway::ouch::PriorityUpdate priority_update(std::uint32_t number) {
  return {.user_ref_num = number,
          .price = kAmznPrice,
          .display = 'Y',
          .order_reference_number = 1,
          .appendage = {}};
}
inline gateway::ouch::CancelPending cancel_pending(std::uint32_t number) {
  return {.user_ref_num = number, .appendage = {}};
}
inline gateway::ouch::CancelReject cancel_reject(std::uint32_t number) {
  return {.user_ref_num = number, .appendage = {}};
}
inline gateway::ouch::QueryResponse query_response(std::uint32_t next) {
  return {.next_user_ref_num = next, .appendage = {}};
}

// The ClOrdID under which the gate sends a client's order.
inline std::string own_cl_ord_id(risk::SessionIndex session, std::uint32_t client_ref) {
  const auto text = gateway::gate::OwnClOrdId::encode(session, client_ref);
  return {text.begin(), text.end()};
}

}  // namespace portcullis::test
