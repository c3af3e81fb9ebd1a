// JSON orders: nanoseconds for one frame, from its bytes to the engine's command, and for a reply.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "config/load.h"
#include "gateway/json/commands.h"
#include "gateway/json/decode.h"
#include "gateway/json/encode.h"

namespace portcullis::gateway::json {
namespace {

// As Bybit's clients send them.
constexpr std::string_view kCreate =
    R"({"op":"order.create","reqId":"1","args":[{"symbol":"BTCUSDT","side":"Buy","orderType":"Limit","orderLinkId":"gate-1","price":"64250.5","category":"linear","qty":"0.25"}],"header":{"X-BAPI-TIMESTAMP":"1795328571062","X-BAPI-RECV-WINDOW":"5000"}})";
constexpr std::string_view kAmend =
    R"({"op":"order.amend","reqId":"10","args":[{"symbol":"BTCUSDT","orderId":"1234567890","category":"linear","qty":"0.5","price":"64122"}],"header":{"X-BAPI-TIMESTAMP":"1795328571062","X-BAPI-RECV-WINDOW":"5000"}})";
constexpr std::string_view kCancel =
    R"({"op":"order.cancel","reqId":"11","args":[{"symbol":"BTCUSDT","orderId":"1234567890","category":"linear"}],"header":{"X-BAPI-TIMESTAMP":"1795328571062","X-BAPI-RECV-WINDOW":"5000"}})";

const config::Deployment& deployment() {
  static const config::LoadResult loaded = [] {
    config::LoadResult example = config::load(PORTCULLIS_SOURCE_DIR "/config/examples/demo");
    if (!example.ok()) std::abort();
    const auto btc = example.deployment.names.instruments.find("BTC-PERP");
    example.deployment.instruments[btc.value].json_symbol = "BTCUSDT";
    return example;
  }();
  return loaded.deployment;
}

void decode(benchmark::State& state, std::string_view frame) {
  std::string bytes(frame);
  bytes.append(kFramePadding, '\0');
  Decoder decoder({});
  if (decoder.decode({bytes.data(), frame.size()}).fault) std::abort();
  for (auto _ : state) benchmark::DoNotOptimize(decoder.decode({bytes.data(), frame.size()}));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(frame.size()));
}
BENCHMARK_CAPTURE(decode, create, kCreate);
BENCHMARK_CAPTURE(decode, amend, kAmend);
BENCHMARK_CAPTURE(decode, cancel, kCancel);

void BM_CreateToCommand(benchmark::State& state) {
  const Symbols symbols(deployment());
  std::string bytes(kCreate);
  bytes.append(kFramePadding, '\0');
  Decoder decoder({});
  for (auto _ : state) {
    const Request& request = decoder.decode({bytes.data(), kCreate.size()});
    const risk::NewOrder order = new_order(request.orders[0], symbols);
    if (order.quantity.raw != 250) std::abort();
    benchmark::DoNotOptimize(order);
  }
}
BENCHMARK(BM_CreateToCommand);

constexpr ReplyTo kTo{
    .op = "order.create", .req_id = "1", .conn_id = "c-1", .now_ms = 1'795'328'571'062};

void BM_ReplyTaken(benchmark::State& state) {
  const Symbols symbols(deployment());
  Buffer out;
  for (auto _ : state) {
    out.clear();
    encode_order_reply(out, kTo, {.order_id = "DAY-0100001", .link = "gate-1"}, symbols);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(BM_ReplyTaken);

void BM_ReplyRefused(benchmark::State& state) {
  const Symbols symbols(deployment());
  risk::Decision decision;
  decision.disposition = risk::Disposition::Reject;
  decision.reason = risk::RejectReason::Margin;
  decision.node = 0;
  decision.limit = 1'000'000;
  decision.needed = 1'205'000;
  decision.available = 500'000;
  decision.shortfall = 705'000;
  Buffer out;
  for (auto _ : state) {
    out.clear();
    encode_order_reply(out, kTo, {.code = code_of(decision), .decision = &decision}, symbols);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(BM_ReplyRefused);

}  // namespace
}  // namespace portcullis::gateway::json
