// The order store as bytes. Little-endian; a list is its count, then its items.
//
//   u64 magic "PCORDERS", u32 version, u64 sequence, char[16] stream session, u32 resolved_below,
//   u32 next_number, u64 unattributed, u32 sessions: u32 highest client number of each,
//   u32 accounts: of each the open orders, the closed ones and the executions, oldest first
//
// What an order and an execution are is below, member by member. The names and numbers by which
// orders are found follow from them.
#include <algorithm>
#include <concepts>
#include <cstring>
#include <type_traits>
#include <utility>

#include "gateway/json/order_store.h"

namespace portcullis::gateway::json {

namespace {

constexpr std::uint64_t kMagic = 0x535245'44524F4350;  // "PCORDERS"
constexpr std::uint32_t kVersion = 1;

// Values whose bytes are their value.
template <class T>
concept Plain = std::is_trivially_copyable_v<T> && std::has_unique_object_representations_v<T> &&
    !std::same_as<T, bool>;

struct ToBytes {
  std::vector<std::byte>& bytes;
  template <Plain T>
  void operator()(const T& value) {
    const auto* at = reinterpret_cast<const std::byte*>(&value);
    bytes.insert(bytes.end(), at, at + sizeof value);
  }
  void operator()(bool value) { (*this)(static_cast<std::uint8_t>(value)); }
};

struct FromBytes {
  std::span<const std::byte> bytes;
  bool ok = true;
  template <Plain T>
  void operator()(T& value) {
    if (bytes.size() < sizeof value) {
      ok = false;
      return;
    }
    std::memcpy(&value, bytes.data(), sizeof value);
    bytes = bytes.subspan(sizeof value);
  }
  void operator()(bool& value) {
    std::uint8_t byte = 0;
    (*this)(byte);
    if (byte > 1) ok = false;
    value = byte == 1;
  }
};

// Of `Archive` ToBytes or FromBytes; `T` is const for ToBytes.
template <class Archive, class T>
void pending(Archive& archive, T& p) {
  archive(p.client_ref), archive(p.original_ref), archive(p.number);
  archive(p.quantity), archive(p.price);
}

template <class Archive, class T>
void order(Archive& archive, T& o) {
  archive(o.sequence), archive(o.id), archive(o.link);
  archive(o.account), archive(o.instrument), archive(o.session);
  archive(o.root), archive(o.head), archive(o.former), archive(o.number);
  archive(o.pending_count);
  for (auto& p : o.pending) pending(archive, p);
  archive(o.side), archive(o.ord_type), archive(o.time_in_force);
  archive(o.reduce_only), archive(o.post_only), archive(o.acknowledged);
  archive(o.status), archive(o.reason), archive(o.venue_code), archive(o.cancel_reason);
  archive(o.price), archive(o.quantity), archive(o.counted), archive(o.cancelled);
  archive(o.executed), archive(o.value), archive(o.fees), archive(o.created), archive(o.updated);
}

template <class Archive, class T>
void execution(Archive& archive, T& e) {
  archive(e.sequence), archive(e.stream_sequence), archive(e.match);
  archive(e.order_id), archive(e.link);
  archive(e.account), archive(e.instrument), archive(e.session), archive(e.client_ref);
  archive(e.side), archive(e.ord_type), archive(e.liquidity), archive(e.broken);
  archive(e.price), archive(e.quantity), archive(e.order_price), archive(e.order_quantity);
  archive(e.leaves), archive(e.time), archive(e.stream_session);
}

}  // namespace

void OrderStore::save(std::vector<std::byte>& out) const {
  ToBytes put{out};
  const auto count = [&](std::size_t n) { put(static_cast<std::uint32_t>(n)); };
  put(kMagic), put(kVersion), put(sequence_), put(stream_session_);
  put(resolved_below_), put(next_number_), put(unattributed_);
  count(highest_.size());
  for (const std::uint32_t highest : highest_) put(highest);
  count(accounts_.size());
  for (const OfAccount& of : accounts_) {
    for (const List* list : {&of.open, &of.closed}) {
      count(list->count);
      for (std::uint32_t s = list->last; s != risk::kNil; s = slots_[s].previous)
        order(put, slots_[s].order);
    }
    count(of.executions.size());
    for (const Execution& e : of.executions) execution(put, e);
  }
}

std::string OrderStore::load(std::span<const std::byte> bytes) {
  FromBytes get{bytes};
  std::uint64_t magic = 0;
  std::uint32_t version = 0;
  get(magic), get(version);
  if (!get.ok || magic != kMagic) return "is no order store";
  if (version != kVersion) return "is an order store of another version";
  std::uint64_t last_sequence = 0;
  std::uint64_t unattributed = 0;
  std::array<char, 16> stream_session{};
  std::uint32_t resolved_below = 0;
  std::uint32_t next_number = 0;
  get(last_sequence), get(stream_session), get(resolved_below), get(next_number);
  get(unattributed);
  std::uint32_t count = 0;
  get(count);
  if (!get.ok || count != highest_.size()) return "is of other sessions";
  std::vector<std::uint32_t> highest(count);
  for (std::uint32_t& of_session : highest) get(of_session);
  get(count);
  if (!get.ok || count != accounts_.size()) return "is of other accounts";

  const auto is_sound = [&](const auto& of, std::uint32_t account) {
    return of.account.value == account && of.instrument.value < deployment_.instruments.size() &&
           of.session.value < highest.size() && of.side <= risk::Side::SellShortExempt &&
           of.ord_type <= risk::OrdType::Market;
  };
  const auto is_sound_order = [&](const Order& o, std::uint32_t account) {
    return is_sound(o, account) && o.pending_count <= o.pending.size() && o.root != 0 &&
           o.time_in_force <= risk::TimeInForce::FillOrKill && o.status <= Status::Rejected &&
           static_cast<std::size_t>(o.reason) < risk::kRejectReasonCount;
  };
  std::vector<Order> orders;
  std::vector<Execution> executions;
  std::size_t open_count = 0;
  for (std::uint32_t account = 0; account < accounts_.size(); ++account) {
    for (const bool open : {true, false}) {
      get(count);
      for (std::uint32_t i = 0; i < count && get.ok; ++i) {
        Order o;
        order(get, o);
        if (!get.ok) return "is cut off";
        if (!is_sound_order(o, account) || is_open(o.status) != open)
          return "has an order that cannot be";
        open_count += open ? 1 : 0;
        if (open || count - i <= limits_.closed_per_account) orders.push_back(o);
      }
    }
    get(count);
    for (std::uint32_t i = 0; i < count && get.ok; ++i) {
      Execution e;
      execution(get, e);
      if (!get.ok) return "is cut off";
      if (!is_sound(e, account)) return "has an execution that cannot be";
      executions.push_back(e);
    }
  }
  if (!get.ok) return "is cut off";
  if (!get.bytes.empty()) return "has something behind its end";
  if (open_count > deployment_.parameters.capacities.orders)
    return "has more open orders than the gate holds";

  clear();
  sequence_ = last_sequence;
  unattributed_ = unattributed;
  stream_session_ = stream_session;
  resolved_below_ = resolved_below;
  next_number_ = next_number;
  highest_ = std::move(highest);
  for (const Order& o : orders) add(o);
  for (const Execution& e : executions) add_execution(e);
  // Where two have the same name, it is that of the younger.
  std::vector<std::pair<std::uint64_t, std::uint32_t>> by_age;
  for (std::uint32_t s = 0; s < slots_.size(); ++s)
    by_age.emplace_back(slots_[s].order.sequence, s);
  std::sort(by_age.begin(), by_age.end());
  for (const auto& [age, slot] : by_age) name_all(slot);
  return "";
}

}  // namespace portcullis::gateway::json
