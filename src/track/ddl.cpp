// The event triggers. They run in every DDL command of the database: for a command that is not about tracked
// tables they cost as little as possible, and they look only at what the command names.
#include "base/boundary.hpp"
#include "base/event.hpp"
#include "base/own_triggers.hpp"
#include "base/spi.hpp"
#include "track/catalog.hpp"
#include "track/follow.hpp"
#include "track/schema_rules.hpp"

namespace bemi::track {
namespace {

/// Temporary tables are never tracked, and some applications create many of them.
bool is_temporary(const RangeVar *relation) {
    return relation->relpersistence == RELPERSISTENCE_TEMP;
}

/// Whether the command may have created tables, or moved them to another schema.
bool brings_tables(Node *statement) {
    switch (nodeTag(statement)) {
    case T_CreateStmt:
        return !is_temporary(castNode(CreateStmt, statement)->relation);
    case T_CreateTableAsStmt:
        return !is_temporary(castNode(CreateTableAsStmt, statement)->into->rel);
    case T_AlterObjectSchemaStmt:
    case T_CreateSchemaStmt: // it may contain CREATE TABLE
        return true;
    default:
        return false;
    }
}

/// The relation with this name, which the command has just resolved as well; InvalidOid if it is gone.
Oid relation_called(Node *name) {
    const bool missing_ok = true;
    return RangeVarGetRelid(castNode(RangeVar, name), NoLock, missing_ok);
}

/// Whether a new table with this name and these parents is to be tracked. The name tells this faster than
/// pg_event_trigger_ddl_commands().
bool is_to_track(const RangeVar *name, List *parents) {
    ChosenOptions rule;
    if (schema_rules::find(RangeVarGetCreationNamespace(name), &rule))
        return true;
    for (int i = 0; i < list_length(parents); i++) {
        const Oid parent = relation_called(static_cast<Node *>(list_nth(parents, i)));
        if (OidIsValid(parent) && (catalog::is_tracked(parent) || OidIsValid(catalog::root_of(parent))))
            return true;
    }
    return false;
}

bool may_bring_tables_to_track(Node *statement) {
    if (!brings_tables(statement))
        return false;
    if (IsA(statement, CreateStmt))
        return is_to_track(castNode(CreateStmt, statement)->relation,
                           castNode(CreateStmt, statement)->inhRelations);
    if (IsA(statement, CreateTableAsStmt))
        return is_to_track(castNode(CreateTableAsStmt, statement)->into->rel, NIL);
    return true;
}

Oid partition_of(const AlterTableCmd *command) {
    return relation_called(reinterpret_cast<Node *>(castNode(PartitionCmd, command->def)->name));
}

void follow_part(const AlterTableCmd *command, Node *altered) {
    switch (command->subtype) {
    case AT_AttachPartition:
        return follow::came(partition_of(command));
    case AT_DetachPartition:
    case AT_DetachPartitionFinalize:
        return follow::left(partition_of(command), relation_called(altered));
    case AT_AddInherit:
    case AT_SetLogged:
        return follow::came(relation_called(altered));
    case AT_SetUnLogged:
        return follow::became_unlogged(relation_called(altered));
    case AT_DropInherit:
        return follow::left(relation_called(altered), relation_called(command->def));
    default:
        return;
    }
}

void follow_alter_table(const AlterTableStmt *statement) {
    for (int i = 0; i < list_length(statement->cmds); i++)
        follow_part(list_nth_node(AlterTableCmd, statement->cmds, i),
                    reinterpret_cast<Node *>(statement->relation));
}

/// The commands that PostgreSQL has collected since the user's command began. They live until it ends.
List *collected_commands() {
    return spi::select_pointers("SELECT command FROM pg_catalog.pg_event_trigger_ddl_commands()");
}

/// CREATE SCHEMA may create several tables, and a command with IF NOT EXISTS none.
void follow_new_tables() {
    List *commands = collected_commands();
    for (int i = 0; i < list_length(commands); i++) {
        const auto *command = static_cast<CollectedCommand *>(list_nth(commands, i));
        if (command->type == SCT_Simple && command->d.simple.address.classId == RelationRelationId &&
            brings_tables(command->parsetree))
            follow::came(command->d.simple.address.objectId);
    }
}

/// Whether the statement creates a trigger of bemi. A restored dump does so, also for tables that bemi has
/// already tracked by the rule of their schema.
bool makes_own_trigger(const CreateTrigStmt *statement) {
    const bool missing_ok = true;
    return is_own_name(statement->trigname) &&
           LookupFuncName(statement->funcname, 0, nullptr, missing_ok) == emit_function();
}

} // namespace

BEMI_FUNCTION(bemi_on_ddl_command_end) {
    Node *command = command_of(fcinfo);
    if (IsA(command, RenameStmt) && castNode(RenameStmt, command)->renameType == OBJECT_SCHEMA)
        schema_rules::rename(castNode(RenameStmt, command)->subname, castNode(RenameStmt, command)->newname);
    else if (IsA(command, AlterTableStmt))
        follow_alter_table(castNode(AlterTableStmt, command));
    else if (may_bring_tables_to_track(command))
        follow_new_tables();
    PG_RETURN_VOID();
}

/// Makes CREATE TRIGGER of a trigger of bemi a CREATE OR REPLACE TRIGGER, which does not fail if the trigger
/// exists. This event trigger fires before the statement is executed.
BEMI_FUNCTION(bemi_on_create_trigger) {
    Node *command = command_of(fcinfo);
    if (IsA(command, CreateTrigStmt) && makes_own_trigger(castNode(CreateTrigStmt, command)))
        castNode(CreateTrigStmt, command)->replace = true;
    PG_RETURN_VOID();
}

BEMI_FUNCTION(bemi_on_sql_drop) {
    (void)command_of(fcinfo);
    List *schemas = spi::select_names("SELECT object_name::pg_catalog.name"
                                      " FROM pg_catalog.pg_event_trigger_dropped_objects()"
                                      " WHERE object_type OPERATOR(pg_catalog.=) 'schema'");
    for (int i = 0; i < list_length(schemas); i++)
        schema_rules::remove(static_cast<const char *>(list_nth(schemas, i)));
    PG_RETURN_VOID();
}

} // namespace bemi::track
