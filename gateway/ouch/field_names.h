// The fields of the messages from the venue and to clients by name, in the order of the wire, for who
// shows them. Beside codec.cpp, whose list it is for the bytes; a test compares the two.
#pragma once

#include <array>
#include <string_view>

#include "gateway/ouch/messages.h"

namespace portcullis::gateway::ouch {

// name_of(message), and for_each_field(message, f): calls f(name, member) for each fixed field.

constexpr std::string_view name_of(const SystemEvent&) { return "system_event"; }
template <class F>
void for_each_field(const SystemEvent& m, F&& f) {
  f("timestamp", m.timestamp);
  f("event_code", m.event_code);
}
constexpr std::string_view name_of(const Accepted&) { return "accepted"; }
template <class F>
void for_each_field(const Accepted& m, F&& f) {
  f("timestamp", m.timestamp);
  f("user_ref_num", m.user_ref_num);
  f("side", m.side);
  f("quantity", m.quantity);
  f("symbol", m.symbol);
  f("price", m.price);
  f("time_in_force", m.time_in_force);
  f("display", m.display);
  f("order_reference_number", m.order_reference_number);
  f("capacity", m.capacity);
  f("inter_market_sweep_eligibility", m.inter_market_sweep_eligibility);
  f("cross_type", m.cross_type);
  f("order_state", m.order_state);
  f("cl_ord_id", m.cl_ord_id);
}
constexpr std::string_view name_of(const Replaced&) { return "replaced"; }
template <class F>
void for_each_field(const Replaced& m, F&& f) {
  f("timestamp", m.timestamp);
  f("orig_user_ref_num", m.orig_user_ref_num);
  f("user_ref_num", m.user_ref_num);
  f("side", m.side);
  f("quantity", m.quantity);
  f("symbol", m.symbol);
  f("price", m.price);
  f("time_in_force", m.time_in_force);
  f("display", m.display);
  f("order_reference_number", m.order_reference_number);
  f("capacity", m.capacity);
  f("inter_market_sweep_eligibility", m.inter_market_sweep_eligibility);
  f("cross_type", m.cross_type);
  f("order_state", m.order_state);
  f("cl_ord_id", m.cl_ord_id);
}
constexpr std::string_view name_of(const Canceled&) { return "canceled"; }
template <class F>
void for_each_field(const Canceled& m, F&& f) {
  f("timestamp", m.timestamp);
  f("user_ref_num", m.user_ref_num);
  f("decrement", m.decrement);
  f("reason", m.reason);
}
constexpr std::string_view name_of(const AiqCanceled&) { return "aiq_canceled"; }
template <class F>
void for_each_field(const AiqCanceled& m, F&& f) {
  f("timestamp", m.timestamp);
  f("user_ref_num", m.user_ref_num);
  f("decrement", m.decrement);
  f("reason", m.reason);
  f("quantity_prevented", m.quantity_prevented);
  f("execution_price", m.execution_price);
  f("liquidity_flag", m.liquidity_flag);
  f("aiq_strategy", m.aiq_strategy);
}
constexpr std::string_view name_of(const Executed&) { return "executed"; }
template <class F>
void for_each_field(const Executed& m, F&& f) {
  f("timestamp", m.timestamp);
  f("user_ref_num", m.user_ref_num);
  f("quantity", m.quantity);
  f("price", m.price);
  f("liquidity_flag", m.liquidity_flag);
  f("match_number", m.match_number);
}
constexpr std::string_view name_of(const BrokenTrade&) { return "broken_trade"; }
template <class F>
void for_each_field(const BrokenTrade& m, F&& f) {
  f("timestamp", m.timestamp);
  f("user_ref_num", m.user_ref_num);
  f("match_number", m.match_number);
  f("reason", m.reason);
  f("cl_ord_id", m.cl_ord_id);
}
constexpr std::string_view name_of(const Rejected&) { return "rejected"; }
template <class F>
void for_each_field(const Rejected& m, F&& f) {
  f("timestamp", m.timestamp);
  f("user_ref_num", m.user_ref_num);
  f("reason", m.reason);
  f("cl_ord_id", m.cl_ord_id);
}
constexpr std::string_view name_of(const CancelPending&) { return "cancel_pending"; }
template <class F>
void for_each_field(const CancelPending& m, F&& f) {
  f("timestamp", m.timestamp);
  f("user_ref_num", m.user_ref_num);
}
constexpr std::string_view name_of(const CancelReject&) { return "cancel_reject"; }
template <class F>
void for_each_field(const CancelReject& m, F&& f) {
  f("timestamp", m.timestamp);
  f("user_ref_num", m.user_ref_num);
}
constexpr std::string_view name_of(const PriorityUpdate&) { return "priority_update"; }
template <class F>
void for_each_field(const PriorityUpdate& m, F&& f) {
  f("timestamp", m.timestamp);
  f("user_ref_num", m.user_ref_num);
  f("price", m.price);
  f("display", m.display);
  f("order_reference_number", m.order_reference_number);
}
constexpr std::string_view name_of(const Modified&) { return "modified"; }
template <class F>
void for_each_field(const Modified& m, F&& f) {
  f("timestamp", m.timestamp);
  f("user_ref_num", m.user_ref_num);
  f("side", m.side);
  f("quantity", m.quantity);
}
constexpr std::string_view name_of(const Restated&) { return "restated"; }
template <class F>
void for_each_field(const Restated& m, F&& f) {
  f("timestamp", m.timestamp);
  f("user_ref_num", m.user_ref_num);
  f("reason", m.reason);
}
constexpr std::string_view name_of(const QueryResponse&) { return "query_response"; }
template <class F>
void for_each_field(const QueryResponse& m, F&& f) {
  f("timestamp", m.timestamp);
  f("next_user_ref_num", m.next_user_ref_num);
}
constexpr std::string_view name_of(const MassCancelResponse&) { return "mass_cancel_response"; }
template <class F>
void for_each_field(const MassCancelResponse& m, F&& f) {
  f("timestamp", m.timestamp);
  f("user_ref_num", m.user_ref_num);
  f("firm", m.firm);
  f("symbol", m.symbol);
}
constexpr std::string_view name_of(const DisableResponse&) { return "disable_response"; }
template <class F>
void for_each_field(const DisableResponse& m, F&& f) {
  f("timestamp", m.timestamp);
  f("user_ref_num", m.user_ref_num);
  f("firm", m.firm);
}
constexpr std::string_view name_of(const EnableResponse&) { return "enable_response"; }
template <class F>
void for_each_field(const EnableResponse& m, F&& f) {
  f("timestamp", m.timestamp);
  f("user_ref_num", m.user_ref_num);
  f("firm", m.firm);
}

// By kTags.
inline constexpr std::array<std::string_view, kTags.size()> kTagNames{
    "secondary_ord_ref_num",
    "firm",
    "min_qty",
    "customer_type",
    "max_floor",
    "price_type",
    "peg_offset",
    "discretion_price",
    "discretion_price_type",
    "discretion_peg_offset",
    "post_only",
    "random_reserves",
    "route",
    "expire_time",
    "trade_now",
    "handle_inst",
    "bbo_weight_indicator",
    "display_quantity",
    "display_price",
    "group_id",
    "shares_located",
    "locate_broker",
    "side",
    "user_ref_idx",
    "aiq_strategy",
    "aiq_group_id",
};

// Calls f(name, member) for each tag that is there.
template <class F>
void for_each_tag(const Appendage& appendage, F&& f) {
  for (std::size_t t = 0; t < kTags.size(); ++t) {
    if (!appendage.has(kTags[t])) continue;
    visit_tag(appendage, kTags[t], [&](const auto& member) { f(kTagNames[t], member); });
  }
}

}  // namespace portcullis::gateway::ouch
