#include "own_tables.hpp"

namespace bemi::decode {

namespace {

constexpr char extension_name[] = "bemi";
constexpr char schema_name[] = "bemi";
constexpr char tracked_table[] = "tracked";
constexpr char tracked_index[] = "tracked_pkey";
constexpr AttrNumber tracked_relation = 1; // the first column, a regclass

Oid find_relation(const char *name) {
    const bool missing_ok = true;
    const Oid schema = get_namespace_oid(schema_name, missing_ok);
    return OidIsValid(schema) ? get_relname_relid(name, schema) : InvalidOid;
}

bool has_row_for(Relation tracked, Oid relation) {
    ScanKeyData key;
    ScanKeyInit(&key, tracked_relation, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relation));
    const Oid index = compat::primary_key_index(tracked);
    Snapshot snapshot_in_force = nullptr;
    SysScanDesc scan = systable_beginscan(tracked, index, OidIsValid(index), snapshot_in_force, 1, &key);
    const bool found = HeapTupleIsValid(systable_getnext(scan));
    systable_endscan(scan);
    return found;
}

} // namespace

bool is_own_table(Relation relation) {
    const bool missing_ok = true;
    return RelationGetNamespace(relation) == get_namespace_oid(schema_name, missing_ok) &&
           OidIsValid(get_extension_oid(extension_name, missing_ok));
}

bool is_tracked(Oid relation) {
    const Oid table = find_relation(tracked_table);
    if (!OidIsValid(table))
        return false;
    Relation tracked = table_open(table, AccessShareLock);
    // Any other table's rows of the past may be gone already.
    const bool readable = RelationIsUsedAsCatalogTable(tracked);
    const bool found = readable && has_row_for(tracked, relation);
    table_close(tracked, AccessShareLock);
    return found;
}

} // namespace bemi::decode
