// A random book of one account on a model under config/models, near the prices of the model's own
// portfolio.
#pragma once

#include <string>

#include "config/deployment.h"
#include "gateway/commands/margin_portfolio.h"
#include "tests/support/story.h"

namespace portcullis::support {

// The model for one account that nothing but the margin, and its collars, refuses.
risk::Parameters model_world(const config::Deployment& model);
// Collars so wide that they refuse nothing.
risk::Parameters without_collars(risk::Parameters p);

class ModelBook {
 public:
  // Nothing priced yet, and nothing held.
  ModelBook(Rng& rng, const std::string& name);
  ModelBook(Rng& rng, const std::string& name, const risk::Parameters& parameters);

  Story& story() { return story_; }
  // Whether its risk is known: of its factor, or in the table.
  [[nodiscard]] bool has_risk(std::uint32_t instrument) const;

  // Prices and tables, something of the assets, positions in most instruments.
  void open();
  // Option tables by Black-76, now and then at random; marks of options as they come.
  void move_prices();
  // The prices of the portfolio itself, and the tables that follow from them.
  void price_as_given();
  void fund(std::uint32_t asset, std::int64_t risk_currency);
  // Lots that one of these positions has at most.
  [[nodiscard]] std::int64_t lots_max(std::uint32_t instrument) const;
  risk::Decision order();

 private:
  Rng& rng_;
  const config::Deployment& model_;
  gateway::Portfolio base_;
  Story story_;
};

}  // namespace portcullis::support
