// The primary key of a relation, and that of a changed row.
#pragma once

#include "decode/row.hpp"

namespace bemi::decode {

/// The columns of the relation's primary key, in the order of the key; none if it has no such key.
[[nodiscard]] std::span<ColumnWriter> primary_key_columns(Relation relation, std::span<ColumnWriter> columns);

/// The columns of `index` if it is the primary key, else none.
[[nodiscard]] std::span<ColumnWriter> key_columns(Oid index, std::span<ColumnWriter> columns);

/// The row whose key a change is known by: of what was deleted, the old one. NULL if it has no key, or not
/// all of it is known.
[[nodiscard]] const Row *row_with_key(const RelationEntry &entry);

/// The values of the key's columns as a JSON array.
void write_key_array(JsonWriter &out, std::span<ColumnWriter> key, const Row &row);

} // namespace bemi::decode
