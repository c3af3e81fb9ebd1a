// The engine's state to bytes and back. What is loaded is believed only where a wrong value changes
// what is decided, not where it would lead outside an array or round in a circle: the first is for
// the state hash to tell.
#include "risk/saved_state.h"

#include <algorithm>

#include "risk/engine.h"
#include "risk/engine_parts.h"

namespace portcullis::risk {

namespace {

template <class Index, class Values>
bool is_in(Index index, const Values& values) {
  return index.value < values.size();
}
template <class Index, class T>
bool is_in_or_none(Index index, const std::vector<T>& values) {
  return !index.exists() || is_in(index, values);
}

// Any other byte than these is none, and not to be looked at as one.
bool is_bool(const bool& flag) { return *reinterpret_cast<const unsigned char*>(&flag) <= 1; }

// What is kept of a requirement is in no hash, and is worked out anew when its account is next looked at
// in earnest; until then it must be no more than arithmetic can take (Engine::scopes, combined).
bool can_be(const GroupFigures& figures, const Parameters& parameters) {
  const auto is_within = [](Int128 figure, Int128 factor) {
    const Int128 most = (Int128{1} << 126) / factor;
    return figure >= -most && figure <= most;
  };
  const auto mult = [](const ScopeParameters& scope) {
    return Int128{std::max<std::int64_t>({1, scope.initial_mult_ppm, scope.maintenance_mult_ppm})};
  };
  return is_within(figures.requirement, mult(parameters.per_group) * kPpm) &&
         is_within(figures.joint, mult(parameters.joint) * kPpm) &&
         is_within(figures.outside, Int128{kPpm} * kPpm);
}

}  // namespace

bool NumberTable::rebuild() noexcept {
  if (ended_next_ >= ended_.size()) return false;
  for (const Ended& ended : ended_) {
    if (ended.slot != kNil && ended.slot >= records_.size()) return false;
  }
  free_count_ = 0;
  for (auto slot = static_cast<std::uint32_t>(records_.size()); slot-- > 0;) {
    const NumberRecord& record = records_[slot];
    if (record.number == 0) {
      free_[free_count_++] = slot;
      continue;
    }
    if (by_number_.find(record.number) != IndexMap::kNotFound) return false;
    by_number_.insert(record.number, slot);
    if (!has_client(record)) continue;
    const std::uint64_t key = client_key(record.session, record.client_ref);
    if (by_client_.find(key) != IndexMap::kNotFound) return false;
    by_client_.insert(key, slot);
  }
  return true;
}

std::uint64_t Engine::layout_hash() const noexcept {
  LayoutHash hash;
  for_each_part(*this, hash);
  return hash.value();
}

std::size_t Engine::saved_bytes() const noexcept {
  StateBytes bytes;
  for_each_part(*this, bytes);
  return bytes.count();
}

void Engine::save(std::span<std::byte> out) const noexcept {
  StateWriter writer(out);
  for_each_part(*this, writer);
}

const char* Engine::load(std::span<const std::byte> saved,
                         std::span<const RiskTable* const> tables) noexcept {
  for (std::size_t g = 0; g < tables_.size() && g < tables.size(); ++g) {
    if (tables[g] != nullptr && (tables[g]->group.value != g || !fits(*tables[g])))
      return "a risk table of another shape";
    tables_[g] = tables[g];
  }
  StateReader reader(saved);
  for_each_part(*this, reader);
  if (const char* problem = reader.problem()) return problem;
  if (const char* problem = check_slots()) return problem;
  if (const char* problem = check_lines()) return problem;
  if (const char* problem = check_orders()) return problem;
  if (const char* problem = check_rest()) return problem;
  return rebuild();
}

// The slots are those of their accounts, and where the constructor has put them.
const char* Engine::check_slots() const noexcept {
  constexpr const char* kWrong = "an account's part in a group";
  if (slot_count_ > slots_.size()) return kWrong;
  for (std::uint32_t s = 0; s < slot_count_; ++s) {
    const GroupSlot& slot = slots_[s];
    if (!is_in(slot.account, accounts_) || !is_in(slot.group, parameters_.groups)) return kWrong;
    const bool folds = parameters_.groups[slot.group.value].lag_states() > 1;
    const auto place = [&](const auto& values) {
      return s * static_cast<std::uint32_t>(values.size() / slots_.size());
    };
    if (slot.first_exposure != place(exposures_) || slot.first_factor != place(collateral_) ||
        slot.first_column != place(low_) || slot.first_alone != place(alone_) ||
        slot.first_raw != (folds ? place(raw_) : kNil) ||
        slot.protection != find_protection(slot.account, slot.group) || !is_bool(slot.stale) ||
        !is_bool(slot.in_range)) {
      return kWrong;
    }
  }
  std::uint32_t seen = 0;
  for (std::uint32_t a = 0; a < accounts_.size(); ++a) {
    for (std::uint32_t s = accounts_[a].first_slot; s != kNil; s = slots_[s].next) {
      if (s >= slot_count_ || slots_[s].account.value != a || ++seen > slot_count_) return kWrong;
    }
  }
  return seen == slot_count_ ? nullptr : kWrong;
}

// Each line is once among those of its slot, or among the free ones.
const char* Engine::check_lines() const noexcept {
  constexpr const char* kWrong = "a line";
  if (free_lines_ > lines_.size()) return kWrong;
  const std::size_t lines = lines_.size() - free_lines_;
  std::size_t seen = 0;
  for (std::uint32_t s = 0; s < slot_count_; ++s) {
    std::uint32_t previous = kNil;
    for (std::uint32_t l = slots_[s].first_line; l != kNil; l = lines_[l].next) {
      if (l >= lines_.size() || ++seen > lines) return kWrong;
      const Line& line = lines_[l];
      if (line.slot != s || line.account != slots_[s].account || line.previous != previous ||
          !is_in(line.instrument, instruments_) || group_of(line.instrument) != slots_[s].group) {
        return kWrong;
      }
      previous = l;
    }
  }
  if (seen != lines) return kWrong;
  std::uint32_t at = free_line_;
  for (std::uint32_t f = 0; f < free_lines_; ++f, at = lines_[at].next) {
    if (at >= lines_.size() || lines_[at].account.exists()) return kWrong;
  }
  return at == kNil ? nullptr : kWrong;
}

// Each order is once among those of its line, or among the free ones.
const char* Engine::check_orders() const noexcept {
  constexpr const char* kWrong = "an order";
  if (live_orders_ > orders_.size()) return kWrong;
  std::uint32_t seen = 0;
  for (std::uint32_t l = 0; l < lines_.size(); ++l) {
    if (!lines_[l].account.exists()) continue;
    for (const BookSide side : {kBuys, kSells}) {
      std::uint32_t previous = kNil;
      for (std::uint32_t o = lines_[l].first[side]; o != kNil; o = orders_[o].next) {
        if (o >= orders_.size() || ++seen > live_orders_) return kWrong;
        const Order& order = orders_[o];
        if (order.head == 0 || order.line != l || order.previous != previous ||
            book_side(order.side) != side || order.account != lines_[l].account ||
            order.instrument != lines_[l].instrument || !is_in_or_none(order.session, sessions_) ||
            order.pending_count > kPendingReplacesMax) {
          return kWrong;
        }
        previous = o;
      }
    }
  }
  if (seen != live_orders_) return kWrong;
  std::uint32_t at = free_order_;
  for (std::size_t f = live_orders_; f < orders_.size(); ++f, at = orders_[at].next) {
    if (at >= orders_.size() || orders_[at].head != 0) return kWrong;
  }
  return at == kNil ? nullptr : kWrong;
}

const char* Engine::check_rest() const noexcept {
  for (std::uint32_t s = 0; s < slot_count_; ++s)
    if (!can_be(slots_[s].figures, parameters_)) return "the figures of a group";
  for (const Account& account : accounts_) {
    if (!can_be(account.figures, parameters_)) return "the figures of an account";
    if (account.state > MarginState::Bankrupt || !is_bool(account.in_range) ||
        !is_bool(account.capital_in_range) || !is_bool(account.capital_stale) ||
        !is_bool(account.touched) || !is_in_or_none(account.costs_changed, assets_)) {
      return "an account";
    }
  }
  for (const InstrumentState& instrument : instruments_) {
    if (instrument.phase > InstrumentPhase::Expired) return "an instrument's phase";
    if (instrument.mark_state > PriceState::Unsafe) return "the state of a mark";
  }
  for (const AssetState& asset : assets_) {
    if (asset.state > PriceState::Unsafe) return "the state of an index";
  }
  for (const Anchored& anchored : anchored_) {
    if (!is_bool(anchored.has_moved)) return "an anchor";
  }
  if (next_trade_ >= trades_.size()) return "the place of the next trade";
  for (const Trade& trade : trades_) {
    if (trade.number != 0 &&
        (!is_in(trade.account, accounts_) || !is_in(trade.instrument, instruments_) ||
         !is_in_or_none(trade.session, sessions_))) {
      return "a trade";
    }
  }
  return nullptr;
}

// What is found by what, which numbers are whose, the hash; and everybody is looked at again.
const char* Engine::rebuild() noexcept {
  for (std::uint32_t s = 0; s < slot_count_; ++s) {
    const std::uint64_t key = std::uint64_t{slots_[s].account.value} << 32 | slots_[s].group.value;
    if (slot_of_.find(key) != IndexMap::kNotFound) return "an account's part in a group, twice";
    slot_of_.insert(key, s);
  }
  for (std::uint32_t l = 0; l < lines_.size(); ++l) {
    const Line& line = lines_[l];
    if (!line.account.exists()) continue;
    const std::uint64_t key = std::uint64_t{line.account.value} << 32 | line.instrument.value;
    if (line_of_.find(key) != IndexMap::kNotFound) return "a line, twice";
    line_of_.insert(key, l);
    for (const GroupIndex group : line_groups_[line.instrument.value])
      if (find_slot(line.account, group) == kNil) return "a line without its parts in groups";
    hash_.touch(EntityKind::Line, l);
  }
  for (std::uint32_t t = 0; t < trades_.size(); ++t) {
    if (trades_[t].number == 0) continue;
    const std::uint64_t key = trade_key(trades_[t].match, trades_[t].number);
    if (trade_of_.find(key) != IndexMap::kNotFound) return "a trade, twice";
    trade_of_.insert(key, t);
    hash_.touch(EntityKind::Trade, t);
  }

  // Of each live number the order, and of each order its numbers.
  std::size_t numbers = 0;
  bool sound = numbers_.rebuild();
  numbers_.for_each([&](const NumberRecord& record) {
    sound = sound && is_in(record.account, accounts_) && is_in(record.instrument, instruments_) &&
            is_in_or_none(record.session, sessions_);
    numbers += record.order == kNil ? 0 : 1;
  });
  if (!sound) return "the table of numbers";
  for (std::uint32_t o = 0; o < orders_.size(); ++o) {
    const Order& order = orders_[o];
    if (order.head == 0) continue;
    const auto is_its_own = [&](std::uint32_t number) {
      const NumberRecord* record = numbers_.find(number);
      return record != nullptr && record->order == o;
    };
    if (!is_its_own(order.head)) return "an order's number";
    for (std::uint8_t p = 0; p < order.pending_count; ++p)
      if (!is_its_own(order.pending[p].number)) return "an order's number";
    numbers -= 1u + order.pending_count;
    hash_.touch(EntityKind::Order, o);
  }
  if (numbers != 0) return "a number without an order";
  for (std::uint32_t l = 0; l < lines_.size(); ++l) {
    if (!lines_[l].account.exists()) continue;
    for (const BookSide side : {kBuys, kSells}) {
      std::uint32_t newer = kNil;
      for (std::uint32_t o = lines_[l].first[side]; o != kNil; o = orders_[o].next) {
        if (!is_reducer(orders_[o])) continue;
        (newer == kNil ? reducers_[l].first[side] : reducer_links_[newer].next) = o;
        reducer_links_[o].previous = newer;
        reducers_[l].lots[side] += orders_[o].reserved;
        newer = o;
      }
    }
  }

  for (std::uint32_t s = 0; s < suspended_.size(); ++s)
    if (suspended_[s] != 0) hash_.touch(EntityKind::Suspension, s);
  for (std::uint32_t g = 0; g < tables_.size(); ++g)
    if (tables_[g] != nullptr) hash_.touch(EntityKind::Table, g);

  for (AssetState& asset : assets_) asset.amount_max = amount_max(asset.unit);
  for (std::uint32_t i = 0; i < instruments_.size(); ++i)
    watch_.move(watched_[i], instruments_[i].premium.raw, instruments_[i].notional.raw);
  for (std::uint32_t a = 0; a < assets_.size(); ++a)
    for (const std::uint32_t price : watched_index_[a])
      watch_.move(price, assets_[a].unit.raw, assets_[a].unit.raw);
  due_next_ = static_cast<std::uint32_t>(accounts_.size());
  touched_first_ = 0;
  touched_count_ = accounts_.size();
  for (std::uint32_t a = 0; a < accounts_.size(); ++a) {
    touched_[a] = {a};
    accounts_[a].touched = true;
  }
  return nullptr;
}

}  // namespace portcullis::risk
