#include "gateway/journal/format.h"

#include <gtest/gtest.h>

#include <fcntl.h>

#include <cstring>

#include "tests/support/journal_support.h"

namespace portcullis::gateway::journal::journal_format_test {
namespace {

struct Command {
  std::uint64_t a;
  std::uint32_t b;
  std::uint32_t c;
};
static_assert(is_journal_command<Command>);
struct Padded {
  std::uint64_t a;
  std::uint32_t b;
};
static_assert(!is_journal_command<Padded>);
struct alignas(16) Wide {
  std::uint64_t a, b;
};
static_assert(!is_journal_command<Wide>);
struct WithFloat {
  double a;
};
static_assert(!is_journal_command<WithFloat>);
static_assert(!is_journal_command<std::string>);

// Written by hand, so that the bytes on disk are pinned by something other than the code.
testing::Bytes example_record() {
  testing::Bytes bytes(72);
  const auto put = [&](std::size_t at, std::uint64_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i, value >>= 8) bytes[at + i] = std::byte(value & 0xFF);
  };
  put(0, 72, 4);
  put(8, 0x0102030405060708, 8);
  put(16, 7, 2);
  put(18, 1, 2);
  put(20, 3, 4);
  put(24, 1'000'000'007, 8);
  put(32, 0xCCBBAA, 3);
  put(40, 2, 2);
  put(42, 9, 2);
  put(48, 55, 8);
  put(56, 0x1122334455667788, 8);
  put(64, 0x99, 1);
  put(4, record_crc32c(bytes), 4);
  return bytes;
}

void set_crc(testing::Bytes& bytes) {
  const std::uint32_t crc = record_crc32c(bytes);
  std::memcpy(bytes.data() + 4, &crc, sizeof crc);
}

TEST(JournalFormat, ReadsARecordWrittenByHand) {
  const testing::Bytes bytes = example_record();
  RecordView record;
  ASSERT_EQ(parse_record(bytes, record), ParseError::None);
  EXPECT_EQ(record.sequence, 0x0102030405060708U);
  EXPECT_EQ(record.type, 7);
  EXPECT_EQ(record.time_ns, 1'000'000'007);
  EXPECT_EQ(record.length, 72U);
  ASSERT_EQ(record.command.size(), 3U);
  EXPECT_EQ(record.command[2], std::byte{0xCC});
  int count = 0;
  record.for_each_outbound([&](const OutboundView& outbound) {
    ++count;
    EXPECT_EQ(outbound.stream, 2);
    EXPECT_EQ(outbound.stream_sequence, 55U);
    EXPECT_EQ(outbound.offset, 40U);
    ASSERT_EQ(outbound.payload.size(), 9U);
    EXPECT_EQ(outbound.payload[8], std::byte{0x99});
  });
  EXPECT_EQ(count, 1);
}

TEST(JournalFormat, TheJournalWritesTheseVeryBytes) {
  const testing::TemporaryFolder folder;
  Journal journal(testing::small_options(folder.path()));
  const testing::Bytes command{std::byte{0xAA}, std::byte{0xBB}, std::byte{0xCC}};
  const testing::Bytes expected = example_record();
  journal.begin(7, 1'000'000'007, command);
  journal.add_outbound(2, std::span(expected).subspan(56, 9));
  journal.publish();
  ASSERT_TRUE(journal.flush());
  const Fd fd = open_file(folder / segment_name(1), O_RDONLY);
  testing::Bytes bytes(80);
  ASSERT_EQ(read_at(fd.get(), bytes, sizeof(SegmentHeader)), 80);
  // All but what differs by its place: the sequences, and so the checksum.
  const auto compare = [&](std::size_t from, std::size_t to) {
    EXPECT_EQ(std::memcmp(bytes.data() + from, expected.data() + from, to - from), 0) << from;
  };
  compare(0, 4);
  compare(16, 48);
  compare(56, 72);
  EXPECT_EQ(std::to_integer<int>(bytes[8]), 1);
  EXPECT_EQ(std::to_integer<int>(bytes[48]), 1);
  EXPECT_EQ(std::to_integer<int>(bytes[72]), 0);
}

TEST(JournalFormat, EveryFlippedBitIsNoticed) {
  for (std::size_t bit = 0; bit < std::size_t{72} * 8; ++bit) {
    testing::Bytes bytes = example_record();
    bytes[bit / 8] ^= std::byte(1U << (bit % 8));
    RecordView record;
    EXPECT_NE(parse_record(bytes, record), ParseError::None) << bit;
  }
}

TEST(JournalFormat, EveryShorterPieceIsTruncated) {
  const testing::Bytes bytes = example_record();
  RecordView record;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(parse_record(std::span(bytes).first(size), record), ParseError::Truncated) << size;
  }
}

TEST(JournalFormat, NamesWhatIsWrong) {
  const auto error_after = [](auto change, bool with_crc = true) {
    testing::Bytes bytes = example_record();
    change(bytes);
    if (with_crc) set_crc(bytes);
    RecordView record;
    return parse_record(bytes, record);
  };
  const auto set = [](std::size_t at, int value) {
    return [=](testing::Bytes& bytes) { bytes[at] = std::byte(value); };
  };
  EXPECT_EQ(error_after(set(0, 0)), ParseError::Empty);
  EXPECT_EQ(error_after(set(0, 71)), ParseError::BadLength);
  EXPECT_EQ(error_after(set(0, 24)), ParseError::BadLength);
  EXPECT_EQ(error_after(set(2, 0x20)), ParseError::BadLength);
  EXPECT_EQ(error_after(set(0, 80)), ParseError::Truncated);
  EXPECT_EQ(error_after(set(0, 64), false), ParseError::BadCrc);
  EXPECT_EQ(error_after(set(18, 0)), ParseError::BadShape);    // an outbound too few
  EXPECT_EQ(error_after(set(18, 2)), ParseError::BadShape);    // one too many
  EXPECT_EQ(error_after(set(20, 200)), ParseError::BadShape);  // command behind the end
  EXPECT_EQ(error_after(set(23, 0xFF)), ParseError::BadShape);
  EXPECT_EQ(error_after(set(36, 1)), ParseError::BadShape);   // padding of the command
  EXPECT_EQ(error_after(set(66, 1)), ParseError::BadShape);   // padding of the payload
  EXPECT_EQ(error_after(set(44, 1)), ParseError::BadShape);   // reserved
  EXPECT_EQ(error_after(set(42, 1)), ParseError::BadShape);   // payload too short
  EXPECT_EQ(error_after(set(42, 17)), ParseError::BadShape);  // too long
  EXPECT_EQ(error_after(set(48, 0)), ParseError::BadShape);   // stream sequences begin at 1
  EXPECT_EQ(error_after([](testing::Bytes& bytes) { std::memset(&bytes[8], 0, 8); }),
            ParseError::BadShape);  // and sequences too
}

TEST(JournalFormat, CommandsComeBackAsTheirStructOnlyInTheirSize) {
  const Command command{1, 2, 3};
  RecordView record;
  record.command = command_bytes(command);
  Command back{};
  ASSERT_TRUE(read_command(record, back));
  EXPECT_EQ(std::memcmp(&back, &command, sizeof back), 0);
  record.command = record.command.first(8);
  EXPECT_FALSE(read_command(record, back));
}

}  // namespace
}  // namespace portcullis::gateway::journal::journal_format_test
