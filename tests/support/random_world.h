// Random parameters and random commands for property tests: small worlds with tight limits, and
// commands that keep to the edges where a gate decides. Everything follows from the seed, on every
// machine and in every build: two draws never stand in one expression whose order is the compiler's
// choice, as the arguments of a call or the operands of `+` and `/` are.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <variant>
#include <vector>

#include "risk/commands.h"
#include "risk/parameters.h"
#include "risk/risk_table.h"
#include "tests/support/naive_model.h"

namespace portcullis::support {

// splitmix64.
class Rng {
 public:
  explicit Rng(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  // From `low` to `high`, both included.
  std::int64_t between(std::int64_t low, std::int64_t high);
  bool percent(std::int64_t chance) { return between(1, 100) <= chance; }
  std::int64_t pick(std::initializer_list<std::int64_t> values);

 private:
  std::uint64_t state_;
};

// The seed of a property test: PORTCULLIS_SEED, or `fallback`. Printed, so that a failure can be
// run again.
std::uint64_t test_seed(std::uint64_t fallback);
// How much of the ordinary run a property test does: PORTCULLIS_SCALE in percent, 100 unless set.
std::int64_t test_scale(std::int64_t ordinary);

struct RaiseNumber {
  std::uint32_t next = 0;
};
struct Consume {
  risk::SessionIndex session;
  std::uint32_t client_ref = 0;
};
// A new table of a group, which follows from the seed: table_of().
struct PublishTable {
  risk::Timestamp time;
  risk::GroupIndex group;
  std::uint64_t id = 0;
  std::uint64_t seed = 0;
  std::vector<risk::Anchor> anchors{};
};
using Command =
    std::variant<risk::NewOrder, risk::ReplaceOrder, risk::CancelOrder, risk::VenueEvent,
                 risk::MarkUpdate, risk::IndexUpdate, risk::SetPriceState, risk::LoadBalance,
                 risk::LoadPosition, risk::Control, risk::SetCondition, risk::AdoptOrder,
                 risk::OpenInterestUpdate, risk::FundingUpdate, risk::LeverageCap, risk::Transfer,
                 risk::Borrow, risk::IsolatedOrder, risk::Interest, risk::Conversion,
                 risk::PositionTransfer, risk::Realise, risk::Expire, risk::Split, risk::Recheck,
                 risk::DayStart, RaiseNumber, Consume, PublishTable, ChangeParameters>;
std::string describe(const Command& command);

struct WorldChoice {
  bool tight_limits = true;
  bool small_pools = false;
  bool protections = true;
  bool special_accounts = true;  // isolated ones, and cash accounts
};
risk::Parameters random_parameters(Rng& rng, const WorldChoice& choice = {});

// A valid table of the group, without its id, its time and its anchors.
risk::RiskTable random_table(Rng& rng, const risk::Parameters& p, risk::GroupIndex group);
// The table that is published by the command: now, or a little older.
risk::RiskTable table_of(const PublishTable& publish, const risk::Parameters& p);

// Carries the command out.
void tell(NaiveModel& model, const Command& command);

// Proposes commands by looking at what the model holds at that moment.
class CommandSource {
 public:
  CommandSource(const NaiveModel& model, std::uint64_t seed, bool hostile = true);
  // From now on so many in a thousand commands are other parameters.
  void change_parameters(std::int64_t permille) { changes_permille_ = permille; }
  // The commands that price everything and give each account something to start with.
  std::vector<Command> opening();
  Command next();

 private:
  struct Choice {
    std::uint32_t account, instrument, session;
  };
  risk::Timestamp time();
  Choice choose();
  std::int64_t some_price(const Choice& c, bool buy);
  std::int64_t some_lots(const Choice& c, bool buy);
  std::uint32_t fresh_ref(std::uint32_t session);
  const ModelOrder* some_order();
  std::uint32_t client_ref_of(std::uint32_t number) const;
  Command new_order();
  Command with_cash(const Command& command);
  Command replace();
  Command cancel();
  Command venue_event();
  Command hostile_event();
  Command mark();
  Command index();
  Command balance();
  Command load_position();
  Command control();
  Command condition();
  Command price_state();
  Command publish_table(risk::GroupIndex group);
  std::vector<risk::Anchor> some_anchors(risk::GroupIndex group);
  Command open_interest();
  std::uint32_t some_asset();
  std::int64_t some_units(std::uint32_t account, std::uint32_t asset);
  Command book_command();
  Command transfer();
  Command borrow();
  Command conversion();
  Command position_transfer();
  Command split();
  Command expire();
  Command any_execution(std::uint32_t number);
  Command event(risk::VenueEventType type, std::uint32_t number, std::int64_t lots,
                std::int64_t price, std::uint32_t other = 0, bool dead = false);

  const NaiveModel& model_;
  const risk::Parameters& p_;
  Rng rng_;
  bool hostile_;
  std::int64_t time_;
  std::int64_t changes_permille_ = 0;
  std::uint64_t match_ = 1;
  std::uint64_t table_ = 1;
  std::vector<risk::GroupIndex> with_tables_;
  std::vector<risk::InstrumentIndex> with_open_interest_;  // that something goes by
  std::vector<std::pair<std::int64_t, Command>> undo_;     // by countdown of commands
};

}  // namespace portcullis::support
