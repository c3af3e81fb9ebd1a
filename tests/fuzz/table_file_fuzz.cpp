// Files of risk tables from anywhere: no crash, a refused one says why, and what is accepted is the
// only file of that table, byte by byte, within the bounds that are written down.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "feeds/table_log.h"
#include "tests/fuzz/json_text.h"

using namespace portcullis;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> bytes = std::as_bytes(std::span(data, size));
  const feeds::LoadedTable loaded = feeds::decode_table(bytes);
  require((loaded.table == nullptr) == !loaded.problem.empty());
  if (loaded.table == nullptr) return 0;
  const risk::RiskTable& table = *loaded.table;
  require(table.measures.size() <= feeds::kTableRowsMax);
  require(table.anchors.size() <= feeds::kTableAnchorsMax);
  require(table.measures.empty() ? table.gains.empty()
                                 : table.gains.size() % table.measures.size() == 0);
  const std::vector<std::byte> again = feeds::encode_table(table);
  require(std::ranges::equal(again, bytes));
  return 0;
}
