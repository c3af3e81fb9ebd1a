// The engine inside another matching engine: a configuration, prices, cash, and the margin after each step
// of an order's life. Built from what `cmake --install` has put somewhere: CMakeLists.txt beside this.
//
//   embedding DIR     a deployment folder, that of the demo
#include "config/decimal.h"
#include "config/load.h"
#include "risk/engine.h"

#include <iostream>

int main(int count, char** arguments) {
  using namespace portcullis;
  const config::LoadResult loaded = config::load(count > 1 ? arguments[1] : ".");
  if (!loaded.ok()) {
    std::cerr << config::to_text(loaded.problems);
    return 1;
  }
  const config::Deployment& deployment = loaded.deployment;
  const config::Names& names = deployment.names;
  const auto account = names.accounts.find("alpha-1");
  const auto amzn = names.instruments.find("AMZN");
  const auto session = names.sessions.find("ALPHA1");
  risk::Engine engine(deployment.parameters);

  // Each command carries its time. An index is in the asset's index units, a mark in the instrument's.
  const risk::Timestamp now{1};
  const auto usdc = names.assets.find("USDC");
  engine.apply(risk::IndexUpdate{.time = now, .as_of = now, .index = 1'000'000, .asset = usdc});
  engine.apply(
      risk::MarkUpdate{.time = now, .as_of = now, .mark = {2'200'000}, .instrument = amzn});
  (void)engine.apply(risk::LoadBalance{now, 10'000'000'000, account, usdc});

  const auto tell = [&](const char* what) {
    const risk::MarginReport margin = engine.margin(account, now);
    const auto text = [&](risk::Value quanta) {
      return config::to_decimal(quanta.raw, deployment.risk_decimals);
    };
    std::cout << what << ": equity " << text(margin.equity) << ", requirement "
              << text(margin.requirement) << ", available " << text(margin.available) << '\n';
  };
  tell("begun");

  risk::NewOrder order;
  order.time = now;
  order.session = session;
  order.account = account;
  order.instrument = amzn;
  order.price = {22'000};  // ticks
  order.quantity = {100};  // lots
  for (order.client_ref = 1; order.client_ref <= 2; ++order.client_ref) {
    const risk::Decision decision = engine.submit(order);
    if (decision.disposition == risk::Disposition::Forward) {
      std::cout << "order " << order.client_ref << " is forwarded as " << decision.number << '\n';
      // From here on the matching engine speaks.
      using Type = risk::VenueEventType;
      risk::VenueEvent event{.time = now,
                             .quantity = order.quantity,
                             .price = order.price,
                             .number = decision.number,
                             .type = Type::Accepted};
      (void)engine.apply(event);
      tell("working");
      event.match = 1;
      event.type = Type::Executed;
      (void)engine.apply(event);
      tell("filled");
    } else {
      std::cout << "order " << order.client_ref
                << " is refused: " << risk::info(decision.reason).name << ", "
                << decision.largest_passing.raw << " lots would pass\n";
    }
    order.quantity = {5'000};
  }
  return 0;
}
