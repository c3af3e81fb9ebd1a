// What a reader and an opening say when the files are not what was written.
//
// Where else what ORDERLIFE 3.1 lists is tested; J is this file:
//   torn tail      J ATornRecordAtTheEndIsContinuedByTheRing,
//                  AfterARestartOfTheMachineATornEndIsCutOffAndReported; journal_kill_test
//   flipped bit    J AFlippedBitAnywhereInARecordIsNamedWithFileAndOffset,
//                  ADamagedRecordInTheRingIsNamed; state_command_test ADamagedOneIsRefused; of what is
//                  followed: follower_fsync_test DamagedWhileFollowed, edge_journal_test
//                  ADamagedRecordClosesTheDoorAndLeavesTheGateAlone; of snapshots: snapshot_test
//                  WhatIsWrongWithAFileIsToldAndTheOlderOneIsTaken; of the order store in them:
//                  order_store_damage_test
//   missing segment  J AMissingSegmentIsNamed; before a snapshot: removed_segments_test,
//                  gate_retention_test; behind one: ASegmentThatIsMissingInTheMiddleIsNamed
//   full disk      journal_faults_test AFullDiskIsNoticedASegmentAhead; of snapshots: snapshot_test
//                  OneThatCannotBeWrittenLeavesTheOthersAlone
//   read-only disk  journal_faults_test AReadOnlyDiskIsRefusedByName,
//                  ADiskThatBecomesReadOnlyIsDegradedUntilItIsNot
//   failed sync    journal_faults_test ASegmentWhoseSyncFailedIsNeverSyncedAgain; in fsync:
//                  journal_fsync_test AfterAFailedSyncNothingIsDurableAnyMoreAndARestartLosesNothing,
//                  follower_fsync_test ARecordWhoseSyncFailedIsNotSeen, edge_journal_test
//                  NothingIsSaidAfterASyncHasFailed
//   older version  J AnotherVersionIsRefusedByName; of a record: state_command_test
//                  OneWithARecordOfAnotherVersionIsRefused; of a snapshot: snapshot_test
//   unclean boot   J AfterARestartOfTheMachine...; journal_fsync_test WhatWasDurableSurvivesRandomCuts
//   recovered with a difference  gate_difference_test; snapshot_test
//                  AStateRecoveredWithADifferenceTakesNoOrdersUntilItIsAccepted; plain_orders_test
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <string>

#include "gateway/journal/crc32c.h"
#include "tests/support/journal_support.h"

namespace portcullis::gateway::journal::journal_damage_test {
namespace {

using namespace testing;

constexpr std::uint64_t kSeed = 5;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// The segment and offset of a record.
RecordView place_of(const std::filesystem::path& directory, std::uint64_t sequence) {
  Reader reader(directory, {.from_sequence = sequence});
  RecordView record;
  EXPECT_EQ(reader.next(record), ReadStatus::Record) << reader.error();
  EXPECT_EQ(record.sequence, sequence);
  return record;
}

void overwrite(const std::filesystem::path& path, std::uint64_t offset,
               std::span<const std::byte> bytes) {
  const Fd fd = open_file(path, O_RDWR);
  ASSERT_TRUE(write_at(kSystemFileOps, fd.get(), bytes, offset));
}

void flip_bit(const std::filesystem::path& path, std::uint64_t offset) {
  const Fd fd = open_file(path, O_RDWR);
  std::byte byte{};
  ASSERT_EQ(read_at(fd.get(), {&byte, 1}, offset), 1);
  byte ^= std::byte{0x10};
  ASSERT_TRUE(write_at(kSystemFileOps, fd.get(), {&byte, 1}, offset));
}

std::uint32_t file_crc(const std::filesystem::path& path) {
  const Fd fd = open_file(path, O_RDONLY);
  Bytes bytes(std::filesystem::file_size(path));
  EXPECT_EQ(read_at(fd.get(), bytes, 0), static_cast<ssize_t>(bytes.size()));
  return crc32c(bytes);
}

std::string error_of_opening(const Options& options) {
  try {
    const Journal journal(options);
  } catch (const JournalError& error) {
    return error.what();
  }
  return "";
}

// Says it is damaged, how far it came before, and why.
std::string error_of_reading(const std::filesystem::path& directory, std::uint64_t good_records) {
  try {
    Reader reader(directory, {.include_ring = true});
    RecordView record;
    ReadStatus status = reader.next(record);
    std::uint64_t count = 0;
    for (; status == ReadStatus::Record; status = reader.next(record)) ++count;
    EXPECT_EQ(count, good_records);
    EXPECT_EQ(reader.next(record), status);  // and says so again
    return status == ReadStatus::Damaged ? reader.error() : "";
  } catch (const JournalError& error) {
    EXPECT_EQ(good_records, 0U);
    return error.what();
  }
}

class JournalDamage : public ::testing::Test {
 protected:
  // 400 records in several segments, closed in order or as by a kill with the last 20 in the ring
  // only.
  void write(bool close) {
    Journal journal(options_);
    for (std::uint64_t i = 1; i <= 400; ++i) {
      append(journal, record_of(kSeed, i));
      if (i == sync_at_) {
        ASSERT_TRUE(journal.flush() && journal.sync());
      }
      if (i == 380 || journal.room() != Room::All) {
        ASSERT_TRUE(journal.flush());
      }
    }
    if (close) {
      ASSERT_TRUE(journal.close());
    }
  }

  // The machine restarted since: another boot, and the ring went with the tmpfs.
  void restart_machine() {
    std::filesystem::remove(folder_ / "ring-a.ring");
    StateRecord state = read_state(folder_.path()).value();
    state.boot_id[3] ^= 1;
    ASSERT_TRUE(write_state(folder_.path(), state));
  }

  // Both say the same, and opening changes nothing in the segment.
  void expect_error(std::uint64_t good_records, const std::filesystem::path& file,
                    std::uint64_t offset, const std::string& what) {
    const std::string place = file.string() + " offset " + std::to_string(offset) + ": ";
    const std::string read = error_of_reading(folder_.path(), good_records);
    EXPECT_TRUE(contains(read, place) && contains(read, what)) << read;
    const std::uint32_t before = file_crc(file);
    EXPECT_EQ(error_of_opening(options_), read);
    EXPECT_EQ(file_crc(file), before);
  }

  std::uint64_t sync_at_ = 0;  // also makes all up to this record durable
  const TemporaryFolder folder_;
  const Options options_ = [this] {
    Options options = small_options(folder_.path());
    options.segment_bytes = 66'000;
    return options;
  }();
};

TEST_F(JournalDamage, AFlippedBitAnywhereInARecordIsNamedWithFileAndOffset) {
  write(true);
  for (const std::uint64_t sequence : {1UL, 37UL, 200UL, 399UL, 400UL}) {
    const RecordView place = place_of(folder_.path(), sequence);
    const std::filesystem::path file = folder_ / segment_name(place.segment);
    for (const std::uint64_t in_record : {5UL, 8UL, 17UL, 30UL, std::uint64_t{place.length} - 1}) {
      flip_bit(file, place.offset + in_record);
      expect_error(sequence - 1, file, place.offset,
                   "record " + std::to_string(sequence) + " expected: crc32c does not match");
      flip_bit(file, place.offset + in_record);
    }
    flip_bit(file, place.offset);  // the length: too long, or too short, or impossible
    expect_error(sequence - 1, file, place.offset,
                 "record " + std::to_string(sequence) + " expected: ");
    flip_bit(file, place.offset);
  }
  EXPECT_EQ(error_of_opening(options_), "");
}

TEST_F(JournalDamage, AKilledJournalKnowsWhatWasFlushedAsWell) {
  write(false);
  const RecordView place = place_of(folder_.path(), 380);
  const std::filesystem::path file = folder_ / segment_name(place.segment);
  flip_bit(file, place.offset + 20);
  expect_error(379, file, place.offset, "record 380 expected: crc32c does not match");
  flip_bit(file, place.offset + 20);
  // Zeros look like the end, but are not.
  const Bytes zeros(place.length);
  overwrite(file, place.offset, zeros);
  expect_error(379, file, place.offset, "record 380 expected: no record (length 0)");
}

TEST_F(JournalDamage, ATornRecordAtTheEndIsContinuedByTheRing) {
  write(false);
  // As a pwrite leaves it that was killed half way: record 381 begun.
  const RecordView place = place_of(folder_.path(), 380);
  const std::filesystem::path file = folder_ / segment_name(place.segment);
  const std::uint32_t length = static_cast<std::uint32_t>(record_of(kSeed, 381).bytes());
  overwrite(file, place.offset + place.length, bytes_of(length));
  EXPECT_EQ(error_of_reading(folder_.path(), 400), "");
  const Journal journal(options_);
  EXPECT_EQ(journal.recovery().records_from_ring, 20U);
  expect_records(folder_.path(), kSeed, 400, false);
  expect_streams(journal, folder_.path(), kSeed, 400);
}

TEST_F(JournalDamage, ADamagedRecordInTheRingIsNamed) {
  write(false);
  RingReader ring;
  JournalId id = Reader(folder_.path()).id();
  ASSERT_TRUE(ring.open(folder_.path(), id));
  const std::uint64_t position = ring.flushed_position();
  flip_bit(ring.path(), kRingHeaderBytes + (position & 65'535) + 24);
  const std::string read = error_of_reading(folder_.path(), 380);
  EXPECT_TRUE(contains(read, ring.path().string())) << read;
  EXPECT_TRUE(contains(error_of_opening(options_), "record 381 expected")) << read;
}

TEST_F(JournalDamage, AfterARestartOfTheMachineATornEndIsCutOffAndReported) {
  write(false);
  const RecordView place = place_of(folder_.path(), 380);
  const std::filesystem::path file = folder_ / segment_name(place.segment);
  restart_machine();
  const Bytes zeros(place.length / 2);
  overwrite(file, place.offset + place.length - zeros.size(), zeros);
  {
    const Journal journal(options_);
    EXPECT_EQ(journal.recovery().last_sequence, 379U);
    EXPECT_TRUE(journal.recovery().possible_loss);
    expect_streams(journal, folder_.path(), kSeed, 379);
  }
  expect_records(folder_.path(), kSeed, 379, true);
  // Nothing of the torn record is left for a later one to end in.
  Bytes rest(std::filesystem::file_size(file) - place.offset);
  const Fd fd = open_file(file, O_RDONLY);
  ASSERT_EQ(read_at(fd.get(), rest, place.offset), static_cast<ssize_t>(rest.size()));
  EXPECT_EQ(rest, Bytes(rest.size()));
}

// Up to where the segment says that it was durable. Behind that the machine wrote what it had in no
// order, and the first record that is not there is the end.
TEST_F(JournalDamage, AfterARestartOfTheMachineAHoleAmongDurableRecordsIsAnError) {
  sync_at_ = 300;
  write(false);
  const RecordView durable = place_of(folder_.path(), 300);
  const RecordView later = place_of(folder_.path(), 375);
  ASSERT_EQ(durable.segment, list_segments(folder_.path()).back());
  restart_machine();
  const std::filesystem::path file = folder_ / segment_name(durable.segment);
  Bytes was(durable.length);
  {
    const Fd fd = open_file(file, O_RDONLY);
    ASSERT_EQ(read_at(fd.get(), was, durable.offset), static_cast<ssize_t>(was.size()));
  }
  overwrite(file, durable.offset, Bytes(durable.length));
  EXPECT_TRUE(contains(error_of_opening(options_), "record 300 expected: no record (length 0)"));
  overwrite(file, durable.offset, was);
  overwrite(file, later.offset, Bytes(later.length));
  const Journal journal(options_);
  EXPECT_EQ(journal.recovery().last_sequence, 374U);
  EXPECT_TRUE(journal.recovery().possible_loss);
  expect_records(folder_.path(), kSeed, 374, false);
}

// Its name was written and its bytes were not.
TEST_F(JournalDamage, AfterARestartOfTheMachineALastSegmentWithoutAHeaderIsNotThere) {
  write(false);
  const std::uint32_t last = list_segments(folder_.path()).back();
  ASSERT_GE(last, 2U);
  restart_machine();
  overwrite(folder_ / segment_name(last), 0, Bytes(100'000));
  {
    const Journal journal(options_);
    EXPECT_TRUE(journal.recovery().possible_loss);
    EXPECT_EQ(list_segments(folder_.path()).back(), last - 1);
    EXPECT_GT(journal.recovery().last_sequence, 100U);
    expect_records(folder_.path(), kSeed, journal.recovery().last_sequence, false);
  }
  // Without a restart it is damage.
  overwrite(folder_ / segment_name(last - 1), 0, Bytes(48));
  EXPECT_TRUE(contains(error_of_opening(options_), "wrong magic"));
}

// The ring on a disk outlives the machine, but its pages may be older than its header says.
TEST_F(JournalDamage, AfterARestartOfTheMachineARingIsReadAsFarAsItIsGood) {
  write(false);
  StateRecord state = read_state(folder_.path()).value();
  state.boot_id[3] ^= 1;
  ASSERT_TRUE(write_state(folder_.path(), state));
  RingReader ring;
  ASSERT_TRUE(ring.open(folder_.path(), Reader(folder_.path()).id()));
  std::uint64_t position = ring.flushed_position();
  for (std::uint64_t i = 381; i < 390; ++i) position += record_of(kSeed, i).bytes();
  flip_bit(ring.path(), kRingHeaderBytes + (position & 65'535) + 24);
  const Journal journal(options_);
  EXPECT_EQ(journal.recovery().last_sequence, 389U);
  EXPECT_TRUE(journal.recovery().possible_loss);
  expect_records(folder_.path(), kSeed, 389, false);
}

TEST_F(JournalDamage, AMissingSegmentIsNamed) {
  write(true);
  ASSERT_GE(list_segments(folder_.path()).size(), 2U);
  std::filesystem::rename(folder_ / segment_name(1), folder_ / "aside");
  EXPECT_TRUE(contains(error_of_reading(folder_.path(), 0),
                       (folder_ / segment_name(1)).string() + " is missing"));
  EXPECT_TRUE(contains(error_of_opening(options_), segment_name(1) + " is missing"));
  std::filesystem::rename(folder_ / "aside", folder_ / segment_name(1));
  // The last one missing leaves no gap in the names, but the state file knows better.
  const std::uint32_t last = list_segments(folder_.path()).back();
  const RecordView place = [&] {
    RecordView found;
    for (std::uint64_t i = 1; i <= 400; ++i) {
      const RecordView record = place_of(folder_.path(), i);
      if (record.segment < last) found = record;
    }
    return found;
  }();
  std::filesystem::remove(folder_ / segment_name(last));
  expect_error(place.sequence, folder_ / segment_name(last - 1), place.offset + place.length,
               "record " + std::to_string(place.sequence + 1) + " expected");
  for (const std::uint32_t number : list_segments(folder_.path())) {
    std::filesystem::remove(folder_ / segment_name(number));
  }
  EXPECT_TRUE(contains(error_of_opening(options_), "no segments"));
}

TEST_F(JournalDamage, ABadSegmentHeaderIsNamed) {
  write(true);
  const std::filesystem::path file = folder_ / segment_name(1);
  const auto expect_header_error = [&](std::uint64_t offset, const std::string& what) {
    flip_bit(file, offset);
    const std::string read = error_of_reading(folder_.path(), 0);
    EXPECT_TRUE(contains(read, file.string() + " offset 0: ") && contains(read, what)) << read;
    EXPECT_EQ(error_of_opening(options_), read);
    flip_bit(file, offset);
  };
  expect_header_error(0, "wrong magic");
  expect_header_error(8, "format version 17, this program reads 1");
  expect_header_error(12, "crc32c of the segment header");
  expect_header_error(40, "crc32c of the segment header");
  std::filesystem::resize_file(file, 20);
  EXPECT_TRUE(contains(error_of_opening(options_), "cut off"));
}

// Of an older program, or a newer one: nothing is read, and the files are as they were.
TEST_F(JournalDamage, AnotherVersionIsRefusedByName) {
  write(false);
  const std::uint32_t last = list_segments(folder_.path()).back();
  const auto expect_refused = [&](const std::filesystem::path& file) {
    for (const std::uint32_t version : {0U, 2U}) {
      overwrite(file, 8, bytes_of(version));
      const std::uint32_t before = file_crc(file);
      const std::string error = error_of_opening(options_);
      EXPECT_TRUE(contains(error, file.string())) << error;
      EXPECT_TRUE(
          contains(error, "format version " + std::to_string(version) +
                              ", this program reads 1; go on with the program that wrote it"))
          << error;
      EXPECT_EQ(file_crc(file), before);
    }
    overwrite(file, 8, bytes_of(kFormatVersion));
  };
  expect_refused(folder_ / segment_name(1));
  expect_refused(folder_ / segment_name(last));
  expect_refused(folder_ / kStateName);
  expect_refused(folder_ / "ring-a.ring");
  const Journal journal(options_);
  EXPECT_EQ(journal.recovery().last_sequence, 400U);
}

TEST_F(JournalDamage, ASegmentOfAnotherJournalIsNamed) {
  write(true);
  const TemporaryFolder other;
  {
    Journal journal(small_options(other.path()));
    ASSERT_TRUE(journal.close());
  }
  std::filesystem::copy_file(other / segment_name(1), folder_ / segment_name(1),
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_TRUE(contains(error_of_opening(options_), "another journal"));
}

TEST_F(JournalDamage, StreamIndexesAreMadeAnew) {
  write(true);
  std::filesystem::remove(folder_ / index_name(0));
  std::filesystem::resize_file(folder_ / index_name(1), 40);
  std::filesystem::resize_file(folder_ / index_name(2), 100'000);
  flip_bit(folder_ / index_name(3), 20);
  std::ofstream(folder_ / index_name(77)) << "of a stream that does not exist";
  {
    const Journal journal(options_);
    expect_streams(journal, folder_.path(), kSeed, 400);
    for (std::uint16_t stream = 0; stream < kStreams; ++stream) {
      EXPECT_EQ(std::filesystem::file_size(folder_ / index_name(stream)),
                16 * journal.stream_flushed(stream));
    }
    EXPECT_FALSE(std::filesystem::exists(folder_ / index_name(77)));
  }
}

TEST_F(JournalDamage, AStreamReaderSaysWhatIsWrong) {
  write(true);
  const auto messages = streams_of(kSeed, 400).at(3).size();
  const auto read = [&](std::uint64_t from) {
    StreamReader reader(folder_.path(), 3);
    return reader.read(from, messages + 1) == ReadStatus::Damaged ? reader.error() : "";
  };
  EXPECT_EQ(read(1), "");
  EXPECT_TRUE(contains(read(0), "begin at 1"));
  EXPECT_TRUE(contains(read(messages + 1), "the index ends"));
  flip_bit(folder_ / index_name(3), 16 + 4);
  EXPECT_TRUE(contains(read(2), "points to something else")) << read(2);
  flip_bit(folder_ / index_name(3), 16 + 3);
  EXPECT_TRUE(contains(read(2), "No such file")) << read(2);
}

}  // namespace
}  // namespace portcullis::gateway::journal::journal_damage_test
