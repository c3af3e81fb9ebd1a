#include "gateway/edge/door.h"

#include <fmt/format.h>

namespace portcullis::gateway::edge {

Upgrade Door::on_upgrade(const HttpRequest& request, std::int64_t) {
  if (request.path == "/v5/trade") return {Channel::Trade};
  if (request.path == "/v5/private") return {Channel::Private};
  return {std::nullopt, {.status = 404, .body = R"({"retCode":10404,"retMsg":"no such path"})"}};
}

std::string Door::fault(std::string_view what) const {
  return fmt::format(R"({{"retCode":10001,"retMsg":"{}"}})", what);
}

}  // namespace portcullis::gateway::edge
