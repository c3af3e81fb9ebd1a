#include "feeds/market.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace portcullis::feeds {

namespace {

// Between two looks at whether a table is due: by age, or because the shard has answered.
constexpr std::int64_t kTableLookNs = 10'000'000;

std::vector<TableGroup> with_versions(std::vector<TableGroup> groups,
                                      std::span<const std::uint64_t> table_versions) {
  for (TableGroup& group : groups)
    group.description.id = table_versions[group.description.group.value];
  return groups;
}

std::string_view word_of(TableEvent::Kind kind) {
  switch (kind) {
    case TableEvent::Kind::Built:
      return "built";
    case TableEvent::Kind::Failing:
      return "cannot be built";
    case TableEvent::Kind::SmileMissing:
      return "has no smile";
    case TableEvent::Kind::SmileFound:
      return "has its smile again";
    case TableEvent::Kind::Refused:
      return "was refused";
  }
  return "";
}

}  // namespace

Market::Market(const config::Deployment& deployment, FeedQueue& prices, TableQueue& tables,
               std::span<const std::uint64_t> table_versions,
               std::function<void(std::string_view)> tell)
    : deployment_(deployment),
      prices_(prices),
      table_queue_(tables),
      tell_(std::move(tell)),
      setup_(table_setup(deployment)),
      tables_(with_versions(setup_.groups, table_versions)),
      board_(deployment, {.price = [this](const PriceUpdate& price) { on_price(price); },
                          .state = [this](const PriceStateChange& change) { on_state(change); },
                          .event = [this](std::string_view text) { tell_(text); }}),
      has_anchor_(setup_.groups.size()) {
  for (const config::ReferenceSettings& reference : deployment.feed.references) {
    if (!reference.instrument.exists()) continue;
    for (const TablePlace row : setup_.rows[reference.instrument.value]) {
      const config::ReferenceSource& source = config::first_giver(reference);
      options_[source.symbol].push_back({source.source, row});
    }
  }
}

void Market::begin(std::int64_t now_ns) {
  now_ns_ = now_ns;
  board_.tell_states(now_ns);
}

void Market::take(config::SourceIndex source, const MarketUpdate& update, std::int64_t now_ns) {
  now_ns_ = std::max(now_ns_, now_ns);
  board_.take(source, update, now_ns_);
  take_option(source, update, now_ns_);
  if (contracts_ != nullptr) contracts_->take(source, update, now_ns_);
}

void Market::take(config::SourceIndex source, const PriceUpdate& line, std::int64_t now_ns) {
  now_ns_ = std::max(now_ns_, now_ns);
  board_.take(source, line, now_ns_);
}

void Market::take_option(config::SourceIndex source, const MarketUpdate& update,
                         std::int64_t now_ns) {
  const auto options = options_.find(update.symbol);
  if (options == options_.end()) return;
  for (const OptionSource& option : options->second) {
    if (option.source != source) continue;
    const auto [group, row] = option.row;
    tables_.take(group, row, update, {now_ns});
    const auto& forward = update[MarketField::Underlying];
    if (has_anchor_[group] || !forward) continue;
    const TablePlace chain{group, setup_.groups[group].rows[row].chain};
    std::erase_if(early_forwards_, [&](const EarlyForward& early) { return early.chain == chain; });
    early_forwards_.push_back({chain, to_double(*forward), update.source_time_ns});
  }
}

// The group's anchor has its first mark.
void Market::take_forwards(std::uint32_t group) {
  has_anchor_[group] = true;
  std::erase_if(early_forwards_, [&](const EarlyForward& early) {
    if (early.chain.group != group) return false;
    tables_.set_forward(group, early.chain.place, early.forward, {early.as_of_ns}, {now_ns_});
    return true;
  });
}

void Market::on_price(const PriceUpdate& price) {
  prices_.offer(price);
  if (deployment_.feed.conflation_ns == 0) prices_.flush();
  const risk::Timestamp as_of{price.as_of_ns};
  const risk::Timestamp now{now_ns_};
  if (price.kind == PriceUpdate::Kind::Mark) {
    if (contracts_ != nullptr) contracts_->take_mark({price.index}, price.price, price.as_of_ns);
    for (const TablePlace anchor : setup_.anchors[price.index]) {
      tables_.set_mark(anchor.group, anchor.place, {price.price}, as_of, now);
      if (!has_anchor_[anchor.group]) take_forwards(anchor.group);
    }
    return;
  }
  const double index = scaled(price.price, deployment_.assets[price.index].index_decimals);
  for (const TablePlace asset : setup_.indexes[price.index])
    tables_.set_index(asset.group, asset.place, index, as_of, now);
}

void Market::on_state(const PriceStateChange& change) {
  prices_.offer({.index = change.index,
                 .kind = change.kind,
                 .state = change.state == PriceState::Good ? PriceUpdate::State::Safe
                                                           : PriceUpdate::State::Unsafe});
  if (deployment_.feed.conflation_ns == 0) prices_.flush();
}

void Market::step(std::int64_t now_ns) {
  now_ns_ = std::max(now_ns_, now_ns);
  board_.step(now_ns_);
  if (contracts_ != nullptr) contracts_->step(now_ns_);
  if (!prices_.has_pending() || now_ns_ < next_flush_ns_) return;
  const bool all = prices_.flush();
  const std::int64_t pause = deployment_.feed.conflation_ns;
  next_flush_ns_ = now_ns_ + (all ? pause : std::max(pause, FeedQueue::kRetryNs));
}

void Market::finish(std::int64_t now_ns) {
  now_ns_ = std::max(now_ns_, now_ns);
  if (contracts_ != nullptr) contracts_->finish(now_ns_);
}

std::optional<PublishedTable> Market::build(std::int64_t now_ns) {
  now_ns_ = std::max(now_ns_, now_ns);
  while (const std::optional<TableAnswer> answer = table_queue_.answer())
    tables_.settle(answer->group, answer->version, answer->in_force, {now_ns_});
  std::optional<PublishedTable> table = tables_.step({now_ns_});
  if (!table) next_look_ns_ = now_ns_ + kTableLookNs;
  tell_events();
  return table;
}

void Market::publish(PublishedTable table) { table_queue_.publish(std::move(table)); }

void Market::drop(const PublishedTable& table, std::int64_t now_ns) {
  now_ns_ = std::max(now_ns_, now_ns);
  tables_.settle(table.group, table.version, false, {now_ns_});
  tell_events();
}

void Market::set_parameters(const config::Deployment& in_force) {
  for (std::uint32_t g = 0; g < setup_.groups.size(); ++g) {
    const TableDescription now = table_description(in_force, setup_.groups[g].description.group);
    tables_.set_columns(g, now.parameter_version, now.columns);
  }
  next_look_ns_ = now_ns_;
}

std::int64_t Market::next_due_ns() const {
  std::int64_t due = board_.next_due_ns();
  if (!setup_.groups.empty()) due = std::min(due, next_look_ns_);
  if (prices_.has_pending()) due = std::min(due, next_flush_ns_);
  if (contracts_ != nullptr) due = std::min(due, contracts_->next_due_ns());
  return due;
}

FeedFigures Market::figures() const {
  const config::FeedSettings& feed = deployment_.feed;
  const config::Names& names = deployment_.names;
  FeedFigures figures;
  for (std::uint32_t s = 0; s < feed.sources.size(); ++s)
    figures.sources.push_back({.name = names.sources.name({s}), .prices = board_.counts({s})});
  for (std::size_t r = 0; r < board_.reference_count(); ++r)
    figures.references.push_back({board_.name(r), board_.status(r)});
  for (std::uint32_t g = 0; g < setup_.groups.size(); ++g)
    figures.tables.push_back({setup_.groups[g].name, tables_.status(g)});
  if (contracts_ == nullptr) return figures;
  for (std::size_t f = 0; f < feed.fundings.size(); ++f) {
    figures.fundings.push_back(
        {names.instruments.name(feed.fundings[f].instrument), contracts_->funding_counters(f)});
  }
  for (std::size_t i = 0; i < feed.open_interests.size(); ++i) {
    figures.open_interests.push_back({names.instruments.name(feed.open_interests[i].instrument),
                                      contracts_->open_interest_counters(i)});
  }
  return figures;
}

void Market::tell_events() {
  for (const TableEvent& event : tables_.take_events()) {
    tell_(fmt::format("risk table of {}: {}{}{}", setup_.groups[event.group].name,
                      word_of(event.kind), event.text.empty() ? "" : ": ", event.text));
  }
}

}  // namespace portcullis::feeds
