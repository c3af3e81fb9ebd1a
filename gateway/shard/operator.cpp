// What the control plane asks of the shard.
#include <algorithm>

#include "gateway/shard/shard.h"

namespace portcullis::gateway::shard {

namespace {

// A what-if is a decision, some microseconds at most.
constexpr int kQuestionsPerPass = 4;

}  // namespace

// All that there are: each is a few records, and operators are few.
bool Shard::take_commands() {
  if (inputs_.control == nullptr) return false;
  bool took = false;
  while (journal_.room() != journal::Room::None) {
    control::Command* const command = inputs_.control->commands.next();
    if (command == nullptr) break;
    tick();
    take_command(*command);
    inputs_.control->commands.answer();
    took = true;
  }
  if (took) inputs_.control->answers.ring();
  return took;
}

void Shard::take_command(control::Command& command) {
  using Type = control::Command::Type;
  command.done = true;
  if (command.type == Type::LostOrdersDead) command.done = gate_.link() == gate::LinkState::Lost;
  if (command.type == Type::AcceptState)
    command.done = gate_.state_unconfirmed() || gate_.state_differs();
  if (!command.done) return;
  command.who.time = {std::min(command.who.time.ns, now_ns_)};
  if (command.type == Type::Fact) {
    command.fact_answer = gate_.tell(command.fact, now_ns_, &command.who);
    command.done = command.fact_answer.outcome == gate::FactOutcome::Done;
    command.sequence = journal_.published_sequence();
    return;
  }
  gate_.on_operator(command.who);
  switch (command.type) {
    case Type::Control:
      command.control.time = {now_ns_};
      gate_.control(command.control);
      break;
    case Type::CancelAll:
      gate_.sweep(gate::sweep_scope_of(command.control.scope), command.control.target,
                  risk::kNone32, now_ns_);
      break;
    case Type::LostOrdersDead:
      gate_.lost_orders_are_dead(now_ns_);
      break;
    case Type::AcceptState:
      gate_.accept_state(now_ns_);
      break;
    case Type::Acknowledge:
      command.acknowledge.time = {now_ns_};
      gate_.acknowledge(command.acknowledge);
      break;
    case Type::Fact:  // above
      break;
  }
  command.sequence = journal_.published_sequence();
}

bool Shard::answer_questions() {
  if (inputs_.control == nullptr || full_budget_) return false;
  int answered = 0;
  for (; answered < kQuestionsPerPass; ++answered) {
    control::Question* const question = inputs_.control->questions.next();
    if (question == nullptr) break;
    answer_question(*question);
    inputs_.control->questions.answer();
  }
  if (answered > 0) inputs_.control->answers.ring();
  return answered > 0;
}

void Shard::answer_question(control::Question& question) {
  question.sequence = journal_.published_sequence();
  if (question.figures == nullptr) {
    question.decision = gate_.what_if(question.order, overloaded_, tick());
    return;
  }
  Figures& figures = *question.figures;
  figures.gate = gate_.counters();
  figures.links = counters_;
  figures.message_times = message_times_;
  figures.overloaded = overloaded_;
  figures.room = journal_.room();
  figures.ring_bytes_used = journal_.occupancy_bytes();
}

}  // namespace portcullis::gateway::shard
