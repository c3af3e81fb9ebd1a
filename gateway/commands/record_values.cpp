#include "gateway/commands/record_values.h"

#include <fmt/chrono.h>

#include <ctime>

#include "risk/types.h"

namespace portcullis::gateway {

namespace {

template <class Index>
std::string_view name_of(const config::SymbolTable<Index>& table, Index index) {
  return index.value < table.size() ? std::string_view(table.name(index)) : std::string_view();
}

}  // namespace

std::string_view RecordValues::name(risk::AccountIndex index) const {
  return deployment_ == nullptr ? "" : name_of(deployment_->names.accounts, index);
}
std::string_view RecordValues::name(risk::InstrumentIndex index) const {
  return deployment_ == nullptr ? "" : name_of(deployment_->names.instruments, index);
}
std::string_view RecordValues::name(risk::SessionIndex index) const {
  return deployment_ == nullptr ? "" : name_of(deployment_->names.sessions, index);
}
std::string_view RecordValues::name(risk::AssetIndex index) const {
  return deployment_ == nullptr ? "" : name_of(deployment_->names.assets, index);
}
std::string_view RecordValues::name(risk::NodeIndex index) const {
  return deployment_ == nullptr ? "" : name_of(deployment_->names.nodes, index);
}
std::string_view RecordValues::set_name(std::uint32_t set) const {
  if (deployment_ == nullptr || set >= deployment_->names.sets.size()) return "";
  return deployment_->names.sets[set].name;
}
std::string_view RecordValues::group_name(std::uint32_t group) const {
  return deployment_ == nullptr ? ""
                                : name_of(deployment_->names.risk_groups, risk::GroupIndex{group});
}

std::string_view RecordValues::scenario_name(std::uint32_t set, std::uint32_t group,
                                             std::uint32_t scenario) const {
  if (deployment_ == nullptr || set >= deployment_->names.sets.size()) return "";
  const auto& columns = deployment_->names.sets[set].columns;
  const std::size_t list = group == risk::kNone32 ? 0 : group;
  return list < columns.size() && scenario < columns[list].size()
             ? std::string_view(columns[list][scenario])
             : std::string_view();
}

std::string_view RecordValues::name_at(risk::NodeLevel level, std::uint32_t node) const {
  switch (level) {
    case risk::NodeLevel::Account:
      return name(risk::AccountIndex{node});
    case risk::NodeLevel::Session:
      return name(risk::SessionIndex{node});
    case risk::NodeLevel::Venue:
    case risk::NodeLevel::Member:
    case risk::NodeLevel::Group:
      return name(risk::NodeIndex{node});
  }
  return "";
}

std::string_view RecordValues::name_in(std::string_view scope, std::uint32_t target) const {
  if (scope == "node") return name(risk::NodeIndex{target});
  if (scope == "account") return name(risk::AccountIndex{target});
  if (scope == "session" || scope == "session_accounts") return name(risk::SessionIndex{target});
  if (scope == "instrument" || scope == "mark") return name(risk::InstrumentIndex{target});
  if (scope == "index") return name(risk::AssetIndex{target});
  return "";
}

// --- decimals

const config::InstrumentSettings* RecordValues::settings(risk::InstrumentIndex index) const {
  if (deployment_ == nullptr || index.value >= deployment_->instruments.size()) return nullptr;
  return &deployment_->instruments[index.value];
}

RecordValues::Text RecordValues::price(risk::InstrumentIndex instrument, risk::Price price) const {
  const config::InstrumentSettings* of = settings(instrument);
  if (of == nullptr) return std::nullopt;
  const std::int64_t marks = deployment_->parameters.instruments[instrument.value].marks_per_tick;
  return config::to_decimal(risk::Int128{price.raw} * marks, of->mark_decimals);
}
RecordValues::Text RecordValues::lots(risk::InstrumentIndex instrument, risk::Lots lots) const {
  const config::InstrumentSettings* of = settings(instrument);
  if (of == nullptr) return std::nullopt;
  return config::to_decimal(risk::Int128{lots.raw} * of->lot, of->quantity_decimals);
}
RecordValues::Text RecordValues::mark(risk::InstrumentIndex instrument, risk::Mark mark) const {
  const config::InstrumentSettings* of = settings(instrument);
  if (of == nullptr) return std::nullopt;
  return config::to_decimal(mark.raw, of->mark_decimals);
}
RecordValues::Text RecordValues::units(risk::AssetIndex asset, risk::Int128 units) const {
  if (deployment_ == nullptr || asset.value >= deployment_->assets.size()) return std::nullopt;
  return config::to_decimal(units, deployment_->assets[asset.value].decimals);
}
RecordValues::Text RecordValues::index(risk::AssetIndex asset, std::int64_t index) const {
  if (deployment_ == nullptr || asset.value >= deployment_->assets.size()) return std::nullopt;
  return config::to_decimal(index, deployment_->assets[asset.value].index_decimals);
}
RecordValues::Text RecordValues::funding(risk::InstrumentIndex instrument,
                                         std::int64_t funding) const {
  constexpr int kFundingDigits = 9;  // of risk::kFundingScale
  if (settings(instrument) == nullptr) return std::nullopt;
  const risk::AssetIndex asset = deployment_->parameters.instruments[instrument.value].settlement;
  return config::to_decimal(funding, deployment_->assets[asset.value].decimals + kFundingDigits);
}
RecordValues::Text RecordValues::quanta(risk::Int128 quanta) const {
  if (deployment_ == nullptr) return std::nullopt;
  return config::to_decimal(quanta, deployment_->risk_decimals);
}

RecordValues::Text RecordValues::arithmetic(const RecordContext& context,
                                            std::int64_t value) const {
  constexpr int kSecondsScale = 9;
  if (gate::name_of(context.reason).empty()) return std::nullopt;
  switch (risk::info(context.reason).unit) {
    case risk::ArithmeticUnit::None:
    case risk::ArithmeticUnit::Count:
      return std::nullopt;
    case risk::ArithmeticUnit::Lots:
      return lots(context.instrument, {value});
    case risk::ArithmeticUnit::Ticks:
      return price(context.instrument, {value});
    case risk::ArithmeticUnit::Quanta:
      return quanta(value);
    case risk::ArithmeticUnit::Nanoseconds:
      return config::to_decimal(value, kSecondsScale);
    case risk::ArithmeticUnit::Ppm:
      return config::to_decimal(value, config::kPpmScale);
  }
  return std::nullopt;
}

// --- texts

std::string utc_text(std::int64_t ns) {
  const auto seconds = static_cast<std::time_t>(risk::floor_div(ns, risk::kSecondNs));
  const auto rest = static_cast<std::int64_t>(ns - risk::Int128{seconds} * risk::kSecondNs);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:09}Z", fmt::gmtime(seconds), rest);
}

std::string flag_names(std::uint16_t flags) {
  std::string text;
  for (std::size_t bit = 0; bit < gate::kOrderFlagNames.size(); ++bit) {
    if ((flags >> bit & 1) == 0) continue;
    if (!text.empty()) text += '|';
    text += gate::kOrderFlagNames[bit];
  }
  return text;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.remove_suffix(1);
  return text;
}

}  // namespace portcullis::gateway
