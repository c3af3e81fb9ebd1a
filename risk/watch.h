// The accounts to look at again as prices move (METHOD 3.9). An account's part in a group is given a
// distance: prices of the group have to move by so much, as a share of themselves, before the
// account's margin state can be another one. A price that moves costs a compare for each class of
// distances, however many accounts there are.
//
// Class c holds distances from 2^(c + 4) ppm up. Its fence holds, for each price of the group, how far it
// may go from where it was when the class was empty last; whoever is in the class came while prices
// were within it. A price that crosses the fence makes the whole class due. So a price that trembles
// wakes nobody twice, as a sum of its moves would.
//
// It proposes and decides nothing: outside the state hash, and not of Engine::verify.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <vector>

#include "risk/pool.h"
#include "risk/types.h"

namespace portcullis::risk {

class Watch {
 public:
  static constexpr std::uint32_t kFirstClass = 4;  // up to 32 ppm: due with every move
  static constexpr std::uint32_t kClasses = 16;    // the last one: half of a price
  static constexpr std::int64_t kBeyond = std::int64_t{1} << (kFirstClass + kClasses);

  struct Stands {
    std::uint32_t prices = 0;
    bool has_tables = false;
  };

  Watch() = default;
  // What the accounts of each group stand on. Prices are numbered through, group after group.
  Watch(std::uint32_t slots, const std::vector<Stands>& groups)
      : links_(slots), groups_(groups.size()) {
    for (std::uint32_t g = 0; g < groups_.size(); ++g) {
      groups_[g].first_price = static_cast<std::uint32_t>(prices_.size());
      groups_[g].price_count = groups[g].prices;
      groups_[g].has_tables = groups[g].has_tables;
      prices_.resize(prices_.size() + groups[g].prices, Price{.group = g});
    }
    fences_.resize(prices_.size() * kClasses);
    links_.resize(slots + groups_.size() * kClasses + 1);
    for (std::uint32_t l = 0; l < links_.size(); ++l) links_[l] = {l, l};
    due_ = static_cast<std::uint32_t>(links_.size()) - 1;
    first_class_ = slots;
  }

  // The account's part in the group is looked at again where a price has moved by `distance_ppm` of its
  // scale, or a table by as much; never where that is kBeyond or more.
  void put(std::uint32_t slot, std::uint32_t group, std::int64_t distance_ppm) noexcept {
    drop(slot);
    if (distance_ppm >= kBeyond) return;
    const auto bits = static_cast<std::uint32_t>(
        std::bit_width(static_cast<std::uint64_t>(distance_ppm < 1 ? 1 : distance_ppm)));
    const std::uint32_t at = bits <= kFirstClass ? 0 : bits - 1 - kFirstClass;
    if ((groups_[group].occupied >> at & 1) == 0) fence(group, at);
    append(slot, class_of(group, at));
  }
  void drop(std::uint32_t slot) noexcept {
    links_[links_[slot].previous].next = links_[slot].next;
    links_[links_[slot].next].previous = links_[slot].previous;
    links_[slot] = {slot, slot};
  }
  [[nodiscard]] bool is_empty() const noexcept { return links_[due_].next == due_; }
  // The slot that has been due longest, and is so no more. REQUIRES !is_empty().
  std::uint32_t take() noexcept {
    const std::uint32_t slot = links_[due_].next;
    drop(slot);
    return slot;
  }

  // A price is now `value`; moves of it are shares of `scale`, 0 while there is none.
  void move(std::uint32_t price, Int128 value, Int128 scale) noexcept {
    prices_[price].value = value;
    prices_[price].scale = scale;
    const std::uint32_t group = prices_[price].group;
    for (std::uint32_t open = groups_[group].occupied; open != 0; open &= open - 1) {
      const auto at = static_cast<std::uint32_t>(std::countr_zero(open));
      const Fence& fence = fences_[std::size_t{price} * kClasses + at];
      if (value < fence.low || value > fence.high) wake(group, at);
    }
  }
  // The group's new table gives an account so much less, as a share of the notional of its lots, than
  // its last one, or asks for so much more.
  void shift(std::uint32_t group, std::int64_t ppm) noexcept {
    Group& of = groups_[group];
    of.shifted += ppm;
    for (std::uint32_t open = of.occupied; open != 0; open &= open - 1) {
      const auto at = static_cast<std::uint32_t>(std::countr_zero(open));
      if (of.shifted > of.shift_fence[at]) wake(group, at);
    }
  }

 private:
  static constexpr std::uint32_t kLarge = 13;  // from an eighth of a price on

  struct Link {
    std::uint32_t next = 0;
    std::uint32_t previous = 0;
  };
  struct Price {
    Int128 value = 0;
    Int128 scale = 0;
    std::uint32_t group = 0;
  };
  struct Fence {
    Int128 low = 0;
    Int128 high = 0;
  };
  struct Group {
    std::uint32_t first_price = 0;
    std::uint32_t price_count = 0;
    std::uint32_t occupied = 0;  // bit by class: has somebody, or had
    bool has_tables = false;
    std::int64_t shifted = 0;  // of all tables so far
    std::array<std::int64_t, kClasses> shift_fence{};
  };

  [[nodiscard]] std::uint32_t class_of(std::uint32_t group, std::uint32_t at) const noexcept {
    return first_class_ + group * kClasses + at;
  }
  void append(std::uint32_t link, std::uint32_t list) noexcept {
    links_[link] = {list, links_[list].previous};
    links_[links_[list].previous].next = link;
    links_[list].previous = link;
  }
  // Between a put and the fence a price moves by twice the room to a side at most, tables by theirs
  // once. Three quarters of the least distance are for the two of them: the rest, and of large
  // distances a half, is for what moves a scale itself, and for the products of two moves.
  void fence(std::uint32_t group, std::uint32_t at) noexcept {
    Group& of = groups_[group];
    of.occupied |= 1u << at;
    const std::int64_t least = at == 0 ? 0 : std::int64_t{1} << (kFirstClass + at);
    const std::int64_t moves = at < kLarge ? least * 3 / 4 : least / 2;
    const std::int64_t side = of.has_tables ? moves / 4 : moves / 2;
    of.shift_fence[at] = of.shifted + moves / 2;
    for (std::uint32_t p = of.first_price; p < of.first_price + of.price_count; ++p) {
      const Int128 room = prices_[p].scale * side / kPpm;
      fences_[std::size_t{p} * kClasses + at] = {prices_[p].value - room, prices_[p].value + room};
    }
  }
  // Everybody in the class is due.
  void wake(std::uint32_t group, std::uint32_t at) noexcept {
    groups_[group].occupied &= ~(1u << at);
    const std::uint32_t list = class_of(group, at);
    const Link all = links_[list];
    if (all.next == list) return;
    links_[list] = {list, list};
    const std::uint32_t last = links_[due_].previous;
    links_[last].next = all.next;
    links_[all.next].previous = last;
    links_[all.previous].next = due_;
    links_[due_].previous = all.previous;
  }

  Pool<Link> links_;  // by slot, then the heads of the classes, then that of who is due
  std::vector<Price> prices_;
  std::vector<Fence> fences_;  // [price * kClasses + class]
  std::vector<Group> groups_;
  std::uint32_t first_class_ = 0;
  std::uint32_t due_ = 0;
};

}  // namespace portcullis::risk
