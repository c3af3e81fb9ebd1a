// Conditions that end-to-end tests wait for instead of sleeping.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string_view>

#include "tests/support/gate_process.h"

namespace portcullis::test {

// Until the gate takes orders and has the prices that they need: logs in as CHARL1, which the tests have
// no other use for, and asks with orders far beyond the collar, which are refused in any case.
void wait_for_link(std::uint16_t gate_port, std::string_view password = kClientPassword);

// Until the other end, a process on this machine, has read all that was sent on this socket.
void wait_until_read(int fd);

// Until the venue counts so many of something.
void wait_for_venue_stat(const TestDeployment& deployment, const VenueProcess& venue,
                         std::string_view name, std::int64_t value);

// Until a process that has nothing to do sleeps.
void wait_until_asleep(pid_t pid);

// Until the journal has a file for the stream of each of so many sessions: it opens one when the
// first message of the stream is written.
void wait_for_stream_files(const TestDeployment& deployment, std::ptrdiff_t sessions);

// From now on a process may open so many files more and not another one.
void allow_more_files(pid_t pid, std::uint64_t count);

// From now on a process can write no further than this into any file: its disk is full.
void limit_file_size(pid_t pid, std::uint64_t bytes);

// Memory that a process really has.
[[nodiscard]] std::int64_t resident_bytes(pid_t pid);

}  // namespace portcullis::test
