// From what sources say to what the shard is told: the price board, the table service and the queues
// to the shard, put together.
//
//   source -> board (board/price_board.h) -> FeedQueue    reference prices, and whether they are safe
//                                        |-> tables (table_service.h) -> table log -> TableQueue
//                                        \-> contracts (contract_desk.h) -> ContractQueue
//
// Tables are built from the prices that the board has found good: a mark that is unsafe ages, and with
// it the table. The volatility and the forward of an option are those that come with its mark: from
// the first source of its reference that may give it.
//
// Time is an argument, and goes forward only. One thread at a time; nothing here waits, but building
// a table takes its time (bench/RESULTS.md).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/deployment.h"
#include "feeds/board/price_board.h"
#include "feeds/contract_desk.h"
#include "feeds/dialects/market_update.h"
#include "feeds/feed_figures.h"
#include "feeds/feed_queue.h"
#include "feeds/table_queue.h"
#include "feeds/table_service.h"
#include "feeds/table_setup.h"

namespace portcullis::feeds {

class Market {
 public:
  // Both queues must outlive it, and it is their only producer. `table_versions`: by risk group, of the
  // last table that was in force, 0 for none. `tell` is called for people; the text is good until the
  // call returns.
  Market(const config::Deployment& deployment, FeedQueue& prices, TableQueue& tables,
         std::span<const std::uint64_t> table_versions, std::function<void(std::string_view)> tell);
  Market(const Market&) = delete;
  Market& operator=(const Market&) = delete;

  // What sources say of contracts goes there too, and the marks of references. Before begin(); the
  // desk must outlive the market, and nobody else may call it.
  void set_contracts(ContractDesk* contracts) { contracts_ = contracts; }
  // Once, first: the state of every reference is told.
  void begin(std::int64_t now_ns);

  // REQUIRES: the source exists.
  void take(config::SourceIndex source, const MarketUpdate& update, std::int64_t now_ns);
  void take(config::SourceIndex source, const PriceUpdate& line, std::int64_t now_ns);

  // What is due by now, but for tables: prices leave for the shard.
  void step(std::int64_t now_ns);
  // The last time: what contracts have paid leaves for the shard.
  void finish(std::int64_t now_ns);
  // A table that is due. It must be written to the table log, and then be given to publish() or
  // drop(). Call it until it gives none.
  [[nodiscard]] std::optional<PublishedTable> build(std::int64_t now_ns);
  void publish(PublishedTable table);
  // It could not be written: it is built anew.
  void drop(const PublishedTable& table, std::int64_t now_ns);

  // Other parameters are in force: tables are built under them from now on, and those of which the moves
  // are others at once.
  void set_parameters(const config::Deployment& in_force);

  // When step() or build() has something to do, unless something is taken before.
  [[nodiscard]] std::int64_t next_due_ns() const;

  [[nodiscard]] const PriceBoard& board() const { return board_; }
  [[nodiscard]] const TableService& tables() const { return tables_; }
  // Without queues, and what live sources say of themselves.
  [[nodiscard]] FeedFigures figures() const;

 private:
  struct OptionSource {
    config::SourceIndex source{};
    TablePlace row{};
  };
  // What a ticker said before the mark was there that its forward must be near.
  struct EarlyForward {
    TablePlace chain{};
    double forward = 0;
    std::int64_t as_of_ns = 0;
  };

  void on_price(const PriceUpdate& price);
  void on_state(const PriceStateChange& change);
  void take_forwards(std::uint32_t group);
  void take_option(config::SourceIndex source, const MarketUpdate& update, std::int64_t now_ns);
  void tell_events();

  const config::Deployment& deployment_;
  FeedQueue& prices_;
  TableQueue& table_queue_;
  const std::function<void(std::string_view)> tell_;
  ContractDesk* contracts_ = nullptr;
  TableSetup setup_;  // its groups are the service's
  TableService tables_;
  PriceBoard board_;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  // By the source's symbol.
  std::unordered_map<std::string, std::vector<OptionSource>, Hash, std::equal_to<>> options_;
  std::vector<bool> has_anchor_;              // by group of the service
  std::vector<EarlyForward> early_forwards_;  // at most one of a chain
  std::int64_t now_ns_ = 0;
  std::int64_t next_flush_ns_ = 0;
  std::int64_t next_look_ns_ = 0;  // at the tables
};

}  // namespace portcullis::feeds
