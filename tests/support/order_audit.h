// One client's orders, followed through the stream that the gate sends it, independent of gate and
// venue: an order is accepted or rejected once, executes no more than its quantity, and nothing is
// said about it after its end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace portcullis::test {

class OrderAudit {
 public:
  // What the client sends. A number that was never processed may be sent again.
  void enter(std::uint32_t number);
  void replace(std::uint32_t original, std::uint32_t number);
  // The gate says that these were not processed: they have had no outcome.
  void forget_from(std::uint32_t next_number);

  // The next message of the stream.
  void take(std::span<const std::byte> payload);

  [[nodiscard]] std::size_t entered() const;     // numbers of new orders
  [[nodiscard]] std::size_t unanswered() const;  // of these, without any outcome so far
  [[nodiscard]] std::size_t live() const;
  [[nodiscard]] std::vector<std::uint32_t> live_numbers() const;
  // Every rule that was broken, as a sentence.
  [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }

  struct Counts {
    std::size_t accepted = 0, rejected = 0, replaced = 0, executed = 0, canceled = 0;
  };
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  enum class State { Sent, Live, Ended };
  struct Number {
    std::uint32_t original = 0;  // 0: a new order
    State state = State::Sent;
    std::uint32_t leaves = 0;
  };
  Number* find(std::uint32_t number, State expected, std::span<const std::byte> payload);
  void reduce(Number& number, std::uint32_t quantity, std::span<const std::byte> payload);
  void problem(std::string_view what, std::span<const std::byte> payload);

  std::map<std::uint32_t, Number> numbers_;
  std::vector<std::string> problems_;
  Counts counts_;
};

}  // namespace portcullis::test
