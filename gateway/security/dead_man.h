// A client that has not been heard of for too long: its orders are cancelled, once until it speaks
// again.
#pragma once

#include <cstdint>

namespace portcullis::gateway::security {

class DeadMan {
 public:
  // `after_ns` 0: never due.
  DeadMan(std::int64_t after_ns, std::int64_t now_ns) : after_ns_(after_ns), heard_ns_(now_ns) {}

  void heard(std::int64_t now_ns) {
    heard_ns_ = now_ns;
    done_ = false;
  }
  // Nobody listened until now: the time begins again.
  void excuse(std::int64_t now_ns) { heard_ns_ = now_ns; }
  [[nodiscard]] bool is_due(std::int64_t now_ns) const {
    return after_ns_ != 0 && !done_ && now_ns - heard_ns_ >= after_ns_;
  }
  void done() { done_ = true; }

 private:
  std::int64_t after_ns_;
  std::int64_t heard_ns_;
  bool done_ = false;
};

}  // namespace portcullis::gateway::security
