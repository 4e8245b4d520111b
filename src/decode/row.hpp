// Rows of a relation: deforms tuples, completes the new row from the old row, and writes rows.
#pragma once

#include "decode/relation_entry.hpp"
#include "decode/values/value.hpp"

namespace bemi::decode {

/// Fills `row` with the values of `tuple`, or marks it as absent if that is NULL.
void deform(Row &row, Relation relation, HeapTuple tuple);

/// Completes the new row of an UPDATE with unchanged TOAST values, which the WAL does not repeat, as far as
/// the old row contains them.
void complete_new_row(RelationEntry &entry);

/// Each writes a row as an object of its columns, {} if there is no row. write_after() copies unchanged
/// columns from the output of write_before(), which must come first.
void write_before(json::Writer &out, RelationEntry &entry);
void write_after(json::Writer &out, RelationEntry &entry);

/// Whether the value of the column cannot be written; see guard.hpp.
[[nodiscard]] inline bool is_unreadable(const Row &row, const ColumnWriter &column) {
    return unlikely(row.unreadable != nullptr) && bms_is_member(column.index, row.unreadable);
}

/// Whether the column is not null, but its value is missing from the WAL or unreadable.
[[nodiscard]] inline bool lacks_value(const Row &row, const ColumnWriter &column) {
    return !row.nulls[column.index] &&
           (is_unavailable(column.value, row.values[column.index]) || is_unreadable(row, column));
}

/// Whether the value of the column is known and not null.
[[nodiscard]] inline bool has_value(const Row &row, const ColumnWriter &column) {
    return !row.nulls[column.index] && !lacks_value(row, column);
}

/// Whether the values of the column in both rows, which are known and not null, are equal byte by byte. Then
/// they have equal text.
[[nodiscard]] inline bool has_equal_value(const RelationEntry &entry, const ColumnWriter &column) {
    const int i = column.index;
    return datumIsEqual(entry.old_row.values[i], entry.new_row.values[i], column.value.by_value,
                        column.value.length);
}

} // namespace bemi::decode
