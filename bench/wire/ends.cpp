#include "bench/wire/ends.h"

#include <stdexcept>

namespace portcullis::bench::wire {

Terms terms_of(std::uint32_t number, const World& world) {
  // Neighbours have nothing to do with each other.
  const std::uint32_t mixed = number * 2'654'435'761U;
  const bool is_buy = (number & 1) != 0;
  return {.account = (mixed >> 8) % world.accounts,
          .instrument = (mixed >> 20) % world.instruments,
          .is_buy = is_buy,
          .price_cents = is_buy ? 9'900U : 10'100U};
}

void Trader::send_all(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const std::ptrdiff_t n = line_->write(bytes);
    if (n < 0) throw std::runtime_error("the trader's connection ended");
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

void Trader::send_try(std::uint32_t number) {
  std::vector<std::byte> bytes;
  put_order(number, bytes);
  send_all(bytes);
}

void Trader::prepare() {
  for (std::uint32_t index = 0; index < course_.total(); ++index) {
    put_order(course_.first() + index, bytes_);
    ends_.push_back(bytes_.size());
  }
}

void Trader::send_until(std::uint32_t index) {
  if (index == 0 || sent_bytes_ == ends_[index - 1]) return;
  const std::ptrdiff_t n =
      line_->write(std::span(bytes_).subspan(sent_bytes_, ends_[index - 1] - sent_bytes_));
  if (n < 0) throw std::runtime_error("the trader's connection ended");
  if (n == 0) return;
  sent_bytes_ += static_cast<std::size_t>(n);
  const std::int64_t now = steady_ns();
  for (; sent_ < index && ends_[sent_] <= sent_bytes_; ++sent_) course_.sent(sent_, now);
}

}  // namespace portcullis::bench::wire
