// One look at a whole journal under a candidate: what changes, and how its limits are used.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "config/deployment.h"
#include "gateway/journal/reader.h"
#include "gateway/tune/comparison.h"
#include "gateway/tune/rejudge.h"
#include "gateway/tune/utilisation.h"

namespace portcullis::gateway::tune {

// A journal that is read again and again.
struct Recording {
  std::filesystem::path folder;
  journal::ReaderOptions reading;                  // how its files are read
  const config::Deployment* deployment = nullptr;  // it was recorded under
  std::uint64_t records = 0;
  std::int64_t first_ns = 0;  // of the records with a time
  std::int64_t last_ns = 0;
  std::uint64_t from_snapshot =
      0;  // the first records are gone: that of the snapshot; 0: they are there
};
// Reads it once. Throws std::runtime_error, where it is damaged or was recorded under another
// configuration than that beside it, too.
[[nodiscard]] Recording survey(const std::filesystem::path& folder,
                               const journal::ReaderOptions& reading,
                               const config::Deployment& deployment);

struct StudyOptions {
  Convention convention;
  Utilisation::Settings utilisation;
  std::size_t examples_max = 20;
  // Told now and then: so many of the recording's records have been taken.
  std::function<void(std::uint64_t)> on_progress{};
};

// A thousandth of the recording, from 10 ms to a minute.
[[nodiscard]] std::int64_t default_step_ns(const Recording& recording);

class Study {
 public:
  // Throws std::runtime_error. Both deployments must outlive it.
  Study(const Recording& recording, const config::Deployment& candidate,
        const StudyOptions& options);

  [[nodiscard]] const Comparison& comparison() const { return comparison_; }
  [[nodiscard]] const Utilisation& utilisation() const { return utilisation_; }
  [[nodiscard]] const config::Deployment& candidate() const { return candidate_; }
  [[nodiscard]] const Convention& convention() const { return convention_; }
  // The candidate's gate at the end.
  [[nodiscard]] gate::Gate& gate() { return rejudge_.gate(); }

 private:
  const config::Deployment& candidate_;
  const Convention convention_;
  Rejudge rejudge_;
  Comparison comparison_;
  Utilisation utilisation_;
};

}  // namespace portcullis::gateway::tune
