// A deployment with a future whose risk is in a table, and such tables.
#pragma once

#include <cstdint>
#include <vector>

#include "config/deployment.h"
#include "feeds/table_log.h"
#include "tests/support/example_config.h"

namespace portcullis::test {

// The example with a future of BTC, BTC-DEC, the only row of the risk group 0.
[[nodiscard]] std::vector<Change> with_table_future();

// A table of the group 0 where a lot loses so many quanta in every column, in its table's units. It is
// written nowhere.
[[nodiscard]] feeds::PublishedTable future_table(const config::Deployment& deployment,
                                                 std::uint64_t version, std::int32_t loss,
                                                 risk::Timestamp as_of);

}  // namespace portcullis::test
