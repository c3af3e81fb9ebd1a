// How far a long command is, on a terminal: a bar on stderr, where that is one, and nothing elsewhere.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

namespace portcullis::gateway {

class Progress {
 public:
  Progress(std::string what, std::uint64_t total)
      : what_(std::move(what)), total_(total), is_shown_(::isatty(STDERR_FILENO) == 1) {}
  ~Progress() {
    if (is_shown_ && percent_ >= 0) std::fputs("\r\033[K", stderr);
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void at(std::uint64_t done) {
    if (!is_shown_ || total_ == 0) return;
    const int percent = static_cast<int>(std::min(done, total_) * 100 / total_);
    if (percent == percent_) return;
    percent_ = percent;
    const auto full = static_cast<std::size_t>(percent) * kWidth / 100;
    std::fprintf(stderr, "\r%s [%s%s] %3d %%", what_.c_str(), std::string(full, '#').c_str(),
                 std::string(kWidth - full, ' ').c_str(), percent);
    std::fflush(stderr);
  }

 private:
  static constexpr std::size_t kWidth = 40;

  const std::string what_;
  const std::uint64_t total_;
  const bool is_shown_;
  int percent_ = -1;
};

}  // namespace portcullis::gateway
