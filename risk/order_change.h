// The one way an order changes: its reservation is taken out of every sum, the order is edited, and
// what it now reserves is put back. Included by the files of the engine that change orders.
#pragma once

#include <algorithm>

#include "risk/engine.h"

namespace portcullis::risk {

template <class Edit>
void Engine::change_order(std::uint32_t index, Edit edit) noexcept {
  Order& order = orders_[index];
  hash_.touch(EntityKind::Order, index);
  Line& line = lines_[order.line];
  const BookSide side = book_side(order.side);
  if (order.reserved.raw != 0) add_cost(order, -1);
  const Lots before = order.reserved;
  const Lots exits_before = order.exit != 0 ? order.reserved : Lots{0};

  edit(order);
  forget_answered_cancel(order);

  // One order of the largest leaves over head and pending replaces, at the worst price and fee.
  order.reserved = std::max(Lots{0}, order.total - order.cum - order.cancelled);
  order.worst = order.price;
  order.fee_per_lot = fee_per_lot(order.instrument, order.price);
  for (std::uint8_t p = 0; p < order.pending_count; ++p) {
    const PendingReplace& pending = order.pending[p];
    order.reserved = std::max(order.reserved, pending.total - order.cum);
    order.worst = order.side == Side::Buy ? std::max(order.worst, pending.price)
                                          : std::min(order.worst, pending.price);
    order.fee_per_lot = std::max(order.fee_per_lot, fee_per_lot(order.instrument, pending.price));
  }
  // What the walk over this side's orders may be spared by (Engine::side_cost).
  if (line.first[side] == index && order.next == kNil) {
    line.best[side] = order.worst;
    line.fee_max[side] = order.fee_per_lot;
  } else {
    line.best[side] = order.side == Side::Buy ? std::max(line.best[side], order.worst)
                                              : std::min(line.best[side], order.worst);
    line.fee_max[side] = std::max(line.fee_max[side], order.fee_per_lot);
  }
  const Lots exits = order.exit != 0 ? order.reserved : Lots{0};
  if (order.reserved != before || exits != exits_before) {
    lift(line);
    line.open[side] += order.reserved - before;
    line.exits[side] += exits - exits_before;
    if (is_reducer(order)) reducers_[order.line].lots[side] += order.reserved - before;
    if (!is_spot(line.instrument))
      slots_[line.slot].quoted += (order.reserved - before).raw - (exits - exits_before).raw;
    place(line);
  }
  if (order.reserved.raw != 0) add_cost(order, 1);
}

}  // namespace portcullis::risk
