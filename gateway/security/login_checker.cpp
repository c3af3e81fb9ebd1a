#include "gateway/security/login_checker.h"

#include <utility>

#include "feeds/thread_cores.h"

namespace portcullis::gateway::security {

// Both queues have room for what may be pending, and a block more for each token.
LoginChecker::LoginChecker(Verify verify, std::uint32_t pending_max, std::function<void()> wake,
                           Mode mode)
    : verify_(std::move(verify)),
      wake_(std::move(wake)),
      pending_max_(pending_max),
      requests_(pending_max, 1, 0),
      verdicts_(pending_max, 1, 0),
      asking_(requests_),
      answering_(verdicts_) {
  if (mode == Mode::Thread) thread_ = std::thread([this] { work(); });
}

LoginChecker::~LoginChecker() {
  stop_.store(true);
  waiting_.release();
  if (thread_.joinable()) thread_.join();
}

bool LoginChecker::ask(LoginId id, risk::SessionIndex session, std::string_view password) {
  if (pending_ == pending_max_ ||
      !requests_.try_enqueue(asking_, Request{id, session, config::Secret(password)})) {
    return false;
  }
  ++pending_;
  waiting_.release();
  return true;
}

std::optional<LoginVerdict> LoginChecker::take() {
  LoginVerdict verdict;
  if (pending_ == 0 || !verdicts_.try_dequeue(verdict)) return std::nullopt;
  --pending_;
  return verdict;
}

bool LoginChecker::check_one() {
  Request request;
  if (!requests_.try_dequeue(request)) return false;
  const bool good = verify_(request.session, request.password.view());
  // There is room: no more are pending than there is room for.
  (void)verdicts_.try_enqueue(answering_, {request.id, request.session, good});
  if (wake_) wake_();
  return true;
}

void LoginChecker::work() {
  feeds::begin_thread(config::Thread::Logins);
  while (true) {
    waiting_.acquire();
    if (stop_.load()) return;
    check_one();
  }
}

}  // namespace portcullis::gateway::security
