// The books of the gate against what the venue has said: positions, reservations, the venue's own
// book, and the end of everything.
#include <algorithm>

#include "tests/support/gate_audit.h"

namespace portcullis::test {

using risk::Int128;

void GateAudit::judge_positions() {
  for (std::uint32_t a = 0; a < deployment_.accounts.size(); ++a) {
    for (std::uint32_t i = 0; i < marks_.size(); ++i) {
      const std::int64_t held = world_.engine().position({a}, {i}).raw;
      const std::int64_t said = positions_[a * marks_.size() + i];
      if (held == said) continue;
      problem("account " + std::to_string(a) + " instrument " + std::to_string(i) + ": position " +
              std::to_string(held) + ", executed " + std::to_string(said));
    }
  }
}

void GateAudit::funded(const risk::FundingUpdate& funding) {
  const risk::AssetIndex asset =
      deployment_.parameters.instruments[funding.instrument.value].settlement;
  for (std::uint32_t a = 0; a < deployment_.accounts.size(); ++a) {
    const std::int64_t lots = positions_[a * marks_.size() + funding.instrument.value];
    cash({a}, asset) -= lots * (funding.paid / risk::kFundingScale);
    if (lots != 0 && funding.paid != 0) ++counts_.funded;
  }
}

void GateAudit::told(const config::Fact& fact) {
  ++counts_.facts;
  if (const auto* transfer = std::get_if<risk::Transfer>(&fact)) {
    if (transfer->from.exists()) cash(transfer->from, transfer->asset) -= transfer->units;
    if (transfer->to.exists()) cash(transfer->to, transfer->asset) += transfer->units;
  } else if (const auto* loan = std::get_if<risk::Borrow>(&fact)) {
    cash(loan->account, loan->asset) += loan->units;  // what it owes is no balance
  } else if (const auto* conversion = std::get_if<risk::Conversion>(&fact)) {
    cash(conversion->account, conversion->from) -= conversion->given;
    cash(conversion->account, conversion->to) += conversion->got;
  } else if (const auto* moved = std::get_if<risk::PositionTransfer>(&fact)) {
    const auto& instrument = deployment_.parameters.instruments[moved->instrument.value];
    const Int128 value = Int128{moved->lots.raw} * moved->price.raw * instrument.marks_per_tick *
                         instrument.units_per_lot_mark;
    for (const auto& [account, sign] : {std::pair{moved->to, 1}, std::pair{moved->from, -1}}) {
      positions_[account.value * marks_.size() + moved->instrument.value] += sign * moved->lots.raw;
      cash(account, instrument.settlement) -= sign * value;
      look_at_reducers({account, moved->instrument, {}});
    }
  }
}

// Orders that may only reduce go, the newest first, where they could do more than that (ORDERLIFE 1):
// which of them have been asked to is the gate's to say.
void GateAudit::look_at_reducers(const Whose& whose) {
  if (!sound_) return;
  for (const int sign : {1, -1}) {
    std::int64_t most = 0;
    const auto is_meant = [&](const Chain& chain) {
      return chain.reduces_only && !chain.here.ended && chain.whose.account == whose.account &&
             chain.whose.instrument == whose.instrument && risk::sign_of(chain.whose.side) == sign;
    };
    for (const std::size_t c : open_) {
      if (!is_meant(chains_[c])) continue;
      std::int64_t total = 0;
      for (const std::uint32_t number : chains_[c].numbers)
        total = std::max(total, numbers_.at(number).total);
      most += total - chains_[c].here.done;
    }
    const std::int64_t held =
        positions_[whose.account.value * marks_.size() + whose.instrument.value];
    if (most <= std::max<std::int64_t>(0, -sign * held)) continue;
    for (const std::size_t c : open_) chains_[c].may_go |= is_meant(chains_[c]);
  }
}

// REQUIRES: nothing is on its way.
void GateAudit::judge_reducers() {
  std::map<std::pair<std::size_t, int>, std::int64_t> resting;  // by position and sign
  for (const std::size_t c : open_) {
    const Chain& chain = chains_[c];
    if (!chain.reduces_only || chain.here.ended) continue;
    resting[{chain.whose.account.value * marks_.size() + chain.whose.instrument.value,
             risk::sign_of(chain.whose.side)}] += chain.here.leaves();
  }
  for (const auto& [at, lots] : resting) {
    if (lots > std::max<std::int64_t>(0, -at.second * positions_[at.first]))
      problem("orders that may only reduce would do more");
  }
}

void GateAudit::judge_reservations() {
  const bool drained = world_.is_drained() && sound_;
  if (drained) ++counts_.drained;
  std::uint32_t live = 0;
  for (auto at = open_.begin(); at != open_.end();) {
    const Chain& chain = chains_[*at];
    const std::string name = text_of(chain.session.value, chain.first) + ": ";
    const risk::NumberRecord* record = nullptr;
    for (const std::uint32_t number : chain.numbers) {
      const risk::NumberRecord* found = world_.engine().find_number(number);
      if (found != nullptr && found->order != risk::kNil) record = found;
    }
    if (!chain.here.ended) ++live;
    judge_reservation(chain, record, name);
    if (drained && !chain.here.ended) {
      if (!chain.there.is_live()) problem(name + "has ended there and lives here");
      if (chain.here.done != chain.there.done) problem(name + "executed otherwise there");
      if (chain.cancel_totals.contains(0)) problem(name + "was to be canceled and lives");
    }
    const bool over = sound_ ? chain.here.ended && !chain.there.is_live() : record == nullptr;
    if (over && record != nullptr) problem(name + "has ended and is still counted");
    at = over ? open_.erase(at) : std::next(at);
  }
  if (drained) judge_reducers();
  if (sound_ && world_.engine().live_orders() != live)
    problem("live here " + std::to_string(world_.engine().live_orders()) + ", to be live " +
            std::to_string(live));
}

// What may still execute there, and what has executed there and is not booked here yet, is reserved
// at no better a price than it may execute at.
void GateAudit::judge_reservation(const Chain& chain, const risk::NumberRecord* record,
                                  const std::string& name) {
  std::int64_t most = chain.there.leaves();
  std::vector<std::uint32_t> executable;
  if (chain.there.is_live()) executable.push_back(chain.there.head);
  for (const std::uint32_t number : chain.numbers) {
    if (number <= highest_read_ || !unresolved_.contains(number)) continue;
    const Number& order = numbers_.at(number);
    if (order.original != 0 &&
        std::find(executable.begin(), executable.end(), order.original) == executable.end()) {
      continue;  // the venue will ignore it
    }
    executable.push_back(number);
    most = std::max(most, order.total - chain.there.done);
  }
  // Of what a hostile venue says nothing follows; here are those of which it has not spoken yet.
  if (!sound_ && !unresolved_.contains(chain.numbers.front())) return;
  const std::int64_t needed = most + chain.there.done - chain.here.done;
  if (needed <= 0) return;
  ++counts_.reservations;
  if (record == nullptr) return problem(name + "may execute and is not counted");
  const risk::Order& order = world_.engine().order({record->order});
  if (order.account != chain.whose.account || order.instrument != chain.whose.instrument ||
      risk::sign_of(order.side) != risk::sign_of(chain.whose.side)) {
    problem(name + "is counted as another order");
  }
  if (order.reserved.raw < needed) {
    problem(name + std::to_string(order.reserved.raw) + " lots reserved, " +
            std::to_string(needed) + " may execute");
  }
  for (const std::uint32_t number : executable) {
    if (risk::sign_of(chain.whose.side) * (numbers_.at(number).price - order.worst.raw) > 0)
      problem(name + "may execute at a worse price than is reserved");
  }
}

void GateAudit::compare_book() {
  std::map<std::uint32_t, std::int64_t> book;
  std::istringstream lines(world_.venue_engine().describe());
  for (std::string line; std::getline(lines, line);) {
    const std::size_t ours = line.find("session 0, number ");
    const std::size_t size = line.find(" x ");
    if (ours == std::string::npos || size == std::string::npos) continue;
    book[static_cast<std::uint32_t>(std::stoul(line.substr(ours + 18)))] =
        std::stoll(line.substr(size + 3));
  }
  std::map<std::uint32_t, std::int64_t> told;
  for (const std::size_t c : open_) {
    const Chain& chain = chains_[c];
    if (chain.there.is_live())
      told[chain.there.head] =
          chain.there.leaves() * at_venue(chain.whose.instrument).quantity_per_lot;
  }
  if (book != told) problem("the venue's book is not what it has said");
}

std::vector<std::uint32_t> GateAudit::live(risk::SessionIndex session) const {
  std::vector<std::uint32_t> live;
  for (const std::size_t c : open_) {
    const Chain& chain = chains_[c];
    if (chain.session != session || chain.here.ended) continue;
    live.push_back(numbers_.at(chain.here.head).client.second);
    if (chain.numbers.back() != chain.here.head)
      live.push_back(numbers_.at(chain.numbers.back()).client.second);
  }
  return live;
}

void GateAudit::finish() {
  if (world_.engine().live_orders() != 0) problem("orders are live that were cancelled");
  for (const Chain& chain : chains_) {
    const bool ended = sound_ ? chain.here.ended : chain.told.ended || chain.muddled;
    if (!ended) problem(text_of(chain.session.value, chain.first) + " had no end");
  }
  const std::size_t assets = deployment_.assets.size();
  for (std::uint32_t a = 0; a < deployment_.accounts.size(); ++a) {
    world_.engine().realise({a});
    for (std::uint32_t i = 0; i < marks_.size(); ++i) {
      const auto& instrument = deployment_.parameters.instruments[i];
      cash_[a * assets + instrument.settlement.value] +=
          Int128{positions_[a * marks_.size() + i]} * marks_[i] * instrument.units_per_lot_mark;
    }
    for (std::uint32_t c = 0; c < assets; ++c) {
      if (world_.engine().balance({a}, {c}).raw != cash_[a * assets + c])
        problem("account " + std::to_string(a) + " asset " + std::to_string(c) +
                ": cash is not what was executed");
    }
  }
}

}  // namespace portcullis::test
