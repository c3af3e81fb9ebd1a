#include "tests/support/json_client.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "tests/support/json_world.h"

namespace portcullis::test {

namespace {

constexpr std::string_view kSecret = "for-tests-only";  // of TestDeployment::environment

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string request(std::string_view op, std::string_view args) {
  return R"({"op":")" + std::string(op) + R"(","reqId":"r","header":{"X-BAPI-TIMESTAMP":")" +
         std::to_string(now_ms()) + R"("},"args":[)" + std::string(args) + "]}";
}

std::string create_request(std::string_view link) {
  return request("order.create", JsonWorld::amzn("Buy", 1, "219.50", link));
}

}  // namespace

JsonClient::JsonClient(std::uint16_t port) : port_(port), peer_(port) {
  EXPECT_TRUE(peer_.open());
  const std::string expires = std::to_string(now_ms() + 5'000);
  EXPECT_EQ(value_at(ask(R"({"op":"auth","args":["key-JSON1",)" + expires + ",\"" +
                         signed_text(kSecret, "GET/realtime" + expires) + "\"]}"),
                     "retCode"),
            "0");
}

std::string JsonClient::ask(std::string_view text) {
  EXPECT_TRUE(peer_.send_text(text));
  return peer_.read_text();
}

bool JsonClient::send_create(std::string_view link) {
  return peer_.send_text(create_request(link));
}

std::string JsonClient::create(std::string_view link) { return ask(create_request(link)); }

std::string JsonClient::cancel(std::string_view link) {
  return ask(request("order.cancel", R"({"category":"linear","symbol":"AMZN","orderLinkId":")" +
                                         std::string(link) + "\"}"));
}

std::string JsonClient::get(std::string_view path, std::string_view query) const {
  RawPeer peer(port_);
  const std::string time = std::to_string(now_ms());
  const std::string asked(query);
  peer.send("GET " + std::string(path) + "?" + asked +
            " HTTP/1.1\r\nHost: gate\r\nX-BAPI-API-KEY: key-JSON1\r\nX-BAPI-TIMESTAMP: " + time +
            "\r\nX-BAPI-RECV-WINDOW: 5000\r\nX-BAPI-SIGN: " +
            signed_text(kSecret, time + "key-JSON1" + "5000" + asked) + "\r\n\r\n");
  const std::string response = peer.read_response();
  const std::size_t body = response.find("\r\n\r\n");
  EXPECT_NE(body, std::string::npos) << response;
  return body == std::string::npos ? "" : response.substr(body + 4);
}

void JsonClient::wait_until_new(std::string_view link) const {
  const std::string query = "category=linear&orderLinkId=" + std::string(link);
  for (int wait = 0; wait < 500; ++wait) {
    if (value_at(get("/v5/order/realtime", query), "result.list[0].orderStatus") == "New") return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ADD_FAILURE() << link << " has not been accepted";
}

std::vector<std::string> JsonClient::open_links() const {
  std::vector<std::string> links;
  const std::string body = get("/v5/order/realtime", "category=linear&limit=50");
  EXPECT_EQ(value_at(body, "retCode"), "0") << body;
  for (int o = 0;; ++o) {
    const std::string at = "result.list[" + std::to_string(o) + "].";
    const std::string link = value_at(body, at + "orderLinkId");
    if (link.empty()) break;
    const std::string status = value_at(body, at + "orderStatus");
    if (status == "New" || status == "Created") links.push_back(link);
  }
  return links;
}

}  // namespace portcullis::test
