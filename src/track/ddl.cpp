// The event triggers. They run in every DDL command of the database: for a command that is not about tracked
// tables they cost as little as possible, and they look only at what the command names.
#include "base/boundary.hpp"
#include "base/event.hpp"
#include "base/own_triggers.hpp"
#include "base/spi.hpp"
#include "track/catalog.hpp"
#include "track/follow.hpp"
#include "track/news.hpp"
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

void move(Oid partition, Oid parent) {
    if (OidIsValid(partition) && (catalog::is_tracked(parent) || OidIsValid(catalog::root_of(parent))))
        news::moved(partition);
}

void follow_part(const AlterTableCmd *command, Node *altered) {
    switch (command->subtype) {
    case AT_AttachPartition:
        follow::came(partition_of(command));
        return move(partition_of(command), relation_called(altered));
    case AT_DetachPartition:
    case AT_DetachPartitionFinalize:
        move(partition_of(command), relation_called(altered));
        return follow::left(partition_of(command), relation_called(altered));
    case AT_AddInherit:
        return follow::came(relation_called(altered));
    case AT_SetLogged:
        return follow::became_logged(relation_called(altered));
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
    news::altered(relation_called(reinterpret_cast<Node *>(statement->relation)));
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
            brings_tables(command->parsetree)) {
            follow::came(command->d.simple.address.objectId);
            news::altered(command->d.simple.address.objectId);
        }
    }
}

/// A table has another name now: the statement has the former one.
void follow_renamed_table() {
    List *commands = collected_commands();
    for (int i = 0; i < list_length(commands); i++) {
        const auto *command = static_cast<CollectedCommand *>(list_nth(commands, i));
        if (command->type == SCT_Simple && command->d.simple.address.classId == RelationRelationId)
            news::altered(command->d.simple.address.objectId);
    }
}

void follow_rename(const RenameStmt *statement) {
    switch (statement->renameType) {
    case OBJECT_SCHEMA:
        return schema_rules::rename(statement->subname, statement->newname);
    case OBJECT_TABLE:
        return follow_renamed_table();
    case OBJECT_COLUMN:
        return news::altered(relation_called(reinterpret_cast<Node *>(statement->relation)));
    case OBJECT_TRIGGER:
        if (is_own_name(statement->subname) || is_own_name(statement->newname))
            news::tracked_or_untracked(relation_called(reinterpret_cast<Node *>(statement->relation)));
        return;
    default:
        return;
    }
}

void follow_dropped_triggers(const DropStmt *statement) {
    for (int i = 0; i < list_length(statement->objects); i++) {
        List *names = castNode(List, list_nth(statement->objects, i));
        if (!is_own_name(strVal(llast(names))))
            continue;
        List *table = list_truncate(list_copy(names), list_length(names) - 1);
        news::tracked_or_untracked(
            relation_called(reinterpret_cast<Node *>(makeRangeVarFromNameList(table))));
    }
}

void follow_trigger(const CreateTrigStmt *statement) {
    if (is_own_name(statement->trigname))
        news::tracked_or_untracked(relation_called(reinterpret_cast<Node *>(statement->relation)));
}

/// Calls a function of PostgreSQL that takes no arguments.
Datum call(PGFunction function) {
    LOCAL_FCINFO(info, 0);
    InitFunctionCallInfoData(*info, nullptr, 0, InvalidOid, nullptr, nullptr);
    return function(info);
}

/// Whether the statement creates a trigger of bemi. A restored dump does so, also for tables that bemi has
/// already tracked by the rule of their schema.
bool makes_own_trigger(const CreateTrigStmt *statement) {
    const bool missing_ok = true;
    return is_own_name(statement->trigname) &&
           LookupFuncName(statement->funcname, 0, nullptr, missing_ok) == emit_function();
}

bool sets_expression(Node *command) {
    if (!IsA(command, AlterTableStmt))
        return false;
    const List *steps = castNode(AlterTableStmt, command)->cmds;
    for (int i = 0; i < list_length(steps); i++)
        if (compat::sets_expression(list_nth_node(AlterTableCmd, steps, i)->subtype))
            return true;
    return false;
}

} // namespace

BEMI_FUNCTION(bemi_on_ddl_command_end) {
    Node *command = command_of(fcinfo);
    if (IsA(command, RenameStmt))
        follow_rename(castNode(RenameStmt, command));
    else if (IsA(command, AlterTableStmt))
        follow_alter_table(castNode(AlterTableStmt, command));
    else if (IsA(command, CreateTrigStmt))
        follow_trigger(castNode(CreateTrigStmt, command));
    else if (IsA(command, DropStmt))
        follow_dropped_triggers(castNode(DropStmt, command));
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

BEMI_FUNCTION(bemi_on_drop_table) {
    (void)command_of(fcinfo);
    news::dropped();
    PG_RETURN_VOID();
}

/// Rows change without changes where ALTER TABLE ... TYPE converts them, or where a generated column is
/// computed anew. The values of a column that is added are not known to have been other ones before.
BEMI_FUNCTION(bemi_on_table_rewrite) {
    Node *command = command_of(fcinfo);
    const int reason = DatumGetInt32(call(pg_event_trigger_table_rewrite_reason));
    if ((reason & AT_REWRITE_COLUMN_REWRITE) != 0 || sets_expression(command))
        news::rewritten(DatumGetObjectId(call(pg_event_trigger_table_rewrite_oid)));
    PG_RETURN_VOID();
}

} // namespace bemi::track
