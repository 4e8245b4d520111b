#include "track/schema.hpp"

#include "base/names.hpp"
#include "base/spi.hpp"
#include "track/baseline.hpp"
#include "track/catalog.hpp"
#include "track/relation.hpp"
#include "track/schema_rules.hpp"
#include "track/tracking.hpp"

namespace bemi::track::schema {
namespace {

/// Returns the name of the schema. ERROR unless it exists and the current user owns it.
const char *require_schema(Oid schema) {
    const char *name = get_namespace_name(schema);
    if (name == nullptr)
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_SCHEMA), errmsg("schema with OID %u does not exist", schema)));
    if (!compat::owns(NamespaceRelationId, schema, GetUserId()))
        aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_SCHEMA, name);
    return name;
}

/// Locks the schema against CREATE TABLE. Without the lock a table that is being created would be missed: its
/// transaction still sees the former rule, and this one does not see the table yet.
const char *lock_schema(Oid schema) {
    (void)require_schema(schema); // before the lock: a role that may not track must not block others
    LockDatabaseObject(NamespaceRelationId, schema, 0, AccessExclusiveLock);
    return require_schema(schema); // again: it may have changed during the wait
}

void require_trackable(Oid schema, const char *name) {
    const bool is_system = IsCatalogNamespace(schema) || IsToastNamespace(schema) ||
                           isAnyTempNamespace(schema) || strcmp(name, "information_schema") == 0;
    if (is_system || strcmp(name, "bemi") == 0)
        ereport(ERROR,
                (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("cannot track schema \"%s\"", name),
                 errdetail(is_system ? "It is a system schema." : "It belongs to extension \"bemi\".")));
}

/// The tables in the schema, roots before partitions and children.
List *tables_in(Oid schema) {
    return spi::select_oids(
        "SELECT c.oid FROM pg_class c WHERE c.relnamespace = $1 AND c.relkind IN ('r', 'p')"
        " ORDER BY EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid), c.oid",
        {{OIDOID, ObjectIdGetDatum(schema)}});
}

template <typename Want> List *tables_that(Oid schema, Want &&wanted) {
    List *tables = NIL, *all = tables_in(schema);
    for (int i = 0; i < list_length(all); i++)
        if (wanted(list_nth_oid(all, i)))
            tables = lappend_oid(tables, list_nth_oid(all, i));
    return tables;
}

/// New options of the schema apply to tables that follow its rule, not to those that were tracked by name.
bool is_to_track(Oid relation, const ChosenOptions &rule) {
    TrackingOptions options;
    if (!relation::is_trackable(relation) || OidIsValid(catalog::root_of(relation)))
        return false;
    return !catalog::find(relation, &options) ||
           (options.by_schema && options.chosen != schema_rules::for_table(relation, rule));
}

bool is_to_untrack(Oid relation) {
    TrackingOptions options;
    return catalog::find(relation, &options) && options.by_schema && !OidIsValid(catalog::root_of(relation));
}

/// The options of the schema's rule, or the defaults, with those that are given.
ChosenOptions options_for(const char *schema, const GivenOptions &given) {
    ChosenOptions options;
    (void)schema_rules::find(schema, &options);
    given.apply_to(options);
    return options;
}

/// Untracks the table unless it belongs to another role, which may want it tracked: then a WARNING tells so.
void untrack_if_owned(Oid relation) {
    if (relation::is_owned(relation) || !relation::exists(relation))
        return tracking::untrack(relation);
    ereport(WARNING,
            (errmsg("table \"%s\" stays tracked", names::unquoted(relation)),
             errdetail("It belongs to another role."), errhint("Its owner can call bemi.untrack() for it.")));
}

void require_rule(const char *schema) {
    ChosenOptions rule;
    if (!schema_rules::find(schema, &rule))
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("schema \"%s\" is not tracked", schema),
                        errhint("SELECT schema FROM bemi.tracked_schemas lists the tracked schemas.")));
}

/// ERROR if a rule for columns that is given makes no sense for the tables that the schema has.
void require_sense(Oid schema, const char *name, const GivenOptions &given) {
    if (given.any_rules())
        column_rules::require_sense_in_schema(name, tables_that(schema, relation::is_trackable),
                                              given.all_rules());
}

} // namespace

List *tables_to_track(Oid schema, const GivenOptions &given) {
    const char *name = require_schema(schema);
    require_trackable(schema, name);
    require_sense(schema, name, given);
    const ChosenOptions wanted = options_for(name, given);
    return tables_that(schema, [&wanted](Oid relation) { return is_to_track(relation, wanted); });
}

List *tables_to_untrack(Oid schema) {
    (void)require_schema(schema);
    return tables_that(schema, is_to_untrack);
}

void track_table(Oid relation, const GivenOptions &given) {
    const char *schema = get_namespace_name(get_rel_namespace(relation));
    tracking::track_by_schema(
        relation, schema_rules::for_table(relation, options_for(schema == nullptr ? "" : schema, given)));
}

void set_rule(Oid schema, const GivenOptions &given) {
    require_trackable(schema, require_schema(schema));
    const char *name = lock_schema(schema);
    require_sense(schema, name, given);
    schema_rules::set(name, options_for(name, given));
}

void remove_rule(Oid schema) {
    const char *name = lock_schema(schema);
    require_rule(name);
    schema_rules::remove(name);
}

void track(Oid schema, const GivenOptions &given) {
    set_rule(schema, given);
    const ChosenOptions wanted = options_for(get_namespace_name(schema), given);
    List *tables = tables_in(schema);
    for (int i = 0; i < list_length(tables); i++)
        if (is_to_track(list_nth_oid(tables, i),
                        wanted)) // asked again, since a table that is tracked takes its children along
            tracking::track_by_schema(list_nth_oid(tables, i),
                                      schema_rules::for_table(list_nth_oid(tables, i), wanted));
}

void request_baselines(Oid schema) {
    List *roots = tables_that(schema, [](Oid relation) {
        return catalog::is_tracked(relation) && !OidIsValid(catalog::root_of(relation));
    });
    for (int i = 0; i < list_length(roots); i++)
        baseline::request_family(list_nth_oid(roots, i));
}

void untrack(Oid schema) {
    remove_rule(schema);
    List *tables = tables_to_untrack(schema);
    for (int i = 0; i < list_length(tables); i++)
        untrack_if_owned(list_nth_oid(tables, i));
}

} // namespace bemi::track::schema
