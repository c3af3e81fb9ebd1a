// Metrics under construction, in the text form of Prometheus.
#pragma once

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/histogram.h"

namespace portcullis::gateway::control {

class MetricFamilies {
 public:
  using Labels = std::vector<prometheus::ClientMetric::Label>;
  static constexpr double kSeconds = 1e-9;  // of a nanosecond

  // Begins a family; add() goes to the newest.
  void gauge(std::string name, std::string help) {
    begin(prometheus::MetricType::Gauge, std::move(name), std::move(help));
  }
  void counter(std::string name, std::string help) {
    begin(prometheus::MetricType::Counter, std::move(name), std::move(help));
  }
  void histogram(std::string name, std::string help) {
    begin(prometheus::MetricType::Histogram, std::move(name), std::move(help));
  }

  template <class Number>
  void add(Labels labels, Number number) {
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    const auto value = static_cast<double>(number);
    if (families_.back().type == prometheus::MetricType::Counter) {
      metric.counter.value = value;
    } else {
      metric.gauge.value = value;
    }
    families_.back().metric.push_back(std::move(metric));
  }
  // One for each pair, which has the value of `label` and the number; `labels` are those of all.
  using Pairs = std::initializer_list<std::pair<std::string_view, std::uint64_t>>;
  void add_all(const std::string& label, Pairs pairs, const Labels& labels = {}) {
    for (const auto& [word, number] : pairs) {
      Labels all = labels;
      all.push_back({label, std::string(word)});
      add(std::move(all), number);
    }
  }
  // Of times in nanoseconds.
  void add(Labels labels, const Histogram& times) {
    constexpr std::array<std::uint64_t, 16> kBucketsNs{
        500,     1'000,   2'000,     5'000,     10'000,     20'000,     50'000,      100'000,
        200'000, 500'000, 1'000'000, 2'000'000, 10'000'000, 50'000'000, 100'000'000, 1'000'000'000};
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    metric.histogram.sample_count = times.count();
    metric.histogram.sample_sum = times.sum() * kSeconds;
    for (const std::uint64_t bound : kBucketsNs) {
      metric.histogram.bucket.push_back({.cumulative_count = times.count_upto(bound),
                                         .upper_bound = static_cast<double>(bound) * kSeconds});
    }
    families_.back().metric.push_back(std::move(metric));
  }

  [[nodiscard]] std::string text() const {
    return prometheus::TextSerializer().Serialize(families_);
  }

 private:
  void begin(prometheus::MetricType type, std::string name, std::string help) {
    families_.push_back({.name = "portcullis_" + std::move(name),
                         .help = std::move(help),
                         .type = type,
                         .metric = {}});
  }

  std::vector<prometheus::MetricFamily> families_;
};

}  // namespace portcullis::gateway::control
