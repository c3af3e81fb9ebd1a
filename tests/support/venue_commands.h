#pragma once
// Random order flow for the simulated venue: two symbols, two firms, a few prices, so that
// everything meets everything, with repeated and unknown numbers among it.

#include <algorithm>
#include <random>

#include "tests/support/venue_driver.h"

namespace portcullis::gateway::venue_sim {

struct Command {
  enum class Type { Enter, Replace, Cancel, MassCancel, Disable, Enable, Query } type{};
  TestOrder order;             // enter and replace; .number also the new number of the others
  std::uint32_t original = 0;  // replace, cancel
  std::uint32_t quantity = 0;  // cancel
};

class Commands {
 public:
  explicit Commands(std::uint64_t used_seed) : random_(used_seed) {}

  Command next() {
    Command c;
    c.order.number = chance(20) ? below(last_ + 2) : last_ + 1 + below(3) / 2;
    c.order.side = chance(2) ? 'B' : chance(5) ? 'T' : 'S';
    c.order.quantity = chance(50) ? below(2) * 1'000'000 : 1 + below(40);
    c.order.price = chance(50) ? 0 : 100 + below(6);
    c.order.symbol = chance(4) ? "ABC" : "XYZ";
    c.order.firm = chance(3) ? "ELSE" : "FIRM";
    if (chance(4)) {
      c.order.tif = '3';
      if (chance(2)) c.order.min_qty = 1 + below(45);
    }
    c.order.post_only = chance(10);
    if (chance(3)) c.order.aiq_group = chance(2) ? "G1" : "G2";
    if (chance(3)) c.order.aiq_strategy = "*NOWDod"[below(7)];
    c.original = chance(5) ? below(last_ + 2) : last_ - std::min(last_, below(20));
    c.quantity = chance(3) ? 0 : below(45);
    switch (below(20)) {
      case 0:
        c.type = chance(3) ? Command::Type::MassCancel : Command::Type::Query;
        break;
      case 1:
        c.type = chance(3) ? Command::Type::Disable : Command::Type::Enable;
        break;
      case 2:
      case 3:
      case 4:
        c.type = Command::Type::Cancel;
        break;
      case 5:
      case 6:
      case 7:
      case 8:
        c.type = Command::Type::Replace;
        break;
      default:
        c.type = Command::Type::Enter;
    }
    if (c.type != Command::Type::Cancel && c.type != Command::Type::Query) {
      last_ = std::max(last_, c.order.number);
    }
    return c;
  }

 private:
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(random_() % n); }
  bool chance(std::uint32_t one_in) { return below(one_in) == 0; }

  std::mt19937_64 random_;
  std::uint32_t last_ = 0;
};

inline ouch::InboundMessage message_of(const Command& c) {
  const std::uint32_t number = c.order.number;
  const ouch::Firm firm = padded<4>(c.order.firm);
  switch (c.type) {
    case Command::Type::Enter:
      return enter_message(c.order);
    case Command::Type::Replace:
      return replace_message(c.original, c.order);
    case Command::Type::Cancel:
      return ouch::CancelOrder{.user_ref_num = c.original, .quantity = c.quantity, .appendage = {}};
    case Command::Type::MassCancel:
      return ouch::MassCancel{.user_ref_num = number,
                              .firm = firm,
                              .symbol = padded<8>(c.order.symbol),
                              .appendage = {}};
    case Command::Type::Disable:
      return ouch::DisableOrderEntry{.user_ref_num = number, .firm = firm, .appendage = {}};
    case Command::Type::Enable:
      return ouch::EnableOrderEntry{.user_ref_num = number, .firm = firm, .appendage = {}};
    case Command::Type::Query:
      break;
  }
  return ouch::AccountQuery{.appendage = {}};
}

inline Lines send(VenueDriver& venue, const Command& c) { return venue.send(message_of(c)); }

}  // namespace portcullis::gateway::venue_sim
