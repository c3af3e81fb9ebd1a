#include "tests/support/trader.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace portcullis::test {

using namespace gateway;

void Trader::connect(std::uint16_t gate_port, bool from_the_start) {
  client_ = std::make_unique<OuchClient>(gate_port);
  const std::size_t known = from_the_start ? stream_.size() : 0;
  const std::uint64_t from = from_the_start ? 1 : stream_.size() + 1;
  ASSERT_TRUE(client_->login(user_, from, session_)) << "reason " << client_->reject_reason;
  session_ = client_->session;
  ASSERT_EQ(client_->first_sequence, from);
  ASSERT_TRUE(client_->wait_until([&] { return client_->stream.size() >= known; }));
  for (std::size_t i = 0; i < known; ++i) {
    if (client_->stream[i] == stream_[i]) continue;
    FAIL() << user_ << ": message " << i + 1 << " was " << hex(stream_[i]) << " and is "
           << hex(client_->stream[i]);
  }
  absorbed_ = known;
  next_ = client_->query();
  ASSERT_NE(next_, 0U);
  absorb();
  audit_.forget_from(next_);
}

void Trader::wait_for_end() {
  client_->wait_for_end();
  absorb();
}

void Trader::absorb() {
  for (; absorbed_ < client_->stream.size(); ++absorbed_) {
    stream_.push_back(client_->stream[absorbed_]);
    audit_.take(stream_.back());
  }
}

void Trader::take(std::size_t unanswered_max) {
  while (client_->step(0)) continue;
  absorb();
  // Not for long: the venue may be away.
  for (int i = 0; i < 5 && audit_.unanswered() > unanswered_max && !client_->ended; ++i) {
    client_->step(1);
    absorb();
  }
}

ouch::EnterOrder Trader::order(bool is_buy, std::uint32_t lots, std::int64_t ticks) const {
  ouch::EnterOrder message = user_ == "ALPHA2" ? buy(next_, lots, ticks) : sell(next_, lots, ticks);
  message.side = is_buy ? ouch::Side::Buy : ouch::Side::Sell;
  return message;
}

std::uint32_t Trader::any_live() {
  const auto count = static_cast<std::uint32_t>(audit_.live().size());
  return *std::next(audit_.live().begin(), below(count));
}

void Trader::send_random() {
  const std::uint32_t dice = below(100);
  if (dice < 25 && !audit_.live().empty()) {
    const std::uint32_t one_lot = user_ == "ALPHA2" ? 1 : kSellersLot;
    client_->send(test::cancel(any_live(), below(3) == 0 ? one_lot : 0));
    return;
  }
  const bool is_buy = below(2) == 0;
  const std::uint32_t lots = dice == 99 ? 0 : 1 + below(3);
  const std::int64_t away = static_cast<std::int64_t>(below(9)) - 4;
  ouch::EnterOrder message = order(is_buy, lots, away);
  if (dice < 40 && !audit_.live().empty()) {
    const std::uint32_t original = any_live();
    client_->send(ouch::ReplaceOrder{.orig_user_ref_num = original,
                                     .user_ref_num = next_,
                                     .quantity = message.quantity,
                                     .price = message.price,
                                     .time_in_force = ouch::TimeInForce::Day,
                                     .display = message.display,
                                     .inter_market_sweep_eligibility = 'N',
                                     .cl_ord_id = message.cl_ord_id,
                                     .appendage = {}});
    audit_.replace(original, next_++);
    return;
  }
  if (dice < 50) message.time_in_force = ouch::TimeInForce::ImmediateOrCancel;
  client_->send(message);
  audit_.enter(next_++);
}

void Trader::send_resting() {
  const bool is_buy = user_ == "ALPHA2";
  client_->send(order(is_buy, 1, is_buy ? -100 : 100));
  audit_.enter(next_++);
}

void Trader::cancel_everything() {
  client_->send(ouch::MassCancel{.user_ref_num = next_++,
                                 .firm = venue_sim::padded<4>(""),
                                 .symbol = venue_sim::padded<8>(""),
                                 .appendage = {}});
}

void Trader::settle() {
  EXPECT_TRUE(client_->wait_until([&] {
    absorb();
    return audit_.unanswered() == 0;
  })) << user_
      << ": " << audit_.unanswered() << " orders without an outcome";
}

void Trader::wait_until_flat() {
  EXPECT_TRUE(client_->wait_until([&] {
    absorb();
    return audit_.live().empty();
  })) << user_
      << ": " << audit_.live().size() << " live orders";
}

}  // namespace portcullis::test
