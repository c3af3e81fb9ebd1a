// What an operator tells of the venue's books, each once.
#include <fmt/format.h>

#include <string>

#include "gateway/gate/outbound.h"

namespace portcullis::gateway::gate {

namespace {

constexpr RecordType type_of(const risk::Transfer&) { return RecordType::Transfer; }
constexpr RecordType type_of(const risk::Borrow&) { return RecordType::Borrow; }
constexpr RecordType type_of(const risk::Interest&) { return RecordType::Interest; }
constexpr RecordType type_of(const risk::Conversion&) { return RecordType::Conversion; }
constexpr RecordType type_of(const risk::PositionTransfer&) { return RecordType::PositionTransfer; }
constexpr RecordType type_of(const risk::Realise&) { return RecordType::Realise; }
constexpr RecordType type_of(const risk::Expire&) { return RecordType::Expire; }
constexpr RecordType type_of(const risk::Split&) { return RecordType::Split; }
constexpr RecordType type_of(const risk::LeverageCap&) { return RecordType::LeverageCap; }

// The engine decides whether it is done.
template <class Command>
constexpr bool kIsDecided = requires(risk::Engine& engine, const Command& command) {
  engine.decide(command);
};
// The engine ends the instrument's orders with it.
template <class Command>
constexpr bool kEndsOrders =
    std::is_same_v<Command, risk::Expire> || std::is_same_v<Command, risk::Split>;

}  // namespace

std::string problem_of(const config::NumberedFact& fact, const FactAnswer& answer) {
  std::string problem =
      fmt::format("{} number {}: ", config::kFactNames[fact.fact.index()], fact.number);
  switch (answer.outcome) {
    case FactOutcome::Done:
      return {};
    case FactOutcome::Repeated:
      return problem + "was carried out before, or a later one was";
    case FactOutcome::HasOrders:
      return problem + "the instrument has live orders, which must be cancelled first";
    case FactOutcome::Refused:
      break;
  }
  if (answer.decision.reason == risk::RejectReason::None)
    return problem + "refused: there is no room for it, or a figure would not fit";
  return problem + fmt::format("refused: {}, short {}", risk::info(answer.decision.reason).name,
                               answer.decision.shortfall);
}

FactAnswer Gate::tell(const config::NumberedFact& fact, std::int64_t now_ns,
                      const OperatorRecord* who) {
  if (fact.number <= fact_number_) return {.outcome = FactOutcome::Repeated, .decision = {}};
  return std::visit(
      [&](auto command) {
        command.time = {now_ns};
        return take_fact(fact.number, command, who);
      },
      fact.fact);
}

template <class Command>
FactAnswer Gate::take_fact(std::uint64_t number, const Command& command,
                           const OperatorRecord* who) {
  FactAnswer answer;
  if constexpr (kEndsOrders<Command>) {
    if (has_orders(command.instrument)) return {.outcome = FactOutcome::HasOrders, .decision = {}};
  }
  if (who != nullptr) on_operator(*who);
  const std::uint64_t refused = counters_.facts_refused;
  if constexpr (kIsDecided<Command>) {
    answer.decision = engine_.decide(command);
    take(type_of(command), command.time,
         DecidedRecord<Command>{.number = number, .command = command, .decision = answer.decision});
  } else {
    take(type_of(command), command.time, FactRecord<Command>{.number = number, .command = command});
  }
  if (counters_.facts_refused != refused) answer.outcome = FactOutcome::Refused;
  return answer;
}

bool Gate::has_orders(risk::InstrumentIndex instrument) const noexcept {
  const std::uint32_t end = deployment_.parameters.capacities.orders;
  for (risk::OrderIndex order = engine_.next_order(0, end); order.exists();
       order = engine_.next_order(order.value + 1, end)) {
    if (engine_.order(order).instrument == instrument) return true;
  }
  return false;
}

}  // namespace portcullis::gateway::gate
