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

FIX::SessionSettings settings_of(int port, const std::string& venue_port, const char* store) {
  FIX::Dictionary common;
  common.setString("StartTime", "00:00:00");
  common.setString("EndTime", "00:00:00");
  common.setString("UseDataDictionary", "N");
  common.setString("CheckLatency", "N");
  common.setString("ResetOnLogon", "Y");
  common.setString("SocketNodelay", "Y");
  common.setString("HeartBtInt", "600");
  common.setString("ReconnectInterval", "1");
  common.setString("FileStorePath", store);
  FIX::Dictionary acceptor;
  acceptor.setString("ConnectionType", "acceptor");
  acceptor.setString("SocketAcceptPort", std::to_string(port));
  FIX::Dictionary initiator;
  initiator.setString("ConnectionType", "initiator");
  initiator.setString("SocketConnectHost", "127.0.0.1");
  initiator.setString("SocketConnectPort", venue_port);
  FIX::SessionSettings settings;
  settings.set(common);
  settings.set(kTrader, acceptor);
  settings.set(kVenue, initiator);
  return settings;
}

int run(const std::string& venue_port, const char* store_folder) {
  try {
    const int port = free_port();
    const FIX::SessionSettings settings = settings_of(port, venue_port, store_folder);
    PassOn pass_on;
    FIX::FileStoreFactory stores(settings);
    FIX::SocketAcceptor acceptor(pass_on, stores, settings);
    FIX::SocketInitiator initiator(pass_on, stores, settings);
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
