// A gate that is stopped while JSON clients send orders: what was accepted is decided, what is
// answered is in the journal, and what was sent before the stop is one or the other.
#include <gtest/gtest.h>

#include <csignal>
#include <map>
#include <random>
#include <vector>

#include "gateway/gate/records.h"
#include "gateway/journal/reader.h"
#include "gateway/json/commands.h"
#include "tests/support/json_gate.h"
#include "tests/support/json_world.h"
#include "tests/support/seed.h"

namespace portcullis::test::json_stop_test {
namespace {

using namespace gateway;
constexpr auto kSet = Change::Kind::Set;

struct Sent {
  std::string link;
  bool before_stop = false;
};

class JsonStop : public JsonGate {
 protected:
  JsonStop()
      : JsonGate({{kSet, "process.json", "edge.requests_per_second_max", "1000000"},
                  {kSet, "process.json", "gateway.cancel_working_orders_on_stop", "true"}}) {}

  // What was decided of the orders that have a name.
  std::map<std::string, risk::Disposition> in_journal() const {
    std::map<std::string, risk::Disposition> found;
    journal::Reader reader(deployment_.journal(), {.from_sequence = 0});
    journal::RecordView record;
    while (reader.next(record) == journal::ReadStatus::Record) {
      gate::EnterNamedRecord enter;
      if (static_cast<gate::RecordType>(record.type) != gate::RecordType::EnterNamed ||
          !journal::read_command(record, enter))
        continue;
      const std::string link(json::text_of(enter.name));
      EXPECT_FALSE(found.contains(link)) << link << " twice";
      found[link] = enter.decision.disposition;
    }
    EXPECT_EQ(reader.error(), "");
    return found;
  }

  // retCode by orderLinkId, as far as it was answered, and the close's code.
  int read_answers(RawPeer& peer, std::map<std::string, std::string>& codes) {
    while (const std::optional<Frame> frame = peer.read_frame()) {
      if (frame->opcode == 8) {
        return static_cast<unsigned char>(frame->payload[0]) << 8 |
               static_cast<unsigned char>(frame->payload[1]);
      }
      if (frame->opcode != 1) continue;
      // The request's id is the order's link: a refusal names no order.
      const std::string link = value_at(frame->payload, "reqId");
      EXPECT_FALSE(codes.contains(link)) << link << " is answered twice";
      codes[link] = value_at(frame->payload, "retCode");
      const auto says = [&](std::string_view text) {
        return frame->payload.find(text) != std::string::npos;
      };
      EXPECT_FALSE(says("has not taken it")) << "accepted, and then lost: " << frame->payload;
      if (says("the gate is stopping")) ++refused_by_the_stop_;
    }
    return 0;
  }

  void round(std::mt19937_64& random) {
    start();
    if (HasFatalFailure()) return;
    RawPeer other(port_.number());
    ASSERT_TRUE(other.open());
    other.send_text(auth("JSON2"));
    ASSERT_EQ(value_at(other.read_text(), "retCode"), "0");
    std::vector<Sent> sent;
    const std::size_t before = 1 + random() % 3'000;
    const std::size_t behind = random() % 400;
    const auto next_link = [&] { return "o" + std::to_string(number_++); };
    // All at once, so that the stop finds some of them unread.
    std::string bytes[2];
    for (std::size_t n = 0; n < before; ++n) {
      const std::string link = next_link();
      bytes[random() % 2] += bytes_of(Frame{.payload = create(link, link)});
      sent.push_back({link, true});
    }
    ASSERT_TRUE(peer_->send(bytes[0]) && other.send(bytes[1]));
    gate_->signal(SIGTERM);
    for (std::size_t n = 0; n < behind; ++n) {
      const std::string link = next_link();
      RawPeer& peer = random() % 2 == 0 ? *peer_ : other;
      if (peer.send_text(create(link, link))) sent.push_back({link, false});
    }
    std::map<std::string, std::string> codes;
    EXPECT_EQ(read_answers(*peer_, codes), 1001);
    EXPECT_EQ(read_answers(other, codes), 1001);
    peer_->close();
    other.close();
    EXPECT_EQ(gate_->wait(), 0) << read_file(deployment_.errors());
    gate_.reset();

    const std::map<std::string, risk::Disposition> decided = in_journal();
    for (const Sent& order : sent) {
      const auto answer = codes.find(order.link);
      const auto record = decided.find(order.link);
      if (answer == codes.end()) {
        EXPECT_TRUE(!order.before_stop || record != decided.end())
            << order.link << " was sent before the stop, and nothing is known of it";
        EXPECT_EQ(record, decided.end()) << order.link << " is in the journal and is not answered";
      } else if (answer->second == "0") {
        ASSERT_NE(record, decided.end())
            << order.link << " is acknowledged, and not in the journal";
        EXPECT_NE(record->second, risk::Disposition::Reject) << order.link;
        ++acknowledged_;
      } else if (answer->second == "10016") {
        EXPECT_EQ(record, decided.end()) << order.link;
      }
    }
    EXPECT_EQ(deployment_.gate_stat("live_orders"), 0) << "cancelled, the last ones too";
    EXPECT_EQ(deployment_.gate_stat("edge.door.ignored"), 0);
    expect_replay_agrees(deployment_);
  }

  // At least so many rounds, and more where the stop comes before most orders are read.
  void rounds(int least, int acknowledged) {
    std::mt19937_64 random(seed());
    for (int r = 0; (r < least || acknowledged_ < acknowledged) && r < 20 * least; ++r) {
      round(random);
      if (HasFailure()) return;
    }
    EXPECT_GE(acknowledged_, acknowledged);
    EXPECT_EQ(venue_->terminate(), 0);
  }

  int number_ = 0;
  int acknowledged_ = 0;
  int refused_by_the_stop_ = 0;
};

TEST_F(JsonStop, WhatWasAcceptedIsDecidedAndAnswered) {
  rounds(6, 50);
  EXPECT_GT(refused_by_the_stop_, 0);
}

TEST_F(JsonStop, AnswersWaitForTheDisk) {
  deployment_.change({kSet, "process.json", "journal.durability", "\"fsync\""});
  rounds(3, 20);
}

}  // namespace
}  // namespace portcullis::test::json_stop_test
