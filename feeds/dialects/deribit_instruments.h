// Deribit's list of instruments (the reply to public/get_instruments), as far as options need it.
//
// The name of an option says what it is, and so do the fields beside it; an option is taken only where
// both agree:
//
//   CURRENCY[_QUOTE]-DMMMYY-STRIKE-C|P     BTC-24SEP21-40000-P, XRP_USDC-30JUN23-0d625-C
//
// with a day of one or two digits, and d for the point of a strike. Days are UTC.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/decimal.h"
#include "feeds/black76.h"

namespace portcullis::feeds {

struct OptionName {
  std::string_view currency{};
  std::string_view quote{};  // empty: not named
  std::int64_t day = 0;      // of the expiry, since 1970-01-01
  config::ExactDecimal strike{};
  OptionKind kind = OptionKind::Call;
};
// None: it is not the name of an option.
[[nodiscard]] std::optional<OptionName> parse_deribit_option_name(std::string_view name);

struct OptionDescription {
  std::string name{};
  OptionKind kind = OptionKind::Call;
  config::ExactDecimal strike{};
  std::int64_t expiry_ns = 0;  // epoch
  std::string base{};          // the underlying: "BTC"
  // What premium and pay-off are in: the base itself, or the currency of the strike. Older lists do
  // not have it; there it is what the option is quoted in, which is the same.
  std::string settlement{};
  config::ExactDecimal contract_size{};  // of the base
  bool is_active = false;
  [[nodiscard]] bool pays_in_coin() const { return settlement == base; }
};

struct DeribitInstruments {
  std::vector<OptionDescription> options{};  // as listed
  std::uint64_t others = 0;                  // futures, perpetuals, spot, combos
  std::uint64_t refused = 0;                 // named in `problems`
  // "BTC-24SEP21-40000-P: strike 41000 is not that of the name"; or that it is no such list.
  std::vector<std::string> problems{};
};
inline constexpr std::size_t kInstrumentProblemsMax = 20;

[[nodiscard]] DeribitInstruments read_deribit_instruments(std::string_view reply);

}  // namespace portcullis::feeds
