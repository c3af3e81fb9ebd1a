// What an operator tells the engine of the venue's books (METHOD 3.14): cash that comes and goes,
// loans, positions that move, and how instruments end. They are carried out once: each has a number
// of the operator's, and numbers rise.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <variant>

#include "risk/commands.h"

namespace portcullis::config {

using Fact = std::variant<risk::Transfer, risk::Borrow, risk::Interest, risk::Conversion,
                          risk::PositionTransfer, risk::Realise, risk::Expire, risk::Split,
                          risk::LeverageCap>;

// As the commands file calls them, in the order of Fact.
inline constexpr std::array<std::string_view, std::variant_size_v<Fact>> kFactNames{
    "transfer", "borrow", "interest", "convert",     "move_position",
    "realise",  "expire", "split",    "leverage_cap"};

struct NumberedFact {
  std::uint64_t number = 0;  // REQUIRES > 0
  Fact fact;                 // whoever carries it out fills in the time
};

}  // namespace portcullis::config
