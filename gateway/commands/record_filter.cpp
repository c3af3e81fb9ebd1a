#include "gateway/commands/record_filter.h"

#include <algorithm>

#include "gateway/commands/record_values.h"
#include "gateway/gate/record_fields.h"
#include "gateway/ouch/messages.h"

namespace portcullis::gateway {

namespace {

using gate::Meaning;

template <class T>
bool has(const std::vector<T>& list, const T& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// Calls f(message) with an OUCH message; nothing where there is none.
template <class F>
void with_message(std::span<const std::byte> payload, F&& f) {
  ouch::OutboundMessage message;
  if (ouch::decode(payload, message) == ouch::DecodeError::None) std::visit(f, message);
}

// Calls f(number) with the numbers of orders that a message names.
template <class M, class F>
void for_each_number(const M& message, F&& f) {
  if constexpr (requires { message.orig_user_ref_num; }) f(message.orig_user_ref_num);
  if constexpr (requires { message.user_ref_num; }) f(message.user_ref_num);
}

std::span<const std::byte> payload_of(const gate::VenueMessageRecord& record) {
  return std::span(record.payload).first(record.length);
}

}  // namespace

// --- what is known of orders

KnownOrders::KnownOrders(const config::Deployment* deployment) {
  if (deployment != nullptr) aliases_.emplace(*deployment);
}

const KnownOrders::Facts* KnownOrders::find(std::uint32_t number) const {
  const auto at = std::lower_bound(
      by_number_.begin(), by_number_.end(), number,
      [](const Facts& facts, std::uint32_t wanted) { return facts.number < wanted; });
  return at != by_number_.end() && at->number == number ? &*at : nullptr;
}

std::uint32_t KnownOrders::number_of(const ClientOrder& client) const {
  if (client.session.value >= by_client_.size()) return 0;
  const auto& of = by_client_[client.session.value];
  const auto at = std::lower_bound(of.begin(), of.end(), std::pair{client.client_ref, 0U});
  return at != of.end() && at->first == client.client_ref ? at->second : 0;
}

// Both kinds of numbers rise, so that nearly all is added at the end.
void KnownOrders::add(const Facts& facts) {
  if (facts.number == 0 || find(facts.number) != nullptr) return;
  const auto at = std::lower_bound(
      by_number_.begin(), by_number_.end(), facts.number,
      [](const Facts& before, std::uint32_t number) { return before.number < number; });
  by_number_.insert(at, facts);
  // No configuration has more sessions; a damaged command must not take the memory of as many.
  if (facts.client.session.value >= config::kSessionsMax) return;
  if (by_client_.size() <= facts.client.session.value)
    by_client_.resize(facts.client.session.value + std::size_t{1});
  auto& of = by_client_[facts.client.session.value];
  const std::pair entry{facts.client.client_ref, facts.number};
  of.insert(std::lower_bound(of.begin(), of.end(), entry), entry);
}

std::optional<KnownOrders::Link> KnownOrders::take(const journal::RecordView& view) {
  std::optional<Link> link;
  const auto is_sent = [](const risk::Decision& decision) {
    return decision.disposition == risk::Disposition::Forward;
  };
  (void)gate::with_record(view, [&]<class Record>(const Record& record) {
    if constexpr (requires { record.order.quantity; }) {
      const risk::NewOrder& order = record.order;
      if (is_sent(record.decision)) {
        add({record.decision.number,
             order.account,
             order.instrument,
             {order.session, order.client_ref}});
      }
    } else if constexpr (std::is_same_v<Record, gate::ReplaceRecord>) {
      const risk::ReplaceOrder& order = record.order;
      if (!is_sent(record.decision)) return;
      const std::uint32_t original = number_of({order.session, order.original_ref});
      Facts facts;
      if (const Facts* before = find(original)) facts = *before;
      facts.number = record.decision.number;
      facts.client = {order.session, order.client_ref};
      add(facts);
      link = Link{original, facts.number};
    } else if constexpr (std::is_same_v<Record, gate::VenueMessageRecord>) {
      with_message(payload_of(record), [&]<class M>(const M& message) {
        // An order that the venue holds and we had forgotten.
        if constexpr (std::is_same_v<M, ouch::Accepted>) {
          Facts facts;
          facts.number = message.user_ref_num;
          gate::OwnClOrdId::decode(message.cl_ord_id, facts.client.session.value,
                                   facts.client.client_ref);
          if (aliases_) {
            facts.account = aliases_->account(message.appendage.firm);
            facts.instrument = aliases_->venue_instrument(message.symbol);
          }
          add(facts);
        } else if constexpr (std::is_same_v<M, ouch::Replaced>) {
          Facts facts;
          if (const Facts* before = find(message.orig_user_ref_num)) facts = *before;
          facts.number = message.user_ref_num;
          gate::OwnClOrdId::decode(message.cl_ord_id, facts.client.session.value,
                                   facts.client.client_ref);
          add(facts);
          link = Link{message.orig_user_ref_num, message.user_ref_num};
        }
      });
    }
  });
  return link;
}

// --- the filter

RecordFilter::RecordFilter(const RecordQuery& query, const config::Deployment* deployment)
    : query_(query), orders_(deployment) {}

void RecordFilter::learn(const journal::RecordView& record) {
  if (const auto link = orders_.take(record)) links_.push_back(*link);
}

// Backwards to the first order of the chain; what came of it is found as the records go by.
void RecordFilter::learned() {
  std::uint32_t first = query_.number ? *query_.number : orders_.number_of(*query_.client_order);
  if (first == 0) return;
  for (auto link = links_.rbegin(); link != links_.rend(); ++link) {
    if (link->number == first && link->original != 0) first = link->original;
  }
  chain_ = {first};
}

void RecordFilter::find_mentions(const journal::RecordView& view) {
  mentions_.accounts.clear();
  mentions_.sessions.clear();
  mentions_.instruments.clear();
  mentions_.numbers.clear();
  mentions_.clients.clear();
  (void)gate::with_record(view, [&]<class Record>(const Record& record) {
    RecordContext context;
    find_context(record, context);
    risk::SessionIndex session;
    const auto visit = [&](const auto& self, const auto& fields) -> void {
      gate::for_each_field(
          fields, [&]<class Member>(std::string_view, const Member& member, Meaning meaning) {
            if constexpr (HasFields<Member>) {
              self(self, member);
            } else if constexpr (std::is_same_v<Member, risk::AccountIndex>) {
              mentions_.accounts.push_back(member);
            } else if constexpr (std::is_same_v<Member, risk::InstrumentIndex>) {
              mentions_.instruments.push_back(member);
            } else if constexpr (std::is_same_v<Member, risk::SessionIndex>) {
              mentions_.sessions.push_back(session = member);
            } else if constexpr (std::is_same_v<Member, std::array<risk::AccountIndex, 4>>) {
              mentions_.accounts.insert(mentions_.accounts.end(), member.begin(), member.end());
            } else if constexpr (std::is_same_v<Member, std::uint32_t>) {
              if (meaning == Meaning::Account) mentions_.accounts.push_back({member});
              if (meaning == Meaning::Instrument) mentions_.instruments.push_back({member});
              if (meaning == Meaning::Session) mentions_.sessions.push_back(session = {member});
              if (meaning == Meaning::Number && member != 0) mentions_.numbers.push_back(member);
              if (meaning == Meaning::ClientRef) mentions_.clients.push_back({session, member});
              if (meaning != Meaning::Target) return;
              if (context.scope == "account") mentions_.accounts.push_back({member});
              if (context.scope == "instrument" || context.scope == "mark")
                mentions_.instruments.push_back({member});
              if (context.scope == "session" || context.scope == "session_accounts")
                mentions_.sessions.push_back({member});
            }
          });
    };
    visit(visit, record);
    if constexpr (std::is_same_v<Record, gate::RecheckRecord>) {
      for (std::uint32_t i = 0; i < std::min(record.count, gate::kRecheckSlice); ++i)
        mentions_.accounts.push_back({record.from + i});
    } else if constexpr (std::is_same_v<Record, gate::VenueMessageRecord>) {
      with_message(payload_of(record), [&](const auto& message) {
        for_each_number(message,
                        [&](std::uint32_t number) { mentions_.numbers.push_back(number); });
      });
    }
  });
  view.for_each_outbound([&](const journal::OutboundView& outbound) {
    const risk::SessionIndex session{outbound.stream};
    mentions_.sessions.push_back(session);
    with_message(outbound.payload, [&](const auto& message) {
      for_each_number(message, [&](std::uint32_t client_ref) {
        mentions_.clients.push_back({session, client_ref});
      });
    });
  });
  // What was said of the orders before.
  for (const ClientOrder& client : mentions_.clients) {
    if (const std::uint32_t number = orders_.number_of(client)) mentions_.numbers.push_back(number);
  }
  for (const std::uint32_t number : mentions_.numbers) {
    const KnownOrders::Facts* facts = orders_.find(number);
    if (facts == nullptr) continue;
    mentions_.accounts.push_back(facts->account);
    mentions_.instruments.push_back(facts->instrument);
    mentions_.sessions.push_back(facts->client.session);
  }
}

bool RecordFilter::is_in_chain() const {
  if (query_.client_order && has(mentions_.clients, *query_.client_order)) return true;
  return std::any_of(mentions_.numbers.begin(), mentions_.numbers.end(),
                     [&](std::uint32_t number) { return chain_.count(number) != 0; });
}

bool RecordFilter::wants(const journal::RecordView& record) {
  if (query_.needs_orders()) {
    const auto link = orders_.take(record);
    if (link && chain_.count(link->original) != 0) chain_.insert(link->number);
  }
  if (record.sequence < query_.first || record.sequence > query_.last) return false;
  if (record.time_ns < query_.from_ns || record.time_ns >= query_.to_ns) return false;
  if (!query_.types.empty() && !has(query_.types, record.type)) return false;
  if (!query_.needs_orders()) return true;
  find_mentions(record);
  return (!query_.account || has(mentions_.accounts, *query_.account)) &&
         (!query_.session || has(mentions_.sessions, *query_.session)) &&
         (!query_.instrument || has(mentions_.instruments, *query_.instrument)) &&
         (!query_.needs_chain() || is_in_chain());
}

}  // namespace portcullis::gateway
