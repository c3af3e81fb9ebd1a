// Counts what the order path may not do, or not often, on the calling thread while it is asked to:
// memory taken, mutexes locked, clocks read. The functions of the C library are replaced in the
// program that includes this: include it in one source file of it.
//
// Under a sanitizer, which replaces them itself, nothing is counted.
#pragma once

#include <dlfcn.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace portcullis::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kCallsAreCounted = false;
#else
inline constexpr bool kCallsAreCounted = true;
#endif

struct Calls {
  std::uint64_t allocations = 0;  // malloc, calloc, realloc, aligned_alloc, so operator new too
  std::uint64_t locks = 0;        // pthread mutexes
  std::uint64_t clock_reads = 0;  // clock_gettime, so std::chrono's clocks too
  std::uint64_t polls = 0;        // epoll_wait that does not wait
  std::uint64_t waits = 0;        // epoll_wait that may
  std::uint64_t receives = 0;     // recv that received something
  std::uint64_t writes = 0;       // write, so rings of an eventfd too
  // recv and send, by descriptor; of those beyond in the last.
  static constexpr int kDescriptors = 256;
  std::array<std::uint64_t, kDescriptors> socket_calls{};
};

inline thread_local Calls t_calls;
inline thread_local bool t_counting = false;
// Off: nothing is counted on any thread.
inline std::atomic<bool> g_measuring{true};

// Counts on this thread while it lives; they nest.
class Counting {
 public:
  explicit Counting(bool on = true) : before_(t_counting) { t_counting = on; }
  ~Counting() { t_counting = before_; }
  Counting(const Counting&) = delete;
  Counting& operator=(const Counting&) = delete;

 private:
  bool before_;
};

inline void count(std::uint64_t Calls::*what) {
  if (t_counting && g_measuring.load(std::memory_order_relaxed)) ++(t_calls.*what);
}

inline void count_socket_call(int socket) {
  if (!t_counting || !g_measuring.load(std::memory_order_relaxed)) return;
  ++t_calls.socket_calls[static_cast<std::size_t>(std::min(socket, Calls::kDescriptors - 1))];
}

template <class Function>
Function* c_library(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace portcullis::test

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): glibc's names for what is replaced here
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) noexcept {
  portcullis::test::count(&portcullis::test::Calls::allocations);
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) noexcept {
  portcullis::test::count(&portcullis::test::Calls::allocations);
  return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) noexcept {
  portcullis::test::count(&portcullis::test::Calls::allocations);
  return __libc_realloc(memory, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  portcullis::test::count(&portcullis::test::Calls::allocations);
  return __libc_memalign(alignment, size);
}
int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
  static auto* const real =
      portcullis::test::c_library<int(pthread_mutex_t*)>("pthread_mutex_lock");
  portcullis::test::count(&portcullis::test::Calls::locks);
  return real(mutex);
}
int pthread_mutex_trylock(pthread_mutex_t* mutex) noexcept {
  static auto* const real =
      portcullis::test::c_library<int(pthread_mutex_t*)>("pthread_mutex_trylock");
  portcullis::test::count(&portcullis::test::Calls::locks);
  return real(mutex);
}
int clock_gettime(clockid_t clock, timespec* time) noexcept {
  static auto* const real = portcullis::test::c_library<int(clockid_t, timespec*)>("clock_gettime");
  portcullis::test::count(&portcullis::test::Calls::clock_reads);
  return real(clock, time);
}
int epoll_wait(int epoll, epoll_event* events, int most, int timeout) {
  static auto* const real =
      portcullis::test::c_library<int(int, epoll_event*, int, int)>("epoll_wait");
  portcullis::test::count(timeout == 0 ? &portcullis::test::Calls::polls
                                       : &portcullis::test::Calls::waits);
  return real(epoll, events, most, timeout);
}
ssize_t recv(int socket, void* buffer, std::size_t size, int flags) {
  static auto* const real =
      portcullis::test::c_library<ssize_t(int, void*, std::size_t, int)>("recv");
  const ssize_t n = real(socket, buffer, size, flags);
  if (n > 0) portcullis::test::count(&portcullis::test::Calls::receives);
  portcullis::test::count_socket_call(socket);
  return n;
}
ssize_t send(int socket, const void* buffer, std::size_t size, int flags) {
  static auto* const real =
      portcullis::test::c_library<ssize_t(int, const void*, std::size_t, int)>("send");
  portcullis::test::count_socket_call(socket);
  return real(socket, buffer, size, flags);
}
ssize_t sendmsg(int socket, const msghdr* message, int flags) {
  static auto* const real =
      portcullis::test::c_library<ssize_t(int, const msghdr*, int)>("sendmsg");
  portcullis::test::count_socket_call(socket);
  return real(socket, message, flags);
}
ssize_t write(int file, const void* buffer, std::size_t size) {
  static auto* const real =
      portcullis::test::c_library<ssize_t(int, const void*, std::size_t)>("write");
  portcullis::test::count(&portcullis::test::Calls::writes);
  return real(file, buffer, size);
}
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
#endif
