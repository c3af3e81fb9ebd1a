#include "tests/support/client_plan.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "tests/support/example_config.h"

namespace portcullis::test {

using gateway::client::Kind;
using gateway::client::kNone16;
using gateway::client::Market;
using gateway::client::Message;
using gateway::client::Plan;
using gateway::client::Trader;
namespace ouch = gateway::ouch;

const config::Deployment& example_deployment() {
  static const config::LoadResult loaded = config::load(example_folder());
  if (!loaded.ok()) throw std::runtime_error(problems_text(loaded));
  return loaded.deployment;
}

const Market& example_market() {
  static const Market market =
      gateway::client::load_market(example_deployment(), example_folder() / "opening.csv");
  return market;
}

risk::InstrumentIndex instrument(std::string_view name) {
  return example_deployment().names.instruments.find(name);
}

std::uint16_t session(std::string_view user) {
  return static_cast<std::uint16_t>(example_deployment().names.sessions.find(user).value);
}

const Trader& trader(std::string_view account) {
  for (const Trader& trader : example_market().traders) {
    if (example_deployment().names.accounts.name(trader.account) == account) return trader;
  }
  throw std::runtime_error("there is no such trader");
}

std::uint32_t feed_symbol(const Plan& plan, std::string_view name) {
  const auto found = std::find_if(plan.feed_symbols.begin(), plan.feed_symbols.end(),
                                  [&](const auto& symbol) { return symbol.name == name; });
  return static_cast<std::uint32_t>(found - plan.feed_symbols.begin());
}

std::string line(const Plan& plan, const Message& message) {
  const auto text = [](const auto& chars) {
    const std::string_view padded(chars.data(), chars.size());
    return padded.substr(0, padded.find_last_not_of(' ') + 1);
  };
  std::string out =
      fmt::format("{} {} {}", name(message.kind),
                  example_deployment().names.sessions.name({message.session}), message.number);
  if (message.kind == Kind::Cancel) return out + fmt::format(" to {}", message.quantity);
  if (message.kind == Kind::Replace) out += fmt::format(" of {}", message.original);
  out += fmt::format(" {} {} {} {}", static_cast<char>(message.side), message.quantity,
                     message.symbol == kNone16 ? "-" : text(plan.symbols[message.symbol]),
                     message.price);
  if (message.time_in_force == ouch::TimeInForce::ImmediateOrCancel) out += " ioc";
  if (message.firm != kNone16) out += fmt::format(" {}", text(plan.firms[message.firm]));
  return out;
}

std::vector<std::string> lines(const Plan& plan) {
  std::vector<std::string> all;
  for (const Message& message : plan.messages) all.push_back(line(plan, message));
  return all;
}

std::uint64_t tally(const Plan& plan, std::string_view name) {
  for (const auto& tally : plan.tallies) {
    if (tally.name == name) return tally.count;
  }
  ADD_FAILURE() << "there is no tally " << name;
  return 0;
}

Bytes payload(const Plan& plan, const Message& message, std::uint32_t base) {
  Bytes out(ouch::kMaxMessageSize);
  out.resize(encode(plan, message, base, out));
  return out;
}

void expect_sound(const Plan& plan) {
  std::vector<std::uint32_t> last(plan.numbers.size());
  std::int64_t now_ns = 0;
  for (const Message& message : plan.messages) {
    ASSERT_GE(message.due_ns, now_ns) << line(plan, message);
    now_ns = message.due_ns;
    ASSERT_LT(message.session, plan.numbers.size());
    std::uint32_t& used = last[message.session];
    switch (message.kind) {
      case Kind::Enter:
      case Kind::Replace:
      case Kind::MassCancel:
      case Kind::Disable:
      case Kind::Enable:
        ASSERT_EQ(message.number, ++used) << line(plan, message);
        break;
      case Kind::Repeat:
        ASSERT_LE(message.number, used) << line(plan, message);
        break;
      case Kind::Cancel:
      case Kind::Query:
      case Kind::Malformed:
        break;
    }
    if (message.kind == Kind::Malformed) continue;
    const Bytes bytes = payload(plan, message);
    ouch::InboundMessage decoded;
    ASSERT_EQ(ouch::decode(bytes, decoded), ouch::DecodeError::None) << line(plan, message);
    Bytes again(ouch::kMaxMessageSize);
    again.resize(ouch::encode(decoded, again));
    ASSERT_EQ(again, bytes) << line(plan, message);
  }
  for (std::size_t s = 0; s < last.size(); ++s) EXPECT_LE(last[s], plan.numbers[s]);
  now_ns = 0;
  for (const auto& mark : plan.marks) {
    ASSERT_GE(mark.time_ns, now_ns);
    now_ns = mark.time_ns;
    ASSERT_GT(mark.price, 0);
    ASSERT_LT(mark.symbol, plan.feed_symbols.size());
  }
}

}  // namespace portcullis::test
