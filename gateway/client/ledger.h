// One session's orders as its client knows them: what it sent, what came back, and what is still
// open.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "gateway/client/plan.h"
#include "gateway/histogram.h"
#include "gateway/ouch/messages.h"

namespace portcullis::gateway::client {

struct LedgerCounts {
  // By Kind. A message counts in `again` for each time that it was handed over once more, because a
  // connection was lost and nobody knows whether the gate had taken it.
  std::array<std::uint64_t, kKindCount> sent{};
  std::array<std::uint64_t, kKindCount> again{};
  std::uint64_t unsent = 0;  // planned, but the connection was gone for good

  // Answers to requests over JSON, where each has one: `replies` in all, of these `taken` by the gate,
  // and `not_taken`, by Kind, those that it did not decide on: its door refused them, or what they
  // name was not there. The rest are its refusals. An answer that was lost with its connection was
  // `looked_up`: what it would have said is known from a query. Amends that were taken, and of which
  // nothing was heard before a connection was lost, or but that a later one has replaced their order,
  // are `overtaken`: whether the venue has taken them nobody says.
  std::uint64_t replies = 0;
  std::uint64_t taken = 0;
  std::array<std::uint64_t, kKindCount> not_taken{};
  std::uint64_t looked_up = 0;
  std::uint64_t overtaken = 0;

  // Messages received, by type.
  std::uint64_t accepted = 0;
  std::uint64_t accepted_dead = 0;  // of these
  std::uint64_t rejected = 0;
  std::uint64_t cancel_rejected = 0;
  std::uint64_t replaced = 0;
  std::uint64_t executed = 0;
  std::uint64_t canceled = 0;
  std::uint64_t self_match_prevented = 0;
  std::uint64_t broken = 0;
  std::uint64_t mass_cancel_responses = 0;
  std::uint64_t disable_responses = 0;
  std::uint64_t enable_responses = 0;
  std::uint64_t query_responses = 0;
  std::uint64_t debug = 0;
  std::uint64_t other = 0;  // well-formed, nothing that is counted above
  std::uint64_t undecodable = 0;

  // Messages that do not fit what this side knows: for a number that it did not send or that was
  // answered before, or for an order that had ended. 0 with a gate that keeps its promises.
  std::uint64_t unexpected = 0;

  // Orders.
  std::uint64_t filled = 0;          // ended by executions
  std::uint64_t ended_canceled = 0;  // ended by a cancel, or accepted dead
  std::uint64_t executed_quantity = 0;
  std::map<std::uint32_t, std::uint64_t> rejects;  // by code, of OUCH, or Bybit's from 10000 on

  void add(const LedgerCounts& other_counts);
};

class Ledger {
 public:
  // For the numbers 1 to `numbers`.
  explicit Ledger(std::uint32_t numbers) : orders_(numbers + 1) {}

  // The numbers that the gate had seen before; before anything is sent.
  void set_base(std::uint32_t base) { base_ = base; }
  [[nodiscard]] std::uint32_t base() const { return base_; }

  // `due_ns` is when it should have been sent, on the clock of `received`.
  void sent(const Message& message, std::int64_t due_ns);
  // The same message once more, behind a lost connection; it stays due when it was.
  void sent_again(const Message& message) {
    ++counts_.again[static_cast<std::size_t>(message.kind)];
  }

  // --- OUCH
  // One sequenced message. The time to the first answer of an enter or a replace goes to `times`.
  void received(std::span<const std::byte> payload, std::int64_t now_ns, Histogram& times);
  void received_debug() { ++counts_.debug; }
  void not_sent() { ++counts_.unsent; }

  // --- JSON, by number, where an order keeps that of its enter through all replaces. Numbers that were
  // not sent, and what does not fit, count as unexpected.
  void count(std::uint64_t LedgerCounts::*what, std::uint64_t by = 1) { counts_.*what += by; }
  void not_taken(Kind kind) { ++counts_.not_taken[static_cast<std::size_t>(kind)]; }
  // The first answer, whatever it said; a second one is unexpected.
  void answered(std::uint32_t number, std::int64_t now_ns, Histogram& times);
  // By the venue.
  void accepted(std::uint32_t number);
  // Refused, by the gate or the venue: there is no such order.
  void refused(std::uint32_t number);
  void reject(std::uint32_t code);
  // An enter that was refused has come a second time, and was taken: as if it had not been answered.
  void revive(std::uint32_t number);
  // `how` is LedgerCounts::filled or ended_canceled.
  void ended(std::uint32_t number, std::uint64_t LedgerCounts::*how);

  [[nodiscard]] const LedgerCounts& counts() const { return counts_; }
  // Enters without an answer. A gate answers each of them.
  [[nodiscard]] std::uint64_t unanswered_enters() const { return unanswered_enters_; }
  // Replaces without an answer: ignored, or overtaken by the end of their order.
  [[nodiscard]] std::uint64_t unanswered_replaces() const { return unanswered_replaces_; }
  // Mass cancels, disables and enables without an answer. A gate answers each of them.
  [[nodiscard]] std::uint64_t unanswered_controls() const { return unanswered_controls_; }
  [[nodiscard]] std::uint64_t open() const { return open_; }
  // Of the last query response; 0: none yet.
  [[nodiscard]] std::uint32_t next_number() const { return next_number_; }

 private:
  enum class State : std::uint8_t { Unsent, EnterSent, ReplaceSent, ControlSent, Open, Ended };
  // What a number was used for.
  struct Order {
    std::int64_t due_ns = 0;
    std::uint64_t Ledger::*unanswered = nullptr;  // what it counts in; null: answered, or unsent
    std::uint32_t leaves = 0;
    State state = State::Unsent;
  };

  // The order of a wire number in one of these states, or null: then the message is unexpected.
  Order* find(std::uint32_t user_ref_num, std::initializer_list<State> states);
  Order* find_number(std::uint32_t number, std::initializer_list<State> states);
  void answer(Order& order, std::int64_t now_ns, Histogram& times);
  void answer_control(std::uint32_t user_ref_num);
  void open(Order& order, std::uint32_t leaves, ouch::OrderState state);
  void end(Order& order);
  // Takes `quantity` off an open order; true when that ends it.
  bool take_off(std::uint32_t user_ref_num, std::uint32_t quantity);
  template <class M, class F>
  void on(std::span<const std::byte> payload, std::uint64_t& count, F&& f);

  std::vector<Order> orders_;  // by number
  LedgerCounts counts_;
  std::uint32_t base_ = 0;
  std::uint32_t next_number_ = 0;
  std::uint64_t unanswered_enters_ = 0;
  std::uint64_t unanswered_replaces_ = 0;
  std::uint64_t unanswered_controls_ = 0;
  std::uint64_t open_ = 0;
};

}  // namespace portcullis::gateway::client
