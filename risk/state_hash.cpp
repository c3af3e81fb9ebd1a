// What of each entity is semantic state, and so in the hash; caches are not.
#include "risk/state_hash.h"

#include "risk/engine.h"

namespace portcullis::risk {

namespace {

// Hash of one entity: a kind, its identity and its fields, mixed in order.
class EntityHash {
 public:
  explicit EntityHash(std::uint64_t kind) : state_(kind * 0x9E3779B97F4A7C15ULL) {}
  EntityHash& add(std::uint64_t word) {
    state_ = (state_ ^ word) * 0xBF58476D1CE4E5B9ULL;
    state_ ^= state_ >> 31;
    return *this;
  }
  EntityHash& add(std::int64_t word) { return add(static_cast<std::uint64_t>(word)); }
  EntityHash& add(std::uint32_t word) { return add(std::uint64_t{word}); }
  EntityHash& add(Int128 word) {
    return add(static_cast<std::uint64_t>(word)).add(static_cast<std::uint64_t>(word >> 64));
  }
  EntityHash& add(const ClientText& text) {
    std::uint64_t words[2] = {};
    for (std::size_t i = 0; i < text.size(); ++i) {
      words[i / 8] |= std::uint64_t{static_cast<unsigned char>(text[i])} << (i % 8 * 8);
    }
    return add(words[0]).add(words[1]);
  }
  EntityHash& add(const RateState& rate) {
    return add(rate.orders.full_at_ns).add(rate.exits.full_at_ns);
  }
  [[nodiscard]] std::uint64_t value() const {
    std::uint64_t x = state_ * 0x94D049BB133111EBULL;
    return x ^ (x >> 29);
  }

 private:
  std::uint64_t state_;
};

}  // namespace

std::uint64_t Engine::hash_of(const Order& o) const noexcept {
  if (o.head == 0) return 0;
  EntityHash hash(2);
  hash.add(o.head).add(o.account.value).add(o.instrument.value).add(o.session.value);
  hash.add(o.price.raw).add(o.total.raw).add(o.cum.raw).add(o.cancelled.raw).add(o.cancel_to.raw);
  hash.add(o.cancel_to.raw < 0 ? 0 : o.cancel_below);
  hash.add(std::uint64_t{static_cast<std::uint8_t>(o.side)} |
           std::uint64_t{static_cast<std::uint8_t>(o.time_in_force)} << 8 |
           std::uint64_t{o.exit} << 16 | std::uint64_t{o.acknowledged} << 24 |
           std::uint64_t{o.flags} << 40);
  const auto add_number = [&](std::uint32_t number) {
    const NumberRecord* record = numbers_.find(number);
    PORTCULLIS_ASSERT(record != nullptr);
    return EntityHash(4).add(number).add(record->client_ref).add(record->client_text).value();
  };
  std::uint64_t parts = add_number(o.head);  // the order among pending replaces means nothing
  for (std::uint8_t p = 0; p < o.pending_count; ++p) {
    const PendingReplace& r = o.pending[p];
    parts += EntityHash(3).add(r.number).add(r.original).add(r.total.raw).add(r.price.raw).value();
    parts += add_number(r.number);
  }
  return hash.add(parts).value();
}

std::uint64_t Engine::hash_of(EntityKind kind, std::uint32_t i) const noexcept {
  switch (kind) {
    case EntityKind::Order:
      return hash_of(orders_[i]);
    case EntityKind::Line: {
      const Line& l = lines_[i];
      if (!l.account.exists()) return 0;
      return EntityHash(5)
          .add(l.account.value)
          .add(l.instrument.value)
          .add(l.position.raw)
          .add(l.cash.raw)
          .add(l.funding)
          .value();
    }
    case EntityKind::Account: {
      const Account& account = accounts_[i];
      EntityHash hash(6);
      hash.add(i).add(std::uint64_t{account.flags}).add(account.rate);
      hash.add(account.executions.full_at_ns).add(static_cast<std::uint64_t>(account.state));
      hash.add(account.allowance.raw).add(account.spent.raw).add(account.day_start.raw);
      hash.add(account.required.raw).add(account.required_positions.raw);
      for (std::uint32_t a = 0; a < assets_.size(); ++a) {
        const Holding& of = holding({i}, {a});
        hash.add(of.balance.raw).add(of.borrowed.raw);
      }
      return hash.value();
    }
    case EntityKind::Node:
      return EntityHash(7).add(i).add(std::uint64_t{nodes_[i].flags}).value();
    case EntityKind::Session: {
      const Session& session = sessions_[i];
      return EntityHash(8)
          .add(i)
          .add(std::uint64_t{session.flags})
          .add(session.watermark)
          .add(session.rate)
          .value();
    }
    case EntityKind::Instrument: {
      const InstrumentState& state = instruments_[i];
      return EntityHash(9)
          .add(i)
          .add(state.mark.raw)
          .add(state.as_of.ns)
          .add(state.open_interest.raw)
          .add(state.funding_paid)
          .add(state.funding_predicted)
          .add(static_cast<std::uint64_t>(state.phase) |
               static_cast<std::uint64_t>(state.mark_state) << 8)
          .value();
    }
    case EntityKind::Asset:
      return EntityHash(10)
          .add(i | static_cast<std::uint64_t>(assets_[i].state) << 32)
          .add(assets_[i].index)
          .add(assets_[i].as_of.ns)
          .value();
    case EntityKind::Trade: {
      const Trade& t = trades_[i];
      if (t.number == 0) return 0;
      return EntityHash(11)
          .add(t.match)
          .add(t.number)
          .add(t.account.value)
          .add(t.quantity.raw)
          .add(t.price.raw)
          .add(t.fee_per_lot)
          .value();
    }
    case EntityKind::Suspension:
      return suspended_[i] == 0 ? 0 : EntityHash(12).add(i).value();
    case EntityKind::Table:
      if (tables_[i] == nullptr) return 0;
      return EntityHash(13).add(i).add(tables_[i]->id).add(table_as_of_[i].ns).value();
  }
  return 0;
}

// What belongs to no entity.
std::uint64_t Engine::hash_of_rest() const noexcept {
  EntityHash hash(1);
  hash.add(next_number_).add(std::uint64_t{conditions_}).add(leverage_cap_ppm_).add(last_time_.ns);
  hash.add(parameters_.version);
  for (const std::uint32_t version : tables_since_) hash.add(version);
  return hash.value();
}

std::uint64_t Engine::state_hash() noexcept {
  return hash_of_rest() +
         hash_.sum([this](EntityKind kind, std::uint32_t i) { return hash_of(kind, i); });
}

bool Engine::settle_hash(std::size_t entities_max) noexcept {
  return hash_.settle(entities_max,
                      [this](EntityKind kind, std::uint32_t i) { return hash_of(kind, i); });
}

std::uint64_t Engine::recomputed_hash() const noexcept {
  std::uint64_t sum = hash_of_rest();
  for (std::size_t k = 0; k < kEntityKindCount; ++k) {
    const auto kind = static_cast<EntityKind>(k);
    for (std::uint32_t i = 0; i < hash_.count(kind); ++i) sum += hash_of(kind, i);
  }
  return sum;
}

}  // namespace portcullis::risk
