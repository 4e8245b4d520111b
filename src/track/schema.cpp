#include "schema.hpp"

#include "catalog.hpp"
#include "relation.hpp"
#include "spi.hpp"
#include "tracking.hpp"

namespace bemi::schema {
namespace {

const char *require_schema(Oid schema) {
    const char *name = get_namespace_name(schema);
    if (name == nullptr)
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_SCHEMA), errmsg("schema with OID %u does not exist", schema)));
    if (!compat::owns(NamespaceRelationId, schema, GetUserId()))
        aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_SCHEMA, name);
    return name;
}

/// Waits for the tables that are about to appear in the schema, and lets those that come after wait: else
/// they would see the former rule, and we not them.
const char *lock_schema(Oid schema) {
    (void)require_schema(schema); // before the lock: who may not track must not block
    LockDatabaseObject(NamespaceRelationId, schema, 0, AccessExclusiveLock);
    return require_schema(schema); // again: it may have changed while we waited
}

void require_trackable(Oid schema, const char *name) {
    const bool is_system = IsCatalogNamespace(schema) || IsToastNamespace(schema) ||
                           isAnyTempNamespace(schema) || strcmp(name, "information_schema") == 0;
    if (is_system || strcmp(name, "bemi") == 0)
        ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("cannot track schema \"%s\"", name),
                        errdetail(is_system ? "It is a system schema." : "It belongs to bemi.")));
}

/// Tables before the partitions and children that are tracked with them.
List *tables_in(Oid schema) {
    return spi::select_oids(
        "SELECT c.oid FROM pg_class c WHERE c.relnamespace = $1 AND c.relkind IN ('r', 'p')"
        " ORDER BY EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid), c.oid",
        {{OIDOID, ObjectIdGetDatum(schema)}});
}

bool is_new(Oid relation) {
    catalog::Tracked tracked;
    return relation::obstacle(relation).detail == nullptr && !catalog::find(relation, &tracked);
}

/// A level that changes reaches the tables that follow the schema, not those that were tracked by name.
void change_level(Oid relation, Level level) {
    catalog::Tracked tracked;
    if (catalog::find(relation, &tracked) && tracked.by_schema && tracked.level != level)
        tracking::track(relation, level, tracking::Reason::schema);
}

/// What others have created in the schema stays theirs to untrack.
void untrack_if_own(Oid relation) {
    if (compat::owns(RelationRelationId, relation, GetUserId()))
        return tracking::untrack(relation);
    ereport(WARNING,
            (errmsg("table %s stays tracked", relation::qualified_name(relation)),
             errdetail("It belongs to another role."), errhint("Its owner can call bemi.untrack() for it.")));
}

} // namespace

void track(Oid schema, Level level) {
    require_trackable(schema, require_schema(schema));
    const char *name = lock_schema(schema);

    spi::run_as_owner("INSERT INTO bemi.tracked_schemas (schema, level) VALUES ($1::name, $2)"
                      " ON CONFLICT (schema) DO UPDATE SET level = excluded.level",
                      {spi::text(name), spi::text(level_name(level))});

    List *tables = tables_in(schema);
    for (int i = 0; i < list_length(tables); i++) {
        change_level(list_nth_oid(tables, i), level);
        if (is_new(list_nth_oid(tables, i)))
            tracking::track(list_nth_oid(tables, i), level, tracking::Reason::schema);
    }
}

void untrack(Oid schema) {
    const char *name = lock_schema(schema);
    Level level;
    if (!catalog::find_schema(schema, &level))
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("schema \"%s\" is not tracked", name),
                        errhint("SELECT schema FROM bemi.tracked_schemas lists those that are.")));

    spi::run_as_owner("DELETE FROM bemi.tracked_schemas WHERE schema = $1::name", {spi::text(name)});

    List *tables =
        spi::select_oids("SELECT t.relation FROM bemi.tracked t JOIN pg_class c ON c.oid = t.relation"
                         " WHERE t.by_schema AND c.relnamespace = $1 ORDER BY 1",
                         {{OIDOID, ObjectIdGetDatum(schema)}});
    for (int i = 0; i < list_length(tables); i++)
        untrack_if_own(list_nth_oid(tables, i));
    keep_tables_without_rule();
}

void keep_tables_without_rule() {
    spi::run_as_owner("UPDATE bemi.tracked t SET by_schema = false FROM pg_class c, pg_namespace n"
                      " WHERE t.by_schema AND c.oid = t.relation AND n.oid = c.relnamespace"
                      " AND NOT EXISTS (SELECT FROM bemi.tracked_schemas s WHERE s.schema = n.nspname)");
}

void welcome(Oid relation) {
    Level level;
    if (catalog::find_schema(get_rel_namespace(relation), &level) &&
        compat::owns(RelationRelationId, relation, GetUserId()) && is_new(relation))
        tracking::welcome(relation, level);
}

} // namespace bemi::schema
