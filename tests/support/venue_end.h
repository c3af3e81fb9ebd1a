// The venue's end of the gate's link in a test's own hands, over TCP or over shared memory: bytes, and
// what a venue may do wrong with them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include "gateway/journal/files.h"
#include "tests/support/gate_process.h"

namespace portcullis::test {

// Nothing here blocks. Gone with its connection.
class VenueEnd {
 public:
  VenueEnd() = default;
  VenueEnd(const VenueEnd&) = delete;
  VenueEnd& operator=(const VenueEnd&) = delete;
  virtual ~VenueEnd() = default;

  // What is there. 0: nothing now; negative: the gate has ended it.
  virtual std::ptrdiff_t read(std::span<std::byte> into) = 0;
  // What fits. 0: nothing now; negative: the gate has ended it.
  virtual std::ptrdiff_t write(std::span<const std::byte> from) = 0;
  // The first page of the shared memory (gateway/shm/LINK.md), to spoil; empty over TCP.
  [[nodiscard]] virtual std::span<std::byte> page() { return {}; }
};

class VenueDoor {
 public:
  // TCP: a port that the system picks.
  VenueDoor();
  // TCP on that port; or at that socket.
  VenueDoor(VenueLink link, std::uint16_t port, const std::filesystem::path& socket);

  [[nodiscard]] std::uint16_t port() const { return port_; }
  // The next gate that connects; null, and the test fails, when none does for kPatience.
  std::unique_ptr<VenueEnd> accept();

 private:
  void listen(std::uint16_t port);

  VenueLink link_ = VenueLink::Tcp;
  gateway::journal::Fd door_;
  std::uint16_t port_ = 0;
};

}  // namespace portcullis::test
