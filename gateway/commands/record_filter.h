// Which records of a journal are asked for, and what each is about.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "config/deployment.h"
#include "gateway/gate/aliases.h"
#include "gateway/journal/format.h"
#include "risk/types.h"

namespace portcullis::gateway {

// An order as its client names it.
struct ClientOrder {
  risk::SessionIndex session;
  std::uint32_t client_ref = 0;
  friend auto operator<=>(const ClientOrder&, const ClientOrder&) = default;
};

// Conditions that all hold of a record that is asked for.
struct RecordQuery {
  std::int64_t from_ns = std::numeric_limits<std::int64_t>::min();
  std::int64_t to_ns = std::numeric_limits<std::int64_t>::max();  // not itself
  std::uint64_t first = 1;
  std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
  std::optional<risk::AccountIndex> account;
  std::optional<risk::SessionIndex> session;
  std::optional<risk::InstrumentIndex> instrument;
  std::optional<std::uint32_t> number;      // an order and all of its replaces
  std::optional<ClientOrder> client_order;  // the same, as its client names it
  std::vector<std::uint16_t> types;         // none: every one

  // Cancels and the venue's messages name an order by a number alone: whose it is was said before.
  [[nodiscard]] bool needs_orders() const {
    return account || session || instrument || needs_chain();
  }
  [[nodiscard]] bool needs_chain() const { return number || client_order; }
};

// What is known of the orders that a journal's records have told of so far.
class KnownOrders {
 public:
  struct Facts {
    std::uint32_t number = 0;
    risk::AccountIndex account;
    risk::InstrumentIndex instrument;
    ClientOrder client;
  };
  struct Link {  // a replace
    std::uint32_t original = 0;
    std::uint32_t number = 0;
  };

  // The deployment, which must outlive this, may be null: then adopted orders have no names.
  explicit KnownOrders(const config::Deployment* deployment);

  // The same record may be taken twice. The replace in it, if there is one.
  std::optional<Link> take(const journal::RecordView& record);
  // Null: not known.
  [[nodiscard]] const Facts* find(std::uint32_t number) const;
  // 0: not known, or never sent to the venue.
  [[nodiscard]] std::uint32_t number_of(const ClientOrder& client) const;

 private:
  void add(const Facts& facts);

  std::optional<gate::Aliases> aliases_;
  std::vector<Facts> by_number_;  // ascending
  // By session, ascending client numbers.
  std::vector<std::vector<std::pair<std::uint32_t, std::uint32_t>>> by_client_;
};

// Decides record after record. With needs_chain() every record goes through learn() first.
class RecordFilter {
 public:
  RecordFilter(const RecordQuery& query, const config::Deployment* deployment);

  // A first look at all records, that finds the chain of the order asked for.
  void learn(const journal::RecordView& record);
  void learned();
  // Records must come in order. False: not asked for.
  [[nodiscard]] bool wants(const journal::RecordView& record);

 private:
  // What a record is about.
  struct Mentions {
    std::vector<risk::AccountIndex> accounts;
    std::vector<risk::SessionIndex> sessions;
    std::vector<risk::InstrumentIndex> instruments;
    std::vector<std::uint32_t> numbers;
    std::vector<ClientOrder> clients;
  };
  void find_mentions(const journal::RecordView& record);
  [[nodiscard]] bool is_in_chain() const;

  const RecordQuery query_;
  KnownOrders orders_;
  Mentions mentions_;
  std::vector<KnownOrders::Link> links_;
  std::set<std::uint32_t> chain_;
};

}  // namespace portcullis::gateway
