#include "track/schema_rules.hpp"

#include "base/names.hpp"

namespace bemi::track::schema_rules {
namespace {

// The columns of bemi.tracked_schemas.
constexpr AttrNumber schema_column = 1;
constexpr AttrNumber level_column = 2;
constexpr int columns = 3;

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

void replace(Relation rules, HeapTuple row, AttrNumber column, Datum value) {
    Datum values[columns] = {};
    bool nulls[columns] = {}, replaced[columns] = {};
    values[column - 1] = value;
    replaced[column - 1] = true;
    HeapTuple changed = heap_modify_tuple(row, RelationGetDescr(rules), values, nulls, replaced);
    CatalogTupleUpdate(rules, &row->t_self, changed);
    CommandCounterIncrement();
}

Datum level_datum(Level level) {
    const std::string_view name = level_name(level);
    return PointerGetDatum(cstring_to_text_with_len(name.data(), static_cast<int>(name.size())));
}

void insert(const char *schema, Level level) {
    NameData name;
    namestrcpy(&name, schema);
    Datum values[columns] = {NameGetDatum(&name), level_datum(level),
                             TimestampTzGetDatum(GetCurrentTransactionStartTimestamp())};
    bool nulls[columns] = {};
    Relation rules = table_open(table(), RowExclusiveLock);
    CatalogTupleInsert(rules, heap_form_tuple(RelationGetDescr(rules), values, nulls));
    table_close(rules, NoLock);
    CommandCounterIncrement();
}

} // namespace

bool find(const char *schema, Level *level) {
    return with_row(schema, AccessShareLock, [level](Relation rules, HeapTuple row) {
        bool is_null;
        const Datum name = heap_getattr(row, level_column, RelationGetDescr(rules), &is_null);
        if (is_null || !find_level(TextDatumGetCString(name), *level))
            *level = Level::row;
    });
}

bool find(Oid schema, Level *level) {
    const char *name = get_namespace_name(schema);
    return name != nullptr && find(name, level);
}

void set(const char *schema, Level level) {
    if (!with_row(schema, RowExclusiveLock, [level](Relation rules, HeapTuple row) {
            replace(rules, row, level_column, level_datum(level));
        }))
        insert(schema, level);
}

void rename(const char *schema, const char *name) {
    Level level;
    if (!find(schema, &level))
        return;
    remove(name); // a former schema of this name may have been dropped with event triggers disabled
    with_row(schema, RowExclusiveLock, [name](Relation rules, HeapTuple row) {
        NameData renamed;
        namestrcpy(&renamed, name);
        replace(rules, row, schema_column, NameGetDatum(&renamed));
    });
}

void remove(const char *schema) {
    with_row(schema, RowExclusiveLock, [](Relation rules, HeapTuple row) {
        CatalogTupleDelete(rules, &row->t_self);
        CommandCounterIncrement();
    });
}

} // namespace bemi::track::schema_rules
