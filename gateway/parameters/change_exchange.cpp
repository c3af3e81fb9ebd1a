#include "gateway/parameters/change_exchange.h"

namespace portcullis::gateway::parameters {

std::string_view name_of(ChangeStanding standing) {
  switch (standing) {
    case ChangeStanding::Unknown:
      return "unknown";
    case ChangeStanding::AwaitsApproval:
      return "awaits_approval";
    case ChangeStanding::AwaitsTime:
      return "awaits_time";
    case ChangeStanding::InForce:
      return "in_force";
    case ChangeStanding::Done:
      return "done";
    case ChangeStanding::Unchanged:
      return "unchanged";
    case ChangeStanding::Refused:
      return "refused";
    case ChangeStanding::Withdrawn:
      return "withdrawn";
    case ChangeStanding::Lapsed:
      return "lapsed";
    case ChangeStanding::Expired:
      return "expired";
  }
  return "";
}

bool ChangeExchange::ask(ChangeRequest request) {
  const std::lock_guard lock(mutex_);
  if (requests_.size() >= kRequestsMax) return false;
  requests_.push_back(std::move(request));
  if (wake_) wake_();
  return true;
}

std::vector<ChangeAnswer> ChangeExchange::take_answers() {
  const std::lock_guard lock(mutex_);
  return std::exchange(answers_, {});
}

std::shared_ptr<const ChangesView> ChangeExchange::view() const {
  const std::lock_guard lock(mutex_);
  return view_;
}

void ChangeExchange::set_wake(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
}

std::vector<ChangeRequest> ChangeExchange::take_requests() {
  const std::lock_guard lock(mutex_);
  return std::exchange(requests_, {});
}

void ChangeExchange::answer(ChangeAnswer answer) {
  const std::lock_guard lock(mutex_);
  answers_.push_back(std::move(answer));
}

void ChangeExchange::show(std::shared_ptr<const ChangesView> view) {
  const std::lock_guard lock(mutex_);
  view_ = std::move(view);
}

}  // namespace portcullis::gateway::parameters
