#include "gateway/shard/memory_link.h"

#include <utility>

namespace portcullis::gateway::shard {

using boost::asio::posix::stream_descriptor;
using boost::system::error_code;

MemoryLink::MemoryLink(boost::asio::io_context& io, const config::SharedMemorySettings& settings)
    : settings_(settings), bell_(io), end_(io) {}

bool MemoryLink::connect() {
  journal::Fd socket = shm::connect_to(settings_.path);
  if (!socket || !link_.begin(std::move(socket), settings_.ring_bytes).empty()) return false;
  error_code error;
  bell_.assign(link_.bell_fd(), error);
  if (!error) end_.assign(link_.socket_fd(), error);
  if (error) {
    close();
    return false;
  }
  wants_room_ = false;
  wait_for_end();
  return true;
}

// The descriptors are the link's.
void MemoryLink::close() noexcept {
  if (bell_.is_open()) bell_.release();
  if (end_.is_open()) end_.release();
  link_.close();
}

void MemoryLink::wait_for_bell() {
  if (waits_for_bell_) return;
  waits_for_bell_ = true;
  bell_.async_wait(stream_descriptor::wait_read,
                   in_memory(bell_memory_, [this](error_code) { waits_for_bell_ = false; }));
}

void MemoryLink::wait_for_end() {
  waits_for_end_ = true;
  end_.async_wait(stream_descriptor::wait_read, in_memory(end_memory_, [this](error_code error) {
                    waits_for_end_ = false;
                    if (!error && link_.is_open()) link_.look_at_socket();
                  }));
}

std::ptrdiff_t MemoryLink::read(std::span<std::byte> into) noexcept {
  return into.empty() ? 0 : link_.read(into);
}

std::ptrdiff_t MemoryLink::write(std::span<const std::byte> from) noexcept {
  if (from.empty()) return 0;
  const std::ptrdiff_t put = link_.write(from);
  wants_room_ = put >= 0 && static_cast<std::size_t>(put) < from.size();
  return put;
}

bool MemoryLink::will_sleep() {
  if (!link_.is_open()) return true;
  wait_for_bell();
  return link_.will_sleep(wants_room_);
}

void MemoryLink::awake() noexcept {
  if (link_.is_open()) link_.awake();
}

}  // namespace portcullis::gateway::shard
