#include "gateway/shard/socket.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>

namespace portcullis::gateway::shard {

using boost::asio::ip::tcp;
using boost::system::error_code;

void Socket::open(tcp::socket&& connected) {
  socket_ = std::move(connected);
  error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
  open_ = readable_ = writable_ = true;
}

void Socket::close() noexcept {
  if (!open_) return;
  open_ = readable_ = writable_ = false;
  error_code ignored;
  socket_.close(ignored);
}

void Socket::wait_read() {
  readable_ = false;
  if (reading_) return;
  reading_ = true;
  socket_.async_wait(tcp::socket::wait_read, in_memory(read_memory_, [this](error_code) {
                       reading_ = false;
                       readable_ = open_;
                     }));
}

void Socket::wait_write() {
  writable_ = false;
  if (writing_) return;
  writing_ = true;
  socket_.async_wait(tcp::socket::wait_write, in_memory(write_memory_, [this](error_code) {
                       writing_ = false;
                       writable_ = open_;
                     }));
}

std::ptrdiff_t Socket::read(std::span<std::byte> into) {
  if (!readable_ || into.empty()) return 0;
  error_code error;
  const std::size_t n = socket_.read_some(boost::asio::buffer(into.data(), into.size()), error);
  if (error == boost::asio::error::would_block) {
    wait_read();
    return 0;
  }
  if (error) return -1;
  // A short read has emptied the socket: the next look can wait for Asio's word.
  if (n < into.size()) wait_read();
  return static_cast<std::ptrdiff_t>(n);
}

std::ptrdiff_t Socket::write(std::span<const std::byte> from) {
  if (!writable_ || from.empty()) return 0;
  error_code error;
  const std::size_t n = socket_.write_some(boost::asio::buffer(from.data(), from.size()), error);
  if (error == boost::asio::error::would_block) {
    wait_write();
    return 0;
  }
  if (error) return -1;
  return static_cast<std::ptrdiff_t>(n);
}

}  // namespace portcullis::gateway::shard
