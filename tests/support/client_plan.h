// The load client's plans on the shipped example, and what holds of every plan.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"
#include "gateway/client/market.h"
#include "gateway/client/plan.h"
#include "tests/support/wire_bytes.h"

namespace portcullis::test {

[[nodiscard]] const config::Deployment& example_deployment();
[[nodiscard]] const gateway::client::Market& example_market();

[[nodiscard]] risk::InstrumentIndex instrument(std::string_view name);
[[nodiscard]] std::uint16_t session(std::string_view user);
// The trader of an account. Fails the test when there is none.
[[nodiscard]] const gateway::client::Trader& trader(std::string_view account);
[[nodiscard]] std::uint32_t feed_symbol(const gateway::client::Plan& plan, std::string_view name);

// "enter ALPHA2 1 S 20 AMZN 2224000 ioc ALPH", "cancel ALPHA2 1 to 70": what makes the messages of
// a replay different.
[[nodiscard]] std::string line(const gateway::client::Plan& plan,
                               const gateway::client::Message& message);
[[nodiscard]] std::vector<std::string> lines(const gateway::client::Plan& plan);

[[nodiscard]] std::uint64_t tally(const gateway::client::Plan& plan, std::string_view name);

[[nodiscard]] Bytes payload(const gateway::client::Plan& plan,
                            const gateway::client::Message& message, std::uint32_t base = 0);

// Expects that messages and marks are in their order of time; that each session numbers what it
// sends from 1 on without a gap; that each message but the malformed ones is one that decodes to
// what it was made of; and that the prices are positive.
void expect_sound(const gateway::client::Plan& plan);

}  // namespace portcullis::test
