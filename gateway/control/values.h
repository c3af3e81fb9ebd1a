// How the control plane writes what the engine counts in: exact decimal text in the units of the
// configuration, names instead of indexes, null where there is nothing.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "config/deployment.h"
#include "gateway/commands/record_values.h"
#include "gateway/gate/gate.h"
#include "gateway/json/writer.h"
#include "risk/commands.h"

namespace portcullis::gateway::control {

class Values {
 public:
  // The deployment must outlive this.
  explicit Values(const config::Deployment& deployment)
      : deployment_(deployment), records_(&deployment) {}

  [[nodiscard]] const config::Deployment& deployment() const { return deployment_; }
  [[nodiscard]] const RecordValues& records() const { return records_; }

  // --- members of the object that is open
  void quanta(json::Writer& out, std::string_view key, risk::Value value) const;
  void units(json::Writer& out, std::string_view key, risk::AssetIndex asset,
             risk::Int128 units) const;
  void lots(json::Writer& out, std::string_view key, risk::InstrumentIndex instrument,
            risk::Lots lots) const;
  void price(json::Writer& out, std::string_view key, risk::InstrumentIndex instrument,
             risk::Price price) const;
  // A mark; null where it was never priced.
  void mark(json::Writer& out, std::string_view key, risk::InstrumentIndex instrument,
            risk::Mark mark) const;
  // used / limit in whole ppm, rounded up; null where the limit is 0.
  void utilisation(json::Writer& out, risk::Int128 used, risk::Int128 limit) const;
  // "scope" and "target", by name.
  void target(json::Writer& out, std::string_view scope, std::uint32_t target) const;

  // A decision as an object of its own: what becomes of the order, by which limit of whom, and the
  // arithmetic in the unit of the reason.
  void decision(json::Writer& out, risk::InstrumentIndex instrument,
                const risk::Decision& decision) const;

 private:
  const config::Deployment& deployment_;
  const RecordValues records_;
};

// What has been stopped of a target, as words; none: nothing.
[[nodiscard]] std::vector<std::string_view> states_of(const risk::Engine& engine,
                                                      risk::ControlScope scope,
                                                      std::uint32_t target);
[[nodiscard]] std::string_view name_of(gate::LinkState link);
// "confirmed", or that what was recovered is "unconfirmed", or that it "differs" from the journal's.
[[nodiscard]] std::string_view state_of(const gate::Gate& gate);
// The flags of a node, an account or a session as a list of words.
void write_flags(json::Writer& out, std::string_view key, std::uint8_t flags);

}  // namespace portcullis::gateway::control
