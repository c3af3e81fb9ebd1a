// What GateAudit looks at: a gate, and a venue at the other end of its link.
#pragma once

#include <cstdint>
#include <vector>

#include "config/deployment.h"
#include "gateway/gate/gate.h"
#include "gateway/ouch/messages.h"
#include "gateway/venue_sim/matching_engine.h"

namespace portcullis::test {

class AuditedWorld {
 public:
  AuditedWorld() = default;
  AuditedWorld(const AuditedWorld&) = delete;
  AuditedWorld& operator=(const AuditedWorld&) = delete;
  virtual ~AuditedWorld() = default;

  [[nodiscard]] virtual const config::Deployment& deployment() const = 0;
  [[nodiscard]] virtual gateway::gate::Gate& gate() = 0;
  // Of what is being judged.
  [[nodiscard]] virtual std::int64_t time_ns() const = 0;
  // Nothing is on its way, so that both sides must have the same.
  [[nodiscard]] virtual bool is_drained() const = 0;
  // What the venue has said, message s at s - 1.
  [[nodiscard]] virtual const std::vector<std::vector<std::byte>>& venue_stream() const = 0;
  // What the venue has read since it was asked last.
  virtual std::vector<gateway::ouch::InboundMessage> messages_at_venue() = 0;
  [[nodiscard]] virtual const gateway::venue_sim::MatchingEngine& venue_engine() const = 0;

  [[nodiscard]] risk::Engine& engine() { return gate().engine(); }
  // The live order behind a client's number, or null.
  [[nodiscard]] const risk::Order* order(risk::SessionIndex session, std::uint32_t number) {
    const risk::NumberRecord* record = engine().find_client(session, number);
    return record == nullptr ? nullptr : &engine().order({record->order});
  }
};

// What a process that begins again from the whole journal must come back to; not there: messages
// that are counted and make no record.
[[nodiscard]] std::vector<std::uint64_t> kept_of(gateway::gate::Gate& gate);

}  // namespace portcullis::test
