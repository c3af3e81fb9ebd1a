// What the journal's records tell of who changed what: the contents of the audit log's lines
// (AUDIT.md), a function of the records alone.
//
// One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/deployment.h"
#include "gateway/control/values.h"
#include "gateway/gate/gate.h"
#include "gateway/journal/format.h"

namespace portcullis::gateway::audit {

struct Change {
  std::uint64_t sequence = 0;
  std::string content;  // for chained()
};

// The line that a log begins with: it has what is behind the record, which was written at that time.
[[nodiscard]] Change begin_change(std::uint64_t sequence, std::int64_t time_ns);
// That the machine took the journal's records behind `sequence`, up to `lost` or further. The time is
// that of the last one of them.
[[nodiscard]] Change lost_change(std::uint64_t sequence, std::uint64_t lost, std::int64_t time_ns);

class ChangeReader {
 public:
  // `journal`: the folder, where the texts of parameters are. The deployment must outlive this.
  ChangeReader(const config::Deployment& deployment, std::filesystem::path journal);

  // Around Gate::redo() of each record, in order.
  void before(gate::Gate& gate, const journal::RecordView& record);
  void after(gate::Gate& gate, const journal::RecordView& record);

  // The last record says who gives the command that the next one is.
  [[nodiscard]] bool is_between() const { return who_.has_value(); }
  // Those since it was asked last.
  [[nodiscard]] std::vector<Change> take() { return std::exchange(changes_, {}); }

 private:
  friend Change begin_change(std::uint64_t, std::int64_t);
  friend Change lost_change(std::uint64_t, std::uint64_t, std::int64_t);
  // What a command is about, in some words: "states" of a target, the "link", the "state".
  struct Standing {
    std::string_view key;  // empty: not known
    std::vector<std::string_view> words;
    bool is_list = false;
  };
  struct Line;

  [[nodiscard]] static Change marker(std::uint64_t sequence, std::int64_t time_ns,
                                     std::string_view verb, std::optional<std::uint64_t> before);
  [[nodiscard]] static Standing standing(gate::Gate& gate, const journal::RecordView& record);
  static void write(json::Writer& out, const Standing& standing);
  void take_command(gate::Gate& gate, const journal::RecordView& record);
  void take_parameters(gate::Gate& gate, const journal::RecordView& record);
  void take_change(gate::Gate& gate, const journal::RecordView& record);
  void write_changed(json::Writer& out, const gate::ParametersRecord& record) const;
  template <class Fact>
  void take_fact(gate::Gate& gate, const journal::RecordView& record, const Fact& fact);
  void write_keys(json::Writer& out, const std::string& from, const std::string& to) const;
  [[nodiscard]] std::string text_of(const gate::ParameterHash& hash) const;

  const config::Deployment& deployment_;
  const std::filesystem::path journal_;
  const control::Values values_;
  const gate::ParameterHash begun_hash_;     // of the configuration that the journal began with
  std::optional<gate::OperatorRecord> who_;  // of the record before
  std::uint64_t who_sequence_ = 0;
  Standing before_;
  gate::ParameterHash replaced_{};
  std::optional<gate::OpenChange> open_;  // that the record is about, as it was before
  std::vector<Change> changes_;
};

}  // namespace portcullis::gateway::audit
