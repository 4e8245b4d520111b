#include "decode/primary_key.hpp"

#include <algorithm>

namespace bemi::decode {

std::span<ColumnWriter> key_columns(Oid index, std::span<ColumnWriter> columns) {
    HeapTuple tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
    if (!HeapTupleIsValid(tuple))
        return {};

    const auto *form = reinterpret_cast<Form_pg_index>(GETSTRUCT(tuple));
    auto *key =
        static_cast<ColumnWriter *>(palloc(sizeof(ColumnWriter) * static_cast<size_t>(form->indnkeyatts)));
    size_t count = 0;
    for (int i = 0; form->indisprimary && i < form->indnkeyatts; i++) {
        const int position = form->indkey.values[i] - 1;
        const auto column = std::find_if(columns.begin(), columns.end(),
                                         [position](const ColumnWriter &c) { return c.index == position; });
        if (column != columns.end())
            key[count++] = *column;
    }
    ReleaseSysCache(tuple);
    return {key, count};
}

std::span<ColumnWriter> primary_key_columns(Relation relation, std::span<ColumnWriter> columns) {
    // pg_index is searched, because the relation cache of PostgreSQL does not report a deferrable primary
    // key.
    List *indexes = RelationGetIndexList(relation);
    std::span<ColumnWriter> key;
    for (int i = 0; key.empty() && i < list_length(indexes); i++)
        key = key_columns(list_nth_oid(indexes, i), columns);
    list_free(indexes);
    return key;
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
