// What people deploy today, without any check: QuickFIX's acceptor takes the trader's session, its initiator
// holds the venue's, and each message of one goes out on the other. With TCP_NODELAY, without a data
// dictionary or log, and with its store in files, which is what lets it send again; nothing is synced.
//
// usage: wire_quickfix VENUE_PORT STORE_FOLDER
//
// In C++14 and by itself: its headers have exception specifications that later ones have not.
#include <netinet/in.h>
#include <quickfix/Application.h>
#include <quickfix/FileStore.h>
#include <quickfix/Session.h>
#include <quickfix/SessionSettings.h>
#include <quickfix/SocketAcceptor.h>
#include <quickfix/SocketInitiator.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>

namespace portcullis {
namespace bench {
namespace wire {
namespace {

std::atomic<bool> g_stopping{false};
extern "C" void stop_quickfix(int) { g_stopping.store(true); }

void nap() { std::this_thread::sleep_for(std::chrono::milliseconds(1)); }

const FIX::SessionID kTrader("FIX.4.4", "GATE", "TRADER");
const FIX::SessionID kVenue("FIX.4.4", "GATE", "VENUE");

class PassOn final : public FIX::Application {
 public:
  bool is_at_venue() const { return is_at_venue_.load(); }

  void onCreate(const FIX::SessionID&) noexcept override {}
  void onLogon(const FIX::SessionID& session) noexcept override {
    if (session == kVenue) is_at_venue_.store(true);
  }
  void onLogout(const FIX::SessionID&) noexcept override {}
  void toAdmin(FIX::Message&, const FIX::SessionID&) noexcept override {}
  void toApp(FIX::Message&, const FIX::SessionID&) noexcept override {}
  void fromAdmin(const FIX::Message&, const FIX::SessionID&) noexcept override {}
  void fromApp(const FIX::Message& message, const FIX::SessionID& from) noexcept override {
    FIX::Message onward = message;
    FIX::Session::sendToTarget(onward, from == kTrader ? kVenue : kTrader);
  }

 private:
  std::atomic<bool> is_at_venue_{false};
};

// It does not tell which port it was given: one that is free is looked for and told to it.
int free_port() {
  const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  const bool found = ::bind(probe, any, size) == 0 && ::getsockname(probe, any, &size) == 0;
  ::close(probe);
  if (!found) throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

// Of one session, whose own are in `side`.
FIX::SessionSettings settings_of(const FIX::SessionID& session, FIX::Dictionary side,
                                 const char* store) {
  side.setString("StartTime", "00:00:00");
  side.setString("EndTime", "00:00:00");
  side.setString("UseDataDictionary", "N");
  side.setString("CheckLatency", "N");
  side.setString("ResetOnLogon", "Y");
  side.setString("SocketNodelay", "Y");
  side.setString("HeartBtInt", "600");
  side.setString("ReconnectInterval", "1");
  side.setString("FileStorePath", store);
  FIX::SessionSettings settings;
  settings.set(session, side);
  return settings;
}

FIX::Dictionary acceptor_at(int port) {
  FIX::Dictionary side;
  side.setString("ConnectionType", "acceptor");
  side.setString("SocketAcceptPort", std::to_string(port));
  return side;
}

FIX::Dictionary initiator_to(const std::string& port) {
  FIX::Dictionary side;
  side.setString("ConnectionType", "initiator");
  side.setString("SocketConnectHost", "127.0.0.1");
  side.setString("SocketConnectPort", port);
  return side;
}

int run(const std::string& venue_port, const char* store_folder) {
  try {
    const int port = free_port();
    PassOn pass_on;
    FIX::FileStoreFactory stores{std::string(store_folder)};
    FIX::SocketAcceptor acceptor(pass_on, stores,
                                 settings_of(kTrader, acceptor_at(port), store_folder));
    FIX::SocketInitiator initiator(pass_on, stores,
                                   settings_of(kVenue, initiator_to(venue_port), store_folder));
    acceptor.start();
    initiator.start();
    while (!pass_on.is_at_venue() && !g_stopping.load()) nap();
    std::cout << "listening on " << port << std::endl;
    while (!g_stopping.load()) nap();
    initiator.stop(true);
    acceptor.stop(true);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace wire
}  // namespace bench
}  // namespace portcullis

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: wire_quickfix VENUE_PORT STORE_FOLDER\n";
    return 2;
  }
  struct sigaction action {};
  action.sa_handler = portcullis::bench::wire::stop_quickfix;
  ::sigaction(SIGTERM, &action, nullptr);
  return portcullis::bench::wire::run(argv[1], argv[2]);
}
