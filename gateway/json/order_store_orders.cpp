// The orders, where they are, and what is expected of them.
#include <algorithm>
#include <cstring>

#include "gateway/json/commands.h"
#include "gateway/json/order_store.h"

namespace portcullis::gateway::json {

namespace {

template <std::size_t N>
std::string_view before_zero(const std::array<char, N>& text) {
  return {text.data(),
          static_cast<std::size_t>(std::find(text.begin(), text.end(), '\0') - text.begin())};
}

// Padded with spaces or zeros.
std::string_view trimmed(const std::array<char, 16>& text) {
  std::string_view view = before_zero(text);
  while (view.ends_with(' ')) view.remove_suffix(1);
  return view;
}

std::string base36(std::uint64_t value) {
  std::string text;
  do {
    text.insert(text.begin(), "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[value % 36]);
    value /= 36;
  } while (value != 0);
  return text;
}

}  // namespace

std::string_view text_of(const OrderId& id) { return before_zero(id); }

std::string execution_id(const Execution& execution) {
  return std::string(trimmed(execution.stream_session)) + "-" + base36(execution.session.value) +
         "-" + base36(execution.stream_sequence);
}

std::uint32_t Order::newest() const {
  std::uint32_t newest = head;
  for (std::uint8_t p = 0; p < pending_count; ++p) newest = std::max(newest, pending[p].client_ref);
  return newest;
}

OrderStore::OrderStore(const config::Deployment& deployment, const OrderStoreLimits& limits)
    : deployment_(deployment),
      limits_(limits),
      aliases_(deployment),
      highest_(deployment.sessions.size()),
      accounts_(deployment.accounts.size()) {}

void OrderStore::clear() {
  sequence_ = unattributed_ = 0;
  stream_session_ = {};
  resolved_below_ = next_number_ = 1;
  highest_.assign(highest_.size(), 0);
  accounts_.assign(accounts_.size(), {});
  traded_.clear();
  slots_.clear();
  free_slot_ = risk::kNil;
  open_count_ = 0;
  by_number_.clear();
  links_.clear();
  pending_.clear();
  expected_.clear();
  newest_expected_.clear();
  changes_.clear();
}

std::size_t OrderStore::LinkHash::operator()(const LinkKey& key) const noexcept {
  return std::hash<std::string_view>()({key.name.data(), key.name.size()}) ^
         (std::size_t{key.account} * 0x9E3779B97F4A7C15ULL);
}

OrderId OrderStore::id_of(risk::SessionIndex session, std::uint32_t client_ref) const {
  OrderId id{};
  const std::string_view prefix = trimmed(stream_session_);
  const std::array<char, 14> own = gate::OwnClOrdId::encode(session, client_ref);
  constexpr std::size_t kDigits = gate::OwnClOrdId::kSessionDigits + gate::OwnClOrdId::kRefDigits;
  static_assert(10 + 1 + kDigits < std::tuple_size_v<OrderId>);
  char* at = std::copy_n(prefix.data(), std::min<std::size_t>(prefix.size(), 10), id.data());
  *at++ = '-';
  std::copy_n(own.data(), kDigits, at);
  return id;
}

// --- lists and names

void OrderStore::push_front(List& list, std::uint32_t slot) {
  slots_[slot].previous = risk::kNil;
  slots_[slot].next = list.first;
  (list.first == risk::kNil ? list.last : slots_[list.first].previous) = slot;
  list.first = slot;
  ++list.count;
}

void OrderStore::unlink(List& list, std::uint32_t slot) {
  const Slot& s = slots_[slot];
  (s.previous == risk::kNil ? list.first : slots_[s.previous].next) = s.next;
  (s.next == risk::kNil ? list.last : slots_[s.next].previous) = s.previous;
  --list.count;
}

void OrderStore::name(const Order& order, std::uint32_t client_ref, std::uint32_t slot) {
  by_number_[key(order.session, client_ref)] = slot;
}

void OrderStore::unname(const Order& order, std::uint32_t client_ref, std::uint32_t slot) {
  const auto found = by_number_.find(key(order.session, client_ref));
  if (found != by_number_.end() && found->second == slot) by_number_.erase(found);
}

std::uint32_t OrderStore::slot_of(risk::SessionIndex session, std::uint32_t client_ref) const {
  const auto found = by_number_.find(key(session, client_ref));
  return found == by_number_.end() ? risk::kNil : found->second;
}

void OrderStore::add(const Order& order) {
  std::uint32_t slot = free_slot_;
  if (slot == risk::kNil) {
    slot = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    free_slot_ = slots_[slot].next;
  }
  slots_[slot].order = order;
  OfAccount& of = accounts_[order.account.value];
  if (is_open(order.status)) {
    push_front(of.open, slot);
    ++open_count_;
  } else {
    push_front(of.closed, slot);
  }
  name_all(slot);
}

// Everything by which it is found.
void OrderStore::name_all(std::uint32_t slot) {
  const Order& order = slots_[slot].order;
  name(order, order.root, slot);
  name(order, order.head, slot);
  for (std::uint8_t p = 0; p < order.pending_count; ++p) {
    name(order, order.pending[p].client_ref, slot);
    pending_[order.pending[p].number] = key(order.session, order.pending[p].client_ref);
  }
  for (const std::uint32_t former : order.former) {
    if (former != 0) name(order, former, slot);
  }
  if (order.link[0] != '\0')
    links_[{order.account.value, order.link}] = key(order.session, order.root);
}

void OrderStore::add_execution(const Execution& execution) {
  std::deque<Execution>& kept = accounts_[execution.account.value].executions;
  kept.push_back(execution);
  ++traded_[{key(execution.session, execution.client_ref), execution.account.value}];
  if (kept.size() <= limits_.executions_per_account) return;
  const Execution& oldest = kept.front();
  const auto of = traded_.find({key(oldest.session, oldest.client_ref), oldest.account.value});
  if (--of->second == 0) traded_.erase(of);
  kept.pop_front();
}

void OrderStore::drop_oldest_closed(OfAccount& of) {
  const std::uint32_t slot = of.closed.last;
  const Order& order = slots_[slot].order;
  unlink(of.closed, slot);
  unname(order, order.root, slot);
  unname(order, order.head, slot);
  for (const std::uint32_t former : order.former) {
    if (former != 0) unname(order, former, slot);
  }
  if (const auto link = links_.find({order.account.value, order.link});
      link != links_.end() && link->second == key(order.session, order.root)) {
    links_.erase(link);
  }
  slots_[slot] = {.order = {}, .next = free_slot_};
  free_slot_ = slot;
}

// --- chains of numbers

// The number is no longer one that lives; for a while a late message still finds its order.
void OrderStore::retire(std::uint32_t slot, std::uint32_t client_ref) {
  Order& order = slots_[slot].order;
  if (client_ref == order.root) return;  // is always known
  const std::uint32_t oldest = order.former.back();
  if (oldest != 0) unname(order, oldest, slot);
  std::shift_right(order.former.begin(), order.former.end(), 1);
  order.former.front() = client_ref;
}

void OrderStore::drop_pending(std::uint32_t slot, std::uint8_t pending) {
  Order& order = slots_[slot].order;
  const Pending dropped = order.pending[pending];
  pending_.erase(dropped.number);
  order.pending[pending] = order.pending[--order.pending_count];
  retire(slot, dropped.client_ref);
}

void OrderStore::drop_all_pending(std::uint32_t slot) {
  while (slots_[slot].order.pending_count > 0) drop_pending(slot, 0);
}

// Replaces whose original is neither the head nor waits itself can no longer happen.
void OrderStore::drop_orphans(std::uint32_t slot) {
  const Order& order = slots_[slot].order;
  for (std::uint8_t p = 0; p < order.pending_count;) {
    const std::uint32_t original = order.pending[p].original_ref;
    const bool alive =
        original == order.head ||
        std::any_of(order.pending.begin(), order.pending.begin() + order.pending_count,
                    [&](const Pending& other) { return other.client_ref == original; });
    if (alive) {
      ++p;
    } else {
      drop_pending(slot, p);
      p = 0;
    }
  }
}

void OrderStore::make_head(std::uint32_t slot, std::uint8_t pending) {
  Order& order = slots_[slot].order;
  const Pending next = order.pending[pending];
  pending_.erase(next.number);
  order.pending[pending] = order.pending[--order.pending_count];
  retire(slot, order.head);
  order.head = next.client_ref;
  order.number = next.number;
  order.acknowledged = true;
  order.quantity = next.quantity;
  order.cancelled = {};
  order.price = next.price;
  drop_orphans(slot);
}

// The open order of which this number is the head; where it waits to be, it has become it without a
// word.
std::uint32_t OrderStore::live_slot(risk::SessionIndex session, std::uint32_t client_ref) {
  const std::uint32_t slot = slot_of(session, client_ref);
  if (slot == risk::kNil || !is_open(slots_[slot].order.status)) return risk::kNil;
  const Order& order = slots_[slot].order;
  if (order.head == client_ref) return slot;
  for (std::uint8_t p = 0; p < order.pending_count; ++p) {
    if (order.pending[p].client_ref != client_ref) continue;
    make_head(slot, p);
    return slot;
  }
  return risk::kNil;
}

// --- states

// What the figures of an order make of its state.
void OrderStore::settle(std::uint32_t slot) {
  Order& order = slots_[slot].order;
  const bool executed = order.executed.raw > 0;
  if (!is_open(order.status)) {  // executed after its end
    if (executed && order.status != Status::Filled) order.status = Status::PartiallyFilledCanceled;
    order.updated = time_;
    tell(Change::Kind::Order, order);
    return;
  }
  if (order.quantity <= order.counted + order.cancelled) {
    const bool filled = executed && order.executed >= order.quantity;
    return close(slot, filled     ? Status::Filled
                       : executed ? Status::PartiallyFilledCanceled
                                  : Status::Cancelled);
  }
  order.status = executed             ? Status::PartiallyFilled
                 : order.acknowledged ? Status::New
                                      : Status::Created;
  order.updated = time_;
  tell(Change::Kind::Order, order);
}

void OrderStore::close(std::uint32_t slot, Status status) {
  drop_all_pending(slot);
  Order& order = slots_[slot].order;
  order.status = status == Status::Rejected && order.executed.raw > 0
                     ? Status::PartiallyFilledCanceled
                     : status;
  order.updated = time_;
  OfAccount& of = accounts_[order.account.value];
  unlink(of.open, slot);
  push_front(of.closed, slot);
  --open_count_;
  tell(Change::Kind::Order, order);
  if (of.closed.count > limits_.closed_per_account) drop_oldest_closed(of);
}

void OrderStore::tell(Change::Kind kind, const Order& order, const Execution& execution) {
  if (limits_.with_changes) changes_.push_back({kind, order, execution});
}

// --- what is expected

void OrderStore::expect(const risk::NewOrder& order, const gate::OrderName& name) {
  const std::uint64_t root = key(order.session, order.client_ref);
  Expected& expected = expected_[root];
  expected = {.root = root, .is_replace = false, .terms = {}};
  Target& terms = expected.terms;
  terms.known = terms.open = true;
  terms.account = order.account;
  terms.instrument = order.instrument;
  terms.session = order.session;
  terms.newest = order.client_ref;
  terms.quantity = order.quantity;
  terms.price = order.price;
  terms.post_only = (order.flags & risk::kPostOnly) != 0;
  terms.id = id_of(order.session, order.client_ref);
  terms.link = name;
  if (name[0] != '\0') links_.try_emplace({order.account.value, name}, root);
}

void OrderStore::expect(const risk::ReplaceOrder& replace) {
  const std::uint64_t original = key(replace.session, replace.original_ref);
  std::uint64_t root = original;
  if (const std::uint32_t slot = slot_of(replace.session, replace.original_ref);
      slot != risk::kNil) {
    root = key(replace.session, slots_[slot].order.root);
  } else if (const auto found = expected_.find(original); found != expected_.end()) {
    root = found->second.root;
  }
  const std::uint64_t own = key(replace.session, replace.client_ref);
  Expected expected{.root = root, .is_replace = true, .terms = target(root)};
  expected.terms.newest = replace.client_ref;
  expected.terms.quantity = replace.total;
  expected.terms.price = replace.price;
  expected_[own] = expected;
  newest_expected_[root] = own;
}

// Numbers of a session ascend: what was sent with a lower one, and has no record, was ignored.
void OrderStore::count_number(risk::SessionIndex session, std::uint32_t client_ref) {
  std::uint32_t& highest = highest_[session.value];
  highest = std::max(highest, client_ref);
  forget_expected(session, client_ref);
}

void OrderStore::forget_expected(risk::SessionIndex session, std::uint32_t client_ref) {
  for (auto at = expected_.lower_bound(key(session, 0));
       at != expected_.end() && at->first <= key(session, client_ref); at = expected_.erase(at)) {
    const auto& [own, expected] = *at;
    if (const auto newest = newest_expected_.find(expected.root);
        newest != newest_expected_.end() && newest->second == own) {
      newest_expected_.erase(newest);
    }
    if (expected.is_replace) continue;
    if (const auto link = links_.find({expected.terms.account.value, expected.terms.link});
        link != links_.end() && link->second == own) {
      links_.erase(link);
    }
  }
}

// --- looking

const Order* OrderStore::find(risk::SessionIndex session, std::uint32_t client_ref) const {
  const std::uint32_t slot = slot_of(session, client_ref);
  return slot == risk::kNil ? nullptr : &slots_[slot].order;
}

namespace {

// The session and first client number in an id; false where it is none.
bool read_id(std::string_view id, risk::SessionIndex& session, std::uint32_t& client_ref) {
  std::array<char, 14> own;
  own.fill(' ');
  const std::size_t dash = id.rfind('-');
  if (dash == std::string_view::npos ||
      id.size() - dash - 1 != gate::OwnClOrdId::kSessionDigits + gate::OwnClOrdId::kRefDigits) {
    return false;
  }
  std::copy(id.begin() + static_cast<std::ptrdiff_t>(dash) + 1, id.end(), own.begin());
  return gate::OwnClOrdId::decode(own, session.value, client_ref);
}

}  // namespace

const Order* OrderStore::find_by_id(risk::AccountIndex account, std::string_view id) const {
  risk::SessionIndex session;
  std::uint32_t client_ref = 0;
  if (!read_id(id, session, client_ref)) return nullptr;
  const Order* order = find(session, client_ref);
  return order != nullptr && order->account == account && text_of(order->id) == id ? order
                                                                                   : nullptr;
}

const Order* OrderStore::find_by_link(risk::AccountIndex account, std::string_view link) const {
  const auto found = links_.find({account.value, order_name(link)});
  if (link.size() > kLinkMax || found == links_.end()) return nullptr;
  const auto slot = by_number_.find(found->second);
  return slot == by_number_.end() ? nullptr : &slots_[slot->second].order;
}

bool OrderStore::has_link(risk::AccountIndex account, std::string_view link) const {
  return link.size() <= kLinkMax && links_.contains({account.value, order_name(link)});
}

Target OrderStore::target(std::uint64_t root) const {
  if (const auto newest = newest_expected_.find(root); newest != newest_expected_.end()) {
    Target terms = expected_.at(newest->second).terms;
    // Its order may have ended since it was sent.
    if (const auto slot = by_number_.find(root); slot != by_number_.end())
      terms.open = is_open(slots_[slot->second].order.status);
    return terms;
  }
  if (const auto slot = by_number_.find(root); slot != by_number_.end()) {
    const Order& order = slots_[slot->second].order;
    Target terms{.known = true,
                 .open = is_open(order.status),
                 .account = order.account,
                 .instrument = order.instrument,
                 .session = order.session,
                 .newest = order.newest(),
                 .quantity = order.quantity,
                 .price = order.price,
                 .post_only = order.post_only,
                 .id = order.id,
                 .link = order.link};
    for (std::uint8_t p = 0; p < order.pending_count; ++p) {
      if (order.pending[p].client_ref != terms.newest) continue;
      terms.quantity = order.pending[p].quantity;
      terms.price = order.pending[p].price;
    }
    return terms;
  }
  const auto expected = expected_.find(root);
  return expected == expected_.end() ? Target{} : expected->second.terms;
}

Target OrderStore::target_by_id(risk::AccountIndex account, std::string_view id) const {
  risk::SessionIndex session;
  std::uint32_t client_ref = 0;
  if (!read_id(id, session, client_ref)) return {};
  const Target found = target(key(session, client_ref));
  return found.account == account && text_of(found.id) == id ? found : Target{};
}

Target OrderStore::target_by_link(risk::AccountIndex account, std::string_view link) const {
  const auto found = links_.find({account.value, order_name(link)});
  return link.size() > kLinkMax || found == links_.end() ? Target{} : target(found->second);
}

}  // namespace portcullis::gateway::json
