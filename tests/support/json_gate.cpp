#include "tests/support/json_gate.h"

#include <chrono>

#include "tests/support/json_world.h"
#include "tests/support/link_state.h"

namespace portcullis::test {

namespace {

std::vector<Change> with_port(const Port& port, const std::vector<Change>& more) {
  std::vector<Change> all = json_changes();
  all.push_back({Change::Kind::Set, "process.json", "edge.port", std::to_string(port.number())});
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace

JsonGate::JsonGate(const std::vector<Change>& more) : deployment_(with_port(port_, more)) {}

JsonGate::~JsonGate() = default;

void JsonGate::start() {
  if (!venue_) venue_ = std::make_unique<VenueProcess>(deployment_);
  gate_ = std::make_unique<GateProcess>(deployment_);
  ASSERT_NE(gate_->port(), 0) << read_file(deployment_.errors());
  wait_for_link(gate_->port());
  peer_ = std::make_unique<RawPeer>(port_.number());
  ASSERT_TRUE(peer_->open());
  EXPECT_EQ(value_at(ask(auth("JSON1")), "retCode"), "0");
}

void JsonGate::stop() {
  EXPECT_EQ(gate_->terminate(), 0) << read_file(deployment_.errors());
  gate_.reset();
  EXPECT_EQ(venue_->terminate(), 0);
  venue_.reset();
}

std::int64_t JsonGate::now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string JsonGate::auth(std::string_view session, std::string_view secret) {
  const std::string expires = std::to_string(now_ms() + 5'000);
  return R"({"op":"auth","args":["key-)" + std::string(session) + "\"," + expires + ",\"" +
         signed_text(secret, "GET/realtime" + expires) + "\"]}";
}

std::string JsonGate::request(const std::string& op, const std::string& args,
                              const std::string& id) {
  return R"({"op":")" + op + R"(","reqId":")" + id + R"(","header":{"X-BAPI-TIMESTAMP":")" +
         std::to_string(now_ms()) + R"("},"args":[)" + args + "]}";
}

std::string JsonGate::create(const std::string& link, const std::string& id) {
  return request("order.create", JsonWorld::amzn("Buy", 1, "219.50", link), id);
}

std::string JsonGate::cancel(const std::string& link) {
  return request("order.cancel",
                 R"({"category":"linear","symbol":"AMZN","orderLinkId":")" + link + "\"}");
}

std::string JsonGate::ask(const std::string& text) {
  EXPECT_TRUE(peer_->send_text(text));
  return peer_->read_text();
}

std::string JsonGate::get(const std::string& path, const std::string& query,
                          std::string_view secret, const char* from) const {
  RawPeer peer(port_.number(), RawPeer::Tls::No, 0, from);
  const std::string time = std::to_string(now_ms());
  peer.send("GET " + path + "?" + query +
            " HTTP/1.1\r\nHost: gate\r\nX-BAPI-API-KEY: key-JSON1\r\nX-BAPI-TIMESTAMP: " + time +
            "\r\nX-BAPI-RECV-WINDOW: 5000\r\nX-BAPI-SIGN: " +
            signed_text(secret, time + "key-JSON1" + "5000" + query) + "\r\n\r\n");
  const std::string response = peer.read_response();
  const std::size_t body = response.find("\r\n\r\n");
  EXPECT_NE(body, std::string::npos) << response;
  return body == std::string::npos ? "" : response.substr(body + 4);
}

}  // namespace portcullis::test
