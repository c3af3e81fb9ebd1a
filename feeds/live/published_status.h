// The status of a source as its thread last published it, for any thread to read.
#pragma once

#include <mutex>

#include "feeds/live/source.h"

namespace portcullis::feeds {

class PublishedStatus {
 public:
  // The source's thread. The text is copied only where it has changed.
  void publish(SourceState state, const SourceCounters& counters, const UpdateCounts& outcomes,
               const std::string& last_error) {
    const std::lock_guard lock(mutex_);
    status_.state = state;
    status_.counters = counters;
    status_.outcomes = outcomes;
    if (status_.last_error != last_error) status_.last_error = last_error;
  }
  [[nodiscard]] SourceStatus read() const {
    const std::lock_guard lock(mutex_);
    return status_;
  }

 private:
  mutable std::mutex mutex_;
  SourceStatus status_;
};

}  // namespace portcullis::feeds
