// Which regime each factor is in, by the marks of the configuration's instruments (config/load_regimes):
// one selector a factor (regime.h), fed with good prices. It decides nothing of margin: whoever asks is
// told what choice of regimes is due, and puts it in force as one change of parameters.
//
// One thread; times are the epoch's and given by the caller.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/deployment.h"
#include "feeds/regime.h"
#include "risk/types.h"

namespace portcullis::feeds {

class RegimeDesk {
 public:
  // Begins with what is in force, config::Deployment::regime_choice, and stays there until there are
  // samples. From there it follows what the selectors say one level at a time, up no sooner than up_after
  // since the last change, down no sooner than down_after: a restart loosens nothing at once.
  RegimeDesk(const config::Deployment& deployment, risk::Timestamp now);

  // The same anew, with the samples that are there.
  void begin(const config::RegimeChoice& in_force, risk::Timestamp now);

  // A good price of an instrument's mark. Those of instruments that no factor looks at are passed over.
  void take_mark(risk::InstrumentIndex instrument, risk::Mark price, risk::Timestamp as_of);
  // What is to be in force now; none: what was asked for last. A choice that could not be put in force is
  // not asked for again before another one is due.
  [[nodiscard]] std::optional<config::RegimeChoice> step(risk::Timestamp now);

  // Of the factor at a place in Deployment::regimes.
  [[nodiscard]] std::size_t level(std::size_t place) const { return factors_[place].level; }
  [[nodiscard]] std::optional<std::int64_t> volatility_ppm(std::size_t place) const {
    return factors_[place].selector.volatility_ppm();
  }
  // What has changed since the last call, in words for people: "BTC: usual -> stressed at 83.1 %".
  [[nodiscard]] std::vector<std::string> take_told();

 private:
  struct Factor {
    std::string name;
    risk::InstrumentIndex mark;
    std::vector<std::string> levels;
    RegimeSelector selector;
    std::int64_t up_after_ns = 0;
    std::int64_t down_after_ns = 0;
    std::size_t level = 0;
    std::int64_t changed_ns = 0;
  };
  std::vector<Factor> factors_;
  config::RegimeChoice asked_;
  std::vector<std::string> told_;
};

}  // namespace portcullis::feeds
