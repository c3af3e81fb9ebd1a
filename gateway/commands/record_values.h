// What the numbers in the gate's records say, by the configuration that is kept beside a journal:
// names for indexes, decimals for ticks, lots and units. Without a configuration there are none.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "config/decimal.h"
#include "config/deployment.h"
#include "gateway/gate/record_fields.h"
#include "gateway/gate/record_names.h"

namespace portcullis::gateway {

// A struct whose fields are listed.
template <class T>
concept HasFields = requires(const T& value) {
  gate::for_each_field(value, [](auto&&...) {});
};

// What a record's other fields say of one of them.
struct RecordContext {
  risk::InstrumentIndex instrument;
  risk::AssetIndex asset;
  risk::RejectReason reason = risk::RejectReason::None;
  risk::NodeLevel level = risk::NodeLevel::Account;
  std::string_view scope;  // of what is the target: the name of the scope, or of the kind of price
};

template <HasFields Record>
void find_context(const Record& record, RecordContext& context) {
  gate::for_each_field(record, [&](std::string_view, const auto& member, gate::Meaning meaning) {
    using Member = std::remove_cvref_t<decltype(member)>;
    if constexpr (HasFields<Member>) {
      find_context(member, context);
    } else if constexpr (std::is_same_v<Member, risk::InstrumentIndex>) {
      context.instrument = member;
    } else if constexpr (std::is_same_v<Member, risk::AssetIndex>) {
      context.asset = member;
    } else if constexpr (std::is_same_v<Member, risk::NodeLevel>) {
      context.level = member;
    } else if constexpr (std::is_same_v<Member, risk::ControlScope> ||
                         std::is_same_v<Member, gate::SweepScope> ||
                         std::is_same_v<Member, risk::PriceKind>) {
      context.scope = gate::name_of(member);
    } else if constexpr (std::is_same_v<Member, risk::RejectReason>) {
      context.reason = member;  // the decision's, which comes behind those of the order
    } else if constexpr (std::is_same_v<Member, std::uint32_t>) {
      if (meaning == gate::Meaning::Instrument) context.instrument = {member};
    }
  });
}

// Names and decimals of one deployment, or of none. The deployment must outlive it.
class RecordValues {
 public:
  explicit RecordValues(const config::Deployment* deployment) : deployment_(deployment) {}

  [[nodiscard]] const config::Deployment* deployment() const { return deployment_; }

  // Empty: there is no such thing, or no configuration.
  [[nodiscard]] std::string_view name(risk::AccountIndex index) const;
  [[nodiscard]] std::string_view name(risk::InstrumentIndex index) const;
  [[nodiscard]] std::string_view name(risk::SessionIndex index) const;
  [[nodiscard]] std::string_view name(risk::AssetIndex index) const;
  [[nodiscard]] std::string_view name(risk::NodeIndex index) const;
  [[nodiscard]] std::string_view set_name(std::uint32_t set) const;
  [[nodiscard]] std::string_view group_name(std::uint32_t group) const;
  [[nodiscard]] std::string_view scenario_name(std::uint32_t set, std::uint32_t group,
                                               std::uint32_t scenario) const;
  // Of a node at a level, and of the target in a scope.
  [[nodiscard]] std::string_view name_at(risk::NodeLevel level, std::uint32_t node) const;
  [[nodiscard]] std::string_view name_in(std::string_view scope, std::uint32_t target) const;

  // Exact decimals; none: not known.
  using Text = std::optional<std::string>;
  [[nodiscard]] Text price(risk::InstrumentIndex instrument, risk::Price price) const;
  [[nodiscard]] Text lots(risk::InstrumentIndex instrument, risk::Lots lots) const;
  [[nodiscard]] Text mark(risk::InstrumentIndex instrument, risk::Mark mark) const;
  [[nodiscard]] Text units(risk::AssetIndex asset, risk::Int128 units) const;
  [[nodiscard]] Text index(risk::AssetIndex asset, std::int64_t index) const;
  // Of a lot, in the asset that the instrument is settled in.
  [[nodiscard]] Text funding(risk::InstrumentIndex instrument, std::int64_t funding) const;
  [[nodiscard]] Text quanta(risk::Int128 quanta) const;
  // A figure of a decision, in its reason's unit; none as well where that is a plain number.
  [[nodiscard]] Text arithmetic(const RecordContext& context, std::int64_t value) const;

 private:
  [[nodiscard]] const config::InstrumentSettings* settings(risk::InstrumentIndex index) const;

  const config::Deployment* deployment_;
};

// UTC with nanoseconds: "2026-01-05T10:00:00.000000001Z".
[[nodiscard]] std::string utc_text(std::int64_t ns);

// The names of the flags that are set, with | between.
[[nodiscard]] std::string flag_names(std::uint16_t flags);

// Fixed-width text without what pads it: spaces, or zeros.
[[nodiscard]] std::string_view trimmed(std::string_view text);
template <std::size_t N>
[[nodiscard]] std::string_view trimmed(const std::array<char, N>& text) {
  return trimmed(std::string_view(text.data(), N));
}

}  // namespace portcullis::gateway
