// A real gate after the machine went down in durability process: the last records of its journal are
// gone, and its clients begin again under another session name.

#include <gtest/gtest.h>

#include <string>

#include "gateway/journal/reader.h"
#include "tests/support/gate_process.h"
#include "tests/support/link_state.h"
#include "tests/support/ouch_client.h"

namespace portcullis::test::gate_unclean_boot_test {
namespace {

namespace journal = gateway::journal;

// The records behind this one never reached the disk, nor did the ring.
void lose_machine(const std::filesystem::path& folder, std::uint64_t last_record) {
  journal::RecordView record;
  {
    journal::Reader reader(folder, {.from_sequence = last_record});
    ASSERT_EQ(reader.next(record), journal::ReadStatus::Record);
  }
  const std::filesystem::path segment = folder / journal::segment_name(record.segment);
  const std::uintmax_t size = std::filesystem::file_size(segment);
  std::filesystem::resize_file(segment, record.offset + record.length);
  std::filesystem::resize_file(segment, size);
  std::filesystem::remove(folder / std::filesystem::read_symlink(folder / journal::kRingLink));
  journal::StateRecord state = journal::read_state(folder).value();
  state.boot_id[5] ^= 1;
  ASSERT_TRUE(journal::write_state(folder, state));
}

std::uint64_t last_record(const std::filesystem::path& folder) {
  journal::Reader reader(folder);
  journal::RecordView record;
  while (reader.next(record) == journal::ReadStatus::Record) continue;
  return reader.next_sequence() - 1;
}

// Orders of both that match, and what the buyer is told: each accepted and executed.
void trade(OuchClient& buyer, OuchClient& seller, std::uint32_t first, std::uint32_t orders) {
  for (std::uint32_t n = first; n < first + orders; ++n) {
    seller.send(sell(n, 1));
    (void)seller.receive(1);
    buyer.send(buy(n, 1));
    (void)buyer.receive(2);
    (void)seller.receive(1);
  }
}

TEST(GateUncleanBoot, ClientsBeginAgainUnderAnotherNameAndTheVenueTellsWhatWasLost) {
  // Nothing is durable until a segment is full, or what is lost here would be damage.
  TestDeployment deployment({{Change::Kind::Set, "process.json", "journal.sync_interval_ms", "0"}});
  VenueProcess venue(deployment);
  ASSERT_TRUE(venue.started());
  std::string first_name;
  std::uint64_t shown = 0;
  {
    GateProcess gate(deployment);
    ASSERT_NE(gate.port(), 0) << read_file(deployment.errors());
    wait_for_link(gate.port());
    OuchClient buyer(gate.port());
    OuchClient seller(gate.port());
    ASSERT_TRUE(buyer.login("ALPHA2"));
    ASSERT_TRUE(seller.login("BRAVO2"));
    trade(buyer, seller, 1, 20);
    EXPECT_NE(buyer.query(), 0U);
    first_name = buyer.session;
    shown = buyer.next_sequence() - 1;
    EXPECT_GT(shown, 40U);
    gate.kill_9();
  }
  const std::uint64_t records = last_record(deployment.journal());
  std::string second_name;
  for (int boot = 0; boot < 2; ++boot) {
    lose_machine(deployment.journal(), records * 2 / 3);
    GateProcess gate(deployment);
    ASSERT_NE(gate.port(), 0) << read_file(deployment.errors());
    EXPECT_NE(read_file(deployment.errors()).find("the machine stopped uncleanly"),
              std::string::npos);
    wait_for_link(gate.port());
    for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{1}, shown, shown + 1}) {
      OuchClient old(gate.port());
      EXPECT_FALSE(old.login("ALPHA2", number, first_name));
      EXPECT_EQ(old.reject_reason, 'S') << number;
    }
    OuchClient buyer(gate.port());
    ASSERT_TRUE(buyer.login("ALPHA2", 1));
    EXPECT_EQ(buyer.first_sequence, 1U);
    EXPECT_NE(buyer.session, first_name);
    EXPECT_NE(buyer.session, second_name);
    second_name = buyer.session;
    EXPECT_NE(buyer.query(), 0U);
    // What is left of the old stream is not in the new one; what the venue said behind it is.
    EXPECT_GT(buyer.stream.size(), 10U);
    EXPECT_LT(buyer.stream.size(), shown);
    gate.kill_9();
  }
  // It goes on there, and orders are taken.
  {
    GateProcess gate(deployment);
    ASSERT_NE(gate.port(), 0) << read_file(deployment.errors());
    wait_for_link(gate.port());
    OuchClient buyer(gate.port());
    OuchClient seller(gate.port());
    ASSERT_TRUE(buyer.login("ALPHA2", 0, second_name));
    ASSERT_TRUE(seller.login("BRAVO2", 0));
    trade(buyer, seller, 100, 5);
    EXPECT_EQ(buyer.stream.size(), 10U);
    EXPECT_EQ(gate.terminate(), 0);
  }
  EXPECT_EQ(venue.terminate(), 0);
  EXPECT_EQ(deployment.gate_text("stream_session"), '"' + second_name + '"');
  EXPECT_GT(deployment.gate_stat("venue.adopted"), 0);
  EXPECT_EQ(deployment.gate_stat("venue.unattributed"), 0);
  EXPECT_EQ(deployment.gate_stat("venue.executed"), 2 * 25);
  EXPECT_EQ(deployment.gate_stat("positions.BTC-PERP.net_lots"), 1'000);
  expect_replay_agrees(deployment);
}

}  // namespace
}  // namespace portcullis::test::gate_unclean_boot_test
