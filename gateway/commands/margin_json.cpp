// The answer as one line of JSON, without spaces, keys in the order of tests/oracle/FORMAT.md.
#include <fmt/format.h>

#include "config/json.h"
#include "gateway/commands/margin_answer.h"

namespace portcullis::gateway {

namespace {

using risk::BasisBreakdown;
using risk::Breakdown;

// Objects and lists as they are written, one inside the other. A key is empty in a list.
class JsonText {
 public:
  void begin_object(std::string_view key) { begin(key, '{'); }
  void end_object() { end('}'); }
  void begin_list(std::string_view key) { begin(key, '['); }
  void end_list() { end(']'); }
  void text(std::string_view key, std::string_view value) { raw(key, config::quote(value)); }
  // Null where it is empty.
  void text_or_null(std::string_view key, std::string_view value) {
    raw(key, value.empty() ? "null" : config::quote(value));
  }
  void null(std::string_view key) { raw(key, "null"); }
  void boolean(std::string_view key, bool value) { raw(key, value ? "true" : "false"); }
  void number(std::string_view key, std::uint32_t value) { raw(key, fmt::to_string(value)); }

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  void name(std::string_view key) {
    if (!text_.empty() && text_.back() != '{' && text_.back() != '[') text_ += ',';
    if (!key.empty()) text_ += config::quote(key) + ':';
  }
  void raw(std::string_view key, std::string_view value) {
    name(key);
    text_ += value;
  }
  void begin(std::string_view key, char bracket) {
    name(key);
    text_ += bracket;
  }
  void end(char bracket) { text_ += bracket; }

  std::string text_;
};

class AnswerObject {
 public:
  AnswerObject(const config::Deployment& deployment, const Portfolio& portfolio,
               const Evaluation& evaluation)
      : deployment_(deployment),
        parameters_(deployment.parameters),
        portfolio_(portfolio),
        evaluation_(evaluation),
        texts_{deployment} {}

  std::string write() {
    const Breakdown& breakdown = evaluation_.breakdown;
    json_.begin_object("");
    json_.text("name", portfolio_.name);
    json_.text("account", deployment_.names.accounts.name(portfolio_.account));
    json_.text("state", name_of(evaluation_.state));
    json_.begin_object("leverage");
    json_.text("gross_notional", texts_.value(breakdown.levered_notional.raw));
    json_.text_or_null("ratio", AnswerTexts::leverage(breakdown));
    json_.text("max", AnswerTexts::share(breakdown.leverage_max_ppm));
    json_.end_object();
    json_.text("option_value", texts_.value(breakdown.option_value.raw));
    write_assets();
    write_basis("initial", breakdown.initial, false);
    write_basis("maintenance", breakdown.maintenance, true);
    json_.begin_list("what_if");
    for (std::size_t i = 0; i < evaluation_.what_if.size(); ++i) write_what_if(i);
    json_.end_list();
    json_.end_object();
    return json_.take();
  }

 private:
  void write_assets() {
    const Breakdown& breakdown = evaluation_.breakdown;
    json_.begin_object("assets");
    for (std::uint32_t a = 0; a < breakdown.assets.size(); ++a) {
      const Breakdown::OfAsset& asset = breakdown.assets[a];
      if (!asset.is_held) continue;
      json_.begin_object(deployment_.names.assets.name({a}));
      json_.text("amount", texts_.units({a}, asset.amount.raw));
      json_.text("costs", texts_.units({a}, asset.costs.raw));
      for (const auto& [key, basis] : {std::pair{"initial", &breakdown.initial},
                                       std::pair{"maintenance", &breakdown.maintenance}}) {
        json_.begin_object(key);
        json_.text("value", texts_.value(basis->assets[a].value.raw));
        json_.text("borrow_margin", texts_.value(basis->assets[a].borrow_margin.raw));
        json_.end_object();
      }
      json_.end_object();
    }
    json_.end_object();
  }

  [[nodiscard]] bool counts(std::size_t set, bool maintenance) const {
    return maintenance ? parameters_.sets[set].maintenance : parameters_.sets[set].initial;
  }

  void write_basis(std::string_view key, const BasisBreakdown& basis, bool maintenance) {
    json_.begin_object(key);
    json_.text("equity", texts_.value(basis.equity.raw));
    json_.text("costs", texts_.value(basis.equity.raw - basis.less_costs.raw));
    json_.text("requirement", texts_.value(basis.requirement.raw));
    json_.text("available", texts_.value(basis.less_costs.raw - basis.requirement.raw));
    json_.text_or_null("ratio", AnswerTexts::ratio(basis));
    json_.begin_object("scopes");
    json_.text("groups", texts_.value(basis.groups_part.raw));
    json_.text("joint", texts_.value(basis.joint_part.raw));
    json_.text("outside", texts_.value(basis.outside_part.raw));
    json_.end_object();
    write_binding(basis);
    write_warnings(basis, maintenance);
    json_.begin_object("groups");
    for (std::uint32_t g = 0; g < basis.groups.size(); ++g) {
      if (basis.groups[g].is_held) write_group(g, basis.groups[g], maintenance);
    }
    json_.end_object();
    write_joint(basis, maintenance);
    if (portfolio_.wants_vectors) write_vectors(basis, maintenance);
    json_.end_object();
  }

  void write_binding(const BasisBreakdown& basis) {
    if (basis.scope == risk::BindingScope::None) return json_.null("binding");
    json_.begin_object("binding");
    json_.text("scope", basis.scope == risk::BindingScope::Groups  ? "groups"
                        : basis.scope == risk::BindingScope::Joint ? "joint"
                                                                   : "outside");
    json_.text_or_null("group", basis.group == risk::kNone32
                                    ? ""
                                    : deployment_.names.risk_groups.name({basis.group}));
    if (basis.set == risk::kNone32) {
      for (const auto* const nothing : {"set", "column", "scenario"}) json_.null(nothing);
    } else {
      json_.text("set", deployment_.names.sets[basis.set].name);
      json_.number("column", basis.scenario);
      json_.text("scenario", texts_.scenario(basis.set, basis.group, basis.scenario));
    }
    json_.end_object();
  }

  void write_warnings(const BasisBreakdown& basis, bool maintenance) {
    bool warns = false;
    for (std::size_t k = 0; k < parameters_.sets.size(); ++k) {
      warns =
          warns || (parameters_.sets[k].action == risk::SetAction::Warn && counts(k, maintenance));
    }
    if (!warns) return json_.null("with_warnings");
    json_.begin_object("with_warnings");
    json_.text("requirement", texts_.value(basis.with_warnings.raw));
    json_.text("available", texts_.value(basis.less_costs.raw - basis.with_warnings.raw));
    json_.end_object();
  }

  void write_group(std::uint32_t g, const BasisBreakdown::OfGroup& group, bool maintenance) {
    json_.begin_object(deployment_.names.risk_groups.name({g}));
    json_.text("requirement", texts_.fines(group.requirement));
    json_.begin_object("sets");
    for (std::size_t k = 0; k < parameters_.sets.size(); ++k) {
      if (counts(k, maintenance) && parameters_.sets[k].column_count[g] > 0)
        json_.text(deployment_.names.sets[k].name, texts_.fines(group.alone[k]));
    }
    json_.end_object();
    json_.begin_object("add_ons");
    for (std::size_t a = 0; a < group.charges.size(); ++a) {
      const risk::AddOnParameters& add_on = parameters_.groups[g].add_ons[a];
      if (!(maintenance ? add_on.maintenance : add_on.initial).empty())
        json_.text(deployment_.names.add_ons[g].add_ons[a], texts_.fines(group.charges[a]));
    }
    json_.end_object();
    json_.text("floor", texts_.fines(group.floor));
    json_.end_object();
  }

  [[nodiscard]] bool is_joint(std::size_t set) const {
    return parameters_.sets[set].scope == risk::SetScope::Joint;
  }

  void write_joint(const BasisBreakdown& basis, bool maintenance) {
    json_.begin_object("joint");
    for (std::size_t k = 0; k < basis.joint.size(); ++k) {
      if (!is_joint(k) || !counts(k, maintenance)) continue;
      json_.begin_object(deployment_.names.sets[k].name);
      json_.text("requirement", texts_.fines(basis.joint[k].requirement));
      json_.text("together", texts_.fines(basis.joint[k].together));
      json_.text("alone", texts_.fines(basis.joint[k].alone));
      json_.end_object();
    }
    json_.end_object();
  }

  void write_vectors(const BasisBreakdown& basis, bool maintenance) {
    json_.begin_object("vectors");
    json_.begin_object("groups");
    for (std::uint32_t g = 0; g < basis.groups.size(); ++g) {
      if (!basis.groups[g].is_held) continue;
      json_.begin_object(deployment_.names.risk_groups.name({g}));
      for (std::uint32_t k = 0; k < parameters_.sets.size(); ++k) {
        const risk::SetParameters& set = parameters_.sets[k];
        if (counts(k, maintenance) && set.column_count[g] > 0)
          write_vector(k, g, basis.groups[g].low.data() + set.first_column[g]);
      }
      json_.end_object();
    }
    json_.end_object();
    json_.begin_object("joint");
    for (std::uint32_t k = 0; k < basis.joint.size(); ++k) {
      if (is_joint(k) && counts(k, maintenance)) write_vector(k, 0, basis.joint[k].low.data());
    }
    json_.end_object();
    json_.end_object();
  }

  void write_vector(std::uint32_t set, std::uint32_t group, const std::int64_t* low) {
    json_.begin_list(deployment_.names.sets[set].name);
    for (std::uint32_t c = 0; c < parameters_.sets[set].column_count[group]; ++c) {
      json_.begin_object("");
      json_.text("scenario", texts_.scenario(set, group, c));
      json_.text("low", texts_.fines(low[c]));
      json_.end_object();
    }
    json_.end_list();
  }

  void write_what_if(std::size_t i) {
    const PortfolioOrder& order = portfolio_.what_if[i];
    const WhatIf& what_if = evaluation_.what_if[i];
    const risk::MarginTrial& trial = what_if.trial;
    json_.begin_object("");
    json_.text("instrument", deployment_.names.instruments.name(order.instrument));
    json_.text("side", order.side == risk::Side::Buy ? "buy" : "sell");
    json_.text("quantity", texts_.quantity(order.instrument, order.quantity));
    json_.text("price", texts_.price(order.instrument, order.price));
    json_.text_or_null("leg", leg_of(what_if));
    json_.text("available_after", texts_.value(trial.after.raw));
    json_.text("needed", texts_.value(trial.before.raw - trial.after.raw));
    json_.text("shortfall", texts_.value(shortfall_of(what_if)));
    write_decision(order, what_if.decision);
    json_.end_object();
  }

  void write_decision(const PortfolioOrder& order, const risk::Decision& decision) {
    const bool accepted = decision.reason == risk::RejectReason::None;
    json_.begin_object("decision");
    json_.boolean("accepted", accepted);
    if (accepted) {
      json_.boolean("exit", decision.exit != 0);
      json_.boolean("warned", decision.warned != 0);
      return json_.end_object();
    }
    const risk::RejectReasonInfo& reason = risk::info(decision.reason);
    json_.text("reason", reason.name);
    if (decision.node == risk::kNone32) {
      json_.null("level");
      json_.null("of");
    } else {
      json_.text("level", name_of(decision.level));
      json_.text_or_null("of", texts_.place(portfolio_, decision));
    }
    json_.text_or_null("unit", name_of(reason.unit));
    const bool has_arithmetic = reason.unit != risk::ArithmeticUnit::None;
    for (const auto& [key, figure] :
         {std::pair{"limit", decision.limit}, std::pair{"needed", decision.needed},
          std::pair{"available", decision.available}, std::pair{"shortfall", decision.shortfall}}) {
      json_.text_or_null(
          key, has_arithmetic ? texts_.figure(order.instrument, reason.unit, figure) : "");
    }
    json_.text_or_null("largest_passing",
                       has_largest_passing(reason.unit)
                           ? texts_.quantity(order.instrument, decision.largest_passing)
                           : "");
    if (decision.set == risk::kNone32) {
      json_.null("binding");
    } else {
      json_.begin_object("binding");
      json_.text_or_null("group", decision.group == risk::kNone32
                                      ? ""
                                      : deployment_.names.risk_groups.name({decision.group}));
      json_.text("set", deployment_.names.sets[decision.set].name);
      json_.number("column", decision.scenario);
      json_.text("scenario", texts_.scenario(decision.set, decision.group, decision.scenario));
      json_.end_object();
    }
    json_.end_object();
  }

  const config::Deployment& deployment_;
  const risk::Parameters& parameters_;
  const Portfolio& portfolio_;
  const Evaluation& evaluation_;
  AnswerTexts texts_;
  JsonText json_;
};

}  // namespace

std::string answer_json(const config::Deployment& deployment, const Portfolio& portfolio,
                        const Evaluation& evaluation) {
  return AnswerObject(deployment, portfolio, evaluation).write();
}

}  // namespace portcullis::gateway
