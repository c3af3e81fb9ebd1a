// The example models under config/models, each a folder that load_model() takes, and what
// `portcullis margin` answers for them.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "config/deployment.h"
#include "config/json.h"
#include "gateway/commands/margin_portfolio.h"
#include "risk/risk_table.h"

namespace portcullis::test {

// By name, in alphabetical order: every folder that is there.
[[nodiscard]] std::vector<std::string> shipped_models();
[[nodiscard]] std::filesystem::path shipped_folder(std::string_view model);
// Loaded once. Fails the test where something is wrong with it.
[[nodiscard]] const config::Deployment& shipped_model(std::string_view model);
// The model's portfolio.json.
[[nodiscard]] gateway::Portfolio shipped_portfolio(std::string_view model);

// A group's risk table: options that have a market by Black-76, others from their vectors, and
// nothing gained by those that have neither. Without an id and a time.
[[nodiscard]] risk::RiskTable shipped_table(const config::Deployment& model,
                                            const gateway::Portfolio& portfolio,
                                            risk::GroupIndex group);

// The answer to one portfolio, a JSON object. Fails the test, and is empty, where there is none.
[[nodiscard]] config::Json margin_answer(const config::Deployment& deployment,
                                         const std::string& portfolio);
[[nodiscard]] config::Json margin_answer(std::string_view model, const std::string& portfolio);
// The text at a path of an answer; "-" for null.
[[nodiscard]] std::string text_at(const config::Json& answer, std::string_view path);

}  // namespace portcullis::test
