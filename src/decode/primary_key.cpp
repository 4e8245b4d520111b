#include "decode/primary_key.hpp"

#include <algorithm>

namespace bemi::decode {

namespace {

/// The attribute numbers of the index if it is a primary key, else NIL.
List *key_attributes(Oid index) {
    HeapTuple tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
    if (!HeapTupleIsValid(tuple))
        return NIL;
    const auto *form = reinterpret_cast<Form_pg_index>(GETSTRUCT(tuple));
    List *attributes = NIL;
    for (int i = 0; form->indisprimary && i < form->indnkeyatts; i++)
        attributes = lappend_int(attributes, form->indkey.values[i]);
    ReleaseSysCache(tuple);
    return attributes;
}

std::span<ColumnWriter> columns_of(List *attributes, std::span<ColumnWriter> columns) {
    auto *key = static_cast<ColumnWriter *>(
        palloc(sizeof(ColumnWriter) * static_cast<size_t>(list_length(attributes))));
    size_t count = 0;
    for (int i = 0; i < list_length(attributes); i++) {
        const int position = list_nth_int(attributes, i) - 1;
        const auto column = std::find_if(columns.begin(), columns.end(),
                                         [position](const ColumnWriter &c) { return c.index == position; });
        if (column != columns.end())
            key[count++] = *column;
    }
    list_free(attributes);
    return {key, count};
}

} // namespace

List *primary_key_attributes(Relation relation) {
    // pg_index is searched, because the relation cache of PostgreSQL does not report a deferrable primary
    // key.
    List *indexes = RelationGetIndexList(relation);
    List *attributes = NIL;
    for (int i = 0; attributes == NIL && i < list_length(indexes); i++)
        attributes = key_attributes(list_nth_oid(indexes, i));
    list_free(indexes);
    return attributes;
}

std::span<ColumnWriter> key_columns(Oid index, std::span<ColumnWriter> columns) {
    return columns_of(key_attributes(index), columns);
}

std::span<ColumnWriter> primary_key_columns(Relation relation, std::span<ColumnWriter> columns) {
    return columns_of(primary_key_attributes(relation), columns);
}

const Row *row_with_key(const RelationEntry &entry) {
    const Row &row = entry.new_row.present ? entry.new_row : entry.old_row;
    const std::span<ColumnWriter> key = entry.primary_key;
    const bool known = row.present && !key.empty() &&
                       std::all_of(key.begin(), key.end(),
                                   [&row](const ColumnWriter &column) { return has_value(row, column); });
    return known ? &row : nullptr;
}

bool may_have_moved_key(const RelationEntry &entry) {
    const Row &before = entry.old_row, &after = entry.new_row;
    if (!before.present || !after.present)
        return false;
    bool differs = false;
    for (const ColumnWriter &column : entry.primary_key) {
        if (!has_value(before, column) || !has_value(after, column))
            return false;
        differs |= !has_equal_value(entry, column);
    }
    return differs;
}

void write_key_array(json::Writer &out, std::span<ColumnWriter> key, const Row &row) {
    char separator = '[';
    for (ColumnWriter &column : key) {
        out.raw(separator);
        separator = ',';
        write_value(out, column.value, row.values[column.index]);
    }
    out.raw(']');
}

} // namespace bemi::decode
