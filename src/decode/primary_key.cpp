#include "primary_key.hpp"

#include <algorithm>

namespace bemi::decode {

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
