// A real gate with its venue, and JSON clients of it over sockets. The sessions are those of
// json_world.h.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/gate_process.h"
#include "tests/support/raw_peer.h"

namespace portcullis::test {

class JsonGate : public ::testing::Test {
 protected:
  // `more` goes on top of json_changes() and the port.
  explicit JsonGate(const std::vector<Change>& more = {});
  ~JsonGate() override;

  // Starts what does not run; then JSON1 is logged in.
  void start();
  // Both end in good order.
  void stop();

  [[nodiscard]] static std::int64_t now_ms();
  [[nodiscard]] static std::string auth(std::string_view session,
                                        std::string_view secret = kSecret);
  [[nodiscard]] static std::string request(const std::string& op, const std::string& args,
                                           const std::string& id = "r");
  // A buy of one AMZN that rests.
  [[nodiscard]] static std::string create(const std::string& link, const std::string& id = "r");
  [[nodiscard]] static std::string cancel(const std::string& link);
  // Of JSON1's connection.
  std::string ask(const std::string& text);
  // The body of a signed query of JSON1.
  [[nodiscard]] std::string get(const std::string& path, const std::string& query,
                                std::string_view secret = kSecret,
                                const char* from = nullptr) const;

  static constexpr const char* kSecret = "for-tests-only";
  Port port_;  // of the JSON door
  TestDeployment deployment_;
  std::unique_ptr<VenueProcess> venue_;
  std::unique_ptr<GateProcess> gate_;
  std::unique_ptr<RawPeer> peer_;
};

}  // namespace portcullis::test
