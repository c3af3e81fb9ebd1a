// What follows from a risk table without the market. Off the shard.
#include "risk/risk_table.h"

#include <algorithm>

#include "risk/parameters.h"
#include "risk/vectors.h"

namespace portcullis::risk {

namespace {

constexpr Int128 size_of(Int128 x) { return x < 0 ? -x : x; }

bool are_sound(const std::vector<Anchor>& anchors) {
  std::vector<std::uint32_t> instruments;
  for (const Anchor& anchor : anchors) {
    if (anchor.mark.raw <= 0) return false;
    instruments.push_back(anchor.instrument.value);
  }
  std::sort(instruments.begin(), instruments.end());
  return std::adjacent_find(instruments.begin(), instruments.end()) == instruments.end();
}

using Row = std::span<const std::int32_t>;

bool is_within(Row row, std::int32_t cap) {
  return std::all_of(row.begin(), row.end(),
                     [cap](std::int32_t gain) { return gain <= cap && gain >= -cap; });
}

RowWorst worst_of(Row row) {
  RowWorst worst;
  for (const std::int32_t gain : row) {
    worst.gain = std::max(worst.gain, gain);
    worst.loss = std::max(worst.loss, -gain);
  }
  return worst;
}

// METHOD 3.5: of one lot, which moves the reserve for rounding by half a unit.
void add_lot_loss(Row row, std::int64_t unit, std::vector<std::int64_t>& lot_loss) {
  for (std::size_t c = 0; c < row.size(); ++c) {
    const Int128 fines = size_of(row[c]) * unit + ceil_div(unit, 2);
    lot_loss[c] = std::max(lot_loss[c], static_cast<std::int64_t>(std::min(fines, kSpanMax + 1)));
  }
}

Int128 moved_fines(Row row, Row before, std::int64_t unit, const TableMeasures& measures,
                   const TableMeasures& measures_before) {
  std::int64_t gains = 0;
  for (std::size_t c = 0; c < row.size(); ++c)
    gains = std::max(gains, std::abs(std::int64_t{row[c]} - before[c]));
  Int128 fines = Int128{gains} * unit;
  for (std::size_t m = 0; m < measures.size(); ++m)
    fines = std::max(fines, size_of(Int128{measures[m]} - measures_before[m]) * kPpm);
  return fines;
}

}  // namespace

std::vector<RowScale> row_scales(const Parameters& parameters, GroupIndex group) {
  if (group.value >= parameters.groups.size()) return {};
  const GroupParameters& of = parameters.groups[group.value];
  std::vector<RowScale> rows(of.row_count);
  for (const InstrumentParameters& instrument : parameters.instruments) {
    if (instrument.risk != RiskSource::Table ||
        instrument.factor.value - of.first_factor >= of.factor_count) {
      continue;
    }
    rows[instrument.row] = {instrument.vector_unit, instrument.vector_cap};
  }
  return rows;
}

TableFacts facts_of(const RiskTable& table, std::span<const RowScale> rows,
                    const RiskTable* before) {
  TableFacts facts;
  if (table.measures.size() != rows.size() || !are_sound(table.anchors)) return facts;
  const std::size_t columns = rows.empty() ? 0 : table.gains.size() / rows.size();
  if (table.gains.size() != rows.size() * columns) return facts;
  const auto row_of = [&](const RiskTable& of, std::size_t row) {
    return Row(of.gains).subspan(row * columns, columns);
  };
  for (std::size_t r = 0; r < rows.size(); ++r) {
    if (rows[r].vector_unit != 0 && !is_within(row_of(table, r), rows[r].vector_cap)) return facts;
  }
  const bool is_comparable = before != nullptr && before->gains.size() == table.gains.size() &&
                             before->measures.size() == table.measures.size();
  facts.is_sound = true;
  facts.worst.resize(rows.size());
  facts.lot_loss.resize(columns);
  if (is_comparable) {
    facts.since = before->id;
    facts.moved.resize(rows.size());
  }
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const std::int64_t unit = rows[r].vector_unit;
    if (unit == 0) continue;
    facts.worst[r] = worst_of(row_of(table, r));
    add_lot_loss(row_of(table, r), unit, facts.lot_loss);
    if (is_comparable) {
      facts.moved[r] = moved_fines(row_of(table, r), row_of(*before, r), unit, table.measures[r],
                                   before->measures[r]);
    }
  }
  return facts;
}

}  // namespace portcullis::risk
