// One client's orders, followed through the stream that the gate sends it, independent of gate and
// venue: an order is accepted or rejected once, executes no more than its quantity, and nothing is
// said about it after its end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
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

  [[nodiscard]] std::size_t entered() const;  // numbers of new orders
  // New orders without any outcome so far.
  [[nodiscard]] std::size_t unanswered() const { return unanswered_.size(); }
  [[nodiscard]] const std::set<std::uint32_t>& live() const { return live_; }
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
  void accept(std::uint32_t number, std::uint32_t quantity, bool is_dead);
  void reduce(std::uint32_t number, std::uint32_t quantity, std::span<const std::byte> payload);
  void end(std::uint32_t number);
  void problem(std::string_view what, std::span<const std::byte> payload);

  std::map<std::uint32_t, Number> numbers_;
  std::set<std::uint32_t> unanswered_;
  std::set<std::uint32_t> live_;
  std::vector<std::string> problems_;
  Counts counts_;
};

}  // namespace portcullis::test
