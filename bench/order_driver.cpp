// Runs one kind of operation 1,000 times, always the same: for counting instructions (see
// instructions.py). What counts is inside measured(); everything around it is preparation.
//
// usage: order_driver NAME; without a name it prints the names.
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>

#include "bench/books.h"
#include "bench/worlds.h"

namespace portcullis::bench {

// Not inlined, and the same symbol for every operation: the counter switches on at its entry and
// off at its return.
template <class Command>
[[gnu::noinline]] Decision measured(Engine& engine, const Command& command) {
  const Decision decision = engine.decide(command);
  engine.apply(command, decision);
  return decision;
}
[[gnu::noinline]] VenueOutcome measured(Engine& engine, const VenueEvent& event) {
  return engine.apply(event);
}
[[gnu::noinline]] void measured(Engine& engine, const MarkUpdate& update) { engine.apply(update); }
[[gnu::noinline]] void measured(Engine& engine, AccountIndex account) { engine.refresh(account); }
[[gnu::noinline]] bool measured(Book& book, const RiskTable& table) { return book.publish(table); }

namespace {

constexpr int kOperations = 1'000;

void expect(bool good) {
  if (!good) std::abort();
}

using Prepare = std::function<NewOrder(World&)>;

// An order that `prepare` makes after it has brought about the state it is to find.
void submit(World& world, RejectReason reason, const Prepare& prepare) {
  for (int i = 0; i < kOperations; ++i) {
    const NewOrder order = prepare(world);
    const Decision decision = measured(world.engine, order);
    expect(decision.reason == reason);
    if (reason == RejectReason::None) world.forget(decision);
  }
}

NewOrder fresh(World& world, std::uint32_t account = kRich,
               InstrumentIndex instrument = kInstrument) {
  world.engine.refresh({account});
  return world.order(account, instrument);
}

// The venue's word that an order which was entered before is executed; one buys, the next one sells.
VenueEvent executed(World& world, int i) {
  world.enter(i % 2 == 0 ? Side::Buy : Side::Sell);
  return world.event(VenueEventType::Executed, world.last_number, kOrderLots);
}
void fill(World& world, int i) {
  const VenueEvent event = executed(world, i);
  world.engine.refresh({kRich});
  world.engine.apply(event);
}

const std::map<std::string, std::function<void(World&)>> kCases = {
    {"accept_fresh",
     [](World& world) { submit(world, RejectReason::None, [](World& w) { return fresh(w); }); }},
    {"accept_exact",
     [](World& world) {
       world.leave(world.order(), 0);  // so that the bound does not decide
       submit(world, RejectReason::None, [](World& w) { return fresh(w); });
     }},
    {"accept_after_own_order",
     [](World& world) { submit(world, RejectReason::None, [](World& w) { return w.order(); }); }},
    {"accept_after_fill",
     [](World& world) {
       submit(world, RejectReason::None, [i = 0](World& w) mutable {
         fill(w, i++);
         return w.order();
       });
     }},
    // What is done between two orders, so that the second is one of accept_fresh.
    {"refresh_after_own_order",
     [](World& world) {
       for (int i = 0; i < kOperations; ++i) {
         const Decision decision = world.engine.submit(fresh(world));
         measured(world.engine, AccountIndex{kRich});
         world.forget(decision);
       }
     }},
    {"refresh_after_fill",
     [](World& world) {
       for (int i = 0; i < kOperations; ++i) {
         fill(world, i);
         measured(world.engine, AccountIndex{kRich});
       }
     }},
    {"accept_after_tick",
     [](World& world) {
       submit(world, RejectReason::None, [](World& w) {
         w.engine.refresh({kRich});
         w.tick(kInstrument.value);
         return w.order();
       });
     }},
    {"accept_after_ticks_of_all_groups",
     [](World& world) {
       submit(world, RejectReason::None, [](World& w) {
         w.engine.refresh({kRich});
         w.tick_all_groups();
         return w.order();
       });
     }},
    {"refuse_form",
     [](World& world) {
       submit(world, RejectReason::MalformedField, [](World& w) {
         NewOrder order = fresh(w);
         order.form = RejectReason::MalformedField;
         return order;
       });
     }},
    {"refuse_clip",
     [](World& world) {
       submit(world, RejectReason::ClipSize, [](World& w) {
         NewOrder order = fresh(w);
         order.quantity = kClip + Lots{1};
         return order;
       });
     }},
    {"refuse_collar",
     [](World& world) {
       submit(world, RejectReason::PriceCollar, [](World& w) {
         NewOrder order = fresh(w);
         order.price.raw *= 2;
         return order;
       });
     }},
    {"refuse_exposure",
     [](World& world) {
       submit(world, RejectReason::LongLimit, [](World& w) { return fresh(w, kRich, kTight); });
     }},
    {"refuse_leverage",
     [](World& world) {
       submit(world, RejectReason::Leverage, [](World& w) { return fresh(w, kLeveraged); });
     }},
    {"refuse_margin",
     [](World& world) {
       submit(world, RejectReason::Margin, [](World& w) { return fresh(w, kPoor); });
     }},
    {"cancel",
     [](World& world) {
       for (int i = 0; i < kOperations; ++i) {
         const CancelOrder cancel = world.cancel_of(world.enter());
         expect(measured(world.engine, cancel).disposition == Disposition::Forward);
         world.end();
       }
     }},
    {"replace",
     [](World& world) {
       for (int i = 0; i < kOperations; ++i) {
         const ReplaceOrder replace = world.replace_of(world.enter());
         world.engine.refresh({kRich});
         world.forget(measured(world.engine, replace));
         world.end();
       }
     }},
    {"fill",
     [](World& world) {
       for (int i = 0; i < kOperations; ++i) {
         expect(measured(world.engine, executed(world, i)).ended);
       }
     }},
};

// What a market does: to a group of 10 futures with an account in all of them whose margin state is
// watched, and to one of 1,000 options in a table of 64 columns.
const std::map<std::string, std::function<void()>> kMarketCases = {
    {"apply_mark",
     [] {
       Book book({.factors = 10, .futures_held = 10});
       book.watch({0});
       for (int i = 0; i < kOperations; ++i) {
         const InstrumentIndex future = book.future(0, static_cast<std::uint32_t>(i % 10));
         measured(book.engine, MarkUpdate{.time = book.time(),
                                          .as_of = book.time(),
                                          .mark = {kMark + i / 10 % 2},
                                          .instrument = future});
       }
     }},
    {"apply_table",
     [] {
       Book book({.options = 1'000});
       for (int i = 0; i < kOperations; ++i) expect(measured(book, book.next_table(0)));
     }},
};

}  // namespace
}  // namespace portcullis::bench

int main(int argc, char** argv) {
  using portcullis::bench::kCases;
  using portcullis::bench::kMarketCases;
  const std::string asked = argc == 2 ? argv[1] : "";
  if (const auto market = kMarketCases.find(asked); market != kMarketCases.end()) {
    market->second();
    return 0;
  }
  const auto found = kCases.find(asked);
  if (found == kCases.end()) {
    for (const auto& [name, run] : kCases) std::puts(name.c_str());
    for (const auto& [name, run] : kMarketCases) std::puts(name.c_str());
    return argc == 1 ? 0 : 2;
  }
  portcullis::bench::World world({});
  found->second(world);
  return 0;
}
