// Where the threads of the process run (process.json, gateway.cores). One placement for all of the process,
// as there is one clock: each thread moves itself as the first thing it does, so that what it is the
// first to touch is in the memory of its core's node.
#pragma once

#include <vector>

#include "config/cores.h"
#include "config/problem.h"

namespace portcullis::feeds {

// The main thread, which is the shard's, moves at once, and every other where it begins. Once, before there
// is a second thread. Where a core is named that the process may not use, nothing moves and each is told. It
// may use all that its cpuset has, not only what it was started on, which leaves isolated ones (isolcpus)
// out. Throws std::system_error where the system does not tell its cores. Without any
// setting nothing is asked of the system and nothing moves, here and in begin_thread().
[[nodiscard]] std::vector<config::Problem> place_threads(const config::CoreSettings& settings);

// First on each thread but the main one: takes its name, and its cores, or, where it has none, those that
// the process was started on, whoever starts it. A thread that it starts in turn is its like. Says so on
// standard error where the system has taken the cores away since place_threads(), and goes on where it is.
void begin_thread(config::Thread thread);

}  // namespace portcullis::feeds
