#include "track/schema_rules.hpp"

#include "base/names.hpp"
#include "track/retention.hpp"

namespace bemi::track::schema_rules {
namespace {

// The columns of bemi.tracked_schemas. An older script of the extension made only the first ones.
constexpr AttrNumber schema_column = 1;
constexpr AttrNumber level_column = 2;
constexpr AttrNumber time_column = 3;
constexpr AttrNumber requirement_column = 4;
constexpr AttrNumber ignore_column = 5; // the other rules follow in their order
constexpr AttrNumber skip_column = 8;
constexpr AttrNumber retention_column = 9;
constexpr int columns = 9;

constexpr AttrNumber column_of(ColumnRule rule) {
    return static_cast<AttrNumber>(ignore_column + static_cast<int>(rule));
}

Oid table() {
    return names::own_relation("tracked_schemas");
}

/// Calls `use(table, row)` for the row of the schema; false if it has none. Transactions that change a rule
/// and those that create tables lock the schema, so the row cannot change meanwhile.
template <typename Use> bool with_row(const char *schema, LOCKMODE lock, Use &&use) {
    if (!OidIsValid(table()))
        return false;
    Relation rules = table_open(table(), lock);
    NameData name;
    namestrcpy(&name, schema);
    ScanKeyData key;
    ScanKeyInit(&key, schema_column, BTEqualStrategyNumber, F_NAMEEQ, NameGetDatum(&name));
    const Oid index = compat::primary_key_index(rules);
    SysScanDesc scan = systable_beginscan(rules, index, OidIsValid(index), SnapshotSelf, 1, &key);
    HeapTuple row = systable_getnext(scan);
    const bool found = HeapTupleIsValid(row);
    if (found)
        use(rules, row);
    systable_endscan(scan);
    table_close(rules, NoLock);
    return found;
}

/// The values for a row, and which of them are set.
struct Row {
    Datum values[columns];
    bool is_set[columns];

    void set(AttrNumber column, Datum value) {
        values[column - 1] = value;
        is_set[column - 1] = true;
    }
    void set(AttrNumber column, std::string_view text) {
        set(column, PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size()))));
    }
    void set(const ChosenOptions &options) {
        set(level_column, level_name(options.level));
        set(requirement_column, requirement_name(options.require_context));
        for (const ColumnRule rule : all_column_rules)
            set(column_of(rule), column_rules::to_array(options.column_rules, rule));
        set(skip_column, BoolGetDatum(options.skip_unchanged));
        set(retention_column, retention::to_interval(options.retention));
    }
};

void replace(Relation rules, HeapTuple row, Row changes) {
    bool nulls[columns] = {};
    HeapTuple changed =
        heap_modify_tuple(row, RelationGetDescr(rules), changes.values, nulls, changes.is_set);
    CatalogTupleUpdate(rules, &row->t_self, changed);
    CommandCounterIncrement();
}

void insert(const char *schema, const ChosenOptions &options) {
    NameData name;
    namestrcpy(&name, schema);
    Row row = {};
    row.set(schema_column, NameGetDatum(&name));
    row.set(options);
    row.set(time_column, TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()));
    bool nulls[columns] = {};
    Relation rules = table_open(table(), RowExclusiveLock);
    CatalogTupleInsert(rules, heap_form_tuple(RelationGetDescr(rules), row.values, nulls));
    table_close(rules, NoLock);
    CommandCounterIncrement();
}

/// The value in the row; 0 for NULL, or if there is no such column.
Datum value_in(Relation rules, HeapTuple row, AttrNumber column) {
    bool is_null;
    if (column > RelationGetNumberOfAttributes(rules))
        return 0;
    const Datum value = heap_getattr(row, column, RelationGetDescr(rules), &is_null);
    return is_null ? 0 : value;
}

const char *text_in(Relation rules, HeapTuple row, AttrNumber column) {
    const Datum value = value_in(rules, row, column);
    return value == 0 ? "" : TextDatumGetCString(value);
}

std::string_view rules_in(Relation rules, HeapTuple row) {
    column_rules::Given given;
    for (const ColumnRule rule : all_column_rules)
        if (const Datum patterns = value_in(rules, row, column_of(rule)); patterns != 0)
            given[static_cast<size_t>(rule)] = column_rules::from_array(rule, DatumGetArrayTypeP(patterns));
    return column_rules::replaced({}, given);
}

} // namespace

bool find(const char *schema, ChosenOptions *options) {
    return with_row(schema, AccessShareLock, [options](Relation rules, HeapTuple row) {
        *options = {};
        (void)find_level(text_in(rules, row, level_column), options->level);
        (void)find_requirement(text_in(rules, row, requirement_column), options->require_context);
        options->skip_unchanged = DatumGetBool(value_in(rules, row, skip_column));
        if (const Datum retention = value_in(rules, row, retention_column); retention != 0)
            options->retention = retention::from_interval(*DatumGetIntervalP(retention));
        options->column_rules = rules_in(rules, row);
    });
}

bool find(Oid schema, ChosenOptions *options) {
    const char *name = get_namespace_name(schema);
    return name != nullptr && find(name, options);
}

ChosenOptions for_table(Oid relation, ChosenOptions rule) {
    const char *table = get_rel_name(relation);
    rule.column_rules = column_rules::of_table(rule.column_rules, table == nullptr ? "" : table);
    return rule;
}

bool find_for_table(Oid relation, ChosenOptions *options) {
    if (!find(get_rel_namespace(relation), options))
        return false;
    *options = for_table(relation, *options);
    return true;
}

void set(const char *schema, const ChosenOptions &options) {
    if (!with_row(schema, RowExclusiveLock, [&options](Relation rules, HeapTuple row) {
            Row changes = {};
            changes.set(options);
            replace(rules, row, changes);
        }))
        insert(schema, options);
}

void rename(const char *schema, const char *name) {
    ChosenOptions options;
    if (!find(schema, &options))
        return;
    remove(name); // a former schema of this name may have been dropped with event triggers disabled
    with_row(schema, RowExclusiveLock, [name](Relation rules, HeapTuple row) {
        NameData renamed;
        namestrcpy(&renamed, name);
        Row changes = {};
        changes.set(schema_column, NameGetDatum(&renamed));
        replace(rules, row, changes);
    });
}

void remove(const char *schema) {
    with_row(schema, RowExclusiveLock, [](Relation rules, HeapTuple row) {
        CatalogTupleDelete(rules, &row->t_self);
        CommandCounterIncrement();
    });
}

} // namespace bemi::track::schema_rules
