#include "gateway/tune/study.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "gateway/follower/resume.h"

namespace portcullis::gateway::tune {

namespace {

constexpr std::uint64_t kProgressEvery = 4096;
constexpr std::int64_t kStepMinNs = 10'000'000;
constexpr std::int64_t kStepMaxNs = 60 * risk::kSecondNs;
constexpr std::int64_t kSteps = 1'000;

template <class Take>
void read_all(const Recording& recording, Take take) {
  journal::ReaderOptions options = recording.reading;
  options.from_sequence = recording.from_snapshot + 1;
  journal::Reader reader(recording.folder, options);
  journal::RecordView record;
  journal::ReadStatus status{};
  while ((status = reader.next(record)) == journal::ReadStatus::Record) take(record);
  if (status == journal::ReadStatus::Damaged) throw std::runtime_error(reader.error());
}

void check_start(const journal::RecordView& record, const config::Deployment& deployment) {
  gate::StartRecord start;
  if (record.sequence == 1 && (!journal::read_command(record, start) ||
                               start.configuration_hash != deployment.canonical_hash)) {
    throw std::runtime_error(
        "the journal was begun under another configuration than the one beside it");
  }
}

// A gate of the recording's to which its first record that is there comes next.
follower::Resumed begin(const Recording& recording) {
  return follower::begin(
      *recording.deployment, nullptr,
      {.directory = recording.folder, .include_ring = true, .from = follower::From::Earliest});
}

}  // namespace

Recording survey(const std::filesystem::path& folder, const journal::ReaderOptions& reading,
                 const config::Deployment& deployment) {
  Recording recording{.folder = folder, .reading = reading, .deployment = &deployment};
  recording.from_snapshot = begin(recording).snapshot;
  read_all(recording, [&](const journal::RecordView& record) {
    check_start(record, deployment);
    ++recording.records;
    if (record.time_ns <= 0) return;
    if (recording.first_ns == 0) recording.first_ns = record.time_ns;
    recording.last_ns = std::max(recording.last_ns, record.time_ns);
  });
  return recording;
}

std::int64_t default_step_ns(const Recording& recording) {
  return std::clamp((recording.last_ns - recording.first_ns) / kSteps, kStepMinNs, kStepMaxNs);
}

Study::Study(const Recording& recording, const config::Deployment& candidate,
             const StudyOptions& options)
    : candidate_(candidate),
      convention_(options.convention),
      rejudge_(*recording.deployment, candidate, follower::tables_in(recording.folder),
               options.convention),
      comparison_(candidate, options.examples_max),
      utilisation_(candidate, rejudge_.engine(), options.utilisation) {
  if (recording.from_snapshot != 0) rejudge_.begin_with(*begin(recording).gate);
  std::uint64_t taken = 0;
  read_all(recording, [&](const journal::RecordView& record) {
    if (const auto judged = rejudge_.take(record)) {
      comparison_.take(*judged);
      utilisation_.take(*judged);
    }
    utilisation_.take(record);
    if (++taken % kProgressEvery == 0 && options.on_progress) options.on_progress(taken);
  });
  if (options.on_progress) options.on_progress(taken);
}

}  // namespace portcullis::gateway::tune
