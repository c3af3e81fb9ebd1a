#include "config/json_walk.h"

#include <utility>

#include "config/decimal.h"

namespace portcullis::config {

namespace ondemand = simdjson::ondemand;

bool is_scalar_token(std::string_view token) {
  return token == "null" || token == "true" || token == "false" || is_json_number(token);
}

bool at_end(ondemand::document& document) {
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

bool is_sound(ondemand::value value, std::size_t depth) {
  if (depth > kJsonDepthMax) return false;
  ondemand::json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS) return false;
  switch (type) {
    case ondemand::json_type::array: {
      ondemand::array array;
      if (value.get_array().get(array) != simdjson::SUCCESS) return false;
      for (auto item : array) {
        ondemand::value next;
        if (std::move(item).get(next) != simdjson::SUCCESS || !is_sound(next, depth + 1))
          return false;
      }
      return true;
    }
    case ondemand::json_type::object: {
      ondemand::object object;
      if (value.get_object().get(object) != simdjson::SUCCESS) return false;
      for (auto member : object) {
        ondemand::field field;
        if (std::move(member).get(field) != simdjson::SUCCESS ||
            field.unescaped_key().error() != simdjson::SUCCESS ||
            !is_sound(field.value(), depth + 1)) {
          return false;
        }
      }
      return true;
    }
    case ondemand::json_type::string:
      return value.get_string().error() == simdjson::SUCCESS;
    case ondemand::json_type::number:
    case ondemand::json_type::boolean:
    case ondemand::json_type::null:
      return is_scalar_token(token_of(value));
  }
  return false;
}

}  // namespace portcullis::config
