// The dialect that a source of the configuration speaks.
#pragma once

#include <optional>

#include "config/price_references.h"
#include "feeds/dialects/decoder.h"

namespace portcullis::feeds {

// None: lines.
[[nodiscard]] inline std::optional<Dialect> dialect_of(config::SourceDialect dialect) {
  switch (dialect) {
    case config::SourceDialect::Deribit:
      return Dialect::Deribit;
    case config::SourceDialect::Binance:
      return Dialect::Binance;
    case config::SourceDialect::Bybit:
      return Dialect::Bybit;
    case config::SourceDialect::Lines:
      break;
  }
  return std::nullopt;
}

}  // namespace portcullis::feeds
