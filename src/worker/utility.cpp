#include "utility.hpp"

#include "boundary.hpp"
#include "process.hpp"
#include "slot.hpp"
#include "track/event.hpp"
#include "wakeup.hpp"

namespace bemi::utility {
namespace {

ProcessUtility_hook_type next_hook = nullptr;

/// Has the worker leave a database that the command wants for itself. A worker that is started in the
/// meantime waits at the database's lock, which lasts until the end of the transaction. What is an error in
/// the command is left to it.
void leave_database(const char *name) {
    const bool missing_ok = true;
    const Oid database = get_database_oid(name, missing_ok);
    if (!OidIsValid(database) || database == MyDatabaseId ||
        !compat::owns(DatabaseRelationId, database, GetUserId()))
        return;
    LockSharedObject(DatabaseRelationId, database, 0, AccessExclusiveLock);
    process::end_worker(database);
}

const char *find_option(List *options, const char *name) {
    for (int i = 0; i < list_length(options); i++) {
        auto *option = list_nth_node(DefElem, options, i);
        if (strcmp(option->defname, name) == 0 && option->arg != nullptr)
            return defGetString(option);
    }
    return nullptr;
}

void leave_template(const CreatedbStmt *command) {
    if (const char *name = find_option(command->options, "template"))
        leave_database(name);
}

void leave_moved(const AlterDatabaseStmt *command) {
    if (find_option(command->options, "tablespace") != nullptr)
        leave_database(command->dbname);
}

void leave_renamed(const RenameStmt *command) {
    if (command->renameType == OBJECT_DATABASE)
        leave_database(command->subname);
}

bool drops_extension(Node *command) {
    if (IsA(command, DropOwnedStmt))
        return true;
    const DropStmt *drop = castNode(DropStmt, command);
    for (int i = 0; i < list_length(drop->objects); i++)
        if (strcmp(strVal(list_nth(drop->objects, i)), "bemi") == 0)
            return true;
    return false;
}

void before(Node *command) {
    switch (nodeTag(command)) {
    case T_DropdbStmt:
        return leave_database(castNode(DropdbStmt, command)->dbname);
    case T_CreatedbStmt:
        return leave_template(castNode(CreatedbStmt, command));
    case T_AlterDatabaseStmt:
        return leave_moved(castNode(AlterDatabaseStmt, command));
    case T_RenameStmt:
        return leave_renamed(castNode(RenameStmt, command));
    case T_TransactionStmt: // the changes were made in another transaction, maybe long ago
        if (castNode(TransactionStmt, command)->kind == TRANS_STMT_COMMIT_PREPARED)
            wakeup::at_commit();
        return;
    default:
        return;
    }
}

void on_command(PlannedStmt *planned, const char *text, bool read_only_tree, ProcessUtilityContext context,
                ParamListInfo parameters, QueryEnvironment *environment, DestReceiver *receiver,
                QueryCompletion *completion) {
    before(planned->utilityStmt);
    (next_hook != nullptr ? next_hook : standard_ProcessUtility)(
        planned, text, read_only_tree, context, parameters, environment, receiver, completion);
}

} // namespace

void watch_commands() {
    next_hook = ProcessUtility_hook;
    ProcessUtility_hook = on_command;
}

} // namespace bemi::utility

BEMI_FUNCTION(bemi_on_ddl_command_start) {
    if (bemi::utility::drops_extension(bemi::command_of(fcinfo)))
        bemi::wakeup::end_at_commit(); // whether the role may do that is not known yet
    PG_RETURN_VOID();
}
