#include "gateway/tune/comparison.h"

#include "risk/types.h"

namespace portcullis::gateway::tune {

using risk::Disposition;

namespace {

using risk::kDayNs;

std::size_t number(risk::RejectReason reason) { return static_cast<std::size_t>(reason); }

}  // namespace

Comparison::Comparison(const config::Deployment& candidate, std::size_t examples_max)
    : by_account(candidate.accounts.size()),
      by_instrument(candidate.instruments.size()),
      by_node(candidate.parameters.nodes.size()),
      candidate_(candidate),
      examples_max_(examples_max) {}

void Comparison::add(Tally& tally, const Judged& judged) const {
  ++tally.messages;
  if (judged.then.disposition == Disposition::Reject) ++tally.refused_then;
  if (judged.now.disposition == Disposition::Reject) ++tally.refused_now;
  ++tally.changes[static_cast<std::size_t>(judged.change)];
}

void Comparison::take(const Judged& judged) {
  add(total, judged);
  add(by_message[static_cast<std::size_t>(judged.message)], judged);
  add(by_day[judged.time.ns / kDayNs], judged);
  if (judged.instrument.exists()) add(by_instrument[judged.instrument.value], judged);
  if (judged.account.exists()) {
    add(by_account[judged.account.value], judged);
    const risk::Parameters& parameters = candidate_.parameters;
    for (risk::NodeIndex node = parameters.accounts[judged.account.value].parent; node.exists();
         node = parameters.nodes[node.value].parent) {
      add(by_node[node.value], judged);
    }
  }
  const bool then = judged.then.disposition == Disposition::Reject;
  const bool now = judged.now.disposition == Disposition::Reject;
  if (then) ++refused_then[number(judged.then.reason)];
  if (now) ++refused_now[number(judged.now.reason)];
  switch (judged.change) {
    case Change::Refused:
      ++newly_refused[number(judged.now.reason)];
      break;
    case Change::Allowed:
      ++newly_allowed[number(judged.then.reason)];
      break;
    case Change::Reason:
      ++other_reasons[{judged.then.reason, judged.now.reason}];
      break;
    case Change::Price:
    case Change::Follows:
      break;
    case Change::None:
      return;
  }
  std::size_t& kept = kept_[static_cast<std::size_t>(judged.change)];
  if (kept == examples_max_) return;
  ++kept;
  examples.push_back(judged);
}

}  // namespace portcullis::gateway::tune
