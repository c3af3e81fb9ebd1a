// What the JSON door says, read: replies, pushes, and the results of queries.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace portcullis::gateway::client {

// Members that are not there are empty. The texts end with the next one that is read.
struct OrderEntry {
  std::string_view link;  // orderLinkId
  std::string_view category;
  std::string_view symbol;
  std::string_view status;
  std::string_view cancel_type;
  std::string_view reject_text;
  std::string_view price;
  std::string_view quantity;
  std::string_view leaves;
  std::string_view executed;
};
struct ExecutionEntry {
  std::string_view id;
  std::string_view type;
  std::string_view link;
  std::string_view category;
  std::string_view symbol;
  std::string_view quantity;
};
struct ServerText {
  bool is_json = false;
  // A reply, or the head of a result.
  std::string_view op;
  std::string_view req_id;
  std::int64_t code = -1;  // retCode; -1: there is none
  std::string_view message;
  std::string_view reason;  // in the gate's arithmetic
  // A push has a topic, and a result that has another page a cursor.
  std::string_view topic;
  std::string_view cursor;
  std::vector<OrderEntry> orders;
  std::vector<ExecutionEntry> executions;
};

class TextReader {
 public:
  // Stays until the next call.
  const ServerText& read(std::string_view text);

 private:
  void read_entries(const simdjson::dom::array& list);

  simdjson::dom::parser parser_;
  ServerText text_;
};

}  // namespace portcullis::gateway::client
