// A gate's journal in a test: a small ring, flushed by hand, on the disk that fails when it is told to.
#pragma once

#include <memory>

#include "config/deployment.h"
#include "gateway/journal/journal.h"

namespace portcullis::test {

// Opens it as the process does: from the newest snapshot whose record it has. Of `options` the
// directory, the sizes of segments and durability are as they are given. Throws JournalError.
[[nodiscard]] std::unique_ptr<gateway::journal::Journal> open_small_journal(
    const config::Deployment& deployment, gateway::journal::Options options);

}  // namespace portcullis::test
