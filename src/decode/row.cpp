#include "row.hpp"

namespace bemi::decode {

void deform(Row &row, Relation relation, HeapTuple tuple) {
    row.present = tuple != nullptr;
    if (row.present)
        heap_deform_tuple(tuple, RelationGetDescr(relation), row.values, row.nulls);
}

void complete_new_row(RelationPlan &plan) {
    if (!plan.old_row.present)
        return;
    for (const ColumnPlan &column : plan.columns) {
        // Of an identity that is only a key, the old row has null for all other columns. A value that stays
        // where it is was not null before either.
        if (lacks_value(plan.new_row, column) && !plan.old_row.nulls[column.index])
            plan.new_row.values[column.index] = plan.old_row.values[column.index];
    }
}

void write_row(JsonWriter &out, std::span<ColumnPlan> columns, const Row &row) {
    if (row.present)
        write_object(out, columns, row.values, row.nulls);
    else
        out.raw("{}");
}

} // namespace bemi::decode
