// The primary key of a relation, and that of a changed row.
#pragma once

#include "row.hpp"

namespace bemi::decode {

/// The columns of the relation's primary key, in the order of the key; none if it has no such key.
[[nodiscard]] std::span<ColumnPlan> plan_primary_key(Relation relation, std::span<ColumnPlan> columns);

/// The columns of `index` if it is the primary key, else none.
[[nodiscard]] std::span<ColumnPlan> plan_key_of(Oid index, std::span<ColumnPlan> columns);

/// The row whose key a change is known by: of what was deleted, the old one. NULL if it has no key, or not
/// all of it is known.
[[nodiscard]] const Row *row_with_key(const RelationPlan &plan);

/// The values of the key's columns as a JSON array.
void write_key_array(JsonWriter &out, std::span<ColumnPlan> key, const Row &row);

} // namespace bemi::decode
