// Once constructed, a connection and the OUCH codec do not allocate: every operator new of this
// program is counted.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <new>

#include "gateway/ouch/messages.h"
#include "gateway/soup/client_connection.h"
#include "gateway/soup/server_connection.h"
#include "tests/support/wire_bytes.h"

namespace {
std::size_t allocations = 0;
}  // namespace

// Not inlined, or GCC takes the malloc inside for a mismatch with operator delete.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void* operator new[](std::size_t size) { return operator new(size); }
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }
void operator delete[](void* memory) noexcept { operator delete(memory); }
void operator delete[](void* memory, std::size_t) noexcept { operator delete(memory); }

namespace portcullis::gateway::soup_no_alloc_test {
namespace {

template <class From, class To>
void carry(From& from, To& to, std::int64_t now_ns) {
  const auto output = from.output();
  const auto input = to.input();
  const std::size_t n = std::min(output.size(), input.size());
  std::copy_n(output.begin(), n, input.begin());
  to.received(n, now_ns);
  from.sent(n);
}

TEST(SoupNoAlloc, TheCounterCounts) {
  const std::size_t before = allocations;
  ::operator delete(::operator new(1));  // a new-expression could be left out by the compiler
  EXPECT_GT(allocations, before);
}

TEST(SoupNoAlloc, ASessionFromLoginToLogoutAllocatesNothing) {
  const soup::LinkSettings settings{};
  soup::ServerConnection server(settings, 0);
  soup::ClientConnection client(settings, 0);
  std::size_t orders = 0;
  std::size_t answers = 0;
  bool logged_out = false;
  const std::size_t before = allocations;

  for (int day = 0; day < 2; ++day) {
    server.reset(0);
    client.reset(0);
    bool ok = client.login({.username = "member", .password = "secret", .session = "S1"});
    carry(client, server, 0);
    ok = ok && server.next_event().type == soup::ServerEvent::Type::LoginRequest;
    ok = ok && server.accept_login("S1", 1) && server.send_debug("welcome");
    for (std::int64_t now_ns = 0; ok && now_ns < 100'000'000'000; now_ns += 100'000'000) {
      std::array<std::byte, ouch::kMaxMessageSize> payload;
      ouch::EnterOrder order{.user_ref_num = 7, .symbol = test::text<8>("AAPL"), .appendage = {}};
      order.appendage.mark(ouch::Tag::Firm);
      (void)client.send_unsequenced(std::span(payload).first(ouch::encode(order, payload)));
      client.on_time(now_ns);
      server.on_time(now_ns);
      carry(client, server, now_ns);
      for (auto event = server.next_event(); event.type != soup::ServerEvent::Type::None;
           event = server.next_event()) {
        ouch::InboundMessage message;
        if (ouch::decode(event.payload, message) != ouch::DecodeError::None) continue;
        ++orders;
        const std::size_t size =
            ouch::encode(ouch::Rejected{.user_ref_num = 7, .appendage = {}}, payload);
        ok = ok && server.send_sequenced(std::span(payload).first(size));
      }
      carry(server, client, now_ns);
      for (auto event = client.next_event(); event.type != soup::ClientEvent::Type::None;
           event = client.next_event()) {
        ouch::OutboundMessage message;
        if (event.type != soup::ClientEvent::Type::SequencedData) continue;
        if (ouch::decode(event.payload, message) == ouch::DecodeError::None) ++answers;
      }
    }
    ok = ok && client.logout();
    carry(client, server, 0);
    logged_out = ok && server.next_event().type == soup::ServerEvent::Type::Logout;
  }

  EXPECT_EQ(allocations, before);
  EXPECT_TRUE(logged_out);
  EXPECT_GT(orders, 1'900U);
  EXPECT_EQ(answers, orders);
}

}  // namespace
}  // namespace portcullis::gateway::soup_no_alloc_test
