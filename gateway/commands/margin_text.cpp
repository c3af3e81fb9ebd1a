// The answer as tables for people: what there is, what is required and why, and what became of the
// what-if orders.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/decimal.h"
#include "gateway/commands/margin_answer.h"

namespace portcullis::gateway {

namespace {

using risk::BasisBreakdown;

constexpr std::size_t kLabelWidth = 40;
constexpr std::size_t kFigureWidth = 22;

// "-1,234,567.50": all decimals, so that figures below each other can be compared at a glance.
std::string grouped(risk::Int128 value, int decimals) {
  std::string text = config::to_decimal(value, decimals);
  std::size_t point = text.find('.');
  if (point == std::string::npos) {
    point = text.size();
    if (decimals > 0) text += '.';
  }
  text.resize(point + (decimals > 0 ? 1 : 0) + static_cast<std::size_t>(decimals), '0');
  const std::size_t first = value < 0 ? 1 : 0;
  for (std::size_t at = point; at > first + 3;) text.insert(at -= 3, 1, ',');
  return text;
}

class AnswerLines {
 public:
  AnswerLines(const config::Deployment& deployment, const Portfolio& portfolio,
              const Evaluation& evaluation)
      : deployment_(deployment),
        portfolio_(portfolio),
        evaluation_(evaluation),
        initial_(evaluation.breakdown.initial),
        maintenance_(evaluation.breakdown.maintenance),
        texts_{deployment} {}

  std::string write() {
    line("{}: account {}, {}", portfolio_.name, deployment_.names.accounts.name(portfolio_.account),
         name_of(evaluation_.state));
    write_assets();
    write_margins();
    write_groups();
    write_joint();
    write_bindings();
    if (portfolio_.wants_vectors) write_vectors();
    for (std::size_t i = 0; i < evaluation_.what_if.size(); ++i) write_what_if(i);
    return std::move(text_);
  }

 private:
  template <class... Parts>
  void line(fmt::format_string<Parts...> format, Parts&&... parts) {
    text_ += fmt::format(format, std::forward<Parts>(parts)...) + '\n';
  }

  // In the risk currency; what is required is rounded up where it is finer.
  [[nodiscard]] std::string value(risk::Int128 quanta) const {
    return grouped(quanta, deployment_.risk_decimals);
  }
  [[nodiscard]] std::string required(risk::Int128 fines) const {
    return value(risk::ceil_div(fines, risk::kPpm));
  }
  [[nodiscard]] std::string units(std::uint32_t asset, risk::Int128 units) const {
    return grouped(units, deployment_.assets[asset].decimals);
  }

  // A label, and figures beside it.
  void row(std::string_view label, std::initializer_list<std::string> figures) {
    std::string row = fmt::format("  {:<{}}", label, kLabelWidth);
    for (const std::string& figure : figures) row += fmt::format(" {:>{}}", figure, kFigureWidth);
    line("{}", row);
  }

  // A figure of both requirements.
  template <class Figure>
  void both(std::string_view label, Figure figure) {
    row(label, {figure(initial_), figure(maintenance_)});
  }

  void write_assets() {
    const auto& assets = evaluation_.breakdown.assets;
    const auto is_held = [](const auto& asset) { return asset.is_held; };
    if (std::none_of(assets.begin(), assets.end(), is_held)) return;
    line("");
    row("assets", {"amount", "costs", "counts, initial", "counts, maintenance"});
    for (std::uint32_t a = 0; a < assets.size(); ++a) {
      if (!assets[a].is_held) continue;
      row(deployment_.names.assets.name({a}),
          {units(a, assets[a].amount.raw), units(a, assets[a].costs.raw),
           value(initial_.assets[a].value.raw - initial_.assets[a].borrow_margin.raw),
           value(maintenance_.assets[a].value.raw - maintenance_.assets[a].borrow_margin.raw)});
    }
  }

  void write_margins() {
    line("");
    row(fmt::format("margin, in {}", deployment_.risk_currency), {"initial", "maintenance"});
    const auto of = [this](auto pick) {
      return [this, pick](const BasisBreakdown& basis) { return value(pick(basis)); };
    };
    both("equity", of([](const auto& b) { return b.equity.raw; }));
    both("costs of open orders", of([](const auto& b) { return b.equity.raw - b.less_costs.raw; }));
    both("requirement", of([](const auto& b) { return b.requirement.raw; }));
    both("available", of([](const auto& b) { return b.less_costs.raw - b.requirement.raw; }));
    both("ratio", [](const auto& b) { return or_none(AnswerTexts::ratio(b)); });
    if (initial_.with_warnings != initial_.requirement ||
        maintenance_.with_warnings != maintenance_.requirement) {
      both("requirement with warning sets", of([](const auto& b) { return b.with_warnings.raw; }));
    }
    const risk::Breakdown& breakdown = evaluation_.breakdown;
    row("gross notional", {value(breakdown.levered_notional.raw)});
    row("leverage", {or_none(AnswerTexts::leverage(breakdown)),
                     "at most " + AnswerTexts::share(breakdown.leverage_max_ppm)});
    if (breakdown.option_value.raw != 0)
      row("value of options", {value(breakdown.option_value.raw)});
  }

  static std::string or_none(std::string text) { return text.empty() ? "-" : text; }

  void write_groups() {
    line("");
    both("required by groups", [&](const auto& b) { return value(b.groups_part.raw); });
    for (std::uint32_t g = 0; g < initial_.groups.size(); ++g) {
      if (!initial_.groups[g].is_held && !maintenance_.groups[g].is_held) continue;
      const auto fines = [&](auto pick) {
        return [this, g, pick](const BasisBreakdown& b) { return required(pick(b.groups[g])); };
      };
      both("  " + deployment_.names.risk_groups.name({g}),
           fines([](const auto& group) { return group.requirement; }));
      for (std::uint32_t k = 0; k < deployment_.parameters.sets.size(); ++k) {
        const risk::SetParameters& set = deployment_.parameters.sets[k];
        if (set.column_count[g] == 0) continue;
        set_row(fmt::format("    set {}{}", deployment_.names.sets[k].name, suffix(set)), set,
                fines([k](const auto& group) { return group.alone[k]; }));
      }
      for (std::size_t a = 0; a < initial_.groups[g].charges.size(); ++a) {
        both(fmt::format("    add-on {} ({})", deployment_.names.add_ons[g].add_ons[a],
                         place_of(deployment_.parameters.groups[g].add_ons[a].place)),
             fines([a](const auto& group) { return group.charges[a]; }));
      }
    }
    if (initial_.outside_part.raw != 0 || maintenance_.outside_part.raw != 0) {
      both("required outside multipliers",
           [&](const auto& b) { return value(b.outside_part.raw); });
    }
  }

  // "-" where the set is not in the requirement.
  template <class Figure>
  void set_row(const std::string& label, const risk::SetParameters& set, Figure figure) {
    row(label,
        {set.initial ? figure(initial_) : "-", set.maintenance ? figure(maintenance_) : "-"});
  }

  static std::string_view suffix(const risk::SetParameters& set) {
    switch (set.action) {
      case risk::SetAction::Enforce:
        return "";
      case risk::SetAction::Warn:
        return " (warns)";
      case risk::SetAction::Report:
        return " (reports)";
    }
    return "";
  }

  static std::string_view place_of(risk::AddOnPlace place) {
    switch (place) {
      case risk::AddOnPlace::Group:
        return "added";
      case risk::AddOnPlace::Floor:
        return "floor";
      case risk::AddOnPlace::Joint:
        return "joint";
      case risk::AddOnPlace::Outside:
        return "outside";
    }
    return "";
  }

  void write_joint() {
    bool has_sets = false;
    for (std::uint32_t k = 0; k < deployment_.parameters.sets.size(); ++k) {
      const risk::SetParameters& set = deployment_.parameters.sets[k];
      if (set.scope != risk::SetScope::Joint) continue;
      if (!has_sets)
        both("required jointly", [&](const auto& b) { return value(b.joint_part.raw); });
      has_sets = true;
      const auto fines = [&](auto pick) {
        return [this, k, pick](const BasisBreakdown& b) { return required(pick(b.joint[k])); };
      };
      set_row(fmt::format("  set {}{}", deployment_.names.sets[k].name, suffix(set)), set,
              fines([](const auto& joint) { return joint.requirement; }));
      set_row("    groups together", set, fines([](const auto& joint) { return joint.together; }));
      set_row("    groups alone", set, fines([](const auto& joint) { return joint.alone; }));
    }
  }

  void write_bindings() {
    line("");
    line("  initial comes from {}", binding(initial_));
    line("  maintenance comes from {}", binding(maintenance_));
  }

  [[nodiscard]] std::string binding(const BasisBreakdown& basis) const {
    std::string from;
    switch (basis.scope) {
      case risk::BindingScope::None:
        return "nothing";
      case risk::BindingScope::Outside:
        return "add-ons outside the multipliers";
      case risk::BindingScope::Groups:
        from = "the groups, most of it from " + deployment_.names.risk_groups.name({basis.group});
        break;
      case risk::BindingScope::Joint:
        from = "the joint sets";
        break;
    }
    if (basis.set == risk::kNone32) return from + ", by add-ons or floors alone";
    return from + ": " + set_and_scenario(basis.set, basis.group, basis.scenario);
  }

  [[nodiscard]] std::string set_and_scenario(std::uint32_t set, std::uint32_t group,
                                             std::uint32_t column) const {
    return fmt::format("set {}, scenario {} ({})", deployment_.names.sets[set].name, column,
                       texts_.scenario(set, group, column));
  }

  void write_vectors() {
    for (std::uint32_t g = 0; g < initial_.groups.size(); ++g) {
      if (!initial_.groups[g].is_held && !maintenance_.groups[g].is_held) continue;
      for (std::uint32_t k = 0; k < deployment_.parameters.sets.size(); ++k) {
        const risk::SetParameters& set = deployment_.parameters.sets[k];
        if (set.column_count[g] == 0) continue;
        line("");
        row(fmt::format("{}, set {}", deployment_.names.risk_groups.name({g}),
                        deployment_.names.sets[k].name),
            {"initial", "maintenance"});
        for (std::uint32_t c = 0; c < set.column_count[g]; ++c) {
          set_row("  " + texts_.scenario(k, g, c), set, [&](const BasisBreakdown& b) {
            return value(risk::floor_div(b.groups[g].low[set.first_column[g] + c], risk::kPpm));
          });
        }
      }
    }
  }

  // --- what-if orders

  void write_what_if(std::size_t i) {
    const PortfolioOrder& order = portfolio_.what_if[i];
    const risk::Decision& decision = evaluation_.what_if[i].decision;
    const risk::MarginTrial& trial = evaluation_.what_if[i].trial;
    const bool accepted = decision.reason == risk::RejectReason::None;
    line("");
    line("  {} {} {} at {}: {}", order.side == risk::Side::Buy ? "buy" : "sell",
         texts_.quantity(order.instrument, order.quantity),
         deployment_.names.instruments.name(order.instrument),
         texts_.price(order.instrument, order.price),
         !accepted            ? fmt::format("refused, {}", risk::info(decision.reason).name)
         : decision.exit != 0 ? "accepted as an exit"
         : decision.warned    ? "accepted with a warning"
                              : "accepted");
    if (!accepted) write_arithmetic(order, decision);
    const std::optional<CashTrial>& cash = evaluation_.what_if[i].cash;
    if (cash) line("    cash alone: missing {}", value(cash->missing));
    line("    margin alone: available {}, needed {}, then {}", value(trial.before.raw),
         value(trial.before.raw - trial.after.raw), value(trial.after.raw));
  }

  void write_arithmetic(const PortfolioOrder& order, const risk::Decision& decision) {
    const risk::ArithmeticUnit unit = risk::info(decision.reason).unit;
    std::string at =
        decision.node == risk::kNone32
            ? ""
            : fmt::format("{} {}", name_of(decision.level), texts_.place(portfolio_, decision));
    if (unit == risk::ArithmeticUnit::None) {
      if (!at.empty()) line("    at {}", at);
      return;
    }
    if (at.empty()) at = "the order itself";
    const auto figure = [&](std::int64_t of) {
      return unit == risk::ArithmeticUnit::Quanta ? value(of)
                                                  : texts_.figure(order.instrument, unit, of);
    };
    line("    at {}, as {}: limit {}, needed {}, available {}, shortfall {}", at, name_of(unit),
         figure(decision.limit), figure(decision.needed), figure(decision.available),
         figure(decision.shortfall));
    if (has_largest_passing(unit)) {
      line("    largest quantity that passes: {}",
           texts_.quantity(order.instrument, decision.largest_passing));
    }
    if (decision.set != risk::kNone32)
      line("    by {}", set_and_scenario(decision.set, decision.group, decision.scenario));
  }

  const config::Deployment& deployment_;
  const Portfolio& portfolio_;
  const Evaluation& evaluation_;
  const BasisBreakdown& initial_;
  const BasisBreakdown& maintenance_;
  AnswerTexts texts_;
  std::string text_;
};

}  // namespace

std::string answer_text(const config::Deployment& deployment, const Portfolio& portfolio,
                        const Evaluation& evaluation) {
  return AnswerLines(deployment, portfolio, evaluation).write();
}

}  // namespace portcullis::gateway
