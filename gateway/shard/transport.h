// The world as a shard sees it, at the granularity of system calls: connections and the clock. Over
// sockets it is SocketTransport; in memory it is a test's, which can be as bad as it likes.
//
// The shard's thread only. Nothing here blocks. A connection is a small number: kVenue, or one of
// kVenue + 1 .. kVenue + connections_max, and another client's after it was closed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace portcullis::gateway::shard {

class Transport {
 public:
  static constexpr std::uint32_t kVenue = 0;

  enum class Accept : std::uint8_t {
    None,       // nobody has connected
    Connected,  // a client has
    Refused,    // one has, beyond connections_max; it is closed again
    Failed,     // there is no file for a connection: ask again later
  };
  struct Accepted {
    Accept outcome = Accept::None;
    std::uint32_t connection = 0;  // where it is Connected
    // From where: an IPv4 address, or the 64 bits of an IPv6 address that a network is given; 0: not
    // known, and not limited.
    std::uint64_t address = 0;
  };
  enum class Connect : std::uint8_t { Pending, Connected, Failed };

  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  // Nanoseconds since the epoch.
  [[nodiscard]] virtual std::int64_t now_ns() noexcept = 0;

  // Once a pass: learns what can be read and written. True: something has become so.
  virtual bool poll() = 0;

  // The next client that has connected.
  virtual Accepted accept() = 0;
  // From now on nobody can connect.
  virtual void stop_accepting() = 0;

  // Begins to connect kVenue. REQUIRES: it is closed. False: not yet, the old connection is not
  // quite gone.
  virtual bool connect_venue() = 0;
  // What has become of it. REQUIRES: begun, and not told yet.
  virtual Connect venue_outcome() = 0;
  // It has taken too long, and has Failed, be it later. REQUIRES: begun, and not told yet.
  virtual void give_up_venue() = 0;

  // Of an open connection. There may be bytes, or its end, to read.
  [[nodiscard]] virtual bool readable(std::uint32_t connection) const = 0;
  // Reads what is there into `into`. 0: nothing now. Negative: ended or failed, to be closed.
  virtual std::ptrdiff_t read(std::uint32_t connection, std::span<std::byte> into) = 0;
  // Writes what fits. 0: nothing now. Negative: failed, to be closed.
  virtual std::ptrdiff_t write(std::uint32_t connection, std::span<const std::byte> from) = 0;
  // At once: what was written may still arrive, what was not read is gone.
  virtual void close(std::uint32_t connection) = 0;
};

}  // namespace portcullis::gateway::shard
