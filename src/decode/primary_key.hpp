// The primary key of a changed row.
#pragma once

#include "row.hpp"

namespace bemi::decode {

/// The row whose key a change is known by: of what was deleted, the old one. NULL if it has no key, or not
/// all of it is known.
[[nodiscard]] const Row *row_with_key(const RelationPlan &plan);

/// The values of the key's columns as a JSON array.
void write_key_array(JsonWriter &out, std::span<ColumnPlan> key, const Row &row);

} // namespace bemi::decode
