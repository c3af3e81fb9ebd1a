// One order of a create, amend or cancel, from its object in a frame to an OrderRequest. Not for
// others than the decoder.
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "gateway/json/decode.h"

namespace portcullis::gateway::json {

// Where an order stands in the request.
struct Place {
  bool in_batch = false;
  std::size_t index = 0;
};

inline constexpr std::string_view kCategoryWords =
    "must be \"spot\", \"linear\", \"inverse\" or \"option\"";
// None: there is no such category.
[[nodiscard]] Category category_named(std::string_view name);

// False: it is no JSON. What is wrong with the order is its fault, the first one counts, and what
// follows it is not looked at.
[[nodiscard]] bool read_order(simdjson::ondemand::object& object, Op op, const Place& place,
                              OrderRequest& order);

// Once the category is known: what a spot market order buys is so much of the quoted coin unless it
// says otherwise.
void check_unit(Op op, const Place& place, OrderRequest& order);

}  // namespace portcullis::gateway::json
