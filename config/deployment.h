// One deployment, loaded and checked: what the process is set to (fixed at start), who and what is
// traded under which names, and risk::Parameters. Plain data; times in nanoseconds. config/load.h
// makes it; config/schema describes every key of the files.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "config/contract_feeds.h"
#include "config/cores.h"
#include "config/password_hash.h"
#include "config/price_references.h"
#include "config/symbol_table.h"
#include "risk/parameters.h"
#include "risk/types.h"

namespace portcullis::config {

// Texts as they stand on the wire: left-justified, padded with spaces.
using WireSymbol = std::array<char, 8>;
using WireFirm = std::array<char, 4>;

// OUCH: prices have four implied decimals and anything above the maximum is a market code or wrong;
// quantities are 1 to 999,999.
inline constexpr std::int64_t kWirePricePerUnit = 10'000;
inline constexpr std::int64_t kWirePriceMax = 1'999'999'999;
inline constexpr std::int64_t kWireQuantityMax = 999'999;
// What the venue says to everybody is one record of the journal, which the smallest ring must hold.
inline constexpr std::size_t kSessionsMax = 1'000;

// How one instrument is called and counted on one OUCH link. A wire price is a whole number of
// ticks iff it is a multiple of price_per_tick, a wire quantity a whole number of lots iff it is a
// multiple of quantity_per_lot.
struct Alias {
  WireSymbol symbol{};
  risk::InstrumentIndex instrument;
  std::int64_t price_per_tick = 0;    // wire price units in a tick, > 0
  std::int64_t quantity_per_lot = 0;  // wire quantity of a lot, > 0
  // The most that this link and the venue's can both carry.
  risk::Price price_max;
  risk::Lots quantity_max;
};

// Where a password is found when the process starts: exactly one is set, or none where the text of
// the configuration is the journal's, which has none. A client's is kept as its hash; the venue's,
// where we are the client, must be there in plain text.
struct PasswordSource {
  std::string environment;           // name of an environment variable: the plain text
  std::filesystem::path file;        // its first line: of a client the hash
  std::optional<PasswordHash> hash;  // of a client
};

// How the threads that own sockets wait (ORDERLIFE 5).
enum class Waiting : std::uint8_t { Backoff, Spin, Block };

// Timers of a SoupBinTCP link.
struct LinkTimes {
  std::int64_t heartbeat_ns = 0;  // sent after so long without sending
  std::int64_t silence_ns = 0;    // the link is dead after so long without receiving
  std::int64_t login_ns = 0;      // to connect, where it is we who do, and then to be logged in
};

// The client side of the gate.
struct GatewaySettings {
  std::string address;     // an IP address
  std::uint16_t port = 0;  // 0: any free one
  std::uint32_t connections_max = 0;
  Waiting waiting = Waiting::Backoff;
  CoreSettings cores;  // where the threads of the process run; no part of the canonical text
  LinkTimes times;
  // Who has not logged in: so many connections at once, beyond which the oldest goes.
  std::uint32_t unauthenticated_max = 0;
  std::uint32_t connections_per_address_max = 0;
  // So many failed logins within the window, of one name or from one address, and no login of that
  // name or address is looked at during the lockout.
  std::uint32_t login_attempts_max = 0;
  std::int64_t login_window_ns = 0;
  std::int64_t lockout_ns = 0;
  std::int64_t slow_consumer_bytes = 0;  // unsent bytes that are kept for a client
  bool cancel_working_orders_on_stop = false;
  std::int64_t overload_pass_ns = 0;  // a longer pass with a full budget, twice: overloaded
  std::int64_t overload_calm_ns = 0;  // below half for so long: no more
};

// What becomes of our orders when the venue has lost its session (ORDERLIFE 2).
enum class LostSession : std::uint8_t { Ask, OrdersDead };
// What becomes of unresolved numbers at or above the venue's next; resend is not built.
enum class Unresolved : std::uint8_t { Void };

// The venue is on this machine (gateway/shm/LINK.md).
struct SharedMemorySettings {
  std::filesystem::path path;    // of the socket at which it listens
  std::uint32_t ring_bytes = 0;  // each way; a power of two
};

struct VenueSettings {
  std::string address;  // empty and 0 with shared memory
  std::uint16_t port = 0;
  std::optional<SharedMemorySettings> shared_memory;
  std::string user;
  PasswordSource password;
  WireFirm firm{};            // ours, for the fence; no account has it
  WireSymbol fence_symbol{};  // reserved: no instrument's venue symbol
  LinkTimes times;
  std::int64_t reconnect_ns_min = 0;
  std::int64_t reconnect_ns_max = 0;
  std::int64_t send_buffer_bytes = 0;
  LostSession lost_session = LostSession::Ask;
  Unresolved unresolved = Unresolved::Void;
  bool cancels_on_disconnect = false;  // the venue cancels for us when our link is lost
  risk::AccountIndex
      suspense_account;  // for orders found at the venue that name no account; or none
};

enum class Durability : std::uint8_t {
  Process,  // what was taken survives kill -9 of the process
  Fsync,    // and the machine: nothing leaves before it is on the disk
};

struct TlsSettings {
  std::filesystem::path certificate_file;  // PEM, the whole chain
  std::filesystem::path private_key_file;
};

// The door for JSON clients: WebSocket and queries over HTTP, on a thread of its own.
struct EdgeSettings {
  std::string address;     // an IP address
  std::uint16_t port = 0;  // 0: any free one
  std::optional<TlsSettings> tls;
  std::uint32_t connections_max = 0;
  std::uint32_t connections_per_session_max = 0;
  std::int64_t frame_bytes_max = 0;           // of a message, however many frames it comes in
  std::uint32_t batch_max = 0;                // orders in one request
  std::uint32_t requests_per_second_max = 0;  // of a connection, pings among them
  std::uint32_t queue_commands = 0;           // orders on their way to the shard
  std::int64_t send_buffer_bytes = 0;         // unsent bytes above which a client is disconnected
  std::int64_t silence_ns = 0;          // a connection is dead after so long without receiving
  std::int64_t login_ns = 0;            // from the connection to the login
  std::uint32_t order_history = 0;      // closed orders that are kept, by account
  std::uint32_t execution_history = 0;  // executions, likewise
  std::int64_t recv_window_ms_max = 0;
};

struct JournalSettings {
  std::filesystem::path directory;
  std::filesystem::path ring_directory;
  std::int64_t ring_bytes = 0;  // a power of two
  std::int64_t segment_bytes = 0;
  std::int64_t sync_interval_ns = 0;   // durability process; 0: only when it is closed
  std::int64_t disk_budget_bytes = 0;  // of the segments; 0: no limit
  Durability durability = Durability::Process;
  std::int64_t snapshot_interval_ns = 0;  // 0: none is written
  std::int64_t marker_interval_ns = 0;    // 0: none is written
};

struct AssetSettings {
  int decimals = 0;              // a unit is 10^-decimals of the asset
  int index_decimals = 0;        // an index unit is 10^-index_decimals of the risk currency
  std::int64_t index_max = 0;    // in index units; the feed must not publish more
  std::int64_t fixed_index = 0;  // published once at start instead of a feed; 0: there is a feed
  std::string feed_symbol;       // empty when fixed, or with a reference
};

enum class InstrumentKind : std::uint8_t {
  Perpetual,
  Future,
  Equity,
  Fx,
  InversePerpetual,
  InverseFuture,
  Option,
  Spot,
};
enum class OptionType : std::uint8_t { Call, Put };

inline constexpr int kStrikeScale = 9;

struct InstrumentSettings {
  InstrumentKind kind = InstrumentKind::Perpetual;
  int mark_decimals = 0;      // a mark unit is 10^-mark_decimals of the price
  int quantity_decimals = 0;  // a lot is `lot` times 10^-quantity_decimals of the quantity
  std::int64_t lot = 0;
  risk::Mark mark_max;      // the feed must not publish more
  std::string feed_symbol;  // empty: a reference, or no feed, so no orders but those that reduce
  std::string json_symbol;  // what JSON clients call it; empty: they cannot trade it
  Alias venue;
  risk::Timestamp expiry;   // futures and options; 0 for others
  std::int64_t strike = 0;  // options: in 10^-kStrikeScale of the underlying's price
  OptionType option_type = OptionType::Call;
};

struct AccountSettings {
  WireFirm
      firm{};  // unique; on the wire where a session carries several accounts, and at the venue
};

// A login of a session that has a connection already.
enum class DuplicateLogin : std::uint8_t { NewestWins, Refuse };
// A client for which there are more unsent bytes than are kept. Wait: its messages wait in the
// journal, and it is let go when it has taken nothing for as long as a silent peer is given.
enum class SlowConsumer : std::uint8_t { Wait, Disconnect };

enum class Protocol : std::uint8_t { Ouch, Json };

// Of a JSON session: whose requests are believed. The aliases of such a session count in whole lots
// and ticks.
struct ApiKey {
  std::string key;        // unique
  PasswordSource secret;  // what requests are signed with: it must be there in plain text
};

struct SessionSettings {
  Protocol protocol = Protocol::Ouch;
  ApiKey api_key;          // Json
  bool read_only = false;  // Json: a drop copy, no orders
  PasswordSource password;
  risk::AccountIndex default_account;  // of orders without a Firm appendage; none: it must be there
  std::vector<Alias> aliases;          // at most one for an instrument
  bool cancel_on_disconnect = false;
  // Before cancel on disconnect, after a crash of the gate too.
  std::int64_t disconnect_grace_ns = 0;
  // Its orders are cancelled when nothing has been heard of it for so long, connected or not, once
  // until it speaks again; 0: never.
  std::int64_t dead_man_ns = 0;
  DuplicateLogin duplicate_login = DuplicateLogin::NewestWins;
  SlowConsumer slow_consumer = SlowConsumer::Wait;
  bool reject_arithmetic_debug = false;  // a debug packet with the arithmetic follows each reject
};

// CSV lines "time_ns,symbol,price", or JSON lines with these keys.
enum class FeedFormat : std::uint8_t { Csv, JsonLines };

struct FeedSettings {
  std::filesystem::path file;  // the recording
  FeedFormat format = FeedFormat::Csv;
  std::int64_t speed_ppm = 0;  // recorded time runs so much faster than the clock's; 0: no waiting
  bool repeat = false;         // begin again at the end
  std::int64_t conflation_ns = 0;
  std::uint32_t queue_slots = 0;
  std::vector<SourceSettings> sources;        // beside the recording
  std::vector<ReferenceSettings> references;  // prices that are made of them
  std::vector<FundingSettings> fundings;      // at most one of an instrument, and so of the next
  std::vector<OpenInterestSettings> open_interests;
};

// How the volatility of a group's options is moved (METHOD 1.1). With p the short power below
// pivot_days to expiry and the long one above:
//   up    max(v * (1 + up * (pivot_days / days)^p), floor_up)
//   down  max(v * (1 - down * (pivot_days / days)^p), 0)
struct VolatilitySettings {
  std::int64_t up_ppm = 0;
  std::int64_t down_ppm = 0;
  std::int64_t short_power_ppm = 0;
  std::int64_t long_power_ppm = 0;
  std::int64_t pivot_days = 0;
  std::int64_t floor_up_ppm = 0;
};

// What a column of a group's scenario table is, for who builds the risk table: what an instrument
// gains when its factor moves, and the volatility, counts times the weight. The shock that the
// engine takes is the move times the weight.
struct ColumnSettings {
  std::vector<std::int32_t> moves_ppm;  // by local factor
  int volatility = 0;                   // -1 down, 0 the same, +1 up
  std::int64_t weight_numerator = 1;    // REQUIRES 0 < weight <= 1
  std::int64_t weight_denominator = 1;
};

// When the gate builds the risk table of a group of options anew, and from how old prices
// (feeds/table_service.h).
struct TableRebuildSettings {
  risk::InstrumentIndex anchor;  // beside whose mark the options stand
  std::int64_t age_ns = 0;
  std::int64_t pause_ns = 0;
  std::int64_t price_move_ppm = 0;
  std::int64_t volatility_move_ppm = 0;
  std::int64_t price_age_max_ns = 0;
  std::int64_t volatility_age_max_ns = 0;
  std::int64_t basis_max_ppm = 0;
};

// Beside risk::GroupParameters.
struct GroupSettings {
  std::vector<ColumnSettings> columns;  // of the group's table
  std::optional<VolatilitySettings> volatility;
  bool has_table_move_max = false;              // margin.json says how far tables may lag
  std::optional<TableRebuildSettings> rebuild;  // none: the gate does not build its table
};

// What holds while a factor is in a regime.
struct RegimeSettings {
  std::string name;
  // A year's volatility at which it is entered from below, and below which it is left; of the first both
  // are 0.
  std::int64_t enter_ppm = 0;
  std::int64_t leave_ppm = 0;
  std::int64_t shock_ppm = risk::kPpm;  // of the factor's configured moves
  // No account's leverage is higher; int64's maximum: no cap.
  std::int64_t leverage_max_ppm = std::numeric_limits<std::int64_t>::max();
};
// A factor whose realised volatility selects among regimes (feeds/regime.h).
struct FactorRegimes {
  risk::FactorIndex factor;
  risk::InstrumentIndex mark;  // the instrument whose mark is sampled
  std::int64_t period_ns = 0;
  std::int64_t half_life_ns = 0;
  std::uint32_t warm_up = 0;
  std::int64_t up_after_ns = 0;
  std::int64_t down_after_ns = 0;
  std::int64_t gap_max_ns = 0;
  std::vector<RegimeSettings> levels;  // from calm to wild
};
inline constexpr std::size_t kRegimeFactorsMax = 64;
inline constexpr std::uint8_t kLastRegime = 255;
// By place in Deployment::regimes: which level is in force. kLastRegime, or beyond the last: the last.
using RegimeChoice = std::array<std::uint8_t, kRegimeFactorsMax>;
constexpr RegimeChoice last_regimes() {
  RegimeChoice choice{};
  choice.fill(kLastRegime);
  return choice;
}

// Scenario sets as they were named, for reports. By set, and by column within the set: of a
// per-group set by group first (empty where the group is not in it), of a joint set one list.
struct SetNames {
  std::string name;
  std::vector<std::vector<std::string>> columns;
};

// A group's add-ons and drivers as they were named, for reports; in their order.
struct AddOnNames {
  std::vector<std::string> add_ons;
  std::vector<std::string> drivers;
};

using ProfileIndex = risk::Index<struct ProfileTag>;  // of a limit profile

struct Names {
  SymbolTable<risk::AssetIndex> assets;
  SymbolTable<risk::FactorIndex> factors;
  SymbolTable<risk::GroupIndex> risk_groups;
  SymbolTable<risk::InstrumentIndex> instruments;
  SymbolTable<risk::NodeIndex> nodes;  // venue, members and groups
  SymbolTable<risk::AccountIndex> accounts;
  SymbolTable<risk::SessionIndex> sessions;  // over OUCH, their SoupBinTCP user names
  SymbolTable<ProfileIndex> profiles;
  SymbolTable<SourceIndex> sources;
  std::vector<SetNames> sets;
  std::vector<AddOnNames> add_ons;  // by risk group
};

struct Deployment {
  std::filesystem::path folder;  // relative paths were taken from here
  std::string risk_currency;
  int risk_decimals = 0;  // a quantum is 10^-risk_decimals of the risk currency

  GatewaySettings gateway;
  std::optional<EdgeSettings> edge;  // none: no JSON clients
  VenueSettings venue;
  JournalSettings journal;
  FeedSettings feed;

  Names names;
  // By index, beside those of `parameters`.
  std::vector<AssetSettings> assets;
  std::vector<GroupSettings> groups;
  std::vector<FactorRegimes> regimes;
  RegimeChoice regime_choice =
      last_regimes();  // that `parameters` are of; behind `regimes` kLastRegime
  std::vector<InstrumentSettings> instruments;
  std::vector<AccountSettings> accounts;
  std::vector<SessionSettings> sessions;

  risk::Parameters parameters;

  // The files' content in one form, without what tells where passwords are or what their hashes
  // are: what the journal keeps, and load_canonical() reads again.
  std::string canonical_text;
  std::uint64_t canonical_hash = 0;  // FNV-1a of it: tells sets apart, is no proof against forgery
};

}  // namespace portcullis::config
