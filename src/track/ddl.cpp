// The event triggers: tables that appear in a tracked schema, partitions and children that come and go, what
// is dropped.
#include "boundary.hpp"
#include "event.hpp"
#include "schema.hpp"
#include "spi.hpp"
#include "tracking.hpp"

namespace bemi {
namespace {

// What a command may have changed for us. Most do nothing of the kind: they must cost nothing.
struct Effect {
    bool tables_appeared;
    bool inheritance_changed;
};

constexpr Effect no_effect = {false, false};

Effect effect_of(const AlterTableCmd *command) {
    switch (command->subtype) {
    case AT_AttachPartition:
    case AT_DetachPartition:
    case AT_DetachPartitionFinalize:
    case AT_AddInherit:
    case AT_DropInherit:
        return {false, true};
    case AT_SetLogged:
        return {true, true};
    default:
        return no_effect;
    }
}

Effect effect_of(const AlterTableStmt *statement) {
    Effect all = no_effect;
    for (int i = 0; i < list_length(statement->cmds); i++) {
        const Effect one = effect_of(list_nth_node(AlterTableCmd, statement->cmds, i));
        all.tables_appeared |= one.tables_appeared;
        all.inheritance_changed |= one.inheritance_changed;
    }
    return all;
}

/// Temporary tables come and go in numbers, and none is ever tracked.
Effect effect_of(const CreateStmt *statement) {
    if (statement->relation->relpersistence == RELPERSISTENCE_TEMP)
        return no_effect;
    return {true, statement->inhRelations != NIL};
}

Effect effect_of(Node *statement) {
    switch (nodeTag(statement)) {
    case T_CreateStmt:
        return effect_of(castNode(CreateStmt, statement));
    case T_CreateTableAsStmt:
    case T_AlterObjectSchemaStmt:
        return {true, false};
    case T_CreateSchemaStmt: // with tables in it
        return {true, true};
    case T_AlterTableStmt:
        return effect_of(castNode(AlterTableStmt, statement));
    default:
        return no_effect;
    }
}

void welcome_tables() {
    // Not everything that a command reports is still there at its end.
    List *tables = spi::select_oids("SELECT DISTINCT c.oid FROM pg_event_trigger_ddl_commands() d"
                                    " JOIN pg_class c ON d.classid = 'pg_class'::regclass AND d.objid = c.oid"
                                    " JOIN pg_namespace n ON n.oid = c.relnamespace"
                                    " JOIN bemi.tracked_schemas s ON s.schema = n.nspname"
                                    " WHERE c.relkind IN ('r', 'p')");
    for (int i = 0; i < list_length(tables); i++)
        schema::welcome(list_nth_oid(tables, i));
}

/// A schema is remembered by its name, since pg_upgrade and pg_dump do not keep its OID.
void rename_schema(const RenameStmt *statement) {
    spi::run_as_owner("UPDATE bemi.tracked_schemas SET schema = $2::name WHERE schema = $1::name",
                      {spi::text(statement->subname), spi::text(statement->newname)});
}

} // namespace
} // namespace bemi

using namespace bemi;

BEMI_FUNCTION(bemi_on_ddl_command_end) {
    Node *command = command_of(fcinfo);
    if (IsA(command, RenameStmt) && castNode(RenameStmt, command)->renameType == OBJECT_SCHEMA)
        rename_schema(castNode(RenameStmt, command));

    const Effect effect = effect_of(command);
    if (IsA(command, AlterObjectSchemaStmt))
        schema::keep_tables_without_rule();
    if (effect.inheritance_changed) // first: a new partition is tracked with its root rather than with its
                                    // schema
        tracking::follow_inheritance();
    if (effect.tables_appeared)
        welcome_tables();
    PG_RETURN_VOID();
}

BEMI_FUNCTION(bemi_on_sql_drop) {
    (void)command_of(fcinfo);
    spi::run_as_owner("DELETE FROM bemi.tracked t USING pg_event_trigger_dropped_objects() d"
                      " WHERE d.classid = 'pg_class'::regclass AND d.objid = t.relation AND d.objsubid = 0");
    spi::run_as_owner("DELETE FROM bemi.tracked_schemas s USING pg_event_trigger_dropped_objects() d"
                      " WHERE d.classid = 'pg_namespace'::regclass AND d.object_name = s.schema");
    PG_RETURN_VOID();
}
