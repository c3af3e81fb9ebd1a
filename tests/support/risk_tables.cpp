#include "tests/support/risk_tables.h"

#include <memory>
#include <string>
#include <utility>

namespace portcullis::test {

std::vector<Change> with_table_future() {
  std::vector<Change> changes = {
      {Change::Kind::Set, "margin.json", "groups.crypto",
       R"({"factors": ["BTC", "ETH"], "kappa": "0.5", "table_age_max_ms": 60000})"},
      {Change::Kind::Add, "instruments.json", "instruments.BTC-DEC",
       R"({"kind": "future", "settlement": "USDC", "factor": "BTC", "multiplier": "1",
         "expiry": "2026-12-25T08:00:00Z", "risk": "table", "lot_value_max": "1000", "lot": "0.001",
         "tick": "0.5", "mark_decimals": 1, "price_max": "1000000", "maker_fee_ppm": 100,
         "taker_fee_ppm": 400, "market_orders": true,
         "venue": { "symbol": "BTCDEC", "price_scale": "10", "quantity_scale": "0.001" }})"},
      {Change::Kind::Add, "feeds.json", "instruments.BTC-DEC",
       R"({ "symbol": "BTC-DEC", "max_age_ms": 10000 })"}};
  for (const char* profile : {"venue", "member", "group", "maker", "client", "small", "suspense"}) {
    changes.push_back(
        {Change::Kind::Add, "limits.json",
         std::string("profiles.") + profile + ".instruments.BTC-DEC",
         R"({"clip": "1", "notional_max": "100000", "collar": "0.02", "long_max": "10",
                           "short_max": "10", "gross_notional_max": "800000", "restricted": false})"});
  }
  changes.push_back(
      {Change::Kind::Add, "sessions.json", "alias_sets.venue.BTCDEC",
       R"({ "instrument": "BTC-DEC", "price_scale": "10", "quantity_scale": "0.001" })"});
  changes.push_back({Change::Kind::Set, "sessions.json", "sessions.BRAVO1.instruments",
                     R"(["BTC-PERP", "ETH-PERP", "AMZN", "EUR/USD", "BTC-DEC"])"});
  return changes;
}

feeds::PublishedTable future_table(const config::Deployment& deployment, std::uint64_t version,
                                   std::int32_t loss, risk::Timestamp as_of) {
  auto table = std::make_shared<risk::RiskTable>();
  table->id = version;
  table->parameter_version = deployment.parameters.version;
  table->group = {0};
  table->as_of = as_of;
  table->gains.assign(deployment.parameters.groups[0].raw_columns(), -loss);
  table->measures.resize(1);
  table->facts = risk::facts_of(*table, risk::row_scales(deployment.parameters, {0}), nullptr);
  return {.group = table->group,
          .version = version,
          .hash = feeds::hash_of(feeds::encode_table(*table)),
          .valid_from = as_of,
          .table = std::move(table)};
}

}  // namespace portcullis::test
