#include "gateway/client/server_texts.h"

namespace portcullis::gateway::client {

namespace dom = simdjson::dom;

namespace {

std::string_view text_at(const dom::object& object, std::string_view name) {
  std::string_view text;
  return object[name].get_string().get(text) == simdjson::SUCCESS ? text : std::string_view();
}

}  // namespace

void TextReader::read_entries(const dom::array& list) {
  for (const dom::element entry : list) {
    dom::object object;
    if (entry.get_object().get(object) != simdjson::SUCCESS) continue;
    const auto text = [&](std::string_view name) { return text_at(object, name); };
    if (const std::string_view id = text("execId"); !id.empty()) {
      text_.executions.push_back({.id = id,
                                  .type = text("execType"),
                                  .link = text("orderLinkId"),
                                  .category = text("category"),
                                  .symbol = text("symbol"),
                                  .quantity = text("execQty")});
      continue;
    }
    text_.orders.push_back({.link = text("orderLinkId"),
                            .category = text("category"),
                            .symbol = text("symbol"),
                            .status = text("orderStatus"),
                            .cancel_type = text("cancelType"),
                            .reject_text = text("rejectText"),
                            .price = text("price"),
                            .quantity = text("qty"),
                            .leaves = text("leavesQty"),
                            .executed = text("cumExecQty")});
  }
}

const ServerText& TextReader::read(std::string_view text) {
  text_ = {};
  dom::object root;
  if (parser_.parse(text.data(), text.size()).get_object().get(root) != simdjson::SUCCESS)
    return text_;
  text_.is_json = true;
  text_.op = text_at(root, "op");
  text_.req_id = text_at(root, "reqId");
  if (root["retCode"].get_int64().get(text_.code) != simdjson::SUCCESS) text_.code = -1;
  text_.message = text_at(root, "retMsg");
  text_.topic = text_at(root, "topic");
  dom::object inner;
  dom::array list;
  if (root["retExtInfo"].get_object().get(inner) == simdjson::SUCCESS)
    text_.reason = text_at(inner, "reason");
  if (root["result"].get_object().get(inner) == simdjson::SUCCESS) {
    text_.cursor = text_at(inner, "nextPageCursor");
    if (inner["list"].get_array().get(list) == simdjson::SUCCESS) read_entries(list);
  }
  if (!text_.topic.empty() && root["data"].get_array().get(list) == simdjson::SUCCESS)
    read_entries(list);
  return text_;
}

}  // namespace portcullis::gateway::client
