// The second look: whether a frame that has a fault is JSON at all, and what its id is.
#include "gateway/json/decode.h"
#include "gateway/json/decode_parts.h"

namespace portcullis::gateway::json {

namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n\r";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// The same of a frame that is no object.
bool is_sound_scalar(ondemand::document& document, ondemand::json_type type,
                     std::string_view frame) {
  if (type == ondemand::json_type::string)
    return document.get_string().error() == simdjson::SUCCESS && at_end(document);
  return is_scalar_token(trimmed(frame));
}

}  // namespace

// A frame with a fault is JSON with a fault, or no JSON; and the id of the request may stand behind
// the fault.
void Decoder::look_again(std::string_view frame) {
  ondemand::document document;
  ondemand::json_type type{};
  if (checker_.iterate(frame.data(), frame.size(), frame.size() + kFramePadding).get(document) !=
          simdjson::SUCCESS ||
      document.type().get(type) != simdjson::SUCCESS) {
    return refuse_malformed();
  }
  if (type != ondemand::json_type::object && type != ondemand::json_type::array) {
    if (!is_sound_scalar(document, type, frame)) refuse_malformed();
    return;
  }
  ondemand::value root;
  if (type == ondemand::json_type::array) {
    if (document.get_value().get(root) != simdjson::SUCCESS || !is_sound(root, 1) ||
        !at_end(document)) {
      refuse_malformed();
    }
    return;
  }
  ondemand::object object;
  if (document.get_object().get(object) != simdjson::SUCCESS) return refuse_malformed();
  for (auto member : object) {
    ondemand::field field;
    std::string_view key;
    if (std::move(member).get(field) != simdjson::SUCCESS ||
        field.unescaped_key().get(key) != simdjson::SUCCESS) {
      return refuse_malformed();
    }
    ondemand::value value = field.value();
    ondemand::json_type kind{};
    std::string_view text;
    if (request_.req_id.empty() && (key == "reqId" || key == "req_id") &&
        value.type().get(kind) == simdjson::SUCCESS && kind == ondemand::json_type::string) {
      if (value.get_string().get(text) != simdjson::SUCCESS) return refuse_malformed();
      if (text.size() <= kReqIdMax && is_printable(text)) request_.req_id = text;
    } else if (request_.op_text.empty() && key == "op" &&
               value.type().get(kind) == simdjson::SUCCESS && kind == ondemand::json_type::string) {
      if (value.get_string().get(text) != simdjson::SUCCESS) return refuse_malformed();
      if (text.size() <= kShownMax && is_printable(text)) request_.op_text = text;
    } else if (!is_sound(value, 2)) {
      return refuse_malformed();
    }
  }
  if (!at_end(document)) refuse_malformed();
}

}  // namespace portcullis::gateway::json
