#include "gateway/commands/calibration_json.h"

#include <fmt/format.h>

#include <functional>
#include <optional>
#include <string>

#include "config/json.h"

namespace portcullis::gateway {

namespace {

using namespace feeds::calibration;

// The items, one a line, between brackets.
template <class Items>
std::string lines(const Items& items, std::string_view indent, char open, char close,
                  const std::function<std::string(const typename Items::value_type&)>& text_of) {
  std::string text(1, open);
  const char* separator = "\n";
  for (const auto& item : items) {
    text += fmt::format("{}{}  {}", separator, indent, text_of(item));
    separator = ",\n";
  }
  return text + (items.empty() ? "" : fmt::format("\n{}", indent)) + close;
}

std::string_view side(Side of) { return of == Side::Down ? "down" : "up"; }

std::string day(Day of) { return config::quote(feeds::calibration::to_text(of)); }

std::string ppm_or_null(const std::optional<std::int64_t>& ppm) {
  return ppm ? std::to_string(*ppm) : "null";
}

std::string settings_json(const Settings& of) {
  return fmt::format(
      "{{\n"
      "    \"horizon_days\": {},\n    \"haircut_horizon_days\": {},\n"
      "    \"shock_tail_ppm\": {},\n    \"floor_tail_ppm\": {},\n    \"floor_years\": {},\n"
      "    \"lambda_ppm\": {},\n    \"warm_up_days\": {},\n"
      "    \"buffer_ppm\": {},\n    \"stress_weight_ppm\": {},\n    \"stress_days\": {},\n"
      "    \"step_max_ppm\": {},\n    \"recent_days\": {},\n    \"correlation_days\": {},\n"
      "    \"returns_min\": {},\n    \"jump_ppm\": {},\n    \"gap_days\": {},\n"
      "    \"unchanged\": {}\n  }}",
      of.horizon, of.haircut_horizon, of.shock_tail_ppm, of.floor_tail_ppm, of.floor_years,
      of.lambda_ppm, of.warm_up, of.buffer_ppm, of.stress_weight_ppm, of.stress_days,
      of.step_max_ppm, of.recent, of.correlation_days, of.returns_min, of.findings.jump_ppm,
      of.findings.gap_days, of.findings.unchanged);
}

std::string inputs_json(const PriceInputs& inputs) {
  std::vector<std::string> items;
  for (std::size_t i = 0; i < inputs.series.size(); ++i) {
    const SeriesSource& source = inputs.sources[i];
    items.push_back(fmt::format(
        "{{ \"factor\": {}, \"file\": {}, \"column\": {}, \"divisor\": {}, \"sha256\": \"{}\" }}",
        config::quote(source.name), config::quote(source.file), config::quote(source.column),
        config::quote(source.divisor), inputs.sha256[i]));
  }
  return lines(items, "  ", '[', ']', [](const std::string& item) { return item; });
}

std::string finding_json(const Finding& of) {
  return fmt::format(
      R"({{ "kind": "{}", "factor": {}, "from": {}, "to": {}, "size": {}, "text": {} }})",
      name_of(of.kind), config::quote(of.series), day(of.from), day(of.to), of.size,
      config::quote(of.text));
}

std::string figure_json(const Figure& of) {
  return fmt::format(
      R"({{ "window": "{}", "days": {}, "side": "{}", "tail_ppm": {}, "returns": {}, "var_ppm": {}, )"
      R"("es_ppm": {} }})",
      name_of(of.window), of.days, side(of.side), of.tail_ppm, of.returns, of.var_ppm, of.es_ppm);
}

std::string estimate_json(const Estimate& of) {
  return fmt::format(
      R"({{ "side": "{}", "tail_ppm": {}, "unscaled_ppm": {}, "scaled_ppm": {}, "floored_ppm": {}, )"
      R"("buffered_ppm": {}, "stressed_ppm": {} }})",
      side(of.side), of.tail_ppm, of.unscaled_ppm, of.scaled_ppm, of.floored_ppm, of.buffered_ppm,
      of.stressed_ppm);
}

std::string extreme_json(const Extreme& of) {
  return fmt::format(R"({{ "date": {}, "move_ppm": {} }})", day(of.day), of.move_ppm);
}

std::string factor_json(const FactorEvidence& of) {
  std::string text = fmt::format("{}: {{\n", config::quote(of.name));
  text += fmt::format(
      "      \"shock_ppm\": {},\n      \"target_ppm\": {},\n      \"scaled_ppm\": {},\n"
      "      \"floor_ppm\": {},\n      \"previous_ppm\": {},\n"
      "      \"residual_haircut_ppm\": {},\n      \"debt_addon_ppm\": {},\n"
      "      \"leverage_ppm\": {},\n      \"fall_ppm\": {},\n      \"rise_ppm\": {},\n"
      "      \"volatility_ppm\": {},\n      \"falls_beyond\": {},\n      \"rises_beyond\": {},\n",
      of.shock_ppm, of.target_ppm, of.scaled_ppm, of.floor_ppm, ppm_or_null(of.previous_ppm),
      of.residual_ppm, of.debt_addon_ppm, of.leverage_ppm, of.fall_ppm, of.rise_ppm,
      of.volatility_ppm, of.falls_beyond, of.rises_beyond);
  text += fmt::format(
      "      \"prices\": {},\n      \"without_price\": {},\n      \"first\": {},\n"
      "      \"last\": {},\n      \"returns\": {},\n      \"days_kept_off\": {},\n"
      "      \"floor_from\": {},\n      \"floor_returns\": {},\n      \"stress_from\": {},\n"
      "      \"stress_to\": {},\n      \"worst_fall\": {},\n      \"worst_rise\": {},\n",
      of.prices, of.absent, day(of.first_price), day(of.last_price), of.returns.values.size(),
      of.kept_off, day(of.floor_from), of.floor_returns, day(of.stress_from), day(of.stress_to),
      extreme_json(of.worst_fall), extreme_json(of.worst_rise));
  text += fmt::format("      \"estimates\": {},\n      \"figures\": {}\n    }}",
                      lines(of.estimates, "      ", '[', ']', estimate_json),
                      lines(of.figures, "      ", '[', ']', figure_json));
  return text;
}

std::string book_json(const BookFigure& of) {
  return fmt::format(R"({{ "days": {}, "side": "{}", "tail_ppm": {}, "var_ppm": {}, "es_ppm": {}, )"
                     R"("parts_es_ppm": {} }})",
                     of.days, side(of.side), of.tail_ppm, of.var_ppm, of.es_ppm, of.parts_es_ppm);
}

std::string pair_json(const Evidence& evidence, const PairEvidence& of) {
  return fmt::format(
      R"({{ "a": {}, "b": {}, "correlation_ppm": {}, "lowest_ppm": {}, "highest_ppm": {}, )"
      R"("latest_ppm": {}, "spread_floor_tail_ppm": {}, "spread_shock_tail_ppm": {} }})",
      config::quote(evidence.factors[of.a].name), config::quote(evidence.factors[of.b].name),
      ppm_or_null(of.correlation_ppm), ppm_or_null(of.lowest_ppm), ppm_or_null(of.highest_ppm),
      ppm_or_null(of.latest_ppm), of.spread_floor_tail_ppm, of.spread_shock_tail_ppm);
}

std::string row_json(const Evidence& evidence, const HistoryRow& of) {
  std::string moves;
  for (std::size_t f = 0; f < of.moves_ppm.size(); ++f) {
    moves += fmt::format("{}{}: {}", f == 0 ? "" : ", ", config::quote(evidence.factors[f].name),
                         of.moves_ppm[f]);
  }
  return fmt::format(R"({{ "date": {}, "moves_ppm": {{ {} }} }})", day(of.day), moves);
}

}  // namespace

std::string calibration_json(const Evidence& evidence, const PriceInputs& inputs) {
  std::string text = "{\n  \"calibration\": 1,\n";
  text += fmt::format("  \"settings\": {},\n", settings_json(evidence.settings));
  text += fmt::format("  \"inputs\": {},\n", inputs_json(inputs));
  text += fmt::format("  \"left_out\": {},\n",
                      lines(inputs.left_out, "  ", '[', ']',
                            [](const std::string& item) { return config::quote(item); }));
  text +=
      fmt::format("  \"findings\": {},\n", lines(evidence.findings, "  ", '[', ']', finding_json));
  text += fmt::format("  \"calendar\": {{ \"first\": {}, \"last\": {}, \"days\": {} }},\n",
                      day(evidence.calendar.days.front()), day(evidence.calendar.days.back()),
                      evidence.calendar.days.size());
  text += fmt::format("  \"factors\": {},\n", lines(evidence.factors, "  ", '{', '}', factor_json));
  text += fmt::format(
      "  \"joint\": {{\n    \"first\": {},\n    \"last\": {},\n    \"rows\": {},\n"
      "    \"equal_notional\": {},\n    \"pairs\": {},\n    \"breaks\": {}\n  }}\n}}\n",
      day(evidence.joint.days.front()), day(evidence.joint.days.back()), evidence.joint.days.size(),
      lines(evidence.book, "    ", '[', ']', book_json),
      lines(evidence.pairs, "    ", '[', ']',
            [&](const PairEvidence& pair) { return pair_json(evidence, pair); }),
      lines(evidence.breaks, "    ", '[', ']',
            [&](const HistoryRow& row) { return row_json(evidence, row); }));
  return text;
}

}  // namespace portcullis::gateway
