#include "decode/column_rules.hpp"

#include "base/tracking_options.hpp"
#include "decode/primary_key.hpp"

#include <algorithm>
#include <functional>

namespace bemi::decode {

namespace {

void add_rule(RulesOfColumn &rules, ColumnRule rule) {
    rules.is_ignored |= rule == ColumnRule::ignore;
    rules.is_excluded |= rule == ColumnRule::exclude;
    rules.is_redacted |= rule == ColumnRule::redact;
}

std::span<RulesOfColumn> rules_of_columns(TupleDesc descriptor, std::string_view arguments) {
    const auto natts = static_cast<size_t>(descriptor->natts);
    std::span<RulesOfColumn> rules;
    for_each_column_pattern(arguments, [&](const ColumnPattern &pattern) {
        if (rules.empty())
            rules = {static_cast<RulesOfColumn *>(palloc0(sizeof(RulesOfColumn) * natts)), natts};
        for (size_t i = 0; i < natts; i++)
            if (pattern.matches(NameStr(TupleDescAttr(descriptor, static_cast<int>(i))->attname)))
                add_rule(rules[i], pattern.rule);
    });
    return rules;
}

/// The columns for which `wanted(rules of the column)` is true.
template <typename Wanted>
std::span<ComparedColumn> columns_that(TupleDesc descriptor, const ColumnRules &rules, Wanted &&wanted) {
    auto *columns = static_cast<ComparedColumn *>(
        palloc(sizeof(ComparedColumn) * static_cast<size_t>(descriptor->natts)));
    size_t count = 0;
    for (int i = 0; i < descriptor->natts; i++) {
        Form_pg_attribute attribute = TupleDescAttr(descriptor, i);
        if (is_logged(attribute) && wanted(rules.of(attribute)))
            columns[count++] = {i, attribute->attbyval, attribute->attlen};
    }
    return {columns, count};
}

template <typename Use> void for_each_of_key(const ColumnRules &rules, Relation relation, Use &&use) {
    List *key = primary_key_attributes(relation);
    for (int i = 0; i < list_length(key); i++)
        use(rules.of_columns[static_cast<size_t>(list_nth_int(key, i) - 1)]);
    list_free(key);
}

bool is_changed(const RelationEntry &entry, const ComparedColumn &column) {
    const Row &before = entry.old_row, &after = entry.new_row;
    const int i = column.index;
    if (before.nulls[i] || after.nulls[i])
        return before.nulls[i] != after.nulls[i];
    // The WAL does not repeat a TOAST value that has not changed.
    if (column.length == -1 && VARATT_IS_EXTERNAL_ONDISK(DatumGetPointer(after.values[i])))
        return false;
    return !datum_image_eq(before.values[i], after.values[i], column.by_value, column.length);
}

bool is_any_changed(const RelationEntry &entry, std::span<const ComparedColumn> columns) {
    return std::any_of(columns.begin(), columns.end(),
                       [&entry](const ComparedColumn &column) { return is_changed(entry, column); });
}

/// Whether the rows tell that an UPDATE has changed the column. If old rows have only the columns of an
/// index, null means unknown in all others.
bool is_known_to_be_changed(const RelationEntry &entry, const ComparedColumn &column) {
    return entry.old_row.present && entry.new_row.present &&
           (entry.rules.has_whole_old_rows || !entry.old_row.nulls[column.index]) &&
           is_changed(entry, column);
}

void replace(Row &row, const ComparedColumn &column, Datum value) {
    if (row.present && !row.nulls[column.index])
        row.values[column.index] = value;
}

} // namespace

ColumnRules make_column_rules(Relation relation, std::string_view arguments) {
    TupleDesc descriptor = RelationGetDescr(relation);
    TrackingOptions options;
    for_each_argument(arguments,
                      [&options](std::string_view argument) { (void)take_argument(options, argument); });
    ColumnRules rules{};
    rules.skip_unchanged = options.chosen.skip_unchanged;
    rules.of_columns = rules_of_columns(descriptor, arguments);
    if (!rules.exist())
        return rules;
    // An UPDATE of the primary key is a change in any case: without it, nothing would tell that the changes
    // before and after it are of one row.
    if (!rules.of_columns.empty())
        for_each_of_key(rules, relation, [](RulesOfColumn &of_key) { of_key.is_ignored = false; });
    rules.has_whole_old_rows = relation->rd_rel->relreplident == REPLICA_IDENTITY_FULL;
    const auto is_insignificant = [](const RulesOfColumn &of) { return of.is_ignored || of.is_excluded; };
    rules.significant = columns_that(descriptor, rules, std::not_fn(is_insignificant));
    rules.insignificant = columns_that(descriptor, rules, is_insignificant);
    rules.redacted = columns_that(descriptor, rules,
                                  [](const RulesOfColumn &of) { return of.is_redacted && !of.is_excluded; });
    rules.redacted_value = CStringGetTextDatum("[REDACTED]");
    rules.changed_value = CStringGetTextDatum("[REDACTED, changed]");
    return rules;
}

bool hide_key(const ColumnRules &rules, Relation relation) {
    bool hidden = false;
    if (!rules.of_columns.empty())
        for_each_of_key(rules, relation,
                        [&hidden](const RulesOfColumn &of_key) { hidden |= of_key.is_hidden(); });
    return hidden;
}

FormData_pg_attribute redacted(Form_pg_attribute attribute) {
    FormData_pg_attribute column = *attribute;
    column.atttypid = TEXTOID;
    column.atttypmod = -1;
    column.atthasdef = false;
    return column;
}

bool is_no_change(const RelationEntry &entry) {
    const ColumnRules &rules = entry.rules;
    if (!rules.has_whole_old_rows || !entry.old_row.present || !entry.new_row.present)
        return false;
    if (!rules.skip_unchanged && rules.insignificant.empty())
        return false;
    return !is_any_changed(entry, rules.significant) &&
           (rules.skip_unchanged || is_any_changed(entry, rules.insignificant));
}

void redact(RelationEntry &entry) {
    const ColumnRules &rules = entry.rules;
    for (const ComparedColumn &column : rules.redacted) {
        replace(entry.new_row, column,
                is_known_to_be_changed(entry, column) ? rules.changed_value : rules.redacted_value);
        replace(entry.old_row, column, rules.redacted_value);
    }
}

} // namespace bemi::decode
