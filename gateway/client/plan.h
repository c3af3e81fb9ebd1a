// Everything a run will send, and when, fixed before it starts; and the prices that belong to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "gateway/ouch/messages.h"

namespace portcullis::gateway::client {

enum class Kind : std::uint8_t {
  Enter,
  Repeat,  // an enter whose number was used before: to be ignored
  Replace,
  Cancel,
  MassCancel,
  Disable,
  Enable,
  Query,
  Malformed,
};
inline constexpr std::size_t kKindCount = 9;
[[nodiscard]] std::string_view name(Kind kind) noexcept;

// Messages with a number of their own, one above the last of the session.
[[nodiscard]] constexpr bool takes_number(Kind kind) noexcept {
  return kind == Kind::Enter || kind == Kind::Replace || kind == Kind::MassCancel ||
         kind == Kind::Disable || kind == Kind::Enable;
}

// What is malformed about a malformed message.
enum class Malformed : std::uint8_t { UnknownType, CutOff, BrokenAppendage, Modify };
inline constexpr std::uint8_t kMalformedCount = 4;

// An appendage beside the Firm.
enum class Extra : std::uint8_t { None, PostOnly, AllOrNone, Pegged };

inline constexpr std::uint16_t kNone16 = 0xFFFF;

// One message. Numbers are those of the session from 1 on; a run adds what the gate has seen of the
// session before.
struct Message {
  std::int64_t due_ns = 0;     // since the start of the run
  std::uint64_t price = 0;     // on the wire
  std::uint32_t number = 0;    // the message's own; of a cancel: that of its order
  std::uint32_t original = 0;  // of a replace
  std::uint32_t quantity = 0;
  std::uint16_t session = 0;       // of the deployment
  std::uint16_t symbol = kNone16;  // in Plan::symbols; none: blank
  std::uint16_t firm = kNone16;    // in Plan::firms; none: no appendage, or blank
  Kind kind = Kind::Enter;
  Malformed malformed{};
  Extra extra = Extra::None;
  ouch::Side side = ouch::Side::Buy;
  ouch::TimeInForce time_in_force = ouch::TimeInForce::Day;
  char display = ouch::kDisplayVisible;
};

// A price of a feed symbol.
struct Mark {
  std::int64_t time_ns = 0;  // since the start of the run
  std::int64_t price = 0;    // in units of 10^-decimals of its symbol
  std::uint32_t symbol = 0;  // in Plan::feed_symbols
};

struct FeedSymbol {
  std::string name;
  int decimals = 0;
  // Sources of the gate's own make its price, and only what it opens at is known here: the marks do not
  // have it. It is called as its instrument.
  bool is_others = false;
};

// What became of the rows or draws that the plan was made from: `name` and how many.
struct Tally {
  std::string name;
  std::uint64_t count = 0;
};

struct Plan {
  std::string description;  // one line
  std::vector<ouch::Symbol> symbols;
  std::vector<ouch::Firm> firms;
  std::vector<Message> messages;  // by due_ns
  std::vector<FeedSymbol> feed_symbols;
  std::vector<Mark> marks;             // by time_ns
  std::vector<std::uint32_t> numbers;  // by session: how many it uses
  std::vector<Tally> tallies;
  std::vector<std::string> problems;  // "orders.csv:17: ...": the first malformed rows, if any

  // The index of the text, added where it is new.
  std::uint16_t symbol(const ouch::Symbol& text);
  std::uint16_t firm(const ouch::Firm& text);
};

// The OUCH payload of a message whose session had the numbers up to `base` before. Returns its
// length. REQUIRES: out.size() >= ouch::kMaxMessageSize.
std::size_t encode(const Plan& plan, const Message& message, std::uint32_t base,
                   std::span<std::byte> out) noexcept;

// The plan's prices as a recording that the gate's feed plays at speed 1 from the start of the run.
// Throws std::runtime_error.
void write_marks(const Plan& plan, const std::filesystem::path& file);

}  // namespace portcullis::gateway::client
