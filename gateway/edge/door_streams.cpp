// What is pushed to who has subscribed.
#include <fmt/format.h>

#include <algorithm>

#include "gateway/edge/json_door.h"
#include "risk/types.h"

namespace portcullis::gateway::edge {

using json::Category;
using json::Change;
using json::Topic;

namespace {

using risk::kNsPerMs;
constexpr std::uint32_t kLooksARound = 32;

}  // namespace

bool JsonDoor::is_heard(risk::AccountIndex account, Topic topic) const {
  std::uint32_t bits = 0;
  for (std::size_t c = 0; c < json::kCategoryNames.size(); ++c)
    bits |= bit_of(topic, static_cast<Category>(c));
  for (const risk::SessionIndex session : hearers_[account.value]) {
    for (const ConnectionId id : sessions_[session.value].connections) {
      if ((connections_.at(id).topics & bits) != 0) return true;
    }
  }
  return false;
}

// An entry in a message of its own to each connection that has subscribed to the topic, of all
// categories or of this one; `write` writes the entry's object.
template <class Write>
void JsonDoor::push_entry(risk::AccountIndex account, Topic topic, Category category,
                          bool only_read_only, std::int64_t now_ns, Write&& write) {
  for (const risk::SessionIndex index : hearers_[account.value]) {
    const Session& session = sessions_[index.value];
    if (only_read_only && !session.read_only) continue;
    for (const ConnectionId id : session.connections) {
      const std::uint32_t topics = connections_.at(id).topics;
      const bool all = (topics & bit_of(topic, Category::None)) != 0;
      if (!all && (topics & bit_of(topic, category)) == 0) continue;
      buffer_.clear();
      json::Writer out(buffer_);
      const std::string name = all ? std::string(name_of(topic))
                                   : fmt::format("{}.{}", name_of(topic), name_of(category));
      json::begin_push(out, name, fmt::format("{:x}", ++push_number_), now_ns / kNsPerMs);
      write(out);
      add_account(session, account, buffer_);
      json::end_push(out);
      ++counters_.pushes;
      outlet_.send(id, fmt::to_string(buffer_));
    }
  }
}

void JsonDoor::add_account(const Session& session, risk::AccountIndex account,
                           json::Buffer& out) const {
  if (!session.read_only) return;
  out.resize(out.size() - 1);  // the entry's bracket
  fmt::format_to(fmt::appender(out), ",\"account\":");
  json::append_quoted(out, deployment_.names.accounts.name(account));
  out.push_back('}');
}

void JsonDoor::push_changes(std::uint64_t sequence, std::int64_t now_ns) {
  for (const Change& change : store_.changes()) {
    const risk::AccountIndex account = change.order.account;
    // A refused order may be of an account or instrument that there is not.
    if (!account.exists() || !change.order.instrument.exists()) continue;
    const Category category = symbols_.category(change.order.instrument);
    if (change.kind == Change::Kind::Order || change.kind == Change::Kind::Refused) {
      push_entry(account, Topic::Order, category, change.kind == Change::Kind::Refused, now_ns,
                 [&](json::Writer& out) { json::write_order(out, change.order, symbols_); });
      continue;
    }
    push_entry(account, Topic::Execution, category, false, now_ns,
               [&](json::Writer& out) { json::write_execution(out, change.execution, symbols_); });
    if (!is_heard(account, Topic::Position) && !is_heard(account, Topic::Wallet)) continue;
    Dirty& dirty = dirty_[account];
    dirty.sequence = sequence;
    if (std::find(dirty.instruments.begin(), dirty.instruments.end(), change.order.instrument) ==
        dirty.instruments.end())
      dirty.instruments.push_back(change.order.instrument);
  }
}

// At most so many accounts at a time, and none behind a look that is refused: what is left stays
// dirty. The next time it goes on with the account behind the last one, so that no account waits for
// ever because those before it are traded all the time.
void JsonDoor::push_dirty(std::int64_t now_ns) {
  const std::uint64_t seen = look_.sequence();
  auto it = dirty_.lower_bound(next_dirty_);
  std::uint32_t looks = 0;
  for (std::size_t n = dirty_.size(); n > 0 && looks < kLooksARound; --n) {
    if (it == dirty_.end()) it = dirty_.begin();
    next_dirty_ = it->first;
    if (it->second.sequence > seen) {
      ++it;
      continue;
    }
    AccountState state;
    if (!look_.look(it->first, now_ns, state)) return;
    ++looks;
    push_account(it->first, state, it->second, now_ns);
    it = dirty_.erase(it);
  }
  if (it != dirty_.end()) next_dirty_ = it->first;
}

void JsonDoor::push_account(risk::AccountIndex account, const AccountState& state,
                            const Dirty& dirty, std::int64_t now_ns) {
  for (const risk::InstrumentIndex instrument : dirty.instruments) {
    const auto found = std::find_if(
        state.positions.begin(), state.positions.end(),
        [&](const json::Position& position) { return position.instrument == instrument; });
    json::Position flat;
    flat.instrument = instrument;
    flat.sequence = dirty.sequence;
    const json::Position& position = found == state.positions.end() ? flat : *found;
    push_entry(account, Topic::Position, symbols_.category(instrument), false, now_ns,
               [&](json::Writer& out) { json::write_position(out, position, symbols_); });
  }
  push_entry(account, Topic::Wallet, Category::None, false, now_ns, [&](json::Writer& out) {
    json::write_wallet(out, {.margin = state.margin, .holdings = state.holdings}, symbols_);
  });
}

}  // namespace portcullis::gateway::edge
