// gateway/journal/FORMAT.md says what the code does: the offset, size and type of each field of each
// struct, every type of record, enumerator, reason, OUCH message and tag, and nothing else.

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "gateway/gate/record_fields.h"
#include "gateway/gate/record_names.h"
#include "gateway/journal/format.h"
#include "gateway/ouch/field_names.h"
#include "tests/support/example_config.h"
#include "tests/support/paths.h"

namespace portcullis::gateway::journal_document_test {
namespace {

using Cells = std::vector<std::string>;

std::string trimmed(std::string text) {
  text.erase(0, text.find_first_not_of(" `"));
  text.erase(text.find_last_not_of(" `") + 1);
  return text;
}

Cells cells_of(const std::string& line) {
  Cells cells;
  std::istringstream in(line.substr(1));
  for (std::string cell; std::getline(in, cell, '|');) cells.push_back(trimmed(cell));
  return cells;
}

// The tables of the page by the heading or the first cell above them, without head and rule.
struct Document {
  std::map<std::string, std::vector<Cells>> structs;  // by "NewOrder, 72 bytes"
  std::map<std::string, std::vector<Cells>> tables;   // by their head: "tag, name, type"
};

Document read_document() {
  Document document;
  std::istringstream in(test::read_file(test::source_dir() + "/gateway/journal/FORMAT.md"));
  std::string heading;
  std::vector<Cells>* table = nullptr;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("#### ")) heading = line.substr(5);
    if (!line.starts_with("|")) {
      table = nullptr;
      continue;
    }
    const Cells cells = cells_of(line);
    if (table == nullptr) {
      const bool is_struct = cells[0] == "offset";
      table = is_struct ? &document.structs[heading]
                        : &document.tables[fmt::format("{}", fmt::join(cells, ", "))];
      EXPECT_TRUE(table->empty()) << "twice: " << line;
    } else if (cells[0] != "---") {
      table->push_back(cells);
    }
  }
  return document;
}

// --- the code's side

template <class T>
std::string type_name() {
  if constexpr (std::is_same_v<T, risk::NewOrder>) {
    return "NewOrder";
  } else if constexpr (std::is_same_v<T, risk::ReplaceOrder>) {
    return "ReplaceOrder";
  } else if constexpr (std::is_same_v<T, risk::CancelOrder>) {
    return "CancelOrder";
  } else if constexpr (std::is_same_v<T, risk::Decision>) {
    return "Decision";
  } else if constexpr (std::is_same_v<T, char>) {
    return "char";
  } else if constexpr (std::is_same_v<T, risk::Timestamp> || std::is_same_v<T, risk::Price> ||
                       std::is_same_v<T, risk::Lots> || std::is_same_v<T, risk::Mark>) {
    return "i64";
  } else if constexpr (requires(T value) { value.exists(); }) {
    return "u32";
  } else if constexpr (std::is_integral_v<T>) {
    return fmt::format("{}{}", std::is_signed_v<T> ? 'i' : 'u', 8 * sizeof(T));
  } else if constexpr (std::is_enum_v<T>) {
    return fmt::format("u{}", 8 * sizeof(T));
  } else {
    return fmt::format("{}[{}]", type_name<typename T::value_type>(), std::tuple_size_v<T>);
  }
}

template <class Owner, class Member>
Cells row(std::string_view name, const Owner& owner, const Member& member) {
  const auto offset =
      reinterpret_cast<const char*>(&member) - reinterpret_cast<const char*>(&owner);
  return {std::to_string(offset), std::to_string(sizeof member), std::string(name),
          type_name<Member>()};
}

class JournalDocument : public testing::Test {
 protected:
  // The rows of a struct are those of the page, and fill it.
  void expect_struct(std::string_view name, std::size_t size, const std::vector<Cells>& rows) {
    const std::string heading = fmt::format("{}, {} bytes", name, size);
    EXPECT_TRUE(seen_.insert(heading).second) << heading;
    const auto found = document_.structs.find(heading);
    if (found == document_.structs.end()) {
      ADD_FAILURE() << "FORMAT.md has no table \"#### " << heading << '"';
      return;
    }
    std::vector<Cells> written;
    std::size_t end = 0;
    for (const Cells& cells : found->second) written.push_back({cells.begin(), cells.begin() + 4});
    EXPECT_EQ(written, rows) << heading;
    for (const Cells& cells : rows) {
      EXPECT_EQ(std::stoul(cells[0]), end) << heading << ", " << cells[2];
      end += std::stoul(cells[1]);
    }
    EXPECT_EQ(end, size) << heading << ": for_each_field leaves something out";
  }
  template <class Record>
  void expect_record(std::string_view name) {
    const Record record{};
    std::vector<Cells> rows;
    gate::for_each_field(record, [&](std::string_view field, const auto& member, gate::Meaning) {
      rows.push_back(row(field, record, member));
    });
    expect_struct(name, sizeof(Record), rows);
  }

  const Document document_ = read_document();
  std::set<std::string> seen_;
};

#define ROW(member) row(#member, of, of.member)

TEST_F(JournalDocument, HasEveryByteOfEveryStruct) {
  {
    const journal::RecordHeader of;
    expect_struct("RecordHeader", sizeof of,
                  {ROW(length), ROW(crc32c), ROW(sequence), ROW(type), ROW(outbound_count),
                   ROW(command_length), ROW(time_ns)});
  }
  {
    const journal::OutboundHeader of;
    expect_struct("OutboundHeader", sizeof of,
                  {ROW(stream), ROW(length), ROW(reserved), ROW(stream_sequence)});
  }
  {
    const journal::SegmentHeader of;
    expect_struct("SegmentHeader", sizeof of,
                  {ROW(magic), ROW(version), ROW(number), ROW(first_sequence), ROW(id), ROW(crc32c),
                   ROW(durable_count)});
  }
  {
    const journal::RingHeader of;
    expect_struct("RingHeader", sizeof of,
                  {ROW(magic), ROW(version), ROW(reserved), ROW(ring_bytes), ROW(id), ROW(unused),
                   ROW(flushed_position), ROW(flushed_sequence)});
  }
  {
    const journal::StateRecord of;
    expect_struct("StateRecord", sizeof of,
                  {ROW(magic), ROW(version), ROW(flags), ROW(id), ROW(boot_id), ROW(last_sequence),
                   ROW(crc32c), ROW(reserved)});
  }
  {
    const journal::IndexEntry of;
    expect_struct("IndexEntry", sizeof of, {ROW(segment), ROW(offset), ROW(sequence)});
  }
  expect_record<risk::NewOrder>("NewOrder");
  expect_record<risk::ReplaceOrder>("ReplaceOrder");
  expect_record<risk::CancelOrder>("CancelOrder");
  expect_record<risk::Decision>("Decision");
  for (std::uint16_t type = 0; type < gate::kRecordTypesEnd; ++type) {
    gate::visit_type(static_cast<gate::RecordType>(type),
                     [&]<class Record>(std::string_view name, gate::Body<Record>) {
                       if constexpr (!std::is_void_v<Record>) expect_record<Record>(name);
                     });
  }
  for (const auto& [heading, rows] : document_.structs)
    EXPECT_EQ(seen_.count(heading), 1U) << "the code has no \"" << heading << '"';
}

TEST_F(JournalDocument, HasEveryTypeOfRecord) {
  std::vector<Cells> types;
  for (std::uint16_t type = 0; type < gate::kRecordTypesEnd; ++type) {
    gate::visit_type(static_cast<gate::RecordType>(type), [&]<class Record>(std::string_view name,
                                                                            gate::Body<Record>) {
      if constexpr (!std::is_void_v<Record>) {
        std::string bytes = std::to_string(sizeof(Record));
        const std::string link = fmt::format("[`{0}`](#{0}-{1}-bytes)", name, bytes);
        if constexpr (std::is_same_v<Record, gate::VenueMessageRecord>)
          bytes = fmt::format("{} to {}", Record::kHeaderSize, bytes);
        types.push_back({std::to_string(type), link, bytes});
      }
    });
  }
  EXPECT_EQ(document_.tables.at("type, name, bytes"), types);
}

template <class Enumeration>
Cells enumerators(std::string_view name) {
  std::string numbers;
  for (unsigned number = 0; number < 256; ++number) {
    const std::string_view called = gate::name_of(static_cast<Enumeration>(number));
    if (called.empty()) continue;
    numbers += fmt::format("{}{} `{}`", numbers.empty() ? "" : ", ", number, called);
  }
  return {std::string(name), trimmed(numbers)};
}

TEST_F(JournalDocument, HasEveryEnumerator) {
  EXPECT_EQ(
      document_.tables.at("enumeration, numbers"),
      (std::vector<Cells>{
          enumerators<risk::Side>("Side"), enumerators<risk::OrdType>("OrdType"),
          enumerators<risk::TimeInForce>("TimeInForce"),
          enumerators<risk::Disposition>("Disposition"), enumerators<risk::NodeLevel>("NodeLevel"),
          enumerators<risk::ControlScope>("ControlScope"),
          enumerators<risk::ControlAction>("ControlAction"),
          enumerators<risk::Condition>("Condition"), enumerators<risk::PriceKind>("PriceKind"),
          enumerators<risk::PriceState>("PriceState"), enumerators<gate::LinkChange>("LinkChange"),
          enumerators<gate::SweepScope>("SweepScope"),
          enumerators<gate::ParametersCause>("ParametersCause"), enumerators<config::Role>("Role"),
          enumerators<gate::OperatorSource>("OperatorSource"),
          enumerators<gate::ChangeStep>("ChangeStep"),
          enumerators<gate::ChangeKind>("ChangeKind")}));
}

TEST_F(JournalDocument, HasEveryReasonAndItsUnit) {
  const std::vector<std::string> units{"", "lots", "ticks", "quanta", "count", "ns", "ppm"};
  std::vector<Cells> reasons;
  for (const risk::RejectReasonInfo& info : risk::kRejectReasons) {
    reasons.push_back({std::to_string(static_cast<int>(info.reason)), std::string(info.name),
                       units.at(static_cast<std::size_t>(info.unit))});
  }
  EXPECT_EQ(document_.tables.at("reason, name, figures in"), reasons);
}

// Fixed fields of OUCH: sizes alone say their types.
template <class Member>
std::string wire_type(const Member&) {
  return std::is_enum_v<Member> && sizeof(Member) == 1 ? "char" : type_name<Member>();
}

template <class M>
void add_messages(std::vector<Cells>& messages, std::type_identity<M>) {
  const M message{};
  std::size_t size = 1;
  std::string fields;
  ouch::for_each_field(message, [&](std::string_view name, const auto& member) {
    size += sizeof member;
    fields += fmt::format("{}`{}` {}", fields.empty() ? "" : ", ", name, wire_type(member));
  });
  messages.push_back({std::string(1, M::kType), std::string(ouch::name_of(message)),
                      std::to_string(size), trimmed(fields),
                      M::kAppendage == ouch::AppendageRule::Never      ? "none"
                      : M::kAppendage == ouch::AppendageRule::Required ? "required"
                                                                       : "optional"});
}
template <class... Messages>
void add_all(std::vector<Cells>& messages, std::type_identity<std::variant<Messages...>>) {
  (add_messages(messages, std::type_identity<Messages>{}), ...);
}

TEST_F(JournalDocument, HasEveryMessageAndTagOfOuch) {
  std::vector<Cells> messages;
  add_all(messages, std::type_identity<ouch::OutboundMessage>{});
  EXPECT_EQ(
      document_.tables.at("type, name, bytes, fixed fields behind the type byte, in order, tail"),
      messages);
  std::vector<Cells> tags;
  ouch::Appendage appendage;
  for (std::size_t t = 0; t < ouch::kTags.size(); ++t) {
    ouch::visit_tag(appendage, ouch::kTags[t], [&](const auto& member) {
      tags.push_back({std::to_string(static_cast<int>(ouch::kTags[t])),
                      std::string(ouch::kTagNames[t]), wire_type(member)});
    });
  }
  EXPECT_EQ(document_.tables.at("tag, name, type"), tags);
}

// The names are of the bytes that the codec takes: each field alone, set to ones.
template <class M>
void expect_order_of_the_wire(std::type_identity<M>) {
  M message{};
  std::array<std::byte, ouch::kMaxMessageSize> before{};
  const std::size_t size = ouch::encode(message, before);
  std::size_t at = 1;
  ouch::for_each_field(message, [&](std::string_view name, const auto& member) {
    M changed{};
    const std::size_t offset = static_cast<std::size_t>(reinterpret_cast<const char*>(&member) -
                                                        reinterpret_cast<const char*>(&message));
    std::memset(reinterpret_cast<char*>(&changed) + offset, 0xFF, sizeof member);
    std::array<std::byte, ouch::kMaxMessageSize> after{};
    ASSERT_EQ(ouch::encode(changed, after), size);
    for (std::size_t i = 0; i < size; ++i) {
      const bool is_of_field = i >= at && i < at + sizeof member;
      ASSERT_EQ(after[i], is_of_field ? std::byte{0xFF} : before[i])
          << ouch::name_of(message) << " " << name << ", byte " << i;
    }
    at += sizeof member;
  });
}
template <class... Messages>
void expect_order_of_all(std::type_identity<std::variant<Messages...>>) {
  (expect_order_of_the_wire(std::type_identity<Messages>{}), ...);
}

TEST(OuchFieldNames, AreInTheOrderOfTheWire) {
  expect_order_of_all(std::type_identity<ouch::OutboundMessage>{});
}

}  // namespace
}  // namespace portcullis::gateway::journal_document_test
