// What is no order, said to the edge over real sockets: JSON that is none, JSON that is odd, and the
// frames of clients of other venues. Whatever it was, it has an answer or a close, the gate hears of
// nothing, and the neighbour trades on.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "feeds/epoch_clock.h"
#include "tests/support/edge_world.h"
#include "tests/support/raw_peer.h"

namespace portcullis::test::edge_hostile_json_test {
namespace {

std::int64_t now_ms() { return feeds::epoch_ns() / 1'000'000; }

class EdgeHostileJson : public testing::Test {
 protected:
  EdgeHostileJson() : neighbour_(world_.port()) {
    log_in(neighbour_, "JSON2");
    trade();
  }
  ~EdgeHostileJson() override {
    trade();
    EXPECT_EQ(world_.failure(), "");
  }

  void log_in(RawPeer& peer, std::string_view session) {
    ASSERT_TRUE(peer.open());
    peer.send_text(auth_request(session, now_ms()));
    ASSERT_EQ(value_at(peer.read_text(), "retCode"), "0");
  }
  static std::string order(const std::string& args, const std::string& id = "1") {
    return R"({"op":"order.create","reqId":")" + id + R"(","header":{"X-BAPI-TIMESTAMP":")" +
           std::to_string(now_ms()) + R"(","X-BAPI-RECV-WINDOW":"5000"},"args":[)" + args + "]}";
  }
  // The neighbour's order is taken, and cancelled again.
  void trade() {
    const std::string link = "n" + std::to_string(++trades_);
    neighbour_.send_text(order(JsonWorld::amzn("Buy", 1, "219.5", link)));
    ASSERT_EQ(value_at(neighbour_.read_text(), "retCode"), "0");
    std::string cancel =
        order(R"({"category":"linear","symbol":"AMZN","orderLinkId":")" + link + "\"}");
    cancel.replace(cancel.find("create"), 6, "cancel");
    neighbour_.send_text(cancel);
    ASSERT_EQ(value_at(neighbour_.read_text(), "retCode"), "0");
  }
  // Orders that the gate has heard of.
  std::uint64_t orders() {
    std::uint64_t count = 0;
    world_.with(
        [&](GateWorld& world) { count = world.engine().watermark(world.session("JSON1")); });
    return count;
  }

  EdgeWorld world_;
  RawPeer neighbour_;
  int trades_ = 0;
};

TEST_F(EdgeHostileJson, IsAnsweredWithTheRequestsId) {
  RawPeer peer(world_.port());
  log_in(peer, "JSON1");
  const std::string good =
      R"("category":"linear","symbol":"AMZN","side":"Buy","orderType":"Limit")";
  const std::string deep(1'000, '[');
  const std::string frames[] = {
      order("{" + good + R"(,"qty":"1","qty":"2","price":"219"})", "x"),
      order("{" + good + R"(,"qty":"1","price":"219","price":"219"})", "x"),
      order("{" + good + R"(,"qty":"1e400","price":"219"})", "x"),
      order("{" + good + R"(,"qty":1e400,"price":"219"})", "x"),
      order("{" + good + R"(,"qty":"99999999999999999999999999999999","price":"219"})", "x"),
      order("{" + good + R"(,"qty":-1,"price":"219"})", "x"),
      order("{" + good + R"(,"qty":"NaN","price":"219"})", "x"),
      order("{" + good + R"(,"qty":"0x10","price":"219"})", "x"),
      order("{" + good + R"(,"qty":[1],"price":"219"})", "x"),
      order("{" + good + R"(,"qty":null,"price":"219"})", "x"),
      order("{" + good + R"(,"qty":"1","price":"219","orderLinkId":"\uD800"})", "x"),
      order("{" + good + R"(,"qty":"1","price":"219","orderLinkId":"\u0000"})", "x"),
      order(
          "{" + good + R"(,"qty":"1","price":"219","orderLinkId":")" + std::string(37, 'l') + "\"}",
          "x"),
      order("{" + good + R"(,"qty":"1","price":"219","triggerPrice":"1"})", "x"),
      order("{" + good + R"(,"qty":"1","price":"219","what":"1"})", "x"),
      order("{" + good + R"(,"qty":"1","price":"219"},{"category":"linear"})", "x"),
      order("", "x"),
      order("[]", "x"),
      order("7", "x"),
      order(deep, "x"),
      R"({"op":"order.create","reqId":"x","args":{}})",
      R"({"op":"order.create","reqId":"x"})",
      R"({"reqId":"x","op":"order.everything"})",
  };
  for (const std::string& frame : frames) {
    ASSERT_TRUE(peer.send_text(frame));
    const std::string reply = peer.read_text();
    ASSERT_NE(reply, "") << frame;
    EXPECT_NE(value_at(reply, "retCode"), "0") << frame;
    if (frame.size() < 900) {
      const bool named = value_at(reply, "reqId") == "x" || value_at(reply, "req_id") == "x";
      EXPECT_TRUE(named) << frame << " -> " << reply;
    }
    trade();
  }
  EXPECT_LE(orders(), 6u)
      << "a quantity or price that is wrong by itself is the engine's to refuse";
  world_.with([&](GateWorld& world) { EXPECT_EQ(world.engine().live_orders(), 0u); });
}

TEST_F(EdgeHostileJson, OfOneKindWithoutEndIsClosed) {
  RawPeer peer(world_.port());
  log_in(peer, "JSON1");
  for (int n = 0; n < 100; ++n) peer.send_text("no JSON");
  EXPECT_EQ(peer.read_close(), 1008);
  RawPeer large(world_.port());
  log_in(large, "JSON1");
  large.send_text(order(std::string(20'000, ' ')));
  EXPECT_EQ(large.read_close(), 1009);
}

TEST_F(EdgeHostileJson, OfManyAtOnceIsAnsweredForEach) {
  RawPeer peer(world_.port());
  log_in(peer, "JSON1");
  for (int n = 0; n < 500; ++n)
    peer.send_text(order(JsonWorld::amzn("Buy", 1, "219.999"), std::to_string(n)));
  for (int n = 0; n < 500; ++n)
    ASSERT_EQ(value_at(peer.read_text(), "reqId"), std::to_string(n)) << "in their order";
}

const char* data_folder() { return std::getenv("PORTCULLIS_DATA"); }

TEST_F(EdgeHostileJson, EveryFileOfTheJsonTestSuiteHasAnAnswerOrAClose) {
  if (data_folder() == nullptr) GTEST_SKIP() << "PORTCULLIS_DATA is not set";
  std::vector<std::filesystem::path> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(data_folder()) / "json/suite")) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  ASSERT_GT(files.size(), 300u);
  int answers = 0;
  int closes = 0;
  for (const std::filesystem::path& file : files) {
    RawPeer peer(world_.port());
    log_in(peer, "JSON1");
    const std::string text = read_file(file);
    peer.send_text(text);
    const std::optional<Frame> frame = peer.read_frame();
    ASSERT_TRUE(frame.has_value()) << file;
    if (frame->opcode == 8) {
      const int code = static_cast<unsigned char>(frame->payload[0]) << 8 |
                       static_cast<unsigned char>(frame->payload[1]);
      EXPECT_TRUE(code == 1007 || (code == 1009 && text.size() > 16'384)) << file << ": " << code;
      ++closes;
    } else {
      EXPECT_NE(value_at(frame->payload, "retCode"), "0") << file;
      ++answers;
    }
  }
  EXPECT_GT(answers, 200);
  EXPECT_GT(closes, 5);
  EXPECT_EQ(orders(), 0u);
}

TEST_F(EdgeHostileJson, FramesOfClientsOfOtherVenuesAreAnswered) {
  if (data_folder() == nullptr) GTEST_SKIP() << "PORTCULLIS_DATA is not set";
  std::ifstream file(std::filesystem::path(data_folder()) / "json/ws_frames.jsonl");
  int count = 0;
  for (std::string line; std::getline(file, line);) {
    const config::JsonResult parsed = config::parse_json(line);
    ASSERT_EQ(parsed.error, "");
    const std::string frame = parsed.json.find("frame")->text;
    RawPeer peer(world_.port());
    ASSERT_TRUE(peer.open());
    peer.send_text(frame);
    const std::string reply = peer.read_text();
    ASSERT_NE(reply, "") << frame;
    EXPECT_NE(value_at(reply, "retCode"), "0") << frame;
    if (const std::string id = value_at(frame, "reqId"); !id.empty()) {
      EXPECT_EQ(value_at(reply, "reqId"), id) << reply;
    }
    ++count;
  }
  EXPECT_EQ(count, 149);
}

}  // namespace
}  // namespace portcullis::test::edge_hostile_json_test
