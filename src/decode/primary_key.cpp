#include "primary_key.hpp"

#include <algorithm>

namespace bemi::decode {

std::span<ColumnPlan> plan_key_of(Oid index, std::span<ColumnPlan> columns) {
    HeapTuple tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
    if (!HeapTupleIsValid(tuple))
        return {};

    const auto *form = reinterpret_cast<Form_pg_index>(GETSTRUCT(tuple));
    auto *key =
        static_cast<ColumnPlan *>(palloc(sizeof(ColumnPlan) * static_cast<size_t>(form->indnkeyatts)));
    size_t count = 0;
    for (int i = 0; form->indisprimary && i < form->indnkeyatts; i++) {
        const int position = form->indkey.values[i] - 1;
        const auto column = std::find_if(columns.begin(), columns.end(),
                                         [position](const ColumnPlan &c) { return c.index == position; });
        if (column != columns.end())
            key[count++] = *column;
    }
    ReleaseSysCache(tuple);
    return {key, count};
}

std::span<ColumnPlan> plan_primary_key(Relation relation, std::span<ColumnPlan> columns) {
    // By the catalog of indexes, because the relation cache does not tell a deferrable primary key.
    List *indexes = RelationGetIndexList(relation);
    std::span<ColumnPlan> key;
    for (int i = 0; key.empty() && i < list_length(indexes); i++)
        key = plan_key_of(list_nth_oid(indexes, i), columns);
    list_free(indexes);
    return key;
}

const Row *row_with_key(const RelationPlan &plan) {
    const Row &row = plan.new_row.present ? plan.new_row : plan.old_row;
    const std::span<ColumnPlan> key = plan.primary_key;
    const bool known = row.present && !key.empty() &&
                       std::all_of(key.begin(), key.end(),
                                   [&row](const ColumnPlan &column) { return has_value(row, column); });
    return known ? &row : nullptr;
}

void write_key_array(JsonWriter &out, std::span<ColumnPlan> key, const Row &row) {
    char separator = '[';
    for (ColumnPlan &column : key) {
        out.raw(separator);
        separator = ',';
        write_value(out, column.value, row.values[column.index]);
    }
    out.raw(']');
}

} // namespace bemi::decode
