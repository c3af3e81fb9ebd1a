#include "gateway/shard/arithmetic_text.h"

#include <fmt/format.h>

#include <string_view>

namespace portcullis::gateway::shard {

std::string_view unit_name(risk::ArithmeticUnit unit) {
  switch (unit) {
    case risk::ArithmeticUnit::None:
      return "";
    case risk::ArithmeticUnit::Lots:
      return "lots";
    case risk::ArithmeticUnit::Ticks:
      return "ticks";
    case risk::ArithmeticUnit::Quanta:
      return "quanta";
    case risk::ArithmeticUnit::Count:
      return "count";
    case risk::ArithmeticUnit::Nanoseconds:
      return "ns";
    case risk::ArithmeticUnit::Ppm:
      return "ppm";
  }
  return "";
}

std::string_view node_name(const config::Deployment& deployment, const risk::Decision& decision) {
  const config::Names& names = deployment.names;
  switch (decision.level) {
    case risk::NodeLevel::Account:
      return decision.node < names.accounts.size() ? names.accounts.name({decision.node})
                                                   : std::string_view("-");
    case risk::NodeLevel::Session:
      return decision.node < names.sessions.size() ? names.sessions.name({decision.node})
                                                   : std::string_view("-");
    case risk::NodeLevel::Venue:
    case risk::NodeLevel::Member:
    case risk::NodeLevel::Group:
      break;
  }
  return decision.node < names.nodes.size() ? names.nodes.name({decision.node})
                                            : std::string_view("-");
}

std::string_view arithmetic_text(const config::Deployment& deployment,
                                 const risk::Decision& decision, std::span<char> buffer) {
  const risk::RejectReasonInfo& reason = risk::info(decision.reason);
  const auto end = fmt::format_to_n(
      buffer.data(), buffer.size(),
      "{} level={} node={} limit={} need={} avail={} short={} unit={} max_lots={} set={} group={} "
      "scenario={} params={}",
      reason.name, risk::name_of(decision.level), node_name(deployment, decision), decision.limit,
      decision.needed, decision.available, decision.shortfall, unit_name(reason.unit),
      decision.largest_passing.raw, static_cast<std::int32_t>(decision.set),
      static_cast<std::int32_t>(decision.group), static_cast<std::int32_t>(decision.scenario),
      decision.parameter_version);
  return {buffer.data(), std::min(end.size, buffer.size())};
}

}  // namespace portcullis::gateway::shard
