// Market-maker protection (METHOD 3.5): where the venue lets no more than so many lots of an account's
// orders in a group fill in one go, its quotes are counted by what that many lots of any instrument can
// lose, in place of what each of them can. Exits are no quotes: they count in full, as without it.
#include <algorithm>

#include "risk/engine.h"

namespace portcullis::risk {

namespace {

// Beyond this nothing is in range.
constexpr Int128 kBeyond = kSpanMax + 1;

std::int64_t cut_off(Int128 fines) { return static_cast<std::int64_t>(std::min(fines, kBeyond)); }

}  // namespace

std::uint32_t Engine::find_protection(AccountIndex account, GroupIndex group) const noexcept {
  const auto& protections = parameters_.accounts[account.value].protections;
  for (std::uint32_t p = 0; p < protections.size(); ++p) {
    if (protections[p].group == group) return first_protection_[account.value] + p;
  }
  return kNil;
}

// --- lots

Engine::CountedLots Engine::protected_lots(InstrumentIndex instrument, const Reachable& lots,
                                           const Reachable& exits,
                                           std::uint32_t protection) const noexcept {
  const Lots most = protected_lots_[protection];
  const Reachable drivers{lots.position, exits.low - std::min(exits.low - lots.low, most),
                          exits.high + std::min(lots.high - exits.high, most)};
  return {counted(instrument, exits), counted(instrument, drivers)};
}

// --- what a lot can lose

// A fill of some lots moves a factor's exposure by their n(i), a row by so many integers, and the
// reserve by half a unit each: rounded up lot by lot that is no less than what rounding makes of all.
const Engine::LotLoss& Engine::lot_loss(GroupIndex index) const noexcept {
  LotLoss& loss = lot_loss_[index.value];
  if (loss.version == group_version_[index.value]) return loss;
  const std::uint32_t columns = parameters_.groups[index.value].column_count;
  const std::uint32_t raw_columns = parameters_.groups[index.value].raw_columns();
  std::fill(loss.most.begin(), loss.most.end(), 0);
  if (const RiskTable* table = tables_[index.value])
    std::copy(table->facts.lot_loss.begin(), table->facts.lot_loss.end(), loss.most.begin());
  for (const InstrumentIndex i : loss.futures) {
    const InstrumentParameters& parameters = parameters_.instruments[i.value];
    const std::int64_t quanta =
        cut_off(ceil_div(instruments_[i.value].notional.raw, parameters_.wide_denominator));
    const std::int32_t* moves = shocks(index, places_[parameters.factor.value].local_factor);
    for (std::uint32_t c = 0; c < columns; ++c) {
      const std::int64_t move = cut_off(Int128{quanta} * std::abs(moves[c]));
      for (std::uint32_t raw = c; raw < raw_columns; raw += columns)
        loss.most[raw] = std::max(loss.most[raw], move);
    }
  }
  loss.largest = 0;
  for (const std::int64_t most : loss.most) loss.largest = std::max(loss.largest, most);
  loss.version = group_version_[index.value];
  return loss;
}

std::int64_t Engine::loss_of_lots(Lots lots, std::int64_t loss) noexcept {
  return cut_off(Int128{lots.raw} * loss);
}

// --- vectors

// Brings a vector that holds what the slot's does of the protection's quotes to what they may lose
// now; by how much further its span is.
Int128 Engine::move_quotes(std::uint32_t index, bool quotes, std::int64_t* low) const noexcept {
  const Protection& protection = protections_[index];
  const LotLoss& loss = lot_loss(protection.group);
  const Lots lots = quotes ? protected_lots_[index] : Lots{0};
  for (std::size_t c = 0; c < loss.most.size(); ++c) {
    const std::int64_t now = loss_of_lots(lots, loss.most[c]);
    low[c] = wrapped_sum(low[c], protection.in_vector[c] - now);
  }
  return loss_of_lots(lots, loss.largest) - protection.span;
}

// The slot's vector has been brought to it.
void Engine::keep_quotes(std::uint32_t index, bool quotes) noexcept {
  Protection& protection = protections_[index];
  const LotLoss& loss = lot_loss(protection.group);
  const Lots lots = quotes ? protected_lots_[index] : Lots{0};
  for (std::size_t c = 0; c < loss.most.size(); ++c)
    protection.in_vector[c] = loss_of_lots(lots, loss.most[c]);
  protection.span = loss_of_lots(lots, loss.largest);
}

// How much more a slot's quotes may require than when its vector was last summed, in slopes' units;
// and how much further its span may be.
Int128 Engine::quotes_worse(const GroupSlot& slot, Int128& span) const noexcept {
  const Protection& protection = protections_[slot.protection];
  const LotLoss& loss = lot_loss(protection.group);
  const Lots lots = slot.quoted > 0 ? protected_lots_[slot.protection] : Lots{0};
  std::int64_t worse = 0;
  for (std::size_t c = 0; c < loss.most.size(); ++c)
    worse = std::max(worse, loss_of_lots(lots, loss.most[c]) - protection.in_vector[c]);
  span += std::max<Int128>(0, loss_of_lots(lots, loss.largest) - protection.span);
  return Int128{worse} * fine_slope_;
}

}  // namespace portcullis::risk
