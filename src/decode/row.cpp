#include "decode/row.hpp"

namespace bemi::decode {

namespace {

/// Whether both rows exist and have an equal value in the column.
bool is_unchanged(const RelationEntry &entry, const ColumnWriter &column) {
    const int i = column.index;
    return entry.old_row.present && !entry.old_row.nulls[i] && !entry.new_row.nulls[i] &&
           has_equal_value(entry, column);
}

void write_known_member(json::Writer &out, ColumnWriter &column, const Row &row) {
    if (!is_unreadable(row, column))
        write_member(out, column, row.values[column.index], row.nulls[column.index]);
}

} // namespace

void deform(Row &row, Relation relation, HeapTuple tuple) {
    row.present = tuple != nullptr;
    row.unreadable = nullptr;
    if (row.present)
        heap_deform_tuple(tuple, RelationGetDescr(relation), row.values, row.nulls);
}

void complete_new_row(RelationEntry &entry) {
    if (!entry.old_row.present)
        return;
    for (const ColumnWriter &column : entry.columns) {
        // If the replica identity is only a key, the old row has null for all other columns. There, null
        // means unknown: an unchanged TOAST value was not null before the update either.
        const int i = column.index;
        if (!entry.new_row.nulls[i] && is_unavailable(column.value, entry.new_row.values[i]) &&
            !entry.old_row.nulls[i])
            entry.new_row.values[i] = entry.old_row.values[i];
    }
}

void write_before(json::Writer &out, RelationEntry &entry) {
    const Row &row = entry.old_row;
    if (!row.present)
        return out.raw("{}");
    out.enclosed('{', '}', [&] {
        for (ColumnWriter &column : entry.identity) {
            const size_t start = out.size();
            write_known_member(out, column, row);
            entry.old_members[column.index] = {start, out.size() - start};
        }
    });
}

void write_after(json::Writer &out, RelationEntry &entry) {
    const Row &row = entry.new_row;
    if (!row.present)
        return out.raw("{}");
    out.enclosed('{', '}', [&] {
        for (ColumnWriter &column : entry.columns) {
            const WrittenMember &old = entry.old_members[column.index];
            if (is_unchanged(entry, column) && old.size > 0)
                out.repeat_after_comma(old.start, old.size);
            else
                write_known_member(out, column, row);
        }
    });
}

} // namespace bemi::decode
