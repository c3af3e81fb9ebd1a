// The OUCH codec: nanoseconds for one message, decoded from bytes or encoded into them.
#include <benchmark/benchmark.h>

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "gateway/ouch/messages.h"

namespace portcullis::gateway::ouch {
namespace {

template <std::size_t N>
Text<N> text(std::string_view value) {
  Text<N> out;
  out.fill(' ');
  value.copy(out.data(), value.size());
  return out;
}

EnterOrder enter() {
  return {.user_ref_num = 113,
          .side = Side::SellShort,
          .quantity = 225,
          .symbol = text<8>("CVLT"),
          .price = 630'200,
          .time_in_force = TimeInForce::Day,
          .display = kDisplayVisible,
          .capacity = kCapacityAgency,
          .inter_market_sweep_eligibility = kIsoNotEligible,
          .cross_type = kCrossTypeContinuous,
          .cl_ord_id = text<14>("H8FUB8IV"),
          .appendage = {}};
}

// As real orders come: with the firm.
EnterOrder enter_with_firm() {
  EnterOrder order = enter();
  order.appendage.firm = text<4>("LIME");
  order.appendage.mark(Tag::Firm);
  return order;
}

ReplaceOrder replace() {
  return {.orig_user_ref_num = 113,
          .user_ref_num = 114,
          .quantity = 200,
          .price = 630'100,
          .time_in_force = TimeInForce::Day,
          .display = kDisplayVisible,
          .inter_market_sweep_eligibility = kIsoNotEligible,
          .cl_ord_id = text<14>("H8FUB8IW"),
          .appendage = {}};
}

CancelOrder cancel() { return {.user_ref_num = 114, .quantity = 0, .appendage = {}}; }

Accepted accepted() {
  Accepted message{.timestamp = 44'649'000'000'000,
                   .user_ref_num = 113,
                   .side = Side::SellShort,
                   .quantity = 225,
                   .symbol = text<8>("CVLT"),
                   .price = 630'200,
                   .time_in_force = TimeInForce::Day,
                   .display = kDisplayVisible,
                   .order_reference_number = 257'340'661,
                   .capacity = kCapacityAgency,
                   .inter_market_sweep_eligibility = kIsoNotEligible,
                   .cross_type = kCrossTypeContinuous,
                   .order_state = OrderState::Live,
                   .cl_ord_id = text<14>("H8FUB8IV"),
                   .appendage = {}};
  message.appendage.firm = text<4>("LIME");
  message.appendage.mark(Tag::Firm);
  message.appendage.bbo_weight_indicator = '0';
  message.appendage.mark(Tag::BboWeightIndicator);
  return message;
}

Executed executed() {
  return {.timestamp = 44'649'000'000'000,
          .user_ref_num = 113,
          .quantity = 100,
          .price = 630'200,
          .liquidity_flag = kLiquidityAdded,
          .match_number = 987'654'321,
          .appendage = {}};
}

template <class M>
void decode_one(benchmark::State& state, M (*make)()) {
  std::array<std::byte, kMaxMessageSize> buffer;
  auto payload = std::span<const std::byte>(buffer).first(encode(make(), buffer));
  M message;
  for (auto _ : state) {
    benchmark::DoNotOptimize(payload);
    benchmark::DoNotOptimize(decode(payload, message));
    benchmark::DoNotOptimize(message);
  }
}

// By the type byte, into the variant of the direction.
template <class Variant, class M>
void decode_variant(benchmark::State& state, M (*make)()) {
  std::array<std::byte, kMaxMessageSize> buffer;
  auto payload = std::span<const std::byte>(buffer).first(encode(make(), buffer));
  Variant message;
  for (auto _ : state) {
    benchmark::DoNotOptimize(payload);
    benchmark::DoNotOptimize(decode(payload, message));
    benchmark::DoNotOptimize(message);
  }
}

template <class M>
void decode_inbound(benchmark::State& state, M (*make)()) {
  decode_variant<InboundMessage>(state, make);
}

template <class M>
void decode_outbound(benchmark::State& state, M (*make)()) {
  decode_variant<OutboundMessage>(state, make);
}

template <class M>
void encode_one(benchmark::State& state, M (*make)()) {
  std::array<std::byte, kMaxMessageSize> buffer;
  M message = make();
  for (auto _ : state) {
    benchmark::DoNotOptimize(message);
    benchmark::DoNotOptimize(encode(message, buffer));
    benchmark::ClobberMemory();
  }
}

BENCHMARK_CAPTURE(decode_one, enter, enter);
BENCHMARK_CAPTURE(decode_one, enter_with_firm, enter_with_firm);
BENCHMARK_CAPTURE(decode_one, replace, replace);
BENCHMARK_CAPTURE(decode_one, cancel, cancel);
BENCHMARK_CAPTURE(decode_one, accepted, accepted);
BENCHMARK_CAPTURE(decode_one, executed, executed);
BENCHMARK_CAPTURE(decode_inbound, enter, enter);
BENCHMARK_CAPTURE(decode_inbound, cancel, cancel);
BENCHMARK_CAPTURE(decode_outbound, accepted, accepted);
BENCHMARK_CAPTURE(decode_outbound, executed, executed);
BENCHMARK_CAPTURE(encode_one, enter, enter);
BENCHMARK_CAPTURE(encode_one, enter_with_firm, enter_with_firm);
BENCHMARK_CAPTURE(encode_one, replace, replace);
BENCHMARK_CAPTURE(encode_one, cancel, cancel);
BENCHMARK_CAPTURE(encode_one, accepted, accepted);
BENCHMARK_CAPTURE(encode_one, executed, executed);

}  // namespace
}  // namespace portcullis::gateway::ouch
