// What the enumerators in the gate's records are called, in text, in JSON and in
// gateway/journal/FORMAT.md. Empty: there is none of the number.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "gateway/gate/records.h"
#include "risk/commands.h"

namespace portcullis::gateway::gate {

constexpr std::string_view name_of(risk::Side side) {
  switch (side) {
    case risk::Side::Buy:
      return "buy";
    case risk::Side::Sell:
      return "sell";
    case risk::Side::SellShort:
      return "sell_short";
    case risk::Side::SellShortExempt:
      return "sell_short_exempt";
  }
  return "";
}
constexpr std::string_view name_of(risk::OrdType type) {
  switch (type) {
    case risk::OrdType::Limit:
      return "limit";
    case risk::OrdType::Market:
      return "market";
  }
  return "";
}
constexpr std::string_view name_of(risk::TimeInForce life) {
  switch (life) {
    case risk::TimeInForce::Day:
      return "day";
    case risk::TimeInForce::GoodTillCancel:
      return "gtc";
    case risk::TimeInForce::ImmediateOrCancel:
      return "ioc";
    case risk::TimeInForce::FillOrKill:
      return "fok";
  }
  return "";
}
constexpr std::string_view name_of(risk::RejectReason reason) {
  const auto number = static_cast<std::size_t>(reason);
  return number < risk::kRejectReasonCount ? risk::kRejectReasons[number].name : "";
}
constexpr std::string_view name_of(risk::Disposition disposition) {
  switch (disposition) {
    case risk::Disposition::Forward:
      return "forward";
    case risk::Disposition::Reject:
      return "reject";
    case risk::Disposition::Ignore:
      return "ignore";
  }
  return "";
}
constexpr std::string_view name_of(risk::NodeLevel level) {
  switch (level) {
    case risk::NodeLevel::Venue:
    case risk::NodeLevel::Member:
    case risk::NodeLevel::Group:
    case risk::NodeLevel::Account:
    case risk::NodeLevel::Session:
      return risk::name_of(level);
  }
  return "";
}
constexpr std::string_view name_of(risk::ControlScope scope) {
  switch (scope) {
    case risk::ControlScope::Node:
      return "node";
    case risk::ControlScope::Account:
      return "account";
    case risk::ControlScope::Session:
      return "session";
    case risk::ControlScope::Instrument:
      return "instrument";
  }
  return "";
}
constexpr std::string_view name_of(risk::ControlAction action) {
  switch (action) {
    case risk::ControlAction::Kill:
      return "kill";
    case risk::ControlAction::Suspend:
      return "suspend";
    case risk::ControlAction::CloseOnly:
      return "close_only";
    case risk::ControlAction::Resume:
      return "resume";
  }
  return "";
}
constexpr std::string_view name_of(risk::Condition condition) {
  switch (condition) {
    case risk::Condition::VenueHalted:
      return "venue_halted";
    case risk::Condition::VenueDown:
      return "venue_down";
    case risk::Condition::VenueBusy:
      return "venue_busy";
    case risk::Condition::JournalDegraded:
      return "journal_degraded";
    case risk::Condition::StateDiffers:
      return "state_differs";
    case risk::Condition::StateUnconfirmed:
      return "state_unconfirmed";
  }
  return "";
}
constexpr std::string_view name_of(risk::PriceKind kind) {
  switch (kind) {
    case risk::PriceKind::Mark:
      return "mark";
    case risk::PriceKind::Index:
      return "index";
  }
  return "";
}
constexpr std::string_view name_of(risk::PriceState state) {
  switch (state) {
    case risk::PriceState::Safe:
      return "safe";
    case risk::PriceState::Unsafe:
      return "unsafe";
  }
  return "";
}
constexpr std::string_view name_of(ParametersCause cause) {
  switch (cause) {
    case ParametersCause::Reload:
      return "reload";
    case ParametersCause::Regime:
      return "regime";
    case ParametersCause::Override:
      return "override";
    case ParametersCause::Expiry:
      return "expiry";
  }
  return "";
}
constexpr std::string_view name_of(LinkChange change) {
  switch (change) {
    case LinkChange::Down:
      return "down";
    case LinkChange::LoggedIn:
      return "logged_in";
    case LinkChange::Up:
      return "up";
    case LinkChange::Lost:
      return "lost";
    case LinkChange::OrdersDead:
      return "orders_dead";
  }
  return "";
}
constexpr std::string_view name_of(SweepScope scope) {
  switch (scope) {
    case SweepScope::Node:
      return "node";
    case SweepScope::Account:
      return "account";
    case SweepScope::Session:
      return "session";
    case SweepScope::SessionAccounts:
      return "session_accounts";
    case SweepScope::Instrument:
      return "instrument";
    case SweepScope::Lost:
      return "lost";
    case SweepScope::Excess:
      return "excess";
  }
  return "";
}

constexpr std::string_view name_of(config::Role role) { return config::name_of(role); }
constexpr std::string_view name_of(OperatorSource source) {
  switch (source) {
    case OperatorSource::CommandsFile:
      return "commands_file";
    case OperatorSource::ControlPlane:
      return "control_plane";
    case OperatorSource::Configuration:
      return "configuration";
    case OperatorSource::Gate:
      return "gate";
  }
  return "";
}
constexpr std::string_view name_of(ChangeStep step) {
  switch (step) {
    case ChangeStep::Propose:
      return "propose";
    case ChangeStep::Approve:
      return "approve";
    case ChangeStep::Refuse:
      return "refuse";
    case ChangeStep::Withdraw:
      return "withdraw";
    case ChangeStep::Lapse:
      return "lapse";
  }
  return "";
}
constexpr std::string_view name_of(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::Reload:
      return "reload";
    case ChangeKind::Override:
      return "override";
  }
  return "";
}

// The bits of an order's flags, from the lowest.
inline constexpr std::array<std::string_view, 6> kOrderFlagNames{
    "post_only", "reduce_only", "off_lot", "off_tick", "duplicate", "overloaded"};
static_assert(risk::kOverloaded == 1 << (kOrderFlagNames.size() - 1));

}  // namespace portcullis::gateway::gate
