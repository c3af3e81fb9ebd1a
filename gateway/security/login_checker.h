// Password checks are slow on purpose, and so are not the shard's: it hands them over and goes on.
// One thread asks and takes the verdicts; another does the work, or in manual mode check_one() does,
// for tests on one thread.
#pragma once

#include <concurrentqueue/concurrentqueue.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <semaphore>
#include <string_view>
#include <thread>

#include "config/password.h"
#include "risk/types.h"

namespace portcullis::gateway::security {

// Whose login it is: a place among the connections, which connection it was there, and from where.
struct LoginId {
  std::uint32_t place = 0;
  std::uint32_t generation = 0;
  std::uint64_t address = 0;
  friend bool operator==(const LoginId&, const LoginId&) = default;
};

struct LoginVerdict {
  LoginId id;
  risk::SessionIndex session;  // as it was asked
  bool good = false;
};

class LoginChecker {
 public:
  enum class Mode : std::uint8_t { Thread, Manual };
  // Whether this is the session's password: Credentials::verify. A session may be none.
  using Verify = std::function<bool(risk::SessionIndex session, std::string_view password)>;

  // At most `pending_max` are asked and not yet taken. `wake` is called by the working thread when
  // there is a verdict.
  LoginChecker(Verify verify, std::uint32_t pending_max, std::function<void()> wake,
               Mode mode = Mode::Thread);
  // What is not done is not begun; waits for the one that is being worked on.
  ~LoginChecker();
  LoginChecker(const LoginChecker&) = delete;
  LoginChecker& operator=(const LoginChecker&) = delete;

  // False: as many as may be are pending. Allocates nothing. An unknown user has no session, and a
  // password longer than any is refused by the wire before.
  [[nodiscard]] bool ask(LoginId id, risk::SessionIndex session, std::string_view password);
  // The next verdict, in any order.
  [[nodiscard]] std::optional<LoginVerdict> take();

  // Manual mode: works on the next; false when there is none.
  bool check_one();

 private:
  struct Request {
    LoginId id;
    risk::SessionIndex session;
    config::Secret password;
  };
  void work();

  const Verify verify_;
  const std::function<void()> wake_;
  const std::uint32_t pending_max_;
  std::uint32_t pending_ = 0;  // the asking thread's
  moodycamel::ConcurrentQueue<Request> requests_;
  moodycamel::ConcurrentQueue<LoginVerdict> verdicts_;
  moodycamel::ProducerToken asking_;
  moodycamel::ProducerToken answering_;
  std::counting_semaphore<> waiting_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace portcullis::gateway::security
