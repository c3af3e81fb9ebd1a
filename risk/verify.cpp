// The proof that what is kept incrementally equals a full recompute.
#include <algorithm>
#include <vector>

#include "risk/engine.h"

namespace portcullis::risk {

// What is known of the anchors of the tables in force, from marks and tables.
const char* Engine::verify_anchors() const noexcept {
  std::vector<Anchored> anchored(anchored_.size());
  std::vector<std::uint32_t> moved(moved_count_.size());
  for (std::uint32_t g = 0; g < tables_.size(); ++g) {
    if (tables_[g] == nullptr || parameters_.groups[g].table_move_max_ppm == 0) continue;
    for (const Anchor& anchor : tables_[g]->anchors) {
      const bool is_out = has_moved(anchor.instrument, anchor.mark);
      anchored[anchor.instrument.value] = {anchor.mark, is_out};
      moved[g] += is_out ? 1 : 0;
    }
  }
  for (std::size_t i = 0; i < anchored.size(); ++i) {
    if (anchored[i].anchor != anchored_[i].anchor ||
        anchored[i].has_moved != anchored_[i].has_moved)
      return "an anchor";
  }
  return moved == moved_count_ ? nullptr : "anchors that have moved";
}

// What is relied on of the tables in force follows from them.
const char* Engine::verify_tables() const noexcept {
  for (std::uint32_t g = 0; g < tables_.size(); ++g) {
    if (tables_[g] == nullptr) continue;
    const TableFacts& facts = tables_[g]->facts;
    const TableFacts again = facts_of(*tables_[g], row_scales(parameters_, {g}), nullptr);
    if (!again.is_sound || facts.worst != again.worst || facts.lot_loss != again.lot_loss)
      return "what follows from a table";
  }
  return nullptr;
}

// Compares one account's figures with those of a recompute that starts from nothing.
const char* Engine::verify_account(AccountIndex index) noexcept {
  refresh_lines(index);
  const Int128 bound = requirement_bound(index);
  refresh(index);
  if (accounts_[index.value].in_range && bound < requirement(index)) return "bound";
  Account& account = accounts_[index.value];
  const Account before = account;
  struct SlotFigures {
    std::vector<std::int64_t> low;
    Int128 requirement;
    Int128 span;
    Timestamp expires;
  };
  std::vector<SlotFigures> slots;
  const auto first_holding =
      holdings_.begin() + static_cast<std::ptrdiff_t>(index.value * assets_.size());
  const std::vector<Holding> holdings(first_holding,
                                      first_holding + static_cast<std::ptrdiff_t>(assets_.size()));
  const Int128 requirement_before = requirement(index);
  if (account.in_range && recompute(index, nullptr, true, {}, nullptr) != requirement_before)
    return "requirement, from its lines";
  for (std::uint32_t s = account.first_slot; s != kNil; s = slots_[s].next) {
    const GroupSlot& slot = slots_[s];
    const GroupParameters& group = parameters_.groups[slot.group.value];
    const auto first = low_.begin() + slot.first_column;
    const auto columns = static_cast<std::ptrdiff_t>(group.column_count);
    slots.push_back({{first, first + columns}, slot.figures.requirement, slot.span, slot.expires});
  }
  forget(index);
  touch(account);
  refresh(index);

  if (account.capital != before.capital || account.capital_exact != before.capital_exact)
    return "equity less costs";
  if (account.gross != before.gross) return "gross notional";
  if (account.unlevered != before.unlevered) return "what leverage does not count";
  if (account.option_value != before.option_value) return "option value";
  if (account.figures.requirement != before.figures.requirement ||
      account.figures.joint != before.figures.joint ||
      account.figures.outside != before.figures.outside) {
    return "sum of the groups' requirements";
  }
  if (account.span != before.span) return "span";
  if (account.in_range != before.in_range) return "range";
  if (account.indexes_expire != before.indexes_expire) return "age of the indexes";
  if (account.expires != before.expires) return "age of the prices";
  if (requirement(index) != requirement_before) return "requirement";
  for (std::size_t a = 0; a < assets_.size(); ++a) {
    const Holding& now = first_holding[static_cast<std::ptrdiff_t>(a)];
    if (now.line_value != holdings[a].line_value) return "sum of the lines' values";
    if (now.line_cost != holdings[a].line_cost) return "sum of the orders' costs";
    if (now.collateral.falls != holdings[a].collateral.falls ||
        now.collateral.rises != holdings[a].collateral.rises) {
      return "collateral that moves";
    }
  }
  std::size_t at = 0;
  for (std::uint32_t s = account.first_slot; s != kNil; s = slots_[s].next, ++at) {
    if (slots_[s].figures.requirement != slots[at].requirement) return "a group's requirement";
    if (slots_[s].span != slots[at].span) return "a group's span";
    if (slots_[s].expires != slots[at].expires) return "age of the marks";
    if (!std::equal(slots[at].low.begin(), slots[at].low.end(),
                    low_.begin() + slots_[s].first_column))
      return "a vector";
  }
  return nullptr;
}

const char* Engine::verify() noexcept {
  if (state_hash() != recomputed_hash()) return "state hash";
  if (const char* difference = verify_anchors()) return difference;
  if (const char* difference = verify_tables()) return difference;
  for (std::uint32_t a = 0; a < accounts_.size(); ++a) {
    if (const char* difference = verify_account({a})) return difference;
  }
  // What the tree has in use, from the lines and orders.
  std::vector<Usage> usage(usage_.size());
  std::vector<Wide> gross(nodes_.size());
  std::vector<std::int64_t> open(nodes_.size());
  std::vector<std::int64_t> open_of_account(accounts_.size());
  std::vector<std::array<Lots, 2>> reserved(lines_.size());
  std::vector<std::array<Lots, 2>> exits(lines_.size());
  std::vector<Int128> quoted(slots_.size());
  std::uint32_t live = 0;
  for (const Order& order : orders_) {
    if (order.head == 0) continue;
    ++live;
    ++open_of_account[order.account.value];
    reserved[order.line][book_side(order.side)] += order.reserved;
    if (order.exit != 0) exits[order.line][book_side(order.side)] += order.reserved;
    if (order.exit == 0 && !is_spot(order.instrument))
      quoted[lines_[order.line].slot] += order.reserved.raw;
    Lots most = std::max(Lots{0}, order.total - order.cum - order.cancelled);
    for (std::uint8_t p = 0; p < order.pending_count; ++p)
      most = std::max(most, order.pending[p].total - order.cum);
    if (most != order.reserved) return "an order's reservation";
    if (worst_fee(order) != order.fee_per_lot) return "an order's fee";
    for (NodeIndex n = parameters_.accounts[order.account.value].parent; n.exists();
         n = parameters_.nodes[n.value].parent) {
      ++open[n.value];
    }
  }
  if (live != live_orders_) return "number of live orders";
  for (std::uint32_t l = 0; l < lines_.size(); ++l) {
    for (const BookSide side : {kBuys, kSells}) {
      Lots reducing;
      std::uint32_t next = reducers_[l].first[side];
      const bool is_used = lines_[l].account.exists();
      for (std::uint32_t o = is_used ? lines_[l].first[side] : kNil; o != kNil;
           o = orders_[o].next) {
        if (!is_reducer(orders_[o])) continue;
        if (next != o) return "a line's reduce-only orders";
        reducing += orders_[o].reserved;
        next = reducer_links_[o].next;
      }
      if (next != kNil || reducing != reducers_[l].lots[side]) return "a line's reduce-only lots";
    }
  }
  std::vector<Flow> flows(holdings_.size());
  for (const Order& order : orders_) {
    if (order.head == 0 || !is_spot(order.instrument)) continue;
    const InstrumentParameters& spot = parameters_.instruments[order.instrument.value];
    for (const AssetIndex asset : {spot.base, spot.settlement}) {
      flows[order.account.value * assets_.size() + asset.value] +=
          flow_of(reserved_by(order), order.side, order.instrument, asset);
    }
  }
  for (std::size_t h = 0; h < flows.size(); ++h) {
    if (flows[h].in != holdings_[h].flow.in || flows[h].out != holdings_[h].flow.out)
      return "what spot orders may bring or take";
  }
  std::vector<std::uint32_t> suspensions(accounts_.size());
  for (std::size_t s = 0; s < sessions_.size(); ++s) {
    const auto& accounts = parameters_.sessions[s].accounts;
    for (std::size_t a = 0; a < accounts.size(); ++a)
      suspensions[accounts[a].value] += suspended_[first_entitlement_[s] + a];
  }
  for (std::uint32_t l = 0; l < lines_.size(); ++l) {
    const Line& line = lines_[l];
    if (!line.account.exists()) continue;
    if (line.open != reserved[l]) return "a line's open lots";
    if (line.exits != exits[l]) return "a line's exits";
    const Usage used = usage_of(line);
    for (NodeIndex n = parameters_.accounts[line.account.value].parent; n.exists();
         n = parameters_.nodes[n.value].parent) {
      Usage& sum = usage[line.instrument.value * nodes_.size() + n.value];
      sum.long_lots += used.long_lots;
      sum.short_lots += used.short_lots;
      sum.gross_lots += used.gross_lots;
      gross[n.value].raw += instruments_[line.instrument.value].notional.raw * used.gross_lots.raw;
    }
  }
  for (std::size_t u = 0; u < usage.size(); ++u) {
    if (usage[u].long_lots != usage_[u].long_lots || usage[u].short_lots != usage_[u].short_lots ||
        usage[u].gross_lots != usage_[u].gross_lots) {
      return "a node's usage";
    }
  }
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    if (gross[n] != nodes_[n].gross) return "a node's gross notional";
    if (open[n] != nodes_[n].open_orders) return "a node's open orders";
  }
  for (std::size_t s = 0; s < slots_.size(); ++s) {
    if (quoted[s] != slots_[s].quoted) return "a slot's quotes";
  }
  for (std::size_t a = 0; a < accounts_.size(); ++a) {
    if (open_of_account[a] != accounts_[a].open_orders) return "an account's open orders";
    if (suspensions[a] != accounts_[a].suspensions) return "an account's suspensions";
  }
  return nullptr;
}

}  // namespace portcullis::risk
