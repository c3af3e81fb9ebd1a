// The example with names that JSON clients know its instruments by.
#pragma once

#include <gtest/gtest.h>

#include "tests/support/example_config.h"

namespace portcullis::test {

inline config::Deployment deployment_with_symbols() {
  using enum Change::Kind;
  Texts texts = read_example();
  for (const auto& [instrument, symbol] :
       {std::pair{"BTC-PERP", "BTCUSDT"}, {"ETH-PERP", "ETHUSDT"}, {"AMZN", "AMZN"}}) {
    apply(texts,
          {Add, "instruments.json", std::string("instruments.") + instrument + ".json_symbol",
           config::quote(symbol)});
  }
  config::LoadResult loaded = config::load_texts(texts, example_folder());
  EXPECT_EQ(problems_text(loaded), "");
  return std::move(loaded.deployment);
}

// The model, which has instruments of every kind, named as in the configuration.
inline config::Deployment model_with_symbols() {
  using enum Change::Kind;
  Texts texts = read_model();
  const config::Json json = config::parse_json(texts.at("instruments.json")).json;
  for (const config::JsonMember& member : json.find("instruments")->members) {
    apply(texts, {Add, "instruments.json", "instruments." + member.name + ".json_symbol",
                  config::quote(member.name)});
  }
  config::LoadResult loaded = config::load_model_texts(texts);
  EXPECT_EQ(problems_text(loaded), "");
  return std::move(loaded.deployment);
}

}  // namespace portcullis::test
