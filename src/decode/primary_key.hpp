// The columns of a primary key, and its value in a changed row.
#pragma once

#include "decode/row.hpp"

namespace bemi::decode {

/// The attribute numbers of the relation's primary key, in the order of the key.
[[nodiscard]] List *primary_key_attributes(Relation relation);

/// The columns of the relation's primary key, in the order of the key; empty if it has no primary key.
[[nodiscard]] std::span<ColumnWriter> primary_key_columns(Relation relation, std::span<ColumnWriter> columns);

/// The columns of `index` if it is a primary key, else empty.
[[nodiscard]] std::span<ColumnWriter> key_columns(Oid index, std::span<ColumnWriter> columns);

/// The row whose primary key identifies the change: the old row of a DELETE, otherwise the new row. NULL if
/// the table has no primary key, or the value of one of its columns is not known.
[[nodiscard]] const Row *row_with_key(const RelationEntry &entry);

/// Whether the primary keys of both rows are known, and are not equal byte by byte.
[[nodiscard]] bool may_have_moved_key(const RelationEntry &entry);

/// Writes the values of the key's columns as a JSON array.
void write_key_array(json::Writer &out, std::span<ColumnWriter> key, const Row &row);

} // namespace bemi::decode
