// A plan's messages as JSON order entry takes them: each as the Bybit v5 request that asks for the
// same, with the same price and quantity in decimals. Pure: no socket, no clock.
//
//   enter, repeat   order.create, named by its number in orderLinkId
//   replace         order.amend of the order that its chain of replaces began with: an amended order
//                   keeps its name
//   cancel          order.cancel; to a new total: order.amend with only that as qty
//   malformed       an op that is not known, half a request, a parameter that does not exist, and one
//                   that is not supported
//
// The account is that of the API key. These have no JSON form, and are left out: mass cancel, disable,
// enable and query, another account's Firm, hidden and other display, pegs, post-only that is
// immediate, all-or-none that is not, a repeat of a number that named no order, and a price or
// quantity that no finite decimal is. A wrong side and a wrong time in force become words that are as
// wrong, and an unknown symbol keeps its text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/deployment.h"
#include "gateway/client/plan.h"
#include "gateway/json/symbols.h"

namespace portcullis::gateway::client {

// At most so many characters, so that every orderLinkId has its 36.
inline constexpr std::size_t kRunNameMax = 16;

class JsonOrders {
 public:
  // The plan's sessions are the deployment's; both outlive this. `run` tells the names of one run
  // from those of others on the same accounts: letters, digits, - and _, at most kRunNameMax.
  JsonOrders(const Plan& plan, const config::Deployment& deployment, std::string run);

  // The text of the request; empty where there is none. `req_id` is what the answer will carry,
  // `now_ms` since the epoch is what the gate's receive window is laid around.
  [[nodiscard]] std::string request(const Message& message, std::uint64_t req_id,
                                    std::int64_t now_ms) const;

  // The orderLinkId of the order that this number of the session belongs to; empty: of none.
  [[nodiscard]] std::string link(std::uint16_t session, std::uint32_t number) const;
  // The number that its chain of replaces began with; 0: it belongs to no order.
  [[nodiscard]] std::uint32_t root_of(std::uint16_t session, std::uint32_t number) const;
  // The number in an orderLinkId of this run and session; 0: it is another's.
  [[nodiscard]] std::uint32_t number_in(std::uint16_t session, std::string_view link) const;

  [[nodiscard]] const json::Symbols& symbols() const { return symbols_; }

 private:
  [[nodiscard]] std::string create(const Message& message) const;
  [[nodiscard]] std::string amend(const Message& message) const;
  [[nodiscard]] std::string cancel(const Message& message) const;
  [[nodiscard]] std::string malformed(const Message& message) const;
  [[nodiscard]] std::string name(std::uint16_t session, std::uint32_t number) const;
  [[nodiscard]] const Message* root(std::uint16_t session, std::uint32_t number) const;
  [[nodiscard]] const config::Alias* alias(const Message& message) const;
  [[nodiscard]] std::string symbol(const Message& message) const;
  [[nodiscard]] std::string price(const Message& order, std::uint64_t wire) const;
  [[nodiscard]] std::string quantity(const Message& order, std::uint32_t wire) const;
  [[nodiscard]] bool is_of_the_key(const Message& message) const;

  const Plan& plan_;
  const config::Deployment& deployment_;
  const json::Symbols symbols_;
  const std::string run_;
  // By session and number: the enter that the number goes back to; null: none.
  std::vector<std::vector<const Message*>> roots_;
};

// Takes the messages that have no JSON form out of a plan, and says in its description how many.
void leave_out_formless(Plan& plan, const config::Deployment& deployment);

}  // namespace portcullis::gateway::client
