#include "feeds/dialects/market_update.h"

#include <cmath>

namespace portcullis::feeds {

double to_double(const config::ExactDecimal& number) {
  return static_cast<double>(number.digits) / std::pow(10.0, number.scale);
}

}  // namespace portcullis::feeds
