// Orders beside market data: what 100,000 prices a second do to the order path, and how long a price or
// a risk table takes from the feed's thread to the engine.
//
//   orders/     20,000 orders a second, open loop, through a shard with its journal: from the planned time
//               to the moment an accepted order's bytes are the venue connection's. quiet: no prices, and
//               a feed thread that only keeps time; storm: 100,000 marks a second over 1,000 instruments
//               in 10 groups, each handed over at once; bursts: the same, conflated for a millisecond, as
//               the example's configuration does; board: the marks are what a price board makes of three
//               sources, and a risk table of 100 rows and 64 columns comes every 10 ms
//               In the same runs, visible: from FeedQueue::offer, or TableQueue::publish, to the end of the
//               pass that applied it, of one mark of every hundred and of every table
//   orders_alone/  the same on one thread, by a clock that stands still while feed, peers or others have
//               the core (storm_world.h): for a machine that is busy. It has none of what two cores cost
//               each other
//   pass/       a pass of the shard in which so many marks wait and nothing else: what each costs with its
//               record in the journal, and a pass alone
//
// Two threads keep a core each busy, and the journal's flusher wants one too: a tail is the machine's as
// soon as one of them is taken off its core. `stopped` is the share of orders during which that happened
// to the shard's thread, for 20 us or more; `running_p99` and so on are of the others.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "bench/storm_world.h"
#include "bench/timing.h"
#include "feeds/board/price_board.h"

namespace portcullis::bench {
namespace {

constexpr std::int64_t kOrders = 10'000;
constexpr std::int64_t kOrderPeriodNs = 50'000;
constexpr std::int64_t kPricePeriodNs = 10'000;
constexpr std::int64_t kConflationNs = 1'000'000;
constexpr std::int64_t kTablePeriodNs = 10'000'000;
constexpr std::int64_t kLeadNs = 2'000'000;  // until the first order: all threads run
constexpr std::uint32_t kProbePeriod = 100;
constexpr std::size_t kProbesMax = 1'000'000;

enum class Weather : std::uint8_t { Quiet, Storm, Bursts, Board };

const config::Deployment& deployment() {
  static const config::Deployment kept = storm_deployment();
  return kept;
}

// Sources of which a board makes marks: three venues, the median of each of 1,000 references.
class Sources {
 public:
  explicit Sources(std::function<void(const feeds::PriceUpdate&)> price)
      : board_(references(), {.price = std::move(price)}) {
    for (std::uint32_t i = 0; i < kStormInstruments; ++i) symbols_.push_back(fmt::format("S{}", i));
  }
  void say(std::uint32_t instrument, std::int64_t mark, std::int64_t now_ns) {
    update_.symbol = symbols_[instrument];
    update_.source_time_ns = now_ns;
    update_[feeds::MarketField::Mark] = config::ExactDecimal{mark, 4};
    board_.take({said_++ / kStormInstruments % 3}, update_, now_ns);
  }

 private:
  static config::Deployment references() {
    config::Deployment out;
    for (const char* venue : {"one", "two", "three"}) {
      config::SourceSettings source;
      source.dialect = config::SourceDialect::Deribit;
      source.venue = venue;
      out.names.sources.add(source.venue);
      out.feed.sources.push_back(std::move(source));
    }
    for (std::uint32_t i = 0; i < kStormInstruments; ++i) {
      config::ReferenceSettings rules;
      rules.rule = config::ReferenceRule::Median;
      rules.asset = out.names.assets.add(fmt::format("A{}", i));
      rules.decimals = 4;
      rules.price_min = 1;
      rules.price_max = 1'000'000'000;
      rules.min_sources = 1;
      rules.max_age_ns = 1'000'000'000'000;
      rules.divergence_ppm = 500'000;
      rules.jump_ppm = 500'000;
      rules.jump_updates = 3;
      for (std::uint32_t v = 0; v < 3; ++v) {
        rules.sources.push_back({.source = {v},
                                 .symbol = fmt::format("S{}", i),
                                 .field = config::SourceField::Mark,
                                 .role = config::SourceRole::Voter});
      }
      out.assets.emplace_back();
      out.feed.references.push_back(std::move(rules));
    }
    return out;
  }

  feeds::PriceBoard board_;
  std::vector<std::string> symbols_;
  feeds::MarketUpdate update_;
  std::uint32_t said_ = 0;
};

// The feed's thread, and what it has told the shard's of when it said what.
class Feed {
 public:
  Feed(StormGate& gate, Weather weather, bool is_alone)
      : gate_(gate),
        weather_(weather),
        is_alone_(is_alone),
        first_(deployment().names.instruments.find("I0000").value),
        group_(deployment().names.risk_groups.find(kTableGroup)),
        sources_([this](const feeds::PriceUpdate& update) { offer(update.index, update.price); }),
        probes_(kProbesMax),
        published_(kProbesMax) {
    for (risk::RiskTable& table : tables_) make(table);
    due_ns_ = flush_at_ns_ = table_at_ns_ = gate.transport.now_ns();
    if (is_alone) return;
    thread_ = std::thread([this] { run(); });
    while (!is_running_.load()) std::this_thread::yield();
  }
  void stop() {
    is_stopping_.store(true);
    if (thread_.joinable()) thread_.join();
  }

  // --- the shard's thread: alone, before a pass
  void step() {
    const std::int64_t now = gate_.transport.now_ns();
    if (now >= due_ns_) gate_.transport.outside([&] { say_until(now); });
  }
  // --- the shard's thread, after a pass
  void look() {
    const std::int64_t mark = gate_.engine().mark({first_}).raw;
    const std::uint64_t tables = gate_.counters().tables;
    if (mark == seen_mark_ && tables == tables_seen_) return;
    const std::int64_t now = gate_.transport.now_ns();
    for (; mark != seen_mark_; ++seen_mark_)
      marks_ns.push_back(now - probes_[static_cast<std::size_t>(seen_mark_ - kStormMark)]);
    for (; tables != tables_seen_; ++tables_seen_)
      tables_ns.push_back(now - published_[tables_seen_]);
  }
  std::vector<std::int64_t> marks_ns;
  std::vector<std::int64_t> tables_ns;

 private:
  void run() {
    is_running_.store(true);
    while (!is_stopping_.load(std::memory_order_relaxed)) say_until(feeds::epoch_ns());
  }
  // All that is due by now. Alone, it was said when it was due.
  void say_until(std::int64_t now_ns) {
    for (; due_ns_ <= now_ns; due_ns_ += kPricePeriodNs, ++said_) {
      if (weather_ == Weather::Quiet) continue;
      const std::int64_t now = time();
      say(said_);
      if (weather_ != Weather::Bursts || now >= flush_at_ns_) {
        gate_.prices.flush();
        flush_at_ns_ = now + kConflationNs;
      }
      if (weather_ == Weather::Board && now >= table_at_ns_) {
        publish(now);
        table_at_ns_ = now + kTablePeriodNs;
      }
    }
  }
  [[nodiscard]] std::int64_t time() const { return is_alone_ ? due_ns_ : feeds::epoch_ns(); }
  // The next mark: of instrument 0, which is looked for, one of each hundred.
  void say(std::uint32_t n) {
    const bool is_probe = n % kProbePeriod == 0 && probe_ + 1 < kProbesMax;
    const std::uint32_t instrument = is_probe ? 0 : 1 + n % (kStormInstruments - 1);
    const std::int64_t moved = is_probe ? 0 : n / kStormInstruments % 64;
    if (weather_ == Weather::Board && !is_probe) {
      sources_.say(instrument, kStormMark + moved, time());
    } else {
      offer(instrument, kStormMark + (is_probe ? next_probe() : moved));
    }
  }
  std::int64_t next_probe() {
    probes_[probe_] = time();
    return static_cast<std::int64_t>(++probe_);
  }
  void offer(std::uint32_t instrument, std::int64_t mark) {
    gate_.prices.offer({.as_of_ns = time(),
                        .price = mark,
                        .index = first_ + instrument,
                        .kind = feeds::PriceUpdate::Kind::Mark});
  }
  void make(risk::RiskTable& table) const {
    const risk::Parameters& parameters = deployment().parameters;
    table.parameter_version = parameters.version;
    table.group = group_;
    table.measures.resize(parameters.groups[group_.value].row_count);
    const std::size_t cells = table.measures.size() * parameters.groups[group_.value].raw_columns();
    for (std::size_t c = 0; c < cells; ++c)
      table.gains.push_back(static_cast<std::int32_t>(c * 7'919 % 2'001) - 1'000);
    scales_ = risk::row_scales(parameters, group_);
  }
  void publish(std::int64_t now_ns) {
    while (gate_.tables.answer()) is_in_flight_ = false;
    if (is_in_flight_ || table_ == kProbesMax) return;
    risk::RiskTable next = tables_[table_ % 2];
    next.id = table_ + 1;
    next.as_of = {now_ns};
    next.gains[table_ % next.gains.size()] += 1;
    next.facts = risk::facts_of(next, scales_, last_.get());
    auto table = std::make_shared<const risk::RiskTable>(std::move(next));
    last_ = table;
    published_[table_++] = time();
    is_in_flight_ = true;
    gate_.tables.publish({.group = group_, .version = table_, .table = std::move(table)});
  }

  StormGate& gate_;
  const Weather weather_;
  const bool is_alone_;
  const std::uint32_t first_;
  const risk::GroupIndex group_;
  Sources sources_;
  std::vector<std::int64_t> probes_;     // by number: when it was offered
  std::vector<std::int64_t> published_;  // tables likewise
  std::int64_t due_ns_ = 0;
  std::int64_t flush_at_ns_ = 0;
  std::int64_t table_at_ns_ = 0;
  std::uint32_t said_ = 0;
  std::size_t probe_ = 0;
  std::size_t table_ = 0;
  bool is_in_flight_ = false;
  std::array<risk::RiskTable, 2> tables_;
  mutable std::vector<risk::RowScale> scales_;
  std::shared_ptr<const risk::RiskTable> last_;
  std::int64_t seen_mark_ = kStormMark;
  std::uint64_t tables_seen_ = 0;
  std::atomic<bool> is_running_{false};
  std::atomic<bool> is_stopping_{false};
  std::thread thread_;
};

void report_visible(benchmark::State& state, const char* what, std::vector<std::int64_t>& times) {
  if (times.empty()) return;
  std::sort(times.begin(), times.end());
  state.counters[std::string(what) + "_visible_p50_ns"] = percentile(times, 0.5);
  state.counters[std::string(what) + "_visible_p99_ns"] = percentile(times, 0.99);
}

void orders(benchmark::State& state, Weather weather, bool is_alone) {
  StormGate gate(deployment());
  if (is_alone) gate.transport.be_alone();
  Feed feed(gate, weather, is_alone);
  const auto count = static_cast<std::size_t>(state.max_iterations);
  gate.transport.plan(count, gate.transport.now_ns() + kLeadNs, kOrderPeriodNs);
  while (!gate.transport.is_done()) {
    if (is_alone) feed.step();
    gate.pass();
    feed.look();
  }
  feed.stop();
  std::vector<std::int64_t> all;
  std::vector<std::int64_t> running;
  for (const OrderTime& order : gate.transport.times()) {
    all.push_back(order.took_ns);
    if (!order.was_stopped) running.push_back(order.took_ns);
  }
  std::size_t at = 0;
  for (auto _ : state) state.SetIterationTime(static_cast<double>(all[at++]) * 1e-9);
  state.counters["stopped_share"] =
      1 - static_cast<double>(running.size()) / static_cast<double>(all.size());
  report(state, all);
  std::sort(running.begin(), running.end());
  state.counters["running_p99_ns"] = percentile(running, 0.99);
  state.counters["running_p99.9_ns"] = percentile(running, 0.999);
  state.counters["prices"] = static_cast<double>(gate.counters().prices);
  report_visible(state, "mark", feed.marks_ns);
  report_visible(state, "table", feed.tables_ns);
}

void pass(benchmark::State& state, std::uint32_t marks) {
  StormGate gate(deployment());
  const std::uint32_t first = deployment().names.instruments.find("I0000").value;
  std::uint32_t said = 0;
  each(
      state,
      [&] {
        for (std::uint32_t m = 0; m < marks; ++m, ++said) {
          gate.prices.offer({.as_of_ns = feeds::epoch_ns(),
                             .price = kStormMark + said / kStormInstruments % 2,
                             .index = first + said % kStormInstruments,
                             .kind = feeds::PriceUpdate::Kind::Mark});
        }
        gate.prices.flush();
        return 0;
      },
      [&](int) {
        gate.pass();
        return 0;
      },
      kNothing);
}

[[maybe_unused]] const bool kAdded = [] {
  for (const std::uint32_t marks : {0U, 1U, 8U})
    add("pass/marks:" + std::to_string(marks), pass, marks)->UseManualTime()->Iterations(20'000);
  struct Named {
    const char* name;
    Weather weather;
  };
  for (const Named& of : {Named{"quiet", Weather::Quiet}, Named{"storm", Weather::Storm},
                          Named{"bursts", Weather::Bursts}, Named{"board", Weather::Board}}) {
    const std::string name = of.name;
    add("orders/" + name, orders, of.weather, false)->UseManualTime()->Iterations(kOrders);
    add("orders_alone/" + name, orders, of.weather, true)->UseManualTime()->Iterations(kOrders);
  }
  return true;
}();

}  // namespace
}  // namespace portcullis::bench
