// Rows of a relation: taken apart, completed from each other, and written.
#pragma once

#include "decode/relation_entry.hpp"
#include "decode/values/value.hpp"

namespace bemi::decode {

/// Takes `tuple`, NULL for none, apart into `row`.
void deform(Row &row, Relation relation, HeapTuple tuple);

/// Puts values that an UPDATE left where they were (out of line, so that the WAL does not repeat them) into
/// the new row as far as the old row has them.
void complete_new_row(RelationEntry &entry);

/// Writes the old row, and after it the new one: an object of the columns; {} if there is no row.
void write_before(JsonWriter &out, RelationEntry &entry);
void write_after(JsonWriter &out, RelationEntry &entry);

/// Whether the column has a value that cannot be written; see guard.hpp.
[[nodiscard]] inline bool is_unreadable(const Row &row, const ColumnWriter &column) {
    return unlikely(row.unreadable != nullptr) && bms_is_member(column.index, row.unreadable);
}

/// Whether the column is not null, but has no value to be written: the WAL does not have it, or it is
/// unreadable.
[[nodiscard]] inline bool lacks_value(const Row &row, const ColumnWriter &column) {
    return !row.nulls[column.index] &&
           (is_unavailable(column.value, row.values[column.index]) || is_unreadable(row, column));
}

/// Whether there is a value other than null.
[[nodiscard]] inline bool has_value(const Row &row, const ColumnWriter &column) {
    return !row.nulls[column.index] && !lacks_value(row, column);
}

} // namespace bemi::decode
