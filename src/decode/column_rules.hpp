// Rules for columns of a tracked table: what changes have of these columns, and which updates are no changes.
// They apply to the rows before a format writes them, so that no format has a value that it must not write.
#pragma once

#include "base/compat.hpp"

#include <span>
#include <string_view>

namespace bemi::decode {

struct RelationEntry;

/// The rules for one column.
struct RulesOfColumn {
    bool is_ignored;
    bool is_excluded;
    bool is_redacted;

    /// Whether changes do not have its value.
    [[nodiscard]] bool is_hidden() const { return is_excluded || is_redacted; }
};

/// What comparing the two values of a column needs.
struct ComparedColumn {
    int index; // of the value in Row::values
    bool by_value;
    int16 length;
};

/// The rules of a relation, with its columns that are not dropped.
struct ColumnRules {
    std::span<RulesOfColumn> of_columns; // by index; empty without any rule
    bool skip_unchanged;
    bool has_whole_old_rows;                 // old rows have all columns, not only those of an index
    std::span<ComparedColumn> significant;   // if any of these differs, an UPDATE is a change
    std::span<ComparedColumn> insignificant; // ignored or excluded
    std::span<ComparedColumn> redacted;
    Datum redacted_value; // texts that stand for the values
    Datum changed_value;

    [[nodiscard]] bool exist() const { return skip_unchanged || !of_columns.empty(); }
    [[nodiscard]] RulesOfColumn of(Form_pg_attribute attribute) const {
        return of_columns.empty() ? RulesOfColumn{} : of_columns[static_cast<size_t>(attribute->attnum - 1)];
    }
};

/// Whether the WAL has values of the column: a virtual generated column is computed when it is read.
[[nodiscard]] inline bool is_logged(Form_pg_attribute attribute) {
    return !attribute->attisdropped && !compat::is_virtual(attribute);
}

/// Reads the rules from the arguments of the trigger that records them, in the current memory context.
[[nodiscard]] ColumnRules make_column_rules(Relation relation, std::string_view arguments);

/// Whether changes do not have the value of some column of the primary key.
[[nodiscard]] bool hide_key(const ColumnRules &rules, Relation relation);

/// The column as which a redacted one is written: one of type text, without a default.
[[nodiscard]] FormData_pg_attribute redacted(Form_pg_attribute attribute);

/// Whether the UPDATE in the rows of the entry is no change by its rules.
[[nodiscard]] bool is_no_change(const RelationEntry &entry);

/// Replaces redacted values in the rows of the entry. Null stays null.
void redact(RelationEntry &entry);

} // namespace bemi::decode
