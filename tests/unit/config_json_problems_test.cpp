// What is wrong with JSON sessions, the symbols of JSON clients and the door they come through.
#include <gtest/gtest.h>

#include "config/load.h"
#include "tests/support/example_config.h"
#include "tests/support/problem_rows.h"

namespace portcullis::config::config_json_problems_test {
namespace {

using test::add;
using test::at;
using test::drop;
using test::Row;
using test::set;

void expect(const std::vector<Row>& rows) { test::expect_problems(test::samples()[2], rows); }

TEST(ConfigJsonProblems, OfSymbols) {
  const std::string f = "instruments.json";
  expect({
      set(f, "instruments.AMZN.json_symbol", "\"\"", "must be text of 1 to 32"),
      set(f, "instruments.AMZN.json_symbol", "\"123456789012345678901234567890123\"",
          "must be text of 1 to 32"),
      set(f, "instruments.AMZN.json_symbol", "\"\u00e9\"", "must be text of 1 to 32"),
      set(f, "instruments.AMZN.json_symbol", "7", "must be text, not a number"),
      at("instruments.AMZN", set(f, "instruments.AMZN.json_symbol", "\"BTCUSDT\"",
                                 "another instrument of the category has this json_symbol")),
  });
}

TEST(ConfigJsonProblems, OfSessions) {
  const std::string f = "sessions.json";
  const std::string trade = "sessions.TRADE1";
  const std::string copy = "sessions.DROP1";
  expect({
      set(f, trade + ".protocol", "\"fix\"", "must be \"ouch\" or \"json\"", 12),
      set(f, trade + ".api_key", "\"\"", "must be text of 1 to 36"),
      at(copy + ".api_key", set(f, trade + ".api_key", "\"key-2\"", "is another session's")),
      drop(f, trade + ".api_key"),
      drop(f, trade + ".secret_env"),
      at(trade + ".secret_file",
         add(f, trade + ".secret_file", "\"s\"", "must not be there beside secret_env", 2)),
      drop(f, trade + ".read_only"),
      set(f, trade + ".account", "\"nobody\"", "must be the name of an account"),
      set(f, trade + ".account", "\"bravo-1\"", "belongs to another member, bravo"),
      drop(f, trade + ".account"),
      drop(f, trade + ".actions"),
      add(f, trade + ".accounts", "[\"alpha-1\"]", "is no key that is known here"),
      at(trade + ".password_env",
         add(f, trade + ".password_env", "\"P\"", "is no key that is known here")),
      add(f, trade + ".alias_set", "\"venue\"", "is no key that is known here"),
      add(f, trade + ".default_account", "null", "is no key that is known here"),
      add(f, trade + ".duplicate_login", "\"refuse\"", "is no key that is known here"),
      add(f, trade + ".slow_consumer", "\"wait\"", "is no key that is known here"),
      add(f, trade + ".reject_arithmetic_debug", "true", "is no key that is known here"),
      drop(f, copy + ".accounts"),
      at(copy + ".accounts",
         set(f, copy + ".accounts[0]", "\"bravo-1\"", "belongs to another member, bravo")),
      add(f, copy + ".account", "\"alpha-1\"", "is no key that is known here"),
      add(f, copy + ".actions", "[]", "is no key that is known here"),
  });
}

TEST(ConfigJsonProblems, OfTheEdge) {
  const std::string f = "process.json";
  expect({
      set(f, "edge.address", "\"localhost\"", "must be an IP address"),
      set(f, "edge.port", "65536", "from 0 to 65535"),
      set(f, "edge.tls", "true", "must be an object"),
      drop(f, "edge.tls.private_key_file"),
      drop(f, "edge.tls.certificate_file"),
      set(f, "edge.tls.certificate_file", "\"\"", "must be text of 1 to 4096"),
      set(f, "edge.connections_max", "0", "from 1 to 10000"),
      set(f, "edge.connections_per_session_max", "0", "from 1 to 10000"),
      set(f, "edge.frame_bytes_max", "1023", "from 1024 to 1048576"),
      set(f, "edge.batch_max", "1001", "from 1 to 1000"),
      set(f, "edge.requests_per_second_max", "0", "from 1 to 1000000"),
      set(f, "edge.queue_commands", "0", "from 1 to 1000000"),
      set(f, "edge.send_buffer_bytes", "65535", "from 65536"),
      set(f, "edge.silence_timeout_ms", "19", "from 20 to 600000"),
      set(f, "edge.login_timeout_ms", "9", "from 10 to 600000"),
      set(f, "edge.order_history", "0", "from 1 to 1000000"),
      set(f, "edge.execution_history", "0", "from 1 to 1000000"),
      set(f, "edge.recv_window_ms_max", "60001", "from 1 to 60000"),
      add(f, "edge.more", "1", "is no key that is known here"),
      add(f, "edge.requests_per_pass", "1", "is no key that is known here"),
  });
}

TEST(ConfigJsonProblems, OfSessionsWithoutAnEdge) {
  const std::string f = "process.json";
  const std::string what = "must be there: the session TRADE1 is a JSON client's";
  expect({set(f, "edge", "null", what), drop(f, "edge", what)});
  // Of a journal that was written so before.
  Json canonical =
      parse_json(test::samples()[2].load(test::samples()[2].texts).deployment.canonical_text).json;
  for (JsonMember& file : canonical.members) {
    if (file.name != f) continue;
    EXPECT_EQ(std::erase_if(file.value.members, [](const auto& m) { return m.name == "edge"; }),
              1u);
  }
  EXPECT_EQ(test::problems_text(load_canonical(to_text(canonical), "folder")), "");
}

TEST(ConfigJson, WhatIsLoaded) {
  const LoadResult loaded = test::samples()[2].load(test::samples()[2].texts);
  ASSERT_EQ(test::problems_text(loaded), "");
  const Deployment& d = loaded.deployment;
  ASSERT_TRUE(d.edge.has_value());
  EXPECT_EQ(d.edge->address, "127.0.0.1");
  ASSERT_TRUE(d.edge->tls.has_value());
  EXPECT_EQ(d.edge->tls->certificate_file.filename(), "edge.crt");
  EXPECT_EQ(d.edge->silence_ns, 30'000'000'000);
  EXPECT_EQ(d.edge->recv_window_ms_max, 10'000);
  EXPECT_EQ(d.instruments[d.names.instruments.find("AMZN").value].json_symbol, "AMZN");

  const risk::SessionIndex trade = d.names.sessions.find("TRADE1");
  const SessionSettings& trading = d.sessions[trade.value];
  EXPECT_EQ(trading.protocol, Protocol::Json);
  EXPECT_EQ(trading.api_key.key, "key-1");
  EXPECT_EQ(trading.api_key.secret.environment, "SECRET_1");
  EXPECT_FALSE(trading.read_only);
  EXPECT_EQ(trading.default_account, d.names.accounts.find("alpha-1"));
  // In whole lots and ticks, of what it may trade.
  ASSERT_EQ(trading.aliases.size(), 2u);
  for (const Alias& alias : trading.aliases) {
    EXPECT_EQ(alias.price_per_tick, 1);
    EXPECT_EQ(alias.quantity_per_lot, 1);
  }
  EXPECT_EQ(d.parameters.sessions[trade.value].actions,
            risk::kMayEnter | risk::kMayReplace | risk::kMayCancel);

  const risk::SessionIndex drop = d.names.sessions.find("DROP1");
  EXPECT_TRUE(d.sessions[drop.value].read_only);
  EXPECT_EQ(d.parameters.sessions[drop.value].actions, 0);
  EXPECT_EQ(d.parameters.sessions[drop.value].accounts.size(), 2u);

  // Secrets' places are not what the journal keeps, and it loads again without them.
  EXPECT_EQ(d.canonical_text.find("SECRET_1"), std::string::npos);
  const LoadResult again = load_canonical(d.canonical_text, "folder");
  EXPECT_EQ(test::problems_text(again), "");
  EXPECT_EQ(again.deployment.canonical_text, d.canonical_text);
}

}  // namespace
}  // namespace portcullis::config::config_json_problems_test
