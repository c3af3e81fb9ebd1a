// Who gave the command that a record of the journal is: the operator of the record before it. For those
// who read all records in their order.
#pragma once

#include <cstdint>

#include "gateway/gate/record_fields.h"
#include "gateway/gate/records.h"
#include "gateway/journal/format.h"

namespace portcullis::gateway::gate {

struct CommandGiver {
  OperatorRecord who{};
  std::uint64_t command_by = 0;  // the record that `who` gave; 0: none

  // The next record. Whether it is a command that an operator gave: `who`.
  bool take(const journal::RecordView& record) {
    const bool is_given = command_by == record.sequence;
    const bool is_operator = static_cast<RecordType>(record.type) == RecordType::Operator;
    if (is_operator && read_record(record, who)) command_by = record.sequence + 1;
    return is_given;
  }
};

}  // namespace portcullis::gateway::gate
