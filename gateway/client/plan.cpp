#include "gateway/client/plan.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <stdexcept>

#include "config/decimal.h"

namespace portcullis::gateway::client {

namespace {

template <std::size_t N>
ouch::Text<N> blank() {
  ouch::Text<N> text{};
  text.fill(' ');
  return text;
}

// The number in decimal, so that a reader of the stream sees which order is meant.
ouch::ClOrdId cl_ord_id(std::uint32_t number) {
  ouch::ClOrdId id = blank<14>();
  std::to_chars(id.data(), id.data() + id.size(), number);
  return id;
}

template <class Table, class Text>
std::uint16_t index_of(Table& table, const Text& text) {
  const auto place =
      static_cast<std::size_t>(std::find(table.begin(), table.end(), text) - table.begin());
  if (place == table.size()) table.push_back(text);
  return static_cast<std::uint16_t>(place);
}

ouch::Symbol symbol_of(const Plan& plan, const Message& message) {
  return message.symbol == kNone16 ? blank<8>() : plan.symbols[message.symbol];
}
ouch::Firm firm_of(const Plan& plan, const Message& message) {
  return message.firm == kNone16 ? blank<4>() : plan.firms[message.firm];
}

ouch::Appendage appendage_of(const Plan& plan, const Message& message) {
  ouch::Appendage appendage;
  if (message.firm != kNone16) {
    appendage.firm = plan.firms[message.firm];
    appendage.mark(ouch::Tag::Firm);
  }
  switch (message.extra) {
    case Extra::None:
      break;
    case Extra::PostOnly:
      appendage.post_only = ouch::kPostOnly;
      appendage.mark(ouch::Tag::PostOnly);
      break;
    case Extra::AllOrNone:
      appendage.min_qty = message.quantity;
      appendage.mark(ouch::Tag::MinQty);
      break;
    case Extra::Pegged:
      appendage.peg_offset = 100;
      appendage.mark(ouch::Tag::PegOffset);
      break;
  }
  return appendage;
}

ouch::EnterOrder enter_order(const Plan& plan, const Message& message, std::uint32_t base) {
  return {.user_ref_num = base + message.number,
          .side = message.side,
          .quantity = message.quantity,
          .symbol = symbol_of(plan, message),
          .price = message.price,
          .time_in_force = message.time_in_force,
          .display = message.display,
          .capacity = ouch::kCapacityPrincipal,
          .inter_market_sweep_eligibility = ouch::kIsoNotEligible,
          .cross_type = ouch::kCrossTypeContinuous,
          .cl_ord_id = cl_ord_id(base + message.number),
          .appendage = appendage_of(plan, message)};
}

std::size_t encode_malformed(const Plan& plan, const Message& message, std::uint32_t base,
                             std::span<std::byte> out) {
  if (message.malformed == Malformed::Modify) {
    // Well-formed, but not supported.
    return ouch::encode(ouch::ModifyOrder{.user_ref_num = base + message.number,
                                          .side = message.side,
                                          .quantity = message.quantity,
                                          .appendage = {}},
                        out);
  }
  const std::size_t size = ouch::encode(enter_order(plan, message, base), out);
  switch (message.malformed) {
    case Malformed::UnknownType:
      out[0] = std::byte{'?'};
      return size;
    case Malformed::CutOff:
      return size / 2;
    case Malformed::BrokenAppendage:
      // Its length, behind the fixed part, says more than there is.
      out[46] = std::byte{0x7F};
      return size;
    case Malformed::Modify:
      break;
  }
  return size;
}

}  // namespace

std::string_view name(Kind kind) noexcept {
  switch (kind) {
    case Kind::Enter:
      return "enter";
    case Kind::Repeat:
      return "repeat";
    case Kind::Replace:
      return "replace";
    case Kind::Cancel:
      return "cancel";
    case Kind::MassCancel:
      return "mass_cancel";
    case Kind::Disable:
      return "disable";
    case Kind::Enable:
      return "enable";
    case Kind::Query:
      return "query";
    case Kind::Malformed:
      return "malformed";
  }
  return "";
}

std::uint16_t Plan::symbol(const ouch::Symbol& text) { return index_of(symbols, text); }
std::uint16_t Plan::firm(const ouch::Firm& text) { return index_of(firms, text); }

std::size_t encode(const Plan& plan, const Message& message, std::uint32_t base,
                   std::span<std::byte> out) noexcept {
  const std::uint32_t number = base + message.number;
  switch (message.kind) {
    case Kind::Enter:
    case Kind::Repeat:
      return ouch::encode(enter_order(plan, message, base), out);
    case Kind::Replace:
      return ouch::encode(
          ouch::ReplaceOrder{.orig_user_ref_num = base + message.original,
                             .user_ref_num = number,
                             .quantity = message.quantity,
                             .price = message.price,
                             .time_in_force = message.time_in_force,
                             .display = message.display,
                             .inter_market_sweep_eligibility = ouch::kIsoNotEligible,
                             .cl_ord_id = cl_ord_id(number),
                             .appendage = appendage_of(plan, message)},
          out);
    case Kind::Cancel:
      return ouch::encode(
          ouch::CancelOrder{.user_ref_num = number, .quantity = message.quantity, .appendage = {}},
          out);
    case Kind::MassCancel:
      return ouch::encode(ouch::MassCancel{.user_ref_num = number,
                                           .firm = firm_of(plan, message),
                                           .symbol = symbol_of(plan, message),
                                           .appendage = {}},
                          out);
    case Kind::Disable:
      return ouch::encode(
          ouch::DisableOrderEntry{
              .user_ref_num = number, .firm = firm_of(plan, message), .appendage = {}},
          out);
    case Kind::Enable:
      return ouch::encode(
          ouch::EnableOrderEntry{
              .user_ref_num = number, .firm = firm_of(plan, message), .appendage = {}},
          out);
    case Kind::Query:
      return ouch::encode(ouch::AccountQuery{.appendage = {}}, out);
    case Kind::Malformed:
      return encode_malformed(plan, message, base, out);
  }
  return 0;
}

void write_marks(const Plan& plan, const std::filesystem::path& file) {
  std::ofstream out(file, std::ios::binary);
  out << "time_ns,symbol,price\n";
  for (const Mark& mark : plan.marks) {
    const FeedSymbol& symbol = plan.feed_symbols[mark.symbol];
    if (symbol.is_others) continue;
    out << mark.time_ns << ',' << symbol.name << ','
        << config::to_decimal(mark.price, symbol.decimals) << '\n';
  }
  out.close();
  if (!out) throw std::runtime_error(file.string() + ": cannot be written");
}

}  // namespace portcullis::gateway::client
