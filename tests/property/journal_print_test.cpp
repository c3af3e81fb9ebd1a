// `portcullis journal --json` against a reader that is not the product: tests/journal/read.py, which
// knows gateway/journal/FORMAT.md and nothing of the code. Journals of random records, every type of
// them and some that are none, with random OUCH messages, the last of them in the ring alone.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <random>
#include <sstream>
#include <variant>

#include "gateway/commands/record_values.h"
#include "gateway/gate/record_fields.h"
#include "gateway/journal/journal.h"
#include "gateway/ouch/field_names.h"
#include "tests/support/example_config.h"
#include "tests/support/journal_support.h"
#include "tests/support/paths.h"
#include "tests/support/process.h"
#include "tests/support/seed.h"

namespace portcullis::gateway::journal_print_test {
namespace {

using Bytes = std::vector<std::byte>;
using Random = std::mt19937_64;

std::uint64_t below(Random& random, std::uint64_t end) { return random() % end; }

// Small numbers, none, and anything.
std::uint64_t some_number(Random& random) {
  switch (below(random, 8)) {
    case 0:
      return 0;
    case 1:
      return risk::kNone32;
    case 2:
      return random();
    case 3:
      return 1'767'607'200'000'000'000 + below(random, 86'400'000'000'000);
    case 4:
      return ~below(random, 1'000'000);  // negative
    default:
      return below(random, 60);
  }
}

// Letters, mostly, and spaces behind them.
template <std::size_t N>
void fill_text(Random& random, std::array<char, N>& text, char padding) {
  text.fill(padding);
  const std::size_t size = below(random, N + 1);
  for (std::size_t i = 0; i < size; ++i) {
    const std::uint64_t any = below(random, 20) == 0 ? random() : 'A' + below(random, 26);
    text[i] = static_cast<char>(any);
  }
}

template <class Member>
void fill(Random& random, Member& member);
template <HasFields Record>
void fill_record(Random& random, Record& record) {
  gate::for_each_field(record, [&](std::string_view, auto& member, gate::Meaning meaning) {
    if (meaning != gate::Meaning::Padding && meaning != gate::Meaning::Payload)
      fill(random, member);
  });
}

template <class Member>
void fill(Random& random, Member& member) {
  if constexpr (HasFields<Member>) {
    fill_record(random, member);
  } else if constexpr (std::is_same_v<Member, bool>) {
    member = below(random, 2) == 1;
  } else if constexpr (std::is_enum_v<Member>) {
    member = static_cast<Member>(below(random, below(random, 4) == 0 ? 256 : 6));
    if constexpr (std::is_same_v<Member, risk::RejectReason>)
      member = static_cast<Member>(below(random, 60));
  } else if constexpr (std::is_integral_v<Member>) {
    member = static_cast<Member>(some_number(random));
  } else if constexpr (requires { member.raw; }) {
    member.raw = static_cast<std::int64_t>(some_number(random));
  } else if constexpr (requires { member.ns; }) {
    member.ns = static_cast<std::int64_t>(some_number(random));
  } else if constexpr (requires { member.value; }) {
    member.value = static_cast<std::uint32_t>(some_number(random));
  } else if constexpr (requires { member[0].value; }) {
    for (auto& index : member) fill(random, index);
  } else if constexpr (std::is_same_v<Member, feeds::TableHash> ||
                       std::is_same_v<Member, config::RegimeChoice>) {
    for (std::uint8_t& byte : member) byte = static_cast<std::uint8_t>(random());
  } else if constexpr (std::is_same_v<typename Member::value_type, char>) {
    fill_text(random, member, below(random, 2) == 0 ? ' ' : '\0');
  }
}

// --- OUCH

template <class Member>
void fill_wire(Random& random, Member& member) {
  if constexpr (std::is_enum_v<Member> || std::is_integral_v<Member>) {
    const std::uint64_t any = sizeof member == 1 ? 'A' + below(random, 26) : some_number(random);
    member = static_cast<Member>(below(random, 20) == 0 ? random() : any);
  } else {
    fill_text(random, member, ' ');
  }
}

template <class M>
Bytes make_message(Random& random) {
  M message{};
  ouch::for_each_field(message, [&](std::string_view, const auto& member) {
    fill_wire(random, const_cast<std::remove_cvref_t<decltype(member)>&>(member));
  });
  if constexpr (M::kAppendage != ouch::AppendageRule::Never) {
    for (const ouch::Tag tag : ouch::kTags) {
      if (below(random, 10) != 0) continue;
      ouch::visit_tag(message.appendage, tag, [&](auto& member) { fill_wire(random, member); });
      message.appendage.mark(tag);
    }
  }
  Bytes bytes(ouch::kMaxMessageSize);
  bytes.resize(ouch::encode(message, bytes));
  return bytes;
}

template <class... Messages>
Bytes make_one_of(Random& random, std::type_identity<std::variant<Messages...>>) {
  using Make = Bytes (*)(Random&);
  constexpr std::array<Make, sizeof...(Messages)> kMakers{make_message<Messages>...};
  return kMakers[below(random, kMakers.size())](random);
}

// A message, or one that is nearly one.
Bytes some_payload(Random& random) {
  Bytes bytes = make_one_of(random, std::type_identity<ouch::OutboundMessage>{});
  switch (below(random, 12)) {
    case 0:
      bytes.resize(below(random, bytes.size() + 1));
      break;
    case 1:
      bytes.insert(bytes.end(), below(random, 6), std::byte{0});
      break;
    case 2: {  // a tag that the table does not have, or one that is there already
      const auto tag = static_cast<std::byte>(below(random, 40));
      const std::size_t tail = bytes.size();
      for (const std::byte byte : {std::byte{0}, std::byte{6}, std::byte{5}, tag}) {
        bytes.push_back(byte);
      }
      bytes.insert(bytes.end(), 4, std::byte{'x'});
      // Behind a message without tags its two bytes of length are there already.
      if (tail >= 2 && bytes[tail - 1] == std::byte{0} && bytes[tail - 2] == std::byte{0}) {
        bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(tail),
                    bytes.begin() + static_cast<std::ptrdiff_t>(tail) + 2);
        bytes[tail - 1] = std::byte{6};
      }
      break;
    }
    case 3:
      bytes[below(random, bytes.size())] = static_cast<std::byte>(random());
      break;
    default:
      break;
  }
  if (bytes.size() > 512) bytes.resize(512);
  return bytes;
}

Bytes some_command(Random& random, std::uint16_t type) {
  return gate::visit_type(static_cast<gate::RecordType>(type),
                          [&]<class Record>(std::string_view, gate::Body<Record>) {
                            if constexpr (std::is_void_v<Record>) {
                              return Bytes(below(random, 100), std::byte{7});
                            } else {
                              Record record{};
                              fill_record(random, record);
                              std::size_t size = sizeof record;
                              if constexpr (std::is_same_v<Record, gate::VenueMessageRecord>) {
                                const Bytes payload = some_payload(random);
                                record.length = static_cast<std::uint32_t>(payload.size());
                                std::copy(payload.begin(), payload.end(), record.payload.begin());
                                size = Record::kHeaderSize + payload.size();
                              }
                              Bytes bytes(size);
                              std::memcpy(bytes.data(), &record, size);
                              if (below(random, 50) == 0)
                                bytes.resize(below(random, size + 20));  // of another version
                              return bytes;
                            }
                          });
}

// --- the test

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// Where two lines part, and how each goes on.
std::string difference(const std::string& ours, const std::string& theirs) {
  if (ours == theirs) return "";
  const auto at = static_cast<std::size_t>(
      std::mismatch(ours.begin(), ours.end(), theirs.begin(), theirs.end()).first - ours.begin());
  const std::size_t from = at < 60 ? 0 : at - 60;
  return fmt::format("ours {}\ntheirs {}", ours.substr(from, 160),
                     theirs.substr(std::min(from, theirs.size()), 160));
}

void append_some(journal::Journal& journal, Random& random, int count) {
  for (int i = 0; i < count; ++i) {
    if (journal.room() != journal::Room::All) journal.flush();
    const auto type = static_cast<std::uint16_t>(below(random, gate::kRecordTypesEnd - 16U));
    const auto time_ns = static_cast<std::int64_t>(some_number(random));
    journal.begin(type, time_ns, some_command(random, type));
    for (std::uint64_t o = below(random, 3); o > 0; --o) {
      const auto stream = static_cast<std::uint16_t>(below(random, journal::testing::kStreams));
      journal.add_outbound(stream, some_payload(random));
    }
    journal.publish();
  }
}

class JournalPrint : public testing::Test {
 protected:
  // What both say, and whether it is the same.
  void compare() {
    const std::string folder = folder_.path().string();
    const test::Outcome ours =
        test::run_to_end({test::binary(), "journal", "--json", "--journal", folder});
    const test::Outcome theirs =
        test::run_to_end({"python3", "-B", test::source_dir() + "/tests/journal/read.py", folder});
    code = ours.code;
    errors = ours.errors;
    EXPECT_EQ(ours.code, theirs.code) << ours.errors << theirs.errors;
    lines = lines_of(ours.out);
    const std::vector<std::string> other = lines_of(theirs.out);
    for (std::size_t i = 0; i < std::min(lines.size(), other.size()); ++i)
      ASSERT_EQ(difference(lines[i], other[i]), "") << "line " << i + 1;
    ASSERT_EQ(lines.size(), other.size()) << theirs.errors;
  }
  void write_configuration() const {
    const config::LoadResult result =
        config::load_texts(test::read_example(), test::example_folder());
    std::ofstream(folder_ / "configuration.json") << result.deployment.canonical_text;
  }

  journal::testing::TemporaryFolder folder_{journal::testing::memory_folder()};
  Random random_{test::seed()};
  int code = -1;
  std::string errors;
  std::vector<std::string> lines;
};

// The loop that PORTCULLIS_SCALE makes shorter is the number of records.
int records() {
  const char* scale = std::getenv("PORTCULLIS_SCALE");
  return scale == nullptr ? 4'000 : std::max(800, 40 * std::atoi(scale));
}

TEST_F(JournalPrint, OfAKilledGateIsWhatAnotherReaderSees) {
  write_configuration();
  {
    journal::Journal journal(journal::testing::small_options(folder_.path()));
    append_some(journal, random_, records());
    journal.flush();
    append_some(journal, random_, 20);  // these are in the ring alone
  }
  compare();
  EXPECT_EQ(code, 0) << errors;
  EXPECT_EQ(lines.size(), static_cast<std::size_t>(records() + 20));
  for (std::uint16_t type = 0; type < gate::kRecordTypesEnd; ++type) {
    const std::string_view name = gate::name_of(static_cast<gate::RecordType>(type));
    const std::string wanted = fmt::format("\"type_name\":\"{}\",\"command\":{{", name);
    EXPECT_TRUE(name.empty() || std::any_of(lines.begin(), lines.end(),
                                            [&](const std::string& line) {
                                              return line.find(wanted) != std::string::npos;
                                            }))
        << name;
  }
}

TEST_F(JournalPrint, OfAClosedJournalWithoutAConfiguration) {
  {
    journal::Journal journal(journal::testing::small_options(folder_.path()));
    append_some(journal, random_, 300);
    ASSERT_TRUE(journal.close());
  }
  compare();
  EXPECT_EQ(code, 0) << errors;
  EXPECT_EQ(lines.size(), 300U);
}

// A flipped bit anywhere: both show the records before it and say that the journal is damaged.
TEST_F(JournalPrint, OfADamagedJournalEndsWhereItIsDamaged) {
  {
    journal::Journal journal(journal::testing::small_options(folder_.path()));
    append_some(journal, random_, 300);
    ASSERT_TRUE(journal.close());
  }
  const std::filesystem::path path = folder_ / "segment-0000000001";
  std::string bytes = test::read_file(path);
  for (int i = 0; i < 5; ++i) {
    std::string flipped = bytes;
    const std::size_t at = 48 + below(random_, 20'000);
    flipped[at] = static_cast<char>(flipped[at] ^ 1 << below(random_, 8));
    std::ofstream(path, std::ios::binary) << flipped;
    compare();
    EXPECT_EQ(code, 1) << "byte " << at;
    EXPECT_LT(lines.size(), 300U);
    EXPECT_NE(errors.find("segment-0000000001 offset "), std::string::npos) << errors;
  }
}

}  // namespace
}  // namespace portcullis::gateway::journal_print_test
