// What JSON clients call the instruments, and the steps of their prices and quantities.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>

#include "config/deployment.h"
#include "gateway/json/words.h"

namespace portcullis::gateway::json {

// What lots are worth at a price, in units of the settlement asset; of inverse contracts rounded down.
[[nodiscard]] risk::Int128 value_of(const config::Deployment& deployment,
                                    risk::InstrumentIndex instrument, risk::Price price,
                                    risk::Lots lots);

class Symbols {
 public:
  // The deployment must outlive this.
  explicit Symbols(const config::Deployment& deployment);

  // None: no instrument of the category has this json_symbol.
  [[nodiscard]] risk::InstrumentIndex find(Category category, std::string_view symbol) const;
  // Its json_symbol; its name in the configuration where it has none.
  [[nodiscard]] std::string_view name(risk::InstrumentIndex instrument) const;
  [[nodiscard]] Category category(risk::InstrumentIndex instrument) const;

  [[nodiscard]] const config::Deployment& deployment() const { return deployment_; }

  // Exact decimal text of ticks, marks and lots.
  [[nodiscard]] std::string price(risk::InstrumentIndex instrument, risk::Price price) const;
  [[nodiscard]] std::string mark(risk::InstrumentIndex instrument, risk::Mark mark) const;
  [[nodiscard]] std::string quantity(risk::InstrumentIndex instrument, risk::Int128 lots) const;

 private:
  const config::Deployment& deployment_;
  std::array<std::unordered_map<std::string_view, risk::InstrumentIndex>, kCategoryNames.size()>
      by_category_;
};

}  // namespace portcullis::gateway::json
