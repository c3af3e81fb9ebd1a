// The gate's state as bytes, and its state at markers: what lets a second gate stand in for the
// records before it, and tell that it is the same (ORDERLIFE 3).
#include <algorithm>
#include <cstring>

#include "gateway/gate/gate.h"
#include "gateway/gate/gate_parts.h"
#include "gateway/gate/outbound.h"

namespace portcullis::gateway::gate {

namespace {

// Entities that a pass hashes at most while a marker is due, and more of them for each record since
// the last pass, so that they are fewer at the end of it than before.
constexpr std::size_t kSettlePerPass = 256;
constexpr std::size_t kSettlePerRecord = 8;

bool is_bool(const bool& flag) { return *reinterpret_cast<const unsigned char*>(&flag) <= 1; }

class Mix {
 public:
  Mix& add(std::uint64_t word) {
    state_ = (state_ ^ word) * 0xBF58476D1CE4E5B9ULL;
    state_ ^= state_ >> 31;
    return *this;
  }
  template <class Byte, std::size_t N>
  Mix& add(const std::array<Byte, N>& text) {
    static_assert(sizeof(Byte) == 1);
    static_assert(N % sizeof(std::uint64_t) == 0);
    for (std::size_t at = 0; at < N; at += sizeof(std::uint64_t)) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data() + at, sizeof word);
      add(word);
    }
    return *this;
  }
  [[nodiscard]] std::uint64_t value() const { return state_; }

 private:
  std::uint64_t state_ = 0x9E3779B97F4A7C15ULL;
};

}  // namespace

// --- bytes: {u64 bytes of the gate, the gate, the engine}

std::uint64_t Gate::layout_hash() const noexcept {
  risk::LayoutHash hash;
  for_each_part(*this, hash);
  return Mix().add(hash.value()).add(engine_.layout_hash()).value();
}

std::size_t Gate::saved_bytes() const noexcept {
  risk::StateBytes bytes;
  for_each_part(*this, bytes);
  return sizeof(std::uint64_t) + bytes.count() + engine_.saved_bytes();
}

void Gate::save(std::span<std::byte> out) const noexcept {
  risk::StateBytes bytes;
  for_each_part(*this, bytes);
  const std::uint64_t count = bytes.count();
  std::memcpy(out.data(), &count, sizeof count);
  risk::StateWriter writer(out.subspan(sizeof count, count));
  for_each_part(*this, writer);
  engine_.save(out.subspan(sizeof count + count));
}

const char* Gate::load(std::span<const std::byte> saved) noexcept {
  std::uint64_t count = 0;
  if (saved.size() < sizeof count) return "it ends too early";
  std::memcpy(&count, saved.data(), sizeof count);
  saved = saved.subspan(sizeof count);
  if (saved.size() < count) return "it ends too early";
  risk::StateReader reader(saved.first(count));
  for_each_part(*this, reader);
  if (const char* problem = reader.problem()) return problem;
  if (const char* problem = check_loaded()) return problem;
  if (const char* problem = load_parameters()) return problem;
  if (const char* problem = load_tables()) return problem;
  std::vector<const risk::RiskTable*> tables;
  for (const auto& table : tables_) tables.push_back(table.get());
  return engine_.load(saved.subspan(count), tables);
}

// The engine's state is loaded under the parameters that it was saved under.
const char* Gate::load_parameters() noexcept {
  if (parameters_.version == 0) return nullptr;
  ParametersRecord record;
  record.version = parameters_.version;
  record.hash = parameters_.hash;
  record.regimes = parameters_.regimes;
  const std::unique_ptr<risk::NewRules> rules = find_rules(record);
  if (rules == nullptr) return "the parameters in force";
  const risk::ParameterChange change{
      .time = {}, .version = parameters_.version, .replaces = engine_.parameters().version};
  return engine_.apply(change, *rules) ? nullptr : "parameters of an earlier version";
}

std::unique_ptr<risk::NewRules> Gate::find_rules(const ParametersRecord& record) noexcept {
  LoadedParameters loaded{.rules = nullptr, .problem = "there is no parameter log"};
  if (parameter_source_) loaded = parameter_source_(record);
  if (loaded.rules == nullptr && source_problem_.empty())
    source_problem_ = std::move(loaded.problem);
  return std::move(loaded.rules);
}

const char* Gate::load_tables() noexcept {
  for (std::size_t group = 0; group < tables_.size(); ++group) {
    if (table_hashes_[group] == feeds::TableHash{}) continue;
    tables_[group] = find_table(table_hashes_[group], nullptr);
    if (tables_[group] == nullptr) return "a risk table";
    if (tables_[group]->group.value != group) return "a risk table of another group";
  }
  return nullptr;
}

std::shared_ptr<const risk::RiskTable> Gate::find_table(const feeds::TableHash& hash,
                                                        const risk::RiskTable* before) noexcept {
  feeds::LoadedTable loaded{.problem = "there is no table log"};
  if (table_source_) loaded = table_source_(hash);
  if (loaded.table == nullptr && source_problem_.empty())
    source_problem_ = std::move(loaded.problem);
  if (loaded.table != nullptr) {
    loaded.table->facts = risk::facts_of(
        *loaded.table, risk::row_scales(engine_.parameters(), loaded.table->group), before);
  }
  return loaded.table;
}

const char* Gate::check_loaded() const noexcept {
  for (const bool* flag :
       {&loaded_, &venue_known_, &query_answered_, &recheck_starts_day_, &journal_degraded_,
        &venue_busy_, &state_differs_, &state_unconfirmed_}) {
    if (!is_bool(*flag)) return "a flag of the gate";
  }
  if (link_ > LinkState::Lost) return "the state of the link";
  if (!changes_.is_sound()) return "the table of changes";
  const risk::Parameters& p = deployment_.parameters;
  if (recheck_next_ >= std::max<std::size_t>(1, p.accounts.size())) return "the next recheck";
  if (sweep_count_ > sweeps_.size()) return "the number of sweeps";
  for (std::uint32_t s = 0; s < sweep_count_; ++s) {
    const SweepRecord& what = sweeps_[s].what;
    std::size_t targets = 0;
    switch (what.scope) {
      case SweepScope::Node:
        targets = p.nodes.size();
        break;
      case SweepScope::Excess:
        if (what.instrument >= p.instruments.size()) return "what a sweep is of";
        [[fallthrough]];
      case SweepScope::Account:
        targets = p.accounts.size();
        break;
      case SweepScope::Session:
      case SweepScope::SessionAccounts:
        targets = p.sessions.size();
        break;
      case SweepScope::Instrument:
        targets = p.instruments.size();
        break;
      case SweepScope::Lost:
        targets = 1;
        break;
    }
    if (what.target >= targets) return "what a sweep is of";
  }
  return nullptr;
}

// --- markers

// What records alone have made of the gate itself, beside its engine.
std::uint64_t Gate::own_hash() const noexcept {
  Mix mix;
  mix.add(stream_session_).add(venue_session_).add(std::uint64_t{loaded_}).add(venue_next_);
  mix.add(resolved_below_).add(std::uint64_t{query_answered_});
  for (const std::uint8_t up : session_up_) mix.add(up);
  for (const std::uint64_t base : stream_base_) mix.add(base);
  for (const feeds::TableHash& hash : table_hashes_) mix.add(hash);
  mix.add(std::uint64_t{parameters_.version}).add(parameters_.hash).add(parameters_.regimes);
  for (std::uint32_t s = 0; s < sweep_count_; ++s) {
    const Sweep& sweep = sweeps_[s];
    mix.add(std::uint64_t{sweep.what.target} << 32 | sweep.what.instrument);
    mix.add(std::uint64_t{sweep.what.below} << 32 | sweep.next);
    mix.add(static_cast<std::uint64_t>(sweep.what.scope));
  }
  mix.add(recheck_next_).add(std::uint64_t{recheck_starts_day_});
  mix.add(static_cast<std::uint64_t>(day_));
  if (fact_number_ != 0) mix.add(fact_number_);  // journals that know no facts keep their hash
  if (changes_.next_id() != 1) mix.add(changes_.next_id());  // nor changes
  for (const OpenChange& change : changes_.open()) {
    mix.add(static_cast<std::uint64_t>(change.proposed_at.ns));
    mix.add(static_cast<std::uint64_t>(change.effective_at.ns));
    mix.add(static_cast<std::uint64_t>(change.expires_at.ns));
    mix.add(change.hash).add(change.by).add(change.reason).add(change.approver);
    mix.add(std::uint64_t{change.id} << 32 | static_cast<std::uint64_t>(change.kind) << 24 |
            static_cast<std::uint64_t>(change.state) << 16 |
            std::uint64_t{change.needs_approval} << 8 | static_cast<std::uint64_t>(change.role));
  }
  mix.add(counters_.forwarded).add(counters_.rejected).add(counters_.executed);
  return mix.value();
}

// Hashing what has changed since the last marker is spread over passes, in step with what comes in.
// True: there was something to do.
bool Gate::mark_state(std::int64_t now_ns) {
  const std::int64_t interval_ns = deployment_.journal.marker_interval_ns;
  if (interval_ns == 0 || !loaded_ || now_ns < next_marker_ns_ ||
      journal_->room() != journal::Room::All) {
    return false;
  }
  const std::uint64_t records = journal_->published_sequence() - settled_through_;
  settled_through_ = journal_->published_sequence();
  if (!engine_.settle_hash(kSettlePerPass + kSettlePerRecord * records)) return true;
  const MarkerRecord record{
      .time = {now_ns}, .engine_hash = engine_.state_hash(), .gate_hash = own_hash()};
  take(RecordType::Marker, record.time, record);
  next_marker_ns_ = now_ns + interval_ns;
  return true;
}

void Gate::effect(const MarkerRecord& record) noexcept {
  if (mode_ == Mode::Live) return;
  if (record.engine_hash == engine_.state_hash() && record.gate_hash == own_hash()) return;
  if (differs_at_ == 0) differs_at_ = sequence_;
  if (mode_ == Mode::Replay) difference_ = "another state";
}

void Gate::accept_state(std::int64_t now_ns) {
  const AcceptStateRecord record{.time = {now_ns}};
  take(RecordType::AcceptState, record.time, record);
}

void Gate::effect(const AcceptStateRecord& record) noexcept {
  differs_at_ = 0;
  for (const risk::Condition condition :
       {risk::Condition::StateDiffers, risk::Condition::StateUnconfirmed}) {
    effect(risk::SetCondition{.time = record.time, .condition = condition, .on = false});
  }
}

void Gate::await_confirmation(std::int64_t now_ns) {
  if (!state_unconfirmed_) set_condition(risk::Condition::StateUnconfirmed, true, now_ns);
}

// The follower has found at a marker that its state is another one than ours.
bool Gate::watch_follower(std::int64_t now_ns) noexcept {
  if (follower_differs_ == nullptr || state_differs_ ||
      !follower_differs_->load(std::memory_order_relaxed)) {
    return false;
  }
  set_condition(risk::Condition::StateDiffers, true, now_ns);
  return true;
}

}  // namespace portcullis::gateway::gate
