// Frames of JSON clients from anywhere: no crash, no JSON where there is none, none refused as such
// where there is, and what is taken is within its bounds.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "config/decimal.h"
#include "config/json.h"
#include "gateway/json/decode.h"
#include "gateway/json/encode.h"
#include "tests/fuzz/json_text.h"

namespace {

using namespace portcullis;
using namespace portcullis::fuzz;
using namespace portcullis::gateway::json;

constexpr std::size_t kDepthMax = 32;

std::size_t depth(const config::Json& json) {
  if (json.kind != config::Json::Kind::Array && json.kind != config::Json::Kind::Object) return 0;
  std::size_t deepest = 0;
  for (const config::Json& item : json.items) deepest = std::max(deepest, depth(item));
  for (const config::JsonMember& member : json.members)
    deepest = std::max(deepest, depth(member.value));
  return deepest + 1;
}

void check_number(const Number& number) {
  if (!number.is_given()) return;
  using config::DecimalError;
  const DecimalError error = number.quoted ? config::parse_decimal(number.text, 18).error
                                           : config::parse_json_number(number.text, 18).error;
  require(error != DecimalError::NotANumber && error != DecimalError::Empty);
}

void check(const OrderRequest& order, bool create) {
  require(is_printable(order.fault.text));
  if (order.fault) return;
  require(order.category != Category::None);
  require(!order.symbol.empty() && is_printable(order.symbol));
  require(order.link.size() <= kLinkMax);
  require(create || !order.link.empty() || !order.order_id.empty());
  check_number(order.quantity);
  check_number(order.price);
  if (!create) return;
  require(order.quantity.is_given());
  require(order.price.is_given() || order.ord_type == risk::OrdType::Market);
}

// A reply to whoever sent this can be read by anybody.
void check_reply(const Request& request) {
  Buffer out;
  encode_refusal(out,
                 {.op = request.op_text, .req_id = request.req_id, .conn_id = "c", .now_ms = 1},
                 request.fault.code, request.fault.text);
  require(config::parse_json({out.data(), out.size()}).error.empty());
}

std::string bytes_of(const Request& request) {
  std::string bytes = std::string(request.op_text) + "|" + std::string(request.req_id) + "|" +
                      request.fault.text + "|" + std::string(request.signature);
  for (const OrderRequest& order : request.orders)
    bytes += "|" + order.fault.text + "|" + std::string(order.symbol);
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Decoder decoder(DecoderLimits{.frame_bytes_max = 4'096, .batch_max = 4, .topics_max = 4});
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // What stands behind a frame is not looked at.
  std::string frame(text);
  frame.append(kFramePadding, '\0');
  const std::string first = bytes_of(decoder.decode({frame.data(), size}));
  std::fill(frame.begin() + static_cast<std::ptrdiff_t>(size), frame.end(), '"');
  const Request& request = decoder.decode({frame.data(), size});
  require(bytes_of(request) == first);

  require(is_printable(request.req_id) && request.req_id.size() <= kReqIdMax);
  require(is_printable(request.op_text) && is_printable(request.fault.text));
  require(request.orders.size() <= 4 && request.topics.size() <= 4);
  require(request.fault || !request.malformed);
  check_reply(request);
  if (size > 4'096) {
    require(bool(request.fault));
    return 0;
  }
  // Numbers of any size are JSON here, and only here.
  const config::JsonResult parsed = config::parse_json(text);
  const bool is_json = parsed.error.empty() && depth(parsed.json) <= kDepthMax;
  require(!request.malformed || !is_json);
  require(request.malformed || is_json || has_large_number(text));
  if (request.fault || !is_json) return 0;
  require(request.op != Op::None);
  require(parsed.json.find("op")->text == name_of(request.op));
  require(!is_order(request.op) || !request.orders.empty());
  for (const OrderRequest& order : request.orders)
    check(order, request.op == Op::Create || request.op == Op::CreateBatch);
  return 0;
}
