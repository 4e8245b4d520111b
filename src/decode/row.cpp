#include "row.hpp"

namespace bemi::decode {

namespace {

/// Whether both rows are there and have the same value in the column.
bool is_unchanged(const RelationPlan &plan, const ColumnPlan &column) {
    const int i = column.index;
    return plan.old_row.present && !plan.old_row.nulls[i] && !plan.new_row.nulls[i] &&
           datumIsEqual(plan.old_row.values[i], plan.new_row.values[i], column.value.by_value,
                        column.value.length);
}

void write_known_member(JsonWriter &out, ColumnPlan &column, const Row &row) {
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

void complete_new_row(RelationPlan &plan) {
    if (!plan.old_row.present)
        return;
    for (const ColumnPlan &column : plan.columns) {
        // Of an identity that is only a key, the old row has null for all other columns. A value that stays
        // where it is was not null before either.
        const int i = column.index;
        if (!plan.new_row.nulls[i] && is_unavailable(column.value, plan.new_row.values[i]) &&
            !plan.old_row.nulls[i])
            plan.new_row.values[i] = plan.old_row.values[i];
    }
}

void write_before(JsonWriter &out, RelationPlan &plan) {
    const Row &row = plan.old_row;
    if (!row.present)
        return out.raw("{}");
    out.enclosed('{', '}', [&] {
        for (ColumnPlan &column : plan.identity) {
            const size_t start = out.size();
            write_known_member(out, column, row);
            plan.old_members[column.index] = {start, out.size() - start};
        }
    });
}

void write_after(JsonWriter &out, RelationPlan &plan) {
    const Row &row = plan.new_row;
    if (!row.present)
        return out.raw("{}");
    out.enclosed('{', '}', [&] {
        for (ColumnPlan &column : plan.columns) {
            const Member &old = plan.old_members[column.index];
            if (is_unchanged(plan, column) && old.size > 0)
                out.repeat_after_comma(old.start, old.size);
            else
                write_known_member(out, column, row);
        }
    });
}

} // namespace bemi::decode
